"""How Canvas, Moodle, Gradescope and nbgrader's exchange name what students handed in."""

import re
from collections import Counter, defaultdict
from pathlib import Path

import yaml
from dateutil import parser, tz

from autograder.candidates import Candidate, NoNotebook, Note, choose_notebook, is_notebook, usable_name
from autograder.errors import CourseError

CANVAS = re.compile(
    r"(?:(?P<name>.*?)_(?P<late>LATE_)?(?P<user>\d+)|(?P<late_too>LATE_)?(?P<anonymous>anon_[A-Za-z0-9]+))"
    r"_(?:(?P<file>[1-9]\d*)_(?P<own>.+)|(?P<entry>text|link)\.html)"
)
MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<own>.*))?")
METADATA = "submission_metadata.yml"


class Metadata(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Plain data alone, quickly, from a file that a Ruby program wrote."""


def without_class(loader, _, node):
    """What is marked as an object of some Ruby class, as the table, list or text that it is."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else loader.construct_scalar(node)


Metadata.add_multi_constructor("!ruby/", without_class)


def utc(timestamp) -> str:
    """A time in the form that nbgrader's exchange writes; raises ``ValueError`` for what is none.

    >>> utc("2026-03-01 23:59:00.5 +0100")
    '2026-03-01 22:59:00.500000 UTC'
    """
    text = str(timestamp)
    *day_and_hour, zone = text.removesuffix(" Z").split(" ")
    if len(day_and_hour) == 2 and not zone.lstrip("+-").isdecimal():  # as nbgrader reads it
        if tz.gettz(zone) is None:
            raise ValueError(f"{text!r} is in a time zone that is not known: {zone}")
        moment = parser.parse(" ".join(day_and_hour)).replace(tzinfo=tz.gettz(zone))
    else:
        moment = parser.parse(text)
    moment = moment.replace(tzinfo=tz.UTC) if moment.tzinfo is None else moment.astimezone(tz.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC")


def exchange(entries: list[Path], assignment: str, said: list[str]) -> list[Candidate]:
    """nbgrader's inbound folder: ``STUDENT+ASSIGNMENT+TIMESTAMP``, mostly followed by ``+`` and a random string.

    See ``init_dest`` in ``nbgrader/exchange/default/submit.py``. The newest attempt of a student is the one that
    counts. Students can write into these folders: links in them are not followed.
    """
    attempts: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    others: Counter[str] = Counter()
    for entry in entries:
        # a name may hold a plus; the assignment's cannot
        name, _, rest = entry.name.rpartition(f"+{assignment}+")
        if not name:
            others[entry.name.split("+")[1]] += 1
            continue
        try:
            student, timestamp = usable_name(name), utc(rest.split("+")[0])
            attempts[student].append((timestamp, entry))
        except (CourseError, ValueError) as error:
            said.append(f"{entry.name}: {error}")
    if others:
        said.append(Note(f"of other assignments: {', '.join(f'{n} of {name}' for name, n in sorted(others.items()))}"))
    found = []
    for student, dated in attempts.items():
        (timestamp, newest), *older = sorted(dated, reverse=True)
        for when, _ in older:
            said.append(Note(f"{student}: the attempt of {when} was replaced by that of {timestamp}"))
        try:
            files = [(path.name, path) for path in newest.iterdir() if path.is_file() and not path.is_symlink()]
            notebook = choose_notebook(files, assignment, f"{newest.name}/")
        except NoNotebook as error:
            said.append(str(error))
            notebook = None
        except (CourseError, OSError) as error:
            said.append(str(error))
            continue
        said.extend(left_over([path for _, path in files], {notebook}, student))
        found.append(Candidate(student, notebook, timestamp, {"source": "exchange", "id": student}))
    return found


def canvas(files: list[Path], assignment: str, said: list[str]) -> list[Candidate]:
    """Canvas: ``lastnamefirstname_[LATE_]USERID_FILEID_FILENAME``, ``[LATE_]anon_ID_FILEID_FILENAME`` if anonymous.

    See ``lib/content_zipper.rb`` of canvas-lms: the name is lower-case without spaces and punctuation, FILEID is the
    attachment's, text entries end in ``_text.html`` and links in ``_link.html``. Only the last attempt is there, and
    not its time. A student's gradebook name is ``lastnamefirstname_USERID``.
    """
    by_user: dict[str, list[tuple[re.Match, Path]]] = defaultdict(list)
    for path in files:
        match = CANVAS.fullmatch(path.name)
        by_user[match["user"] or match["anonymous"]].append((match, path))
    found = []
    for user, matches in by_user.items():
        name = matches[0][0]["name"] or ""
        student = f"{name}_{user}" if name else user
        try:
            usable_name(student)
            if entries := [match["entry"] for match, _ in matches if match["entry"]]:
                raise NoNotebook(f"{student} handed in no file: {entries[0]}.html")
            notebook = choose_notebook([(match["own"], path) for match, path in matches], assignment, student)
        except NoNotebook as error:
            said.append(str(error))
            notebook = None
        except CourseError as error:
            said.append(str(error))
            continue
        said.extend(left_over([path for _, path in matches], {notebook}, student))
        late = any(match["late"] or match["late_too"] for match, _ in matches)
        found.append(Candidate(student, notebook, None, {"source": "canvas", "id": user, "name": name, "late": late}))
    return found


def moodle(entries: list[Path], assignment: str, said: list[str]) -> list[Candidate]:
    """Moodle: folders ``Full Name_NUMBER_assignsubmission_file``, in older ones with an underscore at the end, or,
    not downloaded in folders, files ``Full Name_NUMBER_assignsubmission_file_FILENAME``.

    See ``mod/assign/classes/downloader.php``: underscores in a name are spaces here; NUMBER is the participant's for
    this assignment alone, as in the column Identifier of the grading worksheet. So a student's gradebook name is the
    full name, with the number only where two share it.
    """
    by_participant: dict[tuple[str, str], list[Path]] = defaultdict(list)
    handed: dict[tuple[str, str], list[tuple[str, Path]]] = defaultdict(list)
    for entry in entries:
        match = MOODLE.fullmatch(entry.name)
        who = (match["name"], match["id"])
        files = [path for path in sorted(entry.rglob("*")) if path.is_file()] if entry.is_dir() else [entry]
        by_participant[who] += files
        if match["plugin"] == "file":
            handed[who] += [(path.name if entry.is_dir() else match["own"], path) for path in files]
    namesakes = Counter(name for name, _ in by_participant)
    found = []
    for (name, number), files in by_participant.items():
        student = name if namesakes[name] == 1 else f"{name}_{number}"
        try:
            usable_name(student)
            notebook = choose_notebook(handed[name, number], assignment, student)
        except NoNotebook as error:
            said.append(str(error))
            notebook = None
        except CourseError as error:
            said.append(str(error))
            continue
        said.extend(left_over(files, {notebook}, student))
        found.append(Candidate(student, notebook, None, {"source": "moodle", "id": number, "name": name}))
    for name, count in namesakes.items():
        if count > 1:
            said.append(Note(f"{count} participants are called {name}: their numbers are added to their names"))
    return found


def gradescope(folder: Path, assignment: str, said: list[str]) -> list[Candidate]:
    """Gradescope: folders ``submission_NUMBER`` beside ``submission_metadata.yml``, which maps a folder's name to
    ``:submitters`` (a list of ``:name``, ``:sid``, ``:email``; several in a group) and ``:created_at``.

    Gradescope documents the download but not the file; the keys are as programs that read it use them. A student's
    gradebook name is the sid, or the address or name where there is none. Each of a group gets the notebook.
    """
    try:
        metadata = yaml.load((folder / METADATA).read_text(encoding="utf-8"), Loader=Metadata)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise CourseError(f"{METADATA} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(metadata, dict):
        raise CourseError(f"{METADATA} is no table of submissions")
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name == METADATA or entry.name.startswith("."):
            continue
        try:
            about = metadata.pop(entry.name, None)
            if not isinstance(about, dict):
                raise CourseError(f"{entry.name} is not in {METADATA}: whose it is cannot be told")
            files = [path for path in sorted(entry.rglob("*")) if path.is_file()]
            timestamp = utc(about[":created_at"]) if about.get(":created_at") else None
            people = [submitter(person) for person in about.get(":submitters") or [{}]]
            notebook = choose_notebook([(path.name, path) for path in files], assignment, f"{entry.name}/")
        except NoNotebook as error:
            said.append(str(error))
            notebook = None
        except (CourseError, ValueError, TypeError) as error:
            said.append(f"{entry.name}: {error}" if entry.name not in str(error) else str(error))
            continue
        said.extend(left_over(files, {notebook}, entry.name))
        found += [Candidate(person["student"], notebook, timestamp, person) for person in people]
    said.extend(f"{name} is in {METADATA} and has no folder" for name in metadata)
    return found


def submitter(person: dict) -> dict:
    """Identity of a Gradescope submitter; raises ``CourseError`` where nothing in it can name a student."""
    if not isinstance(person, dict):
        raise CourseError(f"{METADATA} has a submitter that is no table")
    sid, address, name = (str(person.get(key) or "").strip() for key in (":sid", ":email", ":name"))
    for student in filter(None, (sid, address, name)):
        try:
            usable_name(student)
        except CourseError:
            continue
        return {"student": student, "source": "gradescope", "id": sid, "email": address, "name": name}
    raise CourseError(f"{METADATA} names no submitter by a sid, address or name that can be used")


def left_over(files: list[Path], used: set[Path], whose: str) -> list[Note]:
    """One note about the files of a student that are not graded; none where there are none."""
    rest = sorted(path.name for path in files if path not in used and path.name != "timestamp.txt")
    if not rest:
        return []
    more = f" and {len(rest) - 5} more" if len(rest) > 5 else ""
    return [Note(f"{whose}: not graded: {', '.join(rest[:5])}{more}")]


def looks_like_canvas(files: list[Path]) -> bool:
    """Whether all of a folder's files are named as Canvas does, one of them a notebook."""
    return all(CANVAS.fullmatch(path.name) for path in files) and any(map(is_notebook, files))
