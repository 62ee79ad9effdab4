"""Right answers to BasicBlock, as different as they come."""

import torch
from torch import nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.downsample = None
        if stride != 1 or c_in != c_out:
            project = nn.Conv2d(c_in, c_out, 1, stride, bias=False)
            self.downsample = nn.Sequential(project, nn.BatchNorm2d(c_out))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + identity)


class InPlace(nn.Module):
    """ReLU and addition write to what this block made itself, and batch norm does not need."""

    expansion = 1

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(c_out, c_out, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.downsample = nn.Sequential()
        if stride > 1 or c_in != c_out:
            self.downsample.append(nn.Conv2d(c_in, c_out, kernel_size=1, stride=stride, bias=False))
            self.downsample.append(nn.BatchNorm2d(c_out))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        out = self.conv1(x)
        out = self.bn1(out)
        out = self.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        out += self.downsample(x)
        return self.relu(out)


class Parts(nn.Sequential):
    """The main path is a Sequential and so is the block; its shortcut was registered first."""

    expansion = 1

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        if (c_in, stride) == (c_out, 1):
            self.skip = nn.Identity()
        else:
            self.skip = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
        first = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)
        second = nn.Conv2d(c_out, c_out, 3, padding="same", bias=False), nn.BatchNorm2d(c_out)
        self.main = nn.Sequential(*first, *second)

    def forward(self, x):
        return torch.add(self.skip(x), self.main(x)).clamp(min=0)


class Functional(nn.Module):
    """Layers hold weights alone; what is computed stands in one function."""

    expansion = 1

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.stride = stride
        self.conv1 = nn.Conv2d(c_in, c_out, 3, bias=False)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(c_out), nn.BatchNorm2d(c_out)
        if not (stride == 1 and c_in == c_out):
            self.downsample = nn.ModuleList([nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out)])

    def normalized(self, x, conv, bn, stride, padding):
        x = F.conv2d(x, conv.weight, None, stride, padding)
        return F.batch_norm(x, bn.running_mean, bn.running_var, bn.weight, bn.bias, self.training)

    def forward(self, x):
        out = self.normalized(x, self.conv1, self.bn1, self.stride, 1).relu()
        out = self.normalized(out, self.conv2, self.bn2, 1, 1)
        if hasattr(self, "downsample"):
            x = self.normalized(x, *self.downsample, self.stride, 0)
        return torch.maximum(x + out, torch.zeros_like(out))


class Sliced(nn.Module):
    """A projection of stride 1 on every stride-th pixel, which is the same; the layers in another order."""

    expansion = 1

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.stride, self.changes = stride, stride != 1 or c_in != c_out
        self.bn2, self.bn1 = nn.BatchNorm2d(c_out), nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=False)
        if self.changes:
            self.downsample = nn.Sequential(nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x):
        out = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        shortcut = self.downsample(x[:, :, :: self.stride, :: self.stride]) if self.changes else x
        return torch.relu(shortcut + out)


class Doubled(BasicBlock):
    """The same in double precision."""

    def __init__(self, c_in, c_out, stride=1):
        super().__init__(c_in, c_out, stride=stride)
        self.double()
