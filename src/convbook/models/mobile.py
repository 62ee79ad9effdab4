"""Nets for telephones: SqueezeNet 1.1, MobileNet v1 and v2, ShuffleNet v2 x1.0.

State-dict keys are torchvision's; MobileNet v1, which torchvision lacks, has those of its v2.
"""

import torch
from torch import nn

from convbook.models.parts import conv_norm, he_init

# Iandola et al. 2016 (arXiv 1602.07360), release 1.1: channels squeezed to, and expanded to twice; or a pool
SQUEEZENET = ("pool", (16, 64), (16, 64), "pool", (32, 128), (32, 128), "pool",
              (48, 192), (48, 192), (64, 256), (64, 256))  # fmt: skip
# Howard et al. 2017 (arXiv 1704.04861): channels, stride
MOBILENET_V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
# Sandler et al. 2018 (arXiv 1801.04381): expansion, channels, how many, stride of the first
MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
# Ma et al. 2018 (arXiv 1807.11164): channels, how many
SHUFFLENET_V2 = ((116, 4), (232, 8), (464, 4))


class Net(nn.Module):
    """Features, global average pooling, a classifier: torchvision's names for the parts of its small nets."""

    def __init__(self, features, classifier):
        super().__init__()
        self.features, self.avgpool, self.classifier = features, nn.AdaptiveAvgPool2d(1), classifier
        he_init(self)

    def forward(self, x):
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


class Fire(nn.Module):
    """1x1 down, then 1x1 and 3x3 side by side.  (N, c_in, H, W) -> (N, 2 expand, H, W)"""

    def __init__(self, c_in, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(c_in, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.squeeze(x))
        return torch.cat((self.relu(self.expand1x1(x)), self.relu(self.expand3x3(x))), 1)


class SqueezeNet(nn.Module):
    """Its classifier is a convolution, and the mean over the map comes last: a score at every place."""

    def __init__(self, num_classes):
        super().__init__()
        c, features = 64, [nn.Conv2d(3, 64, 3, 2), nn.ReLU(inplace=True)]
        for layer in SQUEEZENET:
            if layer == "pool":
                features.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            else:
                features.append(Fire(c, *layer))
                c = 2 * layer[1]
        self.features = nn.Sequential(*features)
        scores = nn.Conv2d(c, num_classes, 1)
        self.classifier = nn.Sequential(nn.Dropout(), scores, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1))
        he_init(self)
        nn.init.normal_(scores.weight, std=0.01)

    def forward(self, x):
        return self.classifier(self.features(x)).flatten(1)


def squeezenet(num_classes=1000):
    """SqueezeNet 1.1.  (N, 3, H, W) -> (N, num_classes) logits

    >>> sum(p.numel() for p in squeezenet().parameters())
    1235496
    """
    return SqueezeNet(num_classes)


def mobilenet_v1(num_classes=1000):
    """MobileNet v1: each convolution of a VGG-like net parted into depthwise 3x3 and pointwise 1x1.

    (N, 3, H, W) -> (N, num_classes) logits

    >>> sum(p.numel() for p in mobilenet_v1().parameters())
    4231976
    """
    c, features = 32, [nn.Sequential(*conv_norm(3, 32, 3, 2))]
    for c_out, stride in MOBILENET_V1:
        depthwise = nn.Sequential(*conv_norm(c, c, 3, stride, groups=c))
        features.append(nn.Sequential(depthwise, nn.Sequential(*conv_norm(c, c_out, 1))))
        c = c_out
    return Net(nn.Sequential(*features), nn.Sequential(nn.Dropout(0.2), nn.Linear(c, num_classes)))


class InvertedResidual(nn.Module):
    """1x1 up, depthwise 3x3, 1x1 down without activation; skip where the shape stays."""

    def __init__(self, c_in, c_out, stride, expand):
        super().__init__()
        width = c_in * expand
        up = [nn.Sequential(*conv_norm(c_in, width, 1, act=nn.ReLU6))] if expand != 1 else []
        depthwise = nn.Sequential(*conv_norm(width, width, 3, stride, groups=width, act=nn.ReLU6))
        self.conv = nn.Sequential(*up, depthwise, *conv_norm(width, c_out, 1, act=None))
        self.skip = stride == 1 and c_in == c_out

    def forward(self, x):
        return x + self.conv(x) if self.skip else self.conv(x)


def mobilenet_v2(num_classes=1000):
    """MobileNet v2.  (N, 3, H, W) -> (N, num_classes) logits

    >>> sum(p.numel() for p in mobilenet_v2().parameters())
    3504872
    """
    c, features = 32, [nn.Sequential(*conv_norm(3, 32, 3, 2, act=nn.ReLU6))]
    for expand, c_out, n, stride in MOBILENET_V2:
        for number in range(n):
            features.append(InvertedResidual(c, c_out, 1 if number else stride, expand))
            c = c_out
    features.append(nn.Sequential(*conv_norm(c, 1280, 1, act=nn.ReLU6)))
    return Net(nn.Sequential(*features), nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, num_classes)))


def channel_shuffle(x, groups):
    """Channels dealt out anew, so that the next groups mix.  (N, C, H, W) -> (N, C, H, W)

    >>> channel_shuffle(torch.arange(6).reshape(1, 6, 1, 1), 2).flatten().tolist()
    [0, 3, 1, 4, 2, 5]
    """
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class Shuffle(nn.Module):
    """Half of the channels pass, the other half work; with stride 2 both work and the channels grow."""

    def __init__(self, c_in, c_out, stride):
        super().__init__()
        half, self.stride = c_out // 2, stride
        self.branch1 = nn.Sequential()
        if stride > 1:
            depthwise = conv_norm(c_in, c_in, 3, stride, groups=c_in, act=None)
            self.branch1 = nn.Sequential(*depthwise, *conv_norm(c_in, half, 1))
        self.branch2 = nn.Sequential(
            *conv_norm(c_in if stride > 1 else half, half, 1),
            *conv_norm(half, half, 3, stride, groups=half, act=None),
            *conv_norm(half, half, 1),
        )

    def forward(self, x):
        passed, worked = (x, x) if self.stride > 1 else x.chunk(2, 1)
        return channel_shuffle(torch.cat((self.branch1(passed), self.branch2(worked)), 1), 2)


class ShuffleNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv1, self.maxpool = nn.Sequential(*conv_norm(3, 24, 3, 2)), nn.MaxPool2d(3, 2, 1)
        c = 24
        for number, (c_out, n) in enumerate(SHUFFLENET_V2, 2):
            rest = [Shuffle(c_out, c_out, 1) for _ in range(n - 1)]
            self.add_module(f"stage{number}", nn.Sequential(Shuffle(c, c_out, 2), *rest))
            c = c_out
        self.conv5, self.avgpool = nn.Sequential(*conv_norm(c, 1024, 1)), nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(1024, num_classes)
        he_init(self)

    def forward(self, x):
        x = self.maxpool(self.conv1(x))
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))
        return self.fc(self.avgpool(x).flatten(1))


def shufflenet_v2(num_classes=1000):
    """ShuffleNet v2 x1.0.  (N, 3, H, W) -> (N, num_classes) logits

    >>> sum(p.numel() for p in shufflenet_v2().parameters())
    2278604
    """
    return ShuffleNet(num_classes)
