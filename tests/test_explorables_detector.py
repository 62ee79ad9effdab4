"""The detector explorable: its stages against the detector itself, and the page that readers see."""

import json
import re

import numpy as np
import pytest
import torch
from explorable_boxes import entry, rows
from explorable_pages import document, in_browser

from convbook import detection
from convbook.detection.shapes import make_scenes
from convbook.detection.stages import stages
from convbook.detection.trained import load_trained
from convbook.explorables import Detector
from convbook.explorables.detector import record
from convbook.explorables.linking import source

KERNELS = "detector_kernels.mjs"


@pytest.fixture(scope="module")
def model():
    return load_trained("shapes-detector")[0]


# ---- the stages


def test_stages_lead_to_what_the_detector_says(model):
    scenes = make_scenes(6, 64, difficulty=0.8, seed=11)
    found = model.detect(torch.from_numpy(scenes.images).float() / 127.5 - 1)
    kept = 0
    for image, expected in zip(scenes.images, found, strict=True):
        parts = stages(model, image)
        exact = {name: array.tolist() for name, array in parts.items()}
        blank = {"image": "", "size": [64, 64], "k": 9, "truth": [], "labels": []}
        view = Detector([exact | blank | {"objectness": parts["objectness"].max(-1).tolist()}], None, scenes.classes)
        names, scores, boxes = zip(*view.detections, strict=True)
        np.testing.assert_allclose(scores, expected.scores, atol=2e-5)
        np.testing.assert_allclose(boxes, expected.boxes, atol=2e-3)
        assert names == tuple(scenes.classes[k] for k in expected.labels)
        kept += len(names)
    assert kept > 15


def test_candidates_are_the_best_anchors_and_where_they_go(model):
    image = make_scenes(1, 64, seed=5).images[0]
    parts = stages(model, image, before=50)
    flat = parts["objectness"].ravel()
    assert parts["objectness"].shape == (16, 16, 9)
    np.testing.assert_allclose(flat[parts["index"]], np.sort(flat)[::-1][:50], atol=1e-6)
    anchors = detection.make_anchors(16, 16, 4, model.rpn.scales, model.rpn.ratios)
    np.testing.assert_allclose(parts["anchors"], anchors[parts["index"]], atol=1e-4)
    np.testing.assert_allclose(parts["classes"].sum(axis=1), 1, atol=1e-5)
    for boxes in (parts["proposals"], parts["boxes"]):
        assert boxes.min() >= 0 and boxes.max() <= 64
    with pytest.raises(ValueError, match=r"image must have shape \(3, H, W\), got \(64, 64\)"):
        stages(model, image[0])
    with pytest.raises(ValueError, match="eval mode"):
        stages(type(model)(model.backbone, 5), image)


def test_the_record_is_that_of_the_committed_weights(model):
    """Pictures depend on their seeds alone, so the record can be made again."""
    kept = json.loads(source("detector.json"))
    scenes = make_scenes(60, 64, difficulty=0.3, seed=1)
    n = next(n for n in range(60) if len(scenes.boxes[n]) == 5)
    again = record(model, scenes.images[n], scenes.boxes[n], scenes.labels[n])
    first = kept["pictures"][0]
    assert again["image"] == first["image"] and again["truth"] == first["truth"]
    np.testing.assert_allclose(again["objectness"], first["objectness"], atol=2e-3)
    np.testing.assert_allclose(again["classes"][:20], first["classes"][:20], atol=2e-2)


# ---- the arithmetic


def random_records(count: int) -> list[dict]:
    rng = np.random.default_rng(75)
    cases = []
    for n in range(count):
        size, classes = int(rng.integers(1, 16)), 3
        corners = np.sort(rng.integers(0, 9, (2, size, 2, 2)), axis=2).astype(float)
        scores = rng.random((size, classes + 1)) ** 3
        cases.append(
            {
                "image": "",
                "size": [8, 8],
                "objectness": [[0.5]],
                "k": size,
                "index": list(range(size)),
                "anchors": corners[0].reshape(-1, 4).tolist(),
                "proposals": corners[0].reshape(-1, 4).tolist(),
                "real": (corners[0][:, 1] > corners[0][:, 0]).all(axis=1).astype(int).tolist(),
                "classes": (scores / scores.sum(axis=1, keepdims=True)).round(1 + n % 3).tolist(),
                "boxes": corners[1].reshape(-1, 4).tolist(),
                "truth": [],
                "labels": [],
                "settings": [
                    float(rng.choice([0, 0.3, 0.7])),
                    int(rng.integers(1, 9)),
                    *rng.choice([0.05, 0.3, 0.5], 2).tolist(),
                ],
            }
        )
    return cases


def test_what_is_kept_agrees_on_240_random_records(page):
    cases = random_records(240)
    call = """argument.map((c) => {
        const [rpn, most, least, threshold] = c.settings;
        const chosen = kernels.proposals(c, rpn, most);
        return [chosen, kernels.detections(c, chosen, least, threshold)];
    })"""
    total = 0
    for case, (chosen, found) in zip(cases, in_browser(page, KERNELS, call, cases), strict=True):
        names = dict(zip(("rpn_threshold", "most", "least", "threshold"), case["settings"], strict=True))
        view = Detector([case], None, ["a", "b", "c"], **names)
        np.testing.assert_array_equal(chosen, view.proposals)
        kept = [("abc"[each["label"]], each["score"], each["box"]) for each in found["kept"]]
        assert [(name, box) for name, _, box in kept] == [(name, box) for name, _, box in view.detections]
        assert [score for _, score, _ in kept] == pytest.approx([score for _, score, _ in view.detections])
        sure = np.array(case["classes"])[chosen, 1:] > names["least"]
        assert len(found["kept"]) + len(found["lost"]) == sure.sum()
        total += len(found["lost"])
    assert total > 30


def test_nearest_is_the_true_object_that_overlaps_most(page):
    rng = np.random.default_rng(76)
    for _ in range(30):
        box, *truth = np.sort(rng.integers(0, 9, (5, 2, 2)), axis=1).reshape(-1, 4).tolist()
        near = in_browser(page, KERNELS, "kernels.nearest(...argument)", [box, truth])
        overlaps = detection.box_iou([box], truth)[0]
        if overlaps.max() == 0:
            assert near is None
        else:
            assert near["iou"] == pytest.approx(overlaps.max()) and overlaps[near["object"]] == overlaps.max()
    assert in_browser(page, KERNELS, "kernels.nearest([0, 0, 1, 1], [])", None) is None


# ---- Python's side


def test_settings_are_checked_where_they_are_made():
    good = random_records(1)[0]
    for wrong, message in [
        ({"pictures": []}, "pictures must hold at least one record, got none"),
        ({"pictures": [{k: v for k, v in good.items() if k != "real"}], "class_names": "abc"}, "got no real"),
        ({"pictures": [good], "names": ["x", "y"], "class_names": "abc"}, "names must be 1, one a picture, got 2"),
        ({"picture": 3}, "picture must be at most 2 in this explorable, got 3"),
        ({"most": 0}, "most must be an integer of at least 1, got 0"),
        ({"least": 1.5}, "least must be from 0 to 1, got 1.5"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            Detector(**wrong)


def test_a_model_of_ones_own_can_be_shown(model):
    scenes = make_scenes(2, (48, 64), seed=12)
    view = Detector.of(model, scenes.images, scenes.boxes, scenes.labels, scenes.classes, before=40, picture=1)
    assert view.pictures[1]["size"] == [64, 48] and len(view.pictures[1]["index"]) == 40
    bare = Detector.of(model, scenes.images[:1])
    assert bare.class_names == [f"class {n}" for n in range(5)] and bare.pictures[0]["truth"] == []


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*views, **options):
        page.set_content(document(*views, **options))
        page.wait_for_function(f"document.querySelectorAll('.dt .dt-image').length === {len(views)}")
        return page

    return show


def said(page) -> list[str]:
    return page.locator(".bx-said").all_inner_texts()


def press(page, stage):
    page.locator(f'[data-stage="{stage}"]').click()


def test_the_stages_show_pythons_numbers(show):
    for n in range(3):
        view = Detector(picture=n)
        page = show(view)
        assert page.locator(".dt-faint").count() == 200 and page.locator(".dt-cell").count() == 256
        assert said(page)[0].startswith("16 × 16 cells × 9 = 2,304 anchors.")
        press(page, "proposals")
        assert page.locator(".dt-box").count() == len(view.proposals)
        assert page.locator(".dt-lost").count() == 200 - len(view.proposals)
        assert f"leaves {len(view.proposals)} proposals." in said(page)[0]
        press(page, "kept")
        found = [(row[0], float(row[1])) for row in rows(page)]
        assert found == [(name, pytest.approx(score, abs=6e-4)) for name, score, _ in view.detections]
        assert page.locator(".dt-found").count() == len(found)
        assert f"class by class keeps {len(found)}." in said(page)[0]


def test_sliders_change_what_goes_on(show):
    page = show(Detector(stage="kept"))
    entry(page, "rpn_threshold").fill("0.3")
    entry(page, "most").fill("4")
    entry(page, "least").fill("0.5")
    entry(page, "threshold").fill("0.9")
    view = Detector(rpn_threshold=0.3, most=4, least=0.5, threshold=0.9)
    assert [row[0] for row in rows(page)] == [name for name, _, _ in view.detections]
    press(page, "classes")
    assert said(page)[0].startswith(f"For each of the {len(view.proposals)} proposals")
    entry(page, "least").fill("1")
    press(page, "kept")
    assert said(page)[1] == "Nothing is kept with these settings." and entry(page, "cursor").is_disabled()


def test_keys_step_through_the_boxes(show):
    view = Detector(stage="classes")
    page = show(view)
    slider = page.get_by_role("slider", name=re.compile("^box"))
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert said(page)[1].startswith(f"Number 4 of {len(view.proposals)}: ")
    row = np.array(view.pictures[0]["classes"][view.proposals[3]])
    texts = page.locator(".dt-bar > span:last-child").all_inner_texts()
    assert [float(text) for text in texts] == pytest.approx(row, abs=6e-4)
    assert slider.get_attribute("aria-valuetext") == said(page)[1]
    assert page.locator(".dt-here").count() == 1 and page.locator(".dt-from").count() == 1
    page.keyboard.press("End")
    assert said(page)[1].startswith(f"Number {len(view.proposals)} of")


def test_the_smallest_box_under_the_pointer_is_chosen(show):
    view = Detector(stage="kept")
    page = show(view)
    frame = page.locator(".bx-plane").bounding_box()
    unit = frame["width"] / 64
    for n, (name, _, (x1, y1, x2, y2)) in enumerate(view.detections[:3]):
        page.mouse.move(frame["x"] + (x1 + x2) / 2 * unit, frame["y"] + (y1 + y2) / 2 * unit)
        assert said(page)[1].startswith(f"Number {n + 1} of {len(view.detections)}: {name}, score ")
    page.mouse.click(frame["x"] + (x1 + x2) / 2 * unit, frame["y"] + (y1 + y2) / 2 * unit)
    page.mouse.move(2, 2)
    assert said(page)[1].startswith("Number 3 of")
    assert page.locator("tr[aria-current]").count() == 1


def test_truth_is_shown_on_demand(show):
    page = show(Detector())
    assert page.locator(".dt-truth").count() == 0
    page.get_by_role("checkbox", name="true objects").check()
    assert page.locator(".dt-truth").count() == 5
    page.locator('select[name="picture"]').select_option("as in training")
    assert page.locator(".dt-truth").count() == 4


def test_the_picture_is_the_scene(show):
    page = show(Detector())
    pixels = page.evaluate("""async () => {
        const image = new Image();
        image.src = document.querySelector(".dt-image").getAttribute("href");
        await image.decode();
        const canvas = new OffscreenCanvas(64, 64).getContext("2d");
        canvas.drawImage(image, 0, 0);
        return [...canvas.getImageData(0, 0, 64, 64).data];
    }""")
    scenes = make_scenes(60, 64, difficulty=0.3, seed=1)
    n = next(n for n in range(60) if len(scenes.boxes[n]) == 5)
    seen = np.array(pixels, np.uint8).reshape(64, 64, 4)[..., :3]
    np.testing.assert_array_equal(seen, np.moveaxis(scenes.images[n], 0, -1))


def test_fingers_choose_a_box(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 1000})
    page = context.new_page()
    view = Detector(stage="kept")
    page.set_content(document(view))
    page.wait_for_selector(".dt-list")
    frame = page.locator(".bx-plane").bounding_box()
    unit = frame["width"] / 64
    x1, y1, x2, y2 = view.detections[1][2]
    page.touchscreen.tap(frame["x"] + (x1 + x2) / 2 * unit, frame["y"] + (y1 + y2) / 2 * unit)
    assert said(page)[1].startswith("Number 2 of")
    context.close()
