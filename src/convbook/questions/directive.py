"""The directives ``{question}`` and ``{progress}`` and the role ``{value}`` of the book.

Without scripts a page shows the question and, folded, its answer. ``questions.js`` makes the rest of it.
"""

import html
import json
import random
import shutil
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective, SphinxRole

from convbook.questions import Entry, Question, QuestionError, parse
from convbook.questions.values import real, written

FILES = Path(__file__).parent


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def attributes(values: dict) -> str:
    return "".join(f' {name}="{html.escape(str(value))}"' for name, value in values.items())


class Value(SphinxRole):
    """A number within a sentence, computed: ``{value}`conv_params(3, 100, 3)```."""

    def run(self):
        try:
            return [nodes.Text(written(self.text))], []
        except ValueError as error:
            source, line = self.get_source_info()
            raise ExtensionError(f"{source}:{line}: {error}") from error


class QuestionDirective(SphinxDirective):
    """A question, see :mod:`convbook.questions`; the id is unique in the book, ``answer`` and ``tolerance`` are
    a number's, ``unit`` is what the answer counts."""

    required_arguments = 1
    has_content = True
    option_spec = {name: str for name in ("kind", "answer", "tolerance", "unit")}

    def run(self):
        source, line = self.get_source_info()
        self.id = self.arguments[0]
        try:
            question = parse(self.options.get("kind", "choice"), list(self.content))
            data = {"data-question": self.id, "data-kind": question.kind, **self.numbers(question)}
            self.register(source, line)
            return self.shown(question, data)
        except QuestionError as error:
            at = self.content_offset + 1 + error.line if self.content else line
            raise ExtensionError(f"{source}:{at}: question {self.id!r}: {error}") from error
        except ValueError as error:
            raise ExtensionError(f"{source}:{line}: question {self.id!r}: {error}") from error

    def register(self, source: str, line: int) -> None:
        known = self.env.__dict__.setdefault("convbook_questions", {})
        if self.id in known and known[self.id] != (self.env.docname, line):
            raise ValueError(f"this id stands in {known[self.id][0]}, line {known[self.id][1]}, as well")
        known[self.id] = (self.env.docname, line)
        self.env.temp_data.setdefault("convbook_questions", []).append(self.id)

    def numbers(self, question: Question) -> dict:
        """What a script needs to judge a number."""
        if question.kind != "number":
            if "answer" in self.options or "tolerance" in self.options:
                raise ValueError(f"'answer' and 'tolerance' are for kind 'number', not for {question.kind!r}")
            return {}
        if "answer" not in self.options:
            raise ValueError("a question of kind 'number' needs an 'answer'")
        answer = real(self.options["answer"])
        if "tolerance" not in self.options and answer != int(answer):
            raise ValueError(f"the answer {answer!r} is not whole: it needs a 'tolerance'")
        tolerance = real(self.options.get("tolerance", "0"))
        wrong = [real(entry.head) for entry in question.entries]
        for value in wrong:
            if abs(value - answer) <= max(tolerance, 1e-9 * abs(answer)):
                raise ValueError(f"{value!r} is listed as wrong, but {answer!r} is the answer, within {tolerance!r}")
            if wrong.count(value) > 1:
                raise ValueError(f"{value!r} is listed as wrong twice")
        return {"data-answer": answer, "data-tolerance": tolerance, "data-wrong": json.dumps(wrong)} | (
            {"data-unit": self.options["unit"]} if "unit" in self.options else {}
        )

    def parsed(self, text: str, line: int = 0) -> list[nodes.Node]:
        node = nodes.Element()
        source, _ = self.get_source_info()
        self.state.nested_parse(StringList(text.splitlines(), source), self.content_offset + line, node)
        return node.children

    def inline(self, entry: Entry, text: str | None = None) -> list[nodes.Node]:
        found = self.parsed(text or entry.head, entry.line)
        if len(found) != 1 or not isinstance(found[0], nodes.paragraph):
            raise QuestionError(f"{entry.head!r} must be one paragraph", entry.line)
        return found[0].children

    def shown(self, question: Question, data: dict) -> list[nodes.Node]:
        number = len(self.env.temp_data["convbook_questions"])
        title = f"q-{self.id}-title"
        head = {"class": "convbook-question", "id": f"q-{self.id}", "role": "group", "aria-labelledby": title, **data}
        return [
            raw(f'<div{attributes(head)}><p class="q-title" id="{title}">Question {number}</p>'),
            *self.parsed(question.text),
            *getattr(self, question.kind)(question),
            raw('<details class="q-answer"><summary>Answer</summary>'),
            *self.answer(question),
            raw("</details></div>"),
        ]

    def choice(self, question: Question) -> list[nodes.Node]:
        found = [raw('<ul class="q-options">')]
        for place, entry in enumerate(question.entries):
            right = ' data-right=""' if entry.right else ""
            found += [raw(f'<li data-option="{place}"{right}><span>'), *self.inline(entry), raw("</span></li>")]
        return [*found, raw("</ul>")]

    def number(self, question: Question) -> list[nodes.Node]:
        return []

    def order(self, question: Question) -> list[nodes.Node]:
        places = list(range(len(question.entries)))
        while places == sorted(places):
            random.Random(f"{self.id}{places}").shuffle(places)
        found = [raw('<ol class="q-steps">')]
        for place in places:
            inside = self.inline(question.entries[place])
            found += [raw(f'<li data-place="{place}"><span>'), *inside, raw("</span></li>")]
        return [*found, raw("</ol>")]

    def match(self, question: Question) -> list[nodes.Node]:
        found = [raw('<ul class="q-pairs">')]
        for entry in question.entries:
            left, other = entry.sides
            choice = attributes({"data-side": other})
            found += [raw(f"<li{choice}><span>"), *self.inline(entry, left), raw("</span></li>")]
        sides = sorted({entry.sides[1] for entry in question.entries})
        return [*found, raw("</ul>"), raw(f'<p class="q-sides">To choose from: {html.escape("; ".join(sides))}.</p>')]

    def answer(self, question: Question) -> list[nodes.Node]:
        """The right answer, then what is wrong with each wrong one; the script quotes these sentences."""
        found = []
        if question.kind == "number":
            value = html.escape(f"{written(self.options['answer'])} {self.options.get('unit', '')}".strip())
            found += [raw(f'<p class="q-which">{value}</p>')]
        if question.why:
            found += [raw('<div class="q-why" data-say="right">'), *self.parsed(question.why), raw("</div>")]
        entries = sorted(enumerate(question.entries), key=lambda pair: not pair[1].right)
        for place, entry in entries:
            say = "right" if entry.right else place
            found += [raw('<div class="q-entry"><p class="q-which">'), *self.which(question, entry, place), raw("</p>")]
            found += [raw(f'<div class="q-why" data-say="{say}">'), *self.parsed(entry.sentence, entry.line)]
            found += [raw("</div></div>")]
        return found

    def which(self, question: Question, entry: Entry, place: int) -> list[nodes.Node]:
        if question.kind == "number":
            return [nodes.Text(f"Not {written(entry.head)}:")]
        if question.kind == "match":
            left, other = entry.sides
            return [*self.inline(entry, left), nodes.Text(f": {other}")]
        lead = f"{place + 1}. " if question.kind == "order" else "Right: " if entry.right else "Wrong: "
        return [nodes.Text(lead), *self.inline(entry)]


class Progress(SphinxDirective):
    """How many of the questions above are answered, in this browser."""

    def run(self):
        ids = self.env.temp_data.get("convbook_questions", [])
        if not ids:
            source, line = self.get_source_info()
            raise ExtensionError(f"{source}:{line}: there is no question above this progress")
        links = " ".join(f'<a href="#q-{id}">{number}</a>' for number, id in enumerate(ids, 1))
        known = attributes({"data-questions": json.dumps(ids)})
        return [
            raw(
                f'<div class="q-progress" role="group" aria-label="Questions of this chapter"{known}>'
                f'<p><span class="q-count">This chapter asks {len(ids)} questions.</span> '
                f'<span class="q-links">Go to {links}</span></p></div>'
            )
        ]


def purge(app: Sphinx, env, docname: str) -> None:
    known = env.__dict__.setdefault("convbook_questions", {})
    env.convbook_questions = {id: at for id, at in known.items() if at[0] != docname}


def merge(app: Sphinx, env, docnames, other) -> None:
    known = env.__dict__.setdefault("convbook_questions", {})
    for id, at in getattr(other, "convbook_questions", {}).items():
        if at[0] in docnames and known.setdefault(id, at) != at:
            raise ExtensionError(f"{at[0]}, line {at[1]}: question {id!r} stands in {known[id][0]}, too")


def copy(app: Sphinx, exception) -> None:
    if exception is None and app.builder.format == "html":
        for name in ("questions.js", "questions.css"):
            shutil.copy(FILES / name, Path(app.outdir, "_static", name))


def add_script(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """The script, on pages that ask something."""
    if doctree is not None and "convbook-question" in context.get("body", ""):
        app.add_js_file("questions.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    app.add_directive("question", QuestionDirective)
    app.add_directive("progress", Progress)
    app.add_role("value", Value())
    app.add_css_file("questions.css")
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", copy, priority=800)  # before the pages are made lighter
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
