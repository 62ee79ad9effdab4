"""ResNet-56 and the same net without skips: loss surfaces by filter-normalised directions, and blocks left out.

Li et al. 2018 (arXiv 1712.09913) for the surfaces, Veit et al. 2016 (arXiv 1605.06431) for the lesions.
Writes loss_surface.json and lesion.json.
"""

import copy
import time

import click
import torch
from common import cifar, evaluate, gradient_norms, logits, train, write
from torch import nn
from torch.nn import functional as F

from convbook.models import BasicBlock, cifar_resnet

CEILING = 1e6  # of a recorded loss: far out a net without skips leaves the numbers


def direction(model, seed):
    """Random, each filter as long as the model's own; biases and batch norm stay where they are."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, weight in model.named_parameters():
        d = torch.randn(weight.shape, generator=generator)
        if weight.ndim < 2:
            found[name] = torch.zeros_like(weight)
            continue
        rows, own = d.flatten(1), weight.detach().flatten(1)
        scale = own.norm(dim=1, keepdim=True) / rows.norm(dim=1, keepdim=True)
        found[name] = (rows * scale).reshape(weight.shape)
    return found


@torch.no_grad()
def loss(model, x, y, batch_statistics):
    """On images at once; batch norm with the statistics of training, or with those of these images."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train(batch_statistics)
            module.momentum = 0.0
    value = F.cross_entropy(logits(model, x), y).item()
    return min(value, CEILING) if value == value else CEILING


@torch.no_grad()
def surfaces(model, x, y, steps, extent, seed):
    """Two grids of losses, rows along the first direction: statistics of training, and of the images themselves."""
    model = copy.deepcopy(model).eval()
    one, two = direction(model, seed), direction(model, seed + 1)
    own = {name: weight.clone() for name, weight in model.named_parameters()}
    ticks = torch.linspace(-extent, extent, steps).tolist()
    grids = [], []
    for a in ticks:
        rows = [], []
        for b in ticks:
            for name, weight in model.named_parameters():
                weight.copy_(own[name] + a * one[name] + b * two[name])
            for row, kind in zip(rows, (False, True), strict=True):
                row.append(loss(model, x, y, kind))
        for grid, row in zip(grids, rows, strict=True):
            grid.append(row)
    return grids


def blocks(model):
    return [(name, module) for name, module in model.named_modules() if isinstance(module, BasicBlock)]


def without(model, names):
    """A copy in which the branches of these blocks are gone: only the shortcut is left, or nothing at all."""
    model = copy.deepcopy(model)
    for name, block in blocks(model):
        if name in names:
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, block.downsample or nn.Identity())
    return model


def lesion(model, x, y, draws):
    """Accuracy without one block each, and without 1, 2, 4, ... random ones. Only blocks that keep the shape."""
    names = [name for name, block in blocks(model) if block.conv1.stride == (1, 1)]
    generator = torch.Generator().manual_seed(0)
    several = {}
    for k in (1, 2, 4, 6, 8, 12, 16, 20, 24)[: 9 if draws > 1 else 2]:
        chosen = [[names[i] for i in torch.randperm(len(names), generator=generator)[:k]] for _ in range(draws)]
        several[k] = [evaluate(without(model, set(some)), x, y)[1] for some in chosen]
    return {
        "whole": evaluate(model, x, y)[1],
        "names": names,
        "one": [evaluate(without(model, {name}), x, y)[1] for name in names],
        "several": several,
    }


@click.command()
@click.option("--quick", is_flag=True, help="Depth 14, one epoch, a grid of 3 x 3.")
def main(quick):
    torch.set_num_threads(1)
    started, seed = time.time(), 0
    depth, epochs, n, steps, draws = (14, 1, 300, 3, 1) if quick else (56, 12, 2500, 21, 3)
    extent, width, rate, shown = 1.0, 16, 0.1, 200
    (x, y), (tx, ty) = cifar("train", n), cifar("test", 1000)
    sx, sy = cifar("train", shown)
    net, surface, own, lesions = {}, {}, {}, {}
    setting = {"depth": depth, "width": width, "size": 16, "images": n, "epochs": epochs, "rate": rate, "seed": seed}
    for name, skips in (("residual", True), ("plain", False)):
        torch.manual_seed(seed)
        model = cifar_resnet(depth, width=width, skips=skips)
        losses = train(model, x, y, epochs, rate, seed)
        train_loss, train_accuracy = evaluate(model, x, y)
        test_loss, test_accuracy = evaluate(model, tx, ty)
        net[name] = {"losses": losses, "train_loss": train_loss, "train_accuracy": train_accuracy}
        net[name] |= {"test_loss": test_loss, "test_accuracy": test_accuracy}
        net[name] |= {"gradients": gradient_norms(model, x[::20], y[::20])}
        click.echo(f"{time.time() - started:5.0f} s {name}: {losses[-1]:.3f} {train_accuracy:.3f} {test_accuracy:.3f}")
        lesions[name] = lesion(model, tx[::2], ty[::2], draws)
        click.echo(f"{time.time() - started:5.0f} s lesions: {lesions[name]['one']}")
        write("lesion", started, quick, **setting, test_images=500, nets=net, **lesions)
        surface[name], own[name] = surfaces(model, sx, sy, steps, extent, seed)
        click.echo(f"{time.time() - started:5.0f} s surface")
        write("loss_surface", started, quick, **setting, steps=steps, extent=extent, surface_images=shown, nets=net,
              ceiling=CEILING, **surface, batch_statistics=own)  # fmt: skip


if __name__ == "__main__":
    main()
