"""The NMS explorable: what stays against convbook.detection, and the page that readers see."""

import re

import numpy as np
import pytest
from explorable_boxes import drag, entry, rows, touch
from explorable_pages import document, in_browser

from convbook import detection
from convbook.explorables import Nms
from convbook.explorables.nms import PRESETS

KERNELS = "detection_kernels.mjs"
CHAIN, TWO = "a chain: B would remove C", "two objects"


# ---- the arithmetic


def random_sets(count: int) -> list[dict]:
    """Boxes with equal scores, flat boxes, and overlaps that equal the threshold among them."""
    rng = np.random.default_rng(73)
    sets = []
    for n in range(count):
        number = int(rng.integers(0, 12))
        corners = np.sort(rng.integers(0, 9, (number, 2, 2)), axis=1) if n % 2 else rng.random((number, 2, 2)) * [8, 8]
        boxes = np.sort(corners, axis=1).reshape(number, 4).astype(float)
        scores = rng.integers(0, 6, number) / 5 if n % 3 else rng.random(number)
        sets.append(
            {
                "boxes": boxes.tolist(),
                "scores": scores.astype(float).tolist(),
                "threshold": float(rng.choice([0, 0.25, 0.5, 0.75, 1])),
                "classes": rng.integers(0, 3, number).tolist(),
            }
        )
    return sets


def test_what_stays_agrees_on_240_random_sets(page):
    cases = random_sets(240)
    for each_class in (False, True):
        call = (
            f"argument.map((c) => kernels.nms(c.boxes, c.scores, c.threshold, {'c.classes' if each_class else 'null'}))"
        )
        for case, kept in zip(cases, in_browser(page, KERNELS, call, cases), strict=True):
            boxes, scores = case["boxes"], case["scores"]
            expected = (
                detection.batched_nms(boxes, scores, case["classes"], case["threshold"])
                if each_class
                else detection.nms(boxes, scores, case["threshold"])
            )
            np.testing.assert_array_equal(kept, expected, err_msg=str(case))


def test_each_round_removes_what_python_says(page):
    for case in random_sets(40):
        rounds = in_browser(
            page, KERNELS, "kernels.nms_rounds(argument.boxes, argument.scores, argument.threshold)", case
        )
        left = set(range(len(case["boxes"])))
        for each in rounds:
            left -= {each["best"]}
            overlaps = {pair["box"]: pair["iou"] for pair in each["overlaps"]}
            assert set(overlaps) == left
            boxes = [case["boxes"][k] for k in overlaps]
            expected = detection.box_iou([case["boxes"][each["best"]]], boxes)[0] if boxes else []
            np.testing.assert_allclose(list(overlaps.values()), expected)
            left -= set(each["removed"])
        assert not left


# ---- Python's side


def test_boxes_are_checked_where_they_are_made():
    box = [0, 0, 5, 5]
    for wrong, message in [
        ({"boxes": [], "scores": []}, "boxes must be from 1 to 10 in this explorable, got 0"),
        ({"boxes": [box] * 11, "scores": [1] * 11}, "boxes must be from 1 to 10 in this explorable, got 11"),
        ({"boxes": [box, [0, 0, 65, 5]], "scores": [1, 1]}, "boxes[1] must lie within 64 × 48"),
        ({"boxes": [box], "scores": [1, 2]}, "scores must have shape (1,), one a box, got shape (2,)"),
        ({"boxes": [box], "scores": [1], "classes": [0, 1]}, "classes must be 1, one a box, got 2"),
        ({"boxes": [box], "scores": [1], "classes": [-1]}, "class must be an integer of at least 0, got -1"),
        ({"threshold": 50}, "iou_threshold must be from 0 to 1, got 50"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Nms(**wrong)
    with pytest.raises(ValueError, match="preset must be one of"):
        Nms.preset("nine")


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*sets, **options):
        page.set_content(document(*sets, **options))
        page.wait_for_function(f"document.querySelectorAll('.nm-list').length === {len(sets)}")
        return page

    return show


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def finish(page):
    """Go to the end, where that is not reached already."""
    if page.get_by_role("button", name="end", exact=True).is_enabled():
        press(page, "end")


def said(page) -> str:
    return page.locator(".bx-said").inner_text()


def states(page) -> dict[str, str]:
    groups = page.locator(".bx-box[data-state]:has(.bx-body)")
    return dict(groups.evaluate_all("all => all.map((g) => [g.dataset.box, g.dataset.state])"))


def kept(page) -> list[int]:
    return sorted(ord(name) - 65 for name, state in states(page).items() if state == "kept")


def test_every_preset_ends_as_python_says(show):
    for name in PRESETS:
        example = Nms.preset(name)
        page = show(example)
        assert page.get_by_label("example").input_value() == name
        assert set(states(page).values()) == {"waiting"}
        press(page, "end")
        assert kept(page) == sorted(example.kept.tolist())
        letters = ", ".join(chr(65 + k) for k in example.kept)
        assert re.search(f"Done: {letters} (is|are) kept.", said(page))
        assert page.locator(".nm-at").inner_text() == f"step {2 * len(example.kept)} of {2 * len(example.kept)}"


def test_the_chain_is_told_step_by_step(show):
    page = show(Nms.preset(CHAIN))
    assert said(page) == "3 boxes, none looked at yet."
    assert page.get_by_role("button", name="back").is_disabled()
    words = []
    for _ in range(4):
        press(page, "next")
        words.append(said(page))
    assert words == [
        "Of the 3 left, A has the best score, 0.9: it is kept.",
        "IoU with A: B 0.5385, above 0.5, removed; C 0.25, stays.",
        "Of the 1 left, C has the best score, 0.7: it is kept.",
        "Nothing is left to compare C with. Done: A, C are kept.",
    ]
    assert states(page) == {"A": "kept", "B": "removed", "C": "kept"}
    assert rows(page)[1] == ["B", "cat", "0.8", "0.5385", "removed by A, IoU 0.5385"]
    assert page.get_by_role("button", name="next").is_disabled()
    press(page, "back")
    press(page, "back")
    assert said(page) == words[1] and states(page)["C"] == "waiting"
    press(page, "start")
    assert said(page) == "3 boxes, none looked at yet."


def test_the_threshold_decides(show):
    page = show(Nms.preset(TWO))
    press(page, "end")
    slider = page.get_by_role("slider", name="remove above IoU")
    for threshold in (0.05, 0.75, 0.95):
        slider.fill(str(threshold))
        finish(page)
        expected = Nms(**{**PRESETS[TWO], "threshold": threshold}).kept
        assert kept(page) == sorted(expected.tolist())
        assert page.locator(".nm-shown").inner_text() == str(threshold)


def test_classes_leave_each_other_alone(show):
    page = show(Nms.preset("two classes, all together"))
    press(page, "end")
    assert kept(page) == [0]
    page.get_by_role("checkbox", name="each class by itself").check()
    press(page, "end")
    assert kept(page) == [0, 2]
    press(page, "back"), press(page, "back")
    assert "another class, stays" in said(page)


def test_a_box_that_is_dragged_may_live(show):
    page = show(Nms.preset(CHAIN))
    press(page, "end")
    assert kept(page) == [0, 2]
    drag(page, (17, 24), (0, 12), 64)  # the smallest box there is the first of equal ones, A
    moved = Nms(**{**PRESETS[CHAIN], "boxes": [[8, 26, 28, 46], [14, 14, 34, 34], [20, 14, 40, 34]]})
    finish(page)
    assert kept(page) == sorted(moved.kept.tolist()) == [0, 1]


def test_keys_move_a_box(show):
    page = show(Nms.preset(CHAIN))
    body = page.get_by_role("slider", name="box B: move")
    body.focus()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    assert body.get_attribute("aria-valuetext") == "score 0.8, waiting, from 14, 28"
    press(page, "end")
    assert body.get_attribute("aria-valuetext") == "score 0.8, kept, from 14, 28"
    assert page.get_by_role("slider").count() == 4, "three boxes and the threshold"


def test_fingers_move_a_box(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 1000})
    page = context.new_page()
    page.set_content(document(Nms.preset(CHAIN)))
    page.wait_for_selector(".nm-list")
    touch(page, (10, 24), (0, 10), 64)
    page.wait_for_function("document.querySelector('.bx-body').getAttribute('aria-valuetext').endsWith('from 8, 24')")
    context.close()


def test_play_goes_to_the_end(show):
    page = show(Nms.preset(CHAIN))
    press(page, "play")
    page.wait_for_function("document.querySelector('.nm-at').textContent === 'step 4 of 4'")
    assert page.locator(".cb-play").inner_text() == "play"
    press(page, "play")
    assert page.locator(".nm-at").inner_text() == "step 0 of 4", "from the start again"


def test_another_example_has_another_number_of_boxes(show):
    page = show(Nms.preset(CHAIN))
    press(page, "end")
    page.get_by_label("example").select_option(TWO)
    assert page.locator(".bx-body").count() == 7 and said(page) == "7 boxes, none looked at yet."
    assert entry(page, "by_class").is_checked() is False
