"""One style sheet for all pages of the book, of the rules and icons that some page can use."""

import posixpath
import re
from io import BytesIO
from pathlib import Path

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont

ADDRESS = re.compile(r"""url\((["']?)(?!["']?(?:data:|#))(.*?)\1\)""")
IMPORT = re.compile(r"""@import ["']([^"']+)["'];""")
ICONS = re.compile(r"@font-face\{[^}]*Font Awesome[^}]*\}")


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
