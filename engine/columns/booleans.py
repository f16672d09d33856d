"""Tests that are no look-up (over several facts, with patterns or functions), for all rows of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from ...rules.given import Currencies, FactProblem, Knowledge, read_fact
from ...rules.tree import Arithmetic, Atom, Call, Compare, Expression, Whole
from ...rules.types import Fact
from ..force import ordinal
from ..layout import Boolean
from ..truth import State
from .distinct import Distinct, distinct
from .moments import Moments
from .reading import Facts, value_at
from .whole import Numbers, any_null, assumed_where_null, whole_column, whole_test

#: The classes of a boolean.
FALSE, TRUE, UNKNOWN = range(3)


#: The distinct rows of some facts, by their names and whether moments count, so that booleans that ask for the same share them.
Shared: TypeAlias = "dict[tuple[tuple[str, ...], bool], Distinct]"


def truths(
    boolean: Boolean,
    facts: Facts,
    known: Mapping[str, Fact],
    currencies: Currencies,
    moments: Moments,
    shared: Shared,
) -> Any:
    """Return the class of a boolean for each row; where a fact in it is uncertain or wrong, the row is decided by itself."""
    computed = _computed(boolean, facts, known, currencies)
    if computed is not None:
        return computed
    columns = {name: facts.columns[name] for name in boolean.facts if name in facts.columns}
    dated = moments.codes is not None and asks_for_today(boolean.part)
    found = shared.get((tuple(columns), dated))
    if found is None:
        found = distinct(columns.values(), facts.rows, beside=moments.codes if dated else None)
        shared[tuple(columns), dated] = found
    vocabulary = {name: known[name] for name in boolean.facts}
    classes = np.zeros(len(found.rows), np.uint8)
    for at, row in enumerate(found.rows):
        row = int(row)
        moment = (
            moments.of_row(row) if dated or moments.codes is None else moments.distinct[0] if moments.distinct else None
        )
        stated = {name: value_at(column, row) for name, column in columns.items()}
        state = _state(vocabulary, stated, currencies, 0 if moment is None else ordinal(moment))
        truth = None if state is None else boolean.truth(state)
        classes[at] = UNKNOWN if truth is None else TRUE if truth else FALSE
    return classes[found.codes]


def _computed(boolean: Boolean, facts: Facts, known: Mapping[str, Fact], currencies: Currencies) -> Any:
    """Return the classes of a comparison of numbers, worked out for all rows at once; None where that is not sure to be exact."""
    part = boolean.part
    if not isinstance(part, Atom) or not isinstance(part.test, Compare) or not boolean.facts:
        return None
    if any(name not in facts.columns and known[name].assume is None for name in boolean.facts):
        return np.full(facts.rows, UNKNOWN, np.uint8)

    def look(name: str) -> Numbers | None:
        column = facts.columns.get(name)
        made = None if column is None else whole_column(column, known[name], currencies.home)
        return None if column is None or made is None else assumed_where_null(column, made, known[name])

    holds = whole_test(part.test, look)
    if holds is None:
        return None
    # A part stands as it is written; its negation is another set of clauses.
    classes = np.where(np.broadcast_to(holds == part.holds, (facts.rows,)), TRUE, FALSE).astype(np.uint8)
    classes[any_null([facts.columns[name] for name in boolean.facts if known[name].assume is None], facts.rows)] = (
        UNKNOWN
    )
    return classes


def _state(
    vocabulary: Mapping[str, Fact], stated: Mapping[str, object], currencies: Currencies, today: int
) -> State | None:
    known = read_stated(vocabulary, stated, currencies)
    return None if known is None else State.of(vocabulary, known, today)


def read_stated(
    vocabulary: Mapping[str, Fact], stated: Mapping[str, object], currencies: Currencies
) -> dict[str, Knowledge] | None:
    """Return what is known of some facts, None where something is wrong with one."""
    try:
        return {name: read_fact(raw, vocabulary[name], currencies) for name, raw in stated.items() if raw is not None}
    except FactProblem:
        return None


def asks_for_today(part: Atom | Whole) -> bool:
    """Whether a test depends on the day of the decision."""
    if isinstance(part, Whole):
        return any(
            asks_for_today(inner)
            for disjunct in part.form.disjuncts
            for inner in disjunct
            if isinstance(inner, Atom | Whole)
        )
    test = part.test
    sides = (test.left, test.right) if isinstance(test, Compare) else (test.subject, test.pattern)
    return any(map(is_dated, sides))


def is_dated(expression: Expression) -> bool:
    """Whether an expression asks for the day of the decision."""
    match expression:
        case Call(function, arguments):
            return function == "days_since" or any(map(is_dated, arguments))
        case Arithmetic(_, left, right):
            return is_dated(left) or is_dated(right)
        case _:
            return False


def dated(parts: Iterable[Expression]) -> bool:
    """Whether any of some expressions asks for the day of the decision."""
    return any(map(is_dated, parts))
