"""Exercise ThreeLayerConvNet, a class: its weights as it makes them, and its loss with weights that a case gives."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.blocks import (
    BELOW,
    pool_first_backward,
    pool_first_forward,
    pool_forward,
)
from autograder.exercises.hw4.blocks import conv_relu_pool_backward as block_backward
from autograder.exercises.hw4.blocks import conv_relu_pool_forward as block_forward
from autograder.exercises.hw4.conv_answers import columns
from autograder.exercises.hw4.pool import masks
from autograder.exercises.hw4.sandwich import conv_forward
from autograder.exercises.hw4.softmax import by_logaddexp, softmax_loss
from convbook.kernels import cs231n


class ThreeLayerConvNet:
    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        C, H, W = input_dim
        self.reg = reg
        flat = num_filters * (H // 2) * (W // 2)
        W1 = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)
        W2 = weight_scale * np.random.randn(flat, hidden_dim)
        W3 = weight_scale * np.random.randn(hidden_dim, num_classes)
        b1 = np.zeros(num_filters)
        b2 = np.zeros(hidden_dim)
        b3 = np.zeros(num_classes)
        params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2, "W3": W3, "b3": b3}
        self.params = {name: value.astype(dtype) for name, value in params.items()}

    def loss(self, X, y=None):
        W1, b1, W2, b2, W3, b3 = (self.params[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3"))
        pad = (W1.shape[2] - 1) // 2
        conv_param, pool_param = {"stride": 1, "pad": pad}, {"pool_height": 2, "pool_width": 2, "stride": 2}
        features, cache = block_forward(X, W1, b1, conv_param, pool_param)
        flat = features.reshape(len(X), -1)
        a = flat @ W2 + b2
        hidden = np.maximum(a, 0)
        scores = hidden @ W3 + b3
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss = loss + 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2) + np.sum(W3**2))
        grads = {}
        grads["W3"] = hidden.T @ dscores
        grads["b3"] = dscores.sum(axis=0)
        dhidden = dscores @ W3.T
        da = dhidden * (a > 0)
        grads["W2"] = flat.T @ da
        grads["b2"] = da.sum(axis=0)
        dfeatures = (da @ W2.T).reshape(features.shape)
        _, grads["W1"], grads["b1"] = block_backward(dfeatures, cache)
        grads["W1"] += self.reg * W1
        grads["W2"] += self.reg * W2
        grads["W3"] += self.reg * W3
        return loss, grads


class ByLayers:
    """Parameters in loops, a generator of its own, every layer a pair of closures; a list; more parameters than asked."""

    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        generator = np.random.default_rng()
        self.reg, self.params = reg, {}
        sizes = [
            (num_filters, input_dim[0], filter_size, filter_size),
            (num_filters * int(input_dim[1] / 2) * int(input_dim[2] / 2), hidden_dim),
            (hidden_dim, num_classes),
        ]
        for k, size in enumerate(sizes, start=1):
            self.params[f"W{k}"] = generator.normal(0, weight_scale, size).astype(dtype)
            self.params[f"b{k}"] = np.zeros(size[0] if k == 1 else size[1], dtype=dtype)

    def loss(self, X, y=None):
        P, k = self.params, self.params["W1"].shape[-1]
        maps, cache = pool_first_forward(
            X, P["W1"], P["b1"], {"stride": 1, "pad": k // 2}, {"pool_height": 2, "pool_width": 2, "stride": 2}
        )
        rows = maps.reshape(maps.shape[0], -1)
        hidden = (rows @ P["W2"] + P["b2"]).clip(0)
        scores = hidden @ P["W3"] + P["b3"]
        if y is None:
            return scores.tolist()
        loss, d = by_logaddexp(scores, y)
        grads = {"W3": hidden.T @ d + self.reg * P["W3"], "b3": d.sum(0)}
        d = np.where(hidden > 0, d @ P["W3"].T, 0)
        grads |= {"W2": rows.T @ d + self.reg * P["W2"], "b2": d.sum(0)}
        _, dw, db = pool_first_backward((d @ P["W2"].T).reshape(maps.shape), cache)
        grads |= {"W1": dw + self.reg * P["W1"], "b1": db}
        return [loss + sum(self.reg / 2 * np.sum(P[f"W{n}"] ** 2) for n in (1, 2, 3)), grads]


class OneByOne:
    """Image by image, gradients added up, nested lists."""

    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        random, (C, H, W), F = np.random.normal, input_dim, num_filters
        self.reg = reg
        self.params = dict(
            W1=random(scale=weight_scale, size=(F, C, filter_size, filter_size)).astype(dtype),
            W2=random(scale=weight_scale, size=(F * (H // 2) * (W // 2), hidden_dim)).astype(dtype),
            W3=random(scale=weight_scale, size=(hidden_dim, num_classes)).astype(dtype),
            b1=np.zeros(F, dtype),
            b2=np.zeros(hidden_dim, dtype),
            b3=np.zeros(num_classes, dtype),
        )

    def forward(self, image):
        P = self.params
        conv = image[None], P["W1"], P["b1"], {"stride": 1, "pad": (P["W1"].shape[2] - 1) // 2}
        r = np.maximum(conv_forward(*conv), 0)
        pooled = pool_forward(r, {"pool_height": 2, "pool_width": 2, "stride": 2})
        hidden = np.maximum(pooled.ravel() @ P["W2"] + P["b2"], 0)
        return conv, r, pooled, hidden, hidden @ P["W3"] + P["b3"]

    def loss(self, X, y=None):
        P, passes = self.params, [self.forward(image) for image in X]
        if y is None:
            return np.array([each[-1] for each in passes])
        grads = {name: self.reg * value if name[0] == "W" else 0.0 * value for name, value in P.items()}
        total = self.reg / 2 * sum(np.sum(value.astype(float) ** 2) for name, value in P.items() if name[0] == "W")
        for (conv, r, pooled, hidden, scores), label in zip(passes, y, strict=True):
            loss, d = softmax_loss(scores[None], np.array([label]))
            total, d = total + loss / len(X), d[0] / len(X)
            dhidden = (P["W3"] @ d) * (hidden > 0)
            dr = masks((P["W2"] @ dhidden).reshape(pooled.shape), (r, {"pool_height": 2, "pool_width": 2, "stride": 2}))
            _, dw, db = columns(dr * (r > 0), conv)
            found = {
                "W3": np.outer(hidden, d),
                "b3": d,
                "W2": np.outer(pooled, dhidden),
                "b2": dhidden,
                "W1": dw,
                "b1": db,
            }
            grads = {name: grads[name] + np.array(value) for name, value in found.items()}
        return float(total), {name: value.tolist() for name, value in grads.items()}


WEIGHTS, BIASES = ("W1", "W2", "W3"), ("b1", "b2", "b3")


def draw(rng):
    def options(size, **others):
        return {
            "input_dim": (3, *size),
            "num_filters": 4,
            "filter_size": 3,
            "hidden_dim": 6,
            "num_classes": 5,
            **others,
        }

    large = options((8, 12), num_filters=16, filter_size=5, hidden_dim=80, num_classes=12, weight_scale=0.02)
    first = "initial parameters"
    cases = [
        Case(first, f"shape of {name}, an image of odd sides", (options((5, 7)), name, "shape"), probe="initial")
        for name in (*WEIGHTS, *BIASES)
    ]
    cases += [
        Case(first, f"spread of {name}, as a share of weight_scale", (large, name, "deviation"), probe="initial")
        for name in WEIGHTS
    ]
    cases += [Case(first, f"values of {name}", (options((4, 6)), name, "values"), probe="initial") for name in BIASES]
    for kind, chosen in (("float64", {"dtype": "float64"}), ("the default dtype", {})):
        cases += [
            Case(
                first,
                f"bytes of a value of {name}, {kind}",
                (options((4, 6), **chosen), name, "bytes"),
                probe="initial",
            )
            for name in ("W1", "W2", "W3", "b2")
        ]

    def given(kind, n, size, reg, k=3, integer=False, parts=()):
        chosen = options(size, filter_size=k, reg=reg, dtype="float64")
        F, hidden, classes = chosen["num_filters"], chosen["hidden_dim"], chosen["num_classes"]
        flat = F * (size[0] // 2) * (size[1] // 2)
        shapes = {
            "W1": (F, 3, k, k),
            "W2": (flat, hidden),
            "W3": (hidden, classes),
            "b1": F,
            "b2": hidden,
            "b3": classes,
        }
        params = {name: rng.normal(size=shape) * (0.5 if name[0] == "W" else 1) for name, shape in shapes.items()}
        X = rng.normal(size=(n, 3, *size))
        if integer:
            X = rng.integers(0, 4, X.shape, dtype=np.uint8)
        y = rng.integers(0, classes, n)
        return [
            Case(group, kind, (chosen, params, X, None if part == "scores" else y, part), probe="network")
            for part, group in parts
        ]

    every = [(name, "gradients") for name in (*WEIGHTS, *BIASES)]
    scores, loss = ("scores", "scores"), ("loss", "loss")
    regularised = [("loss", "regularisation"), *((name, "regularisation") for name in (*WEIGHTS, *BIASES))]
    return [
        *cases,
        *given("several images", 3, (4, 6), 0.0, parts=[scores, loss, *every]),
        *given("filters of 5x5, odd sides", 2, (5, 7), 0.0, k=5, parts=[scores, loss, ("W1", "gradients")]),
        *given("images of integers", 2, (6, 4), 0.0, integer=True, parts=[scores]),
        *given("reg of 0.7", 2, (4, 6), 0.7, parts=regularised),
    ]


def wrong(name, sentence, *changes, anchor="network"):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(ThreeLayerConvNet, *changes))


FLAT = "flat = num_filters * (H // 2) * (W // 2)"
W1, W2, W3 = (
    "W1 = weight_scale * np.random.randn(num_filters, C, filter_size, filter_size)",
    "W2 = weight_scale * np.random.randn(flat, hidden_dim)",
    "W3 = weight_scale * np.random.randn(hidden_dim, num_classes)",
)
MADE = "self.params = {name: value.astype(dtype) for name, value in params.items()}"
PAD, HIDDEN, SCORES = "pad = (W1.shape[2] - 1) // 2", "hidden = np.maximum(a, 0)", "scores = hidden @ W3 + b3"
NO_LABELS = "if y is None:\n            return scores"
REG = "loss = loss + 0.5 * self.reg * (np.sum(W1**2) + np.sum(W2**2) + np.sum(W3**2))"
REG_1, REG_2, REG_3 = (f'grads["W{k}"] += self.reg * W{k}' for k in (1, 2, 3))
DA, RETURN = "da = dhidden * (a > 0)", "return loss, grads"
FLATTEN = "flat = features.reshape(len(X), -1)"
SOFTMAX = "loss, dscores = softmax_loss(scores, y)"
SCALES = (
    (W1, W1.replace("weight_scale * ", "")),
    (W2, W2.replace("weight_scale * ", "")),
    (W3, W3.replace("weight_scale * ", "")),
)

THREE_LAYER_CONV_NET = Exercise(
    id="hw4.ThreeLayerConvNet",
    function="ThreeLayerConvNet",
    points=10,
    anchor="backprop-network",
    probe="network",
    reference=cs231n.ThreeLayerConvNet,
    groups={"initial parameters": 2, "scores": 2, "loss": 1, "gradients": 3, "regularisation": 2},
    examples=(),
    draw=draw,
    mistakes=(
        wrong(
            "pooling forgotten in the shape",
            "Your W2 is too large: pooling halves height and width, so a map has (H // 2) * (W // 2) values.",
            (FLAT, "flat = num_filters * H * W"),
        ),
        wrong(
            "a quarter of the pixels",
            "Your W2 counts H * W // 4 values a map. Height and width are halved and rounded down each: (H // 2) * (W // 2).",
            (FLAT, "flat = num_filters * (H * W // 4)"),
        ),
        wrong(
            "pixels halved once",
            "Your W2 counts H * W // 2 values a map. Pooling halves height and width: (H // 2) * (W // 2).",
            (FLAT, "flat = num_filters * (H * W // 2)"),
        ),
        wrong(
            "filters forgotten in the shape",
            "Your W2 counts one map. There is one for each filter.",
            (FLAT, "flat = (H // 2) * (W // 2)"),
        ),
        wrong(
            "channels for filters in the shape",
            "Your W2 counts the channels of the image. After the convolution there is a map for each filter.",
            (FLAT, "flat = C * (H // 2) * (W // 2)"),
        ),
        wrong(
            "shrunk by the kernel",
            "Your W2 is as if the convolution had no padding. With (filter_size - 1) // 2 it keeps the size.",
            (FLAT, "flat = num_filters * ((H - filter_size + 1) // 2) * ((W - filter_size + 1) // 2)"),
        ),
        wrong(
            "filters and channels exchanged",
            "Your W1 has its first two axes exchanged: (num_filters, C, filter_size, filter_size).",
            (W1, W1.replace("num_filters, C", "C, num_filters")),
        ),
        wrong(
            "W2 and W3 transposed",
            "Your W2 and W3 are transposed. Rows are what comes in, columns what goes out.",
            (W2, W2.replace("flat, hidden_dim", "hidden_dim, flat")),
            (W3, W3.replace("hidden_dim, num_classes", "num_classes, hidden_dim")),
        ),
        wrong(
            "weight_scale ignored",
            "Your weights are drawn with a deviation of 1. Multiply by weight_scale.",
            *SCALES,
        ),
        wrong(
            "root of weight_scale",
            "Your weights' variance is weight_scale. It is their standard deviation.",
            *((old, old.replace("weight_scale *", "weight_scale**0.5 *")) for old in (W1, W2, W3)),
        ),
        wrong(
            "weight_scale fixed",
            "Your weights always have the default deviation of 1e-3. Use weight_scale.",
            *((old, old.replace("weight_scale *", "1e-3 *")) for old in (W1, W2, W3)),
        ),
        wrong(
            "weights between 0 and weight_scale",
            "Your weights are all positive: np.random.rand is uniform between 0 and 1. Draw from a normal distribution, np.random.randn.",
            *((old, old.replace("randn", "rand")) for old in (W1, W2, W3)),
        ),
        wrong(
            "weights all zero",
            "Your weights are 0. Then all hidden units are alike and stay so.",
            *((old, old.replace("weight_scale *", "0 *")) for old in (W1, W2, W3)),
        ),
        wrong(
            "biases of one",
            "Your biases begin with 1. They begin with 0.",
            (
                MADE,
                "params |= {name: np.ones_like(value) for name, value in params.items() if name[0] == 'b'}\n        "
                + MADE,
            ),
        ),
        wrong(
            "biases with two axes",
            "Your biases have two axes. Each has one, of as many values as there are outputs.",
            (
                MADE,
                "params |= {name: value[None] for name, value in params.items() if name[0] == 'b'}\n        " + MADE,
            ),
        ),
        wrong(
            "dtype ignored",
            "You make no use of dtype: the parameters are float64. Convert each with astype(dtype).",
            (MADE, "self.params = params"),
        ),
        wrong(
            "dtype fixed",
            "Your parameters are always float32. That is the default; dtype may say otherwise.",
            (MADE, MADE.replace("astype(dtype)", "astype(np.float32)")),
        ),
        wrong(
            "biases with another dtype",
            "Your weights have the dtype that was asked for, your biases have not.",
            (MADE, MADE.replace("value.astype(dtype)", "value.astype(dtype if name[0] == 'W' else float)")),
        ),
        wrong(
            "no padding",
            "Your convolution does not pad, so the maps become too small for W2. Pad by (filter_size - 1) // 2.",
            (PAD, "pad = 0"),
        ),
        wrong(
            "padding fixed at 1",
            "You always pad by 1, which keeps the size for 3x3 filters alone. Pad by (filter_size - 1) // 2.",
            (PAD, "pad = 1"),
        ),
        wrong(
            "padding of filter_size - 1",
            "You pad by filter_size - 1 on each side. Half of it keeps the size.",
            (PAD, "pad = W1.shape[2] - 1"),
        ),
        wrong(
            "flattened in another order",
            "You flatten the maps in another order than row after row, channel after channel: features.reshape(N, -1).",
            (FLATTEN, "flat = features.transpose(0, 2, 3, 1).reshape(len(X), -1)"),
        ),
        wrong(
            "no ReLU in the hidden layer",
            "Your hidden layer has no ReLU.",
            (HIDDEN, "hidden = a"),
            (DA, "da = dhidden"),
        ),
        wrong(
            "ReLU on the scores",
            "You put a ReLU on the scores. They may be negative: softmax takes them as they are.",
            (SCORES, "scores = np.maximum(hidden @ W3 + b3, 0)"),
        ),
        wrong(
            "probabilities for scores",
            "Without labels you return probabilities. Return the scores.",
            (
                NO_LABELS,
                "if y is None:\n            e = np.exp(scores - scores.max(axis=1, keepdims=True))\n            return e / e.sum(axis=1, keepdims=True)",
            ),
        ),
        wrong(
            "classes for scores",
            "Without labels you return the best class. Return all scores.",
            (NO_LABELS, NO_LABELS.replace("return scores", "return scores.argmax(axis=1)")),
        ),
        wrong(
            "a tuple without labels",
            "Without labels you return a tuple. Return the scores alone.",
            (NO_LABELS, NO_LABELS.replace("return scores", "return scores, {}")),
        ),
        wrong("hidden bias forgotten", "You do not add b2.", ("a = flat @ W2 + b2", "a = flat @ W2")),
        wrong("last bias forgotten", "You do not add b3 to the scores.", (SCORES, "scores = hidden @ W3")),
        wrong(
            "loss summed",
            "Your loss is the sum over the images. It is their mean.",
            (SOFTMAX, SOFTMAX + "\n        loss = loss * len(X)"),
        ),
        wrong(
            "averaged twice",
            "You divide the gradient by the number of images once more. The softmax loss has done so.",
            (SOFTMAX, SOFTMAX + "\n        dscores = dscores / len(X)"),
        ),
        wrong(
            "gradient of a sum",
            "Your gradients belong to a sum over the images. The loss is their mean.",
            (SOFTMAX, SOFTMAX + "\n        dscores = dscores * len(X)"),
        ),
        wrong(
            "hidden ReLU forgotten backwards",
            "Your backward pass forgets the hidden layer's ReLU.",
            (DA, "da = dhidden"),
        ),
        wrong(
            "hidden mask from the gradient",
            "You let pass what is positive in the gradient. Use the sign of what went into the hidden layer's ReLU.",
            (DA, "da = dhidden * (dhidden > 0)"),
        ),
        wrong(
            "bias gradients averaged",
            "You average for the biases' gradients. Add up: the mean is in the scores' gradient already.",
            ('grads["b3"] = dscores.sum(axis=0)', 'grads["b3"] = dscores.mean(axis=0)'),
            ('grads["b2"] = da.sum(axis=0)', 'grads["b2"] = da.mean(axis=0)'),
        ),
        wrong(
            "biases left out of grads",
            "Your grads lacks the biases. It has the same keys as params.",
            (RETURN, "return loss, {name: value for name, value in grads.items() if name[0] == 'W'}"),
        ),
        wrong(
            "gradients called dW",
            "The entries of your grads are called dW1 and so on. They have the names of params: W1.",
            (RETURN, "return loss, {'d' + name: value for name, value in grads.items()}"),
        ),
        wrong("loss alone", "You return the loss alone. Return a tuple of two: loss, grads.", (RETURN, "return loss")),
        wrong("order of the results", "You return grads first. Return loss, grads.", (RETURN, "return grads, loss")),
        wrong(
            "one half forgotten",
            "The regularisation counts double in your loss, and the gradient does not. With the 1/2 of the text its gradient is reg * W.",
            (REG, REG.replace("0.5 * ", "")),
        ),
        wrong(
            "one half forgotten throughout",
            "The regularisation counts double, in loss and gradient. The loss gets 0.5 * reg * the sum of squares, the gradient reg * W.",
            (REG, REG.replace("0.5 * ", "")),
            (REG_1, REG_1.replace("+= ", "+= 2 * ")),
            (REG_2, REG_2.replace("+= ", "+= 2 * ")),
            (REG_3, REG_3.replace("+= ", "+= 2 * ")),
        ),
        wrong(
            "one half in the gradient too",
            "Your gradient has the 1/2 of the loss. The derivative of 0.5 * W ** 2 is W.",
            (REG_1, REG_1.replace("+= ", "+= 0.5 * ")),
            (REG_2, REG_2.replace("+= ", "+= 0.5 * ")),
            (REG_3, REG_3.replace("+= ", "+= 0.5 * ")),
        ),
        wrong(
            "regularised in the loss alone",
            "The regularisation is in your loss and not in the gradients. Each weight's gets reg * W.",
            (REG_1, ""),
            (REG_2, ""),
            (REG_3, ""),
        ),
        wrong(
            "regularised in the gradient alone",
            "The regularisation is in your gradients and not in the loss.",
            (REG, ""),
        ),
        wrong(
            "reg ignored",
            "You make no use of reg.",
            ("self.reg = reg", "self.reg = 0"),
        ),
        wrong(
            "biases regularised",
            "You regularise the biases, too. Only the weights.",
            (REG, REG.replace("np.sum(W1**2)", "sum(np.sum(b**2) for b in (b1, b2, b3)) + np.sum(W1**2)")),
            (
                RETURN,
                "for name in ('b1', 'b2', 'b3'):\n            grads[name] = grads[name] + self.reg * self.params[name]\n        return loss, grads",
            ),
        ),
        wrong(
            "filters not regularised",
            "You do not regularise W1. The filters are weights as well.",
            (REG, REG.replace("np.sum(W1**2) + ", "")),
            (REG_1, ""),
        ),
        wrong(
            "magnitudes for squares",
            "Your loss adds up the weights' magnitudes. Add up their squares.",
            (REG, REG.replace("W1**2", "abs(W1)").replace("W2**2", "abs(W2)").replace("W3**2", "abs(W3)")),
        ),
        wrong(
            "mean of the squares",
            "Your loss takes the mean of the squared weights. Take their sum.",
            (REG, REG.replace("np.sum", "np.mean")),
        ),
        wrong(
            "weights moved by the loss",
            "Your loss changes the parameters: W += something writes into params. Write to something new.",
            (RETURN, "W1 *= 0.5\n        return loss, grads"),
            anchor="layers",
        ),
        wrong(
            "labels ignored",
            "Your loss takes the best class for the label. Use y.",
            (SOFTMAX, "loss, dscores = softmax_loss(scores, scores.argmax(axis=1))"),
        ),
    ),
    variants={
        "layer by layer": ThreeLayerConvNet,
        "a list, its own generator": ByLayers,
        "image by image, nested lists": OneByOne,
    },
    builds_on=(
        *BELOW,
        "hw4.affine_forward",
        "hw4.affine_backward",
        "hw4.softmax_loss",
        "hw4.conv_relu_pool_backward",
    ),
)
