"""The trusted end: starts the server of students' code, asks it, believes nothing of it, ends it."""

import os
import selectors
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.plain import LIMIT, NotPlain, pack, unpack
from autograder.sandbox import REFUSED, launch, ways

ESSENTIAL = ("files", "processes", "network")
MARGIN = 5.0  # seconds after which a time limit that a process should have kept itself is kept from outside


@dataclass(frozen=True)
class Limits:
    """Seconds of wall time for a cell, a case and a submission, seconds of CPU for a process; bytes of memory for
    a submission, of one file and of all files; processes and threads of a submission."""

    cell: float = 30.0
    case: float = 10.0
    total: float = 900.0
    cpu: int = 300
    memory: int = 4 * 2**30
    file_size: int = 2**26
    scratch_size: int = 2**28
    processes: int = 100


class WorkerEnded(Exception):
    """The student's process ended, hung or talked nonsense; the text says which, in words for the student."""


class ForkEnded(Exception):
    """A case ended the fork that answered it; the text says how."""


class NoServer(Exception):
    """The server could not be started; the text says why, in words for the instructor."""


class Server:
    """A warm process that forks for each submission; a context manager. It starts when first used.

    ``refused``: modules that submissions may not import. ``preload``: modules imported before the first fork.
    ``slot``: a number of its own for each server of a host.

    >>> with Server() as server, server.begin() as worker:
    ...     outputs = worker.run_cell("def double(n): return 2 * n")
    ...     worker.snapshot("double")
    ...     with worker.answering("double") as probe:
    ...         probe("call", "double", (21,))
    {'value': 42, 'changed inputs': []}
    """

    def __init__(
        self,
        limits: Limits | None = None,
        refused: tuple[str, ...] = REFUSED,
        preload: tuple[str, ...] = ("numpy",),
        slot: int = 0,
    ):
        self.limits, self.refused, self.preload, self.slot = limits or Limits(), refused, preload, slot
        self.kind, self.layers, self.missing = "", [], {}
        self._process: subprocess.Popen | None = None
        self._scratch: tempfile.TemporaryDirectory | None = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def start(self) -> None:
        """Start the process, in the best way that works here. Raises ``NoServer`` where none does."""
        reasons = []
        for way in ways():
            self._scratch = tempfile.TemporaryDirectory(prefix="submission-", ignore_cleanup_errors=True)
            os.chmod(self._scratch.name, 0o777)
            start = launch(way, Path(self._scratch.name), self.refused, self.slot)
            words = ("NumPy", "torch") if "torch" in self.preload else ("NumPy",)
            self._settings = {
                **start.settings,
                **asdict(self.limits),
                "refuse": list(self.refused),
                "allowed": f"{' and '.join(words)} {'are' if len(words) > 1 else 'is'}",
                "preload": list(self.preload),
            }
            try:
                self._process = subprocess.Popen(
                    start.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    cwd="/" if start.kind != "bare" else self._scratch.name,
                    env=start.environment,
                    start_new_session=True,
                )
                os.set_blocking(self._process.stdin.fileno(), False)
                self._put(self._settings, 60)
                answer = self._word(time.monotonic() + 120)
            except (OSError, WorkerEnded, NotPlain) as error:
                reasons.append(f"{way}: {error}")
                self.close()
                continue
            self.kind, self.missing = start.kind, dict(filter(None, [("start", "; ".join(reasons))])) if reasons else {}
            if answer.get("missing"):
                self.missing["system calls"] = str(answer["missing"])
            return
        raise NoServer(f"the server of students' code does not start: {'; '.join(reasons)}")

    def begin(self) -> "Worker":
        """A process for one submission; raises ``NoServer`` where the server cannot be started."""
        if self._process is None:
            self.start()
        return Worker(self)

    def isolation(self) -> dict[str, str]:
        """What confines a submission here, by layer; a layer that is missing has no entry. Asks a real submission."""
        with self.begin():
            return self.found_layers()

    def found_layers(self) -> dict[str, str]:
        landlock = next((layer for layer in self.layers if layer.startswith("Landlock")), "")
        contained = self.kind in ("podman", "docker")
        behind = " and ".join(filter(None, [self.kind if self.kind != "bare" else "", landlock]))
        found = {
            "files": behind,
            "processes": "a namespace" if "processes" in self.layers else self.kind if contained else "",
            "network": "a namespace" if self._settings["alone"] or "network" in self.layers else "",
            "user": "an ordinary user of its own" if "user" in self.layers else "",
            "system calls": "seccomp" if "system calls" in self.layers else "",
            "scratch folder": "a file system of its own" if "scratch" in self.layers else "",
        }
        return {layer: how for layer, how in found.items() if how}

    def close(self) -> None:
        """End the server and all that it forked."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                pipe.close()
            self._process = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    # ---- frames over three pipes: requests, a student's answers, the server's own words

    def _put(self, request: dict, timeout: float) -> None:
        """Send a request; raises ``WorkerEnded`` where nobody takes it."""
        message = pack(request)
        rest = memoryview(struct.pack("<I", len(message)) + message)
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdin, selectors.EVENT_WRITE)
            while rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.close()
                    raise WorkerEnded("Python no longer listened to the grader")
                try:
                    rest = rest[os.write(self._process.stdin.fileno(), rest[: 2**20]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    said = os.read(self._process.stderr.fileno(), 2000).decode("utf-8", "replace").strip()
                    self.close()
                    raise WorkerEnded(said or "the server has ended") from None

    def _word(self, deadline: float) -> dict:
        """The next of the server's own words."""
        first = self._read(self._process.stderr, 4, deadline, ())
        (length,) = struct.unpack("<I", first)
        if length > 2**16:  # not a frame: what the command that should start it complains of
            said = first + os.read(self._process.stderr.fileno(), 2000)
            raise WorkerEnded(said.decode("utf-8", "replace").strip())
        return unpack(self._read(self._process.stderr, length, deadline, ()))

    def _read(self, pipe, count: int, deadline: float, others: tuple) -> bytes:
        """Exactly ``count`` bytes of ``pipe``; raises ``_Heard`` when one of ``others`` speaks first."""
        parts = []
        with selectors.DefaultSelector() as selector:
            for each in (pipe, *others):
                selector.register(each, selectors.EVENT_READ)
            while count:
                ready = [key.fileobj for key, _ in selector.select(max(0.0, deadline - time.monotonic()))]
                if not ready:
                    raise TimeoutError
                if pipe not in ready:
                    raise _Heard
                part = os.read(pipe.fileno(), min(count, 2**20))
                if not part:
                    raise WorkerEnded("the server has ended")
                parts.append(part)
                count -= len(part)
        return b"".join(parts)

    def _drain(self) -> None:
        """Drop what a submission that is over has left in the pipe."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while selector.select(0) and os.read(self._process.stdout.fileno(), 2**20):
                pass


class _Heard(Exception):
    """The server spoke while an answer of the student's code was awaited."""


class Worker:
    """The process of one submission; a context manager. After its end ``usage`` says what it took."""

    def __init__(self, server: Server):
        self._server, self._limits = server, server.limits
        self.usage: dict = {}
        self._open = True
        server._put({"begin": {}}, 10)
        answer = self._answer(60)
        ready = answer.get("ready")
        if not isinstance(ready, dict):
            raise self._end("the process did not begin as it should")
        server.layers, server.missing = list(ready["layers"]), {**server.missing, **ready["missing"]}

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Let the submission's processes end; end them if they do not."""
        if not self._open:
            return
        try:
            self._server._put({"done": True}, MARGIN)
            self._over(self._server._word(time.monotonic() + MARGIN))
        except (TimeoutError, WorkerEnded, NotPlain):
            self._open = False
            self._server.close()

    def run_cell(self, source: str) -> list[dict]:
        """Outputs of a cell, as nbformat dictionaries. Raises ``WorkerEnded``."""
        outputs = self._ask({"cell": source}, self._limits.cell + MARGIN).get("outputs", [])
        return outputs if isinstance(outputs, list) else []

    def snapshot(self, name: str) -> None:
        """Keep the namespace as it is now under ``name``. Raises ``WorkerEnded``."""
        if self._ask({"snapshot": name}, MARGIN).get("snapshot") != name:
            raise self._end("the process answered out of turn")

    @contextmanager
    def answering(self, name: str) -> Iterator[Callable[[str, str, tuple], dict]]:
        """A fork of a snapshot that answers cases: ``probe(name, function, args) -> outcome``.

        Its end leaves the snapshot as it was. ``probe`` raises ``ForkEnded`` when a case ended the fork, and
        ``WorkerEnded`` when the submission's process itself is gone.
        """
        self._server._put({"answer": name}, MARGIN)
        ended = False

        def probe(name: str, function: str, args: tuple) -> dict:
            nonlocal ended
            # the fork keeps the time itself; the margin is for one that does not
            reply = self._ask({"probe": name, "function": function, "args": args}, self._limits.case + MARGIN)
            if "ended" in reply:
                ended = True
                raise ForkEnded(self._reason(reply["ended"]))
            return reply

        yield probe
        if not ended and "ended" not in self._ask({"done": True}, MARGIN):
            raise self._end("the process answered out of turn")

    def _ask(self, request: dict, timeout: float) -> dict:
        if not self._open:
            raise WorkerEnded("Python had ended")
        try:
            self._server._put(request, timeout)
        except WorkerEnded as error:
            raise self._end(str(error)) from None
        return self._answer(timeout)

    def _answer(self, timeout: float) -> dict:
        """The next answer of the student's code. Whatever else comes ends the submission."""
        server, deadline = self._server, time.monotonic() + timeout
        try:
            pipes = server._process.stdout, (server._process.stderr,)
            (length,) = struct.unpack("<I", server._read(pipes[0], 4, deadline, pipes[1]))
            if length > LIMIT:
                raise self._end(f"the result is larger than {LIMIT // 2**20} MiB")
            reply = unpack(server._read(pipes[0], length, deadline, pipes[1]))
        except NotPlain:
            raise self._end("the answer of the process could not be read") from None
        except TimeoutError:
            raise self._end(f"it took longer than {timeout - MARGIN:g} seconds") from None
        except _Heard:
            try:
                word = server._word(time.monotonic() + MARGIN)
            except (TimeoutError, WorkerEnded, NotPlain):
                raise self._end("the server has ended") from None
            self._over(word)
            raise WorkerEnded(self._reason(word.get("ended"))) from None
        return reply if isinstance(reply, dict) else {}

    def _over(self, word: dict) -> None:
        """Take the server's word that all processes of the submission are gone."""
        self._open = False
        self.usage = {key: word[key] for key in ("seconds", "cpu_seconds", "memory") if key in word}
        self._server._drain()
        if "processes" not in self._server.layers:  # some may be left, and listen
            self._server.close()

    def _end(self, reason: str) -> WorkerEnded:
        """End the submission from outside, the server with it."""
        self._open = False
        self._server.close()
        return WorkerEnded(reason)

    def _reason(self, status) -> str:
        """Why a process ended, in words, from its exit status; a signal is below 0 or above 128."""
        if type(status) is not int or not -65 < status < 256:
            return "Python ended"
        number = -status if status < 0 else status - 128 if status > 128 else 0
        limits = self._limits
        reasons = {
            signal.SIGALRM: f"it took longer than {limits.cell if status > 0 else limits.case:g} seconds",
            signal.SIGXCPU: f"it took more than {limits.cpu} seconds of processor time",
            signal.SIGVTALRM: f"the notebook took longer than {limits.total:g} seconds",
            signal.SIGBUS: f"it used more than {limits.memory / 2**30:g} GiB of memory",
        }
        if number in reasons:
            return reasons[number]
        if number and number in set(signal.Signals):
            return f"Python was ended by signal {signal.Signals(number).name}"
        return f"Python ended with exit status {status}"
