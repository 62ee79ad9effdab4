"""Exercises roi_pool and roi_pool_backward: regions brought to one size by maxima of whole cells."""

import math

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import wrong_from
from convbook import detection


def roi_pool(feat, rois, out_size, scale):
    C, H, W = feat.shape
    oh, ow = out_size
    out = np.zeros((len(rois), C, oh, ow))
    for r in range(len(rois)):
        x1, y1, x2, y2 = np.floor(rois[r] * scale + 0.5).astype(int)
        w, h = max(x2 - x1, 1), max(y2 - y1, 1)
        for i in range(oh):
            top, bottom = y1 + i * h // oh, y1 + math.ceil((i + 1) * h / oh)
            top, bottom = max(top, 0), min(bottom, H)
            for j in range(ow):
                left, right = x1 + j * w // ow, x1 + math.ceil((j + 1) * w / ow)
                left, right = max(left, 0), min(right, W)
                if top < bottom and left < right:
                    out[r, :, i, j] = feat[:, top:bottom, left:right].max(axis=(1, 2))
    return out


def edges(low, high, bins, size):
    """Which cells each bin has, as lists."""
    start, end = math.floor(low + 0.5), math.floor(high + 0.5)
    extent = max(end - start, 1)
    spans = [range(start + i * extent // bins, start - (-(i + 1) * extent // bins)) for i in range(bins)]
    return [[cell for cell in span if 0 <= cell < size] for span in spans]


def cell_lists(feat, rois, out_size, scale):
    """Nested lists, cell by cell."""
    result = []
    for x1, y1, x2, y2 in (np.asarray(rois) * scale).tolist():
        rows, columns = edges(y1, y2, out_size[0], feat.shape[1]), edges(x1, x2, out_size[1], feat.shape[2])
        result.append(
            [
                [[max([float(m[y][x]) for y in ys for x in xs], default=0.0) for xs in columns] for ys in rows]
                for m in feat.tolist()
            ]
        )
    return result


def two_steps(feat, rois, out_size, scale):
    """Maxima over columns, then over rows, in single precision."""
    out = np.zeros((len(rois), len(feat), *out_size), np.float32)
    for r, (x1, y1, x2, y2) in enumerate(np.asarray(rois, float) * scale):
        for j, xs in enumerate(edges(x1, x2, out_size[1], feat.shape[2])):
            for i, ys in enumerate(edges(y1, y2, out_size[0], feat.shape[1])):
                if xs and ys:
                    out[r, :, i, j] = feat[:, :, xs].max(axis=2)[:, ys].max(axis=1)
    return out


def with_masks(feat, rois, out_size, scale):
    """A mask of cells for each bin."""
    y, x = np.arange(feat.shape[1])[:, None], np.arange(feat.shape[2])
    out = np.zeros((len(rois), feat.shape[0], *out_size))
    for r, roi in enumerate(rois):
        x1, y1, x2, y2 = (math.floor(v * scale + 0.5) for v in roi)
        w, h = max(x2 - x1, 1), max(y2 - y1, 1)
        for i, j in np.ndindex(*out_size):
            inside = (y >= y1 + i * h // out_size[0]) & (y < y1 + -(-(i + 1) * h // out_size[0]))
            inside = inside & (x >= x1 + j * w // out_size[1]) & (x < x1 + -(-(j + 1) * w // out_size[1]))
            if inside.any():
                out[r, :, i, j] = feat[:, inside].max(axis=1)
    return out


def roi_pool_backward(dout, feat, rois, out_size, scale):
    C, H, W = feat.shape
    oh, ow = out_size
    dfeat = np.zeros(feat.shape)
    for r in range(len(rois)):
        x1, y1, x2, y2 = np.floor(rois[r] * scale + 0.5).astype(int)
        w, h = max(x2 - x1, 1), max(y2 - y1, 1)
        for i in range(oh):
            top, bottom = y1 + i * h // oh, y1 + math.ceil((i + 1) * h / oh)
            top, bottom = max(top, 0), min(bottom, H)
            for j in range(ow):
                left, right = x1 + j * w // ow, x1 + math.ceil((j + 1) * w / ow)
                left, right = max(left, 0), min(right, W)
                if top >= bottom or left >= right:
                    continue
                for c in range(C):
                    window = feat[c, top:bottom, left:right]
                    a, b = np.unravel_index(window.argmax(), window.shape)
                    dfeat[c, top + a, left + b] += dout[r, c, i, j]
    return dfeat


def back_cell_lists(dout, feat, rois, out_size, scale):
    """The first of the largest cells by hand; nested lists."""
    dfeat = np.zeros(feat.shape).tolist()
    for r, (x1, y1, x2, y2) in enumerate((np.asarray(rois) * scale).tolist()):
        rows, columns = edges(y1, y2, out_size[0], feat.shape[1]), edges(x1, x2, out_size[1], feat.shape[2])
        for c in range(len(feat)):
            for i, ys in enumerate(rows):
                for j, xs in enumerate(columns):
                    cells = [(y, x) for y in ys for x in xs]
                    if cells:
                        y, x = max(cells, key=lambda cell: (feat[c][cell], -cell[0], -cell[1]))
                        dfeat[c][y][x] += float(dout[r, c, i, j])
    return dfeat


def back_flat(dout, feat, rois, out_size, scale):
    """Flat places of the maxima, added up by bincount."""
    C, H, W = feat.shape
    places, values = [], []
    for r, (x1, y1, x2, y2) in enumerate(np.asarray(rois, float) * scale):
        for i, ys in enumerate(edges(y1, y2, out_size[0], H)):
            for j, xs in enumerate(edges(x1, x2, out_size[1], W)):
                if ys and xs:
                    flat = np.add.outer(np.multiply(ys, W), xs).ravel()
                    best = flat[feat.reshape(C, -1)[:, flat].argmax(axis=1)]
                    places.append(best + np.arange(C) * H * W)
                    values.append(dout[r, :, i, j])
    if not places:
        return np.zeros(feat.shape)
    return np.bincount(np.concatenate(places), np.concatenate(values), feat.size).reshape(feat.shape)


def back_by_probing(dout, feat, rois, out_size, scale):
    """One-hot maps of the maxima, one bin at a time, in single precision."""
    dfeat = np.zeros(feat.shape, np.float32)
    for r, (x1, y1, x2, y2) in enumerate(np.asarray(rois, float) * scale):
        rows, columns = edges(y1, y2, out_size[0], feat.shape[1]), edges(x1, x2, out_size[1], feat.shape[2])
        for i, j in np.ndindex(*out_size):
            if rows[i] and columns[j]:
                window = feat[:, rows[i][0] : rows[i][-1] + 1, columns[j][0] : columns[j][-1] + 1]
                flat = window.reshape(len(feat), -1)
                hot = np.arange(flat.shape[1]) == flat.argmax(axis=1)[:, None]
                share = (hot * dout[r, :, i, j, None]).reshape(window.shape)
                dfeat[:, rows[i][0] : rows[i][-1] + 1, columns[j][0] : columns[j][-1] + 1] += share.astype(np.float32)
    return dfeat


EVEN, UNEVEN, SCALED, OUTSIDE = (
    "bins of equal size",
    "uneven bins",
    "scale and rounding",
    "small boxes, boxes that leave the map",
)
TIES = "ties, and what adds up"


def values(rng, C, H, W):
    """A map whose values all differ; most are negative."""
    return (rng.permutation(C * H * W).reshape(C, H, W) - 0.8 * C * H * W) / 7


def maps(rng):
    """Cases as ``(group, kind, feat, rois, out_size, scale)``."""

    def box(x, y, w, h):
        return [float(x), float(y), float(x + w), float(y + h)]

    feat, tall = values(rng, 3, 8, 11), values(rng, 2, 12, 7)
    k = int(rng.integers(0, 2))
    some = np.array([box(k, 1, 6, 4), box(2, k, 8, 6)])
    uneven = np.array([box(k, 1, 7, 5), box(3, k, 5, 7), box(1, 2, 10, 3)])
    pixels = np.array([box(17 + k, 9, 81, 60), box(40, 23, 100.5, 77.3), box(3.2, 30, 50, 44.9 + k)])
    low = np.array([[1.3, 0.6, 5.4, 6.4], [2.7 - k / 4, 1.2, 6.8, 3.8], [0.2, 2.6, 4.45, 7.3]])
    halves = np.array([[0.5, 1.5, 4.5, 5.5], [2.5, 0.5, 8.5, 3.5], [1.5, 2.5, 6.5, 7.5]])
    small = np.array([box(3 + k, 2, 0.3, 0.2), box(5, 4, 0, 0), box(1.6, 3.1, 0.2, 3.5)])
    leaving = np.array([[-3.0, -2, 5, 4], [7, 5, 15, 12], [-2, 3 + k, 13, 7]])
    outside = np.array([[20.0, 2, 26, 6], [-9, -8, -3, -2], [2, k, 6, 4]])
    return [
        (EVEN, "two boxes", feat, some, (2, 2), 1.0),
        (EVEN, "a high map", tall, np.array([box(k, 2, 6, 8)]), (4, 3), 1.0),
        (EVEN, "one bin", feat, some, (1, 1), 1.0),
        (EVEN, "more rows than columns", feat, some, (2, 1), 1.0),
        (EVEN, "one box", feat, some[1:], (3, 4), 1.0),
        (UNEVEN, "boxes that bins do not divide", feat, uneven, (2, 3), 1.0),
        (UNEVEN, "bins that share cells, as many rows as columns", feat, uneven, (3, 3), 1.0),
        (UNEVEN, "more bins than cells", feat, np.array([box(2, 1 + k, 3, 2)]), (4, 5), 1.0),
        (UNEVEN, "a high map", tall, np.array([box(k, 1, 5, 9), box(1, k, 4, 11)]), (4, 3), 1.0),
        (SCALED, "stride 8", feat, pixels, (2, 2), 0.125),
        (SCALED, "stride 4, a high map", tall, np.array([box(3 + k, 5, 17.4, 39.2)]), (3, 2), 0.25),
        (SCALED, "edges that are no whole numbers", feat, low, (2, 2), 1.0),
        (SCALED, "edges at halves", feat, halves, (2, 2), 1.0),
        (OUTSIDE, "boxes smaller than a cell", feat, small, (2, 2), 1.0),
        (OUTSIDE, "boxes that leave the map", feat, leaving, (3, 3), 1.0),
        (OUTSIDE, "some wholly outside", feat, outside, (2, 2), 1.0),
    ]


def draw_pool(rng):
    return [Case(group, kind, tuple(args)) for group, kind, *args in maps(rng)]


def draw_back(rng):
    cases = []
    for group, kind, feat, rois, out_size, scale in maps(rng):
        dout = rng.normal(size=(len(rois), len(feat), *out_size)) + 0.3
        cases.append(Case(group, kind, (dout, feat, rois, out_size, scale)))
    feat = values(rng, 2, 6, 7)
    overlapping = np.array([[0.0, 0, 6, 4], [1, 1, 7, 5], [0, 0, 6, 4]])
    dout = rng.normal(size=(3, 2, 2, 3)) + 0.3
    cases.append(Case(TIES, "boxes that overlap", (dout, feat, overlapping, (2, 3), 1.0)))
    relu = np.maximum(np.rint(rng.normal(size=(2, 6, 8))), 0)
    dout = rng.normal(size=(2, 2, 2, 2)) + 0.3
    cases.append(Case(TIES, "a map after ReLU", (dout, relu, np.array([[0.0, 1, 7, 6], [2, 0, 8, 5]]), (2, 2), 1.0)))
    cases.append(
        Case(
            TIES, "equal values", (dout, np.full((2, 5, 6), 2.0), np.array([[0.0, 1, 6, 5], [1, 0, 5, 5]]), (2, 2), 1.0)
        )
    )
    return cases


ROUND = "x1, y1, x2, y2 = np.floor(rois[r] * scale + 0.5).astype(int)"
ATLEAST = "w, h = max(x2 - x1, 1), max(y2 - y1, 1)"
ROWS = "top, bottom = y1 + i * h // oh, y1 + math.ceil((i + 1) * h / oh)"
COLUMNS = "left, right = x1 + j * w // ow, x1 + math.ceil((j + 1) * w / ow)"
CUT_ROWS, CUT_COLUMNS = "top, bottom = max(top, 0), min(bottom, H)", "left, right = max(left, 0), min(right, W)"
SIZE = "oh, ow = out_size"


def bins_wrong(function):
    """Mistakes of which cells a bin has: the same forward and backward."""

    def wrong(name, sentence, *changes, anchor="roi-pool"):
        return wrong_from(function, name, anchor, sentence, *changes)

    return (
        wrong(
            "scale unused",
            "You forget the scale. Boxes are in pixels; times the scale they are in cells of the map.",
            (ROUND, ROUND.replace(" * scale", "")),
        ),
        wrong(
            "divided by the scale",
            "You divide by the scale. It is cells per pixel, 1 / stride: multiply.",
            (ROUND, ROUND.replace("* scale", "/ scale")),
        ),
        wrong(
            "rounded down",
            "You round the edges down. Round to the nearest cell, halves up: floor(x + 0.5).",
            (ROUND, ROUND.replace(" + 0.5", "")),
        ),
        wrong(
            "rounded up",
            "You round the edges up. Round to the nearest cell, halves up: floor(x + 0.5).",
            (ROUND, ROUND.replace("np.floor(rois[r] * scale + 0.5)", "np.ceil(rois[r] * scale)")),
        ),
        wrong(
            "halves to even",
            "np.round takes halves to the even neighbour: 0.5 becomes 0 and 1.5 becomes 2. Here halves go up: floor(x"
            " + 0.5).",
            (ROUND, ROUND.replace("np.floor(rois[r] * scale + 0.5)", "np.round(rois[r] * scale)")),
        ),
        wrong(
            "edges outwards",
            "You round the first corner down and the second one up. Both go to the nearest cell, halves up.",
            (
                ROUND,
                "x1, y1, x2, y2 = np.concatenate([np.floor(rois[r, :2] * scale), np.ceil(rois[r, 2:] * "
                "scale)]).astype(int)",
            ),
        ),
        wrong(
            "last cell counted",
            "Your boxes have one cell more along each axis, as in the first code. Here the second corner is an edge: "
            "x2 - x1 cells.",
            (ATLEAST, "w, h = max(x2 - x1 + 1, 1), max(y2 - y1 + 1, 1)"),
        ),
        wrong(
            "no cell at least",
            "A box may be smaller than a cell after rounding. Take one cell at least along each axis.",
            (ATLEAST, "w, h = x2 - x1, y2 - y1"),
        ),
        wrong(
            "end rounded down",
            "The last cell of your bins is missing where they do not divide the box: a bin ends at the ceiling.",
            (ROWS, "top, bottom = y1 + i * h // oh, y1 + (i + 1) * h // oh"),
            (COLUMNS, "left, right = x1 + j * w // ow, x1 + (j + 1) * w // ow"),
        ),
        wrong(
            "start rounded up",
            "The first cell of your bins is missing where they do not divide the box: a bin begins at the floor.",
            (ROWS, "top, bottom = y1 + math.ceil(i * h / oh), y1 + math.ceil((i + 1) * h / oh)"),
            (COLUMNS, "left, right = x1 + math.ceil(j * w / ow), x1 + math.ceil((j + 1) * w / ow)"),
        ),
        wrong(
            "bins of one size",
            "Your bins all have floor(h / oh) cells, so the rest of the box belongs to none. Compute both ends of "
            "each bin.",
            (ROWS, "top, bottom = y1 + i * (h // oh), y1 + (i + 1) * (h // oh)"),
            (COLUMNS, "left, right = x1 + j * (w // ow), x1 + (j + 1) * (w // ow)"),
        ),
        wrong(
            "bins of one size, rounded up",
            "Your bins all have ceil(h / oh) cells, and the last ones leave the box. Compute both ends of each bin.",
            (ROWS, "top, bottom = y1 + i * math.ceil(h / oh), y1 + (i + 1) * math.ceil(h / oh)"),
            (COLUMNS, "left, right = x1 + j * math.ceil(w / ow), x1 + (j + 1) * math.ceil(w / ow)"),
        ),
        wrong(
            "x and y swapped",
            "You take x for rows and y for columns of the map. Rows are y.",
            (ROUND, ROUND.replace("x1, y1, x2, y2", "y1, x1, y2, x2")),
        ),
        wrong(
            "taken for x, y, w, h",
            "You take the last two numbers of a box for width and height. They are the lower right corner.",
            (ATLEAST, "w, h = max(x2, 1), max(y2, 1)"),
            anchor="coordinates",
        ),
        wrong(
            "clipped first",
            "You clip the box to the map before you divide it into bins, and they become smaller. Divide first; what "
            "lies outside of the "
            "map is cut off each bin.",
            (ROUND, f"{ROUND}\n        x1, x2, y1, y2 = *np.clip([x1, x2], 0, W), *np.clip([y1, y2], 0, H)"),
            anchor="clip",
        ),
        wrong(
            "not cut at 0",
            "Your bins begin at negative cells, which Python counts from the far end. Cut them at 0.",
            (CUT_ROWS, "bottom = min(bottom, H)"),
            (CUT_COLUMNS, "right = min(right, W)"),
        ),
        wrong("first box alone", "You treat every box as the first one.", (ROUND, ROUND.replace("rois[r]", "rois[0]"))),
        wrong(
            "rows cut at the width",
            "You cut rows at the width of the map and columns at its height.",
            (CUT_ROWS, "top, bottom = max(top, 0), min(bottom, W, H)"),
            (CUT_COLUMNS, "left, right = max(left, 0), min(right, H, W)"),
        ),
    )


LARGEST = "out[r, :, i, j] = feat[:, top:bottom, left:right].max(axis=(1, 2))"
NONE = "if top < bottom and left < right:"
START, END = "out = np.zeros((len(rois), C, oh, ow))", "    return out"


def wrong(name, sentence, *changes, anchor="roi-pool"):
    return wrong_from(roi_pool, name, anchor, sentence, *changes)


EXAMPLE = np.arange(64.0).reshape(1, 8, 8)

ROI_POOL = Exercise(
    id="hw7.roi_pool",
    function="roi_pool",
    points=7,
    anchor="detection-roi-pool",
    reference=detection.roi_pool,
    groups={EVEN: 2, UNEVEN: 2, SCALED: 2, OUTSIDE: 1},
    examples=(
        Case(EVEN, "four bins of 3x2 cells", (EXAMPLE, np.array([[1.0, 2, 5, 8]]), (2, 2), 1.0)),
        Case(UNEVEN, "the 7x5 box of a lecture", (EXAMPLE, np.array([[0.0, 3, 7, 8]]), (2, 2), 1.0)),
        Case(SCALED, "a box of pixels, stride 16", (EXAMPLE, np.array([[20.0, 40, 90, 121]]), (2, 2), 1 / 16)),
        Case(OUTSIDE, "a box half outside", (EXAMPLE - 50, np.array([[-4.0, -4, 4, 4]]), (2, 2), 1.0)),
    ),
    draw=draw_pool,
    mistakes=(
        *bins_wrong(roi_pool),
        wrong(
            "mean",
            "You take the mean of each bin. RoI pooling takes the maximum.",
            (LARGEST, LARGEST.replace(".max(", ".mean(")),
        ),
        wrong(
            "sum", "You add up each bin. RoI pooling takes the maximum.", (LARGEST, LARGEST.replace(".max(", ".sum("))
        ),
        wrong(
            "minimum",
            "You take the minimum of each bin. RoI pooling takes the maximum.",
            (LARGEST, LARGEST.replace(".max(", ".min(")),
        ),
        wrong(
            "absolute values",
            "You take the largest absolute value. It is the largest value.",
            (LARGEST, "out[r, :, i, j] = abs(feat[:, top:bottom, left:right]).max(axis=(1, 2))"),
        ),
        wrong(
            "channels mixed",
            "You take the maximum over all channels. Each channel has its own.",
            (LARGEST, "out[r, :, i, j] = feat[:, top:bottom, left:right].max()"),
        ),
        wrong(
            "ReLU",
            "You begin with 0, so negative maxima become 0. Only an empty bin gives 0.",
            (LARGEST, "out[r, :, i, j] = np.maximum(0, feat[:, top:bottom, left:right].max(axis=(1, 2)))"),
        ),
        wrong(
            "empty bin",
            "You fail where a bin has no cell, as outside of the map. Such a bin gives 0.",
            (NONE, "if True:"),
        ),
        wrong(
            "minus infinity",
            "An empty bin gives minus infinity in your code. It gives 0.",
            (START, "out = np.full((len(rois), C, oh, ow), -np.inf)"),
        ),
        wrong(
            "first cell",
            "You take the first cell of each bin. Take the largest.",
            (LARGEST, "out[r, :, i, j] = feat[:, top, left]"),
        ),
        wrong(
            "output size swapped",
            "You read out_size as width and height. It holds the rows first.",
            (SIZE, "ow, oh = out_size"),
        ),
        wrong("square output", "You take out_size[0] for both sides.", (SIZE, "oh = ow = out_size[0]")),
        wrong(
            "channels first",
            "Your result is (C, R, oh, ow). Boxes come first.",
            (END, "    return out.transpose(1, 0, 2, 3)"),
        ),
        wrong("one box", "You return the first box alone. Each box has a result.", (END, "    return out[0]")),
        wrong(
            "transposed",
            "Your bins are transposed: i runs down, j to the right.",
            (END, "    return out.transpose(0, 1, 3, 2)"),
        ),
        wrong(
            "whole map",
            "You take the maximum of the whole box for each bin.",
            (LARGEST, "out[r, :, i, j] = feat[:, max(y1, 0) : y1 + h, max(x1, 0) : x1 + w].max(axis=(1, 2))"),
        ),
    ),
    variants={
        "loops": roi_pool,
        "lists of cells, lists": cell_lists,
        "columns, then rows, single precision": two_steps,
        "masks": with_masks,
    },
)

WINDOW = "window = feat[c, top:bottom, left:right]"
WHERE = "a, b = np.unravel_index(window.argmax(), window.shape)"
ADD = "dfeat[c, top + a, left + b] += dout[r, c, i, j]"
LAST = "    return dfeat"


def back(name, sentence, *changes, anchor="roi-pool"):
    return wrong_from(roi_pool_backward, name, anchor, sentence, *changes)


ROI_POOL_BACKWARD = Exercise(
    id="hw7.roi_pool_backward",
    function="roi_pool_backward",
    points=5,
    anchor="detection-roi-pool",
    reference=detection.roi_pool_backward,
    groups={EVEN: 1, UNEVEN: 1, SCALED: 1, OUTSIDE: 1, TIES: 1},
    examples=(
        Case(
            EVEN,
            "four bins of 3x2 cells",
            (np.array([[[[1.0, 2], [3, 4]]]]), EXAMPLE, np.array([[1.0, 2, 5, 8]]), (2, 2), 1.0),
        ),
        Case(
            TIES,
            "two boxes with one maximum",
            (
                np.array([[[[1.0]]], [[[10]]]]),
                np.array([[[1.0, 5], [2, 3]]]),
                np.array([[0.0, 0, 2, 2], [1, 0, 2, 2]]),
                (1, 1),
                1.0,
            ),
        ),
        Case(
            TIES,
            "all values equal",
            (np.array([[[[1.0]]]]), np.ones((1, 2, 3)), np.array([[0.0, 0, 3, 2]]), (1, 1), 1.0),
        ),
    ),
    draw=draw_back,
    mistakes=(
        *bins_wrong(roi_pool_backward),
        back(
            "overwritten",
            "You write over what was there. One cell may be the maximum of several bins and boxes: add up with +=.",
            (ADD, ADD.replace("+=", "=")),
        ),
        back(
            "all of equal ones",
            "Every cell equal to the maximum gets the whole gradient in your code. Only the first of them gets it.",
            (WHERE, ""),
            (ADD, "dfeat[c, top:bottom, left:right] += (window == window.max()) * dout[r, c, i, j]"),
        ),
        back(
            "equal ones share",
            "Cells equal to the maximum share the gradient in your code. Here the first of them gets it all.",
            (WHERE, ""),
            (
                ADD,
                "dfeat[c, top:bottom, left:right] += (window == window.max()) / (window == window.max()).sum() * "
                "dout[r, c, i, j]",
            ),
        ),
        back(
            "last of equal ones",
            "Of equal cells you take the last. The first one, row by row, gets the gradient.",
            (WHERE, "a, b = np.unravel_index(window.size - 1 - window.ravel()[::-1].argmax(), window.shape)"),
        ),
        back(
            "first of a column",
            "Of equal cells you take the first down the columns. Go row by row, as argmax does.",
            (WHERE, "b, a = np.unravel_index(window.T.argmax(), window.T.shape)"),
        ),
        back(
            "spread evenly",
            "You spread the gradient over the whole bin, as for a mean. It goes to the maximum.",
            (WHERE, ""),
            (ADD, "dfeat[c, top:bottom, left:right] += dout[r, c, i, j] / window.size"),
        ),
        back(
            "to the whole bin",
            "Each cell of the bin gets the gradient in your code. It goes to the maximum alone.",
            (WHERE, ""),
            (ADD, "dfeat[c, top:bottom, left:right] += dout[r, c, i, j]"),
        ),
        back(
            "to the minimum",
            "Your gradient goes to the smallest value of the bin.",
            (WHERE, WHERE.replace("argmax", "argmin")),
        ),
        back(
            "place within the bin",
            "argmax tells the place within the bin. Add where the bin begins.",
            (ADD, "dfeat[c, a, b] += dout[r, c, i, j]"),
        ),
        back(
            "divided by the height",
            "argmax counts along rows: divide the flat place by the width of the bin, not by its height.",
            (
                WHERE,
                "b, a = np.unravel_index(window.argmax(), window.shape[::-1])\n                    a, b = min(a, "
                "window.shape[0] - 1), min(b, window.shape[1] - 1)",
            ),
        ),
        back(
            "channels share a place",
            "You look for the maximum in the first channel and use its place for all.",
            (WINDOW, "window = feat[0, top:bottom, left:right]"),
        ),
        back(
            "maximum over channels",
            "You give each channel the gradients of all. Each has its own.",
            (ADD, "dfeat[c, top + a, left + b] += dout[r, :, i, j].sum()"),
        ),
        back(
            "dout unused",
            "dout makes no difference to your result: every maximum gets 1.",
            (ADD, "dfeat[c, top + a, left + b] += 1"),
            anchor="roi-pool",
        ),
        back(
            "times the maximum",
            "You multiply the gradient by the maximum. The derivative of a maximum is 1.",
            (ADD, "dfeat[c, top + a, left + b] += dout[r, c, i, j] * window.max()"),
        ),
        back(
            "mean over boxes",
            "You divide by the number of boxes. Whether the loss is a mean is already in dout.",
            (LAST, "    return dfeat / len(rois)"),
        ),
        back(
            "of the last box",
            "You begin anew for each box. What they send adds up.",
            (ATLEAST, f"{ATLEAST}\n        dfeat = np.zeros(feat.shape)"),
        ),
        back(
            "map transposed",
            "Your gradient has rows and columns of the map exchanged.",
            (LAST, "    return dfeat.transpose(0, 2, 1)"),
        ),
        back(
            "bins transposed",
            "You read dout with i to the right and j down.",
            (ADD, "dfeat[c, top + a, left + b] += dout[r, c, j % oh, i % ow]"),
        ),
        back(
            "argument changed",
            "You add to the map that you were given. Write to something new.",
            ("dfeat = np.zeros(feat.shape)", "dfeat = feat"),
        ),
        back(
            "integers",
            "Your result has the dtype of whole numbers, and gradients are cut. Make it float.",
            ("dfeat = np.zeros(feat.shape)", "dfeat = np.zeros(feat.shape, int)"),
        ),
    ),
    variants={
        "loops": roi_pool_backward,
        "lists of cells, lists": back_cell_lists,
        "flat places, bincount": back_flat,
        "one-hot windows, single precision": back_by_probing,
    },
)
