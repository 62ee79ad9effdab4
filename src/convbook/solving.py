"""Assignments in a page: ``{solve} hw1-filters`` is the released notebook, its cells to be filled and checked there.

Nothing is written twice: words, starters and grade cells come from ``exercises/``.
"""

import html
import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from convbook.solve_files import CDN, distribution, listing, wheel_of, write_files

SOLVE = re.compile(r"^```\{solve\} (\S+)\n```$", re.MULTILINE)
HEADING = re.compile(r"^(#+)(?= )", re.MULTILINE)
GUARD = """<script>addEventListener("DOMContentLoaded", () => {
  const panel = document.querySelector(".solve-panel");
  if (location.protocol === "file:") panel.querySelector(".solve-disk").hidden = false;
  else import(new URL(panel.dataset.files + "solve.mjs", location.href));
});</script>"""


def released(root: Path, assignment: str) -> Path:
    """The notebook that students get; raises ``ValueError`` where there is none."""
    path = root / "exercises" / assignment / f"{assignment}.ipynb"
    if not path.is_file():
        there = ", ".join(sorted(path.name for path in (root / "exercises").glob("hw*")))
        raise ValueError(f"no assignment {assignment!r} in exercises/; there are {there}")
    return path


def source(cell: dict) -> str:
    return "".join(cell["source"])


def as_text(cells: list[dict]) -> str:
    """The cells of a released notebook as MyST: its title left out, a directive in the place of each code cell.

    Headings are moved so that the highest are of the second level, below the page's title.

    >>> print(as_text([{"cell_type": "markdown", "source": ["# hw9\\n\\nText.\\n\\n## One"]},
    ...                {"cell_type": "code", "source": ["import numpy"]},
    ...                {"cell_type": "code", "source": ["check()"],
    ...                 "metadata": {"nbgrader": {"grade": True, "solution": False}}}]))
    Text.
    <BLANKLINE>
    ## One
    <BLANKLINE>
    ```{solve-cell} 1
    ```
    """
    parts = []
    for number, cell in enumerate(cells):
        marks = cell.get("metadata", {}).get("nbgrader", {})
        if cell["cell_type"] == "markdown" and not marks:
            parts.append(source(cell))
        elif not marks or marks["solution"]:
            parts.append(f"```{{solve-cell}} {number}\n```")
    text = re.sub(r"^# .*\n+", "", "\n\n".join(parts))
    least = min((len(level) for level in HEADING.findall(text)), default=1)
    return HEADING.sub(lambda match: "#" + match[1][least - 1 :], text)


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def expand(app: Sphinx, docname: str, content: list[str]) -> None:
    """Put an assignment's text below its ``{solve}``."""
    if found := SOLVE.search(content[0]):
        path = Path(app.srcdir, "exercises", found[1], f"{found[1]}.ipynb")
        if path.is_file():  # else the directive says what is wrong
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            content[0] = f"{content[0][: found.end()]}\n\n{as_text(cells)}\n\n{content[0][found.end() :]}"


class Solve(SphinxDirective):
    """What stands above the exercises of an assignment, which :func:`expand` has put below it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        try:
            path = released(root, self.arguments[0])
        except ValueError as error:
            raise self.error(str(error)) from error
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        if any("import torch" in source(cell) for cell in cells if cell["cell_type"] == "code"):
            raise self.error(f"{self.arguments[0]} needs PyTorch, which does not run in a page")
        style = root / "book" / "_solve" / "solve.css"
        for read in (path, style):
            self.env.note_dependency(str(read))
        self.env.temp_data["convbook_solve"] = cells
        return [raw(f"<style>{style.read_text(encoding='utf-8')}</style>"), Panel(assignment=self.arguments[0])]


class Panel(nodes.Element):
    """What stands above the exercises: written with the page, for what it says of NumPy depends on the build."""


class SolveCell(SphinxDirective):
    """One cell of the assignment that is being read, by its number."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        number = int(self.arguments[0])
        cells = self.env.temp_data["convbook_solve"]
        cell = cells[number]
        marks = cell["metadata"].get("nbgrader", {})
        name = marks.get("grade_id", f"given-{number}").removesuffix("-answer")
        kind = "given" if not marks else "written" if cell["cell_type"] == "markdown" else "answer"
        first = next(k for k, each in enumerate(cells) if each["cell_type"] == "code")
        kind = "imports" if number == first else kind
        opening = f'<div class="solve-cell" id="solve-{html.escape(name)}" data-kind="{kind}" data-cell="{number}">'
        code = nodes.literal_block(source(cell), source(cell), language="python")
        return [raw(opening), *([] if kind == "written" else [code]), raw("</div>")]


def visit_panel(writer, node) -> None:
    app = writer.builder.app
    core = Path(app.srcdir, "book", "_vendor", "pyodide")
    files = "../" * writer.builder.current_docname.count("/") + "solve/"
    wheel = app.config.convbook_numpy
    size = sum(path.stat().st_size for path in core.iterdir() if path.suffix in (".mjs", ".wasm", ".zip", ".json"))
    numpy = f"NumPy ({wheel / 1e6:.1f} MB) too" if wheel else "NumPy (a few MB) from cdn.jsdelivr.net"
    writer.body.append(
        f'<div class="solve-panel" data-assignment="{node["assignment"]}" '
        f'data-files="{files}" data-packages="{"" if wheel else CDN}" data-core="{size}" '
        f'data-numpy="{wheel}">\n'
        f"<p>Python runs here, in your browser. The first Run or Check fetches it: {size / 1e6:.0f} MB from this book, "
        f"{numpy}. After that your browser has both. Nothing you write leaves this browser.</p>\n"
        '<p class="solve-disk" hidden>You read this page from a disk, and browsers run no Python there. Open a '
        "terminal in the book's folder, the one that has <code>index.html</code> in it, and let it be served: "
        "<code>python -m http.server</code>. Then come back by way of <code>http://localhost:8000/</code>. Or solve "
        "the notebook in JupyterLab: <code>make lab</code>.</p>\n"
        "<noscript><p>Your browser runs no scripts. Solve the notebook in JupyterLab: <code>make lab</code>.</p>"
        f"</noscript>\n</div>\n{GUARD}\n"
    )
    raise nodes.SkipNode


def link_exercises(app: Sphinx, doctree, docname: str) -> None:
    """Names of functions in the table of a chapter's exercises lead to where they are solved."""
    for section in doctree.findall(nodes.section):
        topics = [name.removesuffix("-exercises") for name in section["ids"] if name.endswith("-exercises")]
        for path in [path for topic in topics for path in Path(app.srcdir, "exercises").glob(f"hw?-{topic}*/*.ipynb")]:
            page = f"book/solve-{path.stem.partition('-')[0]}"
            if page not in app.env.found_docs:
                continue
            marks = [cell["metadata"].get("nbgrader", {}) for cell in json.loads(path.read_text())["cells"]]
            names = {mark.get("grade_id") for mark in marks if mark.get("grade")}
            address = app.builder.get_relative_uri(docname, page)
            for table in section.findall(nodes.table):
                for literal in [each for each in table.findall(nodes.literal) if each.astext() in names]:
                    link = nodes.reference("", "", refuri=f"{address}#solve-{literal.astext()}", internal=True)
                    literal.parent.replace(literal, link)
                    link += literal


def configure(app: Sphinx, config) -> None:
    """Note what NumPy the builder supplies: where that changes, pages are written again. Start what takes long."""
    app.listed = listing()
    if supplied := distribution(Path(app.srcdir)):
        try:
            config.convbook_numpy = wheel_of(supplied, Path(app.srcdir, "book/_vendor/pyodide")).stat().st_size
        except ValueError as error:
            raise ExtensionError(f"PYODIDE: {error}") from error


def finish(app: Sphinx, exception) -> None:
    if exception is None and app.builder.format == "html":
        write_files(Path(app.srcdir), Path(app.outdir, "solve"), distribution(Path(app.srcdir)), app.listed)


def setup(app: Sphinx) -> None:
    app.add_directive("solve", Solve)
    app.add_directive("solve-cell", SolveCell)
    app.add_node(Panel, html=(visit_panel, None), text=(skip, None), latex=(skip, None))
    app.add_config_value("convbook_numpy", 0, "html", int)  # bytes of the wheel that comes with the book
    app.connect("config-inited", configure)
    app.connect("source-read", expand)
    app.connect("doctree-resolved", link_exercises)
    app.connect("build-finished", finish)


def skip(writer, node) -> None:
    raise nodes.SkipNode
