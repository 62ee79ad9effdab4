"""Forward and backward passes that belong together, though each is handed over by itself."""

import types
from collections.abc import Callable


def beside(function: Callable, **others: Callable) -> Callable:
    """A copy of ``function`` beside which ``others`` stand, as if all were cells of one notebook.

    >>> def backward():
    ...     return forward()
    >>> beside(backward, forward=lambda: "the forward pass of this pair")()
    'the forward pass of this pair'
    """
    return types.FunctionType(
        function.__code__, {**function.__globals__, **others}, function.__name__, function.__defaults__
    )
