"""What the recorded experiments of chapter 6 share: the committed net and its images, the same net untrained."""

import numpy as np
import torch

from convbook.data import load
from convbook.models import create
from convbook.models.pretrained import about, load_committed

NAME = "resnet20-cifar10"
LAYERS = "relu", "layer1", "layer2", "layer3"


def photographs(split, n, first=0):
    """n images of CIFAR-10 as the committed net takes them, the first n / 10 of each class after `first` of each.

    Returns (n, 3, 32, 32) float32 and (n,) int64.
    """
    data, facts = load("cifar10", split=split), about(NAME)
    labels = np.asarray(data.labels)
    chosen = np.concatenate([np.flatnonzero(labels == c)[first : first + n // 10] for c in range(10)])
    mean, std = (torch.tensor(facts[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    return (torch.tensor(data.images[chosen]).float() / 255 - mean) / std, torch.tensor(labels[chosen])


def trained():
    return load_committed(NAME).eval()


@torch.no_grad()
def untrained(x, seed):
    """The same architecture with weights as drawn; batch norm has seen the images ``x`` once."""
    torch.manual_seed(seed)
    model = create("resnet20", num_classes=10, in_channels=3)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()(x)
    return model.eval()
