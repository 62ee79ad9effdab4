"""Mend what copying, deleting and other editors do to a notebook's cells, before nbgrader looks at it."""

from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor


class RepairCells(NbGraderPreprocessor):
    """See to it that every cell of the release is there exactly once.

    A copied cell runs like any other, but only one of the copies is the graded one: the last that was
    answered. A graded cell that is missing is put back, after its answer if that is there. Cells that call
    themselves graded and are not of this assignment become ordinary ones.
    """

    def preprocess(self, nb, resources):
        settings = resources["nbgrader"]
        with Gradebook(settings["db_url"]) as gradebook:
            notebook = gradebook.find_notebook(settings["notebook"], settings["assignment"])
            checksums = {cell.name: cell.checksum for cell in notebook.source_cells}
            self._keep_one_of_each(nb, checksums)
            self._put_back(nb, notebook)
        return nb, resources

    def _keep_one_of_each(self, nb, checksums: dict[str, str]) -> None:
        kept: dict[str, object] = {}
        for cell in nb.cells:
            name = grade_id(cell)
            if name in checksums:
                is_answered = utils.compute_checksum(cell) != checksums[name]
                if name not in kept or is_answered or not utils.is_solution(cell):
                    kept[name] = cell
        for cell in nb.cells:
            if "nbgrader" in cell.metadata and kept.get(grade_id(cell)) is not cell:
                del cell.metadata["nbgrader"]

    def _put_back(self, nb, notebook) -> None:
        places = {grade_id(cell): number for number, cell in enumerate(nb.cells)}
        answers = {cell.name for cell in notebook.solution_cells}
        graded = {cell.name: cell for cell in notebook.grade_cells}
        sources = {cell.name: cell for cell in notebook.source_cells}
        missing = [name for name in graded if name not in places]
        # from the bottom up, so that the places above stay right
        for name in sorted(missing, key=lambda name: places.get(f"{name}-answer", len(nb.cells)), reverse=True):
            source = sources[name]
            grading = {"grade": True, "grade_id": name, "points": graded[name].max_score, "solution": name in answers}
            grading |= {"locked": source.locked, "checksum": source.checksum, "cell_type": source.cell_type}
            make = new_code_cell if source.cell_type == "code" else new_markdown_cell
            cell = make(source.source, metadata={"nbgrader": {**grading, "schema_version": 3, "task": False}})
            nb.cells.insert(places.get(f"{name}-answer", len(nb.cells)) + 1, cell)


def grade_id(cell) -> str | None:
    """The cell's grade id, or None for an ordinary cell.

    >>> from nbformat.v4 import new_code_cell
    >>> grade_id(new_code_cell(metadata={"nbgrader": {"grade_id": "out_size"}})), grade_id(new_code_cell())
    ('out_size', None)
    """
    metadata = cell.metadata.get("nbgrader")
    return metadata.get("grade_id") if isinstance(metadata, dict) else None
