"""Records of grading, one JSON file a submission: what ``audit`` reads beside the gradebook."""

import json
import os
import tempfile
from pathlib import Path

from autograder.candidates import usable_name

FIELDS = {
    "assignment": str,
    "student": str,
    "digest": str,  # sha256 of the submitted notebook, in hexadecimal
    "score": (int, float),
    "max_score": (int, float),
    "seconds": (int, float),  # by the clock on the wall
    "cpu_seconds": (int, float),
    "memory": int,  # bytes, the most at any time
    "exercises": dict,  # id: {"score", "points", "failed": {group: message}, "mistakes": [name]}
    "remarks": list,
}


def checked(record: dict, where: str) -> dict:
    """``record`` if its fields are those of :data:`FIELDS`; raises ``ValueError`` that names the one that is not.

    >>> checked({"assignment": 2}, "hw2/ann.json")
    Traceback (most recent call last):
    ...
    ValueError: hw2/ann.json: assignment is 2, expected str
    """
    if not isinstance(record, dict):
        raise ValueError(f"{where}: expected a table, got {type(record).__name__}")
    for name, kind in FIELDS.items():
        if not isinstance(record.get(name), kind) or isinstance(record[name], bool):
            kinds = kind.__name__ if isinstance(kind, type) else " or ".join(one.__name__ for one in kind)
            raise ValueError(f"{where}: {name} is {record.get(name)!r}, expected {kinds}")
    for exercise, result in record["exercises"].items():
        if not isinstance(result, dict) or set(result) != {"score", "points", "failed", "mistakes"}:
            raise ValueError(f"{where}: {exercise} is {result!r}, expected score, points, failed and mistakes")
    return record


def write_record(root: Path, record: dict) -> Path:
    """Write ``ROOT/records/ASSIGNMENT/STUDENT.json``, whole or not at all. Raises ``ValueError`` for a bad record."""
    checked(record, f"record of {record.get('student')!r}")
    folder = Path(root) / "records" / usable_name(record["assignment"])
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{usable_name(record['student'])}.json"
    descriptor, half = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(record, file, ensure_ascii=False, indent=1, allow_nan=False)
        os.replace(half, target)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
    return target


def read_records(root: Path, assignment: str) -> dict[str, dict]:
    """The records of an assignment by student. Raises ``ValueError`` that names a file that is no record."""
    records = {}
    for path in sorted((Path(root) / "records" / assignment).glob("[!.]*.json")):
        where = f"{path.parent.name}/{path.name}"
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are
            raise ValueError(f"{where} is no record: {error}; delete it and grade that submission again") from None
        records[checked(record, where)["student"]] = record
    return records


def read_record(root: Path, assignment: str, student: str) -> dict | None:
    """The record of one submission, None where there is none that can be read."""
    try:
        return json.loads((Path(root) / "records" / assignment / f"{student}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
