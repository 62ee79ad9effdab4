"""One file from an address, whole and as expected, or an error that says what to do."""

import hashlib
import os
import sys

CHUNK = 1 << 20


def fetch(url, path, sha256=None):
    """Download `url` to `path` unless it lies there; return the file's SHA-256.

    sha256 : what that hash is, or how it begins; None accepts any file
    A download gets its name only once it has been checked, so that one cut off leaves nothing that looks complete.

    FileNotFoundError where the file is not there and cannot be had; ValueError if it is another than expected.
    """
    import pooch

    if sha256 and len(sha256) < 8:
        raise ValueError(f"sha256={sha256!r}: expected at least 8 of the 64 digits, for fewer prove nothing")
    what = f" (its SHA-256 {'is' if len(sha256) == 64 else 'begins with'} {sha256})" if sha256 else ""
    if path.exists():
        found = digest(path)
        if not fits(found, sha256):
            raise ValueError(
                f"{path} is damaged or another file: its SHA-256 is {found}, expected {sha256}. Delete it."
            )
        return found

    def download(url, output_file, pup):
        pooch.HTTPDownloader(progressbar=sys.stderr.isatty())(url, output_file, pup)
        found = digest(output_file)
        if not fits(found, sha256):
            raise ValueError(f"{url} sent a damaged or another file: its SHA-256 is {found}, expected {sha256}")

    try:
        pooch.retrieve(url, known_hash=None, fname=path.name, path=path.parent, downloader=download)
    except OSError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileNotFoundError(
            f"{path.name} is not there, and {url} could not be downloaded: {reason}. Download it where there is a "
            f"network and put it at {path}{what}, or let CONVBOOK_DATA name the folder that has weights/{path.name}."
        ) from error
    return digest(path)


def digest(path):
    """SHA-256 of a file, in hexadecimal."""
    with open(os.fspath(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fits(found, expected):
    """Whether a hash is the one expected, or begins so."""
    return expected is None or found.startswith(expected.lower())
