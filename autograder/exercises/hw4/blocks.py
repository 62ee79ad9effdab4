"""Exercises conv_bn_relu_backward and conv_relu_pool_backward, and the forward passes that belong to them."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4 import batchnorm
from autograder.exercises.hw4.batchnorm_answers import (
    channels_backward,
    channels_forward,
    rows_backward,
    rows_forward,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from autograder.exercises.hw4.conv import apart
from autograder.exercises.hw4.conv_answers import columns, gather, taps
from autograder.exercises.hw4.pairs import beside
from autograder.exercises.hw4.pool import masks
from autograder.exercises.hw4.sandwich import conv_forward
from convbook.kernels import cs231n


def pool_forward(x, pool_param):
    kh, kw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    return np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::s, ::s].max(axis=(4, 5))


def pool_backward(dout, cache):
    r, pool_param = cache
    kh, kw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    windows = np.lib.stride_tricks.sliding_window_view(r, (kh, kw), axis=(2, 3))[:, :, ::s, ::s]
    place = windows.reshape(*windows.shape[:4], -1).argmax(axis=-1)
    n, c, i, j = np.indices(dout.shape)
    dr = np.zeros(r.shape)
    np.add.at(dr, (n, c, i * s + place // kw, j * s + place % kw), dout)
    return dr


def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    a = conv_forward(x, w, b, conv_param)
    r = np.maximum(a, 0)
    out = pool_forward(r, pool_param)
    return out, ((x, w, b, conv_param), a, (r, pool_param))


def conv_relu_pool_backward(dout, cache):
    conv_cache, a, pool_cache = cache
    dr = pool_backward(dout, pool_cache)
    da = dr * (a > 0)
    dx, dw, db = gather(da, conv_cache)
    return dx, dw, db


def pool_first_forward(x, w, b, conv_param, pool_param):
    """The maximum of what is cut at 0 is the maximum, cut at 0; another cache, a list."""
    a = conv_forward(x, w, b, conv_param)
    out = np.maximum(pool_forward(a, pool_param), 0)
    return [out, {"x": x, "w": w, "a": a, "out": out, "conv": conv_param, "pool": pool_param}]


def pool_first_backward(dout, cache):
    da = masks(np.where(cache["out"] > 0, dout, 0), (cache["a"], cache["pool"]))
    return taps(da, (cache["x"], cache["w"], None, cache["conv"]))


def pool_again_forward(x, w, b, conv_param, pool_param):
    """Nothing but the inputs is kept."""
    return pool_forward(conv_forward(x, w, b, conv_param).clip(0), pool_param).tolist(), (
        x,
        w,
        b,
        conv_param,
        pool_param,
    )


def pool_again_backward(dout, cache):
    *conv_cache, pool_param = cache
    r = conv_forward(*conv_cache).clip(0)
    return columns(np.heaviside(r, 0) * masks(dout, (r, pool_param)), conv_cache)


NAMES = ("dx", "dw", "db")
X = np.arange(1.0, 17).reshape(1, 1, 4, 4) % 7
CONV = {"stride": 1, "pad": 0}


def draw_pool(rng):
    k = apart(rng, 2, 4)
    conv, square = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    layers = [
        ("as the network has it", (2, 3, 4, (6, 8), (3, 3)), conv, square, {}),
        (
            "kernel and window of other shapes",
            (3, 2, 4, (7, 9), k),
            CONV,
            {**square, "pool_height": 3, "stride": 1},
            {},
        ),
        (
            "strides of both",
            (2, 2, 3, (9, 12), (2, 3)),
            {"stride": 2, "pad": 1},
            {**square, "pool_width": 3, "stride": 1},
            {},
        ),
        ("image of integers", (2, 3, 2, (5, 7), k), CONV, square, {"integer": True}),
    ]
    cases = []
    for kind, (n, c, f, size, kernel), conv_param, pool_param, options in layers:
        x, w, b = rng.normal(size=(n, c, *size)), rng.normal(size=(f, c, *kernel)), rng.normal(size=f)
        if options:
            x = rng.integers(0, 256, x.shape, dtype=np.uint8)
        inputs = x, w, b, dict(conv_param), dict(pool_param)
        out = pool_forward(conv_forward(x, w, b, conv_param), pool_param)
        dout = rng.normal(size=out.shape) + rng.normal(size=(1, f, 1, 1))
        for part, group in GROUPS.items():
            cases.append(Case(group, kind, (dout, inputs, NAMES, part, "conv_relu_pool_forward")))
    return cases


GROUPS = {"out": "forward", "dx": "dx", "dw": "dw and db", "db": "dw and db"}


def wrong(name, sentence, *changes, anchor="blocks"):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(conv_relu_pool_backward, *changes))


def wrong_forward(name, sentence, *changes, anchor="blocks"):
    forward = rewrite(conv_relu_pool_forward, *changes)
    return Mistake(
        name, sentence, f"backprop-{anchor}", beside(conv_relu_pool_backward, conv_relu_pool_forward=forward)
    )


UNPACK, DR, DA = "conv_cache, a, pool_cache = cache", "dr = pool_backward(dout, pool_cache)", "da = dr * (a > 0)"
RETURN, CLIP = "return dx, dw, db", "r = np.maximum(a, 0)"
CONVOLVED, POOLED = "a = conv_forward(x, w, b, conv_param)", "out = pool_forward(r, pool_param)"
BELOW = (
    "hw2.conv_forward_naive",
    "hw2.max_pool_forward_naive",
    "hw4.relu_forward",
    "hw4.relu_backward",
    "hw4.conv_backward_naive",
    "hw4.max_pool_backward_naive",
    "hw4.conv_relu_backward",
)

CONV_RELU_POOL_BACKWARD = Exercise(
    id="hw4.conv_relu_pool_backward",
    function="conv_relu_pool_backward",
    points=4,
    anchor="backprop-blocks",
    probe="layer",
    reference=cs231n.conv_relu_pool_backward,
    groups={"forward": 1, "dx": 1, "dw and db": 1},
    examples=tuple(
        Case(
            group,
            "one channel, 4x4",
            (
                np.array([[[[1.0, 2]]]]),
                (
                    X,
                    np.array([[[[-1.0, 0], [0, 1]]]]),
                    np.array([1.0]),
                    CONV,
                    {"pool_height": 3, "pool_width": 2, "stride": 1},
                ),
                NAMES,
                part,
                "conv_relu_pool_forward",
            ),
        )
        for part, group in GROUPS.items()
    ),
    draw=draw_pool,
    mistakes=(
        wrong(
            "ReLU forgotten backwards",
            "Your backward pass forgets the ReLU. Between pooling and convolution the gradient is masked.",
            (DA, "da = dr"),
        ),
        wrong(
            "mask from the gradient",
            "You let pass what is positive in the gradient that comes back. Use the sign of the convolution's output.",
            (DA, "da = dr * (dr > 0)"),
        ),
        wrong(
            "mask turned round",
            "You let pass where the convolution's output is negative. It is the other way round.",
            (DA, "da = dr * (a < 0)"),
        ),
        wrong(
            "times the output",
            "You multiply by the ReLU's output. Where that is positive the slope is 1.",
            (DA, "da = dr * np.maximum(a, 0)"),
        ),
        wrong(
            "mask on x",
            "You mask dx by the sign of x. The ReLU stands after the convolution: mask what comes out of pooling's backward pass.",
            (DA, "da = dr"),
            (RETURN, "dx = dx * (conv_cache[0] > 0)\n    return dx, dw, db"),
        ),
        wrong(
            "mask for dx alone",
            "Your dw and db forget the ReLU. All three gradients come from the masked one.",
            (RETURN, "_, dw, db = gather(dr, conv_cache)\n    return dx, dw, db"),
        ),
        wrong(
            "mask for the weights alone",
            "Your dx forgets the ReLU. All three gradients come from the masked one.",
            (RETURN, "dx, _, _ = gather(dr, conv_cache)\n    return dx, dw, db"),
        ),
        wrong(
            "cache in another order",
            "You unpack the cache in another order than your forward pass packs it.",
            (UNPACK, "a, conv_cache, pool_cache = cache"),
        ),
        wrong(
            "layers in forward order",
            "You go back in the order of the forward pass. Begin with the last layer, pooling: dout has its shape.",
            (DR, "dr = pool_backward(gather(dout * (a > 0), conv_cache)[0], pool_cache)"),
        ),
        wrong(
            "pooled on the wrong array",
            "Your pooling goes back with the maxima of x. It needs those of what it saw forward, the ReLU's output.",
            (DR, "dr = pool_backward(dout, (np.resize(conv_cache[0], a.shape), pool_cache[1]))"),
        ),
        wrong(
            "gradient to the whole window",
            "You spread the gradient over the whole window, as an average pooling does. It goes to the maximum.",
            (DR, "dr = masks(dout, (np.zeros(a.shape), pool_cache[1]))"),
        ),
        wrong(
            "db summed before pooling",
            "Your db sums dout. It sums what reaches the convolution: pooling and ReLU come first.",
            (RETURN, "db = dout.sum(axis=(0, 2, 3))\n    return dx, dw, db"),
        ),
        wrong("dx alone", "You return dx alone. Return a tuple of three: dx, dw, db.", (RETURN, "return dx")),
        wrong(
            "db left out", "You return dx and dw alone. Return a tuple of three: dx, dw, db.", (RETURN, "return dx, dw")
        ),
        wrong(
            "order of the results",
            "Your results come in the wrong order. Return dx, dw, db.",
            (RETURN, "return dw, dx, db"),
        ),
        wrong(
            "dout changed",
            "You change the array dout. The caller still needs it: write to something new.",
            (DR, "dout *= 2\n    dr = pool_backward(dout, pool_cache)"),
            anchor="layers",
        ),
        wrong_forward(
            "no ReLU forward", "Your forward pass has no ReLU: its output has negative values.", (CLIP, "r = a")
        ),
        wrong_forward(
            "ReLU before the convolution",
            "Your forward pass puts the ReLU before the convolution, on x.",
            (CONVOLVED, "a = conv_forward(np.maximum(x, 0), w, b, conv_param)"),
            (CLIP, "r = a"),
        ),
        wrong_forward("no pooling", "Your forward pass does not pool.", (POOLED, "out = r")),
        wrong_forward(
            "pooled before the convolution",
            "Your forward pass pools x, before the convolution. Pooling comes last.",
            (CONVOLVED, "a = conv_forward(pool_forward(x, pool_param), w, b, conv_param)"),
            (POOLED, "out = r"),
        ),
        wrong_forward(
            "average",
            "Your forward pass takes the average of a window. Take its maximum.",
            (
                POOLED,
                "kh, kw, s = pool_param.values()\n    out = np.lib.stride_tricks.sliding_window_view(r, (kh, kw), axis=(2, 3))[:, :, ::s, ::s].mean(axis=(4, 5))",
            ),
        ),
        wrong_forward(
            "one stride for both",
            "Your pooling moves by conv_param's stride. It has one of its own, in pool_param.",
            (POOLED, "out = pool_forward(r, {**pool_param, 'stride': conv_param['stride']})"),
        ),
        wrong_forward(
            "pooling's stride for the convolution",
            "Your convolution moves by pool_param's stride. It has one of its own, in conv_param.",
            (CONVOLVED, "a = conv_forward(x, w, b, {**conv_param, 'stride': pool_param['stride']})"),
        ),
        wrong_forward(
            "stride and padding ignored forward",
            "Your forward pass makes no use of conv_param.",
            (CONVOLVED, "a = conv_forward(x, w, b, {'stride': 1, 'pad': 0})"),
        ),
        wrong_forward(
            "pooling fixed",
            "Your pooling is always 2x2 with stride 2. pool_param says how large its windows are.",
            (POOLED, "out = pool_forward(r, {'pool_height': 2, 'pool_width': 2, 'stride': 2})"),
        ),
        wrong_forward(
            "window turned",
            "You take the window's height for its width.",
            (
                POOLED,
                "out = pool_forward(r, {'pool_height': pool_param['pool_width'], 'pool_width': pool_param['pool_height'], 'stride': pool_param['stride']})",
            ),
        ),
        wrong_forward(
            "bias forgotten forward",
            "Your forward pass does not add the bias.",
            (CONVOLVED, "a = conv_forward(x, w, 0 * b, conv_param)"),
        ),
    ),
    variants={
        "three passes": conv_relu_pool_backward,
        "pooled before the ReLU, single precision, a list": beside(
            pool_first_backward, conv_relu_pool_forward=pool_first_forward
        ),
        "the inputs as cache, nested lists": beside(pool_again_backward, conv_relu_pool_forward=pool_again_forward),
    },
    partners=("conv_relu_pool_forward",),
    builds_on=BELOW,
)


def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    a = conv_forward(x, w, b, conv_param)
    z, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out = np.maximum(z, 0)
    return out, ((x, w, b, conv_param), bn_cache, z)


def conv_bn_relu_backward(dout, cache):
    conv_cache, bn_cache, z = cache
    dz = dout * (z > 0)
    da, dgamma, dbeta = spatial_batchnorm_backward(dz, bn_cache)
    dx, dw, db = gather(da, conv_cache)
    return dx, dw, db, dgamma, dbeta


def rows_block_forward(x, w, b, gamma, beta, conv_param, bn_param):
    """The output tells where it was above 0; another cache, a list."""
    z, bn_cache = rows_forward(conv_forward(x, w, b, conv_param), gamma, beta, bn_param)
    out = z.clip(0)
    return [out, {"conv": (x, w, b, conv_param), "bn": bn_cache, "out": out}]


def rows_block_backward(dout, cache):
    da, *rest = rows_backward(np.where(cache["out"] > 0, dout, 0), cache["bn"])
    return [*columns(da, cache["conv"]), *rest]


def channels_block_forward(x, w, b, gamma, beta, conv_param, bn_param):
    """Channel by channel; everything is computed again on the way back."""
    z, cache = channels_forward(conv_forward(x, w, b, conv_param), gamma, beta, bn_param)
    return np.maximum(z, 0).astype(np.float32), (np.array(z), cache, (x, w, b, conv_param))


def channels_block_backward(dout, cache):
    z, bn_cache, conv_cache = cache
    da, *rest = channels_backward(np.heaviside(z, 0) * dout, bn_cache)
    return *taps(da, conv_cache), *rest


BN_NAMES = ("dx", "dw", "db", "dgamma", "dbeta")
BN_GROUPS = {
    "out": "forward",
    "running_mean": "running statistics",
    "running_var": "running statistics",
    "dx": "gradients, training",
    "dw": "gradients, training",
    "dgamma": "gradients, training",
    "dbeta": "gradients, training",
}


def draw_bn(rng):
    k = apart(rng, 2, 4)
    layers = [
        ("as a network has it", (2, 3, 4, (4, 6), (3, 3)), {"stride": 1, "pad": 1}, {"mode": "train"}),
        (
            "a stride, momentum and eps",
            (3, 2, 3, (7, 6), k),
            {"stride": 2, "pad": 0},
            {"mode": "train", "momentum": 0.6, "eps": 0.5},
        ),
        ("testing", (2, 2, 3, (4, 5), k), {"stride": 1, "pad": 1}, {"mode": "test"}),
    ]
    cases = []
    for kind, (n, c, f, size, kernel), conv_param, bn_param in layers:
        x, w = rng.normal(size=(n, c, *size)), rng.normal(size=(f, c, *kernel))
        b, beta = rng.normal(size=f) * 2, rng.normal(size=f)
        gamma = rng.uniform(0.5, 2, f) * rng.choice([-1.0, 1.0], f)
        bn_param = {**bn_param, "running_mean": rng.normal(size=f), "running_var": rng.uniform(2, 9, f)}
        shape = conv_forward(x, w, b, conv_param).shape
        dout = rng.normal(size=shape) + rng.normal(size=(1, f, 1, 1))
        inputs = x, w, b, gamma, beta, conv_param, bn_param
        parts = (
            BN_GROUPS
            if bn_param["mode"] == "train"
            else {"out": "forward", **dict.fromkeys(BN_NAMES, "gradients, testing")}
        )
        if conv_param["stride"] == 2:
            parts = {part: group for part, group in parts.items() if part not in ("dw", "dbeta")}
        for part, group in parts.items():
            cases.append(Case(group, kind, (dout, inputs, BN_NAMES, part, "conv_bn_relu_forward")))
    return cases


def wrong_bn(name, sentence, *changes, anchor="blocks"):
    return Mistake(name, sentence, f"backprop-{anchor}", rewrite(conv_bn_relu_backward, *changes))


def wrong_bn_forward(name, sentence, *changes, anchor="blocks"):
    forward = rewrite(conv_bn_relu_forward, *changes)
    return Mistake(name, sentence, f"backprop-{anchor}", beside(conv_bn_relu_backward, conv_bn_relu_forward=forward))


DZ, NORM_BACK = "dz = dout * (z > 0)", "da, dgamma, dbeta = spatial_batchnorm_backward(dz, bn_cache)"
CONV_BACK, BN_RETURN = "dx, dw, db = gather(da, conv_cache)", "return dx, dw, db, dgamma, dbeta"
NORM, BN_CLIP = "z, bn_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)", "out = np.maximum(z, 0)"

CONV_BN_RELU_BACKWARD = Exercise(
    id="hw4.conv_bn_relu_backward",
    function="conv_bn_relu_backward",
    points=4,
    anchor="backprop-blocks",
    probe="layer",
    reference=cs231n.conv_bn_relu_backward,
    groups={"forward": 2, "running statistics": 1, "gradients, training": 3, "gradients, testing": 2},
    examples=(),
    draw=draw_bn,
    mistakes=(
        wrong_bn(
            "ReLU forgotten backwards",
            "Your backward pass forgets the ReLU. Go back through it first: it was last.",
            (DZ, "dz = dout"),
        ),
        wrong_bn(
            "mask from dout",
            "You let pass what is positive in dout. Use the sign of what went into the ReLU, batch norm's output.",
            (DZ, "dz = dout * (dout > 0)"),
        ),
        wrong_bn(
            "mask turned round",
            "You let pass where batch norm's output is negative. It is the other way round.",
            (DZ, "dz = dout * (z < 0)"),
        ),
        wrong_bn(
            "mask from the convolution's output",
            "You mask by the sign of the convolution's output. The ReLU saw batch norm's output: use that.",
            (DZ, "x, w, b, conv_param = conv_cache\n    dz = dout * (conv_forward(x, w, b, conv_param) > 0)"),
        ),
        wrong_bn(
            "ReLU and batch norm in forward order",
            "You go back through batch norm first and through the ReLU then. The ReLU was last, so it comes first.",
            (DZ, "dz = dout"),
            (CONV_BACK, "dx, dw, db = gather(da * (z > 0), conv_cache)"),
        ),
        wrong_bn(
            "batch norm forgotten backwards",
            "Your dx, dw and db skip batch norm. What goes on to the convolution is batch norm's dx.",
            (CONV_BACK, "dx, dw, db = gather(dz, conv_cache)"),
        ),
        wrong_bn(
            "dgamma and dbeta without the mask",
            "Your dgamma and dbeta forget the ReLU. All gradients come from the masked dout.",
            (CONV_BACK, "_, dgamma, dbeta = spatial_batchnorm_backward(dout, bn_cache)\n    " + CONV_BACK),
        ),
        wrong_bn(
            "dgamma and dbeta swapped",
            "dgamma and dbeta are swapped. Return dx, dw, db, dgamma, dbeta.",
            (BN_RETURN, "return dx, dw, db, dbeta, dgamma"),
        ),
        wrong_bn(
            "batch norm's gradients first",
            "Your results come in the wrong order. Return dx, dw, db, dgamma, dbeta.",
            (BN_RETURN, "return dx, dgamma, dbeta, dw, db"),
        ),
        wrong_bn(
            "three results",
            "You return dx, dw and db alone. Return a tuple of five: dx, dw, db, dgamma, dbeta.",
            (BN_RETURN, "return dx, dw, db"),
        ),
        wrong_bn(
            "cache in another order",
            "You unpack the cache in another order than your forward pass packs it.",
            ("conv_cache, bn_cache, z = cache", "bn_cache, conv_cache, z = cache"),
        ),
        wrong_bn(
            "db of batch norm's gradient",
            "Your db is dbeta. The bias lies before batch norm: sum what comes out of batch norm's backward pass.",
            (BN_RETURN, "db = dbeta\n    " + BN_RETURN),
        ),
        wrong_bn(
            "dout changed",
            "You change the array dout. The caller still needs it: write to something new.",
            (DZ, "dout *= 2\n    " + DZ),
            anchor="layers",
        ),
        wrong_bn_forward(
            "no ReLU forward", "Your forward pass has no ReLU: its output has negative values.", (BN_CLIP, "out = z")
        ),
        wrong_bn_forward(
            "ReLU before batch norm",
            "Your forward pass puts the ReLU before batch norm. The order is convolution, batch norm, ReLU.",
            (NORM, "z, bn_cache = spatial_batchnorm_forward(np.maximum(a, 0), gamma, beta, bn_param)"),
            (BN_CLIP, "out = z"),
        ),
        wrong_bn_forward(
            "no batch norm forward",
            "Your forward pass leaves batch norm out of the output.",
            (BN_CLIP, "out = np.maximum(a, 0)"),
        ),
        wrong_bn_forward(
            "gamma and beta swapped forward",
            "gamma and beta are swapped on their way to batch norm.",
            (NORM, "z, bn_cache = spatial_batchnorm_forward(a, beta, gamma, bn_param)"),
        ),
        wrong_bn_forward(
            "bias forgotten forward",
            "Your forward pass does not add the convolution's bias. In training batch norm removes it again, in testing it does not.",
            ("a = conv_forward(x, w, b, conv_param)", "a = conv_forward(x, w, 0 * b, conv_param)"),
        ),
        wrong_bn_forward(
            "stride and padding ignored forward",
            "Your forward pass makes no use of conv_param.",
            ("a = conv_forward(x, w, b, conv_param)", "a = conv_forward(x, w, b, {'stride': 1, 'pad': 0})"),
        ),
        wrong_bn_forward(
            "always training",
            "Your block always trains. Hand bn_param on to batch norm as it is: its mode decides.",
            (NORM, "bn_param['mode'] = 'train'\n    " + NORM),
        ),
        wrong_bn_forward(
            "always testing",
            "Your block always tests. Hand bn_param on to batch norm as it is: its mode decides.",
            (NORM, "bn_param['mode'] = 'test'\n    " + NORM),
        ),
        wrong_bn_forward(
            "a copy of bn_param",
            "You hand batch norm a copy of bn_param, so the running statistics that it writes are lost. Hand the dictionary on itself.",
            (NORM, NORM.replace("bn_param)", "dict(bn_param))")),
        ),
        wrong_bn_forward(
            "settings dropped",
            "You hand batch norm the mode and running values alone. eps and momentum are in bn_param, too: hand it on as it is.",
            (NORM, "for name in ('eps', 'momentum'):\n        bn_param.pop(name, None)\n    " + NORM),
        ),
    ),
    variants={
        "three passes": conv_bn_relu_backward,
        "pixels in rows, another cache, a list": beside(rows_block_backward, conv_bn_relu_forward=rows_block_forward),
        "channel by channel, single precision": beside(
            channels_block_backward, conv_bn_relu_forward=channels_block_forward
        ),
    },
    partners=("conv_bn_relu_forward",),
    builds_on=(
        "hw2.conv_forward_naive",
        "hw4.relu_forward",
        "hw4.relu_backward",
        "hw4.conv_backward_naive",
        "hw4.batchnorm_forward",
        "hw4.batchnorm_backward",
        "hw4.batchnorm_backward_alt",
        batchnorm.SPATIAL_BATCHNORM_FORWARD.id,
        batchnorm.SPATIAL_BATCHNORM_BACKWARD.id,
    ),
)
