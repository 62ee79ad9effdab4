"""How fast submissions are graded, against stock nbgrader on the same ones in the same run.

    python benchmarks/grading.py                  200 submissions, NumPy alone and with torch, stock and ours
    python benchmarks/grading.py --scaling        ours on 10, 100 and 1,500, with 1 and 2 workers
    python benchmarks/grading.py --stages         where the time of one submission goes

Stock is `nbgrader autograde` as it comes, which runs each notebook in a kernel of its own. Ours is
`autograder grade --no-feedback`, the sandbox on. Both start from nothing, imports included. Where tests import
torch, so does the first cell of every notebook, and ours lets submissions import it. Results go to
benchmarks/results/grading.json; scores of both must agree to the last point.
"""

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import click
import nbformat

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from submissions import ASSIGNMENT, released, solved, source_as  # noqa: E402

from autograder import exercises  # noqa: E402
from autograder.course import Course  # noqa: E402
from autograder.exercises.hw2 import conv_answers, pool  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "grading.json"
ENVIRONMENT = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def honest(with_torch: bool) -> list[str]:
    """Texts of what classes hand in: the solution, slower and faster ones, some with one mistake, the stub."""
    loops = source_as(conv_answers.loops, "conv_forward_naive")
    pooled = source_as(pool.pool_loops, "max_pool_forward_naive")
    notebooks = [
        solved(),
        solved(conv_forward_naive=loops),
        solved(conv_forward_naive=loops.replace("window * w[f]", "window * w[f, :, ::-1, ::-1]")),
        solved(max_pool_forward_naive=pooled.replace("window.max()", "max(window.max(), 0)")),
        released(),
    ]
    for nb in notebooks:
        if with_torch:
            nb.cells[1].source = "import torch\n" + nb.cells[1].source
    return [nbformat.writes(nb) for nb in notebooks]


def make_course(root: Path, count: int, with_torch: bool) -> Path:
    """A course folder with ``count`` submissions in nbgrader's layout, released."""
    root.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copytree(ROOT / "solutions" / ASSIGNMENT, root / "solutions" / ASSIGNMENT)
    texts = honest(with_torch)
    for number in range(count):
        folder = root / "submitted" / f"student{number:04d}" / ASSIGNMENT
        folder.mkdir(parents=True)
        (folder / f"{ASSIGNMENT}.ipynb").write_text(texts[number % len(texts)])
    Course(root).release(ASSIGNMENT)
    return root


def stock(root: Path) -> Path:
    """The same course with nbgrader's own steps."""
    config = root / "nbgrader_config.py"
    text = (ROOT / "nbgrader_config.py").read_text()
    config.write_text(text[: text.index("c.Autograde.sanitize_preprocessors")])
    return root


def timed(command: list[str], cwd: Path) -> dict:
    """Seconds of wall time, and bytes that the largest process of a command has used."""
    begun = time.perf_counter()
    result = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    if result.returncode:
        raise click.ClickException(f"{' '.join(command)}: {result.stderr[-2000:]}")
    return {"seconds": seconds}


def ours(root: Path, workers: int, with_torch: bool) -> dict:
    options = ["--torch"] if with_torch else []
    return timed([sys.executable, __file__, "--run", str(root), "--workers", str(workers), *options], root)


def run_ours(root: Path, workers: int, with_torch: bool) -> None:
    """What `autograder grade` does, in this process; with torch allowed where an assignment would allow it."""
    from autograder.__main__ import main

    if with_torch:
        allowed = [replace(exercise, allowed=("torch",)) for exercise in exercises.ASSIGNMENTS[ASSIGNMENT]]
        import_module(f"autograder.exercises.{exercises.MODULES[ASSIGNMENT]}").EXERCISES = tuple(allowed)
    main(["grade", ASSIGNMENT, "--root", str(root), "--no-feedback", "--workers", str(workers)], "autograder")


def against_stock(count: int, workers: int) -> dict:
    found = {}
    for with_torch in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            mine = make_course(Path(folder, "ours"), count, with_torch)
            theirs = stock(make_course(Path(folder, "stock"), count, with_torch))
            ours_took = ours(mine, workers, with_torch)["seconds"]
            stock_took = timed(["nbgrader", "autograde", ASSIGNMENT], theirs)["seconds"]
            same = Course(mine).scores(ASSIGNMENT) == Course(theirs).scores(ASSIGNMENT)
            found["torch" if with_torch else "NumPy"] = {
                "submissions": count,
                "workers": workers,
                "stock": stock_took,
                "ours": ours_took,
                "ratio": stock_took / ours_took,
                "same scores": same,
            }
            click.echo(
                f"{'torch' if with_torch else 'NumPy':6} {count} submissions: stock {stock_took:7.1f} s, "
                f"ours {ours_took:6.1f} s, {stock_took / ours_took:5.1f} times as many a second; "
                f"scores {'agree' if same else 'DIFFER'}"
            )
    return found


def scaling(counts: list[int]) -> list[dict]:
    found = []
    for count in counts:
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                root = make_course(Path(folder, "ours"), count, False)
                took = ours(root, workers, False)["seconds"]
                largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            found.append({"submissions": count, "workers": workers, "seconds": took, "a second": count / took})
            click.echo(
                f"{count:5} submissions, {workers} workers: {took:6.1f} s, {count / took:5.1f} a second; "
                f"largest process so far {largest:.0f} MiB"
            )
    return found


def stages(repeat: int = 40) -> dict[str, float]:
    """Milliseconds of each stage for one submission, the solution, in one process; and what is unavoidable."""
    from autograder import submission
    from autograder.diagnosis import prepare
    from autograder.gradebook import Writer
    from autograder.grading import graded
    from autograder.probes import run
    from autograder.runner import server_for

    took: dict[str, float] = {}

    def clock(stage, function, *arguments):
        begun = time.perf_counter()
        result = function(*arguments)
        took[stage] = took.get(stage, 0.0) + 1000 * (time.perf_counter() - begun) / repeat
        return result

    with tempfile.TemporaryDirectory() as folder:
        course = Course(make_course(Path(folder, "ours"), 1, False))
        setup = course.setup(ASSIGNMENT)
        data = course.submitted(ASSIGNMENT, "student0000").read_bytes()
        for exercise in setup.exercises:
            prepare(exercise, setup.secret)
        with server_for(setup.exercises) as server, Writer(course.db_url, "convbook", course.config) as writer:
            result = submission.grade_submission(setup, "student0000", data, server)  # everything is warm after it
            for number in range(repeat):
                nb = clock("read", submission.read_notebook, data)
                nb = clock("sanitize", submission.sanitized, setup, "student0000", nb)
                nb, _, usage = clock("run and judge", graded, nb, setup.exercises, setup.secret, server)
                took["  of it in the student's processes"] = (
                    took.get("  of it in the student's processes", 0.0) + 1000 * usage["cpu_seconds"] / repeat
                )
                for kind in setup.finish:
                    nb = clock("finish", submission.apply, kind, setup, "student0000", nb)
                clock("write as text", nbformat.writes, nb)
                clock("enter into the gradebook", writer.write, replace(result, student=f"another{number}"))
    space: dict = {"np": __import__("numpy")}
    for name, source in __import__("submissions").solution_answers().items():
        if name.endswith("-answer"):
            exec(source, space)
    for exercise in setup.exercises:
        for case in exercise.visible_cases() + exercise.hidden_cases(setup.secret):
            clock("the student's own code, called directly", run, space, exercise.probe, exercise.function, case.args)
    took["the student's own code, called directly"] *= repeat
    for stage, milliseconds in took.items():
        click.echo(f"{stage:42} {milliseconds:6.1f} ms")
    return took


@click.command(help=__doc__)
@click.option("--submissions", default=200, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--scaling", "wants_scaling", is_flag=True)
@click.option("--stages", "wants_stages", is_flag=True)
@click.option("--run", "course", hidden=True)
@click.option("--torch", "with_torch", is_flag=True, hidden=True)
def main(submissions, workers, wants_scaling, wants_stages, course, with_torch):
    if course:
        return run_ours(Path(course), workers, with_torch)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if wants_stages:
        results["stages"] = stages()
    elif wants_scaling:
        results["scaling"] = scaling([10, 100, 1500])
    else:
        results["against stock"] = against_stock(submissions, workers)
    results["machine"] = {"cores": os.cpu_count(), "processor": platform.machine(), "python": sys.version.split()[0]}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
