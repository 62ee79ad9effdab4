"""Whether everything arrives that the pages of a built book point to: ``make links``.

Links, anchors, pictures, scripts and style sheets within the book; what lies outside it is counted, not asked.
"""

import html.parser
import re
import sys
import urllib.parse
from pathlib import Path

import click

POINTING = ("href", "src", "xlink:href", "data-module", "data-traits", "poster")
IN_STYLES = re.compile(r"""url\((["']?)(?!data:)([^"')]+)\1\)""")


class Page(html.parser.HTMLParser):
    """Addresses that a page points to, and its anchors.

    >>> page = Page('<p id="a"><a href="#a">up</a><img src="b.png"></p>')
    >>> page.addresses, page.anchors
    (['#a', 'b.png'], {'a'})
    """

    def __init__(self, text: str):
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.addresses += [given[name] for name in POINTING if name in given]
        if "srcset" in given:
            self.addresses += [part.split()[0] for part in given["srcset"].split(",") if part.strip()]


def check(folder: Path) -> tuple[list[str], int, set[str]]:
    """What does not arrive, a line each; how many addresses within the book there are; and those outside it."""
    found = [path for path in sorted(folder.rglob("*.html")) if folder / "_static" not in path.parents]
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in found}
    if not pages:
        raise FileNotFoundError(f"{folder} has no pages: build the book first (make html)")
    pointing = [(path, page.addresses) for path, page in pages.items()]
    sheets = [path.resolve() for path in folder.rglob("*.css")]
    book = [path for path in sheets if path.name == "convbook.bundle.css"]  # the one that the pages load
    pointing += [(path, [m[2] for m in IN_STYLES.finditer(path.read_text(encoding="utf-8"))]) for path in book]
    broken, inside, outside = [], 0, set()
    for path, addresses in pointing:
        for address in addresses:
            parts = urllib.parse.urlsplit(address)
            if parts.scheme in ("http", "https"):
                outside.add(address)
            if parts.scheme or parts.netloc:
                continue
            inside += 1
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.is_relative_to(folder.resolve()):
                why = "leads out of the book"
            elif not target.is_file():
                why = "there is no such file"
            elif anchor and target.suffix == ".html" and anchor not in pages[target].anchors:
                why = f"there is no {anchor!r} on that page"
            else:
                continue
            broken.append(f"{path.relative_to(folder.resolve())}: {address}: {why}")
    return broken, inside, outside


@click.command(help=__doc__.partition("\n")[0])
@click.argument("folder", default="_build/html", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    try:
        broken, inside, outside = check(folder)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from None
    for line in broken:
        click.echo(line)
    click.echo(f"{inside} within the book, {len(broken)} broken; {len(outside)} outside it, not asked")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
