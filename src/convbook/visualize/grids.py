"""Filters as pictures, laid out in a grid. NumPy alone."""

import numpy as np


def filters_to_grid(w: np.ndarray, columns: int | None = None, gap: int = 1) -> np.ndarray:
    """Filters ``(F, 3, k, k)`` or ``(F, 1, k, k)`` as one picture ``(H, W, 3)`` or ``(H, W)``, values from 0 to 1.

    Each filter is stretched from its own least to its own largest value; one of equal values is grey. Cells are
    ``gap`` pixels apart, on white.

    >>> filters_to_grid(np.array([[[[0.0, 2.0]]], [[[5.0, 5.0]]]]), gap=1)
    array([[0. , 1. , 1. , 0.5, 0.5]])
    """
    w = np.asarray(w, np.float64)
    if w.ndim != 4 or w.shape[1] not in (1, 3):
        raise ValueError(f"filters to look at have shape (F, 3, kh, kw) or (F, 1, kh, kw), not {w.shape}")
    count, channels, kh, kw = w.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    low, high = w.min(axis=(1, 2, 3), keepdims=True), w.max(axis=(1, 2, 3), keepdims=True)
    flat = high == low
    unit = np.where(flat, 0.5, (w - low) / np.where(flat, 1, high - low)).transpose(0, 2, 3, 1)
    grid = np.ones((rows * (kh + gap) - gap, columns * (kw + gap) - gap, channels))
    for f in range(count):
        i, j = f // columns * (kh + gap), f % columns * (kw + gap)
        grid[i : i + kh, j : j + kw] = unit[f]
    return grid if channels == 3 else grid[..., 0]
