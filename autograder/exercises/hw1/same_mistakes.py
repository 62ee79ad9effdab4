"""What goes wrong beyond the border, each as the line of `padded_sweep` that is wrong."""

import numpy as np

from autograder.exercise import Mistake, rewrite
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


def wrong(name, sentence, *changes, anchor="filters-borders"):
    return Mistake(name, sentence, anchor, rewrite(padded_sweep, *changes))


PAD = "np.pad(img, ((ph, ph), (pw, pw)), names[mode])"
PRODUCT = "(padded[i : i + kh, j : j + kw] * g).sum()"
GUARD = "kh % 2 == 0 or kw % 2 == 0"
REFUSE = 'raise ValueError("a kernel with an even side has no centre")'
NUMPY = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
DONE = {
    "zeros": "pad with zeros",
    "reflect": "mirror the image at its edge",
    "replicate": "repeat the edge pixel",
    "circular": "read on from the image's other side",
}


def one_for_another(mode, other):
    """``other``'s border where ``mode``'s was asked."""
    why = ", as negative indices do" if (mode, other) == ("zeros", "circular") else ""
    sentence = f"With {mode} you {DONE[other]}{why}. Instead, {DONE[mode]}."
    return wrong(f"{other} for {mode}", sentence, (f'"{mode}": "{NUMPY[mode]}"', f'"{mode}": "{NUMPY[other]}"'))


def exchanged(mode, other):
    return wrong(
        f"{mode} and {other} exchanged",
        f"You exchange {mode} and {other}. The first is to {DONE[mode]}, the second to {DONE[other]}.",
        (f'"{mode}": "{NUMPY[mode]}"', f'"{mode}": "{NUMPY[other]}"'),
        (f'"{other}": "{NUMPY[other]}"', f'"{other}": "{NUMPY[mode]}"'),
    )


def always(mode):
    return wrong(
        f"always {mode}",
        f"The mode makes no difference to your result: you always {DONE[mode]}.",
        (PAD, f'np.pad(img, ((ph, ph), (pw, pw)), "{NUMPY[mode]}")'),
    )


PAIRS = [(mode, other) for mode in NUMPY for other in NUMPY if mode != other]

SAME_MISTAKES = (
    *(one_for_another(mode, other) for mode, other in PAIRS),
    *(exchanged(mode, other) for mode, other in PAIRS if mode < other),
    *map(always, NUMPY),
    wrong(
        "NumPy's names",
        "You hand the mode on to np.pad, which has other names: zeros is 'constant', replicate 'edge', circular 'wrap'.",
        (PAD, "np.pad(img, ((ph, ph), (pw, pw)), mode)"),
    ),
    wrong(
        "negative indices wrap around",
        "At the top and left you read from the other side of the image: negative indices do that. With zeros, nothing is "
        "there.",
        (PAD, 'np.pad(np.pad(img, ((ph, 0), (pw, 0)), "wrap"), ((0, ph), (0, pw)))'),
    ),
    wrong(
        "slices over the border",
        "At the border your slice starts below 0, and is empty or too short for the kernel. Pad first.",
        (PAD, "img"),
        ("padded[i : i + kh, j : j + kw]", "padded[i - ph : i + ph + 1, j - pw : j + pw + 1]"),
        anchor="filters-slips",
    ),
    Mistake(
        "not padded",
        "Your output is smaller than the image: the border is missing. Pad by half the kernel first.",
        "filters-borders",
        lambda img, g, mode: kernels.correlate2d(img, g, "valid"),
    ),
    Mistake(
        "result padded",
        "You filter first and pad the result. Pad the image, then filter: the border's pixels need a response of their own.",
        "filters-borders",
        lambda img, g, mode: np.pad(
            kernels.correlate2d(img, g, "valid"), [(k // 2, k // 2) for k in g.shape], NUMPY[mode]
        ),
    ),
    Mistake(
        "padded by the whole kernel",
        "You pad by kh - 1 on each side, and the output grows. Half the kernel, kh // 2, keeps the size.",
        "filters-borders",
        lambda img, g, mode: kernels.correlate2d(
            np.pad(img / 1, [(k - 1, k - 1) for k in g.shape], NUMPY[mode]), g, "valid"
        ),
    ),
    Mistake(
        "padded by half of one more",
        "You pad by (kh + 1) // 2, and the output grows by two. Half the kernel, kh // 2, keeps the size.",
        "filters-borders",
        lambda img, g, mode: kernels.correlate2d(
            np.pad(img / 1, [((k + 1) // 2, (k + 1) // 2) for k in g.shape], NUMPY[mode]), g, "valid"
        ),
    ),
    wrong(
        "clipped to bytes",
        "You cut the result to the range of bytes. A response may be negative, or beyond 255.",
        ("return out", "return out.clip(0, 255)"),
        anchor="filters-dtype",
    ),
    wrong(
        "rounded",
        "You round the result. Leave the fractions.",
        ("return out", "return out.round()"),
        anchor="filters-dtype",
    ),
    wrong(
        "even kernels pass, one pixel on",
        "A kernel with an even side gets a result, with more padding at the bottom and right. It has no centre: raise "
        "ValueError.",
        (GUARD, "False"),
        (PAD, "np.pad(img, (((kh - 1) // 2, ph), ((kw - 1) // 2, pw)), names[mode])"),
    ),
    wrong(
        "edge pixel reflected too",
        "Your reflection repeats the edge pixel. Here the edge is the mirror: its neighbour comes next, as in "
        "np.pad's mode 'reflect'. You have 'symmetric'.",
        ('"reflect": "reflect"', '"reflect": "symmetric"'),
    ),
    wrong(
        "padded with the mean",
        "With zeros you pad with the image's mean. Pad with 0.",
        (
            PAD,
            'np.pad(img / 1, ((ph, ph), (pw, pw)), names[mode], **{"constant_values": img.mean()} if mode == "zeros" else {})',
        ),
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
)
