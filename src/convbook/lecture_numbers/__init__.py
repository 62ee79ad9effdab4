"""What the lectures print, and what is right; one module a chapter.

The book shows these entries, the tests recompute each of them. A key names the
lecture, then the example: ``c182.filter1.corner``. Nothing here is computed, so
that the tests can be independent of it; arrays are nested tuples.
"""

from collections.abc import Mapping
from types import MappingProxyType

from convbook.lecture_numbers import backprop, conv2d, detection, filters, groups, resnets, visualization
from convbook.lecture_numbers.number import Number, as_text, is_slip

CHAPTERS: Mapping[str, dict[str, Number]] = MappingProxyType(
    {
        "filters": filters.NUMBERS,
        "conv2d": conv2d.NUMBERS,
        "groups": groups.NUMBERS,
        "backprop": backprop.NUMBERS,
        "resnets": resnets.NUMBERS,
        "visualization": visualization.NUMBERS,
        "detection": detection.NUMBERS,
    }
)
NUMBERS: Mapping[str, Number] = MappingProxyType(
    {key: number for numbers in CHAPTERS.values() for key, number in numbers.items()}
)

__all__ = ["CHAPTERS", "NUMBERS", "Number", "as_text", "is_slip", "slips", "slips_table"]


def slips(chapter: str | None = None) -> dict[str, Number]:
    """The slips that a chapter shows, or all; ``KeyError`` for a chapter that ``CHAPTERS`` does not have.

    >>> [key for key in slips("conv2d") if "filter1" in key]
    ['c182.filter1.corner']
    """
    numbers = NUMBERS if chapter is None else CHAPTERS[chapter]
    return {key: number for key, number in numbers.items() if is_slip(number)}


def slips_table(chapter: str | None = None) -> list[tuple[str, str, str, str, str]]:
    """Rows ``(lecture, what, printed, corrected, note)`` of text, one a slip.

    >>> slips_table("conv2d")[-1][2:4]
    ('(40, 30)', '(38, 30)')
    """
    return [
        (number.lecture, number.what, as_text(number.printed), as_text(number.corrected), number.note)
        for number in slips(chapter).values()
    ]
