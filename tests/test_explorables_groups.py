"""The groups explorable: its arithmetic against the kernels and PyTorch, and the page that readers see."""

import re

import numpy as np
import pytest
import test_jupyterlab
import torch
from explorable_pages import control_names, document, faintest, in_browser

from convbook import kernels
from convbook.explorables import Groups
from convbook.explorables.groups import PRESETS

LECTURE, PLAIN, SHUFFLED = "64 to 32, four groups", "two layers, no shuffle", "two layers and a shuffle"
CELLS = [
    "from convbook.explorables import Dilation, Groups\nlayer = Groups.preset('64 to 32, four groups')\nlayer",
    "layer.groups = 8\nprint('parameters', layer.parameters)",
    "print('cursor', layer.cursor, 'groups', layer.groups)",
    "stack = Dilation.preset('holes: 2, 2, 2')\nstack",
    "stack.dilations = [1, 3]\nprint('paths', stack.paths.sum())",
    "print('cursor', stack.cursor, 'dilations', stack.dilations)",
]
ATTEMPT = "argument.map((a) => { try { return CALL; } catch (error) { return error.message; } })"


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except ValueError as error:
        return str(error)


# ---- the arithmetic


def random_layers(count: int) -> list[dict]:
    rng = np.random.default_rng(31)
    layers = []
    for _ in range(count):
        groups, depth, per_group = rng.integers(1, 6, 3).tolist()
        layers.append({"c_in": groups * depth, "c_out": groups * per_group, "groups": groups}
                      | {"layers": int(rng.integers(1, 3)), "shuffle": bool(rng.random() < 0.5)})  # fmt: skip
    return layers


def counted_paths(layer) -> np.ndarray:
    """Paths from each input to each output, by PyTorch: one channel lit at a time, kernels of ones."""
    signal = torch.eye(layer["c_in"])[:, :, None, None]
    for number in range(layer["layers"]):
        if number and layer["shuffle"]:
            signal = torch.nn.ChannelShuffle(layer["groups"])(signal)
        ones = torch.ones(layer["c_out"], signal.shape[1] // layer["groups"], 1, 1)
        signal = torch.nn.functional.conv2d(signal, ones, groups=layer["groups"])
    return signal[:, :, 0, 0].T.numpy()


def test_paths_agree_on_240_random_layers(page):
    layers = random_layers(240)
    found = in_browser(page, "groups_kernels.mjs", "argument.map((layer) => kernels.paths(layer))", layers)
    for layer, paths in zip(layers, found, strict=True):
        np.testing.assert_array_equal(paths, counted_paths(layer), err_msg=str(layer))
        np.testing.assert_array_equal(Groups(**layer).paths, paths)


def test_blocks_are_what_the_kernels_read(page):
    rng = np.random.default_rng(32)
    for layer in random_layers(20):
        c_in, c_out, groups = layer["c_in"], layer["c_out"], layer["groups"]
        w = rng.uniform(1, 2, size=(c_out, c_in // groups, 3, 2))
        reads = kernels.conv2d(np.tile(np.eye(c_in)[:, :, None, None], (1, 1, 3, 2)), w, groups=groups)[:, :, 0, 0].T
        blocks = in_browser(page, "groups_kernels.mjs", "kernels.block_diagonal(...argument)", [c_in, c_out, groups])
        np.testing.assert_array_equal(blocks, reads > 0)


def test_counts_and_messages_agree(page):
    rng = np.random.default_rng(33)
    layers = [rng.integers((0, 0, 0, -1, 0), (20, 20, 8, 5, 6)).tolist() for _ in range(300)]
    macs = [outcome(kernels.conv_macs, c_in, c_out, k, size, g) for c_in, c_out, k, size, g in layers]
    found = in_browser(
        page, "groups_kernels.mjs", ATTEMPT.replace("CALL", "kernels.conv_macs(a[0], a[1], a[2], a[3], a[4])"), layers
    )
    assert found == macs
    assert sum(isinstance(value, int) for value in macs) >= 20
    params = [[c_in, c_out, k, g] for c_in, c_out, k, _, g in layers]
    found = in_browser(page, "groups_kernels.mjs", ATTEMPT.replace("CALL", "kernels.conv_params(...a)"), params)
    for arguments, theirs in zip(params, found, strict=True):
        assert outcome(kernels.conv_params, *arguments) == theirs, arguments


def test_shuffles_and_divisors_agree(page):
    for channels, groups in [(6, 2), (6, 3), (12, 4), (5, 1), (5, 5), (16, 8)]:
        order = in_browser(page, "groups_kernels.mjs", "kernels.channel_shuffle(...argument)", [channels, groups])
        expected = torch.nn.ChannelShuffle(groups)(torch.arange(channels)[None, :, None, None]).flatten().tolist()
        assert order == expected
    assert in_browser(page, "groups_kernels.mjs", "kernels.divisors(12, 18)", None) == [1, 2, 3, 6]


# ---- Python's side


def test_layers_are_checked_where_they_are_made():
    for wrong, message in [
        ({"groups": 3}, "groups=3 does not divide the 8 input channels"),
        ({"c_out": 9}, "groups=2 does not divide the 9 filters"),
        ({"groups": 0}, "groups must be an integer of at least 1, got 0"),
        ({"c_in": 66}, "c_in must be at most 64 in this explorable, got 66"),
        ({"kernel_size": 2.5}, "kernel_size must be an integer of at least 1, got 2.5"),
        ({"layers": 3}, "layers must be 1 or 2, got 3"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Groups(**wrong)


def test_costs_are_those_of_pytorch():
    for preset in PRESETS.values():
        layer = Groups(**preset)
        c_out, options = layer.c_out, {"kernel_size": layer.kernel_size, "groups": layer.groups}
        stack = [torch.nn.Conv2d(c, c_out, **options) for c in (layer.c_in, c_out)[: layer.layers]]
        assert layer.parameters == sum(p.numel() for module in stack for p in module.parameters())
        assert layer.macs == sum(module.weight.numel() for module in stack) * layer.size**2


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*layers, **options):
        page.set_content(document(*layers, **options))
        page.wait_for_function(f"document.querySelectorAll('.cg-wires').length === {len(layers)}")
        return page

    return show


def output(page, f):
    return page.locator(f'[data-out="{f}"]')


def lit(page, level=0) -> list[int]:
    marked = page.locator(f'.cg-on[data-level="{level}"]')
    return [int(each) for each in marked.evaluate_all("all => all.map((dot) => dot.dataset.channel)")]


def written(page) -> str:
    return page.locator(".cg-reads").inner_text()


def setting(page, name, value):
    control = page.locator(f'input[name="{name}"]')
    control.fill(value)
    control.press("Enter")
    return control


def slide(page, groups):
    """Move the slider to a number of groups that it offers."""
    offered = page.locator(".cg-slider .cb-note").inner_text().removeprefix("of ").split(", ")
    page.locator('[name="groups"]').fill(str(offered.index(str(groups))))


def cost(page, row, kind) -> int:
    return int(page.locator(f'.cg-costs tbody tr >> nth={row} >> [data-cost="{kind}"]').inner_text().replace(",", ""))


def complaint(page) -> str:
    return page.locator(".convbook-widget > [role=alert]").inner_text()


def test_the_lectures_example(show):
    page = show(Groups.preset(LECTURE))
    for f, first in [(0, 0), (7, 0), (8, 16), (9, 16), (31, 48)]:
        output(page, f).hover()
        assert lit(page) == list(range(first, first + 16))
        assert written(page) == f"output {f}, in group {f // 8}, reads input channels {first} to {first + 15}: 16 of 64"
    assert [cost(page, row, "parameters") for row in (0, 1)] == [4640, 18464]
    assert cost(page, 0, "macs") == 4608 * 49
    assert page.locator(".cg-wires .cg-box.cg-in").count() == 4


def test_every_preset_shows_pythons_numbers(show):
    for name in PRESETS:
        layer = Groups.preset(name)
        page = show(layer)
        assert page.get_by_label("example").input_value() == name
        assert (cost(page, 0, "parameters"), cost(page, 0, "macs")) == (layer.parameters, layer.macs)
        for f in range(layer.c_out):
            output(page, f).focus()
            assert lit(page) == np.flatnonzero(layer.paths[f]).tolist()


def test_the_slider_offers_divisors_and_changes_everything(show):
    page = show(Groups(c_in=12, c_out=18, groups=3))
    assert page.locator(".cg-slider .cb-note").inner_text() == "of 1, 2, 3, 6"
    slider = page.locator('[name="groups"]')
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "6 groups"
    assert cost(page, 0, "parameters") == kernels.conv_params(12, 18, 3, 6)
    assert page.locator(".cg-box.cg-out").count() == 6
    page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuetext") == "1 group"
    assert cost(page, 0, "parameters") == cost(page, 1, "parameters") == kernels.conv_params(12, 18, 3)
    page.keyboard.press("End")
    output(page, 4).hover()
    assert lit(page) == [2, 3]


def test_a_shuffle_lets_information_cross(show):
    page = show(Groups.preset(PLAIN))
    output(page, 5).focus()
    assert lit(page) == [4, 5, 6, 7]
    assert "4 of 16" in written(page)
    page.get_by_label("shuffle between them").check()
    assert lit(page) == list(range(16))
    assert written(page).endswith(
        "reads channels 1, 5, 9, 13 of the first layer, and through them input channels 0 to 15: 16 of 16"
    )
    shuffled = page.locator('.cg-dot[data-level="2"]').all_text_contents()
    assert [int(text) for text in shuffled] == [4 * (k % 4) + k // 4 for k in range(16)]
    page.get_by_label("a second layer").uncheck()
    assert lit(page) == [4, 5, 6, 7] and page.get_by_label("shuffle between them").is_disabled()
    page.get_by_label("a second layer").check()
    slide(page, 8)
    assert len(lit(page)) == 4, "not enough room for eight groups"


def test_the_matrices_name_their_blocks(show):
    page = show(Groups.preset(SHUFFLED))
    labels = page.locator(".cg-matrix").evaluate_all("all => all.map((svg) => svg.ariaLabel)")
    assert [label.split(":")[0] for label in labels] == ["second layer", "first layer", "both layers together"]
    assert [label.split("; ")[-1] for label in labels] == ["64 of 256 squares filled"] * 2 + [
        "256 of 256 squares filled"
    ]
    page.get_by_label("shuffle between them").uncheck()
    together = page.locator(".cg-matrix").last
    assert together.get_attribute("aria-label").endswith("64 of 256 squares filled")
    assert page.get_by_text("at most 4 paths a square").is_visible()


def test_arrow_keys_walk_over_the_outputs(show):
    page = show(Groups.preset(LECTURE))
    output(page, 0).focus()
    for key in ("ArrowRight",) * 9 + ("ArrowLeft",):
        page.keyboard.press(key)
    focused = page.locator(":focus")
    assert focused.get_attribute("data-out") == "8" and focused.get_attribute("aria-selected") == "true"
    assert focused.get_attribute("aria-label") == written(page)
    assert page.locator('.cg-wires [tabindex="0"]').count() == 1, "one tab stop"
    page.locator(".cb-title").first.hover()
    assert written(page).startswith("output 8"), "the place stays"


def test_fingers_choose_the_nearest_output(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.set_content(document(Groups.preset(LECTURE)))
    page.wait_for_selector(".cg-wires")
    box = page.locator(".cg-wires").bounding_box()
    page.touchscreen.tap(box["x"] + 0.99 * box["width"], box["y"] + 40)
    assert written(page).startswith("output 31,")
    page.touchscreen.tap(box["x"] + 2, box["y"] + 40)
    assert written(page).startswith("output 0,")
    context.close()


def test_channel_counts_bring_the_groups_along(show):
    page = show(Groups(c_in=12, c_out=24, groups=4))
    setting(page, "c_in", "6")
    assert page.locator("[role=status]").inner_text() == "4 groups would need 4 to divide 6 and 24: now 3"
    assert page.locator(".cg-chosen").inner_text() == "3" and page.locator('.cg-dot[data-level="0"]').count() == 6
    setting(page, "c_in", "8")
    assert page.locator(".cg-chosen").inner_text() == "4", "what was wished comes back"
    assert page.locator("[role=status]").inner_text() == ""


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Groups.preset(LECTURE))
    before = page.locator(".cg-costs").inner_text()
    for name, value, message in [
        ("c_in", "0", "channels in must be an integer of at least 1, got 0"),
        ("c_in", "65", "channels in must be at most 64 in this explorable, got 65"),
        ("c_out", "-8", "channels out must be an integer of at least 1, got -8"),
        ("c_out", "2.5", "channels out must be an integer of at least 1, got 2.5"),
        ("kernel_size", "12", "kernel size must be at most 11 in this explorable, got 12"),
        ("size", "", "map side must be an integer of at least 1, got nan"),
    ]:
        control = page.locator(f'input[name="{name}"]')
        old = control.input_value()
        setting(page, name, value)
        assert complaint(page) == message
        assert control.get_attribute("aria-invalid") == "true" and control.input_value() == value
        assert page.locator(".cg-costs").inner_text() == before and lit(page) == list(range(16))
        setting(page, name, old)
        assert complaint(page) == "" and control.get_attribute("aria-invalid") is None


def test_python_may_assign_what_does_not_fit_for_a_moment(page, static):
    page.set_content(document(Groups()).replace('"groups": 2, "kernel_size"', '"groups": 3, "kernel_size"', 1))
    page.get_by_text("groups=3 does not divide the 8 input channels").wait_for()
    setting(page, "c_in", "9")
    assert complaint(page) == ""
    assert page.locator(".cg-chosen").inner_text() == "1"
    setting(page, "c_out", "6")
    assert page.locator(".cg-chosen").inner_text() == "3"


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(Groups.preset(LECTURE), Groups.preset(PLAIN))
    first, second = page.locator("figure").first, page.locator("figure").nth(1)
    first.locator('[data-out="9"]').hover()
    assert first.locator(".cg-reads").inner_text().startswith("output 9")
    assert second.locator(".cg-reads").inner_text().startswith("output 0")
    second.get_by_label("shuffle between them").check()
    assert first.locator(".cg-dot").count() == 64 + 32 and second.locator(".cg-dot").count() == 4 * 16


def test_every_control_has_a_name(show):
    page = show(Groups.preset(SHUFFLED))
    assert all(control_names(page))
    assert page.get_by_role("listbox", name="output channels").get_by_role("option").count() == 16


@pytest.mark.parametrize("width", [390, 360])
@pytest.mark.parametrize("preset", PRESETS)
def test_small_screens_scroll_in_one_direction(show, preset, width):
    page = show(Groups.preset(preset))
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"document.querySelector('.cg-wires').clientWidth < {width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_largest_layers_fit_a_phone(show):
    page = show(Groups(c_in=64, c_out=64, groups=1, layers=2, shuffle=True, size=512, kernel_size=11))
    page.set_viewport_size({"width": 360, "height": 800})
    page.wait_for_function("document.querySelector('.cg-wires').clientWidth < 360")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    output(page, 63).focus()
    assert len(lit(page)) == 64


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(Groups.preset(SHUFFLED), theme=theme)
    setting(page, "c_in", "12")
    setting(page, "size", "0")
    assert complaint(page)
    assert faintest(page)[0] >= 4.5, faintest(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(Groups.preset(LECTURE)), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == url else route.abort())
    page.goto(url)
    output(page, 9).hover()
    assert lit(page) == list(range(16, 32))
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


@pytest.mark.parametrize("preset", [LECTURE, SHUFFLED])
def test_without_scripts_the_blocks_are_there(browser, static, preset):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(Groups.preset(preset)))
    layer, text = Groups.preset(preset), page.locator("figure").inner_text()
    assert f"{layer.parameters:,} parameters" in text and f"{layer.macs:,} multiply-adds" in text
    if preset == LECTURE:
        assert "outputs 8 to 15 read inputs 16 to 31" in text
    assert page.locator("figure svg[role=img]").get_attribute("aria-label")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()


# ---- JupyterLab, for both explorables of the chapter

lab = test_jupyterlab.lab


@pytest.fixture
def chapter(monkeypatch, request):
    """Address of a JupyterLab whose notebook holds this chapter's cells."""
    monkeypatch.setattr(test_jupyterlab, "CELLS", CELLS)
    return request.getfixturevalue("lab")


def test_views_and_python_follow_each_other(browser, chapter):
    context = browser.new_context(viewport={"width": 1280, "height": 2400})
    page = context.new_page()
    page.set_default_timeout(60_000)
    thrown = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(f"{chapter}/lab/tree/layer.ipynb?reset")
    test_jupyterlab.wait_until_idle(page, chapter)

    view = test_jupyterlab.run_cell(page, 0)
    view.locator('[data-out="9"]').click()
    page.keyboard.press("ArrowRight")
    assert view.locator(".cg-reads").inner_text().startswith("output 10, in group 1, reads input channels 16 to 31")
    view.locator('[name="groups"]').fill("1")
    test_jupyterlab.run_cell(page, 2).get_by_text("cursor 10 groups 2").wait_for()
    test_jupyterlab.run_cell(page, 1).get_by_text("parameters 2336").wait_for()
    view.get_by_text("output 10, in group 2, reads input channels 16 to 23: 8 of 64").wait_for()

    view = test_jupyterlab.run_cell(page, 3)
    view.locator('[data-out="0"]').click()
    view.get_by_text("Holes: 6, at 1, 3, 5, 7, 9, 11.").wait_for()
    setting(view, "dilations", "1, 2")
    test_jupyterlab.run_cell(page, 5).get_by_text("cursor 0 dilations [1, 2]").wait_for()
    test_jupyterlab.run_cell(page, 4).get_by_text("paths 9").wait_for()
    view.get_by_text("output 0 sees inputs 0 to 8: 9 of 9 reach it").wait_for()
    assert thrown == []
    context.close()
