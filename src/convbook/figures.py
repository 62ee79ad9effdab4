"""Figures of the book: one look, readable on a light and on a dark page."""

import html
import io
import re
import zlib

import matplotlib.pyplot as plt

INK = "#123456"  # stands for the page's text colour until the SVG is written
PALETTE = {"input": "#3b82c4", "kernel": "#d9822b", "output": "#2a9d8f", "wrong": "#d1495b", "neutral": "#8a8f98"}

STYLE = {
    "figure.figsize": (7.0, 2.8),
    "figure.constrained_layout.use": True,
    "axes.prop_cycle": plt.cycler(color=list(PALETTE.values())),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "axes.labelpad": 9,  # numbers along an axis take more room on a phone, where letters are larger
    "svg.fonttype": "none",
    "svg.hashsalt": "convbook",
    **{key: INK for key in ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")},
}

UNSAID = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # a page has no use for a record of each

LINES = '<style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style>'  # of every element of the page


class Picture:
    """A matplotlib figure as inline SVG with a caption, in the colours of the page around it.

    ``alt`` describes the picture to those who do not see it; ``caption`` states the finding.

    >>> with plt.rc_context(STYLE):
    ...     figure, axes = plt.subplots()
    >>> "currentColor" in Picture(figure, alt="empty axes", caption="Nothing yet.")._repr_html_()
    True
    """

    def __init__(self, figure, alt: str, caption: str):
        buffer = io.StringIO()
        # Letters, not their outlines; several images in one axes keep their own pixels.
        with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "convbook", "image.composite_image": False}):
            figure.savefig(buffer, format="svg", transparent=True, metadata=UNSAID)
        plt.close(figure)
        svg = buffer.getvalue()
        svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
        svg = svg.replace(LINES, "").replace("<svg", '<svg style="stroke-linejoin: round; stroke-linecap: butt"', 1)
        svg = re.sub(r" font-family: [^;\"]*'[^;\"]*;?", "", svg)  # the page's
        svg = re.sub(
            r'(<svg[^>]*?) width="[^"]*" height="[^"]*"|(<svg[^>]*?) height="[^"]*" width="[^"]*"', r"\1\2", svg
        )
        prefix = f"p{zlib.crc32(svg.encode()):x}-"  # ids must differ between the pictures of a page
        svg = re.sub(r'\bid="', f'id="{prefix}', svg)
        svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}", svg)
        svg = svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(alt, quote=True)}"', 1)
        svg = re.sub(r'(<text style="font-size: )([\d.]+px)', r"\1calc(\2 * var(--text, 1))", svg)  # larger on a phone
        width = figure.get_size_inches()[0] * 100
        self.html = (
            f'<figure class="convbook-figure" style="margin:1rem auto;max-width:{width:.0f}px">{svg}'
            f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        )

    def _repr_html_(self) -> str:
        return self.html
