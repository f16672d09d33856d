"""Long cases: what each event costs does not grow with what is there already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, strategies as st
from test_case_progress import HOUR, OPENED, TALE

from evenhand import Policy
from evenhand.engine.cases.book import Book, Standing
from evenhand.engine.cases.case import Case
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.ledger import Ledger
from evenhand.engine.cases.passing import run_through
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import Progress
from evenhand.rules.moments import moment_of


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(TALE)


def steps_of(work: Callable[[], object]) -> int:
    """How many instructions of Python some work takes; unlike its time, this is the same on every machine, however busy."""
    count = 0

    def step(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def promises(many: int) -> Iterator[Event]:
    for number in range(many):
        yield Event(0, OPENED + number, "promise_made", {"promise": f"p{number}", "within": "30 days"})


def unnamed(many: int) -> Iterator[Event]:
    for number in range(many):
        yield Event(0, OPENED + number, "promise_made" if number < many / 2 else "promise_kept", {})


def late(many: int) -> Iterator[Event]:
    """Promises that are not kept: each breach is an event as well."""
    yield from promises(many // 2)
    yield Event(0, OPENED + 31 * 24 * HOUR, "insurer_notified", {})


def posts(many: int) -> Iterator[Event]:
    for number in range(many):
        yield Event(0, OPENED + number * HOUR, "post_seen", {"post": f"p{number}", "views": number % 7 * 400})


@pytest.mark.parametrize("events", [promises, unnamed, late, posts])
def test_twice_the_events_take_twice_the_work(policy: Policy, events: Callable[[int], Iterator[Event]]) -> None:
    def through(many: int) -> int:
        progress = Progress(policy, Plain(policy.tree.case.patterns))
        opened = Event(0, OPENED, "case_opened", {"facts": {"injury": True}})
        return steps_of(lambda: list(run_through(progress, [opened, *events(many)])))

    through(10)  # whatever is done once
    first, second, third = (through(many) for many in (50, 150, 250))
    assert third - second <= 1.1 * (second - first)


def test_recording_does_not_go_through_all_deadlines(
    policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a store it writes down the timers that changed, and finds them by what changed."""
    pytest.importorskip("sqlalchemy", reason="the store needs SQLAlchemy: install `evenhand[cases]`")
    from evenhand.engine.cases.store import open_store

    def refuse(_: Ledger) -> tuple[int, ...]:
        raise AssertionError("every deadline was asked for")

    with monkeypatch.context() as patched, open_store(tmp_path / "cases.db") as store:
        patched.setattr(Ledger, "deadlines", property(refuse))
        case = Case.open(policy, "c", {"injury": True}, at=moment_of(OPENED), store=store)
        for number in range(3):
            case.record("promise_made", promise=f"p{number}", within=f"{number // 2 + 1}h", at=moment_of(OPENED + 1))
        case.record("promise_kept", promise="p0", at=moment_of(OPENED + 2))
        patched.undo()
        waiting = {timer.due_at for timer in store.timers("c") if timer.state == "waiting"}
        assert waiting == set(case.progress.alarms) == {OPENED + 1 + HOUR, OPENED + 1 + 2 * HOUR, OPENED + 24 * HOUR}


def test_a_state_that_somebody_has_stays_as_it_was(policy: Policy) -> None:
    """Although the ledger itself goes on."""
    case = Case.of(policy, [Event(0, OPENED, "case_opened", {}), *promises(3)])
    entries, timeline, standing = case.obligations, case.timeline, case.progress.ledger.book.standing
    was = repr((entries, timeline, standing.entries()))
    case.record("promise_kept", promise="p1")
    case.record("promise_made", promise="p9")
    assert repr((entries, timeline, standing.entries())) == was
    changed = case.progress.ledger.book.standing.since(standing)
    assert [(after.id, after.state) for _, after in changed if after is not None] == [("p1", "done"), ("p9", "open")]


@given(st.lists(st.one_of(st.none(), st.tuples(st.sampled_from("abcd"), st.integers(0, 2))), max_size=20))
def test_a_book_tells_what_changed_between_any_two_of_its_standings(changes: list[tuple[str, int] | None]) -> None:
    """As if every standing were a copy; None clears the book."""
    book = Book[str, int]()
    copies: list[tuple[Standing[str, int], dict[str, int]]] = [(book.standing, {})]
    for change in changes:
        if change is None:
            book.clear()
        else:
            book.put(*change)
        copies.append((book.standing, dict(book.entries)))
    for number, (then, was) in enumerate(copies):
        assert then.entries() == was
        for later, now in copies[number:]:
            names = dict.fromkeys([*now, *was])
            expected = [(was.get(name), now.get(name)) for name in names if was.get(name) != now.get(name)]
            assert sorted(later.since(then), key=repr) == sorted(expected, key=repr)
