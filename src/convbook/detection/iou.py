"""How much two boxes overlap: intersection over union, and the generalised one that also tells how far apart they are.

Zero area has a stated answer: a box without area overlaps nothing, its IoU is 0 with every box, itself included.
"""

import numpy as np

from convbook.detection.boxes import as_corners, box_area


def box_intersection(a, b) -> np.ndarray:
    """Area that each of ``a (N, 4)`` shares with each of ``b (M, 4)``, xyxy: ``(N, M)``.

    Both sides are cut off at 0: two boxes apart on both axes would else share a positive area, minus times minus.

    >>> box_intersection([[0, 0, 2, 2]], [[1, 1, 3, 3], [3, 3, 5, 5]])
    array([[1., 0.]])
    """
    a, b = as_corners(a, "a"), as_corners(b, "b")
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    width, height = np.moveaxis(np.maximum(bottom_right - top_left, 0), -1, 0)
    return width * height


def box_iou(a, b) -> np.ndarray:
    """Intersection over union of each of ``a (N, 4)`` with each of ``b (M, 4)``, xyxy: ``(N, M)``, from 0 to 1.

    Where the union has no area the answer is 0. ``ValueError`` where corners are swapped or numbers not finite.

    >>> box_iou([[0, 0, 2, 2]], [[1, 0, 3, 2], [4, 4, 6, 6], [0, 0, 2, 2]]).round(4)
    array([[0.3333, 0.    , 1.    ]])
    >>> box_iou([[30, 140, 160, 265]], [[30, 140, 160, 253]])  # a lecture's box, and the part inside its image
    array([[0.904]])
    >>> box_iou([[1, 1, 1, 1]], [[1, 1, 1, 1]])
    array([[0.]])
    """
    intersection = box_intersection(a, b)
    union = box_area(a)[:, None] + box_area(b)[None, :] - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)


def box_giou(a, b) -> np.ndarray:
    """Generalised IoU, ``IoU - (hull - union) / hull``, the hull the smallest box around both: ``(N, M)``, -1 to 1.

    It falls on as two disjoint boxes move apart, where IoU is 0 and has no slope (Rezatofighi et al. 2019,
    arXiv 1902.09630). Where the hull has no area the answer is 0. Errors as in :func:`box_iou`.

    >>> box_giou([[0, 0, 1, 1]], [[0, 0, 1, 1], [1, 0, 2, 1], [3, 0, 4, 1], [9, 0, 10, 1]])
    array([[ 1. ,  0. , -0.5, -0.8]])
    """
    a, b = as_corners(a, "a"), as_corners(b, "b")
    intersection = box_intersection(a, b)
    union = box_area(a)[:, None] + box_area(b)[None, :] - intersection
    sides = np.maximum(a[:, None, 2:], b[None, :, 2:]) - np.minimum(a[:, None, :2], b[None, :, :2])
    hull = sides[..., 0] * sides[..., 1]
    iou = np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)
    return iou - np.divide(hull - union, hull, out=np.zeros_like(hull), where=hull > 0)
