"""A gradebook on PostgreSQL: the server is started here, on loopback, as a user who may do nothing else."""

import getpass
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from instructors import autograder, class_of_seven, hand_in, here, new_course
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, inspect
from submissions import ASSIGNMENT

from autograder.course import Course
from autograder.exercises import ASSIGNMENTS
from autograder.records import read_records

WRITERS, EACH = 8, 12

# One of several processes that write to one gradebook, through nbgrader's own interface.
WRITER = """
import json, sys
from nbgrader.api import Gradebook
url, assignment, writer, each, cells = json.loads(sys.argv[1])
for turn in range(each):
    with Gradebook(url) as gradebook:
        student = f"writer {writer} student {turn}"
        gradebook.add_student(student)
        gradebook.add_submission(assignment, student)
        for k, cell in enumerate(cells):
            grade = gradebook.find_grade(cell, assignment, assignment, student)
            grade.auto_score, grade.needs_manual_grade = 0.25 * (writer + turn + k), False
        # everybody writes to this one, each to a cell of their own
        shared = gradebook.find_grade(cells[writer], assignment, assignment, "shared")
        shared.auto_score = (shared.auto_score or 0) + 1
        gradebook.db.commit()
"""


def programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs; they do not stand on the path of Debian."""
    found = [Path(initdb).resolve().parent for initdb in [shutil.which("initdb")] if initdb]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return next((folder for folder in reversed(found) if (folder / "initdb").exists()), None)


@pytest.fixture(scope="module")
def server():
    """Address of a gradebook's database; the cluster lives as long as the tests."""
    folder = programs()
    if folder is None:
        pytest.skip("NO POSTGRESQL HERE: gradebooks on it are not tested; see tests/postgres.sh")
    pytest.importorskip("psycopg", reason="NO PSYCOPG HERE: gradebooks on PostgreSQL are not tested")
    user = "nobody" if os.getuid() == 0 else getpass.getuser()  # the server refuses to run as root
    place, password = Path(tempfile.mkdtemp(prefix="postgres-")), secrets.token_hex(12)
    (place / "password").write_text(password)
    if os.getuid() == 0:
        account = pwd.getpwnam(user)
        for path in (place, place / "password"):
            os.chown(path, account.pw_uid, account.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program, *arguments):
        as_user = {"user": user} if os.getuid() == 0 else {}
        command = [folder / program, "-D", place / "data", *arguments]
        with open(place / "told", "a") as told:  # the server keeps it open; a pipe would never end
            done = subprocess.run(command, cwd=place, stdout=told, stderr=told, timeout=60, **as_user)
        assert done.returncode == 0, (place / "told").read_text()

    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={place} -c fsync=off"
    run("initdb", "--auth=scram-sha-256", "--pwfile", place / "password", "-U", "grader", "-E", "UTF8", "--no-locale")
    run("pg_ctl", "-w", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://grader:{password}@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(place)


@pytest.fixture(scope="module")
def on_postgres(server, tmp_path_factory):
    """A course whose gradebook is on the server, graded with two workers."""
    root = new_course(tmp_path_factory.mktemp("course"))
    notebooks = {name: text for name, text in class_of_seven().items() if name in ("ann", "cas", "Zoë O'Hara", "fay")}
    folder = hand_in(root / "downloads", notebooks)
    arguments = ["--workers", "2", "--no-feedback"]
    result = autograder("grade", ASSIGNMENT, folder, *arguments, cwd=root, AUTOGRADER_DB_URL=server)
    assert "4 graded" in result.stdout, result.stderr
    return root


def test_every_command_takes_the_address(server, on_postgres, course):
    assert not (on_postgres / "gradebook.db").exists()
    there, own = Course(on_postgres, server).scores(ASSIGNMENT), read_records(course, ASSIGNMENT)
    assert {name: there[name][0] for name in there} == pytest.approx({name: own[name]["score"] for name in there})
    address = ["--root", on_postgres, "--db-url", server]
    result = here("export", ASSIGNMENT, "--include-waiting", "--out", on_postgres / "g.csv", *address)
    assert "g.csv: 4 scores" in result.stdout, result.stderr
    result = here("gradescope", ASSIGNMENT, "--out", on_postgres / "g.zip", *address)
    assert result.exit_code == 0, result.stderr
    result = here("release", ASSIGNMENT, *address)
    assert result.exit_code == 0, result.stderr
    result = autograder("feedback", ASSIGNMENT, "cas", cwd=on_postgres, AUTOGRADER_DB_URL=server)
    assert result.returncode == 0, result.stderr
    assert "your kernel is flipped" in (on_postgres / f"feedback/cas/{ASSIGNMENT}/{ASSIGNMENT}.html").read_text()
    assert not (on_postgres / "gradebook.db").exists()


def test_the_address_in_the_configuration(server, on_postgres):
    """What nbgrader's own commands read."""
    with open(on_postgres / "nbgrader_config.py", "a") as file:
        file.write(f"\nc.CourseDirectory.db_url = {server!r}\n")
    assert Course(on_postgres).db_url == server
    result = autograder("grade", ASSIGNMENT, "submitted", "--no-feedback", cwd=on_postgres)
    assert "0 graded" in result.stdout and "4 were up to date" in result.stdout, result.stderr
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["nbgrader", "export", "--CsvExportPlugin.to=stock.csv"]
    done = subprocess.run(command, cwd=on_postgres, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert (on_postgres / "stock.csv").read_text().count(ASSIGNMENT) == 4


def tables(url: str) -> dict[str, set[str]]:
    """Columns of a database by table."""
    found = inspect(create_engine(url))
    return {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}


def test_the_schema_is_nbgraders(server, on_postgres, tmp_path):
    with Gradebook(f"sqlite:///{tmp_path}/plain.db"):
        pass
    assert tables(server) == tables(f"sqlite:///{tmp_path}/plain.db")


def test_parallel_writers_lose_nothing(server, on_postgres):
    cells = [exercise.function for exercise in ASSIGNMENTS[ASSIGNMENT]][:WRITERS]
    assert len(cells) == WRITERS
    with Gradebook(server) as gradebook:
        gradebook.add_student("shared")
        gradebook.add_submission(ASSIGNMENT, "shared")
    commands = [
        [sys.executable, "-c", WRITER, json.dumps([server, ASSIGNMENT, writer, EACH, cells])]
        for writer in range(WRITERS)
    ]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    for writer in writers:
        _, told = writer.communicate(timeout=200)
        assert writer.returncode == 0, told
    with Gradebook(server) as gradebook:
        for cell in cells:
            assert gradebook.find_grade(cell, ASSIGNMENT, ASSIGNMENT, "shared").auto_score == pytest.approx(EACH)
        scores = {
            submission.student.id: submission.score for submission in gradebook.assignment_submissions(ASSIGNMENT)
        }
    for writer in range(WRITERS):
        for turn in range(EACH):
            expected = sum(0.25 * (writer + turn + k) for k in range(len(cells)))
            assert scores[f"writer {writer} student {turn}"] == pytest.approx(expected)


def test_an_address_that_leads_nowhere(on_postgres):
    """One line, without the password."""
    address = "postgresql+psycopg://grader:hushhush@127.0.0.1:9/course"
    for command in (["export", ASSIGNMENT], ["grade", ASSIGNMENT, "submitted"]):
        result = autograder(*command, "--db-url", address, cwd=on_postgres)
        assert result.returncode == 1
        assert "the gradebook at postgresql+psycopg://grader:***@127.0.0.1:9/course" in result.stderr
        assert "hushhush" not in result.stderr and "Traceback" not in result.stderr
