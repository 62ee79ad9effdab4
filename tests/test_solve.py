"""Exercises that are solved in the page: what is packed for them, and the page in a browser.

Pyodide is real here. Its NumPy is not: what these tests let it fetch is a stand-in that does whole numbers, enough for
one exercise and its check. Not tested, therefore: Pyodide's own NumPy, its CDN, and the other exercises in a browser.
They are run here through the same pack and the same entry, in the ordinary Python with its NumPy.
"""

import functools
import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from solve_book import small_book, stand_in
from submissions import ROOT, released, solution_answers, solved

from autograder import inpage
from convbook import solve_files, solving

CORE = ROOT / "book" / "_vendor" / "pyodide"
RIGHT = "def out_size(n, k, s=1, p=0, d=1):\n    return (n + 2 * p - d * (k - 1) - 1) // s + 1\n"


@pytest.fixture(scope="module")
def pack():
    return solve_files.course_pack(solve_files.listing())


# Run where nothing but the pack, NumPy and Python's own library can be imported.
LONE = """
import contextlib, io, json, sys, zipfile
zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])
class Only:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {"numpy", "autograder", "convbook", *sys.stdlib_module_names}:
            raise ModuleNotFoundError(f"No module named {top!r}", name=top)
sys.meta_path[:] = [Only(), *(finder for finder in sys.meta_path if "editable" not in repr(finder).lower())]
sys.path.insert(0, sys.argv[2])
from autograder import check, inpage
from autograder.exercises import ASSIGNMENTS
assert inpage.__file__.startswith(sys.argv[2])
said = {}
for name, cells in json.load(sys.stdin).items():
    exercises = {exercise.function: exercise for exercise in ASSIGNMENTS[name]}
    earlier = []
    for cell in cells:
        if exercise := exercises.get(cell["name"]):
            with contextlib.redirect_stdout(io.StringIO()):
                done = inpage.run(earlier, [cell], f'check("{exercise.id}", {exercise.function})')
            mistake, printed = exercise.mistakes[0], io.StringIO()
            with contextlib.redirect_stdout(printed):
                check(exercise.id, mistake.function)
            said[exercise.id] = [done, exercise.points, mistake.sentence in printed.getvalue()]
        earlier.append(cell)
json.dump(said, sys.stdout)
"""


def as_cells(assignment: str) -> list[dict]:
    """The solved notebook's cells as the page hands them over."""
    cells = []
    for number, cell in enumerate(solved(assignment).cells):
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and not marks.get("grade"):
            name = marks["grade_id"].removesuffix("-answer") if marks else f"given-{number}"
            cells.append({"name": name, "source": cell.source, "given": not marks})
    return cells


def test_what_is_packed_checks_every_exercise_with_numpy_alone(pack, tmp_path):
    """Each assignment's solution, cell by cell, gets all points; a catalogued mistake is named."""
    solvable, packed = pack
    (tmp_path / "course.zip").write_bytes(packed)
    request = json.dumps({name: as_cells(name) for name in solvable})
    command = [sys.executable, "-c", LONE, str(tmp_path / "course.zip"), str(tmp_path / "course")]
    ran = subprocess.run(command, input=request, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    said = json.loads(ran.stdout)
    assert len(said) == sum(1 for name in solvable for cell in released(name).cells if is_grade(cell))
    expected = {
        id: [{"troubles": [], "error": "", "points": points}, points, True] for id, (_, points, _) in said.items()
    }
    assert said == expected


def is_grade(cell) -> bool:
    return cell.cell_type == "code" and bool(cell.metadata.get("nbgrader", {}).get("grade"))


def test_what_is_packed_is_no_secret_and_the_same_each_time(pack):
    solvable, packed = pack
    assert solvable == [f"hw{k}-{rest}" for k, rest in PAGES.items()]
    assert solve_files.course_pack(solve_files.listing()) == pack
    assert len(packed) < 450_000
    assert b"BEGIN SOLUTION" not in packed


PAGES = {
    1: "filters",
    2: "conv2d",
    3: "groups-dilation",
    4: "backprop",
    6: "visualization",
    7: "detection",
}


def test_every_assignment_that_can_be_has_a_page_and_its_chapter_leads_there(pack):
    for k, rest in PAGES.items():
        assert f"{{solve}} hw{k}-{rest}\n" in (ROOT / f"book/solve-hw{k}.md").read_text()
        assert f"](solve-hw{k}.md)" in next((ROOT / "book").glob(f"0{k}-*.md")).read_text()


def test_a_traceback_is_of_the_students_lines_alone(capsys):
    import_cell = {"name": "imports", "source": "import numpy as np", "given": True}
    fails = {"name": "one", "source": "def f(x):\n    return np.stack([x, 1 / x])"}
    done = inpage.run([import_cell, fails], [{"name": "try", "source": "f(0)"}])
    assert done["error"].count("File ") == 2 and 'File "<one>", line 2, in f' in done["error"]
    done = inpage.run([import_cell, fails], [{"name": "try", "source": "f([1])"}])
    assert "inpage" not in done["error"] and "numpy" not in done["error"].rpartition("\n")[0]
    assert inpage.run([], [{"name": "a", "source": "raise SystemExit(3)"}])["error"].endswith("SystemExit: 3")
    assert capsys.readouterr().out == ""


def test_a_given_cell_defines_and_does_not_work_again(capsys):
    given = {"name": "given", "source": "def f():\n    return 5\n\nprint(1 / 0)", "given": True}
    assert inpage.run([given], [{"name": "a", "source": "f()"}])["troubles"] == []
    given["given"] = False
    assert inpage.run([given], [{"name": "a", "source": "f()"}])["troubles"] == [
        "given: ZeroDivisionError: division by zero"
    ]
    assert capsys.readouterr().out == "5\n5\n"


# ---- the distribution


def test_a_supplied_distribution_is_checked(tmp_path):
    folder = stand_in(tmp_path / "full")
    wheel = solve_files.wheel_of(folder, CORE)
    assert solve_files.VERSION in (CORE / "pyodide.mjs").read_text()
    with pytest.raises(ValueError, match="no pyodide-lock.json"):
        solve_files.wheel_of(tmp_path, CORE)
    lock = json.loads((folder / "pyodide-lock.json").read_text())
    wheel.write_bytes(wheel.read_bytes() + b" ")
    with pytest.raises(ValueError, match="has the SHA-256"):
        solve_files.wheel_of(folder, CORE)
    wheel.unlink()
    with pytest.raises(ValueError, match="is missing"):
        solve_files.wheel_of(folder, CORE)
    lock["info"]["python"] = "3.12.1"
    (folder / "pyodide-lock.json").write_text(json.dumps(lock))
    with pytest.raises(ValueError, match="3.12.1.*the book has"):
        solve_files.wheel_of(folder, CORE)


def test_numpy_is_fetched_and_checked(tmp_path):
    """From a folder in the place of the CDN: what comes must have the hash that Pyodide's lock has."""
    name = json.loads((CORE / "pyodide-lock.json").read_text())["packages"]["numpy"]["file_name"]
    target = tmp_path / "_build" / "pyodide"
    (tmp_path / "cdn").mkdir()
    with pytest.raises(OSError):
        solve_files.fetch(target, CORE, (tmp_path / "cdn").as_uri() + "/")
    assert solve_files.distribution(tmp_path) is None, "the next build would look there for NumPy"
    (tmp_path / "cdn" / name).write_bytes(b"something else")
    with pytest.raises(ValueError, match="has the SHA-256"):
        solve_files.fetch(target, CORE, (tmp_path / "cdn").as_uri() + "/")
    assert solve_files.distribution(tmp_path) is None


def test_an_assignment_that_there_is_not():
    with pytest.raises(ValueError, match="no assignment 'hw9'.*hw1-filters"):
        solving.released(ROOT, "hw9")


# ---- the page


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A small book with the stand-in for NumPy, and its address."""
    folder = tmp_path_factory.mktemp("solve")
    pages = small_book(folder / "book", stand_in(folder / "full"))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=pages))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield pages, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def opened(page, book):
    page.goto(f"{book[1]}/book/solve-hw2.html")
    page.wait_for_selector(".solve-panel[data-mounted]")
    cell = page.locator("#solve-out_size")
    page.add_style_tag(content="section { content-visibility: visible !important }")  # else only what is near is there
    cell.scroll_into_view_if_needed()
    return cell


def write(page, cell, code):
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)


def done(page) -> str:
    page.wait_for_selector("#solve-out_size .solve-output[data-state=done]", timeout=150_000)
    return page.locator("#solve-out_size .solve-output").inner_text()


def test_an_exercise_is_solved_in_the_page(browser, book):
    page, asked, errors = browser.new_page(viewport={"width": 1280, "height": 1000}), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    cell = opened(page, book)
    assert not [url for url in asked if "codemirror" in url or "pyodide" in url]
    cell.get_by_role("button", name="Solve it here").click()
    cell.locator(".cm-content").wait_for()
    assert not [url for url in asked if "pyodide" in url]

    # without the network the page says so, and tries again
    page.route("**/numpy-*.whl", lambda route: route.abort())
    cell.get_by_role("button", name="Check").click()
    assert "NumPy did not come from 127.0.0.1" in done(page)
    assert "make lab" in page.locator(".solve-status").inner_text()
    page.unroute("**/numpy-*.whl")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_function("document.querySelector('.solve-status').textContent.includes('is ready')", timeout=150_000)

    # Run: the first example of the docstring, and an error in the student's own lines
    assert cell.locator("textarea").input_value() == "out_size(32, 5)"
    cell.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('#solve-out_size .solve-output').innerText.includes('NotImpl')")
    text = done(page)
    assert "NotImplementedError: write this function" in text and "File" in text and "inpage" not in text
    write(page, cell, RIGHT)
    cell.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('#solve-out_size .solve-output pre').textContent === '28\\n'")

    # Check: the mistake is named, with its paragraph in this book
    write(page, cell, RIGHT.replace(" + 1\n", "\n"))
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "document.querySelector('#solve-out_size .solve-output').innerText.includes('0 of 8 points')"
    )
    text = done(page)
    assert "You are one short" in text
    assert cell.locator(".solve-output a").get_attribute("href") == f"{book[1]}/book/02-conv2d.html#conv2d-output-size"
    assert cell.locator(".solve-score").inner_text() == "0 of 8 points"

    # a loop without an end is stopped, what was written stays, and Python starts again
    write(page, cell, RIGHT + "\nprint('here')\nwhile True:\n    print('x' * 1000)\n")
    cell.get_by_role("button", name="Run").click()
    page.wait_for_function(
        "document.querySelector('#solve-out_size .solve-output').innerText.includes('rest is not shown')"
    )
    cell.get_by_role("button", name="Stop").click()
    assert done(page).rstrip().endswith("Stopped.")
    assert "while True" in cell.locator(".cm-content").inner_text()
    write(page, cell, RIGHT)
    cell.get_by_role("button", name="Check").click()
    assert "8 of 8 points" in done(page)
    assert cell.locator(".solve-score").inner_text() == "8 of 8 points"
    assert page.locator(".solve-panel strong").inner_text().startswith("8 of 94 points")
    assert all(url.startswith((book[1], "blob:")) for url in asked), "nothing left the book"

    # the work is there when the reader comes back
    cell = opened(page, book)
    cell.locator(".cm-content").wait_for()
    assert "// s + 1" in cell.locator(".cm-content").inner_text()
    assert cell.locator(".solve-score").inner_text() == "8 of 8 points"
    page.close()
    assert errors == []


def test_python_that_broke_down_starts_again(page, book):
    """A timer of the student's own throws outside of any run."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    cell = opened(page, book)
    cell.get_by_role("button", name="Solve it here").click()
    write(page, cell, RIGHT + "\nimport js\n_ = js.eval('setTimeout(() => { throw new Error(`late`) })')\n")
    with page.expect_worker() as worker:
        cell.get_by_role("button", name="Run").click()
    with worker.value.expect_event("close", timeout=150_000):
        pass
    assert done(page) == "28\n"
    assert "could not be fetched" not in page.locator(".solve-status").inner_text()
    write(page, cell, RIGHT)
    cell.locator("textarea").fill("out_size(9, 5)")
    cell.get_by_role("button", name="Run").click()
    wait = "document.querySelector('#solve-out_size .solve-output pre').textContent === '5\\n'"
    page.wait_for_function(wait, timeout=150_000)
    assert errors == []


# Events whose order no page can be made to follow: what a worker still says after it was ended, and during the next.
LAST_WORDS = """async (module) => {
  const made = [], told = [], wait = () => new Promise(setTimeout);
  const event = (message) => ({ message, preventDefault() {} });
  window.Worker = class {
    constructor() { made.push(this); }
    postMessage() {}
    terminate() { this.isOver = true; }
  };
  const { Python } = await import(module);
  const python = new Python({}, (message) => told.push(message));
  const first = python.run({}, () => {});
  made[0].onmessage({ data: { ready: 1 } });
  await wait();
  python.stop();
  const second = python.run({}, () => {});
  made[0].onerror(event("late"));
  made[0].onmessage?.({ data: { broken: "late" } });
  made[1].onmessage({ data: { ready: 1 } });
  await wait();
  made[1].onmessage({ data: { done: { points: 8 } } });
  const third = python.run({}, () => {});
  await wait();
  made[1].onerror(event("torn"));
  const answers = [await first, await second, await third];
  return { answers, over: made.map(({ isOver }) => !!isOver), failed: told.filter(({ failed }) => failed) };
}"""


def test_an_ended_workers_last_words_are_not_about_the_next(page, book):
    opened(page, book)
    said = page.evaluate(LAST_WORDS, f"{book[1]}/solve/python.mjs")
    assert said["answers"][:2] == [None, {"points": 8}] and said["failed"] == []
    assert said["answers"][2]["error"] == "Python broke down, and starts again next time. torn"
    assert said["over"] == [True, True]


def test_the_notebook_that_is_downloaded_is_graded(page, book, tmp_path):
    """All answers written in the page, the notebook downloaded, and graded by the course's own command."""
    cell = opened(page, book)
    answers = {grade_id.removesuffix("-answer"): code for grade_id, code in solution_answers().items()}
    page.evaluate(
        "(answers) => { for (const [name, code] of Object.entries(answers))"
        " localStorage.setItem(`convbook:hw2-conv2d:${name}`, JSON.stringify({ code })); }",
        {name: code for name, code in answers.items() if name != "out_size"},
    )
    cell = opened(page, book)
    cell.get_by_role("button", name="Solve it here").click()
    write(page, cell, RIGHT)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the notebook").click()
    assert download.value.suggested_filename == "hw2-conv2d.ipynb"
    target = tmp_path / "handed in" / "ada" / "hw2-conv2d.ipynb"
    target.parent.mkdir(parents=True)
    download.value.save_as(target)
    written = nbformat.read(target, as_version=4)
    nbformat.validate(written)
    expected = released()
    assert [cell.metadata for cell in written.cells] == [cell.metadata for cell in expected.cells]
    changed = [new.id for new, old in zip(written.cells, expected.cells, strict=True) if new.source != old.source]
    assert len(changed) == len(answers)

    course = tmp_path / "course"
    course.mkdir()
    (course / "nbgrader_config.py").write_bytes((ROOT / "nbgrader_config.py").read_bytes())
    (course / "solutions").mkdir()
    (course / "solutions" / "hw2-conv2d").mkdir()
    text = ROOT / "solutions" / "hw2-conv2d" / "hw2-conv2d.md"
    (course / "solutions" / "hw2-conv2d" / text.name).write_bytes(text.read_bytes())
    command = [sys.executable, "-m", "autograder", "grade", "hw2-conv2d", str(target.parent.parent)]
    graded = subprocess.run(command, cwd=course, capture_output=True, text=True, timeout=300)
    assert graded.returncode == 0, graded.stderr[-2000:]
    (line,) = [line for line in Path(course, "grades.csv").read_text().splitlines() if "ada" in line]
    assert "94" in line.replace("94.0", "94").split(","), line


def test_the_editor_for_everybody(page, book):
    page.set_viewport_size({"width": 360, "height": 800})
    page.add_init_script(
        "localStorage['convbook:hw2-conv2d:out_size'] ??= JSON.stringify({ code: 'mine', starter: 'another' })"
    )
    cell = opened(page, book)
    cell.locator(".cm-content").wait_for()
    assert "has changed since you began" in cell.locator(".solve-note").inner_text()
    cell.get_by_role("button", name="Reset").click()
    assert cell.locator(".cm-content").inner_text().startswith("def out_size")
    cell.get_by_role("button", name="Undo the reset").click()
    assert cell.locator(".cm-content").inner_text() == "mine"

    # Tab indents; after Escape it leads on
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Tab")
    assert cell.locator(".cm-content").inner_text() == "    mine"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"

    page.locator("[data-kind=written] textarea").fill("In my own words.")
    assert "In my own words." in page.evaluate("JSON.stringify(localStorage)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1280, "height": 1000})
    found = []
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        page.wait_for_timeout(400)  # colours fade
        for fault in Axe().run(page, {"include": [[".solve-panel"], [".solve-cell"]]}).response["violations"]:
            found += [f"{theme}: {fault['id']}: {node['html'][:200]}" for node in fault["nodes"][:3]]
    assert not found, json.dumps(found, indent=1)


def test_without_scripts_or_a_server_the_page_reads_and_says_what_to_do(browser, page, book):
    page.goto((book[0] / "book/solve-hw2.html").as_uri())
    page.locator(".solve-disk").wait_for()
    assert "python -m http.server" in page.locator(".solve-disk").inner_text()
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{book[1]}/book/solve-hw2.html")
    assert "def out_size" in plain.locator("#solve-out_size").inner_text()
    assert "make lab" in plain.locator(".solve-panel").inner_text()
    context.close()
    chapter = (book[0] / "book/02-conv2d.html").read_text()
    assert 'href="solve-hw2.html#solve-out_size"' in chapter and "#solve-no_such" not in chapter
