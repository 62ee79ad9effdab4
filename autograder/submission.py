"""One submission from its bytes to its grades: nbgrader's steps in its order, with no gradebook in reach.

So any number of processes can do it at once, here or on other machines, and one writes down what they find.
"""

import hashlib
import time
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader import utils
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets.config import Config

from autograder.exercise import Exercise
from autograder.exercises import ASSIGNMENTS
from autograder.grading import graded, new_output
from autograder.master import Master
from autograder.preprocessor import GradeNotebook
from autograder.repair import RepairCells, grade_id
from autograder.runner import Limits, Server
from autograder.verdict import Verdict
from convbook import kernels

LARGEST = 100 * 2**20  # bytes of a notebook file


@dataclass(frozen=True)
class Setup:
    """What grading needs besides the submission: the same for all of an assignment. It can be sent elsewhere.

    ``sanitize`` and ``finish``: classes of nbgrader's preprocessors before and after the execution.
    """

    master: Master
    release: str
    db_url: str
    secret: bytes
    limits: Limits
    book: str
    sanitize: tuple[type, ...]
    finish: tuple[type, ...]
    config: Config = field(default_factory=Config)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the release, the secret, the limits and the grader's own code: what would change a grade."""
        digest = hashlib.sha256(self.secret + repr((self.master, self.limits, self.book)).encode())
        packages = Path(__file__).parent, Path(kernels.__file__).parent
        for path in sorted(path for package in packages for path in package.rglob("*.py")):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        return ASSIGNMENTS[self.master.assignment]


@dataclass(frozen=True)
class Graded:
    """A graded submission: the notebook as text, a score or None for each graded cell, a comment for each answer.

    ``record`` is what :mod:`autograder.records` keeps. ``problem`` says what an instructor should know.
    """

    student: str
    notebook: str
    scores: dict[str, float | None]
    comments: dict[str, str | None]
    record: dict
    problem: str = ""


class Unreadable(ValueError):
    """A file that is no notebook; the text says why."""


def read_notebook(data: bytes) -> NotebookNode:
    """The notebook in ``data``, of any version that nbformat can bring up to date; raises ``Unreadable``.

    >>> read_notebook(b"")
    Traceback (most recent call last):
    ...
    autograder.submission.Unreadable: no notebook was handed in, or an empty file
    """
    if not data.strip():
        raise Unreadable("no notebook was handed in, or an empty file")
    if len(data) > LARGEST:
        raise Unreadable(f"the file has {len(data) / 2**20:.0f} MiB, more than {LARGEST / 2**20:.0f}")
    try:
        nb = nbformat.reads(data.decode("utf-8-sig"), as_version=4)
        nbformat.validate(nb)
        return nb
    except UnicodeDecodeError:
        raise Unreadable("the file is not text in UTF-8, as notebooks are") from None
    except nbformat.reader.NotJSONError:
        raise Unreadable("the file is not JSON, as notebooks are; was it cut short?") from None
    except RecursionError:
        raise Unreadable("the file is nested too deeply") from None
    except Exception as error:  # nbformat raises what its readers happen to stumble over
        raise Unreadable(f"the file is not a notebook: {type(error).__name__}: {str(error)[:200]}") from None


def grade_submission(setup: Setup, student: str, data: bytes, server: Server) -> Graded:
    """Grade the notebook file ``data`` of ``student``. Whatever is in it, the result is a score and a reason."""
    begun, told, problem, verdicts = time.perf_counter(), "", "", []
    usage: dict = {"seconds": 0.0, "cpu_seconds": 0.0, "memory": 0}
    try:
        nb = read_notebook(data)
        handed_in = {grade_id(cell) for cell in nb.cells}  # before what is missing is put back
        nb = sanitized(setup, student, nb)
    except Unreadable as error:
        problem = f"{student}'s notebook cannot be read: {error}"
        nb = unread(setup, student, str(error))
    else:
        told = misplaced(setup, handed_in)
        problem = f"{student}'s notebook {told}" if told else ""
        nb, verdicts, usage = graded(nb, setup.exercises, setup.secret, server, setup.book)
        if told:
            nb.cells.insert(0, new_markdown_cell(f"**Your notebook {told}.** Hand in the right one."))
    for kind in setup.finish:
        nb = apply(kind, setup, student, nb)
    scores = {grade_id(cell): utils.determine_grade(cell)[0] for cell in nb.cells if utils.is_grade(cell)}
    comments = {grade_id(cell): comment_on(cell) for cell in nb.cells if utils.is_solution(cell)}
    record = {
        "assignment": setup.master.assignment,
        "student": student,
        "digest": hashlib.sha256(data).hexdigest(),
        "score": sum(score or 0.0 for score in scores.values()),
        "max_score": sum(setup.master.points.values()),
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": usage["cpu_seconds"],
        "memory": usage["memory"],
        "exercises": {verdict.exercise.id: summary(verdict) for verdict in verdicts},
        "remarks": [problem] if problem else [],
    }
    return Graded(student, nbformat.writes(nb), scores, comments, record, problem)


def misplaced(setup: Setup, names: set[str | None]) -> str:
    """Words on a notebook whose cells are another assignment's, else nothing. Assignments share some names."""
    functions = {name.removesuffix("-answer") for name in names if name}
    found = {name: len(functions & {each.function for each in exercises}) for name, exercises in ASSIGNMENTS.items()}
    asked, likely = setup.master.assignment, max(found, key=lambda name: found[name])
    if found[likely] > found[asked] and 2 * found[asked] < len(setup.exercises):
        return f"is of {likely}, and {asked} was asked for"
    return ""


def summary(verdict: Verdict) -> dict:
    """A verdict as plain data; what differs in a hidden case is told as students are told it."""
    failed = {
        group: difference.shown if is_visible else difference.hinted
        for group, (_, difference, is_visible) in verdict.failures.items()
    }
    mistakes = [mistake.name for mistake in verdict.mistakes]
    return {"score": verdict.score, "points": verdict.exercise.points, "failed": failed, "mistakes": mistakes}


def comment_on(cell) -> str | None:
    """nbgrader's own comment on an answer: that there is none."""
    untouched = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) and not utils.is_task(cell)
    return "No response." if untouched else None


class OverwriteFromMaster(OverwriteCells):
    """nbgrader's own step, asking a :class:`Master` in place of a gradebook."""

    def overwrite(self, nb, resources, master: Master):
        self.gradebook, self.notebook_id, self.assignment_id = master, master.assignment, master.assignment
        return NbGraderPreprocessor.preprocess(self, nb, resources)[0]


def sanitized(setup: Setup, student: str, nb: NotebookNode) -> NotebookNode:
    """``nb`` after nbgrader's sanitizing steps; raises ``Unreadable`` for one that they cannot make sense of."""
    try:
        for kind in setup.sanitize:
            nb = apply(kind, setup, student, nb)
    except Exception as error:  # a step's own words about metadata that no version of nbgrader has written
        raise Unreadable(f"nbgrader cannot use it: {type(error).__name__}: {str(error)[:200]}") from error
    return nb


def apply(kind: type, setup: Setup, student: str, nb: NotebookNode) -> NotebookNode:
    """One of nbgrader's steps, as nbconvert would run it."""
    name = setup.master.assignment
    told = {"student": student, "assignment": name, "notebook": name, "db_url": setup.db_url}
    resources = {"unique_key": name, "nbgrader": told}
    if issubclass(kind, RepairCells):
        return kind(config=setup.config).repair(nb, setup.master)
    if issubclass(kind, OverwriteKernelspec):
        nb.metadata["kernelspec"] = setup.master.kernelspec
        return nb
    if issubclass(kind, OverwriteCells):
        return OverwriteFromMaster(config=setup.config).overwrite(nb, resources, setup.master)
    step = kind(config=setup.config)
    return step(nb, resources)[0]


def steps_of(config: Config) -> tuple[tuple[type, ...], tuple[type, ...]]:
    """The steps before and after the execution, from the course's configuration.

    Left out are those that write to the gradebook, for the writer does their work, and the check of nbgrader's
    metadata, which :class:`RepairCells` has written anew.
    """
    ours = (GradeNotebook, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata)
    before, after = config.Autograde.sanitize_preprocessors, config.Autograde.autograde_preprocessors
    return tuple(kind for kind in before if not issubclass(kind, ours)), tuple(
        kind for kind in after if not issubclass(kind, ours)
    )


def with_outputs_of(notebook: str, other: str, names: set[str]) -> str:
    """A graded notebook with what another one shows under some of its graded cells."""
    nb = nbformat.reads(notebook, as_version=4)
    shown = {grade_id(cell): cell for cell in nbformat.reads(other, as_version=4).cells if grade_id(cell) in names}
    for cell in nb.cells:
        if grade_id(cell) in shown and cell.cell_type == "code":
            cell.outputs = shown[grade_id(cell)].outputs
    return nbformat.writes(nb)


def unread(setup: Setup, student: str, reason: str) -> NotebookNode:
    """The release with no answers and a word to the student, in place of a file that could not be read."""
    nb = sanitized(setup, student, nbformat.reads(setup.release, as_version=4))
    nb.cells.insert(0, new_markdown_cell(f"**Your file could not be graded: {reason}.** Hand it in again."))
    for cell in nb.cells:
        if cell.cell_type == "code" and utils.is_grade(cell):
            text = new_output("stream", name="stdout", text=f"not graded: {reason}\n")
            cell.outputs = [text, new_output("execute_result", data={"text/plain": "0"}, execution_count=1)]
    return deepcopy(nb)
