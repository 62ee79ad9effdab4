"""Exercise numerical_gradient."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.conv import apart
from autograder.probes import function_of_array
from convbook import kernels


def central(f, x, df, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        x[index] = old + h
        upper = np.array(f(x))
        x[index] = old - h
        lower = np.array(f(x))
        x[index] = old
        grad[index] = np.sum((upper - lower) * df) / (2 * h)
    return grad


def with_unit_arrays(f, x, df, h=1e-5):
    """Nothing is changed in place: x plus a step along each axis."""
    x = np.asarray(x, np.float64)
    steps = h * np.eye(x.size).reshape(-1, *x.shape)
    parts = [(np.vdot(df, f(x + step)) - np.vdot(df, f(x - step))) / h / 2 for step in steps]
    return np.reshape(parts, x.shape)


def in_place(f, x, df, h=1e-5):
    """As CS231n has it, with x itself changed and put back where it can be; a nested list."""
    work = x if x.dtype == np.float64 else x.astype(np.float64)
    grad = np.zeros_like(work)
    it = np.nditer(work, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        ix = it.multi_index
        oldval = work[ix]
        work[ix] = oldval + h
        pos = np.copy(f(work))
        work[ix] = oldval - h
        neg = np.copy(f(work))
        work[ix] = oldval
        grad[ix] = np.sum((pos - neg) * df) / (2 * h)
        it.iternext()
    return grad.tolist()


def scalars_first(f, x, df, h=1e-5):
    """The weighted sum is one number; its difference quotient, with the step that was really made."""

    def loss(flat):
        return float(np.sum(np.asarray(f(flat.reshape(x.shape))) * df))

    flat = x.astype(np.float64).ravel()
    grad = []
    for k in range(flat.size):
        up, down = flat.copy(), flat.copy()
        up[k] += h
        down[k] -= h
        grad.append((loss(up) - loss(down)) / (up[k] - down[k]))
    return np.array(grad).reshape(x.shape)


def draw(rng):
    def case(group, kind, f, shape, *h, dtype=float):
        shape = tuple(map(int, shape))
        x = rng.normal(size=shape) + 0.5 if dtype is float else rng.integers(1, 6, shape).astype(dtype)
        out = function_of_array(f)(x.astype(float))
        df = rng.normal(size=np.shape(out)) + 0.5 if np.ndim(out) else float(rng.uniform(2, 3))
        return Case(group, kind, (f, x, df, *h))

    slope, step, form = "slopes", "the step", "shapes and types"
    wide = float(rng.uniform(0.2, 0.5))
    return [
        case(slope, "cubes of a vector", "cubes", rng.integers(3, 7, 1)),
        case(slope, "cubes of a matrix", "cubes", apart(rng, 2, 5)),
        case(slope, "products of columns", "products", (rng.integers(2, 5), 4)),
        case(slope, "a product of matrices", "gram", apart(rng, 2, 5)),
        case(slope, "one number", "sum", apart(rng, 2, 5)),
        case(slope, "differences of neighbours, four axes", "differences", (2, 1, 3, 4)),
        case(step, "cubes, a wide step", "cubes", apart(rng, 2, 5), wide),
        case(step, "products, a wide step", "products", (3, 4), wide),
        case(step, "differences, a wide step", "differences", (2, 4), wide),
        case(step, "one number, a small step", "sum", (3,), 1e-4),
        case(form, "a view of the argument", "flat", apart(rng, 2, 5)),
        case(form, "four axes", "cubes", (2, 1, 3, 2)),
        case(form, "single precision", "cubes", (3, 2), dtype=np.float32),
        case(form, "integers", "gram", (3, 2), dtype=np.int64),
        case(form, "integers, a wide step", "cubes", (2, 3), wide, dtype=np.int64),
    ]


QUOTIENT = "grad[index] = np.sum((upper - lower) * df) / (2 * h)"
COPY = "x = np.array(x, dtype=float)"


def wrong(name, sentence, *changes):
    return Mistake(name, sentence, "backprop-gradcheck", rewrite(central, *changes))


NUMERICAL_GRADIENT = Exercise(
    id="hw4.numerical_gradient",
    function="numerical_gradient",
    points=3,
    anchor="backprop-gradcheck",
    probe="gradient",
    reference=lambda f, x, df, h=1e-5: kernels.numerical_gradient(f, np.array(x, float), df, h),
    groups={"slopes": 2, "the step": 2, "shapes and types": 1},
    examples=(
        Case("slopes", "cubes of 1 and 2", ("cubes", np.array([1.0, 2]), np.array([1.0, 10]))),
        Case("the step", "cubes of 1 and 2, h = 0.5", ("cubes", np.array([1.0, 2]), np.array([1.0, 10]), 0.5)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "one-sided, forward",
            "You take f(x + h) - f(x): the error falls with h. Step to both sides: (f(x + h) - f(x - h)) / (2 * h), whose error falls with h squared.",
            (QUOTIENT, "lower = np.array(f(x))\n        grad[index] = np.sum((upper - lower) * df) / h"),
        ),
        wrong(
            "one-sided, backward",
            "You take f(x) - f(x - h): the error falls with h. Step to both sides: (f(x + h) - f(x - h)) / (2 * h), whose error falls with h squared.",
            (QUOTIENT, "upper = np.array(f(x))\n        grad[index] = np.sum((upper - lower) * df) / h"),
        ),
        wrong("zeros", "Your gradient is 0 everywhere.", (QUOTIENT, "grad[index] = 0")),
        wrong("divided by h", "You divide by h. The two points are 2 * h apart.", ("/ (2 * h)", "/ h")),
        wrong(
            "divided by 2, times h",
            "You write / 2 * h, which divides by 2 and multiplies by h. Write / (2 * h).",
            ("/ (2 * h)", "/ 2 * h"),
        ),
        wrong("not divided", "You do not divide by the distance of the two points, 2 * h.", (" / (2 * h)", "")),
        wrong("sign", "Your sign is wrong: f(x + h) - f(x - h).", ("(upper - lower)", "(lower - upper)")),
        wrong(
            "df ignored",
            "df makes no difference to your result. Multiply the differences of f by df before you sum.",
            ("* df", "* np.ones_like(df)"),
        ),
        wrong(
            "averaged",
            "You average over the outputs. Add up.",
            ("np.sum((upper - lower) * df)", "np.mean((upper - lower) * df)"),
        ),
        wrong(
            "summed apart",
            "You sum the differences and df each by itself. Multiply them value by value, then sum.",
            ("np.sum((upper - lower) * df)", "np.sum(upper - lower) * np.sum(df)"),
        ),
        wrong(
            "x not put back",
            "You leave each value of your copy at x - h, so the later slopes are taken elsewhere. Put the old value back.",
            ("        x[index] = old\n", ""),
        ),
        wrong(
            "all values moved at once",
            "You move all values of x together: that is the slope along the diagonal, not the gradient. Move one value at a time.",
            ("x[index] = old + h", "x = x + h"),
            ("x[index] = old - h", "x = x - 2 * h"),
            ("x[index] = old\n", "x = x + h\n"),
        ),
        wrong(
            "h fixed",
            "You always step by 1e-5. That is the default; the caller may ask for another h.",
            (COPY, COPY + "\n    h = 1e-5"),
        ),
        wrong(
            "a view kept",
            "f may return a view of its argument; when you move x again, what you kept moves with it. Copy what f returns.",
            ("upper = np.array(f(x))", "upper = np.asarray(f(x))"),
            ("lower = np.array(f(x))", "lower = np.asarray(f(x))"),
        ),
        wrong(
            "single precision",
            "You compute in float32, where a step of 1e-5 drowns in rounding. Take the steps in float64.",
            (COPY, "x = np.array(x, dtype=np.float32)"),
        ),
        wrong(
            "steps in the dtype of x",
            "You take the steps in the dtype of x: in integers a step of h is none, in float32 it drowns. Make a float64 copy first.",
            (COPY, "x = np.array(x)"),
        ),
        wrong(
            "x not put back exactly",
            "You go back by adding h again, which leaves a rounding error in x. Keep the old value and put it back.",
            (COPY, "x = x if x.dtype == float else np.array(x, dtype=float)"),
            ("x[index] = old + h", "x[index] += h"),
            ("x[index] = old - h", "x[index] -= 2 * h"),
            ("x[index] = old\n", "x[index] += h\n"),
        ),
        wrong(
            "x left changed",
            "You change x and do not put it back. The caller still needs it.",
            (COPY, "x = x if x.dtype == float else np.array(x, dtype=float)"),
            ("        x[index] = old\n", ""),
        ),
        wrong("flat", "Your result is flat. It has the shape of x.", ("return grad", "return grad.ravel()")),
        wrong(
            "one number",
            "You return one number. There is one slope for each value of x.",
            ("return grad", "return grad.sum()"),
        ),
        wrong(
            "the change instead of the slope",
            "You return the value of the weighted sum. Its slopes are wanted.",
            (QUOTIENT, "grad[index] = np.sum(np.array(f(x)) * df)"),
        ),
    ),
    variants={
        "a float copy, changed in place": central,
        "x plus unit arrays": with_unit_arrays,
        "nditer, x changed and put back, nested lists": in_place,
        "a scalar function, the step that was made": scalars_first,
    },
)
