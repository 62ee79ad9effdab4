"""Plain and residual nets, with batch norm and without, by depth and seed: training loss, accuracy, gradients."""

import time

import click
import torch
from common import cifar, evaluate, gradient_norms, train, write

from convbook.models import cifar_resnet

VARIANTS = {
    "plain": {"skips": False, "norm": False},
    "plain, batch norm": {"skips": False, "norm": True},
    "residual": {"skips": True, "norm": False},
    "residual, batch norm": {"skips": True, "norm": True},
}
RATES = {True: 0.1, False: 0.01}  # with batch norm and without: the larger one makes nets without norm diverge


@click.command()
@click.option("--quick", is_flag=True, help="Two depths, one seed, one epoch.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    depths, seeds, epochs, n = ((8, 14), [0], 1, 300) if quick else ((8, 20, 32, 56), [0, 1, 2], 10, 2500)
    (x, y), (tx, ty) = cifar("train", n), cifar("test", 1000)
    runs = []
    for seed in seeds:
        for depth in depths:
            for variant, options in VARIANTS.items():
                torch.manual_seed(seed)
                model = cifar_resnet(depth, width=8, **options)
                probe = torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:128]
                before = gradient_norms(model, x[probe], y[probe])
                losses = train(model, x, y, epochs, RATES[options["norm"]], seed)
                after = gradient_norms(model, x[probe], y[probe])
                (loss, right), (_, accuracy) = evaluate(model, x, y), evaluate(model, tx, ty)
                runs.append(
                    {"variant": variant, "depth": depth, "seed": seed, "losses": losses, "train_loss": loss,
                     "train_accuracy": right, "test_accuracy": accuracy, "before": before, "after": after}
                )  # fmt: skip
                click.echo(
                    f"{time.time() - started:5.0f} s {seed} {depth} {variant}: {loss:.3f} {right:.3f} {accuracy:.3f}"
                )
                write("depth_sweep", started, quick, seeds=seeds, depths=depths, epochs=epochs, images=n, batch=64,
                      width=8, size=16, rates={"norm": RATES[True], "no norm": RATES[False]}, runs=runs)  # fmt: skip


if __name__ == "__main__":
    main()
