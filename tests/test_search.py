"""The search: excerpts where a browser may fetch the index, Sphinx's own search where the book lies on a disk."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from test_book import HTML, PAGES, site  # noqa: F401 - the fixture builds the book

from convbook import search


@pytest.fixture
def below(site, server, tmp_path):  # noqa: F811
    """Address of the book in a folder of a server, as on a project's site."""
    (tmp_path / "project").symlink_to(HTML)
    return f"{server}/project"


def type_into_dialog(page, words):
    page.keyboard.press("Control+k")
    page.keyboard.type(words)
    panel = page.locator("dialog .convbook-search")
    panel.locator("[role=status]", has_text=words).wait_for()
    return panel


WHERE = {"dilation": "03", "nms": "07", "residual": "05", "grad-cam": "06", "transposed": "04"}


@pytest.mark.parametrize("word, number", WHERE.items())
def test_the_chapter_that_explains_a_word_comes_first(page, below, word, number):
    page.goto(f"{below}/book/intro.html")
    page.wait_for_load_state("networkidle")
    first = type_into_dialog(page, word).locator("ol > li a").first
    assert f"/book/{number}-" in first.get_attribute("href")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dilation_is_found_with_its_sections(page, below, theme):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{below}/book/02-conv2d.html")
    page.wait_for_load_state("networkidle")
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    assert not [url for url in asked if "pagefind" in url or "search" in url], "only for those who search"
    panel = type_into_dialog(page, "dilation")
    chapter = panel.locator("ol > li").filter(has=page.get_by_role("link", name="Groups and dilation")).first
    chapter.wait_for()
    section = chapter.locator("li").filter(has=page.get_by_role("link", name="Dilation", exact=True))
    assert "neighbouring weights" in section.locator("p").inner_text()
    assert section.locator("mark").first.inner_text().lower().startswith("dilation")
    assert all(url.startswith(below) for url in asked if not url.startswith(("data:", "blob:")))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.wait_for_timeout(400)  # colours fade
    found = Axe().run(page, {"include": [["dialog"]]}).response["violations"]
    assert not found, json.dumps(found, indent=1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/project/book/03-groups-dilation\.html#."))
    page.wait_for_load_state("networkidle")  # before the server goes


def test_nonsense_is_not_found_and_said_so(page, below):
    page.goto(f"{below}/book/02-conv2d.html")
    panel = type_into_dialog(page, "qwxzyk")
    assert panel.locator("[role=status]").inner_text() == "Nothing found for “qwxzyk”"
    assert panel.locator("li").count() == 0 and panel.get_by_role("button").count() == 0


def test_the_search_page_answers_its_address(page, below):
    page.goto(f"{below}/search.html?q=adjoint")
    results = page.locator(".bd-search-container .convbook-search > ol > li")
    results.first.wait_for()
    assert "Backprop" in results.first.inner_text()
    assert page.locator(".bd-search-container [role=status]").inner_text().endswith("“adjoint”")


def test_on_a_disk_sphinx_searches(page, site):  # noqa: F811
    page.goto((HTML / "book/02-conv2d.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("dilation")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=dilation")
    results = page.locator("#search-results li a")
    results.first.wait_for()
    assert {"Groups and dilation", "Conv2d arithmetic"} <= set(results.all_inner_texts())
    assert page.locator(".convbook-search").count() == 0


def test_the_index_has_every_page_and_is_small(site):  # noqa: F811
    entry = json.loads((HTML / "pagefind/pagefind-entry.json").read_text())
    assert {name: language["page_count"] for name, language in entry["languages"].items()} == {"en": len(PAGES)}
    assert sum(path.stat().st_size for path in (HTML / "pagefind").rglob("*")) < 1_000_000


def test_an_index_that_fails_says_why(tmp_path):
    (tmp_path / "search.html").write_text("<html></html>")
    (tmp_path / "a.html").write_text("<html><body><p>no article</p></body></html>")
    with pytest.raises(RuntimeError, match="no index of 1 pages"):
        search.index(tmp_path, ["a"])
