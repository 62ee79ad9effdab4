"""Blocks that start as the identity: ResNet-32 with γ = 0 in each block's last norm, against γ = 1, at two rates."""

import time

import click
import torch
from common import cifar, evaluate, gradient_norms, train, write

from convbook.models import BasicBlock, cifar_resnet


@torch.no_grad()
def growth(model, x):
    """Variance of the map after each block, one forward pass in training mode at the start."""
    found = []
    hooks = [
        module.register_forward_hook(lambda m, args, out: found.append(out.var().item()))
        for module in model.modules()
        if isinstance(module, BasicBlock)
    ]
    model.train()
    model(x)
    for hook in hooks:
        hook.remove()
    return found


@click.command()
@click.option("--quick", is_flag=True, help="Depth 8, one seed, one epoch.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    depth, seeds, epochs, n = (8, [0], 1, 300) if quick else (32, [0, 1, 2], 6, 2500)
    rates = [0.1, 0.8]
    (x, y), (tx, ty) = cifar("train", n), cifar("test", 1000)
    runs = []
    for seed in seeds:
        for rate in rates:
            for zero in (False, True):
                torch.manual_seed(seed)
                model = cifar_resnet(depth, width=8, zero_gamma=zero)
                start = {"variances": growth(model, x[::20]), "gradients": gradient_norms(model, x[::20], y[::20])}
                losses = train(model, x, y, epochs, rate, seed)
                train_loss, accuracy = evaluate(model, x, y)[0], evaluate(model, tx, ty)[1]
                runs.append({"zero": zero, "rate": rate, "seed": seed, "losses": losses, "train_loss": train_loss,
                             "test_accuracy": accuracy, **start})  # fmt: skip
                click.echo(f"{time.time() - started:5.0f} s {seed} {rate} {zero}: {losses[-1]:.3f} {accuracy:.3f}")
                write("zero_gamma", started, quick, depth=depth, width=8, size=16, images=n, epochs=epochs, batch=64,
                      seeds=seeds, rates=rates, runs=runs)  # fmt: skip


if __name__ == "__main__":
    main()
