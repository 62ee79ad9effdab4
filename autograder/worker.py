"""Runs a student's cells and answers probes. A script of its own process, never imported by the grader.

It holds no hidden case before it is asked, no expected value and no score. It speaks frames (four
bytes of length, then a message of ``plain``) on the descriptors that were its standard input and
output; the student's code sees others in their place.
"""

import importlib.abc
import io
import os
import resource
import signal
import struct
import sys
import types
from pathlib import Path

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
import numpy  # noqa: E402
import plain  # noqa: E402
import probes  # noqa: E402

sys.path.remove(HERE)

TEXT_LIMIT = 50_000  # characters kept of one output


def confine(memory: int, cpu: int) -> None:
    """Limit this process: bytes of address space, seconds of processor time, size of files."""
    limits = {resource.RLIMIT_FSIZE: (2**26, 2**26), resource.RLIMIT_CORE: (0, 0)}
    limits[resource.RLIMIT_CPU] = cpu, cpu + 5  # SIGXCPU, which says why, some seconds before SIGKILL
    if sys.platform != "darwin":  # where every process already has more address space than any sensible limit
        limits[resource.RLIMIT_AS] = memory, memory
    for which, pair in limits.items():
        resource.setrlimit(which, pair)


class Refuse(importlib.abc.MetaPathFinder):
    """Imports that would solve the exercise fail with a message."""

    def __init__(self, names):
        self.names = frozenset(names)

    def find_spec(self, fullname, path=None, target=None):
        top = fullname.partition(".")[0]
        if top in self.names:
            raise ImportError(f"{top} is not available while this exercise is graded: NumPy is all it needs")
        return None


def hide(names) -> None:
    """Refuse ``names`` and put a stand-in for the checker in place, whose ``check`` does nothing."""
    sys.meta_path.insert(0, Refuse(names))
    stand_in = types.ModuleType("autograder", "The official grade is made elsewhere; here check does nothing.")
    stand_in.check = lambda exercise, function: None
    sys.modules["autograder"] = stand_in


def make_shell():
    """An IPython shell without history whose results and errors are collected as notebook outputs."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Hook(DisplayHook):
        def write_output_prompt(self):
            pass

        def write_format_data(self, format_dict, md_dict=None):
            self.shell.record.append({"output_type": "execute_result", "data": text_only(format_dict)})

        def finish_displayhook(self):
            pass

    class Shell(InteractiveShell):
        displayhook_class = Hook
        record: list = []

        def _showtraceback(self, etype, evalue, stb):
            error = {"output_type": "error", "ename": etype.__name__, "evalue": cut(str(evalue))}
            self.record.append({**error, "traceback": [cut(line) for line in stb[-12:]]})

        def enable_gui(self, gui=None):
            pass

    config = Config()
    config.HistoryManager.enabled = False
    return Shell.instance(config=config)


def cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + f"\n... {len(text) - TEXT_LIMIT} characters more"


def text_only(data: dict) -> dict:
    return {kind: cut(value) for kind, value in data.items() if isinstance(value, str)}


class Limited(io.StringIO):
    """Keeps what is written up to the limit and drops the rest."""

    def write(self, text):
        if self.tell() <= TEXT_LIMIT:
            super().write(text[: TEXT_LIMIT + 1])
        return len(text)


def run_cell(shell, source: str) -> list[dict]:
    """Run one cell; return its outputs as plain dictionaries in notebook format."""
    from IPython.utils.capture import capture_output

    shell.record = []
    stdout, stderr = Limited(), Limited()
    with capture_output(stdout=False, stderr=False) as captured:
        real = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = stdout, stderr
        try:
            shell.run_cell(source, store_history=False)
        finally:
            sys.stdout, sys.stderr = real
    streams = [("stdout", stdout.getvalue()), ("stderr", stderr.getvalue())]
    outputs = [{"output_type": "stream", "name": name, "text": cut(text)} for name, text in streams if text]
    outputs += [{"output_type": "display_data", "data": text_only(rich.data)} for rich in captured.outputs]
    return outputs + shell.record


def probe(shell, request: dict) -> dict:
    """Answer one case; what it prints is dropped, for hidden cases must not be printed."""
    sys.stdout, sys.stderr = Limited(), Limited()
    try:
        return probes.run(shell.user_ns, request["probe"], request["function"], request["args"])
    except BaseException as error:  # sys.exit() and the like, which a probe does not catch
        return {"error": ([type(error).__name__], "the function ended Python")}


def probe_in_child(shell, receive, send, seconds: float) -> int:
    """Answer cases in a fork of this process until it is told "done"; return how the fork ended.

    So what a case does to the namespace is gone after it, hidden inputs with it, and a case that hangs
    or ends Python costs nothing but itself.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            while "probe" in (request := receive()):
                signal.setitimer(signal.ITIMER_REAL, seconds)
                outcome = probe(shell, request)
                signal.setitimer(signal.ITIMER_REAL, 0)
                send(outcome)
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def read_exactly(stream, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise SystemExit  # the grader is gone
    return data


def main() -> None:
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)

    def receive():
        (length,) = struct.unpack("<I", read_exactly(requests, 4))
        return plain.unpack(read_exactly(requests, length))

    def send(value):
        try:
            message = plain.pack(value)
        except plain.NotPlain as error:
            message = plain.pack({"error": (["ResultTooLarge"], str(error))})
        replies.write(struct.pack("<I", len(message)) + message)
        replies.flush()

    settings = receive()
    shell = make_shell()
    shell.user_ns["np"] = numpy  # so that a failed import beside it does not take NumPy away as well
    hide(settings["refuse"])
    confine(settings["memory"], settings["cpu"])
    send({"ready": True})
    while True:
        request = receive()
        if "cell" in request:
            send({"outputs": run_cell(shell, request["cell"])})
        elif "fork" in request:
            send({"ended": probe_in_child(shell, receive, send, request["fork"])})
        # else: meant for a fork that had ended by then


if __name__ == "__main__":
    main()
