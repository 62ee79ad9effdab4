"""Exercise top_k_activations."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def top_k_activations(acts, k):
    acts = np.asarray(acts)
    flat = acts.reshape(len(acts), -1)
    places = flat.argmax(axis=1)
    values = flat[np.arange(len(flat)), places]
    order = np.argsort(-values.astype(float), kind="stable")[:k]
    y, x = places // acts.shape[2], places % acts.shape[2]
    return np.stack([order, y[order], x[order]], axis=1)


def image_by_image(acts, k):
    """Places found with loops, a list of tuples."""
    found = []
    for n, act in enumerate(acts):
        best = max(np.ndindex(act.shape), key=lambda place, act=act: act[place])
        found.append((-float(act[best]), n, *best))
    return [(n, int(y), int(x)) for _, n, y, x in sorted(found)[:k]]


def everything_sorted(acts, k):
    """All places of all images in order, of each image the first alone; int32."""
    order = np.argsort(-np.asarray(acts, float).ravel(), kind="stable")
    images, first = np.unique(order // acts[0].size, return_index=True)
    best = order[np.sort(first)[:k]]
    return np.array(np.unravel_index(best, acts.shape), np.int32).T


def best_again_and_again(acts, k):
    """The largest of what is left, its image taken out; floats."""
    left, found = np.array(acts, float), []
    for _ in range(k):
        n, y, x = np.unravel_index(left.argmax(), left.shape)
        found.append([n, y, x])
        left[n] = -np.inf
    return np.array(found, float)


PLAIN, SEVERAL, SIGN, TIES = "one maximum an image", "several in one image", "negative values", "equal values"


def draw(rng):
    def maps(n, scale=0.5):
        h, w = sizes(rng, 2, 3, 8)
        return rng.permutation(np.linspace(-scale, scale, n * h * w)).reshape(n, h, w)

    def plant(acts, *values):
        """A place in each image of its own, the values shuffled."""
        for n, value in enumerate(rng.permutation(values)):
            acts[n, rng.integers(acts.shape[1]), rng.integers(acts.shape[2])] = value
        return acts

    def case(group, kind, acts, k):
        return Case(group, kind, (acts, k))

    crowded = plant(maps(4), 1.1, 2.3, 3.7, 4.2)
    n = int(rng.integers(4))
    crowded[n, 0], crowded[n, 1] = (5 + 0.1 * rng.permutation(crowded.shape[2]) + 0.3 * row for row in range(2))
    one_only = maps(3)
    one_only[1] += 9
    tied = np.zeros((4, *sizes(rng, 2, 3, 6)))
    tied[:, 1, 2], tied[:, 2, 1] = 3, 3
    image_ties = plant(maps(6), 2, 2, 3, 3, 3, 1)
    return [
        case(PLAIN, "three of six images", plant(maps(6), 1, 2, 3, 4, 5, 6), 3),
        case(PLAIN, "all images", plant(maps(4), 1.5, 2.5, 0.7, 4), 4),
        case(PLAIN, "the best one", plant(maps(5), 1, 2, 3, 4, 5), 1),
        case(PLAIN, "whole numbers", rng.permutation(60).reshape(4, 3, 5), 2),
        case(SEVERAL, "an image with many large values", crowded, 3),
        case(SEVERAL, "an image larger all over", one_only, 2),
        case(
            SEVERAL,
            "large sums, small maxima",
            plant(maps(5, 0.3) + np.arange(5)[::-1, None, None] / 9, 1, 2, 3, 4, 5),
            4,
        ),
        case(SIGN, "nothing above zero", maps(4) - 1, 3),
        case(SIGN, "some images below zero", maps(5) + np.array([-2, 1, -1, 2, -3])[:, None, None], 5),
        case(SIGN, "large negative values", negative(rng, maps(4)), 3),
        case(TIES, "equal values in an image", tied, 2),
        case(TIES, "images of equal maxima", image_ties, 4),
    ]


def negative(rng, acts):
    """The largest value of each image in size is negative."""
    for n, value in enumerate(rng.permutation([-7.0, -5, -6, -8])):
        acts[n, rng.integers(acts.shape[1]), rng.integers(acts.shape[2])] = value
    return acts


FLAT, PLACES = "flat = acts.reshape(len(acts), -1)", "places = flat.argmax(axis=1)"
VALUES = "values = flat[np.arange(len(flat)), places]"
ORDER = 'order = np.argsort(-values.astype(float), kind="stable")[:k]'
SPLIT = "y, x = places // acts.shape[2], places % acts.shape[2]"
RETURN = "return np.stack([order, y[order], x[order]], axis=1)"


def wrong(name, sentence, *changes, anchor="top"):
    return wrong_from(top_k_activations, name, anchor, sentence, *changes)


SMALL = np.array([[[0.0, 4, 1], [2, 3, 0]], [[1, 0, 0], [0, 2, 9]], [[0.0, 5, 2], [6, 1, 0]]])
CROWD = np.array([[[7.0, 8, 9], [6, 5, 0]], [[1, 0, 0], [3, 2, 0]], [[0.0, 0, 4], [0, 1, 0]]])

TOP_K_ACTIVATIONS = Exercise(
    id="hw6.top_k_activations",
    function="top_k_activations",
    points=8,
    anchor="visualization-top",
    reference=top_k_activations,
    groups={PLAIN: 3, SEVERAL: 2, SIGN: 2, TIES: 1},
    examples=(
        Case(PLAIN, "two of three images", (SMALL, 2)),
        Case(SEVERAL, "an image with many large values", (CROWD, 3)),
        Case(SIGN, "the same, minus ten", (SMALL - 10, 3)),
        Case(TIES, "two images alike", (SMALL[[0, 0, 2]], 3)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "several places of one image",
            "One image takes several places of your list. Take the best place of each image first, then the best images.",
            (
                RETURN,
                "best = np.argsort(-acts.ravel().astype(float), kind='stable')[:k]\n"
                "    return np.stack(np.unravel_index(best, acts.shape), axis=1)",
            ),
        ),
        wrong(
            "image lost",
            "Your first number is no image: all maps were made one long row, and its index was kept.",
            (RETURN, "return np.stack([order * flat.shape[1] + places[order], y[order], x[order]], axis=1)"),
        ),
        wrong(
            "values",
            "You return the values. The places are asked for: image, row, column.",
            (RETURN, "return values[order]"),
        ),
        wrong(
            "values before places",
            "You return the value in the place of the image's number.",
            (RETURN, "return np.stack([values[order], y[order], x[order]], axis=1)"),
        ),
        wrong(
            "column before row",
            "You return the column before the row: the order is image, y, x.",
            (RETURN, "return np.stack([order, x[order], y[order]], axis=1)"),
        ),
        wrong(
            "image last",
            "Your image comes last: the order is image, y, x.",
            (RETURN, "return np.stack([y[order], x[order], order], axis=1)"),
        ),
        wrong(
            "three rows",
            "You return three rows of k numbers. Return k rows of three.",
            (RETURN, "return np.stack([order, y[order], x[order]])"),
        ),
        wrong("images alone", "You return the images alone. Their places are asked for too.", (RETURN, "return order")),
        wrong(
            "place not split",
            "You return the place as one number. Divide it by the width: the quotient is the row, the rest the column.",
            (RETURN, "return np.stack([order, places[order]], axis=1)"),
        ),
        wrong(
            "divided by the height",
            "You divide the place by the height of the map. Rows are as long as the width.",
            (SPLIT, "y, x = places // acts.shape[1], places % acts.shape[1]"),
        ),
        wrong(
            "least first",
            "Your list begins with the weakest image. argsort goes up: sort the negative values.",
            (ORDER, 'order = np.argsort(values, kind="stable")[:k]'),
        ),
        wrong(
            "best last",
            "You have the right images, with the best one last.",
            (RETURN, "return np.stack([order, y[order], x[order]], axis=1)[::-1]"),
        ),
        wrong(
            "in the order of the images",
            "You have the right images in the order of the batch. The largest value comes first.",
            (RETURN, "order = np.sort(order)\n    return np.stack([order, y[order], x[order]], axis=1)"),
        ),
        wrong(
            "first k images",
            "You take the first k images, whatever their values.",
            (ORDER, "order = np.arange(k)"),
        ),
        wrong(
            "one more",
            "You return one image more than k, where there is one.",
            (ORDER, ORDER.replace("[:k]", "[: k + 1]")),
        ),
        wrong(
            "ranked by the mean",
            "You rank images by the mean of their map. The largest value counts.",
            (VALUES, "values = flat.mean(axis=1)"),
        ),
        wrong(
            "size of the values",
            "You compare absolute values. A large negative value is no response.",
            (FLAT, "flat = np.abs(acts.reshape(len(acts), -1))"),
        ),
        wrong(
            "ranked by size",
            "You find the right places and rank them by absolute value.",
            (VALUES, "values = np.abs(flat[np.arange(len(flat)), places])"),
        ),
        wrong(
            "nothing below zero",
            "Your search begins at 0, so that an image with negative values alone has its maximum at the first place.",
            (FLAT, "flat = np.maximum(acts.reshape(len(acts), -1), 0)"),
        ),
        wrong(
            "minima",
            "You find the least value of each image.",
            (PLACES, "places = flat.argmin(axis=1)"),
        ),
        wrong(
            "later of equal places",
            "Of equal values in one image you take the last. Take the first.",
            (PLACES, "places = flat.shape[1] - 1 - flat[:, ::-1].argmax(axis=1)"),
        ),
        wrong(
            "later of equal images",
            "Of images with equal maxima you take the later one first: a sort that goes up was turned round.",
            (ORDER, 'order = np.argsort(values, kind="stable")[::-1][:k]'),
        ),
        wrong(
            "maximum over images",
            "You find for each place the image that is largest there. The other way round: for each image its place.",
            (
                PLACES,
                "places = flat.argmax(axis=1)\n    places = np.resize(flat.argmax(axis=0), len(flat))",
            ),
        ),
        wrong(
            "places counted from 1",
            "Your rows and columns count from 1. They count from 0.",
            (SPLIT, "y, x = places // acts.shape[2] + 1, places % acts.shape[2] + 1"),
        ),
    ),
    variants={
        "a maximum each, then a sort": top_k_activations,
        "loops, tuples": image_by_image,
        "everything sorted, int32": everything_sorted,
        "the best of what is left, floats": best_again_and_again,
    },
)
