"""A class for every pixel: a small head on the same features."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from convbook.detection.backbone import AnyBackbone


class SegmentationHead(nn.Module):
    """Features ``(B, C, h, w)`` to class scores of every pixel, ``(B, K + 1, stride h, stride w)``; 0 is background.

    A 3x3 convolution, a 1x1 convolution that classifies each cell, and interpolation up to the picture
    (Long et al. 2015, arXiv 1411.4038).

    >>> SegmentationHead(16, 5, stride=4)(torch.zeros(2, 16, 3, 4)).shape
    torch.Size([2, 6, 12, 16])
    """

    def __init__(self, channels: int, num_classes: int, stride: int):
        super().__init__()
        self.stride = stride
        self.conv, self.score = nn.Conv2d(channels, channels, 3, padding=1), nn.Conv2d(channels, num_classes + 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        scores = self.score(torch.relu(self.conv(features))).float()
        return F.interpolate(scores, scale_factor=self.stride, mode="bilinear", align_corners=False)


class Segmenter(nn.Module):
    """A backbone with that head: images ``(B, 3, H, W)`` to scores ``(B, K + 1, H, W)``."""

    def __init__(self, backbone: AnyBackbone, num_classes: int):
        super().__init__()
        self.backbone, self.head = backbone, SegmentationHead(backbone.channels, num_classes, backbone.stride)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.backbone(images))[..., : images.shape[2], : images.shape[3]]

    def loss(self, images: Tensor, masks: Tensor) -> dict[str, Tensor]:
        """Cross-entropy over all pixels; ``masks (B, H, W)`` with 0 for background and label + 1."""
        return {"pixels": F.cross_entropy(self(images), masks)}


def mean_iou(predicted: Tensor, masks: Tensor, num_classes: int) -> float:
    """IoU of the pixels of each class, background among them, over a whole set; the mean of those that occur.

    >>> mean_iou(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 1]), 3)
    0.5833333730697632
    """
    counts = torch.bincount((masks * (num_classes + 1) + predicted).flatten(), minlength=(num_classes + 1) ** 2)
    counts = counts.reshape(num_classes + 1, num_classes + 1).float()
    union = counts.sum(0) + counts.sum(1) - counts.diagonal()
    return float((counts.diagonal() / union)[union > 0].mean())
