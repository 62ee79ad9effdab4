"""Right answers to Bottleneck."""

import torch
from torch import nn
from torch.nn import functional as F


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, c_in, width, stride=1):
        super().__init__()
        c_out = 4 * width
        self.conv1 = nn.Conv2d(c_in, width, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, c_out, 1, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(c_out)
        self.downsample = None
        if stride != 1 or c_in != c_out:
            project = nn.Conv2d(c_in, c_out, 1, stride, bias=False)
            self.downsample = nn.Sequential(project, nn.BatchNorm2d(c_out))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(out + identity)


class InPlace(nn.Module):
    expansion = 4

    def __init__(self, c_in, width, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, width, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        if downsample is None and (stride != 1 or c_in != width * self.expansion):
            downsample = nn.Sequential(
                nn.Conv2d(c_in, width * self.expansion, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(width * self.expansion),
            )
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


def conv_bn(c_in, c_out, k, stride=1):
    conv = nn.Conv2d(c_in, c_out, k, stride, padding=k // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out))


class Parts(nn.Module):
    """Small parts in a list, under names of its own."""

    expansion = 4

    def __init__(self, c_in, width, stride=1):
        super().__init__()
        changes = stride > 1 or c_in != 4 * width
        self.shortcut = conv_bn(c_in, 4 * width, 1, stride) if changes else nn.Identity()
        self.parts = nn.ModuleList([conv_bn(c_in, width, 1), conv_bn(width, width, 3, stride)])
        self.parts.append(conv_bn(width, 4 * width, 1))

    def forward(self, x):
        out = x
        for number, part in enumerate(self.parts):
            out = part(out if number == 0 else out.relu())
        return F.relu(self.shortcut(x).add(out))


class Functional(nn.Module):
    """A 1x1 convolution is a matrix product at every pixel; all convolutions are registered before all batch norms."""

    expansion = 4

    def __init__(self, c_in, width, stride=1):
        super().__init__()
        self.stride = stride
        self.conv1 = nn.Conv2d(c_in, width, 1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, bias=False)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(width), nn.BatchNorm2d(width), nn.BatchNorm2d(4 * width)
        if stride != 1 or c_in != 4 * width:
            self.downsample = nn.Sequential(nn.Conv2d(c_in, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width))

    @staticmethod
    def mixed(x, conv):
        return torch.einsum("ncij,fc->nfij", x, conv.weight[:, :, 0, 0])

    def forward(self, x):
        shortcut = x
        if hasattr(self, "downsample"):
            shortcut = self.downsample[1](self.mixed(x[..., :: self.stride, :: self.stride], self.downsample[0]))
        x = torch.relu(self.bn1(self.mixed(x, self.conv1)))
        x = torch.relu(self.bn2(F.conv2d(F.pad(x, (1, 1, 1, 1)), self.conv2.weight, stride=self.stride)))
        return torch.relu(self.bn3(self.mixed(x, self.conv3)) + shortcut)


class Doubled(Bottleneck):
    """The same in double precision."""

    def __init__(self, c_in, width, stride=1):
        super().__init__(c_in, width, stride=stride)
        self.double()
