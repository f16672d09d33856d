"""What the tests of the store share."""

from collections.abc import Sequence
from typing import Any

from evenhand.engine.cases.event import Event

#: 20 November 2026, ten in the morning in UTC.
TEN = 1_795_168_800_000
MINUTE = 60_000
HOUR = 60 * MINUTE


def event(kind: str = "message_received", at: int = TEN, key: str = "", **fields: Any) -> Event:
    """An event that is not recorded yet."""
    return Event(0, at, kind, fields, key)


def kinds(events: Sequence[Event]) -> list[str]:
    """The kinds of events, in their order."""
    return [found.kind for found in events]
