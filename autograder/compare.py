"""Compare an outcome with the expected one, from cheap to dear, stopping at the first difference."""

import builtins
import re
from dataclasses import dataclass

import numpy as np

from autograder.plain import Opaque

TOLERANCE = 1e-5  # of the largest expected value: passes float32, far below any catalogued mistake
KINDS = "None|an array|a tuple|a (list|tuple) of [0-9]"  # what a student's process may say that was returned


@dataclass(frozen=True)
class Difference:
    """What differs first: ``shown`` for visible cases, ``hinted`` for hidden ones, without their values and sizes."""

    layer: str
    hinted: str
    shown: str = ""

    def __post_init__(self):
        object.__setattr__(self, "shown", self.shown or self.hinted)


def compare(expected: dict, got: dict, integer: bool = False) -> Difference | None:
    """Return the first difference between two outcomes of :func:`autograder.probes.run`, or None.

    Layers, in this order: defined, runs, raises, inputs, type, ndim, shape, dtype, finite, values. An array
    may come as a nested list, in any real dtype; with ``integer`` a whole number must be an int, not 5.0.

    >>> compare({"value": 5}, {"value": 6, "changed inputs": []}, integer=True).shown
    'the value is wrong: expected 5, got 6'
    >>> compare({"value": np.ones((2, 3))}, {"value": np.ones((3, 2)), "changed inputs": []}).shown
    'the shape is (3, 2), expected (2, 3)'
    >>> compare({"value": np.ones(2)}, {"value": [1, 1.0], "changed inputs": []}) is None
    True
    """
    if "missing" in got:
        told = f"there is no function called {got['missing']}; did its cell fail?"
        return Difference("defined", "there is no function of that name; did its cell fail?", told)
    if "refused" in got:
        return Difference("inputs", got["refused"])
    if "error" in expected:
        wanted = expected["error"][0][0]
        if "error" not in got:
            return Difference("raises", f"{wanted} should be raised, but a value was returned")
        if wanted not in got["error"][0]:
            return Difference(
                "raises",
                f"{wanted} should be raised, but it was {_name(got)}",
                f"{wanted} should be raised, but it was {_told(got)}",
            )
        return None
    if "error" in got:
        if "NotImplementedError" in got["error"][0]:
            return Difference("runs", "the function raises NotImplementedError: not written yet?")
        return Difference("runs", f"the function raised {_name(got)}", f"the function raised {_told(got)}")
    if got.get("changed inputs"):
        which = " and ".join(f"argument {k + 1}" for k in got["changed inputs"])
        advice = "read from the inputs, write to something new"
        return Difference(
            "inputs", f"the function changed an argument; {advice}", f"the function changed its {which}; {advice}"
        )
    if isinstance(expected["value"], dict):
        return _parts_difference(expected["value"], got["value"])
    return _difference(expected["value"], got["value"], integer)


def _name(got: dict) -> str:
    """The error's name, if it is Python's own or the grader's: a name may be made up to carry a value out."""
    if got["error"][0][0] == "PythonEnded":  # the grader's own words
        return f"no error, but {got['error'][1]}"
    known = [name for name in got["error"][0] if isinstance(getattr(builtins, name, None), type)]
    return known[0] if known else "an error"


def _told(got: dict) -> str:
    """The error with its message."""
    names, message = got["error"]
    if names[0] == "PythonEnded":
        return _name(got)
    return f"{names[0]}: {message}" if message else names[0]


def _parts_difference(expected: dict, got) -> Difference | None:
    """The parts of a function's result by name, as the probes that know several tell them."""
    if not isinstance(got, dict) or not got.keys() >= expected.keys():
        return Difference("type", "the probe's answer has a form of its own")
    said = got.get("returned")
    returned = said if isinstance(said, str) else ""
    if returned != expected.get("returned", returned):
        what = returned if re.fullmatch(KINDS, returned) else "something else"
        names = "(out, cache)" if expected["returned"] == "a pair" else expected["returned"]
        count = {2: "two", 3: "three", 5: "five"}[names.count(",") + 1]
        return Difference("type", f"the function returned {what}, expected a tuple of {count}, {names}")
    for name in [key for key in expected if key != "returned"]:
        difference = _difference(expected[name], got[name], False)
        if difference:
            lead = "" if name == "out" else f"{name}: "
            return Difference(difference.layer, lead + difference.hinted, lead + difference.shown)
    return None


def _difference(expected, got, integer: bool) -> Difference | None:
    wants_number = np.ndim(expected) == 0
    kind = "an int" if integer else "a number" if wants_number else "an array"
    if got is None:
        return Difference("type", f"the function returned None (no return?), expected {kind}")
    array = as_array(got)
    if array is None or isinstance(got, (bool, np.bool_)):
        return Difference("type", f"the result is not {kind}", f"the result is {describe(got)}, expected {kind}")
    if wants_number and array.ndim:
        return Difference("type", f"the result is not {kind}", f"the result is {describe(got)}, expected {kind}")
    if array.dtype.kind not in "iuf":
        return Difference("dtype", f"the dtype is {array.dtype}, expected real numbers")
    if integer and array.dtype.kind == "f":
        return Difference(
            "type", "the result is a float, expected an int", f"the result is a float, {got!r}; expected an int"
        )
    if not wants_number and not isinstance(got, (list, tuple, np.ndarray)):
        return Difference("type", "the result is a single number, expected an array")
    wanted = np.asarray(expected)
    if array.ndim != wanted.ndim:
        text = f"the result has {array.ndim} axes, expected {wanted.ndim}: shape {array.shape}, expected {wanted.shape}"
        return Difference("ndim", f"the number of axes is wrong, expected {wanted.ndim}", text)
    if array.shape != wanted.shape:
        return Difference("shape", "the shape is wrong", f"the shape is {array.shape}, expected {wanted.shape}")
    if not np.isfinite(array).all():
        text = "the result holds NaN or infinity"
        return Difference("finite", text, text + _where(wanted, array, ~np.isfinite(array)))
    if integer:
        wrong = array != wanted
    else:
        scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
        # float64 and not a difference of the dtypes as they come: unsigned integers would wrap around
        wrong = np.abs(array.astype(np.float64) - wanted.astype(np.float64)) > TOLERANCE * scale
    if wrong.any():
        text = "the value is wrong" if wants_number else f"{wrong.sum()} of {wrong.size} values are wrong"
        hinted = "the value is wrong" if wants_number else "values are wrong"
        return Difference("values", hinted, text + _where(wanted, array, wrong))
    return None


def as_array(value) -> np.ndarray | None:
    """``value`` as an array if it is made of numbers in even rows, else None.

    >>> as_array([[1, 2], [3, 4]]).shape, as_array([[1, 2], [3]]) is None, as_array("text") is None
    ((2, 2), True, True)
    """
    if isinstance(value, (str, dict, Opaque, type(None))):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return array if array.dtype.kind in "biufc" else None


def _where(expected, got, wrong) -> str:
    index = tuple(int(k) for k in np.argwhere(wrong)[0]) if wrong.ndim else ()
    place = f"; first at index [{', '.join(map(str, index))}]" if index else ":"
    return f"{place} expected {_number(expected[index])}, got {_number(got[index])}"


def _number(value) -> str:
    return f"{value:.6g}" if np.asarray(value).dtype.kind == "f" else str(value)


def describe(value) -> str:
    """Words for the type of ``value``.

    >>> describe(np.ones((2, 3))), describe(5), describe(5.0), describe((1, 2)), describe([[1], [2, 3]])
    ('an array of shape (2, 3)', 'an int', 'a float', 'a tuple', 'a list')
    """
    if isinstance(value, Opaque):
        return f"a {value.type}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, np.generic):
        return {"i": "an int", "u": "an int", "f": "a float", "b": "a bool"}.get(value.dtype.kind, str(value.dtype))
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def same(one: dict, other: dict) -> bool:
    """Whether two outcomes look alike, errors by type and message: the way a mistake is recognised.

    >>> same({"value": np.zeros(2), "changed inputs": []}, {"value": np.zeros(2), "changed inputs": []})
    True
    >>> same({"error": (["ValueError"], "one")}, {"error": (["ValueError"], "another")})
    False
    """
    if "error" in one or "error" in other:
        return "error" in one and "error" in other and _told(one) == _told(other)
    if not ("value" in one and "value" in other) or one.get("changed inputs") != other.get("changed inputs"):
        return False
    return _alike(one["value"], other["value"])


def _alike(one, other) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    a, b = as_array(one), as_array(other)
    if a is None or b is None:
        return type(one) is type(other) and isinstance(one, (str, type(None), Opaque)) and one == other
    if a.shape != b.shape or a.dtype.kind == "c" or b.dtype.kind == "c":
        return False
    if a.ndim == 0 and (a.dtype.kind == "f") != (b.dtype.kind == "f"):
        return False
    if (a.dtype.kind == "b") != (b.dtype.kind == "b"):
        return False
    a, b = a.astype(np.float64), b.astype(np.float64)
    scale = max(1.0, float(np.nanmax(np.abs(np.where(np.isfinite(a), a, 0)), initial=0.0)))
    return bool(np.allclose(a, b, rtol=0, atol=TOLERANCE * scale, equal_nan=True))
