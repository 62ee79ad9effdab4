"""The dilation explorable: which inputs reach an output through a stack of dilated layers, and which are holes."""

import numpy as np
import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.linking import module
from convbook.kernels.sizes import whole

# The largest numbers that still make a picture one can read.
LIMITS = {"kernel size": 7, "outputs": 16, "layers": 6, "field": 63}

PRESETS = {
    name: {"kernel_size": 3, "outputs": 9, **stack}
    for name, stack in {
        "doubled: 1, 2, 4, 8": {"dilations": [1, 2, 4, 8]},
        "no dilation: 1, 1, 1, 1": {"dilations": [1, 1, 1, 1]},
        "holes: 2, 2, 2": {"dilations": [2, 2, 2]},
        "mended: 1, 2, 2": {"dilations": [1, 2, 2]},
        "one path each: 1, 3, 9": {"dilations": [1, 3, 9]},
        "too fast: 1, 4, 12": {"dilations": [1, 4, 12]},
        "kernel 2, as for sound: 1, 2, 4, 8, 16": {"dilations": [1, 2, 4, 8, 16], "kernel_size": 2, "outputs": 5},
    }.items()
}


class Dilation(Explorable):
    """A stack of dilated layers along one axis; pointing at an output shows which inputs reach it.

    Parameters
    ----------
    dilations : list of ints, one a layer, from the input on; at most 6 layers that see at most 63 inputs.
    kernel_size : int from 1 to 7, the same in all layers; outputs : how many outputs are drawn, 1 to 16.

    All of these are attributes, too, and change when the view is edited; ``cursor`` is
    the output pointed at. Stride is 1, and there is no padding.

    Raises
    ------
    ValueError naming what is no whole number of at least 1, or too large to be drawn. Attributes
    assigned later may be too large for a moment; the view then says so.

    >>> stack = Dilation(dilations=[2, 2])
    >>> stack.receptive_field, stack.paths
    (9, array([1, 0, 2, 0, 3, 0, 2, 0, 1]))
    >>> Dilation(dilations=[1, 0])
    Traceback (most recent call last):
    ...
    ValueError: dilation must be an integer of at least 1, got 0
    """

    name = "dilation"
    _esm = module("dilation.mjs")
    sheets = ("explorable.css", "dilation.css")
    PAGE_TRAITS = ("kernel_size", "dilations", "outputs", "cursor", "presets", "limits")

    kernel_size = traitlets.Int(3).tag(sync=True)
    dilations = traitlets.List(traitlets.Int(), [1, 2, 4, 8]).tag(sync=True)
    outputs = traitlets.Int(9).tag(sync=True)
    cursor = traitlets.Int(4, min=0).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, **settings):
        stack = {**PRESETS["doubled: 1, 2, 4, 8"], **settings}
        stack["dilations"] = [whole("dilation", each, 1) for each in stack["dilations"]]
        sizes = {"kernel size": stack["kernel_size"], "outputs": stack["outputs"], "layers": len(stack["dilations"])}
        for name, value in sizes.items():
            if whole(name, value, 1) > LIMITS[name]:
                raise ValueError(f"{name} must be at most {LIMITS[name]} in this explorable, got {value}")
        field = _field(stack["kernel_size"], stack["dilations"])
        if field > LIMITS["field"]:
            raise ValueError(f"the receptive field must be at most {LIMITS['field']} in this explorable, got {field}")
        stack.setdefault("cursor", stack["outputs"] // 2)
        super().__init__(**stack)

    @classmethod
    def preset(cls, name: str) -> "Dilation":
        """An example by its name.

        >>> Dilation.preset("holes: 2, 2, 2").paths
        array([1, 0, 3, 0, 6, 0, 7, 0, 6, 0, 3, 0, 1])
        >>> Dilation.preset("nine")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: preset must be one of ['doubled: 1, 2, 4, 8', ...], got 'nine'
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @property
    def receptive_field(self) -> int:
        """How many inputs an output sees, holes included."""
        return _field(self.kernel_size, self.dilations)

    @property
    def paths(self) -> np.ndarray:
        """(receptive_field,) integers: how many paths lead from each input of the field to the output."""
        return _cone(self.kernel_size, self.dilations)[0]

    def still(self) -> str:
        """The cone of the middle output as a drawing, and its numbers in words."""
        rows = _cone(self.kernel_size, self.dilations)
        paths, pitch, high = rows[0], 600 / len(rows[0]), 58
        left = [(len(paths) - len(row)) / 2 for row in rows]

        def place(level, i):
            return f"{(left[level] + i + 0.5) * pitch:.1f} {12 + (len(rows) - 1 - level) * high}"

        edges = "".join(
            f"M{place(level, i)}L{place(level - 1, i + a * self.dilations[level - 1])}"
            for level in range(1, len(rows))
            for i in np.flatnonzero(rows[level])
            for a in range(self.kernel_size)
        )
        circles = "".join(
            '<circle class="cd-node{}" data-level="{}" cx="{}" cy="{}" r="{:.1f}"/>'.format(
                " cd-on" if value else " cd-hole" * (level == 0), level, *place(level, i).split(), min(7, 0.36 * pitch)
            )
            for level, row in enumerate(rows)
            for i, value in enumerate(row)
        )
        holes = int((paths == 0).sum())
        lines = "".join(
            f"<p>layer {level + 1}: dilation {d}, effective kernel {d * (self.kernel_size - 1) + 1}, "
            f"receptive field {_field(self.kernel_size, self.dilations[: level + 1])}</p>"
            for level, d in enumerate(self.dilations)
        )
        height = 24 + (len(rows) - 1) * high
        return (
            f'<p class="cb-note">{len(self.dilations)} layers with kernels of {self.kernel_size} and dilations '
            f"{', '.join(map(str, self.dilations))}, from the input (below) to one output (above). It sees "
            f"{len(paths)} inputs; {len(paths) - holes} of them reach it, {holes} are holes.</p>"
            f'<svg class="cd-cone" viewBox="0 0 600 {height}" role="img" aria-label="Lines from one output down to the '
            f'inputs that reach it; inputs without a line are marked.">'
            f'<path class="cd-edge" d="{edges}"/>{circles}</svg>'
            f"<p>Paths from each input: {', '.join(map(str, paths))}.</p>{lines}"
        )


def _field(kernel_size: int, dilations: list[int]) -> int:
    return kernels.receptive_field([(kernel_size, 1, d) for d in dilations])


def _cone(kernel_size: int, dilations: list[int]) -> list[np.ndarray]:
    """Paths to one output, for each row of values from the input to the output: stamps of ones, layer by layer."""
    rows, stamp = [np.ones((1, 1, 1, 1))], np.ones((1, 1, 1, kernel_size))
    for d in reversed(dilations):
        rows.append(kernels.conv_transpose2d(rows[-1], stamp, dilation=d))
    return [row.ravel().astype(int) for row in reversed(rows)]
