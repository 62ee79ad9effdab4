"""The grader, graded: no catalogued mistake passes, each is named, every right variant gets all points."""

import json
import re
import warnings
from urllib.parse import urlsplit

import numpy as np
import pytest
from submissions import ROOT

from autograder.diagnosis import expectations, is_rejected, judged_outcomes, outcomes, pairs_of
from autograder.exercise import combined, rewrite
from autograder.exercises import ASSIGNMENTS, EXERCISES
from autograder.killmatrix import kill_rows
from autograder.verdict import judge, link
from convbook import kernels

RECORDED = json.loads((ROOT / "book/experiments/results/kills.json").read_text(encoding="utf-8"))
SECRETS = [b"the first of three secrets", b"another", bytes(range(32))]
# the longest first; all tests of an exercise in a row and in one process, which computes its mistakes' outcomes once
LISTED = sorted(EXERCISES.values(), key=lambda exercise: -len(exercise.mistakes))
HIDING = [exercise for exercise in LISTED if exercise.trial is None]
ALL = pytest.mark.parametrize("exercise", LISTED, ids=lambda exercise: exercise.id, scope="module")
WITH_HIDDEN = pytest.mark.parametrize("exercise", HIDING, ids=lambda exercise: exercise.id, scope="module")


def answered_by(exercise, function):
    """What ``judge`` asks, answered by ``function``, which is called once a case, however often it is judged."""
    answered = {}

    def answer(cases):
        for case in cases:
            if id(case) not in answered:
                answered[id(case)] = case, *outcomes(exercise, function, [case])
        return [answered[id(case)][1] for case in cases]

    return answer


@ALL
def test_no_mistake_survives_the_visible_cases(exercise):
    rows = kill_rows(exercise)
    assert len(rows) == len(exercise.mistakes)
    assert [name for name, row in rows.items() if "#" not in row] == []
    assert rows == RECORDED[exercise.id], "make kills, and look at what changed"


@WITH_HIDDEN
@pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
def test_no_mistake_survives_the_hidden_cases(exercise, secret):
    cases, visible, _ = expectations(exercise.id, secret)
    hidden = range(visible, len(cases))
    killed = [any(is_rejected(exercise.id, secret, k, case) for case in hidden) for k in range(len(exercise.mistakes))]
    assert [m.name for m, dead in zip(exercise.mistakes, killed, strict=True) if not dead] == []


@ALL
def test_each_mistake_is_named_and_loses_points(exercise):
    for mistake in exercise.mistakes:
        answer = answered_by(exercise, mistake.function)
        for secret in (None, SECRETS[0]):  # visible cases alone, and hidden ones too
            verdict = judge(exercise, answer, secret)
            assert [named.name for named in verdict.mistakes] == [mistake.name], secret
            assert verdict.score < exercise.points, (mistake.name, secret)


@ALL
def test_every_variant_gets_all_points(exercise):
    assert len(exercise.variants) >= 3
    for name, variant in {"reference": exercise.reference, **exercise.variants}.items():
        answer = answered_by(exercise, variant)
        for secret in SECRETS:
            verdict = judge(exercise, answer, secret)
            assert not verdict.failures, f"{name}: {verdict.failures}"
            assert verdict.score == pytest.approx(exercise.points)


@ALL
def test_nothing_earns_nothing(exercise):
    """No group of cases can be passed by an answer that does no work."""

    def raises(error):
        def function(*args, **kwargs):
            raise error

        return function

    idle = [lambda *args, value=value: value for value in (None, 0, 1, 0.0, (), [], "")]
    idle += [raises(ValueError()), raises(NotImplementedError()), raises(RecursionError()), lambda x, *rest: x]
    for function in idle:
        verdict = judge(exercise, answered_by(exercise, function), SECRETS[0])
        assert verdict.score == pytest.approx(0), verdict


@WITH_HIDDEN
def test_hidden_cases_follow_from_the_secret_alone(exercise):
    def drawn(secret):
        return repr([case.args for case in exercise.hidden_cases(secret)])

    assert drawn(SECRETS[0]) == drawn(SECRETS[0])
    assert drawn(SECRETS[0]) != drawn(SECRETS[1])


def test_two_mistakes_in_different_places_are_both_told():
    exercise = EXERCISES["hw2.conv_forward_naive"]
    mistakes = {mistake.name: mistake for mistake in exercise.mistakes}
    padding, stride = mistakes["circular padding"], mistakes["windows not strided"]

    def both(x, w, b, conv_param):
        wrong = stride if conv_param["stride"] > 1 else padding
        return wrong.function(x, w, b, conv_param)

    verdict = judge(exercise, answered_by(exercise, both), SECRETS[0])
    assert set(verdict.mistakes) == {padding, stride}
    assert verdict.score == pytest.approx(13)


def test_the_words_of_an_error_that_is_right_are_anybodys():
    """A mistake elsewhere is still recognised by every case, whatever a student's ValueError says."""

    def students(img, g, mode):
        if any(k % 2 == 0 for k in g.shape):
            raise ValueError("words of my own")
        return np.zeros(img.shape) + kernels.correlate2d(
            np.pad(img, [(k // 2,) * 2 for k in g.shape], mode), g, "valid"
        )

    exercise = EXERCISES["hw1.filter_same"]
    (named,) = judge(exercise, answered_by(exercise, students), SECRETS[0]).mistakes
    assert named.name == "NumPy's names"


def test_nothing_is_told_that_a_passed_case_refutes():
    """Two modes reflect, a third is right: two sentences of a mode each, and not that the mode makes no difference."""

    def students(img, g, mode):
        if any(k % 2 == 0 for k in g.shape):
            raise ValueError
        halves = [(k // 2,) * 2 for k in g.shape]
        return kernels.correlate2d(np.pad(img, halves, "constant" if mode == "zeros" else "reflect"), g, "valid")

    exercise = EXERCISES["hw1.filter_same"]
    named = judge(exercise, answered_by(exercise, students), SECRETS[0]).mistakes
    assert {mistake.name for mistake in named} == {"reflect for replicate", "reflect for circular"}


def test_an_error_of_another_kind_is_recognised_by_its_kind():
    def students(img, g, mode):
        assert g.shape[0] % 2 and g.shape[1] % 2, "words of my own"
        return exercise.reference(img, g, mode)

    exercise = EXERCISES["hw1.filter_same"]
    (named,) = judge(exercise, answered_by(exercise, students), SECRETS[0]).mistakes
    assert named.name == "AssertionError"


@ALL
def test_two_mistakes_at_once_are_told(exercise):
    """Some pairs, drawn by a fixed rule: the two are told, or others that give exactly the same."""
    pairs = pairs_of(exercise.id)
    for one, other, function in pairs[:: max(1, len(pairs) // 4)]:
        verdict = judge(exercise, answered_by(exercise, function), SECRETS[0])
        layers = {difference.layer for _, difference, _ in verdict.failures.values()}
        if layers - {"runs"}:  # two wrongs can make a right, and an error alone could have come from anything
            assert verdict.mistakes, f"{one.name} and {other.name}"


def test_two_mistakes_in_one_group_are_both_named():
    exercise = EXERCISES["hw2.conv_forward_naive"]
    mistakes = {mistake.name: mistake for mistake in exercise.mistakes}
    two = mistakes["kernel flipped"], mistakes["bias forgotten"]
    verdict = judge(exercise, answered_by(exercise, combined(*(mistake.function for mistake in two))), SECRETS[0])
    assert verdict.mistakes == two
    assert verdict.score == pytest.approx(0)


@ALL
def test_catalogue_is_complete_enough_to_help(exercise):
    least = 25 if exercise.function == "conv_forward_naive" else 3 if exercise.trial else 8
    assert len(exercise.mistakes) >= least
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert all(mistake.sentence.endswith(".") for mistake in exercise.mistakes)
    assert {case.group for case in exercise.visible_cases()} <= set(exercise.groups)


@WITH_HIDDEN
def test_every_group_has_hidden_cases(exercise):
    assert {case.group for case in exercise.hidden_cases(SECRETS[0])} == set(exercise.groups)


@ALL
def test_a_trial_has_enough_to_expose(exercise):
    """Each wrong implementation does something else than the right one, and the reference's inputs show it."""
    if exercise.trial:
        wrong = exercise.trial.wrong
        assert len(wrong) >= 8 and all(each.sentence.startswith("It ") for each in wrong)
        cases = exercise.visible_cases()
        assert [got["value"] for got in judged_outcomes(exercise, exercise.reference, cases)] == [1] * len(wrong)


@ALL
def test_every_link_leads_to_a_paragraph(exercise):
    subjects = exercise.trial.wrong if exercise.trial else ()
    for anchor in {exercise.anchor, *(mistake.anchor for mistake in [*exercise.mistakes, *subjects])}:
        page = urlsplit(link(anchor, "")).path.removesuffix(".html")
        assert f"\n({anchor})=\n" in (ROOT / "book" / f"{page.strip('/')}.md").read_text()


def test_every_exercise_has_its_matrix_in_the_book():
    page = (ROOT / "book" / "grader.md").read_text()
    assert re.findall(r'^matrices\("(.+)"\)$', page, re.MULTILINE) == list(ASSIGNMENTS)
    assert list(RECORDED) == list(EXERCISES)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_points_add_up_to_a_hundred_with_what_is_graded_by_hand(assignment):
    source = (ROOT / "solutions" / assignment / f"{assignment}.md").read_text()
    by_hand = sum(map(int, re.findall(r'"written": "[^"]+", "points": (\d+)', source)))
    assert by_hand and sum(exercise.points for exercise in ASSIGNMENTS[assignment]) + by_hand == 100


def test_warnings_stay_out_of_the_check(capfd):
    """nbgrader takes anything on stderr for a failure, also a warning of a catalogued mistake."""
    from autograder import check

    def warns(x):
        warnings.warn("a warning of the student's", stacklevel=1)
        return np.float64(1) / np.float64(0) + x.mean(axis=(2, 3))

    check("hw2.global_avg_pool", warns)
    assert capfd.readouterr().err == ""


def test_rewriting_needs_exactly_one_place():
    with pytest.raises(ValueError, match=r"'function' occurs \d+ times in answered_by, not once"):
        rewrite(answered_by, ("function", "answer"))
