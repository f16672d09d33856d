"""Edges: on either side of each threshold the nearest values, which tests should try."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Final, Literal, TypeAlias

import attrs

from ...rules.evaluate import Settled, Undefined, value_of
from ...rules.normal import tested
from ...rules.quantities import value_text
from ...rules.regions import Cut, Region, Spans, Words, contains, intersection, is_empty, universe_of
from ...rules.tree import Arithmetic, Call, Compare, Constant, Expression, FactTest, PolicyTree
from ...rules.types import DISCRETE, Fact, Number, Type, exact
from ...rules.words import expression_text
from .leaves import Leaf

#: Where a value lies, seen from a threshold.
Where: TypeAlias = Literal["exactly", "just below", "just above"]
#: Of a comparison of several facts, the places that tell one truth from the other.
_PLACES: Final[dict[str, tuple[Where, ...]]] = {
    ">": ("exactly", "just above"),
    "<=": ("exactly", "just above"),
    "<": ("just below", "exactly"),
    ">=": ("just below", "exactly"),
}
_HOUR: Final = 3_600
_DAY: Final = 24 * _HOUR
_SECOND: Final = 1_000_000
_MOST_PLACES: Final = 9


@attrs.frozen
class Side:
    """One side of a threshold of a fact: the *region* of the nearest values, and *text*, which says which they are."""

    fact: str
    region: Region
    text: str = attrs.field(eq=False)

    def is_met(self, settled: Settled) -> bool:
        """Whether an incident has one of these values."""
        value = settled.values.get(self.fact)
        return value is not None and contains(self.region, value)


@attrs.frozen
class Balance:
    """One side of a comparison of several facts: its sides are equal, or the left one is *just above* or *just below* the right."""

    test: Compare
    where: Where
    step: Number
    text: str = attrs.field(eq=False)

    def is_met(self, settled: Settled) -> bool:
        """Whether the two sides of the comparison stand so in an incident."""
        try:
            left, right = value_of(self.test.left, settled), value_of(self.test.right, settled)
        except (KeyError, Undefined):
            return False
        assert isinstance(left, int | Fraction) and isinstance(right, int | Fraction)
        by = left - right
        match self.where:
            case "exactly":
                return by == 0
            case "just above":
                return 0 < by <= self.step
            case "just below":
                return -self.step <= by < 0


Edge: TypeAlias = Side | Balance


def edges_of(leaf: Leaf, tree: PolicyTree) -> Iterator[Edge]:
    """
    Yield the sides of a leaf's thresholds that tests should try.

    None where it has no threshold: a test on words without an order, on text or lists, or whether a fact is known.
    """
    if not isinstance(leaf.test, Compare) or leaf.is_idle:
        return
    found = tested(leaf.test)
    if found is None:
        yield from _balances(leaf.test, tree)
        return
    name, _, threshold = found
    fact = tree.facts.get(name) if name is not None else None
    part = next(iter(next(iter(leaf.form.disjuncts), ())), None)
    if fact is None or not isinstance(part, FactTest):
        return
    if fact.type.kind == "scale" and isinstance(part.known, Words):
        yield from _words(fact, part.known)
    elif fact.type.is_ordered and isinstance(part.known, Spans) and isinstance(threshold, int | Fraction):
        for cut in part.known.cuts:
            yield from _sides(fact, cut, exact(threshold), tree.currency)


def _words(fact: Fact, region: Words) -> Iterator[Side]:
    """Yield the neighbours on a scale of which one passes and the other fails."""
    for low, high in zip(fact.type.words, fact.type.words[1:], strict=False):
        if (low in region.words) != (high in region.words):
            yield from (Side(fact.name, Words(frozenset([word])), f"{fact.name} = {word}") for word in (low, high))


def _sides(fact: Fact, cut: Cut, threshold: Number, currency: str) -> Iterator[Side]:
    """Yield the two sides of a cut that lies within what the fact may be."""
    whole = universe_of(fact)
    if isinstance(whole, Spans) and cut in whole.cuts:
        return
    step = step_of(threshold, fact.type)
    for below in (True, False):
        where, nearest = _nearest(cut, threshold, step, fact.type, below=below)
        region = intersection(nearest, whole)
        if isinstance(region, Spans) and not is_empty(region):
            text = f"{fact.name} {where} {value_text(threshold, fact.type, currency)}"
            if where != "exactly":
                text += f" (such as {value_text(_example(region, threshold, step), fact.type, currency)})"
            yield Side(fact.name, region, text)


def _nearest(cut: Cut, threshold: Number, step: Number, type_: Type, *, below: bool) -> tuple[Where, Spans]:
    """Return the values nearest to a cut on one side: the threshold itself, or what lies up to one step beyond it."""
    at, after = cut
    is_discrete = type_.kind in DISCRETE
    has_threshold = below == (at > threshold if is_discrete else bool(after))
    is_on_grid = Fraction(threshold).denominator == 1 or not (is_discrete or type_.kind == "money")
    if has_threshold and is_on_grid:
        return "exactly", Spans(
            inside=False, cuts=((threshold, 0), (threshold + 1, 0) if is_discrete else (threshold, 1))
        )
    side: Literal[0, 1] = 0 if below or is_discrete else 1
    far: Cut = (exact(at - step if below else at + step), side)
    return (
        ("just below", Spans(inside=False, cuts=(far, cut)))
        if below
        else ("just above", Spans(inside=False, cuts=(cut, far)))
    )


def _example(region: Spans, threshold: Number, step: Number) -> Number:
    """Return a value of a side as an owner would write it."""
    low, high = (Fraction(number) for number, _ in region.cuts)
    near = (
        Fraction(threshold) + step,
        Fraction(threshold) - step,
        Fraction(math.ceil(low)),
        Fraction(math.floor(high)),
    )
    return exact(next((value for value in near if contains(region, exact(value))), (low + high) / 2))


def step_of(threshold: Number, type_: Type) -> Number:
    """
    Return how far the nearest value beyond a threshold lies.

    One minor unit of money, one whole number, one day; for other numbers the last decimal place written, for times the unit
    written: seconds, minutes, hours, and days from three days on.

    >>> step_of(Fraction(1, 4), Type("number")), step_of(5_000, Type("money")), step_of(172_800, Type("duration"))
    (Fraction(1, 100), 1, 3600)
    """
    value = Fraction(threshold)
    match type_.kind:
        case "number":
            places = next((n for n in range(_MOST_PLACES) if (value * 10**n).denominator == 1), None)
            return Fraction(1, value.denominator) if places is None else exact(Fraction(1, 10**places))
        case "duration":
            if value and value % _DAY == 0 and abs(value) >= 3 * _DAY:
                return _DAY
            units: tuple[Number, ...] = (_HOUR, 60, 1) if value else (60,)
            return next((unit for unit in units if value % unit == 0), step_of(threshold, Type("number")))
        case "datetime":
            return next(unit for unit in (60 * _SECOND, _SECOND, 1) if value % unit == 0)
        case _:
            return 1


# --- comparisons of several facts ------------------------------------------------------------------------------------


def _balances(test: Compare, tree: PolicyTree) -> Iterator[Balance]:
    """Yield equality and just beyond it, on the side where the truth is another."""
    if not (test.left.type.is_ordered and test.right.type.is_ordered):
        return
    step = _balance_step(test)
    places = _PLACES.get(test.operator, ("just below", "exactly", "just above"))
    left, right = (expression_text(side, tree.currency) for side in (test.left, test.right))
    if isinstance(test.left, Constant):
        left, right = right, left
    said = {"exactly": "equal to", "just above": "just above", "just below": "just below"}
    flipped: dict[Where, Where] = {"exactly": "exactly", "just above": "just below", "just below": "just above"}
    for where in places:
        shown = flipped[where] if isinstance(test.left, Constant) else where
        yield Balance(test, where, step, f"{left} {said[shown]} {right}")


def _balance_step(test: Compare) -> Number:
    """Return how near the two sides of a comparison must come: a unit of their type, or the last decimal place written in it."""
    type_ = test.left.type
    if type_.kind != "number":
        return _HOUR if type_.kind == "duration" else 60 * _SECOND if type_.kind == "datetime" else 1
    steps = [step_of(value, type_) for value in _numbers_in(test.left) + _numbers_in(test.right)]
    return min([*steps, 1])


def _numbers_in(expression: Expression) -> list[Number]:
    match expression:
        case Constant(value, type_):
            return [value] if type_.kind == "number" and isinstance(value, int | Fraction) else []
        case Arithmetic(_, left, right):
            return _numbers_in(left) + _numbers_in(right)
        case Call(_, arguments):
            return [number for argument in arguments for number in _numbers_in(argument)]
        case _:
            return []
