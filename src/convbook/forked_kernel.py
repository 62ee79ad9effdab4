"""Kernels that start at once: forks of a process that has imported before what the chapters import.

The process listens at an address in the file system. A kernel's command is this file too, as a script that loads next
to nothing: it asks for a fork, and lives as long as the fork does.
"""

import json
import os
import signal
import socket
import sys
import threading
from importlib import import_module
from pathlib import Path
from select import select

IMPORTED = (
    "ipykernel.kernelapp",
    "matplotlib.pyplot",
    "torch",
    "skimage.data",
    "skimage.transform",
    "autograder.exercises",
    "convbook.explorables",
)


def kernel_spec(folder: Path, address: str) -> None:
    """Write into ``folder``, for JUPYTER_PATH, a kernel python3 whose command asks at ``address``."""
    command = [sys.executable, "-S", "-E", __file__, address, "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Python 3", "language": "python", "interrupt_mode": "message"}
    (folder / "kernels" / "python3").mkdir(parents=True)
    (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def serve(number: int) -> None:
    """Import, then fork for everyone who asks at the listening socket of that number, until standard input ends."""
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # a kernel ends with its parent, and ipykernel reads it once
    with socket.socket(fileno=number) as listener:
        for module in IMPORTED:
            import_module(module)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
        while sys.stdin not in (ready := select([listener, sys.stdin], [], [])[0]):
            asking, _ = ready[0].accept()
            if os.fork() == 0:
                listener.close()
                become_kernel(asking)
            asking.close()


def become_kernel(asking: socket.socket) -> None:
    """Be the kernel that was asked for, with its folder and its streams; end when the one who asked ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, _, _ = socket.recv_fds(asking, 2**16, 3)
    asked = json.loads(message)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.setsid()
    os.chdir(asked["folder"])
    threading.Thread(target=lambda: (asking.recv(1), os._exit(1)), daemon=True).start()
    application = import_module("ipykernel.kernelapp").IPKernelApp
    application.launch_instance(argv=asked["arguments"])
    os._exit(0)


def ask(address: str, *arguments: str) -> None:
    """Ask for a kernel with these arguments, and wait until it has ended."""
    with socket.socket(socket.AF_UNIX) as kernel:
        kernel.connect(address)
        asked = json.dumps({"arguments": arguments, "folder": os.getcwd()})
        socket.send_fds(kernel, [asked.encode()], [0, 1, 2])
        kernel.recv(1)


if __name__ == "__main__":
    if sys.argv[2:]:
        ask(*sys.argv[1:])
    else:
        serve(int(sys.argv[1]))
