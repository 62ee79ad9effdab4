"""Feedback pages, by nbgrader's own converter, in several processes."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from nbconvert.exporters import HTMLExporter
from nbconvert.writers import FilesWriter
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config


class Feedback:
    """nbgrader's converter with its exporter kept, whose templates take longer to read than a page to write."""

    def __init__(self, coursedir: CourseDirectory, config: Config):
        self.converter = GenerateFeedback(coursedir=coursedir, config=config)
        self.converter.writer = FilesWriter(parent=self.converter, config=self.converter.config)
        self.converter.exporter = HTMLExporter(parent=self.converter, config=self.converter.config)
        for step in self.converter.preprocessors:
            self.converter.exporter.register_preprocessor(step)

    def write(self, assignment: str, student: str) -> None:
        """Write ``feedback/STUDENT/ASSIGNMENT/ASSIGNMENT.html`` from the graded notebook and the gradebook."""
        source = self.converter._format_source(assignment, student)
        self.converter.init_assignment(assignment, student)
        self.converter.convert_single_notebook(os.path.join(source, f"{assignment}.ipynb"))
        self.converter.set_permissions(assignment, student)


_feedback: Feedback


def _begin(coursedir: CourseDirectory, config: Config) -> None:
    global _feedback
    _feedback = Feedback(coursedir, config)


def _write(assignment: str, student: str) -> None:
    _feedback.write(assignment, student)


def write_all(
    coursedir: CourseDirectory, config: Config, assignment: str, students: list[str], workers: int
) -> Iterator[tuple[str, Exception | None]]:
    """Write the feedback of ``students``; yields each with None or what went wrong, as they are done."""
    with ProcessPoolExecutor(workers, get_context("fork"), _begin, (coursedir, config)) as pool:
        running = {pool.submit(_write, assignment, student): student for student in students}
        for done in as_completed(running):
            yield running[done], done.exception()
