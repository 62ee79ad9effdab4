"""Exercise conv_transpose2d."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.conv import apart
from convbook import kernels


def stamps(x, w, stride=1, pad=0, output_padding=0):
    N, C, H, W = x.shape
    _, F, kh, kw = w.shape
    oh = (H - 1) * stride + kh - 2 * pad + output_padding
    ow = (W - 1) * stride + kw - 2 * pad + output_padding
    canvas = np.zeros((N, F, oh + 2 * pad, ow + 2 * pad))
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    stamp = x[n, c, i, j] * w[c]
                    canvas[n, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += stamp
    return canvas[:, :, pad : pad + oh, pad : pad + ow]


def spread_and_correlate(x, w, stride=1, pad=0, output_padding=0):
    """A plain convolution of the spread x with the turned kernels."""
    (N, C, H, W), (_, _, kh, kw) = x.shape, w.shape
    spread = np.zeros((N, C, (H - 1) * stride + 1, (W - 1) * stride + 1))
    spread[:, :, ::stride, ::stride] = x
    more = output_padding
    around = np.pad(spread, ((0, 0), (0, 0), (kh - 1, kh - 1 + more), (kw - 1, kw - 1 + more)))
    windows = np.lib.stride_tricks.sliding_window_view(around, (kh, kw), axis=(2, 3))
    full = np.einsum("ncijab,cfab->nfij", windows, w[:, :, ::-1, ::-1])
    return full[:, :, pad : full.shape[2] - pad, pad : full.shape[3] - pad]


def taps(x, w, stride=1, pad=0, output_padding=0):
    """Every tap's product with the whole image, in single precision."""
    (N, _, H, W), (_, F, kh, kw) = x.shape, w.shape
    canvas = np.zeros(
        (N, F, (H - 1) * stride + kh + output_padding, (W - 1) * stride + kw + output_padding), np.float32
    )
    for a, b in np.ndindex(kh, kw):
        product = np.einsum("ncij,cf->nfij", x.astype(np.float32), w[:, :, a, b])
        canvas[:, :, a : a + stride * H : stride, b : b + stride * W : stride] += product
    return canvas[:, :, pad : canvas.shape[2] - pad, pad : canvas.shape[3] - pad]


def by_output(x, w, stride=1, pad=0, output_padding=0):
    """For each output value the products that reach it, as a nested list."""
    (N, _, H, W), (_, F, kh, kw) = x.shape, w.shape
    oh = (H - 1) * stride + kh - 2 * pad + output_padding
    ow = (W - 1) * stride + kw - 2 * pad + output_padding
    out = np.zeros((N, F, oh, ow))
    for y, z, i, j in np.ndindex(oh, ow, H, W):
        a, b = y + pad - i * stride, z + pad - j * stride
        if 0 <= a < kh and 0 <= b < kw:
            out[:, :, y, z] += x[:, :, i, j] @ w[:, :, a, b]
    return out.tolist()


def draw(rng):
    def case(group, kind, n, c, f, size, kernel, *settings, integer=False):
        size, kernel = tuple(map(int, size)), tuple(map(int, kernel))
        x = rng.integers(0, 256, (n, c, *size), dtype=np.uint8) if integer else rng.normal(size=(n, c, *size))
        return Case(group, kind, (x, rng.normal(size=(c, f, *kernel)), *settings))

    k, m = apart(rng, 2, 5), apart(rng, 3, 6)
    one, strided, padded, output = "stride 1", "stride", "padding", "output padding"
    return [
        case(one, "one image, one channel to one", 1, 1, 1, m, k),
        case(one, "several images and channels", *apart(rng, 2, 5, 3), m, k, 1, 0),
        case(one, "as many channels out as in", 2, 3, 3, m, k),
        case(one, "square image and kernel", 2, 3, 4, (3, 3), (2, 2)),
        case(one, "square kernel", 3, 2, 4, m, (3, 3)),
        case(one, "1x1 kernels", 2, 4, 3, m, (1, 1)),
        case(one, "one pixel", 2, 3, 4, (1, 1), k),
        case(one, "image of integers", 2, 3, 4, m, k, integer=True),
        case(strided, "stride 2", *apart(rng, 2, 5, 3), m, k, 2),
        case(strided, "stride 2, kernels of 2", 2, 3, 4, m, (2, 2), 2, 0, 0),
        case(strided, "a larger stride", 3, 2, 4, apart(rng, 2, 4), k, int(rng.integers(3, 5))),
        case(strided, "1x1 kernels", 3, 4, 2, m, (1, 1), 2),
        case(padded, "padding 1", *apart(rng, 2, 5, 3), m, (3, 4), 1, 1),
        case(padded, "padding 1 and a stride", 2, 3, 4, m, (3, 3), 2, 1),
        case(padded, "padding 2 and a stride", 3, 2, 4, m, (4, 3), 2, 2),
        case(padded, "padding 2 and a stride of 3", 2, 4, 3, apart(rng, 2, 5), (5, 4), 3, 2),
        case(output, "one pixel more", *apart(rng, 2, 5, 3), m, k, 2, 0, 1),
        case(output, "one pixel more, with padding", 2, 3, 4, m, (3, 4), 2, 1, 1),
        case(output, "two pixels more, with padding", 3, 2, 4, apart(rng, 3, 5), (5, 4), 3, 2, 2),
    ]


OH, OW = (f"({m} - 1) * stride + {k} - 2 * pad + output_padding" for m, k in (("H", "kh"), ("W", "kw")))
CANVAS = "np.zeros((N, F, oh + 2 * pad, ow + 2 * pad))"
ADD = "canvas[n, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += stamp"
CROP = "canvas[:, :, pad : pad + oh, pad : pad + ow]"
KERNEL = "_, F, kh, kw = w.shape"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(stamps, *changes))


MISTAKES = (
    wrong(
        "weights read as (C_out, C_in)",
        "transposed",
        "You read w as (C_out, C_in, kh, kw), as a plain convolution's. A transposed convolution's is (C_in, C_out, kh, kw).",
        (KERNEL, "w = w.swapaxes(0, 1)\n    _, F, kh, kw = w.shape"),
    ),
    wrong(
        "kernel flipped",
        "flip",
        "Your kernel is turned by 180 degrees. Stamped onto the output it lies as it is; turn it once if you correlate, and not twice.",
        ("* w[c]", "* w[c][:, ::-1, ::-1]"),
    ),
    wrong(
        "kernel transposed",
        "transposed",
        "Rows and columns of your kernel are exchanged. “Transposed” is the layer's matrix, not the kernel.",
        ("* w[c]", "* w[c].swapaxes(1, 2)"),
    ),
    wrong(
        "stamps overwrite",
        "scatter",
        "Where stamps overlap, the last one stays. They are added: +=.",
        (ADD, ADD.replace("+=", "=")),
    ),
    wrong(
        "channels not added",
        "channels",
        "Only the last input channel counts. Each output channel is a sum over all input channels.",
        ("* w[c]", "* w[c] * (c == C - 1)"),
    ),
    wrong(
        "one slice for all channels",
        "channels",
        "Every input channel stamps the first slice of w. Channel c stamps w[c].",
        ("* w[c]", "* w[0]"),
    ),
    wrong(
        "first output channel only",
        "channels",
        "All your output channels are alike. Output channel f is made with w[:, f].",
        ("* w[c]", "* w[c, :1]"),
    ),
    wrong(
        "stride ignored",
        "stride",
        "The stride makes no difference to your result. Pixel i stamps at row i * stride, and the output grows.",
        (OH, "H - 1 + kh - 2 * pad + output_padding"),
        (OW, "W - 1 + kw - 2 * pad + output_padding"),
        (ADD, ADD.replace("* stride", "* 1")),
    ),
    wrong(
        "stamps not strided",
        "stride",
        "Your output has the right size, but the stamps stand one pixel apart. Pixel i stamps at row i * stride.",
        (ADD, ADD.replace("* stride", "* 1")),
    ),
    wrong(
        "rows strided only",
        "stride",
        "You step by the stride down the rows but not along the columns.",
        (ADD, ADD.replace("j * stride", "j * 1")),
    ),
    wrong(
        "spread with stride zeros",
        "stride",
        "Your stamps stand stride + 1 pixels apart: you put stride zeros between the pixels. Between two of them lie stride - 1.",
        (KERNEL, KERNEL + "\n    stride += 1"),
    ),
    wrong(
        "size of a plain convolution",
        "transposed",
        "Your output has the size that a plain convolution makes. A transposed one goes the other way: (H - 1) * stride + kh - 2 * pad + output_padding.",
        (OH, "max((H + 2 * pad - kh) // stride + 1, 1)"),
        (OW, "max((W + 2 * pad - kw) // stride + 1, 1)"),
        (CANVAS, "np.zeros((N, F, H * stride + kh + 2 * pad, W * stride + kw + 2 * pad))"),
    ),
    wrong(
        "stride times the size",
        "output-padding",
        "Your output is H * stride high. It is (H - 1) * stride + kh - 2 * pad + output_padding: the last stamp, too, is kh high.",
        (OH, "H * stride"),
        (OW, "W * stride"),
        (CANVAS, "np.zeros((N, F, (H + 1) * stride + kh + 2 * pad, (W + 1) * stride + kw + 2 * pad))"),
    ),
    wrong(
        "padding ignored",
        "padding",
        "You do not cut the padding off. pad takes rows and columns away here: pad from each side.",
        (CROP, "canvas"),
    ),
    wrong(
        "padding added",
        "padding",
        "You surround your output with pad more pixels. In a transposed convolution pad takes them away: it undoes a plain one's padding.",
        (CROP, "np.pad(canvas, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"),
    ),
    wrong(
        "padding cut off with [pad:-pad]",
        "padding",
        "Without padding your result is empty: [0:-0] selects nothing. Cut with [pad : pad + oh] and [pad : pad + ow].",
        (CROP, "canvas[:, :, pad:-pad, pad:-pad]"),
    ),
    wrong(
        "padding cut off bottom and right",
        "padding",
        "You cut all of the padding off the bottom and the right. Cut half of it off each side.",
        (CROP, "canvas[:, :, :oh, :ow]"),
    ),
    wrong(
        "padding cut off top and left",
        "padding",
        "You cut all of the padding off the top and the left. Cut half of it off each side.",
        (CROP, "canvas[:, :, 2 * pad :, 2 * pad :]"),
    ),
    wrong(
        "padding cut off rows only",
        "padding",
        "You cut the padding off the rows but not off the columns.",
        (CROP, "canvas[:, :, pad : pad + oh]"),
    ),
    wrong(
        "padding fixed at 1",
        "padding",
        "You cut off a padding of 1, whatever pad is.",
        (KERNEL, KERNEL + "\n    pad = 1"),
    ),
    wrong(
        "output padding ignored",
        "output-padding",
        "output_padding makes no difference to your result. It makes the output that much larger, at the bottom and at the right.",
        (OH, OH.replace("+ output_padding", "")),
        (OW, OW.replace("+ output_padding", "")),
    ),
    wrong(
        "output padding of rows only",
        "output-padding",
        "You add output_padding to the rows but not to the columns.",
        (OW, OW.replace("+ output_padding", "")),
    ),
    wrong(
        "output padding on both sides",
        "output-padding",
        "You add output_padding on both sides. It is added once, at the bottom and at the right.",
        (OH, OH.replace("+ output_padding", "+ 2 * output_padding")),
        (OW, OW.replace("+ output_padding", "+ 2 * output_padding")),
        ("x[n, c, i, j] * w[c]", "x[n, c, i, j] * np.pad(w[c], ((0, 0), (output_padding, 0), (output_padding, 0)))"),
        (
            ADD,
            "canvas[n, :, i * stride : i * stride + kh + output_padding, j * stride : j * stride + kw + output_padding] += stamp",
        ),
    ),
    wrong(
        "output padding on top and left",
        "output-padding",
        "You add output_padding on top and left. It is added at the bottom and at the right.",
        (CROP, "np.roll(canvas, (output_padding, output_padding), axis=(2, 3))[:, :, pad : pad + oh, pad : pad + ow]"),
    ),
    wrong(
        "output padding of zeros",
        "output-padding",
        "Your output_padding adds zeros after cutting. The added rows and columns are those that pad would have cut off: they hold values.",
        (
            CROP,
            "np.pad(canvas[:, :, pad : pad + oh - output_padding, pad : pad + ow - output_padding], ((0, 0), (0, 0), (0, output_padding), (0, output_padding)))",
        ),
    ),
    wrong(
        "averaged where stamps overlap",
        "checkerboard",
        "You average where stamps overlap. They are added, however many there are.",
        (
            "return canvas",
            "count = np.zeros(canvas.shape[2:])\n    for i in range(H):\n        for j in range(W):\n            count[i * stride : i * stride + kh, j * stride : j * stride + kw] += 1\n    canvas /= np.maximum(count, 1)\n    return canvas",
        ),
    ),
    wrong(
        "square kernel assumed",
        "testing",
        "You use the kernel's height for its width. Kernels need not be square: read kh and kw.",
        (KERNEL, KERNEL + "\n    kw = kh"),
    ),
    wrong(
        "square image assumed",
        "testing",
        "You use the image's height for its width. Images need not be square: read H and W.",
        ("N, C, H, W = x.shape", "N, C, H, W = x.shape\n    W = H"),
    ),
    wrong(
        "first image only",
        "channels",
        "Only the first image of the batch is worked on.",
        ("range(N)", "range(1)"),
    ),
    wrong(
        "integer output",
        "testing",
        "Your output takes the image's dtype, so an image of integers cuts the decimals off. Make it of floats.",
        (CANVAS, CANVAS[:-1] + ", x.dtype)"),
        (ADD, ADD.replace("+= stamp", "+= stamp.astype(x.dtype)")),
    ),
    wrong(
        "image changed",
        "layers",
        "You change the array x. The caller still needs it: read from it, write to something new.",
        ("return canvas", "x[:] = 0\n    return canvas"),
    ),
)

CONV_TRANSPOSE2D = Exercise(
    id="hw4.conv_transpose2d",
    function="conv_transpose2d",
    points=4,
    anchor="backprop-transposed",
    reference=lambda x, w, stride=1, pad=0, output_padding=0: kernels.conv_transpose2d(
        x, w, stride=stride, padding=pad, output_padding=output_padding
    ),
    groups={"stride 1": 3, "stride": 2, "padding": 2, "output padding": 2},
    examples=(
        Case(
            "stride",
            "the two stamps of the text",
            (np.array([[[[1.0, 10]]]]), np.array([[[[1.0, 2, 3]]]]), 2),
        ),
    ),
    draw=draw,
    mistakes=MISTAKES,
    variants={
        "stamps": stamps,
        "spread and correlate": spread_and_correlate,
        "tap by tap, single precision": taps,
        "by output value, nested lists": by_output,
    },
    builds_on=("hw4.conv_backward_naive",),
)
