"""conv2d, conv_transpose2d and their gradients: loops, fast methods and PyTorch in float64 agree."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from convbook.kernels import (
    conv2d,
    conv2d_backward,
    conv2d_backward_naive,
    conv_transpose2d,
    conv_transpose2d_backward,
    conv_transpose2d_naive,
    dilate,
    flip,
    pad2d,
    pad2d_backward,
)
from convbook.kernels.gradients import band_filters, column_filters, depthwise_filters, pointwise_filters
from convbook.kernels.methods import bands, columns, depthwise, method_for, pointwise
from convbook.kernels.winograd import winograd, winograd_filters

MODES = ["zeros", "reflect", "replicate", "circular", "mean"]
TORCH_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}


def pairs(least, most):
    """An int, or a pair of ints."""
    one = st.integers(least, most)
    return one | st.tuples(one, one)


def both(value) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def normal(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


@st.composite
def convolutions(draw, largest=9, channels=4, modes=("zeros",)):
    """``x, w, b, options`` that fit each other, C_in and C_out drawn apart, images seldom square."""
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    depth, each = draw(st.integers(1, channels)), draw(st.integers(1, channels))
    N, H, W = draw(st.integers(1, 3)), draw(st.integers(1, largest)), draw(st.integers(1, largest))
    kh, kw = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    options = {"stride": draw(pairs(1, 3)), "dilation": draw(pairs(1, 3)), "groups": groups}
    options["padding"] = draw(pairs(0, 4))
    if "mean" in modes:
        options["padding_mode"] = draw(st.sampled_from(modes))
    (dh, dw), (ph, pw) = both(options["dilation"]), both(options["padding"])
    assume(dh * (kh - 1) + 1 <= H + 2 * ph and dw * (kw - 1) + 1 <= W + 2 * pw)
    if options.get("padding_mode") == "reflect":
        assume(ph < H and pw < W)
    if options.get("padding_mode") == "circular":
        assume(ph <= H and pw <= W)
    shapes = (N, groups * depth, H, W), (groups * each, depth, kh, kw), (groups * each,)
    return *normal(draw(st.integers(0, 99)), *shapes), options


def with_torch(x, w, b, options):
    """Output, a random dout, and dx, dw, db of PyTorch in float64; for the mean its padding is written out."""
    options = dict(options)
    mode, (ph, pw) = options.pop("padding_mode", "zeros"), both(options.pop("padding"))
    tensors = [torch.from_numpy(array).requires_grad_() for array in (x, w, b)]
    if mode == "mean":
        inside = torch.nn.functional.pad(torch.ones_like(tensors[0]), (pw, pw, ph, ph))
        mean = tensors[0].mean(dim=(2, 3), keepdim=True)
        padded = torch.nn.functional.pad(tensors[0], (pw, pw, ph, ph)) + (1 - inside) * mean
    else:
        padded = torch.nn.functional.pad(tensors[0], (pw, pw, ph, ph), mode=TORCH_MODES[mode])
    out = torch.nn.functional.conv2d(padded, *tensors[1:], **options)
    dout = torch.from_numpy(np.random.default_rng(7).standard_normal(tuple(out.shape)))
    grads = torch.autograd.grad(out, tensors, dout)
    return out.detach().numpy(), dout.numpy(), [grad.numpy() for grad in grads]


@settings(deadline=None, max_examples=80)
@given(convolutions(modes=MODES))
def test_conv2d_loops_fast_and_torch(case):
    x, w, b, options = case
    expected, dout, grads = with_torch(x, w, b, options)
    np.testing.assert_allclose(conv2d(x, w, b, **options), expected, **TOLERANCE)
    for ours, theirs in zip(conv2d_backward(dout, x, w, **options), grads, strict=True):
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)


@settings(deadline=None, max_examples=60)
@given(convolutions(), st.data())
def test_conv_transpose2d_loops_fast_and_torch(case, data):
    x, w, _, options = case
    stride, dilation, groups = both(options["stride"]), both(options["dilation"]), options["groups"]
    C, each, kh, kw = x.shape[1], data.draw(st.integers(1, 3)), *w.shape[2:]
    options["output_padding"] = tuple(data.draw(st.integers(0, max(stride[k], dilation[k]) - 1)) for k in (0, 1))
    x, w, b = normal(data.draw(st.integers(0, 99)), x.shape, (C, each, kh, kw), (groups * each,))
    tensors = [torch.from_numpy(array).requires_grad_() for array in (x, w, b)]
    try:
        expected = torch.nn.functional.conv_transpose2d(*tensors, **options)
    except RuntimeError:  # no pixel left
        with pytest.raises(ValueError, match="must be at least 1"):
            conv_transpose2d(x, w, b, **options)
        return
    for function in (conv_transpose2d, conv_transpose2d_naive):
        np.testing.assert_allclose(function(x, w, b, **options), expected.detach().numpy(), **TOLERANCE)
    (dout,) = normal(5, expected.shape)
    grads = torch.autograd.grad(expected, tensors, torch.from_numpy(dout))
    for ours, theirs in zip(conv_transpose2d_backward(dout, x, w, **options), grads, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), **TOLERANCE)


@pytest.mark.parametrize(("stride", "extra"), [(1, 0), (1, 1), (2, 1), ((1, 2), 1)])
def test_conv_transpose2d_of_many_channels(stride, extra):
    """Enough of them for Winograd both ways; output padding at stride 1 exists only with dilation."""
    options = {"stride": stride, "padding": (1, 2), "output_padding": extra, "dilation": 2}
    x, w, b = normal(8, (2, 42, 19, 17), (42, 44, 3, 3), (44,))
    tensors = [torch.from_numpy(array).requires_grad_() for array in (x, w, b)]
    expected = torch.nn.functional.conv_transpose2d(*tensors, **options)
    np.testing.assert_allclose(conv_transpose2d(x, w, b, **options), expected.detach().numpy(), rtol=1e-8, atol=1e-8)
    (dout,) = normal(5, expected.shape)
    grads = torch.autograd.grad(expected, tensors, torch.from_numpy(dout))
    for ours, theirs in zip(conv_transpose2d_backward(dout, x, w, **options), grads, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-8, atol=1e-8)


# Every method forced on random shapes that it is for, whatever method_for would choose.
FORCED = {
    pointwise: (pointwise_filters, {"k": (1, 1), "s": (1, 1), "p": (0, 0)}),
    depthwise: (depthwise_filters, {}),
    bands: (band_filters, {"dh": 1}),
    columns: (column_filters, {}),
    winograd: (winograd_filters, {"k": (3, 3), "s": (1, 1)}),
}


@pytest.mark.parametrize("method", FORCED, ids=lambda method: method.__name__)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_each_method(method, data):
    adjoint, fixed = FORCED[method]
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride, dilation = fixed.get("k") or data.draw(pair), fixed.get("s") or data.draw(pair), data.draw(pair)
    dilation = fixed.get("dh", dilation[0]), dilation[1]
    padding = fixed.get("p") or data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    N, C, F, H, W = (data.draw(st.integers(1, most)) for most in (5, 6, 6, 21, 21))
    assume(dilation[0] * (kernel[0] - 1) < H + 2 * padding[0] and dilation[1] * (kernel[1] - 1) < W + 2 * padding[1])
    depth, F, groups = (1, C, C) if method is depthwise else (C, F, 1)
    x, w, b = normal(data.draw(st.integers(0, 99)), (N, C, H, W), (F, depth, *kernel), (F,))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    expected, dout, (_, dw, _) = with_torch(x, w, b, options)
    out = np.full(expected.shape, np.nan)
    method(x, w, out, stride, padding, dilation)
    np.testing.assert_allclose(out + b[:, None, None], expected, **TOLERANCE)
    ours = adjoint(dout, x, kernel, stride, padding, dilation)
    np.testing.assert_allclose(ours.reshape(dw.shape), dw, **TOLERANCE)


@pytest.mark.parametrize(
    ("method", "stated", "stated_dw"),
    [
        (pointwise, 4e-6, 2e-6),
        (depthwise, 1e-6, 1e-6),
        (bands, 4e-6, 2e-6),
        (columns, 5e-6, 5e-6),
        (winograd, 1e-5, 1e-5),
    ],
)
def test_errors_stated_for_float32(method, stated, stated_dw):
    """On one layer of 64 channels, in standard deviations, as the docstrings say."""
    k, p = (1, 0) if method is pointwise else (3, 1)
    groups = 64 if method is depthwise else 1
    x, w, b = normal(9, (2, 64, 40, 44), (64, 64 // groups, k, k), (64,))
    x, w = (array.astype(np.float32) for array in (x, w / np.sqrt(k * k * 64 / groups)))
    options = {"padding": p, "groups": groups}
    exact, dout, (_, dw, _) = with_torch(x.astype(float), w.astype(float), 0 * b, options)
    out = np.empty(exact.shape, np.float32)
    method(x, w, out, (1, 1), (p, p), (1, 1))
    assert np.abs(out - exact).max() < stated * exact.std()
    ours = FORCED[method][0](dout.astype(np.float32), x, (k, k), (1, 1), (p, p), (1, 1))
    assert ours.dtype == np.float32
    assert np.abs(ours.reshape(dw.shape) - dw).max() < stated_dw * dw.std()


# Shapes large enough for blocks: of images, of tile rows, of filters; and for each choice.
LARGE = [
    ((3, 40, 40, 37), (46, 40, 3, 3), {"padding": 1}, winograd),
    ((1, 48, 59, 61), (40, 48, 3, 3), {"padding": (0, 2)}, winograd),
    ((2, 42, 30, 33), (41, 42, 3, 3), {"padding": (3, 2), "dilation": (3, 2)}, winograd),
    ((8, 144, 9, 7), (300, 144, 3, 3), {"padding": 1}, winograd),
    ((1, 144, 48, 50), (190, 144, 3, 3), {"padding": 1}, winograd),
    ((3, 4, 50, 47), (6, 4, 5, 3), {"stride": (2, 1), "padding": 2}, bands),
    ((2, 3, 99, 101), (64, 3, 7, 7), {"stride": 2, "padding": 3}, bands),
    ((7, 160, 13, 12), (100, 160, 3, 5), {"padding": (1, 2)}, columns),
    ((2, 40, 31, 33), (20, 40, 3, 3), {"stride": (2, 3), "padding": 1, "dilation": (2, 1)}, columns),
    ((3, 17, 6, 5), (33, 17, 1, 1), {}, pointwise),
    ((2, 17, 6, 5), (33, 17, 1, 1), {"stride": 2}, columns),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "options", "method"), LARGE)
def test_chosen_method_on_large_shapes(x_shape, w_shape, options, method):
    x, w, b = normal(3, x_shape, w_shape, w_shape[:1])
    options = {"padding": 0} | options
    expected, dout, grads = with_torch(x, w, b, options)
    stride, padding, dilation = (both(options.get(key, 1)) for key in ("stride", "padding", "dilation"))
    assert method_for(x_shape, w_shape, expected.shape[2:], stride, padding, dilation) is method
    np.testing.assert_allclose(conv2d(x, w, b, **options), expected, rtol=1e-8, atol=1e-8)
    for ours, theirs in zip(conv2d_backward(dout, x, w, **options), grads, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("stride", [1, 2])
def test_several_filters_a_channel(stride):
    x, w, b = normal(0, (2, 5, 9, 8), (15, 1, 3, 2), (15,))
    options = {"groups": 5, "stride": stride, "padding": 1, "dilation": (2, 1)}
    expected, dout, grads = with_torch(x, w, b, options)
    np.testing.assert_allclose(conv2d(x, w, b, **options), expected, **TOLERANCE)
    for ours, theirs in zip(conv2d_backward(dout, x, w, **options), grads, strict=True):
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)


@settings(deadline=None, max_examples=40)
@given(convolutions(), st.integers(0, 99))
def test_transposed_is_the_adjoint(case, seed):
    """<conv x, v> = <x, convT v>, with the output padding that restores the size of x."""
    x, w, _, options = case
    out = conv2d(x, w, **options)
    (v,) = normal(seed, out.shape)
    stride, padding, dilation = (both(options[key]) for key in ("stride", "padding", "dilation"))
    lost = tuple((x.shape[2 + k] + 2 * padding[k] - dilation[k] * (w.shape[2 + k] - 1) - 1) % stride[k] for k in (0, 1))
    back = conv_transpose2d(v, w, output_padding=lost, **options)
    assert back.shape == x.shape
    np.testing.assert_allclose((out * v).sum(), (x * back).sum(), **TOLERANCE)
    np.testing.assert_allclose(back, conv2d_backward(v, x, w, **options)[0], **TOLERANCE)


@settings(deadline=None, max_examples=25)
@given(convolutions(modes=MODES), st.floats(-3, 3))
def test_linear_in_x_and_in_w(case, factor):
    x, w, _, options = case
    y, v = normal(11, x.shape, w.shape)
    sum_x = conv2d(x, w, **options) + factor * conv2d(y, w, **options)
    np.testing.assert_allclose(conv2d(x + factor * y, w, **options), sum_x, **TOLERANCE)
    sum_w = conv2d(x, w, **options) + factor * conv2d(x, v, **options)
    np.testing.assert_allclose(conv2d(x, w + factor * v, **options), sum_w, **TOLERANCE)


def differences(f, array, step=1e-6):
    """Central differences of ``f()`` in every element of ``array``, which is restored."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        old = array[index]
        array[index] = old + step
        above = f()
        array[index] = old - step
        gradient[index] = (above - f()) / (2 * step)
        array[index] = old
    return gradient


@pytest.mark.parametrize("mode", MODES)
def test_conv2d_backward_against_differences(mode):
    x, w, b = normal(2, (2, 2, 4, 5), (4, 1, 2, 3), (4,))
    options = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2, "padding_mode": mode}
    (dout,) = normal(3, conv2d(x, w, b, **options).shape)
    grads = conv2d_backward(dout, x, w, **options)
    for array, gradient in zip((x, w, b), grads, strict=True):
        numeric = differences(lambda: (conv2d(x, w, b, **options) * dout).sum(), array)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6)


def test_conv_transpose2d_backward_against_differences():
    x, w, b = normal(2, (2, 2, 3, 4), (2, 3, 2, 3), (3,))
    options = {"stride": (2, 3), "padding": (0, 1), "output_padding": (1, 0), "dilation": (1, 2)}
    (dout,) = normal(3, conv_transpose2d(x, w, b, **options).shape)
    grads = conv_transpose2d_backward(dout, x, w, **options)
    for array, gradient in zip((x, w, b), grads, strict=True):
        numeric = differences(lambda: (conv_transpose2d(x, w, b, **options) * dout).sum(), array)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(MODES), st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(0, 99))
def test_pad2d_backward_is_the_adjoint(mode, padding, seed):
    x, v = normal(seed, (2, 3, 4, 5), (2, 3, 4 + 2 * padding[0], 5 + 2 * padding[1]))
    back = pad2d_backward(v, padding, mode)
    np.testing.assert_allclose((pad2d(x, padding, mode) * v).sum(), (x * back).sum(), **TOLERANCE)


@pytest.mark.parametrize(("kernel", "dilation", "same"), [((3, 5), 1, (1, 2)), ((3, 3), (2, 1), (2, 1))])
def test_same_and_valid(kernel, dilation, same):
    x, w = normal(0, (2, 3, 8, 9), (4, 3, *kernel))
    for padding, pixels in (("same", same), ("valid", (0, 0))):
        out = conv2d(x, w, padding=padding, dilation=dilation)
        np.testing.assert_allclose(out, conv2d(x, w, padding=pixels, dilation=dilation), **TOLERANCE)
        ours = conv2d_backward(out, x, w, padding=padding, dilation=dilation)
        theirs = conv2d_backward(out, x, w, padding=pixels, dilation=dilation)
        for gradient, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(gradient, other, **TOLERANCE)


def test_dilate_and_flip_make_the_transposed_convolution():
    """The textbook's reading: zeros between the pixels, full padding, filters turned round."""
    x, w = normal(4, (2, 3, 5, 4), (3, 2, 3, 2))
    by_hand = conv2d(dilate(x, (2, 3)), flip(w).swapaxes(0, 1), padding=(2, 1))
    np.testing.assert_allclose(conv_transpose2d(x, w, stride=(2, 3)), by_hand, **TOLERANCE)


METHOD_SHAPES = [(x_shape, w_shape, options) for x_shape, w_shape, options, _ in LARGE]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("x_shape", "w_shape", "options"), METHOD_SHAPES)
def test_dtype_kept_inputs_unchanged_results_fresh(dtype, x_shape, w_shape, options):
    x, w, b = (array.astype(dtype) for array in normal(1, x_shape, w_shape, w_shape[:1]))
    before = [array.copy() for array in (x, w, b)]
    for array in (x, w, b):
        array.flags.writeable = False
    out = conv2d(x, w, b, **options)
    grads = conv2d_backward(out, x, w, **options)
    assert {array.dtype for array in (out, *grads)} == {np.dtype(dtype)}
    for array, old in zip((x, w, b), before, strict=True):
        np.testing.assert_array_equal(array, old)
    assert not any(np.shares_memory(result, array) for result in (out, *grads) for array in (x, w, b))
    if dtype == np.float32:
        exact = conv2d(*(array.astype(np.float64) for array in (x, w, b)), **options)
        assert np.abs(out - exact).max() < 1e-5 * np.abs(exact).max()


def test_integers_become_float64_and_mixed_floats_the_wider():
    x, w = np.arange(2 * 2 * 4 * 4).reshape(2, 2, 4, 4), np.ones((3, 2, 2, 2), int)
    out = conv2d(x, w)
    assert {array.dtype for array in (out, *conv2d_backward(out, x, w), conv_transpose2d(x, w[:2]))} == {
        np.dtype(float)
    }
    assert conv2d(x.astype(np.float32), w.astype(np.float64)).dtype == np.float64


def test_arrays_that_are_not_contiguous():
    x, w, b = normal(6, (2, 40, 37, 46), (46, 3, 3, 90), (46,))
    x, w = x.transpose(0, 3, 1, 2)[:, :, ::-1], w.transpose(0, 3, 1, 2)[:, ::2]
    w = np.concatenate([w, w[:, :1]], axis=1)[:, ::-1]
    expected, dout, grads = with_torch(x.copy(), w.copy(), b, {"padding": 1})
    np.testing.assert_allclose(conv2d(x, w, b, padding=1), expected, rtol=1e-8, atol=1e-8)
    for ours, theirs in zip(conv2d_backward(dout, x, w, padding=1), grads, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-8)


def test_no_images():
    x, w = np.zeros((0, 3, 8, 8)), np.ones((4, 3, 3, 3))
    assert conv2d(x, w).shape == (0, 4, 6, 6)
    dx, dw, db = conv2d_backward(np.zeros((0, 4, 6, 6)), x, w)
    assert dx.shape == x.shape and not dw.any() and not db.any()


X, W = np.zeros((2, 4, 6, 7)), np.zeros((8, 2, 3, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: conv2d(X, W), ["(8, 2, 3, 3)", "(2, 4, 6, 7)", "4/1 = 4"]),
        (lambda: conv2d(X[0], W), ["(N, C, H, W)", "(4, 6, 7)"]),
        (lambda: conv2d(X, W, np.zeros(7), groups=2), ["(8,)", "(7,)"]),
        (lambda: conv2d(X, W, groups=3), ["groups=3", "4 input channels"]),
        (lambda: conv2d(X, np.zeros((8, 4, 9, 3))), ["9", "6"]),
        (lambda: conv2d(X, W, groups=2, stride=2, padding="same"), ["stride 1", "(2, 2)"]),
        (lambda: conv2d(X, W, groups=2, padding=1, padding_mode="wrap"), ["wrap", "reflect"]),
        (lambda: conv2d_backward(X, X, W, groups=2), ["(2, 8, 4, 5)", "(2, 4, 6, 7)", "dout"]),
        (lambda: conv2d_backward_naive(X, X, W, groups=2), ["(2, 8, 4, 5)", "dout"]),
        (lambda: conv_transpose2d(X, W), ["(8, 2, 3, 3)", "8 input channels", "(2, 4, 6, 7)"]),
        (lambda: conv_transpose2d(X, W[:4], groups=3), ["groups=3", "4 input channels"]),
        (lambda: conv_transpose2d(X, W[:4], np.zeros(5)), ["(2,)", "(5,)"]),
        (lambda: conv_transpose2d(X, W[:4], stride=2, output_padding=2), ["(2, 2)", "smaller"]),
        (lambda: conv_transpose2d(X, W[:4], padding=9), ["at least 1", "(9, 9)"]),
        (lambda: conv_transpose2d_backward(X, X, W[:4]), ["(2, 2, 8, 9)", "dout"]),
        (lambda: dilate([1, 2], 2), ["2 axes", "(2,)"]),
        (lambda: flip([1, 2]), ["2 axes", "(2,)"]),
    ],
)
def test_errors_print_shapes_and_the_rule(call, words):
    with pytest.raises(ValueError) as error:
        call()
    for word in words:
        assert word in str(error.value)
