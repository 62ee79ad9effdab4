"""Exercises max_pool_forward_naive and global_avg_pool."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from convbook import kernels


def pool_loops(x, pool_param):
    kh, kw, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    oh = (H - kh) // stride + 1
    ow = (W - kw) // stride + 1
    out = np.zeros((N, C, oh, ow))
    for n in range(N):
        for c in range(C):
            for i in range(oh):
                for j in range(ow):
                    window = x[n, c, i * stride : i * stride + kh, j * stride : j * stride + kw]
                    out[n, c, i, j] = window.max()
    return out, (x, pool_param)


def pool_windows(x, pool_param):
    k, s = (pool_param["pool_height"], pool_param["pool_width"]), pool_param["stride"]
    windows = np.lib.stride_tricks.sliding_window_view(x, k, axis=(2, 3))[:, :, ::s, ::s]
    return windows.max(axis=(4, 5)), windows


def pool_taps(x, pool_param):
    """Running maximum over the taps of the window."""
    kh, kw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    oh, ow = (x.shape[2] - kh) // s + 1, (x.shape[3] - kw) // s + 1
    out = np.full((*x.shape[:2], oh, ow), -np.inf)
    for a in range(kh):
        for b in range(kw):
            out = np.maximum(out, x[:, :, a : a + s * oh : s, b : b + s * ow : s])
    return out, None


def draw_pool(rng):
    def apart(low, high):
        return [int(k) for k in rng.choice(np.arange(low, high), 2, replace=False)]

    def case(group, kind, n, c, size, kernel, stride, below=None, integer=False):
        x = rng.integers(0, 256, (n, c, *size), dtype=np.uint8) if integer else rng.normal(size=(n, c, *size))
        x = below * (1 + np.abs(x)) if below else x
        kh, kw = map(int, kernel)
        return Case(group, kind, (x, {"pool_height": kh, "pool_width": kw, "stride": stride}))

    whole, overlap, negative = "side by side", "overlap and gaps", "negative values"
    size, s = apart(3, 6), int(rng.integers(4, 6))
    return [
        case(whole, "2x2, stride 2, several images and channels", *apart(2, 5), apart(6, 11), (2, 2), 2),
        case(whole, "3x3, stride 3, rows left over", 3, 2, (7, 11), (3, 3), 3),
        case(whole, "image of integers", 2, 3, apart(4, 9), (2, 2), 2, integer=True),
        case(whole, "square image", 2, 3, (size[0] + 4, size[0] + 4), (2, 2), 2),
        case(whole, "1x1 windows", 2, 3, apart(3, 6), (1, 1), 1),
        case(whole, "one window", 2, 4, size, size, 2),
        case(overlap, "tall windows that overlap", 2, 3, apart(5, 9), (3, 2), 1),
        case(overlap, "tall windows, stride 2", 2, 3, apart(7, 11), (4, 2), 2),
        case(overlap, "2x3 windows, stride 2", 3, 2, apart(6, 10), (2, 3), 2),
        case(overlap, "gaps between 2x2 windows", 2, 4, (9, 11), (2, 2), 3),
        case(overlap, "a larger stride", 2, 3, (2 * s + 3, 3 * s + 2), (3, 2), s),
        case(negative, "all values negative", 2, 3, apart(5, 9), (2, 2), 2, below=-1.0),
        case(negative, "all values far below zero, windows that overlap", 2, 3, apart(5, 9), (2, 3), 1, below=-1e36),
    ]


def wrong_pool(name, sentence, *changes):
    return Mistake(name, sentence, "conv2d-pooling", rewrite(pool_loops, *changes))


ROWS, COLUMNS = "i * stride : i * stride + kh", "j * stride : j * stride + kw"
READ = 'kh, kw, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]'
EXAMPLE = np.array([[[[21, 8, 8, 12], [12, 19, 9, 7], [8, 10, 4, 3], [18, 9, 10, 9]]]])

MAX_POOL_FORWARD_NAIVE = Exercise(
    id="hw2.max_pool_forward_naive",
    function="max_pool_forward_naive",
    points=12,
    anchor="conv2d-pooling",
    probe="forward",
    reference=lambda x, p: (kernels.max_pool2d(x, (p["pool_height"], p["pool_width"]), p["stride"]), None),
    groups={"side by side": 4, "overlap and gaps": 5, "negative values": 3},
    examples=(
        Case(
            "side by side",
            "the 4x4 example of the chapter",
            (EXAMPLE, {"pool_height": 2, "pool_width": 2, "stride": 2}),
        ),
    ),
    draw=draw_pool,
    mistakes=(
        wrong_pool(
            "starts at zero",
            "Your maximum starts at 0, so windows of negative values give 0. Start at minus infinity, or use np.max.",
            ("window.max()", "max(window.max(), 0)"),
        ),
        wrong_pool(
            "stride of the window",
            "You step by the window's size. The stride is a setting of its own.",
            ("oh = (H - kh) // stride + 1", "oh = (H - kh) // kh + 1"),
            ("ow = (W - kw) // stride + 1", "ow = (W - kw) // kw + 1"),
            (ROWS, "i * kh : i * kh + kh"),
            (COLUMNS, "j * kw : j * kw + kw"),
        ),
        wrong_pool(
            "across channels",
            "You take the maximum over the channels too. Pooling works on each channel by itself.",
            ("x[n, c, " + ROWS, "x[n, :, " + ROWS),
        ),
        wrong_pool(
            "largest magnitude",
            "You take the largest magnitude. The maximum keeps signs: -1 is above -5.",
            ("window.max()", "np.abs(window).max()"),
        ),
        wrong_pool("minimum", "You take the minimum of each window.", ("window.max()", "window.min()")),
        wrong_pool("average", "You average each window. That is average pooling.", ("window.max()", "window.mean()")),
        wrong_pool("sum", "You add up each window. Take its maximum.", ("window.max()", "window.sum()")),
        wrong_pool(
            "first value",
            "You take the first value of each window: subsampling. Take its maximum.",
            ("window.max()", "window[0, 0]"),
        ),
        wrong_pool(
            "position of the maximum",
            "You return where the maximum is (argmax). Return its value.",
            ("window.max()", "window.argmax()"),
        ),
        wrong_pool(
            "height and width swapped",
            "You swap pool_height and pool_width.",
            (READ, 'kw, kh, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]'),
        ),
        wrong_pool(
            "square window assumed",
            "You use pool_height for the width too. Windows need not be square.",
            (READ, 'kh, kw, stride = pool_param["pool_height"], pool_param["pool_height"], pool_param["stride"]'),
        ),
        wrong_pool(
            "windows not strided",
            "Your output has the right size, but its windows stand one pixel apart. Window i begins at row i * stride.",
            (ROWS, "i : i + kh"),
            (COLUMNS, "j : j + kw"),
        ),
        wrong_pool(
            "stride ignored",
            "The stride makes no difference to your result.",
            ("(H - kh) // stride", "(H - kh)"),
            ("(W - kw) // stride", "(W - kw)"),
            (ROWS, "i : i + kh"),
            (COLUMNS, "j : j + kw"),
        ),
        wrong_pool(
            "size rounded up",
            "You keep windows that hang over the edge. Only whole windows count: round the size down.",
            ("(H - kh) // stride", "-((kh - H) // stride)"),
            ("(W - kw) // stride", "-((kw - W) // stride)"),
        ),
        wrong_pool(
            "one window short",
            "Your output is a row and a column short. There is a window before the first step: + 1.",
            ("oh = (H - kh) // stride + 1", "oh = (H - kh) // stride"),
            ("ow = (W - kw) // stride + 1", "ow = (W - kw) // stride"),
        ),
        wrong_pool(
            "rows and columns swapped",
            "Height and width of your output are swapped. Axis 2 is rows, axis 3 columns.",
            ("return out,", "return out.swapaxes(2, 3),"),
        ),
        wrong_pool(
            "first image for all", "Every image gives the first one's output.", ("x[n, c, " + ROWS, "x[0, c, " + ROWS)
        ),
        wrong_pool(
            "cache not returned",
            "You return the output alone. The signature wants a pair: return out, cache.",
            ("return out, (x, pool_param)", "return out"),
        ),
        wrong_pool(
            "pool_param changed",
            "You change pool_param (pop?). The caller still needs it: read from it only.",
            (READ, READ.replace('pool_param["stride"]', 'pool_param.pop("stride")')),
        ),
    ),
    variants={
        "loops": pool_loops,
        "windows": pool_windows,
        "running maximum": pool_taps,
        "nested lists": lambda x, p: (pool_loops(x, p)[0].tolist(), None),
    },
)


def draw_gap(rng):
    sizes = [
        (2, 3, 4, 5),
        (3, 2, 5, 3),
        (1, 4, 2, 6),
        (3, 3, 4, 2),
        (2, 1, 3, 5),
        [2, 3, *[int(rng.integers(4, 8))] * 2],
        [int(k) for k in rng.integers(2, 9, 4)],
    ]
    cases = [Case("means", "several images and channels", (rng.normal(size=size),)) for size in sizes]
    bright = rng.integers(150, 256, (2, 3, *map(int, rng.choice(np.arange(4, 9), 2, replace=False))), dtype=np.uint8)
    dark = rng.normal(size=(2, 3, 4, 5)) * (rng.random((2, 3, 4, 5)) < 0.5)
    return [*cases, Case("means", "image of integers", (bright,)), Case("means", "many zeros", (dark,))]


def gap(name, sentence, function):
    return Mistake(name, sentence, "conv2d-global-pooling", function)


GLOBAL_AVG_POOL = Exercise(
    id="hw2.global_avg_pool",
    function="global_avg_pool",
    points=4,
    anchor="conv2d-global-pooling",
    reference=kernels.global_avg_pool,
    groups={"means": 4},
    examples=(Case("means", "one 4x4 channel", (EXAMPLE,)),),
    draw=draw_gap,
    mistakes=(
        gap(
            "axes kept",
            "Your shape is (N, C, 1, 1). Drop the two last axes.",
            lambda x: x.mean(axis=(2, 3), keepdims=True),
        ),
        gap(
            "channels mixed",
            "You average over the channels too. Keep one value for each.",
            lambda x: x.mean(axis=(1, 2, 3)),
        ),
        gap("batch mixed", "You average over the batch too. Keep the images apart.", lambda x: x.mean(axis=(0, 2, 3))),
        gap("one axis", "You average over rows only. Average over both image axes.", lambda x: x.mean(axis=2)),
        gap("channels last", "You average over axes 1 and 2, as if channels came last.", lambda x: x.mean(axis=(1, 2))),
        gap(
            "channels over pixels",
            "You average over the channels. Average over the pixels of each.",
            lambda x: x.mean(axis=1),
        ),
        gap("maximum", "You take the maximum. This is global average pooling.", lambda x: x.max(axis=(2, 3))),
        gap("sum", "You add up the pixels. Divide by how many there are.", lambda x: x.sum(axis=(2, 3))),
        gap("median", "You take the median. Take the mean.", lambda x: np.median(x, axis=(2, 3))),
        gap(
            "scrambled reshape",
            "Your shape is right but the values are scrambled: a reshape to (N, H*W, C) does not move the channel axis.",
            lambda x: x.reshape(len(x), -1, x.shape[1]).mean(axis=1),
        ),
        gap(
            "whole-number division",
            "You cut the decimals off: divide with /, not //.",
            lambda x: x.sum(axis=(2, 3)) // x[0, 0].size,
        ),
        gap(
            "divided by the height only",
            "You divide by the number of rows. Divide by H*W.",
            lambda x: x.sum(axis=(2, 3)) / x.shape[2],
        ),
    ),
    variants={
        "mean": lambda x: x.mean(axis=(2, 3)),
        "flatten": lambda x: x.reshape(*x.shape[:2], -1).sum(-1) / (x.shape[2] * x.shape[3]),
        "lists": lambda x: [[float(channel.mean()) for channel in image] for image in x],
    },
)
