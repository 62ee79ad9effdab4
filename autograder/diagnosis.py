"""What is expected of an exercise, and which mistake explains what came instead."""

import itertools
from collections.abc import Callable
from functools import cache, lru_cache

from autograder.call import outcome_of
from autograder.compare import compare, same
from autograder.exercise import Case, Exercise, Mistake, combined
from autograder.trial import Trial, exposures


def find(exercise_id: str) -> Exercise:
    """The exercise of that id; raises ``ValueError`` where there is none."""
    from autograder.exercises import EXERCISES

    if exercise_id not in EXERCISES:
        raise ValueError(f"no exercise is called {exercise_id!r}; there are {', '.join(EXERCISES)}")
    return EXERCISES[exercise_id]


def outcomes(exercise: Exercise, function: Callable, cases: list[Case]) -> list[dict]:
    """Outcome of ``function`` on each case, run in this process, as the plain data that would cross to it."""
    return [
        outcome_of(function, case.probe or exercise.probe, exercise.function, case.args, case.function)
        for case in cases
    ]


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
def expectations(exercise_id: str, secret: bytes | None) -> tuple[list[Case], int, list[dict]]:
    """Cases, how many of them are visible, and the reference's outcomes: computed once a run."""
    exercise = find(exercise_id)
    if secret is None:
        visible = exercise.visible_cases()
        return visible, len(visible), judged_outcomes(exercise, exercise.reference, visible)
    visible, count, expected = expectations(exercise_id, None)
    hidden = exercise.hidden_cases(secret)
    return visible + hidden, count, expected + judged_outcomes(exercise, exercise.reference, hidden)


def prepare(exercise: Exercise, secret: bytes | None) -> None:
    """Compute what is expected of an exercise, so that forks of this process have it."""
    expectations(exercise.id, secret)


def wrong_outcome(exercise_id: str, secret: bytes | None, function: Callable, case: int) -> dict:
    return judged_outcomes(find(exercise_id), function, [expectations(exercise_id, secret)[0][case]])[0]


@lru_cache(maxsize=2**16)
def mistaken_outcome(exercise_id: str, secret: bytes | None, mistake: int, case: int) -> dict:
    """Outcome of one mistake on one case, computed when a diagnosis first asks for it."""
    if find(exercise_id).trial:
        return mistaken_exposures(exercise_id, mistake)[case]
    if secret is not None and case < expectations(exercise_id, secret)[1]:  # visible: the same for every secret
        return mistaken_outcome(exercise_id, None, mistake, case)
    return wrong_outcome(exercise_id, secret, find(exercise_id).mistakes[mistake].function, case)


@lru_cache(maxsize=2**10)
def mistaken_exposures(exercise_id: str, mistake: int) -> list[dict]:
    """What weak test inputs expose, of all cases at once: the right answers to the inputs are the same for all."""
    exercise = find(exercise_id)
    return judged_outcomes(exercise, exercise.mistakes[mistake].function, expectations(exercise_id, None)[0])


@lru_cache(maxsize=2**18)
def is_rejected(exercise_id: str, secret: bytes | None, mistake: int, case: int) -> bool:
    """Whether a case tells a mistake from the right answer."""
    expected = expectations(exercise_id, secret)[2][case]
    got = mistaken_outcome(exercise_id, secret, mistake, case)
    return compare(expected, got, find(exercise_id).exact_type) is not None


@lru_cache(maxsize=64)
def pairs_of(exercise_id: str) -> list[tuple[Mistake, Mistake, Callable]]:
    """Every two mistakes that one answer can make at once, and such an answer."""
    pairs = itertools.combinations(find(exercise_id).mistakes, 2)
    made = ((one, other, combined(one.function, other.function)) for one, other in pairs)
    return [(one, other, function) for one, other, function in made if function is not None]


@lru_cache(maxsize=2**16)
def paired_outcome(exercise_id: str, secret: bytes | None, pair: int, case: int) -> dict:
    """Outcome of two mistakes at once on one case."""
    if secret is not None and case < expectations(exercise_id, secret)[1]:
        return paired_outcome(exercise_id, None, pair, case)
    return wrong_outcome(exercise_id, secret, pairs_of(exercise_id)[pair][2], case)


def diagnose(
    exercise: Exercise, cases: list[Case], expected: list[dict], got: list[dict], failed: set[int], secret: bytes | None
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
        return weaknesses(exercise, exercise.trial, got, failed)
    expected = expectations(exercise.id, secret)[2]

    def alike(other: dict, k: int) -> bool:
        """Whether an outcome is what ``got`` is; where an error is asked, its words may differ."""
        if "error" in expected[k] and "error" in got[k] and "error" in other:
            wanted, ours, theirs = expected[k]["error"][0][0], got[k]["error"][0], other["error"][0]
            return ours[0] == theirs[0] or (wanted in ours and wanted in theirs)
        return same(got[k], other)

    @cache
    def does(m: int, k: int) -> bool:
        """Whether a mistake does what ``got`` does, or is right where ``got`` is."""
        both_right = k not in failed and not is_rejected(exercise.id, secret, m, k)
        return both_right or alike(mistaken_outcome(exercise.id, secret, m, k), k)

    def pair_does(pair: int, k: int) -> bool:
        other = paired_outcome(exercise.id, secret, pair, k)
        both_right = k not in failed and compare(expected[k], other, exercise.exact_type) is None
        return both_right or alike(other, k)

    def contradicted(m: int) -> bool:
        """Whether it would have failed a case that passed."""
        return not all(k in failed or does(m, k) for k in range(len(got)))

    def explaining(which, evidence) -> list[int]:
        """The mistakes that do the same on ``which``, if ``evidence`` has one of them for a reason."""
        if not any(evidence(k) for k in which):
            return []
        return [m for m in range(len(exercise.mistakes)) if all(does(m, k) for k in which)]

    def wrong_value(k: int) -> bool:  # an error alone could have come from anything
        return k in failed and "value" in got[k]

    def told(found: list[int]) -> tuple[Mistake, ...]:
        return tuple(exercise.mistakes[m] for m in dict.fromkeys(found))

    # first what rules most mistakes out
    telling = sorted(range(len(got)), key=lambda k: (not wrong_value(k), k not in failed, k))
    if sure := explaining(telling, failed.__contains__):
        return told(sure[:1])
    groups = dict.fromkeys(cases[k].group for k in sorted(failed))
    found = [explaining([k for k in telling if cases[k].group == group], wrong_value) for group in groups]
    best = [sorted(mistakes, key=contradicted)[:1] for mistakes in found]
    by_group = [m for mistakes in best for m in mistakes]
    if all(best) and not any(map(contradicted, by_group)):
        return told(by_group)
    if any(map(wrong_value, failed)):
        for pair, (one, other, _) in enumerate(pairs_of(exercise.id)):
            if all(pair_does(pair, k) for k in telling):
                return one, other
    return told(explaining(sorted(failed), wrong_value)[:1] or by_group)


@lru_cache(maxsize=64)
def survivors_of(exercise_id: str) -> list[set[int]]:
    """For each weakness of test inputs, the cases whose wrong implementation it does not expose."""
    judged = [mistaken_exposures(exercise_id, mistake) for mistake in range(len(find(exercise_id).mistakes))]
    return [{k for k, outcome in enumerate(outcomes) if outcome.get("value") == 0} for outcomes in judged]


def weaknesses(exercise: Exercise, trial: Trial, got: list[dict], failed: set[int]) -> tuple[Mistake, ...]:
    """The catalogued weaknesses of test inputs: those that leave unexposed what these inputs do, and nothing else.

    Where the trial is told ``partly``, also those that leave a part of it; one that leaves a part of what another
    leaves is not told beside it.
    """
    if any("value" not in outcome for outcome in got):
        return ()
    left = survivors_of(exercise.id)
    shared = [survivors for survivors in left if survivors and survivors <= failed]
    told = [
        mistake
        for mistake, survivors in zip(exercise.mistakes, left, strict=True)
        if survivors == failed
        or (trial.partly and survivors in shared and not any(survivors < other for other in shared))
    ]
    return tuple(told if trial.partly else told[:1])
