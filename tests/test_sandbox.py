"""What confines students' code, on this host and on poorer ones, and what instructors are told of it."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from submissions import ASSIGNMENT, ROOT, solved

from autograder.sandbox import REFUSED, launch, masked, visible, ways

ALL = {"files", "processes", "network", "system calls", "scratch folder"}
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
# An ordinary user; and one who may make no namespaces, as in many containers.
ORDINARY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
CONFINED = "bwrap --dev-bind / / --unshare-user --uid 1000 --gid 1000 --disable-userns --".split()


def autograder(*arguments, before=(), cwd=ROOT, **environment):
    command = [*before, sys.executable, "-m", "autograder", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def doctor(before=(), **environment) -> tuple[int, dict]:
    result = autograder("doctor", "--json", before=before, **environment)
    return result.returncode, json.loads(result.stdout)


@LINUX
def test_here_everything_is_confined():
    """Where tests run there are namespaces; that they are used is what is tested."""
    status, told = doctor()
    assert (status, told["started"], told["confined"]) == (0, "bubblewrap", True)
    assert told["found"].keys() >= ALL and told["missing"] == {}


@LINUX
@pytest.mark.parametrize("sandbox", ["bubblewrap", "bare"])
def test_an_ordinary_user_confines_as_well(sandbox):
    status, told = doctor(ORDINARY, CONVBOOK_SANDBOX=sandbox)
    assert (status, told["started"]) == (0, sandbox)
    assert told["found"].keys() >= ALL


@LINUX
def test_a_host_without_namespaces_says_so_and_can_be_refused(tmp_path):
    status, told = doctor(CONFINED)
    assert (status, told["started"], told["confined"]) == (1, "bare", False)
    assert told["found"].keys() & ALL == {"files", "system calls"}
    assert "unshare" in told["missing"]["processes"] and told["missing"]["start"].startswith("bubblewrap: bwrap:")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    (tmp_path / "in").mkdir()
    nbformat.write(solved(), tmp_path / "in" / "ann.ipynb")
    grade = ["grade", ASSIGNMENT, "in", "--no-feedback"]
    refused = autograder(*grade, "--require-isolation", before=CONFINED, cwd=tmp_path)
    assert refused.returncode == 1
    assert "students' code is not confined here in processes and network" in refused.stderr
    assert not (tmp_path / "autograded").exists()
    graded = autograder(*grade, before=CONFINED, cwd=tmp_path)
    assert graded.returncode == 0, graded.stderr
    assert "WARNING: students' code is not confined here" in graded.stderr
    assert "94.00 of 100" in graded.stdout


def test_doctor_in_words():
    result = autograder("doctor")
    assert "students' code is started behind bubblewrap" in result.stdout and "confined" in result.stdout


@pytest.mark.parametrize("wanted", ["nonsense", "podman", "bubblewrap:image", "docker:"])
def test_a_sandbox_that_there_is_not_is_named(wanted):
    result = autograder("doctor", CONVBOOK_SANDBOX=wanted)
    assert result.returncode == 1
    assert f"CONVBOOK_SANDBOX is {wanted!r}, expected bubblewrap, bare, podman:IMAGE or docker:IMAGE" in result.stderr


def test_a_container_engine_that_is_missing_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert ways("podman:python") == ["podman:python"]
    result = autograder("doctor", CONVBOOK_SANDBOX="podman:python", PATH="/nowhere")
    assert result.returncode == 1
    assert "the server of students' code does not start: podman:python: " in result.stderr


def test_the_course_and_the_answers_are_out_of_sight(tmp_path):
    """Nothing of the course is bound into the view, and the modules that would answer lie under empty folders."""
    start = launch("bubblewrap", tmp_path, REFUSED, slot=0)
    bound = [start.command[k + 1] for k, word in enumerate(start.command) if word == "--ro-bind"]
    for path in ("exercises", "solutions", "src", "tests", "nbgrader_config.py"):
        assert not any((ROOT / path).is_relative_to(folder) for folder in bound)
    hidden = masked(visible(), REFUSED)
    assert any(folder.endswith("/torch") for folder in hidden) and any(folder.endswith("/scipy") for folder in hidden)
    assert set(hidden) <= {start.command[k + 1] for k, word in enumerate(start.command) if word == "--tmpfs"}


@pytest.mark.skipif("CONVBOOK_TEST_CONTAINER" not in os.environ, reason="set CONVBOOK_TEST_CONTAINER=podman:IMAGE")
def test_a_container_confines_and_grades(tmp_path):
    container = os.environ["CONVBOOK_TEST_CONTAINER"]
    status, told = doctor(CONVBOOK_SANDBOX=container)
    assert (status, told["started"]) == (0, container.partition(":")[0])
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    (tmp_path / "in").mkdir()
    nb = solved()
    nb.cells.insert(1, new_code_cell("open('mine', 'w').write('kept')\nprint(open('mine').read())"))
    nb.cells.insert(2, new_code_cell(f"open({str(tmp_path / 'nbgrader_config.py')!r}).read()"))
    nbformat.write(nb, tmp_path / "in" / "ann.ipynb")
    result = autograder("grade", ASSIGNMENT, "in", cwd=tmp_path, CONVBOOK_SANDBOX=container)
    assert result.returncode == 0 and "94.00 of 100" in result.stdout, result.stderr
    graded = nbformat.read(tmp_path / "autograded" / "ann" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)
    assert graded.cells[1].outputs[-1].text == "kept\n"
    assert graded.cells[2].outputs[0].ename == "FileNotFoundError"
