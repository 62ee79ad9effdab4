"""Convolution as one big matrix: the Toeplitz matrices of the lectures, corrected.

``T @ x`` is the cross-correlation, ``T.T @ v`` its adjoint: the transposed convolution.
Dense, mostly zeros and huge: for looking at, not for computing with.
"""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.sizes import conv_output_size, pair


def toeplitz_1d_naive(w, n, stride=1, padding=0) -> np.ndarray:
    """The same as :func:`toeplitz_1d`, entry by entry.

    >>> toeplitz_1d_naive([1, 2, 3], 5, stride=2)
    array([[1., 2., 3., 0., 0.],
           [0., 0., 1., 2., 3.]])
    """
    w = as_float(w, "w", 1, "(k,)")
    k = len(w)
    O = conv_output_size(n, k, stride, padding)  # noqa: E741
    T = np.zeros((O, n), w.dtype)
    for i in range(O):
        for a in range(k):
            if 0 <= i * stride + a - padding < n:  # taps on the padding have no column
                T[i, i * stride + a - padding] = w[a]
    return T


def toeplitz_1d(w, n, stride=1, padding=0) -> np.ndarray:
    """Matrix ``(O, n)`` of the cross-correlation of a signal of length ``n`` with ``w (k,)``.

    Row i holds ``w`` from column ``i stride - padding`` on; what would lie outside is cut off.
    ``O = floor((n + 2 padding - k) / stride) + 1``, so n=8, k=3 gives 6 rows, not the 7 of
    Weizmann DL4CV lecture 3. With ``padding=1`` and three taps it is the matrix of
    Data 188 lecture 12. Raises ``ValueError`` as :func:`~convbook.kernels.conv_output_size` does.

    >>> toeplitz_1d([2, 3, 5], 5, padding=1)
    array([[3., 5., 0., 0., 0.],
           [2., 3., 5., 0., 0.],
           [0., 2., 3., 5., 0.],
           [0., 0., 2., 3., 5.],
           [0., 0., 0., 2., 3.]])
    >>> toeplitz_1d([2, 3, 5], 5, padding=1) @ [1, 2, 3, 4, 5]
    array([13., 23., 33., 43., 23.])
    """
    w = as_float(w, "w", 1, "(k,)")
    rows = np.arange(conv_output_size(n, len(w), stride, padding))[:, None]
    T = np.zeros((len(rows), n + 2 * padding), w.dtype)
    T[rows, rows * stride + np.arange(len(w))] = w
    return T[:, padding : padding + n].copy()


def _as_bank(w) -> np.ndarray:
    """``w`` as ``(F, C, kh, kw)``, from that or from one kernel ``(kh, kw)``."""
    w = np.asarray(w)
    if w.ndim == 2:
        w = w[None, None]
    return as_float(w, "w", 4, "(kh, kw) or (F, C, kh, kw)")


def toeplitz_2d_naive(w, size, stride=1, padding=0) -> np.ndarray:
    """The same as :func:`toeplitz_2d`, entry by entry.

    >>> toeplitz_2d_naive([[1, 2]], (1, 3))
    array([[1., 2., 0.],
           [0., 1., 2.]])
    """
    w = _as_bank(w)
    F, C, kh, kw = w.shape
    H, W = pair("size", size, 1)
    (sh, sw), (ph, pw) = pair("stride", stride, 1), pair("padding", padding, 0)
    oh, ow = conv_output_size(H, kh, sh, ph), conv_output_size(W, kw, sw, pw)
    T = np.zeros((F, oh, ow, C, H, W), w.dtype)
    for f in range(F):
        for i in range(oh):
            for j in range(ow):
                for c in range(C):
                    for a in range(kh):
                        for b in range(kw):
                            y, z = i * sh + a - ph, j * sw + b - pw
                            if 0 <= y < H and 0 <= z < W:
                                T[f, i, j, c, y, z] = w[f, c, a, b]
    return T.reshape(F * oh * ow, C * H * W)


def toeplitz_2d(w, size, stride=1, padding=0) -> np.ndarray:
    """Matrix of a 2-D cross-correlation: ``(F oh ow, C H W)``.

    A Toeplitz matrix of Toeplitz matrices: kernel row ``a`` gives one 1-D matrix over the
    columns, and that block stands wherever a 1-D filter with a single 1 at ``a`` would
    stand over the rows. Their sum over ``a`` is the whole.

    Parameters
    ----------
    w : ``(kh, kw)``, one channel and one filter, or ``(F, C, kh, kw)``.
    size : int or ``(H, W)`` of the image.
    stride, padding : int or pair; the padding is of zeros.

    Returns ``T`` with ``T @ x.ravel()`` the output of ``x (C, H, W)``, in the order ``(F, oh, ow)``.

    >>> toeplitz_2d([[1, 2], [3, 4]], (2, 3))
    array([[1., 2., 0., 3., 4., 0.],
           [0., 1., 2., 0., 3., 4.]])
    >>> toeplitz_2d(np.ones((4, 3, 3, 3)), (5, 6), stride=2).shape  # 4*2*2, 3*5*6
    (16, 90)
    """
    w = _as_bank(w)
    F, C, kh, kw = w.shape
    H, W = pair("size", size, 1)
    (sh, sw), (ph, pw) = pair("stride", stride, 1), pair("padding", padding, 0)
    rows = np.stack([toeplitz_1d(e, H, sh, ph) for e in np.eye(kh, dtype=w.dtype)])  # (kh, oh, H)
    taps = w.reshape(-1, kw)
    columns = np.stack([toeplitz_1d(tap, W, sw, pw) for tap in taps]).reshape(F, C, kh, -1, W)
    T = np.einsum("aiy,fcajz->fijcyz", rows, columns)
    return T.reshape(F * T.shape[1] * T.shape[2], C * H * W)
