"""Exercise receptive_box."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def receptive_box(layers, i, j, size):
    layers = list(layers)
    found = []
    for place, length in ((j, size[1]), (i, size[0])):
        lengths = [length]
        for k, s, p in layers:
            lengths.append((lengths[-1] + 2 * p - k) // s + 1)
        first, last = place, place
        for (k, s, p), here in zip(layers[::-1], lengths[-2::-1], strict=True):
            first, last = first * s - p, last * s - p + k - 1
            first, last = max(first, 0), min(last, here - 1)
        found.append((first, last + 1))
    (x0, x1), (y0, y1) = found
    return np.array([x0, y0, x1, y1])


def as_sets(layers, i, j, size):
    """The places that each place sees, as sets of rows and of columns."""

    def seen(place, length):
        lengths = [length]
        for k, s, p in layers:
            lengths.append((lengths[-1] + 2 * p - k) // s + 1)
        places = {place}
        for n in range(len(layers) - 1, -1, -1):
            k, s, p = layers[n]
            places = {here * s - p + a for here in places for a in range(k)} & set(range(lengths[n]))
        return min(places), max(places) + 1

    (y0, y1), (x0, x1) = seen(i, size[0]), seen(j, size[1])
    return x0, y0, x1, y1


def forwards(layers, i, j, size):
    """The box of every place of a map, layer by layer from the image on; a list of floats."""
    boxes = []
    for length in size:
        first, last = np.arange(length), np.arange(length)
        for k, s, p in layers:
            count = (len(first) + 2 * p - k) // s + 1
            starts = np.arange(count) * s - p
            first, last = first[np.maximum(starts, 0)], last[np.minimum(starts + k - 1, len(last) - 1)]
        boxes.append((first, last + 1))
    (top, bottom), (left, right) = boxes
    return [float(left[j]), float(top[i]), float(right[j]), float(bottom[i])]


def by_recursion(layers, i, j, size):
    def back(layers, first, end, length):
        if not layers:
            return first, end
        *before, (k, s, p) = layers
        here = length
        for kernel, stride, padding in before:
            here = (here + 2 * padding - kernel) // stride + 1
        return back(before, max(first * s - p, 0), min((end - 1) * s - p + k, here), length)

    rows, columns = back(list(layers), i, i + 1, size[0]), back(list(layers), j, j + 1, size[1])
    return np.array([columns[0], rows[0], columns[1], rows[1]], np.int32)


INSIDE, STRIDES, BORDER, LEFT_OVER = "stride 1", "strides", "at the border", "what padding sees"


def draw(rng):
    def out(layers, size):
        for k, s, p in layers:
            size = (size + 2 * p - k) // s + 1
        return size

    def place(layers, size, low=0.35, high=0.65):
        """A place about the middle of the last map, row and column not alike."""
        h, w = (out(layers, length) for length in size)
        i, j = (
            int(rng.integers(int(h * low), max(int(h * high), int(h * low) + 1))),
            int(rng.integers(int(w * low), int(w * high) + 1)),
        )
        return (i, j + 1) if i == j else (i, j)

    def case(group, kind, layers, size, at=None):
        i, j = at or place(layers, size)
        return Case(group, kind, (layers, i, j, size))

    h, w = sizes(rng, 2, 90, 140)
    big = (h, w)
    k = int(rng.choice([5, 7]))
    vgg = [(3, 1, 1), (3, 1, 1), (2, 2, 0), (3, 1, 1), (3, 1, 1), (2, 2, 0), (3, 1, 1)]
    resnet = [(7, 2, 3), (3, 2, 1), (3, 1, 1), (3, 1, 1)]
    mixed = [(5, 2, 2), (3, 1, 1), (3, 2, 0), (3, 1, 1)]
    odd = [(4, 3, 1), (3, 1, 0), (2, 2, 1)]
    last = {name: [out(layers, length) - 1 for length in big] for name, layers in [("vgg", vgg), ("mixed", mixed)]}
    # a stride that leaves pixels over: the padding of the next layer lies there
    spare = 4 * int(rng.integers(8, 12))
    lost = [(4, 4, 0), (3, 1, 1)]
    lost_size = (spare + 3, spare + 14)
    return [
        case(INSIDE, "one layer", [(k, 1, 0)], big),
        case(INSIDE, "one layer, padded", [(k, 1, k // 2)], big),
        case(INSIDE, "three layers, padded", [(3, 1, 1), (k, 1, 2), (3, 1, 0)], big),
        case(STRIDES, "VGG's first layers", vgg, big),
        case(STRIDES, "ResNet's first layers", resnet, big),
        case(STRIDES, "kernels and strides of many kinds", mixed, big),
        case(STRIDES, "stride 3", odd, big),
        case(BORDER, "the upper left corner", vgg, big, (0, 0)),
        case(BORDER, "the upper border", resnet, big, (0, place(resnet, big)[1])),
        case(BORDER, "the right border", mixed, big, (place(mixed, big)[0], last["mixed"][1])),
        case(BORDER, "the lower right corner", vgg, big, tuple(last["vgg"])),
        case(
            LEFT_OVER,
            "pixels that no window covers",
            lost,
            lost_size,
            tuple(out(lost, length) - 1 for length in lost_size),
        ),
        case(
            LEFT_OVER,
            "the same, a layer more",
            [*lost, (3, 1, 1)],
            lost_size,
            tuple(out(lost, length) - 1 for length in lost_size),
        ),
    ]


AXES, BACK = "for place, length in ((j, size[1]), (i, size[0])):", "zip(layers[::-1], lengths[-2::-1], strict=True)"
STEP, CUT = "first, last = first * s - p, last * s - p + k - 1", "first, last = max(first, 0), min(last, here - 1)"
END, RETURN, LAYERS = "found.append((first, last + 1))", "return np.array([x0, y0, x1, y1])", "layers = list(layers)"


def wrong(name, sentence, *changes, anchor="receptive"):
    return wrong_from(receptive_box, name, anchor, sentence, *changes)


RECEPTIVE_BOX = Exercise(
    id="hw6.receptive_box",
    function="receptive_box",
    points=9,
    anchor="visualization-receptive",
    reference=receptive_box,
    groups={INSIDE: 2, STRIDES: 3, BORDER: 3, LEFT_OVER: 1},
    examples=(
        Case(INSIDE, "3x3, then 5x5", ([(3, 1, 1), (5, 1, 2)], 8, 12, (30, 40))),
        Case(STRIDES, "3x3, pooled, 3x3", ([(3, 1, 1), (2, 2, 0), (3, 1, 1)], 6, 11, (30, 40))),
        Case(BORDER, "the same, at the upper right", ([(3, 1, 1), (2, 2, 0), (3, 1, 1)], 0, 19, (30, 40))),
        Case(LEFT_OVER, "eleven pixels, stride 4", ([(4, 4, 0), (3, 1, 1)], 1, 4, (11, 23))),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "padding forgotten",
            "You forget the padding: with p = 1 the first window begins at pixel -1. Subtract it at each layer.",
            (STEP, "first, last = first * s, last * s + k - 1"),
        ),
        wrong(
            "padding added",
            "You add the padding. The first window begins before the map, at -p.",
            (STEP, "first, last = first * s + p, last * s + p + k - 1"),
        ),
        wrong(
            "padding in pixels",
            "You subtract the paddings in the end, added up. A layer's padding counts in places of its own input, which "
            "earlier strides have spread.",
            (STEP, "first, last = first * s, last * s + k - 1"),
            (
                END,
                "pad = sum(p for _, _, p in layers)\n        found.append((max(first - pad, 0), min(last - pad + 1, length)))",
            ),
        ),
        wrong(
            "end included",
            "Your box ends at the last pixel. It ends after it, so that image[y0:y1, x0:x1] cuts it out.",
            (END, "found.append((first, last))"),
        ),
        wrong(
            "one pixel too many",
            "Your box ends a pixel too late: a kernel of 3 that begins at 4 ends at 7, and 7 is excluded.",
            (STEP, "first, last = first * s - p, last * s - p + k"),
        ),
        wrong(
            "kernel not counted",
            "You follow one pixel back and forget that a window is k wide.",
            (STEP, "first, last = first * s - p, last * s - p"),
        ),
        wrong(
            "strides forgotten",
            "You forget the strides: place i begins at i * s - p of the map before.",
            (STEP, "first, last = first - p, last - p + k - 1"),
        ),
        wrong(
            "stride of the width forgotten",
            "Your boxes have the right first pixel and are too small: later kernels count in places that strides have "
            "spread. Follow the last place back as you do the first.",
            (END, "found.append((first, min(first + 1 + sum(k - 1 for k, _, _ in layers), length)))"),
        ),
        wrong(
            "window around the place",
            "You put the middle of the window at i * s. It begins at i * s - p, which is the same with a padding of half "
            "the kernel alone.",
            (STEP, "first, last = first * s - k // 2, last * s - k // 2 + k - 1"),
        ),
        wrong(
            "first layer first",
            "You go through the layers from the image on, as the image did. Go back: the last layer first.",
            (BACK, "zip(layers, lengths[:-1], strict=True)"),
        ),
        wrong(
            "last layer left out",
            "You leave out the last layer.",
            (BACK, "zip(layers[-2::-1], lengths[-3::-1], strict=False)"),
        ),
        wrong(
            "first layer left out",
            "You leave out the first layer.",
            (BACK, "zip(layers[:0:-1], lengths[-2::-1], strict=False)"),
        ),
        wrong(
            "not cut",
            "Your box leaves the image. Cut it at the borders.",
            (CUT, "pass"),
        ),
        wrong(
            "cut at 0 alone",
            "You cut at 0 and not at the other end of the image.",
            (CUT, "first = max(first, 0)"),
        ),
        wrong(
            "cut at the far end alone",
            "You cut at the far end of the image and not at 0: a negative number counts from the end when it cuts an array.",
            (CUT, "last = min(last, here - 1)"),
        ),
        wrong(
            "cut in the end alone",
            "You cut at the borders of the image alone. Padding of later layers sees nothing either, and pixels that a "
            "stride leaves over reach no unit: cut at the size of each map.",
            (CUT, "pass"),
            (END, "found.append((max(first, 0), min(last + 1, length)))"),
        ),
        wrong(
            "moved inside",
            "You move a box at the border into the image, with its full size. It is cut off.",
            (CUT, "pass"),
            (
                END,
                "extent = last + 1 - first\n        first = min(max(first, 0), length - extent)\n"
                "        found.append((first, first + extent))",
            ),
        ),
        wrong(
            "cut one pixel early",
            "You cut at the last pixel, size - 1. The end is excluded: cut at the size.",
            (END, "found.append((first, min(last + 1, length - 1)))"),
        ),
        wrong(
            "height and width exchanged",
            "You cut x at the height and y at the width: size is (height, width).",
            (AXES, "for place, length in ((j, size[0]), (i, size[1])):"),
        ),
        wrong(
            "row for x",
            "You compute x from the row i. x goes with the column, j.",
            (AXES, "for place, length in ((i, size[1]), (j, size[0])):"),
        ),
        wrong(
            "y before x",
            "You return y0, x0, y1, x1. The order is x0, y0, x1, y1.",
            (RETURN, "return np.array([y0, x0, y1, x1])"),
        ),
        wrong(
            "pairs",
            "You return x0, x1, y0, y1. The order is x0, y0, x1, y1.",
            (RETURN, "return np.array([x0, x1, y0, y1])"),
        ),
        wrong(
            "corner and size",
            "You return width and height for the second corner.",
            (RETURN, "return np.array([x0, y0, x1 - x0, y1 - y0])"),
        ),
        wrong(
            "size alone",
            "You return the size of the box. Its place is asked for too.",
            (RETURN, "return np.array([x1 - x0, y1 - y0])"),
        ),
        wrong(
            "layers changed",
            "You take layers out of the list that you were given. Read it, and leave it as it is.",
            (LAYERS, "kept = list(layers)\n    layers.clear()\n    layers = kept"),
        ),
    ),
    variants={
        "back, layer by layer": receptive_box,
        "sets of places": as_sets,
        "from the image on, floats": forwards,
        "recursion": by_recursion,
    },
)
