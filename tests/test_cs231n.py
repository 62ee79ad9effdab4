"""Code written against CS231n's signatures runs on ours, conventions included."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from convbook.kernels.cs231n import (
    ThreeLayerConvNet,
    affine_backward,
    affine_forward,
    affine_relu_backward,
    affine_relu_forward,
    batchnorm_backward,
    batchnorm_backward_alt,
    batchnorm_forward,
    col2im_indices,
    conv_backward_fast,
    conv_backward_naive,
    conv_bn_relu_backward,
    conv_bn_relu_forward,
    conv_forward_naive,
    conv_relu_backward,
    conv_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
    dropout_backward,
    dropout_forward,
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    im2col_indices,
    layernorm_backward,
    layernorm_forward,
    max_pool_backward_naive,
    max_pool_forward_naive,
    relu_backward,
    relu_forward,
    softmax_loss,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)

needs_conv_backward = pytest.mark.skipif(
    find_spec("convbook.kernels.conv_backward") is None, reason="convbook.kernels.conv_backward is not there yet"
)
SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=20, deadline=None)


def normals(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def assert_close(a, b, tolerance=1e-7):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def check_gradients(forward, variables, gradients, dout):
    """The check of that course's notebooks: every gradient against central differences."""
    for k, (variable, gradient) in enumerate(zip(variables, gradients, strict=True)):

        def out(value, k=k):
            return forward(*variables[:k], value, *variables[k + 1 :])[0]

        assert np.shape(gradient) == variable.shape
        assert_close(gradient, eval_numerical_gradient_array(out, variable, dout), 1e-6)


def test_conv_forward_on_the_course_s_own_example():
    x = np.linspace(-0.1, 0.5, num=2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    w = np.linspace(-0.2, 0.3, num=3 * 3 * 4 * 4).reshape(3, 3, 4, 4)
    b = np.linspace(-0.1, 0.2, num=3)
    out, cache = conv_forward_naive(x, w, b, {"stride": 2, "pad": 1})
    expected = F.conv2d(*map(torch.tensor, (x, w, b)), stride=2, padding=1)
    assert_close(out, expected)
    assert out.shape == (2, 3, 2, 2) and len(cache) == 4


@needs_conv_backward
@SOME
@given(st.integers(1, 3), st.integers(0, 2), st.integers(1, 3), st.integers(0, 4), SEEDS)
def test_conv_backward(stride, pad, k, more, seed):
    x, w, b = normals(seed, (2, 3, k + more, k + 1), (4, 3, k, k), 4)
    out, cache = conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})
    (dout,) = normals(seed + 1, out.shape)
    variables = [torch.tensor(value, requires_grad=True) for value in (x, w, b)]
    expected = torch.autograd.grad(F.conv2d(*variables, stride=stride, padding=pad), variables, torch.tensor(dout))
    for backward in (conv_backward_naive, conv_backward_fast):
        for ours, theirs in zip(backward(dout, cache), expected, strict=True):
            assert_close(ours, theirs, 1e-9)


@SOME
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), SEEDS)
def test_max_pool(height, width, stride, seed):
    x = np.random.default_rng(seed).integers(0, 4, (2, 3, 5, 7)).astype(float)
    out, cache = max_pool_forward_naive(x, {"pool_height": height, "pool_width": width, "stride": stride})
    variable = torch.tensor(x, requires_grad=True)
    expected = F.max_pool2d(variable, (height, width), stride)
    assert_close(out, expected.detach())
    (dout,) = normals(seed, out.shape)
    expected.backward(torch.tensor(dout))
    assert_close(max_pool_backward_naive(dout, cache), variable.grad)


def test_affine_relu_and_softmax():
    x, w, b, dout = normals(0, (3, 2, 2, 5), (20, 4), 4, (3, 4))
    out, cache = affine_forward(x, w, b)
    assert_close(out, x.reshape(3, 20) @ w + b)
    check_gradients(affine_forward, (x, w, b), affine_backward(dout, cache), dout)
    out, cache = relu_forward(x)
    assert_close(out, x * (x > 0))
    assert_close(relu_backward(x + 1, cache), (x + 1) * (x > 0))
    _, cache = affine_relu_forward(x, w, b)
    check_gradients(affine_relu_forward, (x, w, b), affine_relu_backward(dout, cache), dout)
    y = np.array([0, 3, 1])
    loss, dscores = softmax_loss(dout, y)
    assert_close(loss, F.cross_entropy(torch.tensor(dout), torch.tensor(y)))
    assert_close(dscores, eval_numerical_gradient(lambda scores: softmax_loss(scores, y)[0], dout, verbose=False))


@SOME
@given(st.integers(2, 6), st.integers(1, 5), st.sampled_from(["train", "test"]), SEEDS)
def test_batchnorm(N, D, mode, seed):
    x, gamma, beta, mean, dout = normals(seed, (N, D), D, D, D, (N, D))
    x = 3 * x + 2
    var = mean**2 + 0.1
    bn_param = {"mode": mode, "running_mean": mean.copy(), "running_var": var.copy()}
    out, cache = batchnorm_forward(x, gamma, beta, bn_param)
    variables = [torch.tensor(value, requires_grad=True) for value in (x, gamma, beta)]
    expected = F.batch_norm(
        variables[0], torch.tensor(mean), torch.tensor(var), *variables[1:], training=mode == "train"
    )
    assert_close(out, expected.detach())
    if mode == "train":  # the old value weighs 0.9, the variance is the biased one
        mean, var = 0.9 * mean + 0.1 * x.mean(axis=0), 0.9 * var + 0.1 * x.var(axis=0)
    assert_close(bn_param["running_mean"], mean)
    assert_close(bn_param["running_var"], var)
    expected = torch.autograd.grad(expected, variables, torch.tensor(dout))
    for backward in (batchnorm_backward, batchnorm_backward_alt):
        for ours, theirs in zip(backward(dout, cache), expected, strict=True):
            assert_close(ours, theirs, 1e-6)


def test_running_statistics_start_at_zero_and_reach_the_data():
    rng = np.random.default_rng(0)
    bn_param = {"mode": "train"}
    batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), bn_param)
    assert_close(bn_param["running_mean"], [0.2])
    assert_close(bn_param["running_var"], [0.1])
    bn_param = {"mode": "train"}
    for _ in range(100):
        batchnorm_forward(4 * rng.standard_normal((200, 3)) + 11, np.ones(3), np.zeros(3), bn_param)
    bn_param["mode"] = "test"
    out, _ = batchnorm_forward(4 * rng.standard_normal((5000, 3)) + 11, np.ones(3), np.zeros(3), bn_param)
    assert abs(out.mean(axis=0)).max() < 0.1 and abs(out.std(axis=0) - 1).max() < 0.1


def test_spatial_batchnorm():
    x, gamma, beta, dout = normals(1, (2, 3, 4, 5), 3, 3, (2, 3, 4, 5))
    bn_param = {"mode": "train"}
    out, cache = spatial_batchnorm_forward(x, gamma, beta, bn_param)
    assert_close(out, F.batch_norm(*map(torch.tensor, (x, np.zeros(3), np.ones(3), gamma, beta)), training=True))
    assert bn_param["running_mean"].shape == (3,)
    check_gradients(
        lambda *values: spatial_batchnorm_forward(*values, {"mode": "train"}),
        (x, gamma, beta),
        spatial_batchnorm_backward(dout, cache),
        dout,
    )


def test_layernorm_and_spatial_groupnorm():
    x, gamma, beta, dout = normals(2, (4, 6), 6, 6, (4, 6))
    out, cache = layernorm_forward(x, gamma, beta, {})
    assert_close(out, F.layer_norm(*map(torch.tensor, (x,)), (6,), torch.tensor(gamma), torch.tensor(beta)))
    check_gradients(lambda *v: layernorm_forward(*v, {}), (x, gamma, beta), layernorm_backward(dout, cache), dout)
    x, gamma, beta, dout = normals(3, (2, 6, 3, 4), (1, 6, 1, 1), (1, 6, 1, 1), (2, 6, 3, 4))
    out, cache = spatial_groupnorm_forward(x, gamma, beta, 2, {})
    assert_close(out, F.group_norm(torch.tensor(x), 2, torch.tensor(gamma.ravel()), torch.tensor(beta.ravel())))
    check_gradients(
        lambda *v: spatial_groupnorm_forward(*v, 2, {}), (x, gamma, beta), spatial_groupnorm_backward(dout, cache), dout
    )


def test_dropout():
    x = np.random.default_rng(0).standard_normal((500, 500)) + 10
    for p in (0.25, 0.4, 0.7, 1.0):
        dropout_param = {"mode": "train", "p": p, "seed": 123}
        out, cache = dropout_forward(x, dropout_param)
        assert abs((out == 0).mean() - (1 - p)) < 0.01
        assert abs(out.mean() - 10) < 0.1  # inverted: the mean stays
        assert_close(out, dropout_forward(x, dropout_param)[0])
        assert_close(dropout_backward(x, cache), out)  # linear in x, through the same mask
        assert_close(dropout_forward(x, {"mode": "test", "p": p})[0], x)


def test_dropout_draws_as_numpy_s_seed_says():
    x = np.ones((3, 4))
    np.random.seed(5)
    expected = (np.random.rand(3, 4) < 0.5) / 0.5
    np.random.seed(5)
    assert_close(dropout_forward(x, {"mode": "train", "p": 0.5})[0], expected)
    assert_close(dropout_forward(x, {"mode": "train", "p": 0.5, "seed": 5})[0], expected)


@SOME
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3), SEEDS)
def test_im2col_in_the_course_s_order(height, width, padding, stride, seed):
    (x,) = normals(seed, (2, 3, 4, 5))
    cols = im2col_indices(x, height, width, padding, stride)
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh, ow = (4 + 2 * padding - height) // stride + 1, (5 + 2 * padding - width) // stride + 1
    expected = [  # every column a window; places outside, images inside
        padded[n, :, i * stride : i * stride + height, j * stride : j * stride + width].ravel()
        for i in range(oh)
        for j in range(ow)
        for n in range(2)
    ]
    assert_close(cols, np.transpose(expected))
    (v,) = normals(seed + 1, cols.shape)
    assert_close((cols * v).sum(), (x * col2im_indices(v, x.shape, height, width, padding, stride)).sum())


@needs_conv_backward
def test_layers_in_a_row():
    x, w, b, gamma, beta = normals(4, (2, 3, 8, 6), (4, 3, 3, 3), 4, 4, 4)
    conv_param, pool_param = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    rows = [
        (lambda *v: conv_relu_forward(*v, conv_param), conv_relu_backward, (x, w, b)),
        (lambda *v: conv_relu_pool_forward(*v, conv_param, pool_param), conv_relu_pool_backward, (x, w, b)),
        (
            lambda *v: conv_bn_relu_forward(*v, conv_param, {"mode": "train"}),
            conv_bn_relu_backward,
            (x, w, b, gamma, beta),
        ),
    ]
    for forward, backward, variables in rows:
        out, cache = forward(*variables)
        (dout,) = normals(5, out.shape)
        check_gradients(forward, variables, backward(dout, cache), dout)


def test_a_new_net_knows_nothing():
    np.random.seed(231)
    model = ThreeLayerConvNet()
    x, y = np.random.randn(20, 3, 32, 32).astype(np.float32), np.random.randint(10, size=20)
    scores = model.loss(x)
    assert scores.shape == (20, 10) and scores.dtype == np.float32
    assert_close(softmax_loss(scores, y)[0], np.log(10), 1e-3)
    assert model.params["W1"].shape == (32, 3, 7, 7) and model.params["W2"].shape == (8192, 100)
    assert {value.dtype for value in model.params.values()} == {np.dtype(np.float32)}
    assert ThreeLayerConvNet((3, 5, 7), 2, 3).loss(np.zeros((2, 3, 5, 7))).shape == (2, 10)  # pooling floors
    with pytest.raises(ValueError, match="takes 8192 features, but x of shape"):
        model.loss(x[:, :, :30])


def test_numpy_is_all_it_imports():
    program = """
import sys
import convbook.kernels.cs231n
print(sorted(sys.modules.keys() & {"torch", "scipy", "cv2", "matplotlib", "pandas", "numba"}))
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "[]"


@needs_conv_backward
def test_the_net_s_gradients():
    np.random.seed(231)
    model = ThreeLayerConvNet((2, 6, 4), 3, 3, 7, num_classes=5, weight_scale=0.3, reg=0.5, dtype=np.float64)
    X, y = np.random.randn(2, 2, 6, 4), np.array([1, 4])
    loss, grads = model.loss(X, y)
    plain = softmax_loss(model.loss(X), y)[0]
    assert_close(loss - plain, 0.25 * sum((model.params[name] ** 2).sum() for name in ("W1", "W2", "W3")))
    assert grads.keys() == model.params.keys()
    for name, grad in grads.items():  # as that course writes it: f ignores its argument
        numeric = eval_numerical_gradient(lambda _: model.loss(X, y)[0], model.params[name], verbose=False, h=1e-6)
        assert_close(grad, numeric, 1e-5)


@needs_conv_backward
def test_the_net_learns_by_heart():
    np.random.seed(231)
    model = ThreeLayerConvNet((3, 8, 8), 4, 3, 16, num_classes=3, weight_scale=0.1)
    X, y = np.random.randn(6, 3, 8, 8).astype(np.float32), np.array([0, 1, 2, 0, 1, 2])
    for _ in range(60):
        _, grads = model.loss(X, y)
        for name in grads:
            model.params[name] -= 0.1 * grads[name]
    assert (model.loss(X).argmax(axis=1) == y).all()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: batchnorm_forward(np.ones((2, 3)), np.ones(3), np.ones(3), {"mode": "eval"}), "'train' or 'test'"),
        (lambda: dropout_forward(np.ones(3), {"mode": "train", "p": 0}), "the probability to keep"),
        (lambda: dropout_forward(np.ones(3), {"mode": "drop", "p": 0.5}), "'train' or 'test', got 'drop'"),
        (lambda: col2im_indices(np.ones((4, 7)), (2, 1, 3, 3), 2, 2), r"4 rows and a multiple of N = 2 columns"),
        (lambda: ThreeLayerConvNet(filter_size=4), "filter_size must be odd"),
        (lambda: affine_forward(np.ones((2, 3)), np.ones((4, 5)), np.ones(5)), "takes 4 features, but x"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
