"""How the chapters' kernels are started and reached while the book is built."""

import os
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager

from convbook.forked_kernel import kernel_spec

# Two readers of the book share the processor, and a process with threads of its own had better not fork.
FORKING = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # what a kernel sets before it imports Matplotlib
}


@cache
def folder(process: int) -> tempfile.TemporaryDirectory:
    """A folder for the sockets of the kernels that a process starts; it is removed when that process ends."""
    return tempfile.TemporaryDirectory(prefix="kernels-", ignore_cleanup_errors=True)


def without_ports(start):
    """``start``, the making of a kernel manager, for a kernel that listens on files instead of on ports."""

    @wraps(start)
    def made(self, *args, **options):
        file = Path(folder(os.getpid()).name, f"{uuid.uuid4().hex[:8]}.json")
        start(self, *args, **{"transport": "ipc", "connection_file": str(file), **options})

    return made


def listen_on_files() -> None:
    """Let kernels listen on files where the system has such sockets, in the whole of this process.

    Ports are looked for first and taken later; two readers of the book, or a browser beside them, took one away now
    and then, and the build ended.
    """
    if os.name != "nt" and not hasattr(AsyncKernelManager.__init__, "__wrapped__"):
        AsyncKernelManager.__init__ = without_ports(AsyncKernelManager.__init__)


@contextmanager
def forked_kernels() -> Iterator[None]:
    """Let the kernels of this process and of its forks be forks of one process, where the system has forks."""
    if os.name == "nt":
        yield
        return
    before = os.environ.get("JUPYTER_PATH")
    with tempfile.TemporaryDirectory(prefix="forking-", ignore_cleanup_errors=True) as place:
        address = str(Path(place, "socket"))
        kernel_spec(Path(place), address)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen()
            command = [sys.executable, "-m", "convbook.forked_kernel", str(listener.fileno())]
            numbers = [listener.fileno()]
            forking = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | FORKING, pass_fds=numbers)
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [place, before]))
        try:
            yield
        finally:
            os.environ["JUPYTER_PATH"] = before or ""
            forking.kill()  # it may still be importing, for a build that ran no chapter
            forking.communicate()
