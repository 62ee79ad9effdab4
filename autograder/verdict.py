"""From outcomes to a verdict: which groups of cases pass, what went wrong first, and which mistake it was."""

import html
import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from autograder.call import outcome_of
from autograder.compare import Difference, compare, same
from autograder.exercise import Case, Exercise, Mistake, combined
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


@lru_cache(maxsize=64)
def _pairs(exercise_id: str) -> list[tuple[Mistake, Mistake, Callable]]:
    """Every two mistakes that one answer can make at once, and such an answer."""
    pairs = itertools.combinations(find(exercise_id).mistakes, 2)
    made = ((one, other, combined(one.function, other.function)) for one, other in pairs)
    return [(one, other, function) for one, other, function in made if function is not None]


@lru_cache(maxsize=2**16)
def _paired(exercise_id: str, secret: bytes | None, pair: int, case: int) -> dict:
    """Outcome of two mistakes at once on one case."""
    exercise, (_, _, function) = find(exercise_id), _pairs(exercise_id)[pair]
    return judged_outcomes(exercise, function, [_expected(exercise_id, secret)[0][case]])[0]


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

    One mistake that does the same on every case; failing that, one for each group of cases with a failure, so
    that two mistakes in different places are both told; failing that, two that together do the same on every
    case; failing that, one that does the same on every case that failed, though it would have failed others too;
    failing that, those of the groups that could be explained.
    """
    if not failed:
        return ()
    if exercise.trial:
        return weaknesses(exercise, got, failed)
    expected = _expected(exercise.id, secret)[2]

    def alike(m: int, k: int) -> bool:
        """Whether mistake ``m`` does what ``got`` does; where an error is asked, its message is anybody's own."""
        mistaken = _mistaken(exercise.id, secret, m, k)
        if "error" in expected[k] and "error" in got[k] and "error" in mistaken:
            wanted, ours, theirs = expected[k]["error"][0][0], got[k]["error"][0], mistaken["error"][0]
            return ours[0] == theirs[0] or (wanted in ours and wanted in theirs)
        return same(got[k], mistaken)

    def contradicted(m: int) -> bool:
        """Whether it would have failed a case that passed."""
        return not all(k in failed or alike(m, k) for k in range(len(got)))

    def explaining(which, evidence) -> list[int]:
        """The mistakes that do the same on ``which``, if ``evidence`` has one of them for a reason."""
        if not any(evidence(k) for k in which):
            return []
        return [m for m in range(len(exercise.mistakes)) if all(alike(m, k) for k in which)]

    def wrong_value(k: int) -> bool:  # an error alone could have come from anything
        return k in failed and "value" in got[k]

    def told(found: list[int]) -> tuple[Mistake, ...]:
        return tuple(exercise.mistakes[m] for m in dict.fromkeys(found))

    if sure := explaining(range(len(got)), failed.__contains__):
        return told(sure[:1])
    groups = dict.fromkeys(cases[k].group for k in sorted(failed))
    found = [explaining([k for k, case in enumerate(cases) if case.group == group], wrong_value) for group in groups]
    best = [sorted(mistakes, key=contradicted)[:1] for mistakes in found]
    by_group = [m for mistakes in best for m in mistakes]
    if all(best) and not any(map(contradicted, by_group)):
        return told(by_group)
    if any(map(wrong_value, failed)):
        telling = sorted(range(len(got)), key=lambda k: (not wrong_value(k), k))  # what rules most pairs out
        for pair, (one, other, _) in enumerate(_pairs(exercise.id)):
            if all(same(got[k], _paired(exercise.id, secret, pair, k)) for k in telling):
                return one, other
    return told(explaining(sorted(failed), wrong_value)[:1] or by_group)


@lru_cache(maxsize=64)
def _survivors(exercise_id: str) -> list[set[int]]:
    """For each weakness of test inputs, the cases whose wrong implementation it does not expose."""
    exercise = find(exercise_id)
    cases = exercise.visible_cases()
    judged = [judged_outcomes(exercise, mistake.function, cases) for mistake in exercise.mistakes]
    return [{k for k, outcome in enumerate(outcomes) if outcome.get("value") == 0} for outcomes in judged]


def weaknesses(exercise: Exercise, got: list[dict], failed: set[int]) -> tuple[Mistake, ...]:
    """The catalogued weaknesses that test inputs share: all that survives a weakness survives them too.

    One that is a part of another is not told beside it.
    """
    if any("value" not in outcome for outcome in got):
        return ()
    left = _survivors(exercise.id)
    shared = [survivors for survivors in left if survivors and survivors <= failed]
    return tuple(
        mistake
        for mistake, survivors in zip(exercise.mistakes, left, strict=True)
        if survivors in shared and not any(survivors < other for other in shared)
    )


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
