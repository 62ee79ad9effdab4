"""A small book whose exercises are solved in the page, and a stand-in for NumPy where Pyodide's own cannot be had."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from submissions import ROOT

CONFIG = (ROOT / "_config.yml").read_text()
# Enough of NumPy for exercises about whole numbers: modules import, draws are drawn, numbers are compared.
NUMPY = '''
import random as _random

class generic: pass
class bool_(generic): pass
class integer(generic): pass
class floating(generic): pass
class dtype:
    def __init__(self, name="float64"): self.name = name
    kind = property(lambda self: {"i": "i", "u": "u", "b": "b", "c": "c"}.get(self.name[0], "f"))
    def newbyteorder(self, order): return self
    __eq__ = lambda self, other: self.name == getattr(other, "name", other)
    __hash__ = lambda self: hash(self.name)
class ndarray:
    """A single number; larger ones can be made and carried, but not computed with."""
    def __init__(self, value=None): self.value = value
    ndim = property(lambda self: 0 if isinstance(self.value, (bool, int, float)) else 1)
    shape = property(lambda self: () if self.ndim == 0 else (1,))
    size = 1
    dtype = property(lambda self: dtype({bool: "bool", int: "int64"}.get(type(self.value), "float64")))
    __ne__ = lambda self, other: ndarray(self.value != getattr(other, "value", other))
    __eq__ = lambda self, other: ndarray(self.value == getattr(other, "value", other))
    __gt__ = lambda self, other: ndarray(self.value > getattr(other, "value", other))
    __sub__ = lambda self, other: ndarray(self.value - other.value)
    __hash__ = None
    __bool__ = lambda self: bool(self.value)
    __float__ = lambda self: float(self.value)
    __int__ = lambda self: int(self.value)
    __index__ = __int__
    __format__ = lambda self, spec: format(self.value, spec)
    __str__ = __repr__ = lambda self: str(self.value)
    __getitem__ = lambda self, index: self
    __invert__ = lambda self: ndarray(not self.value)
    __getattr__ = lambda self, name: nothing if not name.startswith("__") else _raise(name)
    any = all = max = lambda self, **options: self
    astype = lambda self, kind, **options: ndarray(float(self.value))
    sum = lambda self, **options: ndarray(int(self.value))
def _raise(name): raise AttributeError(name)
class _Nothing(ndarray):
    __call__ = lambda self, *args, **options: nothing
    __iter__ = lambda self: iter(())
    __add__ = __radd__ = __mul__ = __rmul__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __neg__ = __pow__ = (
        __matmul__) = __lt__ = __gt__ = __ge__ = __le__ = __floordiv__ = lambda self, *other: nothing
    __len__ = lambda self: 0
    __setitem__ = lambda self, *pair: None
    __float__ = lambda self: 0.0
nothing = _Nothing()
class Generator:
    def __init__(self, seed): self.random_ = _random.Random(str(seed))
    def integers(self, low, high=None, size=None, **options):
        if high is None: low, high = 0, low
        one = lambda: self.random_.randrange(low, high)
        return one() if size is None else [one() for _ in range(size)] if isinstance(size, int) else nothing
    def choice(self, values, *args, **options): return self.random_.choice(list(values))
    def __getattr__(self, name): return lambda *args, **options: nothing
class random:
    Generator = Generator
    default_rng = staticmethod(Generator)
float64, float32, uint8, int64, bool_ = dtype("float64"), dtype("float32"), dtype("uint8"), dtype("int64"), bool_
def asarray(value, *args, **options): return value if isinstance(value, ndarray) else ndarray(value)
def ndim(value): return asarray(value).ndim
def isfinite(value): return ndarray(asarray(value).value == asarray(value).value)
def abs(value): return value if value is nothing else ndarray(-value.value if value.value < 0 else value.value)
def allclose(one, other, atol=0, **options): return -atol <= one.value - other.value <= atol
def __getattr__(name):
    if name.startswith("__"): raise AttributeError(name)
    return nothing
'''


def stand_in(folder: Path) -> Path:
    """A folder as Pyodide's distribution, whose NumPy is the stand-in."""
    folder.mkdir()
    lock = json.loads((ROOT / "book/_vendor/pyodide/pyodide-lock.json").read_text())
    wheel = folder / "numpy-2.4.6-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("numpy/__init__.py", NUMPY)
        for name in ("lib/__init__", "lib/stride_tricks"):
            archive.writestr(f"numpy/{name}.py", "from numpy import __getattr__")
        about = "numpy-2.4.6.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: numpy\nVersion: 2.4.6\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    numpy = lock["packages"]["numpy"]
    numpy |= {"file_name": wheel.name, "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    lock["packages"] = {"numpy": numpy}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock))
    return folder


def small_book(folder: Path, supplied: Path | None) -> Path:
    """Build a book of a front page, a chapter's exercises and hw2; the folder of its pages."""
    book = folder / "book"
    book.mkdir(parents=True)
    (folder / "exercises").symlink_to(ROOT / "exercises")
    for name in ("_vendor", "_static", "_solve", "solve-hw2.md", "references.bib"):
        (book / name).symlink_to(ROOT / "book" / name)
    table = "| exercise | what to write |\n|---|---|\n| `out_size` | the formula |\n| `no_such` | nothing |\n"
    (book / "02-conv2d.md").write_text(f"# Conv2d\n\n(conv2d-exercises)=\n## Exercises\n\nFor practice.\n\n{table}")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/02-conv2d\nchapters:\n  - file: book/solve-hw2\n")
    (folder / "_config.yml").write_text(CONFIG)
    environment = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}
    environment.pop("PYODIDE", None)
    if supplied:
        environment["PYODIDE"] = str(supplied)
    command = ["jupyter-book", "build", "-W", "-n", "--keep-going", "."]
    build = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert build.returncode == 0, (build.stdout + build.stderr)[-3000:]
    return folder / "_build" / "html"
