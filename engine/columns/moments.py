"""The moment of each decision: one for all rows, or a column of them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, TypeAlias

from ...rules.diagnostics import Diagnostic, Place, nearest
from .library import Batch, pa
from .reading import TableError, in_microseconds, value_at

#: What a caller may say: nothing (now), a moment for all rows, or the name of a column.
AsOf: TypeAlias = dt.date | dt.datetime | str | None
#: One moment, or one a row, None where the row has none.
Moments: TypeAlias = "dt.date | list[dt.date | None]"

_NONE: Final = Diagnostic(
    "wrong-type",
    {"fact": "as_of", "expected": "a date or a date and time", "found": "nothing"},
    Place("incident", ("as_of",)),
)


def column_of(batch: Batch, as_of: AsOf) -> Any:
    """
    Return the column of moments that *as_of* names, None where it names none.

    Raises:
        TableError: If there is no such column, or it holds no dates.
    """
    if not isinstance(as_of, str):
        return None
    names = batch.schema.names
    if names.count(as_of) != 1:
        near = nearest(as_of, names)
        more = f": did you mean `{near}`?" if near and near != as_of else ""
        problem = "two columns are called" if as_of in names else "there is no column"
        raise TableError(f"{problem} `{as_of}` to take the moment of each decision from{more}")
    column = batch.column(names.index(as_of))
    plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_date(plain) or pa.types.is_timestamp(plain) or pa.types.is_null(plain)):
        raise TableError(f"the column `{as_of}` holds {column.type}, not dates or times: cast it, and try again")
    return in_microseconds(column)


def moments_of(batch: Batch, as_of: AsOf) -> Moments:
    """Return the moment of each decision."""
    column = column_of(batch, as_of)
    if column is not None:
        values = [value_at(column, at) for at in range(batch.num_rows)]
        return [value if isinstance(value, dt.date) else None for value in values]
    return as_of if isinstance(as_of, dt.date) else dt.datetime.now(dt.UTC)


def no_moment() -> tuple[Diagnostic, ...]:
    """Return what is wrong with a row that does not say when it is to be decided."""
    return (_NONE,)
