"""The file of a net that a page runs, read and checked; and the net run with NumPy.

The file is JSON: ``format`` ("convbook-net 1"), ``name``, ``input`` [C, H, W], ``mean`` and ``std`` of the channels
(pixels are 0 to 1), ``classes``, ``dtype`` ("float16" or "float32") and ``layers``, in their order. A layer is
``{"kind", "name"}``, the sizes that its kind has in `KINDS`, and for a convolution or a linear layer ``weight`` and
``bias``, each ``{"shape", "data"}``, data being the little-endian bytes in base64. inside_file.mjs reads the same.
"""

import base64
import json
import math

import numpy as np

from convbook import kernels

FORMAT = "convbook-net 1"
DTYPES = {"float16": "<f2", "float32": "<f4"}
KINDS = {
    "conv2d": ("stride", "padding", "dilation", "groups"),
    "linear": (),
    "relu": (),
    "tanh": (),
    "max_pool2d": ("kernel_size", "stride", "padding"),
    "avg_pool2d": ("kernel_size", "stride"),
    "global_avg_pool": (),
    "flatten": (),
}
WEIGHTS = {"conv2d": "(F, C/groups, kh, kw)", "linear": "(classes, features)"}
LIMITS = {"sides": 64, "parameters": 300_000, "multiplications": 40_000_000}


def read(net: str | dict) -> dict:
    """The file's text, or what JSON makes of it, with each ``weight`` and ``bias`` as a float64 array.

    Each layer gets ``shape``, that of its output, (C, H, W) or (features,). Raises ``ValueError`` that names the layer
    for whatever is missing or does not fit.

    >>> read('{"format": "png"}')
    Traceback (most recent call last):
    ...
    ValueError: not a net for this page: format must be "convbook-net 1", got "png"
    """
    if isinstance(net, str):
        try:
            net = json.loads(net)
        except json.JSONDecodeError:
            raise ValueError("not a net for this page: the file is not JSON") from None
    if not isinstance(net, dict) or net.get("format") != FORMAT:
        found = net.get("format") if isinstance(net, dict) else net
        raise ValueError(f"not a net for this page: format must be {_said(FORMAT)}, got {_said(found)}")
    shape, mean, std = net.get("input"), net.get("mean"), net.get("std")
    _check_input(shape, mean, std)
    if net.get("dtype") not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {_said(net.get('dtype'))}")
    if not net.get("layers") or not isinstance(net["layers"], list):
        raise ValueError("a net needs a list of layers")
    layers, shape, parameters, multiplications = [], tuple(shape), 0, 0
    for index, layer in enumerate(net["layers"]):
        if not isinstance(layer, dict) or layer.get("kind") not in KINDS:
            found = layer.get("kind") if isinstance(layer, dict) else layer
            raise ValueError(f"layer {index}: kind must be one of {', '.join(KINDS)}, got {_said(found)}")
        name = f"layer {index} ({layer['kind']} {_said(layer.get('name', ''))})"
        layer = {**layer, **{key: _array(layer, key, name, net["dtype"]) for key in _weights(layer)}}
        try:
            shape = _shape(layer, shape)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        layers.append({**layer, "shape": shape})
        if "weight" in layer:
            parameters += layer["weight"].size + layer["bias"].size
            multiplications += layer["weight"].size * math.prod(shape[1:])
    classes = net.get("classes")
    if not isinstance(classes, list) or not all(isinstance(each, str) for each in classes):
        raise ValueError("classes must be a list of names")
    if shape != (len(classes),):
        raise ValueError(f"the last layer must give {len(classes)} scores, one a class, and gives {_maps(shape)}")
    for key, value in (("parameters", parameters), ("multiplications", multiplications)):
        if value > LIMITS[key]:
            raise ValueError(f"a page runs at most {LIMITS[key]:,} {key}, this net has {value:,}")
    return {**net, "layers": layers, "multiplications": multiplications, "parameters": parameters}


def _weights(layer) -> tuple[str, ...]:
    return ("weight", "bias") if layer["kind"] in WEIGHTS else ()


def _check_input(shape, mean, std):
    whole = isinstance(shape, list) and len(shape) == 3 and all(type(each) is int for each in shape)
    if not whole or shape[0] not in (1, 3) or not all(5 <= side <= LIMITS["sides"] for side in shape[1:]):
        raise ValueError(
            f"input must be [1 or 3, height, width], sides from 5 to {LIMITS['sides']}, got {_said(shape)}"
        )
    for key, values in (("mean", mean), ("std", std)):
        fits = isinstance(values, list) and len(values) == shape[0]
        if not fits or not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
            raise ValueError(f"{key} must hold {shape[0]} numbers, got {_said(values)}")
    if 0 in std:
        raise ValueError("std must not hold 0")


def _array(layer, key, name, dtype) -> np.ndarray:
    packed = layer.get(key)
    if not isinstance(packed, dict) or not isinstance(packed.get("shape"), list):
        raise ValueError(f"{name}: {key} is missing")
    try:
        array = np.frombuffer(base64.b64decode(packed["data"], validate=True), DTYPES[dtype]).astype(float)
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{name}: {key} is not {dtype} in base64") from None
    if array.size != math.prod(packed["shape"]):
        raise ValueError(
            f"{name}: {key} of shape {packed['shape']} needs {math.prod(packed['shape'])} numbers, got {array.size}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: {key} must hold finite numbers")
    return array.reshape(packed["shape"])


def _shape(layer, shape) -> tuple[int, ...]:
    """Shape of a layer's output for the shape of its input."""
    kind = layer["kind"]
    for key in KINDS[kind]:
        least = 0 if key == "padding" else 1
        if type(layer.get(key)) is not int or layer[key] < least:
            raise ValueError(f"{key} must be an integer of at least {least}, got {_said(layer.get(key))}")
    if kind in WEIGHTS:
        weight, bias = layer["weight"], layer["bias"]
        if weight.ndim != (4 if kind == "conv2d" else 2):
            raise ValueError(f"weight must have shape {WEIGHTS[kind]}, got {list(weight.shape)}")
        if bias.shape != weight.shape[:1]:
            raise ValueError(
                f"bias must hold {len(weight)} numbers, one an output channel, got shape {list(bias.shape)}"
            )
    if kind == "linear":
        if len(shape) != 1:
            raise ValueError(f"needs a vector, and what comes before gives {_maps(shape)}: a flatten is missing")
        if weight.shape[1] != shape[0]:
            raise ValueError(
                f"weight of shape {list(weight.shape)} takes {weight.shape[1]} features, and {shape[0]} come"
            )
        return weight.shape[:1]
    if kind == "flatten":
        return (math.prod(shape),)
    if kind in ("relu", "tanh"):
        return shape
    if len(shape) != 3:
        raise ValueError(f"needs maps, and what comes before gives a vector of {shape[0]}")
    if kind == "global_avg_pool":
        return (shape[0], 1, 1)
    channels, sides = shape[0], shape[1:]
    if kind == "conv2d":
        groups = layer["groups"]
        if channels % groups or len(weight) % groups:
            raise ValueError(f"groups={groups} must divide the {channels} channels and the {len(weight)} filters")
        if weight.shape[1] != channels // groups:
            raise ValueError(
                f"weight of shape {list(weight.shape)} takes {weight.shape[1] * groups} channels, "
                f"and {_maps(shape)} come"
            )
        kernel, dilation, channels = weight.shape[2:], layer["dilation"], len(weight)
    else:
        kernel, dilation = (layer["kernel_size"],) * 2, 1
        if layer.get("padding", 0) > layer["kernel_size"] // 2:
            raise ValueError(f"padding must be at most half of kernel_size, got {layer['padding']}")
    extents = [dilation * (k - 1) + 1 for k in kernel]
    padded = [side + 2 * layer.get("padding", 0) for side in sides]
    if any(extent > side for extent, side in zip(extents, padded, strict=True)):
        raise ValueError(f"a window of {extents[0]} × {extents[1]} is larger than the padded {padded[0]} × {padded[1]}")
    return (channels, *((side - extent) // layer["stride"] + 1 for side, extent in zip(padded, extents, strict=True)))


def _maps(shape) -> str:
    return f"maps of {' × '.join(map(str, shape))}" if len(shape) > 1 else f"a vector of {shape[0]}"


def _said(value) -> str:
    """As the page's own messages write it."""
    return "an object" if isinstance(value, dict) else json.dumps(value, ensure_ascii=False)


def run(net: dict, picture) -> list[np.ndarray]:
    """What each layer of a net that was `read` makes of a picture, (H, W) from 0 to 255, in float64.

    First comes what the net is given: the picture from 0 to 1, less the mean, by the standard deviation, for each
    channel. Then the output of each layer, (C, H, W) or (features,).
    """
    mean, std = (np.array(net[key])[:, None, None] for key in ("mean", "std"))
    outputs = [(np.asarray(picture, float)[None] / 255 - mean) / std]
    for layer in net["layers"]:
        outputs.append(_OPERATIONS[layer["kind"]](outputs[-1], layer))
    return outputs


def _sizes(layer) -> dict:
    return {key: layer[key] for key in KINDS[layer["kind"]]}


_OPERATIONS = {
    "conv2d": lambda x, layer: kernels.conv2d(x[None], layer["weight"], layer["bias"], **_sizes(layer))[0],
    "linear": lambda x, layer: layer["weight"] @ x + layer["bias"],
    "relu": lambda x, layer: kernels.relu(x),
    "tanh": lambda x, layer: np.tanh(x),
    "max_pool2d": lambda x, layer: kernels.max_pool2d(x[None], **_sizes(layer))[0],
    "avg_pool2d": lambda x, layer: kernels.avg_pool2d(x[None], **_sizes(layer))[0],
    "global_avg_pool": lambda x, layer: x.mean(axis=(1, 2), keepdims=True),
    "flatten": lambda x, layer: x.ravel(),
}
