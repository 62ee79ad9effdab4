"""Gradients of one convolution, by shape: the adjoints of the methods forward.

As there, ``x (N, C, H, W)`` is zero-padded by ``padding``, and ``stride``, ``padding`` and
``dilation`` are pairs. Input gradients are written to ``dx (N, C, H, W)``, filter gradients
returned as ``dw (F, C, kh, kw)``; ``dout (N, F, oh, ow)``.

Largest errors of ``dw`` in float32, in its standard deviations, over the benchmark's layers: 5e-6 by
columns, 2e-6 by bands, 2e-6 pointwise, 1e-6 depthwise, 1e-5 by Winograd; those of ``dx`` are those of the
method forward, and 3e-6 by :func:`scatter`.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convbook.kernels.methods import (
    bands,
    column_blocks,
    columns,
    contiguous_filters,
    correlate,
    method_for,
    overlap,
    pointwise,
    shift_columns,
    shifted_lines,
)
from convbook.kernels.winograd import winograd, winograd_filters


def input_gradient(dout, w, dx, stride, padding, dilation, groups) -> None:
    """Write to ``dx`` what ``dout`` gives back: at stride 1 a convolution with the filters turned round."""
    (F, depth, kh, kw), (dh, dw), (ph, pw) = w.shape, dilation, padding
    border, each = (dh * (kh - 1) - ph, dw * (kw - 1) - pw), F // groups
    whole = dout.shape[2] + border[0] - ph, dout.shape[3] + border[1] - pw
    method = method_for((len(dx), each), (depth, each, kh, kw), dx.shape[2:], stride, border, dilation)
    turning_pays = method is not columns or depth > each  # the filters' copy is as large as the columns it saves
    if stride == (1, 1) and dx.shape[2:] == whole and turning_pays:  # no output padding of a transposed convolution
        turned = w.reshape(groups, each, depth, kh, kw).swapaxes(1, 2)[..., ::-1, ::-1]
        turned = turned.reshape(groups * depth, each, kh, kw)  # a view unless there are groups
        # padding beyond the kernel's reach saw only zeros: those outputs have nothing to give back
        top, left = max(0, -border[0]), max(0, -border[1])
        dout = dout[:, :, top : dout.shape[2] - top, left : dout.shape[3] - left]
        correlate(dout, turned, dx, stride, (max(0, border[0]), max(0, border[1])), dilation, groups)
        return
    for g in range(groups):
        filters, channels = slice(g * each, (g + 1) * each), slice(g * depth, (g + 1) * depth)
        scatter(dout[:, filters], w[filters], dx[:, channels], stride, padding, dilation)


def scatter(dout, w, dx, stride, padding, dilation) -> None:
    """Any stride: a product gives the gradients of some rows of windows; each tap adds its share (col2im)."""
    (N, C, H, W), (F, _, kh, kw), (oh, ow) = dx.shape, w.shape, dout.shape[2:]
    (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    filters, step = w.reshape(F, -1).T, max(1, 500_000 // (C * kh * kw * ow))
    dx[...] = 0
    for n in range(N):
        for first in range(0, oh, step):
            given = dout[n, :, first : first + step].reshape(F, -1)
            windows = (filters @ given).reshape(C, kh, kw, -1, ow)
            for a in range(kh):
                i, y = overlap(H, sh, first * sh + a * dh - ph, windows.shape[3])
                for b in range(kw):
                    j, z = overlap(W, sw, b * dw - pw, ow)
                    dx[n, :, y, z] += windows[:, a, b, i, j]


def filter_gradient(dout, x, kernel_size, stride, padding, dilation, groups) -> np.ndarray:
    """``dw (F, C/groups, kh, kw)``, by the adjoint of the method that is chosen forward."""
    N, C, F, depth, each = len(x), x.shape[1], dout.shape[1], x.shape[1] // groups, dout.shape[1] // groups
    arguments = kernel_size, stride, padding, dilation
    if N == 0:
        return np.zeros((F, depth, *kernel_size), x.dtype)
    if depth == 1 and groups > 1:
        dw = np.empty((F, 1, *kernel_size), x.dtype)
        for f in range(each):
            dw[f::each, 0] = depthwise_filters(dout[:, f::each], x, *arguments)
        return dw
    method = method_for((N, depth), (each, depth, *kernel_size), dout.shape[2:], stride, padding, dilation)
    adjoints = {pointwise: pointwise_filters, winograd: winograd_filters, bands: band_filters}
    adjoint = adjoints.get(method, column_filters)
    if method is winograd and each * depth > 200 * N * dout.shape[2] * dout.shape[3]:
        adjoint = column_filters  # so few pixels do not hide 36 gradients for 9 taps
    parts = [
        contiguous_filters(adjoint(dout[:, f : f + each], x[:, c : c + depth], *arguments))
        for c, f in zip(range(0, C, depth), range(0, F, each), strict=True)
    ]
    return parts[0] if groups == 1 else np.concatenate(parts)


def pointwise_filters(dout, x, kernel_size, stride, padding, dilation) -> np.ndarray:
    """1x1 filters: a product an image."""
    (N, C), F = x.shape[:2], dout.shape[1]
    dw, product = np.empty((F, C), x.dtype), np.empty((F, C), x.dtype)
    for n in range(N):
        np.matmul(dout[n].reshape(F, -1), x[n].reshape(C, -1).T, out=product if n else dw)
        if n:
            dw += product
    return dw.reshape(F, C, 1, 1)


def depthwise_filters(dout, x, kernel_size, stride, padding, dilation) -> np.ndarray:
    """One filter a channel: ``dw (C, kh, kw)``, a dot product for each tap and image."""
    (N, C, H), (kh, kw), (oh, ow) = x.shape[:3], kernel_size, dout.shape[2:]
    shifted = np.zeros((C, kw, H + 2 * padding[0], ow), x.dtype)
    total = np.zeros((C, kh, kw), x.dtype)
    for n in range(N):
        shift_columns(x[n], shifted, stride[1], padding, dilation[1])
        lines = shifted_lines(shifted, kh, oh, stride[0], dilation[0])
        total += np.vecdot(lines, dout[n].reshape(C, 1, 1, oh * ow))
    return total


def band_filters(dout, x, kernel_size, stride, padding, dilation) -> np.ndarray:
    """Few channels: windows in full, a few output rows of them at a time so that they stay in the cache."""
    (N, C, H, W), (kh, kw), (F, oh, ow) = x.shape, kernel_size, dout.shape[1:]
    (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    padded = np.zeros((C, H + 2 * ph, W + 2 * pw), x.dtype)
    sc, sy, sx = padded.strides
    windows = as_strided(padded, (C, kh, kw, oh, ow), (sc, dh * sy, dw * sx, sh * sy, sw * sx))
    step = max(1, 130_000 // (C * kh * kw * ow))
    total = np.zeros((C * kh * kw, F), x.dtype)
    for n in range(N):
        padded[:, ph : ph + H, pw : pw + W] = x[n]
        for i in range(0, oh, step):
            some = windows[:, :, :, i : i + step].reshape(C * kh * kw, -1)
            total += some @ dout[n, :, i : i + step].reshape(F, -1).T
    return total.T.reshape(F, C, kh, kw)


def column_filters(dout, x, kernel_size, stride, padding, dilation) -> np.ndarray:
    """Any filters: the blocks of columns that the forward pass multiplied with ``w``, multiplied with ``dout``."""
    C, (kh, kw), (F, oh, ow) = x.shape[1], kernel_size, dout.shape[1:]
    total, product = np.empty((2, F, C * kh * kw), x.dtype)
    for images, rows, under in column_blocks(x, kernel_size, (oh, ow), stride, padding, dilation):
        given = dout[images, :, rows].transpose(1, 2, 3, 0).reshape(F, -1)
        first = images.start == rows.start == 0
        np.matmul(given, under.T, out=total if first else product)
        if not first:
            total += product
    return total.reshape(F, C, kh, kw)
