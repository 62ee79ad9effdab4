"""Exercises dropout_forward and dropout_backward.

Any generator of random numbers is right, so a case asks for what all of them have in common: see the probes.
"""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.pairs import beside
from convbook.kernels import cs231n


def dropout_forward(x, dropout_param):
    p, mode, seed = dropout_param["p"], dropout_param["mode"], dropout_param.get("seed")
    generator = np.random.RandomState(seed)
    mask = None
    out = x
    if mode == "train":
        mask = (generator.random_sample(x.shape) < p) / p
        out = x * mask
    return out, (mode, mask)


def dropout_backward(dout, cache):
    mode, mask = cache
    dx = dout
    if mode == "train":
        dx = dout * mask
    return dx


def starter_forward(x, dropout_param):
    """With NumPy's global generator, as in CS231n; the parameters in the cache."""
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if dropout_param["mode"] == "test":
        return x.copy(), (dropout_param, None)
    mask = (np.random.rand(*x.shape) < dropout_param["p"]) / dropout_param["p"]
    return x * mask, (dropout_param, mask)


def starter_backward(dout, cache):
    dropout_param, mask = cache
    return dout * mask if dropout_param["mode"] == "train" else dout.copy()


def kept_forward(x, dropout_param):
    """A new generator, a list, single precision; the factor of every value is kept, in testing too."""
    p = dropout_param["p"]
    keep = np.random.default_rng(dropout_param.get("seed")).uniform(size=x.shape) >= 1 - p
    factor = np.where(keep, 1 / p, 0) if dropout_param["mode"] == "train" else np.ones(x.shape)
    return [(x * factor).astype(np.float32), factor]


def kept_backward(dout, cache):
    return (np.asarray(cache) * dout).astype(np.float32)


def binomial_forward(x, dropout_param):
    """Draws of 0 and 1; nested lists."""
    generator = np.random.default_rng(dropout_param.get("seed"))
    p = dropout_param["p"] if dropout_param["mode"] == "train" else 1
    drawn = generator.binomial(1, p, x.shape)
    return (x * drawn / p).tolist(), {"drawn": drawn, "p": p}


def binomial_backward(dout, cache):
    return (dout / cache["p"] * cache["drawn"]).tolist()


def away_from_zero(rng, shape, integer=False):
    sign = rng.choice([-1, 1], shape)
    return sign * (rng.integers(1, 9, shape) if integer else rng.uniform(0.5, 2, shape))


def draw_forward(rng):
    seed = int(rng.integers(0, 10**6))

    def case(group, kind, part, p, mode="train", shape=(40, 100), integer=False, **settings):
        return Case(group, kind, (away_from_zero(rng, shape, integer), {"p": p, "mode": mode, **settings}, part))

    train, seeds, test = "training", "seeds", "testing"
    return [
        case(train, "rows of features, most are kept", "factor", 0.8, seed=seed),
        case(train, "rows of features, few are kept", "factor", 0.3, seed=seed + 5),
        case(train, "images", "factor", 0.7, shape=(4, 5, 6, 7), seed=seed),
        case(train, "integers", "factor", 0.6, shape=(20, 30), integer=True, seed=seed),
        case(train, "most are kept", "share kept", 0.8, seed=seed + 1),
        case(train, "few are kept", "share kept", 0.3, seed=seed + 2),
        case(train, "each value by itself", "lines alike", 0.6, seed=seed + 3),
        case(seeds, "the same seed twice", "same seed", 0.5, seed=seed),
        case(seeds, "another seed", "other seed", 0.5, seed=seed),
        case(seeds, "no seed, twice", "no seed", 0.5),
        case(test, "rows of features", "factor", 0.7, "test"),
        case(test, "rows of features, how many are left", "share kept", 0.7, "test"),
        case(test, "images, a seed", "factor", 0.3, "test", (4, 5, 6, 7), seed=seed),
    ]


def draw_backward(rng):
    seed = int(rng.integers(0, 10**6))

    def case(group, kind, part, p, mode="train", shape=(20, 30), **settings):
        x, dout = away_from_zero(rng, shape), away_from_zero(rng, shape)
        if "seed" not in settings and mode == "train":
            dout = np.full(shape, 3.0)  # so that a mistake looks the same whatever is drawn
        return Case(group, kind, (dout, x, {"p": p, "mode": mode, **settings}, part, "dropout_forward"))

    return [
        case("training", "what was kept", "kept", 0.8, seed=seed),
        case("training", "what was dropped", "dropped", 0.8, seed=seed),
        case("training", "what was kept, images", "kept", 0.3, shape=(2, 5, 6, 7), seed=seed + 1),
        case("training", "what was dropped, images", "dropped", 0.3, shape=(2, 5, 6, 7), seed=seed + 1),
        case("training", "what was kept, no seed", "kept", 0.6),
        case("training", "what was dropped, no seed", "dropped", 0.6),
        case("testing", "rows of features", "dx", 0.7, "test", (5, 6)),
        case("testing", "images, a seed", "dx", 0.3, "test", (2, 3, 4, 5), seed=seed),
    ]


def wrong(name, sentence, *changes, anchor="backprop-dropout"):
    return Mistake(name, sentence, anchor, rewrite(dropout_forward, *changes))


MASK = "mask = (generator.random_sample(x.shape) < p) / p"
GENERATOR = "generator = np.random.RandomState(seed)"
TRAIN = 'if mode == "train":'
RETURN = "return out, (mode, mask)"
TEST_SCALED = 'if mode == "test":\n        out = x * p\n    ' + TRAIN
SHORT = np.array([[1.0, -2, 3], [4, 5, -6]])

DROPOUT_FORWARD = Exercise(
    id="hw4.dropout_forward",
    function="dropout_forward",
    points=4,
    anchor="backprop-dropout",
    probe="dropout",
    reference=cs231n.dropout_forward,
    groups={"training": 2, "seeds": 1, "testing": 1},
    examples=(Case("training", "none is dropped", (SHORT, {"p": 1.0, "mode": "train", "seed": 1}, "out")),),
    draw=draw_forward,
    mistakes=(
        wrong(
            "p as the probability to drop",
            "You drop with probability p. Here, as in CS231n, p is the probability to keep; PyTorch's p is the other one.",
            (MASK, "mask = (generator.random_sample(x.shape) < 1 - p) / max(1 - p, 1e-9)"),
        ),
        wrong(
            "mask turned round",
            "You keep a value where the random number is above p. That keeps a share of 1 - p: p is the probability to keep.",
            (MASK, "mask = (generator.random_sample(x.shape) > p) / p"),
        ),
        wrong(
            "not scaled",
            "You do not divide what is kept by p. Then the sums of the next layer are smaller in training than in testing.",
            (MASK, "mask = (generator.random_sample(x.shape) < p) * 1.0"),
        ),
        wrong(
            "scaled twice",
            "You divide by p twice. Once is enough, for the mean to stay.",
            (MASK, "mask = (generator.random_sample(x.shape) < p) / p**2"),
        ),
        wrong(
            "multiplied by p",
            "You multiply what is kept by p. Divide by it, for the mean to stay.",
            (MASK, "mask = (generator.random_sample(x.shape) < p) * p"),
        ),
        wrong(
            "divided by 1 - p",
            "You divide what is kept by 1 - p. A share of p is kept, so divide by p.",
            (MASK, "mask = (generator.random_sample(x.shape) < p) / max(1 - p, 1e-9)"),
        ),
        wrong(
            "scaled in testing too",
            "You multiply by p in testing, though training divides by it already. One of the two: here it is training, so that testing passes x on as it is.",
            (TRAIN, TEST_SCALED),
        ),
        wrong(
            "scaled in testing instead",
            "You scale in testing instead of training. That is dropout's first form; here it is inverted: divide by p in training, and in testing pass x on as it is.",
            (MASK, "mask = (generator.random_sample(x.shape) < p) * 1.0"),
            (TRAIN, TEST_SCALED),
        ),
        wrong(
            "dropped in testing",
            "You drop in testing, too. There x passes as it is.",
            (TRAIN, "if True:"),
        ),
        wrong(
            "training and testing exchanged",
            "You drop in testing and not in training. It is the other way round.",
            (TRAIN, 'if mode == "test":'),
        ),
        wrong(
            "never dropped", "You never drop anything. In training, drop with probability 1 - p.", (TRAIN, "if False:")
        ),
        wrong(
            "seed ignored",
            "You make no use of the seed. With one, the mask is the same every time.",
            (GENERATOR, "generator = np.random.RandomState()"),
        ),
        wrong(
            "always the same seed",
            "Your mask is always the same, whatever the seed. Use dropout_param's, and where there is none a new mask each time.",
            (GENERATOR, "generator = np.random.RandomState(0)"),
        ),
        wrong(
            "a seed where there is none",
            "Without a seed your mask is the same every time. Draw a new one.",
            (GENERATOR, "generator = np.random.RandomState(0 if seed is None else seed)"),
        ),
        wrong(
            "whole rows dropped",
            "You draw once for each image. Draw for every value: the mask has the shape of x.",
            (MASK, MASK.replace("x.shape", "(len(x),) + (1,) * (x.ndim - 1)")),
        ),
        wrong(
            "one mask for the batch",
            "You draw one mask for the whole batch. Draw for every image anew: the mask has the shape of x.",
            (MASK, MASK.replace("x.shape", "x.shape[1:]")),
        ),
        wrong(
            "normal random numbers",
            "You compare p with normally distributed numbers. They must be uniform between 0 and 1: np.random.rand, not randn.",
            (MASK, MASK.replace("random_sample(x.shape)", "standard_normal(x.shape)")),
        ),
        wrong(
            "always half",
            "You keep one half, whatever p is.",
            (MASK, MASK.replace("< p)", "< 0.5)")),
        ),
        wrong(
            "cut to integers",
            "Your result takes the dtype of x, so integers cut the decimals off. Make it of floats.",
            ("out = x * mask", "out = (x * mask).astype(x.dtype)"),
            anchor="backprop-testing",
        ),
        wrong(
            "mask alone",
            "You return the mask. Multiply x by it.",
            ("out = x * mask", "out = mask"),
        ),
        wrong(
            "out alone",
            "You return out alone. Return a tuple of two: out, cache.",
            (RETURN, "return out"),
            anchor="backprop-layers",
        ),
        wrong(
            "x changed",
            "You change the array x: x *= mask writes into the caller's array.",
            (RETURN, "x[:] = out\n    " + RETURN),
            anchor="backprop-layers",
        ),
    ),
    variants={
        "a mask with its scale": dropout_forward,
        "NumPy's global generator": starter_forward,
        "another generator, a list, single precision": kept_forward,
        "binomial draws, nested lists": binomial_forward,
    },
)


def wrong_back(name, sentence, *changes, anchor="backprop-dropout"):
    return Mistake(name, sentence, anchor, rewrite(dropout_backward, *changes))


DX, BACK = "dx = dout * mask", "return dx"
DROPOUT_BACKWARD = Exercise(
    id="hw4.dropout_backward",
    function="dropout_backward",
    points=2,
    anchor="backprop-dropout",
    probe="dropout_slopes",
    reference=cs231n.dropout_backward,
    groups={"training": 2, "testing": 1},
    examples=(
        Case(
            "testing",
            "six values",
            (SHORT, SHORT + 0.5, {"p": 0.5, "mode": "test"}, "dx", "dropout_forward"),
        ),
    ),
    draw=draw_backward,
    mistakes=(
        wrong_back(
            "mask forgotten",
            "Your backward pass forgets the mask. What was dropped gets no gradient, the rest is divided by p.",
            (DX, "dx = dout"),
        ),
        wrong_back(
            "not scaled",
            "Where a value was kept, you pass dout on as it is. The forward pass divided by p, so divide here too.",
            (DX, "dx = dout * (mask > 0)"),
        ),
        wrong_back(
            "scaled but not masked",
            "You divide by p everywhere. What was dropped gets no gradient.",
            (DX, "dx = dout * mask.max()"),
        ),
        wrong_back(
            "scaled twice",
            "You divide by p twice. Once is what the forward pass did.",
            (DX, "dx = dout * mask * mask"),
        ),
        wrong_back(
            "multiplied by p",
            "You multiply by p where the forward pass divided. The derivative of x / p is 1 / p.",
            (DX, "dx = dout * (mask > 0) / mask.max()"),
        ),
        wrong_back(
            "mask turned round",
            "You send the gradient to what was dropped. It goes to what was kept.",
            (DX, "dx = dout * (mask.max() - mask)"),
        ),
        wrong_back(
            "another mask",
            "You draw a new mask. The gradient goes the way the values went: keep the mask in the cache.",
            (DX, "dx = dout * np.random.RandomState(7).permutation(mask.ravel()).reshape(mask.shape)"),
        ),
        wrong_back(
            "mask alone", "dout makes no difference: you return the mask. Multiply dout by it.", (DX, "dx = mask * 1.0")
        ),
        wrong_back(
            "averaged over the batch",
            "You divide by the number of images. Every image's dx is its own.",
            (BACK, "return dx / len(dx)"),
        ),
        wrong_back(
            "nothing in testing",
            "In testing you return zeros. There x passed as it was, and so does dout.",
            (BACK, 'return dx if mode == "train" else dx * 0'),
        ),
        wrong_back(
            "dout changed",
            "You change the array dout: dout *= mask writes into the caller's array.",
            (BACK, "dout[:] = 0\n    return dx"),
            anchor="backprop-layers",
        ),
    ),
    variants={
        "the mask": dropout_backward,
        "the parameters in the cache": beside(starter_backward, dropout_forward=starter_forward),
        "a factor for each value, single precision": beside(kept_backward, dropout_forward=kept_forward),
        "binomial draws, nested lists": beside(binomial_backward, dropout_forward=binomial_forward),
    },
    partners=("dropout_forward",),
    builds_on=("hw4.dropout_forward",),
)
