"""The checkerboard explorable: how the stamps of a transposed convolution overlap."""

import numpy as np
import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.checks import check_limits
from convbook.explorables.conv2d import short
from convbook.explorables.linking import module

LIMITS = {"kernel": (1, 6), "stride": (1, 4)}
WEIGHTS = ("equal", "linear", "uneven")
PICTURES = ("hill", "flat", "slope")


class Checkerboard(Explorable):
    """Where the stamps of a transposed convolution overlap, and what they make of a smooth map.

    Parameters
    ----------
    kernel : int, the side of the stamp, 1 to 6; stride : int, how far apart the stamps are, 1 to 4.
    weights : ``"equal"``, ``"linear"`` (those of linear interpolation) or ``"uneven"``.
    picture : ``"hill"``, ``"flat"`` or ``"slope"``, the map that is made larger.

    All of these are attributes, too. Raises ``ValueError`` for what the controls cannot show.

    >>> Checkerboard(kernel=3, stride=2).coverage
    array([1, 1, 2, 1, 2, 1, 2, 1, 1])
    >>> Checkerboard(kernel=4, stride=2, weights="equal").phases, Checkerboard(kernel=3, weights="linear").phases
    (array([2., 2.]), array([1., 1.]))
    """

    name = "checkerboard"
    _esm = module("checkerboard.mjs")
    sheets = ("explorable.css", "backprop.css")
    PAGE_TRAITS = ("kernel", "stride", "weights", "picture", "limits")

    kernel = traitlets.Int(3).tag(sync=True)
    stride = traitlets.Int(2).tag(sync=True)
    weights = traitlets.Unicode("equal").tag(sync=True)
    picture = traitlets.Unicode("hill").tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, kernel=3, stride=2, weights="equal", picture="hill", **settings):
        check_limits({"kernel": kernel, "stride": stride}, LIMITS)
        super().__init__(kernel=kernel, stride=stride, weights=weights, picture=picture, **settings)

    @traitlets.validate("kernel", "stride")
    def _valid_size(self, proposal):
        name = proposal["trait"].name
        check_limits({name: proposal["value"]}, {name: LIMITS[name]})
        return proposal["value"]

    @traitlets.validate("weights", "picture")
    def _valid_choice(self, proposal):
        name, value = proposal["trait"].name, proposal["value"]
        names = {"weights": WEIGHTS, "picture": PICTURES}[name]
        if value not in names:
            raise ValueError(f"{name} must be one of {list(names)}, got {value!r}")
        return value

    @property
    def taps(self) -> np.ndarray:
        """(kernel,), the stamp along one axis."""
        a = np.arange(self.kernel)
        return {
            "equal": np.ones(self.kernel),
            "linear": np.maximum(0, 1 - np.abs(a - (self.kernel - 1) / 2) / self.stride),
            "uneven": np.array([1.0, 3, 2, 5, 4, 1])[: self.kernel],
        }[self.weights]

    @property
    def coverage(self) -> np.ndarray:
        """How many of four stamps lie on each pixel of a row."""
        stamps = kernels.conv_transpose2d(np.ones((1, 1, 1, 4)), np.ones((1, 1, 1, self.kernel)), stride=self.stride)
        return stamps[0, 0, 0].astype(int)

    @property
    def phases(self) -> np.ndarray:
        """(stride,), the sum of the weights that meet a pixel of each phase."""
        return np.array([self.taps[r :: self.stride].sum() for r in range(self.stride)])

    @property
    def ripple(self) -> float:
        """Standard deviation over mean of what a flat map becomes, away from its edge.

        >>> round(Checkerboard(kernel=3, stride=2).ripple, 3), Checkerboard(kernel=4, stride=2).ripple
        (0.484, 0.0)
        """
        plane = np.outer(self.phases, self.phases)
        return float(plane.std() / plane.mean())

    def still(self) -> str:
        """The counts along a row and in the plane, and the verdict in words."""
        k, s, counts = self.kernel, self.stride, self.coverage
        inner = sorted({len(range(r, k, s)) for r in range(s)})
        even = f"every pixel lies under {inner[0]} stamps along a row"
        uneven = f"along a row pixels lie under {' or '.join(map(str, inner))} stamps"
        text = (
            f"Transposed convolution with kernel {k} and stride {s}: {k} mod {s} = {k % s}, and "
            f"{even if len(inner) == 1 else uneven}. With {self.weights} weights a flat map ripples by "
            f"{short(round(100 * self.ripple, 1))} %. Resizing first and convolving then leaves it flat."
        )
        row = "".join(f"<td>{count}</td>" for count in counts)
        plane = "".join(
            "<tr>" + "".join(f"<td>{a * b}</td>" for b in counts[: 2 * k + s]) + "</tr>" for a in counts[: 2 * k + s]
        )
        return (
            f'<p class="cb-note">{text}</p><div class="cb-stages"><div class="cb-stage cb-output">'
            f'<p class="cb-title">stamps on each pixel</p><div class="cb-scroll"><table><caption>a row</caption>'
            f"<tbody><tr>{row}</tr></tbody></table></div>"
            f'<div class="cb-scroll"><table><caption>in the plane</caption><tbody>{plane}</tbody></table></div>'
            "</div></div>"
        )
