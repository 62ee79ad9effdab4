"""scikit-learn's digits: 1,797 images of 8x8 that come with the library (Alpaydin and Kaynak 1998)."""

import numpy as np

from convbook.data.images import Images


def load_digits(split="train", held_out=0.2, seed=0) -> Images:
    """The digits, 1x8x8; a share of each class, drawn by ``seed``, is ``held_out`` for testing."""
    from sklearn.datasets import load_digits as load

    if not 0 < held_out < 1:
        raise ValueError(f"held_out must be between 0 and 1, got {held_out}")
    digits = load()
    labels = digits.target.astype(np.int64)
    rng, test = np.random.default_rng(seed), np.zeros(len(labels), bool)
    for label in range(10):
        of_class = rng.permutation(np.flatnonzero(labels == label))
        test[of_class[: max(1, round(held_out * len(of_class)))]] = True
    part = test if split == "test" else ~test
    images = np.round(digits.images[part] * 255 / 16).astype(np.uint8)
    return Images(images[:, None], labels[part], tuple("0123456789"), "scikit-learn's digits")
