"""Answers built on other answers: a fault below is told as what it is, never as one of the answer above."""

import numpy as np
import pytest
from submissions import ROOT, solution_answers, solved

from autograder.call import outcome_of
from autograder.diagnosis import outcomes
from autograder.exercises import ASSIGNMENTS, EXERCISES
from autograder.grading import grade_notebook
from autograder.release import source_notebook
from autograder.verdict import judge, report

NAME = "hw4-backprop"
CELLS = [
    cell.source
    for cell in source_notebook(ROOT / "solutions" / NAME / f"{NAME}.md", ASSIGNMENTS[NAME]).cells
    if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade")
]


def notebook(**wrong):
    """The namespace of the solution, some of its functions replaced."""
    namespace = {"np": np}
    for source in CELLS:
        exec(compile(source, NAME, "exec"), namespace)
    namespace.update(wrong)
    return namespace


def verdict_on(name, namespace, secret=None):
    exercise = EXERCISES[f"hw4.{name}"]
    return judge(exercise, lambda cases: outcomes(exercise, namespace[name], cases), secret)


def mistakes_of(name):
    return {mistake.name: mistake.function for mistake in EXERCISES[f"hw4.{name}"].mistakes}


BLOCKS = ["conv_relu_backward", "conv_bn_relu_backward", "conv_relu_pool_backward", "ThreeLayerConvNet"]


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("which", range(0, len(EXERCISES["hw4.conv_backward_naive"].mistakes), 4))
def test_a_wrong_convolution_is_no_mistake_of_what_calls_it(name, which):
    wrong = EXERCISES["hw4.conv_backward_naive"].mistakes[which].function
    verdict = verdict_on(name, notebook(conv_backward_naive=wrong))
    assert verdict.mistakes == ()
    if verdict.failures:  # a mistake with strides, say, does not show in the network
        assert [part.function for part in verdict.faulty] == ["conv_backward_naive"]
        assert "conv_backward_naive, which is called here, is wrong itself. Mend it first." in report(verdict)


@pytest.mark.parametrize(
    ("name", "below", "mistake"),
    [
        ("conv_relu_backward", "relu_backward", "no mask"),  # looks exactly like a ReLU forgotten backwards
        ("conv_relu_pool_backward", "relu_backward", "mask from dout"),
        ("conv_relu_pool_backward", "relu_forward", "identity"),
        ("conv_bn_relu_backward", "relu_backward", "no mask"),
        ("ThreeLayerConvNet", "relu_backward", "no mask"),
        ("ThreeLayerConvNet", "softmax_loss", "loss summed"),
        ("ThreeLayerConvNet", "affine_forward", "bias forgotten"),
    ],
)
def test_a_fault_that_looks_like_one_of_the_block_is_told_where_it_is(name, below, mistake):
    verdict = verdict_on(name, notebook(**{below: mistakes_of(below)[mistake]}))
    assert verdict.failures and verdict.mistakes == ()
    assert [part.function for part in verdict.faulty] == [below]


def test_the_lowest_fault_alone_is_told():
    """A network calls blocks, which call a convolution: it is the convolution that is to be mended."""
    namespace = notebook(conv_backward_naive=EXERCISES["hw4.conv_backward_naive"].mistakes[35].function)
    assert [part.function for part in verdict_on("ThreeLayerConvNet", namespace).faulty] == ["conv_backward_naive"]


@pytest.mark.parametrize("kind", ["spatial_batchnorm", "spatial_groupnorm", "batchnorm", "layernorm", "dropout"])
def test_a_wrong_forward_pass_is_told_to_the_backward_pass_that_gets_its_cache(kind):
    namespace = notebook()
    right = namespace[f"{kind}_forward"]

    def wrong(*args):
        out, cache = right(*args)
        return np.asarray(out) + 1, tuple(np.asarray(each) + 1 if np.ndim(each) else each for each in cache)

    namespace[f"{kind}_forward"] = wrong
    verdict = verdict_on(f"{kind}_backward", namespace)
    assert verdict.failures and not verdict.mistakes
    assert [part.function for part in verdict.faulty] == [f"{kind}_forward"]


def test_a_mistake_of_the_block_is_told_where_the_parts_are_right():
    namespace = notebook()
    exec("def conv_relu_backward(dout, cache):\n    return conv_backward_naive(dout, cache[0])\n", namespace)
    verdict = verdict_on("conv_relu_backward", namespace)
    assert verdict.faulty == ()
    assert [mistake.name for mistake in verdict.mistakes] == ["ReLU forgotten backwards"]


def test_a_block_that_calls_nothing_is_judged_by_itself():
    """conv_backward_naive is wrong, and this block does not use it."""
    namespace = notebook(conv_backward_naive=lambda dout, cache: None)
    inlined = EXERCISES["hw4.conv_relu_backward"]
    mistake = next(m for m in inlined.mistakes if m.name == "mask from dout")
    verdict = judge(inlined, lambda cases: outcomes(inlined, mistake.function, cases))
    assert verdict.mistakes == (mistake,) and verdict.faulty == ()
    assert verdict_on("conv_relu_backward", namespace).faulty != ()


def test_in_a_worker_too():
    """Right blocks over a wrong convolution: the points are lost, and the page says where."""
    right = solution_answers(NAME)["conv_backward_naive-answer"]
    wrong = right.replace("dw[f] += ", "dw[f] = ")
    assert wrong != right
    graded = grade_notebook(solved(NAME, conv_backward_naive=wrong), ASSIGNMENTS[NAME], b"a secret of this test")
    pages = {
        cell.metadata.nbgrader.grade_id: cell.outputs[0].data["text/plain"]
        for cell in graded.cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
    }
    for name in BLOCKS:
        assert "conv_backward_naive, which is called here, is wrong itself" in pages[name], pages[name]
    assert "affine_backward: 3 of 3 points" in pages["affine_backward"]
    assert "conv_transpose2d: 4 of 4 points" in pages["conv_transpose2d"]


@pytest.mark.parametrize("made", [None, 5, object(), type("Model", (), {"params": [1]})()])
def test_what_is_no_model_is_an_error_and_no_crash(made):
    outcome = outcome_of(lambda **options: made, "network", "f", ({}, {"W1": 0}, np.zeros(1), None, "scores"))
    assert outcome["error"] == (["TypeError"], "the model has no dictionary called params")
