"""The explorable of the cover and the pictures of its cards."""

import re

import numpy as np
import pytest
from explorable_pages import control_names, document, faintest

from convbook import cards, kernels
from convbook.explorables import Cover
from convbook.explorables.cover import CHOICES
from convbook.explorables.photo import astronaut


@pytest.fixture
def shown(page, static):
    def show(cover, width=700, theme="light"):
        page.set_viewport_size({"width": width, "height": 900})
        page.set_content(document(cover, theme=theme))
        page.wait_for_selector("[data-mounted] canvas")
        return page

    return show


def test_each_choice_is_the_sum_that_it_says(page, shown):
    shown(Cover.preset("nothing", cursor=[40, 50]))
    for name, choice in CHOICES.items():
        page.get_by_role("button", name=name, exact=True).click()
        assert page.locator("[aria-pressed=true]").all_inner_texts() == [name]
        weights = np.array(choice["kernel"], float)
        window = astronaut().astype(float)[39:42, 49:52]
        said = page.locator(".cv-sum").inner_text().replace("−", "-")
        products, result = said.split(" = ")
        assert float(result) == pytest.approx((weights * window).sum() / choice["divisor"], abs=0.0051)
        pairs = re.findall(r"\(?(-?[\d.]+)\)?·(\d+)", products)
        assert [(float(w), float(x)) for w, x in pairs] == [
            (w, x) for w, x in zip(weights.ravel(), window.ravel(), strict=True) if w
        ]


def test_the_response_is_that_of_the_kernels(page, shown):
    shown(Cover.preset("blur"))
    drawn = (
        page.locator("canvas")
        .nth(1)
        .evaluate(
            "(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, k) => k % 4 === 0)"
        )
    )
    expected = kernels.correlate2d(astronaut(), np.array(CHOICES["blur"]["kernel"]) / 16, "replicate")
    np.testing.assert_allclose(np.reshape(drawn, expected.shape), expected, atol=0.51)


def test_a_weight_typed_and_a_pixel_reached_by_keyboard(page, shown):
    shown(Cover.preset("nothing", cursor=[0, 0]))
    middle = page.get_by_label("weight in row 1, column 1")
    middle.fill("2")
    middle.press("Enter")
    assert page.locator("[aria-pressed=true]").count() == 0
    page.locator("canvas").first.press("ArrowDown")
    assert page.locator(".cv-sum").inner_text() == f"2·{astronaut()[1, 0]} = {2 * int(astronaut()[1, 0])}"
    middle.fill("two")
    middle.press("Enter")
    assert middle.get_attribute("aria-invalid") == "true"
    assert page.locator(".cv-sum").inner_text().startswith("2·")


@pytest.mark.parametrize("width", [360, 700])
def test_nothing_moves_when_it_comes_alive(page, static, width):
    page.set_viewport_size({"width": width, "height": 900})
    html = document(Cover.preset("edges ↔"))
    places = []
    for source in (html.replace('<script type="module">', '<script type="text/plain">'), html):
        page.set_content(source)
        if source is html:
            page.wait_for_selector("[data-mounted] canvas")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        places.append(
            page.evaluate(
                "[...document.querySelectorAll('.convbook-mount, .cb-picture, .cv-grid, .cv-presets, .cv-sum')].map("
                "(e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })"
            )
        )
    np.testing.assert_allclose(places[0], places[1], atol=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_of_it_has_a_name_and_can_be_read(page, shown, theme):
    shown(Cover.preset("emboss"), theme=theme)
    assert all(control_names(page))
    assert faintest(page)[0] >= 4.5


def test_the_cards_show_what_their_words_say():
    assert cards.backprop().count("<rect") == 9 * 16
    html = cards.cards([(page, "T", "about", "below") for page in cards.PICTURES]).text
    words = re.findall(r'<svg [^>]*role="img" aria-label="([^"]{20,})"', html)
    assert len(set(words)) == len(cards.PICTURES)
    for page in cards.PICTURES:
        assert f'href="{page}.html"' in html
