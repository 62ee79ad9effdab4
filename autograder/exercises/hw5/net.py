"""Exercise resnet."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw4.pairs import beside
from autograder.exercises.hw5.block_answers import BasicBlock
from autograder.exercises.hw5.bottleneck_answers import Bottleneck
from autograder.exercises.hw5.cases import counted, image
from autograder.exercises.hw5.net_answers import as_class, functional, resnet
from autograder.exercises.hw5.stage import make_stage


def filled(rng, group, kind, depth, num_classes, size, of_parts=False, n=2):
    """A case that runs a network whose weights are filled from a few values."""
    values = image(rng, 5003).clip(-2.5, 2.5)
    return Case(group, kind, ("network", (int(depth), int(num_classes)), values, image(rng, n, 3, *size), of_parts))


def draw(rng):
    shallow, deep, ends, whole = "parameters, 18 and 34", "parameters, 50 and more", "stem and head", "whole network"
    many = [int(k) for k in rng.integers(5, 200, 4)]
    H, W = (int(k) for k in rng.permutation([19, 22, 25, 28])[:2])
    return [
        counted(shallow, "depth 18, other classes", 18, many[0]),
        counted(shallow, "depth 34, other classes", 34, many[1]),
        counted(shallow, "a depth that there is not", int(rng.choice([17, 20, 36]))),
        counted(deep, "depth 50, other classes", 50, many[2]),
        counted(deep, "depth 101", 101),
        counted(deep, "depth 152", 152),
        counted(deep, "a depth that there is not", int(rng.choice([110, 151, 200]))),
        filled(rng, ends, "the stages left out, depth 50", 50, many[2], (W, H), True),
        filled(rng, whole, "depth 50", 50, many[0], (W, H), n=1),
    ]


CONV1 = 'layers["conv1"] = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)'
BN1, RELU = 'layers["bn1"] = nn.BatchNorm2d(64)', 'layers["relu"] = nn.ReLU()'
POOL = 'layers["maxpool"] = nn.MaxPool2d(3, 2, padding=1)'
WIDTH, STRIDE = "width = 64 * 2**number", "stride = 1 if number == 0 else 2"
C_IN = "c_in = width * block.expansion"
GAP, FC = 'layers["avgpool"] = nn.AdaptiveAvgPool2d(1)', 'layers["fc"] = nn.Linear(c_in, num_classes)'
RAISE = 'raise ValueError(f"depth is {depth}, expected one of {sorted(blocks)}")'
BLOCK = "block = BasicBlock if depth < 50 else Bottleneck"
ADDED = "return F.relu(out + identity)"


def wrong(name, anchor, sentence, *changes, **others):
    function = rewrite(resnet, *changes) if changes else resnet
    return Mistake(name, sentence, f"resnets-{anchor}", beside(function, **others) if others else function)


MISTAKES = (
    wrong(
        "conv2_x strided",
        "stages",
        "Your first stage has stride 2. The max pooling has made the map smaller already: only layer2 to layer4 have stride 2.",
        (STRIDE, "stride = 2"),
    ),
    wrong(
        "no stage strided",
        "stages",
        "None of your stages has a stride. layer2 to layer4 begin with stride 2.",
        (STRIDE, "stride = 1"),
    ),
    wrong(
        "all blocks strided",
        "stages",
        "Every block of your stages has the stride. Only the first block of layer2 to layer4 has it.",
        make_stage=rewrite(make_stage, ("block(c_out, width, 1)", "block(c_out, width, stride)")),
    ),
    wrong(
        "max pooling without padding",
        "table",
        "Your max pooling has no padding, so 112 pixels become 55 and not 56. Pad by 1.",
        (POOL, 'layers["maxpool"] = nn.MaxPool2d(3, 2)'),
    ),
    wrong(
        "max pooling of 2x2",
        "table",
        "Your max pooling has windows of 2x2. They are 3x3, with stride 2 and padding 1.",
        (POOL, 'layers["maxpool"] = nn.MaxPool2d(2, 2)'),
    ),
    wrong(
        "no max pooling",
        "table",
        "Your stem has no max pooling: the stages work on maps of twice the size.",
        (POOL, ""),
    ),
    wrong(
        "average pooling in the stem",
        "table",
        "Your stem averages. It takes the maximum; the average stands at the end.",
        (POOL, 'layers["maxpool"] = nn.AvgPool2d(3, 2, padding=1)'),
    ),
    wrong(
        "first convolution without padding",
        "table",
        "Your first convolution has no padding, so 224 pixels become 109 and not 112. A 7x7 kernel needs 3.",
        (CONV1, CONV1.replace("padding=3, ", "")),
    ),
    wrong(
        "first convolution without stride",
        "table",
        "Your first convolution has stride 1. It has stride 2.",
        (CONV1, CONV1.replace("7, 2,", "7, 1,")),
    ),
    wrong(
        "first convolution of 3x3",
        "table",
        "Your first convolution is 3x3, as in networks for small images. Here it is 7x7.",
        (CONV1, CONV1.replace("7, 2, padding=3", "3, 2, padding=1")),
    ),
    wrong(
        "first convolution with bias",
        "norm",
        "Your first convolution has a bias. A batch norm follows: bias=False.",
        (CONV1, CONV1.replace(", bias=False", "")),
    ),
    wrong(
        "no ReLU in the stem",
        "table",
        "Your stem has no ReLU between its batch norm and the max pooling.",
        (RELU, ""),
    ),
    wrong(
        "no batch norm in the stem",
        "norm",
        "Your stem has no batch norm, bn1, behind its convolution.",
        (BN1, ""),
    ),
    wrong(
        "widths doubled at once",
        "stages",
        "Your first stage is 128 wide. It is 64 wide, and each further one twice as wide as the one before.",
        (WIDTH, "width = 64 * 2 ** (number + 1)"),
    ),
    wrong(
        "widths not doubled",
        "stages",
        "All your stages are 64 wide. Each has twice the width of the one before: 64, 128, 256, 512.",
        (WIDTH, "width = 64"),
    ),
    wrong(
        "expansion forgotten",
        "stages",
        "Between two stages you forget block.expansion: a stage of bottlenecks returns four times its width.",
        (C_IN, "c_in = width"),
    ),
    wrong(
        "basic blocks at every depth",
        "table",
        "You build all depths of basic blocks. From 50 on it is bottlenecks.",
        (BLOCK, "block = BasicBlock"),
    ),
    wrong(
        "bottlenecks at every depth",
        "table",
        "You build all depths of bottlenecks. 18 and 34 have basic blocks.",
        (BLOCK, "block = Bottleneck"),
    ),
    wrong(
        "bottlenecks from 34 on",
        "table",
        "Your ResNet-34 has bottlenecks. It counts like ResNet-50, (3, 4, 6, 3), but its blocks are basic ones.",
        (BLOCK, "block = BasicBlock if depth < 34 else Bottleneck"),
    ),
    wrong(
        "34 like 18",
        "table",
        "Your ResNet-34 has the blocks of ResNet-18. It has 3, 4, 6 and 3: 2 * 16 + 2 = 34 layers.",
        ("34: (3, 4, 6, 3)", "34: (2, 2, 2, 2)"),
    ),
    wrong(
        "101 like 50",
        "table",
        "The third stage of your ResNet-101 is too short. It has 23 blocks: 3 * (3 + 4 + 23 + 3) + 2 = 101 layers.",
        ("101: (3, 4, 23, 3)", "101: (3, 4, 6, 3)"),
    ),
    wrong(
        "152 like 101",
        "table",
        "The stages of your ResNet-152 are those of ResNet-101. It has 3, 8, 36 and 3 blocks: 3 * 50 + 2 = 152 layers.",
        ("152: (3, 8, 36, 3)", "152: (3, 4, 23, 3)"),
    ),
    wrong(
        "num_classes ignored",
        "head",
        "Your network has 1000 outputs whatever num_classes is.",
        (FC, 'layers["fc"] = nn.Linear(c_in, 1000)'),
    ),
    wrong(
        "fc without bias",
        "head",
        "Your last layer has no bias. No batch norm follows it, so it needs one.",
        (FC, 'layers["fc"] = nn.Linear(c_in, num_classes, bias=False)'),
    ),
    wrong(
        "softmax at the end",
        "head",
        "Your network ends in a softmax. It returns scores; the loss takes the softmax.",
        (FC, FC + '\n    layers["softmax"] = nn.Softmax(dim=1)'),
    ),
    wrong(
        "ReLU at the end",
        "head",
        "Your network ends in a ReLU. Scores may be negative.",
        (FC, FC + '\n    layers["last"] = nn.ReLU()'),
    ),
    wrong(
        "maximum in the head",
        "head",
        "Your head takes the maximum of each channel. It takes the mean.",
        (GAP, 'layers["avgpool"] = nn.AdaptiveMaxPool2d(1)'),
    ),
    wrong(
        "flattened without pooling",
        "head",
        "Your head flattens the map without averaging it first. Average over its pixels: then any image size will do.",
        (GAP, ""),
    ),
    wrong(
        "average of 7x7 alone",
        "head",
        "Your head averages 7x7 pixels and so fits images of 224 alone. Average over all pixels, however many there are.",
        (GAP, 'layers["avgpool"] = nn.AvgPool2d(7)'),
    ),
    wrong(
        "no error",
        "depth",
        "There is no ResNet of that depth, and you build one all the same. Raise ValueError.",
        (RAISE, "depth = min(blocks, key=lambda known: abs(known - depth))"),
    ),
    wrong(
        "KeyError",
        "depth",
        "For a depth that there is not, a dictionary raises KeyError. Raise ValueError.",
        (RAISE, "raise KeyError(depth)"),
    ),
    wrong(
        "None for an unknown depth",
        "depth",
        "For a depth that there is not you return None, and the mistake shows only later. Raise ValueError.",
        (RAISE, "return None"),
    ),
    wrong(
        "ReLU before the add in the blocks",
        "block",
        "The blocks of your network take the ReLU before they add. Add first, then take the ReLU of the sum.",
        BasicBlock=rewrite(BasicBlock, (ADDED, "return F.relu(out) + identity")),
        Bottleneck=rewrite(Bottleneck, (ADDED, "return F.relu(out) + identity")),
    ),
    wrong(
        "no skips",
        "skip",
        "The blocks of your network have no skip connection.",
        BasicBlock=rewrite(BasicBlock, (ADDED, "return F.relu(out)")),
        Bottleneck=rewrite(Bottleneck, (ADDED, "return F.relu(out)")),
    ),
    wrong(
        "stride in the first 1x1",
        "bottleneck",
        "The bottlenecks of your network have the stride in their first 1x1 convolution. Here the 3x3 has it.",
        Bottleneck=rewrite(
            Bottleneck,
            ("nn.Conv2d(c_in, width, 1, 1, bias=False)", "nn.Conv2d(c_in, width, 1, stride, bias=False)"),
            ("nn.Conv2d(width, width, 3, stride, padding", "nn.Conv2d(width, width, 3, 1, padding"),
        ),
    ),
)

RESNET = Exercise(
    id="hw5.resnet",
    function="resnet",
    points=12,
    anchor="resnets-table",
    allowed=("torch",),
    probe="ask",
    exact_type=True,  # of the counts
    reference=resnet,
    groups={"parameters, 18 and 34": 2, "parameters, 50 and more": 3, "stem and head": 3, "whole network": 4},
    examples=(
        counted("parameters, 18 and 34", "ResNet-18", 18),
        counted("parameters, 18 and 34", "ResNet-34", 34),
        counted("parameters, 50 and more", "ResNet-50", 50),
        counted("parameters, 50 and more", "ResNet-151, which a lecture names", 151),
        filled(np.random.default_rng(0), "stem and head", "the stages left out, depth 18", 18, 10, (64, 43), True),
        filled(np.random.default_rng(1), "whole network", "depth 18", 18, 10, (21, 26)),
    ),
    draw=draw,
    mistakes=MISTAKES,
    variants={
        "named layers in a Sequential": resnet,
        "a class, as torchvision has it": as_class,
        "functions for what has no weights, blocks with other names": functional,
    },
)
