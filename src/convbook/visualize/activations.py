"""What units respond to: their maps, the pictures that excite them most, and the patch of pixels they see."""

import copy
import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from convbook.visualize.looking import check_images, device_of, inspecting, layer_of, put_out, recording


def activation_maps(model: nn.Module, layer: str | nn.Module, x: Tensor) -> Tensor:
    """What a layer puts out for images, ``(N, C, H, W)`` or whatever shape it has."""
    check_images(x)
    with inspecting(model), recording(model, layer) as outputs, torch.no_grad():
        model(x)
    if outputs[0] is None:
        raise ValueError(f"the model does not use {layer!r} in its forward pass")
    return outputs[0]


@dataclass(frozen=True, order=True)
class Top:
    """A place where a unit responded: the value, the image's number in the data set, row and column of the map."""

    value: float
    image: int
    i: int
    j: int


def top_activations(
    model: nn.Module, layer: str | nn.Module, batches: Iterable[Tensor], k: int = 9, channels: Iterable[int] = ()
) -> dict[int, list[Top]]:
    """The ``k`` images that excite each channel most, the largest first, with the place; one place an image.

    ``batches``: images ``(N, C, H, W)``, one batch after the other; no more than one is kept, so memory does not grow
    with the data set. ``channels``: which, all where none are named. Equal values: the earlier image first.

    >>> model = nn.Sequential(nn.ReLU())
    >>> top_activations(model, "0", [torch.tensor([[[[1.0, 3.0]]], [[[2.0, 0.0]]]])], k=1)
    {0: [Top(value=3.0, image=0, i=0, j=1)]}
    """
    if k < 1:
        raise ValueError(f"k is at least 1, not {k}")
    heaps: dict[int, list[tuple[float, int, int, int]]] = {}
    seen = 0
    for x in batches:
        acts = activation_maps(model, layer, x.to(device_of(model)))
        if acts.ndim != 4:
            raise ValueError(f"that layer puts out {tuple(acts.shape)}, not maps (N, C, H, W)")
        wanted = list(channels) or range(acts.shape[1])
        if wrong := [c for c in wanted if not 0 <= c < acts.shape[1]]:
            raise ValueError(f"the layer has no channel {wrong[0]}: it has {acts.shape[1]}, from 0 on")
        values, places = acts.flatten(2).max(dim=2)
        width = acts.shape[3]
        for c in wanted:
            heap = heaps.setdefault(c, [])
            for n, (value, place) in enumerate(zip(values[:, c].tolist(), places[:, c].tolist(), strict=True)):
                found = (value, -(seen + n), place // width, place % width)
                if len(heap) < k:
                    heapq.heappush(heap, found)
                elif found > heap[0]:
                    heapq.heapreplace(heap, found)
        seen += len(x)
    return {c: [Top(v, -n, i, j) for v, n, i, j in sorted(heap, reverse=True)] for c, heap in heaps.items()}


def receptive_box(
    model: nn.Module, layer: str | nn.Module, size: tuple[int, int, int], i: int, j: int
) -> tuple[int, int, int, int]:
    """The pixels that reach one place of a layer's map: ``x0, y0, x1, y1``, the end excluded, inside the image.

    ``size``: ``(C, H, W)`` of an image. Found by asking a copy of the model in which everything is positive and
    max pooling is a mean, which gradients are not zero: so any model will do whose pooling is a module.

    >>> model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3))
    >>> receptive_box(model, "0", (1, 9, 9), 0, 4), receptive_box(model, "2", (1, 9, 9), 0, 1)
    ((3, 0, 6, 2), (1, 0, 9, 7))
    """
    layer_of(model, layer)
    names = {module: name for name, module in model.named_modules()}
    name = layer if isinstance(layer, str) else names[layer]
    positive = make_positive(copy.deepcopy(model).cpu().double().eval())
    x = torch.ones(1, *size, dtype=torch.float64, requires_grad=True)
    with recording(positive, name) as outputs, torch.enable_grad():
        positive(x)
        maps = put_out(outputs)
        height, width = maps.shape[2:]
        if not (0 <= i < height and 0 <= j < width):
            raise ValueError(f"({i}, {j}) is not in maps of {height} x {width}")
        (grad,) = torch.autograd.grad(maps[0, :, i, j].sum(), x)
    rows, columns = (grad[0].abs().sum(dim=(0, axis)).nonzero()[:, 0].tolist() for axis in (2, 1))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def make_positive(model: nn.Module) -> nn.Module:
    """Change a model so that every path from a pixel to a unit carries a positive gradient."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                options = child.kernel_size, child.stride, child.padding, child.ceil_mode
                setattr(module, name, nn.AvgPool2d(*options))
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is not None:
            assert module.running_var is not None  # the two come together
            module.running_mean.zero_()
            module.running_var.fill_(1)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
        parameter.fill_(1 / max(1, parameter[0].numel() if parameter.ndim > 1 else 1))
    return model
