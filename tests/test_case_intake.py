"""What people hand in: the same in memory and in a store, or refused with all that is wrong with it."""

from __future__ import annotations

import datetime as dt
import enum
import json
import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from chooser import Chooser
from hypothesis import given, strategies as st
from random_incidents import make_incident
from random_policies import make_policy
from test_case import BEGAN, Clock

from evenhand import AnyOf, Between, Incident, Money, Policy, Virality
from evenhand.engine.cases.case import Case, EventProblems
from evenhand.engine.cases.intake import opening
from evenhand.engine.cases.keeping import as_kept
from evenhand.engine.cases.orders import try_orders
from evenhand.rules.given import read_given
from evenhand.rules.moments import FIRST_MOMENT, LAST_MOMENT, moment_of, moment_text, read_moment

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
POLICY = """
[policy]
id = "shop"
[facts]
born = { type = "date" }
seen = { type = "datetime" }
score = { type = "number" }
[events.sold]
fields = { price = "money", weight = "number", pieces = "integer", took = "duration", on = "date", at_noon = "datetime", \
who = "list of text", size = { one_of = ["S", "M"] }, gift = "boolean" }
"""


class Size(enum.StrEnum):
    SMALL = "S"


class Count(enum.IntEnum):
    TWO = 2


SOLD: dict[str, Any] = {
    "price": Decimal("4.50"),
    "weight": Fraction(1, 8),
    "pieces": Count.TWO,
    "took": dt.timedelta(hours=1, microseconds=5),
    "on": dt.date(2026, 11, 20),
    "at_noon": dt.datetime(2026, 11, 20, 12, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    "who": ("ann", "ben"),
    "size": Size.SMALL,
    "gift": True,
}
FACTS: dict[str, Any] = {
    "loss": Money.parse("3 USD"),
    "paid": Between(Decimal("1.5"), 2),
    "abuse": AnyOf("rude", "hostile"),
    "virality": Virality(views=1_000),
    "history.months_known": 3,
    "exchange": {"hours_open": dt.timedelta(days=2), "steps_done": ("listen",)},
    "born": dt.date(1990, 2, 28),
    "seen": dt.datetime(2026, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001 because it means UTC
    "score": Decimal("1E+3"),
}


#: Of any type, because an incident is not meant to have one.
THIRD: Any = Fraction(1, 3)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(POLICY)


def test_a_case_in_memory_and_one_in_a_store_say_the_same(policy: Policy, tmp_path: Path) -> None:
    """Whatever was handed in; and again when the store is read by somebody else."""
    pytest.importorskip("sqlalchemy", reason="the store needs SQLAlchemy: install `evenhand[cases]`")
    from evenhand.engine.cases.store import open_store

    with open_store(tmp_path / "cases.db") as store:
        cases = [Case.open(policy, "c", FACTS, store=it, clock=Clock()) for it in (None, store)]
        for case in cases:
            first = case.record("sold", key="one", **SOLD)
            assert case.record("sold", key="one", **SOLD).repeated
            assert not first.repeated
        cases.append(Case.load(policy, "c", store, clock=Clock()))
        for case in cases[1:]:
            assert (case.events, case.facts, case.timeline) == (cases[0].events, cases[0].facts, cases[0].timeline)
    assert cases[0].facts["seen"] == dt.datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC)
    assert cases[0].events[1].raw == {
        "price": "4.50",
        "weight": "0.125",
        "pieces": 2,
        "took": "3_600.000005s",
        "on": "2026-11-20",
        "at_noon": "2026-11-20T12:00:00+02:00",
        "who": ["ann", "ben"],
        "size": "S",
        "gift": True,
    }


def test_what_was_recorded_stays_as_it_was(policy: Policy) -> None:
    """Whoever hands in tables and lists may go on using them; the log is the case's."""
    began: dict[str, Any] = {"virality": {"views": 3}}
    facts: dict[str, Any] = {"injury": True, "virality": {"views": 5}}
    who = ["ann"]
    case = Case.open(policy, "c", began, at=BEGAN, clock=Clock())
    case.record("fact_learned", facts=facts, at=BEGAN)
    case.record("sold", who=who, at=BEGAN)
    before = [event.to_json() for event in case.events]
    began["virality"]["views"] = facts["virality"]["views"] = 99
    facts["injury"] = False
    who.append("ben")
    assert [event.to_json() for event in case.events] == before


def test_an_incident_is_read_from_a_log_as_it_was_handed_in() -> None:
    for seed in range(max(CASES // 100, 3)):
        choose = Chooser.seeded(seed)
        made = make_policy(choose)
        facts, currencies = made.policy.tree.facts, made.policy.currencies
        for _ in range(20):
            incident = make_incident(choose, made.kinds)
            kept = json.loads(json.dumps(as_kept(incident)))
            assert read_given(kept, facts, currencies) == read_given(incident, facts, currencies), incident


def test_what_json_has_is_kept_as_it_is() -> None:
    facts = {"loss": 4.5, "abuse": "rude", "steps": ["listen"], "injury": None, "deep": {"a": [1, {"b": True}]}}
    assert as_kept(facts) is facts


def test_what_no_decimal_says_exactly_is_refused_at_once(policy: Policy) -> None:
    """Otherwise the log would say something else than what was decided on."""
    case = Case.open(policy, "c", clock=Clock())
    with pytest.raises(EventProblems, match=r"`weight` cannot be `1/3`: no decimal number says it exactly"):
        case.record("sold", weight=Fraction(1, 3))
    with pytest.raises(EventProblems, match="`score` cannot be `1/3`: no decimal"):
        case.record("fact_learned", facts={"score": Fraction(1, 3)})
    for facts in ({"score": Decimal("1E-90")}, {"loss": Decimal("1E-90")}):
        with pytest.raises(EventProblems, match="event: facts"):
            case.record("fact_learned", facts=facts)
    assert len(case.events) == 1


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"loss": THIRD}, "event: facts.loss: bad-value: `loss` cannot be `1/3`: no decimal"),
        ({"history": {"refunded_90d": THIRD}}, "event: facts.history.refunded_90d: bad-value: .* `1/3`"),
        (Incident(loss=THIRD), "event: facts.loss: bad-value: `loss` cannot be `1/3`: no decimal"),
    ],
)
def test_a_case_does_not_begin_with_what_no_decimal_says_exactly(
    policy: Policy, tmp_path: Path, facts: Any, said: str
) -> None:
    """It had begun with a loss of 0.33 USD; in a store nothing is left of a beginning that is refused."""
    pytest.importorskip("sqlalchemy", reason="the store needs SQLAlchemy: install `evenhand[cases]`")
    from evenhand.engine.cases.store import open_store

    with open_store(tmp_path / "cases.db") as store:
        for it in (None, store):
            with pytest.raises(EventProblems, match=said):
                Case.open(policy, "c", facts, store=it, clock=Clock())
        case = Case.open(policy, "c", {"loss": Fraction(1, 4)}, store=store, clock=Clock())
        assert case.facts["loss"] == Money.parse("0.25 USD")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T21:30", "2026-11-20T21:30:00Z"),
        ("2026-11-20T21:30:00+01:00", "2026-11-20T20:30:00Z"),
        (dt.date(2026, 11, 20), "2026-11-20T00:00:00Z"),
        (dt.datetime(2026, 11, 20, 21, 30), "2026-11-20T21:30:00Z"),  # noqa: DTZ001 because it means UTC
    ],
)
def test_a_moment_may_be_said_in_words_of_iso_8601(policy: Policy, at: Any, expected: str) -> None:
    case = Case.open(policy, "c", at=at, clock=Clock())
    case.record("message_sent", at=at)
    assert [moment_text(event.at) for event in case.events] == [expected, expected]
    assert [moment_text(moment.at) for moment in case.foresee("message_sent", at=at)] == [expected]
    case.run_due(now=at)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("tomorrow", "`at` cannot be `tomorrow`: this is not a date and time"),
        (1_795_168_800_000, "`at` takes a date and time like 2026-11-21T10:00:00Z, not the number 1795168800000"),
        ("0001-01-01T00:00:00+02:00", "`at` cannot be `0001-01-01T00:00:00+02:00`"),
        (dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))), "this lies outside the years 1 to 9999"),
        (
            dt.datetime(9999, 12, 31, 23, tzinfo=dt.timezone(-dt.timedelta(hours=2))),
            "this lies outside the years 1 to 9999",
        ),
    ],
)
def test_a_moment_that_is_none_is_told_with_everything_else(policy: Policy, at: Any, said: str) -> None:
    case = Case.open(policy, "c", clock=Clock())
    with pytest.raises(EventProblems) as problems:
        case.record("sold", at=at, weight="heavy")
    assert [problem.code for problem in problems.value.diagnostics][1:] == ["bad-value"]
    assert said in str(problems.value)
    for work in (
        lambda: case.foresee("sold", at=at),
        lambda: case.run_due(now=at),
        lambda: Case.open(policy, "d", at=at),
    ):
        with pytest.raises(EventProblems, match="`at`"):
            work()
    assert len(case.events) == 1


@given(st.datetimes(timezones=st.timezones()))
def test_every_moment_between_the_years_1_and_9999_is_one(moment: dt.datetime) -> None:
    try:
        at = read_moment(moment)
    except ValueError:
        assert moment.year in (1, 9999)
        return
    assert FIRST_MOMENT <= at <= LAST_MOMENT
    assert dt.timedelta() <= moment - moment_of(at) < dt.timedelta(milliseconds=1)


def test_a_case_begins_with_one_and_the_same_event_everywhere(policy: Policy) -> None:
    case = Case.open(policy, "c", Incident(loss="3 USD"), clock=Clock())
    (began,) = case.events
    assert began == opening(read_moment(BEGAN), {"loss": Money.parse("3 USD")}).numbered(1)


def test_an_order_that_is_found_is_written_as_json_whatever_its_story_says() -> None:
    """TOML has dates, JSON has none."""
    policy = Policy.loads(
        POLICY
        + """
[[pattern]]
id = "sold-on-a-holiday"
forbidden = true
title = "Nothing is sold on a holiday"
[[pattern.events]]
kind = "sold"
where = "on = 2026-12-25"
[[story]]
name = "A sale"
opened = 2026-12-24T20:00:00Z
given = { born = 1990-02-28 }
expect = { patterns = ["sold-on-a-holiday"] }
[[story.events]]
after = "1h"
kind = "sold"
on = 2026-12-25
"""
    )
    (found,) = try_orders(policy, depth=1).found
    assert [
        '"born": "1990-02-28"' in event.to_json() or '"on": "2026-12-25"' in event.to_json() for event in found.events
    ]
