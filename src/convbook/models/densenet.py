"""DenseNets, Huang et al. 2016 (arXiv 1608.06993): skips that concatenate. State-dict keys are torchvision's.

>>> with torch.device("meta"): sum(p.numel() for p in densenet(121).parameters())
7978856
"""

import torch
from torch import nn

from convbook.models.parts import he_init

DENSENETS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}  # layers of each block
GROWTH, BOTTLENECK, STEM = 32, 4, 64


class DenseLayer(nn.Module):
    """growth new channels from all there are.  (N, c_in, H, W) -> (N, growth, H, W)"""

    def __init__(self, c_in, growth, bottleneck=BOTTLENECK):
        super().__init__()
        width = bottleneck * growth
        self.norm1, self.relu1 = nn.BatchNorm2d(c_in), nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(c_in, width, 1, bias=False)
        self.norm2, self.relu2 = nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return self.conv2(self.relu2(self.norm2(self.conv1(self.relu1(self.norm1(x))))))


class DenseBlock(nn.Module):
    """n layers, each of which sees the input and all before it.  (N, c_in, H, W) -> (N, c_in + n growth, H, W)

    >>> tuple(DenseBlock(8, 4, 3)(torch.zeros(2, 8, 5, 7)).shape)
    (2, 20, 5, 7)
    """

    def __init__(self, c_in, growth, n):
        super().__init__()
        for number in range(n):
            self.add_module(f"denselayer{number + 1}", DenseLayer(c_in + number * growth, growth))

    def forward(self, x):
        for layer in self.children():
            x = torch.cat((x, layer(x)), 1)
        return x


class Transition(nn.Sequential):
    """Half the channels, half the map.  (N, c_in, H, W) -> (N, c_out, H/2, W/2)"""

    def __init__(self, c_in, c_out):
        super().__init__()
        self.norm, self.relu = nn.BatchNorm2d(c_in), nn.ReLU(inplace=True)
        self.conv, self.pool = nn.Conv2d(c_in, c_out, 1, bias=False), nn.AvgPool2d(2)


class DenseNet(nn.Module):
    """Dense blocks with transitions between them.  (N, 3, H, W) -> (N, num_classes) logits"""

    def __init__(self, depths, growth=GROWTH, num_classes=1000):
        super().__init__()
        self.features, c = nn.Sequential(), STEM
        self.features.conv0 = nn.Conv2d(3, c, 7, 2, 3, bias=False)
        self.features.norm0, self.features.relu0 = nn.BatchNorm2d(c), nn.ReLU(inplace=True)
        self.features.pool0 = nn.MaxPool2d(3, 2, 1)
        for number, n in enumerate(depths, 1):
            self.features.add_module(f"denseblock{number}", DenseBlock(c, growth, n))
            c += n * growth
            if number < len(depths):
                self.features.add_module(f"transition{number}", Transition(c, c // 2))
                c //= 2
        self.features.norm5 = nn.BatchNorm2d(c)
        self.relu, self.avgpool = nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(c, num_classes)
        he_init(self)

    def forward(self, x):
        return self.classifier(self.avgpool(self.relu(self.features(x))).flatten(1))


def densenet(depth, num_classes=1000):
    """DenseNet-121, 169 or 201. ValueError for another depth."""
    if depth not in DENSENETS:
        raise ValueError(f"no DenseNet-{depth}: the depths are {', '.join(map(str, DENSENETS))}")
    return DenseNet(DENSENETS[depth], num_classes=num_classes)
