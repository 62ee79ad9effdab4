"""The built book in a browser that reaches nothing but the book."""

import functools
import http.server
import os
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from docutils import nodes
from docutils.utils import new_document
from submissions import ROOT

from convbook import glued, links, packing

PAGES = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text())
# Pages to solve an assignment in are made alike, by one directive: the second, and the longest, stand for all.
SAMPLES = [name for name in PAGES if not re.match("book/solve-", name) or name.endswith(("hw2", "hw4"))]
HTML = ROOT / "_build" / "html"

# Formulas whose next or previous sign stands on another line
APART = """() => [...document.querySelectorAll("main span.math")].flatMap((formula) => {
  const parts = [...formula.querySelectorAll(".katex-html .base")].map((part) => part.getBoundingClientRect());
  const sign = (text, at) => {
    if (text?.nodeType !== 3 || !/[^\\w\\s—–-]/.test(text.data.at(at))) return null;
    const range = document.createRange();
    const start = at < 0 ? text.length - 1 : at;
    range.setStart(text, start);
    range.setEnd(text, start + 1);
    return range.getBoundingClientRect();
  };
  const [before, after] = [sign(formula.previousSibling, -1), sign(formula.nextSibling, 0)];
  const isApart = parts.length && (before?.left > parts[0].left || after?.left < parts.at(-1).left);
  return isApart ? [formula.parentNode.textContent] : [];
})"""


@pytest.fixture(scope="module")
def site():
    """Build the book (quick when it is up to date), serve it, return its address."""
    environment = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}
    command = ["jupyter-book", "build", "-W", "-n", "--keep-going", "."]
    build = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert build.returncode == 0, (build.stdout + build.stderr)[-3000:]

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def offline(page, site):
    """A page that refuses and remembers every request which leaves the book."""
    page.foreign = []

    def only_ours(route):
        if route.request.url.startswith((site, "data:", "blob:")):
            route.continue_()
        else:
            page.foreign.append(route.request.url)
            route.abort()

    page.route("**/*", only_ours)
    return page


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [1280, 360])
def test_pages_need_no_network_and_fit_the_screen(offline, site, name, width):
    offline.set_viewport_size({"width": width, "height": 800})
    offline.goto(f"{site}/{name}.html")
    for theme in ("light", "dark"):
        offline.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        offline.wait_for_load_state("networkidle")
        assert offline.evaluate("document.documentElement.scrollWidth") <= width
    assert offline.foreign == []


@pytest.mark.parametrize("asked", ["dark", "light"])
@pytest.mark.parametrize("kept", [None, "dark", "light", "auto", "nonsense"])
def test_a_page_has_its_colours_before_the_scripts_of_the_theme(browser, site, asked, kept):
    """They change them when all is parsed: a flash, and work for the whole page."""
    page = browser.new_page(color_scheme=asked)
    page.route("**/pydata-sphinx-theme.js*", lambda route: route.abort())
    if kept:
        page.add_init_script(f"localStorage.setItem('mode', '{kept}'); localStorage.setItem('theme', 'light')")
    page.goto(f"{site}/book/notation.html")
    assert page.evaluate("document.documentElement.dataset.theme") == (kept if kept in ("dark", "light") else asked)
    page.close()


@pytest.mark.parametrize("name", ["01-filters", "05-resnets"])
def test_no_style_comes_with_the_text(offline, site, name):
    """Each would have the browser look at every element again, while it reads the page."""
    offline.goto(f"{site}/book/{name}.html")
    assert offline.locator("head style").count() == 1
    assert offline.locator("body style").count() == 0
    assert offline.locator(".convbook-figure svg").count() > 3
    assert offline.locator(".convbook-figure svg metadata").count() == 0


def test_the_explorables_of_the_chapter_are_live(offline, site):
    offline.goto(f"{site}/book/02-conv2d.html")
    figures = offline.locator(".convbook-explorable")
    assert figures.count() == 3
    first = figures.first
    first.scroll_into_view_if_needed()  # it is fetched when it comes near
    assert first.locator('[data-out="[0,1,1]"]').inner_text() == "307"
    first.get_by_label("padding", exact=True).fill("0")
    first.get_by_label("padding", exact=True).press("Enter")
    offline.wait_for_function("document.querySelector('.convbook-explorable').innerText.includes('2 × 3 × 3')")
    assert first.locator('[data-out="[0,0,0]"]').inner_text() == "307"


def test_formulas_are_rendered_in_the_page_itself(offline, site):
    offline.goto(f"{site}/book/02-conv2d.html")
    assert offline.locator("div.math .katex").count() >= 8
    assert offline.locator(".katex-error").count() == 0
    font = offline.evaluate("document.fonts.ready.then(() => document.fonts.check('16px KaTeX_Main'))")
    assert font is True


@pytest.mark.parametrize("name", ["01-filters", "03-groups-dilation", "04-backprop"])
def test_no_line_begins_with_the_stop_after_a_formula(offline, site, name):
    """Nor ends with the parenthesis before one; and what keeps them together fits the screen."""
    offline.goto(f"{site}/book/{name}.html")
    for width in (360, 390, 412):
        offline.set_viewport_size({"width": width, "height": 800})
        assert offline.evaluate(APART) == []
        assert (
            offline.locator(".glued").evaluate_all(
                "(all, width) => all.filter((e) => e.getBoundingClientRect().right > width).map((e) => e.innerText)",
                width,
            )
            == []
        )
    assert offline.locator(".glued").count() > 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(X).", [["(", "X", ")."]]),
        ("of X, or", ["of ", ["X", ","], " or"]),
        ("X-dimensional", ["X", "-dimensional"]),
        ("X (see", ["X", " (see"]),
        ("X’s", [["X", "’s"]]),
        ("X—and", ["X", "—and"]),
        ("X", ["X"]),
        ("“X”: X.", [["“", "X", "”:"], " ", ["X", "."]]),
    ],
)
def test_short_formulas_take_their_punctuation_along(text, expected):
    def parts(node):
        return [parts(child) if child.tagname == "inline" else child.astext() for child in node.children if len(child)]

    def paragraph(formula):
        pieces = [each for piece in text.split("X") for each in (nodes.Text(piece), nodes.math("", formula))][:-1]
        return nodes.paragraph("", "", *pieces)

    long = "x" * (glued.LONGEST + 1)
    for formula, is_glued in (("X", True), (long, False)):
        made = paragraph(formula)
        document = new_document("a page")
        document += made
        glued.Glue(document).run()
        assert made.astext() == text.replace("X", formula)
        assert (parts(made) == expected) if is_glued else not list(made.findall(nodes.inline))


def test_the_front_page_leads_into_the_book(offline, site):
    offline.goto(f"{site}/index.html")
    offline.wait_for_url("**/book/intro.html")
    offline.get_by_role("link", name="2. Conv2d arithmetic").click()
    offline.wait_for_url("**/book/02-conv2d.html")


def test_what_the_book_points_to_arrives(site):
    broken, inside, outside = links.check(HTML)
    assert broken == []
    assert inside > 2_000 and len(outside) > 50


def test_what_does_not_arrive_is_told(tmp_path):
    (tmp_path / "a.html").write_text('<p id="x"><a href="#x"></a><a href="b.html#y"></a><img src="c.png"></p>')
    (tmp_path / "b.html").write_text('<a href="a.html#x"></a><a href="../outside.html"></a><a href="//host/x"></a>')
    broken, inside, _ = links.check(tmp_path)
    assert [line.partition(": ")[2] for line in broken] == [
        "b.html#y: there is no 'y' on that page",
        "c.png: there is no such file",
        "../outside.html: leads out of the book",
    ]
    assert inside == 5


def test_the_packed_book_reads_from_a_disk(page, site, tmp_path):
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    assert packing.pack(HTML, first, "book") == packing.pack(HTML, second, "book") > 100
    assert first.read_bytes() == second.read_bytes()
    zipfile.ZipFile(first).extractall(tmp_path)
    page.goto((tmp_path / "book/index.html").as_uri())
    page.wait_for_url("**/book/intro.html")
    page.get_by_role("link", name="3. Groups and dilation").click()
    page.wait_for_url("**/book/03-groups-dilation.html")
    assert page.locator("h1").first.inner_text().startswith("Groups and dilation")


def test_every_picture_has_words(site):
    for name in PAGES:
        page = (HTML / f"{name}.html").read_text()
        alone = re.sub(r"<foreignObject.*?</foreignObject>", "", page)  # a plot has words as a whole
        assert not re.findall(r"<img(?![^>]*\balt=\"[^\"]+\")[^>]*>", alone), name
        for figure in re.findall(r'<figure class="convbook-figure".*?</figure>', page, re.DOTALL):
            assert re.search(r'role="img" aria-label="[^"]{20,}"', figure)
            assert re.search(r"<figcaption>[^<]{20,}[.?!]</figcaption>", figure), figure[-300:]
        for words in re.findall(r'<img[^>]*\balt="([^"]*)"', alone):
            assert not re.search(r"[0-9a-f]{16}|\.(?:png|webp|svg|jpe?g)\b|^\W*$", words), f"{name}: {words}"
        for pictures in re.findall(r'<div class="output [^"]*">\s*<(?:img|svg)\b', page):
            raise AssertionError(f"{name}: a picture without a caption: {pictures}")


def prose(text: str) -> str:
    """The sentences of a MyST page: no code, mathematics, roles, links' targets, options or headers."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^(`{3,}|:{3,})\{code-cell\}.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    fence = re.compile(r"^(`{3,}|:{3,})(.*?)$(.*?)^\1$", re.DOTALL | re.MULTILINE)
    while fence.search(text):  # a directive has sentences, a listing has none
        text = fence.sub(lambda match: match[3] if match[2].startswith("{") else "", text)
    for pattern in (
        r"\$\$.*?\$\$",
        r"\$[^$\n]+\$",
        r"\{[\w:]+\}`[^`]*`",
        r"`[^`]*`",
        r"\]\([^)]*\)",
        r"^\(.*\)=$",
        r"^:[\w-]+:.*$",
    ):
        text = re.sub(pattern, " ", text, flags=re.DOTALL if "$$" in pattern else re.MULTILINE)
    return text


def test_numbers_in_the_prose_come_from_cells():
    """Three digits or a decimal in a sentence would be a number that nothing computes."""
    for path in Path(ROOT, "book").glob("*.md"):
        assert (
            re.findall(r"(?<![\w.-])(?:\d{3,}|\d+\.\d+|\d{1,3}(?:,\d{3})+)(?![\w-])", prose(path.read_text())) == []
        ), path


def test_prose_keeps_its_numbers_and_drops_what_is_not_prose():
    page = "---\na: 111\n---\n```{code-cell} ipython3\nx = 222\n```\nIt is 333, {glue:text}`k:.2f` and $444$, `555`.\n"
    assert re.findall(r"\d+", prose(page)) == ["333"]
