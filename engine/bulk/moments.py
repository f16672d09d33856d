"""The moment of each decision, taken from a column of the input."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from ...rules.diagnostics import Diagnostic, Place
from .chunks import Problems
from .distinct import each_distinct


def may_have_moments(kind: Any) -> bool:
    """
    Whether a column of that type may hold dates or times, also as texts.

    >>> may_have_moments(pa.date32()), may_have_moments(pa.int64())
    (True, False)
    """
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_date, pa.types.is_timestamp, pa.types.is_null)
    return any(test(kind) for test in tests)


def moment_column(column: Any, name: str = "as_of") -> tuple[Any, Problems]:
    """
    Return a column as dates or times, and what is wrong with rows of it; a null is left to whoever decides.

    >>> moment_column(pa.array(["2026-11-21", None]))[0].to_pylist()
    [datetime.date(2026, 11, 21), None]
    """
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return column, {}
    values, indices, problems = each_distinct(column, _moment, lambda text, _: _unreadable(text, name))
    found = [value for value in values if value is not None]
    is_days = not any(isinstance(value, dt.datetime) for value in found)
    type_ = pa.date32() if is_days else pa.timestamp("us", "UTC")
    if not is_days:
        values = [None if value is None else _utc(value) for value in values]
    return pa.array(values, type_).take(indices), problems


def _moment(text: str) -> dt.date | None:
    text = text.strip()
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return dt.datetime.fromisoformat(text)


def _utc(value: dt.date) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    return value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)


def _unreadable(text: object, name: str) -> Diagnostic:
    facts = {"fact": name, "text": str(text)[:60], "why": "this is not a date", "expected": "a date like 2026-11-21"}
    return Diagnostic("bad-value", facts, Place("row", (name,)))
