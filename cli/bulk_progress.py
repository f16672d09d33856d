"""The progress of a bulk job: how many rows, how many a second, how long it still takes."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, Self

#: Seconds after which a run is long enough for a bar.
PATIENCE: Final = 1.0
_EVERY: Final = 0.2


class BulkProgress:
    """A bar on stderr, where that is a terminal; *total* and *size* are set once they are known, in rows and in bytes."""

    def __init__(self, *, is_wanted: bool) -> None:
        self._is_wanted = is_wanted and sys.stderr.isatty()
        self._started = self._looked = time.monotonic()
        self._first: int | None = None
        self._stack = ExitStack()
        self._bar: Any = None  # a rich.progress.Progress, which is imported when a bar is shown
        self._total = self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def expect(self, total: int, size: int) -> None:
        """Take note of how many rows, or else bytes, there are; 0 where nobody knows."""
        self._total, self._size = total, size

    def at(self, rows: int, read: int) -> None:
        """Take note of how many rows have been accounted for, and how many bytes read."""
        now = time.monotonic()
        if self._first is None:
            self._first = rows  # of a run that goes on, those before it were not decided now
        if not self._is_wanted or now - self._looked < _EVERY:
            return
        self._looked = now
        if now - self._started > PATIENCE:
            self._show(rows, read, (rows - self._first) / (now - self._started))

    def _show(self, rows: int, read: int, rate: float) -> None:
        if self._bar is None:
            self._bar = self._stack.enter_context(_bar())
            self._bar.add_task("", total=self._total or self._size or None)
        done = rows if self._total else read
        text = f"{rows:,} rows, {rate:,.0f} a second"
        self._bar.update(self._bar.task_ids[0], completed=done, description=text)


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress as Bar, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(compact=True))
    return Bar(*columns, console=Console(stderr=True), transient=True)
