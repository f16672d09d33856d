"""Messages between a process and its worker: JSON, with its length and its checksum before it."""

from __future__ import annotations

import json
import socket
import struct
import time
import zlib
from typing import Any, Final

_HEAD: Final = struct.Struct(">II")
#: The longest message, in bytes; what claims to be longer is no message of ours.
LONGEST: Final = 1 << 26


class Garbled(Exception):
    """What came is no message."""


class Closed(Exception):
    """The other end is gone, or does not answer in time."""


def send(end: socket.socket, message: Any, deadline: float | None = None) -> None:
    """
    Send a message before a moment of `time.monotonic`.

    Raises:
        Closed: If the other end is gone, or does not take it in time.
    """
    payload = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        end.settimeout(_left(deadline))
        end.sendall(_HEAD.pack(len(payload), zlib.crc32(payload)) + payload)
    except OSError as error:
        raise Closed(str(error)) from None


def receive(end: socket.socket, deadline: float | None = None) -> Any:
    """
    Return the next message, waiting for it until a moment of `time.monotonic`.

    Raises:
        Closed: If the other end is gone, or nothing comes in time.
        Garbled: If what comes is no message.
    """
    length, checksum = _HEAD.unpack(_exactly(end, _HEAD.size, deadline))
    if length > LONGEST:
        raise Garbled("no length")
    payload = _exactly(end, length, deadline)
    if zlib.crc32(payload) != checksum:
        raise Garbled("no checksum")
    try:
        return json.loads(payload)
    except ValueError:
        raise Garbled("no JSON") from None


def _exactly(end: socket.socket, count: int, deadline: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        try:
            end.settimeout(_left(deadline))
            part = end.recv(min(count - len(parts), 1 << 16))
        except OSError as error:
            raise Closed(str(error)) from None
        if not part:
            raise Closed("the other end is gone")
        parts += part
    return bytes(parts)


def _left(deadline: float | None) -> float | None:
    """Return the seconds left until a moment; a socket takes 0 for something else."""
    return None if deadline is None else max(deadline - time.monotonic(), 0.000_1)
