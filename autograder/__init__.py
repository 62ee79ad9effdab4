"""The grader of the course: instant checks for students, official grades through nbgrader."""

from autograder.check import check

__all__ = ["check"]
