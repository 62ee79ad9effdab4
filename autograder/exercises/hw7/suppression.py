"""Exercise nms."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import boxes, wrong_from
from convbook import detection


def overlaps(box, others):
    """IoU of one box with others, written out: an answer may do without box_iou."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    inter = np.maximum(sides, 0).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - inter
    return np.divide(inter, union, out=np.zeros_like(union), where=union > 0)


def nms(boxes, scores, iou_thr):
    boxes = np.asarray(boxes, float)
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        best = order[0]
        kept.append(best)
        rest = order[1:]
        iou = overlaps(boxes[best], boxes[rest])
        order = rest[iou <= iou_thr]
    return np.array(kept, dtype=int)


def mark_and_skip(boxes, scores, iou_thr):
    """Marks what is removed, goes on to the next that is not; a list."""
    removed = [False] * len(scores)
    kept = []
    for k in sorted(range(len(scores)), key=lambda k: -scores[k]):
        if removed[k]:
            continue
        kept.append(k)
        for other in range(len(scores)):
            if other != k and detection.box_iou(boxes[k : k + 1], boxes[other : other + 1])[0, 0] > iou_thr:
                removed[other] = True
    return kept


def matrix_first(boxes, scores, iou_thr):
    """All overlaps at once; a box stays if none that stays before it overlaps."""
    iou = detection.box_iou(boxes, boxes)
    order = sorted(range(len(boxes)), key=lambda k: (-scores[k], k))
    kept = []
    for k in order:
        if not any(iou[k, other] > iou_thr for other in kept):
            kept.append(k)
    return np.array(kept, dtype=np.int32)


def by_argmax(boxes, scores, iou_thr):
    """The best of what is left, again and again."""
    scores = np.array(scores, float)
    kept = []
    while (scores > -np.inf).any():
        best = int(scores.argmax())
        kept.append(best)
        scores[overlaps(np.asarray(boxes, float)[best], np.asarray(boxes, float)) > iou_thr] = -np.inf
        scores[best] = -np.inf
    return tuple(kept)


PLAIN, CHAINS, EDGE, NOTHING = (
    "clusters of boxes",
    "chains",
    "equal scores, exactly the threshold",
    "no overlap, no area",
)


def distinct_scores(rng, n):
    return rng.permutation(np.linspace(0.05, 0.95, n) + rng.uniform(0, 0.02))


def cluster(rng, centres, n, spread=0.12):
    """``n`` boxes around each of ``centres``, shuffled."""
    all_boxes = np.repeat(centres, n, axis=0)
    size = np.tile(all_boxes[:, 2:] - all_boxes[:, :2], 2)
    return rng.permutation(all_boxes + rng.uniform(-spread, spread, all_boxes.shape) * size)


def chain(rng, n, step):
    """``n`` boxes in a row, each a ``step`` of its width from the one before."""
    x, y = rng.uniform(5, 40, 2)
    w, h = rng.uniform(20, 40), rng.uniform(50, 80)
    corner = x + w * step * np.arange(n)
    return np.stack([corner, np.full(n, y), corner + w, np.full(n, y + h)], axis=1)


def draw(rng):
    def case(group, kind, b, scores, thr):
        return Case(group, kind, (b, scores, float(thr)))

    def settled(make, thr):
        """Boxes none of whose overlaps is near the threshold, lest rounding decide; in 300 tries there are some."""
        for _ in range(300):
            b = make()
            if np.abs(detection.box_iou(b, b) - thr).min() > 1e-3:
                break
        return b

    cases = []
    centres = np.array([[10, 10, 50, 90], [120, 30, 200, 70], [30, 150, 70, 260.0]])
    for kind, n, thr in [
        ("three clusters", 4, 0.5),
        ("three clusters, low threshold", 3, 0.3),
        ("high threshold", 4, 0.7),
    ]:
        b = settled(lambda n=n: cluster(rng, centres + rng.uniform(-5, 5, 4), n), thr)
        cases.append(case(PLAIN, kind, b, distinct_scores(rng, len(b)), thr))
    b = settled(lambda: boxes(rng, 12, 120, 25), 0.2)
    cases.append(case(PLAIN, "boxes anywhere", b, distinct_scores(rng, 12), 0.2))
    b = settled(lambda: cluster(rng, centres, 4), 0.5)
    cases.append(case(PLAIN, "scores are logits", b, distinct_scores(rng, 12) * 9 - 5, 0.5))
    for step, thr, n in [(0.3, 0.45, 3), (0.3, 0.45, 7), (0.25, 0.5, 6)]:
        b, scores = chain(rng, n, step), np.sort(distinct_scores(rng, n))[::-1]
        shuffled = rng.permutation(n)
        cases.append(case(CHAINS, f"a chain of {n}, falling scores", b[shuffled], scores[shuffled], thr))
    b = chain(rng, 6, 0.3)
    cases.append(
        case(
            CHAINS,
            "a chain, best in the middle",
            b,
            np.array([0.3, 0.6, 0.9, 0.7, 0.5, 0.2]) + rng.uniform(0, 0.05),
            0.45,
        )
    )
    x, y = rng.integers(1, 30, 2)
    square = np.array([[x, y, x + 10, y + 10]], float)
    half = square + np.array([[0, 0, 0, 0], [0, 0, 0, 10], [40, 0, 40, 0], [40, 0, 50, 0]])
    cases.append(case(EDGE, "exactly the threshold", half, np.array([0.9, 0.6, 0.5, 0.7]), 0.5))
    cases.append(
        case(
            EDGE,
            "exactly the threshold, a quarter",
            square + np.array([[0, 0, 0, 0], [0, 0, 0, 30], [1, 1, 0, 0]]),
            np.array([0.7, 0.9, 0.8]),
            0.25,
        )
    )
    b = settled(lambda: cluster(rng, centres, 3), 0.5)
    cases.append(case(EDGE, "equal scores", b, np.full(9, 0.5), 0.5))
    cases.append(case(EDGE, "some equal scores", b, rng.permutation(np.repeat([0.2, 0.5, 0.8], 3)), 0.5))
    apart = np.concatenate([centres, centres + 300])
    cases.append(case(NOTHING, "boxes that do not overlap", apart, distinct_scores(rng, 6), 0.3))
    flat = np.array([[5, 5, 5, 40], [5, 5, 5, 40], [0, 0, 30, 60], [2, 3, 30, 60.0]]) + rng.integers(0, 9)
    cases.append(case(NOTHING, "boxes without area stay", flat, distinct_scores(rng, 4), 0.5))
    cases.append(case(NOTHING, "no boxes", np.zeros((0, 4)), np.zeros(0), 0.5))
    cases.append(case(NOTHING, "one box", boxes(rng, 1), np.array([0.3]), 0.5))
    return cases


ORDER = 'order = np.argsort(-scores, kind="stable")'
BEST, REST, IOU = "best = order[0]", "rest = order[1:]", "iou = overlaps(boxes[best], boxes[rest])"
STAY, KEEP = "order = rest[iou <= iou_thr]", "kept.append(best)"
RETURN = "return np.array(kept, dtype=int)"
AS_FLOAT = "boxes = np.asarray(boxes, float)"


def wrong(name, sentence, *changes, anchor="nms"):
    return wrong_from(nms, name, anchor, sentence, *changes)


THREE = np.array([[0.0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]])

NMS = Exercise(
    id="hw7.nms",
    function="nms",
    points=9,
    anchor="detection-nms",
    reference=detection.nms,
    builds_on=("hw7.box_iou",),
    groups={PLAIN: 3, CHAINS: 3, EDGE: 2, NOTHING: 1},
    examples=(
        Case(
            PLAIN,
            "two clusters of two",
            (
                np.array([[60.0, 0, 70, 10], [1, 0, 11, 10], [0, 0, 10, 10], [61, 0, 71, 10]]),
                np.array([0.4, 0.8, 0.9, 0.3]),
                0.5,
            ),
        ),
        Case(CHAINS, "A, B and C in a row", (THREE, np.array([0.9, 0.8, 0.7]), 0.5)),
        Case(EDGE, "exactly the threshold", (np.array([[0.0, 0, 10, 10], [0, 0, 10, 20]]), np.array([0.8, 0.9]), 0.5)),
        Case(EDGE, "equal scores", (THREE[:2], np.array([0.5, 0.5]), 0.5)),
        Case(NOTHING, "two boxes apart", (np.array([[0.0, 0, 9, 9], [20, 20, 30, 30]]), np.array([0.2, 0.9]), 0.5)),
        Case(NOTHING, "no boxes", (np.zeros((0, 4)), np.zeros(0), 0.5)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "worst first",
            "You begin with the lowest score. argsort goes up: sort by the negative scores.",
            (ORDER, 'order = np.argsort(scores, kind="stable")'),
        ),
        wrong(
            "order of the list",
            "You go through the boxes as they come. The best score goes first.",
            (ORDER, "order = np.arange(len(scores))"),
        ),
        wrong(
            "the later of equal scores",
            "Of equal scores you take the later one first: a sort that goes up was turned round. Sort by the negative"
            " scores, with "
            'kind="stable".',
            (ORDER, 'order = np.argsort(scores, kind="stable")[::-1]'),
        ),
        wrong(
            "removed from the threshold on",
            "You remove boxes whose IoU is the threshold exactly. Only those above it go.",
            (STAY, "order = rest[iou < iou_thr]"),
        ),
        wrong(
            "what overlaps stays",
            "You keep the boxes that overlap and drop the others. What stays has an IoU of at most the threshold.",
            (STAY, "order = rest[iou > iou_thr]"),
        ),
        wrong(
            "the removed remove",
            "In your code a removed box still removes others: of A, B, C in a row, B is removed by A and then takes C"
            " along. Only "
            "boxes that are kept remove.",
            (
                IOU,
                "iou = np.array([max([overlaps(boxes[k], boxes[[r]])[0] for k in full[: full.index(r)]], default=0) "
                "for r in rest])",
            ),
            (STAY, "order = rest[iou <= iou_thr]"),
            (ORDER, f"{ORDER}\n    full = order.tolist()"),
        ),
        wrong(
            "best box alone removes",
            "Only your best box removes others. Go on with the best of the rest.",
            (STAY, "order = rest[iou <= iou_thr]\n        kept.extend(order)\n        break"),
        ),
        wrong(
            "neighbours in the order alone",
            "You compare each box with the next in order alone. The best one is compared with all that are left.",
            (STAY, "order = rest[1:] if len(rest) and iou[0] > iou_thr else rest"),
        ),
        wrong(
            "picked box never removed",
            "You never take the picked box off the list, so it comes again. It has an IoU of 1 with itself: set it "
            "apart before you compare.",
            (STAY, "order = order[np.concatenate([[True], iou <= iou_thr])] if len(kept) < len(scores) else rest[:0]"),
        ),
        wrong(
            "one place off",
            "Your indices are one off: what you compare begins at order[1], so place k there is k + 1 in order.",
            (STAY, "order = order[:-1][iou <= iou_thr]"),
        ),
        wrong(
            "places in the order",
            "You return places in the sorted list. Return the indices of the boxes as they came.",
            (RETURN, f"return {ORDER.split('= ', 1)[1]}.argsort()[kept] if kept else np.zeros(0, int)"),
        ),
        wrong(
            "scores sorted, boxes not",
            "You sort the scores and not the boxes: then box k has another's score.",
            (
                IOU,
                "place = {int(k): n for n, k in enumerate(np.argsort(-scores, kind='stable'))}\n        iou = "
                "overlaps(boxes[place[int(best)]], boxes[[place[int(r)] for r in rest]].reshape(-1, 4))",
            ),
        ),
        wrong(
            "indices sorted",
            "You return the indices in the order of the list. The best score comes first.",
            (RETURN, "return np.sort(kept).astype(int)"),
        ),
        wrong(
            "best last", "Your best box comes last. It comes first.", (RETURN, "return np.array(kept[::-1], dtype=int)")
        ),
        wrong(
            "mask",
            "You return a mask. Indices are asked for, the best score first.",
            (RETURN, "return np.isin(np.arange(len(scores)), kept)"),
        ),
        wrong("boxes", "You return the boxes that stay. Return their indices.", (RETURN, "return boxes[kept]")),
        wrong("scores", "You return the scores that stay. Return the indices.", (RETURN, "return scores[kept]")),
        wrong(
            "those removed",
            "You return the boxes that are removed.",
            (RETURN, "return np.array([k for k in np.argsort(-scores) if k not in kept], dtype=int)"),
        ),
        wrong(
            "the best one alone",
            "You return the best box alone. Go on with what it leaves.",
            (RETURN, "return np.array(kept[:1], dtype=int)"),
        ),
        wrong("all stay", "You remove nothing.", (STAY, "order = rest")),
        wrong(
            "threshold unused", "The threshold makes no difference to your result.", (STAY, "order = rest[iou <= 0.5]")
        ),
        wrong(
            "any overlap",
            "You remove all that overlaps at all. Only what is above the threshold goes.",
            (STAY, "order = rest[iou <= 0]"),
        ),
        wrong(
            "threshold for the score",
            "You also drop boxes whose score is below the threshold. That is another threshold.",
            (ORDER, f"{ORDER}\n    order = order[scores[order] >= iou_thr]"),
        ),
        wrong(
            "intersection over the smaller",
            "You divide the intersection by the smaller area. Divide by the union: use box_iou.",
            (
                IOU,
                "sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])\n"
                "        area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)\n"
                "        iou = np.maximum(sides, 0).prod(axis=1) / np.maximum(np.minimum(area[best], area[rest]), "
                "1e-9)",
            ),
            anchor="iou",
        ),
        wrong(
            "intersection over the other's area",
            "You divide the intersection by the area of the other box, as some old code does. Divide by the union: "
            "use box_iou.",
            (
                IOU,
                "sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])\n"
                "        area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)\n"
                "        iou = np.maximum(sides, 0).prod(axis=1) / np.maximum(area[rest], 1e-9)",
            ),
            anchor="iou",
        ),
        wrong(
            "no cut at 0",
            "Boxes apart on both axes share a positive area in your code: minus times minus. Use box_iou.",
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
            "+1",
            "You add 1 to widths and heights, as old code does. Here coordinates are edges.",
            (IOU, "wider = boxes + np.array([0, 0, 1, 1])\n        iou = overlaps(wider[best], wider[rest])"),
            anchor="coordinates",
        ),
        wrong(
            "taken for x, y, w, h",
            "You take the last two numbers of a box for width and height. They are the lower right corner.",
            (
                AS_FLOAT,
                "boxes = np.asarray(boxes, float)\n    boxes = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, "
                "2:]], axis=1)",
            ),
            anchor="coordinates",
        ),
        wrong(
            "no area dropped",
            "You drop boxes without area. They overlap nothing, and stay.",
            (ORDER, f"{ORDER}\n    order = order[(boxes[order, 2:] > boxes[order, :2]).all(axis=1)]"),
            anchor="iou",
        ),
        wrong(
            "no boxes",
            "You fail where there are no boxes. Return no indices then.",
            (ORDER, f"{ORDER}\n    scores.max()"),
        ),
        wrong(
            "None for no boxes",
            "You return None where there are no boxes. Return no indices then: an empty array.",
            (ORDER, f"if len(boxes) == 0:\n        return None\n    {ORDER}"),
        ),
        wrong(
            "argument changed",
            "You change the array of scores. Write to something new.",
            (
                RETURN,
                "scores[[k for k in range(len(scores)) if k not in kept]] = 0\n    return np.array(kept, dtype=int)",
            ),
        ),
    ),
    variants={
        "the best of what is left": nms,
        "marks, a list": mark_and_skip,
        "all overlaps first": matrix_first,
        "argmax, a tuple": by_argmax,
    },
)
