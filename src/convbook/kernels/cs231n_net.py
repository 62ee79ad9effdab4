"""Layers in a row, and the three-layer network, with the signatures of Stanford's CS231n."""

import numpy as np

from convbook.kernels.cs231n_layers import (
    affine_backward,
    affine_forward,
    conv_backward_naive,
    conv_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
    relu_backward,
    relu_forward,
    softmax_loss,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)


def affine_relu_forward(x, w, b):
    """Affine, then ReLU: ``out, cache``.

    >>> affine_relu_forward(np.ones((1, 2)), np.array([[1.0, -1.0], [1.0, -1.0]]), np.zeros(2))[0]
    array([[2., 0.]])
    """
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Gradient of :func:`affine_relu_forward`: ``dx, dw, db``."""
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


def conv_relu_forward(x, w, b, conv_param):
    """Convolution, then ReLU: ``out, cache``.

    >>> x, w = np.ones((1, 1, 2, 2)), np.array([1.0, -1.0]).reshape(2, 1, 1, 1)
    >>> conv_relu_forward(x, w, np.zeros(2), {"stride": 1, "pad": 0})[0].sum(axis=(2, 3))
    array([[4., 0.]])
    """
    a, conv_cache = conv_forward_naive(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout, cache):
    """Gradient of :func:`conv_relu_forward`: ``dx, dw, db``."""
    conv_cache, relu_cache = cache
    return conv_backward_naive(relu_backward(dout, relu_cache), conv_cache)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    """Convolution, batch norm, ReLU: ``out, cache``; updates ``bn_param``."""
    a, conv_cache = conv_forward_naive(x, w, b, conv_param)
    normalised, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(normalised)
    return out, (conv_cache, bn_cache, relu_cache)


def conv_bn_relu_backward(dout, cache):
    """Gradient of :func:`conv_bn_relu_forward`: ``dx, dw, db, dgamma, dbeta``."""
    conv_cache, bn_cache, relu_cache = cache
    da, dgamma, dbeta = spatial_batchnorm_backward(relu_backward(dout, relu_cache), bn_cache)
    return *conv_backward_naive(da, conv_cache), dgamma, dbeta


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    """Convolution, ReLU, maximum pooling: ``out, cache``."""
    a, cache = conv_relu_forward(x, w, b, conv_param)
    out, pool_cache = max_pool_forward_naive(a, pool_param)
    return out, (*cache, pool_cache)


def conv_relu_pool_backward(dout, cache):
    """Gradient of :func:`conv_relu_pool_forward`: ``dx, dw, db``."""
    *conv_relu_cache, pool_cache = cache
    return conv_relu_backward(max_pool_backward_naive(dout, pool_cache), conv_relu_cache)


class ThreeLayerConvNet:
    """conv - relu - 2x2 max pool - affine - relu - affine - softmax, on images ``(N, C, H, W)``.

    ``params``: W1, b1 (the filters), W2, b2 (hidden layer), W3, b3 (scores); weights are
    drawn from a normal distribution of deviation ``weight_scale`` by NumPy's global
    generator, biases are 0, all of ``dtype``. The convolution keeps the size, so
    ``filter_size`` must be odd (``ValueError``).

    >>> model = ThreeLayerConvNet(input_dim=(3, 4, 4), num_filters=2, filter_size=3)
    >>> model.loss(np.zeros((5, 3, 4, 4))).shape
    (5, 10)
    """

    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        C, H, W = input_dim
        if filter_size % 2 == 0:
            raise ValueError(f"filter_size must be odd, so that the convolution keeps the size, got {filter_size}")
        self.reg, self.dtype = reg, dtype
        shapes = {
            "W1": (num_filters, C, filter_size, filter_size),
            "W2": (num_filters * (H // 2) * (W // 2), hidden_dim),
            "W3": (hidden_dim, num_classes),
        }
        self.params = {name: (weight_scale * np.random.randn(*shape)).astype(dtype) for name, shape in shapes.items()}
        for layer, width in enumerate((num_filters, hidden_dim, num_classes), start=1):
            self.params[f"b{layer}"] = np.zeros(width, dtype)

    def loss(self, X, y=None):
        """Scores ``(N, num_classes)`` of images X; with labels ``y (N,)`` the loss and ``grads``, keyed as params.

        The loss is the mean cross-entropy plus ``reg / 2`` times the sum of squared weights.
        """
        W1, b1, W2, b2, W3, b3 = (self.params[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3"))
        conv_param = {"stride": 1, "pad": (W1.shape[2] - 1) // 2}
        pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}
        features, conv_cache = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
        hidden, hidden_cache = affine_relu_forward(features, W2, b2)
        scores, scores_cache = affine_forward(hidden, W3, b3)
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads = {}
        dhidden, grads["W3"], grads["b3"] = affine_backward(dscores, scores_cache)
        dfeatures, grads["W2"], grads["b2"] = affine_relu_backward(dhidden, hidden_cache)
        _, grads["W1"], grads["b1"] = conv_relu_pool_backward(dfeatures, conv_cache)
        for name in ("W1", "W2", "W3"):
            loss += 0.5 * self.reg * np.sum(self.params[name] ** 2)
            grads[name] = grads[name] + self.reg * self.params[name]
        return loss, grads
