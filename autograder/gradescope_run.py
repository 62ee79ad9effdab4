"""What runs on Gradescope: grade the one submission that lies there and write ``results.json``.

The folders are those of Gradescope's documentation (autograder specifications): ``source`` with what the zip file
held, ``submission`` with what the student handed in, ``results`` for ``results.json``.
"""

import json
import os
import sys
import time
from pathlib import Path

from traitlets.config import Config, PyFileConfigLoader

from autograder.candidates import choose_notebook
from autograder.errors import CourseError
from autograder.grading import graded
from autograder.master import Master, MasterCell
from autograder.runner import Limits, server_for
from autograder.submission import Setup, Unreadable, read_notebook, sanitized, steps_of
from autograder.verdict import Verdict, report


def load_setup(source: Path) -> tuple[Setup, str]:
    """What grading needs, from the files of the zip; and the visibility of the tests that give points."""
    told = json.loads((source / "assignment.json").read_text(encoding="utf-8"))
    cells = {name: MasterCell(**cell) for name, cell in told["master"].pop("cells").items()}
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(source)).load_config())
    setup = Setup(
        Master(cells=cells, **told["master"]),
        "",
        "",
        (source / "course_secret").read_text(encoding="utf-8").strip().encode(),
        Limits(**told["limits"]),
        told["book"],
        *steps_of(config),
        config,
    )
    return setup, told["visibility"]


def grade(setup: Setup, submission: Path) -> list[Verdict]:
    """Verdicts of what a student handed in. Raises ``CourseError`` or ``Unreadable`` where there is no notebook."""
    files = [(path.name, path) for path in sorted(submission.rglob("*")) if path.is_file() and not path.is_symlink()]
    notebook = choose_notebook(files, setup.master.assignment, "your submission")
    nb = sanitized(setup, "you", read_notebook(notebook.read_bytes()))
    with server_for(setup.exercises, setup.limits, slot=os.getpid()) as server:
        layers = server.isolation()
        if not {"files", "user"} & set(layers):
            sys.exit("Student code could read the hidden cases here: nothing keeps files from it. Nothing was graded.")
        print(f"confined in {', '.join(layers)}")  # Gradescope shows standard output to instructors
        return graded(nb, setup.exercises, setup.secret, server, setup.book)[1]


def on_visible_cases(verdict: Verdict) -> Verdict:
    """The verdict as the instant check under the exercise gives it."""
    failures = {group: failure for group, failure in verdict.failures.items() if failure[2]}
    return Verdict(verdict.exercise, failures, (), verdict.counts)


def results(setup: Setup, verdicts: list[Verdict], visibility: str) -> dict:
    """Gradescope's ``results.json``: a test an exercise, with its points and the whole report.

    Where those are not ``visible`` to students at once, a test without points shows them the visible cases.
    """
    tests = []
    for number, verdict in enumerate(sorted(verdicts, key=lambda one: setup.exercises.index(one.exercise)), start=1):
        exercise = verdict.exercise
        if visibility != "visible":
            seen = on_visible_cases(verdict)
            status = "failed" if seen.failures else "passed"
            told = {"output": report(seen, setup.book), "visibility": "visible", "status": status}
            tests.append({"name": f"{exercise.function}: visible cases", "number": f"{number}.1", **told})
        points = {"score": verdict.score, "max_score": exercise.points, "visibility": visibility}
        tests.append(
            {"name": exercise.function, "number": str(number), **points, "output": report(verdict, setup.book)}
        )
    return {"score": round(sum(verdict.score for verdict in verdicts), 2), "tests": tests}


def nothing(setup: Setup, reason: str) -> dict:
    """Results for a submission that holds no notebook that can be read."""
    points = [{"name": one.function, "score": 0.0, "max_score": one.points} for one in setup.exercises]
    tests = [{**test, "number": str(number), "visibility": "visible"} for number, test in enumerate(points, start=1)]
    return {"score": 0.0, "output": f"Not graded: {reason}. Hand it in again.", "tests": tests}


def main(root: Path) -> None:
    """Grade ``root/submission`` and write ``root/results/results.json``.

    An error of the grader itself leaves no results: Gradescope then tells the instructor that it failed, instead of
    a score that nobody earned.
    """
    begun = time.monotonic()
    setup, visibility = load_setup(root / "source")
    try:
        found = results(setup, grade(setup, root / "submission"), visibility)
    except (CourseError, Unreadable) as error:
        found = nothing(setup, str(error))
    found |= {"execution_time": round(time.monotonic() - begun, 1), "stdout_visibility": "hidden"}
    target = root / "results" / "results.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
