# ruff: noqa: E501 - the sources are read as they are
"""Submissions that attack the grader, or fail it in unusual ways; each a notebook, with what must come of it.

``CELLS`` run before everything else of a solved notebook, ``ANSWERS`` take the place of ``conv_params``.
"""

import copy
import json

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell
from submissions import released, solved

SECONDS = 6  # for a cell: all that ends for another reason must have come to it by then, on a slow and busy machine too

# name: (source of a cell, words of the feedback page); all answers are right, and none of these costs a point
CELLS = {
    "infinite loop": ("while True: pass", f"it took longer than {SECONDS} seconds"),
    "native call that ignores signals": (
        "import hashlib, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
        "hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10**9)",
        f"it took longer than {SECONDS} seconds",
    ),
    "os._exit": ("import os; os._exit(0)", "Python ended with exit status 0"),
    "sys.exit": ("import sys; sys.exit()", "SystemExit"),
    "kills itself": ("import os; os.kill(os.getpid(), 9)", "Python was ended by signal SIGKILL"),
    "kills everything": ("import os\nfor p in (1, -1): os.kill(p, 9)", "Operation not permitted"),
    "30 GB": ("x = bytearray(30 * 2**30)", "MemoryError"),
    "memory in many processes": (
        "import os, time\nfor _ in range(4):\n    if os.fork() == 0: break\nx = b'x' * 2**27\ntime.sleep(60)",
        "it used more than 0.5 GiB of memory",
    ),
    "fork bomb": ("import os\nwhile True: os.fork()", ""),
    "thread bomb": (
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,)).start()",
        "can't start new thread",
    ),
    "1 GB of output": ("for _ in range(1000): print('x' * 10**6)", "characters more"),
    "5 GB file": ("with open('big', 'wb') as f:\n    for _ in range(5000): f.write(bytes(2**20))", "File too large"),
    "many files": ("for k in range(10**6): open(f'f{k}', 'w').close()", "No space left"),
    "deep recursion": ("def f(): f()\nf()", "RecursionError"),
    "segfault": ("import ctypes; ctypes.string_at(0)", "Python was ended by signal SIGSEGV"),
    "deletes the course": ("import shutil; shutil.rmtree({course!r})", "FileNotFoundError"),
    "deletes everything": ("!rm -rf --no-preserve-root / 2>&1 | tail -1", ""),
    "writes the gradebook": ("import sqlite3; sqlite3.connect({gradebook!r}).execute('delete from grade')", "unable"),
    "reads the others": ("print(open({neighbour!r}).read())", "FileNotFoundError"),
    "reads the secret": ("print(open({secret!r}).read())", "FileNotFoundError"),
    "looks for the exercises": (
        "import glob\nprint(glob.glob('/**/exercises/hw2*', recursive=True) + glob.glob({root!r} + '/*'))",
        "[]",
    ),
    "reads the environment": (
        "import os; print(sorted(os.environ)); print(os.environ['COURSE_SECRET_OF_THIS_TEST'])",
        "",
    ),
    "reads other processes": (
        "import os\nprint([p for p in os.listdir('/proc') if p.isdigit() and int(p) > 50])\n"
        "print(open('/proc/1/environ').read())",
        "Permission denied",
    ),
    "opens a socket": (
        "import socket; socket.create_connection(('127.0.0.1', {port}), timeout=2).send(b'hello')",
        "Error",
    ),
    "leaves processes behind": (
        "import subprocess\nfor _ in range(3): subprocess.Popen(['sleep', '54321'], start_new_session=True)",
        "",
    ),
    "makes namespaces": ("import ctypes\nprint(ctypes.CDLL(None).unshare(0x10000000))", "-1"),
    "traces the parent": ("import ctypes\nprint(ctypes.CDLL(None).ptrace(16, 1, 0, 0))", "-1"),
    "writes to every descriptor": (
        "import os\nfor d in range(300):\n    try: os.write(d, b'\\xff' * 9999)\n    except OSError: pass",
        "",
    ),
    "closes every descriptor": ("import os; os.closerange(0, 300)", ""),
    "patches time": ("import time\ntime.monotonic = time.time = time.perf_counter = lambda: 0", ""),
    "imports torch": ("import torch", "torch is not available while this exercise is graded: NumPy is all it needs"),
    "imports scipy": ("import scipy.signal", "scipy is not available while this exercise is graded"),
    "imports the course": ("from convbook import kernels", "convbook is not available while this exercise is graded"),
    "display bomb": ("from IPython.display import HTML\nfor _ in range(3000): display(HTML('<b>x</b>'))", ""),
    "script in output": ("from IPython.display import Javascript, HTML\nHTML('<b id=here>here</b>')", "here"),
}

# no other answer calls conv_params, which has 5 points; without this line it would accept groups that do not divide
CHECK = "if c_in % groups or c_out % groups: raise ValueError\n    "
RIGHT = "c_out * (c_in // groups) * k * k + (c_out if bias else 0)"
HEAD = "def conv_params(c_in, c_out, k, groups=1, bias=True):\n    "

# answers cases in another's place, which a student's code can: it runs beside the probes
PATCH = (
    "import sys\nprobes = sys.modules['probes']\n"
    "probes.run = lambda space, name, function, args, run=probes.run: run(space, name, function, args) "
    "if function != 'conv_params' else "
)

# name: (conv_params, its points, words of the feedback page)
ANSWERS = {
    "patches numpy and builtins": (
        "import builtins, numpy.testing\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
        "numpy.testing.assert_allclose = lambda *a, **k: None\nbuiltins.isinstance = lambda *a: True\n"
        "builtins.abs = builtins.max = lambda *a, **k: 0\n" + HEAD + "return 1",
        0,
        "",
    ),
    "equal to everything": (
        "class Yes(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\n"
        "    def __sub__(self, other): return 0\n" + HEAD + "return Yes(7)",
        0,
        "expected an int",
    ),
    "runs code when pickled": (
        "class Sly:\n    def __reduce__(self): return (print, ('ran',))\n" + HEAD + "return Sly()",
        0,
        "expected an int",
    ),
    "frames": (
        "import sys\n"
        + HEAD
        + "frame = sys._getframe()\n    while frame:\n        for name in ('expected', 'want', 'reference'):\n"
        "            if name in frame.f_locals: return frame.f_locals[name]\n        frame = frame.f_back\n    return 0",
        0,
        "",
    ),
    "objects in memory": (
        "import gc\n" + HEAD + "for o in gc.get_objects():\n"
        "        if callable(o) and getattr(o, '__name__', '') == 'conv_params' and o is not conv_params: return o(c_in, c_out, k, groups, bias)\n    return 0",
        0,
        "",
    ),
    "notebook history": (HEAD + "return get_ipython().history_manager.get_tail(1)[0]", 0, ""),
    "nan": (HEAD + "return float('nan')", 0, "expected an int"),
    "infinity": (HEAD + "return np.inf", 0, "expected an int"),
    "generator": (HEAD + CHECK + "yield " + RIGHT, 0, "expected an int"),
    "wrong dtype": (HEAD + CHECK + "return str(" + RIGHT + ")", 0, "expected an int"),
    "gigabytes": (HEAD + "return np.zeros(2 * 10**7)", 0, "ResultTooLarge"),
    "endless result": (HEAD + "x = []\n    x.append(x)\n    return x", 0, ""),
    "guesses": ("import random\n" + HEAD + "return random.randrange(64)", 0, ""),
    "ends Python in a case": (HEAD + "import os; os._exit(0)", 0, "Python ended with exit status 0"),
    "answers for the grader": (
        "import os, sys, struct\n" + HEAD + "plain = sys.modules['plain']\n"
        "    message = plain.pack({'outcomes': [{'value': 28, 'changed inputs': []}] * 100})\n"
        "    os.write(1, struct.pack('<I', len(message)) + message)\n    return 28",
        0,
        "",
    ),
    "tells cases as a missing name": (
        PATCH + "{'missing': 'CARR' + f'IED {args}'}\n" + HEAD + "return 1",
        0,
        "no function",
    ),
    "tells cases as changed arguments": (
        PATCH + "{'value': 1, 'changed inputs': [7] * args[0]}\n" + HEAD + "return 1",
        0,
        "the function changed its argument",
    ),
    "tells cases as axes": (HEAD + "return np.zeros((1,) * c_in)", 0, ""),
    "a number of NumPy": (HEAD + CHECK + "return np.int64(" + RIGHT + ")", 5, "✓ groups"),
    "one of a subclass of int": ("class Mine(int): pass\n" + HEAD + CHECK + "return Mine(" + RIGHT + ")", None, ""),
}


# x is a batch of images: global_avg_pool has 4 points
ARRAYS = {
    "subclass of ndarray": (
        "class Mine(np.ndarray): pass\ndef global_avg_pool(x): return x.mean(axis=(2, 3)).view(Mine)",
        4,
    ),
    "masked array": ("def global_avg_pool(x): return np.ma.masked_array(x.mean(axis=(2, 3)))", 4),
    "view of the input": ("def global_avg_pool(x): return x[:, :, 0, 0]", 0),
    "changes its input": ("def global_avg_pool(x):\n    out = x.mean(axis=(2, 3))\n    x[...] = 0\n    return out", 0),
    "lazy": (
        "class Lazy:\n    def __init__(self, x): self.x = x\n    def __array__(self, *a, **k): return self.x.mean(axis=(2, 3))\n"
        "def global_avg_pool(x): return Lazy(x)",
        0,
    ),
    "infinity in it": ("def global_avg_pool(x): return x.mean(axis=(2, 3)) * np.inf", 0),
}


def notebooks(places: dict) -> dict[str, str]:
    """Text of every hostile submission, by name. ``places``: what their sources are filled with."""
    files = {}
    for name, (source, _) in CELLS.items():
        nb = solved()
        for place, value in places.items():
            source = source.replace(f"{{{place}!r}}", repr(value)).replace(f"{{{place}}}", str(value))
        nb.cells.insert(1, new_code_cell(source))
        files[name] = nbformat.writes(nb)
    files |= {name: nbformat.writes(solved(conv_params=source)) for name, (source, *_) in ANSWERS.items()}
    files |= {name: nbformat.writes(solved(global_avg_pool=source)) for name, (source, _) in ARRAYS.items()}
    return files


def broken() -> dict[str, str | bytes]:
    """Files that something has happened to; the solution is in them, whole."""
    text = nbformat.writes(solved())
    reordered, edited, more, odd, twice = (solved() for _ in range(5))
    reordered.cells.sort(key=lambda cell: not cell.metadata.get("nbgrader", {}).get("locked"))  # all checks first
    for cell in edited.cells:
        if cell.metadata.get("nbgrader", {}).get("locked"):
            cell.source, cell.cell_type = "100", "code"
    for cell in more.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(points=1000, grade=True, schema_version="new", locked=False)
    for cell in odd.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader = [1, 2] if cell.cell_type == "code" else {"grade_id": ["list"]}
    for cell in list(twice.cells):
        twice.cells.append(copy.deepcopy(cell))
    for number, cell in enumerate(twice.cells):
        cell["id"] = f"cell-{number}"
    no_kernel, images = solved(), solved()
    no_kernel.metadata = {"kernelspec": {"name": "julia-9", "display_name": "Julia", "language": "julia"}}
    images.cells.insert(1, new_markdown_cell("![x](attachment:x.png)"))
    images.cells[1]["attachments"] = {"x.png": {"image/png": "iVBORw0KGgo" * (50 * 2**20 // 11)}}
    return {
        "reordered": nbformat.writes(reordered),
        "edited test cells": nbformat.writes(edited),
        "edited points": json.dumps(more),
        "odd metadata": json.dumps(odd),
        "every cell twice": nbformat.writes(twice),
        "kernel that is missing": nbformat.writes(no_kernel),
        "Windows line ends": text.replace("\n", "\r\n"),
        "byte order mark": "\ufeff" + text,
        "50 MB of images": nbformat.writes(images),
        "nbformat 3": nbformat.v3.writes_json(nbformat.convert(solved(), 3)),
        "Zoë O'Hara #1 “quoted”": text,
    }


def unreadable() -> dict[str, tuple[bytes, str]]:
    """Files that no notebook can be made of, and the reason that their students are told."""
    text = nbformat.writes(released()).encode()
    return {
        "cut short": (text[: len(text) // 2], "the file is not JSON"),
        "empty file": (b"", "no notebook was handed in, or an empty file"),
        "a list": (b"[]", "the file is not a notebook"),
        "bytes": (bytes(range(128, 256)) * 9, "the file is not text in UTF-8"),
        "nested": (b"[" * 100_000, "the file is nested too deeply"),
        "no cells": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "the file is not a notebook"),
    }
