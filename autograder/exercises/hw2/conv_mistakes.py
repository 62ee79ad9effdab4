"""What goes wrong in a convolution, each as the line of `loops` that is wrong."""

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw2.conv_answers import loops

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
        ("window * w[f]", "window * w[f, :, ::-1, ::-1]"),
    ),
    wrong(
        "kernel rows flipped",
        "conv2d-flip",
        "Your kernel is upside down: its rows are reversed. Cross-correlation flips nothing.",
        ("window * w[f]", "window * w[f, :, ::-1]"),
    ),
    wrong(
        "kernel columns flipped",
        "conv2d-flip",
        "Your kernel is mirrored left to right. Cross-correlation flips nothing.",
        ("window * w[f]", "window * w[f, :, :, ::-1]"),
    ),
    wrong(
        "kernel transposed",
        "conv2d-single",
        "Your kernel is transposed: rows meet columns. Kernel row a belongs to window row a.",
        ("window * w[f]", "window * w[f].swapaxes(1, 2)"),
    ),
    wrong(
        "channels reversed",
        "conv2d-channels",
        "Your kernel's slices meet the channels in reverse order. Slice c belongs to input channel c.",
        ("window * w[f]", "window * w[f, ::-1]"),
    ),
    wrong(
        "bias forgotten",
        "conv2d-bias",
        "The bias is missing: add b[f] to every value of output channel f.",
        (" + b[f]", ""),
    ),
    wrong(
        "one bias for all filters",
        "conv2d-bias",
        "Every filter gets the first bias. Filter f has its own, b[f].",
        (" + b[f]", " + b[0]"),
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
        (" + b[f]", " + C * b[f]"),
    ),
    wrong(
        "bias subtracted",
        "conv2d-bias",
        "You subtract the bias. It is added.",
        (" + b[f]", " - b[f]"),
    ),
    wrong(
        "all biases added",
        "conv2d-bias",
        "You add the sum of all biases to each value. Filter f has its own, b[f].",
        (" + b[f]", " + b.sum()"),
    ),
    wrong(
        "first channel only",
        "conv2d-channels",
        "Only the first input channel counts in your result. A filter is as deep as its input: sum over all channels.",
        ("window * w[f]", "window[0] * w[f, 0]"),
    ),
    wrong(
        "last channel only",
        "conv2d-channels",
        "Only the last input channel counts in your result. If you loop over channels, accumulate with +=.",
        ("window * w[f]", "window[-1] * w[f, -1]"),
    ),
    wrong(
        "channels averaged",
        "conv2d-channels",
        "You average over the input channels. Their responses are added.",
        (" + b[f]", " / C + b[f]"),
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
        ("window * w[f]", "window * w[f]) / w[f].sum("),
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
        ("window * w[f]", "window * w[0]"),
    ),
    wrong(
        "filters added up",
        "conv2d-filter-bank",
        "Your output channels add up over the filters before f. Start each output channel from zero.",
        ("window * w[f]", "window * w[: f + 1].sum(axis=0)"),
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
        (
            "padded[n, :, " + ROWS + ", " + COLUMNS + "]",
            "padded[n, :, i : i + stride * kh : stride, j : j + stride * kw : stride]",
        ),
        ("(H + 2 * pad - kh) // stride", "(H + 2 * pad - stride * (kh - 1) - 1)"),
        ("(W + 2 * pad - kw) // stride", "(W + 2 * pad - stride * (kw - 1) - 1)"),
    ),
    wrong(
        "stride and padding swapped",
        "conv2d-stride",
        "Stride and padding are swapped: you read one for the other.",
        (
            'stride, pad = conv_param["stride"], conv_param["pad"]',
            'pad, stride = conv_param["stride"], conv_param["pad"]',
        ),
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
        (
            'stride, pad = conv_param["stride"], conv_param["pad"]',
            'stride, pad = conv_param.pop("stride"), conv_param["pad"]',
        ),
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
