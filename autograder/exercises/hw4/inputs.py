"""Exercise conv_backward_inputs: the student writes the test, inputs that expose wrong backward passes."""

import numpy as np

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw4.conv_answers import loops
from autograder.exercises.hw4.conv_mistakes import CROP, DW, DX, KERNEL, READ, RETURN, SIZE
from autograder.trial import Trial, admit_array, admit_int, trial_exercise


def admit(x, w, dout, stride, pad):
    """The arguments as arrays of few values and small numbers, if they make one layer."""
    x, w, dout = admit_array(x, "x", 4, 1000), admit_array(w, "w", 4, 500), admit_array(dout, "dout", 4, 1000)
    stride, pad = admit_int(stride, "stride", 1, 5), admit_int(pad, "pad", 0, 5)
    if w.shape[1] != x.shape[1]:
        raise ValueError(f"w has {w.shape[1]} channels and x has {x.shape[1]}, expected the same number")
    room = [m + 2 * pad - k for m, k in zip(x.shape[2:], w.shape[2:], strict=True)]
    if min(room) < 0:
        raise ValueError(f"the kernel of shape {w.shape[2:]} does not fit into x of {x.shape[2:]} with padding {pad}")
    wanted = (len(x), len(w), *(r // stride + 1 for r in room))
    if dout.shape != wanted:
        raise ValueError(f"dout has shape {dout.shape}, expected {wanted}, that of the layer's output")
    return x, w, dout, stride, pad


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(loops, *changes))


SUBJECTS = (
    wrong("kernel flipped", "flip", "It scatters the kernel turned by 180 degrees.", (DX, DX + "[:, ::-1, ::-1]")),
    wrong(
        "dx assigned",
        "scatter",
        "It overwrites dx where windows overlap, instead of adding.",
        (
            DX,
            "if f == 0:\n                        "
            + DX.replace("+= g * w[f]", "= np.tensordot(dout[n, :, i, j], w, 1)"),
        ),
    ),
    wrong(
        "last filter",
        "channels",
        "It makes dx of the last filter alone.",
        (DX, DX.replace("g *", "(f == F - 1) * g *")),
    ),
    wrong(
        "channel by channel",
        "channels",
        "It pairs channel c of dout with channel c of x, and forgets that each filter reads every channel.",
        (DX, DX.replace("[n, :,", "[n, f % C,") + "[f % C]"),
    ),
    wrong(
        "dw of the last image",
        "dw",
        "It makes dw of the last image alone.",
        (DW, DW.replace("padded[n,", "(n == N - 1) * padded[n,")),
    ),
    wrong(
        "batch averaged", "dw", "It divides dw and db by the number of images.", (RETURN, "return dx, dw / N, db / N")
    ),
    wrong("dout ignored", "adjoint", "It computes as if dout were 1 everywhere.", ("g = dout[n, f, i, j]", "g = 1.0")),
    wrong("db counts", "db", "It counts the outputs for db, and does not look at dout.", ("db[f] += g", "db[f] += 1")),
    wrong(
        "kernel transposed",
        "flip",
        "It stamps the kernel with rows and columns exchanged.",
        (DX, DX + ".swapaxes(1, 2)"),
    ),
    wrong(
        "square kernel", "testing", "It takes the kernel's height for its width.", (KERNEL, KERNEL + "\n    kw = kh")
    ),
    wrong("square output", "testing", "It takes the height of dout for its width.", (SIZE, SIZE + "\n    ow = oh")),
    wrong(
        "padding cut off bottom and right",
        "padding",
        "It cuts the padding of dx off at the bottom and at the right alone.",
        (CROP, "dpadded[:, :, :H, :W]"),
    ),
    wrong(
        "padding fixed at 1",
        "padding",
        "It pads by 1 wherever there is padding.",
        (READ, READ + "\n    pad = min(pad, 1)"),
    ),
    wrong(
        "pad:-pad",
        "padding",
        "It cuts the padding off with [pad:-pad], which leaves nothing where pad is 0.",
        (CROP, "dpadded[:, :, pad:-pad, pad:-pad]"),
    ),
    wrong(
        "stride ignored in dx", "stride", "It scatters dx as if the stride were 1.", (DX, DX.replace("* stride", "* 1"))
    ),
    wrong(
        "stride missing in the columns of dw",
        "stride",
        "It steps by the stride down the rows of dw but not along its columns.",
        (DW, DW.replace("j * stride", "j * 1")),
    ),
    wrong(
        "pixels left over",
        "output-padding",
        "It returns a dx without the rows and columns that no whole window reached.",
        (CROP, "dpadded[:, :, pad : (oh - 1) * stride + kh - pad, pad : (ow - 1) * stride + kw - pad]"),
    ),
    wrong("ReLU's mask", "layers", "It sets dx to 0 where x is negative.", (RETURN, "return dx * (x >= 0), dw, db")),
)


def layer(n, c, f, size, kernel, stride=1, pad=0, seed=0, **given):
    """One input of random values, but for those that are given as functions of their random ones."""
    rng = np.random.default_rng(seed)
    oh, ow = ((m + 2 * pad - k) // stride + 1 for m, k in zip(size, kernel, strict=True))
    drawn = {"x": (n, c, *size), "w": (f, c, *kernel), "dout": (n, f, oh, ow)}
    arrays = {name: given.get(name, np.array)(rng.normal(size=shape)) for name, shape in drawn.items()}
    return arrays["x"], arrays["w"], arrays["dout"], stride, pad


def thorough(**given):
    """Three layers whose sizes all differ: plain, padded, and with a stride that leaves pixels over."""
    return [
        layer(2, 3, 4, (5, 6), (3, 2), **given),
        layer(3, 2, 4, (4, 6), (2, 3), pad=2, **given),
        layer(2, 3, 4, (8, 7), (3, 2), stride=2, pad=1, **given),
    ]


def by_hand():
    """Whole numbers in nested lists."""

    def count(*shape):
        return (np.arange(np.prod(shape)).reshape(shape) % 11 - 4).tolist()

    return [
        [count(2, 2, 4, 5), count(3, 2, 2, 3), count(2, 3, 3, 3), 1, 0],
        [count(2, 2, 5, 4), count(3, 2, 3, 2), count(2, 3, 4, 4), 2, 2],
        [count(2, 2, 4, 6), count(3, 2, 3, 2), count(2, 3, 1, 3), 2, 0],
    ]


def lacks(name, sentence, inputs, anchor="backprop-testing"):
    return Mistake(name, sentence, anchor, lambda: inputs)


def ones(array):
    return np.ones_like(array)


MISTAKES = (
    lacks(
        "one small square example",
        "One small square layer shows little. Let every size differ: images, channels, filters, rows and columns, kernel rows and columns; add padding and a stride.",
        [layer(1, 1, 1, (4, 4), (2, 2))],
    ),
    lacks(
        "ones everywhere",
        "What survives is what ones hide: no order matters among them. Draw x, w and dout at random.",
        thorough(x=ones, w=ones, dout=ones),
    ),
    lacks(
        "dout of ones",
        "What survives is seen only where dout is not 1 everywhere. Draw dout at random.",
        thorough(dout=ones),
        "backprop-gradcheck",
    ),
    lacks(
        "positive images",
        "What survives is seen only where x has negative values.",
        thorough(x=np.abs),
        "backprop-layers",
    ),
    lacks(
        "no stride",
        "What survives is seen only with a stride of 2 or more, once with pixels left over at the edge.",
        thorough()[:2],
        "backprop-stride",
    ),
    lacks(
        "strides that divide",
        "What survives is seen only where the stride leaves pixels over at the edge.",
        [*thorough()[:2], layer(2, 3, 4, (7, 6), (3, 2), stride=2)],
        "backprop-output-padding",
    ),
    lacks(
        "no padding",
        "What survives is seen only with padding. Take pad 2, for 1 and 0 are special.",
        [thorough()[0], layer(2, 3, 4, (8, 7), (3, 2), stride=2)],
        "backprop-padding",
    ),
    lacks(
        "padding 1 at most",
        "What survives is seen only with a padding of 2 or more.",
        [thorough()[0], thorough()[2]],
        "backprop-padding",
    ),
    lacks(
        "padding everywhere",
        "What survives is seen only with pad 0: add an input without padding.",
        thorough()[1:],
        "backprop-padding",
    ),
    lacks(
        "one image",
        "What survives is seen only with several images in the batch.",
        [layer(1, 3, 4, (5, 6), (3, 2)), layer(1, 2, 4, (4, 6), (2, 3), pad=2), layer(1, 3, 4, (8, 7), (3, 2), 2, 1)],
        "backprop-dw",
    ),
    lacks(
        "one channel and filter",
        "What survives is seen only with several channels and several filters.",
        [layer(2, 1, 1, (5, 6), (3, 2)), layer(3, 1, 1, (4, 6), (2, 3), pad=2), layer(2, 1, 1, (8, 7), (3, 2), 2, 1)],
        "backprop-channels",
    ),
    lacks(
        "everything square",
        "What survives is seen only where heights and widths differ, of the kernel and of the output.",
        [layer(2, 3, 4, (5, 5), (3, 3)), layer(3, 2, 4, (4, 4), (2, 2), pad=2), layer(2, 3, 4, (8, 8), (3, 3), 2, 1)],
    ),
    lacks(
        "windows that do not overlap",
        "What survives is seen only where windows overlap: a stride below the kernel's size.",
        [
            layer(2, 3, 4, (7, 8), (3, 2), stride=3),
            layer(3, 2, 4, (8, 9), (2, 3), stride=3, pad=2),
        ],
        "backprop-scatter",
    ),
    lacks(
        "1x1 kernels",
        "What survives is seen only with kernels of several rows and columns.",
        [layer(2, 3, 4, (5, 6), (1, 1)), layer(3, 2, 4, (4, 6), (1, 1), pad=2), layer(2, 3, 4, (8, 7), (1, 1), 2, 1)],
        "backprop-scatter",
    ),
)

CONV_BACKWARD_INPUTS = trial_exercise(
    "hw4.conv_backward_inputs",
    "conv_backward_inputs",
    3,
    "backprop-testing",
    Trial(right=loops, wrong=SUBJECTS, admit=admit, probe="conv_gradients"),
    reference=thorough,
    mistakes=MISTAKES,
    variants={
        "one layer for each setting": lambda: [
            layer(2, 3, 4, (6, 7), (3, 2), stride, pad, seed=7) for stride in (1, 2, 3) for pad in (0, 1, 2)
        ],
        "small whole numbers, nested lists": by_hand,
        "two layers": lambda: (layer(2, 2, 3, (6, 8), (3, 4), stride=2), layer(3, 3, 2, (4, 6), (2, 3), pad=2)),
    },
)
