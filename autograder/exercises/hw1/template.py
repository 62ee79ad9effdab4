"""Exercise ncc: how well a template matches at each place, whatever brightness and contrast."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw1.draws import apart, photograph
from convbook import kernels


def patch_by_patch(img, template):
    kh, kw = template.shape
    t = template.astype(float)
    t = t - t.mean()
    out = np.zeros((img.shape[0] - kh + 1, img.shape[1] - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            p = img[i : i + kh, j : j + kw].astype(float)
            p = p - p.mean()
            length = np.sqrt((p**2).sum() * (t**2).sum())
            if length > 0:
                out[i, j] = (p * t).sum() / length
    return out


def from_sums(img, template):
    """From the sums of products, values and squares; no patch is freed of its mean."""
    img, t = img.astype(float), template.astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(img, t.shape)
    n, total = t.size, windows.sum((2, 3))
    over = np.einsum("ijab,ab->ij", windows, t) - total * t.sum() / n
    under = ((windows**2).sum((2, 3)) - total**2 / n) * ((t**2).sum() - t.sum() ** 2 / n)
    return np.divide(over, np.sqrt(np.maximum(under, 0)), out=np.zeros_like(over), where=under > 1e-9)


def standardised(img, template):
    """The mean of the product of standardised values, with a tiny number against division by 0."""

    def standard(x):
        x = np.asarray(x, np.float64)
        return (x - x.mean()) / (x.std() + 1e-12)

    kh, kw = template.shape
    return [
        [
            float((standard(img[i : i + kh, j : j + kw]) * standard(template)).mean())
            for j in range(img.shape[1] - kw + 1)
        ]
        for i in range(img.shape[0] - kh + 1)
    ]


def unit_vectors(img, template):
    """Patches and template as vectors of length 1, one matrix product, nan replaced; single precision."""
    windows = np.lib.stride_tricks.sliding_window_view(img.astype(np.float32), template.shape)
    rows = windows.reshape(-1, template.size)
    rows = rows - rows.mean(1, keepdims=True)
    t = template.astype(np.float32).ravel()
    t = t - t.mean()
    with np.errstate(all="ignore"):
        cosines = (rows / np.linalg.norm(rows, axis=1, keepdims=True)) @ (t / np.linalg.norm(t))
    return np.nan_to_num(cosines).reshape(windows.shape[:2])


def hidden_in(rng, size, template):
    """An image with the template darkened and faded at one place, and a bright wall at its right."""
    img = rng.uniform(0, 40, size)
    img[:, -template.shape[1] :] = rng.uniform(200, 250, (size[0], template.shape[1]))
    i = int(rng.integers(0, size[0] - template.shape[0] + 1))
    img[i : i + template.shape[0], 1 : 1 + template.shape[1]] = 10 + 0.3 * template
    return img


def draw_matches(rng):
    k = apart(rng, 2, 5)
    found, flat = "matches", "flat patches"

    def noise(size):
        return 20 * rng.normal(size=size)

    def patchy(size, low=0, high=256):
        """Bytes, with a flat area in one corner and in another one."""
        img = rng.integers(low, high, size, dtype=np.uint8)
        img[:5, :5] = rng.integers(1, 255)
        img[-5:, -4:] = 0
        return img

    template = rng.uniform(0, 200, (3, 4))
    wide = (int(rng.integers(7, 9)), int(rng.integers(10, 13)))
    return [
        Case(found, "real numbers, template not square", (noise(apart(rng, 6, 10)), noise(k))),
        Case(found, "square template", (noise(apart(rng, 6, 10)), noise((3, 3)))),
        Case(found, "square image", (noise((7, 7)) + 30, noise(k) + 20)),
        Case(found, "template beside a bright wall", (hidden_in(rng, wide, template), template)),
        Case(found, "an image of bytes", (photograph(rng, apart(rng, 6, 9)), photograph(rng, k))),
        Case(found, "values from 0 to 1", (rng.uniform(size=apart(rng, 6, 9)), rng.uniform(size=(2, 3)))),
        Case(found, "as large as the image", (noise(k), noise(k))),
        Case(found, "only its negative is there", (lambda t: (90 - 2 * t, t))(rng.uniform(0, 90, (3, 2)))),
        Case(flat, "flat areas in an image of bytes", (patchy(wide), photograph(rng, (3, 4)))),
        Case(flat, "flat areas in an image of floats", (patchy(wide).astype(float), rng.normal(size=(2, 3)) * 9)),
        Case(
            flat,
            "a flat template",
            (photograph(rng, apart(rng, 6, 9)), np.full((2, 3), int(rng.integers(1, 255)), np.uint8)),
        ),
    ]


def wrong(name, sentence, *changes, anchor="filters-template"):
    return Mistake(name, sentence, anchor, rewrite(patch_by_patch, *changes))


PATCH_MEAN, TEMPLATE_MEAN = "p = p - p.mean()", "t = t - t.mean()"
RESULT, LENGTH = "(p * t).sum() / length", "np.sqrt((p**2).sum() * (t**2).sum())"
GUARD = "if length > 0:"

NCC = Exercise(
    id="hw1.ncc",
    function="ncc",
    points=10,
    anchor="filters-template",
    reference=kernels.normalised_cross_correlation,
    groups={"matches": 7, "flat patches": 3},
    examples=(
        Case(
            "flat patches",
            "a faint spot beside a bright wall",
            (
                np.array([[0, 0, 0, 200, 200], [0, 9, 0, 200, 200], [0, 0, 0, 200, 200]]),
                np.array([[0, 0, 0], [0, 9, 0], [0, 0, 0]]),
            ),
        ),
        Case("flat patches", "two steps and then nothing", (np.array([[0, 10, 50, 50]]), np.array([[30, 70]]))),
    ),
    draw=draw_matches,
    mistakes=(
        wrong(
            "plain correlation",
            "This is plain cross-correlation, which prefers bright places. Subtract both means, and divide by both lengths.",
            (PATCH_MEAN, "pass"),
            (TEMPLATE_MEAN, "pass"),
            (RESULT, "(p * t).sum()"),
        ),
        wrong(
            "no mean subtracted",
            "You subtract no mean, so that a bright wall matches everything. Free patch and template of theirs first.",
            (PATCH_MEAN, "pass"),
            (TEMPLATE_MEAN, "pass"),
        ),
        wrong(
            "template's mean alone subtracted",
            "You subtract the template's mean but not the patch's, and so divide by too much.",
            (PATCH_MEAN, "pass"),
        ),
        wrong(
            "patch's mean alone subtracted",
            "You subtract the patch's mean but not the template's, and so divide by too much.",
            (TEMPLATE_MEAN, "pass"),
        ),
        wrong(
            "image's mean subtracted",
            "You subtract the mean of the whole image. Every patch has a mean of its own.",
            (PATCH_MEAN, "p = p - img.mean()"),
        ),
        wrong(
            "template's mean for both",
            "You subtract the template's mean from the patch. Every patch has a mean of its own.",
            (PATCH_MEAN, "p = p - template.mean()"),
        ),
        wrong(
            "image's mean for both",
            "You subtract the image's mean from both. Patch and template have means of their own.",
            (PATCH_MEAN, "p = p - img.mean()"),
            (TEMPLATE_MEAN, "t = t - img.mean()"),
        ),
        wrong(
            "not divided",
            "You do not divide by the lengths, so that contrast counts. Divide by the root of both sums of squares.",
            (RESULT, "(p * t).sum()"),
        ),
        wrong(
            "template's length alone",
            "You divide by the template's length alone. The patch's belongs below the line too.",
            (LENGTH, "np.sqrt((t**2).sum()) * ((p**2).sum() > 0)"),
        ),
        wrong(
            "patch's length alone",
            "You divide by the patch's length alone. The template's belongs below the line too.",
            (LENGTH, "np.sqrt((p**2).sum()) * ((t**2).sum() > 0)"),
        ),
        wrong(
            "lengths of what still has its mean",
            "You divide by lengths of patch and template that still have their means. Subtract before you square.",
            (LENGTH, "np.sqrt(((img[i : i + kh, j : j + kw] / 1) ** 2).sum() * ((template / 1) ** 2).sum())"),
        ),
        wrong(
            "root forgotten",
            "You divide by squared lengths. Take the root.",
            (LENGTH, "(p**2).sum() * (t**2).sum()"),
        ),
        wrong(
            "multiplied by the template's length",
            "You divide by one length and multiply by the other: a / b * c is (a / b) * c. Put brackets around what is below "
            "the line.",
            (RESULT, "(p * t).sum() / np.sqrt((p**2).sum()) * np.sqrt((t**2).sum())"),
        ),
        wrong(
            "lengths added",
            "You add the two lengths below the line. They are multiplied.",
            (RESULT, "(p * t).sum() / (np.sqrt((p**2).sum()) + np.sqrt((t**2).sum()))"),
        ),
        wrong(
            "variances for deviations",
            "You divide by variances. Standard deviations are their roots.",
            (RESULT, "(p * t).mean() / (p.var() * t.var())"),
        ),
        wrong(
            "matrix product",
            "You take the matrix product of patch and template. Multiply value by value, then sum.",
            (RESULT, "(p @ t).sum() / length"),
        ),
        wrong(
            "number of pixels forgotten",
            "Your result is too large by the number of the template's pixels. Divide by it, or use sums in place of "
            "standard deviations.",
            (LENGTH, "p.std() * t.std()"),
        ),
        wrong(
            "divided by n twice",
            "Your result is too small by the number of the template's pixels: standard deviations already divide by it once.",
            (RESULT, "(p * t).mean() / length"),
        ),
        wrong(
            "n - 1",
            "Your standard deviations divide by n - 1 (ddof=1) and your mean by n. Take the same for both.",
            (RESULT, "(p * t).mean() / (p.std(ddof=1) * t.std(ddof=1))"),
        ),
        wrong(
            "np.cov",
            "np.cov divides by n - 1, std by n. Take the same for both: ddof=1 in std, or your own mean.",
            (RESULT, "(p * t).sum() / (p.size - 1) / (p.std() * t.std())"),
        ),
        wrong(
            "nan where there is nothing",
            "Your result is nan where a patch is flat: 0 / 0. Where there is no structure, put 0.",
            (GUARD, "if True:"),
        ),
        wrong(
            "1 where there is nothing",
            "You return 1 for flat patches. What has no structure matches nothing: put 0.",
            (
                "out = np.zeros((img.shape[0] - kh + 1, img.shape[1] - kw + 1))",
                "out = np.ones((img.shape[0] - kh + 1, img.shape[1] - kw + 1))",
            ),
        ),
        wrong(
            "-1 where there is nothing",
            "You return -1 for flat patches. That would be the template's negative. What has no structure gets 0.",
            (
                "out = np.zeros((img.shape[0] - kh + 1, img.shape[1] - kw + 1))",
                "out = -np.ones((img.shape[0] - kh + 1, img.shape[1] - kw + 1))",
            ),
        ),
        wrong(
            "flat template forgotten",
            "Flat patches get 0, but a flat template gets nan. It has no structure to find: 0 everywhere.",
            (GUARD, "if (p**2).sum() > 0:"),
        ),
        wrong(
            "negative matches cut",
            "You cut negative values to 0. -1 says that the template's negative is there.",
            (RESULT, "max((p * t).sum() / length, 0)"),
        ),
        wrong(
            "absolute value",
            "You drop the sign. -1 says that the template's negative is there.",
            (RESULT, "abs((p * t).sum() / length)"),
        ),
        wrong(
            "squared",
            "You return the square. The cosine itself is asked, with its sign.",
            (RESULT, "((p * t).sum() / length) ** 2"),
        ),
        wrong(
            "from 0 to 1",
            "You stretch the result to the range from 0 to 1. It runs from -1 to 1.",
            (RESULT, "((p * t).sum() / length + 1) / 2"),
        ),
        wrong(
            "template turned",
            "Your template is turned by half a turn: that is convolution. A template is compared as it lies.",
            (RESULT, "(p * t[::-1, ::-1]).sum() / length"),
            anchor="filters-convolution",
        ),
        wrong(
            "patch in bytes",
            "Squares and products of 8-bit values wrap around beyond 255. Make image and template float first.",
            ("p = img[i : i + kh, j : j + kw].astype(float)", "p = img[i : i + kh, j : j + kw]"),
            (PATCH_MEAN, "p = p - p.mean().astype(p.dtype)"),
            anchor="filters-dtype",
        ),
        wrong(
            "distance",
            "You return 1 minus the cosine, which is small where it matches. The cosine itself is asked.",
            (RESULT, "1 - (p * t).sum() / length"),
        ),
        wrong(
            "angle",
            "You return the angle. Its cosine is asked.",
            (RESULT, "np.arccos(np.clip((p * t).sum() / length, -1, 1))"),
        ),
        wrong(
            "image standardised as a whole",
            "You standardise the whole image once. Every patch has a mean and a length of its own.",
            (PATCH_MEAN, "p = p - img.mean()"),
            (RESULT, "(p * t).mean() / (img.std() * t.std())"),
        ),
        wrong(
            "squared differences",
            "You add squared differences, which are small where it matches. The correlation is large there.",
            (RESULT, "((p - t) ** 2).sum()"),
        ),
        Mistake(
            "as large as the image",
            "Your output is as large as the image. Only places count where the template lies whole on it.",
            "filters-template",
            lambda img, t: patch_by_patch(np.pad(img, [((k - 1) // 2, k // 2) for k in t.shape]), t),
        ),
        Mistake(
            "best place alone",
            "You return the place of the best match. The whole map is asked, a value for each place.",
            "filters-template",
            lambda img, t: np.array(np.unravel_index(patch_by_patch(img, t).argmax(), patch_by_patch(img, t).shape)),
        ),
        wrong(
            "last row and column left out",
            "The template fits at one more place in each direction: your output is a row and a column short.",
            (
                "np.zeros((img.shape[0] - kh + 1, img.shape[1] - kw + 1))",
                "np.zeros((img.shape[0] - kh, img.shape[1] - kw))",
            ),
        ),
        wrong(
            "template taken as square",
            "You take the template's height for its width as well.",
            ("kh, kw = template.shape", "kh = kw = template.shape[0]"),
        ),
        wrong(
            "too much against zero",
            "The number that you add against division by 0 is so large that it changes the result. 1e-12 is enough.",
            (LENGTH, "np.sqrt((p**2).sum() * (t**2).sum()) + 1"),
        ),
        wrong(
            "too much in each deviation",
            "What you add to each standard deviation changes the result where values run from 0 to 1. 1e-12 is enough.",
            (RESULT, "(p * t).mean() / (p.std() + 1e-5) / (t.std() + 1e-5)"),
        ),
        wrong(
            "little structure taken for none",
            "You return 0 where the lengths are below 1. So they are in images from 0 to 1; compare with 0, or with 1e-12.",
            (GUARD, "if length >= 1:"),
        ),
    ),
    variants={
        "patch by patch": patch_by_patch,
        "from sums": from_sums,
        "standardised, lists": standardised,
        "unit vectors, float32": unit_vectors,
    },
)
