"""Exercise conv1x1_as_linear."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw3.cases import apart
from convbook import kernels

PIXELS = "np.moveaxis(x, 1, -1).reshape(N * H * W, C)"
LINEAR = "pixels @ w.T + b"
BACK = "np.moveaxis(out.reshape(N, H, W, F), -1, 1)"


def moved(x, w, b):
    (N, C, H, W), F = x.shape, len(w)
    pixels = np.moveaxis(x, 1, -1).reshape(N * H * W, C)
    out = pixels @ w.T + b
    return np.moveaxis(out.reshape(N, H, W, F), -1, 1)


def by_image(x, w, b):
    """Channels times pixels, image by image: no axis has to move."""
    (C, H, W), F = x.shape[1:], len(w)
    return [(w @ image.reshape(C, H * W) + np.reshape(b, (F, 1))).reshape(F, H, W).tolist() for image in x]


def loops(x, w, b):
    out = np.empty((len(x), len(w), *x.shape[2:]), dtype=np.float32)
    for n in range(out.shape[0]):
        for f in range(out.shape[1]):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    out[n, f, i, j] = b[f] + sum(w[f, c] * x[n, c, i, j] for c in range(x.shape[1]))
    return out


def draw_pointwise(rng):
    def case(group, kind, n, c, f, size, integer=False):
        shape = (n, c, *size)
        x = rng.integers(0, 256, shape, dtype=np.uint8) if integer else rng.normal(size=shape)
        b = rng.permutation(np.arange(1, f + 1)) + rng.uniform(0.1, 0.4, f)
        return Case(group, kind, (x, rng.normal(size=(f, c)), b))

    one, many = "one pixel or one image", "batch and pixels"
    k = int(rng.integers(2, 5))
    return [
        case(one, "one pixel: a linear layer", 3, 4, 2, (1, 1)),
        case(one, "one image", 1, *apart(rng, 2, 6), apart(rng, 2, 6)),
        case(one, "one image, as many filters as channels", 1, 3, 3, apart(rng, 2, 6)),
        case(one, "one row", 1, 3, 4, (1, 5)),
        case(many, "several images, more filters than channels", 2, 3, 5, apart(rng, 2, 6)),
        case(many, "several images, more channels than filters", 3, 4, 2, apart(rng, 2, 6)),
        case(many, "as many filters as channels", 2, 4, 4, apart(rng, 2, 6)),
        case(many, "square image", 3, 2, 4, [int(rng.integers(2, 6))] * 2),
        case(many, "everything of one size", k, k, k, (k, k)),
        case(many, "images as wide as there are filters", 2, 3, 4, (5, 4)),
        case(many, "images as high as there are filters", 2, 3, 5, (5, 4)),
        case(many, "image of integers", 3, 2, 4, apart(rng, 2, 6), integer=True),
        case(many, "one channel", 3, 1, 2, apart(rng, 2, 6)),
        case(many, "one filter", 3, 2, 1, apart(rng, 2, 6)),
    ]


def wrong(name, sentence, *changes, anchor="groups-pointwise"):
    return Mistake(name, sentence, anchor, rewrite(moved, *changes))


CONV1X1_AS_LINEAR = Exercise(
    id="hw3.conv1x1_as_linear",
    function="conv1x1_as_linear",
    points=6,
    anchor="groups-pointwise",
    reference=lambda x, w, b: kernels.conv2d(x, np.asarray(w)[:, :, None, None], b),
    groups={"one pixel or one image": 2, "batch and pixels": 4},
    examples=(
        Case(
            "one pixel or one image",
            "two channels of 2x2 pixels, their sum and their difference",
            (np.array([[[[1.0, 2], [3, 4]], [[10, 20], [30, 40]]]]), np.array([[1.0, 1], [1, -1]]), np.zeros(2)),
        ),
    ),
    draw=draw_pointwise,
    mistakes=(
        wrong(
            "reshaped without moving the axis",
            "You reshape x to (N*H*W, C) without moving the channel axis: the rows hold neighbouring pixels of one channel. "
            "Move the axis to the end first.",
            (PIXELS, "x.reshape(N * H * W, C)"),
        ),
        wrong(
            "not moved back",
            "Your output has the right shape and scrambled values: you reshape the rows to (N, F, H, W) without moving the "
            "filter axis. Reshape to (N, H, W, F) first.",
            (BACK, "out.reshape(N, F, H, W)"),
        ),
        wrong(
            "reshaped both ways",
            "You move no axis, neither before nor after: two reshapes mix pixels with channels. Move the channel axis to the "
            "end, and back.",
            (PIXELS, "x.reshape(N * H * W, C)"),
            (BACK, "out.reshape(N, F, H, W)"),
        ),
        wrong(
            "channels last",
            "Your channels come last. Move them back: the shape is (N, F, H, W).",
            (BACK, "out.reshape(N, H, W, F)"),
        ),
        wrong(
            "rows of pixels",
            "You return the linear layer's rows, (N*H*W, F). Shape them back to (N, F, H, W).",
            (BACK, "out"),
        ),
        wrong(
            "batch merged into the pixels",
            "You reshape x to (C, N*H*W), which mixes images and channels. Move the channel axis to the front first.",
            (PIXELS, "x.reshape(C, -1).T"),
        ),
        wrong(
            "width before height",
            "Your pixels are transposed: the shape is (N, F, H, W), rows before columns.",
            (BACK, BACK + ".swapaxes(2, 3)"),
        ),
        wrong(
            "all axes transposed",
            "You transpose all four axes: x.T reverses their order to (W, H, C, N). Move the channel axis only.",
            (PIXELS, "x.T.reshape(N * H * W, C)"),
        ),
        wrong(
            "weights transposed",
            "Your weights are transposed. Row f of w is filter f: pixels @ w.T, or w @ channels.",
            (LINEAR, "pixels @ w + b"),
        ),
        wrong(
            "weights scrambled",
            "You reshape w to (C, F), which scrambles it. Transpose it instead.",
            (LINEAR, "pixels @ w.reshape(C, F) + b"),
        ),
        wrong(
            "bias forgotten",
            "The bias is missing: add b[f] to every pixel of output channel f.",
            (LINEAR, "pixels @ w.T"),
            anchor="conv2d-bias",
        ),
        wrong(
            "one bias for all filters",
            "Every filter gets the first bias. Filter f has its own, b[f].",
            (LINEAR, "pixels @ w.T + b[0]"),
            anchor="conv2d-bias",
        ),
        wrong(
            "bias subtracted",
            "You subtract the bias. It is added.",
            (LINEAR, "pixels @ w.T - b"),
            anchor="conv2d-bias",
        ),
        wrong(
            "bias added along the columns",
            "You add b to the output as it is, (N, F, H, W) + (F,): NumPy lines it up with the last axis, the columns. "
            "Reshape it to (F, 1, 1), or add it while channels are last.",
            (LINEAR, "pixels @ w.T"),
            (BACK, BACK + " + b"),
            anchor="conv2d-bias",
        ),
        wrong(
            "bias added along the rows",
            "You give the bias one axis, and NumPy lines it up with the rows of the image. Reshape it to (F, 1, 1).",
            (LINEAR, "pixels @ w.T"),
            (BACK, BACK + " + b[:, None]"),
            anchor="conv2d-bias",
        ),
        wrong(
            "channels averaged",
            "You average over the channels. The weighted channels are added.",
            (LINEAR, "pixels @ w.T / C + b"),
            anchor="conv2d-channels",
        ),
        wrong(
            "first image for all",
            "Every image gives the first one's output.",
            (PIXELS, "np.moveaxis(x[:1].repeat(N, axis=0), 1, -1).reshape(N * H * W, C)"),
            anchor="conv2d-channels",
        ),
        wrong(
            "one vector an image",
            "You average each channel over its pixels. That is a classifier's head; here every pixel has its own output.",
            (PIXELS, "np.broadcast_to(x.mean(axis=(2, 3))[:, None, None], (N, H, W, C)).reshape(N * H * W, C)"),
        ),
        wrong(
            "batch and filters swapped",
            "The first two axes of your output are swapped. The shape is (N, F, H, W).",
            (BACK, BACK + ".swapaxes(0, 1)"),
            anchor="conv2d-filter-bank",
        ),
        wrong(
            "ReLU applied",
            "Negative values are cut to zero. The layer itself applies no ReLU.",
            (LINEAR, "np.maximum(pixels @ w.T + b, 0)"),
        ),
        wrong(
            "integer output",
            "Your output takes the image's dtype, so an image of integers cuts the decimals off. Make it of floats.",
            (LINEAR, f"({LINEAR}).astype(x.dtype)"),
            anchor="conv2d-single",
        ),
    ),
    variants={
        "axis moved and back": moved,
        "image by image, nested lists": by_image,
        "loops, in float32": loops,
        "einsum": lambda x, w, b: np.einsum("fc,ncij->nfij", w, x) + b[:, None, None],
        "tensordot": lambda x, w, b: (np.tensordot(x, w, axes=([1], [1])) + b).transpose(0, 3, 1, 2),
        "matmul on the channel axis": lambda x, w, b: (
            (w @ x.reshape(*x.shape[:2], -1)).reshape(len(x), len(w), *x.shape[2:]) + b.reshape(1, -1, 1, 1)
        ),
    },
)
