"""Pooling of regions for tensors: ``feats (B, C, H, W)``, ``rois (B, R, 4)`` xyxy in pixels -> ``(B, R, C, oh, ow)``.

The same number of boxes an image, padded where need be. Rules and names as in :mod:`convbook.detection.roi`.
"""

import torch
from torch import Tensor

from convbook.kernels.sizes import pair


def align_weights(low: Tensor, high: Tensor, bins: int, size: int, samples: int = 2, aligned: bool = True) -> Tensor:
    """The matrices of :func:`convbook.detection.roi.align_matrix`, one a box: ``(..., bins, size)``.

    >>> align_weights(torch.tensor([0.5]), torch.tensor([2.5]), 1, 4)
    tensor([[[0.2500, 0.5000, 0.2500, 0.0000]]])
    """
    extent = high - low if aligned else (high - low).clamp(min=1)
    if samples:
        return _weights(low, extent, bins, size, samples, aligned)
    count = torch.ceil(extent / bins).clamp(min=1)
    weights = low.new_zeros(*low.shape, bins, size)
    for n in count.unique().tolist():
        weights = torch.where(
            (count == n)[..., None, None], _weights(low, extent, bins, size, int(n), aligned), weights
        )
    return weights


def _weights(low: Tensor, extent: Tensor, bins: int, size: int, samples: int, aligned: bool) -> Tensor:
    steps = (torch.arange(bins * samples, device=low.device, dtype=low.dtype) + 0.5) / (bins * samples)
    points = low[..., None] + steps * extent[..., None] - 0.5 * aligned
    inside = (points >= -1) & (points <= size)
    cells = torch.arange(size, device=low.device, dtype=low.dtype)
    distance = (points.clamp(0, size - 1)[..., None] - cells).abs()
    weights = (1 - distance).clamp(min=0) * inside[..., None]
    return weights.unflatten(-2, (bins, samples)).mean(dim=-2)


def roi_align(
    feats: Tensor, rois: Tensor, out_size, scale: float = 1.0, samples: int = 2, aligned: bool = True
) -> Tensor:
    """Mean of ``samples²`` interpolated points a bin, ``(B, R, C, oh, ow)``: two small matrix products a box.

    Gradients flow to the map; boxes are held fixed, as the detectors do.

    >>> ramp = (torch.arange(8) + 0.5).expand(1, 1, 8, 8)
    >>> roi_align(ramp, torch.tensor([[[1.2, 2, 5.2, 4]]]), (1, 2)).flatten()
    tensor([2.2000, 4.2000])
    """
    (oh, ow), (H, W) = pair("out_size", out_size, 1), feats.shape[2:]
    x1, y1, x2, y2 = (rois.detach() * scale).unbind(-1)
    rows = align_weights(y1, y2, oh, H, samples, aligned).to(feats.dtype)
    columns = align_weights(x1, x2, ow, W, samples, aligned).to(feats.dtype)
    B, C, R = len(feats), feats.shape[1], rois.shape[1]
    narrow = rows.flatten(1, 2) @ feats.transpose(1, 2).reshape(B, H, C * W)  # B, R oh, C W
    out = narrow.reshape(B, R, oh * C, W) @ columns.transpose(-1, -2)
    return out.reshape(B, R, oh, C, ow).transpose(2, 3)


def bin_cells(low: Tensor, high: Tensor, bins: int, size: int, inclusive: bool) -> tuple[Tensor, Tensor]:
    """Cells of each bin, ``(..., bins, most)``, the last one repeated to fill up, and which bins are empty."""
    start = torch.floor(low + 0.5).long()
    extent = (torch.floor(high + 0.5).long() - start + int(inclusive)).clamp(min=1)[..., None]
    i = torch.arange(bins, device=low.device)
    first = (start[..., None] + i * extent // bins).clamp(0, size)
    last = (start[..., None] - (-(i + 1) * extent) // bins).clamp(0, size)
    most = int((last - first).max().clamp(min=1))
    cells = torch.minimum(first[..., None] + torch.arange(most, device=low.device), last[..., None] - 1)
    return cells.clamp(0, size - 1), last <= first


def roi_pool(feats: Tensor, rois: Tensor, out_size, scale: float = 1.0, inclusive: bool = False) -> Tensor:
    """Maximum of each bin, ``(B, R, C, oh, ow)``: of the columns first, then of the rows. An empty bin gives 0.

    The gradient goes to one maximum of each bin, the first row by row.

    >>> feats = torch.arange(64.0).reshape(1, 1, 8, 8)
    >>> roi_pool(feats, torch.tensor([[[0.0, 3, 7, 8]]]), 2)[0, 0, 0]
    tensor([[43., 46.],
            [59., 62.]])
    """
    (oh, ow), (B, C, H, W), R = pair("out_size", out_size, 1), feats.shape, rois.shape[1]
    if not R:
        return feats.new_zeros(B, 0, C, oh, ow)
    x1, y1, x2, y2 = (rois.detach() * scale).unbind(-1)
    columns, no_columns = bin_cells(x1, x2, ow, W, inclusive)
    rows, no_rows = bin_cells(y1, y2, oh, H, inclusive)
    wide = feats.gather(3, columns.reshape(B, 1, 1, -1).expand(B, C, H, -1))
    wide = wide.reshape(B, C, H, R, ow, columns.shape[-1]).max(dim=-1).values.permute(0, 3, 1, 4, 2)  # B R C ow H
    index = rows.reshape(B, R, 1, 1, -1).expand(B, R, C, ow, -1)
    out = wide.gather(4, index).reshape(B, R, C, ow, oh, rows.shape[-1]).max(dim=-1).values.transpose(-1, -2)
    return out.masked_fill((no_rows[..., None] | no_columns[..., None, :])[:, :, None], 0)
