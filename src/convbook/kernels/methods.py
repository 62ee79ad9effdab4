"""Ways to compute one convolution: the same sums, in the order that suits a shape.

Each method writes the cross-correlation of ``x (N, C, H, W)``, zero-padded by ``padding``
rows and columns, with ``w (F, C, kh, kw)`` to ``out (N, F, oh, ow)``; ``stride``,
``padding`` and ``dilation`` are pairs. Nothing is checked here: :func:`convbook.kernels.conv2d` does that.

Errors stated are the largest in float32 against float64 over the benchmark's layers, in standard
deviations of the output, with normally distributed pixels and filters.
"""

from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convbook.kernels.winograd import winograd


def method_for(x_shape, w_shape, output_size, stride, padding, dilation):
    """The method for one group of channels, by shape alone; the benchmark says what each rule earns.

    1. One channel and one filter (a group of a depthwise layer): no matrix to multiply.
    2. 1x1 at stride 1 without padding: the images are matrices already.
    3. 3x3 at stride 1: fewer multiplications, given channels and tiles enough to hide the
       transforms of pixels and filters, and tiles that do not mostly lie beyond the border.
    4. Long rows whose product is small enough for BLAS to do without copying: a product a row.
    5. Anything else: im2col, a block at a time.

    >>> method_for((8, 64, 56, 56), (64, 64, 3, 3), (56, 56), (1, 1), (1, 1), (1, 1)).__name__
    'winograd'
    >>> method_for((1, 3, 224, 224), (64, 3, 7, 7), (112, 112), (2, 2), (3, 3), (1, 1)).__name__
    'bands'
    """
    (N, C), (F, _, kh, kw), (oh, ow), (dh, dw) = x_shape[:2], w_shape, output_size, dilation
    if C == F == 1:
        return depthwise
    if (kh, kw) == stride == (1, 1) and padding == (0, 0):
        return pointwise
    tiles = N * -(-oh // (4 * dh)) * dh * -(-ow // (4 * dw)) * dw
    if (kh, kw) == (3, 3) and stride == (1, 1) and min(C, F) >= 16 and C * F >= 1000 and 32 <= tiles <= N * oh * ow / 8:
        return winograd
    return bands if dh == 1 and ow >= 16 and F * C * kh * kw * min(ow, 64) <= 1_500_000 else columns


def correlate(x, w, out, stride, padding, dilation, groups) -> None:
    """Write the convolution of ``x (N, C, H, W)`` with ``w (F, C/groups, kh, kw)`` to ``out``, group by group."""
    C, F, depth = x.shape[1], len(w), w.shape[1]
    if len(x) == 0:
        return
    if depth == 1 and groups > 1:
        several = F // groups  # filters a channel
        for f in range(several):
            depthwise(x, w[f::several], out[:, f::several], stride, padding, dilation)
        return
    each = F // groups
    method = method_for((len(x), depth), (each, *w.shape[1:]), out.shape[2:], stride, padding, dilation)
    for c, f in zip(range(0, C, depth), range(0, F, each), strict=True):
        method(x[:, c : c + depth], w[f : f + each], out[:, f : f + each], stride, padding, dilation)


def pointwise(x, w, out, stride, padding, dilation) -> None:
    """1x1 filters, stride 1, no padding: a matrix product an image. Error 4e-6."""
    N, C, H, W = x.shape
    filters = w[:, :, 0, 0]
    for n in range(N):
        np.matmul(filters, x[n].reshape(C, H * W), out=out[n].reshape(len(w), H * W))


def depthwise(x, w, out, stride, padding, dilation) -> None:
    """One filter a channel, ``w (C, 1, kh, kw)``: every tap scales a shifted image.

    The images shifted by 0, 1, .. ``kw - 1`` columns are copied side by side; shifts by rows
    are views. Then one einsum an image adds all ``kh kw`` of them up, whole images at a time.
    Error 1e-6.
    """
    C, ow = x.shape[1], out.shape[3]
    shifted = np.zeros((C, w.shape[3], x.shape[2] + 2 * padding[0], ow), x.dtype)
    for n in range(len(x)):
        shift_columns(x[n], shifted, stride[1], padding, dilation[1])
        lines = shifted_lines(shifted, w.shape[2], out.shape[2], stride[0], dilation[0])
        np.einsum("cabl,cab->cl", lines, w[:, 0], out=out[n].reshape(C, -1))


def shift_columns(image, shifted, sw, padding, dw) -> None:
    """Pixels ``image (C, H, W)`` under each kernel column: ``shifted (C, kw, H + 2 ph, ow)``, whose border stays."""
    (H, W), (ph, pw) = image.shape[1:], padding
    for b in range(shifted.shape[1]):
        j, columns = overlap(W, sw, b * dw - pw, shifted.shape[3])
        shifted[:, b, ph : ph + H, j] = image[:, :, columns]


def shifted_lines(shifted, kh, oh, sh, dh) -> np.ndarray:
    """From ``shifted (C, kw, rows, ow)`` the pixels under every tap as one line: ``(C, kh, kw, oh ow)``.

    At stride 1 a view. Otherwise a copy, because einsum over ``(oh, ow)`` takes ten times as long as over a line.
    """
    C, kw, _, ow = shifted.shape
    sc, sb, sy, sx = shifted.strides
    if sh == 1:
        return as_strided(shifted, (C, kh, kw, oh * ow), (sc, dh * sy, sb, sx))
    return as_strided(shifted, (C, kh, kw, oh, ow), (sc, dh * sy, sb, sh * sy, sx)).reshape(C, kh, kw, oh * ow)


def bands(x, w, out, stride, padding, dilation) -> None:
    """One product an output row, dilation 1 vertically: few channels.

    Columns are unrolled over the kernel's width only, row by row: ``(rows, C kw, ow)``. The
    ``kh`` rows under an output row then lie one after the other, a matrix that nobody has
    to build (M. Cho and D. Brand, MEC, 2017, arXiv:1706.06873). Error 4e-6.
    """
    (N, C, H, W), (F, _, kh, kw), (oh, ow) = x.shape, w.shape, out.shape[2:]
    (sh, sw), (ph, pw), dw = stride, padding, dilation[1]
    padded = np.zeros((C, H + 2 * ph, W + 2 * pw), x.dtype)
    sc, sy, sx = padded.strides
    windows = as_strided(padded, (H + 2 * ph, C, kw, ow), (sy, sc, dw * sx, sw * sx))
    band = min(oh, max(1, (150_000 // (C * kw * ow) - kh) // sh))  # output rows whose pixels stay in the cache
    unrolled = np.empty(((band - 1) * sh + kh, C, kw, ow), x.dtype)
    sy, _, _, sx = unrolled.strides
    under = as_strided(unrolled, (band, kh * C * kw, ow), (sh * sy, ow * sx, sx))
    filters = np.ascontiguousarray(w.transpose(0, 2, 1, 3)).reshape(F, kh * C * kw)
    step = columns_at_a_time(F * kh * C * kw, ow)
    for n in range(N):
        padded[:, ph : ph + H, pw : pw + W] = x[n]
        for i in range(0, oh, band):
            rows = out[n, :, i : i + band].transpose(1, 0, 2)
            some = windows[i * sh : (i + len(rows) - 1) * sh + kh]
            unrolled[: len(some)] = some
            for j in range(0, ow, step):
                np.matmul(filters, under[: len(rows), :, j : j + step], out=rows[:, :, j : j + step])


def columns_at_a_time(size: int, columns: int) -> int:
    """How many columns a product with a matrix of ``size`` values should have.

    Below a million multiply-adds OpenBLAS multiplies in place; above, it first copies both
    matrices into its own layout, which costs a third of the time here.
    """
    most = 1_000_000 // size // 16 * 16
    return most if 32 <= most < columns else columns


def overlap(size: int, stride: int, offset: int, count: int) -> tuple[slice, slice]:
    """Outputs ``i < count`` whose input ``i stride + offset`` lies in ``range(size)``, and those inputs.

    >>> overlap(5, 2, -1, 3)
    (slice(1, 3, None), slice(1, 4, 2))
    """
    first = max(0, -(offset // stride))
    last = max(first, min(count, (size - 1 - offset) // stride + 1))
    start = first * stride + offset
    return slice(first, last), slice(start, max(start, (last - 1) * stride + offset + 1), stride)


def columns(x, w, out, stride, padding, dilation) -> None:
    """im2col a block at a time, one product a block: any channels, kernel, stride and dilation.

    Laid out for a whole batch, the columns would leave the cache before they are read. Error 5e-6.
    """
    (F, _, kh, kw), (oh, ow) = w.shape, out.shape[2:]
    filters = contiguous_filters(w).reshape(F, -1)
    for images, rows, under in column_blocks(x, (kh, kw), (oh, ow), stride, padding, dilation):
        target = out[images, :, rows].transpose(1, 2, 3, 0)
        if target.shape[3] == 1:  # rows of one image: BLAS writes them where they belong
            np.matmul(filters, under, out=target.reshape(F, -1))
        else:
            target[...] = (filters @ under).reshape(target.shape)


def column_blocks(x, kernel_size, size, stride, padding, dilation):
    """Yield slices of images and of output rows, and the pixels under them ``(C kh kw, rows ow images)``.

    A block has 512 columns or more. Images stand innermost, so that a row of a small one is no short run;
    with stride ``sw`` each ``sw``-th column lies together, for the same reason. The next block overwrites the last.
    """
    (N, C, H, W), (kh, kw), (oh, ow) = x.shape, kernel_size, size
    (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    pixels = max(512, 250_000 // (C * kh * kw))
    g = min(N, max(1, pixels // (oh * ow)))
    step = -(-oh // -(-oh // min(oh, max(1, pixels // (ow * g)))))  # as many rows in each block as can be
    padded = np.zeros((C, sw, H + 2 * ph, -(-(W + 2 * pw) // sw), g), x.dtype)
    buffer = np.empty(C * kh * kw * step * ow * g, x.dtype)
    for n in range(0, N, g):
        images = x[n : n + g].transpose(1, 2, 3, 0)
        for r in range(sw):
            j, every = overlap(W, sw, r - pw, padded.shape[3])
            padded[:, r, ph : ph + H, j, : images.shape[3]] = images[:, :, every]
        for i in range(0, oh, step):
            shape = C, kh, kw, min(step, oh - i), ow, images.shape[3]
            under = buffer[: prod(shape)].reshape(shape)
            for a, b in np.ndindex(kh, kw):
                top, left = i * sh + a * dh, b * dw // sw
                rows = slice(top, top + (shape[3] - 1) * sh + 1, sh)
                under[:, a, b] = padded[:, b * dw % sw, rows, left : left + ow, : shape[5]]
            yield slice(n, n + g), slice(i, i + step), under.reshape(C * kh * kw, -1)


def contiguous_filters(w) -> np.ndarray:
    """Filters ``(F, C, kh, kw)`` one after the other in memory; a copy unless they are.

    NumPy would run along the three or so taps, its shortest loop; a tap of many channels at
    a time, and few filters so that they stay in the cache, takes about half the time.
    """
    if w.flags.c_contiguous:
        return w
    out = np.empty(w.shape, w.dtype)
    for f in range(0, len(w), 16):
        for a, b in np.ndindex(w.shape[2:]):
            out[f : f + 16, :, a, b] = w[f : f + 16, :, a, b]
    return out
