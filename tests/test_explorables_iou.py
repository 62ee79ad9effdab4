"""The IoU explorable: the arithmetic of boxes against convbook.detection, and the page that readers see."""

import re

import numpy as np
import pytest
from explorable_pages import control_names, document, faintest, in_browser

from convbook import detection
from convbook.explorables import Iou
from convbook.explorables.iou import PRESETS

KERNELS = "detection_kernels.mjs"


def random_pairs(count: int) -> list[list[list[float]]]:
    """Pairs of boxes on a coarse grid, so that touching, equal and flat ones are among them, and on a fine one."""
    rng = np.random.default_rng(70)
    pairs = []
    for n in range(count):
        corners = np.sort(rng.integers(0, 7, (2, 2, 2)) if n % 2 else rng.random((2, 2, 2)) * 50, axis=1)
        pairs.append(corners.reshape(2, 4).astype(float).tolist())
    return pairs


# ---- the arithmetic


def test_measures_agree_on_240_random_pairs(page):
    pairs = random_pairs(240)
    seen = in_browser(page, KERNELS, "argument.map(([a, b]) => kernels.compare(a, b))", pairs)
    kinds = set()
    for (a, b), facts in zip(pairs, seen, strict=True):
        iou, giou = detection.box_iou([a], [b])[0, 0], detection.box_giou([a], [b])[0, 0]
        shared, areas = detection.box_intersection([a], [b])[0, 0], detection.box_area([a, b])
        np.testing.assert_allclose([facts["iou"], facts["giou"], facts["shared"]["area"]], [iou, giou, shared])
        np.testing.assert_allclose([*facts["areas"], facts["union"]], [*areas, areas.sum() - shared])
        xywh = detection.xyxy_to_xywh([a, b])
        np.testing.assert_allclose([facts["corners"], facts["sizes"]], detection.l2_loss([a, xywh[0]], [b, xywh[1]]))
        kinds |= {iou > 0, "flat" if areas.min() == 0 else "full", giou < 0}
    assert kinds >= {True, False, "flat", "full"}


def test_boxes_stay_in_their_drawing(page):
    rng = np.random.default_rng(71)
    boxes = [np.sort(rng.integers(0, 20, (2, 2)), axis=0).ravel().tolist() for _ in range(50)]
    cases = [[box, rng.integers(-30, 30, 2).tolist()] for box in boxes]
    shifted = in_browser(page, "boxes.mjs", "argument.map(([box, by]) => kernels.moved(box, by, [25, 20]))", cases)
    call = "argument.map(([box, by]) => kernels.resized(box, [2, 1], by, [25, 20], 1))"
    for (box, by), moved, resized in zip(cases, shifted, in_browser(page, "boxes.mjs", call, cases), strict=True):
        np.testing.assert_allclose(np.diff(np.reshape(moved, (2, 2)), axis=0), np.diff(np.reshape(box, (2, 2)), axis=0))
        assert min(moved) >= 0 and moved[2] <= 25 and moved[3] <= 20
        assert [resized[0], resized[3]] == [box[0], box[3]], "the other corner stays"
        assert resized[2] >= resized[0] + 1 and resized[3] >= resized[1] + 1
        if 0 <= box[0] + 1 <= by[0] <= 25:
            assert resized[2] == by[0]


# ---- Python's side


def test_boxes_are_checked_where_they_are_made():
    for wrong, message in [
        ({"a": [30, 12, 8, 36]}, "a must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2, got [30.0, 12.0, 8.0, 36.0]"),
        ({"b": [0, 0, 65, 5]}, "b must lie within 64 × 48, got [0.0, 0.0, 65.0, 5.0]"),
        ({"b": [0, 0, 5]}, "b must have four numbers along their last axis, got shape (3,)"),
        ({"a": [0, float("nan"), 5, 5]}, "a must be finite, got [0.0, nan, 5.0, 5.0]"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Iou(**wrong)
    pair = Iou()
    with pytest.raises(ValueError, match="must lie within"):
        pair.a = [0, 0, 5, 49]
    with pytest.raises(ValueError, match="preset must be one of"):
        Iou.preset("nine")


def test_three_boxes_of_equal_loss_overlap_differently():
    three = [Iou.preset(name).measures for name in PRESETS if name.startswith("equal")]
    assert [round(measures["iou"], 4) for measures in three] == [0.5385, 0.7692, 0.7]
    assert [measures["sizes"] for measures in three] == pytest.approx([36, 36, 36])


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*pairs, **options):
        page.set_content(document(*pairs, **options))
        page.wait_for_function(f"document.querySelectorAll('.bx-two .bx-facts').length === {len(pairs)}")
        return page

    return show


def fact(page, name) -> float:
    return float(page.locator(f'[data-fact="{name}"]').inner_text().replace("−", "-"))


def entry(page, name, value=None):
    control = page.locator(f'input[name="{name}"]')
    if value is not None:
        control.fill(value)
        control.press("Enter")
    return control


def box(page, name) -> list[float]:
    return [float(entry(page, f"{name} {side}").input_value().replace("−", "-")) for side in ("x1", "y1", "x2", "y2")]


def drag(page, start, by):
    """Drag from a place of the drawing, in its own units."""
    frame = page.locator(".bx-plane").bounding_box()
    unit = frame["width"] / 64
    x, y = frame["x"] + start[0] * unit, frame["y"] + start[1] * unit
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] * unit / 2, y + by[1] * unit / 2)
    page.mouse.move(x + by[0] * unit, y + by[1] * unit)
    page.mouse.up()


def test_every_preset_shows_pythons_numbers(show):
    for name in PRESETS:
        page = show(Iou.preset(name))
        assert page.get_by_label("example").input_value() == name
        measures = Iou.preset(name).measures
        for key, fact_name in {"intersection": "shared", **{k: k for k in measures if k != "intersection"}}.items():
            assert fact(page, fact_name) == pytest.approx(measures[key], abs=6e-5), (name, key)


def test_boxes_and_corners_are_dragged(show):
    page = show(Iou(a=[8, 12, 32, 36], b=[20, 12, 44, 36]))
    drag(page, (12, 24), (3, -4))
    assert box(page, "a") == [11, 8, 35, 32] and box(page, "b") == [20, 12, 44, 36]
    drag(page, (44, 36), (6, 2))
    assert box(page, "b") == [20, 12, 50, 38]
    drag(page, (20, 38), (-4, 3))
    assert box(page, "b") == [16, 12, 50, 41], "corners without a tab stop are dragged, too"
    pair = Iou(a=[11, 8, 35, 32], b=[16, 12, 50, 41]).measures
    assert fact(page, "iou") == pytest.approx(pair["iou"], abs=6e-5)
    drag(page, (40, 30), (-90, 90))
    assert box(page, "b") == [0, 19, 34, 48], "the drawing ends there"
    drag(page, (35, 8), (-60, 60))
    assert box(page, "a") == [11, 32, 11, 32], "corners never change places"
    assert page.locator(".bx-said").inner_text().startswith("Box a has no area and overlaps nothing.")


def test_a_box_inside_another_can_be_had(show):
    page = show(Iou(a=[20, 14, 36, 28], b=[4, 4, 60, 44]))
    drag(page, (28, 21), (5, 5))
    assert box(page, "a") == [25, 19, 41, 33] and box(page, "b") == [4, 4, 60, 44]
    assert "Box a lies inside the other" in page.locator(".bx-said").inner_text()


def test_keys_move_and_resize(show):
    page = show(Iou(a=[8, 12, 32, 36], b=[20, 12, 44, 36]))
    body = page.get_by_role("slider", name="box a: move")
    body.focus()
    for key in ("ArrowRight", "Shift+ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert box(page, "a") == [9, 19, 33, 43]
    assert body.get_attribute("aria-valuetext") == "from 9, 19 to 33, 43"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "box a: top left corner"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+ArrowUp")
    assert box(page, "a") == [8, 19, 33, 35]
    page.keyboard.press("Control+ArrowUp")
    assert box(page, "a") == [8, 19, 33, 35], "other keys stay the page's"


def test_fingers_drag(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.set_content(document(Iou(a=[8, 12, 32, 36], b=[20, 12, 44, 36])))
    frame = page.locator(".bx-plane").bounding_box()
    unit = frame["width"] / 64
    start = [frame["x"] + 12 * unit, frame["y"] + 24 * unit]
    client = context.new_cdp_session(page)
    for kind, by in [("touchStart", 0), ("touchMove", 4), ("touchMove", 8), ("touchEnd", None)]:
        points = [] if by is None else [{"x": start[0] + by * unit, "y": start[1] + by * unit}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert box(page, "a") == [16, 20, 40, 44]
    assert page.evaluate("scrollY") == 0
    context.close()


def test_words_tell_the_sum(show):
    page = show(Iou.preset("half over each other"))
    assert page.locator(".bx-formula").inner_text().split("\n") == [
        "intersection 12 × 24 = 288, union 576 + 576 − 288 = 864",
        "IoU = 288 / 864 = 0.3333",
        "GIoU = 0.3333 − (864 − 864) / 864 = 0.3333",
    ]
    page.get_by_label("example").select_option("apart on both axes")
    assert fact(page, "iou") == 0 and fact(page, "giou") < 0
    assert page.locator(".bx-said").inner_text().startswith("They share no area: IoU is 0 here")
    page.get_by_label("example").select_option("touching")
    assert page.locator(".bx-said").inner_text().startswith("They touch")


def test_the_curves_pass_through_the_present_place(show):
    page = show(Iou.preset("apart on both axes"))
    for name, top in (("iou", 56), ("giou", None)):
        line = page.locator(f".bx-line.bx-{name}").get_attribute("d")
        points = np.array([point.split() for point in re.split("[ML]", line)[1:]], float)
        dot = [float(page.locator(f".bx-dot.bx-{name}").get_attribute(at)) for at in ("cx", "cy")]
        assert np.interp(dot[0], *points.T) == pytest.approx(dot[1], abs=0.6)
        assert top is None or points[:, 1] == pytest.approx(top), "IoU is flat where nothing is shared"
    giou = points[np.argsort(points[:, 0]), 1]
    assert len(set(giou.round(1))) > 20, "and GIoU is not"


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Iou.preset("half over each other"))
    before = page.locator(".bx-facts").inner_text()
    for name, value, message in [
        ("a x1", "forty", "“forty” is not a number: box a x1 stays 8"),
        ("a x1", "40", "box a must be x1, y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2, got 40, 12, 32, 36"),
        ("b y2", "49", "box b must lie within 64 × 48, got 20, 12, 44, 49"),
        ("b x1", "-1", "box b must lie within 64 × 48, got −1, 12, 44, 36"),
    ]:
        old = entry(page, name).input_value()
        control = entry(page, name, value)
        assert page.locator("[role=alert]").inner_text() == message
        assert control.get_attribute("aria-invalid") == "true" and control.input_value() == value
        assert page.locator(".bx-facts").inner_text() == before
        entry(page, name, old)
        assert page.locator("[role=alert]").inner_text() == "" and control.get_attribute("aria-invalid") is None


def test_entries_may_pass_through_what_is_no_box(show):
    page = show(Iou.preset("half over each other"))
    entry(page, "a x1", "40")
    assert page.locator("[role=alert]").inner_text()
    entry(page, "a x2", "50,5")
    assert page.locator("[role=alert]").inner_text() == "" and box(page, "a") == [40, 12, 50.5, 36]


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(Iou.preset("touching"), Iou.preset("without area"))
    page.locator("figure").nth(1).get_by_role("slider", name="box a: move").press("ArrowLeft")
    assert page.locator("figure").first.get_by_label("example").input_value() == "touching"
    assert page.locator("figure").nth(1).get_by_label("example").input_value() == ""


def test_every_control_has_a_name(show):
    page = show(Iou())
    assert all(control_names(page))
    assert page.get_by_role("slider").count() == 6


@pytest.mark.parametrize("width", [390, 360])
def test_small_screens_scroll_in_one_direction(show, width):
    page = show(Iou())
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"document.querySelector('.bx-plane').clientWidth < {width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(Iou(), theme=theme)
    entry(page, "a x1", "none")
    assert page.locator("[role=alert]").inner_text()
    assert faintest(page)[0] >= 4.5, faintest(page)


def test_the_page_asks_for_nothing_else(page, tmp_path, static):
    (tmp_path / "page.html").write_text(document(Iou()), encoding="utf-8")
    url, asked = (tmp_path / "page.html").as_uri(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.get_by_role("slider", name="box a: move").press("ArrowLeft")
    assert box(page, "a") == [7, 12, 31, 36]
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_without_scripts_the_boxes_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(Iou.preset("a corner shared")))
    text = page.locator("figure").inner_text()
    assert "IoU: 0.0845" in text and "GIoU: −0.2006" in text and "Union: 1184" in text
    assert page.locator("figure svg[role=img]").get_attribute("aria-label")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()
