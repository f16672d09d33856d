"""Random batches: the facts of random policies as columns of many Arrow types, with nulls, slices, dictionaries and bad values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pyarrow as pa
from chooser import Chooser
from random_facts import Kind

from evenhand import FactError, Policy
from evenhand.rules.currencies import MINOR_DIGITS

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TEXTS: Final[tuple[Any, ...]] = (
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.int32(), pa.string()),
    pa.dictionary(pa.uint16(), pa.large_string()),
)
_WHOLE: Final = tuple(getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64))
_NUMBERS: Final = (
    *_WHOLE,
    pa.int64(),
    pa.float64(),
    pa.float32(),
    pa.float64(),
    pa.float16(),
    pa.decimal128(12, 2),
    pa.decimal128(38, 6),
    pa.decimal128(9, 0),
    pa.decimal256(40, 3),
)
_UNITS: Final = ("s", "ms", "us", "ns")
#: The Arrow types of each kind of fact, beside texts.
TYPES: Final[dict[str, tuple[Any, ...]]] = {
    "number": _NUMBERS,
    "integer": _NUMBERS,
    "money": _NUMBERS,
    "duration": (*map(pa.duration, _UNITS), *_NUMBERS[:10]),
    "date": (pa.date32(), pa.date32(), pa.date64(), pa.timestamp("us")),
    "datetime": (
        *map(pa.timestamp, _UNITS),
        *(pa.timestamp(unit, "UTC") for unit in _UNITS),
        pa.timestamp("us", "America/New_York"),
        pa.date32(),
    ),
    "boolean": (pa.bool_(), pa.bool_(), pa.dictionary(pa.int8(), pa.bool_())),
    "list": (pa.list_(pa.string()), pa.large_list(pa.string()), pa.list_(pa.large_string())),
}
#: Values that hardly any fact takes, for the types that have them.
_SPOILED: Final = (
    float("nan"),
    float("inf"),
    -1,
    127,
    10**9 + 1,
    "rud",
    "",
    "any of calm, cross",
    "1..5",
    "12 XYZ",
    True,
)


def make_column(choose: Chooser, policy: Policy, kind: Kind, rows: int, nulls: int) -> Any:
    """Return a random column of a fact."""
    type_ = choose.pick(_types(kind) if choose.chance(70) else _TEXTS)
    as_text = pa.types.is_string(_plain(type_)) or pa.types.is_large_string(_plain(type_)) or type_ == pa.string_view()
    values: list[Any] = []
    for _ in range(rows):
        raw = choose.pick(_SPOILED) if choose.chance(1) else choose.pick(kind.values)
        values.append(
            None if choose.chance(nulls) else _text(choose, kind, raw) if as_text else _native(policy, kind, raw, type_)
        )
    column = _array(values, type_)
    return _dressed(choose, column)


def _types(kind: Kind) -> Sequence[Any]:
    found: Sequence[Any] = TYPES.get(kind.dimension.partition(" ")[0], _TEXTS)
    return found


def _plain(type_: Any) -> Any:
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _text(choose: Chooser, kind: Kind, raw: object) -> str | None:
    """Write a value as a file has it, now and then an uncertain one."""
    if isinstance(raw, dt.timedelta):
        return f"{raw // dt.timedelta(seconds=1)} s"
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, list | tuple):
        return "listen"
    if choose.chance(4) and kind.dimension != "text":
        return f"any of {', '.join(str(value) for value in choose.some(kind.values, 1, 2))}"
    return str(raw)


def _native(policy: Policy, kind: Kind, raw: Any, type_: Any) -> Any:
    """Return a value as a column of a type holds it, None where it does not."""
    if isinstance(raw, float | bool) or (isinstance(raw, int) and raw in (-1, 127, 10**9 + 1)):
        return raw
    try:
        known = policy.read({kind.name: raw})[kind.name]
    except FactError:
        return None
    if not isinstance(known, int | str | tuple | Fraction):  # an uncertain one
        return None
    return _CONVERSIONS.get(kind.dimension, lambda value, *_: value)(known, type_, policy, kind)


def _number(value: Any, type_: Any, *_: object) -> Any:
    return _as_number(Fraction(value), type_)


def _as_number(value: Fraction, type_: Any) -> Any:
    if pa.types.is_integer(type_):
        return int(value) if value.denominator == 1 else None
    if pa.types.is_floating(type_):
        return float(value)
    return Decimal(value.numerator) / Decimal(value.denominator)


def _money(value: Any, type_: Any, policy: Policy, _: Kind) -> Any:
    return _as_number(Fraction(value) / 10 ** MINOR_DIGITS[policy.tree.currency], type_)


def _duration(value: Any, type_: Any, _: Policy, kind: Kind) -> Any:
    if pa.types.is_duration(type_):
        return dt.timedelta(microseconds=int(value * 1_000_000))
    return _as_number(Fraction(value) / 3_600, type_) if kind.declaration else _as_number(Fraction(value), type_)


def _day(value: Any, *_: object) -> Any:
    return dt.date.fromordinal(value)


def _moment(value: Any, *_: object) -> Any:
    return _EPOCH + dt.timedelta(microseconds=value)


_CONVERSIONS: Final[dict[str, Callable[..., Any]]] = {
    "number": _number,
    "integer": _number,
    "money": _money,
    "duration": _duration,
    "date": _day,
    "datetime": _moment,
    "list": lambda value, *_: list(value),
}


def _array(values: Sequence[Any], type_: Any) -> Any:
    """Return the values as an array, with those that it cannot hold as nulls."""
    plain = _plain(type_)
    kept = [value if _fits(value, plain) else None for value in values]
    if pa.types.is_dictionary(type_):
        return pa.array(kept, plain).dictionary_encode().cast(type_)
    return pa.array(kept, type_)


def _fits(value: Any, type_: Any) -> bool:
    try:
        pa.array([value], type_)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return False
    return True


def _dressed(choose: Chooser, column: Any) -> Any:
    """Return a column with the same values, laid out otherwise now and then: sliced, in chunks, with extreme numbers around it."""
    match choose.number(0, 5):
        case 0:
            padding = pa.nulls(3, column.type)
            try:
                return pa.concat_arrays([padding, column, padding]).slice(3, len(column))
            except (pa.ArrowException, NotImplementedError):
                return column
        case 1:
            cut = choose.number(0, len(column))
            return pa.chunked_array([column.slice(0, cut), column.slice(cut)])
        case _:
            return column


def make_table(choose: Chooser, policy: Policy, kinds: Sequence[Kind], rows: int) -> Any:
    """Return a random table over some of the facts of a policy."""
    chosen = [kind for kind in kinds if choose.chance(80)] or list(kinds[:1])
    nulls = choose.pick((0, 0, 10, 10, 40))
    columns = {kind.name: make_column(choose, policy, kind, rows, nulls if choose.chance(80) else 0) for kind in chosen}
    return pa.table(columns)
