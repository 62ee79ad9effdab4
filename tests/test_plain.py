"""Messages between worker and grader: what goes in comes out, what is hostile is refused."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.plain import DTYPES, LIMIT, NotPlain, Opaque, pack, unpack

ARRAYS = hnp.arrays(
    st.sampled_from(sorted(DTYPES)).map(np.dtype), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats() | st.text(max_size=20)
PLAIN = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def identical(one, other) -> bool:
    if isinstance(one, np.ndarray | np.generic):
        same_kind = type(one) is type(other) and one.dtype == other.dtype and one.shape == other.shape
        return same_kind and one.tobytes() == other.tobytes()
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, float):
        return isinstance(other, float) and struct.pack("d", one) == struct.pack("d", other) or one != one
    return type(one) is type(other) and one == other


@given(PLAIN)
@settings(max_examples=300, deadline=None)
def test_round_trip(value):
    assert identical(value, unpack(pack(value)))


def test_extended_precision_arrives_as_double():
    value = np.array([1, 3], np.longdouble) / 3
    arrived = unpack(pack(value))
    assert arrived.dtype == np.float64
    np.testing.assert_allclose(arrived, [1 / 3, 1])


class Lazy:
    def __reduce__(self):
        raise AssertionError("something tried to pickle")

    def __array__(self, *args, **kwargs):
        raise AssertionError("something tried to convert")


class Sneaky(np.ndarray):
    def __eq__(self, other):
        return True


def test_what_is_not_plain_crosses_as_a_name():
    assert unpack(pack(Lazy())) == Opaque("Lazy")
    assert unpack(pack(np.array([object()], dtype=object))) == Opaque("array of object")
    assert unpack(pack({1: 2})) == Opaque("dict")
    assert unpack(pack(10**30)) == Opaque("int beyond 64 bits")
    assert type(unpack(pack(np.zeros(3).view(Sneaky)))) is np.ndarray


def test_what_never_ends_is_cut_off():
    loop = []
    loop.append(loop)
    assert "nested too deeply" in repr(unpack(pack(loop)))


def test_what_is_too_large_is_refused():
    with pytest.raises(NotPlain, match="more than"):
        pack(np.zeros(LIMIT // 8 + 1))
    with pytest.raises(NotPlain, match="more than"):
        pack([np.zeros(LIMIT // 16)] * 3)


def message(tree, *buffers, sizes=None):
    head = json.dumps([tree, [len(b) for b in buffers] if sizes is None else sizes]).encode()
    return struct.pack("<I", len(head)) + head + b"".join(buffers)


@pytest.mark.parametrize(
    "tree",
    [
        {"a": 1},
        ["a", "object", [1], 0],
        ["a", "float64", [2], 0],
        ["a", "float64", [-1], 0],
        ["a", "float64", [10**12, 10**12], 0],
        ["a", "float64", [True], 0],
        ["a", "float64", [1], -1],
        ["a", "float64", [1], 7],
        ["a", "float64", [1] * 40, 0],
        ["z"],
        [],
        ["d", ["one", 2, 3]],
    ],
    ids=repr,
)
def test_malformed_trees_are_refused(tree):
    with pytest.raises(NotPlain):
        unpack(message(tree, b"12345678"))


def test_buffers_must_fill_the_message():
    for sizes in ([4], [-8, 16], [8, 8], "8", [8.0], [10**30]):
        with pytest.raises(NotPlain):
            unpack(message(["a", "float64", [1], 0], b"12345678", sizes=sizes))


@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_noise_is_refused_or_read(noise):
    for data in (noise, struct.pack("<I", len(noise)) + noise):
        try:
            unpack(data)
        except NotPlain:
            pass


@given(PLAIN, st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_messages_are_refused_or_read(value, data):
    raw = bytearray(pack(value))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        unpack(bytes(raw))
    except NotPlain:
        pass


# Pieces of messages: what the parser looks for, and what it does not expect there.
WORDS = [
    *(b'["a","float64",[2,3],0]', b'["s","int8",[],0]', b'["d",["k",1]]', b'["l",1,2]', b'["t"]', b'["o","x"]'),
    *(b"[", b"]", b"{", b"}", b'"', b",", b":", b"null", b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"9" * 40),
    *(b'"\\ud800"', b"\\u0000", b"\xff\xfe", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"[[[[", b"]]]]", b'"object"'),
]


def test_a_hundred_thousand_damaged_messages_are_refused_or_read():
    """Messages of every kind, cut, overwritten and grown at random; nothing but ``NotPlain`` comes of it."""
    rng = np.random.default_rng(1000)
    seeds = [None, [1, (2.5, "x")], {"value": np.arange(6.0).reshape(2, 3), "changed inputs": []}, np.float32(2)]
    seeds += [{"outcomes": [{"error": (["ValueError"], "words")}] * 3}, [np.zeros((0, 3), np.int8)] * 2, object()]
    raws = [pack(seed) for seed in seeds]
    read = 0
    for which, cuts, places, kinds in zip(
        rng.integers(len(raws), size=100_000),
        rng.integers(1, 4, 100_000),
        rng.random((100_000, 3)),
        rng.integers(len(WORDS) + 2, size=(100_000, 3)),
        strict=True,
    ):
        raw = raws[which]
        for place, kind in zip(places[:cuts], kinds[:cuts], strict=True):
            raw = raw or b"\x00"
            at = int(place * len(raw))
            if kind < len(WORDS):  # over what stands there, or between
                word = WORDS[kind]
                raw = raw[:at] + word + raw[at + (len(word) if at % 2 else 0) :]
            else:
                raw = raw[:at] if kind == len(WORDS) else raw[:at] + bytes([(raw[at] + 1) % 256]) + raw[at + 1 :]
        if which % 2 and len(raw) > 8:  # a length that fits again, so that the tree itself is looked at
            raw = struct.pack("<I", min(len(raw) - 4, struct.unpack("<I", raws[which][:4])[0])) + raw[4:]
        try:
            unpack(raw)
            read += 1
        except NotPlain:
            pass
    assert 0 < read < 50_000
