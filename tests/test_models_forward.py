"""Each net's forward pass, read a second time: from its state dict alone, with torchvision's keys written out.

So a key that names another layer, or an activation in the wrong place, gives other scores.
"""

import pytest
import torch
from torch.nn import functional as F

from convbook import models


class Weights:
    """Layers by their keys, applied by formula; which keys have been used is remembered."""

    def __init__(self, state):
        self.state, self.used = state, set()

    def __getitem__(self, key):
        self.used.add(key)
        return self.state[key]

    def conv(self, key, x, bias=False, **options):
        return F.conv2d(x, self[f"{key}.weight"], self[f"{key}.bias"] if bias else None, **options)

    def norm(self, key, x):
        self.used.add(f"{key}.num_batches_tracked")
        mean, var, gamma, beta = (
            self[f"{key}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (var + 1e-5).sqrt() * gamma + beta

    def linear(self, key, x):
        return x @ self[f"{key}.weight"].T + self[f"{key}.bias"]


def resnet(w, x, basic, depths, stride_in_3x3):
    x = F.max_pool2d(w.norm("bn1", w.conv("conv1", x, stride=2, padding=3)).relu(), 3, 2, 1)
    for stage, depth in enumerate(depths, 1):
        for number in range(depth):
            at, s, skip = f"layer{stage}.{number}", 2 if stage > 1 and number == 0 else 1, x
            if basic:
                y = w.norm(f"{at}.bn1", w.conv(f"{at}.conv1", x, stride=s, padding=1)).relu()
                y = w.norm(f"{at}.bn2", w.conv(f"{at}.conv2", y, padding=1))
            else:
                first, second = (1, s) if stride_in_3x3 else (s, 1)
                y = w.norm(f"{at}.bn1", w.conv(f"{at}.conv1", x, stride=first)).relu()
                y = w.norm(f"{at}.bn2", w.conv(f"{at}.conv2", y, stride=second, padding=1)).relu()
                y = w.norm(f"{at}.bn3", w.conv(f"{at}.conv3", y))
            if number == 0 and not (basic and stage == 1):
                skip = w.norm(f"{at}.downsample.1", w.conv(f"{at}.downsample.0", x, stride=s))
            x = (y + skip).relu()
    return w.linear("fc", x.mean((2, 3)))


def densenet(w, x, depths):
    x = F.max_pool2d(w.norm("features.norm0", w.conv("features.conv0", x, stride=2, padding=3)).relu(), 3, 2, 1)
    for block, depth in enumerate(depths, 1):
        maps = [x]
        for layer in range(1, depth + 1):
            at = f"features.denseblock{block}.denselayer{layer}"
            y = w.conv(f"{at}.conv1", w.norm(f"{at}.norm1", torch.cat(maps, 1)).relu())
            maps.append(w.conv(f"{at}.conv2", w.norm(f"{at}.norm2", y).relu(), padding=1))
        x = torch.cat(maps, 1)
        if block < len(depths):
            at = f"features.transition{block}"
            x = F.avg_pool2d(w.conv(f"{at}.conv", w.norm(f"{at}.norm", x).relu()), 2, 2)
    return w.linear("classifier", w.norm("features.norm5", x).relu().mean((2, 3)))


def squeezenet(w, x):
    x = w.conv("features.0", x, bias=True, stride=2).relu()
    for number in range(2, 13):
        if number in (2, 5, 8):
            x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            continue
        at = f"features.{number}"
        x = w.conv(f"{at}.squeeze", x, bias=True).relu()
        sides = w.conv(f"{at}.expand1x1", x, bias=True), w.conv(f"{at}.expand3x3", x, bias=True, padding=1)
        x = torch.cat(sides, 1).relu()
    return w.conv("classifier.1", x, bias=True).relu().mean((2, 3))


def mobilenet_v1(w, x):
    strides = 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1
    x = w.norm("features.0.1", w.conv("features.0.0", x, stride=2, padding=1)).relu()
    for number, s in enumerate(strides, 1):
        at = f"features.{number}"
        x = w.norm(f"{at}.0.1", w.conv(f"{at}.0.0", x, stride=s, padding=1, groups=x.shape[1])).relu()
        x = w.norm(f"{at}.1.1", w.conv(f"{at}.1.0", x)).relu()
    return w.linear("classifier.1", x.mean((2, 3)))


def mobilenet_v2(w, x):
    strides = 1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1
    x = w.norm("features.0.1", w.conv("features.0.0", x, stride=2, padding=1)).clamp(0, 6)
    for number, s in enumerate(strides, 1):
        at, y, n = f"features.{number}.conv", x, 0
        if number > 1:
            y, n = w.norm(f"{at}.0.1", w.conv(f"{at}.0.0", x)).clamp(0, 6), 1
        y = w.conv(f"{at}.{n}.0", y, stride=s, padding=1, groups=y.shape[1])
        y = w.norm(f"{at}.{n}.1", y).clamp(0, 6)
        y = w.norm(f"{at}.{n + 2}", w.conv(f"{at}.{n + 1}", y))
        x = x + y if x.shape == y.shape else y
    x = w.norm("features.18.1", w.conv("features.18.0", x)).clamp(0, 6)
    return w.linear("classifier.1", x.mean((2, 3)))


def shufflenet_v2(w, x):
    x = F.max_pool2d(w.norm("conv1.1", w.conv("conv1.0", x, stride=2, padding=1)).relu(), 3, 2, 1)
    for stage, depth in ((2, 4), (3, 8), (4, 4)):
        for number in range(depth):
            at, s = f"stage{stage}.{number}", 1 if number else 2
            left, right = (x, x) if s == 2 else (x[:, : x.shape[1] // 2], x[:, x.shape[1] // 2 :])
            if s == 2:
                left = w.norm(f"{at}.branch1.1", w.conv(f"{at}.branch1.0", x, stride=2, padding=1, groups=x.shape[1]))
                left = w.norm(f"{at}.branch1.3", w.conv(f"{at}.branch1.2", left)).relu()
            y = w.norm(f"{at}.branch2.1", w.conv(f"{at}.branch2.0", right)).relu()
            y = w.conv(f"{at}.branch2.3", y, stride=s, padding=1, groups=y.shape[1])
            y = w.norm(f"{at}.branch2.4", y)
            right = w.norm(f"{at}.branch2.6", w.conv(f"{at}.branch2.5", y)).relu()
            x = torch.stack((left, right), 2).flatten(1, 2)  # left 0, right 0, left 1, right 1, ...
    x = w.norm("conv5.1", w.conv("conv5.0", x)).relu()
    return w.linear("fc", x.mean((2, 3)))


def alexnet(w, x):
    x = F.max_pool2d(w.conv("features.0", x, bias=True, stride=4, padding=2).relu(), 3, 2)
    x = F.max_pool2d(w.conv("features.3", x, bias=True, padding=2).relu(), 3, 2)
    for key in ("features.6", "features.8", "features.10"):
        x = w.conv(key, x, bias=True, padding=1).relu()
    x = F.adaptive_avg_pool2d(F.max_pool2d(x, 3, 2), 6).flatten(1)
    return w.linear("classifier.6", w.linear("classifier.4", w.linear("classifier.1", x).relu()).relu())


def papers_alexnet(w, x):
    def norm(x):
        """b_i = a_i / (k + α Σ_j a_j²)^β over the five channels around i."""
        squares = F.pad(x.square(), (0, 0, 0, 0, 2, 2))
        total = sum(squares[:, j : j + x.shape[1]] for j in range(5))
        return x / (2 + 1e-4 * total) ** 0.75

    x = F.max_pool2d(norm(w.conv("features.0", x, bias=True, stride=4, padding=2).relu()), 3, 2)
    x = F.max_pool2d(norm(w.conv("features.4", x, bias=True, padding=2, groups=2).relu()), 3, 2)
    for key, groups in (("features.8", 1), ("features.10", 2), ("features.12", 2)):
        x = w.conv(key, x, bias=True, padding=1, groups=groups).relu()
    x = F.adaptive_avg_pool2d(F.max_pool2d(x, 3, 2), 6).flatten(1)
    return w.linear("classifier.6", w.linear("classifier.4", w.linear("classifier.1", x).relu()).relu())


def vgg16(w, x):
    for key in (0, 2, "pool", 5, 7, "pool", 10, 12, 14, "pool", 17, 19, 21, "pool", 24, 26, 28, "pool"):
        x = F.max_pool2d(x, 2) if key == "pool" else w.conv(f"features.{key}", x, bias=True, padding=1).relu()
    x = F.adaptive_avg_pool2d(x, 7).flatten(1)
    return w.linear("classifier.6", w.linear("classifier.3", w.linear("classifier.0", x).relu()).relu())


READINGS = {
    "resnet18": (resnet, (True, (2, 2, 2, 2), True)),
    "resnet50": (resnet, (False, (3, 4, 6, 3), True)),
    "resnet50, stride in the first 1x1": (resnet, (False, (3, 4, 6, 3), False)),
    "densenet121": (densenet, ((6, 12, 24, 16),)),
    "squeezenet": (squeezenet, ()),
    "mobilenet_v1": (mobilenet_v1, ()),
    "mobilenet_v2": (mobilenet_v2, ()),
    "shufflenet_v2": (shufflenet_v2, ()),
    "alexnet": (alexnet, ()),
    "alexnet, 96": (papers_alexnet, ()),
    "vgg16": (vgg16, ()),
}
OPTIONS = {"resnet50, stride in the first 1x1": {"stride_in_3x3": False}, "alexnet, 96": {"first": 96}}
# how many tensors torchvision's state dicts have
TENSORS = {
    "resnet18": 122, "resnet50": 320, "densenet121": 727, "squeezenet": 52, "mobilenet_v2": 314, "shufflenet_v2": 338,
    "alexnet": 16, "vgg16": 32,
}  # fmt: skip


def disturbed(model, seed=3):
    """No weight of a norm is left at 1, no mean or bias at 0; the signal keeps its size."""
    random = torch.Generator().manual_seed(seed)
    for key, value in model.state_dict().items():
        if value.is_floating_point() and value.ndim == 1:
            centre = 1 if key.endswith(("running_var", "weight")) else 0
            value.copy_(centre + 0.3 * (torch.rand(value.shape, generator=random, dtype=torch.float64) - 0.5))
    return model.eval()


@pytest.mark.parametrize("name", READINGS)
def test_a_second_reading_gives_the_same_scores(name):
    read, arguments = READINGS[name]
    torch.manual_seed(1)
    double = not name.startswith(("alexnet", "vgg16"))  # those two have too many weights
    model = disturbed(models.create(name.split(",")[0], num_classes=13, **OPTIONS.get(name, {})))
    x = torch.randn(2, 3, 75, 99)
    if double:
        model, x = model.double(), x.double()
    weights = Weights(model.state_dict())
    with torch.no_grad():
        scores, expected = model(x), read(weights, x, *arguments)
    assert scores.std() > 1e-4, "scores that hardly differ would prove nothing"
    torch.testing.assert_close(scores, expected, rtol=1e-9 if double else 1e-4, atol=1e-9 if double else 1e-5)
    assert weights.used == set(weights.state), "a layer that the reading did not need"


@pytest.mark.parametrize("name", TENSORS)
def test_state_dicts_have_torchvisions_length(name):
    with torch.device("meta"):
        assert len(models.create(name).state_dict()) == TENSORS[name]


def test_order_of_a_residual_blocks_keys():
    with torch.device("meta"):
        keys = list(models.resnet(50).state_dict())
    parts = list(dict.fromkeys(key.rpartition(".")[0] for key in keys if key.startswith("layer2.0.")))
    order = "conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "downsample.0", "downsample.1"
    assert parts == [f"layer2.0.{part}" for part in order]
    assert keys[0] == "conv1.weight" and keys[-2:] == ["fc.weight", "fc.bias"]


def test_lenet5_from_its_state_dict():
    model = models.lenet5(num_classes=4, in_channels=2, size=32).eval()
    w, x = Weights(model.state_dict()), torch.randn(3, 2, 32, 32)
    y = F.avg_pool2d(w.conv("features.0", x, bias=True).tanh(), 2)
    y = F.avg_pool2d(w.conv("features.3", y, bias=True).tanh(), 2).flatten(1)
    y = w.linear("classifier.4", w.linear("classifier.2", w.linear("classifier.0", y).tanh()).tanh())
    torch.testing.assert_close(model(x), y)
    padded = models.lenet5(num_classes=4, in_channels=2, size=28).eval()
    padded.load_state_dict(model.state_dict())
    torch.testing.assert_close(padded(x[..., 2:-2, 2:-2]), model(F.pad(x[..., 2:-2, 2:-2], (2, 2, 2, 2))))
