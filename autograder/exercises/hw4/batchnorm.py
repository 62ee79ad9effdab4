"""Exercises spatial_batchnorm_forward and spatial_batchnorm_backward."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4 import norm_mistakes
from autograder.exercises.hw4.batchnorm_answers import (
    BACKWARD,
    FORWARD,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from autograder.exercises.hw4.conv import apart
from convbook.kernels import cs231n


def layer(rng, shape, mode, running=True, integer=False, spread=3.0, **settings):
    """Inputs ``x, gamma, beta, bn_param``; channels differ in mean and spread, images and rows too.

    No mean is far above its spread, which would cost single precision its digits.
    """
    n, c, h, w = shape = tuple(map(int, shape))
    place = rng.uniform(-2, 2, (1, c, 1, 1)) + rng.uniform(-1, 1, (n, 1, 1, 1)) + rng.uniform(-1, 1, (1, 1, h, w))
    x = place + rng.normal(size=shape) * rng.uniform(0.4, 1, (1, c, 1, 1)) * spread
    if integer:
        x = rng.integers(0, 256, shape, dtype=np.uint8)
    bn_param = {"mode": mode, **settings}
    if running:
        bn_param |= {"running_mean": rng.normal(size=c) * 2, "running_var": rng.uniform(0.5, 6, c)}
    gamma = rng.uniform(0.5, 2, c) * rng.choice([-1.0, 1.0], c)
    return x, gamma, rng.normal(size=c) * 2, bn_param


def draw_forward(rng):
    def case(part, group, kind, shape, mode, calls=1, **settings):
        inputs = layer(rng, shape, mode, **settings)
        return Case(group, kind, (*inputs, part, calls))

    train, test, running, eps = "training", "testing", "running statistics", "eps"
    sizes = [2, *apart(rng, 3, 6, 3)]
    cases = [
        case("out", train, "several images and channels", sizes, "train"),
        case("out", train, "the first batch: no running statistics yet", (3, 2, 4, 5), "train", running=False),
        case("out", train, "one image", (1, 3, 4, 5), "train"),
        case("out", train, "as many images as channels, square", (3, 3, 4, 4), "train"),
        case("out", train, "all four axes alike", (3, 3, 3, 3), "train"),
        case("out", train, "image of integers", (2, 3, 4, 5), "train", integer=True),
        case("out", train, "another momentum", (3, 2, 5, 4), "train", momentum=0.5),
        case("out", test, "several images and channels", sizes, "test"),
        case("out", test, "one image", (1, 3, 4, 5), "test"),
        case("out", test, "all four axes alike", (3, 3, 3, 3), "test"),
        case("out", test, "image of integers", (2, 4, 3, 5), "test", integer=True),
        case("out", eps, "a large eps in training", (2, 3, 4, 5), "train", eps=float(rng.uniform(0.5, 2))),
        case("out", eps, "a large eps in testing", (2, 3, 4, 5), "test", eps=float(rng.uniform(0.5, 2))),
        case("out", eps, "an eps of 0.1 in training", (3, 2, 5, 4), "train", eps=0.1),
    ]
    flat = layer(rng, (2, 3, 4, 5), "train")
    flat[0][:, 1] = rng.integers(2, 9)  # whole, so that single precision finds the mean exactly
    cases.append(Case(eps, "a channel of equal values", (*flat, "out", 1)))
    for part in ("running_mean", "running_var"):
        cases += [
            case(part, running, "after a batch", sizes, "train"),
            case(part, running, "after the first batch", (3, 2, 4, 5), "train", running=False),
            case(part, running, "after two batches, another momentum", (2, 3, 4, 5), "train", 2, momentum=0.7),
            case(part, running, "after testing", (3, 2, 5, 4), "test"),
            case(part, running, "after a batch, a large eps", (3, 2, 5, 4), "train", eps=0.5),
            case(part, running, "after a batch of few values", (2, 3, 1, 2), "train"),
        ]
    return cases


NAMES = ("dx", "dgamma", "dbeta")


def draw_backward(rng):
    def case(part, group, kind, shape, mode, **settings):
        inputs = layer(rng, shape, mode, **settings)
        x = inputs[0]
        # a part along x, so that dgamma is no small difference of large sums
        dout = rng.normal(size=x.shape) + rng.uniform(-0.5, 0.5, (1, x.shape[1], 1, 1)) + x / x.std() / 2
        return Case(group, kind, (dout, inputs, NAMES, part, "spatial_batchnorm_forward"))

    sizes = [2, *apart(rng, 3, 6, 3)]
    cases = []
    for part, group in (("dx", "dx"), ("dgamma", "dgamma and dbeta"), ("dbeta", "dgamma and dbeta")):
        cases += [
            case(part, group, "several images and channels", sizes, "train"),
            case(part, group, "as many images as channels, square", (3, 3, 4, 4), "train"),
            case(part, group, "all four axes alike", (3, 3, 3, 3), "train"),
            case(part, "a large eps", "few values a channel", (2, 3, 1, 2), "train", eps=0.5),
        ]
    return [
        *cases,
        case("dx", "dx", "one image", (1, 3, 4, 5), "train"),
        case("dx", "dx", "small spread", (3, 2, 4, 5), "train", spread=1.0),
        case("dx", "a large eps", "in training", (3, 2, 4, 5), "train", eps=0.5),
        case("dx", "dx", "image of integers", (2, 3, 4, 5), "train", integer=True),
        case("dx", "testing", "several images and channels", sizes, "test"),
        case("dgamma", "testing", "several images and channels", sizes, "test"),
        case("dx", "a large eps", "in testing", (3, 2, 5, 4), "test", eps=1.0),
    ]


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(spatial_batchnorm_forward, *changes))


shared = norm_mistakes.shared_by(
    norm_mistakes.FORWARD,
    spatial_batchnorm_forward,
    values="values",
    part="channel",
    settings="bn_param",
    axes="(0, 2, 3)",
)


MEAN, VAR = "mean = x.mean(axis=(0, 2, 3))", "var = x.var(axis=(0, 2, 3))"
INV = "inv_std = 1 / np.sqrt(var + eps)"
MOVE_MEAN = "running_mean = momentum * running_mean + (1 - momentum) * mean"
MOVE_VAR = "running_var = momentum * running_var + (1 - momentum) * var"
XHAT = "xhat = (x - mean.reshape(1, C, 1, 1)) * inv_std.reshape(1, C, 1, 1)"
OUT = "out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)"
STORE = 'bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var'


def other_axes(name, anchor, sentence, axes):
    """Statistics over other axes; the running ones stay the right ones, so that the output alone is wrong."""
    changed = f"\n    if mode == 'train':\n        mean, var = x.mean(axis={axes}, keepdims=True), x.var(axis={axes}, keepdims=True)"
    return wrong(
        name,
        anchor,
        sentence,
        (
            INV,
            INV.replace(
                "inv_std", f"mean, var = mean.reshape(1, C, 1, 1), var.reshape(1, C, 1, 1){changed}\n    inv_std", 1
            ),
        ),
        (XHAT, "xhat = (x - mean) * inv_std"),
    )


FORWARD_MISTAKES = (
    other_axes(
        "statistics by image",
        "norms",
        "You take mean and variance of each image by itself: that is instance norm. Batch norm takes them over the batch too: axes 0, 2 and 3.",
        (2, 3),
    ),
    other_axes(
        "statistics by pixel",
        "norms",
        "You take mean and variance over the batch alone, for each pixel by itself. Batch norm of images takes them over rows and columns too: axes 0, 2 and 3.",
        (0,),
    ),
    other_axes(
        "statistics by image over channels",
        "norms",
        "You take mean and variance over each image's channels, rows and columns: that is layer norm. Batch norm keeps channels apart: axes 0, 2 and 3.",
        (1, 2, 3),
    ),
    other_axes(
        "statistics over channels",
        "norms",
        "You take mean and variance over the channels of each pixel. Batch norm keeps channels apart: axes 0, 2 and 3.",
        (1,),
    ),
    other_axes(
        "one mean for all",
        "norms",
        "You take one mean and one variance for everything. Each channel has its own: axes 0, 2 and 3.",
        (0, 1, 2, 3),
    ),
    other_axes(
        "axes as if channels came last",
        "batchnorm",
        "You take the axes 0, 1 and 2, as if channels came last. Here they are axis 1: take 0, 2 and 3.",
        (0, 1, 2),
    ),
    wrong(
        "divided by the number of images",
        "batchnorm",
        "Your variance divides by the number of images. The mean is over N * H * W values.",
        (VAR, "var = ((x - mean.reshape(1, C, 1, 1)) ** 2).sum(axis=(0, 2, 3)) / N"),
    ),
    wrong(
        "mean divided by the number of images",
        "batchnorm",
        "Your mean divides by the number of images. It is over N * H * W values.",
        (MEAN, "mean = x.sum(axis=(0, 2, 3)) / N"),
        (VAR, "var = ((x - mean.reshape(1, C, 1, 1)) ** 2).sum(axis=(0, 2, 3)) / N"),
    ),
    shared("divided by one less", "batchnorm"),
    shared("mean not subtracted", "batchnorm", (XHAT, "xhat = x * inv_std.reshape(1, C, 1, 1)")),
    shared("no root", "batchnorm"),
    shared("eps outside the root", "batchnorm"),
    shared("eps missing", "batchnorm"),
    shared("eps in training only", "batchnorm"),
    shared("eps in testing only", "batchnorm"),
    shared("eps fixed", "batchnorm"),
    wrong(
        "eps in running_var",
        "running",
        "Your running_var holds eps too. It averages the variance itself; eps is added when dividing.",
        (MOVE_VAR, MOVE_VAR.replace("* var", "* (var + eps)")),
    ),
    shared("testing with the batch's statistics", "running"),
    wrong(
        "training with the running statistics",
        "running",
        "When training you normalise with the running mean and variance. Use the batch's own; the running ones are for testing.",
        (MOVE_MEAN, "old = running_mean, running_var\n        " + MOVE_MEAN),
        (MOVE_VAR, MOVE_VAR + "\n        mean, var = old"),
    ),
    shared("testing without normalising", "running"),
    shared("momentum the other way round", "running"),
    shared("momentum fixed", "running"),
    wrong(
        "momentum of the old value alone",
        "running",
        "You add all of the batch's value to momentum times the old one. The new value counts 1 - momentum.",
        (MOVE_MEAN, "running_mean = momentum * running_mean + mean"),
        (MOVE_VAR, "running_var = momentum * running_var + var"),
    ),
    shared("running_var not updated", "running"),
    shared("running_mean not updated", "running"),
    wrong(
        "variance about the running mean",
        "running",
        "Your running variance averages the squares about the running mean. It averages the batch's own variance, about the batch's own mean.",
        (MOVE_MEAN, "old = running_mean\n        " + MOVE_MEAN),
        (MOVE_VAR, MOVE_VAR.replace("* var", "* (var + (mean - old) ** 2)")),
    ),
    wrong(
        "training with statistics moved already",
        "running",
        "When training you normalise with the running values that you have just moved. Use the batch's own mean and variance.",
        (INV, "mean, var = running_mean, running_var\n    inv_std = 1 / np.sqrt(var + eps)"),
    ),
    wrong(
        "mode taken out of bn_param",
        "running",
        "You take an entry out of bn_param (pop?). The next call needs it, too.",
        ('bn_param["mode"]', 'bn_param.pop("mode")'),
    ),
    wrong(
        "testing without gamma and beta",
        "running",
        "When testing you do not scale and shift. gamma and beta belong to both modes.",
        (OUT, OUT + "\n    out = out if mode == 'train' else xhat"),
    ),
    shared("squares of 8-bit integers", "testing", (VAR, "var = (x * x).mean(axis=(0, 2, 3)) - mean**2")),
    shared("eps squared", "batchnorm"),
    wrong(
        "running statistics not stored",
        "running",
        "You compute the running statistics but do not put them into bn_param, where the next call looks for them.",
        (STORE, ""),
    ),
    wrong(
        "running statistics replaced",
        "running",
        "Your running statistics are those of the last batch. They keep momentum of the old value.",
        (MOVE_MEAN, "running_mean = mean"),
        (MOVE_VAR, "running_var = var"),
    ),
    wrong(
        "running statistics begin with the first batch",
        "running",
        "Where bn_param holds no running statistics yet you begin with the batch's own. They begin with zeros.",
        ('bn_param.get("running_mean", np.zeros(C))', 'bn_param.get("running_mean", x.mean(axis=(0, 2, 3)))'),
        ('bn_param.get("running_var", np.zeros(C))', 'bn_param.get("running_var", x.var(axis=(0, 2, 3)))'),
    ),
    wrong(
        "running_var begins with ones",
        "running",
        "Your running_var begins with ones, as PyTorch's does. Here both begin with zeros, as in CS231n.",
        ('bn_param.get("running_var", np.zeros(C))', 'bn_param.get("running_var", np.ones(C))'),
    ),
    wrong(
        "running statistics required",
        "running",
        "You expect running statistics in bn_param. Before the first batch there are none: bn_param.get(name, np.zeros(C)).",
        ('bn_param.get("running_mean", np.zeros(C))', 'bn_param["running_mean"]'),
    ),
    wrong(
        "running statistics with four axes",
        "running",
        "Your running statistics have shape (1, C, 1, 1). Store them with shape (C,).",
        (
            STORE,
            STORE.replace(
                "= running_mean, running_var", "= running_mean.reshape(1, C, 1, 1), running_var.reshape(1, C, 1, 1)"
            ),
        ),
    ),
    wrong(
        "running statistics one number",
        "running",
        "Your running statistics are one number for all channels. Each channel has its own: shape (C,).",
        (STORE, STORE.replace("= running_mean, running_var", "= running_mean.mean(), running_var.mean()")),
    ),
    wrong(
        "running standard deviation",
        "running",
        "Your running_var averages standard deviations. It averages variances.",
        (MOVE_VAR, MOVE_VAR.replace("* var", "* np.sqrt(var)")),
    ),
    wrong(
        "unbiased running_var",
        "running",
        "Your running_var averages the unbiased variance, as PyTorch's does. Here it averages the variance that normalises, over N * H * W, as in CS231n.",
        (MOVE_VAR, MOVE_VAR.replace("* var", "* x.var(axis=(0, 2, 3), ddof=1)")),
    ),
    wrong(
        "running statistics updated in testing",
        "running",
        "You update the running statistics when testing too. Testing changes nothing.",
        (
            "var = running_var\n",
            "var = running_var\n        running_mean = momentum * running_mean + (1 - momentum) * x.mean(axis=(0, 2, 3))\n        running_var = momentum * running_var + (1 - momentum) * x.var(axis=(0, 2, 3))\n",
        ),
    ),
    wrong(
        "running statistics cleared in testing",
        "running",
        "Testing clears the running statistics. It changes nothing.",
        (
            STORE,
            STORE.replace(
                "= running_mean, running_var", "= running_mean * (mode == 'train'), running_var * (mode == 'train')"
            ),
        ),
    ),
    shared("gamma missing", "batchnorm"),
    shared("beta missing", "batchnorm"),
    shared(
        "gamma and beta swapped",
        "batchnorm",
        (OUT, "out = beta.reshape(1, C, 1, 1) * xhat + gamma.reshape(1, C, 1, 1)"),
    ),
    wrong(
        "gamma along the columns",
        "batchnorm",
        "gamma * xhat with gamma of shape (C,) lays gamma along the last axis, the image's columns. Reshape gamma and beta to (1, C, 1, 1).",
        (OUT, "out = gamma * xhat + beta"),
    ),
    wrong(
        "shifted before scaling",
        "batchnorm",
        "You add beta before you scale. First gamma, then beta.",
        (OUT, "out = gamma.reshape(1, C, 1, 1) * (xhat + beta.reshape(1, C, 1, 1))"),
    ),
    wrong(
        "scrambled reshape",
        "batchnorm",
        "You reshape to rows of C values without moving the channel axis, so pixels of different channels are mixed. Transpose to (N, H, W, C) first.",
        ("N, C, H, W = x.shape", "N, C, H, W = x.shape\n    shape, x = x.shape, x.reshape(-1, C)[:, :, None, None]"),
        ("return out,", "return out.reshape(shape),"),
    ),
    shared("x changed", "layers"),
    shared("cache not returned", "layers", ("return out, (xhat, inv_std, gamma, mode, x, eps)", "return out")),
)

SMALL = np.array([[[[1.0, 2]]], [[[3.0, 4]]]])

SPATIAL_BATCHNORM_FORWARD = Exercise(
    id="hw4.spatial_batchnorm_forward",
    function="spatial_batchnorm_forward",
    points=3,
    anchor="backprop-batchnorm",
    probe="batchnorm",
    reference=cs231n.spatial_batchnorm_forward,
    groups={"training": 3, "testing": 2, "running statistics": 2, "eps": 1},
    examples=(
        Case("training", "the values 1, 2, 3, 4", (SMALL, np.ones(1), np.zeros(1), {"mode": "train"}, "out", 1)),
        Case(
            "running statistics",
            "the values 1, 2, 3, 4",
            (SMALL, np.ones(1), np.zeros(1), {"mode": "train"}, "running_var", 1),
        ),
    ),
    draw=draw_forward,
    mistakes=FORWARD_MISTAKES,
    variants=FORWARD,
    builds_on=("hw4.batchnorm_forward",),
)


def wrong_back(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(spatial_batchnorm_backward, *changes))


shared_back = norm_mistakes.shared_by(
    norm_mistakes.BACKWARD,
    spatial_batchnorm_backward,
    gamma="gamma.reshape(1, C, 1, 1)",
    inv="inv_std.reshape(1, C, 1, 1)",
)


DX = "dx = (dxhat - through_mean - through_var) * inv_std.reshape(1, C, 1, 1)"
THROUGH_MEAN = "through_mean = dxhat.sum(axis=(0, 2, 3), keepdims=True) / m"
THROUGH_VAR = "through_var = xhat * (dxhat * xhat).sum(axis=(0, 2, 3), keepdims=True) / m"
DGAMMA, DBETA = "dgamma = (dout * xhat).sum(axis=(0, 2, 3))", "dbeta = dout.sum(axis=(0, 2, 3))"
RETURN = "return dx, dgamma, dbeta"


def back_axes(name, anchor, sentence, axes, count):
    return wrong_back(
        name,
        anchor,
        sentence,
        ("m = N * H * W", f"m = {count}"),
        (THROUGH_MEAN, THROUGH_MEAN.replace("(0, 2, 3)", axes)),
        (THROUGH_VAR, THROUGH_VAR.replace("(0, 2, 3)", axes)),
    )


BACKWARD_MISTAKES = (
    wrong_back(
        "mean and variance as constants",
        "batchnorm",
        "You treat mean and variance as constants. Each value moves its channel's mean and variance, and with them all others: two paths are missing in dx.",
        (DX, "dx = dxhat * inv_std.reshape(1, C, 1, 1)"),
    ),
    shared_back("path through the mean missing", "batchnorm"),
    shared_back("path through the variance missing", "batchnorm"),
    shared_back("path through the mean with the wrong sign", "batchnorm"),
    shared_back("path through the variance with the wrong sign", "batchnorm"),
    shared_back("path through the variance halved", "batchnorm"),
    shared_back("path through the variance doubled", "batchnorm"),
    back_axes(
        "divided by the number of images",
        "batchnorm",
        "Your dx divides by the number of images. A channel has N * H * W values.",
        "(0, 2, 3)",
        "N",
    ),
    back_axes(
        "divided by the pixels",
        "batchnorm",
        "Your dx divides by H * W. A channel has N * H * W values.",
        "(0, 2, 3)",
        "H * W",
    ),
    wrong_back(
        "path through the mean not divided",
        "batchnorm",
        "The path through the mean counts N * H * W times too much in your dx: the mean divides by N * H * W, and so does its derivative.",
        (THROUGH_MEAN, THROUGH_MEAN.replace(" / m", "")),
    ),
    wrong_back(
        "path through the variance not divided",
        "batchnorm",
        "The path through the variance counts N * H * W times too much in your dx: the variance divides by N * H * W, and so does its derivative.",
        (THROUGH_VAR, THROUGH_VAR.replace(" / m", "")),
    ),
    wrong_back(
        "path through the variance without gamma",
        "batchnorm",
        "The path through the variance lacks gamma in your dx. All three paths start from dxhat = dout * gamma.",
        (THROUGH_VAR, THROUGH_VAR.replace("(dxhat * xhat)", "(dout * xhat)")),
    ),
    wrong_back(
        "path through the mean without gamma",
        "batchnorm",
        "The path through the mean lacks gamma in your dx. All three paths start from dxhat = dout * gamma.",
        (THROUGH_MEAN, THROUGH_MEAN.replace("dxhat.sum", "dout.sum")),
    ),
    shared_back("path through the variance with a wrong power", "batchnorm"),
    back_axes(
        "sums instead of means",
        "batchnorm",
        "Your dx adds up where it should average: divide by N * H * W.",
        "(0, 2, 3)",
        "1",
    ),
    back_axes(
        "divided by one less",
        "batchnorm",
        "Your dx divides by one less than the number of values.",
        "(0, 2, 3)",
        "max(N * H * W - 1, 1)",
    ),
    back_axes(
        "means by image",
        "norms",
        "Your dx takes its means over each image by itself, as for instance norm. Take them over the axes of the forward pass: 0, 2 and 3.",
        "(2, 3)",
        "H * W",
    ),
    back_axes(
        "means by pixel",
        "norms",
        "Your dx takes its means over the batch alone. Take them over the axes of the forward pass: 0, 2 and 3.",
        "(0,)",
        "N",
    ),
    back_axes(
        "means over channels",
        "norms",
        "Your dx takes its means over the channels too. Take them over the axes of the forward pass: 0, 2 and 3.",
        "(1, 2, 3)",
        "C * H * W",
    ),
    shared_back("gamma missing in dx", "batchnorm"),
    shared_back("not divided by the standard deviation", "batchnorm"),
    shared_back("multiplied by the standard deviation", "batchnorm"),
    shared_back("divided by the variance", "batchnorm"),
    shared_back("eps missing", "batchnorm"),
    shared_back("testing as training", "running", ('if mode == "test":', "if False:")),
    shared_back("dgamma with x", "batchnorm"),
    shared_back("dgamma without xhat", "batchnorm"),
    shared_back("dgamma with gamma", "batchnorm"),
    shared_back("dgamma and dbeta swapped", "batchnorm"),
    wrong_back(
        "dbeta averaged",
        "batchnorm",
        "You average dout for dbeta. Add it up.",
        (RETURN, "return dx, dgamma, dbeta / m"),
    ),
    wrong_back(
        "dgamma averaged",
        "batchnorm",
        "You average for dgamma. Add up: every value of the channel is scaled by the same gamma.",
        (RETURN, "return dx, dgamma / m, dbeta"),
    ),
    wrong_back(
        "dgamma and dbeta averaged",
        "batchnorm",
        "You average for dgamma and dbeta. Add up: every value of the channel is scaled by the same gamma.",
        (RETURN, "return dx, dgamma / m, dbeta / m"),
    ),
    shared_back("dgamma and dbeta averaged over the batch", "batchnorm"),
    wrong_back(
        "dgamma and dbeta by pixel",
        "batchnorm",
        "Your dgamma and dbeta add up over the batch alone. Add up over rows and columns too: one value a channel remains.",
        (DGAMMA, DGAMMA.replace("(0, 2, 3)", "0")),
        (DBETA, DBETA.replace("(0, 2, 3)", "0")),
    ),
    shared_back("dgamma and dbeta by image", "batchnorm"),
    wrong_back(
        "dgamma and dbeta over channels",
        "batchnorm",
        "Your dgamma and dbeta keep the wrong axis. They have one value a channel: add up over the axes 0, 2 and 3.",
        (DGAMMA, DGAMMA.replace("(0, 2, 3)", "(1, 2, 3)")),
        (DBETA, DBETA.replace("(0, 2, 3)", "(1, 2, 3)")),
    ),
    shared_back("dout changed", "layers"),
    shared_back("dx alone", "layers"),
)


SPATIAL_BATCHNORM_BACKWARD = Exercise(
    id="hw4.spatial_batchnorm_backward",
    function="spatial_batchnorm_backward",
    points=3,
    anchor="backprop-batchnorm",
    probe="backward",
    reference=cs231n.spatial_batchnorm_backward,
    groups={"dx": 3, "dgamma and dbeta": 2, "testing": 1, "a large eps": 1},
    examples=tuple(
        Case(
            "dx" if part == "dx" else "dgamma and dbeta",
            "the values 1, 2, 3, 4",
            (
                np.array([[[[1.0, 0]]], [[[0.0, 0]]]]),
                (SMALL, np.full(1, 2.0), np.zeros(1), {"mode": "train"}),
                NAMES,
                part,
                "spatial_batchnorm_forward",
            ),
        )
        for part in NAMES
    ),
    draw=draw_backward,
    mistakes=BACKWARD_MISTAKES,
    variants=BACKWARD,
    partners=("spatial_batchnorm_forward",),
    builds_on=("hw4.spatial_batchnorm_forward", "hw4.batchnorm_backward", "hw4.batchnorm_backward_alt"),
)
