"""JavaScript modules written into one, for hosts that load it from a URL without a folder: there "./" leads nowhere."""

import re
from importlib.resources import files

IMPORT = re.compile(r'^import (\{[^}]*\}|\* as \w+) from "\./(\w+)\.mjs";', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const) (\w+))", re.MULTILINE)
EXPORTS = re.compile(r"^export \{([\w\s,]*)\};", re.MULTILINE)


def source(name: str) -> str:
    """Text of a file of this package.

    >>> source("kernels.mjs").startswith("// The arithmetic")
    True
    """
    return files("convbook.explorables").joinpath(name).read_text(encoding="utf-8")


def module(name: str) -> str:
    """Text of the module ``name``, with all modules that it imports written before it, each once in a scope of its own.

    Each import must be of names in braces or ``* as name``, from a ``"./file.mjs"`` that imports nothing from here in
    turn; each export of such a file ``export function``, ``export const`` or ``export { names }``.

    Raises
    ------
    ValueError for an import or an export of another form.

    >>> "./kernels.mjs" in source("conv2d.mjs"), "./kernels.mjs" in module("conv2d.mjs")
    (True, False)
    >>> print(module("detector_kernels.mjs").splitlines()[-1])
    export const most = (values) => values.indexOf(Math.max(...values));
    """
    scopes: dict[str, str] = {}
    text = _linked(source(name), scopes)
    return "".join(scopes.values()) + text


def _linked(text: str, scopes: dict[str, str]) -> str:
    """``text`` with its imports as constants taken from ``scopes``, where modules not there yet are added."""

    def constants(match: re.Match) -> str:
        names, other = match.groups()
        if other not in scopes:
            scopes[other] = _scope(other, _linked(source(f"{other}.mjs"), scopes))
        return f"const {names.removeprefix('* as ').replace(' as ', ': ')} = {other}_mjs;"

    linked = IMPORT.sub(constants, text)
    if other := re.search(r"^import\b.*", linked, re.MULTILINE):
        raise ValueError(f'imports must be {{ names }} or * as name, from "./file.mjs", got {other[0]!r}')
    return linked


def _scope(name: str, text: str) -> str:
    """The module as a constant that holds its exports."""
    listed = [each for names in EXPORTS.findall(text) for each in re.findall(r"\w+", names)]
    body = EXPORT.sub("", EXPORTS.sub("", text))
    if other := re.search(r"^export\b.*", body, re.MULTILINE):
        raise ValueError(f"exports of {name}.mjs, which others import, must be names, got {other[0]!r}")
    return f"const {name}_mjs = (() => {{\n{body}return {{ {', '.join(EXPORT.findall(text) + listed)} }};\n}})();\n"
