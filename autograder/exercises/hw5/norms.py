"""Exercise gradient_norms."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw5.cases import apart, image


def gradient_norms(model, batch):
    x, y = batch
    model.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    norms = []
    for p in model.parameters():
        if p.ndim > 1:
            norms.append(p.grad.norm().item())
    return norms


def by_autograd(model, batch):
    """Nothing is left in the model; a tensor of norms."""
    weights = [p for _, p in model.named_parameters() if p.dim() >= 2]
    gradients = torch.autograd.grad(nn.CrossEntropyLoss()(model(batch[0]), batch[1]), weights)
    return torch.stack([torch.linalg.vector_norm(g) for g in gradients])


def by_module(model, batch):
    """Kinds of layers instead of axes; tensors that want gradients themselves."""
    x, y = batch
    log_probs = model(x).log_softmax(dim=1)
    loss = -log_probs[torch.arange(len(y)), y].mean()
    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    gradients = torch.autograd.grad(loss, [layer.weight for layer in layers], create_graph=True)
    return [(g**2).sum() ** 0.5 for g in gradients]


def image_by_image(model, batch):
    """Gradients set to None first; NumPy for the norms."""
    for p in model.parameters():
        p.grad = None
    F.cross_entropy(model(batch[0]), batch[1], reduction="sum").div(len(batch[1])).backward()
    return tuple(float(np.linalg.norm(p.grad.numpy().ravel())) for p in model.parameters() if len(p.shape) != 1)


def chain_case(group, kind, rng, width, depth, size, n=3, old=False):
    weights = [image(rng, width, width) * size for _ in range(depth)]
    labels = rng.integers(0, width, n)
    return Case(group, kind, ("chain", weights, image(rng, n, width), labels, old))


def conv_case(group, kind, rng, n, old=False):
    c, f, g, classes = apart(rng, 2, 7, 4)
    weights = [image(rng, f, c, 3, 3) / 3, image(rng, f), 1 + image(rng, f) / 4, image(rng, f)]
    weights += [image(rng, g, f, 2, 3) / 3, image(rng, g), 1 + image(rng, g) / 4, image(rng, g)]
    weights += [image(rng, classes, g), image(rng, classes)]
    H, W = apart(rng, 4, 8)
    return Case(group, kind, ("conv", weights, image(rng, n, c, H, W), rng.integers(0, classes, n), old))


def draw(rng):
    chain, conv, old = "a chain", "convolutions", "old gradients"
    width, depth = apart(rng, 3, 7)
    return [
        chain_case(chain, "linear layers, small weights", rng, width, depth, 0.3),
        chain_case(chain, "linear layers, large weights", rng, depth, width, 1.2),
        chain_case(chain, "one linear layer", rng, width, 1, 1.0, n=1),
        conv_case(conv, "convolutions, batch norms, biases", rng, 3),
        conv_case(conv, "a larger batch", rng, 5),
        chain_case(old, "linear layers, gradients left from before", rng, width, 3, 0.7, old=True),
        conv_case(old, "convolutions, gradients left from before", rng, 4, old=True),
    ]


ZERO, LOSS = "model.zero_grad()", "loss = F.cross_entropy(model(x), y)"
WHICH, NORM, RETURN = "if p.ndim > 1:", "p.grad.norm().item()", "return norms"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"resnets-{anchor}", rewrite(gradient_norms, *changes))


GRADIENT_NORMS = Exercise(
    id="hw5.gradient_norms",
    function="gradient_norms",
    points=7,
    anchor="resnets-vanishing",
    allowed=("torch",),
    probe="of_network",
    reference=gradient_norms,
    groups={"a chain": 3, "convolutions": 3, "old gradients": 1},
    examples=(),
    draw=draw,
    mistakes=(
        wrong(
            "batch norms and biases too",
            "vanishing",
            "Your list has biases and batch norms in it. Take the weights of convolutions and linear layers: parameters with more than one axis.",
            (WHICH, "if True:"),
        ),
        wrong(
            "convolutions alone",
            "vanishing",
            "Your list has no linear layers. Take every parameter with more than one axis.",
            (WHICH, "if p.ndim == 4:"),
        ),
        wrong(
            "sums of magnitudes",
            "vanishing",
            "You add magnitudes up. The norm is the root of the sum of squares.",
            (NORM, "p.grad.abs().sum().item()"),
        ),
        wrong(
            "sums",
            "vanishing",
            "You add the gradient up, where positive and negative values cancel. The norm is the root of the sum of squares.",
            (NORM, "p.grad.sum().item()"),
        ),
        wrong(
            "squared",
            "vanishing",
            "You return squared norms. Take the root.",
            (NORM, "(p.grad**2).sum().item()"),
        ),
        wrong(
            "mean of magnitudes",
            "vanishing",
            "You return the mean magnitude. The norm is the root of the sum of squares.",
            (NORM, "p.grad.abs().mean().item()"),
        ),
        wrong(
            "root mean square",
            "vanishing",
            "You divide by the number of weights before you take the root. The norm is the root of the sum.",
            (NORM, "p.grad.pow(2).mean().sqrt().item()"),
        ),
        wrong(
            "standard deviation",
            "vanishing",
            "You return standard deviations. The norm is the root of the sum of squares.",
            (NORM, "p.grad.flatten().std(correction=0).item()"),
        ),
        wrong(
            "largest",
            "vanishing",
            "You return the largest magnitude. The norm is the root of the sum of squares.",
            (NORM, "p.grad.abs().max().item()"),
        ),
        wrong(
            "spectral norm",
            "vanishing",
            "You return the largest singular value. The norm is the root of the sum of squares of all values.",
            (NORM, "torch.linalg.matrix_norm(p.grad.flatten(1), 2).item()"),
        ),
        wrong(
            "norm of the weights",
            "vanishing",
            "You return the norms of the weights. Those of their gradients are wanted: p.grad.",
            (NORM, "p.norm().item()"),
        ),
        wrong(
            "relative to the weights",
            "vanishing",
            "You divide by the norm of the weights. The gradient's norm itself is wanted.",
            (NORM, "(p.grad.norm() / p.norm()).item()"),
        ),
        wrong(
            "old gradients added",
            "vanishing",
            "You add to the gradients that an earlier call has left in the model. Call model.zero_grad() first.",
            (ZERO, ""),
        ),
        wrong(
            "summed over the batch",
            "vanishing",
            "Your loss is the sum over the batch. Take the mean, as cross_entropy does by itself.",
            (LOSS, "loss = F.cross_entropy(model(x), y, reduction='sum')"),
        ),
        wrong(
            "softmax twice",
            "head",
            "You take a softmax before cross_entropy, which takes one itself. Give it the scores.",
            (LOSS, "loss = F.cross_entropy(model(x).softmax(1), y)"),
        ),
        wrong(
            "sum of the outputs",
            "vanishing",
            "You go back from the sum of the outputs. Go back from the cross entropy with the labels.",
            (LOSS, "loss = model(x).sum()"),
        ),
        wrong(
            "squared error",
            "vanishing",
            "Your loss is a squared error. Take the cross entropy.",
            (LOSS, "scores = model(x)\n    loss = F.mse_loss(scores, F.one_hot(y, scores.shape[1]).to(scores))"),
        ),
        wrong(
            "first image alone",
            "vanishing",
            "Your loss is that of the first image alone. Take the whole batch.",
            (LOSS, "loss = F.cross_entropy(model(x)[:1], y[:1])"),
        ),
        wrong(
            "evaluation mode",
            "norm",
            "You switch the model to evaluation first, so its batch norms use other statistics. Leave the mode as it is.",
            (ZERO, ZERO + "\n    model.eval()"),
        ),
        wrong(
            "from the end",
            "vanishing",
            "Your list begins with the last layer. Return it in the order of model.parameters().",
            (RETURN, "return norms[::-1]"),
        ),
        wrong(
            "one number",
            "vanishing",
            "You return one number. There is one for each layer.",
            (RETURN, "return sum(norm**2 for norm in norms) ** 0.5"),
        ),
        wrong(
            "normalised",
            "vanishing",
            "You divide by the largest norm. Return the norms as they are.",
            (RETURN, "return [norm / max(norms) for norm in norms]"),
        ),
        wrong(
            "a step taken",
            "vanishing",
            "You change the weights. Measure gradients, and take no step.",
            (
                RETURN,
                "with torch.no_grad():\n        for p in model.parameters():\n            p -= 0.1 * p.grad\n    return norms",
            ),
        ),
    ),
    variants={
        "backward, then p.grad": gradient_norms,
        "autograd.grad, a tensor": by_autograd,
        "kinds of layers, a loss by hand, tensors with gradients": by_module,
        "gradients set to None, NumPy, a tuple": image_by_image,
    },
)
