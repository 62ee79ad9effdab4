"""What an instructor did that cannot work, said in words instead of a traceback."""

from autograder.exercises import ASSIGNMENTS


class CourseError(Exception):
    """What an instructor did that cannot work, in words."""


def check_assignment(assignment: str) -> None:
    """Raise ``CourseError`` unless there is an assignment of that name.

    >>> check_assignment("hw9")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    autograder.errors.CourseError: no assignment is called 'hw9'; there are ...
    """
    if assignment not in ASSIGNMENTS:
        raise CourseError(f"no assignment is called {assignment!r}; there are {', '.join(ASSIGNMENTS)}")
