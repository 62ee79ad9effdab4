"""Boxes that the cases of several exercises are made of."""

import numpy as np

from autograder.exercise import Mistake, rewrite


def boxes(rng, n, largest=300, least=8):
    """``n`` boxes, xyxy, corners up to ``largest``; no two of their numbers alike, none of them square."""
    corner = rng.uniform(1, largest * 0.6, (n, 2))
    size = rng.uniform(least, largest * 0.4, (n, 2))
    return np.concatenate([corner, corner + size], axis=1)


def around(rng, centres, spread):
    """For each of the boxes a box near it, its corners moved by up to ``spread`` of its sides."""
    size = np.tile(centres[:, 2:] - centres[:, :2], 2)
    return centres + rng.uniform(-spread, spread, centres.shape) * size


def two_sizes(rng, low, high):
    """Two numbers from ``low`` up to below ``high``, never the same."""
    one, other = rng.choice(np.arange(low, high), 2, replace=False)
    return int(one), int(other)


def wrong_from(function, name, anchor, sentence, *changes):
    """A mistake as the difference from ``function``; ``anchor`` without the chapter's word."""
    return Mistake(name, sentence, f"detection-{anchor}", rewrite(function, *changes))
