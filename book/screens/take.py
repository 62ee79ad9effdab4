"""Pictures of the real screens for the guides: JupyterLab, nbgrader's formgrader, a feedback page, the audit.

    python book/screens/take.py            all of them, into book/_static/screens
    python book/screens/take.py audit      one of them

It makes a course in a temporary folder, a class with classroom.py, and grades it. Look at every picture before you
commit it: what it shows depends on the versions of JupyterLab and nbgrader.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import nbformat
from classroom import ASSIGNMENT, ROOT, marked
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from autograder.exercises import ASSIGNMENTS
from autograder.release import source_notebook

sys.path.insert(0, str(ROOT / "tests"))

from lab import jupyterlab, wait_until_idle  # noqa: E402

OUT = ROOT / "book" / "_static" / "screens"
LARGEST = 80_000  # bytes of a picture
WIDTH = 900  # of a window, in CSS pixels; pictures have twice as many
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "CONVBOOK_STATIC"}
BROWSER = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update".split()


def autograder(*arguments, cwd: Path) -> None:
    subprocess.run([sys.executable, "-m", "autograder", *arguments], cwd=cwd, env=ENVIRONMENT, capture_output=True)


def course(root: Path) -> Path:
    """A graded course in ``root``, and in ``mine`` a notebook in which a student is at work."""
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(ROOT / "solutions", root / "solutions", ignore=shutil.ignore_patterns("*.ipynb"))
    shutil.copytree(ROOT / "exercises", root / "exercises")
    make = [sys.executable, str(ROOT / "book" / "screens" / "classroom.py"), str(root / "downloads")]
    subprocess.run(make, check=True, cwd=root)
    autograder("grade", ASSIGNMENT, "downloads", cwd=root)
    autograder("audit", ASSIGNMENT, cwd=root)
    solution = source_notebook(ROOT / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.md", ASSIGNMENTS[ASSIGNMENT])
    mine = nbformat.read(root / "exercises" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)
    for name in ("out_size", "conv_forward_naive"):
        source = marked(solution, f"{name}-answer").source
        source = source.replace("    ### BEGIN SOLUTION\n", "").replace("\n    ### END SOLUTION", "")
        marked(mine, f"{name}-answer").source = source.replace("window * w[f]", "window * w[f, :, ::-1, ::-1]")
    (root / "mine").mkdir()
    nbformat.write(mine, root / "mine" / f"{ASSIGNMENT}.ipynb")
    return root


def keep(name: str, page: Page, top: float = 0, height: float = 10_000) -> None:
    """Write a strip of the window as a WebP, of as many colours as its size allows."""
    size = page.viewport_size
    clip = {"x": 0, "y": top, "width": size["width"], "height": min(height, size["height"] - top)}
    picture = Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB")
    for colours in (256, 64, 32, 16):  # text and plain areas: without loss, in fewer colours
        written = BytesIO()
        plain = picture.quantize(colours, dither=Image.Dither.NONE).convert("RGB")
        plain.save(written, "WEBP", lossless=True, quality=100, method=6)
        if written.tell() <= LARGEST:
            (OUT / f"{name}.webp").write_bytes(written.getvalue())
            print(f"{name}.webp: {picture.width} x {picture.height}, {written.tell():,} bytes, {colours} colours")
            return
    sys.exit(f"{name} has {written.tell():,} bytes, more than {LARGEST:,}: cut it")


def lab_report(page: Page, lab: str, root: Path) -> None:
    """JupyterLab: a wrong convolution, and below it what the check says."""
    page.set_viewport_size({"width": WIDTH, "height": 1100})
    page.goto(f"{lab}/doc/tree/mine/{ASSIGNMENT}.ipynb?reset")
    wait_until_idle(page, lab)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    report = page.get_by_text("Deep learning's conv2d is cross-correlation").first
    page.wait_for_timeout(3000)
    answer = page.locator(".jp-CodeCell").filter(has_text="def conv_forward_naive(")
    for _ in range(30):  # cells are drawn when they come near
        if answer.count() and report.count() and report.is_visible():
            break
        page.mouse.move(450, 600)
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(300)
    page.keyboard.press("Escape")
    for _ in range(4):  # the notebook lays out anew what comes into view, and moves
        answer.first.evaluate(
            "cell => { cell.closest('.jp-WindowedPanel-outer').scrollTop += cell.getBoundingClientRect().top - 95; }"
        )
        page.wait_for_timeout(700)
    points = page.locator(".jp-CodeCell", has_text='check("hw2.conv_forward_naive"').bounding_box()
    keep("lab-report", page, 0, points["y"] + points["height"])


def formgrader_list(page: Page, lab: str, root: Path) -> None:
    """formgrader: all submissions of the notebook, what they have, and which of them wait for a human."""
    page.set_viewport_size({"width": 1000, "height": 620})
    page.goto(f"{lab}/formgrader/gradebook/{ASSIGNMENT}/{ASSIGNMENT}")
    page.get_by_text("Needs manual grade").first.wait_for()
    page.wait_for_timeout(1000)
    keep("formgrader-list", page)


def formgrader_submission(page: Page, lab: str, root: Path) -> None:
    """formgrader: the written question of a submission with its boxes for points and a comment."""
    page.set_viewport_size({"width": 1000, "height": 640})
    page.goto(f"{lab}/formgrader/gradebook/{ASSIGNMENT}/{ASSIGNMENT}")
    page.get_by_text("Submission #1", exact=True).click()
    page.wait_for_timeout(4000)  # it fills the boxes with what the gradebook has
    page.locator("#shift_question").fill("2")
    comment = page.locator("#shift_question-comment")
    comment.fill("Max pooling is not in it. What do zeros at the border do to the maps?")
    comment.evaluate("comment => scrollTo(0, 1e6)")
    page.wait_for_timeout(2500)
    keep("formgrader-submission", page, 0)


def feedback(page: Page, lab: str, root: Path) -> None:
    """A feedback page: the end of an answer, its points, and the mistakes by name."""
    for path in sorted(root.glob(f"feedback/*/{ASSIGNMENT}/{ASSIGNMENT}.html")):
        if "true convolution" in path.read_text():
            break
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.goto(path.as_uri())
    report = page.locator(".convbook-report", has_text="true convolution").first
    report.evaluate("report => scrollTo(0, report.getBoundingClientRect().top - 380)")
    page.wait_for_timeout(800)
    box = report.bounding_box()
    keep("feedback", page, 0, box["y"] + box["height"] + 75)


def audit(page: Page, lab: str, root: Path) -> None:
    """The audit: how the scores are distributed."""
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.goto((root / f"audit-{ASSIGNMENT}.html").as_uri())
    page.wait_for_timeout(500)
    keep("audit", page, 0, 650)


def audit_mistakes(page: Page, lab: str, root: Path) -> None:
    """The audit: which mistakes the class made."""
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.goto((root / f"audit-{ASSIGNMENT}.html").as_uri())
    page.get_by_role("link", name="Mistakes").click()
    page.wait_for_timeout(500)
    keep("audit-mistakes", page, 0, 592)


SCREENS = {
    "lab-report": lab_report,
    "formgrader-list": formgrader_list,
    "formgrader-submission": formgrader_submission,
    "feedback": feedback,
    "audit": audit,
    "audit-mistakes": audit_mistakes,
}


def main(names: list[str]) -> None:
    if unknown := set(names) - set(SCREENS):
        sys.exit(f"no screen is called {', '.join(sorted(unknown))}; there are {', '.join(SCREENS)}")
    OUT.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = course(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER)
        with jupyterlab(root, root / ".lab") as lab:
            for name in names or SCREENS:
                page = browser.new_page(device_scale_factor=2, color_scheme="light")
                page.set_default_timeout(60_000)
                SCREENS[name](page, lab, root)
                page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
