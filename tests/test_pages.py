"""What a page of the book costs and whether everybody can use it; and that nothing it needs was taken from it."""

import json
import re
import shutil

import packed as packing
import pytest
from axe_playwright_python.sync_playwright import Axe
from test_book import HTML, PAGES, SAMPLES, site  # noqa: F401 - the fixture builds the book

from convbook import lighten

BUDGET = 350_000  # bytes that a page may transfer before anybody touches it


@pytest.fixture(scope="module")
def packed(site):  # noqa: F811
    with packing.serve(HTML) as address:
        yield address


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light(page, packed, name):
    taken = {}

    def count(response):
        taken[response.url] = int(response.headers.get("content-length", 0))

    page.on("response", count)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{packed}/{name}.html")
    page.wait_for_load_state("networkidle")
    total = sum(taken.values())
    heaviest = sorted(((size, url.rpartition("/")[2]) for url, size in taken.items()), reverse=True)[:8]
    assert total <= BUDGET, f"{total} bytes, most of them {heaviest}"
    assert len(taken) <= 60, sorted(taken)


@pytest.mark.parametrize("name", SAMPLES)
def test_everybody_can_use_a_page(page, site, name):  # noqa: F811
    page.goto(f"{site}/{name}.html")
    page.wait_for_load_state("networkidle")
    page.add_style_tag(content="section { content-visibility: visible !important }")
    found = []
    themes = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}
    for theme, options in list(themes.items())[
        : 2 if name in ("book/intro", "book/02-conv2d") else 1
    ]:  # they take long
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        page.wait_for_timeout(400)  # colours fade
        for fault in Axe().run(page, {"exclude": [[".katex"]]}, options).response["violations"]:
            found += [f"{theme}: {fault['id']}: {node['html'][:200]}" for node in fault["nodes"][:3]]
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("name", PAGES)
def test_search_engines_get_a_description(site, name):  # noqa: F811
    (text,) = re.findall(r'<meta name="description" content="([^"]+)"', (HTML / f"{name}.html").read_text())
    assert 40 <= len(text) <= 300


MATCHING = """() => {
  const found = [];
  const look = (rules, around) => {
    for (const rule of rules) {
      if (rule.selectorText) {
        for (const selector of rule.selectorText.split(/,(?![^(]*\\))/)) {
          const plain = selector.trim().replace(/::?[\\w-]+(?![\\w-]*\\()/g, "") || "*";
          try {
            if (document.querySelector(plain)) found.push([around, selector.trim(), rule.style.cssText].join(" "));
          } catch { }
        }
      } else if (rule.cssRules) look(rule.cssRules, around + " " + rule.conditionText);
    }
  };
  for (const sheet of document.styleSheets) look(sheet.cssRules, "");
  return found;
}"""


@pytest.mark.parametrize("name", ["book/intro", "book/02-conv2d", "book/four-speeds"])
def test_no_rule_is_lost_that_a_page_can_use(page, site, name):  # noqa: F811
    """Every rule of the theme's whole style sheets that matches an element is in the pruned one."""
    page.goto(f"{site}/{name}.html")
    page.wait_for_load_state("networkidle")
    kept = set(page.evaluate(MATCHING))
    page.evaluate("for (const link of document.querySelectorAll('link[rel=stylesheet]')) link.remove()")
    for sheet in (
        "basic.css",
        "styles/pydata-sphinx-theme.css",
        "styles/sphinx-book-theme.css",
        "sphinx-design.min.css",
    ):
        page.add_style_tag(url=f"{site}/_static/{sheet}")
    lost = {rule for rule in set(page.evaluate(MATCHING)) - kept if not rule.lstrip().startswith(".convbook-")}
    assert len(kept) > 100
    assert {
        rule for rule in lost if "svg-inline--fa" not in rule and "--fa-" not in rule and "url(" not in rule
    } == set()


def test_a_page_reads_from_a_disk(page, site):  # noqa: F811
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((HTML / "book/02-conv2d.html").as_uri())
    page.locator(".convbook-explorable").first.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.convbook-explorable [data-out=\"[0,1,1]\"]')")
    assert page.locator('.convbook-explorable [data-out="[0,1,1]"]').first.inner_text() == "307"
    assert errors == []


@pytest.mark.parametrize("name", [page for page in PAGES if re.match(r"book/0\d", page)])
def test_every_explorable_of_a_chapter_comes_alive(page, site, name):  # noqa: F811
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site}/{name}.html")
    figures = page.locator("figure[data-explorable]")
    assert figures.count() >= 3
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
    page.wait_for_function(
        "[...document.querySelectorAll('figure[data-explorable]')].every((figure) => 'mounted' in figure.dataset)"
    )
    page.add_style_tag(content="section { content-visibility: visible !important }")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)  # drawings follow
        faults = Axe().run(page, {"include": [["figure[data-explorable]"]]}).response["violations"]
        assert not faults, json.dumps([[fault["id"], fault["nodes"][0]["html"][:200]] for fault in faults], indent=1)
    assert errors == []


def test_lightened_once_is_lightened(site):  # noqa: F811
    before = {path: path.read_bytes() for path in HTML.rglob("*.html")}
    lighten.lighten(HTML)
    assert before == {path: path.read_bytes() for path in HTML.rglob("*.html")}


def test_a_change_of_a_style_sheet_alone_reaches_the_pages(site, tmp_path):  # noqa: F811
    """A build in which no page is new: what `make live` does when book.css is edited."""
    copy = tmp_path / "html"
    shutil.copytree(HTML, copy, ignore=shutil.ignore_patterns("pagefind", "pyodide", "*.map"))
    bundle, sheet = copy / "_static" / lighten.BUNDLE, copy / "_static/book.css"
    sheet.write_text(sheet.read_text() + "\n.bd-content { --added-just-now: 1 }\n")
    before = (copy / "book/notation.html").read_text()
    lighten.lighten(copy)
    assert "--added-just-now" in bundle.read_text()
    after = (copy / "book/notation.html").read_text()
    changed = [(old, new) for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert len(changed) == 1 and lighten.BUNDLE in changed[0][1]  # the address, so that no browser shows the old one


def test_what_scrolls_is_reached_by_keyboard_and_nothing_else(page, site):  # noqa: F811
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{site}/book/04-backprop.html")
    code = page.locator("div.highlight pre:visible")
    wide = "box => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight"
    for box in (code.nth(0), code.nth(3), page.locator("div.math").nth(2)):
        box.scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        assert box.evaluate("box => box.tabIndex") == (0 if box.evaluate(wide) else -1)


def test_another_theme_is_noticed(tmp_path):
    script = tmp_path / "theme.js"
    script.write_text("function measure() {}")
    with pytest.raises(ValueError, match=r"theme\.js is not the one"):
        lighten.leave_measuring(script)


def test_what_no_page_shows_any_more_is_removed(tmp_path):
    files = [tmp_path / name for name in ("explorables/conv2d.0a.js", "explorables/1b.js", "pictures/2c.webp")]
    old = [tmp_path / name for name in ("explorables/conv2d.9f.js", "pictures/8e.webp")]
    for path in files + old:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    record = '<script data-module="../_static/explorables/conv2d.0a.js" data-traits="../_static/explorables/1b.js">'
    lighten.remove_stale(tmp_path, [record, '<img src="_static/pictures/2c.webp">'])
    assert {path for path in tmp_path.rglob("*.*") if path.is_file()} == set(files)


def test_the_drawn_example_without_its_duplicate(site):  # noqa: F811
    """Right, right, wrong, right, wrong, right, wrong, of five objects; then the same without the third."""
    text = re.sub("<[^>]+>", "", (HTML / "book/07-detection.html").read_text())
    (before,) = re.findall(r"take the area below: (0\.\d+)", text)
    (after,) = re.findall(r"It rises to (0\.\d+)", text)
    assert float(before) == pytest.approx((1 + 1 + 3 / 4 + 4 / 6) / 5, abs=5e-4)
    assert float(after) == pytest.approx((1 + 1 + 1 + 4 / 5) / 5, abs=5e-4)
