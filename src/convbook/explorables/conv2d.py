"""The conv2d explorable: every output value of a convolution, and the sum that makes it."""

import html

import numpy as np
import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.linking import module
from convbook.kernels.conv import as_float
from convbook.kernels.sizes import whole

SETTINGS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "padding_mode": "zeros"}

# The largest numbers that still make a picture one can read.
LIMITS = {
    "stride": 5,
    "padding": 5,
    "dilation": 5,
    "groups": 4,
    "input height": 10,
    "input width": 10,
    "channels": 4,
    "kernel height": 5,
    "kernel width": 5,
    "filters": 4,
}

_CORNER = [[1, 2], [0, 0.5]]
_MIXED = [[0, 0.1], [1, 2]]
_IMAGE = [[1, 128, 100, 255], [4, 100, 80, 0], [20, 90, 70, 0], [40, 50, 60, 2]]
_PHOTO = [
    [200, 200, 200, 200, 200],
    [200, 20, 20, 45, 200],
    [100, 20, 25, 65, 150],
    [80, 20, 40, 60, 80],
    [80, 30, 50, 80, 80],
]
_BLUR = [[1 / 16, 2 / 16, 1 / 16], [2 / 16, 4 / 16, 2 / 16], [1 / 16, 2 / 16, 1 / 16]]
_STAIRS = [[(row * row + 3 * col) % 10 for col in range(7)] for row in range(7)]
_FOUR = [
    [[1, 2, 3, 4], [5, 6, 7, 8], [9, 8, 7, 6], [5, 4, 3, 2]],
    [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]],
    [[9, 0, 0, 0], [0, 9, 0, 0], [0, 0, 9, 0], [0, 0, 0, 9]],
    [[2, 2, 2, 2], [4, 4, 4, 4], [6, 6, 6, 6], [8, 8, 8, 8]],
]

PRESETS = {
    name: {"b": [0] * len(layer["w"]), **SETTINGS, **layer}
    for name, layer in {
        "4×4, two filters, padding 1": {"x": [_IMAGE], "w": [[_CORNER], [_MIXED]], "padding": 1},
        "two channels": {
            "x": [[[1, 128], [4, 100]], [[0, 10], [10, 255]]],
            "w": [[_CORNER, [[1, 1], [1, 1.5]]], [_MIXED, _MIXED]],
            "padding": 1,
        },
        "blur, 5×5 image": {"x": [_PHOTO], "w": [[_BLUR]]},
        "stride 2": {"x": [_IMAGE], "w": [[_CORNER], [_MIXED]], "stride": 2},
        "dilation 2 on 7×7": {"x": [_STAIRS], "w": [[[[1, 0, -1], [2, 0, -2]]]], "dilation": 2},
        "groups 2, four channels": {
            "x": _FOUR,
            "w": [
                [[[1, 0, -1], [0, 2, 0]], [[1, 1, 1], [0, 0, -1]]],
                [[[0, 1, 0], [1, 0, 2]], [[-1, 0, 1], [0, 0, 0.5]]],
            ],
            "b": [0, 10],
            "groups": 2,
        },
    }.items()
}


def _numbers(value, name: str, ndim: int, axes: str) -> list:
    """``value`` as nested lists of finite floats of ``ndim`` axes, or ``ValueError``."""
    array = as_float(value, name, ndim, axes)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, got {array[~np.isfinite(array)][0]}")
    return array.tolist()


def short(value: float) -> str:
    """A number for a small cell: at most four decimals, a real minus sign.

    >>> short(-0.0625), short(300.0), short(1 / 3)
    ('−0.0625', '300', '0.3333')
    """
    return f"{round(value, 4) + 0.0:.4f}".rstrip("0").rstrip(".").replace("-", "−")


def _table(caption: str, grid) -> str:
    rows = "".join("<tr>" + "".join(f"<td>{short(value)}</td>" for value in row) + "</tr>" for row in grid)
    return f"<table><caption>{caption}</caption><tbody>{rows}</tbody></table>"


class Conv2d(Explorable):
    """A convolution of one image, to be changed by hand; pointing at an output value writes out its sum.

    Parameters
    ----------
    x : (C, H, W) image, array or nested lists; at most 4 channels of 10x10.
    w : (F, C/groups, kh, kw) filters; at most 4, of at most 5x5.
    b : (F,) biases, or None for zeros.
    stride, padding, dilation, groups : ints; padding_mode : see :func:`convbook.kernels.pad2d`.
    Without ``x`` and ``w`` both are those of the first preset, and so is what else is not given.

    All of these are attributes, too. They can be assigned, and change when the
    view is edited; ``cursor`` is the output value ``[f, i, j]`` pointed at.

    Raises
    ------
    ValueError as :func:`convbook.kernels.conv2d`, and for what is too large to be
    drawn. Attributes assigned later may disagree for a moment (a new ``x``, then
    a new ``w``): the view then says what is wrong, and ``output`` raises.

    >>> layer = Conv2d(x=[[[1, 2, 3], [4, 5, 6]]], w=[[[[1, 1]]]], padding=1)
    >>> layer.output[0]
    array([[ 0.,  0.,  0.,  0.],
           [ 1.,  3.,  5.,  3.],
           [ 4.,  9., 11.,  6.],
           [ 0.,  0.,  0.,  0.]])
    >>> Conv2d(x=[[[1, 2, 3], [4, 5, 6]]], w=[[[[1, 1]]]], groups=2)
    Traceback (most recent call last):
    ...
    ValueError: groups=2 does not divide the 1 input channels
    """

    name = "conv2d"
    _esm = module("conv2d.mjs")
    sheets = ("explorable.css",)
    PAGE_TRAITS = ("x", "w", "b", *SETTINGS, "cursor", "presets", "limits")

    x = traitlets.Any().tag(sync=True)
    w = traitlets.Any().tag(sync=True)
    b = traitlets.Any().tag(sync=True)
    stride = traitlets.Int(1).tag(sync=True)
    padding = traitlets.Int(0).tag(sync=True)
    dilation = traitlets.Int(1).tag(sync=True)
    groups = traitlets.Int(1).tag(sync=True)
    padding_mode = traitlets.Unicode("zeros").tag(sync=True)
    cursor = traitlets.List(traitlets.Int(), [0, 0, 0], minlen=3, maxlen=3).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, x=None, w=None, b=None, **settings):
        if (x is None) != (w is None):
            raise ValueError("give x and w together, or neither")
        given = {name: value for name, value in {"x": x, "w": w, "b": b}.items() if value is not None}
        defaults = SETTINGS if "x" in given else next(iter(PRESETS.values()))
        layer = {name: settings.pop(name, default) for name, default in {**defaults, **given}.items()}
        layer["x"] = _numbers(layer["x"], "x", 3, "(C, H, W)")
        layer["w"] = _numbers(layer["w"], "w", 4, "(F, C/groups, kh, kw)")
        layer["b"] = _numbers(layer.get("b", np.zeros(len(layer["w"]))), "b", 1, "(F,)")
        _output(layer)
        _check_limits(layer)
        super().__init__(**layer, **settings)

    @classmethod
    def preset(cls, name: str) -> "Conv2d":
        """A worked example by its name.

        >>> Conv2d.preset("stride 2").output[0]
        array([[307., 610.],
               [225.,  71.]])
        >>> Conv2d.preset("stride 7")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: preset must be one of ['4×4, two filters, padding 1', ...], got 'stride 7'
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @property
    def output(self) -> np.ndarray:
        """(F, oh, ow), computed by :func:`convbook.kernels.conv2d`, which raises ``ValueError`` if nothing fits."""
        return _output({name: getattr(self, name) for name in ("x", "w", "b", *SETTINGS)})

    @traitlets.validate("x")
    def _valid_x(self, proposal):
        return _numbers(proposal["value"], "x", 3, "(C, H, W)")

    @traitlets.validate("w")
    def _valid_w(self, proposal):
        return _numbers(proposal["value"], "w", 4, "(F, C/groups, kh, kw)")

    @traitlets.validate("b")
    def _valid_b(self, proposal):
        return _numbers(proposal["value"], "b", 1, "(F,)")

    def still(self) -> str:
        """The numbers as tables, and in words how they belong together."""
        C, H, W = np.shape(self.x)
        F, depth, kh, kw = np.shape(self.w)
        out = self.output
        text = (
            f"Cross-correlation of an input of {C} × {H} × {W} (channels, height, width) "
            f"with a bank of {F} × {depth} × {kh} × {kw} (filters, channels each, height, width): "
            f"stride {self.stride}, padding {self.padding} ({html.escape(self.padding_mode)}), "
            f"dilation {self.dilation}, groups {self.groups}. The output is {F} × {out.shape[1]} × {out.shape[2]}."
        )
        first = [f // (F // self.groups) * (C // self.groups) for f in range(F)]
        stages = {
            "input": [(f"channel {c}", grid) for c, grid in enumerate(self.x)],
            "kernel": [
                (f"filter {f}, channel {first[f] + c}, bias {short(self.b[f])}", grid)
                for f, planes in enumerate(self.w)
                for c, grid in enumerate(planes)
            ],
            "output": [(f"filter {f}", grid) for f, grid in enumerate(out)],
        }
        titles = {"input": "input", "kernel": "⋆ kernel", "output": "= output"}
        sections = "".join(
            f'<div class="cb-stage cb-{stage}"><p class="cb-title">{titles[stage]}</p>'
            f'<div class="cb-planes">{"".join(_table(*table) for table in tables)}</div></div>'
            for stage, tables in stages.items()
        )
        return f'<p class="cb-note">{text}</p><div class="cb-stages">{sections}</div>'


def _output(layer: dict) -> np.ndarray:
    return kernels.conv2d([layer["x"]], layer["w"], layer["b"], **{name: layer[name] for name in SETTINGS})[0]


def _check_limits(layer: dict) -> None:
    """Raise ``ValueError`` unless the controls can show the settings, and the grids the sizes."""
    C, H, W = np.shape(layer["x"])
    F, _, kh, kw = np.shape(layer["w"])
    settings = [whole(name, layer[name], 0) for name in ("stride", "padding", "dilation", "groups")]  # no pairs
    for (name, most), value in zip(LIMITS.items(), (*settings, H, W, C, kh, kw, F), strict=True):
        if value > most:
            raise ValueError(f"{name} must be at most {most} in this explorable, got {value}")
