"""hw4's expected values against PyTorch's autograd, an answer like any other, with a cache of its own."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from autograder.compare import compare
from autograder.diagnosis import judged_outcomes
from autograder.exercises import ASSIGNMENTS, EXERCISES


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


def normalised(x, gamma, beta, bn_param):
    """Batch norm of channels or features, and the running statistics by CS231n's rule."""
    mean, var = (leaf(bn_param.get(name, np.zeros(len(gamma))), False) for name in ("running_mean", "running_var"))
    train, momentum = bn_param["mode"] == "train", bn_param.get("momentum", 0.9)
    eps = bn_param.get("eps", 1e-5)
    out = functional.batch_norm(x, mean.clone(), var.clone(), gamma, beta, train, eps=eps)
    if train:
        axes = [axis for axis in range(x.ndim) if axis != 1]
        mean = momentum * mean + (1 - momentum) * x.detach().mean(axes)
        var = momentum * var + (1 - momentum) * x.detach().var(axes, unbiased=False)
    return out, {"running_mean": mean.numpy(), "running_var": var.numpy()}


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    return batchnorm_forward(x, gamma, beta, bn_param)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    x, gamma, beta = leaf(x), leaf(np.ravel(gamma)), leaf(np.ravel(beta))
    out = functional.group_norm(x, G, gamma, beta, gn_param.get("eps", 1e-5))
    return out.detach().numpy(), (x, gamma, beta, out)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    *conv_leaves, a = convolved(x, w, b, conv_param)
    gamma, beta = leaf(gamma), leaf(beta)
    z, statistics = normalised(a, gamma, beta, bn_param)
    bn_param.update(statistics)
    return torch.relu(z).detach().numpy(), (*conv_leaves, gamma, beta, torch.relu(z))


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    *leaves, a = convolved(x, w, b, conv_param)
    size = pool_param["pool_height"], pool_param["pool_width"]
    out = functional.max_pool2d(torch.relu(a), size, pool_param["stride"])
    return out.detach().numpy(), (*leaves, out)


def batchnorm_forward(x, gamma, beta, bn_param):
    x, gamma, beta = leaf(x), leaf(gamma), leaf(beta)
    out, statistics = normalised(x, gamma, beta, bn_param)
    bn_param.update(statistics)
    return out.detach().numpy(), (x, gamma, beta, out)


def dropout_forward(x, dropout_param):
    x = leaf(x)
    torch.manual_seed(dropout_param.get("seed", torch.seed() % 2**32))
    out = functional.dropout(x, 1 - dropout_param["p"], dropout_param["mode"] == "train")
    return out.detach().numpy(), (x, out)


class ThreeLayerConvNet:
    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        self.reg, self.dtype = reg, dtype
        conv = torch.nn.Conv2d(input_dim[0], num_filters, filter_size, padding="same")
        self.net = torch.nn.Sequential(conv, torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten())
        features = self.net(torch.zeros(1, *input_dim)).shape[1]
        self.net.extend([torch.nn.Linear(features, hidden_dim), torch.nn.ReLU()])
        self.net.append(torch.nn.Linear(hidden_dim, num_classes)).double()
        self.layers = {"1": self.net[0], "2": self.net[4], "3": self.net[6]}
        self.params = {}
        for k, layer in self.layers.items():
            weight = weight_scale * torch.randn_like(layer.weight)
            self.params[f"W{k}"] = (weight if k == "1" else weight.T).detach().numpy().astype(dtype)
            self.params[f"b{k}"] = np.zeros(len(layer.bias), dtype)

    def loss(self, X, y=None):
        for k, layer in self.layers.items():
            W = self.params[f"W{k}"]
            layer.weight.data, layer.bias.data = leaf(W if k == "1" else W.T), leaf(self.params[f"b{k}"])
        scores = self.net(leaf(X, False))
        if y is None:
            return scores.detach().numpy()
        squares = sum((layer.weight**2).sum() for layer in self.layers.values())
        loss = functional.cross_entropy(scores, torch.tensor(y)) + self.reg / 2 * squares
        self.net.zero_grad()
        loss.backward()
        grads = {}
        for k, layer in self.layers.items():
            grads[f"W{k}"] = (layer.weight.grad if k == "1" else layer.weight.grad.T).numpy()
            grads[f"b{k}"] = layer.bias.grad.numpy()
        return loss.item(), grads


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
    "relu_forward": lambda x: (torch.relu(leaf(x)).detach().numpy(), x),
    "relu_backward": relu_backward,
    "affine_forward": lambda x, w, b: (affine(x, w, b)[-1].detach().numpy(), (x, w, b)),
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
    "conv_bn_relu_backward": lambda dout, cache: backward(dout, cache),
    "conv_relu_pool_backward": lambda dout, cache: backward(dout, cache),
    "batchnorm_forward": batchnorm_forward,
    "batchnorm_backward": lambda dout, cache: backward(dout, cache),
    "batchnorm_backward_alt": lambda dout, cache: backward(dout, cache),
    "dropout_forward": dropout_forward,
    "dropout_backward": lambda dout, cache: backward(dout, cache)[0],
    "ThreeLayerConvNet": ThreeLayerConvNet,
    "layernorm_forward": layernorm_forward,
    "layernorm_backward": lambda dout, cache: backward(dout, cache),
    "softmax_loss": softmax_loss,
    "numerical_gradient": of_cubes,
}


def test_every_exercise_but_the_trial_has_an_answer_here():
    assert set(ANSWERS) == {e.function for e in ASSIGNMENTS["hw4-backprop"] if e.trial is None}


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
