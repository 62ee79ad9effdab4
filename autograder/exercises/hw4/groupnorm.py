"""Exercises spatial_groupnorm_forward and spatial_groupnorm_backward."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4 import norm_mistakes
from autograder.exercises.hw4.groupnorm_answers import (
    BACKWARD,
    FORWARD,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)
from convbook.kernels import cs231n


def layer(rng, shape, G, integer=False, **settings):
    """Inputs ``x, gamma, beta, G, gn_param``; images, channels and places differ in mean and spread.

    No mean is far above its spread, which would cost single precision its digits.
    """
    n, c, h, w = shape = tuple(map(int, shape))
    place = rng.uniform(-2, 2, (1, c, 1, 1)) + rng.uniform(-1, 1, (n, 1, 1, 1)) + rng.uniform(-1, 1, (1, 1, h, w))
    x = place + rng.normal(size=shape) * rng.uniform(1, 3, (1, c, 1, 1))
    if integer:
        x = rng.integers(0, 256, shape, dtype=np.uint8)
    gamma = rng.uniform(0.5, 2, (1, c, 1, 1)) * rng.choice([-1.0, 1.0], (1, c, 1, 1))
    return x, gamma, rng.normal(size=(1, c, 1, 1)) * 2, int(G), settings


def sizes(rng):
    """Several groups, as different as they may be in number and size."""
    h, w = map(int, rng.choice(np.arange(3, 7), 2, replace=False))
    return [
        ("several groups", "three groups of two channels", (2, 6, h, w), 3),
        ("several groups", "two groups of three channels", (3, 6, h, w), 2),
        ("several groups", "two groups of four channels", (3, 8, 2, w), 2),
        ("several groups", "two groups of two channels, square", (2, 4, 4, 4), 2),
        ("several groups", "two groups of two channels, all axes alike", (4, 4, 4, 4), 2),
        ("one group, or each channel by itself", "one group", (2, 3, h, w), 1),
        ("one group, or each channel by itself", "each channel by itself", (2, 4, h, w), 4),
    ]


def draw_forward(rng):
    def case(group, kind, shape, G, **settings):
        return Case(group, kind, (*layer(rng, shape, G, **settings), ("out", "cache"), "out"))

    cases = [case(*each) for each in sizes(rng)]
    cases += [
        case("several groups", "one image", (1, 6, 3, 4), 3),
        case("several groups", "image of integers", (2, 6, 3, 4), 2, integer=True),
        case("eps", "a large eps", (2, 6, 4, 3), 3, eps=float(rng.uniform(0.5, 2))),
        case("eps", "an eps of 0.1", (3, 4, 2, 5), 2, eps=0.1),
    ]
    flat = layer(rng, (2, 6, 3, 4), 3)
    flat[0][1, 2:4] = rng.integers(2, 9)  # whole, so that single precision finds the mean exactly
    return [*cases, Case("eps", "a group of equal values", (*flat, ("out", "cache"), "out"))]


NAMES = ("dx", "dgamma", "dbeta")


def draw_backward(rng):
    def case(part, kind, shape, G, integer=False, **settings):
        inputs = layer(rng, shape, G, integer, **settings)
        x = inputs[0]
        # a part along x, so that dgamma is no small difference of large sums
        dout = rng.normal(size=x.shape) + rng.uniform(-0.5, 0.5, (1, x.shape[1], 1, 1)) + x / x.std() / 2
        group = "a large eps" if settings else "dx" if part == "dx" else "dgamma and dbeta"
        return Case(group, kind, (dout, inputs, NAMES, part, "spatial_groupnorm_forward"))

    cases = [case(part, *each[1:]) for part in NAMES for each in sizes(rng)]
    return [
        *cases,
        case("dx", "one image", (1, 6, 3, 4), 2),
        case("dx", "image of integers", (2, 6, 3, 4), 3, integer=True),
        case("dx", "three groups", (2, 6, 4, 3), 3, eps=2.0),
        case("dx", "few values a group", (2, 4, 1, 1), 2, eps=0.5),
    ]


GROUPS = "groups = x.reshape(N, G, C // G, H, W)"
OUT = "out = gamma.reshape(1, C, 1, 1) * xhat + beta.reshape(1, C, 1, 1)"
MEAN, VAR = "mean = groups.mean(axis=(2, 3, 4), keepdims=True)", "var = groups.var(axis=(2, 3, 4), keepdims=True)"
XHAT = "xhat = ((groups - mean) * inv_std).reshape(x.shape)"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(spatial_groupnorm_forward, *changes))


shared = norm_mistakes.shared_by(norm_mistakes.FORWARD, spatial_groupnorm_forward, part="group", settings="gn_param")


def other_axes(name, sentence, axes):
    return wrong(
        name, "norms", sentence, (MEAN, MEAN.replace("(2, 3, 4)", axes)), (VAR, VAR.replace("(2, 3, 4)", axes))
    )


FORWARD_MISTAKES = (
    wrong(
        "layer norm",
        "norms",
        "Your G makes no difference: you take mean and variance over all channels of an image. That is layer norm, group norm with one group.",
        (GROUPS, "groups = x.reshape(N, 1, C, H, W)"),
    ),
    wrong(
        "instance norm",
        "norms",
        "You take mean and variance of each channel by itself. That is instance norm, group norm with C groups.",
        (GROUPS, "groups = x.reshape(N, C, 1, H, W)"),
    ),
    wrong(
        "layer norm of each pixel",
        "norms",
        "You take mean and variance over the channels of each pixel. Group norm takes them over rows and columns too.",
        (GROUPS, "groups = x.reshape(N, 1, C, H, W)"),
        (MEAN, MEAN.replace("(2, 3, 4)", "2")),
        (VAR, VAR.replace("(2, 3, 4)", "2")),
    ),
    wrong(
        "batch norm",
        "norms",
        "You take mean and variance of each channel over the batch: that is batch norm. Group norm keeps images apart.",
        (GROUPS, "groups = x[:, :, None]"),
        (MEAN, MEAN.replace("(2, 3, 4)", "(0, 3, 4)")),
        (VAR, VAR.replace("(2, 3, 4)", "(0, 3, 4)")),
    ),
    other_axes(
        "groups over the batch",
        "You take mean and variance of a group over the batch too. Group norm keeps images apart.",
        "(0, 2, 3, 4)",
    ),
    other_axes(
        "one pixel's group",
        "You take mean and variance over a group's channels, for each pixel by itself. Take them over rows and columns too.",
        "2",
    ),
    wrong(
        "G channels in a group",
        "norms",
        "You make groups of G channels. G is the number of groups; each has C // G channels.",
        (GROUPS, "groups = x.reshape(N, C // G, G, H, W)"),
    ),
    wrong(
        "channels dealt out",
        "norms",
        "Your groups take every G-th channel. A group is C // G channels that lie next to each other.",
        (GROUPS, "groups = x.reshape(N, C // G, G, H, W).swapaxes(1, 2)"),
        (XHAT, "xhat = ((groups - mean) * inv_std).swapaxes(1, 2).reshape(x.shape)"),
    ),
    wrong(
        "channels last",
        "norms",
        "You group along the last axis. Channels are axis 1.",
        (GROUPS, "groups = np.moveaxis(x, 1, 3).reshape(N, G, C // G, H, W)"),
        (XHAT, "xhat = np.moveaxis(((groups - mean) * inv_std).reshape(N, H, W, C), 3, 1)"),
    ),
    wrong(
        "groups of images",
        "norms",
        "Your groups run over the batch: a reshape to (G, ...) takes the images first. Keep the images apart: (N, G, C // G, H, W).",
        (GROUPS, "groups = x.reshape(G, -1)"),
        (MEAN, MEAN.replace("(2, 3, 4)", "1")),
        (VAR, VAR.replace("(2, 3, 4)", "1")),
    ),
    wrong(
        "divided by one less",
        "norms",
        "Your variance divides by one less than the number of values (ddof=1). Take the plain mean of the squares.",
        (VAR, VAR.replace("keepdims=True", "ddof=1, keepdims=True")),
    ),
    wrong(
        "divided by the pixels",
        "norms",
        "Your variance divides by H * W. A group has C // G * H * W values.",
        (VAR, "var = ((groups - mean) ** 2).sum(axis=(2, 3, 4), keepdims=True) / (H * W)"),
    ),
    shared(
        "squares of 8-bit integers",
        "testing",
        (VAR, "var = (groups * groups).mean(axis=(2, 3, 4), keepdims=True) - mean**2"),
    ),
    shared("eps squared", "norms"),
    shared("no root", "norms"),
    shared("eps outside the root", "norms"),
    shared("eps missing", "norms"),
    shared("eps fixed", "norms"),
    wrong(
        "eps required",
        "norms",
        "You expect eps in gn_param. Where it is missing it is 1e-5: gn_param.get('eps', 1e-5).",
        ('gn_param.get("eps", 1e-5)', 'gn_param["eps"]'),
    ),
    shared("mean not subtracted", "norms", (XHAT, XHAT.replace("(groups - mean)", "groups"))),
    shared("gamma missing", "norms"),
    shared("beta missing", "norms"),
    shared("gamma and beta swapped", "norms", (OUT, "out = beta * xhat + gamma")),
    wrong(
        "one gamma for each group",
        "norms",
        "You use one gamma and one beta for a whole group. Each channel has its own.",
        (OUT, "out = np.repeat(gamma[:, :: C // G], C // G, 1) * xhat + np.repeat(beta[:, :: C // G], C // G, 1)"),
    ),
    wrong(
        "five axes",
        "norms",
        "Your output still has the axis of groups. Reshape it to (N, C, H, W).",
        ("return out,", "return out.reshape(N, G, C // G, H, W),"),
    ),
    shared("x changed", "layers"),
    shared("cache not returned", "layers", ("return out, (xhat, inv_std, gamma, G, x, eps)", "return out")),
)

SMALL = np.array([1.0, 3, 10, 30]).reshape(1, 4, 1, 1)
ONES = np.ones((1, 4, 1, 1))

SPATIAL_GROUPNORM_FORWARD = Exercise(
    id="hw4.spatial_groupnorm_forward",
    function="spatial_groupnorm_forward",
    points=3,
    anchor="backprop-norms",
    probe="several",
    reference=cs231n.spatial_groupnorm_forward,
    groups={"several groups": 3, "one group, or each channel by itself": 1, "eps": 1},
    examples=(
        Case("several groups", "the channels 1, 3 and 10, 30", (SMALL, ONES, 0 * ONES, 2, {}, ("out", "cache"), "out")),
    ),
    draw=draw_forward,
    mistakes=FORWARD_MISTAKES,
    variants=FORWARD,
    builds_on=("hw4.layernorm_forward",),
)


def wrong_back(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(spatial_groupnorm_backward, *changes))


shared_back = norm_mistakes.shared_by(
    norm_mistakes.BACKWARD, spatial_groupnorm_backward, gamma="gamma.reshape(1, C, 1, 1)", inv="inv_std"
)


DX = "dx = ((dxhat - through_mean - through_var) * inv_std).reshape(dout.shape)"
COUNT = "m = C // G * H * W"
DXHAT = "dxhat = (dout * gamma.reshape(1, C, 1, 1)).reshape(N, G, C // G, H, W)"
THROUGH_MEAN = "through_mean = dxhat.sum(axis=(2, 3, 4), keepdims=True) / m"
THROUGH_VAR = "through_var = xhat * (dxhat * xhat).sum(axis=(2, 3, 4), keepdims=True) / m"
RETURN = "return dx, dgamma, dbeta"


def back_axes(name, sentence, axes, count):
    return wrong_back(
        name,
        "norms",
        sentence,
        (COUNT, f"m = {count}"),
        (THROUGH_MEAN, THROUGH_MEAN.replace("(2, 3, 4)", axes)),
        (THROUGH_VAR, THROUGH_VAR.replace("(2, 3, 4)", axes)),
    )


BACKWARD_MISTAKES = (
    wrong_back(
        "mean and variance as constants",
        "norms",
        "You treat mean and variance as constants. Each value moves its group's mean and variance, and with them all others: two paths are missing in dx.",
        (DX, DX.replace(" - through_mean - through_var", "")),
    ),
    shared_back("path through the mean missing", "norms"),
    shared_back("path through the variance missing", "norms"),
    shared_back("path through the variance with the wrong sign", "norms"),
    shared_back("path through the mean with the wrong sign", "norms"),
    wrong_back(
        "divided by the pixels",
        "norms",
        "Your dx divides by H * W. A group has C // G * H * W values.",
        (COUNT, "m = H * W"),
    ),
    wrong_back(
        "path through the mean not divided",
        "norms",
        "The path through the mean counts too much in your dx: the mean divides by the number of values in a group, and so does its derivative.",
        (THROUGH_MEAN, THROUGH_MEAN.replace(" / m", "")),
    ),
    wrong_back(
        "path through the variance not divided",
        "norms",
        "The path through the variance counts too much in your dx: the variance divides by the number of values in a group, and so does its derivative.",
        (THROUGH_VAR, THROUGH_VAR.replace(" / m", "")),
    ),
    shared_back("path through the variance halved", "norms"),
    wrong_back(
        "divided by all of the image",
        "norms",
        "Your dx divides by C * H * W. A group has C // G * H * W values.",
        (COUNT, "m = C * H * W"),
    ),
    wrong_back(
        "divided by the number of images",
        "norms",
        "Your dx divides by the number of images. A group has C // G * H * W values.",
        (COUNT, "m = N"),
    ),
    wrong_back(
        "divided by the batch norm's count",
        "norms",
        "Your dx divides by N * H * W, as batch norm does. A group has C // G * H * W values.",
        (COUNT, "m = N * H * W"),
    ),
    wrong_back(
        "sums instead of means",
        "norms",
        "Your dx adds up where it should average: divide by the number of values in a group.",
        (COUNT, "m = 1"),
    ),
    back_axes(
        "means by channel",
        "Your dx takes its means over each channel by itself. Take them over the group, as the forward pass does.",
        "(3, 4)",
        "H * W",
    ),
    back_axes(
        "means of the layer",
        "Your dx takes its means over all channels of the image. Take them over the group, as the forward pass does.",
        "(1, 2, 3, 4)",
        "C * H * W",
    ),
    back_axes(
        "means over the batch",
        "Your dx takes its means over the batch too. Each image has groups of its own.",
        "(0, 2, 3, 4)",
        "N * (C // G) * H * W",
    ),
    wrong_back(
        "gamma after the means",
        "norms",
        "You multiply by gamma last. In batch norm that is the same; here gamma differs within a group, so it must be in dxhat before the means are taken.",
        (DXHAT, "dxhat = dout.reshape(N, G, C // G, H, W)"),
        (DX, DX + " * gamma.reshape(1, C, 1, 1)"),
    ),
    shared_back("gamma missing in dx", "norms"),
    shared_back("not divided by the standard deviation", "norms"),
    shared_back("divided by the variance", "norms"),
    shared_back("eps missing", "norms"),
    shared_back("dgamma with x", "norms"),
    shared_back("dgamma without xhat", "norms"),
    shared_back("dgamma and dbeta swapped", "norms"),
    shared_back("dgamma and dbeta averaged over the batch", "norms"),
    shared_back("dgamma and dbeta by image", "norms"),
    wrong_back(
        "dgamma and dbeta by group",
        "norms",
        "Your dgamma and dbeta have one value for each group. Each channel has its own.",
        (RETURN, "return dx, dgamma.reshape(G, -1).sum(axis=1), dbeta.reshape(G, -1).sum(axis=1)"),
    ),
    wrong_back(
        "dgamma and dbeta one number",
        "norms",
        "Your dgamma and dbeta are single numbers. Each channel has its own.",
        (RETURN, "return dx, dgamma.sum(), dbeta.sum()"),
    ),
    wrong_back(
        "five axes",
        "norms",
        "Your dx still has the axis of groups. Reshape it to (N, C, H, W).",
        (DX, DX.replace(".reshape(dout.shape)", "")),
    ),
    shared_back("dout changed", "layers"),
    shared_back("dx alone", "layers"),
)

SPATIAL_GROUPNORM_BACKWARD = Exercise(
    id="hw4.spatial_groupnorm_backward",
    function="spatial_groupnorm_backward",
    points=2,
    anchor="backprop-norms",
    probe="backward",
    reference=cs231n.spatial_groupnorm_backward,
    groups={"dx": 2, "dgamma and dbeta": 1, "a large eps": 1},
    examples=(
        Case(
            "a large eps",
            "the channels 1, 3 and 10, 30",
            (
                np.array([1.0, 0, 0, 2]).reshape(1, 4, 1, 1),
                (SMALL, ONES, 0 * ONES, 2, {"eps": 3.0}),
                NAMES,
                "dx",
                "spatial_groupnorm_forward",
            ),
        ),
    ),
    draw=draw_backward,
    mistakes=BACKWARD_MISTAKES,
    variants=BACKWARD,
    partners=("spatial_groupnorm_forward",),
    builds_on=("hw4.spatial_groupnorm_forward", "hw4.layernorm_backward"),
)
