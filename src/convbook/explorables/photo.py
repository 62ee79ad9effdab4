"""A small photograph for the explorables, and images as the text that a page carries."""

import base64
from importlib.resources import files

import numpy as np

from convbook.kernels.conv import as_float

SMALLEST, LARGEST = 12, 128


def astronaut() -> np.ndarray:
    """Eileen Collins, a photograph by NASA in the public domain: (96, 96) uint8.

    The portrait of scikit-image's data, cut and averaged over blocks of 4x4 pixels.

    >>> astronaut().shape, astronaut().dtype
    ((96, 96), dtype('uint8'))
    """
    data = files("convbook.explorables").joinpath("astronaut.pgm").read_bytes()
    width, height = map(int, data.split(maxsplit=3)[1:3])
    return np.frombuffer(data, np.uint8)[-width * height :].reshape(height, width)


def encode(image) -> dict:
    """A grey image as plain data: height, width, and its bytes in base64.

    ``image``: (H, W), whole numbers from 0 to 255, sides from 12 to 128. Raises
    ``ValueError`` for anything else.

    >>> encode(np.zeros((12, 15)))["pixels"][:8]
    'AAAAAAAA'
    >>> encode(np.full((12, 15), 0.5))
    Traceback (most recent call last):
    ...
    ValueError: image must hold whole numbers from 0 to 255, got 0.5
    """
    array = as_float(image, "image", 2, "(H, W)")
    if not all(SMALLEST <= side <= LARGEST for side in array.shape):
        raise ValueError(f"image must have sides from {SMALLEST} to {LARGEST} pixels, got shape {array.shape}")
    wrong = ~((array >= 0) & (array <= 255) & (array == np.floor(array)))
    if wrong.any():
        raise ValueError(f"image must hold whole numbers from 0 to 255, got {array[wrong][0]}")
    height, width = array.shape
    return {
        "height": height,
        "width": width,
        "pixels": base64.b64encode(array.astype(np.uint8).tobytes()).decode(),
    }


def decode(image: dict) -> np.ndarray:
    """The array (H, W) uint8 that :func:`encode` made text of.

    >>> picture = astronaut()
    >>> bool((decode(encode(picture)) == picture).all())
    True
    """
    pixels = np.frombuffer(base64.b64decode(image["pixels"]), np.uint8)
    return pixels.reshape(image["height"], image["width"])
