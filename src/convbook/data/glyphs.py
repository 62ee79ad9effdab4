"""Letters and signs drawn with strokes, no font needed."""

import numpy as np

from convbook.data import drawing as d
from convbook.data import procedural
from convbook.data.images import Images, height_width

# strokes of each glyph, between -1 and 1; y points down
GLYPHS: dict[str, list[list]] = {
    "A": [[(-0.7, 1), (0, -1), (0.7, 1)], [(-0.42, 0.25), (0.42, 0.25)]],
    "C": [d.arc(0.1, 0, 0.75, 1, -50, -310, 13)],
    "E": [[(0.6, -1), (-0.6, -1), (-0.6, 1), (0.6, 1)], [(-0.6, 0), (0.4, 0)]],
    "H": [[(-0.6, -1), (-0.6, 1)], [(0.6, -1), (0.6, 1)], [(-0.6, 0), (0.6, 0)]],
    "J": [[(0.5, -1), (0.5, 0.4), *d.arc(-0.05, 0.45, 0.55, 0.55, 0, 180, 7)]],
    "K": [[(-0.6, -1), (-0.6, 1)], [(0.6, -1), (-0.6, 0.1), (0.6, 1)]],
    "M": [[(-0.8, 1), (-0.8, -1), (0, 0.3), (0.8, -1), (0.8, 1)]],
    "O": [d.arc(0, 0, 0.75, 1, 0, 360, 17)],
    "R": [[(-0.6, 1), (-0.6, -1), *d.arc(0, -0.5, 0.6, 0.5, -90, 90, 7), (-0.6, 0)], [(-0.05, 0), (0.65, 1)]],
    "S": [[*d.arc(0, -0.5, 0.6, 0.5, -20, -270, 9), *d.arc(0, 0.5, 0.6, 0.5, -90, 160, 9)]],
    "T": [[(-0.8, -1), (0.8, -1)], [(0, -1), (0, 1)]],
    "X": [[(-0.7, -1), (0.7, 1)], [(0.7, -1), (-0.7, 1)]],
    "arrow": [[(-1, 0), (1, 0)], [(0.4, -0.6), (1, 0), (0.4, 0.6)]],
    "plus": [[(0, -0.8), (0, 0.8)], [(-0.8, 0), (0.8, 0)]],
    "house": [[(-0.7, 1), (-0.7, -0.1), (0, -1), (0.7, -0.1), (0.7, 1), (-0.7, 1)]],
    "bolt": [[(0.3, -1), (-0.5, 0.15), (0.45, 0.0), (-0.3, 1)]],
}


def load_glyphs(split="train", n=None, size=28, seed=0) -> Images:
    """Images of 1 x ``size``: one bright glyph on black, a little turned, slanted and scaled, thick or thin.

    n : how many, 5,000 for training and 1,000 for testing unless given. size : a whole number or (height, width).
    """
    height, width = height_width(size)
    n = procedural.count(n, split)
    rng = procedural.generator(split, seed, "glyphs")
    labels = procedural.balanced(rng, n, len(GLYPHS))
    draw = lambda rng, part: draw_glyphs(rng, part, height, width)  # noqa: E731
    return procedural.drawn(draw, rng, labels, GLYPHS, "glyphs")


def draw_glyphs(rng, labels, height, width) -> np.ndarray:
    n = len(labels)
    scale = rng.uniform(0.24, 0.34, n) * min(height, width)
    slack = np.array([width, height]) / 2 - scale[:, None] * 1.3
    centre = np.array([width, height]) / 2 + rng.uniform(-1, 1, (n, 2)) * np.maximum(slack, 0)
    x, y = d.placed(d.grid(n, height, width), centre, rng.normal(0, 0.15, n), scale)
    slant, stretch = rng.normal(0, 0.15, (n, 1, 1)), rng.uniform(0.8, 1.2, (n, 1, 1))
    x = (x - slant * y) * stretch
    thickness = rng.uniform(0.10, 0.24, (n, 1, 1))
    canvas = np.zeros((n, 1, height, width))
    brightness = rng.uniform(0.75, 1, (n, 1))
    for label, strokes in enumerate(GLYPHS.values()):
        own = labels == label
        if own.any():
            distance = np.minimum.reduce([d.polyline(x[own], y[own], stroke) for stroke in strokes])
            cover = np.zeros_like(x)
            cover[own] = d.coverage(distance - thickness[own], scale[own, None, None])
            d.paint(canvas, cover, brightness)
    return d.as_bytes(canvas + rng.normal(0, 0.02, canvas.shape))
