"""The shift explorable: does it matter whether a shift comes before or after a layer?"""

import numpy as np
import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.linking import module
from convbook.explorables.photo import astronaut, decode, encode, still
from convbook.kernels.sizes import whole

BORDERS = ("circular", "zeros")
KERNELS = {
    "Sobel x": kernels.SOBEL_X.tolist(),
    "blur": kernels.gaussian_kernel(3, method="binomial").tolist(),
    "Laplacian": kernels.LAPLACIAN.tolist(),
    "a random 3×3": [[0.5, -1.0, 0.25], [1.5, 0.75, -0.5], [-1.25, -0.25, 1.0]],
}
SIDE, FARTHEST = 32, 8


def random(seed: int, count: int) -> np.ndarray:
    """``count`` numbers in [0, 1), the same as in the browser: the generator mulberry32.

    >>> random(1, 3).round(3)
    array([0.627, 0.003, 0.527])
    """
    state = np.uint32(seed % 2**32) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
    mixed = (state ^ (state >> np.uint32(15))) * (state | np.uint32(1))
    mixed ^= mixed + (mixed ^ (mixed >> np.uint32(7))) * (mixed | np.uint32(61))
    return (mixed ^ (mixed >> np.uint32(14))) / 2.0**32


def linear(image, seed: int) -> np.ndarray:
    """A layer (H, W) -> (H, W) with a random weight for each pair of pixels, which keeps the size of the values.

    >>> linear(np.zeros((2, 3)), seed=1)
    array([[0., 0., 0.],
           [0., 0., 0.]])
    """
    x = np.asarray(image, float)
    weights = (2 * random(seed, x.size**2) - 1) * np.sqrt(3 / x.size)
    return (weights.reshape(x.size, x.size) @ x.ravel()).reshape(x.shape)


def shifted(image, by, border: str) -> np.ndarray:
    """``image`` (H, W) moved ``by`` (down, right); what enters is black, or comes from the other side.

    >>> shifted([[1, 2, 3]], (0, 1), "zeros"), shifted([[1, 2, 3]], (0, 1), "circular")
    (array([[0., 1., 2.]]), array([[3., 1., 2.]]))
    """
    x = np.roll(np.asarray(image, float), by, axis=(0, 1))
    if border == "zeros":
        for axis, step in enumerate(by):
            entered = slice(0, step) if step > 0 else slice(x.shape[axis] + step, None)
            np.moveaxis(x, axis, 0)[entered] = 0
    return x


def _small() -> np.ndarray:
    """The photograph at a third of its size."""
    photo = astronaut().astype(float)
    return photo.reshape(SIDE, 3, SIDE, 3).mean((1, 3)).round()


class Shift(Explorable):
    """A linear layer and a convolution on a photograph and on the same photograph, shifted.

    Parameters
    ----------
    image : (H, W) whole numbers from 0 to 255, sides from 5 to 40; the photograph unless given.
    by : [down, right], the shift in pixels, at most 8 either way.
    border : what a shift brings in, and what the convolution sees beyond the border: "circular" or "zeros".
    kernel : the convolution's, one of ``KERNELS``.
    seed : chooses the linear layer's weights.

    All of these are attributes, too, and change when the view is edited. Raises ``ValueError`` for anything else.

    >>> errors = Shift().errors
    >>> round(errors["linear"], 1), errors["convolution"] < 1e-12
    (1.4, True)
    >>> Shift(by=[0, 9])
    Traceback (most recent call last):
    ...
    ValueError: by must be two integers from -8 to 8, got [0, 9]
    """

    name = "shift"
    _esm = module("shift.mjs")
    sheets = ("explorable.css", "picture.css", "shift.css")
    PAGE_TRAITS = ("image", "by", "border", "kernel", "seed", "kernels", "farthest")

    image = traitlets.Dict().tag(sync=True)
    by = traitlets.List(traitlets.Int(), minlen=2, maxlen=2).tag(sync=True)
    border = traitlets.Enum(BORDERS, "circular").tag(sync=True)
    kernel = traitlets.Enum(tuple(KERNELS), "Sobel x").tag(sync=True)
    seed = traitlets.Int(1).tag(sync=True)
    kernels = traitlets.Dict(KERNELS, read_only=True).tag(sync=True)
    farthest = traitlets.Int(FARTHEST, read_only=True).tag(sync=True)

    def __init__(self, image=None, by=(0, 1), border="circular", kernel="Sobel x", **traits):
        for name, value, known in [("border", border, BORDERS), ("kernel", kernel, tuple(KERNELS))]:
            if value not in known:
                raise ValueError(f"{name} must be one of {known}, got {value!r}")
        encoded = encode(_small() if image is None else image)
        if max(encoded["height"], encoded["width"]) > 40:
            raise ValueError(f"image must be at most 40x40, got {encoded['height']}x{encoded['width']}")
        super().__init__(image=encoded, by=_by(by), border=border, kernel=kernel, **traits)

    @traitlets.validate("by")
    def _valid_by(self, proposal):
        return _by(proposal["value"])

    @traitlets.validate("seed")
    def _valid_seed(self, proposal):
        return whole("seed", proposal["value"], 0)

    @property
    def maps(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """By layer: the response, shifted, and the response to the shifted image; both of the image less its mean."""
        x = decode(self.image).astype(float)
        x -= x.mean()
        layers = {
            "linear": lambda x: linear(x, self.seed),
            "convolution": lambda x: kernels.correlate2d(x, KERNELS[self.kernel], self.border),
        }
        return {
            name: (shifted(layer(x), self.by, self.border), layer(shifted(x, self.by, self.border)))
            for name, layer in layers.items()
        }

    @property
    def errors(self) -> dict[str, float]:
        """By layer: length of the difference of the two maps, over the length of the first."""
        return {name: float(np.linalg.norm(b - a) / (np.linalg.norm(a) or 1)) for name, (a, b) in self.maps.items()}

    def still(self) -> str:
        """The maps as pictures, and in words how far they are apart."""
        rows = []
        for name, (after, before) in self.maps.items():
            most = max(np.abs(after).max(), np.abs(before).max())
            captions = ["layer, then shift", "shift, then layer", "difference"]
            pictures = [
                still(values, f"{name}: {caption}", -most, most)
                for values, caption in zip((after, before, before - after), captions, strict=True)
            ]
            rows.append(
                f'<p class="cb-title">{name}: the two maps differ by {100 * self.errors[name]:.0f} % of their size</p>'
                f'<div class="cb-maps">{"".join(pictures)}</div>'
            )
        down, right = self.by
        words = f"A photograph is shifted {down} down and {right} to the right, before or after each layer."
        return f'<p class="cb-note">{words}</p>{"".join(rows)}'


def _by(by) -> list[int]:
    values = list(by)
    if len(values) != 2 or not all(isinstance(v, int) and abs(v) <= FARTHEST for v in values):
        raise ValueError(f"by must be two integers from -{FARTHEST} to {FARTHEST}, got {values}")
    return values
