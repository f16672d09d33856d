"""What is kept while a history is read: counts of pairs of verdicts, of amounts, of red lines and duties; never the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import numpy as np

from ..columns.library import pa, pc
from .bootstrap import Crowd, Kind as Alike, interval, sums
from .records import Sum
from .sides import OPEN

#: The most cells that are counted in a plain array.
_CELLS: Final = 1 << 18


def counted(*columns: Any) -> Iterator[tuple[tuple[int, ...], int]]:
    """
    Yield each row of whole numbers, none of them negative, that occurs in *columns*, and how often.

    >>> import numpy as np
    >>> list(counted(np.array([1, 0, 1]), np.array([2, 2, 2])))
    [((0, 2), 1), ((1, 2), 2)]
    """
    if not len(columns[0]):
        return
    sizes = [int(column.max()) + 1 for column in columns]
    flat, cells = columns[0], sizes[0]
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        flat, cells = flat * size + column, cells * size
    if cells <= _CELLS:
        counts = np.bincount(flat)
        present = np.flatnonzero(counts)
        counts = counts[present]
    else:
        present, counts = np.unique(flat, return_counts=True)
    places = np.unravel_index(present, sizes)
    yield from zip(zip(*(place.tolist() for place in places), strict=True), counts.tolist(), strict=True)


@attrs.define
class Pairs:
    """How often each pair of an old and a new kind of verdict occurs, in each part of a split (part 0 where there is none)."""

    counts: Counter[tuple[int, ...]] = attrs.field(factory=Counter)

    def take(self, *columns: Any) -> None:
        """Count some rows: arrays of parts, kinds, kinds."""
        for row, rows in counted(*columns):
            self.counts[row] += rows


class Heap:
    """
    Pairs of an old and a new amount with the number of rows that have them.

    Past *most* pairs those with small amounts go into a crowd, so that the heap stays small; one large claim is never small change.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: Counter[tuple[int, int]] = Counter()
        self._crowd = Crowd(2)
        self.old = self.new = 0

    def add(self, old: int, new: int, rows: int) -> None:
        """Add some rows with the same amounts."""
        self._entries[old, new] += rows
        self.old += old * rows
        self.new += new * rows
        if len(self._entries) > self._most:
            self._fold()

    def _fold(self) -> None:
        ranked = sorted(self._entries.items(), key=lambda entry: -max(abs(entry[0][0]), abs(entry[0][1])))
        keep = self._most // 4
        self._crowd.take(Alike(rows, (float(pair[0]), float(pair[1]))) for pair, rows in ranked[keep:])
        self._entries = Counter(dict(ranked[:keep]))

    def sums(self, seed: int, name: str) -> tuple[Sum, Sum, Sum]:
        """Return the old total, the new total, and by how much they differ."""
        kinds = [Alike(rows, (float(old), float(new))) for (old, new), rows in self._entries.items()]
        drawn = sums(kinds, self._crowd, seed, name)
        change = Sum(self.new - self.old, *interval(drawn[1] - drawn[0]))
        return Sum(self.old, *interval(drawn[0])), Sum(self.new, *interval(drawn[1])), change


class Ledger:
    """The amounts that one value comes to on both sides, in all and in each part of each split."""

    def __init__(self, splits: int) -> None:
        self.all = Heap(20_000)
        self.parts: list[dict[int, Heap]] = [{} for _ in range(splits)]
        #: Rows, old amounts and new amounts by how the amounts stand.
        self.states: dict[tuple[int, int], list[int]] = {}
        #: Rows that neither side leaves open, with another amount.
        self.moved = 0

    def take(self, amounts: tuple[Any, ...], parts: Sequence[Any]) -> Any:
        """
        Enter some rows, with their part in each split, and return which of them have another amount.

        *amounts* are the old ones, how they stand, the new ones, and how these stand.
        """
        old, old_state, new, new_state = amounts
        for (before, now), rows in counted(old_state, new_state):
            chosen = (old_state == before) & (new_state == now)
            held = self.states.setdefault((before, now), [0, 0, 0])
            held[0] += rows
            held[1] += total(old[chosen])
            held[2] += total(new[chosen])
        for (before, now), rows in _alike(old, new):
            self.all.add(before, now, rows)
        for heaps, part in zip(self.parts, parts, strict=True):
            for (at, before, now), rows in _alike(part, old, new):
                heaps.setdefault(at, Heap(1_000)).add(before, now, rows)
        moved = (old != new) & (old_state != OPEN) & (new_state != OPEN)
        self.moved += int(moved.sum())
        return moved

    def rows(self, *, old: int | None = None, new: int | None = None) -> int:
        """Return how many rows stand so on either side."""
        return sum(
            held[0] for (before, now), held in self.states.items() if old in (None, before) and new in (None, now)
        )

    def shares(self) -> tuple[int, int, int]:
        """Return the difference in its three parts: open on neither side, no longer settled, newly settled."""
        both = lost = won = 0
        for (before, now), (_, old, new) in self.states.items():
            if now == OPEN:
                lost -= old
            elif before == OPEN:
                won += new
            else:
                both += new - old
        return both, lost, won


def _alike(*columns: Any) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield each row of numbers of any size or sign, and how often it occurs."""
    if any(column.dtype == object for column in columns):
        yield from Counter(zip(*(column.tolist() for column in columns), strict=True)).items()
        return
    names = [str(at) for at in range(len(columns))]
    grouped = pa.table(dict(zip(names, columns, strict=True))).group_by(names).aggregate([([], "count_all")])
    rows = zip(*(grouped.column(name).to_pylist() for name in names), strict=True)
    yield from zip(rows, grouped.column("count_all").to_pylist(), strict=True)


def total(amounts: Any) -> int:
    """Return the exact sum of amounts, which may be more than a machine word holds."""
    if amounts.dtype == object:
        return sum(amounts.tolist())
    high, low = amounts >> 32, amounts & 0xFFFFFFFF
    return (int(high.sum()) << 32) + int(low.sum())


def words_counted(lists: Any) -> Counter[str]:
    """Return in how many rows each word stands; *lists* is a column of lists, none of which has a word twice."""
    found = pc.value_counts(lists.flatten()).to_pylist()
    return Counter({pair["values"]: pair["counts"] for pair in found if pair["values"] is not None})
