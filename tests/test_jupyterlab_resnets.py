"""The explorables of chapter 5 in a real JupyterLab: Python changes the views, and the views change Python."""

import pytest
import test_jupyterlab
from test_jupyterlab import run_cell, run_until, wait_until_idle

lab = test_jupyterlab.lab  # the fixture
CELLS = [
    "from convbook.explorables import GradientChain, LossSurface, ResnetBuilder\nchain = GradientChain()\nchain",
    "net = ResnetBuilder()\nnet",
    "import numpy as np\na, b = np.mgrid[-1:1:5j, -1:1:5j]\nbowl = 0.5 + a**2 + 2 * b**2\n"
    "surface = LossSurface(residual=bowl, plain=bowl**3)\nsurface",
    "chain.weight = 1.5\nchain.dtype = 'float16'\nchain.cursor = 28\nprint('fate', *chain.fates['plain'])",
    "print('view', chain.weight, chain.depth, chain.cursor, net.blocks, net.depth, net.parameters, net.cursor)",
    "print('seen', surface.cursor, surface.log, surface.show, surface.azimuth, surface.probe['residual'])",
    "net.block = 'basic'\nnet.blocks = [2, 2, 2, 2]\n"
    "surface.plain = bowl + 1\nsurface.cursor = [4, 4]\nprint('changed')",
    "try:\n    net.blocks = [0, 1, 1, 1]\nexcept ValueError as error:\n    print('refused:', error)",
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

    chain = run_cell(page, 0)
    chain.locator(".gc-series text").get_by_text("n = 46").wait_for()
    run_until(page, 3, "fate overflow 28 inf")
    chain.locator(".gc-plain[data-first='28']").wait_for(state="attached")
    assert chain.locator('[name="weight"]').input_value() == "1.5"
    for name, value in [("weight", "−0,5"), ("depth", "20")]:
        entry = chain.locator(f'[name="{name}"]')
        entry.fill(value)
        entry.press("Enter")  # which JupyterLab keeps to itself
    chain.get_by_role("slider", name="layers back").press("Home")

    net = run_cell(page, 1)
    net.get_by_text("25,557,032 parameters").wait_for()
    blocks = net.locator('[name="stage 3"]')
    blocks.fill("23")
    blocks.press("Enter")
    net.get_by_text("ResNet-101: bottleneck blocks").wait_for()
    net.locator("tr[data-row='5']").click()
    run_until(page, 4, "view -0.5 20 1 [3, 4, 23, 3] 101 44549160 5")

    surface = run_cell(page, 2)
    surface.get_by_text("At a = 0, b = 0 the loss is 0.5 with skips and 0.125 without skips.").wait_for()
    surface.locator('[data-net="residual"] .ls-map').press("ArrowUp")
    surface.locator('[data-net="plain"] .ls-surface').press("ArrowRight")
    surface.get_by_role("checkbox", name="logarithmic").uncheck()
    surface.locator('[name="show"]').select_option("plain")
    run_until(page, 5, "seen [2, 3] False plain -30 1.0")

    run_until(page, 6, "changed")
    net.get_by_text("ResNet-18: basic blocks").wait_for()
    surface.get_by_text("At a = 1, b = 1 the loss is 3.5 with skips and 4.5 without skips.").wait_for()
    run_until(page, 7, "refused: blocks must be an integer of at least 1, got 0")
    assert thrown == []
    context.close()
