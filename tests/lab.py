"""A JupyterLab of its own, without the settings of who runs it: for tests, and for the pictures in the guides."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

OPTIONS = (
    *("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"),
    *("--IdentityProvider.token=", "--LabApp.news_url=", "--LabApp.extension_manager=readonly"),
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)
HOMES = (
    *("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"),
    *("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def jupyterlab(folder: Path, state: Path):
    """Address of a JupyterLab that serves ``folder``, where it starts, and keeps its own files in ``state``.

    RuntimeError with what it wrote, where it does not answer within 90 seconds.
    """
    port, homes = free_port(), {name: state / name.lower() for name in HOMES}
    settings = homes["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    environment = {name: value for name, value in os.environ.items() if name != "CONVBOOK_STATIC"}
    environment |= {name: str(path) for name, path in homes.items()}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    log = state / "lab.log"
    places = (f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}")
    command = [sys.executable, "-m", "jupyter", "lab", *OPTIONS, *places]
    with log.open("w") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file, cwd=folder)
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 90
    try:
        while True:
            try:
                urllib.request.urlopen(f"{address}/api/status", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"JupyterLab does not answer at {address}: {log.read_text()}") from None
                time.sleep(0.3)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_idle(page, lab: str) -> None:
    """The notebook shows "idle" before it is connected; what is run then is lost, so the server is asked, too."""
    page.locator(".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{lab}/api/kernels", timeout=10) as answer:
            kernels = json.load(answer)
        if [(kernel["execution_state"], kernel["connections"]) for kernel in kernels] == [("idle", 1)]:
            return
        page.wait_for_timeout(300)
    raise RuntimeError(f"no idle kernel at {lab} within 60 seconds: {kernels}")
