"""The chapters as cards on the cover: a small picture of each, drawn in the page's colours."""

import html

import numpy as np

from convbook import kernels
from convbook.explorables.inside_net import read
from convbook.explorables.linking import source
from convbook.explorables.photo import astronaut, png
from convbook.figures import PALETTE
from convbook.page import Html

WIDTH, HEIGHT = 160, 96
INPUT, KERNEL, OUTPUT, WRONG = (PALETTE[name] for name in ("input", "kernel", "output", "wrong"))


def rect(x, y, width, height, look: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" {look}/>'


def line(x1, y1, x2, y2, look: str) -> str:
    return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" {look}/>'


def grid(x, y, rows, columns, side, look) -> str:
    """Cells of ``side`` pixels, each with the attributes ``look(i, j)``."""
    return "".join(
        rect(x + j * side + 0.75, y + i * side + 0.75, side - 1.5, side - 1.5, f'rx="1.5" {look(i, j)}')
        for i in range(rows)
        for j in range(columns)
    )


def faint(on: bool, colour: str) -> str:
    return f'fill="{colour}"' if on else f'fill="{colour}" fill-opacity=".22"'


def filters() -> str:
    """A portrait, and to the right of the middle its edges."""
    portrait = astronaut()[8:72]
    edges = np.clip(kernels.sobel_magnitude(portrait.astype(float), "replicate") / 3, 0, 255)
    half = portrait.shape[1] // 2
    pixels = np.hstack([portrait[:, :half], edges[:, half:]]).astype(np.uint8)
    return (
        f'<image width="{WIDTH}" height="{HEIGHT}" preserveAspectRatio="xMidYMid slice" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{png(pixels)}"/>'
        + line(80, 0, 80, HEIGHT, f'stroke="{KERNEL}" stroke-width="2"')
    )


def conv2d() -> str:
    """A window of 3x3 on a padded input, and the output that it makes."""
    window = grid(12, 13, 5, 5, 14, lambda i, j: faint(1 <= i <= 3 and 1 <= j <= 3, INPUT))
    frame = rect(26, 27, 42, 42, f'fill="none" stroke="{KERNEL}" stroke-width="2.5" rx="3"')
    rays = "".join(line(68, y, 121, 48, f'stroke="{KERNEL}" stroke-opacity=".6"') for y in (27, 48, 69))
    return window + rays + frame + grid(107, 27, 3, 3, 14, lambda i, j: faint((i, j) == (1, 1), OUTPUT))


def groups() -> str:
    """Channels that see only those of their own group."""
    colours, parts = (INPUT, KERNEL, OUTPUT), []
    for n in range(6):
        colour, y = colours[n // 2], 15 + 13.2 * n
        parts += [
            line(40, y, 120, 15 + 13.2 * m, f'stroke="{colour}" stroke-width="1.5"')
            for m in (n // 2 * 2, n // 2 * 2 + 1)
        ]
        parts += [f'<circle cx="{x}" cy="{y:g}" r="4.6" fill="{colour}"/>' for x in (40, 120)]
    return "".join(parts)


def backprop() -> str:
    """The Toeplitz matrix of a 2x2 filter: the same four weights in every row."""
    matrix = kernels.toeplitz_2d(np.array([[[[1, 2], [3, 4]]]]), (4, 4))

    def shade(i: int, j: int) -> str:
        return f'fill="{KERNEL}" fill-opacity="{0.1 + 0.225 * matrix[i, j]:.3g}"'

    return grid(12, 10, *matrix.shape, 8.5, shade)


def resnets() -> str:
    """Blocks in a row, and over each the way around it."""
    parts = [line(6, 62, 154, 62, 'stroke="currentColor" stroke-width="1.5"')]
    for n in range(4):
        x = 16 + 34 * n
        parts += [
            rect(x, 50, 22, 24, f'rx="4" fill="{(INPUT, INPUT, OUTPUT, OUTPUT)[n]}"'),
            f'<path d="M{x - 5} 62C{x - 5} 14 {x + 28} 14 {x + 28} 62" '
            f'fill="none" stroke="{KERNEL}" stroke-width="2.5"/>',
        ]
    return "".join(parts)


def visualization() -> str:
    """The first filters of the net that runs in the chapter, trained on digits."""
    first = read(source("inside.json"))["layers"][0]["weight"][:15, 0]
    most, parts = np.abs(first).max(), []
    for n, weights in enumerate(first):
        shade = weights / most
        parts.append(
            grid(
                11 + n % 5 * 28.5,
                8 + n // 5 * 28,
                3,
                3,
                8,
                lambda i, j, shade=shade: (
                    f'fill="{(WRONG, INPUT)[int(shade[i, j] > 0)]}" fill-opacity="{abs(shade[i, j]):.2f}"'
                ),
            )
        )
    return "".join(parts)


def detection() -> str:
    """An object, a guess at its box, and where the two overlap."""
    anchors = "".join(
        rect(80 - w / 2, 48 - h / 2, w, h, f'fill="none" stroke="{KERNEL}" stroke-dasharray="4 3"')
        for w, h in ((118, 58), (84, 84), (58, 86))
    )
    boxes = rect(38, 24, 66, 50, f'fill="{INPUT}" fill-opacity=".25" stroke="{INPUT}" stroke-width="2.5"')
    guess = rect(54, 33, 66, 50, f'fill="{OUTPUT}" fill-opacity=".3" stroke="{OUTPUT}" stroke-width="2.5"')
    return anchors + boxes + guess


def speeds() -> str:
    """Four bars, each a fraction of the one above it."""
    colours = (WRONG, KERNEL, OUTPUT, INPUT)
    return "".join(rect(14, 14 + 18 * n, 132 * 0.42**n, 12, f'rx="3" fill="{colours[n]}"') for n in range(4))


PICTURES = {
    "01-filters": filters,
    "02-conv2d": conv2d,
    "03-groups-dilation": groups,
    "04-backprop": backprop,
    "05-resnets": resnets,
    "06-visualization": visualization,
    "07-detection": detection,
    "four-speeds": speeds,
}


def cards(chapters: list[tuple[str, str, str, str]]) -> Html:
    """The chapters ``(page, title, what it is about, a line below)`` as cards, each a link with a picture.

    >>> cards([("02-conv2d", "2. Conv2d arithmetic", "sizes", "3 exercises")])._repr_html_().count("<a ")
    1
    >>> cards([("08-more", "More", "and more", "")])
    Traceback (most recent call last):
    ...
    ValueError: page must be one of ['01-filters', ..., 'four-speeds'], got '08-more'
    """
    items = []
    for page, title, about, below in chapters:
        if page not in PICTURES:
            pages = list(PICTURES)
            raise ValueError(f"page must be one of [{pages[0]!r}, ..., {pages[-1]!r}], got {page!r}")
        alt = html.escape(PICTURES[page].__doc__, quote=True)
        items.append(
            f'<li><a href="{page}.html"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{alt}">'
            f"{PICTURES[page]()}</svg><strong>{html.escape(title)}</strong>"
            f"<span>{html.escape(about)}</span><small>{html.escape(below)}</small></a></li>"
        )
    return Html(f'<ul class="convbook-cards">{"".join(items)}</ul>')
