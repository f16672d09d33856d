"""The store keeps what it confirms, once, in order; on SQLite and on PostgreSQL alike."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Select, inspect, text
from stores import HOUR, MINUTE, TEN, event, kinds

from evenhand.engine.cases.event import Event
from evenhand.engine.cases.store import (
    CaseExists,
    CaseUnknown,
    ClaimLost,
    KeyReused,
    LedgerRow,
    Message,
    StoreError,
    Timer,
    VersionConflict,
    open_store,
)
from evenhand.engine.cases.store.store import Store

# --- the log ---------------------------------------------------------------------------------------------------------


def test_events_come_back_as_they_went_in(store: Store, place: str) -> None:
    """Whatever JSON can say, in the order of recording, and in another process as well."""
    fields: dict[str, Any] = {
        "text": "Ça va? \N{HOT BEVERAGE} \0 \ud800",
        "views": 10**30,
        "n": 0.1,
        "list": [None, True, {"a": []}],
        "": "'; --",
    }
    given = [event("case_opened", facts={}), event("post_seen", at=TEN - HOUR, **fields), event("x", at=-1)]
    assert store.create("a/1 'quoted\"; drop table cases", given).version == 3
    expected = tuple(attrs.evolve(one, seq=n) for n, one in enumerate(given, 1))
    assert store.events("a/1 'quoted\"; drop table cases") == expected
    store.close()
    with open_store(place) as again:
        assert again.events("a/1 'quoted\"; drop table cases", after=1) == expected[1:]


def test_an_append_returns_the_events_as_recorded(store: Store) -> None:
    store.create("c", [event(key="one")])
    appended = store.append("c", 1, [event("x"), event("y", key="k")])
    assert appended.version == 3
    assert appended.events == (Event(2, TEN, "x", {}), Event(3, TEN, "y", {}, "k"))
    assert not appended.repeated


def test_an_append_at_another_version_is_refused(store: Store) -> None:
    store.create("c", [event()])
    for expected in (0, 2, -1):
        with pytest.raises(VersionConflict) as refused:
            store.append("c", expected, [event("x")])
        assert (refused.value.expected, refused.value.current) == (expected, 1)
    assert kinds(store.events("c")) == ["message_received"]


def test_an_append_without_events_changes_rows_only(store: Store) -> None:
    store.create("c", [event()])
    before = store.head("c")
    assert store.append("c", 1, [], ledger=[LedgerRow("duty", "d", TEN)], status="closed").version == 1
    assert store.head("c") == attrs.evolve(before, status="closed")
    assert store.ledger("c") == (LedgerRow("duty", "d", TEN),)


def test_a_repeated_event_is_recorded_once(store: Store) -> None:
    """Whatever version the caller thinks the case is at, and whatever else came since."""
    store.create("c", [event(key="open")])
    given = [event("x", key="k", n=1), event("derived")]
    first = store.append("c", 1, given, outbox=[Message("m", "duty", TEN)])
    store.append("c", 3, [event("y")])
    for expected in (1, 4, 77):
        again = store.append("c", expected, given, ledger=[LedgerRow("duty", "d", TEN)])
        assert again.repeated
        assert again.events == (first.events[0],)
        assert again.version == 4
    assert kinds(store.events("c")) == ["message_received", "x", "derived", "y"]
    assert store.ledger("c") == ()


def test_a_repeat_may_have_been_stamped_anew(store: Store) -> None:
    store.create("c", [event("x", key="k", n=1)])
    assert store.append("c", 1, [event("x", at=TEN + HOUR, key="k", n=1)]).events[0].at == TEN


@pytest.mark.parametrize("other", [event("x", key="k", n=2), event("y", key="k", n=1), event("x", key="k")])
def test_a_key_stands_for_one_event(store: Store, other: Event) -> None:
    store.create("c", [event("x", key="k", n=1)])
    with pytest.raises(KeyReused, match="number 1"):
        store.append("c", 1, [other])
    assert store.head("c").version == 1


def test_keys_belong_to_their_case(store: Store) -> None:
    for case in ("a", "b"):
        assert store.create(case, [event("x", key="k", case=case)]).version == 1


def test_events_without_keys_may_be_alike(store: Store) -> None:
    store.create("c", [event(), event()])
    assert store.append("c", 2, [event()]).version == 3


def test_old_and_new_events_do_not_mix(store: Store) -> None:
    """Who has not read what another recorded is told to; who has, made a mistake."""
    store.create("c", [event("x", key="k")])
    with pytest.raises(VersionConflict):
        store.append("c", 0, [event("x", key="k"), event("y", key="new")])
    with pytest.raises(KeyReused):
        store.append("c", 1, [event("y", key="new"), event("x", key="k")])
    with pytest.raises(StoreError, match="two events"):
        store.append("c", 1, [event("y", key="new"), event("y", key="new")])
    assert store.head("c").version == 1


def test_a_case_begins_once(store: Store) -> None:
    store.create("c", [event("case_opened", key="open")], policy="house", status="open")
    assert store.create("c", [event("case_opened", key="open")]).repeated
    for events in ([], [event("case_opened")], [event("case_opened", key="other")]):
        with pytest.raises(CaseExists):
            store.create("c", events)
    assert store.exists("c")
    assert not store.exists("d")
    assert store.head("c").policy == "house"


def test_an_unknown_case_is_named(store: Store) -> None:
    asks: list[Callable[[], object]] = [
        lambda: store.head("nobody"),
        lambda: store.events("nobody"),
        lambda: store.append("nobody", 0, [event()]),
        lambda: store.ledger("nobody"),
        lambda: store.timers("nobody"),
        lambda: store.outbox(case="nobody"),
    ]
    for ask in asks:
        with pytest.raises(CaseUnknown, match="there is no case `nobody`"):
            ask()


def test_the_head_knows_the_latest_moment(store: Store) -> None:
    store.create("c")
    assert store.head("c").last_at is None
    store.append("c", 0, [event(at=TEN + HOUR), event(at=TEN)])
    store.append("c", 2, [event(at=TEN - HOUR)])
    assert store.head("c").last_at == TEN + HOUR


def test_cases_are_found_by_status_and_by_what_they_owe(store: Store) -> None:
    for case, status, due in (
        ("c", "open", TEN),
        ("a", "open", None),
        ("b", "closed", TEN - 1),
        ("d", "open", TEN - 1),
    ):
        store.create(case, status=status, ledger=[LedgerRow("duty", "d", TEN - HOUR, due), LedgerRow("step", "s", TEN)])
    store.append("d", 0, [], ledger=[LedgerRow("duty", "d", TEN - HOUR, TEN - 1, "done", TEN)])
    assert [head.case for head in store.cases()] == ["a", "b", "c", "d"]
    assert [head.case for head in store.cases(status="open")] == ["a", "c", "d"]
    assert [head.case for head in store.cases(overdue_at=TEN)] == ["b"]
    assert [head.case for head in store.cases(overdue_at=TEN + 1, status="open")] == ["c"]


@pytest.mark.parametrize(
    ("case", "given"),
    [
        ("", event()),
        ("x" * 201, event()),
        ("a\nb", event()),
        (" a", event()),
        ("a\0b", event()),
        ("\ud800", event()),
        (7, event()),
        ("c", event("")),
        ("c", event("k" * 201)),
        ("c", event(key="a\tb")),
        ("c", event(key="\ud800")),
        ("c", event(at=2**60)),
        ("c", event(at=True)),
        ("c", event(at=1.5)),  # type: ignore[arg-type]
        ("c", event(n=float("nan"))),
        ("c", event(n={1, 2})),
        ("c", event(n="x" * 1_000_000)),
        ("c", event(n="\N{HOT BEVERAGE}" * 400_000)),
    ],
)
def test_what_cannot_be_kept_is_refused(store: Store, case: str, given: Event) -> None:
    """With nothing recorded, the case included."""
    with pytest.raises(StoreError):
        store.create(case, [event(), given])
    assert store.cases() == ()


@pytest.mark.parametrize(
    "row",
    [
        LedgerRow("duty", "", TEN),
        LedgerRow("duty", "a\0b", TEN),
        LedgerRow("duty", "\N{HOT BEVERAGE}" * 400, TEN),
        LedgerRow("debt", "d", TEN),  # type: ignore[arg-type]
        LedgerRow("duty", "d", 2**60),
        LedgerRow("duty", "d", TEN, state="late"),  # type: ignore[arg-type]
    ],
)
def test_a_row_that_cannot_be_kept_leaves_no_event_behind(store: Store, row: LedgerRow) -> None:
    with pytest.raises(StoreError):
        store.create("c", [event()], ledger=[row])
    assert not store.exists("c")


def test_threads_may_share_a_store(store: Store) -> None:
    """Each reads, tries, and reads again when another was first; no update is lost."""
    store.create("c")

    def record(worker: int) -> None:
        for n in range(10):
            while True:
                try:
                    store.append("c", store.head("c").version, [event("x", key=f"{worker}/{n}")])
                    break
                except VersionConflict:
                    continue

    threads = [threading.Thread(target=record, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {found.key for found in store.events("c")} == {f"{worker}/{n}" for worker in range(4) for n in range(10)}
    assert store.head("c").version == 40


# --- ledger and timers -----------------------------------------------------------------------------------------------


def test_the_ledger_has_the_last_state_of_each_row(store: Store) -> None:
    opened = LedgerRow("duty", "call", TEN, TEN + HOUR, about={"by": "shift lead"})
    store.create("c", ledger=[opened, LedgerRow("promise", "call", TEN - 1)])
    closed = attrs.evolve(opened, state="done", closed_at=TEN + 1)
    store.append("c", 0, [], ledger=[closed])
    assert store.ledger("c") == (LedgerRow("promise", "call", TEN - 1), closed)


def test_a_due_timer_is_one_workers(store: Store) -> None:
    store.create("c", timers=[Timer("late", TEN + MINUTE), Timer("early", TEN, "duty", about={"duty": "call"})])
    assert store.next_due() == TEN
    assert store.claim_due(TEN - 1, "one", HOUR) is None
    claim = store.claim_due(TEN + MINUTE, "one", HOUR)
    assert claim is not None
    assert (claim.case, claim.timer) == ("c", Timer("early", TEN, "duty", about={"duty": "call"}))
    other = store.claim_due(TEN + MINUTE, "two", HOUR)
    assert other is not None
    assert other.timer.name == "late"
    assert store.claim_due(TEN + MINUTE, "three", HOUR) is None


def test_a_timer_is_done_with_the_events_that_it_causes(store: Store) -> None:
    store.create("c", timers=[Timer("t", TEN)])
    claim = store.claim_due(TEN, "one", HOUR)
    with pytest.raises(VersionConflict):
        store.append("c", 7, [event("duty_breached")], done=claim)
    assert store.timers("c")[0].state == "waiting"
    store.append("c", 0, [event("duty_breached")], done=claim)
    assert store.timers("c")[0].state == "done"
    assert store.next_due() is None
    with pytest.raises(ClaimLost):
        store.append("c", 1, [event("duty_breached")], done=claim)
    assert store.head("c").version == 1


def test_a_dead_workers_timer_comes_back(store: Store) -> None:
    """And the dead worker, should it wake up, records nothing."""
    store.create("c", timers=[Timer("t", TEN)])
    slow = store.claim_due(TEN, "slow", MINUTE)
    assert store.claim_due(TEN + MINUTE - 1, "quick", MINUTE) is None
    quick = store.claim_due(TEN + MINUTE, "quick", MINUTE)
    assert quick is not None
    with pytest.raises(ClaimLost):
        store.append("c", 0, [event("slow")], done=slow)
    store.append("c", 0, [event("quick")], done=quick)
    assert kinds(store.events("c")) == ["quick"]


def test_a_clock_that_was_set_back_keeps_no_timer_waiting(store: Store) -> None:
    store.create("c", timers=[Timer("t", TEN)])
    assert store.claim_due(TEN + 240 * HOUR, "ahead", MINUTE) is not None
    assert store.claim_due(TEN, "right", MINUTE) is not None


def test_a_timer_that_changes_is_nobodys(store: Store) -> None:
    store.create("c", timers=[Timer("t", TEN)])
    claim = store.claim_due(TEN, "one", HOUR)
    store.append("c", 0, [event("promise_made")], timers=[Timer("t", TEN + HOUR)])
    with pytest.raises(ClaimLost):
        store.append("c", 1, [event("promise_broken")], done=claim)
    assert store.claim_due(TEN + HOUR - 1, "two", HOUR) is None
    assert store.claim_due(TEN + HOUR, "two", HOUR) is not None


def test_a_timer_may_be_set_again_by_what_it_causes(store: Store) -> None:
    store.create("c", timers=[Timer("t", TEN)])
    claim = store.claim_due(TEN, "one", HOUR)
    store.append("c", 0, [event("x")], timers=[Timer("t", TEN + HOUR)], done=claim)
    assert store.timers("c") == (Timer("t", TEN + HOUR),)


def test_a_cancelled_timer_never_fires(store: Store) -> None:
    store.create("c", timers=[Timer("t", TEN)])
    store.append("c", 0, [], timers=[Timer("t", TEN, state="cancelled")])
    assert store.claim_due(TEN, "one", HOUR) is None


def test_a_timer_without_events_is_done(store: Store) -> None:
    store.create("c", timers=[Timer("t", TEN)])
    claim = store.claim_due(TEN, "one", HOUR)
    assert claim is not None
    store.done(claim)
    with pytest.raises(ClaimLost):
        store.done(claim)


def test_a_retried_append_marks_its_timer_done(store: Store) -> None:
    """Somebody else recorded the breach by hand; the timer has nothing left to do."""
    store.create("c", [event("duty_breached", key="breach")], timers=[Timer("t", TEN)])
    claim = store.claim_due(TEN, "one", HOUR)
    assert store.append("c", 1, [event("duty_breached", key="breach")], done=claim).repeated
    assert store.timers("c")[0].state == "done"
    assert store.append("c", 1, [event("duty_breached", key="breach")], done=claim).repeated


@pytest.mark.parametrize("lease", [0, -1, 10**9])
def test_a_lease_has_bounds(store: Store, lease: int) -> None:
    with pytest.raises(StoreError, match="a lease lasts"):
        store.claim_due(TEN, "one", lease)


# --- the tables ------------------------------------------------------------------------------------------------------


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    from evenhand.engine.cases.store.tables import METADATA

    found = inspect(store._database.engine)
    for table in METADATA.tables.values():
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.c}, table.name
        keys = found.get_pk_constraint(table.name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key], table.name
    assert set(found.get_table_names()) == set(METADATA.tables)


def test_an_index_serves_every_question_on_the_way(tmp_path: Path) -> None:
    """SQLite uses an index over some of the rows only if the question says in the same words which."""
    from evenhand.engine.cases.store import claims, log, outbox

    asked = (log._OF_KEY._statement, log._OF_KEYS, log._FROM._statement, claims._DUE, claims._NEXT, outbox._READY)
    with open_store(tmp_path / "cases.db") as store:
        engine = store._database.engine
        for statement in asked:
            assert isinstance(statement, Select)
            values = {"keys": ["k"], "key": "k"}
            filled = statement.params({name: values.get(name, 1) for name in statement.compile().params})
            with engine.connect() as connection:
                query = filled.compile(connection, compile_kwargs={"literal_binds": True})
                plan = "; ".join(row.detail for row in connection.execute(text(f"explain query plan {query}")))
            assert re.match(r"(SEARCH|SCAN) case_\w+ USING (PRIMARY KEY|(COVERING )?INDEX)", plan), plan
            assert "TEMP B-TREE FOR ORDER BY" not in plan, plan


def test_a_store_may_be_open_twice(place: str) -> None:
    with open_store(place) as one, open_store(place) as two:
        one.create("c", [event()])
        assert two.head("c") == one.head("c")
