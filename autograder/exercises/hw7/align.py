"""Exercise roi_align: regions brought to one size by interpolation, nothing rounded."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import wrong_from
from autograder.exercises.hw7.regions import values
from convbook import detection


def roi_align(feat, rois, out_size, scale, samples=2):
    C, H, W = feat.shape
    oh, ow = out_size
    out = np.zeros((len(rois), C, oh, ow))

    def value(y, x):
        y, x = y - 0.5, x - 0.5
        if y < -1 or y > H or x < -1 or x > W:
            return 0
        y, x = min(max(y, 0), H - 1), min(max(x, 0), W - 1)
        top, left = int(y), int(x)
        down, right = y - top, x - left
        bottom, other = min(top + 1, H - 1), min(left + 1, W - 1)
        upper = (1 - right) * feat[:, top, left] + right * feat[:, top, other]
        lower = (1 - right) * feat[:, bottom, left] + right * feat[:, bottom, other]
        return (1 - down) * upper + down * lower

    for r in range(len(rois)):
        x1, y1, x2, y2 = rois[r] * scale
        bin_h, bin_w = (y2 - y1) / oh, (x2 - x1) / ow
        for i in range(oh):
            for j in range(ow):
                found = []
                for a in range(samples):
                    for b in range(samples):
                        y = y1 + (i + (a + 0.5) / samples) * bin_h
                        x = x1 + (j + (b + 0.5) / samples) * bin_w
                        found.append(value(y, x))
                out[r, :, i, j] = sum(found) / len(found)
    return out


def by_tents(feat, rois, out_size, scale, samples=2):
    """A point weighs each cell by max(0, 1 - distance); nested lists."""
    result = []
    for x1, y1, x2, y2 in np.asarray(rois, float) * scale:
        weights = []
        for low, high, bins, size in ((y1, y2, out_size[0], feat.shape[1]), (x1, x2, out_size[1], feat.shape[2])):
            points = low + (np.arange(bins * samples) + 0.5) / (bins * samples) * (high - low) - 0.5
            tents = 1 - np.abs(np.clip(points, 0, size - 1)[:, None] - np.arange(size))
            inside = (points >= -1) & (points <= size)
            weights.append((np.maximum(tents, 0) * inside[:, None]).reshape(bins, samples, size).mean(axis=1))
        result.append(np.einsum("iy,cyx,jx->cij", weights[0], feat, weights[1]).tolist())
    return result


def all_points_at_once(feat, rois, out_size, scale, samples=2):
    """Fancy indexing at the four neighbours, in single precision."""
    feat, (C, H, W), (oh, ow) = feat.astype(np.float32), feat.shape, out_size
    rois = np.asarray(rois, np.float64) * scale
    steps_y, steps_x = ((np.arange(n * samples) + 0.5) / (n * samples) for n in (oh, ow))
    y = rois[:, 1:2] + steps_y * (rois[:, 3:4] - rois[:, 1:2]) - 0.5
    x = rois[:, 0:1] + steps_x * (rois[:, 2:3] - rois[:, 0:1]) - 0.5
    inside = ((y >= -1) & (y <= H))[:, :, None] & ((x >= -1) & (x <= W))[:, None, :]
    y, x = np.clip(y, 0, H - 1), np.clip(x, 0, W - 1)
    y0, x0 = np.minimum(np.floor(y), max(H - 2, 0)).astype(int), np.minimum(np.floor(x), max(W - 2, 0)).astype(int)
    y1, x1 = np.minimum(y0 + 1, H - 1), np.minimum(x0 + 1, W - 1)
    fy, fx = (y - y0)[:, :, None], (x - x0)[:, None, :]

    def at(rows, columns):
        return feat[:, rows[:, :, None], columns[:, None, :]]

    upper = at(y0, x0) * (1 - fx) + at(y0, x1) * fx
    lower = at(y1, x0) * (1 - fx) + at(y1, x1) * fx
    points = (upper * (1 - fy) + lower * fy) * inside
    return points.reshape(C, -1, oh, samples, ow, samples).mean(axis=(3, 5)).transpose(1, 0, 2, 3)


def padded_border(feat, rois, out_size, scale, samples=2):
    """A border of copies, so that no neighbour is missing."""
    C, H, W = feat.shape
    padded = np.pad(feat, ((0, 0), (2, 2), (2, 2)), "edge")
    out = np.zeros((len(rois), C, *out_size))
    for r, (x1, y1, x2, y2) in enumerate(np.asarray(rois, float) * scale):
        for i, j, a, b in np.ndindex(*out_size, samples, samples):
            y = y1 + (y2 - y1) * (i * samples + a + 0.5) / (out_size[0] * samples) + 1.5
            x = x1 + (x2 - x1) * (j * samples + b + 0.5) / (out_size[1] * samples) + 1.5
            if not (1 <= y <= H + 2 and 1 <= x <= W + 2):
                continue
            m, n = min(int(y), H + 2), min(int(x), W + 2)
            corner = padded[:, m : m + 2, n : n + 2]
            wy, wx = np.array([m + 1 - y, y - m]), np.array([n + 1 - x, x - n])
            out[r, :, i, j] += np.einsum("cyx,y,x->c", corner, wy[: corner.shape[1]], wx[: corner.shape[2]])
    return out / samples**2


RAMPS, MAPS, SAMPLES, BORDER = "ramps", "maps", "other numbers of samples", "the border and beyond"


def draw(rng):
    def ramp(C, H, W):
        """The value of a cell is a plane over its centre."""
        slopes = rng.uniform(0.5, 2, (C, 2)) * rng.choice([-1, 1], (C, 2))
        y, x = np.mgrid[:H, :W] + 0.5
        return slopes[:, 0, None, None] * y + slopes[:, 1, None, None] * x + rng.uniform(-5, 5, (C, 1, 1))

    def inner(n, H, W):
        """Boxes at least a cell away from the border, at fractions of a cell."""
        x1, y1 = rng.uniform(1.1, W / 3, n), rng.uniform(1.1, H / 3, n)
        x2, y2 = rng.uniform(W * 0.6, W - 1.1, n), rng.uniform(H * 0.6, H - 1.1, n)
        return np.stack([x1, y1, x2, y2], axis=1)

    feat, tall = values(rng, 3, 8, 11), values(rng, 2, 12, 7)
    off = rng.uniform(0, 0.3)
    small = np.array([[3.2 + off, 2.6, 3.7 + off, 4.3], [5.1, 4.4 - off, 5.5, 4.7]])
    edge = np.array([[0.0, 0, 3.1 + off, 2.4], [7.3, 5.2 - off, 11, 8]])
    out = np.array([[-1.4, -1 - off, 4, 3], [8, 5 + off, 14.3, 9.6], [-4, 2, 15, 6 + off]])
    away = np.array([[14.2, 1, 18, 5 + off], [2, 1.2, 6, 4]])
    whole = np.array([[2.0, 1, 8, 5], [1, 3, 5, 7]])
    return [
        Case(RAMPS, "a plane, several boxes", (ramp(3, 8, 11), inner(2, 8, 11), (2, 3), 1.0)),
        Case(RAMPS, "a plane, stride 2", (ramp(2, 9, 7), inner(3, 9, 7) * 2, (3, 2), 0.5)),
        Case(RAMPS, "a plane, one bin", (ramp(2, 7, 9), inner(2, 7, 9), (1, 1), 1.0)),
        Case(MAPS, "several boxes", (feat, inner(2, 8, 11), (2, 3), 1.0)),
        Case(MAPS, "a high map, stride 16", (tall, inner(3, 12, 7) * 16, (3, 2), 1 / 16)),
        Case(MAPS, "as many rows as columns of bins", (feat, inner(1, 8, 11), (3, 3), 1.0)),
        Case(MAPS, "boxes smaller than a cell", (feat, small, (2, 2), 1.0)),
        Case(MAPS, "edges that are whole numbers", (feat, whole, (2, 2), 1.0)),
        Case(SAMPLES, "one sample a bin", (feat, inner(2, 8, 11), (2, 3), 1.0, 1)),
        Case(SAMPLES, "three samples along each axis", (tall, inner(2, 12, 7), (2, 2), 1.0, 3)),
        Case(SAMPLES, "four samples along each axis, stride 4", (feat, inner(2, 8, 11) * 4, (1, 2), 0.25, 4)),
        Case(BORDER, "boxes along the border", (feat, edge, (2, 2), 1.0)),
        Case(BORDER, "boxes that leave the map", (feat, out, (3, 3), 1.0)),
        Case(BORDER, "a box wholly outside", (feat, away, (2, 2), 1.0)),
        Case(BORDER, "a map of one row", (values(rng, 2, 1, 7), np.array([[1.2, 0.1, 5.3 + off, 0.9]]), (2, 3), 1.0)),
    ]


HALF = "y, x = y - 0.5, x - 0.5"
OUTSIDE = "if y < -1 or y > H or x < -1 or x > W:\n            return 0"
CLAMP = "y, x = min(max(y, 0), H - 1), min(max(x, 0), W - 1)"
CELL, REST = "top, left = int(y), int(x)", "down, right = y - top, x - left"
UPPER = "upper = (1 - right) * feat[:, top, left] + right * feat[:, top, other]"
LOWER = "lower = (1 - right) * feat[:, bottom, left] + right * feat[:, bottom, other]"
POINT = "return (1 - down) * upper + down * lower"
BOX = "x1, y1, x2, y2 = rois[r] * scale"
BIN = "bin_h, bin_w = (y2 - y1) / oh, (x2 - x1) / ow"
Y, X = "y = y1 + (i + (a + 0.5) / samples) * bin_h", "x = x1 + (j + (b + 0.5) / samples) * bin_w"
MEAN = "out[r, :, i, j] = sum(found) / len(found)"
SIZE, RETURN = "oh, ow = out_size", "    return out\n"


def wrong(name, sentence, *changes, anchor="roi-align"):
    return wrong_from(roi_align, name, anchor, sentence, *changes)


RAMP = np.arange(8.0) + 0.5 + np.zeros((1, 8, 1))

ROI_ALIGN = Exercise(
    id="hw7.roi_align",
    function="roi_align",
    points=6,
    anchor="detection-roi-align",
    reference=lambda feat, rois, out_size, scale, samples=2: detection.roi_align(feat, rois, out_size, scale, samples),
    groups={RAMPS: 2, MAPS: 2, SAMPLES: 1, BORDER: 1},
    examples=(
        Case(RAMPS, "a cell's value is the x of its centre", (RAMP, np.array([[1.2, 2, 5.2, 4]]), (1, 2), 1.0)),
        Case(
            MAPS,
            "a spike",
            (np.pad([[[16.0]]], ((0, 0), (2, 3), (3, 4))), np.array([[2.3, 1.6, 5.5, 4.4]]), (2, 2), 1.0),
        ),
        Case(BORDER, "a box that leaves the map on all sides", (RAMP + 1, np.array([[-3.0, -3, 11, 11]]), (2, 2), 1.0)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "no half cell",
            "The centre of cell 0 lies at 0.5. Subtract 0.5 from a point before you look for its neighbours.",
            (HALF, "pass"),
        ),
        wrong(
            "half a cell the wrong way",
            "You add half a cell. The centre of cell 0 lies at 0.5: subtract it.",
            (HALF, "y, x = y + 0.5, x + 0.5"),
        ),
        wrong(
            "half a cell of the image",
            "You subtract half a pixel before scaling. Half a cell is to be subtracted, after it.",
            (HALF, "y, x = y - 0.5 * scale, x - 0.5 * scale"),
        ),
        wrong("half a cell on x alone", "You subtract half a cell from x alone.", (HALF, "x = x - 0.5")),
        wrong(
            "box rounded",
            "You round the box to whole cells. RoIAlign rounds nothing, that is its point.",
            (BOX, "x1, y1, x2, y2 = np.floor(rois[r] * scale + 0.5)"),
        ),
        wrong(
            "box rounded down",
            "You round the box down to whole cells. RoIAlign rounds nothing, that is its point.",
            (BOX, "x1, y1, x2, y2 = np.floor(rois[r] * scale)"),
        ),
        wrong(
            "bins rounded",
            "You round the size of a bin. RoIAlign rounds nothing.",
            (BIN, "bin_h, bin_w = np.ceil((y2 - y1) / oh), np.ceil((x2 - x1) / ow)"),
        ),
        wrong(
            "nearest cell",
            "You take the nearest cell of each point. Interpolate between its four neighbours.",
            (REST, "down, right = round(y - top), round(x - left)"),
        ),
        wrong(
            "cell above left",
            "You take the cell above left of each point. Interpolate between its four neighbours.",
            (REST, "down, right = 0, 0"),
        ),
        wrong(
            "weights exchanged",
            "You weigh the near neighbours by the distance to them. The nearer one weighs more: 1 - distance.",
            (REST, "down, right = 1 - (y - top), 1 - (x - left)"),
        ),
        wrong(
            "weights of x and y exchanged",
            "You weigh rows by the fraction of x and columns by that of y.",
            (REST, "right, down = y - top, x - left"),
        ),
        wrong("along x alone", "You interpolate along x alone.", (POINT, "return upper")),
        wrong("along y alone", "You interpolate along y alone.", (REST, "down, right = y - top, 0")),
        wrong(
            "four neighbours alike",
            "You take the mean of the four neighbours. Weigh them by distance.",
            (REST, "down, right = 0.5, 0.5"),
        ),
        wrong(
            "maximum of the points",
            "You take the maximum of the points of a bin. Here it is their mean.",
            (MEAN, "out[r, :, i, j] = np.max(found, axis=0)"),
        ),
        wrong(
            "sum of the points",
            "You add up the points of a bin. Take their mean.",
            (MEAN, "out[r, :, i, j] = sum(found)"),
        ),
        wrong(
            "mean of the points inside",
            "You take the mean of those points that lie on the map. Points outside count as 0.",
            (
                MEAN,
                "found = [v for v in found if np.ndim(v)] or [0]\n                out[r, :, i, j] = sum(found) / "
                "len(found)",
            ),
        ),
        wrong(
            "points at the edges",
            "Your points begin at the edge of the bin. They lie in the middle of equal pieces: (a + 0.5) / samples.",
            (Y, Y.replace("a + 0.5", "a")),
            (X, X.replace("b + 0.5", "b")),
        ),
        wrong(
            "points from edge to edge",
            "Your points go from edge to edge of the bin. They lie in the middle of equal pieces: (a + 0.5) / samples.",
            (Y, Y.replace("(a + 0.5) / samples", "(a / (samples - 1) if samples > 1 else 0.5)")),
            (X, X.replace("(b + 0.5) / samples", "(b / (samples - 1) if samples > 1 else 0.5)")),
        ),
        wrong(
            "points divided otherwise",
            "Your points are at (a + 1) / (samples + 1). They lie in the middle of equal pieces: (a + 0.5) / samples.",
            (Y, Y.replace("(a + 0.5) / samples", "(a + 1) / (samples + 1)")),
            (X, X.replace("(b + 0.5) / samples", "(b + 1) / (samples + 1)")),
        ),
        wrong(
            "one point",
            "You take the centre of each bin alone. Take samples times samples points.",
            (BIN, f"{BIN}\n        samples = 1"),
        ),
        wrong(
            "two samples always",
            "You take two points along each axis, whatever samples says.",
            (BIN, f"{BIN}\n        samples = 2"),
        ),
        wrong(
            "scale unused",
            "You forget the scale. Boxes are in pixels; times the scale they are in cells of the map.",
            (BOX, "x1, y1, x2, y2 = rois[r]"),
        ),
        wrong(
            "divided by the scale",
            "You divide by the scale. It is cells per pixel, 1 / stride: multiply.",
            (BOX, "x1, y1, x2, y2 = rois[r] / scale"),
        ),
        wrong(
            "x and y swapped",
            "You take x for rows and y for columns of the map. Rows are y.",
            (BOX, "y1, x1, y2, x2 = rois[r] * scale"),
        ),
        wrong(
            "taken for x, y, w, h",
            "You take the last two numbers of a box for width and height. They are the lower right corner.",
            (BIN, "bin_h, bin_w = y2 / oh, x2 / ow"),
            anchor="coordinates",
        ),
        wrong(
            "a cell at least",
            "You make boxes one cell large at least, as the first version did. RoIAlign takes them as they are.",
            (BIN, "bin_h, bin_w = max(y2 - y1, 1) / oh, max(x2 - x1, 1) / ow"),
        ),
        wrong(
            "last cell counted",
            "Your boxes are one cell larger. The second corner is an edge.",
            (BIN, "bin_h, bin_w = (y2 - y1 + 1) / oh, (x2 - x1 + 1) / ow"),
        ),
        wrong(
            "clipped first",
            "You clip the box to the map before you divide it. Points outside are treated one by one.",
            (BOX, f"{BOX}\n        x1, x2, y1, y2 = *np.clip([x1, x2], 0, W), *np.clip([y1, y2], 0, H)"),
            anchor="clip",
        ),
        wrong(
            "border for all beyond",
            "Points far outside get the border's value in your code. More than a cell beyond the outermost centres a "
            "point counts as 0.",
            (OUTSIDE, ""),
        ),
        wrong(
            "nothing beyond the centres",
            "Points just outside of the outermost centres get 0 in your code. Up to one cell beyond they have the "
            "border's value.",
            (OUTSIDE, "if y < 0 or y > H - 1 or x < 0 or x > W - 1:\n            return 0"),
        ),
        wrong(
            "fading beyond the border",
            "Your value fades beyond the outermost centres, as if zeros lay around the map. Up to one cell beyond it "
            "is the border's.",
            (
                CLAMP,
                "fade = max(0, 1 - max(0, -y, y - H + 1)) * max(0, 1 - max(0, -x, x - W + 1))\n        y, x = "
                "min(max(y, 0), H - 1), min(max(x, 0), W - 1)",
            ),
            (POINT, "return fade * ((1 - down) * upper + down * lower)"),
        ),
        wrong(
            "output size swapped",
            "You read out_size as width and height. It holds the rows first.",
            (SIZE, "ow, oh = out_size"),
        ),
        wrong("first box alone", "You treat every box as the first one.", (BOX, "x1, y1, x2, y2 = rois[0] * scale")),
        wrong(
            "channels first",
            "Your result is (C, R, oh, ow). Boxes come first.",
            (RETURN, "    return out.transpose(1, 0, 2, 3)\n"),
        ),
        wrong(
            "channels mixed",
            "You take the mean over all channels. Each channel has its own.",
            (MEAN, "out[r, :, i, j] = np.mean(sum(found) / len(found))"),
        ),
    ),
    variants={
        "point by point": roi_align,
        "matrices, lists": by_tents,
        "all points at once, single precision": all_points_at_once,
        "a border of copies": padded_border,
    },
)
