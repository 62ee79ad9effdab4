"""Gradients of one convolution, by shape: the adjoints of the methods forward.

As there, ``x (N, C, H, W)`` is zero-padded by ``padding``, and ``stride``, ``padding`` and
``dilation`` are pairs. Input gradients are written to ``dx (N, C, H, W)``, filter gradients
returned as ``dw (F, C, kh, kw)``; ``dout (N, F, oh, ow)``.

Largest errors of ``dw`` in float32, in its standard deviations, over the benchmark's layers: 4e-6 by
strips, 2e-6 by bands, 2e-6 pointwise, 1e-6 depthwise; those of ``dx`` are those of the method forward.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convbook.kernels.methods import (
    bands,
    copy_filters,
    correlate,
    method_for,
    overlap,
    pointwise,
    shift_columns,
    shifted_lines,
    under_row,
    unroll_columns,
    unrolled_columns,
)
from convbook.kernels.winograd import winograd, winograd_filters


def input_gradient(dout, w, dx, stride, padding, dilation, groups) -> None:
    """Write to ``dx`` what ``dout`` gives back: at stride 1 a convolution with the filters turned round."""
    (F, depth, kh, kw), (dh, dw), (ph, pw) = w.shape, dilation, padding
    border = dh * (kh - 1) - ph, dw * (kw - 1) - pw
    whole = dout.shape[2] + border[0] - ph, dout.shape[3] + border[1] - pw
    if stride == (1, 1) and dx.shape[2:] == whole:  # otherwise a transposed convolution with output padding
        turned = w.reshape(groups, F // groups, depth, kh, kw).swapaxes(1, 2)[..., ::-1, ::-1]
        turned = turned.reshape(groups * depth, F // groups, kh, kw)  # a view unless there are groups
        # padding beyond the kernel's reach saw only zeros: those outputs have nothing to give back
        top, left = max(0, -border[0]), max(0, -border[1])
        dout = dout[:, :, top : dout.shape[2] - top, left : dout.shape[3] - left]
        correlate(dout, turned, dx, stride, (max(0, border[0]), max(0, border[1])), dilation, groups)
        return
    each = F // groups
    for g in range(groups):
        filters, channels = slice(g * each, (g + 1) * each), slice(g * depth, (g + 1) * depth)
        scatter(dout[:, filters], w[filters], dx[:, channels], stride, padding, dilation)


def scatter(dout, w, dx, stride, padding, dilation) -> None:
    """Any stride: one product an image gives every window's gradient; each tap adds its share (col2im)."""
    (N, C, H, W), (F, _, kh, kw), (oh, ow) = dx.shape, w.shape, dout.shape[2:]
    (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    dx[...] = 0
    windows = np.empty((C, kh, kw, oh, ow), dx.dtype)
    for n in range(N):
        np.matmul(w.reshape(F, -1).T, dout[n].reshape(F, -1), out=windows.reshape(C * kh * kw, oh * ow))
        for a in range(kh):
            i, rows = overlap(H, sh, a * dh - ph, oh)
            for b in range(kw):
                j, columns = overlap(W, sw, b * dw - pw, ow)
                dx[n, :, rows, columns] += windows[:, a, b, i, j]


def filter_gradient(dout, x, kernel_size, stride, padding, dilation, groups) -> np.ndarray:
    """``dw (F, C/groups, kh, kw)``, by the adjoint of the method that is chosen forward."""
    N, C, F, depth = len(x), x.shape[1], dout.shape[1], x.shape[1] // groups
    dw = np.zeros((F, depth, *kernel_size), x.dtype)
    if N == 0:
        return dw
    if depth == 1 and groups > 1:
        several = F // groups
        for f in range(several):
            dw[f::several, 0] = depthwise_filters(dout[:, f::several], x, kernel_size, stride, padding, dilation)
        return dw
    each = F // groups
    method = method_for((N, depth), (each, depth, *kernel_size), dout.shape[2:], stride, padding, dilation)
    adjoint = {pointwise: pointwise_filters, winograd: winograd_filters, bands: band_filters}.get(method, strip_filters)
    if (
        method is winograd and each * depth > 64 * N * dout.shape[2] * dout.shape[3]
    ):  # 36 gradients for 9 taps are not hidden by the products
        adjoint = strip_filters
    for c, f in zip(range(0, C, depth), range(0, F, each), strict=True):
        some = dout[:, f : f + each], x[:, c : c + depth]
        copy_filters(adjoint(*some, kernel_size, stride, padding, dilation), dw[f : f + each])
    return dw


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


def strip_filters(dout, x, kernel_size, stride, padding, dilation) -> np.ndarray:
    """Any filters: one product for each kernel row and group of images, the rows of zeros left out."""
    (N, C, H), (kh, kw), (F, oh, ow) = x.shape[:3], kernel_size, dout.shape[1:]
    unrolled = unrolled_columns(x, kw, stride[0], oh, ow)
    g = unrolled.shape[-1]
    total = np.empty((kh, F, C * kw), x.dtype)
    product = np.empty((F, C * kw), x.dtype)
    for n in range(0, N, g):
        first = min(n, N - g)  # the last group is filled up with images that have been counted ..
        unroll_columns(x[first : first + g], unrolled, stride[1], padding[1], dilation[1])
        given = dout[first : first + g].transpose(1, 2, 3, 0).copy()
        given[..., : n - first] = 0  # .. whose share is left out
        for a in range(kh):
            i, under = under_row(unrolled, H, stride[0], a * dilation[0] - padding[0], oh)
            np.matmul(given[:, i].reshape(F, -1), under.T, out=product if n else total[a])
            if n:
                total[a] += product
    return total.reshape(kh, F, C, kw).transpose(1, 2, 0, 3)
