"""Pooling: one number a window, channel by channel, and where its gradient goes."""

import numpy as np

from convbook.kernels.conv import as_float, pad2d
from convbook.kernels.fold import tap_slices
from convbook.kernels.sizes import conv_output_size, pair


def check_pool(x, kernel_size, stride, padding, fill):
    """Check every argument; return ``x`` padded with ``fill``, kernel, stride, padding and output size as pairs."""
    x = as_float(x, "x", 4, "(N, C, H, W)")
    kh, kw = pair("kernel_size", kernel_size, 1)
    sh, sw = (kh, kw) if stride is None else pair("stride", stride, 1)
    ph, pw = pair("padding", padding, 0)
    if 2 * ph > kh or 2 * pw > kw:
        raise ValueError(f"padding ({ph}, {pw}) must be at most half of the kernel_size ({kh}, {kw})")
    size = conv_output_size(x.shape[2], kh, sh, ph), conv_output_size(x.shape[3], kw, sw, pw)
    if ph or pw:
        interior = x
        x = pad2d(x, (ph, pw))
        x[...] = fill
        x[:, :, ph : ph + interior.shape[2], pw : pw + interior.shape[3]] = interior
    return x, (kh, kw), (sh, sw), (ph, pw), size


def crop(padded, ph, pw) -> np.ndarray:
    """``padded`` without its border of ``ph`` rows and ``pw`` columns: a view."""
    return padded[..., ph : padded.shape[-2] - ph, pw : padded.shape[-1] - pw]


def check_dout(dout, shape) -> np.ndarray:
    """Return ``dout`` as a float array, or raise ``ValueError`` unless it has the output's ``shape``.

    >>> check_dout([1, 2], (1, 2))
    Traceback (most recent call last):
    ...
    ValueError: dout must have the shape of the output, (1, 2), got shape (2,)
    """
    dout = np.asarray(dout)
    if dout.shape != tuple(shape):
        raise ValueError(f"dout must have the shape of the output, {tuple(shape)}, got shape {dout.shape}")
    return as_float(dout, "dout", len(shape), f"{tuple(shape)}")


def max_pool2d(x, kernel_size, stride=None, padding=0) -> np.ndarray:
    """Largest value of each window: ``(N, C, H, W) -> (N, C, oh, ow)``.

    ``kernel_size``, ``stride`` (default: ``kernel_size``) and ``padding``: int or pair.
    The padding is minus infinity, so that it never wins; it may be at most half of the
    kernel, so that no window lies in it whole. Raises ``ValueError`` otherwise.

    >>> x = [[[[21, 8, 8, 12], [12, 19, 9, 7], [8, 10, 4, 3], [18, 9, 10, 9]]]]
    >>> max_pool2d(x, 2)
    array([[[[21., 12.],
             [18., 10.]]]])
    """
    x, kernel_size, stride, _, size = check_pool(x, kernel_size, stride, padding, -np.inf)
    out = np.full(x.shape[:2] + size, -np.inf, x.dtype)
    for _, _, index in tap_slices(kernel_size, stride, (1, 1), size):
        np.maximum(out, x[index], out=out)
    return out


def max_pool2d_backward(dout, x, kernel_size, stride=None, padding=0) -> np.ndarray:
    """Gradient of :func:`max_pool2d`: each ``dout (N, C, oh, ow)`` goes to its window's maximum.

    Of equal maxima the first (row by row) takes all, as in PyTorch; what several windows
    send to one pixel adds up; pixels that no window reaches get 0. ``x (N, C, H, W)`` is
    the input of the forward pass, the other arguments are its too.

    Returns ``dx (N, C, H, W)``, a fresh array. Raises ``ValueError`` for a ``dout`` of another shape.

    >>> max_pool2d_backward([[[[7]]]], [[[[5, 5], [1, 5]]]], 2)  # a tie of three
    array([[[[7., 0.],
             [0., 0.]]]])
    >>> max_pool2d_backward([[[[1, 10]]]], [[[[2, 8, 3]]]], (1, 2), stride=1)  # one pixel wins twice
    array([[[[ 0., 11.,  0.]]]])
    """
    x, kernel_size, stride, (ph, pw), size = check_pool(x, kernel_size, stride, padding, -np.inf)
    dout = check_dout(dout, x.shape[:2] + size)
    top = np.full(dout.shape, -np.inf, x.dtype)
    for _, _, index in tap_slices(kernel_size, stride, (1, 1), size):
        np.maximum(top, x[index], out=top)
    inside = np.zeros(x.shape[2:], bool)  # the padding never wins, not even among pixels of minus infinity
    crop(inside, ph, pw)[...] = True
    open_ = np.ones(dout.shape, bool)
    dx = np.zeros(x.shape, np.result_type(dout, x))
    for _, _, index in tap_slices(kernel_size, stride, (1, 1), size):
        wins = (x[index] == top) & inside[index] & open_
        open_ ^= wins
        dx[index] += np.where(wins, dout, 0)
    return np.ascontiguousarray(crop(dx, ph, pw))


def avg_pool2d(x, kernel_size, stride=None, padding=0) -> np.ndarray:
    """Mean of each window, zero padding counted in (PyTorch's default): ``(N, C, oh, ow)``.

    Arguments and errors as in :func:`max_pool2d`.

    >>> x = [[[[21, 8, 8, 12], [12, 19, 9, 7], [8, 10, 4, 3], [18, 9, 10, 9]]]]
    >>> avg_pool2d(x, 2)
    array([[[[15.  ,  9.  ],
             [11.25,  6.5 ]]]])
    """
    x, (kh, kw), stride, _, size = check_pool(x, kernel_size, stride, padding, 0)
    out = np.zeros(x.shape[:2] + size, x.dtype)
    for _, _, index in tap_slices((kh, kw), stride, (1, 1), size):
        out += x[index]
    out /= kh * kw
    return out


def avg_pool2d_backward(dout, x, kernel_size, stride=None, padding=0) -> np.ndarray:
    """Gradient of :func:`avg_pool2d`: every pixel of a window gets ``1 / (kh kw)`` of its ``dout``.

    Arguments, result and errors as in :func:`max_pool2d_backward`; of ``x`` only shape and dtype matter.

    >>> avg_pool2d_backward([[[[2, 4]]]], np.zeros((1, 1, 1, 3)), (1, 2), stride=1)
    array([[[[1., 3., 2.]]]])
    """
    x, (kh, kw), stride, (ph, pw), size = check_pool(x, kernel_size, stride, padding, 0)
    dout = check_dout(dout, x.shape[:2] + size)
    dx = np.zeros(x.shape, np.result_type(dout, x))
    for _, _, index in tap_slices((kh, kw), stride, (1, 1), size):
        dx[index] += dout
    dx /= kh * kw
    return np.ascontiguousarray(crop(dx, ph, pw))


def global_avg_pool(x) -> np.ndarray:
    """Mean of each channel: ``(N, C, H, W) -> (N, C)``.

    >>> global_avg_pool(np.arange(12).reshape(1, 2, 2, 3))
    array([[2.5, 8.5]])
    """
    return as_float(x, "x", 4, "(N, C, H, W)").mean(axis=(2, 3))


def global_avg_pool_backward(dout, x) -> np.ndarray:
    """Gradient of :func:`global_avg_pool`: ``dout (N, C)`` spread evenly over ``dx (N, C, H, W)``.

    >>> global_avg_pool_backward([[6]], np.zeros((1, 1, 1, 3)))
    array([[[[2., 2., 2.]]]])
    """
    x = as_float(x, "x", 4, "(N, C, H, W)")
    dout = check_dout(dout, x.shape[:2])
    share = dout / (x.shape[2] * x.shape[3])
    return np.broadcast_to(share[:, :, None, None], x.shape).astype(np.result_type(dout, x))
