"""Normalisation as loops: the readings that :mod:`convbook.kernels.norm` is held against.

Results and caches are those of the fast functions, so that either backward pass takes either cache.
"""

import numpy as np

from convbook.kernels.norm import check_batch_norm, check_group_norm, check_layer_norm
from convbook.kernels.pool import check_dout


def normalise_naive(values, eps):
    """Return ``(x - mean) / sqrt(var + eps)`` of ``values (M,)``, ``1 / sqrt(var + eps)``, mean and (biased) variance.

    >>> normalise_naive(np.array([1.0, 3.0]), 0.0)[0]
    array([-1.,  1.])
    """
    M = len(values)
    mean = var = values.dtype.type(0)
    for value in values:
        mean += value / M
    for value in values:
        var += (value - mean) ** 2 / M
    inv_std = 1 / np.sqrt(var + float(eps))
    xhat = np.zeros_like(values)
    for m in range(M):
        xhat[m] = (values[m] - mean) * inv_std
    return xhat, inv_std, mean, var


def normalise_backward_naive(dxhat, xhat, inv_std) -> np.ndarray:
    """Gradient of :func:`normalise_naive`: every value of ``xhat (M,)`` depends on every value that was normalised.

    ``d xhat[k] / d x[m] = inv_std ([k = m] - 1 / M - xhat[k] xhat[m] / M)``: by itself, by the mean, by the variance.

    >>> normalise_backward_naive(np.array([1.0, 0.0]), np.array([-1.0, 1.0]), 1.0)
    array([0., 0.])
    """
    M = len(xhat)
    dx = np.zeros_like(dxhat)
    for m in range(M):
        for k in range(M):
            dx[m] += dxhat[k] * inv_std * ((k == m) - 1 / M - xhat[k] * xhat[m] / M)
    return dx


def batch_norm2d_naive(x, gamma, beta, running_mean=None, running_var=None, train=True, momentum=0.1, eps=1e-5):
    """The same as :func:`~convbook.kernels.batch_norm2d`, channel by channel.

    >>> batch_norm2d_naive([[[[1, 3]]], [[[5, 7]]]], [1], [0], eps=0)[0].ravel().round(4)
    array([-1.3416, -0.4472,  0.4472,  1.3416])
    """
    x, gamma, beta, old_mean, old_var = check_batch_norm(x, gamma, beta, running_mean, running_var, train)
    C, M = x.shape[1], len(x) * x.shape[2] * x.shape[3]
    out, xhat = np.zeros_like(x), np.zeros_like(x)
    inv_std, mean, var = np.zeros((C, 1, 1), x.dtype), old_mean.copy(), old_var.copy()
    for c in range(C):
        if train:
            normal, inv_std[c], batch_mean, batch_var = normalise_naive(x[:, c].ravel(), eps)
            xhat[:, c] = normal.reshape(x[:, c].shape)
            mean[c] = (1 - momentum) * old_mean[c] + momentum * batch_mean
            var[c] = (1 - momentum) * old_var[c] + momentum * batch_var * M / (M - 1)
        else:
            inv_std[c] = 1 / np.sqrt(old_var[c] + float(eps))
            xhat[:, c] = (x[:, c] - old_mean[c]) * inv_std[c]
        out[:, c] = gamma[c] * xhat[:, c] + beta[c]
    return out, (xhat, inv_std, gamma, train), (mean, var)


def _scale_and_shift(dout, xhat) -> tuple[np.ndarray, np.ndarray]:
    """``dgamma`` and ``dbeta`` of ``(N, C, H, W)``, value by value."""
    dgamma, dbeta = np.zeros((2, xhat.shape[1]), np.result_type(dout, xhat))
    for n, c, i, j in np.ndindex(xhat.shape):
        dgamma[c] += dout[n, c, i, j] * xhat[n, c, i, j]
        dbeta[c] += dout[n, c, i, j]
    return dgamma, dbeta


def batch_norm2d_backward_naive(dout, cache):
    """The same as :func:`~convbook.kernels.batch_norm2d_backward`, channel by channel, value by value.

    >>> _, cache, _ = batch_norm2d_naive(np.arange(8).reshape(2, 1, 2, 2), [2], [0])
    >>> batch_norm2d_backward_naive(np.ones((2, 1, 2, 2)), cache)[2]
    array([8.])
    """
    xhat, inv_std, gamma, train = cache
    dout, scale = check_dout(dout, xhat.shape), inv_std.ravel()
    dx = np.zeros(xhat.shape, np.result_type(dout, xhat))
    for c in range(xhat.shape[1]):
        dxhat = dout[:, c] * gamma[c]
        if train:
            some = normalise_backward_naive(dxhat.ravel(), xhat[:, c].ravel(), scale[c])
            dx[:, c] = some.reshape(dxhat.shape)
        else:  # mean and variance are constants
            dx[:, c] = dxhat * scale[c]
    return dx, *_scale_and_shift(dout, xhat)


def layer_norm_naive(x, gamma, beta, eps=1e-5):
    """The same as :func:`~convbook.kernels.layer_norm`, example by example.

    >>> layer_norm_naive([[1, 2, 3], [10, 20, 30]], [1, 1, 1], [0, 0, 0], eps=0)[0].round(4)
    array([[-1.2247,  0.    ,  1.2247],
           [-1.2247,  0.    ,  1.2247]])
    """
    x, gamma, beta = check_layer_norm(x, gamma, beta)
    leading = x.shape[: x.ndim - gamma.ndim]
    out, xhat = np.zeros_like(x), np.zeros_like(x)
    inv_std = np.zeros((*leading, *[1] * gamma.ndim), x.dtype)
    for n in np.ndindex(leading):
        normal, inv_std[n], _, _ = normalise_naive(x[n].ravel(), eps)
        xhat[n] = normal.reshape(gamma.shape)
        out[n] = gamma * xhat[n] + beta
    return out, (xhat, inv_std, gamma)


def layer_norm_backward_naive(dout, cache):
    """The same as :func:`~convbook.kernels.layer_norm_backward`, example by example.

    >>> _, cache = layer_norm_naive([[1, 2, 4]], [1, 1, 1], [0, 0, 0])
    >>> layer_norm_backward_naive(np.ones((1, 3)), cache)[2]
    array([1., 1., 1.])
    """
    xhat, inv_std, gamma = cache
    dout = check_dout(dout, xhat.shape)
    dx = np.zeros(xhat.shape, np.result_type(dout, xhat))
    dgamma, dbeta = np.zeros((2, *gamma.shape), dx.dtype)
    for n in np.ndindex(xhat.shape[: xhat.ndim - gamma.ndim]):
        some = normalise_backward_naive((dout[n] * gamma).ravel(), xhat[n].ravel(), inv_std[n].item())
        dx[n] = some.reshape(gamma.shape)
        dgamma += dout[n] * xhat[n]
        dbeta += dout[n]
    return dx, dgamma, dbeta


def group_norm_naive(x, gamma, beta, groups, eps=1e-5):
    """The same as :func:`~convbook.kernels.group_norm`, example by example and group by group.

    >>> group_norm_naive(np.array([1, 3, 10, 30]).reshape(1, 4, 1, 1), [1] * 4, [0] * 4, 2, eps=0)[0].ravel()
    array([-1.,  1., -1.,  1.])
    """
    x, gamma, beta = check_group_norm(x, gamma, beta, groups)
    N, depth = len(x), x.shape[1] // groups
    out, xhat, inv_std = np.zeros_like(x), np.zeros_like(x), np.zeros((N, groups, 1, 1, 1), x.dtype)
    for n in range(N):
        for g in range(groups):
            channels = slice(g * depth, (g + 1) * depth)
            normal, inv_std[n, g], _, _ = normalise_naive(x[n, channels].ravel(), eps)
            xhat[n, channels] = normal.reshape(x[n, channels].shape)
            for c in range(g * depth, (g + 1) * depth):
                out[n, c] = gamma[c] * xhat[n, c] + beta[c]
    return out, (xhat, inv_std, gamma)


def group_norm_backward_naive(dout, cache):
    """The same as :func:`~convbook.kernels.group_norm_backward`, example by example and group by group.

    >>> _, cache = group_norm_naive(np.arange(8).reshape(1, 4, 1, 2), [1] * 4, [0] * 4, 2)
    >>> group_norm_backward_naive(np.ones((1, 4, 1, 2)), cache)[2]
    array([2., 2., 2., 2.])
    """
    xhat, inv_std, gamma = cache
    dout = check_dout(dout, xhat.shape)
    dx = np.zeros(xhat.shape, np.result_type(dout, xhat))
    N, groups = inv_std.shape[:2]
    depth = xhat.shape[1] // groups
    for n in range(N):
        for g in range(groups):
            channels = slice(g * depth, (g + 1) * depth)
            dxhat = dout[n, channels] * gamma[channels, None, None]
            some = normalise_backward_naive(dxhat.ravel(), xhat[n, channels].ravel(), inv_std[n, g].item())
            dx[n, channels] = some.reshape(dxhat.shape)
    return dx, *_scale_and_shift(dout, xhat)
