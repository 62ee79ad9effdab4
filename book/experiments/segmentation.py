"""A class for every pixel of drawn shapes: a small head on the map of the trained detector, which stays as it is."""

import time

import click
import numpy as np
import torch
from common import write
from timing import macs
from torch.nn import functional as F

from convbook.detection.backbone import as_input
from convbook.detection.segmentation import SegmentationHead, mean_iou
from convbook.detection.shapes import make_scenes
from convbook.detection.trained import load_trained

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


@torch.no_grad()
def maps(backbone, scenes, batch=50):
    """The maps of all pictures, in half precision."""
    parts = range(0, len(scenes), batch)
    return torch.cat([backbone(as_input(scenes.images[k : k + batch])).half() for k in parts])


@click.command()
@click.option("--quick", is_flag=True, help="A few steps.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    steps, size = (10, 60) if quick else (3000, 3000)
    train, test = (make_scenes(n, 64, difficulty=0.3, seed=seed) for n, seed in ((size, 0), (300, 1)))
    detector, _ = load_trained("shapes-detector")
    backbone = detector.backbone.requires_grad_(False)
    features, masks = maps(backbone, train), torch.from_numpy(train.masks).long()
    torch.manual_seed(0)
    head = SegmentationHead(backbone.channels, len(train.classes), backbone.stride)
    optimizer = torch.optim.AdamW(head.parameters(), 3e-3, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, steps)
    for _ in range(steps):
        chosen = torch.randint(size, (32,))
        optimizer.zero_grad()
        F.cross_entropy(head(features[chosen].float()), masks[chosen]).backward()
        optimizer.step()
        rate.step()
    with torch.no_grad():
        test_maps = maps(backbone, test)
        painted = torch.cat([head(part.float()).argmax(1) for part in test_maps.split(50)])
        one = as_input(test.images[:1])
        spent = [macs(lambda: backbone(one)), macs(lambda: head(test_maps[:1].float()))]
    figures = {
        "pixel_iou": mean_iou(painted, torch.from_numpy(test.masks).long(), len(test.classes)),
        "accuracy": float((painted.numpy() == test.masks).mean()),
    }
    painted = painted.numpy()
    wrong, near = painted != test.masks, edge(test.masks)
    write_up = {
        "steps": steps,
        "test_seed": 1,
        "head_weights": sum(p.numel() for p in head.parameters()),
        "backbone_weights": sum(p.numel() for p in backbone.parameters()),
        "head_macs": spent[1],
        "backbone_macs": spent[0],
        "wrong_near_edges": float(wrong[near].sum() / wrong.sum()),
        "near_edges": float(near.mean()),
        **figures,
        "painted": [rows(mask) for mask in painted[:SHOWN]],
    }
    print(write("segmentation", started, quick, **write_up))


if __name__ == "__main__":
    main()
