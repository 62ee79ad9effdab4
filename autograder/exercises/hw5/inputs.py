"""Exercise block_inputs: the student writes the test, inputs that expose wrong basic blocks."""

import numpy as np
import torch

from autograder.compare import describe
from autograder.exercise import Mistake, rewrite
from autograder.exercises.hw5.block_answers import BasicBlock
from autograder.exercises.hw5.block_mistakes import (
    CONDITION,
    CONV1,
    CONV2,
    IDENTITY,
    INNER,
    OUTER,
    PROJECT,
    RETURN,
)
from autograder.trial import Trial, admit_array, admit_int, trial_exercise


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"resnets-{anchor}", rewrite(BasicBlock, *changes))


POOLED = "nn.AvgPool2d(stride, stride, ceil_mode=True), nn.Conv2d(c_in, c_out, 1, bias=False)"
SUBJECTS = (
    wrong(
        "ReLU before the add", "block", "It takes the ReLU before it adds.", (RETURN, "return F.relu(out) + identity")
    ),
    wrong("no ReLU at the end", "block", "It leaves out the last ReLU.", (RETURN, "return out + identity")),
    wrong(
        "shortcut without negative values",
        "skip",
        "It takes a ReLU of the shortcut before it adds.",
        (RETURN, "return F.relu(out + F.relu(identity))"),
    ),
    wrong("no skip", "skip", "It has no skip connection.", (RETURN, "return F.relu(out)")),
    wrong(
        "plain where it projects",
        "block",
        "It leaves out the skip where the shortcut would need a projection.",
        (RETURN, "return F.relu(out if self.downsample else out + identity)"),
    ),
    wrong(
        "identity's sign",
        "skip",
        "It subtracts x where the shortcut is x itself.",
        (RETURN, "return F.relu(out + identity if self.downsample else out - identity)"),
    ),
    wrong(
        "no projection for a stride",
        "block",
        "It takes every stride-th pixel for its shortcut, without a projection, where the channels stay and the stride is not 1.",
        (CONDITION, "self.stride = stride\n        if c_in != c_out:"),
        (IDENTITY, IDENTITY.replace("x if", "x[:, :, :: self.stride, :: self.stride] if")),
    ),
    wrong(
        "no projection for more channels",
        "block",
        "It fills new channels of its shortcut with zeros, without a projection, where the stride is 1.",
        (CONDITION, "self.more = c_out - c_in\n        if stride != 1 or c_in > c_out:"),
        (IDENTITY, IDENTITY.replace("x if", "F.pad(x, (0, 0, 0, 0, 0, self.more)) if")),
    ),
    wrong(
        "no projection for fewer channels",
        "block",
        "It keeps the first channels in its shortcut, without a projection, where the stride is 1 and there are fewer out than in.",
        (CONDITION, "self.c_out = c_out\n        if stride != 1 or c_in < c_out:"),
        (IDENTITY, IDENTITY.replace("x if", "x[:, : self.c_out] if")),
    ),
    wrong(
        "stride in the second convolution",
        "block",
        "It has the stride in its second convolution.",
        (CONV1, CONV1.replace("stride", "1")),
        (CONV2, CONV2.replace("3, 1", "3, stride")),
    ),
    wrong(
        "stride of 2 at most",
        "block",
        "It takes any stride above 2 for 2.",
        (CONV1, "stride = min(stride, 2)\n        " + CONV1),
    ),
    wrong(
        "shortcut by averages",
        "block",
        "It averages pixels before its projection, where it should pass over some.",
        (PROJECT, f"project = nn.Sequential({POOLED})"),
        (
            "self.downsample = nn.Sequential(project, nn.BatchNorm2d(c_out))",
            "self.downsample = nn.Sequential(project[1], nn.BatchNorm2d(c_out))\n            self.pool = project[0]",
        ),
        (IDENTITY, IDENTITY.replace("self.downsample(x)", "self.downsample(self.pool(x))")),
    ),
    wrong(
        "statistics of the batch in evaluation",
        "norm",
        "It uses the statistics of the batch in evaluation, too.",
        (IDENTITY, "self.train()\n        " + IDENTITY),
    ),
    wrong(
        "running statistics in training",
        "norm",
        "It uses the running statistics in training, too.",
        (IDENTITY, "self.eval()\n        " + IDENTITY),
    ),
    wrong(
        "skip without gradient",
        "two-paths",
        "It lets no gradient back through its shortcut.",
        (RETURN, "return F.relu(out + identity.detach())"),
    ),
    wrong(
        "no gradient to the second convolution",
        "two-paths",
        "It lets no gradient back through its main path.",
        (OUTER, OUTER.replace("(out)", "(out.detach())")),
    ),
    wrong(
        "ReLU that ends at 20",
        "block",
        "It cuts output values above 20.",
        (RETURN, "return (out + identity).clamp(0, 20)"),
    ),
    wrong(
        "leaky",
        "block",
        "It lets a hundredth of negative values through its inner ReLU.",
        (INNER, INNER.replace("F.relu", "F.leaky_relu")),
    ),
    wrong(
        "shortcut of the first image",
        "skip",
        "It adds the first image's shortcut to every image.",
        (RETURN, "return F.relu(out + identity[:1])"),
    ),
    wrong(
        "edges repeated",
        "block",
        "It pads its second convolution by repeating the edge, not with zeros.",
        (CONV2, CONV2.replace("padding=1", "padding=1, padding_mode='replicate'")),
    ),
)


def admit(x, c_out, stride, training):
    """The arguments if they make one block and few numbers."""
    x = admit_array(x, "x", 4, 1000)
    c_out, stride = admit_int(c_out, "c_out", 1, 8), admit_int(stride, "stride", 1, 4)
    if x.shape[1] > 8:
        raise ValueError(f"x has {x.shape[1]} channels, expected at most 8")
    if not isinstance(training, (bool, np.bool_)):
        raise ValueError(f"training is {describe(training)}, expected True or False")
    pixels = len(x) * int(np.prod([-(-length // stride) for length in x.shape[2:]]))
    if training and pixels < 4:
        raise ValueError(f"the output has {pixels} pixels a channel, expected 4 or more for statistics of the batch")
    return x, c_out, stride, bool(training)


def given(n, c_in, c_out, size, stride=1, training=False, seed=0, change=np.array):
    """One input of random values, changed or not."""
    x = np.random.default_rng(seed).normal(size=(n, c_in, *size))
    return change(x), c_out, stride, training


def thorough(**options):
    """Each kind of shortcut, in both modes, and one input of large values."""
    return [
        given(2, 3, 3, (5, 4), **options),
        given(2, 3, 4, (4, 5), training=True, **options),
        given(2, 4, 3, (4, 5), **options),
        given(2, 3, 3, (7, 6), 2, **options),
        given(2, 3, 4, (7, 8), 3, **options),
        given(2, 2, 2, (4, 4), **{"change": lambda x: 20 * x, **options}),
    ]


def by_hand():
    """Whole numbers in nested lists."""

    def count(*shape, times=1):
        return ((np.arange(np.prod(shape)).reshape(shape) * 7 % 11 - 5) * times).tolist()

    return [
        [count(2, 2, 4, 4, times=3), 2, 1, False],
        [count(2, 2, 4, 5), 3, 1, True],
        [count(2, 3, 4, 5), 2, 1, False],
        [count(2, 2, 6, 5), 2, 2, False],
        [count(2, 2, 8, 7), 3, 3, True],
    ]


def lacks(name, anchor, sentence, inputs):
    return Mistake(name, sentence, f"resnets-{anchor}", lambda: inputs)


ALL = thorough()
MISTAKES = (
    lacks(
        "one example",
        "test",
        "One block shows little. Take several: the same channels, more and fewer, a stride of 1 and of 3, both modes.",
        [given(2, 3, 3, (5, 4))],
    ),
    lacks("small values", "test", "What survives is seen only where values are large.", ALL[:5]),
    lacks(
        "one image",
        "test",
        "What survives is seen only with several images in the batch.",
        [(x[:1], *rest) for x, *rest in ALL],
    ),
    lacks("evaluation alone", "norm", "What survives is seen only in training.", [(*rest[:3], False) for rest in ALL]),
    lacks("training alone", "norm", "What survives is seen only in evaluation.", [(*rest[:3], True) for rest in ALL]),
    lacks(
        "no stride",
        "block",
        "What survives is seen only with a stride: 2 with the same channels, and 3.",
        [*ALL[:3], ALL[5]],
    ),
    lacks("stride of 2 at most", "block", "What survives is seen only with a stride above 2.", [*ALL[:4], ALL[5]]),
    lacks(
        "the same channels alone",
        "block",
        "What survives is seen only where the channels change: more of them, and fewer, at stride 1.",
        [ALL[0], ALL[3], given(2, 3, 3, (7, 8), 3, training=True), ALL[5]],
    ),
    lacks(
        "more channels alone",
        "block",
        "What survives is seen only where the block has fewer channels out than in, at stride 1.",
        [ALL[0], ALL[1], *ALL[3:]],
    ),
    lacks(
        "other channels alone",
        "block",
        "What survives is seen only where the channels stay the same, at stride 1 and at stride 2.",
        [ALL[1], ALL[2], ALL[4], given(2, 2, 3, (4, 4), change=lambda x: 20 * x)],
    ),
)

BLOCK_INPUTS = trial_exercise(
    "hw5.block_inputs",
    "block_inputs",
    5,
    "resnets-test",
    Trial(right=BasicBlock, wrong=SUBJECTS, admit=admit, probe="tried_block"),
    allowed=("torch",),
    probe="tensors",
    reference=thorough,
    mistakes=MISTAKES,
    variants={
        "every setting": lambda: [
            given(2, c_in, c_out, (7, 6), stride, training, change=lambda x: 4 * x)
            for c_in, c_out in [(2, 2), (2, 3), (3, 2)]
            for stride in (1, 2, 3)
            for training in (False, True)
        ],
        "whole numbers, nested lists": by_hand,
        "tensors": lambda: [(torch.tensor(x), *rest) for x, *rest in thorough(seed=1)],
        "five inputs of large values": lambda: tuple(
            given(3, *settings, seed=3, change=lambda x: 5 * x)
            for settings in [
                (2, 2, (4, 5)),
                (2, 4, (5, 4)),
                (4, 2, (3, 4)),
                (3, 3, (6, 5), 2, True),
                (3, 4, (7, 9), 4),
            ]
        ),
    },
)
