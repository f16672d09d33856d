"""Deadlines: so long from now, or so long while the business is open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from ...rules.case_tree import Calendar
from ...rules.moments import LAST_MOMENT, milliseconds, moment_of
from ...rules.types import Number

#: How many days a deadline in business hours is followed; beyond it there is none.
MOST_DAYS: Final = 36_525


def deadline(start: int, within: Number, calendar: Calendar | None = None) -> int | None:
    """
    Return when a length of time is over, both moments in milliseconds since 1970; None where no moment is so late.

    *within* is in seconds. With a *calendar* only its business hours count, and a hundred years are followed; a deadline that falls
    on the end of a day is there, not at the beginning of the next.

    >>> office = Calendar("Europe/London", {day: ((540, 1020),) for day in range(5)}, frozenset())
    >>> friday = milliseconds(dt.datetime(2026, 11, 20, 16))
    >>> moment_of(deadline(friday, 2 * 3600, office)).isoformat()
    '2026-11-23T10:00:00+00:00'
    """
    left = int(within * 1000)
    if calendar is None:
        return start + left if start + left <= LAST_MOMENT else None
    for opens, closes in _open_spans(start, calendar):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    return None


def _open_spans(start: int, calendar: Calendar) -> Iterator[tuple[int, int]]:
    """Yield the spans from a moment on in which the business is open, in milliseconds since 1970."""
    zone = ZoneInfo(calendar.time_zone)
    try:
        day = moment_of(start).astimezone(zone).date()
        for _ in range(MOST_DAYS):
            for first, last in calendar.hours.get(day.weekday(), ()) if day not in calendar.holidays else ():
                opens, closes = _at(day, first, zone), _at(day, last, zone)
                if closes > max(opens, start):
                    yield max(opens, start), closes
            day += dt.timedelta(days=1)
    except OverflowError:
        return


def _at(day: dt.date, minutes: int, zone: ZoneInfo) -> int:
    """
    Return when so many minutes after midnight are on the clock of a time zone; 1,440 are the next midnight.

    A time that the clock leaps over is there when it leaps; of one that comes twice, the first counts.
    """
    days, minutes = divmod(minutes, 24 * 60)
    moment = dt.datetime.combine(day + dt.timedelta(days=days), dt.time(*divmod(minutes, 60)), zone)
    other = moment.replace(fold=1)
    # Where the clock leaps over a time, its two readings stand on either side of the leap, the second reading before it.
    return milliseconds(moment) if milliseconds(other) >= milliseconds(moment) else _leap(other, moment)


def _leap(before: dt.datetime, after: dt.datetime) -> int:
    """Return when between two moments the clock of their time zone leaps."""
    early, late = milliseconds(before), milliseconds(after)
    offset = moment_of(early).astimezone(before.tzinfo).utcoffset()
    while late - early > 1:
        middle = (early + late) // 2
        if moment_of(middle).astimezone(before.tzinfo).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late
