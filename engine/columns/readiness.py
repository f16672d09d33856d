"""
Whether the compiled loop is worth its price: numba compiles it once on a machine and loads it once in each process.

Compiling takes six seconds of processor time, loading half a one with the import of numba; one row by itself takes 30 to 250 microseconds,
by policy. So rows are decided one by one until the loop would have been ready sooner. Nobody waits for a compiler to have ten rows decided.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from time import thread_time
from typing import Final, TypeVar

T = TypeVar("T")

#: How many seconds rows may take one by one before the loop is compiled: less than that takes, for later processes gain by it too.
BEFORE_COMPILING: Final = 5.0
#: The same where it is compiled already, and is only to be loaded.
BEFORE_LOADING: Final = 0.5
#: After how many rows their time is looked at.
_EVERY: Final = 64
#: How numba's file for the loop begins.
NEEDLE = "loop.decide_rows"


class Readiness:
    """What one process knows of its loop: whether it is wanted, and what doing without has cost; shared by all threads."""

    def __init__(self) -> None:
        self.is_wanted = False
        self._spent = 0.0
        self._is_compiled: bool | None = None
        self._lock = Lock()

    def while_cheap(self, items: Iterable[T], count: int) -> Iterator[T]:
        """Yield *items*, *count* of them; end early, and want the loop, once all of them will cost more than it does."""
        first = last = thread_time()
        for done, item in enumerate(items, 1):
            yield item
            if done == 1:  # which also paid for what a policy makes ready once: that is not the price of a row
                first = thread_time()
            if done % _EVERY and done < count:
                continue
            now = thread_time()
            with self._lock:
                self._spent += now - last
                to_come = (count - done) * (now - max(first, last)) / _EVERY
                self.is_wanted = self.is_wanted or self._is_worth(self._spent + to_come)
            if self.is_wanted:
                return
            last = now

    def _is_worth(self, seconds: float) -> bool:
        """Whether the loop costs less; what is on the disk is looked for once, and not before that counts."""
        if seconds <= BEFORE_LOADING:
            return False
        if self._is_compiled is None:
            self._is_compiled = is_on_disk()
        return self._is_compiled or seconds > BEFORE_COMPILING


#: The readiness of this process.
LOOP: Final = Readiness()


def is_on_disk() -> bool:
    """Whether an earlier process seems to have left the compiled loop where numba looks for it, made of what it is now."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    places = [Path(named)] if named else [Path(__file__).parent / "__pycache__", Path(caches) / "numba"]
    pattern = f"**/{NEEDLE}-*.py{sys.version_info.major}{sys.version_info.minor}*.nbi"
    written = Path(__file__).with_name("loop.py").stat().st_mtime
    return any(kept.stat().st_mtime >= written for place in places for kept in place.glob(pattern))
