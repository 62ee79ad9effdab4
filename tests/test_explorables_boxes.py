"""What holds for every explorable with boxes: names, contrast, small screens, no other file, and no script."""

import pytest
from explorable_pages import control_names, document, faintest

from convbook.explorables import Anchors, Detector, Nms, Roi

MAKERS = {
    **{f"anchors, {name}": lambda name=name: Anchors.preset(name) for name in ("an object that fits", "a coarse grid")},
    **{f"nms, {name}": lambda name=name: Nms.preset(name) for name in ("two objects", "two classes, each by itself")},
    **{f"roi, {name}": lambda name=name: Roi.preset(name) for name in ("a box between the cells", "a bump")},
    **{f"detector, {stage}": lambda stage=stage: Detector(stage=stage) for stage in ("anchors", "kept")},
}
each = pytest.mark.parametrize("made", MAKERS.values(), ids=MAKERS.keys())


def drawn(page):
    page.wait_for_function("document.querySelector('.bx-plane')?.clientWidth > 100")
    return page


@each
def test_every_control_has_a_name(page, static, made):
    page.set_content(document(made()))
    assert all(control_names(drawn(page)))
    for slider in page.get_by_role("slider").all():
        assert slider.get_attribute("aria-label") or slider.evaluate("e => e.labels?.[0]?.textContent")


@each
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out(page, static, made, theme):
    page.set_content(document(made(), theme=theme))
    drawn(page)
    assert faintest(page)[0] >= 4.5, faintest(page)


@each
@pytest.mark.parametrize("width", [390, 360])
def test_small_screens_scroll_in_one_direction(page, static, made, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(document(made()))
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@each
def test_the_page_asks_for_nothing_else(page, tmp_path, static, made):
    (tmp_path / "page.html").write_text(document(made()), encoding="utf-8")
    url, asked = (tmp_path / "page.html").as_uri(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    drawn(page)
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == [url]


@each
def test_without_scripts_there_is_a_picture(browser, static, made):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.set_content(document(made()))
    assert page.locator("figure svg[role=img]").first.get_attribute("aria-label")
    assert page.locator("figure svg rect").count() >= 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faintest(page)[0] >= 4.5
    context.close()
