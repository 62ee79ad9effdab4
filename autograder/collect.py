"""Collect submissions: from folders, nbgrader's exchange, and downloads of Canvas, Moodle and Gradescope."""

import json
import os
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

from autograder import downloads
from autograder.candidates import Candidate, NoNotebook, Note, choose_notebook, is_notebook, usable_name
from autograder.errors import CourseError, check_assignment
from autograder.exercises import ASSIGNMENTS
from autograder.unzip import unpack


def collect(source: Path, assignment: str, root: Path) -> tuple[list[str], list[str]]:
    """Copy the notebooks of a folder or zip file to ``ROOT/submitted/STUDENT/ASSIGNMENT``.

    Understood are ``STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb`` (nbgrader's own), ``STUDENT/ASSIGNMENT.ipynb``,
    ``STUDENT/ANY.ipynb`` (one notebook a student), ``STUDENT.ipynb``, and the names that
    :mod:`autograder.downloads` describes. A student who handed in without a notebook gets an empty file, whose grade
    is 0, unless there is a notebook of an earlier time. Who a student is where they came from is kept in
    ``ROOT/collected/ASSIGNMENT.json``, to send grades back.

    Returns the students, and a line about everything that was not used: a :class:`Note` where all is well. Raises
    ``CourseError`` where there is nothing to grade.
    """
    check_assignment(assignment)
    source = Path(source).resolve()
    with tempfile.TemporaryDirectory(prefix="download-") as scratch:
        folder, said = source, []
        if source.is_file() and source.suffix.lower() == ".zip":
            folder = Path(scratch)
            said += unpack(source, folder)
        elif not source.is_dir():
            raise CourseError(f"there is no folder {source}")
        candidates = find(inner(folder, assignment, is_download=folder != source), assignment, said)
        chosen = one_each(candidates, said)
        if not any(candidate.notebook for candidate in chosen):
            raise CourseError("; ".join([f"{source} holds no notebook that can be graded", *said]))
        for candidate in chosen:
            hand_over(candidate, assignment, root)
    remember(chosen, assignment, root)
    return [candidate.student for candidate in chosen], said


def inner(folder: Path, assignment: str, is_download: bool) -> Path:
    """The folder that holds the submissions: zip files often hold one folder with everything in it."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    if len(entries) != 1 or not entries[0].is_dir():
        return folder
    (only,) = entries
    if (only / downloads.METADATA).is_file():
        return only
    is_student = downloads.MOODLE.fullmatch(only.name) or "+" in only.name
    is_student = is_student or (only / f"{assignment}.ipynb").is_file() or (only / assignment).is_dir()
    if is_student or not is_download:
        return folder
    if len([path for path in only.iterdir() if not path.name.startswith(".")]) == 1:
        raise CourseError(f"{only.name}/ is all there is: is that a student? Then call its notebook {assignment}.ipynb")
    return only


def find(folder: Path, assignment: str, said: list[str]) -> list[Candidate]:
    """Every candidate of a folder, whatever gave the names; appends to ``said`` what is not used."""
    if (folder / downloads.METADATA).is_file():
        return downloads.gradescope(folder, assignment, said)
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    from_exchange = [entry for entry in entries if entry.name.count("+") >= 2 and entry.is_dir()]
    from_moodle = [entry for entry in entries if downloads.MOODLE.fullmatch(entry.name)]
    rest = [entry for entry in entries if entry not in from_exchange and entry not in from_moodle]
    found = downloads.moodle(from_moodle, assignment, said) + downloads.exchange(from_exchange, assignment, said)
    files = [entry for entry in rest if entry.is_file()]
    if downloads.looks_like_canvas(files):
        found += downloads.canvas(files, assignment, said)
        rest = [entry for entry in rest if entry not in files]
    are_students = not (from_exchange or from_moodle or any(map(is_notebook, rest)))  # all folders of this one
    for entry in rest:
        try:
            if notebook := find_notebook(entry, assignment):
                found.append(Candidate(student_id(entry), notebook, read_timestamp(notebook)))
                if entry.is_dir():
                    files = [path for path in notebook.parent.iterdir() if path.is_file()]
                    said.extend(downloads.left_over(files, {notebook}, entry.name))
            else:
                said.append(unused(entry, assignment))
        except NoNotebook as error:
            said.append(str(error))
            if are_students:
                found.append(Candidate(student_id(entry), None))
        except CourseError as error:
            said.append(str(error))
    return found


def one_each(candidates: list[Candidate], said: list[str]) -> list[Candidate]:
    """One candidate a student; a student who has several is left out and told."""
    by_student: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_student[candidate.student].append(candidate)
    for student, several in by_student.items():
        if len(several) > 1:
            names = ", ".join(str(candidate.notebook) for candidate in several)
            said.append(f"{student} handed in {len(several)} notebooks: {names}")
    return [several[0] for several in by_student.values() if len(several) == 1]


def student_id(entry: Path) -> str:
    """The student's name from a file's or folder's; raises ``CourseError`` for one that cannot be used as a path.

    >>> student_id(Path("downloads/Zoë O'Hara.ipynb"))
    "Zoë O'Hara"
    """
    return usable_name(entry.stem if is_notebook(entry) else entry.name)


def find_notebook(entry: Path, assignment: str) -> Path | None:
    """The notebook that an entry of a folder holds, None for what is plainly something else."""
    if entry.is_dir():
        own = entry / assignment / f"{assignment}.ipynb"
        if own.is_file():
            return own
        files = sorted([*entry.glob("*"), *entry.glob(f"{assignment}/*")])
        notebooks = [(path.name, path) for path in files if path.is_file()]
        if not any(is_notebook(path) for _, path in notebooks) and holds_other_assignments(entry, assignment):
            return None
        return choose_notebook(notebooks, assignment, f"{entry.name}/")
    if not is_notebook(entry):
        return None
    if not entry.is_file():
        raise CourseError(f"{entry.name} cannot be read: it leads nowhere")
    return entry


def holds_other_assignments(entry: Path, assignment: str) -> bool:
    names = {path.name for path in entry.iterdir() if path.is_dir()}
    return assignment not in names and bool(names & set(ASSIGNMENTS))


def unused(entry: Path, assignment: str) -> str:
    """Why an entry without a notebook is not used."""
    if entry.is_dir():
        return Note(f"{entry.name} handed in nothing for {assignment}")
    if entry.suffix.lower() in (".zip", ".gz", ".tar", ".7z", ".rar"):
        return f"{entry.name} is an archive: grade it by its own name if it is a zip file, else unpack it first"
    return Note(f"{entry.name} is no notebook")


def read_timestamp(notebook: Path) -> str | None:
    """What ``timestamp.txt`` beside a notebook says, None where there is none."""
    try:
        return (notebook.parent / "timestamp.txt").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def hand_over(candidate: Candidate, assignment: str, root: Path) -> None:
    """Put a notebook where nbgrader looks for it, with the time of submission for its late penalties."""
    target = root / "submitted" / candidate.student / assignment / f"{assignment}.ipynb"
    if candidate.notebook is None:
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        return
    if candidate.notebook.resolve() == target:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    stamp = target.with_name("timestamp.txt")
    stamp.unlink(missing_ok=True)  # of an earlier submission
    half = target.with_name(f".{target.name}.part")
    shutil.copyfile(candidate.notebook, half)
    os.replace(half, target)
    if candidate.timestamp:
        stamp.write_text(candidate.timestamp, encoding="utf-8")


def remember(candidates: list[Candidate], assignment: str, root: Path) -> None:
    """Add who the students are, where they came from, to ``collected/ASSIGNMENT.json``."""
    known = identities(root, assignment)
    known.update({one.student: one.identity for one in candidates if one.identity})
    if known:
        target = root / "collected" / f"{assignment}.json"
        target.parent.mkdir(exist_ok=True)
        half = target.with_suffix(".part")
        half.write_text(json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
        os.replace(half, target)


def identities(root: Path, assignment: str) -> dict[str, dict]:
    """Who the collected students are where they came from: ``source``, ``id``, ``name``, ``email``, by student."""
    try:
        return json.loads((root / "collected" / f"{assignment}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
