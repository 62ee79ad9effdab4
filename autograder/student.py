"""What a confined process does for the grader: run cells, keep snapshots, answer cases.

Runs beside the student's code: no secrets here. What it is asked is in :mod:`autograder.runner`.
"""

import os
import resource
import signal
import struct
import sys
import tempfile
import time
from time import sleep  # before a cell may put something else in its place

import confine
import probes
import shell as shells
from frames import leave, receive, send

DEV = ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full"]


def study(shell, settings: dict, rules, layers: list, missing: dict) -> int:
    """Give up every right that is not needed, say so, and do what the grader asks until it says it is done."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 2)  # the server's own voice
    os.chdir(settings["scratch"] if "scratch" in layers else settings["fallback_scratch"])
    if os.getuid() == 0 and "scratch" not in layers:
        os.chmod(".", 0o777)  # for whom this process is about to become
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
                if owns_count:
                    end_strays({1, process, *(snapshot.process for snapshot in snapshots.values())})
                send({"outputs": outputs})
        elif "snapshot" in request:
            snapshots[request["snapshot"]] = Snapshot(shell, settings["case"])
            send({"snapshot": request["snapshot"]})
        elif "answer" in request:
            send({"ended": snapshots[request["answer"]].answer(request["each"])})
        elif "done" in request:
            return 0


def end_strays(kept: set[int]) -> None:
    """End what a cell has left running: the next ones would be charged for its memory and its processes."""
    for _ in range(200):  # forks may fork on meanwhile, and on a busy machine it takes them time to end
        strays = [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and int(entry) not in kept]
        if not strays:
            return
        for stray in strays:
            try:
                os.kill(stray, signal.SIGKILL)
            except OSError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            pass
        sleep(0.01)


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
        half, most = resource.getrlimit(resource.RLIMIT_NPROC)
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
        self.process = os.fork()
        if self.process == 0:
            os.close(self._go)
            os.close(self._told)
            leave(lambda: self._keep(shell, seconds, go, tell))
        resource.setrlimit(resource.RLIMIT_NPROC, (half, most))
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
