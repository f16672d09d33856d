"""Moments: whole milliseconds since 1970 in UTC, and how they are written."""

from __future__ import annotations

import datetime as dt
from typing import Final

#: The beginning of 1970 in UTC.
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)


def milliseconds(moment: dt.datetime) -> int:
    """
    Return a moment as whole milliseconds since 1970 in UTC, what is finer cut off; one without a time zone is in UTC.

    >>> milliseconds(dt.datetime(1970, 1, 1, 0, 0, 1))
    1000
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - EPOCH) // _MILLISECOND


#: The first and the last moment that there are: the years 1 to 9999.
FIRST_MOMENT: Final = -62_135_596_800_000
LAST_MOMENT: Final = 253_402_300_799_999


def moment_of(at: int) -> dt.datetime:
    """Return a moment from milliseconds since 1970, in UTC."""
    return EPOCH + at * _MILLISECOND


def moment_text(at: int) -> str:
    """
    Write a moment as ISO 8601 has it, in UTC.

    >>> moment_text(1795168800000), moment_text(1795168800250)
    ('2026-11-20T10:00:00Z', '2026-11-20T10:00:00.250Z')
    """
    exactly = "milliseconds" if at % 1000 else "seconds"
    return moment_of(at).isoformat(timespec=exactly).removesuffix("+00:00") + "Z"


def read_moment(given: object) -> int:
    """
    Read a moment: a datetime, a date, or either as ISO 8601 has it.

    A day stands for its beginning; what has no time zone is in UTC.

    Raises:
        ValueError: If it is none, or lies outside the years 1 to 9999.
        TypeError: If it is something else altogether.

    >>> read_moment("2026-11-20T11:00:00+01:00"), read_moment(dt.date(2026, 11, 20))
    (1795168800000, 1795132800000)
    """
    if isinstance(given, str):
        given = dt.datetime.fromisoformat(given)
    if isinstance(given, dt.date) and not isinstance(given, dt.datetime):
        given = dt.datetime.combine(given, dt.time.min)
    if not isinstance(given, dt.datetime):
        raise TypeError("it is no moment")
    at = milliseconds(given)
    # In UTC the first day may belong to the year before, and the last to 10000.
    if not FIRST_MOMENT <= at <= LAST_MOMENT:
        raise ValueError("this lies outside the years 1 to 9999")
    return at
