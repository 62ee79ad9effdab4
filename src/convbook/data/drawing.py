"""Drawing with NumPy: signed distances to shapes, antialiased, for many images at once.

A distance is negative inside. Points come as ``x, y``, arrays of one shape, in units in which a shape
has radius 1; y points down, as rows do.
"""

import numpy as np


def grid(n, height, width):
    """Pixel centres of n images: x and y (n, height, width)."""
    y, x = np.meshgrid(np.arange(height) + 0.5, np.arange(width) + 0.5, indexing="ij")
    return np.broadcast_to(x, (n, height, width)), np.broadcast_to(y, (n, height, width))


def placed(pixels, centre, angle, scale):
    """Coordinates in the frame of a shape at ``centre`` (n, 2), turned by ``angle`` and of ``scale`` pixels (n,)."""
    x, y = pixels
    dx, dy = x - centre[:, :1, None], y - centre[:, 1:, None]
    cos, sin, scale = (value[:, None, None] for value in (np.cos(angle), np.sin(angle), scale))
    return (cos * dx + sin * dy) / scale, (cos * dy - sin * dx) / scale


def disc(x, y, radius=1.0):
    """
    >>> disc(np.array([0.0, 3.0]), np.array([0.0, 4.0]))
    array([-1.,  4.])
    """
    return np.hypot(x, y) - radius


def segment(x, y, start, end):
    """Distance to the line from ``start`` to ``end``, never negative.

    >>> segment(np.array([0.0, 2.0]), np.array([1.0, 0.0]), (-1, 0), (1, 0))
    array([1., 1.])
    """
    (ax, ay), (bx, by) = start, end
    dx, dy = bx - ax, by - ay
    along = np.clip(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0, 1)
    return np.hypot(x - ax - along * dx, y - ay - along * dy)


def polyline(x, y, points):
    """Distance to a line through ``points``."""
    return np.minimum.reduce([segment(x, y, *pair) for pair in zip(points[:-1], points[1:], strict=True)])


def polygon(x, y, points):
    """Signed distance to the polygon with these corners: inside where a ray crosses its edges an odd number of times.

    >>> polygon(np.array([0.0, 3.0]), np.array([0.0, 0.0]), [(-1, -1), (1, -1), (1, 1), (-1, 1)])
    array([-1.,  2.])
    """
    inside = np.zeros(np.shape(x), bool)
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return np.where(inside, -1, 1) * polyline(x, y, [*points, points[0]])


def arc(cx, cy, rx, ry, start, end, points=9) -> list[tuple[float, float]]:
    """Points on an ellipse's arc, angles in degrees, 0 to the right and 90 down."""
    angles = np.radians(np.linspace(start, end, points))
    return [(float(cx + rx * np.cos(a)), float(cy + ry * np.sin(a))) for a in angles]


def coverage(distance, scale=1.0):
    """Share of each pixel that lies inside; ``scale`` is the number of pixels in a unit of ``distance``."""
    return np.clip(0.5 - distance * scale, 0, 1)


def paint(canvas, cover, colour):
    """Paint ``colour`` (n, C) over ``canvas`` (n, C, H, W), in place, as far as ``cover`` (n, H, W) says."""
    canvas += cover[:, None] * (colour[:, :, None, None] - canvas)


def textured(rng, n, height, width):
    """Grounds (n, 3, H, W), 0 to 1: two colours mixed by a few waves of random direction."""
    x, y = grid(n, height, width)
    waves = np.zeros((n, height, width))
    for _ in range(3):
        angle, phase = rng.uniform(0, 2 * np.pi, (2, n, 1, 1))
        cycles = rng.uniform(1, 5, (n, 1, 1)) * 2 * np.pi / max(height, width)
        waves += np.sin(cycles * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    share = (waves / 6 + 0.5)[:, None]
    first, second = rng.uniform(0.1, 0.9, (2, n, 3, 1, 1))
    return first + 0.6 * share * (second - first) + rng.normal(0, 0.03, (n, 3, height, width))


def contrasting(rng, ground, least=0.45):
    """Colours (n, C) at least so far from the mean of each ``ground`` (n, C, H, W), the farthest of eight drawn."""
    mean = ground.mean((2, 3))
    drawn = rng.uniform(0, 1, (8, *mean.shape))
    far = np.linalg.norm(drawn - mean, axis=2)
    first = np.where((far > least).any(0), (far > least).argmax(0), far.argmax(0))
    return drawn[first, np.arange(len(mean))]


def as_bytes(canvas) -> np.ndarray:
    return np.round(np.clip(canvas, 0, 1) * 255).astype(np.uint8)
