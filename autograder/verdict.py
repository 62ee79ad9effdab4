"""From outcomes to a verdict: which groups of cases pass, what went wrong first, and which mistake it was."""

import html
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from autograder.call import outcome_of
from autograder.compare import Difference, compare, same
from autograder.exercise import Case, Exercise, Mistake
from autograder.trial import exposures

# Where the links of the feedback lead: a course that publishes its book says so, `make book` serves it here.
BOOK = os.environ.get("CONVBOOK_URL", "http://localhost:8000/book").rstrip("/")
# The chapter of a label, by the label's first word.
CHAPTERS = {
    "filters": "01-filters",
    "conv2d": "02-conv2d",
    "groups": "03-groups-dilation",
    "backprop": "04-backprop",
}


@dataclass(frozen=True)
class Verdict:
    """Result of one exercise: points by group, the first failure of each group, the mistakes that are recognised."""

    exercise: Exercise
    failures: dict[str, tuple[Case, Difference, bool]]  # first failing case of a group; True where it is visible
    mistakes: tuple[Mistake, ...]
    counts: dict[str, int]

    @property
    def score(self) -> float:
        """Points earned: each group passed whole gives its share."""
        groups = self.exercise.groups
        earned = sum(share for group, share in groups.items() if group not in self.failures)
        return round(self.exercise.points * earned / sum(groups.values()), 2)


def find(exercise_id: str) -> Exercise:
    """The exercise of that id; raises ``ValueError`` where there is none."""
    from autograder.exercises import EXERCISES

    if exercise_id not in EXERCISES:
        raise ValueError(f"no exercise is called {exercise_id!r}; there are {', '.join(EXERCISES)}")
    return EXERCISES[exercise_id]


def outcomes(exercise: Exercise, function: Callable, cases: list[Case]) -> list[dict]:
    """Outcome of ``function`` on each case, run in this process, as the plain data that would cross to it."""
    return [outcome_of(function, exercise.probe, exercise.function, case.args) for case in cases]


def asked(exercise: Exercise, answer: Callable[[list[Case]], list[dict]], cases: list[Case]) -> list[dict]:
    """Outcomes of the cases; where the answer is a list of test inputs, what they expose."""
    if exercise.trial is None:
        return answer(cases)
    (inputs,) = answer([Case("inputs", "your inputs", ())])
    return exposures(exercise.trial, inputs, cases)


def judged_outcomes(exercise: Exercise, function: Callable, cases: list[Case]) -> list[dict]:
    """What is compared of ``function`` in this process: its outcomes, or what its test inputs expose."""
    return asked(exercise, lambda cases: outcomes(exercise, function, cases), cases)


@lru_cache(maxsize=256)
def _expected(exercise_id: str, secret: bytes | None) -> tuple[list[Case], int, list[dict]]:
    """Cases, how many of them are visible, and the reference's outcomes: computed once a run."""
    exercise = find(exercise_id)
    visible = exercise.visible_cases()
    cases = visible + (exercise.hidden_cases(secret) if secret is not None else [])
    return cases, len(visible), judged_outcomes(exercise, exercise.reference, cases)


def prepare(exercise: Exercise, secret: bytes | None) -> None:
    """Compute what is expected of an exercise, so that forks of this process have it."""
    _expected(exercise.id, secret)


@lru_cache(maxsize=2**16)
def _mistaken(exercise_id: str, secret: bytes | None, mistake: int, case: int) -> dict:
    """Outcome of one mistake on one case, computed when a diagnosis first asks for it."""
    exercise = find(exercise_id)
    return judged_outcomes(exercise, exercise.mistakes[mistake].function, [_expected(exercise_id, secret)[0][case]])[0]


def judge(exercise: Exercise, answer: Callable[[list[Case]], list[dict]], secret: bytes | None = None) -> Verdict:
    """Judge a student's work.

    ``answer(cases)`` returns the outcomes of the student's code: in this process for the instant
    check, in a worker's for the grade. ``secret``: the course's, or None for visible cases alone.
    """
    cases, n_visible, expected = _expected(exercise.id, secret)
    got = asked(exercise, answer, cases)
    failures, counts, failed = {}, {}, set()
    for k, (case, want, have) in enumerate(zip(cases, expected, got, strict=True)):
        counts[case.group] = counts.get(case.group, 0) + 1
        difference = compare(want, have, exercise.exact_type)
        if difference:
            failed.add(k)
            failures.setdefault(case.group, (case, difference, k < n_visible))
    return Verdict(exercise, failures, diagnose(exercise, cases, got, failed, secret), counts)


def diagnose(
    exercise: Exercise, cases: list[Case], got: list[dict], failed: set[int], secret: bytes | None
) -> tuple[Mistake, ...]:
    """The catalogued mistakes that explain ``got``, the surest evidence first.

    One mistake that gives the same on every case; failing that, on every case that failed; failing that,
    one for each group of cases that it explains whole, so that two mistakes in different places are both told.
    """

    def explaining(which, evidence) -> tuple[Mistake, ...]:
        """The first mistake that equals ``got`` on ``which``, if ``evidence`` has one of them for a reason."""
        for m, mistake in enumerate(exercise.mistakes):
            if all(same(got[k], _mistaken(exercise.id, secret, m, k)) for k in which) and any(
                evidence(k) for k in which
            ):
                return (mistake,)
        return ()

    def wrong_value(k: int) -> bool:  # an error alone could have come from anything
        return k in failed and "value" in got[k]

    if not failed:
        return ()
    groups = dict.fromkeys(cases[k].group for k in sorted(failed))
    by_group = [[k for k, case in enumerate(cases) if case.group == group] for group in groups]
    sure = explaining(range(len(got)), failed.__contains__) or explaining(sorted(failed), wrong_value)
    return sure or tuple(dict.fromkeys(mistake for group in by_group for mistake in explaining(group, wrong_value)))


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
        return told + trial_entries(verdict)
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
    if verdict.failures and not verdict.mistakes:
        told.append(("hint", "The book explains what this function does.", exercise.anchor))
    return told


def trial_entries(verdict: Verdict) -> list[tuple[str, str, str]]:
    """The same for an answer that is a list of inputs: how many they expose, and one that they do not."""
    exercise = verdict.exercise
    left = [wrong for wrong in exercise.trial.wrong if wrong.name in verdict.failures]
    if left and (difference := verdict.failures[left[0].name][1]).layer != "values":
        return [("failed", difference.shown, ""), ("hint", "The book explains what this asks for.", exercise.anchor)]
    exposed = f"{len(exercise.trial.wrong) - len(left)} of {len(exercise.trial.wrong)} wrong implementations exposed"
    told = [("failed" if left else "passed", exposed, "")]
    told += [("hint", mistake.sentence, mistake.anchor) for mistake in verdict.mistakes]
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
