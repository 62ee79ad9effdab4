"""Exercise xcorr2d_inputs: the student writes the test that exposes wrong sweeps."""

import numpy as np

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw1.correlate_answers import sweep
from autograder.trial import Trial, admit_array, trial_exercise


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, anchor, rewrite(sweep, *changes))


HERE = "filters-testing"
PRODUCT, WINDOW, WEIGHTS = "(window * weights).sum()", "img[i : i + kh, j : j + kw]", "g.astype(float)"

WRONG = (
    wrong(
        "turned",
        "filters-convolution",
        "It turns the kernel by half a turn.",
        (WEIGHTS, "g[::-1, ::-1]"),
    ),
    wrong(
        "upside down",
        "filters-convolution",
        "It reverses the kernel's rows.",
        (WEIGHTS, "g[::-1]"),
    ),
    wrong(
        "mirrored",
        "filters-convolution",
        "It reverses the kernel's columns.",
        (WEIGHTS, "g[:, ::-1]"),
    ),
    wrong(
        "transposed",
        HERE,
        "It transposes the kernel, if that is square; other kernels it leaves alone.",
        (WEIGHTS, "g.T if kh == kw else g"),
    ),
    wrong(
        "square kernel",
        HERE,
        "It takes the kernel's height for its width as well.",
        ("kh, kw = g.shape", "kh = kw = g.shape[0]\n    g = np.resize(g, (kh, kw))"),
    ),
    wrong(
        "exchanged",
        HERE,
        "It exchanges the height and the width of its output.",
        (
            "oh, ow = H - kh + 1, W - kw + 1",
            "oh, ow = W - kw + 1, H - kh + 1\n    img = np.pad(img, ((0, W), (0, H)))",
        ),
    ),
    wrong(
        "lone row",
        HERE,
        "It takes a kernel of one row for a column.",
        ("kh, kw = g.shape", "g = g.T if len(g) == 1 else g\n    kh, kw = g.shape"),
    ),
    wrong(
        "last row",
        HERE,
        "It leaves the last row of its output at 0.",
        ("range(oh)", "range(oh - 1)"),
    ),
    wrong(
        "last column",
        HERE,
        "It leaves the last column of its output at 0.",
        ("range(ow)", "range(ow - 1)"),
    ),
    wrong(
        "lone place",
        HERE,
        "It returns 0 where the kernel is exactly as large as the image.",
        (PRODUCT, "(window * weights).sum() * (g.shape != img.shape)"),
    ),
    wrong(
        "three at most",
        HERE,
        "It uses the first three rows and columns of the kernel and forgets any further ones.",
        (WEIGHTS, "g * (np.arange(kh) < 3)[:, None] * (np.arange(kw) < 3)"),
    ),
    wrong(
        "whole numbers",
        "filters-dtype",
        "It cuts its results to whole numbers.",
        (PRODUCT, "int(round((window * weights).sum(), 9))"),
    ),
    wrong(
        "absolute",
        "filters-edges",
        "It drops the sign of negative results.",
        (PRODUCT, "abs((window * weights).sum())"),
    ),
    wrong(
        "ReLU",
        "filters-edges",
        "It cuts negative results to 0.",
        (PRODUCT, "max((window * weights).sum(), 0)"),
    ),
    wrong(
        "255",
        "filters-dtype",
        "It cuts results beyond 255.",
        (PRODUCT, "min((window * weights).sum(), 255)"),
    ),
    wrong(
        "kernel's sum",
        "filters-gaussian",
        "It divides by the kernel's sum, unless that is 0.",
        (PRODUCT, "(window * weights).sum() / (weights.sum() or 1)"),
    ),
    wrong(
        "image's mean",
        "filters-template",
        "It subtracts the image's mean first.",
        (WINDOW, "img[i : i + kh, j : j + kw] - img.mean()"),
    ),
    wrong(
        "running sum",
        HERE,
        "It sets its sum to 0 once, not before each window.",
        ("out = np.zeros((oh, ow))", "out, total = np.zeros((oh, ow)), 0.0"),
        ("out[i, j] = (window", "out[i, j] = total = total + (window"),
    ),
)


def admit(img, g):
    img, g = admit_array(img, "img", 2), admit_array(g, "g", 2)
    if g.shape[0] > img.shape[0] or g.shape[1] > img.shape[1]:
        raise ValueError(f"g has shape {g.shape}, expected one that fits into img's {img.shape}")
    return img, g


TRIAL = Trial(right=sweep, wrong=WRONG, admit=admit)


def by_reason():
    """One pair for each thing that can go wrong."""
    img = np.array([[3.5, -1, 4, 1, -5, 9], [2, 6, -5, 3.25, 5, 8], [-9, 7, 9, 3, 2, 3], [8, 4, 6, -2, 6, 4]])
    return [
        (img, np.array([[1, 2, -3], [4, -5, 6], [7, 9, 8.5]])),
        (img, np.array([[1.0, -2], [3, 4], [5, 6.5]])),
        (img, np.array([[1.0, -2, 0.5, 3]])),
        (img[:2, :3], np.array([[1.0, 2, 3], [-4, 5, 6]])),
        (100 * img, np.array([[1.0, 2]])),
    ]


def at_random():
    rng = np.random.default_rng(0)
    sizes = [((5, 7), (3, 3)), ((8, 6), (2, 4)), ((7, 4), (5, 1)), ((4, 9), (1, 3)), ((3, 4), (3, 4))]
    return [(rng.normal(size=size) * 100, rng.normal(size=kernel)) for size, kernel in sizes]


def as_lists():
    """Spikes and steps, in plain lists, as one would write them by hand."""
    spike = [[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    return [
        (spike, [[1, 2], [3, 4.5]]),
        [spike, [[-1, 2, 5]]],
        ([[1, -2, 3, 4, -9]], [[1, 1, 1, 2]]),
        ([[900, 2], [3, 4]], [[1]]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    ]


def one_large_pair_and_the_edge_cases():
    rng = np.random.default_rng(1)
    img = rng.uniform(-300, 300, (11, 13))
    return (
        (img.astype(np.float32), rng.uniform(-3, 3, (4, 5)).astype(np.float32)),
        (img, np.arange(1.0, 5).reshape(2, 2)),
        (img, np.arange(1.0, 4).reshape(1, 3)),
        (img[:2, :2], np.arange(1.0, 5).reshape(2, 2)),
    )


def weak(name, sentence, inputs, anchor=HERE):
    return Mistake(name, sentence, anchor, inputs)


def from_each(change):
    """The pairs of ``by_reason``, each changed."""
    return lambda: [change(img, g) for img, g in by_reason()]


def alike(*flips):
    """The pairs of ``by_reason`` with kernels that look the same after each of the flips."""

    def change(img, g):
        for flip in flips:
            g = g + flip(g)
        return img, g

    return from_each(change)


def rows_reversed(g):
    return g[::-1]


def columns_reversed(g):
    return g[:, ::-1]


def square_kernels():
    img = 3.5 * np.array([[3, -1, 4, 1, -5], [9, 2, -6, 5, 3], [-58, 97, 93, 23, 8], [46, -26, 4, 33, 8]])
    kernel = np.array([[1, -2, 3, 2], [4, 5, 6, -1], [7, 8, 9.5, 3], [1, -2, -3, 4]])
    return [(img, kernel), (img, kernel[:2, :2]), (img[:3, :3], kernel[:3, :3])]


XCORR2D_INPUTS = trial_exercise(
    "hw1.xcorr2d_inputs",
    "xcorr2d_inputs",
    10,
    HERE,
    TRIAL,
    reference=by_reason,
    mistakes=(
        weak(
            "symmetric kernels",
            "Turning or mirroring your kernels changes none of your results. So it is with blurs, and with constant "
            "images. Take values that all differ.",
            alike(rows_reversed, columns_reversed),
            "filters-convolution",
        ),
        weak(
            "the same upside down",
            "Reversing the rows of your kernels changes none of your results. Take kernels whose rows differ.",
            alike(rows_reversed),
            "filters-convolution",
        ),
        weak(
            "the same mirrored",
            "Reversing the columns of your kernels changes none of your results. Take kernels whose columns differ.",
            alike(columns_reversed),
            "filters-convolution",
        ),
        weak(
            "the same turned",
            "Turning your kernels by half a turn changes none of your results. Take one whose values all differ.",
            alike(lambda g: g[::-1, ::-1]),
            "filters-convolution",
        ),
        weak(
            "the same transposed",
            "Transposing your square kernels changes none of your results, or none of your kernels is square. Take a "
            "square one whose values all differ.",
            lambda: [(img, g if g.shape[0] != g.shape[1] else g + g.T) for img, g in by_reason()],
        ),
        weak(
            "square kernels",
            "All your kernels are square. Height and width are easily taken for each other: take kernels that are taller "
            "than wide, and wider than tall.",
            square_kernels,
        ),
        weak(
            "no single row",
            "No kernel of yours is a single row whose values count. Code for two axes often treats one row apart.",
            lambda: [(img, np.vstack([g, -2 * g]) if len(g) == 1 else g) for img, g in by_reason()],
        ),
        weak(
            "results as high as wide",
            "All your results are as high as wide. Height and width are easily taken for each other.",
            lambda: (
                [
                    (np.resize(by_reason()[0][0], (len(g) + more, g.shape[1] + more)), g)
                    for _, g in by_reason()
                    for more in (0, 2)
                ]
                + [([[300.0]], [[1.5]])]
            ),
        ),
        weak(
            "whole numbers",
            "All your results are whole numbers. Fractions show what is cut.",
            from_each(lambda img, g: (np.rint(img), np.rint(g * 3))),
            "filters-dtype",
        ),
        weak(
            "nothing negative",
            "None of your results is negative. Take kernels, or images, with values of both signs.",
            from_each(lambda img, g: (abs(img), abs(g))),
            "filters-edges",
        ),
        weak(
            "small numbers",
            "None of your results goes beyond 255. Photographs reach that with any kernel that adds up to more than 1.",
            from_each(lambda img, g: (img / img.max(), g)),
            "filters-dtype",
        ),
        weak(
            "kernels that add up to 0",
            "The mean of your images makes no difference to your results: that mean is 0, or your kernels add up to 0.",
            from_each(lambda img, g: (img, g - g.mean())),
            "filters-template",
        ),
        weak(
            "kernels that add up to 1",
            "All your kernels add up to 1 or 0. That hides who divides by the sum.",
            from_each(lambda img, g: (img, g / g.sum())),
            "filters-gaussian",
        ),
        weak(
            "kernels smaller than their images",
            "Where a kernel is as large as its image, there is one place, the smallest case. None of your inputs shows a "
            "result there.",
            lambda: [(np.pad(img, ((1, 0), (1, 0)), "reflect"), g) for img, g in by_reason()],
        ),
        weak(
            "small kernels",
            "What your kernels hold beyond their third row and column changes none of your results. What handles 3x3 "
            "need not handle more.",
            lambda: [(img, g[:, :3]) for img, g in by_reason()],
        ),
        weak(
            "results of 0",
            "All your results are 0, and most wrong implementations return that too.",
            lambda: [(np.zeros((4, 5)), np.ones((2, 3)))],
        ),
        weak(
            "one blur",
            "Your inputs tell few implementations apart. Ask of every number in them, sizes too, what it would show.",
            lambda: [(np.arange(25.0).reshape(5, 5), np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16)],
        ),
    ),
    variants={
        "a pair for each reason": by_reason,
        "at random": at_random,
        "spikes and steps, lists": as_lists,
        "one large pair and the edge cases": one_large_pair_and_the_edge_cases,
    },
)
