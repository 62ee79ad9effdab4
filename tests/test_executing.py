"""Kernels of the book are reached without ports, and are forks of one process."""

import os
import subprocess
import sys
import time

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from convbook import forked_kernel
from convbook.executing import forked_kernels, listen_on_files


@pytest.fixture
def files(monkeypatch):
    monkeypatch.setattr(AsyncKernelManager, "__init__", AsyncKernelManager.__init__)  # put back afterwards
    listen_on_files()


def printed(code, folder):
    """What a cell prints that runs in a kernel of its own, in words."""
    cell = nbformat.v4.new_code_cell(code)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}, kernel_name="python3").execute()
    return "".join(output.get("text", "") for output in cell["outputs"]).split()


@pytest.mark.skipif("sys.platform == 'win32'")
def test_a_notebook_runs_without_a_port(files, tmp_path):
    code = "from ipykernel.kernelapp import IPKernelApp\napp = IPKernelApp.instance()\nprint(app.transport, 6 * 7)"
    assert printed(code, tmp_path) == ["ipc", "42"]
    assert list(tmp_path.iterdir()) == []


def test_asked_twice_it_is_done_once(files):
    before = AsyncKernelManager.__init__
    listen_on_files()
    assert AsyncKernelManager.__init__ is before


def ends(process):
    """Whether a process that is no child of this one ends within ten seconds."""
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


ABOUT = """
import os, sys
print("torch" in sys.modules, hasattr(sys, "mark"), os.getcwd(), os.getppid(), os.getpid())
sys.mark = True
"""


@pytest.mark.skipif("sys.platform == 'win32'")
def test_kernels_are_forks_of_one_process_that_has_imported_for_all(files, tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    with forked_kernels():
        *first, forking, one = printed(ABOUT, tmp_path)
        *second, again, other = printed(ABOUT, tmp_path)
    assert first == second == ["True", "False", str(tmp_path)]  # what one does, another does not see
    assert forking == again
    assert one != other
    *alone, parent, _ = printed(ABOUT, tmp_path)
    assert alone == ["False", "False", str(tmp_path)]
    assert parent == str(os.getpid())
    assert all(ends(int(gone)) for gone in (forking, one, other))


@pytest.mark.skipif("sys.platform == 'win32'")
def test_a_fork_ends_with_the_one_who_asked_for_it(tmp_path):
    """A build that is killed leaves no kernel behind."""
    asked = """
import sys, time
from jupyter_client import KernelManager
from convbook.executing import forked_kernels
with forked_kernels():
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready()
    client.execute_interactive("import os; print(os.getpid(), os.getppid())")
    sys.stdout.flush()
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", asked], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        kernel, forking = map(int, process.stdout.readline().split())
        os.kill(kernel, 0)
        process.kill()
    assert ends(kernel) and ends(forking)


@pytest.mark.skipif("sys.platform == 'win32'")
def test_where_nobody_forks_the_command_says_so(tmp_path):
    command = [sys.executable, "-S", "-E", forked_kernel.__file__, str(tmp_path / "nobody"), "-f", "none.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stderr
