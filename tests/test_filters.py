"""Image filters against SciPy, OpenCV, their own loops, and the lectures' numbers."""

import cv2
import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from convbook.kernels import (
    LAPLACIAN,
    SOBEL_X,
    SOBEL_Y,
    box_kernel,
    convolve2d,
    correlate2d,
    correlate2d_naive,
    gaussian_1d,
    gaussian_kernel,
    normalised_cross_correlation,
    normalised_cross_correlation_naive,
    separable_filter,
    sobel_magnitude,
)

SCIPY_MODES = {"zeros": "constant", "reflect": "mirror", "replicate": "nearest", "circular": "wrap", "mean": "constant"}
OPENCV_MODES = {
    "zeros": cv2.BORDER_CONSTANT,
    "reflect": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
}
MODES = sorted(SCIPY_MODES)

IMAGE = np.array(  # Data 188 lecture 11
    [
        [200, 200, 200, 200, 200],
        [200, 20, 20, 45, 200],
        [100, 20, 25, 65, 150],
        [80, 20, 40, 60, 80],
        [80, 30, 50, 80, 80],
    ],
    np.uint8,
)
BLUR = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
PRINTED_273 = np.array([[1, 4, 7, 4, 1], [4, 16, 26, 16, 4], [7, 26, 41, 26, 7], [4, 16, 26, 16, 4], [1, 4, 4, 4, 1]])
RIGHT_273 = np.vstack([PRINTED_273[:4], PRINTED_273[:1]])

SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=50, deadline=None)


@st.composite
def images(draw, odd=True):
    """An image and a kernel that fit each other in every mode."""
    side = st.sampled_from([1, 3, 5]) if odd else st.integers(1, 5)
    kernel = draw(side), draw(side)
    size = tuple(k + draw(st.integers(0, 6)) for k in kernel)
    rng = np.random.default_rng(draw(SEEDS))
    return rng.standard_normal(size), rng.standard_normal(kernel)


@SOME
@given(images(), st.sampled_from(MODES))
def test_borders(case, mode):
    image, kernel = case
    kept = image.copy(), kernel.copy()
    out = correlate2d(image, kernel, mode)
    expected = scipy.ndimage.correlate(image, kernel, mode=SCIPY_MODES[mode], cval=image.mean() * (mode == "mean"))
    np.testing.assert_allclose(out, expected, atol=1e-12)
    np.testing.assert_allclose(out, correlate2d_naive(image, kernel, mode), atol=1e-12)
    if mode in OPENCV_MODES:
        opencv = cv2.filter2D(image, cv2.CV_64F, kernel, borderType=OPENCV_MODES[mode])
        np.testing.assert_allclose(out, opencv, atol=1e-9)
    flipped = scipy.ndimage.convolve(image, kernel, mode=SCIPY_MODES[mode], cval=image.mean() * (mode == "mean"))
    np.testing.assert_allclose(convolve2d(image, kernel, mode), flipped, atol=1e-12)
    np.testing.assert_array_equal(image, kept[0])
    np.testing.assert_array_equal(kernel, kept[1])


@SOME
@given(images(odd=False))
def test_valid(case):
    image, kernel = case
    out = correlate2d(image, kernel, "valid")
    np.testing.assert_allclose(out, scipy.signal.correlate2d(image, kernel, "valid"), atol=1e-12)
    np.testing.assert_allclose(out, correlate2d_naive(image, kernel, "valid"), atol=1e-12)
    expected = scipy.signal.convolve2d(image, kernel, "valid")
    np.testing.assert_allclose(convolve2d(image, kernel, "valid"), expected, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from(MODES))
def test_linear(seed, mode):
    rng = np.random.default_rng(seed)
    x, y, g, h = rng.standard_normal((4, 5, 5))
    mixed = correlate2d(2 * x - y, g, mode)
    np.testing.assert_allclose(mixed, 2 * correlate2d(x, g, mode) - correlate2d(y, g, mode), atol=1e-12)
    mixed = correlate2d(x, g + 3 * h, mode)
    np.testing.assert_allclose(mixed, correlate2d(x, g, mode) + 3 * correlate2d(x, h, mode), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_convolution_commutes_and_associates_and_correlation_does_not(seed):
    rng = np.random.default_rng(seed)
    x, g, h = (np.pad(rng.standard_normal((3, 3)), 4) for _ in range(3))  # room enough for no border to matter
    np.testing.assert_allclose(convolve2d(x, g), convolve2d(g, x), atol=1e-12)
    nested = convolve2d(convolve2d(x, g), h)
    np.testing.assert_allclose(nested, convolve2d(x, convolve2d(g, h)), atol=1e-12)
    assert not np.allclose(correlate2d(x, g), correlate2d(g, x))


def test_half_a_turn():
    exchange = np.eye(2)[::-1]
    np.testing.assert_array_equal(exchange @ [[1, 2], [3, 4]] @ exchange, [[4, 3], [2, 1]])
    spike = np.zeros((3, 3))
    spike[1, 1] = 1
    np.testing.assert_array_equal(correlate2d(spike, [[1, 2], [3, 4]], "valid"), [[4, 3], [2, 1]])


@SOME
@given(images(), st.sampled_from([*MODES, "valid"]))
def test_separable(case, mode):
    image, kernel = case
    column, row = kernel[:, 0], kernel[0]
    expected = correlate2d(image, np.outer(column, row), mode)
    np.testing.assert_allclose(separable_filter(image, column, row, mode), expected, atol=1e-12)


def test_the_lecture_s_blur():
    expected = [[92.8125, 71.5625, 107.8125], [46.875, 33.4375, 72.5], [42.1875, 41.5625, 67.1875]]
    np.testing.assert_allclose(correlate2d(IMAGE, BLUR, "valid"), expected)
    np.testing.assert_allclose(correlate2d(IMAGE, BLUR)[0], [101.25, 116.25, 106.5625, 119.375, 102.8125])
    np.testing.assert_allclose(correlate2d(IMAGE, BLUR, "replicate")[0, 0], 188.75)
    np.testing.assert_allclose(correlate2d(IMAGE, BLUR, "reflect")[0, 0], 155)
    np.testing.assert_allclose(gaussian_kernel(3, method="binomial"), BLUR)


def test_the_lecture_s_edges():
    gx, gy = correlate2d(IMAGE, SOBEL_X, "valid"), correlate2d(IMAGE, SOBEL_Y, "valid")
    np.testing.assert_allclose(gx, [[-435, 95, 485], [-370, 155, 470], [-185, 175, 235]])
    np.testing.assert_allclose(gy, [[-635, -665, -495], [-100, 55, -70], [25, 75, -15]])
    magnitude = sobel_magnitude(IMAGE, "valid")
    np.testing.assert_allclose(magnitude[0, 0], 769.708, atol=5e-4)  # 255 at most in uint8
    flipped = np.hypot(convolve2d(IMAGE, SOBEL_X, "valid"), convolve2d(IMAGE, SOBEL_Y, "valid"))
    np.testing.assert_allclose(magnitude, flipped)
    laplacian = correlate2d(IMAGE, LAPLACIAN, "valid")
    np.testing.assert_allclose(laplacian, [[360, 210, 305], [85, 45, 20], [90, -5, 25]])


def test_the_printed_gaussian_darkens():
    assert PRINTED_273.sum() == 270 and RIGHT_273.sum() == 273
    flat = np.full((5, 5), 200)
    np.testing.assert_allclose(correlate2d(flat, PRINTED_273 / 273, "valid"), 197.80, atol=5e-3)
    np.testing.assert_allclose(correlate2d(flat, RIGHT_273 / 273, "valid"), 200)
    centre = (PRINTED_273 * np.arange(-2, 3)[:, None]).sum() / PRINTED_273.sum()
    np.testing.assert_allclose(centre, -0.0222, atol=5e-5)
    assert np.linalg.matrix_rank(RIGHT_273) == 3  # so no pair of factors gives it
    assert np.linalg.matrix_rank(gaussian_kernel(5, 1.0, "integrated")) == 1


def test_the_right_gaussian_is_the_integrated_one():
    integrated, sampled = (gaussian_kernel(5, 1.0, method) for method in ("integrated", "sampled"))
    np.testing.assert_allclose(abs(integrated - RIGHT_273 / 273).max(), 0.0018, atol=5e-5)
    np.testing.assert_allclose(abs(sampled - RIGHT_273 / 273).max(), 0.0119, atol=5e-5)


def test_the_box_of_seitz():
    image = np.zeros((10, 10), np.uint8)
    image[2:7, 3:8] = 90
    image[5, 4] = 0
    image[8, 2] = 90
    expected = [  # the slide's, with its blank filled
        [0, 10, 20, 30, 30, 30, 20, 10],
        [0, 20, 40, 60, 60, 60, 40, 20],
        [0, 30, 60, 90, 90, 90, 60, 30],
        [0, 30, 50, 80, 80, 90, 60, 30],
        [0, 30, 50, 80, 80, 90, 60, 30],
        [0, 20, 30, 50, 50, 60, 40, 20],
        [10, 20, 30, 30, 30, 30, 20, 10],
        [10, 10, 10, 0, 0, 0, 0, 0],
    ]
    np.testing.assert_allclose(correlate2d(image, box_kernel(3), "valid"), expected, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 7), st.floats(0.3, 20))
def test_gaussian_weights(half, sigma):
    size = 2 * half + 1
    np.testing.assert_allclose(gaussian_1d(size, sigma), cv2.getGaussianKernel(size, sigma)[:, 0], atol=1e-7)
    for method in ("sampled", "integrated", "binomial"):
        weights = gaussian_1d(size, None if method == "binomial" else sigma, method)
        np.testing.assert_allclose(weights.sum(), 1)
        np.testing.assert_allclose(weights, weights[::-1], atol=1e-15)
        assert weights.argmax() == half


def test_gaussian_limits():
    np.testing.assert_allclose(gaussian_kernel(5, 1e6), box_kernel(5), atol=1e-9)
    np.testing.assert_allclose(gaussian_1d(5, 1e-6), [0, 0, 1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(gaussian_1d(4, 1e-6), [0, 0.5, 0.5, 0], atol=1e-12)
    np.testing.assert_allclose(gaussian_1d(31, 3.0), gaussian_1d(31, 3.0, "integrated"), atol=1e-3)
    weights, t = gaussian_1d(9, method="binomial"), np.arange(-4, 5)
    np.testing.assert_allclose((weights * t**2).sum(), 2)  # a variance of (9 - 1) / 4
    t = np.arange(-15, 16)
    np.testing.assert_allclose((gaussian_1d(31, 2.0, "integrated") * t**2).sum(), 4 + 1 / 12, rtol=1e-6)


@SOME
@given(SEEDS, st.tuples(st.integers(2, 4), st.integers(2, 4)), st.tuples(st.integers(0, 5), st.integers(0, 5)))
def test_normalised_cross_correlation(seed, kernel, more):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (kernel[0] + more[0], kernel[1] + more[1])).astype(np.uint8)
    template = rng.integers(0, 256, kernel).astype(np.uint8)
    out = normalised_cross_correlation(image, template)
    expected = cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED)
    np.testing.assert_allclose(out, expected, atol=2e-4)  # OpenCV reckons in float32
    np.testing.assert_allclose(out, normalised_cross_correlation_naive(image, template), atol=1e-10)
    brighter = normalised_cross_correlation(0.25 * image + 50, 3.0 * template - 7)
    np.testing.assert_allclose(brighter, out, atol=1e-9)
    assert np.abs(out).max() <= 1


def test_a_bright_wall_does_not_distract():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 50, (20, 30)).astype(float)
    template = image[4:9, 6:12].copy()
    image[:, 20:] = 250
    plain, normalised = correlate2d(image, template, "valid"), normalised_cross_correlation(image, template)
    assert np.unravel_index(normalised.argmax(), normalised.shape) == (4, 6)
    assert np.unravel_index(plain.argmax(), plain.shape)[1] >= 20
    np.testing.assert_allclose(normalised[4, 6], 1)


@pytest.mark.parametrize("find", [normalised_cross_correlation, normalised_cross_correlation_naive])
@pytest.mark.parametrize("level", [0.0, 0.1, 1 / 3, 1e9 + 0.1, -7.7])
def test_a_constant_patch_matches_nothing(find, level):
    template = np.random.default_rng(0).standard_normal((3, 3))
    image = np.full((6, 7), level)
    with np.errstate(all="raise"):
        assert not find(image, template).any()
        assert not find(np.random.default_rng(1).standard_normal((6, 7)), image[:3, :3]).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int16, bool])
def test_dtypes(dtype):
    image = (IMAGE > 90).astype(dtype)
    expected = dtype if np.dtype(dtype).kind == "f" else np.float64
    results = [
        correlate2d(image, BLUR),
        correlate2d_naive(image, BLUR),
        convolve2d(image, SOBEL_X, "mean"),
        separable_filter(image, [1, 2, 1], [1, 0, -1]),
        sobel_magnitude(image),
        normalised_cross_correlation(image, image[:3, :3]),
        normalised_cross_correlation_naive(image, image[:3, :3]),
    ]
    assert {result.dtype for result in results} == {np.dtype(expected)}
    np.testing.assert_allclose(results[0], correlate2d(image.astype(float), BLUR), rtol=1e-6)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: correlate2d(IMAGE, np.ones((2, 3))), r"a kernel of shape \(2, 3\) has an even side"),
        (lambda: convolve2d(IMAGE, np.ones((3, 4)), "circular"), r"a kernel of shape \(3, 4\) has an even side"),
        (lambda: separable_filter(IMAGE, [1, 1], [1]), r"a kernel of shape \(2, 1\) has an even side"),
        (lambda: correlate2d(IMAGE, BLUR, "same"), "mode must be 'valid' or one of .*'zeros'.*, got 'same'"),
        (lambda: correlate2d(IMAGE[None], BLUR), r"image must have shape \(H, W\), 2 axes, got shape \(1, 5, 5\)"),
        (lambda: correlate2d(IMAGE, np.ones((7, 1)), "valid"), "kernel of size 7 .* more than the padded input's 5"),
        (lambda: correlate2d(IMAGE[:1], BLUR, "reflect"), "reflect padding"),
        (lambda: gaussian_kernel(5), "sigma must be a positive number for method 'sampled', got None"),
        (lambda: gaussian_kernel(5, 0.0), "sigma must be a positive number"),
        (lambda: gaussian_kernel(5, 2.0, "binomial"), "binomial weights of size 5 have sigma 1 and take none"),
        (lambda: gaussian_kernel(5, 2.0, "exact"), "method must be one of"),
        (lambda: normalised_cross_correlation(IMAGE, np.ones((6, 2))), "kernel of size 6"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_constants_cannot_be_changed():
    for kernel in (SOBEL_X, SOBEL_Y, LAPLACIAN):
        with pytest.raises(ValueError, match="read-only"):
            kernel[0, 0] = 9
