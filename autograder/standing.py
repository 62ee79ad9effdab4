"""Where each student stands in an assignment: what the gradebook says, and whether it is of what was handed in."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import BaseCell, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook

from autograder.exercises import ASSIGNMENTS
from autograder.records import read_records

GRADED, WAITING, UNGRADED, NOTHING = "graded", "waiting", "not graded", "nothing handed in"


@dataclass(frozen=True)
class Standing:
    """One student's place in the gradebook.

    ``state``: graded; waiting for a human to grade or look at something; not graded, where ``score`` is None, for
    the gradebook has none or one of another notebook; nothing handed in. ``score``: after a late penalty.
    """

    student: str
    state: str
    max_score: float
    score: float | None = None
    raw_score: float | None = None
    penalty: float | None = None
    timestamp: str = ""
    last_name: str = ""
    first_name: str = ""
    email: str = ""


def standings(root: Path, db_url: str, assignment: str) -> list[Standing]:
    """Every student of the gradebook or with a submission, by name. Raises ``MissingEntry`` for no such assignment."""
    records = read_records(root, assignment)
    files = {path.parent.parent.name: path for path in root.glob(f"submitted/*/{assignment}/{assignment}.ipynb")}
    with Gradebook(db_url) as gradebook:
        entry = gradebook.find_assignment(assignment)
        max_score = entry.max_score
        submissions = {submission.student_id: submission for submission in gradebook.assignment_submissions(assignment)}
        unscored = without_score(gradebook, assignment)
        students = {student.id: student for student in gradebook.students}
        result = []
        for name in sorted({*students, *files}):
            student, submission = students.get(name), submissions.get(name)
            known = {}
            if student is not None:
                known = {key: getattr(student, key) or "" for key in ("last_name", "first_name", "email")}
            if submission is None:
                result.append(Standing(name, UNGRADED if name in files else NOTHING, max_score, **known))
                continue
            known["timestamp"] = str(submission.timestamp or "")
            if name in unscored or not is_of_this_notebook(root, assignment, name, files.get(name), records.get(name)):
                result.append(Standing(name, UNGRADED, max_score, **known))
                continue
            state = WAITING if submission.needs_manual_grade else GRADED
            penalty = submission.late_submission_penalty or 0.0
            score = max(0.0, submission.score - penalty)
            result.append(Standing(name, state, max_score, score, submission.score, penalty, **known))
    return result


def without_score(gradebook: Gradebook, assignment: str) -> set[str]:
    """Students with a submission in which an exercise has neither a score of the grader nor one by hand."""
    exercises = [exercise.function for exercise in ASSIGNMENTS[assignment]]
    rows = (
        gradebook.db.query(SubmittedAssignment.student_id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .filter(SubmittedAssignment.assignment_id == gradebook.find_assignment(assignment).id)
        .filter(BaseCell.name.in_(exercises), Grade.auto_score.is_(None), Grade.manual_score.is_(None))
        .distinct()
    )
    return {student for (student,) in rows}


def is_of_this_notebook(root: Path, assignment: str, student: str, file: Path | None, record: dict | None) -> bool:
    """Whether the gradebook's score is of the notebook that lies in ``submitted/``, as far as can be told."""
    if file is None:
        return True  # graded by other means, or the submission was put away
    if not (root / "autograded" / student / assignment / file.name).is_file():
        return False  # nbgrader removes it when grading fails
    return record is None or record["digest"] == hashlib.sha256(file.read_bytes()).hexdigest()
