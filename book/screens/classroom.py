"""A class that never was, to try grading with: notebooks for chapter 2, right, wrong in known ways, and unfinished.

    python book/screens/classroom.py downloads --students 24

The same number of students gives the same notebooks.
"""

import argparse
import random
import re
from pathlib import Path

import nbformat

from autograder.exercises import ASSIGNMENTS
from autograder.release import source_notebook

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENT = "hw2-conv2d"
FIRST = (
    "Ada Ben Chloe Dario Elif Femi Grace Hugo Ines Jonas Keiko Lior Mina Noor Omar Petra Quinn Rosa Sami Tara".split()
)
LAST = "Abe Brandt Costa Diallo Endo Fischer Gupta Haddad Ivanova Jensen Kaya Lopez Moreau Nakamura Okafor".split()
LEFT = 'raise NotImplementedError("write this function")'
# What students get wrong, as (function, right, wrong): a piece of the solution and what stands there instead.
WRONG = [
    ("out_size", "n + 2 * p", "n + p"),
    ("same_padding", "if total % 2:", "if k % 2 == 0:"),
    ("conv_forward_naive", "window * w[f]", "window * w[f, :, ::-1, ::-1]"),
    ("conv_forward_naive", "window * w[f]", "window * w[f, :, ::-1, ::-1]"),  # the commonest
    ("conv_forward_naive", "+ b[f]", ""),
    ("conv_forward_naive", "(pad, pad)))", '(pad, pad)), "edge")'),
    ("im2col", "(N, C * kh * kw, oh * ow)", "(N, oh * ow, C * kh * kw).transpose(0, 2, 1)"),
    ("max_pool_forward_naive", "window.max(axis=(2, 3))", "np.maximum(window.max(axis=(2, 3)), 0)"),
    ("global_avg_pool", "axis=(2, 3)", "axis=(0, 2, 3)"),
    ("conv_params", "(c_out if bias else 0)", "c_out"),
    ("conv_macs", "(c_in // groups)", "c_in"),
]
WRITTEN = [
    "The network is equivariant: shift the cat and the maps shift too, and the mean does not see it. But near the "
    "border the zeros come in, so it is only nearly true. I would shift the image and subtract the outputs.",
    "Right, because convolution shares its weights. Wrong, because I think max pooling breaks it.",
    "Away from the border both are the same, I measured it with equivariance_error: circular gives zero.",
]


def marked(notebook, grade_id: str):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def handed_in(draw: random.Random, solution, stub):
    """One student's notebook: mostly right, up to three mistakes, some functions not written."""
    notebook = nbformat.from_dict(stub)
    left = draw.sample([exercise.function for exercise in ASSIGNMENTS[ASSIGNMENT]], draw.choice([0, 0, 0, 1, 3]))
    for exercise in ASSIGNMENTS[ASSIGNMENT]:
        if exercise.function not in left:
            cell = f"{exercise.function}-answer"
            source = marked(solution, cell).source
            marked(notebook, cell).source = re.sub(r"\n *### (BEGIN|END) SOLUTION", "", source)
    for function, right, wrong in draw.sample(WRONG, draw.choice([0, 0, 1, 1, 2, 3])):
        cell = marked(notebook, f"{function}-answer")
        cell.source = cell.source.replace(right, wrong, 1)
    if draw.random() < 0.8:
        marked(notebook, "shift_question").source = draw.choice(WRITTEN)
    return notebook


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("folder", type=Path, help="where the notebooks go, STUDENT.ipynb")
    words.add_argument("--students", type=int, default=24, help="how many, up to 300 (default 24)")
    given = words.parse_args()
    names = [f"{first} {last}" for first in FIRST for last in LAST]
    if not 1 <= given.students <= len(names):
        words.error(f"--students is {given.students}, expected 1 to {len(names)}")
    solution = source_notebook(ROOT / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.md", ASSIGNMENTS[ASSIGNMENT])
    stub = nbformat.read(ROOT / "exercises" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)
    draw = random.Random(188)
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(draw.sample(names, given.students)):
        nbformat.write(handed_in(draw, solution, stub), given.folder / f"{name}.ipynb")
    print(f"{given.students} notebooks in {given.folder}/")


if __name__ == "__main__":
    main()
