"""Accuracy against operations and parameters: one small skeleton, and the blocks of the well-known nets inside it."""

import time

import click
import torch
from common import cifar, evaluate, train, write
from torch import nn

from convbook.models import BasicBlock, Bottleneck, DenseBlock, Transition
from convbook.models.counting import count_macs, count_parameters
from convbook.models.mobile import Fire, InvertedResidual, Shuffle
from convbook.models.parts import conv_norm, he_init


def residual(kind, **options):
    def make(c_in, c_out, stride):
        return kind(c_in, c_out // kind.expansion, stride, **options)

    return make


def separable(c_in, c_out, stride):
    depthwise, pointwise = conv_norm(c_in, c_in, 3, stride, groups=c_in), conv_norm(c_in, c_out, 1)
    return nn.Sequential(*depthwise, *pointwise)


def fire(c_in, c_out, stride):
    pool = [nn.MaxPool2d(2)] if stride > 1 else []
    return nn.Sequential(*pool, Fire(c_in, c_out // 8, c_out // 2), nn.BatchNorm2d(c_out))


def dense(c_in, c_out, stride):
    """Four layers of growth c_out / 4, then a transition to c_out channels."""
    growth = c_out // 4
    shrink = Transition(c_in + 4 * growth, c_out)
    if stride == 1:
        shrink.pool = nn.Identity()
    return nn.Sequential(DenseBlock(c_in, growth, 4), shrink)


KINDS = {  # how a block is made, how many a stage has, the widths of the first stage
    "plain": (residual(BasicBlock, shortcut=None), 2, (8, 16, 32)),
    "basic": (residual(BasicBlock), 2, (8, 16, 32)),
    "bottleneck": (residual(Bottleneck), 2, (16, 32, 64)),
    "separable": (separable, 4, (16, 32, 64)),
    "inverted": (lambda c_in, c_out, stride: InvertedResidual(c_in, c_out, stride, 4), 2, (8, 16)),
    "fire": (fire, 2, (32, 64)),
    "dense": (dense, 1, (16, 32)),
    "shuffle": (Shuffle, 3, (16, 32)),
}


def net(kind, width, flatten=False):
    """A 3x3 stem, three stages on 16x16, 8x8, 4x4, a pooled head; or flattened, with a hidden layer as in VGG."""
    make, n, _ = KINDS[kind]
    layers, c = conv_norm(3, width, 3), width
    for number in range(3):
        c_out = width << number
        for block in range(n):
            layers.append(make(c, c_out, 2 if number and not block else 1))
            c = c_out
    layers += [nn.BatchNorm2d(c), nn.ReLU()]
    if flatten:
        layers += [nn.Flatten(), nn.Linear(c * 16, 512), nn.ReLU(), nn.Linear(512, 10)]
    else:
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10)]
    return he_init(nn.Sequential(*layers))


@click.command()
@click.option("--quick", is_flag=True, help="One width, one epoch.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    seeds, epochs, n = ([0], 1, 300) if quick else ([0], 12, 5000)
    (x, y), (tx, ty) = cifar("train", n), cifar("test", 2000)
    nets = [
        (kind, width, False)
        for step in range(3)
        for kind, (_, _, widths) in KINDS.items()
        for width in widths[step : step + 1]
    ]
    nets.insert(2 * len(KINDS), ("plain", 16, True))
    runs = []
    for seed in seeds:
        for kind, width, flatten in nets[: len(KINDS) + 1] if quick else nets:
            torch.manual_seed(seed)
            model = net(kind, width, flatten)
            losses = train(model, x, y, epochs, 0.1, seed)
            accuracy = evaluate(model, tx, ty)[1]
            counts = {"macs": count_macs(model, 16), "parameters": count_parameters(model)}
            runs.append({"kind": kind, "width": width, "flatten": flatten, "seed": seed, **counts,
                         "train_loss": losses[-1], "test_accuracy": accuracy})  # fmt: skip
            click.echo(f"{time.time() - started:5.0f} s {seed} {kind} {width} {counts} {losses[-1]:.3f} {accuracy:.3f}")
            write("cost", started, quick, size=16, images=n, test_images=2000, epochs=epochs, batch=64, rate=0.1,
                  seeds=seeds, runs=runs)  # fmt: skip


if __name__ == "__main__":
    main()
