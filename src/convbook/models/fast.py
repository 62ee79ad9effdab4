"""A small net made to be trained fast, after the nets of the DAWNBench competition (D. Page's ResNet-9, 2018)."""

from torch import nn

from convbook.models.parts import conv_norm

FAST = 64, 128, 256, 512  # channels: the first convolution, then three stages, of which the first and last have a block
SCALE = 0.125  # of the logits, whose growth it slows


class Block(nn.Module):
    """x plus what two 3x3 convolutions, each with norm and ReLU, make of it."""

    def __init__(self, width):
        super().__init__()
        self.path = nn.Sequential(*conv_norm(width, width, 3), *conv_norm(width, width, 3))

    def forward(self, x):
        return x + self.path(x)


class Scaled(nn.Linear):
    def forward(self, x):
        return SCALE * super().forward(x)


def fast_net(num_classes=10, in_channels=3):
    """Eight 3x3 convolutions, two of the three stages with a residual block, global max-pool, one linear layer.

    (N, in_channels, H, W) -> (N, num_classes) logits; H and W at least 8

    >>> sum(p.numel() for p in fast_net().parameters())
    6573120
    """
    a, b, c, d = FAST
    return nn.Sequential(
        *conv_norm(in_channels, a, 3),
        *conv_norm(a, b, 3),
        nn.MaxPool2d(2),
        Block(b),
        *conv_norm(b, c, 3),
        nn.MaxPool2d(2),
        *conv_norm(c, d, 3),
        nn.MaxPool2d(2),
        Block(d),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        Scaled(d, num_classes, bias=False),
    )
