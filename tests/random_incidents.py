"""Random incidents: facts given, missing or uncertain, their values at the thresholds of conditions and right beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from chooser import Chooser
from random_facts import Kind

from evenhand import AnyOf, Between, Money

Facts: TypeAlias = dict[str, Any]

#: Days and moments of decisions: around the thresholds of dates, and of the days on which random policies are in force.
MOMENTS: tuple[dt.date, ...] = (
    dt.date(2026, 11, 15),
    dt.date(2026, 11, 9),
    dt.date(2026, 11, 10),
    dt.date(2026, 11, 30),
    dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 21, 9, 59, 59, 999_999, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 10, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
)


def make_incident(choose: Chooser, kinds: Sequence[Kind], *, spoiled: bool = False) -> Facts:
    """Return a random incident over some facts, nested or by dotted names; a *spoiled* one has something wrong with it."""
    weights = choose.pick(_WEIGHTS)
    found: Facts = {}
    for kind in kinds:
        draw = choose.number(0, 99)
        if draw < weights[0]:
            found[kind.name] = respelled(choose, choose.pick(kind.values))
        elif draw < weights[1]:
            found[kind.name] = uncertain(choose, kind)
        elif draw == 99:
            found[kind.name] = None
    if spoiled:
        found[choose.pick([*(kind.name for kind in kinds), "unheard.of"])] = choose.pick(SPOILED)
    return nested(found) if choose.chance(20) else found


#: How many in a hundred facts are given, and given or uncertain; the others are missing.
_WEIGHTS = ((60, 85), (100, 100), (90, 100), (30, 50), (20, 90))


class Word(str):
    """A text of a class of its own, as an enumeration's members are."""

    __slots__ = ()


def respelled(choose: Chooser, value: Any) -> Any:
    """Return the same value, now and then in another of the types in which a caller may hand it in."""
    if not choose.chance(15):
        return value
    match value:
        case bool():
            return value
        case int():
            return choose.pick((float(value), Decimal(value), Fraction(value), str(value)))
        case float():
            return Decimal(repr(value))
        case str() if value.endswith((" USD", " EUR", " JPY")):
            return Money.parse(value)
        case str():
            return Word(value)
        case _:
            return value


#: Values that are wrong for most facts, some of them in ways that are easily missed: equal to a right one, or not hashable.
SPOILED: Final[tuple[Any, ...]] = (
    True,
    1,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    10**40,
    "rud",
    "",
    " calm",
    "12 XYZ",
    "1e5",
    [],
    ["listen", 3],
    {},
    {"any_of": []},
    {"between": [1]},
    AnyOf(),
    AnyOf("rude", "rud"),
    Between(9, 1),
    Between("hostile", "rude"),
    b"calm",
    (1,),
    dt.date(2026, 11, 10),
    dt.datetime(2026, 11, 10, 10, tzinfo=dt.UTC),
    dt.timedelta(hours=-1),
    Money(100, "CHF"),
    Money(-100, "USD"),
)


def make_moment(choose: Chooser) -> dt.date:
    return choose.pick(MOMENTS)


def nested(facts: Facts) -> Facts:
    """Return the facts with groups as tables."""
    found: Facts = {}
    for name, value in facts.items():
        *groups, last = name.split(".")
        inner = found
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = value
    return found


def flat(facts: Facts, kinds: Sequence[Kind]) -> Facts:
    """Return the facts by dotted name."""
    groups = {kind.name.partition(".")[0] for kind in kinds if "." in kind.name}
    found: Facts = {}
    for name, value in facts.items():
        inner = value if name in groups and isinstance(value, dict) else None
        found.update({name: value} if inner is None else {f"{name}.{key}": deep for key, deep in inner.items()})
    return found


def uncertain(choose: Chooser, kind: Kind) -> Any:
    """Return a set of possible values, or a range, in one of its spellings."""
    if kind.dimension == "list":
        return choose.pick(kind.values)
    if len(kind.line) > 1 and choose.chance(50):
        low, high = choose.some(kind.line, 2, 2)
        return _range(choose, low, high, kind)
    return _any_of(choose, choose.some(kind.values, 1, 3), kind)


def _range(choose: Chooser, low: object, high: object, kind: Kind) -> Any:
    in_words = kind.is_ordered and isinstance(low, str) and isinstance(high, str)
    match choose.number(0, 2):
        case 0 if in_words:
            return f"{low} .. {high}"
        case 1:
            return {"between": [low, high]}
        case _:
            return Between(low, high)


def _any_of(choose: Chooser, values: Sequence[object], kind: Kind) -> Any:
    in_words = kind.dimension != "text" and all(isinstance(value, str) for value in values)
    match choose.number(0, 2):
        case 0 if in_words:
            return f"any of {', '.join(map(str, values))}"
        case 1:
            return {"any_of": list(values)}
        case _:
            return AnyOf(*values)
