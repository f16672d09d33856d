"""The pass over stories: cases as the owner tells them, with what must hold after each event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from .case_events import check_kind
from .case_tree import CaseTree, Entry, Story
from .case_uses import spoken_of
from .cases import Expectations, check_expectations, take_over
from .compose import Part
from .declare import Work
from .describe import described, shown
from .diagnostics import FactError, Place, nearest
from .event_reading import read_event
from .given import read_given
from .lengths import read_length
from .quantities import QuantityError, parse_duration
from .takes import tables_in

#: When a story begins that does not say when.
OPENED: Final = dt.datetime(2026, 1, 5, 10, tzinfo=dt.UTC)
#: What a case may be.
STATUSES: Final = ("open", "monitored", "closed")
#: What may have become of something that is owed.
OWED: Final = ("open", "done", "breached", "withdrawn")
#: What is no field of a line's event.
_APART: Final = frozenset({"after", "kind", "expect"})


def check_stories(work: Work) -> None:
    """Read every story, its events and what it expects."""
    names: set[str] = set()
    expected = _expectations(work)
    for part in work.draft.stories:
        if part.id and part.id in names:
            work.findings.report("duplicate-id", part.place.inside("name"), kind="story", id=part.id)
        names.add(part.id)
        given = part.raw.get("given", {})
        if isinstance(given, dict):
            try:
                read_given(given, work.facts, work.currencies, place=part.place.inside("given"))
            except FactError as error:
                take_over(work.findings, error)
        own = _with_promises(expected, part)
        expect = _expect(work, part.raw, own, part.place)
        entries = tuple(_entries(work, part, own))
        opened = part.raw.get("opened")
        began = opened if isinstance(opened, dt.datetime) else OPENED
        if isinstance(given, dict):
            work.stories.append(Story(part.id, began, given, entries, expect, part.origin))


def _expectations(work: Work) -> Expectations:
    """Return what a line of a story may expect: what tests may, and what there is in cases alone."""
    base = Expectations.of(work)
    steps = frozenset(step.do for plan in work.plans.values() for step in plan.steps)
    obligations = base.ids["obligations"]
    more = {
        "patterns": frozenset(pattern.id for pattern in work.patterns),
        "next_steps": steps,
        **dict.fromkeys(OWED, obligations | steps),
    }
    return attrs.evolve(base, ids={**base.ids, **more})


def _with_promises(expected: Expectations, part: Part) -> Expectations:
    """Return what the lines of one story may expect: the promises that it makes by name may be owed as well."""
    made = frozenset(
        line["promise"]
        for line in tables_in(part.raw.get("events"))
        if line.get("kind") == "promise_made" and isinstance(line.get("promise"), str) and line["promise"]
    )
    owed = {name: expected.ids[name] | made for name in OWED}
    return attrs.evolve(expected, ids={**expected.ids, **owed})


def _entries(work: Work, part: Part, expected: Expectations) -> Iterator[Entry]:
    before: Any = 0
    for index, raw in enumerate(tables_in(part.raw.get("events"))):
        place = part.place.inside("events", index)
        after = _after(work, raw, place)
        if after is not None and after < before:
            work.findings.report("story-goes-back", place.inside("after"), text=shown(raw["after"]))
        before = max(before, after or 0)
        expect = _expect(work, raw, expected, place)
        fields = {name: value for name, value in raw.items() if name not in _APART}
        if "kind" not in raw and not fields:
            # A line that only waits, to say what holds by then.
            yield Entry(after or 0, {}, expect, attrs.evolve(part.origin, path=place.path))
            continue
        if "kind" not in raw:
            work.findings.report("missing-key", place, key="kind", table="story.events", about="what has happened")
            continue
        kind = check_kind(work, raw["kind"], place.inside("kind"))
        if kind is None:
            continue
        if kind.id == "case_opened":
            work.findings.report("opened-twice", place.inside("kind"), began="with the story")
            continue
        if kind.by_engine:
            work.findings.report("event-by-engine", place.inside("kind"), kind=kind.id)
            continue
        read_event(kind, fields, work.facts, work.currencies, work.findings, place)
        yield Entry(after or 0, {"kind": kind.id, **fields}, expect, attrs.evolve(part.origin, path=place.path))


def _after(work: Work, raw: Mapping[str, Any], place: Place) -> Any:
    written = raw.get("after")
    if written is None:
        return 0
    if not isinstance(written, str):
        facts = {"key": "after", "wanted": 'a length of time like "2h"', "found": described(written)}
        work.findings.report("wrong-kind", place.inside("after"), **facts)
        return None
    try:
        if parse_duration(written) == 0:
            return 0
    except QuantityError:
        pass
    return read_length(work, written, place.inside("after"))


def _expect(work: Work, raw: Mapping[str, Any], expected: Expectations, place: Place) -> Mapping[str, object]:
    expect = raw.get("expect", {})
    at = place.inside("expect")
    if not isinstance(expect, dict):
        work.findings.report("wrong-kind", at, key="expect", wanted="a table", found=described(expect))
        return {}
    facts, status = expect.get("facts", {}), expect.get("status", "open")
    if isinstance(facts, dict):
        try:
            read_given(facts, work.facts, work.currencies, place=at.inside("facts"))
        except FactError as error:
            take_over(work.findings, error)
    else:
        work.findings.report("wrong-kind", at.inside("facts"), key="facts", wanted="a table", found=described(facts))
    if status not in STATUSES:
        suggestion = nearest(shown(status), STATUSES)
        named = {"id": shown(status), "kind": "status"}
        work.findings.report("unknown-expectation", at.inside("status"), suggestion=suggestion, **named)
    rest = {name: value for name, value in expect.items() if name not in ("facts", "status")}
    check_expectations(work, rest, expected, at)
    return expect


def case_tree(work: Work) -> CaseTree:
    """Return everything that the policy says of cases."""
    return CaseTree(
        work.events,
        work.plans,
        tuple(work.patterns),
        work.replies,
        work.calendar,
        work.monitoring,
        work.duties,
        tuple(work.stories),
        spoken_of(work),
    )
