"""Unpack a zip file that strangers filled: nothing leaves the folder, nothing is unbounded, all is told."""

import stat
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from autograder.errors import CourseError

MAX_FILES = 100_000
MAX_FILE = 256 * 2**20  # bytes of one notebook; 50 MB of embedded pictures happen
MAX_TOTAL = 16 * 2**30
# What is read from a download; of other files the name alone is of interest.
WANTED = (".ipynb", ".yml", ".txt")
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError)


def unpack(archive: Path, target: Path) -> list[str]:
    """Unpack ``archive`` into the empty folder ``target``; returns a line about each member that could not be.

    Notebooks and what describes them are unpacked; any other member becomes an empty file of its name, so that it
    can be told. Left out with a reason: names that lead out of the folder, links, encrypted and damaged members,
    files beyond ``MAX_FILE`` bytes. Folders and files that macOS adds, and hidden ones, are left out silently.
    Raises ``CourseError`` for what is no zip file or is beyond ``MAX_FILES`` members or ``MAX_TOTAL`` bytes.
    """
    problems: list[str] = []
    seen: set[PurePosixPath] = set()
    try:
        with zipfile.ZipFile(archive) as bundle:
            members = [member for member in bundle.infolist() if not member.is_dir()]
            if len(members) > MAX_FILES:
                raise CourseError(f"{archive.name} has {len(members)} members; up to {MAX_FILES} are unpacked")
            if members and all(member.flag_bits & 1 for member in members):
                raise CourseError(f"{archive.name} is encrypted: unpack it with its password and give the folder")
            left = MAX_TOTAL
            for member in members:
                try:
                    path = safe_path(member)
                    if path is None:
                        continue
                    if path in seen:
                        problems.append(f"{archive.name}: {path} is there twice; the later one is taken")
                    seen.add(path)
                    left -= write_member(bundle, member, target / path)
                except Refused as why:
                    problems.append(f"{archive.name}: {member.filename!r} {why}")
                if left < 0:
                    raise CourseError(f"{archive.name} unpacks to more than {MAX_TOTAL} bytes")
    except zipfile.BadZipFile as error:
        raise CourseError(f"{archive.name} is no zip file that can be read: {error}") from None
    return problems


class Refused(Exception):
    """Why a member is left out; the text follows its name."""


def member_name(member: zipfile.ZipInfo) -> str:
    """The member's name in composed Unicode; many tools write UTF-8 without saying so.

    >>> raw = zipfile.ZipInfo("Zoë.ipynb".encode().decode("cp437"))
    >>> member_name(raw)
    'Zoë.ipynb'
    """
    name = member.filename
    if not member.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass  # it is in cp437, as the format says
    return unicodedata.normalize("NFC", name)


def safe_path(member: zipfile.ZipInfo) -> PurePosixPath | None:
    """Where the member goes below the target; None for what operating systems add. Raises ``Refused``."""
    name = member_name(member).replace("\\", "/")
    parts = name.split("/")
    if parts[0] == "__MACOSX" or parts[-1].startswith(".") and ".." not in parts:
        return None
    if name.startswith("/") or ".." in parts or ":" in parts[0]:
        raise Refused("leads out of the folder")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise Refused("has control characters in its name")
    if any(len(part.encode()) > 240 for part in parts):
        raise Refused("has too long a name")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Refused("is a link, not a file")
    if member.flag_bits & 1:
        raise Refused("is encrypted")
    return PurePosixPath(*[part for part in parts if part not in ("", ".")])


def write_member(bundle: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> int:
    """Write one member, at most ``MAX_FILE`` bytes whatever its header says; returns how many. Raises ``Refused``."""
    written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            if path.suffix.lower() not in WANTED:
                return 0
            with bundle.open(member) as source:
                while block := source.read(2**20):
                    written += len(block)
                    if written > MAX_FILE:
                        raise Refused(f"is larger than {MAX_FILE} bytes")
                    file.write(block)
    except Refused:
        path.unlink()
        raise
    except BROKEN as error:
        path.unlink(missing_ok=True)
        raise Refused(f"is damaged: {type(error).__name__}: {error}") from None
    return written
