"""``grade``: from a folder of submissions to scores, feedback and a gradebook; ``doctor``: what confines them here."""

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import click
from tqdm import tqdm

from autograder.commands.shared import course_options, in_words, open_course, tell


@click.command()
@click.argument("assignment")
@click.argument("folder", type=click.Path(path_type=Path), default="submitted")
@course_options
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count(), show_default="all cores", help="Processes.")
@click.option("--regrade", is_flag=True, help="Grade again what has been graded as it is.")
@click.option("--exercise", "only", multiple=True, help="Enter this function's grade alone; may be given again.")
@click.option("--feedback/--no-feedback", default=True, show_default=True, help="Write feedback pages.")
@click.option("--require-isolation", is_flag=True, help="Refuse where students' code cannot be confined.")
@click.option("--scheduler", metavar="ADDRESS", help="Grade on the Dask cluster there, e.g. tcp://10.0.0.1:8786.")
@click.option("--json", "as_json", is_flag=True, help="Tell each result as a line of JSON on standard output.")
def grade(
    assignment: str,
    folder: Path,
    root: Path,
    db_url: str | None,
    workers: int,
    regrade: bool,
    only: tuple[str, ...],
    feedback: bool,
    require_isolation: bool,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Grade the submissions in a folder or a downloaded zip file.

    What has been graded as it is now is left alone, so a run that was ended goes on where it stopped.

    Example: autograder grade hw2-conv2d downloads/
    """
    course = open_course(root, db_url)
    begun = time.monotonic()
    with in_words():
        students, problems = course.collect(folder, assignment)
        if not course.is_released(assignment):
            course.release(assignment)
        setup = course.setup(assignment)
        check_isolation(require_isolation)
        check_exercises(setup, only)
        left = [s for s in students if regrade or only or not course.is_up_to_date(setup, s)]
        results = course.grade(setup, left, workers, set(only) or None, way_of_grading(scheduler))
        graded, failures = graded_with_progress(setup, results, len(left), as_json)
        if feedback:
            lacking = [student for student in students if course.lacks_feedback(assignment, student)]
            write_feedback(course, assignment, lacking, workers, problems, as_json)
        scores = course.scores(assignment)
    rate = len(graded) / max(time.monotonic() - begun, 1e-9)
    told = f"{len(graded)} graded, {rate:.1f} a second" + (
        f"; {len(students) - len(left)} were up to date" if len(left) < len(students) else ""
    )
    if as_json:
        summary = {"graded": len(graded), "up_to_date": len(students) - len(left), "failed": failures}
        click.echo(json.dumps({"summary": {**summary, "problems": problems}}))
    else:
        tell_scores(students, scores, failures)
        click.echo(f"gradebook, autograded/, {'feedback/, ' if feedback else ''}{course.export().name}: {told}")
    tell([*failures.values(), *(p for p in graded.values() if p), *problems])


def check_exercises(setup, only: tuple[str, ...]) -> None:
    """Raise ``ValueError`` for a name in ``only`` that is not a function of the assignment."""
    names = [exercise.function for exercise in setup.exercises]
    for name in only:
        if name not in names:
            raise ValueError(
                f"no exercise of {setup.master.assignment} is called {name!r}; there are {', '.join(names)}"
            )


def check_isolation(required: bool) -> None:
    """Say aloud what does not confine students' code on this host; with ``required`` refuse to go on."""
    from autograder.runner import ESSENTIAL, Server

    with Server(slot=os.getpid()) as server:  # without what an assignment preloads, which confines nothing
        found = server.isolation()
    lacking = [layer for layer in ESSENTIAL if layer not in found]
    if lacking:
        told = f"students' code is not confined here in {' and '.join(lacking)}; `autograder doctor` says why"
        if required:
            raise ValueError(told)
        click.secho(f"WARNING: {told}. Grade notebooks of strangers on another host.", fg="red", bold=True, err=True)


def way_of_grading(scheduler: str | None):
    """The function that grades many submissions: in processes of this machine, or on a cluster."""
    if scheduler is None:
        from autograder.pipeline import grade_all

        return grade_all
    try:
        from autograder.cluster import grade_on
    except ImportError:
        raise ValueError("--scheduler needs Dask: pip install 'convbook[cluster]'") from None
    return grade_on(scheduler)


def graded_with_progress(setup, results, total: int, as_json: bool):
    """``({student: problem or ""}, {student: why it was not graded})``; Ctrl-C ends it between two submissions."""
    full = sum(exercise.points for exercise in setup.exercises)
    graded, failures, tally = {}, {}, Counter()
    with progress(f"grading {setup.master.assignment}", total, as_json) as bar:
        try:
            for student, result in results:
                if isinstance(result, Exception):
                    failures[student] = f"{student} was not graded: {result}"
                    told = {"error": failures[student]}
                else:
                    graded[student], score = result.problem, result.record["score"]
                    told = {"score": score, "problem": result.problem}
                    tally["full" if score >= full else "part" if score else "zero"] += 1
                if as_json:
                    click.echo(json.dumps({"student": student, **told}))
                bar.set_postfix_str(" ".join(f"{kind} {tally[kind]}" for kind in ("full", "part", "zero")))
                bar.update()
        except KeyboardInterrupt:
            told = f"ended with {len(graded)} of {total} graded and written down; the same command goes on"
            raise click.ClickException(told) from None
    return graded, failures


def write_feedback(course, assignment: str, students: list[str], workers: int, problems: list, as_json: bool) -> None:
    if not students:  # for none given the course would write it for all
        return
    with progress("feedback", len(students), as_json) as bar:
        for _, problem in course.feedback(assignment, students, workers):
            bar.update()
            if problem:
                problems.append(problem)


def progress(what: str, total: int, silent: bool) -> tqdm:
    tqdm.monitor_interval = 0  # a thread, which the processes that are forked later should not find
    return tqdm(total=total, unit="submission", desc=what, disable=silent or not total)


def tell_scores(students: list[str], scores: dict, failures: dict) -> None:
    width = max(map(len, students))
    for student in students:
        if student in failures:
            click.echo(f"{student:{width}}  NOT GRADED; what the gradebook says is not of this notebook")
            continue
        score, maximum, waits = scores[student]
        click.echo(f"{student:{width}}  {score:6.2f} of {maximum:g}{'  + written answer to grade' if waits else ''}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one object of JSON.")
def doctor(as_json: bool) -> None:
    """Say what confines students' code on this host, by starting a submission and asking it.

    Example: autograder doctor
    """
    from autograder.runner import ESSENTIAL, Server

    with in_words(), Server(slot=os.getpid()) as server:
        found, missing, kind = server.isolation(), server.missing, server.kind
    lacking = [layer for layer in ESSENTIAL if layer not in found]
    if as_json:
        click.echo(json.dumps({"started": kind, "found": found, "missing": missing, "confined": not lacking}))
        sys.exit(bool(lacking))
    click.echo(f"students' code is started {'bare' if kind == 'bare' else f'behind {kind}'}")
    for layer in LAYERS:
        sign, how = ("✓", found[layer]) if layer in found else ("✗", missing.get(layer, "") or LAYERS[layer])
        click.echo(f"  {sign} {layer}: {how}")
    for layer in sorted(missing.keys() - found.keys() - LAYERS.keys()):
        click.echo(f"  ! {layer}: {missing[layer]}")
    told = (
        f"not confined in {' and '.join(lacking)}: do not grade notebooks of strangers here" if lacking else "confined"
    )
    click.echo(told)
    sys.exit(bool(lacking))


# What to do where a layer is missing.
LAYERS = {
    "files": "install bubblewrap, or a kernel with Landlock (Linux 5.13)",
    "processes": "allow user namespaces (sysctl kernel.unprivileged_userns_clone, AppArmor), or run as root",
    "network": "install bubblewrap, or allow user namespaces",
    "user": "run as root to give each submission a user of its own; user namespaces do without",
    "system calls": "install libseccomp2, and pip install 'convbook[grade]'",
    "scratch folder": "allow user namespaces",
}
