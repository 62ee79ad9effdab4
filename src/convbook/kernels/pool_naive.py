"""Pooling as loops: the readings that :mod:`convbook.kernels.pool` is held against."""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.pool import check_dout, check_pool, crop


def max_pool2d_naive(x, kernel_size, stride=None, padding=0) -> np.ndarray:
    """The same as :func:`~convbook.kernels.max_pool2d`, as loops.

    >>> max_pool2d_naive([[[[1, 4], [2, 9]]]], 2)
    array([[[[9.]]]])
    """
    x, (kh, kw), (sh, sw), _, (oh, ow) = check_pool(x, kernel_size, stride, padding, -np.inf)
    N, C = x.shape[:2]
    out = np.full((N, C, oh, ow), -np.inf, x.dtype)  # not 0, which would beat negative pixels
    for n in range(N):
        for c in range(C):
            for i in range(oh):
                for j in range(ow):
                    for a in range(kh):
                        for b in range(kw):
                            out[n, c, i, j] = np.maximum(out[n, c, i, j], x[n, c, i * sh + a, j * sw + b])
    return out


def max_pool2d_backward_naive(dout, x, kernel_size, stride=None, padding=0) -> np.ndarray:
    """The same as :func:`~convbook.kernels.max_pool2d_backward`, as loops: find each winner, then pay it.

    >>> max_pool2d_backward_naive([[[[7]]]], [[[[5, 5], [1, 5]]]], 2)
    array([[[[7., 0.],
             [0., 0.]]]])
    """
    x, (kh, kw), (sh, sw), (ph, pw), (oh, ow) = check_pool(x, kernel_size, stride, padding, -np.inf)
    N, C = x.shape[:2]
    dout = check_dout(dout, (N, C, oh, ow))
    dx = np.zeros(x.shape, np.result_type(dout, x))
    for n in range(N):
        for c in range(C):
            for i in range(oh):
                for j in range(ow):
                    winner: tuple[int, ...] = ()
                    for a in range(kh):
                        for b in range(kw):
                            y, z = i * sh + a, j * sw + b
                            inside = ph <= y < x.shape[2] - ph and pw <= z < x.shape[3] - pw
                            if inside and (not winner or x[n, c, y, z] > x[n, c, *winner]):
                                winner = y, z
                    dx[n, c, *winner] += dout[n, c, i, j]
    return np.ascontiguousarray(crop(dx, ph, pw))


def avg_pool2d_naive(x, kernel_size, stride=None, padding=0) -> np.ndarray:
    """The same as :func:`~convbook.kernels.avg_pool2d`, as loops.

    >>> avg_pool2d_naive([[[[1, 4], [2, 9]]]], 2)
    array([[[[4.]]]])
    """
    x, (kh, kw), (sh, sw), _, (oh, ow) = check_pool(x, kernel_size, stride, padding, 0)
    N, C = x.shape[:2]
    out = np.zeros((N, C, oh, ow), x.dtype)
    for n in range(N):
        for c in range(C):
            for i in range(oh):
                for j in range(ow):
                    for a in range(kh):
                        for b in range(kw):
                            out[n, c, i, j] += x[n, c, i * sh + a, j * sw + b] / (kh * kw)
    return out


def avg_pool2d_backward_naive(dout, x, kernel_size, stride=None, padding=0) -> np.ndarray:
    """The same as :func:`~convbook.kernels.avg_pool2d_backward`, as loops: every pixel of a window gets its share.

    >>> avg_pool2d_backward_naive([[[[2, 4]]]], np.zeros((1, 1, 1, 3)), (1, 2), stride=1)
    array([[[[1., 3., 2.]]]])
    """
    x, (kh, kw), (sh, sw), (ph, pw), (oh, ow) = check_pool(x, kernel_size, stride, padding, 0)
    N, C = x.shape[:2]
    dout = check_dout(dout, (N, C, oh, ow))
    dx = np.zeros(x.shape, np.result_type(dout, x))
    for n in range(N):
        for c in range(C):
            for i in range(oh):
                for j in range(ow):
                    for a in range(kh):
                        for b in range(kw):
                            dx[n, c, i * sh + a, j * sw + b] += dout[n, c, i, j] / (kh * kw)
    return np.ascontiguousarray(crop(dx, ph, pw))


def global_avg_pool_naive(x) -> np.ndarray:
    """The same as :func:`~convbook.kernels.global_avg_pool`, as loops.

    >>> global_avg_pool_naive(np.arange(12).reshape(1, 2, 2, 3))
    array([[2.5, 8.5]])
    """
    x = as_float(x, "x", 4, "(N, C, H, W)")
    N, C, H, W = x.shape
    out = np.zeros((N, C), x.dtype)
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    out[n, c] += x[n, c, i, j] / (H * W)
    return out


def global_avg_pool_backward_naive(dout, x) -> np.ndarray:
    """The same as :func:`~convbook.kernels.global_avg_pool_backward`, as loops.

    >>> global_avg_pool_backward_naive([[6]], np.zeros((1, 1, 1, 3)))
    array([[[[2., 2., 2.]]]])
    """
    x = as_float(x, "x", 4, "(N, C, H, W)")
    N, C, H, W = x.shape
    dout = check_dout(dout, (N, C))
    dx = np.zeros(x.shape, np.result_type(dout, x))
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    dx[n, c, i, j] = dout[n, c] / (H * W)
    return dx
