"""Folders of class folders, tar files of them, and odd images in them."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from convbook import data
from convbook.data.folders import load_folder

COLOURS = {"red": (250, 10, 20), "green": (10, 240, 30), "blue": (20, 30, 250)}


def picture(colour, size=(7, 5), mode="RGB"):
    return Image.new("RGB", size, colour).convert(mode)


def put(image, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


@pytest.fixture
def folder(tmp_path):
    """Three classes of 5, 6 and 7 training images and 2 test images each, 5 high and 7 wide."""
    for extra, (name, colour) in enumerate(COLOURS.items()):
        for split, n in (("train", 5 + extra), ("test", 2)):
            for k in range(n):
                put(picture(colour), tmp_path / "set" / split / name / f"{k}.png")
    (tmp_path / "set" / "README.md").write_text("not an image")
    return tmp_path / "set"


def check(train, test):
    assert train.classes == test.classes == ("blue", "green", "red")
    assert np.bincount(train.labels).tolist() == [7, 6, 5] and np.bincount(test.labels).tolist() == [2, 2, 2]
    for images in (train, test):
        for pixels, label in zip(images.images, images.labels, strict=True):
            assert pixels.shape == (3, 5, 7)
            assert (pixels == np.array(COLOURS[images.classes[label]])[:, None, None]).all()


def test_folder(folder):
    check(data.load(folder), data.load(str(folder), "test"))


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".bz2"])
@pytest.mark.parametrize("inside", ["", "some/where/"])
def test_tar(folder, tmp_path, suffix, inside):
    file = tmp_path / f"set.tar{suffix}"
    with tarfile.open(file, f"w:{suffix[1:]}") as tar:
        tar.add(folder, inside or ".")
    check(data.load(file), data.load(file, "test"))


def test_jpeg_copy_of_cifar(folder, tmp_path, monkeypatch):
    with tarfile.open(tmp_path / "cifar10-jpeg.tar.xz", "w:xz") as tar:
        for split in ("train", "test"):
            tar.add(folder / split, split)
    monkeypatch.setenv("CONVBOOK_DATA", str(tmp_path))
    check(data.load("cifar10"), data.load("cifar10", "test"))


def test_without_splits_every_fifth_is_for_testing(folder):
    train, test = data.load(folder / "train"), data.load(folder / "train", "test")
    assert len(train) + len(test) == 18 and np.bincount(test.labels).tolist() == [1, 1, 1]


def test_half_a_tar(folder, tmp_path):
    file = tmp_path / "set.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.add(folder, "set")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="is not a whole tar file|no tar file"):
        data.load(file)


def test_links_in_a_tar_are_not_followed(folder, tmp_path):
    secret = tmp_path / "secret.png"
    put(picture((1, 2, 3)), secret)
    file = tmp_path / "set.tar"
    with tarfile.open(file, "w") as tar:
        tar.add(folder, "set")
        link = tarfile.TarInfo("set/train/red/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        tar.addfile(link)
    check(data.load(file), data.load(file, "test"))


def first(folder, mode="RGB", size=(7, 5), colour=(200, 100, 50), suffix="png", **options):
    """Loads ``folder`` with a class "a" whose one image is like that."""
    options_of_save, image = options.pop("save", {}), picture(colour, size, mode)
    put(image, folder / "train" / "a" / f"0.{suffix}", **options_of_save)
    return load_folder(folder, **options).images[0]


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA", "CMYK"])
def test_modes(folder, mode):
    pixels = first(folder, mode, suffix="tiff" if mode == "CMYK" else "png")
    assert abs(pixels[:, 2, 3] - np.array([200.0, 100.0, 50.0])).max() <= 4  # a palette rounds


def test_transparent_lies_on_white(folder):
    image = Image.new("RGBA", (7, 5), (0, 0, 0, 0))
    put(image, folder / "train" / "a" / "0.png")
    assert (load_folder(folder).images[0] == 255).all()


def test_grey_among_colours_and_all_grey(folder, tmp_path):
    assert first(folder, "L", colour=(90, 90, 90))[:, 1, 1].tolist() == [90, 90, 90]
    for name, value in (("dark", 20), ("light", 200)):
        put(Image.new("L", (4, 6), value), tmp_path / "grey" / name / "0.png")
    grey = load_folder(tmp_path / "grey")
    assert grey.images.shape == (2, 1, 6, 4) and grey.images[:, 0, 0, 0].tolist() == [20, 200]
    assert load_folder(tmp_path / "grey", channels=3).images.shape == (2, 3, 6, 4)
    assert load_folder(folder, channels=1).images.shape[1] == 1


def test_sixteen_bits_and_one_bit(tmp_path):
    put(Image.fromarray(np.full((6, 4), 257 * 130, np.uint16)), tmp_path / "deep" / "0.png")
    put(Image.new("1", (4, 6), 1), tmp_path / "flat" / "0.png")
    assert load_folder(tmp_path).images[:, 0, 3, 2].tolist() == [130, 255]


def test_sizes_differ(folder):
    with pytest.raises(ValueError, match=r"train/blue/0.png is 7x5 pixels and train/a/0.png 9x5: give the size"):
        first(folder, size=(9, 5))
    images = load_folder(folder, size=(6, 8))
    assert images.images.shape[1:] == (3, 6, 8)
    assert (images.images[images.labels == images.classes.index("red")] == np.array([250, 10, 20])[:, None, None]).all()


def test_a_long_image_is_cropped_at_its_centre(tmp_path):
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 255  # the middle third is white
    put(Image.fromarray(pixels), tmp_path / "a" / "0.png")
    put(picture((0, 0, 0)), tmp_path / "b" / "0.png")
    assert load_folder(tmp_path, size=10).images[0].min() > 200


def test_turned_as_its_camera_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    put(picture((9, 9, 9), (8, 4)), tmp_path / "a" / "0.jpg", exif=exif)
    put(picture((9, 9, 9), (4, 8)), tmp_path / "b" / "0.png")
    assert load_folder(tmp_path).images.shape == (2, 3, 8, 4)


def test_what_is_no_image(folder):
    whole = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    Image.fromarray(noise).save(whole, "png")
    for content in (b"hello", b"", whole.getvalue()[:60]):
        (folder / "train" / "red" / "3.png").write_bytes(content)
        with pytest.raises(ValueError, match="train/red/3.png is not an image that can be read"):
            load_folder(folder)


def test_folders_that_make_no_set(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="has no images: expected CLASS/FILE"):
        data.load(tmp_path / "empty")
    put(picture((1, 2, 3)), tmp_path / "one" / "cat" / "0.png")
    with pytest.raises(ValueError, match="has one class, 'cat'"):
        data.load(tmp_path / "one")
    put(picture((1, 2, 3)), tmp_path / "two" / "cat" / "0.png")
    put(picture((1, 2, 3)), tmp_path / "two" / "loose.png")
    with pytest.raises(ValueError, match="loose.png lies in no class"):
        data.load(tmp_path / "two")
    put(picture((1, 2, 3)), tmp_path / "three" / "train" / "cat" / "0.png")
    put(picture((1, 2, 3)), tmp_path / "three" / "train" / "dog" / "0.png")
    with pytest.raises(ValueError, match="has no images for split 'test'"):
        data.load(tmp_path / "three", "test")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match="is a file but no tar file"):
        data.load(tmp_path / "text")
    with pytest.raises(ValueError, match="channels must be 1 or 3, got 2"):
        data.load(tmp_path / "two", channels=2)
