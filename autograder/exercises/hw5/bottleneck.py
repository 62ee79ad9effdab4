"""Exercise Bottleneck."""

from autograder.exercise import Exercise, Mistake, rewrite
from autograder.exercises.hw5.bottleneck_answers import Bottleneck, Doubled, Functional, InPlace, Parts
from autograder.exercises.hw5.cases import apart, conv, counted, norm, run, zeroed


def layers(c_in, width, stride):
    """The names that a block's state dict has, and their shapes."""
    named = {"conv1": conv(c_in, width, 1), "bn1": norm(width), "conv2": conv(width, width, 3), "bn2": norm(width)}
    named |= {"conv3": conv(width, 4 * width, 1), "bn3": norm(4 * width)}
    if stride != 1 or c_in != 4 * width:
        named |= {"downsample.0": conv(c_in, 4 * width, 1), "downsample.1": norm(4 * width)}
    return named


def one_case(rng, group, kind, n, c_in, width, size, stride=1, **options):
    if "out" in options:
        options["out"] = (n, 4 * width, *(-(-length // stride) for length in size))
    return run(rng, group, kind, (c_in, width, stride), layers(c_in, width, stride), (n, c_in, *size), **options)


def draw(rng):
    same, new, stride, training = "same shape", "new channels", "stride", "training and gradients"
    a, b = apart(rng, 2, 5)
    H, W = apart(rng, 4, 8)
    odd, even = 2 * H - 1, 2 * W - 4
    zero = zeroed("bn3.weight", "bn3.bias")
    return [
        counted("parameters", "the same channels", 4 * a, a, 1),
        counted("parameters", "more channels", b, b, 1),
        counted("parameters", "a stride", 4 * b, b, 2),
        counted("parameters", "both", 4 * a - 1, a, 2),
        one_case(rng, same, "several images", 2, 4 * a, a, (H, W)),
        one_case(rng, same, "last batch norm of zeros", 2, 4 * b, b, (W, H), zero=zero),
        one_case(rng, new, "as many channels in as the bottleneck has", 2, a, a, (H, W)),
        one_case(rng, new, "fewer channels out than in", 2, 4 * b + 3, b, (W, H)),
        one_case(rng, stride, "other channels, stride 2, odd height", 2, 4 * a + 1, a, (odd, even), 2),
        one_case(rng, stride, "the same channels, stride 2", 3, 4 * b, b, (even, odd), 2),
        one_case(rng, training, "output in training", 3, 4 * a + 1, a, (odd, even), 2, training=True),
        one_case(rng, training, "running mean", 3, 4 * a, a, (H, W), part="bn3.running_mean", training=True),
        one_case(rng, training, "dx", 2, 4 * b, b, (H, W), part="dx", out=True),
        one_case(rng, training, "dx with a projection", 2, a, a, (odd, even), 2, part="dx", out=True),
        one_case(rng, training, "gradient of the first kernel", 2, a, b, (H, W), part="conv1.weight", out=True),
    ]


CONV1 = "self.conv1 = nn.Conv2d(c_in, width, 1, 1, bias=False)"
CONV2 = "self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)"
CONV3 = "self.conv3 = nn.Conv2d(width, c_out, 1, 1, bias=False)"
BN1, BN2, BN3 = (
    "self.bn1 = nn.BatchNorm2d(width)",
    "self.bn2 = nn.BatchNorm2d(width)",
    "self.bn3 = nn.BatchNorm2d(c_out)",
)
C_OUT = "c_out = 4 * width"
CONDITION = "if stride != 1 or c_in != c_out:"
PROJECT = "project = nn.Conv2d(c_in, c_out, 1, stride, bias=False)"
SHORTCUT = "self.downsample = nn.Sequential(project, nn.BatchNorm2d(c_out))"
FIRST, SECOND = "out = F.relu(self.bn1(self.conv1(x)))", "out = F.relu(self.bn2(self.conv2(out)))"
THIRD = "out = self.bn3(self.conv3(out))"
RETURN = "return F.relu(out + identity)"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"resnets-{anchor}", rewrite(Bottleneck, *changes))


MISTAKES = (
    wrong(
        "no expansion",
        "bottleneck",
        "Your block returns width channels. The last 1x1 convolution makes four times as many.",
        (C_OUT, "c_out = width"),
    ),
    wrong(
        "expansion of 2",
        "bottleneck",
        "Your last convolution doubles the channels. It makes four times as many as the bottleneck has.",
        (C_OUT, "c_out = 2 * width"),
    ),
    wrong(
        "width taken for the output",
        "bottleneck",
        "You take width for the channels of the output, and a quarter of it for the bottleneck. width is the bottleneck's; the output has 4 * width.",
        (C_OUT, "c_out, width = width, max(1, width // 4)"),
    ),
    wrong(
        "expansion of the input",
        "bottleneck",
        "Your output has as many channels as x. It has 4 * width, whatever came in.",
        (C_OUT, "c_out = c_in"),
    ),
    wrong(
        "wide in the middle",
        "bottleneck",
        "Your 3x3 convolution works on 4 * width channels. It is the dear one: it works on width, between the two 1x1.",
        (CONV2, "self.conv2 = nn.Conv2d(width, c_out, 3, stride, padding=1, bias=False)"),
        (BN2, "self.bn2 = nn.BatchNorm2d(c_out)"),
        (CONV3, "self.conv3 = nn.Conv2d(c_out, c_out, 1, 1, bias=False)"),
    ),
    wrong(
        "no 3x3",
        "bottleneck",
        "Your middle convolution is 1x1, so no pixel sees its neighbours. It is the 3x3 one.",
        (CONV2, "self.conv2 = nn.Conv2d(width, width, 1, stride, bias=False)"),
    ),
    wrong(
        "3x3 first",
        "bottleneck",
        "Your first convolution is 3x3, on all the channels that come in. First 1x1 to make them few, then 3x3.",
        (CONV1, "self.conv1 = nn.Conv2d(c_in, width, 3, 1, padding=1, bias=False)"),
        (CONV2, "self.conv2 = nn.Conv2d(width, width, 1, stride, bias=False)"),
    ),
    wrong(
        "three 3x3",
        "bottleneck",
        "All three of your convolutions are 3x3. The first and the last are 1x1: that is what makes the block cheap.",
        (CONV1, "self.conv1 = nn.Conv2d(c_in, width, 3, 1, padding=1, bias=False)"),
        (CONV3, "self.conv3 = nn.Conv2d(width, c_out, 3, 1, padding=1, bias=False)"),
    ),
    wrong(
        "grouped",
        "bottleneck",
        "Your 3x3 convolution has groups. Every filter reads all channels of the bottleneck.",
        (CONV2, "self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False, groups=width)"),
    ),
    wrong(
        "stride in the first 1x1",
        "bottleneck",
        "Your first 1x1 convolution has the stride, as in the paper: it passes over three pixels of four. Here the 3x3 convolution has it.",
        (CONV1, CONV1.replace("1, 1,", "1, stride,")),
        (CONV2, CONV2.replace("stride", "1")),
    ),
    wrong(
        "stride in the last 1x1",
        "bottleneck",
        "Your last 1x1 convolution has the stride: three of four pixels that the 3x3 makes are thrown away, though the batch norm between has counted them. The 3x3 convolution has the stride.",
        (CONV2, CONV2.replace("stride", "1")),
        (CONV3, CONV3.replace("1, 1,", "1, stride,")),
    ),
    wrong(
        "stride in the shortcut alone",
        "block",
        "Only your shortcut has the stride. The 3x3 convolution needs it, too, or the two paths do not fit.",
        (CONV2, CONV2.replace("stride", "1")),
    ),
    wrong(
        "no stride in the shortcut",
        "block",
        "Your projection has no stride, so the shortcut stays larger than the main path.",
        (PROJECT, PROJECT.replace("stride", "1")),
    ),
    wrong(
        "ReLU before the add",
        "block",
        "You take the ReLU before you add. Add first, then take the ReLU of the sum.",
        (RETURN, "return F.relu(out) + identity"),
    ),
    wrong(
        "no ReLU after the add",
        "block",
        "The last ReLU is missing: your output has negative values. It comes after the addition.",
        (RETURN, "return out + identity"),
    ),
    wrong(
        "ReLU after the third batch norm",
        "block",
        "You take a ReLU after the third batch norm as well as after the addition. F(x) must be free to be negative.",
        (THIRD, "out = F.relu(self.bn3(self.conv3(out)))"),
    ),
    wrong(
        "first ReLU missing",
        "bottleneck",
        "The ReLU after the first batch norm is missing.",
        (FIRST, "out = self.bn1(self.conv1(x))"),
    ),
    wrong(
        "second ReLU missing",
        "bottleneck",
        "The ReLU after the second batch norm is missing.",
        (SECOND, "out = self.bn2(self.conv2(out))"),
    ),
    wrong(
        "no ReLU inside",
        "bottleneck",
        "Both ReLUs between the convolutions are missing. Without them the three are one linear map.",
        (FIRST, "out = self.bn1(self.conv1(x))"),
        (SECOND, "out = self.bn2(self.conv2(out))"),
    ),
    wrong("no skip", "skip", "Your block has no skip connection.", (RETURN, "return F.relu(out)")),
    wrong(
        "identity added twice",
        "skip",
        "You add the shortcut twice. Once is enough.",
        (RETURN, "return F.relu(out + 2 * identity)"),
    ),
    wrong(
        "x changed by +=",
        "block",
        "Your += writes the sum into x itself, since the shortcut is x. Write out = out + identity, or add to what you made yourself.",
        (RETURN, "identity += out\n        return F.relu(identity)"),
    ),
    wrong(
        "skip cut off from gradients",
        "two-paths",
        "No gradient goes back through your shortcut: detach cuts it off.",
        (RETURN, "return F.relu(out + identity.detach())"),
    ),
    wrong(
        "projection where c_in is not width",
        "bottleneck",
        "You compare c_in with width to see whether a projection is needed. Compare it with the channels of the output, 4 * width.",
        (CONDITION, "if stride != 1 or c_in != width:"),
    ),
    wrong(
        "no projection for new channels",
        "block",
        "When only the number of channels changes, your shortcut has no projection. Project when the stride is not 1 or the channels differ.",
        (CONDITION, "if stride != 1:"),
    ),
    wrong(
        "no projection for a stride",
        "block",
        "When only the stride is not 1, your shortcut has no projection, so it stays larger than the main path. Project when the stride is not 1 or the channels differ.",
        (CONDITION, "if c_in != c_out:"),
    ),
    wrong(
        "no projection",
        "block",
        "Your block has no projection: where shapes differ it has nothing to add.",
        (CONDITION, "if False:"),
    ),
    wrong(
        "projection always",
        "block",
        "You project where nothing changes, too. There the shortcut is x itself and has no weights.",
        (CONDITION, "if True:"),
    ),
    wrong(
        "projection without batch norm",
        "norm",
        "Your projection has no batch norm. Every convolution of the block has one.",
        (SHORTCUT, "self.downsample = nn.Sequential(project)"),
    ),
    wrong(
        "bias left on",
        "norm",
        "Your convolutions have a bias. The batch norm behind each takes it away again: bias=False.",
        *((line, line.replace(", bias=False", "")) for line in (CONV1, CONV2, CONV3, PROJECT)),
    ),
    wrong(
        "third batch norm missing",
        "norm",
        "Your last convolution has no batch norm, bn3. Each of the three has its own.",
        (BN3, ""),
        (THIRD, "out = self.conv3(out)"),
    ),
    wrong(
        "bn1 used twice",
        "norm",
        "You use bn1 for the second convolution as well, and bn2 for none. Mind the digits when you copy a line.",
        (SECOND, "out = F.relu(self.bn1(self.conv2(out)))"),
    ),
    wrong(
        "always in training mode",
        "norm",
        "Your batch norms use the statistics of the batch in evaluation, too. Leave the mode to whoever calls the block.",
        (FIRST, "self.train()\n        " + FIRST),
    ),
    wrong(
        "always in evaluation mode",
        "norm",
        "Your batch norms use the running statistics in training, too. Leave the mode to whoever calls the block.",
        (FIRST, "self.eval()\n        " + FIRST),
    ),
)

BOTTLENECK = Exercise(
    id="hw5.Bottleneck",
    function="Bottleneck",
    points=12,
    anchor="resnets-bottleneck",
    allowed=("torch",),
    probe="ask",
    exact_type=True,  # of the counts
    reference=Bottleneck,
    groups={"parameters": 2, "same shape": 3, "new channels": 2, "stride": 3, "training and gradients": 2},
    examples=(),
    draw=draw,
    mistakes=MISTAKES,
    variants={
        "as torchvision writes it, ReLUs in place": InPlace,
        "two Sequentials, the shortcut first, other names": Parts,
        "functions of torch.nn.functional, 1x1 as a product": Functional,
        "double precision": Doubled,
    },
)
