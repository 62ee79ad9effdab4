"""hw4's expected values against PyTorch's autograd, an answer like any other, with a cache of its own."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from autograder.compare import compare
from autograder.diagnosis import judged_outcomes
from autograder.exercises import EXERCISES


def leaf(array, grad=True):
    return torch.tensor(np.asarray(array, float), dtype=torch.float64, requires_grad=grad)


def backward(dout, cache):
    """Gradients of the leaves that a forward pass kept, its output last."""
    *leaves, out = cache
    out.backward(leaf(dout, False))
    return tuple(each.grad.numpy() for each in leaves)


def convolved(x, w, b, conv_param):
    leaves = leaf(x), leaf(w), leaf(b)
    return *leaves, functional.conv2d(*leaves, stride=conv_param["stride"], padding=conv_param["pad"])


def conv_relu_forward(x, w, b, conv_param):
    *leaves, out = convolved(x, w, b, conv_param)
    return torch.relu(out).detach().numpy(), (*leaves, torch.relu(out))


def pooled(x, pool_param):
    x = leaf(x)
    return x, functional.max_pool2d(x, (pool_param["pool_height"], pool_param["pool_width"]), pool_param["stride"])


def affine(x, w, b):
    x, w, b = leaf(x), leaf(w), leaf(b)
    return x, w, b, x.flatten(1) @ w + b


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    x, gamma, beta = leaf(x), leaf(gamma), leaf(beta)
    mean, var = (leaf(bn_param.get(name, np.zeros(len(gamma))), False) for name in ("running_mean", "running_var"))
    train, momentum = bn_param["mode"] == "train", bn_param.get("momentum", 0.9)
    eps = bn_param.get("eps", 1e-5)
    out = functional.batch_norm(x, mean.clone(), var.clone(), gamma, beta, train, eps=eps)
    if train:
        batch = x.detach().mean((0, 2, 3)), x.detach().var((0, 2, 3), unbiased=False)
        bn_param["running_mean"] = (momentum * mean + (1 - momentum) * batch[0]).numpy()
        bn_param["running_var"] = (momentum * var + (1 - momentum) * batch[1]).numpy()
    return out.detach().numpy(), (x, gamma, beta, out)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    x, gamma, beta = leaf(x), leaf(np.ravel(gamma)), leaf(np.ravel(beta))
    out = functional.group_norm(x, G, gamma, beta, gn_param.get("eps", 1e-5))
    return out.detach().numpy(), (x, gamma, beta, out)


def layernorm_forward(x, gamma, beta, ln_param):
    x, gamma, beta = leaf(x), leaf(gamma), leaf(beta)
    out = functional.layer_norm(x, x.shape[1:], gamma, beta, ln_param.get("eps", 1e-5))
    return out.detach().numpy(), (x, gamma, beta, out)


def softmax_loss(x, y):
    x = leaf(x)
    loss = functional.cross_entropy(x, torch.tensor(y))
    loss.backward()
    return loss.item(), x.grad.numpy()


def relu_backward(dout, x):
    x = leaf(x)
    return backward(dout, (x, torch.relu(x)))[0]


def transposed(x, w, stride=1, pad=0, output_padding=0):
    x, w = leaf(x, False), leaf(w, False)
    return functional.conv_transpose2d(x, w, stride=stride, padding=pad, output_padding=output_padding).numpy()


def folded(cols, x_shape, kh, kw, stride, pad):
    return functional.fold(leaf(cols, False), x_shape[2:], (kh, kw), padding=pad, stride=stride).numpy()


def toeplitz(w, n, stride=1, pad=0):
    kernel = leaf(w, False)[None, None]
    return functional.conv1d(torch.eye(n, dtype=torch.float64)[:, None], kernel, stride=stride, padding=pad)[
        :, 0
    ].T.numpy()


def of_cubes(f, x, df, h=1e-5):
    """Not measured but worked out: ((x + h)^3 - (x - h)^3) / 2h."""
    return df * (3 * np.asarray(x, float) ** 2 + h**2)


ANSWERS = {
    "relu_backward": relu_backward,
    "affine_backward": lambda dout, cache: backward(dout, affine(*cache)),
    "conv_toeplitz": toeplitz,
    "conv_backward_naive": lambda dout, cache: backward(dout, convolved(*cache)),
    "conv_transpose2d": transposed,
    "col2im": folded,
    "max_pool_backward_naive": lambda dout, cache: backward(dout, pooled(*cache))[0],
    "conv_relu_backward": lambda dout, cache: backward(dout, cache),
    "spatial_batchnorm_forward": spatial_batchnorm_forward,
    "spatial_batchnorm_backward": lambda dout, cache: backward(dout, cache),
    "spatial_groupnorm_forward": spatial_groupnorm_forward,
    "spatial_groupnorm_backward": lambda dout, cache: backward(dout, cache),
    "layernorm_forward": layernorm_forward,
    "layernorm_backward": lambda dout, cache: backward(dout, cache),
    "softmax_loss": softmax_loss,
    "numerical_gradient": of_cubes,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_expected_values_are_pytorchs(name):
    exercise = EXERCISES[f"hw4.{name}"]
    cases = [*exercise.visible_cases(), *exercise.hidden_cases(b"one secret"), *exercise.hidden_cases(b"another")]
    if name == "numerical_gradient":
        cases = [case for case in cases if case.args[0] == "cubes"]
    assert len(cases) > 10
    expected = judged_outcomes(exercise, exercise.reference, cases)
    got = judged_outcomes(exercise, ANSWERS[name], cases)
    for case, want, have in zip(cases, expected, got, strict=True):
        assert compare(want, have) is None, (case.kind, compare(want, have))
