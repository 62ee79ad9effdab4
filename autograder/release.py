"""From a solution notebook in text to nbgrader's source: its metadata is derived from the exercises."""

from pathlib import Path

import jupytext
from nbformat import NotebookNode, write

from autograder.exercise import Exercise

SCHEMA = {"schema_version": 3, "task": False}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def source_notebook(text: Path, exercises: tuple[Exercise, ...]) -> NotebookNode:
    """Read a MyST text notebook; turn its marks into nbgrader metadata.

    A code cell marked ``answer: NAME`` is where students write function NAME, one marked
    ``grade: NAME`` is its locked grade cell, worth the exercise's points; a Markdown cell marked
    ``written: ID`` and ``points: N`` is graded by hand. Raises ``ValueError`` unless each exercise has
    exactly one answer and one grade cell, in this order.
    """
    nb = jupytext.read(text)
    nb.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    nb.nbformat, nb.nbformat_minor = 4, 5
    by_name = {exercise.function: exercise for exercise in exercises}
    seen = []
    for number, cell in enumerate(nb.cells):
        marks, cell.metadata = cell.metadata, NotebookNode()
        cell.id = f"cell-{number:02d}"
        for mark in ("answer", "grade"):
            if mark in marks:
                seen.append((mark, marks[mark]))
                if marks[mark] not in by_name:
                    raise ValueError(f"{text}: {mark}: {marks[mark]} names no exercise; there are {', '.join(by_name)}")
        if "answer" in marks:
            grading = {"grade": False, "solution": True, "locked": False, "grade_id": f"{marks['answer']}-answer"}
        elif "grade" in marks:
            points = by_name[marks["grade"]].points
            grading = {"grade": True, "solution": False, "locked": True, "grade_id": marks["grade"], "points": points}
        elif "written" in marks:
            grading = {"grade": True, "solution": True, "locked": False, "grade_id": marks["written"]}
            grading["points"] = marks["points"]
        else:
            continue
        cell.metadata.nbgrader = NotebookNode({**grading, **SCHEMA})
    wanted = [(mark, name) for name in by_name for mark in ("answer", "grade")]
    if seen != wanted:
        raise ValueError(f"{text}: answer and grade cells are {seen}, expected {wanted}")
    return nb


def write_source(folder: Path, exercises: tuple[Exercise, ...]) -> Path:
    """Write ``NAME.ipynb`` beside ``NAME.md`` in ``solutions/NAME``, for nbgrader to release."""
    target = folder / f"{folder.name}.ipynb"
    write(source_notebook(folder / f"{folder.name}.md", exercises), target)
    return target
