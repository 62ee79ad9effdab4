"""Every entry of chapter 6 is checked here: a claim by a small experiment in which what is printed fails."""

import numpy as np
import pytest
import torch
from recompute import Checks
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from torch import nn

from convbook.lecture_numbers import slips
from convbook.models import alexnet
from convbook.visualize import ascend, gradient, relu_backward

CHECKS = Checks("visualization")
check, corrected = CHECKS.check, CHECKS.corrected


@check("data188.alexnet.filters")
def _():
    return alexnet(first=96).state_dict()["features.0.weight"].shape[0]


class Saturated(nn.Module):
    """One class; its score grows with the mean pixel up to 1, and then stays."""

    def forward(self, x):
        return x.mean(dim=(1, 2, 3))[:, None].clamp(max=1)


@check("wise.attention")
def _():
    bright = torch.full((1, 1, 4, 4), 2.0)
    model = Saturated()
    assert gradient(model, bright, 0).abs().max().item() == pytest.approx(0)
    assert model(bright).item() - model(torch.zeros_like(bright)).item() == pytest.approx(1)
    return corrected("wise.attention")


@check("wise.guided.source")
def _():
    dout, x = torch.tensor([1.0, 1, -1, -1]), torch.tensor([1.0, -1, 1, -1])
    assert relu_backward(dout, x, "guided").tolist() != relu_backward(dout, x, "deconv").tolist()
    return corrected("wise.guided.source")


@check("wise.guided.switches")
def _():
    # Backpropagation alone routes to the maxima; on the ReLU's signs, guided lets through less than each other rule.
    x = torch.tensor([[[[1.0, 5.0], [2.0, 3.0]]]], requires_grad=True)
    (routed,) = torch.autograd.grad(nn.functional.max_pool2d(x, 2).sum(), x)
    assert routed.flatten().tolist() == pytest.approx([0, 1, 0, 0])
    dout, before = torch.tensor([1.0, 1, -1, -1]), torch.tensor([1.0, -1, 1, -1])
    passed = {rule: relu_backward(dout, before, rule) != 0 for rule in ("backprop", "deconv", "guided")}
    assert torch.equal(passed["guided"], passed["backprop"] & passed["deconv"])
    return corrected("wise.guided.switches")


@check("wise.ascent.all")
def _():
    def two_hills(x):
        return torch.exp(-((x - 2) ** 2)).sum() + torch.exp(-((x + 2) ** 2)).sum()

    found = [
        ascend(nn.Identity(), two_hills, torch.full((1, 1, 1, 1), start), steps=300, lr=0.1, normalise=False)
        for start in (-0.5, 0.5)
    ]
    assert [run.image.item() for run in found] == pytest.approx([-2, 2], abs=0.01)
    return corrected("wise.ascent.all")


@check("wise.yosinski")
def _():
    return "20" + "1506.06579"[:2]  # an arXiv number begins with year and month


@check("wise.clustering")
def _():
    points = np.random.default_rng(0).normal(size=(60, 5))
    assert PCA(2).fit_transform(points).shape == (60, 2)
    assert not hasattr(PCA(2), "fit_predict") and not hasattr(TSNE(2), "fit_predict"), "neither gives labels"
    return corrected("wise.clustering")


@check("wise.pca.name")
def _():
    assert "Principal component analysis" in PCA.__doc__
    return corrected("wise.pca.name")


@check("wise.pca.separates")
def _():
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    points = np.stack([rng.normal(size=400) * 20, labels * 4 + rng.normal(size=400) * 0.1], axis=1)
    line = PCA(1).fit_transform(points)[:, 0]
    assert (((line > 0) == labels).mean() - 0.5) < 0.1, "the first component does not know the classes"
    assert ((points[:, 1] > 2) == labels).all(), "and yet a direction separates them"
    return corrected("wise.pca.separates")


@check("wise.tsne.distance")
def _():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 50)
    points = rng.normal(size=(150, 5)) + np.array([0, 20, 200])[labels, None]
    plane = TSNE(2, perplexity=20, init="pca", random_state=0).fit_transform(points)
    middle = np.stack([plane[labels == k].mean(axis=0) for k in range(3)])
    ratio = np.linalg.norm(middle[2] - middle[0]) / np.linalg.norm(middle[1] - middle[0])
    assert ratio < 5, "ten in truth"
    near = np.linalg.norm(plane[:, None] - plane, axis=2) + 1e9 * np.eye(150)
    assert (labels[near.argmin(axis=1)] == labels).all(), "neighbours are kept"
    return corrected("wise.tsne.distance")


def test_every_entry_has_a_check():
    assert set(CHECKS.by_key) == set(CHECKS.numbers)


@pytest.mark.parametrize("key", CHECKS.numbers)
def test_corrected(key):
    CHECKS.hold(key)


def test_the_slips_are_the_known_ones():
    assert list(slips("visualization")) == [key for key in CHECKS.numbers if key.startswith("wise.")]
