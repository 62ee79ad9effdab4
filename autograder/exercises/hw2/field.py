"""Exercise receptive_field."""

import math

from autograder.exercise import Case, Exercise, Mistake
from convbook import kernels


def field_loop(layers):
    field, jump = 1, 1
    for k, s, d in layers:
        field += d * (k - 1) * jump
        jump *= s
    return field


def field_backwards(layers):
    field = 1
    for k, s, d in reversed(layers):
        field = (field - 1) * s + d * (k - 1) + 1
    return field


def field_marked(layers):
    """Follow the pixels themselves: which inputs does output 0 reach?"""
    reached = {0}
    for k, s, d in layers[::-1]:
        reached = {s * i + d * a for i in reached for a in range(k)}
    return max(reached) + 1


def wrong_field(add=lambda k, s, d, jump: d * (k - 1) * jump, step=lambda jump, s: jump * s, start=1, first=False):
    """A receptive field with one of its three ingredients wrong."""

    def receptive_field(layers):
        field, jump = start, 1
        for k, s, d in layers:
            if first:
                jump = step(jump, s)
            field += add(k, s, d, jump)
            if not first:
                jump = step(jump, s)
        return field

    return receptive_field


def draw_receptive_field(rng):
    def layer(strides, dilations):
        return int(rng.integers(2, 6)), int(rng.choice(strides)), int(rng.choice(dilations))

    cases = []
    for length in (3, 5):
        cases.append(Case("stride 1", "a stack", ([layer([1], [1]) for _ in range(length)],)))
    for _ in range(3):
        big = int(rng.integers(4, 7))
        stack = [layer([1], [1]), layer([2], [1]), layer([3], [1]), (2, 2, 1), (1, 1, 1), layer([big], [1])]
        stack.append(layer([2], [1]))
        cases.append(Case("strides", "convolutions and poolings with strides", (stack,)))
    deep = [
        (7, 2, 1),
        (3, 2, 1),
        *[(1, 1, 1), (3, 1, 1)] * 3,
        *[(3, 2, 1), (3, 1, 1)] * 3,
        *[(3, 1, 1)] * int(rng.integers(1, 9)),
    ]
    cases.append(Case("strides", "as deep as a ResNet", (deep,)))
    for _ in range(2):
        stack = [layer([2], [1]), layer([1], [2]), layer([2], [3]), layer([1], [4])]
        cases.append(Case("dilation", "dilated layers behind a stride", (stack,)))
    return cases


RECEPTIVE_FIELD = Exercise(
    id="hw2.receptive_field",
    function="receptive_field",
    points=6,
    anchor="conv2d-receptive-field",
    reference=kernels.receptive_field,
    groups={"stride 1": 1, "strides": 3, "dilation": 2},
    exact_type=True,
    examples=(
        Case("stride 1", "five 3x3 layers", ([(3, 1, 1)] * 5,)),
        Case("strides", "two 3x3 layers and a 2x2 pooling, twice", ([(3, 1, 1), (3, 1, 1), (2, 2, 1)] * 2,)),
        Case("dilation", "dilations 1, 2, 4, 8", ([(3, 1, d) for d in (1, 2, 4, 8)],)),
    ),
    draw=draw_receptive_field,
    mistakes=(
        Mistake(
            "strides ignored",
            "Strides make no difference to your result. Behind a stride, neighbouring values lie further apart in the input.",
            "conv2d-receptive-field",
            wrong_field(step=lambda jump, s: 1),
        ),
        Mistake(
            "jump not accumulated",
            "You use only the stride of the layer before. The jump is the product of all strides so far.",
            "conv2d-receptive-field",
            wrong_field(step=lambda jump, s: s),
        ),
        Mistake(
            "own stride counted",
            "You multiply a layer's reach by its own stride. Only the strides before it spread its inputs.",
            "conv2d-receptive-field",
            wrong_field(first=True),
        ),
        Mistake(
            "strides added",
            "You add the strides. Each one multiplies the distance between neighbours.",
            "conv2d-receptive-field",
            wrong_field(step=lambda jump, s: jump + s - 1),
        ),
        Mistake(
            "k instead of k - 1",
            "You add k pixels a layer. A kernel of k taps reaches k - 1 steps further.",
            "conv2d-receptive-field",
            wrong_field(add=lambda k, s, d, jump: d * k * jump),
        ),
        Mistake(
            "starts at 0",
            "You start at 0. With no layer at all, a value sees one pixel: itself.",
            "conv2d-receptive-field",
            wrong_field(start=0),
        ),
        Mistake(
            "dilation ignored",
            "Dilation makes no difference to your result. A dilated kernel reaches d*(k - 1) steps.",
            "conv2d-dilation",
            wrong_field(add=lambda k, s, d, jump: (k - 1) * jump),
        ),
        Mistake(
            "dilation spreads what follows",
            "You let dilation enter the jump. It spreads the taps of its own layer and nothing behind it.",
            "conv2d-dilation",
            lambda layers: wrong_field()([(k, s * d, d) for k, s, d in layers]),
        ),
        Mistake(
            "from the output",
            "You walk from the output to the input with the forward rule. Go through the layers from the input.",
            "conv2d-receptive-field",
            lambda layers: field_loop(list(layers)[::-1]),
        ),
        Mistake(
            "pooling ignored",
            "You leave out layers whose kernel equals their stride. Pooling widens the view like any other layer.",
            "conv2d-receptive-field",
            lambda layers: field_loop([layer for layer in layers if layer[0] != layer[1]]),
        ),
        Mistake(
            "kernel sizes multiplied",
            "You multiply the kernel sizes. Each layer adds d*(k - 1) jumps.",
            "conv2d-receptive-field",
            lambda layers: math.prod(d * (k - 1) + 1 for k, s, d in layers),
        ),
    ),
    variants={"forward": field_loop, "backward": field_backwards, "follow the pixels": field_marked},
)
