"""The instant check under each exercise: visible cases, in the student's own process."""

from collections.abc import Callable

from autograder.diagnosis import find, outcomes
from autograder.verdict import judge, report


class Points(float):
    """Points earned, shown as a bare number so that nbgrader reads them as partial credit.

    >>> Points(7.5)
    7.5
    """


def check(exercise: str, function: Callable) -> Points:
    """Print how ``function`` does on the visible cases of ``exercise`` and return its points.

    ``exercise``: for example ``"hw2.out_size"``. Raises ``ValueError`` for an exercise that there is not.

    >>> check("hw2.out_size", lambda n, k, s=1, p=0, d=1: (n + 2 * p - d * (k - 1) - 1) // s + 1)
    out_size: 8 of 8 points
      ✓ plain (6 cases)
      ✓ stride and padding (16 cases)
      ✓ dilation (13 cases)
    8.0
    """
    data = find(exercise)
    verdict = judge(data, lambda cases: outcomes(data, function, cases))
    print(report(verdict))
    return Points(verdict.score)
