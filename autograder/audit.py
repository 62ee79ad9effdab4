"""What an instructor should know of a graded assignment, as plain data: :mod:`autograder.audit_page` shows it."""

import json
import statistics
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from autograder.exercise import Exercise
from autograder.exercises import ASSIGNMENTS
from autograder.killmatrix import accepted, kill_matrix
from autograder.similarity import Group, fingerprint, identical, shared_by_pairs
from autograder.standing import Standing

SLOW = 3.0  # times the median, and
LEAST_SECONDS = 1.0  # more than it, for a submission to be told of
LEAST_BYTES = 200 * 2**20


def answers_of(notebook: dict, functions: Iterable[str]) -> dict[str, str]:
    """Source of the answer cells of a notebook as JSON, by function; what is not as nbgrader writes it is left out."""
    found = {}
    wanted = {f"{name}-answer": name for name in functions}
    for cell in notebook.get("cells", []):
        marks = cell.get("metadata", {}).get("nbgrader", {})
        if isinstance(marks, dict) and (name := wanted.get(marks.get("grade_id"))):
            source = cell.get("source", "")
            found[name] = source if isinstance(source, str) else "".join(source)
    return found


def read_answers(root: Path, assignment: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The answers of every graded notebook by student, and those of the release."""
    functions = [exercise.function for exercise in ASSIGNMENTS[assignment]]
    file = f"{assignment}/{assignment}.ipynb"
    answers = {}
    for path in sorted(root.glob(f"autograded/*/{file}")):
        try:
            answers[path.parent.parent.name] = answers_of(json.loads(path.read_text(encoding="utf-8")), functions)
        except ValueError:  # a notebook of stock nbgrader's that was cut short: there is nothing to compare
            continue
    try:
        stubs = answers_of(json.loads((root / "exercises" / file).read_text(encoding="utf-8")), functions)
    except FileNotFoundError:
        stubs = {}
    return answers, stubs


def left_as_released(answers: dict[str, dict[str, str]], stubs: dict[str, str]) -> dict[str, set[str]]:
    """By function, the students who did not change the stub, spaces and comments aside."""
    return {
        function: {
            student
            for student, own in answers.items()
            if function in own and fingerprint(own[function], function) == fingerprint(stub, function)
        }
        for function, stub in stubs.items()
    }


def distribution(scores: list[float]) -> dict[str, float]:
    """Count, mean, quartiles and extremes.

    >>> distribution([1.0, 2.0, 3.0, 10.0])["median"]
    2.5
    """
    if not scores:
        return {"count": 0}
    quartiles = statistics.quantiles(scores, n=4, method="inclusive") if len(scores) > 1 else [scores[0]] * 3
    names = ("lower quartile", "median", "upper quartile")
    ends = {"count": len(scores), "mean": statistics.fmean(scores), "least": min(scores), "most": max(scores)}
    return {**ends, **dict(zip(names, quartiles, strict=True))}


def mistakes_made(
    exercises: Iterable[Exercise], records: dict[str, dict], untouched: dict[str, set[str]]
) -> list[dict]:
    """For each exercise who failed and with which catalogued mistakes, the most frequent first.

    ``untouched``: by function, students whose answer is the released stub. ``unknown``: those who failed with an
    answer of their own and no mistake that is in the catalogue.
    """
    told = []
    for exercise in exercises:
        left = untouched.get(exercise.function, set())
        results = {name: record["exercises"].get(exercise.id) for name, record in records.items()}
        results = {name: result for name, result in results.items() if result}
        failed = {name: result for name, result in results.items() if result["failed"]}
        counts = Counter(mistake for result in failed.values() for mistake in result["mistakes"])
        sentences = {mistake.name: mistake.sentence for mistake in exercise.mistakes}
        groups = Counter(group for result in failed.values() for group in result["failed"])
        told.append(
            {
                "exercise": exercise,
                "graded": len(results),
                "failed": len(failed),
                "mean": statistics.fmean(result["score"] for result in results.values()) if results else 0.0,
                "mistakes": [(name, sentences.get(name, ""), count) for name, count in counts.most_common()],
                "untouched": sorted(failed.keys() & left),
                "unknown": sorted(name for name in failed.keys() - left if not failed[name]["mistakes"]),
                "groups": groups.most_common(),
            }
        )
    return told


def outliers(records: dict[str, dict], key: str, least: float) -> tuple[float, list[tuple[str, float]]]:
    """The median of ``key``, and who is above ``SLOW`` times it and more than ``least`` above it, the most first.

    >>> outliers({"a": {"seconds": 1}, "b": {"seconds": 1}, "c": {"seconds": 9}}, "seconds", 1.0)
    (1, [('c', 9)])
    """
    values = {name: record[key] for name, record in records.items() if record[key]}  # 0: nothing was run
    if not values:
        return 0.0, []
    median = statistics.median(values.values())
    above = [(name, value) for name, value in values.items() if value > SLOW * median and value > median + least]
    return median, sorted(above, key=lambda pair: -pair[1])


def matrices(exercises: Iterable[Exercise], secret: bytes) -> list[dict]:
    """For each exercise its kill matrix on visible and hidden cases, and which right variants are accepted."""
    return [
        {
            "exercise": exercise,
            "matrix": kill_matrix(exercise, secret),
            "visible": len(exercise.visible_cases()),
            "accepted": accepted(exercise, secret),
        }
        for exercise in exercises
    ]


def audit(
    root: Path,
    assignment: str,
    table: list[Standing],
    records: dict[str, dict],
    solutions: dict[str, str],
    tested: list[dict],
) -> dict:
    """All that the page shows. ``solutions``: the course's own answers by function; ``tested``: :func:`matrices`."""
    exercises = ASSIGNMENTS[assignment]
    answers, stubs = read_answers(root, assignment)
    groups = identical(answers, stubs, solutions)
    wrong = {(name, exercise.function) for exercise in exercises for name in who_failed(exercise, records)}
    return {
        "assignment": assignment,
        "standings": table,
        "scores": distribution([one.score for one in table if one.score is not None]),
        "max_score": max((one.max_score for one in table), default=0.0),
        "states": Counter(one.state for one in table),
        "without_record": sorted(one.student for one in table if one.score is not None and one.student not in records),
        "mistakes": mistakes_made(exercises, records, left_as_released(answers, stubs)),
        "groups": sorted(groups, key=lambda group: (not is_wrong(group, wrong), -group.size, group.students)),
        "wrong": wrong,
        "pairs": shared_by_pairs(groups),
        "time": outliers(records, "seconds", LEAST_SECONDS),
        "processor": outliers(records, "cpu_seconds", LEAST_SECONDS),
        "memory": outliers(records, "memory", LEAST_BYTES),
        "records": records,
        "remarks": [(name, record["remarks"]) for name, record in records.items() if record["remarks"]],
        "matrices": tested,
    }


def who_failed(exercise: Exercise, records: dict[str, dict]) -> list[str]:
    return [name for name, record in records.items() if record["exercises"].get(exercise.id, {}).get("failed")]


def is_wrong(group: Group, wrong: set[tuple[str, str]]) -> bool:
    """Whether the answer that the students of a group share is wrong."""
    return (group.students[0], group.function) in wrong
