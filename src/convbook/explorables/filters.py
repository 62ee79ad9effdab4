"""The filters explorable: a kernel to be edited on a live photograph, and the sum behind every pixel."""

import html

import numpy as np
import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.linking import module
from convbook.explorables.photo import astronaut, decode, encode, still
from convbook.kernels.conv import as_float

MODES = ("zeros", "mean", "reflect", "circular", "replicate")
SIZES = (3, 5)

_SPIKE = np.zeros((15, 15))
_SPIKE[7, 7] = 255
_LECTURE = [
    [200, 200, 200, 200, 200],
    [200, 20, 20, 45, 200],
    [100, 20, 25, 65, 150],
    [80, 20, 40, 60, 80],
    [80, 30, 50, 80, 80],
]
IMAGES = {
    "a photograph": encode(astronaut()),
    "one bright pixel": encode(_SPIKE),
    "the lecture's 5×5 image": encode(_LECTURE),
}


def _whole(weights) -> list:
    """The sampled and integrated Gaussians as numbers that one can read: their weights times 1000, rounded."""
    return np.round(1000 * np.asarray(weights)).tolist()


PRESETS = {
    "identity": ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1),
    "box": ([[1, 1, 1]] * 3, 9),
    "Gaussian, binomial": (np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]).tolist(), 256),
    "Gaussian σ 1, sampled": (_whole(kernels.gaussian_kernel(5, 1.0)), None),
    "Gaussian σ 1, integrated": (_whole(kernels.gaussian_kernel(5, 1.0, "integrated")), None),
    "blur of the lecture": ([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    "Sobel x": (kernels.SOBEL_X.tolist(), 1),
    "Sobel y": (kernels.SOBEL_Y.tolist(), 1),
    "Laplacian": (kernels.LAPLACIAN.tolist(), 1),
    "sharpen": ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
}
PRESETS = {
    name: {"kernel": kernel, "divisor": float(np.sum(kernel) if divisor is None else divisor)}
    for name, (kernel, divisor) in PRESETS.items()
}


def _kernel(value) -> list:
    """``value`` as nested lists of finite floats, 3x3 or 5x5, or ``ValueError``."""
    array = as_float(value, "kernel", 2, "(k, k)")
    if array.shape not in [(k, k) for k in SIZES]:
        raise ValueError(f"kernel must have shape (3, 3) or (5, 5) in this explorable, got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"kernel must hold finite numbers, got {array[~np.isfinite(array)][0]}")
    return array.tolist()


class Filters(Explorable):
    """A filter on a grey image: edit the kernel, walk over the pixels, read the sum.

    Parameters
    ----------
    image : (H, W) whole numbers from 0 to 255, sides from 5 to 128; the photograph unless given.
    kernel : (3, 3) or (5, 5) numbers, divided by ``divisor``.
    divisor : a number other than 0.
    mode : what lies beyond the border: "zeros", "mean", "reflect", "circular" or "replicate".
    turned : True turns the kernel by half a turn first: convolution in place of correlation.

    All of these are attributes, too, ``image`` as :func:`convbook.explorables.photo.encode`
    writes it. They change when the view is edited; ``cursor`` is the pixel ``[i, j]`` pointed at.
    Raises ``ValueError`` for anything else.

    >>> Filters(image=[[200] * 5] * 5, kernel=[[1, 2, 1], [2, 4, 2], [1, 2, 1]], divisor=16).output[0, :3]
    array([112.5, 150. , 150. ])
    >>> Filters(kernel=[[1, 2], [3, 4]])
    Traceback (most recent call last):
    ...
    ValueError: kernel must have shape (3, 3) or (5, 5) in this explorable, got (2, 2)
    """

    name = "filters"
    _esm = module("filters.mjs")
    sheets = ("explorable.css", "picture.css", "filters.css")
    PAGE_TRAITS = ("image", "kernel", "divisor", "mode", "turned", "cursor", "presets", "images")

    image = traitlets.Dict().tag(sync=True)
    kernel = traitlets.Any().tag(sync=True)
    divisor = traitlets.Float(1.0).tag(sync=True)
    mode = traitlets.Enum(MODES, "zeros").tag(sync=True)
    turned = traitlets.Bool(False).tag(sync=True)
    cursor = traitlets.List(traitlets.Int(), [0, 0], minlen=2, maxlen=2).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    images = traitlets.Dict(IMAGES, read_only=True).tag(sync=True)

    def __init__(self, image=None, kernel=None, divisor=1.0, mode="zeros", **traits):
        if mode not in MODES:
            raise ValueError(f"mode must be one of {MODES}, got {mode!r}")
        first = next(iter(IMAGES.values()))
        encoded = first if image is None else image if isinstance(image, dict) else encode(image)
        traits.setdefault("cursor", [encoded["height"] // 3, encoded["width"] // 3])
        kernel = PRESETS["identity"]["kernel"] if kernel is None else kernel
        super().__init__(image=encoded, kernel=_kernel(kernel), divisor=divisor, mode=mode, **traits)

    @classmethod
    def preset(cls, name: str, **settings) -> "Filters":
        """A well-known kernel by its name; ``settings`` as for the class.

        >>> Filters.preset("Sobel x", image=IMAGES["the lecture's 5×5 image"]).output[1, 1]
        np.float64(-435.0)
        >>> Filters.preset("Prewitt")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: preset must be one of ['identity', 'box', ...], got 'Prewitt'
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name], **settings)

    @property
    def output(self) -> np.ndarray:
        """(H, W), computed by :func:`convbook.kernels.correlate2d` or :func:`convbook.kernels.convolve2d`."""
        operation = kernels.convolve2d if self.turned else kernels.correlate2d
        return operation(decode(self.image), np.array(self.kernel) / self.divisor, self.mode)

    @traitlets.validate("kernel")
    def _valid_kernel(self, proposal):
        return _kernel(proposal["value"])

    @traitlets.validate("divisor")
    def _valid_divisor(self, proposal):
        if not np.isfinite(proposal["value"]) or proposal["value"] == 0:
            raise ValueError(f"divisor must be a finite number other than 0, got {proposal['value']}")
        return proposal["value"]

    def still(self) -> str:
        """Image and response as pictures, the kernel as a table, and in words how they belong together."""
        out = self.output
        most = np.abs(out).max()
        low, high = (-most, most) if out.min() < -0.25 * most else (0, 255)
        operation = "convolution (the kernel turned by half a turn)" if self.turned else "cross-correlation"
        rows = "".join(
            "<tr>" + "".join(f"<td>{weight:g}</td>".replace("-", "−") for weight in row) + "</tr>"
            for row in self.kernel
        )
        shown = f"black is {low:g}, white is {high:g}".replace("-", "−")
        return (
            f'<p class="cb-note">A kernel of {len(self.kernel)} × {len(self.kernel)} over an image, by {operation}; '
            f"beyond the border: {html.escape(self.mode)}.</p>"
            '<div class="cb-stages"><div class="cb-stage cb-input">'
            f'<p class="cb-title">image</p>{still(decode(self.image), "the image")}</div>'
            '<div class="cb-stage cb-kernel"><p class="cb-title">kernel</p>'
            f"<table><caption>divided by {self.divisor:g}</caption><tbody>{rows}</tbody></table></div>"
            '<div class="cb-stage cb-output"><p class="cb-title">response</p>'
            f"{still(out, f'the response, {shown}', low, high)}</div></div>"
        )
