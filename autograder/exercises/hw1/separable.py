"""Exercise separable: two passes of a line for one of a square."""

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


def numpy_lines(name, sentence, line):
    def both(img, v, h):
        tall = np.apply_along_axis(line, 0, img.astype(float), v)
        return np.apply_along_axis(line, 1, tall, h)

    return Mistake(name, sentence, "filters-separable", both)


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
            "sum for product",
            "Your kernel is v[a] + h[b]. It is the product of the two.",
            "filters-separable",
            lambda img, v, h: kernels.correlate2d(img, np.add.outer(v, h), "valid"),
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
            ("    out = np.zeros", "    tall = tall.astype(img.dtype)\n    out = np.zeros"),
            anchor="filters-dtype",
        ),
        wrong(
            "output kept in bytes",
            "Your output has the image's dtype, so that of an 8-bit image loses fractions, signs and all beyond 255. "
            "Make it float.",
            ("return out", "return out.astype(img.dtype)"),
            anchor="filters-dtype",
        ),
        wrong(
            "both passes kept in bytes",
            "Both your results have the image's dtype, and lose fractions, signs and all beyond 255. Make them float.",
            ("    out = np.zeros", "    tall = tall.astype(img.dtype)\n    out = np.zeros"),
            ("return out", "return out.astype(img.dtype)"),
            anchor="filters-dtype",
        ),
        wrong(
            "first pass cut to whole numbers",
            "You cut the result of the first pass to whole numbers. Leave it float.",
            ("    out = np.zeros", "    tall = tall.astype(np.int64)\n    out = np.zeros"),
            anchor="filters-dtype",
        ),
        wrong(
            "clipped to bytes",
            "You cut the results to the range of bytes. They may be negative, or beyond 255.",
            ("    out = np.zeros", "    tall = tall.clip(0, 255)\n    out = np.zeros"),
            ("return out", "return out.clip(0, 255)"),
            anchor="filters-dtype",
        ),
        numpy_lines(
            "np.convolve's same",
            "np.convolve with 'same' keeps the image's size, and turns the weights. You want np.correlate, and the places "
            "where they fit: 'valid'.",
            lambda line, k: np.convolve(line, k, "same"),
        ),
        numpy_lines(
            "np.correlate's same",
            "np.correlate with 'same' keeps the image's size. You want the places where the weights fit: 'valid'.",
            lambda line, k: np.correlate(line, k, "same"),
        ),
        numpy_lines(
            "np.convolve's full",
            "np.convolve turns the weights, and counts every place where they touch. You want np.correlate with 'valid'.",
            lambda line, k: np.convolve(line, k),
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
