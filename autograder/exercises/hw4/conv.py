"""Exercise conv_backward_naive, and the cases that other exercises on convolutions share."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw4.conv_answers import columns, gather, loops, matrix, seven_loops, taps
from autograder.exercises.hw4.conv_mistakes import CONV_BACKWARD_MISTAKES
from convbook import kernels

NAMES = ("dx", "dw", "db")


def apart(rng, low, high, count=2):
    """As many different whole numbers from ``low`` to ``high - 1``."""
    return [int(k) for k in rng.choice(np.arange(low, high), count, replace=False)]


def fitting(kernel, windows, stride, pad, over):
    """The size of an image in which so many windows fit, with so many pixels left over."""
    return [k + (m - 1) * stride + r - 2 * pad for k, m, r in zip(kernel, windows, over, strict=True)]


def layer_input(rng, n, c, f, size, kernel, stride=1, pad=0, integer=""):
    """``dout`` and the cache ``(x, w, b, conv_param)`` of one layer; ``integer`` names what holds whole numbers."""
    size, kernel = tuple(map(int, size)), tuple(map(int, kernel))
    x, w, b = rng.normal(size=(n, c, *size)), rng.normal(size=(f, c, *kernel)), rng.normal(size=f)
    if "x" in integer:
        x = rng.integers(0, 256, x.shape, dtype=np.uint8)
    if "w" in integer:
        w = rng.integers(-9, 10, w.shape)
    oh, ow = ((m + 2 * pad - k) // stride + 1 for m, k in zip(size, kernel, strict=True))
    dout = rng.normal(size=(n, f, oh, ow)) + rng.normal(size=(1, f, 1, 1))
    return dout, (x, w, b, {"stride": stride, "pad": pad})


def draw_conv(rng):
    """Sizes are drawn so that what a mistake could confuse differs, but for the cases that make two of them equal."""
    k, m = apart(rng, 2, 4), apart(rng, 3, 6)
    plain, padded, strided = "", ", padding", ", stride"
    layers = [
        (plain, "one image, channel and filter", (1, 1, 1, apart(rng, 4, 8), k), {}),
        (plain, "several images, channels and filters", (*apart(rng, 2, 5, 3), apart(rng, 4, 8), k), {}),
        (plain, "square kernel", (2, 3, 4, apart(rng, 4, 8), (3, 3)), {}),
        (plain, "square image and kernel", (3, 4, 2, [k[0] + 3] * 2, (k[0], k[0])), {}),
        (plain, "square output", (2, 3, 4, [k[0] + 2, k[1] + 2], k), {}),
        (plain, "as many filters as channels", (2, 3, 3, apart(rng, 4, 8), k), {}),
        (plain, "fewer filters than channels", (2, 4, 3, apart(rng, 4, 8), k), {}),
        (plain, "as many images as filters", (3, 2, 3, apart(rng, 4, 8), k), {}),
        (plain, "1x1 kernels", (3, 4, 2, apart(rng, 3, 6), (1, 1)), {}),
        (plain, "kernels as large as the image", (3, 2, 4, k, k), {}),
        (plain, "image of integers", (2, 3, 4, apart(rng, 4, 7), k), {"integer": "x"}),
        (plain, "image and filters of integers", (3, 2, 4, apart(rng, 4, 7), k), {"integer": "xw"}),
        (padded, "padding 1", (*apart(rng, 2, 5, 3), apart(rng, 4, 7), k), {"pad": 1}),
        (padded, "padding 1 that keeps the size", (2, 3, 4, apart(rng, 4, 7), (3, 3)), {"pad": 1}),
        (padded, "padding 2", (3, 2, 4, apart(rng, 3, 6), k[::-1]), {"pad": 2}),
        (padded, "padding larger than the kernel", (2, 3, 4, apart(rng, 3, 5), (2, 1)), {"pad": 3}),
        (padded, "image of integers", (2, 4, 3, apart(rng, 4, 7), k), {"pad": 1, "integer": "x"}),
    ]
    for kind, stride, pad, kernel, over in (
        ("a stride that divides", 2, 0, k, (0, 0)),
        ("a stride that does not divide", 2, 0, (3, 2), (1, 1)),
        ("a stride and padding", 2, 1, (2, 3), (0, 1)),
        ("a larger stride, pixels left over", 3, 1, (3, 3), apart(rng, 1, 3)),
        ("a stride larger than the kernel", int(rng.integers(4, 6)), 0, k, apart(rng, 1, 4)),
        ("a stride and a larger padding", 2, 3, (4, 3), (1, 0)),
    ):
        sizes = apart(rng, 2, 5, 3)
        size = fitting(kernel, m, stride, pad, over)
        layers.append((strided, kind, (*sizes, size, kernel), {"stride": stride, "pad": pad}))
    cases = []
    for group, kind, sizes, options in layers:
        dout, cache = layer_input(rng, *sizes, **options)
        cases += [Case(name + group, kind, (dout, cache, NAMES, name)) for name in ("dx", "dw")]
        if group != plain or sizes[0] != 1 and "integers" not in kind:
            cases.append(Case("db", kind, (dout, cache, NAMES, "db")))
    return cases


def reference(dout, cache):
    x, w, _, conv_param = cache
    return kernels.conv2d_backward(dout, x, w, stride=conv_param["stride"], padding=conv_param["pad"])


X = np.arange(1.0, 10).reshape(1, 1, 3, 3)
EXAMPLE = (
    np.array([[[[1.0, 2], [3, 4]]]]),
    (X, np.array([[[[1.0, 10], [100, 1000]]]]), np.zeros(1), {"stride": 1, "pad": 0}),
)

CONV_BACKWARD_NAIVE = Exercise(
    id="hw4.conv_backward_naive",
    function="conv_backward_naive",
    points=12,
    anchor="backprop-scatter",
    probe="backward",
    reference=reference,
    groups={"dx": 4, "dx, padding": 3, "dx, stride": 3, "dw": 4, "dw, padding": 2, "dw, stride": 2, "db": 2},
    examples=tuple(Case(name, "the 3x3 example of the text", (*EXAMPLE, NAMES, name)) for name in NAMES),
    draw=draw_conv,
    mistakes=CONV_BACKWARD_MISTAKES,
    variants={
        "loops": loops,
        "seven loops": seven_loops,
        "two correlations": gather,
        "a product for each tap, single precision, a list": taps,
        "columns, nested lists": columns,
        "the transposed matrix": matrix,
    },
)
