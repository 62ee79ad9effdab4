"""Shapes in colour on textured ground, turned and scaled."""

import numpy as np

from convbook.data import drawing as d
from convbook.data import procedural
from convbook.data.images import Images, height_width


def regular(corners, inner=None):
    """Corners of a regular polygon, or of a star with ``inner`` radius between them."""
    radii = (1.0,) if inner is None else (1.0, inner)
    k = corners * len(radii)
    angles = 2 * np.pi * np.arange(k) / k - np.pi / 2
    return [(radii[i % len(radii)] * np.cos(a), radii[i % len(radii)] * np.sin(a)) for i, a in enumerate(angles)]


def heart():
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x = np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16
    return list(zip(x, y, strict=True))


CROSS = [
    (-0.35, -1), (0.35, -1), (0.35, -0.35), (1, -0.35), (1, 0.35), (0.35, 0.35),
    (0.35, 1), (-0.35, 1), (-0.35, 0.35), (-1, 0.35), (-1, -0.35), (-0.35, -0.35),
]  # fmt: skip
SHAPES = {
    "disc": d.disc,
    "square": lambda x, y: d.polygon(x, y, regular(4)),
    "triangle": lambda x, y: d.polygon(x, y, regular(3)),
    "star": lambda x, y: d.polygon(x, y, regular(5, 0.42)),
    "cross": lambda x, y: d.polygon(x, y, CROSS),
    "ring": lambda x, y: np.abs(d.disc(x, y, 0.75)) - 0.22,
    "heart": lambda x, y: d.polygon(x, y, heart()),
    "crescent": lambda x, y: np.maximum(d.disc(x, y), -d.disc(x - 0.5, y, 0.8)),
}


def load_shapes(split="train", n=None, size=32, seed=0) -> Images:
    """Images of 3 x ``size``: one shape each, any colour, any angle, somewhere.

    n : how many, 5,000 for training and 1,000 for testing unless given. size : a whole number or (height, width).
    """
    height, width = height_width(size)
    n = procedural.count(n, split)
    rng = procedural.generator(split, seed, "shapes")
    labels = procedural.balanced(rng, n, len(SHAPES))
    draw = lambda rng, part: draw_shapes(rng, part, height, width)  # noqa: E731
    return procedural.drawn(draw, rng, labels, SHAPES, "shapes")


def draw_shapes(rng, labels, height, width) -> np.ndarray:
    """(n, 3, height, width) uint8, image k with the shape that ``labels[k]`` counts in ``SHAPES``."""
    n = len(labels)
    canvas = d.textured(rng, n, height, width)
    colour = d.contrasting(rng, canvas)
    radius = rng.uniform(0.2, 0.36, n) * min(height, width)
    centre = np.stack([rng.uniform(radius + 1, side - radius - 1) for side in (width, height)], axis=1)
    x, y = d.placed(d.grid(n, height, width), centre, rng.uniform(0, 2 * np.pi, n), radius)
    for label, distance in enumerate(SHAPES.values()):
        own = labels == label
        if own.any():
            cover = np.zeros_like(x)
            cover[own] = d.coverage(distance(x[own], y[own]), radius[own, None, None])
            d.paint(canvas, cover, colour)
    return d.as_bytes(canvas)
