"""Grade one notebook: student cells in a worker, hidden cases and comparison here."""

import time
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.utils import is_grade

from autograder.exercise import Case, Exercise
from autograder.runner import ForkEnded, Limits, Server, Worker, WorkerEnded
from autograder.verdict import BOOK, Verdict, judge, report, report_html

RESTARTS = 20  # of the worker within one notebook, each after a cell that ended it


@dataclass(frozen=True)
class Snapshot:
    """A place between cells where an answer is graded as it stands there."""

    name: str


class Session:
    """A notebook's cells run in order, and then its answers are graded; a cell that ends Python costs itself alone.

    ``steps``: the sources of the cells, and a :class:`Snapshot` for each answer. All cells run before the first
    case is asked: nothing that a hidden case leaves behind can come back in a cell's output.
    """

    def __init__(self, server: Server, steps: list["str | Snapshot"]):
        self.server, self.steps = server, steps
        self.outputs: dict[int, list[dict]] = {}
        self.ended: dict[int, str] = {}  # steps that ended Python, and why
        self.usage = {"seconds": 0.0, "cpu_seconds": 0.0, "memory": 0}
        self._restarts = 0
        self._deadline = time.monotonic() + server.limits.total
        self._worker: Worker | None = None

    def run(self) -> Worker | None:
        """Run the steps in a new worker, once more without each cell that ends Python; None when that is no use."""
        while self._worker is None:
            left = [number for number in range(len(self.steps)) if number not in self.ended]
            if self._restarts > RESTARTS or time.monotonic() > self._deadline:
                why = f"not run: Python had been ended {self._restarts} times before"
                if self._restarts <= RESTARTS:
                    why = f"not run: the notebook took longer than {self.server.limits.total:g} seconds"
                undone = [number for number in left if number not in self.outputs]
                self.ended.update(dict.fromkeys(undone or left, why))
                return None
            self._worker = self.server.begin()
            try:
                for number in left:
                    step = self.steps[number]
                    if isinstance(step, Snapshot):
                        self._worker.snapshot(step.name)
                    else:
                        self.outputs[number] = self._worker.run_cell(step)
            except WorkerEnded as end:
                self.ended[number] = str(end)
                self._restarts += 1
                self.close()
        return self._worker

    def cell_outputs(self, number: int) -> list[NotebookNode]:
        """Outputs of a step that is a cell; an error where it ended Python."""
        if number in self.ended:
            reason = self.ended[number]
            return [new_output("error", ename="PythonEnded", evalue=reason, traceback=[f"PythonEnded: {reason}"])]
        return [output for output in map(as_output, self.outputs.get(number, [])) if output is not None]

    def answer(self, exercise: Exercise, cases: list[Case]) -> list[dict]:
        """Outcomes of the student's function. A case that ends Python ends its group of cases, not the others."""
        results: list[dict] = []
        ended: dict[str, dict] = {}
        place = self.steps.index(Snapshot(exercise.function))
        while len(results) < len(cases):
            worker = self.run()
            if worker is None or place in self.ended:
                lost = {"error": (["PythonEnded"], self.ended.get(place, "not run"))}
                return results + [lost] * (len(cases) - len(results))
            try:
                self._answer_in_fork(worker, exercise, cases, results, ended)
            except (ForkEnded, WorkerEnded) as end:
                if isinstance(end, WorkerEnded):
                    self._restarts += 1
                    self.close()
                if len(results) < len(cases):
                    ended[cases[len(results)].group] = {"error": (["PythonEnded"], str(end))}
        return results

    def _answer_in_fork(self, worker, exercise, cases, results, ended) -> None:
        with worker.answering(exercise.function) as probe:
            for case in cases[len(results) :]:
                if case.group in ended:
                    results.append(ended[case.group])
                else:
                    results.append(well_formed(probe(exercise.probe, exercise.function, case.args)))

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            used = self._worker.usage
            for key in ("seconds", "cpu_seconds"):
                self.usage[key] += used.get(key, 0.0)
            self.usage["memory"] = max(self.usage["memory"], used.get("memory", 0))
            self._worker = None


def well_formed(outcome: dict) -> dict:
    """The outcome if it looks like one of :func:`autograder.probes.run`, else an error that says so."""
    if "missing" in outcome:
        return {"missing": str(outcome["missing"])[:80]}
    strange = {"error": (["StrangeResult"], "an answer in a form of its own")}
    if "error" in outcome:
        match outcome["error"]:
            case ([str(), *names], str() as message) if all(isinstance(name, str) for name in names):
                if outcome["error"][0][0] == "PythonEnded":  # the grader's own word
                    return strange
                return {"error": ([name[:80] for name in outcome["error"][0][:9]], message[:500])}
        return strange
    changed = outcome.get("changed inputs")
    if "value" not in outcome or not isinstance(changed, list) or not set(map(repr, changed)) <= set("0123456789"):
        return strange
    return {"value": outcome["value"], "changed inputs": changed}


def as_output(output) -> NotebookNode | None:
    """A worker's output as a notebook output; None where it is not well formed."""
    try:
        kind, fields = output["output_type"], {key: value for key, value in output.items() if key != "output_type"}
        if kind in ("display_data", "execute_result"):
            fields = {"data": {str(k): str(v) for k, v in fields["data"].items()}, "metadata": {}}
        elif kind == "stream":
            fields = {"name": "stderr" if fields["name"] == "stderr" else "stdout", "text": str(fields["text"])}
        elif kind == "error":
            trace = [str(line) for line in fields["traceback"]]
            fields = {"ename": str(fields["ename"]), "evalue": str(fields["evalue"]), "traceback": trace}
        else:
            return None
        return new_output(kind, **fields)
    except (KeyError, TypeError, AttributeError):
        return None


def grade_notebook(
    nb: NotebookNode,
    exercises: tuple[Exercise, ...],
    secret: bytes,
    limits: Limits | None = None,
    book: str = BOOK,
) -> NotebookNode:
    """As :func:`graded`, with a server for this notebook alone; returns the notebook."""
    with Server(limits) as server:
        return graded(nb, exercises, secret, server, book)[0]


def graded(
    nb: NotebookNode, exercises: tuple[Exercise, ...], secret: bytes, server: Server, book: str = BOOK
) -> tuple[NotebookNode, list[Verdict], dict]:
    """Run ``nb`` (after nbgrader's sanitizing) and fill in its outputs, those of the grade cells with verdicts.

    A grade cell's id is the name of an exercise's function. Its outputs are the report, as text and
    HTML, and the points as the bare number that nbgrader's ``SaveAutoGrades`` reads. Returns the notebook, the
    verdicts and what the student's processes used (seconds, cpu_seconds, bytes of memory). Raises
    ``ValueError`` for an automatically graded cell of which no exercise is known.
    """
    by_name = {exercise.function: exercise for exercise in exercises}
    cells = [cell for cell in nb.cells if cell.cell_type == "code"]
    names = [cell.metadata.nbgrader.grade_id if is_grade(cell) else None for cell in cells]
    if unknown := [name for name in names if name is not None and name not in by_name]:
        raise ValueError(f"grade cell {unknown[0]!r} names no exercise; there are {', '.join(by_name)}")
    steps = [Snapshot(name) if name else cell.source for name, cell in zip(names, cells, strict=True)]
    session, verdicts = Session(server, steps), []
    try:
        session.run()
        for number, (name, cell) in enumerate(zip(names, cells, strict=True)):
            cell.execution_count = number + 1
            if name is None:
                cell.outputs = session.cell_outputs(number)
                continue
            exercise = by_name[name]
            verdict = judge(exercise, lambda cases, exercise=exercise: session.answer(exercise, cases), secret)
            verdicts.append(verdict)
            shown = {"text/plain": report(verdict, book), "text/html": report_html(verdict, book)}
            cell.outputs = [
                new_output("display_data", data=shown),
                new_output("execute_result", data={"text/plain": f"{verdict.score:g}"}, execution_count=number + 1),
            ]
    finally:
        session.close()
    return nb, verdicts, session.usage
