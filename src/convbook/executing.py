"""How the chapters' kernels are reached while the book is built."""

import os
import tempfile
import uuid
from functools import cache, wraps
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager


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
