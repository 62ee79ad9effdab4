"""Command line of the grader: ``python -m autograder --help``."""

import sys
from pathlib import Path

import click
from tqdm import tqdm

from autograder.exercises import ASSIGNMENTS


@click.group(help=__doc__)
def main() -> None:
    pass


def open_course(root: Path):
    from autograder.course import Course, CourseError  # nbgrader takes seconds to import

    try:
        return Course(root)
    except CourseError as error:
        raise click.ClickException(str(error)) from None


ROOT = click.option("--root", type=click.Path(path_type=Path), default=".", help="The course folder.")


@main.command()
@click.argument("assignments", nargs=-1)
@ROOT
def release(assignments: tuple[str, ...], root: Path) -> None:
    """Generate exercises/ from solutions/. Example: python -m autograder release hw2-conv2d"""
    from autograder.course import CourseError

    course = open_course(root)
    try:
        for assignment in assignments or ASSIGNMENTS:
            click.echo(f"released {course.release(assignment).relative_to(course.root)}")
    except (CourseError, ValueError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.argument("assignment")
@click.argument("folder", type=click.Path(path_type=Path), default="submitted")
@ROOT
def grade(assignment: str, folder: Path, root: Path) -> None:
    """Grade a folder of notebooks. Example: python -m autograder grade hw2-conv2d downloads/"""
    from autograder.course import CourseError

    course = open_course(root)
    failures: dict[str, str] = {}
    try:
        students, problems = course.collect(folder, assignment)
        if not course.is_released(assignment):
            course.release(assignment)
        with tqdm(students, unit="submission", desc=f"grading {assignment}") as progress:
            for student in progress:
                progress.set_postfix_str(student)
                try:
                    course.grade(assignment, student)
                except CourseError as error:
                    failures[student] = str(error)
        scores = course.scores(assignment)
    except (CourseError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    width = max(map(len, students))
    for student in students:
        if student in failures:
            click.echo(f"{student:{width}}  NOT GRADED; what the gradebook says is not of this notebook")
            continue
        score, maximum, waits = scores[student]
        click.echo(f"{student:{width}}  {score:6.2f} of {maximum:g}{'  + written answer to grade' if waits else ''}")
    click.echo(f"gradebook.db, autograded/, feedback/, {course.export().name}: {len(students) - len(failures)} graded")
    for problem in [*failures.values(), *problems]:
        click.echo(f"problem: {problem}", err=True)
    sys.exit(bool(failures or problems))


if __name__ == "__main__":
    main(prog_name="autograder")
