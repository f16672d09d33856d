"""What a worker does with its part of a job of files: reads it as this machine would, decides, writes a file, says what became of it."""

from __future__ import annotations

import csv
import io
import json
import pickle
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import attrs
import numpy as np

from ..bulk.bytes_in import ByteSource, as_utf8
from ..bulk.chunks import Chunk, batch_of
from ..bulk.delimited import Delimited
from ..bulk.job import Job, Summary
from ..bulk.json_lines import JsonLines
from ..bulk.local import prepare
from ..bulk.mapping import read_mapping
from ..bulk.run import limited
from ..bulk.tallying import Tally, bad_line
from ..bulk.writing import writer_for
from ..columns.library import Batch, Schema, Table, pa, pc
from .library import library
from .shipping import Parcel
from .worker import gathered

_SUFFIXES: Final = {"jsonl": ".jsonl", "parquet": ".parquet", "arrow": ".arrow", "arrows": ".arrows"}


@attrs.frozen
class Head:
    """The first line of a table of text: the names of its columns, and what stands between cells."""

    names: tuple[str, ...]
    delimiter: str

    def line(self, encoding: str) -> bytes:
        """Return it as a line of text."""
        written = io.StringIO()
        csv.writer(written, delimiter=self.delimiter, lineterminator="\n").writerow(self.names)
        return written.getvalue().encode(encoding)


@attrs.define
class Described:
    """What is known of the input's columns beforehand, as the readers of this machine say it."""

    names: Sequence[str]
    schema_: Schema
    is_open: bool
    is_text: bool
    head: Head | None = None
    total: int = 0
    size: int = 0

    def schema(self) -> Any:
        """Return the schema of the columns; None where it is only known row by row."""
        return self.schema_

    def chunks(self, after: int, columns: Sequence[str] | None) -> Iterator[Chunk]:  # noqa: ARG002 as every source has it
        """Yield nothing: the rows come from Spark."""
        yield from ()

    def read(self) -> int:
        """Return 0, for nobody reads it."""
        return 0

    def close(self) -> None:
        """Do nothing, for nothing is open."""


@attrs.frozen
class Part:
    """What became of a partition: its rows, its counts as JSON, and the names of its files."""

    partition: int
    rows: int
    counts: str
    output: str
    bad: str

    def add_to(self, summary: Summary) -> None:
        """Add the counts to a summary."""
        counts = json.loads(self.counts)
        for name in ("rows", "decided", "bad"):
            setattr(summary, name, getattr(summary, name) + counts[name])
        _add(summary.reasons, counts["reasons"])
        summary.examples = {**counts["examples"], **summary.examples}
        for name in ("outcomes", "statuses"):
            for decision, found in counts[name].items():
                _add(getattr(summary, name).setdefault(decision, {}), found)


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


@attrs.frozen
class Piecework:
    """
    A job as it travels, its policy in a *parcel* and its *mapping* as the text that it was read from.

    *columns* are what the columns of the frame are called, none for lines of text. Without a *folder*, where files go, the rows of
    each partition are only counted; *counts* are what was found then.
    """

    parcel: Parcel
    job: Job
    mapping: str | None
    source: Described
    columns: tuple[str, ...]
    counts: tuple[int, ...] = ()
    folder: str = ""

    @classmethod
    def of(cls, job: Job, source: Described, columns: Sequence[str]) -> Piecework:
        """Make a job ready to travel."""
        mapping = None if job.mapping is None else job.mapping.document.text
        nobody: Any = None  # a policy goes in a parcel of its own
        return cls(
            Parcel.of(job.policy), attrs.evolve(job, policy=nobody, mapping=None), mapping, source, tuple(columns)
        )

    def arrived(self) -> Job:
        """Return the job as it was sent."""
        policy = self.parcel.policy()
        mapping = None if self.mapping is None else read_mapping(self.mapping, policy)
        return attrs.evolve(self.job, policy=policy, mapping=mapping)

    def span(self, partition: int) -> tuple[int, int]:
        """Return the number of the row before a partition, and of the last that is decided of it."""
        before = sum(self.counts[:partition])
        last = before + sum(self.counts[partition : partition + 1])
        return before, max(before, min(last, self.job.limit or last))

    def packed(self) -> bytes:
        """Return it as bytes, for `run`."""
        return pickle.dumps(self, protocol=5)


def run(packed: bytes, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Count the rows of a partition, or decide them."""
    work: Piecework = pickle.loads(packed)  # noqa: S301 because the driver has sent it, as it has this very code
    partition = int(library("pyspark").TaskContext.get().partitionId())
    if not work.folder:
        rows, problem = _counted(work, batches, partition)
        yield pa.RecordBatch.from_pydict(
            {"partition": pa.array([partition], pa.int32()), "rows": [rows], "problem": [problem]}
        )
        return
    part = _decided(work, batches, partition)
    fields: dict[str, Any] = {name: [value] for name, value in attrs.asdict(part).items()}
    yield pa.RecordBatch.from_pydict({**fields, "partition": pa.array([partition], pa.int32())})


def _counted(work: Piecework, batches: Iterator[Batch], partition: int) -> tuple[int, str]:
    if work.source.schema_ is not None and work.source.head is None:
        return sum(batch.num_rows for batch in batches), ""
    rows, problem = 0, ""
    for number, table in enumerate(gathered(batches)):
        if work.source.head is not None and _has_open_quotes(table):
            problem = "open quotes"
        rows += max((int(chunk.last) for chunk in _read(work, table, is_first=partition == number == 0)), default=0)
    return rows, problem


def _has_open_quotes(table: Table) -> bool:
    """Whether a line has a quote that is not closed in it, so that its cell may go on in the next."""
    lines = table.column(0)
    return bool(pc.any(pc.equal(pc.bit_wise_and(pc.count_substring(lines, '"'), 1), 1)).as_py())


def _decided(work: Piecework, batches: Iterator[Batch], partition: int) -> Part:
    before, last = work.span(partition)
    if partition and before == last:  # the first has a file in any case, so that there is a head
        _drain(batches)
        return Part(partition, 0, json.dumps(Summary().counts()), "", "")
    job = work.arrived()
    prepared = prepare(job, work.source)
    decider = prepared.make_decider()
    tally = Tally(Summary(), tuple(job.policy.tree.decisions))
    stem = f"attempt-{partition:05}-{uuid.uuid4().hex}"
    output = Path(work.folder, f"{stem}{_SUFFIXES.get(job.output.format, f'.{job.output.format}')}")
    bad = Path(work.folder, f"{stem}.bad")
    with output.open("wb") as sink, bad.open("wb") as bad_sink:
        writer = writer_for(sink, job.output.format, prepared.schema, head=True)
        for chunk in limited(_chunks(work, batches, partition), job.limit and last):
            decided = decider.decide(chunk)
            writer.write(decided.table)
            for row in decided.bad:
                bad_sink.write(bad_line(row))
            tally.add(decided)
        writer.close()
    _drain(batches)
    counts = json.dumps(tally.summary.counts(), ensure_ascii=False)
    return Part(partition, tally.summary.rows, counts, output.name, bad.name if tally.summary.bad else "")


def _drain(batches: Iterator[Batch]) -> None:
    """Take what is left of a partition: a worker that leaves some is of no use for the next."""
    for _ in batches:
        pass


def _chunks(work: Piecework, batches: Iterator[Batch], partition: int) -> Iterator[Chunk]:
    """Yield a partition as chunks, their rows numbered from its first on."""
    before, _ = work.span(partition)
    for number, table in enumerate(gathered(batches)):
        last = before
        for chunk in _read(work, table, is_first=partition == number == 0):
            bad = tuple(attrs.evolve(row, row=row.row + before) for row in chunk.bad)
            last = before + int(chunk.last)
            yield Chunk(chunk.batch, chunk.rows + before, last, bad)
        before = last


def _read(work: Piecework, table: Table, *, is_first: bool) -> Iterable[Chunk]:
    """Return rows as this machine reads them, numbered from 1; the first line of a table of text is its head."""
    if work.columns:
        (batch,) = table.rename_columns(list(work.columns)).combine_chunks().to_batches()
        return [Chunk(batch, np.arange(1, batch.num_rows + 1, dtype=np.int64), batch.num_rows)]
    if work.source.schema_ is not None and work.source.head is None:  # no column is needed
        rows = table.num_rows
        return [Chunk(batch_of({}, rows), np.arange(1, rows + 1, dtype=np.int64), rows)]
    lines = _Lines(work, _joined(table))
    head = work.source.head
    if head is None:
        return JsonLines(lines).chunks(0, None)
    if not is_first:
        lines.data = head.line(work.job.encoding) + lines.data
    reader = Delimited(lines, delimiter=head.delimiter)
    if tuple(reader.names) != head.names:
        raise RuntimeError("the first partition does not begin with the head of the file")
    return reader.chunks(0, None)


def _joined(table: Table) -> bytes:
    """Return lines as text again."""
    parts: list[bytes] = []
    for lines in table.column(0).chunks:
        offsets = pa.array([0, len(lines)], pa.int32())
        whole = pc.binary_join(pa.ListArray.from_arrays(offsets, lines), b"\n")
        parts.append(whole[0].as_buffer().to_pybytes())
    return b"\n".join(parts) + b"\n"


class _Lines(ByteSource):
    """Lines at hand, read as a file of them would be."""

    def __init__(self, work: Piecework, data: bytes) -> None:
        super().__init__(work.job.source, work.job.encoding)
        self.data = data

    def open(self) -> BinaryIO:
        """Open them as UTF-8."""
        return as_utf8(io.BytesIO(self.data), self.encoding)
