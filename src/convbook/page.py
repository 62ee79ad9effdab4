"""Small helpers of the chapters: matrices and tables as HTML, numbers for the sentences."""

import html

import numpy as np
from IPython.core.formatters import format_display_data
from IPython.display import publish_display_data

from convbook.lecture_numbers import slips_table

CELL = "padding:.15rem .5rem;text-align:right;white-space:nowrap"
LEFT = "padding:.15rem .5rem;text-align:left"
MONO = "font-family:var(--pst-font-family-monospace,monospace);font-size:.85em;overflow-wrap:anywhere"


class Html:
    """Something with an HTML form, for a notebook to show."""

    def __init__(self, text: str):
        self.text = text

    def _repr_html_(self) -> str:
        return self.text


def matrices(**arrays) -> Html:
    """2-D arrays side by side, each under its name (underscores shown as spaces).

    >>> "<caption" in matrices(filter_0=[[1, 2], [0, 0.5]]).text
    True
    """
    blocks = []
    for name, values in arrays.items():
        rows = "".join(
            "<tr>" + "".join(f'<td style="{CELL}">{v:g}</td>' for v in row) + "</tr>" for row in np.asarray(values)
        )
        caption = f'<caption style="white-space:nowrap">{html.escape(name.replace("_", " "))}</caption>'
        blocks.append(f'<table class="dataframe" style="margin:0">{caption}{rows}</table>')
    style = "display:flex;flex-wrap:wrap;gap:1rem 2rem;align-items:flex-end;margin:1rem 0"
    return Html(f'<div style="{style}">{"".join(blocks)}</div>')


def table(header, rows) -> Html:
    """A table with a header row; the first column names the row. Cells may hold HTML.

    >>> table(["layer", "size"], [["conv1", 28]]).text.count("<td")
    1
    """
    head = "".join(
        f'<th scope="col" style="{CELL if n else LEFT}">{text}</th>' if text else "<td></td>"
        for n, text in enumerate(header)
    )
    body = "".join(
        f'<tr><th scope="row" style="{LEFT}">{row[0]}</th>'
        + "".join(f'<td style="{CELL}">{cell}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return Html(
        f'<div style="overflow-x:auto" tabindex="0"><table class="dataframe"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def tiny(value: float) -> str:
    """A rounding error as text: 0, or one digit and a power of ten.

    >>> tiny(0.0), tiny(1.8e-15)
    ('0', '2e-15')
    """
    return f"{value:.0e}" if value else "0"


def slips(chapter: str) -> Html:
    """The slips of a chapter, a table a lecture: what it is, why, what is printed and what is right.

    >>> slips("backprop").text.count("<table")
    4
    """
    by_lecture: dict[str, list[str]] = {}
    for lecture, what, printed, right, note in slips_table(chapter):
        title = what[0].upper() + what[1:]
        by_lecture.setdefault(lecture, []).append(
            f'<tr><th scope="rowgroup" style="text-align:left;padding:.6rem .5rem .2rem">{html.escape(title)}'
            f'<div style="font-weight:normal">{html.escape(note)}</div></th></tr>'
            '<tr><td style="padding:.2rem .5rem .6rem;text-align:left">'
            '<div style="display:flex;flex-wrap:wrap;gap:.2rem 1.5rem">'
            f"{_side('Printed', printed)}{_side('Right', right)}</div></td></tr>"
        )
    tables = (
        f'<table class="dataframe" style="width:100%"><caption style="text-align:left">{html.escape(lecture)}</caption>'
        f"{''.join(rows)}</table>"
        for lecture, rows in by_lecture.items()
    )
    return Html("".join(tables))


def _side(name, text):
    """A matrix of letters in rows, anything else as it stands."""
    rows = text.split("; ")
    if len(rows) > 2 and all(len(word) <= 2 for row in rows for word in row.split()):
        look = f"{MONO};line-height:1.35;margin:.2rem 0 0;padding:.4rem .6rem"
        return f'<div>{name}:<pre style="{look}">' + "\n".join(rows) + "</pre></div>"
    return f'<div style="flex-basis:100%">{name}: <span style="{MONO}">{html.escape(text)}</span></div>'


def tell(**values) -> None:
    """Keep values for the sentences of the page, as ``{glue:text}`` finds them.

    What ``myst_nb.glue`` publishes, without the second that each page would take to import it.
    """
    for name, value in values.items():
        bundle, metadata = format_display_data(value if isinstance(value, str) else float(value))
        kept = {f"application/papermill.record/{kind}": data for kind, data in bundle.items()}
        publish_display_data(
            kept, {**metadata, "scrapbook": {"name": name, "mime_prefix": "application/papermill.record/"}}
        )
