"""The toeplitz explorable: its arithmetic against the kernels, and the page that readers see."""

import json
import re

import numpy as np
import pytest
from explorable_pages import control_names, document, faintest, in_browser

from convbook import kernels
from convbook.explorables import Toeplitz
from convbook.explorables.base import data_url
from convbook.explorables.linking import module
from convbook.explorables.toeplitz import PRESETS

BERKELEY, STRIDE_2 = "five pixels, padding 1", "seven pixels, stride 2"


# ---- the arithmetic


def test_matrices_and_products_agree_on_300_random_layers(page):
    rng = np.random.default_rng(4)
    layers = [
        {
            "taps": rng.normal(size=rng.integers(1, 6)).tolist(),
            "x": rng.normal(size=rng.integers(1, 13)).tolist(),
            "stride": int(rng.integers(0, 5)),
            "padding": int(rng.integers(-1, 5)),
        }
        for _ in range(400)
    ]

    def in_python(layer):
        try:
            T = kernels.toeplitz_1d(layer["taps"], len(layer["x"]), layer["stride"], layer["padding"])
        except ValueError as error:
            return {"error": str(error)}
        v = np.arange(len(T)) - 1.5
        return {"T": T, "z": T @ layer["x"], "dx": T.T @ v}

    expected = [in_python(layer) for layer in layers]
    assert sum("T" in result for result in expected) >= 200 and sum("error" in result for result in expected) > 20
    javascript = """argument.map(({ taps, x, stride, padding }) => {
        try {
            const T = kernels.toeplitz_1d(taps, x.length, stride, padding);
            const v = T.map((_, k) => k - 1.5);
            return { T, z: kernels.apply(T, x), dx: kernels.apply(kernels.transpose(T), v) };
        } catch (error) { return { error: error.message }; }
    })"""
    for layer, python, found in zip(
        layers, expected, in_browser(page, "adjoints.mjs", javascript, layers), strict=True
    ):
        assert found.get("error") == python.get("error"), layer
        for name in ("T", "z", "dx") if "T" in python else ():
            np.testing.assert_allclose(found[name], python[name], rtol=1e-12, atol=1e-12)


# ---- Python's side


def test_layers_are_checked_where_they_are_made():
    right = {"taps": [1, 2], "x": [1, 2, 3], "v": [1, 2]}
    assert Toeplitz(**right).matrix.tolist() == [[1, 2, 0], [0, 1, 2]]
    for wrong, message in [
        ({"v": [1]}, "v must hold a number for each of the 2 outputs, got 1"),
        ({"v": None}, "give taps, x and v together, or none of them"),
        ({"stride": 0}, "stride must be an integer of at least 1, got 0"),
        ({"stride": 5}, "stride must be at most 4 in this explorable, got 5"),
        ({"padding": 5}, "padding must be at most 4 in this explorable, got 5"),
        ({"x": range(13)}, "pixels must be at most 12 in this explorable, got 13"),
        ({"x": [[1, 2]]}, "x must have shape (n,), 1 axes, got shape (1, 2)"),
        ({"x": [1, np.nan, 3]}, "x must hold finite numbers, got nan"),
        ({"taps": []}, "taps must not be empty, got shape (0,)"),
        ({"x": [1]}, "kernel of size 2 with dilation 1 covers 2 pixels, more than the padded input's 1"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Toeplitz(**{**right, **wrong})
    layer = Toeplitz(**right)
    with pytest.raises(ValueError, match="taps must have shape"):
        layer.taps = 3


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*layers, **options):
        page.set_content(document(*layers, **options))
        page.wait_for_function(f"document.querySelectorAll('.cb-sum strong').length === {len(layers)}")
        return page

    return show


def entry(page, *at):
    return page.locator(f"[data-at='{json.dumps(at, separators=(',', ':'))}']")


def setting(page, name, value):
    control = page.locator(f'[name="{name}"]')
    control.fill(value)
    control.press("Enter")
    return control


def results(page, key) -> list[float]:
    """The products as they are shown, of the matrix ("forward") or its transpose ("backward")."""
    return [float(t.replace("−", "-")) for t in page.locator(f'.bp-result[data-row^="{key} "]').all_inner_texts()]


def matrix(page, key) -> list[list[float]]:
    rows = page.locator(f'.bp-result[data-row^="{key} "]').count()
    cells = page.locator(f'[data-row^="{key} "]:not(.bp-result) > span').all_inner_texts()
    return np.reshape([float(text.replace("−", "-")) for text in cells], (rows, -1)).tolist()


def written(page) -> str:
    return page.locator(".cb-sum").inner_text()


def complaints(page) -> str:
    return "".join(page.locator("[role=alert]").all_inner_texts())


def test_every_preset_shows_pythons_matrix_and_products(show):
    page = show(Toeplitz.preset(STRIDE_2))
    for name in PRESETS:
        layer = Toeplitz.preset(name)
        page.get_by_label("example").select_option(name)
        assert matrix(page, "forward") == layer.matrix.tolist()
        assert matrix(page, "backward") == layer.matrix.T.tolist()
        assert results(page, "forward") == layer.products[0].tolist()
        assert results(page, "backward") == layer.products[1].tolist()
        assert page.get_by_label("example").input_value() == name


def test_the_lectures_numbers_and_the_adjoint_identity(show):
    page = show(Toeplitz())
    assert results(page, "forward") == [13, 23, 33, 43, 23]
    assert results(page, "backward") == [23, 42, 29, 45, 57]
    assert page.locator(".bp-identity").inner_text() == "⟨Ŵx, v⟩ = 659 = ⟨x, Ŵᵀv⟩ = 659"
    assert page.get_by_text("Stride 1: multiplying by Ŵᵀ is v ⋆ (c, b, a), v with 1 zero on either side.").is_visible()
    setting(page, "padding", "3")
    assert page.get_by_text("v with 1 value less on either side").is_visible()
    page.get_by_label("example").select_option(STRIDE_2)
    assert page.get_by_text("v needs 1 zero between its values first").is_visible()


def test_pointing_at_a_row_says_what_it_met(show):
    page = show(Toeplitz())
    assert written(page) == "z[0] = 3·1 + 5·2 = 13"
    assert page.get_by_text("z[0] lays b, c on x[0], x[1]; 1 tap lies on the border.").is_visible()
    page.locator('[data-row="backward 1"]').nth(2).hover()
    assert written(page) == "dx[1] = 5·7 + 3·1 + 2·2 = 42"
    assert page.get_by_text("Pixel 1 was used by z[0], z[1], z[2], under c, b, a.").is_visible()
    assert page.locator(".cb-output .bp-vector.bp-met").count() == 3
    assert page.locator(".cb-input .bp-column").count() == 5, "row 1 of the transpose is column 1 of the matrix"
    page.get_by_label("example").hover()
    assert written(page).startswith("z[0]"), "what was chosen comes back"
    page.locator('[data-row="backward 4"]').first.click()
    page.get_by_label("example").hover()
    assert written(page) == "dx[4] = 5·9 + 3·4 = 57"


def test_rows_that_meet_nothing_are_named(show):
    page = show(Toeplitz.preset("stride 3, two pixels unused"))
    page.locator('[data-row="backward 2"]').first.hover()
    assert page.get_by_text("No output used pixel 2: its gradient is 0.").is_visible()
    assert written(page) == "dx[2] = 0 = 0"
    setting(page, "padding", "2")
    page.locator('[data-row="forward 0"]').first.hover()
    assert page.get_by_text("z[0] sees nothing but border.").is_visible()


def test_arrow_keys_walk_over_rows_and_entries(show):
    page = show(Toeplitz())
    result = page.locator('.bp-result[data-row="forward 0"]')
    result.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert written(page) == "z[2] = 2·2 + 3·3 + 5·4 = 33"
    focused = page.locator(":focus")
    assert focused.get_attribute("aria-label") == "z, place 2: 33"
    assert focused.get_attribute("aria-selected") == "true"
    entry(page, "x", 0).focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert page.locator(":focus").get_attribute("aria-label") == "x, place 1"
    assert page.locator('.cb-stages [tabindex="0"]').count() == 4, "a tab stop for each vector and each product"


def test_editing_changes_the_products(show):
    page = show(Toeplitz())
    entry(page, "taps", 0).fill("−1")
    page.keyboard.press("Enter")
    assert results(page, "forward") == np.correlate([1, 2, 3, 4, 5], [-1, 3, 5], "same").tolist()
    assert page.get_by_label("example").input_value() == ""
    entry(page, "v", 2).fill("0,5")
    page.keyboard.press("Tab")
    assert results(page, "backward") == np.convolve([7, 1, 0.5, 9, 4], [-1, 3, 5], "same").tolist()
    entry(page, "x", 4).fill("1e1")
    page.keyboard.press("Enter")
    assert results(page, "forward")[4] == 26


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Toeplitz())
    before = page.locator(".cb-stages").inner_text()
    tap = entry(page, "taps", 1)
    for text in ("abc", "1e999", "", "1 2"):
        tap.fill(text)
        page.keyboard.press("Enter")
        assert complaints(page) == f"“{text}” is not a number: tap b stays 3."
        assert tap.get_attribute("aria-invalid") == "true" and tap.input_value() == text
        page.locator('[data-row="backward 1"]').first.hover()
        assert tap.input_value() == text
    tap.press("Escape")
    assert tap.input_value() == "3" and complaints(page) == ""
    assert page.locator(".cb-stages").inner_text() == before


def test_settings_that_do_not_fit_say_why_and_change_nothing(show):
    page = show(Toeplitz.preset(STRIDE_2))
    before = page.locator(".cb-stages").inner_text()
    for name, value, message in [
        ("stride", "0", "stride must be an integer of at least 1, got 0"),
        ("stride", "1.5", "stride must be an integer of at least 1, got 1.5"),
        ("stride", "", "stride must be an integer of at least 1, got nan"),
        ("padding", "9", "padding must be at most 4 in this explorable, got 9"),
        ("taps", "6", "taps must be at most 5 in this explorable, got 6"),
        ("pixels", "2", "kernel of size 3 with dilation 1 covers 3 pixels, more than the padded input's 2 (2 + 2*0)"),
    ]:
        control = page.locator(f'[name="{name}"]')
        old = control.input_value()
        setting(page, name, value)
        assert complaints(page) == message
        assert control.get_attribute("aria-invalid") == "true"
        assert page.locator(".cb-stages").inner_text() == before
        setting(page, name, old)
        assert complaints(page) == "" and control.get_attribute("aria-invalid") is None
    setting(page, "pixels", "2")
    setting(page, "taps", "2")
    assert complaints(page) == "" and len(results(page, "forward")) == 1, "settings may pass through what does not fit"
    setting(page, "pixels", "7")
    setting(page, "taps", "3")
    assert page.locator(".cb-stages").inner_text() == before, "what was cut off comes back"


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(Toeplitz(), Toeplitz.preset(STRIDE_2))
    first, second = (page.locator("figure").nth(k) for k in range(2))
    entry(first, "taps", 0).fill("0")
    page.keyboard.press("Enter")
    assert results(first, "forward")[1] == 21 and results(second, "forward") == [14, 26, 38]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_and_controls_have_names(show, theme):
    page = show(Toeplitz(taps=[1, 2, 3, 4, 5], x=range(1, 8), v=range(3)), theme=theme)
    page.locator('[data-row="backward 3"]').first.click()
    setting(page, "stride", "9")
    entry(page, "x", 0).fill("abc")
    page.keyboard.press("Enter")
    assert faintest(page)[0] >= 4.5, faintest(page)
    assert all(control_names(page))


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_even_the_largest_matrix_scrolls_in_one_direction(show, width):
    page = show(Toeplitz(taps=[-1.25] * 5, x=[-3.125] * 12, v=[1e6] * 16, padding=4))
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(Toeplitz()), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.locator('[data-row="backward 4"]').first.click()
    assert written(page).endswith("= 57")
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_touch_chooses_a_row(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(Toeplitz()))
    page.locator('[data-row="backward 3"]').first.tap()
    assert written(page) == "dx[3] = 5·2 + 3·9 + 2·4 = 45"
    context.close()


def test_without_scripts_the_numbers_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(Toeplitz()))
    text = page.locator("figure").inner_text()
    for word in ("5 × 5", "stride 1, padding 1", "43", "57", "659", "a = 2, b = 3, c = 5", "backwards"):
        assert word in text
    assert page.locator("figure table").count() == 2
    assert page.evaluate("1 + 1") == 2 and page.locator(".convbook-widget").bounding_box()["width"] <= 390
    context.close()


HOST = """async ([url, traits, changes]) => {
    const { default: widget } = await import(url);
    const listeners = {};
    const model = {
        get: (name) => traits[name],
        set: (name, value) => { traits[name] = value; for (const f of listeners["change:" + name] ?? []) f(); },
        on: (event, f) => (listeners[event] ??= new Set()).add(f),
        off: (event, f) => listeners[event].delete(f),
        save_changes: () => {},
    };
    document.body.innerHTML = "<main></main>";
    const release = widget.render({ model, el: document.querySelector("main") });
    const said = [];
    for (const [name, value] of changes) {
        model.set(name, value);
        said.push(document.querySelector("[role=alert]").textContent);
    }
    const text = document.querySelector("main").innerText;
    release();
    return [said, text, Object.values(listeners).every((all) => all.size === 0)];
}"""


def test_values_assigned_one_by_one_may_disagree_for_a_moment(page):
    layer = Toeplitz()
    traits = {name: getattr(layer, name) for name in Toeplitz.PAGE_TRAITS}
    changes = [("x", [1, 2, 3]), ("v", [1, 1, 1]), ("padding", 9), ("padding", 1)]
    said, text, is_released = page.evaluate(HOST, [data_url(module("toeplitz.mjs")), traits, changes])
    assert said == [
        "v must hold a number for each of the 3 outputs, got 5",
        "",
        "padding must be at most 4 in this explorable, got 9",
        "",
    ]
    assert "⟨Ŵx, v⟩ = 49 = ⟨x, Ŵᵀv⟩ = 49" in text and is_released


def test_the_page_holds_no_widget(static):
    bundle = Toeplitz()._repr_mimebundle_()
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert "http://" not in bundle["text/html"] and "https://" not in bundle["text/html"]
