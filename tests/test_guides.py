"""What the guides print is what comes out: their commands, the worked exercise, messages, the lectures' sections."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import test_exercises
from instructors import ENVIRONMENT, autograder, hand_in, new_course
from nbgrader.api import Gradebook
from PIL import Image
from submissions import ASSIGNMENT, ROOT, solved

import convbook.explorables
from autograder import check
from autograder.exercises import EXERCISES
from autograder.killmatrix import kill_rows
from convbook.syllabus import LECTURES, read_sections

BOOK = ROOT / "book"
EXAMPLES = BOOK / "examples"
STUDENTS = (BOOK / "students.md").read_text()


def console(page: str) -> list[tuple[str, str]]:
    """The commands of a page's console blocks with what they print, in their order."""
    steps = []
    for block in re.findall(r"^ *```console\n(.*?)^ *```$", (BOOK / page).read_text(), re.DOTALL | re.MULTILINE):
        indent = re.match(r" *", block)[0]
        for step in re.split(rf"^{indent}\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = step.partition("\n")
            steps.append((command, "\n".join(line.removeprefix(indent) for line in printed.splitlines())))
    return steps


def as_pattern(printed: str) -> str:
    """What is printed as a regular expression, in which ``...`` is anything."""
    return re.escape(timeless(printed)).replace(r"\.\.\.", ".*")


def timeless(printed: str) -> str:
    return re.sub(r"[\d.]+ a second", "N a second", printed)


@pytest.mark.parametrize("page", ["instructors.md", "writing-exercises.md"])
def test_commands_print_what_the_page_says(page, tmp_path):
    """In a copy of the repository, in the page's order."""
    for name in ("autograder", "book", "exercises", "solutions"):
        ignore = shutil.ignore_patterns("__pycache__", "solutions/*/*.ipynb", "_static", "_vendor", "experiments")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "bin").mkdir()
    for name, command in {"autograder": f"{sys.executable} -m autograder", "python": sys.executable}.items():
        script = tmp_path / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), ENVIRONMENT["PATH"]])
    environment = {**ENVIRONMENT, "PATH": path, "PYTHONPATH": str(tmp_path)}
    steps = console(page)
    assert len(steps) >= 8
    for command, printed in steps:
        result = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200
        )
        told = [line for line in result.stderr.splitlines() if line.startswith(("problem", "note", "Error", "WARNING"))]
        got = "\n".join([*result.stdout.splitlines(), *told]).replace(f"{tmp_path}/", "")
        assert re.fullmatch(as_pattern(printed), timeless(got), re.DOTALL), (
            f"$ {command}\n{got}\n{result.stderr[-2000:]}"
        )


@pytest.fixture(scope="module")
def worked():
    """The exercise of the guide, known to the grader while these tests run."""
    sys.path.insert(0, str(EXAMPLES))
    import hw8

    exercise = EXERCISES[hw8.UPSAMPLE_NEAREST.id] = hw8.UPSAMPLE_NEAREST
    test_exercises.RECORDED[exercise.id] = kill_rows(exercise)  # as `make kills` does for those of the course
    yield exercise
    del EXERCISES[exercise.id], test_exercises.RECORDED[exercise.id]
    sys.path.remove(str(EXAMPLES))


def arguments(test) -> tuple[str, ...]:
    return test.__code__.co_varnames[: test.__code__.co_argcount]


def demands() -> list[str]:
    """The tests that hold every exercise to account."""
    tests = vars(test_exercises).items()
    return [name for name, test in tests if name.startswith("test_") and "exercise" in arguments(test)]


@pytest.mark.parametrize("demand", demands())
def test_the_worked_exercise_is_held_to_account(worked, demand):
    test = getattr(test_exercises, demand)
    test(worked, *test_exercises.SECRETS[:1] if "secret" in arguments(test) else ())


def test_a_day_late_costs_a_tenth(tmp_path, monkeypatch):
    """With the plugin of the instructors' guide, from nbgrader's exchange."""
    monkeypatch.setenv("PATH", ENVIRONMENT["PATH"])  # nbgrader runs alembic by name
    course = new_course(tmp_path)
    shutil.copy(EXAMPLES / "late_days.py", course)
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text() + (EXAMPLES / "late_days_config.py").read_text())
    for student, when in {"ann": "20 11:00:00", "ben": "21 14:00:00"}.items():
        folder = course / "inbound" / f"{student}+{ASSIGNMENT}+2026-11-{when} UTC"
        folder.mkdir(parents=True)
        nbformat.write(solved(), folder / f"{ASSIGNMENT}.ipynb")
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate="2026-11-20 12:00 UTC")
    result = autograder("grade", ASSIGNMENT, "inbound", "--no-feedback", cwd=course)
    assert result.returncode == 0, result.stderr
    with open(course / "grades.csv", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert [float(rows[name]["late_submission_penalty"]) for name in ("ann", "ben")] == pytest.approx([0, 0.2 * 94])
    assert float(rows["ben"]["score"]) == pytest.approx(0.8 * 94)


def symptoms() -> list[str]:
    """The messages of the students' table."""
    table = STUDENTS[STUDENTS.index("| what you see") :]
    return [
        message for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for message in re.findall("`(.+?)`", row)
    ]


def stub(n, k, s=1, p=0, d=1):
    raise NotImplementedError("write this function")


def in_place(x):
    x -= x.mean()


PROVOKED = {
    "raises NotImplementedError: not written yet?": ("hw2.out_size", stub),
    "the function returned None (no return?)": ("hw2.global_avg_pool", lambda x: None),
    "the result is a float, 28.0; expected an int": ("hw2.out_size", lambda n, k, s=1, p=0, d=1: (n - k) / s + 1),
    "the function returned an array, expected a tuple of two, (out, cache)": (
        "hw2.conv_forward_naive",
        lambda x, w, b, conv_param: np.zeros(1),
    ),
    "takes 2 positional arguments but 3 were given": ("hw2.out_size", lambda n, k: n - k + 1),
    "Cannot cast ufunc 'subtract' output from dtype('float64') to dtype('int64')": ("hw2.global_avg_pool", in_place),
    "the function raised NameError: name 'AXES' is not defined": (
        "hw2.global_avg_pool",
        lambda x: x.mean(axis=AXES),  # noqa: F821
    ),
}


@pytest.mark.parametrize("message", PROVOKED)
def test_a_mistake_gives_the_message_of_the_table(message, capsys):
    assert message in symptoms()
    check(*PROVOKED[message])
    assert message in capsys.readouterr().out


def test_an_exercise_that_there_is_not():
    with pytest.raises(ValueError, match="no exercise is called 'hw2.outsize'"):
        check("hw2.outsize", len)
    assert "no exercise is called 'hw2.outsize'" in symptoms()


def test_messages_of_the_graded_notebook(tmp_path):
    """What only grading says: an import that is not there, a cell that failed."""
    broken = "def global_avg_pool(x):\n    return x.mean(axis=(2, 3)))"
    notebook = solved(global_avg_pool=broken)
    notebook.cells.insert(1, nbformat.v4.new_code_cell("import torch"))
    folder = hand_in(tmp_path / "in", {"ann": nbformat.writes(notebook)})
    result = autograder("grade", ASSIGNMENT, folder, "--no-feedback", cwd=new_course(tmp_path))
    assert result.returncode == 0, result.stderr
    graded = (tmp_path / "autograded" / "ann" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text()
    for message in (
        "torch is not available while this exercise is graded: NumPy is all it needs",
        "there is no function called global_avg_pool; did its cell fail?",
    ):
        assert message in symptoms() and message in graded


def test_sections_of_lectures_are_there():
    sections = read_sections(BOOK, tuple(convbook.explorables.__all__))
    assert {label for labels in LECTURES.values() for label in labels} <= sections.keys()
    shown = {name for section in sections.values() for name in section.explorables}
    assert shown == set(convbook.explorables.__all__) - {"Cover"}
    labels = [label for section in sections.values() for label in section.labels]
    assert len(labels) == len(set(labels))
    assert [exercise.id for exercise in EXERCISES.values() if exercise.anchor not in labels] == []
    for section in sections.values():
        assert section.words > 20 and f"## {section.title}\n" in (BOOK / f"{section.chapter}.md").read_text()


@pytest.mark.parametrize("path", sorted((BOOK / "_static" / "screens").iterdir()), ids=lambda path: path.name)
def test_a_picture_of_a_screen_is_sharp_and_small(path: Path):
    assert path.stat().st_size <= 80_000
    assert Image.open(path).width >= 1800  # twice what a page is wide
    pages = [page.read_text() for page in BOOK.glob("*.md")]
    assert any(f"_static/screens/{path.name}" in page for page in pages), "no page shows it"
