"""What a classifier knows from the outputs of the RPN alone, and from the features of the proposal."""

import time

import click
import torch
from common import write
from torch import nn
from torch.nn import functional as F

from convbook.detection import ops
from convbook.detection.backbone import as_input
from convbook.detection.rpn import take
from convbook.detection.scenes import padded
from convbook.detection.shapes import make_scenes
from convbook.detection.trained import load_trained


@torch.no_grad()
def collect(model, scenes, batch=50):
    """Of every anchor with an IoU of 0.7 or its object's best: inputs by name, each (N, m), and the class (N,)."""
    inputs, classes = {}, []
    boxes, labels, valid = map(torch.from_numpy, padded(scenes.boxes, scenes.labels))
    for part in torch.arange(len(scenes)).split(batch):
        features = model.backbone(as_input(scenes.images[part]))
        objectness, deltas = model.rpn(features)
        anchors = model.rpn.anchors(*features.shape[2:])
        positive, matched = ops.assign_anchors(anchors, boxes[part], valid[part])
        picture, anchor = (positive == 1).nonzero(as_tuple=True)
        size_wh = scenes.images.shape[:1:-1]
        proposals = ops.clip_boxes(ops.decode_boxes(deltas, anchors), size_wh)
        found = {
            "two scores": objectness[picture, anchor],
            "scores and box": torch.cat([objectness, deltas, anchors.expand(len(part), -1, -1)], dim=2)[
                picture, anchor
            ],
        }
        regions = [model.regions(features[n : n + 1], proposals[n : n + 1, anchor[picture == n]])[0].flatten(1)
                   for n in range(len(part))]  # fmt: skip
        found["features of the region"] = torch.cat(regions)
        for name, values in found.items():
            inputs.setdefault(name, []).append(values)
        classes.append(take(labels[part][..., None], matched)[picture, anchor, 0])
    return {name: torch.cat(parts) for name, parts in inputs.items()}, torch.cat(classes)


def learn(x, y, tx, ty, hidden, seed=0):
    """Accuracy on (tx, ty) of a classifier with no hidden layer, or with one, trained to its end on (x, y)."""
    torch.manual_seed(seed)
    mean, spread = x.mean(0), x.std(0) + 1e-6
    x, tx = (x - mean) / spread, (tx - mean) / spread
    layers = [nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, 5)] if hidden else [nn.Linear(x.shape[1], 5)]
    net = nn.Sequential(*layers)
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-2)
    for _ in range(40):
        for chosen in torch.randperm(len(x)).split(128):
            optimizer.zero_grad()
            F.cross_entropy(net(x[chosen]), y[chosen]).backward()
            optimizer.step()
    return (net(tx).argmax(1) == ty).float().mean().item()


@click.command()
@click.option("--quick", is_flag=True, help="60 pictures.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    model, _ = load_trained("shapes-detector")
    n = 60 if quick else 400
    options = {"size": 64, "difficulty": 0.3}
    inputs, y = collect(model, make_scenes(n, seed=100, **options))
    test_inputs, ty = collect(model, make_scenes(n, seed=101, **options))
    rows = [
        {"input": name, "numbers": x.shape[1]}
        | {kind: learn(x, y, test_inputs[name], ty, hidden) for kind, hidden in (("linear", 0), ("hidden layer", 64))}
        for name, x in inputs.items()
    ]
    most = torch.bincount(ty).max().item() / len(ty)
    print(
        write("blind", started, quick, pictures=n, anchors=len(y), test_anchors=len(ty), most_frequent=most, rows=rows)
    )


if __name__ == "__main__":
    main()
