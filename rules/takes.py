"""What the value of a key may be, in the owner's words, and whether a TOML value is that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

#: What a key's value may be, in the owner's words.
Takes: TypeAlias = Literal[
    "text",
    "boolean",
    "date",
    "list of text",
    "list of rows",
    "table",
    "condition",
    "literal",
    "outcomes",
    "names",
    "number",
    "list of dates",
    "moment",
    "tables",
    "any",
]


WRITTEN: Final[dict[Takes, str]] = {
    "text": "a text in quotes",
    "boolean": "true or false",
    "date": "a date like 2026-11-21, without quotes",
    "list of text": 'a list of texts like ["a", "b"]',
    "list of rows": "a list of rows, each a list of cells",
    "table": "a table",
    "condition": "a condition in quotes, a table of tests, or a list of conditions",
    "literal": 'a value like "75 USD", 10_000 or true',
    "outcomes": "a list of words, or the name of a type",
    "number": "a whole number of 1 or more",
    "list of dates": "a list of dates like [2026-12-25], without quotes",
    "moment": "a date and time like 2026-11-20T10:00:00Z, without quotes",
    "tables": "tables in double brackets",
}


def _is_date(value: object) -> bool:
    return isinstance(value, dt.date)


def _is_list_of(takes: Takes) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(fits(item, takes) for item in value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1_000_000


_FITS: Final[dict[Takes, Callable[[object], bool]]] = {
    "text": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_date,
    "moment": lambda value: isinstance(value, dt.datetime),
    "number": _is_count,
    "table": lambda value: isinstance(value, dict),
    "tables": lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
    "list of text": _is_list_of("text"),
    "list of dates": lambda value: isinstance(value, list) and all(type(item) is dt.date for item in value),
    "list of rows": lambda value: isinstance(value, list) and all(isinstance(item, list) for item in value),
    "condition": lambda value: isinstance(value, str | dict | bool) or _is_list_of("condition")(value),
    "literal": lambda value: isinstance(value, str | bool | int | Decimal | dt.date | list),
    "outcomes": lambda value: isinstance(value, str) or fits(value, "list of text"),
}


def fits(value: object, takes: Takes) -> bool:
    """Whether a TOML value is of the kind that a key takes."""
    fit = _FITS.get(takes)
    return fit is None or fit(value)


def tables_in(value: object) -> list[dict[str, Any]]:
    """Return the tables of a list of them; none where it is anything else, which the check of the shape reports."""
    return value if isinstance(value, list) and fits(value, "tables") else []


def texts_in(value: object) -> tuple[str, ...]:
    """Return the texts of a list of them; none where it is anything else."""
    return tuple(value) if isinstance(value, list) and fits(value, "list of text") else ()
