"""The loaders of published sets, on files that the test writes itself in the official formats."""

import gzip
import hashlib
import http.server
import io
import os
import pickle
import struct
import tarfile
import threading

import numpy as np
import pytest

from convbook import data
from convbook.data import cifar, fetch, mnist

REAL = os.environ.get("CONVBOOK_DATA")  # before the fixture below hides it


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty data folder."""
    folder = tmp_path / "data"
    monkeypatch.setenv("CONVBOOK_DATA", str(folder))
    return folder


def idx(array) -> bytes:
    array = np.asarray(array, np.uint8)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())


@pytest.fixture
def web(tmp_path):
    """A loopback server for the folder ``tmp_path / "web"``: its address, what was asked for, and ways to break it."""
    root = tmp_path / "web"
    root.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        asked, cut = [], False

        def do_GET(self):
            Handler.asked.append(self.path)
            file = root / self.path.lstrip("/")
            if not file.exists():
                return self.send_error(404)
            content = file.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if Handler.cut else content)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", root, Handler
    server.shutdown()
    server.server_close()


def md5(content):
    return hashlib.md5(content).hexdigest()


def test_fetch_downloads_once(web, place):
    url, root, handler = web
    (root / "numbers.gz").write_bytes(b"three numbers")
    for _ in range(2):
        path = fetch.fetch("set/numbers.gz", url + "numbers.gz", md5(b"three numbers"))
        assert path == place / "set/numbers.gz" and path.read_bytes() == b"three numbers"
    assert handler.asked == ["/numbers.gz"]


def test_fetch_refuses_what_has_another_hash(web, place):
    url, root, _ = web
    (root / "numbers.gz").write_bytes(b"four numbers")
    with pytest.raises(ValueError, match="damaged or different numbers.gz"):
        fetch.fetch("numbers.gz", url + "numbers.gz", md5(b"three numbers"))
    assert list(place.rglob("*")) == []


def test_fetch_repairs_a_damaged_file(web, place):
    url, root, _ = web
    (root / "numbers.gz").write_bytes(b"three numbers")
    place.mkdir()
    (place / "numbers.gz").write_bytes(b"three num")
    fetch.fetch("numbers.gz", url + "numbers.gz", md5(b"three numbers"))
    assert (place / "numbers.gz").read_bytes() == b"three numbers"


def test_fetch_of_half_a_file_leaves_nothing(web, place):
    url, root, handler = web
    handler.cut = True
    (root / "numbers.gz").write_bytes(b"three numbers" * 9999)
    with pytest.raises((FileNotFoundError, ValueError), match="Put numbers.gz .* into"):
        fetch.fetch("numbers.gz", url + "numbers.gz", md5(b"three numbers" * 9999))
    assert [file for file in place.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("there", [True, False], ids=["no such file", "no server"])
def test_offline_says_which_file_goes_where(web, place, there):
    url = web[0] if there else "http://127.0.0.1:9/"
    with pytest.raises(FileNotFoundError) as error:
        fetch.fetch("numbers.gz", url + "numbers.gz", md5(b""))
    assert "numbers.gz" in str(error.value) and str(place) in str(error.value) and "CONVBOOK_DATA" in str(error.value)


@pytest.fixture
def served(web, monkeypatch):
    """MNIST's four files on the server, of 7 and 3 images of 4x5 pixels; returns the arrays."""
    url, root, handler = web
    rng, known, sums = np.random.default_rng(0), {}, {}
    for split, n in (("train", 7), ("test", 3)):
        known[split] = rng.integers(0, 256, (n, 4, 5)), rng.integers(0, 10, n)
        contents = [idx(array) for array in known[split]]
        for file, content in zip(mnist.FILES[split], contents, strict=True):
            (root / file).write_bytes(content)
        sums[split] = tuple(md5(content) for content in contents)
    for name in ("MNIST", "FASHION"):
        monkeypatch.setattr(mnist, f"{name}_URL", url)
        monkeypatch.setattr(mnist, f"{name}_MD5", sums)
    return known, handler


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_mnist_by_download(served, place, name, split):
    known, handler = served
    images, labels = known[split]
    for _ in range(2):
        found = data.load(name, split)
        np.testing.assert_array_equal(found.images[:, 0], images)
        np.testing.assert_array_equal(found.labels, labels)
    assert len(handler.asked) == 2  # once each
    assert (place / name / mnist.FILES[split][0]).is_file()
    assert found.classes[9] == {"mnist": "9", "fashion-mnist": "ankle boot"}[name]


def test_idx_that_is_damaged():
    whole = idx(np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(mnist.parse_idx(whole), np.arange(6).reshape(2, 3))
    plain = gzip.decompress(whole)
    for damaged, words in (
        (whole[:-9], "is damaged"),
        (plain[:-1], r"must hold \(2, 3\) bytes, got 5"),
        (plain + b"0", "got 7"),
        (b"GIF89a", "no IDX file"),
        (b"", "no IDX file"),
    ):
        with pytest.raises(ValueError, match=words):
            mnist.parse_idx(damaged)


def test_mnist_npz(place, monkeypatch):
    monkeypatch.setattr(mnist, "NPZ_TRAIN", 5)
    rng = np.random.default_rng(1)
    images, labels = rng.integers(0, 256, (8, 28, 28)).astype(np.uint8), rng.integers(0, 10, 8).astype(np.uint8)
    place.mkdir()
    np.savez(place / "mnist.npz", images=images, labels=labels)
    np.testing.assert_array_equal(data.load("mnist").images[:, 0], images[:5])
    np.testing.assert_array_equal(data.load("mnist", "test").labels, labels[5:])
    np.savez(place / "mnist.npz", images=images[:5], labels=labels[:5])
    with pytest.raises(ValueError, match="has 5 images, and the test set starts after 5"):
        data.load("mnist", "test")


def archive(path, batches):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def python2(batch) -> bytes:
    """A batch pickled as Python 2 did, with 8-bit strings: written opcode by opcode, since Python 3 has none."""

    def string(text):
        return (b"U" + bytes([len(text)]) if len(text) < 256 else b"T" + struct.pack("<i", len(text))) + text

    rows = batch["data"]
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85" + string(b"b") + b"tR"
    shape = b"J" + struct.pack("<i", len(rows)) + b"J" + struct.pack("<i", rows.shape[1]) + b"\x86"
    dtype = (
        b"cnumpy\ndtype\n("
        + string(b"u1")
        + b"K\0K\1tR(K\3"
        + string(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    )
    array += b"(K\1" + shape + dtype + b"\x89" + string(rows.tobytes()) + b"tb"
    labels = b"](" + b"".join(b"K" + bytes([label]) for label in batch["labels"]) + b"e"
    return b"\x80\x02}(" + string(b"data") + array + string(b"labels") + labels + b"u."


@pytest.mark.parametrize(
    "dump", [python2, lambda batch: pickle.dumps(batch, 2), pickle.dumps], ids=["python 2", "protocol 2", "newest"]
)
def test_cifar_archive(place, dump, monkeypatch):
    rng = np.random.default_rng(2)
    names = [*cifar.BATCHES["train"], *cifar.BATCHES["test"]]
    batches = {
        name: {
            "data": rng.integers(0, 256, (k + 2, 3072)).astype(np.uint8),
            "labels": rng.integers(0, 10, k + 2).tolist(),
        }
        for k, name in enumerate(names)
    }
    place.mkdir()
    file = place / cifar.FILE
    archive(file, {name: dump(batch) for name, batch in reversed(batches.items())})
    monkeypatch.setattr(cifar, "MD5", md5(file.read_bytes()))
    train, test = data.load("cifar10"), data.load("cifar10", "test")
    assert train.images.shape == (2 + 3 + 4 + 5 + 6, 3, 32, 32) and len(test) == 7
    assert train.labels.tolist() == sum((batches[name]["labels"] for name in names[:5]), [])
    # a row has all of red, then green, then blue, each row by row
    assert train.images[2, 1, 3, 4] == batches["data_batch_2"]["data"][0, 1024 + 3 * 32 + 4]
    np.testing.assert_array_equal(test.images.reshape(7, -1), batches["test_batch"]["data"])


class Spy:
    ran = False

    def __reduce__(self):
        return exec, ("import test_data; test_data.Spy.ran = True",)


@pytest.mark.parametrize(
    "hidden", [Spy(), np.array([Spy()], object), print, np.load], ids=["spy", "array", "builtin", "function"]
)
def test_no_code_in_a_pickle_runs(tmp_path, hidden):
    file = tmp_path / "batches.tar.gz"
    archive(file, {"test_batch": pickle.dumps({b"data": hidden, b"labels": []})})
    with pytest.raises(pickle.UnpicklingError, match="has no place in a file of data"):
        cifar.read_archive(file, "test")


def test_archive_without_a_batch(tmp_path):
    file = tmp_path / "batches.tar.gz"
    archive(file, {"readme": b""})
    with pytest.raises(ValueError, match="has no data_batch_1"):
        cifar.read_archive(file, "train")


def test_unknown_names():
    with pytest.raises(ValueError, match="split must be 'train' or 'test', got 'valid'"):
        data.load("digits", "valid")
    with pytest.raises(ValueError, match="digits has no option 'sise': it has held_out, seed, size"):
        data.load("digits", sise=8)
    with pytest.raises(ValueError, match="size must be a whole number of pixels"):
        data.load("digits", size=2)


def test_digits():
    train, test = data.load("digits"), data.load("digits", "test", size=(16, 12))
    assert len(train) + len(test) == 1797 and test.images.shape == (len(test), 1, 16, 12)
    assert train.images.max() == 255 and np.bincount(test.labels).min() >= 34


def test_images_say_what_is_wrong():
    images, labels = np.zeros((3, 1, 4, 5), np.uint8), np.array([0, 1, 0])
    with pytest.raises(TypeError, match="images must be an array of uint8, got an array of float64"):
        data.Images(images / 2, labels, ("a", "b"))
    with pytest.raises(TypeError, match="labels must be an array of int64, got list"):
        data.Images(images, [0, 1, 0], ("a", "b"))
    with pytest.raises(ValueError, match=r"shape \(N, C, H, W\) with C 1 or 3, got \(3, 4, 1, 5\)"):
        data.Images(images.transpose(0, 2, 1, 3), labels, ("a", "b"))
    with pytest.raises(ValueError, match=r"labels must have shape \(3,\)"):
        data.Images(images, labels[:2], ("a", "b"))


def test_limited_draws_from_all_classes():
    images = data.Images(np.zeros((100, 1, 4, 4), np.uint8), np.repeat(np.arange(2), 50), ("a", "b"))
    few = images.limited(20, seed=3)
    assert len(few) == 20 and 3 < few.labels.sum() < 17
    np.testing.assert_array_equal(few.labels, images.limited(20, seed=3).labels)
    assert len(images.limited(1000)) == 100


@pytest.mark.skipif(not (REAL and os.path.exists(f"{REAL}/mnist.npz")), reason="no mnist.npz in CONVBOOK_DATA")
def test_real_mnist(monkeypatch):
    monkeypatch.setenv("CONVBOOK_DATA", REAL)
    train = data.load("mnist")
    assert len(train) == 60_000 and train.labels[:5].tolist() == [5, 0, 4, 1, 9]


@pytest.mark.skipif(not (REAL and os.path.exists(f"{REAL}/{cifar.JPEG}")), reason="no CIFAR-10 in CONVBOOK_DATA")
def test_real_cifar(monkeypatch):
    monkeypatch.setenv("CONVBOOK_DATA", REAL)
    test = data.load("cifar10", "test")
    assert test.images.shape == (10_000, 3, 32, 32) and (np.bincount(test.labels) == 1000).all()
    assert test.classes == cifar.CLASSES
