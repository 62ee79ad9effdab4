"""One 3x3 convolution with padding 1, written five ways: what the appendix "Four speeds" shows side by side.

>>> x, w = np.arange(24.0).reshape(1, 2, 3, 4), np.ones((5, 2, 3, 3))
>>> all(np.allclose(ours(x, w), f(x, w)) for f in (loops, one_product, in_blocks))
True
"""

import numpy as np

from convbook import kernels
from convbook.kernels.methods import columns


def blank(x, w):
    """Zeros in the shape of the output."""
    return np.zeros((len(x), len(w), *x.shape[2:]), x.dtype)


def loops(x, w):
    """Every product by itself."""
    out = blank(x, w)
    x = kernels.pad2d(x, 1)
    for n, f, i, j in np.ndindex(out.shape):
        for c, a, b in np.ndindex(w[0].shape):
            pixel = x[n, c, i + a, j + b]
            weight = w[f, c, a, b]
            out[n, f, i, j] += pixel * weight
    return out


def one_product(x, w):
    """All windows as columns, then BLAS."""
    cols = kernels.im2col(x, 3, padding=1)
    out = w.reshape(len(w), -1) @ cols
    return out.reshape(blank(x, w).shape)


def in_blocks(x, w):
    """The same columns, a cache-full at a time."""
    out = blank(x, w)
    stride, padding, dilation = (1, 1), (1, 1), (1, 1)
    columns(x, w, out, stride, padding, dilation)
    return out


def ours(x, w):
    """The method that suits the shape."""
    return kernels.conv2d(x, w, padding=1)


def pytorch(x, w):
    """oneDNN, in C++ and assembly."""
    import torch

    x, w = map(torch.from_numpy, (x, w))
    conv2d = torch.nn.functional.conv2d
    with torch.no_grad():
        return conv2d(x, w, padding=1).numpy()
