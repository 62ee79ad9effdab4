"""One small training loop, here and behind ``python -m convbook.train --model resnet20 --data cifar10``."""

from convbook.train.loop import fit
from convbook.train.options import Options

__all__ = ["Options", "fit"]
