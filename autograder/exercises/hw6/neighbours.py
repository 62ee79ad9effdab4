"""Exercise nearest."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def nearest(feats, q, k):
    points = np.asarray(feats, float)
    difference = points - points[q]
    distance = np.sqrt((difference**2).sum(axis=1))
    distance[q] = np.inf
    order = np.argsort(distance, kind="stable")
    return order[:k]


def one_by_one(feats, q, k):
    def distance(n):
        return sum((float(a) - float(b)) ** 2 for a, b in zip(feats[n], feats[q], strict=True))

    return sorted((n for n in range(len(feats)) if n != q), key=distance)[:k]


def by_products(feats, q, k):
    """|a|² - 2 a b: what is left of the squared distance when |b|² is left out, in whole numbers where they are."""
    feats = feats.astype(np.int64 if feats.dtype.kind in "iu" else np.float64)
    score = (feats * feats).sum(axis=1) - 2 * feats @ feats[q]
    others = np.delete(np.arange(len(feats)), q)
    return others[np.argsort(score[others], kind="stable")][:k].astype(np.int32)


def again_and_again(feats, q, k):
    """The nearest of those that are left; a tuple."""
    left, found = [n for n in range(len(feats)) if n != q], []
    for _ in range(k):
        best = min(left, key=lambda n: (np.linalg.norm(feats[n].astype(float) - feats[q]), n))
        left.remove(best)
        found.append(int(best))
    return tuple(found)


PLAIN, LENGTHS, DOUBLES, PIXELS = "points about 0", "points far from 0", "doubles and ties", "bytes"


def draw(rng):
    def case(group, kind, feats, q, k):
        return Case(group, kind, (feats, int(q), int(k)))

    def about(n, d):
        return rng.standard_normal((n, d))

    n, m = sizes(rng, 2, 9, 16)
    d, e = sizes(rng, 2, 3, 7)
    far = about(m, e) * rng.uniform(0.5, 3, (m, 1)) + rng.uniform(2, 5, e)
    doubles = about(n, d)
    q = int(rng.integers(2, n - 1))
    doubles[0] = doubles[q]
    doubles[q + 1] = doubles[q]
    corners = np.array([[0.0, 0], [1, 0], [0, 1], [-1, 0], [0, -1], [2, 0], [1, 1]])
    return [
        case(PLAIN, "three neighbours", about(n, d), rng.integers(1, n), 3),
        case(PLAIN, "the last point", about(m, e), m - 1, 4),
        case(PLAIN, "the first point", about(m, 2), 0, 2),
        case(PLAIN, "all the others", about(6, d), 2, 5),
        case(PLAIN, "one neighbour", about(n, e), rng.integers(1, n), 1),
        case(LENGTHS, "five neighbours", far, rng.integers(1, m), 5),
        case(LENGTHS, "none below 0", np.abs(about(n, e)) * rng.uniform(0.2, 4, (n, 1)), rng.integers(1, n), 4),
        case(DOUBLES, "a double before and one after", doubles, q, 3),
        case(DOUBLES, "equal distances", corners[rng.permutation(7)], 3, 6),
        case(PIXELS, "images as bytes", rng.integers(0, 256, (n, 8)).astype(np.uint8), rng.integers(1, n), 4),
        case(
            PIXELS, "dark and bright images", np.repeat(rng.permutation(12)[:, None] * 20, 6, 1).astype(np.uint8), 5, 3
        ),
    ]


POINTS, DIFF = "points = np.asarray(feats, float)", "difference = points - points[q]"
DISTANCE, SELF = "distance = np.sqrt((difference**2).sum(axis=1))", "distance[q] = np.inf"
ORDER, RETURN = 'order = np.argsort(distance, kind="stable")', "return order[:k]"


def wrong(name, sentence, *changes, anchor="neighbours"):
    return wrong_from(nearest, name, anchor, sentence, *changes)


FIVE = np.array([[0.0, 1], [3, 5], [2, 2], [0, 2], [9, 9], [1, 1]])
SAME = np.array([[1.0, 1], [4, 0], [1, 1], [0, 3], [1, 1]])

NEAREST = Exercise(
    id="hw6.nearest",
    function="nearest",
    points=7,
    anchor="visualization-neighbours",
    reference=nearest,
    groups={PLAIN: 3, LENGTHS: 2, DOUBLES: 1, PIXELS: 1},
    examples=(
        Case(PLAIN, "six points of a plane", (FIVE - 2, 2, 3)),
        Case(LENGTHS, "the same, moved", (FIVE, 2, 3)),
        Case(DOUBLES, "three alike", (SAME, 2, 3)),
        Case(PIXELS, "four small images", (np.array([[10, 250], [20, 240], [250, 10], [0, 255]], np.uint8), 0, 3)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "dot product",
            "You take the largest dot products. A long vector has large ones with everybody: take distances.",
            (DISTANCE, "distance = -(points @ points[q])"),
        ),
        wrong(
            "cosine",
            "You compare directions, by the cosine. The L2 distance is asked for, to which length matters too.",
            (
                DISTANCE,
                "sizes = np.sqrt((points**2).sum(axis=1))\n    "
                "distance = -(points @ points[q]) / np.maximum(sizes * sizes[q], 1e-12)",
            ),
        ),
        wrong(
            "includes itself",
            "You return the point itself, which is nearest to itself. Leave it out.",
            (SELF, "pass"),
        ),
        wrong(
            "first one dropped",
            "You drop the first of the sorted list. Where another point lies at the same place, that need not be the point "
            "itself: leave out index q.",
            (SELF, "pass"),
            (RETURN, "return order[1 : k + 1]"),
        ),
        wrong(
            "all doubles dropped",
            "You leave out all points at a distance of 0. Another image with the same features is a neighbour.",
            (SELF, "distance[distance == 0] = np.inf"),
        ),
        wrong(
            "indices of what is left",
            "You take the point out of the array, and the indices after it are one too small.",
            (ORDER, 'order = np.argsort(np.delete(distance, q), kind="stable")'),
        ),
        wrong(
            "q neighbours of point k",
            "You have exchanged q and k.",
            (POINTS, "points = np.asarray(feats, float)\n    q, k = min(k, len(points) - 1), q"),
        ),
        wrong(
            "L1",
            "You add absolute differences. The L2 distance adds squares.",
            (DISTANCE, "distance = np.abs(difference).sum(axis=1)"),
        ),
        wrong(
            "largest difference",
            "You take the largest difference of a coordinate. The L2 distance adds squares.",
            (DISTANCE, "distance = np.abs(difference).max(axis=1)"),
        ),
        wrong(
            "differences added with their signs",
            "You add differences with their signs, so that they cancel. Square them first.",
            (DISTANCE, "distance = np.abs(difference.sum(axis=1))"),
        ),
        wrong(
            "difference of lengths",
            "You compare lengths. Subtract the vectors first.",
            (DISTANCE, "sizes = np.sqrt((points**2).sum(axis=1))\n    distance = np.abs(sizes - sizes[q])"),
        ),
        wrong(
            "shortest vectors",
            "You return the points nearest to 0.",
            (DIFF, "difference = points"),
        ),
        wrong(
            "nearest to the mean",
            "You return the points nearest to the mean. They are to be near point q.",
            (DIFF, "difference = points - points.mean(axis=0)"),
        ),
        wrong(
            "first point for q",
            "You compare with point 0, whatever q is.",
            (DIFF, "difference = points - points[0]"),
        ),
        wrong(
            "first coordinate",
            "You compare the first coordinate alone.",
            (DIFF, "difference = (points - points[q])[:, :1]"),
        ),
        wrong(
            "features standardised",
            "You standardise the features first. The distance is that of the features as they are.",
            (POINTS, "points = np.asarray(feats, float)\n    points = points / np.maximum(points.std(axis=0), 1e-12)"),
        ),
        wrong(
            "farthest first",
            "You return the farthest points.",
            (ORDER, 'order = np.argsort(np.where(np.isinf(distance), np.inf, -distance), kind="stable")'),
        ),
        wrong("nearest last", "Your nearest point comes last. It comes first.", (RETURN, "return order[:k][::-1]")),
        wrong(
            "indices sorted",
            "You return the indices in the order of the points. The nearest comes first.",
            (RETURN, "return np.sort(order[:k])"),
        ),
        wrong(
            "later of equal distances",
            "Of equal distances you take the later point first. Take the earlier one: a stable sort does.",
            (ORDER, 'order = len(distance) - 1 - np.argsort(distance[::-1], kind="stable")'),
        ),
        wrong("one more", "You return one neighbour more than k.", (RETURN, "return order[: k + 1]")),
        wrong("one fewer", "You return one neighbour fewer than k.", (RETURN, "return order[: k - 1]")),
        wrong("all", "You return all the others. k of them are asked for.", (RETURN, "return order[:-1]")),
        wrong("distances", "You return the distances. Return the indices.", (RETURN, "return distance[order[:k]]")),
        wrong("features", "You return the features. Return the indices.", (RETURN, "return points[order[:k]]")),
        wrong(
            "bytes wrap around",
            "You compute with bytes: for uint8, 10 - 20 is 246. Make floats of them first.",
            (POINTS, "points = np.asarray(feats)"),
        ),
        wrong(
            "argument changed",
            "You subtract in place: the array that you were given is changed.",
            (POINTS, "points = feats"),
            (DIFF, "points -= points[q].copy()\n    difference = points.astype(float)"),
        ),
    ),
    variants={
        "all distances, a sort": nearest,
        "one by one, a list": one_by_one,
        "by products, int32": by_products,
        "again and again, a tuple": again_and_again,
    },
)
