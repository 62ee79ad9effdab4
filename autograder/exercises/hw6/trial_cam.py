"""Exercise grad_cam_inputs: the student writes the test that exposes wrong grad_cam."""

import numpy as np

from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw6.cam import PARTS, RELU, TOTAL, WEIGHTS, grad_cam
from autograder.trial import Trial, admit_array, trial_exercise

HERE = "visualization-test"


def wrong(name, sentence, *changes):
    return Mistake(name, sentence, "visualization-gradcam", rewrite(grad_cam, *changes))


WRONG = (
    wrong(
        "ReLU before the sum", "It cuts each channel's part at 0.", (TOTAL, "total = np.maximum(parts, 0).sum(axis=0)")
    ),
    wrong("no ReLU", "It returns negative values.", (RELU, "return total")),
    wrong("absolute values", "It returns the absolute value of the sum.", (RELU, "return np.abs(total)")),
    wrong("mean over channels", "It averages the channels.", (TOTAL, "total = parts.mean(axis=0)")),
    wrong("no mean", "It multiplies activations by gradients place by place.", (PARTS, "parts = grads * acts")),
    wrong("sum of gradients", "It adds the gradients of a channel up.", (WEIGHTS, "weights = grads.sum(axis=(1, 2))")),
    wrong(
        "positive gradients",
        "It cuts negative gradients off before the mean.",
        (WEIGHTS, "weights = np.maximum(grads, 0).mean(axis=(1, 2))"),
    ),
    wrong(
        "positive weights",
        "It cuts negative weights off.",
        (WEIGHTS, "weights = np.maximum(grads.mean(axis=(1, 2)), 0)"),
    ),
    wrong("size of the weights", "It takes absolute weights.", (WEIGHTS, "weights = np.abs(grads.mean(axis=(1, 2)))")),
    wrong(
        "largest gradient", "It takes the largest gradient for the mean.", (WEIGHTS, "weights = grads.max(axis=(1, 2))")
    ),
    wrong(
        "positive activations",
        "It cuts negative activations off.",
        (PARTS, "parts = weights[:, None, None] * np.maximum(acts, 0)"),
    ),
    wrong(
        "rows alone",
        "It averages gradients over rows alone.",
        (PARTS, "parts = grads.mean(axis=1, keepdims=True) * acts"),
    ),
    wrong(
        "columns alone",
        "It averages gradients over columns alone.",
        (PARTS, "parts = grads.mean(axis=2, keepdims=True) * acts"),
    ),
    wrong(
        "over the height squared",
        "It divides the sum of the gradients by the height squared.",
        (WEIGHTS, "weights = grads.sum(axis=(1, 2)) / grads.shape[1] ** 2"),
    ),
    wrong("first channel alone", "It takes the first channel alone.", (TOTAL, "total = parts[0]")),
    wrong(
        "scaled",
        "It divides the map by its largest value.",
        (RELU, "found = np.maximum(total, 0)\n    return found / max(found.max(), 1e-12)"),
    ),
    wrong(
        "0 / 0",
        "It divides by the largest value and multiplies by it again, which fails where the map is 0.",
        (RELU, "found = np.maximum(total, 0)\n    return found / found.max() * found.max()"),
    ),
)


def admit(acts, grads):
    acts, grads = (admit_array(value, name, 3, 500) for value, name in ((acts, "acts"), (grads, "grads")))
    if acts.shape != grads.shape:
        raise ValueError(f"acts has shape {acts.shape} and grads {grads.shape}, expected the same")
    return acts, grads


PLUS = (np.array([[[1.5, 2, 0], [4, 0.5, 3]]]), np.array([[[1.0, 2, 4], [3, 0.5, 1]]]))
CANCELS = (
    np.array([[[1.0, 2, 0], [0, 3, 1]], [[3, 0.5, 1], [2, 1, 0]]]),
    np.array([[[1.0, 3, 5], [2, 4, 0]], [[-1, -2, 0], [-4, -1, -1]]]),
)
MIXED = (np.array([[[1.0, 2, 5], [3, 0, 1]]]), np.array([[[-1.0, 2, 6], [-3, 1, 2]]]))
BELOW = (
    np.array([[[-1.0, 2, -3], [1, -2, 0.5]], [[-4, 1, -2], [3, -1, -5]]]),
    np.array([[[1.0, 2, 1], [2, 1, 1]], [[-1, -2, -1], [-1, -1, -3]]]),
)
NOTHING = (np.zeros((2, 2, 3)), np.ones((2, 2, 3)))
ALL = (PLUS, CANCELS, MIXED, BELOW, NOTHING)


def by_reason():
    """An input for each thing that can go wrong."""
    return list(ALL)


def at_random():
    rng = np.random.default_rng(8)
    pairs = [rng.standard_normal((2, c, h, w)) for c, h, w in [(3, 4, 5), (2, 3, 2), (4, 2, 6)]]
    return [*((acts, grads) for acts, grads in pairs), (np.zeros((1, 2, 2)), np.ones((1, 2, 2)))]


def as_lists():
    """Plain lists, two inputs."""
    acts = [[[1, 0], [2, -1], [1, 3]], [[0, 1], [-1, 1], [2, -2]]]
    return [
        ([[[1, -2, 3]], [[3, 1, 1]]], [[[5, 1, 0]], [[-2, 0, -2]]]),
        (acts, [[[1, 0], [0, 5], [2, 0]], [[0, 0], [-5, 1], [0, -1]]]),
        ([[[0], [0]]], [[[1], [1]]]),
    ]


def whole_numbers():
    """Arrays of whole numbers, float32 among them."""
    rng = np.random.default_rng(4)
    return [
        (rng.integers(-5, 6, (3, 2, 5)), rng.integers(-5, 6, (3, 2, 5))),
        (rng.integers(-5, 6, (2, 4, 3)).astype(np.float32), rng.integers(-5, 6, (2, 4, 3))),
        (np.zeros((1, 1, 2), int), np.ones((1, 1, 2), int)),
    ]


def weak(name, sentence, inputs, anchor="visualization-gradcam"):
    return Mistake(name, sentence, anchor, inputs)


def each(change):
    return lambda: [change(acts, grads) for acts, grads in ALL]


GRAD_CAM_INPUTS = trial_exercise(
    "hw6.grad_cam_inputs",
    "grad_cam_inputs",
    3,
    HERE,
    Trial(right=grad_cam, wrong=WRONG, admit=admit, partly=True),
    reference=by_reason,
    mistakes=(
        weak(
            "nothing against the class",
            "None of your mean gradients is negative in a way that shows. Take channels that speak against the class.",
            each(lambda acts, grads: (np.abs(acts), np.abs(grads))),
        ),
        weak(
            "one channel",
            "Your inputs have one channel, or one alone that counts. Take several.",
            each(lambda acts, grads: (acts[:1], grads[:1])),
        ),
        weak(
            "nothing negative in the activations",
            "None of your activations below 0 makes a difference.",
            each(lambda acts, grads: (np.abs(acts), grads)),
            HERE,
        ),
        weak(
            "equal gradients",
            "The gradients of a channel are all the same. Then their mean is as good as each of them.",
            each(lambda acts, grads: (acts, np.broadcast_to(grads.mean(axis=(1, 2), keepdims=True), grads.shape))),
        ),
        weak(
            "square maps",
            "Your maps are as high as wide. Height and width are easily taken for each other.",
            each(lambda acts, grads: (acts[:, :, :2], grads[:, :, :2] + 0.1 * np.arange(2))),
            HERE,
        ),
        weak(
            "maps of zeros",
            "None of your maps is 0 everywhere. Where nothing speaks for the class, a division may fail.",
            lambda: list(ALL[:-1]),
            HERE,
        ),
        weak(
            "nothing but zeros",
            "All your maps are 0. Whatever the weights, so is the answer.",
            lambda: [NOTHING],
            HERE,
        ),
        weak(
            "all against",
            "Nothing in your inputs speaks for the class. The answer is then 0, and many wrong versions say so too.",
            each(lambda acts, grads: (np.abs(acts), -np.abs(grads))),
        ),
        weak(
            "maps of one pixel",
            "Your maps have one pixel. A mean over it is the pixel itself.",
            each(lambda acts, grads: (acts[:, 1:, 1:2], grads[:, 1:, 1:2])),
            HERE,
        ),
        weak(
            "one row",
            "Your maps have one row, or columns alike. Then a mean over columns is the mean over everything.",
            each(lambda acts, grads: (acts[:, :1], grads[:, :1])),
            HERE,
        ),
        weak(
            "one column",
            "Your maps have one column, or rows alike. Then a mean over rows is the mean over everything.",
            each(lambda acts, grads: (acts[:, :, :1], grads[:, :, :1])),
            HERE,
        ),
    ),
    variants={
        "a pair for each reason": by_reason,
        "at random": at_random,
        "lists": as_lists,
        "whole numbers": whole_numbers,
    },
)
