"""Exercises make_anchors and rpn_flatten: which boxes there are, and in which order their numbers come."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import two_sizes, wrong_from
from convbook import detection


def make_anchors(h, w, stride, scales, ratios):
    anchors = []
    for y in range(h):
        for x in range(w):
            cx, cy = (x + 0.5) * stride, (y + 0.5) * stride
            for s in scales:
                for r in ratios:
                    aw, ah = s / np.sqrt(r), s * np.sqrt(r)
                    anchors.append([cx - aw / 2, cy - ah / 2, cx + aw / 2, cy + ah / 2])
    return np.array(anchors)


def by_broadcasting(h, w, stride, scales, ratios):
    scales, roots = np.array(scales, float)[:, None], np.sqrt(np.array(ratios, float))
    shapes = np.stack([scales / roots, scales * roots], axis=-1).reshape(-1, 2)
    base = np.concatenate([-shapes / 2, shapes / 2], axis=1)
    cy, cx = np.mgrid[:h, :w] * stride + stride / 2
    return (np.stack([cx, cy, cx, cy], axis=-1).reshape(-1, 1, 4) + base).reshape(-1, 4).astype(np.float32)


def from_index_arrays(h, w, stride, scales, ratios):
    y, x, s, r = np.indices((h, w, len(scales), len(ratios))).reshape(4, -1)
    s, r = np.take(scales, s), np.take(ratios, r)
    height = np.sqrt(s * s * r)
    width = s * s / height
    centre = np.array([x, y]) * stride + stride * 0.5
    return np.vstack([centre[0] - width / 2, centre[1] - height / 2, centre[0] + width / 2, centre[1] + height / 2]).T


def as_lists(h, w, stride, scales, ratios):
    return make_anchors(h, w, stride, scales, ratios).tolist()


ONE, MORE, SHAPES = "one anchor a cell", "several anchors a cell", "ratios"


def draw_anchors(rng):
    def scales(n):
        return [int(s) for s in rng.choice(np.arange(9, 120), n, replace=False)]

    def ratios(n):
        drawn = rng.choice([0.25, 0.4, 0.5, 0.7, 1.5, 2.0, 2.5, 3.0, 4.0], n, replace=False)
        return [float(r) for r in drawn]

    h, w = two_sizes(rng, 2, 5)
    wide, narrow = two_sizes(rng, 2, 6)
    stride = int(rng.integers(5, 17))
    return [
        Case(ONE, "squares on a map", (h, w, stride, scales(1), [1.0])),
        Case(ONE, "squares on a map of one row", (1, wide, stride + 1, scales(1), [1.0])),
        Case(ONE, "squares on a map of one column", (narrow, 1, stride + 3, scales(1), [1.0])),
        Case(SHAPES, "one ratio", (h, w, stride, scales(1), ratios(1))),
        Case(SHAPES, "three ratios", (w, h, stride, scales(1), ratios(3))),
        Case(MORE, "two scales and three ratios", (h, w, stride + 2, scales(2), ratios(3))),
        Case(MORE, "three scales and two ratios", (w, h, stride, scales(3), ratios(2))),
        Case(MORE, "three scales and three ratios", (2, 3, 16, scales(3), ratios(3))),
        Case(MORE, "scales alone", (h, w, stride, scales(3), [1.0])),
    ]


CENTRE = "cx, cy = (x + 0.5) * stride, (y + 0.5) * stride"
SIDES = "aw, ah = s / np.sqrt(r), s * np.sqrt(r)"
BOX = "[cx - aw / 2, cy - ah / 2, cx + aw / 2, cy + ah / 2]"
ADD = f"anchors.append({BOX})"
RETURN = "return np.array(anchors)"
LOOPS = "for y in range(h):\n        for x in range(w):"
INNER = "for s in scales:\n                for r in ratios:"


def sides(name, sentence, formula):
    return wrong_from(make_anchors, name, "anchors", sentence, (SIDES, f"aw, ah = {formula}"))


def centres(name, sentence, formula):
    return wrong_from(make_anchors, name, "anchors", sentence, (CENTRE, f"cx, cy = {formula}"))


def wrong(name, sentence, *changes, anchor="anchors"):
    return wrong_from(make_anchors, name, anchor, sentence, *changes)


MAKE_ANCHORS = Exercise(
    id="hw7.make_anchors",
    function="make_anchors",
    points=8,
    anchor="detection-anchors",
    reference=detection.make_anchors,
    groups={ONE: 2, SHAPES: 2, MORE: 4},
    examples=(
        Case(ONE, "two squares in a row", (1, 2, 16, [8], [1.0])),
        Case(SHAPES, "a low and a high anchor of equal area", (1, 1, 20, [16], [0.25, 4.0])),
        Case(MORE, "nine anchors on a map of six cells", (2, 3, 16, [32, 64, 128], [0.5, 1.0, 2.0])),
    ),
    draw=draw_anchors,
    mistakes=(
        sides(
            "ratio inverted",
            "Your ratio is width / height. Here it is height / width: ratio 2 is a high box.",
            "s * np.sqrt(r), s / np.sqrt(r)",
        ),
        sides(
            "height times the ratio",
            "You multiply the height by the ratio and leave the width. The area then changes; it should be scale "
            "squared for "
            "every ratio.",
            "s, s * r",
        ),
        sides(
            "width times the ratio",
            "You multiply the width by the ratio and leave the height. The area then changes, and a ratio is height /"
            " width.",
            "s * r, s",
        ),
        sides(
            "no square root",
            "You divide and multiply by the ratio. Height / width is then its square: take roots.",
            "s / r, s * r",
        ),
        sides(
            "root in one side",
            "One of your sides has the root of the ratio, the other one is the scale: the area changes.",
            "s, s * np.sqrt(r)",
        ),
        sides(
            "sides swapped and no root",
            "Your width is scale times ratio. Width is scale / sqrt(ratio), height scale * sqrt(ratio).",
            "s * r, s / r",
        ),
        sides(
            "scale is the area",
            "You take the scale for the area. It is the side of the square of that area.",
            "np.sqrt(s / r), np.sqrt(s * r)",
        ),
        sides(
            "scale in cells",
            "You multiply scales by the stride. They are in pixels of the image already.",
            "s * stride / np.sqrt(r), s * stride * np.sqrt(r)",
        ),
        sides(
            "whole sides",
            "You round the sides to whole numbers. Anchors may have fractions.",
            "np.round(s / np.sqrt(r)), np.round(s * np.sqrt(r))",
        ),
        sides("ratio forgotten", "Your anchors are all squares. The ratio is height / width.", "s, s"),
        sides(
            "longer side is the scale",
            "Your longer side is the scale. It is the area that is the same for all ratios.",
            "s / max(r, 1), s * min(r, 1)",
        ),
        centres(
            "corner of the cell",
            "Your centres are the corners of the cells. The centre of cell x lies half a stride further: (x + 0.5) * "
            "stride.",
            "x * stride, y * stride",
        ),
        centres(
            "half a pixel",
            "You add half a pixel after multiplying. It is half a cell: (x + 0.5) * stride.",
            "x * stride + 0.5, y * stride + 0.5",
        ),
        centres(
            "end of the cell",
            "Your centres are the far corners of the cells. The centre is (x + 0.5) * stride.",
            "(x + 1) * stride, (y + 1) * stride",
        ),
        centres(
            "stride forgotten",
            "Your centres are in cells of the map. Anchors are in pixels of the image: times the stride.",
            "x + 0.5, y + 0.5",
        ),
        centres(
            "x and y swapped",
            "Your x runs down the map and your y to the right.",
            "(y + 0.5) * stride, (x + 0.5) * stride",
        ),
        centres(
            "last pixel of the cell",
            "Your centres are at (stride - 1) / 2, as in code that counts pixels. Here coordinates are edges: stride "
            "/ 2.",
            "x * stride + (stride - 1) / 2, y * stride + (stride - 1) / 2",
        ),
        wrong(
            "corner at the centre",
            "Your anchors begin at the centre of the cell. Half of each lies on either side of it.",
            (BOX, "[cx, cy, cx + aw, cy + ah]"),
        ),
        wrong(
            "a side to each side",
            "You step a whole side both ways from the centre. Half of it is right.",
            (BOX, "[cx - aw, cy - ah, cx + aw, cy + ah]"),
        ),
        wrong(
            "centre and size",
            "You return centre and size. Return corners: x1, y1, x2, y2.",
            (BOX, "[cx, cy, aw, ah]"),
            anchor="coordinates",
        ),
        wrong(
            "corner and size",
            "You return corner and size. Return corners: x1, y1, x2, y2.",
            (BOX, "[cx - aw / 2, cy - ah / 2, aw, ah]"),
            anchor="coordinates",
        ),
        wrong(
            "y first",
            "Your boxes are y1, x1, y2, x2. x comes first.",
            (BOX, "[cy - ah / 2, cx - aw / 2, cy + ah / 2, cx + aw / 2]"),
            anchor="coordinates",
        ),
        wrong(
            "x outside",
            "Your anchors run down the columns of the map. They run along its rows, as an array lies in memory: y, x,"
            " then the "
            "anchors of the cell.",
            (LOOPS, "for x in range(w):\n        for y in range(h):"),
            anchor="permute",
        ),
        wrong(
            "ratios outside",
            "Your anchors of a cell run over the scales for each ratio. They run over the ratios for each scale.",
            (INNER, "for r in ratios:\n                for s in scales:"),
            anchor="permute",
        ),
        wrong(
            "cells inside",
            "Your first h * w anchors are the same anchor on every cell. All anchors of one cell come together.",
            (
                RETURN,
                "n = len(scales) * len(ratios)\n    return np.array(anchors).reshape(-1, n, 4).transpose(1, 0, "
                "2).reshape(-1, 4)",
            ),
            anchor="permute",
        ),
        wrong(
            "scales and ratios in pairs",
            "You go through scales and ratios in pairs. Each scale comes with each ratio.",
            (INNER, "for s in scales:\n                for r in ratios[scales.index(s) :][:1]:"),
        ),
        wrong(
            "h and w swapped",
            "You have exchanged h and w. h is the number of rows, along y.",
            (LOOPS, "for y in range(w):\n        for x in range(h):"),
        ),
        wrong(
            "one row too many",
            "You go to h + 1 and w + 1. The map has h rows and w columns.",
            (LOOPS, "for y in range(h + 1):\n        for x in range(w + 1):"),
        ),
        wrong(
            "cut at the image",
            "You cut anchors at the border of the image. They may stick out; clipping is for what becomes of them.",
            (RETURN, "return np.clip(anchors, 0, [w * stride, h * stride] * 2)"),
            anchor="clip",
        ),
        wrong(
            "cut at 0",
            "You cut anchors at 0. They may stick out; clipping is for what becomes of them.",
            (RETURN, "return np.maximum(anchors, 0)"),
            anchor="clip",
        ),
        wrong(
            "those outside left out",
            "You leave out anchors that stick out of the image. The outputs of the network still have a place for "
            "each.",
            (ADD, f"if cx >= aw / 2 and cy >= ah / 2:\n                        anchors.append({BOX})"),
        ),
        wrong(
            "one pixel less",
            "Your x2 and y2 are one too small. Coordinates are edges, not pixels.",
            (BOX, "[cx - aw / 2, cy - ah / 2, cx + aw / 2 - 1, cy + ah / 2 - 1]"),
            anchor="coordinates",
        ),
        wrong(
            "whole numbers",
            "You cut coordinates to whole numbers. Anchors may have fractions.",
            (RETURN, "return np.array(anchors).astype(int)"),
        ),
        wrong(
            "axes kept",
            "Your result has an axis each for rows, columns and anchors. Flatten it to (h * w * k, 4).",
            (RETURN, "return np.array(anchors).reshape(h, w, -1, 4)"),
            anchor="permute",
        ),
    ),
    variants={
        "loops": make_anchors,
        "broadcasting, single precision": by_broadcasting,
        "index arrays": from_index_arrays,
        "lists": as_lists,
    },
)


def rpn_flatten(x, k):
    B, channels, h, w = x.shape
    m = channels // k
    x = x.reshape(B, k, m, h, w)
    x = x.transpose(0, 3, 4, 1, 2)
    return x.reshape(B, h * w * k, m)


def element_by_element(x, k):
    B, channels, h, w = x.shape
    m = channels // k
    out = np.empty((B, h * w * k, m))
    for b, c, i, j in np.ndindex(x.shape):
        out[b, (i * w + j) * k + c // m, c % m] = x[b, c, i, j]
    return out


def channels_last(x, k):
    return np.moveaxis(x, 1, -1).reshape(len(x), -1, x.shape[1] // k)


def rows_collected(x, k):
    m = x.shape[1] // k
    cells = [(i, j) for i in range(x.shape[2]) for j in range(x.shape[3])]
    return [[image[a * m : a * m + m, i, j].tolist() for i, j in cells for a in range(k)] for image in x]


TWO, FOUR, ANY = "two numbers an anchor", "four numbers an anchor", "maps of one row or column, other numbers"


def draw_outputs(rng):
    def case(group, kind, B, k, m, h, w, whole=False):
        shape = int(B), int(k * m), int(h), int(w)
        x = rng.permutation(int(np.prod(shape))).reshape(shape) if whole else rng.normal(size=shape)
        return Case(group, kind, (x, int(k)))

    h, w = two_sizes(rng, 3, 7)
    return [
        case(TWO, "classes of nine anchors", 2, 9, 2, h, w),
        case(TWO, "one image, three anchors", 1, 3, 2, h, w),
        case(TWO, "as many anchors as numbers", 3, 2, 2, w, h),
        case(TWO, "whole numbers", 2, 4, 2, h, w, True),
        case(FOUR, "boxes of three anchors", 2, 3, 4, h, w),
        case(FOUR, "boxes of five anchors, three images", 3, 5, 4, w, h),
        case(FOUR, "as many anchors as numbers", 2, 4, 4, h, w),
        case(FOUR, "as many rows as columns", 2, 3, 4, 5, 5),
        case(ANY, "a map of one row", 2, 3, 2, 1, w),
        case(ANY, "a map of one column", 2, 3, 4, h, 1),
        case(ANY, "one number an anchor", 2, 3, 1, h, w),
        case(ANY, "three numbers an anchor", 2, 2, 3, h, w),
        case(ANY, "one anchor a cell", 2, 1, 4, h, w),
    ]


SPLIT, MOVE = "x = x.reshape(B, k, m, h, w)", "x = x.transpose(0, 3, 4, 1, 2)"
FLAT = "return x.reshape(B, h * w * k, m)"
COUNT = "m = channels // k"


def mixed(name, sentence, *changes, anchor="permute"):
    return wrong_from(rpn_flatten, name, anchor, sentence, *changes)


RPN_FLATTEN = Exercise(
    id="hw7.rpn_flatten",
    function="rpn_flatten",
    points=5,
    anchor="detection-permute",
    reference=detection.rpn_flatten,
    groups={TWO: 2, FOUR: 2, ANY: 1},
    examples=(
        Case(TWO, "two anchors on a map of two cells", (np.arange(8.0).reshape(1, 4, 1, 2), 2)),
        Case(FOUR, "two anchors on a map of six cells", (np.arange(96.0).reshape(2, 8, 2, 3), 2)),
    ),
    draw=draw_outputs,
    mistakes=(
        mixed(
            "reshape alone",
            "You reshape alone. The shape is right then, and every row mixes numbers of different places: bring the "
            "channels "
            "to the end first.",
            (MOVE, "pass"),
        ),
        mixed(
            "x before y",
            "Your rows run down the columns of the map. Anchors run along its rows: y, x, then the anchors of the "
            "cell.",
            (MOVE, "x = x.transpose(0, 4, 3, 1, 2)"),
        ),
        mixed(
            "anchors before cells",
            "Your rows run over the map for each anchor. All anchors of one cell come together: y, x, k.",
            (MOVE, "x = x.transpose(0, 1, 3, 4, 2)"),
        ),
        mixed(
            "numbers before anchors",
            "You take channel c * k + a for number c of anchor a. The numbers of an anchor lie together: channel a * "
            "m + c.",
            (SPLIT, "x = x.reshape(B, m, k, h, w)"),
            (MOVE, "x = x.transpose(0, 3, 4, 2, 1)"),
        ),
        mixed(
            "numbers and anchors swapped",
            "You have exchanged anchors and numbers after splitting the channels.",
            (MOVE, "x = x.transpose(0, 3, 4, 2, 1)"),
        ),
        mixed(
            "a row for each number",
            "Your rows are of length k, one for each number of an anchor. They are of length m, one for each anchor.",
            (MOVE, "x = x.transpose(0, 3, 4, 2, 1)"),
            (FLAT, "return x.reshape(B, h * w * m, k)"),
        ),
        mixed(
            "images joined",
            "You join all images in one list. The first axis stays: (B, h * w * k, m).",
            (FLAT, "return x.reshape(B * h * w * k, m)"),
        ),
        mixed(
            "a row for each cell",
            "Your rows hold all anchors of a cell. Each anchor has a row: (B, h * w * k, m).",
            (FLAT, "return x.reshape(B, h * w, k * m)"),
        ),
        mixed(
            "axes kept",
            "Your result has an axis each for rows, columns and anchors. Flatten it to (B, h * w * k, m).",
            (FLAT, "return x"),
        ),
        mixed(
            "two numbers always",
            "You take m for 2. It is the number of channels divided by k: 4 for boxes.",
            (COUNT, "m = 2\n    k = channels // 2"),
        ),
        mixed(
            "four numbers always",
            "You take m for 4. It is the number of channels divided by k: 2 for classes.",
            (COUNT, "m = 4\n    k = channels // 4"),
        ),
        mixed(
            "first image alone",
            "You return the first image alone. Each image of the batch has its rows.",
            (FLAT, "return x[:1].reshape(1, h * w * k, m)"),
        ),
        mixed(
            "images mixed",
            "Your reshape mixes the images of the batch. The first axis is left as it is.",
            (MOVE, "x = x.transpose(3, 4, 0, 1, 2)"),
        ),
        mixed(
            "anchors reversed",
            "The anchors of your cells come in reverse.",
            (FLAT, "return x[:, :, :, ::-1].reshape(B, h * w * k, m)"),
        ),
        mixed(
            "transposed",
            "Your result is (B, m, h * w * k). Rows belong to anchors.",
            (FLAT, "return x.reshape(B, h * w * k, m).transpose(0, 2, 1)"),
        ),
        mixed(
            "h for w",
            "You take the height of the map for its width as well.",
            (FLAT, "return x[:, :, :h].reshape(B, -1, m)"),
        ),
        mixed(
            "softmax",
            "You make probabilities of the numbers. Bring them in order only.",
            (
                FLAT,
                "x = np.exp(x - x.max(axis=-1, keepdims=True))\n    return (x / x.sum(axis=-1, "
                "keepdims=True)).reshape(B, h * w * k, m)",
            ),
            anchor="rpn",
        ),
    ),
    variants={
        "five axes": rpn_flatten,
        "element by element": element_by_element,
        "channels last, one reshape": channels_last,
        "rows collected, lists": rows_collected,
    },
)
