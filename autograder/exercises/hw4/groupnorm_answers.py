"""Spatial group norm in several ways: right answers, and what wrong ones are made from."""

import numpy as np

from autograder.exercises.hw4.pairs import beside


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    groups = x.reshape(N, G, C // G, H, W)
    mean = groups.mean(axis=(2, 3, 4), keepdims=True)
    var = groups.var(axis=(2, 3, 4), keepdims=True)
    inv_std = 1 / np.sqrt(var + eps)
    xhat = ((groups - mean) * inv_std).reshape(x.shape)
    out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)
    return out, (xhat, inv_std, gamma, G, x, eps)


def spatial_groupnorm_backward(dout, cache):
    xhat, inv_std, gamma, G, x, eps = cache
    N, C, H, W = dout.shape
    dbeta = dout.sum(axis=(0, 2, 3))
    dgamma = (dout * xhat).sum(axis=(0, 2, 3))
    dxhat = (dout * gamma.reshape(1, C, 1, 1)).reshape(N, G, C // G, H, W)
    xhat = xhat.reshape(N, G, C // G, H, W)
    m = C // G * H * W
    through_mean = dxhat.sum(axis=(2, 3, 4), keepdims=True) / m
    through_var = xhat * (dxhat * xhat).sum(axis=(2, 3, 4), keepdims=True) / m
    dx = ((dxhat - through_mean - through_var) * inv_std).reshape(dout.shape)
    return dx, dgamma, dbeta


def rows_forward(x, gamma, beta, G, gn_param):
    """Each group of each image as a row."""
    N, C, H, W = x.shape
    rows = x.reshape(N * G, -1)
    mu = np.mean(rows, axis=1)[:, None]
    std = np.sqrt(np.mean((rows - mu) ** 2, axis=1)[:, None] + gn_param.get("eps", 1e-5))
    xhat = ((rows - mu) / std).reshape(N, C, H * W)
    out = (xhat * gamma.reshape(C, 1) + beta.reshape(C, 1)).reshape(N, C, H, W)
    return [out, {"mu": mu, "std": std, "rows": rows, "gamma": gamma}]


def rows_backward(dout, cache):
    """Node by node through the graph; parameters' gradients with four axes."""
    N, C, H, W = dout.shape
    centred, std = cache["rows"] - cache["mu"], cache["std"]
    xhat = (centred / std).reshape(dout.shape)
    d = (dout * cache["gamma"].reshape(1, C, 1, 1)).reshape(centred.shape)
    dcentred = d / std - centred * (d * centred).mean(axis=1, keepdims=True) / std**3
    dx = (dcentred - dcentred.mean(axis=1, keepdims=True)).reshape(dout.shape)
    return [dx, (dout * xhat).sum(axis=(0, 2, 3), keepdims=True), dout.sum(axis=(0, 2, 3), keepdims=True)]


def groups_forward(x, gamma, beta, G, gn_param):
    """One group of one image at a time, as a nested list; the cache holds the inputs."""
    N, C = x.shape[:2]
    size, eps = C // G, gn_param.get("eps", 1e-5)
    out = np.zeros(x.shape)
    for n in range(N):
        for c in range(0, C, size):
            block = x[n, c : c + size].astype(float)
            out[n, c : c + size] = (block - block.mean()) / np.sqrt(block.var() + eps)
    return (np.reshape(gamma, (C, 1, 1)) * out + np.reshape(beta, (C, 1, 1))).tolist(), (x, gamma, G, eps)


def groups_backward(dout, cache):
    """By the whole Jacobian of each group."""
    x, gamma, G, eps = cache
    N, C = x.shape[:2]
    size, gamma = C // G, np.ravel(gamma)
    dx, dgamma = np.zeros(x.shape), [0.0] * C
    for n in range(N):
        for c in range(0, C, size):
            block = x[n, c : c + size].astype(float)
            std = np.sqrt(block.var() + eps)
            xhat = ((block - block.mean()) / std).ravel()
            m = xhat.size
            J = (np.eye(m) - 1 / m - np.outer(xhat, xhat) / m) / std
            d = (dout[n, c : c + size] * gamma[c : c + size, None, None]).ravel()
            dx[n, c : c + size] = (d @ J).reshape(block.shape)
            for k in range(size):
                dgamma[c + k] += float(np.sum(dout[n, c + k] * xhat.reshape(block.shape)[k]))
    return dx.tolist(), dgamma, [float(dout[:, c].sum()) for c in range(C)]


def single_forward(x, gamma, beta, G, gn_param):
    """All of it in single precision."""
    return rows_forward(x.astype(np.float32), gamma.astype(np.float32), beta.astype(np.float32), G, gn_param)


def single_backward(dout, cache):
    return [part.astype(np.float32) for part in rows_backward(dout.astype(np.float32), cache)]


FORWARD = {
    "by axes": spatial_groupnorm_forward,
    "groups in rows, a list": rows_forward,
    "group by group, nested lists": groups_forward,
    "single precision": single_forward,
}
BACKWARD = {
    "in one formula": spatial_groupnorm_backward,
    "node by node, another cache, four axes": beside(rows_backward, spatial_groupnorm_forward=rows_forward),
    "by the Jacobian, nested lists": beside(groups_backward, spatial_groupnorm_forward=groups_forward),
    "single precision": beside(single_backward, spatial_groupnorm_forward=single_forward),
}
