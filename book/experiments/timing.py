"""Timing that a busy machine disturbs little: the ways take turns, and the median of their turns counts."""

import statistics
import time


def median_seconds(ways, repeats):
    """Median seconds of each function of a dict, after one call of each that is not counted."""
    for way in ways.values():
        way()
    spent = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            spent[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in spent.items()}
