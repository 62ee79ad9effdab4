"""The built book without what its pages do not need.

The theme brings 400 kB of styles, 1.5 MB of icons as a script, and a search index on every page. What is left of them:
one style sheet with the rules that some page can use, a font of the icons that are there, and scripts that wait for
the text. Modules of explorables and big pictures become files of their own, shared between pages.
Every step leaves a page alone that has been through it.
"""

import html
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

from convbook.page_files import digest, move_modules, move_pictures, move_styles
from convbook.page_styles import beside, bundle, words

BUNDLE = "convbook.bundle.css"
VERSION = re.compile(re.escape(BUNDLE) + r"\?v=\w*")
LINK = re.compile(r'[ \t]*<link\b[^>]*?href="([^"]+?\.css)(?:\?[^"]*)?"[^>]*>\n?')
UNUSED = [
    re.compile(r'<script[^>]*src="[^"]*(?:fontawesome|searchtools|language_data|searchindex)\.js[^"]*"></script>\s*'),
    re.compile(r'<link rel="preload" as="script"[^>]*>\s*'),
    re.compile(r"<script>DOCUMENTATION_OPTIONS\.\w+ = [^<]*</script>\s*"),
]
# At the load of a page the theme measures all code and tables of it, some at a time, which lays a chapter out dozens of
# times. `reading.js` does the same for those that a reader comes near.
THEME = "scripts/pydata-sphinx-theme.js"
MEASURED = re.compile(r'\["pre",[^\]]*\](?=\.join\(", "\)\)\.forEach\(e=>\{e\.tabIndex)')
# The theme learns late which colours the reader's system asks for, and then changes those of the whole page.
COLOURS = 'dataset.theme = localStorage.getItem("theme") || "auto";'
CHOSEN = """dataset.theme = /^(light|dark)$/.exec(document.documentElement.dataset.mode)?.[0]
      ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");"""
# What the theme and docutils say of elements that those who listen to a page are better served without, or with.
SAID = [
    (re.compile(r' role="(?:doc-biblioentry|doc-backlink)"'), ""),
    (re.compile(r'<div role="list" class="citation-list">'), '<div class="citation-list">'),
    (re.compile(r'<th class="head"><p></p></th>'), "<td></td>"),
    (re.compile(r'<summary>(?=<span class="toctree-toggle")'), '<summary aria-label="Pages of this chapter">'),
    (
        re.compile(r'<div class="sidebar-primary-item">(?=\s*<a class="navbar-brand)'),
        '<div class="sidebar-primary-item" role="navigation" aria-label="Title">',
    ),
]


def lighten(folder: Path) -> None:
    """Lighten every page in ``folder``, where Sphinx has built the book."""
    static = folder / "_static"
    pages = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html") if static not in path.parents}
    sheets = {path: [html.unescape(link) for link in LINK.findall(page)] for path, page in pages.items()}
    fresh = [path for path, links in sheets.items() if links and not links[0].endswith(BUNDLE)]
    if fresh:
        leave_measuring(static / THEME)
        base = posixpath.relpath(fresh[0].parent.as_posix(), static.as_posix())
        names = [beside(base, link) for link in sheets[fresh[0]]]
    else:
        names = first_line(static / BUNDLE).strip("/* ").split()[2:]
    sources = digest(b"".join((static / name).read_bytes() for name in names))
    if not fresh and first_line(static / BUNDLE).startswith(f"/* {sources} "):
        return
    for path in fresh:
        pages[path] = lightened(path, pages[path], static)
    remove_stale(static, pages.values())
    scripts = " ".join(
        path.read_text(encoding="utf-8") for path in static.rglob("*.js") if path.stat().st_size < 100_000
    )
    known = set(re.findall(r"[\w-]+", scripts)).union(*(words(page) for page in pages.values()))
    mark = f"/* {sources} {digest(' '.join(sorted(known)).encode())} {' '.join(names)} */"
    if mark != first_line(static / BUNDLE):
        (static / BUNDLE).write_text(f"{mark}\n{bundle(static, names, known)}", encoding="utf-8")
        fresh = [path for path, links in sheets.items() if links]  # their links say which bundle
    version = digest((static / BUNDLE).read_bytes())
    for path in fresh:
        path.write_text(VERSION.sub(BUNDLE + "?v=" + version, pages[path], count=1), encoding="utf-8")


def lightened(path: Path, page: str, static: Path) -> str:
    """The text of the page at ``path`` as Sphinx wrote it, made lighter; files that it needs go into ``static``."""
    address = posixpath.relpath(static.as_posix(), path.parent.as_posix())
    link = f'<link rel="stylesheet" href="{address}/{BUNDLE}?v=" />\n'
    page = re.sub(r"</title>\n?", f"</title>\n{link}", LINK.sub("", page), count=1)
    if path.name != "search.html":
        for unused in UNUSED:
            page = unused.sub("", page)
        for pattern, better in SAID:
            page = pattern.sub(better, page)
        page = page.replace(COLOURS, CHOSEN)
        page = page.replace("<pre>", '<pre tabindex="0">')  # until reading.js knows whether it scrolls
        page = page.replace('table-container">', 'table-container" tabindex="0">')  # on a phone tables scroll
        page = re.sub(r"<script((?:(?!defer)[^>])*? src=)", r"<script defer\1", page)
    return move_styles(move_pictures(move_modules(page, static, address), static, address))


def first_line(bundle: Path) -> str:
    """What a bundle was made of: digests of the sheets and of the classes, and the sheets' names; "" without one."""
    return bundle.read_text(encoding="utf-8").partition("\n")[0] if bundle.exists() else ""


def remove_stale(static: Path, pages: Iterable[str]) -> None:
    """Remove the explorables and pictures of earlier builds, to which no page leads any more."""
    used = {name for page in pages for name in re.findall(r"/((?:explorables|pictures)/[\w.-]+)", page)}
    for path in [*static.glob("explorables/*.js"), *static.glob("pictures/*.webp")]:
        if path.relative_to(static).as_posix() not in used:
            path.unlink()


def leave_measuring(script: Path) -> None:
    """Let the theme's ``script`` measure nothing; raises ``ValueError`` where a new version does it in another way."""
    text, number = MEASURED.subn('["not-here"]', script.read_text(encoding="utf-8"))
    if number:
        script.write_text(text, encoding="utf-8")
    elif '["not-here"]' not in text:
        raise ValueError(f"{script.name} is not the one that this was written for: where does it set tabIndex?")
