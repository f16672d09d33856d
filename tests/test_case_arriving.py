"""Cases from another store: whatever stood beside a log, what stands there afterwards follows from the log."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from test_case import Clock
from test_case_progress import TALE

from evenhand import Policy

pytest.importorskip("sqlalchemy", reason="the store needs SQLAlchemy: install `evenhand[cases]`")

from evenhand.engine.cases.arriving import Arrived, take_in
from evenhand.engine.cases.case import Case
from evenhand.engine.cases.store import open_store
from evenhand.engine.cases.store.store import Store

UNANSWERED = """
[facts.unanswered]
type = "boolean"
assume = false
[obligations.write-again]
title = "Write again"
within = "1h"
[[rule]]
id = "unanswered"
when = "unanswered"
oblige = ["write-again"]
[[pattern]]
id = "unanswered"
learn.unanswered = true
[[pattern.events]]
kind = "message_sent"
[[pattern.events]]
kind = "message_received"
absent_for = "12h"
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(TALE + UNANSWERED)


@pytest.fixture
def there(policy: Policy, tmp_path: Path) -> Iterator[Store]:
    """A store with a case that owes something, was late with something else, and waits for an answer."""
    clock = Clock()
    with open_store(tmp_path / "there.db") as store:
        case = Case.open(policy, "c-1", {"injury": False}, store=store, clock=clock, named="tale")
        case.record("promise_made", promise="a call", within="2h")
        case.record("message_sent", text="We call you")
        clock.after(hours=3)
        case.run_due()
        case.record("fact_learned", facts={"injury": True})
        case.record("insurer_notified")
        yield store


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "here.db") as store:
        yield store


def now(policy: Policy, store: Store, **later: int) -> int:
    last = store.head("c-1").last_at
    assert last is not None
    return last + dt.timedelta(**later) // dt.timedelta(milliseconds=1)


def beside(store: Store) -> tuple[object, ...]:
    waiting = [(timer.name, timer.due_at) for timer in store.timers("c-1") if timer.state == "waiting"]
    return store.head("c-1"), store.events("c-1"), store.ledger("c-1"), waiting


def test_a_case_arrives_as_it_left(policy: Policy, there: Store, here: Store) -> None:
    assert [row.state for row in there.ledger("c-1")] == ["breached", "breached", "done"]
    (found,) = take_in(here, there.export("c-1"), {"tale": policy}.get, now=now(policy, there))
    assert found == Arrived("c-1", "tale", is_checked=True, wrong=(), left_behind=len(there.outbox()))
    assert beside(here) == beside(there)
    assert here.outbox() == ()


def test_what_did_not_come_in_time_there_is_no_difference_here(policy: Policy, there: Store, here: Store) -> None:
    """It is no event: the ledger there may have it, or not yet."""
    clock = Clock()
    clock.after(hours=12.5)
    case = Case.load(policy, "c-1", there, clock=clock)
    assert not case.run_due().events
    assert "write-again" in [row.id for row in there.ledger("c-1")]
    (found,) = take_in(here, there.export("c-1"), {"tale": policy}.get, now=now(policy, there, hours=40))
    assert found.wrong == ()
    assert beside(here) == beside(there)


def test_each_thing_that_does_not_follow_from_the_log_is_named_and_mended(
    policy: Policy, there: Store, here: Store
) -> None:
    rows: dict[str, Any] = {
        "listen": {"state": "open"},
        "a call": {"id": "another call"},
        "tell-insurer": {"due_at": 1},
    }
    lines = []
    for line in there.export("c-1"):
        table = json.loads(line)
        if "timer" not in table:
            table.get("ledger", {}).update(rows.get(table.get("ledger", {}).get("id"), {}))
            lines.append(json.dumps(table | ({"status": "closed"} if "case" in table else {})))
    (found,) = take_in(here, lines, {"tale": policy}.get, now=now(policy, there))
    assert set(found.wrong) == {
        "step listen was said to be open, and is breached",
        "promise a call, breached, was not there",
        "promise another call does not follow from the log",
        "duty tell-insurer had other times or another title",
        "its timers were not those of its deadlines",
        "it was said to be closed, and is open",
    }
    assert beside(here) == beside(there)


def test_without_its_policy_a_case_is_taken_unchecked_and_this_is_said(there: Store, here: Store) -> None:
    (found,) = take_in(here, there.export("c-1"), lambda _: None, now=0, messages=True)
    assert (found.is_checked, found.left_behind) == (False, 0)
    assert (beside(here), here.outbox()) == (beside(there), there.outbox())


@given(st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_stood_beside_a_log_changes_what_stands_there_afterwards(
    policy: Policy, there: Store, tmp_path: Path, data: st.DataObject
) -> None:
    lines: list[str] = []
    for line in there.export("c-1"):
        table = json.loads(line)
        what = next((name for name in ("ledger", "timer", "message") if name in table), "")
        times = data.draw(st.integers(0, 2)) if what else 1
        if what == "ledger":
            table["ledger"]["state"] = data.draw(st.sampled_from(["open", "done", "breached", "withdrawn"]))
            table["ledger"]["id"] = data.draw(st.sampled_from([table["ledger"]["id"], "x"]))
            table["ledger"]["opened_at"] = data.draw(st.integers(0, 10**12))
        elif what == "timer":
            table["timer"]["due_at"] = data.draw(st.integers(0, 10**12))
        lines += [json.dumps(table)] * times
    with open_store(tmp_path / f"{len(list(tmp_path.iterdir()))}.db") as store:
        take_in(store, lines, {"tale": policy}.get, now=now(policy, there))
        assert beside(store) == beside(there)
