"""hw5's expected values against PyTorch's autograd and FLOP counter, transformers' blocks and the book's models."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from transformers.models.resnet.modeling_resnet import ResNetBasicLayer, ResNetBottleNeckLayer

from autograder.compare import compare
from autograder.diagnosis import judged_outcomes
from autograder.exercises import EXERCISES
from convbook import models
from convbook.models.densenet import Transition


def chain_by_autograd(ws, skip=False):
    """Each layer a leaf of its own precision; the gradients are those of the activations."""
    ws = torch.tensor(np.asarray(ws))
    x = torch.ones((), dtype=ws.dtype, requires_grad=True)
    inputs = [x]
    for w in ws:
        inputs.append(inputs[-1] * w)
    out = inputs.pop() + (x if skip else 0)
    return [g.item() for g in torch.autograd.grad(out, inputs)]


def layers_of(spec):
    """A network of torch.nn from layers as data."""

    class Residual(nn.Module):
        def __init__(self, main, shortcut):
            super().__init__()
            self.main, self.shortcut = layers_of(main), layers_of(shortcut)

        def forward(self, x):
            return self.main(x) + self.shortcut(x)

    made = {
        "conv": lambda c_in, c_out, k, **rest: nn.Conv2d(c_in, c_out, k, bias=False, **rest),
        "pool": lambda k, stride, padding: nn.MaxPool2d(k, stride, padding),
        "norm": lambda c: nn.BatchNorm2d(c),
        "relu": nn.ReLU,
        "global_pool": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        "linear": lambda c_in, c_out: nn.Linear(c_in, c_out),
        "residual": Residual,
    }
    settings = [{key: value for key, value in layer.items() if key != "kind"} for layer in spec]
    return nn.Sequential(*(made[layer["kind"]](**given) for layer, given in zip(spec, settings, strict=True)))


def macs_by_flop_counter(spec, input_size):
    with torch.device("meta"):
        net = layers_of(spec).eval()
        x = torch.empty(1, next(m.in_channels for m in net.modules() if isinstance(m, nn.Conv2d)), *input_size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(x)
    return counter.get_total_flops() // 2


def norms_by_functions(model, batch):
    """Gradients of a function of the weights, nothing written into the model."""
    weights = {name: weight.detach() for name, weight in model.named_parameters()}

    def loss(weights):
        statistics = {name: buffer.clone() for name, buffer in model.named_buffers()}
        return F.cross_entropy(torch.func.functional_call(model, (weights, statistics), batch[0]), batch[1])

    gradients = torch.func.grad(loss)(weights)
    return [nn.utils.get_total_norm([gradients[name]]) for name, w in weights.items() if w.ndim > 1]


def drawn_for_every_parameter(params, rng):
    """Other draws: single precision, and for biases too, which are then set to 0."""
    direction = []
    for w in params:
        d = torch.from_numpy(rng.standard_normal(tuple(w.shape), dtype=np.float32))
        filters = nn.functional.normalize(d.flatten(1) if w.ndim > 1 else 0 * d[:, None])
        direction.append((filters * w.detach().reshape(len(w), -1).norm(dim=1, keepdim=True)).reshape(w.shape))
    return direction


def every_shortcut_in_the_middle(c_in, c_out, stride=1):
    """Transformers' block with its parts registered in a strange order, under names of their own."""
    block = ResNetBasicLayer(c_in, c_out, stride)
    first, second = block.layer
    block.layer = nn.Sequential()
    ordered = nn.Module()
    for name, part in (("a", first), ("b", block.shortcut), ("c", second)):
        ordered.add_module(name, part)
    del block.layer, block.shortcut
    block.parts = ordered
    block.forward = lambda x: torch.relu(ordered.c(ordered.a(x)) + ordered.b(x))
    return block


ANSWERS = {
    "autograd": ("chain_gradient", chain_by_autograd),
    "transformers' basic block": ("BasicBlock", ResNetBasicLayer),
    "the same in another order": ("BasicBlock", every_shortcut_in_the_middle),
    "the book's basic block": ("BasicBlock", models.BasicBlock),
    "transformers' bottleneck": (
        "Bottleneck",
        lambda c_in, width, stride=1: ResNetBottleNeckLayer(c_in, 4 * width, stride),
    ),
    "the book's bottleneck": ("Bottleneck", models.Bottleneck),
    "the book's stage": ("make_stage", models.make_stage),
    "the book's networks": ("resnet", models.resnet),
    "torch's FLOP counter": ("count_macs", macs_by_flop_counter),
    "the book's dense block": ("DenseBlock", models.DenseBlock),
    "the book's transition": ("transition", Transition),
    "torch.func": ("gradient_norms", norms_by_functions),
    "other draws": ("filter_normalized_direction", drawn_for_every_parameter),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_expected_values_are_those_of_others(name):
    function, answer = ANSWERS[name]
    exercise = EXERCISES[f"hw5.{function}"]
    cases = [*exercise.visible_cases(), *exercise.hidden_cases(b"one secret")]
    assert len(cases) > 10
    expected = judged_outcomes(exercise, exercise.reference, cases)
    got = judged_outcomes(exercise, answer, cases)
    for case, want, have in zip(cases, expected, got, strict=True):
        difference = compare(want, have, exercise.exact_type)
        assert difference is None, (case.kind, difference.shown)


def test_published_numbers_are_among_the_visible_cases():
    """Parameters of published checkpoints; MACs as the FLOP counter gives half of, for both places of the stride."""

    def told(function, *kinds):
        exercise = EXERCISES[f"hw5.{function}"]
        cases = [case for case in exercise.visible_cases() if case.kind in kinds]
        return [outcome["value"] for outcome in judged_outcomes(exercise, exercise.reference, cases)]

    depths = [f"ResNet-{depth}" for depth in (18, 34, 50)]
    assert told("resnet", *depths, "depth 101", "depth 152") == [11689512, 21797672, 25557032, 44549160, 60192808]
    stride = [f"ResNet-50, the stride in the {place}" for place in ("3x3", "first 1x1")]
    assert told("count_macs", "ResNet-18", *stride) == [1814073344, 4089184256, 3857973248]
    blocks = models.create("densenet121").features
    wanted = [sum(p.numel() for p in part.parameters()) for part in (blocks.denseblock1, blocks.transition1)]
    assert told("DenseBlock", "the first block of DenseNet-121") == wanted[:1]
    assert told("transition", "the first transition of DenseNet-121") == wanted[1:]


def test_norms_of_filters_are_those_of_the_weights():
    """By their definition, on the cases themselves, and on no case by luck of the draw."""
    exercise = EXERCISES["hw5.filter_normalized_direction"]
    for case in exercise.visible_cases():
        weights, seed = case.args
        direction = exercise.reference([torch.tensor(w) for w in weights], np.random.default_rng(seed))
        for d, w in zip(direction, weights, strict=True):
            rows, wanted = (np.asarray(each, float).reshape(len(w), -1) for each in (d, w))
            lengths = np.linalg.norm(rows, axis=1)
            assert lengths == pytest.approx(np.linalg.norm(wanted, axis=1) if w.ndim > 1 else 0 * lengths, abs=1e-5)
