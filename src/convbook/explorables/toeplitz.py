"""The toeplitz explorable: a convolution of one dimension as a matrix, and its transpose."""

import numpy as np
import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.checks import check_limits, numbers
from convbook.explorables.conv2d import short
from convbook.explorables.linking import module

# The least and the largest that still make a picture one can read.
LIMITS = {"pixels": (1, 12), "taps": (1, 5), "stride": (1, 4), "padding": (0, 4)}
NAMES = ("taps", "x", "v", "stride", "padding")

PRESETS = {
    "five pixels, padding 1": {
        "taps": [2, 3, 5],
        "x": [1, 2, 3, 4, 5],
        "v": [7, 1, 2, 9, 4],
        "stride": 1,
        "padding": 1,
    },
    "eight pixels": {
        "taps": [1, 2, 3],
        "x": [1, 0, 2, 0, 3, 0, 4, 0],
        "v": [1, 2, 3, 4, 5, 6],
        "stride": 1,
        "padding": 0,
    },
    "seven pixels, stride 2": {
        "taps": [1, 2, 3],
        "x": [1, 2, 3, 4, 5, 6, 7],
        "v": [1, 10, 100],
        "stride": 2,
        "padding": 0,
    },
    "stride 3, two pixels unused": {
        "taps": [1, -1],
        "x": [9, 7, 5, 3, 1, 2, 4, 6],
        "v": [1, 2, 3],
        "stride": 3,
        "padding": 0,
    },
}


class Toeplitz(Explorable):
    """A convolution of one dimension as a matrix, to be changed by hand; pointing at a row writes out its product.

    Parameters
    ----------
    taps : (k,) filter, at most 5 taps; x : (n,) pixels, at most 12; v : (oh,) numbers, one an output.
    stride : int, at most 4; padding : int, at most 4.
    Without ``taps``, ``x`` and ``v`` all are those of the first preset, and so is what else is not given.

    All of these are attributes, too. They can be assigned, and change when the view is edited.

    Raises
    ------
    ValueError as :func:`convbook.kernels.toeplitz_1d`, for a ``v`` of another length than the
    output, and for what is too large to be drawn.

    >>> Toeplitz(taps=[1, 2], x=[1, 10, 100], v=[1, 1]).products
    (array([ 21., 210.]), array([1., 3., 2.]))
    >>> Toeplitz(taps=[1, 2], x=[1, 10, 100], v=[1])
    Traceback (most recent call last):
    ...
    ValueError: v must hold a number for each of the 2 outputs, got 1
    """

    name = "toeplitz"
    _esm = module("toeplitz.mjs")
    sheets = ("explorable.css", "backprop.css")
    PAGE_TRAITS = (*NAMES, "presets", "limits")

    taps = traitlets.Any().tag(sync=True)
    x = traitlets.Any().tag(sync=True)
    v = traitlets.Any().tag(sync=True)
    stride = traitlets.Int(1).tag(sync=True)
    padding = traitlets.Int(0).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, taps=None, x=None, v=None, **settings):
        given = {name: value for name, value in {"taps": taps, "x": x, "v": v}.items() if value is not None}
        if given and len(given) < 3:
            raise ValueError("give taps, x and v together, or none of them")
        defaults = {"stride": 1, "padding": 0} if given else next(iter(PRESETS.values()))
        state = {name: settings.pop(name, default) for name, default in {**defaults, **given}.items()}
        for name in ("taps", "x", "v"):
            state[name] = numbers(state[name], name, 1)
        _check(state)
        super().__init__(**state, **settings)

    @classmethod
    def preset(cls, name: str) -> "Toeplitz":
        """A worked example by its name; ``ValueError`` for a name that ``PRESETS`` does not have.

        >>> Toeplitz.preset("five pixels, padding 1").products[0]
        array([13., 23., 33., 43., 23.])
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @property
    def matrix(self) -> np.ndarray:
        """(oh, n), by :func:`convbook.kernels.toeplitz_1d`."""
        return kernels.toeplitz_1d(self.taps, len(self.x), self.stride, self.padding)

    @property
    def products(self) -> tuple[np.ndarray, np.ndarray]:
        """The matrix times ``x``, and its transpose times ``v``."""
        return self.matrix @ self.x, self.matrix.T @ self.v

    @traitlets.validate("taps", "x", "v")
    def _valid(self, proposal):
        return numbers(proposal["value"], proposal["trait"].name, 1)

    def still(self) -> str:
        """Both matrices as tables, with the vector that each is multiplied by and the product."""
        z, dx = self.products
        text = (
            f"A convolution of {len(self.x)} pixels with {len(self.taps)} taps as a matrix Ŵ of "
            f"{self.matrix.shape[0]} × {self.matrix.shape[1]}: stride {self.stride}, padding {self.padding}. "
            "Each row holds the taps; each row of the transpose holds them backwards. "
            f"Both products agree in ⟨Ŵx, v⟩ = ⟨x, Ŵᵀv⟩ = {short(float(z @ self.v))}."
        )
        sides = [
            ("input", "Ŵx = z", self.matrix, self.x, z, "x"),
            ("output", "Ŵᵀv = dx", self.matrix.T, self.v, dx, "v"),
        ]
        stages = "".join(
            f'<div class="cb-stage cb-{name}"><p class="cb-title">{title}</p><div class="cb-scroll">'
            f"{_table(matrix, vector, product, letter)}</div></div>"
            for name, title, matrix, vector, product, letter in sides
        )
        taps = ", ".join(f"{letter} = {short(value)}" for letter, value in zip("abcde", self.taps, strict=False))
        return f'<p class="cb-note">{text} Taps: {taps}.</p><div class="cb-stages">{stages}</div>'


def _table(matrix, vector, product, letter) -> str:
    head = "".join(f"<th>{short(float(value))}</th>" for value in vector)
    body = "".join(
        "<tr>" + "".join(f"<td>{short(float(value))}</td>" for value in row) + f"<th>{short(float(result))}</th></tr>"
        for row, result in zip(matrix, product, strict=True)
    )
    caption = f"{letter} above, the product at the right"
    return f"<table><caption>{caption}</caption><tbody><tr>{head}</tr>{body}</tbody></table>"


def _check(state: dict) -> None:
    """Raise ``ValueError`` unless everything fits together and can be drawn."""
    sizes = {"pixels": len(state["x"]), "taps": len(state["taps"]), **{k: state[k] for k in ("stride", "padding")}}
    check_limits(sizes, LIMITS)
    rows = len(kernels.toeplitz_1d(state["taps"], len(state["x"]), state["stride"], state["padding"]))
    if len(state["v"]) != rows:
        raise ValueError(f"v must hold a number for each of the {rows} outputs, got {len(state['v'])}")
