"""The adjoint explorable: one gradient of the input, scattered and gathered side by side."""

import numpy as np
import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.checks import check_limits, numbers
from convbook.explorables.conv2d import short
from convbook.explorables.linking import module

# The least and the largest that still make a picture one can read.
LIMITS = {
    "height": (1, 6),
    "width": (1, 6),
    "kernel height": (1, 4),
    "kernel width": (1, 4),
    "stride": (1, 3),
    "padding": (0, 3),
}
NAMES = ("dout", "w", "height", "width", "stride", "padding")

_NINE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
_KERNEL = [[1, 0, -1], [2, 0, -2], [1, 3, -1]]
PRESETS = {
    "kernel 2×2": {"dout": _NINE, "w": [[1, 2], [3, 4]], "height": 4, "width": 4, "stride": 1, "padding": 0},
    "same size, padding 1": {
        "dout": [[1, 0, 2, 1], [0, 3, 0, 1], [2, 0, 1, 0]],
        "w": _KERNEL,
        "height": 3,
        "width": 4,
        "stride": 1,
        "padding": 1,
    },
    "stride 2, padding 1": {"dout": _NINE, "w": _KERNEL, "height": 5, "width": 5, "stride": 2, "padding": 1},
    "stride 2, a column left over": {
        "dout": [[1, 2], [3, 4]],
        "w": [[1, 2], [3, 4]],
        "height": 4,
        "width": 5,
        "stride": 2,
        "padding": 0,
    },
}


class Adjoint(Explorable):
    """The gradient of a convolution's input, computed in two ways, step by step.

    Parameters
    ----------
    dout : (oh, ow) gradient of the output, as a convolution of these sizes returns it.
    w : (kh, kw) filter, at most 4x4.
    height, width : ints, the size of the input, at most 6; stride : at most 3; padding : at most 3.
    Without ``dout`` and ``w`` both are those of the first preset, and so is what else is not given.

    All of these are attributes, too. They can be assigned, and change when the view is edited.

    Raises
    ------
    ValueError as :func:`convbook.kernels.conv2d_backward`, and for what is too large to be drawn.

    >>> Adjoint(dout=[[1, 10]], w=[[2, 3]], height=1, width=3).dx
    array([[ 2., 23., 30.]])
    >>> Adjoint(dout=[[1, 10]], w=[[2, 3]], height=1, width=4)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: dout must have the shape of the output, (1, 3), got shape (1, 2)
    """

    name = "adjoint"
    _esm = module("adjoint.mjs")
    sheets = ("explorable.css", "backprop.css")
    PAGE_TRAITS = (*NAMES, "presets", "limits")

    dout = traitlets.Any().tag(sync=True)
    w = traitlets.Any().tag(sync=True)
    height = traitlets.Int(1).tag(sync=True)
    width = traitlets.Int(1).tag(sync=True)
    stride = traitlets.Int(1).tag(sync=True)
    padding = traitlets.Int(0).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, dout=None, w=None, **settings):
        given = {name: value for name, value in {"dout": dout, "w": w}.items() if value is not None}
        if len(given) == 1:
            raise ValueError("give dout and w together, or neither")
        if given and not {"height", "width"} <= settings.keys():
            raise ValueError("give the height and the width of the input: a stride leaves them open")
        defaults = {"stride": 1, "padding": 0} if given else next(iter(PRESETS.values()))
        state = {name: settings.pop(name, default) for name, default in {**defaults, **given}.items()}
        state |= {name: settings.pop(name) for name in ("height", "width") if name in settings}
        state |= {name: numbers(state[name], name, 2) for name in ("dout", "w")}
        _check(state)
        super().__init__(**state, **settings)

    @classmethod
    def preset(cls, name: str) -> "Adjoint":
        """A worked example by its name; ``ValueError`` for a name that ``PRESETS`` does not have.

        >>> Adjoint.preset("stride 2, a column left over").dx
        array([[ 1.,  2.,  2.,  4.,  0.],
               [ 3.,  4.,  6.,  8.,  0.],
               [ 3.,  6.,  4.,  8.,  0.],
               [ 9., 12., 12., 16.,  0.]])
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @property
    def dx(self) -> np.ndarray:
        """(height, width), by :func:`convbook.kernels.conv2d_backward`."""
        x = np.zeros((1, 1, self.height, self.width))
        return kernels.conv2d_backward([[self.dout]], x, [[self.w]], self.stride, self.padding)[0][0, 0]

    @traitlets.validate("dout", "w")
    def _valid(self, proposal):
        return numbers(proposal["value"], proposal["trait"].name, 2)

    def still(self) -> str:
        """What goes in and what comes out as tables, and both ways in words."""
        text = (
            f"The gradient of the input of a convolution with stride {self.stride} and padding {self.padding}, "
            f"{self.height} × {self.width} pixels. Scattering goes from output to output: each pays its pixels dout "
            "times the filter. Gathering goes from pixel to pixel: dout is spread by the stride and padded, and the "
            "filter, turned by half a turn, collects. Both give the same dx."
        )
        tables = [("output", "dout", self.dout), ("kernel", "filter w", self.w), ("input", "dx", self.dx)]
        stages = "".join(
            f'<div class="cb-stage cb-{name}"><p class="cb-title">{title}</p>{_table(title, grid)}</div>'
            for name, title, grid in tables
        )
        return f'<p class="cb-note">{text}</p><div class="cb-stages">{stages}</div>'


def _table(title: str, grid) -> str:
    rows = "".join("<tr>" + "".join(f"<td>{short(float(value))}</td>" for value in row) + "</tr>" for row in grid)
    return f"<table><caption>{title}</caption><tbody>{rows}</tbody></table>"


def _check(state: dict) -> None:
    """Raise ``ValueError`` unless everything fits together and can be drawn."""
    kh, kw = np.shape(state["w"])
    sizes = {name: state[name] for name in ("height", "width", "stride", "padding")}
    check_limits({**sizes, "kernel height": kh, "kernel width": kw}, LIMITS)
    stride, padding = state["stride"], state["padding"]
    expected = tuple(
        kernels.conv_output_size(n, k, stride, padding) for n, k in ((state["height"], kh), (state["width"], kw))
    )
    if np.shape(state["dout"]) != expected:
        raise ValueError(f"dout must have the shape of the output, {expected}, got shape {np.shape(state['dout'])}")
