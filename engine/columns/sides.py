"""What goes with the verdicts of each row: duties and red lines; where no red line is near, the duties follow from the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..decision import Verdict
from .book import Book, Side
from .library import Array, pa
from .loop import FOLLOWS
from .spread import spread, texts_of


class Sides:
    """
    The sides of all rows.

    Those of *known* that are `FOLLOWS` follow from the verdicts; those below it from some of the free rules as well.
    """

    def __init__(
        self, codes: Mapping[str, Any], verdicts: Mapping[str, Sequence[Verdict]], known: Any, book: Book
    ) -> None:
        self._codes, self._verdicts, self._known, self._book = codes, verdicts, known, book
        self._sides = tuple(book.sides)

    def column(self, name: str) -> Array:
        """Return a list for each row, by the name that it has in `Side`."""
        listed = self._book.shown.upto(("side", name), self._sides, lambda new: _lists(new, name))
        if not self._bringing and len(self._known) and (self._known == FOLLOWS).all():
            return spread(_lists([Side()], name), _same(len(self._known)))
        follows = np.flatnonzero(self._known <= FOLLOWS)
        if not len(follows):
            return spread(listed, self._known)
        codes, fresh = self._duties.get(name, (_same(len(follows)), _lists([Side()], name)))
        every = self._known.copy()
        every[follows] = len(listed) + codes
        return spread(pa.concat_arrays([listed, fresh]), every)

    @cached_property
    def _bringing(self) -> dict[str, Any]:
        """Return what the verdicts on each decision bring, those left out that bring nothing."""
        book = self._book
        found = {
            decision: book.shown.upto(("duties", decision), verdicts, book.duties.of_verdicts)
            for decision, verdicts in self._verdicts.items()
        }
        return {decision: of_each for decision, of_each in found.items() if of_each.any()}

    @cached_property
    def _duties(self) -> Mapping[str, tuple[Any, Array]]:
        """Return the duties that follow: a code for each row that has such, and the list of each code; nothing where there are none."""
        book, duties = self._book, self._book.duties
        rows = np.flatnonzero(self._known <= FOLLOWS)
        words = np.zeros((len(rows), 2 * duties.size), np.uint64)
        for decision, of_each in self._bringing.items():
            words |= of_each[self._codes[decision][rows]]
        free = FOLLOWS - self._known[rows]
        if free.any():
            of_each = book.shown.upto("free", tuple(book.free), duties.words)
            words |= np.concatenate([np.zeros((1, words.shape[1]), np.uint64), of_each])[free]
        if not words.any():
            return {}
        codes, due, possible = duties.told(words)
        return {"obligations": (codes, due), "possible_obligations": (codes, possible)}


def _same(rows: int) -> Any:
    """Return the first code for so many rows, without the memory."""
    return np.broadcast_to(np.int32(0), (rows,))


def _lists(sides: Sequence[Side], name: str) -> Array:
    return texts_of([getattr(side, name) for side in sides])
