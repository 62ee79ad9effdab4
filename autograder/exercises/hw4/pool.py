"""Exercise max_pool_backward_naive."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.conv import apart
from convbook.kernels import cs231n


def loops(dout, cache):
    x, pool_param = cache
    kh, kw, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    oh = (H - kh) // stride + 1
    ow = (W - kw) // stride + 1
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(oh):
                for j in range(ow):
                    window = x[n, c, i * stride : i * stride + kh, j * stride : j * stride + kw]
                    a, b = divmod(int(window.argmax()), kw)
                    dx[n, c, i * stride + a, j * stride + b] += dout[n, c, i, j]
    return dx


def masks(dout, cache):
    """A mask for each window; equal maxima share."""
    x, pool_param = cache
    kh, kw, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    oh, ow = dout.shape[2:]
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(oh):
                for j in range(ow):
                    window = np.s_[n, c, i * stride : i * stride + kh, j * stride : j * stride + kw]
                    mask = x[window] == np.max(x[window])
                    dx[window] += mask / mask.sum() * dout[n, c, i, j]
    return dx


def last_of_equals(dout, cache):
    """Columns and their argmax from behind, added with add.at, in single precision."""
    x, pool_param = cache
    kh, kw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::s, ::s]
    windows = windows.reshape(*windows.shape[:4], -1)
    a, b = np.divmod(kh * kw - 1 - windows[..., ::-1].argmax(axis=-1), kw)
    n, c, i, j = np.indices(dout.shape)
    dx = np.zeros(x.shape, np.float32)
    np.add.at(dx, (n, c, i * s + a, j * s + b), dout)
    return dx


def tap_by_tap(dout, cache):
    x, pool_param = cache
    kh, kw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    oh, ow = dout.shape[2:]
    taps = [np.s_[:, :, a : a + s * oh : s, b : b + s * ow : s] for a in range(kh) for b in range(kw)]
    largest = np.max([x[tap] for tap in taps], axis=0)
    dx, free = np.zeros(x.shape), np.ones(dout.shape, bool)
    for tap in taps:
        here = free & (x[tap] == largest)
        dx[tap] += here * dout
        free &= ~here
    return dx.tolist()


def draw(rng):
    def case(group, kind, n, c, size, kernel, stride, values="floats"):
        shape = n, c, *map(int, size)
        kh, kw = map(int, kernel)
        x = rng.normal(size=shape)
        if values == "negative":
            x = -1 - np.abs(x)
        elif values == "integers":  # all different
            x = rng.permutation(256)[: x.size].astype(np.uint8).reshape(shape)
        elif values == "tied":
            x = rng.integers(0, 3, shape).astype(float)
        oh, ow = ((m - k) // stride + 1 for m, k in zip(shape[2:], (kh, kw), strict=True))
        pool_param = {"pool_height": kh, "pool_width": kw, "stride": stride}
        return Case(group, kind, (rng.normal(size=(n, c, oh, ow)) + 0.5, (x, pool_param)))

    side, overlap, over, ties = "side by side", "overlap", "gaps and pixels left over", "ties"
    return [
        case(side, "2x2 windows, several images and channels", *apart(rng, 2, 5), (4, 6), (2, 2), 2),
        case(side, "as many rows as columns", 2, 3, (6, 6), (2, 2), 2),
        case(side, "3x3 windows", 3, 2, (6, 9), (3, 3), 3),
        case(side, "image of integers", 2, 3, (4, 6), (2, 2), 2, "integers"),
        case(side, "all values negative", 2, 3, (4, 6), (2, 2), 2, "negative"),
        case(side, "one window", 3, 2, (3, 2), (3, 2), 1),
        case(side, "one window, wide", 3, 2, (2, 4), (2, 4), 1),
        case(side, "1x1 windows", 2, 3, apart(rng, 3, 6), (1, 1), 1),
        case(overlap, "3x2 windows, stride 1", *apart(rng, 2, 5), apart(rng, 5, 9), (3, 2), 1),
        case(overlap, "2x3 windows, stride 1", 3, 2, apart(rng, 4, 8), (2, 3), 1),
        case(overlap, "3x3 windows, stride 2", 2, 3, (7, 9), (3, 3), 2),
        case(overlap, "4x3 windows, stride 2, pixels left over", 2, 3, (9, 8), (4, 3), 2),
        case(overlap, "all values negative", 2, 4, apart(rng, 5, 8), (3, 2), 1, "negative"),
        case(over, "2x2 windows, a row and a column left over", 2, 3, (5, 7), (2, 2), 2),
        case(over, "gaps between 2x2 windows", 3, 2, (8, 11), (2, 2), 3),
        case(over, "2x3 windows, stride 3, pixels left over", 2, 4, (7, 11), (2, 3), 3),
        case(over, "a larger stride", 2, 3, (11, 7), (3, 2), int(rng.integers(4, 6))),
        case(ties, "2x2 windows of few different values", 2, 3, (6, 8), (2, 2), 2, "tied"),
        case(ties, "3x3 windows of few different values", 3, 2, (6, 9), (3, 3), 3, "tied"),
    ]


READ = 'kh, kw, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]'
ROWS, COLUMNS = "i * stride : i * stride + kh", "j * stride : j * stride + kw"
WINDOW = f"x[n, c, {ROWS}, {COLUMNS}]"
PLACE = "a, b = divmod(int(window.argmax()), kw)"
ADD = "dx[n, c, i * stride + a, j * stride + b] += dout[n, c, i, j]"
INTO = f"dx[n, c, {ROWS}, {COLUMNS}]"
OH, OW = "oh = (H - kh) // stride + 1", "ow = (W - kw) // stride + 1"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(loops, *changes))


MAX_POOL_BACKWARD_NAIVE = Exercise(
    id="hw4.max_pool_backward_naive",
    function="max_pool_backward_naive",
    points=5,
    anchor="backprop-pooling",
    probe="tied_pool",
    reference=cs231n.max_pool_backward_naive,
    groups={"side by side": 3, "overlap": 3, "gaps and pixels left over": 1, "ties": 2},
    examples=(
        Case(
            "side by side",
            "the 4x4 example of chapter 2",
            (
                np.array([[[[1.0, 2], [3, 4]]]]),
                (
                    np.array([[[[21, 8, 8, 12], [12, 19, 9, 7], [8, 10, 4, 3], [18, 9, 10, 9]]]]),
                    {"pool_height": 2, "pool_width": 2, "stride": 2},
                ),
            ),
        ),
        Case(
            "ties",
            "three equal maxima in one window",
            (
                np.array([[[[1.0]]]]),
                (np.array([[[[5.0, 5], [1, 5]]]]), {"pool_height": 2, "pool_width": 2, "stride": 2}),
            ),
        ),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "all of dout to every equal maximum",
            "ties",
            "Where several values of a window are the maximum, each gets all of dout: mask == max. One of them takes it, or they share it; the shares add up to dout.",
            (ADD, f"{INTO} += (window == window.max()) * dout[n, c, i, j]"),
        ),
        wrong(
            "overlaps overwritten",
            "pooling",
            "Where windows overlap, the last one stays. A pixel that is the maximum of several windows gets a share from each: +=.",
            (ADD, ADD.replace("+=", "=")),
        ),
        wrong(
            "window overwritten",
            "pooling",
            "You write each window's gradients over those of the windows before it, its zeros too. Add: +=.",
            (ADD, f"{INTO} = 0\n                    {ADD}"),
        ),
        wrong(
            "spread evenly",
            "pooling",
            "You spread dout evenly over the window: that is average pooling. The maximum takes it all.",
            (ADD, f"{INTO} += dout[n, c, i, j] / (kh * kw)"),
        ),
        wrong(
            "to the whole window",
            "pooling",
            "You give dout to every pixel of the window. Only the maximum takes it.",
            (ADD, f"{INTO} += dout[n, c, i, j]"),
        ),
        wrong(
            "the value instead of dout",
            "pooling",
            "You put the maximum itself where it was. What goes back is dout; the values of x only say where to.",
            ("+= dout[n, c, i, j]", "+= window.max()"),
        ),
        wrong(
            "dout times the maximum",
            "pooling",
            "You multiply dout by the maximum. The slope of a maximum is 1 where it lies.",
            ("+= dout[n, c, i, j]", "+= dout[n, c, i, j] * window.max()"),
        ),
        wrong(
            "dout ignored",
            "adjoint",
            "You mark the maxima with ones. What goes back to them is dout.",
            ("+= dout[n, c, i, j]", "+= 1"),
        ),
        wrong(
            "maximum from zero",
            "pooling",
            "In windows of negative values nothing gets your gradient: your maximum starts at 0.",
            ("+= dout[n, c, i, j]", "+= dout[n, c, i, j] * (window.max() > 0)"),
        ),
        wrong(
            "to the minimum",
            "pooling",
            "You give dout to the smallest value of the window.",
            ("window.argmax()", "window.argmin()"),
        ),
        wrong(
            "to the largest magnitude",
            "pooling",
            "You give dout to the largest magnitude. The maximum keeps signs: -1 is above -5.",
            ("window.argmax()", "np.abs(window).argmax()"),
        ),
        wrong(
            "to the first pixel",
            "pooling",
            "You give dout to the first pixel of each window. It goes to where the maximum is.",
            (PLACE, "a, b = 0, 0"),
        ),
        wrong(
            "position divided by the height",
            "testing",
            "You turn the position of the maximum into a row and a column with pool_height. Rows are pool_width long: divmod(position, pool_width).",
            (PLACE, PLACE.replace("kw", "kh")),
            (ADD, "dx[n, c, min(i * stride + a, H - 1), min(j * stride + b, W - 1)] += dout[n, c, i, j]"),
        ),
        wrong(
            "row and column of the maximum swapped",
            "testing",
            "You swap row and column of the maximum. divmod(position, pool_width) gives the row first.",
            (PLACE, PLACE.replace("a, b", "b, a")),
            (ADD, "dx[n, c, min(i * stride + a, H - 1), min(j * stride + b, W - 1)] += dout[n, c, i, j]"),
        ),
        wrong(
            "windows side by side assumed",
            "pooling",
            "You step by the window's size. The stride is a setting of its own.",
            (OH, "oh = (H - kh) // kh + 1"),
            (OW, "ow = (W - kw) // kw + 1"),
            (WINDOW, WINDOW.replace("i * stride", "i * kh").replace("j * stride", "j * kw")),
            (ADD, "dx[n, c, i * kh + a, j * kw + b] += dout[n, c, i, j]"),
        ),
        wrong(
            "size H / pool_height",
            "pooling",
            "Your output size is H / pool_height, without the stride. It is (H - pool_height) // stride + 1; better still, read it from dout.shape.",
            (OH, "oh = H // kh"),
            (OW, "ow = W // kw"),
        ),
        wrong(
            "read with the stride, written side by side",
            "pooling",
            "You read window (i, j) at i * stride but write its gradient at i * pool_height. Both are at i * stride.",
            (ADD, "dx[n, c, i * kh + a, j * kw + b] += dout[n, c, i, j]"),
        ),
        wrong(
            "everywhere that the maximum stands",
            "ties",
            "You compare the maximum with the whole image, so equal values in other windows get its gradient, too. Look in the window alone.",
            (ADD, "dx[n, c] += (x[n, c] == window.max()) * dout[n, c, i, j]"),
        ),
        wrong(
            "position divided by the image's width",
            "testing",
            "You turn the position of the maximum into a row and a column with the width of the image. It counts in the window, whose rows are pool_width long.",
            (PLACE, PLACE.replace("kw", "W")),
        ),
        wrong(
            "the maximum's share alone",
            "pooling",
            "Your maximum gets dout divided by the window's size. It takes all of dout.",
            ("+= dout[n, c, i, j]", "+= dout[n, c, i, j] / (kh * kw)"),
        ),
        wrong(
            "averaged over the batch",
            "pooling",
            "You divide by the number of images. Every image's dx is its own.",
            ("+= dout[n, c, i, j]", "+= dout[n, c, i, j] / N"),
        ),
        wrong(
            "first image's dout",
            "pooling",
            "Every image gets the first one's dout. dout[n] goes back to image n.",
            ("+= dout[n, c, i, j]", "+= dout[0, c, i, j]"),
        ),
        wrong(
            "windows not strided",
            "pooling",
            "Your windows stand one pixel apart. Window i begins at row i * stride.",
            (WINDOW, WINDOW.replace("* stride", "* 1")),
            (ADD, ADD.replace("* stride", "* 1")),
        ),
        wrong(
            "stride missing in the columns",
            "pooling",
            "You step by the stride down the rows but not along the columns.",
            (WINDOW, WINDOW.replace("j * stride", "j * 1")),
            (ADD, ADD.replace("j * stride", "j * 1")),
        ),
        wrong(
            "gradient at the window's corner of rows",
            "testing",
            "You forget to add the window's first row: the maximum lies at row i * stride + a of x, not at row a.",
            (ADD, ADD.replace("i * stride + a", "a")),
        ),
        wrong(
            "height and width swapped",
            "testing",
            "You swap pool_height and pool_width.",
            (READ, READ.replace("kh, kw", "kw, kh")),
        ),
        wrong(
            "square window assumed",
            "testing",
            "You use pool_height for the width too. Windows need not be square.",
            (READ, READ.replace("pool_width", "pool_height")),
        ),
        wrong(
            "width computed with the window's height",
            "testing",
            "Your output width is computed with pool_height. Better still, read the size from dout.shape.",
            (OW, OW.replace("kw", "kh")),
        ),
        wrong(
            "one window short",
            "testing",
            "You leave the last row and column of windows out. There is a window before the first step: + 1.",
            (OH, OH.replace(" + 1", "")),
            (OW, OW.replace(" + 1", "")),
        ),
        wrong(
            "pixels left over cut off",
            "pooling",
            "Your dx lacks the rows and columns that no window reached. It has the shape of x; they get 0.",
            ("return dx", "return dx[:, :, : (oh - 1) * stride + kh, : (ow - 1) * stride + kw]"),
        ),
        wrong(
            "maximum over the channels",
            "pooling",
            "You look for the maximum over all channels. Each channel is pooled by itself.",
            ("window.argmax()", f"x[n, :, {ROWS}, {COLUMNS}].max(axis=0).argmax()"),
        ),
        wrong(
            "first image for all",
            "pooling",
            "You look for every image's maxima in the first one. Take the window from image n.",
            (WINDOW, WINDOW.replace("x[n,", "x[0,")),
        ),
        wrong(
            "first image only",
            "pooling",
            "Only the first image of the batch is worked on.",
            ("range(N)", "range(1)"),
        ),
        wrong(
            "cut to integers",
            "testing",
            "Your dx takes the dtype of x, so an image of integers cuts the decimals off. Make it of floats: np.zeros(x.shape).",
            ("np.zeros(x.shape)", "np.zeros_like(x)"),
        ),
        wrong(
            "x changed",
            "layers",
            "You change the array x. The caller still needs it: write to something new.",
            ("return dx", "x[:] = 0\n    return dx"),
        ),
    ),
    variants={
        "loops, the first of equals": loops,
        "masks, equals share": masks,
        "add.at, the last of equals, single precision": last_of_equals,
        "tap by tap, nested lists": tap_by_tap,
    },
)
