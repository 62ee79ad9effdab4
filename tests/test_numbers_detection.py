"""Every number of chapter 7 is recomputed here, without the course's detection code.

The oracle is a count of pixels or of places, PyTorch's own layers, or a small experiment in which what is printed
fails.
"""

from fractions import Fraction

import numpy as np
import pytest
import torch
from recompute import Checks, size
from torch import nn
from torch.nn import functional as F

from convbook.lecture_numbers import NUMBERS, slips

CHECKS = Checks("detection")
check, corrected = CHECKS.check, CHECKS.corrected


def corners(x, y, w, h):
    return x, y, x + w, y + h


def counted(a, b, cells=1):
    """IoU of two boxes of whole (or 1 / cells) coordinates by counting squares of a grid."""
    a, b = (np.rint(np.array(box) * cells).astype(int) for box in (a, b))
    low, high = np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])
    masks = np.zeros((2, *(high - low)), bool)
    for mask, (x1, y1, x2, y2) in zip(masks, (a, b), strict=True):
        mask[x1 - low[0] : x2 - low[0], y1 - low[1] : y2 - low[1]] = True
    return (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()


# --- coordinates -----------------------------------------------------------------------------------------


def parts(box, width, height):
    return tuple(round(float(Fraction(v, n)), 2) for v, n in zip(box, (width, height) * 2, strict=True))


@check("data188.box.normalized")
def _():
    return parts((509, 128, 424, 896), 1697, 1281)


@check("c182.box.normalized")
def _():
    assert round(130 / 377, 4) == 0.3448
    return parts((30, 140, 130, 125), 377, 253)


@check("c182.box.inside")
def _():
    """By counting the pixels of the box that the picture has."""
    image = np.zeros((253, 377), bool)
    image[140 : 140 + 125, 30 : 30 + 130] = True
    y, x = np.nonzero(image)
    assert 140 + 125 == 265 > 253 and round(265 / 253, 4) == 1.0474
    return x.min(), y.min(), x.max() + 1 - x.min(), y.max() + 1 - y.min()


@check("box.clipped.iou")
def _():
    return counted(corners(30, 140, 130, 125), (30, 140, 160, 253))


@check("box.misread")
def _():
    a, b = (2, 2, 4, 4), (3, 3, 5, 5)
    return counted(corners(*a), corners(*b)), round(counted(a, b), 4)


# --- overlap ---------------------------------------------------------------------------------------------


@check("iou.unclamped")
def _():
    a, b = (0, 0, 1, 1), (2, 2, 3, 3)
    assert counted(a, b) == 0
    inter = (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1]))
    return inter / (1 + 1 - inter)


@check("iou.shifts")
def _():
    return tuple(round(counted((0, 0, 6, 6), (shift, 0, 6 + shift, 6)), 4) for shift in (3, 2))


@check("iou.equal_l2")
def _():
    target, guesses = (0, 0, 1, 1), ((0.3, 0, 1, 1), (0, 0, 1.3, 1), (0, 0, 0.7, 1))
    assert [round(sum((p - t) ** 2 for p, t in zip(guess, target, strict=True)), 9) for guess in guesses] == [0.09] * 3
    return tuple(round(counted(corners(*guess), corners(*target), 10), 4) for guess in guesses)


def overlap(a, b, generalised):
    """IoU of two boxes as tensors, or generalised IoU."""
    both = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(min=0).prod()
    union = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both
    hull = (torch.maximum(a[2:], b[2:]) - torch.minimum(a[:2], b[:2])).prod()
    return both / union - (hull - union) / hull * generalised


@check("berkeley.iou.loss")
def _():
    """From a box that misses, descent on 1 - GIoU arrives and on 1 - IoU stays; from one that meets, both arrive."""
    goal = torch.tensor([5.0, 4, 9, 6])

    def descend(start, generalised):
        box = torch.tensor(start, requires_grad=True)
        optimizer = torch.optim.Adam([box], 0.05)
        for _ in range(400):
            optimizer.zero_grad()
            (1 - overlap(box, goal, generalised)).backward()
            optimizer.step()
        return overlap(box, goal, False).item()

    assert descend([0.0, 0, 2, 2], True) > 0.9
    assert descend([0.0, 0, 2, 2], False) == 0
    assert descend([4.0, 3, 7, 5], False) > 0.9
    return corrected("berkeley.iou.loss")


@check("c182.losses")
def _():
    """The focal loss is of a probability: for (1 - p)^0 it is the cross-entropy, and it shrinks what is easy."""
    p = torch.tensor([0.3, 0.9])
    entropy = -p.log()
    assert torch.allclose((1 - p) ** 0 * entropy, F.binary_cross_entropy(p, torch.ones(2), reduction="none"))
    kept = (1 - p) ** 2
    assert kept[0] > 0.4 and kept[1] < 0.011
    assert "ocal" not in corrected("c182.losses")
    return corrected("c182.losses")


# --- windows ---------------------------------------------------------------------------------------------


@check("windows.count")
def _():
    return sum(size(224, side, 8) ** 2 for side in (32, 64, 128))


@check("data188.windows")
def _():
    """The scores of all windows, cut out one by one and from one pass."""
    torch.manual_seed(0)
    features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2))  # 8 x 8 pixels to 3 x 3 cells
    head = nn.Linear(4 * 9, 5)
    image = torch.randn(1, 3, 14, 12)
    cut = [[image[:, :, i : i + 8, j : j + 8] for j in range(0, 5, 2)] for i in range(0, 7, 2)]
    each = torch.stack([torch.stack([head(features(part).flatten(1))[0] for part in row]) for row in cut])
    one = F.conv2d(features(image), head.weight.reshape(5, 4, 3, 3), head.bias)[0].permute(1, 2, 0)
    assert one.shape == each.shape == (4, 3, 5)
    assert torch.allclose(one, each, atol=1e-6)
    return corrected("data188.windows")


# --- the region proposal network -------------------------------------------------------------------------


@check("c182.rpn.relu")
def _():
    """Without a ReLU the two layers are one 3x3 convolution; with it they are not."""
    torch.manual_seed(1)
    first, second = nn.Conv2d(3, 8, 3, padding=1).double(), nn.Conv2d(8, 4, 1).double()
    x = torch.randn(1, 3, 5, 4, dtype=torch.float64)
    weight = torch.einsum("fm,mcab->fcab", second.weight[:, :, 0, 0], first.weight)
    one = F.conv2d(x, weight, second.weight[:, :, 0, 0] @ first.bias + second.bias, padding=1)
    assert torch.allclose(second(first(x)), one)
    assert not torch.allclose(second(first(x).relu()), one, atol=1e-3)
    return corrected("c182.rpn.relu")


@check("c182.rpn.logits")
def _():
    torch.manual_seed(2)
    pairs = nn.Conv2d(6, 2 * 9, 1)(torch.randn(1, 6, 4, 5)).reshape(1, 9, 2, 4, 5)
    assert (pairs < 0).any() and not torch.allclose(pairs.sum(2), torch.ones(1))
    assert torch.allclose(pairs.softmax(2).sum(2), torch.ones(1))
    return corrected("c182.rpn.logits")


@check("c182.rpn.reshape")
def _():
    """Each score says where it belongs; a row is right if it holds the two scores of its place and anchor, in order."""
    k, h, w = 9, 2, 3
    scores = torch.empty(1, 2 * k, h, w)
    wanted = []
    for i in range(h):
        for j in range(w):
            for anchor in range(k):
                row = [1000 * i + 100 * j + 10 * anchor + c for c in range(2)]
                wanted.append(row)
                for c in range(2):
                    scores[0, 2 * anchor + c, i, j] = row[c]
    wanted = torch.tensor(wanted, dtype=torch.float)
    assert torch.equal(scores.permute(0, 2, 3, 1).reshape(h * w * k, 2), wanted)
    assert not (scores.reshape(h * w * k, 2) == wanted).all(1).any()
    return corrected("c182.rpn.reshape")


@check("c182.rpn.order")
def _():
    """A box that is twice as wide as its anchor and as high: read in the printed order it is twice as high."""
    anchor, deltas = np.array([10.0, 10]), {"dx": 0, "dy": 0, "dw": np.log(2), "dh": 0}

    def sides(order):
        row = [deltas[name] for name in corrected("c182.rpn.order").split(", ")]
        by_name = dict(zip(order.split(", "), row, strict=True))
        return anchor * np.exp([by_name["dw"], by_name["dh"]])

    np.testing.assert_allclose(sides(corrected("c182.rpn.order")), [20, 10])
    np.testing.assert_allclose(sides(NUMBERS["c182.rpn.order"].printed), [10, 20])
    return corrected("c182.rpn.order")


@check("c182.blind.weights")
def _():
    return tuple(nn.Linear(2, 5).weight.shape), tuple(nn.Linear(4, 4).weight.shape)


# --- anchors ---------------------------------------------------------------------------------------------


def places(h, w, scales=3, ratios=3):
    return len([() for _ in np.ndindex(h, w, scales, ratios)])


@check("anchors.paper")
def _():
    return places(40, 60)


@check("anchors.small")
def _():
    return places(14, 14), places(16, 16)


@check("c182.stride")
def _():
    assert 224 / 16 == 14 and 260 / 16 == 16.25
    side = 224
    for _ in range(4):
        side = size(side, 3, 2, 1)
    return side


# --- the chapter as a whole ------------------------------------------------------------------------------


def test_every_entry_has_a_check():
    assert set(CHECKS.by_key) == set(CHECKS.numbers)


@pytest.mark.parametrize("key", CHECKS.numbers)
def test_corrected(key):
    CHECKS.hold(key)


def test_the_slips_are_the_known_ones():
    assert list(slips("detection")) == [
        "c182.box.normalized",
        "c182.box.inside",
        "berkeley.iou.loss",
        "c182.losses",
        "data188.windows",
        "c182.rpn.relu",
        "c182.rpn.logits",
        "c182.rpn.reshape",
        "c182.rpn.order",
        "c182.stride",
    ]
    assert NUMBERS["c182.box.normalized"].printed[2] == 0.35
