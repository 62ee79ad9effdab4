"""Exercise conv_forward_naive, and the cases that conv_forward_im2col shares."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw2.conv_answers import einsum, loops, matmul, nested_lists, shifted_taps
from autograder.exercises.hw2.conv_mistakes import CONV_MISTAKES
from convbook import kernels

C182 = {"x": [[1, 128, 100, 255], [4, 100, 80, 0], [20, 90, 70, 0], [40, 50, 60, 2]], "w": [[1, 2], [0, 0.5]]}


def draw_conv(rng):
    """Sizes are drawn so that what a mistake could confuse differs, but for the cases that make two of them equal."""

    def draw(low, high):
        return int(rng.integers(low, high))

    def apart(low, high, count=2):
        return [int(k) for k in rng.choice(np.arange(low, high), count, replace=False)]

    def case(group, kind, n, c, f, size, kernel, stride=1, pad=0, integer=False):
        image = rng.integers(0, 256, (n, c, *size), dtype=np.uint8) if integer else rng.normal(size=(n, c, *size))
        bias = rng.permutation(np.arange(1, f + 1)) + rng.uniform(0.1, 0.4, f)
        return Case(group, kind, (image, rng.normal(size=(f, c, *kernel)), bias, {"stride": stride, "pad": pad}))

    def fitting(kernel, stride, pad, remainders):
        """A size that leaves the given numbers of pixels over, three windows high and four wide."""
        return [k - 2 * pad + steps * stride + r for k, steps, r in zip(kernel, (2, 3), remainders, strict=True)]

    k = apart(2, 5)
    one, many = "one filter", "channels and filters"
    cases = [
        case(one, "one image, one channel, one filter", 1, 1, 1, apart(5, 10), k),
        case(one, "one channel, square kernel", 1, 1, 1, apart(5, 9), (3, 3)),
        case(one, "one image, one channel, several filters", 1, 1, 3, apart(5, 9), apart(2, 5)),
        case(many, "several images, channels and filters", *apart(2, 6, 3), apart(5, 9), apart(2, 5)),
        case(many, "square kernel, several filters", *apart(2, 6, 3), apart(5, 8), (3, 3)),
        case(many, "image of integers", 2, 3, 4, apart(4, 8), (2, 2), integer=True),
        case(many, "square image", 2, 3, 4, [k[0] + 3] * 2, k),
        case(many, "one image, several channels and filters", 1, 3, 4, apart(4, 8), k),
        case(many, "1x1 kernels", 3, 4, 2, apart(3, 7), (1, 1)),
        case(many, "kernels as large as the image", 2, 3, 4, k, k),
        case(many, "as many filters as images", 3, 2, 3, apart(4, 8), k),
        case(many, "as many filters as channels", 2, 3, 3, apart(4, 8), k),
        case(many, "as many channels as images", 3, 3, 2, apart(4, 8), k),
        case(many, "one filter, several channels", 2, 3, 1, apart(4, 8), k),
        case(many, "one channel, several images", 3, 1, 2, apart(4, 8), k),
        case("padding", "padding 1", *apart(2, 6, 3), apart(4, 9), apart(2, 5), pad=1),
        case("padding", "padding 2, square kernel", 3, 2, 4, apart(4, 8), (3, 3), pad=2),
        case("padding", "padding larger than the kernel", 3, 2, 4, apart(3, 6), (2, 2), pad=draw(3, 6)),
        case("padding", "image of integers", 2, 3, 4, apart(4, 8), (3, 2), pad=1, integer=True),
    ]
    whole = case(many, "images and filters of integers", 2, 3, 4, apart(4, 8), k, integer=True)
    x, w, b, conv_param = whole.args
    cases.append(Case(whole.group, whole.kind, (x, np.rint(3 * w).astype(np.int64), b, conv_param)))
    for stride, pad in ((2, 0), (2, 1), (3, 2), (draw(4, 6), draw(0, 3))):
        kernel = (3, 3) if (stride, pad) == (2, 1) else apart(2, 5) if stride > 2 else (3, 2)
        size = fitting(kernel, stride, pad, apart(1, stride) if stride > 2 else (1, 1))
        cases.append(case("stride", "a stride that does not divide", *apart(2, 6, 3), size, kernel, stride, pad))
    kernel = apart(2, 4)
    cases.append(case("stride", "a stride that divides", 2, 3, 4, fitting(kernel, 2, 1, (0, 0)), kernel, 2, 1))
    cases.append(case("stride", "1x1 kernels", 2, 4, 3, apart(5, 9), (1, 1), 2))
    return cases


GROUPS = {"one filter": 5, "channels and filters": 8, "padding": 6, "stride": 6}


def reference_forward(x, w, b, conv_param):
    return kernels.conv2d(x, w, b, conv_param["stride"], conv_param["pad"]), None


EXAMPLES = (
    Case(
        "one filter",
        "the 4x4 example of the chapter, without padding",
        (np.array([[C182["x"]]]), np.array([[C182["w"]]]), np.array([0.0]), {"stride": 1, "pad": 0}),
    ),
    Case(
        "padding",
        "the 4x4 example of the chapter, padding 1",
        (np.array([[C182["x"]]]), np.array([[C182["w"]], [[[0, 0.1], [1, 2]]]]), np.zeros(2), {"stride": 1, "pad": 1}),
    ),
)

CONV_FORWARD_NAIVE = Exercise(
    id="hw2.conv_forward_naive",
    function="conv_forward_naive",
    points=25,
    anchor="conv2d-filter-bank",
    probe="forward",
    reference=reference_forward,
    groups=GROUPS,
    examples=EXAMPLES,
    draw=draw_conv,
    mistakes=CONV_MISTAKES,
    variants={"loops": loops, "einsum": einsum, "im2col": matmul, "taps": shifted_taps, "nested lists": nested_lists},
)
