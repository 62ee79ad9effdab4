"""A run of the grader that is ended in the middle loses nothing, and the next one goes on where it stopped."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from processes import left_of, started_by
from submissions import ASSIGNMENT, ROOT, released, solved

STUDENTS = [f"student {number:02d}" for number in range(10)]


@pytest.fixture
def course(tmp_path):
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    (tmp_path / "in").mkdir()
    for number, student in enumerate(STUDENTS):
        nb = solved() if number % 2 else released()
        nb.cells.insert(1, new_code_cell("import time; time.sleep(0.3)"))
        nbformat.write(nb, tmp_path / "in" / f"{student}.ipynb")
    return tmp_path


def start(course, *options) -> subprocess.Popen:
    command = [sys.executable, "-m", "autograder", "grade", ASSIGNMENT, "in", "--workers", "2", "--json", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=course, start_new_session=True, preexec_fn=hear_ctrl_c, **pipes)


def hear_ctrl_c() -> None:
    """Shells start what they put into the background deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def rest(course, *options) -> tuple[list[str], dict]:
    """Let a run come to its end; the students that it graded, and its summary."""
    process = start(course, *options)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    *lines, summary = map(json.loads, out.splitlines())
    return [line["student"] for line in lines], summary["summary"]


def grades(course) -> dict[str, list[float]]:
    """Scores of all submissions that the gradebook holds, by student; opened as it lies there."""
    with sqlite3.connect(course / "gradebook.db") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        rows = database.execute(
            "select sa.student_id, count(distinct sa.id), sum(g.auto_score), sum(g.auto_score is null) "
            "from submitted_assignment sa join submitted_notebook sn on sn.assignment_id = sa.id "
            "join grade g on g.notebook_id = sn.id group by sa.student_id"
        ).fetchall()
    assert all(count == 1 for _, count, *_ in rows), "a submission stands twice in the gradebook"
    return {student: (score, waiting) for student, _, score, waiting in rows}


WHOLE = {student: (94.0, 1) if number % 2 else (0.0, 0) for number, student in enumerate(STUDENTS)}


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_killed_goes_on_where_it_stopped(course, end):
    process = start(course, "--no-feedback")
    done = [json.loads(process.stdout.readline())["student"] for _ in range(4)]
    started = started_by(process)
    assert sum("/convbook/worker.py" in command for _, command in started) >= 2, "a server of each worker"
    os.kill(process.pid, end)
    process.communicate(timeout=60)
    assert left_of(started) == []
    kept = grades(course)
    assert set(done) <= set(kept) and all(WHOLE[student] == grade for student, grade in kept.items())
    again, summary = rest(course)
    assert not set(again) & set(done)
    assert summary["up_to_date"] >= 4 and summary["graded"] + summary["up_to_date"] == len(STUDENTS)
    assert grades(course) == WHOLE
    for student in STUDENTS:
        assert (course / "autograded" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").exists()
        assert (course / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html").exists()
    assert rest(course)[0] == []


def test_ctrl_c_ends_in_words(course):
    process = start(course)
    for _ in range(3):
        process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group hears it
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "graded and written down; the same command goes on" in err and "Traceback" not in err
    assert len(grades(course)) >= 3
    rest(course, "--no-feedback")
    assert grades(course) == WHOLE


def test_what_is_handed_in_again_and_what_is_asked_for_is_graded_again(course):
    rest(course, "--no-feedback")
    nb = solved()
    nbformat.write(nb, course / "in" / f"{STUDENTS[0]}.ipynb")
    assert rest(course, "--no-feedback")[0] == [STUDENTS[0]]
    assert grades(course)[STUDENTS[0]] == (94.0, 1)
    assert sorted(rest(course, "--no-feedback", "--regrade")[0]) == STUDENTS


def test_one_exercise_is_regraded_alone(course):
    """Another answer to everything comes in; only the exercise that is asked for gets its new grade."""
    rest(course, "--no-feedback")
    nbformat.write(solved(), course / "in" / f"{STUDENTS[0]}.ipynb")
    rest(course, "--no-feedback", "--exercise", "out_size")
    assert grades(course)[STUDENTS[0]] == (8.0, 0)
    process = start(course, "--exercise", "no_such_exercise")
    assert "no exercise of hw2-conv2d is called 'no_such_exercise'; there are out_size," in process.communicate()[1]
