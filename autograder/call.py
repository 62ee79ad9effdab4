"""Call a function in this process as a worker would: for the instant check, for references and catalogued mistakes."""

import inspect
import warnings
from collections.abc import Callable

from autograder.plain import NotPlain, pack, unpack
from autograder.probes import run


def fresh(args: tuple) -> tuple:
    """A deep copy of a case's inputs, so that code which changes them changes nothing else."""
    return unpack(pack(args))


def outcome_of(function: Callable, probe: str, name: str, args: tuple, other: str = "") -> dict:
    """Outcome of one probe of ``function``, as the plain data that would cross to the grader.

    As in a worker, the probe finds what stands beside the function: a backward pass needs its forward pass. With
    ``other`` it probes the function of that name beside it.

    >>> outcome_of(lambda n: 2 * n, "call", "double", (21,))
    {'value': 42, 'changed inputs': []}
    """
    with warnings.catch_warnings():  # nbgrader takes anything on stderr for a failure
        warnings.simplefilter("ignore")
        maker = function.__init__ if isinstance(function, type) else function
        beside = getattr(inspect.unwrap(maker), "__globals__", {}) if callable(function) else {}
        outcome = run({**beside, name: function}, probe, other or name, fresh(args))
    try:
        return unpack(pack(outcome))
    except NotPlain as error:
        return {"error": (["ResultTooLarge"], str(error))}
