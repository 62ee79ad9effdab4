"""Exercises normalize_boxes, denormalize_boxes and clip_boxes: boxes and the image that they are in."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import boxes, wrong_from
from convbook import detection

SHAPES = "of several images at once"


def normalize_boxes(b, size_wh):
    w, h = size_wh
    return b / np.array([w, h, w, h])


def denormalize_boxes(b, size_wh):
    w, h = size_wh
    return b * np.array([w, h, w, h])


def clip_boxes(b, size_wh):
    w, h = size_wh
    low = np.array([0, 0, 0, 0])
    high = np.array([w, h, w, h])
    return np.minimum(np.maximum(b, low), high)


def image_size(rng, wide):
    """Width and height of an image, apart by a third at least."""
    short = int(rng.integers(150, 260))
    long = int(short * rng.uniform(1.4, 2))
    return (long, short) if wide else (short, long)


def draw_scaled(scaled):
    """Cases in pixels, or with ``scaled`` in fractions of the image."""

    def draw(rng):
        def case(group, kind, size, b):
            return Case(group, kind, (b / np.array([*size, *size]) if scaled else b, size))

        rows = "boxes in rows"
        wide, high, most = image_size(rng, True), image_size(rng, False), 2 if scaled else 149
        return [
            case(rows, "a wide image", wide, boxes(rng, int(rng.integers(5, 9)), 150)),
            case(rows, "a high image", high, boxes(rng, int(rng.integers(5, 9)), 150)),
            case(rows, "boxes that leave the image", wide, boxes(rng, 5, 400) - 90),
            case(rows, "as many boxes as numbers", high, boxes(rng, 4, 150)),
            Case(rows, "whole numbers", (np.sort(rng.integers(0, most, (5, 2, 2)), axis=1).reshape(5, 4), wide)),
            case(SHAPES, "one box", high, boxes(rng, 1, 150)[0]),
            case(SHAPES, "several images of one size", wide, boxes(rng, 6, 150).reshape(2, 3, 4)),
            case(SHAPES, "as many images as numbers", high, boxes(rng, 20, 150).reshape(4, 5, 4)),
        ]

    return draw


def scalings(function, sign, other, all_four="np.array([w, h, w, h])"):
    """Mistakes of both scalings; ``sign`` is the operator."""
    read, back = "w, h = size_wh", f"return b {sign} {all_four}"

    def wrong(name, sentence, *changes, anchor="coordinates"):
        return wrong_from(function, name, anchor, sentence, *changes)

    def by(name, sentence, four):
        return wrong(name, sentence, (all_four, f"np.array([{four}])"))

    return (
        wrong(
            "height first",
            "You read size_wh as height and width. It holds the width first; arrays of images have it the other way "
            "round.",
            (read, "h, w = size_wh"),
        ),
        by("width alone", "You take the width for all four. y belongs to the height.", "w, w, w, w"),
        by("height alone", "You take the height for all four. x belongs to the width.", "h, h, h, h"),
        by(
            "two and two",
            "You take the width for the first two numbers. It belongs to both x: w, h, w, h.",
            "w, w, h, h",
        ),
        by("first corner alone", "Your second corner is as it came. Both corners are scaled.", "w, h, 1, 1"),
        by("second corner alone", "Your first corner is as it came. Both corners are scaled.", "1, 1, w, h"),
        by(
            "last pixel",
            "You scale by the size less 1. Coordinates are edges: the right edge of the image is its width.",
            "w - 1, h - 1, w - 1, h - 1",
        ),
        by("longer side", "You take the longer side for both axes. Each axis has its own.", "*[max(w, h)] * 4"),
        wrong(
            "the inverse", "You do the inverse: pixels = fraction times size.", (back, f"return b {other} {all_four}")
        ),
        wrong(
            "columns of rows alone",
            "You read b[:, 0] and the like, which works for boxes in rows alone. Broadcasting along the last axis "
            "serves "
            "all shapes.",
            (back, f"return np.stack([b[:, k] {sign} size_wh[k % 2] for k in range(4)], axis=-1)"),
        ),
        wrong(
            "argument changed",
            "You change the array that you were given. Write to something new.",
            (back, f"b[...] = b {sign} {all_four}\n    return b"),
        ),
        wrong("unchanged", "You return the boxes as they came.", (back, "return b * 1.0")),
    )


NORMALIZE_BOXES = Exercise(
    id="hw7.normalize_boxes",
    function="normalize_boxes",
    points=2,
    anchor="detection-coordinates",
    reference=detection.normalize_boxes,
    groups={"boxes in rows": 1, SHAPES: 1},
    examples=(
        Case(
            "boxes in rows",
            "the box of a lecture, which leaves its image",
            (np.array([[30.0, 140, 160, 265]]), (377, 253)),
        ),
    ),
    draw=draw_scaled(False),
    mistakes=(
        *scalings(normalize_boxes, "/", "*"),
        wrong_from(
            normalize_boxes,
            "cut at 1",
            "clip",
            "You cut your result at 0 and 1. A box that leaves its image is to be seen as such; clipping is another "
            "step.",
            ("b / np.array([w, h, w, h])", "np.clip(b / np.array([w, h, w, h]), 0, 1)"),
        ),
        wrong_from(
            normalize_boxes,
            "divided to whole numbers",
            "coordinates",
            "You divide with //, and nearly everything becomes 0. Divide with /.",
            ("b /", "b //"),
        ),
        wrong_from(
            normalize_boxes,
            "from -1 to 1",
            "coordinates",
            "Your fractions run from -1 to 1, as sampling grids have them. Boxes run from 0 to 1.",
            ("b / np.array([w, h, w, h])", "2 * b / np.array([w, h, w, h]) - 1"),
        ),
        wrong_from(
            normalize_boxes,
            "per cent",
            "coordinates",
            "Your result is in per cent. Fractions are asked for: 1 is the whole width.",
            ("b / ", "100 * b / "),
        ),
    ),
    variants={
        "one division": normalize_boxes,
        "halves apart": lambda b, size_wh: np.concatenate([b[..., :2] / size_wh, b[..., 2:] / size_wh], axis=-1),
        "a matrix": lambda b, size_wh: b @ np.diag(1 / np.tile(np.array(size_wh, float), 2)),
        "lists": lambda b, size_wh: normalize_boxes(b, size_wh).tolist(),
    },
)

DENORMALIZE_BOXES = Exercise(
    id="hw7.denormalize_boxes",
    function="denormalize_boxes",
    points=1,
    anchor="detection-coordinates",
    reference=detection.denormalize_boxes,
    groups={"boxes in rows": 1, SHAPES: 1},
    examples=(Case("boxes in rows", "a box of fractions", (np.array([[0.25, 0, 0.75, 1.0]]), (200, 90))),),
    draw=draw_scaled(True),
    mistakes=(
        *scalings(denormalize_boxes, "*", "/"),
        wrong_from(
            denormalize_boxes,
            "whole pixels",
            "coordinates",
            "You round to whole pixels. Coordinates may be fractions of a pixel, and are needed as such later.",
            ("b * np.array([w, h, w, h])", "np.round(b * np.array([w, h, w, h]))"),
        ),
        wrong_from(
            denormalize_boxes,
            "pixels cut",
            "coordinates",
            "You cut to whole pixels. Coordinates may be fractions of a pixel, and are needed as such later.",
            ("b * np.array([w, h, w, h])", "np.trunc(b * np.array([w, h, w, h]))"),
        ),
        wrong_from(
            denormalize_boxes,
            "cut at the image",
            "clip",
            "You clip the boxes to the image. Clipping is another step.",
            ("b * np.array([w, h, w, h])", "np.clip(b, 0, 1) * np.array([w, h, w, h])"),
        ),
    ),
    variants={
        "one product": denormalize_boxes,
        "halves apart": lambda b, size_wh: np.concatenate([b[..., :2] * size_wh, b[..., 2:] * size_wh], axis=-1),
        "a matrix": lambda b, size_wh: b @ np.diag(np.tile(np.array(size_wh, float), 2)),
        "lists": lambda b, size_wh: denormalize_boxes(b, size_wh).tolist(),
    },
)


def draw_clip(rng):
    wide, high = image_size(rng, True), image_size(rng, False)

    def leaving(size, n):
        w, h = size
        b = np.stack(
            [
                rng.uniform(-60, 0.3 * w, n),
                rng.uniform(-60, 0.3 * h, n),
                rng.uniform(0.6 * w, w + 60, n),
                rng.uniform(0.6 * h, h + 60, n),
            ],
            axis=1,
        )
        b[0] = -10, 0.2 * h, 0.5 * w, h + 15  # two sides stay, two are cut
        b[1] = 0.3 * w, -12, w + 20, 0.7 * h
        return b

    def outside(size):
        w, h = size
        away = np.array([[w + 10, 20, w + 40, 60], [-50, 30, -20, 70], [15, h + 5, 60, h + 50], [15, -40, 50, -3.5]])
        return np.concatenate([away + rng.uniform(0, 2, 4), leaving(size, 2)])[rng.permutation(6)]

    corners, away = "boxes that leave the image", "boxes wholly outside"
    return [
        Case(corners, "a wide image", (leaving(wide, 6), wide)),
        Case(corners, "a high image", (leaving(high, 5), high)),
        Case(corners, "boxes inside and leaving", (np.concatenate([boxes(rng, 3, 140), leaving(wide, 3)]), wide)),
        Case(corners, "whole numbers", (np.rint(leaving(high, 5)).astype(int), high)),
        Case(away, "some wholly outside", (outside(wide), wide)),
        Case(away, "some wholly outside, a high image", (outside(high), high)),
        Case(SHAPES, "one box", (leaving(high, 2)[1], high)),
        Case(SHAPES, "several images of one size", (leaving(wide, 6).reshape(2, 3, 4), wide)),
        Case(SHAPES, "as many images as numbers", (leaving(high, 20).reshape(4, 5, 4), high)),
    ]


READ, LOW, HIGH = "w, h = size_wh", "low = np.array([0, 0, 0, 0])", "high = np.array([w, h, w, h])"
CUT = "return np.minimum(np.maximum(b, low), high)"


def wrong(name, sentence, *changes, anchor="clip"):
    return wrong_from(clip_boxes, name, anchor, sentence, *changes)


CLIP_BOXES = Exercise(
    id="hw7.clip_boxes",
    function="clip_boxes",
    points=3,
    anchor="detection-clip",
    reference=detection.clip_boxes,
    groups={"boxes that leave the image": 1, "boxes wholly outside": 1, SHAPES: 1},
    examples=(
        Case("boxes that leave the image", "the box of a lecture", (np.array([[30.0, 140, 160, 265]]), (377, 253))),
        Case(
            "boxes wholly outside",
            "one to the right, one inside",
            (np.array([[110.0, 5, 130, 9], [1, 2, 3, 4]]), (100, 50)),
        ),
    ),
    draw=draw_clip,
    mistakes=(
        wrong(
            "height first",
            "You read size_wh as height and width. It holds the width first; arrays of images have it the other way "
            "round.",
            (READ, "h, w = size_wh"),
            anchor="coordinates",
        ),
        wrong("width alone", "You cut y at the width of the image. It ends at the height.", (HIGH, "high = w")),
        wrong("height alone", "You cut x at the height of the image. It ends at the width.", (HIGH, "high = h")),
        wrong(
            "shorter side",
            "You cut both axes at the shorter side. Each axis has its own end.",
            (HIGH, "high = min(w, h)"),
        ),
        wrong(
            "longer side",
            "You cut both axes at the longer side. Each axis has its own end.",
            (HIGH, "high = max(w, h)"),
        ),
        wrong(
            "last pixel",
            "You cut at the size less 1. Coordinates are edges: the right edge of the image is its width.",
            (HIGH, "high = np.array([w - 1, h - 1, w - 1, h - 1])"),
        ),
        wrong(
            "no upper end",
            "You cut at 0 alone. Boxes leave the image on the right and below as well.",
            (CUT, "return np.maximum(b, low)"),
        ),
        wrong(
            "no lower end",
            "You cut at width and height alone. Boxes leave the image on the left and above as well.",
            (CUT, "return np.minimum(b, high)"),
        ),
        wrong(
            "each corner at one end",
            "You cut the first corner at 0 and the second one at the size. A box wholly outside then turns inside "
            "out: cut "
            "both corners at both ends.",
            (LOW, "low = np.array([0, 0, -np.inf, -np.inf])"),
            (HIGH, "high = np.array([np.inf, np.inf, w, h])"),
        ),
        wrong(
            "second corner alone",
            "You cut the second corner only. The first one may lie outside too.",
            (CUT, "return np.concatenate([b[..., :2], np.minimum(np.maximum(b, low), high)[..., 2:]], axis=-1)"),
        ),
        wrong(
            "first corner alone",
            "You cut the first corner only. The second one may lie outside too.",
            (CUT, "return np.concatenate([np.minimum(np.maximum(b, low), high)[..., :2], b[..., 2:]], axis=-1)"),
        ),
        wrong(
            "taken for a size",
            "You take the last two numbers for width and height, and cut those. They are a corner.",
            (
                CUT,
                "x1 = np.minimum(np.maximum(b, low), high)\n    x1[..., 2:] = np.minimum(b[..., 2:], high[2:] - "
                "x1[..., :2])\n    return x1",
            ),
        ),
        wrong(
            "moved",
            "You move the box and keep its size. Each corner is cut by itself, and the box becomes smaller.",
            (
                CUT,
                "start = np.minimum(np.maximum(b, low), high)[..., :2]\n    return np.concatenate([start, start + "
                "b[..., 2:] - b[..., :2]], axis=-1)",
            ),
        ),
        wrong(
            "at 1",
            "You cut at 1. These boxes are in pixels: they end at width and height.",
            (HIGH, "high = 1"),
        ),
        wrong(
            "min and max swapped",
            "You have exchanged minimum and maximum: what is inside goes to the border.",
            (CUT, "return np.maximum(np.minimum(b, low), high)"),
        ),
        wrong(
            "outside dropped",
            "You drop boxes that lie outside. The result has a box for each: one outside is left with no area.",
            (
                CUT,
                "out = np.minimum(np.maximum(b, low), high)\n    return out[((out[..., 2:] - out[..., :2]) > "
                "0).all(axis=-1)]",
            ),
        ),
        wrong(
            "outside set to 0",
            "You set a box that lies outside to 0, 0, 0, 0. Cut its corners like all others.",
            (
                CUT,
                "out = np.minimum(np.maximum(b, low), high)\n    return out * ((out[..., 2:] - out[..., :2]) > "
                "0).all(axis=-1, keepdims=True)",
            ),
        ),
        wrong(
            "mirrored",
            "You drop the minus of what lies left of the image. It is cut to 0.",
            (CUT, "return np.minimum(abs(b), high)"),
        ),
        wrong(
            "columns of rows alone",
            "You read b[:, 0] and the like, which works for boxes in rows alone. Broadcasting along the last axis "
            "serves "
            "all shapes.",
            (CUT, "return np.stack([np.clip(b[:, k], 0, size_wh[k % 2]) for k in range(4)], axis=-1)"),
            anchor="coordinates",
        ),
        wrong(
            "argument changed",
            "You change the array that you were given. Write to something new.",
            (CUT, "b[...] = np.minimum(np.maximum(b, low), high)\n    return b"),
            anchor="coordinates",
        ),
    ),
    variants={
        "minimum and maximum": clip_boxes,
        "clip": lambda b, size_wh: np.clip(b, 0, [*size_wh, *size_wh]),
        "corner by corner": lambda b, size_wh: np.stack([b[..., k].clip(0, size_wh[k % 2]) for k in range(4)], axis=-1),
        "lists": lambda b, size_wh: np.clip(b, 0, size_wh * 2).tolist(),
    },
)
