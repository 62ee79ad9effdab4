"""A course folder: release assignments, collect submissions, grade them, write feedback and grades."""

import hashlib
import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from sqlalchemy import create_engine
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from traitlets.config import Config, PyFileConfigLoader

from autograder.collect import collect, identities
from autograder.errors import CourseError, check_assignment
from autograder.exercises import ASSIGNMENTS
from autograder.export import Roster, nbgrader_csv, to_send, write_text
from autograder.feedback import write_all
from autograder.gradebook import Writer
from autograder.gradescope import write_zip
from autograder.lms import canvas_csv, moodle_csv, moodle_import
from autograder.master import Master
from autograder.pipeline import Job, grade_all
from autograder.preprocessor import GradeNotebook, course_secret
from autograder.records import read_record, read_records, write_record
from autograder.release import source_notebook, write_source
from autograder.standing import Standing, standings
from autograder.submission import Graded, Setup, steps_of, with_outputs_of


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
        self.config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(self.root)).load_config())
        self.config.CourseDirectory.root = str(self.root)
        secret_file = self.config.GradeNotebook.get("secret_file", "course_secret")
        self.config.GradeNotebook.secret_file = str(self.root / secret_file)
        if db_url:
            self.config.CourseDirectory.db_url = db_url
        self.coursedir = CourseDirectory(config=self.config)
        self.db_url = self.coursedir.db_url

    @cached_property
    def api(self):
        from nbgrader.apps import NbGraderAPI  # takes seconds

        return NbGraderAPI(config=self.config)

    def reach_gradebook(self) -> None:
        """Raise ``CourseError`` in a line, without the password, where there is no way to the gradebook."""
        if self.db_url.startswith("sqlite:"):
            return  # a file, made when it is first needed
        try:
            engine = create_engine(self.db_url)
            with engine.connect():
                pass
            engine.dispose()
        except (SQLAlchemyError, ImportError) as error:
            address = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", self.db_url)
            reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise CourseError(f"the gradebook at {address} cannot be reached: {reason}") from None

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

    def setup(self, assignment: str) -> Setup:
        """All that grading an assignment needs besides the submissions."""
        with Gradebook(self.db_url) as gradebook:
            master = Master.read(gradebook, assignment)
        options = GradeNotebook(config=self.config)
        release = self.root / "exercises" / assignment / f"{assignment}.ipynb"
        return Setup(
            master,
            release.read_text(encoding="utf-8"),
            self.db_url,
            course_secret(Path(options.secret_file)),
            options.limits(),
            options.book_url,
            *steps_of(self.config),
            self.config,
        )

    def submitted(self, assignment: str, student: str) -> Path:
        return self.root / "submitted" / student / assignment / f"{assignment}.ipynb"

    def graded(self, assignment: str, student: str) -> Path:
        return self.root / "autograded" / student / assignment / f"{assignment}.ipynb"

    def is_up_to_date(self, setup: Setup, student: str) -> bool:
        """Whether what was handed in last has been graded by this very grader, and all of it written down."""
        record = read_record(self.root, setup.master.assignment, student)
        notebook = self.submitted(setup.master.assignment, student)
        return (
            record is not None
            and record.get("grader") == setup.fingerprint
            and self.graded(setup.master.assignment, student).exists()
            and record["digest"] == hashlib.sha256(notebook.read_bytes()).hexdigest()
        )

    def grade(
        self, setup: Setup, students: list[str], workers: int = 1, only: set[str] | None = None, way=grade_all
    ) -> Iterator[tuple[str, Graded | Exception]]:
        """Grade submissions and enter each into the gradebook; yields ``(student, result)`` as they are done.

        ``only``: functions whose grade is entered, all where None. ``way``: the function that grades them, such as
        :func:`autograder.pipeline.grade_all`. When this ends early, what it has yielded is written down whole.
        """
        jobs = [Job(student, self.submitted(setup.master.assignment, student)) for student in students]
        results = way(setup, jobs, workers)
        with Writer(self.db_url, self.coursedir.course_id, self.config) as writer:
            for job, result in results:
                if isinstance(result, Graded):
                    self._keep(writer, setup, result, only)
                yield job.student, result

    def _keep(self, writer: Writer, setup: Setup, result: Graded, only: set[str] | None) -> None:
        """Write a result down: gradebook, graded notebook, and last the record, by which it counts as done."""
        assignment = setup.master.assignment
        record = {**result.record, "grader": setup.fingerprint}
        if only is not None:
            result, record = self._only(only, setup, result)
        source = self.submitted(assignment, result.student).parent
        writer.write(result, self.coursedir.get_existing_timestamp(str(source)), only)
        target = self.graded(assignment, result.student)
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in find_all_files(str(source), [*self.coursedir.ignore, "*.ipynb"]):
            copy = target.parent / Path(path).relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        unfinished = target.with_suffix(".unfinished")
        unfinished.write_text(result.notebook, encoding="utf-8")
        unfinished.chmod(0o444)  # as nbgrader leaves it
        os.replace(unfinished, target)
        write_record(self.root, record)

    def _only(self, only: set[str], setup: Setup, result: Graded) -> tuple[Graded, dict]:
        """A result in which all but some exercises stand as they stood; it does not count as up to date."""
        assignment = setup.master.assignment
        old = read_record(self.root, assignment, result.student) or {}
        new = {exercise.id: exercise.function in only for exercise in setup.exercises}
        found = {id: result.record["exercises"][id] for id in new if new[id] and id in result.record["exercises"]}
        exercises = {**old.get("exercises", {}), **found}
        score = sum(exercise["score"] for exercise in exercises.values())
        record = {**result.record, **old, "exercises": exercises, "score": score, "grader": ""}
        before = self.graded(assignment, result.student)
        if before.exists():
            notebook = with_outputs_of(result.notebook, before.read_text(encoding="utf-8"), set(result.scores) - only)
            result = replace(result, notebook=notebook)
        return result, record

    def lacks_feedback(self, assignment: str, student: str) -> bool:
        """Whether a graded submission has no page yet, or one that is older than its grade."""
        page = self.root / "feedback" / student / assignment / f"{assignment}.html"
        graded = self.graded(assignment, student)
        return graded.exists() and not (page.exists() and page.stat().st_mtime >= graded.stat().st_mtime)

    def feedback(self, assignment: str, students: Iterable[str] = (), workers: int = 1) -> Iterator[tuple[str, str]]:
        """Write feedback of the named students, or of all that have been graded; yields them as they are done.

        With each comes what went wrong, or nothing. Raises ``CourseError`` for one that was not graded.
        """
        check_assignment(assignment)
        graded = [student for student in self.scores(assignment) if self.graded(assignment, student).exists()]
        if not graded:
            raise CourseError(f"nothing of {assignment} has been graded yet")
        if missing := [student for student in students if student not in graded]:
            raise CourseError(f"{missing[0]} has no graded {assignment}; there are {', '.join(graded)}")
        students = list(students) or graded
        for student, error in write_all(self.coursedir, self.config, assignment, students, workers):
            yield student, f"{student} got no feedback: {error}" if error else ""

    def gradescope(self, assignment: str, target: Path, visibility: str) -> Path:
        """Write a Gradescope autograder of the assignment: see :mod:`autograder.gradescope`."""
        check_assignment(assignment)
        if not self.is_released(assignment):
            self.release(assignment)
        return write_zip(self.setup(assignment), self.root / "nbgrader_config.py", Path(target), visibility)

    def audit(self, assignment: str, target: Path) -> Path:
        """Write the audit of an assignment as an HTML page: see :mod:`autograder.audit`."""
        from autograder.audit import answers_of, audit, matrices
        from autograder.audit_page import render  # matplotlib takes a second to import

        table = self.standings(assignment)
        exercises = ASSIGNMENTS[assignment]
        source = source_notebook(self.root / "solutions" / assignment / f"{assignment}.md", exercises)
        solutions = answers_of(source, [exercise.function for exercise in exercises])
        secret = course_secret(Path(GradeNotebook(config=self.config).secret_file))
        records = read_records(self.root, assignment)
        write_text(
            Path(target), render(audit(self.root, assignment, table, records, solutions, matrices(exercises, secret)))
        )
        return Path(target)

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
