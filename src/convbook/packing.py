"""The built book as a zip file, to read from a disk: ``make zip``.

Names are sorted and dates fixed, so that the same book makes the same file.
"""

import sys
import zipfile
from importlib.metadata import version
from pathlib import Path


def pack(book: Path, target: Path, name: str, extra: tuple[Path, ...] = ()) -> int:
    """Write the files of ``book``, and those of ``extra``, into ``target`` below the folder ``name``; their number.

    ``FileNotFoundError`` where no book is built.
    """
    if not (book / "index.html").exists():
        raise FileNotFoundError(f"{book} has no index.html: build the book first (make html)")
    files = {path.relative_to(book).as_posix(): path for path in book.rglob("*") if path.is_file()}
    files |= {path.name: path for path in extra}
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(files):
            entry = zipfile.ZipInfo(f"{name}/{file}", (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(entry, files[file].read_bytes())
    return len(files)


if __name__ == "__main__":
    name = f"convbook-{version('convbook')}"
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "dist", f"convbook-book-{version('convbook')}.zip")
    count = pack(Path("_build/html"), target, name, (Path("LICENSE"),))
    print(f"{target}: {count} files, {target.stat().st_size / 1e6:.1f} MB. Unpack it and open {name}/index.html")
