"""An assignment of one exercise, for the guide on writing exercises: make maps larger by repeating pixels."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite


def repeat(x, s):
    return x.repeat(s, axis=2).repeat(s, axis=3)


def loops(x, s):
    N, C, H, W = x.shape
    out = np.zeros((N, C, H * s, W * s))
    for i in range(H * s):
        for j in range(W * s):
            out[:, :, i, j] = x[:, :, i // s, j // s]
    return out


def blocks(x, s):
    return np.kron(x, np.ones((s, s)))


def by_index(x, s):
    rows, columns = (np.arange(size * s) // s for size in x.shape[2:])
    return x[:, :, rows][:, :, :, columns]


def draw(rng):
    """Sizes and factors that all differ, so that no two mistakes can look alike."""

    def case(group, kind, N, C, s):
        H, W = rng.choice([3, 4, 5, 6, 7], 2, replace=False)
        return Case(group, kind, (rng.normal(size=(N, C, H, W)), s))

    cases = [case("one map", "twice as large", 1, 1, 2), case("one map", "three times as large", 1, 1, 3)]
    cases += [case("batch and channels", "a batch", int(rng.integers(2, 5)), 3, s) for s in (2, 3)]
    cases += [case("factors", "factor 1, which changes nothing", 2, 1, 1)]
    cases += [case("factors", "a larger factor", 1, 2, s) for s in (4, 5)]
    return cases


UPSAMPLE_NEAREST = Exercise(
    id="hw8.upsample_nearest",
    function="upsample_nearest",
    points=10,
    anchor="backprop-checkerboard",
    reference=repeat,
    groups={"one map": 5, "batch and channels": 3, "factors": 2},
    examples=(Case("one map", "the 2x2 example", (np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), 2)),),
    draw=draw,
    mistakes=(
        Mistake(
            "tiled",
            "You lay whole maps side by side, as np.tile does. Each pixel is repeated where it stands.",
            "backprop-checkerboard",
            rewrite(loops, ("i // s, j // s", "i % H, j % W")),
        ),
        Mistake(
            "zeros between",
            "Only the first pixel of each block is there, the others are zero. That is the first step of a "
            "transposed convolution; here every pixel of a block has the value.",
            "backprop-transposed",
            rewrite(loops, ("out[:, :, i, j] =", "out[:, :, i, j] = (i % s == 0) * (j % s == 0) *")),
        ),
        Mistake(
            "divided",
            "You divide by the number of copies. That keeps the sum, but the values are to stay.",
            "backprop-checkerboard",
            rewrite(loops, ("j // s]", "j // s] / s**2")),
        ),
        Mistake(
            "corners aligned",
            "You spread the pixels so that the corners meet, so blocks differ in size. Row i comes from row i // s.",
            "backprop-checkerboard",
            rewrite(
                loops,
                ("i // s", "round(i * (H - 1) / (H * s - 1))"),
                ("j // s", "round(j * (W - 1) / (W * s - 1))"),
            ),
        ),
        Mistake(
            "rows only",
            "Only the rows are repeated. The columns are, too.",
            "backprop-checkerboard",
            lambda x, s: x.repeat(s, axis=2),
        ),
        Mistake(
            "columns only",
            "Only the columns are repeated. The rows are, too.",
            "backprop-checkerboard",
            lambda x, s: x.repeat(s, axis=3),
        ),
        Mistake(
            "channels for columns",
            "You repeat channels and rows. The axes are (N, C, H, W): rows and columns are 2 and 3.",
            "backprop-checkerboard",
            lambda x, s: x.repeat(s, axis=1).repeat(s, axis=2),
        ),
        Mistake(
            "repeated in memory",
            "You repeat the values in a row and then give them a shape. So a block becomes a line: repeat each axis "
            "by itself.",
            "backprop-checkerboard",
            lambda x, s: x.repeat(s * s).reshape(*x.shape[:2], x.shape[2] * s, x.shape[3] * s),
        ),
        Mistake(
            "one copy too many",
            "You add s copies to each pixel, which makes s + 1. The map is to be s times as large.",
            "backprop-checkerboard",
            lambda x, s: x.repeat(s + 1, axis=2).repeat(s + 1, axis=3),
        ),
        Mistake(
            "always twice",
            "The factor makes no difference to your result. Repeat s times, not twice.",
            "backprop-checkerboard",
            lambda x, s: x.repeat(2, axis=2).repeat(2, axis=3),
        ),
    ),
    variants={"loops": loops, "Kronecker product": blocks, "by index": by_index},
)

EXERCISES = (UPSAMPLE_NEAREST,)
