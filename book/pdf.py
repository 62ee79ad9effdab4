"""The built book as one PDF: `python book/pdf.py`, after `make html`.

Chromium prints each page with the book's print styles; the pages are put together in the order of `_toc.yml`, after a
table of contents. Links between pages, page numbers and bookmarks go through the whole. Where the book is on the web,
`--address` makes the explorables say so.
"""

import argparse
import html
import io
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urldefrag

from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "_build" / "html"
LOADED = """async () => {
  dispatchEvent(new Event("beforeprint"));
  const pictures = [...document.images];
  await Promise.all([document.fonts.ready, ...pictures.map((picture) => picture.decode().catch(() => {}))]);
  return pictures.filter((picture) => !picture.naturalWidth).map((picture) => picture.currentSrc);
}"""
HEADINGS = """(all) => all.map((heading) => {
  const text = heading.cloneNode(true);
  for (const link of text.querySelectorAll(".headerlink, .katex-html")) link.remove();
  return text.textContent.replace(/\\s+/g, " ").trim();
})"""
CONTENTS = """<!doctype html><html lang="en"><title>Contents</title><style>
@page {{ size: A4; margin: 28mm 24mm; }}
body {{ font: 11pt/1.5 system-ui, sans-serif; }} h1 {{ font-size: 22pt; }}
ol {{ padding: 0; list-style: none; }} li {{ margin: .35em 0; }}
a {{ display: flex; justify-content: space-between; gap: 1em; border-bottom: 1px dotted #8a8f98; color: inherit;
text-decoration: none; }}</style><h1>Contents</h1><ol>{rows}</ol></html>"""


def pages_of(toc: Path) -> list[str]:
    """The pages that ``_toc.yml`` lists, in order, without their ending."""
    return re.findall(r"(?:root|file): (\S+)", toc.read_text(encoding="utf-8"))


def title_of(path: Path) -> str:
    """The title of a built page; raises ``FileNotFoundError`` where there is none."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: build the book first, with `make html`")
    page = html.unescape(path.read_text(encoding="utf-8"))
    return re.search(r"<title>\s*(.*?)\s*(?: — [^<]*)?</title>", page, re.DOTALL)[1]


def printed(page: Page, path: Path, address: str, first: int = 1) -> PdfReader:
    """A page of the built book, as Chromium prints it, its sheets numbered from ``first`` on.

    Raises ``ValueError`` that names the pictures which did not load.
    """
    page.emulate_media(media="print", color_scheme="light")
    page.goto(path.as_uri())
    page.evaluate("address => { document.documentElement.dataset.address = address; }", address)
    page.add_style_tag(content=f"@media print {{ html {{ counter-reset: page {first - 1}; }} }}")
    missing = page.evaluate(LOADED)
    if missing:
        raise ValueError(f"{path.name}: these pictures did not load: {', '.join(missing)}")
    sheets = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
    return PdfReader(io.BytesIO(sheets))


def contents(page: Page, titles: list[str], files: list[Path], starts: list[int]) -> PdfReader:
    """The table of contents: a line a page of the book, with the number of its first sheet."""
    rows = "".join(
        f'<li><a href="{path.as_uri()}"><span>{html.escape(title)}</span><span>{start}</span></a></li>'
        for title, path, start in zip(titles, files, starts, strict=True)
    )
    page.set_content(CONTENTS.format(rows=rows))
    return PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, tagged=True)))


def lead_inside(writer: PdfWriter, starts: dict[str, int], built: str, address: str) -> None:
    """Turn links to files of the book into links to sheets.

    ``starts``: address of a page of the book -> index of its first sheet. A link to a place within a page leads there
    where that page's PDF names the place, else to its first sheet. A link to another file below ``built`` leads to
    ``address``, and nowhere without one.
    """
    places = writer.named_destinations
    for sheet in writer.pages:
        for link in sheet.get("/Annots", ArrayObject()):
            link = link.get_object()
            action = link.get("/A", {}).get_object() if "/A" in link else {}
            target, place = urldefrag(unquote(str(action.get("/URI", ""))))
            if not target.startswith(built):
                continue
            del link["/A"]
            if target not in starts:
                if address:
                    where = TextStringObject(action["/URI"].replace(built, address, 1))
                    uri = {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): where}
                    link[NameObject("/A")] = DictionaryObject(uri)
                continue
            if place in places:
                link[NameObject("/Dest")] = places[place].dest_array
            else:
                there = writer.pages[starts[target]].indirect_reference
                link[NameObject("/Dest")] = ArrayObject([there, NameObject("/XYZ"), *[NumberObject(0)] * 3])


def bookmarks(writer: PdfWriter, part: PdfReader, first: int, words: dict[str, str]) -> None:
    """The outline of ``part`` in ``writer``, where its first sheet has the index ``first``.

    ``words``: headings without their spaces -> as they are written; Chromium drops a space where a line breaks, and
    writes a heading twice that had to go to the next sheet.
    """

    def add(items: list, parent) -> None:
        last = parent
        for item in items:
            if isinstance(item, list):
                add(item, last)
            else:
                key = "".join(item.title.split())
                title = words.get(key) or words.get(key[: len(key) // 2]) or item.title
                sheet = first + part.get_destination_page_number(item)
                last = writer.add_outline_item(title=title, page_number=sheet, parent=parent)

    add(part.outline, None)


def together(page: Page, names: list[str], built: Path, address: str = "") -> PdfWriter:
    """The pages ``names`` of the book in the folder ``built`` as one PDF: the first, contents, the others."""
    files = [(built / f"{name}.html").resolve() for name in names]
    titles = [title_of(path) for path in files]
    front = contents(page, titles[1:], files[1:], [0] * len(files[1:]))
    parts, starts, headings, first = [], [], [], 0
    for number, (name, path) in enumerate(zip(names, files, strict=True)):
        first += len(front.pages) * (number == 1)
        starts.append(first)
        parts.append(printed(page, path, f"{address}/{name}.html".lstrip("/"), first + 1))
        headings.append(page.locator("h1, h2, h3, h4").evaluate_all(HEADINGS))
        first += len(parts[-1].pages)
    front = contents(page, titles[1:], files[1:], [start + 1 for start in starts[1:]])
    writer = PdfWriter()
    for number, (part, start, known) in enumerate(zip(parts, starts, headings, strict=True)):
        if number == 1:
            writer.append(front, outline_item="Contents")
        writer.append(part, import_outline=False)
        bookmarks(writer, part, start, {"".join(heading.split()): heading for heading in known})
    sheets = {path.as_uri(): start for path, start in zip(files, starts, strict=True)}
    lead_inside(writer, sheets, built.resolve().as_uri(), address)
    writer.add_metadata({"/Title": titles[0], "/Author": "The convbook authors"})
    return writer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "convbook.pdf")
    parser.add_argument("--address", default=os.environ.get("CONVBOOK_URL", ""), help="where the book is on the web")
    options = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    names = [name for name in pages_of(ROOT / "_toc.yml") if "/solve-" not in name]  # these need a keyboard
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        writer = together(page, names, BUILT, options.address.rstrip("/"))
        browser.close()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    writer.write(options.out)
    print(f"{options.out}: {len(writer.pages)} pages")


if __name__ == "__main__":
    main()
