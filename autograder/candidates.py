"""What collecting finds: candidates for a student's submission, and what is to be said about the rest."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import CourseError


class Note(str):
    """Something that an instructor should know and that is no problem: an older attempt that a newer one replaced."""


class NoNotebook(CourseError):
    """A student handed in something, or nothing, and no notebook is in it."""


@dataclass(frozen=True)
class Candidate:
    """A notebook that a student may have handed in, None where all else says that they handed in and it has none.

    ``timestamp``: when, in a form that nbgrader reads, or None where the source does not say. ``identity``: what
    the source says of the student (``source``, ``id``, ``name``, ``email``, ``late``); grades are sent back by it.
    """

    student: str
    notebook: Path | None
    timestamp: str | None = None
    identity: dict = field(default_factory=dict)


def usable_name(name: str) -> str:
    """``name`` if it can be a student's: it becomes a folder, and nbgrader gives some characters a meaning.

    >>> usable_name("Zoë O'Hara")
    "Zoë O'Hara"
    >>> usable_name("../secret")
    Traceback (most recent call last):
    ...
    autograder.errors.CourseError: '../secret' cannot be a student's name: rename it without a leading dot, outer
    spaces, control characters or any of / \\ * ? [ ] { } +
    """
    if name != name.strip() or not name or name.startswith(".") or re.search(r"[*?\[\]{}+\\/\x00-\x1f\x7f]", name):
        raise CourseError(
            f"{name!r} cannot be a student's name: rename it without a leading dot, outer spaces, control characters "
            r"or any of / \ * ? [ ] { } +"
        )
    if len(name) > 128:  # nbgrader's column in the gradebook
        raise CourseError(f"{name!r} has {len(name)} characters; a student's name has at most 128")
    return name


def is_notebook(path: Path) -> bool:
    return path.suffix.lower() == ".ipynb"


def choose_notebook(files: Iterable[tuple[str, Path]], assignment: str, whose: str) -> Path:
    """The one of ``(name as handed in, file)`` that is the assignment's notebook.

    That is ``ASSIGNMENT.ipynb``; failing that, what browsers and Canvas make of that name when there is one already
    (``ASSIGNMENT-1.ipynb``, ``ASSIGNMENT (1).ipynb``); failing that, the only notebook. Raises ``CourseError``
    where there are several, and ``NoNotebook`` where there is none.
    """
    notebooks = [(name, path) for name, path in files if is_notebook(Path(name))]
    copies = re.compile(re.escape(assignment) + r"(-\d+| ?\(\d+\))\.ipynb", re.IGNORECASE)
    exact = [path for name, path in notebooks if name.lower() == f"{assignment}.ipynb".lower()]
    renamed = [path for name, path in notebooks if copies.fullmatch(name)]
    for chosen in (exact, renamed, [path for _, path in notebooks]):
        if len(chosen) == 1:
            return chosen[0]
    names = f" ({', '.join(sorted(name for name, _ in notebooks))})" if notebooks else ""
    kind = CourseError if notebooks else NoNotebook
    raise kind(f"{whose} holds {len(notebooks)} notebooks{names}; expected one, or {assignment}.ipynb")
