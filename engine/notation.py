"""Facts and outcomes as JSON has them: exact, and readable again as the very same values.

Money is `"4.50 USD"`, a duration `"90 min"`, a date `"2026-11-21"`; a whole number is a JSON number, any other `"0.1"`, or `"1/3"`
where it has no finite decimal. What is uncertain is `{"any_of": […]}` or `{"between": […, …]}`.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, TypeAlias

from ..rules.currencies import MINOR_DIGITS
from ..rules.given import Knowledge
from ..rules.money import Money
from ..rules.quantities import TIME_UNITS, value_text
from ..rules.regions import Cut, Spans, Texts, Words
from ..rules.types import DISCRETE, INTEGER, Fact, Number, Type, Value, exact
from ..rules.uncertain import AnyOf, Between
from .decision import Outcome
from .known import region_in, value_in

#: What the JSON of a record is made of.
Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

#: The largest whole number that every reader of JSON keeps exact.
_LARGEST: Final = 2**53
_DIGITS: Final = 30
_RATIO = re.compile(r"(-?\d+)/(\d+)(?: ([A-Za-z]+))?\Z")


def known_notation(what: Knowledge, type_: Type, currency: str) -> Json:
    """
    Write what is known of a fact.

    >>> known_notation(450, Type("money"), "USD"), known_notation(Fraction(1, 3), Type("number"), "USD")
    ('4.50 USD', '1/3')
    """
    value, region = value_in(what), region_in(what)
    if value is not None:
        return value_notation(value, type_, currency)
    match region:
        case Words(words):
            return {"any_of": [value_notation(word, type_, currency) for word in type_.domain if word in words]}
        case Texts(words):
            return {"any_of": [value_notation(word, type_, currency) for word in sorted(words)]}
        case Spans():
            return _spans_notation(region, type_, currency)
        case _:
            raise AssertionError(what)


def _spans_notation(region: Spans, type_: Type, currency: str) -> Json:
    """Write a range, or a choice of values: there is no other way to hand in an uncertain quantity."""
    pieces = [_ends(low, high, type_) for low, high in region.pieces()]
    if len(pieces) == 1 and pieces[0][0] != pieces[0][1]:
        return {"between": [value_notation(end, type_, currency) for end in pieces[0]]}
    values = [value for low, high in pieces for value in _listed(low, high)]
    return {"any_of": [value_notation(value, type_, currency) for value in values]}


def _ends(low: Cut | None, high: Cut | None, type_: Type) -> tuple[Number, Number]:
    assert low is not None and high is not None  # because nothing open can be handed in
    return low[0], high[0] - 1 if type_.kind in DISCRETE and not high[1] else high[0]


def _listed(low: Number, high: Number) -> list[Number]:
    return [low] if low == high else list(range(math.ceil(low), math.floor(high) + 1))


def value_notation(value: Value, type_: Type, currency: str) -> Json:
    """Write one canonical value."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, tuple):
        return list(value)
    if type_.is_numeric:
        if isinstance(value, int) and abs(value) <= _LARGEST:
            return value
        return value_text(value, type_, currency).replace("_", "") if _is_finite(value) else str(value)
    digits = MINOR_DIGITS[currency] if type_.kind == "money" else 0
    if type_.kind in ("money", "duration") and not _is_finite(Fraction(value) / 10**digits):
        return f"{Fraction(value) / 10**digits} {currency if type_.kind == 'money' else 's'}"
    return value_text(value, type_, currency).replace("_", "")


def _is_finite(value: Number) -> bool:
    """Whether a number has a finite decimal, of no more digits than texts are written with."""
    return bool((Fraction(value) * 10**_DIGITS).denominator == 1)


def outcome_notation(outcome: Outcome, type_: Type, currency: str, *, counts: bool = False) -> Json:
    """Write an outcome or a value of a decision; a list of them as a list. One that *counts* is a whole number."""
    if isinstance(outcome, tuple):
        return [outcome_notation(item, type_, currency) for item in outcome]
    return value_notation(outcome, INTEGER if counts and not isinstance(outcome, str) else type_, currency)


def given_of(notation: Mapping[str, Json], facts: Mapping[str, Fact]) -> dict[str, object]:
    """
    Return facts in this notation as a policy reads them; what it does not know is left as it is, for it to refuse.

    >>> given_of({"share": "1/3"}, {"share": Fact("share", Type("number"))})
    {'share': Fraction(1, 3)}
    """
    return {name: _given(what, facts[name]) if name in facts else what for name, what in notation.items()}


def _given(what: Json, fact: Fact) -> object:
    match what:
        case {"any_of": [*values], **rest} if not rest:
            return AnyOf(*(_ratio(value, fact) for value in values))
        case {"between": [low, high], **rest} if not rest:
            return Between(_ratio(low, fact), _ratio(high, fact))
        case _:
            return _ratio(what, fact)


def _ratio(what: Json, fact: Fact) -> object:
    """Return `1/3`, `1/3 USD` and `1/3 s` as values of their own; all else is in the language's own notation."""
    match = _RATIO.match(what) if isinstance(what, str) and fact.type.is_ordered else None
    if match is None or not int(match[2]):
        return what
    number, unit = Fraction(int(match[1]), int(match[2])), match[3]
    if fact.type.kind == "money" and unit in MINOR_DIGITS:
        return Money(exact(number * 10 ** MINOR_DIGITS[unit]), unit)
    if fact.type.kind == "duration" and unit == "s" and fact.unit in TIME_UNITS:
        return number / TIME_UNITS[fact.unit]
    return number if unit is None else what


def moment_notation(when: dt.date) -> str:
    """Write a day or a moment in ISO 8601, with its offset from UTC where it has one."""
    return when.isoformat()


def moment_of(text: str) -> dt.date:
    """
    Read a day or a moment back.

    Raises:
        ValueError: If it is neither.
    """
    return dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
