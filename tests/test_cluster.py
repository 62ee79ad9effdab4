"""Grading on a Dask cluster of separate processes, one of which is killed in the middle."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from submissions import ASSIGNMENT, ROOT, released, solved
from test_interruption import grades

DASK = str(Path(sys.executable).with_name("dask"))
STUDENTS = [f"student {number:02d}" for number in range(12)]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5"}


def line_of(process: subprocess.Popen, pattern: str) -> re.Match:
    for line in process.stderr:
        if match := re.search(pattern, line):
            return match
    raise AssertionError(f"no line matched {pattern!r}")


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler, and two workers of one thread each."""
    processes = []

    def start(*arguments):
        process = subprocess.Popen(
            [DASK, *arguments], cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        processes.append(process)
        return process

    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    address = line_of(scheduler, r"Scheduler at:\s+(tcp://\S+)")[1]
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path / "dask")]
    workers = [start("worker", address, "--host", "127.0.0.1", *options) for _ in range(2)]
    for worker in workers:
        line_of(worker, "Registered to:")
    yield address, workers
    for process in processes:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


def test_a_worker_that_is_killed_costs_nothing(cluster, tmp_path):
    address, workers = cluster
    course = tmp_path / "course"
    (course / "in").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    shutil.copytree(ROOT / "solutions", course / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    for number, student in enumerate(STUDENTS):
        nb = solved() if number % 2 else released()
        nb.cells.insert(1, new_code_cell("import time; time.sleep(0.5)"))
        nbformat.write(nb, course / "in" / f"{student}.ipynb")
    command = [sys.executable, "-m", "autograder", "grade", ASSIGNMENT, "in", "--no-feedback", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    run = subprocess.Popen([*command, "--scheduler", address], cwd=course, env=ENVIRONMENT, **pipes)
    lines = [run.stdout.readline() for _ in range(3)]
    os.killpg(workers[0].pid, signal.SIGKILL)
    rest, err = run.communicate(timeout=200)
    assert run.returncode == 0, err
    *results, summary = map(json.loads, [*lines, *rest.splitlines()])
    assert sorted(result["student"] for result in results) == STUDENTS, "each is graded once"
    assert summary["summary"]["graded"] == len(STUDENTS) and not summary["summary"]["failed"]
    whole = {student: (94.0, 1) if number % 2 else (0.0, 0) for number, student in enumerate(STUDENTS)}
    assert grades(course) == whole


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense"])
def test_a_scheduler_that_is_not_there_is_named(address, tmp_path):
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    (tmp_path / "in").mkdir()
    nbformat.write(solved(), tmp_path / "in" / "ann.ipynb")
    command = [sys.executable, "-m", "autograder", "grade", ASSIGNMENT, "in", "--scheduler", address]
    begun = time.monotonic()
    result = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 1 and time.monotonic() - begun < 100
    assert f"no Dask scheduler answers at {address}" in result.stderr and "Traceback" not in result.stderr
