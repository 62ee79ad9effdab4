"""What calls cost: time that a busy machine disturbs little, as ways take turns and their median counts; operations."""

import statistics
import time

from torch.utils.flop_counter import FlopCounterMode


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


def macs(function):
    """Multiply-adds of a call."""
    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops() // 2
