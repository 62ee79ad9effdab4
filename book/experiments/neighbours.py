"""Neighbours and linear probes: how much of the label lies in the pixels, in each layer, in untrained layers?"""

import time

import click
import numpy as np
import torch
from common import write
from nets import LAYERS, photographs, trained, untrained

from convbook.visualize import agreement, features, probe


@click.command()
@click.option("--quick", is_flag=True, help="Two hundred images, one untrained net.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    n, seeds = (200, [0]) if quick else (1800, [0, 1])
    x, y = photographs("test", n)  # all from the test set: the net has fitted its training images
    labels = y.numpy()
    fit = np.arange(n) % 3 > 0  # images lie class by class, so each class is cut alike
    nets = {"trained": trained()} | {f"untrained {seed}": untrained(x[::3], seed) for seed in seeds}
    spaces = {"pixels": {"pixels": x.flatten(1).numpy()}}
    for name, net in nets.items():
        spaces[name] = {layer: features(net, layer, x.split(250)) for layer in LAYERS}
    found = {}
    for name, layers in spaces.items():
        found[name] = {
            layer: {
                "dimensions": points.shape[1],
                "agreement": agreement(points, labels, 5),
                "probe": probe(points[fit], labels[fit], points[~fit], labels[~fit]),
            }
            for layer, points in layers.items()
        }
        click.echo(f"{time.time() - started:5.0f} s {name}: {found[name]}")
    write("neighbours", started, quick, images=n, fitted=int(fit.sum()), seeds=seeds, k=5, spaces=found)


if __name__ == "__main__":
    main()
