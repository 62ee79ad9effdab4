"""Formulas that keep the punctuation around them on their line.

A browser may break a line on either side of a rendered formula, even between it and a full stop.
"""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

LONGEST = 44  # letters of TeX: a longer formula must itself be broken on a phone
OPENING = re.compile(r"[^\w\s]+$")
CLOSING = re.compile(r"^(?:[^\w\s—–]+|[’']s\b)(?!\w)")


class Glue(SphinxPostTransform):
    """Puts each short formula in a span of class ``glued`` together with what touches it: ``(``, ``.``, ``),``."""

    default_priority = 100
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for formula in list(self.document.findall(nodes.math)):
            if len(formula.astext()) <= LONGEST:
                glue(formula)


def glue(formula: nodes.math) -> None:
    """Moves the punctuation on both sides of the formula into one span with it, if there is any."""
    parent, place = formula.parent, formula.parent.index(formula)
    before = parent[place - 1] if place else None
    after = parent[place + 1] if place + 1 < len(parent) else None
    opening = OPENING.search(before) if isinstance(before, nodes.Text) else None
    closing = CLOSING.search(after) if isinstance(after, nodes.Text) else None
    if not opening and not closing:
        return
    together = [formula]
    if closing:
        together.append(nodes.Text(closing[0]))
        parent[place + 1] = nodes.Text(after[closing.end() :])
    if opening:
        together.insert(0, nodes.Text(opening[0]))
        parent[place - 1] = nodes.Text(before[: opening.start()])
    parent[place] = nodes.inline("", "", *together, classes=["glued"])
