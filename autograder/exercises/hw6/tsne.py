"""Exercise tsne_p."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw6.draws import wrong_from


def tsne_p(D, perplexity):
    D = np.array(D, float)
    squares = D**2
    N = len(D)
    wanted = np.log(perplexity)
    P = np.zeros((N, N))
    for i in range(N):
        others = np.arange(N) != i
        d = squares[i, others]
        d = d - d.min()
        low, high = -60.0, 60.0
        for _ in range(100):
            middle = (low + high) / 2
            beta = np.exp(middle)
            p = np.exp(-beta * d)
            p = p / p.sum()
            entropy = -(p[p > 0] * np.log(p[p > 0])).sum()
            if entropy > wanted:
                low = middle
            else:
                high = middle
        P[i, others] = p
    return (P + P.T) / (2 * N)


def by_doubling(D, perplexity):
    """Precisions doubled or halved until the right one lies between two, as van der Maaten's code; 50 steps of it."""
    N = len(D)
    P = np.zeros((N, N))
    for i in range(N):
        beta, low, high = 1.0 / np.mean(D[i] ** 2), 0.0, np.inf
        for _ in range(60):
            p = np.exp(-beta * (D[i] ** 2 - np.delete(D[i], i).min() ** 2))
            p[i] = 0
            p /= p.sum()
            bits = -np.sum(p * np.log2(np.where(p > 0, p, 1)))
            if abs(bits - np.log2(perplexity)) < 1e-6:
                break
            if bits > np.log2(perplexity):
                low, beta = beta, beta * 2 if np.isinf(high) else (beta + high) / 2
            else:
                high, beta = beta, (beta + low) / 2
        P[i] = p
    return ((P + P.T) / P.sum() / 2).tolist()


def by_sigma(D, perplexity):
    """All rows at once, by the width of the Gaussian; float32 in the end."""
    S = D.astype(np.float64) ** 2 + np.diag([np.inf] * len(D))
    S = S - S.min(axis=1, keepdims=True)
    low, high = np.full((len(D), 1), 1e-9), np.full((len(D), 1), 1e9)
    for _ in range(120):
        sigma = np.sqrt(low * high)
        P = np.exp(-S / (2 * sigma**2))
        P = P / P.sum(axis=1, keepdims=True)
        H = -np.sum(P * np.log(np.where(P > 0, P, 1)), axis=1, keepdims=True)
        wide = H > np.log(perplexity)
        low, high = np.where(wide, low, sigma), np.where(wide, sigma, high)
    return (P / len(D) / 2 + P.T / len(D) / 2).astype(np.float32)


def by_the_perplexity(D, perplexity):
    """A search by the perplexity itself, 2 to the entropy."""

    def row(d, beta):
        p = np.exp(-beta * (d - d.min()))
        return p / p.sum()

    def perplexity_of(p):
        return 2.0 ** -sum(v * np.log2(v) for v in p if v > 0)

    joint = np.zeros(D.shape)
    for i in range(len(D)):
        d = np.array([D[i, j] ** 2 for j in range(len(D)) if j != i])
        low, high = 1e-12 / d.mean(), 1e12 / d.mean()
        while high / low > 1 + 1e-10:
            middle = (low * high) ** 0.5
            low, high = (middle, high) if perplexity_of(row(d, middle)) > perplexity else (low, middle)
        joint[i] += np.insert(row(d, low), i, 0)
        joint[:, i] += np.insert(row(d, low), i, 0)
    return joint / joint.sum()


PLAIN, UNEVEN, SCALE = "points spread evenly", "dense and sparse places", "very near and very far"


def distances(points):
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


def draw(rng):
    def case(group, kind, points, perplexity):
        return Case(group, kind, (distances(points), perplexity))

    def even(n, d=3):
        return rng.standard_normal((n, d))

    def uneven(n):
        points = even(n, 2)
        points[: n // 2] = points[: n // 2] / 6 + 4
        return points

    return [
        case(PLAIN, "eight points, perplexity 3", even(8), 3.0),
        case(PLAIN, "ten points, perplexity 5", even(10), 5),
        case(PLAIN, "six points, perplexity 2", even(6, 2), 2),
        case(PLAIN, "perplexity that is no whole number", even(9), float(rng.uniform(3, 6))),
        case(UNEVEN, "two clusters", uneven(10), 3.0),
        case(UNEVEN, "two clusters, perplexity 4", uneven(11), 4.0),
        case(UNEVEN, "two clusters very far apart", even(8) + 200 * (np.arange(8) % 2)[:, None], 2.0),
        case(UNEVEN, "one far away", np.concatenate([even(7), even(1) + 9]), 2.5),
        case(SCALE, "distances in the hundreds", 300 * even(8), 3.0),
        case(SCALE, "distances of a thousandth", even(9) / 1000, 4.0),
        case(SCALE, "distances in the thousands", 5000 * even(7), 2.0),
    ]


AS_FLOAT, SQUARES, WANTED = "D = np.array(D, float)", "squares = D**2", "wanted = np.log(perplexity)"
OTHERS = "others = np.arange(N) != i"
BOUNDS, KERNEL, NORM = "low, high = -60.0, 60.0", "p = np.exp(-beta * d)", "p = p / p.sum()"
ENTROPY = "entropy = -(p[p > 0] * np.log(p[p > 0])).sum()"
ASK, ROW, RETURN = "if entropy > wanted:", "P[i, others] = p", "return (P + P.T) / (2 * N)"


def wrong(name, sentence, *changes, anchor="tsne"):
    return wrong_from(tsne_p, name, anchor, sentence, *changes)


LINE = np.array([[0.0, 0], [1, 0], [0, 2], [3, 1], [4, 4]])

TSNE_P = Exercise(
    id="hw6.tsne_p",
    function="tsne_p",
    points=9,
    anchor="visualization-tsne",
    reference=tsne_p,
    groups={PLAIN: 4, UNEVEN: 3, SCALE: 2},
    examples=(
        Case(PLAIN, "five points", (distances(LINE), 2.0)),
        Case(UNEVEN, "one of them far away", (distances(LINE * np.array([[1], [1], [1], [1], [4]])), 2.5)),
        Case(SCALE, "the five, a thousand times as far", (distances(1000 * LINE), 2.0)),
    ),
    draw=draw,
    mistakes=(
        wrong(
            "distances not squared",
            "You use the distances as they are. A Gaussian has their squares.",
            (SQUARES, "squares = D"),
        ),
        wrong(
            "squared twice",
            "You square the distances twice. D holds distances, not their squares.",
            (SQUARES, "squares = D**4"),
        ),
        wrong(
            "point itself kept",
            "You count the point itself, at distance 0, and so P has something on its diagonal. p_ii is 0.",
            (OTHERS, "others = np.arange(N) >= 0"),
        ),
        wrong(
            "diagonal emptied in the end",
            "You count the point itself among its neighbours, and empty the diagonal in the end. Leave it out before you "
            "normalise.",
            (OTHERS, "others = np.arange(N) >= 0"),
            (RETURN, "np.fill_diagonal(P, 0)\n    return (P + P.T) / (2 * N)"),
        ),
        wrong(
            "not symmetric",
            "You return p of j given i, divided by N. Add both directions: (p_j|i + p_i|j) / 2N.",
            (RETURN, "return P / N"),
        ),
        wrong(
            "conditional",
            "You return p of j given i: each row adds up to 1. Add both directions and divide by 2N.",
            (RETURN, "return P"),
        ),
        wrong(
            "adds up to N",
            "Your P adds up to N. Divide by 2N and not by 2: everything together is 1.",
            (RETURN, "return (P + P.T) / 2"),
        ),
        wrong(
            "adds up to 2N",
            "You add both directions and do not divide by 2N.",
            (RETURN, "return P + P.T"),
        ),
        wrong(
            "adds up to 2",
            "Your P adds up to 2. Divide by 2N.",
            (RETURN, "return (P + P.T) / N"),
        ),
        wrong(
            "rows normalised again",
            "You normalise the rows after you add both directions, so that P is not symmetric.",
            (RETURN, "return (P + P.T) / (P + P.T).sum(axis=1, keepdims=True) / N"),
        ),
        wrong(
            "product of both directions",
            "You multiply both directions. Add them.",
            (RETURN, "return P * P.T / (P * P.T).sum()"),
        ),
        wrong(
            "larger of both directions",
            "You take the larger of both directions. Add them.",
            (RETURN, "return np.maximum(P, P.T) / np.maximum(P, P.T).sum()"),
        ),
        wrong(
            "exaggerated",
            "You multiply by 4, the early exaggeration. That belongs to the optimiser.",
            (RETURN, "return 4 * (P + P.T) / (2 * N)"),
        ),
        wrong(
            "exaggerated by 12",
            "You multiply by 12, the early exaggeration. That belongs to the optimiser.",
            (RETURN, "return 12 * (P + P.T) / (2 * N)"),
        ),
        wrong(
            "bits against nats",
            "You compare an entropy in nats, of np.log, with log2 of the perplexity. Take one logarithm for both.",
            (WANTED, "wanted = np.log2(perplexity)"),
        ),
        wrong(
            "nats against bits",
            "You compare an entropy in bits, of np.log2, with the natural logarithm of the perplexity. Take one logarithm "
            "for both.",
            (ENTROPY, "entropy = -(p[p > 0] * np.log2(p[p > 0])).sum()"),
        ),
        wrong(
            "entropy for perplexity",
            "You look for an entropy as large as the perplexity. It is the logarithm of it.",
            (WANTED, "wanted = perplexity"),
        ),
        wrong(
            "as many bits as neighbours",
            "You look for an entropy of as many bits as the perplexity says. It is the logarithm of it.",
            (ENTROPY, "entropy = -(p[p > 0] * np.log2(p[p > 0])).sum()"),
            (WANTED, "wanted = perplexity"),
        ),
        wrong(
            "sum of squares for entropy",
            "Your entropy is 1 / sum of p². That also counts neighbours, but perplexity is the exponential of the entropy.",
            (ENTROPY, "entropy = np.log(1 / (p**2).sum())"),
        ),
        wrong(
            "one width for all",
            "All your points have the width of the first. Each has its own: that is what makes dense and sparse places "
            "alike.",
            (BOUNDS, "low, high = (-60.0, 60.0) if i == 0 else (middle, middle)"),
        ),
        wrong(
            "width of 1",
            "You do not look for the width: the perplexity makes no difference.",
            (BOUNDS, "low = high = np.log(0.5)"),
        ),
        wrong(
            "search the wrong way round",
            "Your search goes the wrong way: where the entropy is too large, the Gaussian is too wide, and beta too small.",
            (ASK, "if entropy < wanted:"),
        ),
        wrong(
            "search between 0.01 and 100",
            "Your search is bounded, and fails where distances are far larger or smaller than 1. Double or halve until the "
            "right value lies between.",
            (BOUNDS, "low, high = np.log(0.01), np.log(100)"),
        ),
        wrong(
            "search from 1 down",
            "Your search never makes beta larger than 1, that is the Gaussian narrower.",
            (BOUNDS, "low, high = -60.0, 0.0"),
        ),
        wrong(
            "search from 1 up",
            "Your search never makes beta smaller than 1, that is the Gaussian wider.",
            (BOUNDS, "low, high = 0.0, 60.0"),
        ),
        wrong(
            "ten steps",
            "Your search stops too early. Go on until the entropy is right to five digits.",
            ("for _ in range(100):", "for _ in range(10):"),
        ),
        wrong(
            "0 log 0",
            "Far points have a p of exactly 0, and 0 * log(0) is no number in NumPy: your search then goes astray. It "
            "counts as 0.",
            (ENTROPY, "entropy = -(p * np.log(p)).sum()"),
        ),
        wrong(
            "Student's t",
            "You use 1 / (1 + d²), which is for the plane. Here it is a Gaussian.",
            (KERNEL, "p = 1 / (1 + beta * squares[i, others])"),
        ),
        wrong(
            "plus in the exponent",
            "The far ones have more in your P than the near ones: the minus in the exponent is missing.",
            (KERNEL, "p = np.exp(beta * (d - d.max()))"),
        ),
        wrong(
            "logarithms",
            "You return logarithms.",
            (RETURN, "return np.log(np.maximum((P + P.T) / (2 * N), 1e-12))"),
        ),
        wrong(
            "argument changed",
            "You square D in place: the array that you were given is changed.",
            (AS_FLOAT, "pass"),
            (SQUARES, "D **= 2\n    squares = D"),
        ),
    ),
    variants={
        "halving, by the logarithm of beta": tsne_p,
        "doubling and halving, lists": by_doubling,
        "all rows at once, float32": by_sigma,
        "by the perplexity itself": by_the_perplexity,
    },
)
