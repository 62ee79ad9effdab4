"""Two kinds of little cars, in training each mostly on its own side: does the net learn the car or the place?"""

import numpy as np

from convbook.data import drawing as d
from convbook.data import procedural
from convbook.data.images import Images, height_width

CLASSES = "van", "beetle"  # the van's side is the left, the beetle's the right
BODIES = {
    "van": [(-1, 0.35), (-1, -0.55), (0.65, -0.55), (1, -0.1), (1, 0.35)],
    "beetle": [(-1, 0.35), *d.arc(0, 0.3, 1, 0.9, 180, 360, 11), (1, 0.35)],
}
WINDOWS = {
    "van": [(-0.75, -0.35), (0.5, -0.35), (0.65, -0.05), (-0.75, -0.05)],
    "beetle": [(-0.55, -0.05), *d.arc(0, 0.0, 0.55, 0.42, 200, 340, 7), (0.55, -0.05)],
}
WHEELS = (-0.55, 0.55)


def load_two_cars(split="train", n=None, size=(32, 64), seed=0, bias=0.95) -> Images:
    """Images of 3 x ``size``, by default 32 high and 64 wide: one car each, wholly in the left or the right half.

    bias : share of the cars of either kind that stand on their kind's side, between 0.5 (no bias) and 1;
        in training alone, in the test set it is always 0.5. n : how many, 5,000 for training and 1,000
        for testing unless given.
    """
    height, width = height_width(size)
    n, bias = procedural.count(n, split), procedural.share(bias, "bias", 0.5)
    rng = procedural.generator(split, seed, "two-cars")
    labels = procedural.balanced(rng, n, 2)
    right = labels.astype(bool)
    for label in (0, 1):  # the share itself, not only its expectation
        own = rng.permutation(np.flatnonzero(labels == label))
        other = round((1 - (bias if split == "train" else 0.5)) * len(own))
        right[own[:other]] ^= True
    chunks = [slice(k, k + procedural.CHUNK) for k in range(0, n, procedural.CHUNK)]
    parts = [draw_cars(rng, labels[chunk], right[chunk].astype(np.int64), height, width) for chunk in chunks]
    return Images(np.concatenate(parts), labels, CLASSES, f"two-cars, bias {bias if split == 'train' else 0.5:g}")


def draw_cars(rng, labels, right, height, width) -> np.ndarray:
    """(n, 3, height, width) uint8: the car that ``labels`` says in the half that ``right`` says."""
    n, half = len(labels), width / 2
    canvas = d.textured(rng, n, height, width)
    radius = rng.uniform(0.3, 0.42, n) * min(half, 1.4 * height)
    middle = rng.uniform(radius + 0.5, half - radius - 0.5) + half * right
    level = rng.uniform(0.75 * radius + 0.5, height - 0.75 * radius - 0.5)
    centre, angle = np.stack([middle, level], axis=1), rng.normal(0, 0.06, n)
    x, y = d.placed(d.grid(n, height, width), centre, angle, radius)
    x = x * rng.choice([-1, 1], (n, 1, 1))  # facing either way
    colour, scale = d.contrasting(rng, canvas), radius[:, None, None]
    glass, rubber = np.tile([0.75, 0.9, 1.0], (n, 1)), np.full((n, 3), 0.08)
    for part, paint in ((BODIES, colour), (WINDOWS, glass)):
        for label, name in enumerate(CLASSES):
            cover = np.where((labels == label)[:, None, None], d.coverage(d.polygon(x, y, part[name]), scale), 0)
            d.paint(canvas, cover, paint)
    for wheel in WHEELS:
        d.paint(canvas, d.coverage(d.disc(x - wheel, y - 0.38, 0.24), scale), rubber)
    return d.as_bytes(canvas)
