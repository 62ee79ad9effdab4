"""Exercise conv2d: the layer with all its settings."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw3.answers import VARIANTS
from autograder.exercises.hw3.cases import apart, fitting, refused, tensors
from autograder.exercises.hw3.conv2d_mistakes import CONV2D_SLIPS
from autograder.exercises.hw3.layer_mistakes import GROUP_SLIPS, LAYER_SLIPS
from convbook import kernels


def draw_conv2d(rng):
    def case(group, kind, n, c, f, size, kernel, *settings, integer=False, bias=True):
        groups = settings[3] if len(settings) == 4 else 1
        x, w, b = tensors(rng, n, c, f, groups, size, kernel, integer)
        return Case(group, kind, (x, w, b if bias else None, *settings))

    def draw(low, high):
        return int(rng.integers(low, high))

    def fits(kernel, stride, padding, dilation, remainders=(1, 1)):
        return fitting(kernel, (stride,) * 2, (padding,) * 2, (dilation,) * 2, remainders)

    k, g = apart(rng, 2, 5), draw(2, 4)
    plain, moved, dilated, grouped, pairs = "defaults", "stride and padding", "dilation", "groups", "pairs"
    same, together = '"same"', "all together"
    cases = [
        case(plain, "several images, channels and filters", *apart(rng, 2, 5, 3), apart(rng, 5, 8), k),
        case(plain, "square kernel", 3, 2, 4, apart(rng, 4, 7), (3, 3)),
        case(plain, "no bias", 2, 4, 3, apart(rng, 5, 8), k, bias=False),
        case(plain, "image of integers", 3, 4, 2, apart(rng, 4, 7), (2, 3), integer=True),
        case(plain, "1x1 kernels", 3, 4, 2, apart(rng, 3, 6), (1, 1)),
        case(moved, "padding 1", 2, 3, 4, apart(rng, 4, 7), k, 1, 1),
        case(moved, "padding 2, square kernel", 3, 4, 2, apart(rng, 3, 6), (3, 3), 1, 2),
        case(moved, "padding larger than the kernel", 3, 2, 4, apart(rng, 3, 5), (2, 2), 1, draw(3, 5)),
        case(moved, "a stride that does not divide", 3, 2, 4, fits((3, 2), 2, 0, 1), (3, 2), 2),
        case(moved, "a stride that does not divide, padding", 2, 3, 4, fits(k, 3, 2, 1, (1, 2)), k, 3, 2),
        case(moved, "a stride that divides", 2, 4, 3, fits((3, 3), 2, 1, 1, (0, 0)), (3, 3), 2, 1),
        case(dilated, "no stride, no padding", 2, 3, 4, fits(k, 1, 0, 2, (2, 1)), k, 1, 0, 2),
        case(dilated, "square kernel", 3, 2, 4, fits((3, 3), 1, 0, 2), (3, 3), 1, 0, 2),
        case(dilated, "padding", 3, 4, 2, apart(rng, 7, 10), (2, 3), 1, 1, draw(2, 4)),
        case(dilated, "padding that keeps the size of a 3x3 kernel", 2, 3, 4, apart(rng, 4, 7), (3, 3), 1, 3, 3),
        case(dilated, "a stride that does not divide", 2, 4, 3, fits((2, 3), 2, 1, 3), (2, 3), 2, 1, 3),
        case(dilated, "a stride smaller than the dilation", 2, 3, 4, fits((3, 2), 2, 2, 3), (3, 2), 2, 2, 3),
        case(dilated, "a stride larger than the dilation", 3, 2, 4, fits((3, 2), 3, 0, 2, (2, 1)), (3, 2), 3, 0, 2),
        case(dilated, "1x1 kernels", 3, 2, 4, apart(rng, 3, 6), (1, 1), 1, 0, draw(2, 5)),
        case(grouped, "several groups", 3, 4 * g, 3 * g, apart(rng, 4, 6), (3, 2), 1, 0, 1, g),
        case(grouped, "more filters than channels", 1, 2 * g, 5 * g, apart(rng, 4, 6), k, 1, 1, 1, g),
        case(grouped, "as many filters as channels", 2, 6, 6, apart(rng, 4, 6), (2, 3), 1, 0, 1, 2),
        case(grouped, "depthwise", 2, 4, 4, apart(rng, 5, 8), k, 1, 0, 1, 4),
        case(grouped, "depthwise, several filters a channel", 2, 3, 6, apart(rng, 5, 8), k, 1, 0, 1, 3),
        case(grouped, "no bias", 3, 4, 6, apart(rng, 5, 8), k, 1, 0, 1, 2, bias=False),
        *(case(grouped, kind, 2, c, f, (4, 5), (2, 3), 1, 0, 1, g) for kind, c, f, g in refused(rng)),
    ]
    (sh, sw), (ph, pw), (dh, dw) = apart(rng, 1, 4), apart(rng, 0, 4), apart(rng, 1, 4)
    for kind, stride, padding, dilation in (
        ("a stride for each axis", (sh, sw), (0, 0), (1, 1)),
        ("a stride for each axis", (sw, sh), (1, 1), (2, 2)),
        ("a padding for each axis", (1, 1), (ph, pw), (1, 1)),
        ("a padding for each axis", (2, 2), (pw, ph), (1, 1)),
        ("a dilation for each axis", (1, 1), (0, 0), (dh, dw)),
        ("a dilation for each axis", (1, 1), (1, 1), (dw, dh)),
        ("all for each axis", (sh, sw), (pw, ph), (dw, dh)),
    ):
        size = fitting((3, 2), stride, padding, dilation, (1, 0), (4, 5))
        single = (v[0] if len(set(v)) == 1 and rng.random() < 0.5 else v for v in (stride, padding, dilation))
        cases.append(case(pairs, kind, 2, 3, 4, size, (3, 2), *single))
    cases += [
        case(same, "odd kernel", 2, 3, 4, apart(rng, 4, 8), (5, 3), 1, "same"),
        case(same, "odd kernel, dilated", 3, 2, 4, apart(rng, 4, 8), (5, 3), 1, "same", draw(2, 4)),
        case(same, "3x3 kernel, dilated", 3, 2, 4, apart(rng, 4, 8), (3, 3), 1, "same", draw(2, 5)),
        case(same, "even kernel, even dilation", 2, 4, 3, apart(rng, 4, 8), (2, 4), 1, "same", 2),
        case(same, "a dilation for each axis", 2, 4, 3, apart(rng, 5, 8), (3, 5), 1, "same", (3, 1)),
        case(same, "1x1 kernels", 3, 2, 4, apart(rng, 3, 6), (1, 1), 1, "same", 3),
    ]
    for number in range(6):
        kernel = [(2, 3), (3, 2)][number % 2]
        stride, padding, dilation = draw(2, 4), draw(0, 3), draw(2, 4)
        size = fits(kernel, stride, padding, dilation, (1, 1))
        groups = [2, 3][number % 2]
        sizes = (number % 3 + 1, groups * draw(1, 3), groups * draw(3, 5))
        cases.append(case(together, "a layer drawn at random", *sizes, size, kernel, stride, padding, dilation, groups))
    return cases


CONV2D = Exercise(
    id="hw3.conv2d",
    function="conv2d",
    points=18,
    anchor="groups-dilation",
    reference=lambda x, w, b, stride=1, padding=0, dilation=1, groups=1: kernels.conv2d(
        x, w, b, stride, padding, dilation, groups
    ),
    groups={
        "defaults": 2,
        "stride and padding": 3,
        "dilation": 4,
        "groups": 3,
        "pairs": 3,
        '"same"': 2,
        "all together": 1,
    },
    examples=(
        Case(
            "dilation",
            "the numbers 0 to 24, a kernel of ones that reads every second",
            (np.arange(25.0).reshape(1, 1, 5, 5), np.ones((1, 1, 2, 2)), np.zeros(1), 1, 0, 2),
        ),
    ),
    draw=draw_conv2d,
    mistakes=tuple(slip.of_layer() for slip in (*CONV2D_SLIPS, *GROUP_SLIPS, *LAYER_SLIPS)),
    variants=VARIANTS,
)
