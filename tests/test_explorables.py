"""The conv2d explorable: its arithmetic against the kernels, and the page that readers see."""

import json
import re

import comm
import nbformat
import numpy as np
import pytest
from explorable_pages import control_names, document, faintest, in_browser
from nbclient import NotebookClient

from convbook import kernels
from convbook.explorables import Conv2d
from convbook.explorables.conv2d import PRESETS

BORDER, MIXED = "4×4, two filters, padding 1", "groups 2, four channels"
MODES = ["zeros", "reflect", "replicate", "circular", "mean"]


# ---- the arithmetic


def int_or_pair(rng, low, high):
    first, second = rng.integers(low, high, 2).tolist()
    return first if rng.random() < 0.4 else [first, second]


def random_layer(rng) -> dict:
    """A layer that mostly fits together, and now and then does not."""
    groups = int(rng.choice([1, 1, 2, 3]))
    depth, per_group = rng.integers(1, 3, 2).tolist()
    N, H, W = rng.integers(1, 3), *rng.integers(4, 10, 2)
    C, F, (kh, kw) = groups * depth, groups * per_group, rng.integers(1, 4, 2)
    return {
        "x": rng.normal(size=(N, C, H, W)).tolist(),
        "w": rng.normal(size=(F, depth, kh, kw)).tolist(),
        "b": None if rng.random() < 0.3 else rng.normal(size=F).tolist(),
        "options": {
            "stride": int_or_pair(rng, 1, 4),
            "padding": int_or_pair(rng, 0, 4),
            "dilation": int_or_pair(rng, 1, 4),
            "groups": groups,
            "padding_mode": str(rng.choice(MODES)),
        },
    }


def broken_layers(rng) -> list[dict]:
    def layer(x=(1, 2, 4, 5), w=(2, 2, 3, 2), b=None, **options):
        zeros = [np.zeros(shape).tolist() for shape in (x, w)]
        return {"x": zeros[0], "w": zeros[1], "b": b, "options": options}

    return [
        layer(groups=3),
        layer(groups=0),
        layer(x=(1, 4, 4, 5), w=(3, 2, 3, 2), groups=2),
        layer(w=(2, 3, 3, 2)),
        layer(x=(2, 4, 5)),
        layer(w=(3, 2)),
        layer(b=[0, 0, 0]),
        layer(b=[[0, 0]]),
        layer(stride=0),
        layer(stride=1.5),
        layer(stride=[1, 2, 3]),
        layer(stride="2"),
        layer(stride=None),
        layer(dilation=[1, 0]),
        layer(dilation=True),
        layer(padding=-1),
        layer(padding="half"),
        layer(padding="same"),
        layer(padding="same", stride=2),
        layer(w=(2, 2, 5, 2)),
        layer(w=(2, 2, 3, 3), dilation=3, padding=[1, 0]),
        layer(padding=4, padding_mode="reflect"),
        layer(padding=[0, 6], padding_mode="circular"),
        layer(padding_mode="wrap"),
        *(random_layer(rng) | {"options": {"stride": 1, "groups": int(g)}} for g in rng.integers(1, 5, 20)),
        *(random_layer(rng) | {"options": {"padding": int(p), "padding_mode": "reflect"}} for p in range(10)),
    ]


def in_python(layer) -> dict:
    try:
        return {"out": kernels.conv2d(layer["x"], layer["w"], layer["b"], **layer["options"])}
    except ValueError as error:
        return {"error": str(error)}


ALL = """argument.map(({ x, w, b, options }) => {
    try { return { out: kernels.conv2d(x, w, b, options) }; } catch (error) { return { error: error.message }; }
})"""


def test_kernels_agree_on_200_random_layers(page):
    rng = np.random.default_rng(182)
    layers = [random_layer(rng) for _ in range(240)]
    expected = [in_python(layer) for layer in layers]
    assert sum("out" in result for result in expected) >= 200
    for layer, python, javascript in zip(layers, expected, in_browser(page, "kernels.mjs", ALL, layers), strict=True):
        assert javascript.get("error") == python.get("error"), layer["options"]
        if "out" in python:
            np.testing.assert_allclose(javascript["out"], python["out"], rtol=1e-12, atol=1e-12)


def test_kernels_raise_the_same_messages(page):
    layers = broken_layers(np.random.default_rng(188))
    expected = [in_python(layer).get("error") for layer in layers]
    assert all(expected[:24])
    assert [result.get("error") for result in in_browser(page, "kernels.mjs", ALL, layers)] == expected


def test_sizes_and_padding_agree(page):
    rng = np.random.default_rng(7)
    sizes = [rng.integers((0, 0, 0, -1, 0), (12, 6, 5, 4, 4)).tolist() for _ in range(200)]

    def outcome(function, *arguments):
        try:
            return function(*arguments)
        except ValueError as error:
            return str(error)

    attempt = "((f) => { try { return f(); } catch (error) { return error.message; } })"
    found = in_browser(
        page, "kernels.mjs", f"argument.map((s) => {attempt}(() => kernels.conv_output_size(...s)))", sizes
    )
    assert found == [outcome(kernels.conv_output_size, *size) for size in sizes]
    pairs = [[size[1], size[4]] for size in sizes]
    found = in_browser(page, "kernels.mjs", f"argument.map((s) => {attempt}(() => kernels.same_padding(...s)))", pairs)
    assert found == [outcome(kernels.same_padding, *pair) for pair in pairs]
    x = rng.normal(size=(2, 2, 3, 4)).tolist()
    for mode in MODES:
        padded = in_browser(page, "kernels.mjs", "kernels.pad(argument[0], [2, 1], argument[1])", [x, mode])
        np.testing.assert_allclose(padded, kernels.pad2d(x, (2, 1), mode), rtol=1e-12)


def test_contributions_name_their_pixels(page):
    layer = PRESETS[MIXED]
    options = {name: layer[name] for name in ("stride", "dilation", "groups")} | {"padding": [0, 1]}
    arguments = [[layer["x"]], layer["w"], layer["b"], [0, 1, 2, 0], options]
    terms = in_browser(page, "kernels.mjs", "kernels.contributions(...argument)", arguments)
    assert len(terms) == 2 * 2 * 3
    first = {"c": 2, "row": 2, "col": 0, "inside": False, "x": 0, "w": 0, "a": 0, "b": 0}
    assert terms[0] == first
    assert terms[-1] == {"c": 3, "row": 3, "col": 2, "inside": True, "x": 8, "w": 0.5, "a": 1, "b": 2}
    expected = kernels.conv2d([layer["x"]], layer["w"], layer["b"], **options)[0, 1, 2, 0]
    np.testing.assert_allclose(layer["b"][1] + sum(term["x"] * term["w"] for term in terms), expected)


# ---- Python's side


def test_layers_are_checked_where_they_are_made():
    x, w = np.ones((2, 4, 5)), np.ones((3, 2, 2, 3))
    layer = Conv2d(x=x, w=w, stride=2, padding=1)
    np.testing.assert_allclose(layer.output, kernels.conv2d(x[None], w, stride=2, padding=1)[0])
    for wrong, message in [
        ({"groups": 2}, "groups=2 does not divide the 3 filters"),
        ({"b": [1]}, "b must have shape (3,), one value a filter, got shape (1,)"),
        ({"dilation": 5}, "kernel of size 2 with dilation 5 covers 6 pixels"),
        ({"stride": (1, 2)}, "stride must be an integer of at least 0, got (1, 2)"),
        ({"padding": 6}, "padding must be at most 5 in this explorable, got 6"),
        ({"x": np.ones((2, 11, 5))}, "input height must be at most 10 in this explorable, got 11"),
        ({"x": x[0]}, "x must have shape (C, H, W), 3 axes, got shape (4, 5)"),
        ({"x": x * np.nan}, "x must hold finite numbers, got nan"),
        ({"w": None}, "give x and w together, or neither"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Conv2d(**{"x": x, "w": w, **wrong})


def test_assigned_values_are_checked_and_copied():
    layer = Conv2d.preset(BORDER)
    image = np.arange(9).reshape(1, 3, 3)
    layer.x = image
    image[:] = 0
    np.testing.assert_allclose(layer.x, np.arange(9).reshape(1, 3, 3))
    with pytest.raises(ValueError, match="w must have shape"):
        layer.w = [1, 2]
    assert PRESETS[BORDER]["x"][0][0] == [1, 128, 100, 255]


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*layers, **options):
        page.set_content(document(*layers, **options))
        page.wait_for_function(f"document.querySelectorAll('.cb-sum strong').length === {len(layers)}")
        return page

    return show


def cell(page, f, i, j):
    return page.locator(f'[data-out="[{f},{i},{j}]"]')


def outputs(page, f, i) -> list[str]:
    return page.locator(f'[data-out^="[{f},{i},"]').all_inner_texts()


def entry(page, *at):
    return page.locator(f"[data-at='{json.dumps(at, separators=(',', ':'))}']")


def written(page) -> str:
    return page.locator(".cb-sum").inner_text()


@pytest.mark.parametrize(
    ("preset", "rows"),
    [
        (BORDER, {(0, 0): ["0.5", "64", "50", "127.5", "0"], (1, 0): ["2", "257"], (1, 1): ["8.1", "216.8"]}),
        (
            "two channels",
            {(0, 0): ["0.5", "79"], (0, 1): ["19", "709.5"], (1, 0): ["2", "277"], (1, 1): ["28.1", "737.8"]},
        ),
        ("blur, 5×5 image", {(0, 0): ["92.8125", "71.5625", "107.8125"]}),
        ("stride 2", {(0, 0): ["307", "610"], (0, 1): ["225", "71"]}),
    ],
)
def test_presets_show_the_lectures_numbers(show, preset, rows):
    page = show(Conv2d.preset("dilation 2 on 7×7"))
    page.get_by_label("example").select_option(preset)
    for (f, i), numbers in rows.items():
        assert outputs(page, f, i)[: len(numbers)] == numbers


def test_every_preset_shows_pythons_output(show):
    for name in PRESETS:
        layer = Conv2d.preset(name)
        page = show(layer)
        assert page.get_by_label("example").input_value() == name
        for f, i in np.ndindex(layer.output.shape[:2]):
            numbers = [float(text.replace("−", "-")) for text in outputs(page, f, i)]
            np.testing.assert_allclose(numbers, layer.output[f, i], atol=5e-5)


def test_hover_writes_the_sum_and_marks_the_window(show):
    page = show(Conv2d.preset(BORDER))
    cell(page, 0, 1, 1).hover()
    assert written(page) == "out[0, 1, 1] = 1·1 + 2·128 + 0·4 + 0.5·100 + bias 0 = 307"
    assert page.locator(".cb-on").count() == 4
    cell(page, 0, 0, 0).hover()
    assert written(page) == "out[0, 0, 0] = 1·0 + 2·0 + 0·0 + 0.5·1 + bias 0 = 0.5"
    assert page.locator(".cb-on.cb-padding").count() == 3
    page.locator(".cb-title").first.hover()
    assert written(page).startswith("out[0, 0, 0]")


def test_dilation_leaves_holes_and_groups_read_their_own_channels(show):
    page = show(Conv2d.preset("dilation 2 on 7×7"))
    cell(page, 0, 1, 2).click()
    assert page.locator(".cb-on").count() == 6
    assert page.locator(".cb-hole").count() == 3 * 5 - 6
    page.get_by_label("example").select_option(MIXED)
    cell(page, 1, 0, 0).click()
    assert page.get_by_text("filter 1 reads input channels 2, 3 (group 1)").is_visible()
    assert page.locator(".cb-idle .cb-label").all_inner_texts() == ["channel 0", "channel 1"]
    assert page.locator(".cb-kernel .cb-label").all_inner_texts() == ["channel 2", "channel 3"]
    assert "bias 10 = " in written(page)


def test_arrow_keys_walk_over_the_output(show):
    page = show(Conv2d.preset(BORDER))
    cell(page, 0, 0, 0).focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    assert written(page).endswith("= 307")
    focused = page.locator(":focus")
    assert focused.get_attribute("aria-label") == "filter 0, row 1, column 1: 307"
    assert focused.get_attribute("aria-selected") == "true"
    assert page.locator('.cb-output [tabindex="0"]').count() == 2, "one tab stop a grid"
    page.keyboard.press("Tab")
    assert written(page).startswith("out[1, 0, 0]")
    page.get_by_role("button", name="next cell").click()
    assert written(page).startswith("out[1, 0, 1]")


def test_editing_changes_the_output(show):
    page = show(Conv2d.preset(BORDER))
    entry(page, "x", 0, 0, 1).fill("−2,5")
    page.keyboard.press("Enter")
    assert outputs(page, 0, 0)[1] == "−1.25"
    assert page.get_by_label("example").input_value() == ""
    cell(page, 1, 1, 1).click()
    entry(page, "w", 0, 0, 0).fill("1e1")
    page.keyboard.press("Tab")
    assert outputs(page, 1, 1)[1] == "213.75" and outputs(page, 0, 1)[1] == "46"
    entry(page, "b").fill("100")
    page.keyboard.press("Enter")
    assert "(10)" not in written(page) and "+ bias 100 = " in written(page)


def test_arrow_keys_walk_over_the_entries(show):
    page = show(Conv2d.preset(BORDER))
    entry(page, "x", 0, 0, 0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.locator(":focus").get_attribute("aria-label") == "input channel 0, row 1, column 1"


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Conv2d.preset(BORDER))
    before = page.locator("[data-out]").all_inner_texts()
    x = entry(page, "x", 0, 0, 1)
    for text in ("abc", "1e999", "", "1 2"):
        x.fill(text)
        page.keyboard.press("Enter")
        message = f"“{text}” is not a number: input channel 0, row 0, column 1 stays 128."
        assert page.locator(".cb-input [role=alert]").inner_text() == message
        assert x.get_attribute("aria-invalid") == "true" and x.input_value() == text
    assert page.locator("[data-out]").all_inner_texts() == before
    x.press("Escape")
    assert x.input_value() == "128" and not page.locator("[role=alert]").first.is_visible()


def setting(page, name, value):
    control = page.locator(f'[name="{name}"]')
    if name == "padding_mode":
        control.select_option(value)
    else:
        control.fill(value)
        control.press("Enter")
    return control


def complaint(page) -> str:
    return page.locator(".convbook-widget > [role=alert]").inner_text()


def test_settings_that_do_not_fit_say_why_and_change_nothing(show):
    page = show(Conv2d(x=np.ones((1, 4, 3)), w=np.ones((1, 1, 2, 2)), padding=1))
    before = page.locator("[data-out]").all_inner_texts()
    for name, value, message in [
        ("groups", "2", "groups=2 does not divide the 1 input channels"),
        ("stride", "0", "stride must be an integer of at least 1, got 0"),
        ("stride", "1.5", "stride must be an integer of at least 1, got 1.5"),
        ("padding", "-1", "padding must be an integer of at least 0, got -1"),
        ("filters", "9", "filters must be at most 4 in this explorable, got 9"),
        (
            "dilation",
            "5",
            "kernel of size 2 with dilation 5 covers 6 pixels, more than the padded input's 5 (3 + 2*1)",
        ),
    ]:
        control = page.locator(f'[name="{name}"]')
        old = control.input_value()
        setting(page, name, value)
        assert complaint(page) == message
        assert control.get_attribute("aria-invalid") == "true" and control.input_value() == value
        assert page.locator("[data-out]").all_inner_texts() == before
        setting(page, name, old)
        assert complaint(page) == "" and control.get_attribute("aria-invalid") is None
    setting(page, "padding_mode", "reflect")
    setting(page, "padding", "4")
    assert complaint(page) == "reflect padding of (4, 4) is more than a 4x3 image allows: at most (3, 2)"
    setting(page, "padding_mode", "replicate")
    assert complaint(page) == ""
    assert page.locator("[data-out]").count() == 11 * 10


def test_a_layer_that_never_fitted_can_be_mended_in_the_view(page, static):
    page.set_content(
        document(Conv2d.preset("stride 2")).replace('"groups": 1, "padding_mode"', '"groups": 2, "padding_mode"', 1)
    )
    page.get_by_text("groups=2 does not divide the 1 input channels").wait_for()
    assert page.locator("[data-out]").count() == 0
    setting(page, "groups", "1")
    assert complaint(page) == "" and outputs(page, 0, 0) == ["307", "610"]


def test_settings_may_pass_through_what_does_not_fit(show):
    page = show(Conv2d.preset("stride 2"))
    setting(page, "groups", "2")
    assert "does not divide" in complaint(page)
    setting(page, "channels", "2")
    assert complaint(page) == ""
    assert page.locator(".cb-input .cb-plane").count() == 2
    setting(page, "kernel height", "3")
    assert page.locator(".cb-kernel input[data-at^='[\"w\"']").count() == 3 * 2
    setting(page, "input height", "2")
    setting(page, "kernel height", "2")
    setting(page, "input height", "4")
    assert entry(page, "x", 0, 3, 3).input_value() == "2", "what was cut off comes back"


def test_formula_is_written_out(show):
    page = show(Conv2d.preset(BORDER))
    lines = page.locator(".cb-formulas p").all_inner_texts()
    assert lines[1] == "height ⌊(4 + 2·1 − 1·(2−1) − 1) / 1⌋ + 1 = 5"
    setting(page, "kernel width", "3")
    setting(page, "stride", "2")
    lines = page.locator(".cb-formulas p").all_inner_texts()
    assert lines[1:] == [
        "height ⌊(4 + 2·1 − 1·(2−1) − 1) / 2⌋ + 1 = 3",
        "width ⌊(4 + 2·1 − 1·(3−1) − 1) / 2⌋ + 1 = 2",
    ]


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(Conv2d.preset(BORDER), Conv2d.preset("stride 2"), Conv2d.preset(BORDER))
    first, second, third = (page.locator("figure").nth(k) for k in range(3))
    entry(first, "w", 0, 1, 1).fill("1")
    page.keyboard.press("Enter")
    assert cell(first, 0, 0, 0).inner_text() == "1"
    assert cell(second, 0, 0, 0).inner_text() == "307"
    assert cell(third, 0, 0, 0).inner_text() == "0.5"


def test_every_control_has_a_name_and_play_respects_reduced_motion(show):
    page = show(Conv2d.preset(MIXED))
    assert all(control_names(page))
    play = page.locator(".cb-play")
    play.click()
    page.wait_for_function("document.querySelector('.cb-sum').textContent.startsWith('out[0, 0, 1]')")
    play.click()
    assert play.inner_text() == "play"
    page.emulate_media(reduced_motion="reduce")
    assert not play.is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("preset", PRESETS)
def test_small_screens_scroll_in_one_direction(show, preset, theme):
    page = show(Conv2d.preset(preset), theme=theme)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_largest_layer_scrolls_inside(show):
    rng = np.random.default_rng(0)
    layer = Conv2d(x=rng.normal(size=(4, 10, 10)), w=rng.normal(size=(4, 4, 5, 5)), padding=5)
    page = show(layer)
    assert page.locator("[data-out]").count() == 4 * 16 * 16
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(Conv2d.preset(MIXED), theme=theme)
    cell(page, 0, 1, 1).click()
    setting(page, "groups", "3")
    entry(page, "x", 0, 0, 0).fill("abc")
    page.keyboard.press("Enter")
    assert faintest(page)[0] >= 4.5, faintest(page)
    dark = page.evaluate("getComputedStyle(document.querySelector('.convbook-widget')).backgroundColor")
    assert dark == ("rgb(27, 31, 36)" if theme == "dark" else "rgb(255, 255, 255)")


# ---- the book's page: no kernel, no server, no script at worst


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(Conv2d.preset(BORDER), Conv2d.preset(MIXED)), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == url else route.abort())
    page.goto(url)
    cell(page.locator("figure").first, 0, 1, 1).click()
    assert page.locator("figure").first.locator(".cb-sum").inner_text().endswith("= 307")
    assert page.locator("figure").nth(1).locator(".cb-input .cb-plane").count() == 4
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_without_scripts_the_numbers_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(Conv2d.preset("two channels")))
    text = page.locator("figure").inner_text()
    for word in ("709.5", "737.8", "255", "1.5", "stride 1, padding 1 (zeros)", "2 × 3 × 3", "filter 1, channel 0"):
        assert word in text
    assert page.locator("figure table").count() == 2 + 4 + 2
    assert page.locator(".convbook-widget").bounding_box()["width"] <= 390
    context.close()


def test_the_page_holds_no_widget(static, monkeypatch):
    def refuse(**arguments):
        raise AssertionError("a comm was opened")

    monkeypatch.setattr(comm, "create_comm", refuse)
    bundle = Conv2d.preset(BORDER)._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert "http://" not in bundle["text/html"] and "https://" not in bundle["text/html"]


def test_traits_cannot_end_their_script(show):
    name = "</script><script>throw 1</script><!--"
    layer = Conv2d()
    layer.set_trait("presets", {name: PRESETS[BORDER]})
    page = show(layer)
    assert page.get_by_label("example").input_value() == name


def test_an_executed_notebook_carries_no_widget_state(static, tmp_path):
    code = "from convbook.explorables import Conv2d\nConv2d.preset('stride 2')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    assert "widgets" not in notebook.metadata
    (output,) = notebook.cells[0].outputs
    assert sorted(output["data"]) == ["text/html", "text/plain"]
    assert "require" not in output["data"]["text/html"].replace("required", "")
