"""Architectures in PyTorch, as data: one block class, one list of stages.

`MODELS` has all of them by name, and `create` makes one:

>>> net = create("resnet20", num_classes=7)
>>> create("resnet21")  # doctest: +ELLIPSIS
Traceback (most recent call last):
ValueError: no model 'resnet21': the models are lenet5, alexnet, vgg16, ...
"""

from collections.abc import Callable
from functools import partial
from inspect import signature

from torch import nn

from convbook.models.classic import ALEXNETS, VGG16, alexnet, lenet5, vgg16
from convbook.models.densenet import DENSENETS, DenseBlock, Transition, densenet
from convbook.models.fast import FAST, fast_net
from convbook.models.mobile import (
    MOBILENET_V1,
    MOBILENET_V2,
    SHUFFLENET_V2,
    SQUEEZENET,
    mobilenet_v1,
    mobilenet_v2,
    shufflenet_v2,
    squeezenet,
)
from convbook.models.resnet import (
    BLOCKS,
    CIFAR_WIDTHS,
    RESNETS,
    WIDTHS,
    BasicBlock,
    Bottleneck,
    ResNet,
    cifar_resnet,
    make_stage,
    resnet,
)
from convbook.models.small import TINY, tiny_net

CIFAR_DEPTHS = 20, 32, 44, 56, 110  # of the paper; `cifar_resnet` makes any 6n + 2
MODELS: dict[str, Callable[..., nn.Module]] = {
    "lenet5": lenet5,
    "alexnet": alexnet,
    "vgg16": vgg16,
    **{f"resnet{depth}": partial(resnet, depth) for depth in RESNETS},
    **{f"densenet{depth}": partial(densenet, depth) for depth in DENSENETS},
    "squeezenet": squeezenet,
    "mobilenet_v1": mobilenet_v1,
    "mobilenet_v2": mobilenet_v2,
    "shufflenet_v2": shufflenet_v2,
    "tiny_net": tiny_net,
    "fast_net": fast_net,
    **{f"resnet{depth}": partial(cifar_resnet, depth) for depth in CIFAR_DEPTHS},
    **{f"plain{depth}": partial(cifar_resnet, depth, skips=False) for depth in CIFAR_DEPTHS},
}

__all__ = [
    "ALEXNETS", "BLOCKS", "CIFAR_DEPTHS", "CIFAR_WIDTHS", "DENSENETS", "FAST", "MOBILENET_V1", "MOBILENET_V2", "MODELS",
    "RESNETS", "SHUFFLENET_V2", "SQUEEZENET", "TINY", "VGG16", "WIDTHS", "BasicBlock", "Bottleneck", "DenseBlock",
    "ResNet", "Transition", "alexnet", "cifar_resnet", "create", "densenet", "fast_net", "lenet5", "make_stage",
    "mobilenet_v1", "mobilenet_v2", "resnet", "shufflenet_v2", "squeezenet", "tiny_net", "vgg16",
]  # fmt: skip


def create(name: str, **options) -> nn.Module:
    """The model of that name in `MODELS`, with fresh weights.

    ValueError for an unknown name or an option that it does not have; both list the known ones.

    >>> create("vgg16", width=8)
    Traceback (most recent call last):
    ValueError: vgg16 has no option 'width': it has num_classes
    """
    if name not in MODELS:
        raise ValueError(f"no model {name!r}: the models are {', '.join(MODELS)}")
    maker = MODELS[name]
    known = [option for option in signature(maker).parameters if option != "depth"]
    for option in options:
        if option not in known:
            raise ValueError(f"{name} has no option {option!r}: it has {', '.join(known)}")
    return maker(**options)
