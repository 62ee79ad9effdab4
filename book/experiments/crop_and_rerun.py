"""Features of n proposals: each crop through the network again, against pooling from one map of the whole picture."""

import time

import click
import numpy as np
import torch
from common import write
from timing import median_seconds
from torch import nn
from torch.nn import functional as F

from convbook.detection import roi_ops
from convbook.models import create

SIDE, STRIDE, BINS = 224, 16, 7
COUNTS = 1, 4, 16, 64, 300


def trunk():
    """ResNet-18 up to the stage of stride 16: 256 maps of 14x14 for a picture of 224x224."""
    net = create("resnet18")
    return nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool, net.layer1, net.layer2, net.layer3).eval()


def proposals(n, seed=0):
    """n boxes inside the picture, (n, 4), sides from 32 pixels up."""
    rng = np.random.default_rng(seed)
    sides = rng.uniform(32, 160, (n, 2))
    corner = rng.uniform(0, SIDE - sides)
    return torch.tensor(np.concatenate([corner, corner + sides], axis=1), dtype=torch.float32)


@torch.no_grad()
def costs(net, n, repeats):
    image, boxes = torch.randn(1, 3, SIDE, SIDE), proposals(n)

    def rerun():
        """Each crop brought to 112x112, so that its map has 7x7 cells as well."""
        crops = [image[:, :, y1 : y2 + 1, x1 : x2 + 1] for x1, y1, x2, y2 in boxes.long().tolist()]
        crops = torch.cat([F.interpolate(crop, size=(BINS * STRIDE,) * 2, mode="bilinear") for crop in crops])
        return torch.cat([net(part) for part in crops.split(32)])

    ways = {
        "pool": lambda: roi_ops.roi_pool(net(image), boxes[None], BINS, 1 / STRIDE),
        "align": lambda: roi_ops.roi_align(net(image), boxes[None], BINS, 1 / STRIDE),
        "rerun": rerun,
        "one pass": lambda: net(image),
    }
    assert rerun().shape == ways["align"]()[0].shape
    seconds = median_seconds(ways, repeats)
    return {"proposals": n, "time": {name: value / seconds["one pass"] for name, value in seconds.items()}}


@click.command()
@click.option("--quick", is_flag=True, help="One repeat, up to 16 proposals.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    torch.manual_seed(3)
    net = trunk()
    runs = [costs(net, n, 1 if quick else 7) for n in COUNTS if n <= (16 if quick else 1e9)]
    print(write("crop_and_rerun", started, quick, network="ResNet-18 to stride 16", side=SIDE, runs=runs))


if __name__ == "__main__":
    main()
