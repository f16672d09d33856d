"""Where the class of a value changes, in the Python types that a fact may be handed in as.

A threshold such as `> 12.5` is exact; here it becomes, for each Python type, the least value past it. So one `bisect_right` over
ints, floats or timedeltas finds the class of a value without converting it, and exactly.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from ..rules.currencies import MINOR_DIGITS
from ..rules.regions import Cut
from ..rules.types import LARGEST, Fact, Number

_UNIT_SECONDS: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}
_MICRO: Final = dt.timedelta(microseconds=1)


class Steps(dict[type, "Sequence[object] | None"]):
    """
    For each Python type that a fact takes: its least value, the steps, and the first value too large; made when first asked for.

    A KeyError says that the type is not taken as it is.
    """

    __slots__ = ("_edges", "_kind", "_scale")

    def __init__(self, fact: Fact, cuts: Sequence[Cut], home: str) -> None:
        super().__init__({str: None})
        low: Cut = (-LARGEST if fact.low is None else fact.low, 0)
        high: Cut = (LARGEST if fact.high is None else fact.high, 1)
        self._edges = (low, *cuts, high)
        self._kind, self._scale = fact.type.kind, _scale(fact, home)

    def __missing__(self, kind: type) -> Sequence[object]:
        step = self._step(kind)
        if step is None:
            raise KeyError(kind)
        steps = self[kind] = [step(cut) for cut in self._edges]
        return steps

    def _step(self, kind: type) -> Callable[[Cut], object] | None:
        scale = self._scale
        if kind is int and scale is not None:
            return lambda cut: whole_step(cut, scale)
        if kind is float and scale is not None and self._kind != "integer":
            return lambda cut: float_step(cut, scale)
        if kind is dt.timedelta and self._kind == "duration":
            return timedelta_step
        return date_step if kind is dt.date and self._kind == "date" else None


def _scale(fact: Fact, home: str) -> int | None:
    """Return how many canonical units one unit of a bare number is, None where the fact takes no bare numbers."""
    match fact.type.kind:
        case "money":
            return int(10 ** MINOR_DIGITS[home])
        case "number" | "integer":
            return 1
        case "duration":
            return _UNIT_SECONDS.get(fact.unit)
        case _:
            return None


def whole_step(cut: Cut, scale: int) -> int:
    """
    Return the least int past a threshold.

    >>> whole_step((1250, 1), 100), whole_step((1300, 0), 100)
    (13, 13)
    """
    value, side = cut
    return math.floor(Fraction(value) / scale) + 1 if side else math.ceil(Fraction(value) / scale)


def float_step(cut: Cut, scale: int) -> float:
    """
    Return the least float past a threshold, a float being read by its shortest decimal.

    >>> float_step((Fraction(1, 10), 0), 1), float_step((Fraction(1, 10), 1), 1) > 0.1
    (0.1, True)
    """
    value, side = cut
    threshold = Fraction(value) / scale

    def is_past(number: float) -> bool:
        read = Fraction(repr(number))
        return read > threshold if side else read >= threshold

    found = float(threshold)
    while is_past(found):
        found = math.nextafter(found, -math.inf)
    while not is_past(found):
        found = math.nextafter(found, math.inf)
    return found


def timedelta_step(cut: Cut) -> dt.timedelta:
    """Return the least timedelta past a threshold in seconds; thresholds past what a timedelta can be are brought to its ends."""
    value, side = cut
    micros = math.floor(Fraction(value) * 1_000_000) + 1 if side else math.ceil(Fraction(value) * 1_000_000)
    least, most = dt.timedelta.min // _MICRO, dt.timedelta.max // _MICRO
    return dt.timedelta(microseconds=min(max(micros, least), most))


def date_step(cut: Cut) -> dt.date:
    """Return the least date past a threshold in ordinals, brought to the ends of the calendar."""
    value, side = cut
    ordinal: Number = math.floor(value) + 1 if side else math.ceil(value)
    return dt.date.fromordinal(min(max(int(ordinal), 1), dt.date.max.toordinal()))
