"""Grades back to Canvas and Moodle: a roster downloaded from there, with one column filled in."""

import csv
import io
import re
from collections.abc import Iterator

from autograder.errors import CourseError
from autograder.export import (
    CANVAS_STUDENT,
    MOODLE_COLUMNS,
    MOODLE_KEPT,
    Roster,
    canonical,
    full_names,
    harmless,
    match_rows,
    number,
)
from autograder.standing import Standing


def canvas_csv(
    roster: Roster, assignment: str, sent: dict[str, Standing], identities: dict[str, dict], column: str | None = None
) -> tuple[str, int, list[str]]:
    """A gradebook that Canvas exported, with the scores in the assignment's column and no other assignment.

    A roster has a row of column names (Student, ID, SIS Login ID, Section, ``TITLE (ID)``), then ``Points Possible``
    and at times a row on posting, then a row a student: see ``gradebook_exporter.rb`` and ``gradebook_importer.rb``
    of canvas-lms. Students are found by ID. A row that gets no score keeps what it has: Canvas would take an empty
    cell for the wish to delete a grade. Returns the text, how many scores it got, and what is to be said.
    """
    for name in ("Student", "ID", "Section"):
        roster.index(name)
    cell = assignment_column(roster, assignment, column)
    id_cell, name_cell = roster.index("ID"), roster.index("Student")
    head = [row for row in roster.rows if not row[id_cell].strip()]
    rows = [row for row in roster.rows if row[id_cell].strip()]
    points = [row[cell].strip() for row in head if "Points Possible" in row[name_cell]]

    def clues(one: Standing, identity: dict) -> Iterator[tuple[str, str]]:
        if identity.get("source") == "canvas":
            yield "ID", identity["id"]
        for key in ("ID", "SIS User ID", "SIS Login ID"):
            yield key, one.student
        for key in ("SIS User ID", "SIS Login ID"):
            yield from ((key, str(identity.get(what) or "")) for what in ("id", "email"))
        yield "SIS Login ID", one.email
        yield from (("Student", name) for name in full_names(one, identity))

    found, said = match_rows(roster, rows, sent, identities, clues)
    said += unlike(points[0] if points else "", sent, "Canvas")
    for k, one in found.items():
        rows[k][cell] = number(one.score)
    for row in rows:
        row[name_cell] = harmless(row[name_cell])  # Canvas goes by the ID
    kept = [k for k, name in enumerate(roster.columns) if name in CANVAS_STUDENT or k == cell]
    return roster.text(kept, [*head, *rows]), len(found), said


def assignment_column(roster: Roster, assignment: str, column: str | None) -> int:
    """The roster's column of the assignment: the one named, or the only one whose title is the assignment's name,
    letter by letter or else without case, spaces and punctuation."""
    if column is not None:
        return roster.index(column)

    def letters(title: str) -> str:
        return re.sub(r"[\W_]", "", canonical(title))

    titles = {k: re.sub(r"\s*\(\d+\)$", "", name) for k, name in enumerate(roster.columns)}
    fitting = [k for k, title in titles.items() if title == assignment]
    fitting = fitting or [k for k, title in titles.items() if letters(title) == letters(assignment)]
    if len(fitting) != 1:
        choice = ", ".join(repr(name) for name in roster.columns if re.search(r"\(\d+\)$", name))
        raise CourseError(f"{len(fitting)} columns are called {assignment}; name one with --column: {choice or 'none'}")
    return fitting[0]


def unlike(points: str, sent: dict[str, Standing], system: str) -> list[str]:
    """A warning where the LMS counts to another number of points than the gradebook."""
    maxima = {one.max_score for one in sent.values()}
    try:
        expected = float(points.replace(",", "."))
    except ValueError:
        return []
    if maxima and maxima != {expected}:
        there, here = number(expected), "/".join(number(maximum) for maximum in sorted(maxima))
        return [f"{system} counts to {there} points, the gradebook to {here}: scores are written as they are"]
    return []


def moodle_csv(
    roster: Roster, assignment: str, sent: dict[str, Standing], identities: dict[str, dict]
) -> tuple[str, int, list[str]]:
    """A grading worksheet that Moodle wrote (in English), with scores in the column Grade.

    See ``mod/assign/feedback/offline/importgradeslib.php``: a row is found by its Identifier, "Participant" and the
    number that stands in the name of a downloaded submission; an empty grade is skipped; feedback columns would be
    imported too, so they are left out.
    """
    for name in MOODLE_COLUMNS:
        roster.index(name)
    numbers = {row[roster.index("Identifier")]: row[roster.index("Identifier")].split()[-1:] for row in roster.rows}

    def clues(one: Standing, identity: dict) -> Iterator[tuple[str, str]]:
        if identity.get("source") == "moodle":
            fitting = [name for name, digits in numbers.items() if digits == [identity["id"]]]
            yield from (("Identifier", name) for name in fitting)
        for address in (one.email, identity.get("email"), one.student):
            yield "Email address", address or ""
        yield from ((key, one.student) for key in ("ID number", "Username", "Identifier"))
        yield from (("Full name", name) for name in full_names(one, identity))

    found, said = match_rows(roster, roster.rows, sent, identities, clues)
    grade = roster.index("Grade")
    maxima = {roster.get(row, "Maximum Grade") for row in roster.rows}
    said += unlike(maxima.pop() if len(maxima) == 1 else "", sent, "Moodle")
    locked = {k for k in found if roster.get(roster.rows[k], "Grade can be changed") == "No"}
    said += [f"{found[k].student}'s grade is locked in Moodle: left as it is" for k in locked]
    for k in found.keys() - locked:
        roster.rows[k][grade] = number(found[k].score)
    kept = [k for k, name in enumerate(roster.columns) if MOODLE_KEPT.fullmatch(name)]
    for row in roster.rows:
        for k in kept:
            if roster.columns[k] in ("Full name", "Status"):  # Moodle does not read these
                row[k] = harmless(row[k])
    return roster.text(kept, roster.rows), len(found) - len(locked), said


def moodle_import(
    assignment: str, sent: dict[str, Standing], identities: dict[str, dict]
) -> tuple[str, int, list[str]]:
    """Without a worksheet: rows for Moodle's grade import, which maps a column to a user by address or username.

    See ``grade/import/csv/classes/load_data.php``: an empty cell would delete a grade, so only scores have a row.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(["Username", "Email address", "Full name", assignment])
    for one in sent.values():
        identity = identities.get(one.student, {})
        name = " ".join(filter(None, (one.first_name, one.last_name))) or identity.get("name") or ""
        address = one.email or identity.get("email") or (one.student if "@" in one.student else "")
        writer.writerow([harmless(one.student), harmless(address), harmless(name), number(one.score)])
    return file.getvalue(), len(sent), []
