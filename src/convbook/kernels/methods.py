"""Ways to compute one convolution: the same sums, in the order that suits a shape.

Each method writes the cross-correlation of ``x (N, C, H, W)``, zero-padded by ``padding``
rows and columns, with ``w (F, C, kh, kw)`` to ``out (N, F, oh, ow)``; ``stride``,
``padding`` and ``dilation`` are pairs. Nothing is checked here: :func:`convbook.kernels.conv2d` does that.

Errors stated are the largest in float32 against float64 over the benchmark's layers, in standard
deviations of the output, with normally distributed pixels and filters.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convbook.kernels.winograd import winograd


def method_for(x_shape, w_shape, output_size, stride, padding, dilation):
    """The method for one group of channels, by shape alone; the benchmark says what each rule earns.

    1. One channel and one filter (a group of a depthwise layer): no matrix to multiply.
    2. 1x1 at stride 1 without padding: the images are matrices already.
    3. 3x3 at stride 1: fewer multiplications, given channels and tiles enough to hide the
       transforms of pixels and filters, and tiles that do not mostly lie beyond the border.
    4. Rows whose product is small enough for BLAS to do without copying: a product a row.
    5. Anything else: products of whole images, one for each kernel row.

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
    if (kh, kw) == (3, 3) and stride == (1, 1) and min(C, F) >= 40 and 16 <= tiles <= N * oh * ow / 8:
        return winograd
    return bands if dh == 1 and ow >= 8 and F * C * kh * kw * min(ow, 64) <= 1_500_000 else strips


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

    Columns are unrolled over the kernel's width only, row by row: ``(H, C kw, ow)``. The
    ``kh`` rows under an output row then lie one after the other, a matrix that nobody has
    to build (M. Cho and D. Brand, MEC, 2017, arXiv:1706.06873). Error 3e-6.
    """
    (N, C, H, W), (F, _, kh, kw), (oh, ow) = x.shape, w.shape, out.shape[2:]
    (sh, sw), (ph, pw), dw = stride, padding, dilation[1]
    padded = np.zeros((C, H + 2 * ph, W + 2 * pw), x.dtype)
    sc, sy, sx = padded.strides
    windows = as_strided(padded, (H + 2 * ph, C, kw, ow), (sy, sc, dw * sx, sw * sx))
    unrolled = np.empty(windows.shape, x.dtype)
    sy, _, _, sx = unrolled.strides
    under = as_strided(unrolled, (oh, kh * C * kw, ow), (sh * sy, ow * sx, sx))
    filters = np.ascontiguousarray(w.transpose(0, 2, 1, 3)).reshape(F, kh * C * kw)
    step = columns_at_a_time(F * kh * C * kw, ow)
    for n in range(N):
        padded[:, ph : ph + H, pw : pw + W] = x[n]
        unrolled[...] = windows
        for j in range(0, ow, step):
            np.matmul(filters, under[:, :, j : j + step], out=out[n, :, :, j : j + step].transpose(1, 0, 2))


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


def strips(x, w, out, stride, padding, dilation) -> None:
    """One product a kernel row: many channels, any kernel, stride and dilation.

    Columns are unrolled over the kernel's width, not its height: ``(C kw, H, ow, n)``. The
    pixels under kernel row ``a`` are a range of rows of that, and no row of zeros is ever
    multiplied (on 7x7 images with padding 1 that is two rows in 21). Error 3e-6.
    """
    (N, C, H), (F, _, kh, kw), (oh, ow) = x.shape[:3], w.shape, out.shape[2:]
    filters = np.empty((kh, F, C, kw), w.dtype)
    copy_filters(w, filters.transpose(1, 2, 0, 3))
    filters = filters.reshape(kh, F, C * kw)
    unrolled = unrolled_columns(x, kw, stride[0], oh, ow)
    g = unrolled.shape[-1]
    product = np.empty(F * oh * ow * g, out.dtype)
    for n in range(0, N, g):
        n = min(n, N - g)  # the last images are done twice rather than in a smaller group
        unroll_columns(x[n : n + g], unrolled, stride[1], padding[1], dilation[1])
        sums = np.zeros((F, oh, ow * g), out.dtype)
        for a in range(kh):
            i, under = under_row(unrolled, H, stride[0], a * dilation[0] - padding[0], oh)
            some = product[: F * under.shape[1]].reshape(F, -1)
            np.matmul(filters[a], under, out=some)
            sums[:, i] += some.reshape(F, -1, ow * g)
        out[n : n + g] = sums.reshape(F, oh, ow, g).transpose(3, 0, 1, 2)


def copy_filters(source, target) -> None:
    """Copy filters ``(F, C, kh, kw)`` to another order of axes in memory.

    NumPy would run along the three or so taps, its shortest loop; a tap of many channels at
    a time, and few filters so that they stay in the cache, takes about half the time.
    """
    for f in range(0, len(source), 16):
        for a, b in np.ndindex(source.shape[2:]):
            target[f : f + 16, :, a, b] = source[f : f + 16, :, a, b]


def unrolled_columns(x, kw, sh, oh, ow) -> np.ndarray:
    """Zeros ``(C, kw, sh, rows, ow, g)`` for :func:`unroll_columns`: ``g`` images, a product of a good size.

    Rows that stride ``sh`` visits one after the other lie together.
    """
    N, C, H = x.shape[:3]
    return np.zeros((C, kw, sh, -(-H // sh), ow, min(N, max(1, 512 // (oh * ow)))), x.dtype)


def unroll_columns(x, unrolled, sw, pw, dw) -> None:
    """Copy the pixels of ``x (g, C, H, W)`` under each kernel column to ``unrolled``; the border stays."""
    H, W = x.shape[2:]
    _, kw, sh, _, ow, _ = unrolled.shape
    pixels = np.ascontiguousarray(x.transpose(1, 2, 3, 0))
    for b in range(kw):
        j, columns = overlap(W, sw, b * dw - pw, ow)
        for r in range(min(sh, H)):
            unrolled[:, b, r, : len(range(r, H, sh)), j] = pixels[:, r::sh, columns]


def under_row(unrolled, H, sh, offset, oh) -> tuple[slice, np.ndarray]:
    """Output rows that see pixels through the kernel row at ``offset``, and these pixels ``(C kw, rows ow g)``."""
    C, kw, *_, ow, g = unrolled.shape
    i, rows = overlap(H, sh, offset, oh)
    under = unrolled[:, :, rows.start % sh, rows.start // sh :]
    return i, as_strided(under, (C * kw, (i.stop - i.start) * ow * g), (unrolled.strides[1], unrolled.itemsize))
