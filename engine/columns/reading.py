"""The columns of a batch as facts: which column is which fact, and the values of a row.

The meaning of a cell is what Python makes of it (`as_py`). Nanoseconds are cut to microseconds, which is what Python has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

import attrs

from ...rules.diagnostics import FactError, Findings, Place, nearest
from ...rules.given import groups_of
from ...rules.types import Fact
from .library import Array, Batch, pa, pc


class TableError(ValueError):
    """A table that cannot be decided as it is, whatever its rows say; the message says what to do."""


class Unreadable:
    """A cell that Python has no value for: a day past the calendar, a text that is no UTF-8. No fact takes it."""

    def __repr__(self) -> str:
        return "unreadable"


UNREADABLE: Final = Unreadable()

#: How pandas names the index that it hands over beside the columns.
_PANDAS_INDEX: Final = "__index_level_"


@attrs.frozen
class Facts:
    """The columns of one batch, by fact, in their order; *rows* is how many rows they have."""

    columns: Mapping[str, Array]
    rows: int

    def row(self, at: int) -> dict[str, object]:
        """Return what a row states, by dotted name; a null states nothing."""
        found: dict[str, object] = {}
        for name, column in self.columns.items():
            value = value_at(column, at)
            if value is not None:
                found[name] = value
        return found

    def __iter__(self) -> Iterator[dict[str, object]]:
        return (self.row(at) for at in range(self.rows))


def value_at(column: Array, at: int) -> object:
    """Return one cell as Python has it."""
    try:
        return column[at].as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        return UNREADABLE


def facts_in(batch: Batch, facts: Mapping[str, Fact], *, ignore: Collection[str] = ()) -> Facts:
    """
    Return the columns of a batch by fact.

    A struct column that is a group of facts is opened. Columns in *ignore* are left out, unless they are facts.

    Raises:
        FactError: If a column is no fact, or two are the same one; all of them at once.
    """
    found: dict[str, Array] = {}
    findings = Findings()
    for name, column in _opened(batch, facts):
        if name not in facts:
            if name not in ignore and not name.startswith(_PANDAS_INDEX):
                place = Place("columns", (name,), key=True)
                findings.report("unknown-fact", place, suggestion=nearest(name, facts), name=name)
        elif name in found:
            findings.report("fact-stated-twice", Place("columns", (name,), key=True), fact=name)
        else:
            found[name] = tidied(column)
    if len(findings):
        raise FactError(findings)
    return Facts(found, batch.num_rows)


def _opened(batch: Batch, facts: Mapping[str, Fact]) -> Iterable[tuple[str, Array]]:
    groups = groups_of(facts)
    waiting = list(zip(batch.schema.names, batch.columns, strict=True))[::-1]
    while waiting:
        name, column = waiting.pop()
        if name in facts or name not in groups or not pa.types.is_struct(column.type):
            yield name, column
            continue
        members = zip(column.type, column.flatten(), strict=True)
        waiting.extend([(f"{name}.{field.name}", member) for field, member in members][::-1])


def tidied(column: Array) -> Array:
    """Return a column in one piece, its nulls where Arrow counts them, its times no finer than Python's."""
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if pa.types.is_run_end_encoded(column.type):
        column = pc.run_end_decode(column)
    if pa.types.is_dictionary(column.type) and (
        column.dictionary.null_count or pa.types.is_temporal(column.type.value_type)
    ):
        column = column.dictionary_decode()
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())  # because Arrow does less with views
    return in_microseconds(column)


def in_microseconds(column: Array) -> Array:
    """Return a column whose times are no finer than Python's, cut downwards."""
    kind = column.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_duration(kind)) or kind.unit != "ns":
        return column
    coarse = pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else pa.duration("us")
    whole = column.cast(pa.int64())
    micros = pc.divide(pc.subtract(whole, _remainder(whole)), 1_000)
    return micros.cast(coarse)


def _remainder(whole: Array) -> Array:
    """Return what is left over of each number when thousands are taken out, never below nothing."""
    rest = pc.subtract(whole, pc.multiply(pc.divide(whole, 1_000), 1_000))
    return pc.if_else(pc.less(rest, 0), pc.add(rest, 1_000), rest)
