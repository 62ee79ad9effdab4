"""Data sets: real ones by download or from a folder, and procedural ones that need no network.

>>> train = load("shapes", n=20, size=24)
>>> train.images.shape, train.labels.shape, len(train.classes)
((20, 3, 24, 24), (20,), 8)
"""

import tarfile
from collections.abc import Callable
from inspect import signature
from pathlib import Path

from convbook.data.cifar import load_cifar10
from convbook.data.digits import load_digits
from convbook.data.folders import load_folder
from convbook.data.glyphs import load_glyphs
from convbook.data.images import Images
from convbook.data.mnist import load_fashion, load_mnist
from convbook.data.place import folder
from convbook.data.shapes import load_shapes
from convbook.data.two_cars import load_two_cars
from convbook.data.watermark import load_watermark

LOADERS: dict[str, Callable[..., Images]] = {
    "digits": load_digits,
    "shapes": load_shapes,
    "glyphs": load_glyphs,
    "two-cars": load_two_cars,
    "watermark": load_watermark,
    "cifar10": load_cifar10,
    "mnist": load_mnist,
    "fashion-mnist": load_fashion,
}
NAMES = tuple(LOADERS)

__all__ = ["LOADERS", "NAMES", "Images", "folder", "load", "load_folder"]


def load(name, split="train", **options) -> Images:
    """The images of one set.

    Parameters
    ----------
    name : one of ``NAMES``, or the path of a folder of class folders, or of a tar file of one.
    split : "train" or "test".
    options : those of the set's loader, for example ``n``, ``size`` and ``seed`` of procedural ones;
        ``size`` resizes every other set.

    ValueError for an unknown name, split or option; FileNotFoundError where a set cannot be found.

    >>> load("cats")
    Traceback (most recent call last):
    ValueError: no data set 'cats': expected one of digits, shapes, glyphs, two-cars, watermark, cifar10, mnist,
        fashion-mnist, or the path of a folder of class folders or of a tar of one
    """
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    path = Path(name)
    arguments: list
    if name in LOADERS:
        loader, arguments = LOADERS[name], [split]
    elif path.is_dir() or (path.is_file() and tarfile.is_tarfile(path)):
        loader, arguments = load_folder, [path, split]
    elif path.is_file():
        raise ValueError(f"{name} is a file but no tar file")
    else:
        raise ValueError(
            f"no data set {str(name)!r}: expected one of {', '.join(NAMES)}, "
            "or the path of a folder of class folders or of a tar of one"
        )
    known = list(signature(loader).parameters)[len(arguments) :]
    size = None if "size" in known else options.pop("size", None)
    for option in options:
        if option not in known:
            raise ValueError(f"{name} has no option {option!r}: it has {', '.join([*known, 'size'])}")
    images = loader(*arguments, **options)
    return images if size is None else images.resized(size)
