"""Every public operation of the kernels: how to draw a case of it, and an oracle that shares no code with it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy.ndimage
import scipy.signal
import torch
from hypothesis import assume
from hypothesis import strategies as st
from torch.nn import functional as F

from convbook import kernels as K

MODES = ["zeros", "reflect", "replicate", "circular", "mean"]
TORCH_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
SCIPY_MODES = {"zeros": "constant", "reflect": "mirror", "replicate": "nearest", "circular": "wrap", "mean": "constant"}
SEEDS = st.integers(0, 2**32 - 1)


def plain(function, arrays, options):
    return function(*arrays, **options)


def plain_backward(function, forward, dout, arrays, options):
    return function(dout, *arrays, **options)


@dataclass(frozen=True)
class Operation:
    """``cases`` draws ``(arrays, options)``; ``oracle(*arrays, **options)`` gives tensors or arrays."""

    cases: st.SearchStrategy
    oracle: Callable
    call: Callable = plain
    backward: Callable | None = plain_backward
    affine: bool = False  # in its first array
    free: tuple = ()  # numbers of the arrays that may have any number of axes
    pairs: tuple = ()  # options that are an int or a pair
    kinks: bool = False  # no derivative where values are equal, or 0
    extra: dict = field(default_factory=dict)  # how its gradients are called, where not by ``_backward``


def pairs(least, most):
    """An int, or a pair of ints."""
    one = st.integers(least, most)
    return one | st.tuples(one, one)


def both(value) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def normal(draw, *shapes):
    rng = np.random.default_rng(draw(SEEDS))
    return tuple(rng.standard_normal(shape) for shape in shapes)


def sizes(draw, *most):
    return tuple(draw(st.integers(1, n)) for n in most)


# Convolution ------------------------------------------------------------------------------------------------


def padded_by_torch(x, padding, mode):
    ph, pw = both(padding)
    if mode == "mean":
        inside = F.pad(torch.ones_like(x), (pw, pw, ph, ph))
        return F.pad(x, (pw, pw, ph, ph)) + (1 - inside) * x.mean(dim=(2, 3), keepdim=True)
    return F.pad(x, (pw, pw, ph, ph), mode=TORCH_MODES[mode])


def conv_by_torch(x, w, b, stride, padding, dilation, groups, padding_mode):
    (dh, dw), (kh, kw) = both(dilation), w.shape[2:]
    padding = {"valid": 0, "same": (dh * (kh - 1) // 2, dw * (kw - 1) // 2)}.get(padding, padding)
    return F.conv2d(padded_by_torch(x, padding, padding_mode), w, b, stride, 0, dilation, groups)


@st.composite
def convolutions(draw):
    """Images seldom square, channels, filters and images drawn apart, windows that need not reach the end."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    N, depth, each, H, W, kh, kw = sizes(draw, 3, 2, 2, 7, 7, 3, 3)
    padding = draw(pairs(0, 3) | st.sampled_from(["same", "valid"]))
    options = {"stride": draw(pairs(1, 3)), "padding": padding, "dilation": draw(pairs(1, 3)), "groups": groups}
    options["padding_mode"] = mode = draw(st.sampled_from(MODES))
    dh, dw = both(options["dilation"])
    if padding == "same":
        options["stride"] = 1
        assume(dh * (kh - 1) % 2 == dw * (kw - 1) % 2 == 0)
    ph, pw = {"valid": (0, 0), "same": (dh * (kh - 1) // 2, dw * (kw - 1) // 2)}.get(padding) or both(padding)
    assume(dh * (kh - 1) + 1 <= H + 2 * ph and dw * (kw - 1) + 1 <= W + 2 * pw)
    limit = {"reflect": (H - 1, W - 1), "circular": (H, W)}.get(mode, (ph, pw))
    assume(ph <= limit[0] and pw <= limit[1])
    return normal(draw, (N, groups * depth, H, W), (groups * each, depth, kh, kw), groups * each), options


@st.composite
def transposed(draw):
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    N, depth, each, H, W, kh, kw = sizes(draw, 3, 2, 2, 5, 5, 3, 3)
    options = {"stride": draw(pairs(1, 3)), "padding": draw(pairs(0, 2)), "dilation": draw(pairs(1, 3))}
    (sh, sw), (ph, pw), (dh, dw) = map(both, options.values())
    extra = draw(st.integers(0, min(max(sh, dh), max(sw, dw)) - 1)) if draw(st.booleans()) else None
    extra = (draw(st.integers(0, max(sh, dh) - 1)), draw(st.integers(0, max(sw, dw) - 1))) if extra is None else extra
    options |= {"output_padding": extra, "groups": groups}
    (eh, ew) = both(extra)
    assume((H - 1) * sh - 2 * ph + dh * (kh - 1) + eh >= 0 and (W - 1) * sw - 2 * pw + dw * (kw - 1) + ew >= 0)
    return normal(draw, (N, groups * depth, H, W), (groups * depth, each, kh, kw), groups * each), options


def without_bias(function, forward, dout, arrays, options):
    return function(dout, *arrays[:2], **options)


@st.composite
def paddings(draw):
    (H, W), mode = sizes(draw, 6, 6), draw(st.sampled_from(MODES))
    limit = {"reflect": (H - 1, W - 1), "circular": (H, W)}.get(mode, (3, 3))
    padding = draw(st.integers(0, min(3, *limit)) | st.tuples(*(st.integers(0, min(3, n)) for n in limit)))
    return normal(draw, (*sizes(draw, 2, 3), H, W)), {"padding": padding, "mode": mode}


@st.composite
def windows(draw):
    """Images and the arguments of im2col that fit them."""
    kernel, stride, padding, dilation = (draw(pairs(low, high)) for low, high in ((1, 3), (1, 3), (0, 2), (1, 3)))
    size = []
    for k, p, d in zip(both(kernel), both(padding), both(dilation), strict=True):
        size.append(max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 4)))
    options = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    return normal(draw, (*sizes(draw, 2, 3), *size)), options


@st.composite
def folded(draw):
    (x,), options = draw(windows())
    if x.shape[2] == x.shape[3] and draw(st.booleans()):
        options["output_size"] = x.shape[2]
    else:
        options["output_size"] = x.shape[2:]
    return normal(draw, K.im2col_naive(x, *list(options.values())[:4]).shape), options


def unfold_by_torch(x, kernel_size, stride, padding, dilation):
    return F.unfold(x, kernel_size, dilation, padding, stride)


def fold_by_torch(cols, kernel_size, stride, padding, dilation, output_size):
    return F.fold(cols, both(output_size), kernel_size, dilation, padding, stride)


def fold_is_the_gradient(function, forward, dout, arrays, options):
    return function(dout, arrays[0].shape[2:], **options)


@st.composite
def planes(draw):
    """An array of two to four axes."""
    return normal(draw, (*sizes(draw, *[3] * draw(st.integers(0, 2))), *sizes(draw, 5, 5)))


def dilate_by_torch(x, d):
    H, W = x.shape[-2:]
    out = F.conv_transpose2d(x.reshape(-1, 1, H, W), torch.ones(1, 1, 1, 1, dtype=x.dtype), stride=d)
    return out.reshape(*x.shape[:-2], *out.shape[2:])


@st.composite
def lines(draw):
    k, more, stride, padding = draw(st.tuples(*(st.integers(a, b) for a, b in ((1, 4), (0, 5), (1, 3), (0, 2)))))
    return normal(draw, k), {"n": k + more, "stride": stride, "padding": padding}


@st.composite
def banks(draw):
    F_, C, kh, kw = sizes(draw, 2, 2, 3, 3)
    size = draw(st.integers(max(kh, kw), 5) | st.tuples(st.integers(kh, 5), st.integers(kw, 6)))
    shape = (kh, kw) if draw(st.booleans()) else (F_, C, kh, kw)
    return normal(draw, shape), {"size": size, "stride": draw(pairs(1, 3)), "padding": draw(pairs(0, 2))}


def toeplitz_1d_by_torch(w, n, stride, padding):
    return F.conv1d(torch.eye(n, dtype=w.dtype)[:, None], w[None, None], None, stride, padding)[:, 0].T


def toeplitz_2d_by_torch(w, size, stride, padding):
    w = w if w.ndim == 4 else w[None, None]
    H, W = both(size)
    units = torch.eye(w.shape[1] * H * W, dtype=w.dtype).reshape(-1, w.shape[1], H, W)
    return F.conv2d(units, w, None, stride, padding).reshape(len(units), -1).T


# Pooling ----------------------------------------------------------------------------------------------------


@st.composite
def poolings(draw):
    """Windows that overlap, leave gaps or do not reach the end; few different values, so that maxima are equal."""
    kernel = draw(pairs(1, 4))
    kh, kw = both(kernel)
    padding = draw(st.integers(0, min(kh, kw) // 2) | st.tuples(st.integers(0, kh // 2), st.integers(0, kw // 2)))
    size = kh + draw(st.integers(0, 4)), kw + draw(st.integers(0, 4))
    seed = draw(SEEDS)
    x = np.random.default_rng(seed).integers(-2, 3, (*sizes(draw, 2, 3), *size)) - 3 * (seed % 3 == 0)
    return (x.astype(float),), {"kernel_size": kernel, "stride": draw(st.none() | pairs(1, 4)), "padding": padding}


@st.composite
def binned(draw):
    return normal(draw, sizes(draw, 2, 3, 8, 8)), {"output_size": draw(pairs(1, 8))}


@st.composite
def blocks(draw):
    groups, depth, N, H, W = sizes(draw, 3, 4, 3, 3, 4)
    x = np.random.default_rng(draw(SEEDS)).integers(-2, 3, (N, groups * depth, H, W))
    return (x.astype(float),), {"groups": groups}


def channels_by_torch(x, groups):
    """max_pool3d over the channels, because torch.max shares the gradient of a tie."""
    return F.max_pool3d(x[:, None], (x.shape[1] // groups, 1, 1))[:, 0]


def without_options(function, forward, dout, arrays, options):
    return function(dout, *arrays)


# Normalisation and what follows -----------------------------------------------------------------------------


def first(function, arrays, options):
    return function(*arrays, **options)[0]


def with_cache(function, forward, dout, arrays, options):
    return function(dout, forward(*arrays, **options)[1])


@st.composite
def batches(draw):
    shape = sizes(draw, 3, 4, 3, 3)
    train = draw(st.booleans()) and shape[0] * shape[2] * shape[3] > 1
    x, gamma, beta, mean, var = normal(draw, shape, *[shape[1]] * 4)
    options = {"train": train, "momentum": draw(st.floats(0, 1)), "eps": draw(st.sampled_from([1e-5, 0.1, 3.0]))}
    if not train or draw(st.booleans()):
        options |= {"running_mean": mean, "running_var": var**2 + 0.1}
    return (3 * x + 1, gamma, beta), options


def batch_norm_by_torch(x, gamma, beta, train, momentum, eps, running_mean=None, running_var=None):
    mean = torch.zeros(len(gamma), dtype=x.dtype) if running_mean is None else torch.tensor(running_mean)
    var = torch.ones(len(gamma), dtype=x.dtype) if running_var is None else torch.tensor(running_var)
    return F.batch_norm(x, mean, var, gamma, beta, train, momentum, eps), mean, var


def with_running(function, arrays, options):
    out, _, running = function(*arrays, **options)
    return out, *running


@st.composite
def layers(draw):
    leading, shape = sizes(draw, *[3] * draw(st.integers(0, 2))), sizes(draw, *[4] * draw(st.integers(1, 3)))
    x, gamma, beta = normal(draw, leading + shape, shape, shape)
    return (3 * x + 1, gamma, beta), {"eps": draw(st.sampled_from([1e-5, 0.1, 3.0]))}


@st.composite
def grouped(draw):
    groups, depth, N, H, W = sizes(draw, 3, 3, 3, 3, 3)
    assume(depth * H * W > 1)  # PyTorch refuses to normalise one value
    x, gamma, beta = normal(draw, (N, groups * depth, H, W), *[groups * depth] * 2)
    return (3 * x + 1, gamma, beta), {"groups": groups, "eps": draw(st.sampled_from([1e-5, 0.1, 3.0]))}


def group_norm_by_torch(x, gamma, beta, groups, eps):
    return F.group_norm(x, groups, gamma, beta, eps)


@st.composite
def anything(draw):
    """An array of any number of axes with some zeros, the negative one among them."""
    (x,) = normal(draw, sizes(draw, *[4] * draw(st.integers(1, 4))))
    return (np.where(np.abs(x) < 0.3, 0 * x, x),), {}


@st.composite
def linears(draw):
    N, C, F_ = sizes(draw, 5, 5, 5)
    return normal(draw, (N, C), (F_, C), F_), {}


@st.composite
def scores(draw):
    return (draw(st.sampled_from([1, 100, 1e4])) * normal(draw, sizes(draw, 5, 6))[0],), {}


@st.composite
def losses(draw):
    (x,), _ = draw(scores())
    return (x,), {"labels": np.random.default_rng(draw(SEEDS)).integers(0, x.shape[1], len(x))}


def cross_entropy_by_torch(x, labels):
    return F.cross_entropy(x, torch.tensor(labels))


# Filters ----------------------------------------------------------------------------------------------------


@st.composite
def images(draw, kernels=1):
    """An image and a kernel that fit each other, or the kernel's two factors."""
    mode = draw(st.sampled_from([*MODES, "valid"]))
    side = st.integers(1, 4) if mode == "valid" else st.sampled_from([1, 3, 5])
    kh, kw = draw(side), draw(side)
    shapes = {0: (), 1: ((kh, kw),), 2: (kh, kw)}[kernels]
    kh, kw = (kh, kw) if kernels else (3, 3)
    return normal(draw, (kh + draw(st.integers(0, 4)), kw + draw(st.integers(0, 4))), *shapes), {"mode": mode}


def by_scipy(name):
    def oracle(image, kernel, mode):
        image, kernel = image.numpy(), kernel.numpy()
        if mode == "valid":
            return getattr(scipy.signal, {"correlate": "correlate2d", "convolve": "convolve2d"}[name])(
                image, kernel, "valid"
            )
        return getattr(scipy.ndimage, name)(image, kernel, mode=SCIPY_MODES[mode], cval=image.mean() * (mode == "mean"))

    return oracle


def separable_by_scipy(image, column, row, mode):
    return by_scipy("correlate")(image, torch.outer(column, row), mode)


def sobel_by_scipy(image, mode):
    image = image.numpy()
    how = {"mode": SCIPY_MODES.get(mode, "nearest"), "cval": image.mean() * (mode == "mean")}
    if mode == "mean":  # SciPy goes along one axis after the other and would put the mean between them
        image = np.pad(image, 1, constant_values=image.mean())
    out = np.hypot(scipy.ndimage.sobel(image, 0, **how), scipy.ndimage.sobel(image, 1, **how))
    return out[1:-1, 1:-1] if mode in ("valid", "mean") else out


@st.composite
def templates(draw):
    """Few different values, so that some patches and some templates are constant."""
    kh, kw, H, W = sizes(draw, 3, 3, 4, 4)
    rng = np.random.default_rng(draw(SEEDS))
    image = rng.integers(0, draw(st.sampled_from([2, 3, 200])), (H + kh - 1, W + kw - 1))
    return (image.astype(float), rng.integers(0, 3, (kh, kw)).astype(float)), {}


def template_by_numpy(image, template):
    image, template = image.numpy(), template.numpy()
    patches = np.lib.stride_tricks.sliding_window_view(image, template.shape)
    out = np.zeros(patches.shape[:2])
    for i, j in np.ndindex(out.shape):
        if np.ptp(patches[i, j]) > 0 and np.ptp(template) > 0:
            out[i, j] = np.corrcoef(patches[i, j].ravel(), template.ravel())[0, 1]
    return out


CONV, POOL = ("stride", "padding", "dilation"), ("kernel_size", "stride", "padding")
OPERATIONS = {
    "conv2d": Operation(convolutions(), conv_by_torch, backward=without_bias, affine=True, pairs=CONV),
    "conv_transpose2d": Operation(
        transposed(), F.conv_transpose2d, backward=without_bias, affine=True, pairs=(*CONV, "output_padding")
    ),
    "pad2d": Operation(
        paddings(), padded_by_torch, backward=lambda f, _, dout, __, o: f(dout, **o), affine=True, pairs=("padding",)
    ),
    "unfold": Operation(
        windows(),
        unfold_by_torch,
        backward=fold_is_the_gradient,
        affine=True,
        pairs=(*POOL, "dilation"),
        extra={"backward": "fold"},
    ),
    "fold": Operation(
        folded(),
        fold_by_torch,
        backward=lambda f, _, dout, __, o: f(dout, **{k: v for k, v in o.items() if k != "output_size"}),
        affine=True,
        pairs=(*POOL, "dilation", "output_size"),
        extra={"backward": "unfold"},
    ),
    "dilate": Operation(
        st.tuples(planes(), st.fixed_dictionaries({"d": pairs(1, 3)})),
        dilate_by_torch,
        backward=None,
        affine=True,
        free=(0,),
        pairs=("d",),
    ),
    "flip": Operation(
        st.tuples(planes(), st.just({})), lambda w: w.flip(-2, -1), backward=None, affine=True, free=(0,)
    ),
    "toeplitz_1d": Operation(lines(), toeplitz_1d_by_torch, backward=None, affine=True),
    "toeplitz_2d": Operation(
        banks(), toeplitz_2d_by_torch, backward=None, affine=True, pairs=("size", "stride", "padding")
    ),
    "max_pool2d": Operation(poolings(), F.max_pool2d, pairs=POOL, kinks=True),
    "avg_pool2d": Operation(poolings(), F.avg_pool2d, affine=True, pairs=POOL),
    "adaptive_avg_pool2d": Operation(
        binned(), F.adaptive_avg_pool2d, backward=without_options, affine=True, pairs=("output_size",)
    ),
    "global_avg_pool": Operation(binned().map(lambda case: (case[0], {})), lambda x: x.mean((2, 3)), affine=True),
    "cross_channel_max_pool": Operation(blocks(), channels_by_torch, kinks=True),
    "batch_norm2d": Operation(batches(), batch_norm_by_torch, with_running, with_cache),
    "layer_norm": Operation(
        layers(), lambda x, g, b, eps: F.layer_norm(x, g.shape, g, b, eps), first, with_cache, free=(0,)
    ),
    "group_norm": Operation(grouped(), group_norm_by_torch, first, with_cache),
    "relu": Operation(anything(), F.relu, free=(0,), kinks=True),
    "linear": Operation(linears(), F.linear, backward=without_bias, affine=True),
    "log_softmax": Operation(scores(), lambda x: F.log_softmax(x, 1), backward=None),
    "softmax_cross_entropy": Operation(losses(), cross_entropy_by_torch),
    "correlate2d": Operation(images(), by_scipy("correlate"), backward=None, affine=True),
    "convolve2d": Operation(images(), by_scipy("convolve"), backward=None, affine=True),
    "separable_filter": Operation(images(2), separable_by_scipy, backward=None, affine=True),
    "sobel_magnitude": Operation(images(0), sobel_by_scipy, backward=None),
    "normalised_cross_correlation": Operation(templates(), template_by_numpy, backward=None),
}
