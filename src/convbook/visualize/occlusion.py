"""Cover part of an image and see what happens to the score."""

import torch
from torch import Tensor, nn

from convbook.visualize.looking import check_images, inspecting, scores_of


def occlusion_map(
    model: nn.Module,
    x: Tensor,
    classes: int | Tensor | None = None,
    size: int = 8,
    stride: int = 4,
    fill: float = 0.0,
    batch: int = 64,
) -> Tensor:
    """How far the score falls when a square around each pixel is covered, ``(N, H, W)``; above 0 where it matters.

    Zeiler and Fergus 2014. Squares begin at multiples of ``stride``, and one more at the lower and right edge, so
    that every pixel is covered; a pixel's value is the mean over the squares that covered it.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False))
    >>> _ = model[1].weight.data.copy_(torch.tensor([[0.0, 0.0, 0.0, 5.0]]))
    >>> occlusion_map(model, torch.ones(1, 1, 2, 2), 0, size=1, stride=1)
    tensor([[[0., 0.],
             [0., 5.]]])
    """
    check_images(x)
    height, width = x.shape[2:]
    if not 1 <= size <= min(height, width) or not 1 <= stride <= size:
        raise ValueError(
            f"size is from 1 to {min(height, width)} and stride from 1 to size, not size {size} and stride {stride}"
        )
    places = [(i, j) for i in starts(height, size, stride) for j in starts(width, size, stride)]
    total, times = torch.zeros(len(x), height, width, device=x.device), torch.zeros(height, width, device=x.device)
    with inspecting(model), torch.no_grad():
        before, classes = scores_of(model, x, classes)
        for begin in range(0, len(places), batch):
            some = places[begin : begin + batch]
            covered = x.repeat(len(some), 1, 1, 1)
            for k, (i, j) in enumerate(some):
                covered[k * len(x) : (k + 1) * len(x), :, i : i + size, j : j + size] = fill
            after, _ = scores_of(model, covered, classes.repeat(len(some)))
            for (i, j), score in zip(some, after.view(len(some), len(x)), strict=True):
                total[:, i : i + size, j : j + size] += (before - score)[:, None, None]
                times[i : i + size, j : j + size] += 1
    return total / times


def starts(length: int, size: int, stride: int) -> list[int]:
    """Where squares begin along one axis.

    >>> starts(10, 4, 3), starts(11, 4, 3)
    ([0, 3, 6], [0, 3, 6, 7])
    """
    found = list(range(0, length - size + 1, stride))
    return found if found[-1] == length - size else [*found, length - size]
