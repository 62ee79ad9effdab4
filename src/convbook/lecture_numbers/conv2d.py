"""Chapter 2, Conv2d arithmetic."""

from convbook.lecture_numbers.number import (
    BERKELEY,
    BOOK,
    C182,
    DATA_188,
    DATA_188_L11,
    DATA_188_L12,
    DL4CV,
    WISE,
    Number,
)

NUMBERS = {
    # One image of 4x4 pixels, two filters of 2x2, padding 1.
    "c182.image.size": Number(
        C182,
        "side of the image in the two-filter example",
        4,
        printed=3,
        note="The printed matrix has four rows and columns, and only four give the 5x5 output.",
    ),
    "c182.output.size": Number(C182, "side of the output in the two-filter example", 5, printed=5),
    "c182.output.formula": Number(
        C182,
        "output height",
        "1 + (input_height + 2 * pad - filter_height) // stride",
        printed="1 + (input_height + 2 * pad - filter_height) // stride",
        note="Right, floor included; it leaves dilation out.",
    ),
    "c182.filters.shape": Number(
        C182,
        "shape of the filters",
        "[num_filters, num_input_channels, height_filter, width_filter]",
        printed="[num_filters, height_filter, width_filter]",
        note="A filter is as deep as its input; the example two slides later has the fourth axis.",
    ),
    "c182.filter0.corner": Number(
        C182, "filter 0, the four values worked", ((0.5, 64), (4, 307)), printed=((0.5, 64), (4, 307))
    ),
    "c182.filter0": Number(
        C182,
        "filter 0, the whole output",
        (
            (0.5, 64, 50, 127.5, 0),
            (4, 307, 368, 610, 255),
            (18, 249, 295, 80, 0),
            (60, 225, 260, 71, 0),
            (80, 140, 170, 64, 2),
        ),
    ),
    "c182.filter1.corner": Number(
        C182,
        "filter 1, the four values worked",
        ((2, 257), (8.1, 216.8)),
        printed=((1, 257), (8.1, 216.8)),
        note="The last product of the first sum is 2 times 1; the slide adds it up to 1.",
    ),
    "c182.filter1": Number(
        C182,
        "filter 1, the whole output",
        (
            (2, 257, 328, 610, 255),
            (8.1, 216.8, 270, 105.5, 0),
            (40.4, 210, 238, 70, 0),
            (82, 149, 177, 64, 2),
            (4, 5, 6, 0.2, 0),
        ),
    ),
    "c182.filter0.true_convolution": Number(
        C182,
        "filter 0, first row if the filter were flipped",
        (1, 130, 356, 455, 510),
        note="Who gets this row has computed a true convolution.",
    ),
    "c182.filter0.stride2": Number(
        C182,
        "filter 0 with padding 0 and stride 2",
        ((307, 610), (225, 71)),
        note="Every other value of the inside.",
    ),
    # The same with a second channel.
    "c182.two_channels.green": Number(
        BERKELEY,
        "second channel, the corner that the worked sums use",
        ((0, 10), (10, 255)),
        note="Not printed as a matrix; read off the products.",
    ),
    "c182.two_channels.filter0": Number(
        BERKELEY, "two channels, filter 0", ((0.5, 79), (19, 709.5)), printed=((0.5, 79), (19, 709.5))
    ),
    "c182.two_channels.filter1": Number(BERKELEY, "two channels, filter 1", ((2, 277), (28.1, 737.8))),
    "c182.two_channels.label": Number(
        BERKELEY,
        "name of the fourth value worked",
        "output[0, 1, 1]",
        printed="output[0, 1, 0]",
        note="The third and the fourth value carry the same label.",
    ),
    # Formulas of the filter bank.
    "data188.symbols": Number(
        DATA_188_L11,
        "symbol of the operation",
        "⋆ for cross-correlation, * for convolution",
        printed="⋆ and * for the same operation",
        note="The two differ by a flip of the filter, except where it is its own half turn.",
    ),
    "data188.zout.index": Number(
        DATA_188,
        "filter bank, one output channel",
        "Z_out[:, i, :, :] = Z_in ⋆ G[i, :, :, :]",
        printed="Z_out[i, :, :] = Z_in ⋆ G[i, :, :, :]",
        note="Z_out is [B, C_out, h, w]: its first axis is the image in the batch.",
    ),
    "data188.zout.bias": Number(
        DATA_188,
        "where the bias goes",
        "Z_out[:, i] = Z_in ⋆ G[i] + bias[i]",
        printed="conv2d(Z_in, G) = Z_out + bias",
        note="Z_out is called the layer's output too; a vector of C_out values would be added along the width.",
    ),
    "data188.sum.index": Number(
        DATA_188_L11,
        "output channel s as a sum over input channels r",
        "z[s] = Σ_r x[r] ⋆ W[s, r]",
        printed="z[:, :, s] = Σ_r x[:, :, r] * W[r, s, :, :]",
        note="W is declared c_out × c_in × k × k, and x has its channels first.",
    ),
    "data188.output224": Number(
        DATA_188_L11, "shape of the output, 3 channels of 224x224 and four 3x3 filters", (4, 222, 222)
    ),
    "data188.conv.params": Number(DATA_188_L11, "parameters of that layer, biases included", 112),
    "data188.fc.weights": Number(
        DATA_188_L11,
        "weights of a full layer between two 256x256 images",
        4_294_967_296,
        note='Printed as "4 billion".',
    ),
    "data188.conv.weights": Number(
        DATA_188_L11, "weights of a 3x3 convolution instead", 9, printed=9, note="10 with its bias."
    ),
    "data188.pool.2x2": Number(DATA_188_L11, "maximum of [1, 4; 2, 9]", 9, printed=9),
    "data188.invariance": Number(
        DATA_188_L11,
        "what a shift of the input does",
        "equivariance: the map shifts along, off the border and at stride 1",
        printed="translation invariance",
        note="The map moves with the image, so it is not invariant; zero padding breaks even that at the border.",
    ),
    "data188.flatten": Number(DATA_188_L12, "length of 512 flattened maps of 7x7", 25_088, printed=25_088),
    "data188.flatten.fc": Number(DATA_188_L12, "parameters of a 1000-class layer on them", 25_089_000),
    "data188.gap.fc": Number(DATA_188_L12, "parameters of that layer after global average pooling", 513_000),
    # Waterloo.
    "wise.channels.sum": Number(WISE, "responses 2, 0, 4 of three channels and bias 1", 7, printed=7),
    "wise.stride2": Number(
        WISE,
        "side of the output, 3x3 input, padding 1, filter 3, stride 2",
        2,
        printed=2,
        note='The text says that stride 2 "cuts the input width and height in two": halved and rounded up here.',
    ),
    "wise.output.formula": Number(
        WISE,
        "output width of a convolution",
        "floor((W_in - m + 2 * P) / S) + 1",
        printed="(W_in - m + 2 * P) / S + 1",
        note="Without the floor the size need not be whole; dilation is left out too.",
    ),
    "wise.pool.formula": Number(
        WISE,
        "output width of a pooling",
        "floor((W_in - m) / S) + 1",
        printed="(W_in - m) / S + 1",
        note="As for the convolution.",
    ),
    "wise.pool.max": Number(WISE, "max pooling of the 4x4 example", ((21, 12), (18, 10)), printed=((21, 12), (18, 10))),
    "wise.pool.avg": Number(WISE, "average pooling of the same", ((15, 9), (11.25, 6.5))),
    "wise.pool.before": Number(
        WISE, "max pooling of the 4x5 example, columns 0 to 3", ((21, 19), (18, 10)), printed=((21, 19), (18, 10))
    ),
    "wise.pool.after": Number(
        WISE, "the same, shifted by one pixel", ((21, 12), (18, 10)), printed=((21, 12), (18, 10))
    ),
    "wise.pool.shift": Number(
        WISE,
        "max pooling after a shift by one pixel",
        "depends on the image: unchanged, half or two thirds of the outputs in the three tests of the book",
        printed="outputs are insensitive to small shifts",
        note="True of the example (one of four outputs changes), not of pooling.",
    ),
    "wise.alexnet.filters": Number(
        WISE,
        "filters in AlexNet's first layer",
        "96 in the paper, 64 in the later single-column variant",
        printed=64,
        note="Both networks are called AlexNet; the paper's figure has 96, as Data 188 quotes it.",
    ),
    "wise.vgg.width": Number(
        WISE,
        "output width of a VGG convolution",
        "(W_in - 3 + 2 * 1) / 1 + 1",
        printed="(H_in - 3 + 2 * 1) / 1 + 1",
        note="The width was computed from the height.",
    ),
    "wise.vgg.depths": Number(
        WISE, "channels of the five VGG blocks", (64, 128, 256, 512, 512), printed=(64, 128, 256, 512, 512)
    ),
    "wise.vgg.shrink": Number(WISE, "factor between input and last map of VGG", 32, printed=32),
    "wise.vgg.1240": Number(
        WISE,
        "last map of VGG on a 1240x960 image (width, height)",
        (38, 30),
        printed=(40, 30),
        note="Five halvings with a floor: 1240, 620, 310, 155, 77, 38. A width of 1280 gives 40.",
    ),
    # Weizmann.
    "dl4cv.output.formula": Number(
        DL4CV, "output size without padding", "floor((N - K) / S + 1)", printed="floor((N - K) / S + 1)"
    ),
    # Architectures and counts.
    "alexnet.quotient": Number(
        DATA_188_L12,
        "AlexNet's first layer as the quoted caption gives it: (224 - 11) / 4 + 1",
        54.25,
        note="Not whole. The paper's map has 55 rows: 227 pixels, or 224 with padding 2 and a floor.",
    ),
    "alexnet.map": Number(BOOK, "side of the first map in AlexNet", 55),
    "alexnet.params.paper": Number(BOOK, "parameters of AlexNet as in the paper", 60_965_224),
    "alexnet.params.one_column": Number(BOOK, "parameters of its single-column variant", 61_100_840),
    "lenet.sizes": Number(C182, "sides of the maps of LeNet-5", (32, 28, 14, 10, 5), note='"16@5x5" is printed.'),
    "lenet.params": Number(
        BOOK,
        "parameters of LeNet-5 as it is built today",
        61_706,
        note="The original connects its second convolution sparsely and has trainable pooling.",
    ),
    "vgg16.params": Number(BOOK, "parameters of VGG-16", 138_357_544),
    "vgg16.fc_share": Number(BOOK, "share of them in the full layers, per cent", 89.4),
    "vgg16.gmacs": Number(BOOK, "billion multiply-adds of VGG-16 on one image", 15.47),
    "vgg16.conv_gmacs": Number(BOOK, "of those, in convolutions", 15.347),
    "rf.stack": Number(BOOK, "receptive field after 1 to 5 convolutions of 3x3", (3, 5, 7, 9, 11)),
    "rf.vgg.conv5_3": Number(BOOK, "receptive field of VGG-16's last convolution", 196),
    "rf.vgg.pool5": Number(BOOK, "receptive field of VGG-16's last pooling", 212),
    "rf.resnets": Number(
        WISE,
        "receptive fields of ResNet-18, 34, 50, 101, 152 before the average pooling",
        (435, 899, 427, 971, 1451),
        note="Stride in the 3x3 convolution; with the paper's stride in the first 1x1 the last three are "
        "483, 1027, 1507. The lecture says that they exceed the image.",
    ),
    "rf.resnets.paper": Number(
        WISE,
        "the same for ResNet-50, 101, 152 with the stride where the paper has it",
        (483, 1027, 1507),
    ),
    "unfold.coverage": Number(
        BOOK,
        "how often each pixel of a 5x5 image is copied by a 3x3 unfold",
        ((1, 2, 3, 2, 1), (2, 4, 6, 4, 2), (3, 6, 9, 6, 3), (2, 4, 6, 4, 2), (1, 2, 3, 2, 1)),
    ),
    # Share of the outputs that a shift by one pixel changes, 2x2 windows, per cent.
    "pool.shift.max": Number(BOOK, "max pooling of random uint8 pixels, outputs changed by a shift, per cent", 66.0),
    "pool.shift.avg": Number(BOOK, "average pooling of the same, per cent", 99.7),
    "pool.shift.stripes": Number(BOOK, "max pooling of stripes two pixels wide, per cent", 50.0),
}
