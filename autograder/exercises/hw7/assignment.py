"""Exercise assign_anchors."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import boxes, wrong_from
from convbook import detection
from convbook.detection import box_iou

NAMES = ("labels", "matched")


def assign_anchors(anchors, gt, pos=0.7, neg=0.3):
    labels = np.full(len(anchors), -1)
    matched = np.full(len(anchors), -1)
    if len(gt) == 0:
        labels[:] = 0
        return labels, matched
    iou = box_iou(anchors, gt)
    best = iou.max(axis=1)
    nearest = iou.argmax(axis=1)
    labels[best < neg] = 0
    labels[best >= pos] = 1
    matched[best >= pos] = nearest[best >= pos]
    top = iou.max(axis=0)
    chosen = (iou == top) & (top > 0)
    for n in range(len(anchors)):
        if chosen[n].any():
            labels[n] = 1
            matched[n] = np.where(chosen[n], iou[n], -1).argmax()
    return labels, matched


def anchor_by_anchor(anchors, gt, pos=0.7, neg=0.3):
    """Lists and loops."""
    iou = box_iou(anchors, gt).tolist()
    best_of = [max((row[g] for row in iou), default=0) for g in range(len(gt))]
    labels, matched = [], []
    for row in iou:
        choosers = [g for g, v in enumerate(row) if v == best_of[g] and v > 0]
        best = max(row, default=0.0)
        if choosers:
            labels.append(1)
            matched.append(max(choosers, key=lambda g: (row[g], -g)))
        elif row and best >= pos:
            labels.append(1)
            matched.append(row.index(best))
        else:
            labels.append(0 if best < neg or not row else -1)
            matched.append(-1)
    return labels, matched


def objects_last(anchors, gt, pos=0.7, neg=0.3):
    """Each object in turn claims its best anchors, unless another one that claims them overlaps more."""
    labels, matched = np.zeros(len(anchors), int), np.full(len(anchors), -1)
    if not len(gt):
        return [labels, matched]
    iou = box_iou(anchors, gt)
    labels[(iou >= neg).any(axis=1)] = -1
    (sure,) = np.nonzero((iou >= pos).any(axis=1))
    labels[sure], matched[sure] = 1, iou[sure].argmax(axis=1)
    claimed = np.zeros(len(anchors))
    for g in range(len(gt)):
        for n in np.flatnonzero(iou[:, g] == iou[:, g].max()):
            if iou[n, g] > claimed[n]:
                labels[n], matched[n], claimed[n] = 1, g, iou[n, g]
    return labels.astype(float), matched


def by_masks(anchors, gt, pos=0.7, neg=0.3):
    iou = np.concatenate([box_iou(anchors, gt), np.full((len(anchors), 1), -1.0)], axis=1)
    forced = np.where((iou == iou.max(axis=0)) & (iou > 0), iou, -1)
    is_forced = forced.max(axis=1) > 0
    sure = iou.max(axis=1) >= pos
    band = (iou.max(axis=1) >= neg) & ~sure
    labels = np.select([is_forced | sure, band], [1, -1], 0)
    return labels.astype(np.int8), np.select([is_forced, sure], [forced.argmax(axis=1), iou.argmax(axis=1)], -1)


THRESHOLDS, FORCED, BETWEEN, EDGE = (
    "thresholds",
    "the best anchor of an object",
    "which object",
    "exactly a threshold, no objects",
)


def placed(rng, gt, overlap):
    """A box as large as ``gt`` with IoU v, ``overlap``, moved along one axis: by (1 - v) / (1 + v) of its side."""
    shift = (1 - overlap) / (1 + overlap) * (gt[2:] - gt[:2]) * (np.eye(2)[rng.integers(2)]) * rng.choice([-1, 1])
    return gt + np.tile(shift, 2)


def draw(rng):
    def case(group, kind, anchors, gt, *thresholds):
        return [Case(group, kind, (anchors, gt, *thresholds, NAMES, part)) for part in NAMES]

    def objects(n):
        """``n`` objects far from each other."""
        cell = boxes(rng, n, 80, 25)
        return cell + 400 * np.tile(rng.permutation(n)[:, None], 4)

    def around(gt, *overlaps):
        """Shuffled anchors with these overlaps with each of the objects."""
        return rng.permutation(
            np.array([placed(rng, one, v + rng.uniform(-0.02, 0.02)) for one in gt for v in overlaps])
        )

    cases = []
    three, two = objects(3), objects(2)
    far = boxes(rng, 3) - 900
    mixed = np.concatenate([around(three, 0.9, 0.77, 0.6, 0.4, 0.2), far])
    cases += case(THRESHOLDS, "three objects, sure anchors", rng.permutation(mixed), three)
    cases += case(
        THRESHOLDS,
        "other thresholds",
        np.concatenate([around(two, 0.9, 0.66, 0.55, 0.45, 0.35, 0.25), far]),
        two,
        0.6,
        0.4,
    )
    cases += case(THRESHOLDS, "one threshold for both", around(two, 0.9, 0.6, 0.4, 0.2), two, 0.5, 0.5)
    cases += case(THRESHOLDS, "as many anchors as objects", np.concatenate([around(three[:2], 0.9), far[:1]]), three)
    cases += case(FORCED, "best anchors in the band", around(three, 0.6, 0.45, 0.2), three)
    cases += case(FORCED, "best anchors below both thresholds", np.concatenate([around(two, 0.2, 0.1), far]), two)
    cases += case(
        FORCED,
        "a sure object and a poor one",
        np.concatenate([around(two[:1], 0.9, 0.8, 0.5), around(two[1:], 0.25, 0.15)]),
        two,
    )
    x, y = rng.integers(5, 50, 2)
    square = np.array([x, y, x + 10, y + 20], float)
    twins = square + np.array([[3, 0, 3, 0], [-3, 0, -3, 0], [6, 0, 6, 0], [300, 0, 300, 0]])
    cases += case(FORCED, "two anchors equally good", twins[rng.permutation(4)], np.array([square]))
    cases += case(
        FORCED,
        "an object that no anchor meets",
        np.concatenate([far[:1], around(two, 0.8, 0.4, 0.1)]),
        np.concatenate([two, [[-90.0, -90, -50, -60]]]),
    )
    # one anchor, two objects: the nearer one is served better elsewhere, so the other one chooses
    base = np.array([100, 100, 140, 160], float) + rng.integers(0, 30)
    nearer, other = base + np.array([4, 0, 4, 0]), base - np.array([16, 0, 16, 0])
    cases += case(
        BETWEEN,
        "chosen by the object that overlaps less",
        np.array([base, nearer + np.array([1, 0, 1, 0]), far[0]]),
        np.array([other, nearer]),
    )
    cases += case(
        BETWEEN,
        "chosen by two objects",
        np.array([far[0], base, far[1]]),
        np.array(
            [base - np.array([12.0, 0, 12, 0]), base + np.array([8.0, 0, 8, 0]), base + np.array([0, 25.0, 0, 25])]
        ),
    )
    crowd = np.array([base, base + np.array([9, 5, 9, 5]), base + np.array([-8, 9, -8, 9])])
    cases += case(BETWEEN, "objects that overlap each other", around(crowd, 0.85, 0.7, 0.5), crowd, 0.62, 0.35)
    exact = np.array([[0, 0, 10, 10], [0, 0, 10, 20], [0, 0, 10, 40], [0, 0, 10, 80]], float) + np.tile(
        rng.integers(0, 30, 2), 2
    )
    cases += case(EDGE, "exactly pos and exactly neg", exact[[2, 1, 3, 0]], exact[:1], 0.5, 0.25)
    cases += case(EDGE, "exactly both", exact[[1, 0, 2]], exact[:1], 0.5, 0.5)
    cases += case(EDGE, "no objects", boxes(rng, int(rng.integers(3, 7))), np.zeros((0, 4)))
    return cases


EMPTY = "if len(gt) == 0:\n        labels[:] = 0\n        return labels, matched"
IOU = "iou = box_iou(anchors, gt)"
BEST, NEAREST = "best = iou.max(axis=1)", "nearest = iou.argmax(axis=1)"
NEGATIVE, POSITIVE = "labels[best < neg] = 0", "labels[best >= pos] = 1"
MATCH = "matched[best >= pos] = nearest[best >= pos]"
TOP, CHOSEN = "top = iou.max(axis=0)", "chosen = (iou == top) & (top > 0)"
FORCE = "labels[n] = 1"
FORCE_MATCH = "matched[n] = np.where(chosen[n], iou[n], -1).argmax()"
LOOP = "for n in range(len(anchors)):"
RETURN = "            matched[n] = np.where(chosen[n], iou[n], -1).argmax()\n    return labels, matched"


def wrong(name, sentence, *changes, anchor="assignment"):
    return wrong_from(assign_anchors, name, anchor, sentence, *changes)


def returns(name, sentence, last):
    return wrong(name, sentence, (RETURN, f"            {FORCE_MATCH}\n    {last}"))


FOUR = np.array([[0.0, 0, 10, 10], [0, 0, 10, 14], [5, 0, 15, 10], [90, 0, 99, 9]])

ASSIGN_ANCHORS = Exercise(
    id="hw7.assign_anchors",
    function="assign_anchors",
    points=9,
    anchor="detection-assignment",
    probe="several",
    reference=detection.assign_anchors,
    builds_on=("hw7.box_iou",),
    groups={THRESHOLDS: 3, FORCED: 3, BETWEEN: 2, EDGE: 1},
    examples=tuple(
        Case(group, kind, (anchors, gt, *thresholds, NAMES, part))
        for group, kind, anchors, gt, *thresholds in [
            (THRESHOLDS, "one object, four anchors", FOUR, np.array([[0.0, 0, 10, 10]])),
            (FORCED, "a second object, met poorly", FOUR, np.array([[0.0, 0, 10, 10], [85, 0, 95, 10]])),
            (
                EDGE,
                "exactly pos",
                np.array([[0.0, 0, 10, 20], [0, 0, 10, 10], [0, 0, 10, 40]]),
                np.array([[0.0, 0, 10, 10]]),
                0.5,
                0.25,
            ),
            (EDGE, "no objects", FOUR, np.zeros((0, 4))),
        ]
        for part in NAMES
    ),
    draw=draw,
    mistakes=(
        wrong(
            "best anchors forgotten",
            "You label by thresholds alone. Each object also makes its best anchor positive, however low their IoU: "
            "else an object "
            "between the anchors is learned by none.",
            (LOOP, "for n in range(0):"),
        ),
        wrong(
            "best anchor of each anchor",
            "You take the best object of each anchor for the best anchor of each object. For an object go down its "
            "column: "
            "axis 0.",
            (TOP, "top = iou.max(axis=1, keepdims=True)"),
        ),
        wrong(
            "best anchor per object for labels",
            "You label anchors by the maximum over anchors. An anchor's label comes from its own best object: axis 1.",
            (BEST, "best = np.resize(iou.max(axis=0), len(anchors))"),
        ),
        wrong(
            "first of equally good anchors",
            "Where several anchors are equally good for an object you take the first alone. All of them become "
            "positive.",
            (CHOSEN, "chosen = (np.arange(len(anchors))[:, None] == iou.argmax(axis=0)) & (top > 0)"),
        ),
        wrong(
            "objects without any overlap choose",
            "An object that meets no anchor makes all of them positive in your code: their best IoU, 0, is shared by "
            "all. Only "
            "anchors that overlap it count.",
            (CHOSEN, "chosen = iou == top"),
        ),
        wrong(
            "an object without overlap takes the first",
            "An object that meets no anchor makes the first one positive in your code, for argmax has to return "
            "something. Only "
            "anchors that overlap it count.",
            (CHOSEN, "chosen = (iou == top) & (top > 0)\n    chosen[0, top == 0] = True"),
        ),
        wrong(
            "best anchors lost again",
            "You mark the best anchors first and the negative ones after: those below neg are lost again. Mark them "
            "last.",
            (
                RETURN,
                f"            {FORCE_MATCH}\n    labels[best < neg] = 0\n    return labels, matched",
            ),
        ),
        wrong(
            "best anchors in the band alone",
            "A best anchor below neg stays negative in your code. It becomes positive however low its IoU.",
            (CHOSEN, "chosen = (iou == top) & (top >= neg)"),
        ),
        wrong(
            "best anchors not labelled",
            "You match the best anchors and leave their label.",
            (FORCE, "labels[n] = labels[n]"),
        ),
        wrong(
            "best anchors not matched",
            "You label the best anchors positive and give them no object.",
            (FORCE_MATCH, "matched[n] = nearest[n] if best[n] >= pos else -1"),
        ),
        wrong(
            "best anchors keep their nearest object",
            "An anchor that an object chose answers for that object, not for the one it overlaps most.",
            (FORCE_MATCH, "matched[n] = nearest[n]"),
        ),
        wrong(
            "last of the objects that chose",
            "Of several objects that chose an anchor you take the last. It is the one that the anchor overlaps most.",
            (FORCE_MATCH, "matched[n] = np.flatnonzero(chosen[n])[-1]"),
        ),
        wrong(
            "first of the objects that chose",
            "Of several objects that chose an anchor you take the first. It is the one that the anchor overlaps most.",
            (FORCE_MATCH, "matched[n] = chosen[n].argmax()"),
        ),
        wrong(
            "no band",
            "You have no band to ignore: whatever is not positive is negative. Between neg and pos the label is -1.",
            (NEGATIVE, "labels[:] = 0"),
        ),
        wrong(
            "band is 0, background -1",
            "You have exchanged -1 and 0: negative is 0, ignored is -1.",
            (RETURN, f"            {FORCE_MATCH}\n    return np.where(labels == 1, 1, -1 - labels), matched"),
        ),
        wrong(
            "band is positive",
            "You label everything from neg on positive. It is positive from pos on, and ignored between.",
            (POSITIVE, "labels[best >= neg] = 1"),
            (MATCH, "matched[best >= neg] = nearest[best >= neg]"),
        ),
        wrong(
            "above pos",
            "You ask for more than pos. An IoU of exactly pos is positive.",
            (POSITIVE, "labels[best > pos] = 1"),
            (MATCH, "matched[best > pos] = nearest[best > pos]"),
        ),
        wrong(
            "up to neg",
            "You label an IoU of exactly neg negative. Only below it is.",
            (NEGATIVE, "labels[best <= neg] = 0"),
        ),
        wrong(
            "thresholds unused",
            "Your thresholds are 0.7 and 0.3, whatever the arguments.",
            (IOU, "iou = box_iou(anchors, gt)\n    pos, neg = 0.7, 0.3"),
        ),
        wrong(
            "positives alone",
            "Your labels are 0 and 1 only for thresholds of one half. Use pos and neg.",
            (IOU, "iou = box_iou(anchors, gt)\n    pos = neg = 0.5"),
        ),
        wrong(
            "everything matched",
            "You give every anchor an object. Those that are not positive have -1.",
            (MATCH, "matched[:] = nearest"),
        ),
        wrong(
            "ignored ones matched",
            "You give anchors of the band an object. Those that are not positive have -1.",
            (MATCH, "matched[best >= neg] = nearest[best >= neg]"),
        ),
        wrong(
            "0 for no object",
            "You give 0 to anchors without an object. 0 is the first object: take -1.",
            (RETURN, f"            {FORCE_MATCH}\n    return labels, np.maximum(matched, 0)"),
        ),
        wrong(
            "counted from 1",
            "Your objects are counted from 1. The first one is 0.",
            (RETURN, f"            {FORCE_MATCH}\n    return labels, np.where(matched < 0, -1, matched + 1)"),
        ),
        wrong(
            "boxes for indices",
            "Your second result holds boxes. It holds indices of objects.",
            (RETURN, f"            {FORCE_MATCH}\n    return labels, gt[matched]"),
        ),
        wrong(
            "anchor of each object",
            "Your second result has one entry an object. It has one an anchor: which object it answers for.",
            (RETURN, f"            {FORCE_MATCH}\n    return labels, iou.argmax(axis=0)"),
        ),
        wrong(
            "no objects, no answer",
            "You fail where there are no objects. All anchors are negative then.",
            (EMPTY, "pass"),
        ),
        wrong(
            "no objects, all ignored",
            "Where there are no objects you ignore all anchors. They are negative: an image without objects teaches "
            "background.",
            (EMPTY, "if len(gt) == 0:\n        return labels, matched"),
        ),
        wrong(
            "taken for x, y, w, h",
            "You take the last two numbers of a box for width and height. They are the lower right corner.",
            (
                IOU,
                "iou = box_iou(*(np.concatenate([b[:, :2], b[:, :2] + abs(b[:, 2:])], axis=1) for b in (anchors, gt)))",
            ),
            anchor="coordinates",
        ),
        wrong(
            "a small number in the union",
            "Your IoU is a little too small, by a number added to the union, and what is exactly a threshold falls "
            "below it.",
            (IOU, "iou = box_iou(anchors, gt) * (1 - 1e-9)"),
            anchor="iou",
        ),
        returns(
            "labels alone", "You return the labels alone. Return a tuple of two: labels, matched.", "return labels"
        ),
        returns(
            "order of the results",
            "Your results come in the wrong order. Return labels, matched.",
            "return matched, labels",
        ),
        returns("one-hot", "Your labels are true or false. They are 1, 0 and -1.", "return labels == 1, matched"),
    ),
    variants={
        "step by step": assign_anchors,
        "anchor by anchor, lists": anchor_by_anchor,
        "objects claim in turn": objects_last,
        "masks": by_masks,
    },
)
