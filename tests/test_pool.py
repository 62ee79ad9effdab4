"""Pooling and fold against PyTorch in float64, against their own loops, and by their properties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from convbook import kernels as K

MANY = settings(max_examples=60, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
SIDES = st.integers(1, 9)


def values(seed, shape, dtype=np.float64):
    """Few different numbers, none of them positive in a third of the cases: ties, and maxima below zero."""
    rng = np.random.default_rng(seed)
    return (rng.integers(-2, 3, shape) - 3 * (seed % 3 == 0)).astype(dtype)


def normal(seed, shape):
    return np.random.default_rng(seed + 1).standard_normal(shape)


def gradient(function, x, dout):
    """What PyTorch says is the gradient of ``function`` at ``x``."""
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    function(x).backward(torch.tensor(dout))
    return x.grad.numpy()


@st.composite
def poolings(draw):
    """Shapes and arguments that fit: non-square, with windows that overlap, leave gaps or do not reach the end."""
    kernel = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    stride = draw(st.none() | st.tuples(st.integers(1, 4), st.integers(1, 4)))
    size = tuple(k + draw(st.integers(0, 6)) for k in kernel)
    return (draw(st.integers(1, 3)), draw(st.integers(1, 3)), *size), kernel, stride, padding


@MANY
@given(poolings(), SEEDS)
def test_max_pool(case, seed):
    shape, *arguments = case
    x = values(seed, shape)
    kept = x.copy()
    out = K.max_pool2d(x, *arguments)
    np.testing.assert_array_equal(out, F.max_pool2d(torch.tensor(x), *arguments))
    np.testing.assert_array_equal(out, K.max_pool2d_naive(x, *arguments))
    dout = normal(seed, out.shape)
    dx = K.max_pool2d_backward(dout, x, *arguments)
    np.testing.assert_allclose(dx, gradient(lambda t: F.max_pool2d(t, *arguments), x, dout), atol=1e-12)
    np.testing.assert_allclose(dx, K.max_pool2d_backward_naive(dout, x, *arguments), atol=1e-12)
    np.testing.assert_array_equal(x, kept)
    assert abs(dx.sum() - dout.sum()) < 1e-9  # every gradient arrives somewhere, once


def test_the_first_of_equal_maxima_takes_all():
    dx = K.max_pool2d_backward([[[[1]]]], [[[[5, 5], [1, 5]]]], 2)
    np.testing.assert_array_equal(dx.ravel(), [1, 0, 0, 0])


def test_padding_never_wins():
    dout = np.ones((1, 1, 2, 2))
    x = np.full((1, 1, 2, 2), -np.inf)
    for backward in (K.max_pool2d_backward, K.max_pool2d_backward_naive):
        np.testing.assert_array_equal(backward(dout, x, 2, 2, 1), dout)
    assert K.max_pool2d(np.full((1, 1, 2, 2), -7), 2, 2, 1).max() < -6


def test_pixels_that_no_window_reaches_get_nothing():
    for backward in (K.max_pool2d_backward, K.avg_pool2d_backward):
        dx = backward(np.ones((1, 1, 1, 1)), np.ones((1, 1, 3, 3)), 2, 2)
        assert not dx[0, 0, 2].any() and not dx[0, 0, :, 2].any()


@st.composite
def foldings(draw):
    """Shape of the images, and kernel, stride, padding, dilation as pairs that fit."""
    kernel, stride, padding, dilation, size = [], [], [], [], []
    for _ in range(2):
        kernel.append(draw(st.integers(1, 3)))
        stride.append(draw(st.integers(1, 3)))
        padding.append(draw(st.integers(0, 2)))
        dilation.append(draw(st.integers(1, 3)))
        extent = dilation[-1] * (kernel[-1] - 1) + 1
        size.append(max(1, extent - 2 * padding[-1]) + draw(st.integers(0, 5)))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 3)), *size)
    return shape, tuple(kernel), tuple(stride), tuple(padding), tuple(dilation)


def test_coverage():
    covered = K.fold(K.unfold(np.ones((1, 1, 5, 5)), 3), 5, 3)[0, 0]
    np.testing.assert_array_equal(covered[:3], [[1, 2, 3, 2, 1], [2, 4, 6, 4, 2], [3, 6, 9, 6, 3]])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: K.max_pool2d(np.ones((2, 2)), 2), r"x must have shape \(N, C, H, W\), 4 axes, got shape \(2, 2\)"),
        (lambda: K.max_pool2d(np.ones((1, 1, 4, 4)), 2, padding=2), r"padding \(2, 2\) must be at most half"),
        (lambda: K.avg_pool2d(np.ones((1, 1, 2, 2)), 3), "kernel of size 3 .* more than the padded input's 2"),
        (
            lambda: K.max_pool2d_backward(np.ones((1, 1, 3, 3)), np.ones((1, 1, 4, 4)), 2),
            r"dout must have the shape of the output, \(1, 1, 2, 2\), got shape \(1, 1, 3, 3\)",
        ),
        (lambda: K.global_avg_pool_backward(np.ones(3), np.ones((1, 3, 2, 2))), r"the output, \(1, 3\), got"),
        (lambda: K.adaptive_avg_pool2d(np.ones((1, 1, 2, 2)), 0), "output_size must be an integer of at least 1"),
        (lambda: K.adaptive_avg_pool2d_backward(np.ones((1, 2, 1, 1)), np.ones((1, 3, 2, 2))), r"\(1, 3, 1, 1\)"),
        (lambda: K.cross_channel_max_pool(np.ones((1, 4, 1, 1)), 3), "groups=3 does not divide the 4 channels"),
        (lambda: K.fold(np.ones((1, 5, 9)), 4, 2), r"cols of shape \(1, 5, 9\) must have a multiple of kh kw = 2\*2"),
        (lambda: K.fold(np.ones((1, 4, 8)), 4, 2), "8 columns, but a 4x4 image has 3x3 = 9 windows"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
