"""Probes: how a case calls the student's code. They run beside that code, so nothing here is secret.

A probe takes the student's namespace, the name of the function and the case's inputs, and returns
plain data (see :mod:`autograder.plain`).
"""

import numpy as np


def call(namespace: dict, function: str, *args):
    """The function's own result.

    >>> call({"double": lambda n: 2 * n}, "double", 4)
    8
    """
    return namespace[function](*args)


def forward(namespace: dict, function: str, *args):
    """Result of a CS231n-style layer, ``(out, cache)``; what the cache holds is the student's affair.

    >>> forward({"f": lambda x: (x + 1, "anything")}, "f", 4)
    {'returned': 'a pair', 'out': 5}
    >>> forward({"f": lambda x: x + 1}, "f", 4)["returned"]
    'something else'
    """
    result = namespace[function](*args)
    if isinstance(result, tuple) and len(result) == 2:
        return {"returned": "a pair", "out": result[0]}
    kinds = {type(None): "None", np.ndarray: "an array", tuple: "a tuple"}
    returned = "a list of 2" if isinstance(result, list) and len(result) == 2 else kinds.get(type(result))
    return {"returned": returned or "something else", "out": result if isinstance(result, np.ndarray) else None}


def shift_map(layer: str, kernel: np.ndarray):
    """A map of images ``(N, C, H, W)`` onto images of the same size, to test for equivariance.

    ``layer``: "circular" or "zeros" (a correlation with that padding), "position" (brighter to the right),
    "relu".

    >>> shift_map("relu", np.ones((1, 1)))(np.array([[[[-1.0, 2.0]]]]))
    array([[[[0., 2.]]]])
    """

    def correlate(x):
        a, b = kernel.shape[0] // 2, kernel.shape[1] // 2
        mode = "wrap" if layer == "circular" else "constant"
        padded = np.pad(x, ((0, 0), (0, 0), (a, a), (b, b)), mode=mode)
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape, axis=(2, 3))
        return np.einsum("ncijab,ab->ncij", windows, kernel)

    maps = {
        "circular": correlate,
        "zeros": correlate,
        "position": lambda x: x * np.arange(1.0, x.shape[3] + 1),
        "relu": lambda x: np.maximum(x, 0),
    }
    return maps[layer]


def equivariance(namespace: dict, function: str, layer: str, kernel, x, shift):
    """Result of ``function(f, x, shift)`` for a map ``f`` that is made here.

    >>> equivariance({"g": lambda f, x, shift: f(x).shape}, "g", "relu", np.ones((1, 1)), np.ones((1, 1, 2, 3)), (0, 1))
    (1, 1, 2, 3)
    """
    return namespace[function](shift_map(layer, kernel), x, shift)


PROBES = {probe.__name__: probe for probe in (call, forward, equivariance)}


def run(namespace: dict, probe: str, function: str, args: tuple) -> dict:
    """Outcome of a probe: its value, or its error as (types from special to general, message); changed inputs.

    >>> run({"f": lambda x: 1 / x}, "call", "f", (0,))
    {'error': (['ZeroDivisionError', 'ArithmeticError'], 'division by zero'), 'changed inputs': []}
    """
    if not callable(namespace.get(function)):
        return {"missing": function}
    before = [snapshot(argument) for argument in args]
    try:
        outcome = {"value": PROBES[probe](namespace, function, *args)}
    except Exception as error:
        names = [kind.__name__ for kind in type(error).__mro__ if kind not in (Exception, BaseException, object)]
        try:
            message = str(error)[:500]
        except Exception:
            message = ""
        outcome = {"error": (names or ["Exception"], message)}
    changed = [k for k, argument in enumerate(args) if snapshot(argument) != before[k]]
    return {**outcome, "changed inputs": changed}


def snapshot(value):
    """A comparable copy of plain data.

    >>> snapshot((np.zeros(2), {"stride": 1})) == snapshot((np.zeros(2), {"stride": 1}))
    True
    """
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [snapshot(item) for item in value]
    return value
