"""The instant check of a whole file: visible cases, the student's code run apart from the grader."""

import os
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.errors import CourseError, check_assignment
from autograder.exercise import Exercise
from autograder.exercises import ASSIGNMENTS
from autograder.grading import graded
from autograder.runner import server_for
from autograder.submission import read_notebook
from autograder.verdict import report


def check_file(assignment: str, file: Path) -> tuple[list[str], float, float]:
    """Grade a notebook or a Python file on the visible cases: a report an exercise, the points, the most there are.

    Answers of a notebook are taken where its grade cells stand, others at the end. Raises ``CourseError`` for
    an assignment that there is not and for a file that cannot be read.
    """
    check_assignment(assignment)
    exercises = ASSIGNMENTS[assignment]
    nb = with_grade_cells(read_cells(Path(file)), exercises)
    with server_for(exercises, slot=os.getpid()) as server:
        _, verdicts, _ = graded(nb, exercises, None, server)
    verdicts.sort(key=lambda verdict: exercises.index(verdict.exercise))
    points = sum(exercise.points for exercise in exercises)
    return [report(verdict) for verdict in verdicts], sum(verdict.score for verdict in verdicts), points


def read_cells(file: Path) -> NotebookNode:
    """A notebook, or a Python file as a notebook of one cell."""
    if file.suffix.lower() not in (".ipynb", ".py"):
        raise CourseError(f"{file.name} is neither a notebook (.ipynb) nor a Python file (.py)")
    try:
        data = file.read_bytes()
        return new_notebook(cells=[new_code_cell(data.decode())]) if is_python(file) else read_notebook(data)
    except OSError as error:
        raise CourseError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:  # Unreadable, UnicodeDecodeError
        raise CourseError(f"{file.name} cannot be read: {error}") from None


def is_python(file: Path) -> bool:
    return file.suffix.lower() == ".py"


def grade_name(cell: NotebookNode) -> str | None:
    """The exercise that a code cell grades, by its metadata; None for any other cell."""
    marks = cell.get("metadata", {}).get("nbgrader", {})
    return marks.get("grade_id") if cell.cell_type == "code" and marks.get("grade") else None


def with_grade_cells(nb: NotebookNode, exercises: tuple[Exercise, ...]) -> NotebookNode:
    """The notebook with one grade cell for each exercise: its own where it has one, else one at the end."""
    wanted = [exercise.function for exercise in exercises]
    for cell in nb.cells:
        name = grade_name(cell)
        if name in wanted:
            wanted.remove(name)
        elif cell.cell_type == "code":
            cell.metadata.pop("nbgrader", None)  # a copy, or of another assignment: an ordinary cell
    marks = {"grade": True, "solution": False, "locked": True, "schema_version": 3, "task": False}
    for name in wanted:
        nb.cells.append(new_code_cell("", metadata={"nbgrader": {**marks, "grade_id": name}}))
    return nb
