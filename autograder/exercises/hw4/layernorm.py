"""Exercises layernorm_forward and layernorm_backward, of features (N, D)."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4 import norm_mistakes
from autograder.exercises.hw4.conv import apart
from autograder.exercises.hw4.pairs import beside
from convbook.kernels import cs231n


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mean = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    inv_std = 1 / np.sqrt(var + eps)
    xhat = (x - mean) * inv_std
    out = gamma * xhat + beta
    return out, (xhat, inv_std, gamma, eps)


def layernorm_backward(dout, cache):
    xhat, inv_std, gamma, eps = cache
    N, D = dout.shape
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    through_mean = dxhat.sum(axis=1, keepdims=True) / D
    through_var = xhat * (dxhat * xhat).sum(axis=1, keepdims=True) / D
    dx = (dxhat - through_mean - through_var) * inv_std
    return dx, dgamma, dbeta


def columns_forward(x, gamma, beta, ln_param):
    """The batch norm of the transpose; the cache holds what is needed, by name."""
    t = x.T
    mu = t.sum(axis=0) / len(t)
    var = ((t - mu) ** 2).sum(axis=0) / len(t)
    std = (var + ln_param.get("eps", 1e-5)) ** 0.5
    return [((t - mu) / std).T * gamma + beta, {"centred": t - mu, "std": std, "gamma": gamma}]


def columns_backward(dout, cache):
    """Node by node through the graph."""
    centred, std = cache["centred"], cache["std"]
    d = (dout * cache["gamma"]).T
    dcentred = d / std
    dvar = (d * centred).sum(axis=0) * -0.5 / std**3
    dcentred = dcentred + 2 * centred * dvar / len(d)
    dx = dcentred - dcentred.sum(axis=0) / len(d)
    return [dx.T, (dout * (centred / std).T).sum(axis=0), dout.sum(axis=0)]


def rows_forward(x, gamma, beta, ln_param):
    """A row at a time; the cache holds the inputs."""
    eps = ln_param.get("eps", 1e-5)
    out = [(gamma * (row - row.mean()) / np.sqrt(row.var() + eps) + beta).tolist() for row in x]
    return out, (x, gamma, eps)


def rows_backward(dout, cache):
    """By the whole Jacobian of each row, lists."""
    x, gamma, eps = cache
    dx, dgamma = [], np.zeros(len(gamma))
    for row, d in zip(x, dout, strict=True):
        inv = 1 / np.sqrt(row.var() + eps)
        xhat = (row - row.mean()) * inv
        J = (np.eye(len(row)) - 1 / len(row) - np.outer(xhat, xhat) / len(row)) * inv
        dx.append((J.T @ (gamma * d)).tolist())
        dgamma += d * xhat
    return dx, dgamma.tolist(), np.ones(len(x)) @ dout


def single_forward(x, gamma, beta, ln_param):
    return layernorm_forward(*(each.astype(np.float32) for each in (x, gamma, beta)), ln_param)


def single_backward(dout, cache):
    return tuple(each.astype(np.float32) for each in layernorm_backward(dout.astype(np.float32), cache))


def layer(rng, shape, integer=False, **ln_param):
    """Inputs ``x, gamma, beta, ln_param``; rows and columns differ in mean and spread."""
    n, d = map(int, shape)
    x = rng.uniform(-2, 2, (n, 1)) + rng.uniform(-1, 1, d) + rng.normal(size=(n, d)) * rng.uniform(1, 3, (n, 1))
    if integer:
        x = rng.integers(0, 256, (n, d), dtype=np.uint8)
    gamma = rng.uniform(0.5, 2, d) * rng.choice([-1.0, 1.0], d)
    return x, gamma, rng.normal(size=d) * 2, ln_param


def draw_forward(rng):
    def case(group, kind, inputs):
        return Case(group, kind, (*inputs, ("out", "cache"), "out"))

    flat = layer(rng, (3, 5))
    flat[0][1] = rng.integers(2, 9)  # whole, so that single precision finds the mean exactly
    rows, eps = "rows of features", "eps"
    return [
        case(rows, "several rows", layer(rng, apart(rng, 3, 8))),
        case(rows, "as many rows as features", layer(rng, (4, 4))),
        case(rows, "one row", layer(rng, (1, 6))),
        case(rows, "features of integers", layer(rng, (3, 5), integer=True)),
        case(eps, "a large eps", layer(rng, (3, 5), eps=float(rng.uniform(0.5, 2)))),
        case(eps, "an eps of 0.1", layer(rng, (4, 3), eps=0.1)),
        case(eps, "a row of equal values", flat),
    ]


NAMES = ("dx", "dgamma", "dbeta")


def draw_backward(rng):
    def case(part, kind, shape, **settings):
        inputs = layer(rng, shape, **settings)
        # a part along x, so that dgamma is no small difference of large sums
        dout = rng.normal(size=shape) + inputs[0] / inputs[0].std() / 2
        group = "a large eps" if "eps" in settings else "dx" if part == "dx" else "dgamma and dbeta"
        return Case(group, kind, (dout, inputs, NAMES, part, "layernorm_forward"))

    n, d = apart(rng, 3, 8)
    return [
        *(case(part, "several rows", (n, d)) for part in NAMES),
        *(case(part, "as many rows as features", (4, 4)) for part in NAMES),
        case("dx", "one row", (1, 6)),
        case("dx", "features of integers", (3, 5), integer=True),
        case("dx", "in dx", (3, 5), eps=1.0),
        case("dgamma", "in dgamma", (3, 5), eps=1.0),
    ]


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(layernorm_forward, *changes))


shared = norm_mistakes.shared_by(
    norm_mistakes.FORWARD, layernorm_forward, values="values", part="row", settings="ln_param"
)


MEAN, VAR = "mean = x.mean(axis=1, keepdims=True)", "var = x.var(axis=1, keepdims=True)"
XHAT, OUT = "xhat = (x - mean) * inv_std", "out = gamma * xhat + beta"
RETURN = "return out, (xhat, inv_std, gamma, eps)"

FORWARD_MISTAKES = (
    wrong(
        "batch norm",
        "norms",
        "You take mean and variance of each feature over the batch: that is batch norm. Layer norm takes them of each row: axis 1.",
        (MEAN, MEAN.replace("1", "0")),
        (VAR, VAR.replace("1", "0")),
    ),
    wrong(
        "one mean for all",
        "norms",
        "You take one mean and one variance for everything. Each row has its own: axis 1.",
        (MEAN, "mean = x.mean()"),
        (VAR, "var = x.var()"),
    ),
    wrong(
        "divided by the number of rows",
        "norms",
        "Your mean and variance divide by the number of rows. A row has D values: divide by D.",
        (MEAN, "mean = x.sum(axis=1, keepdims=True) / len(x)"),
        (VAR, "var = ((x - mean) ** 2).sum(axis=1, keepdims=True) / len(x)"),
    ),
    shared("divided by one less", "batchnorm"),
    shared("mean not subtracted", "batchnorm", (XHAT, "xhat = x * inv_std")),
    shared("no root", "batchnorm"),
    shared("eps outside the root", "batchnorm"),
    shared("eps missing", "batchnorm"),
    shared("eps fixed", "batchnorm"),
    shared("gamma ignored", "norms"),
    shared("beta ignored", "norms"),
    shared("beta scaled", "norms"),
    wrong("gamma and beta swapped", "norms", "gamma and beta are swapped.", (OUT, "out = beta * xhat + gamma")),
    wrong(
        "a gamma for each row",
        "norms",
        "You scale and shift by rows. gamma and beta have one value a feature, as in batch norm; it is mean and variance that belong to a row.",
        (OUT, "out = gamma[:, None] * xhat + beta[:, None]"),
    ),
    wrong(
        "cut to integers",
        "testing",
        "Your result takes the dtype of x, so integers cut the decimals off. Make it of floats.",
        (OUT, "out = (gamma * xhat + beta).astype(x.dtype)"),
    ),
    shared("out alone", "layers", (RETURN, "return out")),
    shared("x changed", "layers"),
)

SMALL = np.array([[1.0, 2, 3, 6]])
LAYERNORM_FORWARD = Exercise(
    id="hw4.layernorm_forward",
    function="layernorm_forward",
    points=2,
    anchor="backprop-norms",
    probe="several",
    reference=cs231n.layernorm_forward,
    groups={"rows of features": 2, "eps": 1},
    examples=(
        Case(
            "rows of features",
            "the row 1, 2, 3, 6",
            (SMALL, np.full(4, 2.0), np.arange(4.0), {}, ("out", "cache"), "out"),
        ),
    ),
    draw=draw_forward,
    mistakes=FORWARD_MISTAKES,
    variants={
        "by axes": layernorm_forward,
        "of the transpose, a list": columns_forward,
        "row by row, nested lists": rows_forward,
        "single precision": single_forward,
    },
    builds_on=("hw4.batchnorm_forward",),
)


def wrong_back(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(layernorm_backward, *changes))


shared_back = norm_mistakes.shared_by(norm_mistakes.BACKWARD, layernorm_backward, gamma="gamma", inv="inv_std")


THROUGH_MEAN = "through_mean = dxhat.sum(axis=1, keepdims=True) / D"
THROUGH_VAR = "through_var = xhat * (dxhat * xhat).sum(axis=1, keepdims=True) / D"
DXHAT = "dxhat = dout * gamma"
DX = "dx = (dxhat - through_mean - through_var) * inv_std"
DGAMMA, DBETA = "dgamma = (dout * xhat).sum(axis=0)", "dbeta = dout.sum(axis=0)"

BACKWARD_MISTAKES = (
    wrong_back(
        "mean and variance as constants",
        "batchnorm",
        "Your dx treats mean and variance as constants. Every value of a row moves both: two more paths lead back.",
        (DX, "dx = dxhat * inv_std"),
    ),
    wrong_back(
        "path through the mean forgotten",
        "batchnorm",
        "Your dx forgets the path through the mean.",
        (DX, DX.replace(" - through_mean", "")),
    ),
    shared_back("path through the variance forgotten", "batchnorm"),
    shared_back("path through the variance with the wrong sign", "batchnorm"),
    shared_back("path through the variance halved", "batchnorm"),
    shared_back("path through the variance doubled", "batchnorm"),
    shared_back("path through the variance with a wrong power", "batchnorm"),
    wrong_back(
        "means over the batch",
        "norms",
        "Your dx takes its means over the batch, as for batch norm. Take them over the axis of the forward pass: 1.",
        (THROUGH_MEAN, THROUGH_MEAN.replace("1", "0").replace("/ D", "/ N")),
        (THROUGH_VAR, THROUGH_VAR.replace("1", "0").replace("/ D", "/ N")),
    ),
    wrong_back(
        "divided by the number of rows",
        "norms",
        "Your dx divides by the number of rows. A row has D values: divide by D.",
        (THROUGH_MEAN, THROUGH_MEAN.replace("/ D", "/ N")),
        (THROUGH_VAR, THROUGH_VAR.replace("/ D", "/ N")),
    ),
    wrong_back(
        "sums instead of means",
        "batchnorm",
        "Your dx adds up where it should average: divide by D.",
        (THROUGH_MEAN, THROUGH_MEAN.replace(" / D", "")),
        (THROUGH_VAR, THROUGH_VAR.replace(" / D", "")),
    ),
    wrong_back(
        "gamma after the means",
        "norms",
        "You multiply by gamma last. In batch norm that is the same; here gamma differs within a row, so it must be in dxhat before the means are taken.",
        (DXHAT, "dxhat = dout"),
        (DX, DX + " * gamma"),
    ),
    shared_back("gamma missing in dx", "norms"),
    shared_back("not divided by the standard deviation", "batchnorm"),
    shared_back("multiplied by the standard deviation", "batchnorm"),
    shared_back("divided by the variance", "batchnorm"),
    shared_back("eps missing", "batchnorm"),
    shared_back("dgamma without xhat", "norms"),
    shared_back("dgamma with gamma", "norms"),
    wrong_back(
        "dgamma and dbeta over features",
        "norms",
        "Your dgamma and dbeta add up over the features. gamma and beta have one value a feature, shared by all rows: add up over axis 0. The forward pass averaged over the other one.",
        (DGAMMA, DGAMMA.replace("0", "1")),
        (DBETA, DBETA.replace("0", "1")),
    ),
    shared_back("dgamma and dbeta averaged", "norms"),
    wrong_back(
        "dgamma and dbeta by row",
        "norms",
        "Your dgamma and dbeta have a row for each of the batch. The batch shares them: add up over axis 0.",
        (DGAMMA, "dgamma = dout * xhat"),
        (DBETA, "dbeta = dout.copy()"),
    ),
    shared_back("dgamma and dbeta swapped", "norms"),
    shared_back("dx alone", "layers"),
    shared_back("dout changed", "layers"),
)

LAYERNORM_BACKWARD = Exercise(
    id="hw4.layernorm_backward",
    function="layernorm_backward",
    points=2,
    anchor="backprop-norms",
    probe="backward",
    reference=cs231n.layernorm_backward,
    groups={"dx": 2, "dgamma and dbeta": 1, "a large eps": 1},
    examples=tuple(
        Case(
            "dx" if part == "dx" else "dgamma and dbeta",
            "the row 1, 2, 3, 6",
            (np.array([[1.0, 0, 0, 0]]), (SMALL, np.arange(1.0, 5), np.zeros(4), {}), NAMES, part, "layernorm_forward"),
        )
        for part in NAMES
    ),
    draw=draw_backward,
    mistakes=BACKWARD_MISTAKES,
    variants={
        "in one formula": layernorm_backward,
        "node by node, another cache, a list": beside(columns_backward, layernorm_forward=columns_forward),
        "by the Jacobian, lists": beside(rows_backward, layernorm_forward=rows_forward),
        "single precision": beside(single_backward, layernorm_forward=single_forward),
    },
    partners=("layernorm_forward",),
    builds_on=("hw4.layernorm_forward", "hw4.batchnorm_backward", "hw4.batchnorm_backward_alt"),
)
