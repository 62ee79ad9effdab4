"""Exercise saliency."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def saliency(model, x, c):
    model.zero_grad()
    scores = model.forward(x)
    dscores = np.zeros(scores.shape)
    dscores[:, c] = 1
    model.backward(dscores)
    grad = model.grads["x"]
    model.zero_grad()
    return np.abs(grad).max(axis=1)


def by_difference(model, x, c):
    """The gradients before are subtracted, those afterwards cleared."""
    earlier = np.array(model.grads.get("x", 0.0))
    model.backward(np.eye(model.forward(x).shape[1])[[c] * len(x)])
    grad = model.grads["x"] - earlier
    model.grads = {name: 0 * value for name, value in model.grads.items()}
    return np.maximum(grad.max(axis=1), -grad.min(axis=1))


def image_by_image(model, x, c):
    """One image after the other, lists."""
    maps = []
    for image in x:
        model.grads.clear()
        d = np.zeros_like(model.forward(image[None]))
        d[0, c] = 1.0
        model.backward(d)
        maps.append(abs(model.grads.pop("x")[0]).max(0).tolist())
    model.zero_grad()
    return maps


def by_hand(model, x, c):
    """The weights multiplied, without the model's own backward pass; float32."""
    model.forward(x)
    grad = np.tile(model.layers[-1][0][:, c], (len(x), 1))
    for k in range(len(model.layers) - 2, -1, -1):
        grad = (grad * (model.inputs[k + 1] > 0)) @ model.layers[k][0].T
    model.zero_grad()
    return np.abs(grad.reshape(x.shape)).max(axis=1).astype(np.float32)


LINEAR, DEEP, GRADS = "one linear layer", "two layers", "a model that is used before and after"


def make_layers(rng, features, hidden, classes):
    widths = [features, *hidden, classes]
    return [
        (rng.standard_normal((one, other)) / np.sqrt(one), rng.standard_normal(other) / 2)
        for one, other in zip(widths[:-1], widths[1:], strict=True)
    ]


def draw(rng):
    def case(group, kind, n, channels, hidden=(), state="new", best=False):
        h, w = sizes(rng, 2, 2, 6)
        classes = int(rng.integers(3, 6))
        layers = make_layers(rng, channels * h * w, hidden, classes)
        x = rng.standard_normal((n, channels, h, w))
        return Case(group, kind, (layers, x, int(rng.integers(classes)), state))

    return [
        case(LINEAR, "one image", 1, 3),
        case(LINEAR, "two images", 2, 3),
        case(LINEAR, "one channel", 2, 1),
        case(DEEP, "three images", 3, 3, (7,)),
        case(DEEP, "two channels", 2, 2, (9,)),
        case(DEEP, "three layers", 2, 3, (8, 6)),
        case(GRADS, "gradients of another batch are there", 2, 3, (7,), "used"),
        case(GRADS, "no gradients are left", 2, 3, (6,), "after"),
    ]


CLEAR = "model.zero_grad()\n    scores = model.forward(x)"
SEED, BACK = "dscores[:, c] = 1", "model.backward(dscores)"
GRAD = 'grad = model.grads["x"]\n    model.zero_grad()'
RETURN = "return np.abs(grad).max(axis=1)"
SOFTMAX = "p = np.exp(scores - scores.max(axis=1, keepdims=True))\n    p = p / p.sum(axis=1, keepdims=True)\n    {}[:, c] = 1\n    "


def wrong(name, sentence, *changes, anchor="saliency"):
    return wrong_from(saliency, name, anchor, sentence, *changes)


W = np.array([[1.0, 0], [-2, 1], [0.5, 0], [0.25, -3], [0, 2], [1, 1]])

SALIENCY = Exercise(
    id="hw6.saliency",
    function="saliency",
    points=9,
    anchor="visualization-saliency",
    reference=saliency,
    probe="explained",
    groups={LINEAR: 3, DEEP: 4, GRADS: 2},
    examples=(
        Case(
            LINEAR,
            "six weights",
            ([(W, np.array([0.5, -1]))], np.array([[[[1.0, 2]], [[0, 1]], [[-1, 3]]]]), 0, "new"),
        ),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "probability for score",
            "You take the gradient of the softmax's probability. Then a pixel counts also for what it does to the other "
            "classes. Take the score.",
            (SEED, SOFTMAX.format("dscores") + "dscores = p[:, [c]] * (dscores - p)"),
        ),
        wrong(
            "logarithm of the probability",
            "You take the gradient of the logarithm of the probability, or of the loss. Take the score, before the "
            "softmax.",
            (SEED, SOFTMAX.format("dscores") + "dscores = dscores - p"),
        ),
        wrong(
            "all scores",
            "You take the gradient of the sum of all scores. Take that of class c alone.",
            (SEED, "dscores[:] = 1"),
        ),
        wrong(
            "the best class",
            "You take the class of the largest score. Take class c, whatever the model prefers.",
            (SEED, "dscores[np.arange(len(x)), scores.argmax(axis=1)] = 1"),
        ),
        wrong(
            "the first class",
            "c makes no difference to your result.",
            (SEED, "dscores[:, 0] = 1"),
        ),
        wrong(
            "score for 1",
            "You send the score itself back. The gradient of a score begins with 1.",
            (SEED, "dscores[:, c] = scores[:, c]"),
        ),
        wrong(
            "mean of the batch",
            "You take the gradient of the mean of the batch's scores: it is divided by N. Each image has its own.",
            (SEED, "dscores[:, c] = 1 / len(x)"),
        ),
        wrong(
            "first image alone",
            "You send the score of the first image back alone.",
            (SEED, "dscores[0, c] = 1"),
        ),
        wrong(
            "old gradients added",
            "Gradients that were in the model before are added to yours: backward adds up. Call zero_grad first.",
            (CLEAR, "scores = model.forward(x)"),
        ),
        wrong(
            "gradients left",
            "You leave gradients in the model, and the next training step would add to them. Call zero_grad afterwards.",
            (GRAD, 'grad = model.grads["x"]'),
        ),
        wrong(
            "gradients before and after",
            "You never call zero_grad: old gradients are added to yours, and yours are left behind.",
            (CLEAR, "scores = model.forward(x)"),
            (GRAD, 'grad = model.grads["x"]'),
        ),
        wrong(
            "backward twice",
            "You call backward twice, and it adds up.",
            (BACK, "model.backward(dscores)\n    model.backward(dscores)"),
        ),
        wrong(
            "sum over channels",
            "You add the channels up. Take the largest of them.",
            (RETURN, "return np.abs(grad).sum(axis=1)"),
        ),
        wrong(
            "mean over channels",
            "You average the channels. Take the largest of them.",
            (RETURN, "return np.abs(grad).mean(axis=1)"),
        ),
        wrong(
            "length over channels",
            "You take the length of the gradient over channels. Take the largest absolute value.",
            (RETURN, "return np.sqrt((grad**2).sum(axis=1))"),
        ),
        wrong(
            "no absolute value",
            "You take the largest gradient with its sign. A pixel whose rise lowers the score matters as well: take "
            "absolute values first.",
            (RETURN, "return grad.max(axis=1)"),
        ),
        wrong(
            "positive part",
            "You keep positive gradients alone. Take absolute values.",
            (RETURN, "return np.maximum(grad, 0).max(axis=1)"),
        ),
        wrong(
            "absolute value too late",
            "You take the absolute value of the largest gradient. Take absolute values first, then the largest.",
            (RETURN, "return np.abs(grad.max(axis=1))"),
        ),
        wrong(
            "absolute value of the sum",
            "You add the channels with their signs, so that they cancel. Take absolute values first, then the largest.",
            (RETURN, "return np.abs(grad.sum(axis=1))"),
        ),
        wrong(
            "first channel",
            "You take the first channel alone.",
            (RETURN, "return np.abs(grad)[:, 0]"),
        ),
        wrong(
            "one map a channel",
            "You return a map for each channel. Take the largest of the channels.",
            (RETURN, "return np.abs(grad)"),
        ),
        wrong(
            "maximum over images",
            "You take the largest over the images, axis 0. Channels are axis 1.",
            (RETURN, "return np.abs(grad).max(axis=0)"),
        ),
        wrong(
            "times the input",
            "You multiply the gradient by the image. That is another method; saliency is the gradient alone.",
            (RETURN, "return np.abs(grad * x).max(axis=1)"),
            anchor="integrated",
        ),
        wrong(
            "scaled",
            "You scale the map to 1 for display. Return it as it is.",
            (RETURN, "found = np.abs(grad).max(axis=1)\n    return found / found.max()"),
        ),
        wrong(
            "each map scaled",
            "You scale each map to 1 for display. Return them as they are.",
            (RETURN, "found = np.abs(grad).max(axis=1)\n    return found / found.max(axis=(1, 2), keepdims=True)"),
        ),
    ),
    variants={
        "zero, forward, backward, zero": saliency,
        "what was there subtracted": by_difference,
        "image by image, lists": image_by_image,
        "weights multiplied, float32": by_hand,
    },
)
