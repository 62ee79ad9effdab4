"""Exercise pca_2d."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import sizes, wrong_from


def pca_2d(X):
    X = np.array(X, float)
    centred = X - X.mean(axis=0)
    covariance = centred.T @ centred
    variances, axes = np.linalg.eigh(covariance)
    first = [-1, -2]
    plane = centred @ axes[:, first]
    explained = variances[first] / variances.sum()
    return plane, explained


def by_svd(X):
    centred = X - X.mean(axis=0)
    U, S, _ = np.linalg.svd(centred, full_matrices=False)
    return -U[:, :2] * S[:2], (S**2 / np.sum(S**2))[:2]


def by_gram(X):
    """From the products of points, as few points of many features allow; lists."""
    centred = X - np.mean(X, axis=0, keepdims=True)
    gram = centred @ centred.T
    values, vectors = np.linalg.eigh(gram)
    plane = vectors[:, :-3:-1] * np.sqrt(values[:-3:-1])
    return [plane.tolist(), (values[:-3:-1] / np.trace(gram)).tolist()]


def by_power(X):
    """One axis after the other by repeated multiplication; what it explains is taken out."""
    left = X - X.mean(axis=0)
    total, plane, shares = (left**2).sum(), [], []
    for _ in range(2):
        axis = left.T @ left @ np.linspace(1, 2, X.shape[1])
        for _ in range(3000):
            axis = left.T @ (left @ axis)
            axis = axis / np.linalg.norm(axis)
        plane.append(left @ axis)
        shares.append((plane[-1] ** 2).sum() / total)
        left = left - np.outer(plane[-1], axis)
    return np.stack(plane, axis=1), np.array(shares)


NAMES = ("plane", "explained")
PLANE, EXPLAINED, FEW = "the plane", "the shares of variance", "more features than points"


def draw(rng):
    def points(n, d, mean=3.0):
        """Skewed, so that no axis is as good upside down, and of variances far apart."""
        spread = 3 * 0.55 ** np.arange(d)
        turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
        return (rng.exponential(1, (n, d)) * spread) @ turn + mean * rng.standard_normal(d)

    def case(group, kind, X, part):
        return Case(group, kind, (X, part))

    n, m = sizes(rng, 2, 12, 25)
    d, e = sizes(rng, 2, 3, 7)
    cases = []
    for kind, X in [
        ("points far from 0", points(n, d)),
        ("points about 0", points(m, e, 0)),
        ("three features", points(m + 6, 3)),
        ("whole numbers", np.rint(9 * points(n, 4)).astype(int)),
    ]:
        cases += [case(PLANE, kind, X, "plane"), case(EXPLAINED, kind, X, "explained")]
    X = points(int(rng.integers(7, 10)), int(rng.integers(12, 16)))
    return [*cases, case(FEW, "its plane", X, "plane"), case(FEW, "its shares", X, "explained")]


CENTRED, COVARIANCE = "centred = X - X.mean(axis=0)", "covariance = centred.T @ centred"
FIRST, PROJECT = "first = [-1, -2]", "plane = centred @ axes[:, first]"
SHARES, RETURN = "explained = variances[first] / variances.sum()", "return plane, explained"
AS_FLOAT = "X = np.array(X, float)"


def wrong(name, sentence, *changes, anchor="pca"):
    return wrong_from(pca_2d, name, anchor, sentence, *changes)


FIVE = np.array([[5.0, 1, 0], [9, 3, 1], [6, 1.5, 1], [5, 2, 0.5], [13, 2, 3]])

PCA_2D = Exercise(
    id="hw6.pca_2d",
    function="pca_2d",
    points=7,
    anchor="visualization-pca",
    reference=pca_2d,
    probe="planar",
    groups={PLANE: 3, EXPLAINED: 2, FEW: 2},
    examples=(
        Case(PLANE, "five points", (FIVE, "plane")),
        Case(EXPLAINED, "five points", (FIVE, "explained")),
        Case(FEW, "four of them, five features", (np.hstack([FIVE, FIVE[::-1, :2] ** 2])[:4], "plane")),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "not centred",
            "You do not subtract the mean. The first axis then points from 0 to the points, and says little of how they "
            "differ.",
            (CENTRED, "centred = X"),
        ),
        wrong(
            "projected without the mean",
            "You find the right axes and project the points as they came. Project the centred ones.",
            (PROJECT, "plane = X @ axes[:, first]"),
        ),
        wrong(
            "covariance not centred",
            "You project centred points on axes of points that are not. Centre first.",
            (COVARIANCE, "covariance = X.T @ X"),
        ),
        wrong(
            "mean of each point",
            "You subtract from each point the mean of its features, axis 1. Subtract from each feature its mean over the "
            "points, axis 0.",
            (CENTRED, "centred = X - X.mean(axis=1, keepdims=True)"),
        ),
        wrong(
            "one mean for all",
            "You subtract one number from everything. Each feature has its own mean.",
            (CENTRED, "centred = X - X.mean()"),
        ),
        wrong(
            "median",
            "You subtract the median. Subtract the mean.",
            (CENTRED, "centred = X - np.median(X, axis=0)"),
        ),
        wrong(
            "standardised",
            "You divide each feature by its deviation. Centre, and leave the scale as it is.",
            (CENTRED, "centred = (X - X.mean(axis=0)) / X.std(axis=0)"),
        ),
        wrong(
            "rows of the axes",
            "eigh returns the axes in columns, take axes[:, k]; svd returns them in rows.",
            (PROJECT, "plane = centred @ axes[first].T"),
        ),
        wrong(
            "least variance",
            "You take the two axes of the least variance: eigh has the smallest first.",
            (FIRST, "first = [0, 1]"),
        ),
        wrong(
            "second before first",
            "Your axes are in the wrong order. The one of the largest variance comes first.",
            (FIRST, "first = [-2, -1]"),
        ),
        wrong(
            "from the second on",
            "You leave out the axis of the largest variance.",
            (FIRST, "first = [-2, -3]"),
        ),
        wrong(
            "first two features",
            "You return two of the features. Project on the axes of the largest variance.",
            (PROJECT, "plane = centred[:, :2]"),
        ),
        wrong(
            "unit variance",
            "Your coordinates all have one size: U of the SVD, or divided by the deviation. Multiply U by S: the first "
            "axis is longer.",
            (PROJECT, "plane = centred @ axes[:, first]\n    plane = plane / np.sqrt((plane**2).sum(axis=0))"),
        ),
        wrong(
            "whitened",
            "You divide the coordinates by their deviation. Leave them as long as they are.",
            (PROJECT, "plane = centred @ axes[:, first]\n    plane = plane / plane.std(axis=0)"),
        ),
        wrong(
            "times the deviation",
            "You multiply the projection by the singular values once more. U S is the projection already.",
            (PROJECT, "plane = centred @ axes[:, first] * np.sqrt(variances[first])"),
        ),
        wrong(
            "transposed",
            "Your plane has shape (2, N). Points are rows.",
            (PROJECT, "plane = (centred @ axes[:, first]).T"),
        ),
        wrong(
            "axes",
            "You return the axes. Project the points on them.",
            (PROJECT, "plane = axes[:, first]"),
        ),
        wrong(
            "one axis",
            "You return one coordinate a point.",
            (PROJECT, "plane = centred @ axes[:, first[:1]]"),
        ),
        wrong(
            "rebuilt",
            "You go back to the features after the projection. Two coordinates a point are asked for.",
            (PROJECT, "plane = centred @ axes[:, first] @ axes[:, first].T"),
        ),
        wrong(
            "deviations for variances",
            "Your shares are of deviations, which singular values are. Square them: variances add up.",
            (
                SHARES,
                "deviations = np.sqrt(np.maximum(variances, 0))\n    explained = deviations[first] / deviations.sum()",
            ),
        ),
        wrong(
            "shares of the plane",
            "Your shares add up to 1: you divide by the variance of the plane. Divide by the variance of everything.",
            (SHARES, "explained = variances[first] / variances[first].sum()"),
        ),
        wrong(
            "variances",
            "You return variances, or sums of squares. Divide by their total.",
            (SHARES, "explained = variances[first]"),
        ),
        wrong(
            "both added up",
            "You return what both axes explain together. Return a number for each.",
            (SHARES, "explained = variances[first].sum() / variances.sum()"),
        ),
        wrong(
            "running sum",
            "Your second number is what both axes explain together. Return what each explains.",
            (SHARES, "explained = np.cumsum(variances[first]) / variances.sum()"),
        ),
        wrong(
            "shares of all axes",
            "You return the shares of all axes. Two are asked for.",
            (SHARES, "explained = variances[::-1] / variances.sum()"),
        ),
        wrong(
            "plane alone",
            "You return the plane alone. The shares of variance are asked for too.",
            (RETURN, "return plane"),
        ),
        wrong("exchanged", "You return the shares first. The plane comes first.", (RETURN, "return explained, plane")),
        wrong(
            "argument changed",
            "You subtract the mean in place: X itself is changed.",
            (AS_FLOAT, "pass"),
            (CENTRED, "X[:] = X - X.mean(axis=0)\n    centred = X + 0.0"),
        ),
    ),
    variants={
        "eigh of the covariance": pca_2d,
        "svd, signs turned": by_svd,
        "products of points, lists": by_gram,
        "one axis after the other": by_power,
    },
)
