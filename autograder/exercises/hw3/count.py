"""Exercise conv_params, with groups and kernels that need not be square."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake
from autograder.exercises.hw3.answers import pair
from convbook import kernels


def checked(formula):
    """``formula(c_in, c_out, kh, kw, groups, bias)`` that refuses groups which do not divide."""

    def conv_params(c_in, c_out, k, groups=1, bias=True):
        if c_in % groups or c_out % groups:
            raise ValueError("groups must divide both")
        return formula(c_in, c_out, *pair(k), groups, bias)

    return conv_params


def refusing(condition):
    """The right count behind another check."""

    def conv_params(c_in, c_out, k, groups=1, bias=True):
        if condition(c_in, c_out, groups):
            raise ValueError("groups must divide both")
        kh, kw = pair(k)
        return c_out * (c_in // groups) * kh * kw + bias * c_out

    return conv_params


def asserting(c_in, c_out, k, groups=1, bias=True):
    assert not (c_in % groups or c_out % groups), "groups must divide both"
    return kernels.conv_params(c_in, c_out, k, groups, bias)


def square_only(c_in, c_out, k, groups=1, bias=True):
    if c_in % groups or c_out % groups:
        raise ValueError("groups must divide both")
    return c_out * (c_in // groups) * k**2 + bias * c_out


def by_array(c_in, c_out, k, groups=1, bias=True):
    """Counts the zeros of a bank, as len() would."""
    if any(np.remainder((c_in, c_out), groups)):
        raise ValueError("groups must divide both")
    return int(np.zeros((c_out, c_in // groups, *pair(k)), bool).size) + (c_out if bias else 0)


def draw_params(rng):
    def layer(groups=1):
        c_in = groups * int(rng.integers(2, 9))
        return c_in, c_in + groups * int(rng.integers(1, 9)), int(rng.integers(3, 8))

    def sides():
        return tuple(int(k) for k in rng.choice(np.arange(2, 8), 2, replace=False))

    c, k = int(rng.integers(3, 90)), int(rng.integers(3, 9))
    one, grouped, oblong = "one group", "groups", "kernels that are not square"
    cases = [Case(one, "with bias", layer()), Case(one, "without bias", (*layer(), 1, False))]
    cases.append(Case(one, "as many filters as channels", (c, c, k)))
    cases.append(Case(one, "1x1 kernels, many channels", (16 * c, 512, 1)))
    cases.append(Case(one, "many channels, without bias", (2 * c + 1001, 2 * c + 2005, 5, 1, False)))
    for g in (2, 3, int(rng.integers(4, 9))):
        cases.append(Case(grouped, "with bias", (*layer(g), g)))
        cases.append(Case(grouped, "without bias", (*layer(g), g, False)))
    cases.append(Case(grouped, "depthwise", (c, c, k, c)))
    cases.append(Case(grouped, "depthwise, several filters a channel", (c, 2 * c, k, c, False)))
    g, m = int(rng.integers(3, 7)), int(rng.integers(2, 6))
    for kind, c_in, c_out, groups in (
        ("groups that do not divide the input channels", g * m + 1, g * m, g),
        ("groups that do not divide the filters", g * m, g * m + g - 1, g),
        ("groups that divide neither", g * m + 1, g * m + g - 1, g),  # but their sum
        ("groups that divide neither", 4 * m + 2, 4 * m + 6 + 4 * g, 4),  # but their sum, difference and product
        ("groups that divide neither", 4 * int(rng.choice([2, 4, 5, 7])), 9 * int(rng.choice([1, 3, 5])), 6),
        ("more groups than filters", g * m, 1, g),
    ):
        cases.append(Case(grouped, kind, (c_in, c_out, k, groups)))
    for g in (1, 2, int(rng.integers(3, 9))):
        c_in, c_out, _ = layer(g)
        cases.append(Case(oblong, "a pair", (c_in, c_out, sides(), g, bool(g > 1))))
    cases.append(Case(oblong, "a row of taps", (2 * c, 4 * c, (1, k), 2)))
    cases.append(Case(oblong, "a column of taps", (2 * c, 4 * c, (k, 1), 2)))
    return cases


def wrong(name, anchor, sentence, formula):
    return Mistake(name, sentence, anchor, checked(formula))


CONV_PARAMS = Exercise(
    id="hw3.conv_params",
    function="conv_params",
    points=6,
    anchor="groups-parameters",
    reference=kernels.conv_params,
    groups={"one group": 2, "groups": 3, "kernels that are not square": 1},
    exact_type=True,
    examples=(
        Case("one group", "the lecture's layer without groups, 64 to 32", (64, 32, 3, 1, False)),
        Case("one group", "the last stage of ResNet-101, 512 to 512", (512, 512, 3, 1, False)),
        Case("one group", "the bottleneck's first layer, 256 to 64", (256, 64, 1, 1, False)),
        Case("groups", "the lecture's layer in four groups", (64, 32, 3, 4, False)),
        Case("groups", "the lecture's layer in four groups, with biases", (64, 32, 3, 4)),
        Case("groups", "512 to 256 in two groups", (512, 256, 3, 2, False)),
    ),
    draw=draw_params,
    mistakes=(
        wrong(
            "groups ignored",
            "groups-parameters",
            "Groups make no difference to your result. Each filter sees c_in / groups channels.",
            lambda c, f, kh, kw, g, bias: f * c * kh * kw + bias * f,
        ),
        wrong(
            "divided twice by the groups",
            "groups-parameters",
            "You divide by the groups twice. Filters become shallower; there are as many of them as before.",
            lambda c, f, kh, kw, g, bias: (f // g) * (c // g) * kh * kw + bias * f,
        ),
        wrong(
            "one group counted",
            "groups-parameters",
            "You count the weights and biases of one group. There are g of them.",
            lambda c, f, kh, kw, g, bias: (f // g) * ((c // g) * kh * kw + bias),
        ),
        wrong(
            "multiplied by the groups",
            "groups-parameters",
            "You multiply by the groups. They take connections away: a filter sees c_in / groups channels.",
            lambda c, f, kh, kw, g, bias: f * c * g * kh * kw + bias * f,
        ),
        wrong(
            "bias divided by the groups",
            "groups-parameters",
            "You divide the biases by the groups, or count c_out / groups filters of full depth. There are still c_out "
            "filters, each with its bias.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * kh * kw + bias * f // g,
        ),
        wrong(
            "one bias a group",
            "groups-parameters",
            "You count one bias a group. There is one for each filter.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * kh * kw + bias * g,
        ),
        wrong(
            "bias multiplied by the groups",
            "groups-parameters",
            "You count c_out biases for every group. There are c_out in all groups together.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * kh * kw + bias * f * g,
        ),
        wrong(
            "bias forgotten",
            "conv2d-counting",
            "You count the weights only. Each filter has a bias too.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * kh * kw,
        ),
        wrong(
            "bias always counted",
            "conv2d-counting",
            "You count biases even with bias=False.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * kh * kw + f,
        ),
        wrong(
            "one bias for all",
            "conv2d-counting",
            "You count a single bias. There is one for each filter.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * kh * kw + bias,
        ),
        wrong(
            "a bias for each input channel",
            "conv2d-counting",
            "You count one bias for each input channel. There is one for each filter.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * kh * kw + bias * c,
        ),
        wrong(
            "a bias for each slice",
            "conv2d-counting",
            "You count a bias for each filter and input channel. A filter has one bias, whatever its depth.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * (kh * kw + bias),
        ),
        wrong(
            "input channels forgotten",
            "conv2d-channels",
            "You count one slice a filter. That is right for a depthwise layer; a filter has c_in / groups slices.",
            lambda c, f, kh, kw, g, bias: f * kh * kw + bias * f,
        ),
        wrong(
            "filters forgotten",
            "conv2d-filter-bank",
            "You count one filter. There are c_out of them.",
            lambda c, f, kh, kw, g, bias: (c // g) * kh * kw + bias * f,
        ),
        wrong(
            "kernel not squared",
            "conv2d-counting",
            "You count one side of the kernel. A slice has kh * kw weights, k * k if it is square.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * kh + bias * f,
        ),
        wrong(
            "sides added",
            "conv2d-counting",
            "You add the kernel's sides. A slice has kh * kw weights.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * (kh + kw) + bias * f,
        ),
        wrong(
            "height squared",
            "conv2d-counting",
            "You square the kernel's height. Where k is a pair (kh, kw), a slice has kh * kw weights.",
            lambda c, f, kh, kw, g, bias: f * (c // g) * kh * kh + bias * f,
        ),
        wrong(
            "float",
            "conv2d-counting",
            "Your count is a float. Divide with //, which gives an int.",
            lambda c, f, kh, kw, g, bias: f * (c / g) * kh * kw + bias * f,
        ),
        Mistake(
            "pairs refused",
            "You take a number for k only. It may also be a pair (kh, kw), for kernels that are not square.",
            "conv2d-counting",
            square_only,
        ),
        Mistake(
            "groups that do not divide",
            "You accept groups that do not divide the channels. Raise ValueError: there is no such layer.",
            "groups-groups",
            refusing(lambda c, f, g: False),
        ),
        Mistake(
            "filters not checked",
            "You check that the groups divide c_in, but not that they divide c_out. Both are cut into g equal blocks.",
            "groups-groups",
            refusing(lambda c, f, g: c % g),
        ),
        Mistake(
            "channels not checked",
            "You check that the groups divide c_out, but not that they divide c_in. Both are cut into g equal blocks.",
            "groups-groups",
            refusing(lambda c, f, g: f % g),
        ),
        Mistake(
            "refused only where neither divides",
            "You raise ValueError only where the groups divide neither. One of them is enough: write or, not and.",
            "groups-groups",
            refusing(lambda c, f, g: c % g and f % g),
        ),
        Mistake(
            "product checked",
            "You check the product of the channels. It can be divided where neither of them can: check each.",
            "groups-groups",
            refusing(lambda c, f, g: c * f % g),
        ),
        Mistake(
            "assert in place of ValueError",
            "You stop with assert, which raises AssertionError. Write raise ValueError(...): an assert is for mistakes of "
            "your own, and can be switched off.",
            "groups-groups",
            asserting,
        ),
    ),
    variants={
        "formula": checked(lambda c, f, kh, kw, g, bias: f * (c // g) * kh * kw + bias * f),
        "a filter at a time": checked(
            lambda c, f, kh, kw, g, bias: sum(c // g * kh * kw + int(bias) for _ in range(f))
        ),
        "a group at a time": checked(
            lambda c, f, kh, kw, g, bias: g * ((c // g) * (f // g) * kh * kw) + (f if bias else 0)
        ),
        "the size of an array": by_array,
        "divided last": checked(lambda c, f, kh, kw, g, bias: np.int64(f * c * kh * kw // g + bias * f)),
    },
)
