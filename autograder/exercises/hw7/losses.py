"""Exercise smooth_l1."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import wrong_from
from convbook import detection


def smooth_l1(x, beta=1.0):
    size = np.abs(x)
    near = size**2 / (2 * beta)
    far = size - beta / 2
    return np.where(size < beta, near, far)


def value_by_value(x, beta=1.0):
    flat = [v * v / (2 * beta) if abs(v) <= beta else abs(v) - 0.5 * beta for v in np.ravel(x).tolist()]
    return np.array(flat).reshape(np.shape(x)).tolist()


def by_clipping(x, beta=1.0):
    """The integral of the slope, which is x / beta cut off at 1."""
    inner = np.clip(x, -beta, beta)
    return inner * (x - inner / 2) / beta


def by_masks(x, beta=1.0):
    out = np.abs(np.asarray(x, np.float32))
    near = out < beta
    out[near] = out[near] ** 2 / (2 * beta)
    out[~near] -= beta / 2
    return out


ONE, OTHER = "beta is 1", "another beta"


def draw(rng):
    def case(group, kind, x, *beta):
        return Case(group, kind, (x, *beta))

    n, m = int(rng.integers(4, 8)), int(rng.integers(2, 4))
    small, large = float(rng.uniform(0.1, 0.4)), float(rng.uniform(2, 4))
    spread = rng.uniform(-3, 3, (n, m))
    corners = np.array([-2.0, -1, -0.99, -0.25, 0, 0.5, 1, 1.01, 5])
    return [
        case(ONE, "values of both kinds", spread),
        case(ONE, "values around the corner", corners[rng.permutation(9)] + rng.uniform(0, 0.005)),
        case(ONE, "three axes", rng.uniform(-3, 3, (2, m, n))),
        case(ONE, "one value", rng.uniform(1.5, 3, 1)),
        case(ONE, "whole numbers", rng.integers(-4, 5, (n, 4))),
        case(OTHER, "a small beta", spread, small),
        case(OTHER, "a large beta", 2 * spread, large),
        case(OTHER, "at beta itself", np.array([-large, large, 0, large / 2, -2 * large]), large),
        case(OTHER, "a small beta, small values", rng.uniform(-0.5, 0.5, (m, n)), small),
    ]


SIZE, NEAR, FAR = "size = np.abs(x)", "near = size**2 / (2 * beta)", "far = size - beta / 2"
RETURN = "return np.where(size < beta, near, far)"


def wrong(name, sentence, *changes, anchor="losses"):
    return wrong_from(smooth_l1, name, anchor, sentence, *changes)


SMOOTH_L1 = Exercise(
    id="hw7.smooth_l1",
    function="smooth_l1",
    points=4,
    anchor="detection-losses",
    reference=detection.smooth_l1,
    groups={ONE: 1, OTHER: 1},
    examples=(
        Case(ONE, "five values", (np.array([-3.0, -1, 0.5, 0, 2]),)),
        Case(OTHER, "the same, beta 2", (np.array([-3.0, -1, 0.5, 0, 2]), 2.0)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "no half in the square",
            "Your square has no half: x² / (2 beta). Without it value and slope jump at beta.",
            (NEAR, "near = size**2 / beta"),
        ),
        wrong(
            "no half in the line",
            "Your line is |x| - beta. It is |x| - beta / 2, so that both meet at beta.",
            (FAR, "far = size - beta"),
        ),
        wrong(
            "no half at all",
            "Neither square nor line has its half: x² / (2 beta) and |x| - beta / 2.",
            (NEAR, "near = size**2 / beta"),
            (FAR, "far = size - beta"),
        ),
        wrong(
            "nothing subtracted",
            "Your line is |x|. Subtract beta / 2, so that it meets the square.",
            (FAR, "far = size"),
        ),
        wrong("half added", "You add the half to the line. Subtract it.", (FAR, "far = size + beta / 2")),
        wrong(
            "beta forgotten in the square",
            "Your square is x² / 2 for every beta. Divide by beta: then the slope is 1 at beta.",
            (NEAR, "near = size**2 / 2"),
        ),
        wrong(
            "beta forgotten in the line",
            "Your line is |x| - 1/2 for every beta. It is |x| - beta / 2.",
            (FAR, "far = size - 0.5"),
        ),
        wrong(
            "beta forgotten in both",
            "beta only moves the corner in your code. It belongs into both pieces: x² / (2 beta) and |x| - beta / 2.",
            (NEAR, "near = size**2 / 2"),
            (FAR, "far = size - 0.5"),
        ),
        wrong("beta unused", "beta makes no difference to your result.", (SIZE, "beta = 1.0\n    size = np.abs(x)")),
        wrong(
            "beta multiplied",
            "You multiply the square by beta: x**2 / 2 * beta does that too, for Python goes from left to right. "
            "Divide by it: x**2 / (2 * beta).",
            (NEAR, "near = size**2 * beta / 2"),
        ),
        wrong(
            "Huber",
            "Your loss is Huber's, which is beta times this one: its slope beyond beta is beta. Here it is 1.",
            (NEAR, "near = size**2 / 2"),
            (FAR, "far = beta * (size - beta / 2)"),
        ),
        wrong(
            "beta squared",
            "You take beta for 1 / sigma², as the first code did. Here the corner is at beta.",
            (SIZE, "beta = beta**2\n    size = np.abs(x)"),
        ),
        wrong(
            "corner at 1",
            "Your corner is at 1 for every beta. The square ends at beta.",
            (RETURN, "return np.where(size < 1, near, far)"),
        ),
        wrong(
            "pieces exchanged",
            "You have exchanged the pieces: the square belongs inside, the line outside.",
            (RETURN, "return np.where(size < beta, far, near)"),
        ),
        wrong(
            "sign forgotten in the test",
            "You compare x with beta, and not |x|: negative values are all squared.",
            (RETURN, "return np.where(x < beta, near, far)"),
        ),
        wrong("sign kept", "Your line keeps the sign of x. It is |x| - beta / 2.", (FAR, "far = x - beta / 2")),
        wrong("squares alone", "Your loss is a square everywhere. Beyond beta it is a line.", (RETURN, "return near")),
        wrong("lines alone", "Your loss is a line everywhere. Up to beta it is a square.", (RETURN, "return far")),
        wrong(
            "absolute value",
            "Your loss is |x|. Up to beta it is a square, and the line is shifted.",
            (RETURN, "return size"),
        ),
        wrong(
            "sum",
            "You add up all values. Return each by itself.",
            (RETURN, "return np.where(size < beta, near, far).sum()"),
        ),
        wrong(
            "mean",
            "You return the mean of all values. Return each by itself.",
            (RETURN, "return np.where(size < beta, near, far).mean()"),
        ),
        wrong(
            "summed over the last axis",
            "You add up the last axis. Return each value by itself.",
            (RETURN, "return np.where(size < beta, near, far).sum(axis=-1)"),
        ),
        wrong("slope", "You return the slope. The value is asked for.", (RETURN, "return np.clip(x / beta, -1, 1)")),
        wrong(
            "nothing outside",
            "You return 0 beyond beta. There it is |x| - beta / 2.",
            (RETURN, "return np.where(size < beta, near, 0)"),
        ),
    ),
    variants={
        "where": smooth_l1,
        "value by value, lists": value_by_value,
        "the slope's integral": by_clipping,
        "masks, single precision": by_masks,
    },
)
