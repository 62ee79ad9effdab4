"""Exercise block_diagonal."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw3.cases import apart

CHECK = "if len(w) % groups or w.shape[1] * groups != c_in:"
ROWS, COLUMNS = "m * each : (m + 1) * each", "m * depth : (m + 1) * depth"
TARGET, SOURCE = f"dense[{ROWS}, {COLUMNS}]", f"w[{ROWS}]"
ZEROS = "np.zeros((F, c_in, kh, kw))"


def blocks(w, groups, c_in):
    F, depth, kh, kw = w.shape
    if len(w) % groups or w.shape[1] * groups != c_in:
        raise ValueError(f"w of shape {w.shape} is no bank of {groups} groups for {c_in} channels")
    each = F // groups
    dense = np.zeros((F, c_in, kh, kw))
    for m in range(groups):
        dense[m * each : (m + 1) * each, m * depth : (m + 1) * depth] = w[m * each : (m + 1) * each]
    return dense


def one_filter_at_a_time(w, groups, c_in):
    if len(w) % groups != 0 or c_in % groups != 0 or c_in // groups != w.shape[1]:
        raise ValueError("no such layer")
    dense = []
    for f in range(len(w)):
        m = f * groups // len(w)
        before, after = m * w.shape[1], c_in - (m + 1) * w.shape[1]
        dense.append(np.pad(w[f], ((before, after), (0, 0), (0, 0))))
    return np.stack(dense)


def masked(w, groups, c_in):
    """The filters beside themselves, once a group, and all but the own group's put out."""
    if len(w) % groups or w.shape[1] * groups != c_in:
        raise ValueError("no such layer")
    own = np.eye(groups).repeat(len(w) // groups, axis=0).repeat(w.shape[1], axis=1)
    return np.tile(w, (1, groups, 1, 1)) * own[:, :, None, None]


def probed(w, groups, c_in):
    """What each channel does to each filter, as the chapter finds it."""
    each = len(w) // groups
    if each * groups != len(w) or groups * w.shape[1] != c_in:
        raise ValueError("no such layer")
    return [
        [
            w[f, c % w.shape[1]].tolist() if c // w.shape[1] == f // each else np.zeros(w.shape[2:]).tolist()
            for c in range(c_in)
        ]
        for f in range(len(w))
    ]


def as_matrix(w, groups, c_in):
    """A block-diagonal matrix for each tap, in single precision."""
    if len(w) % groups or w.shape[1] * groups != c_in:
        raise ValueError("no such layer")
    parts = w.reshape(groups, -1, *w.shape[1:]).astype(np.float32)
    dense = np.einsum("gm,gfcab->gfmcab", np.eye(groups, dtype=np.float32), parts)
    return dense.reshape(len(w), c_in, *w.shape[2:])


def draw_block_diagonal(rng):
    def case(group, kind, groups, each, depth, kernel, integer=False):
        w = rng.normal(size=(groups * each, depth, *kernel))
        w = np.rint(3 * w).astype(np.int64) if integer else w
        return Case(group, kind, (w, groups, groups * depth))

    k, g = apart(rng, 2, 5), int(rng.integers(3, 6))
    each, depth = apart(rng, 2, 5)
    two, more, depthwise = "two groups", "more groups", "depthwise"
    cases = [
        case(two, "more filters than channels", 2, 3, 2, k),
        case(two, "more channels than filters", 2, 2, 3, k),
        case(two, "as many filters as channels", 2, 3, 3, k),
        case(two, "square kernel", 2, 4, 3, (3, 3)),
        case(two, "1x1 kernels", 2, 2, 4, (1, 1)),
        case(more, "more than two groups", g, each, depth, k),
        case(more, "more than two groups, square kernel", g, depth, each, (3, 3)),
        case(more, "as many filters as channels", g, depth, depth, k),
        case(more, "one filter a group", g, 1, depth, k),
        case(more, "integers", g, each, depth, k, integer=True),
        case(more, "1x1 kernels", 3, 3, 3, (1, 1)),
        case(depthwise, "one filter a channel", g, 1, 1, k),
        case(depthwise, "several filters a channel", g, each, 1, k),
        case(depthwise, "several filters a channel, 1x1 kernels", g, g + 1, 1, (1, 1)),
        case("banks that fit", "one group: the bank is dense already", 1, each + 1, depth, k),
        case("banks that fit", "a bank that fits", g, depth, each, k),
    ]
    for kind, filters, groups, channels in (
        ("groups that do not divide the filters", g * each + 1, g, g * depth),
        ("more channels than the groups have", g * each, g, g * depth + g),
        ("more channels than the groups have, by one", g * each, g, g * depth + 1),
        ("fewer channels than the groups have", g * each, g, g * depth - 1),
    ):
        w = rng.normal(size=(filters, depth, *k))
        cases.append(Case("banks that fit", kind, (w, groups, channels)))
    return cases


def wrong(name, sentence, *changes, anchor="groups-block-diagonal"):
    return Mistake(name, sentence, anchor, rewrite(blocks, *changes))


BLOCK_DIAGONAL = Exercise(
    id="hw3.block_diagonal",
    function="block_diagonal",
    points=10,
    anchor="groups-block-diagonal",
    reference=blocks,
    groups={"two groups": 4, "more groups": 3, "depthwise": 1, "banks that fit": 2},
    examples=(
        Case(
            "two groups",
            "the chapter's example: four channels, six filters, two groups",
            (np.arange(1.0, 13).reshape(6, 2, 1, 1), 2, 4),
        ),
    ),
    draw=draw_block_diagonal,
    mistakes=(
        wrong(
            "blocks on the other diagonal",
            "Your blocks run from the lower left to the upper right. Group 0 has the first filters and the first channels: "
            "the upper left.",
            (TARGET, f"dense[{ROWS}, c_in - (m + 1) * depth : c_in - m * depth]"),
        ),
        wrong(
            "all filters in the first columns",
            "All your filters stand in the first C/g channels. Group m belongs m*C/g channels further.",
            (TARGET, f"dense[{ROWS}, :depth]"),
        ),
        wrong(
            "filters in every block",
            "You repeat each filter for every block of channels. Outside the block of its own group a filter is zero.",
            (TARGET, f"dense[{ROWS}]"),
            (SOURCE, f"np.tile({SOURCE}, (1, groups, 1, 1))"),
        ),
        wrong(
            "first group's filters in every block",
            "Every block of yours holds the filters of the first group, as np.kron(np.eye(g), ...) does. Block m holds the "
            "filters of group m.",
            (SOURCE, "w[:each]"),
        ),
        wrong(
            "columns strided",
            "The channels of your group m are m, m + g, m + 2g and so on. They are neighbours: m*C/g to (m+1)*C/g.",
            (TARGET, f"dense[{ROWS}, m::groups]"),
        ),
        wrong(
            "rows strided",
            "You deal the filters to the groups in turn. Filter f is in group f // (F/g).",
            (TARGET, f"dense[m::groups, {COLUMNS}]"),
            (SOURCE, "w[m::groups]"),
        ),
        wrong(
            "rows interleaved",
            "The filters of your groups are interleaved: they have left their rows. Row f is filter f.",
            (TARGET, f"dense[m::groups, {COLUMNS}]"),
        ),
        wrong(
            "blocks begin at multiples of F/g",
            "Your blocks begin at column m*F/g. Columns are channels: block m begins at m*C/g.",
            (TARGET, f"dense[{ROWS}, m * each : m * each + depth]"),
        ),
        wrong(
            "pattern transposed",
            "Your matrix is transposed: (C, F, kh, kw). Rows are filters, columns are channels.",
            ("return dense", "return dense.swapaxes(0, 1)"),
        ),
        wrong(
            "one filter a block",
            "Only the first filter of each group is placed. A block has F/g rows.",
            (TARGET, f"dense[m * each, {COLUMNS}]"),
            (SOURCE, "w[m * each]"),
        ),
        wrong(
            "first filter fills the block",
            "All rows of a block hold its first filter. Row f is filter f.",
            (SOURCE, "w[m * each]"),
        ),
        wrong(
            "first block only",
            "Only the block of the first group is filled in. Loop over all the groups.",
            ("in range(groups)", "in range(1)"),
        ),
        wrong(
            "ones in the blocks",
            "You return the pattern, ones where weights belong. Put the weights themselves there.",
            (SOURCE, "1"),
        ),
        wrong(
            "divided by the groups",
            "You divide the weights by g. Nothing is averaged: the dense layer uses the same numbers.",
            ("return dense", "return dense / groups"),
        ),
        wrong(
            "kernels flipped",
            "Your kernels are flipped. The dense layer is a cross-correlation too; they stay as they lie.",
            (SOURCE, f"w[{ROWS}, :, ::-1, ::-1]"),
            anchor="conv2d-flip",
        ),
        wrong(
            "kernels transposed",
            "Your kernels are transposed. Their rows and columns stay as they are.",
            (ZEROS, "np.zeros((F, c_in, kw, kh))"),
            (SOURCE, f"w[{ROWS}].swapaxes(2, 3)"),
        ),
        wrong(
            "centre of the kernel only",
            "Only one weight of each kernel is kept. Each entry of the matrix is a whole kernel of kh x kw.",
            ("return dense", "return dense[:, :, kh // 2, kw // 2]"),
        ),
        wrong(
            "integer weights",
            "Your weights are cut to integers: the array of zeros has an integer dtype. Make it of floats, or of w.dtype.",
            (ZEROS, "np.zeros((F, c_in, kh, kw), int)"),
        ),
        wrong(
            "bank returned as it is",
            "You return w as it is stored, with C/g channels a filter. The dense bank has C, most of them zero.",
            ("return dense", "return w"),
        ),
        wrong(
            "banks that do not fit",
            "You accept a bank that does not fit. Raise ValueError where g does not divide F, or where the blocks do not "
            "have c_in channels together.",
            (CHECK, "if False:"),
            (ZEROS, "np.zeros((F, max(c_in, groups * depth), kh, kw))[:, :c_in]"),
            (TARGET, f"dense[{ROWS}, {COLUMNS}][:]"),
            (SOURCE, f"w[{ROWS}, : max(0, c_in - m * depth)]"),
        ),
        wrong(
            "channels not checked",
            "You do not check the channels. A bank of C/g channels a filter and g groups fits C channels only.",
            (CHECK, "if len(w) % groups:"),
            (SOURCE, f"w[{ROWS}, : max(0, c_in - m * depth)]"),
        ),
        wrong(
            "rounded division checked",
            "You compare c_in // groups with w.shape[1], which a rest does not show. Compare w.shape[1] * groups with c_in.",
            (CHECK, "if len(w) % groups or c_in // groups != depth:"),
        ),
        wrong(
            "filters not checked",
            "You check the channels, but not that g divides F. The leftover filters would have no group.",
            (CHECK, "if w.shape[1] * groups != c_in:"),
        ),
        wrong(
            "assert in place of ValueError",
            "You stop with assert, which raises AssertionError. Write raise ValueError(...): an assert is for mistakes of "
            "your own, and can be switched off.",
            (CHECK, "assert not (len(w) % groups or w.shape[1] * groups != c_in)\n    if False:"),
            anchor="groups-groups",
        ),
    ),
    variants={
        "a block at a time": blocks,
        "a filter at a time": one_filter_at_a_time,
        "tiled and masked": masked,
        "channel by channel, nested lists": probed,
        "einsum with the identity, in float32": as_matrix,
    },
)
