"""Average precision as COCO defines it: ten thresholds, 101 points of recall, crowds, sizes and classes.

An image's detections are ``boxes (D, 4), scores (D,), labels (D,)``; its objects ``boxes (G, 4), labels (G,)``, and
may say ``crowd (G,)``: a region of many, which takes any number of detections and need not be found; ``ignore (G,)``:
need not be found, takes one; and ``area (G,)``, that of a mask, where it is not the box's.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from convbook.detection.boxes import as_corners, box_area
from convbook.detection.iou import box_intersection
from convbook.detection.nms import check_scores

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AREAS = {"all": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
LIMITS = (1, 10, 100)  # detections that count, an image and class


@dataclass(frozen=True)
class Detections:
    """What a detector says of one image."""

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Objects:
    """What there is in one image."""

    boxes: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray | None = None
    ignore: np.ndarray | None = None
    area: np.ndarray | None = None


class Known(NamedTuple):
    """The same, with nothing left open."""

    boxes: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray
    ignore: np.ndarray
    area: np.ndarray


def column(values, count: int, name: str, default=None) -> np.ndarray:
    """``values (count,)``, or the default where there are none; ``ValueError`` for another shape.

    >>> column([1, 2], 3, "labels")
    Traceback (most recent call last):
    ...
    ValueError: labels must have shape (3,), one a box, got shape (2,)
    """
    array = np.full(count, default) if values is None else np.asarray(values)
    if array.shape != (count,):
        raise ValueError(f"{name} must have shape ({count},), one a box, got shape {array.shape}")
    return array


def check_image(d: Detections, g: Objects) -> tuple[Detections, Known]:
    """Both with every field an array of its length."""
    boxes, objects = as_corners(d.boxes, "detected boxes"), as_corners(g.boxes, "boxes of objects")
    crowd = column(g.crowd, len(objects), "crowd", False).astype(bool)
    return (
        Detections(boxes, check_scores(d.scores, boxes), column(d.labels, len(boxes), "labels of detections")),
        Known(
            objects,
            column(g.labels, len(objects), "labels of objects"),
            crowd,
            column(g.ignore, len(objects), "ignore", False).astype(bool) | crowd,
            box_area(objects) if g.area is None else column(g.area, len(objects), "area").astype(float),
        ),
    )


def crowd_iou(boxes, objects, crowd) -> np.ndarray:
    """IoU, but with a crowd the share of the *detection* that lies in it: ``(D, G)``; 0 where there is no area.

    >>> crowd_iou([[0, 0, 2, 2]], [[0, 0, 8, 8], [0, 0, 8, 8]], np.array([False, True]))
    array([[0.0625, 1.    ]])
    """
    intersection = box_intersection(boxes, objects)
    area = box_area(boxes)[:, None]
    union = np.where(crowd, area, area + box_area(objects) - intersection)
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)


def match(iou, ignored, crowd) -> tuple[np.ndarray, np.ndarray]:
    """Greedy matching at every threshold: is each detection matched ``(T, D)``, and is it to an ignored object?

    Detections come best score first. A detection takes the free object it overlaps most, the last of equals, and an
    ignored one only where no other reaches the threshold. A crowd is never used up.
    """
    T, (D, G) = len(THRESHOLDS), iou.shape
    matched, to_ignored = np.zeros((T, D), bool), np.zeros((T, D), bool)
    free = np.ones((T, G), bool)
    for d in range(D if G else 0):
        open_ = (free | crowd) & (iou[d] >= np.minimum(THRESHOLDS, 1 - 1e-10)[:, None])
        wanted = open_ & ~ignored
        candidates = np.where(wanted.any(axis=1, keepdims=True), wanted, open_)
        (hit,) = np.nonzero(candidates.any(axis=1))
        g = G - 1 - np.where(candidates, iou[d], -1)[hit, ::-1].argmax(axis=1)
        free[hit, g] = False
        matched[hit, d], to_ignored[hit, d] = True, ignored[g]
    return matched, to_ignored


def judge(d: Detections, g: Known, label, area: tuple[float, float], limit: int):
    """One class in one image: scores ``(D,)``, right ``(T, D)``, not counted ``(T, D)``, and how many to find."""
    mine, theirs = d.labels == label, g.labels == label
    order = np.argsort(-d.scores[mine], kind="stable")[:limit]
    boxes, scores = d.boxes[mine][order], d.scores[mine][order]
    low, high = area
    ignored = g.ignore[theirs] | (g.area[theirs] < low) | (g.area[theirs] > high)
    crowd = g.crowd[theirs]
    matched, to_ignored = match(crowd_iou(boxes, g.boxes[theirs], crowd), ignored, crowd)
    size = box_area(boxes)
    skipped = to_ignored | (~matched & ((size < low) | (size > high)))
    return scores, matched & ~skipped, skipped, int((~ignored).sum())


def curve(scores, right, skipped, objects: int) -> tuple[np.ndarray, float]:
    """Precision at each of 101 recalls, ``(101,)``, and the recall reached; detections in any order.

    Recall that is not reached has precision 0.
    """
    order = np.argsort(-scores, kind="stable")
    right, wrong = right[order], ~(right | skipped)[order]
    found, lost = np.cumsum(right), np.cumsum(wrong)
    recall, precision = found / objects, found / np.maximum(found + lost, 1)
    envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0)
    return envelope[np.searchsorted(recall, RECALLS, side="left")], float(recall[-1]) if len(recall) else 0.0


def evaluate(images, area: str = "all", limit: int = 100) -> tuple[np.ndarray, np.ndarray, list]:
    """Precision ``(T, K, 101)`` and recall ``(T, K)`` of the K classes that have objects to find, and these classes.

    ``images`` are pairs that :func:`check_image` has seen.
    """
    classes = sorted({label for d, g in images for label in (*np.unique(g.labels), *np.unique(d.labels))})
    precisions, recalls, found = [], [], []
    for label in classes:
        judged = [judge(d, g, label, AREAS[area], limit) for d, g in images]
        objects = sum(count for *_, count in judged)
        if not objects:
            continue
        scores, right, skipped = (np.concatenate([part[k] for part in judged], axis=-1) for k in range(3))
        curves = [curve(scores, right[t], skipped[t], objects) for t in range(len(THRESHOLDS))]
        precisions.append([precision for precision, _ in curves])
        recalls.append([recall for _, recall in curves])
        found.append(label)
    T = len(THRESHOLDS)
    precision = np.array(precisions).reshape(-1, T, len(RECALLS)).transpose(1, 0, 2)
    return precision, np.array(recalls).reshape(-1, T).T, found


def mean(values) -> float:
    """Mean of all values, NaN of none."""
    return float(np.mean(values)) if np.size(values) else float("nan")


def coco_ap(detections, objects) -> dict[str, float]:
    """COCO's twelve figures, over images: ``AP``, ``AP50``, ``AP75``, ``AP_small`` ..., ``AR1``, ..., ``AR_large``.

    ``detections`` and ``objects`` are lists of :class:`Detections` and :class:`Objects`, one an image. Means over
    classes that have an object to find and, unless the name says otherwise, over IoU .5, .55, ... .95, the 100
    best detections an image and class. A figure with nothing to find is NaN (pycocotools prints -1); objects without
    any detection give 0. Raises ``ValueError`` for lists of different lengths, NaN scores, swapped corners.

    >>> truth = [Objects([[0, 0, 10, 10], [20, 20, 60, 60]], [0, 1])]
    >>> found = [Detections([[0, 0, 10, 8], [20, 20, 60, 60]], [0.9, 0.8], [0, 1])]  # IoU .8 and 1
    >>> {name: round(value, 4) for name, value in coco_ap(found, truth).items() if name[:3] != "AR_"}
    {'AP': 0.85, 'AP50': 1.0, 'AP75': 1.0, 'AP_small': 0.7, 'AP_medium': 1.0, 'AP_large': nan,
     'AR1': 0.85, 'AR10': 0.85, 'AR100': 0.85}
    """
    if len(detections) != len(objects):
        raise ValueError(f"detections and objects must pair, one an image, got {len(detections)} and {len(objects)}")
    images = [check_image(d, g) for d, g in zip(detections, objects, strict=True)]
    runs = {area: evaluate(images, area) for area in AREAS}
    precision = runs["all"][0]
    figures = {"AP": mean(precision), "AP50": mean(precision[0]), "AP75": mean(precision[5])}
    figures |= {f"AP_{area}": mean(runs[area][0]) for area in ("small", "medium", "large")}
    figures |= {f"AR{limit}": mean(evaluate(images, "all", limit)[1]) for limit in LIMITS[:-1]}
    figures |= {"AR100": mean(runs["all"][1])}
    return figures | {f"AR_{area}": mean(runs[area][1]) for area in ("small", "medium", "large")}
