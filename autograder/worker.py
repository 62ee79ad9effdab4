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
import sys
import time
from pathlib import Path

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
import confine  # noqa: E402
import shell as shells  # noqa: E402
from frames import Gone, leave, read_exactly, receive, send  # noqa: E402
from student import study  # noqa: E402

sys.path.remove(HERE)

LOOK = 0.25  # seconds between two looks at the memory of a submission


# ---- the server


def serve(settings: dict) -> None:
    """Import what submissions use, then fork for each request to begin one, until the grader is gone."""
    for name in settings["preload"]:
        __import__(name)
    if "torch" in settings["preload"]:
        sys.path.insert(0, HERE)
        import torch_probes

        sys.path.remove(HERE)
        torch_probes.warm_up()
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
        if "processes" in layers and use_more_than(settings["memory"]):
            return 128 + signal.SIGBUS


def use_more_than(limit: int) -> bool:
    """Whether this namespace's processes together use more memory than that, what forks share counted once."""
    page = os.sysconf("SC_PAGE_SIZE")
    resident = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and entry != "1":
            try:
                resident[entry] = int(Path(f"/proc/{entry}/statm").read_text().split()[1]) * page
            except (OSError, ValueError, IndexError):
                continue
    # as a rule they are far below, and the exact sum takes the kernel longer
    return sum(resident.values()) > limit and sum(map(shared_out, resident, resident.values())) > limit


def shared_out(entry: str, resident: int) -> int:
    """A process's memory, pages that it shares divided among those who share them."""
    try:
        text = Path(f"/proc/{entry}/smaps_rollup").read_text()
        return int(text.split("\nPss:")[1].split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return resident


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        serve(receive())
    except Gone:
        pass
