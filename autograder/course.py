"""A course folder: release assignments, collect submissions, grade them, write feedback and grades."""

import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.errors import CourseError, check_assignment
from autograder.exercises import ASSIGNMENTS
from autograder.release import write_source


class Course:
    """nbgrader's own steps on the course folder ``root``, configured by its ``nbgrader_config.py``.

    ``db_url``: the gradebook, in place of what the configuration says.
    """

    def __init__(self, root: Path, db_url: str | None = None):
        self.root = Path(root).resolve()
        if not (self.root / "nbgrader_config.py").exists():
            raise CourseError(f"{self.root} is no course folder: it has no nbgrader_config.py")
        # nbgrader adds objects to its sessions late; harmless, and several lines for each submission
        warnings.filterwarnings("ignore", message="Object of type <.*> not in session", category=SAWarning)
        # nbgrader runs `alembic` by name, which an environment that was not activated does not have on its path
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(self.root)).load_config())
        config.CourseDirectory.root = str(self.root)
        if db_url:
            config.CourseDirectory.db_url = db_url
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

    def collect(self, folder: Path, assignment: str) -> tuple[list[str], list[str]]:
        """Copy the notebooks of ``folder`` to ``submitted/STUDENT/ASSIGNMENT``.

        Understood: ``STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb`` (nbgrader's own), ``STUDENT/ASSIGNMENT.ipynb``,
        ``STUDENT/ANY.ipynb`` (one notebook a student), and ``STUDENT.ipynb``. Returns the students, and a
        line about each entry that was not understood. Raises ``CourseError`` where nothing was.
        """
        check_assignment(assignment)
        folder = Path(folder).resolve()
        if not folder.is_dir():
            raise CourseError(f"there is no folder {folder}")
        found: dict[str, list[Path]] = {}
        problems = []
        for entry in sorted(folder.iterdir()):
            try:
                if notebook := find_notebook(entry, assignment):
                    found.setdefault(student_id(entry), []).append(notebook)
            except CourseError as error:
                problems.append(str(error))
        students = []
        for student, notebooks in found.items():
            if len(notebooks) > 1:
                problems.append(f"{student} handed in {len(notebooks)} notebooks: {', '.join(map(str, notebooks))}")
                continue
            target = self.root / "submitted" / student / assignment / f"{assignment}.ipynb"
            if notebooks[0].resolve() != target:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(notebooks[0], target)
            students.append(student)
        if not students:
            raise CourseError("; ".join([f"{folder} holds no notebook that can be graded", *problems]))
        return students, problems

    def grade(self, assignment: str, student: str) -> None:
        """Autograde one submission and write its feedback. Raises ``CourseError`` with nbgrader's words."""
        succeed(self.api.autograde(assignment, student, force=True, create=True), f"{student} was not graded")
        succeed(self.api.generate_feedback(assignment, student, force=True), f"{student} got no feedback")

    def feedback(self, assignment: str, students: Iterable[str] = ()) -> Iterator[tuple[str, Path]]:
        """Write feedback again for the students named, or all that are graded; yields each with its page.

        Raises ``CourseError`` for a student whose submission is not graded.
        """
        check_assignment(assignment)
        graded = sorted(path.parent.name for path in (self.root / "autograded").glob(f"*/{assignment}"))
        if not graded:
            raise CourseError(f"no submission of {assignment} is graded yet")
        if unknown := [student for student in students if student not in graded]:
            raise CourseError(f"{unknown[0]!r} has no graded submission of {assignment}; {len(graded)} others have")
        for student in students or graded:
            succeed(self.api.generate_feedback(assignment, student, force=True), f"{student} got no feedback")
            yield student, self.root / "feedback" / student / assignment / f"{assignment}.html"

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


def student_id(entry: Path) -> str:
    """The student's name from a file's or folder's; raises ``CourseError`` for one that cannot be used as a path.

    >>> student_id(Path("downloads/Zoë O'Hara.ipynb"))
    "Zoë O'Hara"
    """
    name = entry.stem if entry.suffix.lower() == ".ipynb" else entry.name
    if name != name.strip() or re.search(r"[*?\[\]{}+\\]", name):
        raise CourseError(
            f"{entry.name!r} cannot be a student's name: rename it without any of *?[]{{}}+\\ and outer spaces"
        )
    return name


def find_notebook(entry: Path, assignment: str) -> Path | None:
    """The notebook that an entry of a folder holds, None for what is plainly something else."""
    if entry.name.startswith("."):
        return None
    if entry.is_dir():
        for own in (entry / assignment / f"{assignment}.ipynb", entry / f"{assignment}.ipynb"):
            if own.is_file():
                return own
        notebooks = sorted(path for path in entry.glob("*.ipynb") if path.is_file())
        if len(notebooks) != 1:
            raise CourseError(f"{entry.name}/ holds {len(notebooks)} notebooks; expected one, or {assignment}.ipynb")
        return notebooks[0]
    if entry.suffix.lower() != ".ipynb":
        return None
    if not entry.is_file():
        raise CourseError(f"{entry.name} cannot be read: it leads nowhere")
    return entry


def succeed(result: dict, what: str) -> None:
    """Raise ``CourseError`` with nbgrader's reason unless its step succeeded."""
    if not result["success"]:
        text = "\n".join(filter(None, (result.get("log"), result.get("error"))))
        reasons = re.findall(r"^\s*((?:[\w.]*Error|\[ERROR\])\b.*)$", text, re.MULTILINE)
        named = [reason for reason in reasons if not reason.startswith("[ERROR]")]
        raise CourseError(f"{what}: {(named or reasons or ['nbgrader gave no reason'])[-1]}")
