"""Average precision against pycocotools, crowds and ignored objects included, and against a slow reading of VOC's."""

import contextlib
import io
import math

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from convbook import detection as D
from convbook.detection import ap, coco

FIGURES = ["AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"]
FIGURES += ["AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large"]


class Evaluation(COCOeval):
    """COCOeval, but it minds the flag of ignored objects, which it reads and then overwrites with that of crowds."""

    def _prepare(self):
        super()._prepare()
        for objects in self._gts.values():
            for g in objects:
                g["ignore"] = int(g["ignored"] or g["iscrowd"])


def theirs(detections, objects, classes) -> dict:
    annotations, results = [], []
    for image, (d, g) in enumerate(zip(detections, objects, strict=True)):
        for k, box in enumerate(D.xyxy_to_xywh(g.boxes).tolist()):
            area = box[2] * box[3] if g.area is None else g.area[k]
            crowd = int(g.crowd is not None and g.crowd[k])
            ignored = int(g.ignore is not None and g.ignore[k])
            annotations.append(
                {"id": len(annotations) + 1, "image_id": image, "category_id": int(g.labels[k]), "bbox": box}
                | {"area": area, "iscrowd": crowd, "ignored": ignored}
            )
        for k, box in enumerate(D.xyxy_to_xywh(d.boxes).tolist()):
            results.append({"image_id": image, "category_id": int(d.labels[k]), "bbox": box, "score": d.scores[k]})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": image} for image in range(len(objects))],
            "categories": [{"id": k} for k in range(classes)],
            "annotations": annotations,
        }
        truth.createIndex()
        evaluation = Evaluation(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(FIGURES, evaluation.stats.tolist(), strict=True))


def scenes(seed, images=12, classes=3, crowds=0.0, ignored=0.0, ties=False, masks=False):
    """Objects of all sizes, and detections that are some of them shaken, some of them twice, and some noise."""
    rng = np.random.default_rng(seed)

    def boxes(count):
        corner, size = rng.uniform(0, 300, (count, 2)), np.exp(rng.uniform(np.log(8), np.log(250), (count, 2)))
        return np.concatenate([corner, corner + size], axis=1)

    detections, objects = [], []
    for _ in range(images):
        true = boxes(rng.integers(0, 9))
        labels = rng.integers(0, classes, len(true))
        area = (true[:, 2:] - true[:, :2]).prod(axis=1)
        flags = [rng.random(len(true)) < share if share else None for share in (crowds, ignored)]
        objects.append(D.Objects(true, labels, *flags, area * rng.uniform(0.3, 1, len(true)) if masks else None))
        found = np.repeat(np.arange(len(true)), rng.integers(0, 4, len(true)))
        side = np.tile(true[found, 2:] - true[found, :2], 2)
        shaken = true[found] + rng.normal(0, 0.08, (len(found), 4)) * side
        shaken[:, 2:] = np.maximum(shaken[:, 2:], shaken[:, :2] + 1)
        noise = boxes(rng.integers(0, 6))
        wrong = rng.random(len(found)) < 0.1
        said = np.where(wrong, rng.integers(0, classes, len(found)), labels[found])
        scores = rng.random(len(found) + len(noise))
        scores = np.round(scores, 1) if ties else scores
        said = np.concatenate([said, rng.integers(0, classes, len(noise))])
        detections.append(D.Detections(np.concatenate([shaken, noise]), scores, said))
    return detections, objects


def assert_agree(ours, other):
    assert list(ours) == FIGURES
    for name, value in other.items():
        assert (math.isnan(ours[name]) and value == -1) or abs(ours[name] - value) < 5e-5, (name, ours[name], value)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"crowds": 0.3},
        {"ignored": 0.4},
        {"crowds": 0.2, "ignored": 0.3, "masks": True, "ties": True},
        {"ties": True, "classes": 1},
        {"images": 2, "classes": 5},  # classes without an object
    ],
    ids=str,
)
def test_the_twelve_figures_are_those_of_pycocotools(options, seed):
    detections, objects = scenes(seed, **options)
    ours = D.coco_ap(detections, objects)
    assert_agree(ours, theirs(detections, objects, options.get("classes", 3)))
    assert 0.05 < ours["AP50"] < 1


def test_more_than_a_hundred_detections():
    rng = np.random.default_rng(0)
    true = np.array([[10.0, 10, 60, 60], [100, 100, 180, 150]])
    boxes = np.repeat(true, 90, axis=0) + rng.normal(0, 6, (180, 4))
    detections = [D.Detections(boxes, rng.random(180), np.zeros(180, int))]
    objects = [D.Objects(true, np.zeros(2, int))]
    assert_agree(D.coco_ap(detections, objects), theirs(detections, objects, 1))


def test_a_crowd_takes_many_and_is_not_missed():
    crowd = D.Objects([[0, 0, 100, 100], [200, 0, 250, 50]], [0, 0], crowd=[True, False])
    found = [[5, 5, 30, 30], [40, 40, 90, 90], [200, 0, 250, 50]]
    figures = D.coco_ap([D.Detections(found, [0.9, 0.8, 0.7], [0, 0, 0])], [crowd])
    assert abs(figures["AP"] - 1) < 1e-12  # both lie in the crowd whole: they do not count
    alone = D.Objects(crowd.boxes, crowd.labels)
    assert D.coco_ap([D.Detections(found, [0.9, 0.8, 0.7], [0, 0, 0])], [alone])["AP"] < 0.5


def test_nothing_found_and_nothing_to_find():
    none, some = np.zeros((0, 4)), [[0, 0, 50, 50]]
    empty, object_ = D.Detections(none, [], []), D.Objects(some, [1])
    figures = D.coco_ap([empty], [object_])
    assert abs(figures["AP"]) < 1e-12 and abs(figures["AR100"]) < 1e-12 and math.isnan(figures["AP_small"])
    false_alarm = D.Detections(some, [0.9], [1])
    for d in (empty, false_alarm):
        assert math.isnan(D.coco_ap([d], [D.Objects(none, [])])["AP"])
    assert math.isnan(D.coco_ap([], [])["AP"])
    right = D.Detections(some, [0.5], [1])
    both = D.coco_ap([right, false_alarm], [object_, D.Objects(none, [])])
    assert abs(both["AP50"] - 0.5) < 1e-12  # the false alarm in the empty image came first


@pytest.mark.parametrize(
    ("d", "g", "message"),
    [
        (([[0, 0, 1, 1]], [math.nan], [0]), ([[0, 0, 1, 1]], [0]), "NaN for box 0"),
        (([[0, 0, 1, 1]], [1.0], []), ([[0, 0, 1, 1]], [0]), r"labels of detections must have shape \(1,\)"),
        (([[0, 0, 1, 1]], [1.0], [0]), ([[0, 0, -1, 1]], [0]), "boxes of objects must be x1"),
        (([[0, 0, 1, 1]], [1.0], [0]), ([[0, 0, 1, 1]], [0], [True, False]), "crowd must have shape"),
    ],
)
def test_bad_input_is_named(d, g, message):
    with pytest.raises(ValueError, match=message):
        D.coco_ap([D.Detections(*d)], [D.Objects(*g)])
    with pytest.raises(ValueError, match="pair"):
        D.coco_ap([D.Detections(*d)], [])


# Pascal VOC's.


def slow_voc(dets, gts, threshold, difficult):
    """As its definition reads: every detection in turn, then the area below the highest curve to the right."""
    ranked = sorted(
        ((s, n, d) for n, (_, scores) in enumerate(dets) for d, s in enumerate(scores)), key=lambda x: -x[0]
    )
    taken, outcomes = set(), []
    for _, n, d in ranked:
        best = max(range(len(gts[n])), key=lambda g: D.box_iou(dets[n][0][d : d + 1], gts[n])[0, g], default=None)
        if best is None or D.box_iou(dets[n][0][d : d + 1], gts[n])[0, best] < threshold:
            outcomes.append(False)
        elif not difficult[n][best]:
            outcomes.append((n, best) not in taken)
            taken.add((n, best))
    objects = sum(not hard for image in difficult for hard in image)
    points, right = [], 0
    for k, outcome in enumerate(outcomes):
        right += outcome
        points.append((right / objects, right / (k + 1)))
    area, previous = 0.0, 0.0
    for k, (recall, _) in enumerate(points):
        area += (recall - previous) * max(p for _, p in points[k:])
        previous = recall
    return area


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("seed", range(4))
def test_average_precision(seed, threshold):
    detections, objects = scenes(seed, classes=1, ignored=0.2)
    dets, gts = [(d.boxes, d.scores) for d in detections], [g.boxes for g in objects]
    difficult = [g.ignore for g in objects]
    value = D.average_precision(dets, gts, threshold, difficult)
    assert abs(value - slow_voc(dets, gts, threshold, difficult)) < 1e-12 and 0 < value < 1
    plain = [np.zeros(len(g), bool) for g in gts]
    assert abs(D.average_precision(dets, gts, threshold) - slow_voc(dets, gts, threshold, plain)) < 1e-12


def test_a_second_detection_of_one_object_is_wrong():
    box = [[0, 0, 10, 10]]
    gts = [box, box]
    twice = [(box * 2, [0.9, 0.8]), (box, [0.7])]
    assert abs(D.average_precision(twice, gts) - (0.5 + 0.5 * 2 / 3)) < 1e-12
    by_image = [(box, [0.2]), (box + [[50, 50, 60, 60]], [0.9, 0.5])]  # ranked over images: right, wrong, right
    assert abs(D.average_precision(by_image, gts) - (0.5 + 0.5 * 2 / 3)) < 1e-12


def test_average_precision_at_its_ends():
    box, none = [[0, 0, 10, 10]], np.zeros((0, 4))
    assert abs(D.average_precision([(none, [])], [box])) < 1e-12
    assert abs(D.average_precision([(box, [0.1])], [box]) - 1) < 1e-12
    assert math.isnan(D.average_precision([(box, [0.1])], [none]))
    assert math.isnan(D.average_precision([], []))
    with pytest.raises(ValueError, match="NaN"):
        D.average_precision([(box, [math.nan])], [box])
    with pytest.raises(ValueError, match="one entry an image, got 1 and 2"):
        D.average_precision([(box, [0.5])], [box, box])
    with pytest.raises(ValueError, match="difficult"):
        D.average_precision([(box, [0.5])], [box], difficult=[[True, True]])


def test_the_curve_is_raised_from_the_right():
    precision, recall = D.precision_recall([0.9, 0.8, 0.7, 0.6], [False, True, True, False], 4)
    np.testing.assert_allclose(precision, [0, 1 / 2, 2 / 3, 1 / 2])
    np.testing.assert_allclose(recall, [0, 1 / 4, 1 / 2, 1 / 2])
    assert abs(ap.interpolated(precision, recall) - 0.5 * 2 / 3) < 1e-12


def test_thresholds_and_recalls_are_cocos():
    params = COCOeval(iouType="bbox").params
    np.testing.assert_allclose(coco.THRESHOLDS, params.iouThrs)
    np.testing.assert_allclose(coco.RECALLS, params.recThrs)
    np.testing.assert_allclose(list(coco.AREAS.values()), params.areaRng)
