"""Values that rules compute from the facts, for all rows of a batch; worked out when a table is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np

from ...rules.given import Currencies
from ...rules.normal import facts_in
from ...rules.tree import Expression, PolicyTree, Rule
from ...rules.types import Type
from ..decision import Outcome, Verdict
from ..force import ordinal
from ..truth import State, expression_value
from .book import Book
from .booleans import is_dated, read_stated
from .distinct import distinct, some
from .library import Array, pa
from .moments import Moments
from .reading import Facts, value_at
from .schema import plain_outcome, plain_type
from .whole import Numbers, assumed_where_null, whole_array, whole_column, whole_value


@attrs.frozen
class Computing:
    """What computes the values of a batch: its facts and moments; *listed* are those of rows that were decided by themselves."""

    tree: PolicyTree
    currencies: Currencies
    facts: Facts
    moments: Moments
    book: Book

    def has_formulas(self, decision: str, value: str, verdicts: Sequence[Verdict]) -> bool:
        """Whether a rule computes a value for any of some verdicts."""
        rules = [rule for rule in self.tree.rules if decision in rule.outcomes]
        is_computed = any(value in self.book.computing[rule.id] for rule in rules)
        return is_computed and bool((self._formulas(decision, value, verdicts) >= 0).any())

    def _formulas(self, decision: str, value: str, verdicts: Sequence[Verdict]) -> Any:
        """Return for each verdict the place of the rule that computes a value, -1 where none does."""
        at = {rule.id: place for place, rule in enumerate(self.tree.rules)}

        def make(new: Sequence[Verdict]) -> Any:
            rules = [self._rule(verdict, value) for verdict in new]
            return np.array([-1 if rule is None else at[rule.id] for rule in rules], np.int64)

        return self.book.shown.upto(("formula", decision, value), verdicts, make)

    def _rule(self, verdict: Verdict, value: str) -> Rule | None:
        """Return the winner, whose value it is: its rivals compute the same, or the value would not be settled."""
        rule = verdict.rule
        if rule is None or not verdict.is_settled or verdict.spec.collects or value in verdict.unsettled:
            return None
        involved = (*verdict.rules, *verdict.rivals)
        is_computed = any(value in self.book.computing[one.id] for one in involved)
        return rule if value in rule.values and is_computed else None

    def column(
        self,
        decision: str,
        value: str,
        codes: Any,
        verdicts: Sequence[Verdict],
        listed: Mapping[int, Outcome],
    ) -> Array:
        """Return the column of a value; *listed* has it for rows that were decided by themselves."""
        spec = self.tree.decisions[decision]
        type_ = spec.values[value]
        plain = plain_type(type_, self.tree.currency)
        kind = pa.list_(plain) if spec.collects else plain

        def convert(found: Outcome) -> object:
            return plain_outcome(found, type_, self.tree.currency, listed=spec.collects)

        def make(new: Sequence[Verdict]) -> Array:
            constants = [verdict.canonical_values.get(value) for verdict in new]
            return pa.array([None if one is None else convert(one) for one in constants], kind)

        constants = self.book.shown.upto(("constant", decision, value), verdicts, make)
        parts = [constants, pa.nulls(1, kind)]
        places = np.where(codes < 0, len(constants), codes).astype(np.int64)
        of_row = np.append(self._formulas(decision, value, verdicts), -1)[codes]
        for place in np.unique(of_row[of_row >= 0]):
            rows = np.flatnonzero(of_row == place)
            fresh, chosen = self._filled(self.tree.rules[place].values[value], rows, type_, kind, convert)
            places[rows] = sum(map(len, parts)) + chosen
            parts.append(fresh)
        if listed:
            places[list(listed)] = sum(map(len, parts)) + np.arange(len(listed))
            parts.append(pa.array([convert(one) for one in listed.values()], kind))
        return pa.concat_arrays(parts).take(pa.array(places))

    def _filled(
        self, expression: Expression, rows: Any, type_: Type, kind: Any, convert: Callable[[Outcome], object]
    ) -> tuple[Array, Any]:
        """Return the values of an expression, and for each of some rows which one it has."""
        made = whole_value(expression, partial(self._look, rows=pa.array(rows)))
        fresh = None if made is None else whole_array(made, type_, kind, len(rows))
        if fresh is not None:
            return fresh, np.arange(len(rows))
        found, chosen = self._computed(expression, rows)
        return pa.array([None if one is None else convert(one) for one in found], kind), chosen

    def _look(self, name: str, rows: Array) -> Numbers | None:
        fact, column = self.tree.facts[name], self.facts.columns.get(name)
        if column is None:
            return None
        taken = column.take(rows)
        made = whole_column(taken, fact, self.tree.currency)
        return None if made is None else assumed_where_null(taken, made, fact)

    def _computed(self, expression: Expression, rows: Any) -> tuple[list[Outcome | None], Any]:
        """Return the distinct values of an expression, and for each of some rows which one it has."""
        names = tuple(dict.fromkeys(facts_in(expression)))
        columns = dict(
            zip(
                (name for name in names if name in self.facts.columns),
                some([self.facts.columns[name] for name in names if name in self.facts.columns], rows),
                strict=True,
            )
        )
        is_by_day, codes = is_dated(expression), self.moments.codes
        found = distinct(columns.values(), len(rows), beside=codes[rows] if is_by_day and codes is not None else None)
        vocabulary = {name: self.tree.facts[name] for name in names}
        values: list[Outcome | None] = []
        for row in map(int, found.rows):
            moment = self.moments.of_row(int(rows[row]))
            stated = {name: value_at(column, row) for name, column in columns.items()}
            known = read_stated(vocabulary, stated, self.currencies)
            assert known is not None and moment is not None  # because the row was decided
            values.append(expression_value(expression, State.of(vocabulary, known, ordinal(moment)))[0])
        return values, found.codes
