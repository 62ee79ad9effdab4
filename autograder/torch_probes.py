"""Probes of code in PyTorch: modules are made, given weights and run; what comes back crosses as arrays.

They run beside students' code, like :mod:`autograder.probes`, which finds them by name: nothing here is secret.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module

import numpy as np
import torch
from torch import nn

by_order = import_module(f"{__package__}.layer_names" if __package__ else "layer_names").by_order

STRIDES = (11, 7, 3, 1)  # of weights that are filled from a short list of values, which they share
STATISTICS = ("running_mean", "running_var")
PARTS = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc")  # of a ResNet, as torchvision names them


@contextmanager
def undisturbed() -> Iterator[None]:
    """One thread, gradients on, and the random numbers afterwards as they were before.

    One thread also because a fork of a process whose threads have computed waits for them for ever.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            yield
    except RuntimeError as error:
        if type(error) is not RuntimeError:
            raise
        raise RuntimeError(reworded(str(error))) from None
    finally:
        torch.set_num_threads(threads)


def reworded(message: str) -> str:
    """PyTorch's words for sizes that do not fit, in which nothing depends on which of the two was added to which.

    >>> reworded("The size of tensor a (5) must match the size of tensor b (3) at non-singleton dimension 1")
    'two tensors cannot be combined: their sizes are 3 and 5 on axis 1'
    """
    found = re.match(r"The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\).* (\d+)", message)
    if not found:
        return message
    small, large = sorted(map(int, found.groups()[:2]))
    return f"two tensors cannot be combined: their sizes are {small} and {large} on axis {found[3]}"


def plain(value):
    """``value`` with its tensors as arrays, also in lists, tuples and dictionaries; half precision as float32.

    >>> plain([torch.ones(2, requires_grad=True), torch.tensor(3, dtype=torch.bfloat16), "text"])
    [array([1., 1.], dtype=float32), array(3., dtype=float32), 'text']
    """
    if isinstance(value, torch.Tensor):
        array = value.detach().cpu()
        return (array.float() if array.dtype in (torch.bfloat16, torch.float16) else array).numpy()
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value


def made(namespace: dict, function: str, *arguments) -> nn.Module:
    """The module that a call makes; raises ``TypeError`` where it makes something else."""
    result = namespace[function](*arguments)
    if not isinstance(result, nn.Module):
        raise TypeError(f"{function} should make an nn.Module, and makes something else")
    return result


def on_nothing(namespace: dict, function: str, *arguments) -> nn.Module:
    """The same without memory for its weights, where it can be made so."""
    try:
        with torch.device("meta"):
            return made(namespace, function, *arguments)
    except (NotImplementedError, RuntimeError):  # it looks at values, or has not been written
        return made(namespace, function, *arguments)


# ---- a module under given weights


def assign(module: nn.Module, weights: dict[str, np.ndarray]) -> dict[str, str]:
    """Set the module's weights, a convolution's bias to 0; returns the module's own names, by those of ``weights``.

    Other names are understood where the order and the shapes of convolutions and batch norms leave no doubt.
    Raises ``LookupError`` for what is missing, has another shape, or is there besides.
    """
    state = {name: value for name, value in module.state_dict(keep_vars=True).items() if "num_batches" not in name}
    convs = {name.rpartition(".")[0] for name, value in state.items() if value.ndim == 4}
    state = {name: value for name, value in state.items() if not set_to_zero(name, value, convs)}
    names = dict.fromkeys(weights)
    names = {name: name for name in names} if set(names) <= set(state) else by_order(state, weights)
    for name, array in weights.items():
        if name not in names:
            raise LookupError(f"the module has no {name}, of shape {array.shape}")
        if tuple(state[names[name]].shape) != array.shape:
            raise LookupError(f"{name} has shape {tuple(state[names[name]].shape)}, expected {array.shape}")
    for name in state:
        if name not in names.values():
            raise LookupError(f"the module has {name}, which nothing here needs")
    with torch.no_grad():
        for name, array in weights.items():
            state[names[name]].copy_(torch.from_numpy(array))
    return names


def set_to_zero(name: str, value: torch.Tensor, convs: set[str]) -> bool:
    """Whether this is the bias of a convolution, which is then 0: a mistake, but one that spoils no output."""
    prefix, _, last = name.rpartition(".")
    if last != "bias" or prefix not in convs:
        return False
    with torch.no_grad():
        value.zero_()
    return True


def module(namespace: dict, function: str, arguments, weights, x, training: bool, part: str, dout=None) -> dict:
    """One thing that a module does under given weights; with ``dout`` after going back through it.

    ``part``: "out", for its output, and that x is afterwards what it was; "dx"; the name of a weight, for its
    gradient; or of a running statistic, for its value afterwards.

    >>> namespace, weights = {"Norm": nn.BatchNorm2d}, {"weight": np.ones(1), "bias": np.ones(1)}
    >>> weights |= {"running_mean": np.ones(1), "running_var": np.ones(1)}
    >>> module(namespace, "Norm", (1,), weights, np.ones((1, 1, 1, 1)), False, "out")["out"]
    array([[[[1.]]]], dtype=float32)
    """
    with undisturbed():
        net = made(namespace, function, *arguments)
        names = assign(net, weights)
        net.train(training)
        like = next(net.parameters()).detach()
        x = torch.from_numpy(x.copy()).to(like)
        if part == "out":
            with torch.no_grad():
                return {"out": plain(net(x)), "x afterwards": plain(x)}
        out = net(x.requires_grad_() * 1)  # a tensor that another layer has made, as in a network
        if part.endswith(STATISTICS):
            return {part: plain(net.state_dict()[names[part]])}
        back(out, dout)
        value = x if part == "dx" else net.state_dict(keep_vars=True)[names[part]]
        return {part: plain(torch.zeros_like(value) if value.grad is None else value.grad)}


def back(out, dout: np.ndarray) -> None:
    if not isinstance(out, torch.Tensor) or tuple(out.shape) != dout.shape:
        raise ValueError("the output is no tensor of the shape that it should have")
    out.backward(torch.from_numpy(dout).to(out))


def parameters(namespace: dict, function: str, *arguments) -> int:
    """How many parameters a module has.

    >>> parameters({"Linear": nn.Linear}, "Linear", 2, 3)
    9
    """
    with undisturbed():
        return sum(parameter.numel() for parameter in on_nothing(namespace, function, *arguments).parameters())


# ---- a stage of blocks, and a whole network


def stage(namespace: dict, function: str, c_in: int, c: int, n: int, stride: int, expansion: int, x) -> dict:
    """The blocks that a stage runs, a row each, and the shape of its output; the block class is made here.

    A row: the block's number (that of its first run, where it is run again), and its arguments c_in, width, stride.
    """
    seen, rows = [], []

    class Block(nn.Module):
        def __init__(self, c_in, width, stride=1):
            super().__init__()
            self.settings = c_in, width, stride

        def forward(self, x):
            c_in, width, stride = self.settings
            if x.shape[1] != c_in:
                raise RuntimeError(f"a block made for {c_in} channels was given {x.shape[1]}")
            if self not in seen:
                seen.append(self)
            rows.append((seen.index(self), c_in, width, stride))
            return x[:, :1, ::stride, ::stride].repeat(1, width * expansion, 1, 1)

    Block.expansion = expansion
    with undisturbed():
        net = made(namespace, function, Block, c_in, c, n, stride)
        out = net(torch.from_numpy(x))
        return {"blocks": np.array(rows).reshape(-1, 4), "shape": np.array(out.shape)}


def network(namespace: dict, function: str, arguments, values, x, of_parts: bool = False) -> dict:
    """Output of a ResNet, in a mode without batch statistics, and the shapes that its stages return.

    Weights are filled from ``values`` according to their shapes, so that names do not matter; the stages' do. With
    ``of_parts`` the stages are replaced by our own, which only tell what they are given.
    """
    with undisturbed():
        net = on_nothing(namespace, function, *arguments).eval()
        parts = {name: getattr(net, name, None) for name in PARTS}
        for name, part in parts.items():
            if not isinstance(part, nn.Module):
                raise LookupError(f"the network has no part called {name}")
        shapes: list = []
        for number, name in enumerate(PARTS[2:6]):
            if of_parts:
                parts[name].forward = partial(told, shapes, parts["fc"].in_features // 8 * 2**number)
            else:
                parts[name].register_forward_hook(lambda part, inputs, out: shapes.append(out.shape[1:]))
        for part in [parts["conv1"], parts["bn1"], parts["fc"]] if of_parts else [net]:
            fill(part, torch.from_numpy(values))
        with torch.no_grad():
            out = net(torch.from_numpy(x))
        if len(shapes) != 4:
            raise LookupError("layer1 to layer4 are not called, each of them once, when the network runs")
        what = "shapes that the stages are given" if of_parts else "shapes that the stages return"
        return {what: np.array(shapes), "out": plain(out)}


def told(shapes: list, width: int, x):
    """In place of a stage: note what it is given, and return as many channels as it would, each of its own."""
    shapes.append(x.shape[1:])
    return x.repeat(1, -(-width // x.shape[1]), 1, 1)[:, :width] * torch.linspace(0.5, 1, width).reshape(-1, 1, 1)


def fill(part: nn.Module, values: torch.Tensor, by_name: bool = False) -> None:
    """Weights and statistics out of ``values``, of a size that keeps outputs moderate, in next to no memory.

    Which ones: that depends on last name and shape alone, so that other names get the same; or on the whole name.
    """
    values = values.repeat(-(-50_000 // len(values)))
    for place, module in part.named_modules():
        for holder in (module._parameters, module._buffers):
            for last, entry in holder.items():
                if entry is None or not entry.is_floating_point() or not 1 <= entry.ndim <= 4:
                    continue
                scale = (2 * entry.shape[0] / entry.numel()) ** 0.5 if entry.ndim > 1 else 0.2
                first = sum(f"{place}.{last}".encode()) if by_name else sum(last.encode()) + sum(entry.shape)
                reach = sum(step * (n - 1) for step, n in zip(STRIDES, entry.shape, strict=False)) + 1
                base = values[first : first + reach] * scale + (entry.ndim == 1 and last in ("weight", "running_var"))
                filled = base.as_strided(entry.shape, STRIDES[: entry.ndim])
                is_weight = holder is module._parameters
                holder[last] = nn.Parameter(filled, entry.requires_grad) if is_weight else filled


# ---- functions of numbers, of networks and of weights


def chain(namespace: dict, function: str, *args) -> dict:
    """The numbers that a function returns, and which of them are exactly 0: what has underflown.

    >>> chain({"f": lambda ws: [ws[0], 1e-300 * 1e-300]}, "f", (2,))
    {'out': [2, 0.0], 'exactly 0': array([0, 1])}
    """
    with undisturbed():
        result = plain(namespace[function](*args))
    is_list = isinstance(result, (list, tuple, np.ndarray)) and np.ndim(result) == 1
    numbers = is_list and all(isinstance(g, (float, int, np.floating, np.integer, np.ndarray)) for g in result)
    return {"out": result, "exactly 0": np.array([int(g == 0) for g in result]) if numbers else None}


def small_network(kind: str, weights: list) -> nn.Module:
    """A network with these weights: "chain" of linear layers, or "conv" with batch norms, biases and a head."""
    if kind == "chain":
        net = nn.Sequential(*(nn.Linear(w.shape[1], w.shape[0], bias=False) for w in weights))
    else:
        first, second, last = (w.shape for w in weights if w.ndim > 1)
        net = nn.Sequential(
            nn.Conv2d(first[1], first[0], first[2:], padding=1),
            nn.BatchNorm2d(first[0]),
            nn.ReLU(),
            nn.Conv2d(second[1], second[0], second[2:]),
            nn.BatchNorm2d(second[0]),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(last[1], last[0]),
        )
    with torch.no_grad():
        for parameter, w in zip(net.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(w))
    return net


def of_network(namespace: dict, function: str, kind: str, weights: list, x, labels, old_gradients: bool) -> dict:
    """Result of ``function(model, (x, labels))``, and the model's weights afterwards."""
    with undisturbed():
        model = small_network(kind, weights)
        if old_gradients:
            model(torch.from_numpy(x)).sum().backward()
        result = plain(namespace[function](model, (torch.from_numpy(x), torch.from_numpy(labels))))
        return {"out": result, "weights afterwards": plain(flat(model.parameters()))}


def direction(namespace: dict, function: str, weights: list, seed: int) -> dict:
    """Result of ``function(params, rng)``, a tensor for each, and the parameters afterwards."""
    with undisturbed():
        params = [nn.Parameter(torch.from_numpy(w.copy())) for w in weights]
        result = namespace[function](list(params), np.random.default_rng(seed))
        if not isinstance(result, (list, tuple)) or len(result) != len(params):
            raise TypeError(f"the result is not a list of {len(params)} tensors, one for each parameter")
        given = restated([plain(d) for d in result], weights, seed)
        return {**{f"d[{k}]": d for k, d in enumerate(given)}, "params afterwards": plain(flat(params))}


def flat(params) -> torch.Tensor:
    return nn.utils.parameters_to_vector(params)


def drawn(weights: list, seed: int, dtype, everything: bool) -> list[np.ndarray]:
    """Random numbers, a row a filter: for the parameters of more than one axis, drawn after those of ``everything``."""
    rng = np.random.default_rng(seed)
    draws = [rng.standard_normal(w.shape, dtype) if everything or w.ndim > 1 else w for w in weights]
    return [draw.reshape(len(draw), -1) for draw in draws]


def restated(directions: list, weights: list, seed: int) -> list:
    """Directions as if they had been drawn as most would: in double precision, nothing for parameters of one axis.

    Other draws are as right. A filter of the result is as long as it was, on the same side.

    >>> d = np.random.default_rng(1).standard_normal((2, 3), np.float32) * 2
    >>> again = restated([d], [np.ones((2, 3))], 1)[0] / np.random.default_rng(1).standard_normal((2, 3))
    >>> np.ptp(again, axis=1).round(6)
    array([0., 0.])
    """
    many = [k for k, w in enumerate(weights) if w.ndim > 1]
    if any(np.shape(d) != w.shape or np.asarray(d).dtype.kind != "f" for d, w in zip(directions, weights, strict=True)):
        return directions
    rows = [np.asarray(d, np.float64).reshape(len(d), -1) for d in directions]
    usual = drawn(weights, seed, np.float64, False)
    for dtype, everything in ((np.float32, False), (np.float64, True), (np.float32, True)):
        draws = drawn(weights, seed, dtype, everything)
        along = [(rows[k] * draws[k]).sum(1) / (draws[k] ** 2).sum(1) for k in many]
        if all(np.allclose(rows[k], a[:, None] * draws[k], atol=1e-5) for k, a in zip(many, along, strict=True)):
            for k, a in zip(many, along, strict=True):
                length = np.linalg.norm(draws[k], axis=1) / np.linalg.norm(usual[k], axis=1)
                directions[k] = ((a * length)[:, None] * usual[k]).reshape(weights[k].shape)
            return directions
    return directions


def tensors(namespace: dict, function: str, *args):
    """Result of ``function(*args)``, its tensors as arrays.

    >>> tensors({"f": lambda: [(torch.ones(1), 2)]}, "f")
    [(array([1.], dtype=float32), 2)]
    """
    with undisturbed():
        return plain(namespace[function](*args))


def tried_block(namespace: dict, function: str, x, c_out: int, stride: int, training: bool) -> dict:
    """What a basic block makes of one input under weights of our own, forward and backward."""
    rng = np.random.default_rng(5)
    values = torch.from_numpy(rng.normal(size=1009))
    with undisturbed():
        net = made(namespace, function, x.shape[1], c_out, stride)
        fill(net, values, by_name=True)
        net.double().train(training)
        x = torch.from_numpy(x.copy()).requires_grad_()
        given = x * 1
        out = net(given)
        dout = rng.normal(size=tuple(out.shape))
        shown = plain(out).copy()
        back(out, dout)
        return {"out": shown, "dx": plain(x.grad), "x afterwards": plain(given)}


def warm_up() -> None:
    """Meet once what would otherwise be loaded in every submission: gradients, and tensors without memory."""
    with undisturbed():
        nn.Conv2d(1, 1, 1)(torch.ones(1, 1, 1, 1)).sum().backward()
        with torch.device("meta"):
            nn.BatchNorm2d(1)


def ask(namespace: dict, function: str, what: str, *args):
    """One of the other probes, where the cases of an exercise ask different things of a module.

    >>> ask({"Linear": nn.Linear}, "Linear", "parameters", 2, 3)
    9
    """
    return PROBES[what](namespace, function, *args)


PROBES = {
    probe.__name__: probe
    for probe in (ask, chain, module, parameters, stage, network, of_network, direction, tensors, tried_block)
}
