"""The writer of each format: one segment of the output at a time, each a whole file of its own; and how segments are joined."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import ipc

from ..columns.library import pc
from .as_text import head_of, lines_of, rows_of
from .places import Format
from .to_table import for_table, table_schema

_DELIMITERS: Final = {"csv": ",", "tsv": "\t"}


class Writer(Protocol):
    """What a segment is written with."""

    def write(self, table: Any) -> None:
        """Write a table."""
        ...

    def close(self) -> None:
        """Finish the segment."""
        ...


class _TextWriter:
    """CSV, TSV or JSON lines."""

    def __init__(self, sink: BinaryIO, format_: Format, schema: Any, *, head: bool) -> None:
        self._sink, self._format, self._schema, self._head = sink, format_, schema, head

    def write(self, table: Any) -> None:
        """Write a table."""
        self._write_head()
        if table.num_rows:
            lines = lines_of(table) if self._format == "jsonl" else rows_of(table, _DELIMITERS[self._format])
            self._sink.write(_one(lines))

    def _write_head(self) -> None:
        if self._head and self._format != "jsonl":
            self._sink.write(head_of(self._schema.names, _DELIMITERS[self._format]))
        self._head = False

    def close(self) -> None:
        """Write the head, if nothing else was written."""
        self._write_head()


def _one(lines: Any) -> bytes:
    """Return lines as one run of bytes, without making a Python object of each."""
    whole = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "")
    found: bytes = whole[0].as_buffer().to_pybytes()
    return found


class _ArrowWriter:
    """One of Arrow's own formats; texts of few words become plain, which any reader joins."""

    def __init__(self, sink: BinaryIO, format_: Format, schema: Any) -> None:
        self._schema = schema
        make = ipc.new_file if format_ == "arrow" else ipc.new_stream
        self._writer = make(sink, schema)

    def write(self, table: Any) -> None:
        """Write a table."""
        self._writer.write_table(table.cast(self._schema))

    def close(self) -> None:
        """Finish the segment."""
        self._writer.close()


class _ParquetWriter:
    """Parquet, each table a group of rows; also for rows that wait for a database."""

    def __init__(self, sink: BinaryIO, schema: Any) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(sink, schema, compression="snappy", write_statistics=False)

    def write(self, table: Any) -> None:
        """Write a table."""
        if table.num_rows:
            self._writer.write_table(for_table(table, self._schema), row_group_size=table.num_rows)

    def close(self) -> None:
        """Finish the segment."""
        self._writer.close()


def schema_for(schema: Any, format_: Format) -> Any:
    """Return the schema in which an output is written: where words cannot change from batch to batch, they are texts."""
    if format_ == "table":
        return table_schema(schema)
    if format_ not in ("arrow", "arrows"):
        return schema
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in schema
    ]
    return pa.schema(fields)


def writer_for(sink: BinaryIO, format_: Format, schema: Any, *, head: bool) -> Writer:
    """Return the writer of a format; *head* says whether a table of text begins with its head."""
    if format_ in ("parquet", "table"):
        return _ParquetWriter(sink, schema)
    if format_ in ("arrow", "arrows"):
        return _ArrowWriter(sink, format_, schema)
    return _TextWriter(sink, format_, schema, head=head)


def join(parts: Sequence[Path], target: Path, format_: Format) -> None:
    """Join segments to one file, and see to it that it is on the disk."""
    with target.open("wb") as sink:
        if format_ == "parquet":
            _join_parquet(parts, sink)
        elif format_ in ("arrow", "arrows"):
            _join_arrow(parts, sink, format_)
        else:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, sink, 1 << 20)
        sink.flush()
        os.fsync(sink.fileno())


def _join_parquet(parts: Sequence[Path], sink: BinaryIO) -> None:
    with pq.ParquetFile(parts[0]) as first:
        writer = pq.ParquetWriter(sink, first.schema_arrow, compression="snappy", write_statistics=False)
    with writer:
        for part in parts:
            with pq.ParquetFile(part) as file:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group)
                    writer.write_table(table, row_group_size=max(1, table.num_rows))


def _join_arrow(parts: Sequence[Path], sink: BinaryIO, format_: Format) -> None:
    opened = ipc.open_file if format_ == "arrow" else ipc.open_stream
    make = ipc.new_file if format_ == "arrow" else ipc.new_stream
    writer = None
    for part in parts:
        with pa.memory_map(str(part)) as source, opened(source) as reader:
            writer = writer or make(sink, reader.schema)
            batches = (
                (reader.get_batch(number) for number in range(reader.num_record_batches))
                if format_ == "arrow"
                else iter(reader)
            )
            for batch in batches:
                writer.write_batch(batch)
    assert writer is not None
    writer.close()
