"""A course folder: release assignments, collect submissions, grade them, write feedback and grades."""

import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.collect import collect, identities
from autograder.errors import CourseError, check_assignment
from autograder.exercises import ASSIGNMENTS
from autograder.export import Roster, nbgrader_csv, to_send, write_text
from autograder.lms import canvas_csv, moodle_csv, moodle_import
from autograder.release import write_source
from autograder.standing import Standing, standings


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
        """Copy the notebooks of ``folder`` to ``submitted/STUDENT/ASSIGNMENT``: see :mod:`autograder.collect`."""
        return collect(folder, assignment, self.root)

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

    def standings(self, assignment: str) -> list[Standing]:
        """Where each student stands; raises ``CourseError`` for an assignment that was not released."""
        check_assignment(assignment)
        try:
            return standings(self.root, self.db_url, assignment)
        except MissingEntry:
            raise CourseError(f"{assignment} is not in the gradebook: nothing of it was released or graded") from None

    def export(self) -> Path:
        """Write every grade to ``grades.csv`` in nbgrader's columns, with points so far where a human must grade."""
        with Gradebook(self.db_url) as gradebook:
            due = {entry.name: str(entry.duedate or "") for entry in gradebook.assignments}
        tables = {name: (due[name], self.standings(name)) for name in due if name in ASSIGNMENTS}
        write_text(self.root / "grades.csv", nbgrader_csv(tables, include_waiting=True)[0])
        return self.root / "grades.csv"

    def export_to(
        self,
        target: Path,
        assignment: str,
        form: str,
        roster: Path | None = None,
        column: str | None = None,
        include_waiting: bool = False,
    ) -> tuple[int, list[str]]:
        """Write the grades of one assignment for ``form``: nbgrader, canvas or moodle.

        Returns how many scores are in the file, and a line about everybody who has none.
        """
        table = self.standings(assignment)
        sent, said = to_send(table, include_waiting)
        known = identities(self.root, assignment)
        if form == "nbgrader":
            with Gradebook(self.db_url) as gradebook:
                due = str(gradebook.find_assignment(assignment).duedate or "")
            text, count, lost = nbgrader_csv({assignment: (due, table)}, include_waiting)[0], len(sent), []
        elif form == "canvas":
            if roster is None:
                raise CourseError("Canvas needs its own rows: export the gradebook there and name it with --roster")
            text, count, lost = canvas_csv(Roster.read(roster), assignment, sent, known, column)
        elif roster is not None:
            text, count, lost = moodle_csv(Roster.read(roster), assignment, sent, known)
        else:
            text, count, lost = moodle_import(assignment, sent, known)
        write_text(Path(target), text)
        return count, said + lost


def succeed(result: dict, what: str) -> None:
    """Raise ``CourseError`` with nbgrader's reason unless its step succeeded."""
    if not result["success"]:
        text = "\n".join(filter(None, (result.get("log"), result.get("error"))))
        reasons = re.findall(r"^\s*((?:[\w.]*Error|\[ERROR\])\b.*)$", text, re.MULTILINE)
        named = [reason for reason in reasons if not reason.startswith("[ERROR]")]
        raise CourseError(f"{what}: {(named or reasons or ['nbgrader gave no reason'])[-1]}")
