"""Columns that are called as the facts are: no mapping is needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from ...rules.diagnostics import Diagnostic, Place, nearest
from ...rules.given import groups_of
from ...rules.types import Fact
from ..columns.library import pc
from .chunks import Chunk, Problems, Source, batch_of
from .errors import BulkError, listed

#: Columns that name an incident and are never a mistake, as in `policy check`.
NAMES: Final = frozenset({"name", "id", "incident", "incident_id"})


class ByName:
    """
    Takes each column for the fact of that name.

    Of text, blanks around a value do not count, and a blank cell is a missing fact. What is no fact and not in *passed_over* makes
    its row bad where columns are only known row by row.
    """

    def __init__(self, facts: Mapping[str, Fact], *, is_text: bool, passed_over: Collection[str] | None) -> None:
        self._facts, self._is_text, self._passed_over = facts, is_text, passed_over
        self._groups = groups_of(facts)

    def facts(self, chunk: Chunk) -> tuple[Any, Problems]:
        """Return the columns of a chunk that are facts, and the rows that state what is none."""
        columns: dict[str, Any] = {}
        problems: Problems = {}
        for name, column in zip(chunk.batch.schema.names, chunk.batch.columns, strict=True):
            if is_fact(name, self._facts, self._groups, column.type):
                columns[name] = trimmed(column) if self._is_text else column
            elif self._passed_over is not None and name not in self._passed_over:
                self._blame(name, column, problems)
        return batch_of(columns, chunk.batch.num_rows), problems

    def column(self, chunk: Chunk, name: str) -> tuple[Any, Problems]:
        """Return a column as it is, nothing but nulls where there is none; nothing is ever wrong with it."""
        return chunk.column(name), {}

    def _blame(self, name: str, column: Any, problems: Problems) -> None:
        """Blame every row that states something for what is no fact."""
        found = unknown(name, self._facts)
        for place in pc.indices_nonzero(pc.is_valid(column)).to_pylist():
            problems[place] = (*problems.get(place, ()), found)


def is_fact(name: str, facts: Mapping[str, Fact], groups: Collection[str], type_: Any) -> bool:
    """Whether a column holds a fact, or is a struct of a group of them."""
    return name in facts or (name in groups and pa.types.is_struct(type_))


def trimmed(column: Any) -> Any:
    """
    Return a text column without blanks around its values; what is left empty is null.

    >>> trimmed(pa.array([" rude ", "  ", None])).to_pylist()
    ['rude', None, None]
    """
    if not pa.types.is_string(column.type):
        return column
    text = pc.utf8_trim_whitespace(column)
    empty = pc.equal(text, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), text) if pc.any(empty).as_py() else text


def unknown(name: str, facts: Mapping[str, Fact]) -> Diagnostic:
    """Return what is said of a column that is no fact."""
    place = Place("row", (name,), key=True)
    return Diagnostic("unknown-fact", {"name": name[:60]}, place, nearest(name, facts))


def check_names(source: Source, facts: Mapping[str, Fact], passed_over: Collection[str]) -> None:
    """
    Refuse a table in which a column is no fact, or none is.

    Raises:
        BulkError: With the columns, the facts that were probably meant, and the ways out.
    """
    schema, groups = source.schema(), groups_of(facts)
    if schema is None:
        return
    known = [field.name for field in schema if is_fact(field.name, facts, groups, field.type)]
    others = [name for name in schema.names if name not in known and name not in passed_over]
    if others:
        columns = "this column is" if len(others) == 1 else "these columns are"
        text = f"{columns} no fact of the policy: {strange(others, facts, schema.names)}"
        help_ = "map them with --mapping (`policy map --guess` writes one), or leave them out with --ignore or --ignore-unknown"
        raise BulkError(text, help=help_)
    if not known:
        raise BulkError(
            "no column of the input is a fact of the policy", help="`policy map --guess` proposes a mapping"
        )


def strange(columns: Sequence[str], facts: Mapping[str, Fact], names: Collection[str]) -> str:
    """
    Return columns that are no facts, each with what was probably meant; where another of the *names* is called the same, that is told.

    >>> strange(["loss (2)", "note"], {}, ["loss", "loss (2)", "note"])
    '`loss (2)` (the head has `loss` twice), `note`'
    """

    def named(name: str) -> str:
        base = name.rpartition(" (")[0]
        if base in names and name[len(base) + 2 : -1].isdigit():
            return f"`{name[:40]}` (the head has `{base[:40]}` twice)"
        near = nearest(name, facts)
        return f"`{name[:40]}` (did you mean `{near}`?)" if near else f"`{name[:40]}`"

    return listed(columns, named)


def needed_columns(source: Source, facts: Mapping[str, Fact], kept: Sequence[str]) -> list[str] | None:
    """Return the columns that have to be read; None where that is not known."""
    schema, groups = source.schema(), groups_of(facts)
    if schema is None:
        return None
    return [field.name for field in schema if is_fact(field.name, facts, groups, field.type) or field.name in kept]
