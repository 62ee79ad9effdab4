"""Probes that leave a student free: any cache, any way to share at a tie, any shape of a channel's parameter."""

import numpy as np
import pytest

from autograder.call import outcome_of
from autograder.compare import compare
from autograder.probes import run

X = np.array([5.0, 5, 1, 5, 2, 3, 3, 0]).reshape(1, 1, 2, 4)  # a tie of three, and one of two
DOUT = np.array([[[[6.0, -4.0]]]])
CACHE = (X, {"pool_height": 2, "pool_width": 2, "stride": 2})


def pooled(shares):
    """Outcome of a backward pass that gives these to the pixels, as if X had been pooled 2x2."""
    return outcome_of(lambda dout, cache: np.reshape(shares, X.shape), "tied_pool", "f", (DOUT, CACHE))


FIRST = [6, 0, 0, -4, 0, 0, 0, 0]


@pytest.mark.parametrize("shares", [[0, 6, 0, -4, 0, 0, 0, 0], [3, 3, 0, -4, 0, 0, 0, 0], [1, 5, 0, -4, 0, 0, 0, 0]])
def test_any_way_to_share_at_a_tie_is_right(shares):
    assert compare(pooled(FIRST), pooled(shares)) is None


@pytest.mark.parametrize("shares", [[6, 6, 0, -4, 0, 0, 0, 0], [3, 2, 1, -4, 0, 0, 0, 0], [0, 6, -4, 0, 0, 0, 0, 0]])
def test_all_that_is_not_a_share_is_wrong(shares):
    assert compare(pooled(FIRST), pooled(shares)).layer == "values"


@pytest.mark.parametrize("result", [None, 3.0, "text", [[1, 2], [3]], np.zeros((1, 1, 4, 2)), DOUT])
def test_what_is_no_gradient_of_pooling_is_judged_as_it_is(result):
    got = outcome_of(lambda dout, cache: result, "tied_pool", "f", (DOUT, CACHE))
    assert compare(pooled(FIRST), got) is not None


def layer_outcome(part="dgamma", **functions):
    args = (X, (X, np.ones(1)), ("dx", "dgamma"), part, "forward")
    return run(functions, "layer", "backward", args)


def test_the_cache_is_the_students_own():
    one = layer_outcome(forward=lambda x, g: (x * g, (x,)), backward=lambda d, cache: (d, [(d * cache[0]).sum()]))
    other = layer_outcome(forward=lambda x, g: [x * g, {"x": x}], backward=lambda d, c: [d, [(d * c["x"]).sum()]])
    assert compare(one, other) is None
    assert one["value"] == {"returned": "(dx, dgamma)", "dgamma": [98.0]}


def test_a_channels_gradient_may_keep_four_axes():
    flat = layer_outcome(forward=lambda x, g: (x, 0), backward=lambda d, cache: (d, np.arange(3.0)))
    kept = layer_outcome(
        forward=lambda x, g: (x, 0), backward=lambda d, cache: (d, np.arange(3.0)[None, :, None, None])
    )
    assert compare(flat, kept) is None
    wrong = layer_outcome(forward=lambda x, g: (x, 0), backward=lambda d, cache: (d, np.arange(3.0)[:, None]))
    assert compare(flat, wrong).hinted.startswith("dgamma: ")


@pytest.mark.parametrize("part", ["out", "dx"])
def test_a_missing_forward_pass_is_named(part):
    outcome = layer_outcome(part, backward=lambda d, cache: (d, d))
    assert "there is no function called forward" in outcome["error"][1]
    outcome = layer_outcome("dx", forward=lambda x, g: x, backward=lambda d, cache: (d, d))
    assert outcome["error"][1] == "forward does not return a tuple of two, (out, cache)"


def beside(x):
    return 2 * x, "a cache"


def test_the_check_finds_what_stands_beside_a_function():
    outcome = outcome_of(lambda dout, cache: (dout, cache), "backward", "f", (1, (4,), ("dx", "dw"), "dw", "beside"))
    assert outcome["value"] == {"returned": "(dx, dw)", "dw": "a cache"}


def test_batch_norm_updates_a_dictionary_of_its_own():
    def norm(x, gamma, beta, bn_param):
        bn_param["running_mean"] += 1
        return x, None

    args = (X, 1, 0, {"running_mean": np.zeros(2)}, "running_mean", 2)
    outcome = run({"f": norm}, "batchnorm", "f", args)
    assert outcome == {
        "value": {"returned": "(out, cache)", "running_mean": pytest.approx([2, 2])},
        "changed inputs": [],
    }
