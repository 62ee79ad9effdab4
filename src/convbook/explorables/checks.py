"""Checks that the backward explorables share."""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.sizes import whole

AXES = {1: "(n,)", 2: "(rows, columns)"}


def numbers(value, name: str, ndim: int) -> list:
    """``value`` as nested lists of finite floats of ``ndim`` axes, none of length 0, or ``ValueError``.

    >>> numbers(np.array([1, 2]), "x", 1)
    [1.0, 2.0]
    >>> numbers([1, float("nan")], "x", 1)
    Traceback (most recent call last):
    ...
    ValueError: x must hold finite numbers, got nan
    """
    array = as_float(value, name, ndim, AXES[ndim])
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, got {array[~np.isfinite(array)][0]}")
    return array.tolist()


def check_limits(sizes: dict, limits: dict) -> None:
    """Raise ``ValueError`` unless each of ``sizes`` is an integer within its ``(least, most)``.

    >>> check_limits({"stride": 9}, {"stride": (1, 4)})
    Traceback (most recent call last):
    ...
    ValueError: stride must be at most 4 in this explorable, got 9
    """
    for name, (least, most) in limits.items():
        if whole(name, sizes[name], least) > most:
            raise ValueError(f"{name} must be at most {most} in this explorable, got {sizes[name]}")
