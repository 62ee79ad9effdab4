"""Exercise relu_backward."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def relu_backward(dout, x, mode):
    was_on = x > 0
    speaks_for = dout > 0
    if mode == "backprop":
        keep = was_on
    elif mode == "deconv":
        keep = speaks_for
    else:
        keep = was_on & speaks_for
    return np.where(keep, dout, 0)


def value_by_value(dout, x, mode):
    out = np.zeros(dout.shape)
    for place in np.ndindex(dout.shape):
        blocked = (mode != "deconv" and x[place] <= 0) or (mode != "backprop" and dout[place] < 0)
        out[place] = 0 if blocked else dout[place]
    return out.tolist()


def by_factors(dout, x, mode):
    """Masks multiplied; float32."""
    dout = np.array(dout, np.float32)
    masks = {"backprop": (x > 0), "deconv": (dout > 0), "guided": (x > 0) * (dout > 0)}
    return dout * masks[mode]


def by_maximum(dout, x, mode):
    """A ReLU on the way back, then the mask of the way there."""
    dx = dout + 0.0
    if mode in ("deconv", "guided"):
        dx = np.maximum(dx, 0)
    if mode in ("backprop", "guided"):
        dx[~(x > 0)] = 0
    return dx


BACKPROP, DECONV, GUIDED = "backprop", "deconv", "guided"
X = np.array([[2.0, 2, -3, -3], [0, 0, 4, -1]])
DOUT = np.array([[5.0, -6, 7, -8], [1, -2, 0, 0]])


def draw(rng):
    cases = []
    for mode in (BACKPROP, DECONV, GUIDED):
        n, c = sizes(rng, 2, 2, 5)
        h, w = sizes(rng, 2, 3, 6)
        shape = {BACKPROP: (n, c, h, w), DECONV: (n, h * w), GUIDED: (c, h, w)}[mode]
        args = rng.standard_normal((2, *shape)) + 0.1
        cases += [
            Case(mode, "every pair of signs", (*args, mode)),
            Case(mode, "large inputs, small gradients", (args[0] / 9, 5 * args[1], mode)),
            Case(mode, "whole numbers, some of them 0", (*rng.integers(-2, 3, (2, 5, 8)), mode)),
            Case(mode, "gradients for alone", (np.abs(args[0]), args[1], mode)),
        ]
    return cases


ON, FOR, KEPT = "was_on = x > 0", "speaks_for = dout > 0", "return np.where(keep, dout, 0)"
KEEP_BACKPROP, KEEP_DECONV, KEEP_GUIDED = "keep = was_on\n", "keep = speaks_for\n", "keep = was_on & speaks_for"


def wrong(name, sentence, *changes, anchor="relu"):
    return wrong_from(relu_backward, name, anchor, sentence, *changes)


RELU_BACKWARD = Exercise(
    id="hw6.relu_backward",
    function="relu_backward",
    points=7,
    anchor="visualization-relu",
    reference=relu_backward,
    groups={BACKPROP: 2, DECONV: 2, GUIDED: 3},
    examples=tuple(Case(mode, "eight pairs of signs", (DOUT, X, mode)) for mode in (BACKPROP, DECONV, GUIDED)),
    draw=draw,
    mistakes=(
        wrong(
            "masks exchanged",
            "You have exchanged two rules: backprop looks at x, deconv at dout.",
            (KEEP_BACKPROP, "keep = speaks_for \n"),
            (KEEP_DECONV, "keep = was_on \n"),
        ),
        wrong(
            "guided by x alone",
            "Your guided rule looks at x alone, which is backprop. It asks for both: x positive and dout positive.",
            (KEEP_GUIDED, "keep = x > 0"),
        ),
        wrong(
            "guided by dout alone",
            "Your guided rule looks at dout alone, which is deconv. It asks for both: x positive and dout positive.",
            (KEEP_GUIDED, "keep = dout > 0"),
        ),
        wrong(
            "one of the two",
            "Your guided rule lets pass what one of the two masks lets pass. It asks for both.",
            (KEEP_GUIDED, "keep = was_on | speaks_for"),
        ),
        wrong(
            "sign of the product",
            "Your guided rule asks whether x * dout is positive. That holds also where both are negative.",
            (KEEP_GUIDED, "keep = x * dout > 0"),
        ),
        wrong(
            "guided where they differ",
            "Your guided rule lets pass where exactly one of x and dout is positive.",
            (KEEP_GUIDED, "keep = was_on ^ speaks_for"),
        ),
        wrong(
            "backprop for all",
            "mode makes no difference: you always let pass where x is positive.",
            (FOR, "speaks_for = x > 0"),
        ),
        wrong(
            "deconv for all",
            "mode makes no difference: you always let pass where dout is positive.",
            (ON, "was_on = dout > 0"),
        ),
        wrong(
            "guided for all",
            "mode makes no difference: you always ask for both.",
            (KEPT, "return np.where(was_on & speaks_for, dout, 0)"),
        ),
        wrong("all pass", "You let everything pass.", (KEPT, "return dout + 0")),
        wrong(
            "backprop asks dout too",
            "Your backprop lets no negative gradient pass. That is guided; the true gradient may be negative.",
            (KEEP_BACKPROP, "keep = was_on & speaks_for \n"),
        ),
        wrong(
            "deconv asks x too",
            "Your deconv looks at x as well, which is guided. It asks only whether dout is positive.",
            (KEEP_DECONV, "keep = was_on & speaks_for \n"),
        ),
        wrong(
            "deconv and guided exchanged",
            "You have exchanged deconv and guided: guided asks for both masks.",
            (KEEP_GUIDED, "keep = dout > 0"),
            (KEEP_DECONV, "keep = was_on & speaks_for \n"),
        ),
        wrong(
            "backprop and guided exchanged",
            "You have exchanged backprop and guided: guided asks for both masks.",
            (KEEP_GUIDED, "keep = x > 0"),
            (KEEP_BACKPROP, "keep = was_on & speaks_for \n"),
        ),
        wrong(
            "0 is on",
            "You let pass where x is exactly 0. The ReLU was off there.",
            (ON, "was_on = x >= 0"),
        ),
        wrong(
            "off lets pass",
            "You let pass where x is negative: the mask is the wrong way round.",
            (ON, "was_on = x < 0"),
        ),
        wrong(
            "against lets pass",
            "You let pass where dout is negative: the mask is the wrong way round.",
            (FOR, "speaks_for = dout < 0"),
        ),
        wrong(
            "negative turned positive",
            "You let negative gradients pass as positive ones. deconv and guided stop them.",
            (FOR, 'speaks_for = dout != 0\n    dout = dout if mode == "backprop" else np.abs(dout)'),
        ),
        wrong(
            "forward pass",
            "You return the ReLU of x. What comes back is a part of dout.",
            (KEPT, "return np.maximum(x, 0)"),
        ),
        wrong("x for dout", "You mask x. What comes back is a part of dout.", (KEPT, "return np.where(keep, x, 0)")),
        wrong("mask", "You return the mask. Multiply dout by it.", (KEPT, "return np.where(keep, 1, 0)")),
        wrong(
            "times x",
            "You multiply by x as well. The slope of a ReLU is 1 where it is on.",
            (KEPT, "return np.where(keep, dout * x, 0)"),
        ),
        wrong(
            "leaky",
            "You let a small part pass where the mask is 0. Nothing passes.",
            (KEPT, "return np.where(keep, dout, 0.01 * dout)"),
        ),
        wrong(
            "dout changed",
            "You write into dout. Write to something new.",
            (KEPT, "dout[~keep] = 0\n    return dout"),
        ),
    ),
    variants={
        "masks": relu_backward,
        "value by value, lists": value_by_value,
        "factors, float32": by_factors,
        "a ReLU on the way back": by_maximum,
    },
)
