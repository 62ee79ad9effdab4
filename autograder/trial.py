"""Exercises whose answer is a test: inputs, scored by how many wrong implementations they expose."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autograder.call import outcome_of
from autograder.compare import as_array, compare, describe
from autograder.exercise import Case, Exercise, Mistake

MOST_INPUTS = 20


@dataclass(frozen=True)
class Trial:
    """What the student's inputs are tried on.

    ``right`` and each of ``wrong`` are called with every input, through ``probe``. ``admit(*args)`` is all
    that stands between the student's data and these functions, which run in the grader: it returns the
    arguments to use, or raises ``ValueError`` with what it got and what it expected. With ``partly`` a weakness is
    told also to inputs which leave more unexposed than it does; then its sentence must be true of them as well.
    """

    right: Callable
    wrong: tuple[Mistake, ...]
    admit: Callable[..., tuple]
    probe: str = "call"
    partly: bool = False


def trial_exercise(id: str, function: str, points: int, anchor: str, trial: Trial, **fields) -> Exercise:
    """An :class:`Exercise` with one case, and one share of the points, for each wrong implementation.

    ``fields``: ``reference``, a function that returns inputs which expose all; ``mistakes``, which return
    inputs that do not; ``variants``.
    """
    cases = tuple(Case(wrong.name, "your inputs", ()) for wrong in trial.wrong)
    groups = {wrong.name: 1.0 for wrong in trial.wrong}
    return Exercise(
        id, function, points, anchor, groups=groups, examples=cases, draw=lambda rng: [], trial=trial, **fields
    )


def exposures(trial: Trial, outcome: dict, cases: list[Case]) -> list[dict]:
    """For each case 1 where the inputs of ``outcome`` expose that wrong implementation, else 0, as outcomes.

    An outcome without usable inputs comes back for every case, as it is or with the reason.
    """
    if "value" not in outcome:
        return [outcome] * len(cases)
    try:
        inputs = admitted(trial, outcome["value"])
    except ValueError as error:
        return [{"refused": str(error)}] * len(cases)
    by_name = {wrong.name: wrong.function for wrong in trial.wrong}
    wanted = [outcome_of(trial.right, trial.probe, "f", args) for args in inputs]
    return [
        {
            "value": int(
                any(
                    compare(want, outcome_of(by_name[case.group], trial.probe, "f", args)) is not None
                    for want, args in zip(wanted, inputs, strict=True)
                )
            ),
            "changed inputs": [],
        }
        for case in cases
    ]


def admitted(trial: Trial, value) -> list[tuple]:
    """The inputs of a student's list; ``ValueError`` for a list in another form or an input out of bounds."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(args, (list, tuple)) for args in value):
        raise ValueError(f"the result is {describe(value)}, expected a list of inputs, each a tuple of arguments")
    if not 1 <= len(value) <= MOST_INPUTS:
        raise ValueError(f"there are {len(value)} inputs, expected 1 to {MOST_INPUTS}")
    inputs = []
    for number, args in enumerate(value):
        try:
            inputs.append(trial.admit(*args))
        except TypeError:
            raise ValueError(f"input {number} has {len(args)} arguments, which is not what it should be") from None
        except ValueError as error:
            raise ValueError(f"input {number}: {error}") from None
        if "error" in outcome_of(trial.right, trial.probe, "f", inputs[-1]):
            raise ValueError(f"input {number}: the right function raises an error for it")
    return inputs


def admit_array(value, name: str, ndim: int, most: int = 1000) -> np.ndarray:
    """``value`` as a float64 array of ``ndim`` axes with 1 to ``most`` finite values; else ``ValueError``.

    >>> admit_array([[1, 2]], "x", 2)
    array([[1., 2.]])
    >>> admit_array([1, 2], "x", 2)
    Traceback (most recent call last):
    ...
    ValueError: x has shape (2,), expected 2 axes
    """
    array = as_array(value)
    if array is None or array.dtype.kind not in "iuf":
        raise ValueError(f"{name} is {describe(value)}, expected an array of real numbers")
    if array.ndim != ndim:
        raise ValueError(f"{name} has shape {array.shape}, expected {ndim} axes")
    if not 1 <= array.size <= most:
        raise ValueError(f"{name} has {array.size} values, expected 1 to {most}")
    array = array.astype(np.float64)
    if not (np.abs(array) <= 1e6).all():
        raise ValueError(f"{name} holds NaN or values beyond a million")
    return array


def admit_int(value, name: str, least: int, most: int) -> int:
    """``value`` as an int from ``least`` to ``most``; else ``ValueError``.

    >>> admit_int(2, "stride", 1, 5)
    2
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
        shown = value if isinstance(value, (int, float)) else describe(value)
        raise ValueError(f"{name} is {shown}, expected an int from {least} to {most}")
    return int(value)
