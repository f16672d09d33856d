"""Values and types in an owner's words, for messages: one short line, whatever was handed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from .quantities import value_text
from .types import Fact, Type

#: The most characters of the owner's own text that a message repeats.
LONGEST: int = 60
_LARGEST = 10**40

_ARTICLES = {
    "number": "a number",
    "integer": "a whole number",
    "money": "an amount of money",
    "text": "a text",
    "boolean": "true or false",
    "date": "a date",
    "datetime": "a date and time",
    "duration": "a length of time",
    "list": "a list of texts",
}


def type_name(type_: Type) -> str:
    """
    Return what a value of a type is, with its article.

    >>> type_name(Type("money")), type_name(Type("scale", ("low", "high")))
    ('an amount of money', 'a word of the scale low < high')
    """
    if type_.kind == "scale":
        return shortened(f"a word of the scale {' < '.join(type_.words)}")
    return shortened(f"a word of the list {', '.join(type_.words)}") if type_.words else _ARTICLES[type_.kind]


def reach_text(type_: Type, fact: Fact | None, currency: str) -> str:
    """
    Return what the values of a fact (or of an outcome, where it is None) can be.

    >>> reach_text(Type("integer"), Fact("views", Type("integer"), low=0), "USD")
    'a whole number, at least 0'
    """
    bounds = []
    if fact is not None and fact.low is not None:
        bounds.append(f"at least {value_text(fact.low, type_, currency)}")
    if fact is not None and fact.high is not None:
        bounds.append(f"at most {value_text(fact.high, type_, currency)}")
    return ", ".join([type_name(type_), *([" and ".join(bounds)] if bounds else [])])


def counted(count: int, what: str) -> str:
    """
    Return a count of things.

    >>> counted(1, "cell"), counted(2, "cell")
    ('1 cell', '2 cells')
    """
    return f"{count} {what}{'s' * (count != 1)}"


def shortened(text: str, longest: int = 2 * LONGEST) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def shown(raw: object) -> str:
    """
    Return a raw value as its owner may have written it, cut where it is long.

    >>> shown(True), shown(["a", 3]), shown(10**5000)
    ('true', '["a", 3]', 'a very large number')
    """
    match raw:
        case bool():
            return str(raw).lower()
        case str():
            return shortened(raw, LONGEST)
        case int() | Fraction() if not -_LARGEST < raw < _LARGEST:
            return "a very large number"
        case list() | tuple():
            items = [f'"{shown(item)}"' if isinstance(item, str) else shown(item) for item in raw[:5]]
            return shortened(f"[{', '.join([*items, '…'] if len(raw) > 5 else items)}]", LONGEST)
        case Mapping():
            return "a table"
        case dt.datetime():
            return raw.isoformat()
        case _:
            return shortened(str(raw), LONGEST)


def described(raw: object) -> str:
    """
    Return what kind of value a raw one is, with the value where that is short.

    >>> described("12"), described(12), described({})
    ('the text `12`', 'the number 12', 'a table')
    """
    match raw:
        case bool():
            return f"`{shown(raw)}`"
        case str():
            return f"the text `{shown(raw)}`"
        case int() | float() | Decimal() | Fraction():
            return f"the number {shown(raw)}" if shown(raw)[0] != "a" else shown(raw)
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
        case dt.datetime():
            return "a date and time"
        case dt.date():
            return "a date"
        case dt.time():
            return "a time of day"
        case None:
            return "nothing"
        case _:
            return "something else"
