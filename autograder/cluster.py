"""The same grading on many machines: Dask runs the function that grades one submission, here one writes."""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator

from dask.distributed import Client, as_completed

from autograder.errors import CourseError
from autograder.pipeline import TRIES, Crashed, Job
from autograder.runner import Server, server_for
from autograder.submission import Graded, Setup, grade_submission

AHEAD = 3  # submissions sent to the cluster for each of its threads, so that none waits for the next


def grade_on(address: str) -> Callable[[Setup, Iterable[Job], int], Iterator[tuple[Job, Graded | Crashed]]]:
    """A function like :func:`autograder.pipeline.grade_all` that grades on the cluster whose scheduler is there.

    A submission whose worker is lost is given to another one. Workers need this package, in the same version, and
    the sandbox; the scheduler's connections carry the course's secret, so they belong in a closed network or
    behind Dask's TLS. Raises ``CourseError`` where no scheduler answers, or it has no worker.
    """

    def grade(setup: Setup, jobs: Iterable[Job], workers: int) -> Iterator[tuple[Job, Graded | Crashed]]:
        try:
            client = Client(address, timeout=10)
        except (OSError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {address}: {error}") from None
        with client:
            threads = sum(client.nthreads().values())
            if not threads:
                raise CourseError(f"the Dask scheduler at {address} has no worker")
            shared = client.scatter(setup, broadcast=True)
            left = iter(jobs)
            running: dict[str, Job] = {}

            def send(job: Job):
                future = client.submit(
                    grade_remotely, shared, job.student, job.notebook.read_bytes(), pure=False, retries=TRIES - 1
                )
                running[future.key] = job
                return future

            done = as_completed([send(job) for job in itertools.islice(left, AHEAD * threads)])
            for future in done:
                job = running.pop(future.key)
                error = future.exception() if future.status != "finished" else None
                yield job, Crashed(f"{type(error).__name__}: {error}") if error else future.result()
                future.release()  # or the cluster keeps every result
                if (following := next(left, None)) is not None:
                    done.add(send(following))

    return grade


# ---- on a worker of the cluster

_kept = threading.local()


def grade_remotely(setup: Setup, student: str, data: bytes) -> Graded:
    """Grade one submission with a server that this thread keeps for the next one."""
    if getattr(_kept, "fingerprint", None) != setup.fingerprint:
        if server := getattr(_kept, "server", None):
            server.close()
        _kept.server: Server = server_for(setup.exercises, setup.limits, slot=threading.get_native_id())
        _kept.fingerprint = setup.fingerprint
    return grade_submission(setup, student, data, _kept.server)
