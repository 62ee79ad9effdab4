"""The anchors explorable: anchors and their labels against convbook.detection, and the page that readers see."""

import re

import numpy as np
import pytest
from explorable_boxes import complaint, drag, entry, number, rows, touch
from explorable_pages import document, in_browser

from convbook import detection
from convbook.explorables import Anchors
from convbook.explorables.anchors import PRESETS

KERNELS = "detection_kernels.mjs"
FITS = "an object that fits"


# ---- the arithmetic


def random_grids(count: int) -> list[dict]:
    """Grids, and objects on whole pixels, some between cells, where several anchors are equally good."""
    rng = np.random.default_rng(72)
    grids = []
    for n in range(count):
        h, w, stride = rng.integers(1, 6, 2).tolist() + [int(rng.choice([4, 8, 16]))]
        corners = np.sort(rng.integers(0, 6 * stride, (int(rng.integers(0, 4)), 2, 2)), axis=1)
        if n % 3 == 0:
            corners = corners // stride * stride
        scales, ratios = (
            rng.choice([6, 12, 16, 30], 2, False).tolist(),
            rng.choice([0.25, 0.5, 1, 2], 2, False).tolist(),
        )
        pos = float(rng.choice([0.4, 0.5, 0.7]))
        neg = float(rng.choice([0.2, 0.3, pos]))
        boxes = corners.reshape(-1, 4).astype(float).tolist()
        grids.append({"grid": [h, w, stride, scales, ratios], "objects": boxes, "pos": pos, "neg": neg})
    return grids


def test_anchors_agree_on_240_random_grids(page):
    cases = random_grids(240)
    found = in_browser(page, KERNELS, "argument.map(({ grid }) => kernels.make_anchors(...grid))", cases)
    for case, anchors in zip(cases, found, strict=True):
        np.testing.assert_allclose(anchors, detection.make_anchors(*case["grid"]), atol=1e-9)


def test_labels_agree_on_240_random_grids(page):
    cases = random_grids(240)
    for case in cases:
        case["anchors"] = detection.make_anchors(*case["grid"]).tolist()
    call = "argument.map((c) => kernels.assign_anchors(c.anchors, c.objects, c.pos, c.neg))"
    seen = set()
    for case, given in zip(cases, in_browser(page, KERNELS, call, cases), strict=True):
        labels, matched = detection.assign_anchors(case["anchors"], case["objects"], case["pos"], case["neg"])
        np.testing.assert_array_equal([each["label"] for each in given], labels, err_msg=str(case))
        np.testing.assert_array_equal([each["matched"] for each in given], matched, err_msg=str(case))
        seen |= set(labels.tolist()) | {"forced" for each in given if each["forced"]}
    assert seen == {1, 0, -1, "forced"}


# ---- Python's side


def test_settings_are_checked_where_they_are_made():
    for wrong, message in [
        ({"h": 0}, "rows must be an integer of at least 1, got 0"),
        ({"w": 17}, "columns must be at most 16 in this explorable, got 17"),
        ({"scales": [16, -1]}, "scales must be positive numbers, got [16, -1]"),
        ({"ratios": [1, 2, 3, 4, 5, 6]}, "number of ratios must be at most 5 in this explorable, got 6"),
        ({"box": [0, 0, 129, 5]}, "box must lie within 128 × 96, got [0.0, 0.0, 129.0, 5.0]"),
        ({"box": [3, 3, 3, 9]}, "box must have sides of at least 1, got [3.0, 3.0, 3.0, 9.0]"),
        ({"neg": 0.8}, "thresholds must obey 0 <= neg <= pos <= 1, got neg=0.8 and pos=0.7"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Anchors(**wrong)
    with pytest.raises(ValueError, match="preset must be one of"):
        Anchors.preset("nine")


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*grids, **options):
        page.set_content(document(*grids, **options))
        page.wait_for_function(f"document.querySelectorAll('.an-list').length === {len(grids)}")
        return page

    return show


def said(page) -> str:
    return page.locator(".bx-said").inner_text()


def drawn(page, kind) -> np.ndarray:
    script = "all => all.map((r) => ['x', 'y', 'width', 'height'].map((name) => Number(r.getAttribute(name))))"
    return np.array(page.locator(f".an-{kind}").evaluate_all(script)).reshape(-1, 4)


def test_every_preset_shows_pythons_numbers(show):
    for name in PRESETS:
        grid = Anchors.preset(name)
        page = show(grid)
        assert page.get_by_label("example").input_value() == name
        counts, labels, anchors = grid.counts, grid.labels, grid.anchors
        assert f"{counts['positive']} positive, {counts['ignored']} ignored, {counts['negative']} negative." in said(
            page
        )
        best = detection.box_iou(anchors, [grid.box]).max()
        assert number(re.search(r"best IoU is ([\d.]+?)\.(?: |$)", said(page))[1]) == pytest.approx(best, abs=6e-5)
        size = grid.w * grid.stride, grid.h * grid.stride
        outside = (anchors < 0).any(axis=1) | (anchors[:, 2] > size[0]) | (anchors[:, 3] > size[1])
        assert f"{outside.sum()} stick out" in said(page)
        unit = page.locator(".bx-plane").bounding_box()["width"] / size[0]
        shown = drawn(page, "positive:is(rect)")
        np.testing.assert_allclose(shown, detection.xyxy_to_xywh(anchors[labels == 1]) * unit, atol=0.4)
        assert len(drawn(page, "ignored:is(rect)")) == counts["ignored"]


def test_the_cell_pointed_at_is_listed(show):
    grid = Anchors.preset(FITS)
    page = show(grid)
    frame = page.locator(".bx-plane").bounding_box()
    page.mouse.move(frame["x"] + 5.5 / 8 * frame["width"], frame["y"] + 0.5 / 6 * frame["height"])
    assert page.locator(".an-list caption").inner_text() == "row 0, column 5"
    first = (0 * 8 + 5) * 9
    for n, (index, shape, iou, label) in enumerate(rows(page)):
        x1, y1, x2, y2 = grid.anchors[first + n]
        assert int(index) == first + n and label in ("negative", "ignored")
        assert [number(each) for each in shape.split(" × ")] == pytest.approx([x2 - x1, y2 - y1], abs=0.051)
        assert number(iou) == pytest.approx(detection.box_iou([[x1, y1, x2, y2]], [grid.box])[0, 0], abs=6e-5)
    page.locator("[role=alert]").dispatch_event("pointermove")
    page.mouse.move(5, 5)
    assert page.locator(".an-list caption").inner_text() == "row 2, column 3", "the chosen cell stays"
    page.mouse.click(frame["x"] + 0.5 / 8 * frame["width"], frame["y"] + 5.5 / 6 * frame["height"])
    page.mouse.move(5, 5)
    assert page.locator(".an-list caption").inner_text() == "row 5, column 0"


def test_keys_choose_a_cell(show):
    page = show(Anchors.preset(FITS))
    cell = page.get_by_role("slider", name="cell whose anchors are listed")
    cell.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    assert page.locator(".an-list caption").inner_text() == "row 0, column 4"
    assert cell.get_attribute("aria-valuetext").startswith("row 0, column 4: 0 of 9 anchors positive, best IoU ")
    assert cell.evaluate("e => e === document.activeElement")


def test_an_object_that_is_dragged_finds_other_anchors(show):
    page = show(Anchors.preset(FITS))
    drag(page, (60, 45), (16, 16), 128)
    moved = Anchors(box=[57, 42, 90, 72])
    assert entry(page, "a x1").input_value() == "57"
    assert f"{moved.counts['positive']} positive, {moved.counts['ignored']} ignored" in said(page)
    drag(page, (90, 72), (-34, -31), 128)
    assert entry(page, "a x2").input_value() == "58" and entry(page, "a y2").input_value() == "43", "one pixel stays"
    assert "so the object makes the best of them positive, though it is below both thresholds." in said(page)
    page.get_by_role("slider", name="object: move").press("Shift+ArrowRight")
    assert entry(page, "a x1").input_value() == "65"


def test_fingers_drag_the_object(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 1000})
    page = context.new_page()
    page.set_content(document(Anchors.preset(FITS)))
    page.wait_for_selector(".an-list")
    touch(page, (60, 45), (8, 8), 128)
    page.wait_for_function("document.querySelector('input[name=\"a x1\"]').value === '49'")
    context.close()


def test_objects_between_the_cells_choose_several(show):
    page = show(Anchors.preset("between the cells"))
    assert len(drawn(page, "positive:is(rect)")) == 4
    assert "No anchor reaches 0.7, so the object makes the best of them positive." in said(page)


def test_settings_change_the_grid(show):
    page = show(Anchors.preset(FITS))
    entry(page, "scales", "12 24.5")
    entry(page, "ratios", "1")
    entry(page, "stride", "8")
    grid = Anchors(scales=[12, 24.5], ratios=[1], stride=8, box=[31, 18, 64, 48])
    assert [entry(page, f"a {side}").input_value() for side in ("x1", "y1", "x2", "y2")] == ["31", "18", "64", "48"]
    counts = grid.counts
    assert said(page).startswith(
        f"6 × 8 cells × 2 = 96 anchors: {counts['positive']} positive, {counts['ignored']} ign"
    )
    assert page.get_by_label("example").input_value() == ""


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Anchors.preset(FITS))
    before = said(page), rows(page)
    for name, value, message in [
        ("h", "0", "rows must be an integer of at least 1, got 0"),
        ("w", "17", "columns must be at most 16 in this explorable, got 17"),
        ("stride", "1.5", "stride must be an integer of at least 1, got 1.5"),
        ("scales", "16, big", "“big” is not a number: scales are written as 0.5, 1, 2"),
        ("scales", "", "scales must name at least one number, such as 0.5, 1, 2"),
        ("scales", "1 2 3 4 5", "number of scales must be at most 4 in this explorable, got 5"),
        ("ratios", "1, -2", "ratios must be positive numbers, got 1, −2"),
        ("pos", "0.2", "thresholds must obey 0 ≤ negative ≤ positive ≤ 1, got 0.3 and 0.2"),
        ("a x2", "129", "the object must lie within 128 × 96, got 41, 26, 129, 56"),
        (
            "a x2",
            "41",
            "the object must be x1, y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2 and sides of at least 1, got 41, 26, 41, 56",
        ),
    ]:
        old = entry(page, name).input_value()
        control = entry(page, name, value)
        assert complaint(page) == message
        assert control.get_attribute("aria-invalid") == "true" and control.input_value() == value
        assert (said(page), rows(page)) == before
        entry(page, name, old)
        assert complaint(page) == "" and control.get_attribute("aria-invalid") is None


def test_settings_may_pass_through_what_does_not_fit(show):
    page = show(Anchors.preset(FITS))
    entry(page, "pos", "0.2")
    assert complaint(page)
    entry(page, "neg", "0.1")
    assert complaint(page) == ""
    counts = Anchors(pos=0.2, neg=0.1).counts
    assert f"{counts['positive']} positive, {counts['ignored']} ignored" in said(page)
