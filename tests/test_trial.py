"""Exercises whose answer is a list of test inputs."""

from dataclasses import replace

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder import exercises
from autograder.diagnosis import outcomes
from autograder.exercise import Mistake, rewrite
from autograder.grading import grade_notebook
from autograder.runner import Limits
from autograder.trial import Trial, admit_array, admit_int, trial_exercise
from autograder.verdict import judge, report


def shifted(x, step):
    """Values ``step`` places on, zeros where there were none."""
    out = np.zeros_like(x)
    for i in range(len(x)):
        if 0 <= i - step < len(x):
            out[i] = x[i - step]
    return out


def wrong(name, sentence, *changes):
    return Mistake(name, sentence, "conv2d-stride", rewrite(shifted, *changes))


TRIAL = Trial(
    right=shifted,
    wrong=(
        wrong(
            "shifts back",
            "It shifts the other way.",
            ("x[i - step]", "x[i + step]"),
            ("0 <= i - step", "0 <= i + step"),
        ),
        wrong("wraps around", "It wraps around at the ends.", ("if 0 <= i - step < len(x)", "if i - step < len(x)")),
        wrong("always one step", "It takes one step, whatever is asked.", ("x[i - step]", "x[i - 1]")),
        wrong("loses the last", "It leaves the last value at zero.", ("range(len(x))", "range(len(x) - 1)")),
    ),
    admit=lambda x, step: (admit_array(x, "x", 1, 100), admit_int(step, "step", -5, 5)),
    partly=True,
)
EXERCISE = trial_exercise(
    "hw0.shift_inputs",
    "shift_inputs",
    8,
    "conv2d-stride",
    TRIAL,
    reference=lambda: [(np.arange(1.0, 7), 2), (np.arange(1.0, 4), -1)],
    mistakes=(
        Mistake("one step only", "Each of your steps is 1.", "conv2d-stride", lambda: [([1, 2, 3], 1)]),
        Mistake(
            "zeros leave",
            "Nothing but 0 leaves at the ends.",
            "conv2d-stride",
            lambda: [([1, 2, 0, 0], 2), ([0, 0], 1)],
        ),
        Mistake("all alike", "All your values are 0.", "conv2d-stride", lambda: [([0, 0, 0], 2)]),
    ),
    variants={},
)


def verdict_of(value):
    def answer():
        if isinstance(value, Exception):
            raise value
        return value

    return judge(EXERCISE, lambda cases: outcomes(EXERCISE, answer, cases), b"a secret that nothing depends on")


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """The exercise stands beside the real ones for as long as a test runs."""
    from autograder import diagnosis

    monkeypatch.setitem(exercises.EXERCISES, EXERCISE.id, EXERCISE)
    diagnosis.expectations.cache_clear()
    diagnosis.mistaken_outcome.cache_clear()


@pytest.mark.parametrize(
    ("inputs", "points"),
    [
        ([(np.arange(1.0, 7), 2), (np.arange(1.0, 4), -1)], 8),
        ([[[1, 2, 3, 4], 2]], 8),
        ([([1, 2, 3], 1)], 6),
        ([([0, 0, 0], 2)], 0),
        ([([1, 1, 1], 0)], 2),
    ],
)
def test_points_are_the_share_of_what_is_exposed(inputs, points):
    exposed = sum(
        any(not np.allclose(shifted(np.array(x), s), wrong.function(np.array(x), s)) for x, s in inputs)
        for wrong in TRIAL.wrong
    )
    assert exposed == points / 2  # counted apart
    assert verdict_of(inputs).score == pytest.approx(points)


def test_a_survivor_is_named_by_what_it_does_wrong():
    text = report(verdict_of([([1, 2, 3], 1)]))
    assert "✗ 3 of 4 wrong implementations exposed" in text
    assert "One that your inputs do not expose: It takes one step, whatever is asked." in text
    assert "Each of your steps is 1." in text  # what is wrong with the inputs themselves
    assert "✓ 4 of 4 wrong implementations exposed" in report(verdict_of(EXERCISE.reference()))


@pytest.mark.parametrize(
    ("inputs", "weaknesses"),
    [
        ([([1, 2, 3], 1)], {"one step only"}),
        ([([1, 2, 0], -1)], {"zeros leave"}),  # though another one survives as well
        ([([1, 2, 0], 1)], {"one step only", "zeros leave"}),
        ([([0, 0, 0], 2)], {"all alike"}),  # and not its parts
        ([([1, 2, 3, 4], 2)], set()),
        ("no inputs", set()),
    ],
)
def test_every_weakness_is_told_and_none_that_is_not_there(inputs, weaknesses):
    assert {weakness.name for weakness in verdict_of(inputs).mistakes} == weaknesses


def test_a_weakness_that_is_told_as_a_whole_alone(monkeypatch):
    whole = replace(EXERCISE, trial=replace(TRIAL, partly=False))
    monkeypatch.setitem(exercises.EXERCISES, EXERCISE.id, whole)

    def told(inputs):
        verdict = judge(whole, lambda cases: outcomes(whole, lambda: inputs, cases))
        return {weakness.name for weakness in verdict.mistakes}

    assert told([([1, 2, 3], 1)]) == {"one step only"}
    assert told([([1, 2, 0], 1)]) == set()  # leaves more than steps of 1 alone do


def test_three_weaknesses_are_enough_for_one_try():
    from autograder.exercises.hw1.trial import XCORR2D_INPUTS as exercise

    inputs = [(np.arange(36.0).reshape(6, 6), np.arange(9.0).reshape(3, 3))]
    verdict = judge(exercise, lambda cases: outcomes(exercise, lambda: inputs, cases))
    assert len(verdict.mistakes) > 3
    assert report(verdict).count("→") == 3 + 1  # and a survivor


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "the result is a NoneType, expected a list of inputs"),
        ([], "there are 0 inputs, expected 1 to 20"),
        ([([1], 1)] * 21, "there are 21 inputs, expected 1 to 20"),
        ([([1, 2],)], "input 0 has 1 arguments"),
        ([([1, 2], 1), "ab"], "expected a list of inputs, each a tuple"),
        ([([1, 2], 1), ("ab", 1)], "input 1: x is a str, expected an array of real numbers"),
        ([([1, 2], 6)], "input 0: step is 6, expected an int from -5 to 5"),
        ([([1, 2], 10**300)], "expected an int from -5 to 5"),
        ([([1, 2], 1.0)], "step is 1.0, expected an int"),
        ([(np.ones(101), 1)], "x has 101 values, expected 1 to 100"),
        ([([1, np.nan], 1)], "x holds NaN"),
        ([([[1, 2]], 1)], "x has shape (1, 2), expected 1 axes"),
        (NotImplementedError("write this function"), "not written yet?"),
    ],
)
def test_inputs_that_cannot_be_used_earn_nothing_and_the_reason(value, told):
    verdict = verdict_of(value)
    assert verdict.score == pytest.approx(0)
    assert report(verdict).count("✗") == 1
    assert told in report(verdict)


def test_the_official_grade_is_the_same():
    cells = [
        new_code_cell("def shift_inputs():\n    return [([1, 2, 3], 1)]"),
        new_code_cell("check('hw0.shift_inputs', shift_inputs)"),
    ]
    grading = {"grade": True, "solution": False, "locked": True, "grade_id": "shift_inputs", "points": 8}
    cells[1].metadata["nbgrader"] = {**grading, "schema_version": 3, "task": False, "cell_type": "code"}
    nb = grade_notebook(new_notebook(cells=cells), (EXERCISE,), b"secret", Limits(cell=5, case=2))
    shown, score = nb.cells[1].outputs
    assert score.data["text/plain"] == "6"
    assert "It takes one step" in shown.data["text/plain"]
