"""Exercise nms_inputs: the student writes the test that exposes wrong suppression."""

import numpy as np

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw7.suppression import IOU, KEEP, ORDER, RETURN, STAY, THREE, nms
from autograder.exercises.hw7.trial_iou import admit_boxes
from autograder.trial import Trial, admit_array, trial_exercise

HERE = "detection-test"


def wrong(name, sentence, *changes, anchor="nms"):
    return Mistake(name, sentence, f"detection-{anchor}", rewrite(nms, *changes))


WRONG = (
    wrong("worst first", "It begins with the lowest score.", (ORDER, 'order = np.argsort(scores, kind="stable")')),
    wrong("order of the list", "It goes through the boxes as they come.", (ORDER, "order = np.arange(len(scores))")),
    wrong(
        "the later of equal scores",
        "It takes the later one of equal scores first.",
        (ORDER, 'order = np.argsort(scores, kind="stable")[::-1]'),
    ),
    wrong(
        "removed from the threshold on",
        "It removes boxes whose IoU is exactly the threshold.",
        (STAY, "order = rest[iou < iou_thr]"),
    ),
    wrong(
        "the removed remove",
        "It lets a removed box remove others.",
        (
            STAY,
            "full = np.argsort(-scores, kind='stable').tolist()\n"
            "        order = rest[[all(overlaps(boxes[k], boxes[[r]])[0] <= iou_thr for k in full[: full.index(r)]) "
            "for r in rest]]"
            " if len(rest) else rest",
        ),
    ),
    wrong(
        "best box alone removes",
        "It lets the best box alone remove others.",
        (STAY, "order = rest[iou <= iou_thr]\n        kept.extend(order)\n        break"),
    ),
    wrong(
        "neighbours in the order alone",
        "It compares each box with the next in order alone.",
        (STAY, "order = rest[1:] if len(rest) and iou[0] > iou_thr else rest"),
    ),
    wrong(
        "places in the order",
        "It returns places in the sorted list, not indices of the boxes.",
        (RETURN, "return np.argsort(-scores, kind='stable').argsort()[kept]"),
    ),
    wrong(
        "indices sorted",
        "It returns the indices in the order of the list.",
        (RETURN, "return np.sort(kept).astype(int)"),
    ),
    wrong(
        "one half", "It takes one half for the threshold, whatever the argument.", (STAY, "order = rest[iou <= 0.5]")
    ),
    wrong(
        "threshold for the score",
        "It drops boxes whose score is below the threshold.",
        (ORDER, f"{ORDER}\n    order = order[scores[order] >= iou_thr]"),
    ),
    wrong(
        "intersection over the smaller",
        "It divides the intersection by the smaller area.",
        (
            IOU,
            "sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])\n"
            "        area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)\n"
            "        iou = np.maximum(sides, 0).prod(axis=1) / np.maximum(np.minimum(area[best], area[rest]), 1e-9)",
        ),
        anchor="iou",
    ),
    wrong(
        "no cut at 0",
        "It takes boxes apart on both axes for overlapping ones: minus times minus.",
        (
            IOU,
            "sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])\n"
            "        area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)\n"
            "        inter = sides.prod(axis=1)\n"
            "        union = area[best] + area[rest] - inter\n"
            "        iou = inter / np.where(union == 0, 1, union)",
        ),
        anchor="iou",
    ),
    wrong(
        "no area dropped",
        "It drops boxes without area.",
        (ORDER, f"{ORDER}\n    order = order[(boxes[order, 2:] > boxes[order, :2]).all(axis=1)]"),
        anchor="iou",
    ),
    wrong(
        "three at most",
        "It keeps three boxes at most.",
        (KEEP, f"{KEEP}\n        if len(kept) == 3:\n            break"),
    ),
)


def admit(boxes, scores, iou_thr):
    boxes = admit_boxes(boxes, "boxes")
    scores = admit_array(scores, "scores", 1)
    if len(scores) != len(boxes):
        raise ValueError(f"there are {len(boxes)} boxes and {len(scores)} scores")
    threshold = float(admit_array(np.reshape(iou_thr, (1,)) if np.ndim(iou_thr) == 0 else iou_thr, "iou_thr", 1)[0])
    if np.ndim(iou_thr) or not 0 <= threshold <= 1:
        raise ValueError("iou_thr is no number from 0 to 1")
    return boxes, scores, threshold


ROW = np.array([[60.0, 0, 70, 10], [0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [61, 0, 71, 10], [90, 0, 99, 10]])
CLUSTERS = (ROW, np.array([0.6, 0.7, 0.8, 0.95, 0.9, 0.65]), 0.5)
CHAIN = (THREE, np.array([0.9, 0.8, 0.7]), 0.5)
EXACT = (np.array([[0.0, 0, 10, 10], [0, 0, 10, 20]]), np.array([0.8, 0.9]), 0.5)
EQUAL = (THREE[:2], np.array([0.75, 0.75]), 0.5)
LOW = (THREE[:2] + np.array([[0, 0, 0, 0], [2, 0, 2, 0]]), np.array([0.8, 0.9]), 0.3)
POOR = (np.array([[0.0, 0, 9, 9], [20, 0, 29, 9]]), np.array([0.9, 0.2]), 0.5)
NESTED = (np.array([[0.0, 0, 10, 10], [2, 2, 6, 6]]), np.array([0.9, 0.8]), 0.5)
FAR = (np.array([[0.0, 0, 5, 5], [10, 12, 15, 17], [20, 25, 25, 30]]), np.array([0.9, 0.8, 0.7]), 0.5)
LINE = (np.array([[0.0, 0, 0, 10], [20, 0, 30, 10]]), np.array([0.9, 0.8]), 0.5)
ALL = (CLUSTERS, CHAIN, EXACT, EQUAL, LOW, POOR, NESTED, FAR, LINE)


def by_reason():
    return list(ALL)


def at_random():
    """Crowds on a grid of whole numbers, which has ties, equal thresholds and boxes without area."""
    rng = np.random.default_rng(2)
    inputs = []
    for n, size in [(12, 6), (18, 8), (25, 5), (10, 30)]:
        corner = rng.integers(0, size, (n, 2))
        boxes = np.concatenate([corner, corner + rng.integers(0, 5, (n, 2))], axis=1)
        for threshold in (0.25, 0.5, 1 / 3):
            inputs.append((boxes, rng.integers(1, 9, n) / 10, threshold))
    return inputs


def as_lists():
    rows = [[0, 0, 10, 10], [40, 40, 50, 50], [3, 0, 13, 10], [6, 0, 16, 10], [80, 90, 80, 99], [81, 0, 91, 10]]
    return [
        [rows, [0.9, 0.2, 0.8, 0.7, 0.3, 0.95], 0.5],
        (rows[:3], [0.5, 0.7, 0.5], 0.7),
        ([[0, 0, 10, 10], [0, 0, 10, 20], [2, 2, 4, 4], [60, 60, 62, 62]], [0.6, 0.7, 0.6, 0.9], 0.5),
        ([[60, 0, 70, 10], [0, 0, 10, 10], [1, 0, 11, 10], [61, 0, 71, 10]], [0.6, 0.7, 0.8, 0.9], 0.5),
    ]


def one_crowd():
    """Several clusters, shuffled, and the edge cases."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 300, (5, 2))
    corner = np.repeat(centres, 6, axis=0) + rng.uniform(0, 12, (30, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(15, 30, (30, 2))], axis=1)
    crowd = [(boxes, rng.uniform(0.2, 1, 30).astype(np.float32), threshold) for threshold in (0.3, 0.45)]
    return (*crowd, EXACT, EQUAL, POOR, NESTED, FAR, LINE)


def weak(name, sentence, inputs, anchor="detection-nms"):
    return Mistake(name, sentence, anchor, inputs)


def without(*left_out):
    return lambda: [args for args in ALL if not any(args is other for other in left_out)]


NMS_INPUTS = trial_exercise(
    "hw7.nms_inputs",
    "nms_inputs",
    2,
    HERE,
    Trial(right=nms, wrong=WRONG, admit=admit, partly=True),
    reference=by_reason,
    mistakes=(
        weak(
            "falling scores",
            "Your boxes come with the best score first. Then there is nothing to sort: shuffle them.",
            lambda: [
                (boxes[np.argsort(-scores, kind="stable")], np.sort(scores)[::-1], threshold)
                for boxes, scores, threshold in ALL
            ],
        ),
        weak("no chain", "You have no chain: A removes B, and B would have removed C, which A leaves.", without(CHAIN)),
        weak("no equal scores", "You have no two overlapping boxes of one score.", without(EQUAL)),
        weak(
            "never exactly the threshold",
            "No IoU of yours is exactly the threshold. Halves and quarters can be.",
            without(EXACT),
        ),
        weak("threshold one half", "A threshold of one half always would do for you. Take others too.", without(LOW)),
        weak(
            "good scores",
            "All your scores are at least the threshold. They have nothing to do with each other.",
            lambda: [(b, s / 2 + 0.5, t) for b, s, t in ALL],
        ),
        weak(
            "nothing below the threshold",
            "No two of your boxes overlap by exactly the threshold, or by less where one is small and lies in the "
            "other.",
            without(NESTED, EXACT),
            "detection-iou",
        ),
        weak(
            "apart on both axes never",
            "No two of your boxes are apart along x and y at once.",
            without(FAR),
            "detection-iou",
        ),
        weak(
            "no box without area",
            "All your boxes have an area. One without overlaps nothing, and stays.",
            without(LINE),
            "detection-iou",
        ),
        weak(
            "few stay",
            "At most three of your boxes stay.",
            lambda: [(b[:5][[1, 2, 0, 4]], s[:5][[1, 2, 0, 4]], t) if len(b) > 5 else (b, s, t) for b, s, t in ALL],
        ),
        weak(
            "one box",
            "Your inputs expose nothing. One box removes nothing: give several that overlap.",
            lambda: [(THREE[:1], [0.9], 0.5)],
        ),
        weak(
            "two boxes at most",
            "Your inputs show nothing that takes three boxes: a removed one that would remove, a second one that "
            "removes, four that stay.",
            lambda: [args for args in ALL if len(args[0]) < 3],
        ),
        weak(
            "nothing overlaps",
            "What stays of your boxes is the same by most rules. Take more that overlap, in mixed order.",
            lambda: [POOR, FAR, LINE],
        ),
    ),
    variants={
        "an input for each reason": by_reason,
        "at random": at_random,
        "lists": as_lists,
        "one crowd and the edge cases": one_crowd,
    },
)
