"""From outcomes to a verdict, and to the words in which students read it."""

import html
import os
from collections.abc import Callable
from dataclasses import dataclass

from autograder.compare import Difference, compare
from autograder.diagnosis import asked, diagnose, expectations
from autograder.exercise import Case, Exercise, Mistake
from autograder.parts import faulty_parts
from autograder.trial import Trial

# Where the links of the feedback lead: a course that publishes its book says so, `make book` serves it here.
BOOK = os.environ.get("CONVBOOK_URL", "http://localhost:8000/book").rstrip("/")
# The chapter of a label, by the label's first word.
CHAPTERS = {
    "filters": "01-filters",
    "conv2d": "02-conv2d",
    "groups": "03-groups-dilation",
    "backprop": "04-backprop",
    "resnets": "05-resnets",
    "visualization": "06-visualization",
    "detection": "07-detection",
}


@dataclass(frozen=True)
class Verdict:
    """Result of one exercise: points by group, the first failure of each group, the mistakes that are recognised."""

    exercise: Exercise
    failures: dict[str, tuple[Case, Difference, bool]]  # first failing case of a group; True where it is visible
    mistakes: tuple[Mistake, ...]
    counts: dict[str, int]
    faulty: tuple[Exercise, ...] = ()  # other exercises whose functions this answer calls, wrong themselves

    @property
    def score(self) -> float:
        """Points earned: each group passed whole gives its share."""
        groups = self.exercise.groups
        earned = sum(share for group, share in groups.items() if group not in self.failures)
        return round(self.exercise.points * earned / sum(groups.values()), 2)


def judge(exercise: Exercise, answer: Callable[[list[Case]], list[dict]], secret: bytes | None = None) -> Verdict:
    """Judge a student's work.

    ``answer(cases)`` returns the outcomes of the student's code: in this process for the instant
    check, in a worker's for the grade. ``secret``: the course's, or None for visible cases alone.
    """
    cases, n_visible, expected = expectations(exercise.id, secret)
    got = asked(exercise, answer, cases)
    failures: dict[str, tuple[Case, Difference, bool]] = {}
    counts: dict[str, int] = {}
    failed: set[int] = set()
    for k, (case, want, have) in enumerate(zip(cases, expected, got, strict=True)):
        counts[case.group] = counts.get(case.group, 0) + 1
        difference = compare(want, have, exercise.exact_type)
        if difference:
            failed.add(k)
            failures.setdefault(case.group, (case, difference, k < n_visible))
    if faulty := faulty_parts(exercise, answer) if failures else ():
        return Verdict(exercise, failures, (), counts, faulty)
    return Verdict(exercise, failures, diagnose(exercise, cases, expected, got, failed, secret), counts)


def link(anchor: str, book: str = BOOK) -> str:
    """Address of a paragraph of the book.

    >>> link("conv2d-padding", "https://example.org/book")
    'https://example.org/book/02-conv2d.html#conv2d-padding'
    """
    return f"{book}/{CHAPTERS[anchor.split('-')[0]]}.html#{anchor}"


def entries(verdict: Verdict) -> list[tuple[str, str, str]]:
    """What there is to tell, as ``(kind, text, anchor)``: a title, a line a group, hints with a place in the book."""
    exercise = verdict.exercise
    told = [("title", f"{exercise.function}: {verdict.score:g} of {exercise.points} points", "")]
    said = set()
    if exercise.trial:
        return told + trial_entries(verdict, exercise.trial)
    for group in exercise.groups:
        if group not in verdict.failures:
            told.append(("passed", f"{group} ({verdict.counts[group]} cases)", ""))
            continue
        case, difference, is_visible = verdict.failures[group]
        message = difference.shown if is_visible else difference.hinted
        where = case.kind if is_visible else f"a hidden case of the kind “{case.kind}”"
        told.append(("failed", f"{group}: {message}" if message in said else f"{group}: {where}: {message}", ""))
        said.add(message)
    told += [("hint", mistake.sentence, mistake.anchor) for mistake in verdict.mistakes]
    for part in verdict.faulty:
        told.append(("hint", f"{part.function}, which is called here, is wrong itself. Mend it first.", part.anchor))
    if verdict.failures and not (verdict.mistakes or verdict.faulty):
        told.append(("hint", "The book explains what this function does.", exercise.anchor))
    return told


def trial_entries(verdict: Verdict, trial: Trial) -> list[tuple[str, str, str]]:
    """The same for an answer that is a list of inputs: how many they expose, and one that they do not."""
    exercise = verdict.exercise
    left = [wrong for wrong in trial.wrong if wrong.name in verdict.failures]
    if left and (difference := verdict.failures[left[0].name][1]).layer != "values":
        return [("failed", difference.shown, ""), ("hint", "The book explains what this asks for.", exercise.anchor)]
    exposed = f"{len(trial.wrong) - len(left)} of {len(trial.wrong)} wrong implementations exposed"
    told = [("failed" if left else "passed", exposed, "")]
    told += [("hint", mistake.sentence, mistake.anchor) for mistake in verdict.mistakes[:3]]  # enough for one try
    if left:
        told.append(("hint", f"One that your inputs do not expose: {left[0].sentence}", left[0].anchor))
    return told


def report(verdict: Verdict, book: str = BOOK) -> str:
    """The verdict in plain text: one line a group, what failed first, the mistakes' sentences and links."""
    signs = {"title": "", "passed": "  ✓ ", "failed": "  ✗ ", "hint": "  → "}
    lines = []
    for kind, text, anchor in entries(verdict):
        lines.append(signs[kind] + text)
        if anchor:
            lines.append(f"    {link(anchor, book)}")
    return "\n".join(lines)


def report_html(verdict: Verdict, book: str = BOOK) -> str:
    """The same for a feedback page, the links live."""
    hint = "margin:.5em 0;padding:.25em .75em;border-left:4px solid #d9822b"
    shapes = {
        "title": "<p><strong>{}</strong></p>",
        "passed": '<p style="margin:0;color:#1f7a70">✓ {}</p>',
        "failed": '<p style="margin:0;color:#a8324a">✗ {}</p>',
        "hint": f'<p style="{hint}">{{}}</p>',
    }
    parts = []
    for kind, text, anchor in entries(verdict):
        words = html.escape(text)
        if anchor:
            address = html.escape(link(anchor, book), quote=True)
            words += f' <a href="{address}">Read on in the book</a>'
        parts.append(shapes[kind].format(words))
    return f'<div class="convbook-report">{"".join(parts)}</div>'
