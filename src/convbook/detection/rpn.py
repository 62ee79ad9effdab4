"""The region proposal network: at every cell, is one of k anchors an object, and how must it move to fit."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from convbook.detection import ops

OBJECT, BACKGROUND = 0, 1  # the order of the two scores


def sample(labels: Tensor, count: int, share: float) -> tuple[Tensor, Tensor]:
    """Masks ``(B, N)`` of up to ``count`` random entries a row: positive (1), at most a ``share``; and negative (0).

    Negatives take the places that positives leave.

    >>> labels = torch.tensor([[1, 1, 1, 0, 0, 0, 0, -1]])
    >>> [int(mask.sum()) for mask in sample(labels, 4, 0.5)]
    [2, 2]
    """

    def place(wanted: int) -> Tensor:
        """The place of each entry in a random order in which those with the wanted label come first."""
        order = torch.where(labels == wanted, torch.rand(labels.shape, device=labels.device), 2).argsort(dim=1)
        return torch.empty_like(order).scatter(
            1, order, torch.arange(labels.shape[1], device=order.device).expand_as(order)
        )

    positive = (labels == 1) & (place(1) < int(count * share))
    negative = (labels == 0) & (place(0) < count - positive.sum(dim=1, keepdim=True))
    return positive, negative


def mean_over(values: Tensor, mask: Tensor, count: Tensor | None = None) -> Tensor:
    """Sum of the values in the mask over their number, or another one; 0 where it is empty."""
    return torch.where(mask, values, 0).sum() / (mask.sum() if count is None else count).clamp(min=1)


class RPN(nn.Module):
    """Features ``(B, C, h, w)`` to objectness ``(B, h w k, 2)`` and deltas ``(B, h w k, 4)``, ordered as the anchors.

    A 3x3 convolution, ReLU, then two 1x1 convolutions: the same linear layer at every cell. ``scales`` in pixels,
    ``ratios`` height / width, ``stride`` pixels a cell (Ren et al. 2015, arXiv 1506.01497).

    >>> rpn = RPN(8, 4, (12, 24), (0.5, 1, 2))
    >>> objectness, deltas = rpn(torch.zeros(2, 8, 5, 7))
    >>> objectness.shape, deltas.shape, rpn.anchors(5, 7).shape
    (torch.Size([2, 210, 2]), torch.Size([2, 210, 4]), torch.Size([210, 4]))
    """

    def __init__(self, channels: int, stride: int, scales, ratios, hidden: int | None = None):
        super().__init__()
        self.stride, self.scales, self.ratios = stride, tuple(scales), tuple(ratios)
        self.k = len(self.scales) * len(self.ratios)
        hidden = hidden or channels
        self.conv = nn.Conv2d(channels, hidden, 3, padding=1)
        self.score, self.shift = nn.Conv2d(hidden, 2 * self.k, 1), nn.Conv2d(hidden, 4 * self.k, 1)
        for name, parameter in self.named_parameters():
            nn.init.normal_(parameter, std=0.01) if name.endswith("weight") else nn.init.zeros_(parameter)
        self._made: dict = {}

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.relu(self.conv(features))
        score, shift = (ops.rpn_flatten(head(hidden), self.k).float() for head in (self.score, self.shift))
        return score, shift

    def anchors(self, h: int, w: int, device=None) -> Tensor:
        """The anchors of an h x w map, made once."""
        key = h, w, str(device)
        if key not in self._made:
            self._made[key] = ops.make_anchors(h, w, self.stride, self.scales, self.ratios, device)
        return self._made[key]

    def loss(self, objectness, deltas, anchors, boxes, valid, pos=0.7, neg=0.3, count=128) -> dict[str, Tensor]:
        """Losses against objects ``boxes (B, G, 4)``, ``valid (B, G)``, on ``count`` anchors an image."""
        labels, matched = ops.assign_anchors(anchors, boxes, valid, pos, neg)
        positive, negative = sample(labels, count, 0.5)
        chosen = positive | negative
        target = torch.where(labels == 1, OBJECT, BACKGROUND)
        score = F.cross_entropy(objectness.transpose(1, 2), target, reduction="none")
        wanted = ops.encode_boxes(take(boxes, matched), anchors)
        shift = F.smooth_l1_loss(deltas, wanted, beta=1 / 9, reduction="none").sum(dim=-1)
        return {"rpn score": mean_over(score, chosen), "rpn box": mean_over(shift, positive, chosen.sum())}

    @torch.no_grad()
    def proposals(
        self, objectness, deltas, anchors, size_wh, before: int = 200, after: int = 64, iou_threshold: float = 0.7
    ) -> tuple[Tensor, Tensor]:
        """The ``after`` best boxes of each image, ``(B, P, 4)`` inside it, and which of them are real ``(B, P)``.

        Of the ``before`` anchors with the best scores, moved; suppressed ones and those without area are not real.
        """
        score = objectness[..., OBJECT] - objectness[..., BACKGROUND]
        score, index = score.topk(min(before, score.shape[1]), dim=1)
        boxes = ops.clip_boxes(ops.decode_boxes(take(deltas, index), anchors[index]), size_wh)
        score = score.masked_fill(((boxes[..., 2:] - boxes[..., :2]) < 1).any(dim=-1), -torch.inf)
        score = score.masked_fill(~ops.nms_mask(boxes, score, iou_threshold), -torch.inf)
        score, index = score.topk(min(after, score.shape[1]), dim=1)
        return take(boxes, index), score > -torch.inf


def take(rows: Tensor, index: Tensor) -> Tensor:
    """``rows (B, G, m)`` chosen by ``index (B, N)``: ``(B, N, m)``. An index of -1, nobody, gives zeros' place: row 0.

    >>> take(torch.tensor([[[1, 2], [3, 4]]]), torch.tensor([[1, -1, 1]])).tolist()
    [[[3, 4], [1, 2], [3, 4]]]
    """
    if not rows.shape[1]:
        return rows.new_zeros(*index.shape, rows.shape[2])
    return rows.gather(1, index.clamp(min=0)[..., None].expand(-1, -1, rows.shape[2]))
