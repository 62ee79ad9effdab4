"""im2col, which lays every window out as a column, and its adjoint fold, which adds them back where they came from."""

from collections.abc import Iterator

import numpy as np

from convbook.kernels.conv import as_float, pad2d
from convbook.kernels.sizes import conv_output_size, pair


def _check(x, kernel_size, stride, padding, dilation):
    """Check every argument of :func:`im2col`; return ``x``, pairs and the output size."""
    x = as_float(x, "x", 4, "(N, C, H, W)")
    kh, kw = pair("kernel_size", kernel_size, 1)
    (sh, sw), (dh, dw), (ph, pw) = pair("stride", stride, 1), pair("dilation", dilation, 1), pair("padding", padding, 0)
    size = conv_output_size(x.shape[2], kh, sh, ph, dh), conv_output_size(x.shape[3], kw, sw, pw, dw)
    return x, (kh, kw), (sh, sw), (ph, pw), (dh, dw), size


def im2col_naive(x, kernel_size, stride=1, padding=0, dilation=1) -> np.ndarray:
    """The same as :func:`im2col`, as loops: which pixel every window sees at every place.

    >>> im2col_naive(np.arange(6.0).reshape(1, 1, 2, 3), (2, 2))
    array([[[0., 1.],
            [1., 2.],
            [3., 4.],
            [4., 5.]]])
    """
    x, (kh, kw), (sh, sw), (ph, pw), (dh, dw), (oh, ow) = _check(x, kernel_size, stride, padding, dilation)
    x = pad2d(x, (ph, pw))
    N, C = x.shape[:2]
    cols = np.zeros((N, C * kh * kw, oh * ow), x.dtype)
    for n in range(N):
        for c in range(C):
            for a in range(kh):
                for b in range(kw):
                    for i in range(oh):
                        for j in range(ow):
                            pixel = x[n, c, i * sh + a * dh, j * sw + b * dw]
                            cols[n, (c * kh + a) * kw + b, i * ow + j] = pixel
    return cols


def _windows(x, kernel_size, stride, dilation, output_size) -> np.ndarray:
    """View of padded ``x`` with axes ``(N, C, kh, kw, oh, ow)``: every window, nothing copied."""
    N, C = x.shape[:2]
    sn, sc, sy, sx = x.strides
    return np.lib.stride_tricks.as_strided(
        x,
        (N, C, *kernel_size, *output_size),
        (sn, sc, sy * dilation[0], sx * dilation[1], sy * stride[0], sx * stride[1]),
    )


def im2col(x, kernel_size, stride=1, padding=0, dilation=1) -> np.ndarray:
    """Every window of ``x (N, C, H, W)`` as a column: ``(N, C kh kw, oh ow)``, PyTorch's ``unfold``.

    Rows run over channel, kernel row, kernel column; columns over output row, output column.

    >>> im2col(np.arange(6.0).reshape(1, 1, 2, 3), (2, 2))
    array([[[0., 1.],
            [1., 2.],
            [3., 4.],
            [4., 5.]]])
    """
    x, (kh, kw), stride, padding, dilation, (oh, ow) = _check(x, kernel_size, stride, padding, dilation)
    windows = _windows(pad2d(x, padding), (kh, kw), stride, dilation, (oh, ow))
    return windows.reshape(len(x), x.shape[1] * kh * kw, oh * ow)


unfold, unfold_naive = im2col, im2col_naive


def tap_slices(kernel_size, stride, dilation, output_size) -> Iterator[tuple[int, int, tuple]]:
    """Yield ``(a, b, index)``: ``padded[index]`` is what kernel place ``a, b`` meets, one value an output.

    All arguments are pairs. Within one tap no pixel comes twice, so ``+=`` on it loses nothing.

    >>> line = np.arange(5)[None]
    >>> [line[index].tolist() for a, b, index in tap_slices((1, 3), (1, 2), (1, 1), (1, 2))]
    [[[0, 2]], [[1, 3]], [[2, 4]]]
    """
    (kh, kw), (sh, sw), (dh, dw), (oh, ow) = kernel_size, stride, dilation, output_size
    for a in range(kh):
        for b in range(kw):
            rows = slice(a * dh, a * dh + (oh - 1) * sh + 1, sh)
            columns = slice(b * dw, b * dw + (ow - 1) * sw + 1, sw)
            yield a, b, (..., rows, columns)


def _prepare(cols, output_size, kernel_size, stride, padding, dilation):
    """Check every argument; return cols as ``(N, C, kh, kw, oh, ow)`` and the pairs."""
    cols = as_float(cols, "cols", 3, "(N, C kh kw, oh ow)")
    H, W = pair("output_size", output_size, 1)
    kh, kw = pair("kernel_size", kernel_size, 1)
    (sh, sw), (dh, dw), (ph, pw) = pair("stride", stride, 1), pair("dilation", dilation, 1), pair("padding", padding, 0)
    oh, ow = conv_output_size(H, kh, sh, ph, dh), conv_output_size(W, kw, sw, pw, dw)
    N, rows, columns = cols.shape
    if rows % (kh * kw):
        raise ValueError(f"cols of shape {cols.shape} must have a multiple of kh kw = {kh}*{kw} rows, got {rows}")
    if columns != oh * ow:
        raise ValueError(
            f"cols of shape {cols.shape} has {columns} columns, but a {H}x{W} image has {oh}x{ow} = {oh * ow} windows"
        )
    return cols.reshape(N, rows // (kh * kw), kh, kw, oh, ow), (H, W), (sh, sw), (ph, pw), (dh, dw)


def fold_naive(cols, output_size, kernel_size, stride=1, padding=0, dilation=1) -> np.ndarray:
    """The same as :func:`fold`, as loops: every value of every window goes home.

    >>> fold_naive(unfold(np.ones((1, 1, 1, 4)), (1, 2)), (1, 4), (1, 2))
    array([[[[1., 2., 2., 1.]]]])
    """
    cols, (H, W), (sh, sw), (ph, pw), (dh, dw) = _prepare(cols, output_size, kernel_size, stride, padding, dilation)
    N, C, kh, kw, oh, ow = cols.shape
    x = np.zeros((N, C, H, W), cols.dtype)
    for n in range(N):
        for c in range(C):
            for i in range(oh):
                for j in range(ow):
                    for a in range(kh):
                        for b in range(kw):
                            y, z = i * sh + a * dh - ph, j * sw + b * dw - pw
                            if 0 <= y < H and 0 <= z < W:
                                x[n, c, y, z] += cols[n, c, a, b, i, j]
    return x


def fold(cols, output_size, kernel_size, stride=1, padding=0, dilation=1) -> np.ndarray:
    """Sum overlapping windows into images: ``(N, C kh kw, oh ow) -> (N, C, H, W)``, PyTorch's ``fold``.

    The adjoint of :func:`unfold`, not its inverse: ``<unfold(x), v> = <x, fold(v)>``, and a
    pixel that k windows hold comes back k times. What falls on the padding is dropped.

    Parameters
    ----------
    cols : rows over channel, kernel row, kernel column; columns over output row, output column.
    output_size : int or ``(H, W)``, the size of the images that were unfolded.
    kernel_size, stride, padding, dilation : int or pair, as in :func:`unfold`.

    Raises
    ------
    ValueError where the rows are no multiple of ``kh kw`` or the columns are not ``oh ow``.

    >>> fold(unfold(np.ones((1, 1, 5, 5)), 3), 5, 3)[0, 0]  # how many windows hold each pixel
    array([[1., 2., 3., 2., 1.],
           [2., 4., 6., 4., 2.],
           [3., 6., 9., 6., 3.],
           [2., 4., 6., 4., 2.],
           [1., 2., 3., 2., 1.]])
    """
    cols, (H, W), stride, (ph, pw), dilation = _prepare(cols, output_size, kernel_size, stride, padding, dilation)
    N, C, kh, kw, oh, ow = cols.shape
    x = np.zeros((N, C, H + 2 * ph, W + 2 * pw), cols.dtype)
    for a, b, index in tap_slices((kh, kw), stride, dilation, (oh, ow)):
        x[index] += cols[:, :, a, b]
    return x[:, :, ph : ph + H, pw : pw + W].copy() if ph or pw else x
