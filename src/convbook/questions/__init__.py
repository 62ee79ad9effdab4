"""Questions inside the text: how one is written, and what is wrong with one that nobody could answer.

A question is text, then entries. An entry begins at the margin; its sentence follows, indented. What an entry is
depends on the kind:

- ``choice``: ``+ the right option``, ``- a wrong option``;
- ``number``: ``- a wrong value``, an expression as in :mod:`convbook.questions.values`;
- ``order``: ``1. a step``, in the right order, with why it stands where it does;
- ``match``: ``- one side => its other side``.

``= sentence`` says why the answer is what it is; ``choice`` has that beside its right option.
"""

import re
from dataclasses import dataclass

KINDS = ("choice", "number", "order", "match")
ENTRY = re.compile(r"([+=-]|\d+\.) (\S.*)")
MARKS = {"choice": "+-", "number": "-=", "order": "1=", "match": "-="}


class QuestionError(ValueError):
    """What is wrong with a question; ``line`` counts from its first line of text."""

    def __init__(self, message: str, line: int = 0):
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Entry:
    """One option, wrong value, step or pair; ``line`` is where it begins, ``sentence`` why it is right or wrong."""

    head: str
    sentence: str
    line: int
    right: bool = False

    @property
    def sides(self) -> tuple[str, str]:
        """The two sides of a pair."""
        left, _, other = self.head.partition("=>")
        return left.strip(), other.strip()


@dataclass(frozen=True)
class Question:
    """The text of a question, its entries as written, and why its answer is right."""

    kind: str
    text: str
    entries: tuple[Entry, ...]
    why: str


def parse(kind: str, body: list[str]) -> Question:
    """Read the lines of a question; raises ``QuestionError`` that names what cannot be.

    >>> parse("choice", ["Is it?", "+ yes", "  It is.", "- no", "  It is, though."]).entries[1].sentence
    'It is, though.'
    >>> parse("choice", ["Is it?", "- yes", "  It is.", "- no", "  No."])
    Traceback (most recent call last):
    ...
    convbook.questions.QuestionError: one option must be right, written '+ ...'; here are 0
    """
    if kind not in KINDS:
        raise QuestionError(f"kind is {kind!r}, expected one of {', '.join(KINDS)}")
    text, found = [], []
    for number, line in enumerate(body):
        match = ENTRY.fullmatch(line.rstrip())
        if match:
            found.append((match[1], match[2], [], number))
        elif not found:
            text.append(line)
        elif line.startswith("  ") or not line.strip():
            found[-1][2].append(line.strip())
        else:
            raise QuestionError(f"{line!r} neither begins an entry nor is it indented", number)
    whys, entries = [], []
    for mark, head, rest, number in found:
        if mark not in MARKS[kind] and not (kind == "order" and mark[:-1].isdigit()):
            raise QuestionError(f"{mark + ' ' + head!r} is no entry of kind {kind!r}", number)
        sentence = " ".join(filter(None, rest))
        if mark == "=":
            whys.append(f"{head} {sentence}".strip())
        else:
            entries.append(Entry(head, sentence, number, right=mark == "+"))
    question = Question(kind, "\n".join(text).strip(), tuple(entries), " ".join(whys))
    check(question)
    return question


def check(question: Question) -> None:
    """Raise ``QuestionError`` where a question has no text, no single answer, or an entry without its sentence."""
    kind, entries = question.kind, question.entries
    if not question.text:
        raise QuestionError("there is no text before the first entry")
    if kind == "choice":
        right = sum(entry.right for entry in entries)
        if right != 1:
            raise QuestionError(f"one option must be right, written '+ ...'; here are {right}")
    elif not question.why:
        raise QuestionError(f"a question of kind {kind!r} needs a line '= ...' that says why")
    if len(entries) < {"choice": 2, "number": 1, "order": 3, "match": 2}[kind]:
        raise QuestionError(f"too few entries for kind {kind!r}: {len(entries)}")
    heads = [entry.head for entry in entries]
    for entry in entries:
        if not entry.sentence:
            raise QuestionError(f"{entry.head!r} has no sentence, indented below it", entry.line)
        if heads.count(entry.head) > 1:
            raise QuestionError(f"{entry.head!r} stands here twice", entry.line)
        if kind == "match" and not all(entry.sides):
            raise QuestionError(f"{entry.head!r} is no pair 'one side => other side'", entry.line)
