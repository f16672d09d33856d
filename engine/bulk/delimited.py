"""Tables of text, CSV and TSV: Arrow's reader where the file is as it should be, a patient one where it is not."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from ..columns.library import pc
from .bytes_in import MARKS, ByteSource, is_marked, unmarked
from .chunks import BadRow, Chunk
from .errors import BulkError
from .patient import LONGEST, PatientReader, wide_fields

_BLOCK: Final = 8 << 20


class Delimited:
    """A table of text whose first line names the columns; an empty cell is null."""

    is_open = False
    is_text = True
    total = 0

    def __init__(self, source: ByteSource, *, delimiter: str = "", block: int = _BLOCK, patient: bool = False) -> None:
        self._bytes = source
        self._block = block
        self._patient = patient
        self.size = source.size
        self._stream = source.open()
        try:
            first = self._head(delimiter)
        except BaseException:
            source.close()
            raise
        self.names: Sequence[str] = column_names(first)
        self._is_fresh = True

    def _head(self, delimiter: str) -> list[str]:
        lines = _decoded(self._stream)
        first = next((line for line in lines if line.strip()), "")
        if not first:
            raise BulkError(f"`{self._bytes.place.name}` is empty", help="its first line names the columns")
        tabs = self._bytes.place.format == "tsv"
        self.delimiter = delimiter or ("\t" if tabs else max(",;\t|", key=first.count))
        with wide_fields():
            cells = next(csv.reader(chain([first], lines), delimiter=self.delimiter))
        if any(map(is_marked, cells)):
            wide = unmarked(cells[0]).startswith(("\\xff\\xfe", "\\xfe\\xff"))  # its byte order mark
            help_ = f"name its encoding, as in --encoding {'utf-16' if wide else 'cp1252'}"
            complaint = self._bytes.complaint.removeprefix("it ")
            raise BulkError(f"the head of `{self._bytes.place.name}` {complaint}", help=help_)
        return cells

    def schema(self) -> Any:
        """Return the schema: all text."""
        return pa.schema([(name, pa.string()) for name in self.names])

    def read(self) -> int:
        """Return how many bytes have been read."""
        return self._bytes.read()

    def close(self) -> None:
        """Close the file."""
        self._bytes.close()

    def _rewound(self) -> BinaryIO:
        """Return the stream behind the head, opened again where something has been read already."""
        if not self._is_fresh:
            if self._bytes.place.is_stream:
                raise BulkError("standard input has rows that only a second look could read", help="put it in a file")
            self._stream = self._bytes.open()
            self._head(self.delimiter)
        self._is_fresh = False
        return self._stream

    def chunks(self, after: int, columns: Sequence[str] | None) -> Iterator[Chunk]:  # noqa: ARG002 as every source has it
        """Yield the rows behind the row *after*."""
        done = after
        if not self._patient and not self._bytes.place.is_stream:
            fast = _Fast(self._rewound(), self.names, self.delimiter, self._block)
            for chunk in fast.chunks():
                if chunk.last > done:
                    yield without_marks(behind(chunk, done), self._bytes.complaint)
                    done = chunk.last
            if fast.is_over:
                return
        reader = PatientReader(self._rewound(), self.names, self.delimiter)
        for chunk in reader.chunks():
            if chunk.last > done:
                yield without_marks(behind(chunk, done), self._bytes.complaint)
                done = chunk.last


class _Fast:
    """Arrow's reader. It gives up (*is_over* stays false) at a row too long for it, and at a quote that is never closed."""

    def __init__(self, stream: BinaryIO, names: Sequence[str], delimiter: str, block: int) -> None:
        self.is_over = False
        self._stream = _Ended(stream)
        self._names = names
        self._bad: deque[BadRow] = deque()
        labels = [str(number) for number in range(len(names))]
        self._read = arrow_csv.ReadOptions(column_names=labels, use_threads=False, block_size=block)
        self._parse = arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=self._ragged
        )
        self._convert = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(labels, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        )

    def _ragged(self, row: Any) -> str:
        why = ragged(row.actual_columns, row.expected_columns)
        self._bad.append(BadRow.unreadable(row.number, row.text, why))
        return "skip"

    def chunks(self) -> Iterator[Chunk]:
        """Yield what can be read; one batch is held back until it is clear that its last quote was closed."""
        start = 1
        held: Any = None
        try:
            for batch in self._batches():
                if held is not None:
                    yield (chunk := self._chunk(held, start))
                    start = chunk.last + 1
                held = batch
        except pa.ArrowInvalid:
            return  # what is held back is read again, patiently
        if self._stream.has_quotes and self._may_be_open(held):
            return
        if held is not None:
            yield (chunk := self._chunk(held, start))
        if self._bad:
            rest = tuple(self._bad)
            empty = pa.RecordBatch.from_arrays([pa.array([], pa.string()) for _ in self._names], list(self._names))
            yield Chunk(empty, np.array([], np.int64), rest[-1].row, rest)
        self.is_over = True

    def _may_be_open(self, batch: Any) -> bool:
        """Whether the last quote may never have been closed: Arrow's reader ends it with the file, and says nothing."""
        if self._bad or batch is None or not batch.num_rows:
            return True
        cell = batch.column(batch.num_columns - 1)[-1].as_py()
        return cell is not None and cell.endswith(("\n", "\r"))

    def _batches(self) -> Iterator[Any]:
        try:
            reader = arrow_csv.open_csv(
                self._stream, read_options=self._read, parse_options=self._parse, convert_options=self._convert
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise
        with reader:
            yield from reader

    def _chunk(self, batch: Any, start: int) -> Chunk:
        size = batch.num_rows
        taken = np.fromiter((bad.row for bad in self._bad), np.int64)
        numbers = np.arange(start, start + size + len(taken), dtype=np.int64)
        rows = numbers[~np.isin(numbers, taken)][:size]
        last = int(rows[-1]) if size else start - 1
        bad: list[BadRow] = []
        while self._bad and self._bad[0].row <= last:
            bad.append(self._bad.popleft())
        named = pa.RecordBatch.from_arrays(batch.columns, list(self._names))
        return Chunk(named, rows, last, tuple(bad))


class _Ended:
    """A stream that ends with a line break, and knows whether there was a quote in it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._last = b""
        self.has_quotes = False
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        piece = self._stream.read(size)
        if not piece and self._last not in (b"", b"\n"):
            self._last = b""
            return b"\n"
        self._last = piece[-1:]
        self.has_quotes = self.has_quotes or b'"' in piece
        return piece

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def close(self) -> None:
        """Leave the stream open: it belongs to somebody else."""
        self.closed = True


def ragged(cells: int, columns: int) -> str:
    """Say what is wrong with a row of another length than the head."""
    return f"the row has {cells:,} {'cell' if cells == 1 else 'cells'}, and the head has {columns:,}"


def without_marks(chunk: Chunk, complaint: str) -> Chunk:
    """Return a chunk in which rows with bytes that mean nothing are bad."""
    bad = [unmarked_row(row, complaint) for row in chunk.bad]
    marked = [pc.fill_null(pc.match_substring_regex(column, MARKS), False) for column in chunk.batch.columns]  # noqa: FBT003
    places = sorted({place for found in marked for place in pc.indices_nonzero(found).to_pylist()})
    if not places:
        return Chunk(chunk.batch, chunk.rows, chunk.last, tuple(bad))
    for place in places:
        cells = {name: chunk.batch.column(name)[place].as_py() for name in chunk.batch.schema.names}
        shown = {name: cell and unmarked(cell) for name, cell in cells.items()}
        bad.append(BadRow.unreadable(int(chunk.rows[place]), shown, complaint))
    good = np.setdiff1d(np.arange(len(chunk.rows)), places)
    bad.sort(key=lambda row: row.row)
    return Chunk(chunk.batch.take(pa.array(good)), chunk.rows[good], chunk.last, tuple(bad))


def unmarked_row(row: BadRow, complaint: str) -> BadRow:
    """Return a bad row with the bytes that mean nothing written out; where it has such, that is what is wrong with it."""
    if not isinstance(row.found, str) or not is_marked(row.found):
        return row
    return BadRow.unreadable(row.row, unmarked(row.found), complaint)


def behind(chunk: Chunk, after: int) -> Chunk:
    """Return the part of a chunk behind the row *after*."""
    first = int(np.searchsorted(chunk.rows, after, side="right"))
    bad = tuple(row for row in chunk.bad if row.row > after)
    return Chunk(chunk.batch.slice(first), chunk.rows[first:], chunk.last, bad)


def column_names(cells: Sequence[str]) -> list[str]:
    """
    Return names for the columns of a head: one without a name is called by its place, one that comes again is numbered.

    >>> column_names([" loss ", "", "loss"])
    ['loss', 'column 2', 'loss (2)']
    """
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        base = cell.strip() or f"column {place}"
        name, count = base, 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names.append(name)
    return names


def _decoded(stream: BinaryIO) -> Iterator[str]:
    while line := stream.readline(LONGEST):
        yield line.decode(errors="replace")  # a letter may be cut where a line is too long
