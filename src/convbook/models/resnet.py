"""Residual networks, He et al. 2015 (arXiv 1512.03385), and the same nets without what makes them residual.

A net is a row of `RESNETS`: which block, and how many of them in each stage. A block is a list of convolutions.
State-dict keys are torchvision's.

>>> RESNETS[50]
('bottleneck', (3, 4, 6, 3))
>>> block = BasicBlock(64, 128, stride=2)
>>> tuple(block(torch.zeros(1, 64, 14, 10)).shape)
(1, 128, 7, 5)
"""

import torch
from torch import nn
from torch.nn import functional as F

from convbook.models.parts import he_init

RESNETS = {
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
}
WIDTHS = (64, 128, 256, 512)
CIFAR_WIDTHS = (1, 2, 4)  # times the width of the first stage


class PadChannels(nn.Module):
    """The shortcut without parameters, option A of the paper: every stride-th pixel, then channels of zeros."""

    def __init__(self, extra, stride):
        super().__init__()
        self.extra, self.stride = extra, stride

    def forward(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))


class Residual(nn.Module):
    """ReLU(shortcut(x) + branch(x)): the one block of every ResNet.

    convs : (channels, kernel, stride) of each convolution of the branch; norm after each, ReLU between them
    shortcut : where the shape changes, "projection" (a 1x1 convolution, option B) or "pad" (`PadChannels`, option A);
        elsewhere the shortcut is the identity. None leaves the shortcut out: a plain net.
    norm : batch norm; without it the convolutions have a bias
    """

    def __init__(self, c_in, convs, shortcut="projection", norm=True):
        super().__init__()
        if shortcut not in ("projection", "pad", None):
            raise ValueError(f"shortcut={shortcut!r}: expected 'projection', 'pad' or None")
        c, total = c_in, 1
        for number, (c_out, kernel, stride) in enumerate(convs, 1):
            self.add_module(f"conv{number}", nn.Conv2d(c, c_out, kernel, stride, kernel // 2, bias=not norm))
            self.add_module(f"bn{number}", nn.BatchNorm2d(c_out) if norm else nn.Identity())
            c, total = c_out, total * stride
        self.relu = nn.ReLU(inplace=True)
        self.depth, self.skip = len(convs), shortcut is not None
        self.downsample = None
        if self.skip and (total, c) != (1, c_in):
            self.downsample = projection(c_in, c, total, norm) if shortcut == "projection" else pad(c_in, c, total)

    @property
    def last_norm(self):
        """The norm before the sum, whose γ may start at zero."""
        return getattr(self, f"bn{self.depth}")

    def forward(self, x):
        y = x
        for number in range(1, self.depth + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            if number < self.depth:
                y = self.relu(y)
        if self.skip:
            y = y + (x if self.downsample is None else self.downsample(x))
        return self.relu(y)


def projection(c_in, c_out, stride, norm=True):
    """The shortcut with parameters, option B."""
    conv = nn.Conv2d(c_in, c_out, 1, stride, bias=not norm)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out)) if norm else nn.Sequential(conv)


def pad(c_in, c_out, stride):
    """`PadChannels` from c_in to c_out channels. ValueError if channels would have to go."""
    if c_out < c_in:
        raise ValueError(f"a 'pad' shortcut adds channels, it cannot go from {c_in} to {c_out}")
    return PadChannels(c_out - c_in, stride)


class BasicBlock(Residual):
    """Two 3x3 convolutions, the stride in the first.  (N, c_in, H, W) -> (N, c_out, ⌈H/s⌉, ⌈W/s⌉)"""

    expansion = 1

    def __init__(self, c_in, c_out, stride=1, shortcut="projection", norm=True):
        super().__init__(c_in, [(c_out, 3, stride), (c_out, 3, 1)], shortcut, norm)


class Bottleneck(Residual):
    """1x1 down to width, 3x3, 1x1 up to 4 width.  (N, c_in, H, W) -> (N, 4 width, ⌈H/s⌉, ⌈W/s⌉)

    The paper has the stride in the first 1x1, which then throws three of four pixels away unseen; "v1.5" has it in
    the 3x3, for 6 % more multiplications in ResNet-50. Published weights are of the second kind.
    """

    expansion = 4

    def __init__(self, c_in, width, stride=1, shortcut="projection", norm=True, stride_in_3x3=True):
        first, second = (1, stride) if stride_in_3x3 else (stride, 1)
        super().__init__(c_in, [(width, 1, first), (width, 3, second), (4 * width, 1, 1)], shortcut, norm)


BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}


def make_stage(block, c_in, width, n, stride, **options):
    """n blocks in a row, of which only the first strides.  (N, c_in, H, W) -> (N, block.expansion width, …)

    >>> stage = make_stage(Bottleneck, 256, 128, 4, 2)
    >>> tuple(stage(torch.zeros(1, 256, 8, 6)).shape)
    (1, 512, 4, 3)
    """
    if n < 1:
        raise ValueError(f"n={n}: a stage has at least one block")
    c_out = block.expansion * width
    rest = [block(c_out, width, **options) for _ in range(n - 1)]
    return nn.Sequential(block(c_in, width, stride, **options), *rest)


class ResNet(nn.Module):
    """Stem, stages, global average pooling, one linear layer.  (N, in_channels, H, W) -> (N, num_classes) logits

    large : the stem for photographs, a 7x7 convolution and a max-pool that make the map a quarter; otherwise a 3x3
    zero_gamma : γ of each block's last norm starts at 0, so that every block starts as the identity (Goyal et al. 2017)
    options : of the blocks
    """

    def __init__(self, block, depths, widths, num_classes, in_channels=3, large=True, zero_gamma=False, **options):
        super().__init__()
        norm = options.get("norm", True)
        if zero_gamma and not (norm and options.get("shortcut", "projection")):
            raise ValueError("zero_gamma=True needs batch norm and skips: without them no signal would pass")
        kernel, stride = (7, 2) if large else (3, 1)
        self.conv1 = nn.Conv2d(in_channels, widths[0], kernel, stride, kernel // 2, bias=not norm)
        self.bn1 = nn.BatchNorm2d(widths[0]) if norm else nn.Identity()
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1) if large else nn.Identity()
        c, self.stages = widths[0], len(depths)
        for number, (width, n) in enumerate(zip(widths, depths, strict=True), 1):
            self.add_module(f"layer{number}", make_stage(block, c, width, n, 1 if number == 1 else 2, **options))
            c = block.expansion * width
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(c, num_classes)
        he_init(self)
        for module in self.modules() if zero_gamma else ():
            if isinstance(module, Residual):
                nn.init.zeros_(module.last_norm.weight)

    def features(self, x):
        """The last map, (N, C, h, w): the backbone that other heads can stand on."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for number in range(1, self.stages + 1):
            x = getattr(self, f"layer{number}")(x)
        return x

    def forward(self, x):
        return self.fc(torch.flatten(self.avgpool(self.features(x)), 1))


def resnet(depth, num_classes=1000, stride_in_3x3=True, zero_gamma=False):
    """ResNet-18, 34, 50, 101 or 152.  (N, 3, H, W) -> (N, num_classes) logits; made for 224x224.

    stride_in_3x3 : False puts a bottleneck's stride into its first 1x1, as the paper does
    ValueError for another depth.

    >>> with torch.device("meta"): sum(p.numel() for p in resnet(50).parameters())
    25557032
    """
    if depth not in RESNETS:
        raise ValueError(f"no ResNet-{depth}: the depths are {', '.join(map(str, RESNETS))}")
    kind, depths = RESNETS[depth]
    options = {} if kind == "basic" else {"stride_in_3x3": stride_in_3x3}
    return ResNet(BLOCKS[kind], depths, WIDTHS, num_classes, zero_gamma=zero_gamma, **options)


def cifar_resnet(
    depth, num_classes=10, skips=True, norm=True, width=16, in_channels=3, zero_gamma=False, projection=False
):
    """The paper's nets for 32x32 images: depth 6n + 2, three stages of n basic blocks, 16, 32 and 64 channels wide.

    (N, in_channels, H, W) -> (N, num_classes) logits

    skips : False leaves the shortcuts out, the paper's "plain" net, with exactly as many parameters
    norm : False leaves batch norm out, and gives the convolutions biases
    width : channels of the first stage, doubled in each of the next
    projection : shortcuts where the shape changes are 1x1 convolutions; the paper pads with zeros here
    ValueError for a depth that is not 6n + 2, and for zero_gamma without skips or norm.

    >>> with torch.device("meta"): [sum(p.numel() for p in cifar_resnet(d).parameters()) for d in (20, 56)]
    [269722, 853018]
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"no CIFAR ResNet-{depth}: the depth is 6n + 2, as 8, 14, 20, 32, 44, 56 or 110")
    if width < 1:
        raise ValueError(f"width={width}: expected 1 channel or more")
    shortcut = ("projection" if projection else "pad") if skips else None
    widths = [factor * width for factor in CIFAR_WIDTHS]
    depths = [(depth - 2) // 6] * len(widths)
    return ResNet(
        BasicBlock, depths, widths, num_classes, in_channels, large=False,
        zero_gamma=zero_gamma, shortcut=shortcut, norm=norm,
    )  # fmt: skip
