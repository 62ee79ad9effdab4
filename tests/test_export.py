"""Grades for other systems: read back with the csv module, on rosters as those systems write them."""

import csv
import io

import pytest

from autograder.candidates import Note
from autograder.errors import CourseError
from autograder.export import Roster, harmless, nbgrader_csv, to_send
from autograder.lms import canvas_csv, moodle_csv, moodle_import
from autograder.standing import GRADED, NOTHING, UNGRADED, WAITING, Standing

ASSIGNMENT = "hw2-conv2d"

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,HW2: Conv2d (77),hw2-conv2d (78),Quizzes Current Score,Final Grade
,,,,,Manual Posting,,,
    Points Possible,,,,,10.00,100.00,(read only),(read only)
"O'Hara, Zoë",501,s501,zoe@example.edu,"Lab 1, Monday",9.00,,80,B
"Schmidt, Anna ""Änn"" M.",502,s502,anna@example.edu,Lab 2,8.00,55.00,81,C
=cmd|' /C calc'!A0,503,s503,eve@example.edu,Lab 2,,,,
"Lee, Ben",504,s504,lee@example.edu,Lab 1,1.00,12.00,1,D
"Lee, Ben",505,s505,lee2@example.edu,Lab 1,2.00,13.00,1,D
"Student, Test",506,,2a1b3c,Lab 1,,,,
"""


def standing(student, score=None, state=None, **more):
    state = state or (UNGRADED if score is None else GRADED)
    return Standing(student, state, 100.0, score, score, 0.0 if score is not None else None, **more)


def roster(tmp_path, text=CANVAS, encoding="utf-8"):
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return Roster.read(path)


def read(text, delimiter=","):
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter))


def by_name(*standings):
    return {one.student: one for one in standings}


def test_canvas_round_trip(tmp_path):
    sent = by_name(
        standing("oharazoë_501", 93.456),
        standing("s502", 0.0),
        standing("eve@example.edu", 100.0),
        standing("Nobody Known", 50.0),
    )
    identities = {"oharazoë_501": {"source": "canvas", "id": "501", "name": "oharazoë", "late": False}}
    text, count, said = canvas_csv(roster(tmp_path), ASSIGNMENT, sent, identities)
    rows = read(text)
    assert list(rows[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "hw2-conv2d (78)"]
    assert rows[1]["Student"] == "    Points Possible" and rows[1]["hw2-conv2d (78)"] == "100.00"
    scores = {row["ID"]: row["hw2-conv2d (78)"] for row in rows[2:]}
    # a zero that was earned is a zero; who has no score keeps what Canvas has
    assert scores == {"501": "93.46", "502": "0", "503": "100", "504": "12.00", "505": "13.00", "506": ""}
    names = {row["ID"]: row["Student"] for row in rows[2:]}
    assert names["501"] == "O'Hara, Zoë" and names["502"] == 'Schmidt, Anna "Änn" M.'
    assert names["503"] == "'=cmd|' /C calc'!A0"
    assert rows[2]["Section"] == "Lab 1, Monday"
    assert count == 3 and said == ["Nobody Known is in no row of the roster, or in several: 50 was not written"]


def test_canvas_by_name_only_where_it_is_one_persons(tmp_path):
    sent = by_name(standing("Ben Lee", 1.0), standing("x1", 2.0, first_name="Zoe\u0308", last_name="O'HARA"))
    text, count, said = canvas_csv(roster(tmp_path), ASSIGNMENT, sent, {})
    assert {row["ID"]: row["hw2-conv2d (78)"] for row in read(text)}["501"] == "2"
    assert count == 1 and "Ben Lee is in no row of the roster, or in several" in said[0]


def test_two_students_of_one_row_get_nothing(tmp_path):
    sent = by_name(standing("s501", 1.0), standing("zoe@example.edu", 2.0))
    text, count, said = canvas_csv(roster(tmp_path), ASSIGNMENT, sent, {})
    assert {row["ID"]: row["hw2-conv2d (78)"] for row in read(text)}["501"] == ""
    assert count == 0 and said == ["one row of the roster fits s501 and zoe@example.edu: left as it is"]


def test_canvas_column(tmp_path):
    sent = by_name(standing("s501", 7.0))
    text, _, said = canvas_csv(roster(tmp_path), ASSIGNMENT, sent, {}, "HW2: Conv2d (77)")
    assert read(text)[2]["HW2: Conv2d (77)"] == "7"
    assert said == ["Canvas counts to 10 points, the gradebook to 100: scores are written as they are"]
    text, count, _ = canvas_csv(roster(tmp_path, CANVAS.replace("hw2-conv2d (78)", "Lab (78)")), ASSIGNMENT, sent, {})
    assert count == 1 and read(text)[2]["HW2: Conv2d (77)"] == "7"
    with pytest.raises(CourseError, match=r"0 columns are called hw3; name one with --column: 'HW2: Conv2d \(77\)'"):
        canvas_csv(roster(tmp_path), "hw3", sent, {})
    with pytest.raises(CourseError, match="no column 'Nope'"):
        canvas_csv(roster(tmp_path), ASSIGNMENT, sent, {}, "Nope")


def test_canvas_in_another_language(tmp_path):
    """Semicolons and a byte order mark are what Canvas writes where a comma is the decimal sign."""
    table = list(csv.reader(io.StringIO(CANVAS)))
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows(table)
    text, count, _ = canvas_csv(
        roster(tmp_path, file.getvalue(), "utf-8-sig"), ASSIGNMENT, by_name(standing("s501", 7.5)), {}
    )
    assert text.startswith("\ufeff") and count == 1
    assert read(text, ";")[2]["hw2-conv2d (78)"] == "7.5" and read(text, ";")[2]["Student"] == "O'Hara, Zoë"


MOODLE = """\
Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 1001","Zoë O'Hara",zoe@example.edu,"Submitted for grading - ",,100.00,Yes,\
"Sunday, 1 March 2026, 10:00 PM",-,"<p>an old comment</p>"
"Participant 1002","Anna Schmidt",anna@example.edu,"Submitted for grading - ",55.00,100.00,Yes,-,-,
"Participant 1003","Anna Schmidt",anna2@example.edu,"No submission - ",,100.00,Yes,-,-,
"Participant 1004","=1+1",eve@example.edu,"Submitted for grading - ",20.00,100.00,No,-,-,
"""


def test_moodle_round_trip(tmp_path):
    sent = by_name(
        standing("Zoë O'Hara", 81.25),
        standing("Anna Schmidt_1003", 70.0),
        standing("eve@example.edu", 99.0),
        standing("Anna Schmidt", 12.0),
    )
    identities = {"Anna Schmidt_1003": {"source": "moodle", "id": "1003", "name": "Anna Schmidt"}}
    text, count, said = moodle_csv(roster(tmp_path, MOODLE), ASSIGNMENT, sent, identities)
    rows = read(text)
    assert [row["Grade"] for row in rows] == ["81.25", "55.00", "70", "20.00"]
    assert "Feedback comments" not in rows[0] and rows[0]["Last modified (submission)"].startswith("Sunday, 1 March")
    assert rows[3]["Full name"] == "'=1+1" and rows[0]["Identifier"] == "Participant 1001"
    assert count == 2
    assert said == [
        "Anna Schmidt is in no row of the roster, or in several: 12 was not written",
        "eve@example.edu's grade is locked in Moodle: left as it is",
    ]


def test_moodle_numbers_are_not_confused(tmp_path):
    """Participant 1 is not Participant 1001."""
    identities = {"Someone": {"source": "moodle", "id": "1", "name": "Someone"}}
    text, count, said = moodle_csv(roster(tmp_path, MOODLE), ASSIGNMENT, by_name(standing("Someone", 5.0)), identities)
    assert count == 0 and "Someone is in no row" in said[0] and "5" not in [row["Grade"] for row in read(text)]


def test_moodle_without_a_worksheet():
    sent = by_name(standing("anna", 12.5, first_name="Anna", last_name='Schmidt, "Änn"'), standing("=x", 1.0))
    identities = {"=x": {"email": "x@example.edu", "name": "@x"}}
    text, count, _ = moodle_import(ASSIGNMENT, sent, identities)
    rows = read(text)
    assert count == 2
    assert rows[0] == {
        "Username": "anna",
        "Email address": "",
        "Full name": 'Anna Schmidt, "Änn"',
        ASSIGNMENT: "12.5",
    }
    assert rows[1] == {"Username": "'=x", "Email address": "x@example.edu", "Full name": "'@x", ASSIGNMENT: "1"}


def test_who_is_left_out():
    table = [
        standing("ann", 5.0),
        standing("ben", 4.0, WAITING),
        standing("cas"),
        standing("dan", state=NOTHING),
    ]
    sent, said = to_send(table, include_waiting=False)
    assert set(sent) == {"ann"}
    assert [isinstance(line, Note) for line in said] == [False, False, True]
    assert "not graded, so left out: cas" in said[0] and "ben" in said[1] and "no score, not zero: dan" in said[2]
    assert set(to_send(table, include_waiting=True)[0]) == {"ann", "ben"}


def test_nbgraders_columns_survive_names():
    table = [
        standing("ann", 5.0, last_name='O"Hara, Jr.', first_name="Änn\nMarie", email="=cmd()"),
        standing("cas"),
    ]
    text, said = nbgrader_csv({ASSIGNMENT: ("2026-03-01", table)}, include_waiting=False)
    ann, cas = read(text)
    assert (ann["last_name"], ann["first_name"], ann["email"]) == ('O"Hara, Jr.', "Änn\nMarie", "'=cmd()")
    assert (ann["score"], ann["max_score"], ann["duedate"]) == ("5.0", "100.0", "2026-03-01")
    assert cas["score"] == cas["raw_score"] == "" and said == [f"{ASSIGNMENT}: not graded, so left out: cas"]


@pytest.mark.parametrize("text", ["=1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "-"])
def test_formulas_are_neutralised(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "5", "-5", "+5.25", "O'Hara", "a=b", "Zoë"])
def test_what_is_no_formula_is_left(text):
    assert harmless(text) == text


@pytest.mark.parametrize(
    "raw, message",
    [
        (b"", "is empty"),
        ("Grüße".encode("latin-1"), "is not in UTF-8"),
        (b"Name,Note\nann,1\n", "no column 'Student'; it has 'Name', 'Note'"),
    ],
)
def test_a_roster_that_is_none(tmp_path, raw, message):
    path = tmp_path / "roster.csv"
    path.write_bytes(raw)
    with pytest.raises(CourseError, match=message):
        canvas_csv(Roster.read(path), ASSIGNMENT, {}, {})
    with pytest.raises(CourseError, match="cannot be read"):
        Roster.read(tmp_path / "none.csv")
