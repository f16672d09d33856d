"""The moment of each decision: one for all rows, or a column of them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, TypeAlias

import attrs
import numpy as np

from ...rules.diagnostics import Diagnostic, Place, nearest
from .library import Array, Batch, pa
from .reading import TableError, tidied, value_at

#: What a caller may say: nothing (now), a moment for all rows, or the name of a column.
AsOf: TypeAlias = dt.date | dt.datetime | str | None

_NONE: Final = Diagnostic(
    "wrong-type",
    {"fact": "as_of", "expected": "a date or a date and time", "found": "nothing"},
    Place("incident", ("as_of",)),
)


@attrs.frozen
class Moments:
    """The distinct moments of a batch; *codes* says which is each row's, -1 where it has none, or is None where all have the first."""

    distinct: tuple[dt.date, ...]
    codes: Any = None

    def of_row(self, row: int) -> dt.date | None:
        """Return the moment of a row."""
        code = 0 if self.codes is None else int(self.codes[row])
        return self.distinct[code] if code >= 0 else None


def moments_of(batch: Batch, as_of: AsOf) -> Moments:
    """
    Return the moment of each decision.

    Raises:
        TableError: If *as_of* names no column, or one that holds no dates.
    """
    if isinstance(as_of, str):
        return _in_column(_named(batch, as_of))
    return Moments((as_of if as_of is not None else dt.datetime.now(dt.UTC),))


def _in_column(column: Array) -> Moments:
    encoded = tidied(column).dictionary_encode()
    values = [value_at(encoded.dictionary, at) for at in range(len(encoded.dictionary))]
    distinct = tuple(dict.fromkeys(value for value in values if isinstance(value, dt.date)))
    at = {value: place for place, value in enumerate(distinct)}
    table = np.array([*(at[value] if isinstance(value, dt.date) else -1 for value in values), -1], np.int32)
    return Moments(
        distinct, table[encoded.indices.cast(pa.int64()).fill_null(len(values)).to_numpy(zero_copy_only=False)]
    )


def _named(batch: Batch, as_of: str) -> Array:
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
    return column


def no_moment() -> tuple[Diagnostic, ...]:
    """Return what is wrong with a row that does not say when it is to be decided."""
    return (_NONE,)
