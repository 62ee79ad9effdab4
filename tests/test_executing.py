"""Kernels of the book are reached without ports."""

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from convbook.executing import listen_on_files


@pytest.fixture
def files(monkeypatch):
    monkeypatch.setattr(AsyncKernelManager, "__init__", AsyncKernelManager.__init__)  # put back afterwards
    listen_on_files()


@pytest.mark.skipif("sys.platform == 'win32'")
def test_a_notebook_runs_without_a_port(files, tmp_path):
    cell = nbformat.v4.new_code_cell(
        "from ipykernel.kernelapp import IPKernelApp\napp = IPKernelApp.instance()\nprint(app.transport, 6 * 7)"
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}, kernel_name="python3")
    client.execute()
    assert cell["outputs"][0]["text"].split() == ["ipc", "42"]
    assert list(tmp_path.iterdir()) == []


def test_asked_twice_it_is_done_once(files):
    before = AsyncKernelManager.__init__
    listen_on_files()
    assert AsyncKernelManager.__init__ is before
