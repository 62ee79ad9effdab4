"""Mend what copying, deleting and other editors do to a notebook's cells, before nbgrader looks at it."""

from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.master import Master


class RepairCells(NbGraderPreprocessor):
    """See to it that every cell of the release is there exactly once.

    A copied cell runs like any other, but only one of the copies is the graded one: the last that was
    answered. A graded cell that is missing is put back, after its answer if that is there, and one that stands
    before its answer is moved behind it. Cells that call themselves graded and are not of this assignment become
    ordinary ones. What a student may have written into nbgrader's metadata, points and the like, is replaced by
    what was released.
    """

    def preprocess(self, nb, resources):
        settings = resources["nbgrader"]
        with Gradebook(settings["db_url"]) as gradebook:
            return self.repair(nb, Master.read(gradebook, settings["assignment"])), resources

    def repair(self, nb, master: Master):
        """Mend ``nb`` after the released notebook ``master``."""
        kept: dict[str, object] = {}
        for cell in nb.cells:
            name = grade_id(cell)
            cell.metadata.pop("nbgrader", None)
            if name not in master.cells:
                continue
            cell.metadata["nbgrader"] = master.metadata(name)
            is_answered = utils.compute_checksum(cell) != master.cells[name].checksum
            if name in kept and (is_answered or not master.cells[name].is_answer):
                del kept.pop(name).metadata["nbgrader"]
            if name in kept:
                del cell.metadata["nbgrader"]
            else:
                kept[name] = cell
        self._put_back(nb, master)
        self._move_behind_answers(nb, master)
        return nb

    def _move_behind_answers(self, nb, master: Master) -> None:
        for name in master.points:
            places = {grade_id(cell): number for number, cell in enumerate(nb.cells)}
            answer = places.get(f"{name}-answer", -1)
            if answer > places[name]:
                nb.cells.insert(answer, nb.cells.pop(places[name]))

    def _put_back(self, nb, master: Master) -> None:
        places = {grade_id(cell): number for number, cell in enumerate(nb.cells)}
        missing = [name for name in master.points if name not in places]
        # from the bottom up, so that the places above stay right
        for name in sorted(missing, key=lambda name: places.get(f"{name}-answer", len(nb.cells)), reverse=True):
            source = master.cells[name]
            make = new_code_cell if source.cell_type == "code" else new_markdown_cell
            cell = make(source.source, metadata={"nbgrader": master.metadata(name)})
            nb.cells.insert(places.get(f"{name}-answer", len(nb.cells)) + 1, cell)


def grade_id(cell) -> str | None:
    """The cell's grade id, or None for an ordinary cell.

    >>> from nbformat.v4 import new_code_cell
    >>> grade_id(new_code_cell(metadata={"nbgrader": {"grade_id": "out_size"}})), grade_id(new_code_cell())
    ('out_size', None)
    """
    metadata = cell.metadata.get("nbgrader")
    name = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None
