"""The grader, graded: which case rejects which wrong implementation."""

import numpy as np

from autograder.compare import compare
from autograder.diagnosis import expectations, is_rejected, judged_outcomes
from autograder.exercise import Exercise


def kill_matrix(exercise: Exercise, secret: bytes | None = None) -> np.ndarray:
    """Booleans ``(mistakes, cases)``: True where the case rejects the mistake.

    The cases are the visible ones, and those that ``secret`` hides if one is given.

    >>> from autograder.exercises import EXERCISES
    >>> kill_matrix(EXERCISES["hw2.same_padding"]).any(axis=1).all()
    np.True_
    """
    cases = range(len(expectations(exercise.id, secret)[0]))
    mistakes = range(len(exercise.mistakes))
    return np.array([[is_rejected(exercise.id, secret, mistake, case) for case in cases] for mistake in mistakes])


def as_text(exercise: Exercise, secret: bytes | None = None) -> str:
    """The matrix in characters, a row a mistake: ``#`` rejected, ``.`` not noticed by that case."""
    matrix = kill_matrix(exercise, secret)
    width = max(len(mistake.name) for mistake in exercise.mistakes)
    rows = [
        f"{mistake.name:{width}}  {''.join('#' if killed else '.' for killed in row)}  {row.sum()}/{row.size}"
        for mistake, row in zip(exercise.mistakes, matrix, strict=True)
    ]
    return "\n".join([f"{exercise.id}: {len(rows)} mistakes, {matrix.shape[1]} cases", *rows])


def accepted(exercise: Exercise, secret: bytes | None = None) -> dict[str, bool]:
    """Which of the exercise's variants, all of them right, every case accepts.

    >>> from autograder.exercises import EXERCISES
    >>> set(accepted(EXERCISES["hw2.same_padding"]).values())
    {True}
    """
    cases, _, expected = expectations(exercise.id, secret)
    return {
        name: all(
            compare(want, got, exercise.exact_type) is None
            for want, got in zip(expected, judged_outcomes(exercise, variant, cases), strict=True)
        )
        for name, variant in exercise.variants.items()
    }
