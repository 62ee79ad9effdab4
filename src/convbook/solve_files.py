"""What the exercises of the page fetch when a reader asks for them: the editor, Python, NumPy, the course's own code.

``python -m convbook.solve_files`` fetches NumPy's wheel for the book, so that readers need no other site.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from io import BytesIO
from pathlib import Path

VERSION = "314.0.7"  # of Pyodide
CDN = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
LOCK = "pyodide-lock.json"
# Imports all that `check` needs where NumPy is the only library, and tells the files.
IMPORTS = """
import json, sys
class Only:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {"numpy", "autograder", "convbook", *sys.stdlib_module_names}:
            raise ModuleNotFoundError(f"No module named {top!r}", name=top)
sys.meta_path.insert(0, Only())
import autograder.inpage
from autograder.exercises import ASSIGNMENTS
solvable = []
for name in ASSIGNMENTS:
    before = set(sys.modules)
    try:
        ASSIGNMENTS[name]
        solvable.append(name)
    except ModuleNotFoundError:
        for module in set(sys.modules) - before:
            if module.startswith("autograder."):
                del sys.modules[module]
files = {name: module.__file__ for name, module in sys.modules.items()
         if name.partition(".")[0] in ("autograder", "convbook") and getattr(module, "__file__", None)}
print(json.dumps([solvable, files]))
"""


def listing() -> subprocess.Popen:
    """Start a process that lists what :func:`course_pack` packs; it can work beside a build."""
    return subprocess.Popen([sys.executable, "-c", IMPORTS], stdout=subprocess.PIPE, text=True)


def course_pack(listed: subprocess.Popen) -> tuple[list[str], bytes]:
    """Assignments that need NumPy alone, and a zip of the modules that check them, the same bytes each time."""
    said, _ = listed.communicate()
    if listed.returncode:
        raise subprocess.CalledProcessError(listed.returncode, "the listing of what exercises in the page need")
    solvable, files = json.loads(said)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, file in sorted(files.items()):
            place = name.replace(".", "/") + ("/__init__.py" if file.endswith("__init__.py") else ".py")
            entry = zipfile.ZipInfo(place)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, Path(file).read_bytes())
    return solvable, packed.getvalue()


def distribution(root: Path) -> Path | None:
    """The folder with NumPy for Pyodide that the builder supplies: ``PYODIDE``, or what ``make pyodide`` has made."""
    if named := os.environ.get("PYODIDE"):
        return Path(named)
    made = root / "_build" / "pyodide"
    return made if made.is_dir() else None


def wheel_of(folder: Path, core: Path) -> Path:
    """NumPy's wheel in a folder of Pyodide's distribution, which must fit the Python of ``core`` and its own lock.

    Raises ``ValueError`` that says what is missing or does not fit.
    """
    if not (folder / LOCK).is_file():
        raise ValueError(f"{folder} has no {LOCK}: it is not a folder of Pyodide's distribution")
    lock, ours = (json.loads((each / LOCK).read_text()) for each in (folder, core))
    if lock["info"] != ours["info"]:
        raise ValueError(f"{folder} is for {lock['info']}, the book has Pyodide {VERSION}: {ours['info']}")
    if "numpy" not in lock["packages"]:
        raise ValueError(f"{folder / LOCK} lists no numpy")
    package = lock["packages"]["numpy"]
    wheel = folder / package["file_name"]
    if not wheel.is_file():
        raise ValueError(f"{wheel} is missing, which {LOCK} lists")
    if (found := hashlib.sha256(wheel.read_bytes()).hexdigest()) != package["sha256"]:
        raise ValueError(f"{wheel} has the SHA-256 {found}, expected {package['sha256']}")
    return wheel


def write_files(root: Path, target: Path, supplied: Path | None, listed: subprocess.Popen) -> None:
    """Put everything into the folder ``target`` of a built book; ``listed`` is what :func:`listing` started."""
    vendor = root / "book" / "_vendor"
    shutil.copytree(vendor / "pyodide", target / "pyodide", dirs_exist_ok=True)
    shutil.copytree(root / "book" / "_solve", target, ignore=shutil.ignore_patterns("*.css"), dirs_exist_ok=True)
    shutil.copy(vendor / "codemirror" / "codemirror.mjs", target)
    if supplied:
        shutil.copy(wheel_of(supplied, vendor / "pyodide"), target / "pyodide")
        shutil.copy(supplied / LOCK, target / "pyodide")
    solvable, packed = course_pack(listed)
    (target / "course.zip").write_bytes(packed)
    for name in solvable:
        shutil.copy(root / "exercises" / name / f"{name}.ipynb", target)


def fetch(target: Path, core: Path, source: str = CDN) -> Path:
    """Fetch NumPy's wheel from Pyodide's distribution at ``source`` into ``target``, and check it.

    Where it does not come, or is not the one of the lock, there is no ``target`` afterwards: builds would look there.
    """
    name = json.loads((core / LOCK).read_text())["packages"]["numpy"]["file_name"]
    shutil.rmtree(target, ignore_errors=True)
    try:
        target.mkdir(parents=True)
        shutil.copy(core / LOCK, target)
        with urllib.request.urlopen(source + name) as response:
            (target / name).write_bytes(response.read())
        return wheel_of(target, core)
    except (OSError, ValueError):
        shutil.rmtree(target, ignore_errors=True)
        raise


if __name__ == "__main__":
    try:
        print(f"{fetch(Path('_build/pyodide'), Path('book/_vendor/pyodide'))}: the next build puts it into the book")
    except (OSError, ValueError) as problem:
        sys.exit(f"NumPy for Pyodide could not be fetched: {problem}")
