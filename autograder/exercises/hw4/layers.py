"""Exercises relu_backward and affine_backward."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.conv import apart
from convbook.kernels import cs231n


def masked(dout, cache):
    x = cache
    dx = dout * (x > 0)
    return dx


def relu_loops(dout, cache):
    dx = np.zeros(dout.shape)
    for index in np.ndindex(cache.shape):
        if cache[index] > 0:
            dx[index] = dout[index]
    return dx


def draw_relu(rng):
    def case(group, kind, shape, integer=False):
        shape = tuple(map(int, shape))
        x = rng.normal(size=shape)
        x = np.sign(x).astype(np.int64) * rng.integers(1, 9, shape) if integer else x + 0.01 * np.sign(x)
        return Case(group, kind, (rng.normal(size=shape), x))

    images, other = "images", "other shapes"
    return [
        case(images, "several images and channels", rng.permutation([2, 3, 4, 5])),
        case(images, "one image, square", (1, 3, 4, 4)),
        case(images, "image of integers", (2, 3, 4, 5), integer=True),
        case(other, "rows of features", apart(rng, 3, 9)),
        case(other, "one axis", rng.integers(6, 12, 1)),
        case(other, "three axes", apart(rng, 2, 6, 3)),
    ]


def wrong_relu(name, sentence, *changes, anchor="backprop-layers"):
    return Mistake(name, sentence, anchor, rewrite(masked, *changes))


DX = "dout * (x > 0)"
RELU_BACKWARD = Exercise(
    id="hw4.relu_backward",
    function="relu_backward",
    points=1,
    anchor="backprop-layers",
    reference=lambda dout, x: cs231n.relu_backward(dout, x),
    groups={"images": 2, "other shapes": 1},
    examples=(Case("other shapes", "all four signs", (np.array([5.0, -5, 6, -6]), np.array([-1.0, -2, 3, 4]))),),
    draw=draw_relu,
    mistakes=(
        wrong_relu(
            "mask from dout",
            "You let pass what is positive in dout. What passed forward was decided by x: use the sign of x.",
            (DX, "dout * (dout > 0)"),
        ),
        wrong_relu(
            "mask from both",
            "You also cut negative values of dout off: that is guided backpropagation, a way to make pictures. The gradient passes with either sign.",
            (DX, "dout * (x > 0) * (dout > 0)"),
        ),
        wrong_relu(
            "mask alone", "You return the mask. Multiply it by dout.", (DX, "1.0 * (x > 0)"), anchor="backprop-adjoint"
        ),
        wrong_relu(
            "no mask",
            "You return dout as it is. Where x was negative nothing passed, so the gradient is 0.",
            (DX, "1.0 * dout"),
        ),
        wrong_relu(
            "mask turned round", "You let pass where x is negative. It is the other way round.", (DX, "dout * (x < 0)")
        ),
        wrong_relu(
            "times x", "You multiply by x. Where x is positive the ReLU's slope is 1.", (DX, "dout * np.maximum(x, 0)")
        ),
        wrong_relu(
            "times x everywhere",
            "You multiply dout by x. Where x is positive the slope is 1, elsewhere 0.",
            (DX, "dout * x"),
        ),
        wrong_relu("forward pass", "You return the ReLU of x: that is the forward pass.", (DX, "np.maximum(x, 0)")),
        wrong_relu(
            "ReLU of dout and x",
            "You return x where dout is positive. Return dout where x is positive.",
            (DX, "x * (dout > 0)"),
        ),
        wrong_relu(
            "sign instead of mask",
            "Where x is negative you turn the sign of dout. Nothing passes there: 0.",
            (DX, "dout * np.sign(x)"),
        ),
        wrong_relu(
            "leaky",
            "A part of the gradient leaks through where x is negative. A plain ReLU's slope is 0 there.",
            (DX, "np.where(x > 0, dout, 0.01 * dout)"),
        ),
        wrong_relu(
            "above 1 instead of 0",
            "You let pass where x is above 1. The ReLU bends at 0.",
            (DX, "dout * (x > 1)"),
        ),
        wrong_relu(
            "averaged over the batch",
            "You divide by the number of images. Every image's dx is its own.",
            (DX, "dout * (x > 0) / len(x)"),
        ),
        wrong_relu(
            "what passed alone",
            "You return only the values that pass: dout[x > 0] is a flat list of them. dx has the shape of x, with zeros where nothing passed.",
            (DX, "dout[x > 0]"),
        ),
        wrong_relu(
            "magnitude",
            "You return magnitudes. The gradient passes with either sign.",
            (DX, "np.abs(dout) * (x > 0)"),
        ),
        wrong_relu(
            "cut to integers",
            "Your result takes the dtype of x, so an image of integers cuts the decimals off. Make it of floats.",
            (DX, "np.where(x > 0, dout, 0).astype(x.dtype)"),
            anchor="backprop-testing",
        ),
        wrong_relu(
            "dout changed",
            "You change the array dout: dout[x <= 0] = 0 writes into the caller's array, who may still need it. Make a new one.",
            (DX, "dout"),
            ("return dx", "dx[x <= 0] = 0\n    return dx"),
            anchor="backprop-layers",
        ),
        wrong_relu(
            "x changed",
            "You change the array x. The caller still needs it: read from it only.",
            ("return dx", "x[x < 0] = 0\n    return dx"),
            anchor="backprop-layers",
        ),
    ),
    variants={
        "mask": masked,
        "where": lambda dout, x: np.where(x > 0, dout, 0),
        "where x is not negative, single precision": lambda dout, x: (dout * (x >= 0)).astype(np.float32),
        "loops": relu_loops,
        "nested lists": lambda dout, x: masked(dout, x).tolist(),
    },
)


def products(dout, cache):
    x, w, b = cache
    flat = x.reshape(len(x), -1)
    dx = (dout @ w.T).reshape(x.shape)
    dw = flat.T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


def sums(dout, cache):
    """The chain rule, entry by entry; a list of lists."""
    x, w, b = cache
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(len(b))
    for n in range(len(x)):
        for d, index in enumerate(np.ndindex(x.shape[1:])):
            for m in range(len(b)):
                dx[(n, *index)] += dout[n, m] * w[d, m]
                dw[d, m] += dout[n, m] * x[(n, *index)]
        for m in range(len(b)):
            db[m] += dout[n, m]
    return [dx.tolist(), dw.tolist(), db.tolist()]


def einsums(dout, cache):
    x, w, _ = (np.asarray(part, np.float32) for part in cache)
    dx = np.einsum("nm,dm->nd", dout.astype(np.float32), w)
    return dx.reshape(x.shape), np.einsum("nm,nd->dm", dout, x.reshape(len(x), -1)), np.ones(len(x)) @ dout


def draw_affine(rng):
    def draw(kind, n, shape, m, integer=False):
        shape, m = tuple(map(int, shape)), int(m)
        x = rng.integers(0, 256, (n, *shape), dtype=np.uint8) if integer else rng.normal(size=(n, *shape))
        d = int(np.prod(shape))
        cache = x, rng.normal(size=(d, m)), rng.normal(size=m)
        return [
            Case(name, kind, (rng.normal(size=(n, m)), cache, ("dx", "dw", "db"), name)) for name in ("dx", "dw", "db")
        ]

    n, m = apart(rng, 2, 5)
    return [
        *draw("images", n, (2, 3, 4), m),
        *draw("images of integers", n, (3, 2, 4), m + 1, integer=True),
        *draw("rows of features", n, (rng.integers(5, 9),), m),
        *draw("as many features out as in", 3, (2, 2), 4),
        *draw("as many images as features", 4, (2, 2), 3),
        *draw("all three alike", 4, (2, 2), 4),
        *draw("one image", 1, (3, 2), m),
        *draw("one feature out", 3, (3, 2), 1),
    ]


def wrong_affine(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(products, *changes))


RETURN = "return dx, dw, db"
AFFINE_BACKWARD = Exercise(
    id="hw4.affine_backward",
    function="affine_backward",
    points=3,
    anchor="backprop-adjoint",
    probe="backward",
    reference=cs231n.affine_backward,
    groups={"dx": 2, "dw": 2, "db": 1},
    examples=tuple(
        Case(
            name,
            "one image of two features",
            (
                np.array([[1.0, 10, 100]]),
                (np.array([[2.0, 3]]), np.array([[1.0, 2, 3], [4, 5, 6]]), np.zeros(3)),
                ("dx", "dw", "db"),
                name,
            ),
        )
        for name in ("dx", "dw", "db")
    ),
    draw=draw_affine,
    mistakes=(
        wrong_affine(
            "dx left flat",
            "layers",
            "Your dx has shape (N, D). It has the shape of x: undo the flattening.",
            (".reshape(x.shape)", ""),
        ),
        wrong_affine(
            "w not transposed",
            "adjoint",
            "You multiply dout by w as it is. Backwards it is the transposed matrix: dout @ w.T.",
            ("dout @ w.T", "dout @ w"),
        ),
        wrong_affine(
            "w reshaped instead of transposed",
            "testing",
            "You reshape w where it should be transposed: the shape fits, the values are scrambled.",
            ("dout @ w.T", "dout @ w.reshape(w.shape[::-1])"),
        ),
        wrong_affine(
            "dx flattened down its columns",
            "testing",
            "You undo the flattening in another order than the forward pass flattens.",
            (".reshape(x.shape)", ".reshape(x.shape, order='F')"),
        ),
        wrong_affine(
            "dw transposed",
            "adjoint",
            "Your dw is transposed. It has the shape of w, (D, M): x.T @ dout.",
            ("flat.T @ dout", "dout.T @ flat"),
        ),
        wrong_affine(
            "dw with the flattening transposed",
            "testing",
            "You flatten x in another order than the forward pass does.",
            ("flat = x.reshape(len(x), -1)", "flat = x.reshape(-1, len(x)).T"),
        ),
        wrong_affine(
            "averaged over the batch",
            "dw",
            "You divide dw and db by the number of images. Whether a loss is a mean is already in dout; a layer only adds up.",
            (RETURN, "return dx, dw / len(x), db / len(x)"),
        ),
        wrong_affine(
            "dw averaged over the batch",
            "dw",
            "You divide dw by the number of images. Whether a loss is a mean is already in dout; a layer only adds up.",
            (RETURN, "return dx, dw / len(x), db"),
        ),
        wrong_affine(
            "dx averaged over the batch",
            "adjoint",
            "You divide dx by the number of images. Every image's dx is its own.",
            (RETURN, "return dx / len(x), dw, db"),
        ),
        wrong_affine(
            "db averaged",
            "db",
            "You average dout over the images for db. Add it up.",
            ("dout.sum(axis=0)", "dout.mean(axis=0)"),
        ),
        wrong_affine(
            "db counts",
            "db",
            "Your db counts the images. Sum dout over them.",
            ("dout.sum(axis=0)", "np.full(len(b), len(x))"),
        ),
        wrong_affine(
            "db over the wrong axis",
            "db",
            "Your db sums over features and leaves the images. Sum over axis 0.",
            ("dout.sum(axis=0)", "dout.sum(axis=1)"),
        ),
        wrong_affine(
            "db with two axes",
            "db",
            "Your db has shape (1, M). It has the shape of b, (M,).",
            ("dout.sum(axis=0)", "dout.sum(axis=0, keepdims=True)"),
        ),
        wrong_affine(
            "db by image",
            "db",
            "Your db is dout itself. The batch shares the bias: sum over images.",
            ("dout.sum(axis=0)", "dout.copy()"),
        ),
        wrong_affine(
            "db one number",
            "db",
            "Your db is one number. There is one for each output feature.",
            ("dout.sum(axis=0)", "dout.sum()"),
        ),
        wrong_affine(
            "dout ignored",
            "adjoint",
            "dout makes no difference to your gradients: they are as if it were 1 everywhere.",
            ("flat =", "dout = np.ones_like(dout)\n    flat ="),
        ),
        wrong_affine(
            "dw of sums",
            "dw",
            "Your dw multiplies the sum of the images with the sum of dout. Multiply image by image, then add up: x.T @ dout does both.",
            ("flat.T @ dout", "np.outer(flat.sum(axis=0), dout.sum(axis=0))"),
        ),
        wrong_affine(
            "dx added over the batch",
            "adjoint",
            "Every image of your dx is the sum over the batch. dout[n] goes back to image n alone.",
            ("(dout @ w.T)", "(np.ones((len(x), len(x))) @ dout @ w.T)"),
        ),
        wrong_affine(
            "inverse instead of transposed",
            "adjoint",
            "You go back with the inverse of w. Gradients go back with the transposed matrix: an adjoint is no inverse.",
            ("dout @ w.T", "dout @ np.linalg.pinv(w)"),
        ),
        wrong_affine(
            "dx cut to integers",
            "testing",
            "Your dx takes the dtype of x, so images of integers cut the decimals off. Make it of floats.",
            (".reshape(x.shape)", ".reshape(x.shape).astype(x.dtype)"),
        ),
        wrong_affine(
            "order of the results",
            "layers",
            "Your results come in the wrong order. Return dx, dw, db.",
            (RETURN, "return dw, dx, db"),
        ),
        wrong_affine(
            "dx alone", "layers", "You return dx alone. Return a tuple of three: dx, dw, db.", (RETURN, "return dx")
        ),
        wrong_affine(
            "x reshaped in place",
            "layers",
            "You change the shape of x itself. The caller still needs it: x.reshape(...) makes a new view.",
            (RETURN, "x.shape = flat.shape\n    return dx, dw, db"),
        ),
    ),
    variants={
        "products": products,
        "entry by entry, nested lists": sums,
        "einsum, single precision": einsums,
    },
)
