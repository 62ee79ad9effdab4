"""Exercise conv_relu_backward, and the forward pass that belongs to it."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.conv import apart, fitting, layer_input
from autograder.exercises.hw4.conv_answers import gather, loops, taps
from autograder.exercises.hw4.pairs import beside
from convbook.kernels import cs231n


def conv_forward(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]
    return np.einsum("ncijab,fcab->nfij", windows, w) + b[None, :, None, None]


def conv_relu_forward(x, w, b, conv_param):
    a = conv_forward(x, w, b, conv_param)
    out = np.maximum(a, 0)
    return out, ((x, w, b, conv_param), a)


def conv_relu_backward(dout, cache):
    conv_cache, a = cache
    da = dout * (a > 0)
    dx, dw, db = loops(da, conv_cache)
    return dx, dw, db


def out_is_enough_forward(x, w, b, conv_param):
    """The output alone tells where it was above 0."""
    out = np.maximum(conv_forward(x, w, b, conv_param), 0)
    return out, {"x": x, "w": w, "out": out, **conv_param}


def out_is_enough_backward(dout, cache):
    return taps(
        np.where(cache["out"], dout, 0),
        (cache["x"], cache["w"], None, {"stride": cache["stride"], "pad": cache["pad"]}),
    )


def again_forward(x, w, b, conv_param):
    """Nothing but the inputs is kept, in a list."""
    return [conv_forward(x, w, b, conv_param).clip(0).tolist(), [x, w, b, conv_param]]


def again_backward(dout, cache):
    x, w, b, conv_param = cache
    return tuple(
        part.tolist()
        for part in gather(np.heaviside(conv_forward(x, w, b, conv_param), 0) * dout, (x, w, b, conv_param))
    )


NAMES = ("dx", "dw", "db")
GROUPS = {"out": "forward", "dx": "dx", "dw": "dw and db", "db": "dw and db"}


def draw(rng):
    k, m = apart(rng, 2, 4), apart(rng, 3, 6)
    layers = [
        ("several images, channels and filters", (*apart(rng, 2, 5, 3), apart(rng, 5, 8), k), {}),
        ("as many filters as channels, padding that keeps the size", (2, 3, 3, apart(rng, 4, 7), (3, 3)), {"pad": 1}),
        ("padding and a stride", (3, 2, 4, fitting(k, m, 2, 1, (0, 1)), k), {"stride": 2, "pad": 1}),
        ("image of integers", (2, 4, 3, apart(rng, 4, 7), k), {"integer": "x"}),
    ]
    cases = []
    for kind, sizes, options in layers:
        dout, inputs = layer_input(rng, *sizes, **options)
        cases += [Case(group, kind, (dout, inputs, NAMES, part, "conv_relu_forward")) for part, group in GROUPS.items()]
    return cases


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(conv_relu_backward, *changes))


def wrong_forward(name, anchor, sentence, *changes):
    return Mistake(
        name,
        sentence,
        f"backprop-{anchor}",
        beside(conv_relu_backward, conv_relu_forward=rewrite(conv_relu_forward, *changes)),
    )


MASK = "da = dout * (a > 0)"
BACK = "dx, dw, db = loops(da, conv_cache)"
RETURN = "return dx, dw, db"
CLIP = "out = np.maximum(a, 0)"
X = np.arange(1.0, 10).reshape(1, 1, 3, 3)
EXAMPLE = (
    np.array([[[[1.0, 2], [3, 4]]]]),
    (X, np.array([[[[-1.0, 0], [0, 1]]]]), np.array([-4.0]), {"stride": 1, "pad": 0}),
)

CONV_RELU_BACKWARD = Exercise(
    id="hw4.conv_relu_backward",
    function="conv_relu_backward",
    points=3,
    anchor="backprop-layers",
    probe="layer",
    reference=cs231n.conv_relu_backward,
    groups={"forward": 1, "dx": 1, "dw and db": 2},
    examples=tuple(
        Case(group, "a 3x3 image, some outputs negative", (*EXAMPLE, NAMES, part, "conv_relu_forward"))
        for part, group in GROUPS.items()
    ),
    draw=draw,
    mistakes=(
        wrong(
            "ReLU forgotten backwards",
            "layers",
            "Your backward pass forgets the ReLU. Go back through it first, then through the convolution.",
            (MASK, "da = dout"),
        ),
        wrong(
            "mask from dout",
            "layers",
            "You let pass what is positive in dout. Use the sign of the convolution's output.",
            (MASK, "da = dout * (dout > 0)"),
        ),
        wrong(
            "mask on x",
            "layers",
            "You mask dx by the sign of x. The ReLU stands after the convolution: mask dout by the sign of the convolution's output.",
            (MASK, "da = dout"),
            (RETURN, "dx = dx * (conv_cache[0] > 0)\n    return dx, dw, db"),
        ),
        wrong(
            "mask turned round",
            "layers",
            "You let pass where the convolution's output is negative. It is the other way round.",
            (MASK, "da = dout * (a < 0)"),
        ),
        wrong(
            "mask alone",
            "layers",
            "dout makes no difference to your gradients: you send the mask back. Multiply it by dout.",
            (MASK, "da = 1.0 * (a > 0)"),
        ),
        wrong(
            "times the output",
            "layers",
            "You multiply dout by the ReLU's output. Where that is positive the slope is 1.",
            (MASK, "da = dout * np.maximum(a, 0)"),
        ),
        wrong(
            "mask for dx alone",
            "layers",
            "Your dw and db forget the ReLU. All three gradients come from the masked dout.",
            (RETURN, "_, dw, db = loops(dout, conv_cache)\n    return dx, dw, db"),
        ),
        wrong(
            "mask for the weights alone",
            "layers",
            "Your dx forgets the ReLU. All three gradients come from the masked dout.",
            (RETURN, "dx, _, _ = loops(dout, conv_cache)\n    return dx, dw, db"),
        ),
        wrong(
            "db without the mask",
            "layers",
            "Your db forgets the ReLU. All three gradients come from the masked dout.",
            (RETURN, "db = dout.sum(axis=(0, 2, 3))\n    return dx, dw, db"),
        ),
        wrong("dx alone", "layers", "You return dx alone. Return a tuple of three: dx, dw, db.", (RETURN, "return dx")),
        wrong(
            "db left out",
            "layers",
            "You return dx and dw alone. Return a tuple of three: dx, dw, db.",
            (RETURN, "return dx, dw"),
        ),
        wrong(
            "dout changed",
            "layers",
            "You change the array dout. The caller still needs it: write to something new.",
            (MASK, "dout *= a > 0\n    da = dout"),
        ),
        wrong_forward(
            "no ReLU forward",
            "layers",
            "Your forward pass has no ReLU: its output has negative values.",
            (CLIP, "out = a"),
        ),
        wrong_forward(
            "ReLU before the convolution",
            "layers",
            "Your forward pass puts the ReLU before the convolution, on x.",
            (CLIP, "out = conv_forward(np.maximum(x, 0), w, b, conv_param)"),
        ),
        wrong_forward(
            "bias after the ReLU",
            "layers",
            "Your forward pass adds the bias after the ReLU. It belongs to the convolution.",
            (CLIP, "bias = b.reshape(1, -1, 1, 1)\n    out = np.maximum(a - bias, 0) + bias"),
        ),
        wrong_forward(
            "stride and padding ignored forward",
            "stride",
            "Your forward pass makes no use of conv_param.",
            (CLIP, "out = np.maximum(conv_forward(x, w, b, {'stride': 1, 'pad': 0}), 0)"),
        ),
    ),
    variants={
        "two passes": conv_relu_backward,
        "masked by the output, another cache, single precision": beside(
            out_is_enough_backward, conv_relu_forward=out_is_enough_forward
        ),
        "the inputs as cache, lists": beside(again_backward, conv_relu_forward=again_forward),
    },
    partners=("conv_relu_forward",),
    builds_on=("hw2.conv_forward_naive", "hw4.relu_forward", "hw4.relu_backward", "hw4.conv_backward_naive"),
)
