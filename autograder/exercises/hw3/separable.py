"""Exercise depthwise_separable."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw3.cases import apart, fitting
from convbook import kernels

PAD = "np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"
ROWS, COLUMNS = "i * stride : i * stride + kh", "j * stride : j * stride + kw"
OH, OW = "oh = (H + 2 * pad - kh) // stride + 1", "ow = (W + 2 * pad - kw) // stride + 1"
WINDOW = f"padded[:, c, {ROWS}, {COLUMNS}]"
RESPONSE = "(window * wd[c, 0]).sum(axis=(1, 2))"
MIX = 'np.einsum("fc,ncij->nfij", wp[:, :, 0, 0], middle)'
SIZES = "(N, C, H, W), (_, _, kh, kw) = x.shape, wd.shape"


def two_steps(x, wd, wp, stride=1, pad=1):
    (N, C, H, W), (_, _, kh, kw) = x.shape, wd.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    middle = np.zeros((N, C, oh, ow))
    for c in range(C):
        for i in range(oh):
            for j in range(ow):
                window = padded[:, c, i * stride : i * stride + kh, j * stride : j * stride + kw]
                middle[:, c, i, j] = (window * wd[c, 0]).sum(axis=(1, 2))
    return np.einsum("fc,ncij->nfij", wp[:, :, 0, 0], middle)


def one_dense_layer(x, wd, wp, stride=1, pad=1):
    """The dense bank w[f, c] = wp[f, c] wd[c] that does the same."""
    return kernels.conv2d_naive(x, wp * wd.swapaxes(0, 1), None, stride, pad)


def pixels_then_stride(x, wd, wp, stride=1, pad=1):
    """Every window, mixed by a matrix product on the channels, and strided at the very end."""
    padded = np.pad(x.astype(np.float32), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, wd.shape[2:], axis=(2, 3))
    middle = np.einsum("ncijab,cab->nijc", windows, wd[:, 0].astype(np.float32))
    return np.moveaxis(middle @ wp.reshape(len(wp), -1).T, -1, 1)[:, :, ::stride, ::stride]


def in_loops(x, wd, wp, stride=1, pad=1):
    (N, C, H, W), (F, (_, _, kh, kw)) = x.shape, (len(wp), wd.shape)
    out = []
    for n in range(N):
        maps = []
        for f in range(F):
            rows = []
            for i in range(-pad, H + pad - kh + 1, stride):
                row = []
                for j in range(-pad, W + pad - kw + 1, stride):
                    total = 0.0
                    for c in range(C):
                        for a in range(kh):
                            for b in range(kw):
                                if 0 <= i + a < H and 0 <= j + b < W:
                                    total += (
                                        float(wp[f, c, 0, 0]) * float(wd[c, 0, a, b]) * float(x[n, c, i + a, j + b])
                                    )
                    row.append(total)
                rows.append(row)
            maps.append(rows)
        out.append(maps)
    return out


def draw_separable(rng):
    def case(group, kind, n, c, f, size, kernel, *settings, integer=False):
        shape = (n, c, *size)
        x = rng.integers(0, 256, shape, dtype=np.uint8) if integer else rng.normal(size=shape)
        return Case(group, kind, (x, rng.normal(size=(c, 1, *kernel)), rng.normal(size=(f, c, 1, 1)), *settings))

    def sizes(kernel, stride, pad, remainders):
        return fitting(kernel, (stride,) * 2, (pad,) * 2, (1, 1), remainders)

    k = apart(rng, 2, 5)
    plain, bare, moved = "defaults", "no padding", "stride and padding"
    return [
        case(plain, "more filters than channels", 2, 3, 5, apart(rng, 4, 8), (3, 3)),
        case(plain, "more channels than filters", 3, 4, 2, apart(rng, 4, 8), (3, 3)),
        case(plain, "as many filters as channels", 2, 3, 3, apart(rng, 4, 8), (3, 3)),
        case(plain, "as many filters as channels and images", 3, 3, 3, apart(rng, 4, 7), (3, 3)),
        case(plain, "one channel", 2, 1, 3, apart(rng, 4, 7), (3, 3)),
        case(plain, "one filter", 2, 3, 1, apart(rng, 4, 7), (3, 3)),
        case(plain, "kernel not square", 2, 4, 3, apart(rng, 4, 8), k),
        case(plain, "square image", 2, 3, 4, [int(rng.integers(4, 7))] * 2, k),
        case(plain, "image of integers", 3, 2, 4, apart(rng, 3, 7), (3, 3), integer=True),
        case(bare, "several images, channels and filters", 2, 3, 4, apart(rng, 5, 8), k, 1, 0),
        case(bare, "1x1 kernels", 3, 4, 2, apart(rng, 3, 6), (1, 1), 1, 0),
        case(moved, "padding 2", 3, 2, 4, apart(rng, 3, 7), (5, 3), 1, 2),
        case(moved, "padding larger than the kernel", 2, 4, 3, apart(rng, 3, 5), (2, 2), 1, 3),
        case(moved, "a stride that does not divide", 2, 3, 4, sizes((3, 2), 2, 0, (1, 1)), (3, 2), 2, 0),
        case(moved, "a stride that does not divide, padding", 3, 4, 2, sizes((3, 3), 2, 1, (1, 1)), (3, 3), 2),
        case(moved, "a stride that divides", 3, 2, 4, sizes(k, 2, 1, (0, 0)), k, 2, 1),
        case(moved, "a larger stride", 2, 4, 3, sizes((3, 2), 3, 2, (1, 2)), (3, 2), 3, 2),
    ]


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, anchor, rewrite(two_steps, *changes))


def pointwise_first(x, wd, wp, stride=1, pad=1):
    """Mix, then filter each of the mixed channels with the kernel of the same number."""
    mixed = np.einsum("fc,ncij->nfij", wp[:, :, 0, 0], x)
    return two_steps(mixed, wd, np.eye(len(wp))[:, :, None, None], stride, pad)


DEPTHWISE_SEPARABLE = Exercise(
    id="hw3.depthwise_separable",
    function="depthwise_separable",
    points=12,
    anchor="groups-separable",
    reference=lambda x, wd, wp, stride=1, pad=1: kernels.conv2d(
        kernels.conv2d(x, wd, None, stride, pad, groups=len(wd)), wp
    ),
    groups={"defaults": 5, "no padding": 3, "stride and padding": 4},
    examples=(
        Case(
            "no padding",
            "two channels of 2x3 pixels, row sums and column sums, their sum and their difference",
            (
                np.arange(12.0).reshape(1, 2, 2, 3),
                np.array([[[[1.0, 1], [0, 0]]], [[[1, 0], [1, 0]]]]),
                np.array([[1.0, 1], [1, -1]]).reshape(2, 2, 1, 1),
                1,
                0,
            ),
        ),
    ),
    draw=draw_separable,
    mistakes=(
        Mistake(
            "pointwise first",
            "You mix the channels first and filter afterwards. The depthwise layer comes first: its C kernels belong to the "
            "input channels.",
            "groups-separable",
            pointwise_first,
        ),
        wrong(
            "depthwise summed over channels",
            "groups-depthwise",
            "Your depthwise layer adds the channels up, and all its outputs are the same. A depthwise layer leaves them "
            "apart: kernel c makes channel c of channel c alone.",
            ("return ", "middle[:] = middle.sum(axis=1, keepdims=True)\n    return "),
        ),
        wrong(
            "depthwise left out",
            "groups-depthwise",
            "You mix the pixels' channels but do not filter them. First each channel meets its own kernel wd[c, 0].",
            (RESPONSE, "window[:, kh // 2, kw // 2]"),
        ),
        wrong(
            "pointwise left out",
            "groups-separable",
            "You stop after the depthwise layer. Mix its C channels to F with the pointwise weights wp.",
            ("return " + MIX, "return middle"),
        ),
        wrong(
            "one kernel for all channels",
            "groups-depthwise",
            "You use the first kernel for every channel. Channel c has its own, wd[c, 0].",
            (RESPONSE, RESPONSE.replace("wd[c, 0]", "wd[0, 0]")),
        ),
        wrong(
            "channels averaged",
            "groups-pointwise",
            "You divide the mixture by the number of channels. The weighted channels are added up.",
            ("return " + MIX, "return " + MIX + " / C"),
        ),
        wrong(
            "pointwise transposed",
            "groups-pointwise",
            "Your pointwise weights are transposed: you use wp[c, f]. Their shape is (F, C, 1, 1), so the weight of channel "
            "c in output f is wp[f, c].",
            (MIX, MIX.replace("wp[:, :, 0, 0]", "wp[:, :, 0, 0].T")),
        ),
        wrong(
            "pointwise scrambled",
            "groups-pointwise",
            "You reshape the pointwise weights to (C, F): that scrambles them. Their first axis is F; transpose if you need "
            "(C, F).",
            (MIX, MIX.replace("wp[:, :, 0, 0]", "wp.reshape(C, -1).T")),
        ),
        wrong(
            "output channels scrambled",
            "groups-pointwise",
            "Your output has the right shape and scrambled values: a reshape does not move the channel axis. Move it, as "
            "np.moveaxis does.",
            (MIX, f"({MIX}).transpose(0, 2, 3, 1).reshape(N, -1, oh, ow)"),
        ),
        wrong(
            "channels last",
            "conv2d-filter-bank",
            "Your channels come last. The shape is (N, F, H_out, W_out).",
            ("return " + MIX, f"return ({MIX}).transpose(0, 2, 3, 1)"),
        ),
        wrong(
            "ReLU in between",
            "groups-separable",
            "Negative values are cut to zero between the two layers. MobileNet does that; here nothing stands between them.",
            ("return ", "middle = np.maximum(middle, 0)\n    return "),
        ),
        wrong(
            "ReLU at the end",
            "groups-separable",
            "Negative values are cut to zero. The layer itself applies no ReLU.",
            ("return " + MIX, f"return np.maximum({MIX}, 0)"),
        ),
        wrong(
            "pointwise padded too",
            "groups-separable",
            "You pad the pointwise layer, too, and get a border of zeros. A 1x1 kernel needs no padding: pad belongs to the "
            "depthwise layer.",
            ("return " + MIX, "return " + f"np.pad({MIX}, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"),
        ),
        wrong(
            "both layers strided",
            "groups-separable",
            "You stride twice. The stride belongs to one layer; the pointwise one takes every pixel that is left.",
            ("return " + MIX, f"return ({MIX})[:, :, ::stride, ::stride]"),
        ),
        wrong(
            "stride ignored",
            "conv2d-stride",
            "The stride makes no difference to your result. Window i begins at row i * stride, and fewer windows fit.",
            (SIZES, SIZES + "\n    stride = 1"),
        ),
        wrong(
            "windows not strided",
            "conv2d-stride",
            "Your output has the right size, but its windows stand one pixel apart. Window i begins at row i * stride.",
            (ROWS, "i : i + kh"),
            (COLUMNS, "j : j + kw"),
        ),
        wrong(
            "stride and padding swapped",
            "conv2d-stride",
            "Stride and padding are swapped: you read one for the other.",
            (SIZES, SIZES + "\n    stride, pad = pad, stride"),
        ),
        wrong(
            "padding ignored",
            "conv2d-padding",
            "You do not pad. Surround each channel with pad rows and columns of zeros first; 1 is the default.",
            (SIZES, SIZES + "\n    pad = 0"),
        ),
        wrong(
            "padding fixed at 1",
            "conv2d-padding",
            "You always pad by 1. That is the default; read pad.",
            (SIZES, SIZES + "\n    pad = 1"),
        ),
        wrong(
            "padding that keeps the size",
            "groups-padding",
            "You pad (k - 1)/2, whatever pad says. That would keep the size; here the padding is given.",
            (SIZES, SIZES + "\n    pad = (kh - 1) // 2"),
        ),
        wrong(
            "edge padding",
            "conv2d-padding",
            "You repeat the edge pixels. Pad with zeros.",
            (PAD, PAD[:-1] + ", mode='edge')"),
        ),
        wrong(
            "padding counted once",
            "conv2d-output-size",
            "Your output size counts the padding once. It lies on both sides: H + 2 * pad.",
            (OH, OH.replace("2 * pad", "pad")),
            (OW, OW.replace("2 * pad", "pad")),
        ),
        wrong(
            "size rounded up",
            "conv2d-output-size",
            "Your output size is rounded up, so the last windows hang over the edge. Round down: // stride.",
            (PAD, "np.pad(x, ((0, 0), (0, 0), (pad, pad + stride), (pad, pad + stride)))"),
            (OH, "oh = -((kh - H - 2 * pad) // stride) + 1"),
            (OW, "ow = -((kw - W - 2 * pad) // stride) + 1"),
        ),
        wrong(
            "kernels flipped",
            "conv2d-flip",
            "This equals true convolution: your kernels are flipped. Multiply window and kernel as they lie.",
            (RESPONSE, RESPONSE.replace("wd[c, 0]", "wd[c, 0, ::-1, ::-1]")),
        ),
        wrong(
            "kernels transposed",
            "conv2d-single",
            "Your kernels are transposed: rows meet columns. Kernel row a belongs to window row a.",
            (RESPONSE, RESPONSE.replace("wd[c, 0]", "wd[c, 0].T")),
        ),
        wrong(
            "square kernel assumed",
            "conv2d-single",
            "You use the kernel's height for its width. Kernels need not be square: read kh and kw.",
            (SIZES, SIZES + "\n    kw = kh"),
        ),
        wrong(
            "height and width swapped",
            "conv2d-output-size",
            "Height and width of your output are swapped. Axis 2 is rows, axis 3 columns.",
            ("return " + MIX, f"return ({MIX}).swapaxes(2, 3)"),
        ),
        wrong(
            "first image for all",
            "conv2d-channels",
            "Every image of the batch gives the first one's output. Take the windows from image n.",
            (WINDOW, WINDOW.replace("[:,", "[:1,")),
        ),
        wrong(
            "integers in between",
            "conv2d-single",
            "What lies between the layers takes the image's dtype, so an image of integers cuts the decimals off. Make it "
            "of floats.",
            ("np.zeros((N, C, oh, ow))", "np.zeros((N, C, oh, ow), x.dtype)"),
        ),
    ),
    variants={
        "a window at a time": two_steps,
        "one dense layer": one_dense_layer,
        "matrix product, strided last, in float32": pixels_then_stride,
        "seven loops": in_loops,
    },
)
