"""What the exercises of this assignment have in common."""

import numpy as np

from autograder.exercise import Mistake, rewrite


def sizes(rng, n, low, high):
    """``n`` whole numbers from ``low`` up to below ``high``, no two alike."""
    return [int(size) for size in rng.choice(np.arange(low, high), n, replace=False)]


def wrong_from(function, name, anchor, sentence, *changes):
    """A mistake as the difference from ``function``; ``anchor`` without the chapter's word."""
    return Mistake(name, sentence, f"visualization-{anchor}", rewrite(function, *changes))
