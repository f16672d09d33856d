"""A table of text read row by row, for files in which something is wrong: one bad row costs that row and no other."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa

from .chunks import BadRow, Chunk

#: The most bytes that one row may take.
LONGEST: Final = 8 << 20
#: Rows to a chunk.
_ROWS: Final = 16_384


@contextmanager
def wide_fields() -> Iterator[None]:
    """Let Python's reader take cells as long as a row may be; its limit belongs to the whole process."""
    before = csv.field_size_limit(LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


class PatientReader:
    """Rows one by one; a row whose quote is never closed is its first line."""

    def __init__(self, stream: BinaryIO, names: Sequence[str], delimiter: str) -> None:
        self._stream = stream
        self._names = names
        self._delimiter = delimiter
        self._waiting: deque[bytes] = deque()

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows."""
        good: list[list[str]] = []
        rows: list[int] = []
        bad: list[BadRow] = []
        last = 0
        for last, (cells, text, why) in enumerate(self._records(), 1):
            if why or len(cells) != len(self._names):
                from .delimited import ragged

                bad.append(BadRow.unreadable(last, _shown(text), why or ragged(len(cells), len(self._names))))
            else:
                good.append(cells)
                rows.append(last)
            if len(good) + len(bad) >= _ROWS:
                yield self._chunk(good, rows, bad, last)
                good, rows, bad = [], [], []
        if good or bad:
            yield self._chunk(good, rows, bad, last)

    def _chunk(self, good: list[list[str]], rows: list[int], bad: list[BadRow], last: int) -> Chunk:
        columns = list(zip(*good, strict=True)) if good else [()] * len(self._names)
        arrays = [pa.array([cell or None for cell in column], pa.string()) for column in columns]
        batch = pa.RecordBatch.from_arrays(arrays, list(self._names))
        return Chunk(batch, np.array(rows, np.int64), last, tuple(bad))

    def _lines(self) -> bytes:
        return self._waiting.popleft() if self._waiting else self._stream.readline(LONGEST + 1)

    def _records(self) -> Iterator[tuple[list[str], bytes, str]]:
        """Yield each row's cells and text, or why it is none."""
        while line := self._lines():
            if not line.strip(b"\r\n"):
                continue
            if len(line) > LONGEST:
                yield [], line[:1_000], f"it is longer than {LONGEST >> 20} MiB"
                while line and not line.endswith(b"\n"):
                    line = self._lines()
                continue
            lines = [line]
            cells = self._parsed(line)
            while cells is None:
                more = self._until_quote()
                lines += more
                size = sum(map(len, lines))
                if not more or size > LONGEST:
                    self._waiting.extendleft(reversed(lines[1:]))
                    yield [], line, "a quote is opened in it that is never closed"
                    break
                cells = self._parsed(b"".join(lines))
            else:
                yield cells, b"".join(lines), ""

    def _until_quote(self) -> list[bytes]:
        """Return the lines up to the next one with a quote; none where there is no such line in reach."""
        found: list[bytes] = []
        size = 0
        while line := self._lines():
            found.append(line)
            size += len(line)
            if b'"' in line:
                return found
            if size > LONGEST:
                break
        self._waiting.extendleft(reversed(found))
        return []

    def _parsed(self, text: bytes) -> list[str] | None:
        """Return the cells of a row; None where a quote is still open."""
        lines = _Once(text.decode())
        try:
            with wide_fields():
                cells: list[str] = next(csv.reader(lines, delimiter=self._delimiter), [])
        except csv.Error:
            return [text.decode()]  # a line break where none can be
        return None if lines.is_over else cells


class _Once:
    """One text for Python's reader, which asks for another (*is_over*) where a quote is still open."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._is_given = self.is_over = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._is_given:
            self.is_over = True
            raise StopIteration
        self._is_given = True
        return self._text


def _shown(text: bytes) -> str:
    return text.rstrip(b"\r\n").decode(errors="backslashreplace")
