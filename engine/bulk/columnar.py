"""Files that are columns already: Parquet, and Arrow's own two formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

from .chunks import Chunk
from .errors import BulkError, Stopped
from .places import Place

#: Rows to a batch.
ROWS: Final = 131_072


class Columnar:
    """What the formats share."""

    is_open = False
    is_text = False

    def __init__(self, schema: Any, total: int) -> None:
        self._schema = schema
        self.names: Sequence[str] = list(schema.names)
        self.total = total
        self.size = 0

    def schema(self) -> Any:
        """Return the schema of the columns."""
        return self._schema

    def read(self) -> int:
        """Return 0: the rows are counted, and not the bytes."""
        return 0


class ParquetFile(Columnar):
    """A Parquet file."""

    def __init__(self, place: Place, *, rows: int = ROWS, threads: bool = True) -> None:
        try:
            self._file = pq.ParquetFile(place.path, memory_map=True)
        except OSError as error:
            raise cannot_be_read(place, error) from None
        except pa.ArrowException as error:
            raise BulkError(f"`{place.name}` is no Parquet file", help=_first(error)) from None
        super().__init__(self._file.schema_arrow, self._file.metadata.num_rows)
        self._rows, self._threads = rows, threads

    def chunks(self, after: int, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Yield the rows behind the row *after*; groups of rows that lie before it are not read."""
        metadata = self._file.metadata
        groups = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
        first = before = 0
        while first < len(groups) and before + groups[first] <= after:
            before += groups[first]
            first += 1
        batches = self._file.iter_batches(
            batch_size=self._rows,
            row_groups=range(first, len(groups)),
            columns=columns,
            use_threads=self._threads,
        )
        yield from numbered(_guarded(batches), before, after)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class ArrowFile(Columnar):
    """A file of Arrow's IPC format, which can be read from any batch on."""

    def __init__(self, place: Place, *, rows: int = ROWS) -> None:
        self._map = _mapped(place)
        try:
            self._file = ipc.open_file(self._map)
        except pa.ArrowException as error:
            self._map.close()
            raise BulkError(f"`{place.name}` is no Arrow file", help=_first(error)) from None
        self._rows = rows
        super().__init__(self._file.schema, 0)

    def chunks(self, after: int, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Yield the rows behind the row *after*."""
        batches = (self._file.get_batch(number) for number in range(self._file.num_record_batches))
        yield from numbered(_guarded(_cut(batches, self._rows, columns)), 0, after)

    def close(self) -> None:
        """Close the file."""
        self._map.close()


class ArrowStream(Columnar):
    """A stream of Arrow's IPC format."""

    def __init__(self, place: Place, *, rows: int = ROWS) -> None:
        self._map = _mapped(place)
        try:
            super().__init__(ipc.open_stream(self._map).schema, 0)
        except pa.ArrowException as error:
            self._map.close()
            raise BulkError(f"`{place.name}` is no stream of Arrow", help=_first(error)) from None
        self._rows = rows

    def chunks(self, after: int, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Yield the rows behind the row *after*."""
        self._map.seek(0)
        with ipc.open_stream(self._map) as reader:
            yield from numbered(_guarded(_cut(iter(reader), self._rows, columns)), 0, after)

    def close(self) -> None:
        """Close the file."""
        self._map.close()


def _mapped(place: Place) -> Any:
    try:
        return pa.memory_map(str(place.path))
    except OSError as error:
        raise cannot_be_read(place, error) from None


def cannot_be_read(place: Place, error: OSError) -> BulkError:
    """Return the error of a file that the computer does not hand over."""
    if place.path.is_dir():
        return BulkError(f"`{place.name}` is a folder", help="name a file in it")
    reason = (error.strerror or str(error).partition(". Detail")[0] or "no reason given").lower()
    return BulkError(f"`{place.name}` cannot be read: {reason[:200]}")


def _first(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". Is this")[0][:160]


def _cut(batches: Iterator[Any], rows: int, columns: Sequence[str] | None) -> Iterator[Any]:
    for batch in batches:
        if columns is not None:
            batch = batch.select(list(columns))
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)


def _guarded(batches: Iterator[Any]) -> Iterator[Any]:
    """Yield batches; where the file breaks off or is damaged, say so."""
    try:
        yield from batches
    except (pa.ArrowException, OSError) as error:
        raise Stopped(f"the input is damaged: {_first(error)}") from None


def numbered(batches: Iterator[Any], before: int, after: int) -> Iterator[Chunk]:
    """Yield batches with the numbers of their rows, the first of which is the one behind *before*; none up to *after*."""
    for batch in batches:
        last = before + batch.num_rows
        if batch.num_rows and last > after:
            skip = max(0, after - before)
            yield Chunk(batch.slice(skip), np.arange(before + skip + 1, last + 1, dtype=np.int64), last)
        before = last
