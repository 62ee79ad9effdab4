"""Smoothing kernels: Gaussians in three discretisations, and the box."""

from math import comb, erf, sqrt

import numpy as np

from convbook.kernels.sizes import pair, whole

METHODS = ("sampled", "integrated", "binomial")


def gaussian_1d(size: int, sigma: float | None = None, method: str = "sampled") -> np.ndarray:
    """Gaussian weights ``(size,)``, centred, with sum 1: the factor of :func:`gaussian_kernel`.

    ``method``:

    - ``"sampled"``: the bell's height at each pixel's centre (OpenCV's getGaussianKernel);
    - ``"integrated"``: its area over each pixel, better for ``sigma`` below about 1;
    - ``"binomial"``: a row of Pascal's triangle, repeated averaging of neighbours. Its
      standard deviation is ``sqrt(size - 1) / 2``, so ``sigma`` stays None.

    Raises ``ValueError`` for another method, a ``sigma`` missing, not positive or not wanted.

    >>> gaussian_1d(3, 1.0).round(3), gaussian_1d(3, 1.0, "integrated").round(3)
    (array([0.274, 0.452, 0.274]), array([0.279, 0.442, 0.279]))
    >>> gaussian_1d(5, method="binomial") * 16
    array([1., 4., 6., 4., 1.])
    """
    whole("size", size, 1)
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    if method == "binomial":
        if sigma is not None:
            raise ValueError(f"binomial weights of size {size} have sigma {sqrt(size - 1) / 2:.4g} and take none")
        return np.array([comb(size - 1, a) for a in range(size)], np.float64) / 2.0 ** (size - 1)
    if sigma is None or not 0 < sigma < np.inf:
        raise ValueError(f"sigma must be a positive number for method {method!r}, got {sigma!r}")
    t = np.arange(size) - (size - 1) / 2
    if method == "sampled":
        weights = np.exp(-0.5 * ((t**2 - (t**2).min()) / sigma**2))  # nearest to the centre is 1: no 0/0
    else:
        edges = (np.arange(size + 1) - size / 2) / (sigma * sqrt(2))
        weights = np.diff([erf(edge) for edge in edges])
    return weights / weights.sum()


def gaussian_kernel(size, sigma: float | None = None, method: str = "sampled") -> np.ndarray:
    """Gaussian kernel ``(kh, kw)``, sum 1: the outer product of :func:`gaussian_1d` with itself.

    ``size``: int or pair. For filtering use :func:`~convbook.kernels.separable_filter` with
    the factor. The well-known 5x5 kernel over 273, with its middle row 7 26 41 26 7, is
    close to the integrated one in whole numbers, and not separable for that:

    >>> (273 * gaussian_kernel(5, 1.0, "integrated"))[2].round(1)
    array([ 6.5, 25.9, 41. , 25.9,  6.5])
    >>> gaussian_kernel(3, method="binomial") * 16
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    kh, kw = pair("size", size, 1)
    return np.outer(gaussian_1d(kh, sigma, method), gaussian_1d(kw, sigma, method))


def box_kernel(size) -> np.ndarray:
    """The mean of a ``kh`` by ``kw`` neighbourhood; ``size``: int or pair.

    >>> box_kernel((1, 4))
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    kh, kw = pair("size", size, 1)
    return np.full((kh, kw), 1 / (kh * kw))
