"""Exercise filters_to_grid."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def filters_to_grid(w, ncols):
    w = np.array(w, float)
    count, channels, kh, kw = w.shape
    nrows = -(-count // ncols)
    grid = np.ones((nrows * (kh + 1) - 1, ncols * (kw + 1) - 1, channels))
    for f in range(count):
        low, high = w[f].min(), w[f].max()
        unit = (w[f] - low) / (high - low) if high > low else np.full(w[f].shape, 0.5)
        y, x = f // ncols * (kh + 1), f % ncols * (kw + 1)
        grid[y : y + kh, x : x + kw] = unit.transpose(1, 2, 0)
    return grid


def all_at_once(w, ncols):
    """Filters stretched at once, padded with one white pixel each, and laid out by reshape; float32."""
    w = np.asarray(w, np.float32)
    flat = w.reshape(len(w), -1)
    low, extent = flat.min(axis=1), np.ptp(flat, axis=1)
    shape = (-1, 1, 1, 1)
    unit = np.where(
        extent.reshape(shape) == 0, 0.5, (w - low.reshape(shape)) / np.where(extent == 0, 1, extent).reshape(shape)
    )
    padded = np.pad(unit, ((0, -len(w) % ncols), (0, 0), (0, 1), (0, 1)), constant_values=1)
    padded[len(w) :] = 1
    cells = padded.transpose(0, 2, 3, 1)
    cells = cells.reshape(-1, ncols, *cells.shape[1:]).swapaxes(1, 2)
    return cells.reshape(cells.shape[0] * cells.shape[1], -1, cells.shape[-1])[:-1, :-1]


def value_by_value(w, ncols):
    """Lists, one value after the other."""
    count, channels, kh, kw = w.shape
    grid = [
        [[1.0] * channels for _ in range(ncols * (kw + 1) - 1)]
        for _ in range((count + ncols - 1) // ncols * (kh + 1) - 1)
    ]
    for f, c, a, b in np.ndindex(w.shape):
        low, high = float(w[f].min()), float(w[f].max())
        value = 0.5 if low == high else (float(w[f, c, a, b]) - low) / (high - low)
        grid[f // ncols * (kh + 1) + a][f % ncols * (kw + 1) + b][c] = value
    return grid


def row_by_row(w, ncols):
    """Rows of cells, joined with white lines between."""
    kh, kw = w.shape[2:]
    rows = []
    for start in range(0, len(w), ncols):
        cells = []
        for k in range(start, start + ncols):
            cell = np.ones((kh, kw, w.shape[1]))
            if k < len(w):
                cell = np.moveaxis(w[k].astype(float) - w[k].min(), 0, -1)
                cell = cell / cell.max() if cell.max() else cell + 0.5
            cells += [cell, np.ones((kh, 1, w.shape[1]))]
        row = np.concatenate(cells[:-1], axis=1)
        rows += [row, np.ones_like(row[:1])]
    return np.concatenate(rows[:-1])


FULL, PART, FLAT = "rows that are full", "a last row that is not", "filters of equal values"


def draw(rng):
    def filters(count, size=None):
        """Filters of different strength about different means."""
        kh, kw = size or sizes(rng, 2, 2, 6)
        spread, mean = rng.uniform(0.2, 2, (2, count, 1, 1, 1))
        return spread * rng.standard_normal((count, 3, kh, kw)) + mean - 1

    def flat(count, *which):
        w = filters(count)
        for f in which:
            w[f] = rng.uniform(-1, 1) if f else 0.0
        return w

    def case(group, kind, w, ncols):
        return Case(group, kind, (w, ncols))

    return [
        case(FULL, "two rows", filters(6), 3),
        case(FULL, "three rows of two", filters(6), 2),
        case(FULL, "one row", filters(4), 4),
        case(FULL, "one column", filters(3), 1),
        case(FULL, "whole numbers", rng.integers(-40, 90, (4, 3, 3, 5)), 2),
        case(PART, "one filter short", filters(5), 3),
        case(PART, "one filter in the last row", filters(7), 3),
        case(PART, "fewer filters than columns", filters(2), 5),
        case(FLAT, "a filter of zeros", flat(4, 0), 2),
        case(FLAT, "two filters of equal values", flat(6, 0, 4), 3),
    ]


AS_FLOAT, ROWS = "w = np.array(w, float)", "nrows = -(-count // ncols)"
GRID = "grid = np.ones((nrows * (kh + 1) - 1, ncols * (kw + 1) - 1, channels))"
RANGE = "low, high = w[f].min(), w[f].max()"
UNIT = "unit = (w[f] - low) / (high - low) if high > low else np.full(w[f].shape, 0.5)"
PLACE = "y, x = f // ncols * (kh + 1), f % ncols * (kw + 1)"
WRITE = "grid[y : y + kh, x : x + kw] = unit.transpose(1, 2, 0)"
RETURN = "return grid"


def wrong(name, sentence, *changes, anchor="filters"):
    return wrong_from(filters_to_grid, name, anchor, sentence, *changes)


FIRST = np.array(
    [[[[0.0, 4]], [[1, 2]], [[3, 0]]], [[[5.0, -5]], [[0, 1]], [[2, 3]]], [[[0.0, 1]], [[0, 0]], [[0, 2]]]]
)
ZERO = np.concatenate([np.zeros((1, 3, 1, 2)), FIRST[:1], np.full((1, 3, 1, 2), 3.0)])

FILTERS_TO_GRID = Exercise(
    id="hw6.filters_to_grid",
    function="filters_to_grid",
    points=8,
    anchor="visualization-filters",
    reference=filters_to_grid,
    groups={FULL: 4, PART: 2, FLAT: 2},
    examples=(
        Case(FULL, "two filters in a row", (FIRST[:2], 2)),
        Case(PART, "three filters in two columns", (FIRST, 2)),
        Case(FLAT, "a filter of zeros and one of threes", (ZERO, 3)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "one range for all",
            "You stretch all filters by one least and one largest value, so that weak filters are grey. Each has its own.",
            (RANGE, "low, high = w.min(), w.max()"),
        ),
        wrong(
            "a range for each channel",
            "You stretch each colour channel by itself, which changes the colours. A filter has one range.",
            (RANGE, "low, high = w[f].min(axis=(1, 2), keepdims=True), w[f].max(axis=(1, 2), keepdims=True)"),
            (UNIT, "unit = np.where(high > low, (w[f] - low) / np.where(high > low, high - low, 1), 0.5)"),
        ),
        wrong(
            "not stretched", "You draw the weights as they are. Stretch each filter to 0 to 1.", (UNIT, "unit = w[f]")
        ),
        wrong(
            "cut to 0 and 1",
            "You cut weights at 0 and 1. Half of them are negative: stretch instead.",
            (UNIT, "unit = np.clip(w[f], 0, 1)"),
        ),
        wrong(
            "zero is grey",
            "You divide by the largest absolute weight and put zero at the middle. Here the least weight is 0 and the "
            "largest 1.",
            (
                UNIT,
                "size = max(abs(low), abs(high))\n        "
                "unit = w[f] / size / 2 + 0.5 if high > low else np.full(w[f].shape, 0.5)",
            ),
        ),
        wrong(
            "size of the weights",
            "You draw absolute weights. Their sign matters: the least is 0, the largest 1.",
            (AS_FLOAT, "w = np.abs(np.array(w, float))"),
        ),
        wrong(
            "least not subtracted",
            "You divide by the largest weight, or by the range, and do not subtract the least first.",
            (UNIT, "unit = w[f] / (high - low) if high > low else np.full(w[f].shape, 0.5)"),
        ),
        wrong(
            "divided by the largest",
            "You subtract the least and divide by the largest. Divide by their difference.",
            (UNIT, "unit = (w[f] - low) / high if high > low else np.full(w[f].shape, 0.5)"),
        ),
        wrong(
            "upside down",
            "Your least weight is white and your largest black.",
            (UNIT, "unit = (high - w[f]) / (high - low) if high > low else np.full(w[f].shape, 0.5)"),
        ),
        wrong(
            "0 to 255",
            "Your values go from 0 to 255. They go from 0 to 1.",
            (RETURN, "return np.rint(255 * grid).astype(np.uint8)"),
        ),
        wrong(
            "0 / 0",
            "A filter of equal values has no range: you divide 0 by 0. Draw it grey, 0.5.",
            (UNIT, "unit = (w[f] - low) / (high - low)"),
        ),
        wrong(
            "equal values black",
            "You draw a filter of equal values black. Draw it grey, 0.5.",
            (UNIT, UNIT.replace("0.5", "0.0")),
        ),
        wrong(
            "equal values white",
            "You draw a filter of equal values white, as what is between the cells. Draw it grey, 0.5.",
            (UNIT, UNIT.replace("0.5", "1.0")),
        ),
        wrong(
            "channels first",
            "You return (3, H, W), as PyTorch has images. A picture to look at is (H, W, 3).",
            (RETURN, "return grid.transpose(2, 0, 1)"),
            anchor="grids",
        ),
        wrong(
            "reshape for transpose",
            "You reshape a filter to (kh, kw, 3), which mixes channels and places. Transpose it.",
            (WRITE, "grid[y : y + kh, x : x + kw] = unit.reshape(kh, kw, channels)"),
            anchor="grids",
        ),
        wrong(
            "blue first",
            "Your colours are in the order blue, green, red. Keep the order of the channels.",
            (WRITE, "grid[y : y + kh, x : x + kw] = unit.transpose(1, 2, 0)[..., ::-1]"),
            anchor="grids",
        ),
        wrong(
            "grey",
            "You average the colours. Keep the three channels.",
            (WRITE, "grid[y : y + kh, x : x + kw] = unit.mean(axis=0)[..., None]"),
        ),
        wrong(
            "turned by 180 degrees",
            "You flip the filters. A layer correlates: its filters look like what they find.",
            (WRITE, "grid[y : y + kh, x : x + kw] = unit.transpose(1, 2, 0)[::-1, ::-1]"),
        ),
        wrong(
            "no gap",
            "Your cells touch. One white pixel lies between neighbours.",
            (GRID, "grid = np.ones((nrows * kh, ncols * kw, channels))"),
            (PLACE, "y, x = f // ncols * kh, f % ncols * kw"),
            anchor="grids",
        ),
        wrong(
            "gap after the last",
            "You have a white line after the last row and column too. It lies between cells alone.",
            (GRID, "grid = np.ones((nrows * (kh + 1), ncols * (kw + 1), channels))"),
            anchor="grids",
        ),
        wrong(
            "border all round",
            "You have a white border all round. White lines lie between cells alone.",
            (RETURN, "return np.pad(grid, ((1, 1), (1, 1), (0, 0)), constant_values=1)"),
            anchor="grids",
        ),
        wrong(
            "black between",
            "What lies between your cells is black. It is white, 1.",
            (GRID, GRID.replace("ones", "zeros")),
            anchor="grids",
        ),
        wrong(
            "column by column",
            "Filter 1 lies below filter 0 in your grid. Go row by row.",
            (PLACE, "y, x = f % nrows * (kh + 1), f // nrows * (kw + 1)"),
            anchor="grids",
        ),
        wrong(
            "ncols rows",
            "You lay out ncols rows. It is the number of columns.",
            (ROWS, "ncols, nrows = -(-count // ncols), ncols"),
            anchor="grids",
        ),
        wrong(
            "last row lost",
            "You leave out the last row where it is not full. Round the number of rows up.",
            (ROWS, "nrows = max(1, count // ncols)\n    count = min(count, nrows * ncols)"),
            anchor="grids",
        ),
        wrong(
            "one row too many",
            "You have a row of blank cells where the last row is full. Round the number of rows up, and add nothing.",
            (ROWS, "nrows = count // ncols + 1"),
            anchor="grids",
        ),
        wrong(
            "blank cells filled",
            "You fill the last row by beginning anew. What is left of it stays white.",
            (
                "for f in range(count):\n",
                "w = w[np.arange(nrows * ncols) % count]\n    for f in range(nrows * ncols):\n",
            ),
            anchor="grids",
        ),
        wrong(
            "argument changed",
            "You stretch the weights in place: w itself is changed, and with it the network.",
            (AS_FLOAT, "pass"),
            (
                UNIT,
                "unit = (w[f] - low) / (high - low) if high > low else np.full(w[f].shape, 0.5)\n        w[f] = unit",
            ),
        ),
    ),
    variants={
        "filter by filter": filters_to_grid,
        "all at once, float32": all_at_once,
        "value by value, lists": value_by_value,
        "rows joined": row_by_row,
    },
)
