"""The trusted end of a worker: starts it, asks it, believes nothing of it, ends it."""

import os
import selectors
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.plain import LIMIT, NotPlain, pack, unpack

# What would hand the student the answer, or bring a second implementation of it.
REFUSED = ("convbook", "torch", "torchvision", "tensorflow", "jax", "scipy", "skimage", "sklearn", "cv2", "nbgrader")


@dataclass(frozen=True)
class Limits:
    """Seconds of wall time for a cell and for a case, seconds of CPU and bytes of memory for the worker."""

    cell: float = 30.0
    case: float = 10.0
    cpu: int = 300
    memory: int = 4 * 2**30


class WorkerEnded(Exception):
    """The worker ended, hung or talked nonsense; the text says which, in words for the student."""


class ForkEnded(Exception):
    """A case ended the fork that answered it; the text says how."""


class Worker:
    """A process that runs one student's code; a context manager.

    >>> with Worker() as worker:
    ...     outputs = worker.run_cell("def double(n): return 2 * n")
    ...     with worker.fork() as probe:
    ...         probe("call", "double", (21,))
    {'value': 42, 'changed inputs': []}
    """

    def __init__(self, limits: Limits | None = None, refuse: tuple[str, ...] = REFUSED):
        self.limits = limits or Limits()
        self._scratch = tempfile.TemporaryDirectory(prefix="submission-", ignore_cleanup_errors=True)
        environment = {
            "PATH": os.defpath,
            "HOME": self._scratch.name,
            "IPYTHONDIR": self._scratch.name,
            "MPLCONFIGDIR": self._scratch.name,
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "LANG": "C.UTF-8",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).with_name("worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch.name,
            env=environment,
            start_new_session=True,
        )
        self._ask({"refuse": list(refuse), "memory": self.limits.memory, "cpu": self.limits.cpu}, timeout=120)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """End the worker and every process of its session; remove its scratch folder."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._scratch.cleanup()

    def run_cell(self, source: str) -> list[dict]:
        """Outputs of a cell, as nbformat dictionaries. Raises ``WorkerEnded``."""
        reply = self._ask({"cell": source}, self.limits.cell)
        outputs = reply.get("outputs", [])
        return outputs if isinstance(outputs, list) else []

    @contextmanager
    def fork(self) -> Iterator[Callable[[str, str, tuple], dict]]:
        """A fork of the worker that answers cases: ``probe(name, function, args) -> outcome``.

        Its end leaves the worker as it was. ``probe`` raises ``ForkEnded`` when a case ended the fork, and
        ``WorkerEnded`` when the worker itself is gone.
        """
        self._send({"fork": self.limits.case})
        ended = False

        def probe(name: str, function: str, args: tuple) -> dict:
            nonlocal ended
            # the fork keeps the time itself; the margin is for one that does not
            reply = self._ask({"probe": name, "function": function, "args": args}, self.limits.case + 5)
            if "ended" in reply:
                ended = True
                raise ForkEnded(self._reason(reply["ended"]))
            return reply

        yield probe
        if not ended and "ended" not in self._ask({"done": True}, 10):
            raise WorkerEnded("the process answered out of turn")

    def _reason(self, status) -> str:
        """Why a process ended, in words, from its exit status."""
        reasons = {
            -signal.SIGALRM: f"it took longer than {self.limits.case:g} seconds",
            -signal.SIGXCPU: f"it took more than {self.limits.cpu} seconds of processor time",
        }
        if type(status) is not int or not -65 < status < 256:
            return "Python ended"
        if status in reasons:
            return reasons[status]
        if status < 0:
            return f"Python was ended by signal {signal.Signals(-status).name}"
        return f"Python ended with exit status {status}"

    def _send(self, request: dict) -> None:
        message = pack(request)
        try:
            self._process.stdin.write(struct.pack("<I", len(message)) + message)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None

    def _ask(self, request: dict, timeout: float) -> dict:
        deadline = time.monotonic() + timeout
        self._send(request)
        (length,) = struct.unpack("<I", self._read(4, deadline, timeout))
        if length > LIMIT:
            raise WorkerEnded(f"the result is larger than {LIMIT // 2**20} MiB")
        try:
            reply = unpack(self._read(length, deadline, timeout))
        except NotPlain:
            raise WorkerEnded("the answer of the process could not be read") from None
        return reply if isinstance(reply, dict) else {}

    def _read(self, count: int, deadline: float, timeout: float) -> bytes:
        parts = []
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while count:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise WorkerEnded(f"it took longer than {timeout:g} seconds")
                part = os.read(self._process.stdout.fileno(), min(count, 2**20))
                if not part:
                    raise self._ended()
                parts.append(part)
                count -= len(part)
        return b"".join(parts)

    def _ended(self) -> WorkerEnded:
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return WorkerEnded("Python closed its connection to the grader")
        return WorkerEnded(self._reason(status))
