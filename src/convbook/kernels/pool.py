"""Pooling: one number a window, channel by channel."""

import numpy as np

from convbook.kernels.conv import _windows, as_float, pad2d
from convbook.kernels.sizes import conv_output_size, pair


def _pool_windows(x, kernel_size, stride, padding, fill) -> np.ndarray:
    """Windows ``(N, C, kh, kw, oh, ow)`` of ``x`` padded with ``fill``."""
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
    return _windows(x, (kh, kw), (sh, sw), (1, 1), size)


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
    return _pool_windows(x, kernel_size, stride, padding, -np.inf).max(axis=(2, 3))


def avg_pool2d(x, kernel_size, stride=None, padding=0) -> np.ndarray:
    """Mean of each window, zero padding counted in (PyTorch's default): ``(N, C, oh, ow)``.

    Arguments and errors as in :func:`max_pool2d`.

    >>> x = [[[[21, 8, 8, 12], [12, 19, 9, 7], [8, 10, 4, 3], [18, 9, 10, 9]]]]
    >>> avg_pool2d(x, 2)
    array([[[[15.  ,  9.  ],
             [11.25,  6.5 ]]]])
    """
    return _pool_windows(x, kernel_size, stride, padding, 0).mean(axis=(2, 3))


def global_avg_pool(x) -> np.ndarray:
    """Mean of each channel: ``(N, C, H, W) -> (N, C)``.

    >>> global_avg_pool(np.arange(12).reshape(1, 2, 2, 3))
    array([[2.5, 8.5]])
    """
    return as_float(x, "x", 4, "(N, C, H, W)").mean(axis=(2, 3))
