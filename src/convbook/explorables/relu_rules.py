"""The relu-rules explorable: what backprop, deconvnet and guided backprop let back through a ReLU."""

import html

import numpy as np
import traitlets

from convbook.explorables.base import Explorable
from convbook.explorables.checks import check_limits, numbers
from convbook.explorables.conv2d import _table
from convbook.explorables.inside import NET, PICTURES
from convbook.explorables.linking import module

RULES = {"backprop": "where x > 0", "deconv": "where dout > 0", "guided": "where both are"}
NAMES = {"backprop": "backprop", "deconv": "deconvnet", "guided": "guided backprop"}
LIMITS = {"rows": (1, 5), "columns": (1, 5)}

PRESETS = {
    "the four cases": {"x": [[2.0, -2.0], [3.0, -1.0]], "dout": [[5.0, 4.0], [-5.0, -4.0]]},
    "4 × 4": {
        "x": [[4.0, -1.0, 2.0, -6.0], [-3.0, 5.0, -2.0, 1.0], [7.0, 3.0, -4.0, -8.0], [-5.0, 6.0, 9.0, -7.0]],
        "dout": [[3.0, -2.0, -7.0, 5.0], [4.0, 1.0, -6.0, -1.0], [-3.0, 8.0, 2.0, -5.0], [6.0, -4.0, 7.0, -8.0]],
    },
    "zero passes nothing": {"x": [[0.0, 0.0, 1.0], [0.5, -0.5, 0.0]], "dout": [[1.0, -1.0, 0.0], [0.0, 0.0, 0.0]]},
    "all of x below zero": {
        "x": [[-1.0, -2.0, -3.0], [-4.0, -5.0, -6.0]],
        "dout": [[3.0, -1.0, 2.0], [-2.0, 1.0, -3.0]],
    },
}


class ReluRules(Explorable):
    """Three rules for what goes back through a ReLU: on numbers that are edited, and through a net on a digit.

    Parameters
    ----------
    x : (rows, columns) what the ReLU was given, at most 5 x 5; dout : of the same shape, what comes back from above.
        Both are those of "4 × 4" unless given.
    digit : name of a recorded picture; score : class whose score the net's gradient is of, -1 for the net's choice.

    All of these are attributes, too, and change when the view is edited; ``cursor`` is the place (i, j) that is told.

    Raises
    ------
    ValueError for numbers that are none, unequal shapes, and a digit or class that there is not.

    >>> rules = ReluRules(x=[[2, -2], [3, -1]], dout=[[5, 4], [-5, -4]])
    >>> for rule in RULES:
    ...     print(rules.arriving(rule).tolist())
    [[5.0, 0.0], [-5.0, 0.0]]
    [[5.0, 4.0], [0.0, 0.0]]
    [[5.0, 0.0], [0.0, 0.0]]
    >>> ReluRules(x=[[1, 2]], dout=[[1], [2]])
    Traceback (most recent call last):
    ...
    ValueError: x and dout must have one shape, got (1, 2) and (2, 1)
    """

    name = "relu-rules"
    _esm = module("relu_rules.mjs")
    sheets = ("explorable.css", "picture.css", "relu_rules.css")
    PAGE_TRAITS = ("x", "dout", "cursor", "digit", "score", "presets", "pictures", "net")

    x = traitlets.Any().tag(sync=True)
    dout = traitlets.Any().tag(sync=True)
    cursor = traitlets.List(traitlets.Int(min=0), [0, 2], minlen=2, maxlen=2).tag(sync=True)
    digit = traitlets.Unicode("a 3").tag(sync=True)
    score = traitlets.Int(-1, min=-1, max=9).tag(sync=True)
    presets = traitlets.Dict(PRESETS, read_only=True).tag(sync=True)
    pictures = traitlets.Dict(PICTURES, read_only=True).tag(sync=True)
    net = traitlets.Dict(NET, read_only=True).tag(sync=True)

    def __init__(self, x=None, dout=None, **settings):
        if (x is None) != (dout is None):
            raise ValueError("give x and dout together, or neither")
        given = PRESETS["4 × 4"] if x is None else {"x": x, "dout": dout}
        given = {name: numbers(value, name, 2) for name, value in given.items()}
        shapes = [np.shape(value) for value in given.values()]
        if shapes[0] != shapes[1]:
            raise ValueError(f"x and dout must have one shape, got {shapes[0]} and {shapes[1]}")
        check_limits(dict(zip(LIMITS, shapes[0], strict=True)), LIMITS)
        super().__init__(**given, **settings)

    @classmethod
    def preset(cls, name: str, **settings) -> "ReluRules":
        """Numbers by their name; ``settings`` as for the class.

        >>> ReluRules.preset("the five cases")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: preset must be one of ['the four cases', ...], got 'the five cases'
        """
        if name not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {name!r}")
        return cls(**PRESETS[name], **settings)

    def arriving(self, rule: str) -> np.ndarray:
        """What arrives below the ReLU, of the shape of ``x``, by "backprop", "deconv" or "guided"."""
        if rule not in RULES:
            raise ValueError(f"the rule is one of {', '.join(RULES)}, not {rule!r}")
        x, dout = np.array(self.x), np.array(self.dout)
        is_open = {"backprop": x > 0, "deconv": dout > 0, "guided": (x > 0) & (dout > 0)}[rule]
        return np.where(is_open, dout, 0.0)

    @traitlets.validate("x", "dout")
    def _valid_numbers(self, proposal):
        return numbers(proposal["value"], proposal["trait"].name, 2)

    @traitlets.validate("digit")
    def _valid_digit(self, proposal):
        if proposal["value"] not in PICTURES:
            raise ValueError(f"digit must be one of {list(PICTURES)}, got {proposal['value']!r}")
        return proposal["value"]

    def still(self) -> str:
        """The grids as tables."""
        forward = np.maximum(0, self.x)
        stages = [
            ("input", "x", self.x),
            ("input", "max(0, x)", forward),
            ("kernel", "dout, what comes back", self.dout),
        ]
        stages += [("output", f"{NAMES[rule]}: passes {keeps}", self.arriving(rule)) for rule, keeps in RULES.items()]
        tables = "".join(
            f'<div class="cb-stage cb-{kind}">{_table(html.escape(title), grid)}</div>' for kind, title, grid in stages
        )
        return (
            '<p class="cb-note">A ReLU is given x and passes on max(0, x). Three rules say what of the '
            "signal dout that comes back from above arrives below.</p>"
            f'<div class="cb-stages">{tables}</div>'
        )
