"""Exercises im2col and conv_forward_im2col."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw2.conv import EXAMPLES, draw_conv, reference_forward
from autograder.exercises.hw2.conv_answers import columns, einsum, matmul, one_gemm
from autograder.exercises.hw2.conv_mistakes import COLUMNS, CONV_MISTAKES, PAD, ROWS
from convbook import kernels


def draw_im2col(rng):
    def apart(low, high):
        return [int(k) for k in rng.choice(np.arange(low, high), 2, replace=False)]

    def case(group, kind, n, c, size, kernel, stride=1, pad=0, integer=False):
        x = rng.integers(0, 256, (n, c, *size), dtype=np.uint8) if integer else rng.normal(size=(n, c, *size))
        return Case(group, kind, (x, *map(int, kernel), stride, pad))

    one, many, moved = "one channel", "batch and channels", "padding and stride"
    k, s = apart(2, 5), int(rng.integers(3, 6))
    return [
        case(one, "one image, non-square kernel", 1, 1, apart(5, 9), k),
        case(one, "one image, square kernel", 1, 1, apart(5, 9), (2, 2)),
        case(many, "several images and channels", *apart(2, 5), apart(5, 9), k),
        case(many, "square kernel", 3, 2, apart(5, 8), (3, 3)),
        case(many, "as many channels as images", 3, 3, apart(5, 8), k),
        case(many, "square image", 2, 3, [k[0] + 3] * 2, k),
        case(many, "1x1 kernels", 2, 3, apart(3, 6), (1, 1)),
        case(many, "large kernel, image of integers", 2, 3, apart(6, 9), apart(4, 7), integer=True),
        case(moved, "padding 1", 2, 3, apart(4, 8), k, pad=1),
        case(moved, "padding 2 or 3", 3, 2, apart(3, 6), k, pad=int(rng.integers(2, 4))),
        case(moved, "stride 2 that does not divide", 2, 3, (6, 9), (3, 2), stride=2),
        case(moved, "stride 2 with padding 1", 3, 2, (7, 10), (3, 3), stride=2, pad=1),
        case(moved, "a larger stride", 2, 4, (s * 2 + k[0] + 1, s * 3 + k[1]), k, stride=s),
    ]


def wrong_columns(name, sentence, *changes):
    return Mistake(name, sentence, "conv2d-im2col", rewrite(columns, *changes))


WINDOW = "window.reshape(N, -1)"
IM2COL = Exercise(
    id="hw2.im2col",
    function="im2col",
    points=10,
    anchor="conv2d-im2col",
    reference=lambda x, kh, kw, stride, pad: kernels.im2col(x, (kh, kw), stride, pad),
    groups={"one channel": 3, "batch and channels": 4, "padding and stride": 3},
    examples=(Case("one channel", "the numbers 0 to 11", (np.arange(12.0).reshape(1, 1, 3, 4), 2, 2, 1, 0)),),
    draw=draw_im2col,
    mistakes=(
        wrong_columns(
            "channels last in a column",
            "The rows of your columns run over (kh, kw, C). They must run over (C, kh, kw), as the weights do.",
            (WINDOW, "np.moveaxis(window, 1, 3).reshape(N, -1)"),
        ),
        wrong_columns(
            "one row for each window",
            "Your windows lie in rows: (N, windows, C*kh*kw). Put each into a column: (N, C*kh*kw, windows).",
            ("return cols", "return cols.swapaxes(1, 2)"),
        ),
        wrong_columns(
            "reshaped instead of transposed",
            "Your shape is right but the values are scrambled: a reshape does not swap axes. Transpose, then reshape.",
            ("return cols", "return cols.swapaxes(1, 2).reshape(cols.shape)"),
        ),
        wrong_columns(
            "batch merged into the columns",
            "Your batch is merged into the columns. Keep images apart: (N, C*kh*kw, windows).",
            ("return cols", "return np.concatenate(list(cols), axis=1)"),
        ),
        wrong_columns(
            "batch merged, windows in rows",
            "You made one long list of windows, (N*windows, C*kh*kw). Keep images apart, a column a window.",
            ("return cols", "return np.concatenate(list(cols.swapaxes(1, 2)), axis=0)"),
        ),
        wrong_columns(
            "windows counted down the columns",
            "Your windows run down the image first. Column i * W_out + j belongs to output row i, column j.",
            ("cols[:, :, i * ow + j]", "cols[:, :, j * oh + i]"),
        ),
        wrong_columns(
            "windows transposed",
            "Each of your windows is transposed. Kernel row a comes before kernel column b.",
            (WINDOW, "window.swapaxes(2, 3).reshape(N, -1)"),
        ),
        wrong_columns(
            "windows flipped",
            "Each of your windows is flipped. Cross-correlation flips nothing.",
            (WINDOW, "window[:, :, ::-1, ::-1].reshape(N, -1)"),
        ),
        wrong_columns(
            "kh and kw swapped",
            "You swap the kernel's height and width.",
            ("N, C, H, W = x.shape", "N, C, H, W = x.shape\n    kh, kw = kw, kh"),
        ),
        wrong_columns(
            "padding ignored",
            "You do not pad. Surround each channel with pad rows and columns of zeros first.",
            (PAD, "x"),
            ("(H + 2 * pad - kh)", "(H - kh)"),
            ("(W + 2 * pad - kw)", "(W - kw)"),
        ),
        wrong_columns(
            "stride ignored",
            "The stride makes no difference to your result. Window i begins at row i * stride.",
            (ROWS, "i : i + kh"),
            (COLUMNS, "j : j + kw"),
            ("// stride + 1\n    ow", "+ 1\n    ow"),
            ("// stride + 1\n    cols", "+ 1\n    cols"),
        ),
        wrong_columns(
            "windows not strided",
            "Your columns are as many as they should be, but the windows stand one pixel apart.",
            (ROWS, "i : i + kh"),
            (COLUMNS, "j : j + kw"),
        ),
        wrong_columns(
            "first image for all",
            "Every image gives the first one's columns.",
            (WINDOW, "window[:1].reshape(1, -1)"),
        ),
    ),
    variants={
        "loops over positions": columns,
        "sliding windows": lambda x, kh, kw, stride, pad: (
            np.lib.stride_tricks.sliding_window_view(
                np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))), (kh, kw), axis=(2, 3)
            )[:, :, ::stride, ::stride]
            .transpose(0, 1, 4, 5, 2, 3)
            .reshape(len(x), x.shape[1] * kh * kw, -1)
        ),
        "nested lists": lambda *args: columns(*args).tolist(),
    },
)


def wrong_matmul(name, anchor, sentence, *changes):
    return Mistake(name, sentence, anchor, rewrite(matmul, *changes))


CONV_FORWARD_IM2COL = Exercise(
    id="hw2.conv_forward_im2col",
    function="conv_forward_im2col",
    points=8,
    anchor="conv2d-im2col",
    probe="forward",
    reference=reference_forward,
    groups={"one filter": 2, "channels and filters": 2, "padding": 2, "stride": 2},
    examples=EXAMPLES,
    draw=draw_conv,
    mistakes=(
        wrong_matmul(
            "reshaped instead of transposed",
            "conv2d-im2col",
            "Your shape is right but the values are scrambled: a reshape does not move the filter axis. Transpose first.",
            ("out.reshape(len(x), F, oh, -1)", "out.swapaxes(1, 2).reshape(len(x), F, oh, -1)"),
        ),
        wrong_matmul(
            "weights flattened with channels last",
            "conv2d-im2col",
            "You flatten the filters as (kh, kw, C) and the windows as (C, kh, kw). Use one order for both.",
            ("w.reshape(F, -1)", "np.moveaxis(w, 1, 3).reshape(F, -1)"),
        ),
        wrong_matmul(
            "weights reshaped instead of transposed",
            "conv2d-im2col",
            "You reshape the filters to (C*kh*kw, F) where they should be transposed: the values are scrambled.",
            ("w.reshape(F, -1) @", "w.reshape(-1, F).T @"),
        ),
        wrong_matmul(
            "rows and columns swapped",
            "conv2d-im2col",
            "You unfold the output down its columns. Reshape to (N, F, H_out, W_out), rows first.",
            ("out.reshape(len(x), F, oh, -1)", "out.reshape(len(x), F, -1, oh).swapaxes(2, 3)"),
        ),
        *CONV_MISTAKES,
    ),
    variants={
        "matmul": matmul,
        "tensordot": einsum,
        "one GEMM for the batch": one_gemm,
    },
)
