"""3x3 convolution at stride 1 in a quarter of the multiplications: Winograd's F(4x4, 3x3).

Three taps over six pixels give four outputs, and six numbers multiplied pairwise are
enough for that instead of twelve: polynomials of degree 3 and 2 are multiplied by their
values at six points (Toom, Cook). In both directions at once 36 multiplications replace
144. S. Winograd, Arithmetic complexity of computations, SIAM 1980; A. Lavin and S. Gray,
Fast algorithms for convolutional neural networks, 2015, arXiv:1509.09308.
"""

from math import gcd, prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

# Lavin and Gray take the points 0, 1, -1, 2, -2. These four lie closer together on a
# logarithmic scale, which makes the largest rounding error five times smaller.
POINTS = (0.0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5))


def winograd_matrices(points=POINTS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``BT (6, 6), G (6, 3), AT (4, 6)`` for the five ``points`` and infinity.

    ``AT @ ((G @ taps) * (BT @ pixels))`` is the cross-correlation of six pixels with three taps.

    >>> BT, G, AT = winograd_matrices()
    >>> AT @ ((G @ [1, 0, -1]) * (BT @ [9, 8, 6, 3, -1, -6])).round(9)
    array([3., 5., 7., 9.])
    """
    others = [[q for q in points if q != p] for p in points]
    BT = np.array([[*np.poly(rest)[::-1], 0] for rest in others] + [np.poly(points)[::-1]])
    G = np.array(
        [np.power(p, range(3)) / np.prod(np.subtract(p, rest)) for p, rest in zip(points, others, strict=True)]
        + [[0, 0, 1]]
    )
    AT = np.array([np.power(p, range(4)) for p in points] + [[0, 0, 0, 1]]).T
    return BT, G, AT


BT, G, AT = winograd_matrices()
TILES = 128  # a block: enough for products of a good size, few enough for the cache


def transform_filters(w, u, taps) -> np.ndarray:
    """Filters ``w (F, C, 3, 3)`` at the 36 pairs of points: ``(36, C, F)``, in buffer ``u`` by way of ``taps``."""
    F, C = w.shape[:2]
    k = gcd(C, 16)  # channels a product; one alone is too small a matrix, all of them leave the cache
    taps = _cut(taps, C // k, 9, k, F)
    taps.reshape(C // k, 3, 3, k, F).transpose(4, 0, 3, 1, 2)[...] = w.reshape(F, C // k, k, 3, 3)
    u = _cut(u, 36, C, F)
    both = np.kron(G, G).astype(w.dtype)
    np.matmul(both, taps.reshape(C // k, 9, k * F), out=u.reshape(36, C // k, k * F).transpose(1, 0, 2))
    return u


def _cut(buffer, *shape) -> np.ndarray:
    """The first elements of a flat buffer as an array of this shape."""
    return buffer[: prod(shape)].reshape(shape)


def _sixes(lines) -> np.ndarray:
    """View of ``(..., 4 t + 2, d, L)``: lines ``4 t .. 4 t + 5`` of every tile, ``(..., d, t, 6, L)``."""
    *outer, n, d, L = lines.shape
    *steps, sn, sd, sl = lines.strides
    return as_strided(lines, (*outer, d, n // 4, 6, L), (*steps, sd, 4 * sn, sn, sl))


def transform_pixels(image, dilation, p, q) -> np.ndarray:
    """Tiles of ``image (g, (4 th + 2) dh, (4 tw + 2) dw, C)`` at the 36 points: ``(36, g dh th dw tw, C)``.

    Dilation d makes d interleaved images of rows and of columns; their tiles stand side by side.
    The image lies in buffer ``p``, which the result overwrites by way of ``q``: so both stay in the cache.
    """
    g, H, W, C = image.shape
    (dh, dw), bt = dilation, BT.astype(image.dtype)
    th, tw = H // (4 * dh), W // (4 * dw)
    rows = _cut(q, 6, g, dh, th, W * C)
    np.matmul(bt, _sixes(image.reshape(g, 4 * th + 2, dh, W * C)), out=rows.transpose(1, 2, 3, 0, 4))
    v = _cut(p, 6, 6, g * dh * th, dw, tw, C)
    np.matmul(bt, _sixes(rows.reshape(6, g * dh * th, 4 * tw + 2, dw, C)), out=v.transpose(0, 2, 3, 4, 1, 5))
    return v.reshape(36, -1, C)


def interpolate(m, g, th, tw, dilation, q, r) -> np.ndarray:
    """From values ``m (36, g dh th dw tw, F)`` at the points to outputs ``(g, 4 th dh, 4 tw dw, F)``, in ``q``."""
    (dh, dw), at, F = dilation, AT.astype(m.dtype), m.shape[2]
    z = _cut(r, 6, g, th, 4, dh, dw * tw * F)
    np.matmul(at, m.reshape(6, 6, g, dh, th, -1).transpose(1, 2, 3, 4, 0, 5), out=z.transpose(0, 1, 4, 2, 3, 5))
    y = _cut(q, 4 * g * dh * th, tw, 4, dw, F)
    np.matmul(at, z.reshape(6, -1, dw, tw, F).transpose(1, 2, 3, 0, 4), out=y.transpose(0, 3, 1, 2, 4))
    return y.reshape(g, 4 * th * dh, 4 * tw * dw, F)


def winograd(x, w, out, stride, padding, dilation) -> None:
    """3x3 filters at stride 1: 36 products of matrices, one for each pair of points.

    Tiles are taken a hundred or so at a time and filters by the dozen where there are many
    channels, so that what the steps hand to each other stays in the cache.

    Largest error in float32, in standard deviations of the output: 1e-5 at 64 channels, 2e-5
    at 512 (root mean square 1e-6 and 2e-6), some five times that of the other methods.
    """
    (N, C), (F, oh, ow), (dh, dw) = x.shape[:2], out.shape[1:], dilation
    blocks, (g, step, tw) = _blocks(N, oh, ow, dh, dw)
    some = F if C <= 128 else min(F, max(16, 24576 // C))  # filters a block
    kept = -(-F // some) if len(blocks) > 1 else 1  # a single block of tiles needs each transformed filter once
    size = _block_size(g, step, tw, dh, dw, C, max(C, some))
    p, q, r, us, taps = _buffers(x.dtype, size, size, 0 if some == F else size, kept * 36 * C * some, 9 * C * some)
    r, us = (p if some == F else r), us.reshape(kept, -1)
    lazily = (transform_filters(w[k * some : (k + 1) * some], us[k % kept], taps) for k in range(-(-F // some)))
    filters = list(lazily) if len(blocks) > 1 else lazily
    for n, t, rows in blocks:
        xs, first = x[n : n + g], 4 * t * dh
        image = _cut(p, len(xs), (4 * rows + 2) * dh, (4 * tw + 2) * dw, C)
        _load(xs, image, first - padding[0], padding[1], q)
        v = transform_pixels(image, dilation, p, q)
        for k, u in enumerate(filters):
            m = _cut(q, *v.shape[:2], u.shape[2])
            y = interpolate(np.matmul(v, u, out=m), len(xs), rows, tw, dilation, q, r)
            _store(y, out[n : n + g, k * some : (k + 1) * some, first : first + y.shape[1]], r)


def winograd_filters(dout, x, kernel_size, stride, padding, dilation) -> np.ndarray:
    """Gradient ``dw (F, C, 3, 3)`` of 3x3 filters at stride 1: every matrix of :func:`winograd`, transposed.

    Outputs are carried to the points by ``A``, multiplied there with the pixels, and the 36
    products summed over all tiles are carried back to the nine taps by ``G`` transposed.
    Largest error in float32: 1e-5 standard deviations of ``dw``.
    """
    (N, C), (F, oh, ow), (dh, dw) = x.shape[:2], dout.shape[1:], dilation
    blocks, (g, step, tw) = _blocks(N, oh, ow, dh, dw)
    size, n_points = _block_size(g, step, tw, dh, dw, C, max(C, F)), 36 * C * F
    p, q, s, total, product = _buffers(x.dtype, size, size, size, n_points, n_points if len(blocks) > 1 else 0)
    for n, t, rows in blocks:
        xs, first = x[n : n + g], 4 * t * dh
        given = _cut(p, len(xs), 4 * rows * dh, 4 * tw * dw, F)
        _load(dout[n : n + g], given, first, 0, q)
        m = spread(given, dilation, s, q)
        image = _cut(p, len(xs), (4 * rows + 2) * dh, (4 * tw + 2) * dw, C)
        _load(xs, image, first - padding[0], padding[1], q)
        v = transform_pixels(image, dilation, p, q)
        first_block = (n, t) == (0, 0)
        np.matmul(v.transpose(0, 2, 1), m, out=_cut(total if first_block else product, 36, C, F))
        if not first_block:
            total += product
    taps = np.kron(G, G).T.astype(x.dtype) @ total.reshape(36, C * F)
    return taps.reshape(3, 3, C, F).transpose(3, 2, 0, 1)


def spread(given, dilation, s, q) -> np.ndarray:
    """Adjoint of :func:`interpolate`: ``given (g, 4 th dh, 4 tw dw, F)`` to ``(36, g dh th dw tw, F)``, in ``s``."""
    g, H, W, F = given.shape
    (dh, dw), a = dilation, np.ascontiguousarray(AT.T, given.dtype)
    th, tw = H // (4 * dh), W // (4 * dw)
    rows = _cut(q, 6, g, dh, th, W * F)
    np.matmul(a, given.reshape(g, th, 4, dh, W * F).transpose(0, 3, 1, 2, 4), out=rows.transpose(1, 2, 3, 0, 4))
    m = _cut(s, 6, 6, g * dh * th, dw, tw, F)
    columns = rows.reshape(6, g * dh * th, tw, 4, dw, F).transpose(0, 1, 4, 2, 3, 5)
    np.matmul(a, columns, out=m.transpose(0, 2, 3, 4, 1, 5))
    return m.reshape(36, -1, F)


def _blocks(N, oh, ow, dh, dw) -> tuple[list, tuple]:
    """Blocks ``(first image, first tile row, tile rows)`` of about 128 tiles; images and rows a block, tiles a row."""
    th, tw = -(-oh // (4 * dh)), -(-ow // (4 * dw))
    g = min(N, max(1, TILES // (th * dh * tw * dw)))
    step = min(th, max(1, TILES // (dh * tw * dw))) if g == 1 else th
    step = -(-th // -(-th // step))  # rows as many in each block as can be
    return [(n, t, min(step, th - t)) for n in range(0, N, g) for t in range(0, th, step)], (g, step, tw)


def _block_size(g, step, tw, dh, dw, C, most) -> int:
    """Values that the largest array of a block has, with ``C`` channels in and at ``most`` channels anywhere."""
    width = (4 * tw + 2) * dw * g * dh
    return max((4 * step + 2) * width * C, 6 * step * width * most, 36 * g * step * dh * tw * dw * most)


def _buffers(dtype, *sizes) -> list[np.ndarray]:
    """Flat buffers of these sizes, in one piece: the system hands out large pieces anew, page by page, each time."""
    return np.split(np.empty(sum(sizes), dtype), np.cumsum(sizes)[:-1])


def _load(x, image, first, left, q) -> None:
    """Rows ``first`` and on of ``x (g, C, H, W)`` to ``image (g, rows, columns, C)``, zeros around."""
    image[...] = 0
    top, bottom = max(first, 0), min(first + image.shape[1], x.shape[2])
    x = x[:, :, top:bottom, : image.shape[2] - left]
    pixels = _cut(q, *x.shape)
    pixels[...] = x  # in the order of memory; the transposition then works in the cache
    image[:, top - first : bottom - first, left : left + x.shape[3]].transpose(0, 3, 1, 2)[...] = pixels


def _store(y, out, r) -> None:
    """Outputs ``y (g, rows, columns, F)`` to ``out (g, F, oh, ow)``, leaving out what lies beyond."""
    planes = _cut(r, *out.shape)
    for i in range(out.shape[2]):
        planes[:, :, i].transpose(0, 2, 1)[...] = y[:, i, : out.shape[3]]
    out[...] = planes
