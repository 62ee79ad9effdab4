"""Exercise iou_inputs: the student writes the test that exposes wrong box_iou."""

import numpy as np

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw7.iou import AREA_A, AREA_B, INTER, PAIRS, RATIO, UNION, Y1, Y2, H, W, box_iou, over
from autograder.trial import Trial, admit_array, trial_exercise

HERE = "detection-test"


def wrong(name, sentence, *changes, anchor="iou"):
    return Mistake(name, sentence, f"detection-{anchor}", rewrite(box_iou, *changes))


def first(line):
    """Boxes changed before anything else."""
    return (PAIRS, f"{line}\n    {PAIRS}")


WRONG = (
    wrong("no cut at 0", "It does not cut the sides of the intersection at 0.", (W, "w = x2 - x1"), (H, "h = y2 - y1")),
    wrong(
        "product cut at 0",
        "It cuts the product of the sides at 0, and not each side.",
        (W, "w = x2 - x1"),
        (H, "h = y2 - y1"),
        (INTER, "inter = np.maximum(w * h, 0)"),
    ),
    wrong("height not cut at 0", "It cuts the width of the intersection at 0, and not its height.", (H, "h = y2 - y1")),
    wrong("width not cut at 0", "It cuts the height of the intersection at 0, and not its width.", (W, "w = x2 - x1")),
    wrong(
        "intersection counted twice",
        "It takes the sum of both areas for the union.",
        (UNION, "union = area_a + area_b"),
    ),
    wrong("over the smaller area", "It divides by the smaller area.", (RATIO, over("np.minimum(area_a, area_b)"))),
    wrong("over the first area", "It divides by the area of the first box.", (RATIO, over("area_a + 0 * area_b"))),
    wrong(
        "min and max swapped on y",
        "It has exchanged minimum and maximum on the y axis.",
        (Y1, Y1.replace("maximum", "minimum")),
        (Y2, Y2.replace("minimum", "maximum")),
    ),
    wrong(
        "+1",
        "It adds 1 to every width and height.",
        (W, "w = np.maximum(x2 - x1 + 1, 0)"),
        (H, "h = np.maximum(y2 - y1 + 1, 0)"),
        (AREA_A, "area_a = (a[..., 2] - a[..., 0] + 1) * (a[..., 3] - a[..., 1] + 1)"),
        (AREA_B, "area_b = (b[..., 2] - b[..., 0] + 1) * (b[..., 3] - b[..., 1] + 1)"),
        anchor="coordinates",
    ),
    wrong("transposed", "It returns a row for each box of the second argument.", (PAIRS, "a, b = a[None], b[:, None]")),
    wrong(
        "the first box",
        "It compares the first box of a alone, and repeats its row.",
        (PAIRS, "a, b = a[:1, None] + 0 * a[:, None], b[None]"),
    ),
    wrong(
        "squares",
        "It takes the area of a box for its width squared.",
        (AREA_A, "area_a = (a[..., 2] - a[..., 0]) ** 2"),
        (AREA_B, "area_b = (b[..., 2] - b[..., 0]) ** 2"),
    ),
    wrong("0 / 0", "It divides 0 by 0 where the union has no area.", (RATIO, "return inter / union")),
    wrong("equal without area", "It gives 1 where the union has no area.", (RATIO, RATIO.replace(", 0)", ", 1)"))),
    wrong(
        "whole numbers",
        "It cuts coordinates to whole numbers.",
        first("a, b = np.trunc(a), np.trunc(b)"),
        anchor="coordinates",
    ),
    wrong(
        "nothing negative",
        "It cuts negative coordinates at 0.",
        first("a, b = np.maximum(a, 0), np.maximum(b, 0)"),
        anchor="clip",
    ),
    wrong(
        "255",
        "It cuts coordinates beyond 255.",
        first("a, b = np.minimum(a, 255), np.minimum(b, 255)"),
        anchor="coordinates",
    ),
)


def admit_boxes(value, name):
    array = admit_array(value, name, 2, 200)
    if array.shape[1] != 4:
        raise ValueError(f"{name} has shape {array.shape}, expected (N, 4)")
    swapped = (array[:, 2:] < array[:, :2]).any(axis=1)
    if swapped.any():
        raise ValueError(
            f"{name} holds {array[swapped][0].tolist()}, expected x1, y1, x2, y2 with x1 <= x2 and y1 <= y2"
        )
    return array


def admit(a, b):
    return admit_boxes(a, "a"), admit_boxes(b, "b")


OVERLAP = (
    np.array([[1.5, 2, 14.25, 30], [10, 12.5, 50, 31]]),
    np.array([[0.0, 10, 20, 20.5], [3, 4.75, 30, 25], [12, 14, 20, 22]]),
)
NEGATIVE = (np.array([[-9.0, -4, 3, 5]]), np.array([[-6.0, -8, 1, 2]]))
LARGE = (np.array([[200.0, 300, 400, 360]]), np.array([[220.0, 280, 500, 350]]))
APART = (np.array([[0.0, 0, 2, 3]]), np.array([[5.0, 7, 9, 12]]))
RIGHT_OF = (np.array([[0.0, 0, 2, 3]]), np.array([[5.0, 1, 9, 2]]))
BELOW = (np.array([[0.0, 0, 2, 3]]), np.array([[1.0, 5, 4, 9]]))
FLAT = (np.array([[1.0, 1, 1, 6]]), np.array([[1.0, 1, 1, 6]]))
ALL = (OVERLAP, NEGATIVE, LARGE, APART, RIGHT_OF, BELOW, FLAT)


def by_reason():
    """One pair of arguments for each thing that can go wrong."""
    return list(ALL)


def at_random():
    rng = np.random.default_rng(3)
    inputs = []
    for n, m, size in [(5, 8, 400), (7, 4, 60), (9, 9, 30)]:
        corner = rng.uniform(-size, size, (n + m, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(1, size, (n + m, 2))], axis=1)
        inputs.append((boxes[:n], boxes[n:]))
    return [*inputs, FLAT]


def as_lists():
    """Plain lists, everything in two inputs."""
    a = [[0, 0, 2, 3], [-3, 1, 4, 7.5], [1, 1, 1, 1]]
    b = [[5, 7, 9, 12], [5, 1, 9, 2], [1, 5, 4, 9], [-1, 0.5, 2, 4], [1, 1, 1, 1]]
    return [[a, b], ([[100, 200, 300, 290]], [[150, 210, 400, 500]])]


def one_large_input():
    """All pairs of all boxes above."""
    return [(np.concatenate([a for a, _ in ALL]), np.concatenate([b for _, b in ALL]).astype(np.float32))]


def weak(name, sentence, inputs, anchor=HERE):
    return Mistake(name, sentence, anchor, inputs)


def without(*left_out):
    """All inputs but some, which are told apart by being the same objects."""
    return lambda: [args for args in ALL if not any(args is other for other in left_out)]


def each(change):
    return lambda: [tuple(change(boxes) for boxes in args) for args in ALL]


def to_squares(boxes):
    """Each box as high as wide, where it has an area."""
    side = boxes[:, 2:3] - boxes[:, :1]
    return np.concatenate([boxes[:, :2], boxes[:, :2] + np.where(side > 0, side, boxes[:, 2:] - boxes[:, :2])], axis=1)


IOU_INPUTS = trial_exercise(
    "hw7.iou_inputs",
    "iou_inputs",
    2,
    HERE,
    Trial(right=box_iou, wrong=WRONG, admit=admit, partly=True),
    reference=by_reason,
    mistakes=(
        weak(
            "nothing apart",
            "All your boxes overlap. Take some that do not meet.",
            without(APART, RIGHT_OF, BELOW),
            "detection-iou",
        ),
        weak(
            "apart on both axes never",
            "No two of your boxes are apart along x and y at once. Minus times minus is plus.",
            without(APART),
            "detection-iou",
        ),
        weak(
            "apart along y never",
            "No two of your boxes are apart along y and meet along x.",
            without(BELOW),
            "detection-iou",
        ),
        weak(
            "apart along x never",
            "No two of your boxes are apart along x and meet along y.",
            without(RIGHT_OF),
            "detection-iou",
        ),
        weak(
            "no box without area",
            "All unions have an area. Take two boxes that are points or lines, at one place.",
            without(FLAT),
            "detection-iou",
        ),
        weak(
            "nothing negative",
            "All your coordinates are positive, or negative ones make no difference.",
            without(NEGATIVE),
        ),
        weak(
            "small coordinates",
            "None of your coordinates beyond 255 makes a difference. Images are larger.",
            without(LARGE),
        ),
        weak(
            "whole numbers",
            "Your coordinates are whole numbers. Take fractions.",
            each(np.rint),
            "detection-coordinates",
        ),
        weak(
            "squares",
            "Your boxes are as high as wide. Height and width are easily taken for each other.",
            each(to_squares),
        ),
        weak(
            "one box in each",
            "Your inputs have one box each, or as many rows as columns that are alike. Take more, of different number.",
            lambda: [
                *[(a[n : n + 1], b[m : m + 1]) for a, b in ALL for n in range(len(a)) for m in range(len(b))][:13],
            ],
        ),
        weak(
            "one box in the first",
            "Your first argument has one box. Take several.",
            lambda: [*[(OVERLAP[0][n : n + 1], OVERLAP[1]) for n in range(2)], *ALL[1:]],
        ),
        weak(
            "one and the same box",
            "Your boxes are all the same. The answer is then 1, whatever the code.",
            lambda: [(a, a[:1]) for a, _ in ALL[1:6]] + [(OVERLAP[0][:1], OVERLAP[0][:1])],
        ),
        weak(
            "nothing meets",
            "None of your boxes meet. The answer is then 0, and many wrong versions say so too.",
            lambda: [APART, RIGHT_OF, BELOW],
        ),
    ),
    variants={
        "a pair for each reason": by_reason,
        "at random": at_random,
        "lists": as_lists,
        "everything at once": one_large_input,
    },
)
