"""CIFAR-10 (Krizhevsky 2009): the official archive, or a copy as JPEG files in class folders."""

import pickle
import tarfile

import numpy as np

from convbook.data import fetch, folders, place
from convbook.data.images import Images

FILE, MD5 = "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a"
URL = f"https://www.cs.toronto.edu/~kriz/{FILE}"
JPEG = "cifar10-jpeg.tar.xz"
CLASSES = "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
BATCHES = {"train": tuple(f"data_batch_{k}" for k in range(1, 6)), "test": ("test_batch",)}


def load_cifar10(split="train") -> Images:
    """CIFAR-10, 50,000 or 10,000 images of 3x32x32: from the data folder (the official archive first), or downloaded.

    The copy as JPEG files is used where it lies in the data folder and the official archive does not.
    """
    if not fetch.lies(FILE) and fetch.lies(JPEG):
        return folders.load_folder(place.folder() / JPEG, split)
    return read_archive(fetch.fetch(FILE, URL, MD5), split)


def read_archive(path, split) -> Images:
    """The images of the official archive's pickled batches, none of whose code is run."""
    images, labels = [], []
    with tarfile.open(path) as tar:
        members = {member.name.rsplit("/")[-1]: member for member in tar if member.isreg()}
        for name in BATCHES[split]:
            file = tar.extractfile(members[name]) if name in members else None
            if file is None:
                raise ValueError(f"{path} has no {name}")
            read = ArraysOnly(file, encoding="bytes").load()
            batch = {key.decode() if isinstance(key, bytes) else key: value for key, value in read.items()}
            images.append(np.asarray(batch["data"], np.uint8).reshape(-1, 3, 32, 32))
            labels.append(np.asarray(batch["labels"], np.int64))
    return Images(np.concatenate(images), np.concatenate(labels), CLASSES, FILE)


def latin1(text, encoding):
    """What Python 3 pickles bytes as, in the protocol of Python 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes must be written as latin1, got {encoding!r}")
    return text.encode("latin1")


class ArraysOnly(pickle.Unpickler):
    """Reads numbers, text, lists, dicts and NumPy arrays; a pickle that names anything else is refused.

    >>> import io
    >>> ArraysOnly(io.BytesIO(pickle.dumps(print))).load()
    Traceback (most recent call last):
    _pickle.UnpicklingError: builtins.print has no place in a file of data
    """

    def find_class(self, module, name):
        if name == "_reconstruct" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return np.empty(0).__reduce__()[0]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return latin1
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of data")
