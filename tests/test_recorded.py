"""What chapters show and do not compute as they are built: against what it was computed from."""

import json
import math
import re
import sys
from runpy import run_path

import numpy as np
import pytest
import torch
from submissions import ROOT

from convbook.detection import ops

EXPERIMENTS = ROOT / "book/experiments"


def made(name, monkeypatch) -> tuple[dict, dict]:
    """The functions of an experiment and the record of its last run."""
    monkeypatch.setattr(sys, "path", [str(EXPERIMENTS), *sys.path])  # where `common` is
    record = (EXPERIMENTS / f"results/{name}.json").read_text(encoding="utf-8")
    return run_path(str(EXPERIMENTS / f"{name}.py")), json.loads(record)


def test_chapter_5_shows_what_the_models_count(monkeypatch):
    of, recorded = made("counts", monkeypatch)
    counted = json.loads(json.dumps(of["counted"]()))
    assert {key: recorded[key] for key in counted} == counted


def test_chapter_6_shows_what_the_tiny_net_says(monkeypatch):
    """Of all digits, and of all pairs for the two methods that take a second."""
    of, recorded = made("tiny_digits", monkeypatch)
    x, labels, net = of["pictures"]()
    for key, value in of["of_all"](x, labels, net).items():
        assert recorded[key] == pytest.approx(value, rel=1e-3), key
    pairs, classes = of["side_by_side"](x, labels, recorded["pairs"])
    for name in ("saliency", "Grad-CAM"):
        found = of["on_the_left"](of["METHODS"][name], net, pairs, classes)
        assert recorded["methods"][name] == pytest.approx(found, rel=1e-3), name


def function_of(chapter: str, name: str, **names):
    """A function as it stands in a chapter, with the names that it uses."""
    text = next((ROOT / "book").glob(f"{chapter}-*.md")).read_text(encoding="utf-8")
    (source,) = re.findall(rf"^def {name}\(.*?(?=^\S)", text, re.DOTALL | re.MULTILINE)
    exec(source, names)
    return names[name]


@pytest.mark.parametrize("size", [1e2, -3e-2, 1e-6, 1e-8, 1e-12])
def test_the_first_step_that_chapter_5_writes_out_is_adams(size):
    first_step = function_of("05", "first_step", math=math)
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    weight.grad = torch.tensor([size], dtype=torch.float64)
    torch.optim.Adam([weight], lr=1).step()
    assert -first_step(size) == pytest.approx(weight.item(), rel=1e-6)


@pytest.mark.parametrize("loss", ["box_giou", "squares"])
def test_the_walk_that_chapter_7_writes_out_is_adams(loss):
    goal, start = torch.tensor([[5.0, 4.0, 9.0, 6.0]]), [0.0, 0.0, 2.0, 2.0]
    losses = {
        "box_giou": lambda box: 1 - ops.box_giou(box, goal).sum(),
        "squares": lambda box: ((box - goal) ** 2).sum(),
    }
    walk = function_of("07", "walk", torch=torch, np=np, ops=ops, start=start, goal=goal)
    path, first = walk(losses[loss], 60)
    box = torch.tensor([start], requires_grad=True)
    optimizer, expected, sizes = torch.optim.Adam([box], 0.1), [], []
    for _ in range(60):
        optimizer.zero_grad()
        losses[loss](box).backward()
        sizes.append(box.grad.norm().item())
        optimizer.step()
        expected.append(ops.box_iou(box.detach(), goal).item())
    np.testing.assert_allclose(path, expected, atol=1e-4)
    assert path[-1] > 0.05 and first == pytest.approx(sizes[0])
