"""Gradients of the maps and of the weights, layer by layer, before the first step: ResNet-56 with and without skips
and batch norm, several seeds. All in float32."""

import time

import click
import torch
from common import cifar, gradient_norms, write
from depth_sweep import VARIANTS
from torch.nn import functional as F

from convbook.models import BasicBlock, cifar_resnet


def map_gradients(model, x, y):
    """Norm of the gradient of each block's output, first block first, and of the outputs themselves."""
    maps, hooks = [], []
    for module in model.modules():
        if isinstance(module, BasicBlock):
            hooks.append(module.register_forward_hook(lambda m, args, out: maps.append(out)))
    model.train()
    gradients = torch.autograd.grad(F.cross_entropy(model(x), y), maps)
    for hook in hooks:
        hook.remove()
    return [g.norm().item() for g in gradients], [m.norm().item() for m in maps]


@click.command()
@click.option("--quick", is_flag=True, help="Depth 14, one seed.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    depth, seeds, n = (14, [0], 30) if quick else (56, [0, 1, 2, 3, 4], 130)
    x, y = cifar("train", n)
    runs = []
    for seed in seeds:
        for variant, options in VARIANTS.items():
            torch.manual_seed(seed)
            model = cifar_resnet(depth, width=16, **options)
            gradients, maps = map_gradients(model, x, y)
            runs.append({"variant": variant, "seed": seed, "maps": gradients, "sizes": maps,
                         "weights": gradient_norms(model, x, y)})  # fmt: skip
    print(write("gradients", started, quick, depth=depth, width=16, size=16, images=n, seeds=seeds, runs=runs))


if __name__ == "__main__":
    main()
