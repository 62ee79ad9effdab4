"""What pages carry within themselves as files that browsers fetch when a reader comes near: explorables, pictures."""

import base64
import hashlib
import json
import re
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

MODULE = re.compile(
    r'<script type="application/json">([^<]*)</script>\s*'
    r'<script type="module">import widget from "(data:text/javascript,[^"]*)";(.*?)</script>',
    re.DOTALL,
)
LOADER = """<script>addEventListener("DOMContentLoaded", () => {
  if (matchMedia("print").matches) return; // nothing to play with on paper
  const fetched = {};
  const fetch = (src) => (fetched[src] ??= new Promise((onload) => {
    const fetchPriority = "high"; // before the pictures around it
    document.head.append(Object.assign(document.createElement("script"), { src, onload, fetchPriority }));
  }));
  const load = async (figure) => {
    const { traits, module } = figure.querySelector("script[data-module]").dataset;
    await Promise.all([traits, module].filter(Boolean).map(fetch));
    convbookExplorables[figure.dataset.explorable]();
  };
  const figures = document.querySelectorAll("figure[data-explorable]");
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) { near.unobserve(target); load(target); }
  }, { rootMargin: "800px" });
  for (const figure of figures) near.observe(figure);
});</script>
"""
SHEETS = re.compile(r'(<figure class="convbook-explorable[^>]*>)((?:<style>.*?</style>)+)', re.DOTALL)
DATA = r'"data:image/png;base64,([A-Za-z0-9+/=\s]{800,})"'
PICTURE = re.compile(rf"<img\b([^>]*?)\bsrc={DATA}")
PANEL = re.compile(  # a picture within a plot: matplotlib writes its rows from the bottom up, and turns it over
    rf'<image xlink:href={DATA} id="[^"]*" transform="scale\(1 -1\) translate\(0 -([\d.]+)\)"'
    r' x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)"(?: style="([^"]*)")?\s*/>'
)


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


def move_styles(page: str) -> str:
    """Explorables' styles from their figures into the page's head, each once: a new one there restyles the page."""
    sheets = dict.fromkeys(sheet for _, found in SHEETS.findall(page) for sheet in found.split("</style>"))
    if not sheets:
        return page
    style = "".join(sheets).replace("<style>", "\n")
    return SHEETS.sub(r"\1", page).replace("</head>", f"<style>{style}</style>\n</head>", 1)


def move_pictures(page: str, static: Path, address: str) -> str:
    """Pictures of more than 600 bytes as files of their own, which a browser fetches when they come near the screen."""

    def file(data: str, upside_down: bool) -> str:
        png = base64.b64decode(data)
        name = f"pictures/{digest(png)}.webp"
        if not (static / name).exists():
            picture = Image.open(BytesIO(png))
            write(static / name, smallest(ImageOps.flip(picture) if upside_down else picture))
        return f"{address}/{name}"

    def alone(match) -> str:
        late = "" if "loading=" in match[1] else ' loading="lazy"'
        return f'<img{late}{match[1]}src="{file(match[2], upside_down=False)}"'

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
