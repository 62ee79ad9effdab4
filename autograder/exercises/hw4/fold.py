"""Exercise col2im."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.conv import apart, fitting
from convbook import kernels


def add_windows(cols, x_shape, kh, kw, stride, pad):
    N, C, H, W = x_shape
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for i in range(oh):
        for j in range(ow):
            window = cols[:, :, i * ow + j].reshape(N, C, kh, kw)
            padded[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += window
    return padded[:, :, pad : pad + H, pad : pad + W]


def add_taps(cols, x_shape, kh, kw, stride, pad):
    N, C, H, W = x_shape
    oh, ow = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    taps = cols.reshape(N, C, kh, kw, oh, ow).astype(np.float32)
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), np.float32)
    for a in range(kh):
        for b in range(kw):
            padded[:, :, a : a + stride * oh : stride, b : b + stride * ow : stride] += taps[:, :, a, b]
    return padded[:, :, pad : H + pad, pad : W + pad]


def add_at(cols, x_shape, kh, kw, stride, pad):
    """The indices of every entry's pixel, then one call that adds all."""
    N, C, H, W = x_shape
    oh, ow = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    rows = np.repeat(np.arange(kh), kw)[:, None] + stride * np.repeat(np.arange(oh), ow)
    columns = np.tile(np.arange(kw), kh)[:, None] + stride * np.tile(np.arange(ow), oh)
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    np.add.at(padded, (slice(None), slice(None), rows, columns), cols.reshape(N, C, kh * kw, oh * ow))
    return padded[:, :, pad:-pad, pad:-pad] if pad else padded


def pixel_by_pixel(cols, x_shape, kh, kw, stride, pad):
    N, C, H, W = x_shape
    ow = (W + 2 * pad - kw) // stride + 1
    out = np.zeros(x_shape).tolist()
    for n, row, column in np.ndindex(cols.shape):
        (c, a, b), (i, j) = np.unravel_index(row, (C, kh, kw)), divmod(column, ow)
        y, z = i * stride + a - pad, j * stride + b - pad
        if 0 <= y < H and 0 <= z < W:
            out[n][c][y][z] += float(cols[n, row, column])
    return out


def draw(rng):
    def case(group, kind, n, c, size, kernel, stride=1, pad=0, integer=False):
        (kh, kw), size = map(int, kernel), tuple(map(int, size))
        oh, ow = ((m + 2 * pad - k) // stride + 1 for m, k in zip(size, (kh, kw), strict=True))
        shape = n, c * kh * kw, oh * ow
        cols = rng.integers(1, 100, shape) if integer else rng.normal(size=shape)
        return Case(group, kind, (cols, (n, c, *size), kh, kw, stride, pad))

    k, m = apart(rng, 2, 4), apart(rng, 3, 6)
    side, overlap, padded, strided = "side by side", "overlap", "padding", "stride"
    return [
        case(side, "2x2 windows, stride 2", *apart(rng, 2, 5), (4, 6), (2, 2), 2),
        case(side, "1x1 windows", 2, 3, apart(rng, 3, 6), (1, 1)),
        case(side, "one window", 3, 2, k, k),
        case(side, "2x2 windows, stride 3", 2, 3, fitting((2, 2), m, 3, 0, (0, 0)), (2, 2), 3),
        case(overlap, "one image, one channel", 1, 1, apart(rng, 4, 8), k),
        case(overlap, "several images and channels", *apart(rng, 2, 5), apart(rng, 4, 8), k),
        case(overlap, "square windows", 3, 2, apart(rng, 4, 8), (3, 3)),
        case(overlap, "square image", 2, 3, (6, 6), k),
        case(overlap, "as many rows as columns of windows", 2, 3, [k[0] + 3, k[1] + 3], k),
        case(overlap, "as many images as channels", 3, 3, apart(rng, 4, 8), k),
        case(overlap, "columns of integers", 2, 3, apart(rng, 4, 8), k, integer=True),
        case(padded, "padding 1", *apart(rng, 2, 5), apart(rng, 4, 7), k, 1, 1),
        case(padded, "padding 2", 3, 2, apart(rng, 3, 6), (3, 2), 1, 2),
        case(padded, "padding larger than the window", 2, 3, apart(rng, 3, 5), (2, 1), 1, 3),
        case(strided, "a stride that divides", *apart(rng, 2, 5), fitting((3, 4), m, 2, 0, (0, 0)), (3, 4), 2),
        case(strided, "a stride that does not divide", 2, 3, fitting((3, 2), m, 2, 0, (1, 1)), (3, 2), 2),
        case(strided, "a stride and padding", 3, 2, fitting((4, 3), m, 2, 1, (1, 0)), (4, 3), 2, 1),
        case(strided, "a stride of 3 and padding", 2, 4, fitting((4, 5), m, 3, 2, (1, 2)), (4, 5), 3, 2),
    ]


WINDOW = "cols[:, :, i * ow + j].reshape(N, C, kh, kw)"
ADD = "padded[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += window"
CROP = "padded[:, :, pad : pad + H, pad : pad + W]"
OH, OW = "oh = (H + 2 * pad - kh) // stride + 1", "ow = (W + 2 * pad - kw) // stride + 1"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(add_windows, *changes))


COL2IM = Exercise(
    id="hw4.col2im",
    function="col2im",
    points=3,
    anchor="backprop-fold",
    reference=lambda cols, x_shape, kh, kw, stride, pad: kernels.fold(cols, x_shape[2:], (kh, kw), stride, pad),
    groups={"side by side": 1, "overlap": 2, "padding": 2, "stride": 2},
    examples=(
        Case(
            "overlap",
            "the two overlapping windows of the text",
            (np.array([[[1.0, 10], [2, 20]]]), (1, 1, 1, 3), 1, 2, 1, 0),
        ),
        Case("overlap", "how many 3x3 windows cover each pixel of 5x5", (np.ones((1, 9, 9)), (1, 1, 5, 5), 3, 3, 1, 0)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "overlaps overwritten",
            "fold",
            "Where windows overlap, the last one stays. The adjoint of copying a pixel to several windows is adding up: +=.",
            (ADD, ADD.replace("+=", "=")),
        ),
        wrong(
            "largest where windows overlap",
            "fold",
            "You keep the largest value, and 0 where all are negative. Add up.",
            (ADD, ADD.replace("+= window", "= np.maximum(window, " + ADD.split(" +=")[0] + ")")),
        ),
        wrong(
            "averaged where windows overlap",
            "fold",
            "You average where windows overlap: that undoes im2col, but it is not its adjoint. Add up.",
            (
                "return padded",
                "count = np.zeros(padded.shape[2:])\n    for i in range(oh):\n        for j in range(ow):\n            count[i * stride : i * stride + kh, j * stride : j * stride + kw] += 1\n    padded /= np.maximum(count, 1)\n    return padded",
            ),
        ),
        wrong(
            "column numbered with the height",
            "testing",
            "You look for window (i, j) in column i * oh + j. A row of windows is ow long: i * ow + j.",
            ("i * ow + j]", "i * oh + j]"),
        ),
        wrong(
            "columns read down",
            "im2col",
            "You number the windows down the output's columns. They run over rows first: window (i, j) is column i * ow + j.",
            ("i * ow + j]", "j * oh + i]"),
        ),
        wrong(
            "channels last",
            "im2col",
            "You read a column as (kh, kw, C). Its order is channel, kernel row, kernel column.",
            (WINDOW, "cols[:, :, i * ow + j].reshape(N, kh, kw, C).transpose(0, 3, 1, 2)"),
        ),
        wrong(
            "window read as (kw, kh)",
            "im2col",
            "Your windows are read as (kw, kh), columns first. Their order is channel, kernel row, kernel column.",
            (WINDOW, "cols[:, :, i * ow + j].reshape(N, C, kw, kh).swapaxes(2, 3)"),
        ),
        wrong(
            "window read with its axes swapped",
            "testing",
            "You reshape a window to (kw, kh) where it is (kh, kw).",
            (WINDOW, "cols[:, :, i * ow + j].reshape(N, C, kw, kh)"),
            (ADD, ADD.replace("+ kh", "+ kw_").replace("+ kw]", "+ kh]").replace("kw_", "kw")),
        ),
        wrong(
            "windows flipped",
            "flip",
            "You turn the windows by 180 degrees. Nothing is flipped here: each value goes back to the pixel that it came from.",
            (WINDOW, WINDOW + "[:, :, ::-1, ::-1]"),
        ),
        wrong(
            "columns read as rows",
            "im2col",
            "You read cols as if each row were a window: (N, windows, C*kh*kw). Its shape is (N, C*kh*kw, windows).",
            (WINDOW, "cols.reshape(N, oh * ow, -1)[:, i * ow + j].reshape(N, C, kh, kw)"),
        ),
        wrong(
            "padding left on",
            "padding",
            "Your result still has the padding around it. Cut pad rows and columns off each side.",
            (CROP, "padded"),
        ),
        wrong(
            "padding cut off with [pad:-pad]",
            "padding",
            "Without padding your result is empty: [0:-0] selects nothing. Cut with [pad : pad + H] and [pad : pad + W].",
            (CROP, "padded[:, :, pad:-pad, pad:-pad]"),
        ),
        wrong(
            "padding cut off bottom and right",
            "padding",
            "You cut all of the padding off the bottom and the right. Cut half of it off each side.",
            (CROP, "padded[:, :, :H, :W]"),
        ),
        wrong(
            "padding cut off top and left",
            "padding",
            "You cut all of the padding off the top and the left. Cut half of it off each side.",
            (CROP, "padded[:, :, 2 * pad :, 2 * pad :]"),
        ),
        wrong(
            "padding fixed at 1",
            "padding",
            "You take the padding for 1, whatever pad is.",
            ("N, C, H, W = x_shape", "N, C, H, W = x_shape\n    pad = 1"),
        ),
        wrong(
            "padding ignored",
            "padding",
            "You do not think of the padding: x_shape is the shape without it, and the windows reach into it.",
            ("np.zeros((N, C, H + 2 * pad, W + 2 * pad))", "np.zeros((N, C, H, W))"),
            (CROP, "padded"),
        ),
        wrong(
            "square image assumed",
            "testing",
            "You use the image's height for its width. Images need not be square: read H and W.",
            (CROP, CROP.replace("pad + W", "pad + H")),
        ),
        wrong(
            "width computed with the window's height",
            "testing",
            "Your number of windows in a row is computed with kh. It is (W + 2 * pad - kw) // stride + 1.",
            (OW, OW.replace("kw", "kh")),
        ),
        wrong(
            "windows not strided",
            "stride",
            "Your windows stand one pixel apart. Window i begins at row i * stride.",
            (ADD, ADD.replace("* stride", "* 1")),
        ),
        wrong(
            "rows strided only",
            "stride",
            "You step by the stride down the rows but not along the columns.",
            (ADD, ADD.replace("j * stride", "j * 1")),
        ),
        wrong(
            "stride ignored",
            "stride",
            "The stride makes no difference to your windows: you look for more of them than there are columns.",
            (OH, "oh = H + 2 * pad - kh + 1"),
            (OW, "ow = W + 2 * pad - kw + 1"),
            (ADD, ADD.replace("* stride", "* 1")),
        ),
        wrong(
            "pixels left over cut off",
            "output-padding",
            "Your result lacks the rows and columns that no whole window reached. Its shape is x_shape; those pixels stay 0.",
            (CROP, "padded[:, :, pad : (oh - 1) * stride + kh - pad, pad : (ow - 1) * stride + kw - pad]"),
        ),
        wrong(
            "added over the batch",
            "fold",
            "Every image of your result is the sum over the batch. Each image has its own columns.",
            (WINDOW, WINDOW.replace("reshape(N, C, kh, kw)", "reshape(N, C, kh, kw).sum(axis=0)")),
        ),
        wrong(
            "cut to integers",
            "testing",
            "Your result holds integers, so decimals are cut off. Make it of floats.",
            ("return padded", "padded = padded.astype(int)\n    return padded"),
        ),
        wrong(
            "first image for all",
            "im2col",
            "Every image gets the first one's windows.",
            ("cols[:, :, i * ow + j].reshape(N, C, kh, kw)", "cols[:1, :, i * ow + j].reshape(1, C, kh, kw)"),
        ),
        wrong(
            "columns changed",
            "layers",
            "You change the array cols. The caller still needs it: read from it only.",
            ("return padded", "cols *= 0\n    return padded"),
        ),
    ),
    variants={
        "window by window": add_windows,
        "tap by tap, single precision": add_taps,
        "add.at": add_at,
        "entry by entry, nested lists": pixel_by_pixel,
    },
)
