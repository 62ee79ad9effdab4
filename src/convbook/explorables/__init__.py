"""Explorables: small pictures of an operation that can be changed by hand, in JupyterLab and on the book's pages."""

from convbook.explorables.conv2d import Conv2d
from convbook.explorables.dilation import Dilation
from convbook.explorables.groups import Groups

__all__ = ["Conv2d", "Dilation", "Groups"]
