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


@click.command()
@click.option("--quick", is_flag=True, help="Forty pairs.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    facts, net, digits = about("tiny-digits"), load_committed("tiny-digits"), load_digits()
    x, labels = framed(digits.images, facts["mean"][0], facts["std"][0]), torch.tensor(digits.target)
    rng, n, left, right = np.random.default_rng(0), 40 if quick else 1000, [], []
    while len(left) < n:
        one, other = rng.choice(len(x), 2, replace=False)
        if labels[one] != labels[other]:
            left.append(one)
            right.append(other)
    pairs, classes, width = torch.cat([x[left], x[right]], dim=3), labels[left], x.shape[3]
    shares = {}
    for name, method in METHODS.items():
        maps = torch.cat([method(net, pairs[k : k + 1], int(classes[k])) for k in range(n)])
        heat = maps.sum(dim=(1, 2))
        share = torch.where(heat > 0, maps[:, :, :width].sum(dim=(1, 2)) / heat.clamp(min=1e-12), 0.5)
        mean, error = share.mean().item(), (share.std() / n**0.5).item()
        shares[name] = {"share": mean, "error": error}
        click.echo(f"{time.time() - started:5.0f} s {name:22} {mean:.3f} ± {error:.3f}")
    with torch.no_grad():
        scores = torch.cat([net(part) for part in x.split(100)])
    own = scores.gather(1, labels[:, None])[:, 0]
    points = {"pixels": digits.data, "features": V.features(net, LAYER, x.split(100))}
    near = {name: V.agreement(space, digits.target, NEIGHBOURS) for name, space in points.items()}
    click.echo(near)
    write("tiny_digits", started, quick, pairs=n, seed=0, methods=shares, digits=len(x), k=NEIGHBOURS, agreement=near,
          right=(scores.argmax(1) == labels).float().mean().item(),
          own_score=[own[labels == c].mean().item() for c in range(10)])  # fmt: skip


if __name__ == "__main__":
    main()
