"""A progress bar on stderr for runs that take longer than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

#: Seconds after which a run is long enough for a bar.
PATIENCE: Final = 1.0
_CHECK_EVERY: Final = 0.1


class Progress:
    """
    How far a run has read into its files, in bytes.

    There is no bar where stderr is no terminal, nor where results are scrolling over the same terminal (*to_terminal*).
    """

    def __init__(self, files: Sequence[str], *, to_terminal: bool) -> None:
        self._sizes = {file: _size(file) for file in files}
        self._wanted = sys.stderr.isatty() and not (to_terminal and sys.stdout.isatty())
        self._started = self._looked = time.monotonic()
        self._before = 0
        self._position = 0
        self._incidents = 0
        self._stack = ExitStack()
        self._bar: Any = None  # a rich.progress.Progress, which is imported when a bar is shown

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def is_shown(self) -> bool:
        """Whether the run has taken long enough for a bar."""
        return self._bar is not None

    def at(self, position: int) -> None:
        """Say how far the reading of the current file is."""
        self._position = position

    def count(self, incidents: int) -> None:
        """Say how many incidents have been decided."""
        self._incidents = incidents
        now = time.monotonic()
        if self._wanted and now - self._looked > _CHECK_EVERY:
            self._looked = now
            if now - self._started > PATIENCE:
                self._show()

    def done(self, file: str) -> None:
        """Say that a file has been read."""
        self._before += self._sizes[file]
        self._position = 0

    def _show(self) -> None:
        if self._bar is None:
            self._bar = self._stack.enter_context(_bar())
            self._bar.add_task("deciding", total=sum(self._sizes.values()) or None)
        done = self._before + self._position
        self._bar.update(self._bar.task_ids[0], completed=done, description=f"{self._incidents:,} incidents")


def _size(file: str) -> int:
    try:
        return Path(file).stat().st_size if file != "-" else 0
    except OSError:
        return 0


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress as Bar, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Bar(*columns, console=Console(stderr=True), transient=True)
