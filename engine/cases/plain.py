"""The plain correlator: what a pattern means, in the plainest code that keeps its work small."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from operator import attrgetter
from typing import TypeAlias

from ...rules.case_tree import Pattern
from ...rules.event_kinds import MATCHED
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
        self._taking = _taking(self.outlines)
        self._cases: dict[str, list[Rows]] = {}

    def add(self, case: str, event: Seen) -> list[Join]:
        """Take the next event of a case and return what it completes."""
        admitted = self.keep(case, event)
        last = {index: len(self.outlines[index].parts) - 1 for index in admitted}
        found = [(index, self.join(case, index, event)) for index, parts in admitted.items() if last[index] in parts]
        return [Join(self.outlines[index].pattern.id, events) for index, events in found if events is not None]

    def drop(self, case: str) -> None:
        """Forget a case."""
        self._cases.pop(case, None)

    def keep(self, case: str, event: Seen) -> dict[int, list[int]]:
        """Keep an event for the parts that admit it, and return these parts, by the number of their pattern."""
        kept = self._cases.get(case)
        if kept is None:
            kept = self._cases[case] = [[[] for _ in outline.parts] for outline in self.outlines]
        admitted: dict[int, list[int]] = {}
        for index, asking in self._taking.get(event.kind, ()):
            outline = self.outlines[index]
            parts = [at for at in asking if outline.parts[at].admits(event)]
            for at in parts:
                kept[index][at].append(event)
            if parts:
                admitted[index] = parts
                _forget_old(outline, kept[index], event.at)
        return admitted

    def join(self, case: str, index: int, event: Seen) -> tuple[Seen, ...] | None:
        """Return the smallest tuple that an event, kept already, completes in a pattern."""
        return smallest(self.outlines[index], self._cases[case][index], event)

    def rows(self, case: str, index: int) -> Rows:
        """Return the events that are kept for a pattern."""
        return self._cases[case][index] if case in self._cases else [[] for _ in self.outlines[index].parts]


def _taking(patterns: Iterable[Outline]) -> dict[str, list[tuple[int, list[int]]]]:
    """Return, by the kind of an event, the patterns by number that may take it, with their parts."""
    found: dict[str, dict[int, list[int]]] = {}
    for index, outline in enumerate(patterns):
        for at, part in enumerate(outline.parts):
            kind = MATCHED.id if part.element.pattern else part.element.kind
            found.setdefault(kind, {}).setdefault(index, []).append(at)
    return {kind: list(parts.items()) for kind, parts in found.items()}


def _forget_old(outline: Outline, rows: Rows, now: int) -> None:
    """Forget events that are too far back for any that is still to come."""
    if outline.within is None:
        return
    for row in rows:
        del row[: bisect_left(row, now - outline.within, key=attrgetter("at"))]
