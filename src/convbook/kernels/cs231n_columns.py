"""The helpers of Stanford's CS231n: its column order for im2col, its numerical gradients."""

import numpy as np

from convbook.kernels.fold import fold, im2col
from convbook.kernels.gradcheck import numerical_gradient


def im2col_indices(x, field_height, field_width, padding=1, stride=1) -> np.ndarray:
    """Windows of ``x (N, C, H, W)`` as columns ``(C fh fw, oh ow N)``.

    Rows are ordered ``(C, fh, fw)`` as ours; columns by place first and image last, where
    :func:`~convbook.kernels.unfold` keeps the images apart.

    >>> im2col_indices(np.array([[[[1.0, 2.0]]], [[[3.0, 4.0]]]]), 1, 1, padding=0)
    array([[1., 3., 2., 4.]])
    """
    cols = im2col(x, (field_height, field_width), stride, padding)
    return cols.transpose(1, 2, 0).reshape(cols.shape[1], -1)


def col2im_indices(cols, x_shape, field_height=3, field_width=3, padding=1, stride=1) -> np.ndarray:
    """Add the columns of :func:`im2col_indices` back into images of ``x_shape (N, C, H, W)``.

    >>> col2im_indices(np.array([[1.0, 3.0, 2.0, 4.0]]), (2, 1, 1, 2), 1, 1, padding=0).ravel()
    array([1., 2., 3., 4.])
    """
    N, C, H, W = x_shape
    cols = np.asarray(cols)
    if cols.ndim != 2 or cols.shape[0] != C * field_height * field_width or cols.shape[1] % N:
        raise ValueError(
            f"cols must have C fh fw = {C * field_height * field_width} rows and a multiple of N = {N} columns, "
            f"got shape {cols.shape}"
        )
    cols = cols.reshape(cols.shape[0], -1, N).transpose(2, 0, 1)
    return fold(cols, (H, W), (field_height, field_width), stride, padding)


def eval_numerical_gradient_array(f, x, df, h=1e-5) -> np.ndarray:
    """Gradient of ``sum(df * f(x))`` by central differences: :func:`~convbook.kernels.numerical_gradient`.

    >>> eval_numerical_gradient_array(lambda x: x**2, np.array([1.0, 2.0]), np.array([1.0, 10.0])).round(6)
    array([ 2., 40.])
    """
    return numerical_gradient(f, x, df, h)


def eval_numerical_gradient(f, x, verbose=True, h=1e-5) -> np.ndarray:
    """Gradient of a function that returns one number; ``verbose`` prints each value.

    >>> eval_numerical_gradient(lambda x: (x**2).sum(), np.array([1.0, 2.0]), verbose=False).round(6)
    array([2., 4.])
    """
    gradient = numerical_gradient(f, x, h=h)
    if verbose:
        for index, value in np.ndenumerate(gradient):
            print(index, value)
    return gradient
