"""The groups explorable: which input channel reaches which output, and what that costs."""

import numpy as np
import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.linking import module
from convbook.kernels.sizes import check_groups, whole

# Control and the largest number that still makes a picture one can read.
LIMITS = {"channels in": 64, "channels out": 64, "kernel size": 11, "map side": 512}
_NAMES = {"c_in": "channels in", "c_out": "channels out", "kernel_size": "kernel size", "size": "map side"}

PRESETS = {
    name: {"kernel_size": 3, "size": 7, "layers": 1, "shuffle": False, **layer}
    for name, layer in {
        "8 to 8, two groups": {"c_in": 8, "c_out": 8, "groups": 2},
        "64 to 32, four groups": {"c_in": 64, "c_out": 32, "groups": 4},
        "depthwise, two filters a channel": {"c_in": 8, "c_out": 16, "groups": 8},
        "two layers, no shuffle": {"c_in": 16, "c_out": 16, "groups": 4, "layers": 2},
        "two layers and a shuffle": {"c_in": 16, "c_out": 16, "groups": 4, "layers": 2, "shuffle": True},
        "a shuffle is not enough": {"c_in": 16, "c_out": 16, "groups": 8, "layers": 2, "shuffle": True},
    }.items()
}


class Groups(Explorable):
    """A grouped layer, or two of them, to be changed by hand; pointing at an output lights what it reads.

    Parameters
    ----------
    c_in, c_out : ints from 1 to 64; groups : int that divides both.
    kernel_size, size : side of the kernels and of the output map, for the costs.
    layers : 1, or 2 for a second layer from c_out to c_out channels with as many groups;
    shuffle : whether the channels are shuffled between the two.

    All of these are attributes, too, and change when the view is edited; ``cursor`` is
    the output channel pointed at.

    Raises
    ------
    ValueError as :func:`convbook.kernels.conv_params`, and for what is too large to be drawn.
    Attributes assigned later may disagree for a moment; the view then says so.

    >>> layer = Groups(c_in=64, c_out=32, groups=4)
    >>> layer.parameters, layer.macs, np.flatnonzero(layer.paths[9])[[0, -1]]
    (4640, 225792, array([16, 31]))
    >>> Groups(c_in=6, c_out=8, groups=4)
    Traceback (most recent call last):
    ...
    ValueError: groups=4 does not divide the 6 input channels
    """

    name = "groups"
    _esm = module("groups.mjs")
    sheets = ("explorable.css", "groups.css")
    PAGE_TRAITS = ("c_in", "c_out", "groups", "kernel_size", "size", "layers", "shuffle", "cursor", "presets", "limits")

    c_in = traitlets.Int(8).tag(sync=True)
    c_out = traitlets.Int(8).tag(sync=True)
    groups = traitlets.Int(2).tag(sync=True)
    kernel_size = traitlets.Int(3).tag(sync=True)
    size = traitlets.Int(7).tag(sync=True)
    layers = traitlets.Int(1, min=1, max=2).tag(sync=True)
    shuffle = traitlets.Bool(False).tag(sync=True)
    cursor = traitlets.Int(0, min=0).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, **settings):
        layer = {**PRESETS["8 to 8, two groups"], **settings}
        for key, name in _NAMES.items():
            if whole(key, layer[key], 1) > LIMITS[name]:
                raise ValueError(f"{key} must be at most {LIMITS[name]} in this explorable, got {layer[key]}")
        check_groups(layer["c_in"], layer["c_out"], layer["groups"])
        if layer["layers"] not in (1, 2):
            raise ValueError(f"layers must be 1 or 2, got {layer['layers']!r}")
        super().__init__(**layer)

    @classmethod
    def preset(cls, name: str) -> "Groups":
        """An example by its name.

        >>> int(Groups.preset("a shuffle is not enough").paths[0].astype(bool).sum())
        4
        >>> Groups.preset("nine")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: preset must be one of ['8 to 8, two groups', ...], got 'nine'
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    def _stack(self) -> list[int]:
        return [self.c_in, self.c_out][: self.layers]

    @property
    def parameters(self) -> int:
        """Weights and biases of all layers."""
        return sum(kernels.conv_params(c, self.c_out, self.kernel_size, self.groups) for c in self._stack())

    @property
    def macs(self) -> int:
        """Multiply-adds of all layers on one image."""
        return sum(kernels.conv_macs(c, self.c_out, self.kernel_size, self.size, self.groups) for c in self._stack())

    @property
    def paths(self) -> np.ndarray:
        """(c_out, c_in) integers: how many paths lead from an input channel to an output."""
        # One channel lit at a time, through kernels of ones: the outputs count the paths.
        signal = np.eye(self.c_in)[:, :, None, None]
        for layer, c in enumerate(self._stack()):
            if layer and self.shuffle:
                signal = signal.reshape(self.c_in, self.groups, -1, 1, 1).swapaxes(1, 2).reshape(self.c_in, c, 1, 1)
            signal = kernels.conv2d(signal, np.ones((self.c_out, c // self.groups, 1, 1)), groups=self.groups)
        return signal[:, :, 0, 0].T.astype(int)

    def still(self) -> str:
        """The matrix as a drawing, and in words which group reads what."""
        paths = self.paths
        cell = min(14, 560 // self.c_in)
        squares = "".join(
            f'<path class="cg-cell" fill-opacity="{0.35 + 0.65 * value / paths.max():.2f}" d="'
            + "".join(
                f"M{c * cell + 1} {f * cell + 1}h{cell - 1}v{cell - 1}h-{cell - 1}z"
                for f, c in np.argwhere(paths == value)
            )
            + '"/>'
            for value in np.unique(paths[paths > 0])
        )
        width, height = self.c_in * cell + 2, self.c_out * cell + 2
        rows = "".join(f"<p>{line}</p>" for line in _blocks(paths))
        words = f"A layer from {self.c_in} to {self.c_out} channels in {self.groups} group{'s' * (self.groups > 1)}"
        if self.layers == 2:
            words += " and a second one of the same groups" + ", the channels shuffled in between" * self.shuffle
        return (
            f'<p class="cb-note">{words}: {self.parameters:,} parameters with kernels of {self.kernel_size} × '
            f"{self.kernel_size}, {self.macs:,} multiply-adds on a map of {self.size} × {self.size}.</p>"
            f'<div class="cb-stages"><div class="cb-stage cb-kernel"><p class="cb-title">'
            f'which input reaches which output<span class="cb-shape">one row an output, one column an input</span></p>'
            f'<svg class="cg-matrix" viewBox="0 0 {width} {height}" width="{width}" role="img" '
            f'aria-label="Matrix of {self.c_out} outputs and {self.c_in} inputs; {np.count_nonzero(paths)} squares '
            f'are filled."><rect class="cg-frame" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}"/>'
            f"{squares}</svg>"
            f"</div></div>{rows}"
        )


def _blocks(paths: np.ndarray) -> list[str]:
    """A sentence for each run of outputs that read the same inputs."""
    starts = [f for f in range(len(paths)) if f == 0 or (paths[f] != paths[f - 1]).any()]
    sentences = []
    for first, after in zip(starts, [*starts[1:], len(paths)], strict=True):
        inputs = ", ".join(_spans(np.flatnonzero(paths[first])))
        outputs = f"outputs {first} to {after - 1} read" if after > first + 1 else f"output {first} reads"
        sentences.append(f"{outputs} inputs {inputs}")
    return sentences


def _spans(numbers: np.ndarray) -> list[str]:
    """Runs of neighbours as text.

    >>> _spans(np.array([0, 1, 2, 5]))
    ['0 to 2', '5']
    """
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
