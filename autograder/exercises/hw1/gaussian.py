"""Exercise gaussian_kernel: the bell, sampled at the pixels' centres, with sum 1."""

import math

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from convbook import kernels


def bell(k, sigma):
    t = np.arange(k) - (k - 1) / 2
    y, x = t[:, None], t[None, :]
    squared = y**2 + x**2
    weights = np.exp(-squared / (2 * sigma**2))
    return weights / weights.sum()


def loops(k, sigma):
    centre = (k - 1) / 2
    rows = [
        [math.exp(-((a - centre) ** 2 + (b - centre) ** 2) / (2 * sigma * sigma)) for b in range(k)] for a in range(k)
    ]
    total = sum(map(sum, rows))
    return [[weight / total for weight in row] for row in rows]


def outer(k, sigma):
    t = np.linspace(-(k - 1) / 2, (k - 1) / 2, k, dtype=np.float32)
    g = np.exp(-0.5 * (t / np.float32(sigma)) ** 2)
    g /= g.sum()
    return np.outer(g, g)


def density(k, sigma):
    """The normal density with its constant, then normalised all the same."""
    y, x = np.mgrid[:k, :k] - (k - 1) / 2
    g = np.exp(-(x * x + y * y) / 2 / sigma**2) / (2 * np.pi * sigma**2)
    return g / np.sum(g)


def draw_kernels(rng):
    def odd(low, high):
        return 2 * int(rng.integers(low, high)) + 1

    def case(group, kind, k, low, high):
        return Case(group, kind, (k, float(rng.uniform(low, high))))

    return [
        case("odd sizes", "3x3", 3, 0.6, 0.9),
        case("odd sizes", "5x5", 5, 1.1, 1.9),
        case("odd sizes", "a larger kernel", odd(3, 5), 1.2, 2.5),
        case("odd sizes", "a bell that the kernel cuts off", 5, 3, 6),
        case("odd sizes", "a narrow bell", odd(1, 3), 0.35, 0.5),
        Case("odd sizes", "sigma 2, an int", (odd(2, 4), 2)),
        case("even sizes", "2x2", 2, 0.5, 0.9),
        case("even sizes", "4x4", 4, 0.6, 1.5),
        case("even sizes", "6x6", 6, 1.2, 2.5),
    ]


def wrong(name, sentence, *changes):
    return Mistake(name, sentence, "filters-gaussian", rewrite(bell, *changes))


PLACES, EXPONENT, NORMALISED = "np.arange(k) - (k - 1) / 2", "-squared / (2 * sigma**2)", "weights / weights.sum()"
PRINTED = np.array([[1, 4, 7, 4, 1], [4, 16, 26, 16, 4], [7, 26, 41, 26, 7], [4, 16, 26, 16, 4], [1, 4, 7, 4, 1]]) / 273


def two_lines(k, sigma):
    t = np.exp(-((np.arange(k) - (k - 1) / 2) ** 2) / (2 * sigma**2))
    weights = t[:, None] + t
    return weights / weights.sum()


GAUSSIAN_KERNEL = Exercise(
    id="hw1.gaussian_kernel",
    function="gaussian_kernel",
    points=8,
    anchor="filters-gaussian",
    reference=kernels.gaussian_kernel,
    groups={"odd sizes": 6, "even sizes": 2},
    examples=(
        Case("odd sizes", "5x5 with sigma 1, which the table over 273 rounds", (5, 1.0)),
        Case("odd sizes", "a wide bell is nearly a box", (3, 100.0)),
        Case("even sizes", "4x4: the centre lies between pixels", (4, 1.0)),
    ),
    draw=draw_kernels,
    mistakes=(
        wrong(
            "not normalised",
            "Your weights do not add up to 1, so a blur would change the brightness. Divide by their sum.",
            (NORMALISED, "weights"),
        ),
        wrong(
            "divided by the density's constant",
            "You divide by 2 pi sigma**2. That makes the area of the whole bell 1, not the sum of your samples. Divide by "
            "their sum.",
            (NORMALISED, "weights / (2 * np.pi * sigma**2)"),
        ),
        wrong(
            "divided by one axis's constant",
            "You divide by sigma times the root of 2 pi, the constant of one axis. Divide by the sum of your samples.",
            (NORMALISED, "weights / (sigma * np.sqrt(2 * np.pi))"),
        ),
        wrong(
            "divided by 2 pi sigma",
            "You divide by 2 pi sigma. No constant does: divide by the sum of your samples.",
            (NORMALISED, "weights / (2 * np.pi * sigma)"),
        ),
        wrong(
            "peak of 1",
            "You divide by the largest weight. The sum has to be 1, not the peak.",
            (NORMALISED, "weights / weights.max()"),
        ),
        wrong(
            "each row normalised",
            "Each row of yours adds up to 1, and so the kernel to k. Divide by the sum of all weights.",
            (NORMALISED, "weights / weights.sum(axis=1, keepdims=True)"),
        ),
        wrong(
            "each column normalised",
            "Each column of yours adds up to 1, and so the kernel to k: sum(weights) without np. adds rows. Divide by "
            "weights.sum().",
            (NORMALISED, "weights / sum(weights)"),
        ),
        wrong(
            "averaged",
            "You divide by the number of weights. Divide by their sum.",
            (NORMALISED, "weights / weights.size"),
        ),
        wrong(
            "length of 1",
            "You divide by the root of the sum of squares. The sum of the weights themselves has to be 1.",
            (NORMALISED, "weights / np.sqrt((weights**2).sum())"),
        ),
        wrong(
            "sigma not squared",
            "You divide by sigma where its square belongs: exp(-d**2 / (2 * sigma**2)).",
            (EXPONENT, "-squared / (2 * sigma)"),
        ),
        wrong(
            "sigma for 2 sigma**2",
            "You divide the squared distance by sigma alone. The exponent is -d**2 / (2 * sigma**2).",
            (EXPONENT, "-squared / sigma"),
        ),
        wrong(
            "two forgotten",
            "Your bell is narrower by the root of 2: the 2 in exp(-d**2 / (2 * sigma**2)) is missing.",
            (EXPONENT, "-squared / sigma**2"),
        ),
        wrong(
            "two squared with sigma",
            "You square the 2 along with sigma. The exponent is -d**2 / (2 * sigma**2).",
            (EXPONENT, "-squared / (2 * sigma) ** 2"),
        ),
        wrong(
            "multiplied for divided",
            "-d**2 / 2 * sigma**2 multiplies by sigma**2. Put 2 * sigma**2 in brackets.",
            (EXPONENT, "-squared / 2 * sigma**2"),
        ),
        wrong(
            "distance not squared",
            "You take the distance itself. The bell falls with its square.",
            (EXPONENT, "-np.sqrt(squared) / (2 * sigma**2)"),
        ),
        wrong(
            "distance over sigma",
            "Your weights fall with the distance itself, over sigma. The bell falls with its square.",
            (EXPONENT, "-np.sqrt(squared) / sigma"),
        ),
        wrong(
            "along one axis",
            "Your weights fall along the rows only. The distance has two parts: y**2 + x**2.",
            ("y**2 + x**2", "0 * y + x**2"),
        ),
        wrong(
            "sign of the exponent",
            "Your weights grow away from the centre: the exponent lacks its minus sign.",
            (EXPONENT, "squared / (2 * sigma**2)"),
        ),
        wrong(
            "power of the sum",
            "You square y + x. The squared distance is y**2 + x**2.",
            ("y**2 + x**2", "(y + x) ** 2"),
        ),
        wrong(
            "half a pixel off",
            "Your centre lies at k / 2, half a pixel off. Pixels count from 0 to k - 1: the centre is (k - 1) / 2.",
            (PLACES, "np.arange(k) - k / 2"),
        ),
        wrong(
            "centre rounded up",
            "For an even k your peak lies on a pixel. The centre is (k - 1) / 2, between two pixels, not k // 2.",
            (PLACES, "np.arange(k) - k // 2"),
        ),
        wrong(
            "centre rounded down",
            "For an even k your peak lies on a pixel. The centre is (k - 1) / 2, between two pixels, not (k - 1) // 2.",
            (PLACES, "np.arange(k) - (k - 1) // 2"),
        ),
        wrong(
            "peak in the corner",
            "Your peak lies in the corner. Subtract the centre, (k - 1) / 2, from the places.",
            (PLACES, "np.arange(k) / 1"),
        ),
        wrong(
            "even sizes grow",
            "For an even k your kernel has k + 1 rows: from -(k // 2) to k // 2 there are always an odd number of places.",
            (PLACES, "np.arange(-(k // 2), k // 2 + 1)"),
        ),
        wrong(
            "from edge to edge",
            "Your places run from -k/2 to k/2, the kernel's edges, and are further than a pixel apart. The outer pixels' "
            "centres lie at (k - 1) / 2.",
            (PLACES, "np.linspace(-k / 2, k / 2, k)"),
        ),
        wrong(
            "from -1 to 1",
            "Your places run from -1 to 1. They are a pixel apart, whatever k is.",
            (PLACES, "np.linspace(-1, 1, k)"),
        ),
        wrong(
            "three sigma each way",
            "You stretch the places over 3 sigma each way. They are a pixel apart, whatever sigma is.",
            (PLACES, "np.linspace(-3 * sigma, 3 * sigma, k)"),
        ),
        wrong(
            "k taken as the radius",
            "Your kernel has 2k + 1 rows. k is its whole side.",
            (PLACES, "np.arange(-k, k + 1) / 1"),
        ),
        Mistake(
            "a row alone",
            "You return one row. The kernel has two axes, (k, k): multiply a column by a row.",
            "filters-gaussian",
            kernels.gaussian_1d,
        ),
        Mistake(
            "two bells added",
            "You add a column to a row. A bell of two axes is their product.",
            "filters-gaussian",
            two_lines,
        ),
        Mistake(
            "areas for heights",
            "You integrate the bell over each pixel. Here its height at the pixel's centre is asked.",
            "filters-gaussian",
            lambda k, sigma: kernels.gaussian_kernel(k, sigma, "integrated"),
        ),
        Mistake(
            "Pascal's triangle",
            "These are binomial weights, whatever sigma is. Here the bell is asked, and sigma sets its width.",
            "filters-gaussian",
            lambda k, sigma: kernels.gaussian_kernel(k, method="binomial"),
        ),
        Mistake(
            "table over 273",
            "For 5x5 you return the well-known table over 273, which is rounded and has a sigma of its own. Compute it.",
            "filters-slips",
            lambda k, sigma: PRINTED if k == 5 else bell(k, sigma),
        ),
        Mistake(
            "box",
            "All your weights are equal. That is a box; a Gaussian's weights fall with the distance.",
            "filters-gaussian",
            lambda k, sigma: kernels.box_kernel(k),
        ),
        Mistake(
            "rounded",
            "You round the weights. Keep them as they are.",
            "filters-gaussian",
            lambda k, sigma: bell(k, sigma).round(2),
        ),
    ),
    variants={"one bell": bell, "loops, lists": loops, "outer product, float32": outer, "density": density},
)
