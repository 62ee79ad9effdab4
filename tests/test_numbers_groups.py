"""Every number of chapter 3 is recomputed here, without the kernels of the course.

The oracle is PyTorch or a formula written below; a claim in words is proved by a small experiment.
"""

import itertools

import pytest
import torch
from recompute import Checks, size
from torch import nn
from torch.nn import functional as F

from convbook.lecture_numbers import NUMBERS, slips

CHECKS = Checks("groups")
check, corrected = CHECKS.check, CHECKS.corrected


def count(*layers) -> int:
    """Parameters of PyTorch layers or networks."""
    return sum(parameter.numel() for layer in layers for parameter in layer.parameters())


def conv(c_in, c_out, k, **options):
    return nn.Conv2d(c_in, c_out, k, device="meta", **options)  # shapes alone


def weights(*layers) -> int:
    return sum(layer.weight.numel() for layer in layers)


def inputs_of(layer) -> list[set[int]]:
    """For each output channel, the input channels that its middle value depends on, by autograd."""
    x = torch.randn(1, layer.in_channels, 7, 7, dtype=torch.float64, requires_grad=True)
    out = layer.double()(x)
    gradients = (torch.autograd.grad(out[0, f, 3, 3], x, retain_graph=True)[0] for f in range(layer.out_channels))
    return [set(gradient[0].abs().sum((1, 2)).nonzero().flatten().tolist()) for gradient in gradients]


# --- groups ----------------------------------------------------------------------------------------------


@check("data188.conv5.weights")
def _():
    return weights(conv(512, 512, 3))


@check("data188.groups.shape")
def _():
    text = corrected("data188.groups.shape")
    for c_in, c_out, k in itertools.product((2, 6, 10), (2, 4), (1, 3)):
        shape = eval(text, {"C_in": c_in, "C_out": c_out, "k": k})
        assert shape == list(conv(c_in, c_out, k, groups=2).weight.shape)
    for c_in, c_out in ((3, 4), (4, 3)):
        with pytest.raises(ValueError, match="divisible by groups"):
            conv(c_in, c_out, 1, groups=2)
    return text


@check("data188.groups512.channels")
def _():
    layer = nn.Conv2d(512, 256, 1, groups=2)
    seen = inputs_of(layer)
    blocks = {frozenset(channels) for channels in seen}
    (width,), (filters,) = {len(block) for block in blocks}, {seen.count(set(block)) for block in blocks}
    return width, filters


@check("data188.groups512.weights")
def _():
    return weights(conv(512, 256, 3)), weights(conv(512, 256, 3, groups=2))


def example():
    return nn.Conv2d(64, 32, 3, padding=1, groups=4)


@check("data188.groups64.shape")
def _():
    return tuple(example().weight.shape)


@check("data188.groups64.output")
def _():
    return tuple(example()(torch.zeros(1, 64, 7, 7)).shape[1:])


@check("data188.groups64.slices")
def _():
    seen = inputs_of(example())
    assert all(channels == set(range(min(channels), max(channels) + 1)) for channels in seen)
    return tuple((min(channels), max(channels) + 1) for channels in seen[::8])


@check("data188.groups64.first")
def _():
    seen = inputs_of(example())
    return tuple(f for f in range(32) if f == 0 or seen[f] != seen[f - 1])


@check("data188.groups64.weights")
def _():
    return weights(conv(64, 32, 3)), weights(example())


@check("data188.groups64.params")
def _():
    return count(example())


@check("data188.groups64.symbol")
def _():
    z_in, g = torch.randn(2, 64, 7, 7, dtype=torch.float64), torch.randn(32, 16, 3, 3, dtype=torch.float64)
    out = F.conv2d(z_in, g, padding=1, groups=4)[:, 1]
    correlated = F.conv2d(z_in[:, 0:16], g[1:2], padding=1)[:, 0]
    convolved = F.conv2d(z_in[:, 0:16], g[1:2].flip(2, 3), padding=1)[:, 0]
    torch.testing.assert_close(out, correlated)
    assert (out - convolved).abs().max() > 1
    return corrected("data188.groups64.symbol")


def alexnet(groups):
    """Parameters of AlexNet: the second, fourth and fifth convolution see one GPU's channels only."""
    convolutions = [
        conv(3, 96, 11),
        conv(96, 256, 5, groups=groups),
        conv(256, 384, 3),
        conv(384, 384, 3, groups=groups),
        conv(384, 256, 3, groups=groups),
    ]
    full = [nn.Linear(n, m, device="meta") for n, m in ((256 * 6 * 6, 4096), (4096, 4096), (4096, 1000))]
    return convolutions, count(*convolutions, *full)


@check("alexnet.groups.filters")
def _():
    return tuple(layer.out_channels // 2 for layer in alexnet(2)[0])


@check("alexnet.groups.params")
def _():
    assert alexnet(2)[1] == NUMBERS["alexnet.params.paper"].corrected
    return alexnet(2)[1], alexnet(1)[1]


# --- depthwise, separable, 1x1 ---------------------------------------------------------------------------


@check("separable.ratio")
def _():
    def ratio(c_in, c_out):
        parts = weights(conv(c_in, c_in, 3, groups=c_in), conv(c_in, c_out, 1))
        return parts / weights(conv(c_in, c_out, 3))

    for c_out in (64, 256, 1024):
        assert abs(ratio(32, c_out) - ratio(128, c_out)) < 1e-12, "the inputs do not matter"
        assert abs(ratio(32, c_out) - (1 / c_out + 1 / 9)) < 1e-12
    return tuple(round(ratio(64, c_out), 4) for c_out in (64, 256, 1024))


# Howard et al. 2017, table 1: channels after each separable layer; the first layer is a dense 3x3 to 32 channels.
MOBILENET = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]


def mobilenet():
    def norm(c):
        return nn.BatchNorm2d(c, device="meta")

    layers, pointwise, c = [conv(3, 32, 3, bias=False), norm(32)], [], 32
    for c_out in MOBILENET:
        pointwise.append(conv(c, c_out, 1, bias=False))
        layers += [conv(c, c, 3, groups=c, bias=False), norm(c), pointwise[-1], norm(c_out)]
        c = c_out
    return [*layers, nn.Linear(c, 1000, device="meta")], pointwise


@check("wise.mobilenet")
def _():
    layers, pointwise = mobilenet()
    assert all(layer.out_channels >= layer.in_channels for layer in pointwise), "no bottleneck"
    wide = [layer for layer in layers if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)][1:]
    assert all(layer.groups == layer.in_channels == layer.out_channels for layer in wide)
    return corrected("wise.mobilenet")


@check("mobilenet.params")
def _():
    return count(*mobilenet()[0])


@check("c182.rpn.channels")
def _():
    return tuple(conv(256, each * 9, 1).out_channels for each in (2, 4))


# --- squeeze and bottleneck ------------------------------------------------------------------------------

# Iandola et al. 2016, table 1: squeeze filters and expand filters of each kind.
FIRES = [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]


def fire(c_in, squeeze, expand):
    return conv(c_in, squeeze, 1), conv(squeeze, expand, 1), conv(squeeze, expand, 3)


@check("wise.squeezenet")
def _():
    c = 96
    for squeeze, expand in FIRES:
        narrow, small, large = fire(c, squeeze, expand)
        assert narrow.kernel_size == small.kernel_size == (1, 1) and large.out_channels == small.out_channels
        assert weights(large) > weights(narrow) + weights(small)
        c = 2 * expand
    return corrected("wise.squeezenet")


@check("squeezenet.fire2")
def _():
    return count(*fire(96, *FIRES[0])), count(conv(96, 128, 3))


def squeezenet():
    layers, c = [conv(3, 96, 7)], 96
    for squeeze, expand in FIRES:
        layers += fire(c, squeeze, expand)
        c = 2 * expand
    return count(*layers, conv(c, 1000, 1))


@check("squeezenet.params")
def _():
    return squeezenet()


@check("squeezenet.ratio")
def _():
    return round(alexnet(2)[1] / squeezenet(), 1)


def bottleneck():
    return conv(256, 64, 1), conv(64, 64, 3), conv(64, 256, 1)


@check("data188.bottleneck.weights")
def _():
    return tuple(map(weights, bottleneck()))


@check("data188.bottleneck.total")
def _():
    return weights(*bottleneck()), 2 * weights(conv(256, 256, 3)), 2 * weights(conv(64, 64, 3))


@check("data188.bottleneck.ratio")
def _():
    return round(2 * weights(conv(256, 256, 3)) / weights(*bottleneck()), 1)


# --- dilation --------------------------------------------------------------------------------------------


def reached(dilations, k=3):
    """How many paths lead from each input of a line to one output of a stack, by autograd."""
    x = torch.zeros(1, 1, 1 + sum(d * (k - 1) for d in dilations), dtype=torch.float64, requires_grad=True)
    out = x
    for d in dilations:
        out = F.conv1d(out, torch.ones(1, 1, k, dtype=torch.float64), dilation=d)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    return gradient[0, 0]


@check("data188.dilation.name")
def _():
    """The extent is d (k - 1) + 1, and a larger kernel without dilation has the same."""
    for k, d in itertools.product((2, 3, 4), (1, 2, 3)):
        gradient = reached([d], k)
        assert len(gradient) == d * (k - 1) + 1
        assert gradient.nonzero().flatten().diff().tolist() == [d] * (k - 1)
    assert len(reached([3], 3)) == len(reached([1], 7)) == 7
    return corrected("data188.dilation.name")


@check("data188.dilation.padding")
def _():
    text = corrected("data188.dilation.padding")
    for k, d in itertools.product((1, 3, 5, 7), (1, 2, 3, 4)):
        padding = eval(text, {"k": k, "d": d})
        out = F.conv2d(torch.zeros(1, 1, 30, 31), torch.zeros(1, 1, k, k), padding=int(padding), dilation=d)
        assert padding == int(padding) and out.shape[2:] == (30, 31)
    return text


@check("dilation.extent")
def _():
    return tuple(len(reached([d])) for d in (1, 2, 4, 8))


@check("dilation.padding")
def _():
    fits = [[p for p in range(12) if size(40, 3, 1, p, d) == 40] for d in (1, 2, 4, 8)]
    return tuple(p for (p,) in fits)


@check("dilation.field")
def _():
    for depth in range(1, 5):
        assert reached([1, 2, 4, 8][:depth]).min() > 0, "no holes"
    return tuple(len(reached([1, 2, 4, 8][:depth])) for depth in range(1, 5))


@check("dilation.gridding")
def _():
    image = torch.zeros(1, 1, 13, 13, dtype=torch.float64, requires_grad=True)
    out = image
    for _ in range(3):
        out = F.conv2d(out, torch.ones(1, 1, 3, 3, dtype=torch.float64), dilation=2)
    (gradient,) = torch.autograd.grad(out.sum(), image)
    assert out.shape == (1, 1, 1, 1)
    return gradient.numel(), gradient.count_nonzero().item()


# --- transposed convolution ------------------------------------------------------------------------------


@check("dl4cv.transposed.size")
def _():
    return F.conv_transpose1d(torch.zeros(1, 1, 3), torch.zeros(1, 1, 3), stride=2).shape[2]


@check("transposed.coverage")
def _():
    return F.conv_transpose1d(torch.ones(1, 1, 3), torch.ones(1, 1, 3), stride=2)[0, 0]


# --- the chapter as a whole --------------------------------------------------------------------------------


def test_every_entry_has_a_check():
    assert set(CHECKS.by_key) == set(CHECKS.numbers)


@pytest.mark.parametrize("key", CHECKS.numbers)
def test_corrected(key):
    CHECKS.hold(key)


def test_the_slips_are_the_known_ones():
    assert list(slips("groups")) == [
        "data188.groups64.symbol",
        "wise.mobilenet",
        "wise.squeezenet",
        "data188.dilation.name",
    ]
