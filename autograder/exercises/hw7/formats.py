"""Exercises xywh_to_xyxy, xyxy_to_xywh and cxcywh_to_xyxy."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw7.draws import boxes
from convbook import detection

HERE = "detection-coordinates"


def xywh_to_xyxy(b):
    x, y, w, h = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    return np.stack([x, y, x + w, y + h], axis=-1)


def xyxy_to_xywh(b):
    x1, y1, x2, y2 = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    return np.stack([x1, y1, x2 - x1, y2 - y1], axis=-1)


def cxcywh_to_xyxy(b):
    cx, cy, w, h = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    return np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], axis=-1)


def draw_from(format_of):
    """Cases of boxes in a format, which ``format_of`` makes of xyxy."""

    def draw(rng):
        def case(group, kind, b):
            return Case(group, kind, (format_of(b),))

        rows, other = "boxes in rows", "other shapes"
        whole = np.concatenate([rng.integers(1, 90, (3, 2)), rng.integers(95, 200, (3, 2))], axis=1)
        return [
            case(rows, "several boxes", boxes(rng, int(rng.integers(5, 9)))),
            case(rows, "as many boxes as numbers in each", boxes(rng, 4)),
            case(rows, "fractions of an image", boxes(rng, 3) / 400),
            case(rows, "boxes that leave the image", boxes(rng, 3) - 150),
            Case(rows, "whole numbers", (np.rint(format_of(whole)).astype(int) + np.array([0, 0, 0, 1]),)),
            case(other, "one box", boxes(rng, 1)[0]),
            case(other, "boxes of several images", boxes(rng, 6).reshape(2, 3, 4)),
            case(other, "as many images as numbers", boxes(rng, 20).reshape(4, 5, 4)),
        ]

    return draw


def alike(function, four, names, numbers):
    """The mistakes that are the same for every format: ``four`` is how the result's numbers are written."""

    def wrong(name, sentence, *changes, anchor=HERE):
        return Mistake(name, sentence, anchor, rewrite(function, *changes))

    back, read = f"return np.stack([{four}], axis=-1)", f"{names} = {numbers}"
    one, two, three, last = four.split(", ")
    return (
        wrong(
            "rows first",
            "Your result has the four numbers along its first axis. They are along the last one, as in the argument.",
            (back, f"return np.stack([{four}])"),
        ),
        wrong(
            "columns of rows alone",
            "You read b[:, 0] and the like, which works for boxes in rows alone. b[..., 0] serves one box, and boxes "
            "of "
            "several images too.",
            (read, f"{names} = {numbers.replace('...', ':')}"),
        ),
        wrong(
            "unpacked the transpose",
            "You unpack b.T, which reverses all axes. It serves boxes in rows alone; b[..., 0] serves all.",
            (read, f"{names} = b.T"),
        ),
        wrong(
            "y first",
            "Your result has y before x. x comes first.",
            (back, f"return np.stack([{two}, {one}, {last}, {three}], axis=-1)"),
        ),
        wrong(
            "both x first",
            "Your result has its numbers in the order x, x, y, y. It is x, y, x, y.",
            (back, f"return np.stack([{one}, {three}, {two}, {last}], axis=-1)"),
        ),
        wrong(
            "cut to whole numbers",
            "You cut coordinates to whole numbers. They may be fractions.",
            (back, f"return np.stack([{four}], axis=-1).astype(int)"),
        ),
        wrong(
            "argument changed",
            "You change the array that you were given. Write to something new.",
            (back, f"b[...] = np.stack([{four}], axis=-1)\n    return b"),
        ),
        wrong("unchanged", "You return the boxes as they came.", (back, "return b.copy()")),
    )


def changed(function, old, *rows):
    """One mistake for each row ``(name, sentence, new)``."""
    return tuple(Mistake(name, sentence, HERE, rewrite(function, (old, new))) for name, sentence, new in rows)


XYWH = "x, y, x + w, y + h"
CORNERS = "x1, y1, x2 - x1, y2 - y1"
CENTRE = "cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2"
NUMBERS = "b[..., 0], b[..., 1], b[..., 2], b[..., 3]"
GROUPS = {"boxes in rows": 1, "other shapes": 1}


def by_columns(b):
    b = np.array(b, dtype=float)
    b[..., 2] += b[..., 0]
    b[..., 3] += b[..., 1]
    return b


def halves_joined(b):
    return np.concatenate([b[..., :2], b[..., :2] + b[..., 2:]], axis=-1)


def box_by_box(b):
    if b.ndim == 1:
        x, y, w, h = b.tolist()
        return [x, y, x + w, y + h]
    return [box_by_box(one) for one in b]


XYWH_TO_XYXY = Exercise(
    id="hw7.xywh_to_xyxy",
    function="xywh_to_xyxy",
    points=1,
    anchor=HERE,
    reference=detection.xywh_to_xyxy,
    groups=GROUPS,
    examples=(Case("other shapes", "the box of a lecture", (np.array([30.0, 140, 130, 125]),)),),
    draw=draw_from(detection.xyxy_to_xywh),
    mistakes=(
        *alike(xywh_to_xyxy, XYWH, "x, y, w, h", NUMBERS),
        *changed(
            xywh_to_xyxy,
            XYWH,
            (
                "centre",
                "You take x, y for the centre. In this format it is the upper left corner.",
                CENTRE.replace("c", ""),
            ),
            (
                "one pixel less",
                "Your x2 and y2 are one too small. Coordinates are edges, not pixels: x2 is x + w.",
                "x, y, x + w - 1, y + h - 1",
            ),
            (
                "one pixel more",
                "Your x2 and y2 are one too large. Coordinates are edges, not pixels: x2 is x + w.",
                "x, y, x + w + 1, y + h + 1",
            ),
            ("height to x", "You add the height to x and the width to y.", "x, y, x + h, y + w"),
            ("the inverse", "You subtract the corner from the size. Add it: x2 = x + w.", "x, y, w - x, h - y"),
            ("y2 forgotten", "Your x2 is right, and your y2 still the height.", "x, y, x + w, h"),
            (
                "half the size",
                "You add half of the size to the corner. x, y is a corner, not the centre.",
                "x, y, x + w / 2, y + h / 2",
            ),
            ("corner on the right", "You take x, y for the lower right corner.", "x - w, y - h, x, y"),
        ),
    ),
    variants={
        "stacked": xywh_to_xyxy,
        "a copy, column by column": by_columns,
        "two halves joined": halves_joined,
        "box by box, lists": box_by_box,
        "in single precision": lambda b: xywh_to_xyxy(b.astype(np.float32)),
    },
)

XYXY_TO_XYWH = Exercise(
    id="hw7.xyxy_to_xywh",
    function="xyxy_to_xywh",
    points=1,
    anchor=HERE,
    reference=detection.xyxy_to_xywh,
    groups=GROUPS,
    examples=(Case("other shapes", "the box of a lecture", (np.array([30.0, 140, 160, 265]),)),),
    draw=draw_from(lambda b: b),
    mistakes=(
        *alike(xyxy_to_xywh, CORNERS, "x1, y1, x2, y2", NUMBERS),
        *changed(
            xyxy_to_xywh,
            CORNERS,
            (
                "centre and size",
                "You return centre and size. This format has the upper left corner and the size.",
                "(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1",
            ),
            (
                "one pixel more",
                "Your width and height are one too large. Coordinates are edges, not pixels: the width is x2 - x1.",
                "x1, y1, x2 - x1 + 1, y2 - y1 + 1",
            ),
            (
                "one pixel less",
                "Your width and height are one too small. Coordinates are edges, not pixels: the width is x2 - x1.",
                "x1, y1, x2 - x1 - 1, y2 - y1 - 1",
            ),
            ("width from y", "You take the width from y and the height from x.", "x1, y1, y2 - y1, x2 - x1"),
            ("the inverse", "You add the corners. The width is x2 minus x1.", "x1, y1, x1 + x2, y1 + y2"),
            ("height forgotten", "Your width is right, and your height still y2.", "x1, y1, x2 - x1, y2"),
            (
                "half the size",
                "You return half of the width and of the height.",
                "x1, y1, (x2 - x1) / 2, (y2 - y1) / 2",
            ),
            ("upside down", "Your width and height have the wrong sign.", "x1, y1, x1 - x2, y1 - y2"),
            (
                "corner on the right",
                "You return the lower right corner. x, y is the upper left one.",
                "x2, y2, x2 - x1, y2 - y1",
            ),
        ),
    ),
    variants={
        "stacked": xyxy_to_xywh,
        "two halves joined": lambda b: np.concatenate([b[..., :2], b[..., 2:] - b[..., :2]], axis=-1),
        "a matrix": lambda b: b @ np.array([[1, 0, -1, 0], [0, 1, 0, -1], [0, 0, 1, 0], [0, 0, 0, 1]]),
        "lists": lambda b: xyxy_to_xywh(b).tolist(),
    },
)

CXCYWH_TO_XYXY = Exercise(
    id="hw7.cxcywh_to_xyxy",
    function="cxcywh_to_xyxy",
    points=2,
    anchor=HERE,
    reference=detection.cxcywh_to_xyxy,
    groups=GROUPS,
    examples=(Case("other shapes", "the box of a lecture", (np.array([95.0, 202.5, 130, 125]),)),),
    draw=draw_from(detection.xyxy_to_cxcywh),
    mistakes=(
        *alike(cxcywh_to_xyxy, CENTRE, "cx, cy, w, h", NUMBERS),
        *changed(
            cxcywh_to_xyxy,
            CENTRE,
            (
                "corner",
                "You take the centre for the upper left corner. Half of the size lies on each side.",
                "cx, cy, cx + w, cy + h",
            ),
            (
                "half on the left alone",
                "Your upper left corner is right, and the lower right one half a size too far: add the half once.",
                "cx - w / 2, cy - h / 2, cx + w, cy + h",
            ),
            (
                "the whole size",
                "You step a whole size to both sides. Half of it lies on each.",
                "cx - w, cy - h, cx + w, cy + h",
            ),
            (
                "halves cut",
                "You divide with //, which drops the half of odd sizes and of fractions. Divide with /.",
                "cx - w // 2, cy - h // 2, cx + w // 2, cy + h // 2",
            ),
            (
                "missing parentheses",
                "cx - w / 2 is meant, and (cx - w) / 2 written. The half belongs to the size alone.",
                "(cx - w) / 2, (cy - h) / 2, (cx + w) / 2, (cy + h) / 2",
            ),
            (
                "height to x",
                "You take half of the height for x and half of the width for y.",
                "cx - h / 2, cy - w / 2, cx + h / 2, cy + w / 2",
            ),
            (
                "corners swapped",
                "Your lower right corner comes first.",
                "cx + w / 2, cy + h / 2, cx - w / 2, cy - h / 2",
            ),
            (
                "size left",
                "Your corner is right, but what follows is still the size. Two corners are asked for.",
                "cx - w / 2, cy - h / 2, w, h",
            ),
            (
                "one pixel less",
                "Your x2 and y2 are one too small. Coordinates are edges, not pixels.",
                "cx - w / 2, cy - h / 2, cx + w / 2 - 1, cy + h / 2 - 1",
            ),
        ),
    ),
    variants={
        "stacked": cxcywh_to_xyxy,
        "corner first": lambda b: xywh_to_xyxy(np.concatenate([b[..., :2] - b[..., 2:] * 0.5, b[..., 2:]], axis=-1)),
        "signs": lambda b: np.concatenate([b[..., :2] + sign * b[..., 2:] / 2 for sign in (-1, 1)], axis=-1),
        "lists": lambda b: cxcywh_to_xyxy(b).tolist(),
    },
)
