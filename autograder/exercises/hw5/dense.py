"""Exercise DenseBlock."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

from autograder.exercise import Exercise, Mistake, rewrite
from autograder.exercises.hw5.cases import apart, conv, counted, norm, run


class DenseBlock(nn.Module):
    def __init__(self, c_in, k, n):
        super().__init__()
        for number in range(n):
            c = c_in + number * k
            layer = OrderedDict()
            layer["norm1"] = nn.BatchNorm2d(c)
            layer["relu1"] = nn.ReLU()
            layer["conv1"] = nn.Conv2d(c, 4 * k, 1, bias=False)
            layer["norm2"] = nn.BatchNorm2d(4 * k)
            layer["relu2"] = nn.ReLU()
            layer["conv2"] = nn.Conv2d(4 * k, k, 3, padding=1, bias=False)
            self.add_module(f"denselayer{number + 1}", nn.Sequential(layer))

    def forward(self, x):
        for layer in self.children():
            x = torch.cat([x, layer(x)], 1)
        return x


class Listed(nn.Module):
    """All that there is so far in a list, concatenated for each layer anew, as torchvision does; ReLUs in place."""

    def __init__(self, c_in, k, n):
        super().__init__()
        self.layers = nn.ModuleList()
        for c in range(c_in, c_in + n * k, k):
            first = [nn.BatchNorm2d(c), nn.ReLU(inplace=True), nn.Conv2d(c, 4 * k, kernel_size=1, bias=False)]
            second = [nn.BatchNorm2d(4 * k), nn.ReLU(inplace=True), nn.Conv2d(4 * k, k, 3, 1, 1, bias=False)]
            self.layers.append(nn.Sequential(*first, *second))

    def forward(self, x):
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat(features, dim=1)))
        return torch.cat(features, dim=1)


class Grow(nn.Sequential):
    """One layer that returns what it was given and its own."""

    def __init__(self, c, k):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(c), nn.Conv2d(c, 4 * k, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(4 * k), nn.Conv2d(4 * k, k, 3, padding="same", bias=False)

    def forward(self, x):
        new = self.conv1(self.norm1(x).relu())
        new = F.conv2d(self.norm2(new).clamp(min=0), self.conv2.weight, padding=1)
        return torch.hstack([x, new])


class Growing(nn.Sequential):
    def __init__(self, c_in, k, n):
        super().__init__(OrderedDict((f"denselayer{i + 1}", Grow(c_in + i * k, k)) for i in range(n)))


class Buffer(nn.Module):
    """Room for all channels from the start, of which each layer reads a part and fills the next; double precision."""

    def __init__(self, c_in, k, n):
        super().__init__()
        self.inner = DenseBlock(c_in, k, n).double()
        self.n, self.k = n, k

    def forward(self, x):
        room = F.pad(x, (0, 0, 0, 0, 0, self.n * self.k))
        c = x.shape[1]
        for layer in self.inner.children():
            room = torch.cat([room[:, :c], layer(room[:, :c]), room[:, c + self.k :]], 1)
            c += self.k
        return room


def layers(c_in, k, n):
    """The names that a block's state dict has, and their shapes."""
    named = {}
    for number in range(n):
        place, c = f"denselayer{number + 1}", c_in + number * k
        named |= {f"{place}.norm1": norm(c), f"{place}.conv1": conv(c, 4 * k, 1)}
        named |= {f"{place}.norm2": norm(4 * k), f"{place}.conv2": conv(4 * k, k, 3)}
    return named


def draw(rng):
    count, one, several, training = "parameters", "one layer", "several layers", "training and gradients"
    c, k = apart(rng, 2, 6)
    H, W = apart(rng, 3, 7)

    def case(group, kind, n_images, c_in, k, n, size, **options):
        if "out" in options:
            options["out"] = (n_images, c_in + n * k, *size)
        return run(rng, group, kind, (c_in, k, n), layers(c_in, k, n), (n_images, c_in, *size), **options)

    return [
        counted(count, "one layer", c, k, 1),
        counted(count, "several layers", k, c, 3),
        case(one, "one layer", 2, c, k, 1, (H, W)),
        case(one, "as many new channels as there were", 2, c, c, 1, (W, H)),
        case(several, "two layers", 3, c, k, 2, (H, W)),
        case(several, "four layers", 2, k, c, 4, (W, H)),
        case(several, "as many new channels as there were", 1, 2, 2, 3, (H, H)),
        case(training, "output in training", 3, c, k, 2, (H, W), training=True),
        case(training, "running mean", 3, c, k, 2, (W, H), part="denselayer2.norm1.running_mean", training=True),
        case(training, "dx", 2, c, k, 2, (H, W), part="dx", out=True),
        case(training, "gradient of the last kernel", 2, k, c, 3, (W, H), part="denselayer3.conv2.weight", out=True),
    ]


C, FIRST_NORM = "c = c_in + number * k", 'layer["norm1"] = nn.BatchNorm2d(c)'
FIRST, SECOND = (
    'layer["conv1"] = nn.Conv2d(c, 4 * k, 1, bias=False)',
    'layer["conv2"] = nn.Conv2d(4 * k, k, 3, padding=1, bias=False)',
)
SECOND_NORM, RELU1, RELU2 = (
    'layer["norm2"] = nn.BatchNorm2d(4 * k)',
    'layer["relu1"] = nn.ReLU()',
    'layer["relu2"] = nn.ReLU()',
)
CAT, LOOP, LAYERS = "x = torch.cat([x, layer(x)], 1)", "for layer in self.children():", "for number in range(n):"


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, f"resnets-{anchor}", rewrite(DenseBlock, *changes))


DENSE_BLOCK = Exercise(
    id="hw5.DenseBlock",
    function="DenseBlock",
    points=10,
    anchor="resnets-densenet",
    allowed=("torch",),
    probe="ask",
    exact_type=True,  # of the counts
    reference=DenseBlock,
    groups={"parameters": 2, "one layer": 3, "several layers": 3, "training and gradients": 2},
    examples=(counted("parameters", "the first block of DenseNet-121", 64, 32, 6),),
    draw=draw,
    mistakes=(
        wrong(
            "added",
            "densenet",
            "You add what a layer returns to what it was given, as a ResNet does. A dense block concatenates along the channels.",
            (C, "c = c_in"),
            (SECOND, 'layer["conv2"] = nn.Conv2d(4 * k, c, 3, padding=1, bias=False)'),
            (CAT, "x = x + layer(x)"),
        ),
        wrong(
            "added where it fits",
            "kinds",
            "You add what a layer returns to what it was given. Concatenate the two along the channels.",
            (CAT, "x = x + layer(x)"),
        ),
        wrong(
            "new channels first",
            "densenet",
            "You put the new channels before the old ones. What was there keeps its place: torch.cat([x, new], 1).",
            (CAT, "x = torch.cat([layer(x), x], 1)"),
        ),
        wrong(
            "nothing kept",
            "densenet",
            "Each of your layers hands on its own k channels alone. It hands on all that it was given, and its own behind that.",
            (C, "c = c_in if number == 0 else k"),
            (CAT, "x = layer(x)"),
        ),
        wrong(
            "the last layer's alone",
            "densenet",
            "You return what the last layer made. Return all channels: the input's and those of every layer.",
            ("return x", "return x[:, -new:]"),
            (
                CAT,
                "before = x.shape[1]\n            x = torch.cat([x, layer(x)], 1)\n            new = x.shape[1] - before",
            ),
        ),
        wrong(
            "the input left out",
            "densenet",
            "You return the new channels without those of the input. The input is part of the output.",
            (LOOP, "c_in = x.shape[1]\n        " + LOOP),
            ("return x", "return x[:, c_in:]"),
        ),
        wrong(
            "last layer not concatenated",
            "densenet",
            "Your block grows by (n - 1) * k channels: what the last layer makes is missing. n layers add n * k.",
            (LAYERS, "for number in range(n - 1):"),
        ),
        wrong(
            "one layer too many",
            "densenet",
            "Your block has n + 1 layers.",
            (LAYERS, "for number in range(n + 1):"),
        ),
        wrong(
            "channels of the layer before",
            "densenet",
            "From the second layer on, yours reads only what the layer before it made. It reads all channels so far.",
            (C, "c = c_in if number == 0 else k"),
            (LOOP, "new = x\n        " + LOOP),
            (CAT, "new = layer(new)\n            x = torch.cat([x, new], 1)"),
        ),
        wrong(
            "every layer reads the input",
            "densenet",
            "All of your layers read the block's input. Each reads all channels so far.",
            (C, "c = c_in"),
            (LOOP, "start = x\n        " + LOOP),
            (CAT, "x = torch.cat([x, layer(start)], 1)"),
        ),
        wrong(
            "growth twice",
            "densenet",
            "Your layers double their width as they go. Each adds k channels, no more.",
            (C, "c = c_in + sum(k * (i + 1) for i in range(number))"),
            (SECOND, 'layer["conv2"] = nn.Conv2d(4 * k, k * (number + 1), 3, padding=1, bias=False)'),
        ),
        wrong(
            "no 1x1",
            "densenet",
            "Your layers have the 3x3 convolution alone. Before it a 1x1 makes 4 * k channels of all that there are.",
            (FIRST, ""),
            (SECOND_NORM, ""),
            (RELU2, ""),
            (SECOND, 'layer["conv2"] = nn.Conv2d(c, k, 3, padding=1, bias=False)'),
        ),
        wrong(
            "1x1 of k channels",
            "densenet",
            "Your 1x1 convolution makes k channels. It makes 4 * k; the 3x3 makes k of them.",
            (FIRST, FIRST.replace("4 * k", "k")),
            (SECOND_NORM, SECOND_NORM.replace("4 * k", "k")),
            (SECOND, SECOND.replace("4 * k", "k")),
        ),
        wrong(
            "1x1 of four times the input",
            "densenet",
            "Your 1x1 convolution makes four times as many channels as there are. It makes 4 * k, whatever came in.",
            (FIRST, FIRST.replace("4 * k", "4 * c")),
            (SECOND_NORM, SECOND_NORM.replace("4 * k", "4 * c")),
            (SECOND, SECOND.replace("4 * k", "4 * c")),
        ),
        wrong(
            "no padding",
            "densenet",
            "Your 3x3 convolution has no padding, so its map is smaller and cannot be concatenated. Pad by 1.",
            (SECOND, SECOND.replace(", padding=1", "")),
        ),
        wrong(
            "first ReLU missing",
            "densenet",
            "The ReLU before the 1x1 convolution is missing.",
            (RELU1, ""),
        ),
        wrong(
            "second ReLU missing",
            "densenet",
            "The ReLU before the 3x3 convolution is missing.",
            (RELU2, ""),
        ),
        wrong(
            "ReLU of what is new",
            "densenet",
            "Your layers end in a ReLU. They end with the 3x3 convolution: the ReLU is taken by those who read it.",
            (CAT, "x = torch.cat([x, F.relu(layer(x))], 1)"),
        ),
        wrong(
            "ReLU of everything",
            "densenet",
            "You take a ReLU of all that a layer hands on, so the input itself loses its negative values. It is handed on as it is.",
            (CAT, "x = F.relu(torch.cat([x, layer(x)], 1))"),
        ),
        wrong(
            "convolution before the norm",
            "densenet",
            "Your order is convolution, batch norm, ReLU, as in a ResNet. A dense layer is the other way round: batch norm, ReLU, convolution.",
            (FIRST_NORM, ""),
            (RELU1, ""),
            (FIRST, "\n            ".join([FIRST, FIRST_NORM.replace("(c)", "(4 * k)"), RELU1])),
            (SECOND_NORM, ""),
            (RELU2, ""),
            (SECOND, "\n            ".join([SECOND, SECOND_NORM.replace("4 * k", "k"), RELU2])),
        ),
        wrong(
            "bias left on",
            "norm",
            "Your convolutions have a bias. Here they have none: bias=False.",
            (FIRST, FIRST.replace(", bias=False", "")),
            (SECOND, SECOND.replace(", bias=False", "")),
        ),
        wrong(
            "second batch norm missing",
            "densenet",
            "There is no batch norm before your 3x3 convolution.",
            (SECOND_NORM, ""),
        ),
        wrong(
            "concatenated along the batch",
            "kinds",
            "You concatenate along axis 0, the images. Channels are axis 1.",
            (CAT, "x = torch.cat([x, layer(x)], 0)"),
        ),
        wrong(
            "old channels cut off from gradients",
            "two-paths",
            "No gradient goes back through the channels that you hand on: detach cuts them off.",
            (CAT, "x = torch.cat([x.detach(), layer(x)], 1)"),
        ),
        wrong(
            "one layer n times",
            "densenet",
            "Layers two and on share the weights of the first. Make a new layer each time.",
            (
                'self.add_module(f"denselayer{number + 1}", nn.Sequential(layer))',
                'self.add_module(f"denselayer{number + 1}", nn.Sequential(layer))\n        self.n, self.c_in = n, c_in',
            ),
            (LOOP, "for _ in range(self.n):\n            layer = self.denselayer1"),
            (CAT, "x = torch.cat([x, layer(x[:, : self.c_in])], 1)"),
        ),
    ),
    variants={
        "layers in a Sequential, concatenated at once": DenseBlock,
        "a list of all so far, ReLUs in place": Listed,
        "layers that concatenate by themselves": Growing,
        "room for all channels, double precision": Buffer,
    },
)
