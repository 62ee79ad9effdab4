"""Non-maximum suppression: of boxes that say the same, keep the surest."""

import numpy as np

from convbook.detection.boxes import as_corners
from convbook.detection.iou import box_iou


def check_scores(scores, boxes) -> np.ndarray:
    """``scores`` as floats, one a box; ``ValueError`` for another shape and for NaN, which has no place in an order.

    >>> check_scores([0.5, float("nan")], [[0, 0, 1, 1]] * 2)
    Traceback (most recent call last):
    ...
    ValueError: scores must not be NaN, got NaN for box 1
    """
    scores = np.asarray(scores, np.float64)
    if scores.shape != (len(boxes),):
        raise ValueError(f"scores must have shape ({len(boxes)},), one a box, got shape {scores.shape}")
    if np.isnan(scores).any():
        raise ValueError(f"scores must not be NaN, got NaN for box {np.isnan(scores).argmax()}")
    return scores


def check_threshold(iou_threshold) -> float:
    """A number from 0 to 1, or ``ValueError``.

    >>> check_threshold(50)
    Traceback (most recent call last):
    ...
    ValueError: iou_threshold must be from 0 to 1, got 50
    """
    if not 0 <= iou_threshold <= 1:
        raise ValueError(f"iou_threshold must be from 0 to 1, got {iou_threshold}")
    return float(iou_threshold)


def nms(boxes, scores, iou_threshold: float) -> np.ndarray:
    """Indices of the boxes that stay, best score first: ``boxes (N, 4)`` xyxy, ``scores (N,)`` -> ``(K,)`` int64.

    The best box is kept and removes all whose IoU with it is *above* the threshold; the best of the rest comes
    next. A removed box removes nobody. Of equal scores the lower index goes first. A box without area overlaps
    nothing and stays. No boxes, no indices. Raises ``ValueError`` for NaN scores and for a threshold outside 0 to 1.

    >>> boxes = [[0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]]  # A, B, C; neighbours have IoU 0.54, A and C 0.25
    >>> nms(boxes, [0.9, 0.8, 0.7], 0.5)  # A removes B, which therefore cannot remove C
    array([0, 2])
    >>> nms([], [], 0.5)
    array([], dtype=int64)
    """
    boxes = as_corners(boxes)
    scores, iou_threshold = check_scores(scores, boxes), check_threshold(iou_threshold)
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        order = rest[box_iou(boxes[best : best + 1], boxes[rest])[0] <= iou_threshold]
    return np.array(kept, np.int64)


def batched_nms(boxes, scores, classes, iou_threshold: float) -> np.ndarray:
    """:func:`nms` class by class: boxes of different ``classes (N,)`` leave each other alone. Best score first.

    >>> batched_nms([[0, 0, 2, 2]] * 3, [0.5, 0.9, 0.7], [1, 2, 1], 0.5)
    array([1, 2])
    """
    boxes, classes = as_corners(boxes), np.asarray(classes)
    scores = check_scores(scores, boxes)
    if classes.shape != scores.shape:
        raise ValueError(f"classes must have shape ({len(boxes)},), one a box, got shape {classes.shape}")
    check_threshold(iou_threshold)
    kept = np.zeros(len(boxes), bool)
    for name in np.unique(classes):
        (members,) = np.nonzero(classes == name)
        kept[members[nms(boxes[members], scores[members], iou_threshold)]] = True
    order = np.argsort(-scores, kind="stable")
    return order[kept[order]]
