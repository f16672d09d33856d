"""Rows on their way through a job: batches with the number of each row, and the rows that nobody could read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import attrs
import pyarrow as pa

from ...rules.diagnostics import Diagnostic, Place

#: What is wrong with rows, by their place in a chunk.
Problems: TypeAlias = dict[int, tuple[Diagnostic, ...]]


@attrs.frozen
class BadRow:
    """
    A row that is not decided: its number, the row as it was found (text, or its cells by column), and all that is wrong with it.

    Rows are counted from 1; the head of a table is none.
    """

    row: int
    found: object
    problems: tuple[Diagnostic, ...]

    @classmethod
    def unreadable(cls, row: int, found: object, why: str) -> BadRow:
        """Return a row that could not even be taken apart; *why* goes on from `this incident cannot be read:`."""
        return cls(row, found, (Diagnostic("unreadable-incident", {"why": why}, Place("row")),))


@attrs.frozen(eq=False)
class Chunk:
    """
    A stretch of consecutive rows, up to and with the row *last*: those that could be read in *batch* and the others in *bad*.

    *batch* is a `pyarrow.RecordBatch`, *rows* an int64 array of NumPy with the numbers of its rows, in order.
    """

    batch: Any
    rows: Any
    last: int
    bad: tuple[BadRow, ...] = ()

    def column(self, name: str, type_: Any = None) -> Any:
        """Return a column; where there is none of that name, nothing but nulls of *type_*, of text unless said otherwise."""
        names = self.batch.schema.names
        if name in names:
            return self.batch.column(names.index(name))
        return pa.nulls(self.batch.num_rows, type_ or pa.string())


def merged(problems: Problems, more: Problems) -> Problems:
    """Return what is wrong with rows, everything once."""
    both = dict(problems)
    for place, found in more.items():
        known = both.get(place, ())
        both[place] = (*known, *(one for one in found if one not in known))
    return both


def batch_of(columns: Mapping[str, Any], rows: int) -> Any:
    """
    Return columns as a batch, which has its *rows* even where there is no column.

    >>> batch_of({}, 3).num_rows
    3
    """
    if columns:
        return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
    return pa.RecordBatch.from_struct_array(pa.StructArray.from_buffers(pa.struct([]), rows, [None]))


class Source(Protocol):
    """
    What rows are read from.

    *names* are its columns, empty where they are only known row by row (*is_open*); *is_text* says that all cells are text;
    *total* is the number of rows where that is known, 0 otherwise; *size* the same in bytes, of which `read` says how many
    have been read.
    """

    names: Sequence[str]
    is_open: bool
    is_text: bool
    total: int
    size: int

    def chunks(self, after: int, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Yield what follows the row *after*: of an Arrow format, these columns only."""
        ...

    def read(self) -> int:
        """Return how many bytes have been read."""
        ...

    def schema(self) -> Any:
        """Return the Arrow schema of the columns; None where it is only known row by row."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...
