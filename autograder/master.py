"""The released notebook of an assignment, as the gradebook keeps it: what a submission is mended and measured by."""

import json
from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry


@dataclass(frozen=True)
class MasterCell:
    """A cell that nbgrader watches over; ``is_answer`` where students write."""

    name: str
    cell_type: str
    source: str
    checksum: str
    locked: bool
    is_answer: bool


@dataclass(frozen=True)
class Master:
    """The watched cells of an assignment's notebook, and the points of those that are graded.

    It answers the questions that nbgrader's preprocessors put to a gradebook about a release, so that they run
    without one, in as many processes as there are.
    """

    assignment: str
    cells: dict[str, MasterCell]
    points: dict[str, float]
    kernelspec: dict

    @classmethod
    def read(cls, gradebook: Gradebook, assignment: str) -> "Master":
        """Raises ``MissingEntry`` where the gradebook has no such assignment."""
        notebook = gradebook.find_notebook(assignment, assignment)
        answers = {cell.name for cell in notebook.solution_cells}
        cells = {
            cell.name: MasterCell(
                cell.name, cell.cell_type, cell.source, cell.checksum, bool(cell.locked), cell.name in answers
            )
            for cell in notebook.source_cells
        }
        points = {cell.name: float(cell.max_score) for cell in notebook.grade_cells}
        return cls(assignment, cells, points, json.loads(notebook.kernelspec))

    def metadata(self, name: str) -> NotebookNode:
        """nbgrader's metadata of a watched cell, as released."""
        cell = self.cells[name]
        points = {"points": self.points[name]} if name in self.points else {}
        kinds = {"grade": name in self.points, "solution": cell.is_answer, "locked": cell.locked, "task": False}
        told = {"grade_id": name, "checksum": cell.checksum, "cell_type": cell.cell_type, "schema_version": 3}
        return NotebookNode({**told, **kinds, **points})

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> MasterCell:
        if name not in self.cells:
            raise MissingEntry(f"no cell of {assignment} is called {name!r}")
        return self.cells[name]

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> "GradedCell":
        if name not in self.points:
            raise MissingEntry(f"no graded cell of {assignment} is called {name!r}")
        return GradedCell(self.points[name])


@dataclass(frozen=True)
class GradedCell:
    max_score: float
