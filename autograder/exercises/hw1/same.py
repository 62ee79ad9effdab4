"""Exercise filter_same: an output as large as the image, under four rules for what lies beyond its border."""

import numpy as np

from autograder.exercise import Case, Exercise
from autograder.exercises.hw1.draws import apart, photograph
from autograder.exercises.hw1.same_mistakes import SAME_MISTAKES, padded_sweep
from convbook import kernels


def pixel_by_pixel(img, g, mode):
    """No padding: an index beyond the border is led back to a pixel, or to nothing."""
    kh, kw = g.shape
    if not (kh % 2 and kw % 2):
        raise ValueError(f"even kernel: {g.shape}")

    def inside(i, n):
        if 0 <= i < n:
            return i
        if mode == "circular":
            return i % n
        if mode == "replicate":
            return 0 if i < 0 else n - 1
        return -i if i < 0 else 2 * (n - 1) - i

    H, W = img.shape
    out = [[0.0] * W for _ in range(H)]
    for i in range(H):
        for j in range(W):
            for a in range(kh):
                for b in range(kw):
                    y, x = i + a - kh // 2, j + b - kw // 2
                    if mode != "zeros" or (0 <= y < H and 0 <= x < W):
                        out[i][j] += float(img[inside(y, H), inside(x, W)]) * g[a, b]
    return out


def by_taking(img, g, mode):
    """Rows and columns taken from a list of indices; zeros set afterwards; single precision."""
    if min(k % 2 for k in g.shape) == 0:
        raise ValueError
    padded = np.asarray(img, np.float32)
    for axis, (n, k) in enumerate(zip(img.shape, g.shape, strict=True)):
        at = np.arange(-(k // 2), n + k // 2)
        outside = (at < 0) | (at >= n)
        if mode == "reflect":
            at = n - 1 - np.abs(n - 1 - np.abs(at))
        at = at % n if mode == "circular" else np.clip(at, 0, n - 1)
        padded = np.take(padded, at, axis)
        if mode == "zeros":
            padded[(slice(None),) * axis + (outside,)] = 0
    return np.einsum("ijab,ab->ij", np.lib.stride_tricks.sliding_window_view(padded, g.shape), g)


def pieced_together(img, g, mode):
    """The border made of pieces of the image; a roll for the ring."""
    ph, pw = (k // 2 for k in g.shape)
    if 2 * ph + 1 != g.shape[0] or 2 * pw + 1 != g.shape[1]:
        raise ValueError("odd sides, please")
    img = img.astype(float)
    out = np.zeros_like(img)
    for _ in range(2):  # rows, then columns of the transposed image
        if mode == "replicate":
            before, after = img[:1].repeat(ph, 0), img[-1:].repeat(ph, 0)
        elif mode == "reflect":
            before, after = img[1 : ph + 1][::-1], img[-ph - 1 : -1][::-1]
        elif mode == "circular":
            before, after = img[len(img) - ph :], img[:ph]
        else:
            before = after = np.zeros((ph, img.shape[1]))
        img, ph, pw = np.vstack([before, img, after]).T, pw, ph
    for (a, b), weight in np.ndenumerate(g):
        out += weight * img[a : a + out.shape[0], b : b + out.shape[1]]
    return out


def draw_same(rng):
    def case(mode, kind, img, kernel):
        return Case(mode, kind, (img, rng.normal(size=kernel), mode))

    def kernel():
        return tuple(int(k) for k in rng.permutation([3, 5]))

    cases = []
    for mode in ("zeros", "reflect", "replicate", "circular"):
        k = kernel()
        cases += [
            case(mode, "image and kernel not square", rng.normal(size=apart(rng, 6, 10)), k),
            case(mode, "image and kernel not square", rng.normal(size=apart(rng, 6, 10)), k[::-1]),
            case(mode, "square kernel", rng.normal(size=apart(rng, 5, 9)), (3, 3)),
            case(mode, "an image of bytes", photograph(rng, apart(rng, 5, 9)), k),
            case(mode, "a row for a kernel", rng.normal(size=apart(rng, 5, 9)), (1, 5)),
            case(mode, "kernel as large as the image", rng.normal(size=(5, 7)), (5, 7)),
        ]
    for mode in ("zeros", "replicate"):
        cases.append(case(mode, "kernel larger than the image", rng.normal(size=(3, 4)), (5, 9)))
    for mode, k in (("zeros", (2, 2)), ("zeros", (3, 4)), ("circular", (4, 3)), ("reflect", (4, 4))):
        kind = "both sides even" if k[0] == k[1] else "one side even"
        cases += [
            Case("even kernels", kind, (rng.normal(size=apart(rng, 5, 9)), rng.normal(size=k), mode)),
            Case("even kernels", "a 1x1 kernel is odd", (rng.normal(size=(4, 3)), rng.uniform(2, 5, (1, 1)), mode)),
        ]
    return cases


FILTER_SAME = Exercise(
    id="hw1.filter_same",
    function="filter_same",
    points=13,
    anchor="filters-borders",
    reference=lambda img, g, mode: kernels.correlate2d(img, g, mode),
    groups={"zeros": 4, "reflect": 2.5, "replicate": 2, "circular": 2, "even kernels": 2.5},
    examples=(
        Case("zeros", "a row, blurred", (np.array([[8.0, 4.0, 0.0]]), np.array([[0.25, 0.5, 0.25]]), "zeros")),
        Case("reflect", "the same, reflected", (np.array([[8.0, 4.0, 0.0]]), np.array([[0.25, 0.5, 0.25]]), "reflect")),
        Case("even kernels", "a kernel without a centre", (np.ones((3, 4)), np.ones((3, 2)), "zeros")),
    ),
    draw=draw_same,
    mistakes=SAME_MISTAKES,
    variants={
        "padded sweep": padded_sweep,
        "pixel by pixel, lists": pixel_by_pixel,
        "by taking rows, float32": by_taking,
        "pieced together": pieced_together,
    },
)
