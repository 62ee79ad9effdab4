"""The book on paper: what Chromium prints of a page, and the whole as one PDF."""

import importlib.util
import re
import unicodedata

import pytest
from pypdf.generic import NullObject
from submissions import ROOT
from test_book import HTML, site  # noqa: F401 - the fixture builds the book

spec = importlib.util.spec_from_file_location("pdf", ROOT / "book" / "pdf.py")
pdf = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pdf)

NAMES = ["book/intro", "book/four-speeds", "book/03-groups-dilation"]


@pytest.fixture(scope="module")
def book(browser, site):  # noqa: F811
    page = browser.new_page()
    yield pdf.together(page, NAMES, HTML, "https://book.example")
    page.close()


def outline(items, depth=0):
    for item in items:
        if isinstance(item, list):
            yield from outline(item, depth + 1)
        else:
            yield depth, item.title


def text_of(sheets) -> str:
    text = " ".join(sheet.extract_text() for sheet in sheets)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text))  # letters that are printed as one are two


def starts(book) -> dict[str, int]:
    return {item.title: book.get_destination_page_number(item) for item in book.outline if not isinstance(item, list)}


def test_chapters_stand_in_order_and_no_sheet_is_blank(book):
    titles = ["Convolutional networks", "Contents", "Four speeds", "Groups and dilation"]
    first = starts(book)
    assert list(first) == titles and list(first.values()) == sorted(first.values())
    assert len(book.pages) - first["Groups and dilation"] > 5
    for number, sheet in enumerate(book.pages, 1):
        text = sheet.extract_text()
        assert len(text.strip()) > 20, f"sheet {number} is blank"


def test_headings_are_bookmarks_and_their_text_is_there(book):
    bookmarks = list(outline(book.outline))
    assert {(1, "Groups are a block-diagonal matrix"), (2, "The effective kernel")} <= set(bookmarks)
    assert [depth for depth, title in bookmarks if title == "Groups and dilation"] == [0]
    text = text_of(book.pages[starts(book)["Groups and dilation"] :])
    for heading in ("Depthwise", "The effective kernel", "Gridding"):
        assert heading in text
    assert "https://book.example/book/03-groups-dilation.html" in text.replace(" ", "")


def test_sheets_are_numbered_through(book):
    for number, sheet in enumerate(book.pages, 1):
        if number - 1 != starts(book)["Contents"]:
            assert re.search(rf"(?m)^\s*{number}\s*$", sheet.extract_text()), number
    table = text_of([book.pages[starts(book)["Contents"]]])
    for title in ("Four speeds", "Groups and dilation"):
        assert re.search(rf"{title} {starts(book)[title] + 1}\b", table)


def test_links_between_pages_stay_in_the_file(book):
    addresses, inside = [], 0
    for sheet in book.pages:
        for link in sheet.get("/Annots", []):
            link = link.get_object()
            inside += "/Dest" in link and not isinstance(link["/Dest"], NullObject)
            if "/A" in link:
                addresses.append(str(link["/A"].get("/URI", "")))
    assert inside >= 5
    assert any(address.startswith("https://book.example/book/02-conv2d.html") for address in addresses)
    assert not [address for address in addresses if address.startswith("file:")]
    for name in NAMES:
        assert not [address for address in addresses if f"{name}.html" in address]


def test_paper_shows_no_buttons_and_is_light_after_the_dark(page, site):  # noqa: F811
    page.emulate_media(media="print")
    page.goto(f"{site}/book/03-groups-dilation.html")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert (
        page.locator("button:visible, input:visible, .bd-sidebar-primary:visible, .prev-next-area:visible").count() == 0
    )
    assert page.locator(".toggle-hidden").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_page_that_was_not_built_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.html is not there: build the book first"):
        pdf.title_of(tmp_path / "none.html")


def test_a_picture_that_did_not_load_is_named(browser, tmp_path):
    (tmp_path / "a.html").write_text('<title>A</title><img src="gone.png" alt="gone">')
    page = browser.new_page()
    with pytest.raises(ValueError, match=r"a\.html: these pictures did not load: .*gone\.png"):
        pdf.printed(page, tmp_path / "a.html", "")
    page.close()
