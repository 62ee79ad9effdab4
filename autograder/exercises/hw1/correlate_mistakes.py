"""What goes wrong in a sweep, each as the line of `sweep` that is wrong."""

import numpy as np

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw1.correlate_answers import four_loops, sweep


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, anchor, rewrite(sweep, *changes))


PRODUCT, WINDOW = "(window * weights).sum()", "img[i : i + kh, j : j + kw]"
HERE, TURNED, BYTES = "filters-correlation", "filters-convolution", "filters-dtype"


def written_into_the_image(img, g):
    kh, kw = g.shape
    for i in range(img.shape[0] - kh + 1):
        for j in range(img.shape[1] - kw + 1):
            img[i, j] = (img[i : i + kh, j : j + kw] * g).sum()
    return img[: img.shape[0] - kh + 1, : img.shape[1] - kw + 1]


SWEEP_MISTAKES = (
    wrong(
        "kernel turned",
        TURNED,
        "This equals true convolution: your kernel is turned by half a turn. Cross-correlation takes it as it lies.",
        (PRODUCT, "(window * weights[::-1, ::-1]).sum()"),
    ),
    wrong(
        "kernel upside down",
        TURNED,
        "Your kernel is upside down: its rows are reversed. Cross-correlation takes it as it lies.",
        (PRODUCT, "(window * weights[::-1]).sum()"),
    ),
    wrong(
        "kernel mirrored",
        TURNED,
        "Your kernel is mirrored left to right. Cross-correlation takes it as it lies.",
        (PRODUCT, "(window * weights[:, ::-1]).sum()"),
    ),
    wrong(
        "kernel transposed",
        HERE,
        "Your kernel is transposed: its rows meet the window's columns.",
        (PRODUCT, "(window * weights.T).sum()"),
    ),
    wrong(
        "matrix product",
        HERE,
        "You take the matrix product of window and kernel. Multiply value by value, then sum.",
        (PRODUCT, "(window @ weights).sum()"),
    ),
    wrong(
        "mean",
        HERE,
        "You average the products. The result is their sum.",
        (PRODUCT, "(window * weights).mean()"),
    ),
    wrong(
        "largest product",
        HERE,
        "You keep the largest product. The result is the sum of all.",
        (PRODUCT, "(window * weights).max()"),
    ),
    wrong(
        "last product",
        HERE,
        "You keep the last product alone. If you loop over the kernel, collect the products with +=.",
        (PRODUCT, "(window * weights)[-1, -1]"),
    ),
    wrong(
        "first product",
        HERE,
        "You keep the first product alone. Let both loops over the kernel end before you store the sum.",
        (PRODUCT, "(window * weights)[0, 0]"),
    ),
    wrong(
        "sum never reset",
        HERE,
        "Your sum runs on from pixel to pixel. Set it to 0 before each window.",
        ("out = np.zeros((oh, ow))", "out, total = np.zeros((oh, ow)), 0.0"),
        ("out[i, j] = (window", "out[i, j] = total = total + (window"),
    ),
    wrong(
        "sums multiplied",
        HERE,
        "You multiply the window's sum by the kernel's. Multiply value by value first, then sum.",
        (PRODUCT, "window.sum() * weights.sum()"),
    ),
    wrong(
        "divided by the kernel's sum",
        "filters-gaussian",
        "You divide by the kernel's sum. A kernel that should be normalised comes so.",
        (PRODUCT, "(window * weights).sum() / weights.sum()"),
    ),
    wrong(
        "integers out",
        BYTES,
        "You cut the result of an integer image to whole numbers. Make the output float.",
        ("np.zeros((oh, ow))", "np.zeros((oh, ow), np.float64 if img.dtype.kind == 'f' else np.int64)"),
    ),
    wrong(
        "image's dtype out",
        BYTES,
        "Your output has the image's dtype, so that of an 8-bit image loses fractions, signs and all beyond 255. "
        "Make the output float.",
        ("np.zeros((oh, ow))", "np.zeros((oh, ow), img.dtype)"),
    ),
    wrong(
        "products in bytes",
        BYTES,
        "You multiply bytes by bytes, and products beyond 255 wrap around. Make one of the two float first.",
        ("g.astype(float)", "g"),
    ),
    wrong(
        "image divided by 255",
        BYTES,
        "You divide an 8-bit image by 255. Its values count here as they are.",
        (PRODUCT, "(window * weights).sum() / (255 if img.dtype == np.uint8 else 1)"),
    ),
    wrong(
        "clipped to bytes",
        BYTES,
        "You cut the result to the range of bytes. A response may be negative, or beyond 255.",
        (PRODUCT, "np.clip((window * weights).sum(), 0, 255)"),
    ),
    wrong(
        "cut at 255",
        BYTES,
        "You cut results at 255. A response may go far beyond.",
        (PRODUCT, "min((window * weights).sum(), 255)"),
    ),
    wrong(
        "negative responses cut",
        "filters-edges",
        "You cut negative results to 0. A negative response says which way an edge goes.",
        (PRODUCT, "max((window * weights).sum(), 0)"),
    ),
    wrong(
        "absolute value",
        "filters-edges",
        "You drop the signs. A negative response says which way an edge goes.",
        (PRODUCT, "abs((window * weights).sum())"),
    ),
    wrong(
        "last row and column left out",
        HERE,
        "The kernel fits at one more place in each direction: your output is a row and a column short.",
        ("H - kh + 1, W - kw + 1", "H - kh, W - kw"),
    ),
    wrong(
        "last row and column stay zero",
        HERE,
        "The last row and column of your output stay 0: the loops end one step early.",
        ("range(oh)", "range(oh - 1)"),
        ("range(ow)", "range(ow - 1)"),
    ),
    wrong(
        "height and width exchanged",
        HERE,
        "You exchange height and width. An image's shape is (rows, columns).",
        ("H, W = img.shape", "W, H = img.shape"),
    ),
    wrong(
        "image taken as square",
        HERE,
        "You take the image's height for its width as well.",
        ("H, W = img.shape", "H = W = img.shape[0]"),
    ),
    wrong(
        "kernel taken as square",
        HERE,
        "You take the kernel's height for its width as well.",
        ("kh, kw = g.shape", "kh = kw = g.shape[0]"),
    ),
    wrong(
        "window one step on",
        HERE,
        "Your windows start one pixel too far. The first one starts at row 0 and column 0.",
        (WINDOW, "np.roll(img, (-1, -1), (0, 1))[i : i + kh, j : j + kw]"),
    ),
    wrong(
        "window a pixel short",
        HERE,
        "Your windows are a pixel short: a slice leaves its end out, so it ends at i + kh.",
        (WINDOW, "img[i : i + kh - 1, j : j + kw - 1]"),
    ),
    wrong(
        "window around the pixel",
        "filters-borders",
        "You centre the window on pixel (i, j), so that it hangs over the border, and negative indices wrap around. "
        "Here the window starts at (i, j).",
        (WINDOW, "np.roll(img, (kh // 2, kw // 2), (0, 1))[i : i + kh, j : j + kw]"),
    ),
    wrong(
        "slices over the border",
        "filters-slips",
        "You centre the window on pixel (i, j). At the border its slice starts below 0, and is empty. Here the "
        "window starts at (i, j).",
        ("H - kh + 1, W - kw + 1", "H, W"),
        (WINDOW, "img[i - kh // 2 : i + kh // 2 + 1, j - kw // 2 : j + kw // 2 + 1]"),
    ),
    Mistake(
        "windows side by side",
        "Your windows lie side by side. The kernel moves by one pixel a step, so that windows overlap.",
        HERE,
        lambda img, g: sweep(img, g)[:: g.shape[0], :: g.shape[1]],
    ),
    Mistake(
        "as large as the image",
        "Your output is as large as the image. Here only places count where the whole kernel lies on the image.",
        HERE,
        lambda img, g: sweep(np.pad(img, [((k - 1) // 2, k // 2) for k in g.shape]), g),
    ),
    Mistake(
        "hanging over",
        "Your kernel hangs over the image at the bottom and right. Here only places count where it lies on it whole.",
        HERE,
        lambda img, g: sweep(np.pad(img, [(0, k - 1) for k in g.shape]), g),
    ),
    Mistake(
        "flattened",
        "Your result is one long row. It keeps the two axes of the image.",
        HERE,
        lambda img, g: sweep(img, g).ravel(),
    ),
    Mistake(
        "written into the image",
        "You write results into the image while you still read from it. Make a new array for the output.",
        HERE,
        written_into_the_image,
    ),
    Mistake(
        "kernel indexed by column, row",
        "Your kernel is transposed: its rows meet the window's columns. Window row i + a belongs to kernel row a.",
        HERE,
        rewrite(four_loops, ("float(g[a, b])", "float(g[b, a])")),
    ),
    wrong(
        "matrix product with the transpose",
        HERE,
        "You take a matrix product of window and kernel. Multiply value by value, then sum.",
        (PRODUCT, "(window @ weights.T).sum()"),
    ),
    wrong(
        "kernel's width for both sides",
        HERE,
        "You take the kernel's width for its height as well.",
        ("kh, kw = g.shape", "kh = kw = g.shape[1]"),
    ),
    wrong(
        "kernel's height and width exchanged",
        HERE,
        "You exchange the kernel's height and width. A kernel's shape is (rows, columns), as an image's.",
        ("H - kh + 1, W - kw + 1", "H - kw + 1, W - kh + 1"),
    ),
    wrong(
        "window's indices exchanged",
        HERE,
        "Your windows move down where they should move right: rows go with i, columns with j.",
        (WINDOW, "img[j : j + kh, i : i + kw]"),
    ),
    wrong(
        "output's indices exchanged",
        HERE,
        "You store the result of row i, column j at [j, i].",
        ("out[i, j]", "out[j, i]"),
    ),
    wrong(
        "output on its side",
        HERE,
        "Your output lies on its side: rows and columns are exchanged.",
        ("return out", "return out.T"),
    ),
    wrong(
        "no room for the last place",
        HERE,
        "Your output has no room for the last row and column of places. There are H - kh + 1 rows.",
        ("np.zeros((oh, ow))", "np.zeros((oh - 1, ow - 1))"),
    ),
    wrong(
        "loops over the whole image",
        HERE,
        "You start a window at every pixel, and the last ones stick out of the image. There are H - kh + 1 places.",
        ("range(oh)", "range(H)"),
        ("range(ow)", "range(W)"),
    ),
    Mistake(
        "loops over the whole image, pixel by pixel",
        "You start a window at every pixel, and the last ones reach beyond the image. There are H - kh + 1 places.",
        HERE,
        rewrite(four_loops, ("for j in range(len(row))", "for j in range(img.shape[1])")),
    ),
    wrong(
        "first row alone",
        HERE,
        "Only the first row of your output is filled: the return stands inside the loop.",
        ("range(oh)", "range(1)"),
    ),
    wrong(
        "image cut to whole numbers",
        BYTES,
        "You turn the image into integers, which cuts the fractions of an image of floats. Make it float.",
        ("H, W = img.shape", "img = img.astype(np.int64)\n    H, W = img.shape"),
    ),
    wrong(
        "kernel cut to whole numbers",
        BYTES,
        "You turn the kernel into integers, which cuts its fractions. Make it float.",
        ("g.astype(float)", "g.astype(np.int64)"),
    ),
    wrong(
        "rounded",
        BYTES,
        "You round the result. Leave the fractions.",
        (PRODUCT, "round((window * weights).sum())"),
    ),
)
