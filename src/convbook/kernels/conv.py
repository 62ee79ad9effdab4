"""2-D cross-correlation of batches, the operation that deep learning calls convolution."""

from typing import Any

import numpy as np

from convbook.kernels.methods import correlate
from convbook.kernels.sizes import check_groups, conv_output_size, pair, same_padding

PADDING_MODES: dict[str, Any] = {  # what NumPy calls them, which has no name for the last
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
    "mean": None,
}


def as_float(x, name: str, ndim: int, axes: str) -> np.ndarray:
    """Return ``x`` as an array of ``ndim`` axes, integers and booleans turned to float64.

    >>> as_float([[1, 2]], "b", 1, "(F,)")
    Traceback (most recent call last):
    ...
    ValueError: b must have shape (F,), 1 axes, got shape (1, 2)
    """
    x = np.asarray(x)
    if x.ndim != ndim:
        raise ValueError(f"{name} must have shape {axes}, {ndim} axes, got shape {x.shape}")
    if x.dtype.kind in "biu":
        return x.astype(np.float64)
    if x.dtype.kind != "f":
        raise ValueError(f"{name} must hold real numbers, got dtype {x.dtype}")
    return x


def check_pad(x, padding, mode) -> tuple[np.ndarray, tuple[int, int]]:
    """Check the arguments of :func:`pad2d`; return ``x`` as floats and the padding as a pair."""
    x = as_float(x, "x", 4, "(N, C, H, W)")
    ph, pw = pair("padding", padding, 0)
    if mode not in PADDING_MODES:
        raise ValueError(f"padding mode must be one of {sorted(PADDING_MODES)}, got {mode!r}")
    H, W = x.shape[2:]
    limit = {"reflect": (H - 1, W - 1), "circular": (H, W)}.get(mode, (ph, pw))
    if ph > limit[0] or pw > limit[1]:
        raise ValueError(f"{mode} padding of ({ph}, {pw}) is more than a {H}x{W} image allows: at most {limit}")
    return x, (ph, pw)


def source_pixel(y: int, size: int, mode: str) -> int | None:
    """Which of ``size`` pixels stands at place ``y``, before the first or beyond the last too; None for a colour.

    >>> [[source_pixel(y, 3, mode) for y in (-2, -1, 0, 3, 4)] for mode in ("reflect", "replicate", "circular")]
    [[2, 1, 0, 1, 0], [0, 0, 0, 2, 2], [1, 2, 0, 0, 1]]
    """
    if 0 <= y < size:
        return y
    beyond = 0 if y < 0 else size - 1  # the pixel at the border
    return {"reflect": 2 * beyond - y, "replicate": beyond, "circular": y % size}.get(mode)


def pad2d_naive(x, padding, mode: str = "zeros") -> np.ndarray:
    """The same as :func:`pad2d`, pixel by pixel.

    >>> pad2d_naive([[[[1, 2, 3]]]], (0, 2), "reflect")
    array([[[[3., 2., 1., 2., 3., 2., 1.]]]])
    """
    x, (ph, pw) = check_pad(x, padding, mode)
    N, C, H, W = x.shape
    out = np.zeros((N, C, H + 2 * ph, W + 2 * pw), x.dtype)
    for n, c, i, j in np.ndindex(out.shape):
        y, z = source_pixel(i - ph, H, mode), source_pixel(j - pw, W, mode)
        if y is not None and z is not None:
            out[n, c, i, j] = x[n, c, y, z]
        elif mode == "mean":
            out[n, c, i, j] = x[n, c].mean()
    return out


def pad2d(x, padding, mode: str = "zeros") -> np.ndarray:
    """Pad the last two axes of ``x (N, C, H, W)``; a fresh array, same dtype.

    ``padding``: int or ``(rows, columns)``, added on both sides.
    ``mode``: ``"zeros"``, ``"reflect"`` (edge pixel not repeated), ``"replicate"``,
    ``"circular"``, or ``"mean"`` (each channel's own mean, as the border colour).
    Raises ``ValueError`` for another mode and for a border that the image is too small for.

    >>> pad2d(np.array([[[[1.0, 2.0, 3.0]]]]), (0, 2), "circular")
    array([[[[2., 3., 1., 2., 3., 1., 2.]]]])
    """
    x, (ph, pw) = check_pad(x, padding, mode)
    H, W = x.shape[2:]
    if mode == "mean":
        padded = np.empty(x.shape[:2] + (H + 2 * ph, W + 2 * pw), x.dtype)
        padded[...] = x.mean(axis=(2, 3), keepdims=True)
        padded[:, :, ph : ph + H, pw : pw + W] = x
        return padded
    return np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), mode=PADDING_MODES[mode])


def check_conv(x, w, b, stride, padding, dilation, groups):
    """Check every argument; return ``x, w, b`` of one float dtype, pairs of stride, padding, dilation, output size."""
    x = as_float(x, "x", 4, "(N, C, H, W)")
    w = as_float(w, "w", 4, "(F, C/groups, kh, kw)")
    C, (F, depth, kh, kw) = x.shape[1], w.shape
    check_groups(C, F, groups)
    if depth != C // groups:
        raise ValueError(
            f"w of shape {w.shape} has filters of depth {depth}, but x of shape {x.shape} "
            f"with groups={groups} needs depth {C}/{groups} = {C // groups}"
        )
    b = None if b is None else as_float(b, "b", 1, "(F,)")
    if b is not None and b.shape != (F,):
        raise ValueError(f"b must have shape ({F},), one value a filter, got shape {b.shape}")
    (sh, sw), (dh, dw) = pair("stride", stride, 1), pair("dilation", dilation, 1)
    if padding == "valid":
        padding = 0
    elif padding == "same":
        if (sh, sw) != (1, 1):
            raise ValueError(f"padding='same' needs stride 1, got stride ({sh}, {sw})")
        padding = same_padding(kh, dh), same_padding(kw, dw)
    elif isinstance(padding, str):
        raise ValueError(f"padding must be an integer, a pair, 'same' or 'valid', got {padding!r}")
    ph, pw = pair("padding", padding, 0)
    oh = conv_output_size(x.shape[2], kh, sh, ph, dh)
    ow = conv_output_size(x.shape[3], kw, sw, pw, dw)
    dtype = np.result_type(x, w) if b is None else np.result_type(x, w, b)
    x, w = x.astype(dtype, copy=False), w.astype(dtype, copy=False)
    return x, w, b, (sh, sw), (ph, pw), (dh, dw), (oh, ow)


def conv2d_naive(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros") -> np.ndarray:
    """The same as :func:`conv2d`, as loops that read like the formula.

    >>> x = np.array([[[[1, 128, 100, 255], [4, 100, 80, 0], [20, 90, 70, 0], [40, 50, 60, 2]]]])
    >>> w = np.array([[[[1, 2], [0, 0.5]]]])
    >>> conv2d_naive(x, w, padding=1)[0, 0, :2, :2]
    array([[  0.5,  64. ],
           [  4. , 307. ]])
    """
    x, w, bias, (sh, sw), padding, (dh, dw), (oh, ow) = check_conv(x, w, b, stride, padding, dilation, groups)
    x = pad2d(x, padding, padding_mode)
    N, (F, depth, kh, kw) = len(x), w.shape
    bias = np.zeros(F, x.dtype) if bias is None else bias
    out = np.zeros((N, F, oh, ow), x.dtype)
    for n in range(N):
        for f in range(F):
            first = f // (F // groups) * depth  # the first input channel of f's group
            for i in range(oh):
                for j in range(ow):
                    out[n, f, i, j] = bias[f]
                    for c in range(depth):
                        for a in range(kh):
                            for b in range(kw):
                                pixel = x[n, first + c, i * sh + a * dh, j * sw + b * dw]
                                out[n, f, i, j] += pixel * w[f, c, a, b]
    return out


def conv2d(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros") -> np.ndarray:
    """Cross-correlate a batch of images with a bank of filters.

    ``out[n, f, i, j] = b[f] + sum over c, a, b of x[n, c, i s + a d, j s + b d] w[f, c, a, b]``
    with ``x`` padded first (Data 188 lecture 11 with its batch index mended;
    argument names and meaning as in ``torch.nn.functional.conv2d``).
    :func:`convbook.kernels.methods.method_for` chooses by shape how it is computed. In float32 the
    largest error is about 5e-6 standard deviations of the output, 2e-5 by Winograd's method.

    Parameters
    ----------
    x : (N, C, H, W) images; float32 and float64 keep their dtype, integers become float64.
    w : (F, C/groups, kh, kw) filters.
    b : (F,) biases, or None.
    stride, dilation : int or pair (vertical, horizontal), at least 1.
    padding : int, pair, "same" (stride 1, output as large as the input) or "valid" (none).
    groups : how many blocks channels and filters are split into; divides both.
    padding_mode : see :func:`pad2d`.

    Returns
    -------
    (N, F, oh, ow), a fresh array; no argument is modified.

    Raises
    ------
    ValueError naming the offending value: wrong number of axes, groups that do not
    divide, filters of the wrong depth, a kernel larger than the padded input.

    >>> x = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    >>> conv2d(x, np.ones((6, 1, 3, 3)), stride=(1, 2), groups=3).shape
    (2, 6, 2, 2)
    """
    x, w, b, stride, padding, dilation, size = check_conv(x, w, b, stride, padding, dilation, groups)
    if padding_mode != "zeros":  # the methods leave out zeros instead of adding them
        x, padding = pad2d(x, padding, padding_mode), (0, 0)
    out = np.empty((len(x), len(w), *size), x.dtype)
    correlate(x, w, out, stride, padding, dilation, groups)
    if b is not None:
        out += b[:, None, None]
    return out
