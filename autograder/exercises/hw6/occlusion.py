"""Exercise occlusion_map."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import wrong_from


def occlusion_map(f, x, size, stride):
    channels, h, w = x.shape
    before = f(x)
    rows = sorted({*range(0, h - size + 1, stride), h - size})
    columns = sorted({*range(0, w - size + 1, stride), w - size})
    total, times = np.zeros((h, w)), np.zeros((h, w))
    for i in rows:
        for j in columns:
            covered = np.array(x, float)
            covered[:, i : i + size, j : j + size] = 0
            fall = before - f(covered)
            total[i : i + size, j : j + size] += fall
            times[i : i + size, j : j + size] += 1
    return total / times


def by_pixels(f, x, size, stride):
    """For each pixel the squares that cover it, found by asking; lists."""
    h, w = x.shape[1:]

    def starts(length):
        found = list(range(0, length - size, stride))
        return [*found, length - size]

    falls = {}
    for i in starts(h):
        for j in starts(w):
            mask = np.ones((1, h, w))
            mask[0, i : i + size, j : j + size] = 0
            falls[i, j] = f(x) - f(x * mask)
    return [
        [
            float(np.mean([fall for (i, j), fall in falls.items() if i <= y < i + size and j <= x_ < j + size]))
            for x_ in range(w)
        ]
        for y in range(h)
    ]


def restored(f, x, size, stride):
    """One copy, covered and uncovered again; float32 in the end."""
    work = x.astype(np.float64)
    h, w = work.shape[-2:]
    tops = np.unique(np.minimum(np.arange(0, h, stride), h - size))
    lefts = np.unique(np.minimum(np.arange(0, w, stride), w - size))
    score, maps, counts = f(work), np.zeros((h, w)), np.zeros((h, w), int)
    for i in tops:
        for j in lefts:
            spot = np.s_[..., i : i + size, j : j + size]
            kept = work[spot].copy()
            work[spot] = 0
            maps[spot[1:]] -= f(work)
            work[spot] = kept
            counts[spot[1:]] += 1
    return (maps / counts + score).astype(np.float32)


def by_running_mean(f, x, size, stride):
    """The mean brought up to date with each square."""
    out, n = np.zeros(x.shape[1:]), np.zeros(x.shape[1:])
    i = 0
    while True:
        j = 0
        while True:
            inside = np.zeros(x.shape[1:], bool)
            inside[i : i + size, j : j + size] = True
            n += inside
            fall = f(x) - f(np.where(inside, 0.0, x))
            out = np.where(inside, out + (fall - out) / np.maximum(n, 1), out)
            if j == x.shape[2] - size:
                break
            j = min(j + stride, x.shape[2] - size)
        if i == x.shape[1] - size:
            return out
        i = min(i + stride, x.shape[1] - size)


APART, OVERLAP, EDGE = "squares side by side", "squares that overlap", "squares that do not fit"


def draw(rng):
    def case(group, kind, c, h, w, size, stride, power=1.0):
        weights, x = rng.standard_normal((2, c, h, w))
        return Case(group, kind, (weights, power, x + 0.3, size, stride))

    def planted():
        weights = np.zeros((3, 6, 10))
        weights[:, 2:4, 6:8] = rng.uniform(1, 2, (3, 2, 2))
        return Case(APART, "one patch that matters", (weights, 1.0, rng.uniform(0.5, 1.5, (3, 6, 10)), 2, 2))

    return [
        planted(),
        case(APART, "three channels", 3, 4, 8, 2, 2),
        case(APART, "a score with products", 2, 6, 9, 3, 3, 2.0),
        case(OVERLAP, "stride 1", 3, 4, 6, 2, 1),
        case(OVERLAP, "stride 2, size 4", 2, 6, 10, 4, 2),
        case(OVERLAP, "a score with products", 2, 5, 7, 3, 2, 2.0),
        case(EDGE, "side by side", 3, 5, 9, 2, 2),
        case(EDGE, "overlapping", 1, 8, 6, 3, 2),
        case(EDGE, "a score with products", 2, 7, 11, 4, 3, 2.0),
    ]


BEFORE = "before = f(x)"
ROWS, COLUMNS = (
    "rows = sorted({*range(0, h - size + 1, stride), h - size})",
    "columns = sorted({*range(0, w - size + 1, stride), w - size})",
)
COPY, COVER = "covered = np.array(x, float)", "covered[:, i : i + size, j : j + size] = 0"
FALL, ADD = "fall = before - f(covered)", "total[i : i + size, j : j + size] += fall"
RETURN = "return total / times"


def wrong(name, sentence, *changes, anchor="occlusion"):
    return wrong_from(occlusion_map, name, anchor, sentence, *changes)


X = np.arange(1.0, 25).reshape(2, 3, 4)
W = np.array([[[1.0, 0, 0, 2], [0, 0, 0, 0], [0, -1, 0, 0]], [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.5, 1]]])

OCCLUSION_MAP = Exercise(
    id="hw6.occlusion_map",
    function="occlusion_map",
    points=7,
    anchor="visualization-occlusion",
    reference=occlusion_map,
    probe="occluded",
    groups={APART: 3, OVERLAP: 2, EDGE: 2},
    examples=(
        Case(APART, "each pixel by itself", (W, 1.0, X, 1, 1)),
        Case(OVERLAP, "squares of 2, stride 1", (W, 1.0, X, 2, 1)),
        Case(EDGE, "squares of 2, stride 2, three rows", (W, 1.0, X, 2, 2)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "rise for fall",
            "Your sign is turned round: what matters makes the score fall, and is to be above 0.",
            (FALL, "fall = f(covered) - before"),
        ),
        wrong(
            "score for fall",
            "You return scores of covered images. The fall is the score before, less that.",
            (FALL, "fall = f(covered)"),
        ),
        wrong(
            "size of the change",
            "You take absolute values. Where covering makes the score rise, the map is below 0.",
            (FALL, "fall = abs(before - f(covered))"),
        ),
        wrong(
            "rises cut off",
            "You cut at 0. Where covering makes the score rise, the map is below 0.",
            (FALL, "fall = max(before - f(covered), 0)"),
        ),
        wrong(
            "share of the score",
            "You divide the fall by the score before. Return the fall itself.",
            (FALL, "fall = (before - f(covered)) / before"),
        ),
        wrong(
            "edge left out",
            "You leave out pixels at the lower and right edge where the squares do not fit. One more square lies at the "
            "edge.",
            (ROWS, "rows = range(0, h - size + 1, stride)"),
            (COLUMNS, "columns = range(0, w - size + 1, stride)"),
            (RETURN, "return total / np.maximum(times, 1)"),
        ),
        wrong(
            "0 / 0 at the edge",
            "Pixels at the lower and right edge are never covered where the squares do not fit, and you divide 0 by 0. One "
            "more square lies at the edge.",
            (ROWS, "rows = range(0, h - size + 1, stride)"),
            (COLUMNS, "columns = range(0, w - size + 1, stride)"),
        ),
        wrong(
            "squares cut off at the edge",
            "Your squares stick out of the image and are cut off. The last one is moved inside, and keeps its size.",
            (ROWS, "rows = range(0, h, stride)"),
            (COLUMNS, "columns = range(0, w, stride)"),
        ),
        wrong(
            "last square twice",
            "You add the square at the edge also where the last one lies there already.",
            (ROWS, "rows = [*range(0, h - size + 1, stride), h - size]"),
            (COLUMNS, "columns = [*range(0, w - size + 1, stride), w - size]"),
        ),
        wrong(
            "rows alone to the edge",
            "You add a square at the lower edge, and none at the right one.",
            (COLUMNS, "columns = range(0, w - size + 1, stride)"),
            (RETURN, "return total / np.maximum(times, 1)"),
        ),
        wrong(
            "columns alone to the edge",
            "You add a square at the right edge, and none at the lower one.",
            (ROWS, "rows = range(0, h - size + 1, stride)"),
            (RETURN, "return total / np.maximum(times, 1)"),
        ),
        wrong(
            "height for width",
            "You lay out columns by the height, or rows by the width.",
            (ROWS, "h, w = min(h, w), min(h, w)\n    rows = sorted({*range(0, h - size + 1, stride), h - size})"),
            (
                "total, times = np.zeros((h, w)), np.zeros((h, w))",
                "total, times = np.zeros(x.shape[1:]), np.zeros(x.shape[1:])",
            ),
            (RETURN, "return total / np.maximum(times, 1)"),
        ),
        wrong(
            "sum for mean",
            "You add up what the squares over a pixel say. Divide by how many there are.",
            (RETURN, "return total"),
        ),
        wrong(
            "last square wins",
            "You overwrite what earlier squares said of a pixel. Take the mean of all that cover it.",
            (ADD, "total[i : i + size, j : j + size] = fall"),
            (RETURN, "return total"),
        ),
        wrong(
            "divided by all squares",
            "You divide by the number of all squares. Divide by how many cover the pixel.",
            (RETURN, "return total / (len(rows) * len(columns))"),
        ),
        wrong(
            "divided by the area",
            "You divide by the area of a square. Divide by how many squares cover the pixel.",
            (RETURN, "return total / size**2"),
        ),
        wrong(
            "first pixel of the square",
            "You write the fall at the first pixel of a square alone. All of its pixels were covered.",
            (ADD, "total[i, j] += fall"),
        ),
        wrong(
            "one value a square",
            "You return one value for each square. Return one for each pixel.",
            (RETURN, "return (total / times)[np.ix_(rows, columns)]"),
        ),
        wrong(
            "covers pile up",
            "Earlier squares stay covered. Begin with a fresh copy each time.",
            (COPY, "pass"),
            (BEFORE, "before = f(x)\n    covered = np.array(x, float)"),
        ),
        wrong(
            "first channel alone",
            "You cover the first channel alone. Cover all.",
            (COVER, "covered[0, i : i + size, j : j + size] = 0"),
        ),
        wrong(
            "grey",
            "You cover with the mean of the image. Here squares are 0.",
            (COVER, "covered[:, i : i + size, j : j + size] = x.mean()"),
        ),
        wrong(
            "ones",
            "You cover with 1. Here squares are 0.",
            (COVER, "covered[:, i : i + size, j : j + size] = 1"),
        ),
        wrong(
            "all but the square",
            "You cover all but the square.",
            (
                COVER,
                "covered[:] = 0\n            covered[:, i : i + size, j : j + size] = x[:, i : i + size, j : j + size]",
            ),
        ),
        wrong(
            "stride always 1",
            "stride makes no difference: you move the square by one pixel.",
            (BEFORE, "stride = 1\n    before = f(x)"),
        ),
        wrong(
            "stride always size",
            "stride makes no difference: you put the squares side by side.",
            (BEFORE, "stride = size\n    before = f(x)"),
        ),
        wrong(
            "square as large as the stride",
            "size makes no difference: your squares are as large as the stride.",
            (BEFORE, "size = stride\n    before = f(x)"),
        ),
        wrong(
            "row and column exchanged",
            "Your map has rows and columns exchanged.",
            (RETURN, "return (total / times).T"),
        ),
        wrong(
            "scaled",
            "You scale the map, for display. Return it as it is.",
            (RETURN, "found = total / times\n    return (found - found.min()) / (found.max() - found.min())"),
        ),
        wrong(
            "image changed",
            "You cover the image that you were given. Cover a copy.",
            (COPY, "covered = x"),
        ),
    ),
    variants={
        "sums and counts": occlusion_map,
        "pixel by pixel, lists": by_pixels,
        "covered and restored, float32": restored,
        "a running mean": by_running_mean,
    },
)
