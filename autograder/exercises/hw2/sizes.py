"""Exercises on sizes: out_size, same_padding."""

import math

from autograder.exercise import Case, Exercise, Mistake
from convbook import kernels


def draw_out_size(rng):
    """Every remainder of several strides, so that floor, ceil, round and exact division come apart."""

    def draw(low, high):
        return int(rng.integers(low, high))

    def case(group, kind, k, s, r, p, d=1):
        """A size that leaves ``r`` pixels over; at least one window fits."""
        least = -(-max(1, 1 + 2 * p - r - d * (k - 1) - 1) // s)
        return Case(group, kind, ((least + draw(0, 9)) * s + r + d * (k - 1) + 1 - 2 * p, k, s, p, d))

    cases = []
    for _ in range(3):
        n, k = draw(8, 60), draw(2, 8)
        cases.append(Case("plain", "stride 1, no padding", (n, k)))
    n = draw(4, 30)
    cases += [Case("plain", "1x1 kernel", (n, 1)), Case("plain", "kernel as large as the input", (n, n))]
    for s in (2, 3, 4, draw(5, 9)):
        for r in range(s):
            kind = "the stride does not divide" if r else "the stride divides"
            cases.append(case("stride and padding", kind, draw(2, 9), s, r, draw(1, 6)))
    n = draw(3, 6)
    cases.append(Case("stride and padding", "kernel larger than the image, not than the padded one", (n, n + 3, 2, 4)))
    for s in (1, 2, 3, draw(4, 7)):
        for r in range(s):
            kind = f"dilation with stride {'1' if s == 1 else 'above 1'}"
            cases.append(case("dilation", kind, draw(2, 7), s, r, draw(0, 5), draw(2, 8)))
    return cases


OUT_SIZE = Exercise(
    id="hw2.out_size",
    function="out_size",
    points=8,
    anchor="conv2d-output-size",
    reference=lambda n, k, s=1, p=0, d=1: kernels.conv_output_size(n, k, s, p, d),
    groups={"plain": 2, "stride and padding": 4, "dilation": 2},
    exact_type=True,
    examples=(
        Case("plain", "LeNet's first layer", (32, 5)),
        Case("stride and padding", "AlexNet's first layer as printed", (224, 11, 4)),
        Case("dilation", "dilation 2 keeps the size with padding 2", (14, 3, 1, 2, 2)),
    ),
    draw=draw_out_size,
    mistakes=(
        Mistake(
            "exact division",
            "Your size is a float. Divide with //, which rounds down to an int: half a window is no window.",
            "conv2d-output-size",
            lambda n, k, s=1, p=0, d=1: (n + 2 * p - d * (k - 1) - 1) / s + 1,
        ),
        Mistake(
            "ceil",
            "You round up. The last window must fit whole, so the division rounds down.",
            "conv2d-output-size",
            lambda n, k, s=1, p=0, d=1: math.ceil((n + 2 * p - d * (k - 1) - 1) / s) + 1,
        ),
        Mistake(
            "round",
            "You round to the nearest integer. The last window must fit whole, so the division rounds down.",
            "conv2d-output-size",
            lambda n, k, s=1, p=0, d=1: round((n + 2 * p - d * (k - 1) - 1) / s) + 1,
        ),
        Mistake(
            "padding counted once",
            "You add the padding once. It lies on both sides, so it counts twice: n + 2p.",
            "conv2d-output-size",
            lambda n, k, s=1, p=0, d=1: (n + p - d * (k - 1) - 1) // s + 1,
        ),
        Mistake(
            "padding ignored",
            "The padding makes no difference to your result. The kernel slides over n + 2p pixels.",
            "conv2d-output-size",
            lambda n, k, s=1, p=0, d=1: (n - d * (k - 1) - 1) // s + 1,
        ),
        Mistake(
            "padding subtracted",
            "You subtract the padding. It makes the input larger: n + 2p.",
            "conv2d-output-size",
            lambda n, k, s=1, p=0, d=1: (n - 2 * p - d * (k - 1) - 1) // s + 1,
        ),
        Mistake(
            "one window short",
            "You are one short: (n - k) // s counts the steps, and there is a window before the first step. Add 1.",
            "conv2d-output-size",
            lambda n, k, s=1, p=0, d=1: (n + 2 * p - d * (k - 1) - 1) // s,
        ),
        Mistake(
            "one added before the division",
            "You add 1 before dividing by the stride. The first window takes no step: divide, then add 1.",
            "conv2d-output-size",
            lambda n, k, s=1, p=0, d=1: (n + 2 * p - d * (k - 1)) // s,
        ),
        Mistake(
            "stride ignored",
            "The stride makes no difference to your result. Divide the room for sliding by s.",
            "conv2d-stride",
            lambda n, k, s=1, p=0, d=1: n + 2 * p - d * (k - 1),
        ),
        Mistake(
            "dilation times k",
            "You count the dilated kernel as d*k pixels. It spans d*(k - 1) + 1: there are only k - 1 gaps.",
            "conv2d-dilation",
            lambda n, k, s=1, p=0, d=1: (n + 2 * p - d * k) // s + 1,
        ),
        Mistake(
            "dilation ignored",
            "The dilation makes no difference to your result. The kernel spans d*(k - 1) + 1 pixels.",
            "conv2d-dilation",
            lambda n, k, s=1, p=0, d=1: (n + 2 * p - k) // s + 1,
        ),
        Mistake(
            "dilation counted from 0",
            "You put d pixels between the taps. Dilation d means steps of d, so d - 1 pixels lie between; d = 1 is none.",
            "conv2d-dilation",
            lambda n, k, s=1, p=0, d=1: (n + 2 * p - (d + 1) * (k - 1) - 1) // s + 1,
        ),
        Mistake(
            "kernel not subtracted",
            "You divide the whole input by the stride. The first window already takes up the kernel's length.",
            "conv2d-output-size",
            lambda n, k, s=1, p=0, d=1: (n + 2 * p) // s,
        ),
    ),
    variants={
        "count the starts": lambda n, k, s=1, p=0, d=1: len(range(0, n + 2 * p - d * (k - 1), s)),
        "floor": lambda n, k, s=1, p=0, d=1: math.floor((n + 2 * p - d * (k - 1) - 1) / s + 1),
        "step by step": lambda n, k, s=1, p=0, d=1: (
            1 + sum(1 for i in range(s, n + 2 * p, s) if i + d * k - d < n + 2 * p)
        ),
    },
)


def same_or_raise(k, d=1):
    if d * (k - 1) % 2:
        raise ValueError("no symmetric padding")
    return d * (k - 1) // 2


def padding_by_trial(k, d=1):
    n = d * k
    for p in range(n):
        if n + 2 * p - d * (k - 1) == n:
            return p
    raise ValueError("no symmetric padding")


def halve_then_check(k, d=1):
    half = d * (k - 1) / 2
    if half != int(half):
        raise ValueError(f"{half} is not a whole number of pixels")
    return int(half)


def raise_for_even(k, d=1):
    if k % 2 == 0:
        raise ValueError("even kernel")
    return d * (k - 1) // 2


def draw_same_padding(rng):
    odd = [int(k) for k in rng.choice([3, 5, 7, 9, 11, 13, 15], 3, replace=False)]
    even = [int(k) for k in rng.choice([2, 4, 6, 8, 10], 2, replace=False)]
    cases = [Case("odd kernels", "1x1 kernel", (1,)), Case("odd kernels", "1x1 kernel, dilated", (1, 3))]
    cases += [Case("odd kernels", "no dilation", (k,)) for k in odd]
    cases += [Case("odd kernels", "dilated", (k, int(rng.integers(2, 9)))) for k in odd]
    cases += [
        Case("even kernels", "a total that is odd", (k, d)) for k in even for d in (1, 3 + 2 * int(rng.integers(3)))
    ]
    cases += [Case("even kernels", "even dilation", (k, 2 * int(rng.integers(1, 4)))) for k in even]
    return cases


SAME_PADDING = Exercise(
    id="hw2.same_padding",
    function="same_padding",
    points=5,
    anchor="conv2d-same",
    reference=kernels.same_padding,
    groups={"odd kernels": 3, "even kernels": 2},
    exact_type=True,
    examples=(Case("odd kernels", "3x3", (3,)), Case("even kernels", "4x4, which no symmetric padding keeps", (4,))),
    draw=draw_same_padding,
    mistakes=(
        Mistake(
            "even kernels pass",
            "You return k // 2 for even kernels too, and the output grows by a pixel. An odd total cannot be split "
            "into two equal sides: raise ValueError.",
            "conv2d-same",
            lambda k, d=1: d * (k // 2),
        ),
        Mistake(
            "floor of the half",
            "You round half a pixel down for even kernels, and the output shrinks. Raise ValueError when d*(k - 1) is odd.",
            "conv2d-same",
            lambda k, d=1: d * (k - 1) // 2,
        ),
        Mistake(
            "all even kernels refused",
            "You refuse every even kernel. With an even dilation the total d*(k - 1) is even and splits into two sides.",
            "conv2d-same",
            raise_for_even,
        ),
        Mistake(
            "dilation ignored",
            "The dilation makes no difference to your result. A dilated kernel spans d*(k - 1) + 1 pixels.",
            "conv2d-same",
            lambda k, d=1: same_or_raise(k),
        ),
        Mistake(
            "both sides together",
            "You return the padding of both sides together. Half of it belongs on each side.",
            "conv2d-same",
            lambda k, d=1: 2 * same_or_raise(k, d),
        ),
        Mistake(
            "half of the kernel plus one",
            "You pad (k + 1) / 2. The output loses k - 1 pixels, so pad (k - 1) / 2 on each side.",
            "conv2d-same",
            lambda k, d=1: same_or_raise(k, d) + d,
        ),
        Mistake(
            "dilation times k",
            "You use d*k for the dilated kernel. It spans d*(k - 1) + 1 pixels.",
            "conv2d-same",
            lambda k, d=1: d * k // 2,
        ),
        Mistake(
            "float",
            "Your padding is a float. Divide with //, which gives an int.",
            "conv2d-same",
            lambda k, d=1: same_or_raise(k, d) / 1,
        ),
    ),
    variants={
        "check then halve": same_or_raise,
        "by trial": padding_by_trial,
        "halve then check": halve_then_check,
    },
)
