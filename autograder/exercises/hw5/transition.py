"""Exercise transition."""

from collections import OrderedDict

from torch import nn
from torch.nn import functional as F

from autograder.exercise import Exercise, Mistake, rewrite
from autograder.exercises.hw5.cases import apart, conv, counted, norm, run


def transition(c_in, c_out):
    layers = OrderedDict()
    layers["norm"] = nn.BatchNorm2d(c_in)
    layers["relu"] = nn.ReLU()
    layers["conv"] = nn.Conv2d(c_in, c_out, 1, bias=False)
    layers["pool"] = nn.AvgPool2d(2, 2)
    return nn.Sequential(layers)


class Transition(nn.Module):
    """Averages first, which costs a quarter and is the same, since both are linear."""

    def __init__(self, c_in, c_out):
        super().__init__()
        self.norm, self.conv = nn.BatchNorm2d(c_in), nn.Conv2d(c_in, c_out, 1, bias=False)

    def forward(self, x):
        return self.conv(F.avg_pool2d(F.relu(self.norm(x)), 2))


def unnamed(c_in, c_out):
    """No names; the ReLU in place."""
    conv = nn.Conv2d(c_in, c_out, kernel_size=1, bias=False)
    return nn.Sequential(nn.BatchNorm2d(c_in), nn.ReLU(inplace=True), conv, nn.AvgPool2d(kernel_size=2, stride=2))


class Depthwise(Transition):
    """The mean of 2x2 pixels as a sum of four slices; double precision."""

    def __init__(self, c_in, c_out):
        super().__init__(c_in, c_out)
        self.double()

    def forward(self, x):
        x = self.conv(self.norm(x).clamp(min=0))
        x = x[..., : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2]
        return sum(x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4


def draw(rng):
    def case(group, kind, n, c_in, c_out, size, **options):
        named = {"norm": norm(c_in), "conv": conv(c_in, c_out, 1)}
        if "out" in options:
            options["out"] = (n, c_out, *(length // 2 for length in size))
        return run(rng, group, kind, (c_in, c_out), named, (n, c_in, *size), **options)

    values, training = "values", "training and gradients"
    a, b = apart(rng, 3, 8)
    H, W = apart(rng, 2, 5)
    return [
        counted(values, "parameters", a, b),
        case(values, "even sizes", 2, a, b, (2 * H, 2 * W)),
        case(values, "odd sizes", 2, b, a, (2 * W + 1, 2 * H + 1)),
        case(values, "as many channels out as in", 3, a, a, (2 * H, 2 * W + 1)),
        case(training, "output in training", 3, a, b, (2 * H, 2 * W), training=True),
        case(training, "running mean", 3, b, a, (2 * H, 2 * W + 1), part="norm.running_mean", training=True),
        case(training, "dx", 2, a, b, (2 * W, 2 * H + 1), part="dx", out=True),
    ]


NORM, RELU = 'layers["norm"] = nn.BatchNorm2d(c_in)', 'layers["relu"] = nn.ReLU()'
CONV, POOL = 'layers["conv"] = nn.Conv2d(c_in, c_out, 1, bias=False)', 'layers["pool"] = nn.AvgPool2d(2, 2)'


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"resnets-{anchor}", rewrite(transition, *changes))


TRANSITION = Exercise(
    id="hw5.transition",
    function="transition",
    points=4,
    anchor="resnets-densenet",
    allowed=("torch",),
    probe="ask",
    exact_type=True,  # of the counts
    reference=transition,
    groups={"values": 3, "training and gradients": 1},
    examples=(counted("values", "the first transition of DenseNet-121", 256, 128),),
    draw=draw,
    mistakes=(
        wrong(
            "maximum",
            "densenet",
            "You take the maximum. A transition averages.",
            (POOL, 'layers["pool"] = nn.MaxPool2d(2, 2)'),
        ),
        wrong("no pooling", "densenet", "Your transition does not pool: average windows of 2x2.", (POOL, "")),
        wrong(
            "strided convolution",
            "densenet",
            "Your convolution has a stride in place of the pooling, and so passes over three pixels of four.",
            (CONV, 'layers["conv"] = nn.Conv2d(c_in, c_out, 1, 2, bias=False)'),
            (POOL, ""),
        ),
        wrong(
            "pooled twice",
            "densenet",
            "Your convolution has a stride and is followed by pooling: the map shrinks twice.",
            (CONV, 'layers["conv"] = nn.Conv2d(c_in, c_out, 1, 2, bias=False)'),
        ),
        wrong(
            "stride 1",
            "densenet",
            "Your pooling has stride 1, so the map does not shrink by half.",
            (POOL, 'layers["pool"] = nn.AvgPool2d(2, 1)'),
        ),
        wrong(
            "windows of 3x3",
            "densenet",
            "Your pooling has windows of 3x3. They are 2x2.",
            (POOL, 'layers["pool"] = nn.AvgPool2d(3, 2, padding=1)'),
        ),
        wrong(
            "rounded up",
            "densenet",
            "Of an odd number of pixels you keep one more: a window that does not fit is left out.",
            (POOL, 'layers["pool"] = nn.AvgPool2d(2, 2, ceil_mode=True)'),
        ),
        wrong(
            "one pixel left",
            "head",
            "You average the whole map. Average windows of 2x2.",
            (POOL, 'layers["pool"] = nn.AdaptiveAvgPool2d(1)'),
        ),
        wrong(
            "no convolution",
            "densenet",
            "Your transition has no convolution, so the channels stay as many as they were.",
            (CONV, ""),
        ),
        wrong(
            "3x3 convolution",
            "densenet",
            "Your convolution is 3x3. 1x1 is enough to change channels.",
            (CONV, 'layers["conv"] = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)'),
        ),
        wrong(
            "half the channels",
            "densenet",
            "Your transition halves the channels whatever c_out is. Return c_out of them.",
            (CONV, 'layers["conv"] = nn.Conv2d(c_in, c_in // 2, 1, bias=False)'),
        ),
        wrong(
            "channels left alone",
            "densenet",
            "Your transition returns as many channels as it is given. Return c_out.",
            (CONV, 'layers["conv"] = nn.Conv2d(c_in, c_in, 1, bias=False)'),
        ),
        wrong("no ReLU", "densenet", "The ReLU between batch norm and convolution is missing.", (RELU, "")),
        wrong("no batch norm", "norm", "Your transition has no batch norm. It begins with one.", (NORM, "")),
        wrong(
            "convolution first",
            "densenet",
            "Your order is convolution, batch norm, ReLU. Here it is batch norm, ReLU, convolution.",
            (NORM, ""),
            (RELU, ""),
            (CONV, "\n    ".join([CONV, NORM.replace("c_in", "c_out"), RELU])),
        ),
        wrong(
            "ReLU before the batch norm",
            "norm",
            "You take the ReLU before the batch norm. It comes after it.",
            (NORM, ""),
            (RELU, RELU + "\n    " + NORM),
        ),
        wrong(
            "bias left on",
            "norm",
            "Your convolution has a bias. Here it has none: bias=False.",
            (CONV, CONV.replace(", bias=False", "")),
        ),
    ),
    variants={
        "named layers in a Sequential": transition,
        "a class that averages before it convolves": Transition,
        "no names, the ReLU in place": unnamed,
        "slices, double precision": Depthwise,
    },
)
