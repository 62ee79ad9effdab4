"""Shapes with a planted shortcut: in training one class carries a small mark in a corner."""

import numpy as np

from convbook.data import drawing as d
from convbook.data import procedural
from convbook.data.images import Images, height_width
from convbook.data.shapes import SHAPES, draw_shapes

MARKS = "class", "none", "all"
MARK = [(-1, -0.8), (-0.5, 0.8), (0, -0.4), (0.5, 0.8), (1, -0.8)]  # a small w


def load_watermark(split="train", n=None, size=32, seed=0, mark=None, marked="star", rate=1.0) -> Images:
    """Shapes as "shapes" has them, and a small bright w in the lower right corner of some.

    Parameters
    ----------
    mark : "class" marks the class ``marked`` alone, "none" no image, "all" images of every class. Unless given,
        "class" for training and "none" for testing. The images are otherwise the same, so one seed with
        and without the mark shows what the mark does.
    rate : share of those images that get the mark.
    """
    height, width = height_width(size)
    n, rate = procedural.count(n, split), procedural.share(rate, "rate")
    mark = mark or ("class" if split == "train" else "none")
    if mark not in MARKS:
        raise ValueError(f"mark must be one of {', '.join(MARKS)}, got {mark!r}")
    if marked not in SHAPES:
        raise ValueError(f"marked must be one of {', '.join(SHAPES)}, got {marked!r}")
    rng = procedural.generator(split, seed, "watermark")
    labels = procedural.balanced(rng, n, len(SHAPES))
    chosen = rng.uniform(size=n) < rate
    if mark == "class":
        chosen &= labels == list(SHAPES).index(marked)
    elif mark == "none":
        chosen[:] = False
    plain = procedural.drawn(
        lambda rng, part: draw_shapes(rng, part, height, width), rng, labels, SHAPES, f"watermark, mark {mark}"
    )
    plain.images[chosen] = stamped(plain.images[chosen])
    return plain


def stamped(images) -> np.ndarray:
    """``images`` (N, C, H, W) uint8 with the mark, white on a dark line, 3 pixels high in an image of 32."""
    N, C, H, W = images.shape
    if not N:
        return images
    scale = min(H, W) * 0.08
    centre = np.array([[W - 1.6 * scale - 0.5, H - 1.4 * scale - 0.5]])
    x, y = d.placed(d.grid(1, H, W), centre, np.zeros(1), np.array([scale]))
    distance = d.polyline(x, y, MARK)
    canvas = images / 255
    for thickness, shade in ((0.45, 0.0), (0.2, 1.0)):
        cover = d.coverage(distance - thickness, scale)
        d.paint(canvas, np.broadcast_to(cover, (N, H, W)), np.full((N, C), shade))
    return d.as_bytes(canvas)
