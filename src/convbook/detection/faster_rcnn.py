"""A compact Faster R-CNN: one map of features, proposals from it, and for each what it is and where exactly.

Both stages are trained together (Ren et al. 2015, arXiv 1506.01497, "approximate joint training"): gradients flow
through the features of a proposal, not through its corners.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from convbook.detection import ops, roi_ops
from convbook.detection.backbone import AnyBackbone
from convbook.detection.coco import Detections
from convbook.detection.rpn import RPN, mean_over, sample, take

STD = (0.1, 0.1, 0.2, 0.2)


class BoxHead(nn.Module):
    """Features of R regions, ``(B, R, C, oh, ow)``, to class scores ``(B, R, K + 1)`` and deltas ``(B, R, 4)``.

    Class 0 is background. One box serves all classes.
    """

    def __init__(self, channels: int, out_size: int, num_classes: int, width: int = 128):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(channels * out_size**2, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.score, self.shift = nn.Linear(width, num_classes + 1), nn.Linear(width, 4)
        nn.init.normal_(self.shift.weight, std=0.001)
        nn.init.zeros_(self.shift.bias)

    def forward(self, regions: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(regions.flatten(2))
        return self.score(hidden).float(), self.shift(hidden).float()


class FasterRCNN(nn.Module):
    """Images ``(B, 3, H, W)`` to boxes, classes and scores.

    ``backbone`` is a module with ``channels`` and ``stride``; ``scales`` are those of the anchors in pixels. The
    ``before`` best anchors are moved, and up to ``proposals`` of them go on: more where a picture holds many objects.

    >>> from convbook.detection.backbone import SmallBackbone
    >>> model = FasterRCNN(SmallBackbone(16, 4, 1), 5, scales=(12, 24)).eval()
    >>> found = model.detect(torch.zeros(2, 3, 48, 64))
    >>> len(found), found[0].boxes.shape[1]
    (2, 4)
    """

    def __init__(
        self,
        backbone: AnyBackbone,
        num_classes: int,
        scales=(12, 18, 26),
        ratios=(0.6, 1.0, 1.6),
        out_size: int = 5,
        proposals: int = 64,
        samples: int = 64,
        width: int = 128,
        before: int = 200,
    ):
        super().__init__()
        self.before = before
        self.backbone, self.num_classes, self.out_size = backbone, num_classes, out_size
        self.rpn = RPN(backbone.channels, backbone.stride, scales, ratios)
        self.head = BoxHead(backbone.channels, out_size, num_classes, width)
        self.proposals, self.samples = proposals, samples

    def regions(self, features: Tensor, boxes: Tensor) -> Tensor:
        """The features of ``boxes (B, R, 4)``: ``(B, R, C, oh, ow)``."""
        return roi_ops.roi_align(features, boxes, self.out_size, 1 / self.backbone.stride)

    def propose(self, features: Tensor, size_wh):
        """What the first stage says: objectness, deltas, anchors, and the proposals with which are real."""
        objectness, deltas = self.rpn(features)
        anchors = self.rpn.anchors(features.shape[2], features.shape[3], features.device)
        chosen = self.rpn.proposals(objectness, deltas, anchors, size_wh, self.before, self.proposals)
        return objectness, deltas, anchors, *chosen

    def loss(self, images: Tensor, boxes: Tensor, labels: Tensor, valid: Tensor) -> dict[str, Tensor]:
        """Four losses of a batch: objects ``boxes (B, G, 4)``, ``labels (B, G)`` from 0, ``valid (B, G)`` if real."""
        features = self.backbone(images)
        objectness, deltas, anchors, rois, real = self.propose(features, images.shape[:1:-1])
        losses = self.rpn.loss(objectness, deltas, anchors, boxes, valid)
        rois, real = (
            torch.cat([rois, boxes], dim=1),
            torch.cat([real, valid], dim=1),
        )  # the objects themselves help early
        positive, matched = ops.assign_anchors(rois, boxes, valid, 0.5, 0.5, best=False)
        positive, negative = sample(positive.masked_fill(~real, -1), self.samples, 0.5)
        chosen = (positive | negative).float().topk(min(self.samples, rois.shape[1]), dim=1).indices
        rois, positive, negative, matched = (
            take(rois, chosen),
            *(m.gather(1, chosen) for m in (positive, negative, matched)),
        )
        scores, shifts = self.head(self.regions(features, rois))
        target = torch.where(positive, take(labels[..., None], matched)[..., 0] + 1, 0)
        used = positive | negative
        wrong = F.cross_entropy(scores.transpose(1, 2), target, reduction="none")
        wanted = ops.encode_boxes(take(boxes, matched), rois, STD)
        apart = F.smooth_l1_loss(shifts, wanted, reduction="none").sum(dim=-1)
        return losses | {"class": mean_over(wrong, used), "box": mean_over(apart, positive, used.sum())}

    @torch.no_grad()
    def detect(
        self, images: Tensor, least: float = 0.05, iou_threshold: float = 0.5, most: int = 100
    ) -> list[Detections]:
        """What is found in each image, best first: scores above ``least``, suppressed class by class.

        Labels count from 0, without background. An image in which nothing is found has boxes ``(0, 4)``.
        Put the model into eval mode first.
        """
        size_wh = images.shape[3], images.shape[2]
        features = self.backbone(images)
        *_, rois, real = self.propose(features, size_wh)
        scores, shifts = self.head(self.regions(features, rois))
        boxes = ops.clip_boxes(ops.decode_boxes(shifts, rois, STD), size_wh)
        scores = scores.softmax(dim=-1)[..., 1:].masked_fill(~real[..., None], -torch.inf)
        B, R, K = scores.shape
        boxes = boxes[:, :, None].expand(B, R, K, 4).reshape(B, R * K, 4)
        labels = torch.arange(K, device=boxes.device).expand(B, R, K).reshape(B, R * K)
        scores, index = scores.reshape(B, R * K).topk(min(4 * most, R * K), dim=1)
        boxes, labels = take(boxes, index), labels.gather(1, index)
        keep = ops.nms_mask(boxes, scores, iou_threshold, labels) & (scores > least)
        arrays = [x.cpu().numpy() for x in (boxes, scores, labels, keep)]
        return [Detections(b[k][:most], s[k][:most], n[k][:most]) for b, s, n, k in zip(*arrays, strict=True)]
