"""The ascent explorable: pictures that classes and a channel ask for, step by step, each regulariser on and off."""

import base64
import html
import io
import json

import numpy as np
import traitlets
from PIL import Image

from convbook.explorables.base import Explorable
from convbook.explorables.linking import module, source
from convbook.explorables.photo import png

REGULARISERS = ("l2", "blur", "jitter", "tv")
NAMES = {"l2": "L2", "blur": "blur", "jitter": "jitter", "tv": "total variation"}
FRAMES = (0, 4, 10, 20, 36, 60, 90, 120)  # after how many steps a picture is kept


def run_name(target: str, chosen) -> str:
    """Under what a climb is recorded.

    >>> run_name("horse", ["tv", "l2"])
    'horse+l2+tv'
    """
    return "+".join([target, *(name for name in REGULARISERS if name in chosen)])


def scores_of(run: dict) -> np.ndarray:
    """(steps + 1,) the score before each step and after the last, under jitter that of the moved picture."""
    return np.frombuffer(base64.b64decode(run["scores"]), "<f2").astype(float)


def film(recording: dict, run: str) -> Image.Image:
    """The pictures of a run side by side, from its target's sheet, whose first row has the first picture of all."""
    target = recording["targets"][run.partition("+")[0]]
    height, width = target["size"]
    sheet = Image.open(io.BytesIO(base64.b64decode(target["sheet"])))
    top = height * recording["runs"][run]["row"]
    row = sheet.crop((0, top, sheet.width, top + height))
    row.paste(sheet.crop((0, 0, width, height)))
    return row


class Ascent(Explorable):
    """Recorded climbs of gradient ascent on the pixels, to be scrubbed.

    Parameters
    ----------
    target : "automobile", "horse", "channel 5 of stage 2" or "the digit 3".
    regularisers : list of those that are on, of "l2", "blur", "jitter" and "tv" (total variation).
    frame : index of the picture that is shown, from 0, before the first step, to 7, after the last.

    All of these are attributes, too, and change when the view is edited. book/experiments/ascent.py made the
    recording; ``recording["targets"]`` says with what strengths.

    Raises
    ------
    ValueError for a target or regulariser that was not recorded.

    >>> climb = Ascent(target="horse", regularisers=["blur", "tv"])
    >>> climb.steps[-1], len(climb.scores)
    (120, 121)
    >>> Ascent(regularisers=["dropout"])
    Traceback (most recent call last):
    ...
    ValueError: regularisers must be of l2, blur, jitter, tv, got 'dropout'
    """

    name = "ascent"
    _esm = module("ascent.mjs")
    sheets = ("explorable.css", "picture.css", "ascent.css")
    PAGE_TRAITS = ("target", "regularisers", "frame", "names", "recording")

    target = traitlets.Unicode("horse").tag(sync=True)
    regularisers = traitlets.List(traitlets.Unicode(), []).tag(sync=True)
    frame = traitlets.Int(len(FRAMES) - 1, min=0, max=len(FRAMES) - 1).tag(sync=True)
    names = traitlets.Dict(NAMES, read_only=True).tag(sync=True)
    recording = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, **settings):
        self.set_trait("recording", json.loads(source("ascent.json")))
        super().__init__(**settings)

    @property
    def steps(self) -> tuple[int, ...]:
        """After how many steps each picture was taken."""
        return tuple(self.recording["frames"])

    @property
    def scores(self) -> np.ndarray:
        """(121,) the target's score before each step and after the last."""
        return scores_of(self.recording["runs"][run_name(self.target, self.regularisers)])

    @traitlets.validate("target")
    def _valid_target(self, proposal):
        if proposal["value"] not in self.recording["targets"]:
            known = ", ".join(self.recording["targets"])
            raise ValueError(f"target must be one of {known}, got {proposal['value']!r}")
        return proposal["value"]

    @traitlets.validate("regularisers")
    def _valid_regularisers(self, proposal):
        for name in proposal["value"]:
            if name not in REGULARISERS:
                raise ValueError(f"regularisers must be of {', '.join(REGULARISERS)}, got {name!r}")
        return [name for name in REGULARISERS if name in proposal["value"]]

    def still(self) -> str:
        """The pictures of the climb, and the scores."""
        run = run_name(self.target, self.regularisers)
        chosen = " and ".join(NAMES[name] for name in self.regularisers) or "no regulariser"
        scores = self.scores
        words = (
            f"Gradient ascent towards {self.target}, with {chosen}. The pictures are those after "
            f"{', '.join(map(str, self.steps))} steps. The score goes from {scores[0]:.3g} to {scores[-1]:.3g}."
        )
        alt = html.escape(f"{len(self.steps)} pictures on the way", quote=True)
        return (
            f'<p class="cb-note">{html.escape(words)}</p><div class="cb-still as-still">'
            f'<img alt="{alt}" src="data:image/png;base64,{png(film(self.recording, run))}"></div>'
        )
