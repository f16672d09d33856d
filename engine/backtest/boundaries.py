"""The thresholds at which two policies part: where one cuts the values of a fact for a decision and the other does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from ...rules.currencies import MINOR_DIGITS
from ...rules.given import read_value
from ...rules.quantities import TIME_UNITS
from ...rules.regions import Cut, Region, Spans
from ...rules.tree import Conjunct, FactTest, NormalForm, PolicyTree, Whole
from ...rules.types import Fact, Type
from ..columns.library import pa

if TYPE_CHECKING:
    from ..policy import Policy

#: The most distinct texts of a column whose amounts are read, in one stretch of rows.
_MOST_TEXTS: Final = 5_000


@attrs.frozen
class Boundary:
    """A threshold of an ordered fact, in canonical units, that only one of two policies has for a decision."""

    fact: Fact
    at: float


def boundaries(old: Policy, new: Policy, decision: str) -> tuple[Boundary, ...]:
    """Return where the policies part on a decision; for facts that both have, of one type."""
    before, now = cuts_of(old.tree, decision), cuts_of(new.tree, decision)
    found: list[Boundary] = []
    for name in sorted({name for name, _ in before ^ now}):
        fact, other = new.tree.facts.get(name), old.tree.facts.get(name)
        if fact is not None and other is not None and fact.type == other.type:
            found += [Boundary(fact, float(cut[0])) for of, cut in sorted(before ^ now) if of == name]
    return tuple(found)


def cuts_of(tree: PolicyTree, decision: str) -> set[tuple[str, Cut]]:
    """Return every cut of an ordered fact by a rule or a red line that has to do with a decision."""
    forms = [rule.form for rule in tree.rules if decision in rule.outcomes]
    forms += [guard.form for guard in tree.guards if decision in guard.decisions]
    return {
        (test.fact, cut)
        for test in _tests(forms)
        if test.fact in tree.facts and tree.facts[test.fact].type.is_ordered
        for region in (test.known, test.missing)
        for cut in _inner(region, tree.facts[test.fact])
    }


def _tests(forms: Iterable[NormalForm]) -> Iterator[FactTest]:
    pending: list[Conjunct] = [part for form in forms for disjunct in form.disjuncts for part in disjunct]
    while pending:
        part = pending.pop()
        if isinstance(part, Whole):
            pending.extend(inner for disjunct in part.form.disjuncts for inner in disjunct)
        elif isinstance(part, FactTest):
            yield part


def _inner(region: Region, fact: Fact) -> tuple[Cut, ...]:
    """Return the cuts of a region that are not the fact's own bounds."""
    if not isinstance(region, Spans):
        return ()
    return tuple(cut for cut in region.cuts if cut[0] not in (fact.low, fact.high))


def positions(column: Any, fact: Fact, policy: Policy) -> Any:
    """Return a column of a fact as canonical numbers, NaN where it has none; floats, since they only rank."""
    kind, type_ = column.type, fact.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return np.asarray(column.cast(pa.float64())) * _unit(type_, fact, policy.tree.currency)
    coded = column.dictionary_encode() if not pa.types.is_dictionary(kind) else column
    texts = coded.dictionary.to_pylist()
    table = np.array(
        [_position(value, fact, policy) for value in texts[:_MOST_TEXTS]]
        + [np.nan] * (max(len(texts) - _MOST_TEXTS, 0) + 1)
    )
    places = np.asarray(coded.indices.fill_null(len(texts)))
    return table[places]


def _unit(type_: Type, fact: Fact, currency: str) -> int:
    if type_.kind == "money":
        return int(10 ** MINOR_DIGITS[currency])
    return TIME_UNITS.get(fact.unit, 1) if type_.kind == "duration" else 1


def _position(value: object, fact: Fact, policy: Policy) -> float:
    from ...rules.given import FactProblem

    if value is None or not isinstance(value, str | int | float | Decimal | Fraction | dt.date | dt.timedelta):
        return float("nan")
    try:
        found = read_value(value, fact.type, policy.currencies, unit=fact.unit)
    except FactProblem:
        return float("nan")
    return float(found) if isinstance(found, int | Fraction) else float("nan")
