"""A set of drawn pictures that needs no network: coloured shapes with boxes and masks, seeded, as hard as one likes."""

import numpy as np

from convbook.detection.scenes import Scenes
from convbook.kernels.sizes import pair, whole

CLASSES = ("disc", "square", "triangle", "cross", "ring")


def inside(label: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Does the shape, drawn in the square from -1 to 1, cover the point (u, v)? v points down.

    >>> inside(CLASSES.index("ring"), np.array([0.0, 0.8]), np.zeros(2))
    array([False,  True])
    """
    radius = np.hypot(u, v)
    match CLASSES[label]:
        case "disc":
            return radius <= 1
        case "square":
            return np.maximum(abs(u), abs(v)) <= 0.9
        case "triangle":
            return (v <= 0.9) & (abs(u) <= (v + 1) / 2)
        case "cross":
            return (np.minimum(abs(u), abs(v)) <= 0.3) & (np.maximum(abs(u), abs(v)) <= 1)
        case _:  # a ring
            return (radius <= 1) & (radius >= 0.55)


def shape_mask(label: int, centre, half, angle: float, size) -> np.ndarray:
    """Pixels ``(H, W)`` whose centres a shape covers: half its sides (x, y), turned about its ``centre`` (x, y)."""
    mask, reach = np.zeros(size, bool), np.hypot(*half)
    top, left = (max(int(c - reach), 0) for c in centre[::-1])
    y, x = np.ogrid[top : int(centre[1] + reach) + 2, left : int(centre[0] + reach) + 2]
    y, x = (y + 0.5 - centre[1])[: size[0] - top], (x + 0.5 - centre[0])[:, : size[1] - left]
    c, s = np.cos(angle), np.sin(angle)
    part = inside(label, (c * x + s * y) / half[0], (c * y - s * x) / half[1])
    mask[top : top + part.shape[0], left : left + part.shape[1]] = part
    return mask


def tight_box(mask: np.ndarray) -> np.ndarray:
    """Smallest box around the True pixels of ``mask (H, W)``, xyxy; they must not be none.

    >>> tight_box(np.array([[0, 0, 0, 0], [0, 1, 1, 0]], bool))
    array([1., 1., 3., 2.])
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)


def colour(rng, back: np.ndarray, difficulty: float) -> np.ndarray:
    """A colour that differs from the background, the less the harder."""
    while True:
        front = rng.uniform(0, 255, 3)
        if np.linalg.norm(front - back) >= 160 - 110 * difficulty:
            return front


def crowded(box: np.ndarray, others: list, most: float) -> bool:
    """Does the box share more than a part ``most`` of itself or of another one with it?"""
    for other in others:
        shared = np.maximum(np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2]), 0).prod()
        if shared > most * min((box[2:] - box[:2]).prod(), (other[2:] - other[:2]).prod()):
            return True
    return False


def draw(rng, size, objects, sides, difficulty):
    """One picture: image ``(3, H, W)``, boxes, labels, mask ``(H, W)``."""
    (H, W), back = size, rng.uniform(30, 225, 3)
    slope = rng.normal(0, 10 + 40 * difficulty, (3, 2))
    light = slope[:, :1, None] * np.linspace(-1, 1, H)[:, None] + slope[:, 1:, None] * np.linspace(-1, 1, W)
    image = back[:, None, None] + light
    for _ in range(int(rng.integers(0, 1 + round(12 * difficulty)))):  # streaks, which are no objects
        y, x = rng.integers(0, H), rng.integers(0, W)
        length, thick = rng.integers(3, 3 + max(W // 4, 1)), rng.integers(1, 3)
        tall, wide = (length, thick) if rng.random() < 0.5 else (thick, length)
        image[:, y : y + tall, x : x + wide] = rng.uniform(0, 255, (3, 1, 1))
    boxes, labels, mask = [], [], np.zeros(size, np.uint8)
    wanted, tries = int(rng.integers(objects[0], objects[1] + 1)), 0
    while len(boxes) < wanted and tries < 200:
        tries += 1
        side = rng.uniform(*sides) * min(size) * np.exp(rng.uniform(-0.25, 0.25, 2))
        label, angle = int(rng.integers(len(CLASSES))), rng.uniform(-1, 1) * difficulty * np.pi / 4
        centre = [rng.uniform(side.max() / 2, max(n - side.max() / 2, side.max() / 2)) for n in (W, H)]
        covered = shape_mask(label, centre, side / 2, angle, size)
        if not covered.any():
            continue
        box = tight_box(covered)
        if crowded(box, boxes, 0.4 * difficulty):
            continue
        image[:, covered] = colour(rng, back, difficulty)[:, None]
        mask[covered] = label + 1
        boxes.append(box)
        labels.append(label)
    image += rng.normal(0, 3 + 25 * difficulty, image.shape)
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return image, np.array(boxes).reshape(-1, 4), np.array(labels, np.int64), mask


def make_scenes(
    count: int, size=64, objects: tuple[int, int] = (1, 5), sides=(0.18, 0.4), difficulty: float = 0.3, seed: int = 0
) -> Scenes:
    """``count`` pictures of ``size`` (a number or (H, W)) with a number of ``objects`` from the first to the last.

    ``sides`` bounds the sides of a shape, in parts of the picture's shorter one, before each is stretched by up to a
    quarter. ``difficulty`` from 0 to 1 brings noise, low contrast, streaks, turned shapes and overlap; the background
    is never plain. A shape that finds no free place in 200 tries is left out. Box and mask are those of the pixels
    drawn; where shapes overlap, the later one is on top and boxes are still the whole shapes'. Picture n depends
    on ``seed`` and n alone, so a larger set begins with the smaller one.

    >>> scenes = make_scenes(2, (48, 64), seed=3)
    >>> scenes.images.shape, scenes.masks.shape, [len(b) for b in scenes.boxes] == [len(l) for l in scenes.labels]
    ((2, 3, 48, 64), (2, 48, 64), True)
    """
    count, size = whole("count", count, 0), pair("size", size, 8)
    if not (0 <= difficulty <= 1):
        raise ValueError(f"difficulty must be from 0 to 1, got {difficulty}")
    low, high = whole("objects", objects[0], 0), whole("objects", objects[1], 0)
    if low > high:
        raise ValueError(f"objects must be the least and the most, got {objects}")
    if not 0 < sides[0] <= sides[1] <= 0.9:
        raise ValueError(f"sides must obey 0 < least <= most <= 0.9, got {sides}")
    pictures = [draw(np.random.default_rng([seed, n]), size, (low, high), sides, difficulty) for n in range(count)]
    images, boxes, labels, masks = zip(*pictures, strict=True) if pictures else ((), (), (), ())
    return Scenes(
        np.array(images, np.uint8).reshape(-1, 3, *size),
        tuple(boxes),
        tuple(labels),
        CLASSES,
        np.array(masks, np.uint8).reshape(-1, *size),
    )
