"""Explorables: small pictures of an operation that can be changed by hand, in JupyterLab and on the book's pages."""

from convbook.explorables.adjoint import Adjoint
from convbook.explorables.ascent import Ascent
from convbook.explorables.checkerboard import Checkerboard
from convbook.explorables.conv2d import Conv2d
from convbook.explorables.dilation import Dilation
from convbook.explorables.filters import Filters
from convbook.explorables.gradient_chain import GradientChain
from convbook.explorables.groups import Groups
from convbook.explorables.inside import Inside
from convbook.explorables.loss_surface import LossSurface
from convbook.explorables.relu_rules import ReluRules
from convbook.explorables.resnet_builder import ResnetBuilder
from convbook.explorables.shift import Shift
from convbook.explorables.template import Template
from convbook.explorables.toeplitz import Toeplitz

__all__ = [
    "Adjoint",
    "Ascent",
    "Checkerboard",
    "Conv2d",
    "Dilation",
    "Filters",
    "GradientChain",
    "Groups",
    "Inside",
    "LossSurface",
    "ReluRules",
    "ResnetBuilder",
    "Shift",
    "Template",
    "Toeplitz",
]
