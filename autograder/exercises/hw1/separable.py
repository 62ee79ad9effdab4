"""Exercises separable and separable_macs: two passes of a line for one of a square."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw1.draws import apart, photograph
from convbook import kernels


def two_passes(img, v, h):
    H, W = img.shape
    tall = np.zeros((H - len(v) + 1, W))
    for a in range(len(v)):
        tall += v[a] * img[a : a + len(tall)]
    out = np.zeros((len(tall), W - len(h) + 1))
    for b in range(len(h)):
        out += h[b] * tall[:, b : b + out.shape[1]]
    return out


def row_first(img, v, h):
    rows = np.array([np.correlate(row, h, "valid") for row in img.astype(float)])
    return np.array([np.correlate(column, v, "valid") for column in rows.T]).T


def as_one_kernel(img, v, h):
    kernel = [[float(p) * float(q) for q in h] for p in v]
    oh, ow = img.shape[0] - len(v) + 1, img.shape[1] - len(h) + 1
    return [
        [sum(kernel[a][b] * float(img[i + a, j + b]) for a in range(len(v)) for b in range(len(h))) for j in range(ow)]
        for i in range(oh)
    ]


def by_matrices(img, v, h):
    """A banded matrix from the left for the rows, one from the right for the columns; single precision."""

    def band(n, weights):
        matrix = np.zeros((n - len(weights) + 1, n), np.float32)
        for i, row in enumerate(matrix):
            row[i : i + len(weights)] = weights
        return matrix

    return band(img.shape[0], v) @ img.astype(np.float32) @ band(img.shape[1], h).T


def draw_passes(rng):
    def case(kind, size, kv, kh):
        return Case("both passes", kind, (rng.normal(size=size), rng.normal(size=kv), rng.normal(size=kh)))

    kv, kh = apart(rng, 2, 5)
    return [
        case("column and row of different lengths", apart(rng, 6, 10), kv, kh),
        case("column and row of different lengths", apart(rng, 6, 10), kh, kv),
        case("column as long as the row", apart(rng, 6, 10), 3, 3),
        case("square image", (7, 7), kv, kh),
        case("a column of one weight", apart(rng, 5, 9), 1, 3),
        case("a row of one weight", apart(rng, 5, 9), 3, 1),
        Case(
            "8-bit images",
            "image of bytes, weights of fractions",
            (photograph(rng, apart(rng, 5, 9)), rng.normal(size=kv), rng.normal(size=kh)),
        ),
        Case(
            "8-bit images",
            "image of bytes, weights of whole numbers",
            (photograph(rng, apart(rng, 5, 9)), rng.choice([-3, -2, 2, 3], kv), rng.choice([-3, -2, 2, 3], kh)),
        ),
    ]


def wrong(name, sentence, *changes, anchor="filters-separable"):
    return Mistake(name, sentence, anchor, rewrite(two_passes, *changes))


DOWN, ALONG = "v[a] * img[a : a + len(tall)]", "h[b] * tall[:, b : b + out.shape[1]]"

SEPARABLE = Exercise(
    id="hw1.separable",
    function="separable",
    points=6,
    anchor="filters-separable",
    reference=lambda img, v, h: kernels.separable_filter(img, v, h, "valid"),
    groups={"both passes": 4, "8-bit images": 2},
    examples=(
        Case(
            "both passes",
            "Sobel's kernel in two passes",
            (np.arange(12.0).reshape(3, 4) ** 2, np.array([1.0, 2.0, 1.0]), np.array([-1.0, 0.0, 1.0])),
        ),
    ),
    draw=draw_passes,
    mistakes=(
        Mistake(
            "column and row exchanged",
            "You lay v along the rows and h down the columns. v is vertical, h horizontal.",
            "filters-separable",
            lambda img, v, h: two_passes(img, h, v),
        ),
        Mistake(
            "v used twice",
            "You use v in both passes. The second one takes h.",
            "filters-separable",
            lambda img, v, h: two_passes(img, v, v),
        ),
        Mistake(
            "h used twice",
            "You use h in both passes. The first one takes v.",
            "filters-separable",
            lambda img, v, h: two_passes(img, h, h),
        ),
        Mistake(
            "down alone",
            "You filter down the columns only. A second pass takes h along the rows.",
            "filters-separable",
            lambda img, v, h: two_passes(img, v, np.ones(1)),
        ),
        Mistake(
            "along alone",
            "You filter along the rows only. Another pass takes v down the columns.",
            "filters-separable",
            lambda img, v, h: two_passes(img, np.ones(1), h),
        ),
        Mistake(
            "passes added",
            "You filter the image with each and add the two. The second pass works on the result of the first.",
            "filters-separable",
            lambda img, v, h: (
                two_passes(img[:, : img.shape[1] - len(h) + 1], v, np.ones(1))
                + two_passes(img[: img.shape[0] - len(v) + 1], np.ones(1), h)
            ),
        ),
        Mistake(
            "passes multiplied",
            "You filter the image with each and multiply the two. The second pass works on the result of the first.",
            "filters-separable",
            lambda img, v, h: (
                two_passes(img[:, : img.shape[1] - len(h) + 1], v, np.ones(1))
                * two_passes(img[: img.shape[0] - len(v) + 1], np.ones(1), h)
            ),
        ),
        Mistake(
            "both turned",
            "Both v and h are reversed: np.convolve does that. Use them as they lie, as np.correlate does.",
            "filters-convolution",
            lambda img, v, h: two_passes(img, v[::-1], h[::-1]),
        ),
        Mistake(
            "v reversed",
            "v is reversed. Use it as it lies.",
            "filters-convolution",
            lambda img, v, h: two_passes(img, v[::-1], h),
        ),
        Mistake(
            "h reversed",
            "h is reversed. Use it as it lies.",
            "filters-convolution",
            lambda img, v, h: two_passes(img, v, h[::-1]),
        ),
        Mistake(
            "as large as the image",
            "Your output is as large as the image. Only places count where v and h lie whole on it.",
            "filters-separable",
            lambda img, v, h: two_passes(np.pad(img, [((len(k) - 1) // 2, len(k) // 2) for k in (v, h)]), v, h),
        ),
        Mistake(
            "every place that touches",
            "Your output is larger than the image. Only places count where v and h lie whole on it.",
            "filters-separable",
            lambda img, v, h: two_passes(np.pad(img, [(len(k) - 1,) * 2 for k in (v, h)]), v, h),
        ),
        Mistake(
            "divided by the sums",
            "You divide by the sums of v and h. Weights that should be normalised come so.",
            "filters-gaussian",
            lambda img, v, h: two_passes(img, v / v.sum(), h / h.sum()),
        ),
        Mistake(
            "output on its side",
            "Your output lies on its side: transpose back what you transposed for a pass.",
            "filters-separable",
            lambda img, v, h: two_passes(img, v, h).T,
        ),
        wrong(
            "first pass kept in bytes",
            "The result of your first pass has the image's dtype, and loses fractions, signs and all beyond 255. Make it "
            "float.",
            ("np.zeros((H - len(v) + 1, W))", "np.zeros((H - len(v) + 1, W), img.dtype)"),
            (f"tall += {DOWN}", f"tall[:] = tall + {DOWN}"),
            anchor="filters-dtype",
        ),
        wrong(
            "output kept in bytes",
            "Your output has the image's dtype, so that of an 8-bit image loses fractions, signs and all beyond 255. "
            "Make it float.",
            ("np.zeros((len(tall), W - len(h) + 1))", "np.zeros((len(tall), W - len(h) + 1), img.dtype)"),
            (f"out += {ALONG}", f"out[:] = out + {ALONG}"),
            anchor="filters-dtype",
        ),
        wrong(
            "last weight left out",
            "The last weight of each pass is left out: range ends before its end.",
            ("range(len(v))", "range(len(v) - 1)"),
            ("range(len(h))", "range(len(h) - 1)"),
        ),
        wrong(
            "last weight alone",
            "Only the last weight of each pass counts. Collect the products with +=.",
            ("tall +=", "tall ="),
            ("out +=", "out ="),
        ),
    ),
    variants={
        "two passes": two_passes,
        "rows first": row_first,
        "as one kernel, lists": as_one_kernel,
        "two banded matrices, float32": by_matrices,
    },
)


def draw_sizes(rng):
    def draw(low, high):
        return int(rng.integers(low, high))

    def case(group, kind, low, high, kh, kw):
        H = draw(low, high)
        return Case(group, kind, (H, H + draw(3, 99), kh, kw))

    kh, kw = apart(rng, 2, 9)
    k = draw(3, 9)
    H = draw(20, 90)
    return [
        case("kernels", "image and kernel not square", 12, 90, kh, kw),
        case("kernels", "image and kernel not square", 12, 90, kw, kh),
        case("kernels", "square kernel", 12, 90, k, k),
        Case("kernels", "taller than wide", (H + draw(3, 30), H, kh, kw)),
        Case("kernels", "square image", (H, H, kh, kw)),
        case("kernels", "a photograph", 900, 3000, k + 8, k),
        Case("kernels", "kernel as large as the image", (kh, kw, kh, kw)),
        case("kernels", "a row for a kernel", 12, 90, 1, k),
    ]


def count_as_you_go(H, W, kh, kw):
    macs = 0
    for _ in range(H - kh + 1):
        macs += W * kh
        for _ in range(W - kw + 1):
            macs += kw
    return macs


def mistake(name, sentence, function):
    return Mistake(name, sentence, "filters-separable", function)


SEPARABLE_MACS = Exercise(
    id="hw1.separable_macs",
    function="separable_macs",
    points=3,
    anchor="filters-separable",
    reference=lambda H, W, kh, kw: (H - kh + 1) * W * kh + (H - kh + 1) * (W - kw + 1) * kw,
    groups={"kernels": 3},
    exact_type=True,
    examples=(Case("kernels", "3x3 on the chapter's 5x5", (5, 5, 3, 3)),),
    draw=draw_sizes,
    mistakes=(
        mistake(
            "one pass of the square",
            "You count one pass of the whole kernel, kh times kw a value. Two passes cost kh, then kw.",
            lambda H, W, kh, kw: (H - kh + 1) * (W - kw + 1) * kh * kw,
        ),
        mistake(
            "first pass on the output's columns",
            "You count the first pass on the columns of the output. It has to make all W columns: the second pass reads them.",
            lambda H, W, kh, kw: (H - kh + 1) * (W - kw + 1) * (kh + kw),
        ),
        mistake(
            "second pass on every column",
            "You count the second pass at every column of the image. It has W - kw + 1 places in a row.",
            lambda H, W, kh, kw: (H - kh + 1) * W * (kh + kw),
        ),
        mistake(
            "second pass on every row",
            "You count the second pass on all H rows. The first pass has left H - kh + 1.",
            lambda H, W, kh, kw: (H - kh + 1) * W * kh + H * (W - kw + 1) * kw,
        ),
        mistake(
            "row first",
            "You count the pass along the rows first. Here v goes first, down the columns.",
            lambda H, W, kh, kw: H * (W - kw + 1) * kw + (H - kh + 1) * (W - kw + 1) * kh,
        ),
        mistake(
            "output as large as the image",
            "You count every pixel of the image in both passes. Only places count where the kernel lies whole on it.",
            lambda H, W, kh, kw: H * W * (kh + kw),
        ),
        mistake(
            "per value",
            "You count the multiply-adds of one value. Count those of the whole image.",
            lambda H, W, kh, kw: kh + kw,
        ),
        mistake(
            "costs multiplied",
            "You multiply the costs of the two passes. They run one after the other: add.",
            lambda H, W, kh, kw: (H - kh + 1) * W * kh * (H - kh + 1) * (W - kw + 1) * kw,
        ),
        mistake(
            "kernel taken as square",
            "You take the kernel's height for its width as well.",
            lambda H, W, kh, kw: (H - kh + 1) * W * kh + (H - kh + 1) * (W - kh + 1) * kh,
        ),
        mistake(
            "height and width exchanged",
            "You exchange the kernel's height and width.",
            lambda H, W, kh, kw: (H - kw + 1) * W * kw + (H - kw + 1) * (W - kh + 1) * kh,
        ),
        mistake(
            "one place short",
            "You count H - kh places. There is one more: the first takes no step.",
            lambda H, W, kh, kw: (H - kh) * W * kh + (H - kh) * (W - kw) * kw,
        ),
        mistake(
            "first pass alone",
            "You count the first pass alone.",
            lambda H, W, kh, kw: (H - kh + 1) * W * kh,
        ),
        mistake(
            "twice",
            "You count multiplications and additions apart. A multiply-add counts as one.",
            lambda H, W, kh, kw: 2 * ((H - kh + 1) * W * kh + (H - kh + 1) * (W - kw + 1) * kw),
        ),
        mistake(
            "float",
            "Your count is a float. Multiply-adds are counted in whole numbers.",
            lambda H, W, kh, kw: float((H - kh + 1) * W * kh + (H - kh + 1) * (W - kw + 1) * kw),
        ),
    ),
    variants={
        "formula": lambda H, W, kh, kw: (H - kh + 1) * (W * kh + (W - kw + 1) * kw),
        "counted as you go": count_as_you_go,
        "sizes of the results": lambda H, W, kh, kw: (
            int(np.prod((H - kh + 1, W, kh))) + int(np.prod((H - kh + 1, W - kw + 1, kw)))
        ),
    },
)
