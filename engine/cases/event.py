"""One event of a case, and how it is written as JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

import attrs

#: The first and the last moment that an event may have: the years 1 to 9999, in milliseconds since 1970.
FIRST_MOMENT: Final = -62_135_596_800_000
LAST_MOMENT: Final = 253_402_300_799_999
#: Names that an event's own fields cannot have, since they say something of every event.
OWN_NAMES: Final = ("at", "kind", "key")

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


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


def moment_text(at: int) -> str:
    """
    Write a moment as ISO 8601 has it, in UTC.

    >>> moment_text(1795168800000), moment_text(1795168800250)
    ('2026-11-20T10:00:00Z', '2026-11-20T10:00:00.250Z')
    """
    moment = _EPOCH + dt.timedelta(milliseconds=at)
    exactly = "milliseconds" if at % 1000 else "seconds"
    return moment.isoformat(timespec=exactly).removesuffix("+00:00") + "Z"


def moment_from(text: object) -> int:
    """
    Read a moment with its time zone, as whole milliseconds since 1970; what is finer is cut off.

    >>> moment_from("2026-11-20T11:00:00+01:00")
    1795168800000
    """
    try:
        moment = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            at = (moment - _EPOCH) // dt.timedelta(milliseconds=1)
            if (
                FIRST_MOMENT <= at <= LAST_MOMENT
            ):  # in UTC, the first day may belong to the year before, and the last to 10000
                return at
    except (ValueError, OverflowError):
        pass
    raise EventError("its `at` is not a date and time with a time zone, such as 2026-11-20T10:00:00Z")
