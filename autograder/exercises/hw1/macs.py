"""Exercise separable_macs: what two passes cost."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake
from autograder.exercises.hw1.draws import apart


def draw_sizes(rng):
    def draw(low, high):
        return int(rng.integers(low, high))

    def case(group, kind, low, high, kh, kw):
        H = draw(low, high)
        return Case(group, kind, (H, H + draw(3, 99), kh, kw))

    kh, kw = apart(rng, 2, 9)
    k = draw(3, 9)
    H = draw(20, 90)
    return [
        case("kernels", "image and kernel not square", 12, 90, kh, kw),
        case("kernels", "image and kernel not square", 12, 90, kw, kh),
        case("kernels", "square kernel", 12, 90, k, k),
        Case("kernels", "taller than wide", (H + draw(3, 30), H, kh, kw)),
        Case("kernels", "square image", (H, H, kh, kw)),
        case("kernels", "a photograph", 900, 3000, k + 8, k),
        Case("kernels", "kernel as large as the image", (kh, kw, kh, kw)),
        case("kernels", "a row for a kernel", 12, 90, 1, k),
    ]


def count_as_you_go(H, W, kh, kw):
    macs = 0
    for _ in range(H - kh + 1):
        macs += W * kh
        for _ in range(W - kw + 1):
            macs += kw
    return macs


def mistake(name, sentence, function):
    return Mistake(name, sentence, "filters-separable", function)


SEPARABLE_MACS = Exercise(
    id="hw1.separable_macs",
    function="separable_macs",
    points=3,
    anchor="filters-separable",
    reference=lambda H, W, kh, kw: (H - kh + 1) * W * kh + (H - kh + 1) * (W - kw + 1) * kw,
    groups={"kernels": 3},
    exact_type=True,
    examples=(Case("kernels", "3x3 on the chapter's 5x5", (5, 5, 3, 3)),),
    draw=draw_sizes,
    mistakes=(
        mistake(
            "one pass of the square",
            "You count one pass of the whole kernel, kh times kw a value. Two passes cost kh, then kw.",
            lambda H, W, kh, kw: (H - kh + 1) * (W - kw + 1) * kh * kw,
        ),
        mistake(
            "first pass on the output's columns",
            "You count the first pass on the columns of the output. It has to make all W columns: the second pass reads them.",
            lambda H, W, kh, kw: (H - kh + 1) * (W - kw + 1) * (kh + kw),
        ),
        mistake(
            "second pass on every column",
            "You count the second pass at every column of the image. It has W - kw + 1 places in a row.",
            lambda H, W, kh, kw: (H - kh + 1) * W * (kh + kw),
        ),
        mistake(
            "second pass on every row",
            "You count the second pass on all H rows. The first pass has left H - kh + 1.",
            lambda H, W, kh, kw: (H - kh + 1) * W * kh + H * (W - kw + 1) * kw,
        ),
        mistake(
            "row first",
            "You count the pass along the rows first. Here v goes first, down the columns.",
            lambda H, W, kh, kw: H * (W - kw + 1) * kw + (H - kh + 1) * (W - kw + 1) * kh,
        ),
        mistake(
            "output as large as the image",
            "You count every pixel of the image in both passes. Only places count where the kernel lies whole on it.",
            lambda H, W, kh, kw: H * W * (kh + kw),
        ),
        mistake(
            "per value",
            "You count the multiply-adds of one value. Count those of the whole image.",
            lambda H, W, kh, kw: kh + kw,
        ),
        mistake(
            "costs multiplied",
            "You multiply the costs of the two passes. They run one after the other: add.",
            lambda H, W, kh, kw: (H - kh + 1) * W * kh * (H - kh + 1) * (W - kw + 1) * kw,
        ),
        mistake(
            "kernel taken as square",
            "You take the kernel's height for its width as well.",
            lambda H, W, kh, kw: (H - kh + 1) * W * kh + (H - kh + 1) * (W - kh + 1) * kh,
        ),
        mistake(
            "height and width exchanged",
            "You exchange the kernel's height and width.",
            lambda H, W, kh, kw: (H - kw + 1) * W * kw + (H - kw + 1) * (W - kh + 1) * kh,
        ),
        mistake(
            "weights exchanged",
            "You count kw weights down the columns and kh along the rows. The kernel has kh rows.",
            lambda H, W, kh, kw: (H - kh + 1) * W * kw + (H - kh + 1) * (W - kw + 1) * kh,
        ),
        mistake(
            "one place short",
            "You count H - kh places. There is one more: the first takes no step.",
            lambda H, W, kh, kw: (H - kh) * W * kh + (H - kh) * (W - kw) * kw,
        ),
        mistake(
            "first pass alone",
            "You count the first pass alone.",
            lambda H, W, kh, kw: (H - kh + 1) * W * kh,
        ),
        mistake(
            "twice",
            "You count multiplications and additions apart. A multiply-add counts as one.",
            lambda H, W, kh, kw: 2 * ((H - kh + 1) * W * kh + (H - kh + 1) * (W - kw + 1) * kw),
        ),
        mistake(
            "float",
            "Your count is a float. Multiply-adds are counted in whole numbers.",
            lambda H, W, kh, kw: float((H - kh + 1) * W * kh + (H - kh + 1) * (W - kw + 1) * kw),
        ),
    ),
    variants={
        "formula": lambda H, W, kh, kw: (H - kh + 1) * (W * kh + (W - kw + 1) * kw),
        "counted as you go": count_as_you_go,
        "sizes of the results": lambda H, W, kh, kw: (
            int(np.prod((H - kh + 1, W, kh))) + int(np.prod((H - kh + 1, W - kw + 1, kw)))
        ),
    },
)
