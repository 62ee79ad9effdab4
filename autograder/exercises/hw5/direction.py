"""Exercise filter_normalized_direction."""

import numpy as np
import torch

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw5.cases import apart, image


def filter_normalized_direction(params, rng):
    direction = []
    for w in params:
        if w.ndim == 1:
            d = torch.zeros_like(w)
        else:
            d = torch.as_tensor(rng.standard_normal(tuple(w.shape)), dtype=w.dtype)
            for f in range(len(w)):
                d[f] = d[f] / d[f].norm() * w[f].norm()
        direction.append(d.detach())
    return direction


def broadcast(params, rng):
    """All filters of a layer at once; double precision."""
    direction = []
    for w in params:
        d = torch.from_numpy(rng.standard_normal(w.shape))
        axes = tuple(range(1, w.ndim))
        size = torch.linalg.vector_norm(w, dim=axes, keepdim=True) / torch.linalg.vector_norm(d, dim=axes, keepdim=True)
        direction.append(d * size if axes else torch.zeros(w.shape))
    return direction


def in_numpy(params, rng):
    """Arrays, flattened by filter."""
    direction = []
    for w in (p.detach().numpy() for p in params):
        if w.ndim < 2:
            direction.append(np.zeros(w.shape))
            continue
        d = rng.normal(size=(len(w), w[0].size))
        d *= np.sqrt((w.reshape(len(w), -1) ** 2).sum(1, keepdims=True) / (d**2).sum(1, keepdims=True))
        direction.append(d.reshape(w.shape))
    return tuple(direction)


@torch.no_grad()
def in_place(params, rng):
    """One draw a filter; the result takes gradients."""

    def of_filter(w):
        d = torch.tensor(rng.standard_normal(w.shape), dtype=torch.float32)
        return d * (w.pow(2).sum() / d.pow(2).sum()).sqrt()

    stacked = [torch.stack([of_filter(w) for w in p]) if p.dim() > 1 else 0 * p for p in params]
    return [d.requires_grad_() for d in stacked]


def draw(rng):
    def case(group, kind, *shapes, change=lambda ws: ws):
        sizes = rng.uniform(0.2, 4, len(shapes))
        weights = [size * image(rng, *shape) for size, shape in zip(sizes, shapes, strict=True)]
        return Case(group, kind, ([w.astype(np.float32) for w in change(weights)], int(rng.integers(2**31))))

    def zero_filter(weights):
        weights[0][1] = 0
        return weights

    filters, rows, others = "filters", "rows of linear layers", "biases and batch norms"
    f, c, n = apart(rng, 3, 8, 3)
    return [
        case(filters, "one convolution", (f, c, 3, 3)),
        case(filters, "two convolutions, kernels not square", (f, c, 3, 2), (n, f, 1, 1)),
        case(filters, "a filter of zeros", (n, c, 3, 3), change=zero_filter),
        case(rows, "a linear layer", (n, f)),
        case(rows, "as many rows as columns", (f, f), (f, f)),
        case(rows, "a convolution, then a linear layer", (f, c, 2, 3), (n, f)),
        case(others, "a convolution and its batch norm", (f, c, 3, 3), (f,), (f,)),
        case(others, "a linear layer and its bias", (c, n), (c,)),
    ]


ZERO, DRAW = "d = torch.zeros_like(w)", "rng.standard_normal(tuple(w.shape))"
EACH, SCALE = "for f in range(len(w)):", "d[f] = d[f] / d[f].norm() * w[f].norm()"
LOOP = f"{EACH}\n                {SCALE}"
RETURN = "return direction"


def wrong(name, sentence, *changes):
    return Mistake(name, sentence, "resnets-surface", rewrite(filter_normalized_direction, *changes))


FILTER_NORMALIZED_DIRECTION = Exercise(
    id="hw5.filter_normalized_direction",
    function="filter_normalized_direction",
    points=6,
    anchor="resnets-surface",
    allowed=("torch",),
    probe="direction",
    reference=filter_normalized_direction,
    groups={"filters": 2, "rows of linear layers": 2, "biases and batch norms": 2},
    examples=(),
    draw=draw,
    mistakes=(
        wrong(
            "not normalised",
            "Your direction is not normalised. Give each filter of it the norm of the filter of the weights.",
            (SCALE, "pass"),
        ),
        wrong(
            "unit filters",
            "You give every filter the norm 1. It gets the norm of the weights' own filter.",
            (SCALE, "d[f] = d[f] / d[f].norm()"),
        ),
        wrong(
            "not divided by its own norm",
            "You multiply by the norm of the weights' filter and do not divide by that of the direction's.",
            (SCALE, "d[f] = d[f] * w[f].norm()"),
        ),
        wrong(
            "by layer",
            "You normalise layers as a whole. Each filter gets the norm of its own.",
            (LOOP, "d = d / d.norm() * w.norm()"),
        ),
        wrong(
            "by the whole network",
            "You normalise all parameters together. Each filter gets the norm of its own.",
            (LOOP, "d = d / d.norm() * sum(p.norm() ** 2 for p in params) ** 0.5"),
        ),
        wrong(
            "by input channel",
            "You normalise along axis 1, the input channels. A filter is an entry along axis 0.",
            (EACH, "for f in range(w.shape[1]):"),
            (SCALE, "d[:, f] = d[:, f] / d[:, f].norm() * w[:, f].norm()"),
        ),
        wrong(
            "by kernel",
            "You normalise every channel of a filter by itself. The filter as a whole has the norm of the weights' one.",
            (
                LOOP,
                "axes = tuple(range(2, w.ndim)) or (1,)\n            d = d / d.norm(dim=axes, keepdim=True) * w.norm(dim=axes, keepdim=True)",
            ),
        ),
        wrong(
            "convolutions alone",
            "You leave linear layers unnormalised. A row of a linear layer is a filter, too.",
            (EACH, "for f in range(len(w) if w.ndim == 4 else 0):"),
        ),
        wrong(
            "linear layers left at zero",
            "Your direction is 0 for linear layers. A row of a linear layer is a filter, too.",
            ("if w.ndim == 1:", "if w.ndim <= 2:"),
        ),
        wrong(
            "biases and batch norms random",
            "Your direction is random for biases and batch norms. It is 0 there: to rescale them would move the surface for no reason.",
            (ZERO, "d = torch.as_tensor(rng.standard_normal(tuple(w.shape)), dtype=w.dtype)"),
        ),
        wrong(
            "biases and batch norms normalised",
            "Your direction has values for biases and batch norms, of their norms. It is 0 there.",
            (
                ZERO,
                "d = torch.as_tensor(rng.standard_normal(tuple(w.shape)), dtype=w.dtype)\n            d = d / d.norm() * w.norm()",
            ),
        ),
        wrong(
            "biases and batch norms of ones",
            "Your direction is 1 for biases and batch norms. It is 0 there.",
            (ZERO, "d = torch.ones_like(w)"),
        ),
        wrong(
            "biases and batch norms left out",
            "Your list leaves biases and batch norms out. It has a tensor for each parameter; theirs holds zeros.",
            (ZERO, "continue"),
        ),
        wrong(
            "uniform",
            "You draw uniform numbers between 0 and 1, which all point one way. Draw rng.standard_normal.",
            (DRAW, "rng.random(tuple(w.shape))"),
        ),
        wrong(
            "another generator",
            "You draw from a generator of your own, or PyTorch's. Draw from rng, so that the direction can be had again.",
            (DRAW, "np.random.default_rng(0).standard_normal(tuple(w.shape))"),
        ),
        wrong(
            "the weights themselves",
            "Your direction is that of the weights, so nothing about it is random. Draw it, and take only the norms from the weights.",
            (SCALE, "d[f] = w[f]"),
        ),
        wrong(
            "times the weights",
            "You multiply the random numbers by the weights. Take only the norm of each filter from them.",
            (SCALE, "d[f] = d[f] * w[f]"),
        ),
        wrong(
            "squared norms",
            "You use squared norms. Take the root of the sums of squares.",
            (SCALE, "d[f] = d[f] / d[f].pow(2).sum() * w[f].pow(2).sum()"),
        ),
        wrong(
            "sums of magnitudes",
            "You use sums of magnitudes. The norm is the root of the sum of squares.",
            (SCALE, "d[f] = d[f] / d[f].abs().sum() * w[f].abs().sum()"),
        ),
        wrong(
            "added to the weights",
            "You return the weights moved along the direction. Return the direction alone.",
            ("direction.append(d.detach())", "direction.append((w + d).detach())"),
        ),
        wrong(
            "the weights changed",
            "You change the weights. Read their norms, and write to something new.",
            (
                RETURN,
                "with torch.no_grad():\n        for w, d in zip(params, direction):\n            w += d\n    return direction",
            ),
        ),
        wrong(
            "one tensor",
            "You return one long tensor. Return a list with a tensor for each parameter.",
            (RETURN, "return torch.cat([d.flatten() for d in direction])"),
        ),
    ),
    variants={
        "a loop over filters": filter_normalized_direction,
        "norms over axes, double precision": broadcast,
        "NumPy, a tuple of arrays": in_numpy,
        "one draw a filter, tensors with gradients": in_place,
    },
)
