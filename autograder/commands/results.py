"""Commands about results: ``export`` grades, ``audit`` a class, grade on Gradescope instead: ``gradescope``."""

from pathlib import Path

import click

from autograder.commands.shared import course_options, in_words, open_course, tell


@click.command()
@click.argument("assignment")
@click.option("--format", "form", type=click.Choice(["nbgrader", "canvas", "moodle"]), default="nbgrader")
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; grades-ASSIGNMENT-FORMAT.csv if none.")
@click.option(
    "--roster",
    type=click.Path(path_type=Path),
    help="The gradebook that Canvas exported, or Moodle's grading worksheet: the file that is filled in.",
)
@click.option("--column", help='The column of the roster for Canvas, e.g. "Conv2d (4711)".')
@click.option("--include-waiting", is_flag=True, help="Send points so far of who waits for grading by hand.")
@course_options
def export(assignment, form, out, roster, column, include_waiting, root: Path, db_url: str | None) -> None:
    """Write grades for another system. Who has no score yet gets none, not zero, and is told.

    Example: autograder export hw2-conv2d --format canvas --roster 2026-Grades.csv --out grades.csv
    """
    course = open_course(root, db_url)
    target = out or course.root / f"grades-{assignment}-{form}.csv"
    with in_words():
        count, said = course.export_to(target, assignment, form, roster, column, include_waiting)
    click.echo(f"{target}: {count} scores")
    tell(said)


@click.command()
@click.argument("assignment")
@click.option("--out", type=click.Path(path_type=Path), help="The zip file; gradescope-ASSIGNMENT.zip if none.")
@click.option(
    "--visibility",
    type=click.Choice(["visible", "after_due_date", "after_published", "hidden"]),
    default="visible",
    show_default=True,
    help="When students see the tests that give points; the visible cases they always see.",
)
@course_options
def gradescope(assignment: str, out: Path | None, visibility: str, root: Path, db_url: str | None) -> None:
    """Write a Gradescope autograder. It holds the course's secret and the answers: upload it, show it to nobody.

    Example: autograder gradescope hw2-conv2d --out hw2.zip --visibility after_due_date
    """
    course = open_course(root, db_url)
    with in_words():
        target = course.gradescope(assignment, out or course.root / f"gradescope-{assignment}.zip", visibility)
    click.echo(f"{target}: upload it as the autograder of a programming assignment")


@click.command()
@click.argument("assignment")
@click.option("--out", type=click.Path(path_type=Path), help="The page to write; audit-ASSIGNMENT.html if none.")
@course_options
def audit(assignment: str, out: Path | None, root: Path, db_url: str | None) -> None:
    """Write a page on a graded assignment: scores, mistakes, identical code, time and memory, the grader's own test.

    Example: autograder audit hw2-conv2d
    """
    course = open_course(root, db_url)
    with in_words():
        target = course.audit(assignment, out or course.root / f"audit-{assignment}.html")
    click.echo(f"{target}: open it in a browser; it names students and holds what hidden cases reject")
