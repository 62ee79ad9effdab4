"""Sizes and counts against PyTorch, one channel against SciPy, and what wrong arguments get."""

import numpy as np
import pytest
import scipy.ndimage
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from convbook import kernels as K

PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def layers(draw):
    """x, w, b and options of a layer that fits; non-square, C_in, C_out and N apart."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    groups = draw(st.integers(1, 3))
    n, depth, per_group = draw(st.permutations([1, 2, 3]))
    height, width = draw(st.integers(3, 9)), draw(st.integers(3, 9))
    kh, kw = draw(PAIR)
    options = {
        "stride": draw(PAIR),
        "padding": draw(st.tuples(st.integers(0, 2), st.integers(0, 2))),
        "dilation": draw(PAIR),
        "groups": groups,
    }
    ph, pw = options["padding"]
    assume((kh - 1) * options["dilation"][0] < height + 2 * ph and (kw - 1) * options["dilation"][1] < width + 2 * pw)
    x = rng.normal(size=(n, groups * depth, height, width))
    w = rng.normal(size=(groups * per_group, depth, kh, kw))
    return x, w, rng.normal(size=groups * per_group), options


def as_torch(*arrays):
    return [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_one_channel_is_scipys_correlate(seed, kh, kw):
    rng = np.random.default_rng(seed)
    image, kernel = rng.normal(size=(7, 9)), rng.normal(size=(2 * kh - 1, 2 * kw - 1))
    assume(2 * kh - 1 <= 7)
    for mode, theirs in {"zeros": "constant", "replicate": "nearest", "reflect": "mirror", "circular": "wrap"}.items():
        got = K.conv2d(image[None, None], kernel[None, None], padding=(kh - 1, kw - 1), padding_mode=mode)[0, 0]
        np.testing.assert_allclose(got, scipy.ndimage.correlate(image, kernel, mode=theirs), rtol=1e-12, atol=1e-12)


def test_mean_padding_adds_nothing_to_a_flat_image():
    flat = np.full((1, 2, 4, 5), 7.0)
    np.testing.assert_allclose(K.pad2d(flat, 2, "mean"), 7.0)
    steps = np.stack([np.zeros((3, 3)), np.ones((3, 3))])[None]
    np.testing.assert_allclose(K.pad2d(steps, 1, "mean")[0, :, 0, 0], [0, 1])


@pytest.mark.parametrize(
    "given_dtype, dtype", [(np.float32, np.float32), (np.float64, np.float64), (np.uint8, np.float64)]
)
def test_dtypes(given_dtype, dtype):
    x = np.arange(24).reshape(1, 2, 3, 4).astype(given_dtype)
    w = np.ones((3, 2, 2, 2), given_dtype)
    for result in (K.conv2d(x, w), K.conv2d_naive(x, w), K.max_pool2d(x, 2), K.avg_pool2d(x, 2), K.global_avg_pool(x)):
        assert result.dtype == dtype


X, W = np.zeros((2, 4, 5, 6)), np.zeros((6, 4, 3, 2))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: K.conv2d(X[0], W), r"x must have shape \(N, C, H, W\), 4 axes, got shape \(4, 5, 6\)"),
        (lambda: K.conv2d(X, W[0]), r"w must have shape .* got shape \(4, 3, 2\)"),
        (lambda: K.conv2d(X, W, groups=4), "groups=4 does not divide the 6 filters"),
        (lambda: K.conv2d(X, W, groups=3), "groups=3 does not divide the 4 input channels"),
        (lambda: K.conv2d(X, W, groups=2), r"filters of depth 4, .* needs depth 4/2 = 2"),
        (lambda: K.conv2d(X, W, groups=0), "groups must be an integer of at least 1, got 0"),
        (lambda: K.conv2d(X, W, b=np.zeros(4)), r"b must have shape \(6,\), one value a filter, got shape \(4,\)"),
        (lambda: K.conv2d(X, W, stride=0), "stride must be an integer of at least 1, got 0"),
        (lambda: K.conv2d(X, W, stride=1.5), "stride must be an integer of at least 1, got 1.5"),
        (lambda: K.conv2d(X, W, stride=(1, 2, 3)), r"stride must be an integer or a pair of integers, got \(1, 2, 3\)"),
        (lambda: K.conv2d(X, W, padding=-1), "padding must be an integer of at least 0, got -1"),
        (
            lambda: K.conv2d(X, W, dilation=3),
            "kernel of size 3 with dilation 3 covers 7 pixels, more than the padded .* 5",
        ),
        (lambda: K.conv2d(X, W, padding="full"), "padding must be .* got 'full'"),
        (lambda: K.conv2d(X, W, padding="same"), "kernel_size 2 with dilation 1 needs 1 padding pixels in all"),
        (lambda: K.conv2d(X, W, padding="same", stride=2), r"padding='same' needs stride 1, got stride \(2, 2\)"),
        (lambda: K.conv2d(X, W, padding_mode="grey"), "padding mode must be one of .* got 'grey'"),
        (lambda: K.conv2d(X, W, padding=5, padding_mode="reflect"), r"reflect padding of \(5, 5\) is more than a 5x6"),
        (lambda: K.conv2d(X + 1j, W), "x must hold real numbers, got dtype complex128"),
        (lambda: K.max_pool2d(X, 2, padding=2), r"padding \(2, 2\) must be at most half of the kernel_size \(2, 2\)"),
        (lambda: K.max_pool2d(X, 9), "kernel of size 9 with dilation 1 covers 9 pixels"),
        (lambda: K.conv_params(6, 4, 3, groups=4), "groups=4 does not divide the 6 input channels"),
        (lambda: K.receptive_field([(3,)]), r"a layer is .* got \(3,\)"),
        (lambda: K.receptive_field([(0, 1)]), "kernel_size must be an integer of at least 1, got 0"),
    ],
)
def test_errors_name_the_offending_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_same_and_valid():
    x, w = np.random.default_rng(1).normal(size=(2, 3, 5, 8)), np.random.default_rng(2).normal(size=(4, 3, 3, 5))
    np.testing.assert_allclose(K.conv2d(x, w, padding="same"), K.conv2d(x, w, padding=(1, 2)))
    np.testing.assert_allclose(K.conv2d(x, w, padding="valid"), K.conv2d(x, w))


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_receptive_field_is_what_a_gradient_reaches(layers):
    size = K.receptive_field(layers)
    assume(size < 400)
    x = torch.ones(1, 1, size + 3, requires_grad=True, dtype=torch.float64)
    h = x
    for k, s, d in layers:
        h = functional.conv1d(h, torch.ones(1, 1, k, dtype=torch.float64), stride=s, dilation=d)
    h[0, 0, 0].backward()
    reached = torch.nonzero(x.grad[0, 0]).flatten()
    assert int(reached.max() - reached.min()) + 1 == size


@given(layers())
@settings(max_examples=50, deadline=None)
def test_counts_are_pytorchs(layer):
    x, w, b, options = layer
    module = torch.nn.Conv2d(x.shape[1], len(w), w.shape[2:], groups=options["groups"])
    assert K.conv_params(x.shape[1], len(w), w.shape[2:], options["groups"]) == sum(
        p.numel() for p in module.parameters()
    )
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        out = functional.conv2d(*as_torch(x, w), **options)
    macs = K.conv_macs(x.shape[1], len(w), w.shape[2:], out.shape[2:], options["groups"])
    assert 2 * macs * len(x) == counter.get_total_flops()
