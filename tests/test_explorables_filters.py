"""The filters explorable, and what the three explorables with photographs share."""

import base64
import re

import cv2
import numpy as np
import pytest
import skimage.data
from explorable_pages import control_names, document, faintest, in_browser

from convbook import kernels
from convbook.explorables import Filters, Shift, Template
from convbook.explorables.filters import IMAGES, MODES, PRESETS
from convbook.explorables.photo import astronaut, decode, encode, still

LECTURE = IMAGES["the lecture's 5×5 image"]


# ---- the photograph, and images as text


def test_the_photograph_is_scikit_images():
    grey = skimage.data.astronaut() @ [0.299, 0.587, 0.114]
    part = grey[0:384, 64:448].reshape(96, 4, 96, 4).mean((1, 3))
    np.testing.assert_allclose(astronaut(), part, atol=0.5 + 1e-9)


def test_images_that_cannot_be_shown_are_refused():
    for wrong, message in [
        (np.zeros((4, 9)), "image must have sides from 5 to 128 pixels, got shape (4, 9)"),
        (np.zeros((9, 129)), "image must have sides from 5 to 128 pixels, got shape (9, 129)"),
        (np.full((9, 8), 256), "image must hold whole numbers from 0 to 255, got 256.0"),
        (np.full((9, 8), np.nan), "image must hold whole numbers from 0 to 255, got nan"),
        (np.zeros((3, 9, 8)), "image must have shape (H, W), 2 axes, got shape (3, 9, 8)"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            encode(wrong)


def test_a_still_is_the_picture():
    values = np.linspace(-300, 300, 77).reshape(7, 11)
    source = still(values, 'one "picture"', -250, 250)
    assert 'alt="one &quot;picture&quot;"' in source
    png = base64.b64decode(re.search(r"base64,([^\"]+)", source)[1])
    read = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_allclose(read, np.clip((values + 250) / 500 * 255, 0, 255), atol=0.5 + 1e-9)


# ---- the arithmetic

IMAGE_OF = "((rows) => kernels.image(rows.length, rows[0].length, (i, j) => rows[i][j]))"


def random_filter(rng) -> dict:
    height, width = rng.integers(5, 15, 2)
    kh, kw = rng.choice([1, 3, 5], 2)
    mode = str(rng.choice([*MODES, "valid"]))
    image, kernel = rng.normal(size=(height, width)), rng.normal(size=(kh, kw))
    return {"image": image.tolist(), "kernel": kernel.tolist(), "mode": mode}


def test_filters_agree_on_240_random_configurations(page):
    rng = np.random.default_rng(188)
    cases = [random_filter(rng) for _ in range(240)]
    assert {case["mode"] for case in cases} == {*MODES, "valid"}
    expression = f"""argument.map(({{ image, kernel, mode }}) => ["correlate2d", "convolve2d"].map(
        (name) => kernels.rowsOf(kernels[name]({IMAGE_OF}(image), kernel, mode))))"""
    for case, found in zip(cases, in_browser(page, "filtering.mjs", expression, cases), strict=True):
        for name, out in zip(["correlate2d", "convolve2d"], found, strict=True):
            expected = getattr(kernels, name)(case["image"], case["kernel"], case["mode"])
            np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12, err_msg=f"{name} {case['mode']}")


def test_padding_agrees(page):
    rng = np.random.default_rng(5)
    image = rng.normal(size=(5, 7))
    for mode in MODES:
        expression = f"kernels.rowsOf(kernels.pad({IMAGE_OF}(argument[0]), 2, argument[1]))"
        found = in_browser(page, "filtering.mjs", expression, [image.tolist(), mode])
        np.testing.assert_allclose(found, kernels.pad2d(image[None, None], 2, mode)[0, 0], rtol=1e-12)


def test_terms_name_their_pixels_and_add_up(page):
    rng = np.random.default_rng(6)
    cases = [random_filter(rng) | {"at": rng.integers(0, 5, 2).tolist()} for _ in range(60)]
    cases = [case for case in cases if case["mode"] != "valid"]
    expression = f"argument.map((c) => kernels.terms({IMAGE_OF}(c.image), c.kernel, c.mode, c.at))"
    for case, terms in zip(cases, in_browser(page, "filtering.mjs", expression, cases), strict=True):
        i, j = case["at"]
        image, kernel = np.array(case["image"]), np.array(case["kernel"])
        expected = kernels.correlate2d(image, kernel, case["mode"])[i, j]
        np.testing.assert_allclose(sum(term["w"] * term["x"] for term in terms), expected, rtol=1e-12, atol=1e-12)
        for term in terms:
            row, col = i + term["a"] - kernel.shape[0] // 2, j + term["b"] - kernel.shape[1] // 2
            inside = 0 <= row < image.shape[0] and 0 <= col < image.shape[1]
            assert (term["row"], term["col"], term["inside"]) == (row, col, inside)
            assert not inside or term["x"] == image[row, col]


# ---- Python's side


def test_filters_are_checked_where_they_are_made():
    for wrong, message in [
        ({"kernel": [[1, 2, 3]]}, "kernel must have shape (3, 3) or (5, 5) in this explorable, got (1, 3)"),
        ({"kernel": np.full((3, 3), np.inf)}, "kernel must hold finite numbers, got inf"),
        ({"divisor": 0}, "divisor must be a finite number other than 0, got 0.0"),
        ({"mode": "wrap"}, "mode must be one of ('zeros', 'mean', 'reflect', 'circular', 'replicate'), got 'wrap'"),
        ({"image": np.zeros((2, 2))}, "image must have sides from 5 to 128 pixels, got shape (2, 2)"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Filters(**wrong)


def test_output_is_the_kernels():
    rng = np.random.default_rng(0)
    image, kernel = rng.integers(0, 256, (9, 12)), rng.integers(-3, 4, (5, 5))
    plain, turned = (Filters(image, kernel, 7, "reflect", turned=turned) for turned in (False, True))
    np.testing.assert_allclose(plain.output, kernels.correlate2d(image, kernel / 7, "reflect"))
    np.testing.assert_allclose(turned.output, kernels.convolve2d(image, kernel / 7, "reflect"))


def test_presets_are_the_courses_kernels():
    for name, kernel in [
        ("Gaussian, binomial", kernels.gaussian_kernel(5, method="binomial")),
        ("box", kernels.box_kernel(3)),
        ("Laplacian", kernels.LAPLACIAN),
    ]:
        np.testing.assert_allclose(np.array(PRESETS[name]["kernel"]) / PRESETS[name]["divisor"], kernel)
    for method in ("sampled", "integrated"):
        preset = PRESETS[f"Gaussian σ 1, {method}"]
        rounded = np.array(preset["kernel"]) / preset["divisor"]
        np.testing.assert_allclose(rounded, kernels.gaussian_kernel(5, 1.0, method), atol=1e-3)
        np.testing.assert_allclose(rounded.sum(), 1)


# ---- the page


@pytest.fixture
def show(page, static):
    """Put explorables on the page; returns the page once they are drawn."""

    def show(*widgets, **options):
        page.set_content(document(*widgets, **options))
        page.wait_for_function(f"document.querySelectorAll('.convbook-widget canvas').length >= {2 * len(widgets)}")
        return page

    return show


def value(page) -> float:
    return float(page.locator(".cb-sum strong").inner_text().replace("−", "-"))


def written(page) -> str:
    return page.locator(".cb-sum").inner_text()


def weight(page, a, b):
    return page.get_by_label(f"kernel row {a}, column {b}", exact=True)


def photo(page):
    return page.locator(".cb-input canvas")


def response(page):
    return page.locator(".cb-output canvas")


def complaint(page) -> str:
    return page.locator("[role=alert]").inner_text()


def shades(canvas) -> np.ndarray:
    """What a canvas shows, as bytes."""
    pixels, height, width = canvas.evaluate(
        """(c) => [[...c.getContext("2d").getImageData(0, 0, c.width, c.height).data], c.height, c.width]"""
    )
    return np.array(pixels).reshape(height, width, 4)[..., 0]


def choose(page, name, option):
    page.locator(f'select[name="{name}"]').select_option(option)


@pytest.mark.parametrize(
    ("preset", "mode", "at", "number"),
    [
        ("blur of the lecture", "zeros", (1, 1), 92.8125),
        ("blur of the lecture", "zeros", (1, 2), 71.5625),
        ("blur of the lecture", "zeros", (0, 0), 101.25),
        ("blur of the lecture", "replicate", (0, 0), 188.75),
        ("blur of the lecture", "reflect", (0, 0), 155),
        ("Sobel x", "zeros", (1, 1), -435),
        ("Sobel y", "zeros", (1, 1), -635),
        ("Laplacian", "zeros", (3, 2), -5),
    ],
)
def test_the_lectures_numbers(show, preset, mode, at, number):
    page = show(Filters(cursor=[0, 0]))
    choose(page, "image", "the lecture's 5×5 image")
    choose(page, "kernel", preset)
    choose(page, "mode", mode)
    response(page).focus()
    page.keyboard.press("Home")
    for _ in range(5):
        page.keyboard.press("ArrowUp")
    for key, steps in [("ArrowDown", at[0]), ("ArrowRight", at[1])]:
        for _ in range(steps):
            page.keyboard.press(key)
    assert page.locator(".cb-where").inner_text() == f"out[{at[0]}, {at[1]}]"
    assert value(page) == pytest.approx(number)


def test_the_page_shows_pythons_output(show):
    rng = np.random.default_rng(1)
    for name in PRESETS:
        mode, turned = str(rng.choice(MODES)), bool(rng.integers(2))
        i, j = rng.choice([0, 1, 50, 95], 2).tolist()
        filters = Filters.preset(name, mode=mode, turned=turned, cursor=[i, j])
        page = show(filters)
        assert page.locator('select[name="kernel"]').input_value() == name
        assert value(page) == pytest.approx(filters.output[i, j], abs=5e-5)
        most = np.abs(filters.output).max()
        low, high = (-most, most) if filters.output.min() < -0.25 * most else (0, 255)
        expected = np.clip((filters.output - low) / (high - low) * 255, 0, 255)
        np.testing.assert_allclose(shades(response(page)), expected, atol=0.5 + 1e-6)


def test_the_ring_shows_what_the_border_invents(show):
    page = show(Filters(np.arange(35).reshape(5, 7) * 7))
    for mode in MODES:
        choose(page, "mode", mode)
        expected = kernels.pad2d(np.arange(35).reshape(1, 1, 5, 7) * 7, 2, mode)[0, 0]
        np.testing.assert_allclose(shades(photo(page)), expected, atol=0.5 + 1e-9)


def test_the_sum_is_written_out(show):
    page = show(Filters.preset("blur of the lecture", image=decode(LECTURE), cursor=[1, 1]))
    assert written(page) == (
        "out[1, 1] = (1·200 + 2·200 + 1·200 + 2·200 + 4·20 + 2·20 + 1·100 + 2·20 + 1·25) / 16 = 92.8125"
    )
    choose(page, "kernel", "Sobel x")
    assert written(page) == "out[1, 1] = (−1)·200 + 1·200 + (−2)·200 + 2·20 + (−1)·100 + 1·25 = −435"
    page.get_by_label("kernel row 1, column 1").fill("0")
    page.evaluate("document.activeElement.blur()")
    for a in range(3):
        for b in range(3):
            weight(page, a, b).fill("0")
            page.keyboard.press("Enter")
    assert written(page) == "out[1, 1] = 0 = 0"


def test_the_flip_shows_on_one_bright_pixel(show):
    spike = np.zeros((9, 11), int)
    spike[4, 5] = 1
    kernel = np.arange(1, 10).reshape(3, 3)
    page = show(Filters(spike, kernel, cursor=[3, 4]))
    assert value(page) == 9, "correlation leaves the half turn of the kernel"
    page.get_by_label("turn the kernel").check()
    assert value(page) == 1, "convolution leaves the kernel"
    assert page.locator(".cb-kernel .cb-star").inner_text() == "∗"
    assert weight(page, 0, 0).locator("xpath=following-sibling::small").inner_text() == "1", "the pixel it multiplies"
    page.get_by_label("turn the kernel").uncheck()
    assert weight(page, 2, 2).locator("xpath=following-sibling::small").inner_text() == "1"


def test_keys_walk_over_the_pixels(show):
    page = show(Filters(cursor=[10, 10]))
    photo(page).focus()
    for key, place in [
        ("ArrowRight", (10, 11)),
        ("ArrowDown", (11, 11)),
        ("Shift+ArrowRight", (11, 19)),
        ("PageDown", (19, 19)),
        ("Home", (19, 0)),
        ("ArrowLeft", (19, 0)),
        ("End", (19, 95)),
        ("Shift+ArrowUp", (11, 95)),
    ]:
        page.keyboard.press(key)
        assert page.locator(".cb-where").inner_text() == "out[{}, {}]".format(*place), key
    pixel = int(astronaut()[11, 95])
    assert photo(page).get_attribute("aria-valuetext") == f"row 11, column 95: pixel {pixel}, response {pixel}"
    assert photo(page).get_attribute("role") == "slider"


def at_pixel(canvas, i, j) -> dict:
    """Where on the canvas a pixel lies."""
    box = canvas.bounding_box()
    height, width = canvas.evaluate("(c) => [c.height, c.width]")
    return {"x": (j + 0.5) * box["width"] / width, "y": (i + 0.5) * box["height"] / height}


def test_a_click_moves_and_the_mouse_previews(show):
    page = show(Filters(cursor=[5, 5]))
    response(page).hover(position=at_pixel(response(page), 40, 60))
    assert page.locator(".cb-where").inner_text() == "out[40, 60]"
    page.locator(".cb-title").first.hover()
    assert page.locator(".cb-where").inner_text() == "out[5, 5]"
    photo(page).click(position=at_pixel(photo(page), 2 + 30, 2 + 20))
    page.locator(".cb-title").first.hover()
    assert page.locator(".cb-where").inner_text() == "out[30, 20]"


def test_a_finger_moves_the_cursor(browser, static):
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(Filters(cursor=[5, 5])))
    response(page).wait_for()
    response(page).tap(position=at_pixel(response(page), 70, 80))
    assert page.locator(".cb-where").inner_text() == "out[70, 80]"
    context.close()


def test_editing_changes_the_response(show):
    page = show(Filters(decode(LECTURE), cursor=[2, 2]))
    assert value(page) == 25
    weight(page, 1, 1).fill("−1,5")
    page.keyboard.press("Enter")
    assert value(page) == -37.5
    assert page.locator('select[name="kernel"]').input_value() == ""
    page.get_by_label("divisor").fill("2e0")
    page.keyboard.press("Tab")
    assert value(page) == -18.75
    assert page.get_by_text("weights add up to −0.75").is_visible()


def test_sizes_keep_what_they_hide(show):
    kernel = np.arange(25).reshape(5, 5)
    page = show(Filters(kernel=kernel))
    choose(page, "size", "3")
    assert [weight(page, 0, b).input_value() for b in range(3)] == ["6", "7", "8"]
    weight(page, 0, 0).fill("60")
    page.keyboard.press("Enter")
    choose(page, "size", "5")
    assert [weight(page, 1, b).input_value() for b in range(5)] == ["5", "60", "7", "8", "9"]
    assert weight(page, 4, 4).input_value() == "24"


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Filters.preset("box"))
    before = written(page)
    for text in ("abc", "", "1e999", "1 2"):
        weight(page, 0, 1).fill(text)
        page.keyboard.press("Enter")
        assert complaint(page) == f"“{text}” is not a number: kernel row 0, column 1 stays 1."
        assert weight(page, 0, 1).get_attribute("aria-invalid") == "true"
        assert weight(page, 0, 1).input_value() == text
    assert written(page) == before
    response(page).hover(position={"x": 9, "y": 9})
    assert weight(page, 0, 1).input_value() == "1 2", "the mouse overwrites nothing"
    weight(page, 0, 1).press("Escape")
    assert weight(page, 0, 1).input_value() == "1" and not page.locator("[role=alert]").is_visible()
    page.get_by_label("divisor").fill("0")
    page.keyboard.press("Enter")
    assert complaint(page) == "0 divides nothing: divisor stays 9."
    assert written(page) == before


# ---- what the three have in common

ALL = {
    "filters": lambda: Filters.preset("Gaussian, binomial", mode="mean", turned=True, cursor=[0, 0]),
    "shift": lambda: Shift(by=[2, -3], border="zeros"),
    "template": lambda: Template(change="mirrored"),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_it_fits_stands_out_and_is_named(show, name, theme):
    page = show(ALL[name](), theme=theme)
    field = page.locator("input:not([type=checkbox])").first
    field.fill("")
    field.press("Enter")
    assert complaint(page)
    assert faintest(page)[0] >= 4.5, faintest(page)
    assert all(control_names(page))
    assert all(page.locator("canvas").evaluate_all("all => all.map((c) => c.ariaLabel)"))
    for width in (390, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.querySelector('.convbook-widget')).backgroundColor")
    assert dark == ("rgb(27, 31, 36)" if theme == "dark" else "rgb(255, 255, 255)")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(*(make() for make in ALL.values())), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == url else route.abort())
    page.goto(url)
    for name in ALL:
        page.locator(f'figure[data-explorable="{name}"] canvas').first.wait_for()
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("filters", ["convolution (the kernel turned by half a turn)", "beyond the border: mean", "256", "36"]),
        ("shift", ["shifted 2 down and -3 to the right", "linear: the two maps differ by 1", "convolution: the two"]),
        ("template", ["cut out at row 18, column 26", "raw correlation is largest at row"]),
    ],
)
def test_without_scripts_there_are_pictures_and_words(browser, static, name, words):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(ALL[name]()))
    text = page.locator("figure").first.inner_text()
    assert [word for word in words if word not in text] == []
    pictures = page.locator("img").evaluate_all("all => all.map((e) => [e.alt, e.naturalWidth, e.clientWidth])")
    assert len(pictures) >= 2
    assert all(alt and natural > 5 and shown >= 60 for alt, natural, shown in pictures)
    assert page.locator(".convbook-widget").bounding_box()["width"] <= 390
    context.close()


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(Filters.preset("box"), Shift(), Filters.preset("Laplacian"), Template())
    first, third = page.locator('figure[data-explorable="filters"]').all()
    weight(first, 0, 0).fill("5")
    page.keyboard.press("Enter")
    assert "5·" in written(first) and "5·" not in written(third)


def test_the_page_holds_no_address(static):
    for make in ALL.values():
        bundle = make()._repr_mimebundle_()
        assert sorted(bundle) == ["text/html", "text/plain"]
        assert "http://" not in bundle["text/html"] and "https://" not in bundle["text/html"]
        assert len(bundle["text/html"]) < 130_000, "every embed carries all of it"
