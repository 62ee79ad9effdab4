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
from nbgrader.plugins import CsvExportPlugin
from nbgrader.utils import find_all_files
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.errors import CourseError, check_assignment
from autograder.exercises import ASSIGNMENTS
from autograder.feedback import write_all
from autograder.gradebook import Writer
from autograder.master import Master
from autograder.pipeline import Job, grade_all
from autograder.preprocessor import GradeNotebook, course_secret
from autograder.records import read_record, write_record
from autograder.release import write_source
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
