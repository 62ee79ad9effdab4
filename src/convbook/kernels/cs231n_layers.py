"""The layers of Stanford's CS231n assignments: their signatures and caches over our kernels.

A forward pass returns ``out, cache``, its backward pass takes ``dout, cache``. Names,
argument order, option dictionaries and conventions are that course's; the code is not.
``naive`` is only part of the name here: all of them compute fast.
"""

import numpy as np

from convbook.kernels.conv import as_float, conv2d
from convbook.kernels.layers import (
    linear,
    linear_backward,
    relu,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
from convbook.kernels.layers import relu_backward as relu_gradient
from convbook.kernels.norm import (
    batch_norm2d,
    batch_norm2d_backward,
    group_norm,
    group_norm_backward,
    layer_norm,
    layer_norm_backward,
)
from convbook.kernels.pool import max_pool2d, max_pool2d_backward


def affine_forward(x, w, b):
    """``x (N, d1, ..., dk)`` flattened, times ``w (D, M)``, plus ``b (M,)``: ``out (N, M), cache``.

    >>> affine_forward(np.ones((1, 2, 2)), np.ones((4, 1)), np.ones(1))[0]
    array([[5.]])
    """
    x, w = np.asarray(x), as_float(w, "w", 2, "(D, M)")
    return linear(x.reshape(len(x), -1), w.T, b), (x, w, b)


def affine_backward(dout, cache):
    """Gradient of :func:`affine_forward`: ``dx`` of the shape of x, ``dw (D, M)``, ``db (M,)``.

    >>> affine_backward(np.ones((1, 1)), affine_forward(np.ones((1, 2)), np.ones((2, 1)), np.ones(1))[1])[0]
    array([[1., 1.]])
    """
    x, w, _ = cache
    dx, dw, db = linear_backward(dout, x.reshape(len(x), -1), w.T)
    return dx.reshape(x.shape), dw.T, db


def relu_forward(x):
    """``out, cache`` of a ReLU.

    >>> relu_forward(np.array([-1.0, 2.0]))[0]
    array([0., 2.])
    """
    return relu(x), x


def relu_backward(dout, cache):
    """Gradient of :func:`relu_forward`.

    >>> relu_backward(np.array([5.0, 6.0]), np.array([-1.0, 2.0]))
    array([0., 6.])
    """
    return relu_gradient(dout, cache)


def softmax_loss(x, y):
    """Mean cross-entropy of scores ``x (N, K)`` for labels ``y (N,)``, and its gradient: ``loss, dx``.

    >>> loss, dx = softmax_loss(np.zeros((1, 2)), np.array([0]))
    >>> round(float(loss), 4), dx
    (0.6931, array([[-0.5,  0.5]]))
    """
    return softmax_cross_entropy(x, y), softmax_cross_entropy_backward(1, x, y)


def conv_forward_naive(x, w, b, conv_param):
    """``conv2d`` of ``x (N, C, H, W)`` and ``w (F, C, HH, WW)``; conv_param: ``stride``, ``pad``.

    >>> x, w = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3))
    >>> conv_forward_naive(x, w, np.zeros(1), {"stride": 2, "pad": 1})[0]
    array([[[[4., 4.],
             [4., 4.]]]])
    """
    out = conv2d(x, w, b, stride=conv_param["stride"], padding=conv_param["pad"])
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    """Gradient of :func:`conv_forward_naive`: ``dx, dw, db``."""
    from convbook.kernels.conv_backward import conv2d_backward

    x, w, _, conv_param = cache
    return conv2d_backward(dout, x, w, stride=conv_param["stride"], padding=conv_param["pad"])


def max_pool_forward_naive(x, pool_param):
    """``max_pool2d``; pool_param: ``pool_height``, ``pool_width``, ``stride``.

    >>> pool_param = {"pool_height": 1, "pool_width": 2, "stride": 1}
    >>> max_pool_forward_naive(np.array([[[[1.0, 4.0, 2.0]]]]), pool_param)[0]
    array([[[[4., 4.]]]])
    """
    size = pool_param["pool_height"], pool_param["pool_width"]
    return max_pool2d(x, size, pool_param["stride"]), (x, pool_param)


def max_pool_backward_naive(dout, cache):
    """Gradient of :func:`max_pool_forward_naive`; the first of equal maxima takes it.

    >>> pool_param = {"pool_height": 1, "pool_width": 2, "stride": 1}
    >>> _, cache = max_pool_forward_naive(np.array([[[[1.0, 4.0, 2.0]]]]), pool_param)
    >>> max_pool_backward_naive(np.ones((1, 1, 1, 2)), cache)
    array([[[[0., 2., 0.]]]])
    """
    x, pool_param = cache
    return max_pool2d_backward(dout, x, (pool_param["pool_height"], pool_param["pool_width"]), pool_param["stride"])


conv_forward_fast, conv_backward_fast = conv_forward_naive, conv_backward_naive
max_pool_forward_fast, max_pool_backward_fast = max_pool_forward_naive, max_pool_backward_naive


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Batch norm of ``x (N, C, H, W)`` by channel; ``bn_param`` is updated in place, as that course has it.

    bn_param: ``mode`` ("train" or "test"), ``eps`` (1e-5), ``momentum`` (0.9: the weight of
    the *old* value, unlike PyTorch's), ``running_mean``, ``running_var`` (0 at first, both;
    the biased variance enters, unlike PyTorch's).

    >>> bn_param = {"mode": "train"}
    >>> out, cache = spatial_batchnorm_forward(np.arange(4.0).reshape(2, 1, 1, 2), np.ones(1), np.zeros(1), bn_param)
    >>> bn_param["running_mean"].round(3), bn_param["running_var"].round(3)  # a tenth of 1.5 and of 1.25
    (array([0.15]), array([0.125]))
    """
    x = as_float(x, "x", 4, "(N, C, H, W)")
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    if mode not in ("train", "test"):
        raise ValueError(f"bn_param['mode'] must be 'train' or 'test', got {mode!r}")
    mean = bn_param.get("running_mean", np.zeros(x.shape[1], x.dtype))
    var = bn_param.get("running_var", np.zeros(x.shape[1], x.dtype))
    if mode == "train":
        out, cache, (batch_mean, unbiased) = batch_norm2d(x, gamma, beta, momentum=1.0, eps=eps)
        count = x.size // x.shape[1]
        mean = momentum * mean + (1 - momentum) * batch_mean
        var = momentum * var + (1 - momentum) * unbiased * ((count - 1) / count)
    else:
        out, cache, _ = batch_norm2d(x, gamma, beta, mean, var, train=False, eps=eps)
    bn_param["running_mean"], bn_param["running_var"] = mean, var
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    """Gradient of :func:`spatial_batchnorm_forward`: ``dx, dgamma, dbeta``."""
    return batch_norm2d_backward(dout, cache)


def batchnorm_forward(x, gamma, beta, bn_param):
    """The same for features ``x (N, D)``, one mean and variance a column.

    >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), {"mode": "train", "eps": 0})[0]
    array([[-1.],
           [ 1.]])
    """
    x = as_float(x, "x", 2, "(N, D)")
    out, cache = spatial_batchnorm_forward(x[:, :, None, None], gamma, beta, bn_param)
    return out[:, :, 0, 0], cache


def batchnorm_backward_alt(dout, cache):
    """Gradient of :func:`batchnorm_forward`, by the formula simplified on paper: ``dx, dgamma, dbeta``."""
    dout = as_float(dout, "dout", 2, "(N, D)")
    dx, dgamma, dbeta = batch_norm2d_backward(dout[:, :, None, None], cache)
    return dx[:, :, 0, 0], dgamma, dbeta


def batchnorm_backward(dout, cache):
    """Gradient of :func:`batchnorm_forward`, node by node through the graph: ``dx, dgamma, dbeta``.

    The nodes, forward: ``centred = x - mean``, ``var = mean(centred^2)``,
    ``inv_std = (var + eps)^(-1/2)``, ``xhat = centred inv_std``, ``out = gamma xhat + beta``.
    """
    xhat, inv_std, gamma, train = cache
    dout, xhat, inv_std = as_float(dout, "dout", 2, "(N, D)"), xhat[:, :, 0, 0], inv_std.reshape(1, -1)
    N, centred = len(xhat), xhat / inv_std
    dbeta, dgamma = dout.sum(axis=0), (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    if not train:  # mean and variance are constants
        return dxhat * inv_std, dgamma, dbeta
    dinv_std = (dxhat * centred).sum(axis=0)
    dvar = dinv_std * -0.5 * inv_std**3
    dcentred = dxhat * inv_std + dvar * 2 / N * centred  # two paths meet
    dmean = -dcentred.sum(axis=0)
    return dcentred + dmean / N, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """Layer norm of features ``x (N, D)``, one mean and variance a row; ln_param: ``eps`` (1e-5).

    >>> layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), {"eps": 0})[0]
    array([[-1.,  1.]])
    """
    return layer_norm(as_float(x, "x", 2, "(N, D)"), gamma, beta, ln_param.get("eps", 1e-5))


def layernorm_backward(dout, cache):
    """Gradient of :func:`layernorm_forward`: ``dx, dgamma, dbeta``."""
    return layer_norm_backward(dout, cache)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Group norm of ``x (N, C, H, W)`` in ``G`` groups; gamma and beta have shape ``(1, C, 1, 1)``.

    >>> x, ones = np.array([1.0, 3.0, 10.0, 30.0]).reshape(1, 4, 1, 1), np.ones((1, 4, 1, 1))
    >>> spatial_groupnorm_forward(x, ones, 0 * ones, 2, {"eps": 0})[0].ravel()
    array([-1.,  1., -1.,  1.])
    """
    out, cache = group_norm(x, np.ravel(gamma), np.ravel(beta), G, gn_param.get("eps", 1e-5))
    return out, (cache, np.shape(gamma))


def spatial_groupnorm_backward(dout, cache):
    """Gradient of :func:`spatial_groupnorm_forward`: ``dx, dgamma, dbeta``, the last two of gamma's shape."""
    cache, shape = cache
    dx, dgamma, dbeta = group_norm_backward(dout, cache)
    return dx, dgamma.reshape(shape), dbeta.reshape(shape)


def dropout_forward(x, dropout_param):
    """Keep each value with probability ``p`` and divide it by p ("train"), or pass x on ("test").

    dropout_param: ``p``, ``mode``, and perhaps ``seed``, with which the mask is always the
    same. Without it NumPy's global generator draws, the one that ``np.random.seed`` sets.

    >>> dropout_forward(np.ones(6), {"p": 0.5, "mode": "train", "seed": 3})[0]
    array([0., 0., 2., 0., 0., 0.])
    """
    x = as_float(x, "x", np.ndim(x), "(...)")
    p, mode = dropout_param["p"], dropout_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f"dropout_param['mode'] must be 'train' or 'test', got {mode!r}")
    if not 0 < p <= 1:
        raise ValueError(f"dropout_param['p'] is the probability to keep, above 0 and at most 1, got {p!r}")
    if mode == "test":
        return x.copy(), (dropout_param, None)
    random = np.random.RandomState(dropout_param["seed"]) if "seed" in dropout_param else np.random
    mask = ((random.random_sample(x.shape) < p) / p).astype(x.dtype)
    return x * mask, (dropout_param, mask)


def dropout_backward(dout, cache):
    """Gradient of :func:`dropout_forward`: through the same mask.

    >>> dropout_backward(np.ones(2), ({"p": 0.5, "mode": "train"}, np.array([0.0, 2.0])))
    array([0., 2.])
    """
    dropout_param, mask = cache
    return np.array(dout) if dropout_param["mode"] == "test" else dout * mask
