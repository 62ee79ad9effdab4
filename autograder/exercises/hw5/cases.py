"""Weights and cases of modules that are run under given weights."""

import numpy as np

from autograder.exercise import Case


def apart(rng, low: int, high: int, n: int = 2) -> tuple[int, ...]:
    """Numbers from ``low`` to ``high - 1`` that all differ."""
    return tuple(int(k) for k in rng.permutation(np.arange(low, high))[:n])


def conv(c_in: int, c_out: int, k: int) -> dict:
    """Shape of a convolution without bias, by the last part of its name."""
    return {"weight": (c_out, c_in, k, k)}


def norm(c: int) -> dict:
    return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (c,))


def weights(rng, layers: dict[str, dict]) -> dict[str, np.ndarray]:
    """Drawn float32 weights and statistics for ``{layer: shapes}``, by their whole names."""
    drawn = {}
    for layer, shapes in layers.items():
        for last, shape in shapes.items():
            if len(shape) > 1:
                array = rng.normal(size=shape) * (2 / np.prod(shape[1:])) ** 0.5
            else:
                array = rng.uniform(0.5, 1.5, shape) if last in ("weight", "running_var") else rng.normal(size=shape)
            drawn[f"{layer}.{last}"] = array.astype(np.float32)
    return drawn


def image(rng, *shape) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32)


def zeroed(*names):
    """A change to drawn weights: these are 0."""
    return lambda drawn: {name: 0 * array if name in names else array for name, array in drawn.items()}


def counted(group, kind, *arguments) -> Case:
    """A case that counts a module's parameters."""
    return Case(group, kind, ("parameters", *arguments))


def run(rng, group, kind, arguments, layers, shape, part="out", training=False, out=None, **given) -> Case:
    """A case that runs a module: ``out`` is the shape of what goes back; ``given`` changes drawn weights."""
    drawn = weights(rng, layers)
    for change in given.values():
        drawn = change(drawn)
    x = image(rng, *shape)
    dout = () if out is None else (image(rng, *out),)
    return Case(group, kind, ("module", arguments, drawn, x, training, part, *dout))
