"""What the packs of a jurisdiction say of cases: each deadline is told of in a story, and each ban finds its own words."""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest

from evenhand import Policy
from evenhand.engine.cases.business_time import deadline
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import Progress
from evenhand.engine.cases.replies import check_reply
from evenhand.engine.cases.stories import Telling, tell_stories
from evenhand.rules.load import shipped_packs
from evenhand.rules.moments import milliseconds, moment_of
from evenhand.rules.tree import Origin

JURISDICTIONS = ("uk", "us")
NOW = milliseconds(dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC))


@cache
def pack(name: str) -> Policy:
    return Policy.load(name)


@cache
def told(name: str) -> tuple[Telling, ...]:
    return tuple(tell_stories(pack(name)))


def is_own(origin: Origin, name: str) -> bool:
    return origin.document.endswith(f"{name}.toml")


@pytest.mark.parametrize("name", JURISDICTIONS)
def test_every_deadline_is_met_with_in_a_story_and_missed_in_one(name: str) -> None:
    own = {id_ for id_, duty in pack(name).tree.obligations.items() if is_own(duty.origin, name) and duty.within}
    assert len(own) >= 8
    missed = {entry.id for telling in told(name) for entry in telling.progress.ledger if entry.state == "breached"}
    assert own <= missed


@pytest.mark.parametrize("name", JURISDICTIONS)
def test_stories_follow_the_plan_for_injuries_its_red_line_and_the_watching(name: str) -> None:
    """What the house brings is told again where the law differs."""
    steps = {step for telling in told(name) for step in telling.progress.facts.steps_done}
    found = {match.pattern for telling in told(name) for match in telling.progress.matches}
    statuses = {moment.status for telling in told(name) for moment in telling.progress.moments}
    assert "care" in steps
    assert {"insurer-told"} < found
    assert found & {pattern.id for pattern in pack(name).tree.case.patterns if pattern.forbidden}
    assert "monitored" in statuses


@pytest.mark.parametrize("name", [name for name in shipped_packs() if pack(name).tree.case.replies is not None])
def test_every_phrase_that_is_not_for_us_to_say_is_found_and_what_to_say_instead_is_not(name: str) -> None:
    policy = pack(name)
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    progress.take(Event(1, NOW, "case_opened", {}))
    replies = policy.tree.case.replies
    assert replies is not None
    for ban in replies.bans:
        for phrase in ban.phrases:
            found = check_reply(progress, f"Well, {phrase}, as you know.", NOW)
            assert ban.id in {objection.ban for objection in found}, phrase
        assert not [objection for objection in check_reply(progress, ban.instead, NOW) if objection.ban], ban.instead


def test_business_hours_of_the_united_kingdom_pass_over_christmas() -> None:
    """Three days of eight hours that begin on the Tuesday before end on the Tuesday after: 25 and 28 December are holidays."""
    calendar = pack("uk").tree.case.calendar
    assert calendar is not None
    start = milliseconds(dt.datetime(2026, 12, 22, 15, tzinfo=dt.UTC))
    found = deadline(start, 24 * 3600, calendar)
    assert found is not None
    assert moment_of(found) == dt.datetime(2026, 12, 29, 15, tzinfo=dt.UTC)
    assert all(day.weekday() < 5 for day in calendar.holidays)  # because those on a weekend are made up for
