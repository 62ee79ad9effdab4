"""Assignment hw7: its expected values against other libraries and definitions, and code as it is found in the wild."""

import numpy as np
import pytest
import torch
from pycocotools import mask
from submissions import solution_answers
from torch.nn import functional

from autograder.diagnosis import outcomes
from autograder.exercises import EXERCISES
from autograder.verdict import judge, report

SECRET = b"of this test"


def cases_of(name):
    exercise = EXERCISES[f"hw7.{name}"]
    return [pytest.param(case, id=case.kind) for case in exercise.visible_cases() + exercise.hidden_cases(SECRET)]


def reference(name):
    return EXERCISES[f"hw7.{name}"].reference


def verdict_on(name, function, secret=SECRET):
    exercise = EXERCISES[f"hw7.{name}"]
    return judge(exercise, lambda cases: outcomes(exercise, function, cases), secret)


def as_xywh(boxes):
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).astype(float)


@pytest.mark.parametrize("case", cases_of("box_iou"))
def test_iou_is_that_of_the_coco_tools(case):
    a, b = case.args
    got = reference("box_iou")(a, b)
    if got.size and (as_xywh(a)[:, 2:].prod(axis=1) > 0).all():  # they divide 0 by 0
        np.testing.assert_allclose(got, mask.iou(as_xywh(a), as_xywh(b), np.zeros(len(b))), atol=1e-9)
    assert got.shape == (len(a), len(b))


@pytest.mark.parametrize("case", cases_of("nms"))
def test_what_stays_is_what_the_definition_says(case):
    """No two that stay overlap; each that goes overlaps one that stays, and that one comes before it."""
    boxes, scores, threshold = case.args
    kept = reference("nms")(boxes, scores, threshold).tolist()
    rank = {k: place for place, k in enumerate(sorted(range(len(boxes)), key=lambda k: (-scores[k], k)))}
    assert kept == sorted(kept, key=rank.get)
    iou = reference("box_iou")(boxes, boxes)
    for k in range(len(boxes)):
        before = [other for other in kept if rank[other] < rank[k]]
        assert (k in kept) == (not any(iou[k, other] > threshold for other in before))


@pytest.mark.parametrize("case", cases_of("smooth_l1"))
def test_the_loss_is_torch_s(case):
    x, *beta = case.args
    x = torch.tensor(np.asarray(x, float))
    want = functional.smooth_l1_loss(x, torch.zeros_like(x), reduction="none", beta=beta[0] if beta else 1.0)
    np.testing.assert_allclose(reference("smooth_l1")(*case.args), want.numpy(), atol=1e-12)


@pytest.mark.parametrize("case", cases_of("rpn_flatten"))
def test_rows_are_found_by_the_number_of_their_anchor(case):
    x, k = case.args
    B, channels, h, w = x.shape
    rows = reference("rpn_flatten")(x, k)
    m = channels // k
    for b, y, column, a in np.ndindex(B, h, w, k):
        np.testing.assert_array_equal(rows[b, (y * w + column) * k + a], x[b, a * m : (a + 1) * m, y, column])


@pytest.mark.parametrize("case", cases_of("make_anchors"))
def test_anchors_have_their_area_their_ratio_and_their_cell(case):
    h, w, stride, scales, ratios = case.args
    anchors = reference("make_anchors")(*case.args).reshape(h, w, len(scales), len(ratios), 4)
    size = anchors[..., 2:] - anchors[..., :2]
    np.testing.assert_allclose(size.prod(axis=-1), np.array(scales)[:, None] ** 2 * np.ones(anchors.shape[:4]))
    np.testing.assert_allclose(size[..., 1] / size[..., 0], np.array(ratios) * np.ones(anchors.shape[:4]))
    centre = (anchors[..., :2] + anchors[..., 2:]) / 2 / stride - 0.5
    np.testing.assert_allclose(centre[..., 0], np.arange(w)[:, None, None] + 0 * centre[..., 0], atol=1e-9)
    np.testing.assert_allclose(centre[..., 1], np.arange(h)[:, None, None, None] + 0 * centre[..., 0], atol=1e-9)


@pytest.mark.parametrize("case", cases_of("encode_boxes"))
def test_encoding_and_decoding_undo_each_other(case):
    boxes, anchors = case.args
    t = reference("encode_boxes")(boxes, anchors)
    np.testing.assert_allclose(reference("decode_boxes")(t, anchors), boxes, atol=1e-9)


def whole_boxes(feat, rois, out_size, scale):
    """Rounded boxes, where all of them lie on the map and have cells; else None."""
    cells = np.floor(np.asarray(rois) * scale + 0.5).astype(int)
    H, W = feat.shape[1:]
    if (cells < 0).any() or (cells[:, 2:] > (W, H)).any() or (cells[:, 2:] <= cells[:, :2]).any():
        return None
    return cells


@pytest.mark.parametrize(
    "case", [case for case in cases_of("roi_pool_backward") if whole_boxes(*case.values[0].args[1:]) is not None]
)
def test_pooling_and_its_gradient_are_torch_s_adaptive_pooling(case):
    dout, feat, rois, out_size, scale = case.args
    cells = whole_boxes(feat, rois, out_size, scale)
    leaf = torch.tensor(np.asarray(feat, float), requires_grad=True)
    parts = [functional.adaptive_max_pool2d(leaf[None, :, y1:y2, x1:x2], out_size) for x1, y1, x2, y2 in cells]
    out = torch.cat(parts)
    np.testing.assert_allclose(reference("roi_pool")(feat, rois, out_size, scale), out.detach().numpy())
    (want,) = torch.autograd.grad(out, leaf, torch.tensor(np.asarray(dout, float)))
    np.testing.assert_allclose(reference("roi_pool_backward")(*case.args), want.numpy(), atol=1e-9)


@pytest.mark.parametrize("case", cases_of("roi_align"))
def test_aligning_is_torch_s_grid_sample(case):
    feat, rois, (oh, ow), scale, *samples = case.args
    count = samples[0] if samples else 2
    C, H, W = feat.shape
    got = reference("roi_align")(*case.args)
    for r, (x1, y1, x2, y2) in enumerate(np.asarray(rois, float) * scale):
        y = y1 + (np.arange(oh * count) + 0.5) / (oh * count) * (y2 - y1)
        x = x1 + (np.arange(ow * count) + 0.5) / (ow * count) * (x2 - x1)
        grid = np.stack(np.meshgrid(2 * x / W - 1, 2 * y / H - 1), axis=-1)
        at = torch.tensor(np.asarray(feat, float))[None], torch.tensor(grid)[None]
        values = functional.grid_sample(*at, padding_mode="border", align_corners=False)[0].numpy()
        inside = ((y >= -0.5) & (y <= H + 0.5))[:, None] & ((x >= -0.5) & (x <= W + 0.5))
        want = (values * inside).reshape(C, oh, count, ow, count).mean(axis=(2, 4))
        np.testing.assert_allclose(got[r], want, atol=1e-9)


# Code as it circulates: other in every line than the catalogue's.


def nms_of_2014(boxes, scores, iou_thr):
    """After the suppression of the first R-CNN code."""
    x1, y1, x2, y2 = boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3]
    areas = (x2 - x1 + 1) * (y2 - y1 + 1)
    order = (-scores).argsort(kind="stable")
    keep = []
    while order.size > 0:
        i = order[0]
        keep.append(i)
        w = np.maximum(0.0, np.minimum(x2[i], x2[order[1:]]) - np.maximum(x1[i], x1[order[1:]]) + 1)
        h = np.maximum(0.0, np.minimum(y2[i], y2[order[1:]]) - np.maximum(y1[i], y1[order[1:]]) + 1)
        inter = w * h
        overlap = inter / (areas[i] + areas[order[1:]] - inter)
        order = order[np.where(overlap <= iou_thr)[0] + 1]
    return keep


def loops_without_a_cut(a, b):
    result = np.zeros((len(a), len(b)))
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            shared = (min(p[2], q[2]) - max(p[0], q[0])) * (min(p[3], q[3]) - max(p[1], q[1]))
            both = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - shared
            result[i, j] = shared / both if both > 0 else 0
    return result


def loops_with_pixels(a, b):
    result = np.zeros((len(a), len(b)))
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            w = max(0, min(p[2], q[2]) - max(p[0], q[0]) + 1)
            h = max(0, min(p[3], q[3]) - max(p[1], q[1]) + 1)
            areas = [(each[2] - each[0] + 1) * (each[3] - each[1] + 1) for each in (p, q)]
            result[i, j] = w * h / (sum(areas) - w * h)
    return result


def viewed(x, k):
    return np.array(torch.tensor(x).view(x.shape[0], -1, x.shape[1] // k))


def sorted_image_by_image(dets, gts, iou_thr=0.5):
    hits, total = [], sum(map(len, gts))
    for (boxes, scores), gt in zip(dets, gts, strict=True):
        taken = set()
        for k in np.argsort(-scores):
            iou = reference("box_iou")(boxes[k : k + 1], gt)[0]
            good = iou.size > 0 and iou.max() >= iou_thr and int(iou.argmax()) not in taken
            if good:
                taken.add(int(iou.argmax()))
            hits.append(good)
    if not hits:
        return 0.0
    found = np.cumsum(hits)
    curve = np.maximum.accumulate((found / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float(curve[np.array(hits)].sum() / total)


@pytest.mark.parametrize(
    ("name", "function", "mistake"),
    [
        ("nms", nms_of_2014, "+1"),
        ("box_iou", loops_without_a_cut, "no cut at 0"),
        ("box_iou", loops_with_pixels, "+1 everywhere"),
        ("rpn_flatten", viewed, "reshape alone"),
        ("average_precision", sorted_image_by_image, "image by image"),
        ("decode_boxes", lambda t, anchors: anchors + t * np.tile(anchors[:, 2:] - anchors[:, :2], 2), None),
    ],
)
@pytest.mark.parametrize("secret", [None, SECRET], ids=["visible", "hidden"])
def test_code_from_elsewhere_is_recognised(name, function, mistake, secret):
    verdict = verdict_on(name, function, secret)
    assert verdict.failures
    assert [named.name for named in verdict.mistakes] == ([mistake] if mistake else [])


def test_a_mistake_costs_the_cases_that_it_touches():
    """Boxes apart are 3 of the 9 points of box_iou; equal scores and the exact threshold 2 of the 9 of nms."""
    assert verdict_on("box_iou", loops_without_a_cut).score == pytest.approx(6)
    mistakes = {mistake.name: mistake.function for mistake in EXERCISES["hw7.nms"].mistakes}
    assert verdict_on("nms", mistakes["removed from the threshold on"]).score == pytest.approx(7)


def test_suppression_that_never_takes_the_picked_box_off_is_told():
    mistakes = {mistake.name: mistake.function for mistake in EXERCISES["hw7.nms"].mistakes}
    told = report(verdict_on("nms", mistakes["picked box never removed"]))
    assert "You never take the picked box off the list" in told
    assert "07-detection.html#detection-nms" in told


@pytest.mark.parametrize(
    ("name", "inputs", "told"),
    [
        ("iou_inputs", [([[0, 0, 1, 1]], [[2, 0, 1, 1]])], "x1 <= x2"),
        ("iou_inputs", [([[0, 0, 1]], [[2, 0, 1]])], "(1, 3), expected (N, 4)"),
        ("iou_inputs", [([0, 0, 1, 1], [[2, 0, 1, 1]])], "expected 2 axes"),
        ("nms_inputs", [([[0, 0, 1, 1]], [0.5, 0.7], 0.5)], "1 boxes and 2 scores"),
        ("nms_inputs", [([[0, 0, 1, 1]], [0.5], 50)], "no number from 0 to 1"),
        ("nms_inputs", [([[0, 0, 1, 1]], [0.5], [0.5])], "no number from 0 to 1"),
        ("nms_inputs", [([[0, 0, 1, 1]], [0.5], "half")], "iou_thr"),
        ("nms_inputs", [([[0, 0, 1, 1]], [0.5])], "2 arguments"),
    ],
)
def test_inputs_that_cannot_be_used_earn_nothing_and_the_reason(name, inputs, told):
    verdict = verdict_on(name, lambda: inputs, None)
    assert verdict.score == 0
    assert told in report(verdict)


@pytest.mark.parametrize("name", ["nms", "assign_anchors", "average_precision"])
def test_a_wrong_iou_is_told_where_it_is(name):
    exercise = EXERCISES[f"hw7.{name}"]
    right = "\n\n".join(solution_answers("hw7-detection")[f"{each}-answer"] for each in ("box_iou", name))
    wrong_iou = right.replace("area_a + area_b - inter", "area_a + area_b")
    assert wrong_iou != right
    for source, faulty in [(right, []), (wrong_iou, ["box_iou"])]:
        namespace = {"np": np}
        exec(compile(source, name, "exec"), namespace)
        verdict = judge(exercise, lambda cases, f=namespace[name]: outcomes(exercise, f, cases), SECRET)
        assert [part.function for part in verdict.faulty] == faulty
        assert bool(verdict.failures) == bool(faulty)
        assert verdict.mistakes == ()
