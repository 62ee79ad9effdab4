"""Pictures that a unit or class asks for: gradient ascent on the pixels."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from convbook.visualize.looking import check_images, inspecting, layer_of, recording


@dataclass(frozen=True)
class Ascent:
    """The picture ``(1, C, H, W)``, the objective before each step and after the last, and the pictures on the way."""

    image: Tensor
    objective: list[float]
    steps: list[Tensor] = field(default_factory=list)


def class_score(model: nn.Module, which: int) -> Callable[[Tensor], Tensor]:
    """The score of a class, before the softmax: after it a picture can win by speaking against the others."""
    return lambda x: model(x)[:, which].sum()


def unit_score(
    model: nn.Module, layer: str | nn.Module, channel: int, place: tuple[int, int] | None = None
) -> Callable[[Tensor], Tensor]:
    """The mean of a channel's map, or its value at one place."""
    layer_of(model, layer)

    def score(x):
        with recording(model, layer) as outputs:
            model(x)
        maps = outputs[0][:, channel]
        return maps.mean() if place is None else maps[:, place[0], place[1]].sum()

    return score


def total_variation(x: Tensor) -> Tensor:
    """Sum of squared differences of neighbouring pixels.

    >>> total_variation(torch.tensor([[[[0.0, 1.0], [3.0, 1.0]]]]))
    tensor(14.)
    """
    return (x[..., 1:, :] - x[..., :-1, :]).square().sum() + (x[..., 1:] - x[..., :-1]).square().sum()


def blurred(x: Tensor, sigma: float) -> Tensor:
    """Images under a Gaussian of ``sigma`` pixels, the border replicated."""
    reach = max(1, round(3 * sigma))
    taps = torch.exp(-torch.arange(-reach, reach + 1, device=x.device, dtype=x.dtype).square() / (2 * sigma**2))
    taps = (taps / taps.sum()).expand(x.shape[1], 1, -1)
    x = functional.pad(x, (reach,) * 4, mode="replicate")
    x = functional.conv2d(x, taps[:, :, None], groups=x.shape[1])
    return functional.conv2d(x, taps[..., None], groups=x.shape[1])


def ascend(
    model: nn.Module,
    objective: Callable[[Tensor], Tensor],
    start: Tensor,
    steps: int = 100,
    lr: float = 0.1,
    l2: float = 0.0,
    tv: float = 0.0,
    blur: float = 0.0,
    blur_every: int = 4,
    jitter: int = 0,
    normalise: bool = True,
    seed: int = 0,
    keep_every: int = 0,
) -> Ascent:
    """Climb ``objective(x) - l2 |x|^2 - tv total_variation(x)`` from ``start``, step by step; no weight changes.

    ``normalise``: a step has length ``lr`` times the root of the number of pixels, however steep it is. ``blur``:
    sigma in pixels of a Gaussian after every ``blur_every`` steps. ``jitter``: the picture is shifted by up to so many
    pixels, cyclically, while the gradient is taken. ``keep_every``: keep a picture every so many steps.

    >>> valley = lambda x: -(x - 3).square().sum()
    >>> found = ascend(nn.Identity(), valley, torch.zeros(1, 1, 1, 1), steps=50, lr=0.1, normalise=False)
    >>> round(found.image.item(), 3)
    3.0
    """
    if steps < 1 or lr <= 0 or min(l2, tv, blur, jitter) < 0:
        raise ValueError(
            f"steps is at least 1, lr above 0, and l2, tv, blur, jitter not below 0, not {steps}, {lr}, {l2}, {tv}, "
            f"{blur}, {jitter}"
        )
    x = check_images(start).detach().clone()
    draws = torch.Generator().manual_seed(seed)
    values, kept = [], [x.clone()] if keep_every else []
    with inspecting(model):
        for step in range(1, steps + 1):
            shift = torch.randint(-jitter, jitter + 1, (2,), generator=draws).tolist() if jitter else (0, 0)
            moved = torch.roll(x, shift, dims=(2, 3)).requires_grad_()
            with torch.enable_grad():
                value = objective(moved)
                climbed = value
                if l2:
                    climbed = climbed - l2 * moved.square().sum()
                if tv:
                    climbed = climbed - tv * total_variation(moved)
                (slope,) = torch.autograd.grad(climbed, moved)
            values.append(value.item())
            slope = torch.roll(slope, (-shift[0], -shift[1]), dims=(2, 3))
            if normalise:
                slope = slope * slope.numel() ** 0.5 / slope.norm().clamp(min=1e-12)
            x = x + lr * slope
            if blur and step % blur_every == 0:
                x = blurred(x, blur)
            if keep_every and step % keep_every == 0:
                kept.append(x.clone())
        with torch.no_grad():
            values.append(objective(x).item())
    return Ascent(x, values, kept)
