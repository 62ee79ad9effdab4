"""The recorded climbs: that they are what the committed script makes, and the page that readers see."""

import base64
import importlib.util
import io
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from explorable_pages import control_names, document, faintest
from PIL import Image

from convbook.explorables import Ascent
from convbook.explorables.ascent import FRAMES, REGULARISERS, film, run_name, scores_of
from convbook.explorables.linking import source
from convbook.models.pretrained import about, load_committed

RECORDING = json.loads(source("ascent.json"))


def script():
    path = Path(__file__).parents[1] / "book/experiments/ascent.py"
    spec = importlib.util.spec_from_file_location("ascent_experiment", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def pictures(name) -> np.ndarray:
    """(8, H, W, 3) uint8, cut from the sheet of the run's target."""
    target = RECORDING["targets"][name.split("+")[0]]
    sheet = np.array(Image.open(io.BytesIO(base64.b64decode(target["sheet"]))).convert("RGB"))
    height, width = target["size"]
    sheet = sheet.reshape(2 ** len(REGULARISERS), height, len(FRAMES), width, 3).swapaxes(1, 2)
    return np.concatenate([sheet[0, :1], sheet[RECORDING["runs"][name]["row"], 1:]])


# ---- the recording


def test_every_choice_was_recorded_and_the_page_stays_light():
    choices = [c for n in range(5) for c in itertools.combinations(REGULARISERS, n)]
    assert set(RECORDING["runs"]) == {run_name(name, c) for name in RECORDING["targets"] for c in choices}
    assert len(source("ascent.json")) < 160_000
    for name, run in RECORDING["runs"].items():
        size = RECORDING["targets"][name.split("+")[0]]["size"]
        strip = np.array(film(RECORDING, name)).reshape(size[0], len(FRAMES), size[1], 3)
        np.testing.assert_array_equal(strip.swapaxes(0, 1), pictures(name))
        scores = scores_of(run)
        assert len(scores) == FRAMES[-1] + 1 and np.isfinite(scores).all() and len(run["outside"]) == len(FRAMES)
        assert scores[-1] > 3 * abs(scores[0]), "it climbed"


@pytest.mark.parametrize(
    "name, chosen", [("the digit 3", ()), ("horse", ("l2", "jitter")), ("the digit 3", ("blur", "tv"))]
)
def test_the_script_makes_the_recording_again(name, chosen):
    torch.set_num_threads(1)
    steps = 20
    found, scores = script().climb(name, chosen, steps)
    run = RECORDING["runs"][run_name(name, chosen)]
    # the first steps: small differences between processors grow later on
    np.testing.assert_allclose(scores[:11], scores_of(run)[:11], rtol=2e-2, atol=2e-2)
    shown = 255 * found[list(FRAMES[:4])].clip(0, 1).transpose(0, 2, 3, 1)
    error = np.abs(pictures(run_name(name, chosen))[:4] - shown).mean((1, 2, 3))
    assert (error < 25).all() and error.mean() < 20, error


def test_the_last_picture_is_what_the_net_takes_it_for():
    """The picture as it is shown, with all regularisers, has the class: an oracle that knows nothing of the ascent."""
    for name, which in [("the digit 3", 3), ("horse", 7), ("automobile", 1)]:
        net = RECORDING["targets"][name]["net"]
        facts, model = about(net), load_committed(net)
        x = torch.tensor(pictures(run_name(name, REGULARISERS))[-1] / 255.0).permute(2, 0, 1)[: facts["shape"][0]]
        mean, std = (torch.tensor(facts[key])[:, None, None] for key in ("mean", "std"))
        with torch.no_grad():
            assert int(model(((x - mean) / std)[None].float()).argmax()) == which, name


def test_each_regulariser_calms_the_picture():
    """What they are for: with any of L2, blur and total variation fewer numbers leave the range of a picture."""
    for name in RECORDING["targets"]:
        outside = {c: RECORDING["runs"][run_name(name, c)]["outside"][-1] for c in [(), *((r,) for r in REGULARISERS)]}
        assert all(outside[(r,)] < outside[()] for r in ("l2", "blur", "tv")), name


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="target must be one of automobile, horse, .*, got 'unicorn'"):
        Ascent(target="unicorn")
    with pytest.raises(ValueError, match="regularisers must be of l2, blur, jitter, tv, got 'dropout'"):
        Ascent(regularisers=["l2", "dropout"])
    assert Ascent(regularisers=["tv", "l2", "tv"]).regularisers == ["l2", "tv"]


# ---- the page


@pytest.fixture
def show(page, static):
    def show(*climbs, **options):
        page.set_content(document(*climbs, **options))
        page.wait_for_function(f"document.querySelectorAll('.as-big[data-shown]').length === {len(climbs)}")
        return page

    return show


def told(page) -> str:
    return page.locator(".as-after").inner_text()


def shown(page) -> str:
    return page.locator(".as-big").get_attribute("data-shown")


def slider(page):
    return page.get_by_role("slider", name="picture on the way")


def chart(page):
    return page.get_by_role("slider", name="picture on the curve")


def number(value) -> str:
    return f"{float(f'{value:.3g}'):.4f}".rstrip("0").rstrip(".").replace("-", "−")


@pytest.mark.parametrize("name, chosen", [("horse", []), ("the digit 3", ["blur", "tv"])])
def test_the_picture_is_that_of_the_recording(show, name, chosen):
    climb = Ascent(target=name, regularisers=chosen, frame=5)
    page = show(climb)
    assert shown(page) == f"{run_name(name, chosen)} 5"
    height, width = RECORDING["targets"][name]["size"]
    data = page.locator(".as-big").evaluate(
        "e => [...e.getContext('2d').getImageData(0, 0, e.width, e.height).data]",
    )
    seen = np.array(data).reshape(height, width, 4)[..., :3]
    assert np.abs(seen - pictures(run_name(name, chosen))[5].astype(int)).mean() < 3, "decoders differ a little"
    assert told(page).startswith(f"After 60 steps the score is {number(climb.scores[60])};")


def test_slider_and_curve_follow_each_other(show):
    climb = Ascent(target="automobile", frame=0)
    page = show(climb)
    assert told(page).startswith(f"After 0 steps the score is {number(climb.scores[0])};")
    slider(page).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert shown(page) == "automobile 2" and chart(page).get_attribute("aria-valuenow") == "2"
    chart(page).press("End")
    assert slider(page).input_value() == "7" and shown(page) == "automobile 7"
    chart(page).press("ArrowLeft")
    assert chart(page).get_attribute("aria-valuetext") == f"after 90 steps: score {number(climb.scores[90])}"
    assert page.locator(":focus").get_attribute("class") == "as-chart", "the focus stays"


def test_regularisers_are_switched(show):
    page = show(Ascent(target="horse"))
    assert page.locator(".as-curve").count() == 1
    page.locator('input[name="blur"]').check()
    page.wait_for_function("document.querySelector('.as-big').dataset.shown === 'horse+blur 7'")
    assert page.locator(".as-curve").count() == 2, "the climb without is there to compare with"
    page.locator('input[name="l2"]').check()
    page.wait_for_function("document.querySelector('.as-big').dataset.shown === 'horse+l2+blur 7'")
    assert page.locator(".as-thumb[aria-pressed=true]").count() == 0
    page.get_by_role("button", name="total variation: score ").click()
    page.wait_for_function("document.querySelector('.as-big').dataset.shown === 'horse+tv 7'")
    assert page.locator("input[type=checkbox]").evaluate_all("all => all.map((e) => e.checked)") == [False] * 3 + [True]
    page.locator('select[name="target"]').select_option("the digit 3")
    page.wait_for_function("document.querySelector('.as-big').dataset.shown === 'the digit 3+tv 7'")
    assert (
        page.locator(".as-boxes").inner_text().split()
        == "L2 0.02 blur σ 0.6, every 4th step jitter ±2 pixels total variation 0.02".split()
    )


def test_thumbnails_show_the_same_step(show):
    page = show(Ascent(target="horse", frame=3))
    every = page.locator(".as-thumb canvas").evaluate_all("all => all.map((e) => e.dataset.shown)")
    assert every == [f"{run_name('horse', c)} 3" for c in [(), *((r,) for r in REGULARISERS), REGULARISERS]]
    scores = page.locator(".as-thumb .cb-note").all_inner_texts()
    assert scores[1] == number(Ascent(target="horse", regularisers=["l2"]).scores[20])


def test_play_goes_to_the_end_and_starts_again(show):
    page = show(Ascent(frame=7))
    page.get_by_role("button", name="play").click()
    assert shown(page).startswith("horse ") and int(shown(page)[-1]) < 3
    page.wait_for_function("document.querySelector('.as-big').dataset.shown === 'horse 7'")
    page.get_by_role("button", name="play").wait_for()


def test_a_finger_chooses(browser, static):
    context = browser.new_context(has_touch=True, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.set_content(document(Ascent()))
    page.wait_for_selector(".as-big[data-shown]")
    chart(page).scroll_into_view_if_needed()
    box = chart(page).bounding_box()
    page.touchscreen.tap(box["x"] + 46 + 0.3 * (box["width"] - 58), box["y"] + 60)
    assert told(page).startswith("After 36 steps")
    context.close()


def test_several_on_a_page_do_not_disturb_each_other(show):
    page = show(Ascent(frame=7), Ascent(target="automobile", frame=6))
    page.locator("figure").first.locator('input[type="range"]').press("Home")
    assert [text.split(" the ")[0] for text in page.locator(".as-after").all_inner_texts()] == [
        "After 0 steps",
        "After 90 steps",
    ]


def test_every_control_has_a_name(show):
    page = show(Ascent())
    assert all(control_names(page))


@pytest.mark.parametrize("width", [390, 360])
@pytest.mark.parametrize("target", RECORDING["targets"])
def test_small_screens_scroll_in_one_direction(show, target, width):
    page = show(Ascent(target=target, regularisers=["l2", "blur", "jitter", "tv"]))
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"document.querySelector('.as-chart').clientWidth < {width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(show, theme):
    page = show(Ascent(regularisers=["blur"]), theme=theme)
    assert faintest(page)[0] >= 4.5, faintest(page)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_asks_for_nothing_else(page, tmp_path, server, static, scheme):
    (tmp_path / "page.html").write_text(document(Ascent()), encoding="utf-8")
    url = f"{server}/page.html" if scheme == "http" else (tmp_path / "page.html").as_uri()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route(
        "**/*", lambda route: route.continue_() if route.request.url.startswith((url, "data:")) else route.abort()
    )
    page.goto(url)
    page.wait_for_selector(".as-big[data-shown]")
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


def test_without_scripts_the_pictures_are_there(browser, static):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(Ascent(regularisers=["l2", "tv"])))
    text = page.locator("figure").inner_text()
    assert "Gradient ascent towards horse, with L2 and total variation." in text
    assert "0, 4, 10, 20, 36, 60, 90, 120 steps" in text
    assert page.locator("img").evaluate("e => [e.naturalWidth, e.naturalHeight]") == [256, 32]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()
