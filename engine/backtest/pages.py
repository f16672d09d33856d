"""A history on its way through a backtest: stretches of rows with their facts, and the columns that they were read from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np

from ...rules.diagnostics import Diagnostic
from ..bulk.chunks import Problems
from ..bulk.moments import may_have_moments, moment_column
from ..columns.library import pa, pc

#: The column of moments as of which is decided, called as no fact can be.
AS_OF: Final = "as of"


@attrs.frozen
class Unreadable:
    """A row that cannot be decided at all: its number from 1, and what is wrong with it."""

    row: int
    problems: tuple[Diagnostic, ...]


@attrs.frozen(eq=False)
class Page:
    """
    Some rows of a history.

    *facts* and *columns* are `pyarrow.RecordBatch`es of the same rows: one has facts by their names, the other the columns that
    were asked for by theirs. *numbers* are the rows' numbers from 1, an array of NumPy; *bad* are rows that are in neither.
    """

    facts: Any
    columns: Any
    numbers: Any
    bad: tuple[Unreadable, ...] = ()

    def taken(self, mask: Any) -> Page:
        """Return the rows for which *mask*, a boolean array of NumPy, says so."""
        if mask.all():
            return self
        chosen = pa.array(mask)
        return Page(self.facts.filter(chosen), self.columns.filter(chosen), self.numbers[mask], self.bad)

    def without(self, problems: Problems) -> Page:
        """Return the rows that nothing is wrong with; the others, by their places, are bad ones."""
        if not problems:
            return self
        good = np.ones(len(self.numbers), dtype=bool)
        good[list(problems)] = False
        bad = (Unreadable(int(self.numbers[place]), found) for place, found in problems.items())
        rows = sorted((*self.bad, *bad), key=lambda row: row.row)
        return attrs.evolve(self.taken(good), bad=tuple(rows))

    def column(self, name: str) -> Any:
        """Return a column that was asked for by that name, or else a fact; None where there is none."""
        for batch in (self.columns, self.facts):
            at = batch.schema.get_field_index(name)
            if at >= 0:
                return batch.column(at)
        return None

    def column_of_fact(self, name: str) -> Any:
        """Return the column of a fact, out of its group where it stands in one; None where there is none."""
        at = self.facts.schema.get_field_index(name)
        if at >= 0:
            return self.facts.column(at)
        group, _, member = name.partition(".")
        at = self.facts.schema.get_field_index(group)
        if not member or at < 0 or group == name:
            return None

        column = self.facts.column(at)
        has = pa.types.is_struct(column.type) and column.type.get_field_index(member) >= 0
        return pc.struct_field(column, member) if has else None


@attrs.define
class Since:
    """Leaves out rows before a day, and rows without one; counts them. A row whose day nobody can read is bad."""

    day: dt.date
    column: str
    left_out: int = 0

    def __call__(self, pages: Iterable[Page]) -> Iterator[Page]:
        """Yield what remains of each page."""
        for page in pages:
            moments, problems = _moments(page, self.column)
            days = moments.cast(pa.date32(), safe=False)
            mask = np.asarray(pc.fill_null(pc.greater_equal(days, self.day), fill_value=False))
            self.left_out += int((~mask).sum()) - len(problems)
            readable = np.ones(len(mask), dtype=bool)
            readable[list(problems)] = False
            yield page.without(problems).taken(mask[readable])


def dated(page: Page, column: str) -> Page:
    """Return a page with the moment of each row's decision, out of a column, among its facts; rows that nobody can read are bad."""
    if page.facts.schema.get_field_index(AS_OF) >= 0:
        return page
    moments, problems = _moments(page, column)
    return attrs.evolve(page, facts=page.facts.append_column(AS_OF, moments)).without(problems)


def _moments(page: Page, name: str) -> tuple[Any, Problems]:
    """Return a column of a page as dates or times, and what is wrong with rows of it; numbers are read as texts."""
    column = page.column(name)
    return moment_column(column if may_have_moments(column.type) else texts_of(column), name)


def sampled(
    pages: Iterable[Page], size: int, seed: int, on_bad: Callable[[int, Sequence[Diagnostic]], None]
) -> tuple[list[Page], int]:
    """
    Return a random sample of *size* rows, each set of rows as likely as any other, and how many rows there were.

    Every row draws a number, and those with the lowest are kept: one pass, and never more than twice the sample in memory. Bad rows
    are not drawn from: each goes to *on_bad*.
    """
    random = np.random.default_rng([seed, size])
    kept: list[Page] = []
    keys: list[Any] = []
    read, held, limit = 0, 0, 2.0
    for page in pages:
        for row in page.bad:
            on_bad(row.row, row.problems)
        drawn = random.random(page.facts.num_rows)
        read += len(drawn)
        mask = drawn < limit
        if not mask.any():
            continue
        kept.append(attrs.evolve(page.taken(mask), bad=()))
        keys.append(drawn[mask])
        held += int(mask.sum())
        if held > 2 * size:
            kept, keys, limit = _lowest(kept, keys, size)
            held = size
    if held > size:
        kept, keys, limit = _lowest(kept, keys, size)
    return kept, read


def _lowest(pages: Sequence[Page], keys: Sequence[Any], size: int) -> tuple[list[Page], list[Any], float]:
    """Return the rows with the lowest keys, and the highest of these."""
    limit = float(np.partition(np.concatenate(keys), size - 1)[size - 1])
    masks = [key <= limit for key in keys]
    left = [(page.taken(mask), key[mask]) for page, key, mask in zip(pages, keys, masks, strict=True) if mask.any()]
    return [page for page, _ in left], [key for _, key in left], limit


def texts_of(column: Any) -> Any:
    """Return a column as text, blanks as null."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_boolean(column.type):
        column = pc.if_else(column, "true", "false")
    elif not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        try:
            column = column.cast(pa.string())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            column = pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def row_of(page: Page, at: int) -> Mapping[str, object]:
    """Return the facts of one row as `policy.decide` takes them, those that are missing left out."""
    row = page.facts.slice(at, 1).to_pylist()[0]
    return {name: value for name, value in row.items() if value is not None}
