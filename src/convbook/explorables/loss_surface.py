"""The loss surface explorable: recorded losses of a net with skips and of one without, to be turned and read off."""

import math

import numpy as np
import traitlets

from convbook.explorables.base import Explorable
from convbook.explorables.linking import module
from convbook.explorables.photo import still

LEAST, MOST = 3, 81  # points along a side
TILT = (5, 85)
SHOWN = ("both", "residual", "plain")
NETS = {"residual": "with skips", "plain": "without skips"}

PRESETS = {
    "logarithmic, one scale for both": {"show": "both", "log": True, "shared": True},
    "logarithmic, a scale for each": {"show": "both", "log": True, "shared": False},
    "linear, one scale for both": {"show": "both", "log": False, "shared": True},
    "linear, a scale for each": {"show": "both", "log": False, "shared": False},
}


class LossSurface(Explorable):
    """Losses around trained weights, of a net with skips and of the same net without, as surfaces and as contours.

    Parameters
    ----------
    residual, plain : (n, n) positive losses with skips and without, n from 3 to 81; ``[i][j]`` is the loss at
        a = -extent + 2 extent i / (n - 1) along the first direction, and b likewise from j along the second.
        Kept with four digits, so that a page stays light.
    extent : float, how far the grid reaches on either side.
    show : ``"both"``, ``"residual"`` or ``"plain"``; log : whether heights and colours are logarithms of the loss;
    shared : whether both nets are drawn on one scale. azimuth : turn in degrees; elevation : tilt, 5 to 85 degrees.

    All of these are attributes, too, and change when the view is edited; ``cursor`` is the
    grid point (i, j) that is read off.

    Raises
    ------
    ValueError for grids that are not square, of unequal or unfit size, or hold what is not a positive number.

    >>> bowl = np.add.outer(np.linspace(-1, 1, 5) ** 2, np.linspace(-1, 1, 5) ** 2) + 0.1
    >>> view = LossSurface(residual=bowl, plain=bowl ** 2, cursor=[2, 4])
    >>> view.probe
    {'a': 0.0, 'b': 1.0, 'residual': 1.1, 'plain': 1.21}
    >>> LossSurface(residual=bowl, plain=bowl[:4])
    Traceback (most recent call last):
    ...
    ValueError: plain must be square, got shape (4, 5)
    """

    name = "loss-surface"
    _esm = module("loss_surface.mjs")
    sheets = ("explorable.css", "picture.css", "loss_surface.css")
    PAGE_TRAITS = (
        *("residual", "plain", "extent", "show", "log", "shared", "azimuth", "elevation", "cursor", "presets"),
    )

    residual = traitlets.Any().tag(sync=True)
    plain = traitlets.Any().tag(sync=True)
    extent = traitlets.Float(1.0).tag(sync=True)
    show = traitlets.Unicode("both").tag(sync=True)
    log = traitlets.Bool(True).tag(sync=True)
    shared = traitlets.Bool(True).tag(sync=True)
    azimuth = traitlets.Int(-35, min=-180, max=180).tag(sync=True)
    elevation = traitlets.Int(32, min=TILT[0], max=TILT[1]).tag(sync=True)
    cursor = traitlets.List(traitlets.Int(min=0), [0, 0], minlen=2, maxlen=2).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)

    def __init__(self, residual, plain, **settings):
        grids = {"residual": _grid(residual, "residual"), "plain": _grid(plain, "plain")}
        n = len(grids["residual"])
        if len(grids["plain"]) != n:
            raise ValueError(f"residual and plain must be of one size, got {n} and {len(grids['plain'])} points a side")
        settings.setdefault("cursor", [(n - 1) // 2] * 2)
        super().__init__(**grids, **settings)

    @classmethod
    def recorded(cls, results: dict, **settings) -> "LossSurface":
        """The surfaces of an experiment's results, which hold ``residual``, ``plain`` and ``extent``.

        >>> bowl = [[2, 1, 2], [1, 0.5, 1], [2, 1, 2]]
        >>> LossSurface.recorded({"steps": 3, "extent": 0.5, "residual": bowl, "plain": bowl}).probe["a"]
        0.0
        """
        for name in ("residual", "plain", "extent"):
            if name not in results:
                raise ValueError(f"results must hold residual, plain and extent, got no {name}")
        return cls(results["residual"], results["plain"], extent=results["extent"], **settings)

    @traitlets.validate("residual", "plain")
    def _valid_grid(self, proposal):
        name, grid = proposal["trait"].name, _grid(proposal["value"], proposal["trait"].name)
        other = "plain" if name == "residual" else "residual"
        size = len(getattr(self, other) or grid)
        if len(grid) != size:
            raise ValueError(f"{name} must have as many points a side as {other}, {size}, got {len(grid)}")
        return grid

    @traitlets.validate("extent")
    def _valid_extent(self, proposal):
        if not 0 < proposal["value"] < math.inf:
            raise ValueError(f"extent must be a positive number, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("show")
    def _valid_show(self, proposal):
        if proposal["value"] not in SHOWN:
            raise ValueError(f"show must be one of {list(SHOWN)}, got {proposal['value']!r}")
        return proposal["value"]

    @traitlets.validate("cursor")
    def _valid_cursor(self, proposal):
        n = len(self.residual or proposal["value"])
        if self.residual and max(proposal["value"]) >= n:
            raise ValueError(f"cursor must be two points from 0 to {n - 1}, got {proposal['value']}")
        return proposal["value"]

    @property
    def probe(self) -> dict:
        """Place and losses at the cursor: a, b, residual, plain."""
        i, j = self.cursor
        a, b = (self.extent * (2 * k / (len(self.residual) - 1) - 1) for k in (i, j))
        return {"a": a, "b": b, "residual": self.residual[i][j], "plain": self.plain[i][j]}

    def still(self) -> str:
        """Both surfaces from above as pictures, and in words where they are lowest and highest."""
        grids = {name: np.array(getattr(self, name)) for name in NETS}
        drawn = {name: np.log10(grid) if self.log else grid for name, grid in grids.items()}
        both = np.array(list(drawn.values()))
        stages = ""
        for name, words in NETS.items():
            grid, shown = grids[name], drawn[name]
            low, high = (both.min(), both.max()) if self.shared else (shown.min(), shown.max())
            caption = (
                f"the loss {words}, from {_text(grid.min())} to {_text(grid.max())}; bright is high"
                f"{', on a logarithmic scale' if self.log else ''}"
            )
            picture = still(shown.T[::-1], caption, low, high)  # a to the right, b upwards
            stages += (
                f'<div class="cb-stage"><p class="cb-title">{words}</p><div class="ls-still">{picture}</div></div>'
            )
        n, probe = len(grids["plain"]), self.probe
        return (
            f'<p class="cb-note">Losses on {n} × {n} points around trained weights, '
            f"a to the right and b upwards, both from −{_text(self.extent)} to {_text(self.extent)}.</p>"
            f'<div class="cb-stages">{stages}</div><p>At a = {_text(probe["a"])}, b = {_text(probe["b"])} the loss is '
            f"{_text(probe['residual'])} with skips and {_text(probe['plain'])} without.</p>"
        )


def _grid(value, name: str) -> list[list[float]]:
    """``value`` as nested lists of positive floats of four digits, or ``ValueError``."""
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a square grid of numbers, got {type(value).__name__}") from None
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} must be square, got shape {array.shape}")
    if not LEAST <= len(array) <= MOST:
        raise ValueError(f"{name} must have from {LEAST} to {MOST} points a side, got {len(array)}")
    wrong = np.argwhere(~(np.isfinite(array) & (array > 0)))
    if len(wrong):
        i, j = wrong[0].tolist()
        raise ValueError(f"{name} must hold positive finite losses, got {array[i, j]} at ({i}, {j})")
    return [[float(f"{loss:.4g}") for loss in row] for row in array.tolist()]


def _text(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
