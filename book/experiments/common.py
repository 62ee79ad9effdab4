"""What the recorded experiments of chapter 5 share: the images, one small training loop, the results file."""

import json
import math
import platform
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from convbook.data import load

RESULTS = Path(__file__).parent / "results"
MEAN, SPREAD = 120.0, 64.0  # of CIFAR-10's pixels, all colours together


def cifar(split, n, device="cpu"):
    """The first n / 10 images of each class, halved to 16x16: (n, 3, 16, 16) float32 and (n,) int64."""
    data = load("cifar10", split=split)
    labels = np.asarray(data.labels)
    chosen = np.concatenate([np.flatnonzero(labels == c)[: n // 10] for c in range(10)])
    x = torch.tensor(data.images[chosen]).float().sub(MEAN).div(SPREAD)
    return F.avg_pool2d(x, 2).to(device).contiguous(memory_format=torch.channels_last), torch.tensor(labels[chosen])


def train(model, x, y, epochs, lr, seed, batch=64, clip=5.0, flip=True, loss=F.cross_entropy, adam=False):
    """SGD with momentum or Adam, warm-up for half an epoch and a cosine schedule, gradients clipped; each epoch's loss.

    bf16 autocast; a run that leaves the numbers ends, its remaining losses NaN.
    """
    model.train().to(memory_format=torch.channels_last)
    if adam:
        optimizer = torch.optim.Adam(model.parameters(), lr)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9, weight_decay=5e-4)
    order = torch.Generator().manual_seed(seed)
    steps, step, losses = epochs * math.ceil(len(x) / batch), 0, []
    warmup = steps / epochs / 2
    for _ in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(x), generator=order).split(batch):
            for group in optimizer.param_groups:
                group["lr"] = lr * min((step + 1) / warmup, 0.5 + 0.5 * math.cos(math.pi * step / steps))
            images = x[chosen]
            if flip:
                turned = torch.rand(len(images), 1, 1, 1, generator=order) < 0.5
                images = torch.where(turned, images.flip(3), images)
            with torch.autocast("cpu", torch.bfloat16):
                out = model(images.contiguous(memory_format=torch.channels_last))
            value = loss(out.float() if isinstance(out, torch.Tensor) else out, y[chosen])
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            total += value.item() * len(chosen)
            step += 1
        losses.append(total / len(x))
        if not math.isfinite(losses[-1]):
            return losses + [math.nan] * (epochs - len(losses))
    return losses


@torch.no_grad()
def evaluate(model, x, y, batch=500):
    """Mean loss and accuracy, running statistics in batch norm."""
    model.eval()
    out = torch.cat([logits(model, images) for images in x.split(batch)])
    return F.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


def logits(model, images):
    with torch.autocast("cpu", torch.bfloat16):
        return model(images).float()


def gradient_norms(model, x, y):
    """Norm of the gradient of each convolution's weights, input to output, in float32 on one batch in training mode."""
    model.train()
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    convs = [m.weight for m in model.modules() if isinstance(m, nn.Conv2d)]
    gradients = torch.autograd.grad(F.cross_entropy(model(x), y), convs)
    for name, value in model.named_buffers():
        value.copy_(buffers[name])
    return [gradient.norm().item() for gradient in gradients]


def rounded(value, digits=5):
    """Floats to a few digits, all the way down; what is no number becomes None."""
    if isinstance(value, dict):
        return {key: rounded(part, digits) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part, digits) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return value


def write(name, started, quick, **results):
    """results/NAME.json; a quick run goes to NAME-quick.json, which is not committed."""
    record = {
        "experiment": name,
        "quick": quick,
        "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "device": f"cpu, {torch.get_num_threads()} thread",
        "seconds": time.time() - started,
        **results,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}{'-quick' if quick else ''}.json"
    path.write_text(json.dumps(rounded(record), indent=1) + "\n")
    return path
