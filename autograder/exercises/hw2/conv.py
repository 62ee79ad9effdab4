"""Exercises conv_forward_naive, im2col and conv_forward_im2col."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from convbook import kernels


def loops(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    out = np.zeros((N, F, oh, ow))
    for n in range(N):
        for f in range(F):
            for i in range(oh):
                for j in range(ow):
                    window = padded[n, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (x, w, b, conv_param)


def einsum(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]
    return np.einsum("ncijab,fcab->nfij", windows, w) + b[None, :, None, None], None


def shifted_taps(x, w, b, conv_param):
    """One strided image a tap, as a sum of matrix-vector products."""
    s, p = conv_param["stride"], conv_param["pad"]
    (N, C, H, W), (F, _, kh, kw) = x.shape, w.shape
    padded = np.zeros((N, C, H + 2 * p, W + 2 * p), np.float32)
    padded[:, :, p : p + H, p : p + W] = x
    oh, ow = (H + 2 * p - kh) // s + 1, (W + 2 * p - kw) // s + 1
    out = np.tile(np.reshape(b, (1, F, 1, 1)).astype(np.float32), (N, 1, oh, ow))
    for a in range(kh):
        for t in range(kw):
            tap = padded[:, :, a : a + s * oh : s, t : t + s * ow : s]
            out += np.moveaxis(np.tensordot(tap, w[:, :, a, t], axes=([1], [1])), -1, 1)
    return out, (x, w, b, conv_param)


def nested_lists(x, w, b, conv_param):
    return loops(x, w, b, conv_param)[0].tolist(), {}


def columns(x, kh, kw, stride, pad):
    N, C, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    cols = np.zeros((N, C * kh * kw, oh * ow))
    for i in range(oh):
        for j in range(ow):
            window = padded[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            cols[:, :, i * ow + j] = window.reshape(N, -1)
    return cols


def matmul(x, w, b, conv_param):
    F, _, kh, kw = w.shape
    stride, pad = conv_param["stride"], conv_param["pad"]
    cols = columns(x, kh, kw, stride, pad)
    oh = (x.shape[2] + 2 * pad - kh) // stride + 1
    out = w.reshape(F, -1) @ cols + b.reshape(F, 1)
    return out.reshape(len(x), F, oh, -1), (x, w, b, conv_param)


def one_gemm(x, w, b, conv_param):
    """The whole batch in one matrix product, windows in rows."""
    rows = np.concatenate([image.T for image in columns(x, *w.shape[2:], conv_param["stride"], conv_param["pad"])])
    oh = (x.shape[2] + 2 * conv_param["pad"] - w.shape[2]) // conv_param["stride"] + 1
    out = rows @ w.reshape(len(w), -1).T + b
    return out.reshape(len(x), oh, -1, len(w)).transpose(0, 3, 1, 2), rows


C182 = {"x": [[1, 128, 100, 255], [4, 100, 80, 0], [20, 90, 70, 0], [40, 50, 60, 2]], "w": [[1, 2], [0, 0.5]]}


def draw_conv(rng):
    """Sizes are drawn so that what a mistake could confuse differs, but for the cases that make two of them equal."""

    def draw(low, high):
        return int(rng.integers(low, high))

    def apart(low, high, count=2):
        return [int(k) for k in rng.choice(np.arange(low, high), count, replace=False)]

    def case(group, kind, n, c, f, size, kernel, stride=1, pad=0, integer=False):
        image = rng.integers(0, 256, (n, c, *size), dtype=np.uint8) if integer else rng.normal(size=(n, c, *size))
        bias = rng.permutation(np.arange(1, f + 1)) + rng.uniform(0.1, 0.4, f)
        return Case(group, kind, (image, rng.normal(size=(f, c, *kernel)), bias, {"stride": stride, "pad": pad}))

    def fitting(kernel, stride, pad, remainders):
        """A size that leaves the given numbers of pixels over, three windows high and four wide."""
        return [k - 2 * pad + steps * stride + r for k, steps, r in zip(kernel, (2, 3), remainders, strict=True)]

    k = apart(2, 5)
    one, many = "one filter", "channels and filters"
    cases = [
        case(one, "one image, one channel, one filter", 1, 1, 1, apart(5, 10), k),
        case(one, "one channel, square kernel", 1, 1, 1, apart(5, 9), (3, 3)),
        case(one, "one image, one channel, several filters", 1, 1, 3, apart(5, 9), apart(2, 5)),
        case(many, "several images, channels and filters", *apart(2, 6, 3), apart(5, 9), apart(2, 5)),
        case(many, "square kernel, several filters", *apart(2, 6, 3), apart(5, 8), (3, 3)),
        case(many, "image of integers", 2, 3, 4, apart(4, 8), (2, 2), integer=True),
        case(many, "1x1 kernels", 3, 4, 2, apart(3, 7), (1, 1)),
        case(many, "kernels as large as the image", 2, 3, 4, k, k),
        case(many, "as many filters as images", 3, 2, 3, apart(4, 8), k),
        case(many, "as many filters as channels", 2, 3, 3, apart(4, 8), k),
        case(many, "as many channels as images", 3, 3, 2, apart(4, 8), k),
        case(many, "one filter, several channels", 2, 3, 1, apart(4, 8), k),
        case(many, "one channel, several images", 3, 1, 2, apart(4, 8), k),
        case("padding", "padding 1", *apart(2, 6, 3), apart(4, 9), apart(2, 5), pad=1),
        case("padding", "padding 2, square kernel", 3, 2, 4, apart(4, 8), (3, 3), pad=2),
        case("padding", "padding larger than the kernel", 3, 2, 4, apart(3, 6), (2, 2), pad=draw(3, 6)),
        case("padding", "image of integers", 2, 3, 4, apart(4, 8), (3, 2), pad=1, integer=True),
    ]
    for stride, pad in ((2, 0), (2, 1), (3, 2), (draw(4, 6), draw(0, 3))):
        kernel = (3, 3) if (stride, pad) == (2, 1) else apart(2, 5) if stride > 2 else (3, 2)
        size = fitting(kernel, stride, pad, apart(1, stride) if stride > 2 else (1, 1))
        cases.append(case("stride", "a stride that does not divide", *apart(2, 6, 3), size, kernel, stride, pad))
    kernel = apart(2, 4)
    cases.append(case("stride", "a stride that divides", 2, 3, 4, fitting(kernel, 2, 1, (0, 0)), kernel, 2, 1))
    cases.append(case("stride", "1x1 kernels", 2, 4, 3, apart(5, 9), (1, 1), 2))
    return cases


SUM = "np.sum(window * w[f]) + b[f]"
PAD = "np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"
ROWS, COLUMNS = "i * stride : i * stride + kh", "j * stride : j * stride + kw"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, anchor, rewrite(loops, *changes))


CONV_MISTAKES = (
    wrong(
        "kernel flipped",
        "conv2d-flip",
        "This equals true convolution: your kernel is flipped. Deep learning's conv2d is cross-correlation; multiply "
        "window and kernel as they lie.",
        (SUM, "np.sum(window * w[f, :, ::-1, ::-1]) + b[f]"),
    ),
    wrong(
        "kernel rows flipped",
        "conv2d-flip",
        "Your kernel is upside down: its rows are reversed. Cross-correlation flips nothing.",
        (SUM, "np.sum(window * w[f, :, ::-1]) + b[f]"),
    ),
    wrong(
        "kernel columns flipped",
        "conv2d-flip",
        "Your kernel is mirrored left to right. Cross-correlation flips nothing.",
        (SUM, "np.sum(window * w[f, :, :, ::-1]) + b[f]"),
    ),
    wrong(
        "kernel transposed",
        "conv2d-single",
        "Your kernel is transposed: rows meet columns. Kernel row a belongs to window row a.",
        (SUM, "np.sum(window * w[f].swapaxes(1, 2)) + b[f]"),
    ),
    wrong(
        "channels reversed",
        "conv2d-channels",
        "Your kernel's slices meet the channels in reverse order. Slice c belongs to input channel c.",
        (SUM, "np.sum(window * w[f, ::-1]) + b[f]"),
    ),
    wrong(
        "bias forgotten",
        "conv2d-bias",
        "The bias is missing: add b[f] to every value of output channel f.",
        (SUM, "np.sum(window * w[f])"),
    ),
    wrong(
        "one bias for all filters",
        "conv2d-bias",
        "Every filter gets the first bias. Filter f has its own, b[f].",
        (SUM, "np.sum(window * w[f]) + b[0]"),
    ),
    wrong(
        "bias added for each product",
        "conv2d-bias",
        "You add the bias inside the sum, once for each product. Add it once, after summing.",
        (SUM, "np.sum(window * w[f] + b[f])"),
    ),
    wrong(
        "bias added for each channel",
        "conv2d-bias",
        "You add the bias once for each input channel. Add it once for each output value.",
        (SUM, "np.sum(window * w[f]) + C * b[f]"),
    ),
    wrong(
        "bias subtracted",
        "conv2d-bias",
        "You subtract the bias. It is added.",
        (SUM, "np.sum(window * w[f]) - b[f]"),
    ),
    wrong(
        "all biases added",
        "conv2d-bias",
        "You add the sum of all biases to each value. Filter f has its own, b[f].",
        (SUM, "np.sum(window * w[f]) + b.sum()"),
    ),
    wrong(
        "first channel only",
        "conv2d-channels",
        "Only the first input channel counts in your result. A filter is as deep as its input: sum over all channels.",
        (SUM, "np.sum(window[0] * w[f, 0]) + b[f]"),
    ),
    wrong(
        "last channel only",
        "conv2d-channels",
        "Only the last input channel counts in your result. If you loop over channels, accumulate with +=.",
        (SUM, "np.sum(window[-1] * w[f, -1]) + b[f]"),
    ),
    wrong(
        "channels averaged",
        "conv2d-channels",
        "You average over the input channels. Their responses are added.",
        (SUM, "np.sum(window * w[f]) / C + b[f]"),
    ),
    wrong(
        "strongest channel",
        "conv2d-channels",
        "You keep the strongest channel's response. The responses of all channels are added.",
        (SUM, "np.max(np.sum(window * w[f], axis=(1, 2))) + b[f]"),
    ),
    wrong(
        "kernel averaged",
        "conv2d-single",
        "You take the mean of the products. A response is their sum.",
        (SUM, "np.mean(window * w[f]) + b[f]"),
    ),
    wrong(
        "kernel normalised",
        "conv2d-single",
        "You divide by the sum of the kernel. That is for blurs; a learned filter is used as it is.",
        (SUM, "np.sum(window * w[f]) / w[f].sum() + b[f]"),
    ),
    wrong(
        "largest product",
        "conv2d-single",
        "You take the largest product. That is nearer to max pooling; a response is the sum of the products.",
        (SUM, "np.max(window * w[f]) + b[f]"),
    ),
    wrong(
        "one filter for all outputs",
        "conv2d-filter-bank",
        "Every output channel is made with the first filter. Channel f belongs to filter w[f].",
        (SUM, "np.sum(window * w[0]) + b[f]"),
    ),
    wrong(
        "filters added up",
        "conv2d-filter-bank",
        "Your output channels add up over the filters before f. Start each output channel from zero.",
        (SUM, "np.sum(window * w[: f + 1].sum(axis=0)) + b[f]"),
    ),
    wrong(
        "ReLU applied",
        "conv2d-single",
        "Negative values are cut to zero. The layer itself applies no ReLU.",
        (SUM, "max(np.sum(window * w[f]) + b[f], 0)"),
    ),
    wrong(
        "padding ignored",
        "conv2d-padding",
        "You do not pad. Surround each channel with pad rows and columns of zeros first.",
        (PAD, "x"),
        ("(H + 2 * pad - kh)", "(H - kh)"),
        ("(W + 2 * pad - kw)", "(W - kw)"),
    ),
    wrong(
        "padding on top and left only",
        "conv2d-padding",
        "All your padding lies on top and left. Put pad pixels on each of the four sides.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (2 * pad, 0), (2 * pad, 0)))"),
    ),
    wrong(
        "padding on bottom and right only",
        "conv2d-padding",
        "All your padding lies at the bottom and right. Put pad pixels on each of the four sides.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))"),
    ),
    wrong(
        "circular padding",
        "conv2d-padding",
        "Your border wraps around to the other side of the image. Negative indices do that, and np.pad's mode 'wrap'. "
        "Pad with zeros.",
        (PAD, PAD[:-1] + ", mode='wrap')"),
    ),
    wrong(
        "edge padding",
        "conv2d-padding",
        "You repeat the edge pixels. Pad with zeros.",
        (PAD, PAD[:-1] + ", mode='edge')"),
    ),
    wrong(
        "reflected padding",
        "conv2d-padding",
        "You reflect the image at its border. Pad with zeros.",
        (PAD, PAD[:-1] + ", mode='reflect')"),
    ),
    wrong(
        "rows padded only",
        "conv2d-padding",
        "You pad rows but not columns. Pad the last two axes, both.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (pad, pad), (0, 0)))"),
        ("(W + 2 * pad - kw)", "(W - kw)"),
    ),
    wrong(
        "every axis padded",
        "conv2d-padding",
        "You pad batch and channels too: np.pad(x, pad) pads every axis. Give it ((0, 0), (0, 0), (pad, pad), (pad, pad)).",
        (PAD, "np.pad(x, pad)"),
    ),
    wrong(
        "padding counted once",
        "conv2d-output-size",
        "Your output size counts the padding once. It lies on both sides: H + 2 * pad - kh.",
        ("(H + 2 * pad - kh)", "(H + pad - kh)"),
        ("(W + 2 * pad - kw)", "(W + pad - kw)"),
    ),
    wrong(
        "stride ignored",
        "conv2d-stride",
        "The stride makes no difference to your result. Window i begins at row i * stride, and fewer windows fit.",
        (ROWS, "i : i + kh"),
        (COLUMNS, "j : j + kw"),
        ("// stride + 1\n    ow", "+ 1\n    ow"),
        ("// stride + 1\n    out", "+ 1\n    out"),
    ),
    wrong(
        "windows not strided",
        "conv2d-stride",
        "Your output has the right size, but its windows stand one pixel apart. Window i begins at row i * stride.",
        (ROWS, "i : i + kh"),
        (COLUMNS, "j : j + kw"),
    ),
    wrong(
        "rows strided only",
        "conv2d-stride",
        "You step by the stride down the rows but not along the columns.",
        (COLUMNS, "j : j + kw"),
    ),
    wrong(
        "stride used as dilation",
        "conv2d-stride",
        "You spread the taps of the kernel by the stride. That is dilation; the stride moves the window.",
        ("padded[n, :, " + ROWS + ", " + COLUMNS + "]", "padded[n, :, i : i + stride * kh : stride, j : j + stride * kw : stride]"),
        ("(H + 2 * pad - kh) // stride", "(H + 2 * pad - stride * (kh - 1) - 1)"),
        ("(W + 2 * pad - kw) // stride", "(W + 2 * pad - stride * (kw - 1) - 1)"),
    ),
    wrong(
        "stride and padding swapped",
        "conv2d-stride",
        "Stride and padding are swapped: you read one for the other.",
        ('stride, pad = conv_param["stride"], conv_param["pad"]', 'pad, stride = conv_param["stride"], conv_param["pad"]'),
    ),
    wrong(
        "size rounded up",
        "conv2d-output-size",
        "Your output size is rounded up, so the last windows hang over the edge. Round down: // stride.",
        ("(H + 2 * pad - kh) // stride", "-((kh - H - 2 * pad) // stride)"),
        ("(W + 2 * pad - kw) // stride", "-((kw - W - 2 * pad) // stride)"),
        (PAD, "np.pad(x, ((0, 0), (0, 0), (pad, pad + stride), (pad, pad + stride)))"),
    ),
    wrong(
        "strides that do not divide refused",
        "conv2d-output-size",
        "You refuse strides that do not divide. The formula rounds down: pixels that no whole window reaches are left out.",
        (
            "    out = np.zeros",
            "    assert (H + 2 * pad - kh) % stride == 0 and (W + 2 * pad - kw) % stride == 0\n    out = np.zeros",
        ),
    ),
    wrong(
        "one window short",
        "conv2d-output-size",
        "Your output is a row and a column short. There is a window before the first step: + 1.",
        ("// stride + 1\n    ow", "// stride\n    ow"),
        ("// stride + 1\n    out", "// stride\n    out"),
    ),
    wrong(
        "height and width swapped",
        "conv2d-output-size",
        "Height and width of your output are swapped. Axis 2 is rows, axis 3 columns.",
        ("return out,", "return out.swapaxes(2, 3),"),
    ),
    wrong(
        "square kernel assumed",
        "conv2d-single",
        "You use the kernel's height for its width. Kernels need not be square: read kh and kw.",
        ("F, _, kh, kw = w.shape", "F, _, kh, kw = w.shape\n    kw = kh"),
    ),
    wrong(
        "square image assumed",
        "conv2d-output-size",
        "You use the image's height for its width. Images need not be square: read H and W.",
        ("N, C, H, W = x.shape", "N, C, H, W = x.shape\n    W = H"),
    ),
    wrong(
        "first image only",
        "conv2d-channels",
        "Only the first image of the batch is worked on. Loop over n.",
        ("for n in range(N)", "for n in range(1)"),
    ),
    wrong(
        "first image for all",
        "conv2d-channels",
        "Every image of the batch gives the first one's output. Take the window from image n.",
        ("padded[n, :,", "padded[0, :,"),
    ),
    wrong(
        "batch and filters swapped",
        "conv2d-filter-bank",
        "The first two axes of your output are swapped. The shape is (N, F, H_out, W_out).",
        ("return out,", "return out.swapaxes(0, 1),"),
    ),
    wrong(
        "channels last",
        "conv2d-filter-bank",
        "Your channels come last. The shape is (N, F, H_out, W_out).",
        ("return out,", "return np.moveaxis(out, 1, 3),"),
    ),
    wrong(
        "integer output",
        "conv2d-single",
        "Your output takes the image's dtype, so an image of integers cuts the decimals off. Make it of floats.",
        ("np.zeros((N, F, oh, ow))", "np.zeros((N, F, oh, ow), x.dtype)"),
    ),
    wrong(
        "conv_param changed",
        "conv2d-exercises",
        "You change conv_param (pop?). The caller still needs it: read from it only.",
        ('stride, pad = conv_param["stride"], conv_param["pad"]', 'stride, pad = conv_param.pop("stride"), conv_param["pad"]'),
    ),
    wrong(
        "filters changed",
        "conv2d-exercises",
        "You change the array w while computing. The caller still needs it: work on a copy.",
        ("F, _, kh, kw = w.shape", "F, _, kh, kw = w.shape\n    w *= 1 + 1e-12"),
    ),
    wrong(
        "cache not returned",
        "conv2d-exercises",
        "You return the output alone. The signature wants a pair: return out, cache.",
        ("return out, (x, w, b, conv_param)", "return out"),
    ),
)

GROUPS = {"one filter": 5, "channels and filters": 8, "padding": 6, "stride": 6}


def reference_forward(x, w, b, conv_param):
    return kernels.conv2d(x, w, b, conv_param["stride"], conv_param["pad"]), None


EXAMPLES = (
    Case(
        "one filter",
        "the 4x4 example of the chapter, without padding",
        (np.array([[C182["x"]]]), np.array([[C182["w"]]]), np.array([0.0]), {"stride": 1, "pad": 0}),
    ),
    Case(
        "padding",
        "the 4x4 example of the chapter, padding 1",
        (np.array([[C182["x"]]]), np.array([[C182["w"]], [[[0, 0.1], [1, 2]]]]), np.zeros(2), {"stride": 1, "pad": 1}),
    ),
)

CONV_FORWARD_NAIVE = Exercise(
    id="hw2.conv_forward_naive",
    function="conv_forward_naive",
    points=25,
    anchor="conv2d-filter-bank",
    probe="forward",
    reference=reference_forward,
    groups=GROUPS,
    examples=EXAMPLES,
    draw=draw_conv,
    mistakes=CONV_MISTAKES,
    variants={"loops": loops, "einsum": einsum, "im2col": matmul, "taps": shifted_taps, "nested lists": nested_lists},
)


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
        "sliding windows": lambda x, kh, kw, stride, pad: np.lib.stride_tricks.sliding_window_view(
            np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))), (kh, kw), axis=(2, 3)
        )[:, :, ::stride, ::stride]
        .transpose(0, 1, 4, 5, 2, 3)
        .reshape(len(x), x.shape[1] * kh * kw, -1),
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
