"""The explorables of chapter 7 in a real JupyterLab: Python changes the views, and the views change Python."""

import pytest
import test_jupyterlab
from test_jupyterlab import run_cell, run_until, wait_until_idle

lab = test_jupyterlab.lab  # the fixture
CELLS = [
    "from convbook.explorables import Anchors, Detector, Iou, Nms, Roi\npair = Iou()\npair",
    "grid = Anchors()\ngrid",
    "boxes = Nms()\nboxes",
    "region = Roi()\nregion",
    "view = Detector()\nview",
    "pair.b = [8, 12, 32, 36]\ngrid.pos = 0.5\nboxes.step = 2\nregion.samples = 1\nview.stage = 'kept'\nprint('set')",
    "print('seen', pair.a, grid.scales, boxes.threshold, boxes.kept, region.box, view.least, len(view.detections))",
    "try:\n    pair.a = [9, 0, 1, 1]\nexcept ValueError as error:\n    print('refused:', error)",
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

    pair, grid, boxes, region, view = (run_cell(page, n) for n in range(5))
    view.get_by_text("16 × 16 cells × 9 = 2,304 anchors.").wait_for()
    run_until(page, 5, "set")
    pair.get_by_text("The boxes are equal: both measures are 1.").wait_for()
    grid.get_by_text("3 positive, 6 ignored, 423 negative").wait_for()
    boxes.get_by_text("step 2 of 4").wait_for()
    region.get_by_text("Output (0, 0) of RoI align is one point").wait_for()
    view.get_by_text("suppression class by class keeps 6.").wait_for()

    pair.get_by_role("slider", name="box a: move").press("ArrowRight")
    scales = grid.locator('[name="scales"]')
    scales.fill("16, 32")
    scales.press("Enter")  # which JupyterLab keeps to itself
    boxes.locator('[name="threshold"]').fill("0.6")
    region.get_by_role("slider", name="region: move").first.press("Shift+ArrowDown")
    view.locator('[name="least"]').fill("0.2")
    expected = "seen [9.0, 12.0, 33.0, 36.0] [16.0, 32.0] 0.6 [0 1 2] [35.0, 28.0, 105.0, 96.0] 0.2 5"
    run_until(page, 6, expected)
    run_until(page, 7, "refused: a must be x1, y1, x2, y2 with x1 <= x2")
    assert thrown == []
    context.close()
