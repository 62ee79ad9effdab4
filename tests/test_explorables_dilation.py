"""The dilation explorable: its arithmetic against the kernels, and the page that readers see."""

import re

import numpy as np
import pytest
from explorable_pages import control_names, document, faintest, in_browser

from convbook import kernels
from convbook.explorables import Dilation
from convbook.explorables.dilation import PRESETS

DOUBLED, HOLES = "doubled: 1, 2, 4, 8", "holes: 2, 2, 2"


# ---- the arithmetic


def random_stacks(count: int) -> list[dict]:
    rng = np.random.default_rng(41)
    return [
        {"kernel_size": int(rng.integers(1, 6)), "dilations": rng.integers(1, 7, rng.integers(1, 5)).tolist()}
        for _ in range(count)
    ]


def counted_paths(kernel_size, dilations) -> np.ndarray:
    """Paths from each input to the one output, by the forward kernel: one input lit at a time, kernels of ones."""
    field = kernels.receptive_field([(kernel_size, 1, d) for d in dilations])
    signal = np.eye(field)[:, None, None, :]
    for d in dilations:
        signal = kernels.conv2d(signal, np.ones((1, 1, 1, kernel_size)), dilation=(1, d))
    assert signal.shape == (field, 1, 1, 1)
    return signal.ravel()


def test_paths_agree_on_240_random_stacks(page):
    stacks = random_stacks(240)
    call = "argument.map((stack) => kernels.paths(stack.kernel_size, stack.dilations))"
    for stack, paths in zip(stacks, in_browser(page, "dilation_kernels.mjs", call, stacks), strict=True):
        np.testing.assert_allclose(paths, counted_paths(**stack), err_msg=str(stack))
    call = "argument.map((stack) => kernels.receptive_field(stack.kernel_size, stack.dilations))"
    fields = in_browser(page, "dilation_kernels.mjs", call, stacks)
    assert fields == [kernels.receptive_field([(s["kernel_size"], 1, d) for d in s["dilations"]]) for s in stacks]


def test_every_row_of_the_cone_is_that_of_the_layers_above(page):
    for stack in random_stacks(20):
        rows = in_browser(page, "dilation_kernels.mjs", "kernels.cone(...argument)", list(stack.values()))
        for level, row in enumerate(rows):
            np.testing.assert_allclose(row, counted_paths(stack["kernel_size"], stack["dilations"][level:]))


def test_extents_agree_with_spread_kernels(page):
    for k in range(1, 8):
        for d in range(1, 6):
            extent = in_browser(page, "dilation_kernels.mjs", "kernels.extent(...argument)", [k, d])
            assert extent == kernels.dilate(np.ones((k, k)), d).shape[1]


@pytest.mark.parametrize(
    ("text", "dilations"), [("1, 2,4", [1, 2, 4]), (" 3 ", [3]), ("1 2;2", [1, 2, 2]), ("1,,2", [1, 2])]
)
def test_lists_are_read(page, text, dilations):
    assert in_browser(page, "dilation_kernels.mjs", "kernels.parse_dilations(argument)", text) == dilations


# ---- Python's side


def test_stacks_are_checked_where_they_are_made():
    for wrong, message in [
        ({"dilations": [1, 0]}, "dilation must be an integer of at least 1, got 0"),
        ({"dilations": [1, 1.5]}, "dilation must be an integer of at least 1, got 1.5"),
        ({"dilations": []}, "layers must be an integer of at least 1, got 0"),
        ({"dilations": [1] * 7}, "layers must be at most 6 in this explorable, got 7"),
        ({"dilations": [16, 16]}, "the receptive field must be at most 63 in this explorable, got 65"),
        ({"kernel_size": 8}, "kernel size must be at most 7 in this explorable, got 8"),
        ({"outputs": 0}, "outputs must be an integer of at least 1, got 0"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Dilation(**wrong)


def test_python_counts_the_same_paths():
    for stack in random_stacks(40):
        if kernels.receptive_field([(stack["kernel_size"], 1, d) for d in stack["dilations"]]) <= 63:
            np.testing.assert_allclose(Dilation(**stack).paths, counted_paths(**stack))


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*stacks, **options):
        page.set_content(document(*stacks, **options))
        page.wait_for_function(f"document.querySelectorAll('.cd-cone').length === {len(stacks)}")
        return page

    return show


def output(page, i):
    return page.locator(f'[data-out="{i}"]')


def marked(page, kind, level=0) -> list[int]:
    nodes = page.locator(f'.{kind}[data-level="{level}"]')
    return [int(each) for each in nodes.evaluate_all("all => all.map((node) => node.dataset.at)")]


def written(page) -> str:
    return page.locator(".cd-words").inner_text()


def setting(page, name, value):
    control = page.locator(f'input[name="{name}"]')
    control.fill(value)
    control.press("Enter")
    return control


def fields(page) -> list[str]:
    return page.locator("[data-field]").all_inner_texts()


def complaint(page) -> str:
    return page.locator(".convbook-widget > [role=alert]").inner_text()


def test_every_preset_shows_pythons_numbers(show):
    for name in PRESETS:
        stack = Dilation.preset(name)
        page = show(stack)
        assert page.get_by_label("example").input_value() == name
        for i in (0, stack.outputs - 1):
            output(page, i).focus()
            assert marked(page, "cd-on") == (i + np.flatnonzero(stack.paths)).tolist()
            assert marked(page, "cd-hole") == (i + np.flatnonzero(stack.paths == 0)).tolist()
        assert int(fields(page)[-1]) == stack.receptive_field == len(stack.paths)
        numbers = page.locator(".cd-numbers text").all_text_contents()
        assert numbers in ([], [str(paths) for paths in stack.paths])


def test_doubled_dilations_see_the_lectures_fields(show):
    page = show(Dilation.preset(DOUBLED))
    assert fields(page) == ["3", "7", "15", "31"]
    assert "8 · (3 − 1) + 1 = 17" in page.locator(".cd-facts").inner_text()
    output(page, 2).hover()
    assert written(page) == (
        "output 2 sees inputs 2 to 32: 31 of 31 reach it, along 81 paths in all, at most 5 from one input. No holes."
    )


def test_holes_are_marked_and_counted(show):
    page = show(Dilation.preset(HOLES))
    output(page, 0).hover()
    assert marked(page, "cd-hole") == [1, 3, 5, 7, 9, 11]
    assert written(page).endswith("Holes: 6, at 1, 3, 5, 7, 9, 11.")
    assert page.locator(".cd-numbers text").all_text_contents() == "1 0 3 0 6 0 7 0 6 0 3 0 1".split()
    label = "the field in two dimensions: 49 of 169 pixels are read"
    assert page.locator(".cd-square").get_attribute("aria-label") == label
    output(page, 3).hover()
    assert marked(page, "cd-hole") == [4, 6, 8, 10, 12, 14]
    setting(page, "dilations", "1, 2, 2")
    assert marked(page, "cd-hole") == [] and written(page).endswith("No holes.")
    assert page.get_by_label("example").input_value() == "mended: 1, 2, 2"


def test_the_cone_shows_each_layer(show):
    page = show(Dilation(dilations=[1, 3], outputs=2))
    output(page, 1).focus()
    assert marked(page, "cd-on", 2) == [1] and marked(page, "cd-on", 1) == [1, 4, 7]
    assert marked(page, "cd-on", 0) == list(range(1, 10))
    edges = page.locator(".cd-edge").get_attribute("d")
    assert edges.count("M") == 3 + 3 * 3
    assert page.locator('.cd-node[data-level="0"]').count() == 10, "nine inputs for one output, one more for the second"


def test_kernels_of_two_and_of_one(show):
    page = show(Dilation.preset(DOUBLED))
    setting(page, "kernel_size", "2")
    assert fields(page) == ["2", "4", "8", "16"]
    assert written(page).endswith("along 16 paths in all, at most 1 from one input. No holes.")
    setting(page, "kernel_size", "1")
    assert fields(page) == ["1"] * 4 and "1 path in all" in written(page)


def test_arrow_keys_walk_over_the_outputs(show):
    page = show(Dilation.preset(HOLES))
    output(page, 4).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    focused = page.locator(":focus")
    assert focused.get_attribute("data-out") == "5" and focused.get_attribute("aria-selected") == "true"
    assert focused.get_attribute("aria-label") == written(page)
    assert page.locator('.cd-cone [tabindex="0"]').count() == 1, "one tab stop"
    page.locator(".cd-facts").hover()
    assert written(page).startswith("output 5"), "the place stays"


def test_fingers_choose_the_nearest_output(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.set_content(document(Dilation.preset(DOUBLED)))
    page.wait_for_selector(".cd-cone")
    box = page.locator(".cd-cone").bounding_box()
    page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + 150)
    assert written(page).startswith("output 8 ")
    page.touchscreen.tap(box["x"] + 0.1 * box["width"], box["y"] + 40)
    assert written(page).startswith("output 0 ")
    context.close()


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Dilation.preset(HOLES))
    before = [page.locator(place).inner_text() for place in (".cd-facts", ".cd-words")]
    for name, value, message in [
        ("dilations", "1, two", "“two” is no dilation: write whole numbers of at least 1, such as 1, 2, 4"),
        ("dilations", "1, -2", "“-2” is no dilation: write whole numbers of at least 1, such as 1, 2, 4"),
        ("dilations", "2, 1.5", "“1.5” is no dilation: write whole numbers of at least 1, such as 1, 2, 4"),
        ("dilations", "1, 0", "dilation must be an integer of at least 1, got 0"),
        ("dilations", "", "dilations must name at least one layer, such as 1, 2, 4"),
        ("dilations", "1 1 1 1 1 1 1", "layers must be at most 6 in this explorable, got 7"),
        (
            "dilations",
            "1, 2, 4, 8, 17",
            "the receptive field must be at most 63 in this explorable, got 65: "
            "dilations 1, 2, 4, 8, 17 with kernels of 3",
        ),
        ("kernel_size", "0", "kernel size must be an integer of at least 1, got 0"),
        ("kernel_size", "8", "kernel size must be at most 7 in this explorable, got 8"),
        ("outputs", "", "outputs must be an integer of at least 1, got nan"),
    ]:
        control = page.locator(f'input[name="{name}"]')
        old = control.input_value()
        setting(page, name, value)
        assert complaint(page) == message
        assert control.get_attribute("aria-invalid") == "true" and control.input_value() == value
        assert [page.locator(place).inner_text() for place in (".cd-facts", ".cd-words")] == before
        setting(page, name, old)
        assert complaint(page) == "" and control.get_attribute("aria-invalid") is None


def test_settings_may_pass_through_what_does_not_fit(show):
    page = show(Dilation.preset(DOUBLED))
    setting(page, "dilations", "1, 2, 4, 8, 16, 31")
    assert "got 125" in complaint(page)
    setting(page, "kernel_size", "2")
    assert complaint(page) == "" and fields(page)[-1] == "63"


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(Dilation.preset(HOLES), Dilation.preset(DOUBLED))
    first, second = page.locator("figure").first, page.locator("figure").nth(1)
    first.locator('[data-out="7"]').hover()
    assert first.locator(".cd-words").inner_text().startswith("output 7")
    assert second.locator(".cd-words").inner_text().startswith("output 4")


def test_every_control_has_a_name(show):
    page = show(Dilation.preset(DOUBLED))
    assert all(control_names(page))
    assert page.get_by_role("listbox", name="outputs").get_by_role("option").count() == 9


@pytest.mark.parametrize("width", [390, 360])
@pytest.mark.parametrize("preset", PRESETS)
def test_small_screens_scroll_in_one_direction(show, preset, width):
    page = show(Dilation.preset(preset))
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"document.querySelector('.cd-cone').clientWidth < {width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_largest_stack_fits_a_phone(show):
    page = show(Dilation(dilations=[1, 2, 4, 8, 15, 1], outputs=16))
    page.set_viewport_size({"width": 360, "height": 800})
    page.wait_for_function("document.querySelector('.cd-cone').clientWidth < 360")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert fields(page)[-1] == "63"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(Dilation.preset(HOLES), theme=theme)
    setting(page, "outputs", "0")
    assert complaint(page)
    assert faintest(page)[0] >= 4.5, faintest(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(Dilation.preset(HOLES)), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == url else route.abort())
    page.goto(url)
    output(page, 1).hover()
    assert marked(page, "cd-hole") == [2, 4, 6, 8, 10, 12]
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_without_scripts_the_cone_is_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(Dilation.preset(HOLES)))
    text = page.locator("figure").inner_text()
    assert "It sees 13 inputs; 7 of them reach it, 6 are holes." in text
    assert "Paths from each input: 1, 0, 3, 0, 6, 0, 7, 0, 6, 0, 3, 0, 1." in text
    assert "layer 3: dilation 2, effective kernel 5, receptive field 13" in text
    assert page.locator("figure svg[role=img]").get_attribute("aria-label")
    assert page.locator(".cd-hole").count() == 6
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()
