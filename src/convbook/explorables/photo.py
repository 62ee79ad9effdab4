"""A small photograph for the explorables, and images as the text that a page carries."""

import base64
import html
import struct
import zlib
from importlib.resources import files

import numpy as np

from convbook.kernels.conv import as_float

SMALLEST, LARGEST = 5, 128


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

    ``image``: (H, W), whole numbers from 0 to 255, sides from 5 to 128. Raises
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


def png(image) -> str:
    """``image`` (H, W) grey or (H, W, 3) colour, uint8, as a PNG in base64.

    >>> png(np.zeros((2, 2), np.uint8))[:11]
    'iVBORw0KGgo'
    """
    image = np.asarray(image, np.uint8)
    height, width = image.shape[:2]
    lines = image.reshape(height, -1)
    rows = np.hstack([np.zeros((height, 1), np.uint8), lines]).tobytes()  # each row with the filter type 0 before it

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0 if image.ndim == 2 else 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + parts).decode()


def still(image, caption: str, low: float = 0, high: float = 255) -> str:
    """HTML of a picture that needs no script: ``image`` (H, W), black at ``low`` and below, white from ``high`` on.

    >>> still(np.eye(2), "two bright pixels", 0, 1)[:48]
    '<div class="cb-still"><img alt="two bright pixel'
    """
    grey = np.clip((np.asarray(image, float) - low) / (high - low or 1) * 255, 0, 255).round().astype(np.uint8)
    text = html.escape(caption, quote=True)
    return (
        f'<div class="cb-still"><img alt="{text}" src="data:image/png;base64,{png(grey)}">'
        f'<p class="cb-note">{text}</p></div>'
    )
