"""Commands about notebooks: ``release`` them, ``check`` one, write ``feedback`` again."""

import os
import sys
from pathlib import Path

import click

from autograder.commands.shared import course_options, in_words, open_course, tell
from autograder.exercises import ASSIGNMENTS


@click.command()
@click.argument("assignments", nargs=-1)
@course_options
def release(assignments: tuple[str, ...], root: Path, db_url: str | None) -> None:
    """Generate exercises/ from solutions/, for all assignments or those named.

    Example: autograder release hw2-conv2d
    """
    course = open_course(root, db_url)
    with in_words():
        for assignment in assignments or ASSIGNMENTS:
            click.echo(f"released {course.release(assignment).relative_to(course.root)}")


@click.command()
@click.argument("assignment")
@click.argument("file", type=click.Path(path_type=Path))
def check(assignment: str, file: Path) -> None:
    """Run the visible cases on a notebook or a Python file, without a course folder or gradebook.

    The code runs apart from the grader, as in grading. The exit status is 1 unless all points are earned.

    Example: autograder check hw2-conv2d my.ipynb
    """
    from autograder.instant import check_file

    with in_words():
        reports, score, maximum = check_file(assignment, file)
    for report in reports:
        click.echo(report)
    click.echo(f"{score:g} of {maximum:g} points on the visible cases")
    sys.exit(score < maximum)


@click.command()
@click.argument("assignment")
@click.argument("students", nargs=-1)
@course_options
def feedback(assignment: str, students: tuple[str, ...], root: Path, db_url: str | None) -> None:
    """Write feedback again, for all graded students or those named: after grading by hand, say.

    Example: autograder feedback hw2-conv2d "Zoë O'Hara"
    """
    course = open_course(root, db_url)
    problems = []
    with in_words():
        for student, problem in course.feedback(assignment, students, workers=os.cpu_count()):
            if problem:
                problems.append(problem)
            else:
                click.echo(f"feedback/{student}/{assignment}/{assignment}.html")
    tell(problems)
