"""A course with a class in it, for the tests of what instructors do after grading."""

import os
import shutil
import subprocess
import sys

import nbformat
from click.testing import CliRunner
from submissions import ASSIGNMENT, ROOT, released, solved, source_as

from autograder.__main__ import main
from autograder.exercises.hw2 import conv_answers, pool

ENVIRONMENT = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}
IMAGE = "<img src=x onerror=alert(1)>"  # a student's name

FLIPPED = source_as(conv_answers.loops, "conv_forward_naive").replace("window * w[f]", "window * w[f, :, ::-1, ::-1]")
FROM_ZERO = source_as(pool.pool_loops, "max_pool_forward_naive").replace("window.max()", "max(window.max(), 0)")


def retold(source: str) -> str:
    """The same code in another's words: other names, spaces and comments."""
    return source.replace("window", "patch").replace("    ", "  ").replace("return", "# at last\n  return")


def class_of_seven() -> dict[str, str]:
    """Text of a notebook by student; two have handed in the same wrong code, retold."""
    notebooks = {
        "ann": solved(),
        "ben": released(),
        "cas": solved(conv_forward_naive=FLIPPED),
        "dan": solved(conv_forward_naive=retold(FLIPPED), max_pool_forward_naive=FROM_ZERO),
        IMAGE: solved(max_pool_forward_naive=FROM_ZERO),
        "Zoë O'Hara": solved(conv_forward_naive=FLIPPED.replace("return", "if False: pass\n    return")),
    }
    return {**{name: nbformat.writes(nb) for name, nb in notebooks.items()}, "fay": '{"cells": ['}


def new_course(root):
    """A course folder with nothing but the configuration and the solutions."""
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(ROOT / "solutions", root / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    return root


def hand_in(folder, notebooks: dict[str, str]):
    folder.mkdir(exist_ok=True)
    for student, text in notebooks.items():
        (folder / f"{student}.ipynb").write_text(text)
    return folder


def autograder(*arguments, cwd, **environment):
    command = [sys.executable, "-m", "autograder", *map(str, arguments)]
    environment = {**ENVIRONMENT, **environment}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def here(*arguments):
    """The same in this process, which has nbgrader imported already; not for what forks."""
    return CliRunner().invoke(main, list(map(str, arguments)))


def graded_course(root):
    """A new course in which :func:`class_of_seven` is graded."""
    course = new_course(root)
    folder = hand_in(root / "downloads", class_of_seven())
    result = autograder("grade", ASSIGNMENT, folder, "--workers", "2", "--no-feedback", cwd=course)
    assert "fay's notebook cannot be read" in result.stderr and "7 graded" in result.stdout, result.stderr
    return course
