"""A backbone for small pictures: a few convolutions that end in a map, with what a detector must know of it."""

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """Two 3x3 convolutions beside a skip, ``(B, C, h, w)`` to the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(unit(channels, channels), unit(channels, channels, act=False))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))


def unit(c_in: int, c_out: int, stride: int = 1, act: bool = True) -> nn.Sequential:
    """3x3 convolution, batch norm and, unless told otherwise, ReLU."""
    layers = [nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[: 3 if act else 2])


class SmallBackbone(nn.Module):
    """``(B, in_channels, H, W) -> (B, channels, H / stride, W / stride)``, sizes rounded up.

    Any module can take its place that :class:`Backbone` gives the two attributes ``channels`` and ``stride``.

    >>> backbone = SmallBackbone(channels=16, stride=8, depth=1)
    >>> backbone(torch.zeros(2, 3, 64, 48)).shape, backbone.channels, backbone.stride
    (torch.Size([2, 16, 8, 6]), 16, 8)
    """

    def __init__(self, channels: int = 64, stride: int = 4, depth: int = 3, in_channels: int = 3):
        super().__init__()
        if stride not in (2, 4, 8, 16):
            raise ValueError(f"stride must be 2, 4, 8 or 16, got {stride}")
        widths = [in_channels] + [max(channels >> k, 8) for k in range(stride.bit_length() - 2, -1, -1)]
        self.stem = nn.Sequential(*(unit(a, b, 2) for a, b in zip(widths, widths[1:], strict=False)))
        self.blocks = nn.Sequential(*(Residual(channels) for _ in range(depth)))
        self.channels, self.stride = channels, stride

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.stem(x))


class Backbone(nn.Module):
    """Any fully convolutional module as a backbone: the layers of a network up to its pooling, for one.

    >>> Backbone(nn.Conv2d(3, 7, 3, 2, 1), channels=7, stride=2)(torch.zeros(1, 3, 8, 6)).shape
    torch.Size([1, 7, 4, 3])
    """

    def __init__(self, body: nn.Module, channels: int, stride: int):
        super().__init__()
        self.body, self.channels, self.stride = body, channels, stride

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


AnyBackbone = SmallBackbone | Backbone


def as_input(images, device=None) -> Tensor:
    """uint8 images ``(N, C, H, W)`` as floats from -1 to 1, their channels last in memory.

    >>> as_input(torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 1, 1, 2)).flatten()
    tensor([-1.,  1.])
    """
    images = torch.as_tensor(images)
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise ValueError(f"images must be uint8 of shape (N, C, H, W), got {images.dtype}, {tuple(images.shape)}")
    return (images.to(device).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
