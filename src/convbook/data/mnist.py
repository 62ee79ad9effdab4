"""MNIST (LeCun et al. 1998) and Fashion-MNIST (Xiao et al. 2017), in MNIST's own file format."""

import gzip
import math

import numpy as np

from convbook.data import fetch, place
from convbook.data.images import Images

FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
MNIST_MD5 = {
    "train": ("f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432"),
    "test": ("9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"),
}
FASHION_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
FASHION_MD5 = {
    "train": ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe"),
    "test": ("bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"),
}
DIGITS = tuple("0123456789")
CLOTHES = "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"
NPZ = "mnist.npz"  # keys images (N, 28, 28) and labels (N,)
NPZ_TRAIN = 60_000  # its first images are the training set


def load_mnist(split="train") -> Images:
    """MNIST, images of 1x28x28: from the data folder (the original files first, then ``mnist.npz``), or downloaded."""
    if not fetch.lies(*(prefixed("mnist", file) for file in FILES[split])) and fetch.lies(NPZ):
        return read_npz(place.folder() / NPZ, split)
    return read_idx("mnist", MNIST_URL, MNIST_MD5, split, DIGITS)


def load_fashion(split="train") -> Images:
    """Fashion-MNIST, images of 1x28x28: from the data folder, or downloaded."""
    return read_idx("fashion-mnist", FASHION_URL, FASHION_MD5, split, CLOTHES)


def prefixed(name, file) -> str:
    """The two sets' files have the same names, so each lies in a folder of its own."""
    return f"{name}/{file}"


def read_idx(name, url, md5, split, classes) -> Images:
    images, labels = (
        parse_idx(fetch.fetch(prefixed(name, file), url + file, known).read_bytes(), prefixed(name, file))
        for file, known in zip(FILES[split], md5[split], strict=True)
    )
    return Images(images[:, None], labels.astype(np.int64), classes, f"{name}/*-ubyte.gz")


def parse_idx(data: bytes, name="the file") -> np.ndarray:
    """The uint8 array in an IDX file, compressed by gzip or not. ValueError where it is cut or of another kind.

    >>> parse_idx(bytes([0, 0, 8, 2,  0, 0, 0, 1,  0, 0, 0, 3,  7, 8, 9]))
    array([[7, 8, 9]], dtype=uint8)
    """
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except Exception as error:  # zlib's, gzip's and EOFError
            raise ValueError(f"{name} is damaged: {error}") from error
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise ValueError(f"{name} is no IDX file of bytes: it starts with {data[:4]!r}")
    ndim = data[3]
    shape = tuple(int(n) for n in np.frombuffer(data[4 : 4 + 4 * ndim], ">u4"))
    if len(data) != 4 + 4 * ndim + math.prod(shape):
        raise ValueError(f"{name} must hold {shape} bytes, got {len(data) - 4 - 4 * ndim}")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * ndim).reshape(shape)


def read_npz(path, split) -> Images:
    with np.load(path, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"].astype(np.int64)
    part = slice(NPZ_TRAIN) if split == "train" else slice(NPZ_TRAIN, None)
    if not len(labels[part]):
        raise ValueError(f"{path} has {len(labels)} images, and the test set starts after {NPZ_TRAIN}")
    return Images(images[part][:, None], labels[part], DIGITS, path.name)
