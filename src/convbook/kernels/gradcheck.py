"""Is a backward pass right? Compare it with central differences, and say where it is not."""

from dataclasses import dataclass

import numpy as np

from convbook.kernels.conv import as_float


def numerical_gradient(f, x, dout=None, h=1e-5) -> np.ndarray:
    """Gradient of ``sum(dout * f(x))`` with respect to ``x``, by central differences.

    Parameters
    ----------
    f : function of one array. Each value of ``x`` is changed *in place* for two calls and
        put back exactly, even if ``f`` raises; so an ``f`` that reads ``x`` from elsewhere,
        a model's parameter say, sees the change.
    x : array, any shape. What cannot be changed in place (integers, read-only arrays,
        lists) is copied first.
    dout : what multiplies the output, of its shape; None only if ``f`` returns one number.
        A random one finds faults that ones hide.
    h : the step. The error falls with its square until rounding takes over: 1e-5 suits
        float64; float32 needs about 1e-2 and then gives two to three digits.

    Returns the gradient, float64, of the shape of ``x``. Raises ``ValueError`` for a ``dout``
    of another shape than the output and for a step too small for the dtype to see.

    >>> numerical_gradient(lambda x: (x**3).sum(), [1, 2]).round(6)
    array([ 3., 12.])
    """
    x = as_float(x, "x", np.ndim(x), "(...)")
    if not x.flags.writeable:
        x = x.copy()
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index].copy() if x.ndim else x.copy()
        try:
            x[index] = old + h
            above = x[index].astype(np.float64)
            upper = _output(f(x), dout)
            x[index] = old - h
            below = x[index].astype(np.float64)
            lower = _output(f(x), dout)
        finally:
            x[index] = old
        if not above > below:
            raise ValueError(f"step h={h} is too small to change {old} at index {index} in {x.dtype}")
        weight = 1.0 if dout is None else np.asarray(dout, np.float64)
        gradient[index] = np.sum(weight * (upper - lower)) / (above - below)  # the step that was made, not 2 h
    return gradient


def _output(value, dout) -> np.ndarray:
    """Copy of what ``f`` returned, which may be a view of its own argument, in float64."""
    value = np.array(value, np.float64)
    if dout is None and value.size != 1:
        raise ValueError(f"f returned shape {value.shape}: an output of more than one number needs a dout")
    if dout is not None and np.shape(dout) != value.shape:
        raise ValueError(f"dout must have the shape of the output, {value.shape}, got shape {np.shape(dout)}")
    return value


@dataclass(frozen=True)
class Difference:
    """One place where two gradients differ."""

    index: tuple[int, ...]
    analytic: float
    numeric: float
    relative_error: float


@dataclass(frozen=True)
class GradientReport:
    """What :func:`gradcheck` found; true if the gradient is right, and readable when printed."""

    ok: bool
    checked: int
    wrong: int
    worst: tuple[Difference, ...]

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        if not self.worst:
            return "gradient right: nothing to compare, x is empty"
        if self.ok:
            return f"gradient right: {self.checked} values, worst relative error {self.worst[0].relative_error:.1e}"
        lines = [f"gradient wrong at {self.wrong} of {self.checked} values"]
        lines += [
            f"  index {d.index}: analytic {d.analytic:.6g}, numeric {d.numeric:.6g}, "
            f"relative error {d.relative_error:.1e}"
            for d in self.worst
        ]
        return "\n".join(lines)


def relative_error(a, b, floor=1e-8) -> np.ndarray:
    """``|a - b| / max(|a|, |b|, floor)``, value by value: 0 equal, 2 opposite signs.

    >>> relative_error([1.0, 1.0, 0.0], [1.0, -1.0, 0.0])
    array([0., 2., 0.])
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)


def gradcheck(f, backward_result, x, dout=None, h=1e-5, rtol=1e-5, atol=1e-7, show=5, quiet=False) -> GradientReport:
    """Compare a gradient with :func:`numerical_gradient`; print where and by how much it differs.

    Parameters
    ----------
    f, x, dout, h : as in :func:`numerical_gradient`.
    backward_result : what the backward pass gave for ``x``: of its shape (``ValueError``).
    rtol, atol : a value is right if ``|analytic - numeric| <= atol + rtol max(|analytic|, |numeric|)``.
    show : how many of the wrong values to list, worst first.
    quiet : print nothing.

    Returns a :class:`GradientReport`, which is true or false. A ReLU or a maximum with a
    kink within ``h`` of ``x`` is reported wrong although it is not: move ``x`` off the kink.

    >>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> report = gradcheck(lambda x: (x**2).sum(), [[2, 4], [6, 4]], x)
    gradient wrong at 1 of 4 values
      index (1, 1): analytic 4, numeric 8, relative error 5.0e-01
    >>> report.ok, report.worst[0].index
    (False, (1, 1))
    """
    analytic = np.asarray(backward_result, np.float64)
    if analytic.shape != np.shape(x):
        raise ValueError(f"the gradient must have the shape of x, {np.shape(x)}, got shape {analytic.shape}")
    numeric = numerical_gradient(f, x, dout, h)
    error = relative_error(analytic, numeric)
    excess = np.abs(analytic - numeric) / (atol + rtol * np.maximum(np.abs(analytic), np.abs(numeric)))
    excess[~np.isfinite(excess)] = np.inf  # nan is wrong, and the worst
    wrong = int((excess > 1).sum())
    order = np.argsort(-excess, axis=None, kind="stable")[: max(show, 1) if wrong else 1]
    worst = tuple(
        Difference(tuple(map(int, index)), float(analytic[index]), float(numeric[index]), float(error[index]))
        for index in (np.unravel_index(k, error.shape) for k in order)
        if not wrong or excess[index] > 1
    )
    report = GradientReport(wrong == 0, error.size, wrong, worst)
    if not quiet:
        print(report)
    return report
