"""One event of a case, and how it is written as JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

import attrs

from ...rules.moments import moment_text, read_moment

#: Names that an event's own fields cannot have, since they say something of every event.
OWN_NAMES: Final = ("at", "kind", "key")


class EventError(ValueError):
    """A text that is no event; the message says why in one lower-case sentence."""


@attrs.frozen
class Event:
    """
    Something that happened in a case.

    *at* is when it happened, in whole milliseconds since 1970 in UTC; *seq* is its place in the log, from 1 on in the order of
    recording, and 0 before it is recorded. *raw* are its fields as they were handed in. *key* names the event for good: when
    an event comes again under the same key, it is recorded once. *erased* says that its fields were removed on request.

    >>> Event.from_json('{"at": "2026-11-20T10:00:00Z", "kind": "post_seen", "author": "ann", "views": 1200}')
    Event(seq=0, at=1795168800000, kind='post_seen', raw={'author': 'ann', 'views': 1200}, key='', erased=False)
    """

    seq: int
    at: int
    kind: str
    raw: Mapping[str, Any]
    key: str = ""
    erased: bool = False

    def numbered(self, seq: int) -> Event:
        """Return the event in its place in the log."""
        return Event(seq, self.at, self.kind, self.raw, self.key, self.erased)

    def to_json(self) -> str:
        """Return the event as one line of JSON, as event files have it."""
        taken = [name for name in OWN_NAMES if name in self.raw]
        if taken:
            raise EventError(f"a field cannot be named `{taken[0]}`")
        table = {"at": moment_text(self.at), "kind": self.kind, **self.raw, **({"key": self.key} if self.key else {})}
        return json.dumps(table, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> Event:
        """
        Read an event that is known to be valid; its kind and fields are not checked against a policy.

        Raises:
            EventError: If the line is no event.
        """
        try:
            table = json.loads(line)
        except (ValueError, RecursionError):
            raise EventError("it is not JSON") from None
        if not isinstance(table, dict):
            raise EventError("it is not a JSON object")
        at, kind, key = (table.pop(name, "") for name in OWN_NAMES)
        if not isinstance(kind, str) or not kind:
            raise EventError("its `kind` is not a text")
        if not isinstance(key, str):
            raise EventError("its `key` is not a text")
        return cls(0, moment_from(at), kind, table, key)


def moment_from(text: object) -> int:
    """
    Read a moment with its time zone, as whole milliseconds since 1970; what is finer is cut off.

    >>> moment_from("2026-11-20T11:00:00+01:00")
    1795168800000
    """
    try:
        moment = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            return read_moment(moment)
    except ValueError:
        pass
    raise EventError("its `at` is not a date and time with a time zone, such as 2026-11-20T10:00:00Z")
