"""Look into a model and leave it as it was: its mode, its gradients, its hooks."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn


def layer_of(model: nn.Module, layer: str | nn.Module) -> nn.Module:
    """The layer of that name, or the layer itself. Raises ``ValueError`` with the names that there are.

    >>> layer_of(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), "1")
    ReLU()
    >>> layer_of(nn.Sequential(nn.ReLU()), "conv1")
    Traceback (most recent call last):
    ...
    ValueError: the model has no layer 'conv1'; it has 0
    """
    layers = {name: module for name, module in model.named_modules() if name}
    if isinstance(layer, nn.Module):
        if all(module is not layer for module in model.modules()):
            raise ValueError(f"{type(layer).__name__} is no layer of this model")
        return layer
    if layer not in layers:
        raise ValueError(f"the model has no layer {layer!r}; it has {', '.join(layers)}")
    return layers[layer]


def check_images(x: Tensor) -> Tensor:
    """``x`` if it is a batch of images: float, ``(N, C, H, W)``. Raises ``ValueError`` or ``TypeError``.

    >>> check_images(torch.zeros(3, 8, 8))
    Traceback (most recent call last):
    ...
    ValueError: images have shape (N, C, H, W), not (3, 8, 8)
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        found = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"images are a float tensor, as the model takes them, not {found}")
    if x.ndim != 4:
        raise ValueError(f"images have shape (N, C, H, W), not {tuple(x.shape)}")
    return x


@contextmanager
def inspecting(model: nn.Module) -> Iterator[nn.Module]:
    """The model in test mode, its parameters out of autograd's reach; afterwards all is as it was.

    So batch norm uses and keeps its running statistics, no ``.grad`` is touched, and gradients go to images alone.

    >>> model = nn.Sequential(nn.Linear(2, 1), nn.Dropout()).train()
    >>> with inspecting(model):
    ...     print(model.training, model[0].weight.requires_grad)
    False False
    >>> print(model.training, model[0].weight.requires_grad)
    True True
    """
    modes = [(module, module.training) for module in model.modules()]
    wanted = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        model.eval()
        for parameter, _ in wanted:
            parameter.requires_grad_(False)
        yield model
    finally:
        for module, mode in modes:
            module.training = mode
        for parameter, needed in wanted:
            parameter.requires_grad_(needed)


@contextmanager
def recording(model: nn.Module, *layers: str | nn.Module) -> Iterator[list[Tensor | None]]:
    """What each layer put out last: a list that fills with each forward pass.

    >>> model = nn.Sequential(nn.ReLU(), nn.Flatten())
    >>> with recording(model, "0") as outputs:
    ...     _ = model(torch.tensor([[-1.0, 2.0]]))
    >>> outputs
    [tensor([[0., 2.]])]
    """
    outputs: list[Tensor | None] = [None] * len(layers)

    def keep(place):
        def hook(module, inputs, output):
            if not isinstance(output, Tensor):
                raise TypeError(f"{type(module).__name__} puts out {type(output).__name__}, not one tensor")
            outputs[place] = output
            return output.clone()  # what comes after may write into its input, and a ReLU in place does

        return hook

    with ExitStack() as stack:
        for place, layer in enumerate(layers):
            handle = layer_of(model, layer).register_forward_hook(keep(place))
            stack.callback(handle.remove)
        yield outputs


def put_out(outputs: list[Tensor | None]) -> Tensor:
    """What the only layer of :func:`recording` put out; ``ValueError`` where the forward pass left that layer out."""
    (output,) = outputs
    if output is None:
        raise ValueError("the model's forward pass does not use that layer")
    return output


def device_of(model: nn.Module) -> torch.device:
    """Where the model's parameters are; the CPU for a model without any."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def scores_of(model: nn.Module, x: Tensor, classes: int | Tensor | None) -> tuple[Tensor, Tensor]:
    """The scores of one class for each image, before any softmax, ``(N,)``, and which classes: the best where None.

    Raises ``ValueError`` for a class that the model does not have.
    """
    logits = model(x)
    if logits.ndim != 2:
        raise ValueError(f"a classifier puts out (N, classes), this model {tuple(logits.shape)}")
    if classes is None:
        classes = logits.argmax(dim=1)
    classes = torch.as_tensor(classes, device=logits.device).expand(len(x))
    if classes.min() < 0 or classes.max() >= logits.shape[1]:
        raise ValueError(f"there is no class {int(classes.max())}: the model has {logits.shape[1]}, from 0 on")
    return logits.gather(1, classes[:, None])[:, 0], classes
