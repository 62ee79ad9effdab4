"""One number of the lectures: what it is, as printed and as it should be. Every chapter's table is made of these."""

from dataclasses import dataclass

DATA_188_L11 = "Data 188, lecture 11"
DATA_188_L12 = "Data 188, lecture 12"
DATA_188 = "Data 188, lectures 11 and 12"
C182 = "Data C182, lecture 10"
BERKELEY = "Data 188, lecture 11; Data C182, lecture 10"
WISE = "Waterloo WISE, convolutional networks"
DL4CV = "Weizmann DL4CV, lecture 3"
BOOK = "not worked in a lecture"

Value = int | float | str | tuple


@dataclass(frozen=True)
class Number:
    """One entry: ``what`` it is, what the lecture ``printed`` (None: nothing) and what is ``corrected``.

    A value is a number, a nested tuple of numbers, or the text of a formula or of a
    claim. ``note`` says in a sentence what to know about it.
    """

    lecture: str
    what: str
    corrected: Value
    printed: Value | None = None
    note: str = ""


def is_slip(number: Number) -> bool:
    """Does the lecture print something else than what is right?

    >>> is_slip(Number(C182, "a sum", 2, printed=1)), is_slip(Number(BOOK, "a count", 2))
    (True, False)
    """
    return number.printed is not None and number.printed != number.corrected


def as_text(value: Value | None) -> str:
    """Write a value in one line; rows of a matrix are separated by semicolons.

    >>> as_text(((2, 257), (8.1, 216.8))), as_text(25088), as_text((3, 5)), as_text(None)
    ('[2, 257; 8.1, 216.8]', '25,088', '(3, 5)', '')
    """
    if value is None:
        return ""
    if isinstance(value, tuple):
        if value and isinstance(value[0], tuple):
            return "[" + "; ".join(", ".join(map(str, row)) for row in value) + "]"
        return "(" + ", ".join(map(str, value)) + ")"
    return value if isinstance(value, str) else f"{value:,}"
