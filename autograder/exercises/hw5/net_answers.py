"""Right answers to resnet."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

from autograder.exercises.hw5 import block_answers, bottleneck_answers
from autograder.exercises.hw5.block_answers import BasicBlock
from autograder.exercises.hw5.bottleneck_answers import Bottleneck
from autograder.exercises.hw5.stage import as_torchvision, make_stage, own_module


def resnet(depth, num_classes=1000):
    blocks = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
    if depth not in blocks:
        raise ValueError(f"depth is {depth}, expected one of {sorted(blocks)}")
    block = BasicBlock if depth < 50 else Bottleneck
    layers = OrderedDict()
    layers["conv1"] = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
    layers["bn1"] = nn.BatchNorm2d(64)
    layers["relu"] = nn.ReLU()
    layers["maxpool"] = nn.MaxPool2d(3, 2, padding=1)
    c_in = 64
    for number, n in enumerate(blocks[depth]):
        width = 64 * 2**number
        stride = 1 if number == 0 else 2
        layers[f"layer{number + 1}"] = make_stage(block, c_in, width, n, stride)
        c_in = width * block.expansion
    layers["avgpool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(c_in, num_classes)
    return nn.Sequential(layers)


class ResNet(nn.Module):
    """As torchvision writes it, with its initialization."""

    def __init__(self, block, layers, num_classes):
        super().__init__()
        self.inplanes = 64
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], stride=2)
        self.layer3 = self._make_layer(block, 256, layers[2], stride=2)
        self.layer4 = self._make_layer(block, 512, layers[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def _make_layer(self, block, planes, blocks, stride=1):
        stage = as_torchvision(block, self.inplanes, planes, blocks, stride)
        self.inplanes = planes * block.expansion
        return stage

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def as_class(depth, num_classes=1000):
    """Blocks whose convolutions are in place, and a dictionary of both."""
    block, layers = {
        18: (block_answers.InPlace, [2, 2, 2, 2]),
        34: (block_answers.InPlace, [3, 4, 6, 3]),
        50: (bottleneck_answers.InPlace, [3, 4, 6, 3]),
        101: (bottleneck_answers.InPlace, [3, 4, 23, 3]),
        152: (bottleneck_answers.InPlace, [3, 8, 36, 3]),
    }.get(depth, (None, None))
    if block is None:
        raise ValueError(depth)
    return ResNet(block, layers, num_classes)


def functional(depth, num_classes=1000):
    """The head is a mean, the pooling a function; blocks whose parts have other names."""

    class Net(nn.Module):
        def __init__(self, counts, block):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
            sizes = [64, *(block.expansion * 64 * 2**k for k in range(4))]
            for k in range(4):
                self.add_module(f"layer{k + 1}", own_module(block, sizes[k], 64 * 2**k, counts[k], min(k, 1) + 1))
            self.fc = nn.Linear(sizes[-1], num_classes)

        def forward(self, x):
            x = F.pad(self.bn1(self.conv1(x)).relu(), (1, 1, 1, 1))  # no value is below the padding's 0
            x = F.max_pool2d(x, 3, 2)
            for k in range(1, 5):
                x = getattr(self, f"layer{k}")(x)
            return F.linear(x.mean(dim=(2, 3)), self.fc.weight, self.fc.bias)

    counts = {18: (2, 2, 2, 2), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}.get(depth, (3, 4, 6, 3))
    if depth in (18, 34):
        return Net(counts, block_answers.Parts)
    if 3 * sum(counts) + 2 != depth:
        raise ValueError("no such ResNet")
    return Net(counts, bottleneck_answers.Parts)
