"""The anchors explorable: a grid of anchors, and which of them answer for an object that is dragged."""

import numpy as np
import traitlets

from convbook.detection import assign_anchors, box_iou, make_anchors
from convbook.detection.anchors import positives
from convbook.explorables.base import Explorable
from convbook.explorables.boxes import box_within, drawing, rect, short
from convbook.explorables.linking import module
from convbook.kernels.sizes import whole

# The largest numbers that still make a picture one can read.
LIMITS = {"rows": 16, "columns": 16, "stride": 64, "number of scales": 4, "number of ratios": 5}

_GRID = {"h": 6, "w": 8, "stride": 16, "scales": [16, 32, 64], "ratios": [0.5, 1, 2], "pos": 0.7, "neg": 0.3}
PRESETS = {
    "an object that fits": {**_GRID, "box": [41, 26, 74, 56]},
    "between the cells": {**_GRID, "ratios": [1], "box": [48, 32, 80, 64]},
    "too small for every scale": {**_GRID, "box": [53, 37, 60, 44]},
    "smaller scales for it": {**_GRID, "scales": [8, 16, 32], "box": [53, 37, 60, 44]},
    "long and low": {**_GRID, "box": [20, 40, 108, 58]},
    "a flatter ratio for it": {**_GRID, "ratios": [0.2, 0.5, 1, 2], "box": [20, 40, 108, 58]},
    "a coarse grid": {**_GRID, "h": 3, "w": 4, "stride": 32, "box": [41, 26, 74, 56]},
    "thresholds 0.5 and 0.4": {**_GRID, "pos": 0.5, "neg": 0.4, "box": [41, 26, 74, 56]},
}


class Anchors(Explorable):
    """A grid of anchors and one object to be dragged: which anchors are positive, negative or ignored.

    Parameters
    ----------
    h, w : rows and columns of the feature map, at most 16; stride : pixels a cell, at most 64.
    scales, ratios : lists of positive numbers, at most 4 and 5; a scale in pixels, a ratio is height / width.
    pos, neg : an anchor is positive from IoU ``pos`` on and negative below ``neg``; ``0 <= neg <= pos <= 1``.
    box : the object, x1, y1, x2, y2 in pixels of the image, ``w stride`` wide and ``h stride`` high.

    All of these are attributes, too, and change when the view is edited; ``cursor`` is the cell (row, column)
    whose anchors are listed. Raises ``ValueError`` for what does not fit.

    >>> Anchors.preset("between the cells").counts
    {'positive': 4, 'ignored': 0, 'negative': 140}
    >>> Anchors(pos=0.2)
    Traceback (most recent call last):
    ...
    ValueError: thresholds must obey 0 <= neg <= pos <= 1, got neg=0.3 and pos=0.2
    """

    name = "anchors"
    _esm = module("anchors.mjs")
    sheets = ("explorable.css", "boxes.css", "anchors.css")
    PAGE_TRAITS = ("h", "w", "stride", "scales", "ratios", "pos", "neg", "box", "cursor", "presets", "limits")

    h = traitlets.Int(6).tag(sync=True)
    w = traitlets.Int(8).tag(sync=True)
    stride = traitlets.Int(16).tag(sync=True)
    scales = traitlets.List(traitlets.Float()).tag(sync=True)
    ratios = traitlets.List(traitlets.Float()).tag(sync=True)
    pos = traitlets.Float(0.7).tag(sync=True)
    neg = traitlets.Float(0.3).tag(sync=True)
    box = traitlets.List(traitlets.Float()).tag(sync=True)
    cursor = traitlets.List(traitlets.Int(min=0), [2, 3], minlen=2, maxlen=2).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, **settings):
        state = {**PRESETS["an object that fits"], **settings}
        named = {"rows": state["h"], "columns": state["w"], "stride": state["stride"]}
        sizes = {name: whole(name, value, 1) for name, value in named.items()}
        for name in ("scales", "ratios"):
            state[name] = positives(name, state[name]).tolist()
            sizes[f"number of {name}"] = len(state[name])
        for name, value in sizes.items():
            if value > LIMITS[name]:
                raise ValueError(f"{name} must be at most {LIMITS[name]} in this explorable, got {value}")
        state["box"] = box_within(state["box"], "box", (state["w"] * state["stride"], state["h"] * state["stride"]), 1)
        assign_anchors([], [], state["pos"], state["neg"])
        super().__init__(**state)

    @classmethod
    def preset(cls, name: str) -> "Anchors":
        """An example by its name.

        >>> Anchors.preset("a coarse grid").anchors.shape
        (108, 4)
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @property
    def anchors(self) -> np.ndarray:
        """All anchors, (h w k, 4), ordered (y, x, k)."""
        return make_anchors(self.h, self.w, self.stride, self.scales, self.ratios)

    @property
    def labels(self) -> np.ndarray:
        """1, 0 or -1 for each anchor: positive, negative, ignored."""
        return assign_anchors(self.anchors, [self.box], self.pos, self.neg)[0]

    @property
    def counts(self) -> dict[str, int]:
        """How many anchors are positive, ignored and negative."""
        labels = self.labels
        return {
            name: int((labels == value).sum()) for name, value in {"positive": 1, "ignored": -1, "negative": 0}.items()
        }

    def still(self) -> str:
        """The object and the anchors that answer for it, drawn, and the counts in words."""
        anchors, labels, size = self.anchors, self.labels, (self.w * self.stride, self.h * self.stride)
        lines = [f"M{x * self.stride} 0V{size[1]}" for x in range(1, self.w)]
        lines += [f"M0 {y * self.stride}H{size[0]}" for y in range(1, self.h)]
        boxes = [
            rect(anchor, f"an-box an-{name}")
            for value, name in ((-1, "ignored"), (1, "positive"))
            for anchor in anchors[labels == value]
        ]
        counts, best = self.counts, box_iou(anchors, [self.box]).max()
        label = (
            f"A grid of {self.h} by {self.w} cells, an object of {short(self.box[2] - self.box[0])} by "
            f"{short(self.box[3] - self.box[1])} pixels, and the anchors that are positive for it or ignored."
        )
        picture = drawing(
            size, label, f'<path class="an-grid" d="{"".join(lines)}"/>', *boxes, rect(self.box, "an-object")
        )
        words = ", ".join(f"{number} {name}" for name, number in counts.items())
        return (
            f'<p class="cb-note">{label}</p>{picture}<p>{self.h} × {self.w} cells × '
            f"{len(self.scales) * len(self.ratios)} = {len(anchors)} anchors: {words}. "
            f"The best IoU is {short(best)}.</p>"
        )
