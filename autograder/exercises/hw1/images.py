"""Exercise to_float_chw: from a photograph's bytes to a network's input."""

import numpy as np

from autograder.exercise import Case, Exercise, Mistake, rewrite
from autograder.exercises.hw1.draws import apart


def loops(img, bgr=False):
    H, W, C = img.shape
    out = np.zeros((C, H, W))
    for c in range(C):
        for i in range(H):
            for j in range(W):
                source = C - 1 - c if bgr else c
                out[c, i, j] = img[i, j, source] / 255
    return out


def transposed(img, bgr=False):
    img = img[:, :, ::-1] if bgr else img
    return img.transpose(2, 0, 1) / 255


def moved(img, bgr=False):
    out = np.moveaxis(np.asarray(img, np.float32), 2, 0) * np.float32(1 / 255)
    return out[::-1].copy() if bgr else out


def stacked(img, bgr=False):
    order = (2, 1, 0) if bgr else (0, 1, 2)
    return np.stack([img[..., c].astype(float) / 255 for c in order])


def draw_images(rng):
    def case(group, kind, size, *rest, high=256):
        return Case(group, kind, (rng.integers(0, high, (*size, 3), dtype=np.uint8), *rest))

    return [
        case("RGB", "a wide image", (int(rng.integers(2, 5)), int(rng.integers(6, 9)))),
        case("RGB", "a tall image", (int(rng.integers(6, 9)), int(rng.integers(2, 5)))),
        case("RGB", "a square image", (4, 4)),
        case("RGB", "as high as there are channels", (3, 5)),
        case("RGB", "a dark image", apart(rng, 4, 8), high=90),
        case("RGB", "one pixel", (1, 1)),
        case("RGB", "bgr=False, said aloud", apart(rng, 4, 8), False),
        case("BGR", "a wide image", (2, int(rng.integers(5, 9))), True),
        case("BGR", "a tall image", (int(rng.integers(5, 9)), 2), True),
        case("BGR", "as wide as there are channels", (4, 3), True),
        case("BGR", "a dark image", apart(rng, 4, 8), True, high=90),
    ]


def wrong(name, anchor, sentence, *changes):
    return Mistake(name, sentence, anchor, rewrite(loops, *changes))


def reshaped(img, bgr=False):
    return (img[:, :, ::-1] if bgr else img).reshape(img.shape[2], *img.shape[:2]) / 255


VALUE = "img[i, j, source] / 255"

TO_FLOAT_CHW = Exercise(
    id="hw1.to_float_chw",
    function="to_float_chw",
    points=7,
    anchor="filters-layout",
    reference=stacked,
    groups={"RGB": 4, "BGR": 3},
    examples=(
        Case("RGB", "two pixels, red and blue", (np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8),)),
        Case("BGR", "two pixels, blue and red", (np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), True)),
    ),
    draw=draw_images,
    mistakes=(
        Mistake(
            "reshaped",
            "You reshape the array. That cuts the same run of bytes differently and mixes pixels; the axes have to "
            "change places.",
            "filters-layout",
            reshaped,
        ),
        wrong(
            "divided by 256",
            "filters-dtype",
            "You divide by 256. The brightest byte is 255, and it should become 1.",
            (VALUE, "img[i, j, source] / 256"),
        ),
        wrong(
            "not divided",
            "filters-dtype",
            "Your values still run to 255. Divide, so that they lie between 0 and 1.",
            (VALUE, "img[i, j, source]"),
        ),
        wrong(
            "whole numbers out",
            "filters-dtype",
            "You divide in whole numbers, or cast the result to them: everything below 255 becomes 0.",
            (VALUE, "img[i, j, source] // 255"),
        ),
        wrong(
            "divided by the image's maximum",
            "filters-dtype",
            "You divide by the largest value of this image. A dark photograph would become as bright as any.",
            (VALUE, "img[i, j, source] / img.max()"),
        ),
        wrong(
            "from -1 to 1",
            "filters-dtype",
            "Your values run from -1 to 1. Between 0 and 1 was asked.",
            (VALUE, "img[i, j, source] / 127.5 - 1"),
        ),
        wrong(
            "bgr ignored",
            "filters-layout",
            "The flag bgr makes no difference to your result. With it, blue comes first and has to go last.",
            ("C - 1 - c if bgr else c", "c"),
        ),
        wrong(
            "always reversed",
            "filters-layout",
            "You reverse the channels of every image. Only one that comes as BGR needs it.",
            ("C - 1 - c if bgr else c", "C - 1 - c"),
        ),
        wrong(
            "flag the wrong way round",
            "filters-layout",
            "You reverse the channels of the RGB images and leave the BGR ones: the flag works the wrong way round.",
            ("C - 1 - c if bgr else c", "c if bgr else C - 1 - c"),
        ),
        wrong(
            "red and green exchanged",
            "filters-layout",
            "For BGR you exchange the wrong two channels. Green is in the middle in both orders.",
            ("C - 1 - c if bgr else c", "(1, 0, 2)[c] if bgr else c"),
        ),
        wrong(
            "rows and columns exchanged",
            "filters-layout",
            "Your image lies on its side: the result is (C, W, H). Rows stay before columns.",
            ("(C, H, W)", "(C, W, H)"),
            ("out[c, i, j]", "out[c, j, i]"),
        ),
        wrong(
            "rows reversed",
            "filters-layout",
            "You reverse the rows of BGR images. It is the channels whose order differs.",
            (VALUE, "img[H - 1 - i if bgr else i, j, c] / 255"),
        ),
        wrong(
            "columns reversed",
            "filters-layout",
            "You mirror BGR images left to right: img[:, ::-1] reverses columns. The channels are the last axis.",
            (VALUE, "img[i, W - 1 - j if bgr else j, c] / 255"),
        ),
        Mistake(
            "columns first",
            "Your axes are (columns, channels, rows). The result is (C, H, W): the last axis goes to the front.",
            "filters-layout",
            lambda img, bgr=False: (img[:, :, ::-1] if bgr else img).transpose(1, 2, 0) / 255,
        ),
        Mistake(
            "stretched to the image's range",
            "You stretch each image to its own range, from its smallest value to its largest. Divide by 255.",
            "filters-dtype",
            lambda img, bgr=False: (lambda x: (x - x.min()) / max(x.max() - x.min(), 1e-9))(transposed(img, bgr)),
        ),
        Mistake(
            "a batch of one",
            "You put an axis for the batch in front. The result is (C, H, W).",
            "filters-layout",
            lambda img, bgr=False: transposed(img, bgr)[None],
        ),
        Mistake(
            "layout unchanged",
            "Your channels are still the last axis. The result is (C, H, W).",
            "filters-layout",
            lambda img, bgr=False: (img[:, :, ::-1] if bgr else img) / 255,
        ),
    ),
    variants={"loops": loops, "transpose": transposed, "moveaxis": moved, "stack": stacked},
)
