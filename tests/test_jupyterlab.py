"""The conv2d explorable in a real JupyterLab: Python changes the view, and the view changes Python."""

import re

import nbformat
import pytest
from lab import jupyterlab, wait_until_idle
from playwright.sync_api import TimeoutError

CELLS = [
    "from convbook.explorables import Conv2d\nlayer = Conv2d.preset('4×4, two filters, padding 1')\nlayer",
    "layer.stride = 2\nprint('stride', layer.output.shape)",
    "print('cursor', layer.cursor)",
    "print('pixel', layer.x[0][0][1], layer.output[0, 0, 1])",
    "layer.x = [[[1, 2], [3, 4]]]\nlayer.groups = 2\nprint('broken')",
]
KERNELSPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


@pytest.fixture
def lab(tmp_path):
    """Address of a JupyterLab that serves a folder with ``layer.ipynb``."""
    folder = tmp_path / "work"
    folder.mkdir()
    cells = [nbformat.v4.new_code_cell(code) for code in CELLS]
    # Without its kernel in the metadata, the notebook opens with a dialog.
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC}), folder / "layer.ipynb")
    with jupyterlab(folder, tmp_path / "state") as address:
        yield address


def run_cell(page, number: int):
    """Run a cell once more until it has run; returns its output area."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    for _ in range(3):
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        try:
            cell.locator(".jp-InputPrompt").get_by_text(re.compile(r"\[\d+\]")).wait_for(timeout=20_000)
            break
        except TimeoutError:
            continue
    return cell.locator(".jp-Cell-outputWrapper")


def run_until(page, number: int, text: str) -> None:
    """Run a cell until its output shows ``text``: JupyterLab may send what a view has just become after the cell."""
    for timeout in (10_000, 20_000):
        try:
            run_cell(page, number).get_by_text(text).wait_for(timeout=timeout)
            return
        except TimeoutError:
            continue
    run_cell(page, number).get_by_text(text).wait_for()


def test_view_and_python_follow_each_other(browser, lab):
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    page = context.new_page()
    page.set_default_timeout(60_000)
    thrown = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(f"{lab}/lab/tree/layer.ipynb?reset")
    wait_until_idle(page, lab)

    view = run_cell(page, 0)
    view.locator('[data-out="[0,1,1]"]').wait_for()
    assert view.locator('[data-out^="[0,0,"]').all_inner_texts() == ["0.5", "64", "50", "127.5", "0"]
    assert view.locator('[data-out="[0,1,1]"]').inner_text() == "307"
    assert page.locator("script[src*=require]").count() == 0

    view.locator('[data-out="[1,2,3]"]').click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    assert view.locator(".cb-where").inner_text() == "out[1, 3, 2]"
    run_until(page, 2, "cursor [1, 3, 2]")

    entry = view.locator("[data-at='[\"x\",0,0,1]']")
    entry.fill("7")
    entry.press("Enter")
    run_until(page, 3, "pixel 7.0 3.5")

    run_until(page, 1, "stride (2, 3, 3)")
    view.locator('[data-out="[0,2,2]"]').wait_for()
    assert view.locator("[data-out]").count() == 18
    assert view.locator('[name="stride"]').input_value() == "2"

    run_until(page, 4, "broken")
    view.get_by_text("groups=2 does not divide the 1 input channels").wait_for()
    assert view.locator('[name="groups"][aria-invalid]').input_value() == "2"
    assert view.locator("[data-out]").count() == 2 * 2 * 2, "the last layer that fits stays"
    assert thrown == []
    context.close()
