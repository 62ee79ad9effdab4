"""Numbers of questions, computed when the book is built: from the lectures' table, or by the kernels."""

import math

from convbook import kernels
from convbook.lecture_numbers import NUMBERS

BUILTINS = {"abs": abs, "len": len, "max": max, "min": min, "range": range, "round": round, "sum": sum}


def number(key: str):
    """The right value of an entry of the lectures' table; ``ValueError`` for a key that it does not have."""
    if key not in NUMBERS:
        raise ValueError(f"{key!r} is no key of convbook.lecture_numbers")
    return NUMBERS[key].corrected


NAMES = {
    **{name: getattr(kernels, name) for name in dir(kernels) if not name.startswith("_")},
    **{name: getattr(math, name) for name in ("ceil", "exp", "floor", "log", "pi", "prod", "sqrt")},
    "number": number,
}


def evaluate(expression: str):
    """The value of a key of the lectures' table, or of an expression with kernels, ``math`` and ``number(key)``.

    It may stand in backticks. Raises ``ValueError`` that names an expression without a value.

    >>> evaluate("vgg16.params"), evaluate("conv_params(3, 4, 3)"), evaluate("number('lenet.sizes')[1]")
    (138357544, 112, 28)
    >>> evaluate("no.such.key")
    Traceback (most recent call last):
    ...
    ValueError: 'no.such.key' is neither a key of convbook.lecture_numbers nor an expression: name 'no' is not defined
    """
    expression = expression.strip("` ")
    if expression in NUMBERS:
        return NUMBERS[expression].corrected
    try:
        return eval(expression, {"__builtins__": BUILTINS, **NAMES})
    except Exception as error:
        message = f"{expression!r} is neither a key of convbook.lecture_numbers nor an expression: {error}"
        raise ValueError(message) from error


def real(expression: str) -> float | int:
    """The value of ``expression`` as one number; ``ValueError`` where it is anything else, or not finite."""
    value = evaluate(expression)
    if hasattr(value, "item") and getattr(value, "size", 0) == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{expression!r} is {value!r}, expected a finite number")
    return value


def written(text: str) -> str:
    """``expression`` or ``expression; format`` as it is shown; whole numbers in groups of three unless told.

    >>> written("conv_params(3, 100, 3)"), written("2 / 3; .2f")
    ('2,800', '0.67')
    """
    expression, _, form = text.partition(";")
    value = real(expression.strip())
    return format(value, form.strip() or ("," if isinstance(value, int) else "g"))
