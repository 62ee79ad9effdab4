"""One JSON record a graded submission: what was found, with which digest, at what cost."""

import json
import os
from pathlib import Path


def record_path(root: Path, assignment: str, student: str) -> Path:
    return Path(root) / "records" / assignment / f"{student}.json"


def write_record(root: Path, record: dict) -> Path:
    """Write a record as a whole or not at all; returns its path."""
    path = record_path(root, record["assignment"], record["student"])
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(unfinished, path)
    return path


def read_record(root: Path, assignment: str, student: str) -> dict | None:
    """The record of one submission, None where there is none that can be read."""
    try:
        return json.loads(record_path(root, assignment, student).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
