"""Exact arithmetic on whole columns: every number is a whole number over one denominator, and bounds show that nothing overflows.

Where that cannot be shown, there is no answer (None), and the caller works the values out one by one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from math import lcm
from typing import Any, Final, TypeAlias

import attrs
import numpy as np

from ...rules.currencies import MINOR_DIGITS
from ...rules.tree import Arithmetic, Call, Compare, Constant, Expression, FactRef
from ...rules.types import Fact, Type
from .library import Array, pa, pc
from .schema import PLACES

#: No number here is larger.
_MOST: Final = 2**62
#: Numbers numbers up to here, and their quotients by powers of ten, are told apart by floats and by their shortest decimals.
_FLOAT_DIGITS: Final = 10**15
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000}
_UNIT_SECONDS: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}
_EPOCH_DAY: Final = dt.date(1970, 1, 1).toordinal()


@attrs.frozen
class Numbers:
    """Numbers numbers over a denominator; none is further from 0 than *most*."""

    numbers: Any
    under: int
    most: int

    @classmethod
    def of(cls, numbers: Any, under: int = 1) -> Numbers | None:
        """Return whole numbers with their bound."""
        most = max(-int(numbers.min()), int(numbers.max())) if numbers.size else 0
        return cls(numbers, under, most) if most < _MOST else None

    def times(self, factor: int, under: int = 1) -> Numbers | None:
        """Return the numbers times a fraction."""
        if self.most * abs(factor) >= _MOST:
            return None
        return Numbers(self.numbers * np.int64(factor), self.under * under, self.most * abs(factor))


#: Finds the column of a fact.
Look: TypeAlias = Callable[[str], "Numbers | None"]


def whole_column(column: Array, fact: Fact, currency: str) -> Numbers | None:
    """Return the canonical values of a column; what stands for a null has no meaning."""
    kind, digits = column.type, MINOR_DIGITS[currency] if fact.type.kind == "money" else 0
    if fact.type.kind not in ("number", "integer", "money", "duration", "date", "datetime"):
        return None
    if pa.types.is_duration(kind):
        return _plain(column, _PER_SECOND[kind.unit]) if fact.type.kind == "duration" else None
    if pa.types.is_date32(kind) and fact.type.kind == "date":
        days = _plain(column, 1)
        return None if days is None else Numbers.of(days.numbers + _EPOCH_DAY)
    if pa.types.is_timestamp(kind) and fact.type.kind == "datetime":
        moments = _plain(column, 1)
        return None if moments is None else moments.times(1_000_000 // _PER_SECOND[kind.unit])
    scale = _UNIT_SECONDS.get(fact.unit, 0) if fact.type.kind == "duration" else 10**digits
    if not scale or fact.type.kind in ("date", "datetime"):
        return None
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        numbers = _plain(column, 1)
        return None if numbers is None else numbers.times(scale)
    if pa.types.is_decimal(kind) and kind.bit_width == 128 and 0 <= kind.scale <= 18:
        return _decimals(column, scale)
    if kind in (pa.float64(), pa.float32()):
        return _floats(column, scale, digits)
    return None


def _plain(column: Array, under: int) -> Numbers | None:
    filled = column.cast(pa.int32()) if pa.types.is_date32(column.type) else column
    filled = filled.cast(pa.int64()).fill_null(0) if filled.null_count else filled.cast(pa.int64())
    return Numbers.of(filled.to_numpy(zero_copy_only=False), under)


def _decimals(column: Array, scale: int) -> Numbers | None:
    pairs = np.frombuffer(column.buffers()[1], np.int64)[2 * column.offset :][: 2 * len(column)].reshape(-1, 2)
    low = pairs[:, 0]
    if column.null_count:
        low = np.where(column.is_valid().to_numpy(zero_copy_only=False), low, 0)
        fits = (pairs[:, 1] == low >> 63) | column.is_null().to_numpy(zero_copy_only=False)
    else:
        fits = pairs[:, 1] == low >> 63
    if not fits.all():
        return None
    made = Numbers.of(np.ascontiguousarray(low))
    return None if made is None else made.times(scale, 10**column.type.scale)


def _floats(column: Array, scale: int, digits: int) -> Numbers | None:
    """Read floats by their shortest decimals, where these have few digits: then they are told apart by it."""
    places = digits or 6
    values = column.cast(pa.float64())
    filled = (values.fill_null(0.0) if values.null_count else values).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = np.rint(filled * 10.0**places)
        if not (np.abs(shifted) < _FLOAT_DIGITS).all() or not (shifted / 10.0**places == filled).all():
            return None
    made = Numbers.of(shifted.astype(np.int64))
    return None if made is None else made.times(scale, 10**places)


# -- expressions


def whole_value(expression: Expression, look: Look) -> Numbers | None:
    """Return the value of an expression for all rows."""
    match expression:
        case Constant(value):
            return _constant(value)
        case FactRef(name):
            return look(name)
        case Arithmetic(operator, left, right, _):
            if {left.type.kind, right.type.kind} & {"date", "datetime"}:
                return None  # days and microseconds are not seconds
            a, b = whole_value(left, look), whole_value(right, look)
            return None if a is None or b is None else _combined(operator, a, b, right)
        case Call(function, arguments) if function in ("min", "max", "abs"):
            return _called(function, [whole_value(argument, look) for argument in arguments])
        case _:
            return None


def _constant(value: object) -> Numbers | None:
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        return None
    exact = Fraction(value)
    if max(abs(exact.numerator), exact.denominator) >= _MOST:
        return None
    return Numbers(np.int64(exact.numerator), exact.denominator, abs(exact.numerator))


def _combined(operator: str, a: Numbers, b: Numbers, right: Expression) -> Numbers | None:
    if operator == "*":
        if a.most * b.most >= _MOST or a.under * b.under >= _MOST:
            return None
        return Numbers(a.numbers * b.numbers, a.under * b.under, a.most * b.most)
    if operator == "/":
        if not isinstance(right, Constant) or b.most == 0 or a.under * b.most >= _MOST:
            return None
        return a.times(b.under if b.numbers > 0 else -b.under, b.most)
    both = _alike(a, b)
    if both is None:
        return None
    a, b = both
    numbers = a.numbers + b.numbers if operator == "+" else a.numbers - b.numbers
    return Numbers(numbers, a.under, a.most + b.most) if a.most + b.most < _MOST else None


def _alike(a: Numbers, b: Numbers) -> tuple[Numbers, Numbers] | None:
    """Return two numbers over one denominator."""
    under = lcm(a.under, b.under)
    left, right = a.times(under // a.under), b.times(under // b.under)
    if left is None or right is None or under >= _MOST:
        return None
    return Numbers(left.numbers, under, left.most), Numbers(right.numbers, under, right.most)


def _called(function: str, arguments: list[Numbers | None]) -> Numbers | None:
    found = arguments[0]
    if found is None:
        return None
    if function == "abs":
        return Numbers(np.abs(found.numbers), found.under, found.most)
    for other in arguments[1:]:
        both = None if other is None else _alike(found, other)
        if both is None:
            return None
        numbers = (np.minimum if function == "min" else np.maximum)(both[0].numbers, both[1].numbers)
        found = Numbers(numbers, both[0].under, max(both[0].most, both[1].most))
    return found


_COMPARED: Final[dict[str, Any]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def whole_test(test: Compare, look: Look) -> Any:
    """Return for all rows whether a comparison of numbers holds, None where it is not worked out here."""
    left, right = whole_value(test.left, look), whole_value(test.right, look)
    both = None if left is None or right is None else _alike(left, right)
    if both is None or test.operator not in _COMPARED:
        return None
    return _COMPARED[test.operator](both[0].numbers, both[1].numbers)


def whole_array(value: Numbers, type_: Type, arrow_type: Any, rows: int) -> Array | None:
    """Return numbers as the column of a type, rounded half to even."""
    factor = {"money": 1, "number": 10**PLACES, "integer": 1, "duration": 1_000_000}.get(type_.kind)
    scaled = None if factor is None else value.times(factor)
    if scaled is None or scaled.under >= _MOST or (type_.kind == "integer" and value.under != 1):
        return None
    numbers = np.broadcast_to(_rounded(scaled), (rows,))
    if pa.types.is_decimal(arrow_type):
        pairs = np.empty((rows, 2), np.int64)
        pairs[:, 0], pairs[:, 1] = numbers, numbers >> 63
        return pa.Array.from_buffers(arrow_type, rows, [None, pa.py_buffer(pairs)])
    return pa.array(numbers, pa.int64()).cast(arrow_type)


def _rounded(value: Numbers) -> Any:
    if value.under == 1:
        return value.numbers
    whole, rest = np.divmod(value.numbers, np.int64(value.under))
    half = value.under // 2
    is_odd_half = (whole & 1 == 1) if value.under % 2 == 0 else np.False_
    return whole + ((rest > half) | ((rest == half) & is_odd_half))


def assumed_where_null(column: Array, made: Numbers, fact: Fact) -> Numbers | None:
    """Return the numbers with what is assumed of the fact in place of its nulls."""
    if not column.null_count or fact.assume is None:
        return made
    assumed = fact.assume
    if not isinstance(assumed, int | Fraction) or (Fraction(assumed) * made.under).denominator != 1:
        return None
    number = int(Fraction(assumed) * made.under)
    if abs(number) >= _MOST:
        return None
    filled = np.where(column.is_null().to_numpy(zero_copy_only=False), np.int64(number), made.numbers)
    return Numbers(filled, made.under, max(made.most, abs(number)))


def any_null(columns: list[Array], rows: int) -> Any:
    """Return for each row whether any of some columns has a null there."""
    found = np.zeros(rows, np.bool_)
    for column in columns:
        if column.null_count:
            found |= pc.is_null(column).to_numpy(zero_copy_only=False)
    return found
