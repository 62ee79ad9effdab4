"""A course folder: release assignments, collect submissions, grade them, write feedback and grades."""

import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.exercises import ASSIGNMENTS
from autograder.release import write_source


class CourseError(Exception):
    """What an instructor did that cannot work, in words."""


class Course:
    """nbgrader's own steps on the course folder ``root``, configured by its ``nbgrader_config.py``."""

    def __init__(self, root: Path):
        self.root = Path(root).resolve()
        if not (self.root / "nbgrader_config.py").exists():
            raise CourseError(f"{self.root} is no course folder: it has no nbgrader_config.py")
        # nbgrader adds objects to its sessions late; harmless, and several lines for each submission
        warnings.filterwarnings("ignore", message="Object of type <.*> not in session", category=SAWarning)
        # nbgrader runs `alembic` by name, which an environment that was not activated does not have on its path
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(self.root)).load_config())
        config.CourseDirectory.root = str(self.root)
        config.GradeNotebook.secret_file = str(self.root / config.GradeNotebook.get("secret_file", "course_secret"))
        self.api = NbGraderAPI(config=config)
        self.db_url = self.api.coursedir.db_url

    def release(self, assignment: str) -> Path:
        """Generate ``exercises/ASSIGNMENT`` from ``solutions/ASSIGNMENT``; enter it into the gradebook."""
        check_assignment(assignment)
        write_source(self.root / "solutions" / assignment, ASSIGNMENTS[assignment])
        succeed(self.api.generate_assignment(assignment, force=True, create=True), f"{assignment} was not released")
        return self.root / "exercises" / assignment / f"{assignment}.ipynb"

    def is_released(self, assignment: str) -> bool:
        """Whether the gradebook knows the assignment."""
        with Gradebook(self.db_url) as gradebook:
            try:
                return bool(gradebook.find_assignment(assignment).notebooks)
            except MissingEntry:
                return False

    def collect(self, folder: Path, assignment: str) -> list[str]:
        """Copy the notebooks of ``folder`` to ``submitted/STUDENT/ASSIGNMENT``; return the students.

        Understood: ``STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb`` (nbgrader's own), ``STUDENT/ANY.ipynb``
        (one notebook a student), and ``STUDENT.ipynb``.
        """
        check_assignment(assignment)
        folder = Path(folder).resolve()
        if not folder.is_dir():
            raise CourseError(f"there is no folder {folder}")
        found = dict(find_notebooks(folder, assignment))
        if not found:
            raise CourseError(f"{folder} holds no notebook, nor a folder with one for each student")
        for student, notebook in found.items():
            target = self.root / "submitted" / student / assignment / f"{assignment}.ipynb"
            if notebook != target:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(notebook, target)
        return sorted(found)

    def grade(self, assignment: str, student: str) -> None:
        """Autograde one submission and write its feedback. Raises ``CourseError`` with nbgrader's words."""
        succeed(self.api.autograde(assignment, student, force=True, create=True), f"{student} was not graded")
        succeed(self.api.generate_feedback(assignment, student, force=True), f"{student} got no feedback")

    def scores(self, assignment: str) -> dict[str, tuple[float, float, bool]]:
        """Score, maximum and whether something waits for manual grading, by student."""
        with Gradebook(self.db_url) as gradebook:
            return {
                submission.student.id: (submission.score, submission.max_score, submission.needs_manual_grade)
                for submission in gradebook.assignment_submissions(assignment)
            }

    def export(self) -> Path:
        """Write every grade to ``grades.csv``, nbgrader's own export."""
        target = self.root / "grades.csv"
        with Gradebook(self.db_url) as gradebook:
            CsvExportPlugin(to=str(target)).export(gradebook)
        return target


def check_assignment(assignment: str) -> None:
    if assignment not in ASSIGNMENTS:
        raise CourseError(f"no assignment is called {assignment!r}; there are {', '.join(ASSIGNMENTS)}")


def find_notebooks(folder: Path, assignment: str) -> Iterator[tuple[str, Path]]:
    """``(student, notebook)`` for each layout that :meth:`Course.collect` understands."""
    for entry in sorted(folder.iterdir()):
        if entry.suffix == ".ipynb":
            yield entry.stem, entry
        elif entry.is_dir() and not entry.name.startswith("."):
            own = entry / assignment / f"{assignment}.ipynb"
            notebooks = [own] if own.exists() else sorted(entry.glob("*.ipynb"))
            if len(notebooks) > 1:
                raise CourseError(f"{entry} holds {len(notebooks)} notebooks; expected one")
            if notebooks:
                yield entry.name, notebooks[0]


def succeed(result: dict, what: str) -> None:
    """Raise ``CourseError`` with nbgrader's reason unless its step succeeded."""
    if not result["success"]:
        text = "\n".join(filter(None, (result.get("log"), result.get("error"))))
        reasons = re.findall(r"^\s*((?:[\w.]*Error|\[ERROR\])\b.*)$", text, re.MULTILINE)
        named = [reason for reason in reasons if not reason.startswith("[ERROR]")]
        raise CourseError(f"{what}: {(named or reasons or ['nbgrader gave no reason'])[-1]}")
