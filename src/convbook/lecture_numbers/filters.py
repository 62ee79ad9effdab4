"""Chapter 1, 2D filters."""

from convbook.lecture_numbers.number import BOOK, DATA_188_L11, DL4CV, WISE, Number

NUMBERS = {
    # What a linear layer costs.
    "data188.mnist.fc": Number(
        DATA_188_L11, "parameters of a linear layer from 28x28 grey pixels to 1000", 785_000, printed=785_000
    ),
    "data188.rgb.length": Number(DATA_188_L11, "length of a flattened 3x224x224 image", 150_528, printed=150_528),
    "data188.rgb.fc": Number(
        DATA_188_L11, "parameters of a linear layer from it to 1000", 150_529_000, printed=150_529_000
    ),
    "linear.256.params": Number(
        BOOK, "parameters of a linear layer between two 256x256 images, biases included", 4_295_032_832
    ),
    "linear.256.ratio": Number(
        BOOK, "its weights against those of a 3x3 filter, as a quotient rounded down", 477_218_588
    ),
    "data188.shift.wish": Number(
        DATA_188_L11,
        "what a layer should know about a shifted image",
        "translation equivariance",
        printed="translation invariance",
        note="A filter's response moves with the image: that is equivariance, exact off the border. "
        "Invariance is for the class at the end of a network.",
    ),
    # The 5x5 image and its filters.
    "data188.blur.worked": Number(
        DATA_188_L11,
        "blur of the 5x5 image, the three values worked",
        (92.8125, 71.5625, 46.875),
        printed=(92.8125, 71.5625, 46.875),
    ),
    "data188.blur": Number(
        DATA_188_L11,
        "the same, all nine",
        ((92.8125, 71.5625, 107.8125), (46.875, 33.4375, 72.5), (42.1875, 41.5625, 67.1875)),
    ),
    "data188.blur.symbols": Number(
        DATA_188_L11,
        "the blurred image",
        "I_blur = I ⋆ g",
        printed="X ⋆ g = I_blur, and I * g = I_blur two slides later",
        note="One operation, one symbol, and the image is called I. This kernel is its own half turn, "
        "so that here both symbols give the same.",
    ),
    "data188.blur.zeros": Number(
        BOOK, "blur of the 5x5 image with zeros around it, first row", (101.25, 116.25, 106.5625, 119.375, 102.8125)
    ),
    "data188.blur.corners": Number(
        BOOK,
        "first value of the blur with zeros, mean, reflect, circular and replicate padding",
        (101.25, 144.0375, 155.0, 155.625, 188.75),
    ),
    "data188.sweep": Number(
        DATA_188_L11,
        "pseudo-code of the sweep at the border",
        "pad by delt first, and refuse an even k",
        printed="region = img[y-delt:(y+delt+1), x-delt:(x+delt+1)] at every pixel",
        note="A negative start makes an empty slice, a late end a short one; for an even k "
        "the region has k - 1 rows everywhere.",
    ),
    "data188.sweep.failures": Number(
        BOOK, "pixels of the 5x5 image where the printed sweep fails, for k = 3 and k = 4", (16, 25)
    ),
    "data188.response": Number(
        DATA_188_L11,
        "response of filter 1 at the first place",
        "not known: the filter is not printed",
        printed=42.91,
        note="No filter of the lecture gives it. We work Sobel x instead, which gives -435 there.",
    ),
    "data188.sobel_x": Number(BOOK, "Sobel x on the 5x5 image", ((-435, 95, 485), (-370, 155, 470), (-185, 175, 235))),
    "data188.sobel_y": Number(BOOK, "Sobel y on it", ((-635, -665, -495), (-100, 55, -70), (25, 75, -15))),
    "data188.magnitude": Number(BOOK, "length of the gradient at the first place, three decimals", 769.708),
    "data188.laplacian": Number(BOOK, "Laplacian on the 5x5 image", ((360, 210, 305), (85, 45, 20), (90, -5, 25))),
    # The Gaussian over 273.
    "data188.gauss273.row": Number(
        DATA_188_L11,
        "last row of the 5x5 Gaussian over 273",
        (1, 4, 7, 4, 1),
        printed=(1, 4, 4, 4, 1),
        note="As printed the weights add up to 270, so that the blur darkens a flat image by 1 % and moves it down.",
    ),
    "data188.gauss273.sum": Number(BOOK, "sum of its weights, as printed and as corrected", (270, 273)),
    "data188.gauss273.flat": Number(BOOK, "what the printed kernel makes of a flat 200, two decimals", 197.8),
    "data188.gauss273.centroid": Number(BOOK, "row of the printed kernel's centroid, four decimals", -0.0222),
    "data188.gauss273.rank": Number(BOOK, "rank of the corrected kernel: it is not separable", 3),
    "data188.gauss273.sigma": Number(BOOK, "its standard deviation, three decimals", 0.991),
    "data188.gauss273.distance": Number(
        BOOK,
        "largest difference to the sampled and to the integrated Gaussian of sigma 1, four decimals",
        (0.0119, 0.0018),
    ),
    "gauss.binomial5.rank": Number(BOOK, "rank of the 5x5 binomial kernel, and the sum it is divided by", (1, 256)),
    # Waterloo.
    "wise.box.input": Number(
        WISE,
        "rows 7 and 8 of the box filter's input, columns 2 to 7",
        ((0, 0, 0, 0, 0, 0), (90, 0, 0, 0, 0, 0)),
        printed=((0, 90, 90, 90, 90, 90), (0, 90, 0, 0, 0, 0)),
        note="With these rows every printed response is right. As printed, 23 of the 63 disagree.",
    ),
    "wise.box.output": Number(
        WISE,
        "the box filter's response",
        (
            (0, 10, 20, 30, 30, 30, 20, 10),
            (0, 20, 40, 60, 60, 60, 40, 20),
            (0, 30, 60, 90, 90, 90, 60, 30),
            (0, 30, 50, 80, 80, 90, 60, 30),
            (0, 30, 50, 80, 80, 90, 60, 30),
            (0, 20, 30, 50, 50, 60, 40, 20),
            (10, 20, 30, 30, 30, 30, 20, 10),
            (10, 10, 10, 0, 0, 0, 0, 0),
        ),
        note="The first value of the second row is blank on the slide; it is 0.",
    ),
    "wise.box.disagree": Number(BOOK, "printed responses that the printed input does not give, of 63", 23),
    "wise.flip": Number(
        WISE, "the half turn of [a, b; c, d], here of [1, 2; 3, 4]", ((4, 3), (2, 1)), printed=((4, 3), (2, 1))
    ),
    "wise.flip.identity": Number(
        WISE,
        "convolution as correlation, written ⊗ there",
        "h * f = h' ⊗ f and h ⊗ f = h' * f",
        printed="h * f = h' ⊗ f and h ⊗ f = h' * f",
    ),
    # Weizmann.
    "dl4cv.integral": Number(
        DL4CV,
        "convolution of two functions",
        "(f * g)(t) = ∫ f(τ) g(t - τ) dτ",
        printed="(f * g)(t) = ∫ f(τ) g(t - τ) dτ",
    ),
    "dl4cv.size": Number(DL4CV, "output size of N inputs under a filter of K", "N - K + 1", printed="N - K + 1"),
}
