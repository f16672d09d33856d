"""By how much a test fails: how far a fact's value lies from the nearest one that would do."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from typing import Final, Literal, TypeAlias

import attrs

from ..rules.regions import Cut, Region, Spans, Texts, Words, contains
from ..rules.types import DISCRETE, Number, Type, Value, exact

#: An ordinary value of types for which 0 is none: the first day of 2000, as a date and as a moment.
_START: Final = {"date": 730_120, "datetime": 946_684_800_000_000}
Side: TypeAlias = Literal["above", "below", "beside"]


@attrs.frozen
class Gap:
    """
    How a value misses a region: it lies *above* or *below* the nearest limit, or *beside* it where there is no order.

    *limit* is the nearest value that would do, or (where not *reached*) the one that must not be reached. *by* is the distance
    in canonical units, for a scale in steps; None where there is no distance.
    """

    side: Side
    limit: Value
    by: Number | None = None
    reached: bool = True


def gap_to(region: Region, value: Value, type_: Type) -> Gap | None:
    """
    Return how *value* misses *region*, None where it is inside or nothing could be.

    >>> from evenhand.rules.regions import compared
    >>> money = Type("money")
    >>> gap_to(compared("<=", 5_000, money), 9_000, money)
    Gap(side='above', limit=5000, by=4000, reached=True)
    """
    if contains(region, value):
        return None
    match region:
        case Spans() if isinstance(value, int | Fraction):
            return _from_spans(region, value, type_)
        case Words(words) if type_.kind == "scale" and words:
            return _on_scale(words, value, type_.words)
        case Words(words) | Texts(words, True) if len(words) == 1:
            (only,) = words
            return Gap("beside", only)
        case _:
            return None


def _from_spans(region: Spans, value: Number, type_: Type) -> Gap | None:
    at = bisect_right(region.cuts, (value, 0))
    below = _limit(region.cuts[at - 1], value, type_, "above") if at else None
    above = _limit(region.cuts[at], value, type_, "below") if at < len(region.cuts) else None
    if below is None or above is None:
        return below or above
    assert below.by is not None and above.by is not None
    return below if below.by <= above.by else above


def _limit(cut: Cut, value: Number, type_: Type, side: Literal["above", "below"]) -> Gap:
    """Return the gap to a cut: below it lies the region where the value is *above*, and the other way round."""
    limit, after = cut
    reached = bool(after) if side == "above" else not after
    if not reached and type_.kind in DISCRETE:
        limit, reached = (limit - 1 if side == "above" else limit), True
    return Gap(side, limit, exact(abs(Fraction(value) - limit)), reached)


def _on_scale(words: frozenset[Value], value: Value, scale: tuple[str, ...]) -> Gap:
    place = {word: at for at, word in enumerate(scale)}
    at = place[str(value)]
    nearest = min((place[str(word)] for word in words), key=lambda other: abs(other - at))
    return Gap("above" if nearest < at else "below", scale[nearest], abs(nearest - at))


def nearest_in(region: Region, value: Value | None, type_: Type) -> Value | None:
    """
    Return the value of *region* nearest to *value* (where that is None, to an ordinary one); None where none can be made up.

    Past a threshold that is not reached itself, that is the next minor unit, second or one, or half-way to the other end.

    >>> from evenhand.rules.regions import compared
    >>> nearest_in(compared(">", 5_000, Type("money")), 450, Type("money"))
    5001
    """
    if isinstance(region, Spans):
        start = value if isinstance(value, int | Fraction) else _START.get(type_.kind, 0)
        if contains(region, start):
            return start
        missed = gap_to(region, start, type_)
        return None if missed is None else _reached(region, missed)
    words = [word for word in type_.domain if word in region.words] or sorted(region.words, key=str)
    if isinstance(region, Texts) and not region.inside:
        other = "another text"
        while other in region.words:
            other += "!"
        return other
    if type_.kind == "scale" and value in type_.words and words:
        at = type_.words.index(str(value))
        return min(words, key=lambda word: abs(type_.words.index(str(word)) - at))
    return words[0] if words else None


def _reached(region: Spans, missed: Gap) -> Value | None:
    """Return the value at a limit, or just past one that must not be reached."""
    limit = missed.limit
    assert isinstance(limit, int | Fraction)
    if missed.reached:
        return limit
    past = limit + (1 if missed.side == "below" else -1)
    if contains(region, past):
        return past
    at = bisect_right(region.cuts, (limit, 1 if missed.side == "below" else 0))
    other = region.cuts[at if missed.side == "below" else at - 2]
    return exact(Fraction(limit + other[0]) / 2)
