"""The explorables of chapter 6 in a real JupyterLab: Python changes the views, and the views change Python."""

import pytest
import test_jupyterlab
from test_jupyterlab import run_cell, run_until, wait_until_idle

lab = test_jupyterlab.lab  # the fixture
CELLS = [
    "from convbook.explorables import Ascent, Inside, ReluRules\nnet = Inside()\nnet",
    "rules = ReluRules.preset('the four cases')\nrules",
    "climb = Ascent()\nclimb",
    "from convbook.explorables.inside import PICTURES\nnet.image = PICTURES['a 6']\nprint('is', net.scores.argmax())",
    "print('seen', net.layer, net.scores.argmax(), net.cursor[0], rules.arriving('guided').tolist())",
    "print('climb', climb.target, climb.regularisers, climb.frame)",
    "rules.x = [[-1.0, 2.0]]\nrules.dout = [[3.0, 4.0]]\nclimb.regularisers = ['tv']\nprint('changed')",
    "try:\n    net.net = {'format': 'png'}\nexcept ValueError as error:\n    print('refused:', error)",
]


@pytest.fixture(autouse=True)
def cells(monkeypatch):
    monkeypatch.setattr(test_jupyterlab, "CELLS", CELLS)


def test_views_and_python_follow_each_other(browser, cells, lab):
    context = browser.new_context(viewport={"width": 1280, "height": 1600})
    page = context.new_page()
    page.set_default_timeout(60_000)
    thrown = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(f"{lab}/lab/tree/layer.ipynb?reset")
    wait_until_idle(page, lab)

    net = run_cell(page, 0)
    net.get_by_text("The net says 3, with 100 %.").wait_for()
    run_until(page, 3, "is 6")
    net.get_by_text("The net says 6").wait_for()
    net.locator('select[name="picture"]').select_option("a 2")
    tiles = net.locator('.ci-row[aria-label="convolution 3"] canvas')
    tiles.press("Enter")
    tiles.press("ArrowRight")

    rules = run_cell(page, 1)
    entry = rules.get_by_label("x, row 0, column 1", exact=True)
    entry.fill("3")
    entry.press("Enter")  # which JupyterLab keeps to itself
    run_until(page, 4, "seen 6 2 1 [[5.0, 4.0], [0.0, 0.0]]")

    climb = run_cell(page, 2)
    climb.locator(".as-big[data-shown='horse 7']").wait_for()
    climb.locator('input[name="blur"]').check()
    climb.locator(".as-chart").press("Home")
    run_until(page, 5, "climb horse ['blur'] 0")

    run_until(page, 6, "changed")
    climb.locator(".as-big[data-shown='horse+tv 0']").wait_for()
    rules.get_by_label("x, row 0, column 0", exact=True).wait_for()
    assert rules.locator('[data-stage="backprop"] [data-place]').all_inner_texts() == ["0", "4"]
    run_until(page, 7, "refused: not a net for this page")
    assert thrown == []
    context.close()
