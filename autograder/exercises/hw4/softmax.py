"""Exercise softmax_loss."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.conv import apart
from convbook.kernels import cs231n

NAMES = ("loss", "dx")


def softmax_loss(x, y):
    N, K = x.shape
    rows = np.arange(N)
    shifted = x - x.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[rows, y].sum() / N
    dx = np.exp(log_p)
    dx[rows, y] -= 1
    dx = dx / N
    return loss, dx


def image_by_image(x, y):
    loss, dx = 0.0, []
    for scores, label in zip(x.tolist(), y.tolist(), strict=True):
        top = max(scores)
        total = sum(np.exp(s - top) for s in scores)
        loss += np.log(total) - (scores[label] - top)
        dx.append([(np.exp(s - top) / total - (k == label)) / len(x) for k, s in enumerate(scores)])
    return [float(loss / len(x)), dx]


def by_logaddexp(x, y):
    wanted = np.eye(x.shape[1])[y]
    log_sum = np.logaddexp.reduce(x, axis=1, keepdims=True)
    return np.mean(np.sum(wanted * (log_sum - x), axis=1)), (np.exp(x - log_sum) - wanted) / len(x)


def single(x, y):
    loss, dx = softmax_loss(x.astype(np.float32), y)
    return np.float32(loss), dx.astype(np.float32)


def draw(rng):
    def case(group, kind, x):
        y = rng.integers(0, x.shape[1], len(x))
        y[0] = (int(x[0].argmax()) + 1) % x.shape[1]  # one at least is wrong
        parts = NAMES if group == "large scores" else (group,)
        return [Case(group, kind, (x, y, NAMES, part)) for part in parts]

    n, k = apart(rng, 3, 7)
    cases = []
    for part in NAMES:
        cases += case(part, "several images and classes", rng.normal(size=(n, k)) * 2)
        cases += case(part, "as many images as classes", rng.normal(size=(4, 4)) * 2)
        cases += case(part, "two classes", rng.normal(size=(3, 2)) * 2)
        cases += case(part, "scores of integers", rng.integers(-3, 4, (5, 3)))
    x = rng.normal(size=(n, k))
    cases += case("large scores", "scores of about 1000", x * 30 + 1000)
    cases += case("large scores", "scores of about -1000", x * 30 - 1000)
    wide = x * 30
    wide[0] = np.sort(wide[0])[::-1]
    wide[0, 0] += 2000  # the label of this row is the next one
    cases += case("large scores", "a very wrong image", wide)
    apart_by = np.where(np.arange(n) % 2, 1000.0, -1000.0)[:, None]
    return cases + case("large scores", "one image's scores far from another's", x + apart_by)


def wrong(name, sentence, *changes, anchor="backprop-softmax"):
    return Mistake(name, sentence, anchor, rewrite(softmax_loss, *changes))


SHIFT = "shifted = x - x.max(axis=1, keepdims=True)"
LOG_P = "log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))"
LOSS = "loss = -log_p[rows, y].sum() / N"
LESS = "dx[rows, y] -= 1"
MEAN = "dx = dx / N"
RETURN = "return loss, dx"

SOFTMAX_LOSS = Exercise(
    id="hw4.softmax_loss",
    function="softmax_loss",
    points=3,
    anchor="backprop-softmax",
    probe="several",
    reference=cs231n.softmax_loss,
    groups={"loss": 1, "dx": 2, "large scores": 1},
    examples=tuple(
        Case(part, "one image, two equal scores", (np.zeros((1, 2)), np.array([0]), NAMES, part)) for part in NAMES
    ),
    draw=draw,
    mistakes=(
        wrong(
            "no shift",
            "Your exponentials overflow for large scores. Subtract each row's largest score first: that changes no probability.",
            (SHIFT, "shifted = x"),
        ),
        wrong(
            "one shift for all images",
            "You subtract the largest score of the whole batch. An image whose scores are all far below it is left with zeros: subtract each row's own.",
            (SHIFT, "shifted = x - x.max()"),
        ),
        wrong(
            "shift over images",
            "You subtract the largest score of each class. Subtract that of each image: axis 1.",
            (SHIFT, "shifted = x - x.max(axis=0)"),
        ),
        wrong(
            "log of a probability that is 0",
            "You take the logarithm of a probability. A very unlikely class has one that rounds to 0: subtract logarithms instead, score minus the log of the sum.",
            (LOSS, "loss = -np.log(np.exp(log_p)[rows, y]).sum() / N"),
        ),
        wrong(
            "log of a clipped probability",
            "You clip probabilities before the logarithm, so a very wrong score costs no more than a wrong one. Subtract logarithms instead: score minus the log of the sum.",
            (LOSS, "loss = -np.log(np.clip(np.exp(log_p[rows, y]), 1e-12, 1)).sum() / N"),
        ),
        wrong(
            "loss summed",
            "Your loss is the sum over the images. It is their mean.",
            (LOSS, "loss = -log_p[rows, y].sum()"),
        ),
        wrong(
            "gradient not divided",
            "Your dx is not divided by the number of images. The loss is a mean, so 1 / N stands in its gradient: this is where it enters, no layer below divides.",
            (MEAN, ""),
        ),
        wrong(
            "sums throughout",
            "Your loss is the sum over the images, and so is what your dx belongs to. Divide both by N.",
            (LOSS, "loss = -log_p[rows, y].sum()"),
            (MEAN, ""),
        ),
        wrong(
            "divided by the classes",
            "You divide by the number of classes. Divide by that of images.",
            (LOSS, "loss = -log_p[rows, y].sum() / K"),
            (MEAN, "dx = dx / K"),
        ),
        wrong(
            "divided by images and classes",
            "You divide by images times classes. Divide by the number of images.",
            (LOSS, "loss = -log_p[rows, y].sum() / x.size"),
            (MEAN, "dx = dx / x.size"),
        ),
        wrong(
            "label not subtracted",
            "Your dx is the probabilities. Subtract 1 where the label is.",
            (LESS, ""),
        ),
        wrong(
            "label subtracted after dividing",
            "You subtract 1 after dividing by N. Subtract first: each image's row then sums to 0.",
            (LESS, ""),
            (MEAN, "dx = dx / N\n    dx[rows, y] -= 1"),
        ),
        wrong(
            "labels subtracted from every image",
            "dx[:, y] takes the columns y of every row. One entry of each row is wanted: dx[np.arange(N), y].",
            (LESS, "dx[:, y] -= 1"),
        ),
        wrong(
            "loss of everybody's labels",
            "log_p[:, y] takes the columns y of every row. One entry of each row is wanted: log_p[np.arange(N), y].",
            (LOSS, "loss = -log_p[:, y].mean()"),
        ),
        wrong("gradient upside down", "Your dx has the wrong sign.", (MEAN, "dx = -dx / N")),
        wrong(
            "loss upside down",
            "Your loss has the wrong sign: it is the negative logarithm.",
            (LOSS, LOSS.replace("-", "")),
        ),
        wrong(
            "gradient at the label alone",
            "Your dx is 0 except at the labels. Every score moves the sum, so every score has a gradient.",
            (MEAN, "dx = np.where(np.eye(K)[y], dx, 0) / N"),
        ),
        wrong(
            "gradient for the probability",
            "Your dx is the gradient for the probabilities, -1 / p. Go on through the softmax, to the scores.",
            (MEAN, "dx = -np.eye(K)[y] / np.exp(log_p) / N"),
        ),
        wrong(
            "softmax over images",
            "Your probabilities sum to 1 over the images. They do so over the classes of each image: axis 1.",
            (SHIFT, "shifted = x - x.max(axis=0)"),
            (LOG_P, LOG_P.replace("axis=1, keepdims=True", "axis=0")),
        ),
        wrong(
            "softmax over everything",
            "Your probabilities sum to 1 over the whole batch. They do so for each image: axis 1.",
            (LOG_P, LOG_P.replace("axis=1, keepdims=True", "")),
        ),
        wrong(
            "all classes in the loss",
            "Your loss adds up all classes. Only the label's own counts.",
            (LOSS, "loss = -log_p.sum() / N"),
        ),
        wrong(
            "one minus the probability",
            "Your loss is one minus the probability of the label. It is the negative logarithm of it.",
            (LOSS, "loss = (1 - np.exp(log_p[rows, y])).sum() / N"),
        ),
        wrong(
            "logarithm to base 2",
            "Your loss takes the logarithm to base 2. It is the natural one.",
            (LOSS, "loss = -log_p[rows, y].sum() / N / np.log(2)"),
        ),
        wrong(
            "loss of each image",
            "Your loss has a value for each image. It is one number, their mean.",
            (LOSS, "loss = -log_p[rows, y]"),
        ),
        wrong("loss alone", "You return the loss alone. Return a tuple of two: loss, dx.", (RETURN, "return loss")),
        wrong(
            "order of the results",
            "Your results come in the wrong order. Return loss, dx.",
            (RETURN, "return dx, loss"),
        ),
        wrong(
            "x changed",
            "You change the array x. The caller still needs the scores: write to something new.",
            (RETURN, "x[:] = shifted\n    return loss, dx"),
            anchor="backprop-layers",
        ),
    ),
    variants={
        "logarithms subtracted": softmax_loss,
        "image by image, nested lists": image_by_image,
        "logaddexp and one-hot labels": by_logaddexp,
        "single precision": single,
    },
)
