"""Assignment hw5-resnets: residual networks, in PyTorch."""

try:
    import torch  # noqa: F401
except ModuleNotFoundError:
    raise ModuleNotFoundError("hw5-resnets needs PyTorch; install it with: pip install 'convbook[torch]'") from None

from autograder.exercises.hw5 import (
    block,
    bottleneck,
    chain,
    dense,
    direction,
    inputs,
    macs,
    net,
    norms,
    stage,
    transition,
)

EXERCISES = (
    chain.CHAIN_GRADIENT,
    block.BASIC_BLOCK,
    bottleneck.BOTTLENECK,
    stage.MAKE_STAGE,
    net.RESNET,
    macs.COUNT_MACS,
    dense.DENSE_BLOCK,
    transition.TRANSITION,
    norms.GRADIENT_NORMS,
    direction.FILTER_NORMALIZED_DIRECTION,
    inputs.BLOCK_INPUTS,
)
