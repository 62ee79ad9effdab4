"""Probes: how a case calls the student's code. They run beside that code, so nothing here is secret.

A probe takes the student's namespace, the name of the function and the case's inputs, and returns
plain data (see :mod:`autograder.plain`).
"""

import copy
from importlib import import_module

import numpy as np


def call(namespace: dict, function: str, *args):
    """The function's own result.

    >>> call({"double": lambda n: 2 * n}, "double", 4)
    8
    """
    return namespace[function](*args)


def forward(namespace: dict, function: str, *args):
    """Result of a CS231n-style layer, ``(out, cache)``; what the cache holds is the student's affair.

    >>> forward({"f": lambda x: (x + 1, "anything")}, "f", 4)
    {'returned': 'a pair', 'out': 5}
    >>> forward({"f": lambda x: x + 1}, "f", 4)["returned"]
    'something else'
    """
    result = namespace[function](*args)
    if isinstance(result, tuple) and len(result) == 2:
        return {"returned": "a pair", "out": result[0]}
    kinds = {type(None): "None", np.ndarray: "an array", tuple: "a tuple"}
    returned = "a list of 2" if isinstance(result, list) and len(result) == 2 else kinds.get(type(result))
    return {"returned": returned or "something else", "out": result if isinstance(result, np.ndarray) else None}


def shift_map(layer: str, kernel: np.ndarray):
    """A map of images ``(N, C, H, W)`` onto images of the same size, to test for equivariance.

    ``layer``: "circular" or "zeros" (a correlation with that padding), "position" (brighter to the right),
    "relu".

    >>> shift_map("relu", np.ones((1, 1)))(np.array([[[[-1.0, 2.0]]]]))
    array([[[[0., 2.]]]])
    """

    def correlate(x):
        a, b = kernel.shape[0] // 2, kernel.shape[1] // 2
        mode = "wrap" if layer == "circular" else "constant"
        padded = np.pad(x, ((0, 0), (0, 0), (a, a), (b, b)), mode=mode)
        windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape, axis=(2, 3))
        return np.einsum("ncijab,ab->ncij", windows, kernel)

    maps = {
        "circular": correlate,
        "zeros": correlate,
        "position": lambda x: x * np.arange(1.0, x.shape[3] + 1),
        "relu": lambda x: np.maximum(x, 0),
    }
    return maps[layer]


def equivariance(namespace: dict, function: str, layer: str, kernel, x, shift):
    """Result of ``function(f, x, shift)`` for a map ``f`` that is made here.

    >>> equivariance({"g": lambda f, x, shift: f(x).shape}, "g", "relu", np.ones((1, 1)), np.ones((1, 1, 2, 3)), (0, 1))
    (1, 1, 2, 3)
    """
    return namespace[function](shift_map(layer, kernel), x, shift)


class Net:
    """Linear layers with a ReLU between them; ``layers`` is a list of pairs ``(w, b)``.

    ``grads`` holds what the backward passes since the last ``zero_grad`` have added up: "x", the gradient with respect
    to the images, and "w0", "b0", "w1", ... those with respect to the parameters.
    """

    def __init__(self, layers):
        self.layers, self.grads = layers, {}

    def zero_grad(self):
        self.grads = {}

    def forward(self, x):
        """Return the scores (N, K) of images x (N, C, H, W), before any softmax."""
        self.shape, self.inputs = x.shape, [x.reshape(len(x), -1)]
        for w, b in self.layers:
            scores = self.inputs[-1] @ w + b
            self.inputs.append(np.maximum(scores, 0))
        return scores

    def backward(self, dscores):
        """Add to grads the gradients of sum(dscores * scores), with the scores of the last forward pass."""
        d = dscores
        for k in reversed(range(len(self.layers))):
            if k < len(self.layers) - 1:
                d = d * (self.inputs[k + 1] > 0)
            self.add(f"w{k}", self.inputs[k].T @ d)
            self.add(f"b{k}", d.sum(axis=0))
            d = d @ self.layers[k][0].T
        self.add("x", d.reshape(self.shape))

    def add(self, name, gradient):
        self.grads[name] = self.grads.get(name, 0) + gradient


def explained(namespace: dict, function: str, layers, x, c: int, state: str):
    """Result of ``function(model, x, c)`` for a :class:`Net`.

    ``state``: "new"; "used", gradients of another batch are in the model before; "after", none may be there afterwards.

    >>> layers = [(np.ones((2, 1)), np.zeros(1))]
    >>> explained({"f": lambda model, x, c: model.forward(x)}, "f", layers, np.ones((1, 1, 1, 2)), 0, "new")
    array([[2.]])
    """
    model = Net(copy.deepcopy(layers))
    if state == "used":
        model.backward(2 + model.forward(x[::-1] + 1))
    result = namespace[function](model, x, c)
    if snapshot(model.layers) != snapshot(layers):
        raise RuntimeError("the model's weights have changed")
    if state == "after" and any(np.any(value) for value in model.grads.values()):
        raise RuntimeError(f"gradients are left in model.grads: {', '.join(sorted(model.grads))}")
    return result


def scored(w, power: float):
    """A score of an array ``x`` of the shape of ``w``: sum(w x) for power 1, else one with products of neighbours.

    >>> scored(np.array([1.0, 2.0]), 1)(np.array([5.0, 7.0]))
    19.0
    """

    def score(x):
        if np.shape(x) != w.shape:
            raise ValueError(f"f was given an array of shape {np.shape(x)}, expected {w.shape}")
        total = np.sum(w * x)
        return float(total if power == 1 else total + np.sum(x[..., 1:] * x[..., :-1]) ** power / x.size)

    return score


def occluded(namespace: dict, function: str, w, power, x, size, stride):
    """Result of ``function(f, x, size, stride)`` for a score ``f`` that is made here.

    >>> occluded({"g": lambda f, x, size, stride: f(x)}, "g", np.ones((1, 2, 2)), 1, np.ones((1, 2, 2)), 1, 1)
    4.0
    """
    return namespace[function](scored(w, power), x, size, stride)


def hill(kind: str, a, t):
    """A function that returns a score and its gradient: "bowl", -sum(a (x - t)^2) / 2; "waves", sum(a sin(x - t)).

    >>> hill("bowl", np.array([2.0]), np.array([1.0]))(np.array([4.0]))
    (-9.0, array([-6.]))
    """

    def bowl(x):
        return float(-np.sum(a * (x - t) ** 2) / 2), -a * (x - t)

    def waves(x):
        return float(np.sum(a * np.sin(x - t))), a * np.cos(x - t)

    return {"bowl": bowl, "waves": waves}[kind]


def climbed(namespace: dict, function: str, kind: str, a, t, x0, steps, lr, *l2):
    """Result of ``function(f, x0, steps, lr, l2)`` for a hill ``f`` that is made here.

    >>> climbed({"g": lambda f, x, steps, lr, l2=0: f(x)[1] * lr}, "g", "bowl", 2.0, 1.0, 4.0, 3, 0.5)
    -3.0
    """
    return namespace[function](hill(kind, a, t), x0, steps, lr, *l2)


def planar(namespace: dict, function: str, X, part: str):
    """Points in a plane, or their shares of the variance: ``part`` of ``(plane, explained)``.

    The sign of an axis is anybody's: each is turned so that the sum of its cubes is positive.

    >>> planar({"f": lambda X: (-X, 1)}, "f", np.array([[1.0, -2.0], [3.0, 1.0]]), "plane")["plane"]
    array([[ 1.,  2.],
           [ 3., -1.]])
    """
    told = part_of(namespace[function](X), ("plane", "explained"), part)
    values = told[part]
    if part == "plane" and isinstance(values, (list, np.ndarray)):
        values = np.array(values)
        if values.ndim == 2 and values.dtype.kind in "iuf":
            cubes = (values.astype(np.float64) ** 3).sum(axis=0)
            told[part] = values * np.where(cubes < 0, -1, 1)
    return told


def part_of(result, names, part: str | None = None) -> dict:
    """One result of a function that returns several at once, or all of them; a list will do for a tuple.

    >>> part_of((1, 2, 3), ("dx", "dw", "db"), "dw")
    {'returned': '(dx, dw, db)', 'dw': 2}
    >>> part_of((1, 2), ("dx", "dw", "db"), "dw")
    {'returned': 'a tuple of 2', 'dw': None}
    """
    wanted = [part] if part else names
    if isinstance(result, (tuple, list)) and len(result) == len(names):
        values = dict(zip(names, result, strict=True))
        return {"returned": f"({', '.join(names)})", **{name: values[name] for name in wanted}}
    kind = {type(None): "None", np.ndarray: "an array"}.get(type(result), "something else")
    if isinstance(result, (tuple, list)):
        kind = f"a {'list' if isinstance(result, list) else 'tuple'} of {len(result)}"
    return {"returned": kind, **dict.fromkeys(wanted)}


def several(namespace: dict, function: str, *args):
    """One of several results; after the function's own arguments come all names and the one that is wanted.

    >>> several({"f": lambda x: [x + 1, "cache"]}, "f", 4, ("out", "cache"), "out")
    {'returned': '(out, cache)', 'out': 5}
    """
    *args, names, part = args
    return part_of(namespace[function](*args), names, part)


def backward(namespace: dict, function: str, dout, cache, names, part, forward: str = ""):
    """One of the gradients that a backward pass returns, ``function(dout, cache)``.

    With ``forward`` the cache is made by the student's own function of that name, from the inputs that stand
    in its place here: so any cache is right that suits both. Parameters of channels may have shape ``(C,)`` or
    ``(1, C, 1, 1)``, and so may their gradients.

    >>> layer = {"f": lambda x: (2 * x, "twice"), "b": lambda dout, cache: (2 * dout, cache)}
    >>> backward(layer, "b", 4, (3,), ("dx", "dw"), "dw", "f")
    {'returned': '(dx, dw)', 'dw': 'twice'}
    """
    if forward:
        if not callable(namespace.get(forward)):
            raise NameError(f"there is no function called {forward}, whose cache is needed here")
        result = namespace[forward](*copy.deepcopy(cache))
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise TypeError(f"{forward} does not return a tuple of two, (out, cache)")
        cache = result[1]
    told = part_of(namespace[function](dout, cache), names, part)
    if part in ("dgamma", "dbeta") and np.ndim(told[part]) == 4 and np.size(told[part]) == np.shape(told[part])[1]:
        told[part] = np.ravel(told[part])
    return told


def layer(namespace: dict, function: str, dout, inputs, names, part, forward: str):
    """As :func:`backward` with ``forward``; the part may be that one's output, ``"out"``.

    Or it is what that one leaves in a dictionary of options, such as ``"running_mean"``.

    >>> two = {"f": lambda x: (2 * x, None), "b": lambda dout, cache: (2 * dout, 0)}
    >>> layer(two, "b", 4, (3,), ("dx", "dw"), "out", "f")
    {'returned': '(out, cache)', 'out': 6}
    """
    if part in names:
        return backward(namespace, function, dout, inputs, names, part, forward)
    if not callable(namespace.get(forward)):
        raise NameError(f"there is no function called {forward}")
    inputs = copy.deepcopy(inputs)
    told = part_of(namespace[forward](*inputs), ("out", "cache"), "out")
    if part == "out":
        return told
    options = [each for each in inputs if isinstance(each, dict) and part in each]
    return {"returned": told["returned"], part: options[0][part] if options else None}


def batchnorm(namespace: dict, function: str, x, gamma, beta, bn_param, part: str, calls: int = 1):
    """What a batch norm returns, or leaves in ``bn_param``, after as many calls: its output or a running statistic.

    >>> def f(x, gamma, beta, bn_param):
    ...     bn_param["running_mean"] = bn_param["running_mean"] / 2
    ...     return x, None
    >>> batchnorm({"f": f}, "f", 7, 1, 0, {"running_mean": 8}, "running_mean", 2)
    {'returned': '(out, cache)', 'running_mean': 2.0}
    """
    bn_param = copy.deepcopy(bn_param)  # it is updated in place
    for _ in range(calls):
        told = part_of(namespace[function](x, gamma, beta, bn_param), ("out", "cache"), "out")
    return told if part == "out" else {"returned": told["returned"], part: bn_param.get(part)}


def kept(namespace: dict, function: str, *args):
    """Output of a forward pass, or one entry of its cache, whose entries are named after the own arguments.

    >>> f = lambda x, w: (x * w, (x, w))
    >>> kept({"f": f}, "f", 2, 3, ("x", "w"), "w"), kept({"f": f}, "f", 2, 3, ("x", "w"), "out")["out"]
    ({'returned': '(out, cache)', 'cache: w': 3}, 6)
    """
    *args, names, part = args
    result = namespace[function](*args)
    told = part_of(result, ("out", "cache"), "out")
    if part == "out" or told["returned"] != "(out, cache)":
        return told if part == "out" else {"returned": told["returned"], f"cache: {part}": None}
    entries = (result[1],) if len(names) == 1 else result[1]
    return {"returned": told["returned"], f"cache: {part}": part_of(entries, names, part)[part]}


def real(value, shape) -> np.ndarray | None:
    """``value`` as real numbers of that shape, or None.

    >>> real([1, 2], (2,)), real("text", (2,)), real([1, 2], (3,))
    (array([1., 2.]), None, None)
    """
    try:
        array = np.asarray(value)
        return array.astype(np.float64) if array.shape == tuple(shape) and array.dtype.kind in "iuf" else None
    except (ValueError, TypeError):
        return None


def slopes(over: np.ndarray, under: np.ndarray) -> list[float]:
    """Least and largest quotient; zeros where there is none.

    >>> slopes(np.array([2.0, 6]), np.array([1.0, 2])), slopes(np.zeros(0), np.zeros(0))
    ([2.0, 3.0], [0.0, 0.0])
    """
    quotients = over / under
    return [float(quotients.min()), float(quotients.max())] if quotients.size else [0.0, 0.0]


def dropout(namespace: dict, function: str, x, dropout_param, part: str):
    """What a dropout does to ``x``, which holds no zeros, in words that any generator of random numbers gives.

    ``part``: "out"; "factor" (least and largest, of what is kept), "share kept" (to one digit), "lines alike" (1
    where all rows or all columns are dropped alike), "same seed", "other seed", "no seed" (1 where two calls drop
    the same).

    >>> def f(x, dropout_param):
    ...     return x * [0, 2.0, 2.0, 0], "mask"
    >>> [dropout({"f": f}, "f", np.ones(4), {"p": 0.5}, part)[part] for part in ("factor", "share kept", "no seed")]
    [[2.0, 2.0], 0.5, 1]
    """

    def output(**changes):
        options = {key: value for key, value in {**dropout_param, **changes}.items() if value is not None}
        return part_of(namespace[function](x, options), ("out", "cache"), "out")

    told = output()
    out = real(told["out"], np.shape(x))
    if part == "out" or out is None:
        return {"returned": told["returned"], part: told["out"]}
    alive = out != 0
    if part == "factor":
        found = slopes(out[alive], x[alive])
    elif part == "share kept":
        found = round(float(alive.mean()), 1)
    elif part == "lines alike":
        found = int((alive == alive[:1]).all() or (alive == alive[:, :1]).all())
    else:
        seed = {"same seed": dropout_param.get("seed"), "other seed": dropout_param.get("seed", 0) + 1}.get(part)
        first = output(seed=None) if part == "no seed" else told
        output(seed=None)  # moves a generator that all share
        first, second = (real(each["out"], np.shape(x)) for each in (first, output(seed=seed)))
        found = int(first is not None and second is not None and bool(((first != 0) == (second != 0)).all()))
    return {"returned": told["returned"], part: found}


def dropout_slopes(namespace: dict, function: str, dout, x, dropout_param, part: str, forward: str):
    """What a dropout's backward pass does to ``dout``, where the student's own forward pass kept a value and where not.

    ``part``: "kept" or "dropped", the least and the largest factor; "dx" itself.

    >>> layer = {"f": lambda x, param: (x * [0, 2.0], [0, 2.0]), "b": lambda dout, mask: dout * mask}
    >>> dropout_slopes(layer, "b", np.ones(2), np.ones(2), {}, "kept", "f")
    [2.0, 2.0]
    """
    if not callable(namespace.get(forward)):
        raise NameError(f"there is no function called {forward}, whose cache is needed here")
    result = namespace[forward](copy.deepcopy(x), copy.deepcopy(dropout_param))
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise TypeError(f"{forward} does not return a tuple of two, (out, cache)")
    dx = namespace[function](dout, result[1])
    out, slope = real(result[0], np.shape(x)), real(dx, np.shape(x))
    if part == "dx" or out is None or slope is None:
        return dx
    where = (out != 0) == (part == "kept")
    return slopes(slope[where], dout[where])


def made(namespace: dict, function: str, options: dict):
    """A model with the parameters that a dictionary should hold."""
    options = {key: np.dtype(value) if key == "dtype" else value for key, value in options.items()}
    model = namespace[function](**options)
    if not isinstance(getattr(model, "params", None), dict):
        raise TypeError("the model has no dictionary called params")
    return model


def entry(values, name: str, what: str):
    """``values[name]``; where it is not there, an error that says what is."""
    if not isinstance(values, dict) or name not in values:
        there = ", ".join(sorted(map(str, values))) if isinstance(values, dict) else "no dictionary"
        raise KeyError(f"{what} has no entry {name}: there is {there or 'nothing'}")
    return values[name]


def initial(namespace: dict, function: str, options: dict, name: str, part: str):
    """One parameter of a new model: its "shape", its "values", its "bytes" a value, or its "deviation".

    The deviation is told in multiples of ``weight_scale``, to one digit; what lies within 15 % of 1 is 1. Where the
    values do not lie about zero, 1000 is added.

    >>> class Model:
    ...     def __init__(self, weight_scale):
    ...         self.params = {"W": weight_scale * np.random.randn(50, 60)}
    >>> [initial({"f": Model}, "f", {"weight_scale": 0.1}, "W", part) for part in ("shape", "bytes", "deviation")]
    [[50, 60], 8, 1.0]
    """
    value = np.asarray(entry(made(namespace, function, options).params, name, "params"))
    if part == "shape":
        return list(value.shape)
    if part == "bytes":
        return value.dtype.itemsize if value.dtype.kind == "f" else 0
    if part == "values":
        return value
    spread = float(np.std(value) / options["weight_scale"])
    told = 1.0 if abs(spread - 1) < 0.15 else float(f"{spread:.1g}")
    return told if abs(np.mean(value)) <= 0.25 * np.std(value) else told + 1000  # not about zero


def network(namespace: dict, function: str, options: dict, params: dict, X, y, part: str):
    """What a model's ``loss`` returns once its parameters are ``params``: "scores" (``y`` is None), "loss", a gradient.

    >>> class Model:
    ...     params = {"W": 0}
    ...     def loss(self, X, y=None):
    ...         return X if y is None else (7, {"W": self.params["W"]})
    >>> [network({"f": Model}, "f", {}, {"W": 8}, 5, y, part) for y, part in [(None, "scores"), (1, "loss"), (1, "W")]]
    [5, 7, 8]
    """
    model = made(namespace, function, options)
    for name in params:
        entry(model.params, name, "params")
    model.params.update(copy.deepcopy(params))
    result = model.loss(X) if y is None else model.loss(X, y)
    for name, value in params.items():
        if not np.array_equal(model.params[name], value):
            raise RuntimeError(f"loss changes params[{name!r}]: only training moves parameters")
    if y is None:
        if isinstance(result, tuple):
            raise TypeError("loss(X) returns a tuple, expected the scores alone")
        return result
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise TypeError("loss(X, y) does not return a tuple of two, (loss, grads)")
    return result[0] if part == "loss" else entry(result[1], part, "grads")


def reaches(namespace: dict, function: str, names, partners):
    """Which of ``names`` the function, or one of its partners, mentions, or what it mentions does.

    >>> def low(): ...
    >>> def high(): return low()
    >>> reaches({"low": low, "high": high, "f": lambda: high(), "other": high}, "f", ["low", "other"], [])
    ['low']
    """
    found, left = set(), [function, *partners]
    while left:
        name = left.pop()
        if name in found or name not in namespace:
            continue
        found.add(name)
        value = namespace[name]
        functions = vars(value).values() if isinstance(value, type) else [value]
        codes = [each.__code__ for each in functions if hasattr(each, "__code__")]
        while codes:
            code = codes.pop()
            left += code.co_names
            codes += [each for each in code.co_consts if hasattr(each, "co_names")]
    return [name for name in names if name in found and name != function]


def tied_pool(namespace: dict, function: str, dout, cache):
    """Gradient of max pooling, the shares of equal maxima of one window made equal: any way to share is right.

    That is done where windows do not overlap; where they do, there should be no ties.

    >>> x, pool_param = np.array([[[[5.0, 5.0, 1.0, 0.0]]]]), {"pool_height": 1, "pool_width": 2, "stride": 2}
    >>> first = {"f": lambda dout, cache: np.array([[[[3.0, 0.0, 4.0, 0.0]]]])}
    >>> tied_pool(first, "f", np.array([[[[3.0, 4.0]]]]), (x, pool_param)).ravel()
    array([1.5, 1.5, 4. , 0. ])
    """
    x, pool_param = copy.deepcopy(cache)
    result = namespace[function](dout, cache)
    dx = np.array(result) if isinstance(result, (np.ndarray, list)) else np.zeros(0)
    kh, kw, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    if dx.shape != x.shape or dx.dtype.kind not in "iuf" or stride < max(kh, kw):
        return result
    dx = dx.astype(np.float64)
    for n, c, i, j in np.ndindex(dout.shape):
        window = np.s_[n, c, i * stride : i * stride + kh, j * stride : j * stride + kw]
        largest = x[window] == x[window].max()
        dx[window][largest] = dx[window][largest].sum() / largest.sum()
    return dx


def function_of_array(name: str):
    """A function to take numerical gradients of; "flat" returns a view of its argument.

    >>> function_of_array("flat")(np.ones((2, 1)))
    array([1., 1.])
    """
    functions = {
        "cubes": lambda x: x**3,
        "sum": lambda x: np.sum(np.sin(x)),
        "flat": lambda x: x.reshape(-1),
        "products": lambda x: x[:, :1] * x[:, 1:] + np.cos(x[:, 1:]),
        "gram": lambda x: x.T @ x,
        "differences": lambda x: (x[..., 1:] - x[..., :-1]) ** 3,
    }
    return functions[name]


def gradient(namespace: dict, function: str, f: str, x, df, *h):
    """Result of ``function(f, x, df, h)`` for a function ``f`` of arrays that is made here.

    >>> gradient({"g": lambda f, x, df, h=1: f(x) * df * h}, "g", "cubes", np.array([2.0]), 10, 0.5)
    array([40.])
    """
    return namespace[function](function_of_array(f), x, df, *h)


def conv_gradients(namespace: dict, function: str, x, w, dout, stride, pad):
    """``dx``, ``dw`` and ``db`` of a convolution's backward pass, given what its cache is made of.

    >>> f = lambda dout, cache: (cache[0], cache[1], dout)
    >>> conv_gradients({"f": f}, "f", 1, np.ones((2, 1, 1, 1)), 3, 1, 0)["db"]
    3
    """
    cache = (x, w, np.zeros(len(w)), {"stride": stride, "pad": pad})
    return part_of(namespace[function](dout, cache), ("dx", "dw", "db"))


PROBES = {
    probe.__name__: probe
    for probe in (
        call,
        forward,
        equivariance,
        explained,
        occluded,
        climbed,
        planar,
        several,
        backward,
        layer,
        batchnorm,
        tied_pool,
        gradient,
        conv_gradients,
        kept,
        dropout,
        dropout_slopes,
        initial,
        network,
        reaches,
    )
}


def probe_named(name: str):
    """The probe of that name; those of PyTorch are in a module of their own, for most exercises do without."""
    if name in PROBES:
        return PROBES[name]
    return import_module(f"{__package__}.torch_probes" if __package__ else "torch_probes").PROBES[name]


def run(namespace: dict, probe: str, function: str, args: tuple) -> dict:
    """Outcome of a probe: its value, or its error as (types from special to general, message); changed inputs.

    >>> run({"f": lambda x: 1 / x}, "call", "f", (0,))
    {'error': (['ZeroDivisionError', 'ArithmeticError'], 'division by zero'), 'changed inputs': []}
    """
    if not callable(namespace.get(function)):
        return {"missing": function}
    before = [snapshot(argument) for argument in args]
    try:
        outcome = {"value": probe_named(probe)(namespace, function, *args)}
    except Exception as error:
        names = [kind.__name__ for kind in type(error).__mro__ if kind not in (Exception, BaseException, object)]
        try:
            message = str(error)[:500]
        except Exception:
            message = ""
        outcome = {"error": (names or ["Exception"], message)}
    changed = [k for k, argument in enumerate(args) if snapshot(argument) != before[k]]
    return {**outcome, "changed inputs": changed}


def snapshot(value):
    """A comparable copy of plain data.

    >>> snapshot((np.zeros(2), {"stride": 1})) == snapshot((np.zeros(2), {"stride": 1}))
    True
    """
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [snapshot(item) for item in value]
    return value
