"""How long a chapter takes to read: an estimate from what stands in it, by rates that are written here."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxRole

SECONDS = {"word": 60 / 180, "formula": 15, "line of code": 3, "picture": 20, "explorable": 120, "question": 60}
CELL = re.compile(r"^(`{3,})\{code-cell\}.*?\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
DISPLAY = re.compile(r"\$\$.*?\$\$", re.DOTALL)


def contents(text: str) -> dict[str, int]:
    """What there is to read in the source of a page; code that the page hides is not counted.

    >>> contents(chr(10).join(["Two words.", "```{question} one", "Three more words?", "```"]))["word"]
    5
    """
    code = "".join(body for _, body in CELL.findall(text))
    shown = [body for _, body in CELL.findall(text) if not re.search(r"^:tags: .*-input", body, re.MULTILINE)]
    rest = CELL.sub("", re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL))
    unread = re.compile(r"^(?:\(.*\)=|`{3,}.*|:\w+:.*)$|(?<=\])\([^)\n]*\)", re.MULTILINE)
    prose = unread.sub(" ", DISPLAY.sub(" ", rest))
    imports = re.findall(r"^from convbook\.explorables import (.+)$", code, re.MULTILINE)
    explorables = "|".join(re.findall(r"\w+", " ".join(imports))) or "none"
    return {
        "word": len(re.findall(r"[^\W\d_]\w*", prose)),
        "formula": len(DISPLAY.findall(rest)),
        "line of code": sum(bool(line.strip()) for body in shown for line in body.splitlines()),
        "picture": len(re.findall(r"^(?:Picture|matrices|table|layer_table)\(", code, re.MULTILINE)),
        "explorable": len(re.findall(rf"^(?:{explorables})[.(]", code, re.MULTILINE)),
        "question": len(re.findall(r"^```\{question\}", rest, re.MULTILINE)),
    }


def minutes(text: str) -> int:
    """Minutes for the source of a page, up to the next ten.

    >>> minutes("word " * 1800), minutes("word " * 1801)
    (10, 20)
    """
    seconds = sum(SECONDS[kind] * count for kind, count in contents(text).items())
    return 10 * -int(-round(seconds / 60, 3) // 10)


class ReadingTime(SphinxRole):
    """``{reading-time}`minutes```: the estimate for the page that it stands on."""

    def run(self):
        text = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
        return [nodes.Text(f"{minutes(text)} {self.text}")], []
