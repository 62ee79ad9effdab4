"""Code in PyTorch, graded: a course folder through the command, what crosses, and names that students give."""

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile

import nbformat
import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell
from submissions import ROOT, released, solution_answers, solved
from torch import nn

from autograder import plain
from autograder.course import Course
from autograder.diagnosis import outcomes
from autograder.exercises import ASSIGNMENTS, EXERCISES
from autograder.gradescope import write_zip
from autograder.layer_names import by_order
from autograder.probes import probe_named
from autograder.runner import server_for
from autograder.sandbox import REFUSED
from autograder.torch_probes import PROBES
from autograder.verdict import judge

ASSIGNMENT = "hw5-resnets"
POINTS = {exercise.function: exercise.points for exercise in ASSIGNMENTS[ASSIGNMENT]}

# A tensor that does something else wherever it is asked to leave, and a module that cannot be looked at in peace.
EVIL = """
class Trap(torch.Tensor):
    def __reduce_ex__(self, protocol):
        return (exec, ("open('/tmp/it-was-unpickled', 'w').close()",))

    def numpy(self, *args, **kwargs):
        return [TRAP, b"cos\\nsystem\\n(S'touch /tmp/it-was-unpickled'\\ntR."]

    def detach(self):
        return self

    cpu = detach


class TRAP:
    def __reduce__(self):
        return (exec, ("open('/tmp/it-was-unpickled', 'w').close()",))


def gradient_norms(model, batch):
    return [TRAP(), torch.ones(3).as_subclass(Trap)]


def chain_gradient(ws, skip=False):
    return torch.ones(len(ws)).as_subclass(Trap)
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Scores and feedback of a class, graded by one command, and its course."""
    root, folder = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("downloads")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(
        ROOT / "solutions" / ASSIGNMENT, root / "solutions" / ASSIGNMENT, ignore=shutil.ignore_patterns("*.ipynb")
    )
    early = solution_answers(ASSIGNMENT)["BasicBlock-answer"].replace(
        "return F.relu(out + identity)", "return F.relu(out) + identity"
    )
    imports = solved(ASSIGNMENT)
    for name in ("transformers", "scipy", "convbook"):
        imports.cells.insert(1, new_code_cell(f"import {name}"))
    trap = solved(ASSIGNMENT, gradient_norms=EVIL, chain_gradient="")
    submissions = {
        "solution": solved(ASSIGNMENT),
        "stub": released(ASSIGNMENT),
        "early ReLU": solved(ASSIGNMENT, BasicBlock=early),
        "imports": imports,
        "trap": trap,
    }
    for student, nb in submissions.items():
        nbformat.write(nb, folder / f"{student}.ipynb")
    command = [sys.executable, "-m", "autograder", "grade", ASSIGNMENT, str(folder), "--workers", "2"]
    result = subprocess.run(command, cwd=root, env=os.environ, capture_output=True, text=True, timeout=500)
    assert result.returncode == 0, result.stdout + result.stderr
    with open(root / "grades.csv", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    pages = {name: (root / "feedback" / name / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text() for name in submissions}
    return scores, pages, Course(root)


def test_a_solution_gets_all_points_a_stub_none_and_a_mistake_its_sentence(graded):
    scores, pages, _ = graded
    full = sum(POINTS.values())
    assert scores["solution"] == pytest.approx(full) and scores["stub"] == pytest.approx(0)
    assert "not written yet" in pages["stub"]
    # of its own block only the count of parameters is right; of resnet's, bottlenecks and all counts are
    assert full - POINTS["BasicBlock"] - POINTS["resnet"] < scores["early ReLU"] < full - POINTS["BasicBlock"] / 2
    assert "You take the ReLU before you add." in pages["early ReLU"]
    assert "/05-resnets.html#resnets-block" in pages["early ReLU"]
    assert "You take the ReLU before you add." not in pages["solution"]


def test_torch_is_all_that_is_there_besides_numpy(graded):
    scores, pages, _ = graded
    assert scores["imports"] == scores["solution"]
    for name in ("transformers", "scipy", "convbook"):
        assert f"{name} is not available while this exercise is graded: NumPy and torch are all it needs" in re.sub(
            r"<[^>]*>", "", pages["imports"]
        )


def test_what_a_student_makes_of_a_tensor_earns_nothing_and_runs_nowhere(graded):
    scores, _, _ = graded
    lost = POINTS["gradient_norms"] + POINTS["chain_gradient"]
    assert scores["trap"] == pytest.approx(sum(POINTS.values()) - lost)
    assert not os.path.exists("/tmp/it-was-unpickled")


def test_the_gradescope_zip_asks_for_torch_and_brings_its_probes(graded, tmp_path):
    _, _, course = graded
    config = ROOT / "nbgrader_config.py"
    with zipfile.ZipFile(write_zip(course.setup(ASSIGNMENT), config, tmp_path / "hw5.zip")) as bundle:
        assert f"torch=={torch.__version__.partition('+')[0]}" in bundle.read("requirements.txt").decode().split()
        assert {"autograder/torch_probes.py", "autograder/layer_names.py"} <= set(bundle.namelist())


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_torch_is_refused_to_all_other_assignments(assignment):
    server = server_for(ASSIGNMENTS[assignment])
    assert ("torch" in server.refused) == (assignment != ASSIGNMENT) == ("torch" not in server.preload)
    assert set(REFUSED) - set(server.refused) <= {"torch"}


def test_the_server_with_torch_holds_no_block_but_the_students():
    look = (
        "import gc, sys\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('convbook', 'autograder', 'transformers')])\n"
        "print([kind.__module__ for kind in gc.get_objects() if isinstance(kind, type) and 'Block' in kind.__name__])"
    )
    with server_for(ASSIGNMENTS[ASSIGNMENT]) as server, server.begin() as worker:
        (output,) = worker.run_cell(f"from torch import nn\nclass MyBlock(nn.Module): pass\n{look}")
    loaded, blocks = output["text"].splitlines()
    assert loaded == "['autograder']"  # the stand-in
    assert [name for name in eval(blocks) if not name.startswith("torch")] == ["__main__"], blocks


def test_the_grader_reads_no_pickle_and_no_file_of_torchs():
    """Whatever the pipes carry is read by :mod:`autograder.plain`, which knows numbers, strings, lists and arrays."""
    sources = [path.read_text() for path in (ROOT / "autograder").glob("*.py")]
    words = r"import (?:c?pickle|marshal|shelve|dill)\b|torch\.(?:load|save|jit)\b|np\.(?:load|save)\b|allow_pickle"
    assert sources and [found for source in sources for found in re.findall(words, source)] == []


def test_only_plain_data_leave_the_probes():
    """Outcomes of all visible cases survive the crossing, and no part of them is an object."""

    def opaque(value):
        if isinstance(value, dict):
            return any(map(opaque, value.values()))
        if isinstance(value, (list, tuple)):
            return any(map(opaque, value))
        return isinstance(value, plain.Opaque)

    for exercise in ASSIGNMENTS[ASSIGNMENT]:
        if exercise.trial is None:
            case = exercise.visible_cases()[0]
            value = probe_named(exercise.probe)({exercise.function: exercise.reference}, exercise.function, *case.args)
            assert not opaque(plain.unpack(plain.pack(value)))


class Renamed(nn.Module):
    """A right block in which nothing has the name that was asked for; the shortcut's place is a parameter."""

    order = ("first", "short", "second")

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        made = {
            "first": nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), nn.BatchNorm2d(c_out)),
            "second": nn.Sequential(nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False), nn.BatchNorm2d(c_out)),
            "short": nn.Identity(),
        }
        if stride != 1 or c_in != c_out:
            made["short"] = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
        for name in self.order:
            self.add_module(f"my_{name}", made[name])

    def forward(self, x):
        return torch.relu(self.my_second(torch.relu(self.my_first(x))) + self.my_short(x))


class ConvsFirst(nn.Module):
    """All convolutions of the main path, a shortcut in one part, then the batch norms."""

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.c1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.c2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.sc = nn.Sequential()
        if stride != 1 or c_in != c_out:
            self.sc = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
        self.b1, self.b2 = nn.BatchNorm2d(c_out), nn.BatchNorm2d(c_out)

    def forward(self, x):
        return torch.relu(self.b2(self.c2(torch.relu(self.b1(self.c1(x))))) + self.sc(x))


ORDERS = [("short", "first", "second"), ("first", "short", "second"), ("first", "second", "short")]


@pytest.mark.parametrize("order", [*ORDERS, "convolutions first"], ids=str)
def test_names_of_ones_own_are_understood(order):
    exercise = EXERCISES["hw5.BasicBlock"]
    block = type("Block", (Renamed,), {"order": order}) if isinstance(order, tuple) else ConvsFirst
    verdict = judge(exercise, lambda cases: outcomes(exercise, block, cases), b"a secret")
    assert not verdict.failures, verdict.failures


def test_a_layer_that_is_missing_or_too_much_is_named():
    x = np.ones((1, 1, 4, 4), np.float32)

    def run(net, **shapes):
        weights = {name.replace("_", "."): np.ones(shape, np.float32) for name, shape in shapes.items()}
        PROBES["module"]({"f": lambda: net}, "f", (), weights, x, False, "out")

    assert by_order({}, {"conv1.weight": np.ones((2, 1, 3, 3))}) == {}
    with pytest.raises(LookupError, match=r"the module has no conv1.weight, of shape \(2, 1, 3, 3\)"):
        run(nn.Identity(), conv1_weight=(2, 1, 3, 3))
    with pytest.raises(LookupError, match="the module has 1.weight, which nothing here needs"):
        run(nn.Sequential(nn.Conv2d(1, 2, 3), nn.PReLU()), **{"0_weight": (2, 1, 3, 3)})
    with pytest.raises(LookupError, match=r"0.weight has shape \(2, 1, 3, 3\), expected \(2, 1, 5, 5\)"):
        run(nn.Sequential(nn.Conv2d(1, 2, 3)), **{"0_weight": (2, 1, 5, 5)})


def test_a_network_that_does_not_call_its_stages_is_told():
    class Loops(nn.Module):
        def __init__(self, net):
            super().__init__()
            for name, part in net.named_children():
                setattr(self, name, part)

        def forward(self, x):
            x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
            for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
                for block in stage:
                    x = block(x)
            return self.fc(x.mean((2, 3)))

    exercise = EXERCISES["hw5.resnet"]
    (case,) = [case for case in exercise.examples if case.group == "whole network"]
    with pytest.raises(LookupError, match="layer1 to layer4 are not called"):
        PROBES["ask"]({"f": lambda *args: Loops(exercise.reference(*args))}, "f", *case.args)
