"""The adjoint explorable: its arithmetic against the kernels, and the page that readers see."""

import json
import re

import numpy as np
import pytest
from explorable_pages import control_names, document, faintest, in_browser

from convbook import kernels
from convbook.explorables import Adjoint
from convbook.explorables.adjoint import PRESETS

STRIDE_2, LEFT_OVER = "stride 2, padding 1", "stride 2, a column left over"


# ---- the arithmetic


def random_layer(rng) -> dict:
    """Sizes that mostly fit together, and now and then a dout that does not."""
    H, W, (kh, kw) = *rng.integers(1, 8, 2).tolist(), rng.integers(1, 5, 2).tolist()
    stride, padding = int(rng.integers(1, 4)), int(rng.integers(0, 5))
    oh, ow = ((n + 2 * padding - k) // stride + 1 for n, k in ((H, kh), (W, kw)))
    wrong = rng.random() < 0.05
    return {
        "dout": rng.normal(size=(max(oh, 1) + wrong, max(ow, 1))).tolist(),
        "w": rng.normal(size=(kh, kw)).tolist(),
        "size": [H, W],
        "stride": stride,
        "padding": padding,
    }


def in_python(layer):
    x, w = np.zeros((1, 1, *layer["size"])), layer["w"]
    try:
        return kernels.conv2d_backward([[layer["dout"]]], x, [[w]], layer["stride"], layer["padding"])[0][0, 0]
    except ValueError:
        return None


BOTH = """argument.map(({ dout, w, size, stride, padding }) => {
    try {
        const layer = [dout, w, size, stride, padding];
        const steps = kernels.scatter_steps(...layer);
        const inside = kernels.scattered(steps, steps.length, size, padding)
            .slice(padding, padding + size[0]).map((row) => row.slice(padding, padding + size[1]));
        const paid = steps.flatMap(({ pays }) => pays).filter((pay) => pay.inside).length;
        const gathered = kernels.gather_steps(...layer);
        return { inside, gathered, paid, taken: gathered.flatMap(({ takes }) => takes).length };
    } catch (error) { return { error: error.message }; }
})"""


def test_both_ways_give_the_kernels_gradient_on_300_random_layers(page):
    rng = np.random.default_rng(44)
    layers = [random_layer(rng) for _ in range(400)]
    expected = [in_python(layer) for layer in layers]
    assert sum(dx is not None for dx in expected) >= 200 and sum(dx is None for dx in expected) > 10
    for layer, dx, found in zip(layers, expected, in_browser(page, "adjoints.mjs", BOTH, layers), strict=True):
        assert ("error" in found) == (dx is None), layer
        if dx is None:
            continue
        np.testing.assert_allclose(found["inside"], dx, rtol=1e-12, atol=1e-12)
        gathered = np.reshape([step["value"] for step in found["gathered"]], dx.shape)
        np.testing.assert_allclose(gathered, dx, rtol=1e-12, atol=1e-12)
        assert [step["at"] for step in found["gathered"]] == [list(place) for place in np.ndindex(dx.shape)]
        assert found["paid"] == found["taken"], "the same products, in another order"


def test_the_canvas_is_dout_spread_and_padded(page):
    layer = {"dout": [[1, 2], [3, 4]], "w": [[1, 2, 3]], "size": [3, 4], "stride": 2, "padding": 0}
    call = "kernels.spread(argument.dout, argument.w, argument.size, argument.stride, argument.padding)"
    found = np.array(in_browser(page, "adjoints.mjs", call, {**layer, "dout": [[1], [3]]}), float)
    expected = np.pad(kernels.dilate([[1], [3]], 2), ((0, 0), (2, 3)))
    np.testing.assert_allclose(np.nan_to_num(found), expected)


# ---- Python's side


def test_layers_are_checked_where_they_are_made():
    right = {"dout": [[1, 2], [3, 4]], "w": [[1, 2]], "height": 2, "width": 3}
    np.testing.assert_allclose(Adjoint(**right).dx, [[1, 4, 4], [3, 10, 8]])
    for wrong, message in [
        ({"dout": [[1, 2]]}, "dout must have the shape of the output, (2, 2), got shape (1, 2)"),
        ({"w": None}, "give dout and w together, or neither"),
        ({"height": 7}, "height must be at most 6 in this explorable, got 7"),
        ({"stride": 0}, "stride must be an integer of at least 1, got 0"),
        ({"padding": -1}, "padding must be an integer of at least 0, got -1"),
        ({"w": [1, 2]}, "w must have shape (rows, columns), 2 axes, got shape (2,)"),
        ({"dout": [[1, np.inf], [3, 4]]}, "dout must hold finite numbers, got inf"),
        ({"w": [[1, 2, 3, 4]]}, "kernel of size 4 with dilation 1 covers 4 pixels"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Adjoint(**{**right, **wrong})
    with pytest.raises(ValueError, match="give the height and the width of the input"):
        Adjoint(dout=[[1]], w=[[1]])
    for name in PRESETS:
        assert Adjoint.preset(name).dx.shape == (PRESETS[name]["height"], PRESETS[name]["width"])


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*layers, **options):
        page.set_content(document(*layers, **options))
        page.wait_for_function(f"document.querySelectorAll('.bp-way').length === {2 * len(layers)}")
        return page

    return show


def entry(page, *at):
    return page.locator(f"[data-at='{json.dumps(at, separators=(',', ':'))}']")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def setting(page, name, value):
    control = page.locator(f'[name="{name}"]')
    control.fill(value)
    control.press("Enter")
    return control


def grid(page, name) -> np.ndarray:
    """Numbers of a grid by the start of its label; nan where nothing has been collected yet."""
    rows = page.locator(f'[role=grid][aria-label^="{name}"] [role=row]')
    texts = [rows.nth(k).locator(".cb-cell > span").all_inner_texts() for k in range(rows.count())]
    return np.array([[np.nan if t == "·" else float(t.replace("−", "-")) for t in row] for row in texts])


def said(page, way) -> str:
    return page.locator(f'.bp-way[aria-label="{way}"] > .cb-sum').inner_text()


def complaints(page) -> str:
    return "".join(page.locator("[role=alert]").all_inner_texts())


def test_steps_show_partial_sums_of_both_ways(show):
    page = show(Adjoint())
    assert said(page, "scatter") == "Each output value will pay the pixels that it was made of."
    assert np.isnan(grid(page, "dx, filled")).all() and not grid(page, "dx, summed").any()
    button(page, "step").click()
    assert said(page, "scatter") == "dout[0, 0] pays 1 · w from row 0, column 0 on."
    assert said(page, "gather") == "dx[0, 0] = 1·1 = 1"
    assert grid(page, "dx, summed")[:2, :2].tolist() == [[1, 2], [3, 4]]
    for _ in range(5):
        button(page, "step").click()
    scattered = np.zeros((4, 4))
    for i, j in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]:
        scattered[i : i + 2, j : j + 2] += (3 * i + j + 1) * np.array([[1, 2], [3, 4]])
    np.testing.assert_allclose(grid(page, "dx, summed"), scattered)
    np.testing.assert_allclose(grid(page, "dx, filled").ravel()[:6], Adjoint().dx.ravel()[:6])
    assert np.isnan(grid(page, "dx, filled").ravel()[6:]).all()
    assert said(page, "gather") == "dx[1, 1] = 1·4 + 2·3 + 4·2 + 5·1 = 23"
    assert page.locator(".bp-dx .bp-now").count() == 4 and page.locator(".bp-dout .bp-now").count() == 4
    assert page.get_by_text("step 6 of 16").is_visible()
    button(page, "reset").click()
    assert not grid(page, "dx, summed").any() and button(page, "reset").is_disabled()


def test_at_the_end_both_agree_with_python(show):
    page = show(Adjoint())
    for name in PRESETS:
        layer = Adjoint.preset(name)
        page.get_by_label("example").select_option(name)
        button(page, "to the end").click()
        p, (H, W) = layer.padding, layer.dx.shape
        np.testing.assert_allclose(grid(page, "dx, filled"), layer.dx)
        np.testing.assert_allclose(grid(page, "dx ")[p : p + H, p : p + W] if p else grid(page, "dx, summed"), layer.dx)
        assert page.locator(".bp-agree strong").inner_text() == "Both give the same dx."
        assert button(page, "step").is_disabled()


def test_a_pixel_that_no_output_used_and_a_border_that_is_paid(show):
    page = show(Adjoint.preset(LEFT_OVER))
    for _ in range(5):
        button(page, "step").click()
    assert said(page, "gather") == "dx[0, 4] = 0: no output used this pixel."
    assert said(page, "scatter") == "All 4 output values have paid."
    page.get_by_label("example").select_option(STRIDE_2)
    button(page, "step").click()
    assert said(page, "scatter") == "dout[0, 0] pays 1 · w from row −1, column −1 on; 5 of 9 fall on the border."


def test_play_runs_to_the_end_and_respects_reduced_motion(show):
    page = show(Adjoint(dout=[[1, 2]], w=[[1, 1]], height=1, width=3))
    play = page.locator(".cb-play")
    play.click()
    assert play.inner_text() == "pause" and play.get_attribute("aria-pressed") == "true"
    page.wait_for_function("document.querySelector('.bp-steps').innerText.includes('step 3 of 3')")
    page.wait_for_function("document.querySelector('.cb-play').textContent === 'play'")
    play.click()
    assert page.get_by_text("step 0 of 3").is_visible(), "played again from the start"
    button(page, "step").click()
    assert play.inner_text() == "play", "a step by hand stops it"
    page.emulate_media(reduced_motion="reduce")
    assert not play.is_visible()


def test_buttons_work_by_keyboard(show):
    page = show(Adjoint())
    button(page, "step").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert page.get_by_text("step 2 of 16").is_visible()
    entry(page, "dout", 0, 0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert page.locator(":focus").get_attribute("aria-label") == "dout, row 1, column 1"


def test_editing_changes_both_ways(show):
    page = show(Adjoint())
    button(page, "to the end").click()
    entry(page, "dout", 1, 1).fill("−0,5")
    page.keyboard.press("Enter")
    entry(page, "w", 0, 1).fill("10")
    page.keyboard.press("Enter")
    dout, w = np.arange(1.0, 10).reshape(3, 3), [[1, 10], [3, 4]]
    dout[1, 1] = -0.5
    expected = Adjoint(dout=dout, w=w, height=4, width=4).dx
    np.testing.assert_allclose(grid(page, "dx, filled"), expected)
    np.testing.assert_allclose(grid(page, "dx, summed"), expected)
    assert page.get_by_label("example").input_value() == ""


def test_a_dout_of_zero_pays_nothing(show):
    page = show(Adjoint(dout=[[0, 2]], w=[[0, 1]], height=1, width=3))
    button(page, "step").click()
    assert said(page, "scatter").startswith("dout[0, 0] pays 0 · w")


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Adjoint())
    value = entry(page, "w", 0, 1)
    for text in ("abc", "1e999", ""):
        value.fill(text)
        page.keyboard.press("Enter")
        assert complaints(page) == f"“{text}” is not a number: w, row 0, column 1 stays 2."
        assert value.get_attribute("aria-invalid") == "true" and value.input_value() == text
    value.press("Escape")
    assert value.input_value() == "2" and complaints(page) == ""


def test_settings_that_do_not_fit_say_why_and_change_nothing(show):
    page = show(Adjoint.preset(STRIDE_2))
    before = page.locator(".bp-ways").inner_text()
    for name, value, message in [
        ("stride", "0", "stride must be an integer of at least 1, got 0"),
        ("padding", "4", "padding must be at most 3 in this explorable, got 4"),
        ("height", "7", "height must be at most 6 in this explorable, got 7"),
        ("kernel width", "x", "kernel width must be an integer of at least 1, got nan"),
    ]:
        control = page.locator(f'[name="{name}"]')
        old = control.input_value()
        if value == "x":
            control.fill("")
            control.press("Enter")
        else:
            setting(page, name, value)
        assert complaints(page) == message
        assert page.locator(".bp-ways").inner_text() == before
        setting(page, name, old)
        assert complaints(page) == ""
    setting(page, "padding", "0")
    setting(page, "height", "2")
    assert complaints(page).startswith(
        "kernel of size 3 with dilation 1 covers 3 pixels, more than the padded input's 2"
    )
    setting(page, "kernel height", "2")
    assert complaints(page) == "" and grid(page, "dx, filled").shape == (2, 5)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_and_controls_have_names(show, theme):
    page = show(Adjoint.preset(STRIDE_2), theme=theme)
    for _ in range(3):
        button(page, "step").click()
    setting(page, "stride", "9")
    entry(page, "w", 0, 0).fill("abc")
    page.keyboard.press("Enter")
    assert faintest(page)[0] >= 4.5, faintest(page)
    assert all(control_names(page))


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_even_the_largest_layer_scrolls_in_one_direction(show, width):
    page = show(Adjoint(dout=np.full((9, 9), -1.25), w=np.full((4, 4), 3.125), height=6, width=6, padding=3))
    button(page, "to the end").click()
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(Adjoint(), Adjoint.preset(STRIDE_2)), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    button(page.locator("figure").first, "to the end").click()
    assert page.locator(".bp-agree strong").count() == 1, "the other one stands still"
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_touch_steps(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(Adjoint()))
    button(page, "step").tap()
    assert page.get_by_text("step 1 of 16").is_visible()
    context.close()


def test_without_scripts_the_numbers_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(Adjoint.preset(LEFT_OVER)))
    text = page.locator("figure").inner_text()
    for word in ("4 × 5", "stride 2 and padding 0", "16", "turned by half a turn", "Both give the same dx"):
        assert word in text
    assert page.locator("figure table").count() == 3
    assert page.locator(".convbook-widget").bounding_box()["width"] <= 390
    context.close()
