"""The other end of the pipes: what the server, its forks and a student's process read and write.

Runs beside the student's code: no secrets here.
"""

import os
import struct

import plain


class Gone(Exception):
    """The other end has closed its pipe."""


def receive():
    """The next request. Nothing is read ahead: a fork may be the one to read on."""
    (length,) = struct.unpack("<I", read_exactly(4))
    return plain.unpack(read_exactly(length))


def read_exactly(count: int) -> bytes:
    parts = []
    while count:
        part = os.read(0, min(count, 2**20))
        if not part:
            raise Gone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def send(value, descriptor: int = 1) -> None:
    try:
        message = plain.pack(value)
    except plain.NotPlain as error:
        message = plain.pack({"error": (["ResultTooLarge"], str(error))})
    message = memoryview(struct.pack("<I", len(message)) + message)
    while message:
        message = message[os.write(descriptor, message) :]


def leave(action) -> None:
    """Run ``action`` in this fork and end it; its result is the exit status."""
    status = 70
    try:
        status = action() or 0
    except Gone:
        status = 0
    finally:
        os._exit(status)
