"""Exercises relu_forward and affine_forward."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.conv import apart
from convbook.kernels import cs231n


def relu_forward(x):
    out = np.maximum(x, 0)
    cache = x
    return out, cache


def relu_loops(x):
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        if x[index] > 0:
            out[index] = x[index]
    return [out.tolist(), x.tolist()]


def draw_relu(rng):
    def case(part, kind, shape, integer=False):
        shape = tuple(map(int, shape))
        x = rng.integers(-9, 9, shape) if integer else rng.normal(size=shape) * 2
        return Case(part, kind, (x, ("x",), "out" if part == "out" else "x"))

    return [
        case("out", "images", (2, 3, 4, 5)),
        case("out", "rows of features", apart(rng, 3, 9)),
        case("out", "numbers in a row", (7,)),
        case("out", "integers", (3, 4), integer=True),
        case("cache", "images", (3, 2, 4, 4)),
        case("cache", "rows of features", apart(rng, 3, 9)),
    ]


def wrong_relu(name, sentence, *changes, anchor="backprop-layers"):
    return Mistake(name, sentence, anchor, rewrite(relu_forward, *changes))


OUT, CACHE, RETURN = "out = np.maximum(x, 0)", "cache = x", "return out, cache"
SIGNS = np.array([-1.0, 2, -3, 4])
RELU_FORWARD = Exercise(
    id="hw4.relu_forward",
    function="relu_forward",
    points=1,
    anchor="backprop-layers",
    probe="kept",
    reference=lambda x: cs231n.relu_forward(x),
    groups={"out": 1, "cache": 1},
    examples=tuple(
        Case(group, "both signs", (SIGNS, ("x",), part)) for group, part in (("out", "out"), ("cache", "x"))
    ),
    draw=draw_relu,
    mistakes=(
        wrong_relu("identity", "You return x as it is. Negative values become 0.", (OUT, "out = x")),
        wrong_relu(
            "magnitude", "You turn negative values positive. They become 0: np.maximum(x, 0).", (OUT, "out = np.abs(x)")
        ),
        wrong_relu("minimum", "You keep the negative values. Keep the positive ones.", (OUT, "out = np.minimum(x, 0)")),
        wrong_relu("mask alone", "You return the mask. Multiply x by it.", (OUT, "out = 1.0 * (x > 0)")),
        wrong_relu(
            "leaky",
            "A part of the negative values leaks through. A plain ReLU gives 0.",
            (OUT, "out = np.maximum(x, 0.01 * x)"),
        ),
        wrong_relu("cut at 1", "You cut values above 1 off. A ReLU has no upper end.", (OUT, "out = np.clip(x, 0, 1)")),
        wrong_relu(
            "above 1 instead of 0", "Values between 0 and 1 become 0. The ReLU bends at 0.", (OUT, "out = x * (x > 1)")
        ),
        wrong_relu(
            "one maximum",
            "You return one number, the largest of all. np.maximum compares each value with 0; np.max does not.",
            (OUT, "out = max(np.max(x), 0)"),
        ),
        wrong_relu(
            "positive values alone",
            "x[x > 0] is a flat list of the positive values. out has the shape of x, with zeros between.",
            (OUT, "out = x[x > 0]"),
        ),
        wrong_relu(
            "cache holds out",
            "Your cache holds out. The text asks for x: relu_backward is given x.",
            (CACHE, "cache = out"),
        ),
        wrong_relu(
            "cache holds the mask",
            "Your cache holds the mask. The text asks for x: relu_backward is given x.",
            (CACHE, "cache = 1.0 * (x > 0)"),
        ),
        wrong_relu("cache empty", "Your cache is None. It holds x, for the way back.", (CACHE, "cache = None")),
        wrong_relu("out alone", "You return out alone. Return a tuple of two: out, cache.", (RETURN, "return out")),
        wrong_relu(
            "order of the results", "You return the cache first. Return out, cache.", (RETURN, "return cache, out")
        ),
        wrong_relu(
            "x changed",
            "You change the array x: x[x < 0] = 0 writes into the caller's array, and your cache is no longer what came in.",
            (OUT, "x[x < 0] = 0\n    out = x"),
        ),
    ),
    variants={
        "maximum": relu_forward,
        "where": lambda x: (np.where(x > 0, x, 0), x),
        "masked, single precision": lambda x: [(x * (x >= 0)).astype(np.float32), x.copy()],
        "loops, nested lists": relu_loops,
    },
)


def affine_forward(x, w, b):
    flat = x.reshape(len(x), -1)
    out = flat @ w + b
    cache = (x, w, b)
    return out, cache


def affine_sums(x, w, b):
    out = np.zeros((len(x), len(b)))
    for n, image in enumerate(x):
        for m in range(len(b)):
            out[n, m] = b[m] + sum(value * weight for value, weight in zip(image.ravel(), w[:, m], strict=True))
    return [out.tolist(), [x, w, b]]


def affine_einsum(x, w, b):
    flat = np.concatenate([np.ravel(image)[None] for image in x])
    return np.einsum("nd,dm->nm", flat.astype(np.float32), w) + b[None], (x, w, b)


NAMES = ("x", "w", "b")


def draw_affine(rng):
    def case(group, kind, n, shape, m, parts, integer=False):
        shape = tuple(map(int, shape))
        x = rng.integers(0, 256, (n, *shape), dtype=np.uint8) if integer else rng.normal(size=(n, *shape))
        inputs = x, rng.normal(size=(int(np.prod(shape)), m)), rng.normal(size=m) * 3
        return [Case(group, kind, (*inputs, NAMES, part)) for part in parts]

    n, m = apart(rng, 2, 6)
    return [
        *case("out", "images", n, (2, 3, 4), m, ["out"]),
        *case("out", "images of integers", n, (3, 2, 4), m + 1, ["out"], integer=True),
        *case("out", "rows of features", n, (7,), m, ["out"]),
        *case("out", "as many images as features", 4, (2, 2), 4, ["out"]),
        *case("out", "one image", 1, (3, 2), m, ["out"]),
        *case("cache", "images", n, (2, 3, 2), m, NAMES),
    ]


def wrong_affine(name, sentence, *changes, anchor="backprop-layers"):
    return Mistake(name, sentence, anchor, rewrite(affine_forward, *changes))


FLAT, PRODUCT, KEEP = "flat = x.reshape(len(x), -1)", "out = flat @ w + b", "cache = (x, w, b)"
EXAMPLE = np.array([[2.0, 3]]), np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([10.0, 20, 30])
AFFINE_FORWARD = Exercise(
    id="hw4.affine_forward",
    function="affine_forward",
    points=2,
    anchor="backprop-layers",
    probe="kept",
    reference=lambda x, w, b: cs231n.affine_forward(x, w, b),
    groups={"out": 3, "cache": 1},
    examples=tuple(
        Case("out" if part == "out" else "cache", "one image of two features", (*EXAMPLE, NAMES, part))
        for part in ("out", *NAMES)
    ),
    draw=draw_affine,
    mistakes=(
        wrong_affine("bias forgotten", "You do not add the bias.", (PRODUCT, "out = flat @ w")),
        wrong_affine("bias subtracted", "You subtract the bias. Add it.", (PRODUCT, "out = flat @ w - b")),
        wrong_affine("bias twice", "You add the bias twice.", (PRODUCT, "out = flat @ w + 2 * b")),
        wrong_affine(
            "bias once for the batch",
            "You add the bias to the first image alone. Every image gets it.",
            (PRODUCT, "out = flat @ w\n    out[0] += b"),
        ),
        wrong_affine(
            "x not flattened",
            "You multiply x without flattening it. Each image becomes a row: x.reshape(N, -1).",
            (FLAT, "flat = x"),
        ),
        wrong_affine(
            "flattened down its columns",
            "You flatten the images in another order: x.reshape(N, -1) runs along the last axis first.",
            (FLAT, "flat = x.reshape(len(x), -1, order='F')"),
        ),
        wrong_affine(
            "images mixed up by flattening",
            "You reshape to (D, N) and transpose: that mixes the images up. x.reshape(N, -1) keeps each in its row.",
            (FLAT, "flat = x.reshape(-1, len(x)).T"),
        ),
        wrong_affine(
            "all images in one row",
            "You flatten the whole batch into one row. Keep one for each image.",
            (FLAT, "flat = x.reshape(1, -1)"),
        ),
        wrong_affine(
            "w transposed", "You multiply by w.T. w has shape (D, M) already: x @ w.", (PRODUCT, "out = flat @ w.T + b")
        ),
        wrong_affine(
            "w reshaped",
            "You reshape w before multiplying, which scrambles it. Its shape (D, M) fits as it is.",
            (PRODUCT, "out = flat @ w.reshape(w.shape[::-1]).T + b"),
        ),
        wrong_affine(
            "out transposed",
            "Your out has shape (M, N). A row is an image: (N, M).",
            (PRODUCT, "out = (flat @ w + b).T"),
        ),
        wrong_affine(
            "averaged over features",
            "You divide by the number of features. A linear layer adds up.",
            (PRODUCT, "out = flat @ w / len(w) + b"),
        ),
        wrong_affine(
            "ReLU built in",
            "Your negative outputs have become 0. A linear layer has no ReLU.",
            (PRODUCT, "out = np.maximum(flat @ w + b, 0)"),
        ),
        wrong_affine(
            "x flat in the cache",
            "Your cache holds the flattened x. dx has the shape of the images, so keep x as it came.",
            (KEEP, "cache = (flat, w, b)"),
        ),
        wrong_affine(
            "order of the cache",
            "Your cache is in another order. The text asks for (x, w, b).",
            (KEEP, "cache = (w, x, b)"),
        ),
        wrong_affine(
            "cache too short",
            "Your cache does not hold three things. The text asks for (x, w, b), for the way back.",
            (KEEP, "cache = (x, w)"),
        ),
        wrong_affine("out alone", "You return out alone. Return a tuple of two: out, cache.", (RETURN, "return out")),
        wrong_affine(
            "w changed",
            "You change the array w. The caller still needs it: write to something new.",
            (KEEP, "w *= 0\n    cache = (x, w, b)"),
        ),
    ),
    variants={
        "matrix product": affine_forward,
        "sums, nested lists": affine_sums,
        "einsum, single precision": affine_einsum,
    },
)
