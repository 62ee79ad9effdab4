"""A net small enough to run inside a page."""

from torch import nn

from convbook.models.parts import he_init

TINY = (16, 32, 32)  # channels of the 3x3 convolutions; a 2x2 max-pool after the second


def tiny_net(num_classes=10, in_channels=1):
    """Three 3x3 convolutions, one max-pool, global average pooling, one linear layer; no norm, so little to run.

    (N, in_channels, H, W) -> (N, num_classes) logits

    >>> sum(p.numel() for p in tiny_net().parameters())
    14378
    """
    a, b, c = TINY
    return he_init(
        nn.Sequential(
            nn.Conv2d(in_channels, a, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(a, b, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(b, c, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(c, num_classes),
        )
    )
