"""Detection the slow way: classify every window. And the same windows in one pass, as a convolution."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from convbook.detection import ops, roi_ops
from convbook.detection.coco import Detections
from convbook.kernels.sizes import pair, whole


def window_boxes(size, window: int, stride: int) -> Tensor:
    """All square windows inside a picture of ``size`` (H, W), row by row: ``(N, 4)``, xyxy.

    >>> sum(len(window_boxes(224, window, 8)) for window in (32, 64, 128))
    1235
    """
    (H, W), window, stride = pair("size", size, 1), whole("window", window, 1), whole("stride", stride, 1)
    y, x = torch.meshgrid(
        torch.arange(0, H - window + 1, stride), torch.arange(0, W - window + 1, stride), indexing="ij"
    )
    corner = torch.stack([x, y], dim=-1).reshape(-1, 2).float()
    return torch.cat([corner, corner + window], dim=1)


class WindowClassifier(nn.Module):
    """What is in a window of 24 x 24 pixels: ``(N, 3, 24, 24) -> (N, K + 1)``, 0 for background.

    No padding anywhere, so that a window knows nothing of what is outside, and :meth:`dense` gives each window of a
    larger picture the very same scores.

    >>> WindowClassifier(5)(torch.zeros(7, 3, 24, 24)).shape
    torch.Size([7, 6])
    """

    window, stride = 24, 4

    def __init__(self, num_classes: int, width: int = 32):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Linear(2 * width * 16, num_classes + 1)

    def forward(self, windows: Tensor) -> Tensor:
        if tuple(windows.shape[1:]) != (3, self.window, self.window):
            raise ValueError(
                f"windows must have shape (N, 3, {self.window}, {self.window}), got {tuple(windows.shape)}"
            )
        return self.head(self.features(windows).flatten(1))

    def dense(self, images: Tensor) -> Tensor:
        """Scores of all windows at stride 4 in one pass: ``(B, 3, H, W) -> (B, K + 1, h, w)``.

        A linear layer over a 4 x 4 map is a convolution with a 4 x 4 kernel, seen at one place.

        >>> WindowClassifier(5).dense(torch.zeros(1, 3, 64, 48)).shape
        torch.Size([1, 6, 11, 7])
        """
        features = self.features(images)
        return F.conv2d(features, self.head.weight.unflatten(1, (features.shape[1], 4, 4)), self.head.bias)

    def each(self, images: Tensor, batch: int | None = None) -> Tensor:
        """The same scores window by window, ``batch`` at a time: N forward passes over what mostly overlaps."""
        B, _, H, W = images.shape
        windows = images.unfold(2, self.window, self.stride).unfold(3, self.window, self.stride)
        h, w = windows.shape[2:4]
        windows = windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, self.window, self.window)
        scores = torch.cat([self(part) for part in windows.split(batch or len(windows))])
        return scores.reshape(B, h, w, -1).permute(0, 3, 1, 2)

    def loss(self, images: Tensor, boxes: Tensor, labels: Tensor, valid: Tensor, noise: int = 16) -> dict[str, Tensor]:
        """Cross-entropy on the objects, shaken a little, and on ``noise`` random windows an image that miss them."""
        B, _, H, W = images.shape
        centre, side = (boxes[..., :2] + boxes[..., 2:]) / 2, (boxes[..., 2:] - boxes[..., :2]).amax(-1, keepdim=True)
        centre = centre + side * (torch.rand_like(centre) - 0.5) * 0.15
        half = side * (0.5 + 0.2 * torch.rand_like(side))
        objects = torch.cat([centre - half, centre + half], dim=-1)
        centre = torch.rand(B, noise, 2, device=boxes.device) * boxes.new_tensor([W, H])
        half = (0.08 + 0.2 * torch.rand(B, noise, 1, device=boxes.device)) * min(H, W)
        others = torch.cat([centre - half, centre + half], dim=-1)
        overlap = ops.box_iou(others, boxes).masked_fill(~valid[:, None], 0).amax(-1) if boxes.shape[1] else 0
        far = torch.ones(B, noise, dtype=torch.bool, device=boxes.device) & (overlap < 0.25)
        crops = roi_ops.roi_align(images, torch.cat([objects, others], dim=1), self.window)
        scores = self(crops.flatten(0, 1)).float()
        used, target = (
            torch.cat([valid, far], dim=1),
            torch.cat([labels + 1, torch.zeros_like(far, dtype=torch.long)], 1),
        )
        return {"class": F.cross_entropy(scores[used.flatten()], target[used])}

    @torch.no_grad()
    def detect(self, images: Tensor, sizes=(12, 16, 22, 30), least: float = 0.5, iou_threshold: float = 0.3):
        """Detections of each image: windows of several ``sizes`` in pixels, that is, the picture scaled to fit each."""
        boxes, scores = [], []
        for size in sizes:
            zoom = self.window / size
            scaled = F.interpolate(images, scale_factor=zoom, mode="bilinear", align_corners=False)
            dense = self.dense(scaled).float().softmax(dim=1)[:, 1:]
            corner = window_boxes(tuple(scaled.shape[2:]), self.window, self.stride).to(images.device)
            boxes.append(corner / zoom)
            scores.append(dense.flatten(2).transpose(1, 2))
        windows, found = torch.cat(boxes), []
        for of_image in torch.cat(scores, dim=1):
            (window, label) = (of_image > least).nonzero(as_tuple=True)
            sure = of_image[window, label]
            kept = ops.nms(windows[window], sure, iou_threshold, label)
            found.append(Detections(*(x[kept].cpu().numpy() for x in (windows[window], sure, label))))
        return found
