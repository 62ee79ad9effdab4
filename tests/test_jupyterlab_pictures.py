"""The explorables of chapter 1 in a real JupyterLab: Python changes the view, and the view changes Python."""

import pytest
import test_jupyterlab
from test_jupyterlab import lab, run_cell, run_until, wait_until_idle  # noqa: F401

CELLS = [
    "from convbook.explorables import Filters, Shift, Template\n"
    "filters = Filters.preset('Sobel x', cursor=[10, 10])\nfilters",
    "filters.mode = 'circular'\nfilters.cursor = [0, 0]\nprint('corner', filters.output[0, 0])",
    "print('weight', filters.kernel[1][1], filters.cursor)",
    "shift = Shift()\nshift",
    "print('by', shift.by)",
    "template = Template()\ntemplate",
    "print('box', template.box, template.found['normalised'])",
]


@pytest.fixture(autouse=True)
def cells(monkeypatch):
    monkeypatch.setattr(test_jupyterlab, "CELLS", CELLS)


def test_views_and_python_follow_each_other(browser, cells, lab):  # noqa: F811
    context = browser.new_context(viewport={"width": 1280, "height": 2400})
    page = context.new_page()
    page.set_default_timeout(60_000)
    thrown = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(f"{lab}/lab/tree/layer.ipynb?reset")
    wait_until_idle(page, lab)

    view = run_cell(page, 0)
    view.locator(".cb-where").get_by_text("out[10, 10]").wait_for()
    run_until(page, 1, "corner")
    view.locator(".cb-where").get_by_text("out[0, 0]").wait_for()
    corner = run_cell(page, 1).inner_text().split()[-1]
    assert float(view.locator(".cb-sum strong").inner_text().replace("−", "-")) == float(corner)
    view.locator(".cb-output canvas").focus()
    page.keyboard.press("ArrowDown")
    weight = view.get_by_label("kernel row 1, column 1")
    weight.fill("7")
    weight.press("Enter")
    run_until(page, 2, "weight 7.0 [1, 0]")

    view = run_cell(page, 3)
    view.get_by_role("button", name="shift down").click()
    run_until(page, 4, "by [1, 1]")

    view = run_cell(page, 5)
    view.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    run_until(page, 6, "box [18, 25, 28, 26] (18, 25)")
    assert thrown == []
    context.close()
