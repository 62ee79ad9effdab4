"""What instructors do, through the command line and real nbgrader: check, regrade, override, feedback, export."""

import csv
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest
from instructors import FLIPPED, IMAGE, autograder, class_of_seven, hand_in, here, new_course
from nbgrader.api import Gradebook
from submissions import ASSIGNMENT, released, solution_answers, solved

from autograder.course import Course
from autograder.exercises import ASSIGNMENTS
from autograder.instant import check_file

POINTS = {exercise.function: exercise.points for exercise in ASSIGNMENTS[ASSIGNMENT]}
FULL = sum(POINTS.values())


def test_every_command_shows_an_example():
    for name in ("release", "check", "grade", "feedback", "export", "audit", "gradescope", "doctor"):
        result = here(name, "--help")
        assert result.exit_code == 0 and f"Example: autograder {name}" in result.stdout


def test_check_gives_the_points_of_the_visible_cases(tmp_path):
    nbformat.write(solved(conv_forward_naive=FLIPPED), tmp_path / "mine.ipynb")
    result = autograder("check", ASSIGNMENT, tmp_path / "mine.ipynb", cwd=tmp_path)
    assert result.returncode == 1
    assert f"{FULL - 25} of {FULL} points on the visible cases" in result.stdout
    assert "This equals true convolution: your kernel is flipped." in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.ipynb"]  # no gradebook, no secret


def test_check_reads_a_python_file_and_a_notebook_without_its_cells(tmp_path):
    answers = [source for name, source in solution_answers().items() if name.endswith("-answer")]
    (tmp_path / "mine.py").write_text("import numpy as np\n\n" + "\n\n".join(answers))
    reports, score, maximum = check_file(ASSIGNMENT, tmp_path / "mine.py")
    assert (score, maximum, len(reports)) == (pytest.approx(FULL), FULL, len(POINTS))
    nb = solved()
    nb.cells = [cell for cell in nb.cells if not cell.metadata.get("nbgrader", {}).get("locked")]
    nbformat.write(nb, tmp_path / "bare.ipynb")
    assert check_file(ASSIGNMENT, tmp_path / "bare.ipynb")[1] == pytest.approx(FULL)


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("x.ipynb", "{", "x.ipynb cannot be read: the file is not JSON"),
        ("x.txt", "", "x.txt is neither a notebook (.ipynb) nor a Python file (.py)"),
        ("none.py", None, "none.py cannot be read: No such file"),
    ],
)
def test_check_of_what_cannot_be_read(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    result = here("check", ASSIGNMENT, tmp_path / name)
    assert result.exit_code == 1 and message in result.stderr and "Traceback" not in result.stderr


def test_feedback_is_written_again(course):
    page = course / "feedback" / "cas" / ASSIGNMENT / f"{ASSIGNMENT}.html"
    assert not page.exists()
    result = autograder("feedback", ASSIGNMENT, "cas", cwd=course)
    assert result.returncode == 0, result.stderr
    assert "your kernel is flipped" in page.read_text()
    assert [path.name for path in (course / "feedback").iterdir()] == ["cas"]
    result = autograder("feedback", ASSIGNMENT, "nobody", cwd=course)
    assert result.returncode == 1 and "nobody has no graded hw2-conv2d" in result.stderr


def test_the_exchange_is_graded_with_its_times(tmp_path):
    """From nbgrader's inbound folder to the gradebook: the newest attempt, and when it was handed in."""
    root, text = new_course(tmp_path), class_of_seven()
    for when, name in (("10:00:00.5 UTC", "ben"), ("12:00:00.5 UTC+c2VjcmV0", "ann")):
        folder = root / "inbound" / f"gus+{ASSIGNMENT}+2026-03-01 {when}"
        folder.mkdir(parents=True)
        (folder / f"{ASSIGNMENT}.ipynb").write_text(text[name])
    result = autograder("grade", ASSIGNMENT, "inbound", "--no-feedback", cwd=root)
    assert result.returncode == 0, result.stderr
    assert "note: gus: the attempt of 2026-03-01 10:00:00.500000 UTC was replaced" in result.stderr
    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, "gus")
        assert str(submission.timestamp) == "2026-03-01 12:00:00.500000" and submission.score == pytest.approx(FULL)


def grade_of(course, student, cell):
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(cell, ASSIGNMENT, ASSIGNMENT, student)
        return grade.auto_score, grade.manual_score, grade.extra_credit, grade.score, grade.needs_manual_grade


def override(course, student, cell, **values):
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(cell, ASSIGNMENT, ASSIGNMENT, student)
        for name, value in values.items():
            setattr(grade, name, value)
        comment = gradebook.find_comment(f"{cell}-answer", ASSIGNMENT, ASSIGNMENT, student)
        comment.manual_comment = "seen by hand"
        gradebook.db.commit()


def test_an_override_stays_after_a_regrade(course):
    """A score by hand in an automatic cell outlives grading again, even after a new submission."""
    override(course, "dan", "conv_forward_naive", manual_score=17.5, extra_credit=1.0)
    before = Course(course).scores(ASSIGNMENT)["dan"][0]
    folder = hand_in(course.parent / f"{course.name}-again", {"dan": class_of_seven()["dan"]})
    result = autograder("grade", ASSIGNMENT, folder, "--regrade", "--no-feedback", cwd=course)
    assert result.returncode == 0, result.stderr
    # nbgrader marks such a grade for a second look
    assert grade_of(course, "dan", "conv_forward_naive") == (0.0, 17.5, 1.0, 18.5, True)
    assert Course(course).scores(ASSIGNMENT)["dan"][0] == pytest.approx(before)
    hand_in(folder, {"dan": nbformat.writes(solved())})
    assert autograder("grade", ASSIGNMENT, folder, "--no-feedback", cwd=course).returncode == 0
    assert grade_of(course, "dan", "conv_forward_naive") == (25.0, 17.5, 1.0, 18.5, True)
    assert Course(course).scores(ASSIGNMENT)["dan"][0] == pytest.approx(FULL - 25 + 18.5)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        comment = gradebook.find_comment("conv_forward_naive-answer", ASSIGNMENT, ASSIGNMENT, "dan")
        assert comment.comment == "seen by hand"
    hand_in(folder, {"dan": class_of_seven()["dan"]})
    assert autograder("grade", ASSIGNMENT, folder, "--no-feedback", cwd=course).returncode == 0


def test_stock_nbgrader_keeps_an_override_too(course):
    """What this grader does is what nbgrader's own autograde does."""
    override(course, "cas", "im2col", manual_score=3.0)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["nbgrader", "autograde", ASSIGNMENT, "--student", "cas", "--force"]
    result = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert grade_of(course, "cas", "im2col") == (10.0, 3.0, None, 3.0, True)
    override(course, "cas", "im2col", manual_score=None)


def read_csv(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_export_leaves_out_who_has_no_final_score(course):
    """The assignment has a written answer: until it is graded, everybody waits but who left it as it was."""
    result = here("export", ASSIGNMENT, "--out", course / "out.csv", "--root", course)
    assert result.exit_code == 1
    assert "waiting for someone to grade by hand, so left out (--include-waiting sends)" in result.stderr
    scores = {row["student_id"]: row["score"] for row in read_csv(course / "out.csv")}
    assert scores["ann"] == "" and IMAGE in scores
    here("export", ASSIGNMENT, "--out", course / "out.csv", "--include-waiting", "--root", course)
    assert float({row["student_id"]: row["score"] for row in read_csv(course / "out.csv")}["ann"]) == FULL
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        for submission in gradebook.assignment_submissions(ASSIGNMENT):
            grade = gradebook.find_grade("shift_question", ASSIGNMENT, ASSIGNMENT, submission.student.id)
            grade.manual_score, grade.needs_manual_grade = 5.0, False
        gradebook.add_student("idle", last_name="Idle, Jr.", first_name="Eric")
        gradebook.db.commit()
    try:
        result = here("export", ASSIGNMENT, "--out", course / "out.csv", "--root", course)
        rows = {row["student_id"]: row for row in read_csv(course / "out.csv")}
        assert float(rows["ann"]["score"]) == FULL + 5 and float(rows["ben"]["score"]) == 5
        assert rows["idle"]["score"] == "" and rows["idle"]["last_name"] == "Idle, Jr."
        assert "note: nothing handed in, so no score, not zero: idle" in result.stderr
    finally:
        with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
            gradebook.remove_student("idle")


def test_export_knows_what_was_handed_in_since(course):
    """A submission that is newer than its grade counts as not graded."""
    target = course / "submitted" / "ann" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    graded = target.read_text()
    target.write_text(nbformat.writes(released()))
    try:
        result = here("export", ASSIGNMENT, "--out", course / "o.csv", "--include-waiting", "--root", course)
        assert "problem: not graded, so left out: ann" in result.stderr
        assert {row["student_id"]: row["score"] for row in read_csv(course / "o.csv")}["ann"] == ""
    finally:
        target.write_text(graded)


def test_export_to_canvas_and_moodle_from_the_command_line(course):
    (course / "roster.csv").write_text(
        'Student,ID,SIS Login ID,Section,hw2-conv2d (7)\n    Points Possible,,,,100\n"Ann, A",1,ann,Lab,\n'
    )
    arguments = ["--include-waiting", "--roster", course / "roster.csv", "--out", course / "canvas.csv"]
    result = here("export", ASSIGNMENT, "--format", "canvas", *arguments, "--root", course)
    assert float(read_csv(course / "canvas.csv")[1]["hw2-conv2d (7)"]) >= FULL
    assert "canvas.csv: 1 scores" in result.stdout and "cas is in no row of the roster" in result.stderr
    result = here("export", ASSIGNMENT, "--format", "canvas", "--root", course)
    assert result.exit_code == 1 and "name it with --roster" in result.stderr
    here("export", ASSIGNMENT, "--format", "moodle", "--include-waiting", "--root", course)
    rows = {row["Username"]: row[ASSIGNMENT] for row in read_csv(course / f"grades-{ASSIGNMENT}-moodle.csv")}
    assert float(rows["ann"]) >= FULL and len(rows) == 7


@pytest.fixture(scope="module")
def bundle(course):
    result = here("gradescope", ASSIGNMENT, "--visibility", "after_due_date", "--root", course)
    assert result.exit_code == 0, result.stderr
    return course / f"gradescope-{ASSIGNMENT}.zip"


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    """Python with all that the grader needs, and without the grader: as setup.sh makes it."""
    folder = tmp_path_factory.mktemp("python")
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(str(Path(nbformat.__file__).parent.parent))
    return folder / "bin" / "python"


def on_gradescope(root, bundle, interpreter, files: dict[str, str]):
    """Start the autograder as Gradescope's harness does: folders, the script's copy, its working directory."""
    for name in ("source", "submission", "results"):
        (root / name).mkdir(parents=True)
    with zipfile.ZipFile(bundle) as file:
        file.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root)
    (root / "run_autograder").chmod(0o755)
    for name, text in files.items():
        (root / "submission" / name).write_text(text)
    subprocess.run(["chmod", "-R", "go-rwx", root / "source"], check=True)
    environment = {"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": str(interpreter)}
    return subprocess.Popen(
        [root / "run_autograder"],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_gradescope_gives_the_scores_of_grade(course, bundle, interpreter, tmp_path):
    mine = class_of_seven()
    submissions = {
        "ann": {"hw2-conv2d.ipynb": mine["ann"], "notes.txt": "x"},
        "ben": {"hw2-conv2d (2).ipynb": mine["ben"]},
        "cas": {"whatever.ipynb": mine["cas"]},
        "fay": {"hw2-conv2d.ipynb": mine["fay"]},
        "missing": {"hw2-conv2d.pdf": ""},
    }
    running = {name: on_gradescope(tmp_path / name, bundle, interpreter, files) for name, files in submissions.items()}
    results = {}
    for name, process in running.items():
        out, _ = process.communicate(timeout=200)
        assert process.returncode == 0, out
        results[name] = json.loads((tmp_path / name / "results" / "results.json").read_text())
    for name in ("ann", "ben", "cas", "fay"):
        record = json.loads((course / "records" / ASSIGNMENT / f"{name}.json").read_text())
        assert results[name]["score"] == pytest.approx(record["score"]), name
        by_function = {test["name"]: test for test in results[name]["tests"] if "score" in test}
        assert {function: test["max_score"] for function, test in by_function.items()} == POINTS
        for exercise, told in record["exercises"].items():
            assert by_function[exercise.split(".")[1]]["score"] == pytest.approx(told["score"])
    assert results["ann"]["score"] == FULL and results["cas"]["score"] == FULL - 25
    assert results["missing"]["score"] == 0 and "holds 0 notebooks" in results["missing"]["output"]
    assert "not JSON" in results["fay"]["output"]
    tests = {test["name"]: test for test in results["cas"]["tests"]}
    graded, seen = tests["conv_forward_naive"], tests["conv_forward_naive: visible cases"]
    assert graded["visibility"] == "after_due_date" and "your kernel is flipped" in graded["output"]
    assert seen["visibility"] == "visible" and seen["status"] == "failed" and "max_score" not in seen
    assert "hidden case" not in seen["output"] and "the 4x4 example of the chapter" in seen["output"]
    assert tests["out_size: visible cases"]["status"] == "passed"


def test_the_gradescope_zip_is_complete_and_alone(bundle, interpreter, tmp_path):
    with zipfile.ZipFile(bundle) as file:
        names = set(file.namelist())
        modes = {name: file.getinfo(name).external_attr >> 16 & 0o777 for name in names}
        file.extractall(tmp_path)
    assert {"setup.sh", "run_autograder", "course_secret", "autograder/gradescope_run.py"} <= names
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755 and modes["course_secret"] == 0o600
    for script in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", "-n", tmp_path / script], check=True)
    where = "import autograder, convbook.kernels; print(autograder.__file__, convbook.kernels.__file__)"
    out = subprocess.run([interpreter, "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert out.count(str(tmp_path)) == 2
    elsewhere = subprocess.run([interpreter, "-c", where], cwd=tmp_path.parent, capture_output=True, text=True)
    assert "No module named 'autograder'" in elsewhere.stderr
    pinned = dict(line.split("==") for line in (tmp_path / "requirements.txt").read_text().split())
    assert {"numpy", "nbgrader"} <= pinned.keys()
