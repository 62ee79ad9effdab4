"""Explorables: small pictures of an operation that can be changed by hand, in JupyterLab and on the book's pages."""

from convbook.explorables.conv2d import Conv2d
from convbook.explorables.filters import Filters
from convbook.explorables.shift import Shift
from convbook.explorables.template import Template

__all__ = ["Conv2d", "Filters", "Shift", "Template"]
