"""Exercise xcorr2d: the sweep of a kernel over an image."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw1.correlate_answers import columns, four_loops, sweep, taps, windows
from autograder.exercises.hw1.correlate_mistakes import SWEEP_MISTAKES
from autograder.exercises.hw1.draws import apart, photograph
from convbook import kernels

BLURRED = [
    [200, 200, 200, 200, 200],
    [200, 20, 20, 45, 200],
    [100, 20, 25, 65, 150],
    [80, 20, 40, 60, 80],
    [80, 30, 50, 80, 80],
]
BINOMIAL = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


def draw_sweep(rng):
    def case(kind, size, kernel):
        return Case("real numbers", kind, (rng.normal(size=size), rng.normal(size=kernel)))

    def in_bytes(kind, kernel):
        return Case("8-bit images", kind, (photograph(rng, apart(rng, 5, 9)), kernel))

    k = apart(rng, 2, 5)
    return [
        case("image and kernel not square", apart(rng, 6, 10), k),
        case("image and kernel not square", apart(rng, 6, 10), k[::-1]),
        case("square kernel", apart(rng, 6, 10), (3, 3)),
        case("square image", (7, 7), k),
        case("even square kernel", apart(rng, 5, 9), (2, 2)),
        case("a row for a kernel", apart(rng, 5, 9), (1, int(rng.integers(2, 5)))),
        case("a column for a kernel", apart(rng, 5, 9), (int(rng.integers(2, 5)), 1)),
        case("kernel as large as the image", k, k),
        case("1x1 kernel", apart(rng, 3, 6), (1, 1)),
        in_bytes("image of bytes, kernel of fractions", rng.normal(size=(3, 3))),
        in_bytes("image of bytes, kernel of integers", rng.integers(1, 5, k) * rng.choice([-1, 1], k)),
        in_bytes("image and kernel of bytes", rng.integers(2, 256, k, dtype=np.uint8)),
    ]


XCORR2D = Exercise(
    id="hw1.xcorr2d",
    function="xcorr2d",
    points=14,
    anchor="filters-correlation",
    reference=lambda img, g: kernels.correlate2d(img, g, "valid"),
    groups={"real numbers": 9, "8-bit images": 5},
    examples=(Case("real numbers", "the blur of the chapter", (np.array(BLURRED, float), BINOMIAL)),),
    draw=draw_sweep,
    mistakes=SWEEP_MISTAKES,
    variants={
        "a sweep": sweep,
        "four loops, lists": four_loops,
        "windows": windows,
        "taps, float32": taps,
        "windows in rows": columns,
    },
)
