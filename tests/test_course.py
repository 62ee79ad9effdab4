"""Release and grading through real nbgrader, from the command line, in a course folder of its own."""

import csv
import doctest
import json
import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from markdown_it import MarkdownIt
from nbformat.v4 import new_code_cell
from submissions import ASSIGNMENT, ROOT, released, solution_answers, solved, source_as

from autograder.candidates import Note
from autograder.course import Course
from autograder.exercises import ASSIGNMENTS
from autograder.exercises.hw2 import conv_answers, pool
from autograder.release import source_notebook
from autograder.repair import grade_id
from autograder.submission import misplaced

ENVIRONMENT = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}
EVERY = pytest.mark.parametrize("assignment", ASSIGNMENTS)
EXERCISE_POINTS = sum(exercise.points for exercise in ASSIGNMENTS[ASSIGNMENT])


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder with nothing but the configuration and the solutions."""
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(ROOT / "solutions", root / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    return root


@pytest.fixture(scope="module")
def graded(course, tmp_path_factory):
    """Six submissions, graded by one command."""
    flipped = source_as(conv_answers.loops, "conv_forward_naive").replace(
        "window * w[f]", "window * w[f, :, ::-1, ::-1]"
    )
    from_zero = source_as(pool.pool_loops, "max_pool_forward_naive").replace("window.max()", "max(window.max(), 0)")
    crashes = solved()
    crashes.cells[1].source = "import a_module_that_is_not_there\n" + crashes.cells[1].source
    dies = solved()
    dies.cells.insert(1, new_code_cell("import os; os._exit(1)"))
    submissions = {
        "solution": solved(),
        "stub": released(),
        "flipped": solved(conv_forward_naive=flipped),
        "from zero": solved(max_pool_forward_naive=from_zero),
        "crashes": crashes,
        "dies": dies,
    }
    folder = tmp_path_factory.mktemp("downloads")
    for student, nb in submissions.items():
        nbformat.write(nb, folder / f"{student}.ipynb")
    result = run(sys.executable, "-m", "autograder", "grade", ASSIGNMENT, str(folder), cwd=course)
    assert result.returncode == 0, result.stdout + result.stderr
    with open(course / "grades.csv", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    return course, scores, result


def released_in(root, assignment):
    """The course, with the assignment released in this process where no command has released it."""
    course = Course(root)
    if not course.is_released(assignment):
        course.release(assignment)
    return course


def feedback(course, student):
    return (course / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()


def test_scores_in_the_gradebook(graded):
    course, scores, _ = graded
    expected = {
        "solution": EXERCISE_POINTS,
        "stub": 0,
        "flipped": EXERCISE_POINTS - 25,
        "from zero": EXERCISE_POINTS - 12,
        "dies": EXERCISE_POINTS,
    }
    assert {student: scores[student] for student in expected} == pytest.approx(expected)
    assert scores["crashes"] == pytest.approx(EXERCISE_POINTS)  # the import alone failed
    assert (course / "gradebook.db").exists()
    assert (course / "autograded" / "solution" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").exists()


def test_feedback_names_the_mistake_and_links_into_the_book(graded):
    course, _, _ = graded
    assert "This equals true convolution: your kernel is flipped." in feedback(course, "flipped")
    assert 'href="http://localhost:8000/book/02-conv2d.html#conv2d-flip"' in feedback(course, "flipped")
    assert "Your maximum starts at 0" in feedback(course, "from zero")
    assert "your kernel is flipped" not in feedback(course, "solution")
    assert "ModuleNotFoundError" in feedback(course, "crashes")
    assert "Python ended with exit status 1" in feedback(course, "dies")


def test_the_command_tells_scores_and_progress(graded):
    _, _, result = graded
    assert re.search(
        rf"^solution +{EXERCISE_POINTS}\.00 of 100  \+ written answer to grade$", result.stdout, re.MULTILINE
    )
    assert "6 graded" in result.stdout
    assert "6/6" in result.stderr
    assert "Warning" not in result.stderr


def test_the_secret_is_the_graders_alone(graded):
    course, _, _ = graded
    secret = course / "course_secret"
    assert secret.stat().st_mode & 0o077 == 0
    for path in course.rglob("*.ipynb"):
        assert secret.read_text().strip() not in path.read_text()


def test_grading_again_gives_the_same_and_manual_points_stay(graded):
    from nbgrader.api import Gradebook

    course, scores, _ = graded
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        written = gradebook.find_grade("shift_question", ASSIGNMENT, ASSIGNMENT, "flipped")
        written.manual_score = 4
        gradebook.db.commit()
    again = Course(course)
    assert [student for student, _ in again.grade(again.setup(ASSIGNMENT), ["flipped"])] == ["flipped"]
    assert again.scores(ASSIGNMENT)["flipped"][0] == pytest.approx(scores["flipped"] + 4)


def test_stock_nbgrader_command_works_in_the_folder(graded):
    course, scores, _ = graded
    result = run("nbgrader", "autograde", ASSIGNMENT, "--student", "from zero", "--force", cwd=course)
    assert result.returncode == 0, result.stderr
    assert Course(course).scores(ASSIGNMENT)["from zero"][0] == pytest.approx(scores["from zero"])


def test_stock_execution_gives_the_same_scores(graded, tmp_path):
    """nbgrader's own Execute, with no worker and visible cases alone, agrees on honest submissions."""
    course, scores, _ = graded
    shutil.copytree(course / "solutions", tmp_path / "solutions")
    shutil.copytree(course / "exercises", tmp_path / "exercises")
    config = (ROOT / "nbgrader_config.py").read_text().replace("    GradeNotebook,\n", "    Execute,\n")
    config = config.replace(
        "    ClearOutput,\n    IgnorePattern,", "    ClearOutput,\n    Execute,\n    IgnorePattern,"
    )
    (tmp_path / "nbgrader_config.py").write_text(config)
    for student in ("solution", "from zero", "stub"):
        shutil.copytree(course / "submitted" / student, tmp_path / "submitted" / student)
    assert run("nbgrader", "generate_assignment", ASSIGNMENT, "--force", cwd=tmp_path).returncode == 0
    result = run("nbgrader", "autograde", ASSIGNMENT, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    stock = Course(tmp_path).scores(ASSIGNMENT)
    for student, (score, _, _) in stock.items():
        assert score == pytest.approx(scores[student]), student


@EVERY
def test_solution_gets_all_points_and_stub_none(assignment, course):
    """Through real nbgrader, in this process: to start another one takes longer than to grade."""
    here = released_in(course, assignment)
    submissions = {"the solution": solved(assignment), "the stub": released(assignment)}
    for student, nb in submissions.items():
        target = course / "submitted" / student / assignment / f"{assignment}.ipynb"
        target.parent.mkdir(parents=True)
        nbformat.write(nb, target)
    assert {student for student, _ in here.grade(here.setup(assignment), list(submissions))} == set(submissions)
    points = sum(exercise.points for exercise in ASSIGNMENTS[assignment])
    scores = {student: score for student, (score, _, _) in here.scores(assignment).items()}
    assert (scores["the solution"], scores["the stub"]) == pytest.approx((points, 0))


@EVERY
def test_the_release_is_in_step_and_gives_nothing_away(assignment, course):
    released_in(course, assignment)
    fresh = (course / "exercises" / assignment / f"{assignment}.ipynb").read_text()
    committed = (ROOT / "exercises" / assignment / f"{assignment}.ipynb").read_text()
    assert json.loads(fresh) == json.loads(committed), "run `make release` and commit exercises/"
    assert [path.name for path in (ROOT / "exercises" / assignment).iterdir()] == [f"{assignment}.ipynb"]
    assert "SOLUTION" not in fresh


@EVERY
def test_the_table_of_points_is_right(assignment):
    told = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", released(assignment).cells[0].source, re.MULTILINE))
    assert told == {exercise.function: str(exercise.points) for exercise in ASSIGNMENTS[assignment]}


@EVERY
def test_no_code_in_the_text_is_torn(assignment):
    """A line of prose that begins with ``*`` or ``-`` is a list to Markdown, and its backticks are not closed."""
    for cell in released(assignment).cells:
        if cell.cell_type == "markdown":
            inline = [token for token in MarkdownIt().enable("table").parse(cell.source) if token.type == "inline"]
            texts = [part.content for token in inline for part in token.children if part.type == "text"]
            assert not [text for text in texts if "`" in text]


@EVERY
def test_each_stub_is_its_solution_without_the_answer(assignment):
    answers = solution_answers(assignment)
    stubs = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in released(assignment).cells
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code"
    }
    assert len(stubs) == len(ASSIGNMENTS[assignment])
    for name, stub in stubs.items():
        lines = [line for line in stub.splitlines() if "raise NotImplementedError" not in line]
        assert lines and set(lines) <= set(answers[name].splitlines()), name


@EVERY
def test_the_examples_in_the_docstrings_are_true(assignment):
    """What a student compares with first: the solution gives what each docstring shows."""
    namespace, tried = {"np": np}, 0
    notebook = source_notebook(ROOT / "solutions" / assignment / f"{assignment}.md", ASSIGNMENTS[assignment])
    for cell in notebook.cells:  # those that are given belong to it: an answer may call them
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade"):
            exec(cell.source, namespace)
    for name, function in list(namespace.items()):
        for test in doctest.DocTestFinder().find(function, name, globs=namespace) if callable(function) else ():
            result = doctest.DocTestRunner(verbose=False).run(test)
            tried += result.attempted
            assert not result.failed, name
    assert tried


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["grade", "hw9", "."], f"no assignment is called 'hw9'; there are {', '.join(ASSIGNMENTS)}"),
        (["grade", ASSIGNMENT, "no-such-folder"], "there is no folder"),
        (["grade", ASSIGNMENT, "solutions/empty"], "holds no notebook that can be graded"),
        (["release", "hw9"], "no assignment is called 'hw9'"),
        (["release", "--root", "solutions"], "is no course folder: it has no nbgrader_config.py"),
        (["celebrate"], "No such command 'celebrate'"),
    ],
)
def test_nonsense_gets_an_answer(course, arguments, message):
    (course / "solutions" / "empty").mkdir(exist_ok=True)
    result = run(sys.executable, "-m", "autograder", *arguments, cwd=course)
    assert result.returncode != 0
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_layouts_of_a_folder(course, tmp_path):
    for path in (
        "ann.ipynb",
        f"ben/{ASSIGNMENT}/{ASSIGNMENT}.ipynb",
        "cas/whatever.ipynb",
        f"dan/{ASSIGNMENT}.ipynb",
        f"dan/{ASSIGNMENT}-Copy1.ipynb",
        "EVE.IPYNB",
        "Zoë O'Hara #1.ipynb",
        "two/first.ipynb",
        "two/second.ipynb",
        "both.ipynb",
        "both/x.ipynb",
        "x [1].ipynb",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(nbformat.writes(released()))
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "gone.ipynb").symlink_to(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("not a notebook")
    students, problems = Course(course).collect(tmp_path, ASSIGNMENT)
    assert set(students) == {"ann", "ben", "cas", "dan", "EVE", "Zoë O'Hara #1"}
    told = "\n".join(problems)
    for words in ("two/ holds 2", "empty/ holds 0", "both handed in 2", "gone.ipynb cannot be read", "'x [1]'"):
        assert words in told
    assert "folder.ipynb/ holds 0" in told
    assert [line for line in problems if isinstance(line, Note)] == [
        "dan: not graded: hw2-conv2d-Copy1.ipynb",
        "notes.txt is no notebook",
    ]
    assert len(problems) == 8  # with the copy that dan has beside his notebook


def test_a_folder_without_a_notebook_gets_zero_and_a_reason(course, tmp_path):
    for student in ("somebody", "forgot", "wrong file"):
        (tmp_path / student).mkdir()
    (tmp_path / "somebody" / "any.ipynb").write_text(nbformat.writes(solved()))
    (tmp_path / "wrong file" / "hw2.py").write_text("def out_size(): ...")
    result = run(sys.executable, "-m", "autograder", "grade", ASSIGNMENT, str(tmp_path), cwd=course)
    assert result.returncode == 1
    scores = {student: score for student, (score, _, _) in Course(course).scores(ASSIGNMENT).items()}
    assert scores["somebody"] == pytest.approx(EXERCISE_POINTS)
    for student in ("forgot", "wrong file"):
        assert scores[student] == pytest.approx(0)
        assert f"problem: {student}/ holds 0 notebooks" in result.stderr
        assert "no notebook was handed in" in feedback(course, student)


def broken_notebooks() -> dict[str, object]:
    """What happens to notebooks: the text of a file, or a notebook."""
    copied = solved()
    for cell in copied.cells:
        cell.pop("id")
    copied.cells, copied.nbformat_minor = [cell for cell in copied.cells for _ in range(2)], 4
    answered_below = solved()
    stub = {cell.metadata.nbgrader.grade_id: cell for cell in released().cells if "nbgrader" in cell.metadata}
    answered_below.cells.insert(3, nbformat.from_dict({**stub["out_size-answer"], "id": "another"}))
    deleted = solved()
    deleted.cells = [cell for cell in deleted.cells if not cell.metadata.get("nbgrader", {}).get("locked")]
    bare = solved()
    for cell in bare.cells:
        cell.metadata.clear()
    foreign = solved()
    foreign.cells[1].metadata["nbgrader"] = {"grade": True, "grade_id": "more_points", "points": 900, "solution": False}
    foreign.cells[1].metadata["nbgrader"].update(locked=True, schema_version=3, task=False)
    no_cells = nbformat.v4.new_notebook()
    other_assignment = solved("hw1-filters")
    return {
        "copied": copied,
        "answered below": answered_below,
        "deleted": deleted,
        "bare": bare,
        "foreign": foreign,
        "no cells": no_cells,
        "other assignment": other_assignment,
        "half": '{"cells": [',
        "nothing": "",
        "neighbour": solved(),
    }


@EVERY
def test_a_notebook_of_another_assignment_is_told(assignment):
    names = {grade_id(cell) for cell in released(assignment).cells}
    for asked in ASSIGNMENTS:
        setup = SimpleNamespace(master=SimpleNamespace(assignment=asked), exercises=ASSIGNMENTS[asked])
        told = "" if asked == assignment else f"is of {assignment}, and {asked} was asked for"
        assert misplaced(setup, names) == told
        assert misplaced(setup, {name for name in names if name and name.endswith("-answer")}) == told
        assert misplaced(setup, set()) == ""


def test_no_notebook_stops_the_others(course, tmp_path):
    for student, nb in broken_notebooks().items():
        (tmp_path / f"{student}.ipynb").write_text(nb if isinstance(nb, str) else nbformat.writes(nb))
    result = run(sys.executable, "-m", "autograder", "grade", ASSIGNMENT, str(tmp_path), cwd=course)
    scores = {student: score for student, (score, _, _) in Course(course).scores(ASSIGNMENT).items()}
    whole = ("copied", "answered below", "deleted", "bare", "foreign", "neighbour")
    assert {student: scores[student] for student in whole} == pytest.approx(dict.fromkeys(whole, EXERCISE_POINTS))
    assert scores["no cells"] == scores["other assignment"] == pytest.approx(0)
    assert scores["half"] == scores["nothing"] == pytest.approx(0)
    for student, reason in (
        ("half", "the file is not JSON"),
        ("nothing", "no notebook was handed in, or an empty file"),
    ):
        assert f"problem: {student}'s notebook cannot be read: {reason}" in result.stderr
        assert f"Your file could not be graded: {reason}" in feedback(course, student)
    told = f"is of hw1-filters, and {ASSIGNMENT} was asked for"
    assert f"problem: other assignment's notebook {told}" in result.stderr and result.stderr.count(told) == 1
    for place in (feedback(course, "other assignment"), (ROOT / "book" / "students.md").read_text()):
        assert f"Your notebook {told}" in place
    assert result.returncode == 1
