"""The layers of comparison, from cheap to dear."""

import numpy as np
import pytest

from autograder.compare import compare, same


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
        (ok({"returns (out, cache)": True, "out": X}), ok({"returns (out, cache)": False, "out": X}), False, "type"),
        (ok(X), ok(X[None]), False, "ndim"),
        (ok(X), ok(X.T), False, "shape"),
        (ok(X), ok([[1, 2, 3], [4, 5]]), False, "shape"),
        (ok(X), ok(X + 0j), False, "dtype"),
        (ok(X), ok(X > 0), False, "dtype"),
        (ok(X), ok(X.astype(str).tolist()), False, "dtype"),
        (ok(X), ok(np.where(X > 3, np.nan, X)), False, "finite"),
        (ok(X), ok(X + 0.01), False, "values"),
        (ok(X - 10), ok((X - 10).astype(np.int64).astype(np.uint8)), False, "values"),
        (ok(5), ok(6), True, "values"),
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


def test_the_place_is_named_apart_from_the_message():
    difference = compare(ok(X), ok(np.where(X == 4, -1, X)))
    assert difference.message == "1 of 6 values are wrong"
    assert difference.values == "; first at index [1, 1] expected 4, got -1"


def test_errors_may_quote_inputs_so_their_words_are_apart_too():
    difference = compare(ok(X), {"error": (["IndexError"], "index 7 is out of bounds")})
    assert "7" not in difference.message
    assert "7" in difference.values


def test_same_tells_ints_from_floats_and_changes_from_none():
    assert not same(ok(5), ok(5.0))
    assert not same(ok(X), {"value": X, "changed inputs": [1]})
    assert same(ok(np.nan), ok(np.nan))
    assert not same(ok(None), ok(X))
