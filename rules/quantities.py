"""Exact quantities as people write them: `4.50 USD`, `48h`, `3 days`, `10%`, `2026-11-21`, and back to text."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from .currencies import MINOR_DIGITS
from .moments import EPOCH
from .types import LARGEST, Number, Type, Value, exact, ratio

_UNITS: Final[dict[str, int]] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}
#: Seconds in each unit of time that the language knows, by every spelling.
TIME_UNITS: Final = _UNITS

NUMBER_PATTERN: Final = r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?"
#: The same with a sign, in two groups: what stands before the point, and after it.
_DECIMAL: Final = r"([+-]?[0-9]+(?:_[0-9]+)*)(?:\.([0-9]+(?:_[0-9]+)*))?"
_NUMBER = re.compile(rf"{_DECIMAL}(?:\s*(%))?\Z")
_AMOUNT = re.compile(rf"{_DECIMAL}\s*([A-Z]{{3}})?\Z")
_SPAN = re.compile(rf"{_DECIMAL}\s*([a-z]+)\Z")
_LONGEST: Final = 80
_FIRST: Final = (dt.datetime(1, 1, 1, tzinfo=dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)
_LAST: Final = (dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)


class QuantityError(ValueError):
    """A text that is no quantity of the wanted kind: *why*, in one lower-case sentence, and what to write instead."""

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(f"{why}: {advice}" if advice else why)
        self.why, self.advice = why, advice


def parse_number(text: str) -> Number:
    """
    Read a decimal number exactly.

    Raises:
        QuantityError: If it is no number, or larger than 10^30.

    >>> parse_number("10_000"), parse_number("0.1")
    (10000, Fraction(1, 10))
    """
    text = text.strip()
    match = _NUMBER.match(text) if len(text) <= _LONGEST else None
    if match is None:
        raise QuantityError("this is not a number")
    whole, places, percent = match.groups()
    return bounded(_shifted(whole, places, -2 if percent else 0))


def _shifted(whole: str, places: str | None, by: int) -> Number:
    """Return the number *whole*.*places* with its point moved right *by* digits."""
    places = places.replace("_", "") if places else ""
    digits, by = int(whole + places), by - len(places)
    return digits * 10**by if by >= 0 else ratio(digits, 10**-by)


def bounded(value: Number) -> Number:
    """Return *value* reduced, or refuse it where it is beyond 10^30."""
    if not -LARGEST <= value <= LARGEST:
        raise QuantityError("this number is too large (the limit is 10^30)")
    return exact(value)


def from_decimal(value: Decimal) -> Number:
    """Return a finite Decimal exactly; NaN, infinities and exponents past the limits are refused."""
    if not value.is_finite():
        raise QuantityError("this is not a finite number")
    if abs(value.adjusted()) > 60 or len(value.as_tuple().digits) > _LONGEST:
        raise QuantityError("this number is too large or too finely divided")
    return bounded(ratio(*value.as_integer_ratio()))


def from_python(value: object) -> Number:
    """
    Read an int, Decimal, Fraction or float as an exact number; a float by its shortest decimal.

    >>> from_python(0.1)
    Fraction(1, 10)
    """
    if isinstance(value, bool):
        raise QuantityError("true and false are no numbers")
    if isinstance(value, int):
        return bounded(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise QuantityError("this is not a finite number")
        return bounded(Fraction(repr(float(value))))
    if isinstance(value, Decimal):
        return from_decimal(value)
    if isinstance(value, Fraction):
        if value.denominator > LARGEST:
            raise QuantityError("this number is too finely divided")
        return bounded(value)
    raise QuantityError("this is not a number")


def parse_money(text: str) -> tuple[Number, str | None]:
    """
    Read an amount and its currency, None where none is written.

    >>> parse_money("4.50 USD")
    (Fraction(9, 2), 'USD')
    """
    whole, places, currency = _amount(text)
    return bounded(_shifted(whole, places, 0)), currency


def parse_minor(text: str, home: str) -> tuple[Number, str | None]:
    """
    Read an amount as minor units where it is in the currency *home* or in none, which is returned as None; else like `parse_money`.

    >>> parse_minor("4.50 USD", "USD"), parse_minor("4.50 USD", "EUR")
    ((450, None), (Fraction(9, 2), 'USD'))
    """
    whole, places, currency = _amount(text)
    if currency is None or currency == home:
        return bounded(_shifted(whole, places, MINOR_DIGITS[home])), None
    return bounded(_shifted(whole, places, 0)), currency


def _amount(text: str) -> tuple[str, str | None, str | None]:
    match = _AMOUNT.match(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise QuantityError("this is not an amount of money", "write it like `50 USD`")
    whole, places, currency = match.groups()
    return whole, places, currency


def parse_duration(text: str) -> Number:
    """
    Read a length of time in seconds.

    >>> parse_duration("48h"), parse_duration("3 days")
    (172800, 259200)
    """
    match = _SPAN.match(text.strip()) if len(text) <= _LONGEST else None
    if match is None or match[3] not in _UNITS:
        raise QuantityError("this is not a length of time", "write it like `48h` or `3 days`")
    whole, places, unit = match.groups()
    return bounded(_shifted(whole, places, 0) * _UNITS[unit])


def parse_date(text: str) -> int:
    """Read `2026-11-21` as a proleptic ordinal."""
    try:
        return dt.date.fromisoformat(text.strip()).toordinal()
    except ValueError:
        raise QuantityError("this is not a date", "write it like `2026-11-21`") from None


def parse_datetime(text: str) -> int:
    """Read `2026-11-21T10:00:00Z` as microseconds since 1970 UTC; without an offset it is taken as UTC."""
    try:
        return from_datetime(dt.datetime.fromisoformat(text.strip()))
    except ValueError:
        raise QuantityError("this is not a date and time", "write it like `2026-11-21T10:00:00Z`") from None


def from_datetime(value: dt.datetime) -> int:
    """Return *value* as microseconds since 1970 UTC, exactly."""
    aware = value if value.utcoffset() is not None else value.replace(tzinfo=dt.UTC)
    return int(in_calendar((aware - EPOCH) // dt.timedelta(microseconds=1)))


def in_calendar(microseconds: Number) -> Number:
    """Return microseconds since 1970 UTC, or refuse them where no calendar has the day."""
    if not _FIRST <= microseconds <= _LAST:
        raise QuantityError("this lies outside the years 1 to 9999")
    return microseconds


def to_minor(amount: Number, currency: str) -> Number:
    """
    Return *amount* in the currency's minor units.

    >>> to_minor(Fraction(9, 2), "USD")
    450
    """
    size = 10 ** MINOR_DIGITS[currency]
    return amount * size if isinstance(amount, int) else ratio(amount.numerator * size, amount.denominator)


def decimal_text(value: Number, digits: int | None = None) -> str:
    """
    Write an exact number the way the language reads it; a number with no finite decimal is rounded to six places.

    >>> decimal_text(Fraction(5, 2)), decimal_text(12_500), decimal_text(9, 2)
    ('2.5', '12_500', '9.00')
    """
    if not digits and isinstance(value, int):
        return f"{value:_}"
    if digits is None:
        digits = next((n for n in range(31) if (value * 10**n).denominator == 1), 6)
    scaled = round(value * 10**digits)
    whole, rest = divmod(abs(scaled), 10**digits)
    sign = "-" if scaled < 0 else ""
    return f"{sign}{whole:_}" + (f".{rest:0{digits}d}" if digits else "")


def duration_text(seconds: Number) -> str:
    """
    Write a length of time in the largest unit that fits it exactly.

    >>> duration_text(172_800), duration_text(5_400)
    ('2 days', '90 min')
    """
    for size, one, many in ((86_400, "day", "days"), (3_600, "h", "h"), (60, "min", "min")):
        if seconds and seconds % size == 0:
            count = int(seconds // size)
            space = " " if size != 3_600 else ""
            return f"{decimal_text(count)}{space}{one if abs(count) == 1 else many}"
    return f"{decimal_text(seconds)}s"


def value_text(value: Value, type_: Type, currency: str) -> str:
    """
    Write a canonical value the way the language reads it.

    >>> value_text(450, Type("money"), "USD")
    '4.50 USD'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, str):
        return value
    if type_.kind == "money":
        return money_text(value, currency)
    if type_.kind == "duration":
        return duration_text(value)
    if type_.kind == "date":
        return dt.date.fromordinal(int(value)).isoformat()
    if type_.kind == "datetime":
        return (EPOCH + dt.timedelta(microseconds=int(value))).isoformat().replace("+00:00", "Z")
    return decimal_text(value)


def money_text(minor: Number, currency: str) -> str:
    """Write minor units as `4.50 USD`, whole amounts without the point."""
    digits, minor = MINOR_DIGITS[currency], exact(minor)
    amount = ratio(minor, 10**digits) if isinstance(minor, int) else exact(minor / 10**digits)
    shown = digits if isinstance(minor, int) and isinstance(amount, Fraction) else None
    return f"{decimal_text(amount, shown)} {currency}"
