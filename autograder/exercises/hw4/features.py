"""Exercises batchnorm_forward, batchnorm_backward and batchnorm_backward_alt, of features (N, D)."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4 import norm_mistakes
from autograder.exercises.hw4.conv import apart
from autograder.exercises.hw4.pairs import beside
from convbook.kernels import cs231n


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))
    if mode == "train":
        mean = x.mean(axis=0)
        var = x.var(axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        mean = running_mean
        var = running_var
    std = np.sqrt(var + eps)
    centred = x - mean
    xhat = centred / std
    out = gamma * xhat + beta
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, (centred, std, gamma, mode)


def batchnorm_backward(dout, cache):
    centred, std, gamma, mode = cache
    N, D = dout.shape
    dbeta = dout.sum(axis=0)
    dgamma = (dout * centred / std).sum(axis=0)
    dxhat = dout * gamma
    dcentred = dxhat / std
    dmean = 0
    if mode == "train":
        dvar = (dxhat * centred).sum(axis=0) * -0.5 / std**3
        dcentred = dcentred + dvar * 2 * centred / N
        dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    centred, std, gamma, mode = cache
    N, D = dout.shape
    xhat = centred / std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dx = gamma / (N * std) * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta


def updated_forward(x, gamma, beta, bn_param):
    """Statistics updated in the arrays themselves; another cache, a list."""
    for name in ("running_mean", "running_var"):
        bn_param.setdefault(name, np.zeros(x.shape[1]))
    mu, var = bn_param["running_mean"], bn_param["running_var"]
    if bn_param["mode"] == "train":
        mu, var = x.sum(axis=0) / len(x), (x.astype(float) ** 2).mean(axis=0) - x.mean(axis=0) ** 2
        for name, value in (("running_mean", mu), ("running_var", var)):
            bn_param[name] *= bn_param.get("momentum", 0.9)
            bn_param[name] += (1 - bn_param.get("momentum", 0.9)) * value
    inv = (var + bn_param.get("eps", 1e-5)) ** -0.5
    return [(x - mu) * inv * gamma + beta, {"xhat": (x - mu) * inv, "inv": inv, "gamma": gamma, **bn_param}]


def updated_backward(dout, cache):
    """The path of the variance adds nothing to that of the mean, for the centred values sum to zero."""
    d, xhat = dout * cache["gamma"] * cache["inv"], cache["xhat"]
    dx = d - d.mean(axis=0) - xhat * (d * xhat).mean(axis=0) if cache["mode"] == "train" else d
    return [dx, np.einsum("nd,nd->d", dout, xhat), np.ones(len(dout)) @ dout]


def columns_forward(x, gamma, beta, bn_param):
    """A feature at a time, in lists; the cache holds the inputs."""
    eps, momentum, train = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9), bn_param["mode"] == "train"
    old = [bn_param.get(name, [0.0] * len(gamma)) for name in ("running_mean", "running_var")]
    used = [(float(c.mean()), float(c.var())) for c in x.T] if train else list(zip(*old, strict=True))
    if train:
        bn_param["running_mean"], bn_param["running_var"] = (
            [momentum * before + (1 - momentum) * now[k] for before, now in zip(old[k], used, strict=True)]
            for k in range(2)
        )
    out = [
        [g * (v - m) / (s + eps) ** 0.5 + b for v, g, b, (m, s) in zip(row, gamma, beta, used, strict=True)]
        for row in x.tolist()
    ]
    return out, (x, gamma, used, eps, train)


def columns_backward(dout, cache):
    """By the whole Jacobian of each feature."""
    x, gamma, used, eps, train = cache
    dx, dgamma = np.zeros(x.shape), []
    for d, (mean, var) in enumerate(used):
        inv = 1 / np.sqrt(var + eps)
        xhat = (x[:, d] - mean) * inv
        J = np.eye(len(x)) - (1 / len(x) + np.outer(xhat, xhat) / len(x) if train else 0)
        dx[:, d] = gamma[d] * inv * J @ dout[:, d]
        dgamma.append(float(dout[:, d] @ xhat))
    return dx.tolist(), dgamma, dout.sum(axis=0).tolist()


def single_forward(x, gamma, beta, bn_param):
    return batchnorm_forward(*(each.astype(np.float32) for each in (x, gamma, beta)), bn_param)


def single_backward(dout, cache):
    return tuple(each.astype(np.float32) for each in batchnorm_backward(dout.astype(np.float32), cache))


def layer(rng, shape, mode, running=True, integer=False, **settings):
    """Inputs ``x, gamma, beta, bn_param``; features differ in mean and spread, rows too."""
    n, d = map(int, shape)
    x = rng.uniform(-2, 2, d) + rng.uniform(-1, 1, (n, 1)) + rng.normal(size=(n, d)) * rng.uniform(1, 3, d)
    if integer:
        x = rng.integers(0, 256, (n, d), dtype=np.uint8)
    bn_param = {"mode": mode, **settings}
    if running:
        bn_param |= {"running_mean": rng.normal(size=d) * 2, "running_var": rng.uniform(0.5, 6, d)}
    gamma = rng.uniform(0.5, 2, d) * rng.choice([-1.0, 1.0], d)
    return x, gamma, rng.normal(size=d) * 2, bn_param


def draw_forward(rng):
    def case(part, group, kind, inputs, calls=1):
        return Case(group, kind, (*inputs, part, calls))

    train, test, running, eps = "training", "testing", "running statistics", "eps"
    n, d = apart(rng, 4, 9)
    flat = layer(rng, (5, 3), "train")
    flat[0][:, 1] = rng.integers(2, 9)  # whole, so that single precision finds the mean exactly
    cases = [
        case("out", train, "several rows", layer(rng, (n, d), "train")),
        case("out", train, "as many rows as features", layer(rng, (4, 4), "train")),
        case("out", train, "the first batch: no running statistics yet", layer(rng, (5, 3), "train", False)),
        case("out", train, "features of integers", layer(rng, (5, 3), "train", integer=True)),
        case("out", test, "several rows", layer(rng, (n, d), "test")),
        case("out", test, "as many rows as features", layer(rng, (4, 4), "test")),
        case("out", test, "one row", layer(rng, (1, 5), "test")),
        case("out", eps, "a large eps in training", layer(rng, (5, 3), "train", eps=float(rng.uniform(0.5, 2)))),
        case("out", eps, "a large eps in testing", layer(rng, (3, 5), "test", eps=float(rng.uniform(0.5, 2)))),
        case("out", eps, "a feature of equal values", flat),
    ]
    for part in ("running_mean", "running_var"):
        cases += [
            case(part, running, "after a batch", layer(rng, (n, d), "train")),
            case(part, running, "after the first batch", layer(rng, (5, 3), "train", False)),
            case(part, running, "after two batches, another momentum", layer(rng, (4, 3), "train", momentum=0.7), 2),
            case(part, running, "after testing", layer(rng, (5, 3), "test")),
        ]
    return cases


NAMES = ("dx", "dgamma", "dbeta")


def backward_case(rng, part, group, kind, shape, mode="train", **settings):
    inputs = layer(rng, shape, mode, **settings)
    # a part along x, so that dgamma is no small difference of large sums
    dout = rng.normal(size=shape) + rng.uniform(-0.5, 0.5, shape[1]) + inputs[0] / inputs[0].std() / 2
    return Case(group, kind, (dout, inputs, NAMES, part, "batchnorm_forward"))


def draw_alt(rng):
    n, d = apart(rng, 4, 9)
    cases = []
    for part, group in (("dx", "dx"), ("dgamma", "dgamma and dbeta"), ("dbeta", "dgamma and dbeta")):
        cases.append(backward_case(rng, part, group, "several rows", (n, d)))
        cases.append(backward_case(rng, part, group, "as many rows as features", (4, 4)))
    return [
        *cases,
        backward_case(rng, "dx", "dx", "features of integers", (5, 3), integer=True),
        backward_case(rng, "dx", "a large eps", "dx", (5, 3), eps=1.0),
        backward_case(rng, "dgamma", "a large eps", "dgamma", (4, 3), eps=1.0),
    ]


def draw_backward(rng):
    return [
        *draw_alt(rng),
        backward_case(rng, "dx", "testing", "several rows", (5, 3), "test"),
        backward_case(rng, "dx", "testing", "one row", (1, 4), "test"),
        backward_case(rng, "dgamma", "testing", "several rows", (4, 5), "test"),
    ]


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(batchnorm_forward, *changes))


shared = norm_mistakes.shared_by(
    norm_mistakes.FORWARD, batchnorm_forward, values="rows", part="feature", settings="bn_param", axes="0"
)


STD, CENTRED = "std = np.sqrt(var + eps)", "centred = x - mean"
MOVE_VAR = "running_var = momentum * running_var + (1 - momentum) * var"
STORE = 'bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var'
RETURN = "return out, (centred, std, gamma, mode)"


def used_instead(name, anchor, sentence, mean, var):
    """Other statistics when training, the running ones left right."""
    changed = f"if mode == 'train':\n        mean, var = {mean}, {var}\n    "
    return wrong(name, anchor, sentence, (STD, changed + STD))


FORWARD_MISTAKES = (
    used_instead(
        "layer norm",
        "norms",
        "You take mean and variance of each row: that is layer norm. Batch norm takes them of each feature, over the batch: axis 0.",
        "x.mean(axis=1, keepdims=True)",
        "x.var(axis=1, keepdims=True)",
    ),
    used_instead(
        "one mean for all",
        "norms",
        "You take one mean and one variance for everything. Each feature has its own: axis 0.",
        "x.mean()",
        "x.var()",
    ),
    used_instead(
        "training with the running statistics",
        "running",
        "When training you normalise with the running values that you have just moved. Use the batch's own mean and variance.",
        "running_mean",
        "running_var",
    ),
    shared("divided by one less", "batchnorm"),
    shared("mean not subtracted", "batchnorm", (CENTRED, "centred = x")),
    shared("no root", "batchnorm"),
    shared("eps outside the root", "batchnorm"),
    shared("eps missing", "batchnorm"),
    shared("eps in training only", "batchnorm"),
    shared("eps in testing only", "batchnorm"),
    shared("eps fixed", "batchnorm"),
    shared("testing with the batch's statistics", "running"),
    shared("testing without normalising", "running"),
    shared("momentum the other way round", "running"),
    shared("momentum fixed", "running"),
    wrong(
        "running statistics never stored",
        "running",
        "You never put the running values back into bn_param, so they stay what they were.",
        (
            STORE,
            "bn_param['running_mean'] = bn_param.get('running_mean', np.zeros(D))\n    bn_param['running_var'] = bn_param.get('running_var', np.zeros(D))",
        ),
    ),
    wrong(
        "running statistics moved in testing",
        "running",
        "You move the running values when testing, too. Testing leaves them as they are.",
        (
            STORE,
            "if mode == 'test':\n        running_mean = momentum * running_mean + (1 - momentum) * x.mean(axis=0)\n        running_var = momentum * running_var + (1 - momentum) * x.var(axis=0)\n    "
            + STORE,
        ),
    ),
    shared("running_mean not updated", "running"),
    shared("running_var not updated", "running"),
    wrong(
        "running standard deviation",
        "running",
        "Your running_var averages the standard deviation. It averages the variance.",
        (MOVE_VAR, MOVE_VAR.replace("* var", "* var**0.5")),
    ),
    wrong(
        "running_var divided by one less",
        "running",
        "Your running_var divides by one less than the number of rows, as PyTorch's does. Here, as in CS231n, it averages the very variance that normalises.",
        (MOVE_VAR, MOVE_VAR.replace("* var", "* x.var(axis=0, ddof=1)")),
    ),
    wrong(
        "running statistics begin with one",
        "running",
        "Your running variance begins with ones, as PyTorch's does. Here, as in CS231n, both begin with zeros.",
        ('"running_var", np.zeros(D)', '"running_var", np.ones(D)'),
    ),
    shared("gamma ignored", "batchnorm"),
    shared("beta ignored", "batchnorm"),
    shared("beta scaled", "batchnorm"),
    shared("out alone", "layers", (RETURN, "return out")),
    shared("x changed", "layers"),
)

SMALL = np.array([[1.0, 10], [2, 10], [3, 20], [6, 40]])
BATCHNORM_FORWARD = Exercise(
    id="hw4.batchnorm_forward",
    function="batchnorm_forward",
    points=5,
    anchor="backprop-batchnorm",
    probe="batchnorm",
    reference=cs231n.batchnorm_forward,
    groups={"training": 3, "testing": 2, "running statistics": 2, "eps": 1},
    examples=tuple(
        Case(group, "four rows of two features", (SMALL, np.full(2, 2.0), np.ones(2), {"mode": "train"}, part, 1))
        for part, group in (
            ("out", "training"),
            ("running_mean", "running statistics"),
            ("running_var", "running statistics"),
        )
    ),
    draw=draw_forward,
    mistakes=FORWARD_MISTAKES,
    variants={
        "by axes": batchnorm_forward,
        "statistics updated in place, a list": updated_forward,
        "feature by feature, nested lists": columns_forward,
        "single precision": single_forward,
    },
)


def wrong_back(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(batchnorm_backward, *changes))


shared_back = norm_mistakes.shared_by(norm_mistakes.BACKWARD, batchnorm_backward, gamma="gamma")


DGAMMA, DBETA = "dgamma = (dout * centred / std).sum(axis=0)", "dbeta = dout.sum(axis=0)"
DVAR = "dvar = (dxhat * centred).sum(axis=0) * -0.5 / std**3"
TWO_PATHS, DMEAN = "dcentred = dcentred + dvar * 2 * centred / N", "dmean = -dcentred.sum(axis=0)"
DX = "dx = dcentred + dmean / N"

BACKWARD_MISTAKES = (
    wrong_back(
        "mean and variance as constants",
        "batchnorm",
        "Your dx treats mean and variance as constants when training. Every value of a feature moves both: two more paths lead back.",
        ('if mode == "train":', "if False:"),
    ),
    wrong_back(
        "path through the mean forgotten",
        "batchnorm",
        "Your dx forgets the path through the mean: add dmean / N.",
        (DX, "dx = dcentred"),
    ),
    shared_back("path through the variance forgotten", "batchnorm", (TWO_PATHS, "")),
    wrong_back(
        "paths assigned instead of added",
        "batchnorm",
        "Where two paths meet, the second overwrites the first: dcentred = where dcentred += was meant. Add them.",
        (TWO_PATHS, "dcentred = dvar * 2 * centred / N"),
    ),
    wrong_back(
        "dmean not divided",
        "batchnorm",
        "The path through the mean counts N times too much in your dx: the mean divides by N, and so does its derivative.",
        (DX, "dx = dcentred + dmean"),
    ),
    wrong_back(
        "dmean with the wrong sign",
        "batchnorm",
        "The path through the mean has the wrong sign in your dx. The mean is subtracted, so dmean is minus a sum.",
        (DMEAN, "dmean = dcentred.sum(axis=0)"),
    ),
    wrong_back(
        "dvar with the wrong sign",
        "batchnorm",
        "The path through the variance has the wrong sign in your dx: the derivative of var ** -0.5 is negative.",
        (DVAR, DVAR.replace("-0.5", "0.5")),
    ),
    wrong_back(
        "dvar without one half",
        "batchnorm",
        "The path through the variance counts twice in your dx. The derivative of (var + eps) ** -0.5 is -0.5 * (var + eps) ** -1.5.",
        (DVAR, DVAR.replace("-0.5", "-1")),
    ),
    wrong_back(
        "dvar without the 2",
        "batchnorm",
        "The path through the variance counts half in your dx. The derivative of a square brings a 2.",
        (TWO_PATHS, TWO_PATHS.replace(" * 2", "")),
    ),
    wrong_back(
        "dvar with a wrong power",
        "batchnorm",
        "Your dvar has the wrong power. The derivative of (var + eps) ** -0.5 is -0.5 * (var + eps) ** -1.5: the standard deviation to the power of three.",
        (DVAR, DVAR.replace("std**3", "std**2")),
    ),
    wrong_back(
        "dvar not divided by N",
        "batchnorm",
        "The path through the variance counts N times too much in your dx: the variance divides by N, and so does its derivative.",
        (TWO_PATHS, TWO_PATHS.replace(" / N", "")),
    ),
    wrong_back(
        "dvar without gamma",
        "batchnorm",
        "The path through the variance lacks gamma in your dx. All three paths start from dxhat = dout * gamma.",
        (DVAR, DVAR.replace("dxhat", "dout")),
    ),
    wrong_back(
        "divided by the number of features",
        "batchnorm",
        "Your dx divides by the number of features. Mean and variance are over the N rows.",
        ("N, D = dout.shape", "D, N = dout.shape"),
    ),
    shared_back("gamma missing in dx", "batchnorm"),
    shared_back("testing as training", "running", ('if mode == "train":', "if True:")),
    shared_back("dgamma without xhat", "batchnorm", (DGAMMA, "dgamma = dout.sum(axis=0)")),
    wrong_back(
        "dgamma not divided by the deviation",
        "batchnorm",
        "Your dgamma multiplies dout with the centred x. gamma scales xhat, which is divided by the standard deviation too.",
        (DGAMMA, DGAMMA.replace(" / std", "")),
    ),
    shared_back("dgamma with gamma", "batchnorm"),
    shared_back("dgamma and dbeta averaged", "batchnorm"),
    wrong_back(
        "dgamma and dbeta over features",
        "batchnorm",
        "Your dgamma and dbeta add up over the features. The batch shares them: add up over axis 0.",
        (DGAMMA, DGAMMA.replace("axis=0", "axis=1")),
        (DBETA, "dbeta = dout.sum(axis=1)"),
    ),
    shared_back("dgamma and dbeta swapped", "batchnorm"),
    shared_back("dx alone", "layers"),
    shared_back("dout changed", "layers"),
)


def examples(exercise_inputs):
    return tuple(
        Case(
            "dx" if part == "dx" else "dgamma and dbeta",
            "four rows of two features",
            (*exercise_inputs, NAMES, part, "batchnorm_forward"),
        )
        for part in NAMES
    )


GIVEN = np.array([[1.0, 0], [0, 0], [0, 2], [0, 0]]), (SMALL, np.array([2.0, 3]), np.zeros(2), {"mode": "train"})
BATCHNORM_BACKWARD = Exercise(
    id="hw4.batchnorm_backward",
    function="batchnorm_backward",
    points=4,
    anchor="backprop-batchnorm",
    probe="backward",
    reference=cs231n.batchnorm_backward,
    groups={"dx": 3, "dgamma and dbeta": 1, "testing": 1, "a large eps": 1},
    examples=examples(GIVEN),
    draw=draw_backward,
    mistakes=BACKWARD_MISTAKES,
    variants={
        "node by node": batchnorm_backward,
        "in one formula, another cache, a list": beside(updated_backward, batchnorm_forward=updated_forward),
        "by the Jacobian, nested lists": beside(columns_backward, batchnorm_forward=columns_forward),
        "single precision": beside(single_backward, batchnorm_forward=single_forward),
    },
    partners=("batchnorm_forward",),
    builds_on=("hw4.batchnorm_forward",),
)


def wrong_alt(name, sentence, *changes, anchor="backprop-batchnorm"):
    return Mistake(name, sentence, anchor, rewrite(batchnorm_backward_alt, *changes))


shared_alt = norm_mistakes.shared_by(norm_mistakes.BACKWARD, batchnorm_backward_alt)


FORMULA = "dx = gamma / (N * std) * (N * dout - dbeta - xhat * dgamma)"
BATCHNORM_BACKWARD_ALT = Exercise(
    id="hw4.batchnorm_backward_alt",
    function="batchnorm_backward_alt",
    points=2,
    anchor="backprop-batchnorm",
    probe="backward",
    reference=cs231n.batchnorm_backward_alt,
    groups={"dx": 2, "dgamma and dbeta": 1, "a large eps": 1},
    examples=examples(GIVEN),
    draw=draw_alt,
    mistakes=(
        wrong_alt(
            "dbeta forgotten",
            "Your formula lacks the path through the mean: - dbeta.",
            (FORMULA, FORMULA.replace(" - dbeta", "")),
        ),
        wrong_alt(
            "dgamma forgotten",
            "Your formula lacks the path through the variance: - xhat * dgamma.",
            (FORMULA, FORMULA.replace(" - xhat * dgamma", "")),
        ),
        wrong_alt(
            "xhat forgotten",
            "dgamma stands in your formula without xhat. Each value moves the variance in proportion to its own xhat.",
            (FORMULA, FORMULA.replace("xhat * dgamma", "dgamma")),
        ),
        wrong_alt(
            "centred for xhat",
            "Your formula has x - mean where xhat belongs: divide it by the standard deviation.",
            (FORMULA, FORMULA.replace("xhat * dgamma", "centred * dgamma")),
        ),
        wrong_alt(
            "dgamma and dbeta exchanged in the formula",
            "dgamma and dbeta have changed places in your formula: N * dout - dbeta - xhat * dgamma.",
            (FORMULA, FORMULA.replace("dbeta - xhat * dgamma", "dgamma - xhat * dbeta")),
        ),
        wrong_alt(
            "plus instead of minus",
            "Both paths are subtracted: N * dout - dbeta - xhat * dgamma.",
            (FORMULA, FORMULA.replace("- dbeta - xhat", "+ dbeta + xhat")),
        ),
        wrong_alt(
            "N forgotten at dout",
            "dout lacks its N: it is one value, dbeta and dgamma are sums of N.",
            (FORMULA, FORMULA.replace("(N * dout", "(dout")),
        ),
        wrong_alt(
            "1 / N forgotten",
            "Your dx is N times too large: 1 / N stands before the bracket.",
            (FORMULA, FORMULA.replace("(N * std)", "std")),
        ),
        wrong_alt(
            "number of features for N",
            "Your N is the number of features. Mean and variance are over the rows.",
            ("N, D = dout.shape", "D, N = dout.shape"),
        ),
        wrong_alt(
            "gamma forgotten", "gamma is missing in your dx.", (FORMULA, FORMULA.replace("gamma / (N", "1 / (N"))
        ),
        wrong_alt(
            "gamma inside as well",
            "gamma stands in your formula twice. Either before the bracket, or in all its terms.",
            (FORMULA, FORMULA.replace("- xhat * dgamma", "- gamma * xhat * dgamma")),
        ),
        wrong_alt(
            "standard deviation forgotten",
            "Your dx is not divided by the standard deviation.",
            (FORMULA, FORMULA.replace("(N * std)", "N")),
        ),
        wrong_alt(
            "variance for the standard deviation",
            "Your dx is divided by the variance. Divide by the standard deviation: once, for xhat already holds it.",
            (FORMULA, FORMULA.replace("(N * std)", "(N * std**2)")),
        ),
        wrong_alt(
            "path through the variance halved",
            "The path through the variance counts half. The 2 of the square and the 1/2 of the root meet and leave 1.",
            (FORMULA, FORMULA.replace("- xhat", "- 0.5 * xhat")),
        ),
        wrong_alt(
            "path through the variance doubled",
            "The path through the variance counts twice. The 2 of the square and the 1/2 of the root meet and leave 1.",
            (FORMULA, FORMULA.replace("- xhat", "- 2 * xhat")),
        ),
        shared_alt("dgamma without xhat", "batchnorm"),
        shared_alt("dgamma and dbeta averaged", "batchnorm"),
        shared_alt("dgamma and dbeta swapped", "batchnorm"),
        shared_alt("dx alone", "layers"),
        shared_alt("dout changed", "layers"),
    ),
    variants={
        "in one formula": batchnorm_backward_alt,
        "node by node": batchnorm_backward,
        "by the Jacobian, nested lists": beside(columns_backward, batchnorm_forward=columns_forward),
        "single precision": beside(single_backward, batchnorm_forward=single_forward),
    },
    partners=("batchnorm_forward",),
    builds_on=("hw4.batchnorm_forward", "hw4.batchnorm_backward"),
)
