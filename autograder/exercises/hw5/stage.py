"""Exercise make_stage."""

from torch import nn

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw5.cases import image


def make_stage(block, c_in, width, n, stride):
    c_out = width * block.expansion
    blocks = [block(c_in, width, stride)]
    for _ in range(n - 1):
        blocks.append(block(c_out, width, 1))
    return nn.Sequential(*blocks)


def one_list(block, c_in, width, n, stride):
    """The arguments of every block first; the default stride is 1."""
    inputs = [c_in] + [width * block.expansion] * (n - 1)
    return nn.Sequential(*(block(c, width, stride=stride if k == 0 else 1) for k, c in enumerate(inputs)))


def as_torchvision(block, c_in, width, n, stride):
    layers = nn.Sequential()
    for _ in range(n):
        layers.append(block(c_in, width, stride))
        c_in, stride = width * block.expansion, 1
    return layers


def own_module(block, c_in, width, n, stride):
    """Built from the last block to the first, kept in a list of modules."""

    class Stage(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList()
            for k in reversed(range(n)):
                arguments = (block.expansion * width, width) if k else (c_in, width, stride)
                self.blocks.insert(0, block(*arguments))

        def forward(self, x):
            for part in self.blocks:
                x = part(x)
            return x

    return Stage()


def draw(rng):
    def case(group, kind, c_in, width, n, stride, expansion):
        x = image(rng, 2, int(c_in), *map(int, rng.permutation([8, 9, 11])[:2]))
        return Case(group, kind, (int(c_in), int(width), int(n), int(stride), expansion, x))

    basic, bottleneck = "blocks without expansion", "blocks with expansion"
    a, b, c = rng.permutation([3, 4, 5, 6, 7])[:3]
    return [
        case(basic, "several blocks, stride 2", a, b, rng.integers(3, 6), 2, 1),
        case(basic, "several blocks, stride 1", b, c, rng.integers(3, 6), 1, 1),
        case(basic, "the same channels", c, c, 2, 1, 1),
        case(basic, "one block", a, c, 1, 2, 1),
        case(bottleneck, "several blocks, stride 2", 4 * a, b, rng.integers(3, 6), 2, 4),
        case(bottleneck, "as many channels in as the bottlenecks have, stride 1", b, b, 3, 1, 4),
        case(bottleneck, "an expansion of 2", a, c, 4, 2, 2),
        case(bottleneck, "one block", c, a, 1, 1, 4),
    ]


C_OUT, FIRST = "c_out = width * block.expansion", "blocks = [block(c_in, width, stride)]"
COUNT, LATER, RETURN = "range(n - 1)", "block(c_out, width, 1)", "return nn.Sequential(*blocks)"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"resnets-{anchor}", rewrite(make_stage, *changes))


MAKE_STAGE = Exercise(
    id="hw5.make_stage",
    function="make_stage",
    points=8,
    anchor="resnets-stages",
    allowed=("torch",),
    probe="stage",
    reference=make_stage,
    groups={"blocks without expansion": 4, "blocks with expansion": 4},
    examples=(),
    draw=draw,
    mistakes=(
        wrong(
            "all blocks strided",
            "stages",
            "All of your blocks have the stride, so every one of them shrinks the map. Only the first block of a stage has it.",
            (LATER, "block(c_out, width, stride)"),
        ),
        wrong(
            "last block strided",
            "stages",
            "Your last block has the stride. The first one has it, so that the others work on the small map.",
            (FIRST, "blocks = [block(c_in, width, 1 if n > 1 else stride)]"),
            (LATER, "block(c_out, width, stride if len(blocks) == n - 1 else 1)"),
        ),
        wrong(
            "no stride",
            "stages",
            "None of your blocks has the stride. The first block of the stage has it.",
            (FIRST, "blocks = [block(c_in, width, 1)]"),
        ),
        wrong(
            "stride always 2",
            "stages",
            "Your first block always has stride 2. Use the stride that is given: the first stage of a ResNet has 1.",
            (FIRST, "blocks = [block(c_in, width, 2)]"),
        ),
        wrong(
            "all but the first strided",
            "stages",
            "Your first block has stride 1 and all others the stride. It is the other way round.",
            (FIRST, "blocks = [block(c_in, width, 1 if n > 1 else stride)]"),
            (LATER, "block(c_out, width, stride)"),
        ),
        wrong(
            "expansion forgotten",
            "stages",
            "Your later blocks are made for width channels. What the first block returns has width * block.expansion.",
            (C_OUT, "c_out = width"),
        ),
        wrong(
            "expansion of 4 for every block",
            "stages",
            "You multiply by 4 whatever the block. Each block class says itself by how much: block.expansion.",
            (C_OUT, "c_out = width * 4"),
        ),
        wrong(
            "every block made for c_in",
            "stages",
            "All of your blocks are made for c_in channels. From the second one on, a block gets what the first one returns.",
            (LATER, "block(c_in, width, 1)"),
        ),
        wrong(
            "expanded width",
            "stages",
            "You pass width * block.expansion as the block's width. The block expands by itself.",
            (FIRST, "blocks = [block(c_in, c_out, stride)]"),
            (LATER, "block(c_out, c_out, 1)"),
        ),
        wrong(
            "later blocks with the expanded width",
            "stages",
            "From the second block on you pass width * block.expansion as the width. All blocks of a stage have the same width.",
            (LATER, "block(c_out, c_out, 1)"),
        ),
        wrong(
            "one block too many",
            "stages",
            "Your stage has n + 1 blocks: the first one counts among the n.",
            (COUNT, "range(n)"),
        ),
        wrong(
            "one block too few",
            "stages",
            "Your stage has n - 1 blocks. The first one and n - 1 more make n.",
            (COUNT, "range(n - 2)"),
            (RETURN, "return nn.Sequential(*blocks[n == 1 :])"),
        ),
        wrong(
            "one block alone",
            "stages",
            "Your stage has one block, whatever n is.",
            (COUNT, "range(0)"),
        ),
        wrong(
            "one block n times",
            "stages",
            "Your later blocks are one and the same object, so they share their weights. Make a new block each time.",
            (
                "    for _ in range(n - 1):\n        blocks.append(block(c_out, width, 1))",
                "    blocks += [block(c_out, width, 1)] * (n - 1)",
            ),
        ),
        wrong(
            "in reverse order",
            "stages",
            "Your blocks are in reverse order: the strided one comes first.",
            (RETURN, "return nn.Sequential(*blocks[::-1])"),
        ),
        wrong(
            "a list",
            "stages",
            "You return a list of blocks. Return one module that runs them in turn: nn.Sequential.",
            (RETURN, "return blocks"),
        ),
        wrong(
            "a list of modules",
            "stages",
            "You return an nn.ModuleList, which holds modules but cannot be called. Return nn.Sequential(*blocks).",
            (RETURN, "return nn.ModuleList(blocks)"),
        ),
    ),
    variants={
        "the first block, then the others": make_stage,
        "one comprehension": one_list,
        "arguments that change after the first block": as_torchvision,
        "a module of its own, built from the end": own_module,
    },
)
