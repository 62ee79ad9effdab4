"""Is a deeper layer more invariant? Images and their changed forms, layer by layer, the net trained and untrained."""

import time
from collections import OrderedDict

import click
import torch
from common import write
from nets import LAYERS, photographs, trained, untrained
from torch import nn
from torch.nn import functional as F

from convbook.visualize import invariance

POINTS = "pixels", *(f"net.{layer}" for layer in LAYERS)


def warped(x, degrees=0.0, zoom=1.0):
    """Turned and enlarged about the middle, what comes in from outside mirrored."""
    angle = torch.deg2rad(torch.tensor(degrees))
    turn = torch.tensor([[angle.cos(), -angle.sin(), 0.0], [angle.sin(), angle.cos(), 0.0]]) / zoom
    grid = F.affine_grid(turn.expand(len(x), 2, 3), x.shape, align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def shifted(x, pixels):
    return F.pad(x, (pixels, 0, 0, 0), mode="reflect")[..., : x.shape[3]]


CHANGES = {
    "shifted by 2": lambda x: shifted(x, 2),
    "shifted by 4": lambda x: shifted(x, 4),
    "mirrored": lambda x: x.flip(3),
    "turned by 15°": lambda x: warped(x, degrees=15.0),
    "enlarged by 1.2": lambda x: warped(x, zoom=1.2),
    "contrast halved": lambda x: x / 2,
    "without colour": lambda x: x.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1),
}


@click.command()
@click.option("--quick", is_flag=True, help="Fifty images, one untrained net.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    n, seeds = (50, [0]) if quick else (200, [0, 1])
    x, _ = photographs("test", n)
    nets = {"trained": trained()} | {f"untrained {seed}": untrained(x, seed) for seed in seeds}
    found = {}
    for name, net in nets.items():
        whole = nn.Sequential(OrderedDict(pixels=nn.Identity(), net=net))
        found[name] = {
            kind: {
                change: [invariance(whole, point, x, of(x), pool) for point in POINTS] for change, of in CHANGES.items()
            }
            for kind, pool in (("maps", False), ("pooled", True))
        }
        click.echo(f"{time.time() - started:5.0f} s {name}")
        for kind, rows in found[name].items():
            for change, values in rows.items():
                click.echo(f"  {kind:6} {change:16} " + " ".join(f"{value:6.2f}" for value in values))
    layers = ["pixels", *LAYERS]
    write("invariance", started, quick, images=n, seeds=seeds, layers=layers, changes=list(CHANGES), cosine=found)


if __name__ == "__main__":
    main()
