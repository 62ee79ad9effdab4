"""Plain data as bytes: JSON with arrays beside it. No pickle, so nothing that arrives can run.

What is not plain (an object, an array of objects) crosses as its type's name alone.
"""

import itertools
import json
import math
import struct
from dataclasses import dataclass

import numpy as np

LIMIT = 64 * 2**20  # bytes in one message
DEPTH = 12
NAMES = ["bool", "complex64", "complex128", "float16", "float32", "float64"] + [
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
]
DTYPES = {name: np.dtype(name) for name in NAMES}
CROSSING = {name: dtype.newbyteorder("<") for name, dtype in DTYPES.items()}  # the same on every machine
NAME_OF = {dtype: name for name, dtype in DTYPES.items()}  # what a dtype tells of itself takes it long to say


@dataclass(frozen=True)
class Opaque:
    """Something that is not plain data; all that is known of it is the name of its type."""

    type: str


class NotPlain(ValueError):
    """The bytes are not a message of this module."""


def pack(value) -> bytes:
    """Return ``value`` as bytes; raises ``NotPlain`` where it is larger than ``LIMIT``.

    >>> unpack(pack((1, [2.5, None], {"x": np.arange(3, dtype=np.int32)})))
    (1, [2.5, None], {'x': array([0, 1, 2], dtype=int32)})
    >>> unpack(pack(object()))
    Opaque(type='object')
    """
    buffers: list[bytes] = []
    size = 0

    def node(value, depth):
        nonlocal size
        if depth > DEPTH:
            return ["o", "nested too deeply"]
        if value is None or type(value) in (bool, float):
            return value
        if type(value) is int:
            return value if abs(value) < 2**63 else ["o", "int beyond 64 bits"]
        if type(value) is str:
            size += len(value)
            return value
        if type(value) in (list, tuple):
            size += 8 * len(value)
            if size > LIMIT:
                raise NotPlain(f"more than {LIMIT} bytes")
            return ["l" if type(value) is list else "t", *(node(item, depth + 1) for item in value)]
        if type(value) is dict and all(type(key) is str for key in value):
            return ["d", *([key, node(item, depth + 1)] for key, item in value.items())]
        if isinstance(value, (np.ndarray, np.generic)):
            kind = "a" if isinstance(value, np.ndarray) else "s"
            array = np.asarray(value)
            if array.dtype.char == "g":  # extended precision is another format on every machine
                array = array.astype(np.float64)
            name = NAME_OF.get(array.dtype) or array.dtype.name  # another byte order has the same name
            if name not in DTYPES:
                return ["o", f"array of {name}"]
            size += array.nbytes
            if size > LIMIT:
                raise NotPlain(f"more than {LIMIT} bytes")
            buffers.append(array.astype(CROSSING[name], copy=False).tobytes())
            return [kind, name, list(array.shape), len(buffers) - 1]
        return ["o", type(value).__qualname__[:80]]

    head = json.dumps([node(value, 0), [len(buffer) for buffer in buffers]]).encode()
    message = b"".join([struct.pack("<I", len(head)), head, *buffers])
    if len(message) > LIMIT:
        raise NotPlain(f"more than {LIMIT} bytes")
    return message


def unpack(message: bytes):
    """Return the value that :func:`pack` was given; raises ``NotPlain`` for anything else, whoever sent it.

    >>> unpack(b"nonsense")
    Traceback (most recent call last):
    ...
    autograder.plain.NotPlain: not a message: the header is cut short
    """
    if len(message) > LIMIT:
        raise NotPlain(f"more than {LIMIT} bytes")
    (length,) = struct.unpack("<I", message[:4]) if len(message) >= 4 else (LIMIT,)
    if 4 + length > len(message):
        raise NotPlain("not a message: the header is cut short")
    try:
        tree, sizes = json.loads(message[4 : 4 + length])
        if any(type(size) is not int or size < 0 for size in sizes):
            raise ValueError("a buffer of negative size")
        ends = list(itertools.accumulate(sizes, initial=4 + length))
        if ends[-1] != len(message):
            raise ValueError("the buffers do not fill the message")
        return _value(tree, [message[a:b] for a, b in itertools.pairwise(ends)], 0)
    except (ValueError, TypeError, IndexError, KeyError, RecursionError, OverflowError) as error:
        raise NotPlain(f"not a message: {str(error)[:200]}") from None


def _value(node, buffers, depth):
    if depth > DEPTH + 1:
        raise ValueError("nested too deeply")
    if not isinstance(node, list):
        if isinstance(node, dict):
            raise ValueError("a bare object")
        # half a surrogate pair, which JSON can carry, could be written to no file
        return node.encode("utf-8", "replace").decode() if isinstance(node, str) else node
    kind, *rest = node
    if kind == "l":
        return [_value(item, buffers, depth + 1) for item in rest]
    if kind == "t":
        return tuple(_value(item, buffers, depth + 1) for item in rest)
    if kind == "d":
        return {str(_value(str(key), buffers, depth)): _value(item, buffers, depth + 1) for key, item in rest}
    if kind == "o":
        return Opaque(str(_value(str(rest[0]), buffers, depth))[:80])
    if kind in ("a", "s"):
        dtype, shape, which = rest
        if dtype not in DTYPES or type(which) is not int or which < 0:
            raise ValueError(f"no such dtype or buffer: {dtype!r}, {which!r}")
        if len(shape) > 16 or any(type(length) is not int or length < 0 for length in shape):
            raise ValueError(f"no such shape: {shape!r}")
        if math.prod(shape) * DTYPES[dtype].itemsize != len(buffers[which]):
            raise ValueError("an array whose shape does not match its bytes")
        array = np.frombuffer(buffers[which], CROSSING[dtype]).astype(DTYPES[dtype]).reshape(shape)
        return array if kind == "a" else array.reshape(())[()]
    raise ValueError(f"no such kind: {kind!r}")
