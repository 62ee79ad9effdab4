"""Nets of convolutions and then linear layers: LeNet-5 (1998), AlexNet (2012), VGG-16 (2014).

State-dict keys of AlexNet and VGG-16 are torchvision's.
"""

from torch import nn

from convbook.models.parts import he_init

# (channels, kernel, stride, padding, groups); "pool" halves the map, "norm" is AlexNet's across channels
ALEXNETS = {
    64: ((64, 11, 4, 2, 1), "pool", (192, 5, 1, 2, 1), "pool",
         (384, 3, 1, 1, 1), (256, 3, 1, 1, 1), (256, 3, 1, 1, 1), "pool"),
    96: ((96, 11, 4, 2, 1), "norm", "pool", (256, 5, 1, 2, 2), "norm", "pool",
         (384, 3, 1, 1, 1), (384, 3, 1, 1, 2), (256, 3, 1, 1, 2), "pool"),
}  # fmt: skip
VGG16 = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # width and number of 3x3 convolutions, then a pool


class Classic(nn.Module):
    """Features, a map of fixed size, flattened, linear layers: torchvision's names for its parts."""

    def __init__(self, features, avgpool, classifier):
        super().__init__()
        self.features, self.avgpool, self.classifier = features, avgpool, classifier

    def forward(self, x):
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def lenet5(num_classes=10, in_channels=1, size=28):
    """LeNet-5 as it is built today.  (N, in_channels, size, size) -> (N, num_classes) logits

    LeCun et al. 1998 gave it digits of 28x28 within images of 32x32: size 28 pads them so, size 32 does not.
    Theirs had in addition trained weights in its pools, a table of which maps meet, and radial outputs.
    ValueError for another size.

    >>> sum(p.numel() for p in lenet5().parameters())
    61706
    """
    if size not in (28, 32):
        raise ValueError(f"size={size}: LeNet-5 takes images of 28 or 32 pixels")
    features = nn.Sequential(
        nn.Conv2d(in_channels, 6, 5, padding=(32 - size) // 2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
    )  # fmt: skip
    classifier = nn.Sequential(
        nn.Linear(16 * 5 * 5, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, num_classes)
    )
    return Classic(features, nn.Identity(), classifier)


def alexnet(num_classes=1000, first=64):
    """AlexNet.  (N, 3, H, W) -> (N, num_classes) logits; made for 224x224.

    first : channels of the first layer, and with it which AlexNet. 64 is the one of "One weird trick" (Krizhevsky
        2014, arXiv 1404.5997), of which weights are published: no groups, no norm. 96 is that of the paper (2012):
        layers 2, 4 and 5 in two groups, one for each of its two GPUs, and a norm across channels.
        ValueError for another number.

    >>> import torch
    >>> with torch.device("meta"): [sum(p.numel() for p in alexnet(first=n).parameters()) for n in (64, 96)]
    [61100840, 60965224]
    """
    if first not in ALEXNETS:
        raise ValueError(f"first={first}: AlexNet's first layer has 64 channels (one weird trick) or 96 (the paper)")
    c, features = 3, []
    for layer in ALEXNETS[first]:
        if layer == "pool":
            features.append(nn.MaxPool2d(3, 2))
        elif layer == "norm":
            features.append(nn.LocalResponseNorm(5, alpha=5e-4, k=2))  # PyTorch divides alpha by 5, the paper does not
        else:
            c_out, kernel, stride, padding, groups = layer
            conv = nn.Conv2d(c, c_out, kernel, stride, padding, groups=groups)
            features += [conv, nn.ReLU(inplace=True)]
            c = c_out
    classifier = nn.Sequential(
        nn.Dropout(), nn.Linear(c * 6 * 6, 4096), nn.ReLU(inplace=True),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Linear(4096, num_classes),
    )  # fmt: skip
    return Classic(nn.Sequential(*features), nn.AdaptiveAvgPool2d(6), classifier)


def vgg16(num_classes=1000):
    """VGG-16, Simonyan and Zisserman 2014 (arXiv 1409.1556).  (N, 3, H, W) -> (N, num_classes); made for 224x224.

    >>> import torch
    >>> with torch.device("meta"): sum(p.numel() for p in vgg16().parameters())
    138357544
    """
    c, features = 3, []
    for width, n in VGG16:
        for _ in range(n):
            features += [nn.Conv2d(c, width, 3, padding=1), nn.ReLU(inplace=True)]
            c = width
        features.append(nn.MaxPool2d(2))
    classifier = nn.Sequential(
        nn.Linear(c * 7 * 7, 4096), nn.ReLU(inplace=True), nn.Dropout(),
        nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(4096, num_classes),
    )  # fmt: skip
    return he_init(Classic(nn.Sequential(*features), nn.AdaptiveAvgPool2d(7), classifier))
