"""``grade``: from a folder of submissions to scores, feedback and a gradebook."""

import sys
from pathlib import Path

import click
from tqdm import tqdm

from autograder.candidates import Note
from autograder.commands.shared import course_options, in_words, open_course
from autograder.errors import CourseError


@click.command()
@click.argument("assignment")
@click.argument("folder", type=click.Path(path_type=Path), default="submitted")
@course_options
def grade(assignment: str, folder: Path, root: Path, db_url: str | None) -> None:
    """Grade the submissions in a folder or a downloaded zip file.

    Example: autograder grade hw2-conv2d downloads/
    """
    course = open_course(root, db_url)
    failures: dict[str, str] = {}
    with in_words():
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
    width = max(map(len, students))
    for student in students:
        if student in failures:
            click.echo(f"{student:{width}}  NOT GRADED; what the gradebook says is not of this notebook")
            continue
        score, maximum, waits = scores[student]
        click.echo(f"{student:{width}}  {score:6.2f} of {maximum:g}{'  + written answer to grade' if waits else ''}")
    click.echo(f"gradebook.db, autograded/, feedback/, {course.export().name}: {len(students) - len(failures)} graded")
    notes = [line for line in problems if isinstance(line, Note)]
    problems = [*failures.values(), *(line for line in problems if not isinstance(line, Note))]
    for line in notes:
        click.echo(f"note: {line}", err=True)
    for line in problems:
        click.echo(f"problem: {line}", err=True)
    sys.exit(bool(problems))
