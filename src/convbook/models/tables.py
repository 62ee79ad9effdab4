"""Tables of the architectures, in Markdown, from the same lists that build them.

>>> print(costs(["resnet18", "lenet5"], {"lenet5": 28}))
| model | parameters | MACs | input |
|---|---:|---:|---|
| resnet18 | 11,689,512 | 1,814,073,344 | 3x224x224 |
| lenet5 | 61,706 | 416,520 | 1x28x28 |
"""

import torch

from convbook.models import BLOCKS, RESNETS, WIDTHS, create
from convbook.models.counting import count_macs, count_parameters, input_shape


def costs(names, sizes=None) -> str:
    """Parameters and multiply-adds of one image for each name in `MODELS`.

    sizes : by name, as `layers` accepts them; 224 where there is none
    ValueError for an unknown name or size.
    """
    rows = []
    for name in names:
        with torch.device("meta"):
            model = create(name)
        shape = input_shape(model, (sizes or {}).get(name, 224))
        rows.append([name, f"{count_parameters(model):,}", f"{count_macs(model, shape):,}", "x".join(map(str, shape))])
    return markdown(["model", "parameters", "MACs", "input"], ["---", "---:", "---:", "---"], rows)


def resnet_stages(depths=tuple(RESNETS)) -> str:
    """He et al.'s table 1: what each stage of each ResNet repeats, and the size of its maps for images of 224x224.

    >>> print(resnet_stages([18, 50]))
    | stage | maps | ResNet-18 | ResNet-50 |
    |---|---|---|---|
    | conv1 | 112x112 | 7x7, 64, stride 2 | 7x7, 64, stride 2 |
    | maxpool | 56x56 | 3x3, stride 2 | 3x3, stride 2 |
    | layer1 | 56x56 | 2 x (3x3, 64; 3x3, 64) | 3 x (1x1, 64; 3x3, 64; 1x1, 256) |
    | layer2 | 28x28 | 2 x (3x3, 128; 3x3, 128) | 4 x (1x1, 128; 3x3, 128; 1x1, 512) |
    | layer3 | 14x14 | 2 x (3x3, 256; 3x3, 256) | 6 x (1x1, 256; 3x3, 256; 1x1, 1024) |
    | layer4 | 7x7 | 2 x (3x3, 512; 3x3, 512) | 3 x (1x1, 512; 3x3, 512; 1x1, 2048) |
    """
    for depth in depths:
        if depth not in RESNETS:
            raise ValueError(f"no ResNet-{depth}: the depths are {', '.join(map(str, RESNETS))}")
    n = len(depths)
    rows = [
        ["conv1", "112x112", *[f"7x7, {WIDTHS[0]}, stride 2"] * n],
        ["maxpool", "56x56", *["3x3, stride 2"] * n],
    ]
    for stage, width in enumerate(WIDTHS):
        side = 56 >> stage
        rows.append([f"layer{stage + 1}", f"{side}x{side}", *(repeated(depth, stage, width) for depth in depths)])
    return markdown(["stage", "maps", *(f"ResNet-{depth}" for depth in depths)], ["---"] * (n + 2), rows)


def repeated(depth, stage, width):
    """One cell: how often a stage's block stands there, and the convolutions of one, read off the block itself."""
    kind, blocks = RESNETS[depth]
    with torch.device("meta"):
        block = BLOCKS[kind](width * BLOCKS[kind].expansion, width)
    convs = (getattr(block, f"conv{number}") for number in range(1, block.depth + 1))
    return f"{blocks[stage]} x ({'; '.join(f'{c.kernel_size[0]}x{c.kernel_size[1]}, {c.out_channels}' for c in convs)})"


def markdown(head, rule, rows):
    """Lines of a Markdown table; what the columns' rules are says how they are aligned."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{'|'.join(rule)}|", *lines[1:]])
