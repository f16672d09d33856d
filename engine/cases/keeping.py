"""What people hand in as a log keeps it: as JSON has it, and read as the same again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import singledispatch
from typing import Any

import attrs

from ...rules.money import Money
from ...rules.quantities import decimal_text, duration_text
from ...rules.types import ratio
from ...rules.uncertain import AnyOf, Between
from ...rules.vocabulary import given_in


@singledispatch
def as_kept(value: Any) -> Any:
    """
    Return a value as a log keeps it; what JSON has already is returned as it is.

    >>> as_kept([Decimal("4.50"), dt.timedelta(hours=2), dt.date(2026, 11, 20), "text"])
    ['4.50', '2h', '2026-11-20', 'text']
    """
    if attrs.has(type(value)):  # a group of facts, such as an instance of `Virality`
        return {name: as_kept(one) for name, one in given_in(value).items()}
    return value


def copied(kept: Any) -> Any:
    """Return what a log keeps in tables and lists of its own, so that nobody changes it afterwards."""
    if isinstance(kept, dict):
        return {name: copied(one) for name, one in kept.items()}
    return [copied(one) for one in kept] if isinstance(kept, list) else kept


@as_kept.register
def _text(value: str) -> str:
    return (
        value if type(value) is str else str.__str__(value)
    )  # because a word of an enumeration writes itself as its name


@as_kept.register
def _integer(value: int) -> int:
    return value if type(value) in (int, bool) else int(value)


@as_kept.register
def _float(value: float) -> float:
    return value if type(value) is float else float(value)


@as_kept.register
def _decimal(value: Decimal) -> str:
    return format(value, "f")


@as_kept.register
def _fraction(value: Fraction) -> str:
    return decimal_text(value)


@as_kept.register
def _money(value: Money) -> str:
    return str(value)


@as_kept.register
def _length(value: dt.timedelta) -> str:
    return duration_text(ratio(value // dt.timedelta(microseconds=1), 1_000_000))


@as_kept.register
def _day(value: dt.date) -> str:
    return value.isoformat()


@as_kept.register
def _any_of(value: AnyOf) -> dict[str, Any]:
    return {"any_of": [as_kept(one) for one in value.values]}


@as_kept.register
def _between(value: Between) -> dict[str, Any]:
    return {"between": [as_kept(value.low), as_kept(value.high)]}


@as_kept.register(Mapping)
def _table(value: Any) -> Any:
    kept = {str(name): as_kept(one) for name, one in value.items()}
    return value if type(value) is dict and _is_same(value.values(), kept.values()) else kept


@as_kept.register(list)
@as_kept.register(tuple)
def _list(value: Any) -> Any:
    kept = [as_kept(one) for one in value]
    return value if type(value) is list and _is_same(value, kept) else kept


def _is_same(values: Iterable[object], kept: Iterable[object]) -> bool:
    return all(one is other for one, other in zip(values, kept, strict=True))
