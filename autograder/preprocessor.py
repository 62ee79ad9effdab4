"""The step that takes the place of nbgrader's ``Execute``: see ``nbgrader_config.py``."""

import atexit
import os
import secrets
from functools import lru_cache
from pathlib import Path

from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float, Integer, Unicode

from autograder.exercises import ASSIGNMENTS
from autograder.grading import graded
from autograder.runner import Limits, Server, server_for
from autograder.verdict import BOOK


def course_secret(path: Path) -> bytes:
    """The secret that hidden cases are drawn from; made at the first call, for its owner's eyes alone.

    Keep the file with the gradebook: with it, grading again gives the same cases.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        secret = path.read_text().strip()
        if len(secret) < 16:
            raise ValueError(f"{path} holds {len(secret)} characters; a course secret has 16 or more") from None
        return secret.encode()
    secret = secrets.token_hex(32)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return secret.encode()


@lru_cache(maxsize=4)
def kept_server(assignment: str, limits: Limits) -> Server:
    """A server that stays for the next notebook of this process."""
    server = server_for(ASSIGNMENTS[assignment], limits, slot=os.getpid())
    atexit.register(server.close)
    return server


class GradeNotebook(NbGraderPreprocessor):
    """Run the student's cells in a process of their own and grade the rest outside it."""

    cell_timeout = Float(30.0, help="Seconds that a cell may take").tag(config=True)
    case_timeout = Float(60.0, help="Seconds that one case of an exercise may take").tag(config=True)
    notebook_timeout = Float(900.0, help="Seconds that a whole notebook may take").tag(config=True)
    memory = Integer(4 * 2**30, help="Bytes of memory for the student's processes").tag(config=True)
    book_url = Unicode(BOOK, help="Where the book stands; feedback links into it").tag(config=True)
    secret_file = Unicode("course_secret", help="File of the course's secret, made when missing").tag(config=True)

    def limits(self) -> Limits:
        """What a submission may use."""
        return Limits(self.cell_timeout, self.case_timeout, self.notebook_timeout, memory=self.memory)

    def preprocess(self, nb, resources):
        assignment = resources["nbgrader"]["assignment"]
        if assignment not in ASSIGNMENTS:
            raise ValueError(f"no assignment is called {assignment!r}; there are {', '.join(ASSIGNMENTS)}")
        secret, server = course_secret(Path(self.secret_file)), kept_server(assignment, self.limits())
        return graded(nb, ASSIGNMENTS[assignment], secret, server, self.book_url)[0], resources
