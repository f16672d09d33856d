"""Rows kept for examples: a few for each way in which a decision changes, the nearest to a boundary and some at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs
import numpy as np

from .boundaries import Boundary, boundaries, positions
from .pages import row_of, texts_of

if TYPE_CHECKING:
    from .running import Backtest
    from .sides import Both

#: Rows kept for each boundary, and at random, of each change.
NEAREST: Final = 6
AT_RANDOM: Final = 6
#: Changes of one decision that are told apart, and boundaries of one change.
_MOST_CHANGES: Final = 40
_MOST_BOUNDARIES: Final = 24
Change: TypeAlias = tuple[str, str, str]


@attrs.frozen
class Kept:
    """A row with its number, its name, what it states, and how far it lies from a boundary; *rank* orders the random ones."""

    rank: float
    row: int
    name: str
    facts: Mapping[str, object]
    boundary: Boundary | None = None

    @property
    def distance(self) -> float:
        """How far the row lies from its boundary, measured by the boundary, so that facts can be compared."""
        return 1.0 if self.boundary is None else self.rank / max(abs(self.boundary.at), 1.0)


class Shelf:
    """The rows kept so far, by change and boundary."""

    def __init__(self, job: Backtest) -> None:
        self._job = job
        self._random = np.random.default_rng([job.options.seed, 7])
        self._boundaries: dict[str, tuple[Boundary, ...]] = {}
        self._kept: dict[tuple[Change, Boundary | None], list[Kept]] = {}
        self._changes: dict[str, set[Change]] = {}

    def take(self, both: Both, decision: str, differs: Any) -> None:
        """Look at the rows of a page on which a decision differs."""
        if not differs.any():
            return
        places = np.flatnonzero(both.good)[differs]
        old, new = (kinds[differs] for kinds in both.kinds(decision))
        before, now = (self._job.kinds(decision, side) for side in (0, 1))
        groups: dict[Change, list[int]] = {}
        for at, (one, other) in enumerate(zip(old.tolist(), new.tolist(), strict=True)):
            groups.setdefault((decision, before[one].outcome, now[other].outcome), []).append(at)
        known = self._changes.setdefault(decision, set())
        for change, rows in groups.items():
            if change in known or len(known) < _MOST_CHANGES:
                known.add(change)
                self._keep(both, change, places[rows])

    def _keep(self, both: Both, change: Change, places: Any) -> None:
        self._keep_lowest(both, change, None, places, self._random.random(len(places)), AT_RANDOM)
        for boundary in self._of(change[0]):
            column = both.page.column_of_fact(boundary.fact.name)
            if column is not None:
                distances = abs(positions(column.take(places), boundary.fact, self._job.new.policy) - boundary.at)
                self._keep_lowest(both, change, boundary, places, distances, NEAREST)

    def _of(self, decision: str) -> Sequence[Boundary]:
        if decision not in self._boundaries:
            old, new = self._job.sides()
            assert old is not None
            self._boundaries[decision] = boundaries(old.policy, new.policy, decision)[:_MOST_BOUNDARIES]
        return self._boundaries[decision]

    def _keep_lowest(
        self, both: Both, change: Change, boundary: Boundary | None, places: Any, ranks: Any, most: int
    ) -> None:
        """Keep the rows with the lowest ranks, of these and those that are kept already."""
        kept = self._kept.setdefault((change, boundary), [])
        limit = kept[-1].rank if len(kept) == most else np.inf
        best = np.argsort(ranks, kind="stable")[:most]
        for at in best.tolist():
            rank = float(ranks[at])
            if rank < limit:  # false for NaN
                place = int(places[at])
                name = self._name(both, place)
                kept.append(Kept(rank, int(both.page.numbers[place]), name, row_of(both.page, place), boundary))
        kept.sort(key=lambda row: (row.rank, row.row))
        del kept[most:]

    def _name(self, both: Both, place: int) -> str:
        column = both.page.column(self._job.options.name_column) if self._job.options.name_column else None
        return "" if column is None else texts_of(column.slice(place, 1))[0].as_py() or ""

    def changes(self) -> Iterator[Change]:
        """Yield every change that rows are kept for."""
        for changes in self._changes.values():
            yield from sorted(changes)

    def near(self, change: Change) -> list[Kept]:
        """Return the rows kept for the boundaries of a change, the nearest first, each at the nearest of its boundaries."""
        rows = [
            row for (of, boundary), kept in self._kept.items() if of == change and boundary is not None for row in kept
        ]
        return _once(sorted(rows, key=lambda row: (row.distance, row.row)))

    def at_random(self, change: Change) -> list[Kept]:
        """Return the rows kept at random."""
        return _once(self._kept.get((change, None), []))


def _once(rows: Any) -> list[Kept]:
    found: dict[int, Kept] = {}
    for row in rows:
        found.setdefault(row.row, row)
    return list(found.values())
