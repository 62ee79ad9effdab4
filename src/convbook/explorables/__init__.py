"""Explorables: small pictures of an operation that can be changed by hand, in JupyterLab and on the book's pages."""

from convbook.explorables.adjoint import Adjoint
from convbook.explorables.anchors import Anchors
from convbook.explorables.ascent import Ascent
from convbook.explorables.checkerboard import Checkerboard
from convbook.explorables.conv2d import Conv2d
from convbook.explorables.cover import Cover
from convbook.explorables.detector import Detector
from convbook.explorables.dilation import Dilation
from convbook.explorables.filters import Filters
from convbook.explorables.gradient_chain import GradientChain
from convbook.explorables.groups import Groups
from convbook.explorables.inside import Inside
from convbook.explorables.iou import Iou
from convbook.explorables.loss_surface import LossSurface
from convbook.explorables.nms import Nms
from convbook.explorables.relu_rules import ReluRules
from convbook.explorables.resnet_builder import ResnetBuilder
from convbook.explorables.roi import Roi
from convbook.explorables.shift import Shift
from convbook.explorables.template import Template
from convbook.explorables.toeplitz import Toeplitz

__all__ = [
    "Adjoint",
    "Anchors",
    "Ascent",
    "Checkerboard",
    "Conv2d",
    "Cover",
    "Detector",
    "Dilation",
    "Filters",
    "GradientChain",
    "Groups",
    "Iou",
    "LossSurface",
    "Nms",
    "Inside",
    "ReluRules",
    "ResnetBuilder",
    "Roi",
    "Shift",
    "Template",
    "Toeplitz",
]
