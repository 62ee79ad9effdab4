"""The tiny net and scikit-learn's digits: who are their neighbours, and of two side by side, which one do maps show?"""

import time

import click
import numpy as np
import torch
from common import write
from sklearn.datasets import load_digits
from torch.nn import functional as F

from convbook import visualize as V
from convbook.models.pretrained import about, load_committed

LAYER, NEIGHBOURS = "6", 5  # the last maps
METHODS = {
    "saliency": lambda net, x, c: V.saliency(net, x, c),
    "deconvnet": lambda net, x, c: V.gradient(net, x, c, "deconv").abs().amax(dim=1),
    "guided backprop": lambda net, x, c: V.gradient(net, x, c, "guided").abs().amax(dim=1),
    "integrated gradients": lambda net, x, c: V.integrated_gradients(net, x, c, steps=10).abs().sum(dim=1),
    "occlusion": lambda net, x, c: V.occlusion_map(net, x, c, size=8, stride=4, fill=x.min()).clamp(min=0),
    "Grad-CAM": lambda net, x, c: V.grad_cam(net, x, LAYER, c),
    "Grad-CAM++": lambda net, x, c: V.grad_cam(net, x, LAYER, c, plus_plus=True),
}


def framed(images, mean, std):
    """scikit-learn's digits as MNIST has them, and as the chapter shows them: 20 pixels high in a frame of 28."""
    x = torch.tensor(images / 16, dtype=torch.float32)[:, None]
    x = F.interpolate(x, (20, 20), mode="bicubic", align_corners=False).clamp(0, 1)
    return (F.pad(x, (4,) * 4) - mean) / std


def pictures():
    """All digits, (N, 1, 28, 28), their labels, and the net."""
    facts, digits = about("tiny-digits"), load_digits()
    x = framed(digits.images, facts["mean"][0], facts["std"][0])
    return x, torch.tensor(digits.target), load_committed("tiny-digits")


def of_all(x, labels, net):
    """How many the net has right, the mean score of each class's own, and how many neighbours are of one class."""
    with torch.no_grad():
        scores = torch.cat([net(part) for part in x.split(100)])
    own = scores.gather(1, labels[:, None])[:, 0]
    spaces = {"pixels": load_digits().data, "features": V.features(net, LAYER, x.split(100))}
    return {
        "digits": len(x),
        "right": (scores.argmax(1) == labels).float().mean().item(),
        "own_score": [own[labels == c].mean().item() for c in range(10)],
        "k": NEIGHBOURS,
        "agreement": {name: V.agreement(space, labels.numpy(), NEIGHBOURS) for name, space in spaces.items()},
    }


def side_by_side(x, labels, n):
    """n pairs of two classes, (n, 1, 28, 56), and the classes of the left ones."""
    rng, left, right = np.random.default_rng(0), [], []
    while len(left) < n:
        one, other = rng.choice(len(x), 2, replace=False)
        if labels[one] != labels[other]:
            left.append(one)
            right.append(other)
    return torch.cat([x[left], x[right]], dim=3), labels[left]


def on_the_left(method, net, pairs, classes):
    """The mean share of the heat that lies on the left digit, and its standard error."""
    maps = torch.cat([method(net, pair[None], int(c)) for pair, c in zip(pairs, classes, strict=True)])
    heat, left = maps.sum(dim=(1, 2)), maps[:, :, : maps.shape[2] // 2].sum(dim=(1, 2))
    share = torch.where(heat > 0, left / heat.clamp(min=1e-12), 0.5)
    return {"share": share.mean().item(), "error": (share.std() / len(share) ** 0.5).item()}


@click.command()
@click.option("--quick", is_flag=True, help="Forty pairs.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    x, labels, net = pictures()
    pairs, classes = side_by_side(x, labels, 40 if quick else 1000)
    found = {}
    for name, method in METHODS.items():
        found[name] = on_the_left(method, net, pairs, classes)
        click.echo(f"{time.time() - started:5.0f} s {name:22} {found[name]}")
    write("tiny_digits", started, quick, pairs=len(pairs), seed=0, methods=found, **of_all(x, labels, net))


if __name__ == "__main__":
    main()
