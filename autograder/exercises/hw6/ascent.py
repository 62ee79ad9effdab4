"""Exercise gradient_ascent."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def gradient_ascent(f, x0, steps, lr, l2=0):
    x = np.array(x0, float)
    for _ in range(steps):
        score, grad = f(x)
        slope = grad - 2 * l2 * x
        x = x + lr * slope
    return x


def by_recursion(f, x0, steps, lr, l2=0):
    if steps == 0:
        return x0.copy()
    return by_recursion(f, x0 + lr * f(x0)[1] - lr * l2 * 2 * x0, steps - 1, lr, l2)


def in_place(f, x0, steps, lr, l2=0):
    """A copy that is written into; a list in the end."""
    x = x0.astype(np.float64)
    step = 0
    while step < steps:
        _, grad = f(x)
        x *= 1 - 2 * lr * l2
        x += lr * grad
        step += 1
    return x.tolist()


def downhill(f, x0, steps, lr, l2=0):
    """Descent of the negative."""
    path = [x0]
    for _ in range(steps):
        loss_gradient = -f(path[-1])[1] + 2 * l2 * path[-1]
        path.append(path[-1] - lr * loss_gradient)
    return path[-1] + 0.0


FREE, L2, FEW = "no regulariser", "L2", "few steps"


def draw(rng):
    def hill(kind):
        shape = tuple(sizes(rng, 2, 2, 6))
        return kind, rng.uniform(0.3, 1.2, shape), rng.standard_normal(shape), rng.standard_normal(shape) * 2

    def case(group, what, kind, steps, lr, *l2):
        return Case(group, what, (*hill(kind), steps, lr, *l2))

    few, many = int(rng.integers(4, 9)), int(rng.integers(150, 200))
    return [
        case(FREE, "a bowl, some steps", "bowl", few, 0.2),
        case(FREE, "waves, some steps", "waves", few, 0.3),
        case(FREE, "a bowl, to the top", "bowl", many, 0.5),
        case(L2, "a bowl, some steps", "bowl", few, 0.2, float(rng.uniform(0.1, 0.4))),
        case(L2, "waves, some steps", "waves", few, 0.3, float(rng.uniform(0.1, 0.4))),
        case(L2, "a bowl, to the top", "bowl", many, 0.3, float(rng.uniform(0.2, 0.5))),
        case(L2, "waves, one step", "waves", 1, 0.4, float(rng.uniform(0.1, 0.4))),
        case(FEW, "one step", "waves", 1, float(rng.uniform(0.2, 0.6))),
        case(FEW, "no step", "bowl", 0, 0.5),
        case(FEW, "two steps", "waves", 2, 0.7),
    ]


COPY, LOOP, ASK = "x = np.array(x0, float)", "for _ in range(steps):", "score, grad = f(x)"
SLOPE, STEP, RETURN = "slope = grad - 2 * l2 * x", "x = x + lr * slope", "return x"


def wrong(name, sentence, *changes, anchor="ascent"):
    return wrong_from(gradient_ascent, name, anchor, sentence, *changes)


A, T, X0 = np.array([[1.0, 0.5, 0.8]]), np.array([[2.0, -1, 0.5]]), np.array([[0.0, 3, -2]])

GRADIENT_ASCENT = Exercise(
    id="hw6.gradient_ascent",
    function="gradient_ascent",
    points=7,
    anchor="visualization-ascent",
    reference=gradient_ascent,
    probe="climbed",
    groups={FREE: 2, L2: 3, FEW: 2},
    examples=(
        Case(FREE, "a bowl, three steps", ("bowl", A, T, X0, 3, 0.5)),
        Case(L2, "the same with L2", ("bowl", A, T, X0, 3, 0.5, 0.1)),
        Case(FEW, "no step", ("bowl", A, T, X0, 0, 0.5)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "descent",
            "You go down: you subtract the gradient, as in training. Here the score is to rise, so add it.",
            (STEP, "x = x - lr * slope"),
        ),
        wrong(
            "descent, the regulariser right",
            "You subtract the gradient of f, as in training. Here the score is to rise, so add it.",
            (SLOPE, "slope = -grad - 2 * l2 * x"),
        ),
        wrong(
            "regulariser added",
            "Your L2 makes values larger. It is subtracted from the score, and so is its gradient.",
            (SLOPE, "slope = grad + 2 * l2 * x"),
        ),
        wrong(
            "2 forgotten",
            "The derivative of x² is 2x: you forget the 2.",
            (SLOPE, "slope = grad - l2 * x"),
        ),
        wrong("no regulariser", "l2 makes no difference to your result.", (SLOPE, "slope = grad")),
        wrong(
            "L1",
            "You subtract the sign of x, which is the gradient of |x|. That of x² is 2x.",
            (SLOPE, "slope = grad - l2 * np.sign(x)"),
        ),
        wrong(
            "a constant subtracted",
            "You subtract l2 times the squared length from the gradient. Its derivative is needed: 2 l2 x.",
            (SLOPE, "slope = grad - l2 * np.sum(x**2)"),
        ),
        wrong(
            "squares subtracted",
            "You subtract l2 x² from the gradient. Its derivative is needed: 2 l2 x.",
            (SLOPE, "slope = grad - l2 * x**2"),
        ),
        wrong(
            "regulariser of the start",
            "Your L2 looks at x0 all the time. It looks at x as it is now.",
            (SLOPE, "slope = grad - 2 * l2 * x0"),
        ),
        wrong(
            "distance from the start",
            "Your L2 draws x to x0. It draws it to 0.",
            (SLOPE, "slope = grad - 2 * l2 * (x - x0)"),
        ),
        wrong(
            "regulariser without lr",
            "Your L2 is not multiplied by lr. It is a part of what is climbed.",
            (STEP, "x = x + lr * grad - 2 * l2 * x"),
        ),
        wrong(
            "regulariser after the step",
            "You step first and take the gradient of L2 at the new place. Both gradients are of one place.",
            (SLOPE, "slope = grad"),
            (STEP, "x = x + lr * slope\n        x = x - 2 * lr * l2 * x"),
        ),
        wrong(
            "gradient of the start",
            "You ask for the gradient at x0 all the time. Ask at x as it is now.",
            (ASK, "score, grad = f(x0 + 0.0)"),
        ),
        wrong(
            "steps from the start",
            "Each of your steps begins at x0 again.",
            (STEP, "x = x0 + lr * slope"),
        ),
        wrong("one step too few", "You take one step too few.", (LOOP, "for _ in range(steps - 1):")),
        wrong("one step too many", "You take one step too many.", (LOOP, "for _ in range(steps + 1):")),
        wrong(
            "one step alone",
            "You take one step alone. Perhaps return stands inside of the loop.",
            (LOOP, "for _ in range(min(steps, 1)):"),
        ),
        wrong(
            "lr forgotten",
            "You forget the learning rate.",
            (STEP, "x = x + slope"),
        ),
        wrong(
            "lr divides",
            "You divide by the learning rate. Multiply by it.",
            (STEP, "x = x + slope / lr"),
        ),
        wrong(
            "lr shrinks",
            "Your learning rate becomes smaller from step to step. It stays.",
            (STEP, "x = x + lr * slope\n        lr = lr * 0.9"),
        ),
        wrong(
            "gradient of length 1",
            "You divide the gradient by its length. That is common, and not asked for: use it as it is.",
            (SLOPE, "slope = grad - 2 * l2 * x\n        slope = slope / (np.sqrt(np.sum(slope**2)) + 1e-12)"),
        ),
        wrong(
            "sign of the gradient",
            "You step by the sign of the gradient. Use it as it is.",
            (SLOPE, "slope = np.sign(grad - 2 * l2 * x)"),
        ),
        wrong(
            "score for gradient",
            "You step by the score. f returns score and gradient, in this order.",
            (ASK, "grad, score = f(x)\n        grad = grad + 0 * x"),
        ),
        wrong(
            "times the score",
            "You multiply the gradient by the score.",
            (SLOPE, "slope = score * grad - 2 * l2 * x"),
        ),
        wrong(
            "momentum",
            "You keep a part of the last step. Plain steps are asked for.",
            (COPY, "x = np.array(x0, float)\n    before = x"),
            (STEP, "x, before = x + lr * slope + 0.9 * (x - before), x"),
        ),
        wrong("cut to 0 and 1", "You cut x to 0 to 1. It is not cut here.", (RETURN, "return np.clip(x, 0, 1)")),
        wrong("score", "You return the score. Return x.", (RETURN, "return f(x)[0]")),
        wrong("gradient", "You return the gradient. Return x.", (RETURN, "return f(x)[1]")),
        wrong("how far", "You return how far x has moved. Return x.", (RETURN, "return x - x0")),
        wrong(
            "start changed",
            "You change x0 itself: += writes into the array that you were given. Begin with a copy.",
            (COPY, "x = x0"),
            (STEP, "x += lr * slope"),
        ),
    ),
    variants={
        "step by step": gradient_ascent,
        "recursion": by_recursion,
        "a copy written into, a list": in_place,
        "descent of the negative": downhill,
    },
)
