"""What each verdict shows in a column: made once, however many batches it is met in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from .library import pa

Thing = TypeVar("Thing")


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


def _joined(first: Any, second: Any) -> Any:
    return np.concatenate([first, second]) if isinstance(first, np.ndarray) else pa.concat_arrays([first, second])
