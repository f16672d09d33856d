"""Patterns that cannot be followed any further: the event is kept, the case goes on, and says what is wrong."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from commands import run
from test_case import BEGAN, Clock
from test_case_progress import gone_and_rebuilt

from evenhand import Policy
from evenhand.engine.cases.case import Case
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.stories import tell_stories

pytest.importorskip("sqlalchemy", reason="the store needs SQLAlchemy: install `evenhand[cases]`")

from evenhand.engine.cases.store import open_store

HOUR = 3_600_000
#: A pattern that each post completes: so many matches, and then no more.
MANY = """
[policy]
id = "many"
[decisions.refund]
default = "deny"
[decisions.defend]
default = "no"
[decisions.walk_away]
default = "stay"
[decisions.insurance]
default = "no"
[[rule]]
id = "hurt"
when = "injury"
then.insurance = "notify"
oblige = ["tell-insurer"]
[obligations.tell-insurer]
title = "Tell the insurer"
within = "24h"
[[pattern]]
id = "seen"
[[pattern.events]]
kind = "post_seen"
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(MANY)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five matches are too many, so that the tests are quick."""
    monkeypatch.setattr("evenhand.engine.cases.correlate.MOST_MATCHES", 5)


def test_the_event_is_kept_and_the_case_says_what_is_wrong(policy: Policy, tmp_path: Path) -> None:
    clock = Clock()
    with open_store(tmp_path / "cases.db") as store:
        case = Case.open(
            policy, "c-1", {"injury": True}, store=store, clock=clock, joiner=Plain(policy.tree.case.patterns)
        )
        for _ in range(5):
            case.record("post_seen", author="ann")
        before = case.trouble
        assert before is None
        recorded = case.record("post_seen", author="bob")
        assert [event.kind for event in recorded.events] == ["post_seen"]
        trouble = case.trouble
        assert trouble is not None
        assert (trouble.code, trouble.patterns, trouble.seq) == ("too-many-matches", ("seen",), 7)
        assert "more than 5 matches in one case" in trouble.message
        assert len(store.events("c-1")) == 7
        again = Case.load(policy, "c-1", store, clock=clock, joiner=Plain(policy.tree.case.patterns))
        assert (again.trouble, again.timeline) == (trouble, case.timeline)
        case.record("post_seen", author="cat")
        told = [posted.message for posted in store.outbox() if posted.message.kind == "patterns_given_up"]
        assert [(message.key, message.body["code"], message.body["patterns"]) for message in told] == [
            ("trouble/7", "too-many-matches", ["seen"])
        ]


def test_events_decisions_and_duties_go_on_without_patterns(policy: Policy) -> None:
    clock = Clock()
    case = Case.open(policy, "c-1", clock=clock, joiner=Plain(policy.tree.case.patterns))
    for _ in range(8):
        case.record("post_seen", author="ann", views=10)
    assert len(case.progress.matches) == 5
    case.record("fact_learned", facts={"injury": True})
    assert case.decision.insurance.outcome == "notify"
    clock.after(hours=25)
    assert [event.kind for event in case.run_due().events] == ["duty_breached"]
    assert case.facts["virality.views"] == 10


def test_a_rebuilt_case_has_the_same_trouble(policy: Policy) -> None:
    """In whatever order the log was recorded; and one that a late event makes go away goes away."""
    at = int(BEGAN.timestamp() * 1000)
    for number in range(30):
        choose = random.Random(number)
        events = [Event(1, at, "case_opened", {})]
        for seq in range(2, choose.randint(5, 15)):
            kind = choose.choice(["post_seen", "post_seen", "message_sent"])
            events.append(Event(seq, at + choose.randint(0, 20) * HOUR, kind, {}))
        going, again = gone_and_rebuilt(policy, events, choose)
        assert (going.trouble, going.moments) == (again.trouble, again.moments)
        assert (going.trouble is None) == (sum(event.kind == "post_seen" for event in events) <= 5)


def test_a_case_with_more_promises_that_run_out_than_are_recorded_in_one_go_loses_no_event(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest comes with what is recorded next."""
    monkeypatch.setattr("evenhand.engine.cases.passing.MOST_FOLLOWING", 5)
    clock, count = Clock(), 8
    at = int(BEGAN.timestamp() * 1000)
    log = [Event(1, at, "case_opened", {})]
    log += [Event(0, at + n, "promise_made", {"promise": f"p{n}", "within": "1h"}) for n in range(count)]
    case = Case.of(policy, log, clock=clock)
    clock.after(hours=5)
    case.record("message_received", text="Well?")
    case.run_due()
    broken = [event.raw["promise"] for event in case.events if event.kind == "promise_broken"]
    assert sorted(broken) == sorted({f"p{n}" for n in range(count)})
    assert [event.kind for event in case.events].count("message_received") == 1


def test_a_story_whose_patterns_cannot_be_followed_has_failed() -> None:
    lines = "".join('[[story.events]]\nkind = "post_seen"\nafter = "1h"\n' for _ in range(6))
    story = f'[[story]]\nname = "Six posts"\n{lines}expect = {{ refund = "deny" }}\n'
    (told,) = tell_stories(Policy.loads(MANY + story))
    assert not told.passed
    assert "more than 5 matches" in str(told.chapters[-1].mismatches[0])


def test_the_command_records_the_event_and_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("many.toml").write_text(MANY, encoding="utf-8")
    assert run("case", "open", "c-1", "--policy", "many.toml").code == 0
    for _ in range(5):
        assert run("case", "record", "c-1", "post_seen").err == ""
    last = run("case", "record", "c-1", "post_seen")
    assert last.code == 0
    assert "Patterns are not followed any more" in last.err
    shown = run("case", "show", "c-1")
    assert "Patterns are not followed any more" in shown.out
    assert "#7" in shown.out
    assert json.loads(run("case", "show", "c-1", "--format", "json").out)["trouble"]["code"] == "too-many-matches"
    events = [{"at": f"2026-11-20T1{n}:00:00Z", "kind": "post_seen"} for n in range(7)]
    Path("events.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    dry = run("check", "many.toml", "events.jsonl")
    assert dry.code == 1
    assert "more than 5 matches" in dry.err + dry.out
