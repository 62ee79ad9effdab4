"""Normalisation: batch, layer and group norm differ only in the axes that one mean is taken over."""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.pool import check_dout
from convbook.kernels.sizes import whole


def normalise(x, axes, eps) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ``(x - mean) / sqrt(var + eps)``, ``1 / sqrt(var + eps)``, mean and (biased) variance.

    The last three keep the reduced ``axes`` with length 1.

    >>> normalise(np.array([1.0, 3.0]), 0, 0.0)[0]
    array([-1.,  1.])
    """
    mean = x.mean(axis=axes, keepdims=True)
    var = x.var(axis=axes, keepdims=True, mean=mean)
    inv_std = 1 / np.sqrt(var + float(eps))
    return (x - mean) * inv_std, inv_std, mean, var


def normalise_backward(dxhat, xhat, inv_std, axes) -> np.ndarray:
    """Gradient of :func:`normalise`: ``dxhat`` less its part along 1 and along ``xhat``, rescaled.

    Moving all x together, or stretching them, changes nothing after normalisation; so no
    gradient can point there. The two means are the paths through mean and variance.

    >>> normalise_backward(np.array([1.0, 0.0]), np.array([-1.0, 1.0]), 1.0, 0)  # two values have nowhere to go
    array([0., 0.])
    """
    through_mean = dxhat.mean(axis=axes, keepdims=True)
    through_var = (dxhat * xhat).mean(axis=axes, keepdims=True)
    return inv_std * (dxhat - through_mean - xhat * through_var)


def check_parameter(value, name: str, shape) -> np.ndarray:
    """Return ``value`` as floats, or raise ``ValueError`` unless it has this ``shape``."""
    value = as_float(value, name, len(shape), str(tuple(shape)))
    if value.shape != tuple(shape):
        raise ValueError(f"{name} must have shape {tuple(shape)}, got shape {value.shape}")
    return value


def check_batch_norm(x, gamma, beta, running_mean, running_var, train):
    """Check the arrays of :func:`batch_norm2d`; return them, a new layer's statistics where none are given."""
    x = as_float(x, "x", 4, "(N, C, H, W)")
    N, C, H, W = x.shape
    gamma, beta = check_parameter(gamma, "gamma", (C,)), check_parameter(beta, "beta", (C,))
    if not train and (running_mean is None or running_var is None):
        raise ValueError("testing (train=False) needs running_mean and running_var")
    if train and N * H * W < 2:
        raise ValueError(f"training needs more than one value a channel, got x of shape {x.shape}")
    running_mean = check_parameter(np.zeros(C, x.dtype) if running_mean is None else running_mean, "running_mean", (C,))
    running_var = check_parameter(np.ones(C, x.dtype) if running_var is None else running_var, "running_var", (C,))
    return x, gamma, beta, running_mean, running_var


def batch_norm2d(x, gamma, beta, running_mean=None, running_var=None, train=True, momentum=0.1, eps=1e-5):
    """Normalise each channel over batch and space, then scale and shift it.

    Ioffe and Szegedy 2015 (arXiv 1502.03167); numbers as ``torch.nn.BatchNorm2d``.

    Parameters
    ----------
    x : (N, C, H, W); float32 and float64 keep their dtype, integers become float64.
    gamma, beta : (C,), scale and shift of the normalised channel.
    running_mean, running_var : (C,), estimates so far. Training without them starts at
        0 and 1, as a new PyTorch layer does; testing needs both.
    train : True takes mean and variance from this batch, False the running ones.
    momentum : weight of the new value: ``running <- (1 - momentum) running + momentum batch``.
    eps : added to the variance, under the root.

    Returns
    -------
    out : (N, C, H, W).
    cache : what :func:`batch_norm2d_backward` needs.
    running : the new ``(running_mean, running_var)``; nothing is updated in place. The
        biased variance normalises, the unbiased one (over ``N H W - 1``) enters
        ``running_var``. When testing, the old pair.

    Raises
    ------
    ValueError for wrong shapes, for training on one value a channel (it would become 0,
    whatever it was), and for testing without running statistics.

    >>> x = np.array([1.0, 2.0, 3.0, 4.0]).reshape(2, 1, 1, 2)
    >>> out, cache, (mean, var) = batch_norm2d(x, [1], [0], momentum=1)
    >>> out.ravel().round(3), mean, var.round(3)
    (array([-1.342, -0.447,  0.447,  1.342]), array([2.5]), array([1.667]))
    """
    x, gamma, beta, running_mean, running_var = check_batch_norm(x, gamma, beta, running_mean, running_var, train)
    count = len(x) * x.shape[2] * x.shape[3]
    if train:
        xhat, inv_std, mean, var = normalise(x, (0, 2, 3), eps)
        running_mean = (1 - momentum) * running_mean + momentum * mean.ravel()
        running_var = (1 - momentum) * running_var + momentum * var.ravel() * (count / (count - 1))
    else:
        inv_std = 1 / np.sqrt(running_var[:, None, None] + float(eps))
        xhat = (x - running_mean[:, None, None]) * inv_std
    out = gamma[:, None, None] * xhat + beta[:, None, None]
    return out, (xhat, inv_std, gamma, train), (running_mean, running_var)


def batch_norm2d_backward(dout, cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient of :func:`batch_norm2d` with respect to x, gamma and beta.

    ``dout (N, C, H, W)``, ``cache`` as the forward pass returned it. In training each value
    moves its channel's mean and variance, and so all others; in testing those are constants.

    >>> out, cache, _ = batch_norm2d(np.arange(8).reshape(2, 1, 2, 2), [2], [0])
    >>> dx, dgamma, dbeta = batch_norm2d_backward(np.ones((2, 1, 2, 2)), cache)
    >>> np.abs(dx).max() < 1e-15, dbeta  # raising every output alike needs beta alone
    (np.True_, array([8.]))
    """
    xhat, inv_std, gamma, train = cache
    dout = check_dout(dout, xhat.shape)
    dgamma, dbeta = (dout * xhat).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))
    dxhat = dout * gamma[:, None, None]
    dx = normalise_backward(dxhat, xhat, inv_std, (0, 2, 3)) if train else dxhat * inv_std
    return dx, dgamma, dbeta


def check_layer_norm(x, gamma, beta):
    """Check the arrays of :func:`layer_norm`; return them as floats."""
    x = as_float(x, "x", np.ndim(x), "(N, ...)")
    gamma = as_float(gamma, "gamma", np.ndim(gamma), "(...)")
    if not 0 < gamma.ndim <= x.ndim or x.shape[x.ndim - gamma.ndim :] != gamma.shape:
        raise ValueError(f"x must end in the shape of gamma, {gamma.shape}, got shape {x.shape}")
    beta = check_parameter(beta, "beta", gamma.shape)
    return x, gamma, beta


def layer_norm(x, gamma, beta, eps=1e-5):
    """Normalise each example over its last axes, those that ``gamma`` has: ``out, cache``.

    ``x (N, ..., *gamma.shape)``, ``gamma`` and ``beta`` of one shape, which x must end in
    (``ValueError``). No other example takes part, so training and testing are the same.
    Ba, Kiros and Hinton 2016 (arXiv 1607.06450); numbers as ``torch.nn.functional.layer_norm``.

    >>> layer_norm([[1, 2, 3], [10, 20, 30]], [1, 1, 1], [0, 0, 0], eps=0)[0].round(4)
    array([[-1.2247,  0.    ,  1.2247],
           [-1.2247,  0.    ,  1.2247]])
    """
    x, gamma, beta = check_layer_norm(x, gamma, beta)
    xhat, inv_std, _, _ = normalise(x, tuple(range(x.ndim - gamma.ndim, x.ndim)), eps)
    return gamma * xhat + beta, (xhat, inv_std, gamma)


def layer_norm_backward(dout, cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient of :func:`layer_norm`: ``dx, dgamma, dbeta``.

    >>> _, cache = layer_norm([[1, 2, 4]], [1, 1, 1], [0, 0, 0])
    >>> layer_norm_backward(np.ones((1, 3)), cache)[2]
    array([1., 1., 1.])
    """
    xhat, inv_std, gamma = cache
    dout = check_dout(dout, xhat.shape)
    shared = tuple(range(xhat.ndim - gamma.ndim))  # the axes that gamma and beta are broadcast over
    dx = normalise_backward(dout * gamma, xhat, inv_std, tuple(range(len(shared), xhat.ndim)))
    return dx, (dout * xhat).sum(axis=shared), dout.sum(axis=shared)


def check_group_norm(x, gamma, beta, groups):
    """Check the arguments of :func:`group_norm`; return the arrays as floats."""
    x = as_float(x, "x", 4, "(N, C, H, W)")
    C = x.shape[1]
    if C % whole("groups", groups, 1):
        raise ValueError(f"groups={groups} does not divide the {C} channels of x, shape {x.shape}")
    gamma, beta = check_parameter(gamma, "gamma", (C,)), check_parameter(beta, "beta", (C,))
    return x, gamma, beta


def group_norm(x, gamma, beta, groups, eps=1e-5):
    """Normalise each example over space and each of ``groups`` blocks of neighbouring channels: ``out, cache``.

    ``x (N, C, H, W)``, ``gamma`` and ``beta (C,)``; ``groups`` divides C (``ValueError``).
    One group normalises the whole example, C groups each channel alone (instance norm).
    Wu and He 2018 (arXiv 1803.08494); numbers as ``torch.nn.functional.group_norm``.

    >>> group_norm(np.array([1, 3, 10, 30]).reshape(1, 4, 1, 1), [1] * 4, [0] * 4, 2, eps=0)[0].ravel()
    array([-1.,  1., -1.,  1.])
    """
    x, gamma, beta = check_group_norm(x, gamma, beta, groups)
    N, C, H, W = x.shape
    blocks, inv_std, _, _ = normalise(x.reshape(N, groups, C // groups, H, W), (2, 3, 4), eps)
    xhat = blocks.reshape(x.shape)
    return gamma[:, None, None] * xhat + beta[:, None, None], (xhat, inv_std, gamma)


def group_norm_backward(dout, cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient of :func:`group_norm`: ``dx, dgamma, dbeta``.

    >>> _, cache = group_norm(np.arange(8).reshape(1, 4, 1, 2), [1] * 4, [0] * 4, 2)
    >>> group_norm_backward(np.ones((1, 4, 1, 2)), cache)[2]
    array([2., 2., 2., 2.])
    """
    xhat, inv_std, gamma = cache
    dout = check_dout(dout, xhat.shape)
    N, C, H, W = xhat.shape
    shape = N, inv_std.shape[1], C // inv_std.shape[1], H, W
    dxhat = (dout * gamma[:, None, None]).reshape(shape)
    dx = normalise_backward(dxhat, xhat.reshape(shape), inv_std, (2, 3, 4)).reshape(xhat.shape)
    return dx, (dout * xhat).sum(axis=(0, 2, 3)), dout.sum(axis=(0, 2, 3))
