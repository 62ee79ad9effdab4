"""The detector explorable: the stages of a trained Faster R-CNN on a picture, from anchors to what it says is there."""

import json

import numpy as np
import traitlets

from convbook.detection import batched_nms, box_iou, nms
from convbook.explorables.base import Explorable
from convbook.explorables.boxes import drawing, short
from convbook.explorables.checks import check_limits
from convbook.explorables.linking import module, source
from convbook.explorables.photo import png

STAGES = ("anchors", "proposals", "classes", "kept")
KEYS = (
    "image",
    "size",
    "objectness",
    "k",
    "index",
    "anchors",
    "proposals",
    "real",
    "classes",
    "boxes",
    "truth",
    "labels",
)


class Detector(Explorable):
    """A trained detector at work: objectness of anchors, proposals, their classes, and the boxes that are kept.

    Parameters
    ----------
    pictures : list of records, one a picture, as :meth:`of` makes them; by default those that come with the package,
        the trained detector of this book on drawn shapes. names : of the pictures; class_names : without background.
    stage : ``"anchors"``, ``"proposals"``, ``"classes"`` or ``"kept"``; picture : which of them.
    rpn_threshold, most : suppression of proposals, and how many go on; least, threshold : the score that a detection
        needs, and suppression among those of a class.

    All of these are attributes, too, and change when the view is edited; ``cursor`` is the box pointed at, counted
    within its stage. Raises ``ValueError`` for what does not fit.

    >>> view = Detector()
    >>> [(name, round(score, 2)) for name, score, _ in view.detections]  # doctest: +NORMALIZE_WHITESPACE
    [('ring', 1.0), ('cross', 1.0), ('ring', 1.0), ('ring', 0.99), ('square', 0.96), ('disc', 0.1)]
    """

    name = "detector"
    _esm = module("detector.mjs")
    sheets = ("explorable.css", "picture.css", "boxes.css", "detector.css")
    PAGE_TRAITS = (
        *("pictures", "names", "class_names", "picture", "stage", "cursor"),
        *("rpn_threshold", "most", "least", "threshold", "shows_truth"),
    )

    pictures = traitlets.List().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    class_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    picture = traitlets.Int(0, min=0).tag(sync=True)
    stage = traitlets.Enum(STAGES, "anchors").tag(sync=True)
    cursor = traitlets.Int(0, min=0).tag(sync=True)
    rpn_threshold = traitlets.Float(0.7).tag(sync=True)
    most = traitlets.Int(64).tag(sync=True)
    least = traitlets.Float(0.05).tag(sync=True)
    threshold = traitlets.Float(0.5).tag(sync=True)
    shows_truth = traitlets.Bool(False).tag(sync=True)

    def __init__(self, pictures=None, names=None, class_names=None, **settings):
        if pictures is None:
            record = json.loads(source("detector.json"))
            pictures, names, class_names = (record[name] for name in ("pictures", "names", "class_names"))
        if not pictures:
            raise ValueError("pictures must hold at least one record, got none")
        for n, record in enumerate(pictures):
            if missing := [key for key in KEYS if key not in record]:
                raise ValueError(f"pictures[{n}] must hold {', '.join(KEYS)}, got no {missing[0]}")
        names = names or [f"picture {n + 1}" for n in range(len(pictures))]
        if len(names) != len(pictures):
            raise ValueError(f"names must be {len(pictures)}, one a picture, got {len(names)}")
        check_limits({"picture": settings.get("picture", 0)}, {"picture": (0, len(pictures) - 1)})
        check_limits({"most": settings.get("most", 64)}, {"most": (1, 200)})
        for key in ("rpn_threshold", "least", "threshold"):
            if not 0 <= settings.get(key, 0.5) <= 1:
                raise ValueError(f"{key} must be from 0 to 1, got {settings[key]}")
        super().__init__(pictures=pictures, names=names, class_names=list(class_names), **settings)

    @classmethod
    def of(cls, model, images, boxes=None, labels=None, class_names=None, before: int = 200, **settings) -> "Detector":
        """The stages of a model of your own on ``images (N, 3, H, W)`` uint8, with the true objects if you have them.

        ``boxes`` and ``labels`` are lists, one array a picture. Needs PyTorch.
        """
        none = [np.zeros((0, 4))] * len(images), [np.zeros(0, int)] * len(images)
        truth = zip(images, boxes or none[0], labels or none[1], strict=True)
        class_names = class_names or [f"class {n}" for n in range(model.num_classes)]
        return cls([record(model, *each, before=before) for each in truth], None, class_names, **settings)

    @property
    def proposals(self) -> np.ndarray:
        """Which candidates of the picture go on to the second stage, best first."""
        stages = self.pictures[self.picture]
        real = np.flatnonzero(stages["real"])
        boxes = np.array(stages["proposals"], float).reshape(-1, 4)[real]
        return real[nms(boxes, -real.astype(float), self.rpn_threshold)][: self.most]

    @property
    def detections(self) -> list[tuple[str, float, list[float]]]:
        """What is kept: class, score and box, best first."""
        stages, chosen = self.pictures[self.picture], self.proposals
        scores = np.array(stages["classes"], float)[chosen, 1:]
        boxes = np.repeat(np.array(stages["boxes"], float)[chosen], scores.shape[1], axis=0)
        labels, scores = np.tile(np.arange(scores.shape[1]), len(chosen)), scores.ravel()
        sure = np.flatnonzero(scores > self.least)
        kept = sure[batched_nms(boxes[sure], scores[sure], labels[sure], self.threshold)]
        return [(self.class_names[labels[k]], float(scores[k]), boxes[k].tolist()) for k in kept]

    def still(self) -> str:
        """The picture with the boxes that are kept, and in words how many there were at each stage."""
        stages = self.pictures[self.picture]
        found, (width, height) = self.detections, stages["size"]
        boxes = "".join(
            f'<rect class="dt-found" x="{x1:.5g}" y="{y1:.5g}" width="{x2 - x1:.5g}" height="{y2 - y1:.5g}"/>'
            for _, _, (x1, y1, x2, y2) in found
        )
        href = f"data:image/png;base64,{stages['image']}"
        image = f'<image class="dt-image" href="{href}" width="{width}" height="{height}"/>'
        label = f"A picture with {len(found)} boxes that the detector keeps."
        truth = np.array(stages["truth"], float).reshape(-1, 4)
        lines = "".join(
            f"<p>{name}, score {short(score)}"
            + (f", IoU with a true box {short(box_iou([box], truth).max())}" if len(truth) else "")
            + "</p>"
            for name, score, box in found
        )
        anchors = np.size(stages["objectness"]) * stages["k"]
        return (
            f'<p class="cb-note">{anchors:,} anchors; the {len(stages["index"])} best are moved; '
            f"{len(self.proposals)} proposals are left; {len(found)} boxes are kept.</p>"
            f"{drawing((width, height), label, image, boxes, wide=360)}{lines}"
        )


def record(model, image, boxes, labels, before: int = 200) -> dict:
    """The stages of one picture as plain data, rounded so that a page stays light."""
    from convbook.detection.stages import stages

    found = stages(model, image, before)
    digits = {"objectness": 4, "index": 0, "anchors": 2, "proposals": 2, "classes": 4, "boxes": 2}
    found["objectness"], k = found["objectness"].max(axis=-1), found["objectness"].shape[-1]
    plain = {name: np.round(found[name].astype(float), places).tolist() for name, places in digits.items()}
    return {
        "image": png(np.moveaxis(np.asarray(image), 0, -1)),
        "size": [int(np.shape(image)[2]), int(np.shape(image)[1])],
        **plain,
        "index": found["index"].tolist(),
        "real": found["real"].astype(int).tolist(),
        "k": int(k),
        "truth": np.round(np.asarray(boxes, float), 2).reshape(-1, 4).tolist(),
        "labels": np.asarray(labels, int).tolist(),
    }
