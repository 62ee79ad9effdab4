"""Exercise grad_cam."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def grad_cam(acts, grads):
    weights = grads.mean(axis=(1, 2))
    parts = weights[:, None, None] * acts
    total = parts.sum(axis=0)
    return np.maximum(total, 0)


def channel_by_channel(acts, grads):
    total = np.zeros(acts.shape[1:])
    for act, grad in zip(acts, grads, strict=True):
        total += act * (grad.sum() / grad.size)
    return np.where(total > 0, total, 0).tolist()


def by_einsum(acts, grads):
    """float32"""
    out = np.einsum("c,cij->ij", grads.reshape(len(grads), -1).mean(1), acts).astype(np.float32)
    out[out < 0] = 0
    return out


def by_product(acts, grads):
    """A row of weights times a matrix of maps."""
    row = np.average(np.average(grads, axis=2), axis=1)
    return np.clip(row @ acts.reshape(len(acts), -1), 0, None).reshape(acts.shape[1:])


ONE_SIGN, SIGNS, CANCEL = "channels that speak for the class", "channels for and against", "channels that cancel"


def draw(rng):
    def maps(c=None):
        h, w = sizes(rng, 2, 3, 7)
        c = c or int(rng.integers(3, 6))
        return np.maximum(rng.standard_normal((c, h, w)) + 0.4, 0), rng.standard_normal((c, h, w))

    def case(group, kind, acts, grads):
        return Case(group, kind, (acts, grads))

    cases = []
    for kind, c in [("four channels", 4), ("one channel", 1)]:
        acts, grads = maps(c)
        cases.append(case(ONE_SIGN, kind, acts, np.abs(grads) + 0.1))
    acts, grads = maps(3)
    signs = np.array([1, -1, 1]).reshape(3, 1, 1)
    cases.append(case(SIGNS, "three channels", acts, grads / 2 + signs))
    acts, grads = maps(5)
    cases.append(case(SIGNS, "gradients of either sign in each channel", acts, grads))
    acts, grads = maps(2)
    cases.append(case(SIGNS, "all against", acts + 0.1, -np.abs(grads)))
    cases[-1] = case(
        SIGNS, "one against more than one for", acts + 0.1, np.abs(grads) * np.array([1, -0.5]).reshape(2, 1, 1)
    )
    acts, grads = maps(4)
    cases.append(case(SIGNS, "activations below zero", acts - 0.7, grads + 0.3))
    acts, grads = maps(2)
    acts = np.repeat(acts[:1], 2, axis=0) * np.array([1, 0.8]).reshape(2, 1, 1)
    acts[0, 0] += 1
    acts[1, 1] += 2
    cases.append(case(CANCEL, "two channels", acts, np.abs(grads[:1]) * np.array([1, -1]).reshape(2, 1, 1)))
    acts, grads = maps(3)
    few = np.zeros(grads.shape)
    few[:, 1, 1] = [3, -2, 1]
    cases.append(case(CANCEL, "gradients at one place alone", acts, few))
    return cases


WEIGHTS, PARTS = "weights = grads.mean(axis=(1, 2))", "parts = weights[:, None, None] * acts"
TOTAL, RELU = "total = parts.sum(axis=0)", "return np.maximum(total, 0)"


def wrong(name, sentence, *changes, anchor="gradcam"):
    return wrong_from(grad_cam, name, anchor, sentence, *changes)


ACTS = np.array([[[1.0, 2, 0]], [[3, 0, 1]]])
GRADS = np.array([[[1.0, 2, 3]], [[-1, 0, -2]]])

GRAD_CAM = Exercise(
    id="hw6.grad_cam",
    function="grad_cam",
    points=9,
    anchor="visualization-gradcam",
    reference=grad_cam,
    groups={ONE_SIGN: 3, SIGNS: 3, CANCEL: 3},
    examples=(
        Case(ONE_SIGN, "two channels, by hand", (ACTS, np.abs(GRADS))),
        Case(SIGNS, "one of them against", (ACTS, GRADS)),
        Case(CANCEL, "one takes away what the other gives", (ACTS[:, :, [0, 0, 1]], GRADS)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "ReLU before the sum",
            "You apply the ReLU to each channel's part. Add the channels first: what speaks against the class may cancel "
            "what speaks for it.",
            (TOTAL, "total = np.maximum(parts, 0).sum(axis=0)"),
        ),
        wrong(
            "no ReLU",
            "You return negative values. What speaks against the class is cut off at the end, by a ReLU.",
            (RELU, "return total"),
        ),
        wrong(
            "absolute values",
            "You return absolute values. What speaks against the class is cut off, and not turned round.",
            (RELU, "return np.abs(total)"),
        ),
        wrong(
            "mean over channels",
            "You average the channels. Add them up.",
            (TOTAL, "total = parts.mean(axis=0)"),
        ),
        wrong(
            "largest channel",
            "You take the largest part. Add the channels up.",
            (TOTAL, "total = parts.max(axis=0)"),
        ),
        wrong(
            "no mean of the gradients",
            "You multiply activations by gradients place by place. Average the gradients of a channel over its places "
            "first: a channel has one weight.",
            (PARTS, "parts = grads * acts"),
        ),
        wrong(
            "gradients added up",
            "Your weights are sums of gradients. They are means.",
            (WEIGHTS, "weights = grads.sum(axis=(1, 2))"),
        ),
        wrong(
            "largest gradient",
            "Your weights are the largest gradients. They are means.",
            (WEIGHTS, "weights = grads.max(axis=(1, 2))"),
        ),
        wrong(
            "positive gradients",
            "You cut negative gradients off before the mean. They count: a weight may be negative.",
            (WEIGHTS, "weights = np.maximum(grads, 0).mean(axis=(1, 2))"),
        ),
        wrong(
            "positive weights",
            "You cut negative weights off. A channel that speaks against the class counts, and the ReLU comes last.",
            (WEIGHTS, "weights = np.maximum(grads.mean(axis=(1, 2)), 0)"),
        ),
        wrong(
            "size of the gradients",
            "You average absolute gradients. Signs count.",
            (WEIGHTS, "weights = np.abs(grads).mean(axis=(1, 2))"),
        ),
        wrong(
            "size of the weights",
            "You take absolute weights. A channel that speaks against the class counts against it.",
            (WEIGHTS, "weights = np.abs(grads.mean(axis=(1, 2)))"),
        ),
        wrong(
            "squared gradients",
            "You average squared gradients. They are averaged as they are.",
            (WEIGHTS, "weights = (grads**2).mean(axis=(1, 2))"),
        ),
        wrong(
            "exchanged",
            "You have exchanged the arguments: the gradients are averaged, and the activations are the maps.",
            (PARTS, "parts = acts.mean(axis=(1, 2))[:, None, None] * grads"),
        ),
        wrong(
            "both averaged",
            "You average the activations too, and lose the places.",
            (PARTS, "parts = weights[:, None, None] * acts.mean(axis=(1, 2), keepdims=True) + 0 * acts"),
        ),
        wrong(
            "mean over the channels' gradients",
            "You average the gradients over channels, which gives a weight a place. Average over places, for a weight a "
            "channel.",
            (PARTS, "parts = grads.mean(axis=0) * acts"),
        ),
        wrong(
            "a weight for each column",
            "You average the gradients over rows alone. Average over both axes of the map.",
            (PARTS, "parts = grads.mean(axis=1, keepdims=True) * acts"),
        ),
        wrong(
            "a weight for each row",
            "You average the gradients over columns alone. Average over both axes of the map.",
            (PARTS, "parts = grads.mean(axis=2, keepdims=True) * acts"),
        ),
        wrong(
            "weights of the activations",
            "Your weights are the means of the activations. They are those of the gradients.",
            (WEIGHTS, "weights = acts.mean(axis=(1, 2))"),
        ),
        wrong(
            "no weights",
            "You add the activations up without weights.",
            (PARTS, "parts = acts"),
        ),
        wrong(
            "softmax of the weights",
            "You apply a softmax to the weights. They are used as they are.",
            (WEIGHTS, "weights = np.exp(grads.mean(axis=(1, 2)))\n    weights = weights / weights.sum()"),
        ),
        wrong(
            "sign turned",
            "Your map shows what speaks against the class: the sign is turned round.",
            (RELU, "return np.maximum(-total, 0)"),
        ),
        wrong(
            "ReLU of the activations",
            "You apply a ReLU to the activations. They are used as they come.",
            (PARTS, "parts = weights[:, None, None] * np.maximum(acts, 0)"),
        ),
        wrong(
            "scaled",
            "You divide by the largest value, for display. Return the map as it is.",
            (RELU, "found = np.maximum(total, 0)\n    return found / max(found.max(), 1e-12)"),
        ),
        wrong(
            "stretched",
            "You stretch the map to 0 to 1, for display. Return it as it is.",
            (RELU, "found = np.maximum(total, 0)\n    return (found - found.min()) / max(np.ptp(found), 1e-12)"),
        ),
        wrong(
            "stretched without a ReLU",
            "You stretch the map to 0 to 1 instead of cutting at 0: then what speaks against the class is shown too.",
            (RELU, "return (total - total.min()) / max(np.ptp(total), 1e-12)"),
        ),
        wrong(
            "a map for each channel",
            "You return a map for each channel. Add them up.",
            (TOTAL, "total = parts"),
        ),
        wrong(
            "transposed",
            "Your map has rows and columns exchanged.",
            (RELU, "return np.maximum(total, 0).T"),
        ),
    ),
    variants={
        "weights, parts, sum, ReLU": grad_cam,
        "channel by channel, lists": channel_by_channel,
        "einsum, float32": by_einsum,
        "a matrix product": by_product,
    },
)
