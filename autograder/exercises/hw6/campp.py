"""Exercise grad_cam_pp."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def grad_cam_pp(acts, grads):
    sums = acts.sum(axis=(1, 2), keepdims=True)
    top = grads**2
    bottom = 2 * grads**2 + sums * grads**3
    alpha = np.where(bottom != 0, top / np.where(bottom != 0, bottom, 1), 0)
    positive = np.maximum(grads, 0)
    weights = (alpha * positive).sum(axis=(1, 2))
    total = (weights[:, None, None] * acts).sum(axis=0)
    return np.maximum(total, 0)


def place_by_place(acts, grads):
    """Reduced by g squared: alpha is 1 / (2 + g sum(A)), and only positive gradients count."""
    out = np.zeros(acts.shape[1:])
    for act, grad in zip(acts, grads, strict=True):
        out += act * sum(g / (2 + g * act.sum()) for g in grad.ravel() if g > 0)
    return np.where(out > 0, out, 0).tolist()


def with_a_small_number(acts, grads):
    """As the first code of it: something tiny below; einsum."""
    g2, g3 = grads**2, grads**3
    alpha = g2 / (2 * g2 + np.einsum("cij,cab->cab", acts, g3) + 1e-10)
    return np.einsum("c,cij->ij", np.where(grads > 0, alpha * grads, 0).sum((1, 2)), acts).clip(0)


def where_there_is_a_gradient(acts, grads):
    """Places chosen first; float32."""
    weights = []
    for k in range(len(acts)):
        g = grads[k][grads[k] > 0]
        weights.append(np.sum(g**3 / (2 * g**2 + acts[k].sum() * g**3)))
    return np.maximum(np.tensordot(weights, acts, 1), 0).astype(np.float32)


POSITIVE, SIGNS, ZERO = "positive gradients", "gradients of either sign", "places without a gradient"


def draw(rng):
    def maps(c):
        h, w = sizes(rng, 2, 2, 6)
        acts = np.maximum(rng.standard_normal((c, h, w)) + 0.3, 0)
        acts[:, 0, 0] += rng.uniform(0.2, 1, c)
        return acts, rng.uniform(0.1, 1.5, (c, h, w))

    def signs(grads):
        return grads * np.where(rng.permutation(grads.size).reshape(grads.shape) % 3 == 0, -1, 1)

    def case(group, kind, acts, grads):
        return Case(group, kind, (acts, grads))

    one, other, third, fourth, fifth = (maps(c) for c in (3, 1, 4, 2, 3))
    holes = fourth[1].copy()
    holes[:, 1:] = 0
    dead = signs(fifth[1])
    dead[1] = 0
    return [
        case(POSITIVE, "three channels", *one),
        case(POSITIVE, "one channel", *other),
        case(SIGNS, "four channels", third[0], signs(third[1])),
        case(SIGNS, "activations below zero", *signed(rng, *maps(3))),
        case(ZERO, "gradients in the first row alone", fourth[0], holes),
        case(ZERO, "a channel without any", fifth[0], dead),
    ]


def signed(rng, acts, grads):
    """Some activations negative and their sums not: what is divided by stays away from 0."""
    acts = acts + 0.5
    acts[:, 1, 0] = -acts[:, 0, 0] - 0.4
    acts[:, 0, 1] += 3
    acts[0, 1, 1] = -0.8  # where the others are positive
    grads = np.array(grads)
    grads[:, -1, -1] *= -1
    return acts, grads


SUMS, TOP = "sums = acts.sum(axis=(1, 2), keepdims=True)", "top = grads**2"
BOTTOM = "bottom = 2 * grads**2 + sums * grads**3"
ALPHA = "alpha = np.where(bottom != 0, top / np.where(bottom != 0, bottom, 1), 0)"
POS, WEIGHTS = "positive = np.maximum(grads, 0)", "weights = (alpha * positive).sum(axis=(1, 2))"
TOTAL, RELU = "total = (weights[:, None, None] * acts).sum(axis=0)", "return np.maximum(total, 0)"


def wrong(name, sentence, *changes, anchor="gradcampp"):
    return wrong_from(grad_cam_pp, name, anchor, sentence, *changes)


ACTS = np.array([[[1.0, 2, 1]], [[3, 0, -1]]])
GRADS = np.array([[[1.0, 2, 3]], [[0.5, 1, 2]]])

GRAD_CAM_PP = Exercise(
    id="hw6.grad_cam_pp",
    function="grad_cam_pp",
    points=7,
    anchor="visualization-gradcampp",
    reference=grad_cam_pp,
    groups={POSITIVE: 3, SIGNS: 2, ZERO: 2},
    examples=(
        Case(POSITIVE, "two channels, by hand", (ACTS, GRADS)),
        Case(SIGNS, "some against", (ACTS, GRADS * np.array([1, -1, 1]))),
        Case(ZERO, "some without a gradient", (ACTS, GRADS * np.array([1, 0, 1]))),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "alpha without a normaliser",
            "Your alpha is the squared gradient. Divide it by 2 g² + S g³.",
            (ALPHA, "alpha = top"),
        ),
        wrong(
            "no alpha",
            "You add the positive gradients up without alpha.",
            (WEIGHTS, "weights = positive.sum(axis=(1, 2))"),
        ),
        wrong(
            "Grad-CAM",
            "You average the gradients, which is Grad-CAM. Here each place has a weight of its own.",
            (WEIGHTS, "weights = grads.mean(axis=(1, 2))"),
            anchor="gradcam",
        ),
        wrong(
            "2 forgotten",
            "You forget the 2 before g² in what you divide by.",
            (BOTTOM, "bottom = grads**2 + sums * grads**3"),
        ),
        wrong(
            "S forgotten",
            "You divide by 2 g² + g³: the sum of the channel's activations is missing.",
            (BOTTOM, "bottom = 2 * grads**2 + grads**3"),
        ),
        wrong(
            "activations not added up",
            "You multiply g³ by the activation of its place. It is the sum over the channel.",
            (BOTTOM, "bottom = 2 * grads**2 + acts * grads**3"),
        ),
        wrong(
            "mean of the activations",
            "Your S is the mean of the channel's activations. It is their sum.",
            (SUMS, "sums = acts.mean(axis=(1, 2), keepdims=True)"),
        ),
        wrong(
            "sum over all channels",
            "Your S is the sum over all channels. Each channel has its own.",
            (SUMS, "sums = acts.sum()"),
        ),
        wrong(
            "sum over channels",
            "Your S is the sum over channels at each place. It is the sum over the places of each channel.",
            (SUMS, "sums = acts.sum(axis=0)"),
        ),
        wrong(
            "sum of the products",
            "You add A g³ up over the channel. S is the sum of A alone, times g³ of the place.",
            (BOTTOM, "bottom = 2 * grads**2 + (acts * grads**3).sum(axis=(1, 2), keepdims=True)"),
        ),
        wrong(
            "g squared for g cubed",
            "You multiply S by g². It is g³.",
            (BOTTOM, "bottom = 2 * grads**2 + sums * grads**2"),
        ),
        wrong(
            "g cubed above",
            "Your alpha has g³ above the line, as where alpha and g are multiplied already. It is g².",
            (TOP, "top = grads**3"),
        ),
        wrong(
            "minus",
            "You subtract S g³. Add it.",
            (BOTTOM, "bottom = 2 * grads**2 - sums * grads**3"),
        ),
        wrong(
            "negative gradients count",
            "Negative gradients count in your weights. They are cut at 0.",
            (POS, "positive = grads"),
        ),
        wrong(
            "size of the gradients",
            "You take absolute gradients. Negative ones are cut at 0.",
            (POS, "positive = np.abs(grads)"),
        ),
        wrong(
            "one gradient too few",
            "There is one g too few above the line: alpha has g² there, and is multiplied by g, cut at 0.",
            (WEIGHTS, "weights = (alpha * (grads > 0)).sum(axis=(1, 2))"),
        ),
        wrong(
            "mean for sum",
            "You average alpha times gradient over places. Add up.",
            (WEIGHTS, "weights = (alpha * positive).mean(axis=(1, 2))"),
        ),
        wrong(
            "alpha averaged first",
            "You average alpha and gradient each for itself. Multiply place by place, then add up.",
            (WEIGHTS, "weights = alpha.sum(axis=(1, 2)) * positive.mean(axis=(1, 2))"),
        ),
        wrong(
            "alpha normalised once more",
            "You scale alpha to a sum of 1 in each channel. It is used as it is.",
            (
                WEIGHTS,
                "sizes = alpha.sum(axis=(1, 2), keepdims=True)\n"
                "    weights = (alpha / np.where(sizes == 0, 1, sizes) * positive).sum(axis=(1, 2))",
            ),
        ),
        wrong(
            "weights stay at their places",
            "You multiply alpha, gradient and activation place by place. Add alpha times gradient up first: a channel "
            "has one weight.",
            (TOTAL, "total = (alpha * positive * acts).sum(axis=0)"),
        ),
        wrong(
            "0 / 0",
            "Where the gradient is 0 you divide 0 by 0. Such a place has an alpha of 0.",
            (ALPHA, "alpha = top / bottom"),
        ),
        wrong(
            "a half without a gradient",
            "A place without a gradient makes your weight larger. It has an alpha of 0.",
            (WEIGHTS, "weights = (np.where(bottom != 0, alpha * positive, 0.5)).sum(axis=(1, 2))"),
        ),
        wrong(
            "ReLU before the sum",
            "You cut each channel's part at 0. Add the channels first.",
            (TOTAL, "total = np.maximum(weights[:, None, None] * acts, 0).sum(axis=0)"),
        ),
        wrong("no ReLU", "You return negative values. Cut at 0 in the end.", (RELU, "return total")),
        wrong(
            "mean over channels",
            "You average the channels. Add them up.",
            (TOTAL, "total = (weights[:, None, None] * acts).mean(axis=0)"),
        ),
        wrong(
            "scaled",
            "You divide by the largest value, for display. Return the map as it is.",
            (RELU, "found = np.maximum(total, 0)\n    return found / found.max()"),
        ),
    ),
    variants={
        "as the formula": grad_cam_pp,
        "place by place, lists": place_by_place,
        "a small number below": with_a_small_number,
        "places chosen first, float32": where_there_is_a_gradient,
    },
)
