"""Do oriented edges emerge in the first layer? Two architectures, three seeds, the filters before and after."""

import time

import click
import numpy as np
import torch
from common import MEAN, SPREAD, evaluate, train, write
from torch import nn

from convbook.data import load
from convbook.models import make_stage
from convbook.models.resnet import BasicBlock
from convbook.visualize import filters_to_grid

KERNEL, FILTERS, SIDE = 7, 32, 64


def plain():
    """Convolutions, ReLUs and one max-pool, no norm."""
    return nn.Sequential(
        nn.Conv2d(3, FILTERS, KERNEL, stride=2, padding=3), nn.ReLU(),
        nn.Conv2d(FILTERS, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def residual():
    """A stem and two stages of residual blocks, batch norm everywhere."""
    return nn.Sequential(
        nn.Conv2d(3, FILTERS, KERNEL, stride=2, padding=3, bias=False), nn.BatchNorm2d(FILTERS), nn.ReLU(),
        make_stage(BasicBlock, FILTERS, FILTERS, 1, 1), make_stage(BasicBlock, FILTERS, 64, 1, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def selectivity(w):
    """How much of each filter's power points one way: 0 for a disc or noise without end, 1 for a grating.

    The power spectrum of all colours is summed up as vectors of twice their angle, so that a direction and its
    opposite add up; frequencies from a tenth of a cycle a pixel to half a cycle count. (F, C, k, k) -> (F,)
    """
    w = np.asarray(w, np.float64)
    power = np.square(np.abs(np.fft.fft2(w - w.mean(axis=(2, 3), keepdims=True), (SIDE, SIDE)))).sum(axis=1)
    v, u = np.meshgrid(*[np.fft.fftfreq(SIDE)] * 2, indexing="ij")
    ring = (np.hypot(u, v) > 0.1) & (np.hypot(u, v) <= 0.5)
    turn = np.exp(2j * np.arctan2(v, u))
    return np.abs((power * turn)[:, ring].sum(axis=1)) / power[:, ring].sum(axis=1)


@click.command()
@click.option("--quick", is_flag=True, help="One seed, one epoch.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    seeds, epochs, n = ([0], 1, 1000) if quick else ([0, 1, 2], 16, 10000)
    data, test = load("cifar10", split="train").limited(n), load("cifar10", split="test").limited(1000)
    x, tx = ((torch.tensor(d.images).float() - MEAN) / SPREAD for d in (data, test))
    y, ty = torch.tensor(data.labels), torch.tensor(test.labels)
    noise = selectivity(np.random.default_rng(0).normal(size=(4096, 3, KERNEL, KERNEL)))
    limit = float(np.quantile(noise, 0.95))
    runs = []
    for name, make in {"plain": plain, "residual": residual}.items():
        for seed in seeds:
            torch.manual_seed(seed)
            model = make()
            with torch.no_grad():
                model[0].weight.mul_(0.1)  # little noise of the start is left under what is learnt
            before = model[0].weight.detach().clone().numpy()
            losses = train(model, x, y, epochs, 0.05, seed, batch=128)
            after = model[0].weight.detach().contiguous().numpy()
            found = {key: selectivity(w) for key, w in (("before", before), ("after", after))}
            runs.append(
                {"net": name, "seed": seed, "loss": losses[-1], "test_accuracy": evaluate(model, tx, ty)[1]}
                | {key: values.tolist() for key, values in found.items()}
                | {f"{key}_over": float((values > limit).mean()) for key, values in found.items()}
                | {"filters": np.round(255 * filters_to_grid(after, 8)).astype(np.uint8).tobytes().hex()}
            )
            click.echo(
                f"{time.time() - started:5.0f} s {name} {seed}: accuracy {runs[-1]['test_accuracy']:.3f}, "
                + ", ".join(
                    f"{key} {values.mean():.2f} ({(values > limit).mean():.2f} over {limit:.2f})"
                    for key, values in found.items()
                )
            )
            write("oriented_edges", started, quick, kernel=KERNEL, filters=FILTERS, images=n, epochs=epochs,
                  seeds=seeds, noise={"mean": float(noise.mean()), "limit": limit}, runs=runs)  # fmt: skip


if __name__ == "__main__":
    main()
