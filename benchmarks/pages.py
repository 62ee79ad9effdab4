"""What Lighthouse says of every page of the built book, and how soon and how smoothly explorables answer.

    python benchmarks/pages.py [PAGE ...] [--chromium /usr/bin/chromium]

Lighthouse comes from npm through npx, with its own profile of a phone: a processor 4 times slower, 1.6 Mbit/s, 150 ms.
It runs three times, and the one of the middle performance counts.
For the explorables the same is asked of Chromium. `first_s` is from the address to the first one of a page, where
a reader went straight to it; `near_s` from coming near any to its being alive; `frame_ms` the 95th percentile between
two frames while its first slider, or its picture, is dragged, at full speed. The book must have been built
(`make html`). Writes benchmarks/results/pages.json, where pages that were not asked for keep what they had. Nothing
else should run beside it.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from conftest import QUIET  # noqa: E402
from packed import serve  # noqa: E402

HTML = ROOT / "_build" / "html"
RESULTS = Path(__file__).parent / "results" / "pages.json"
LIGHTHOUSE = "lighthouse@12.8.2"
RUNS = 3  # one alone differs from the next by several hundredths
PHONE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
AUDITS = {
    "first_paint_s": "first-contentful-paint",
    "largest_paint_s": "largest-contentful-paint",
    "blocked_s": "total-blocking-time",
}
FRAMES = """() => {
  window.frames_ms = [];
  let before = performance.now();
  const step = (now) => { window.frames_ms.push(now - before); before = now; requestAnimationFrame(step); };
  requestAnimationFrame(step);
}"""


def lighthouse(url: str, chromium: str) -> dict:
    """Scores between 0 and 1, paints and blocked time in seconds, kilobytes."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--output-path={report}"]
        flags = " ".join(["--headless=new", *QUIET])
        done = subprocess.run(
            [*command, f"--chrome-flags={flags}"],
            env={**os.environ, "CHROME_PATH": chromium},
            capture_output=True,
            text=True,
        )
        if not report.exists():
            raise click.ClickException(f"Lighthouse wrote no report of {url}: {done.stderr[-500:]}")
        found = json.loads(report.read_text())
    figures = {name: round(found["audits"][audit]["numericValue"] / 1000, 3) for name, audit in AUDITS.items()}
    kilobytes = round(found["audits"]["total-byte-weight"]["numericValue"] / 1000)
    return {name: found["categories"][name]["score"] for name in found["categories"]} | figures | {"kB": kilobytes}


def alive(page, place: int) -> None:
    """Wait until the explorable has controls that work: its module has run."""
    figure = f"document.querySelectorAll('figure[data-explorable]')[{place}]"
    page.wait_for_function(f"{figure}.matches('[data-mounted]:has(input, button, select)')")


def slowed(browser):
    """A page on a phone's processor and network."""
    page = browser.new_page(viewport={"width": 412, "height": 823})
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", PHONE)
    return page


def drag(page, figure) -> None:
    """Draw the first slider of the explorable, or the mouse over its picture, from left to right and back."""
    kinds = ("input[type=range]:visible", "svg:visible, canvas:visible", "table:visible", "div:visible")
    thing = next(found for kind in kinds if (found := figure.locator(kind)).count()).first
    thing.scroll_into_view_if_needed()
    box = thing.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 2, height)
    page.mouse.down()
    for k in range(120):
        across = k / 60 if k < 60 else 2 - k / 60
        page.mouse.move(box["x"] + 2 + (box["width"] - 4) * across, height)
        page.wait_for_timeout(8)
    page.mouse.up()


def explorables(browser, url: str) -> dict:
    """Seconds until each explorable is alive, and milliseconds between two frames while one drags."""
    page = slowed(browser)
    page.goto(url)
    figures = page.locator("figure[data-explorable]")
    names = figures.evaluate_all("all => all.map((figure) => figure.dataset.explorable)")
    if not names:
        return {}
    near = {}
    for place, name in enumerate(names):
        start = time.perf_counter()
        figures.nth(place).evaluate("figure => figure.scrollIntoView()")
        alive(page, place)
        near.setdefault(name, round(time.perf_counter() - start, 2))
    page.close()
    page = slowed(browser)
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector("figure[data-explorable]", state="attached")
    page.locator("figure[data-explorable]").first.evaluate("figure => figure.scrollIntoView()")
    alive(page, 0)
    first = round(time.perf_counter() - start, 2)
    page.close()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(url)
    frames = {}
    for place, name in enumerate(names):
        figure = page.locator("figure[data-explorable]").nth(place)
        figure.evaluate("figure => figure.scrollIntoView()")
        alive(page, place)
        page.wait_for_timeout(500)
        page.evaluate(FRAMES)
        drag(page, figure)
        frames.setdefault(name, round(statistics.quantiles(page.evaluate("frames_ms.slice(5)"), n=20)[-1], 1))
    page.close()
    return {"first_s": first, "near_s": near, "frame_ms": frames}


@click.command(help=__doc__.partition("\n")[0])
@click.argument("pages", nargs=-1)
@click.option("--chromium", default="/usr/bin/chromium", type=click.Path(exists=True, dir_okay=False))
def main(pages, chromium) -> None:
    listed = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text())
    if unknown := set(pages) - set(listed):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: not one of {', '.join(listed)}", param_hint="PAGE")
    if not (HTML / "index.html").exists():
        raise click.ClickException(f"{HTML} holds no book: make html first")
    found = json.loads(RESULTS.read_text())["pages"] if pages and RESULTS.exists() else {}
    with serve(HTML) as address, sync_playwright() as playwright:
        for name in pages or listed:
            url = f"{address}/{name}.html"
            runs = sorted((lighthouse(url, chromium) for _ in range(RUNS)), key=lambda run: run["performance"])
            found[name] = runs[RUNS // 2]
            browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
            if live := explorables(browser, url):
                found[name]["explorables"] = live
            version = browser.version
            browser.close()  # a page that is closed may go on drawing, and the next ones would be measured beside it
            click.echo(f"{name} {json.dumps(found[name])}")
    kept = {name: found[name] for name in listed if name in found}
    RESULTS.write_text(json.dumps({"chromium": version, "lighthouse": LIGHTHOUSE, "pages": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
