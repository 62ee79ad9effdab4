"""Compare an outcome with the expected one, from cheap to dear, stopping at the first difference."""

from dataclasses import dataclass

import numpy as np

from autograder.plain import Opaque

TOLERANCE = 1e-5  # of the largest expected value: passes float32, far below any catalogued mistake


@dataclass(frozen=True)
class Difference:
    """What differs first. ``layer`` is one of :data:`LAYERS`; ``values`` may be shown on visible cases only."""

    layer: str
    message: str
    values: str = ""


LAYERS = ("defined", "runs", "raises", "inputs", "type", "ndim", "shape", "dtype", "finite", "values")


def compare(expected: dict, got: dict, integer: bool = False) -> Difference | None:
    """Return the first difference between two outcomes of :func:`autograder.probes.run`, or None.

    An array may come as a nested list, in any real dtype; with ``integer`` a whole number must be an
    int, not 5.0.

    >>> compare({"value": 5}, {"value": 6, "changed inputs": []}).message
    'the value is wrong'
    >>> compare({"value": np.ones((2, 3))}, {"value": np.ones((3, 2)), "changed inputs": []}).message
    'the shape is (3, 2), expected (2, 3)'
    >>> compare({"value": np.ones(2)}, {"value": [1, 1.0], "changed inputs": []}) is None
    True
    """
    if "missing" in got:
        return Difference("defined", f"there is no function called {got['missing']}")
    if "error" in got and "NotImplementedError" in got["error"][0]:
        return Difference("runs", "not written yet: the function raises NotImplementedError")
    if "error" in expected:
        wanted = expected["error"][0][0]
        if "error" not in got:
            return Difference("raises", f"{wanted} should be raised, but a value was returned")
        if wanted not in got["error"][0]:
            return Difference("raises", f"{wanted} should be raised, but it was {got['error'][0][0]}", said(got))
        return None
    if "error" in got:
        return Difference("runs", f"the function raised {got['error'][0][0]}", said(got))
    if got.get("changed inputs"):
        which = " and ".join(f"argument {k + 1}" for k in got["changed inputs"])
        return Difference("inputs", f"the function changed its {which}; read from the inputs, write to something new")
    return _difference(expected["value"], got["value"], integer)


def said(outcome: dict) -> str:
    """The message of an error, where there is one; it may quote the inputs, so hidden cases keep it to themselves.

    >>> said({"error": (["ValueError"], "no")}), said({"error": (["AssertionError"], "")})
    (': no', '')
    """
    return f": {outcome['error'][1]}" if outcome["error"][1] else ""


def _difference(expected, got, integer: bool) -> Difference | None:
    if isinstance(expected, dict):
        if not isinstance(got, dict) or not got.keys() >= expected.keys():
            return Difference("type", "the probe's answer has a form of its own")
        for key, value in expected.items():
            if value is True and got[key] is not True:
                return Difference("type", f"the function should return {key.removeprefix('returns ')}")
            if value is not True and (difference := _difference(value, got[key], integer)):
                return difference
        return None
    if isinstance(got, Opaque):
        return Difference("type", f"the result is a {got.type}, expected {describe(expected)}")
    wants_number = np.ndim(expected) == 0
    if got is None:
        return Difference("type", f"the function returned None (no return?), expected {describe(expected)}")
    if wants_number and (isinstance(got, (bool, np.bool_, str, dict, tuple, list)) or np.ndim(got) > 0):
        return Difference("type", f"the result is {describe(got)}, expected {describe(expected)}")
    if wants_number and integer and not isinstance(got, (int, np.integer)):
        return Difference("type", f"the result is {describe(got)}, expected an int", f": got {got!r}")
    if not wants_number and not isinstance(got, (list, tuple, np.ndarray)):
        return Difference("type", f"the result is {describe(got)}, expected {describe(expected)}")
    try:
        array = np.asarray(got)
    except ValueError:
        return Difference("shape", "the nested lists have rows of different lengths")
    wanted = np.asarray(expected)
    if array.ndim != wanted.ndim:
        return Difference("ndim", f"the result has {array.ndim} axes, shape {array.shape}; expected {wanted.shape}")
    if array.shape != wanted.shape:
        return Difference("shape", f"the shape is {array.shape}, expected {wanted.shape}")
    if array.dtype.kind not in "iuf":
        return Difference("dtype", f"the dtype is {array.dtype}, expected real numbers")
    if not np.isfinite(array).all():
        return Difference("finite", "the result holds NaN or infinity", _where(wanted, array, ~np.isfinite(array)))
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    # float64 and not a difference of the dtypes as they come: unsigned integers would wrap around
    wrong = np.abs(array.astype(np.float64) - wanted.astype(np.float64)) > TOLERANCE * scale
    if wrong.any():
        what = "the value is wrong" if wants_number else f"{wrong.sum()} of {wrong.size} values are wrong"
        return Difference("values", what, _where(wanted, array, wrong))
    return None


def _where(expected, got, wrong) -> str:
    index = tuple(int(k) for k in np.argwhere(wrong)[0]) if wrong.ndim else ()
    place = f" first at index [{', '.join(map(str, index))}]" if index else ""
    return f";{place} expected {_number(expected[index])}, got {_number(got[index])}"


def _number(value) -> str:
    return f"{value:.6g}" if np.asarray(value).dtype.kind == "f" else str(value)


def describe(value) -> str:
    """Words for the type of ``value``.

    >>> describe(np.ones((2, 3))), describe(5), describe(5.0), describe((1, 2))
    ('an array of shape (2, 3)', 'an int', 'a float', 'a tuple')
    """
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, np.generic):
        return {"i": "an int", "u": "an int", "f": "a float", "b": "a bool"}.get(value.dtype.kind, str(value.dtype))
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def same(one: dict, other: dict) -> bool:
    """Whether two outcomes look alike to the comparison: the way a mistake is recognised.

    >>> same({"value": np.zeros(2), "changed inputs": []}, {"value": np.zeros(2), "changed inputs": []})
    True
    >>> same({"error": (["IndexError"], "")}, {"error": (["ValueError"], "")})
    False
    """
    if "error" in one or "error" in other:
        return "error" in one and "error" in other and one["error"][0][0] == other["error"][0][0]
    if "missing" in one or "missing" in other or one.get("changed inputs") != other.get("changed inputs"):
        return False
    return _alike(one["value"], other["value"])


def _alike(one, other) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    simple = (Opaque, type(None), bool, np.bool_, str)
    if isinstance(one, simple) or isinstance(other, simple):
        return type(one) is type(other) and one == other
    is_int = [isinstance(value, (int, np.integer)) for value in (one, other)]
    if np.ndim(one) == 0 and is_int[0] != is_int[1]:
        return False
    try:
        a, b = np.asarray(one), np.asarray(other)
    except ValueError:
        return False
    if a.shape != b.shape or a.dtype.kind not in "iufb" or b.dtype.kind not in "iufb":
        return False
    a, b = a.astype(np.float64), b.astype(np.float64)
    scale = max(1.0, float(np.nanmax(np.abs(np.where(np.isfinite(a), a, 0)), initial=0.0)))
    return bool(np.allclose(a, b, rtol=0, atol=TOLERANCE * scale, equal_nan=True))
