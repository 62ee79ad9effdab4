"""The built book without what its pages do not need.

The theme brings 400 kB of styles, 1.5 MB of icons as a script, and a search index on every page. What is left of them:
one style sheet with the rules that some page can use, a font of the icons that are there, and scripts that wait for
the text. Modules of explorables and big pictures become files of their own, shared between pages.
Every step leaves a page alone that has been through it.
"""

import base64
import hashlib
import html
import json
import posixpath
import re
from io import BytesIO
from pathlib import Path

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image, ImageOps

BUNDLE = "convbook.bundle.css"
LINK = re.compile(r'[ \t]*<link\b[^>]*?href="([^"]+?\.css)(?:\?[^"]*)?"[^>]*>\n?')
MODULE = re.compile(
    r'<script type="application/json">([^<]*)</script>\s*'
    r'<script type="module">import widget from "(data:text/javascript,[^"]*)";(.*?)</script>',
    re.DOTALL,
)
LOADER = """<script>addEventListener("DOMContentLoaded", () => {
  const fetched = {};
  const fetch = (src) => (fetched[src] ??= new Promise((onload) => {
    document.head.append(Object.assign(document.createElement("script"), { src, onload }));
  }));
  const load = async (figure) => {
    const { traits, module } = figure.querySelector("script[data-module]").dataset;
    if (traits) await fetch(traits);
    await fetch(module);
    convbookExplorables[figure.dataset.explorable]();
  };
  const figures = document.querySelectorAll("figure[data-explorable]");
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) { near.unobserve(target); load(target); }
  }, { rootMargin: "800px" });
  for (const figure of figures) near.observe(figure);
  addEventListener("beforeprint", () => figures.forEach(load));
});</script>
"""
DATA = r'"data:image/png;base64,([A-Za-z0-9+/=\s]{2000,})"'
PICTURE = re.compile(rf"<img\b([^>]*?)\bsrc={DATA}")
PANEL = re.compile(  # a picture within a plot: matplotlib writes its rows from the bottom up, and turns it over
    rf'<image xlink:href={DATA} id="[^"]*" transform="scale\(1 -1\) translate\(0 -([\d.]+)\)"'
    r' x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)"(?: style="([^"]*)")?\s*/>'
)
ADDRESS = re.compile(r"""url\((["']?)(?!["']?(?:data:|#))(.*?)\1\)""")
IMPORT = re.compile(r"""@import ["']([^"']+)["'];""")
ICONS = re.compile(r"@font-face\{[^}]*Font Awesome[^}]*\}")
UNUSED = [
    re.compile(r'<script[^>]*src="[^"]*(?:fontawesome|searchtools|language_data|searchindex)\.js[^"]*"></script>\s*'),
    re.compile(r'<link rel="preload" as="script"[^>]*>\s*'),
    re.compile(r'<script type="text/x-thebe-config">.*?</script>\s*<script>kernelName = [^<]*</script>\s*', re.DOTALL),
    re.compile(r"<script>DOCUMENTATION_OPTIONS\.\w+ = [^<]*</script>\s*"),
]


# What the theme and docutils say of elements that those who listen to a page are better served without, or with.
SAID = [
    (re.compile(r' role="(?:doc-biblioentry|doc-backlink)"'), ""),
    (re.compile(r'<div role="list" class="citation-list">'), '<div class="citation-list">'),
    (
        re.compile(r'<div class="sidebar-primary-item">(?=\s*<a class="navbar-brand)'),
        '<div class="sidebar-primary-item" role="navigation" aria-label="Title">',
    ),
]


def words(page: str) -> set[str]:
    """Class names that a page's elements have.

    >>> sorted(words('<p class="a b-c"><i class=\\'d\\'>e</i>'))
    ['a', 'b-c', 'd']
    """
    return {word for _, names in re.findall(r"""\bclass=(["'])(.*?)\1""", page) for word in names.split()}


def prune(css: str, known: set[str]) -> str:
    """The rules of ``css`` that could match elements of the classes ``known``; comments go as well.

    A selector goes when it asks for another class; what stands within ``:not(...)`` and its like is not looked at.

    >>> prune(".a b, .z > .a {top: 0} @media print {.z {top: 1px} p {left: 0}} .z {left: 0}", {"a"})
    '.a b{top: 0}@media print{p{left: 0}}'
    """
    kept = []
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            selectors = [part for part in split(rule.prelude) if asked(part) <= known]
            if selectors:
                text = ",".join(tinycss2.serialize(part).strip() for part in selectors)
                kept.append(f"{text}{{{tinycss2.serialize(rule.content).strip()}}}")
        elif rule.type == "at-rule" and rule.content is not None and rule.lower_at_keyword in ("media", "supports"):
            inner = prune(tinycss2.serialize(rule.content), known)
            if inner:
                kept.append(f"@{rule.at_keyword} {tinycss2.serialize(rule.prelude).strip()}{{{inner}}}")
        elif rule.type == "at-rule":
            kept.append(rule.serialize())
    return "".join(kept)


def split(prelude) -> list[list]:
    """The selectors of a rule, at the commas between them."""
    parts = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def asked(selector) -> set[str]:
    """Names of the classes that an element, or one around it, must have."""
    pairs = zip(selector, selector[1:], strict=False)
    return {name.value for dot, name in pairs if dot.type == "literal" and dot.value == "." and name.type == "ident"}


def icons(font: Path, css: str) -> bytes:
    """A WOFF font of the characters of private use that ``css`` writes: the icons."""
    characters = {ord(character) for character in re.findall("[\ue000-\uf8ff]", css)}
    options = subset.Options(flavor="woff", layout_features=[], notdef_outline=True)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    small = TTFont(font)
    subsetter.subset(small)
    small.flavor, written = "woff", BytesIO()
    small.save(written)
    return written.getvalue()


def bundle(static: Path, names: list[str], known: set[str]) -> str:
    """One style sheet for ``static`` from the files ``names`` in it, addresses within them set right."""
    css = "".join(prune(styles(static, name), known) for name in names)
    font = static / "vendor/fontawesome/webfonts/fa-solid-900.ttf"
    (static / "icons.woff").write_bytes(icons(font, css))
    face = "@font-face{font-family:Font Awesome\\ 6 Free;font-weight:900;font-display:block;src:url(icons.woff)}"
    return face + ICONS.sub("", css)


def styles(static: Path, name: str) -> str:
    """The style sheet ``name`` with those that it imports, its addresses as seen from ``static``."""
    base = posixpath.dirname(name)
    text = (static / name).read_text(encoding="utf-8").replace('@charset "UTF-8";', "")
    text = ADDRESS.sub(lambda match: f"url({beside(base, match[2])})", text)
    return IMPORT.sub(lambda match: styles(static, beside(base, match[1])), text)


def beside(folder: str, address: str) -> str:
    """Where ``address`` leads that stands in ``folder``."""
    return posixpath.normpath(posixpath.join(folder, address))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:10]


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(data)


def move_modules(page: str, static: Path, address: str) -> str:
    """Explorables' modules and long records from the page into files, fetched when a reader comes near.

    They are plain scripts, for those may be fetched from ``file://`` too.
    """

    def file(name: str, script: str) -> str:
        path = f"explorables/{name}.{digest(script.encode())}.js"
        write(static / path, script.encode())
        return f"{address}/{path}"

    def moved(match) -> str:
        traits, module, mount = match.groups()
        name = re.search(r'data-explorable="([^"]+)"', mount)[1]
        mount = mount.replace(":not([data-mounted])", ":not([data-mounted]):not(:has(script[data-traits]))")
        here = file(
            name,
            f"(globalThis.convbookExplorables ??= {{}})[{name!r}] = () =>\n"
            f'import("{module}").then(({{ default: widget }}) => {{{mount}}});',
        )
        if len(traits) < 8_000:
            return f'<script type="application/json" data-module="{here}">{traits}</script>'
        key = digest(traits.encode())
        record = (
            f"for (const at of document.querySelectorAll('script[data-traits*=\"{key}\"]')) {{\n"
            f"at.textContent = {json.dumps(traits)}; at.removeAttribute('data-traits'); }}"
        )
        path = f"explorables/{key}.js"
        write(static / path, record.encode())
        return f'<script type="application/json" data-module="{here}" data-traits="{address}/{path}">{{}}</script>'

    page, number = MODULE.subn(moved, page)
    return page.replace("</head>", LOADER + "</head>", 1) if number else page


def move_pictures(page: str, static: Path, address: str) -> str:
    """Pictures of more than 1.5 kB from the page into files, which a browser fetches when they come near the screen."""

    def file(data: str, upside_down: bool) -> str:
        png = base64.b64decode(data)
        name = f"pictures/{digest(png)}.webp"
        if not (static / name).exists():
            picture = Image.open(BytesIO(png))
            write(static / name, smallest(ImageOps.flip(picture) if upside_down else picture))
        return f"{address}/{name}"

    def alone(match) -> str:
        return f'<img loading="lazy"{match[1]}src="{file(match[2], upside_down=False)}"'

    def within_plot(match) -> str:
        below, x, y, width, height = map(float, match.groups()[1:6])
        return (
            f'<foreignObject x="{x:g}" y="{below - y - height:g}" width="{width:g}" height="{height:g}">'
            f'<img loading="lazy" alt="" src="{file(match[1], upside_down=True)}" '
            f'style="display:block;width:100%;height:100%;margin:0;{match[7] or ""}"></foreignObject>'
        )

    return PANEL.sub(within_plot, PICTURE.sub(alone, page))


def smallest(picture: Image.Image) -> bytes:
    """A WebP without loss, or, where that takes more than 4 kB, as in photographs, a smaller one of high quality."""
    if picture.mode == "RGBA" and picture.getextrema()[3][0] == 255:
        picture = picture.convert("RGB")
    versions = []
    for options in ({"lossless": True, "method": 6}, {"quality": 85, "method": 6}):
        written = BytesIO()
        picture.save(written, "WEBP", **options)
        versions.append(written.getvalue())
    exact, close = versions
    return exact if len(exact) <= max(4_000, len(close)) else close


def lighten(folder: Path) -> None:
    """Lighten every page in ``folder``, where Sphinx has built the book."""
    static = folder / "_static"
    pages = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html") if static not in path.parents}
    sheets = {path: [html.unescape(link) for link in LINK.findall(page)] for path, page in pages.items()}
    fresh = [path for path, links in sheets.items() if links and not links[0].endswith(BUNDLE)]
    if not fresh:
        return
    base = posixpath.relpath(fresh[0].parent.as_posix(), static.as_posix())
    names = [beside(base, link) for link in sheets[fresh[0]]]
    scripts = " ".join(
        path.read_text(encoding="utf-8") for path in static.rglob("*.js") if path.stat().st_size < 100_000
    )
    known = set(re.findall(r"[\w-]+", scripts)).union(*(words(page) for page in pages.values()))
    css = bundle(static, names, known).encode()
    (static / BUNDLE).write_bytes(css)
    for path in (path for path, links in sheets.items() if links):
        address = posixpath.relpath(static.as_posix(), path.parent.as_posix())
        link = f'<link rel="stylesheet" href="{address}/{BUNDLE}?v={digest(css)}" />\n'
        page = LINK.sub("", pages[path]).replace("</title>", f"</title>\n{link}", 1)
        if path.name != "search.html":
            for unused in UNUSED:
                page = unused.sub("", page)
            for pattern, better in SAID:
                page = pattern.sub(better, page)
            page = re.sub(r"<script((?:(?!defer)[^>])*? src=)", r"<script defer\1", page)
        page = move_pictures(move_modules(page, static, address), static, address)
        path.write_text(page, encoding="utf-8")
