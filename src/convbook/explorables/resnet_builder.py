"""The ResNet builder explorable: a ResNet's layer table, parameters and multiply-adds, from its settings."""

import math

import traitlets

from convbook import kernels
from convbook.explorables.base import Explorable
from convbook.explorables.checks import check_limits
from convbook.explorables.linking import module
from convbook.kernels.sizes import whole

BLOCKS = ("basic", "bottleneck")
EXPANSION = {"basic": 1, "bottleneck": 4}
# Control, and the least and the largest that it takes.
LIMITS = {"width": (1, 256), "size": (1, 1024), "classes": (1, 100_000), "blocks": (1, 50)}

NAMED = {
    "ResNet-18": {"block": "basic", "blocks": [2, 2, 2, 2]},
    "ResNet-34": {"block": "basic", "blocks": [3, 4, 6, 3]},
    "ResNet-50": {"block": "bottleneck", "blocks": [3, 4, 6, 3]},
    "ResNet-101": {"block": "bottleneck", "blocks": [3, 4, 23, 3]},
    "ResNet-152": {"block": "bottleneck", "blocks": [3, 8, 36, 3]},
}
_REST = {"width": 64, "size": 224, "classes": 1000, "stride_in_3x3": True}
PRESETS = {name: {**_REST, **net} for name, net in NAMED.items()} | {
    "ResNet-50, stride as in the paper": {**_REST, **NAMED["ResNet-50"], "stride_in_3x3": False},
    "half as wide": {**_REST, **NAMED["ResNet-50"], "width": 32},
    "deep and narrow": {**_REST, "block": "basic", "blocks": [12, 12, 12, 12], "width": 32},
}


class ResnetBuilder(Explorable):
    """A ResNet to be put together by hand: what each stage costs, how deep it is, and which named one is nearest.

    Parameters
    ----------
    block : ``"basic"`` or ``"bottleneck"``; blocks : four ints from 1 to 50, the blocks of each stage.
    width : int, channels of the stem and of the first stage's 3x3 convolutions; size : int, side of the input.
    stride_in_3x3 : where a bottleneck halves the map, in its 3x3 convolution (v1.5) or in the 1x1 before it (paper).
    classes : int, outputs of the head.

    All of these are attributes, too, and change when the view is edited; ``cursor`` is the
    row of the table that is pointed at. Raises ``ValueError`` for what the controls cannot show.

    Convolutions have no bias; batch norms count with two parameters a channel and no multiply-adds.

    >>> net = ResnetBuilder.preset("ResNet-50")
    >>> net.depth, net.parameters, net.macs, net.rows[5]["field"]
    (50, 25557032, 4089184256, 427)
    """

    name = "resnet-builder"
    _esm = module("resnet_builder.mjs")
    sheets = ("explorable.css", "resnet_builder.css")
    PAGE_TRAITS = ("block", "blocks", "width", "size", "stride_in_3x3", "classes", "cursor", "presets", "limits")

    block = traitlets.Unicode("bottleneck").tag(sync=True)
    blocks = traitlets.List(traitlets.Int(), [3, 4, 6, 3]).tag(sync=True)
    width = traitlets.Int(64).tag(sync=True)
    size = traitlets.Int(224).tag(sync=True)
    stride_in_3x3 = traitlets.Bool(True).tag(sync=True)
    classes = traitlets.Int(1000).tag(sync=True)
    cursor = traitlets.Int(2, min=0, max=6).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    limits = traitlets.Dict(LIMITS, read_only=True).tag(sync=True)

    def __init__(self, **settings):
        net = {**PRESETS["ResNet-50"], **settings}
        net["blocks"] = _check_blocks(net["blocks"])
        for name in ("width", "size", "classes"):
            check_limits({name: net[name]}, {name: LIMITS[name]})
        super().__init__(**net)

    @classmethod
    def preset(cls, name: str) -> "ResnetBuilder":
        """A network by its name; ``ValueError`` for a name that ``PRESETS`` does not have.

        >>> ResnetBuilder.preset("ResNet-50, stride as in the paper").macs
        3857973248
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name])

    @traitlets.validate("width", "size", "classes")
    def _valid_size(self, proposal):
        name = proposal["trait"].name
        check_limits({name: proposal["value"]}, {name: LIMITS[name]})
        return proposal["value"]

    @traitlets.validate("blocks")
    def _valid_blocks(self, proposal):
        return _check_blocks(proposal["value"])

    @traitlets.validate("block")
    def _valid_block(self, proposal):
        if proposal["value"] not in BLOCKS:
            raise ValueError(f"block must be one of {list(BLOCKS)}, got {proposal['value']!r}")
        return proposal["value"]

    @property
    def rows(self) -> list[dict]:
        """Stem, max-pooling, four stages and head: name, side, channels, blocks, parameters, macs, field and jump.

        ``field`` and ``jump`` are the receptive field and the pixels between neighbours after the row; the head
        sees everything, and has None.
        """
        return _rows(self.block, self.blocks, self.width, self.size, self.stride_in_3x3, self.classes)

    @property
    def parameters(self) -> int:
        """Trainable values of the whole network."""
        return sum(row["parameters"] for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and head on one image; FLOPs are twice as many."""
        return sum(row["macs"] for row in self.rows)

    @property
    def depth(self) -> int:
        """Layers with weights by the counting rule: the shortcuts' projections and the norms do not count."""
        return (2 if self.block == "basic" else 3) * sum(self.blocks) + 2

    @property
    def nearest(self) -> str:
        """The named ResNet whose parameters and multiply-adds are nearest in ratio, settings other than these kept.

        >>> ResnetBuilder(block="basic", blocks=[2, 3, 2, 2]).nearest
        'ResNet-18'
        """
        names = [name for name, net in NAMED.items() if net == {"block": self.block, "blocks": self.blocks}]
        return names[0] if names and self.width == 64 else min(NAMED, key=self._distance)

    def _distance(self, name: str) -> float:
        net = {"size": self.size, "stride_in_3x3": self.stride_in_3x3, "classes": self.classes, "width": 64}
        theirs = _rows(**net, **NAMED[name])
        mine = (self.parameters, self.macs)
        return sum(
            abs(math.log(value / sum(row[key] for row in theirs)))
            for key, value in zip(("parameters", "macs"), mine, strict=True)
        )

    def still(self) -> str:
        """The layer table, the totals and the depth."""
        body = "".join(
            f'<tr><th scope="row">{row["name"]}</th><td>{row["side"]}</td><td>{row["blocks"] or ""}</td>'
            f"<td>{row['parameters']:,}</td><td>{row['macs']:,}</td><td>{row['field'] or 'all'}</td></tr>"
            for row in self.rows
        )
        heads = "".join(
            f'<th scope="col">{name}</th>'
            for name in ("part", "side", "blocks", "parameters", "multiply-adds", "field")
        )
        per = 2 if self.block == "basic" else 3
        variant = "" if self.block == "basic" else f", stride in the {'3×3' if self.stride_in_3x3 else 'first 1×1'}"
        return (
            f'<p class="cb-note">A ResNet of {self.block} blocks{variant}, {", ".join(map(str, self.blocks))} in its '
            f"stages, {self.width} channels wide, on {self.size} × {self.size} pixels; nearest: {self.nearest}.</p>"
            f'<div class="cb-scroll"><table class="rb-table"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody>'
            f'<tfoot><tr><th scope="row">total</th><td></td><td>{sum(self.blocks)}</td>'
            f"<td>{self.parameters:,}</td><td>{self.macs:,}</td><td></td></tr></tfoot></table></div>"
            f"<p>Depth: {per} · {sum(self.blocks)} + 2 = {self.depth} layers with weights.</p>"
        )


def _check_blocks(blocks) -> list[int]:
    if not isinstance(blocks, (list, tuple)) or len(blocks) != 4:
        raise ValueError(f"blocks must be four numbers, one a stage, got {blocks!r}")
    for count in blocks:
        check_limits({"blocks": count}, {"blocks": LIMITS["blocks"]})
    return [whole("blocks", count, 1) for count in blocks]


def _convolutions(block: str, c_in: int, width: int, stride: int, stride_in_3x3: bool) -> list[tuple]:
    """(c_in, c_out, kernel, stride) of a block's convolutions in turn."""
    if block == "basic":
        return [(c_in, width, 3, stride), (width, width, 3, 1)]
    first, second = (1, stride) if stride_in_3x3 else (stride, 1)
    return [(c_in, width, 1, first), (width, width, 3, second), (width, 4 * width, 1, 1)]


def _cost(c_in: int, c_out: int, kernel: int, side: int) -> tuple[int, int]:
    """Parameters, those of the norm included, and multiply-adds."""
    return kernels.conv_params(c_in, c_out, kernel, bias=False) + 2 * c_out, kernels.conv_macs(
        c_in, c_out, kernel, side
    )


def _rows(block, blocks, width, size, stride_in_3x3, classes) -> list[dict]:
    side = kernels.conv_output_size(size, 7, 2, 3)
    seen = [(7, 2, 1)]
    table = []

    def add(name, channels, count, costs):
        parameters, macs = (sum(each) for each in zip(*costs, strict=True))
        field, jump = kernels.receptive_field(seen), math.prod(stride for _, stride, _ in seen)
        row = {"name": name, "side": side, "channels": channels, "blocks": count, "parameters": parameters}
        table.append(row | {"macs": macs, "field": field, "jump": jump})

    add("stem", width, 0, [_cost(3, width, 7, side)])
    side = kernels.conv_output_size(side, 3, 2, 1)
    seen.append((3, 2, 1))
    add("pool", width, 0, [(0, 0)])
    c_in = width
    for stage, count in enumerate(blocks):
        inner, costs = width * 2**stage, []
        c_out = EXPANSION[block] * inner
        for k in range(count):
            stride = 2 if stage and not k else 1
            before = side
            for c, f, kernel, step in _convolutions(block, c_in, inner, stride, stride_in_3x3):
                side = kernels.conv_output_size(side, kernel, step, (kernel - 1) // 2)
                seen.append((kernel, step, 1))
                costs.append(_cost(c, f, kernel, side))
            if stride != 1 or c_in != c_out:
                costs.append(_cost(c_in, c_out, 1, kernels.conv_output_size(before, 1, stride)))
            c_in = c_out
        add(f"stage {stage + 1}", c_out, count, costs)
    head = {"parameters": kernels.linear_params(c_in, classes), "macs": c_in * classes, "field": None, "jump": None}
    return [*table, {"name": "head", "side": 1, "channels": classes, "blocks": 0, **head}]
