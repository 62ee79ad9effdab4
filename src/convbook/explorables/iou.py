"""The IoU explorable: two boxes to be dragged, and how their overlap is measured."""

import traitlets

from convbook.detection import box_area, box_giou, box_intersection, box_iou, l2_loss, xyxy_to_xywh
from convbook.explorables.base import Explorable
from convbook.explorables.boxes import box_within, drawing, rect, short
from convbook.explorables.linking import module

SIZE = (64, 48)
_TARGET = [16, 12, 36, 32]

PRESETS = {
    "half over each other": {"a": [8, 12, 32, 36], "b": [20, 12, 44, 36]},
    "a corner shared": {"a": [8, 6, 34, 30], "b": [24, 20, 54, 42]},
    "equal squared distance 1: moved": {"a": _TARGET, "b": [22, 12, 42, 32]},
    "equal squared distance 2: wider": {"a": _TARGET, "b": [16, 12, 42, 32]},
    "equal squared distance 3: narrower": {"a": _TARGET, "b": [16, 12, 30, 32]},
    "one inside the other": {"a": [10, 6, 54, 42], "b": [20, 14, 36, 28]},
    "touching": {"a": [8, 12, 28, 32], "b": [28, 12, 48, 32]},
    "apart on both axes": {"a": [6, 6, 22, 18], "b": [40, 30, 58, 44]},
    "without area": {"a": [12, 10, 40, 36], "b": [24, 16, 24, 30]},
}


class Iou(Explorable):
    """Two boxes to be dragged: intersection, union, IoU, GIoU, and the squared distance of their coordinates.

    Parameters
    ----------
    a, b : boxes x1, y1, x2, y2 within 64 × 48; a side may be 0.

    Both are attributes, too, and change when a box is dragged. Raises ``ValueError`` for swapped corners and for
    boxes that leave the drawing.

    >>> pair = Iou(a=[8, 12, 32, 36], b=[20, 12, 44, 36])
    >>> {name: round(value, 4) for name, value in pair.measures.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'intersection': 288.0, 'union': 864.0, 'iou': 0.3333, 'giou': 0.3333, 'corners': 288.0, 'sizes': 144.0}
    >>> Iou(a=[30, 12, 8, 36])
    Traceback (most recent call last):
    ...
    ValueError: a must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2, got [30.0, 12.0, 8.0, 36.0] (x, y, w, h?)
    """

    name = "iou"
    _esm = module("iou.mjs")
    sheets = ("explorable.css", "boxes.css")
    PAGE_TRAITS = ("a", "b", "size", "presets")

    a = traitlets.List(traitlets.Float()).tag(sync=True)
    b = traitlets.List(traitlets.Float()).tag(sync=True)
    size = traitlets.Tuple(SIZE, read_only=True).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)

    def __init__(self, **boxes):
        super().__init__(**{**PRESETS["half over each other"], **boxes})

    @traitlets.validate("a", "b")
    def _valid_box(self, proposal):
        return box_within(proposal["value"], proposal["trait"].name, SIZE)

    @classmethod
    def preset(cls, name: str) -> "Iou":
        """An example by its name.

        >>> round(Iou.preset("equal squared distance 2: wider").measures["iou"], 4)
        0.7692
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @property
    def measures(self) -> dict[str, float]:
        """Areas and overlaps of the two boxes, and their squared distance as corners and as x, y, w, h."""
        a, b = [self.a], [self.b]
        shared = float(box_intersection(a, b)[0, 0])
        return {
            "intersection": shared,
            "union": float(box_area(a)[0] + box_area(b)[0] - shared),
            "iou": float(box_iou(a, b)[0, 0]),
            "giou": float(box_giou(a, b)[0, 0]),
            "corners": float(l2_loss(self.a, self.b)),
            "sizes": float(l2_loss(xyxy_to_xywh(self.a), xyxy_to_xywh(self.b))),
        }

    def still(self) -> str:
        """The two boxes drawn, and their measures in words."""
        measures = self.measures
        inner = [max(self.a[k], self.b[k]) if k < 2 else min(self.a[k], self.b[k]) for k in range(4)]
        parts = [rect(self.a, "bx-fill bx-a"), rect(self.b, "bx-fill bx-b")]
        if measures["intersection"]:
            parts.append(rect(inner, "bx-shared"))
        label = f"Box a from {_corners(self.a)}, box b from {_corners(self.b)}; what they share is shaded."
        lines = {
            "Intersection": measures["intersection"],
            "Union": measures["union"],
            "IoU": measures["iou"],
            "GIoU": measures["giou"],
            "Squared distance of the corners": measures["corners"],
            "Squared distance of x, y, w, h": measures["sizes"],
        }
        numbers = "".join(f"<p>{name}: {short(value)}</p>" for name, value in lines.items())
        return f'<p class="cb-note">{label}</p>{drawing(SIZE, label, *parts)}{numbers}'


def _corners(box) -> str:
    return f"({short(box[0])}, {short(box[1])}) to ({short(box[2])}, {short(box[3])})"
