"""Many submissions at once: processes that grade, one that writes what they find."""

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from pathlib import Path

from autograder import confine
from autograder.diagnosis import prepare
from autograder.runner import Server, server_for
from autograder.submission import Graded, Setup, grade_submission

TRIES = 3  # of a submission whose grading process ends, before it is given up


@dataclass(frozen=True)
class Job:
    """A submission to grade: whose, and the file."""

    student: str
    notebook: Path


class Crashed(Exception):
    """The process that graded a submission has ended, each time it was tried."""


def grade_all(setup: Setup, jobs: Iterable[Job], workers: int) -> Iterator[tuple[Job, Graded | Crashed]]:
    """Grade ``jobs`` in ``workers`` processes, in the order in which they are done; memory stays flat.

    A process that ends, for want of memory perhaps, is replaced, and its submissions are tried again; one that
    fails ``TRIES`` times comes with a ``Crashed``, and so does one that the grader cannot cope with.
    """
    for exercise in setup.exercises:
        prepare(exercise, setup.secret)  # before the fork, so that it is done once
    left, failures = iter(jobs), {}
    again: list[Job] = []
    while True:
        pool = ProcessPoolExecutor(workers, get_context("fork"), _begin, (setup, os.getpid()))
        running: dict[Future, Job] = {}
        broken = False
        try:
            while True:
                room = 1 if again else 2 * workers  # alone, so that no neighbour is taken for the one that crashes
                while not broken and len(running) < room and (job := again.pop() if again else next(left, None)):
                    running[pool.submit(_grade, job)] = job
                if not running:
                    break
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    job = running.pop(done)
                    try:
                        yield job, done.result()
                    except BrokenProcessPool:
                        broken = True
                        failures[job] = failures.get(job, 0) + 1
                        if failures[job] < TRIES:
                            again.append(job)
                        else:
                            yield job, Crashed(f"the process that graded {job.student} ended {TRIES} times")
                    except Exception as error:  # a fault of ours, which shall not cost the others their grades
                        yield job, Crashed(f"{type(error).__name__}: {error}")
        except BaseException:  # Ctrl-C, or nobody wants the rest: what is being graded will be graded again
            for process in active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=not broken, cancel_futures=True)
        if not broken:
            return


# ---- in a process that grades

_setup: Setup
_server: Server


def _begin(setup: Setup, parent: int) -> None:
    """Make this process ready: it ends with its parent, and leaves Ctrl-C to it."""
    global _setup, _server
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        confine.end_with_parent(signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit()
    _setup, _server = setup, server_for(setup.exercises, setup.limits, slot=os.getpid())


def _grade(job: Job) -> Graded:
    return grade_submission(_setup, job.student, job.notebook.read_bytes(), _server)
