"""Normalisation and the layers between convolutions against PyTorch in float64 and finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from convbook import kernels as K

SOME = settings(max_examples=30, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 4), st.integers(2, 5))


def arrays(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [3 * rng.standard_normal(shape) + 1 for shape in shapes]


def tensors(*values):
    return [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values]


def assert_gradients(out, dout, variables, gradients):
    """Compare ``gradients`` with those that PyTorch finds for ``variables`` from its own ``out``."""
    expected = torch.autograd.grad(out, variables, torch.as_tensor(dout))
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@SOME
@given(SHAPES, st.floats(0, 1), st.booleans(), SEEDS)
def test_batch_norm(shape, momentum, train, seed):
    C = shape[1]
    x, gamma, beta, mean, var, dout = arrays(seed, shape, C, C, C, C, shape)
    var = np.abs(var) + 0.1
    kept = [value.copy() for value in (x, gamma, beta, mean, var)]
    out, cache, running = K.batch_norm2d(x, gamma, beta, mean, var, train, momentum)
    for value, before in zip((x, gamma, beta, mean, var), kept, strict=True):
        np.testing.assert_array_equal(value, before)
    variables, expected_running = tensors(x, gamma, beta), (torch.tensor(mean), torch.tensor(var))
    expected = F.batch_norm(variables[0], *expected_running, *variables[1:], train, momentum)
    np.testing.assert_allclose(out, expected.detach(), atol=1e-10)
    np.testing.assert_allclose(running, torch.stack(expected_running), atol=1e-10)
    assert_gradients(expected, dout, variables, K.batch_norm2d_backward(dout, cache))
    if train:
        np.testing.assert_allclose(out, K.batch_norm2d_naive(x, gamma, beta)[0], atol=1e-10)


def test_batch_norm_starts_like_a_new_layer():
    (x,) = arrays(0, (3, 2, 4, 4))
    layer = torch.nn.BatchNorm2d(2, dtype=torch.float64)
    running = None, None
    for _ in range(3):
        layer(torch.tensor(x))
        _, _, running = K.batch_norm2d(x, np.ones(2), np.zeros(2), *running)
    np.testing.assert_allclose(running[0], layer.running_mean)
    np.testing.assert_allclose(running[1], layer.running_var)


def test_biased_within_unbiased_without():
    x = np.array([1.0, 2.0, 3.0, 4.0]).reshape(4, 1, 1, 1)
    out, _, (mean, var) = K.batch_norm2d(x, [1], [0], momentum=1, eps=0)
    np.testing.assert_allclose(out.ravel(), (np.arange(4) - 1.5) / np.sqrt(1.25))
    np.testing.assert_allclose([mean[0], var[0]], [2.5, 5 / 3])


@pytest.mark.parametrize("eps", [1e-12, 1e-5, 1e3])
def test_eps_stands_under_the_root(eps):
    x, gamma, beta = arrays(1, (3, 2, 4, 4), 2, 2)
    expected = F.batch_norm(*map(torch.tensor, (x, np.zeros(2), np.ones(2), gamma, beta)), True, 0.1, eps)
    np.testing.assert_allclose(K.batch_norm2d(x, gamma, beta, eps=eps)[0], expected, atol=1e-10)


def test_one_group_is_layer_norm():
    x, gamma, beta = arrays(2, (3, 4, 2, 5), 4, 4)
    spread = [np.broadcast_to(value[:, None, None], (4, 2, 5)) for value in (gamma, beta)]
    np.testing.assert_allclose(K.group_norm(x, gamma, beta, 1)[0], K.layer_norm(x, *spread)[0])


@SOME
@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 100, 1e4, 1e300]), SEEDS)
def test_softmax_cross_entropy(images, classes, scale, seed):
    (scores,) = arrays(seed, (images, classes))
    scores *= scale
    labels = np.random.default_rng(seed).integers(0, classes, images)
    (variable,) = tensors(scores)
    loss = F.cross_entropy(variable, torch.tensor(labels))
    np.testing.assert_allclose(K.softmax_cross_entropy(scores, labels), loss.item(), rtol=1e-12, atol=1e-12)
    gradient = K.softmax_cross_entropy_backward(2.5, scores, labels)
    assert_gradients(loss, np.float64(2.5), [variable], [gradient])
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)


def test_ignorance_costs_log_of_the_classes():
    np.testing.assert_allclose(K.softmax_cross_entropy(np.zeros((3, 10)), [0, 5, 9]), np.log(10))


X = np.ones((2, 3, 2, 2))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: K.batch_norm2d(X, np.ones(2), np.ones(3)), r"gamma must have shape \(3,\), got shape \(2,\)"),
        (lambda: K.batch_norm2d(X, np.ones(3), np.ones(3), train=False), "needs running_mean and running_var"),
        (lambda: K.batch_norm2d(X[:1, :, :1, :1], np.ones(3), np.ones(3)), "more than one value a channel"),
        (lambda: K.layer_norm(X, np.ones(3), np.ones(3)), r"x must end in the shape of gamma, \(3,\), got shape"),
        (lambda: K.group_norm(X, np.ones(3), np.ones(3), 2), "groups=2 does not divide the 3 channels"),
        (lambda: K.batch_norm2d_backward(X[:1], K.batch_norm2d(X, np.ones(3), np.ones(3))[1]), r"\(2, 3, 2, 2\), got"),
        (lambda: K.linear(np.ones((2, 3)), np.ones((4, 5))), r"w of shape \(4, 5\) takes 5 features, but x of shape"),
        (lambda: K.linear(np.ones((2, 3)), np.ones((4, 3)), np.ones(3)), r"b must have shape \(4,\)"),
        (lambda: K.relu_backward(np.ones(3), np.ones(2)), r"dout must have the shape of the output, \(2,\)"),
        (lambda: K.softmax_cross_entropy(np.ones((2, 3)), [0, 3]), r"labels must lie in 0..2, got 0..3"),
        (lambda: K.softmax_cross_entropy(np.ones((2, 3)), [0.0, 1.0]), "labels must be 2 integers"),
        (lambda: K.softmax_cross_entropy(np.ones((2, 3)), [[0], [1]]), r"got shape \(2, 1\)"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
