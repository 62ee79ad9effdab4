"""The shell that a student's cells run in, and what they leave behind as notebook outputs.

Runs beside the student's code: no secrets here.
"""

import importlib.abc
import io
import subprocess
import sys
import types

TEXT_LIMIT = 50_000  # characters kept of one output
PICTURE_LIMIT = 2_000_000  # characters of one picture, which cannot be cut
MOST_OUTPUTS = 50  # kept of one cell


class Refuse(importlib.abc.MetaPathFinder):
    """Imports that would solve the exercise fail with a message."""

    def __init__(self, names, allowed: str):
        self.names, self.allowed = frozenset(names), allowed

    def find_spec(self, fullname, path=None, target=None):
        top = fullname.partition(".")[0]
        if top in self.names:
            raise ImportError(f"{top} is not available while this exercise is graded: {self.allowed} all it needs")
        return None


def hide(names, allowed: str) -> None:
    """Refuse ``names`` and put a stand-in for the checker in place, whose ``check`` does nothing.

    ``allowed`` says what there is instead, for example "NumPy is".
    """
    sys.meta_path.insert(0, Refuse(names, allowed))
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

        def system(self, cmd):  # ``!command``; IPython's own would ask for a terminal
            ran = subprocess.run(
                self.var_expand(cmd, depth=1),
                shell=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            sys.stdout.write(ran.stdout)
            self.user_ns["_exit_code"] = ran.returncode

    config = Config()
    config.HistoryManager.enabled = False
    return Shell.instance(config=config)


def cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + f"\n... {len(text) - TEXT_LIMIT} characters more"


def text_only(data: dict) -> dict:
    """What a notebook can hold of a display: texts cut to the limit, pictures whole or not at all."""
    texts = {kind: value for kind, value in data.items() if isinstance(value, str)}
    return {
        kind: value if is_picture(kind) else cut(value)
        for kind, value in texts.items()
        if not is_picture(kind) or len(value) <= PICTURE_LIMIT
    }


def is_picture(kind: str) -> bool:
    return kind.startswith("image/") and kind != "image/svg+xml"


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
    return (outputs + shell.record)[:MOST_OUTPUTS]
