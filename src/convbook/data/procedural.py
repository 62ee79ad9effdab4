"""What the procedural sets share: seeds, balanced labels, drawing in parts."""

import numpy as np

from convbook.data.images import Images

CHUNK = 256  # images drawn at once
COUNTS = {"train": 5000, "test": 1000}


def generator(split, seed, name):
    """Training and test images of one seed, and different sets, have nothing random in common."""
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be a whole number of at least 0, got {seed!r}")
    return np.random.default_rng([int(seed), split == "test", *name.encode()])


def count(n, split) -> int:
    if n is None:
        return COUNTS[split]
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool) or n < 1:
        raise ValueError(f"n must be a whole number of at least 1, got {n!r}")
    return int(n)


def share(value, name, lowest=0.0) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not lowest <= value <= 1:
        raise ValueError(f"{name} must be between {lowest:g} and 1, got {value!r}")
    return float(value)


def balanced(rng, n, classes) -> np.ndarray:
    """Labels in random order, each class as often as any other, or once more."""
    return rng.permutation(np.arange(n) % classes).astype(np.int64)


def drawn(draw, rng, labels, classes, source) -> Images:
    """Images of ``labels`` by ``draw(rng, labels) -> (n, C, H, W) uint8``, part by part."""
    parts = [draw(rng, labels[k : k + CHUNK]) for k in range(0, len(labels), CHUNK)]
    return Images(np.concatenate(parts), labels, tuple(classes), source)
