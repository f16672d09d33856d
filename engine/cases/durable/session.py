"""
A session: one case as the worker knows it, kept by the process that asks it.

It makes an event into a row of whole numbers. Texts become codes, given out in the order in which they come, and moments are counted
from the first event, so that nothing that anybody wrote ever reaches the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import comb
from typing import Final, TypeAlias

import attrs

from ....rules.types import Value
from ..joining import Seen
from ..outline import day_of, holds
from .compile import Compiled, Ruled, Seat

#: The most partial matches of one pattern in one session; past it the plain correlator takes over.
MOST_PARTIAL: Final = 1_000
#: Moments further from the first event of a session than this, in milliseconds, are not handed to the engine.
FURTHEST: Final = 2**53

Row: TypeAlias = dict[str, int]
#: Which parts of which patterns admit an event.
Admitted: TypeAlias = Mapping[int, Iterable[int]]


@attrs.define
class Session:
    """
    One case in the worker, under the number *sid*; *base* is the moment from which it counts time.

    *off* has the patterns that the plain correlator does in this session, and why. *pending* are rows that the worker has not
    seen yet; with *limit* messages the session has become too large and is made anew.
    """

    compiled: Compiled
    sid: str
    base: int
    limit: int
    count: int = 0
    is_open: bool = False
    pending: list[Row] = attrs.field(factory=list)
    codes: dict[Value, int] = attrs.field(factory=dict)
    off: dict[int, str] = attrs.field(factory=dict)

    def row(self, event: Seen, admitted: Admitted) -> Row | None:
        """Return an event as the engine gets it, None where it may be part of nothing that the engine joins."""
        found: Row = {}
        for index, parts in admitted.items():
            if index in self.compiled.ruled and index not in self.off:
                found.update(self._flags(index, event, frozenset(parts)))
        if not found:
            return None
        self.count += 1
        return {"n": self.count, "o": event.order, "t": event.at - self.base, **found}

    def on(self, index: int) -> bool:
        """Whether the engine joins a pattern in this session."""
        return index in self.compiled.ruled and index not in self.off

    def check_partial(self, index: int, counts: Iterable[int]) -> None:
        """Switch a pattern off where there may be too many partial matches; *counts* are the events kept for each part."""
        total, product = 0, 1
        for part, count in zip(self.compiled.ruled[index].outline.parts, counts, strict=True):
            product *= comb(count, part.element.count)
            total += product
        if total > MOST_PARTIAL:
            self.off[index] = f"there may be more than {MOST_PARTIAL:,} partial matches"

    def _flags(self, index: int, event: Seen, parts: frozenset[int]) -> Row:
        """Return what a row has for one pattern."""
        ruled = self.compiled.ruled[index]
        found: Row = {}
        for seat in ruled.seats:
            if seat.part in parts and _is_asked(ruled, seat, event):
                brought = self._brought(index, seat, event)
                if brought is not None:
                    found.update(brought)
                    found.update((name, event.at - self.base - within) for name, within in seat.windows.items())
                    found[seat.flag] = 1
        if index in self.off or any(abs(number) > FURTHEST for number in found.values()):
            self.off.setdefault(index, "a moment is too far from the first one")
            return {}
        return found

    def _brought(self, index: int, seat: Seat, event: Seen) -> Row | None:
        """Return the quantities that an event brings; None where one is missing, so that it cannot take the seat."""
        found: Row = {}
        for name, quantity in seat.brings.items():
            value = quantity.of(event.fields, day_of(event.at))
            if value is None:
                return None
            whole = quantity.whole(value, self.codes)
            if whole is None:
                self.off[index] = "a value is no whole number of a size that the engine takes"
                return None
            found[name] = whole
        return found


def _is_asked(ruled: Ruled, seat: Seat, event: Seen) -> bool:
    """Whether an event is what later elements ask of this seat's event alone."""
    if not seat.asks:
        return True
    values = {f"{seat.alias}.{name}": value for name, value in event.fields.items()}
    scope = ruled.outline.parts[-1].scope
    return all(holds(form, scope, event, values) for form in seat.asks)
