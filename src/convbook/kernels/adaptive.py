"""Pooling that is told its output: adaptive average pooling, and the maximum over channels."""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.pool import check_dout
from convbook.kernels.sizes import pair, whole


def adaptive_bins(size: int, bins: int) -> list[tuple[int, int]]:
    """Start and end of each bin along one axis: ``floor(i size / bins)`` to ``ceil((i + 1) size / bins)``.

    Where ``bins`` does not divide ``size``, neighbouring bins share a pixel (PyTorch's rule).

    >>> adaptive_bins(7, 3)
    [(0, 3), (2, 5), (4, 7)]
    """
    whole("size", size, 1)
    whole("bins", bins, 1)
    return [(i * size // bins, -(-(i + 1) * size // bins)) for i in range(bins)]


def _averages(size: int, bins: int, dtype) -> np.ndarray:
    """Matrix ``(bins, size)`` whose row i averages bin i."""
    matrix = np.zeros((bins, size), dtype)
    for i, (start, end) in enumerate(adaptive_bins(size, bins)):
        matrix[i, start:end] = 1 / (end - start)
    return matrix


def adaptive_avg_pool2d_naive(x, output_size) -> np.ndarray:
    """The same as :func:`adaptive_avg_pool2d`, bin by bin.

    >>> adaptive_avg_pool2d_naive([[[[1, 2, 6]]]], (1, 2))
    array([[[[1.5, 4. ]]]])
    """
    x = as_float(x, "x", 4, "(N, C, H, W)")
    oh, ow = pair("output_size", output_size, 1)
    N, C, H, W = x.shape
    out = np.zeros((N, C, oh, ow), x.dtype)
    for n in range(N):
        for c in range(C):
            for i, (top, bottom) in enumerate(adaptive_bins(H, oh)):
                for j, (left, right) in enumerate(adaptive_bins(W, ow)):
                    out[n, c, i, j] = x[n, c, top:bottom, left:right].mean()
    return out


def adaptive_avg_pool2d(x, output_size) -> np.ndarray:
    """Average ``x (N, C, H, W)`` over ``oh`` by ``ow`` bins of nearly equal size: ``(N, C, oh, ow)``.

    A bin is a rectangle, so its mean is a mean of rows after a mean of columns:
    ``A x B^T`` with two small matrices. ``output_size`` may exceed the input's (bins then
    repeat pixels); 1 is :func:`~convbook.kernels.global_avg_pool` with its axes kept.
    Bins as in :func:`adaptive_bins` (``torch.nn.functional.adaptive_avg_pool2d``).

    >>> adaptive_avg_pool2d(np.arange(7).reshape(1, 1, 1, 7), (1, 3))
    array([[[[1., 3., 5.]]]])
    """
    x = as_float(x, "x", 4, "(N, C, H, W)")
    oh, ow = pair("output_size", output_size, 1)
    return _averages(x.shape[2], oh, x.dtype) @ x @ _averages(x.shape[3], ow, x.dtype).T


def adaptive_avg_pool2d_backward(dout, x) -> np.ndarray:
    """Gradient of :func:`adaptive_avg_pool2d`: ``A^T dout B``, of the shape of ``x``.

    The output size is read from ``dout (N, C, oh, ow)``; of ``x`` only shape and dtype matter.
    Raises ``ValueError`` where batch or channels of the two differ.

    >>> adaptive_avg_pool2d_backward([[[[2, 4]]]], [[[[1, 2, 6]]]])
    array([[[[1., 3., 2.]]]])
    """
    x, dout = as_float(x, "x", 4, "(N, C, H, W)"), as_float(dout, "dout", 4, "(N, C, oh, ow)")
    check_dout(dout, x.shape[:2] + dout.shape[2:])
    dtype = np.result_type(dout, x)
    return _averages(x.shape[2], dout.shape[2], dtype).T @ dout @ _averages(x.shape[3], dout.shape[3], dtype)


def adaptive_avg_pool2d_backward_naive(dout, x) -> np.ndarray:
    """The same as :func:`adaptive_avg_pool2d_backward`, bin by bin: every pixel of a bin gets its share.

    >>> adaptive_avg_pool2d_backward_naive([[[[2, 4]]]], [[[[1, 2, 6]]]])
    array([[[[1., 3., 2.]]]])
    """
    x, dout = as_float(x, "x", 4, "(N, C, H, W)"), as_float(dout, "dout", 4, "(N, C, oh, ow)")
    (N, C, H, W), (oh, ow) = x.shape, dout.shape[2:]
    check_dout(dout, (N, C, oh, ow))
    dx = np.zeros(x.shape, np.result_type(dout, x))
    for n in range(N):
        for c in range(C):
            for i, (top, bottom) in enumerate(adaptive_bins(H, oh)):
                for j, (left, right) in enumerate(adaptive_bins(W, ow)):
                    dx[n, c, top:bottom, left:right] += dout[n, c, i, j] / ((bottom - top) * (right - left))
    return dx


def _blocks(x, groups) -> np.ndarray:
    """``x (N, C, H, W)`` as ``(N, groups, C / groups, H, W)``."""
    x = as_float(x, "x", 4, "(N, C, H, W)")
    N, C, H, W = x.shape
    if C % whole("groups", groups, 1):
        raise ValueError(f"groups={groups} does not divide the {C} channels of x, shape {x.shape}")
    return x.reshape(N, groups, C // groups, H, W)


def cross_channel_max_pool_naive(x, groups) -> np.ndarray:
    """The same as :func:`cross_channel_max_pool`, as loops.

    >>> cross_channel_max_pool_naive(np.array([3, 1, 2, 5]).reshape(1, 4, 1, 1), 2).ravel()
    array([3., 5.])
    """
    blocks = _blocks(x, groups)
    N, groups, depth, H, W = blocks.shape
    out = np.full((N, groups, H, W), -np.inf, blocks.dtype)
    for n in range(N):
        for f in range(groups):
            for i in range(H):
                for j in range(W):
                    for c in range(depth):
                        out[n, f, i, j] = np.maximum(out[n, f, i, j], blocks[n, f, c, i, j])
    return out


def cross_channel_max_pool(x, groups) -> np.ndarray:
    """Largest value over each block of neighbouring channels: ``(N, C, H, W) -> (N, groups, H, W)``.

    ``groups`` blocks of ``C / groups`` channels, as the groups of a convolution are counted;
    it must divide C (``ValueError``). Pooling over channels is the maxout unit of Goodfellow
    et al. 2013 (arXiv 1302.4389); it can learn invariance to whatever its channels differ in.

    >>> cross_channel_max_pool(np.array([3, 1, 2, 5]).reshape(1, 4, 1, 1), 2).ravel()
    array([3., 5.])
    """
    return _blocks(x, groups).max(axis=2)


def cross_channel_max_pool_backward(dout, x, groups) -> np.ndarray:
    """Gradient of :func:`cross_channel_max_pool`: to the first maximum of each block, the rest gets 0.

    >>> x = np.array([3, 3, 2, 5]).reshape(1, 4, 1, 1)
    >>> cross_channel_max_pool_backward(np.array([7, 9]).reshape(1, 2, 1, 1), x, 2).ravel()
    array([7., 0., 0., 9.])
    """
    blocks = _blocks(x, groups)
    N, groups, depth, H, W = blocks.shape
    dout = check_dout(dout, (N, groups, H, W))
    dx = np.zeros(blocks.shape, np.result_type(dout, blocks))
    np.put_along_axis(dx, blocks.argmax(axis=2)[:, :, None], dout[:, :, None], axis=2)
    return dx.reshape(N, groups * depth, H, W)


def cross_channel_max_pool_backward_naive(dout, x, groups) -> np.ndarray:
    """The same as :func:`cross_channel_max_pool_backward`, as loops: find each winner, then pay it.

    >>> x = np.array([3, 3, 2, 5]).reshape(1, 4, 1, 1)
    >>> cross_channel_max_pool_backward_naive(np.array([7, 9]).reshape(1, 2, 1, 1), x, 2).ravel()
    array([7., 0., 0., 9.])
    """
    blocks = _blocks(x, groups)
    N, groups, depth, H, W = blocks.shape
    dout = check_dout(dout, (N, groups, H, W))
    dx = np.zeros(blocks.shape, np.result_type(dout, blocks))
    for n, f, i, j in np.ndindex(dout.shape):
        winner = 0
        for c in range(1, depth):
            if blocks[n, f, c, i, j] > blocks[n, f, winner, i, j]:
                winner = c
        dx[n, f, winner, i, j] = dout[n, f, i, j]
    return dx.reshape(N, groups * depth, H, W)
