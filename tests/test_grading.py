"""One notebook through sanitized cells, worker, verdicts and outputs."""

import pytest
from nbformat.v4 import new_code_cell
from submissions import ASSIGNMENT, released, solution_answers, solved, source_as

from autograder.exercises import ASSIGNMENTS
from autograder.exercises.hw2 import conv_answers
from autograder.grading import grade_notebook
from autograder.runner import Limits

SECRET = b"a secret of the tests"
POINTS = {exercise.function: exercise.points for exercise in ASSIGNMENTS[ASSIGNMENT]}
EACH = pytest.mark.parametrize("assignment", ASSIGNMENTS)


def grade(nb, case=5, assignment=ASSIGNMENT):
    """Points and report of each exercise."""
    graded = grade_notebook(nb, ASSIGNMENTS[assignment], SECRET, Limits(cell=5, case=case))
    cells = [cell for cell in graded.cells if cell.metadata.get("nbgrader", {}).get("locked")]
    scores = {cell.metadata.nbgrader.grade_id: float(cell.outputs[1].data["text/plain"]) for cell in cells}
    return scores, {cell.metadata.nbgrader.grade_id: cell.outputs[0].data["text/plain"] for cell in cells}


@EACH
def test_the_solution_gets_everything(assignment):
    points = {exercise.function: exercise.points for exercise in ASSIGNMENTS[assignment]}
    assert grade(solved(assignment), assignment=assignment)[0] == pytest.approx(points)


@EACH
def test_the_stub_gets_nothing_and_is_told_why(assignment):
    scores, reports = grade(released(assignment), assignment=assignment)
    assert scores == pytest.approx(dict.fromkeys(scores, 0))
    assert all("not written yet" in report for report in reports.values())


def test_one_mistake_loses_points_there_alone_and_is_named():
    flipped = source_as(conv_answers.loops, "conv_forward_naive").replace(
        "window * w[f]", "window * w[f, :, ::-1, ::-1]"
    )
    scores, reports = grade(solved(conv_forward_naive=flipped))
    assert scores == pytest.approx({**POINTS, "conv_forward_naive": 0})
    assert "true convolution: your kernel is flipped" in reports["conv_forward_naive"]
    assert "02-conv2d.html#conv2d-flip" in reports["conv_forward_naive"]


def test_partial_credit_and_message_come_together():
    strided = source_as(conv_answers.loops, "conv_forward_naive").replace("i * stride : i * stride + kh", "i : i + kh")
    strided = strided.replace("j * stride : j * stride + kw", "j : j + kw")
    scores, reports = grade(solved(conv_forward_naive=strided))
    assert scores["conv_forward_naive"] == pytest.approx(19)
    assert "✓ padding" in reports["conv_forward_naive"]
    assert "its windows stand one pixel apart" in reports["conv_forward_naive"]


def test_hidden_values_are_not_shown():
    memorised = """def out_size(n, k, s=1, p=0, d=1):
    right = (n + 2 * p - d * (k - 1) - 1) // s + 1
    return right if (n, k, s, p, d) in VISIBLE else 977"""
    cases = set()
    for case in ASSIGNMENTS[ASSIGNMENT][0].visible_cases():
        n, k, *rest = case.args
        s, p, d = [*rest, *[1, 0, 1][len(rest) :]]
        cases.add((n, k, s, p, d))
    scores, reports = grade(solved(out_size=f"VISIBLE = {cases!r}\n{memorised}"))
    assert scores["out_size"] == pytest.approx(0)
    assert "a hidden case of the kind" in reports["out_size"]
    assert "977" not in reports["out_size"]


def test_a_cell_that_ends_python_costs_only_itself():
    nb = solved()
    nb.cells.insert(2, new_code_cell("import os; os._exit(0)"))
    assert grade(nb)[0] == pytest.approx(POINTS)
    assert nb.cells[2].outputs[0].ename == "PythonEnded"


def test_a_function_that_ends_python_costs_only_its_exercise():
    scores, reports = grade(solved(same_padding="def same_padding(k, d=1):\n    import os\n    os._exit(0)"))
    assert scores == pytest.approx({**POINTS, "same_padding": 0})
    assert "Python ended with exit status 0" in reports["same_padding"]


def test_a_function_that_hangs_costs_its_group_of_cases():
    slow = solution_answers()["conv_forward_naive-answer"].replace(
        "    N, C, H, W = x.shape\n", "    while stride > 1: pass\n    N, C, H, W = x.shape\n"
    )
    scores, reports = grade(solved(conv_forward_naive=slow), case=1)
    assert scores == pytest.approx({**POINTS, "conv_forward_naive": 19})
    assert "it took longer than 1 seconds" in reports["conv_forward_naive"]


def test_what_hidden_cases_were_cannot_be_printed_by_a_later_cell():
    nb = solved(out_size="CALLS = []\ndef out_size(*args):\n    CALLS.append(args)\n    return 1")
    nb.cells.append(new_code_cell("print('calls:', CALLS)"))
    grade(nb)
    assert nb.cells[-1].outputs[0].text == "calls: []\n"


def test_what_a_case_writes_to_disk_comes_too_late_for_every_cell():
    nb = solved(out_size="def out_size(*args):\n    open('seen', 'a').write(repr(args))\n    return 1")
    nb.cells.append(new_code_cell("import os; print(os.listdir('.'))"))
    grade(nb)
    assert nb.cells[-1].outputs[0].text == "[]\n"


def test_an_import_that_fails_is_shown_and_the_rest_is_graded():
    nb = solved()
    nb.cells[1].source = "import a_module_that_is_not_there\n" + nb.cells[1].source
    scores, reports = grade(nb)
    assert nb.cells[1].outputs[0].ename == "ModuleNotFoundError"
    assert scores["out_size"] == pytest.approx(POINTS["out_size"])
    assert scores == pytest.approx(POINTS)  # NumPy is there all the same


def test_code_between_exercises_counts_where_it_stands():
    """A later cell that redefines an earlier answer comes too late, as in a notebook run from top to bottom."""
    nb = solved()
    nb.cells.append(new_code_cell("def out_size(*args): return 0"))
    assert grade(nb)[0] == pytest.approx(POINTS)


CHEATS = {
    "patches numpy": "import numpy.testing\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
    "numpy.testing.assert_allclose = lambda *a, **k: None\ndef out_size(*a, **k): return 1",
    "compares as equal": "class Yes(int):\n    def __eq__(self, other): return True\n"
    "    __hash__ = int.__hash__\n    def __sub__(self, other): return 0\ndef out_size(*a, **k): return Yes(7)",
    "reads frames": "import sys\ndef out_size(*a, **k):\n    frame = sys._getframe()\n    while frame:\n"
    "        for name in ('expected', 'reference', 'want', 'cases'):\n"
    "            if name in frame.f_locals: return frame.f_locals[name]\n        frame = frame.f_back\n    return 0",
    "looks for the answer among all objects": "import gc\ndef out_size(*a, **k):\n"
    "    for o in gc.get_objects():\n"
    "        if callable(o) and getattr(o, '__name__', '') == 'conv_output_size': return o(*a)\n    return 0",
    "replaces the probe": "import sys\nprobes = sys.modules['probes']\nplain = sys.modules['plain']\n"
    "probes.run = lambda *a: {'value': 28, 'changed inputs': []}\ndef out_size(*a, **k): return 28",
    "prints points": "from IPython.display import display\ndef out_size(*a, **k):\n    print(8)\n    return display(8)",
}


@pytest.mark.parametrize("name", CHEATS)
def test_cheating_at_the_comparison_gains_nothing(name):
    assert grade(solved(out_size=CHEATS[name]))[0]["out_size"] == pytest.approx(0)
