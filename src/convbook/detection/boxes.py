"""Boxes and their formats. One convention holds everywhere: ``(N, 4)`` floats ``x1, y1, x2, y2`` in pixels.

Coordinates are continuous: x to the right, y down, the left edge of the first pixel is 0, the right edge of
the last one is the width of the image. So a box of width ``x2 - x1`` covers so many pixels, with no +1. Whatever
comes in another format is converted at the door.
"""

import numpy as np


def as_boxes(boxes, name: str = "boxes") -> np.ndarray:
    """Return ``boxes (..., 4)`` as floats; an empty list is no box at all, ``(0, 4)``.

    Raises ``ValueError`` for another last axis, and for numbers that are not real or not finite.

    >>> as_boxes([]).shape
    (0, 4)
    >>> as_boxes([[1, 2, 3]])
    Traceback (most recent call last):
    ...
    ValueError: boxes must have four numbers along their last axis, got shape (1, 3)
    """
    boxes = np.asarray(boxes)
    if boxes.shape == (0,):
        return np.zeros((0, 4))
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ValueError(f"{name} must have four numbers along their last axis, got shape {boxes.shape}")
    if boxes.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {boxes.dtype}")
    boxes = boxes.astype(np.float64) if boxes.dtype.kind != "f" else boxes
    if not np.isfinite(boxes).all():
        bad = boxes[~np.isfinite(boxes).all(axis=-1)][0]
        raise ValueError(f"{name} must be finite, got {bad.tolist()}")
    return boxes


def as_corners(boxes, name: str = "boxes") -> np.ndarray:
    """Return ``boxes (N, 4)`` in the convention, or raise ``ValueError``: a right edge is never left of the left one.

    Width and height may be 0.

    >>> as_corners([[30, 140, 20, 150]])
    Traceback (most recent call last):
    ...
    ValueError: boxes must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2, got [30.0, 140.0, 20.0, 150.0] (x, y, w, h?)
    """
    boxes = as_boxes(boxes, name)
    if boxes.ndim != 2:
        raise ValueError(f"{name} must have shape (N, 4), got shape {boxes.shape}")
    wrong = (boxes[:, 2:] < boxes[:, :2]).any(axis=1)
    if wrong.any():
        raise ValueError(
            f"{name} must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2, got {boxes[wrong][0].tolist()} (x, y, w, h?)"
        )
    return boxes


def xywh_to_xyxy(boxes) -> np.ndarray:
    """Corner and size to two corners: ``x, y, w, h -> x, y, x + w, y + h``; any leading axes.

    >>> xywh_to_xyxy([30, 140, 130, 125])  # Data C182 lecture 10
    array([ 30., 140., 160., 265.])
    """
    boxes = as_boxes(boxes)
    return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)


def xyxy_to_xywh(boxes) -> np.ndarray:
    """Two corners to corner and size; any leading axes.

    >>> xyxy_to_xywh([30, 140, 160, 265])
    array([ 30., 140., 130., 125.])
    """
    boxes = as_boxes(boxes)
    return np.concatenate([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], axis=-1)


def cxcywh_to_xyxy(boxes) -> np.ndarray:
    """Centre and size to two corners; any leading axes.

    >>> cxcywh_to_xyxy([95, 202.5, 130, 125])
    array([ 30., 140., 160., 265.])
    """
    boxes = as_boxes(boxes)
    return np.concatenate([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], axis=-1)


def xyxy_to_cxcywh(boxes) -> np.ndarray:
    """Two corners to centre and size; any leading axes.

    >>> xyxy_to_cxcywh([30, 140, 160, 265])
    array([ 95. , 202.5, 130. , 125. ])
    """
    boxes = as_boxes(boxes)
    return np.concatenate([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], axis=-1)


def as_size(size_wh) -> np.ndarray:
    """Width and height as four numbers ``w, h, w, h``, or ``ValueError``.

    >>> as_size((377, 0))
    Traceback (most recent call last):
    ...
    ValueError: size_wh must be a positive width and height, got (377, 0)
    """
    size = np.asarray(size_wh, np.float64)
    if size.shape != (2,) or not (np.isfinite(size).all() and (size > 0).all()):
        raise ValueError(f"size_wh must be a positive width and height, got {size_wh}")
    return np.concatenate([size, size])


def normalize_boxes(boxes, size_wh) -> np.ndarray:
    """Pixels to fractions of the image of ``size_wh`` (width, height): x and w over the width, y and h over the height.

    The same division serves all formats. A box inside its image has corners from 0 to 1; where one is beyond,
    the box leaves the image, as this one of Data C182 lecture 10 does:

    >>> box = xywh_to_xyxy([30, 140, 130, 125])
    >>> normalize_boxes(box, (377, 253)).round(4)
    array([0.0796, 0.5534, 0.4244, 1.0474])
    >>> normalize_boxes([509, 128, 424, 896], (1697, 1281)).round(2)  # x, y, w, h
    array([0.3 , 0.1 , 0.25, 0.7 ])
    """
    boxes = as_boxes(boxes)
    return boxes / as_size(size_wh).astype(boxes.dtype)


def denormalize_boxes(boxes, size_wh) -> np.ndarray:
    """Fractions of the image back to pixels: the inverse of :func:`normalize_boxes`.

    >>> denormalize_boxes([0.2, 0.0, 0.8, 1.0], (200, 100))
    array([ 40.,   0., 160., 100.])
    """
    boxes = as_boxes(boxes)
    return boxes * as_size(size_wh).astype(boxes.dtype)


def clip_boxes(boxes, size_wh) -> np.ndarray:
    """Move both corners of ``boxes (..., 4)``, xyxy, into the image; a box wholly outside is left with no area.

    >>> clip_boxes([30, 140, 160, 265], (377, 253))
    array([ 30., 140., 160., 253.])
    """
    boxes = as_boxes(boxes)
    return np.clip(boxes, 0, as_size(size_wh).astype(boxes.dtype))


def box_area(boxes) -> np.ndarray:
    """Area of ``boxes (N, 4)``, xyxy: ``(N,)``. ``ValueError`` where corners are swapped.

    >>> box_area([[30, 140, 160, 265], [3, 3, 3, 9]])
    array([16250.,     0.])
    """
    boxes = as_corners(boxes)
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
