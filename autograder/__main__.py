"""Command line of the grader: ``python -m autograder --help``."""

from pathlib import Path

import click

from autograder.commands.grade import doctor, grade
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


main.add_command(grade)
main.add_command(doctor)


if __name__ == "__main__":
    main(prog_name="autograder")
