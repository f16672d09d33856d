"""Deadlines in business hours: nights, weekends, holidays, breaks, and days on which the clock changes."""

from __future__ import annotations

import datetime as dt

import pytest

from evenhand.engine.cases.business_time import deadline
from evenhand.rules.case_tree import Calendar
from evenhand.rules.moments import milliseconds, moment_of

HOUR = 3600
OFFICE = Calendar(
    "America/New_York",
    {**dict.fromkeys(range(5), ((540, 720), (780, 1020))), 6: ((0, 1440),)},
    frozenset({dt.date(2026, 11, 26)}),
)
ROUND_THE_CLOCK = Calendar("America/New_York", dict.fromkeys(range(7), ((0, 1440),)), frozenset())


def due(start: str, hours: float, calendar: Calendar | None = OFFICE) -> str | None:
    found = deadline(milliseconds(dt.datetime.fromisoformat(start)), int(hours * HOUR), calendar)
    return None if found is None else moment_of(found).isoformat(timespec="minutes").removesuffix("+00:00")


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-11-20T15:00:00+00:00", 1, "2026-11-20T16:00"),  # ten o'clock there
        ("2026-11-20T15:00:00+00:00", 3, "2026-11-20T19:00"),  # past the break at noon
        ("2026-11-20T02:00:00+00:00", 1, "2026-11-20T15:00"),  # at night: from nine o'clock on
        ("2026-11-20T21:00:00+00:00", 2, "2026-11-22T06:00"),  # Friday at four: on Sunday, which is open all day
        ("2026-11-20T21:00:00+00:00", 1, "2026-11-20T22:00"),  # the end of the day is still that day
        ("2026-11-25T21:30:00+00:00", 1, "2026-11-27T14:30"),  # the day between is a holiday
        ("2026-03-08T06:00:00+00:00", 2, "2026-03-08T08:00"),  # the clock goes forward at two
        ("2026-11-01T04:00:00+00:00", 24, "2026-11-02T04:00"),  # a Sunday of 25 hours
    ],
)
def test_only_business_hours_count(start: str, hours: float, expected: str) -> None:
    assert due(start, hours) == expected


@pytest.mark.parametrize(
    ("zone", "hours", "start", "length", "expected"),
    [
        # The clock leaps from two to three: who closes at half past two closes at the leap, and half an hour is not counted twice.
        ("Europe/Berlin", ((0, 150), (180, 720)), "2026-03-28T23:00:00+00:00", 3, "2026-03-29T02:00"),
        ("Europe/Berlin", ((130, 150),), "2026-03-28T23:00:00+00:00", 0.25, "2026-04-05T00:25"),
        ("Africa/Casablanca", ((0, 150), (180, 720)), "2026-03-22T00:00:00+00:00", 3, "2026-03-22T03:00"),
        # By half an hour only, and at midnight, which does not come on that day.
        ("Australia/Lord_Howe", ((120, 135), (150, 600)), "2026-10-03T13:30:00+00:00", 1, "2026-10-03T16:30"),
        ("America/Santiago", ((30, 90),), "2026-09-06T03:00:00+00:00", 0.5, "2026-09-06T04:30"),
        # A day that was left out altogether, between two of which it has the hours.
        ("Pacific/Apia", ((540, 1020),), "2011-12-30T10:00:00+00:00", 9, "2011-12-31T20:00"),
    ],
)
def test_a_time_that_the_clock_leaps_over_is_when_it_leaps(
    zone: str, hours: tuple[tuple[int, int], ...], start: str, length: float, expected: str
) -> None:
    days = dict.fromkeys(range(7) if zone == "Pacific/Apia" else (6,), hours)
    assert due(start, length, Calendar(zone, days, frozenset())) == expected


def test_hours_that_are_always_open_are_hours() -> None:
    """Through a whole year, both changes of the clock and a leap day included."""
    start = dt.datetime(2027, 12, 25, tzinfo=dt.UTC)
    for step in range(0, 24 * 370, 97):
        begun = (start + dt.timedelta(hours=step)).isoformat()
        assert due(begun, 31, ROUND_THE_CLOCK) == due(begun, 31, None)


def test_a_deadline_beyond_a_hundred_years_is_none() -> None:
    hardly_ever = Calendar("Europe/London", {0: ((540, 541),)}, frozenset())
    assert due("2026-11-20T15:00:00+00:00", 24 * 365, hardly_ever) is None


def test_a_deadline_after_the_last_year_is_none() -> None:
    assert due("9999-12-30T00:00:00+00:00", 47, None) == "9999-12-31T23:00"
    assert due("9999-12-30T00:00:00+00:00", 48, None) is None
    assert due("2026-11-20T00:00:00+00:00", 10**12, None) is None
