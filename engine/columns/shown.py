"""What each verdict shows in a column: made once, however many batches it is met in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Final, TypeVar

import numpy as np

from .library import pa

Thing = TypeVar("Thing")

#: What no code at all comes to, in the first place.
_NOTHING: Final = np.full(1, -1, np.int64)


class Shown:
    """
    What the things of a book show, by what it is that they show; arrays of numpy or of Arrow.

    Things are only ever added, so that what the first of them show stays; an array may be longer than what it was asked for. Safe to
    share among threads: one of them makes at a time.
    """

    def __init__(self) -> None:
        self._made: dict[object, Any] = {}
        self._lock = Lock()

    def upto(self, what: object, things: Sequence[Thing], make: Callable[[Sequence[Thing]], Any]) -> Any:
        """Return an array with an entry for each of *things*; *make* makes it of those that nobody has asked about yet."""
        with self._lock:
            made = self._made.get(what)
            if made is None:
                made = self._made[what] = make(things)
            elif len(made) < len(things):
                made = self._made[what] = _joined(made, make(things[len(made) :]))
            return made

    def numbers(self, what: object, things: Sequence[Thing], codes: Any, number: Callable[[Thing], int]) -> Any:
        """Return for each of *codes* the number of its thing, -1 for -1; *number* is asked about a thing when it is first met."""
        with self._lock:
            table = self._made.get(what, _NOTHING)
            if len(table) <= len(things):
                table = np.append(table, np.full(len(things) + 1 - len(table), -1, np.int64))
            met = np.flatnonzero(np.bincount(codes + 1))
            for place in met[table[met] < 0].tolist():
                if place:  # the first is that of no code
                    table[place] = number(things[place - 1])
            self._made[what] = table
            return table[codes + 1]


def _joined(first: Any, second: Any) -> Any:
    return np.concatenate([first, second]) if isinstance(first, np.ndarray) else pa.concat_arrays([first, second])
