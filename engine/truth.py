"""Three truth values: whether a condition certainly holds (True), certainly does not (False), or is unknown (None).

===========  =========  ===========  =========
and          true       unknown      false
===========  =========  ===========  =========
true         true       unknown      false
unknown      unknown    unknown      false
false        false      false        false
===========  =========  ===========  =========

`or` is the mirror image. A test whose expression divides by zero is unknown, whatever is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, TypeAlias, TypeGuard, assert_never

import attrs

from ..rules.evaluate import Settled, Undefined, test_holds, value_of
from ..rules.given import Knowledge
from ..rules.regions import Spans, contains, intersection, is_empty, listed, universe_of
from ..rules.tree import Atom, Conjunct, Expression, FactTest, NormalForm, Whole
from ..rules.types import DISCRETE, Fact, Type, Value

#: How many whole numbers a range may have for each to be tried in a test that has no region.
MOST_TRIED: Final = 1_000

Truth: TypeAlias = bool | None


@attrs.frozen
class State:
    """
    What is known when a decision is made.

    *known* has a canonical value or a region for each fact handed in; *settled* the values that are certain, assumptions
    included. *today* is an ordinal.
    """

    facts: Mapping[str, Fact]
    known: Mapping[str, Knowledge]
    settled: Settled

    @classmethod
    def of(cls, facts: Mapping[str, Fact], known: Mapping[str, Knowledge], today: int) -> State:
        """Return the state of an incident on a day."""
        values = {name: fact.assume for name, fact in facts.items() if fact.assume is not None and name not in known}
        values.update((name, what) for name, what in known.items() if is_value(what))
        return cls(facts, known, Settled(values, today))


def is_value(what: Knowledge | None) -> TypeGuard[Value]:
    """Whether a fact is settled and not a region of possible values."""
    return isinstance(what, int | str | tuple | Fraction)


def fact_truth(test: FactTest, state: State) -> Truth:
    """Say whether a test on one fact holds for all, none, or some of the values that the fact may have."""
    what = state.known.get(test.fact)
    if what is None:
        assumed = state.settled.values.get(test.fact)
        if assumed is not None:
            return contains(test.missing, assumed)
        if is_empty(test.missing):
            return False
        return True if test.missing == universe_of(state.facts[test.fact]) else None
    if isinstance(what, int | str | tuple | Fraction):
        return contains(test.known, what)
    both = intersection(test.known, what)
    return False if is_empty(both) else True if both == what else None


def atom_truth(atom: Atom, state: State) -> Truth:
    """Say whether an atomic test holds; over several facts it is unknown as soon as one of them is not settled."""
    try:
        return test_holds(atom.test, state.settled) == atom.holds
    except Undefined:
        return None
    except KeyError:
        return _tried_out(atom, state) if len(atom.facts) == 1 else None


def _tried_out(atom: Atom, state: State) -> Truth:
    """Try each value of the one fact in a test, where it is known to be one of a few."""
    (name,) = atom.facts
    what = state.known.get(name)
    values = (
        None
        if what is None or isinstance(what, int | str | tuple | Fraction)
        else _values(what, state.facts[name].type)
    )
    if values is None:
        return None
    found: set[Truth] = set()
    for value in values:
        try:
            found.add(test_holds(atom.test, attrs.evolve(state.settled, values={name: value})) == atom.holds)
        except Undefined:
            return None
    return found.pop() if len(found) == 1 else None


def _values(what: Knowledge, type_: Type) -> tuple[Value, ...] | None:
    if isinstance(what, int | str | tuple | Fraction):
        return (what,)
    points = listed(what, type_)
    return _whole_numbers(what) if points is None and type_.kind in DISCRETE else points


def _whole_numbers(what: Knowledge) -> tuple[Value, ...] | None:
    """List the whole numbers of a region where they are few: `any of 0, 9, 10` is a point and a piece."""
    pieces = list(what.pieces()) if isinstance(what, Spans) else []
    bounded = [(low[0], high[0]) for low, high in pieces if low is not None and high is not None]
    if len(bounded) < len(pieces) or sum(high - low for low, high in bounded) > MOST_TRIED:
        return None
    return tuple(number for low, high in bounded for number in range(int(low), int(high)))


def conjunct_truth(conjunct: Conjunct, state: State) -> Truth:
    """Say whether one part of an `and` holds."""
    match conjunct:
        case FactTest():
            return fact_truth(conjunct, state)
        case Atom():
            return atom_truth(conjunct, state)
        case Whole(form):
            return form_truth(form, state)
        case _:
            assert_never(conjunct)


def all_of(truths: Iterable[Truth]) -> Truth:
    """Kleene's `and`."""
    unknown = False
    for truth in truths:
        if truth is False:
            return False
        unknown |= truth is None
    return None if unknown else True


def any_of(truths: Iterable[Truth]) -> Truth:
    """Kleene's `or`."""
    unknown = False
    for truth in truths:
        if truth is True:
            return True
        unknown |= truth is None
    return None if unknown else False


def form_truth(form: NormalForm, state: State) -> Truth:
    """Say whether a condition in normal form holds."""
    return any_of(all_of(conjunct_truth(part, state) for part in disjunct) for disjunct in form.disjuncts)


def open_facts(form: NormalForm, state: State) -> Counter[str]:
    """Count, for each fact that is not settled, the undecided `and`s of a condition that wait for it."""
    found: Counter[str] = Counter()
    for disjunct in form.disjuncts:
        truths = [conjunct_truth(part, state) for part in disjunct]
        if all_of(truths) is not None:
            continue
        waiting = [waits_for(part, state) for part, truth in zip(disjunct, truths, strict=True) if truth is None]
        found.update({fact for facts in waiting for fact in facts})
    return found


def waits_for(part: Conjunct, state: State) -> Iterable[str]:
    """Return the facts that are not settled and that an undecided part waits for."""
    match part:
        case FactTest(fact):
            return [fact]
        case Atom(_, facts):
            return [fact for fact in facts if fact not in state.settled.values]
        case Whole(form):
            return open_facts(form, state).keys()
        case _:
            assert_never(part)


#: The least and the greatest that an expression may come to: durations of about 2.7 million years, days and moments of the calendar.
REACH: Final[Mapping[str, tuple[int, int]]] = {
    "duration": (-86_400 * 999_999_998, 86_400 * 999_999_998),
    "date": (1, 3_652_059),
    "datetime": (-62_135_596_800_000_000, 253_402_300_799_999_999),
}


def is_within_reach(value: Value, type_: Type) -> bool:
    """Whether a computed duration, date or moment is one that there is; one beyond the calendar has no value."""
    if type_.kind not in REACH or not isinstance(value, int | Fraction):
        return True
    low, high = REACH[type_.kind]
    return low <= value <= high


def expression_value(expression: Expression, state: State) -> tuple[Value | None, str]:
    """Return an expression's value, or None and the fact that it waits for (empty where it divides by zero)."""
    try:
        value = value_of(expression, state.settled)
        return (value, "") if is_within_reach(value, expression.type) else (None, "")
    except Undefined:
        return None, ""
    except KeyError as missing:
        return None, str(missing.args[0])
