"""What a worker does with a partition: gathers its batches, decides them, hands them back; one row in, one row out, in order."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Iterator
from typing import Any, Final

import attrs

from ..columns import Answers, Columns
from ..columns.library import Batch, Table, pa
from .shipping import Parcel

#: How many rows are decided together. Spark hands over ten thousand at a time, which costs more to begin than to decide.
ROWS: Final = 131_072


@attrs.frozen
class Work:
    """What is to be done with each partition: by which policy, *as_of* when, what its columns are called, which are kept."""

    parcel: Parcel
    as_of: dt.date | str
    names: tuple[str, ...]
    keep: tuple[str, ...]
    detail: bool

    def packed(self) -> bytes:
        """Return it as bytes, for `run`."""
        return pickle.dumps(self, protocol=5)


def run(packed: bytes, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Decide a partition."""
    work: Work = pickle.loads(packed)  # noqa: S301 because the driver has sent it, as it has this very code
    columns = Columns(work.parcel.policy())
    for table in gathered(batches):
        table = table.rename_columns(list(work.names))
        answers = columns.decide(table, as_of=work.as_of, ignore=work.keep)
        yield from written(table, answers, work)


def gathered(batches: Iterator[Batch]) -> Iterator[Table]:
    """Yield the batches of a partition as tables of many rows."""
    waiting: list[Batch] = []
    rows = 0
    for batch in batches:
        if batch.num_rows:
            waiting.append(batch)
            rows += batch.num_rows
        if rows >= ROWS:
            yield pa.Table.from_batches(waiting)
            waiting, rows = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def written(table: Table, answers: Answers, work: Work) -> Iterator[Batch]:
    """Yield the answers to a table, behind the columns that were kept, as batches."""
    found = answers.table(detail=work.detail)
    names = [*work.keep, *found.schema.names]
    columns = [*(table.column(name) for name in work.keep), *map(plainly, found.columns)]
    yield from pa.Table.from_arrays(columns, names).combine_chunks().to_batches()


def plainly(column: Any) -> Any:
    """Return a column without a dictionary: Spark takes none."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def plain_schema(schema: Any) -> Any:
    """Return a schema without dictionaries."""
    return pa.schema(
        [field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in schema]
    )
