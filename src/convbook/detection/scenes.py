"""Pictures with boxes: what every set of ours is, whether drawn or read from files."""

from dataclasses import dataclass

import numpy as np

from convbook.detection.boxes import as_corners
from convbook.detection.coco import Objects


@dataclass(frozen=True)
class Scenes:
    """``images (N, C, H, W)`` uint8; for each the ``boxes (G, 4)``, xyxy in pixels, and ``labels (G,)`` of its objects.

    ``classes`` names the labels. ``masks (N, H, W)`` uint8, where there are any, has 0 for background and label + 1.
    ``difficult`` has for each image the objects ``(G,)`` that need not be found.
    """

    images: np.ndarray
    boxes: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...]
    classes: tuple[str, ...]
    masks: np.ndarray | None = None
    difficult: tuple[np.ndarray, ...] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def objects(self) -> list[Objects]:
        """The objects of each image as :func:`convbook.detection.coco_ap` takes them."""
        hard = self.difficult or [None] * len(self)
        rows = zip(self.boxes, self.labels, hard, strict=True)
        return [Objects(boxes, labels, ignore=ignore) for boxes, labels, ignore in rows]


def padded(boxes, labels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Objects of N images in arrays of one length: boxes ``(N, G, 4)`` float32, labels and which are real ``(N, G)``.

    >>> boxes, labels, valid = padded([[[0, 0, 2, 2]], []], [[3], []])
    >>> boxes.shape, labels.tolist(), valid.tolist()
    ((2, 1, 4), [[3], [0]], [[True], [False]])
    """
    most = max((len(b) for b in boxes), default=0)
    out = np.zeros((len(boxes), most, 4), np.float32)
    names, valid = np.zeros((len(boxes), most), np.int64), np.zeros((len(boxes), most), bool)
    for n, (some, their) in enumerate(zip(boxes, labels, strict=True)):
        out[n, : len(some)], names[n, : len(some)], valid[n, : len(some)] = as_corners(some), their, True
    return out, names, valid


def flipped(images: np.ndarray, boxes: np.ndarray, masks: np.ndarray | None = None):
    """Left and right exchanged: images ``(..., W)``, boxes ``(..., 4)``, masks ``(..., W)``.

    >>> flipped(np.zeros((1, 3, 4, 10)), np.array([[1, 0, 4, 2]]))[1]
    array([[6, 0, 9, 2]])
    """
    turned = boxes.copy()
    turned[..., 0], turned[..., 2] = images.shape[-1] - boxes[..., 2], images.shape[-1] - boxes[..., 0]
    return images[..., ::-1], turned, None if masks is None else masks[..., ::-1]
