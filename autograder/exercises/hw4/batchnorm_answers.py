"""Spatial batch norm in several ways: right answers, and what wrong ones are made from."""

import numpy as np

from autograder.exercises.hw4.pairs import beside

AXES = (0, 2, 3)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    N, C, H, W = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(C))
    running_var = bn_param.get("running_var", np.zeros(C))
    if mode == "train":
        mean = x.mean(axis=(0, 2, 3))
        var = x.var(axis=(0, 2, 3))
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        mean = running_mean
        var = running_var
    inv_std = 1 / np.sqrt(var + eps)
    xhat = (x - mean.reshape(1, C, 1, 1)) * inv_std.reshape(1, C, 1, 1)
    out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, (xhat, inv_std, gamma, mode, x, eps)


def spatial_batchnorm_backward(dout, cache):
    xhat, inv_std, gamma, mode, x, eps = cache
    N, C, H, W = dout.shape
    m = N * H * W
    dbeta = dout.sum(axis=(0, 2, 3))
    dgamma = (dout * xhat).sum(axis=(0, 2, 3))
    dxhat = dout * gamma.reshape(1, C, 1, 1)
    through_mean = dxhat.sum(axis=(0, 2, 3), keepdims=True) / m
    through_var = xhat * (dxhat * xhat).sum(axis=(0, 2, 3), keepdims=True) / m
    if mode == "test":
        through_mean = 0
        through_var = 0
    dx = (dxhat - through_mean - through_var) * inv_std.reshape(1, C, 1, 1)
    return dx, dgamma, dbeta


def rows_forward(x, gamma, beta, bn_param):
    """As CS231n has it: pixels in rows, then batch norm of features; statistics updated in the arrays themselves."""
    N, C, H, W = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, C)
    eps = bn_param.get("eps", 1e-5)
    for name in ("running_mean", "running_var"):
        bn_param.setdefault(name, np.zeros(C))
    if bn_param["mode"] == "train":
        momentum = bn_param.get("momentum", 0.9)
        mu = rows.sum(axis=0) / len(rows)
        var = ((rows - mu) ** 2).sum(axis=0) / len(rows)
        for name, value in (("running_mean", mu), ("running_var", var)):
            bn_param[name] *= momentum
            bn_param[name] += (1 - momentum) * value
    else:
        mu, var = bn_param["running_mean"], bn_param["running_var"]
    out = (rows - mu) / (var + eps) ** 0.5 * np.ravel(gamma) + np.ravel(beta)
    cache = {"rows": rows, "mu": mu, "var": var, "gamma": np.ravel(gamma), "eps": eps, "mode": bn_param["mode"]}
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache


def rows_backward(dout, cache):
    """Node by node through the graph."""
    N, C, H, W = dout.shape
    d = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    centred, std = cache["rows"] - cache["mu"], np.sqrt(cache["var"] + cache["eps"])
    dbeta, dgamma = d.sum(axis=0), (d * centred / std).sum(axis=0)
    dcentred = d * cache["gamma"] / std
    if cache["mode"] == "train":
        dvar = (d * cache["gamma"] * centred).sum(axis=0) * -0.5 / std**3
        dcentred = dcentred + 2 * centred * dvar / len(d)
        dcentred = dcentred - dcentred.sum(axis=0) / len(d)
    return [dcentred.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta]


def channels_forward(x, gamma, beta, bn_param):
    """One channel at a time, in nested lists; the cache holds the inputs."""
    C = x.shape[1]
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    means, variances = bn_param.get("running_mean", [0.0] * C), bn_param.get("running_var", [0.0] * C)
    train, used, out = bn_param["mode"] == "train", [], np.zeros(x.shape)
    for c in range(C):
        mean, var = (float(np.mean(x[:, c])), float(np.var(x[:, c]))) if train else (means[c], variances[c])
        out[:, c] = gamma[c] * (x[:, c] - mean) / np.sqrt(var + eps) + beta[c]
        used.append((mean, var))
    if train:
        bn_param["running_mean"] = [momentum * m + (1 - momentum) * u[0] for m, u in zip(means, used, strict=True)]
        bn_param["running_var"] = [momentum * m + (1 - momentum) * u[1] for m, u in zip(variances, used, strict=True)]
    return [out.tolist(), (x, gamma, used, eps, train)]


def channels_backward(dout, cache):
    """By the whole Jacobian of each channel; parameters' gradients with four axes."""
    x, gamma, used, eps, train = cache
    dx = np.zeros(x.shape)
    dgamma, dbeta = np.zeros((1, x.shape[1], 1, 1)), dout.sum(axis=(0, 2, 3), keepdims=True)
    for c, (mean, var) in enumerate(used):
        xhat, inv = ((x[:, c] - mean) / np.sqrt(var + eps)).ravel(), 1 / np.sqrt(var + eps)
        m, d = xhat.size, dout[:, c].ravel()
        J = np.eye(m) - (1 / m + np.outer(xhat, xhat) / m if train else 0)
        dx[:, c] = (gamma[c] * inv * J.T @ d).reshape(x[:, c].shape)
        dgamma[0, c] = d @ xhat
    return dx, dgamma, dbeta


def single_forward(x, gamma, beta, bn_param):
    """All of it in single precision."""
    out, cache = rows_forward(x.astype(np.float32), gamma.astype(np.float32), beta.astype(np.float32), bn_param)
    return out.astype(np.float32), cache


def single_backward(dout, cache):
    return tuple(part.astype(np.float32) for part in rows_backward(dout.astype(np.float32), cache))


FORWARD = {
    "by axes": spatial_batchnorm_forward,
    "pixels in rows, statistics updated in place": rows_forward,
    "channel by channel, lists": channels_forward,
    "single precision": single_forward,
}
BACKWARD = {
    "in one formula": spatial_batchnorm_backward,
    "node by node, another cache, a list": beside(rows_backward, spatial_batchnorm_forward=rows_forward),
    "by the Jacobian, lists, four axes": beside(channels_backward, spatial_batchnorm_forward=channels_forward),
    "single precision": beside(single_backward, spatial_batchnorm_forward=single_forward),
}
