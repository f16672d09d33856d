"""A line on stderr that says how far a proof has come, past a second; nothing where stderr is no terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import attrs

#: Seconds before anything is shown, and between two looks at the time.
PATIENCE = 1.0
STEP = 0.1
_WIDTH = 20


@contextmanager
def shown_progress(name: str) -> Iterator[Callable[[str, int, int], None] | None]:
    """Show how far a run has come; hand over what to tell it, None where nobody would see it."""
    stream = sys.stderr
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    bar = _Bar(name, stream)
    bar.start()
    try:
        yield bar.tell
    finally:
        bar.stop()


@attrs.define
class _Bar:
    """A line that is drawn anew while something else works."""

    name: str
    stream: TextIO
    check: str = ""
    done: int = 0
    total: int = 1
    _since: float = attrs.field(factory=time.monotonic)
    _over: threading.Event = attrs.field(factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._draw, daemon=True)
        self._thread.start()

    def tell(self, check: str, done: int, total: int) -> None:
        """Take note of what comes next."""
        self.check, self.done, self.total = check, done, total

    def stop(self) -> None:
        """Take the line away again."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _draw(self) -> None:
        if self._over.wait(PATIENCE):
            return
        while not self._over.wait(STEP):
            self._write(f"\r{self.line(time.monotonic() - self._since)}\x1b[K")
        self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()

    def line(self, seconds: float) -> str:
        """Return the line: a bar, how many checks are done, which one runs, and for how long."""
        from shutil import get_terminal_size

        full = _WIDTH * self.done // max(self.total, 1)
        bar = "#" * full + "-" * (_WIDTH - full)
        check = self.check.replace("_", " ")
        text = f"[{bar}] {self.done}/{self.total} {self.name}: {check} ({seconds:.0f} s)"
        return text[: get_terminal_size((80, 24)).columns - 1]
