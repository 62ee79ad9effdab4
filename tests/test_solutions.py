"""The solutions as a student would have them: all points at the instant check, and examples that hold."""

import doctest

import numpy as np
import pytest
from submissions import solution_answers

from autograder.exercises import ASSIGNMENTS
from autograder.verdict import judge, outcomes


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def solution(request):
    """The assignment's exercises, and the namespace of its answer cells."""
    namespace = {"np": np}
    for grade_id, source in solution_answers(request.param).items():
        if grade_id.endswith("-answer"):
            exec(compile(source, grade_id, "exec"), namespace)
    return ASSIGNMENTS[request.param], namespace


def test_the_check_gives_all_points(solution):
    exercises, namespace = solution
    for exercise in exercises:
        verdict = judge(exercise, lambda cases, e=exercise: outcomes(e, namespace[e.function], cases))
        assert verdict.score == pytest.approx(exercise.points), verdict.failures


def test_the_examples_that_students_read_hold(solution):
    exercises, namespace = solution
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for exercise in exercises:
        function = namespace[exercise.function]
        for test in finder.find(function, exercise.function, module=False, globs=namespace):
            assert runner.run(test).failed == 0
    assert runner.tries > 3
