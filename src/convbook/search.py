"""An index of the book's text for its search, made by Pagefind from the built pages.

The search itself is ``book/_static/search.mjs``. A browser refuses it what it must fetch where the book is read from a
disk; there, Sphinx's own search stays.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HEADING = re.compile(r'(<section\b[^>]*?) id="([^"]+)"([^>]*>\s*(?:<span id="[^"]*"></span>\s*)*<h[1-6])')
UNWANTED = re.compile(r'<a class="headerlink".*?</a>|<annotation\b.*?</annotation>', re.DOTALL)
# Code, and what stands on the page twice or is no sentence.
EXCLUDED = (
    "pre, svg, script, style, .cell_input, .cell summary, .convbook-kills, .katex-mathml, div.math, "
    "figure[data-explorable], .toctree-wrapper, .q-answer, .q-progress"
)
# Who searches for a word wants the chapter that explains it before the page that asks for it, and before lists.
CHAPTER = re.compile(r"/\d\d-[\w-]+\.html$")
ARTICLE, WEIGHTY = '<article class="bd-article"', '<article class="bd-article" data-pagefind-weight="3"'
UNUSED = ("pagefind-*ui*", "pagefind-highlight.js")
SPHINX = re.compile(r'<script src="(?:_static/searchtools|_static/language_data|searchindex)\.js[^"]*"></script>\s*')
# On the search page: ours where it can be fetched, else Sphinx's three scripts, which may come late but in this order.
CHOICE = """<script>if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;  // it fetches pages
  for (const src of ["_static/searchtools.js", "_static/language_data.js", "searchindex.js"])
    document.head.append(Object.assign(document.createElement("script"), { src, async: false }));
} else {
  addEventListener("DOMContentLoaded", () => document.querySelector(".bd-search-container input").focus());
}</script>
"""
# On every page: nothing is fetched before the search is opened.
OPENER = """document.addEventListener("focusin", async function open({ target }) {
  if (!target.closest("form.bd-search") || location.protocol === "file:") return;
  document.removeEventListener("focusin", open);
  const root = new URL(document.documentElement.dataset.content_root, location.href);
  (await import(new URL("_static/search.mjs", root))).default(root);
});"""


def with_anchors(page: str) -> str:
    """A page whose headings have the ids of their sections, as Pagefind wants them.

    >>> with_anchors('<section id="a"><span id="b"></span><h2>A<a class="headerlink" href="#a">#</a></h2></section>')
    '<section><span id="b"></span><h2 id="a">A</h2></section>'
    """
    return UNWANTED.sub("", HEADING.sub(r'\1\3 id="\2"', page))


def index(folder: Path, pages: list[str]) -> None:
    """Write ``folder/pagefind``, the index of ``pages`` as Sphinx built them, unless it is younger than they are.

    ``RuntimeError`` with Pagefind's words where it fails.
    """
    page = folder / "search.html"
    text = page.read_text(encoding="utf-8")
    if SPHINX.search(text):
        page.write_text(SPHINX.sub("", text).replace("</head>", CHOICE + "</head>", 1), encoding="utf-8")
    target = folder / "pagefind"
    files = [f"{name}.html" for name in pages]
    made = target / "pagefind-entry.json"
    if made.exists() and made.stat().st_mtime > max((folder / file).stat().st_mtime for file in files):
        return
    shutil.rmtree(target, ignore_errors=True)  # or the parts of older ones would stay
    with tempfile.TemporaryDirectory() as copies:
        for file in files:
            copy = Path(copies, file)
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = with_anchors((folder / file).read_text(encoding="utf-8"))
            if CHAPTER.search(file):
                text = text.replace(ARTICLE, WEIGHTY, 1)
            copy.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pagefind_bin", "--silent", "--site", copies, "--output-path", str(target)]
        command += ["--root-selector", "article.bd-article", "--exclude-selectors", EXCLUDED]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or not made.exists():
        raise RuntimeError(f"Pagefind made no index of {len(files)} pages: {done.stdout}{done.stderr}")
    for pattern in UNUSED:
        for path in target.glob(pattern):
            path.unlink()
