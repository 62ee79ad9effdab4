"""Exercise grouped_conv_inputs: the student writes the test."""

import numpy as np

from autograder.exercise import Mistake, rewrite
from autograder.trial import Trial, admit_array, admit_int, trial_exercise

PADDED = "np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))"
FIRST = "f // each * depth"
SIZES = "F, depth, kh, kw = w.shape"
OH = "oh = (H + 2 * padding - dilation * (kh - 1) - 1) // stride + 1"
OW = "ow = (W + 2 * padding - dilation * (kw - 1) - 1) // stride + 1"


def grouped_conv(x, w, b, stride, padding, dilation, groups):
    N, C, H, W = x.shape
    F, depth, kh, kw = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh = (H + 2 * padding - dilation * (kh - 1) - 1) // stride + 1
    ow = (W + 2 * padding - dilation * (kw - 1) - 1) // stride + 1
    each = F // groups
    out = np.zeros((N, F, oh, ow))
    for f in range(F):
        first = f // each * depth
        block = padded[:, first : first + depth]
        for a in range(kh):
            for t in range(kw):
                top, left = a * dilation, t * dilation
                tap = block[:, :, top : top + stride * oh : stride, left : left + stride * ow : stride]
                out[:, f] += np.einsum("ncij,c->nij", tap, w[f, :, a, t])
        out[:, f] += b[f]
    return out


def admit(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    x, w, b = admit_array(x, "x", 4, 2000), admit_array(w, "w", 4, 2000), admit_array(b, "b", 1, 24)
    for name, array, most in (("x", x, (4, 24, 12, 12)), ("w", w, (24, 24, 5, 5))):
        if any(length > limit for length, limit in zip(array.shape, most, strict=True)):
            raise ValueError(f"{name} has shape {array.shape}, expected at most {most}")
    stride, padding = admit_int(stride, "stride", 1, 4), admit_int(padding, "padding", 0, 4)
    dilation, groups = admit_int(dilation, "dilation", 1, 4), admit_int(groups, "groups", 1, 24)
    C, F = x.shape[1], len(w)
    if C % groups or F % groups:
        raise ValueError(f"groups is {groups}, expected a divisor of {C} channels and {F} filters")
    if w.shape[1] * groups != C:
        raise ValueError(f"w has shape {w.shape}, expected {C // groups} channels a filter")
    if b.shape != (F,):
        raise ValueError(f"b has shape {b.shape}, expected ({F},)")
    for axis in (2, 3):
        extent, room = dilation * (w.shape[axis] - 1) + 1, x.shape[axis] + 2 * padding
        if extent > room:
            raise ValueError(f"the kernel spans {extent} pixels, expected at most the {room} of the padded image")
    return x, w, b, stride, padding, dilation, groups


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, anchor, rewrite(grouped_conv, *changes))


TRIAL = Trial(
    right=grouped_conv,
    admit=admit,
    wrong=(
        wrong(
            "same channels for every group",
            "groups-groups",
            "It lets every group read the first C/g channels.",
            (FIRST, "0"),
        ),
        wrong(
            "channels strided",
            "groups-groups",
            "It lets group m read every g-th channel, x[:, m::g].",
            ("padded[:, first : first + depth]", "padded[:, f // each :: groups]"),
        ),
        wrong(
            "filters dealt to the groups in turn",
            "groups-groups",
            "It puts filter f into group f % g.",
            (FIRST, "f % groups * depth"),
        ),
        wrong(
            "block begins at a multiple of F/g",
            "groups-groups",
            "It begins the block of group m at channel m*F/g.",
            (FIRST, "f // each * each"),
        ),
        wrong(
            "bias by group",
            "groups-parameters",
            "It adds one bias to a whole group: b[m] to every filter of group m.",
            ("b[f]", "b[f // each]"),
        ),
        wrong(
            "third group and on read the last block",
            "groups-groups",
            "It is right for one and two groups. With more, every group but the first reads the last C/g channels.",
            (FIRST, "(f >= each) * (C - depth)"),
        ),
        wrong(
            "channels of a block reversed",
            "groups-groups",
            "It meets the channels of a block in reverse order.",
            ("tap, w[f, :, a, t]", "tap, w[f, ::-1, a, t]"),
        ),
        wrong(
            "depthwise filters dealt in turn",
            "groups-depthwise",
            "It is right unless the layer is depthwise. Then filter f reads channel f % C.",
            (FIRST, FIRST + " if depth > 1 else f % C"),
        ),
        wrong(
            "d zeros between the taps",
            "groups-effective-kernel",
            "It puts d zeros between the taps as soon as the dilation d is above 1.",
            (SIZES, SIZES + "\n    dilation += dilation > 1"),
        ),
        wrong(
            "dilation above 2 taken for 2",
            "groups-dilation",
            "It takes a dilation above 2 for 2.",
            (SIZES, SIZES + "\n    dilation = min(dilation, 2)"),
        ),
        wrong(
            "dilation ignored with a stride",
            "groups-dilation",
            "It ignores the dilation where the stride is above 1.",
            (SIZES, SIZES + "\n    dilation = dilation if stride == 1 else 1"),
        ),
        wrong(
            "padding times the dilation",
            "groups-padding",
            "It multiplies the padding by the dilation.",
            (SIZES, SIZES + "\n    padding *= dilation"),
        ),
        wrong(
            "size rounded up",
            "conv2d-output-size",
            "It rounds the output size up, and takes zeros for what lies beyond the image.",
            (PADDED, PADDED.replace("padding)", "padding + stride)")),
            (OH, "oh = -((dilation * (kh - 1) + 1 - H - 2 * padding) // stride) + 1"),
            (OW, "ow = -((dilation * (kw - 1) + 1 - W - 2 * padding) // stride) + 1"),
        ),
        wrong(
            "square kernels transposed",
            "conv2d-single",
            "It transposes kernels that are square.",
            (SIZES, SIZES + "\n    w = w.swapaxes(2, 3) if kh == kw else w"),
        ),
        wrong(
            "kernels taken for square",
            "conv2d-single",
            "It takes the larger side of a kernel for both, as if zeros filled it up to a square.",
            (
                SIZES,
                SIZES
                + "\n    w = np.pad(w, ((0, 0), (0, 0), (0, max(0, kw - kh)), (0, max(0, kh - kw))))\n    kh = kw = max(kh, kw)",
            ),
        ),
        wrong(
            "first image for all",
            "conv2d-channels",
            "It gives every image of a batch the first one's output.",
            ("    return out", "    out[:] = out[:1]\n    return out"),
        ),
    ),
)


def layer(n, c, f, groups, size, kernel, stride=1, padding=0, dilation=1, seed=0):
    """Arguments of a layer, everything random and every bias another."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(n, c, *size)), rng.normal(size=(f, c // groups, *kernel))
    return x, w, 1.0 + np.arange(f), stride, padding, dilation, groups


def three_layers():
    return [
        layer(2, 9, 6, 3, (8, 9), (3, 2), 2, 1, 3),
        layer(1, 4, 8, 2, (8, 9), (3, 3), 1, 2, 2),
        layer(1, 3, 6, 3, (4, 5), (1, 2)),
    ]


def one_thing_each():
    """Small layers, each with one thing out of the ordinary."""
    return [
        layer(2, 6, 9, 3, (1, 2), (1, 1)),
        layer(1, 8, 4, 2, (1, 1), (1, 1)),
        layer(1, 2, 4, 2, (1, 1), (1, 1)),
        layer(1, 1, 1, 1, (2, 2), (2, 2)),
        layer(1, 1, 1, 1, (2, 3), (1, 2), 2, 1),
        layer(1, 1, 1, 1, (3, 4), (1, 2), 1, 0, 3),
        layer(1, 1, 1, 1, (3, 4), (1, 2), 1, 1, 2),
        layer(1, 1, 1, 1, (3, 7), (1, 2), 2, 0, 2),
        layer(1, 1, 1, 1, (4, 6), (2, 3), 1, 0, 2),
    ]


def drawn_at_random():
    rng, layers = np.random.default_rng(4), []
    while len(layers) < 20:
        groups = int(rng.integers(1, 5))
        n, c, f = int(rng.integers(1, 4)), groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
        size, kernel = rng.integers(5, 9, 2), rng.integers(1, 4, 2)
        settings = [int(rng.integers(*bounds)) for bounds in ((1, 4), (0, 3), (1, 4))]
        candidate = layer(n, c, f, groups, size, kernel, *settings, seed=len(layers))
        try:
            layers.append(admit(*candidate))
        except ValueError:
            continue
    return layers


def changed(index, change):
    """Inputs that are all alike in one argument."""

    def inputs():
        layers = [list(arguments) for arguments in three_layers()]
        for arguments in layers:
            arguments[index] = change(arguments[index])
        return layers

    return inputs


def without_groups():
    return [layer(2, 3, 4, 1, *rest) for rest in SETTINGS]


SETTINGS = (((8, 9), (3, 2), 2, 1, 3), ((8, 9), (3, 3), 1, 2, 2), ((4, 5), (1, 2)))


def blind(name, sentence, inputs):
    return Mistake(name, sentence, "groups-testing", inputs)


GROUPED_CONV_INPUTS = trial_exercise(
    "hw3.grouped_conv_inputs",
    "grouped_conv_inputs",
    8,
    "groups-testing",
    TRIAL,
    reference=three_layers,
    mistakes=(
        blind(
            "one group",
            "All your layers have one group. Whatever is wrong with groups stays hidden.",
            without_groups,
        ),
        blind(
            "two groups at most",
            "None of your layers has more than two groups. With two, the last group is also the second.",
            lambda: [layer(2, 6, 4, 2, *rest) for rest in SETTINGS[:2]] + [layer(1, 2, 4, 2, *SETTINGS[2])],
        ),
        blind(
            "depthwise only",
            "All your grouped layers are depthwise. Blocks of one channel have no order in them.",
            lambda: [layer(2, 3, 6, 3, *rest) for rest in SETTINGS],
        ),
        blind(
            "as many filters as channels",
            "All your layers have as many filters as channels. Then F/g and C/g are the same, and a depthwise layer has one "
            "filter a channel.",
            lambda: [layer(2, 6, 6, 3, *rest) for rest in SETTINGS],
        ),
        blind(
            "no depthwise layer",
            "None of your layers is depthwise with several filters a channel: that case is easily forgotten.",
            lambda: [layer(2, 9, 6, 3, *rest) for rest in SETTINGS],
        ),
        blind(
            "no dilation",
            "Nothing of yours is dilated. Whatever is wrong with dilation stays hidden.",
            changed(5, lambda dilation: 1),
        ),
        blind(
            "dilation 2 at most",
            "None of your dilations is above 2. Try one that is not the first that comes to mind.",
            lambda: [(*arguments[:5], min(arguments[5], 2), arguments[6]) for arguments in three_layers()],
        ),
        blind(
            "stride 1",
            "All your strides are 1. A stride can go wrong by itself, and together with dilation.",
            changed(3, lambda stride: 1),
        ),
        blind(
            "no padding",
            "Nothing of yours is padded.",
            changed(4, lambda padding: 0),
        ),
        blind(
            "equal biases",
            "Your biases are all alike, or zero. Then nobody sees whose bias was added.",
            changed(2, np.zeros_like),
        ),
        blind(
            "equal pixels",
            "All your pixels are alike. Then nobody sees which pixel, channel or image was read.",
            changed(0, np.ones_like),
        ),
        blind(
            "equal weights",
            "All your weights are alike. Then nobody sees which weight met which pixel.",
            changed(1, np.ones_like),
        ),
        blind(
            "one image",
            "All your batches hold one image.",
            changed(0, lambda x: x[:1]),
        ),
        blind(
            "square kernels",
            "All your kernels are square. Then nobody sees a side that was taken for the other.",
            lambda: (
                [layer(2, 9, 6, 3, (8, 9), (3, 3), 2, 1, 3), layer(1, 4, 8, 2, (8, 9), (3, 3), 1, 2, 2)]
                + [layer(1, 3, 6, 3, (4, 5), (2, 2))]
            ),
        ),
        blind(
            "kernels not square",
            "None of your kernels is square. Most kernels are, so a mistake may hide there.",
            lambda: (
                [layer(2, 9, 6, 3, (8, 9), (3, 2), 2, 1, 3), layer(1, 4, 8, 2, (8, 9), (2, 3), 1, 2, 2)]
                + [layer(1, 3, 6, 3, (4, 5), (1, 2))]
            ),
        ),
    ),
    variants={
        "three layers": three_layers,
        "one thing in each": one_thing_each,
        "drawn at random": drawn_at_random,
        "nested lists": lambda: [
            [part.tolist() if isinstance(part, np.ndarray) else part for part in arguments]
            for arguments in three_layers()
        ],
    },
)
