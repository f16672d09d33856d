"""The promises of a case: which one an event speaks of, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from heapq import heappop, heappush
from typing import Final

from .correlate import Happened

_STATES: Final[Mapping[str, str]] = {"promise_made": "open", "promise_kept": "kept", "promise_broken": "broken"}


class Promises:
    """
    What became of each promise that was made.

    *last* is the one that the last event about a promise spoke of: the one that it names; without a name a new one, or the first
    that is still open.
    """

    def __init__(self) -> None:
        self.last = ""
        self._states: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        #: Open promises by their place in the order in which they came up; some may have been settled since.
        self._waiting: list[tuple[int, str]] = []
        self._places: dict[str, int] = {}

    @property
    def open(self) -> int:
        """How many are still to be kept."""
        return self._counts["open"]

    @property
    def broken(self) -> int:
        """How many were not kept in time."""
        return self._counts["broken"]

    def happened(self, event: Happened) -> None:
        """Take in an event, which may be about anything."""
        state = _STATES.get(event.kind)
        if state is None:
            return
        name = self.last = self._named(event)
        was = self._states.get(name)
        self._states[name] = state
        self._counts[state] += 1
        if was is not None:
            self._counts[was] -= 1
        place = self._places.setdefault(name, len(self._places))
        if state == "open" != was:
            heappush(self._waiting, (place, name))

    def _named(self, event: Happened) -> str:
        name = event.fields.get("promise")
        if isinstance(name, str) and name:
            return name
        if event.kind != "promise_made":
            while self._waiting and self._states[self._waiting[0][1]] != "open":
                heappop(self._waiting)
            if self._waiting:
                return self._waiting[0][1]
        return f"promise-{event.seq}"
