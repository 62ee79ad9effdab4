"""A browser for the tests of what readers see."""

import functools
import http.server
import os
import shutil
import threading

import pytest
from playwright.sync_api import sync_playwright

# Each of these keeps Chromium from asking the network for something of its own.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Files that take longest, in this order: they begin, so that no process is left with one of them at the end.
LONGEST = [
    "course",
    "book",
    "hostile",
    "interruption",
    "exercises",
    "postgres",
    "readings",
    "instructors",
    "explorables",
]
TOGETHER = {"test_audit.py": "a graded course", "test_instructors.py": "a graded course"}


def group_of(nodeid: str) -> str:
    """What one of several processes takes as a whole: a file, as a rule, with what its tests share."""
    path, _, name = nodeid.partition("::")
    file = path.rpartition("/")[2]
    if file == "test_readings.py":  # they share nothing
        return nodeid
    if file == "test_exercises.py" and "[" in name:  # they share what belongs to an exercise, whose name stands last
        return f"{path} {name.rstrip(']').rpartition('[')[2].rpartition('-')[2]}"
    return TOGETHER.get(file, path)


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):  # this is one of several processes
        places = {f"test_{name}.py": place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Groups without marks ``xdist_group``: with these, pytest-xdist 3.8 and pytest 9.2 pass each other by."""
    from xdist.scheduler import LoadScopeScheduling

    class LoadGroups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False  # as they stand, and not the group of most tests first
    return LoadGroups(config, log)


@pytest.fixture(scope="session")
def browser():
    """Chromium: the one that CHROMIUM names, else the system's, else Playwright's own."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A new page; the test fails on whatever the page throws or complains of."""
    complaints = []
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.on("console", lambda message: message.type == "error" and complaints.append(f"console: {message.text}"))
    page.set_default_timeout(15_000)
    yield page
    page.close()
    assert complaints == []


@pytest.fixture
def static(monkeypatch):
    """Explorables are made as on a page without a kernel."""
    monkeypatch.setenv("CONVBOOK_STATIC", "1")


@pytest.fixture
def server(tmp_path):
    """Address of a web server for ``tmp_path``."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A course with a graded class, for tests that leave it as they find it."""
    from instructors import graded_course  # nbgrader takes seconds to import

    return graded_course(tmp_path_factory.mktemp("course"))
