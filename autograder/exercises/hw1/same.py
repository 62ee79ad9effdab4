"""Exercise filter_same: an output as large as the image, under four rules for what lies beyond its border."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw1.draws import apart, photograph
from convbook import kernels


def padded_sweep(img, g, mode):
    kh, kw = g.shape
    if kh % 2 == 0 or kw % 2 == 0:
        raise ValueError("a kernel with an even side has no centre")
    ph, pw = kh // 2, kw // 2
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    padded = np.pad(img, ((ph, ph), (pw, pw)), names[mode])
    out = np.zeros(img.shape)
    for i in range(img.shape[0]):
        for j in range(img.shape[1]):
            out[i, j] = (padded[i : i + kh, j : j + kw] * g).sum()
    return out


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
            case(mode, "a row for a kernel", rng.normal(size=apart(rng, 4, 8)), (1, 5)),
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


def wrong(name, sentence, *changes, anchor="filters-borders"):
    return Mistake(name, sentence, anchor, rewrite(padded_sweep, *changes))


PAD = "np.pad(img, ((ph, ph), (pw, pw)), names[mode])"
PRODUCT = "(padded[i : i + kh, j : j + kw] * g).sum()"
GUARD = "kh % 2 == 0 or kw % 2 == 0"
REFUSE = 'raise ValueError("a kernel with an even side has no centre")'

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
    mistakes=(
        wrong(
            "zeros wrap around",
            "Beyond the border you read from the other side of the image: negative indices do that. With zeros, nothing "
            "is there.",
            (PAD, 'np.pad(img, ((ph, ph), (pw, pw)), "wrap" if mode == "zeros" else names[mode])'),
        ),
        wrong(
            "mode ignored",
            "The mode makes no difference to your result: you always pad with zeros.",
            (PAD, "np.pad(img, ((ph, ph), (pw, pw)))"),
        ),
        wrong(
            "edge pixel reflected too",
            "Your reflection repeats the edge pixel. Here the edge is the mirror: its neighbour comes next, as in "
            "np.pad's mode 'reflect'. You have 'symmetric'.",
            ('"reflect": "reflect"', '"reflect": "symmetric"'),
        ),
        wrong(
            "reflect and replicate exchanged",
            "You exchange reflect and replicate. The first mirrors the image at its edge, the second repeats the edge pixel.",
            ('"reflect": "reflect", "replicate": "edge"', '"reflect": "edge", "replicate": "reflect"'),
        ),
        wrong(
            "reflect replicates",
            "With reflect you repeat the edge pixel. Mirror the image at its edge.",
            ('"reflect": "reflect"', '"reflect": "edge"'),
        ),
        wrong(
            "replicate reflects",
            "With replicate you reflect the image. Repeat the edge pixel.",
            ('"replicate": "edge"', '"replicate": "reflect"'),
        ),
        wrong(
            "circular reflects",
            "With circular you reflect the image. It continues on its other side.",
            ('"circular": "wrap"', '"circular": "reflect"'),
        ),
        wrong(
            "circular left zero",
            "With circular you pad with zeros. The image continues on its other side.",
            ('"circular": "wrap"', '"circular": "constant"'),
        ),
        wrong(
            "padded with the mean",
            "With zeros you pad with the image's mean. Pad with 0.",
            ('"zeros": "constant"', '"zeros": "mean"'),
        ),
        wrong(
            "padded at the bottom and right",
            "You pad at the bottom and right only, so the result is shifted. Pad half the kernel on each side.",
            (PAD, "np.pad(img, ((0, 2 * ph), (0, 2 * pw)), names[mode])"),
        ),
        wrong(
            "padded at the top and left",
            "You pad at the top and left only, so the result is shifted. Pad half the kernel on each side.",
            (PAD, "np.pad(img, ((2 * ph, 0), (2 * pw, 0)), names[mode])"),
        ),
        wrong(
            "padding of rows and columns exchanged",
            "You pad rows by half the kernel's width and columns by half its height.",
            (PAD, "np.pad(img, ((pw, pw), (ph, ph)), names[mode])"),
        ),
        wrong(
            "kernel taken as square",
            "You pad columns by the kernel's height as well. Half its width belongs there.",
            ("kh // 2, kw // 2", "kh // 2, kh // 2"),
        ),
        wrong(
            "always one pixel",
            "You pad one pixel, which is right for 3x3 alone. Half the kernel is kh // 2.",
            ("kh // 2, kw // 2", "1, 1"),
        ),
        wrong(
            "weights renormalised",
            "At the border you divide by the weights that lie on the image, to make up for the zeros. They just count as 0.",
            (
                "g).sum()",
                "g).sum() * (g.sum() / (np.pad(np.ones(img.shape), ((ph, ph), (pw, pw)))[i : i + kh, j : j + kw] * g)"
                ".sum() if mode == 'zeros' else 1)",
            ),
        ),
        wrong(
            "divided by the kernel's sum",
            "You divide by the kernel's sum. A kernel that should be normalised comes so.",
            (PRODUCT, PRODUCT + " / g.sum()"),
            anchor="filters-gaussian",
        ),
        wrong(
            "border left at zero",
            "Only places where the whole kernel lies on the image are filled; your border stays 0. Pad first.",
            (
                PRODUCT,
                f"{PRODUCT} if ph <= i < img.shape[0] - ph and pw <= j < img.shape[1] - pw else 0",
            ),
        ),
        wrong(
            "border copied from the image",
            "Your border holds the image's own pixels, unfiltered. Pad first, and filter every pixel.",
            (
                PRODUCT,
                f"{PRODUCT} if ph <= i < img.shape[0] - ph and pw <= j < img.shape[1] - pw else img[i, j]",
            ),
        ),
        wrong(
            "kernel turned",
            "Your kernel is turned by half a turn: that is convolution. Cross-correlation takes it as it lies.",
            (PRODUCT, "(padded[i : i + kh, j : j + kw] * g[::-1, ::-1]).sum()"),
            anchor="filters-convolution",
        ),
        wrong(
            "mean",
            "You average the products. The result is their sum.",
            (PRODUCT, "(padded[i : i + kh, j : j + kw] * g).mean()"),
            anchor="filters-correlation",
        ),
        wrong(
            "image's dtype out",
            "Your output has the image's dtype, so that of an 8-bit image loses fractions, signs and all beyond 255. "
            "Make the output float.",
            ("np.zeros(img.shape)", "np.zeros_like(img)"),
            anchor="filters-dtype",
        ),
        wrong(
            "even kernels pass",
            "A kernel with an even side gets a result, cut to the image's size. It has no centre: raise ValueError.",
            (GUARD, "False"),
        ),
        Mistake(
            "even kernels grow the image",
            "A kernel with an even side gets a result that is a pixel larger than the image. It has no centre: raise "
            "ValueError.",
            "filters-borders",
            lambda img, g, mode: kernels.correlate2d(
                kernels.pad2d(img[None, None] / 1, [k // 2 for k in g.shape], mode)[0, 0], g, "valid"
            ),
        ),
        wrong(
            "even kernels lose a row",
            "A kernel with an even side is used without its last row or column, in silence: the slice runs from -k//2 to "
            "k//2. Raise ValueError.",
            (GUARD, "False"),
            (
                "kh, kw = g.shape\n    if",
                "g = g[: len(g) - 1 + len(g) % 2, : g.shape[1] - 1 + g.shape[1] % 2]\n    kh, kw = g.shape\n    if",
            ),
            anchor="filters-slips",
        ),
        wrong(
            "refused only where both sides are even",
            "You refuse a kernel only if both its sides are even. One even side is enough to have no centre.",
            (GUARD, "kh % 2 == 0 and kw % 2 == 0"),
        ),
        wrong(
            "rows alone checked",
            "You check the kernel's height alone. Its width may be even too.",
            (GUARD, "kh % 2 == 0"),
        ),
        wrong(
            "columns alone checked",
            "You check the kernel's width alone. Its height may be even too.",
            (GUARD, "kw % 2 == 0"),
        ),
        wrong(
            "kernels that are not square refused",
            "You refuse every kernel that is not square. Its sides have to be odd, not equal.",
            (GUARD, "kh % 2 == 0 or kw != kh"),
        ),
        wrong(
            "AssertionError",
            "Your guard raises AssertionError, as assert does. Raise ValueError: assert is for what cannot happen.",
            (REFUSE, 'raise AssertionError("a kernel with an even side has no centre")'),
        ),
        wrong(
            "None returned",
            "For an even kernel you return None. Raise ValueError, so that nobody goes on with a result that is none.",
            (REFUSE, "return None"),
        ),
        wrong(
            "message returned",
            "For an even kernel you return or print words. Raise ValueError.",
            (REFUSE, "return 'ValueError'"),
        ),
    ),
    variants={
        "padded sweep": padded_sweep,
        "pixel by pixel, lists": pixel_by_pixel,
        "by taking rows, float32": by_taking,
        "pieced together": pieced_together,
    },
)
