"""The chain shows every change of a log, erasing included, and survives a journey to another store."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import text
from stores import HOUR, TEN, event, kinds

from evenhand.engine.cases.event import Event
from evenhand.engine.cases.store import CaseExists, Fault, LedgerRow, Message, StoreError, Timer, open_store
from evenhand.engine.cases.store.store import Store
from evenhand.engine.cases.store.verifying import MOST_MISSING

SECRET = "Ann Smith, 12 Elm Street"


def tamper(store: Store, statement: str, **values: object) -> None:
    """Change the tables behind the store's back."""
    with store._database.engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount


@pytest.fixture
def told(store: Store) -> Store:
    """A store with a case of five events and everything else that there may be beside them."""
    store.create("other", [event(n=1), event(n=2)])
    store.create(
        "c",
        [event("case_opened", facts={}), event(text=SECRET, key="m-1")],
        ledger=[LedgerRow("promise", SECRET, TEN)],
        timers=[Timer("t", TEN, about={"who": SECRET})],
        outbox=[Message("m", "duty", TEN, {"who": SECRET})],
    )
    store.append("c", 2, [event("x"), event("y"), event(text="later")], outbox=[Message("n", "duty", TEN, {"n": 1})])
    return store


def test_a_log_as_recorded_holds(told: Store) -> None:
    assert told.verify("c") == told.verify("other") == ()
    assert told.verify("c", known=told.head("c")) == ()


CHANGES = {
    "at": "update case_events set at = at + 1 where kind = 'x'",
    "kind": "update case_events set kind = 'z' where kind = 'x'",
    "key": "update case_events set key = 'k' where kind = 'x'",
    "payload": "update case_events set payload = '{\"n\"\\:1}' where kind = 'x'",
    "spaces": "update case_events set payload = '{ }' where kind = 'x'",
    "no payload": "update case_events set payload = null where kind = 'x'",
    "no salt": "update case_events set salt = null where kind = 'x'",
    "other salt": "update case_events set salt = (select salt from case_events where kind <> 'x' limit 1) where kind = 'x'",
    "hash": "update case_events set hash = (select hash from case_events where kind <> 'x' limit 1) where kind = 'x'",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_of_an_event_is_found_at_its_place(told: Store, change: str) -> None:
    tamper(told, change)
    found = told.verify("c")
    assert found[0].seq == 3
    assert {fault.seq for fault in found} <= {3, 4}
    assert told.verify("other") == ()


def test_an_event_that_was_removed_is_missed(told: Store) -> None:
    tamper(told, "delete from case_events where kind = 'x'")
    assert Fault("c", 3, "the event is missing") in told.verify("c")
    tamper(told, "delete from case_events where seq > 3 and case_number = (select number from cases where id = 'c')")
    assert {fault.seq for fault in told.verify("c")} == {3, 4, 5}


def test_events_that_changed_places_are_found(told: Store) -> None:
    tamper(told, "update case_events set seq = 100 where kind = 'x'")
    tamper(told, "update case_events set seq = 3 where kind = 'y'")
    tamper(told, "update case_events set seq = 4 where kind = 'x'")
    assert [fault.seq for fault in told.verify("c")] == [3, 4, 5]


def test_events_of_another_case_do_not_fit(told: Store) -> None:
    tamper(told, "update cases set id = 'moved' where id = 'other'")
    assert [fault.seq for fault in told.verify("moved")] == [1, 2]


def test_a_log_that_was_cut_off_agrees_with_itself_only(told: Store) -> None:
    """Who keeps the head elsewhere finds out."""
    known = told.head("c")
    hashes = "(select hash from case_events where seq = 4 and case_number = (select number from cases where id = 'c'))"
    tamper(told, f"update cases set version = 4, hash = {hashes} where id = 'c'")
    tamper(told, "delete from case_events where seq = 5")
    assert told.verify("c") == ()
    assert told.verify("c", known=known) == (Fault("c", 5, "the log was cut off: it had 5 events"),)
    told.append("c", 4, [event("instead")])
    assert [fault.seq for fault in told.verify("c", known=known)] == [5]


def test_a_log_that_went_on_fits_where_it_stood(told: Store) -> None:
    known = told.head("c")
    told.append("c", 5, [event()])
    assert told.verify("c", known=known) == ()


# --- erasing ---------------------------------------------------------------------------------------------------------


def test_erased_fields_are_gone_and_the_chain_holds(told: Store) -> None:
    before = told.events("c")
    erased = told.erase("c", TEN + HOUR, events=[2], reason="on request")
    assert erased.events == (Event(6, TEN + HOUR, "data_erased", {"events": ["2"], "reason": "on request"}),)
    after = told.events("c")
    assert after[1] == attrs.evolve(before[1], raw={}, erased=True)
    assert (*after[:1], *after[2:5]) == (*before[:1], *before[2:5])
    assert told.verify("c") == ()
    tamper(told, "update case_events set kind = 'z' where kind = 'x'")
    assert told.verify("c")[0].seq == 3


def test_erasing_a_case_leaves_nothing_of_it_on_the_disk(tmp_path: Path) -> None:
    """Not in the tables, nor in the free pages, nor in the journal beside the file."""
    path = tmp_path / "cases.db"
    with open_store(path) as store:
        store.create("c", [event(text=SECRET * 100)], ledger=[LedgerRow("promise", SECRET, TEN)])
        for n in range(1, 50):
            about: dict[str, Any] = {"n": n, "who": SECRET}
            message = Message(f"m-{n}", "duty", TEN, about)
            store.append("c", n, [event(**about)], timers=[Timer("t", TEN + n, about=about)], outbox=[message])
        assert SECRET.encode() in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        store.erase("c", TEN)
        assert SECRET.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert store.verify("c") == ()
        assert (store.ledger("c"), store.timers("c")) == ((), ())
        assert {(posted.state, posted.problem) for posted in store.outbox()} == {
            ("failed", "erased before it was delivered")
        }


def test_messages_of_erased_events_are_erased(told: Store) -> None:
    told.erase("c", TEN, events=[2])
    assert [(posted.message.key, posted.erased, posted.state) for posted in told.outbox()] == [
        ("erased/1", True, "failed"),  # because a key may name what was promised
        ("n", False, "waiting"),
    ]


def test_erasing_again_changes_nothing(told: Store) -> None:
    told.erase("c", TEN)
    version = told.head("c").version
    assert told.erase("c", TEN).repeated
    assert told.erase("c", TEN, events=[1, 6]).repeated
    assert told.erase("c", TEN, events=[]).repeated
    assert told.head("c").version == version
    assert kinds(told.events("c"))[-1] == "data_erased"
    assert not told.events("c")[-1].erased


def test_what_came_after_an_erasure_is_erased_by_the_next(told: Store) -> None:
    told.erase("c", TEN)
    told.append("c", 6, [event(text=SECRET)])
    assert told.erase("c", TEN).events[0].raw["events"] == ["7"]
    assert told.verify("c") == ()


def test_an_unknown_event_cannot_be_erased(told: Store) -> None:
    with pytest.raises(StoreError, match="no event number 6"):
        told.erase("c", TEN, events=[2, 6])
    assert not told.events("c")[1].erased


def test_a_repeat_of_an_erased_event_stays_harmless(told: Store) -> None:
    told.erase("c", TEN)
    assert told.append("c", 6, [event(text="whatever", key="m-1")]).repeated


def test_fields_that_vanish_without_a_word_are_found(told: Store) -> None:
    """Somebody who can write to the tables makes a removal look like an erasure; only the word for it is missing."""
    told.erase("c", TEN, events=[1])
    tamper(
        told,
        "update case_events set payload = null, salt = null, committed = :committed where kind = 'x'",
        committed=committed_to(told),
    )
    assert told.verify("c") == (Fault("c", 3, "its fields were removed, and no event says that they were erased"),)


def test_fields_that_come_back_are_found(told: Store) -> None:
    with told._database.engine.connect() as connection:
        (kept,) = connection.execute(text("select payload, salt from case_events where key = 'm-1'")).all()
    told.erase("c", TEN)
    tamper(
        told,
        "update case_events set payload = :payload, salt = :salt, committed = null where key = 'm-1'",
        **kept._asdict(),
    )
    assert told.verify("c") == (Fault("c", 2, "it was erased, and its fields are back"),)


def committed_to(store: Store) -> bytes:
    """The commitment of the event of kind x, as somebody who can read the tables would make it."""
    from evenhand.engine.cases.store.chain import commitment

    with store._database.engine.connect() as connection:
        row = connection.execute(text("select salt, payload from case_events where kind = 'x'")).one()
    return commitment(bytes(row.salt), row.payload)


# --- to another store ------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "elsewhere.db") as opened:
        yield opened


def everything(store: Store, case: str) -> tuple[object, ...]:
    """All that a store says of a case."""
    return store.head(case), store.events(case), store.ledger(case), store.timers(case), store.outbox(case=case)


def test_a_case_arrives_as_it_left(told: Store, elsewhere: Store) -> None:
    told.erase("c", TEN, events=[4])
    lines = [*told.export("c"), "", *told.export("other")]
    assert elsewhere.import_cases(lines) == ("c", "other")
    for case in ("c", "other"):
        assert everything(elsewhere, case) == everything(told, case)
        assert elsewhere.export(case) == told.export(case)
        assert elsewhere.verify(case, known=told.head(case)) == ()
    elsewhere.append("c", 6, [event()])
    assert elsewhere.verify("c") == ()


def test_a_case_that_is_there_is_not_replaced(told: Store, elsewhere: Store) -> None:
    """And then none is taken in."""
    elsewhere.create("other")
    with pytest.raises(CaseExists):
        elsewhere.import_cases([*told.export("c"), *told.export("other")])
    assert not elsewhere.exists("c")


def changed(line: str, path: str, value: object) -> str:
    """A line with one value replaced."""
    table: dict[str, Any] = json.loads(line)
    *outer, last = path.split(".")
    inner = table
    for name in outer:
        inner = inner[name]
    inner[last] = value
    return json.dumps(table)


@pytest.mark.parametrize(
    ("number", "path", "value"),
    [
        (0, "case", "d"),
        (0, "version", 4),
        (0, "hash", "00" * 32),
        (1, "event.at", 7),
        (1, "event.seq", 2),
        (1, "event.kind", "x"),
        (1, "event.key", "x"),
        (1, "event.fields", {"facts": {"abuse": "rude"}}),
        (1, "event.salt", "00" * 16),
        (1, "event.hash", "00" * 32),
        (1, "event.committed", "00" * 32),
    ],
)
def test_a_chain_that_does_not_hold_is_not_taken_in(
    told: Store, elsewhere: Store, number: int, path: str, value: object
) -> None:
    lines = list(told.export("c"))
    lines[number] = changed(lines[number], path, value)
    with pytest.raises(StoreError, match=r"line 1: the chain of case `\w` does not hold at"):
        elsewhere.import_cases(lines)
    assert elsewhere.cases() == ()


@pytest.mark.parametrize("drop", [1, 3, 5])
def test_a_chain_with_a_gap_is_not_taken_in(told: Store, elsewhere: Store, drop: int) -> None:
    lines = list(told.export("c"))
    del lines[drop]
    with pytest.raises(StoreError, match="does not hold"):
        elsewhere.import_cases(lines)


@pytest.mark.parametrize("version", [10**12, 10**30])
def test_a_head_that_claims_more_events_than_there_can_be_takes_no_memory(
    told: Store, elsewhere: Store, version: int
) -> None:
    lines = list(told.export("c"))
    lines[0] = changed(lines[0], "version", version)
    with pytest.raises(StoreError, match="does not hold at event 6: the event is missing"):
        elsewhere.import_cases(lines)
    with told._database.engine.begin() as connection:
        connection.execute(text("update cases set version = 2000000000 where id = 'c'"))
    found = told.verify("c")
    assert (found[0].seq, len(found)) == (6, MOST_MISSING)


def test_a_status_that_there_is_not_is_not_taken_in(told: Store, elsewhere: Store) -> None:
    lines = list(told.export("c"))
    lines[0] = changed(lines[0], "status", "waiting")
    with pytest.raises(StoreError, match="the status is `waiting`, which is none of open, monitored, closed"):
        elsewhere.import_cases(lines)


def test_a_number_that_no_database_keeps_is_not_taken_in(told_lines: list[str], elsewhere: Store) -> None:
    lines = [line.replace('"first_seq":', '"first_seq":9223372036854775808,"was":') for line in told_lines]
    assert lines != told_lines
    lines = [line if line in told_lines else json.dumps(without(json.loads(line), "was")) for line in lines]
    with pytest.raises(StoreError):
        elsewhere.import_cases(lines)


def without(table: dict[str, dict[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    return {kind: {key: value for key, value in inner.items() if key != name} for kind, inner in table.items()}


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_lines_say_the_answer_is_a_store_error(
    told_lines: list[str], elsewhere: Store, data: st.DataObject
) -> None:
    """A line torn, doubled, dropped, or with something of another type in it."""
    lines = list(told_lines)
    place = data.draw(st.integers(0, len(lines) - 1))
    table = json.loads(lines[place])
    inner = next((value for value in table.values() if isinstance(value, dict)), table)
    what = data.draw(st.sampled_from(["tear", "value", "drop key", "add key", "not an object"]))
    junk = st.one_of(
        st.none(), st.integers(), st.text(), st.lists(st.integers()), st.floats(), st.just({"a": "\0\ud800"})
    )
    if what == "tear":
        lines[place] = lines[place][: data.draw(st.integers(1, len(lines[place]) - 1))]
    elif what == "not an object":
        lines[place] = json.dumps(data.draw(junk))
    else:
        name = data.draw(st.sampled_from(sorted(inner)))
        if what == "drop key":
            del inner[name]
        else:
            inner[name if what == "value" else "more"] = data.draw(junk)
        lines[place] = json.dumps(table)
    try:
        (case,) = elsewhere.import_cases(lines)
    except StoreError:
        return
    assert elsewhere.verify(case) == ()
    with elsewhere._database.engine.begin() as connection:
        for name in ("case_events", "case_ledger", "case_timers", "case_outbox", "cases"):
            connection.execute(text(f"delete from {name}"))


@pytest.fixture
def told_lines(tmp_path: Path) -> list[str]:
    """The lines of a case with one of everything."""
    with open_store(tmp_path / "told.db") as store:
        store.create(
            "c",
            [event("case_opened", key="k"), event(text=SECRET)],
            ledger=[LedgerRow("duty", "d", TEN, TEN + HOUR)],
            timers=[Timer("t", TEN)],
            outbox=[Message("m", "duty", TEN)],
        )
        store.erase("c", TEN, events=[2])
        return list(store.export("c"))
