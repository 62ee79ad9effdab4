"""The one writer of a course's gradebook, through nbgrader's own interface."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from autograder.submission import Graded


class Writer:
    """Writes graded submissions, each whole or not at all; a context manager."""

    def __init__(self, db_url: str, course_id: str, config: Config):
        self.gradebook = Gradebook(db_url, course_id)
        self._late = AssignLatePenalties(config=config)
        self._late.init_plugin()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *exception) -> None:
        self.gradebook.close()

    def write(self, graded: Graded, submitted: datetime | None = None, only: set[str] | None = None) -> None:
        """Enter scores and comments as nbgrader's ``SaveAutoGrades`` does; what a person entered stays.

        ``submitted``: when it was handed in. ``only``: the graded cells to enter, all where None.
        """
        assignment = graded.record["assignment"]
        with self._at_once():
            self.gradebook.update_or_create_student(graded.student)
            times = {"timestamp": submitted} if submitted else {}
            submission = self.gradebook.update_or_create_submission(assignment, graded.student, **times)
            notebook = next(notebook for notebook in submission.notebooks if notebook.name == assignment)
            for grade in notebook.grades:
                if only is not None and grade.name not in only:
                    continue
                grade.auto_score = graded.scores.get(grade.name, 0.0)
                grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
            for comment in notebook.comments:
                comment.auto_comment = graded.comments.get(comment.name)
            self.gradebook.db.flush()
            self._penalise(submission, notebook, graded.student)

    def _penalise(self, submission, notebook, student: str) -> None:
        """As nbgrader's ``AssignLatePenalties`` does, by the same rule of the course."""
        notebook.late_submission_penalty = None
        if submission.total_seconds_late > 0:
            rule: LateSubmissionPlugin = self._late.plugin_inst
            penalty = rule.late_submission_penalty(student, notebook.score, submission.total_seconds_late)
            if penalty is not None:
                notebook.late_submission_penalty = self._late._check_late_penalty(notebook, penalty)

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """One transaction, in which nbgrader's own commits only flush."""
        session = self.gradebook.db
        session.commit = session.flush
        try:
            yield
        except BaseException:
            del session.commit
            session.rollback()
            raise
        del session.commit
        session.commit()
