"""What the commands share: the options of a course, and errors in one line instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from autograder.candidates import Note
from autograder.errors import CourseError

ROOT = click.option("--root", type=click.Path(path_type=Path), default=".", help="The course folder.")
DB_URL = click.option(
    "--db-url",
    envvar="AUTOGRADER_DB_URL",
    help="The gradebook, e.g. postgresql+psycopg://grader@db/course. Otherwise what nbgrader_config.py says, or "
    "gradebook.db in the course folder. AUTOGRADER_DB_URL says the same without showing a password to `ps`.",
)


def course_options(command):
    """The options of every command that opens a course: ``--root`` and ``--db-url``."""
    return ROOT(DB_URL(command))


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what an instructor can mend (``CourseError``, ``ValueError``) into one line on stderr and status 1."""
    try:
        yield
    except (CourseError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def open_course(root: Path, db_url: str | None = None):
    """The course in folder ``root``; nbgrader is imported here, after ``--help`` has been answered."""
    with in_words():
        from autograder.course import Course

        course = Course(root, db_url)
        course.reach_gradebook()
        return course


def tell(said: list[str]) -> None:
    """Print notes and problems on stderr, and end: with status 1 if there is a problem."""
    for line in said:
        click.echo(f"{'note' if isinstance(line, Note) else 'problem'}: {line}", err=True)
    sys.exit(any(not isinstance(line, Note) for line in said))
