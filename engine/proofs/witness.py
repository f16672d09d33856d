"""Witnesses: an incident made small and natural, and written as a `[[test]]`."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, Final, TypeAlias

import attrs

from ...rules.currencies import MINOR_DIGITS
from ...rules.given import Knowledge
from ...rules.quantities import value_text
from ...rules.regions import Cut, Region, Spans, contains, intersection, universe_of
from ...rules.tree import PolicyTree
from ...rules.types import DISCRETE, Fact, Number, Type, Value, exact
from ..gaps import nearest_in
from ..solve import Point
from ..solve.incidents import TODAY, ordinary_day
from ..truth import is_value
from .boxes import Parts
from .finding import Witness
from .ground import Ground

#: Whether an incident shows what is to be shown.
Shows: TypeAlias = Callable[[Point], bool]
_DAY: Final = 86_400
_MICRO: Final = 1_000_000
_UNITS: Final[dict[str, tuple[Number, ...]]] = {
    "duration": (30 * _DAY, 7 * _DAY, _DAY, 3_600, 1_800, 60, 1),
    "datetime": (_DAY * _MICRO, 3_600 * _MICRO, 60 * _MICRO, _MICRO, 1_000, 1),
    "integer": (1_000_000, 1_000, 100, 50, 10, 5, 1),
    "number": (1_000_000, 1_000, 100, 50, 10, 5, 1, Fraction(1, 2), Fraction(1, 10), Fraction(1, 100)),
}


def ordinary(ground: Ground) -> Point:
    """Return an incident of which nothing is known, on a day on which the policy is in force."""
    return Point({}, dt.date.fromordinal(ordinary_day(ground.tree)))


def from_parts(ground: Ground, parts: Parts) -> Point | None:
    """Return a natural incident in a box of facts alone; None where one needs the solver."""
    known: dict[str, Knowledge] = {}
    for key, part in parts.items():
        if not isinstance(key, str):
            return None
        fact = ground.tree.facts[key]
        value = natural_value(ground, key, part.values)
        if value is not None and not part.missing:
            if fact.type.kind == "list":
                return None
            known[key] = value
    return attrs.evolve(ordinary(ground), known=known)


def natural_value(ground: Ground, name: str, region: Region) -> Value | None:
    """Return the mildest, roundest value of a fact in a region, and remember it."""
    kept = ground.naturals.setdefault(name, {})
    if region not in kept:
        kept[region] = natural(region, ground.tree.facts[name].type, ground.tree.currency)
    return kept[region]


def natural(region: Any, type_: Type, currency: str) -> Value | None:
    """Return the mildest, roundest value of a region; None where there is none."""
    if not isinstance(region, Spans):
        return nearest_in(region, None, type_)
    found = [Fraction(roundest(piece, type_, currency)) for piece in region.pieces()]
    start = _start(type_)
    return exact(min(found, key=lambda value: abs(value - start))) if found else None


def _start(type_: Type) -> int:
    """Return the most ordinary value of an ordered type."""
    if type_.kind == "date":
        return TODAY.toordinal()
    if type_.kind == "datetime":
        return (TODAY.toordinal() - dt.date(1970, 1, 1).toordinal()) * _DAY * _MICRO
    return 0


def roundest(piece: tuple[Cut | None, Cut | None], type_: Type, currency: str) -> Number:
    """
    Return the roundest number of a piece of the line, the one nearest to an ordinary value.

    >>> roundest(((5_000, 1), None), Type("money"), "USD"), roundest(((5, 0), (7, 0)), Type("integer"), "USD")
    (10000, 5)
    """
    region = Spans(piece[0] is None, tuple(cut for cut in piece if cut is not None))
    start = _start(type_)
    if contains(region, start):
        return start
    low, high = piece
    is_above = low is not None and low[0] >= start
    edge = low if is_above else high
    assert edge is not None  # because a piece without ends would hold the start
    nearest = Fraction(edge[0])
    for unit in _units(type_, currency):
        count = math.ceil(nearest / unit) if is_above else math.floor(nearest / unit)
        value = count * Fraction(unit)
        if not contains(region, value):
            value += unit if is_above else -unit
        is_near = abs(value - start) <= 2 * abs(nearest - start) or unit <= _usual(type_, currency)
        if is_near and contains(region, value):
            return exact(value)
    if low is not None and high is not None:
        return int(low[0]) if type_.kind in DISCRETE else exact(Fraction(low[0] + high[0]) / 2)
    return exact(nearest + 1 if is_above else nearest - 1)


def _usual(type_: Type, currency: str) -> Number:
    """Return a step that nobody finds odd."""
    steps: dict[str, Number] = {
        "money": 10 * 10 ** MINOR_DIGITS[currency],
        "duration": 3_600,
        "datetime": _DAY * _MICRO,
    }
    return steps.get(type_.kind, 1)


def _units(type_: Type, currency: str) -> tuple[Number, ...]:
    if type_.kind == "money":
        one = 10 ** MINOR_DIGITS[currency]
        return (1_000 * one, 100 * one, 50 * one, 10 * one, 5 * one, one, *([Fraction(one, 10)] if one > 1 else []), 1)
    return _UNITS.get(type_.kind, (1,))


def shrunk(ground: Ground, point: Point, shows: Shows) -> Point | None:
    """
    Return an incident with as few facts as will do, each as natural as will do.

    None where the reference reading does not agree that it shows what it is to show.
    """
    for name in list(point.known):
        fewer = attrs.evolve(point, known={other: v for other, v in point.known.items() if other != name})
        if shows(fewer):
            point = fewer
    for name, value in list(point.known.items()):
        if not is_value(value):
            continue
        for candidate in milder(ground, ground.tree.facts[name], value):
            other = attrs.evolve(point, known={**point.known, name: candidate})
            if shows(other):
                point = other
                break
    with ground.by_reference():
        return point if shows(point) else None


def milder(ground: Ground, fact: Fact, value: Value) -> Iterator[Value]:
    """Yield values of a fact that are more natural than the one that it has."""
    type_ = fact.type
    if type_.is_finite:
        yield from type_.domain[: type_.domain.index(value)]
        return
    if not isinstance(value, int | Fraction):
        return
    cuts = sorted(ground.cuts.get(fact.name, ()))
    edges = [None, *cuts, None]
    near = bisect_left(cuts, (_start(type_), 1))
    places = [*range(near, min(near + 3, len(edges) - 1)), bisect_right(cuts, (value, 0))]
    for low, high in [(edges[place], edges[place + 1]) for place in places]:
        inside = Spans(low is None, tuple(cut for cut in (low, high) if cut is not None))
        met = intersection(inside, universe_of(fact))
        for piece in met.pieces() if isinstance(met, Spans) else ():
            yield roundest(piece, type_, ground.tree.currency)


def witness_of(ground: Ground, point: Point) -> Witness:
    """Return an incident as findings carry it, with what is decided about it now."""
    given = {name: written(value, ground.tree, name) for name, value in point.known.items() if is_value(value)}
    verdicts = ground.verdicts(point)
    outcomes = {name: verdicts[name].outcome for name in ground.decisions}
    expect = {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, bool | str)}
    in_force = (ground.tree.effective, ground.tree.expires)
    return Witness(point.known, point.as_of, given, expect, ground.encoder.asks_the_day or any(in_force))


def written(value: Value, tree: PolicyTree, name: str) -> object:
    """Return a canonical value of a fact as an owner writes it in TOML."""
    return written_value(value, tree.facts[name].type, tree.currency)


def written_value(value: Value, type_: Type, currency: str) -> object:
    """Return a canonical value of a type as an owner writes it in TOML."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, tuple):
        return list(value)
    if type_.kind == "date":
        return dt.date.fromordinal(int(value))
    if type_.kind in ("integer", "number") and isinstance(value, int):
        return value
    if type_.kind == "number" and (Fraction(value) * 10**30).denominator != 1:
        return str(value)
    return value_text(value, type_, currency).replace("_", "")
