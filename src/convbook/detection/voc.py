"""Photographs with boxes in the layout of Pascal VOC, from a folder or a tar (JPEGImages, Annotations, ImageSets)."""

import io
import os
import tarfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from convbook.detection.boxes import clip_boxes
from convbook.detection.scenes import Scenes


def find(name: str) -> Path:
    """A path as it is, or a name (``bccd``) in the folder that the variable ``CONVBOOK_DATA`` names.

    Raises ``FileNotFoundError`` that says where it looked.
    """
    folder = Path(os.environ.get("CONVBOOK_DATA", "."))
    tried = [Path(name), folder / name, folder / f"{name}.tar"]
    for path in tried:
        if path.exists():
            return path
    raise FileNotFoundError(f"no data set {name!r}: CONVBOOK_DATA may name its folder; tried {[str(p) for p in tried]}")


def files(path) -> dict[str, bytes]:
    """The text and pictures below a folder or in a tar, by name. ``ValueError`` if it is neither."""
    path, kinds = Path(path), (".txt", ".xml", ".jpg", ".jpeg", ".png")
    if path.is_dir():
        found: Iterable = ((p.relative_to(path).as_posix(), p.read_bytes) for p in path.rglob("*") if p.is_file())
        return {name: read() for name, read in found if name.lower().endswith(kinds)}
    if not path.is_file() or not tarfile.is_tarfile(path):
        raise ValueError(f"{path} is neither a folder nor a tar")
    with tarfile.open(path) as tar:
        members = [m for m in tar.getmembers() if m.isfile() and m.name.lower().endswith(kinds)]
        return {m.name: file.read() for m in members if (file := tar.extractfile(m))}


def parse(text: bytes, name: str) -> list[tuple[str, list[float], bool]]:
    """Objects of one annotation: name, box and whether it is difficult.

    VOC counts pixels from 1 and its corners are the first and the last pixel of the object; ours are edges, so
    1 is taken off ``xmin`` and ``ymin`` alone.

    >>> one = b"<a><object><name>cat</name><bndbox><xmin>1</xmin><ymin>3</ymin><xmax>9</xmax><ymax>5</ymax></bndbox>"
    >>> parse(one + b"</object></a>", "x.xml")
    [('cat', [0.0, 2.0, 9.0, 5.0], False)]
    """
    objects = []
    for k, item in enumerate(ElementTree.fromstring(text).iter("object")):
        try:
            x1, y1, x2, y2 = (float(item.findtext(f"bndbox/{side}", "")) for side in ("xmin", "ymin", "xmax", "ymax"))
        except ValueError:
            raise ValueError(f"object {k} of {name} must have a bndbox of four numbers") from None
        hard = item.findtext("difficult") == "1"
        objects.append((item.findtext("name", "").strip(), [x1 - 1, y1 - 1, x2, y2], hard))
    return objects


def picture(data: bytes, size) -> tuple[np.ndarray, tuple[int, int]]:
    """A picture as uint8 ``(3, H, W)``, brought to ``size`` (H, W) unless that is None, and its own (width, height)."""
    from PIL import Image

    image = Image.open(io.BytesIO(data)).convert("RGB")
    own = image.size
    image = image if size is None else image.resize(size[::-1], Image.Resampling.BILINEAR, reducing_gap=2)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)), own


def load_voc(path, split: str = "train", classes: tuple[str, ...] | None = None, size=None) -> Scenes:
    """The ``split`` (a file in ImageSets/Main) of a folder or tar, pictures and boxes brought to ``size`` (H, W).

    ``classes`` default to the names found in all annotations, in order of the alphabet. Boxes are cut off at the
    picture, and one that has no area left is left out: real sets have some. Raises ``ValueError`` for a folder of
    another layout, for a split that is not there (naming those that are), for a listed picture that is missing, for
    a name that is not among the ``classes``, and for pictures of several sizes where no ``size`` is given.
    """
    data = files(path)
    by_stem = {
        kind: {Path(n).stem: n for n in data if f"/{kind}/" in f"/{n}"}
        for kind in ("Annotations", "JPEGImages", "Main")
    }
    if not by_stem["Main"]:
        raise ValueError(f"{path} has no ImageSets/Main/*.txt: expected the layout of Pascal VOC")
    if split not in by_stem["Main"]:
        raise ValueError(f"split must be one of {sorted(by_stem['Main'])} in {path}, got {split!r}")
    parsed = {stem: parse(data[n], n) for stem, n in by_stem["Annotations"].items()}
    classes = tuple(classes or sorted({name for objects in parsed.values() for name, _, _ in objects}))
    images, boxes, labels, difficult = [], [], [], []
    for line in data[by_stem["Main"][split]].decode().split("\n"):
        if not line.strip():
            continue
        stem = line.split()[0]
        if stem not in by_stem["JPEGImages"] or stem not in parsed:
            raise ValueError(f"{stem} of split {split!r} must have a picture and an annotation in {path}")
        unknown = {name for name, _, _ in parsed[stem]} - set(classes)
        if unknown:
            raise ValueError(f"classes must be among {classes}, got {sorted(unknown)} in {stem}")
        image, (w, h) = picture(data[by_stem["JPEGImages"][stem]], size)
        zoom = np.tile([image.shape[2] / w, image.shape[1] / h], 2)
        some = clip_boxes(np.array([b for _, b, _ in parsed[stem]]).reshape(-1, 4), (w, h))
        real = (some[:, 2:] > some[:, :2]).all(axis=1)
        images.append(image)
        boxes.append(some[real] * zoom)
        labels.append(np.array([classes.index(name) for name, _, _ in parsed[stem]], np.int64)[real])
        difficult.append(np.array([hard for _, _, hard in parsed[stem]], bool)[real])
    if len({image.shape for image in images}) > 1:
        raise ValueError(f"pictures have several sizes, {sorted({i.shape[1:] for i in images})}: give size=(H, W)")
    stack = np.stack(images) if images else np.zeros((0, 3, *(size or (1, 1))), np.uint8)
    return Scenes(stack, tuple(boxes), tuple(labels), classes, None, tuple(difficult))
