"""Does an explanation depend on the weights? Layers drawn anew from the top down (Adebayo et al. 2018)."""

import time

import click
import numpy as np
import torch
from common import write
from nets import photographs, trained
from scipy.stats import spearmanr
from skimage.filters import sobel
from skimage.metrics import structural_similarity

from convbook.visualize import grad_cam, gradient, integrated_gradients, randomised, saliency

METHODS = {
    "saliency": lambda net, x, c: saliency(net, x, c),
    "integrated gradients": lambda net, x, c: integrated_gradients(net, x, c, steps=10).abs().sum(dim=1),
    "deconvnet": lambda net, x, c: gradient(net, x, c, "deconv").abs().amax(dim=1),
    "guided backprop": lambda net, x, c: gradient(net, x, c, "guided").abs().amax(dim=1),
    "Grad-CAM": lambda net, x, c: grad_cam(net, x, "layer3", c),
    "Grad-CAM++": lambda net, x, c: grad_cam(net, x, "layer3", c, plus_plus=True),
}
GROUPS = "fc", "layer3", "layer2", "layer1", "stem"


def group(name):
    first = name.split(".")[0]
    return first if first in GROUPS else "stem"


def stages(net, seed):
    """A copy of the net after each of the groups was drawn anew, the last group first; yields the group's name."""
    names = [group(name) for name, module in net.named_modules() if hasattr(module, "reset_parameters")][::-1]
    for number, (name, copy) in enumerate(randomised(net, seed)):
        if number + 1 == len(names) or names[number + 1] != names[number]:
            yield group(name), copy


def likeness(maps, others):
    """Mean rank correlation and mean SSIM of pairs of maps; a map of equal values is like no other."""
    ranks, looks = [], []
    for one, other in zip(maps.double().numpy(), others.double().numpy(), strict=True):
        if np.ptp(one) == 0 or np.ptp(other) == 0:
            ranks.append(0.0)
            looks.append(0.0)
            continue
        one, other = ((m - m.min()) / np.ptp(m) for m in (one, other))
        ranks.append(spearmanr(one.ravel(), other.ravel()).statistic)
        looks.append(structural_similarity(one, other, data_range=1.0, win_size=5))
    return {"rank": float(np.mean(ranks)), "ssim": float(np.mean(looks))}


@click.command()
@click.option("--quick", is_flag=True, help="Twenty images, one seed.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    n, seeds = (20, [0]) if quick else (50, [0, 1])
    x, _ = photographs("test", n)
    net = trained()
    with torch.no_grad():
        classes = net(x).argmax(dim=1)
    before = {name: method(net, x, classes) for name, method in METHODS.items()}
    edges = torch.tensor(np.stack([sobel(image) for image in x.mean(dim=1).numpy()]))
    shuffled = torch.arange(n).roll(n // 2)  # maps of other images: what likeness is by chance
    reference = {
        name: {"edges": likeness(maps, edges), "another image": likeness(maps, maps[shuffled])}
        for name, maps in before.items()
    }
    click.echo(f"{time.time() - started:5.0f} s {reference}")
    runs = []
    for seed in seeds:
        for name, copy in stages(net, seed):
            found = {key: likeness(before[key], method(copy, x, classes)) for key, method in METHODS.items()}
            runs.append({"seed": seed, "down_to": name, "likeness": found})
            click.echo(
                f"{time.time() - started:5.0f} s {seed} {name:6} "
                + ", ".join(f"{key} {value['rank']:.2f}/{value['ssim']:.2f}" for key, value in found.items())
            )
    write("randomisation", started, quick, images=n, seeds=seeds, groups=list(GROUPS), methods=list(METHODS),
          reference=reference, runs=runs)  # fmt: skip


if __name__ == "__main__":
    main()
