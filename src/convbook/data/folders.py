"""Any folder of class folders, or a tar file of one."""

import io
import tarfile
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np

from convbook.data.images import Images, height_width

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"}
SPLITS = "train", "test"
HELD_OUT = 5  # without train/ and test/, every fifth image of each class is for testing


def load_folder(path, split="train", size=None, channels=None) -> Images:
    """Images of ``path``: ``CLASS/FILE`` or ``train/CLASS/FILE`` and ``test/CLASS/FILE``, a folder or a tar of one.

    Parameters
    ----------
    split : "train" or "test". Without folders of these names, every fifth image of a class is for testing.
    size : a whole number or (height, width) to which each image is scaled, its longer side cropped at
        the centre. Without it all images must have one size.
    channels : 1 or 3. Without it, 1 where all images are grey. What is transparent lies on white.

    The classes are the folders' names in alphabetical order. ValueError where there is no image, only one
    class, a file that is no image, or images of different sizes without ``size``.
    """
    path = Path(path)
    if channels not in (None, 1, 3):
        raise ValueError(f"channels must be 1 or 3, got {channels!r}")
    size = None if size is None else height_width(size)
    read = read_tar if path.is_file() else read_folder
    names = chosen(sorted(read(path, None)), split, path)
    classes = sorted({cls for cls, _ in names.values()})
    if len(classes) < 2:
        raise ValueError(f"{path} has one class, {classes[0]!r}: at least two folders of images are needed")
    pictures, labels, first, mode = [], [], None, "L"
    mine = {name: cls for name, (cls, own) in names.items() if own == split}
    for name, data in read(path, mine):
        picture = decode(data, f"{path}: {name}")
        if size:
            picture = fitted(picture, size)
        first = first or (name, picture.size)
        if picture.size != first[1]:
            raise ValueError(
                f"{path}: {name} is {'x'.join(map(str, picture.size))} pixels and {first[0]} "
                f"{'x'.join(map(str, first[1]))}: give the size that all shall have"
            )
        mode = "RGB" if picture.mode == "RGB" else mode
        pictures.append(picture)
        labels.append(classes.index(mine[name]))
    wanted = {None: mode, 1: "L", 3: "RGB"}[channels]
    images = np.stack([np.asarray(p.convert(wanted)).reshape(*p.size[::-1], len(wanted)) for p in pictures])
    return Images(np.ascontiguousarray(images.transpose(0, 3, 1, 2)), np.array(labels), tuple(classes), path.name)


def chosen(names, split, path) -> dict[str, tuple[str, str]]:
    """``{name: (class, split)}`` of the images ``names``, whatever folders they all lie in removed."""
    parts = {name: PurePosixPath(name).parts for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES}
    while parts and all(len(p) > 2 for p in parts.values()) and len({p[0] for p in parts.values()}) == 1:
        if next(iter(parts.values()))[0] in SPLITS:
            break
        parts = {name: p[1:] for name, p in parts.items()}
    if not parts:
        raise ValueError(f"{path} has no images: expected CLASS/FILE or train/CLASS/FILE and test/CLASS/FILE")
    loose = next((name for name, p in parts.items() if len(p) < 2), None)
    if loose:
        raise ValueError(f"{path}: {loose} lies in no class: expected CLASS/FILE or train/CLASS/FILE")
    if {p[0] for p in parts.values()} <= set(SPLITS) and all(len(p) > 2 for p in parts.values()):
        found = {name: (p[1], p[0]) for name, p in parts.items()}
    else:
        found, seen = {}, Counter[str]()
        for name, p in parts.items():
            seen[p[0]] += 1
            found[name] = p[0], SPLITS[seen[p[0]] % HELD_OUT == 0]
    if split not in {own for _, own in found.values()}:
        raise ValueError(f"{path} has no images for split {split!r}")
    return found


def read_folder(path: Path, wanted):
    """Names of all files under ``path``; with ``wanted`` pairs of name and bytes of those alone."""
    if not path.is_dir():
        raise FileNotFoundError(f"there is no folder and no tar file {path}")
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        name = file.relative_to(path).as_posix()
        if wanted is None:
            yield name
        elif name in wanted:
            yield name, file.read_bytes()


def read_tar(path: Path, wanted):
    """As :func:`read_folder`, from a tar file of any compression. Nothing is unpacked to disk, no link followed."""
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                if not member.isreg():
                    continue
                if wanted is None:
                    yield member.name
                elif member.name in wanted and (file := tar.extractfile(member)):
                    yield member.name, file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(f"{path} is not a whole tar file: {error}") from error
    except Exception as error:  # lzma, bz2 and zlib have errors of their own
        if type(error).__module__ not in ("_lzma", "lzma", "zlib"):
            raise
        raise ValueError(f"{path} is not a whole tar file: {error}") from error


def decode(data: bytes, name: str):
    """The image as a PIL image of mode L or RGB; what is transparent lies on white."""
    from PIL import Image, ImageOps

    try:
        picture: Image.Image = Image.open(io.BytesIO(data))
        picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{name} is not an image that can be read: {error}") from error
    if picture.getexif():
        picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode in ("L", "RGB") else picture.convert("L" if picture.mode == "1" else "RGB")


def fitted(picture, size):
    """``picture`` scaled to cover ``size`` (height, width), cropped at the centre."""
    from PIL import Image, ImageOps

    return ImageOps.fit(picture, size[::-1], Image.Resampling.BILINEAR)
