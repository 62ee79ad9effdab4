"""The template explorable: cut a piece out of a photograph, and find it again."""

import numpy as np
import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.linking import module
from convbook.explorables.photo import astronaut, decode, encode, still

CHANGES = ("none", "darker", "noise", "mirrored")
SIDES = 6, 40  # of the template
SQUARE = (60, 8, 30, 26)  # top, left, height, width of the bright distractor


def altered(image, change: str = "none", square: bool = False) -> np.ndarray:
    """The photograph that is searched: ``image`` (H, W) after ``change``, with a white square pasted in or not.

    >>> altered(np.full((2, 3), 100), "darker")[0]
    array([60., 60., 60.])
    """
    x = np.asarray(image, float)
    if change == "darker":
        x = 0.4 * x + 20
    elif change == "mirrored":
        x = x[:, ::-1]
    elif change == "noise":
        i, j = np.mgrid[: x.shape[0], : x.shape[1]]
        x = x + (12347 * i + 7919 * j + 3571 * i * j) % 97 - 48  # looks random, and is the same in the browser
    if square:
        top, left, height, width = SQUARE
        x = x.copy()
        x[top : top + height, left : left + width] = 255
    return x


class Template(Explorable):
    """Template matching on a photograph: where do normalised and raw correlation find what was cut out?

    Parameters
    ----------
    image : (H, W) whole numbers from 0 to 255, sides of at least 96 and at most 128; the photograph unless given.
    box : [top, left, height, width] of the template, inside the image, sides from 6 to 40.
    change : what is done to the photograph before the search: "none", "darker", "noise" or "mirrored".
    square : whether a white square is pasted into it.

    All of these are attributes, too, and change when the view is edited. Raises ``ValueError`` for anything else.

    >>> face = Template()
    >>> face.found["normalised"], face.found["raw"]
    ((18, 26), (60, 8))
    >>> Template(box=[90, 0, 10, 10])
    Traceback (most recent call last):
    ...
    ValueError: box must lie inside the 96x96 image, got [90, 0, 10, 10]
    """

    name = "template"
    _esm = module("template.mjs")
    sheets = ("explorable.css", "picture.css", "template.css")
    PAGE_TRAITS = ("image", "box", "change", "square", "place", "sides")

    image = traitlets.Dict().tag(sync=True)
    box = traitlets.List(traitlets.Int(), minlen=4, maxlen=4).tag(sync=True)
    change = traitlets.Enum(CHANGES, "none").tag(sync=True)
    square = traitlets.Bool(True).tag(sync=True)
    place = traitlets.List(list(SQUARE), read_only=True).tag(sync=True)
    sides = traitlets.List(list(SIDES), read_only=True).tag(sync=True)

    def __init__(self, image=None, box=(18, 26, 28, 26), change="none", **traits):
        if change not in CHANGES:
            raise ValueError(f"change must be one of {CHANGES}, got {change!r}")
        encoded = encode(astronaut() if image is None else image)
        if min(encoded["height"], encoded["width"]) < 96:
            raise ValueError(f"image must be at least 96x96, got {encoded['height']}x{encoded['width']}")
        super().__init__(image=encoded, box=_box(box, encoded), change=change, **traits)

    @traitlets.validate("box")
    def _valid_box(self, proposal):
        return _box(proposal["value"], self.image)

    @property
    def scene(self) -> np.ndarray:
        """The photograph that is searched, (H, W)."""
        return altered(decode(self.image), self.change, self.square)

    @property
    def template(self) -> np.ndarray:
        """What was cut out, (height, width)."""
        top, left, height, width = self.box
        return decode(self.image)[top : top + height, left : left + width].astype(float)

    @property
    def scores(self) -> dict[str, np.ndarray]:
        """Both maps, (H - height + 1, W - width + 1)."""
        return {
            "normalised": kernels.normalised_cross_correlation(self.scene, self.template),
            "raw": kernels.correlate2d(self.scene, self.template, "valid"),
        }

    @property
    def found(self) -> dict[str, tuple[int, int]]:
        """Top left corner of the best match in each map."""
        return {
            name: tuple(map(int, np.unravel_index(scores.argmax(), scores.shape)))
            for name, scores in self.scores.items()
        }

    def still(self) -> str:
        """The scene, the template and both maps as pictures, and in words where they find it."""
        top, left, height, width = self.box
        scores, found = self.scores, self.found
        words = (
            f"A template of {height} × {width} pixels, cut out at row {top}, column {left}, is searched. "
            f"Normalised cross-correlation finds it at row {found['normalised'][0]}, column {found['normalised'][1]}; "
            f"raw correlation is largest at row {found['raw'][0]}, column {found['raw'][1]}."
        )
        pictures = [
            still(self.scene, "the photograph that is searched"),
            still(self.template, "the template"),
            *(still(values, f"{name} scores", values.min(), values.max()) for name, values in scores.items()),
        ]
        return f'<p class="cb-note">{words}</p><div class="cb-match">{"".join(pictures)}</div>'


def _box(box, image: dict) -> list[int]:
    """``box`` as four integers inside the image, or ``ValueError``."""
    values = [int(value) for value in box]
    if len(values) != 4 or values != list(box):
        raise ValueError(f"box must be four integers: top, left, height, width; got {list(box)}")
    top, left, height, width = values
    if not (SIDES[0] <= height <= SIDES[1] and SIDES[0] <= width <= SIDES[1]):
        raise ValueError(f"box must have sides from {SIDES[0]} to {SIDES[1]}, got {height}x{width}")
    if top < 0 or left < 0 or top + height > image["height"] or left + width > image["width"]:
        raise ValueError(f"box must lie inside the {image['height']}x{image['width']} image, got {values}")
    return values
