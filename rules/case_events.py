"""The passes over kinds of events, business hours and what discharges a duty."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

import attrs

from .case_tree import Calendar, Duty, EventKind
from .compose import Part
from .declare import Work, check_name
from .describe import shown
from .diagnostics import Place, nearest
from .event_kinds import EVENT_KINDS
from .takes import fits, tables_in, texts_in
from .types import NAMED_TYPES, Fact, Type

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Names for several days at once.
_SEVERAL: Final = {"weekdays": range(5), "weekend": range(5, 7), "every_day": range(7)}
_SPAN = re.compile(r"\s*(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)\s*\Z")
_A_DAY: Final = 24 * 60
#: What an event has beside the fields of its kind.
RESERVED_FIELDS: Final = frozenset({"at", "after", "kind", "facts", "expect", "key", "seq", "case"})


def declare_events(work: Work) -> None:
    """Take the built-in kinds of events and the owner's own."""
    work.events.update(EVENT_KINDS)
    for name, part in work.draft.events.items():
        check_name(work, name, part, "kind of event")
        if name in EVENT_KINDS:
            place = attrs.evolve(part.place, key=True)
            work.findings.report("name-clash", place, name=name, kind="kind of event", other="built-in kind of event")
            continue
        fields = dict(_fields(work, part))
        title = str(part.raw.get("title", "")) or name.replace("_", " ").capitalize()
        about = str(part.raw.get("about", ""))
        work.events[name] = EventKind(name, title, about, fields, origin=part.origin)


def _fields(work: Work, part: Part) -> Iterator[tuple[str, Fact]]:
    raw = part.raw.get("fields")
    for name, kind in (raw if isinstance(raw, dict) else {}).items():
        place = part.place.inside("fields", name)
        field = Part(name, part.raw, attrs.evolve(part.origin, path=place.path))
        if "." in name or name in RESERVED_FIELDS:
            at = attrs.evolve(place, key=True)
            work.findings.report("reserved-name", at, kind="field", name=shown(name))
            continue
        check_name(work, name, field, "field")
        type_ = _type(kind)
        if type_ is None:
            work.findings.report("unknown-type", place, suggestion=nearest(shown(kind), NAMED_TYPES), type=shown(kind))
        else:
            yield name, Fact(name, type_, unit="hours" if type_.kind == "duration" else "")


def _type(raw: object) -> Type | None:
    """Return the type of a field: a name, or words in order or in none."""
    if isinstance(raw, str):
        return NAMED_TYPES.get(raw)
    if isinstance(raw, dict) and len(raw) == 1:
        ((key, words),) = raw.items()
        if key in ("scale", "one_of") and fits(words, "list of text") and len(set(words)) == len(words) >= 2:
            return Type("scale" if key == "scale" else "text", tuple(words))
    return None


def check_duties(work: Work) -> None:
    """Read in which hours duties run, which events and steps discharge them, and whether they outlast their decision."""
    steps = _steps_of_layers(work)
    for name, part in work.draft.obligations.items():
        hours = part.raw.get("hours", "all")
        place = part.place.inside("hours")
        if hours not in ("all", "business"):
            facts = {"fact": "hours", "text": shown(hours), "expected": "`all` or `business`"}
            if isinstance(hours, str):
                why = "it is neither"
                work.findings.report(
                    "bad-value", place, suggestion=nearest(hours, ("all", "business")), why=why, **facts
                )
            hours = "all"
        elif hours == "business" and work.draft.calendar is None:
            work.findings.report("no-calendar", place, id=name)
        kinds = part.raw.get("discharged_by", [])
        found = texts_in(kinds)
        for index, kind in enumerate(found):
            if kind not in steps:
                check_kind(work, kind, part.place.inside("discharged_by", index))
        lasting = part.raw.get("lasting") is True
        work.duties[name] = Duty("business" if hours == "business" else "all", found, lasting)


def _steps_of_layers(work: Work) -> set[str]:
    """Return the steps of every plan, of those that an extending policy replaces too: what it builds on may name them."""
    found: set[str] = set()
    for layer in work.draft.layers:
        plans = layer.values.get("plans")
        for plan in plans.values() if isinstance(plans, dict) else ():
            steps = plan.get("steps") if isinstance(plan, dict) else None
            found |= {step["do"] for step in tables_in(steps) if isinstance(step.get("do"), str)}
    return found


def check_kind(work: Work, kind: object, place: Place) -> EventKind | None:
    """Return the kind of event of that name; one that there is not is reported."""
    found = work.events.get(kind) if isinstance(kind, str) else None
    if found is None:
        work.findings.report("unknown-event", place, suggestion=nearest(shown(kind), work.events), kind=shown(kind))
    return found


# --- business hours --------------------------------------------------------------------------------------------------


def check_calendar(work: Work) -> None:
    """Read the business hours."""
    part = work.draft.calendar
    if part is None:
        return
    zone = part.raw.get("time_zone")
    if isinstance(zone, str) and not is_time_zone(zone):
        place = part.place.inside("time_zone")
        work.findings.report("unknown-time-zone", place, suggestion=_zone_meant(zone), zone=shown(zone))
        zone = None
    written = part.raw.get("open")
    raw = written if isinstance(written, dict) else {}
    sound = True
    hours: dict[int, tuple[tuple[int, int], ...]] = {}
    for name, text in raw.items():
        days = _SEVERAL.get(name) or ([WEEKDAYS.index(name)] if name in WEEKDAYS else None)
        place = part.place.inside("open", name)
        if days is None:
            sound = False
            known = [*WEEKDAYS, *_SEVERAL]
            work.findings.report(
                "unknown-day", attrs.evolve(place, key=True), suggestion=nearest(name, known), name=name
            )
            continue
        spans = read_spans(text)
        if spans is None:
            sound = False
            work.findings.report("bad-hours", place, text=shown(text))
            continue
        # A day by its own name counts more than `weekdays`, whichever stands first.
        hours.update({day: spans for day in days if name in WEEKDAYS or WEEKDAYS[day] not in raw})
    holidays = part.raw.get("holidays", [])
    days_off = frozenset(holidays) if fits(holidays, "list of dates") else frozenset[dt.date]()
    if isinstance(zone, str) and any(hours.values()):
        work.calendar = Calendar(zone, hours, days_off, part.origin)
    elif isinstance(zone, str) and isinstance(written, dict) and sound:
        work.findings.report("never-open", part.place.inside("open"))


def is_time_zone(name: str) -> bool:
    """Whether a time zone of that name is known."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _zone_meant(zone: str) -> str:
    from zoneinfo import available_timezones

    known = sorted(available_timezones())
    city = zone.strip().replace(" ", "_").lower()
    return next((name for name in known if name.lower().endswith(f"/{city}")), "") or nearest(zone, known)


def read_spans(text: object) -> tuple[tuple[int, int], ...] | None:
    """
    Return spans of a day in minutes after midnight, in order; None where they are none, or overlap.

    >>> read_spans("09:00-12:30, 13:30-17:00")
    ((540, 750), (810, 1020))
    """
    if not isinstance(text, str):
        return None
    found: list[tuple[int, int]] = []
    for piece in text.split(","):
        match = _SPAN.match(piece)
        if match is None:
            return None
        start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if int(match[2]) > 59 or int(match[4]) > 59 or not start < end <= _A_DAY or (found and start < found[-1][1]):
            return None
        found.append((start, end))
    return tuple(found)
