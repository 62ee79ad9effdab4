"""Grades as files that other systems read: nbgrader's columns, Canvas's gradebook, Moodle's worksheet or import."""

import csv
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.candidates import Note
from autograder.errors import CourseError
from autograder.standing import NOTHING, UNGRADED, WAITING, Standing

NBGRADER = "assignment duedate timestamp student_id last_name first_name email raw_score late_submission_penalty score"
MOODLE_COLUMNS = ("Identifier", "Grade", "Last modified (grade)")  # what Moodle insists on, in English
MOODLE_KEPT = re.compile(r"Identifier|Full name|Email address|ID number|Username|Status|.*[Gg]rade.*|Last modified.*")
CANVAS_STUDENT = ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account", "Section")


def number(score: float) -> str:
    """A score with two decimals at most, which is what Canvas and Moodle keep.

    >>> number(12.5), number(100.0), number(1234.567)
    ('12.5', '100', '1234.57')
    """
    return f"{score:.2f}".rstrip("0").rstrip(".")


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    >>> harmless("=HYPERLINK(1)"), harmless("O'Hara"), harmless("-5")
    ("'=HYPERLINK(1)", "O'Hara", '-5')
    """
    is_formula = text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n")
    return f"'{text}" if text and is_formula and not re.fullmatch(r"[+-]?\d+([.,]\d+)?", text) else text


def to_send(standings: Iterable[Standing], include_waiting: bool) -> tuple[dict[str, Standing], list[str]]:
    """The standings with a score that may be sent, by student, and a line about those that have none."""
    standings = list(standings)
    states = {state: [one.student for one in standings if one.state == state] for state in (WAITING, UNGRADED, NOTHING)}
    said = []
    if states[UNGRADED]:
        said.append(f"not graded, so left out: {', '.join(states[UNGRADED])}")
    if states[WAITING]:
        so_far = "their points so far are in the file" if include_waiting else "so left out (--include-waiting sends)"
        said.append(f"waiting for someone to grade by hand, {so_far}: {', '.join(states[WAITING])}")
    if states[NOTHING]:
        said.append(Note(f"nothing handed in, so no score, not zero: {', '.join(states[NOTHING])}"))
    left = (UNGRADED, NOTHING) if include_waiting else (UNGRADED, NOTHING, WAITING)
    return {one.student: one for one in standings if one.state not in left}, said


def nbgrader_csv(assignments: dict[str, tuple[str, list[Standing]]], include_waiting: bool) -> tuple[str, list[str]]:
    """nbgrader's columns, for ``{assignment: (duedate, standings)}``; the text and what is to be said.

    Unlike ``nbgrader export``, names with commas and quotes survive, and there is a score only where there is one.
    """
    file, said = io.StringIO(), []
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*NBGRADER.split(), "max_score"])
    for assignment, (duedate, standings) in assignments.items():
        sent, lines = to_send(standings, include_waiting)
        said += [type(line)(f"{assignment}: {line}") for line in lines]
        for one in standings:
            scores = [one.raw_score, one.penalty, one.score] if one.student in sent else ["", "", ""]
            names = [harmless(text) for text in (one.student, one.last_name, one.first_name, one.email)]
            writer.writerow([assignment, duedate, one.timestamp, *names, *scores, one.max_score])
    return file.getvalue(), said


@dataclass
class Roster:
    """A CSV file of an LMS: its columns, its rows as lists, and how it was written."""

    columns: list[str]
    rows: list[list[str]]
    delimiter: str
    encoding: str

    @classmethod
    def read(cls, path: Path) -> "Roster":
        """Read a comma- or semicolon-separated file in UTF-8, with or without a byte order mark."""
        try:
            raw = Path(path).read_bytes()
            text = raw.decode("utf-8-sig")
        except OSError as error:
            raise CourseError(f"the roster {path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise CourseError(f"the roster {path} is not in UTF-8: download it again, without Excel between") from None
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        table = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
        if not table:
            raise CourseError(f"the roster {path} is empty")
        width = len(table[0])
        rows = [[*row, *[""] * (width - len(row))] for row in table[1:]]
        is_marked = raw.startswith(b"\xef\xbb\xbf")
        return cls([name.strip() for name in table[0]], rows, delimiter, "utf-8-sig" if is_marked else "utf-8")

    def index(self, name: str) -> int:
        if name not in self.columns:
            raise CourseError(f"the roster has no column {name!r}; it has {', '.join(map(repr, self.columns))}")
        return self.columns.index(name)

    def get(self, row: list[str], name: str) -> str:
        return row[self.columns.index(name)].strip() if name in self.columns else ""

    def text(self, kept: list[int], rows: list[list[str]]) -> str:
        file = io.StringIO()
        writer = csv.writer(file, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerows([row[k] for k in kept] for row in [self.columns, *rows])
        return ("\ufeff" if self.encoding == "utf-8-sig" else "") + file.getvalue()


def canonical(name: str) -> str:
    """A name as it is compared: composed letters, no case, single spaces.

    >>> canonical("Zoe\\u0308  O'Hara") == canonical("ZOË O'Hara")
    True
    """
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def match_rows(
    roster: Roster, rows: list[list[str]], sent: dict[str, Standing], identities: dict[str, dict], clues
) -> tuple[dict[int, Standing], list[str]]:
    """Which row is whose: ``clues(standing, identity)`` yields ``(column, value)``, the surest first.

    A clue counts where exactly one row has that value. Returns standings by the number of the row, and a line about
    each student without a row and each row that two students claim.
    """
    values: dict[str, Counter[str]] = {}
    claims: dict[int, list[Standing]] = {}
    said = []
    for one in sent.values():
        for column, value in clues(one, identities.get(one.student, {})):
            if not value or column not in roster.columns:
                continue
            if column not in values:
                values[column] = Counter(canonical(roster.get(row, column)) for row in rows)
            if values[column][canonical(value)] == 1:
                k = next(k for k, row in enumerate(rows) if canonical(roster.get(row, column)) == canonical(value))
                claims.setdefault(k, []).append(one)
                break
        else:
            said.append(f"{one.student} is in no row of the roster, or in several: {number(one.score)} was not written")
    for several in claims.values():
        if len(several) > 1:
            said.append(f"one row of the roster fits {' and '.join(one.student for one in several)}: left as it is")
    return {k: several[0] for k, several in claims.items() if len(several) == 1}, said


def full_names(one: Standing, identity: dict) -> Iterable[str]:
    """What a roster might call a student, both ways round."""
    if one.last_name and one.first_name:
        yield from (f"{one.first_name} {one.last_name}", f"{one.last_name}, {one.first_name}")
    yield from filter(None, (identity.get("name"), one.student))
    if ", " not in one.student and " " in one.student:
        first, _, last = one.student.rpartition(" ")
        yield f"{last}, {first}"


def write_text(target: Path, text: str) -> None:
    """Write a file whole or not at all."""
    half = target.with_name(f".{target.name}.part")
    half.write_bytes(text.encode("utf-8"))
    os.replace(half, target)
