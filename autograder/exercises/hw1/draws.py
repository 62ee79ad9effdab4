"""Images and kernels of the cases: sizes that differ wherever a mistake could confuse them."""

import numpy as np


def apart(rng, low: int, high: int) -> tuple[int, int]:
    """Two different ints from ``low`` to ``high - 1``.

    >>> len(set(apart(np.random.default_rng(0), 2, 4)))
    2
    """
    first, second = rng.choice(np.arange(low, high), 2, replace=False)
    return int(first), int(second)


def photograph(rng, size: tuple[int, int]) -> np.ndarray:
    """Random 8-bit grey values, the extremes among them.

    >>> image = photograph(np.random.default_rng(0), (3, 4))
    >>> image.dtype, int(image.min()), int(image.max())
    (dtype('uint8'), 0, 255)
    """
    image = rng.integers(0, 256, size, dtype=np.uint8)
    image.flat[rng.choice(image.size, 2, replace=False)] = 0, 255
    return image
