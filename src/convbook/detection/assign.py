"""Which anchors answer for which object, which ones for background, and which ones are left in peace."""

import numpy as np

from convbook.detection.boxes import as_corners
from convbook.detection.iou import box_iou

POSITIVE, NEGATIVE, IGNORED = 1, 0, -1


def assign_anchors(anchors, gt, pos: float = 0.7, neg: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Labels ``(N,)`` of ``anchors (N, 4)`` given the objects ``gt (M, 4)``, xyxy, and the object of each positive one.

    An anchor is positive (1) where its best IoU is at least ``pos``, negative (0) where it is below ``neg``, and
    ignored (-1) between. Then each object makes its best anchor positive (all of them, if several are equally
    good), however low their IoU, as long as they overlap: otherwise an object between the anchors would be
    learned by none (Ren et al. 2015). Such an anchor answers for the object that chose it; of several, for the one
    it overlaps most, then the first. ``matched`` is the index of the object, -1 for anchors that are not positive.

    Without objects all anchors are negative. Raises ``ValueError`` unless ``0 <= neg <= pos <= 1``.

    >>> anchors = [[0, 0, 10, 10], [0, 0, 10, 14], [5, 0, 15, 10], [90, 0, 99, 9]]
    >>> assign_anchors(anchors, [[0, 0, 10, 10], [85, 0, 95, 10]])
    (array([ 1,  1, -1,  1]), array([ 0,  0, -1,  1]))
    """
    anchors, gt = as_corners(anchors, "anchors"), as_corners(gt, "gt")
    if not 0 <= neg <= pos <= 1:
        raise ValueError(f"thresholds must obey 0 <= neg <= pos <= 1, got neg={neg} and pos={pos}")
    if not len(gt) or not len(anchors):
        return np.full(len(anchors), NEGATIVE), np.full(len(anchors), -1)
    iou = box_iou(anchors, gt)
    best = iou.max(axis=1)
    labels = np.where(best >= pos, POSITIVE, np.where(best < neg, NEGATIVE, IGNORED))
    matched = np.where(best >= pos, iou.argmax(axis=1), -1)
    best_of_object = iou.max(axis=0)
    chosen = (iou == best_of_object) & (best_of_object > 0)
    forced = chosen.any(axis=1)
    labels[forced] = POSITIVE
    matched[forced] = np.where(chosen, iou, -1).argmax(axis=1)[forced]
    return labels, matched
