"""One backbone with three heads (what, where, which pixels) against a net for each, on drawn shapes."""

import time

import click
import numpy as np
import torch
from common import RESULTS, train, write
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from convbook.models import cifar_resnet
from convbook.models.counting import count_macs, count_parameters

SIDE, WIDTH, DEPTH = 32, 8, 8
CLASSES = "disc", "square", "triangle", "ring"
TASKS = "what", "where", "mask"


def draw(n, seed):
    """n images of one shape: (n, 3, 32, 32); kind (n,); centre and radius in pixels (n, 3); mask (n, 32, 32)."""
    rng = np.random.default_rng(seed)
    kind, radius = rng.integers(len(CLASSES), size=n), rng.uniform(4, 8, n)
    u, v = rng.uniform(radius, SIDE - radius, (2, n))
    j, i = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    r = radius[:, None, None]
    dx, dy = (j - u[:, None, None]) / r, (i - v[:, None, None]) / r
    far = np.hypot(dx, dy)
    masks = [
        far < 1,
        np.maximum(abs(dx), abs(dy)) < 0.85,
        (dy < 0.8) & (dy > 2 * abs(dx) - 1),
        (far < 1) & (far > 0.55),
    ]
    mask = np.select([kind[:, None, None] == number for number in range(len(CLASSES))], masks)
    colour, ground = rng.uniform(0, 1, (n, 3, 1, 1)), rng.uniform(-1, 0, (n, 3, 1, 1))
    images = np.where(mask[:, None], colour, ground) + 0.3 * rng.normal(size=(n, 3, SIDE, SIDE))
    return (
        torch.tensor(images, dtype=torch.float32),
        torch.tensor(kind),
        torch.tensor(np.stack([u, v, radius], 1), dtype=torch.float32),
        torch.tensor(mask, dtype=torch.float32),
    )


class Hydra(nn.Module):
    """A residual backbone, and on its map of 8x8 a head for each task."""

    def __init__(self, tasks, pooled=False):
        super().__init__()
        self.body = cifar_resnet(DEPTH, width=WIDTH)
        self.body.fc = nn.Identity()
        c, side = 4 * WIDTH, SIDE // 4
        pool = [nn.AdaptiveAvgPool2d(1)] if pooled else []
        heads = {
            "what": [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, len(CLASSES))],
            "where": [*pool, nn.Flatten(), nn.Linear(c if pooled else c * side**2, 3)],
            "mask": [nn.Conv2d(c, 16, 1), nn.PixelShuffle(4)],
        }
        self.heads = nn.ModuleDict({task: nn.Sequential(*heads[task]) for task in tasks})

    def forward(self, x):
        map_ = self.body.features(x)
        return {task: head(map_).float() for task, head in self.heads.items()}


def loss(outputs, targets):
    """Sum over the tasks that the net has; places in units of the image."""
    kind, place, mask = targets[:, 0].long(), targets[:, 1:4], targets[:, 4:].reshape(-1, SIDE, SIDE)
    terms = {
        "what": lambda out: F.cross_entropy(out, kind),
        "where": lambda out: 5 * F.smooth_l1_loss(out, place / SIDE - 0.5, beta=0.05),
        "mask": lambda out: 3 * F.binary_cross_entropy_with_logits(out[:, 0], mask),
    }
    return sum(terms[task](out) for task, out in outputs.items())


@torch.no_grad()
def scores(model, x, kind, place, mask):
    """Share of the kinds that are right, mean distance of the centres in pixels, mean overlap of the masks."""
    model.eval()
    with torch.autocast("cpu", torch.bfloat16):
        parts = [model(images) for images in x.split(250)]
    out = {task: torch.cat([part[task] for part in parts]) for task in parts[0]}
    found = {}
    if "what" in out:
        found["what"] = (out["what"].argmax(1) == kind).float().mean().item()
    if "where" in out:
        found["where"] = ((out["where"] + 0.5) * SIDE - place)[:, :2].norm(dim=1).mean().item()
    if "mask" in out:
        got, true = out["mask"][:, 0] > 0, mask > 0.5
        found["mask"] = ((got & true).sum((1, 2)) / (got | true).sum((1, 2))).mean().item()
    return found


@click.command()
@click.option("--quick", is_flag=True, help="One seed, one epoch.")
def main(quick):
    torch.set_num_threads(1)
    started = time.time()
    seeds, epochs, n = ([0], 1, 300) if quick else ([0, 1], 14, 3000)
    x, *targets = draw(n, 1)
    y = torch.cat([targets[0][:, None], targets[1], targets[2].flatten(1)], 1)
    test = draw(1000, 2)
    nets = {"hydra": (TASKS, False), "hydra, place from the pooled map": (TASKS, True)}
    nets |= {f"{task} alone": ((task,), False) for task in TASKS}
    runs = []
    for seed in seeds:
        for name, (tasks, pooled) in nets.items():
            torch.manual_seed(seed)
            model = Hydra(tasks, pooled)
            counts = {"macs": count_macs(model, SIDE), "parameters": count_parameters(model)}
            heads = {f"{task} head": count_parameters(head) for task, head in model.heads.items()}
            losses = train(model, x, y, epochs, 3e-3, seed, batch=32, flip=False, loss=loss, adam=True)
            counts |= {"heads": heads, "train_loss": losses[-1]}
            runs.append({"net": name, "seed": seed, **counts, **scores(model, *test)})
            click.echo(f"{time.time() - started:5.0f} s {runs[-1]}")
            if tasks == TASKS and pooled and seed == 0 and not quick:  # kept for the page
                kept = {key: value.contiguous().half() for key, value in model.state_dict().items()}
                save_file(kept, RESULTS / "hydra.safetensors")
            setting = {"side": SIDE, "depth": DEPTH, "width": WIDTH, "images": n, "test_images": 1000, "epochs": epochs}
            write("hydra", started, quick, **setting, seeds=seeds, classes=CLASSES, runs=runs)


if __name__ == "__main__":
    main()
