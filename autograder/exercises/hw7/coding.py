"""Exercises encode_boxes and decode_boxes: boxes as adjustments of anchors."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw7.draws import around, boxes, wrong_from
from convbook import detection


def encode_boxes(gt, anchors):
    wa, ha = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    xa, ya = anchors[:, 0] + wa / 2, anchors[:, 1] + ha / 2
    w, h = gt[:, 2] - gt[:, 0], gt[:, 3] - gt[:, 1]
    x, y = gt[:, 0] + w / 2, gt[:, 1] + h / 2
    tx, ty = (x - xa) / wa, (y - ya) / ha
    tw, th = np.log(w / wa), np.log(h / ha)
    return np.stack([tx, ty, tw, th], axis=1)


def decode_boxes(t, anchors):
    wa, ha = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    xa, ya = anchors[:, 0] + wa / 2, anchors[:, 1] + ha / 2
    tx, ty, tw, th = t[:, 0], t[:, 1], t[:, 2], t[:, 3]
    x, y = xa + tx * wa, ya + ty * ha
    w, h = wa * np.exp(tw), ha * np.exp(th)
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)


def encoded_by_halves(gt, anchors):
    """Centres times two, logarithms subtracted."""
    sizes = [b[:, 2:] - b[:, :2] for b in (gt, anchors)]
    sums = [b[:, 2:] + b[:, :2] for b in (gt, anchors)]
    return np.hstack([(sums[0] - sums[1]) / (2 * sizes[1]), np.log(sizes[0]) - np.log(sizes[1])])


def encoded_row_by_row(gt, anchors):
    rows = []
    for (x1, y1, x2, y2), (u1, v1, u2, v2) in zip(gt.tolist(), anchors.tolist(), strict=True):
        wa, ha = u2 - u1, v2 - v1
        tx, ty = ((x1 + x2) / 2 - (u1 + u2) / 2) / wa, ((y1 + y2) / 2 - (v1 + v2) / 2) / ha
        rows.append([tx, ty, np.log((x2 - x1) / wa), np.log((y2 - y1) / ha)])
    return rows


def encoded_in_place(gt, anchors):
    gt, anchors = gt.astype(np.float64), anchors.astype(np.float64)
    for b in (gt, anchors):
        b[:, 2:] -= b[:, :2]
        b[:, :2] += 0.5 * b[:, 2:]
    gt[:, :2] -= anchors[:, :2]
    gt /= np.tile(anchors[:, 2:], 2)
    gt[:, 2:] = np.log(gt[:, 2:])
    return gt


def decoded_by_halves(t, anchors):
    size = anchors[:, 2:] - anchors[:, :2]
    centre = (anchors[:, 2:] + anchors[:, :2]) / 2 + t[:, :2] * size
    half = size * np.exp(t[:, 2:]) / 2
    return np.hstack([centre - half, centre + half])


def decoded_row_by_row(t, anchors):
    rows = []
    for (tx, ty, tw, th), (u1, v1, u2, v2) in zip(t.tolist(), anchors.tolist(), strict=True):
        w, h = (u2 - u1) * np.exp(tw), (v2 - v1) * np.exp(th)
        x1, y1 = (u1 + u2 - w) / 2 + tx * (u2 - u1), (v1 + v2 - h) / 2 + ty * (v2 - v1)
        rows.append([x1, y1, x1 + w, y1 + h])
    return rows


def decoded_with_a_bound(t, anchors):
    """No side grows more than 62.5 times, as libraries have it."""
    bounded = np.concatenate([t[:, :2], np.minimum(t[:, 2:], np.log(1000 / 16))], axis=1)
    return decode_boxes(bounded, anchors)


SHIFTED, SIZED, BOTH = "moved", "made larger or smaller", "both at once"


def pairs(rng):
    """Kinds of ``(group, kind, boxes, anchors)``, row by row."""
    n = int(rng.integers(5, 9))
    anchors = boxes(rng, n, 200, 20)
    size = anchors[:, 2:] - anchors[:, :2]
    centre = anchors[:, :2] + size / 2

    def boxed(centre, size):
        return np.concatenate([centre - size / 2, centre + size / 2], axis=1)

    shift = rng.uniform(0.2, 0.8, (n, 2)) * rng.choice([-1, 1], (n, 2))
    growth = np.exp(rng.uniform(0.2, 1, (n, 2)) * rng.choice([-1, 1], (n, 2)))
    whole = np.concatenate([rng.integers(1, 50, (3, 2)), rng.integers(60, 99, (3, 2))], axis=1)
    square = boxed(centre[:4], size[:4, :1] * np.ones(2))
    return [
        (SHIFTED, "moved, the size as it is", boxed(centre + shift * size, size), anchors),
        (SHIFTED, "moved far", boxed(centre + 5 * shift * size, size), anchors),
        (SHIFTED, "fractions of an image", boxed(centre + shift * size, size) / 300, anchors / 300),
        (SIZED, "other sides, the centre as it is", boxed(centre, size * growth), anchors),
        (SIZED, "square anchors", boxed(centre, size * growth)[:4], square),
        (BOTH, "moved and resized", boxed(centre + shift * size, size * growth), anchors),
        (BOTH, "four boxes", around(rng, anchors[:4], 0.3), anchors[:4]),
        (BOTH, "one box", boxes(rng, 1), anchors[:1]),
        (BOTH, "boxes that leave the image", boxed(centre + shift * size, size * growth) - 120, anchors - 120),
        (BOTH, "whole numbers", whole[:, [1, 0, 3, 2]] + np.array([0, 0, 1, 3]), whole),
    ]


def draw_encode(rng):
    return [Case(group, kind, (b, anchors)) for group, kind, b, anchors in pairs(rng)]


def draw_decode(rng):
    return [Case(group, kind, (detection.encode_boxes(b, anchors), anchors)) for group, kind, b, anchors in pairs(rng)]


ANCHOR_SIZE = "wa, ha = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]"
ANCHOR_CENTRE = "xa, ya = anchors[:, 0] + wa / 2, anchors[:, 1] + ha / 2"
SIZE, MIDDLE = "w, h = gt[:, 2] - gt[:, 0], gt[:, 3] - gt[:, 1]", "x, y = gt[:, 0] + w / 2, gt[:, 1] + h / 2"
SHIFT, LOGS = "tx, ty = (x - xa) / wa, (y - ya) / ha", "tw, th = np.log(w / wa), np.log(h / ha)"
PACKED = "return np.stack([tx, ty, tw, th], axis=1)"


def wrong(name, sentence, *changes, anchor="coding"):
    return wrong_from(encode_boxes, name, anchor, sentence, *changes)


ENCODE_BOXES = Exercise(
    id="hw7.encode_boxes",
    function="encode_boxes",
    points=6,
    anchor="detection-coding",
    reference=detection.encode_boxes,
    groups={SHIFTED: 1, SIZED: 1, BOTH: 1},
    examples=(
        Case(SHIFTED, "half a width to the right", (np.array([[10.0, 0, 30, 60]]), np.array([[0.0, 0, 20, 60]]))),
        Case(SIZED, "twice as high", (np.array([[0.0, 0, 20, 40]]), np.array([[0.0, 10, 20, 30]]))),
        Case(
            BOTH,
            "half a width to the right, twice as high",
            (np.array([[10.0, 20, 30, 60]]), np.array([[0.0, 0, 20, 20]])),
        ),
    ),
    draw=draw_encode,
    mistakes=(
        wrong(
            "th before tw",
            "Your tw and th have changed places, as on one slide of a lecture. The order is tx, ty, tw, th.",
            (PACKED, "return np.stack([tx, ty, th, tw], axis=1)"),
        ),
        wrong(
            "ty before tx",
            "Your tx and ty have changed places. The order is tx, ty, tw, th.",
            (PACKED, "return np.stack([ty, tx, tw, th], axis=1)"),
        ),
        wrong(
            "sizes first",
            "Your sizes come first. The order is tx, ty, tw, th.",
            (PACKED, "return np.stack([tw, th, tx, ty], axis=1)"),
        ),
        wrong(
            "x and w first",
            "Your order is tx, tw, ty, th. It is tx, ty, tw, th.",
            (PACKED, "return np.stack([tx, tw, ty, th], axis=1)"),
        ),
        wrong(
            "transposed",
            "Your result is (4, N). A row belongs to a box.",
            (PACKED, "return np.stack([tx, ty, tw, th])"),
        ),
        wrong(
            "corners instead of centres",
            "Your tx and ty come from the upper left corners. They are those of the centres: then the size does not "
            "move them.",
            (SHIFT, "tx, ty = (gt[:, 0] - anchors[:, 0]) / wa, (gt[:, 1] - anchors[:, 1]) / ha"),
        ),
        wrong(
            "all four corners",
            "You return the differences of four corner coordinates, over the anchor's size. Return centre and size: "
            "tx, ty, tw, th.",
            (SHIFT, "tx, ty = (gt[:, 0] - anchors[:, 0]) / wa, (gt[:, 1] - anchors[:, 1]) / ha"),
            (LOGS, "tw, th = (gt[:, 2] - anchors[:, 2]) / wa, (gt[:, 3] - anchors[:, 3]) / ha"),
        ),
        wrong(
            "no logarithm",
            "Your tw and th are ratios. Take their logarithm: 0 then means as it is.",
            (LOGS, "tw, th = w / wa, h / ha"),
        ),
        wrong(
            "ratio less one",
            "Your tw and th are ratios less 1. Take the logarithm of the ratio; for small changes the two look alike.",
            (LOGS, "tw, th = w / wa - 1, h / ha - 1"),
        ),
        wrong(
            "log1p",
            "You take log(1 + ratio), which is not 0 for equal sizes. Take the logarithm of the ratio.",
            (LOGS, "tw, th = np.log1p(w / wa), np.log1p(h / ha)"),
        ),
        wrong(
            "base 2",
            "You take the logarithm to base 2. It is the natural one, for decoding uses exp.",
            (LOGS, "tw, th = np.log2(w / wa), np.log2(h / ha)"),
        ),
        wrong(
            "base 10",
            "You take the logarithm to base 10. It is the natural one, for decoding uses exp.",
            (LOGS, "tw, th = np.log10(w / wa), np.log10(h / ha)"),
        ),
        wrong(
            "ratio upside down",
            "Your tw and th have the wrong sign: the box is over the anchor, not under it.",
            (LOGS, "tw, th = np.log(wa / w), np.log(ha / h)"),
        ),
        wrong(
            "widths with heights",
            "You divide the width of the box by the height of the anchor, and the other way round.",
            (LOGS, "tw, th = np.log(w / ha), np.log(h / wa)"),
        ),
        wrong(
            "logarithm of a difference",
            "Your tw and th come from the difference of the sizes. Take the logarithm of their ratio.",
            (
                LOGS,
                "tw, th = np.log(abs(w - wa) + 1), np.log(abs(h - ha) + 1)",
            ),
        ),
        wrong(
            "anchor minus box",
            "Your tx and ty have the wrong sign: they lead from the anchor to the box.",
            (SHIFT, "tx, ty = (xa - x) / wa, (ya - y) / ha"),
        ),
        wrong(
            "over the box's size",
            "You divide tx and ty by the size of the box. Only the anchor's is known when decoding.",
            (SHIFT, "tx, ty = (x - xa) / w, (y - ya) / h"),
        ),
        wrong(
            "shift in pixels",
            "Your tx and ty are in pixels. Divide them by the anchor's width and height.",
            (SHIFT, "tx, ty = x - xa, y - ya"),
        ),
        wrong(
            "x over the height",
            "You divide tx by the anchor's height and ty by its width.",
            (SHIFT, "tx, ty = (x - xa) / ha, (y - ya) / wa"),
        ),
        wrong(
            "over half the size",
            "You divide tx and ty by half of the anchor's size. Divide by the whole.",
            (SHIFT, "tx, ty = (x - xa) / (wa / 2), (y - ya) / (ha / 2)"),
        ),
        wrong(
            "logarithm of the shift",
            "You take the logarithm of the shift too. Only sizes get one; a shift may be negative.",
            (SHIFT, "tx, ty = np.log(abs((x - xa) / wa) + 1), np.log(abs((y - ya) / ha) + 1)"),
        ),
        wrong(
            "missing parentheses",
            "x1 + x2 / 2 is not the centre: (x1 + x2) / 2 is.",
            (ANCHOR_CENTRE, "xa, ya = anchors[:, 0] + anchors[:, 2] / 2, anchors[:, 1] + anchors[:, 3] / 2"),
            (MIDDLE, "x, y = gt[:, 0] + gt[:, 2] / 2, gt[:, 1] + gt[:, 3] / 2"),
        ),
        wrong(
            "taken for centre and size",
            "You take both for centre and size. They are corners: x1, y1, x2, y2.",
            (ANCHOR_SIZE, "wa, ha = anchors[:, 2], anchors[:, 3]"),
            (ANCHOR_CENTRE, "xa, ya = anchors[:, 0], anchors[:, 1]"),
            (SIZE, "w, h = gt[:, 2], gt[:, 3]"),
            (MIDDLE, "x, y = gt[:, 0], gt[:, 1]"),
            anchor="coordinates",
        ),
        wrong(
            "taken for corner and size",
            "You take both for corner and size. They are two corners: x1, y1, x2, y2.",
            (ANCHOR_SIZE, "wa, ha = anchors[:, 2], anchors[:, 3]"),
            (SIZE, "w, h = gt[:, 2], gt[:, 3]"),
            anchor="coordinates",
        ),
        wrong(
            "+1",
            "You add 1 to widths and heights. That is a rule of old code, which counts pixels; here coordinates are "
            "edges.",
            (ANCHOR_SIZE, "wa, ha = anchors[:, 2] - anchors[:, 0] + 1, anchors[:, 3] - anchors[:, 1] + 1"),
            (SIZE, "w, h = gt[:, 2] - gt[:, 0] + 1, gt[:, 3] - gt[:, 1] + 1"),
            anchor="coordinates",
        ),
        wrong(
            "divided by a spread",
            "You divide by 0.1 and 0.2, as some code does to bring the four to one spread. Here it is left out.",
            (PACKED, "return np.stack([tx / 0.1, ty / 0.1, tw / 0.2, th / 0.2], axis=1)"),
        ),
        wrong(
            "arguments exchanged",
            "You adjust the box so that it becomes the anchor. It is the anchor that is adjusted.",
            (
                ANCHOR_SIZE,
                "anchors, gt = gt, anchors\n    wa, ha = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]",
            ),
        ),
        wrong(
            "every box with every anchor",
            "You compare every box with every anchor. Row n belongs to box n and anchor n.",
            (
                ANCHOR_SIZE,
                "anchors, gt = np.tile(anchors, (len(gt), 1)), np.repeat(gt, len(anchors), axis=0)\n    wa, ha = "
                "anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]",
            ),
        ),
    ),
    variants={
        "step by step": encode_boxes,
        "logarithms subtracted": encoded_by_halves,
        "row by row, lists": encoded_row_by_row,
        "copies, in place": encoded_in_place,
    },
)

READ = "tx, ty, tw, th = t[:, 0], t[:, 1], t[:, 2], t[:, 3]"
PLACE, GROW = "x, y = xa + tx * wa, ya + ty * ha", "w, h = wa * np.exp(tw), ha * np.exp(th)"
CORNERS = "return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)"


def undone(name, sentence, *changes, anchor="coding"):
    return wrong_from(decode_boxes, name, anchor, sentence, *changes)


DECODE_BOXES = Exercise(
    id="hw7.decode_boxes",
    function="decode_boxes",
    points=6,
    anchor="detection-coding",
    reference=detection.decode_boxes,
    groups={SHIFTED: 1, SIZED: 1, BOTH: 1},
    examples=(
        Case(SHIFTED, "half a width to the right", (np.array([[0.5, 0, 0, 0]]), np.array([[0.0, 0, 20, 60]]))),
        Case(SIZED, "twice as high", (np.array([[0, 0, 0, np.log(2)]]), np.array([[0.0, 10, 20, 30]]))),
        Case(
            BOTH,
            "half a width to the right, twice as high",
            (np.array([[0.5, 1.5, 0, np.log(2)]]), np.array([[0.0, 0, 20, 20]])),
        ),
    ),
    draw=draw_decode,
    mistakes=(
        undone(
            "th before tw",
            "You read th before tw, as on one slide of a lecture. The order is tx, ty, tw, th.",
            (READ, "tx, ty, th, tw = t[:, 0], t[:, 1], t[:, 2], t[:, 3]"),
        ),
        undone(
            "ty before tx",
            "You read ty before tx. The order is tx, ty, tw, th.",
            (READ, "ty, tx, tw, th = t[:, 0], t[:, 1], t[:, 2], t[:, 3]"),
        ),
        undone(
            "sizes first",
            "You read the sizes first. The order is tx, ty, tw, th.",
            (READ, "tw, th, tx, ty = t[:, 0], t[:, 1], t[:, 2], t[:, 3]"),
        ),
        undone(
            "x and w first",
            "You read tx, tw, ty, th. The order is tx, ty, tw, th.",
            (READ, "tx, tw, ty, th = t[:, 0], t[:, 1], t[:, 2], t[:, 3]"),
        ),
        undone(
            "no exponential",
            "You multiply sizes by tw and th. They are logarithms: multiply by their exponentials.",
            (GROW, "w, h = wa * tw, ha * th"),
        ),
        undone(
            "one more than t",
            "You multiply sizes by 1 + tw and 1 + th. They are logarithms: multiply by their exponentials.",
            (GROW, "w, h = wa * (1 + tw), ha * (1 + th)"),
        ),
        undone(
            "sizes added",
            "You add tw and th to the sizes. They are logarithms of ratios: multiply by their exponentials.",
            (GROW, "w, h = wa + tw, ha + th"),
        ),
        undone(
            "exponential added",
            "You add the exponential to the size. Multiply by it.",
            (GROW, "w, h = wa + np.exp(tw), ha + np.exp(th)"),
        ),
        undone(
            "powers of 2",
            "You raise 2 to tw and th. Raise e: encoding takes natural logarithms.",
            (GROW, "w, h = wa * 2**tw, ha * 2**th"),
        ),
        undone(
            "powers of 10",
            "You raise 10 to tw and th. Raise e: encoding takes natural logarithms.",
            (GROW, "w, h = wa * 10**tw, ha * 10**th"),
        ),
        undone(
            "divided",
            "You divide by the exponential. Multiply by it: positive tw makes the anchor wider.",
            (GROW, "w, h = wa / np.exp(tw), ha / np.exp(th)"),
        ),
        undone(
            "exponential of the whole",
            "You take the exponential of a size times tw. Take that of tw, then multiply.",
            (GROW, "w, h = wa * np.exp(np.clip(wa * tw, -5, 5)), ha * np.exp(np.clip(ha * th, -5, 5))"),
        ),
        undone(
            "widths with heights",
            "You multiply the anchor's height for the width, and its width for the height.",
            (GROW, "w, h = ha * np.exp(tw), wa * np.exp(th)"),
        ),
        undone(
            "shift in pixels",
            "You add tx and ty as pixels. They are fractions of the anchor's width and height.",
            (PLACE, "x, y = xa + tx, ya + ty"),
        ),
        undone(
            "shift subtracted",
            "You subtract the shift. It leads from the anchor to the box: add it.",
            (PLACE, "x, y = xa - tx * wa, ya - ty * ha"),
        ),
        undone(
            "x by the height",
            "You multiply tx by the anchor's height and ty by its width.",
            (PLACE, "x, y = xa + tx * ha, ya + ty * wa"),
        ),
        undone(
            "by the new size",
            "You multiply tx and ty by the new size. They are fractions of the anchor's size.",
            (PLACE, "x, y = xa + tx * wa * np.exp(tw), ya + ty * ha * np.exp(th)"),
        ),
        undone(
            "half the shift",
            "You multiply tx and ty by half of the anchor's size. Take the whole.",
            (PLACE, "x, y = xa + tx * wa / 2, ya + ty * ha / 2"),
        ),
        undone(
            "exponential of the shift",
            "You take the exponential of the shift too. Only sizes have one.",
            (PLACE, "x, y = xa + np.exp(tx) * wa, ya + np.exp(ty) * ha"),
        ),
        undone(
            "from the corner",
            "You move the anchor's corner where its centre is to be moved.",
            (ANCHOR_CENTRE, "xa, ya = anchors[:, 0], anchors[:, 1]"),
        ),
        undone(
            "the corner moves",
            "You move the upper left corner and add the size there. It is the centre that moves, and half of the size"
            " lies on each side.",
            (ANCHOR_CENTRE, "xa, ya = anchors[:, 0], anchors[:, 1]"),
            (CORNERS, "return np.stack([x, y, x + w, y + h], axis=1)"),
        ),
        undone(
            "centre and size",
            "You return centre and size. Return corners: x1, y1, x2, y2.",
            (CORNERS, "return np.stack([x, y, w, h], axis=1)"),
            anchor="coordinates",
        ),
        undone(
            "corner and size",
            "You return corner and size. Return two corners: x1, y1, x2, y2.",
            (CORNERS, "return np.stack([x - w / 2, y - h / 2, w, h], axis=1)"),
            anchor="coordinates",
        ),
        undone(
            "centre as the corner",
            "You return the centre as the upper left corner. Half of the size lies on each side.",
            (CORNERS, "return np.stack([x, y, x + w, y + h], axis=1)"),
        ),
        undone(
            "whole sizes",
            "You step a whole size both ways from the centre. Half of it is right.",
            (CORNERS, "return np.stack([x - w, y - h, x + w, y + h], axis=1)"),
        ),
        undone(
            "transposed", "Your result is (4, N). A row belongs to a box.", (CORNERS, CORNERS.replace(", axis=1", ""))
        ),
        undone(
            "missing parentheses",
            "x1 + x2 / 2 is not the centre: (x1 + x2) / 2 is.",
            (ANCHOR_CENTRE, "xa, ya = anchors[:, 0] + anchors[:, 2] / 2, anchors[:, 1] + anchors[:, 3] / 2"),
        ),
        undone(
            "taken for centre and size",
            "You take anchors for centre and size. They are corners: x1, y1, x2, y2.",
            (ANCHOR_SIZE, "wa, ha = anchors[:, 2], anchors[:, 3]"),
            (ANCHOR_CENTRE, "xa, ya = anchors[:, 0], anchors[:, 1]"),
            anchor="coordinates",
        ),
        undone(
            "taken for corner and size",
            "You take anchors for corner and size. They are two corners: x1, y1, x2, y2.",
            (ANCHOR_SIZE, "wa, ha = anchors[:, 2], anchors[:, 3]"),
            anchor="coordinates",
        ),
        undone(
            "+1",
            "You add 1 to the anchors' widths and heights. That is a rule of old code, which counts pixels; here "
            "coordinates "
            "are edges.",
            (ANCHOR_SIZE, "wa, ha = anchors[:, 2] - anchors[:, 0] + 1, anchors[:, 3] - anchors[:, 1] + 1"),
            anchor="coordinates",
        ),
        undone(
            "multiplied by a spread",
            "You multiply by 0.1 and 0.2, as some code does. Here it is left out.",
            (READ, "tx, ty, tw, th = 0.1 * t[:, 0], 0.1 * t[:, 1], 0.2 * t[:, 2], 0.2 * t[:, 3]"),
        ),
        undone(
            "cut at 0",
            "You cut boxes at 0. Clipping is another step.",
            (CORNERS, "return np.maximum(np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1), 0)"),
            anchor="clip",
        ),
    ),
    variants={
        "step by step": decode_boxes,
        "halves": decoded_by_halves,
        "row by row, lists": decoded_row_by_row,
        "with a bound on growth": decoded_with_a_bound,
    },
)
