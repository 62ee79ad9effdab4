"""The explorable of the cover: what nine weights make of a photograph, seen in ten seconds."""

import numpy as np
import traitlets

from convbook.explorables.filters import PRESETS, Filters
from convbook.explorables.linking import module
from convbook.explorables.photo import decode, png

NAMES = {"nothing": "identity", "blur": "blur of the lecture", "sharpen": "sharpen", "outline": "Laplacian"}
CHOICES = {
    **{name: PRESETS[known] for name, known in NAMES.items()},
    "edges ↔": PRESETS["Sobel x"],
    "edges ↕": PRESETS["Sobel y"],
    "emboss": {"kernel": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], "divisor": 1.0},
}


class Cover(Filters):
    """:class:`Filters` in small: 3x3 weights, the nearest pixel beyond the border, presets at one click.

    >>> Cover.preset("blur").divisor
    16.0
    >>> Cover(kernel=[[1] * 5] * 5)
    Traceback (most recent call last):
    ...
    ValueError: kernel must have shape (3, 3) on the cover, got (5, 5)
    """

    name = "cover"
    _esm = module("cover.mjs")
    sheets = ("explorable.css", "picture.css", "cover.css")
    PAGE_TRAITS = ("image", "kernel", "divisor", "cursor", "presets")

    presets = traitlets.Dict(CHOICES, read_only=True).tag(sync=True)

    def __init__(self, image=None, kernel=None, divisor=1.0, **traits):
        if kernel is not None and np.shape(kernel) != (3, 3):
            raise ValueError(f"kernel must have shape (3, 3) on the cover, got {np.shape(kernel)}")
        super().__init__(image, kernel, divisor, "replicate", **traits)

    @classmethod
    def preset(cls, name: str, **settings) -> "Cover":
        """One of the cover's kernels by its name; ``ValueError`` for another."""
        if name not in CHOICES:
            raise ValueError(f"preset must be one of {list(CHOICES)}, got {name!r}")
        return cls(**CHOICES[name], **settings)

    def still(self) -> str:
        """The same view in the same places, so that nothing moves when it comes alive."""
        out, image = self.output, decode(self.image)
        most = np.abs(out).max()
        low, high = (-most / 2, most / 2) if out.min() < -0.25 * most else (0, 255)
        grey = np.clip((out - low) / (high - low) * 255, 0, 255).round()
        cells = "".join(
            '<div class="cb-cell"><span>' + f"{weight:g}".replace("-", "−") + "</span></div>"
            for row in self.kernel
            for weight in row
        )
        names = "".join(f"<span>{name}</span>" for name in self.presets)

        def side(kind: str, alt: str, pixels) -> str:
            data = f"data:image/png;base64,{png(pixels)}"  # the first that a reader sees: not fetched late
            picture = f'<img alt="{alt}" loading="eager" width="96" height="96" src="{data}">'
            return f'<div class="cv-side cb-{kind}"><div class="cb-picture">{picture}</div></div>'

        return (
            f'<div class="cv"><div class="cv-row">{side("input", "An astronaut, smiling, in grey.", image)}'
            f'<div class="cv-middle cb-kernel"><span class="cv-sign">⋆</span><div class="cv-grid">{cells}</div>'
            '<span class="cv-sign">=</span></div>'
            f"{side('output', 'The same portrait after the filter of nine weights that stands beside it.', grey)}</div>"
            f'<div class="cv-presets">{names}</div><p class="cv-sum">{self.sum()}</p></div>'
        )

    def sum(self) -> str:
        """The sum behind the pixel at the cursor, in words and numbers.

        >>> Cover.preset("nothing", cursor=[0, 0]).sum()
        '1·162 = <strong>162</strong>'
        """
        i, j = self.cursor
        window = np.pad(decode(self.image), 1, "edge")[i : i + 3, j : j + 3]
        pairs = [(w, pixel) for w, pixel in zip(np.ravel(self.kernel), window.ravel(), strict=True) if w]
        products = " + ".join((f"({w:g})" if w < 0 else f"{w:g}") + f"·{pixel}" for w, pixel in pairs)
        whole = products or "0"
        whole = whole if self.divisor == 1 else f"({whole}) / {self.divisor:g}"
        return f"{whole} = <strong>{round(float(self.output[i, j]), 2):g}</strong>".replace("-", "−")
