"""The layers of comparison, from cheap to dear."""

import numpy as np
import pytest

from autograder.compare import compare, same
from autograder.plain import Opaque


def ok(value):
    return {"value": value, "changed inputs": []}


X = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "expected, got, integer, layer",
    [
        (ok(X), {"missing": "f"}, False, "defined"),
        (ok(X), {"error": (["NotImplementedError", "RuntimeError"], "")}, False, "runs"),
        (ok(X), {"error": (["IndexError", "LookupError"], "no")}, False, "runs"),
        ({"error": (["ValueError"], "")}, ok(1), False, "raises"),
        ({"error": (["ValueError"], "")}, {"error": (["TypeError"], "")}, False, "raises"),
        (ok(X), {"value": X, "changed inputs": [0]}, False, "inputs"),
        (ok(X), ok(None), False, "type"),
        (ok(X), ok(3.0), False, "type"),
        (ok(X), ok("text"), False, "type"),
        (ok(5), ok((5,)), True, "type"),
        (ok(5), ok(np.array([5])), True, "type"),
        (ok(5), ok(5.0), True, "type"),
        (ok(1), ok(True), True, "type"),
        (ok({"returned": "a pair", "out": X}), ok({"returned": "an array", "out": X}), False, "type"),
        (ok({"returned": "(dx, dw)", "dw": X}), ok({"returned": "a tuple of 3", "dw": None}), False, "type"),
        (ok({"returned": "(dx, dw)", "dw": X}), ok({"returned": "(dx, dw)", "dw": X.T}), False, "shape"),
        (ok({"returned": "(dx, dw)", "dx": X, "dw": X}), ok({"returned": "(dx, dw)", "dx": X}), False, "type"),
        (ok(X), ok(X[None]), False, "ndim"),
        (ok(X), ok(X.T), False, "shape"),
        (ok(X), ok([[1, 2, 3], [4, 5]]), False, "type"),
        (ok({"returned": "a pair", "out": X}), ok(28), False, "type"),
        (ok({"returned": "a pair", "out": X}), ok({"returned": "a pair", "out": [[1], [2, 3]]}), False, "type"),
        (ok(X), ok(X + 0j), False, "dtype"),
        (ok(X), ok(X > 0), False, "dtype"),
        (ok(X), ok(X.astype(str).tolist()), False, "type"),
        (ok(X), ok(np.where(X > 3, np.nan, X)), False, "finite"),
        (ok(X), ok(X + 0.01), False, "values"),
        (ok(X - 10), ok((X - 10).astype(np.int64).astype(np.uint8)), False, "values"),
        (ok(5), ok(6), True, "values"),
        (ok(86704128), ok(86704129), True, "values"),
        (ok(0.5), ok(0.6), False, "values"),
    ],
)
def test_first_difference(expected, got, integer, layer):
    difference = compare(expected, got, integer)
    assert difference is not None
    assert difference.layer == layer


@pytest.mark.parametrize(
    "expected, got",
    [
        (ok(X), ok(X.copy())),
        (ok(X), ok(X.tolist())),
        (ok(X), ok(X.astype(np.float32))),
        (ok(X), ok(X.astype(np.uint8))),
        (ok(X), ok(X + 1e-9)),
        (ok(5), ok(np.int32(5))),
        (ok(0.0), ok(0)),
        (ok(0.5), ok(np.array(0.5))),
        ({"error": (["ValueError"], "a")}, {"error": (["ValueError", "Exception"], "b")}),
        ({"error": (["ValueError"], "")}, {"error": (["UnicodeError", "ValueError"], "")}),
    ],
)
def test_what_is_right_in_another_form_passes(expected, got):
    assert compare(expected, got, integer=isinstance(expected.get("value"), int)) is None


def test_hidden_cases_show_no_value_no_size_and_no_made_up_name():
    secret = type("n=28", (Exception,), {}).__name__
    for got in (
        ok(np.where(X == 4, -28, X)),
        ok(np.zeros((28, 28))),
        ok(np.zeros((28, 2, 3))),
        ok(np.where(X == 4, np.nan, X)),
        ok("28"),
        {"error": (["IndexError"], "index 28 is out of bounds")},
        {"error": ([secret, "Exception"], "28")},
    ):
        difference = compare(ok(X), got)
        assert "28" not in difference.hinted and "(2, 3)" not in difference.hinted
    assert compare(ok(X), ok(np.where(X == 4, -1, X))).shown == (
        "1 of 6 values are wrong; first at index [1, 1] expected 4, got -1"
    )
    assert compare(ok(X), {"error": (["IndexError"], "no 7")}).shown == "the function raised IndexError: no 7"


ODD = [None, 1, 2.5, True, "text", (), [], {}, (1, 2), [1, [2]], [[1, 2], [3]], {"out": 1}, np.zeros(0), X, X.T, 1j]


@pytest.mark.parametrize("integer", [True, False])
def test_no_result_is_too_odd_to_compare(integer):
    """Whatever a student returns, comparison and recognition end with an answer."""
    values = [*ODD, [X, X.T], (X, [1, [2]]), Opaque("Lazy"), [Opaque("Lazy")], np.array(["a"]), np.float16(1), 10**400]
    pairs = [{"returned": "a pair", "out": value} for value in values]
    for expected in (5, 0.5, X, {"returned": "a pair", "out": X}):
        for value in [*values, *pairs, {"returned": 3, "out": X}]:
            compare(ok(expected), ok(value), integer)
            for other in [*values, *pairs]:
                assert same(ok(value), ok(other)) in (True, False)


def test_same_tells_ints_from_floats_and_changes_from_none():
    assert not same(ok(5), ok(5.0))
    assert not same(ok(X), {"value": X, "changed inputs": [1]})
    assert same(ok(np.nan), ok(np.nan))
    assert not same(ok(None), ok(X))


def test_which_of_several_results_is_wrong_is_told():
    expected = ok({"returned": "(dx, dw, db)", "dx": X, "dw": X, "db": X})
    wrong = compare(expected, ok({"returned": "(dx, dw, db)", "dx": X, "dw": X + 1, "db": X + 1}))
    assert wrong.shown == "dw: 6 of 6 values are wrong; first at index [0, 0] expected 0, got 1"
    assert wrong.hinted == "dw: values are wrong"
    missing = compare(expected, ok({"returned": "a list of 2", "dx": None, "dw": None, "db": None}))
    assert missing.hinted == "the function returned a list of 2, expected a tuple of three, (dx, dw, db)"


def test_what_was_returned_cannot_carry_a_value_out():
    expected = ok({"returned": "(dx, dw)", "dx": X})
    for told in ("the hidden x is 0.731", "a tuple of 2 and 0.731", 0.731, None, X):
        difference = compare(expected, ok({"returned": told, "dx": X}))
        assert difference.hinted == "the function returned something else, expected a tuple of two, (dx, dw)"
