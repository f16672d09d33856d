"""Cases in the library: opened, recorded, read by others, kept in a store, run by timers."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_case_progress import KINDS, TALE

from evenhand import Incident, Policy, Virality
from evenhand.engine.cases.case import Case, EventProblems
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.joiners import joiner_for
from evenhand.engine.cases.passing import replayed
from evenhand.engine.cases.plain import Plain
from evenhand.rules.moments import milliseconds

pytest.importorskip("sqlalchemy", reason="the store needs SQLAlchemy: install `evenhand[cases]`")

from evenhand.engine.cases.store import CaseExists, KeyReused, open_store
from evenhand.engine.cases.store.store import Store

BEGAN = dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC)
STREAMS = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 1_000, 3)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> dt.datetime:
        return self.now

    def after(self, **length: float) -> None:
        self.now += dt.timedelta(**length)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(TALE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "cases.db") as opened:
        yield opened


def kinds(case: Case) -> list[str]:
    return [event.kind for event in case.events]


def states(case: Case) -> dict[str, str]:
    return {entry.id: entry.state for entry in case.obligations}


def test_a_case_is_recorded_and_read_back(policy: Policy, store: Store) -> None:
    clock = Clock()
    case = Case.open(policy, "c-1", {"injury": True, "loss": "20 USD"}, store=store, clock=clock)
    clock.after(hours=1)
    case.record("message_received", text="Well?", abuse="hostile")
    again = Case.load(policy, "c-1", store, clock=clock)
    assert again.facts == case.facts
    assert again.decision == case.decision
    assert again.timeline == case.timeline
    assert {row.id: row.state for row in store.ledger("c-1")} == states(case) == {"tell-insurer": "open"}


def test_a_case_needs_no_store(policy: Policy) -> None:
    clock = Clock()
    case = Case.open(policy, "c-1", {"injury": False}, clock=clock)
    clock.after(minutes=31)
    assert [entry.id for entry in case.overdue] == ["listen"]
    assert [event.kind for event in case.run_due().events] == ["step_missed"]
    case.close("settled")
    assert (case.status, case.next_steps) == ("closed", ())
    case.reopen()
    assert case.status == "open"


def test_everything_that_is_wrong_with_an_event_is_told_at_once(policy: Policy) -> None:
    case = Case.open(policy, "c-1")
    with pytest.raises(EventProblems) as caught:
        case.record("post_seen", veiws=3, views="many", shares="1..4")
    assert [d.code for d in caught.value.diagnostics] == ["unknown-field", "bad-value", "uncertain-field"]
    for kind in ("post_sen", "duty_breached"):
        with pytest.raises(EventProblems):
            case.record(kind)
    with pytest.raises(EventProblems):
        case.record("fact_learned", facts={"los": 3, "loss": "three"})
    assert kinds(case) == ["case_opened"]


def test_an_event_with_a_key_is_recorded_once(policy: Policy, store: Store) -> None:
    case = Case.open(policy, "c-1", store=store, key="open")
    first = case.record("message_sent", text="Hello", key="m-1")
    assert case.record("message_sent", text="Hello", key="m-1").events == first.events
    other = Case.load(policy, "c-1", store)
    assert other.record("message_sent", text="Hello", key="m-1").repeated
    assert kinds(other) == ["case_opened", "message_sent"]
    with pytest.raises(KeyReused):
        other.record("message_sent", text="Bye", key="m-1")
    with pytest.raises(CaseExists):
        Case.open(policy, "c-1", {"injury": True}, store=store, key="another")


def test_two_who_record_in_one_case_lose_nothing(policy: Policy, store: Store) -> None:
    """Whoever is behind reads what the other recorded and tries again."""
    clock = Clock()
    one = Case.open(policy, "c-1", {"injury": True}, store=store, clock=clock)
    other = Case.load(policy, "c-1", store, clock=clock)
    for turn in range(10):
        clock.after(minutes=1)
        (one, other)[turn % 2].record("message_sent", text=str(turn))
    one.refresh()
    assert [event.raw.get("text") for event in one.events[1:]] == [str(turn) for turn in range(10)]
    other.refresh()
    assert other.timeline == one.timeline


def test_an_event_that_happened_earlier_changes_what_followed(policy: Policy, store: Store) -> None:
    """Told late that the insurer had been notified: the duty was done in time after all."""
    clock = Clock()
    case = Case.open(policy, "c-1", {"injury": True}, store=store, clock=clock)
    clock.after(hours=30)
    case.run_due()
    assert states(case)["tell-insurer"] == "breached"
    case.record("insurer_notified", at=BEGAN + dt.timedelta(hours=2))
    assert states(case)["tell-insurer"] == "done"
    assert Case.load(policy, "c-1", store, clock=clock).timeline == case.timeline


def test_a_fact_learned_late_owes_what_it_would_have_owed(policy: Policy, store: Store) -> None:
    clock = Clock()
    case = Case.open(policy, "c-1", {"injury": False}, store=store, clock=clock)
    clock.after(hours=40)
    case.record("message_sent")
    recorded = case.record("fact_learned", facts={"injury": True}, at=BEGAN + dt.timedelta(hours=1))
    assert [event.kind for event in recorded.events] == ["fact_learned", "duty_breached"]
    assert states(case)["tell-insurer"] == "breached"


PILED_ON: dict[str, Any] = {"pile_on": True}


def status(case: Case) -> str:
    return case.status


def watched(policy: Policy, store: Store, clock: Clock) -> Case:
    """A case that was walked away from when it was opened, and of which two posts were seen an hour later."""
    case = Case.open(policy, "c-1", PILED_ON, store=store, clock=clock)
    clock.after(hours=1)
    case.record("post_seen", post="a", views=1_000)
    assert status(case) == "monitored"
    return case


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_flare_up_that_is_told_after_the_case_was_closed_opens_it_again(
    policy: Policy, store: Store, *, by_hand: bool
) -> None:
    """Had it been told in time, the case would have been opened then."""
    clock = Clock()
    case = watched(policy, store, clock)
    clock.after(days=2 if by_hand else 15)
    closing = case.close() if by_hand else case.run_due()
    assert "case_closed" in [event.kind for event in closing.events]
    assert store.head("c-1").status == "closed"
    clock.after(days=1)
    recorded = case.record("post_seen", post="a", views=100_000, at=BEGAN + dt.timedelta(hours=3))
    assert [event.kind for event in recorded.events] == ["post_seen", "case_reopened"]
    assert recorded.events[1].raw["reason"].startswith("it flared up while it was watched: ")
    assert (status(case), store.head("c-1").status) == ("open", "open")
    assert Case.load(policy, "c-1", store, clock=clock).timeline == case.timeline
    assert "case_open" in [posted.message.kind for posted in store.outbox()]


def test_a_late_event_that_flares_up_opens_a_case_that_is_still_watched(policy: Policy, store: Store) -> None:
    """Although it does not any more, as far as was seen since."""
    clock = Clock()
    case = watched(policy, store, clock)
    clock.after(days=2)
    case.record("post_seen", post="a", views=100_001)
    assert status(case) == "monitored"
    case.record("post_seen", post="a", views=100_000, at=BEGAN + dt.timedelta(hours=3))
    assert status(case) == "open"


def test_a_late_event_of_a_time_when_nobody_watched_opens_nothing(policy: Policy, store: Store) -> None:
    clock = Clock()
    case = Case.open(policy, "c-1", store=store, clock=clock)
    clock.after(hours=4)
    case.record("fact_learned", facts=PILED_ON)
    case.close()
    case.record("post_seen", post="a", views=1_000, at=BEGAN + dt.timedelta(hours=1))
    case.record("post_seen", post="a", views=100_000, at=BEGAN + dt.timedelta(hours=2))
    assert status(case) == "closed"


def test_a_case_that_was_opened_again_is_watched_again_once_it_is_closed(policy: Policy, store: Store) -> None:
    """As long as the policy walks away from it; whoever closes it while it is watched has closed it."""
    clock = Clock()
    case = watched(policy, store, clock)
    clock.after(hours=1)
    case.record("post_seen", post="a", views=100_000)
    assert status(case) == "open"
    clock.after(days=1)
    case.close("we have answered")
    assert (status(case), case.progress.watch.until) == ("monitored", case.now + 14 * 86_400_000)
    clock.after(hours=1)
    case.record("post_seen", post="a", views=500_000)
    assert status(case) == "open"
    clock.after(hours=1)
    case.close()
    clock.after(days=15)
    case.run_due()
    assert [event.kind for event in case.events][-3:] == ["case_reopened", "case_closed", "case_closed"]
    assert status(case) == "closed"
    case.reopen()
    case.record("fact_learned", facts={"pile_on": False})
    case.close()
    assert status(case) == "closed"
    case.reopen()
    case.record("fact_learned", facts=PILED_ON)
    assert status(case) == "monitored"
    case.close()
    assert status(case) == "closed"
    assert Case.load(policy, "c-1", store, clock=clock).timeline == case.timeline


def test_a_worker_runs_what_is_due_once(policy: Policy, store: Store) -> None:
    clock = Clock()
    Case.open(policy, "c-1", {"injury": True}, store=store, clock=clock)
    clock.after(hours=25)
    now = int(clock.now.timestamp() * 1000)
    claim = store.claim_due(now, "worker", 60_000)
    assert claim is not None
    case = Case.load(policy, claim.case, store, clock=clock)
    assert [event.kind for event in case.run_due(claim=claim).events] == ["duty_breached"]
    assert store.claim_due(now, "worker", 60_000) is None
    assert [posted.message.kind for posted in store.outbox()] == ["duty_opened", "duty_breached"]


def test_the_world_is_told_what_is_owed_no_longer_and_what_is_owed_again(policy: Policy, store: Store) -> None:
    clock = Clock()
    case = Case.open(policy, "c-1", {"injury": True}, store=store, clock=clock)
    for injury in (False, True, False):
        clock.after(hours=1)
        case.record("fact_learned", facts={"injury": injury})
    told = [posted.message for posted in store.outbox() if posted.message.kind.startswith("duty")]
    assert [message.kind for message in told] == ["duty_opened", "duty_withdrawn"] * 2
    assert len({message.key for message in told}) == 4
    assert [timer.state for timer in store.timers("c-1") if timer.name.startswith("at-")].count("waiting") == 0


def test_what_a_late_event_makes_never_owed_is_gone_from_the_store(policy: Policy, store: Store) -> None:
    """A step that had been taken before anybody asked for it was never owed; nobody is reminded of it."""
    clock = Clock()
    case = Case.open(policy, "c-1", store=store, clock=clock)
    clock.after(hours=5)
    case.record("fact_learned", facts={"injury": False})
    assert [row.id for row in store.ledger("c-1")] == ["listen"]
    case.record("step_done", step="listen", at=BEGAN + dt.timedelta(hours=1))
    assert not case.obligations
    assert not store.ledger("c-1")
    assert store.outbox()[-1].message.kind == "step_withdrawn"


def test_what_is_written_beside_the_log_is_what_the_log_says(policy: Policy, store: Store) -> None:
    """Random events, some late, some while time runs: ledger, timers and status equal those of a replay."""
    for number in range(STREAMS):
        choose, clock, id_ = random.Random(number), Clock(), f"c-{number}"
        case = Case.open(policy, id_, {"injury": False}, store=store, clock=clock)
        for _ in range(choose.randint(1, 15)):
            clock.after(hours=choose.choice([0, 0.5, 3, 30]))
            kind, options = choose.choice(KINDS)
            late = dt.timedelta(hours=choose.choice([0, 0, 0, 1, 20]))
            fields: dict[str, Any] = dict(choose.choice(options))
            case.record(kind, at=max(BEGAN, clock.now - late), **fields)
            if choose.random() < 0.3:
                case.run_due()
        case.run_due()
        progress = replayed(policy, Plain(policy.tree.case.patterns), store.events(id_))
        progress.wait(milliseconds(clock.now))
        assert case.timeline == tuple(progress.moments)
        rows = {(row.kind, row.id): (row.state, row.due_at, row.closed_at) for row in store.ledger(id_)}
        assert rows == {(e.kind, e.id): (e.state, e.due_at, e.closed_at) for e in progress.ledger}
        waiting = {timer.due_at for timer in store.timers(id_) if timer.state == "waiting"}
        assert waiting == set(progress.alarms)
        assert store.head(id_).status == progress.status


def test_cases_of_one_name_in_one_process_do_not_mix_their_patterns(policy: Policy) -> None:
    """Whatever follows the patterns knows them apart, and what is followed is the same in plain Python."""
    joiner = joiner_for(policy)
    cases = [
        Case.open(policy, "c-1", {"injury": False}, at=BEGAN, clock=Clock(), joiner=one)
        for one in (joiner, joiner, Plain(policy.tree.case.patterns))
    ]
    for turn, author in enumerate("abc"):
        for case in cases if turn else cases[:1] + cases[2:]:
            case.record("post_seen", author=author, views=2_000, at=BEGAN + dt.timedelta(hours=turn))
    found = [[match.pattern for match in case.progress.matches] for case in cases]
    assert found == [["pile-on"], [], ["pile-on"]]


# --- asked while time passes -----------------------------------------------------------------------------------------


SILENT = """
[policy]
id = "silence"
[facts.silent]
type = "boolean"
assume = false
[decisions.walk_away]
default = "stay"
[[rule]]
id = "gone"
when = "silent"
then.walk_away = "end"
oblige = ["note"]
[obligations.note]
title = "Write it down"
within = "2h"
[[pattern]]
id = "silence"
learn.silent = true
[[pattern.events]]
kind = "message_sent"
[[pattern.events]]
kind = "message_received"
absent_for = "3h"
[monitoring]
when = "walk_away >= end"
length = "1 day"
reopen = "injury"
"""


def unanswered(store: Store, *, hours: float) -> Case:
    """Return a case in which a message was sent so many hours ago, and nothing has come since."""
    clock = Clock()
    case = Case.open(Policy.loads(SILENT), "s", at=BEGAN, store=store, clock=clock)
    case.record("message_sent")
    clock.after(hours=hours)
    return case


def again(case: Case, store: Store) -> Case:
    """Return a case as somebody else reads it at the same time."""
    return Case.load(case.policy, case.id, store, clock=case._clock)


def told(store: Store) -> list[str]:
    return [posted.message.kind for posted in store.outbox(case="s")]


@pytest.mark.parametrize("is_due_run", [True, False])
def test_a_case_read_anew_knows_what_has_not_come(store: Store, is_due_run: bool) -> None:
    """Whether or not a worker was there when the time was up, and although that is no event of the log."""
    case = unanswered(store, hours=3)
    if is_due_run:
        again(case, store).run_due()
    for asked in (case, again(case, store)):
        assert asked.decision["walk_away"].outcome == "end"
        assert (asked.status, asked.facts["silent"]) == ("monitored", True)
        assert [entry.id for entry in asked.obligations] == ["note"]
        assert [objection.problem for objection in asked.check_reply("Hello?")] == ["walked-away"]


def test_what_a_question_saw_is_recorded_all_the_same(store: Store) -> None:
    case = unanswered(store, hours=4)
    assert case.status == "monitored"
    assert store.head("s").status == "open"  # because a question records nothing
    (moment,) = case.run_due().moments
    assert [match.pattern for match in moment.matches] == ["silence"]
    assert store.head("s").status == "monitored"
    assert [row.id for row in store.ledger("s")] == ["note"]
    assert told(store) == ["duty_opened", "case_monitored"]
    case.record("evidence_added")
    again(case, store).record("evidence_added")
    assert told(store) == ["duty_opened", "case_monitored"]


def test_an_event_that_came_before_a_question_ended_its_wait_counts(store: Store) -> None:
    """What was missing then had come, and was only recorded late."""
    case = unanswered(store, hours=4)
    assert case.status == "monitored"
    case.record("message_received", at=BEGAN + dt.timedelta(hours=2))
    assert (case.status, store.head("s").status, told(store)) == ("open", "open", [])


def test_an_event_with_more_mistakes_than_anybody_reads_is_told_so(policy: Policy) -> None:
    case = Case.open(policy, "c")
    fields: dict[str, Any] = {f"x{number}": number for number in range(3_000)}
    with pytest.raises(EventProblems) as caught:
        case.record("post_seen", **fields, views="many")
    assert caught.value.diagnostics[-1].code == "too-many-findings"
    kept = [
        *case.events,
        Event(2, milliseconds(BEGAN), "post_seen", {**fields, "views": 7}),
    ]
    assert Case.of(policy, kept).facts["virality.views"] == 7  # as an older policy may have recorded it


def test_a_case_begins_with_an_incident_as_well_as_with_a_mapping(policy: Policy, store: Store) -> None:
    incident = Incident(abuse="hostile", loss="4.50 USD", virality=Virality(views=7))
    case = Case.open(policy, "c", incident, at=BEGAN, store=store)
    assert str(case.facts["loss"]) == "4.50 USD"
    assert (case.facts["abuse"], case.facts["virality.views"]) == ("hostile", 7)
    assert Case.load(policy, "c", store).facts["abuse"] == "hostile"
    for facts in ("abuse=hostile", [("abuse", "hostile")], 7):
        with pytest.raises(TypeError, match="the facts of a case are a mapping or an incident"):
            Case.open(policy, "d", facts)


def test_a_repeat_may_have_a_tuple_where_a_list_was_kept(policy: Policy, store: Store) -> None:
    case = Case.open(policy, "c", at=BEGAN, store=store)
    case.record("insurer_notified", lines=("a", "b"), key="k")
    assert Case.load(policy, "c", store).record("insurer_notified", lines=("a", "b"), key="k").repeated
    with pytest.raises(KeyReused):
        Case.load(policy, "c", store).record("insurer_notified", lines=("a",), key="k")


def test_as_many_views_as_can_be_said_are_still_decided_about(policy: Policy) -> None:
    case = Case.open(policy, "c", at=BEGAN)
    for number, author in enumerate(("ann", "bob", "cem")):
        case.record(
            "post_seen", author=author, views=10**30, shares=10**30, at=BEGAN + dt.timedelta(milliseconds=number)
        )
    assert case.facts["virality.views"] == case.facts["virality.views_per_hour"] == 10**30
    assert case.decision["walk_away"].status


def test_half_a_surrogate_pair_does_not_hide_what_else_is_said() -> None:
    """JSON can carry one, the engine for patterns cannot."""
    policy = Policy.loads(
        SILENT.replace(
            'kind = "message_sent"', 'kind = "message_received"\nwhere = "text matches \'fault\'"', 1
        ).replace('[[pattern.events]]\nkind = "message_received"\nabsent_for = "3h"\n', "")
    )
    case = Case.open(policy, "s", at=BEGAN)
    assert case.record("message_received", text="\ud800 our fault", at=BEGAN).moments[-1].matches
