"""What a policy says to a batch: numbers of verdicts, and the table that they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np

from ...rules.diagnostics import Diagnostic
from ...rules.quantities import value_text
from ...rules.tree import PolicyTree
from ..decision import REFER, Outcome, Verdict
from .library import Array, Table, pa
from .schema import (
    STATUSES,
    Column,
    columns_of,
    is_listed,
    is_worded,
    plain_outcome,
    schema_of,
    shown_type,
)
from .shown import Shown
from .spread import places_of, spread, texts_of, words


@attrs.frozen
class BadRow:
    """A row that cannot be decided, and all that is wrong with it."""

    row: int
    diagnostics: tuple[Diagnostic, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.diagnostics))


@attrs.frozen(eq=False)
class Answers:
    """
    The verdicts on the rows of a batch, in their order.

    `codes[decision]` has for each row its place in `verdicts[decision]`, -1 for a bad row. Values that are computed from the facts
    are not in the verdicts: the table has them. *bad* are the rows with something wrong about them.
    """

    rows: int
    bad: tuple[BadRow, ...]
    codes: Mapping[str, Any]
    verdicts: Mapping[str, Sequence[Verdict]]
    _tree: PolicyTree
    _shown: Shown
    _side: Callable[[str], Array]
    _assumed: Callable[[], Array]
    _computed: Mapping[tuple[str, str], Callable[[], Array]]

    def table(self, detail: bool = False) -> Table:  # noqa: FBT001, FBT002 because it is what the caller thinks of
        """Return the answers as an Arrow table, one row each; with *detail*, all that went into them as well."""
        columns = columns_of(self._tree, detail=detail)
        arrays = [self._array(column) for column in columns]
        return pa.Table.from_arrays(arrays, schema=schema_of(columns))

    def column(self, title: str) -> Array:
        """
        Return one column of the table, by its title there; for those who need few of them.

        Raises:
            KeyError: If the table has no such column, in detail or not.
        """
        found = {column.title: column for column in columns_of(self._tree, detail=True)}
        return self._array(found[title])

    def numbers(self, decision: str, what: object, number: Callable[[Verdict], int]) -> Any:
        """
        Return a number for each row, by its verdict on a decision; -1 for a bad row.

        *number* is asked once about a verdict, when it is first met; *what* tells numbers of different kinds apart.
        """
        return self._shown.numbers((decision, what), self.verdicts[decision], self.codes[decision], number)

    def _array(self, column: Column) -> Array:
        if column.part == "problems":
            return self._problems()
        if column.name == "assumed" and not column.decision:
            return self._assumed()
        if column.part == "side":
            return self._side(column.name)
        match column.part:
            case "status":
                return self._words(column, STATUSES, lambda verdict: verdict.status)
            case "rule":
                rules = [rule.id for rule in self._tree.rules if column.decision in rule.outcomes]
                return self._words(column, rules, lambda verdict: None if verdict.rule is None else verdict.rule.id)
            case "outcome":
                return self._outcomes(column)
            case "value":
                return self._values(column)
            case part:
                return self._spread(column, lambda new: texts_of([_texts(verdict, part) for verdict in new]))

    def _words(self, column: Column, dictionary: Sequence[str], word: Callable[[Verdict], str | None]) -> Array:
        def make(new: Sequence[Verdict]) -> Any:
            return places_of([word(verdict) for verdict in new], dictionary)

        places = self._shown.upto(column.title, self.verdicts[column.decision], make)
        return words(places, self.codes[column.decision], dictionary)

    def _spread(self, column: Column, make: Callable[[Sequence[Verdict]], Array]) -> Array:
        of_each = self._shown.upto(column.title, self.verdicts[column.decision], make)
        return spread(of_each, self.codes[column.decision])

    def _outcomes(self, column: Column) -> Array:
        spec = self._tree.decisions[column.decision]
        if is_worded(spec):
            return self._words(column, tuple(dict.fromkeys((*spec.outcomes, REFER))), lambda v: str(v.canonical))
        convert = partial(plain_outcome, type_=shown_type(spec), currency=self._tree.currency, listed=is_listed(spec))

        def make(new: Sequence[Verdict]) -> Array:
            return pa.array([convert(v.canonical) if v.is_settled else None for v in new], column.type)

        return self._spread(column, make)

    def _values(self, column: Column) -> Array:
        computed = self._computed.get((column.decision, column.name))
        if computed is not None:
            return computed()
        return self.constants(column)

    def constants(self, column: Column) -> Array:
        """Return the values of a column that are the same for all rows with the same verdict."""
        spec = self._tree.decisions[column.decision]
        convert = partial(
            plain_outcome, type_=spec.values[column.name], currency=self._tree.currency, listed=spec.collects
        )

        def make(new: Sequence[Verdict]) -> Array:
            found = [verdict.canonical_values.get(column.name) for verdict in new]
            return pa.array([None if value is None else convert(value) for value in found], column.type)

        return self._spread(column, make)

    def _problems(self) -> Array:
        if not self.bad:
            return pa.nulls(self.rows, pa.string())
        texts: list[str | None] = [None] * self.rows
        for bad in self.bad:
            texts[bad.row] = str(bad)
        return pa.array(texts, pa.string())


def _texts(verdict: Verdict, part: str) -> tuple[str, ...]:
    match part:
        case "rules" | "rivals":
            return tuple(rule.id for rule in getattr(verdict, part))
        case "possible":
            return tuple(_text(verdict, outcome) for outcome in verdict.possible)
        case _:
            found: tuple[str, ...] = getattr(verdict, part)
            return found


def _text(verdict: Verdict, outcome: Outcome) -> str:
    """Write an outcome the way the language reads it, a list of them with commas."""
    if isinstance(outcome, tuple):
        return ", ".join(_text(verdict, item) for item in outcome)
    return value_text(outcome, shown_type(verdict.spec), verdict.currency)


def codes_of(listed: Sequence[int]) -> Any:
    """Return codes as an array."""
    return np.asarray(listed, dtype=np.int32)
