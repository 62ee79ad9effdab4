"""Grade one notebook: student cells in a worker, hidden cases and comparison here."""

from collections.abc import Callable

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.utils import is_grade

from autograder.exercise import Case, Exercise
from autograder.runner import ForkEnded, Limits, Worker, WorkerEnded
from autograder.verdict import BOOK, judge, report, report_html

RESTARTS = 20  # of the worker within one notebook, each after a cell that ended it


class Session:
    """A notebook's cells run in order; after a cell that ends Python, the others run on in a new worker."""

    def __init__(self, limits: Limits):
        self.limits, self.restarts, self.sources = limits, 0, []
        self.worker: Worker | None = None
        self.reason = ""

    def _alive(self) -> Worker:
        if self.worker is None:
            if self.restarts > RESTARTS:
                raise WorkerEnded(f"not run: Python had been ended {self.restarts} times before ({self.reason})")
            self.worker = Worker(self.limits)
            for source in self.sources:
                self.worker.run_cell(source)
        return self.worker

    def _attempt(self, action: Callable[[Worker], object]):
        try:
            return action(self._alive())
        except WorkerEnded as ended:
            if self.worker is not None:
                self.reason = str(ended)
                self.restarts += 1
            self.close()
            raise

    def run_cell(self, source: str) -> list[NotebookNode]:
        """Outputs of one cell; a cell that ends Python gets an error output and is not run again."""
        try:
            outputs = self._attempt(lambda worker: worker.run_cell(source))
        except WorkerEnded as ended:
            return [new_output("error", ename="PythonEnded", evalue=str(ended), traceback=[f"PythonEnded: {ended}"])]
        self.sources.append(source)
        return [output for output in map(as_output, outputs) if output is not None]

    def answer(self, exercise: Exercise, cases: list[Case]) -> list[dict]:
        """Outcomes of the student's function. A case that ends Python ends its group of cases, not the others."""
        results: list[dict] = []
        ended: dict[str, dict] = {}
        while len(results) < len(cases):
            try:
                self._attempt(lambda worker: self._answer_in_fork(worker, exercise, cases, results, ended))
            except (ForkEnded, WorkerEnded) as end:
                if len(results) < len(cases):
                    ended[cases[len(results)].group] = {"error": (["PythonEnded"], str(end))}
        return results

    def _answer_in_fork(self, worker, exercise, cases, results, ended) -> None:
        with worker.fork() as probe:
            for case in cases[len(results) :]:
                if case.group in ended:
                    results.append(ended[case.group])
                else:
                    results.append(well_formed(probe(exercise.probe, exercise.function, case.args)))

    def close(self) -> None:
        if self.worker is not None:
            self.worker.close()
            self.worker = None


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
    """Run ``nb`` (after nbgrader's sanitizing) and fill in its outputs, those of the grade cells with verdicts.

    A grade cell's id is the name of an exercise's function. Its outputs are the report, as text and
    HTML, and the points as the bare number that nbgrader's ``SaveAutoGrades`` reads. Raises
    ``ValueError`` for an automatically graded cell of which no exercise is known.
    """
    by_name = {exercise.function: exercise for exercise in exercises}
    session = Session(limits or Limits())
    try:
        for number, cell in enumerate((cell for cell in nb.cells if cell.cell_type == "code"), start=1):
            cell.execution_count = number
            if not is_grade(cell):
                cell.outputs = session.run_cell(cell.source)
                continue
            name = cell.metadata.nbgrader.grade_id
            if name not in by_name:
                raise ValueError(f"grade cell {name!r} names no exercise; there are {', '.join(by_name)}")
            exercise = by_name[name]
            verdict = judge(exercise, lambda cases, exercise=exercise: session.answer(exercise, cases), secret)
            shown = {"text/plain": report(verdict, book), "text/html": report_html(verdict, book)}
            cell.outputs = [
                new_output("display_data", data=shown),
                new_output("execute_result", data={"text/plain": f"{verdict.score:g}"}, execution_count=number),
            ]
    finally:
        session.close()
    return nb
