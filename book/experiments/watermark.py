"""A shortcut planted on purpose: does the net take it, what happens without it, and which explanations point at it?"""

import time

import click
import numpy as np
import torch
from common import evaluate, train, write

from convbook.data import load
from convbook.data.watermark import stamped
from convbook.models import cifar_resnet
from convbook.visualize import grad_cam, gradient, integrated_gradients, occlusion_map, saliency

LAYER, SHOWN = "layer3", 4


def tensor(images):
    return (torch.tensor(images).float() - 128) / 64


def marks_box():
    """Where the mark can be: y0, y1, x0, x1, the end excluded."""
    grey = np.full((1, 3, 32, 32), 128, np.uint8)
    rows, columns = np.nonzero((stamped(grey) != grey).any(axis=(0, 1)))
    return [int(v) for v in (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)]


METHODS = {
    "saliency": lambda net, x, c: saliency(net, x, c),
    "deconvnet": lambda net, x, c: gradient(net, x, c, "deconv").abs().amax(dim=1),
    "guided backprop": lambda net, x, c: gradient(net, x, c, "guided").abs().amax(dim=1),
    "integrated gradients": lambda net, x, c: integrated_gradients(net, x, c, steps=10).abs().sum(dim=1),
    "occlusion": lambda net, x, c: occlusion_map(net, x, c, size=6, stride=3).clamp(min=0),
    "Grad-CAM": lambda net, x, c: grad_cam(net, x, LAYER, c),
    "Grad-CAM++": lambda net, x, c: grad_cam(net, x, LAYER, c, plus_plus=True),
}


def pointing(maps, box):
    """Share of a map's heat in the box, and how often the hottest pixel lies in it or within two pixels of it."""
    y0, y1, x0, x1 = box
    total = maps.sum(dim=(1, 2))
    share = torch.where(total > 0, maps[:, y0:y1, x0:x1].sum(dim=(1, 2)) / total.clamp(min=1e-12), 0)
    i, j = maps.flatten(1).argmax(dim=1) // maps.shape[2], maps.flatten(1).argmax(dim=1) % maps.shape[2]
    hit = (i >= y0 - 2) & (i < y1 + 2) & (j >= x0 - 2) & (j < x1 + 2) & (total > 0)
    return {"share": share.mean().item(), "hit": hit.float().mean().item()}


@click.command()
@click.option("--quick", is_flag=True, help="One seed, one epoch.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    seeds, epochs, n, tests = ([0], 1, 400, 80) if quick else ([0, 1, 2], 10, 3000, 400)
    box = marks_box()
    test = {mark: load("watermark", split="test", n=tests, mark=mark) for mark in ("class", "none", "all")}
    star = test["none"].classes.index("star")
    y = torch.tensor(test["none"].labels)
    stars = tensor(test["class"].images[test["class"].labels == star][:40])
    runs, maps = [], {}
    for seed in seeds:
        for mark in ("class", "none") if seed == seeds[0] else ("class",):  # one net that never saw the mark
            data = load("watermark", split="train", n=n, mark=mark)
            torch.manual_seed(seed)
            net = cifar_resnet(8, num_classes=8, width=12)
            losses = train(net, tensor(data.images), torch.tensor(data.labels), epochs, 0.1, seed, flip=False)
            run = {"trained_with": mark, "seed": seed, "loss": losses[-1]}
            for name, images in test.items():
                x = tensor(images.images)
                chosen = net.eval()(x).argmax(1)
                run[f"accuracy, mark {name}"] = evaluate(net, x, y)[1]
                run[f"stars found, mark {name}"] = (chosen[y == star] == star).float().mean().item()
                run[f"others called star, mark {name}"] = (chosen[y != star] == star).float().mean().item()
            heat = {name: method(net, stars, star) for name, method in METHODS.items()}
            run["pointing"] = {name: pointing(values, box) for name, values in heat.items()}
            if seed == seeds[0]:
                shown = torch.stack([values[:SHOWN] for values in heat.values()])
                shown = 255 * shown / shown.amax(dim=(2, 3), keepdim=True).clamp(min=1e-12)
                maps[mark] = shown.round().byte().numpy().tobytes().hex()
            runs.append(run)
            click.echo(f"{time.time() - started:5.0f} s {run}")
            area = (box[1] - box[0]) * (box[3] - box[2]) / 32**2
            write("watermark", started, quick, images=n, test_images=tests, epochs=epochs, seeds=seeds, box=box,
                  area=area, methods=list(METHODS), shown=SHOWN, runs=runs, maps=maps)  # fmt: skip


if __name__ == "__main__":
    main()
