"""Labelled images, as every loader of `convbook.data` gives them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Images:
    """A labelled set of images.

    Attributes
    ----------
    images : (N, C, H, W) uint8, C is 1 or 3.
    labels : (N,) int64, indices into ``classes``.
    classes : the classes' names.
    source : which file, folder or procedure it came from.

    TypeError or ValueError where an array has another dtype or shape, or a label has no class.

    >>> Images(np.zeros((2, 1, 5, 7), np.uint8), np.array([0, 3]), ("cat", "dog"))
    Traceback (most recent call last):
    ValueError: labels must be below 2, the number of classes, and not negative, got 3
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    source: str = ""

    def __post_init__(self):
        images, labels = self.images, self.labels
        for name, array, dtype in (("images", images, np.uint8), ("labels", labels, np.int64)):
            if not isinstance(array, np.ndarray) or array.dtype != dtype:
                raise TypeError(f"{name} must be an array of {np.dtype(dtype)}, got {kind(array)}")
        if images.ndim != 4 or images.shape[1] not in (1, 3):
            raise ValueError(f"images must have shape (N, C, H, W) with C 1 or 3, got {images.shape}")
        if labels.shape != images.shape[:1]:
            raise ValueError(f"labels must have shape {images.shape[:1]}, one for each image, got {labels.shape}")
        wrong = labels[(labels < 0) | (labels >= len(self.classes))]
        if wrong.size:
            raise ValueError(
                f"labels must be below {len(self.classes)}, the number of classes, and not negative, got {wrong[0]}"
            )

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        """The images that a slice or an array of indices picks."""
        return Images(self.images[index], self.labels[index], self.classes, self.source)

    def limited(self, n: int, seed: int = 0) -> "Images":
        """``n`` of the images, drawn by ``seed``, in their old order; all of them where there are no more."""
        if n < 1:
            raise ValueError(f"the number of images must be at least 1, got {n}")
        if n >= len(self):
            return self
        return self[np.sort(np.random.default_rng(seed).permutation(len(self))[:n])]

    def coloured(self) -> "Images":
        """The same images with three channels; grey has the same value in each."""
        if self.images.shape[1] == 3:
            return self
        return Images(self.images.repeat(3, axis=1), self.labels, self.classes, self.source)

    def resized(self, size) -> "Images":
        """The same images at ``size``, a whole number or (height, width), by antialiased linear interpolation."""
        from PIL import Image

        H, W = height_width(size)
        if (H, W) == self.images.shape[2:]:
            return self
        images = np.empty((*self.images.shape[:2], H, W), np.uint8)
        for n, channels in enumerate(self.images):
            for c, channel in enumerate(channels):
                images[n, c] = Image.fromarray(channel).resize((W, H), Image.Resampling.BILINEAR)
        return Images(images, self.labels, self.classes, self.source)


def kind(value) -> str:
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__


def height_width(size) -> tuple[int, int]:
    """(height, width) of ``size``, one whole number for both or a pair.

    >>> height_width(32), height_width((24, 40))
    ((32, 32), (24, 40))
    >>> height_width("big")
    Traceback (most recent call last):
    ValueError: size must be a whole number of pixels of at least 4 or two of them, got 'big'
    """
    pair = (size, size) if isinstance(size, (int, np.integer)) else size
    if not (isinstance(pair, (tuple, list)) and len(pair) == 2) or not all(
        isinstance(side, (int, np.integer)) and not isinstance(side, bool) and 4 <= side <= 4096 for side in pair
    ):
        raise ValueError(f"size must be a whole number of pixels of at least 4 or two of them, got {size!r}")
    return int(pair[0]), int(pair[1])
