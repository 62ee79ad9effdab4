"""The grader's end of three pipes to the server of students' code: see :mod:`autograder.worker`.

Requests go out on one; a student's answers come back on the second, and on the third the server's own words, which
no student's process can write. Frames are four bytes of length, then a message of :mod:`autograder.plain`.
"""

import fcntl
import os
import select
import struct
import subprocess
import time

from autograder.plain import LIMIT, NotPlain, unpack


class WorkerEnded(Exception):
    """The student's process ended, hung or talked nonsense; the text says which, in words for the student."""


class Heard(Exception):
    """The server spoke while something else was awaited."""


class Pipes:
    """The pipes of a server's process. ``mark``: the bytes that the server passes over requests to, after an end."""

    def __init__(self, process: subprocess.Popen, mark: str):
        self._mark = mark.encode()
        self._requests, self._answers, self._words = (
            pipe.fileno() for pipe in (process.stdin, process.stdout, process.stderr)
        )
        os.set_blocking(self._requests, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):  # a whole notebook fits, so that few writes wait
            for pipe in (self._requests, self._answers):
                try:
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 2**20)
                except OSError:  # a limit of the system for all pipes of a user
                    break
        self._came = bytearray()  # of the student's answers, not yet asked for
        self._writing, self._reading, self._hearing = select.poll(), select.poll(), select.poll()
        self._writing.register(self._requests, select.POLLOUT)
        for poll in (self._writing, self._reading, self._hearing):
            poll.register(self._words, select.POLLIN)
        self._reading.register(self._answers, select.POLLIN)

    def put(self, message: bytes, timeout: float) -> None:
        """Send a message; ends early, with ``Heard``, when the server has something to say."""
        rest, deadline = memoryview(struct.pack("<I", len(message)) + message), time.monotonic() + timeout
        while rest:
            ready = dict(self._writing.poll(max(0.0, 1000 * (deadline - time.monotonic()))))
            if not ready:
                raise TimeoutError
            if self._words in ready:
                raise Heard
            try:
                rest = rest[os.write(self._requests, rest) :]
            except BlockingIOError:
                continue

    def answer(self, deadline: float):
        """The next message of the student's code; raises ``Heard`` when there is none and the server speaks."""
        (length,) = struct.unpack("<I", self._take(4, deadline))
        if length > LIMIT:
            raise NotPlain(f"the result is larger than {LIMIT // 2**20} MiB")
        return unpack(self._take(length, deadline))

    def _take(self, count: int, deadline: float) -> bytes:
        while len(self._came) < count:
            ready = dict(self._reading.poll(max(0.0, 1000 * (deadline - time.monotonic()))))
            if not ready:
                raise TimeoutError
            if self._answers not in ready:
                raise Heard
            part = os.read(self._answers, 2**20)
            if not part:
                raise Heard
            self._came += part
        taken = bytes(self._came[:count])
        del self._came[:count]
        return taken

    def word(self, deadline: float) -> dict:
        """The next of the server's own words; raises ``WorkerEnded`` with what else is said in their place."""

        def take(count: int) -> bytes:
            part = b""
            while len(part) < count:
                if not self._hearing.poll(max(0.0, 1000 * (deadline - time.monotonic()))):
                    raise TimeoutError
                more = os.read(self._words, count - len(part))
                if not more:
                    raise WorkerEnded("the server has ended" + (f": {part.decode(errors='replace')}" if part else ""))
                part += more
            return part

        first = take(4)
        (length,) = struct.unpack("<I", first)
        if length > 2**16:  # not a frame: what the command that should start the server complains of
            said = first + os.read(self._words, 2000)
            raise WorkerEnded(" ".join(said.decode("utf-8", "replace").split()))
        return unpack(take(length))

    def next(self) -> None:
        """Be ready for the next submission: drop what the last one has left in the pipes."""
        self._came.clear()
        empty = select.poll()
        empty.register(self._answers, select.POLLIN)
        while empty.poll(0) and os.read(self._answers, 2**20):
            pass
        rest = self._mark
        while rest:
            self._writing.poll(1000)
            try:
                rest = rest[os.write(self._requests, rest) :]
            except BlockingIOError:
                continue
