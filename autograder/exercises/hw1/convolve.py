"""Exercise convolve2d: true convolution, at every place where kernel and image touch."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw1.draws import apart, photograph


def full(img, g):
    kh, kw = g.shape
    padded = np.pad(img / 1, ((kh - 1, kh - 1), (kw - 1, kw - 1)))
    H, W = padded.shape
    turned = g[::-1, ::-1]
    out = np.zeros((H - kh + 1, W - kw + 1))
    for i in range(H - kh + 1):
        for j in range(W - kw + 1):
            out[i, j] = (padded[i : i + kh, j : j + kw] * turned).sum()
    return out


def spread(img, g):
    """Each pixel pours the kernel, as it lies, into the output."""
    out = np.zeros((img.shape[0] + g.shape[0] - 1, img.shape[1] + g.shape[1] - 1))
    for (i, j), pixel in np.ndenumerate(img):
        out[i : i + g.shape[0], j : j + g.shape[1]] += float(pixel) * g
    return out


def by_fourier(img, g):
    size = [n + k - 1 for n, k in zip(img.shape, g.shape, strict=True)]
    return np.fft.irfft2(np.fft.rfft2(img, size) * np.fft.rfft2(g, size), size)


def by_the_sum(img, g):
    """The definition: out[i, j] = sum over a, b of img[i - a, j - b] g[a, b], where img has such a pixel."""
    (H, W), (kh, kw) = img.shape, g.shape
    return [
        [
            sum(
                float(img[i - a, j - b]) * float(g[a, b])
                for a in range(kh)
                for b in range(kw)
                if 0 <= i - a < H and 0 <= j - b < W
            )
            for j in range(W + kw - 1)
        ]
        for i in range(H + kh - 1)
    ]


def rows_by_numpy(img, g):
    """np.convolve on pairs of rows, in single precision."""
    out = np.zeros((img.shape[0] + g.shape[0] - 1, img.shape[1] + g.shape[1] - 1), np.float32)
    for i, row in enumerate(img.astype(np.float32)):
        for a, weights in enumerate(g.astype(np.float32)):
            out[i + a] += np.convolve(row, weights)
    return out


def draw_full(rng):
    def case(kind, img, kernel):
        return Case("the sum", kind, (img, rng.normal(size=kernel)))

    def spike(size, i, j):
        img = np.zeros(size)
        img[i, j] = 1
        return img

    k = apart(rng, 2, 5)
    image = photograph(rng, apart(rng, 4, 8))
    return [
        case("image and kernel not square", rng.normal(size=apart(rng, 5, 9)), k),
        case("square kernel", rng.normal(size=apart(rng, 5, 9)), (3, 3)),
        case("even square kernel", rng.normal(size=apart(rng, 4, 8)), (2, 2)),
        case("square image", rng.normal(size=(5, 5)), k),
        case("image of bytes", image, (3, 2)),
        Case("the sum", "image and kernel of bytes", (image, rng.integers(2, 256, k, dtype=np.uint8))),
        case("1x1 kernel", rng.normal(size=apart(rng, 3, 6)), (1, 1)),
        Case("a spike", "one bright pixel", (spike((5, 6), 1, int(rng.integers(1, 4))), rng.normal(size=k))),
        Case("a spike", "one bright pixel in the corner", (spike((6, 5), 0, 0), rng.normal(size=k))),
        Case("a spike", "one bright pixel, square kernel", (spike((4, 5), 2, 2), rng.normal(size=(3, 3)))),
        Case("large kernels", "kernel larger than the image", (rng.normal(size=(2, 3)), rng.normal(size=(4, 5)))),
        Case("large kernels", "kernel taller than the image", (rng.normal(size=(2, 6)), rng.normal(size=(3, 2)))),
        Case("large kernels", "kernel as large as the image", (rng.normal(size=k), rng.normal(size=k))),
    ]


def wrong(name, sentence, *changes, anchor="filters-convolution"):
    return Mistake(name, sentence, anchor, rewrite(full, *changes))


PAD, TURN, PRODUCT = (
    "np.pad(img / 1, ((kh - 1, kh - 1), (kw - 1, kw - 1)))",
    "turned = g[::-1, ::-1]",
    "(padded[i : i + kh, j : j + kw] * turned).sum()",
)

CONVOLVE2D = Exercise(
    id="hw1.convolve2d",
    function="convolve2d",
    points=8,
    anchor="filters-convolution",
    reference=lambda img, g: spread(np.asarray(img, float), np.asarray(g, float)),
    groups={"the sum": 5, "a spike": 2, "large kernels": 1},
    examples=(
        Case("the sum", "a row with a row", (np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 10.0]]))),
        Case(
            "a spike",
            "the kernel of a lone pixel",
            (np.eye(1, 12, 5).reshape(3, 4), np.array([[1.0, 2.0], [3.0, 4.0]])),
        ),
    ),
    draw=draw_full,
    mistakes=(
        wrong(
            "not turned",
            "This is cross-correlation: your kernel is not turned. A lone bright pixel should show the kernel as it is.",
            (TURN, "turned = g"),
        ),
        wrong(
            "rows alone reversed",
            "You reverse the kernel's rows only; g[::-1] leaves the columns. Convolution turns it by half a turn.",
            (TURN, "turned = g[::-1]"),
        ),
        wrong(
            "columns alone reversed",
            "You reverse the kernel's columns only. Convolution turns it by half a turn.",
            (TURN, "turned = g[:, ::-1]"),
        ),
        wrong(
            "transposed",
            "You transpose the kernel. Convolution turns it by half a turn.",
            (TURN, "turned = g.T"),
        ),
        wrong(
            "turned and transposed",
            "You turn the kernel and transpose it. The half turn is all.",
            (TURN, "turned = g[::-1, ::-1].T"),
        ),
        wrong(
            "a quarter turn",
            "You turn the kernel by a quarter. Convolution turns it by half a turn.",
            (TURN, "turned = np.rot90(g)"),
        ),
        wrong(
            "a quarter turn back",
            "You turn the kernel by a quarter, clockwise. Convolution turns it by half a turn.",
            (TURN, "turned = np.rot90(g, -1)"),
        ),
        wrong(
            "image turned instead",
            "You turn the image, not the kernel, and so the output comes out turned. Turn the kernel.",
            (PAD, PAD.replace("img", "img[::-1, ::-1]")),
            (TURN, "turned = g"),
        ),
        wrong(
            "both turned",
            "You turn the image as well as the kernel, and so the output comes out turned. Turn the kernel alone.",
            (PAD, PAD.replace("img", "img[::-1, ::-1]")),
        ),
        wrong(
            "valid places alone",
            "You keep the places where the kernel lies whole on the image. Here every place counts where they touch.",
            (PAD, "img / 1"),
        ),
        wrong(
            "as large as the image",
            "Your output is as large as the image. Every place counts where kernel and image touch: kh - 1 rows more.",
            (PAD, "np.pad(img / 1, ((kh // 2, (kh - 1) // 2), (kw // 2, (kw - 1) // 2)))"),
        ),
        wrong(
            "padded by half the kernel",
            "You pad by half the kernel on each side. To touch, it may hang over by all but one row: kh - 1.",
            (PAD, "np.pad(img / 1, ((kh // 2, kh // 2), (kw // 2, kw // 2)))"),
        ),
        wrong(
            "padded too far",
            "You pad by the kernel's size, and so get a rim of zeros. One pixel less on each side is where they touch.",
            (PAD, "np.pad(img / 1, ((kh, kh), (kw, kw)))"),
        ),
        wrong(
            "padded at the bottom and right",
            "Your output is as large as the image, and lacks rows at the top and columns at the left. The kernel may hang "
            "over on all four sides: pad them all, and cut nothing.",
            (PAD, "np.pad(img / 1, ((0, kh - 1), (0, kw - 1)))"),
        ),
        wrong(
            "padded at the top and left",
            "Your output is as large as the image, and lacks rows at the bottom and columns at the right. The kernel may "
            "hang over on all four sides: pad them all, and cut nothing.",
            (PAD, "np.pad(img / 1, ((kh - 1, 0), (kw - 1, 0)))"),
        ),
        wrong(
            "kernel taken as square",
            "You pad columns by the kernel's height as well. They need its width less 1.",
            (PAD, "np.pad(img / 1, kh - 1)"),
        ),
        wrong(
            "whole numbers out",
            "You cut the result to whole numbers. Make the output float.",
            ("return out", "return out.astype(np.int64)"),
            anchor="filters-dtype",
        ),
        wrong(
            "negative values cut",
            "You cut negative values to 0. They belong to the result.",
            ("return out", "return np.maximum(out, 0)"),
            anchor="filters-edges",
        ),
        wrong(
            "clipped to bytes",
            "You cut the result to the range of bytes. It may be negative, or beyond 255.",
            ("return out", "return out.clip(0, 255)"),
            anchor="filters-dtype",
        ),
        wrong(
            "reflected",
            "You reflect the image at its border. Beyond the image there is nothing: zeros.",
            (PAD, "np.pad(img / 1, ((kh - 1, kh - 1), (kw - 1, kw - 1)), mode='reflect')"),
            anchor="filters-borders",
        ),
        wrong(
            "padding of rows and columns exchanged",
            "You pad rows by the kernel's width and columns by its height.",
            (PAD, "np.pad(img / 1, ((kw - 1, kw - 1), (kh - 1, kh - 1)))"),
        ),
        wrong(
            "edge repeated",
            "You repeat the image's edge around it. Beyond the image there is nothing: zeros.",
            (PAD, "np.pad(img / 1, ((kh - 1, kh - 1), (kw - 1, kw - 1)), mode='edge')"),
            anchor="filters-borders",
        ),
        wrong(
            "wrapped around",
            "The image continues on its other side, as if it were a ring. Beyond the image there is nothing: zeros.",
            (PAD, "np.pad(img / 1, ((kh - 1, kh - 1), (kw - 1, kw - 1)), mode='wrap')"),
            anchor="filters-borders",
        ),
        Mistake(
            "Fourier transform without padding",
            "What leaves your output on one side comes back on the other, as a Fourier transform without padding does it.",
            "filters-borders",
            lambda img, g: np.fft.irfft2(np.fft.rfft2(img) * np.fft.rfft2(g, img.shape), img.shape),
        ),
        wrong(
            "divided by the kernel's sum",
            "You divide by the kernel's sum. A kernel that should be normalised comes so.",
            (PRODUCT, PRODUCT + " / turned.sum()"),
            anchor="filters-gaussian",
        ),
        wrong(
            "products in bytes",
            "You multiply bytes by bytes, and products beyond 255 wrap around. Make one of the two float first.",
            (PAD, "np.pad(img, ((kh - 1, kh - 1), (kw - 1, kw - 1)))"),
            anchor="filters-dtype",
        ),
        wrong(
            "image's dtype out",
            "Your output has the image's dtype, so that of an 8-bit image loses fractions, signs and all beyond 255. "
            "Make the output float.",
            ("np.zeros((H - kh + 1, W - kw + 1))", "np.zeros((H - kh + 1, W - kw + 1), img.dtype)"),
            anchor="filters-dtype",
        ),
        wrong(
            "absolute value",
            "You drop the signs. A negative response is one of its own.",
            (PRODUCT, f"abs({PRODUCT})"),
            anchor="filters-edges",
        ),
    ),
    variants={
        "padded sweep": full,
        "each pixel pours": spread,
        "Fourier": by_fourier,
        "the sum, lists": by_the_sum,
        "np.convolve on rows, float32": rows_by_numpy,
    },
)
