"""Collecting: every naming rule, everything that is not used told, and zip files that mean harm."""

import datetime
import json
import stat
import zipfile

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from submissions import ASSIGNMENT, released

from autograder import unzip
from autograder.candidates import Note
from autograder.collect import collect, identities
from autograder.downloads import CANVAS, MOODLE, utc
from autograder.errors import CourseError

NOTEBOOK = nbformat.writes(released())


def notebook(mark: str) -> str:
    """A notebook that can be told from others."""
    nb = released()
    nb.metadata["mark"] = mark
    return nbformat.writes(nb)


def mark_of(root, student):
    path = root / "submitted" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    return nbformat.read(path, as_version=4).metadata["mark"]


def timestamp_of(root, student):
    path = root / "submitted" / student / ASSIGNMENT / "timestamp.txt"
    return path.read_text() if path.exists() else None


def empty(root, student):
    """Whether what was collected of a student is the file that stands for no notebook."""
    return (root / "submitted" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_bytes() == b""


def zipped(path, members: dict[str, str]):
    with zipfile.ZipFile(path, "w") as bundle:
        for name, text in members.items():
            bundle.writestr(name, text)
    return path


def laid_out(folder, members: dict[str, str]):
    for name, text in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def problems_and_notes(said):
    return [line for line in said if not isinstance(line, Note)], [line for line in said if isinstance(line, Note)]


CANVAS_FILES = {
    "oharazoë_501_9001_hw2-conv2d.ipynb": notebook("zoë"),
    "schmidtanna_LATE_502_9002_hw2-conv2d-2.ipynb": notebook("anna"),
    "leeben_503_9003_my solution_3.ipynb": notebook("ben"),
    "leeben_503_9004_notes.pdf": "",
    "karlcas_504_9005_first.ipynb": notebook("one of two"),
    "karlcas_504_9006_second.ipynb": notebook("two of two"),
    "mayeva_505_text.html": "<p>my answer</p>",
    "novakdan_506_9007_photo.jpg": "",
    "anon_aB3x_9008_hw2-conv2d.ipynb": notebook("anonymous"),
    "LATE_anon_Zz9_9009_hw2-conv2d.ipynb": notebook("late and anonymous"),
}


@pytest.mark.parametrize("as_zip", [True, False])
def test_canvas(tmp_path, as_zip):
    files = {name: text for name, text in CANVAS_FILES.items() if as_zip or not name.endswith("_text.html")}
    files.pop("mayeva_505_text.html", None)
    source = zipped(tmp_path / "submissions.zip", files) if as_zip else laid_out(tmp_path / "files", files)
    students, said = collect(source, ASSIGNMENT, tmp_path)
    assert set(students) == {
        "oharazoë_501",
        "schmidtanna_502",
        "leeben_503",
        "anon_aB3x",
        "anon_Zz9",
        "novakdan_506",
    }
    assert empty(tmp_path, "novakdan_506")
    assert mark_of(tmp_path, "leeben_503") == "ben"
    assert mark_of(tmp_path, "schmidtanna_502") == "anna"
    problems, notes = problems_and_notes(said)
    assert len(problems) == 2
    assert "karlcas_504 holds 2 notebooks (first.ipynb, second.ipynb)" in problems[0]
    assert "novakdan_506 holds 0 notebooks" in problems[1]
    assert "leeben_503: not graded: leeben_503_9004_notes.pdf" in notes
    assert all(note.startswith(("leeben_503: not graded", "novakdan_506: not graded")) for note in notes)
    known = identities(tmp_path, ASSIGNMENT)
    assert known["schmidtanna_502"] == {"source": "canvas", "id": "502", "name": "schmidtanna", "late": True}
    assert known["anon_Zz9"]["late"] and not known["oharazoë_501"]["late"]


def test_canvas_with_a_text_entry(tmp_path):
    """A text entry is named without a file's number: still Canvas's download, and told."""
    students, said = collect(zipped(tmp_path / "s.zip", CANVAS_FILES), ASSIGNMENT, tmp_path)
    assert len(students) == 7 and empty(tmp_path, "mayeva_505")
    assert "mayeva_505 handed in no file: text.html" in said


word = st.text(st.characters(categories=["L"]), min_size=1, max_size=9).map(str.lower)


@given(
    word,
    st.booleans(),
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.from_regex(r"\w[\w ()-]{0,20}\.ipynb", fullmatch=True),
)
def test_canvas_names_read_back(name, late, user, file, own):
    match = CANVAS.fullmatch(f"{name}{'_LATE' if late else ''}_{user}_{file}_{own}")
    assert (match["name"], bool(match["late"]), match["user"], match["file"]) == (name, late, str(user), str(file))


@given(st.from_regex(r"\w[\w '.-]{0,30}", fullmatch=True), st.integers(1, 10**9), st.sampled_from(["", "_"]))
def test_moodle_names_read_back(name, number, end):
    match = MOODLE.fullmatch(f"{name.replace('_', ' ')}_{number}_assignsubmission_file{end}")
    assert (match["name"], match["id"]) == (name.replace("_", " "), str(number))


def test_moodle(tmp_path):
    source = zipped(
        tmp_path / "ML-HW2-77.zip",
        {
            "Zoë O'Hara_1001_assignsubmission_file/hw2-conv2d.ipynb": notebook("zoë"),
            "Zoë O'Hara_1001_assignsubmission_file/img/cat.png": "",
            "Zoë O'Hara_1001_assignsubmission_onlinetext/onlinetext.html": "<p>hello</p>",
            "Anna Schmidt_1002_assignsubmission_file_/solution.ipynb": notebook("anna"),  # as older Moodles name it
            "Anna Schmidt_1003_assignsubmission_file_/deep/er/solution.ipynb": notebook("another anna"),
            "Ben Lee_1004_assignsubmission_onlinetext_/onlinetext.html": "<p>my answer</p>",
        },
    )
    students, said = collect(source, ASSIGNMENT, tmp_path)
    assert set(students) == {"Zoë O'Hara", "Anna Schmidt_1002", "Anna Schmidt_1003", "Ben Lee"}
    assert mark_of(tmp_path, "Anna Schmidt_1003") == "another anna"
    assert empty(tmp_path, "Ben Lee")
    problems, notes = problems_and_notes(said)
    assert len(problems) == 1 and "Ben Lee holds 0 notebooks" in problems[0]
    assert "Zoë O'Hara: not graded: cat.png, onlinetext.html" in notes
    assert "2 participants are called Anna Schmidt: their numbers are added to their names" in notes
    assert identities(tmp_path, ASSIGNMENT)["Anna Schmidt_1003"]["id"] == "1003"


def test_moodle_without_folders(tmp_path):
    members = {"Zoë O'Hara_1001_assignsubmission_file_hw2-conv2d.ipynb": notebook("zoë")}
    members["Ben Lee_1004_assignsubmission_file_mine.ipynb"] = notebook("ben")
    students, said = collect(zipped(tmp_path / "flat.zip", members), ASSIGNMENT, tmp_path)
    assert set(students) == {"Zoë O'Hara", "Ben Lee"} and said == []


METADATA = """\
submission_11:
  :submitters:
  - :name: Zoë O'Hara
    :sid: '3034'
    :email: zoe@example.edu
  :created_at: 2026-03-01 22:59:01.500000000 Z
  :score: 12.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    tests: []
submission_12:
  :submitters:
  - :name: Anna Schmidt
    :sid:
    :email: anna@example.edu
  - :name: Ben Lee
    :sid: ''
    :email: ben+ml@example.edu
  :created_at: '2026-03-02 01:00:00 +0100'
submission_13:
  :submitters:
  - :name: ../../gone
    :sid: ..
submission_14:
  :submitters:
  - :name: Not There
    :sid: '9'
"""


def test_gradescope(tmp_path):
    top = "assignment_4242_export"
    source = zipped(
        tmp_path / "submissions.zip",
        {
            f"{top}/submission_metadata.yml": METADATA,
            f"{top}/submission_11/hw2-conv2d.ipynb": notebook("zoë"),
            f"{top}/submission_12/sub/any.ipynb": notebook("group"),
            f"{top}/submission_12/readme.txt": "hello",
            f"{top}/submission_13/hw2-conv2d.ipynb": notebook("nobody"),
            f"{top}/submission_15/hw2-conv2d.ipynb": notebook("unknown"),
            f"{top}/.DS_Store": "",
            f"__MACOSX/{top}/._submission_metadata.yml": "",
        },
    )
    students, said = collect(source, ASSIGNMENT, tmp_path)
    # an address with a plus cannot be a student's name for nbgrader; the full name can
    assert set(students) == {"3034", "anna@example.edu", "Ben Lee"}
    assert timestamp_of(tmp_path, "3034") == "2026-03-01 22:59:01.500000 UTC"
    assert timestamp_of(tmp_path, "Ben Lee") == "2026-03-02 00:00:00.000000 UTC"
    assert mark_of(tmp_path, "anna@example.edu") == mark_of(tmp_path, "Ben Lee") == "group"
    problems, notes = problems_and_notes(said)
    assert len(problems) == 3
    assert "submission_13: " in problems[0] and "names no submitter" in problems[0]
    assert "submission_15 is not in submission_metadata.yml" in problems[1]
    assert "submission_14 is in submission_metadata.yml and has no folder" in problems[2]
    assert notes == ["submission_12: not graded: readme.txt"]


def test_gradescope_metadata_that_cannot_be_read(tmp_path):
    for text in ("submission_1: [", "just words", "a: !!python/object/apply:os.system ['true']"):
        source = zipped(tmp_path / "s.zip", {"submission_metadata.yml": text, "submission_1/x.ipynb": NOTEBOOK})
        with pytest.raises(CourseError, match="submission_metadata.yml"):
            collect(source, ASSIGNMENT, tmp_path)


def test_the_exchange(tmp_path):
    inbound = laid_out(
        tmp_path / "inbound",
        {
            "ann+hw2-conv2d+2026-03-01 10:00:00.000000 UTC/hw2-conv2d.ipynb": notebook("first"),
            "ann+hw2-conv2d+2026-03-01 12:00:00.000000 UTC+c2VjcmV0/hw2-conv2d.ipynb": notebook("last"),
            "ann+hw2-conv2d+2026-03-01 11:00:00.000000 UTC+xyz/hw2-conv2d.ipynb": notebook("second"),
            "ann+hw1-filters+2026-02-01 11:00:00.000000 UTC/hw1-filters.ipynb": notebook("another"),
            "ben+hw2-conv2d+2026-03-01 13:30:00.000000 CET+a-_b/hw2-conv2d.ipynb": notebook("ben"),
            "cas+hw2-conv2d+last friday/hw2-conv2d.ipynb": notebook("cas"),
            "dan+hw2-conv2d+2026-03-01 10:00:00.000000 UTC/hw2-conv2d.txt": "no notebook",
        },
    )
    private = tmp_path / "private.ipynb"
    private.write_text(notebook("not the student's"))
    evil = inbound / "eve+hw2-conv2d+2026-03-01 10:00:00.000000 UTC"
    evil.mkdir()
    (evil / "hw2-conv2d.ipynb").symlink_to(private)
    students, said = collect(inbound, ASSIGNMENT, tmp_path)
    assert set(students) == {"ann", "ben", "dan", "eve"}
    assert mark_of(tmp_path, "ann") == "last"
    assert empty(tmp_path, "dan") and empty(tmp_path, "eve")
    assert timestamp_of(tmp_path, "ann") == "2026-03-01 12:00:00.000000 UTC"
    assert timestamp_of(tmp_path, "ben") == "2026-03-01 12:30:00.000000 UTC"
    problems, notes = problems_and_notes(said)
    assert sorted(line.split("+")[0].split(":")[0] for line in problems) == ["cas", "dan", "eve"]
    assert sum("was replaced by that of 2026-03-01 12:00:00" in line for line in notes) == 2
    assert "of other assignments: 1 of hw1-filters" in notes


def test_a_newer_source_without_a_time_leaves_no_old_time_behind(tmp_path):
    folder = "ann+hw2-conv2d+2026-03-01 10:00:00.000000 UTC"
    inbound = laid_out(tmp_path / "inbound", {f"{folder}/{ASSIGNMENT}.ipynb": notebook("exchange")})
    collect(inbound, ASSIGNMENT, tmp_path)
    collect(laid_out(tmp_path / "mail", {"ann.ipynb": notebook("mail")}), ASSIGNMENT, tmp_path)
    assert mark_of(tmp_path, "ann") == "mail" and timestamp_of(tmp_path, "ann") is None


def test_times():
    assert utc(datetime.datetime(2026, 3, 1, 12, 0)) == "2026-03-01 12:00:00.000000 UTC"
    assert utc("2026-07-01 12:00:00 Europe/Berlin") == "2026-07-01 10:00:00.000000 UTC"
    with pytest.raises(ValueError, match="XYZT"):
        utc("2026-03-01 12:00:00 XYZT")


def test_submitted_itself_and_other_assignments(tmp_path):
    own = f"submitted/ann/{ASSIGNMENT}/{ASSIGNMENT}.ipynb"
    laid_out(tmp_path, {own: notebook("ann"), f"submitted/ann/{ASSIGNMENT}/timestamp.txt": "2026-03-01 10:00:00 UTC"})
    students, said = collect(tmp_path / "submitted", ASSIGNMENT, tmp_path)
    assert students == ["ann"] and said == []
    assert timestamp_of(tmp_path, "ann") == "2026-03-01 10:00:00 UTC"


def test_who_hands_in_no_notebook_is_there_all_the_same(tmp_path):
    source = laid_out(
        tmp_path / "downloads",
        {
            "ann/hw2-conv2d.ipynb": notebook("ann"),
            "ben/hw2.py": "def out_size(): ...",
            "cas/hw2-conv2d/another name.ipynb": notebook("cas"),
            "dan/hw1-filters/hw1-filters.ipynb": notebook("another assignment"),
            "eve/a.ipynb": notebook("one"),
            "eve/b.ipynb": notebook("two"),
        },
    )
    (source / "fay").mkdir()
    students, said = collect(source, ASSIGNMENT, tmp_path)
    assert set(students) == {"ann", "ben", "cas", "fay"}
    assert mark_of(tmp_path, "cas") == "cas"
    assert empty(tmp_path, "ben") and empty(tmp_path, "fay")
    problems, notes = problems_and_notes(said)
    assert [line.split("/")[0] for line in problems] == ["ben", "eve", "fay"]
    assert notes == ["dan handed in nothing for hw2-conv2d"]


def test_no_notebook_does_not_replace_one_that_was_there(tmp_path):
    collect(
        laid_out(tmp_path / "first", {"ann/x.ipynb": notebook("ann"), "ben/x.ipynb": NOTEBOOK}), ASSIGNMENT, tmp_path
    )
    again = laid_out(tmp_path / "again", {"ann/x.txt": "sorry", "ben/x.ipynb": NOTEBOOK})
    students, said = collect(again, ASSIGNMENT, tmp_path)
    assert set(students) == {"ann", "ben"} and "ann/ holds 0 notebooks" in said[0]
    assert mark_of(tmp_path, "ann") == "ann"


@pytest.mark.parametrize("around", ["", "everything/"])
def test_a_zip_of_a_plain_folder(tmp_path, around):
    members = {f"{around}ann.ipynb": notebook("ann"), f"{around}ben/any.ipynb": notebook("ben")}
    members[f"{around}more.zip"] = ""
    students, said = collect(zipped(tmp_path / "all.zip", members), ASSIGNMENT, tmp_path)
    assert set(students) == {"ann", "ben"}
    assert len(said) == 1 and "more.zip is an archive" in said[0]


def test_whose_a_lone_notebook_is(tmp_path):
    students, _ = collect(zipped(tmp_path / "a.zip", {"ann/hw2-conv2d.ipynb": NOTEBOOK}), ASSIGNMENT, tmp_path)
    assert students == ["ann"]
    with pytest.raises(CourseError, match="is that a student"):
        collect(zipped(tmp_path / "b.zip", {"ann/any.ipynb": NOTEBOOK}), ASSIGNMENT, tmp_path)


def test_names_in_utf8_that_do_not_say_so(tmp_path):
    path = tmp_path / "mac.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("Zoe\u0308.ipynb", notebook("zoë"))
    # the flag that says UTF-8, cleared in the local and the central header
    raw = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.index(signature) + offset
        raw[at : at + 2] = b"\x00\x00"
    path.write_bytes(raw)
    students, said = collect(path, ASSIGNMENT, tmp_path)
    assert students == ["Zoë"] and said == []


def member(name, mode=0o644 | stat.S_IFREG):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def test_zip_files_that_mean_harm(tmp_path, monkeypatch):
    monkeypatch.setattr(unzip, "MAX_FILE", 2 * 2**20)
    path = tmp_path / "course" / "bad.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("honest.ipynb", notebook("honest"))
        for name in ("../outside.ipynb", "/absolute.ipynb", "..\\windows.ipynb", "C:\\x.ipynb", "a/../../b.ipynb"):
            bundle.writestr(name, NOTEBOOK)
        bundle.writestr(member("link.ipynb", 0o777 | stat.S_IFLNK), "/etc/passwd")
        bundle.writestr("bomb.ipynb", b" " * (3 * 2**20))
        bundle.writestr("x" * 250 + ".ipynb", NOTEBOOK)
        bundle.writestr("bell\x07.ipynb", NOTEBOOK)
        bundle.writestr("damaged.ipynb", NOTEBOOK)
        with pytest.warns(UserWarning, match="Duplicate name"):
            bundle.writestr("honest.ipynb", notebook("honest, again"))
        start = bundle.getinfo("damaged.ipynb").header_offset
    raw = bytearray(path.read_bytes())
    raw[start + 100 : start + 110] = bytes(10)
    path.write_bytes(raw)
    students, said = collect(path, ASSIGNMENT, path.parent)
    assert students == ["honest"]
    assert mark_of(path.parent, "honest") == "honest, again"
    told = "\n".join(said)
    assert told.count("leads out of the folder") == 5
    for words in ("'link.ipynb' is a link", "'bomb.ipynb' is larger than", "has too long a name", "control characters"):
        assert words in told
    assert "'damaged.ipynb' is damaged" in told and "honest.ipynb is there twice" in told
    assert len(said) == 11 and not any(isinstance(line, Note) for line in said)
    written = {p.relative_to(path.parent).parts[0] for p in path.parent.rglob("*")}
    assert written == {"bad.zip", "submitted"} and [p.name for p in tmp_path.iterdir()] == ["course"]


def test_a_zip_file_beyond_the_limits(tmp_path, monkeypatch):
    path = zipped(tmp_path / "s.zip", {"a.ipynb": NOTEBOOK, "b.ipynb": NOTEBOOK})
    monkeypatch.setattr(unzip, "MAX_TOTAL", len(NOTEBOOK) + 10)
    with pytest.raises(CourseError, match="unpacks to more than"):
        collect(path, ASSIGNMENT, tmp_path)
    monkeypatch.setattr(unzip, "MAX_FILES", 1)
    with pytest.raises(CourseError, match="has 2 members"):
        collect(path, ASSIGNMENT, tmp_path)


def test_a_zip_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "s.zip"
    path.write_bytes(b"no zip file")
    with pytest.raises(CourseError, match="s.zip is no zip file that can be read"):
        collect(path, ASSIGNMENT, tmp_path)
    zipped(path, {"ann.ipynb": NOTEBOOK})
    raw = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + offset] |= 1
    path.write_bytes(raw)
    with pytest.raises(CourseError, match="s.zip is encrypted"):
        collect(path, ASSIGNMENT, tmp_path)


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab./\\:\x00\n ~Zë\u0308C"), min_size=1, max_size=20))
def test_no_name_leads_out(name):
    info = zipfile.ZipInfo("x")
    info.filename = name
    try:
        path = unzip.safe_path(info)
    except unzip.Refused:
        return
    assert path is None or (not path.is_absolute() and ".." not in path.parts)


def test_what_is_kept_of_earlier_collections(tmp_path):
    collect(zipped(tmp_path / "one.zip", {"leeben_503_9003_a.ipynb": NOTEBOOK}), ASSIGNMENT, tmp_path)
    collect(zipped(tmp_path / "two.zip", {"mayeva_505_9004_a.ipynb": NOTEBOOK}), ASSIGNMENT, tmp_path)
    assert set(json.loads((tmp_path / "collected" / f"{ASSIGNMENT}.json").read_text())) == {"leeben_503", "mayeva_505"}
