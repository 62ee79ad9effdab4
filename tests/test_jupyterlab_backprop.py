"""The explorables of chapter 4 in a real JupyterLab: Python changes the views, and the views change Python."""

import pytest
import test_jupyterlab
from test_jupyterlab import run_cell, run_until, wait_until_idle

lab = test_jupyterlab.lab  # the fixture
CELLS = [
    "from convbook.explorables import Adjoint, Checkerboard, Toeplitz\nmatrix = Toeplitz()\nmatrix",
    "way = Adjoint()\nway",
    "board = Checkerboard()\nboard",
    "matrix.stride = 2\nmatrix.v = [1, 1, 1]\nprint('products', *matrix.products[1])",
    "print('view', matrix.taps, way.dx[0, 0], board.kernel, board.weights)",
    "way.padding = 9\nboard.kernel = 4\nprint('changed')",
]


@pytest.fixture(autouse=True)
def cells(monkeypatch):
    monkeypatch.setattr(test_jupyterlab, "CELLS", CELLS)


def test_views_and_python_follow_each_other(browser, cells, lab):
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    page = context.new_page()
    page.set_default_timeout(60_000)
    thrown = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(f"{lab}/lab/tree/layer.ipynb?reset")
    wait_until_idle(page, lab)

    matrix = run_cell(page, 0)
    matrix.get_by_text("⟨Ŵx, v⟩ = 659 = ⟨x, Ŵᵀv⟩ = 659").wait_for()
    run_until(page, 3, "products 3.0 7.0 3.0 7.0 3.0")
    assert matrix.locator('.bp-result[data-row^="backward"]').all_inner_texts() == ["3", "7", "3", "7", "3"]
    tap = matrix.locator("[data-at='[\"taps\",0]']")
    tap.fill("10")
    tap.press("Enter")

    way = run_cell(page, 1)
    way.get_by_role("button", name="to the end").click()
    way.get_by_text("Both give the same dx.").wait_for()
    value = way.locator("[data-at='[\"dout\",0,0]']")
    value.fill("−7")
    value.press("Enter")

    board = run_cell(page, 2)
    kernel = board.locator('[name="kernel"]')
    kernel.fill("5")
    kernel.press("Enter")
    board.get_by_text("5 mod 2 = 1").wait_for()  # Enter is enough
    board.get_by_label("weights").select_option("uneven")
    run_until(page, 4, "view [10.0, 3.0, 5.0] -7.0 5 uneven")

    run_until(page, 5, "changed")
    way.get_by_text("padding must be at most 3 in this explorable, got 9").wait_for()
    assert way.locator('[role=grid][aria-label^="dx, filled"] .cb-cell').count() == 16, "the last layer that fits stays"
    board.get_by_text("4 mod 2 = 0").wait_for()
    assert thrown == []
    context.close()
