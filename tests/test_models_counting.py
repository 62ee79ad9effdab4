"""Counting leaves models alone, counts all that runs, and knows how far outputs see: gradients show it."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convbook import models
from convbook.models.counting import count_macs, count_parameters, grouped, layers


class Branches(nn.Module):
    """Two ways of different length, concatenated; kernels, strides and dilations not square."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 3, (3, 5), stride=(2, 1), padding=(1, 2))
        self.long = nn.Sequential(nn.Conv2d(3, 4, (1, 3), padding=(0, 4), dilation=(1, 4)), nn.AvgPool2d(3, 1, 1))
        self.short = nn.Conv2d(3, 1, 1)
        self.joined = nn.Identity()  # a layer of its own, so that what both ways meet in has a row

    def forward(self, x):
        x = self.first(x).relu()
        return self.joined(torch.cat((self.long(x), self.short(x)), 1))


class Backbone(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net.features(x)


NETS = {
    "tiny": lambda: models.tiny_net(in_channels=2)[:7],
    "branches": Branches,
    "residual": lambda: Backbone(models.cifar_resnet(8, width=4, in_channels=2)),
    "projection": lambda: Backbone(models.cifar_resnet(8, width=4, in_channels=2, projection=True)),
    "paper's bottleneck": lambda: models.make_stage(models.Bottleneck, 2, 3, 2, 2, stride_in_3x3=False),
    "bottleneck": lambda: models.make_stage(models.Bottleneck, 2, 3, 2, 2),
    "dense": lambda: models.DenseBlock(2, 3, 3),
    "pool, stride not its kernel": lambda: nn.Sequential(nn.Conv2d(2, 2, 2), nn.AvgPool2d((3, 2), (2, 3))),
}


def footprint(model, size, at):
    """((top, left), (bottom, right)) of the input pixels that one output depends on."""
    x = torch.ones(1, 2, *size, dtype=torch.float64, requires_grad=True)
    model(x)[0, :, at[0], at[1]].sum().backward()
    seen = x.grad[0].abs().sum(0).nonzero()
    return seen.min(0).values, seen.max(0).values


def positive(model):
    """Weights of one sign, so that nothing cancels, and means for maxima, which see all of their window."""
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.MaxPool2d):
            parent = model.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], nn.AvgPool2d(module.kernel_size, module.stride, module.padding))
    for p in model.parameters():
        nn.init.constant_(p, 0.1)
    return model.double().eval()


@pytest.mark.parametrize("name", NETS)
def test_receptive_field_and_jump_are_the_gradients_footprint(name):
    size = (90, 79)
    model = NETS[name]()
    last = layers(model, (2, *size))[-1]
    field, jump = map(torch.tensor, (last.receptive_field, last.jump))
    model = positive(model)
    rows, columns = model(torch.ones(1, 2, *size, dtype=torch.float64)).shape[-2:]
    at = rows // 2, columns // 2
    first, end = footprint(model, size, at)
    below, _ = footprint(model, size, (at[0] + 1, at[1] + 1))
    assert (first > 0).all() and (end < torch.tensor(size) - 1).all(), "clipped: the image is too small to tell"
    assert (end - first + 1).tolist() == field.tolist()
    assert (below - first).tolist() == jump.tolist()


# Araujo, Norris, Sim 2019, of the last map: their ResNets have the stride in the paper's place of a stage's share
FIELDS = {"alexnet": 195, "vgg16": 212, "mobilenet_v1": 315, "resnet50": 483, "resnet101": 1027, "resnet152": 1507}


@pytest.mark.parametrize("name", FIELDS)
def test_published_receptive_fields(name):
    options = {"stride_in_3x3": False} if name.startswith("resnet") else {}
    with torch.device("meta"):
        model = models.create(name, **options)
    maps = [row for row in layers(model, 224) if len(row.output) == 3 and row.output[1] > 1]
    last = maps[-2] if name in ("alexnet", "vgg16") else maps[-1]  # their adaptive pool does nothing at this size
    assert last.receptive_field == (FIELDS[name],) * 2 and last.jump == (32, 32)


def test_a_score_sees_the_whole_image():
    with torch.device("meta"):
        rows = layers(models.tiny_net(), (1, 28, 20))
    assert all(field >= size for field, size in zip(rows[-1].receptive_field, (28, 20), strict=True))
    flat = layers(nn.Sequential(nn.Flatten(), nn.Linear(2 * 6 * 9, 5)), (2, 6, 9))
    assert flat[-1].receptive_field == (6, 9) and flat[-1].macs == 2 * 6 * 9 * 5


def test_what_has_no_answer_is_none():
    net = nn.Sequential(nn.ConvTranspose2d(3, 5, 2, stride=2), nn.ReLU())
    rows = layers(net, (3, 7, 4))
    assert [row.receptive_field for row in rows] == [None, None] and rows[0].jump is None
    assert rows[0].macs == 3 * 7 * 4 * 5 * 2 * 2  # each input meets each weight of its channel once
    uneven = layers(nn.Sequential(nn.Conv2d(3, 2, 1), nn.AdaptiveAvgPool2d(4)), (3, 7, 8))
    assert uneven[-1].receptive_field is None


def test_the_model_is_left_as_it_was():
    model = models.cifar_resnet(8)
    model.layer2.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    flags = [module.training for module in model.modules()]
    layers(model, 32)
    assert [module.training for module in model.modules()] == flags
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    for key, value in model.state_dict().items():
        assert value.device.type == "cpu"
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)
    with pytest.raises(RuntimeError):
        layers(model, (5, 32, 32))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert [module.training for module in model.modules()] == flags


def test_a_layer_that_runs_twice_counts_its_parameters_once_and_its_macs_twice():
    conv = nn.Conv2d(3, 3, 3, padding=1)
    rows = layers(nn.Sequential(conv, nn.ReLU(), conv), (3, 5, 4))
    assert [row.params for row in rows] == [84, 0, 0]
    assert [row.macs for row in rows] == [5 * 4 * 81, 0, 5 * 4 * 81]
    assert rows[-1].receptive_field == (5, 5)


class Functional(nn.Module):
    """Its arithmetic is not in layers."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(6, 2, 3, 2))
        self.out = nn.Linear(6, 4)

    def forward(self, x):
        x = F.conv2d(x, self.weight, groups=2)
        x += 1
        return self.out(x.flatten(2).transpose(1, 2)) @ torch.ones(4, 9, device=x.device)


def test_operations_outside_of_layers_are_counted_where_they_run():
    rows = layers(Functional(), (4, 8, 5))
    places = 6 * 4
    assert [(row.kind, row.macs) for row in rows] == [
        ("Linear", places * 6 * 4),
        ("Functional", places * 6 * 2 * 3 * 2 + places * 4 * 9),
    ]
    assert sum(row.params for row in rows) == count_parameters(Functional())


def test_sizes():
    net = nn.Sequential(nn.Conv2d(5, 2, 3))
    assert count_macs(net, 9) == count_macs(net, (9, 9)) == count_macs(net, (5, 9, 9)) == 7 * 7 * 2 * 45
    for bad in ((1, 5, 9, 9), (0, 9), (9.0, 9), (5, 9, -1)):
        with pytest.raises(ValueError, match="size="):
            layers(net, bad)
    with pytest.raises(ValueError, match="give \\(C, H, W\\)"):
        layers(nn.Linear(3, 2), 8)


def test_double_precision_and_meta_models_are_counted_alike():
    with torch.device("meta"):
        empty = models.cifar_resnet(8)
    assert layers(empty, 32) == layers(models.cifar_resnet(8).double(), 32)


def test_groups_add_up():
    rows = layers(models.cifar_resnet(14), (3, 32, 24))
    stages = {row.name: row for row in grouped(rows)}
    assert list(stages) == ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "avgpool", "fc"]
    assert stages["layer2"].output == (32, 16, 12) and stages["conv1"].kind == "Conv2d"
    assert sum(row.macs for row in stages.values()) == sum(row.macs for row in rows)
    assert sum(row.params for row in grouped(rows, 2)) == sum(row.params for row in rows)
