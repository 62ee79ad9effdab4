"""The trusted end: starts the server of students' code, asks it, believes nothing of it, ends it."""

import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.errors import CourseError
from autograder.exercise import Exercise
from autograder.pipes import Heard, Pipes, WorkerEnded
from autograder.plain import NotPlain, pack
from autograder.sandbox import REFUSED, launch, ways

ESSENTIAL = ("files", "processes", "network")
MARGIN = 5.0  # seconds after which a time limit that a process should have kept itself is kept from outside


@dataclass(frozen=True)
class Limits:
    """Seconds of wall time for a cell, a case and a submission, seconds of CPU for a process; bytes of memory for
    a submission, of one file and of all files; processes and threads of a submission."""

    cell: float = 30.0
    case: float = 60.0  # for seven nested loops, too
    total: float = 900.0
    cpu: int = 300
    memory: int = 4 * 2**30
    file_size: int = 2**26
    scratch_size: int = 2**28
    processes: int = 100


class ForkEnded(Exception):
    """A case ended the fork that answered it; the text says how."""


class NoServer(CourseError):
    """The server could not be started; the text says why, in words for the instructor."""


class Server:
    """A warm process that forks for each submission; a context manager. It starts when first used.

    ``refused``: modules that submissions may not import. ``preload``: modules imported before the first fork.
    ``slot``: a number of its own for each server of a host.

    >>> with Server() as server, server.begin() as worker:
    ...     outputs = worker.run_cell("def double(n): return 2 * n")
    ...     worker.snapshot("double")
    ...     list(worker.answers("double", pack([("call", "double", (21,))])))
    [{'value': 42, 'changed inputs': []}]
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
        self._mark, self._ways = secrets.token_hex(16), []
        self._process: subprocess.Popen | None = None
        self._scratch: tempfile.TemporaryDirectory | None = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def start(self) -> None:
        """Start the process, in the best way that works here. Raises ``NoServer`` where none does."""
        reasons = []
        for way in self._ways or ways():
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
                "mark": self._mark,
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
                self.pipes = Pipes(self._process, self._mark)
                try:
                    self.pipes.put(pack(self._settings), 60)
                except Heard:  # a complaint, which is what comes next
                    pass
                answer = self.pipes.word(time.monotonic() + 120)
            except (OSError, WorkerEnded, NotPlain) as error:
                reasons.append(f"{way}: {error}")
                self.close()
                continue
            self.kind = start.kind
            if reasons:
                self.missing["start"] = "; ".join(reasons)
            if answer.get("missing"):
                self.missing["system calls"] = str(answer["missing"])
            self._ways = [way]
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


def server_for(exercises: tuple[Exercise, ...], limits: Limits | None = None, slot: int = 0) -> Server:
    """A server whose submissions may import what these exercises allow."""
    allowed = {name for exercise in exercises for name in exercise.allowed}
    refused = tuple(name for name in REFUSED if name not in allowed)
    return Server(limits, refused, ("numpy", *sorted(allowed)), slot)


class Worker:
    """The process of one submission; a context manager. After its end ``usage`` says what it took."""

    def __init__(self, server: Server):
        self._server, self._limits = server, server.limits
        self.usage: dict = {}
        self._open = True
        ready = self._ask({"begin": True}, 60).get("ready")
        if not isinstance(ready, dict):
            raise self._end("the process did not begin as it should")
        server.layers = list(ready["layers"])
        server.missing |= ready["missing"]

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Let the submission's processes end; end them if they do not."""
        if not self._open:
            return
        try:
            self._server.pipes.put(pack({"done": True}), MARGIN)
            self._over(self._server.pipes.word(time.monotonic() + MARGIN))
        except Heard:
            try:
                self._over(self._server.pipes.word(time.monotonic() + MARGIN))
            except (OSError, WorkerEnded, NotPlain):
                self._end("")
        except (OSError, WorkerEnded, NotPlain):
            self._end("")

    def run_cell(self, source: str) -> list[dict]:
        """Outputs of a cell, as nbformat dictionaries. Raises ``WorkerEnded``."""
        return self._outputs(self._ask({"cell": source}, self._limits.cell + MARGIN))

    def snapshot(self, name: str) -> None:
        """Keep the namespace as it is now under ``name``. Raises ``WorkerEnded``."""
        self._kept(self._ask({"snapshot": name}, MARGIN), name)

    def run(self, steps: list[dict]) -> Iterator[list[dict] | None]:
        """Run many steps at one go, each ``{"cell": source}`` or ``{"snapshot": name}``.

        Yields a cell's outputs, and None for a snapshot. Raises ``WorkerEnded`` at the step that ended Python.
        """
        self._say(*map(pack, steps))
        for step in steps:
            reply = self._hear(self._limits.cell + MARGIN)
            yield self._outputs(reply) if "cell" in step else self._kept(reply, step["snapshot"])

    def _outputs(self, reply: dict) -> list[dict]:
        return reply["outputs"] if isinstance(reply.get("outputs"), list) else []

    def _kept(self, reply: dict, name: str) -> None:
        if reply.get("snapshot") != name:
            raise self._end("the process answered out of turn")

    def answers(self, name: str, cases: bytes, each: bool = False) -> Iterator[dict]:
        """Outcomes of cases, given as the packed list of ``(probe, function, args)``, from a snapshot.

        With ``each`` an outcome is sent before the next case begins, and a fork of the snapshot answers, so that
        it can be asked again. Without, the outcomes of the last second may be lost when a case ends Python, and
        the snapshot is used up. Raises ``ForkEnded`` when a case ended the
        fork, and ``WorkerEnded`` when the submission's process itself is gone.
        """
        self._say(pack({"answer": name, "each": each}), cases)
        while True:
            # the fork keeps the time itself; the margin is for one that does not
            reply = self._hear(self._limits.case + MARGIN)
            if "ended" in reply:
                if reply["ended"] != 0:
                    raise ForkEnded(self._reason(reply["ended"]))
                return
            if "outcomes" not in reply:
                yield reply
            elif isinstance(reply["outcomes"], list):
                yield from reply["outcomes"]

    def _ask(self, request: dict, timeout: float) -> dict:
        self._say(pack(request))
        return self._hear(timeout)

    def _say(self, *messages: bytes) -> None:
        """Send messages to the student's process. Where it has ended, the next answer tells."""
        if not self._open:
            raise WorkerEnded("Python had ended")
        try:
            for message in messages:
                self._server.pipes.put(message, self._limits.cell + MARGIN)
        except Heard:
            pass
        except OSError:
            raise self._end("Python no longer listened to the grader") from None

    def _hear(self, timeout: float) -> dict:
        """The next answer of the student's code. Whatever else comes ends the submission."""
        server = self._server
        try:
            reply = server.pipes.answer(time.monotonic() + timeout)
        except NotPlain as error:
            larger = str(error) if "larger" in str(error) else "the answer of the process could not be read"
            raise self._end(larger) from None
        except TimeoutError:
            raise self._end(f"it took longer than {timeout - MARGIN:g} seconds") from None
        except Heard:
            try:
                word = server.pipes.word(time.monotonic() + MARGIN)
            except (OSError, WorkerEnded, NotPlain) as error:
                raise self._end(str(error) or "the server has ended") from None
            self._over(word)
            raise WorkerEnded(self._reason(word.get("ended"))) from None
        return reply if isinstance(reply, dict) else {}

    def _over(self, word: dict) -> None:
        """Take the server's word that all processes of the submission are gone."""
        self._open = False
        self.usage = {key: word[key] for key in ("seconds", "cpu_seconds", "memory") if key in word}
        if "processes" in self._server.layers:
            self._server.pipes.next()
        else:  # some may be left, and listen
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
