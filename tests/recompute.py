"""What the tests of the lectures' numbers share: a check for each entry, and small oracles."""

import numpy as np

from convbook.lecture_numbers import CHAPTERS


class Checks:
    """The checks of one chapter, each a function without arguments under the key that it recomputes."""

    def __init__(self, chapter: str):
        self.numbers, self.by_key = CHAPTERS[chapter], {}

    def check(self, key):
        """Register the function that recomputes ``corrected(key)``, or returns it after an experiment."""

        def register(function):
            assert key not in self.by_key, key
            self.by_key[key] = function
            return function

        return register

    def corrected(self, key):
        return self.numbers[key].corrected

    def hold(self, key) -> None:
        """Recompute an entry and compare."""
        value, expected = self.by_key[key](), self.corrected(key)
        if isinstance(expected, str):
            assert value == expected
        else:
            value = np.asarray(value, dtype=float)
            assert value.shape == np.shape(expected)
            np.testing.assert_allclose(value, np.asarray(expected, dtype=float), rtol=1e-12)


def size(n, k, s=1, p=0, d=1):
    """Output size by counting the positions where the kernel fits."""
    return sum(start + d * (k - 1) < n + 2 * p for start in range(0, n + 2 * p, s))


def field(layers):
    """Receptive field from the far end: how many inputs do ``width`` neighbouring outputs need?"""
    width = 1
    for k, s in reversed(layers):
        width = (width - 1) * s + k
    return width
