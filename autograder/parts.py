"""Where an answer is built on other answers of the notebook: which of those is at fault itself."""

from collections.abc import Callable

from autograder.compare import compare
from autograder.diagnosis import expectations, find
from autograder.exercise import Case, Exercise


def names_of(exercise: Exercise) -> tuple[str, ...]:
    """An exercise's function and those that are written in the same cell."""
    return exercise.function, *exercise.partners


def faulty_parts(exercise: Exercise, answer: Callable[[list[Case]], list[dict]]) -> tuple[Exercise, ...]:
    """The exercises that the student's answer calls and that fail visible cases of their own, the lowest ones alone.

    ``answer(cases)`` as for :func:`autograder.verdict.judge`. An answer that does the work itself is built on
    nothing; one that calls a wrong function is not to be told that it is wrong itself.
    """
    below = [find(each) for each in exercise.builds_on]
    if not below:
        return ()
    wanted = [name for each in below for name in names_of(each)]
    (outcome,) = answer([Case("", "parts", (wanted, list(exercise.partners)), probe="reaches")])
    reached = outcome.get("value")
    called = [each for each in below if isinstance(reached, list) and set(names_of(each)) & set(map(str, reached))]
    faulty = [each for each in called if is_faulty(each, answer)]
    return tuple(each for each in faulty if not any(other.id in each.builds_on for other in faulty))


def is_faulty(exercise: Exercise, answer: Callable[[list[Case]], list[dict]]) -> bool:
    """Whether the student's function of that exercise, if there is one, fails a visible case."""
    cases, n_visible, expected = expectations(exercise.id, None)
    asked = [
        Case(case.group, case.kind, case.args, case.probe or exercise.probe, case.function or exercise.function)
        for case in cases[:n_visible]
    ]
    got = answer(asked)
    if any("missing" in outcome for outcome in got):
        return False
    return any(compare(want, have, exercise.exact_type) for want, have in zip(expected, got, strict=True))
