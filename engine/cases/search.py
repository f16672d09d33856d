"""The search for the smallest tuple of events that one event completes.

Elements are filled from the first on, each with the earliest event that will do, so that the first tuple found is the smallest.
Four things keep the work small. An element cannot start later than what must follow leaves room for. What the last element
asks is asked as soon as the events that it speaks of are chosen. Where a choice led nowhere, the next one that leaves the same
events and the same values to those that follow is not tried again. And what an element says of an event beside the same values is
worked out once. A bound on the steps stands for what is left.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Final

from ...rules.types import Value
from .joining import CorrelationError, Seen
from .outline import Outline

#: The most events that may be looked at to find out what one event completes in one pattern.
MOST_STEPS: Final = 100_000

_order = attrgetter("order")


def smallest(outline: Outline, rows: Sequence[Sequence[Seen]], last: Seen) -> tuple[Seen, ...] | None:
    """
    Return the smallest tuple of events that *last* completes, None where there is none.

    *rows* has for each part of the pattern the events that it admits, in order; *last* is among those of the last part.

    Raises:
        CorrelationError: If that takes more than `MOST_STEPS` steps.
    """
    return _Search(outline, rows, last).run()


class _Search:
    def __init__(self, outline: Outline, rows: Sequence[Sequence[Seen]], last: Seen) -> None:
        self.outline, self.rows, self.last = outline, rows, last
        self.end = len(outline.parts) - 1
        self.steps = 0
        self.dead: set[tuple[object, ...]] = set()
        self.met: dict[tuple[object, ...], bool] = {}
        self.ends: list[int] = []
        self.checked_at = self._checked_at()
        self.live = [self._live(index) for index in range(len(outline.parts))]

    def run(self) -> tuple[Seen, ...] | None:
        """Find the tuple."""
        if not self._leave_room() or (not self.outline.parts[-1].asks) > self._last_meets({}):
            return None
        return self._fill(0, 0, {})

    # -- what is worked out beforehand

    def _leave_room(self) -> bool:
        """Work out before which event each part must be through, by what the parts after it need at least."""
        before, ends = self.last.order, [0] * (self.end + 1)
        for index in range(self.end, -1, -1):
            ends[index] = before
            count = self.outline.parts[index].element.count - (index == self.end)
            room = bisect_left(self.rows[index], before, key=_order)
            if room < count:
                return False
            before = self.rows[index][room - count].order if count else before
        self.ends = ends
        return True

    def _checked_at(self) -> int:
        """Return the part with whose choice all events are there that the last part speaks of."""
        asked = set(self.outline.parts[-1].asks)
        speaking = [i for i, used in enumerate(self.outline.used) if any(name in asked for _, name in used)]
        return max(speaking, default=-1)

    def _live(self, index: int) -> tuple[str, ...]:
        """Return the earlier events' fields that a part and those after it still ask for."""
        parts = self.outline.parts[index : self.end] if self.checked_at < index else self.outline.parts[index:]
        run = self.outline.parts[-1].asks if self.outline.parts[-1].element.count > 1 else ()
        return tuple(sorted({*run, *(name for part in parts for name in part.asks)}))

    # -- the search

    def _fill(self, index: int, after: int, bound: Mapping[str, Value]) -> tuple[Seen, ...] | None:
        """Fill the parts from *index* on with events after *after*; None where that cannot be done."""
        key = (index, after, *map(bound.get, self.live[index]))
        if key in self.dead:
            return None
        for run in self._runs(index, after, bound):
            if index == self.end:
                return run
            chosen = {**bound, **self.outline.bound(index, run[0])}
            if index == self.checked_at and not self._last_meets(chosen):
                continue
            rest = self._fill(index + 1, run[-1].order, chosen)
            if rest is not None:
                return (*run, *rest)
        self.dead.add(key)
        return None

    def _last_meets(self, bound: Mapping[str, Value]) -> bool:
        self._step()
        return self._meets(self.end, self.last, bound)

    def _meets(self, index: int, event: Seen, bound: Mapping[str, Value]) -> bool:
        """Whether an event meets what its part asks beside earlier events' fields, of which most choices have the same."""
        part = self.outline.parts[index]
        if not part.asks:
            return True
        key = (index, event.order, *map(bound.get, part.asks))
        met = self.met.get(key)
        if met is None:
            met = self.met[key] = part.meets(event, bound)
        return met

    def _runs(self, index: int, after: int, bound: Mapping[str, Value]) -> Iterator[tuple[Seen, ...]]:
        """
        Yield the events that may stand for a part, by its first event.

        Later parts see only the first one's fields and where the last one stands, so that the earliest others are the best.
        """
        element = self.outline.parts[index].element
        is_last = index == self.end
        if is_last and element.count == 1:
            yield (self.last,)
            return
        closing = (self.last,) if is_last else ()
        wanted = element.count - len(closing)
        for at in range(*self._reach(index, after)):
            first = self.rows[index][at]
            self._step()
            if not self._meets(index, first, bound) or self._alike(element.distinct, first, closing):
                continue
            run = self._others(index, at, wanted, bound)
            if run is None:
                return  # because a later first event leaves even fewer to choose from
            yield (*run, *closing)

    def _reach(self, index: int, after: int) -> tuple[int, int]:
        """Return which events of a part's row may be its first."""
        row = self.rows[index]
        start = bisect_right(row, after, key=_order)
        if index == 0 and self.outline.within is not None:
            start = max(start, bisect_left(row, self.last.at - self.outline.within, key=attrgetter("at")))
        return start, bisect_left(row, self.ends[index], key=_order)

    def _others(self, index: int, at: int, wanted: int, bound: Mapping[str, Value]) -> tuple[Seen, ...] | None:
        """Return the event at *at* and the earliest ones after it that make up the count; None where they are too few."""
        row, element = self.rows[index], self.outline.parts[index].element
        run = [row[at]]
        taken = {row[at].fields.get(element.distinct)}
        if index == self.end:
            taken.add(self.last.fields.get(element.distinct))
        while len(run) < wanted:
            at += 1
            if at >= len(row) or row[at].order >= self.ends[index]:
                return None
            self._step()
            value = row[at].fields.get(element.distinct)
            if (not element.distinct or value not in taken) and self._meets(index, row[at], bound):
                run.append(row[at])
                taken.add(value)
        return tuple(run)

    def _alike(self, field: str, event: Seen, others: tuple[Seen, ...]) -> bool:
        return bool(field) and any(event.fields.get(field) == other.fields.get(field) for other in others)

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            id_ = self.outline.pattern.id
            message = f"pattern `{id_}` is too costly to follow in this case: give it a shorter `within` or a narrower `where`"
            raise CorrelationError("pattern-too-costly", message, (id_,))
