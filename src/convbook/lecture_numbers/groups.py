"""Chapter 3, groups and dilation."""

from convbook.lecture_numbers.number import BOOK, C182, DATA_188_L12, DL4CV, WISE, Number

NUMBERS = {
    # Groups.
    "data188.conv5.weights": Number(
        DATA_188_L12,
        "weights of a 3x3 layer from 512 to 512 channels",
        2_359_296,
        note="The slide prints the shape of the bank, [512, 512, 3, 3].",
    ),
    "data188.groups.shape": Number(
        DATA_188_L12,
        "shape of the filter bank with two groups",
        "[C_out, C_in / 2, k, k]",
        printed="[C_out, C_in / 2, k, k]",
    ),
    "data188.groups512.channels": Number(
        DATA_188_L12,
        "512 to 256 channels in two groups: channels of a group, in and out",
        (256, 128),
        printed=(256, 128),
    ),
    "data188.groups512.weights": Number(
        DATA_188_L12, "the same, weights of 3x3 filters without groups and with them", (1_179_648, 589_824)
    ),
    "data188.groups64.shape": Number(
        DATA_188_L12, "64 to 32 channels in four groups: shape of the bank", (32, 16, 3, 3), printed=(32, 16, 3, 3)
    ),
    "data188.groups64.output": Number(
        DATA_188_L12, "the same, shape of the output of one image of 7x7", (32, 7, 7), printed=(32, 7, 7)
    ),
    "data188.groups64.slices": Number(
        DATA_188_L12,
        "the same, input channels of the four groups",
        ((0, 16), (16, 32), (32, 48), (48, 64)),
        printed=((0, 16), (16, 32), (32, 48), (48, 64)),
    ),
    "data188.groups64.first": Number(
        DATA_188_L12, "the same, first filter of each group", (0, 8, 16, 24), printed=(0, 8, 16, 24)
    ),
    "data188.groups64.weights": Number(DATA_188_L12, "the same, weights without groups and with them", (18_432, 4_608)),
    "data188.groups64.params": Number(DATA_188_L12, "the same, parameters with groups and biases", 4_640),
    "data188.groups64.symbol": Number(
        DATA_188_L12,
        "one output channel of the grouped example",
        "Z_out[:, 1] = Z_in[:, 0:16] ⋆ G[1]",
        printed="Z_out[:, 1, :, :] = Z_in[:, 0:16, :, :] * G[1, :, :, :]",
        note="The star is a cross-correlation, as everywhere else in the lecture; * would flip the filter.",
    ),
    "alexnet.groups.filters": Number(
        BOOK, "filters of AlexNet's five convolutions on each of its two GPUs", (48, 128, 192, 192, 128)
    ),
    "alexnet.groups.params": Number(
        BOOK, "AlexNet's parameters as in the paper, and if every layer saw all channels", (60_965_224, 62_378_344)
    ),
    # Depthwise, separable, 1x1.
    "separable.ratio": Number(
        BOOK,
        "multiply-adds of a separable 3x3 layer against a dense one, with 64, 256, 1024 filters",
        (0.1267, 0.1150, 0.1121),
    ),
    "wise.mobilenet": Number(
        WISE,
        "what MobileNet's separable convolutions are made of",
        "a depthwise 3x3 convolution, then a pointwise 1x1 convolution",
        printed="separable convolutions, which use 1x1 bottleneck convolutions",
        note="A bottleneck narrows the channels. No 1x1 layer of this MobileNet has fewer outputs than inputs.",
    ),
    "mobilenet.params": Number(BOOK, "parameters of MobileNet, batch norm included", 4_231_976),
    "c182.rpn.channels": Number(
        C182, "filters of the two 1x1 heads for 9 anchors a place", (18, 36), note="Printed as 2 * k and 4 * k."
    ),
    # Squeeze and bottleneck.
    "wise.squeezenet": Number(
        WISE,
        "where SqueezeNet has 1x1 filters",
        "in the squeeze layers and in half of the expand filters; the other half stays 3x3",
        printed="1x1 rather than 3x3 convolutions",
        note="The 3x3 filters that stay still hold most of a module's weights.",
    ),
    "squeezenet.fire2": Number(
        BOOK, "parameters of the first fire module, and of one 3x3 layer with its inputs and outputs", (11_920, 110_720)
    ),
    "squeezenet.params": Number(BOOK, "parameters of SqueezeNet 1.0", 1_248_424),
    "squeezenet.ratio": Number(BOOK, "AlexNet's parameters against SqueezeNet's", 48.8),
    "data188.bottleneck.weights": Number(
        DATA_188_L12, "weights of the bottleneck 256, 64, 64, 256: its three layers", (16_384, 36_864, 16_384)
    ),
    "data188.bottleneck.total": Number(
        DATA_188_L12,
        "weights of the bottleneck, of two 3x3 layers at 256 channels, of two at 64",
        (69_632, 1_179_648, 73_728),
    ),
    "data188.bottleneck.ratio": Number(DATA_188_L12, "the second against the first", 16.9),
    # Dilation.
    "data188.dilation.name": Number(
        DATA_188_L12,
        "what dilation is",
        "the distance between neighbouring weights",
        printed='aka "spatial extent"',
        note="The extent is what it enlarges, to d (k - 1) + 1 pixels; a 7x7 kernel has the same extent without it.",
    ),
    "data188.dilation.padding": Number(
        DATA_188_L12,
        "padding that keeps the size",
        "d * (k - 1) / 2",
        note='The slide says "more padding".',
    ),
    "dilation.extent": Number(BOOK, "extent of a 3x3 kernel with dilation 1, 2, 4, 8", (3, 5, 9, 17)),
    "dilation.padding": Number(BOOK, "padding that keeps the size, for the same", (1, 2, 4, 8)),
    "dilation.field": Number(BOOK, "receptive field of the four stacked, layer by layer", (3, 7, 15, 31)),
    "dilation.gridding": Number(
        BOOK, "three 3x3 layers of dilation 2: pixels of the field, and pixels that reach the output", (169, 49)
    ),
    # Transposed convolution.
    "dl4cv.transposed.size": Number(
        DL4CV,
        "length of the transposed convolution of 3 values, kernel 3, stride 2",
        7,
        printed=7,
        note="The number of rows of the printed matrix.",
    ),
    "transposed.coverage": Number(BOOK, "the same, how many stamps reach each output value", (1, 1, 2, 1, 2, 1, 1)),
}
