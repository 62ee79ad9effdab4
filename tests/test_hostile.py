"""Hostile and broken submissions through the command, beside honest ones, whose scores must not change."""

import csv
import html
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

import nbformat
import numpy as np
import pytest
from hostile import ANSWERS, ARRAYS, CELLS, SECONDS, broken, notebooks, unreadable
from processes import left_of, run_watched
from submissions import ASSIGNMENT, ROOT, released, solved

from autograder.exercises import ASSIGNMENTS

POINTS = sum(exercise.points for exercise in ASSIGNMENTS[ASSIGNMENT])
HONEST = {"aaa honest": POINTS, "mmm honest": POINTS, "zzz honest": POINTS, "mmm stub": 0}
SETTINGS = f"""
c.GradeNotebook.cell_timeout = {SECONDS}
c.GradeNotebook.case_timeout = 4
c.GradeNotebook.memory = 2**29
"""


@pytest.fixture(scope="module")
def listener():
    """A port of this machine, and all that reaches it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard = []

        def listen():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                heard.append(connection.recv(100))

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], heard


@pytest.fixture(scope="module")
def graded(tmp_path_factory, listener):
    root, folder = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("downloads")
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text() + SETTINGS)
    shutil.copytree(ROOT / "solutions", root / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    places = {
        "course": str(root),
        "root": str(root),
        "gradebook": str(root / "gradebook.db"),
        "secret": str(root / "course_secret"),
        "neighbour": str(root / "submitted" / "aaa honest" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"),
        "port": listener[0],
    }
    for name, text in {**notebooks(places), **broken()}.items():
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8", newline="")
    for name, (data, _) in unreadable().items():
        (folder / f"{name}.ipynb").write_bytes(data)
    for name, points in HONEST.items():
        (folder / f"{name}.ipynb").write_text(nbformat.writes(solved() if points else released()))
    (folder / "wrong file name.txt").write_text("I hand in a text")
    (folder / "no notebook").mkdir()
    environment = {**os.environ, "COURSE_SECRET_OF_THIS_TEST": "a secret of the grader"}
    command = [sys.executable, "-m", "autograder", "grade", ASSIGNMENT, str(folder), "--workers", "2"]
    result, started = run_watched(command, 500, cwd=root, env=environment)
    assert "Traceback" not in result.stderr, result.stderr[-3000:]
    with open(root / "grades.csv", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    return root, scores, result, started


def feedback(root, student) -> str:
    page = (root / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def test_honest_neighbours_keep_their_scores(graded):
    _, scores, *_ = graded
    assert {name: scores[name] for name in HONEST} == pytest.approx(HONEST)


@pytest.mark.parametrize("name", CELLS)
def test_a_hostile_cell_gains_and_costs_nothing(graded, name):
    root, scores, *_ = graded
    assert scores[name] == pytest.approx(POINTS)
    page = feedback(root, name)
    assert CELLS[name][1] in page
    assert "a secret of the grader" not in page
    assert (root / "course_secret").read_text().strip() not in page


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hostile_answer_gets_what_it_deserves(graded, name):
    root, scores, *_ = graded
    _, points, words = ANSWERS[name]
    if points is None:  # whichever, it is defined
        assert scores[name] in (POINTS, POINTS - 5)
    elif "builtins" in name:  # the other answers run on what it has patched
        assert scores[name] <= POINTS - 5
    else:
        assert scores[name] == pytest.approx(POINTS - 5 + points)
    assert words in feedback(root, name)


def test_hidden_cases_cannot_be_carried_out():
    """A student's code can answer in the place of our probes: what it says of a hidden case is not repeated."""
    from autograder.compare import compare

    for want in ({"value": 1}, {"value": np.ones((2, 2))}):
        for got in (
            {"missing": "CARRIED"},
            {"value": want["value"], "changed inputs": [7, 0, 7]},
            {"value": np.ones((1,) * 29), "changed inputs": []},
            {"error": (["CARRIED"], "CARRIED")},
        ):
            hinted = compare(want, got).hinted
            assert not re.search(r"CARRIED|29|7|8", hinted), hinted


@pytest.mark.parametrize("name", ARRAYS)
def test_odd_arrays(graded, name):
    _, scores, *_ = graded
    assert scores[name] == pytest.approx(POINTS - 4 + ARRAYS[name][1])


@pytest.mark.parametrize("name", list(broken()))
def test_what_happens_to_notebooks_costs_nothing(graded, name):
    _, scores, *_ = graded
    assert scores[name] == pytest.approx(POINTS)


@pytest.mark.parametrize("name", unreadable())
def test_what_is_no_notebook_gets_zero_and_a_reason(graded, name):
    root, scores, result, _ = graded
    assert scores[name] == pytest.approx(0)
    reason = unreadable()[name][1]
    assert f"Your file could not be graded: {reason}" in feedback(root, name)
    assert f"problem: {name}'s notebook cannot be read: {reason}" in result.stderr


def test_what_was_not_handed_in_is_told(graded):
    _, _, result, _ = graded
    assert "no notebook" in result.stderr
    assert result.returncode == 1


def test_nothing_got_out_and_nothing_is_left(graded, listener):
    root, scores, _, started = graded
    assert listener[1] == []
    assert any("/convbook/worker.py" in command for _, command in started), "what is looked for is seen"
    assert left_of(started) == []
    assert "54321" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert sorted(path.name for path in root.iterdir()) == [
        "autograded",
        "course_secret",
        "exercises",
        "feedback",
        "gradebook.db",
        "grades.csv",
        "nbgrader_config.py",
        "records",
        "solutions",
        "submitted",
    ]
    assert len(scores) == len(CELLS) + len(ANSWERS) + len(ARRAYS) + len(broken()) + len(unreadable()) + len(HONEST)


def test_every_submission_has_its_record(graded):
    root, scores, *_ = graded
    for student, score in scores.items():
        record = json.loads((root / "records" / ASSIGNMENT / f"{student}.json").read_text())
        assert record["student"] == student and record["score"] == pytest.approx(score)
        assert record["memory"] < 2**32 and record["seconds"] < 400


def test_a_second_run_finds_all_of_it_done(graded):
    root, *_ = graded
    command = [sys.executable, "-m", "autograder", "grade", ASSIGNMENT]
    again = subprocess.run(command, cwd=root, capture_output=True, text=True, errors="replace", timeout=100)
    assert "0 graded" in again.stdout
