"""A class for every pixel of drawn shapes, from a map of stride 4: what a small head learns, and what it paints."""

import time

import click
import numpy as np
import torch
from common import write

from convbook.detection.backbone import SmallBackbone, as_input
from convbook.detection.segmentation import Segmenter
from convbook.detection.shapes import make_scenes
from convbook.detection.train import evaluate, fit

SHOWN = 3  # the first pictures of the test set, whose painted classes are kept


def rows(mask):
    """A mask (H, W) as strings, a digit a pixel."""
    return ["".join(map(str, row)) for row in mask]


def edge(masks):
    """Pixels (N, H, W) with a neighbour of another class, up, down, left or right."""
    near = np.zeros(masks.shape, bool)
    for axis in (1, 2):
        change = np.diff(masks.astype(int), axis=axis) != 0
        pad = [(0, 0)] * 3
        for side in ((1, 0), (0, 1)):
            near |= np.pad(change, [side if n == axis else p for n, p in enumerate(pad)])
    return near


@click.command()
@click.option("--quick", is_flag=True, help="A few steps.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    steps = 10 if quick else 600
    train, test = (make_scenes(n, 64, difficulty=0.3, seed=seed) for n, seed in ((200 if quick else 2000, 0), (300, 1)))
    torch.manual_seed(0)
    model = Segmenter(SmallBackbone(32, 4, 2), len(train.classes))
    fit("segmentation", model, train, seconds=1e9, steps=steps, say=lambda row: None)
    figures = evaluate("segmentation", model, test)
    with torch.no_grad():
        painted = np.concatenate([model(as_input(part)).argmax(1).numpy() for part in np.array_split(test.images, 6)])
    wrong, near = painted != test.masks, edge(test.masks)
    write_up = {
        "steps": steps,
        "test_seed": 1,
        "head_share": sum(p.numel() for p in model.head.parameters()) / sum(p.numel() for p in model.parameters()),
        "wrong_near_edges": float(wrong[near].sum() / wrong.sum()),
        "near_edges": float(near.mean()),
        **figures,
        "painted": [rows(mask) for mask in painted[:SHOWN]],
    }
    print(write("segmentation", started, quick, **write_up))


if __name__ == "__main__":
    main()
