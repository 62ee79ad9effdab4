"""Exercise dilate_kernel."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw3.cases import apart
from convbook import kernels

CHECK = "if d < 1:"
ZEROS = "np.zeros((*w.shape[:-2], d * (kh - 1) + 1, d * (kw - 1) + 1))"
FILL = "wide[..., ::d, ::d] = w"


def spread(w, d):
    if d < 1:
        raise ValueError(f"dilation {d} is below 1")
    kh, kw = w.shape[-2:]
    wide = np.zeros((*w.shape[:-2], d * (kh - 1) + 1, d * (kw - 1) + 1))
    wide[..., ::d, ::d] = w
    return wide


def tap_by_tap(w, d):
    if d <= 0:
        raise ValueError("d must be positive")
    F, C, kh, kw = w.shape
    wide = np.zeros((F, C, kh + (kh - 1) * (d - 1), kw + (kw - 1) * (d - 1)), dtype=w.dtype)
    for f in range(F):
        for c in range(C):
            for a in range(kh):
                for b in range(kw):
                    wide[f, c, a * d, b * d] = w[f, c, a, b]
    return wide


def by_kron(w, d):
    """The Kronecker product leaves d - 1 zeros behind every tap; those behind the last are cut off."""
    if d < 1:
        raise ValueError("d must be positive")
    corner = np.zeros((d, d))
    corner[0, 0] = 1
    last = d - 1
    wide = np.kron(w, corner)
    return wide[..., : wide.shape[-2] - last, : wide.shape[-1] - last]


def by_matrices(w, d):
    """A matrix on each side, as a transposed convolution with a kernel of one pixel, in single precision."""
    if d < 1:
        raise ValueError("d must be positive")
    left, right = (np.eye(d * (k - 1) + 1, dtype=np.float32)[:, ::d] for k in w.shape[-2:])
    return left @ w.astype(np.float32) @ right.T


def by_insertion(w, d):
    """Zeros inserted before every tap but the first, one axis after the other, as nested lists."""
    if not d >= 1:
        raise ValueError("d must be positive")
    for axis in (2, 3):
        places = np.repeat(np.arange(1, w.shape[axis]), d - 1)
        w = np.insert(w, places, 0, axis=axis)
    return w.tolist()


def draw_dilate(rng):
    def case(group, kind, f, c, kernel, d, integer=False):
        w = rng.normal(size=(f, c, *kernel))
        return Case(group, kind, (np.rint(5 * w).astype(np.int64) if integer else w, d))

    k = apart(rng, 2, 5)
    two, more, least = "dilation 2", "larger dilations", "dilation 1 and below"
    return [
        case(two, "one kernel", 1, 1, k, 2),
        case(two, "several filters and channels", 2, 3, k, 2),
        case(two, "3x3 kernels", 3, 2, (3, 3), 2),
        case(two, "a row of taps", 2, 3, (1, k[1] + 1), 2),
        case(two, "a column of taps", 3, 2, (k[0] + 1, 1), 2),
        case(two, "integers", 2, 3, k, 2, integer=True),
        case(more, "several filters and channels", 3, 2, k, 3),
        case(more, "3x3 kernels", 2, 3, (3, 3), int(rng.integers(4, 7))),
        case(more, "dilation larger than the kernel", 2, 1, apart(rng, 2, 4), int(rng.integers(5, 8))),
        case(more, "as many filters as kernel rows", 3, 3, (3, 2), 3),
        case(least, "dilation 1 changes nothing", 3, 2, k, 1),
        case(least, "dilation 1 changes nothing, 3x3 kernels", 2, 4, (3, 3), 1),
        case(least, "1x1 kernels have no gaps", 2, 3, (1, 1), int(rng.integers(2, 6))),
        case(least, "dilation 3", 2, 4, k, 3),
        case(least, "dilation 0", 2, 3, k, 0),
        case(least, "a negative dilation", 3, 2, k, -int(rng.integers(1, 4))),
    ]


def wrong(name, sentence, *changes, anchor="groups-effective-kernel"):
    return Mistake(name, sentence, anchor, rewrite(spread, *changes))


DILATE_KERNEL = Exercise(
    id="hw3.dilate_kernel",
    function="dilate_kernel",
    points=8,
    anchor="groups-effective-kernel",
    reference=kernels.dilate,
    groups={"dilation 2": 4, "larger dilations": 2, "dilation 1 and below": 2},
    examples=(Case("dilation 2", "the chapter's kernel of 2x3", (np.arange(1.0, 7).reshape(1, 1, 2, 3), 2)),),
    draw=draw_dilate,
    mistakes=(
        wrong(
            "d zeros between the taps",
            "You put d zeros between the taps. Dilation d means steps of d, so d - 1 zeros lie between, none for d = 1.",
            ("    wide = ", "    d += 1\n    wide = "),
        ),
        wrong(
            "d zeros between the taps from 2 on",
            "You put d zeros between the taps as soon as there is a dilation. Dilation d means steps of d, so d - 1 zeros lie "
            "between.",
            ("    wide = ", "    d += d > 1\n    wide = "),
        ),
        wrong(
            "zeros behind the last tap",
            "You leave d - 1 zeros behind the last tap, too. They lie between taps only: the kernel spans d*(k - 1) + 1.",
            (ZEROS, "np.zeros((*w.shape[:-2], d * kh, d * kw))"),
        ),
        wrong(
            "zeros before the first tap",
            "You leave d - 1 zeros before the first tap, too. They lie between taps only: the kernel spans d*(k - 1) + 1.",
            (ZEROS, "np.zeros((*w.shape[:-2], d * kh, d * kw))"),
            (FILL, "wide[..., d - 1 :: d, d - 1 :: d] = w"),
        ),
        wrong(
            "last tap lost",
            "Your kernel ends before its last tap. d*(k - 1) counts the steps, and there is a tap before the first: add 1.",
            (ZEROS, "np.zeros((*w.shape[:-2], d * (kh - 1), d * (kw - 1)))"),
            (FILL, "wide[..., ::d, ::d] = w[..., :-1, :-1]"),
        ),
        wrong(
            "dilation 0 accepted",
            "You take dilation 0 for none. Dilation is the distance between taps: 1 is none, and below 1 is a ValueError.",
            (CHECK, "d = d or 1\n    if d < 1:"),
        ),
        wrong(
            "dilation counted from 0",
            "You count dilation from 0, so that 0 is none and 1 puts a zero between the taps. It is the distance between "
            "taps: 1 is none, 0 is a ValueError.",
            (CHECK, "d = d + 1\n    if d < 1:"),
        ),
        wrong(
            "dilation not checked",
            "You do not refuse a dilation below 1. Raise ValueError: the taps would lie on each other.",
            (CHECK, "if d == 0:"),
            (ZEROS, "np.zeros((*w.shape[:-2], abs(d) * (kh - 1) + 1, abs(d) * (kw - 1) + 1))"),
        ),
        wrong(
            "taps repeated",
            "You repeat each tap d times. Between the taps are zeros.",
            (ZEROS, "w.repeat(d, axis=-2).repeat(d, axis=-1)"),
            (FILL, ""),
        ),
        wrong(
            "taps filled forward",
            "You repeat each tap up to the next one. Between the taps are zeros.",
            (ZEROS, "w.repeat(d, axis=-2).repeat(d, axis=-1)[..., : d * (kh - 1) + 1, : d * (kw - 1) + 1]"),
            (FILL, ""),
        ),
        wrong(
            "ones between the taps",
            "You fill the gaps with ones. Between the taps are zeros.",
            ("np.zeros", "np.ones"),
        ),
        wrong(
            "rows dilated only",
            "You spread the rows but not the columns.",
            (ZEROS, "np.zeros((*w.shape[:-2], d * (kh - 1) + 1, kw))"),
            (FILL, "wide[..., ::d, :] = w"),
        ),
        wrong(
            "columns dilated only",
            "You spread the columns but not the rows.",
            (ZEROS, "np.zeros((*w.shape[:-2], kh, d * (kw - 1) + 1))"),
            (FILL, "wide[..., :, ::d] = w"),
        ),
        wrong(
            "filters and channels spread",
            "You spread the filters and channels, too, or in place of the kernel. Rows and columns are the last two axes.",
            (ZEROS, "np.zeros(tuple(d * (k - 1) + 1 for k in w.shape))"),
            (FILL, "wide[::d, ::d, ::d, ::d] = w"),
        ),
        wrong(
            "first two axes spread",
            "You spread the first two axes. Those are filters and channels; rows and columns are the last two.",
            (ZEROS, "np.zeros((d * (w.shape[0] - 1) + 1, d * (w.shape[1] - 1) + 1, kh, kw))"),
            (FILL, "wide[::d, ::d] = w"),
        ),
        wrong(
            "surrounded by zeros",
            "You put the zeros around the kernel. They belong between its taps.",
            (FILL, "wide[..., :kh, :kw] = w"),
        ),
        wrong(
            "surrounded by zeros on all sides",
            "You put the zeros around the kernel on all sides, as padding. They belong between its taps.",
            (ZEROS, "np.pad(w, ((0, 0), (0, 0), (d - 1, d - 1), (d - 1, d - 1)))"),
            (FILL, ""),
        ),
        wrong(
            "square kernel assumed",
            "You use the kernel's height for its width. Kernels need not be square: read kh and kw.",
            ("    wide = ", "    kw = kh\n    wide = "),
        ),
        wrong(
            "height and width swapped",
            "Your kernels are transposed. Axis 2 is rows, axis 3 columns.",
            ("return wide", "return wide.swapaxes(-1, -2)"),
        ),
        wrong(
            "kernels flipped",
            "Your kernels are flipped. Dilation moves the taps apart and leaves their order.",
            (FILL, "wide[..., ::d, ::d] = w[..., ::-1, ::-1]"),
        ),
        wrong(
            "every d-th tap kept",
            "You keep every d-th tap: that makes the kernel smaller. Dilation keeps all taps and moves them apart.",
            ("return wide", "return w[..., ::d, ::d]"),
        ),
        wrong(
            "first kernel only",
            "Only the first filter's kernels are spread. All filters and channels are, each by itself.",
            (FILL, "wide[:1, :, ::d, ::d] = w[:1]"),
        ),
        wrong(
            "integer kernel",
            "Your weights are cut to integers: the array of zeros has an integer dtype. Make it of floats, or of w.dtype.",
            (ZEROS, ZEROS[:-1] + ", int)"),
        ),
        wrong(
            "weights scaled",
            "You scale the weights. The taps keep their values; there are only zeros between them.",
            ("return wide", "return wide * d"),
        ),
        wrong(
            "assert in place of ValueError",
            "You stop with assert, which raises AssertionError. Write raise ValueError(...): an assert is for mistakes of "
            "your own, and can be switched off.",
            (CHECK, "assert d >= 1\n    if False:"),
            anchor="groups-dilation",
        ),
    ),
    variants={
        "written with steps": spread,
        "a tap at a time": tap_by_tap,
        "Kronecker product, cut": by_kron,
        "a matrix on each side, in float32": by_matrices,
        "zeros inserted, nested lists": by_insertion,
    },
)
