"""Exercise channel_shuffle."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw3.cases import apart

TABLE = "x.reshape(N, g, C // g, H, W)"
READ = "table.swapaxes(1, 2)"


def table(x, g):
    N, C, H, W = x.shape
    if C % g:
        raise ValueError(f"{g} groups do not divide {C} channels")
    table = x.reshape(N, g, C // g, H, W)
    return table.swapaxes(1, 2).reshape(N, C, H, W)


def by_index(x, g):
    C = x.shape[1]
    if C % g != 0:
        raise ValueError("no such groups")
    out = np.zeros(x.shape)
    for c in range(C):
        out[:, c % (C // g) * g + c // (C // g)] = x[:, c]
    return out


def dealt(x, g):
    """Every (C/g)-th channel, from each start: the columns of the table one after another."""
    rest = x.shape[1] % g
    if rest:
        raise ValueError(f"{rest} channels are left over")
    step = x.shape[1] // g
    return np.concatenate([x[:, m::step] for m in range(step)], axis=1)


def stacked(x, g):
    """The groups stacked behind each other; np.split refuses groups that do not divide."""
    return np.stack(np.split(x, g, axis=1), axis=2).reshape(x.shape).astype(np.float32)


def permuted(x, g):
    """A permutation of nested lists."""
    if x.shape[1] % g:
        raise ValueError("no such groups")
    order = np.arange(x.shape[1]).reshape(g, -1).T.ravel()
    return [[image[c].tolist() for c in order] for image in x]


def permutation_matrix(x, g):
    C = x.shape[1]
    if C % g:
        raise ValueError("no such groups")
    matrix = np.zeros((C, C))
    matrix[np.arange(C), np.arange(C).reshape(g, -1).T.ravel()] = 1
    return np.einsum("cd,ndij->ncij", matrix, x)


def draw_shuffle(rng):
    def case(group, kind, n, c, g, size, integer=False):
        shape = (n, c, *size)
        x = rng.integers(0, 256, shape, dtype=np.uint8) if integer else rng.normal(size=shape)
        return Case(group, kind, (x, g))

    def size():
        return apart(rng, 2, 5)

    two, more, fit = "two groups", "more groups", "groups that fit"
    g, depth = apart(rng, 3, 6)
    return [
        case(two, "three channels a group", 2, 6, 2, size()),
        case(two, "more channels a group", 3, 2 * depth, 2, size()),
        case(two, "one image", 1, 8, 2, size()),
        case(two, "square image", 3, 6, 2, [3, 3]),
        case(two, "image of integers", 2, 10, 2, size(), integer=True),
        case(more, "two channels a group", 2, 2 * g, g, size()),
        case(more, "more groups than channels a group", 2, 15, 5, size()),
        case(more, "fewer groups than channels a group", 3, 12, 3, size()),
        case(more, "one image of one pixel", 1, g * depth, g, [1, 1]),
        case(more, "as many channels a group as groups", 2, 9, 3, size()),
        case(more, "as many images as groups", 3, 6, 3, size()),
        case(more, "square images, as many as groups", 4, 8, 4, [4, 4]),
        case(fit, "groups that divide", 2, 12, 4, size()),
        case(fit, "groups that divide, more channels", 2, 6 * depth, 2 * depth, size()),
        case(fit, "one group: nothing moves", 2, depth, 1, size()),
        case(fit, "a channel a group: nothing moves", 2, depth, depth, size()),
        case(fit, "groups that do not divide", 2, g * depth + 1, g, (g, 3)),
        case(fit, "groups that do not divide, one short", 2, g * depth - 1, g, (g, 2)),
        case(fit, "more groups than channels", 3, depth, depth + 1, (2, depth + 1)),
    ]


def wrong(name, sentence, *changes):
    return Mistake(name, sentence, "groups-shuffle", rewrite(table, *changes))


CHANNEL_SHUFFLE = Exercise(
    id="hw3.channel_shuffle",
    function="channel_shuffle",
    points=8,
    anchor="groups-shuffle",
    reference=table,
    groups={"two groups": 3, "more groups": 3, "groups that fit": 2},
    examples=(
        Case("two groups", "the channels 0 to 5 of the chapter", (np.arange(6.0).reshape(1, 6, 1, 1), 2)),
        Case("more groups", "the channels 0 to 11 in three groups", (np.arange(12.0).reshape(1, 12, 1, 1), 3)),
    ),
    draw=draw_shuffle,
    mistakes=(
        wrong(
            "table of C/g rows",
            "This is the inverse permutation: your table has C/g rows, or you dealt x[:, m::g]. It needs g rows, one a group.",
            (TABLE, "x.reshape(N, C // g, g, H, W)"),
        ),
        wrong(
            "transpose forgotten",
            "Nothing has moved: two reshapes undo each other. Transpose the table in between.",
            (READ, "table"),
        ),
        wrong(
            "groups in reverse order",
            "You reverse the order of the groups. The first channel of a column is that of group 0.",
            (TABLE, TABLE + "[:, ::-1]"),
        ),
        wrong(
            "channels of a group in reverse order",
            "You reverse the channels of each group. The first column holds the first channel of each.",
            (TABLE, TABLE + "[:, :, ::-1]"),
        ),
        wrong(
            "channels reversed",
            "You reverse all the channels. The table is read column by column, from the first.",
            (READ + ".reshape(N, C, H, W)", "x[:, ::-1]"),
        ),
        wrong(
            "groups swapped, not mixed",
            "You reverse the groups as blocks. Each block of the result should hold channels of several groups.",
            (READ, "table[:, ::-1]"),
        ),
        wrong(
            "channels rotated",
            "You rotate the channels by g. A shuffle is a table, read by column.",
            (READ + ".reshape(N, C, H, W)", "np.roll(x, g, axis=1)"),
        ),
        wrong(
            "rotated by a group",
            "You rotate the channels by a group. A shuffle is a table, read by column.",
            (READ + ".reshape(N, C, H, W)", "np.roll(x, C // g, axis=1)"),
        ),
        wrong(
            "batch in the table",
            "You leave the batch out of the table, and the images get mixed. Reshape to (N, g, C/g, H, W).",
            (TABLE, "x.reshape(g, -1, H, W)"),
            (READ, "table.swapaxes(0, 1)"),
        ),
        wrong(
            "transposed past the pixels",
            "You move the group axis behind the pixels. Swap the two axes of the table only, g and C/g.",
            (READ, "table.transpose(0, 2, 3, 4, 1)"),
        ),
        wrong(
            "all axes transposed",
            "You transpose all five axes: .T reverses their order. Swap the two axes of the table only, g and C/g.",
            (READ, "table.T"),
        ),
        wrong(
            "pixels transposed too",
            "Your images are transposed. Swap the two axes of the table only, g and C/g.",
            (READ, "table.transpose(0, 2, 1, 4, 3)"),
        ),
        wrong(
            "not reshaped back",
            "Your result still has the groups as an axis. Reshape it back to (N, C, H, W).",
            (READ + ".reshape(N, C, H, W)", READ),
        ),
        wrong(
            "table returned",
            "You return the table. Transpose it, and reshape it back to (N, C, H, W).",
            (READ + ".reshape(N, C, H, W)", "table"),
        ),
        wrong(
            "always two groups",
            "You shuffle as if there were two groups. Their number is g.",
            (TABLE, "x.reshape(N, 2, C // 2, H, W) if C % 2 == 0 else " + TABLE),
        ),
        wrong(
            "first channel of each group",
            "You keep every (C/g)-th channel, the first of each group, and drop the others. The result has all C channels.",
            (READ + ".reshape(N, C, H, W)", "x[:, :: C // g]"),
        ),
        wrong(
            "every g-th channel",
            "You keep every g-th channel and drop the others. The result has all C channels.",
            (READ + ".reshape(N, C, H, W)", "x[:, ::g]"),
        ),
        wrong(
            "first image for all",
            "Every image of the batch gives the first one's channels.",
            (TABLE, "x[:1].repeat(N, axis=0).reshape(N, g, C // g, H, W)"),
        ),
        wrong(
            "groups that do not divide",
            "You accept groups that do not divide the channels: // cuts them off silently. Raise ValueError.",
            ("if C % g:", "if False:"),
            (TABLE, "x[:, : C - C % g].reshape(N, g, C // g, H, W)"),
            (".reshape(N, C, H, W)", ".reshape(N, C - C % g, H, W)"),
        ),
        wrong(
            "leftover channels stay",
            "You leave the channels that no group has where they are. Raise ValueError where g does not divide C.",
            ("if C % g:", "if False:"),
            (TABLE, "x[:, : C - C % g].reshape(N, g, C // g, H, W)"),
            (
                READ + ".reshape(N, C, H, W)",
                f"np.concatenate([{READ}.reshape(N, C - C % g, H, W), x[:, C - C % g :]], axis=1)",
            ),
        ),
        wrong(
            "assert in place of ValueError",
            "You stop with assert, which raises AssertionError. Write raise ValueError(...): an assert is for mistakes of "
            "your own, and can be switched off.",
            ("if C % g:", "assert C % g == 0\n    if False:"),
        ),
        wrong(
            "input changed",
            "You shuffle the array x itself. The caller still needs it: write to something new.",
            ("return " + READ + ".reshape(N, C, H, W)", f"x[:] = {READ}.reshape(N, C, H, W)\n    return x"),
        ),
    ),
    variants={
        "reshape, swap, reshape": table,
        "channel by channel": by_index,
        "dealt and joined": dealt,
        "split and stacked, in float32": stacked,
        "permutation of nested lists": permuted,
        "permutation matrix": permutation_matrix,
    },
)
