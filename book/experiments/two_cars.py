"""Does the net learn the car or its place? Three biases of the training set, two heads, the same cars moved."""

import time

import click
import numpy as np
import torch
from common import train, write
from torch import nn

from convbook.data import load
from convbook.data.two_cars import draw_cars
from convbook.visualize import grad_cam, occlusion_map

BIASES, HEADS, LAYER, SHOWN = (0.5, 0.95, 1.0), ("pooled", "flattened"), "10", 24


def net(head):
    """Four convolutions with batch norm, two max-pools, and a head on maps of 8x16."""
    layers = []
    for c, f, pool in ((3, 16, True), (16, 32, True), (32, 32, False)):
        layers += [nn.Conv2d(c, f, 3, padding=1, bias=False), nn.BatchNorm2d(f), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if pool else []
    last = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 2)]
    return nn.Sequential(*layers, *(last if head == "pooled" else [nn.Flatten(), nn.Linear(32 * 8 * 16, 2)]))


def tensor(images):
    return (torch.tensor(images).float() - 128) / 64


def pairs(n):
    """Cars on the side of their kind, and the same cars moved to the other half: two tensors and the labels."""
    labels = np.arange(n) % 2
    own, moved = (draw_cars(np.random.default_rng(7), labels, side, 32, 64) for side in (labels, 1 - labels))
    return tensor(own), tensor(moved), torch.tensor(labels)


def in_car_half(maps, labels):
    """Share of each map's heat in the half where the car stands, cars on their own side."""
    left, total = maps[..., :32].sum(dim=(1, 2)), maps.sum(dim=(1, 2))
    inside = torch.where(labels == 0, left, total - left)
    return torch.where(total > 0, inside / total.clamp(min=1e-12), 0).mean().item()


@click.command()
@click.option("--quick", is_flag=True, help="One seed, one epoch.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    seeds, epochs, n, tests = ([0], 1, 200, 100) if quick else ([0, 1], 8, 1200, 400)
    own, moved, y = pairs(tests)
    runs = []
    for bias in BIASES:
        data = load("two-cars", split="train", n=n, bias=bias)
        x, labels = tensor(data.images), torch.tensor(data.labels)
        for head in HEADS:
            for seed in seeds:
                torch.manual_seed(seed)
                model = net(head)
                losses = train(model, x, labels, epochs, 0.05, seed, flip=False)
                with torch.no_grad():
                    right = {side: (model.eval()(cars).argmax(1) == y).float().mean().item()
                             for side, cars in (("own", own), ("other", moved))}  # fmt: skip
                some, kinds = own[:SHOWN], y[:SHOWN]
                heat = {
                    "Grad-CAM": grad_cam(model, some, LAYER, kinds),
                    "occlusion": occlusion_map(model, some, kinds, size=8, stride=4).clamp(min=0),
                }
                shares = {name: in_car_half(maps, kinds) for name, maps in heat.items()}
                runs.append(
                    {
                        "bias": bias,
                        "head": head,
                        "seed": seed,
                        "loss": losses[-1],
                        "accuracy": right,
                        "in_car_half": shares,
                    }
                )
                click.echo(f"{time.time() - started:5.0f} s {runs[-1]}")
    write("two_cars", started, quick, images=n, test_cars=tests, epochs=epochs, seeds=seeds, biases=BIASES, heads=HEADS,
          runs=runs)  # fmt: skip


if __name__ == "__main__":
    main()
