"""Whole tables, from whatever speaks Arrow: read batch by batch, decided, and given back as one Arrow table."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import attrs

from ...rules.diagnostics import Diagnostic, FactError, Place
from .answers import Answers, BadRow
from .columns import Columns
from .library import Batch, Schema, Table, pa
from .moments import AsOf
from .reading import TableError
from .schema import columns_of, schema_of

if TYPE_CHECKING:
    from ..policy import Policy

OnError: TypeAlias = Literal["raise", "null"]

#: How many rows are decided together: enough that what a batch costs by itself does not count.
ROWS: Final = 262_144
#: How many bad rows an error tells of.
_MOST_TOLD: Final = 20


def decide_table(
    policy: Policy,
    source: object,
    *,
    as_of: AsOf = None,
    threads: int | None = None,
    on_error: OnError = "raise",
    keep: Collection[str] = (),
    ignore: Collection[str] = (),
) -> Table:
    """Decide every row of a table; `Policy.decide_table` says how."""
    if on_error not in ("raise", "null"):
        raise TableError(f'on_error is "raise" or "null", not {on_error!r}')
    if threads is not None and threads < 1:
        raise TableError(f"threads is how many work, 1 or more, or None for one on each processor: not {threads}")
    reader = reader_of(source)
    columns = _columns_of(policy, threads if threads is not None else len(_cores()))
    kept = _kept(reader.schema, keep, policy)
    schema = pa.schema([*kept, *schema_of(columns_of(policy.tree, detail=False))])
    bad: list[tuple[int, BadRow]] = []
    tables: list[Table] = []
    start = 0
    for batch in _batches(reader):
        answers = columns.decide(batch, as_of=as_of, ignore={*keep, *ignore})
        bad.extend((start, row) for row in answers.bad)
        tables.append(_with_kept(batch, answers, kept, schema))
        start += batch.num_rows
    if bad and on_error == "raise":
        raise FactError(list(_told(bad)))
    return pa.concat_tables(tables) if tables else schema.empty_table()


@lru_cache(maxsize=8)
def _columns_of(policy: Policy, threads: int) -> Columns:
    """Return a policy made ready; the last few are remembered, with what they have learnt."""
    return Columns(policy, threads=threads)


def reader_of(source: object) -> Any:
    """
    Return a stream of record batches from anything that speaks Arrow.

    Raises:
        TableError: If it does not.
    """
    if isinstance(source, pa.RecordBatchReader):
        return source
    if isinstance(source, pa.Table):  # older versions of pyarrow crash on views of texts that take the way below
        return cast("Table", source).to_reader()  # because pyarrow has no types
    if hasattr(source, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(source)
    if hasattr(source, "__arrow_c_array__"):
        return pa.table(pa.record_batch(source)).to_reader()
    fetch = getattr(source, "fetch_record_batch", None)  # DuckDB before it had the Arrow C interface
    if fetch is not None:
        return fetch()
    kind = type(source).__name__
    raise TableError(f"a table is whatever speaks Arrow (pandas, Polars, DuckDB, PyArrow), not {kind}")


def _batches(reader: Iterable[Batch]) -> Iterator[Table]:
    """Yield tables of many rows each: a source may hand over a few at a time."""
    waiting: list[Batch] = []
    rows = 0
    for batch in reader:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= ROWS:
            yield pa.Table.from_batches(waiting)
            waiting, rows = [], 0
    if rows:
        yield pa.Table.from_batches(waiting)


def _kept(schema: Schema, keep: Collection[str], policy: Policy) -> list[Any]:
    """Return the fields of the columns to be carried over."""
    taken = {column.title for column in columns_of(policy.tree, detail=False)}
    absent = [name for name in keep if schema.names.count(name) != 1]
    if absent:
        raise TableError(f"there is no column {', '.join(f'`{name}`' for name in absent)} to keep, or more than one")
    clashing = [name for name in keep if name in taken]
    if clashing:
        raise TableError(f"the answer has a column {', '.join(f'`{name}`' for name in clashing)} already: rename yours")
    return [schema.field(name) for name in keep]


def _with_kept(batch: Table, answers: Answers, kept: Iterable[Any], schema: Schema) -> Table:
    table = answers.table()
    columns = [batch.column(batch.schema.names.index(field.name)) for field in kept]
    return pa.table([*columns, *table.columns], schema=schema)


def _told(bad: list[tuple[int, BadRow]]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the first bad rows, each with the number of its row, from 0."""
    for start, row in bad[:_MOST_TOLD]:
        for found in row.diagnostics:
            place = Place(f"row {start + row.row}", found.place.path, key=found.place.key)
            yield attrs.evolve(found, place=place)


def _cores() -> Collection[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
