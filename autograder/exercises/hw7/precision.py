"""Exercise average_precision."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import wrong_from
from convbook import detection
from convbook.detection import box_iou


def average_precision(dets, gts, iou_thr=0.5):
    found = []
    for image, (boxes, scores) in enumerate(dets):
        found += [(score, image, box) for box, score in zip(boxes, scores, strict=True)]
    found.sort(key=lambda entry: -entry[0])
    taken = [np.zeros(len(gt), bool) for gt in gts]
    objects = sum(len(gt) for gt in gts)
    right = []
    for _, image, box in found:
        gt = gts[image]
        iou = box_iou(box[None], gt)[0] if len(gt) else np.zeros(1)
        best = iou.argmax()
        hit = iou[best] >= iou_thr
        right.append(bool(hit and not taken[image][best]))
        if hit:
            taken[image][best] = True
    counts = np.cumsum(right)
    precision = counts / np.arange(1, len(right) + 1)
    recall = counts / objects
    total, before = 0.0, 0.0
    for k in range(len(right)):
        total += (recall[k] - before) * max(precision[k:])
        before = recall[k]
    return total


def envelope(dets, gts, iou_thr=0.5):
    """Image by image first, ranked together after; the running maximum from behind."""
    scores, hits = [], []
    for (boxes, values), gt in zip(dets, gts, strict=True):
        free = set(range(len(gt)))
        iou = box_iou(boxes, gt)
        for k in np.argsort(-np.asarray(values), kind="stable"):
            best = int(iou[k].argmax()) if len(gt) else None
            good = best in free and iou[k, best] >= iou_thr
            if good:
                free.remove(best)
            scores.append(values[k])
            hits.append(good)
    hits = np.array(hits, bool)[np.argsort(-np.array(scores), kind="stable")]
    curve = np.cumsum(hits) / np.arange(1, hits.size + 1)
    curve = np.maximum.accumulate(curve[::-1])[::-1]
    return np.sum(curve[hits]) / sum(map(len, gts))


def voc_code(dets, gts, iou_thr=0.5):
    """Sentinels at both ends of the curve, as in the code of the challenge."""
    image = np.concatenate([np.full(len(scores), n) for n, (_, scores) in enumerate(dets)]).astype(int)
    scores = np.concatenate([scores for _, scores in dets])
    boxes = np.concatenate([np.reshape(boxes, (-1, 4)) for boxes, _ in dets])
    seen, tp, fp = set(), [0], [0]
    for k in sorted(range(len(scores)), key=lambda k: -scores[k]):
        overlaps = box_iou(boxes[k : k + 1], gts[image[k]])[0].tolist()
        top = max(overlaps, default=-1.0)
        key = (image[k], overlaps.index(top)) if overlaps else None
        good = top >= iou_thr and key not in seen
        seen.add(key if top >= iou_thr else None)
        tp.append(tp[-1] + good)
        fp.append(fp[-1] + (not good))
    tp, fp = np.array(tp[1:], float), np.array(fp[1:], float)
    rec = np.concatenate([[0], tp / sum(len(gt) for gt in gts), [1]])
    prec = np.concatenate([[0], tp / np.maximum(tp + fp, 1e-12), [0]])
    for k in range(len(prec) - 1, 0, -1):
        prec[k - 1] = max(prec[k - 1], prec[k])
    (steps,) = np.nonzero(rec[1:] != rec[:-1])
    return np.float32(np.sum((rec[steps + 1] - rec[steps]) * prec[steps + 1]))


def level_by_level(dets, gts, iou_thr=0.5):
    """For each number of found objects the best precision at which it, or more, are found."""
    ranked = sorted(
        ((s, n, k) for n, (_, scores) in enumerate(dets) for k, s in enumerate(scores)), key=lambda t: -t[0]
    )
    owners, curve, count = {}, [], 0
    for rank, (_, n, k) in enumerate(ranked, 1):
        iou = box_iou(dets[n][0][k : k + 1], gts[n])[0]
        if len(iou) and iou.max() >= iou_thr and (n, int(iou.argmax())) not in owners:
            owners[n, int(iou.argmax())] = k
            count += 1
        curve.append((count, count / rank))
    objects = sum(len(gt) for gt in gts)
    return float(sum(max((p for c, p in curve if c >= level), default=0) for level in range(1, objects + 1)) / objects)


RIGHT, TWICE, IMAGES, FEW = (
    "right and wrong",
    "objects found twice",
    "several images",
    "nothing found, exactly the threshold",
)


def grid(rng, n):
    """``n`` objects that do not meet."""
    size = rng.uniform(20, 45, (n, 2))
    corner = np.stack([100 * np.arange(n), 60.0 * (np.arange(n) % 2)], axis=1) + rng.uniform(0, 20, (n, 2))
    return np.concatenate([corner, corner + size], axis=1)[rng.permutation(n)]


def near(rng, box, overlap):
    """A box as large as ``box`` whose IoU with it is about ``overlap``."""
    overlap = overlap + rng.uniform(-0.03, 0.03)
    shift = (1 - overlap) / (1 + overlap) * (box[2:] - box[:2]) * np.eye(2)[rng.integers(2)]
    return box + np.tile(shift, 2)


def draw(rng):
    def scores(n):
        return rng.permutation(np.linspace(0.1, 0.95, n) + rng.uniform(0, 0.03))

    def image(objects, overlaps):
        """Detections of ``(object, overlap)``; an overlap of 0 is somewhere else."""
        found = np.array(
            [near(rng, objects[g], v) if v else objects[g] + 900 + 60 * k for k, (g, v) in enumerate(overlaps)]
        )
        return found.reshape(-1, 4)

    def case(group, kind, images, given, *thr):
        """Images as ``(objects, detections)``; the scores, of all of them, as ``given`` or drawn."""
        total = sum(len(found) for _, found in images)
        ranks = scores(total) if given is None else np.array(given) + rng.uniform(0, 0.004)
        ends = np.cumsum([len(found) for _, found in images])[:-1]
        dets = list(zip([found for _, found in images], np.split(ranks, ends), strict=True))
        return Case(group, kind, (dets, [objects for objects, _ in images], *thr))

    one, two, three, four = grid(rng, 4), grid(rng, 3), grid(rng, 2), grid(rng, 5)
    none = np.zeros((0, 4))
    mixed = image(one, [(0, 0.8), (1, 0), (2, 0.7), (0, 0), (3, 0.65)])
    twice = image(two, [(0, 0.8), (0, 0.75), (1, 0.65), (1, 0.9), (2, 0)])
    x, y = rng.integers(2, 30, 2)
    base = np.array([x, y, x + 10, y + 20], float)
    pair = np.array([base, base + np.array([3, 0, 3, 0])])
    close = np.array(
        [base + np.array([0.4, 0, 0.4, 0]), base + np.array([1, 0, 1, 0]), base + np.array([2.6, 0, 2.6, 0])]
    )
    exact = np.array([[x, y, x + 10, y + 20.0], [x + 60, y, x + 70, y + 20]])
    halves = np.array([[x, y, x + 10, y + 10.0], [x + 60, y, x + 70, y + 20], [x, y + 90, x + 9, y + 99]])
    return [
        case(RIGHT, "one image, the wrong ones between", [(one, mixed)], [0.9, 0.8, 0.7, 0.6, 0.5]),
        case(RIGHT, "one image, a wrong one first", [(one, mixed)], [0.6, 0.9, 0.5, 0.4, 0.8]),
        case(
            RIGHT,
            "precision rises again",
            [(four, image(four, [(0, 0), (1, 0.8), (2, 0.7), (3, 0), (0, 0.7), (4, 0.8)]))],
            [0.9, 0.8, 0.7, 0.65, 0.6, 0.5],
        ),
        case(
            RIGHT,
            "near misses, far from the corner of the image",
            [(two + 300, image(two + 300, [(0, 0.4), (1, 0.8), (2, 0.35)]))],
            [0.9, 0.8, 0.7],
        ),
        case(
            RIGHT,
            "a low threshold",
            [(one, image(one, [(0, 0.4), (1, 0.2), (2, 0.8), (3, 0.45)]))],
            [0.7, 0.9, 0.5, 0.8],
            0.3,
        ),
        case(
            RIGHT,
            "a high threshold",
            [(one, image(one, [(0, 0.65), (1, 0.85), (2, 0.9), (3, 0)]))],
            [0.9, 0.6, 0.8, 0.7],
            0.75,
        ),
        case(TWICE, "two on one object", [(two, twice)], [0.9, 0.8, 0.7, 0.6, 0.5]),
        case(
            TWICE,
            "three on one object, the best overlap last",
            [(three, image(three, [(0, 0.65), (0, 0.75), (0, 0.9), (1, 0.7)]))],
            [0.9, 0.8, 0.7, 0.6],
        ),
        case(TWICE, "the nearest object is taken, another one is near", [(pair, close)], [0.9, 0.8, 0.7]),
        case(IMAGES, "two images", [(two, twice), (one, mixed)], None),
        case(
            IMAGES,
            "the first image has the lower scores",
            [(one, mixed), (two, image(two, [(0, 0.8), (1, 0), (2, 0.7)]))],
            [0.3, 0.5, 0.2, 0.45, 0.1, 0.8, 0.6, 0.9],
        ),
        case(
            IMAGES,
            "the same place in another image",
            [(one[:2], none), (one[2:], image(one, [(0, 0.8), (2, 0.9)])), (two, image(two, [(1, 0.7)]))],
            [0.9, 0.6, 0.5],
        ),
        case(
            IMAGES,
            "an image without objects",
            [(none, mixed[:2]), (three, image(three, [(0, 0.8), (1, 0.7)])), (two, image(two, [(1, 0.8)]))],
            [0.75, 0.5, 0.9, 0.4, 0.6],
        ),
        case(FEW, "exactly the threshold", [(exact, halves)], [0.8, 0.6, 0.9], 0.5),
        Case(FEW, "no detections at all", ([(none, np.zeros(0)), (none, np.zeros(0))], [one, two])),
        case(
            FEW,
            "nothing right before the last",
            [(three, image(three, [(0, 0), (1, 0), (0, 0.4), (1, 0.8)]))],
            [0.9, 0.8, 0.7, 0.6],
        ),
    ]


FLAT = "found += [(score, image, box) for box, score in zip(boxes, scores, strict=True)]"
SORT = "found.sort(key=lambda entry: -entry[0])"
TAKEN = "taken = [np.zeros(len(gt), bool) for gt in gts]"
OBJECTS = "objects = sum(len(gt) for gt in gts)"
GT, IOU = "gt = gts[image]", "iou = box_iou(box[None], gt)[0] if len(gt) else np.zeros(1)"
BEST, HIT = "best = iou.argmax()", "hit = iou[best] >= iou_thr"
APPEND = "right.append(bool(hit and not taken[image][best]))"
MARK = "if hit:\n            taken[image][best] = True"
PRECISION, RECALL = "precision = counts / np.arange(1, len(right) + 1)", "recall = counts / objects"
AREA = "total += (recall[k] - before) * max(precision[k:])"
RETURN = "return total"


def wrong(name, sentence, *changes, anchor="ap"):
    return wrong_from(average_precision, name, anchor, sentence, *changes)


TEN = np.array([[0.0, 0, 10, 10]])
EXAMPLES = (
    Case(
        RIGHT,
        "right, wrong, right",
        (
            [(np.array([[0.0, 0, 10, 10], [50, 0, 60, 10], [20, 0, 30, 10]]), np.array([0.9, 0.8, 0.7]))],
            [np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]])],
        ),
    ),
    Case(
        TWICE,
        "the same object twice",
        (
            [(np.array([[0.0, 0, 10, 10], [1, 0, 10, 10], [20, 0, 30, 10]]), np.array([0.9, 0.8, 0.7]))],
            [np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]])],
        ),
    ),
    Case(
        IMAGES,
        "two images",
        ([(np.array([[0.0, 0, 10, 10], [40, 0, 50, 10]]), np.array([0.5, 0.8])), (TEN, np.array([0.7]))], [TEN, TEN]),
    ),
    Case(
        FEW,
        "no detections in one of two images",
        ([(TEN, np.array([0.5])), (np.zeros((0, 4)), np.zeros(0))], [TEN, TEN]),
    ),
    Case(FEW, "no detections at all", ([(np.zeros((0, 4)), np.zeros(0))], [TEN])),
)

AVERAGE_PRECISION = Exercise(
    id="hw7.average_precision",
    function="average_precision",
    points=8,
    anchor="detection-ap",
    reference=detection.average_precision,
    builds_on=("hw7.box_iou",),
    groups={RIGHT: 3, TWICE: 2, IMAGES: 2, FEW: 1},
    examples=EXAMPLES,
    draw=draw,
    mistakes=(
        wrong(
            "image by image",
            "You rank the detections of each image by themselves, one image after the other. Rank those of all images"
            " together.",
            (SORT, "found.sort(key=lambda entry: (entry[1], -entry[0]))"),
        ),
        wrong("not ranked", "You take the detections as they come. The best score goes first.", (SORT, "pass")),
        wrong(
            "worst first",
            "You begin with the lowest score. The best one goes first.",
            (SORT, "found.sort(key=lambda entry: entry[0])"),
        ),
        wrong(
            "found twice, right twice",
            "A second detection of one object counts as right in your code. It is wrong: mark objects that are taken.",
            (APPEND, "right.append(bool(hit))"),
        ),
        wrong(
            "second ones ignored",
            "You leave out a second detection of one object. It counts, as a wrong one.",
            (APPEND, "if hit and taken[image][best]:\n            continue\n        right.append(bool(hit))"),
        ),
        wrong(
            "second ones take the next",
            "Where the object of most overlap is taken, you give the detection another one. Here it is wrong.",
            (IOU, f"{IOU}\n        iou = np.where(taken[image], -1, iou) if len(gt) else iou"),
        ),
        wrong(
            "first object above the threshold",
            "You take the first object above the threshold. Take the one of most overlap.",
            (BEST, "best = (iou >= iou_thr).argmax()"),
        ),
        wrong(
            "best overlap takes the object",
            "The detection of most overlap takes the object in your code. It is the one of the best score.",
            (
                APPEND,
                "rivals = [other[2] for other in found if other[1] == image]\n        most = "
                "max((box_iou(rival[None], gt)[0][best] for rival in rivals), default=0) if len(gt) else 0\n        "
                "right.append(bool(hit and iou[best] == most))",
            ),
        ),
        wrong(
            "one object an image",
            "Once an object of an image is taken, all of its objects are in your code.",
            (MARK, "if hit:\n            taken[image][:] = True"),
        ),
        wrong(
            "objects of all images shared",
            "You do not keep the images apart: an object of another image at the same place is taken too.",
            (MARK, "if hit:\n            for each in taken:\n                each[best : best + 1] = True"),
        ),
        wrong(
            "objects of any image",
            "You compare detections with the objects of all images. An object is found in its own image only.",
            (GT, "gt = np.concatenate(gts)"),
            (TAKEN, "taken = [np.zeros(sum(map(len, gts)), bool)] * len(gts)"),
        ),
        wrong(
            "above the threshold",
            "You ask for more than the threshold. An IoU of exactly that is enough.",
            (HIT, "hit = iou[best] > iou_thr"),
        ),
        wrong(
            "threshold unused", "Your threshold is one half, whatever the argument.", (HIT, "hit = iou[best] >= 0.5")
        ),
        wrong(
            "any overlap",
            "Any overlap at all is enough in your code. It must reach the threshold.",
            (HIT, "hit = iou[best] > 0"),
        ),
        wrong(
            "recall of the images with detections",
            "You count the objects of those images alone that have detections. All objects are to be found.",
            (OBJECTS, "objects = sum(len(gt) for gt, (boxes, _) in zip(gts, dets) if len(boxes)) or 1"),
        ),
        wrong(
            "recall of what is found",
            "You divide by the number of found objects, so that recall ends at 1 always. Divide by all objects.",
            (RECALL, "recall = counts / max(sum(right), 1)"),
        ),
        wrong(
            "recall of detections",
            "You divide by the number of detections. Recall divides by the number of objects.",
            (RECALL, "recall = counts / max(len(right), 1)"),
        ),
        wrong(
            "recall of the first image",
            "You divide by the objects of the first image. All objects are to be found.",
            (OBJECTS, "objects = len(gts[0]) or 1"),
        ),
        wrong(
            "precision over all detections",
            "You divide each count by the number of all detections. Precision divides by the detections so far.",
            (PRECISION, "precision = counts / max(len(right), 1)"),
        ),
        wrong(
            "precision counts one too many",
            "You divide by the detections so far, and one more. The first has rank 1.",
            (PRECISION, "precision = counts / np.arange(2, len(right) + 2)"),
        ),
        wrong(
            "not interpolated",
            "You take precision as it is. Raise it first to the best precision at that recall or more.",
            (AREA, "total += (recall[k] - before) * precision[k]"),
        ),
        wrong(
            "maximum so far",
            "You take the best precision so far. Take the best from there on.",
            (AREA, "total += (recall[k] - before) * max(precision[: k + 1])"),
        ),
        wrong(
            "best precision throughout",
            "You take the best precision of all. Take the best from there on.",
            (AREA, "total += (recall[k] - before) * max(precision)"),
        ),
        wrong(
            "trapezoids",
            "You join the points of the curve by slanted lines, np.trapezoid does that. The curve is a staircase: "
            "raise precision to the best from there on, and take rectangles.",
            (AREA, "total += (recall[k] - before) * (precision[k] + (precision[k - 1] if k else 1)) / 2"),
        ),
        wrong(
            "eleven points",
            "You take the mean over eleven recalls, as the challenge did until 2009. Take the area.",
            (
                RETURN,
                "return sum(max([p for p, r in zip(precision, recall) if r >= level], default=0) for level in "
                "np.linspace(0, 1, 11)) / 11",
            ),
        ),
        wrong(
            "mean of precisions",
            "You take the mean of all precisions. Take the area below the curve over recall.",
            (RETURN, "return float(np.mean(precision)) if len(precision) else 0.0"),
        ),
        wrong(
            "precision at the end",
            "You return precision after all detections. Take the area below the curve.",
            (RETURN, "return float(precision[-1]) if len(precision) else 0.0"),
        ),
        wrong(
            "recall at the end",
            "You return recall after all detections. Take the area below the curve.",
            (RETURN, "return float(recall[-1]) if len(recall) else 0.0"),
        ),
        wrong(
            "images averaged",
            "You take the mean of each image's own result. Rank all detections together.",
            (
                RETURN,
                "if len(dets) > 1:\n        each = [average_precision([d], [g], iou_thr) for d, g in zip(dets, gts) "
                "if len(g)]\n        return sum(each) / len(each)\n    return total",
            ),
        ),
        wrong(
            "no detections",
            "You fail where there are no detections. The answer is 0 then.",
            (SORT, f"{SORT}\n    found[0]"),
        ),
        wrong(
            "no detections, NaN",
            "You return NaN where there are no detections. The answer is 0 then.",
            (RETURN, "return total if found else float('nan')"),
        ),
        wrong(
            "image without objects skipped",
            "You leave out images without objects. A detection there is wrong, and counts.",
            (
                FLAT,
                "if len(gts[image]):\n            found += [(score, image, box) for box, score in zip(boxes, scores, "
                "strict=True)]",
            ),
        ),
        wrong(
            "taken for x, y, w, h",
            "You take the last two numbers of a box for width and height. They are the lower right corner.",
            (
                IOU,
                "iou = box_iou(*(np.concatenate([b[:, :2], b[:, :2] + b[:, 2:]], axis=1) for b in (box[None], "
                "gt)))[0] if len(gt) else np.zeros(1)",
            ),
            anchor="coordinates",
        ),
        wrong(
            "curve",
            "You return a curve. The area below it is one number.",
            (RETURN, "return np.array([precision, recall])"),
        ),
    ),
    variants={
        "step by step": average_precision,
        "image by image, ranked after": envelope,
        "sentinels": voc_code,
        "level by level": level_by_level,
    },
)
