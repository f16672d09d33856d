"""Where differences go: anything that can be called with one, such as a file of JSON lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import attrs

from ..records import append_line
from .difference import Difference

#: Takes one difference. What it raises is counted, and how long it takes delays nobody who decides.
Sink: TypeAlias = Callable[[Difference], object]


@attrs.frozen
class JsonLines:
    """
    A file with a line of JSON for each difference, to which several threads and processes may add.

    >>> JsonLines("differences.jsonl").path
    PosixPath('differences.jsonl')
    """

    path: Path = attrs.field(converter=Path)

    def __call__(self, difference: Difference) -> None:
        """
        Add a difference at the end, by a single call.

        Raises:
            OSError: If the file cannot be written.
        """
        append_line(self.path, difference.to_json().encode(), fsync=False)
