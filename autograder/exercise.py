"""An exercise as data: all that checking, grading, feedback and the book are derived from."""

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from autograder.trial import Trial


@dataclass(frozen=True)
class Case:
    """One call of the student's function.

    ``kind`` may be shown to students even where the case is hidden, so it names no value that
    was drawn. Points are given by ``group``: a group is passed when all its cases are. ``probe`` and ``function``,
    where given, stand in for the exercise's own.
    """

    group: str
    kind: str
    args: tuple
    probe: str = ""
    function: str = ""


@dataclass(frozen=True)
class Mistake:
    """A catalogued wrong implementation and the sentence that helps whoever wrote it.

    ``anchor`` is the label of the paragraph in the book that explains it.
    """

    name: str
    sentence: str
    anchor: str
    function: Callable


@dataclass(frozen=True)
class Exercise:
    """What a student writes, how it is called and what it is compared with.

    ``probe`` names a function of :mod:`autograder.probes`. ``examples`` are fixed visible cases;
    ``draw(rng)`` makes more, visible ones from a public seed and hidden ones from the course's
    secret. ``groups`` gives each group of cases its share of ``points``.
    """

    id: str
    function: str
    points: int
    anchor: str
    reference: Callable
    groups: dict[str, float]
    examples: tuple[Case, ...]
    draw: Callable[[np.random.Generator], list[Case]]
    mistakes: tuple[Mistake, ...]
    variants: dict[str, Callable]
    probe: str = "call"
    exact_type: bool = False  # an int is wanted, 5.0 will not do
    trial: "Trial | None" = None  # the answer is a list of inputs for these implementations
    allowed: tuple[str, ...] = ()  # modules that answers may import besides NumPy
    partners: tuple[str, ...] = ()  # other functions that the answer consists of, or whose cache it is handed
    builds_on: tuple[str, ...] = ()  # ids of exercises whose functions the answer may call

    def visible_cases(self) -> list[Case]:
        """The cases of the instant check, the same for everybody."""
        return [*self.examples, *self.draw(np.random.default_rng(2))]

    def hidden_cases(self, secret: bytes) -> list[Case]:
        """The cases of the official grade, reproducible with the course's ``secret`` alone."""
        seed = np.frombuffer(secret + self.id.encode(), np.uint8)
        return self.draw(np.random.default_rng(seed))


@cache
def source_of(function: Callable) -> str:
    return textwrap.dedent(inspect.getsource(function))


def rewrite(function: Callable, *changes: tuple[str, str]) -> Callable:
    """Return ``function``, or a class, with pieces of its source replaced: a wrong implementation as its difference.

    Each ``(old, new)`` must match the source exactly once, or ``ValueError`` is raised.

    >>> from autograder.probes import call
    >>> rewrite(call, ("no such text", ""))
    Traceback (most recent call last):
    ...
    ValueError: 'no such text' occurs 0 times in call, not once
    """
    source = source_of(function)
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} occurs {source.count(old)} times in {function.__name__}, not once")
        source = source.replace(old, new)
    namespace = dict(getattr(function, "__globals__", None) or vars(sys.modules[function.__module__]))  # or a class
    exec(compile(source, f"<{function.__name__}, rewritten>", "exec"), namespace)
    rewritten = namespace[function.__name__]
    rewritten.rewritten_from = function, changes
    return rewritten


def combined(one: Callable, other: Callable) -> Callable | None:
    """A function with the changes of two rewritten ones, or None where that cannot be: another origin, one place.

    >>> from autograder.probes import snapshot
    >>> one, other = rewrite(snapshot, ("value.dtype.str", "1")), rewrite(snapshot, ("value.shape", "2"))
    >>> combined(one, other)(np.zeros(0))
    (1, 2, b'')
    >>> combined(one, one) is None and combined(one, len) is None
    True
    """
    (origin, changes), (other_origin, more) = (getattr(f, "rewritten_from", (f, ())) for f in (one, other))
    if origin is not other_origin or not (changes and more):
        return None
    try:
        return rewrite(origin, *changes, *more)
    except (ValueError, SyntaxError):
        return None
