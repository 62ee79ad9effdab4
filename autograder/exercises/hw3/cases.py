"""Layers for the cases: sizes drawn so that whatever a mistake could confuse differs."""

import numpy as np

from autograder.exercise import Case


def apart(rng, low, high, count=2):
    """That many different integers from ``low`` to ``high - 1``."""
    return [int(k) for k in rng.choice(np.arange(low, high), count, replace=False)]


def fitting(kernel, stride, padding, dilation, remainders, steps=(2, 3)):
    """A size three windows high and four wide that leaves the given numbers of pixels over."""
    settings = zip(kernel, stride, padding, dilation, remainders, steps, strict=True)
    return [d * (k - 1) + 1 - 2 * p + count * s + r for k, s, p, d, r, count in settings]


def tensors(rng, n, c, f, groups, size, kernel, integer=False):
    """Images, filters and distinct biases of a layer; the last two fit even where ``groups`` divides nothing."""
    shape = (n, c, *size)
    x = rng.integers(0, 256, shape, dtype=np.uint8) if integer else rng.normal(size=shape)
    w = rng.normal(size=(f, max(1, c // groups), *kernel))
    b = rng.permutation(np.arange(1, f + 1)) + rng.uniform(0.1, 0.4, f)
    return x, w, b


def refused(rng):
    """``(kind, c, f, groups)`` of layers that do not exist."""
    g, m = int(rng.integers(3, 6)), int(rng.integers(2, 4))
    return [
        ("groups that do not divide the input channels", g * m + 1, g * m, g),
        ("groups that do not divide the filters", g * m, g * m + g - 1, g),
        ("groups that divide neither, but their sum", g * m + 1, g * m + g - 1, g),
        ("groups that divide neither", 4 * m + 2, 4 * m + 6, 4),
        ("groups that divide only the product", 4, 9, 6),
        ("more groups than filters", 2 * g, 1, g),
    ]


def case(group, kind, tensors, *settings):
    return Case(group, kind, (*tensors, *settings))
