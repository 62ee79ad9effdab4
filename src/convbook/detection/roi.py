"""Regions of a feature map brought to one size: by the maximum of whole cells, or by interpolation between them.

``feat (C, H, W)`` is the map of one image, ``rois (R, 4)`` are boxes in pixels of that image, xyxy, and ``scale`` is
cells per pixel, 1 / stride. In the coordinates of this package the centre of cell x lies at x + 0.5.
"""

import numpy as np

from convbook.detection.boxes import as_corners
from convbook.kernels.adaptive import adaptive_bins
from convbook.kernels.conv import as_float
from convbook.kernels.pool import check_dout
from convbook.kernels.sizes import pair, whole


def check_rois(feat, rois, out_size, scale):
    """The arguments checked: ``feat`` as floats, ``rois`` in cells of the map, the output size as a pair."""
    feat, rois = as_float(feat, "feat", 3, "(C, H, W)"), as_corners(rois, "rois")
    if not feat.size:
        raise ValueError(f"feat must not be empty, got shape {feat.shape}")
    if not scale > 0:
        raise ValueError(f"scale must be positive (cells per pixel), got {scale}")
    return feat, rois * scale, pair("out_size", out_size, 1)


def pool_bins(low: float, high: float, bins: int, size: int, inclusive: bool = False) -> list[tuple[int, int]]:
    """First cell and end of each bin along one axis of length ``size``, for a box from ``low`` to ``high``.

    Both edges are rounded to whole cells, halves up, and at least one cell is taken. Bins share a cell where their
    number does not divide it. What lies outside of the map is cut off, which may leave a bin empty.

    >>> pool_bins(0.4, 6.6, 2, 8)
    [(0, 4), (3, 7)]
    >>> pool_bins(-3, 1, 2, 8)
    [(0, 0), (0, 1)]
    """
    start, end = int(np.floor(low + 0.5)), int(np.floor(high + 0.5))
    extent = max(end - start + bool(inclusive), 1)
    return [
        (min(max(start + first, 0), size), min(max(start + last, 0), size))
        for first, last in adaptive_bins(extent, bins)
    ]


def pool_windows(feat, rois, out_size, inclusive):
    """Each bin that is not empty: ``r, i, j`` and its slice of ``feat``."""
    for r, (x1, y1, x2, y2) in enumerate(rois):
        for i, (top, bottom) in enumerate(pool_bins(y1, y2, out_size[0], feat.shape[1], inclusive)):
            for j, (left, right) in enumerate(pool_bins(x1, x2, out_size[1], feat.shape[2], inclusive)):
                if top < bottom and left < right:
                    yield r, i, j, (slice(None), slice(top, bottom), slice(left, right))


def roi_pool(feat, rois, out_size, scale: float = 1.0, inclusive: bool = False) -> np.ndarray:
    """Maximum of each bin of each box: ``feat (C, H, W)``, ``rois (R, 4)`` -> ``(R, C, oh, ow)``.

    Bins as in :func:`pool_bins`; an empty one gives 0. ``inclusive`` counts the last cell as the original code does
    (Girshick 2015; also torchvision and ONNX): a box from 0 to 7 then has 8 cells instead of 7. Raises
    ``ValueError`` for swapped corners, an empty map, sizes below 1 and a scale that is not positive.

    >>> feat = np.arange(64).reshape(1, 8, 8)
    >>> roi_pool(feat, [[0, 3, 7, 8]], 2)[0, 0]  # 7 x 5 cells: the bins are uneven
    array([[43., 46.],
           [59., 62.]])
    """
    feat, rois, out_size = check_rois(feat, rois, out_size, scale)
    out = np.zeros((len(rois), len(feat), *out_size), feat.dtype)
    for r, i, j, window in pool_windows(feat, rois, out_size, inclusive):
        out[r, :, i, j] = feat[window].max(axis=(1, 2))
    return out


def roi_pool_backward(dout, feat, rois, out_size, scale: float = 1.0, inclusive: bool = False) -> np.ndarray:
    """Gradient of :func:`roi_pool` to the map: ``dout (R, C, oh, ow)`` -> ``(C, H, W)``.

    Each bin's gradient goes to its maximum, the first of equal ones; what several bins and boxes send to one cell
    adds up. The boxes get none: rounding has no slope.

    >>> roi_pool_backward(np.ones((2, 1, 1, 1)), [[[1, 5], [2, 3]]], [[0, 0, 2, 2], [1, 0, 2, 2]], 1)
    array([[[0., 2.],
            [0., 0.]]])
    """
    feat, rois, out_size = check_rois(feat, rois, out_size, scale)
    dout = check_dout(dout, (len(rois), len(feat), *out_size))
    dfeat = np.zeros(feat.shape, np.result_type(dout, feat))
    channels = np.arange(len(feat))
    for r, i, j, window in pool_windows(feat, rois, out_size, inclusive):
        a, b = np.unravel_index(feat[window].reshape(len(feat), -1).argmax(axis=1), feat[window].shape[1:])
        dfeat[channels, window[1].start + a, window[2].start + b] += dout[r, :, i, j]
    return dfeat


def align_matrix(low: float, high: float, bins: int, size: int, samples: int = 2, aligned: bool = True) -> np.ndarray:
    """Weight of each of ``size`` cells in each of ``bins``, ``(bins, size)``, along one axis.

    A bin is the mean of ``samples`` evenly spaced points (0: as many as it has cells, rounded up), and a point
    weighs its two neighbours by distance: ``max(0, 1 - |point - cell|)``. Up to one cell beyond the border counts
    as the border, further out as 0.

    >>> align_matrix(0.5, 2.5, 1, 4)  # points at 1 and 2, on the edges of cells
    array([[0.25, 0.5 , 0.25, 0.  ]])
    """
    extent = high - low
    if not aligned:  # the first version: no half cell, and nothing smaller than a cell
        extent = max(extent, 1.0)
    count = samples or max(int(np.ceil(extent / bins)), 1)
    points = low + (np.arange(bins * count) + 0.5) * extent / (bins * count) - 0.5 * aligned
    inside = (points >= -1) & (points <= size)
    distance = np.abs(np.clip(points, 0, size - 1)[:, None] - np.arange(size))
    weights = np.maximum(1 - distance, 0) * inside[:, None]
    return weights.reshape(bins, count, size).mean(axis=1)


def align_matrices(feat, rois, out_size, samples, aligned):
    """The two matrices of each box, rows and columns."""
    samples = whole("samples", samples, 0)
    for x1, y1, x2, y2 in rois:
        yield (
            align_matrix(y1, y2, out_size[0], feat.shape[1], samples, aligned).astype(feat.dtype),
            align_matrix(x1, x2, out_size[1], feat.shape[2], samples, aligned).astype(feat.dtype),
        )


def roi_align(feat, rois, out_size, scale: float = 1.0, samples: int = 2, aligned: bool = True) -> np.ndarray:
    """Mean of ``samples²`` interpolated points a bin: ``feat (C, H, W)``, ``rois (R, 4)`` -> ``(R, C, oh, ow)``.

    Nothing is rounded (He et al. 2017, arXiv 1703.06870), so on a linear ramp the result is the ramp at the centre
    of each bin. Points form a grid and their weights are products, so a box is ``A feat B^T`` with the matrices of
    :func:`align_matrix`. ``samples=0`` takes as many as cells. ``aligned=False`` is the first version, half a cell
    off and with boxes of at least one cell. Errors as in :func:`roi_pool`.

    >>> ramp = np.arange(8) + 0.5 + np.zeros((1, 8, 1))  # the value of a cell is the x of its centre
    >>> roi_align(ramp, [[1.2, 2, 5.2, 4]], (1, 2))
    array([[[[2.2, 4.2]]]])
    """
    feat, rois, out_size = check_rois(feat, rois, out_size, scale)
    out = np.zeros((len(rois), len(feat), *out_size), feat.dtype)
    for r, (rows, columns) in enumerate(align_matrices(feat, rois, out_size, samples, aligned)):
        out[r] = rows @ feat @ columns.T
    return out


def roi_align_backward(dout, feat, rois, out_size, scale=1.0, samples=2, aligned=True) -> np.ndarray:
    """Gradient of :func:`roi_align` to the map: ``sum over r of A^T dout[r] B``, ``(C, H, W)``.

    >>> roi_align_backward([[[[8]]]], np.zeros((1, 1, 4)), [[0.5, 0, 2.5, 1]], 1)
    array([[[2., 4., 2., 0.]]])
    """
    feat, rois, out_size = check_rois(feat, rois, out_size, scale)
    dout = check_dout(dout, (len(rois), len(feat), *out_size))
    dfeat = np.zeros(feat.shape, np.result_type(dout, feat))
    for r, (rows, columns) in enumerate(align_matrices(feat, rois, out_size, samples, aligned)):
        dfeat += rows.T @ dout[r] @ columns
    return dfeat
