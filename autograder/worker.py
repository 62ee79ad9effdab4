"""Runs students' cells and answers probes. A script of its own process, never imported by the grader.

A warm server forks once for each submission; what it forks is confined before the student's first line runs.
Nothing here knows a hidden case before it is asked, an expected value or a score.

Three pipes, all frames (four bytes of length, then a message of ``plain``): requests on descriptor 0, answers
about a student's code on 1, and on 2 the server's own words, which no student's process can write to.
"""

import gc
import os
import resource
import signal
import struct
import sys
import tempfile
import time
from pathlib import Path

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
import confine  # noqa: E402
import plain  # noqa: E402
import probes  # noqa: E402
import shell as shells  # noqa: E402

sys.path.remove(HERE)

DEV = ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full"]
LOOK = 0.25  # seconds between two looks at the memory of a submission


class Gone(Exception):
    """The other end has closed its pipe."""


def receive():
    """The next request. Nothing is read ahead: a fork may be the one to read on."""
    (length,) = struct.unpack("<I", read_exactly(4))
    return plain.unpack(read_exactly(length))


def read_exactly(count: int) -> bytes:
    parts = []
    while count:
        part = os.read(0, min(count, 2**20))
        if not part:
            raise Gone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def send(value, descriptor: int = 1) -> None:
    try:
        message = plain.pack(value)
    except plain.NotPlain as error:
        message = plain.pack({"error": (["ResultTooLarge"], str(error))})
    message = memoryview(struct.pack("<I", len(message)) + message)
    while message:
        message = message[os.write(descriptor, message) :]


# ---- the server


def serve(settings: dict) -> None:
    """Import what submissions use, then fork for each request to begin one, until the grader is gone."""
    for name in settings["preload"]:
        __import__(name)
    shell = shells.make_shell()
    shell.user_ns["np"] = sys.modules["numpy"]  # so that a failed import beside it does not take NumPy away as well
    warm_up(shell)
    shells.hide(settings["refuse"], settings["allowed"])
    gc.collect()
    gc.freeze()  # what is there now stays; looking through it in every fork would copy its memory
    try:
        rules = confine.system_call_filter()
        rules_missing = ""
    except OSError as error:
        rules, rules_missing = None, str(error)
    if sys.platform == "linux":
        confine.hide_memory(True)
        confine.end_with_parent(signal.SIGKILL)
    send({"ready": True, "missing": rules_missing}, 2)
    while True:
        request = receive()
        if "begin" in request:
            begun = time.monotonic()
            child = os.fork()
            if child == 0:
                leave(lambda: submission(shell, settings, rules))
            _, status, used = os.wait4(child, 0)
            send({"ended": tell(status), "seconds": time.monotonic() - begun, **usage(used)}, 2)
            skip_to(settings["mark"].encode())


def skip_to(mark: bytes) -> None:
    """Pass over what was meant for a submission that has ended, to the mark that the grader sets behind it."""
    seen = b""
    while not seen.endswith(mark):
        seen = seen[-len(mark) :] + read_exactly(1 if seen else len(mark))


def warm_up(shell) -> None:
    """Meet once what would otherwise be imported or compiled in every submission: tracebacks, asyncio, display."""
    for source in ("1 / 0", "print()\n1", "%time None", "import asyncio"):
        shells.run_cell(shell, source)


def usage(used) -> dict:
    scale = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in kilobytes here
    return {"cpu_seconds": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * scale}


def leave(action) -> None:
    """Run ``action`` in this fork and end it; its result is the exit status."""
    status = 70
    try:
        status = action() or 0
    except Gone:
        status = 0
    finally:
        os._exit(status)


def tell(status: int) -> int:
    """An exit status for the next process up: a signal's number is told as 128 and that number."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


# ---- one submission: a fork that makes namespaces, one that watches in them, one that is the student's


def submission(shell, settings: dict, rules) -> int:
    """Enter namespaces of this submission's own and run it there; returns how it ended."""
    layers, missing = [], {}
    if sys.platform == "linux":
        confine.end_with_parent(signal.SIGKILL)
    try:
        layers += confine.enter_namespaces(with_network=not settings["alone"])
    except (OSError, AttributeError) as error:
        missing["processes"] = str(error)
    watcher = os.fork()
    if watcher == 0:
        leave(lambda: watch(shell, settings, rules, layers, missing))
    return tell(os.waitpid(watcher, 0)[1])


def watch(shell, settings: dict, rules, layers: list, missing: dict) -> int:
    """The first process of the namespace: its end ends every other. Watches the student's time and memory."""
    if sys.platform == "linux":
        confine.end_with_parent(signal.SIGKILL)
    scratch = settings["scratch"]
    if "processes" in layers:
        try:
            layers += confine.mount_scratch(scratch, settings["scratch_size"], settings["user"])
        except OSError as error:
            missing["scratch"] = str(error)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    student = os.fork()
    if student == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        leave(lambda: study(shell, settings, rules, layers, missing))
    os.close(0)
    deadline = time.monotonic() + settings["total"]
    while True:
        signal.sigtimedwait({signal.SIGCHLD}, LOOK) if sys.platform == "linux" else time.sleep(LOOK / 10)
        while True:  # others than the student come here too, whose parents have ended
            try:
                ended, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 70
            if ended == student:
                return tell(status)
            if ended == 0:
                break
        if time.monotonic() > deadline:
            return 128 + signal.SIGVTALRM
        if "processes" in layers and memory_of_all() > settings["memory"]:
            return 128 + signal.SIGBUS


def memory_of_all() -> int:
    """Bytes of memory that this namespace's processes use together, what forks share counted once."""
    total = proportional = 0
    page = os.sysconf("SC_PAGE_SIZE")
    for entry in os.listdir("/proc"):
        if entry.isdigit() and entry != "1":
            try:
                resident = int(Path(f"/proc/{entry}/statm").read_text().split()[1]) * page
                total += resident
                proportional += resident if total < 2**30 else shared_out(entry, resident)
            except (OSError, ValueError, IndexError):
                continue
    return min(total, proportional)


def shared_out(entry: str, resident: int) -> int:
    """A process's memory, pages that it shares divided among those who share them."""
    try:
        text = Path(f"/proc/{entry}/smaps_rollup").read_text()
        return int(text.split("\nPss:")[1].split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return resident


def study(shell, settings: dict, rules, layers: list, missing: dict) -> int:
    """Give up every right that is not needed, say so, and do what the grader asks until it says it is done."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 2)  # the server's own voice
    os.chdir(settings["scratch"] if "scratch" in layers else settings["fallback_scratch"])
    os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = os.getcwd()
    owns_count = "processes" in layers
    for name, layer in (
        ("user", lambda: confine.become(settings["user"])),
        ("files", lambda: confine.restrict_files([*settings["readable"], "/proc", "/dev"], [os.getcwd(), *DEV])),
        ("system calls", lambda: load(rules)),
    ):
        try:
            if sys.platform == "linux":
                layers += layer() if name != "files" else privileges_then(layer)
        except OSError as error:
            missing[name] = str(error)
    confine.limit(
        settings["memory"], settings["cpu"], settings["file_size"], settings["processes"] if owns_count else None
    )
    if sys.platform == "linux":
        confine.hide_memory(False)
    send({"ready": {"layers": layers, "missing": missing}})
    snapshots: dict[str, Snapshot] = {}
    process = os.getpid()
    while True:
        if os.getpid() != process:
            return 0  # a fork that the student's code made, which the grader has not asked for
        request = receive()
        if "cell" in request:
            signal.setitimer(signal.ITIMER_REAL, settings["cell"])
            outputs = shells.run_cell(shell, request["cell"])
            signal.setitimer(signal.ITIMER_REAL, 0)
            if os.getpid() == process:
                send({"outputs": outputs})
        elif "snapshot" in request:
            snapshots[request["snapshot"]] = Snapshot(shell, settings["case"])
            send({"snapshot": request["snapshot"]})
        elif "answer" in request:
            send({"ended": snapshots[request["answer"]].answer(request["each"])})
        elif "done" in request:
            return 0


def privileges_then(layer):
    confine.forbid_privileges()  # Landlock asks for it
    return layer()


def load(rules) -> list[str]:
    if rules is None:
        return []
    confine.forbid_privileges()
    rules.load()
    return ["system calls"]


class Snapshot:
    """A fork that keeps the namespace as it is now, to answer cases from later.

    So an answer is graded as it stands at its cell, while all cells have run before the first hidden case comes:
    nothing that a case leaves behind can be printed by a cell.
    """

    def __init__(self, shell, seconds: float):
        go, self._go = os.pipe()
        self._told, tell = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            os.close(self._go)
            os.close(self._told)
            leave(lambda: self._keep(shell, seconds, go, tell))
        os.close(go)
        os.close(tell)

    def _keep(self, shell, seconds: float, go: int, tell: int) -> None:
        while how := os.read(go, 1):
            if how == b"a":
                return answer(shell, seconds, each=False)
            child = os.fork()
            if child == 0:
                leave(lambda: answer(shell, seconds, each=True))
            os.write(tell, struct.pack("<i", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))

    def answer(self, each: bool) -> int:
        """Let the snapshot answer the cases that come next; returns how it ended, an exit status.

        With ``each`` a fork of it does, so that it can be asked again when a case hangs or ends Python; without,
        it does itself, once.
        """
        try:
            os.write(self._go, b"e" if each else b"a")
            told = os.read(self._told, 4)
            if len(told) == 4:
                return struct.unpack("<i", told)[0]
            return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        except OSError:  # it has been ended by another cell
            return -signal.SIGKILL


def answer(shell, seconds: float, each: bool) -> None:
    """Answer the cases of the next message, and send the outcomes: one by one, or all that a second brings."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    outcomes, sent, process = [], time.monotonic(), os.getpid()
    for case in receive():
        signal.setitimer(signal.ITIMER_REAL, seconds)
        outcomes.append(probe(shell, *case))
        signal.setitimer(signal.ITIMER_REAL, 0)
        if os.getpid() != process:
            return
        if each or time.monotonic() > sent + 1:
            send({"outcomes": outcomes})
            outcomes, sent = [], time.monotonic()
    send({"outcomes": outcomes})


def probe(shell, name: str, function: str, args: tuple) -> dict:
    """Answer one case; what it prints is dropped, for hidden cases must not be printed."""
    sys.stdout, sys.stderr = shells.Limited(), shells.Limited()
    try:
        return probes.run(shell.user_ns, name, function, args)
    except BaseException as error:  # sys.exit() and the like, which a probe does not catch
        return {"error": ([type(error).__name__], "the function ended Python")}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        serve(receive())
    except Gone:
        pass
