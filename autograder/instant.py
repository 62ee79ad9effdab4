"""The instant check of a whole file: visible cases, the student's code run apart from the grader."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.errors import CourseError, check_assignment
from autograder.exercise import Exercise
from autograder.exercises import ASSIGNMENTS
from autograder.grading import grade_notebook


def check_file(assignment: str, file: Path) -> tuple[list[str], float, float]:
    """Grade a notebook or a Python file on the visible cases: a report an exercise, the points, the most there are.

    Answers of a notebook are taken where its grade cells stand, others at the end. Raises ``CourseError`` for
    an assignment that there is not and for a file that cannot be read.
    """
    check_assignment(assignment)
    exercises = ASSIGNMENTS[assignment]
    graded = grade_notebook(with_grade_cells(read_cells(Path(file)), exercises), exercises, secret=None)
    by_name = {name: cell for cell in graded.cells if (name := grade_name(cell))}
    cells = [by_name[exercise.function] for exercise in exercises]
    reports = [cell.outputs[0].data["text/plain"] for cell in cells]
    points = [float(cell.outputs[1].data["text/plain"]) for cell in cells]
    return reports, sum(points), sum(exercise.points for exercise in exercises)


def read_cells(file: Path) -> NotebookNode:
    """A notebook, or a Python file as a notebook of one cell."""
    if file.suffix.lower() not in (".ipynb", ".py"):
        raise CourseError(f"{file.name} is neither a notebook (.ipynb) nor a Python file (.py)")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{file} cannot be read: {error}") from None
    if file.suffix.lower() == ".py":
        return new_notebook(cells=[new_code_cell(text)])
    try:
        return nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat lets errors of its parts through: KeyError, AttributeError, ...
        raise CourseError(f"{file.name} is not a notebook: {type(error).__name__}: {error}") from None


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
