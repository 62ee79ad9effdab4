"""Exercise conv_toeplitz."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from convbook import kernels


def entries(w, n, stride=1, pad=0):
    k = len(w)
    rows = (n + 2 * pad - k) // stride + 1
    T = np.zeros((rows, n))
    for i in range(rows):
        for a in range(k):
            column = i * stride + a - pad
            if 0 <= column < n:
                T[i, column] = w[a]
    return T


def shifted_rows(w, n, stride=1, pad=0):
    wide = [np.r_[np.zeros(i), w, np.zeros(n + 2 * pad - len(w) - i)] for i in range(n + 2 * pad - len(w) + 1)]
    return np.array(wide)[::stride, pad : pad + n].astype(np.float32)


def of_unit_vectors(w, n, stride=1, pad=0):
    """A matrix's columns are what it makes of the unit vectors."""
    columns = [np.correlate(np.pad(e, pad), w, "valid")[::stride] for e in np.eye(n)]
    return [list(row) for row in zip(*columns, strict=True)]


def diagonals(w, n, stride=1, pad=0):
    wide = n + 2 * pad
    full = sum(w[a] * np.eye(wide - len(w) + 1, wide, k=a) for a in range(len(w)))
    return full[::stride, pad : wide - pad]


def draw(rng):
    def case(group, kind, k, n, *settings, integer=False):
        w = rng.integers(1, 10, k) if integer else rng.normal(size=k)
        return Case(group, kind, (w, int(n), *settings))

    s = int(rng.integers(3, 6))
    return [
        case("plain", "a few taps", 3, rng.integers(6, 10)),
        case("plain", "two taps", 2, rng.integers(4, 9), 1, 0),
        case("plain", "a longer kernel", 4, rng.integers(7, 11)),
        case("plain", "taps of integers", 3, rng.integers(5, 8), integer=True),
        case("plain", "a kernel as long as the signal", 5, 5),
        case("plain", "one tap", 1, rng.integers(3, 6)),
        case("stride", "a stride that divides", 3, 9, 2),
        case("stride", "a stride that does not divide", 3, 10, 2, 0),
        case("stride", "a larger stride", 2, 3 * s + 3, s),
        case("padding", "padding that keeps the size", 3, rng.integers(5, 9), 1, 1),
        case("padding", "padding 2", 4, rng.integers(6, 9), 1, 2),
        case("padding", "padding larger than the kernel", 2, rng.integers(4, 7), 1, 3),
        case("padding", "padding and a stride", 3, 8, 2, 1),
        case("padding", "padding 2 and a stride of 3", 4, int(rng.integers(2, 4)) * 3 + 4, 3, 2),
    ]


ROWS = "(n + 2 * pad - k) // stride + 1"
COLUMN = "column = i * stride + a - pad"


def wrong(name, sentence, *changes, anchor="backprop-toeplitz"):
    return Mistake(name, sentence, anchor, rewrite(entries, *changes))


CONV_TOEPLITZ = Exercise(
    id="hw4.conv_toeplitz",
    function="conv_toeplitz",
    points=3,
    anchor="backprop-toeplitz",
    reference=lambda w, n, stride=1, pad=0: kernels.toeplitz_1d(w, n, stride, pad),
    groups={"plain": 2, "stride": 2, "padding": 2},
    examples=(
        Case("plain", "the three taps of the text", (np.array([1.0, 2, 3]), 5)),
        Case("padding", "the lecture's 5x5 matrix", (np.array([2.0, 3, 5]), 5, 1, 1)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "taps flipped",
            "Your rows hold the taps backwards: that is the matrix of true convolution. Cross-correlation lays them as they are.",
            ("= w[a]", "= w[k - 1 - a]"),
            anchor="backprop-flip",
        ),
        wrong(
            "transposed",
            "Your matrix is transposed. It has a row for each output, a column for each input.",
            ("return T", "return T.T"),
        ),
        wrong(
            "one row too many",
            "Your matrix has a row too many, and its taps are cut off at the right. Only whole windows make a row.",
            ("// stride + 1", "// stride + 2"),
        ),
        wrong(
            "one row short",
            "Your matrix is a row short. There is a window before the first step: + 1.",
            ("// stride + 1", "// stride"),
        ),
        wrong(
            "rows for as long as one tap is inside",
            "Your matrix has a row wherever one tap lies on the signal: that is the full correlation. Only whole windows make a row.",
            (ROWS, "n + k - 1"),
            (COLUMN, "column = i + a - k + 1"),
        ),
        wrong(
            "square",
            "Your matrix is always square. It has one row for each output: (n + 2 * pad - k) // stride + 1.",
            (ROWS, "n"),
        ),
        wrong(
            "stride ignored",
            "The stride makes no difference to your matrix. Row i begins at column i * stride, and there are fewer rows.",
            (ROWS, "n + 2 * pad - k + 1"),
            (COLUMN, "column = i + a - pad"),
            anchor="backprop-stride",
        ),
        wrong(
            "rows not strided",
            "Your matrix has the right number of rows, but each begins one column after the last. Row i begins at column i * stride.",
            (COLUMN, "column = i + a - pad"),
            anchor="backprop-stride",
        ),
        wrong(
            "stride counted in the shift alone",
            "Your rows step by the stride, but there are as many as without one, the last of them empty.",
            (ROWS, "n + 2 * pad - k + 1"),
            anchor="backprop-stride",
        ),
        wrong(
            "stride used as dilation",
            "Your taps stand a stride apart. That is dilation; the stride moves the row.",
            (COLUMN, "column = i + a * stride - pad"),
            anchor="backprop-stride",
        ),
        wrong(
            "rows rounded up",
            "Your number of rows is rounded up, so the last row's taps are cut off. Round down: // stride.",
            (ROWS, "-((k - n - 2 * pad) // stride) + 1"),
            anchor="backprop-stride",
        ),
        wrong(
            "padding ignored",
            "The padding makes no difference to your matrix. With padding there are more rows, and row 0 begins left of the signal.",
            (ROWS, "(n - k) // stride + 1"),
            (COLUMN, "column = i * stride + a"),
            anchor="backprop-padding",
        ),
        wrong(
            "padding not subtracted",
            "Your number of rows is right, but row 0 begins at column 0. It begins pad columns before, and what lies outside is cut off.",
            (COLUMN, "column = i * stride + a"),
            anchor="backprop-padding",
        ),
        wrong(
            "padding cut off with [pad:-pad]",
            "Without padding your matrix has no columns: [0:-0] selects nothing. Cut with [pad : pad + n].",
            ("return T", "return T if pad else T[:, :0]"),
            anchor="backprop-padding",
        ),
        wrong(
            "padding subtracted twice",
            "Row 0 of your matrix begins 2 * pad columns before the signal. It begins pad columns before.",
            (COLUMN, "column = i * stride + a - 2 * pad"),
            anchor="backprop-padding",
        ),
        wrong(
            "padding added",
            "You shift by the padding to the right. Row 0 begins pad columns before the signal: subtract.",
            (COLUMN, "column = i * stride + a + pad"),
            anchor="backprop-padding",
        ),
        wrong(
            "padding counted once",
            "Your number of rows counts the padding once. It lies on both sides: n + 2 * pad.",
            ("n + 2 * pad - k", "n + pad - k"),
            anchor="backprop-padding",
        ),
        wrong(
            "padding fixed at 1",
            "You pad by 1, whatever pad is.",
            ("k = len(w)", "k = len(w)\n    pad = 1"),
            anchor="backprop-padding",
        ),
        wrong(
            "columns of the padding kept",
            "Your matrix has columns for the padding. The padding is zero and not an input: leave those columns out.",
            ("np.zeros((rows, n))", "np.zeros((rows, n + 2 * pad))"),
            (COLUMN, "column = i * stride + a"),
            ("< n:", "< n + 2 * pad:"),
            anchor="backprop-padding",
        ),
        wrong(
            "wrapped around",
            "Taps that lie before the signal come back at its end: a negative index counts from behind. They fall on zeros; leave them out.",
            ("if 0 <= column < n", "if column < n"),
            ("T[i, column] =", "T[i, column % n] ="),
            anchor="backprop-padding",
        ),
        wrong(
            "edge padding",
            "Taps beyond the edge are added to the edge's column. The padding is zero: leave them out.",
            ("if 0 <= column < n:", "if True:"),
            ("T[i, column] =", "T[i, min(max(column, 0), n - 1)] +="),
            anchor="backprop-padding",
        ),
        wrong(
            "one row for all",
            "Only the first row of your matrix is filled. Every row holds the taps.",
            ("range(rows)", "range(1)"),
        ),
        wrong(
            "integers",
            "Your matrix holds integers, so decimals of the taps are cut off.",
            ("np.zeros((rows, n))", "np.zeros((rows, n), int)"),
        ),
        wrong(
            "taps changed",
            "You change the array w. The caller still needs it: read from it only.",
            ("return T", "w[:] = 0\n    return T"),
        ),
    ),
    variants={
        "entry by entry": entries,
        "shifted rows, single precision": shifted_rows,
        "unit vectors, nested lists": of_unit_vectors,
        "diagonals": diagonals,
    },
)
