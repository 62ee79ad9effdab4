"""The solutions as a student would have them: all points at the instant check, and examples that hold."""

import doctest

import numpy as np
import pytest
from submissions import ROOT, released, solved

from autograder.diagnosis import outcomes
from autograder.exercises import ASSIGNMENTS
from autograder.grading import grade_notebook
from autograder.release import source_notebook
from autograder.verdict import judge


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def solution(request):
    """The assignment's exercises, and the namespace of its cells, the grade cells left out."""
    namespace = {"np": np}
    for cell in source_notebook(
        ROOT / "solutions" / request.param / f"{request.param}.md", ASSIGNMENTS[request.param]
    ).cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade"):
            exec(compile(cell.source, request.param, "exec"), namespace)
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


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_text_tells_what_the_exercises_are_worth_and_how_many_wrong_versions_there_are(assignment):
    text = (ROOT / "solutions" / assignment / f"{assignment}.md").read_text()
    for exercise in ASSIGNMENTS[assignment]:
        assert f"| `{exercise.function}` | {exercise.points} |" in text
        if exercise.trial:
            assert f" {len(exercise.trial.wrong)} wrong" in text


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_grade_of_the_solution_is_full_and_that_of_the_release_nothing(assignment):
    """In a worker, where a backward pass finds its forward pass in another cell."""

    def points(nb):
        graded = grade_notebook(nb, ASSIGNMENTS[assignment], b"a secret of this test")
        cells = [
            cell for cell in graded.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
        ]
        return [float(cell.outputs[-1].data["text/plain"]) for cell in cells]

    assert points(solved(assignment)) == pytest.approx([exercise.points for exercise in ASSIGNMENTS[assignment]])
    assert points(released(assignment)) == pytest.approx([0] * len(ASSIGNMENTS[assignment]))
