"""The lectures' matrices, corrected, and what a matrix of a convolution has to do."""

import numpy as np
import pytest
from hypothesis import strategies as st

from convbook.kernels import im2col, toeplitz_1d, toeplitz_2d

A, B, C = ABC = np.array([2.0, 3.0, 5.0])


def matrix(text):
    """A matrix as the slides print it: rows of a, b, c and 0."""
    entry = {"a": A, "b": B, "c": C, "0": 0.0}
    return np.array([[entry[letter] for letter in row.split()] for row in text.strip().splitlines()])


def test_six_rows_for_eight_values_and_three_taps():
    printed = """
        a b c 0 0 0 0 0
        0 a b c 0 0 0 0
        0 0 a b c 0 0 0
        0 0 0 a b c 0 0
        0 0 0 0 a b c 0
        0 0 0 0 0 a b c"""  # the slides go on with a seventh row, of nine entries
    np.testing.assert_array_equal(toeplitz_1d(ABC, 8), matrix(printed))


def test_five_rows_for_seven_values():
    corrected = """
        a b c 0 0 0 0
        0 a b c 0 0 0
        0 0 a b c 0 0
        0 0 0 a b c 0
        0 0 0 0 a b c"""  # the slides go on with a sixth row that breaks off at a b
    np.testing.assert_array_equal(toeplitz_1d(ABC, 7), matrix(corrected))


def test_stride_two():
    printed = """
        a b c 0 0 0 0
        0 0 a b c 0 0
        0 0 0 0 a b c"""
    np.testing.assert_array_equal(toeplitz_1d(ABC, 7, stride=2), matrix(printed))


def test_transposed():
    corrected = """
        b a 0 0 0 0 0
        c b a 0 0 0 0
        0 c b a 0 0 0
        0 0 c b a 0 0
        0 0 0 c b a 0
        0 0 0 0 c b a
        0 0 0 0 0 c b"""  # the slides have another a in rows 4 and 5
    np.testing.assert_array_equal(toeplitz_1d(ABC, 7, padding=1).T, matrix(corrected))


def test_transposed_with_stride_two():
    corrected = """
        a 0 0
        b 0 0
        c a 0
        0 b 0
        0 c a
        0 0 b
        0 0 c"""  # the slides have a b 0 in row 4
    np.testing.assert_array_equal(toeplitz_1d(ABC, 7, stride=2).T, matrix(corrected))


def test_the_padded_matrix_and_its_adjoint():
    x, v = np.arange(1.0, 6), np.array([7.0, 1, 2, 9, 4])
    printed = """
        b c 0 0 0
        a b c 0 0
        0 a b c 0
        0 0 a b c
        0 0 0 a b"""
    T = toeplitz_1d(ABC, 5, padding=1)
    np.testing.assert_array_equal(T, matrix(printed))
    np.testing.assert_allclose(T @ x, [13, 23, 33, 43, 23])
    np.testing.assert_allclose(T.T @ v, [23, 42, 29, 45, 57])
    np.testing.assert_allclose(T.T @ v, np.convolve(v, ABC, "same"))  # the flipped filter
    X = im2col(x[None, None, None], (1, 3), padding=(0, 1))[0].T  # the other matrix, of x
    np.testing.assert_allclose(X @ ABC, T @ x)
    np.testing.assert_allclose(X.T @ v, [48, 71, 70])


SEEDS = st.integers(0, 2**32 - 1)
AXES = st.tuples(st.integers(1, 4), st.integers(0, 5), st.integers(1, 3), st.integers(0, 2))  # k, n - k, s, p


def test_one_kernel_is_a_bank_of_one():
    w = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(toeplitz_2d(w, (4, 5)), toeplitz_2d(w[None, None], (4, 5)))


def test_errors():
    with pytest.raises(ValueError, match="kernel of size 4 .* more than the padded input's 3"):
        toeplitz_1d([1, 2, 3, 4], 3)
    with pytest.raises(ValueError, match=r"w must have shape \(k,\)"):
        toeplitz_1d([[1, 2]], 3)
    with pytest.raises(ValueError, match=r"w must have shape \(kh, kw\) or \(F, C, kh, kw\)"):
        toeplitz_2d([1, 2], 3)
