"""Sphinx extension of the book: formulas rendered at build time, explorables without a kernel, our styles.

Nothing it puts on a page is fetched from elsewhere.
"""

import hashlib
import html
import json
import os
import shutil
import textwrap
from contextlib import ExitStack
from pathlib import Path

from docutils import nodes
from jupyter_cache import get_cache
from py_mini_racer import MiniRacer
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number

from convbook import search, solving
from convbook.executing import forked_kernels, listen_on_files
from convbook.glued import Glue
from convbook.lighten import lighten
from convbook.reading_time import ReadingTime


class Katex:
    """KaTeX in an embedded JavaScript engine, started at the first formula of a build."""

    def __init__(self, script: Path):
        self.script, self.engine, self.process = script, None, None
        self.inherited = []  # engines of a parent process: their threads are not here, and to end one would hang

    def render(self, formula: str, display: bool) -> str:
        """HTML and MathML of a formula; raises ``ExtensionError`` naming one that KaTeX cannot read."""
        if self.process != os.getpid():
            self.inherited.append(self.engine)
            self.engine, self.process = MiniRacer(), os.getpid()
            self.engine.eval(self.script.read_text(encoding="utf-8"))
        options = json.dumps({"displayMode": display, "throwOnError": True, "strict": "ignore"})
        try:
            return self.engine.eval(f"katex.renderToString({json.dumps(formula)}, {options})")
        except Exception as error:
            raise ExtensionError(f"KaTeX cannot read {formula!r}: {error}") from error

    def close(self) -> None:
        if self.engine is not None and self.process == os.getpid():
            self.engine.close()
            self.engine, self.process = None, None


def visit_inline(writer, node) -> None:
    rendered = writer.builder.app.katex.render(node.astext(), display=False)
    writer.body.append(f'<span class="math notranslate nohighlight">{rendered}</span>')
    raise nodes.SkipNode


def visit_display(writer, node) -> None:
    writer.body.append(writer.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append(writer.builder.app.katex.render(node.astext(), display=True) + "</div>")
    raise nodes.SkipNode


def sources_digest(root: Path) -> str:
    """A digest of the code that the chapters run, so that a change of it runs them again."""
    digest = hashlib.sha256()
    for folder in ("src", "autograder", "benchmarks/results", "book/experiments/results"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".mjs", ".css", ".json"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def configure(app: Sphinx, config) -> None:
    root = Path(app.srcdir)
    config.html_static_path += [str(root / "book" / "_static")]
    config.nb_execution_cache_path = str(root / "_build" / ".jupyter_cache" / sources_digest(root))
    get_cache(config.nb_execution_cache_path).list_cache_records()  # made before two processes make it at once
    for extension in app.extensions.values():
        if extension.parallel_read_safe is None:  # those of Jupyter Book that say nothing keep nothing between pages
            extension.parallel_read_safe = True
    leave_out_thebe(app)


def leave_out_thebe(app: Sphinx) -> None:
    """Thebe comes with Jupyter Book and puts scripts on every page, some of them twice, an error: we do not use it."""
    listeners = [listener for each in app.events.listeners.values() for listener in each]
    for listener in listeners:
        if listener.handler.__module__ == "sphinx_thebe":
            app.disconnect(listener.id)
    app.registry.css_files = [file for file in app.registry.css_files if "thebe" not in file[0]]  # or a link to nothing


def deal(app: Sphinx, env, docnames: list[str]) -> None:
    """Neighbours to different processes: Sphinx gives each a run of pages, and those that take long stand together."""
    docnames[:] = [name for first in range(app.parallel) for name in docnames[first :: app.parallel]]


def describe(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """What a search engine shows below the title: the first sentences of the page."""
    if doctree is None:
        return
    first = next((node.astext() for node in doctree.findall(nodes.paragraph)), "")
    text = textwrap.shorten(" ".join(first.split()), 155, placeholder=" …")
    context["metatags"] = context.get("metatags", "") + f'<meta name="description" content="{html.escape(text)}" />'


def finish(app: Sphinx, exception) -> None:
    app.until_the_end.close()
    if exception is None and app.builder.format == "html":
        target = Path(app.outdir, "_static", "katex")
        ignore = shutil.ignore_patterns("*.js", "LICENSE")
        shutil.copytree(Path(app.srcdir, "book", "_vendor", "katex"), target, ignore=ignore, dirs_exist_ok=True)
        lighten(Path(app.outdir))
        search.index(Path(app.outdir), sorted(app.env.found_docs))


def setup(app: Sphinx) -> dict:
    os.environ["CONVBOOK_STATIC"] = "1"  # the kernels of the chapters inherit it
    listen_on_files()
    app.parallel = max(app.parallel, os.cpu_count() or 1)  # for which jupyter-book has no option
    app.katex = Katex(Path(app.srcdir, "book", "_vendor", "katex", "katex.min.js"))
    app.until_the_end = ExitStack()
    app.until_the_end.callback(app.katex.close)
    app.until_the_end.enter_context(forked_kernels())  # it imports while Sphinx looks for what changed
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    app.add_post_transform(Glue)
    app.add_css_file("katex/katex.min.css")
    app.add_js_file(None, body=search.OPENER)
    app.add_js_file("reading.js", loading_method="defer")
    app.setup_extension("convbook.questions.directive")
    app.setup_extension("convbook.concept_map")
    app.add_role("reading-time", ReadingTime())
    app.connect("config-inited", configure, priority=100)
    app.connect("env-before-read-docs", deal)
    solving.setup(app)
    app.connect("html-page-context", describe)
    app.connect("build-finished", finish, priority=900)  # the theme writes its colours of code at the end, too
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
