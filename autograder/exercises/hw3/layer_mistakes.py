"""What goes wrong in a layer with groups, each as the line of `answers.layer` that is wrong."""

from dataclasses import dataclass

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw3.answers import layer

SUM = "np.sum(window * w[f]) + b[f]"
PAD = "np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))"
BLOCK = "padded[n, m * depth : (m + 1) * depth]"
ROWS, COLUMNS = "i * sh : i * sh + dh * kh : dh", "j * sw : j * sw + dw * kw : dw"
OH = "oh = (H + 2 * ph - dh * (kh - 1) - 1) // sh + 1"
OW = "ow = (W + 2 * pw - dw * (kw - 1) - 1) // sw + 1"
SHAPE = "F, depth, kh, kw = w.shape"
CHECK = "if C % groups or F % groups:"
PLACE = "out[n, f, i, j]"


@dataclass(frozen=True)
class Slip:
    """A mistake before it is made from a function: the pieces of `layer` that are wrong."""

    name: str
    anchor: str
    sentence: str
    changes: tuple[tuple[str, str], ...]

    def of_layer(self) -> Mistake:
        return Mistake(self.name, self.sentence, self.anchor, rewrite(layer, *self.changes))


def slip(name, anchor, sentence, *changes):
    return Slip(name, anchor, sentence, changes)


GROUP_SLIPS = (
    slip(
        "every group reads the first block",
        "groups-groups",
        "Every group of yours reads the first C/g channels. Group m reads channels m*C/g to (m+1)*C/g.",
        (BLOCK, "padded[n, :depth]"),
    ),
    slip(
        "channels strided",
        "groups-groups",
        "Your group m reads every g-th channel, x[:, m::g]. A group reads neighbours: channels m*C/g to (m+1)*C/g.",
        (BLOCK, "padded[n, m::groups]"),
    ),
    slip(
        "filters dealt to the groups in turn",
        "groups-groups",
        "You deal the filters to the groups in turn, filter f to group f % g. The groups are blocks of F/g neighbours: "
        "filter f is in group f // (F/g).",
        (BLOCK, "padded[n, f % groups * depth : (f % groups + 1) * depth]"),
    ),
    slip(
        "output channels interleaved",
        "groups-groups",
        "The output channels of your groups are interleaved. Put the groups one after another: channel f belongs to "
        "filter w[f].",
        (PLACE, "out[n, f % each * groups + m, i, j]"),
    ),
    slip(
        "groups in reverse order",
        "groups-groups",
        "Your groups read the blocks of channels in reverse order: the first filters, the last channels. Group m reads "
        "block m.",
        (BLOCK, "padded[n, C - (m + 1) * depth : C - m * depth]"),
    ),
    slip(
        "block begins at a multiple of F/g",
        "groups-groups",
        "Your blocks of channels begin at multiples of F/g, the filters in a group. They begin at multiples of C/g, the "
        "channels in a group.",
        (BLOCK, "padded[n, m * each : m * each + depth]"),
    ),
    slip(
        "group of a filter is f // (C/g)",
        "groups-groups",
        "You divide the number of a filter by C/g to find its group. A group has F/g filters: divide by that.",
        (BLOCK, "padded[n, f // depth * depth : f // depth * depth + depth]"),
    ),
    slip(
        "first group's filters for all",
        "groups-groups",
        "Every group uses the filters of the first one. Group m has filters of its own, w[m*F/g] and on.",
        (SUM, "np.sum(window * w[f % each]) + b[f]"),
    ),
    slip(
        "filters read all channels",
        "groups-groups",
        "You multiply all C channels with a filter that is only C/g deep. Cut the block of its group out of x first.",
        (BLOCK, "padded[n]"),
    ),
    slip(
        "filters applied to every block",
        "groups-block-diagonal",
        "Each of your filters reads every block of channels, and the responses are added up. A filter reads the block of "
        "its own group; the other blocks do not reach it.",
        (
            SUM,
            "np.sum(padded[n].reshape(groups, depth, H + 2 * ph, -1).sum(0)[:, "
            + ROWS
            + ", "
            + COLUMNS
            + "] * w[f]) + b[f]",
        ),
    ),
    slip(
        "groups added up",
        "groups-groups",
        "You add the outputs of the groups up. Put them one after another: there are F output channels.",
        (PLACE + " =", "out[n, f % each, i, j] +="),
        ("np.zeros((N, F, oh, ow))", "np.zeros((N, each, oh, ow))"),
    ),
    slip(
        "groups not joined",
        "groups-groups",
        "Your output has the groups as an axis of its own. Reshape it to (N, F, H_out, W_out).",
        ("return out", "return out.reshape(N, groups, each, oh, ow)"),
    ),
    slip(
        "first group only",
        "groups-groups",
        "Only the output channels of the first group are filled in. Loop over all the groups.",
        ("in range(groups)", "in range(1)"),
    ),
    slip(
        "one filter a group",
        "groups-groups",
        "Only the first filter of each group is used. A group has F/g of them, also in a depthwise layer where F is a "
        "multiple of C.",
        (SUM, "np.sum(window * w[m * each]) + b[f]"),
    ),
    slip(
        "bias by group",
        "groups-parameters",
        "You add one bias to a whole group, b[m]. There is still one for each filter, b[f].",
        (SUM, "np.sum(window * w[f]) + b[m]"),
    ),
    slip(
        "bias counted within the group",
        "groups-parameters",
        "You begin with b[0] again in every group. Filter f has its own bias, b[f], counted through all groups.",
        (SUM, "np.sum(window * w[f]) + b[f % each]"),
    ),
    slip(
        "bias divided by the groups",
        "groups-parameters",
        "You divide the bias by the number of groups. Filter f gets the whole b[f].",
        (SUM, "np.sum(window * w[f]) + b[f] / groups"),
    ),
    slip(
        "groups that do not divide",
        "groups-groups",
        "You accept groups that do not divide the channels: // cuts them off silently. Raise ValueError.",
        (CHECK, "if False:"),
    ),
    slip(
        "filters not checked",
        "groups-groups",
        "You check that the groups divide C, but not that they divide F. Both must be cut into g equal blocks.",
        (CHECK, "if C % groups:"),
    ),
    slip(
        "channels not checked",
        "groups-groups",
        "You check that the groups divide F, but not that they divide C. Both must be cut into g equal blocks.",
        (CHECK, "if F % groups:"),
    ),
    slip(
        "refused only where neither divides",
        "groups-groups",
        "You raise ValueError only where g divides neither C nor F. One of them is enough: write or, not and.",
        (CHECK, "if C % groups and F % groups:"),
    ),
    slip(
        "sum of channels and filters checked",
        "groups-groups",
        "You check C and F together. The sum or product of two numbers can be divided where they cannot: check each.",
        (CHECK, "if (C + F) % groups:"),
    ),
    slip(
        "assert in place of ValueError",
        "groups-groups",
        "You stop at groups that do not divide with assert, which raises AssertionError. Write raise ValueError(...): an "
        "assert is for mistakes of your own, and can be switched off.",
        (CHECK, "assert not (C % groups or F % groups)\n    if False:"),
    ),
)

LAYER_SLIPS = (
    slip(
        "kernel flipped",
        "conv2d-flip",
        "This equals true convolution: your kernel is flipped. Deep learning's conv2d is cross-correlation; multiply "
        "window and kernel as they lie.",
        (SUM, "np.sum(window * w[f, :, ::-1, ::-1]) + b[f]"),
    ),
    slip(
        "kernel transposed",
        "conv2d-single",
        "Your kernel is transposed: rows meet columns. Kernel row a belongs to window row a.",
        (SUM, "np.sum(window * w[f].swapaxes(1, 2)) + b[f]"),
    ),
    slip(
        "channels reversed",
        "conv2d-channels",
        "Your filter's slices meet the channels in reverse order. Slice c belongs to channel c of the block.",
        (SUM, "np.sum(window * w[f, ::-1]) + b[f]"),
    ),
    slip(
        "first channel of the block only",
        "conv2d-channels",
        "Only the first channel of a block counts in your result. Sum over all channels of the block.",
        (SUM, "np.sum(window[0] * w[f, 0]) + b[f]"),
    ),
    slip(
        "last channel of the block only",
        "conv2d-channels",
        "Only the last channel of a block counts in your result. If you loop over channels, accumulate with +=.",
        (SUM, "np.sum(window[-1] * w[f, -1]) + b[f]"),
    ),
    slip(
        "channels averaged",
        "conv2d-channels",
        "You average over the channels of a block. Their responses are added.",
        (SUM, "np.sum(window * w[f]) / depth + b[f]"),
    ),
    slip(
        "bias forgotten",
        "conv2d-bias",
        "The bias is missing: add b[f] to every value of output channel f.",
        (SUM, "np.sum(window * w[f])"),
    ),
    slip(
        "one bias for all filters",
        "conv2d-bias",
        "Every filter gets the first bias. Filter f has its own, b[f].",
        (SUM, "np.sum(window * w[f]) + b[0]"),
    ),
    slip(
        "bias added for each channel",
        "conv2d-bias",
        "You add the bias once for each channel of the block. Add it once for each output value.",
        (SUM, "np.sum(window * w[f]) + depth * b[f]"),
    ),
    slip(
        "ReLU applied",
        "conv2d-single",
        "Negative values are cut to zero. The layer itself applies no ReLU.",
        (SUM, "max(np.sum(window * w[f]) + b[f], 0)"),
    ),
    slip(
        "padding ignored",
        "conv2d-padding",
        "You do not pad. Surround each channel with rows and columns of zeros first.",
        ("    padded =", "    ph = pw = 0\n    padded ="),
    ),
    slip(
        "padding fixed at 1",
        "conv2d-padding",
        "You always pad by 1. Read the padding that is asked for.",
        ("    padded =", "    ph = pw = 1\n    padded ="),
    ),
    slip(
        "padding on top and left only",
        "conv2d-padding",
        "All your padding lies on top and left. Put the padding on each of the four sides.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (2 * ph, 0), (2 * pw, 0)))"),
    ),
    slip(
        "padding at bottom and right only",
        "conv2d-padding",
        "All your padding lies at the bottom and right. Put the padding on each of the four sides.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (0, 2 * ph), (0, 2 * pw)))"),
    ),
    slip(
        "circular padding",
        "conv2d-padding",
        "Your border wraps around to the other side of the image. Negative indices do that, and np.pad's mode 'wrap'. "
        "Pad with zeros.",
        (PAD, PAD[:-1] + ", mode='wrap')"),
    ),
    slip(
        "edge padding",
        "conv2d-padding",
        "You repeat the edge pixels. Pad with zeros.",
        (PAD, PAD[:-1] + ", mode='edge')"),
    ),
    slip(
        "rows padded only",
        "conv2d-padding",
        "You pad rows but not columns. Pad the last two axes, both.",
        ("    padded =", "    pw = 0\n    padded ="),
    ),
    slip(
        "every axis padded",
        "conv2d-padding",
        "You pad batch and channels too: np.pad(x, pad) pads every axis. Give it ((0, 0), (0, 0), (pad, pad), (pad, pad)).",
        (PAD, "np.pad(x, ((ph, ph), (ph, ph), (ph, ph), (pw, pw)))"),
    ),
    slip(
        "padding counted once",
        "conv2d-output-size",
        "Your output size counts the padding once. It lies on both sides: H + 2 * pad.",
        (OH, OH.replace("2 * ph", "ph")),
        (OW, OW.replace("2 * pw", "pw")),
    ),
    slip(
        "stride ignored",
        "conv2d-stride",
        "The stride makes no difference to your result. Window i begins at row i * stride, and fewer windows fit.",
        ("    N, C, H, W", "    sh = sw = 1\n    N, C, H, W"),
    ),
    slip(
        "windows not strided",
        "conv2d-stride",
        "Your output has the right size, but its windows stand one pixel apart. Window i begins at row i * stride.",
        (ROWS, ROWS.replace("i * sh", "i")),
        (COLUMNS, COLUMNS.replace("j * sw", "j")),
    ),
    slip(
        "rows strided only",
        "conv2d-stride",
        "You step by the stride down the rows but not along the columns.",
        (COLUMNS, COLUMNS.replace("j * sw", "j")),
    ),
    slip(
        "size rounded up",
        "conv2d-output-size",
        "Your output size is rounded up, so the last windows hang over the edge. Round down: // stride.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (ph, ph + sh), (pw, pw + sw)))"),
        (OH, "oh = -((dh * (kh - 1) + 1 - H - 2 * ph) // sh) + 1"),
        (OW, "ow = -((dw * (kw - 1) + 1 - W - 2 * pw) // sw) + 1"),
    ),
    slip(
        "one window short",
        "conv2d-output-size",
        "Your output is a row and a column short. There is a window before the first step: + 1.",
        (OH, OH[:-4]),
        (OW, OW[:-4]),
    ),
    slip(
        "size is the input's divided by the stride",
        "conv2d-output-size",
        "Your output size is the input's divided by the stride. The first window already takes up the kernel's length: "
        "(H + 2 * pad - extent) // stride + 1.",
        (PAD, "np.pad(x, ((0, 0), (0, 0), (ph, ph + dh * kh), (pw, pw + dw * kw)))"),
        (OH, "oh = H // sh"),
        (OW, "ow = W // sw"),
    ),
    slip(
        "height and width swapped",
        "conv2d-output-size",
        "Height and width of your output are swapped. Axis 2 is rows, axis 3 columns.",
        ("return out", "return out.swapaxes(2, 3)"),
    ),
    slip(
        "square kernel assumed",
        "conv2d-single",
        "You use the kernel's height for its width. Kernels need not be square: read kh and kw.",
        (SHAPE, SHAPE + "\n    kw = kh"),
    ),
    slip(
        "square image assumed",
        "conv2d-output-size",
        "You use the image's height for its width. Images need not be square: read H and W.",
        ("N, C, H, W = x.shape", "N, C, H, W = x.shape\n    W = H"),
    ),
    slip(
        "first image only",
        "conv2d-channels",
        "Only the first image of the batch is worked on. Loop over n.",
        ("for n in range(N)", "for n in range(1)"),
    ),
    slip(
        "first image for all",
        "conv2d-channels",
        "Every image of the batch gives the first one's output. Take the window from image n.",
        (BLOCK, BLOCK.replace("[n,", "[0,")),
    ),
    slip(
        "channels last",
        "conv2d-filter-bank",
        "Your channels come last. The shape is (N, F, H_out, W_out).",
        ("return out", "return out.transpose(0, 2, 3, 1)"),
    ),
    slip(
        "batch and filters swapped",
        "conv2d-filter-bank",
        "The first two axes of your output are swapped. The shape is (N, F, H_out, W_out).",
        ("return out", "return out.swapaxes(0, 1)"),
    ),
    slip(
        "integer output",
        "conv2d-single",
        "Your output takes the image's dtype, so an image of integers cuts the decimals off. Make it of floats.",
        ("np.zeros((N, F, oh, ow))", "np.zeros((N, F, oh, ow), x.dtype)"),
    ),
    slip(
        "filters changed",
        "groups-exercises",
        "You change the array w while computing. The caller still needs it: work on a copy.",
        (SHAPE, SHAPE + "\n    w *= 1 + 1e-12"),
    ),
)
