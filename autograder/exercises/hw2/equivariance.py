"""Exercise equivariance_error."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite


def error_roll(f, x, shift):
    moved = np.roll(x, shift, axis=(2, 3))
    return float(np.abs(f(moved) - np.roll(f(x), shift, axis=(2, 3))).max())


def error_index(f, x, shift):
    """Shift by indexing modulo the size."""
    rows, columns = [(np.arange(size) - d) % size for size, d in zip(x.shape[2:], shift, strict=True)]
    moved = f(x[:, :, rows[:, None], columns])
    return np.max(np.abs(moved - f(x)[:, :, rows[:, None], columns]))


def error_back(f, x, shift):
    """Shift the response back instead of forward."""
    back = (-shift[0], -shift[1])
    return np.max(np.abs(np.roll(f(np.roll(x, shift, (2, 3))), back, (2, 3)) - f(x)))


def draw_equivariance(rng):
    """The largest difference falls on either sign, and on each image and channel in turn."""
    cases = []
    kinds = {"zeros": "zero padding", "circular": "circular padding", "position": "a map that knows where it is"}
    for n, c, layer in [(0, 1, "zeros"), (1, 2, "zeros"), (0, 0, "position"), (1, 1, "circular"), (0, 2, "relu")]:
        x, kernel = rng.normal(size=(2, 3, *map(int, rng.integers(5, 9, 2)))), rng.normal(size=(3, 3))
        x[n, c] *= 10
        down, right = int(rng.integers(1, 3)), int(rng.integers(1, 3))
        for sign in (1, -1):
            cases.append(Case("error", kinds.get(layer, "ReLU"), (layer, kernel, sign * x, (down, -sign * right))))
    for kind, shift in (("rows alone", (2, 0)), ("columns alone", (0, -3)), ("further than the image", (11, 9))):
        x, kernel = rng.normal(size=(2, 3, *map(int, rng.integers(5, 9, 2)))), rng.normal(size=(3, 3))
        cases.append(Case("error", f"zero padding, {kind}", ("zeros", kernel, x, shift)))
    return cases


def wrong_error(name, sentence, *changes):
    return Mistake(name, sentence, "conv2d-equivariance", rewrite(error_roll, *changes))


MOVED, RESPONSE = "np.roll(x, shift, axis=(2, 3))", "np.roll(f(x), shift, axis=(2, 3))"
EQUIVARIANCE_ERROR = Exercise(
    id="hw2.equivariance_error",
    function="equivariance_error",
    points=6,
    anchor="conv2d-equivariance",
    probe="equivariance",
    reference=error_roll,
    groups={"error": 6},
    examples=(
        Case(
            "error",
            "zero padding, shift by (1, 2)",
            ("zeros", np.array([[1, 2, 0], [0, 1, 3], [2, 0, 1]]), np.arange(24.0).reshape(1, 1, 4, 6), (1, 2)),
        ),
    ),
    draw=draw_equivariance,
    mistakes=(
        wrong_error(
            "batch and channels rolled",
            "Your error is always 0. Do you roll the first two axes? Rows and columns are axes 2 and 3.",
            (MOVED, "np.roll(x, shift, axis=(0, 1))"),
            (RESPONSE, "np.roll(f(x), shift, axis=(0, 1))"),
        ),
        wrong_error(
            "rows and columns swapped",
            "You roll rows by the column shift and columns by the row shift. shift is (down, right).",
            (MOVED, "np.roll(x, shift[::-1], axis=(2, 3))"),
            (RESPONSE, "np.roll(f(x), shift[::-1], axis=(2, 3))"),
        ),
        wrong_error(
            "invariance measured",
            "You compare with the response that was not shifted: invariance. Equivariance shifts it too.",
            (RESPONSE, "f(x)"),
        ),
        wrong_error(
            "response rolled backwards",
            "You roll the response the other way. Both sides are shifted alike.",
            (RESPONSE, "np.roll(f(x), (-shift[0], -shift[1]), axis=(2, 3))"),
        ),
        wrong_error(
            "input not shifted",
            "You shift the response but not the input.",
            (MOVED, "x"),
        ),
        wrong_error(
            "rows rolled only",
            "You roll rows only. The shift has a column part too.",
            (MOVED, "np.roll(x, shift[0], axis=2)"),
            (RESPONSE, "np.roll(f(x), shift[0], axis=2)"),
        ),
        wrong_error(
            "flattened roll",
            "np.roll without axis rolls the flattened array. Give it axis=(2, 3).",
            (MOVED, "np.roll(x, shift)"),
            (RESPONSE, "np.roll(f(x), shift)"),
        ),
        wrong_error("mean", "You average the differences. The error is the largest of them.", (".max()", ".mean()")),
        wrong_error("sum", "You add the differences up. The error is the largest of them.", (".max()", ".sum()")),
        wrong_error(
            "sign kept",
            "You take the largest signed difference. Take absolute values first, then the largest.",
            ("np.abs(f(moved)", "(f(moved)"),
        ),
        wrong_error(
            "squared", "You square the differences. The error is the largest absolute one.", (".max()", ".max() ** 2")
        ),
        wrong_error(
            "every difference returned",
            "You return all the differences. Return the largest.",
            ("float(np.abs", "(np.abs"),
            (".max()", ""),
        ),
        wrong_error(
            "first image only",
            "You look at the first image of the batch only.",
            ("np.abs(f(moved)", "np.abs((f(moved)"),
            (".max())", ")[0].max())"),
        ),
        wrong_error(
            "relative error",
            "You divide by the size of the response. The error is the difference itself.",
            (".max())", ".max() / np.abs(f(x)).max())"),
        ),
        Mistake(
            "yes or no",
            "You return whether they are equal. Return how far apart they are.",
            "conv2d-equivariance",
            lambda f, x, shift: error_roll(f, x, shift) < 1e-9,
        ),
    ),
    variants={"roll": error_roll, "index": error_index, "shift back": error_back},
)
