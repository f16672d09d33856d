"""One cell read as a mapping says: translated, cleaned, and written as the language writes such a value."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ....rules.describe import shown
from ....rules.given import FactProblem
from ....rules.quantities import QuantityError, bounded, decimal_text, from_python, parse_number
from ....rules.types import Number
from .specs import Spec

#: What a cell is made into: a text that the language reads, the words of a list, or nothing for a missing fact.
Cell = str | list[str] | None

#: The signs by which currencies are known.
SIGNS: Final = {
    "$": ("USD", "CAD", "AUD", "NZD", "MXN", "SGD", "HKD"),
    "€": ("EUR",),
    "£": ("GBP",),
    "¥": ("JPY", "CNY"),
    "₹": ("INR",),
    "₩": ("KRW",),
    "zł": ("PLN",),
    "kr": ("SEK", "NOK", "DKK"),
    "Fr.": ("CHF",),
}
_NUMERIC: Final = ("number", "integer", "money", "duration")


def reader(spec: Spec) -> Callable[[object], Cell]:
    """
    Return what reads the cells of a column: a `FactProblem` is raised for one that is not written as the mapping says.

    What it returns is still to be read as a fact, which may refuse it.
    """
    clean = _cleaner(spec)

    def read(raw: object) -> Cell:
        if raw is None:
            return None
        if isinstance(raw, list):
            return [str(item) for item in raw]
        text = _written(raw)
        if not text or text in spec.blank:
            return None
        if spec.values is not None and text in spec.values:
            return spec.values[text] or None
        if spec.otherwise is not None:
            return spec.otherwise or None
        return clean(text)

    return read


def _written(raw: object) -> str:
    """Return a value of any type of column as text."""
    if isinstance(raw, str):
        return raw.strip()
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, dt.timedelta):
        return f"{_plain(from_python(Fraction(raw // dt.timedelta(microseconds=1), 1_000_000)))} s"
    if isinstance(raw, dt.date):
        return raw.isoformat()
    if isinstance(raw, float) and not math.isfinite(raw):
        return str(raw)
    if isinstance(raw, int | float | Decimal):
        return _plain(from_python(raw))
    return str(raw)


def _plain(number: Number) -> str:
    return decimal_text(number).replace("_", "")


def _cleaner(spec: Spec) -> Callable[[str], Cell]:
    kind = spec.fact.type.kind
    if spec.separator and kind == "list":
        return lambda text: [part.strip() for part in text.split(spec.separator) if part.strip()]
    if spec.formats:
        return lambda text: _dated(text, spec)
    changes = spec.currency or spec.scale is not None or spec.thousands or spec.decimal != "." or spec.unit
    return (lambda text: _number(text, spec)) if changes and kind in _NUMERIC else lambda text: text


def _dated(text: str, spec: Spec) -> str:
    """Return a day or a moment, written in one of the mapping's formats, as the language writes it."""
    for format_ in spec.formats:
        try:
            moment = dt.datetime.strptime(text, format_)  # noqa: DTZ007 because a format may have a zone in it
        except ValueError:
            continue
        return moment.date().isoformat() if spec.fact.type.kind == "date" else moment.isoformat()
    why = f"this is not written like {' or '.join(spec.formats)}"
    raise FactProblem("bad-value", text=shown(text), why=why, expected="a date in that form")


def _number(text: str, spec: Spec) -> str:
    """Return a number as the language writes it, with its unit or currency; what is none is left to whoever reads it."""
    if ".." in text or "any of" in text:
        return text  # an uncertain fact says what it means
    number, code = _without_currency(text, spec)
    is_negative = number.startswith("(") and number.endswith(")")
    number = number[1:-1].strip() if is_negative else number
    if spec.thousands:
        number = _ungrouped(number, spec)
    if spec.decimal != ".":
        number = number.replace(spec.decimal, ".")
    try:
        value = parse_number(number)
    except QuantityError:
        return text
    if is_negative:
        value = -value
    if spec.scale is not None:
        value = bounded(Fraction(value) * Fraction(spec.scale))
    written = _plain(value)
    if spec.fact.type.kind == "money" and (code or spec.currency):
        return f"{written} {code or spec.currency}"
    return f"{written} {spec.unit}" if spec.unit else written


def _ungrouped(number: str, spec: Spec) -> str:
    """Take the signs between thousands out, where they stand between thousands."""
    whole, point, places = number.partition(spec.decimal)
    first, *groups = whole.split(spec.thousands)
    if groups and (not 1 <= len(first.lstrip("+-")) <= 3 or any(len(group) != 3 for group in groups)):
        return "?"
    return "".join([first, *groups]) + point + places


def _without_currency(text: str, spec: Spec) -> tuple[str, str]:
    """Take the currency's sign off an amount, and its code, which is returned."""
    if spec.fact.type.kind != "money":
        return text, ""
    code = ""
    for end in (text[:3], text[-3:]):
        if len(text) > 3 and end.isalpha() and end.isupper():
            code, text = end, text.removeprefix(end).removesuffix(end).strip()
            break
    for sign, currencies in SIGNS.items():
        if sign in text and spec.currency in currencies:
            text = text.replace(sign, "", 1).strip()
    return text, code
