"""Average precision of one class as Pascal VOC defines it: how good a list of detections is, best score first."""

import numpy as np

from convbook.detection.boxes import as_corners
from convbook.detection.iou import box_iou
from convbook.detection.nms import check_scores, check_threshold


def precision_recall(scores, correct, objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall after each detection, best score first: two arrays ``(D,)``.

    ``correct (D,)`` says of each whether it found an object of its own, ``objects`` is how many there are.

    >>> precision_recall([0.9, 0.8, 0.7], [True, False, True], objects=4)
    (array([1.        , 0.5       , 0.66666667]), array([0.25, 0.25, 0.5 ]))
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    found = np.cumsum(np.asarray(correct, bool)[order])
    return found / np.arange(1, len(found) + 1), found / objects


def interpolated(precision, recall) -> float:
    """Area below the curve once each precision is raised to the best one at that recall or more.

    >>> round(interpolated([1, 0.5, 2 / 3], [0.25, 0.25, 0.5]), 4)  # 0.25 * 1 + 0.25 * 2 / 3
    0.4167
    """
    envelope = np.maximum.accumulate(np.asarray(precision)[::-1])[::-1]
    return float((np.diff(recall, prepend=0) * envelope).sum())


def judge(boxes, scores, gt, difficult, iou_threshold) -> tuple[np.ndarray, np.ndarray]:
    """Of one image's detections, best score first: which found an object, and which do not count at all."""
    correct, skipped = np.zeros(len(boxes), bool), np.zeros(len(boxes), bool)
    if len(gt) and len(boxes):
        iou = box_iou(boxes, gt)
        taken = np.zeros(len(gt), bool)
        for d in np.argsort(-scores, kind="stable"):
            g = iou[d].argmax()
            if iou[d, g] < iou_threshold:
                continue
            skipped[d] = difficult[g]
            correct[d] = not (difficult[g] or taken[g])
            taken[g] = True
    return correct, skipped


def average_precision(dets, gts, iou_threshold: float = 0.5, difficult=None) -> float:
    """Average precision of one class over images, from 0 to 1 (Everingham et al. 2010, all points since 2010).

    ``dets`` has one pair ``boxes (D, 4), scores (D,)`` an image, ``gts`` the objects ``(G, 4)`` of each image, xyxy.
    Detections of all images are ranked together. One is right where the object it overlaps most reaches the threshold
    and no better detection has taken it; a second one on the same object is wrong. An object marked in ``difficult``
    (a list of ``(G,)`` booleans) need not be found, and a detection of it does not count either way.

    No detections give 0. Without any object the answer is NaN: there is nothing to find. Raises ``ValueError``
    where lengths differ and for NaN scores.

    >>> gts = [[[0, 0, 10, 10]], [[0, 0, 10, 10]]]
    >>> dets = [([[0, 0, 10, 10], [1, 0, 10, 10]], [0.9, 0.8]), ([[0, 0, 10, 11]], [0.7])]
    >>> round(average_precision(dets, gts), 4)  # right, a second time on the same object: wrong, right
    0.8333
    """
    check_threshold(iou_threshold)
    if len(dets) != len(gts):
        raise ValueError(f"dets and gts must have one entry an image, got {len(dets)} and {len(gts)}")
    gts = [as_corners(gt, f"gts[{n}]") for n, gt in enumerate(gts)]
    hard = [np.zeros(len(gt), bool) for gt in gts] if difficult is None else [np.asarray(d, bool) for d in difficult]
    if [h.shape for h in hard] != [(len(gt),) for gt in gts]:
        raise ValueError(f"difficult must have one answer an object, got {[h.shape for h in hard]}")
    scores, correct = [np.zeros(0)], [np.zeros(0, bool)]
    for n, (boxes, image_scores) in enumerate(dets):
        boxes = as_corners(boxes, f"the boxes of dets[{n}]")
        image_scores = check_scores(image_scores, boxes)
        found, skipped = judge(boxes, image_scores, gts[n], hard[n], iou_threshold)
        scores.append(image_scores[~skipped])
        correct.append(found[~skipped])
    objects = sum(int((~h).sum()) for h in hard)
    if not objects:
        return float("nan")
    return float(interpolated(*precision_recall(np.concatenate(scores), np.concatenate(correct), objects)))
