"""Image filtering: correlation and convolution of one 2-D image, with a rule for its border."""

from functools import reduce

import numpy as np

from convbook.kernels.conv import PADDING_MODES, as_float, pad2d
from convbook.kernels.sizes import conv_output_size
from convbook.kernels.smoothing import box_kernel, gaussian_1d, gaussian_kernel

__all__ = [
    "LAPLACIAN",
    "SOBEL_X",
    "SOBEL_Y",
    "box_kernel",
    "convolve2d",
    "correlate2d",
    "gaussian_1d",
    "gaussian_kernel",
    "normalised_cross_correlation",
    "separable_filter",
    "sobel_magnitude",
]


def _constant(rows) -> np.ndarray:
    kernel = np.array(rows, np.float64)
    kernel.setflags(write=False)
    return kernel


# Positive where the image brightens to the right, and downwards; positive on a dark spot.
SOBEL_X = _constant([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
SOBEL_Y = _constant([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
LAPLACIAN = _constant([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def check_filter(image, kernel, mode):
    """Check every argument; return the padded image, the kernel in its dtype and the output size."""
    image = as_float(image, "image", 2, "(H, W)")
    kernel = as_float(kernel, "kernel", 2, "(kh, kw)").astype(image.dtype)
    kh, kw = kernel.shape
    if mode not in PADDING_MODES and mode != "valid":
        raise ValueError(f"mode must be 'valid' or one of {sorted(PADDING_MODES)}, got {mode!r}")
    if mode == "valid":
        return image, kernel, (conv_output_size(image.shape[0], kh), conv_output_size(image.shape[1], kw))
    if kh % 2 == 0 or kw % 2 == 0:
        raise ValueError(
            f"a kernel of shape {kernel.shape} has an even side and so no centre pixel: "
            "an output of the image's size needs odd sides (or mode='valid')"
        )
    return pad2d(image[None, None], (kh // 2, kw // 2), mode)[0, 0], kernel, image.shape


def correlate2d(image, kernel, mode="zeros") -> np.ndarray:
    """Slide ``kernel`` over ``image`` and sum the products: ``out[i, j] = sum image[i + a, j + b] kernel[a, b]``.

    Parameters
    ----------
    image : (H, W); float32 and float64 keep their dtype, integers (uint8 too) become float64.
    kernel : (kh, kw), of odd sides unless the mode is "valid".
    mode : what lies beyond the border, for an output as large as the image: "zeros",
        "reflect" (edge pixel not repeated; SciPy's mirror, OpenCV's default), "replicate"
        (SciPy's nearest), "circular" (wrap), "mean" (the image's mean); or "valid", only
        the places where the kernel fits, ``(H - kh + 1, W - kw + 1)``.

    Returns a fresh array in the image's dtype. Raises ``ValueError`` for another mode, an
    even kernel, an image too small for the kernel or the border.

    >>> image = [[200, 200, 200, 200, 200], [200, 20, 20, 45, 200], [100, 20, 25, 65, 150],
    ...          [80, 20, 40, 60, 80], [80, 30, 50, 80, 80]]
    >>> correlate2d(image, gaussian_kernel(3, method="binomial"), "valid")  # Data 188 lecture 11
    array([[ 92.8125,  71.5625, 107.8125],
           [ 46.875 ,  33.4375,  72.5   ],
           [ 42.1875,  41.5625,  67.1875]])
    """
    image, kernel, (oh, ow) = check_filter(image, kernel, mode)
    out = np.zeros((oh, ow), image.dtype)
    for (a, b), weight in np.ndenumerate(kernel):
        out += image[a : a + oh, b : b + ow] * weight
    return out


def convolve2d(image, kernel, mode="zeros") -> np.ndarray:
    """True convolution: :func:`correlate2d` with the kernel turned by half a turn.

    Unlike correlation it commutes and associates. Arguments and errors are the same.

    >>> spike = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    >>> convolve2d(spike, [[1, 2, 3]])[1], correlate2d(spike, [[1, 2, 3]])[1]  # of a spike: the kernel itself
    (array([1., 2., 3.]), array([3., 2., 1.]))
    """
    return correlate2d(image, as_float(kernel, "kernel", 2, "(kh, kw)")[::-1, ::-1], mode)


def separable_filter(image, column, row, mode="zeros") -> np.ndarray:
    """Correlate with the kernel ``outer(column, row)``, one axis after the other: ``kh + kw`` products, not ``kh kw``.

    ``column (kh,)`` runs down, ``row (kw,)`` along. The border is padded once, for both
    passes, so that the result is that of :func:`correlate2d` in every mode.

    >>> separable_filter(np.eye(3), [1, 2, 1], [1, 0, -1], "replicate")
    array([[ 2.,  3.,  1.],
           [-1.,  0.,  1.],
           [-1., -3., -2.]])
    """
    column = as_float(column, "column", 1, "(kh,)")
    row = as_float(row, "row", 1, "(kw,)")
    padded, _, _ = check_filter(image, np.outer(column, row), mode)
    return correlate2d(correlate2d(padded, column[:, None], "valid"), row[None], "valid")


def sobel_magnitude(image, mode="zeros") -> np.ndarray:
    """Length of the image's gradient, ``sqrt(gx^2 + gy^2)`` with the two Sobel kernels.

    Not clipped to 255, which it often exceeds. Arguments as in :func:`correlate2d`.

    >>> sobel_magnitude([[200, 200, 200], [200, 20, 20], [100, 20, 25]], "valid").round(3)
    array([[769.708]])
    """
    return np.hypot(correlate2d(image, SOBEL_X, mode), correlate2d(image, SOBEL_Y, mode))


def check_template(image, template):
    """Check both arguments; return image and zero-mean template in float64, the result's dtype and size."""
    image = as_float(image, "image", 2, "(H, W)")
    template = as_float(template, "template", 2, "(kh, kw)").astype(np.float64)
    size = conv_output_size(image.shape[0], template.shape[0]), conv_output_size(image.shape[1], template.shape[1])
    flat = template.min() == template.max()  # asked before rounding can make a constant look structured
    return image.astype(np.float64), np.zeros_like(template) if flat else template - template.mean(), image.dtype, size


def normalised_cross_correlation(image, template) -> np.ndarray:
    """How well ``template`` matches at each place, between -1 and 1, whatever brightness and contrast.

    Both the patch and ``template (kh, kw)`` are freed of their mean and divided by their
    length: the cosine between them (OpenCV's TM_CCOEFF_NORMED). A constant patch, or a
    constant template, has no direction: 0 there, never nan.

    Returns ``(H - kh + 1, W - kw + 1)`` in the image's dtype, computed in float64.

    >>> image = [[0, 0, 0, 200, 200], [0, 1, 0, 200, 200], [0, 0, 0, 200, 200]]
    >>> spot = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    >>> normalised_cross_correlation(image, spot).round(3)  # plain correlation prefers the bright wall
    array([[ 1.   , -0.251,  0.25 ]])
    """
    image, template, dtype, (oh, ow) = check_template(image, template)

    def over_each_patch(function):
        rows = reduce(function, [image[a : a + oh] for a in range(template.shape[0])])
        return reduce(function, [rows[:, b : b + ow] for b in range(template.shape[1])])

    low, high, mean = (over_each_patch(function) for function in (np.minimum, np.maximum, np.add))
    mean = mean / template.size
    product, square, free, term = np.zeros((4, oh, ow))
    for (a, b), weight in np.ndenumerate(template):
        np.subtract(image[a : a + oh, b : b + ow], mean, out=free)
        product += np.multiply(free, weight, out=term)
        square += np.square(free, out=term)
    length = np.sqrt(square) * np.sqrt((template**2).sum())
    structured = (low < high) & (length > 0)
    out = np.divide(product, length, out=np.zeros((oh, ow)), where=structured)
    return np.clip(out, -1, 1).astype(dtype)
