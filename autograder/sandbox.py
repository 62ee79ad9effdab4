"""How the server of students' code is started: behind bubblewrap, in a container, or bare, and what is visible to it.

The server's forks confine themselves further: see :mod:`autograder.confine`.
"""

import importlib.util
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = ("worker.py", "student.py", "confine.py", "shell.py", "frames.py", "plain.py", "probes.py", "torch_probes.py")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/fonts", "/etc/localtime")
FIRST_USER = 0x7F00_0000  # of the users that root lends to students' processes, above all that systems give out
KINDS = ("bubblewrap", "bare", "podman", "docker")

# What would hand the student the answer, or bring a second implementation of it.
REFUSED = (
    *("convbook", "torch", "torchvision", "timm", "transformers", "captum", "tensorflow", "jax", "onnxruntime"),
    *("scipy", "skimage", "sklearn", "cv2", "nbgrader"),
)


@dataclass(frozen=True)
class Launch:
    """A command that starts the server, its environment, and the settings that only this way of starting has."""

    kind: str
    command: list[str]
    environment: dict[str, str]
    settings: dict


def ways(wanted: str = "") -> list[str]:
    """Kinds of start to try, the best first. ``wanted``: one of them, as ``CONVBOOK_SANDBOX`` names it.

    A container is ``podman:IMAGE`` or ``docker:IMAGE``; the image has Python, NumPy and IPython. Raises
    ``ValueError`` for anything else.
    """
    wanted = wanted or os.environ.get("CONVBOOK_SANDBOX", "")
    if not wanted:
        return ["bubblewrap", "bare"] if shutil.which("bwrap") else ["bare"]
    kind, _, image = wanted.partition(":")
    if kind not in KINDS or (kind in ("podman", "docker")) != bool(image):
        raise ValueError(f"CONVBOOK_SANDBOX is {wanted!r}, expected bubblewrap, bare, podman:IMAGE or docker:IMAGE")
    return [wanted]


def launch(way: str, scratch: Path, refused: tuple[str, ...], slot: int) -> Launch:
    """The command for one of :func:`ways`.

    ``scratch``: an empty folder for a submission's files where no file system of its own can be had.
    ``refused``: modules whose folders are not to be seen. ``slot``: a number that no other server has.
    """
    kind, _, image = way.partition(":")
    environment = {
        "PATH": os.defpath,
        "HOME": "/tmp",
        "IPYTHONDIR": "/tmp/ipython",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",  # a process that has used a graphics processor cannot fork
        "LANG": "C.UTF-8",
        **{name: os.environ[name] for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ},
    }
    readable = visible()
    user = FIRST_USER + slot if os.geteuid() == 0 else os.geteuid()
    settings = {"readable": readable, "user": user, "scratch": "/scratch", "fallback_scratch": "/scratch"}
    if kind == "bare":
        bare = {"scratch": str(scratch), "fallback_scratch": str(scratch), "alone": False}
        command = [sys.executable, "-I", str(HERE / "worker.py")]
        home = {"HOME": str(scratch), "IPYTHONDIR": str(scratch), "MPLCONFIGDIR": str(scratch)}
        return Launch(kind, command, {**environment, **home}, {**settings, **bare})
    settings |= {"readable": [*readable, "/tmp", "/convbook"], "alone": True}
    if kind == "bubblewrap":
        return Launch(kind, bubblewrap(readable, refused), environment, settings)
    mounts = [f"--volume={HERE / name}:/convbook/{name}:ro" for name in SCRIPTS]
    options = "run --rm -i --network=none --read-only --security-opt=no-new-privileges --pids-limit=256".split()
    options += ["--tmpfs=/scratch:rw,mode=1777,size=256m", "--tmpfs=/tmp:rw,size=256m"]
    options += shlex.split(os.environ.get("CONVBOOK_CONTAINER_OPTIONS", ""))  # --memory, --userns, ...
    passed = [f"--env={name}={value}" for name, value in environment.items() if name != "PATH"]
    command = [kind, *options, *mounts, *passed, image, "python", "-I", "/convbook/worker.py"]
    return Launch(kind, command, dict(os.environ), {**settings, "readable": ["/"]})


def visible() -> list[str]:
    """Folders of the system and of Python that a student's process may read."""
    python = [sys.base_prefix, sys.prefix, str(Path(sys.executable).resolve().parent.parent)]
    paths = list(dict.fromkeys(path for path in (*SYSTEM, *python) if os.path.exists(path)))
    return [path for path in paths if not any(inside(path, other) for other in paths)]


def inside(path: str, folder: str) -> bool:
    """Whether ``path`` lies in ``folder`` and is not it.

    >>> inside("/usr/lib", "/usr"), inside("/usr", "/usr"), inside("/usrlocal", "/usr")
    (True, False, False)
    """
    return Path(folder) in Path(path).parents


def bubblewrap(readable: list[str], refused: tuple[str, ...]) -> list[str]:
    """The server in namespaces of its own, behind a read-only view that holds no course, no home, no network."""
    command = "bwrap --die-with-parent --new-session --unshare-ipc --unshare-pid --unshare-net --unshare-uts".split()
    if os.geteuid() == 0:  # to make its forks other users, and to mount what each of them sees
        for capability in ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID"):
            command += ["--cap-add", capability]
    else:
        command += ["--unshare-user"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    ways_there = {str(parent): None for path in readable for parent in reversed(Path(path).parents)}
    for folder in [*ways_there, "/convbook", "/scratch"]:  # made here, or bubblewrap makes them for root alone
        command += ["--dir", folder]
    for path in readable:
        is_link = os.path.islink(path) and inside(os.path.realpath(path), "/usr")
        command += ["--symlink", os.path.realpath(path), path] if is_link else ["--ro-bind", path, path]
    for folder in masked(readable, refused):
        command += ["--tmpfs", folder]
    for name in SCRIPTS:
        command += ["--ro-bind", str(HERE / name), f"/convbook/{name}"]
    return [*command, "--chdir", "/tmp", "--", sys.executable, "-I", "/convbook/worker.py"]


def masked(readable: list[str], refused: tuple[str, ...]) -> list[str]:
    """Folders of the modules that are not to be seen, as far as they would be."""
    folders = []
    for name in (*refused, "autograder"):
        spec = importlib.util.find_spec(name)
        found = [os.path.realpath(path) for path in (spec.submodule_search_locations or ())] if spec else []
        folders += [path for path in found if any(inside(path, root) for root in readable)]
    return folders
