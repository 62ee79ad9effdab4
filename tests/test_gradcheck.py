"""The gradient check finds what is wrong, says where, and leaves no trace."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convbook.kernels import gradcheck, numerical_gradient


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 3), max_size=3), st.integers(0, 2**32 - 1))
def test_numerical_gradient(shape, seed):
    rng = np.random.default_rng(seed)
    x, dout = rng.standard_normal(shape), rng.standard_normal(shape)
    x = np.asarray(x)
    kept = x.copy()
    gradient = numerical_gradient(np.sin, x, dout)
    np.testing.assert_allclose(gradient, dout * np.cos(x), atol=1e-8)
    np.testing.assert_array_equal(x, kept)  # to the last bit


def test_the_error_falls_with_the_square_of_the_step():
    x = np.array([0.7])
    errors = [abs(numerical_gradient(np.exp, x, np.ones(1), h)[0] - np.exp(0.7)) for h in (1e-2, 1e-3)]
    assert 90 < errors[0] / errors[1] < 110  # a one-sided difference gives 10


def test_f_may_read_x_from_elsewhere():
    parameter = np.array([3.0])
    np.testing.assert_allclose(numerical_gradient(lambda _: parameter[0] ** 2, parameter), [6])


def test_f_may_return_its_argument():
    np.testing.assert_allclose(numerical_gradient(lambda x: x, np.ones(3), np.arange(3.0)), np.arange(3), atol=1e-9)


def test_x_comes_back_if_f_raises():
    x = np.array([1.0, 2.0])
    with pytest.raises(ZeroDivisionError):
        numerical_gradient(lambda x: 1 // 0, x)
    np.testing.assert_array_equal(x, [1, 2])


def test_what_cannot_be_changed_in_place_is_copied():
    x = np.array([1.0, 2.0])
    x.setflags(write=False)
    np.testing.assert_allclose(numerical_gradient(lambda x: (x**2).sum(), x), [2, 4])
    np.testing.assert_allclose(numerical_gradient(lambda x: (x**2).sum(), [1, 2]), [2, 4])


def test_float32_with_a_step_to_match():
    x = np.linspace(-1, 1, 5, dtype=np.float32)
    np.testing.assert_allclose(numerical_gradient(lambda x: (x**3).sum(), x, h=1e-2), 3 * x**2, atol=1e-3)
    with pytest.raises(ValueError, match="too small to change 1.0 .* float32"):
        numerical_gradient(np.sum, np.ones(1, np.float32), h=1e-9)


def test_one_wrong_value_is_found_and_printed(capsys):
    x = np.random.default_rng(0).standard_normal((3, 4))
    wrong = 2 * x
    wrong[1, 2] *= -1
    report = gradcheck(lambda x: (x**2).sum(), wrong, x)
    assert not report and report.wrong == 1 and report.checked == 12
    assert report.worst[0].index == (1, 2)
    np.testing.assert_allclose(report.worst[0].numeric, 2 * x[1, 2])
    np.testing.assert_allclose(report.worst[0].relative_error, 2)
    printed = capsys.readouterr().out
    assert "wrong at 1 of 12" in printed and "index (1, 2)" in printed and "2.0e+00" in printed
    assert str(report) == printed.rstrip("\n")


def test_the_worst_come_first(capsys):
    x = np.ones(9)
    report = gradcheck(lambda x: (x**2).sum(), 2 + 0.1 * np.arange(9), x, show=3)
    assert [d.index for d in report.worst] == [(8,), (7,), (6,)] and report.wrong == 8
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_right_and_quiet(capsys):
    report = gradcheck(lambda x: (x**2).sum(), [2.0, 4.0], [1.0, 2.0], quiet=True)
    assert report and capsys.readouterr().out == ""
    assert str(report).startswith("gradient right: 2 values")
    assert gradcheck(np.sum, np.zeros((0, 2)), np.zeros((0, 2)))
    assert "empty" in capsys.readouterr().out


def test_nan_is_wrong():
    report = gradcheck(lambda x: (x**2).sum(), [2.0, np.nan], [1.0, 2.0], quiet=True)
    assert not report and report.worst[0].index == (1,)


def test_rounding_around_zero_is_not_wrong():
    assert gradcheck(lambda x: 1e3 + 0 * x.sum(), [1e-12], [1.0], quiet=True)


def test_errors():
    with pytest.raises(ValueError, match=r"f returned shape \(2,\): an output of more than one number needs a dout"):
        numerical_gradient(lambda x: x, np.ones(2))
    with pytest.raises(ValueError, match=r"dout must have the shape of the output, \(2,\), got shape \(3,\)"):
        numerical_gradient(lambda x: x, np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match=r"the gradient must have the shape of x, \(2,\), got shape \(3,\)"):
        gradcheck(np.sum, np.ones(3), np.ones(2))
