"""What the explorables with boxes share: boxes checked against their drawing, and drawings where scripts are off."""

import html

from convbook.detection.boxes import as_corners


def box_within(value, name: str, size, least: float = 0) -> list[float]:
    """``value`` as a box ``[x1, y1, x2, y2]`` inside a drawing of ``size`` (width, height), or ``ValueError``.

    >>> box_within([1, 2, 3, 4], "a", (9, 9))
    [1.0, 2.0, 3.0, 4.0]
    >>> box_within([1, 2, 30, 4], "a", (9, 9))
    Traceback (most recent call last):
    ...
    ValueError: a must lie within 9 × 9, got [1.0, 2.0, 30.0, 4.0]
    """
    boxes = as_corners([value] if len(value) == 4 else value, name)
    if len(boxes) != 1:
        raise ValueError(f"{name} must be one box x1, y1, x2, y2, got {value}")
    box = boxes[0].tolist()
    if min(box[:2]) < 0 or box[2] > size[0] or box[3] > size[1]:
        raise ValueError(f"{name} must lie within {size[0]:g} × {size[1]:g}, got {box}")
    if box[2] - box[0] < least or box[3] - box[1] < least:
        raise ValueError(f"{name} must have sides of at least {least:g}, got {box}")
    return box


def rect(box, name: str, unit: float = 1) -> str:
    """A box as an SVG rectangle of the class ``name``.

    >>> rect([1, 2, 4, 8], "bx-a", 2)
    '<rect class="bx-a" x="2" y="4" width="6" height="12"/>'
    """
    x1, y1, x2, y2 = (unit * value for value in box)
    return f'<rect class="{name}" x="{x1:.5g}" y="{y1:.5g}" width="{x2 - x1:.5g}" height="{y2 - y1:.5g}"/>'


def drawing(size, label: str, *parts: str, wide: int = 480) -> str:
    """An SVG of ``size`` (width, height) at most ``wide`` pixels wide, with its parts and its label."""
    return (
        f'<svg class="bx-plane bx-still" viewBox="0 0 {size[0]:g} {size[1]:g}" style="max-width:{wide}px" role="img" '
        f'aria-label="{html.escape(label, quote=True)}">{"".join(parts)}</svg>'
    )


def short(value: float) -> str:
    """A number with at most four decimals, and a real minus.

    >>> short(-0.5), short(2.0), short(1 / 3)
    ('−0.5', '2', '0.3333')
    """
    return f"{round(float(value), 4) + 0:g}".replace("-", "−") if abs(value) < 1e5 else f"{value:,.0f}"
