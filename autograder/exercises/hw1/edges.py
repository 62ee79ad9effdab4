"""Exercise sobel_magnitude: how steep an image is at each place."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw1.correlate import BLURRED
from autograder.exercises.hw1.correlate_answers import sweep
from autograder.exercises.hw1.draws import apart, photograph
from convbook import kernels

SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def magnitude(img):
    img = img.astype(float)
    gx = sweep(img, SOBEL)
    gy = sweep(img, SOBEL.T)
    return np.sqrt(gx**2 + gy**2)


def differences(img):
    """Central differences, smoothed across; no kernel anywhere."""
    img = img / 1.0
    right, down = img[:, 2:] - img[:, :-2], img[2:] - img[:-2]
    gx = right[:-2] + 2 * right[1:-1] + right[2:]
    gy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return np.hypot(gx, gy)


def turned(img):
    """By convolution, whose kernel is turned: the signs differ, the length does not."""
    windows = np.lib.stride_tricks.sliding_window_view(img.astype(np.float32), (3, 3))
    pair = np.stack([SOBEL, SOBEL.T])[:, ::-1, ::-1]
    return np.linalg.norm(np.einsum("ijab,gab->gij", windows, pair), axis=0)


def loops(img):
    out = []
    for i in range(img.shape[0] - 2):
        row = []
        for j in range(img.shape[1] - 2):
            p = [[int(q) if img.dtype.kind in "iu" else float(q) for q in r[j : j + 3]] for r in img[i : i + 3]]
            gx = p[0][2] + 2 * p[1][2] + p[2][2] - p[0][0] - 2 * p[1][0] - p[2][0]
            gy = p[2][0] + 2 * p[2][1] + p[2][2] - p[0][0] - 2 * p[0][1] - p[0][2]
            row.append((gx * gx + gy * gy) ** 0.5)
        out.append(row)
    return out


def draw_edges(rng):
    def edge(columns):
        img = np.full(apart(rng, 5, 9), 250, np.uint8)
        part = img[:, : img.shape[1] // 2] if columns else img[: img.shape[0] // 2]
        part[:] = rng.integers(3, 20, part.shape)
        return img

    return [
        Case("real numbers", "a wide image", (rng.normal(size=(int(rng.integers(4, 6)), int(rng.integers(7, 10)))),)),
        Case("real numbers", "a tall image", (rng.normal(size=(int(rng.integers(7, 10)), int(rng.integers(4, 6)))),)),
        Case("real numbers", "a square image", (rng.normal(size=(5, 5)),)),
        Case("real numbers", "one place alone", (rng.normal(size=(3, 3)),)),
        Case("8-bit images", "a photograph", (photograph(rng, apart(rng, 5, 9)),)),
        Case("8-bit images", "an upright edge", (edge(True),)),
        Case("8-bit images", "a level edge", (edge(False),)),
        Case("8-bit images", "an edge from bright to dark", (255 - edge(True),)),
    ]


def wrong(name, sentence, *changes, anchor="filters-edges"):
    return Mistake(name, sentence, anchor, rewrite(magnitude, *changes))


LENGTH, FLOAT, GX, GY = "np.sqrt(gx**2 + gy**2)", "img.astype(float)", "sweep(img, SOBEL)", "sweep(img, SOBEL.T)"


def in_bytes(img):
    """Every step in the image's own dtype."""
    right, down = img[:, 2:] - img[:, :-2], img[2:] - img[:-2]
    gx = right[:-2] + 2 * right[1:-1] + right[2:]
    gy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return np.sqrt(gx.astype(float) ** 2 + gy.astype(float) ** 2)


def squared_in_bytes(img):
    right, down = img[:, 2:] - img[:, :-2], img[2:] - img[:-2]
    gx = right[:-2] + 2 * right[1:-1] + right[2:]
    gy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return np.sqrt(gx**2 + gy**2)


SOBEL_MAGNITUDE = Exercise(
    id="hw1.sobel_magnitude",
    function="sobel_magnitude",
    points=8,
    anchor="filters-edges",
    reference=lambda img: kernels.sobel_magnitude(img, "valid"),
    groups={"real numbers": 5, "8-bit images": 3},
    examples=(Case("8-bit images", "the chapter's 5x5 image", (np.array(BLURRED, np.uint8),)),),
    draw=draw_edges,
    mistakes=(
        Mistake(
            "wrapped around in bytes",
            "You compute in 8 bits, where 20 - 200 is 76. Make the image float first.",
            "filters-dtype",
            in_bytes,
        ),
        Mistake(
            "all in bytes",
            "You compute in 8 bits, differences and squares, and both wrap around. Make the image float first.",
            "filters-dtype",
            squared_in_bytes,
        ),
        wrong(
            "squares beyond 16 bits",
            "You compute in 16 bits. Differences fit, their squares do not: 300**2 is beyond 32767. Make the image float.",
            (FLOAT, "img.astype(np.int16) if img.dtype == np.uint8 else img"),
            (GX, "sweep(img, SOBEL).astype(img.dtype)"),
            (GY, "sweep(img, SOBEL.T).astype(img.dtype)"),
            anchor="filters-dtype",
        ),
        wrong(
            "responses kept in bytes",
            "The responses have the image's dtype: in bytes they lose their signs. Make them float.",
            (FLOAT, "img"),
            (GX, "sweep(img, SOBEL).astype(np.int64).astype(img.dtype).astype(float)"),
            (GY, "sweep(img, SOBEL.T).astype(np.int64).astype(img.dtype).astype(float)"),
            anchor="filters-dtype",
        ),
        wrong(
            "absolute values added",
            "You add |gx| and |gy|. The length of the gradient is the root of the sum of squares.",
            (LENGTH, "np.abs(gx) + np.abs(gy)"),
        ),
        wrong(
            "absolute values averaged",
            "You average |gx| and |gy|. The length of the gradient is the root of the sum of squares.",
            (LENGTH, "(np.abs(gx) + np.abs(gy)) / 2"),
        ),
        wrong(
            "larger of the two",
            "You take the larger of |gx| and |gy|. The length of the gradient is the root of the sum of squares.",
            (LENGTH, "np.maximum(np.abs(gx), np.abs(gy))"),
        ),
        wrong(
            "added with their signs",
            "You add gx and gy, so that they may cancel. The length of the gradient is the root of the sum of squares.",
            (LENGTH, "gx + gy"),
        ),
        wrong(
            "root forgotten",
            "You return the squared length. Take its root.",
            (LENGTH, "gx**2 + gy**2"),
        ),
        wrong(
            "squares of the sum",
            "You square gx + gy. Square each, then add.",
            (LENGTH, "np.sqrt((gx + gy) ** 2)"),
        ),
        wrong(
            "mean of the squares",
            "You average the two squares. Add them.",
            (LENGTH, "np.sqrt((gx**2 + gy**2) / 2)"),
        ),
        wrong(
            "clipped at 255",
            "You cut the result at 255. The steepest edges reach beyond 1000.",
            (LENGTH, "np.minimum(np.sqrt(gx**2 + gy**2), 255)"),
        ),
        wrong(
            "responses clipped to bytes",
            "You cut gx and gy to the range of bytes, and so lose every edge from bright to dark. Keep them as they are.",
            (GX, "sweep(img, SOBEL).clip(0, 255)"),
            (GY, "sweep(img, SOBEL.T).clip(0, 255)"),
            anchor="filters-dtype",
        ),
        wrong(
            "negative responses cut",
            "You cut negative gx and gy to 0, and so lose every edge from bright to dark. Keep them as they are.",
            (GX, "sweep(img, SOBEL).clip(0)"),
            (GY, "sweep(img, SOBEL.T).clip(0)"),
        ),
        wrong(
            "image cut to whole numbers",
            "You turn the image into integers, which cuts the fractions of an image of floats. Make it float.",
            (FLOAT, "img.astype(np.int64)"),
            anchor="filters-dtype",
        ),
        wrong(
            "rounded",
            "You round the result. Leave the fractions.",
            (LENGTH, "np.sqrt(gx**2 + gy**2).round()"),
            anchor="filters-dtype",
        ),
        wrong(
            "scaled to the largest",
            "You divide by the largest value. That is for showing; the measure itself is asked.",
            (LENGTH, "np.sqrt(gx**2 + gy**2) / np.sqrt(gx**2 + gy**2).max()"),
        ),
        wrong(
            "scaled to 255",
            "You stretch the result to 255. That is for showing; the measure itself is asked.",
            (LENGTH, "255 * np.sqrt(gx**2 + gy**2) / np.sqrt(gx**2 + gy**2).max()"),
        ),
        wrong(
            "image divided by 255",
            "You divide an 8-bit image by 255. Its values count here as they are.",
            (FLOAT, "img / (255 if img.dtype == np.uint8 else 1)"),
            anchor="filters-dtype",
        ),
        wrong(
            "bytes out",
            "You turn the result into bytes, which cuts the fractions and wraps beyond 255. Leave it float.",
            (LENGTH, "np.sqrt(gx**2 + gy**2).astype(np.int64).astype(np.uint8)"),
            anchor="filters-dtype",
        ),
        wrong(
            "whole numbers out",
            "You cut the result to whole numbers. Leave it float.",
            (LENGTH, "np.sqrt(gx**2 + gy**2).astype(np.int64)"),
            anchor="filters-dtype",
        ),
        wrong(
            "left to right alone",
            "You measure the change from left to right alone. Level edges escape you: add gy.",
            (LENGTH, "np.abs(gx)"),
        ),
        wrong(
            "top to bottom alone",
            "You measure the change from top to bottom alone. Upright edges escape you: add gx.",
            (LENGTH, "np.abs(gy)"),
        ),
        wrong(
            "one kernel twice",
            "Both your kernels measure left to right. The second one is the first, transposed.",
            (GY, "sweep(img, SOBEL)"),
        ),
        wrong(
            "the other kernel twice",
            "Both your kernels measure top to bottom. One of the two is the other, transposed.",
            (GX, "sweep(img, SOBEL.T)"),
        ),
        wrong(
            "Prewitt",
            "Your kernels weigh three rows alike: these are Prewitt's. Sobel's middle row counts double.",
            (GX, "sweep(img, np.sign(SOBEL))"),
            (GY, "sweep(img, np.sign(SOBEL.T))"),
        ),
        wrong(
            "Scharr",
            "Your kernels weigh 3, 10, 3: these are Scharr's. Sobel's are 1, 2, 1.",
            (GX, "sweep(img, SOBEL * np.array([[3], [5], [3]]))"),
            (GY, "sweep(img, SOBEL.T * np.array([3, 5, 3]))"),
        ),
        wrong(
            "one sign wrong in the kernel",
            "Your kernels' two sides have the same sign, so they smooth and do not compare. One side is negative.",
            (GX, "sweep(img, np.abs(SOBEL))"),
            (GY, "sweep(img, np.abs(SOBEL.T))"),
        ),
        wrong(
            "plain differences",
            "You take the difference of neighbours alone. Sobel's kernel also smooths across: rows 1, 2, 1.",
            (GX, "(img[1:-1, 2:] - img[1:-1, :-2])"),
            (GY, "(img[2:, 1:-1] - img[:-2, 1:-1])"),
        ),
        wrong(
            "np.gradient",
            "You take half the difference of the neighbours alone, as np.gradient does. Sobel's kernel also smooths across, "
            "and divides by nothing.",
            (GX, "(img[1:-1, 2:] - img[1:-1, :-2]) / 2"),
            (GY, "(img[2:, 1:-1] - img[:-2, 1:-1]) / 2"),
        ),
        wrong(
            "divided by 8",
            "You divide by 8, which makes it a change per pixel. The kernels are asked as they are.",
            (LENGTH, "np.sqrt(gx**2 + gy**2) / 8"),
        ),
        wrong(
            "divided by 4",
            "You divide the kernels by 4. They are asked as they are.",
            (LENGTH, "np.sqrt(gx**2 + gy**2) / 4"),
        ),
        Mistake(
            "as large as the image",
            "Your output is as large as the image. Only places count where the kernel lies whole on it.",
            "filters-borders",
            lambda img: magnitude(np.pad(img, 1)),
        ),
        Mistake(
            "as large as the image, edge repeated",
            "Your output is as large as the image. Only places count where the kernel lies whole on it: pad nothing.",
            "filters-borders",
            lambda img: magnitude(np.pad(img, 1, "edge")),
        ),
        wrong(
            "angle",
            "You return the direction of the gradient. Its length is asked.",
            (LENGTH, "np.arctan2(gy, gx)"),
        ),
        wrong(
            "both responses",
            "You return both responses. Return one array, the length of the gradient.",
            (LENGTH, "np.stack([gx, gy])"),
        ),
    ),
    variants={
        "two sweeps": magnitude,
        "differences": differences,
        "turned kernels, float32": turned,
        "loops, lists": loops,
    },
)
