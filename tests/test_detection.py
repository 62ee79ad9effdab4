"""Detection's references and their twins for tensors: against ONNX Runtime, OpenCV, autograd and loops of their own."""

import math

import cv2
import numpy as np
import onnx_graphs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from convbook import detection as D
from convbook.detection import boxes as B
from convbook.detection import ops, roi, roi_ops
from convbook.kernels import numerical_gradient

MANY = settings(max_examples=40, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
BOTH = pytest.mark.parametrize("kind", ["numpy", "torch"])


def random_boxes(seed, count, size=(50, 30), least=0.0):
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.uniform(0, 1, (count, 2, 2)), axis=1) * size
    boxes = corners.reshape(count, 4)
    boxes[:, 2:] += least
    return boxes


def grid_boxes(seed, count, size=8):
    corners = np.random.default_rng(seed).integers(0, size, (count, 2, 2)).astype(float)
    return np.sort(corners, axis=1).reshape(count, 4)


def call(kind, name, *arrays, **options):
    """The reference or its twin in float64, as an array."""
    if kind == "numpy":
        return getattr(D, name)(*arrays, **options)
    tensors = [torch.tensor(np.asarray(x)) if isinstance(x, (list, np.ndarray)) else x for x in arrays]
    out = getattr(ops, name)(*tensors, **options)
    return tuple(o.numpy() for o in out) if isinstance(out, tuple) else out.numpy()


def overlap(p, q):
    """IoU and generalised IoU of two boxes, as loops would have it."""
    shared = max(min(p[2], q[2]) - max(p[0], q[0]), 0) * max(min(p[3], q[3]) - max(p[1], q[1]), 0)
    union = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - shared
    hull = (max(p[2], q[2]) - min(p[0], q[0])) * (max(p[3], q[3]) - min(p[1], q[1]))
    iou = shared / union if union else 0.0
    return iou, iou - ((hull - union) / hull if hull else 0.0)


# Boxes.


@MANY
@given(SEEDS)
def test_formats_round_trip_with_any_leading_axes(seed):
    boxes = random_boxes(seed, 12).reshape(2, 3, 2, 4)
    for there, back in ((D.xyxy_to_xywh, D.xywh_to_xyxy), (D.xyxy_to_cxcywh, D.cxcywh_to_xyxy)):
        kept = boxes.copy()
        np.testing.assert_allclose(back(there(boxes)), boxes, atol=1e-12)
        np.testing.assert_array_equal(boxes, kept)
    np.testing.assert_allclose(D.denormalize_boxes(D.normalize_boxes(boxes, (7, 3)), (7, 3)), boxes, atol=1e-12)


def test_the_lectures_boxes():
    box = D.xywh_to_xyxy([30, 140, 130, 125])
    fractions = D.normalize_boxes([30, 140, 130, 125], (377, 253))
    np.testing.assert_allclose(fractions, [0.0796, 0.5534, 0.3448, 0.4941], atol=5e-5)
    np.testing.assert_allclose(D.normalize_boxes(box, (377, 253))[3], 1.0474, atol=5e-5)
    clipped = D.clip_boxes(box, (377, 253))
    np.testing.assert_allclose(D.xyxy_to_xywh(clipped)[3] / 253, 0.4466, atol=5e-5)
    np.testing.assert_allclose(D.box_iou([box], [clipped]), [[0.904]], atol=5e-5)
    read_as_corners = D.box_iou([[10, 10, 20, 20]], [[15, 15, 30, 30]])
    assert 0 < read_as_corners[0, 0] < 1


@BOTH
def test_clip(kind):
    boxes = np.array([[-5.0, 3, 4, 99], [60, 60, 70, 70], [1, 2, 3, 4]])
    np.testing.assert_allclose(
        call(kind, "clip_boxes", boxes, size_wh=(50, 30)), [[0, 3, 4, 30], [50, 30, 50, 30], boxes[2]]
    )


def test_float32_stays_float32():
    boxes = random_boxes(0, 5).astype(np.float32)
    for function in (D.xywh_to_xyxy, D.xyxy_to_cxcywh, D.box_area):
        assert function(boxes).dtype == np.float32
    assert D.normalize_boxes(boxes, (3, 5)).dtype == D.clip_boxes(boxes, (3, 5)).dtype == np.float32
    assert D.box_iou(boxes, boxes).dtype == D.box_giou(boxes, boxes).dtype == np.float32


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (D.xywh_to_xyxy, ([1, 2, 3],), "four numbers"),
        (D.box_area, ([[0, 0, 1, math.nan]],), "finite, got .*nan"),
        (D.box_area, ([1, 2, 3, 4],), r"shape \(N, 4\), got shape \(4,\)"),
        (D.box_iou, ([[0, 0, 1, 1]], [[5, 5, 2, 9]]), r"b must be x1, y1, x2, y2 .*\[5.0, 5.0, 2.0, 9.0\]"),
        (D.normalize_boxes, ([[0, 0, 1, 1]], (3, -1)), "positive width and height"),
        (B.as_boxes, (np.array([["a"] * 4]),), "real numbers"),
        (D.encode_boxes, ([[0, 0, 1, 0]], [[0, 0, 1, 1]]), "boxes must have a positive width and height"),
        (D.decode_boxes, ([[0, 0, math.inf, 0]], [[0, 0, 1, 1]]), "deltas must be finite"),
        (D.encode_boxes, ([[0, 0, 1, 1]], [[0, 0, 1, 1]] * 2), "pairs, got 1 and 2"),
        (D.nms, ([[0, 0, 1, 1]], [math.nan], 0.5), "NaN for box 0"),
        (D.nms, ([[0, 0, 1, 1]], [1, 2], 0.5), r"shape \(1,\)"),
        (D.nms, ([[0, 0, 1, 1]], [1], 50), "from 0 to 1, got 50"),
        (D.batched_nms, ([[0, 0, 1, 1]], [1], [], 0.5), "classes must have shape"),
        (D.assign_anchors, ([[0, 0, 1, 1]], [[0, 0, 1, 1]], 0.3, 0.7), "neg=0.7 and pos=0.3"),
        (D.make_anchors, (0, 2, 16, [1], [1]), "h must be an integer"),
        (D.make_anchors, (1, 2, 16, [], [1]), "scales must be positive"),
        (D.make_anchors, (1, 2, (1, 2, 3), [1], [1]), "pair"),
        (D.rpn_flatten, (np.zeros((1, 5, 2, 2)), 2), "k=2 anchors do not divide the 5 channels"),
        (D.smooth_l1, ([1.0], -1), "beta must be a positive number"),
        (D.focal_loss, ([1.0], [2]), "targets must be 0 or 1"),
        (D.l2_loss, (np.zeros((2, 4)), np.zeros((2, 3))), "same last axis"),
        (D.roi_pool, (np.zeros((1, 0, 3)), [[0, 0, 1, 1]], 2), "feat must not be empty"),
        (D.roi_align, (np.zeros((1, 2, 3)), [[0, 0, 1, 1]], 2, 0), "scale must be positive"),
        (D.roi_align, (np.zeros((1, 2, 3)), [[3, 0, 1, 1]], 2), "rois must be x1"),
        (D.roi_align_backward, (np.zeros((1, 1, 2, 3)), np.zeros((1, 2, 3)), [[0, 0, 1, 1]], 2), "shape of the output"),
    ],
)
def test_bad_input_is_named(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


# Overlap.


@BOTH
@MANY
@given(SEEDS)
def test_iou_and_giou(kind, seed):
    a, b = grid_boxes(seed, 7), np.concatenate([grid_boxes(seed + 1, 4), random_boxes(seed, 3, (8, 8))])
    expected = np.array([[overlap(p, q) for q in b] for p in a])
    iou, giou = call(kind, "box_iou", a, b), call(kind, "box_giou", a, b)
    np.testing.assert_allclose(iou, expected[..., 0], atol=1e-12)
    np.testing.assert_allclose(giou, expected[..., 1], atol=1e-12)
    np.testing.assert_allclose(call(kind, "box_iou", b, a), iou.T, atol=1e-12)
    np.testing.assert_allclose(call(kind, "box_iou", a * 3 - 5, b * 3 - 5), iou, atol=1e-12)  # no +1 hides in it
    assert (giou <= iou + 1e-12).all() and (giou >= -1 - 1e-12).all()


@BOTH
@pytest.mark.parametrize(
    ("p", "q", "iou", "giou"),
    [
        ([0, 0, 1, 1], [2, 2, 3, 3], 0, -7 / 9),  # without the cut at 0 this is 1.0
        ([0, 0, 1, 1], [1, 0, 2, 1], 0, 0),  # touching
        ([0, 0, 4, 4], [1, 1, 3, 3], 0.25, 0.25),
        ([2, 3, 5, 9], [2, 3, 5, 9], 1, 1),
        ([1, 1, 1, 1], [1, 1, 1, 1], 0, 0),  # zero area
        ([1, 1, 1, 5], [0, 0, 9, 9], 0, 0),
        ([0, 0, 0, 0], [3, 3, 3, 3], 0, -1),
        ([0, 0, 3, 1], [1.5, 0, 4.5, 1], 1 / 3, 1 / 3),  # half a side apart
        ([0, 0, 3, 1], [1, 0, 4, 1], 1 / 2, 1 / 2),
    ],
)
def test_stated_overlaps(kind, p, q, iou, giou):
    p, q = np.array([p], float), np.array([q], float)
    np.testing.assert_allclose(call(kind, "box_iou", p, q), [[iou]], atol=1e-12)
    np.testing.assert_allclose(call(kind, "box_giou", p, q), [[giou]], atol=1e-12)


@BOTH
def test_no_boxes_at_all(kind):
    none, some = np.zeros((0, 4)), random_boxes(0, 3)
    assert call(kind, "box_iou", none, some).shape == (0, 3)
    assert call(kind, "box_giou", some, none).shape == (3, 0)
    assert call(kind, "nms", none, np.zeros(0), 0.5).shape == (0,)
    labels, matched = call(kind, "assign_anchors", some, none)
    assert labels.tolist() == [0] * 3 and matched.tolist() == [-1] * 3
    assert call(kind, "encode_boxes", none, none).shape == call(kind, "decode_boxes", none, none).shape == (0, 4)


def test_gradients_of_overlap_are_finite_where_there_is_none():
    a = torch.tensor([[1.0, 1, 1, 1], [0, 0, 2, 2]], requires_grad=True)
    ops.box_giou(a, torch.tensor([[1.0, 1, 1, 1], [5, 5, 6, 6]])).sum().backward()
    assert torch.isfinite(a.grad).all()


# Losses.


def test_equal_loss_is_not_equal_overlap():
    three = np.array([[0.3, 0, 1, 1], [0, 0, 1.3, 1], [0, 0, 0.7, 1]])
    np.testing.assert_allclose(D.l2_loss(three, [0, 0, 1, 1]), 0.09)
    iou = D.box_iou(D.xywh_to_xyxy(three), [[0, 0, 1, 1]]).ravel()
    np.testing.assert_allclose(iou, [0.5385, 0.7692, 0.70], atol=5e-5)


@MANY
@given(SEEDS, st.sampled_from([0.1, 1.0, 3.0]))
def test_smooth_l1(seed, beta):
    x = np.random.default_rng(seed).normal(0, 2, (3, 5))
    expected = torch.nn.functional.smooth_l1_loss(
        torch.tensor(x), torch.zeros(3, 5).double(), beta=beta, reduction="none"
    )
    np.testing.assert_allclose(D.smooth_l1(x, beta), expected, atol=1e-12)
    slope = numerical_gradient(lambda x: D.smooth_l1(x, beta), x, np.ones((3, 5)))
    np.testing.assert_allclose(D.smooth_l1_backward(np.ones((3, 5)), x, beta), slope, atol=1e-5)
    for side in (-1, 1):  # value and slope meet at beta
        near = beta * np.array([side * (1 - 1e-9), side * (1 + 1e-9)])
        assert np.ptp(D.smooth_l1(near, beta)) < 1e-8 and np.ptp(D.smooth_l1_backward(np.ones(2), near, beta)) < 1e-8


@MANY
@given(SEEDS, st.sampled_from([0.0, 1.5, 2.0]))
def test_focal_loss(seed, gamma):
    rng = np.random.default_rng(seed)
    x, t = rng.normal(0, 4, (4, 3)), rng.integers(0, 2, (4, 3))
    p = 1 / (1 + np.exp(-x))
    expected = -(0.25 * t * (1 - p) ** gamma * np.log(p) + 0.75 * (1 - t) * p**gamma * np.log(1 - p))
    np.testing.assert_allclose(D.focal_loss(x, t, 0.25, gamma), expected, rtol=1e-9)
    assert np.isfinite(D.focal_loss([1e4, -1e4], [0, 1], gamma=gamma)).all()
    half_cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(x), torch.tensor(t).double(), reduction="none"
    )
    np.testing.assert_allclose(2 * D.focal_loss(x, t, 0.5, 0), half_cross_entropy, rtol=1e-9)


# Anchors, their order and their coding.


def test_anchors_have_the_area_of_their_scale_and_stand_on_cells():
    h, w, scales, ratios = 2, 3, [8, 20], [0.5, 1, 3]
    anchors = D.make_anchors(h, w, (10, 16), scales, ratios)
    expected = []
    for y in range(h):
        for x in range(w):
            for scale in scales:
                for ratio in ratios:
                    width = math.sqrt(scale**2 / ratio)
                    expected.append([(x + 0.5) * 16, (y + 0.5) * 10, width, width * ratio])
    np.testing.assert_allclose(D.xyxy_to_cxcywh(anchors), expected, atol=1e-12)
    np.testing.assert_allclose(ops.make_anchors(h, w, (10, 16), scales, ratios), anchors, atol=1e-5)


def test_counts_of_the_lectures():
    nine = [128, 256, 512], [0.5, 1, 2]
    assert [len(D.make_anchors(h, w, 16, *nine)) for h, w in ((40, 60), (14, 14), (16, 16))] == [21600, 1764, 2304]


@BOTH
def test_outputs_meet_their_anchors(kind):
    B, k, m, h, w = 2, 9, 4, 2, 3
    x = np.random.default_rng(0).normal(size=(B, k * m, h, w))
    rows = call(kind, "rpn_flatten", x, k)
    for y in range(h):
        for column in range(w):
            for a in range(k):
                np.testing.assert_allclose(rows[:, (y * w + column) * k + a], x[:, a * m : (a + 1) * m, y, column])
    plain = x.reshape(B, h * w * k, m)
    assert not np.isclose(plain, rows).all(axis=-1).any()  # a reshape alone gets no row right


@BOTH
@MANY
@given(SEEDS)
def test_coding_round_trips(kind, seed):
    boxes, anchors = random_boxes(seed, 9, least=1), random_boxes(seed + 1, 9, least=1)
    std = (0.1, 0.1, 0.2, 0.3)
    deltas = call(kind, "encode_boxes", boxes, anchors, std=std)
    np.testing.assert_allclose(call(kind, "decode_boxes", deltas, anchors, std=std), boxes, atol=1e-9)
    for row, p, q in zip(deltas, boxes, anchors, strict=True):
        wa, ha = q[2] - q[0], q[3] - q[1]
        expected = [
            (p[0] + p[2] - q[0] - q[2]) / 2 / wa,
            (p[1] + p[3] - q[1] - q[3]) / 2 / ha,
            math.log((p[2] - p[0]) / wa),
            math.log((p[3] - p[1]) / ha),
        ]
        np.testing.assert_allclose(row * std, expected, atol=1e-9)


@BOTH
def test_a_wild_prediction_does_not_overflow(kind):
    box = call(kind, "decode_boxes", np.array([[0.0, 0, 1e4, 800]]), np.array([[0.0, 0, 16, 32]]))
    np.testing.assert_allclose(box, [[8 - 500, 16 - 1000, 8 + 500, 16 + 1000]])


def slow_assignment(anchors, gt, pos, neg):
    labels, matched = [], []
    table = [[overlap(p, q)[0] for q in gt] for p in anchors]
    tops = [max(row[g] for row in table) for g in range(len(gt))]
    for row in table:
        best = max(range(len(gt)), key=lambda g: (row[g], -g))
        label, match = (1, best) if row[best] >= pos else (0, -1) if row[best] < neg else (-1, -1)
        choosers = [g for g in range(len(gt)) if row[g] > 0 and row[g] >= tops[g]]
        if choosers:
            label, match = 1, max(choosers, key=lambda g: (row[g], -g))
        labels.append(label)
        matched.append(match)
    return labels, matched


@BOTH
@MANY
@given(SEEDS)
def test_assignment(kind, seed):
    anchors, gt = grid_boxes(seed, 30, 6), grid_boxes(seed + 1, 4, 6)
    labels, matched = call(kind, "assign_anchors", anchors, gt, pos=0.6, neg=0.2)
    expected = slow_assignment(anchors, gt, 0.6, 0.2)
    assert labels.tolist() == expected[0] and matched.tolist() == expected[1]


def test_padding_is_assigned_to_nobody():
    anchors = torch.tensor(grid_boxes(3, 20, 6))
    gt = torch.tensor(np.stack([grid_boxes(4, 3, 6), grid_boxes(5, 3, 6)]))
    valid = torch.tensor([[True, True, False], [False, False, False]])
    labels, matched = ops.assign_anchors(anchors, gt, valid, 0.6, 0.2)
    alone = ops.assign_anchors(anchors, gt[0, :2], None, 0.6, 0.2)
    assert torch.equal(labels[0], alone[0]) and torch.equal(matched[0], alone[1])
    assert not labels[1].any() and (matched[1] == -1).all()


# Non-maximum suppression.


def slow_nms(boxes, scores, threshold):
    kept = []
    for k in sorted(range(len(boxes)), key=lambda k: (-scores[k], k)):
        if all(overlap(boxes[k], boxes[m])[0] <= threshold for m in kept):
            kept.append(k)
    return kept


@BOTH
@MANY
@given(SEEDS, st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_nms(kind, seed, threshold):
    rng = np.random.default_rng(seed)
    boxes = np.concatenate([random_boxes(seed, 25, (9, 9)), grid_boxes(seed, 15, 5)])
    scores = rng.integers(0, 12, 40) / 12.0  # ties
    assert call(kind, "nms", boxes, scores, threshold).tolist() == slow_nms(boxes, scores, threshold)


@pytest.mark.parametrize("block", [1, 3, 64])
def test_nms_in_blocks(block):
    boxes, scores = random_boxes(7, 60, (12, 12)), np.random.default_rng(7).random(60)
    kept = ops.nms(torch.tensor(boxes), torch.tensor(scores), 0.3, block=block)
    assert kept.tolist() == slow_nms(boxes, scores, 0.3)


@pytest.mark.parametrize("threshold", [0.25, 0.6])
def test_nms_against_onnx_runtime_and_opencv(threshold):
    boxes, rng = random_boxes(11, 300, (60, 40)), np.random.default_rng(11)
    boxes, scores = boxes.astype(np.float32), (1 + rng.permutation(300).astype(np.float32)) / 300
    kept = D.nms(boxes, scores, threshold)
    assert 20 < len(kept) < 290
    theirs = onnx_graphs.nms_session(threshold)(boxes, scores[None])
    np.testing.assert_array_equal(kept, theirs[:, 1])
    xywh = D.xyxy_to_xywh(boxes).astype(float).tolist()
    np.testing.assert_array_equal(kept, cv2.dnn.NMSBoxes(xywh, scores.tolist(), 0.0, threshold))
    np.testing.assert_array_equal(kept, ops.nms(torch.tensor(boxes), torch.tensor(scores), threshold))


def test_nms_by_class_against_onnx_runtime():
    boxes, rng = random_boxes(12, 120, (30, 30)).astype(np.float32), np.random.default_rng(12)
    scores, classes = rng.permutation(120).astype(np.float32), rng.integers(0, 3, 120)
    of_class = np.where(np.arange(3)[:, None] == classes, scores, -np.float32(2e30))  # below the least score
    theirs = onnx_graphs.nms_session(0.3)(boxes, of_class)[:, 1]
    kept = D.batched_nms(boxes, scores, classes, 0.3)
    np.testing.assert_array_equal(kept, theirs[np.argsort(-scores[theirs])])
    tensors = torch.tensor(boxes), torch.tensor(scores)
    np.testing.assert_array_equal(kept, ops.nms(*tensors, 0.3, torch.tensor(classes)))
    mask = ops.nms_mask(tensors[0][None], tensors[1][None], 0.3, torch.tensor(classes)[None])
    np.testing.assert_array_equal(np.sort(kept), mask[0].nonzero().ravel())


def test_nms_of_a_batch_is_nms_of_each_image():
    boxes = np.stack([random_boxes(seed, 50, (20, 20)) for seed in range(3)])
    scores = np.random.default_rng(1).random((3, 50))
    scores[1, 40:] = -np.inf  # padding
    mask = ops.nms_mask(torch.tensor(boxes), torch.tensor(scores), 0.4)
    for n in range(3):
        np.testing.assert_array_equal(mask[n].nonzero().ravel(), np.sort(slow_nms(boxes[n], scores[n], 0.4)))


@BOTH
def test_nms_rules(kind):
    chain = np.array([[0.0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]])
    assert call(kind, "nms", chain, np.array([0.9, 0.8, 0.7]), 0.5).tolist() == [0, 2]
    half = np.array([[0.0, 0, 2, 1], [0, 0, 1, 1]])  # IoU exactly 0.5: not above
    assert call(kind, "nms", half, np.array([0.1, 0.2]), 0.5).tolist() == [1, 0]
    points = np.array([[1.0, 1, 1, 1]] * 2)
    assert call(kind, "nms", points, np.array([0.5, 0.5]), 0.0).tolist() == [0, 1]
    with pytest.raises(ValueError, match="NaN for box 1"):
        call(kind, "nms", half, np.array([0.1, math.nan]), 0.5)


# Regions.


def regions(seed, count=6, size=(33, 21)):
    boxes = random_boxes(seed, count, size) * 1.3 - 4  # some stick out
    boxes[0, 2:] = boxes[0, :2]  # without area
    boxes[1] = [-30, -20, -12, -9]  # outside
    return boxes


def slow_roi_align(feat, box, out_size, scale, samples, aligned):
    """Point by point, neighbour by neighbour."""
    C, H, W = feat.shape
    shift = 0.5 if aligned else 0.0
    x1, y1, x2, y2 = (v * scale - shift for v in box)
    width, height = (x2 - x1, y2 - y1) if aligned else (max(x2 - x1, 1), max(y2 - y1, 1))
    ny = samples or max(math.ceil(height / out_size[0]), 1)
    nx = samples or max(math.ceil(width / out_size[1]), 1)
    out = np.zeros((C, *out_size))
    for i, j in np.ndindex(*out_size):
        for p in range(ny):
            for q in range(nx):
                y = y1 + height / out_size[0] * (i + (p + 0.5) / ny)
                x = x1 + width / out_size[1] * (j + (q + 0.5) / nx)
                if not (-1 <= y <= H and -1 <= x <= W):
                    continue
                y, x = min(max(y, 0), H - 1), min(max(x, 0), W - 1)
                a, b = min(int(y), max(H - 2, 0)), min(int(x), max(W - 2, 0))
                for da in range(min(2, H)):
                    for db in range(min(2, W)):
                        weight = (1 - abs(y - a - da)) * (1 - abs(x - b - db))
                        out[:, i, j] += weight * feat[:, a + da, b + db] / (ny * nx)
    return out


def pairs_of(function, feats, rois, *arguments):
    """A reference for one image, on a batch."""
    return np.stack([function(feat, boxes, *arguments) for feat, boxes in zip(feats, rois, strict=True)])


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("samples", [0, 1, 2, 3])
def test_roi_align(aligned, samples):
    feats = np.random.default_rng(0).normal(size=(2, 3, 7, 9))
    rois, arguments = np.stack([regions(1), regions(2)]), ((2, 3), 0.3, samples, aligned)
    out = pairs_of(D.roi_align, feats, rois, *arguments)
    slow = [[slow_roi_align(feats[n], box, *arguments) for box in rois[n]] for n in range(2)]
    np.testing.assert_allclose(out, slow, atol=1e-12)
    twin = roi_ops.roi_align(torch.tensor(feats), torch.tensor(rois), *arguments)
    np.testing.assert_allclose(twin, out, atol=1e-12)
    mode = "half_pixel" if aligned else "output_half_pixel"
    theirs = onnx_graphs.roi_align(feats, rois.reshape(-1, 4), np.repeat([0, 1], 6), *arguments[:3], mode)
    usable = np.ones((2, 6), bool) if not aligned or samples else (rois[..., 2:] > rois[..., :2]).all(-1)
    np.testing.assert_allclose(theirs.reshape(out.shape)[usable], out[usable], atol=1e-4)


@pytest.mark.parametrize("aligned", [True, False])
def test_roi_align_backward(aligned):
    rng = np.random.default_rng(3)
    feats, rois, arguments = (
        rng.normal(size=(2, 3, 7, 9)),
        np.stack([regions(1), regions(2)]),
        ((2, 3), 0.3, 2, aligned),
    )
    dout = rng.normal(size=(2, 6, 3, 2, 3))
    ours = [D.roi_align_backward(dout[n], feats[n], rois[n], *arguments) for n in range(2)]
    tensor = torch.tensor(feats, requires_grad=True)
    roi_ops.roi_align(tensor, torch.tensor(rois), *arguments).backward(torch.tensor(dout))
    np.testing.assert_allclose(tensor.grad, ours, atol=1e-12)
    numerical = numerical_gradient(lambda x: D.roi_align(x, rois[0], *arguments), feats[0], dout[0])
    np.testing.assert_allclose(ours[0], numerical, atol=1e-6)


def test_roi_align_of_a_ramp_is_exact():
    y, x = np.mgrid[:9, :12] + 0.5
    out = D.roi_align(np.stack([3 * x - y]), [[7.7, 4.2, 33.3, 25.8]], (2, 3), 0.25)[0, 0]
    for i, j in np.ndindex(2, 3):
        centre = (7.7 + (j + 0.5) * 25.6 / 3) / 4, (4.2 + (i + 0.5) * 21.6 / 2) / 4
        np.testing.assert_allclose(out[i, j], 3 * centre[0] - centre[1])
    half_off = D.roi_align(np.stack([x]), [[8, 8, 32, 24]], 1, 0.25, aligned=False)
    np.testing.assert_allclose(half_off, 5.5)  # the centre of the box is at 5


def slow_roi_pool(feat, box, out_size, scale, inclusive):
    C, H, W = feat.shape
    x1, y1, x2, y2 = (math.floor(v * scale + 0.5) for v in box)
    height, width = max(y2 - y1 + inclusive, 1), max(x2 - x1 + inclusive, 1)
    out = np.zeros((C, *out_size))
    for i, j in np.ndindex(*out_size):
        rows = [
            y1 + a for a in range(height) if (a + 1) * out_size[0] > i * height and a * out_size[0] < (i + 1) * height
        ]
        columns = [
            x1 + b for b in range(width) if (b + 1) * out_size[1] > j * width and b * out_size[1] < (j + 1) * width
        ]
        cells = [feat[:, a, b] for a in rows for b in columns if 0 <= a < H and 0 <= b < W]
        out[:, i, j] = np.max(cells, axis=0) if cells else 0
    return out


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_roi_pool(seed, inclusive):
    rng = np.random.default_rng(seed)
    feats = rng.integers(-9, 3, (2, 3, 7, 9)).astype(float)  # ties, and maxima below zero
    rois, arguments = np.stack([regions(seed), regions(seed + 9)]), ((2, 3), 0.3, inclusive)
    out = pairs_of(D.roi_pool, feats, rois, *arguments)
    slow = [[slow_roi_pool(feats[n], box, *arguments) for box in rois[n]] for n in range(2)]
    np.testing.assert_allclose(out, slow)
    tensor = torch.tensor(feats, requires_grad=True)
    twin = roi_ops.roi_pool(tensor, torch.tensor(rois), *arguments)
    np.testing.assert_allclose(twin.detach(), out)
    dout = rng.normal(size=out.shape)
    twin.backward(torch.tensor(dout))
    ours = [D.roi_pool_backward(dout[n], feats[n], rois[n], *arguments) for n in range(2)]
    np.testing.assert_allclose(tensor.grad, ours, atol=1e-12)
    if inclusive:
        theirs = onnx_graphs.max_roi_pool(feats, rois.reshape(-1, 4), np.repeat([0, 1], 6), (2, 3), 0.3)
        np.testing.assert_allclose(theirs.reshape(out.shape), out)


def test_roi_pool_backward_is_the_gradient():
    feat, rois = np.random.default_rng(5).permutation(126).reshape(2, 7, 9) / 10.0, regions(5)
    dout = np.random.default_rng(6).normal(size=(6, 2, 2, 3))
    numerical = numerical_gradient(lambda x: D.roi_pool(x, rois, (2, 3), 0.3), feat, dout)
    np.testing.assert_allclose(D.roi_pool_backward(dout, feat, rois, (2, 3), 0.3), numerical, atol=1e-6)


def test_the_lectures_grid():
    """An 8x8 map, a box of 7x5 cells, 2x2 bins: they are uneven, and the odd column and row fall into both."""
    assert roi.pool_bins(0, 7, 2, 8) == [(0, 4), (3, 7)] and roi.pool_bins(3, 8, 2, 8) == [(3, 6), (5, 8)]
    assert roi.pool_bins(-9, -5, 2, 8) == [(0, 0), (0, 0)]
    feat = -np.ones((1, 8, 8))
    assert not D.roi_pool(feat, [[-9, 0, -5, 8]], 2).any()  # empty bins are 0, not minus infinity
    assert not D.roi_pool_backward(np.ones((1, 1, 2, 2)), feat, [[-9, 0, -5, 8]], 2).any()


def test_no_regions():
    feat = np.ones((3, 4, 5))
    for function in (D.roi_pool, D.roi_align):
        assert function(feat, [], 2).shape == (0, 3, 2, 2)
    for function in (roi_ops.roi_pool, roi_ops.roi_align):
        assert function(torch.ones(2, 3, 4, 5), torch.zeros(2, 0, 4), 2).shape == (2, 0, 3, 2, 2)
