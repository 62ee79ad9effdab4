"""The audit: identical code whatever things are called, numbers that are right, a page that is safe to open."""

import html
import json
import re
import statistics

import pytest
from instructors import FLIPPED, FROM_ZERO, IMAGE, here, retold
from submissions import ASSIGNMENT, solution_answers

from autograder.audit import audit, distribution, mistakes_made, outliers
from autograder.audit_page import render
from autograder.course import Course
from autograder.exercises import ASSIGNMENTS
from autograder.records import read_records, write_record
from autograder.similarity import LEAST, fingerprint, identical, shared_by_pairs

FUNCTION = "conv_forward_naive"
SAME = [
    retold(FLIPPED),
    "# mine\n" + FLIPPED,
    FLIPPED.replace(" = ", "  =  "),
    FLIPPED.replace(":\n", ":\n    'In my own words.'\n", 1),
    re.sub(r"def conv_forward_naive\((\w+)", r"def conv_forward_naive(\1: list", FLIPPED),
]


@pytest.mark.parametrize("number", range(len(SAME)))
def test_what_does_not_change_the_code(number):
    assert SAME[number] != FLIPPED
    assert fingerprint(SAME[number], FUNCTION) == fingerprint(FLIPPED, FUNCTION)


@pytest.mark.parametrize(
    "one, other",
    [
        ("def f(a, b):\n    return a - b", "def f(a, b):\n    return b - a"),
        ("def f(x):\n    return x.sum()", "def f(x):\n    return x.mean()"),
        ("def f(x):\n    return np.abs(x)", "def f(x):\n    return abs(x)"),
        ("def f(x):\n    return g(x, axis=0)", "def f(x):\n    return g(x, dtype=0)"),
        ("def f(x):\n    return x[0]", "def f(x):\n    return x[1]"),
        ("def f(x):\n    y = x\n    return y", "def f(x):\n    return x"),
    ],
)
def test_what_does_change_it(one, other):
    assert fingerprint(one, "f")[0] != fingerprint(other, "f")[0]


@pytest.mark.parametrize(
    "one, other",
    [
        ("import numpy as np\ndef f(x):\n    return np.abs(x)", "import numpy\ndef f(x):\n    return numpy.abs(x)"),
        (
            "def f(x):\n    def h(a): return a\n    return h(a=x)",
            "def f(z):\n    def g(b): return b\n    return g(b=z)",
        ),
        ("%time\ndef f(x):\n    return x", "def f(x):\n    return x"),
        ("def f(x) -> int:\n    y: int = x\n    return y", "def f(a):\n    b = a\n    return b"),
        ("def f(x:\n    return # a", "def f(x:\n    return   # b"),
        ("try:\n    f()\nexcept E as e:\n    print(e)", "try:\n    f()\nexcept E as error:\n    print(error)"),
    ],
)
def test_more_that_does_not(one, other):
    assert fingerprint(one, "f") == fingerprint(other, "f")


@pytest.mark.parametrize(
    "source", ["", "x = (" * 500, "\0", "def f(:", "(" * 10_000, "lambda: " * 3000 + "1", "'\ud800'"]
)
def test_any_source_has_a_fingerprint(source):
    assert fingerprint(source, "f") == fingerprint(source, "f")


def test_groups_leave_out_the_stub_and_what_is_short():
    stub = FLIPPED.replace("return", "raise NotImplementedError  # return")
    answers = {
        "ann": {FUNCTION: FLIPPED, "out_size": "def out_size(n, k): return n - k + 1"},
        "ben": {FUNCTION: retold(FLIPPED), "out_size": "def out_size(n, k): return n - k + 1"},
        "cas": {FUNCTION: stub},
        "dan": {FUNCTION: stub},
        "eve": {FUNCTION: solution_answers()[f"{FUNCTION}-answer"]},
    }
    assert fingerprint(stub, FUNCTION)[1] >= LEAST
    (group,) = identical(answers, {FUNCTION: stub}, {FUNCTION: FLIPPED})
    assert (group.students, group.function, group.source, group.is_solution) == (
        ("ann", "ben"),
        FUNCTION,
        FLIPPED,
        True,
    )


def test_pairs():
    big = {name: {"f": FLIPPED, "g": FROM_ZERO} for name in "abc"}
    groups = identical({**big, "c": {"f": FLIPPED}}, {})
    assert shared_by_pairs(groups) == [("a", "b", ["f", "g"])]
    assert shared_by_pairs(groups, least=1)[1:] == [("a", "c", ["f"]), ("b", "c", ["f"])]
    assert shared_by_pairs(groups, largest=2, least=1) == [("a", "b", ["g"])]


def test_numbers():
    assert distribution([]) == {"count": 0}
    assert distribution([3.0])["lower quartile"] == 3.0
    records = {name: {"seconds": seconds} for name, seconds in zip("abcde", (1.0, 1.1, 0.9, 2.5, 20.0), strict=True)}
    median, above = outliers(records, "seconds", 1.0)
    assert median == statistics.median([1.0, 1.1, 0.9, 2.5, 20.0]) and above == [("e", 20.0)]
    assert outliers({"a": {"seconds": 0.0}}, "seconds", 1.0) == (0.0, [])


def test_mistakes_are_counted(course):
    found = mistakes_made(ASSIGNMENTS[ASSIGNMENT], read_records(course, ASSIGNMENT), {FUNCTION: {"ben"}})
    by_function = {one["exercise"].function: one for one in found}
    conv, pool = by_function[FUNCTION], by_function["max_pool_forward_naive"]
    assert [(name, count) for name, _, count in conv["mistakes"]] == [("kernel flipped", 3)]
    assert (conv["failed"], conv["graded"], conv["untouched"], conv["unknown"]) == (4, 6, ["ben"], [])
    assert [(name, count) for name, _, count in pool["mistakes"]] == [("starts at zero", 2)]
    assert pool["unknown"] == ["ben"] and "Your maximum starts at 0" in pool["mistakes"][0][1]
    assert conv["mean"] == pytest.approx(25 * 2 / 6)


def test_records_are_whole_or_refused(tmp_path, course):
    record = read_records(course, ASSIGNMENT)["ann"]
    path = write_record(tmp_path, record)
    assert json.loads(path.read_text()) == record and [p.name for p in path.parent.iterdir()] == ["ann.json"]
    for changes, message in (
        ({"score": "12"}, "score is '12', expected int or float"),
        ({"memory": True}, "memory is True, expected int"),
        ({"exercises": {"hw2.out_size": {"score": 1}}}, "expected score, points, failed and mistakes"),
    ):
        with pytest.raises(ValueError, match=message):
            write_record(tmp_path, {**record, **changes})
    with pytest.raises(Exception, match="cannot be a student's name"):
        write_record(tmp_path, {**record, "student": "../ann"})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_record(tmp_path, {**record, "score": float("nan")})
    assert read_records(tmp_path, ASSIGNMENT) == {"ann": record}
    path.write_text('{"assignment"')
    with pytest.raises(ValueError, match=r"ann.json is no record: .*; delete it and grade"):
        read_records(tmp_path, ASSIGNMENT)


@pytest.fixture(scope="module")
def audited(course, tmp_path_factory):
    target = tmp_path_factory.mktemp("audit") / "audit.html"
    result = here("audit", ASSIGNMENT, "--out", target, "--root", course)
    assert result.exit_code == 0, result.stderr
    return target


def section(text: str, name: str) -> str:
    return re.search(rf'<h2 id="{name}">.*?(?=<h2|</body>)', text, re.DOTALL)[0]


def test_the_page_tells_what_was_graded(audited):
    text = audited.read_text()
    assert "kernel flipped" in section(text, "mistakes") and "Your maximum starts at 0" in section(text, "mistakes")
    same = section(text, "identical")
    group = re.search(r"<h3><code>conv_forward_naive</code>: 2 students.*?</ul>", same, re.DOTALL)[0]
    assert "a wrong answer" in group
    assert set(re.findall(r"<li>(.*?)</li>", group)) == {"cas", "dan"}
    assert "Identity is no proof" in same
    assert "fay&#39;s notebook cannot be read" in text
    matrix = section(text, "matrix")
    for exercise in ASSIGNMENTS[ASSIGNMENT]:
        count = len(exercise.mistakes)
        assert f"{count} of {count} wrong implementations rejected" in matrix
    assert matrix.count('class="bad"') == 0
    students = section(text, "students")
    assert len(re.findall(r'<th scope="row">', students)) == 7


def test_the_page_is_safe_and_alone(audited, browser):
    text = audited.read_text()
    assert IMAGE not in text and html.escape(IMAGE) in text
    assert "<script" not in text
    for scheme in ("light", "dark"):
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            asked, complaints = [], []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, told=complaints: told.append(message.text))
            page.on("dialog", lambda dialog, told=complaints: told.append("dialog"))
            page.goto(audited.as_uri())
            assert asked == [audited.as_uri()] and complaints == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("img, script, iframe").count() == 0
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 380) == (scheme == "dark")
            page.close()


def test_a_page_without_records(course):
    """Graded by stock nbgrader: there is a page, and it says what it lacks."""
    table = Course(course).standings(ASSIGNMENT)
    text = render(audit(course, ASSIGNMENT, table, {}, {}, []))
    assert "No record of 7 graded submissions" in text and "a wrong answer" not in text


def test_an_audit_of_nothing(course):
    result = here("audit", "hw9", "--root", course)
    assert result.exit_code == 1 and "no assignment is called 'hw9'" in result.stderr
