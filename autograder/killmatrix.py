"""The grader, graded: which case rejects which wrong implementation.

``python -m autograder.killmatrix FILE`` records it, for the visible cases of all exercises, in a file of JSON.
"""

import json
import sys
from pathlib import Path

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


def kill_rows(exercise: Exercise, secret: bytes | None = None) -> dict[str, str]:
    """The matrix in characters, a row a mistake: ``#`` rejected, ``.`` not noticed by that case.

    >>> from autograder.exercises import EXERCISES
    >>> kill_rows(EXERCISES["hw2.same_padding"])["dilation ignored"]
    '.......###....##'
    """
    return {
        mistake.name: "".join("#" if killed else "." for killed in row)
        for mistake, row in zip(exercise.mistakes, kill_matrix(exercise, secret), strict=True)
    }


def record() -> dict[str, dict[str, str]]:
    """The rows of every exercise, by its id, on the visible cases: some forty seconds."""
    from autograder.exercises import EXERCISES

    return {id: kill_rows(exercise) for id, exercise in EXERCISES.items()}


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


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m autograder.killmatrix FILE")
    Path(sys.argv[1]).write_text(json.dumps(record(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
