"""The NMS explorable: non-maximum suppression step by step, over boxes that can be dragged."""

import numpy as np
import traitlets

from convbook.detection import batched_nms, box_iou, nms
from convbook.detection.nms import check_scores, check_threshold
from convbook.explorables.base import Explorable
from convbook.explorables.boxes import box_within, drawing, rect, short
from convbook.explorables.linking import module
from convbook.kernels.sizes import whole

SIZE = (64, 48)
MOST = 10
CLASS_NAMES = ("cat", "dog", "bird")

_CHAIN = {"boxes": [[8, 14, 28, 34], [14, 14, 34, 34], [20, 14, 40, 34]], "scores": [0.9, 0.8, 0.7]}
_CROWD = {
    "boxes": [
        *([7, 8, 28, 34], [11, 11, 31, 36], [3, 5, 26, 32]),
        *([36, 12, 58, 42], [40, 8, 61, 39], [33, 16, 54, 45]),
        [20, 22, 44, 40],
    ],
    "scores": [0.95, 0.9, 0.6, 0.85, 0.8, 0.55, 0.3],
}
_NEIGHBOURS = {
    "boxes": [[10, 8, 32, 40], [9, 9, 31, 41], [19, 8, 42, 40], [20, 7, 43, 39]],
    "scores": [0.92, 0.7, 0.88, 0.6],
}
_REST = {"threshold": 0.5, "by_class": False}
PRESETS = {
    "a chain: B would remove C": {**_CHAIN, "classes": [0, 0, 0], **_REST},
    "two objects": {**_CROWD, "classes": [0] * 7, **_REST},
    "neighbours, threshold too low": {**_NEIGHBOURS, "classes": [0] * 4, "threshold": 0.3, "by_class": False},
    "neighbours, threshold 0.5": {**_NEIGHBOURS, "classes": [0] * 4, **_REST},
    "duplicates, threshold too high": {**_CROWD, "classes": [0] * 7, "threshold": 0.85, "by_class": False},
    "two classes, all together": {**_NEIGHBOURS, "classes": [0, 0, 1, 1], "threshold": 0.3, "by_class": False},
    "two classes, each by itself": {**_NEIGHBOURS, "classes": [0, 0, 1, 1], "threshold": 0.3, "by_class": True},
    "equal scores": {**_CHAIN, "scores": [0.8, 0.8, 0.8], "classes": [0, 0, 0], **_REST},
}


class Nms(Explorable):
    """Non-maximum suppression, a step at a time: pick the best box, remove what overlaps it too much, go on.

    Parameters
    ----------
    boxes : 1 to 10 boxes x1, y1, x2, y2 within 64 × 48; scores : a number for each; classes : an int for each, from 0.
    threshold : boxes go where their IoU with a kept one is above it; by_class : whether classes leave each other alone.
    step : how far it has come; each round has two steps.

    All of these are attributes, too, and change when the view is edited. Raises ``ValueError`` for what is no box,
    leaves the drawing, does not pair, or is NaN.

    >>> Nms.preset("a chain: B would remove C").kept
    array([0, 2])
    >>> Nms(scores=[0.9, float("nan"), 0.7])
    Traceback (most recent call last):
    ...
    ValueError: scores must not be NaN, got NaN for box 1
    """

    name = "nms"
    _esm = module("nms.mjs")
    sheets = ("explorable.css", "picture.css", "boxes.css", "nms.css")
    PAGE_TRAITS = ("boxes", "scores", "classes", "threshold", "by_class", "step", "size", "class_names", "presets")

    boxes = traitlets.List().tag(sync=True)
    scores = traitlets.List(traitlets.Float()).tag(sync=True)
    classes = traitlets.List(traitlets.Int()).tag(sync=True)
    threshold = traitlets.Float(0.5).tag(sync=True)
    by_class = traitlets.Bool(False).tag(sync=True)
    step = traitlets.Int(0, min=0).tag(sync=True)
    size = traitlets.Tuple(SIZE, read_only=True).tag(sync=True)
    class_names = traitlets.Tuple(CLASS_NAMES, read_only=True).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)

    def __init__(self, **settings):
        state = {**PRESETS["a chain: B would remove C"], **settings}
        if "boxes" in settings and "classes" not in settings:
            state["classes"] = [0] * len(state["boxes"])
        if not 1 <= len(state["boxes"]) <= MOST:
            raise ValueError(f"boxes must be from 1 to {MOST} in this explorable, got {len(state['boxes'])}")
        state["boxes"] = [box_within(list(box), f"boxes[{k}]", SIZE) for k, box in enumerate(state["boxes"])]
        state["scores"] = check_scores(state["scores"], state["boxes"]).tolist()
        state["classes"] = [whole("class", each, 0) for each in state["classes"]]
        if len(state["classes"]) != len(state["boxes"]):
            raise ValueError(f"classes must be {len(state['boxes'])}, one a box, got {len(state['classes'])}")
        check_threshold(state["threshold"])
        super().__init__(**state)

    @classmethod
    def preset(cls, name: str) -> "Nms":
        """An example by its name.

        >>> Nms.preset("two classes, each by itself").kept
        array([0, 2])
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @property
    def kept(self) -> np.ndarray:
        """Indices of the boxes that stay in the end, best score first."""
        if self.by_class:
            return batched_nms(self.boxes, self.scores, self.classes, self.threshold)
        return nms(self.boxes, self.scores, self.threshold)

    def still(self) -> str:
        """All boxes drawn, those that stay marked, and who removed the others in words."""
        kept = self.kept.tolist()
        rounds, gone = [], {}
        for best in kept:
            for k in range(len(self.boxes)):
                if k in kept or k in gone or (self.by_class and self.classes[k] != self.classes[best]):
                    continue
                overlap = float(box_iou([self.boxes[best]], [self.boxes[k]])[0, 0])
                if overlap > self.threshold:
                    gone[k] = best, overlap
            rounds.append(f"{_letter(best)} (score {short(self.scores[best])}) is kept")
        lost = "".join(
            f"<p>{_letter(k)} (score {short(self.scores[k])}) is removed by {_letter(by)}: IoU {short(overlap)}.</p>"
            for k, (by, overlap) in gone.items()
        )
        parts = [rect(box, f"nm-{'removed' if k in gone else 'kept'}") for k, box in enumerate(self.boxes)]
        names = [
            f'<text class="nm-name" x="{box[0] + 0.8:g}" y="{box[1] + 2.8:g}">{_letter(k)}</text>'
            for k, box in enumerate(self.boxes)
        ]
        label = f"{len(self.boxes)} boxes; those that stay at threshold {short(self.threshold)} have full lines."
        return f'<p class="cb-note">{label}</p>{drawing(SIZE, label, *parts, *names)}<p>{"; ".join(rounds)}.</p>{lost}'


def _letter(k: int) -> str:
    return chr(65 + k)
