"""Does an explanation depend on what the model has learnt? Adebayo et al. 2018."""

import copy
from collections.abc import Iterator

import torch
from torch import nn


def randomised(model: nn.Module, seed: int = 0) -> Iterator[tuple[str, nn.Module]]:
    """Copies of a model with more and more of its layers drawn anew, from the last one down.

    Yields the name of the layer that was drawn and the copy, which the next step changes further. The layers are
    those that can draw their weights themselves (``reset_parameters``). Last in the model is last as it was built.

    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> [name for name, _ in randomised(model)]
    ['2', '0']
    """
    model = copy.deepcopy(model)
    layers = [(name, module) for name, module in model.named_modules() if hasattr(module, "reset_parameters")]
    for number, (name, module) in enumerate(reversed(layers)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + number)
            module.reset_parameters()
        yield name, model
