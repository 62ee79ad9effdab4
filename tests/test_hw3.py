"""Assignment hw3: its references against PyTorch, and mistakes told apart whatever their errors say."""

import numpy as np
import pytest
import torch
from submissions import ROOT
from torch.nn import functional

from autograder.diagnosis import outcomes
from autograder.exercises import ASSIGNMENTS, EXERCISES
from autograder.exercises.hw3 import inputs
from autograder.exercises.hw3.answers import seven_loops
from autograder.verdict import judge, report

SECRET = b"of this test"


def cases_of(name):
    exercise = EXERCISES[f"hw3.{name}"]
    return exercise.visible_cases() + exercise.hidden_cases(SECRET)


def by_torch(x, w, b, stride=1, padding=0, dilation=1, groups=1):
    x, w = (torch.from_numpy(np.asarray(each, np.float64)) for each in (x, w))
    b = None if b is None else torch.from_numpy(np.asarray(b, np.float64))
    return functional.conv2d(x, w, b, stride, padding, dilation, groups).numpy()


def same_or_both_refused(reference, oracle, args):
    try:
        wanted = oracle(*args)
    except (ValueError, RuntimeError):
        with pytest.raises(ValueError):
            reference(*args)
        return
    got = reference(*args)
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-10 * max(1.0, np.abs(wanted).max()))


@pytest.mark.parametrize("case", cases_of("grouped_conv_forward"), ids=lambda case: case.kind)
def test_the_grouped_layer_is_torch_s(case):
    def oracle(x, w, b, conv_param):
        return by_torch(x, w, b, conv_param["stride"], conv_param["pad"], 1, conv_param["groups"])

    reference = EXERCISES["hw3.grouped_conv_forward"].reference
    same_or_both_refused(lambda *args: reference(*args)[0], oracle, case.args)


@pytest.mark.parametrize("case", cases_of("conv2d"), ids=lambda case: case.kind)
def test_the_whole_layer_is_torch_s(case):
    same_or_both_refused(EXERCISES["hw3.conv2d"].reference, by_torch, case.args)


def test_dense_and_grouped_bank_do_the_same():
    for case in cases_of("block_diagonal"):
        w, groups, c_in = case.args
        x = np.random.default_rng(0).normal(size=(2, c_in, 6, 7))
        same_or_both_refused(
            lambda x, w, groups: by_torch(x, EXERCISES["hw3.block_diagonal"].reference(w, groups, x.shape[1]), None),
            lambda x, w, groups: by_torch(x, w, None, groups=groups),
            (x, w, groups),
        )


def test_parameters_are_those_of_the_layer():
    for case in cases_of("conv_params"):
        c_in, c_out, k, groups, bias = (*case.args, 1, True)[:5] if len(case.args) == 3 else (*case.args, True)[:5]
        if c_in * c_out > 10**6:
            continue

        def oracle(c_in=c_in, c_out=c_out, k=k, groups=groups, bias=bias):
            layer = torch.nn.Conv2d(c_in, c_out, k, groups=groups, bias=bias)
            return np.array(sum(each.numel() for each in layer.parameters()))

        same_or_both_refused(lambda case=case: np.array(EXERCISES["hw3.conv_params"].reference(*case.args)), oracle, ())


def test_separable_is_two_layers_with_the_share_of_multiply_adds_that_the_task_names():
    for case in cases_of("depthwise_separable"):
        x, wd, wp, stride, pad = (*case.args, 1)[:5] if len(case.args) == 4 else (*case.args, 1, 1)[:5]
        wanted = by_torch(by_torch(x, wd, None, stride, pad, 1, len(wd)), wp, None)
        got = EXERCISES["hw3.depthwise_separable"].reference(*case.args)
        np.testing.assert_allclose(got, wanted, atol=1e-10 * max(1.0, np.abs(wanted).max()))
        (F, C), taps = wp.shape[:2], wd[0, 0].size
        assert (C * taps + F * C) / (F * C * taps) == pytest.approx(1 / F + 1 / taps)


def test_shuffle_is_torch_s_and_undone_by_the_other_one():
    reference = EXERCISES["hw3.channel_shuffle"].reference
    for case in cases_of("channel_shuffle"):
        same_or_both_refused(
            reference, lambda x, g: torch.nn.ChannelShuffle(g)(torch.from_numpy(x.astype(float))).numpy(), case.args
        )
        x, g = case.args
        if x.shape[1] % g == 0:
            np.testing.assert_array_equal(reference(reference(x, g), x.shape[1] // g), x)


def test_a_dilated_kernel_does_what_dilation_does():
    reference = EXERCISES["hw3.dilate_kernel"].reference
    for case in cases_of("dilate_kernel"):
        w, d = case.args
        if d < 1:
            with pytest.raises(ValueError):
                reference(w, d)
            continue
        assert reference(w, d).shape[2:] == tuple(d * (k - 1) + 1 for k in w.shape[2:])
        x = np.random.default_rng(0).normal(size=(2, w.shape[1], *(d * k + 2 for k in w.shape[2:])))
        np.testing.assert_allclose(by_torch(x, reference(w, d), None), by_torch(x, w, None, dilation=d), atol=1e-10)


def test_one_by_one_is_linear_both_ways():
    reference = EXERCISES["hw3.conv1x1_as_linear"].reference
    for case in cases_of("conv1x1_as_linear"):
        x, w, b = (torch.from_numpy(np.asarray(each, np.float64)) for each in case.args)
        on_pixels = functional.linear(x.movedim(1, -1), w, b).movedim(-1, 1)
        np.testing.assert_allclose(reference(*case.args), on_pixels, atol=1e-9)
        np.testing.assert_allclose(reference(*case.args), functional.conv2d(x, w[:, :, None, None], b), atol=1e-9)


@pytest.mark.parametrize("draw", [inputs.three_layers, inputs.one_thing_each, inputs.drawn_at_random])
def test_what_the_trial_calls_right_is_right(draw):
    for arguments in draw():
        np.testing.assert_allclose(inputs.grouped_conv(*arguments), by_torch(*arguments), atol=1e-10)
        np.testing.assert_allclose(inputs.grouped_conv(*arguments), seven_loops(*arguments), atol=1e-10)


LAYER = inputs.layer(2, 6, 4, 2, (5, 6), (3, 2), 1, 0, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({0: np.ones((6, 5, 6))}, "x has shape (6, 5, 6), expected 4 axes"),
        ({0: np.ones((1, 6, 13, 2))}, "x has shape (1, 6, 13, 2), expected at most (4, 24, 12, 12)"),
        ({1: np.ones((4, 6, 3, 2))}, "w has shape (4, 6, 3, 2), expected 3 channels a filter"),
        ({2: np.ones(3)}, "b has shape (3,), expected (4,)"),
        ({2: None}, "b is a NoneType"),
        ({3: 5}, "stride is 5, expected an int from 1 to 4"),
        ({4: (1, 1)}, "padding is a tuple, expected an int from 0 to 4"),
        ({5: 3}, "the kernel spans 7 pixels, expected at most the 5 of the padded image"),
        ({6: 4}, "groups is 4, expected a divisor of 6 channels and 4 filters"),
    ],
)
def test_layers_that_do_not_exist_are_refused_with_the_reason(change, told):
    arguments = [change.get(index, value) for index, value in enumerate(LAYER)]
    exercise = EXERCISES["hw3.grouped_conv_inputs"]
    verdict = judge(exercise, lambda cases: outcomes(exercise, lambda: [LAYER, arguments], cases))
    assert f"input 1: {told}" in report(verdict)
    assert verdict.score == pytest.approx(0)


def test_settings_at_the_end_may_be_left_out():
    exercise = EXERCISES["hw3.grouped_conv_inputs"]
    x, w, b = inputs.layer(1, 3, 4, 1, (5, 6), (2, 2))[:3]
    verdict = judge(exercise, lambda cases: outcomes(exercise, lambda: [(x, w, b)], cases))
    left = set(verdict.failures)
    exposed = {wrong.name for wrong in exercise.trial.wrong} - left
    assert exposed == {"bias by group", "channels of a block reversed", "square kernels transposed"}


def test_the_task_says_how_many_implementations_there_are():
    exercise = EXERCISES["hw3.grouped_conv_inputs"]
    text = (ROOT / "solutions" / "hw3-groups-dilation" / "hw3-groups-dilation.md").read_text()
    assert f"through {len(exercise.trial.wrong)} wrong ones" in text and "half a point for each" in text
    assert exercise.points / len(exercise.trial.wrong) == pytest.approx(0.5)


def test_what_is_said_about_inputs_is_true_of_them():
    """Images of zeros in two groups: none of our own lists misses just what this one misses."""
    exercise = EXERCISES["hw3.grouped_conv_inputs"]
    x, w, b, *settings = inputs.layer(2, 4, 4, 2, (5, 5), (3, 3), 1, 1)
    verdict = judge(exercise, lambda cases: outcomes(exercise, lambda: [(0 * x, w, b, *settings)], cases))
    assert 0 < verdict.score < exercise.points
    assert verdict.mistakes == ()
    assert "One that your inputs do not expose: " in report(verdict)


@pytest.mark.parametrize("exercise", ASSIGNMENTS["hw3-groups-dilation"], ids=lambda exercise: exercise.function)
def test_a_mistake_is_named_whatever_its_right_errors_say(exercise):
    """A student who refuses bad input does it in words of their own."""

    def reworded(function):
        def answer(*args):
            try:
                return function(*args)
            except ValueError:
                try:
                    exercise.reference(*args)
                except ValueError:
                    raise ValueError("in my own words") from None
                raise

        return answer

    for mistake in exercise.mistakes:
        answer = reworded(mistake.function)
        verdict = judge(exercise, lambda cases, answer=answer: outcomes(exercise, answer, cases))
        assert [named.name for named in verdict.mistakes] == [mistake.name]
