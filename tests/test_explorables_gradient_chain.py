"""The gradient chain explorable: its arithmetic against NumPy's formats bit for bit, and the page that readers see."""

import re

import numpy as np
import pytest
from explorable_pages import control_names, document, faintest, in_browser

from convbook.explorables import GradientChain
from convbook.explorables.gradient_chain import PRESETS

KERNELS = "gradient_chain_kernels.mjs"


# ---- the arithmetic


def random_chains(count: int) -> list[dict]:
    rng = np.random.default_rng(57)
    chains = [
        {
            "weight": float(rng.choice([rng.normal(0, 0.3), rng.uniform(-10, 10), 10 ** rng.uniform(-8, 1)])),
            "depth": int(rng.integers(1, 61)),
            "span": int(rng.integers(0, 4)),
            "dtype": str(rng.choice(["float16", "float32", "float64"])),
        }
        for _ in range(count)
    ]
    corners = [-1.0, 0.0, 1.0, 0.5, 2.0, 5e-8, 3e-8, 2.9e-8, -0.99999, 10.0]
    return chains + [
        {"weight": w, "depth": 60, "span": n % 4, "dtype": d}
        for n, w in enumerate(corners)
        for d in ("float16", "float32")
    ]


def by_products(weight, depth, span, dtype) -> np.ndarray:
    """The same chain by NumPy's running product over the list of all factors, block by block."""
    kind = np.dtype(dtype).type
    with np.errstate(all="ignore"):
        if not span:
            return np.cumprod(np.full(depth, weight, dtype), dtype=dtype)
        power = np.cumprod(np.full(span, weight, dtype), dtype=dtype)[-1]
        starts = np.cumprod(np.append(kind(1), np.full(depth // span, kind(1) + power, dtype)), dtype=dtype)
        steps = np.full((len(starts), span), weight, dtype)
        steps[:, 0] = starts
        return np.cumprod(steps, axis=1, dtype=dtype).ravel()[1 : depth + 1]


def test_every_product_is_numpys_to_the_last_bit(page):
    chains = random_chains(200)
    call = "argument.map((c) => kernels.chain(c.weight, c.depth, c.span, c.dtype))"
    zeros = infinities = subnormals = 0
    for chain, values in zip(chains, in_browser(page, KERNELS, call, chains), strict=True):
        expected = by_products(**chain)
        assert values[0] == 1 and len(values) == chain["depth"] + 1
        np.testing.assert_array_equal(np.array(values[1:], float), expected.astype(float), err_msg=str(chain))
        layer = GradientChain(**{**chain, "span": chain["span"] or 1})
        np.testing.assert_array_equal(layer.skipped if chain["span"] else layer.plain, expected, err_msg=str(chain))
        zeros += (expected == 0).any()
        infinities += np.isinf(expected).any()
        subnormals += ((expected != 0) & (np.abs(expected) < np.finfo(chain["dtype"]).tiny)).any()
    assert min(zeros, infinities, subnormals) >= 10, "the cases reach both ends of the formats"


def test_single_roundings_are_numpys(page):
    rng = np.random.default_rng(3)
    values = [*(rng.normal(size=400) * 10.0 ** rng.integers(-9, 6, 400)).tolist(), 65519.9, 65520.0, -65520.0, 1e9]
    values += [
        2.0**-24,
        2.0**-25,
        2.0**-25 * 1.0001,
        1.5 * 2.0**-24,
        2.5 * 2.0**-24,
        2.0**-14,
        2.0**-14 - 2.0**-26,
        0.0,
    ]
    for dtype in ("float16", "float32"):
        rounded = in_browser(page, KERNELS, f"argument.map((value) => kernels.rounded(value, '{dtype}'))", values)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(rounded, np.array(values).astype(dtype).astype(float))


def test_formats_have_numpys_ends(page):
    formats = in_browser(page, KERNELS, "kernels.FORMATS", None)
    for dtype, ends in formats.items():
        info = np.finfo(dtype)
        expected = [float(info.smallest_subnormal), float(info.tiny), float(info.max)]
        np.testing.assert_array_equal([ends["least"], ends["normal"], ends["largest"]], expected)


def test_fates_are_those_of_long_products(page):
    chains = random_chains(60)
    call = "argument.map((c) => kernels.fate(c.weight, c.span, c.dtype))"
    ends = set()
    for chain, fate in zip(chains, in_browser(page, KERNELS, call, chains), strict=True):
        layer = GradientChain(**{**chain, "span": chain["span"] or 1})
        assert layer.fates["skipped" if chain["span"] else "plain"] == (
            fate and (fate["end"], fate["n"], fate["value"])
        )
        far = np.abs(by_products(chain["weight"], 12_000, chain["span"], chain["dtype"]).astype(float))
        if fate is None:
            assert np.isfinite(far[:9_900]).all() and far[:9_900].all()
            continue
        ends.add(fate["end"])
        stride = chain["span"] or 1
        n = fate["n"]
        if fate["end"] == "stays":
            np.testing.assert_array_equal(far[n + stride - 1 :: stride], fate["value"])
        else:
            np.testing.assert_array_equal(far[n - 1 :], 0 if fate["end"] == "zero" else np.inf)
            assert n == 1 or far[n - 2] not in (0, np.inf)
    assert ends == {"zero", "overflow", "stays"}


def test_the_lectures_numbers():
    assert GradientChain(weight=0.1).fates["plain"][:2] == ("zero", 46)
    assert GradientChain(weight=0.1, dtype="float16").fates["plain"][:2] == ("zero", 8)
    layer = GradientChain(depth=3, weight=0.1, span=2, dtype="float64")
    np.testing.assert_allclose(layer.plain, [0.1, 0.01, 0.001])
    np.testing.assert_allclose(layer.skipped[1], 1.01)


def test_without_rounding(page):
    cases = [[0.1, 60, 0], [-0.9, 5, 1], [0.1, 3, 2], [-2.0, 9, 2], [3.0, 7, 3], [-1.0, 4, 1]]
    for case, result in zip(
        cases, in_browser(page, KERNELS, "argument.map((c) => kernels.exact(...c))", cases), strict=True
    ):
        weight, n, span = case
        value = (1 + weight**span) ** (n // span) * weight ** (n % span) if span else weight**n
        assert result["sign"] == np.sign(value)
        if value:
            np.testing.assert_allclose(result["log"], np.log10(abs(value)), atol=1e-12)


# ---- Python's side


def test_chains_are_checked_where_they_are_made():
    for wrong, message in [
        ({"depth": 0}, "depth must be an integer of at least 1, got 0"),
        ({"depth": 61}, "depth must be at most 60 in this explorable, got 61"),
        ({"span": 4}, "span must be at most 3 in this explorable, got 4"),
        ({"span": 1.5}, "span must be an integer of at least 1, got 1.5"),
        ({"weight": 11}, "weight must be a number from -10 to 10, got 11"),
        ({"weight": float("nan")}, "weight must be a number from -10 to 10, got nan"),
        ({"weight": "0.1"}, "weight must be a number from -10 to 10, got '0.1'"),
        ({"dtype": "bfloat16"}, "dtype must be one of ['float16', 'float32', 'float64'], got 'bfloat16'"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            GradientChain(**wrong)
    layer = GradientChain()
    with pytest.raises(ValueError, match="weight must be a number from -10 to 10, got inf"):
        layer.weight = float("inf")
    with pytest.raises(ValueError, match="depth must be at most 60 in this explorable, got 99"):
        layer.depth = 99
    with pytest.raises(ValueError, match="preset must be one of"):
        GradientChain.preset("nine")


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*chains, **options):
        page.set_content(document(*chains, **options))
        page.wait_for_function(f"document.querySelectorAll('.gc-chart').length === {len(chains)}")
        return page

    return show


def sums(page) -> list[str]:
    return page.locator(".cb-sum").all_inner_texts()


def chart(page):
    return page.get_by_role("slider", name="layers back from the loss")


def setting(page, name, value):
    control = page.locator(f'input[name="{name}"]')
    control.fill(value)
    control.press("Enter")
    return control


def complaint(page) -> str:
    return page.locator(".convbook-widget > [role=alert]").inner_text()


def fates(page, dtype) -> list[str]:
    return page.locator(f'[data-format="{dtype}"] td').all_inner_texts()[2:]


def test_the_lectures_arithmetic_is_written_out(show):
    page = show(GradientChain.preset("three layers of 0.1"))
    assert sums(page) == ["plain: 0.1 · 0.1 · 0.1 = 0.1³ = 0.001"]
    page.get_by_label("example").select_option("one skip over two of three layers")
    assert sums(page) == ["plain: 0.1 · 0.1 = 0.1² = 0.01", "with skips: 1 + 0.1² = 1.01"]
    chart(page).press("ArrowRight")
    assert sums(page)[1] == "with skips: (1 + 0.1²) · 0.1 = 1.01 · 0.1 = 0.101"
    setting(page, "span", "1")
    assert sums(page)[1] == "with skips: (1 + 0.1)³ = 1.1³ = 1.331"


def test_the_end_is_marked_where_numpy_has_it(show):
    page = show(GradientChain.preset("60 layers of 0.1"))
    assert page.locator(".gc-plain[data-first]").get_attribute("data-first") == "46"
    assert page.locator(".gc-series text").all_text_contents() == ["n = 46"]
    assert sums(page)[0].endswith("= 0 (without rounding it is 10⁻⁴⁶; float32 makes 0 of it)")
    assert fates(page, "float16") == ["0 from n = 8"] and fates(page, "float64") == ["0 from n = 324"]
    chart(page).press("ArrowLeft")
    assert sums(page)[0].endswith("= 1.401 · 10⁻⁴⁵ (without rounding it is 10⁻⁴⁵; float32 makes 1.401 · 10⁻⁴⁵ of it)")
    page.get_by_label("number format").select_option("float16")
    assert page.locator(".gc-plain[data-first]").get_attribute("data-first") == "8"
    page.get_by_label("number format").select_option("float64")
    assert page.locator(".gc-plain[data-first]").get_attribute("data-first") == "-1"
    assert page.locator(".gc-series text").count() == 0


def test_what_explodes_is_marked(show):
    page = show(GradientChain.preset("1.5 explodes in float16"))
    assert page.locator(".gc-series text").all_text_contents() == ["n = 28"]
    assert "largest float16" in page.locator(".gc-limits").text_content()
    assert "= ∞ (without rounding it is 85220; float16 makes ∞ of it)" in sums(page)[0]


def test_the_curve_has_a_mark_a_layer_and_its_sign(show):
    page = show(GradientChain(depth=7, weight=-0.5, skip=True, dtype="float64"))
    counts = {
        (name, kind): page.locator(f".gc-series.gc-{name} .gc-{kind}").get_attribute("d").count("M")
        for name in ("plain", "skipped")
        for kind in ("dot", "hollow", "cross")
    }
    assert counts["plain", "dot"] == 4 and counts["plain", "hollow"] == 4, "1 and three even powers; four odd ones"
    assert counts["skipped", "dot"] == 8
    # marks stand on a straight line, and both chains on the same one: the sizes are equal
    places = page.locator(".gc-line").evaluate_all("all => all.map((line) => line.getAttribute('d'))")
    assert places[0] == places[1]
    points = np.array([[float(v) for v in point.split()] for point in re.split("[ML]", places[0])[1:]])
    np.testing.assert_allclose(np.diff(points[:, 1], 2), 0, atol=0.25)


def test_skips_can_be_switched(show):
    page = show(GradientChain(weight=0.02))
    assert page.locator(".gc-series").count() == 2 and len(sums(page)) == 2
    page.get_by_label("skips", exact=True).uncheck()
    assert page.locator(".gc-series").count() == 1 and len(sums(page)) == 1
    assert "with skips" not in page.locator(".gc-facts").inner_text()


def test_sliders_and_fields_follow_each_other(show):
    page = show(GradientChain.preset("60 layers of 0.1, with skips"))
    slider = page.locator('[name="weight-slider"]')
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator('input[name="weight"]').input_value() == "0.11"
    setting(page, "weight", "−0,5")
    assert slider.input_value() == "-0.5" and sums(page)[0].startswith("plain: (−0.5) · (−0.5) · … · (−0.5) = (−0.5)⁶⁰")
    assert sums(page)[1].startswith("with skips: (1 − 0.5)⁶⁰ = 0.5⁶⁰ = ")
    setting(page, "depth", "12")
    assert page.locator('[name="depth-slider"]').input_value() == "12"
    assert chart(page).get_attribute("aria-valuenow") == "12", "the end stays pointed at"
    assert page.get_by_label("example").input_value() == ""


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(GradientChain(weight=0.3, depth=9))
    before = [sums(page), page.locator(".gc-facts").inner_text()]
    for name, value, message in [
        ("weight", "abc", "weight must be a number from −10 to 10, got “abc”"),
        ("weight", "11", "weight must be a number from −10 to 10, got “11”"),
        ("weight", "", "weight must be a number from −10 to 10, got “”"),
        ("depth", "0", "depth must be an integer of at least 1, got 0"),
        ("depth", "61", "depth must be at most 60 in this explorable, got 61"),
        ("span", "4", "span must be at most 3 in this explorable, got 4"),
        ("depth", "", "depth must be an integer of at least 1, got nan"),
    ]:
        control = page.locator(f'input[name="{name}"]')
        old = control.input_value()
        setting(page, name, value)
        assert complaint(page) == message and control.get_attribute("aria-invalid") == "true"
        assert [sums(page), page.locator(".gc-facts").inner_text()] == before
        setting(page, name, old)
        assert complaint(page) == "" and control.get_attribute("aria-invalid") is None


def test_keys_walk_from_layer_to_layer(show):
    page = show(GradientChain(depth=20))
    slider = chart(page)
    for key, n in [("Home", 1), ("ArrowLeft", 1), ("ArrowRight", 2), ("ArrowUp", 3), ("PageUp", 13), ("End", 20)]:
        slider.press(key)
        assert slider.get_attribute("aria-valuenow") == str(n)
    assert slider.get_attribute("aria-valuetext") == "20 layers back, plain 10⁻²⁰, with skips 6.728"
    assert page.locator(":focus").get_attribute("class") == "gc-chart", "the focus stays"


def test_pointing_tells_and_fingers_choose(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.set_content(document(GradientChain(depth=10)))
    page.wait_for_selector(".gc-chart")
    box = page.locator(".gc-chart").bounding_box()
    page.touchscreen.tap(box["x"] + 46 + 0.4 * (box["width"] - 58), box["y"] + 100)
    assert chart(page).get_attribute("aria-valuenow") == "4"
    page.mouse.move(box["x"] + 46 + 0.7 * (box["width"] - 58), box["y"] + 100)
    assert chart(page).get_attribute("aria-valuenow") == "7"
    page.mouse.move(5, 5)
    assert chart(page).get_attribute("aria-valuenow") == "4", "the place stays"
    context.close()


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(GradientChain(depth=5), GradientChain(depth=6))
    page.locator("figure").first.locator(".gc-chart").press("Home")
    values = page.locator(".gc-chart").evaluate_all("all => all.map((e) => e.getAttribute('aria-valuenow'))")
    assert values == ["1", "6"]


def test_leaving_a_field_for_the_chart_keeps_the_focus(show):
    page = show(GradientChain(depth=20))
    page.locator('input[name="depth"]').fill("30")
    chart(page).press("Home")
    assert page.locator('input[name="depth"]').input_value() == "30"
    assert chart(page).get_attribute("aria-valuenow") == "1"


def test_every_control_has_a_name(show):
    page = show(GradientChain())
    assert all(control_names(page))


@pytest.mark.parametrize("width", [390, 360])
@pytest.mark.parametrize("preset", PRESETS)
def test_small_screens_scroll_in_one_direction(show, preset, width):
    page = show(GradientChain.preset(preset))
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"document.querySelector('.gc-chart').clientWidth < {width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(GradientChain.preset("60 layers of 0.1, with skips"), theme=theme)
    setting(page, "depth", "0")
    assert complaint(page)
    assert faintest(page)[0] >= 4.5, faintest(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(GradientChain()), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == url else route.abort())
    page.goto(url)
    chart(page).press("Home")
    assert sums(page) == ["plain: 0.1", "with skips: 1 + 0.1 = 1.1"]
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_without_scripts_the_values_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(GradientChain()))
    text = page.locator("figure").inner_text()
    assert "60 layers whose derivative is 0.1, and with a skip over each 1 of them, in float32." in text
    assert "plain: 0 from layer 46 on." in text and "with skips: ∞ from layer 931 on." in text
    assert page.locator("tbody tr").last.inner_text().split() == ["60", "0", "304.5"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()
