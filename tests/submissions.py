"""Student notebooks for the tests: the release with answers filled in."""

import inspect
import textwrap
from pathlib import Path

import nbformat

from autograder.exercises import ASSIGNMENTS
from autograder.release import source_notebook

ROOT = Path(__file__).parent.parent
ASSIGNMENT = "hw2-conv2d"


def released(assignment: str = ASSIGNMENT) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "exercises" / assignment / f"{assignment}.ipynb", as_version=4)


def solution_answers(assignment: str = ASSIGNMENT) -> dict[str, str]:
    """Source of every answer cell of the solution, by grade id."""
    nb = source_notebook(ROOT / "solutions" / assignment / f"{assignment}.md", ASSIGNMENTS[assignment])
    graded = [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in graded}


def names_at_the_start(assignment: str) -> dict:
    """What the notebook's first cell imports, as its answers find it."""
    namespace: dict = {}
    exec(next(cell.source for cell in released(assignment).cells if cell.cell_type == "code"), namespace)
    return namespace


def filled(answers: dict[str, str], assignment: str = ASSIGNMENT) -> nbformat.NotebookNode:
    """The release with some answer cells replaced, by grade id."""
    nb = released(assignment)
    for cell in nb.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in answers:
            cell.source = answers[grade_id]
    return nb


def solved(assignment: str = ASSIGNMENT, /, **changes: str) -> nbformat.NotebookNode:
    """The solution with some functions replaced by other source, by function name."""
    changed = {f"{name}-answer": source for name, source in changes.items()}
    return filled({**solution_answers(assignment), **changed}, assignment)


def source_as(function, name: str) -> str:
    """Source of a module's function under another name, as a student would have it in a cell."""
    source = textwrap.dedent(inspect.getsource(function))
    return source.replace(f"def {function.__name__}(", f"def {name}(")
