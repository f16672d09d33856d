"""What an extending policy does to plans, patterns, replies, business hours and watching: inherit, replace, switch off."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_policies import BASE, OWN, loaded

from evenhand import Policy, PolicyError
from evenhand.rules.case_tree import CaseTree

EMPTY = '[policy]\nid = "own"\nextends = ["./base.toml"]\n'


def case_of(folder: Path, own: str = OWN) -> CaseTree:
    return loaded(folder, own).tree.case


def refused(folder: Path, own: str) -> list[tuple[str, str]]:
    with pytest.raises(PolicyError) as caught:
        loaded(folder, own)
    return [(found.code, found.suggestion) for found in caught.value.diagnostics]


def test_everything_is_inherited_but_stories(tmp_path: Path) -> None:
    """Stories are the owner's own, as tests are."""
    case = case_of(tmp_path, EMPTY)
    base = Policy.load(tmp_path / "base.toml").tree.case
    assert case.stories == () and base.stories
    assert (case.plans, case.patterns, case.replies) == (base.plans, base.patterns, base.replies)
    assert (case.calendar, case.monitoring, case.events, case.duties) == (
        base.calendar,
        base.monitoring,
        base.events,
        base.duties,
    )
    assert case.replies is not None and case.calendar is not None and case.monitoring is not None


def test_a_pattern_is_replaced_by_its_id_and_switched_off_with_a_reason(tmp_path: Path) -> None:
    policy = loaded(tmp_path)
    patterns = {pattern.id: pattern for pattern in policy.tree.case.patterns}
    assert list(patterns) == ["silence", "pile-on"]
    assert patterns["silence"].title == "Nobody answered"
    assert patterns["silence"].elements[-1].absent_for == 4 * 3600
    assert [switch.id for switch in policy.tree.switched_off] == ["bank", "bank-twice"]


def test_a_pattern_that_others_wait_for_cannot_be_switched_off_alone(tmp_path: Path) -> None:
    off = '[[pattern]]\nid = "bank"\nenabled = false\nbecause = "it does not tell us"\n'
    assert refused(tmp_path, EMPTY + off) == [("unknown-pattern", "")]


def test_switching_off_takes_a_reason_and_a_pattern_that_there_is(tmp_path: Path) -> None:
    off = '[[pattern]]\nid = "silnce"\nenabled = false\n'
    assert sorted(refused(tmp_path, EMPTY + off)) == [("switch-without-reason", ""), ("unknown-rule", "silence")]


def test_a_plan_is_replaced_whole(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    assert [step.within for step in case.plans["stock"].steps] == [600]
    assert case.plans["stock"].steps[0].title == ""
    assert [step.do for step in case.plans["calm"].steps] == ["listen", "thank", "propose"]


def test_a_plan_that_loses_a_step_that_others_need_is_refused(tmp_path: Path) -> None:
    plan = '[plans.stock]\n[[plans.stock.steps]]\ndo = "look-on-shelf"\n'
    assert refused(tmp_path, EMPTY + plan) == [("unknown-step", "look-on-shelf")]


def test_limits_of_replies_are_merged_key_by_key_and_bans_by_id(tmp_path: Path) -> None:
    replies = case_of(tmp_path).replies
    assert replies is not None
    assert (replies.longest, replies.most, replies.cool_off) == (280, 2, 1800)
    assert [(ban.id, ban.phrases, ban.patterns) for ban in replies.bans] == [
        ("threatens", ("my lawyer", "my brother"), ()),
        ("admits-liability", ("our fault", "we are liable"), ()),
    ]


def test_the_first_calendar_and_the_first_monitoring_count_whole(tmp_path: Path) -> None:
    calendar = case_of(tmp_path).calendar
    assert calendar is not None
    assert (calendar.time_zone, calendar.hours[5], len(calendar.holidays)) == ("America/New_York", ((600, 840),), 2)
    own = EMPTY + '[monitoring]\nwhen = "walk_away = ban"\nlength = "2 days"\nreopen = "injury"\n'
    monitoring = case_of(tmp_path, own).monitoring
    assert monitoring is not None
    assert (monitoring.text, monitoring.length, monitoring.reopen_text) == ("walk_away = ban", 172_800, "injury")


def test_hours_of_an_extended_duty_are_those_of_the_calendar_that_counts(tmp_path: Path) -> None:
    """A duty of business hours without a calendar is an error; the extending policy may bring the calendar."""
    without = BASE[: BASE.index("[calendar]")] + BASE[BASE.index("[events.chargeback") :]
    with pytest.raises(PolicyError) as caught:
        loaded(tmp_path, EMPTY, without)
    assert {found.code for found in caught.value.diagnostics} == {"no-calendar"}
    own = EMPTY + '[calendar]\ntime_zone = "UTC"\nopen = { every_day = "00:00-24:00" }\n'
    assert loaded(tmp_path, own, without).tree.case.duties["call-owner"].hours == "business"


def test_what_a_duty_says_is_replaced_with_the_duty(tmp_path: Path) -> None:
    duties = case_of(tmp_path).duties
    assert (duties["tell-insurer"].hours, duties["tell-insurer"].discharged_by) == (
        "business",
        ("insurer_notified", "evidence_added"),
    )
    own = EMPTY + '[obligations.tell-insurer]\ntitle = "Tell them"\n'
    assert case_of(tmp_path, own).duties["tell-insurer"].discharged_by == ()


def test_a_kind_of_event_is_replaced_and_patterns_ask_for_its_new_fields(tmp_path: Path) -> None:
    assert list(case_of(tmp_path).events["shelf_checked"].fields) == ["found", "by"]
    own = EMPTY + '[events.chargeback_opened]\nfields = { sum = "money", reason = "text" }\n'
    assert [code for code, _ in refused(tmp_path, own)] == ["unknown-field", "unquoted-text"]
    same = own.replace("sum =", "amount =").replace('reason = "text"', 'reason = { one_of = ["fraud", "other"] }')
    assert case_of(tmp_path, same).events["chargeback_opened"].title == "Chargeback opened"
