"""Where is the one object, and what is it: one backbone, one head for the class, one for the box."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from convbook.detection import ops
from convbook.detection.backbone import AnyBackbone


class Localiser(nn.Module):
    """``(B, 3, H, W)`` to class scores ``(B, K)`` and one box ``(B, 4)``, xyxy in pixels.

    ``size`` is the (H, W) it is made for. The class may be anywhere, so its head averages over the map; the box
    must know where, so its head sees the map whole. The box head's four numbers are centre and size as parts of
    the picture, between 0 and 1 by a sigmoid, so corners are never swapped.

    >>> from convbook.detection.backbone import SmallBackbone
    >>> scores, boxes = Localiser(SmallBackbone(16, 8, 1), 5, (48, 64))(torch.zeros(2, 3, 48, 64))
    >>> scores.shape, boxes.shape
    (torch.Size([2, 5]), torch.Size([2, 4]))
    """

    def __init__(self, backbone: AnyBackbone, num_classes: int, size: tuple[int, int], width: int = 128):
        super().__init__()
        self.backbone, self.size = backbone, tuple(size)
        h, w = (-(-n // backbone.stride) for n in size)
        self.class_head = nn.Linear(backbone.channels, num_classes)
        self.box_head = nn.Sequential(
            nn.Conv2d(backbone.channels, 16, 1),
            nn.Flatten(),
            nn.ReLU(),
            nn.Linear(16 * h * w, width),
            nn.ReLU(),
            nn.Linear(width, 4),
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if tuple(images.shape[2:]) != self.size:
            raise ValueError(f"images must be {self.size} pixels as the localiser is, got {tuple(images.shape[2:])}")
        features = self.backbone(images)
        centre, side = self.box_head(features).float().sigmoid().chunk(2, dim=-1)
        corners = torch.cat([centre - side / 2, centre + side / 2], dim=-1)
        H, W = self.size
        return self.class_head(features.mean(dim=(2, 3))).float(), corners * corners.new_tensor([W, H, W, H])

    def loss(self, images: Tensor, boxes: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Three losses of a batch with its boxes ``(B, 4)`` and labels ``(B,)``: class, corners, overlap."""
        scores, predicted = self(images)
        H, W = self.size
        size = boxes.new_tensor([W, H, W, H])
        overlap = ops.box_giou(predicted[:, None], boxes[:, None]).flatten()
        return {
            "class": F.cross_entropy(scores, labels),
            "corners": 5 * F.smooth_l1_loss(predicted / size, boxes / size, beta=0.05),
            "overlap": (1 - overlap).mean(),
        }
