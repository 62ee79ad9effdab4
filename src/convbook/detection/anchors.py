"""Anchors: the boxes that a region proposal network starts from, and the order in which its outputs meet them."""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.sizes import whole


def positives(name: str, values) -> np.ndarray:
    """One or more positive numbers as a flat float array, or ``ValueError``.

    >>> positives("scales", [32, -1])
    Traceback (most recent call last):
    ...
    ValueError: scales must be positive numbers, got [32, -1]
    """
    array = np.atleast_1d(np.asarray(values, np.float64))
    if array.ndim != 1 or not len(array) or not (np.isfinite(array).all() and (array > 0).all()):
        raise ValueError(f"{name} must be positive numbers, got {values}")
    return array


def anchor_shapes(scales, ratios) -> np.ndarray:
    """Width and height of each anchor, ``(k, 2)``, scale by scale and within it ratio by ratio.

    A ratio is height / width; a scale is the side of the square of the same area, in pixels.

    >>> anchor_shapes([10, 20], [0.25, 1])
    array([[20.,  5.],
           [10., 10.],
           [40., 10.],
           [20., 20.]])
    """
    scales, roots = positives("scales", scales)[:, None], np.sqrt(positives("ratios", ratios))
    return np.stack([scales / roots, scales * roots], axis=-1).reshape(-1, 2)


def make_anchors(h, w, stride, scales, ratios) -> np.ndarray:
    """Anchors of an ``h x w`` feature map, ``(h w k, 4)``, xyxy in pixels of the image, ordered (y, x, k).

    ``stride`` (a number, or one for y and one for x) is how many pixels one cell covers; an anchor's centre is
    that of its cell, ``((x + 0.5) stride, (y + 0.5) stride)``. ``scales`` and ``ratios`` as in
    :func:`anchor_shapes`, ``k = len(scales) len(ratios)``. Anchors may stick out of the image.
    Raises ``ValueError`` for sizes, strides, scales or ratios that are not positive.

    >>> len(make_anchors(40, 60, 16, [128, 256, 512], [0.5, 1, 2]))  # Faster R-CNN, Ren et al. 2015
    21600
    >>> make_anchors(1, 2, 16, [8], [1])
    array([[ 4.,  4., 12., 12.],
           [20.,  4., 28., 12.]])
    """
    h, w = whole("h", h, 1), whole("w", w, 1)
    strides = positives("stride", stride)
    if len(strides) > 2:
        raise ValueError(f"stride must be a number or a pair (y, x), got {stride}")
    sy, sx = strides[0], strides[-1]
    half = anchor_shapes(scales, ratios) / 2
    y, x = np.meshgrid((np.arange(h) + 0.5) * sy, (np.arange(w) + 0.5) * sx, indexing="ij")
    centres = np.stack([x, y], axis=-1).reshape(-1, 1, 2)
    return np.concatenate([centres - half, centres + half], axis=-1).reshape(-1, 4)


def rpn_flatten(x, k) -> np.ndarray:
    """Outputs of a 1x1 head in the order of the anchors: ``(B, k m, h, w) -> (B, h w k, m)``.

    Channel ``a m + c`` holds number c of anchor a. The channels must come last before any reshape: a reshape
    alone gives the right shape and wrong rows. ``ValueError`` where k does not divide the channels.

    >>> x = np.arange(8).reshape(1, 4, 1, 2)  # k = 2 anchors with m = 2 numbers each, on a 1x2 map
    >>> rpn_flatten(x, 2)[0]
    array([[0., 2.],
           [4., 6.],
           [1., 3.],
           [5., 7.]])
    """
    x, k = as_float(x, "x", 4, "(B, k m, h, w)"), whole("k", k, 1)
    B, channels, h, w = x.shape
    if channels % k:
        raise ValueError(f"k={k} anchors do not divide the {channels} channels of x, shape {x.shape}")
    return x.transpose(0, 2, 3, 1).reshape(B, h * w * k, channels // k)
