"""The references for tensors: on any device, differentiable, a batch at once, no loop over boxes or anchors.

Names and rules are those of the NumPy modules; leading axes may be added, so ``boxes (..., N, 4)`` of a batch are
padded to one N. What would wait for the GPU is not checked here: corners that are swapped give an area of 0.
"""

import torch
from torch import Tensor

from convbook.detection import anchors as reference
from convbook.detection.coding import MAX_LOG


def box_area(boxes: Tensor) -> Tensor:
    """Area of ``boxes (..., 4)``: ``(...)``, 0 where corners are swapped.

    >>> box_area(torch.tensor([[30.0, 140, 160, 265], [5, 5, 1, 9]]))
    tensor([16250.,     0.])
    """
    width, height = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).unbind(-1)
    return width * height


def sides(a: Tensor, b: Tensor, axis: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Lower and upper ends of both along an axis, shaped to meet pairwise."""
    return a[..., :, None, axis], b[..., None, :, axis], a[..., :, None, axis + 2], b[..., None, :, axis + 2]


def intersection_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Areas ``(..., N, M)`` that ``a (..., N, 4)`` and ``b (..., M, 4)`` share and cover.

    Results are written over what only they needed: for large N and M the time is that of fetching memory.
    """
    lengths = []
    for axis in (0, 1):
        low_a, low_b, high_a, high_b = sides(a, b, axis)
        lengths.append(torch.minimum(high_a, high_b).sub_(torch.maximum(low_a, low_b)).clamp_(min=0))
    intersection = lengths[0] * lengths[1]
    return intersection, (box_area(a)[..., :, None] + box_area(b)[..., None, :]).sub_(intersection)


def ratio(part: Tensor, whole: Tensor) -> Tensor:
    """``part / whole``, and 0, with a gradient of 0, where there is no whole: there is no part then either."""
    return part / torch.where(whole > 0, whole, 1)


def row_blocks(a: Tensor, b: Tensor, cells: int = 2**16) -> list[slice]:
    """Rows of a pairwise table in blocks that stay in the cache of a processor; all at once on a GPU."""
    rows = max(cells // max(len(b), 1), 1) if a.device.type == "cpu" else len(a)
    return [slice(k, k + rows) for k in range(0, len(a), max(rows, 1))]


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Pairwise IoU, ``(..., N, 4)`` and ``(..., M, 4)`` to ``(..., N, M)``; 0 where the union has no area.

    >>> box_iou(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 3, 2], [4, 4, 6, 6]]))
    tensor([[0.3333, 0.0000]])
    """
    if a.ndim > 2 or b.ndim > 2 or torch.is_grad_enabled() and (a.requires_grad or b.requires_grad):
        return ratio(*intersection_union(a, b))
    out = torch.empty(len(a), len(b), dtype=torch.result_type(a, b), device=a.device)
    for rows in row_blocks(a, b):
        out[rows] = ratio(*intersection_union(a[rows], b))
    return out


def box_giou(a: Tensor, b: Tensor) -> Tensor:
    """Pairwise generalised IoU, ``(..., N, M)``; 1 minus it is a loss.

    >>> box_giou(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[1.0, 0, 2, 1], [3, 0, 4, 1]]))
    tensor([[ 0.0000, -0.5000]])
    """
    intersection, union = intersection_union(a, b)
    hull = torch.ones_like(union)
    for axis in (0, 1):
        low_a, low_b, high_a, high_b = sides(a, b, axis)
        hull = hull * (torch.maximum(high_a, high_b) - torch.minimum(low_a, low_b))
    return ratio(intersection, union) - ratio(hull - union, hull)


def clip_boxes(boxes: Tensor, size_wh: tuple[float, float]) -> Tensor:
    """Corners of ``boxes (..., 4)`` moved into an image of (width, height).

    >>> clip_boxes(torch.tensor([30.0, 140, 160, 265]), (377, 253))
    tensor([ 30., 140., 160., 253.])
    """
    x, y = boxes[..., 0::2].clamp(0, size_wh[0]), boxes[..., 1::2].clamp(0, size_wh[1])
    return torch.stack([x[..., 0], y[..., 0], x[..., 1], y[..., 1]], dim=-1)


def encode_boxes(boxes: Tensor, anchors: Tensor, std=(1, 1, 1, 1)) -> Tensor:
    """``tx, ty, tw, th`` that move ``anchors (..., 4)`` onto ``boxes (..., 4)``, divided by ``std``.

    Sides are taken as 1e-3 pixels at least: padding may have none, and its targets are not used.

    >>> encode_boxes(torch.tensor([[10.0, 20, 30, 60]]), torch.tensor([[0.0, 0, 20, 20]]))
    tensor([[0.5000, 1.5000, 0.0000, 0.6931]])
    """
    size, anchor_size = ((x[..., 2:] - x[..., :2]).clamp(min=1e-3) for x in (boxes, anchors))
    shifts = (boxes[..., :2] + boxes[..., 2:] - anchors[..., :2] - anchors[..., 2:]) / 2 / anchor_size
    return torch.cat([shifts, torch.log(size / anchor_size)], dim=-1) / shifts.new_tensor(std)


def decode_boxes(deltas: Tensor, anchors: Tensor, std=(1, 1, 1, 1)) -> Tensor:
    """The inverse of :func:`encode_boxes`, the growth of a side bounded by 1000 / 16.

    >>> decode_boxes(torch.tensor([[0.5, 1.5, 0, 0]]), torch.tensor([[0.0, 0, 20, 20]]))
    tensor([[10., 30., 30., 50.]])
    """
    deltas = deltas * deltas.new_tensor(std)
    size = anchors[..., 2:] - anchors[..., :2]
    centre = (anchors[..., :2] + anchors[..., 2:]) / 2 + deltas[..., :2] * size
    half = size * deltas[..., 2:].clamp(max=MAX_LOG).exp() / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def make_anchors(h: int, w: int, stride, scales, ratios, device=None) -> Tensor:
    """:func:`convbook.detection.make_anchors` as a float32 tensor ``(h w k, 4)``.

    >>> make_anchors(1, 2, 16, [8], [1])[1]
    tensor([20.,  4., 28., 12.])
    """
    return torch.tensor(reference.make_anchors(h, w, stride, scales, ratios), dtype=torch.float32, device=device)


def rpn_flatten(x: Tensor, k: int) -> Tensor:
    """Outputs of a 1x1 head in the order of the anchors: ``(B, k m, h, w) -> (B, h w k, m)``.

    >>> rpn_flatten(torch.arange(8).reshape(1, 4, 1, 2), 2)[0].tolist()
    [[0, 2], [4, 6], [1, 3], [5, 7]]
    """
    B, channels, h, w = x.shape
    if channels % k:
        raise ValueError(f"k={k} anchors do not divide the {channels} channels of x, shape {tuple(x.shape)}")
    return x.permute(0, 2, 3, 1).reshape(B, h * w * k, channels // k)


def assign_anchors(
    anchors: Tensor, gt: Tensor, valid: Tensor | None = None, pos: float = 0.7, neg: float = 0.3, best: bool = True
) -> tuple[Tensor, Tensor]:
    """Labels ``(..., N)`` (1, 0, ignored -1) of ``anchors (..., N, 4)`` and the object of each positive one, else -1.

    ``gt (..., G, 4)`` may be padded; ``valid (..., G)`` says which are real. ``best=False`` leaves out the rule of
    each object's best anchor, as the second stage does.

    >>> anchors = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 14], [5, 0, 15, 10], [90, 0, 99, 9]])
    >>> assign_anchors(anchors, torch.tensor([[0.0, 0, 10, 10], [85, 0, 95, 10]]))
    (tensor([ 1,  1, -1,  1]), tensor([ 0,  0, -1,  1]))
    """
    iou = box_iou(anchors, gt)
    if valid is not None:
        iou = torch.where(valid[..., None, :], iou, -1)
    if not iou.shape[-1] or not iou.shape[-2]:
        empty = torch.zeros(iou.shape[:-1], dtype=torch.long, device=iou.device)
        return empty, empty - 1
    overlap, matched = iou.max(dim=-1)
    labels = torch.where(overlap >= pos, 1, torch.where(overlap < neg, 0, -1))
    matched = torch.where(overlap >= pos, matched, -1)
    if best:
        top = iou.amax(dim=-2, keepdim=True)
        chosen = torch.where((iou == top) & (top > 0), iou, -1)
        overlap, chooser = chosen.max(dim=-1)
        labels, matched = torch.where(overlap > 0, 1, labels), torch.where(overlap > 0, chooser, matched)
    return labels, matched


def survivors(overlap: Tensor) -> Tensor:
    """Greedy suppression of boxes sorted by score, ``overlap (..., P, P)``, as a mask ``(..., P)``.

    A box stays unless one that stays before it overlaps it. Start with all and apply the rule until nothing
    changes: after round r the first r boxes are settled for good, mostly all of them after a few.

    >>> overlap = torch.tensor([[1, 1, 0], [1, 1, 1], [0, 1, 1]], dtype=torch.bool)
    >>> survivors(overlap)  # A removes B, which cannot remove C
    tensor([ True, False,  True])
    """
    removes = overlap.triu(1)  # from the first above the diagonal: no box removes itself
    keep = torch.ones(overlap.shape[:-1], dtype=torch.bool, device=overlap.device)
    while True:
        after = ~(removes & keep[..., None]).any(dim=-2)
        if torch.equal(after, keep):
            return keep
        keep = after


def removed(boxes: Tensor, areas: Tensor, by: Tensor, index: Tensor, iou_threshold: float, classes) -> Tensor:
    """Which boxes of ``index (M,)`` overlap one of ``by (K,)``: ``(M,)``; ``boxes (4, N)``, ``classes (N,)`` or None.

    One side is cut off at 0 and the other not: a product that is not positive removes nobody.
    """
    margin = torch.full((len(index),), -torch.inf, dtype=boxes.dtype, device=boxes.device)
    x1, y1, x2, y2 = boxes[:, index]
    area, label = areas[index], None if classes is None else classes[index]
    for rows in row_blocks(by, index):
        a = by[rows]
        left, top, right, bottom = boxes[:, a, None]
        shared = torch.minimum(right, x2).sub_(torch.maximum(left, x1)).clamp_(min=0)
        shared.mul_(torch.minimum(bottom, y2).sub_(torch.maximum(top, y1)))
        shared.sub_((areas[a, None] + area).sub_(shared).mul_(iou_threshold))
        if label is not None:
            shared.masked_fill_(classes[a, None] != label, -torch.inf)
        torch.maximum(margin, shared.amax(dim=0), out=margin)  # several times as fast as any() of booleans
    return margin > 0


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, classes: Tensor | None = None, block: int = 128) -> Tensor:
    """Indices of the boxes that stay, best score first, ``(K,)``; with ``classes (N,)`` each class by itself.

    Blocks of the best boxes are settled by :func:`survivors`, then remove what they overlap from all the rest.
    ``ValueError`` for NaN scores, which have no place in an order.

    >>> boxes = torch.tensor([[0.0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]])
    >>> nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5)
    tensor([0, 2])
    """
    if scores.isnan().any():
        raise ValueError(f"scores must not be NaN, got NaN for box {int(scores.isnan().nonzero()[0])}")
    order, kept = scores.argsort(descending=True, stable=True), []
    sorted_boxes = boxes.detach()[order].to(torch.promote_types(boxes.dtype, torch.float32))
    areas, columns = box_area(sorted_boxes), sorted_boxes.T.contiguous()
    classes = None if classes is None else classes[order]
    rest = torch.arange(len(order), device=boxes.device)
    while len(rest):
        head, rest = rest[:block], rest[block:]
        shared, union = intersection_union(sorted_boxes[head], sorted_boxes[head])
        overlap = shared > iou_threshold * union
        if classes is not None:
            overlap &= classes[head, None] == classes[head]
        head = head[survivors(overlap)]
        kept.append(head)
        rest = rest[~removed(columns, areas, head, rest, iou_threshold, classes)]
    return order[torch.cat(kept)] if kept else order


def nms_mask(boxes: Tensor, scores: Tensor, iou_threshold: float, classes: Tensor | None = None) -> Tensor:
    """Which of ``boxes (B, P, 4)`` stay, image by image, all at once: ``(B, P)``. For some hundreds of boxes each.

    Give padding a score of minus infinity: it comes last and removes nobody that counts.

    >>> nms_mask(torch.tensor([[[0.0, 0, 9, 9], [0, 0, 8, 9]]]), torch.tensor([[0.2, 0.7]]), 0.5)
    tensor([[False,  True]])
    """
    order = scores.argsort(dim=1, descending=True, stable=True)
    boxes = boxes.gather(1, order[..., None].expand_as(boxes))
    intersection, union = intersection_union(boxes, boxes)
    overlap = intersection > iou_threshold * union
    if classes is not None:
        classes = classes.gather(1, order)
        overlap &= classes[:, :, None] == classes[:, None, :]
    return torch.zeros_like(order, dtype=torch.bool).scatter(1, order, survivors(overlap))
