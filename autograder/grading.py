"""Grade one notebook: student cells in a worker, hidden cases and comparison here."""

import time
from dataclasses import dataclass
from functools import lru_cache

from nbformat import NotebookNode, from_dict
from nbgrader.utils import is_grade

from autograder.exercise import Case, Exercise
from autograder.plain import pack
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
            number = left[0] if left else 0
            try:
                done = self._worker.run([as_request(self.steps[number]) for number in left])
                for number in left:
                    if (outputs := next(done)) is not None:
                        self.outputs[number] = outputs
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
        try:  # all at once; where that does not come through, one by one, to learn which case it was
            results = self._ask(exercise, cases, each=False)
            if len(results) == len(cases):
                return results
        except (ForkEnded, WorkerEnded):
            pass
        self.close()  # the snapshot has been used up
        return self._answer_one_by_one(exercise, cases)

    def _answer_one_by_one(self, exercise: Exercise, cases: list[Case]) -> list[dict]:
        results: dict[int, dict] = {}
        while left := [number for number in range(len(cases)) if number not in results]:
            came: list[dict] = []
            try:
                self._ask(exercise, [cases[number] for number in left], each=True, into=came)
                reason = "Python ended with exit status 0"
            except (ForkEnded, WorkerEnded) as end:
                reason = str(end)
            results.update(zip(left, came, strict=False))
            if len(came) < len(left):
                group = cases[left[len(came)]].group
                ended = {"error": (["PythonEnded"], reason)}
                results.update({k: ended for k in left[len(came) :] if cases[k].group == group})
        return [results[number] for number in range(len(cases))]

    def _ask(self, exercise: Exercise, cases: list[Case], each: bool, into: list[dict] | None = None) -> list[dict]:
        """Outcomes as far as they come, at most one a case. Raises as :meth:`Worker.answers`."""
        came = [] if into is None else into
        worker, place = self.run(), self.steps.index(Snapshot(exercise.function))
        if worker is None or place in self.ended:
            raise WorkerEnded(self.ended.get(place, "not run"))
        try:
            for outcome in worker.answers(exercise.function, packed(exercise, cases), each):
                if len(came) < len(cases):
                    came.append(well_formed(outcome))
        except WorkerEnded:
            self._restarts += 1
            self.close()
            raise
        return came

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            used = self._worker.usage
            for key in ("seconds", "cpu_seconds"):
                self.usage[key] += used.get(key, 0.0)
            self.usage["memory"] = max(self.usage["memory"], used.get("memory", 0))
            self._worker = None


def as_request(step: "str | Snapshot") -> dict:
    return {"snapshot": step.name} if isinstance(step, Snapshot) else {"cell": step}


@lru_cache(maxsize=256)
def _packed(name: str, function: str, cases: tuple) -> bytes:
    return pack([(case.probe or name, case.function or function, case.args) for case in cases])


def packed(exercise: Exercise, cases: list[Case]) -> bytes:
    """Cases as the message that asks for them; the same cases of many submissions are packed once."""
    return _packed(exercise.probe, exercise.function, tuple(map(Same, cases)))


class Same:
    """A case as a key: the very same object, for arrays cannot be hashed."""

    def __init__(self, case: Case):
        self.case, self.args, self.probe, self.function = case, case.args, case.probe, case.function

    def __hash__(self):
        return id(self.case)

    def __eq__(self, other):
        return self.case is other.case


def well_formed(outcome: dict) -> dict:
    """The outcome if it looks like one of :func:`autograder.probes.run`, else an error that says so."""
    strange = {"error": (["StrangeResult"], "an answer in a form of its own")}
    if not isinstance(outcome, dict):
        return strange
    if "missing" in outcome:
        return {"missing": str(outcome["missing"])[:80]}
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


def new_output(kind: str, **fields) -> NotebookNode:
    """As nbformat's function of that name; the notebook is validated once, as a whole."""
    metadata = {"metadata": {}} if kind in ("display_data", "execute_result") else {}
    return from_dict({"output_type": kind, **metadata, **fields})


def as_output(output) -> NotebookNode | None:
    """A worker's output as a notebook output; None where it is not well formed."""
    try:
        kind, fields = output["output_type"], {key: value for key, value in output.items() if key != "output_type"}
        if kind in ("display_data", "execute_result"):
            fields = {"data": {str(k): str(v) for k, v in fields["data"].items()}}
            if kind == "execute_result":
                fields["execution_count"] = None
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
