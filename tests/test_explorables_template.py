"""The template explorable: its arithmetic against the kernels and OpenCV, and the page."""

import re

import cv2
import numpy as np
import pytest
from explorable_pages import document, in_browser

from convbook import kernels
from convbook.explorables import Template
from convbook.explorables.photo import astronaut
from convbook.explorables.template import CHANGES, altered

IMAGE_OF = "((rows) => kernels.image(rows.length, rows[0].length, (i, j) => rows[i][j]))"


# ---- the arithmetic


def random_search(rng) -> dict:
    """An image and a template that fits; now and then with flat parts."""
    height, width = rng.integers(6, 16, 2)
    image = rng.integers(0, 256, (height, width))
    if rng.random() < 0.4:
        image[: height // 2] = 77
    kh, kw = rng.integers(1, 6, 2)
    top, left = rng.integers(0, (height - kh + 1, width - kw + 1))
    template = image[top : top + kh, left : left + kw] if rng.random() < 0.5 else rng.normal(size=(kh, kw))
    return {"image": image.tolist(), "template": np.asarray(template).tolist()}


def test_both_scores_agree_on_240_random_searches(page):
    rng = np.random.default_rng(7)
    cases = [random_search(rng) for _ in range(240)]
    expression = f"""argument.map(({{ image, template }}) => {{
        const [x, t] = [image, template].map({IMAGE_OF});
        const maps = [kernels.normalised_cross_correlation(x, t), kernels.raw_correlation(x, t)];
        return maps.map((map) => ({{ rows: kernels.rowsOf(map), peak: kernels.peak(map) }}));
    }})"""
    flat = 0
    for case, found in zip(cases, in_browser(page, "filtering.mjs", expression, cases), strict=True):
        expected = [
            kernels.normalised_cross_correlation(case["image"], case["template"]),
            kernels.correlate2d(case["image"], case["template"], "valid"),
        ]
        flat += (expected[0] == 0).any()
        for result, scores in zip(found, expected, strict=True):
            np.testing.assert_allclose(result["rows"], scores, rtol=1e-9, atol=1e-9)
            i, j = result["peak"]
            np.testing.assert_allclose(scores[i, j], scores.max(), rtol=1e-9, atol=1e-9)
    assert flat > 40


def test_the_altered_photograph_is_the_same_in_the_browser(page):
    rng = np.random.default_rng(8)
    image = rng.integers(0, 256, (96, 101))
    for change in CHANGES:
        for square in (None, [60, 8, 30, 26]):
            found = in_browser(
                page,
                "template.mjs",
                """(([rows, change, square]) => {
                    const x = { height: rows.length, width: rows[0].length, pixels: Float64Array.from(rows.flat()) };
                    return [...kernels.altered(x, change, square).pixels];
                })(argument)""",
                [image.tolist(), change, square],
            )
            np.testing.assert_allclose(found, altered(image, change, square is not None).ravel(), rtol=1e-12)


def test_scores_are_opencvs():
    for change in CHANGES:
        widget = Template(change=change, square=False)
        scene, template = widget.scene.astype(np.float32), widget.template.astype(np.float32)
        expected = cv2.matchTemplate(scene, template, cv2.TM_CCOEFF_NORMED)
        np.testing.assert_allclose(widget.scores["normalised"], expected, atol=1e-4)
        expected = cv2.matchTemplate(scene, template, cv2.TM_CCORR)
        np.testing.assert_allclose(widget.scores["raw"], expected, rtol=1e-4)


def test_raw_correlation_prefers_the_square_and_the_normalised_one_the_face():
    for change in ("none", "darker", "noise"):
        found = Template(change=change).found
        assert found["normalised"] == (18, 26), change
        top, left = found["raw"]
        assert 60 <= top <= 62 and left == 8, "inside the white square"


# ---- Python's side


def test_boxes_are_checked_where_they_are_made():
    for wrong, message in [
        ({"box": [0, 0, 5, 10]}, "box must have sides from 6 to 40, got 5x10"),
        ({"box": [-1, 0, 10, 10]}, "box must lie inside the 96x96 image, got [-1, 0, 10, 10]"),
        ({"box": [0, 90, 10, 10]}, "box must lie inside the 96x96 image, got [0, 90, 10, 10]"),
        ({"box": [0, 0, 10]}, "box must be four integers: top, left, height, width; got [0, 0, 10]"),
        ({"box": [0.5, 0, 10, 10]}, "box must be four integers: top, left, height, width; got [0.5, 0, 10, 10]"),
        ({"change": "rotated"}, "change must be one of ('none', 'darker', 'noise', 'mirrored'), got 'rotated'"),
        ({"image": np.zeros((95, 100))}, "image must be at least 96x96, got 95x100"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Template(**wrong)
    widget = Template()
    with pytest.raises(ValueError, match="inside the 96x96 image"):
        widget.box = [90, 90, 10, 10]


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*widgets):
        page.set_content(document(*widgets))
        page.wait_for_function("document.querySelector('.cb-sum')?.textContent.length > 0")
        return page

    return show


def words(page) -> str:
    return page.locator(".cb-sum").inner_text()


def box(page) -> list[int]:
    return [int(page.locator(f'input[name="{name}"]').input_value()) for name in ("top", "left", "height", "width")]


def frame(page):
    return page.get_by_role("slider", name="template's place")


def scores(page) -> list[str]:
    return page.locator(".cb-score").all_inner_texts()


def test_the_page_tells_what_python_finds(show):
    page = show(Template())
    for change in CHANGES:
        for square in (True, False):
            page.locator('select[name="change"]').select_option(change)
            page.get_by_label("a white square").set_checked(square)
            widget = Template(change=change, square=square)
            for text, name in zip(scores(page), ("normalised", "raw"), strict=True):
                (i, j), best = widget.found[name], widget.scores[name].max()
                number = f"{best:.3f}" if name == "normalised" else f"{best:,.0f}"
                assert text == f"best at row {i}, column {j}: {number}"


def test_verdicts(show):
    page = show(Template())
    assert words(page) == (
        "The template was cut out at row 18, column 26. Normalised correlation finds it. Raw correlation misses it."
    )
    page.locator('select[name="change"]').select_option("mirrored")
    assert "and lies mirrored at column 44." in words(page)


def test_keys_and_fields_move_the_frame(show):
    page = show(Template())
    frame(page).focus()
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    assert box(page) == [27, 27, 28, 26]
    assert frame(page).get_attribute("aria-valuetext") == "row 27, column 27, 28 by 26 pixels"
    page.keyboard.press("End")
    assert box(page) == [27, 70, 28, 26]
    page.locator('input[name="height"]').fill("12")
    page.keyboard.press("Enter")
    assert box(page) == [27, 70, 12, 26]
    widget = Template(box=[27, 70, 12, 26])
    assert scores(page)[0].startswith("best at row {}, column {}".format(*widget.found["normalised"]))


def pixel_at(page, i, j) -> tuple[float, float]:
    canvas = frame(page).bounding_box()
    return canvas["x"] + (j + 0.5) * canvas["width"] / 96, canvas["y"] + (i + 0.5) * canvas["height"] / 96


def test_dragging_moves_the_frame(show):
    page = show(Template())
    page.mouse.move(*pixel_at(page, 20, 30))
    page.mouse.down()
    page.mouse.move(*pixel_at(page, 40, 50), steps=5)
    page.mouse.up()
    assert box(page) == [38, 46, 28, 26], "held where it was taken"
    page.mouse.click(*pixel_at(page, 20, 20))
    assert box(page) == [6, 7, 28, 26], "a click elsewhere puts its centre there"
    page.mouse.click(*pixel_at(page, 95, 95))
    assert box(page) == [68, 70, 28, 26], "it stays inside"


def test_a_finger_drags_the_frame(browser, static):
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_content(document(Template()))
    frame(page).tap(position={"x": 1, "y": 1})
    assert box(page) == [0, 0, 28, 26]
    assert frame(page).evaluate("(c) => getComputedStyle(c).touchAction") == "none", "a drag must not scroll the page"
    context.close()


def test_a_flat_template_has_no_pattern(show):
    image = astronaut().copy()
    image[:20, :20] = 90
    page = show(Template(image, box=[2, 2, 8, 8]))
    assert "It has one grey level, and so no pattern to find: every normalised score is 0." in words(page)
    assert "Normalised correlation misses it." in words(page)
    assert scores(page)[0].endswith("0.000")


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Template())
    before = scores(page)
    for name, text, message in [
        ("top", "69", "top must be a whole number from 0 to 68 here, got 69: it stays 18."),
        ("left", "-1", "left must be a whole number from 0 to 70 here, got -1: it stays 26."),
        ("height", "5", "height must be a whole number from 6 to 40 here, got 5: it stays 28."),
        ("width", "", "width must be a whole number from 6 to 40 here, got nothing: it stays 26."),
        ("width", "7.5", "width must be a whole number from 6 to 40 here, got 7.5: it stays 26."),
    ]:
        field = page.locator(f'input[name="{name}"]')
        field.fill(text)
        field.press("Enter")
        assert page.locator("[role=alert]").inner_text() == message
        assert field.get_attribute("aria-invalid") == "true" and field.input_value() == text
        field.press("Escape")
    assert scores(page) == before and box(page) == [18, 26, 28, 26]
    assert not page.locator("[role=alert]").is_visible()
