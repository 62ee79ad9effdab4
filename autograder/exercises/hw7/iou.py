"""Exercise box_iou."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import around, boxes, two_sizes, wrong_from
from convbook import detection


def box_iou(a, b):
    a, b = a[:, None], b[None]
    x1 = np.maximum(a[..., 0], b[..., 0])
    y1 = np.maximum(a[..., 1], b[..., 1])
    x2 = np.minimum(a[..., 2], b[..., 2])
    y2 = np.minimum(a[..., 3], b[..., 3])
    w = np.maximum(x2 - x1, 0)
    h = np.maximum(y2 - y1, 0)
    inter = w * h
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    union = area_a + area_b - inter
    return np.where(union > 0, inter / np.where(union > 0, union, 1), 0)


def pair_by_pair(a, b):
    """Lists, as one writes it first."""
    result = []
    for ax1, ay1, ax2, ay2 in a.tolist():
        row = []
        for bx1, by1, bx2, by2 in b.tolist():
            w, h = min(ax2, bx2) - max(ax1, bx1), min(ay2, by2) - max(ay1, by1)
            inter = w * h if w > 0 and h > 0 else 0
            union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - inter
            row.append(inter / union if union else 0.0)
        result.append(row)
    return result if len(a) and len(b) else np.zeros((len(a), len(b)))


def in_one_piece(a, b):
    """Both axes at once, as in convbook, in single precision."""
    a, b = a.astype(np.float32), b.astype(np.float32)
    sides = (np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])).clip(0)
    inter = sides.prod(axis=-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=-1) for boxes in (a, b)]
    union = areas[0][:, None] + areas[1] - inter
    return np.divide(inter, union, out=np.zeros_like(inter), where=union != 0)


def with_a_small_number(a, b):
    """The usual guard against 0 / 0."""
    sides = np.array([np.minimum.outer(a[:, k + 2], b[:, k + 2]) - np.maximum.outer(a[:, k], b[:, k]) for k in (0, 1)])
    inter = np.prod(np.maximum(sides, 0), axis=0)
    area_a, area_b = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b))
    return inter / (np.add.outer(area_a, area_b) - inter + 1e-9)


def split_by_area(a, b):
    """Only pairs that overlap are computed."""
    out = np.zeros((len(a), len(b)))
    for n, one in enumerate(a):
        low, high = np.maximum(one[:2], b[:, :2]), np.minimum(one[2:], b[:, 2:])
        (meets,) = np.nonzero((low < high).all(axis=1))
        shared = (high - low)[meets].prod(axis=1)
        both = (b[meets, 2:] - b[meets, :2]).prod(axis=1) + (one[2:] - one[:2]).prod()
        out[n, meets] = shared / (both - shared)
    return out


OVERLAP, APART, FLAT = "boxes that overlap", "boxes apart", "no area, or no boxes"


def draw(rng):
    n, m = two_sizes(rng, 3, 8)
    middle = boxes(rng, 1)  # all boxes around it overlap each other
    a, near = around(rng, np.repeat(middle, n, axis=0), 0.2), around(rng, np.repeat(middle, m, axis=0), 0.2)
    quarter = np.tile((a[:, 2:] - a[:, :2]) / rng.uniform(3.2, 5, (n, 1)), 2)
    inner = a + quarter * np.array([1, 1, -1, -1])
    x, y = rng.uniform(20, 60, 2)
    w, h = rng.uniform(15, 30), rng.uniform(35, 60)
    one = np.array([[x, y, x + w, y + h]])
    shifts = np.array([[w + 5, 3], [4, h + 7], [w + 9, h + 4], [-w - 3, h + 6], [-w - 2.5, -h - 8], [w / 3, h / 4]])
    shifted = np.tile(shifts[rng.permutation(6)], 2) + one
    touching = np.tile([[w, 0], [0, h], [w, h], [-w, 5], [w / 2, -h / 3]], 2) + one
    px, py = (middle[0, :2] + middle[0, 2:]) / 2  # what has no area meets here
    flat = np.array([[px, py, px, py], [px, py - h, px, py + w], [px - w, py, px + h, py], *around(rng, middle, 0.2)])
    spread = boxes(rng, n)
    few = np.concatenate([around(rng, spread, 0.2), spread + np.array([0, 400, 0, 400]), spread + 500])
    whole = np.concatenate([rng.integers(0, 40, (4, 2)), rng.integers(60, 99, (4, 2))], axis=1)
    return [
        Case(OVERLAP, "boxes near others", (a, near)),
        Case(OVERLAP, "some boxes and the same again", (a, np.concatenate([near, a]))),
        Case(OVERLAP, "boxes inside others", (np.concatenate([a, middle]), inner)),
        Case(OVERLAP, "as many in both", (near, around(rng, near, 0.3))),
        Case(OVERLAP, "whole numbers", (whole, np.concatenate([whole[::-1, [1, 0, 3, 2]], whole[:2]]))),
        Case(OVERLAP, "fractions of an image", (a / 400, near / 400)),
        Case(APART, "apart along x, y or both", (one, shifted)),
        Case(APART, "edges or corners that touch", (one, touching)),
        Case(APART, "many boxes, few near each other", (spread, few)),
        Case(FLAT, "boxes without width, height or both", (flat, np.concatenate([flat[[2, 0, 3, 1]], a[:1]]))),
        Case(FLAT, "no boxes in the first", (np.zeros((0, 4)), a)),
        Case(FLAT, "no boxes in the second", (a, np.zeros((0, 4)))),
    ]


PAIRS = "a, b = a[:, None], b[None]"
X1, Y1 = "np.maximum(a[..., 0], b[..., 0])", "np.maximum(a[..., 1], b[..., 1])"
X2, Y2 = "np.minimum(a[..., 2], b[..., 2])", "np.minimum(a[..., 3], b[..., 3])"
W, H = "w = np.maximum(x2 - x1, 0)", "h = np.maximum(y2 - y1, 0)"
AREA_A = "area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])"
AREA_B = "area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])"
UNION, INTER = "union = area_a + area_b - inter", "inter = w * h"
RATIO = "return np.where(union > 0, inter / np.where(union > 0, union, 1), 0)"
SAFE = "np.where(union > 0, union, 1)"


def over(denominator):
    """The last line with another denominator, guarded in the same way."""
    return f"union = {denominator}\n    {RATIO}"


def wrong(name, sentence, *changes, anchor="iou"):
    return wrong_from(box_iou, name, anchor, sentence, *changes)


BOX_IOU = Exercise(
    id="hw7.box_iou",
    function="box_iou",
    points=9,
    anchor="detection-iou",
    reference=detection.box_iou,
    groups={OVERLAP: 4, APART: 3, FLAT: 2},
    examples=(
        Case(
            OVERLAP,
            "a box and its copy, half a width further",
            (np.array([[0.0, 0, 2, 3]]), np.array([[1.0, 0, 3, 3]])),
        ),
        Case(
            OVERLAP,
            "three boxes of equal squared error",
            (np.array([[0.0, 0, 1, 1]]), np.array([[0.3, 0, 1.3, 1], [0, 0, 1.3, 1], [0, 0, 0.7, 1]])),
        ),
        Case(
            APART,
            "one box up left, one down right",
            (np.array([[0.0, 0, 2, 2]]), np.array([[3.0, 4, 5, 6], [1, 1, 4, 3]])),
        ),
        Case(
            FLAT,
            "a point, with itself and with a box around it",
            (np.array([[1.0, 1, 1, 1]]), np.array([[1.0, 1, 1, 1], [0, 0, 2, 2]])),
        ),
        Case(FLAT, "no boxes at all in one", (np.zeros((0, 4)), np.array([[1.0, 1, 2, 2]] * 3))),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "no cut at 0",
            "Two boxes apart on both axes share a positive area in your code: minus times minus. Cut width and height"
            " at "
            "0 before you multiply.",
            (W, "w = x2 - x1"),
            (H, "h = y2 - y1"),
        ),
        wrong(
            "product cut at 0",
            "You cut the product at 0. Two boxes apart on both axes have a positive product: cut width and height, "
            "each by itself.",
            (W, "w = x2 - x1"),
            (H, "h = y2 - y1"),
            (INTER, "inter = np.maximum(w * h, 0)"),
        ),
        wrong(
            "height not cut at 0",
            "The height of your intersection can be negative. Cut it at 0, as the width.",
            (H, "h = y2 - y1"),
        ),
        wrong(
            "width not cut at 0",
            "The width of your intersection can be negative. Cut it at 0, as the height.",
            (W, "w = x2 - x1"),
        ),
        wrong(
            "absolute sides",
            "You take the absolute value of width and height. Boxes apart then share the area of the gap: cut at 0.",
            (W, "w = abs(x2 - x1)"),
            (H, "h = abs(y2 - y1)"),
        ),
        wrong(
            "sides of 1 at least",
            "You cut width and height at 1 and not at 0. Boxes that do not meet share nothing.",
            (W, "w = np.maximum(x2 - x1, 1)"),
            (H, "h = np.maximum(y2 - y1, 1)"),
        ),
        wrong(
            "intersection counted twice",
            "Your union is the sum of both areas. It counts what they share twice: subtract the intersection once.",
            (UNION, "union = area_a + area_b"),
        ),
        wrong(
            "intersection subtracted twice",
            "You subtract the intersection twice from the sum of areas. Once is right.",
            (UNION, "union = area_a + area_b - 2 * inter"),
        ),
        wrong(
            "missing parentheses in the union",
            "inter / area_a + area_b - inter divides by the first area alone. The union needs parentheses.",
            (RATIO, "return inter / np.where(area_a > 0, area_a, 1) + area_b - inter"),
        ),
        wrong(
            "missing parentheses in an area",
            "x2 - x1 * y2 - y1 multiplies first. The two sides need parentheses.",
            (AREA_A, "area_a = a[..., 2] - a[..., 0] * a[..., 3] - a[..., 1]"),
            (AREA_B, "area_b = b[..., 2] - b[..., 0] * b[..., 3] - b[..., 1]"),
        ),
        wrong(
            "min and max swapped",
            "You have exchanged minimum and maximum: that gives the box around both. What they share begins at the "
            "larger x1 "
            "and ends at the smaller x2.",
            (X1, X1.replace("maximum", "minimum")),
            (Y1, Y1.replace("maximum", "minimum")),
            (X2, X2.replace("minimum", "maximum")),
            (Y2, Y2.replace("minimum", "maximum")),
        ),
        wrong(
            "smaller of the first corners",
            "You take the smaller x1 and y1. What both share begins at the larger ones.",
            (X1, X1.replace("maximum", "minimum")),
            (Y1, Y1.replace("maximum", "minimum")),
        ),
        wrong(
            "larger of the second corners",
            "You take the larger x2 and y2. What both share ends at the smaller ones.",
            (X2, X2.replace("minimum", "maximum")),
            (Y2, Y2.replace("minimum", "maximum")),
        ),
        wrong(
            "min and max swapped on y",
            "You have exchanged minimum and maximum on the y axis.",
            (Y1, Y1.replace("maximum", "minimum")),
            (Y2, Y2.replace("minimum", "maximum")),
        ),
        wrong(
            "+1 everywhere",
            "You add 1 to widths and heights. That is a rule of old code, which counts pixels; here coordinates are "
            "edges.",
            (W, "w = np.maximum(x2 - x1 + 1, 0)"),
            (H, "h = np.maximum(y2 - y1 + 1, 0)"),
            (AREA_A, "area_a = (a[..., 2] - a[..., 0] + 1) * (a[..., 3] - a[..., 1] + 1)"),
            (AREA_B, "area_b = (b[..., 2] - b[..., 0] + 1) * (b[..., 3] - b[..., 1] + 1)"),
            anchor="coordinates",
        ),
        wrong(
            "+1 in the intersection",
            "You add 1 to the sides of the intersection and not to those of the boxes. Coordinates are edges: there is "
            "nothing to add.",
            (W, "w = np.maximum(x2 - x1 + 1, 0)"),
            (H, "h = np.maximum(y2 - y1 + 1, 0)"),
            anchor="coordinates",
        ),
        wrong(
            "+1 in the areas",
            "You add 1 to the sides of the boxes and not to those of the intersection. Coordinates are edges: there is "
            "nothing to add.",
            (AREA_A, "area_a = (a[..., 2] - a[..., 0] + 1) * (a[..., 3] - a[..., 1] + 1)"),
            (AREA_B, "area_b = (b[..., 2] - b[..., 0] + 1) * (b[..., 3] - b[..., 1] + 1)"),
            anchor="coordinates",
        ),
        wrong(
            "box by box",
            "You compare box n with box n. Each of the first is to be compared with each of the second: (N, 1, 4) "
            "against "
            "(1, M, 4).",
            (PAIRS, "pass"),
        ),
        wrong(
            "transposed",
            "Your result is (M, N). A row belongs to a box of the first argument.",
            (PAIRS, "a, b = a[None], b[:, None]"),
        ),
        wrong(
            "first box alone",
            "You compare the first box of a alone. Each of them has a row.",
            (PAIRS, "a, b = a[:1, None] + 0 * a[:, None], b[None]"),
        ),
        wrong(
            "taken for x, y, w, h",
            "You take the last two numbers for width and height. They are the lower right corner.",
            (X2, "np.minimum(a[..., 0] + a[..., 2], b[..., 0] + b[..., 2])"),
            (Y2, "np.minimum(a[..., 1] + a[..., 3], b[..., 1] + b[..., 3])"),
            (AREA_A, "area_a = a[..., 2] * a[..., 3]"),
            (AREA_B, "area_b = b[..., 2] * b[..., 3]"),
            anchor="coordinates",
        ),
        wrong(
            "0 / 0",
            "Where the union has no area you divide 0 by 0. The stated answer is 0.",
            (RATIO, "return inter / union"),
        ),
        wrong(
            "equal without area",
            "You give 1 where the union has no area. The stated answer is 0, for a box without area overlaps nothing,"
            " itself included.",
            (RATIO, RATIO.replace(", 0)", ", 1)")),
        ),
        wrong(
            "1 added to the union",
            "You add 1 to the union lest it be 0. That changes every result, most of all for small boxes: treat that "
            "case by itself.",
            (RATIO, "return inter / (union + 1)"),
        ),
        wrong(
            "over the smaller area",
            "You divide by the smaller of both areas. Divide by the union.",
            (RATIO, over("np.minimum(area_a, area_b)")),
        ),
        wrong(
            "over the larger area",
            "You divide by the larger of both areas. Divide by the union.",
            (RATIO, over("np.maximum(area_a, area_b)")),
        ),
        wrong(
            "over the first area",
            "You divide by the area of the first box. Divide by the union.",
            (RATIO, over("area_a + 0 * area_b")),
        ),
        wrong(
            "over the second area",
            "You divide by the area of the second box. Divide by the union.",
            (RATIO, over("area_b + 0 * area_a")),
        ),
        wrong(
            "over the box around both",
            "You divide by the area of the box around both. The union is smaller: the sum of the areas minus what "
            "they share.",
            (
                RATIO,
                over(
                    "(np.maximum(a[..., 2], b[..., 2]) - np.minimum(a[..., 0], b[..., 0])) "
                    "* (np.maximum(a[..., 3], b[..., 3]) - np.minimum(a[..., 1], b[..., 1]))"
                ),
            ),
        ),
        wrong(
            "Dice",
            "Your result is twice the intersection over the sum of areas, which is called Dice. IoU divides by the "
            "union.",
            (RATIO, "inter = 2 * inter\n    " + over("area_a + area_b")),
        ),
        wrong(
            "one axis alone",
            "You compare the boxes along x alone. Multiply by what they share along y.",
            (INTER, "inter = w"),
            (AREA_A, "area_a = a[..., 2] - a[..., 0]"),
            (AREA_B, "area_b = b[..., 2] - b[..., 0]"),
        ),
        wrong(
            "sides added",
            "You add width and height of the intersection. An area is their product.",
            (INTER, "inter = w + h"),
        ),
        wrong("intersection", "You return the intersection. Divide it by the union.", (RATIO, "return inter")),
        wrong(
            "distance",
            "You return 1 - IoU, a distance. IoU itself is 1 for equal boxes.",
            (RATIO, "return 1 - np.where(union > 0, inter / np.where(union > 0, union, 1), 0)"),
            anchor="not-a-loss",
        ),
        wrong(
            "whole numbers",
            "You divide with //, or cut to whole numbers: nothing but 0 and 1 is left.",
            (RATIO, "return (inter // np.where(union > 0, union, 1))"),
        ),
        wrong(
            "yes or no",
            "You tell whether the overlap is more than one half. Return IoU itself; thresholds come later.",
            (RATIO, "return np.where(union > 0, inter / np.where(union > 0, union, 1), 0) > 0.5"),
        ),
        wrong(
            "argument changed",
            "You change an array that you were given. Write to something new.",
            (
                PAIRS,
                "a[:, 2:] = a[:, 2:] - a[:, :2]\n    a, b = np.concatenate([a[:, :2], a[:, :2] + a[:, 2:]], "
                "axis=1)[:, None], b[None]",
            ),
            anchor="coordinates",
        ),
    ),
    variants={
        "broadcast": box_iou,
        "pair by pair, lists": pair_by_pair,
        "both axes at once, single precision": in_one_piece,
        "outer products and a small number": with_a_small_number,
        "overlapping pairs alone": split_by_area,
    },
)
