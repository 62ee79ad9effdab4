"""The RoI explorable: one box over a feature map, pooled by whole cells and aligned by points between them."""

import numpy as np
import traitlets

from convbook.detection import roi_align, roi_pool
from convbook.explorables.base import Explorable
from convbook.explorables.boxes import box_within, drawing, rect, short
from convbook.explorables.checks import check_limits, numbers
from convbook.explorables.linking import module

LIMITS = {"stride": 32, "output rows": 4, "output columns": 4, "samples": 4}
SIDES = (2, 12)  # cells of the map

_COUNT = np.arange(64).reshape(8, 8).tolist()
_RAMP = (np.arange(8) + 0.5 + np.zeros((8, 1))).tolist()
_y, _x = np.mgrid[:8, :8] + 0.5
_BUMP = (9 * np.exp(-((_x - 4.6) ** 2 + (_y - 3.4) ** 2) / 5)).round(1).tolist()
_REST = {"stride": 16, "rows": 2, "columns": 2, "samples": 2, "inclusive": False, "aligned": True}

PRESETS = {
    "a box between the cells": {"feat": _COUNT, "box": [35, 20, 105, 88], **_REST},
    "uneven bins: 7 by 5 cells": {"feat": _COUNT, "box": [0, 48, 112, 128], **_REST},
    "a ramp: align is exact": {"feat": _RAMP, "box": [21, 24, 103, 72], **_REST, "rows": 1, "columns": 4},
    "a bump": {"feat": _BUMP, "box": [41, 26, 106, 83], **_REST, "rows": 3, "columns": 3},
    "smaller than a cell": {"feat": _COUNT, "box": [42, 43, 53, 52], **_REST},
    "one point a bin": {"feat": _COUNT, "box": [35, 20, 105, 88], **_REST, "samples": 1},
}


class Roi(Explorable):
    """A box over a feature map, brought to a few numbers in two ways: RoI pool and RoI align.

    Parameters
    ----------
    feat : (H, W) finite numbers, the map of one channel, sides from 2 to 12.
    box : x1, y1, x2, y2 in pixels of the image, which is ``W stride`` wide and ``H stride`` high.
    stride : pixels a cell, at most 32; rows, columns : of the output, 1 to 4; samples : points a side of a bin, 1 to 4.
    inclusive : whether pooling counts the last cell; aligned : whether align shifts by half a cell.

    All of these are attributes, too, and change when the view is edited; ``cursor`` is the output (i, j) that is
    explained. Raises ``ValueError`` for what does not fit.

    >>> region = Roi.preset("a ramp: align is exact")
    >>> region.aligned_output.round(4), region.pooled_output
    (array([[1.9531, 3.2344, 4.5156, 5.7969]]), array([[2.5, 3.5, 4.5, 5.5]]))
    >>> Roi(box=[0, 0, 129, 9])
    Traceback (most recent call last):
    ...
    ValueError: box must lie within 128 × 128, got [0.0, 0.0, 129.0, 9.0]
    """

    name = "roi"
    _esm = module("roi.mjs")
    sheets = ("explorable.css", "picture.css", "boxes.css", "roi.css")
    PAGE_TRAITS = (
        *("feat", "box", "stride", "rows", "columns", "samples", "inclusive", "aligned", "cursor", "presets", "limits"),
    )

    feat = traitlets.Any().tag(sync=True)
    box = traitlets.List(traitlets.Float()).tag(sync=True)
    stride = traitlets.Int(16).tag(sync=True)
    rows = traitlets.Int(2).tag(sync=True)
    columns = traitlets.Int(2).tag(sync=True)
    samples = traitlets.Int(2).tag(sync=True)
    inclusive = traitlets.Bool(False).tag(sync=True)
    aligned = traitlets.Bool(True).tag(sync=True)
    cursor = traitlets.List(traitlets.Int(min=0), [0, 0], minlen=2, maxlen=2).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, **settings):
        state = {**PRESETS["a box between the cells"], **settings}
        state["feat"] = numbers(state["feat"], "feat", 2)
        for name, side in (("rows", len(state["feat"])), ("columns", len(state["feat"][0]))):
            if not SIDES[0] <= side <= SIDES[1]:
                raise ValueError(f"feat must have from {SIDES[0]} to {SIDES[1]} {name}, got {side}")
        sizes = {"stride": "stride", "output rows": "rows", "output columns": "columns", "samples": "samples"}
        check_limits({name: state[key] for name, key in sizes.items()}, {name: (1, LIMITS[name]) for name in sizes})
        state["box"] = box_within(state["box"], "box", _size(state["feat"], state["stride"]), 1)
        super().__init__(**state)

    @classmethod
    def preset(cls, name: str) -> "Roi":
        """An example by its name.

        >>> Roi.preset("uneven bins: 7 by 5 cells").pooled_output
        array([[43., 46.],
               [59., 62.]])
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @property
    def pooled_output(self) -> np.ndarray:
        """(rows, columns): the maximum of each bin of whole cells."""
        out = roi_pool([self.feat], [self.box], (self.rows, self.columns), 1 / self.stride, self.inclusive)
        return out[0, 0]

    @property
    def aligned_output(self) -> np.ndarray:
        """(rows, columns): the mean of each bin's interpolated points."""
        out_size = self.rows, self.columns
        return roi_align([self.feat], [self.box], out_size, 1 / self.stride, self.samples, self.aligned)[0, 0]

    def still(self) -> str:
        """The map and the box drawn, and both outputs as tables."""
        feat, unit = np.array(self.feat), self.stride
        share = (feat - feat.min()) / (np.ptp(feat) or 1)
        cells = "".join(
            f'<rect class="ri-cell" x="{x * unit}" y="{y * unit}" width="{unit}" height="{unit}" '
            f'fill-opacity="{0.06 + 0.44 * share[y, x]:.3f}"/>'
            for y, x in np.ndindex(feat.shape)
        )
        edges = ", ".join(short(value / unit) for value in self.box)
        label = f"A map of {feat.shape[0]} by {feat.shape[1]} cells and a region with the corners {edges} in cells."
        tables = "".join(
            f"<table><caption>{name}</caption>"
            + "".join("<tr>" + "".join(f"<td>{short(value)}</td>" for value in row) + "</tr>" for row in output)
            + "</table>"
            for name, output in (("RoI pool", self.pooled_output), ("RoI align", self.aligned_output))
        )
        picture = drawing(_size(self.feat, unit), label, cells, rect(self.box, "ri-region"), wide=320)
        return f'<p class="cb-note">{label}</p>{picture}<div class="cb-output">{tables}</div>'


def _size(feat, stride) -> tuple[int, int]:
    return len(feat[0]) * stride, len(feat) * stride
