"""What an erasure leaves: nothing of what was said, in no table and on no page of the file, and a case that goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_case import BEGAN, Clock
from test_case_progress import TALE

from evenhand import Policy
from evenhand.engine.cases.case import Case
from evenhand.engine.cases.passing import replayed
from evenhand.engine.cases.plain import Plain
from evenhand.rules.moments import milliseconds

pytest.importorskip("sqlalchemy", reason="the store needs SQLAlchemy: install `evenhand[cases]`")

from evenhand.engine.cases.erasing import Remainder, erase
from evenhand.engine.cases.store import StoreError, open_store
from evenhand.engine.cases.store.store import Store

NAME = "Annabel Brown-Winterbottom"
NOW = milliseconds(BEGAN + dt.timedelta(hours=12))


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(TALE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "cases.db") as opened:
        yield opened


def promised(policy: Policy, store: Store) -> Case:
    """A case with a promise that names somebody, and was broken; #3 is the promise, #4 that it was broken."""
    clock = Clock()
    case = Case.open(policy, "c-1", {"injury": True}, store=store, clock=clock)
    case.record("message_received", text="I fell")
    case.record("promise_made", promise=f"call {NAME}", text=f"We call {NAME} at home", within="2h")
    clock.after(hours=3)
    case.run_due()
    assert [event.kind for event in case.events][2:] == ["promise_made", "promise_broken"]
    return case


def on_the_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def is_as_replayed(policy: Policy, store: Store) -> bool:
    """Whether ledger, timers and status are those that the log leads to."""
    progress = replayed(policy, Plain(policy.tree.case.patterns), store.events("c-1"))
    ledger = {(row.kind, row.id, row.state, row.about["title"]) for row in store.ledger("c-1")}
    waiting = {timer.due_at for timer in store.timers("c-1") if timer.state == "waiting"}
    assert ledger == {(entry.kind, entry.id, entry.state, entry.title) for entry in progress.ledger}
    assert waiting == set(progress.alarms)
    return store.head("c-1").status == progress.status


def test_a_promise_is_erased_wherever_it_was_written_down(policy: Policy, store: Store, tmp_path: Path) -> None:
    """In the log, in the event that it was broken, the ledger, the messages and their keys, the journal."""
    promised(policy, store)
    assert NAME.encode() in on_the_disk(tmp_path)
    found = erase(policy, store, "c-1", NOW, events=[3], reason="asked to")
    assert (found.events, found.sent, found.remainders) == ((3, 4), 0, ())
    assert NAME.encode() not in on_the_disk(tmp_path)
    assert NAME not in repr(store.outbox()) + repr(store.ledger("c-1")) + "".join(store.export("c-1"))
    assert store.verify("c-1") == ()
    assert is_as_replayed(policy, store)


def test_what_has_nothing_to_do_with_it_stays_and_is_still_told(policy: Policy, store: Store) -> None:
    promised(policy, store)
    erase(policy, store, "c-1", NOW, events=[3])
    told = {posted.message.key: posted.state for posted in store.outbox() if not posted.erased}
    assert told == {"duty-opened/tell-insurer": "waiting"}
    assert {row.id: row.state for row in store.ledger("c-1")}["tell-insurer"] == "open"


def test_a_duty_of_which_nobody_knows_the_reason_any_more_is_named(policy: Policy, store: Store) -> None:
    promised(policy, store)
    found = erase(policy, store, "c-1", NOW, events=[1])
    assert [entry.id for entry in found.lost] == ["tell-insurer"]
    assert "tell-insurer" not in {row.id for row in store.ledger("c-1")}
    assert is_as_replayed(policy, store)


def test_events_that_repeat_what_was_erased_are_named(policy: Policy, store: Store) -> None:
    case = promised(policy, store)
    case.record("promise_kept", promise=f"call {NAME}")
    case.record("message_received", text=f"Thank you. {NAME}", author="Ann")
    case.record("message_sent", text=f"We call {NAME} at home")
    found = erase(policy, store, "c-1", NOW, events=[3])
    assert found.remainders == (Remainder(5, "promise_kept", "promise"), Remainder(7, "message_sent", "text"))


def test_messages_that_had_left_are_counted(policy: Policy, store: Store, tmp_path: Path) -> None:
    from evenhand.engine.cases.store.sinks import FileSink

    promised(policy, store)
    store.deliver(FileSink(tmp_path / "sent.jsonl"), NOW)
    assert erase(policy, store, "c-1", NOW, events=[3]).sent == 2
    assert NAME not in repr(store.outbox())


def test_whoever_has_the_case_in_memory_does_not_write_it_down_again(
    policy: Policy, store: Store, tmp_path: Path
) -> None:
    """Not even where what is recorded next changes what is owed because of it."""
    case = promised(policy, store)
    erase(policy, store, "c-1", NOW, events=[3])
    case.record("promise_made", promise="call again", within="1h", at=BEGAN + dt.timedelta(hours=13))
    case.record("promise_kept", promise="call again", at=BEGAN + dt.timedelta(hours=14))
    assert NAME not in repr(case.events) + repr(case.obligations)
    assert NAME.encode() not in on_the_disk(tmp_path)
    assert is_as_replayed(policy, store)


def test_a_case_that_is_erased_as_a_whole_owes_nothing_and_is_closed(
    policy: Policy, store: Store, tmp_path: Path
) -> None:
    """Time brings nothing of it up again; it may be opened again."""
    promised(policy, store)
    found = erase(policy, store, "c-1", NOW)
    assert [entry.id for entry in found.lost] == ["tell-insurer"]
    assert NAME.encode() not in on_the_disk(tmp_path)
    assert (store.ledger("c-1"), store.head("c-1").status, store.verify("c-1")) == ((), "closed", ())
    assert is_as_replayed(policy, store)
    clock = Clock()
    clock.after(days=30)
    case = Case.load(policy, "c-1", store, clock=clock)
    assert not case.run_due().events
    case.reopen()
    case.record("fact_learned", facts={"injury": True})
    assert [(entry.id, entry.state) for entry in case.obligations] == [("tell-insurer", "open")]
    assert is_as_replayed(policy, store)


def test_no_promise_of_an_erased_case_is_open_any_more(policy: Policy, store: Store) -> None:
    """So a promise that is kept, and not named, is one that was made since."""
    case = Case.open(policy, "c-1", store=store, clock=Clock())
    case.record("promise_made")
    erase(policy, store, "c-1", milliseconds(BEGAN))
    case.refresh()
    assert case.facts["exchange.promises_open"] == 0
    case.reopen()
    case.record("promise_made")
    case.record("promise_kept")
    assert [(entry.id, entry.state) for entry in case.obligations if entry.kind == "promise"] == [("promise-5", "done")]


def test_an_erasure_of_nothing_changes_nothing(policy: Policy, store: Store) -> None:
    promised(policy, store)
    erase(policy, store, "c-1", NOW, events=[3])
    version = store.head("c-1").version
    assert erase(policy, store, "c-1", NOW, events=[3]).events == ()
    assert store.head("c-1").version == version
    with pytest.raises(StoreError, match="no event number 99"):
        erase(policy, store, "c-1", NOW, events=[99])


def test_one_who_records_meanwhile_is_not_overlooked(
    policy: Policy, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands beside the log is made of the log as it is when it is written down."""
    case = promised(policy, store)
    read = store.events

    def events(id_: str, *, after: int = 0) -> object:
        found = read(id_, after=after)
        monkeypatch.undo()
        case.record("insurer_notified")
        return found

    monkeypatch.setattr(store, "events", events)
    erase(policy, store, "c-1", NOW, events=[3])
    assert {row.id: row.state for row in store.ledger("c-1")}["tell-insurer"] == "done"
    assert is_as_replayed(policy, store)
