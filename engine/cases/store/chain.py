"""
The chain of hashes that ties the events of a case together.

Each event's hash covers the hash before it, the case, and the event's number, moment, kind and key, and a commitment to its fields:
their hash, salted with 16 random bytes. When fields and salt are removed, the commitment stays and the chain holds,
while nobody can guess the fields by trying.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from .errors import StoreError

#: What the first event of a case follows.
START: Final = bytes(32)
SALT_LENGTH: Final = 16
#: The longest text that the fields of one event may be written as, in bytes.
LONGEST: Final = 1_000_000

_PAYLOAD: Final = b"evenhand payload 1\n"
_EVENT: Final = b"evenhand event 1\n"
_encode: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode
_encode_ascii: Final = json.JSONEncoder(allow_nan=False, sort_keys=True, separators=(",", ":")).encode


def written(fields: Mapping[str, Any]) -> str:
    """
    Write fields in the one form that is hashed and kept: keys in order, no spaces.

    Raises:
        StoreError: If they cannot be written as JSON, or are longer than `LONGEST`.

    >>> written({"views": 1200, "author": "ann"})
    '{"author":"ann","views":1200}'
    """
    try:
        text = _encode(dict(fields))
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can carry
                text = _encode_ascii(dict(fields))
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"the fields cannot be written as JSON ({str(error)[:100]})") from None
    if len(text) > LONGEST or (not text.isascii() and len(text.encode()) > LONGEST):
        raise StoreError(
            f"the fields of one event take more than {LONGEST:_} bytes", help="keep large things elsewhere"
        )
    return text


def new_salt() -> bytes:
    """Draw a salt."""
    return os.urandom(SALT_LENGTH)


def commitment(salt: bytes, payload: str) -> bytes:
    """Return what binds an event to its fields without telling them."""
    return sha256(_PAYLOAD + salt + payload.encode()).digest()


def link(before: bytes, case: str, event: tuple[int, int, str, str], committed: bytes) -> bytes:
    """Return the hash of an event (its number, moment, kind and key) that follows the hash *before*."""
    text = json.dumps([before.hex(), case, *event, committed.hex()], separators=(",", ":"))
    return sha256(_EVENT + text.encode()).digest()
