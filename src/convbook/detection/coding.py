"""Boxes as adjustments of anchors, ``tx, ty, tw, th``: what the heads of a detector predict."""

import numpy as np

from convbook.detection.boxes import as_corners, cxcywh_to_xyxy, xyxy_to_cxcywh

# A side grows at most 62.5 times: exp of a wild prediction would overflow. The bound of Detectron and torchvision.
MAX_LOG = float(np.log(1000 / 16))


def as_std(std) -> np.ndarray:
    """Four positive numbers, or ``ValueError``.

    >>> as_std((0.1, 0.1, 0.2))
    Traceback (most recent call last):
    ...
    ValueError: std must be four positive numbers, got (0.1, 0.1, 0.2)
    """
    array = np.asarray(std, np.float64)
    if array.shape != (4,) or not (array > 0).all():
        raise ValueError(f"std must be four positive numbers, got {std}")
    return array


def with_area(boxes, name: str) -> np.ndarray:
    """``boxes (N, 4)`` as centre and size, or ``ValueError`` where a side is 0: a logarithm of it is taken.

    >>> with_area([[1, 1, 1, 5]], "anchors")
    Traceback (most recent call last):
    ...
    ValueError: anchors must have a positive width and height, got [1.0, 1.0, 1.0, 5.0]
    """
    boxes = as_corners(boxes, name)
    flat = (boxes[:, 2:] <= boxes[:, :2]).any(axis=1)
    if flat.any():
        raise ValueError(f"{name} must have a positive width and height, got {boxes[flat][0].tolist()}")
    return xyxy_to_cxcywh(boxes)


def check_pairs(a, b, names: tuple[str, str]) -> None:
    """``ValueError`` unless both have as many rows.

    >>> check_pairs([1, 2], [1], ("boxes", "anchors"))
    Traceback (most recent call last):
    ...
    ValueError: boxes and anchors must come in pairs, got 2 and 1
    """
    if len(a) != len(b):
        raise ValueError(f"{names[0]} and {names[1]} must come in pairs, got {len(a)} and {len(b)}")


def encode_boxes(boxes, anchors, std=(1, 1, 1, 1)) -> np.ndarray:
    """What moves each anchor onto its box, ``(N, 4)`` rows ``tx, ty, tw, th``; both xyxy, row by row.

    ``tx = (x - xa) / wa``, ``ty = (y - ya) / ha``, ``tw = log(w / wa)``, ``th = log(h / ha)`` with centres
    and sizes (Girshick et al. 2014; Ren et al. 2015, arXiv 1506.01497), each divided by its ``std``, which
    brings the four to about the same spread. Raises ``ValueError`` where a side is 0 or the rows do not pair.

    >>> encode_boxes([[10, 20, 30, 60]], [[0, 0, 20, 20]]).round(4)
    array([[0.5   , 1.5   , 0.    , 0.6931]])
    """
    boxes, anchors = with_area(boxes, "boxes"), with_area(anchors, "anchors")
    check_pairs(boxes, anchors, ("boxes", "anchors"))
    shifts = (boxes[:, :2] - anchors[:, :2]) / anchors[:, 2:]
    return np.concatenate([shifts, np.log(boxes[:, 2:] / anchors[:, 2:])], axis=1) / as_std(std)


def decode_boxes(deltas, anchors, std=(1, 1, 1, 1)) -> np.ndarray:
    """The inverse of :func:`encode_boxes`: ``deltas (N, 4)`` on ``anchors (N, 4)`` give boxes ``(N, 4)``, xyxy.

    ``tw`` and ``th`` above ``log(1000 / 16)`` count as that, so that no prediction overflows. ``ValueError`` for
    deltas that are not finite, anchors without area, or rows that do not pair.

    >>> decode_boxes([[0.5, 1.5, 0, np.log(2)]], [[0, 0, 20, 20]])
    array([[10., 20., 30., 60.]])
    >>> decode_boxes([[0, 0, 99, 0]], [[0, 0, 16, 16]])[:, 2] - 8
    array([500.])
    """
    deltas, anchors = np.asarray(deltas, np.float64), with_area(anchors, "anchors")
    if deltas.shape == (0,):
        deltas = deltas.reshape(0, 4)
    if deltas.ndim != 2 or deltas.shape[1] != 4 or not np.isfinite(deltas).all():
        raise ValueError(f"deltas must be finite, of shape (N, 4), got shape {deltas.shape}: {deltas!r}")
    check_pairs(deltas, anchors, ("deltas", "anchors"))
    deltas = deltas * as_std(std)
    centres = anchors[:, :2] + deltas[:, :2] * anchors[:, 2:]
    return cxcywh_to_xyxy(
        np.concatenate([centres, anchors[:, 2:] * np.exp(np.minimum(deltas[:, 2:], MAX_LOG))], axis=1)
    )
