"""Exercises on counting: conv_params and conv_macs."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake
from convbook import kernels


def draw_layer(rng, groups=1):
    """c_in, c_out, k with c_in != c_out, both multiples of ``groups``."""
    c_in = groups * int(rng.integers(2, 9))
    return c_in, c_in + groups * int(rng.integers(1, 9)), int(rng.integers(3, 8))


def draw_params(rng):
    cases = [Case("one group", "with bias", draw_layer(rng)) for _ in range(3)]
    cases += [Case("one group", "without bias", (*draw_layer(rng), 1, False)) for _ in range(2)]
    c, k = int(rng.integers(3, 90)), int(rng.integers(3, 9))
    cases.append(Case("one group", "as many filters as channels", (c, c, k)))
    cases.append(Case("one group", "1x1 kernels, many channels", (16 * c, 512, 1)))
    for g in (2, 3, int(rng.integers(4, 9))):
        cases.append(Case("groups", "with bias", (*draw_layer(rng, g), g)))
        cases.append(Case("groups", "without bias", (*draw_layer(rng, g), g, False)))
    cases.append(Case("groups", "depthwise", (c, c, k, c)))
    cases.append(Case("groups", "depthwise, several filters a channel", (c, 2 * c, k, c, False)))
    g, m = int(rng.integers(3, 7)), int(rng.integers(2, 6))
    for kind, c_in, c_out in (
        ("groups that do not divide the input channels", g * m + 1, g * m),
        ("groups that do not divide the filters", g * m, g * m + g - 1),
        ("groups that divide neither", g * m + 1, g * m + g - 1),  # but their sum
        ("more groups than filters", g * m, 1),
    ):
        cases.append(Case("groups", kind, (c_in, c_out, k, g)))
    # four divides their sum, their difference and their product
    cases.append(Case("groups", "groups that divide neither", (4 * m + 2, 4 * m + 6 + 4 * g, k, 4)))
    a, b = int(rng.choice([2, 4, 5, 7])), int(rng.choice([1, 3, 5]))
    cases.append(Case("groups", "groups that divide neither", (4 * a, 9 * b, k, 6)))
    cases.append(Case("one group", "many channels", (2 * c + 1001, 2 * c + 2005, 5, 1, False)))
    return cases


def checked(formula):
    """``formula(c_in, c_out, k, groups, bias)`` that refuses groups which do not divide."""

    def conv_params(c_in, c_out, k, groups=1, bias=True):
        if c_in % groups or c_out % groups:
            raise ValueError("groups must divide both")
        return formula(c_in, c_out, k, groups, bias)

    return conv_params


CONV_PARAMS = Exercise(
    id="hw2.conv_params",
    function="conv_params",
    points=5,
    anchor="conv2d-counting",
    reference=kernels.conv_params,
    groups={"one group": 3, "groups": 2},
    exact_type=True,
    examples=(
        Case("one group", "3 to 4 channels, 3x3", (3, 4, 3)),
        Case("groups", "64 to 32 channels in 4 groups", (64, 32, 3, 4, False)),
    ),
    draw=draw_params,
    mistakes=(
        Mistake(
            "bias forgotten",
            "You count the weights only. Each filter has a bias too.",
            "conv2d-counting",
            checked(lambda c, f, k, g, bias: f * (c // g) * k * k),
        ),
        Mistake(
            "bias always counted",
            "You count biases even with bias=False.",
            "conv2d-counting",
            checked(lambda c, f, k, g, bias: f * (c // g) * k * k + f),
        ),
        Mistake(
            "one bias for all",
            "You count a single bias. There is one for each filter.",
            "conv2d-counting",
            checked(lambda c, f, k, g, bias: f * (c // g) * k * k + bias),
        ),
        Mistake(
            "a bias for each input channel",
            "You count one bias for each input channel. There is one for each filter.",
            "conv2d-counting",
            checked(lambda c, f, k, g, bias: f * (c // g) * k * k + bias * c),
        ),
        Mistake(
            "a bias for each slice",
            "You count a bias for each filter and input channel. A filter has one bias, whatever its depth.",
            "conv2d-counting",
            checked(lambda c, f, k, g, bias: f * (c // g) * (k * k + bias)),
        ),
        Mistake(
            "bias divided by the groups",
            "You divide the biases by the groups. There are still c_out filters, each with its bias.",
            "conv2d-groups",
            checked(lambda c, f, k, g, bias: f * (c // g) * k * k + bias * f // g),
        ),
        Mistake(
            "input channels forgotten",
            "You count k*k weights a filter. A filter is as deep as its input: c_in / groups slices.",
            "conv2d-channels",
            checked(lambda c, f, k, g, bias: f * k * k + bias * f),
        ),
        Mistake(
            "filters forgotten",
            "You count one filter. There are c_out of them.",
            "conv2d-filter-bank",
            checked(lambda c, f, k, g, bias: (c // g) * k * k + bias * f),
        ),
        Mistake(
            "groups ignored",
            "Groups make no difference to your result. Each filter sees c_in / groups channels.",
            "conv2d-groups",
            checked(lambda c, f, k, g, bias: f * c * k * k + bias * f),
        ),
        Mistake(
            "divided twice by the groups",
            "You divide by the groups twice. Filters become shallower; there are as many of them as before.",
            "conv2d-groups",
            checked(lambda c, f, k, g, bias: (f // g) * (c // g) * k * k + bias * f),
        ),
        Mistake(
            "kernel not squared",
            "You count k weights a slice. A slice is k by k.",
            "conv2d-counting",
            checked(lambda c, f, k, g, bias: f * (c // g) * k + bias * f),
        ),
        Mistake(
            "groups that do not divide",
            "You accept groups that do not divide the channels. Raise ValueError: there is no such layer.",
            "conv2d-groups",
            lambda c, f, k, groups=1, bias=True: f * (c // groups) * k * k + bias * f,
        ),
        Mistake(
            "float",
            "Your count is a float. Divide with //, which gives an int.",
            "conv2d-counting",
            checked(lambda c, f, k, g, bias: f * (c / g) * k * k + bias * f),
        ),
    ),
    variants={
        "formula": checked(lambda c, f, k, g, bias: f * (c // g) * k * k + bias * f),
        "a filter at a time": checked(lambda c, f, k, g, bias: sum(c // g * k**2 + int(bias) for _ in range(f))),
        "a group at a time": checked(lambda c, f, k, g, bias: g * ((c // g) * (f // g) * k * k) + (f if bias else 0)),
    },
)


def draw_macs(rng):
    def sizes():
        h = int(rng.integers(4, 30))
        return h, h + int(rng.integers(1, 9))

    cases = [Case("one group", "non-square output", (*draw_layer(rng), *sizes())) for _ in range(3)]
    cases.append(Case("one group", "1x1 kernels", (*draw_layer(rng)[:2], 1, *sizes())))
    c, f = (2 * int(half) + 1 for half in rng.choice(np.arange(200, 400), 2, replace=False))
    cases.append(Case("one group", "more than 32 bits hold", (c, f, 3, 101, 2 * c + 1)))
    for g in (2, 3, int(rng.integers(4, 12))):
        cases.append(Case("groups", "several groups", (*draw_layer(rng, g), *sizes(), g)))
    c = int(rng.integers(5, 90))
    cases.append(Case("groups", "depthwise", (c, c, 3, *sizes(), c)))
    return cases


CONV_MACS = Exercise(
    id="hw2.conv_macs",
    function="conv_macs",
    points=5,
    anchor="conv2d-counting",
    reference=lambda c_in, c_out, k, h_out, w_out, groups=1: kernels.conv_macs(c_in, c_out, k, (h_out, w_out), groups),
    groups={"one group": 3, "groups": 2},
    exact_type=True,
    examples=(
        Case("one group", "VGG-16's first layer", (3, 64, 3, 224, 224)),
        Case("groups", "depthwise, 64 channels", (64, 64, 3, 28, 14, 64)),
    ),
    draw=draw_macs,
    mistakes=(
        Mistake(
            "FLOPs instead of MACs",
            "You count twice as many: FLOPs. One multiply-add is one MAC and two FLOPs.",
            "conv2d-counting",
            lambda c, f, k, h, w, groups=1: 2 * f * (c // groups) * k * k * h * w,
        ),
        Mistake(
            "bias counted",
            "You count the biases. Adding a bias multiplies nothing; leave it out here.",
            "conv2d-counting",
            lambda c, f, k, h, w, groups=1: f * ((c // groups) * k * k + 1) * h * w,
        ),
        Mistake(
            "groups ignored",
            "Groups make no difference to your result. Each output value sums over c_in / groups channels.",
            "conv2d-groups",
            lambda c, f, k, h, w, groups=1: f * c * k * k * h * w,
        ),
        Mistake(
            "divided twice by the groups",
            "You divide by the groups twice. There are as many output values as before.",
            "conv2d-groups",
            lambda c, f, k, h, w, groups=1: f * c * k * k * h * w // groups**2,
        ),
        Mistake(
            "square output assumed",
            "You square the output's height. The output has h_out * w_out pixels.",
            "conv2d-counting",
            lambda c, f, k, h, w, groups=1: f * (c // groups) * k * k * h * h,
        ),
        Mistake(
            "one position",
            "You count one position of the kernel. It stops at h_out * w_out of them.",
            "conv2d-counting",
            lambda c, f, k, h, w, groups=1: f * (c // groups) * k * k,
        ),
        Mistake(
            "one filter",
            "You count one filter. Each of the c_out filters visits every position.",
            "conv2d-filter-bank",
            lambda c, f, k, h, w, groups=1: (c // groups) * k * k * h * w,
        ),
        Mistake(
            "one channel",
            "You count one input channel. Each filter multiplies c_in / groups channels.",
            "conv2d-channels",
            lambda c, f, k, h, w, groups=1: f * k * k * h * w,
        ),
        Mistake(
            "kernel not squared",
            "You count k multiplications a slice. A slice is k by k.",
            "conv2d-counting",
            lambda c, f, k, h, w, groups=1: f * (c // groups) * k * h * w,
        ),
        Mistake(
            "float",
            "Your count is a float. Divide with //, which gives an int.",
            "conv2d-counting",
            lambda c, f, k, h, w, groups=1: f * c / groups * k * k * h * w,
        ),
    ),
    variants={
        "formula": lambda c, f, k, h, w, groups=1: c * f * k**2 * h * w // groups,
        "weights times positions": lambda c, f, k, h, w, groups=1: (
            kernels.conv_params(c, f, k, groups, False) * (h * w)
        ),
        "a group at a time": lambda c, f, k, h, w, groups=1: (
            sum((f // groups) * (c // groups) * k * k for _ in range(groups)) * h * w
        ),
    },
)
