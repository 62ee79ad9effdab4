"""Every number of chapter 2 is recomputed here, without the kernels of the course.

The oracle is PyTorch or a formula written below; a claim in words is proved by a small experiment.
"""

import itertools

import numpy as np
import pytest
import torch
from recompute import Checks, field, size
from torch.nn import functional as F

from convbook.lecture_numbers import slips

IMAGE = torch.tensor([[1, 128, 100, 255], [4, 100, 80, 0], [20, 90, 70, 0], [40, 50, 60, 2]], dtype=torch.float64)[
    None, None
]
FILTERS = torch.tensor([[[[1, 2], [0, 0.5]]], [[[0, 0.1], [1, 2]]]], dtype=torch.float64)
GREEN_FILTERS = torch.tensor([[[1, 1], [1, 1.5]], [[0, 0.1], [1, 2]]], dtype=torch.float64)
POOL = torch.tensor([[21, 8, 8, 12], [12, 19, 9, 7], [8, 10, 4, 3], [18, 9, 10, 9]], dtype=torch.float64)[None]
POOL_SHIFT = torch.tensor(
    [[8, 21, 8, 8, 12], [9, 12, 19, 9, 7], [4, 8, 10, 4, 3], [10, 18, 9, 10, 9]], dtype=torch.float64
)[None]
CHECKS = Checks("conv2d")
check, corrected = CHECKS.check, CHECKS.corrected


# --- the two-filter example ------------------------------------------------------------------------------


@check("c182.image.size")
def _():
    assert size(3, 2, p=1) != 5
    return len(IMAGE[0, 0])


@check("c182.output.size")
def _():
    return size(4, 2, p=1)


@check("c182.output.formula")
def _():
    text = corrected("c182.output.formula")
    for n, k, s, p in itertools.product(range(4, 9), (1, 2, 3), (1, 2, 3), (0, 1)):
        assert eval(text, {"input_height": n, "filter_height": k, "stride": s, "pad": p}) == size(n, k, s, p)
    return text


@check("c182.filters.shape")
def _():
    assert tuple(torch.nn.Conv2d(1, 2, (2, 3)).weight.shape) == (2, 1, 2, 3)
    with pytest.raises(RuntimeError):
        F.conv2d(torch.zeros(1, 3, 4, 4), torch.zeros(2, 2, 2))  # the printed shape
    return corrected("c182.filters.shape")


@check("c182.filter0.corner")
def _():
    return F.conv2d(IMAGE, FILTERS, padding=1)[0, 0, :2, :2]


@check("c182.filter0")
def _():
    return F.conv2d(IMAGE, FILTERS, padding=1)[0, 0]


@check("c182.filter1.corner")
def _():
    assert 0 * 0 + 0.1 * 0 + 1 * 0 + 2 * 1 == 2  # the printed sum
    return F.conv2d(IMAGE, FILTERS, padding=1)[0, 1, :2, :2]


@check("c182.filter1")
def _():
    return F.conv2d(IMAGE, FILTERS, padding=1)[0, 1]


@check("c182.filter0.true_convolution")
def _():
    from scipy.signal import convolve2d

    return convolve2d(IMAGE[0, 0], FILTERS[0, 0], mode="full")[0]


@check("c182.filter0.stride2")
def _():
    return F.conv2d(IMAGE, FILTERS[:1], stride=2)[0, 0]


# --- two channels ----------------------------------------------------------------------------------------


def two_channels():
    """Corner of the output from the red image and the green corner, by sums over the printed products."""
    red = F.pad(IMAGE[0, 0, :2, :2], (1, 0, 1, 0))
    green = F.pad(torch.tensor(corrected("c182.two_channels.green"), dtype=torch.float64), (1, 0, 1, 0))
    filters = torch.stack([FILTERS[:, 0], GREEN_FILTERS], dim=1)
    return F.conv2d(torch.stack([red, green])[None], filters)[0]


@check("c182.two_channels.green")
def _():
    # The slides' green products, window by window: the last factors are the pixels.
    products = {
        (0, 0): [(1, 0), (1, 0), (1, 0), (1.5, 0)],
        (0, 1): [(1, 0), (1, 0), (1, 0), (1.5, 10)],
        (1, 0): [(1, 0), (1, 0), (1, 0), (1.5, 10)],
        (1, 1): [(1, 0), (1, 10), (1, 10), (1.5, 255)],
    }
    green = np.full((3, 3), np.nan)
    for (i, j), window in products.items():
        for (a, b), (weight, pixel) in zip(itertools.product(range(2), repeat=2), window, strict=True):
            assert weight == GREEN_FILTERS[0, a, b]
            assert np.isnan(green[i + a, j + b]) or green[i + a, j + b] == pixel, "the slides agree with each other"
            green[i + a, j + b] = pixel
    assert not green[0].any() and not green[:, 0].any(), "padding"
    return green[1:, 1:]


@check("c182.two_channels.filter0")
def _():
    return two_channels()[0]


@check("c182.two_channels.filter1")
def _():
    return two_channels()[1]


@check("c182.two_channels.label")
def _():
    output = two_channels()[None, 0]
    assert (output[0, 1, 0], output[0, 1, 1]) == (19, 709.5)  # the fourth value, under either label
    return corrected("c182.two_channels.label")


# --- formulas of the filter bank -------------------------------------------------------------------------


def bank(B=2, C_in=3, C_out=4):
    rng = np.random.default_rng(1)
    Z_in, G = rng.normal(size=(B, C_in, 6, 5)), rng.normal(size=(C_out, C_in, 3, 3))
    bias = rng.normal(size=C_out)
    Z_out = F.conv2d(*map(torch.from_numpy, (Z_in, G, bias))).numpy()
    return Z_in, G, bias, Z_out


def star(x, g):
    """Cross-correlate ``x (B, C, H, W)`` with one filter ``(C, k, k)``: ``(B, h, w)``."""
    return F.conv2d(torch.from_numpy(x), torch.from_numpy(g)[None]).numpy()[:, 0]


@check("data188.symbols")
def _():
    asymmetric, symmetric = FILTERS[:1], torch.tensor([[[[1.0, 2], [2, 1]]]], dtype=torch.float64)
    assert not torch.equal(F.conv2d(IMAGE, asymmetric), F.conv2d(IMAGE, asymmetric.flip(2, 3)))
    assert torch.equal(F.conv2d(IMAGE, symmetric), F.conv2d(IMAGE, symmetric.flip(2, 3)))
    return corrected("data188.symbols")


@check("data188.zout.index")
def _():
    Z_in, G, bias, expected = bank()
    Z_out = np.zeros_like(expected)
    for i in range(len(G)):
        Z_out[:, i] = star(Z_in, G[i])
    np.testing.assert_allclose(Z_out + bias[:, None, None], expected, rtol=1e-12)
    with pytest.raises(ValueError, match="broadcast"):  # as printed: [B, h, w] into [C_out, h, w] of image i
        Z_out[0] = star(Z_in, G[0])
    with pytest.raises(IndexError):  # and there are fewer images than filters
        Z_out[len(G) - 1]
    return corrected("data188.zout.index")


@check("data188.zout.bias")
def _():
    Z_in, G, bias, expected = bank()
    Z_out = np.stack([star(Z_in, g) for g in G], axis=1)
    for i in range(len(G)):
        Z_out[:, i] += bias[i]
    np.testing.assert_allclose(Z_out, expected, rtol=1e-12)
    with pytest.raises(ValueError, match="broadcast"):  # as printed, the vector meets the width
        Z_out + bias
    return corrected("data188.zout.bias")


@check("data188.sum.index")
def _():
    Z_in, W, bias, expected = bank()
    c_in, c_out, x = 3, 4, Z_in[0]
    z = np.stack([sum(star(x[None, [r]], W[s, [r]])[0] for r in range(c_in)) for s in range(c_out)])
    np.testing.assert_allclose(z + bias[:, None, None], expected[0], rtol=1e-12)
    with pytest.raises(IndexError):  # as printed
        [W[r, s] for s in range(c_out) for r in range(c_in)]
    return corrected("data188.sum.index")


@check("data188.output224")
def _():
    return tuple(F.conv2d(torch.zeros(1, 3, 224, 224), torch.zeros(4, 3, 3, 3)).shape[1:])


@check("data188.conv.params")
def _():
    return sum(p.numel() for p in torch.nn.Conv2d(3, 4, 3).parameters())


@check("data188.fc.weights")
def _():
    return (256 * 256) ** 2


@check("data188.conv.weights")
def _():
    return torch.nn.Conv2d(1, 1, 3).weight.numel()


@check("data188.pool.2x2")
def _():
    return F.max_pool2d(torch.tensor([[[1.0, 4], [2, 9]]]), 2).item()


def shift_error(x, w, padding_mode, stride=1, margin=0):
    """Largest difference between 'shift, then convolve' and 'convolve, then shift' (by one column)."""
    conv = torch.nn.Conv2d(1, 1, 3, stride, 1, bias=False, padding_mode=padding_mode, dtype=torch.float64)
    conv.weight.data = w
    with torch.no_grad():
        difference = conv(x.roll(1, 3)) - conv(x).roll(1, 3)
    inside = slice(margin, difference.shape[-1] - margin)
    return difference[:, :, inside, inside].abs().max().item()


@check("data188.invariance")
def _():
    generator = torch.Generator().manual_seed(0)
    x, w = (torch.randn(1, 1, n, n, generator=generator, dtype=torch.float64) for n in (12, 3))
    assert not torch.allclose(F.conv2d(x, w, padding=1), F.conv2d(x.roll(1, 3), w, padding=1)), "not invariant"
    assert shift_error(x, w, "circular") < 1e-12
    assert shift_error(x, w, "zeros") > 0.1
    assert shift_error(x, w, "zeros", margin=2) < 1e-12
    assert shift_error(x, w, "circular", stride=2) > 0.1
    return corrected("data188.invariance")


@check("data188.flatten")
def _():
    return torch.zeros(512, 7, 7).numel()


@check("data188.flatten.fc")
def _():
    return 512 * 7 * 7 * 1000 + 1000


@check("data188.gap.fc")
def _():
    return sum(p.numel() for p in torch.nn.Linear(512, 1000).parameters())


# --- Waterloo --------------------------------------------------------------------------------------------


@check("wise.channels.sum")
def _():
    return 2 + 0 + 4 + 1


@check("wise.stride2")
def _():
    return size(3, 3, s=2, p=1)


def check_formula(key, pads):
    """The corrected formula counts the positions; the printed one is not whole somewhere."""
    right, printed = corrected(key), CHECKS.numbers[key].printed
    fractions = 0
    for n, k, s, p in itertools.product(range(4, 12), (1, 2, 3), (1, 2, 3), pads):
        names = {"W_in": n, "m": k, "S": s, "P": p, "floor": lambda value: int(value // 1)}
        assert eval(right, names) == size(n, k, s, p)
        fractions += eval(printed, names) % 1 != 0
    assert fractions
    return right


@check("wise.output.formula")
def _():
    return check_formula("wise.output.formula", (0, 1, 2))


@check("wise.pool.formula")
def _():
    return check_formula("wise.pool.formula", (0,))


@check("wise.pool.max")
def _():
    return F.max_pool2d(POOL, 2)[0]


@check("wise.pool.avg")
def _():
    return F.avg_pool2d(POOL, 2)[0]


@check("wise.pool.before")
def _():
    return F.max_pool2d(POOL_SHIFT[..., :4], 2)[0]


@check("wise.pool.after")
def _():
    return F.max_pool2d(POOL_SHIFT[..., 1:], 2)[0]


@check("wise.pool.shift")
def _():
    example = F.max_pool2d(POOL_SHIFT[..., :4], 2) != F.max_pool2d(POOL_SHIFT[..., 1:], 2)
    assert example.sum() == 1 and example.numel() == 4
    assert changed_by_shift(F.max_pool2d, stripes(width=1)) == 0
    assert changed_by_shift(F.max_pool2d, stripes(width=2)) == 0.5
    assert abs(changed_by_shift(F.max_pool2d, noise()) - 2 / 3) < 0.02
    return corrected("wise.pool.shift")


def alexnet(columns):
    """Parameters of AlexNet: the paper's two columns of 48, 128, ... filters, or one column of 64, 192, ..."""
    if columns == 2:  # layers 2, 4 and 5 see only the maps on their own GPU: two groups
        conv = [(3, 96, 11, 1), (96, 256, 5, 2), (256, 384, 3, 1), (384, 384, 3, 2), (384, 256, 3, 2)]
    else:
        conv = [(3, 64, 11, 1), (64, 192, 5, 1), (192, 384, 3, 1), (384, 256, 3, 1), (256, 256, 3, 1)]
    full = [(256 * 6 * 6, 4096), (4096, 4096), (4096, 1000)]
    return sum(f * c // g * k * k + f for c, f, k, g in conv) + sum(a * b + b for a, b in full)


@check("wise.alexnet.filters")
def _():
    assert (alexnet(columns=2), alexnet(columns=1)) == (60_965_224, 61_100_840)  # 96 and 64 filters first
    return corrected("wise.alexnet.filters")


@check("wise.vgg.width")
def _():
    names = {"W_in": 1240, "H_in": 960}
    width = F.conv2d(torch.zeros(1, 1, 960, 1240), torch.zeros(1, 1, 3, 3), padding=1).shape[-1]
    assert eval(corrected("wise.vgg.width"), names) == width != eval(CHECKS.numbers["wise.vgg.width"].printed, names)
    return corrected("wise.vgg.width")


VGG = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]  # convolutions and their filters, block by block


def vgg():
    c, layers = 3, []
    for convolutions, f in VGG:
        for _ in range(convolutions):
            layers += [torch.nn.Conv2d(c, f, 3, padding=1, device="meta"), torch.nn.ReLU()]
            c = f
        layers.append(torch.nn.MaxPool2d(2))
    return torch.nn.Sequential(*layers)


VGG_HEAD = [(512 * 7 * 7, 4096), (4096, 4096), (4096, 1000)]


@check("wise.vgg.depths")
def _():
    x, channels = torch.zeros(1, 3, 64, 64, device="meta"), []
    for layer in vgg():
        x = layer(x)
        if isinstance(layer, torch.nn.MaxPool2d):
            channels.append(x.shape[1])
    return tuple(channels)


@check("wise.vgg.shrink")
def _():
    return 224 // vgg()(torch.zeros(1, 3, 224, 224, device="meta")).shape[-1]


@check("wise.vgg.1240")
def _():
    assert vgg()(torch.zeros(1, 3, 960, 1280, device="meta")).shape[2:] == (30, 40)  # what is printed
    return tuple(vgg()(torch.zeros(1, 3, 960, 1240, device="meta")).shape[:1:-1])


# --- Weizmann --------------------------------------------------------------------------------------------


@check("dl4cv.output.formula")
def _():
    text = corrected("dl4cv.output.formula")
    for n, k, s in itertools.product(range(4, 12), (1, 2, 3, 4), (1, 2, 3)):
        assert eval(text, {"N": n, "K": k, "S": s, "floor": lambda value: int(value // 1)}) == size(n, k, s)
    return text


# --- architectures and counts ----------------------------------------------------------------------------


@check("alexnet.quotient")
def _():
    return (224 - 11) / 4 + 1


@check("alexnet.map")
def _():
    assert size(224, 11, 4) == 54
    assert size(227, 11, 4) == size(224, 11, 4, p=2)
    return size(227, 11, 4)


@check("alexnet.params.paper")
def _():
    return alexnet(columns=2)


@check("alexnet.params.one_column")
def _():
    return alexnet(columns=1)


@check("lenet.sizes")
def _():
    sizes = [32]
    for k, s in [(5, 1), (2, 2), (5, 1), (2, 2)]:
        sizes.append(size(sizes[-1], k, s))
    return tuple(sizes)


@check("lenet.params")
def _():
    layers = [torch.nn.Conv2d(1, 6, 5), torch.nn.Conv2d(6, 16, 5)]
    layers += [torch.nn.Linear(16 * 5 * 5, 120), torch.nn.Linear(120, 84), torch.nn.Linear(84, 10)]
    return sum(p.numel() for layer in layers for p in layer.parameters())


def vgg_head_params():
    return sum(a * b + b for a, b in VGG_HEAD)


@check("vgg16.params")
def _():
    return sum(p.numel() for p in vgg().parameters()) + vgg_head_params()


@check("vgg16.fc_share")
def _():
    return round(100 * vgg_head_params() / corrected("vgg16.params"), 1)


def vgg_conv_macs():
    x, macs = torch.zeros(1, 3, 224, 224, device="meta"), 0
    for layer in vgg():
        x = layer(x)
        if isinstance(layer, torch.nn.Conv2d):
            macs += layer.weight.numel() * x.shape[2] * x.shape[3]
    return macs


@check("vgg16.gmacs")
def _():
    return round((vgg_conv_macs() + sum(a * b for a, b in VGG_HEAD)) / 1e9, 2)


@check("vgg16.conv_gmacs")
def _():
    return round(vgg_conv_macs() / 1e9, 3)


@check("rf.stack")
def _():
    return tuple(field([(3, 1)] * depth) for depth in range(1, 6))


VGG_LAYERS = [layer for convolutions, _ in VGG for layer in [(3, 1)] * convolutions + [(2, 2)]]


@check("rf.vgg.conv5_3")
def _():
    return field(VGG_LAYERS[:-1])


@check("rf.vgg.pool5")
def _():
    return field(VGG_LAYERS)


def resnet(blocks, kernels, strided):
    """Layers of a ResNet: ``kernels`` of a block, and which of them has the stride."""
    layers = [(7, 2), (3, 2)]
    for stage, count in enumerate(blocks):
        for block in range(count):
            stride = 2 if stage and not block else 1
            layers += [(k, stride if m == strided else 1) for m, k in enumerate(kernels)]
    return layers


BOTTLENECKS = [(3, 4, 6, 3), (3, 4, 23, 3), (3, 8, 36, 3)]


@check("rf.resnets")
def _():
    basic = [field(resnet(blocks, (3, 3), 0)) for blocks in [(2, 2, 2, 2), (3, 4, 6, 3)]]
    fields = (*basic, *(field(resnet(blocks, (1, 3, 1), 1)) for blocks in BOTTLENECKS))
    assert min(fields) > 224
    return fields


@check("rf.resnets.paper")
def _():
    return tuple(field(resnet(blocks, (1, 3, 1), 0)) for blocks in BOTTLENECKS)


@check("unfold.coverage")
def _():
    ones = torch.ones(1, 1, 5, 5)
    return F.fold(F.unfold(ones, 3), (5, 5), 3)[0, 0]


# --- what a shift does to pooling ------------------------------------------------------------------------


def noise():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (32, 1, 64, 64), generator=generator).double()


def stripes(width):
    columns = torch.arange(64) // width % 2 * 255.0
    return columns.expand(1, 1, 64, 64).double()


def changed_by_shift(pool, x):
    return (pool(x, 2) != pool(x.roll(1, 3), 2)).double().mean().item()


@check("pool.shift.max")
def _():
    # Two neighbouring windows share a column: its maximum b against a and c of the columns on either side.
    below = (np.arange(1, 257) / 256) ** 2  # P(the larger of two pixels <= value)
    exactly = np.diff(below, prepend=0)
    same = sum(exactly[b] * (below[b] ** 2 + (exactly[b + 1 :] ** 2).sum()) for b in range(256))
    assert abs(changed_by_shift(F.max_pool2d, noise()) - (1 - same)) < 0.01
    return round(100 * (1 - same), 1)


@check("pool.shift.avg")
def _():
    pixel = np.full(256, 1 / 256)
    pair = np.convolve(pixel, pixel)  # the sum of two pixels; both columns must have the same
    assert abs(changed_by_shift(F.avg_pool2d, noise()) - (1 - (pair**2).sum())) < 0.01
    return round(100 * (1 - (pair**2).sum()), 1)


@check("pool.shift.stripes")
def _():
    return 100 * changed_by_shift(F.max_pool2d, stripes(width=2))


# --- the chapter as a whole --------------------------------------------------------------------------------


def test_every_entry_has_a_check():
    assert set(CHECKS.by_key) == set(CHECKS.numbers)


@pytest.mark.parametrize("key", CHECKS.numbers)
def test_corrected(key):
    CHECKS.hold(key)


def test_the_slips_are_the_known_ones():
    assert list(slips("conv2d")) == [
        "c182.image.size",
        "c182.filters.shape",
        "c182.filter1.corner",
        "c182.two_channels.label",
        "data188.symbols",
        "data188.zout.index",
        "data188.zout.bias",
        "data188.sum.index",
        "data188.invariance",
        "wise.output.formula",
        "wise.pool.formula",
        "wise.pool.shift",
        "wise.alexnet.filters",
        "wise.vgg.width",
        "wise.vgg.1240",
    ]
