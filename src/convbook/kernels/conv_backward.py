"""Gradients of :func:`convbook.kernels.conv2d` with respect to everything that goes into it."""

import numpy as np

from convbook.kernels.conv import PADDING_MODES, as_float, check_conv, pad2d, source_pixel
from convbook.kernels.gradients import filter_gradient, input_gradient
from convbook.kernels.sizes import pair


def _check_padded(dpadded, padding, mode):
    """Check the arguments of :func:`pad2d_backward`; return ``dpadded``, the padding as a pair and ``(H, W)``."""
    dpadded = as_float(dpadded, "dpadded", 4, "(N, C, H + 2 ph, W + 2 pw)")
    ph, pw = pair("padding", padding, 0)
    if mode not in PADDING_MODES:
        raise ValueError(f"padding mode must be one of {sorted(PADDING_MODES)}, got {mode!r}")
    H, W = dpadded.shape[2] - 2 * ph, dpadded.shape[3] - 2 * pw
    if H < 1 or W < 1:
        raise ValueError(f"dpadded of shape {dpadded.shape} is all padding of ({ph}, {pw}): no pixel is left inside")
    return dpadded, (ph, pw), (H, W)


def pad2d_backward_naive(dpadded, padding, mode: str = "zeros") -> np.ndarray:
    """The same as :func:`pad2d_backward`, pixel by pixel.

    >>> pad2d_backward_naive(np.ones((1, 1, 1, 7)), (0, 2), "reflect")
    array([[[[2., 3., 2.]]]])
    """
    dpadded, (ph, pw), (H, W) = _check_padded(dpadded, padding, mode)
    dx = np.zeros((*dpadded.shape[:2], H, W), dpadded.dtype)
    for n, c, i, j in np.ndindex(dpadded.shape):
        y, z = source_pixel(i - ph, H, mode), source_pixel(j - pw, W, mode)
        if y is not None and z is not None:
            dx[n, c, y, z] += dpadded[n, c, i, j]
        elif mode == "mean":
            dx[n, c] += dpadded[n, c, i, j] / (H * W)
    return dx


def pad2d_backward(dpadded, padding, mode: str = "zeros") -> np.ndarray:
    """Adjoint of :func:`convbook.kernels.pad2d`: what the border got goes back to the pixels it was copied from.

    ``dpadded (N, C, H + 2 ph, W + 2 pw) -> (N, C, H, W)``, ``padding`` an int or a pair.
    Raises ``ValueError`` for another mode, and where the padding leaves no pixel inside.

    >>> pad2d_backward(np.ones((1, 1, 1, 7)), (0, 2), "reflect")
    array([[[[2., 3., 2.]]]])
    """
    dpadded, (ph, pw), (H, W) = _check_padded(dpadded, padding, mode)
    inside = np.s_[:, :, ph : ph + H, pw : pw + W]
    if mode == "zeros":
        return dpadded[inside].copy()
    if mode == "mean":
        border = dpadded.sum(axis=(2, 3), keepdims=True) - dpadded[inside].sum(axis=(2, 3), keepdims=True)
        return dpadded[inside] + border / (H * W)
    # the border is a copy of pixels: padding their numbers the same way tells which
    source_rows = pad2d(np.arange(H, dtype=float).reshape(1, 1, H, 1), (ph, 0), mode).ravel().astype(int)
    source_columns = pad2d(np.arange(W, dtype=float).reshape(1, 1, 1, W), (0, pw), mode).ravel().astype(int)
    rows = np.zeros((*dpadded.shape[:2], H, dpadded.shape[3]), dpadded.dtype)
    for i, source in enumerate(source_rows):
        rows[:, :, source] += dpadded[:, :, i]
    dx = np.zeros((*dpadded.shape[:2], H, W), dpadded.dtype)
    for j, source in enumerate(source_columns):
        dx[:, :, :, source] += rows[:, :, :, j]
    return dx


def _check(dout, x, w, stride, padding, dilation, groups):
    """As :func:`check_conv` without a bias, and ``dout`` of the shape that the convolution returns."""
    x, w, _, stride, padding, dilation, size = check_conv(x, w, None, stride, padding, dilation, groups)
    dout = as_float(dout, "dout", 4, "(N, F, oh, ow)")
    expected = (len(x), len(w), *size)
    if dout.shape != expected:
        raise ValueError(
            f"dout must have the shape of the output, {expected} for x of shape {x.shape} and w of shape {w.shape}, "
            f"got shape {dout.shape}"
        )
    dtype = np.result_type(dout, x)
    return *(array.astype(dtype, copy=False) for array in (dout, x, w)), stride, padding, dilation


def conv2d_backward_naive(dout, x, w, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    """The same as :func:`conv2d_backward`, as loops that read like the chain rule.

    Every product ``x w`` of the forward pass gives back ``dout w`` to its pixel and ``dout x`` to its weight.

    >>> dx, dw, db = conv2d_backward_naive([[[[1.0, 2.0]]]], [[[[3.0, 4.0, 5.0]]]], [[[[6.0, 7.0]]]])
    >>> dx, dw, db
    (array([[[[ 6., 19., 14.]]]]), array([[[[11., 14.]]]]), array([3.]))
    """
    dout, x, w, (sh, sw), padding, (down, right) = _check(dout, x, w, stride, padding, dilation, groups)
    x = pad2d(x, padding, padding_mode)
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(len(w), x.dtype)
    F, depth, kh, kw = w.shape
    for n, f, i, j in np.ndindex(dout.shape):
        first = f // (F // groups) * depth
        db[f] += dout[n, f, i, j]
        for c in range(depth):
            for a in range(kh):
                for b in range(kw):
                    pixel = n, first + c, i * sh + a * down, j * sw + b * right
                    dx[pixel] += dout[n, f, i, j] * w[f, c, a, b]
                    dw[f, c, a, b] += dout[n, f, i, j] * x[pixel]
    return pad2d_backward(dx, padding, padding_mode), dw, db


def conv2d_backward(dout, x, w, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    """Gradients of a number with respect to ``x``, ``w`` and ``b``, from that with respect to the output.

    ``dx[n, c, y, x] = sum over f, i, j, a, b of dout[n, f, i, j] w[f, c, a, b]`` where ``i s + a d = y`` and
    ``j s + b d = x``: at stride 1 a convolution with every filter turned by 180 degrees;
    ``dw[f, c, a, b] = sum over n, i, j of dout[n, f, i, j] x[n, c, i s + a d, j s + b d]``;
    ``db[f] = sum over n, i, j of dout[n, f, i, j]``.

    Parameters
    ----------
    dout : (N, F, oh, ow), the gradient with respect to the output of ``conv2d``.
    x, w, stride, padding, dilation, groups, padding_mode : as given to ``conv2d``.

    Returns
    -------
    dx (N, C, H, W), dw (F, C/groups, kh, kw), db (F,); float32 if all arrays are, no argument is modified.

    Raises
    ------
    ValueError as ``conv2d`` does, and for a ``dout`` that has not the shape of its output.

    >>> dx, dw, db = conv2d_backward(np.ones((2, 4, 3, 3)), np.ones((2, 3, 3, 3)), np.ones((4, 3, 3, 3)), padding=1)
    >>> dx[0, 0], dw[0, 0], db
    (array([[16., 24., 16.],
           [24., 36., 24.],
           [16., 24., 16.]]), array([[ 8., 12.,  8.],
           [12., 18., 12.],
           [ 8., 12.,  8.]]), array([18., 18., 18., 18.]))
    """
    dout, x, w, stride, padding, dilation = _check(dout, x, w, stride, padding, dilation, groups)
    border = padding
    if padding_mode != "zeros":
        x, border = pad2d(x, padding, padding_mode), (0, 0)
    dx = np.empty(x.shape, x.dtype)
    input_gradient(dout, w, dx, stride, border, dilation, groups)
    dw = filter_gradient(dout, x, w.shape[2:], stride, border, dilation, groups)
    if padding_mode != "zeros":
        dx = pad2d_backward(dx, padding, padding_mode)
    return dx, dw, dout.sum(axis=(0, 2, 3))
