"""The gradient chain explorable: a gradient through layers of one weight each, with skips and without, rounded."""

import numpy as np
import traitlets

from convbook.explorables.base import Explorable
from convbook.explorables.checks import check_limits
from convbook.explorables.linking import module

DTYPES = ("float16", "float32", "float64")
# Control, and the least and the largest that it takes.
LIMITS = {"depth": (1, 60), "span": (1, 3), "weight": (-10, 10)}
FAR = 10_000  # layers after which a chain that has not ended is left alone

PRESETS = {
    name: {"depth": 60, "weight": 0.1, "skip": True, "span": 1, "dtype": "float32", **chain}
    for name, chain in {
        "three layers of 0.1": {"depth": 3, "skip": False, "cursor": 3},
        "one skip over two of three layers": {"depth": 3, "span": 2, "cursor": 2},
        "60 layers of 0.1": {"skip": False, "cursor": 46},
        "60 layers of 0.1, with skips": {"cursor": 60},
        "0.1 in float16": {"depth": 12, "skip": False, "dtype": "float16", "cursor": 8},
        "1.5 explodes in float16": {"weight": 1.5, "skip": False, "dtype": "float16", "cursor": 28},
        "small weights: 0.02": {"weight": 0.02, "cursor": 60},
        "a skip that does harm: −0.9": {"weight": -0.9, "cursor": 46},
    }.items()
}


class GradientChain(Explorable):
    """The product of local derivatives from the loss back to each layer, w^n, and with skips (1 + w)^n.

    Parameters
    ----------
    depth : int from 1 to 60; weight : float from -10 to 10, the derivative of every layer.
    skip : whether there are skips; span : how many layers a skip spans, 1 to 3, counted from the loss.
    dtype : ``"float16"``, ``"float32"`` or ``"float64"``; every product is rounded to it, subnormals included.

    All of these are attributes, too, and change when the view is edited; ``cursor`` is the
    number of layers back that is pointed at. Raises ``ValueError`` for what the controls cannot show.

    >>> GradientChain(depth=3, weight=0.1, skip=False, dtype="float64").plain.round(12)
    array([0.1  , 0.01 , 0.001])
    >>> GradientChain(depth=3, weight=0.1, span=2, dtype="float64").skipped.round(12)
    array([0.1  , 1.01 , 0.101])
    >>> GradientChain(weight=0.1).fates["plain"], GradientChain(weight=0.1, dtype="float16").fates["plain"]
    (('zero', 46, 0.0), ('zero', 8, 0.0))
    """

    name = "gradient-chain"
    _esm = module("gradient_chain.mjs")
    sheets = ("explorable.css", "picture.css", "gradient_chain.css")
    PAGE_TRAITS = ("depth", "weight", "skip", "span", "dtype", "cursor", "presets", "limits")

    depth = traitlets.Int(60).tag(sync=True)
    weight = traitlets.Float(0.1).tag(sync=True)
    skip = traitlets.Bool(True).tag(sync=True)
    span = traitlets.Int(1).tag(sync=True)
    dtype = traitlets.Unicode("float32").tag(sync=True)
    cursor = traitlets.Int(60, min=1).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, **settings):
        chain = {**PRESETS["60 layers of 0.1, with skips"], **settings}
        if "cursor" not in settings:
            chain["cursor"] = chain["depth"]
        for name in ("depth", "span"):
            check_limits({name: chain[name]}, {name: LIMITS[name]})
        _check_weight(chain["weight"])
        super().__init__(**chain)

    @classmethod
    def preset(cls, name: str) -> "GradientChain":
        """An example by its name; ``ValueError`` for a name that ``PRESETS`` does not have.

        >>> GradientChain.preset("1.5 explodes in float16").fates["plain"]
        ('overflow', 28, inf)
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @traitlets.validate("depth", "span")
    def _valid_size(self, proposal):
        name = proposal["trait"].name
        check_limits({name: proposal["value"]}, {name: LIMITS[name]})
        return proposal["value"]

    @traitlets.validate("weight")
    def _valid_weight(self, proposal):
        return _check_weight(proposal["value"])

    @traitlets.validate("dtype")
    def _valid_dtype(self, proposal):
        if proposal["value"] not in DTYPES:
            raise ValueError(f"dtype must be one of {list(DTYPES)}, got {proposal['value']!r}")
        return proposal["value"]

    @property
    def plain(self) -> np.ndarray:
        """(depth,) of ``dtype``: the derivative after 1, 2, ... layers on the way back, without skips."""
        return _chain(self.weight, self.depth, 0, self.dtype)

    @property
    def skipped(self) -> np.ndarray:
        """(depth,) of ``dtype``: the same with a skip over each ``span`` layers."""
        return _chain(self.weight, self.depth, self.span, self.dtype)

    @property
    def fates(self) -> dict:
        """How ``"plain"`` and ``"skipped"`` end in however many layers: ``(end, n, value)`` or None if they go on.

        ``end`` is ``"zero"``, ``"overflow"``, or ``"stays"`` where rounding or a factor of one keeps the size as it is.

        >>> GradientChain(weight=0.9, dtype="float16").fates["plain"][:2]
        ('stays', 142)
        """
        return {"plain": _fate(self.weight, 0, self.dtype), "skipped": _fate(self.weight, self.span, self.dtype)}

    def still(self) -> str:
        """The values at some layers as a table, and how the chains end in words."""
        columns = {"plain": self.plain, **({"with skips": self.skipped} if self.skip else {})}
        ticks = sorted({n for n in (1, 2, 3, 5, 8, 10, 20, 30, 45, 46, 60) if n <= self.depth} | {self.depth})
        rows = "".join(
            f'<tr><th scope="row">{n}</th>' + "".join(f"<td>{_text(values[n - 1])}</td>" for values in columns.values())
            for n in ticks
        )
        heads = "".join(f'<th scope="col">{name}</th>' for name in ("layers back", *columns))
        ends = "".join(
            f"<p>{name}: {_told(self.fates[key])}</p>" for name, key in zip(columns, ("plain", "skipped"), strict=False)
        )
        skips = f", and with a skip over each {self.span} of them" if self.skip else ""
        return (
            f'<p class="cb-note">A gradient of 1 on its way back through {self.depth} layers whose derivative is '
            f"{_text(self.weight)}{skips}, in {self.dtype}.</p>"
            f'<table class="gc-facts"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{ends}'
        )


def _check_weight(value) -> float:
    least, most = LIMITS["weight"]
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not least <= value <= most:
        raise ValueError(f"weight must be a number from {least} to {most}, got {value!r}")
    return float(value)


def _steps(weight: float, span: int, dtype: str):
    """The values after 1, 2, ... layers, without end; ``span`` 0 means no skips."""
    kind = np.dtype(dtype).type
    w, power = kind(weight), kind(1)
    for _ in range(span):
        power = power * w
    block = kind(1) + power
    value = start = kind(1)
    n = 0
    while True:
        n += 1
        # Inside a block only the way through the layers counts: the skip joins at the block's beginning.
        value = start * block if span and n % span == 0 else value * w
        if span and n % span == 0:
            start = value
        yield value


def _chain(weight: float, depth: int, span: int, dtype: str) -> np.ndarray:
    with np.errstate(all="ignore"):  # to underflow and to overflow is what is shown here
        return np.array([value for _, value in zip(range(depth), _steps(weight, span, dtype), strict=False)], dtype)


def _fate(weight: float, span: int, dtype: str) -> tuple[str, int, float] | None:
    stride = span or 1
    values = [1.0]
    with np.errstate(all="ignore"):
        for n, value in enumerate(_steps(weight, span, dtype), 1):
            values.append(abs(float(value)))
            if n % stride:
                continue
            if values[n] in (0, np.inf):
                first = n
                while values[first - 1] == values[n]:
                    first -= 1
                return "overflow" if values[n] else "zero", first, values[n]
            if values[n] == values[n - stride]:
                return "stays", n - stride, values[n]
            if n > FAR:
                return None


def _text(value) -> str:
    return f"{float(value):.4g}".replace("-", "−").replace("inf", "∞")


def _told(fate) -> str:
    if fate is None:
        return f"neither 0 nor ∞ within {FAR:,} layers."
    end, n, value = fate
    if end == "stays":
        return f"its size stays {_text(value)} from layer {n} on."
    return f"{'0' if end == 'zero' else '∞'} from layer {n} on."
