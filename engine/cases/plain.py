"""The plain correlator: what a pattern means, in the plainest code that keeps its work small."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import TypeAlias

from ...rules.case_tree import Pattern
from .joining import Join, Seen
from .outline import Outline, outlines
from .search import smallest

#: The events that each part of a pattern admits, in order.
Rows: TypeAlias = list[list[Seen]]


class Plain:
    """
    A correlator in plain Python.

    It keeps, for each case and each part of a pattern, the events that the part admits and that are not too old.
    """

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.outlines = outlines(patterns)
        self._cases: dict[str, list[Rows]] = {}

    def add(self, case: str, event: Seen) -> list[Join]:
        """Take the next event of a case and return what it completes."""
        completed = self.keep(case, event)
        found = ((self.outlines[index], self.join(case, index, event)) for index in completed)
        return [Join(outline.pattern.id, events) for outline, events in found if events is not None]

    def drop(self, case: str) -> None:
        """Forget a case."""
        self._cases.pop(case, None)

    def keep(self, case: str, event: Seen) -> list[int]:
        """Keep an event for the parts that admit it, and return the numbers of the patterns that it may complete."""
        kept = self._cases.get(case)
        if kept is None:
            kept = self._cases[case] = [[[] for _ in outline.parts] for outline in self.outlines]
        return list(self._kept(kept, event))

    def _kept(self, kept: list[Rows], event: Seen) -> Iterator[int]:
        for index, outline in enumerate(self.outlines):
            admitting = [at for at, part in enumerate(outline.parts) if part.admits(event)]
            for at in admitting:
                kept[index][at].append(event)
            if admitting:
                _forget_old(outline, kept[index], event.at)
            if len(outline.parts) - 1 in admitting:
                yield index

    def join(self, case: str, index: int, event: Seen) -> tuple[Seen, ...] | None:
        """Return the smallest tuple that an event, kept already, completes in a pattern."""
        return smallest(self.outlines[index], self._cases[case][index], event)

    def rows(self, case: str, index: int) -> Rows:
        """Return the events that are kept for a pattern."""
        return self._cases[case][index] if case in self._cases else [[] for _ in self.outlines[index].parts]


def _forget_old(outline: Outline, rows: Rows, now: int) -> None:
    """Forget events that are too far back for any that is still to come."""
    if outline.within is None:
        return
    for row in rows:
        del row[: bisect_left(row, now - outline.within, key=attrgetter("at"))]
