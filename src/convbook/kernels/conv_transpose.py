"""Transposed convolution: the adjoint of convolution, which makes images larger."""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.gradients import filter_gradient, input_gradient
from convbook.kernels.methods import correlate
from convbook.kernels.sizes import pair, whole


def _plane(x, name: str) -> np.ndarray:
    """Return ``x`` as floats, or raise ``ValueError`` unless it has rows and columns."""
    if np.ndim(x) < 2:
        raise ValueError(f"{name} must have at least 2 axes (rows and columns last), got shape {np.shape(x)}")
    return as_float(x, name, np.ndim(x), "(...)")


def dilate(x, d) -> np.ndarray:
    """Put ``d - 1`` zeros between neighbouring pixels of the last two axes; ``d`` an int or a pair.

    A fresh array ``(..., (H - 1) dh + 1, (W - 1) dw + 1)``; integers become float64.
    Raises ``ValueError`` for fewer than two axes and for a factor below 1.

    >>> dilate([[1, 2], [3, 4]], (1, 2))
    array([[1., 0., 2.],
           [3., 0., 4.]])
    """
    x, (dh, dw) = _plane(x, "x"), pair("d", d, 1)
    H, W = x.shape[-2:]
    out = np.zeros((*x.shape[:-2], max(0, (H - 1) * dh + 1), max(0, (W - 1) * dw + 1)), x.dtype)
    out[..., ::dh, ::dw] = x
    return out


def dilate_naive(x, d) -> np.ndarray:
    """The same as :func:`dilate`, pixel by pixel.

    >>> dilate_naive([[1, 2], [3, 4]], (1, 2))
    array([[1., 0., 2.],
           [3., 0., 4.]])
    """
    x, (dh, dw) = _plane(x, "x"), pair("d", d, 1)
    *rest, H, W = x.shape
    out = np.zeros((*rest, max(0, (H - 1) * dh + 1), max(0, (W - 1) * dw + 1)), x.dtype)
    for i in range(H):
        for j in range(W):
            out[..., i * dh, j * dw] = x[..., i, j]
    return out


def flip(w) -> np.ndarray:
    """Turn every kernel by 180 degrees: both of the last two axes backwards; a fresh array, as in :func:`dilate`.

    >>> flip([[1, 2], [3, 4]])
    array([[4., 3.],
           [2., 1.]])
    """
    return _plane(w, "w")[..., ::-1, ::-1].copy()


def flip_naive(w) -> np.ndarray:
    """The same as :func:`flip`, tap by tap.

    >>> flip_naive([[1, 2], [3, 4]])
    array([[4., 3.],
           [2., 1.]])
    """
    w = _plane(w, "w")
    kh, kw = w.shape[-2:]
    out = np.zeros_like(w)
    for a in range(kh):
        for b in range(kw):
            out[..., a, b] = w[..., kh - 1 - a, kw - 1 - b]
    return out


def _check(x, w, b, stride, padding, output_padding, groups, dilation):
    """Check every argument; return ``x, w, b``, pairs of stride, padding, dilation, and the output's shape."""
    x = as_float(x, "x", 4, "(N, C_in, H, W)")
    w = as_float(w, "w", 4, "(C_in, C_out/groups, kh, kw)")
    N, C, H, W = x.shape
    if len(w) != C:
        raise ValueError(f"w of shape {w.shape} takes {len(w)} input channels, but x of shape {x.shape} has {C}")
    if C % whole("groups", groups, 1):
        raise ValueError(f"groups={groups} does not divide the {C} input channels")
    F = w.shape[1] * groups
    b = None if b is None else as_float(b, "b", 1, "(C_out,)")
    if b is not None and b.shape != (F,):
        raise ValueError(f"b must have shape ({F},), one value an output channel, got shape {b.shape}")
    stride, dilation = pair("stride", stride, 1), pair("dilation", dilation, 1)
    padding, extra = pair("padding", padding, 0), pair("output_padding", output_padding, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(f"output_padding {extra} must be smaller than stride {stride} or dilation {dilation}")
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip((H, W), stride, padding, dilation, w.shape[2:], extra, strict=True)
    )
    if min(size) < 1:
        raise ValueError(
            f"x of shape {x.shape}, w of shape {w.shape}, stride {stride}, padding {padding}, dilation {dilation} and "
            f"output_padding {extra} give an output of {size[0]}x{size[1]} pixels: (H - 1) stride - 2 padding + "
            "dilation (kernel_size - 1) + output_padding + 1 must be at least 1"
        )
    dtype = np.result_type(x, w) if b is None else np.result_type(x, w, b)
    x, w = x.astype(dtype, copy=False), w.astype(dtype, copy=False)
    return x, w, b, stride, padding, dilation, (N, F, *size)


def conv_transpose2d_naive(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1) -> np.ndarray:
    """The same as :func:`conv_transpose2d`, as loops: every pixel stamps its filter onto the output.

    >>> conv_transpose2d_naive([[[[1, 10]]]], [[[[1, 2, 3]]]], stride=(1, 2))
    array([[[[ 1.,  2., 13., 20., 30.]]]])
    """
    x, w, bias, (sh, sw), (ph, pw), (dh, dw), shape = _check(x, w, b, stride, padding, output_padding, groups, dilation)
    (C, each, kh, kw), (F, oh, ow) = w.shape, shape[1:]
    out = np.zeros(shape, x.dtype)
    for n, c, i, j in np.ndindex(x.shape):
        first = c // (C // groups) * each  # the first output channel of c's group
        for f in range(each):
            for a in range(kh):
                for b in range(kw):
                    y, z = i * sh + a * dh - ph, j * sw + b * dw - pw
                    if 0 <= y < oh and 0 <= z < ow:
                        out[n, first + f, y, z] += x[n, c, i, j] * w[c, f, a, b]
    return out if bias is None else out + bias.reshape(F, 1, 1)


def conv_transpose2d(x, w, b=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1) -> np.ndarray:
    """Transposed convolution: what :func:`convbook.kernels.conv2d_backward` does to ``dout``, on ``x``.

    ``out[n, f, i s + a d - p, j s + b d - p] += x[n, c, i, j] w[c, f, a, b]`` over all ``c, i, j, a, b``;
    argument names, order, layout and meaning as in ``torch.nn.functional.conv_transpose2d`` (V. Dumoulin
    and F. Visin, A guide to convolution arithmetic for deep learning, 2016, arXiv:1603.07285).

    Parameters
    ----------
    x : (N, C_in, H, W) images; float32 and float64 keep their dtype, integers become float64.
    w : (C_in, C_out/groups, kh, kw) filters.
    b : (C_out,) biases, or None.
    stride, dilation : int or pair, at least 1; stride spreads the stamps, dilation the pixels of one.
    padding : int or pair, rows and columns cut from each side of the output.
    output_padding : int or pair, rows and columns more at the bottom and right, less than stride or dilation.
    groups : how many blocks the channels are split into.

    Returns
    -------
    (N, C_out, oh, ow) with ``oh = (H - 1) s - 2 p + d (kh - 1) + output_padding + 1``; no argument is modified.

    Raises
    ------
    ValueError with the shapes and the rule broken.

    >>> conv_transpose2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 3, 3)), stride=2, padding=1, output_padding=1)
    array([[[[1., 2., 1., 1.],
             [2., 4., 2., 2.],
             [1., 2., 1., 1.],
             [1., 2., 1., 1.]]]])
    """
    x, w, b, stride, padding, dilation, shape = _check(x, w, b, stride, padding, output_padding, groups, dilation)
    out = np.empty(shape, x.dtype)
    input_gradient(x, w, out, stride, padding, dilation, groups)
    if b is not None:
        out += b[:, None, None]
    return out


def _check_dout(dout, x, w, stride, padding, output_padding, groups, dilation):
    """As :func:`_check` without a bias, and ``dout`` of the shape that the transposed convolution returns."""
    x, w, _, stride, padding, dilation, shape = _check(x, w, None, stride, padding, output_padding, groups, dilation)
    dout = as_float(dout, "dout", 4, "(N, C_out, oh, ow)")
    if dout.shape != shape:
        raise ValueError(
            f"dout must have the shape of the output, {shape} for x of shape {x.shape} and w of shape {w.shape}, "
            f"got shape {dout.shape}"
        )
    dtype = np.result_type(dout, x)
    dout, x, w = (array.astype(dtype, copy=False) for array in (dout, x, w))
    return dout, x, w, stride, padding, dilation


def conv_transpose2d_backward_naive(dout, x, w, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The same as :func:`conv_transpose2d_backward`, as loops: every stamp pays back to its pixel and its filter.

    >>> dx, dw, db = conv_transpose2d_backward_naive(np.ones((1, 1, 1, 4)), [[[[1, 2, 3]]]], [[[[5, 6]]]])
    >>> dx, dw, db
    (array([[[[11., 11., 11.]]]]), array([[[[6., 6.]]]]), array([4.]))
    """
    dout, x, w, (sh, sw), (ph, pw), (down, right) = _check_dout(
        dout, x, w, stride, padding, output_padding, groups, dilation
    )
    (C, each, kh, kw), (F, oh, ow) = w.shape, dout.shape[1:]
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(F, x.dtype)
    for n, f, i, j in np.ndindex(dout.shape):
        db[f] += dout[n, f, i, j]
    for n, c, i, j in np.ndindex(x.shape):
        first = c // (C // groups) * each
        for f in range(each):
            for a in range(kh):
                for b in range(kw):
                    y, z = i * sh + a * down - ph, j * sw + b * right - pw
                    if 0 <= y < oh and 0 <= z < ow:
                        dx[n, c, i, j] += dout[n, first + f, y, z] * w[c, f, a, b]
                        dw[c, f, a, b] += dout[n, first + f, y, z] * x[n, c, i, j]
    return dx, dw, db


def conv_transpose2d_backward(dout, x, w, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Gradients ``dx, dw, db`` of :func:`conv_transpose2d`; ``dx`` is a plain convolution of ``dout`` with ``w``.

    ``dout``: (N, C_out, oh, ow); the other arguments as given to ``conv_transpose2d``.
    Raises ``ValueError`` as that does, and for a ``dout`` that has not the shape of its output.

    >>> dx, dw, db = conv_transpose2d_backward(np.ones((1, 1, 1, 4)), [[[[1, 2, 3]]]], [[[[5, 6]]]])
    >>> dx, dw, db
    (array([[[[11., 11., 11.]]]]), array([[[[6., 6.]]]]), array([4.]))
    """
    dout, x, w, stride, padding, dilation = _check_dout(dout, x, w, stride, padding, output_padding, groups, dilation)
    dx, db = np.empty(x.shape, x.dtype), dout.sum(axis=(0, 2, 3))
    # output padding that no stamp reached has nothing to pay back
    rows, columns = (
        (n - 1) * s + d * (k - 1) + 1 - p
        for n, s, d, k, p in zip(x.shape[2:], stride, dilation, w.shape[2:], padding, strict=True)
    )
    reached = dout[:, :, :rows, :columns]
    correlate(reached, w, dx, stride, padding, dilation, groups)
    return dx, filter_gradient(x, reached, w.shape[2:], stride, padding, dilation, groups), db
