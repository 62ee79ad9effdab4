"""Exercise BasicBlock."""

from autograder.exercise import Exercise
from autograder.exercises.hw5.block_answers import BasicBlock, Doubled, Functional, InPlace, Parts, Sliced
from autograder.exercises.hw5.block_mistakes import MISTAKES
from autograder.exercises.hw5.cases import apart, conv, counted, norm, run, zeroed


def layers(c_in, c_out, stride):
    """The names that a block's state dict has, and their shapes."""
    named = {"conv1": conv(c_in, c_out, 3), "bn1": norm(c_out), "conv2": conv(c_out, c_out, 3), "bn2": norm(c_out)}
    if stride != 1 or c_in != c_out:
        named |= {"downsample.0": conv(c_in, c_out, 1), "downsample.1": norm(c_out)}
    return named


def one_case(rng, group, kind, n, c_in, c_out, size, stride=1, **options):
    if "out" in options:
        options["out"] = (n, c_out, *(-(-length // stride) for length in size))
    return run(rng, group, kind, (c_in, c_out, stride), layers(c_in, c_out, stride), (n, c_in, *size), **options)


def draw(rng):
    same, new, stride, training = "same shape", "new channels", "stride", "training and gradients"
    a, b = apart(rng, 3, 6)
    H, W = apart(rng, 4, 8)
    odd, even = 2 * H - 1, 2 * W - 4
    return [
        counted("parameters", "the same channels", a, a, 1),
        counted("parameters", "more channels", b, b + 3, 1),
        counted("parameters", "a stride", b, b, 2),
        counted("parameters", "both", a, b, 2),
        one_case(rng, same, "several images", 2, a, a, (H, W)),
        one_case(rng, same, "last batch norm of zeros", 2, b, b, (W, H), zero=zeroed("bn2.weight", "bn2.bias")),
        one_case(rng, new, "more channels out than in", 2, a, a + 2, (H, W)),
        one_case(rng, new, "fewer channels out than in", 2, b, b - 1, (W, H)),
        one_case(rng, stride, "more channels, stride 2, odd height", 2, a, a + 1, (odd, even), 2),
        one_case(rng, stride, "the same channels, stride 2", 3, b, b, (even, odd), 2),
        one_case(rng, stride, "the same channels, stride 3", 2, a, a, (H + 3, W + 4), 3),
        one_case(rng, training, "output in training", 3, a, a + 1, (odd, even), 2, training=True),
        one_case(rng, training, "running mean", 3, a, a, (H, W), part="bn2.running_mean", training=True),
        one_case(
            rng, training, "running variance", 3, a, a + 1, (H, W), part="downsample.1.running_var", training=True
        ),
        one_case(rng, training, "dx", 2, b, b, (H, W), part="dx", out=True),
        one_case(rng, training, "dx with a projection", 2, a, a + 1, (odd, even), 2, part="dx", out=True),
        one_case(
            rng,
            training,
            "dx when the main path is 0",
            2,
            a,
            a,
            (W, H),
            part="dx",
            out=True,
            zero=zeroed("conv1.weight", "conv2.weight"),
        ),
        one_case(rng, training, "gradient of the first kernel", 2, a, b, (H, W), part="conv1.weight", out=True),
    ]


BASIC_BLOCK = Exercise(
    id="hw5.BasicBlock",
    function="BasicBlock",
    points=16,
    anchor="resnets-block",
    allowed=("torch",),
    probe="ask",
    exact_type=True,  # of the counts
    reference=BasicBlock,
    groups={"parameters": 2, "same shape": 4, "new channels": 3, "stride": 4, "training and gradients": 3},
    examples=(),
    draw=draw,
    mistakes=MISTAKES,
    variants={
        "as torchvision writes it, ReLUs in place": InPlace,
        "two Sequentials, the shortcut first, other names": Parts,
        "functions of torch.nn.functional": Functional,
        "a strided slice before a projection of stride 1": Sliced,
        "double precision": Doubled,
    },
)
