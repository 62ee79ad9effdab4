"""The checkerboard explorable: its arithmetic against the kernels, and the page that readers see."""

import re

import numpy as np
import pytest
from explorable_pages import control_names, document, faintest, in_browser

from convbook import kernels
from convbook.explorables import Checkerboard
from convbook.explorables.checkerboard import LIMITS, PICTURES, WEIGHTS

# ---- the arithmetic


def test_stamps_agree_with_the_kernels_on_200_random_maps(page):
    rng = np.random.default_rng(16)
    maps = [
        {
            "x": rng.normal(size=rng.integers(1, 7, 2)).tolist(),
            "w": rng.normal(size=rng.integers(1, 5, 2)).tolist(),
            "stride": int(rng.integers(1, 5)),
        }
        for _ in range(240)
    ]
    javascript = """argument.map(({ x, w, stride }) => {
        let resized = null;
        try { resized = kernels.resize_convolve(x, w, stride); } catch (error) { resized = error.message; }
        return { out: kernels.conv_transpose2d(x, w, stride), resized };
    })"""
    fitted = 0
    for case, found in zip(maps, in_browser(page, "adjoints.mjs", javascript, maps), strict=True):
        x, w, s = np.array(case["x"]), np.array(case["w"]), case["stride"]
        expected = kernels.conv_transpose2d(x[None, None], w[None, None], stride=s)[0, 0]
        np.testing.assert_allclose(found["out"], expected, rtol=1e-12, atol=1e-12)
        large = x.repeat(s, 0).repeat(s, 1)[None, None]
        try:
            np.testing.assert_allclose(
                found["resized"], kernels.conv2d(large, w[None, None])[0, 0], rtol=1e-12, atol=1e-12
            )
            fitted += 1
        except ValueError as error:
            assert found["resized"] == str(error)
    assert 100 < fitted < 240


def test_coverage_phases_and_ripple_agree_with_python_for_every_setting(page):
    settings = [[k, s, weights] for k in range(1, 7) for s in range(1, 5) for weights in WEIGHTS]
    javascript = """argument.map(([k, s, name]) => {
        const taps = kernels.profile(name, k, s);
        const phases = kernels.phases(taps, s);
        return { taps, phases, ripple: kernels.ripple(phases), counts: kernels.coverage(4, k, s) };
    })"""
    flat = np.ones((1, 1, 16, 16))
    for (k, s, weights), found in zip(settings, in_browser(page, "adjoints.mjs", javascript, settings), strict=True):
        board = Checkerboard(kernel=k, stride=s, weights=weights)
        for name, value in [("taps", board.taps), ("phases", board.phases), ("counts", board.coverage)]:
            np.testing.assert_allclose(found[name], value, atol=1e-12)
        stamped = kernels.conv_transpose2d(flat, np.outer(board.taps, board.taps)[None, None], stride=s)[0, 0]
        inside = stamped[8 : 8 + 6 * s, 8 : 8 + 6 * s] if s > 1 else stamped[6:-6, 6:-6]  # whole periods
        np.testing.assert_allclose(found["ripple"], inside.std() / inside.mean(), atol=1e-12)
        np.testing.assert_allclose(board.ripple, found["ripple"], atol=1e-12)
        if weights == "equal":
            assert (found["ripple"] < 1e-12) == (k % s == 0), "k mod s decides"
        if weights == "linear" and k in (2 * s - 1, 2 * s):
            assert found["ripple"] < 1e-12, "linear interpolation has no checkerboard, whatever k mod s is"


# ---- Python's side


def test_settings_are_checked_where_they_are_made_and_assigned():
    for wrong, message in [
        ({"kernel": 7}, "kernel must be at most 6 in this explorable, got 7"),
        ({"kernel": 0}, "kernel must be an integer of at least 1, got 0"),
        ({"stride": 2.5}, "stride must be an integer of at least 1, got 2.5"),
        ({"weights": "random"}, "weights must be one of ['equal', 'linear', 'uneven'], got 'random'"),
        ({"picture": "cat"}, "picture must be one of ['hill', 'flat', 'slope'], got 'cat'"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Checkerboard(**wrong)
    board = Checkerboard()
    with pytest.raises(ValueError, match="stride must be at most 4"):
        board.stride = 9
    assert board.stride == 2


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*boards, **options):
        page.set_content(document(*boards, **options))
        page.wait_for_function(f"document.querySelectorAll('.bp-stamps .cb-grid').length === {len(boards)}")
        return page

    return show


def setting(page, name, value):
    control = page.locator(f'[name="{name}"]')
    control.fill(value)
    control.press("Enter")
    return control


def counts(page) -> list[int]:
    return [int(text) for text in page.locator(".bp-count").all_inner_texts()]


def lines(page) -> list[str]:
    return page.locator(".bp-agree").all_inner_texts()


def complaint(page) -> str:
    return page.locator("[role=alert]").inner_text()


PIXELS = """name => {
    const canvas = document.querySelector(`[data-map="${name}"] canvas`);
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [width, height, [...data].filter((_, k) => k % 4 === 0)];
}"""


def red(page, name) -> np.ndarray:
    """The red channel of a map as it is painted."""
    width, height, values = page.evaluate(PIXELS, name)
    return np.reshape(values, (height, width))


def test_every_pair_of_kernel_and_stride_gets_its_verdict(show):
    page = show(Checkerboard())
    for k in range(1, LIMITS["kernel"][1] + 1):
        for s in range(1, LIMITS["stride"][1] + 1):
            setting(page, "kernel", str(k))
            setting(page, "stride", str(s))
            board = Checkerboard(kernel=k, stride=s)
            assert counts(page) == board.coverage.tolist()
            rule, weighed = lines(page)
            assert rule.startswith(f"{k} mod {s} = {k % s}: ")
            assert ("under the same number of stamps" in rule) == (k % s == 0)
            assert ("no stamp at all" in rule) == (k < s)
            assert ("no checkerboard on a flat map" in weighed) == (board.ripple < 1e-12)
            if board.ripple > 1e-12:
                size = f"{100 * board.ripple:.1f}".removesuffix(".0")
                assert weighed.endswith(f"a flat map ripples by {size} %.")


def test_words_of_the_first_picture(show):
    page = show(Checkerboard())
    assert lines(page) == [
        "3 mod 2 = 1: along a row pixels lie under 1 and 2 stamps in turn, in the plane under 1, 2 and 4.",
        "The weights that meet a pixel sum to 2 and 1, phase by phase: a flat map ripples by 48.4 %.",
    ]
    page.get_by_label("weights").select_option("linear")
    assert (
        lines(page)[1] == "The weights that meet a pixel sum to 1 and 1, phase by phase: no checkerboard on a flat map."
    )
    setting(page, "kernel", "4")
    page.get_by_label("weights").select_option("uneven")
    assert "every pixel lies under the same number of stamps, 4 in the plane" in lines(page)[0]
    assert (
        lines(page)[1] == "The weights that meet a pixel sum to 3 and 8, phase by phase: a flat map ripples by 67.5 %."
    )


def test_the_maps_show_what_the_words_say(show):
    page = show(Checkerboard(kernel=3, stride=2, picture="flat"))
    inside = red(page, "transposed")[6:-6, 6:-6]
    assert len(np.unique(inside)) == 3, "one, two and four stamps"
    assert (
        inside.shape == (7, 7)
        and (inside[::2, ::2] == inside[0, 0]).all()
        and (inside[1::2, 1::2] == inside[1, 1]).all()
    )
    assert len(np.unique(red(page, "resized"))) == 1
    setting(page, "kernel", "4")
    assert len(np.unique(red(page, "transposed")[4:-4, 4:-4])) == 1
    page.get_by_label("weights").select_option("uneven")
    assert len(np.unique(red(page, "transposed")[4:-4, 4:-4])) > 1
    assert len(np.unique(red(page, "resized"))) == 1
    assert red(page, "stamps").shape == red(page, "transposed").shape == (20, 20)
    labels = page.locator("canvas").evaluate_all("all => all.map((canvas) => canvas.ariaLabel)")
    assert labels[0] == "stamps on each pixel: 1 to 4" and all(labels)


def test_every_picture_is_drawn(show):
    page = show(Checkerboard())
    seen = set()
    for picture in PICTURES:
        page.get_by_label("picture").select_option(picture)
        seen.add(red(page, "input").tobytes())
    assert len(seen) == len(PICTURES)


def test_pointing_at_a_pixel_names_its_stamps(show):
    page = show(Checkerboard(weights="uneven"))
    page.locator(".bp-count").nth(4).hover()
    assert page.get_by_text(
        "Pixel 4 lies under 2 stamps: c of stamp 1 and a of stamp 2. Flat input: 2 + 1 = 3."
    ).is_visible()
    assert page.locator(".bp-stamps .bp-row").count() == 2
    page.get_by_label("kernel").hover()
    assert page.get_by_text("Pixel 0 lies under 1 stamp: a of stamp 0. Flat input: 1.").is_visible()
    page.locator(".bp-count").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_text("Pixel 1 lies under 1 stamp: b of stamp 0. Flat input: 3.").is_visible()
    assert page.locator(":focus").get_attribute("aria-label") == "pixel 1: 1 stamp"
    setting(page, "kernel", "1")
    assert page.get_by_text("Pixel 1 lies between the stamps: it stays 0.").is_visible()


def test_settings_that_do_not_fit_say_why_and_change_nothing(show):
    page = show(Checkerboard())
    before = [*lines(page), *counts(page)]
    for name, value, message in [
        ("kernel", "7", "kernel must be at most 6 in this explorable, got 7"),
        ("kernel", "0", "kernel must be an integer of at least 1, got 0"),
        ("stride", "1.5", "stride must be an integer of at least 1, got 1.5"),
        ("stride", "", "stride must be an integer of at least 1, got nan"),
    ]:
        control = page.locator(f'[name="{name}"]')
        old = control.input_value()
        setting(page, name, value)
        assert complaint(page) == message and control.get_attribute("aria-invalid") == "true"
        assert [*lines(page), *counts(page)] == before
        setting(page, name, old)
        assert complaint(page) == "" and control.get_attribute("aria-invalid") is None


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(Checkerboard(), Checkerboard(kernel=4))
    first, second = (page.locator("figure.convbook-explorable").nth(k) for k in range(2))
    setting(first, "kernel", "2")
    assert counts(first) == [1] * 8 and counts(second) == [1, 1, 2, 2, 2, 2, 2, 2, 1, 1]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_and_controls_have_names(show, theme):
    page = show(Checkerboard(kernel=6, stride=4), theme=theme)
    page.locator(".bp-count").nth(4).click()
    setting(page, "stride", "9")
    assert faintest(page)[0] >= 4.5, faintest(page)
    assert all(control_names(page))


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_even_the_longest_row_scrolls_in_one_direction(show, width):
    page = show(Checkerboard(kernel=6, stride=4))
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(Checkerboard()), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    setting(page, "kernel", "4")
    assert "4 mod 2 = 0" in lines(page)[0]
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_touch_chooses_a_pixel(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(Checkerboard()))
    page.locator(".bp-count").nth(2).tap()
    assert page.get_by_text("Pixel 2 lies under 2 stamps").is_visible()
    context.close()


def test_without_scripts_the_numbers_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(Checkerboard()))
    text = page.locator("figure").inner_text()
    for word in ("kernel 3 and stride 2", "3 mod 2 = 1", "under 1 or 2 stamps", "48.4 %", "leaves it flat"):
        assert word in text
    assert page.locator("figure table").count() == 2
    assert page.locator(".convbook-widget").bounding_box()["width"] <= 390
    context.close()
