"""The procedural sets: balanced, the same by seed, biased as their knobs say, and their shapes where they should be."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from convbook import data
from convbook.data import drawing as d
from convbook.data.shapes import SHAPES

SETS = {"shapes": (3, 32, 32), "glyphs": (1, 28, 28), "two-cars": (3, 32, 64), "watermark": (3, 32, 32)}


@pytest.mark.parametrize("name", SETS)
def test_sizes_and_balance(name):
    images = data.load(name, n=67)
    assert images.images.shape == (67, *SETS[name])
    counts = np.bincount(images.labels, minlength=len(images.classes))
    assert counts.max() - counts.min() <= 1
    assert data.load(name, n=3, size=(20, 33)).images.shape[2:] == (20, 33)


@pytest.mark.parametrize("name", SETS)
def test_seeds(name):
    images = data.load(name, n=40, seed=5).images
    np.testing.assert_array_equal(images, data.load(name, n=40, seed=5).images)
    others = [data.load(name, n=40, seed=6).images, data.load(name, "test", n=40, seed=5).images]
    assert all((images != other).mean() > 0.1 for other in others)
    assert len({image.tobytes() for image in images}) == 40  # no two are alike


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("option", [{"n": 0}, {"n": 2.5}, {"size": 2}, {"seed": -1}, {"size": (8, 8, 8)}], ids=str)
def test_bad_options(name, option):
    with pytest.raises(ValueError, match=f"{next(iter(option))} must be"):
        data.load(name, **option)


def test_default_numbers():
    assert len(data.load("glyphs", "test")) == 1000


def car_side(images):
    """Whether the car stands right: where the black wheels are."""
    black = (images.images.max(1) < 40).sum(1)
    half = black.shape[1] // 2
    return black[:, half:].sum(1) > black[:, :half].sum(1)


@pytest.mark.parametrize(("bias", "split", "expected"), [(0.5, "train", 0.5), (0.8, "train", 0.8), (1, "train", 1),
                                                         (0.95, "test", 0.5)])  # fmt: skip
def test_two_cars_stand_where_the_bias_says(bias, split, expected):
    images = data.load("two-cars", split, n=400, bias=bias)
    own = car_side(images) == images.labels.astype(bool)
    for label in (0, 1):
        assert abs(own[images.labels == label].mean() - expected) < 0.03


@pytest.mark.parametrize("bias", [0.3, 1.2, "much"])
def test_two_cars_bad_bias(bias):
    with pytest.raises(ValueError, match="bias must be between 0.5 and 1"):
        data.load("two-cars", bias=bias)


def marks(**options):
    """Which images differ from those without a mark, and where."""
    plain = data.load("watermark", n=160, **options | {"mark": "none"})
    images = data.load("watermark", n=160, **options)
    np.testing.assert_array_equal(images.labels, plain.labels)
    differ = (images.images != plain.images).any(1)
    return images, differ


def test_watermark_marks_its_class_in_a_corner():
    images, differ = marks(marked="ring")
    ring = images.labels == images.classes.index("ring")
    np.testing.assert_array_equal(differ.any((1, 2)), ring)
    assert not differ[:, :24].any() and not differ[:, :, 22:].any(0)[:24].any() and not differ[:, :, :22].any()


def test_watermark_of_all_of_none_and_of_a_share():
    assert marks(mark="all")[1].any((1, 2)).all()
    assert not data.load("watermark", "test", n=9).source.endswith("class")
    images, differ = marks(rate=0.5)
    star = images.labels == images.classes.index("star")
    assert 0 < differ.any((1, 2))[star].sum() < star.sum() and not differ.any((1, 2))[~star].any()


@pytest.mark.parametrize("option", [{"mark": "some"}, {"marked": "cat"}, {"rate": 2}], ids=str)
def test_watermark_bad_options(option):
    with pytest.raises(ValueError, match=f"{next(iter(option))} must be"):
        data.load("watermark", **option)


@pytest.mark.parametrize("name", ["square", "triangle", "star", "cross", "heart"])
def test_polygons_against_brute_force(name):
    """Inside by the winding number, distance by many points on the outline, both written apart."""
    kept = []
    original = d.polygon
    try:
        d.polygon = lambda x, y, points: kept.append(points) or original(x, y, points)
        x, y = np.random.default_rng(0).uniform(-1.3, 1.3, (2, 300))
        found = SHAPES[name](x, y)
    finally:
        d.polygon = original
    corners = np.array(kept[0])
    t = np.linspace(0, 1, 400, endpoint=False)[:, None]
    outline = np.concatenate([a + t * (b - a) for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)])
    distance = np.hypot(x[:, None] - outline[:, 0], y[:, None] - outline[:, 1]).min(1)
    angle = np.arctan2(corners[:, 1] - y[:, None], corners[:, 0] - x[:, None])
    turn = (np.roll(angle, -1, 1) - angle + np.pi) % (2 * np.pi) - np.pi
    inside = np.abs(turn.sum(1)) > np.pi
    np.testing.assert_allclose(found, np.where(inside, -distance, distance), atol=5e-3)


def test_a_disc_covers_its_area():
    x, y = d.grid(1, 40, 50)
    x, y = d.placed((x, y), np.array([[24.3, 19.1]]), np.array([0.7]), np.array([11.0]))
    assert abs(d.coverage(d.disc(x, y), 11.0).sum() - np.pi * 11**2) < 0.5


def test_glyphs_can_be_told_apart():
    """One linear layer does far better than chance: the label is in the picture."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    train, test = data.load("glyphs", n=1600, size=20), data.load("glyphs", "test", n=320, size=20)
    net = torch.nn.Linear(400, 16)
    x, y = (torch.tensor(train.images).flatten(1) / 255, torch.tensor(train.labels))
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    right = net(torch.tensor(test.images).flatten(1) / 255).argmax(1).numpy() == test.labels
    assert right.mean() > 0.4  # chance is 0.06
