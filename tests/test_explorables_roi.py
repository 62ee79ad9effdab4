"""The RoI explorable: pooling and alignment against convbook.detection, and the page that readers see."""

import re

import numpy as np
import pytest
from explorable_boxes import complaint, drag, entry, number, touch
from explorable_pages import document, in_browser

from convbook import detection
from convbook.explorables import Roi
from convbook.explorables.roi import PRESETS

KERNELS = "roi_kernels.mjs"
BETWEEN = "a box between the cells"


# ---- the arithmetic


def random_regions(count: int) -> list[dict]:
    """Maps and boxes; boxes with edges on cells and on half cells, flat ones, and ones that leave the map."""
    rng = np.random.default_rng(74)
    cases = []
    for n in range(count):
        h, w = rng.integers(1, 8, 2)
        corners = rng.integers(-6, 18, (2, 2)) / 2 if n % 2 else rng.random((2, 2)) * 10 - 1
        cases.append(
            {
                "feat": rng.normal(size=(h, w)).tolist(),
                "box": (np.sort(corners, axis=0) * 4).ravel().tolist(),
                "out": rng.integers(1, 5, 2).tolist(),
                "scale": 0.25,
                "samples": int(rng.integers(0, 4)),
                "flag": bool(rng.integers(0, 2)),
            }
        )
    return cases


def test_pooling_agrees_on_240_random_regions(page):
    cases = random_regions(240)
    call = "argument.map((c) => kernels.roi_pool(c.feat, c.box, c.out, c.scale, c.flag))"
    empty = 0
    for case, bins in zip(cases, in_browser(page, KERNELS, call, cases), strict=True):
        feat, box, out = [case["feat"]], [case["box"]], case["out"]
        expected = detection.roi_pool(feat, box, out, case["scale"], case["flag"])[0, 0]
        np.testing.assert_allclose([[each["value"] for each in row] for row in bins], expected, err_msg=str(case))
        reached = np.zeros(np.shape(case["feat"]))
        for each in (each for row in bins for each in row):
            empty += each["at"] is None
            if each["at"]:
                reached[tuple(each["at"])] += 1
        ones = np.ones((1, 1, *out))
        np.testing.assert_allclose(
            reached, detection.roi_pool_backward(ones, feat, box, out, case["scale"], case["flag"])[0]
        )
    assert empty > 20


def test_alignment_agrees_on_240_random_regions(page):
    cases = random_regions(240)
    call = "argument.map((c) => kernels.roi_align(c.feat, c.box, c.out, c.scale, c.samples, c.flag))"
    for case, bins in zip(cases, in_browser(page, KERNELS, call, cases), strict=True):
        feat, box = [case["feat"]], [case["box"]]
        expected = detection.roi_align(feat, box, case["out"], case["scale"], case["samples"], case["flag"])[0, 0]
        found = [[each["value"] for each in row] for row in bins]
        np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=str(case))


def test_a_ramp_is_read_where_its_points_are(page):
    ramp = (2 * (np.arange(9) + 0.5) + np.zeros((7, 1))).tolist()
    call = "kernels.roi_align(argument, [1.3, 0.7, 7.1, 5.2], [2, 3], 1, 3, true)"
    points = [point for row in in_browser(page, KERNELS, call, ramp) for each in row for point in each["points"]]
    assert len(points) == 2 * 3 * 9
    assert [point["value"] for point in points] == pytest.approx([2 * point["x"] for point in points])
    assert all(1.3 < point["x"] < 7.1 and 0.7 < point["y"] < 5.2 for point in points)


# ---- Python's side


def test_settings_are_checked_where_they_are_made():
    for wrong, message in [
        ({"feat": np.zeros((13, 4))}, "feat must have from 2 to 12 rows, got 13"),
        ({"feat": np.zeros((4, 1))}, "feat must have from 2 to 12 columns, got 1"),
        ({"feat": [[1, 2], [3, float("inf")]]}, "feat must hold finite numbers, got inf"),
        ({"stride": 0}, "stride must be an integer of at least 1, got 0"),
        ({"rows": 5}, "output rows must be at most 4 in this explorable, got 5"),
        ({"samples": 9}, "samples must be at most 4 in this explorable, got 9"),
        ({"box": [0, 0, 129, 5]}, "box must lie within 128 × 128, got [0.0, 0.0, 129.0, 5.0]"),
        ({"box": [5, 5, 5.5, 9]}, "box must have sides of at least 1, got [5.0, 5.0, 5.5, 9.0]"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Roi(**wrong)
    with pytest.raises(ValueError, match="preset must be one of"):
        Roi.preset("nine")


def test_align_is_exact_on_the_ramp_and_pool_is_not():
    region = Roi.preset("a ramp: align is exact")
    x1, _, x2, _ = np.array(region.box) / 16
    middles = x1 + (np.arange(4) + 0.5) * (x2 - x1) / 4
    np.testing.assert_allclose(region.aligned_output[0], middles)
    assert abs(region.pooled_output[0] - middles).max() > 0.2


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*regions, **options):
        page.set_content(document(*regions, **options))
        page.wait_for_function(f"document.querySelectorAll('.ri-panel .cb-grid').length === {2 * len(regions)}")
        return page

    return show


def output(page, op) -> np.ndarray:
    rows = page.locator(f'[data-op="{op}"] [role=row]').evaluate_all(
        "all => all.map((r) => [...r.children].map((c) => c.textContent))"
    )
    return np.array([[number(text) for text in row] for row in rows])


def said(page) -> list[str]:
    return page.locator(".bx-said").all_inner_texts()


def bin_of(page, op, i, j):
    return page.locator(f'[data-op="{op}"] [role=gridcell][data-bin="{i} {j}"]')


def test_every_preset_shows_pythons_numbers(show):
    for name in PRESETS:
        region = Roi.preset(name)
        page = show(region)
        assert page.get_by_label("example").input_value() == name
        np.testing.assert_allclose(output(page, "pool"), region.pooled_output, atol=6e-4)
        np.testing.assert_allclose(output(page, "align"), region.aligned_output, atol=6e-4)
        assert page.locator('[data-op="align"] .ri-point').count() == region.rows * region.columns * region.samples**2


def test_words_tell_how_an_output_came_about(show):
    page = show(Roi.preset(BETWEEN))
    bin_of(page, "pool", 0, 1).hover()
    assert said(page) == [
        "In cells the region is x 2.19 to 6.56, y 1.25 to 5.5. Pooling takes x 2 to 7, y 1 to 6: "
        "an edge is off by up to 0.5 cells, 8 pixels.",
        "Output (0, 1) of RoI pool is the maximum of rows 1 to 3, columns 4 to 6: 30, at (3, 6).",
        "Output (0, 1) of RoI align is the mean of 4 points x, y: 14.67 at (4.92, 1.78); 15.77 at (6.02, 1.78); "
        "23.17 at (4.92, 2.84); 24.27 at (6.02, 2.84). It is 19.4688.",
    ]
    assert page.locator(".ri-bin.ri-here").count() == 2 and page.locator(".ri-point.ri-here").count() == 4
    page.mouse.move(3, 3)
    assert said(page)[1].startswith("Output (0, 0)")


def test_arrow_keys_walk_over_the_outputs(show):
    page = show(Roi.preset("a bump"))
    bin_of(page, "align", 0, 0).focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert said(page)[2].startswith("Output (2, 1) of RoI align")
    assert bin_of(page, "pool", 2, 1).get_attribute("aria-selected") == "true"
    assert page.locator(":focus").get_attribute("data-bin") == "2 1"
    assert page.locator('[data-op="align"] [role=gridcell][tabindex="0"]').count() == 1


def test_the_region_is_dragged_on_either_map(show):
    page = show(Roi.preset(BETWEEN))
    drag(page, (70, 55), (-3, 4), 128)
    region = Roi(box=[32, 24, 102, 92])
    np.testing.assert_allclose(output(page, "pool"), region.pooled_output, atol=6e-4)
    np.testing.assert_allclose(output(page, "align"), region.aligned_output, atol=6e-4)
    drag(page, (102, 92), (-10, -20), 128, which=1)
    region = Roi(box=[32, 24, 92, 72])
    np.testing.assert_allclose(output(page, "align"), region.aligned_output, atol=6e-4)
    page.locator('[data-op="align"]').get_by_role("slider", name="region: bottom right corner").press("ArrowLeft")
    assert entry(page, "b x2").input_value() == "91"


def test_fingers_drag_the_region(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 1400})
    page = context.new_page()
    page.set_content(document(Roi.preset(BETWEEN)))
    page.wait_for_selector(".ri-panel .cb-grid")
    touch(page, (70, 50), (10, 0), 128)
    page.wait_for_function("document.querySelector('input[name=\"b x1\"]').value === '45'")
    context.close()


def test_settings_and_ticks_change_what_comes_out(show):
    page = show(Roi.preset(BETWEEN))
    entry(page, "rows", "3")
    entry(page, "samples", "1")
    page.get_by_role("checkbox", name="pool: count the last cell").check()
    page.get_by_role("checkbox", name="align: half a cell").uncheck()
    region = Roi(**{**PRESETS[BETWEEN], "rows": 3, "samples": 1, "inclusive": True, "aligned": False})
    np.testing.assert_allclose(output(page, "pool"), region.pooled_output, atol=6e-4)
    np.testing.assert_allclose(output(page, "align"), region.aligned_output, atol=6e-4)
    entry(page, "stride", "8")
    assert [entry(page, f"b {side}").input_value() for side in ("x1", "y1", "x2", "y2")] == ["0", "0", "64", "64"]


def test_nonsense_is_named_and_loses_nothing(show):
    page = show(Roi.preset(BETWEEN))
    before = said(page)
    for name, value, message in [
        ("stride", "33", "stride must be at most 32 in this explorable, got 33"),
        ("rows", "0", "output rows must be an integer of at least 1, got 0"),
        ("columns", "5", "output columns must be at most 4 in this explorable, got 5"),
        ("samples", "", "samples must be an integer of at least 1, got nan"),
        (
            "b x1",
            "110",
            "the region must be x1, y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2 and sides of at least 1, got 110, 20, 105, 88",
        ),
        ("b y2", "129", "the region must lie within 128 × 128, got 35, 20, 105, 129"),
    ]:
        old = entry(page, name).input_value()
        control = entry(page, name, value)
        assert complaint(page) == message
        assert control.get_attribute("aria-invalid") == "true" and said(page) == before
        entry(page, name, old)
        assert complaint(page) == "" and control.get_attribute("aria-invalid") is None


def test_bins_without_a_cell_are_told(show):
    page = show(Roi(feat=[[1, 2], [3, 4]], box=[30.9, 2, 32, 30], rows=1, columns=2))
    bin_of(page, "pool", 0, 1).hover()
    assert said(page)[1] == "Output (0, 1) of RoI pool has no cell and is 0."
    np.testing.assert_allclose(output(page, "pool"), [[0, 0]])
