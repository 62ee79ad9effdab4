"""Exercise grouped_conv_forward."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake
from autograder.exercises.hw3.answers import VARIANTS, layer
from autograder.exercises.hw3.cases import apart, fitting, refused, tensors
from autograder.exercises.hw3.layer_mistakes import GROUP_SLIPS, LAYER_SLIPS
from convbook import kernels


def draw_grouped(rng):
    def case(group, kind, n, c, f, groups, size, kernel, stride=1, pad=0, integer=False):
        arrays = tensors(rng, n, c, f, groups, size, kernel, integer)
        return Case(group, kind, (*arrays, {"stride": stride, "pad": pad, "groups": groups}))

    g, k = int(rng.integers(3, 5)), apart(rng, 2, 4)
    shallow, deep = apart(rng, 2, 4)  # channels and filters of a group
    one, several, depthwise, moved = "one group", "several groups", "depthwise", "stride and padding"
    cases = [
        case(one, "several images, channels and filters", *apart(rng, 2, 6, 3), 1, apart(rng, 4, 8), k),
        case(one, "1x1 kernels, image of integers", 2, 4, 3, 1, apart(rng, 3, 6), (1, 1), integer=True),
        case(one, "square kernel", 3, 2, 4, 1, apart(rng, 4, 8), (3, 3)),
        case(several, "two groups, more channels than filters", 3, 8, 6, 2, apart(rng, 4, 7), k),
        case(several, "two groups, more filters than channels", 3, 4, 10, 2, apart(rng, 4, 7), k),
        case(several, "more than two groups", 2, g * shallow, g * deep, g, apart(rng, 4, 7), k),
        case(several, "more than two groups, one image", 1, g * deep, g * shallow, g, apart(rng, 4, 7), k),
        case(several, "as many filters as channels", 2, 6, 6, 2, apart(rng, 4, 7), k),
        case(several, "as many filters as channels and groups in a group", 1, 9, 9, 3, apart(rng, 4, 6), k),
        case(several, "as many images as groups", 2, 6, 4, 2, apart(rng, 4, 6), k),
        case(several, "square kernel and image", 2, 4, 6, 2, [int(rng.integers(4, 7))] * 2, (3, 3)),
        case(several, "1x1 kernels", 3, 6, 9, 3, apart(rng, 3, 6), (1, 1)),
        case(several, "one filter a group", 2, 2 * g, g, g, apart(rng, 4, 6), k),
        case(several, "image of integers", 2, 6, 4, 2, apart(rng, 4, 7), k, integer=True),
        case(depthwise, "one filter a channel", 2, g, g, g, apart(rng, 4, 7), k),
        case(depthwise, "several filters a channel", 3, g, g * deep, g, apart(rng, 4, 7), k),
        case(depthwise, "one channel, several filters", 2, 1, 3, 1, apart(rng, 4, 7), k),
        case(moved, "padding 1", 3, 6, 4, 2, apart(rng, 4, 7), k, pad=1),
        case(moved, "padding 2, square kernel", 2, 3, 6, 3, apart(rng, 3, 6), (3, 3), pad=2),
        case(
            moved, "padding larger than the kernel", 3, 4, 2, 2, apart(rng, 3, 5), (2, 2), pad=int(rng.integers(3, 5))
        ),
        case(moved, "image of integers, padding", 2, 4, 6, 2, apart(rng, 3, 6), (3, 2), pad=1, integer=True),
    ]
    for stride, pad, kernel, left in ((2, 0, (3, 2), (1, 1)), (2, 1, (3, 3), (1, 1)), (3, 2, k, (1, 2))):
        size = fitting(kernel, (stride,) * 2, (pad,) * 2, (1, 1), left)
        cases.append(case(moved, "a stride that does not divide", 2, 6, 4, 2, size, kernel, stride, pad))
    size = fitting(k, (2, 2), (1, 1), (1, 1), (0, 0))
    cases.append(case(moved, "a stride that divides", 3, 4, 6, 2, size, k, 2, 1))
    cases.append(case("groups that fit", "groups that divide both", 2, 12, 6, 3, apart(rng, 3, 5), (2, 1)))
    cases += [case("groups that fit", kind, 2, c, f, g, [4, 5], (2, 3)) for kind, c, f, g in refused(rng)]
    return cases


def with_cache(function):
    """A layer with the signature of the exercise, from one with an argument for each setting."""

    def grouped_conv_forward(x, w, b, conv_param):
        out = function(x, w, b, conv_param["stride"], conv_param["pad"], 1, conv_param["groups"])
        return out, (x, w, b, conv_param)

    return grouped_conv_forward


def wrong(slip):
    return Mistake(slip.name, slip.sentence, slip.anchor, with_cache(slip.of_layer().function))


def swapped(x, w, b, conv_param):
    """Reads one setting for the other."""
    return with_cache(layer)(x, w, b, {**conv_param, "stride": conv_param["pad"], "pad": conv_param["stride"]})


def popping(x, w, b, conv_param):
    groups = conv_param.pop("groups")
    return with_cache(layer)(x, w, b, {**conv_param, "groups": groups})


CHANNELS = np.array([1.0, 10, 100, 1000]).reshape(1, 4, 1, 1)

GROUPED_CONV_FORWARD = Exercise(
    id="hw3.grouped_conv_forward",
    function="grouped_conv_forward",
    points=20,
    anchor="groups-groups",
    probe="forward",
    reference=with_cache(kernels.conv2d),
    groups={"one group": 3, "several groups": 7, "depthwise": 3, "stride and padding": 4, "groups that fit": 3},
    examples=(
        Case(
            "several groups",
            "one pixel, channels 1, 10, 100, 1000, six filters in two groups",
            (
                CHANNELS,
                np.arange(1.0, 13).reshape(6, 2, 1, 1),
                np.arange(1, 7) / 10,
                {"stride": 1, "pad": 0, "groups": 2},
            ),
        ),
        Case(
            "depthwise",
            "one pixel, four channels, each times its own weight",
            (CHANNELS, np.arange(2.0, 6).reshape(4, 1, 1, 1), np.zeros(4), {"stride": 1, "pad": 0, "groups": 4}),
        ),
        Case(
            "groups that fit",
            "four channels in three groups",
            (CHANNELS, np.ones((3, 1, 1, 1)), np.zeros(3), {"stride": 1, "pad": 0, "groups": 3}),
        ),
    ),
    draw=draw_grouped,
    mistakes=(
        *map(wrong, GROUP_SLIPS),
        *map(wrong, LAYER_SLIPS),
        Mistake(
            "stride and padding swapped",
            "Stride and padding are swapped: you read one for the other.",
            "conv2d-stride",
            swapped,
        ),
        Mistake(
            "conv_param changed",
            "You change conv_param (pop?). The caller still needs it: read from it only.",
            "groups-exercises",
            popping,
        ),
        Mistake(
            "cache not returned",
            "You return the output alone. The signature wants a pair: return out, cache.",
            "groups-exercises",
            lambda *args: with_cache(layer)(*args)[0],
        ),
    ),
    variants={name: with_cache(variant) for name, variant in VARIANTS.items()},
)
