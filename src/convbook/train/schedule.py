"""The learning rate as a function of the step alone, so that a resumed run needs no memory of it."""

import math


def learning_rate(step: int, steps: int, options) -> float:
    """Rate of step 0, 1, ... of ``steps``.

    "one-cycle": in straight lines up to ``lr`` and down to 0 (Smith and Topin 2017, arXiv 1708.07120);
    "cosine": after the same rise, half a cosine down to 0 (Loshchilov and Hutter 2016, arXiv 1608.03983).

    >>> from convbook.train.options import Options
    >>> [round(learning_rate(k, 5, Options(lr=1.0, warmup=0.4)), 2) for k in range(5)]
    [0.5, 1.0, 0.75, 0.5, 0.25]
    """
    rise = options.warmup * steps
    if step + 1 <= rise:
        return options.lr * (step + 1) / rise
    done = (step + 1 - max(rise, 1)) / (steps - max(rise, 1) + 1)
    fall = 1 - done if options.schedule == "one-cycle" else (1 + math.cos(math.pi * done)) / 2
    return options.lr * fall
