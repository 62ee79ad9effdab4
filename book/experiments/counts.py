"""What the nets and blocks of chapter 5 cost, counted: parameters and multiply-adds, of some layer by layer.

It takes seconds, and most of them PyTorch spends on importing its compiler, which stands behind its counter and ours.
"""

import time
from dataclasses import asdict

import click
import torch
from common import write
from torch.utils.flop_counter import FlopCounterMode

from convbook.models import DENSENETS, RESNETS, BasicBlock, Bottleneck, create, resnet
from convbook.models.counting import count_macs, count_parameters, layers

SIDE = 224
NETS = (
    *(f"resnet{depth}" for depth in RESNETS),
    *(f"densenet{depth}" for depth in DENSENETS),
    *("alexnet", "vgg16", "squeezenet", "mobilenet_v1", "mobilenet_v2", "shufflenet_v2"),
)
BLOCKS = {  # a block, its channels and the side of its maps
    "basic, 64": (BasicBlock, (64, 64), 64, 56),
    "basic, 256": (BasicBlock, (256, 256), 256, 56),
    "bottleneck, 256": (Bottleneck, (256, 64), 256, 56),
}


def by_layer(net, size):
    """Each layer's row, without how far apart its outputs lie."""
    return [{key: value for key, value in asdict(row).items() if key != "jump"} for row in layers(net, size)]


def counted():
    """All results. The nets are made without data, to be counted only."""
    with torch.device("meta"):
        nets = {name: create(name) for name in NETS}
        papers = {f"resnet{depth}": resnet(depth, stride_in_3x3=False) for depth in RESNETS}
        blocks = {name: (make(*widths), (c, side, side)) for name, (make, widths, c, side) in BLOCKS.items()}
        image = torch.empty(1, 3, SIDE, SIDE)
    with FlopCounterMode(display=False) as counter:
        nets["resnet50"](image)
    return {
        "side": SIDE,
        "nets": {
            name: {"parameters": count_parameters(net), "macs": count_macs(net, SIDE)} for name, net in nets.items()
        },
        "macs_of_the_paper": {name: count_macs(net, SIDE) for name, net in papers.items()},
        "flops_by_pytorch": {"resnet50": counter.get_total_flops()},
        "layers": {name: by_layer(nets[name], SIDE) for name in ("vgg16", "resnet34")},
        "blocks": {name: by_layer(*block) for name, block in blocks.items()},
    }


@click.command()
def main():
    started = time.time()
    print(write("counts", started, False, **counted()))


if __name__ == "__main__":
    main()
