"""Student notebooks for the tests: the release with answers filled in."""

import inspect
import textwrap
from pathlib import Path

import nbformat

from autograder.exercises import ASSIGNMENTS
from autograder.release import source_notebook

ROOT = Path(__file__).parent.parent
ASSIGNMENT = "hw2-conv2d"


def released() -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "exercises" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)


def solution_answers() -> dict[str, str]:
    """Source of every answer cell of the solution, by grade id."""
    nb = source_notebook(ROOT / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.md", ASSIGNMENTS[ASSIGNMENT])
    graded = [cell for cell in nb.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in graded}


def filled(answers: dict[str, str]) -> nbformat.NotebookNode:
    """The release with some answer cells replaced, by grade id."""
    nb = released()
    for cell in nb.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in answers:
            cell.source = answers[grade_id]
    return nb


def solved(**changes: str) -> nbformat.NotebookNode:
    """The solution with some functions replaced by other source, by function name."""
    return filled({**solution_answers(), **{f"{name}-answer": source for name, source in changes.items()}})


def source_as(function, name: str) -> str:
    """Source of a module's function under another name, as a student would have it in a cell."""
    source = textwrap.dedent(inspect.getsource(function))
    return source.replace(f"def {function.__name__}(", f"def {name}(")
