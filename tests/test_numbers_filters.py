"""Every number of chapter 1 is recomputed here, without the kernels of the course.

The oracle is SciPy, PyTorch, OpenCV or a loop; a claim in words is proved by a small experiment.
"""

import cv2
import numpy as np
import pytest
import torch
from recompute import Checks, size
from scipy import ndimage, signal

from convbook.lecture_numbers import slips

IMAGE = np.array(
    [
        [200, 200, 200, 200, 200],
        [200, 20, 20, 45, 200],
        [100, 20, 25, 65, 150],
        [80, 20, 40, 60, 80],
        [80, 30, 50, 80, 80],
    ],
    float,
)
BLUR = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
PRINTED_273 = np.array(
    [[1, 4, 7, 4, 1], [4, 16, 26, 16, 4], [7, 26, 41, 26, 7], [4, 16, 26, 16, 4], [1, 4, 4, 4, 1]], float
)
CHECKS = Checks("filters")
check, corrected = CHECKS.check, CHECKS.corrected


def valid(image, kernel):
    return signal.correlate2d(image, kernel, "valid")


# --- what a linear layer costs ---------------------------------------------------------------------------


def linear(n_in, n_out):
    return sum(p.numel() for p in torch.nn.Linear(n_in, n_out, device="meta").parameters())


@check("data188.mnist.fc")
def _():
    return linear(28 * 28, 1000)


@check("data188.rgb.length")
def _():
    return torch.zeros(3, 224, 224, device="meta").flatten().numel()


@check("data188.rgb.fc")
def _():
    return linear(corrected("data188.rgb.length"), 1000)


@check("linear.256.params")
def _():
    return linear(256 * 256, 256 * 256)


@check("linear.256.ratio")
def _():
    weights = torch.nn.Linear(256 * 256, 256 * 256, device="meta").weight.numel()
    return weights // torch.nn.Conv2d(1, 1, 3).weight.numel()


@check("data188.shift.wish")
def _():
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(9, 11)), rng.normal(size=(3, 3))
    shifted = np.roll(image, 1, axis=1)

    def respond(x, mode):
        return ndimage.correlate(x, kernel, mode=mode)

    assert not np.allclose(respond(shifted, "wrap"), respond(image, "wrap")), "not invariant"
    np.testing.assert_allclose(respond(shifted, "wrap"), np.roll(respond(image, "wrap"), 1, axis=1))
    zeros, moved = respond(shifted, "constant"), np.roll(respond(image, "constant"), 1, axis=1)
    np.testing.assert_allclose(zeros[:, 2:-1], moved[:, 2:-1])
    assert not np.allclose(zeros, moved), "exact only off the border"
    return corrected("data188.shift.wish")


# --- the 5x5 image ---------------------------------------------------------------------------------------


@check("data188.blur.worked")
def _():
    blurred = cv2.filter2D(IMAGE, -1, BLUR)
    return blurred[1, 1], blurred[1, 2], blurred[2, 1]


@check("data188.blur")
def _():
    return valid(IMAGE, BLUR)


@check("data188.blur.symbols")
def _():
    np.testing.assert_allclose(signal.convolve2d(IMAGE, BLUR, "valid"), valid(IMAGE, BLUR))
    lopsided = BLUR * [[1, 2, 3]]
    assert not np.allclose(signal.convolve2d(IMAGE, lopsided, "valid"), valid(IMAGE, lopsided))
    return corrected("data188.blur.symbols")


@check("data188.blur.zeros")
def _():
    return torch.nn.functional.conv2d(torch.tensor(IMAGE)[None, None], torch.tensor(BLUR)[None, None], padding=1)[
        0, 0, 0
    ]


@check("data188.blur.corners")
def _():
    modes = {"constant": 0.0, "mean": IMAGE.mean(), "mirror": 0.0, "wrap": 0.0, "nearest": 0.0}
    return [
        ndimage.correlate(IMAGE, BLUR, mode="constant" if mode == "mean" else mode, cval=fill)[0, 0]
        for mode, fill in modes.items()
    ]


def sweep(image, kernel):
    """The printed pseudo-code; returns the response and the pixels where it raised."""
    k = len(kernel)
    delt = (k - 1) // 2
    response, failures = np.full(image.shape, np.nan), []
    for y, x in np.ndindex(image.shape):
        region = image[y - delt : (y + delt + 1), x - delt : (x + delt + 1)]
        try:
            response[y, x] = (region * kernel).sum()
        except ValueError:
            failures.append((y, x))
    return response, failures


@check("data188.sweep")
def _():
    response, failures = sweep(IMAGE, BLUR)
    assert failures == [(y, x) for y, x in np.ndindex(5, 5) if {y, x} & {0, 4}], "the border"
    np.testing.assert_allclose(response[1:-1, 1:-1], valid(IMAGE, BLUR))
    mended, none = sweep(np.pad(IMAGE, 2), BLUR)
    np.testing.assert_allclose(mended[2:-2, 2:-2], ndimage.correlate(IMAGE, BLUR, mode="constant"))
    assert IMAGE[0 : 0 + 2 * ((4 - 1) // 2) + 1].shape[0] == 4 - 1, "rows of a region for k = 4"
    return corrected("data188.sweep")


@check("data188.sweep.failures")
def _():
    return [len(sweep(IMAGE, np.ones((k, k)))[1]) for k in (3, 4)]


SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


@check("data188.response")
def _():
    printed_filters = [BLUR, PRINTED_273 / 273, SOBEL_X, SOBEL_X.T]
    for kernel in printed_filters:
        assert not np.isclose(ndimage.correlate(IMAGE, kernel, mode="constant"), 42.91, atol=0.005).any()
    assert valid(IMAGE, SOBEL_X)[0, 0] == -435
    return corrected("data188.response")


@check("data188.sobel_x")
def _():
    return cv2.Sobel(IMAGE, cv2.CV_64F, 1, 0)[1:-1, 1:-1]


@check("data188.sobel_y")
def _():
    return cv2.Sobel(IMAGE, cv2.CV_64F, 0, 1)[1:-1, 1:-1]


@check("data188.magnitude")
def _():
    gx, gy = (cv2.Sobel(IMAGE, cv2.CV_64F, *order)[1, 1] for order in [(1, 0), (0, 1)])
    return round((gx**2 + gy**2) ** 0.5, 3)


@check("data188.laplacian")
def _():
    return ndimage.laplace(IMAGE)[1:-1, 1:-1]


# --- the Gaussian over 273 -------------------------------------------------------------------------------


def right_273():
    """The kernel with the corrected row; it is its own mirror image, up and down and about the diagonal."""
    kernel = PRINTED_273.copy()
    kernel[-1] = corrected("data188.gauss273.row")
    return kernel


@check("data188.gauss273.row")
def _():
    assert np.array_equal(right_273(), right_273()[::-1]) and np.array_equal(right_273(), right_273().T)
    assert right_273().sum() == 273
    return PRINTED_273[0]


@check("data188.gauss273.sum")
def _():
    return PRINTED_273.sum(), right_273().sum()


@check("data188.gauss273.flat")
def _():
    return round(valid(np.full((5, 5), 200.0), PRINTED_273 / 273)[0, 0], 2)


@check("data188.gauss273.centroid")
def _():
    return round(ndimage.center_of_mass(PRINTED_273)[0] - 2, 4)


@check("data188.gauss273.rank")
def _():
    return np.linalg.matrix_rank(right_273())


@check("data188.gauss273.sigma")
def _():
    along = right_273().sum(axis=0) / 273
    return round(float((along * (np.arange(5) - 2.0) ** 2).sum() ** 0.5), 3)


@check("data188.gauss273.distance")
def _():
    sampled = cv2.getGaussianKernel(5, 1.0)
    edges = torch.arange(6, dtype=torch.float64) - 2.5
    cumulated = torch.distributions.Normal(torch.tensor(0.0, dtype=torch.float64), 1.0).cdf(edges).numpy()
    integrated = np.diff(cumulated)[:, None] / np.ptp(cumulated)
    return [round(np.abs(right_273() / 273 - one @ one.T).max(), 4) for one in (sampled, integrated)]


@check("gauss.binomial5.rank")
def _():
    row = np.array([1])
    for _ in range(4):
        row = np.convolve(row, [1, 1])
    kernel = np.outer(row, row)
    return np.linalg.matrix_rank(kernel), kernel.sum()


# --- Waterloo ----------------------------------------------------------------------------------------------


def box_input(rows_7_and_8):
    f = np.zeros((10, 10))
    f[2:7, 3:8] = 90
    f[5, 4] = 0
    f[7:9, 2:8] = rows_7_and_8
    return f


PRINTED_RESPONSE = [  # None: blank on the slide
    [0, 10, 20, 30, 30, 30, 20, 10],
    [None, 20, 40, 60, 60, 60, 40, 20],
    [0, 30, 60, 90, 90, 90, 60, 30],
    [0, 30, 50, 80, 80, 90, 60, 30],
    [0, 30, 50, 80, 80, 90, 60, 30],
    [0, 20, 30, 50, 50, 60, 40, 20],
    [10, 20, 30, 30, 30, 30, 20, 10],
    [10, 10, 10, 0, 0, 0, 0, 0],
]


def disagreements(f):
    response = cv2.blur(f, (3, 3))[1:-1, 1:-1]
    printed = np.array([[np.nan if v is None else v for v in row] for row in PRINTED_RESPONSE])
    shown = ~np.isnan(printed)
    assert shown.sum() == 63
    return int((~np.isclose(response, printed) & shown).sum())


@check("wise.box.input")
def _():
    assert disagreements(box_input(CHECKS.numbers["wise.box.input"].printed)) == 23
    assert disagreements(box_input(corrected("wise.box.input"))) == 0
    return corrected("wise.box.input")


@check("wise.box.output")
def _():
    response = ndimage.uniform_filter(box_input(corrected("wise.box.input")), 3)[1:-1, 1:-1]
    return np.where(np.abs(response) < 1e-9, 0, response)


@check("wise.box.disagree")
def _():
    return disagreements(box_input(CHECKS.numbers["wise.box.input"].printed))


@check("wise.flip")
def _():
    exchange = np.array([[0, 1], [1, 0]])
    return exchange @ [[1, 2], [3, 4]] @ exchange


@check("wise.flip.identity")
def _():
    rng = np.random.default_rng(0)
    f, h = rng.normal(size=(6, 7)), rng.normal(size=(3, 2))
    turned = np.rot90(h, 2)
    np.testing.assert_allclose(signal.convolve2d(f, h, "valid"), signal.correlate2d(f, turned, "valid"))
    np.testing.assert_allclose(signal.correlate2d(f, h, "valid"), signal.convolve2d(f, turned, "valid"))
    return corrected("wise.flip.identity")


# --- Weizmann ----------------------------------------------------------------------------------------------


@check("dl4cv.integral")
def _():
    t = np.linspace(-8, 8, 1601)
    f, g = np.exp(-0.5 * (t - 1) ** 2), np.where(t < 0, 0, np.exp(-np.abs(t - 1)))
    summed = [np.trapezoid(f * np.interp(at - t, t, g, 0, 0), t) for at in t[400:1200:100]]
    np.testing.assert_allclose(np.convolve(f, g, "same")[400:1200:100] * (t[1] - t[0]), summed, rtol=1e-3)
    return corrected("dl4cv.integral")


@check("dl4cv.size")
def _():
    for n in range(1, 10):
        for k in range(1, n + 1):
            assert eval(corrected("dl4cv.size"), {"N": n, "K": k}) == size(n, k)
    return corrected("dl4cv.size")


# --- the chapter as a whole --------------------------------------------------------------------------------


def test_every_entry_has_a_check():
    assert set(CHECKS.by_key) == set(CHECKS.numbers)


@pytest.mark.parametrize("key", CHECKS.numbers)
def test_corrected(key):
    CHECKS.hold(key)


def test_the_slips_are_the_known_ones():
    assert list(slips("filters")) == [
        "data188.shift.wish",
        "data188.blur.symbols",
        "data188.sweep",
        "data188.response",
        "data188.gauss273.row",
        "wise.box.input",
    ]
