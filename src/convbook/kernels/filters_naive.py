"""Image filters as loops: the readings that :mod:`convbook.kernels.filters` is held against."""

import numpy as np

from convbook.kernels.conv import as_float
from convbook.kernels.filters import SOBEL_X, SOBEL_Y, check_filter, check_template


def correlate2d_naive(image, kernel, mode="zeros") -> np.ndarray:
    """The same as :func:`~convbook.kernels.correlate2d`, as loops: the sweep of Data 188 lecture 11, with a border.

    >>> correlate2d_naive([[1, 2], [3, 4]], [[1, 10]], "valid")
    array([[21.],
           [43.]])
    """
    image, kernel, (oh, ow) = check_filter(image, kernel, mode)
    kh, kw = kernel.shape
    out = np.zeros((oh, ow), image.dtype)
    for i in range(oh):
        for j in range(ow):
            for a in range(kh):
                for b in range(kw):
                    out[i, j] += image[i + a, j + b] * kernel[a, b]
    return out


def convolve2d_naive(image, kernel, mode="zeros") -> np.ndarray:
    """The same as :func:`~convbook.kernels.convolve2d`: the image is read forwards, the kernel backwards.

    >>> convolve2d_naive([[1, 2], [3, 4]], [[1, 10]], "valid")
    array([[12.],
           [34.]])
    """
    image, kernel, (oh, ow) = check_filter(image, kernel, mode)
    kh, kw = kernel.shape
    out = np.zeros((oh, ow), image.dtype)
    for i in range(oh):
        for j in range(ow):
            for a in range(kh):
                for b in range(kw):
                    out[i, j] += image[i + kh - 1 - a, j + kw - 1 - b] * kernel[a, b]
    return out


def separable_filter_naive(image, column, row, mode="zeros") -> np.ndarray:
    """The same as :func:`~convbook.kernels.separable_filter`, with all ``kh kw`` products.

    >>> separable_filter_naive(np.eye(3), [1, 2, 1], [1, 0, -1], "replicate")
    array([[ 2.,  3.,  1.],
           [-1.,  0.,  1.],
           [-1., -3., -2.]])
    """
    column, row = as_float(column, "column", 1, "(kh,)"), as_float(row, "row", 1, "(kw,)")
    kernel = np.zeros((len(column), len(row)))
    for a in range(len(column)):
        for b in range(len(row)):
            kernel[a, b] = column[a] * row[b]
    return correlate2d_naive(image, kernel, mode)


def sobel_magnitude_naive(image, mode="zeros") -> np.ndarray:
    """The same as :func:`~convbook.kernels.sobel_magnitude`, pixel by pixel.

    >>> sobel_magnitude_naive([[200, 200, 200], [200, 20, 20], [100, 20, 25]], "valid").round(3)
    array([[769.708]])
    """
    right, down = correlate2d_naive(image, SOBEL_X, mode), correlate2d_naive(image, SOBEL_Y, mode)
    out = np.zeros_like(right)
    for i, j in np.ndindex(out.shape):
        out[i, j] = np.sqrt(right[i, j] ** 2 + down[i, j] ** 2)
    return out


def normalised_cross_correlation_naive(image, template) -> np.ndarray:
    """The same as :func:`~convbook.kernels.normalised_cross_correlation`, patch by patch.

    >>> normalised_cross_correlation_naive([[0, 1, 5, 5]], [[3, 7]])
    array([[1., 1., 0.]])
    """
    image, template, dtype, (oh, ow) = check_template(image, template)
    kh, kw = template.shape
    out = np.zeros((oh, ow), dtype)
    for i in range(oh):
        for j in range(ow):
            patch = image[i : i + kh, j : j + kw]
            if patch.min() < patch.max() and template.any():
                patch = patch - patch.mean()
                out[i, j] = (patch * template).sum() / np.sqrt((patch**2).sum() * (template**2).sum())
    return out
