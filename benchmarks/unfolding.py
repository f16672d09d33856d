"""What following an incident costs: recording an event, reading a case back, making its state anew, keeping many in memory."""

import itertools
import resource
import tempfile
from pathlib import Path
from typing import Any

from evenhand import Policy
from evenhand.engine.cases.business_time import moment_of
from evenhand.engine.cases.case import Case
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import replayed
from evenhand.engine.cases.store import open_store

from .report import Reach, Section, micros, table, times
from .store import BARE, START, bare_insert
from .timing import Entry, race

LENGTH = 100  # events of a case
ROOM = 50  # cases that are recorded in
OPEN = 1_000  # cases that are kept in memory
MINUTE = 60_000

RECORD, SHOW, REBUILD = (
    f"`Case.record` in a case of {LENGTH} events, on the disk",
    f"read a case of {LENGTH} events back, with its facts and decision",
    f"make the state of {LENGTH} events anew",
)


def measure() -> Section:
    """Record, read back and rebuild in turns, each in stores of its own."""
    policy = Policy.load("house")
    with tempfile.TemporaryDirectory() as folder:
        entries = {
            BARE: bare_insert(Path(folder), BARE),
            RECORD: _record(policy, Path(folder)),
            SHOW: _show(policy, Path(folder)),
            REBUILD: _rebuild(policy),
        }
        timed = race(entries, rounds=300, repeats=1)
    rows = [(name, micros(timed[name].least), micros(timed[name].median)) for name in entries]
    memory = _memory(policy)
    rows.append((f"memory of an open case of {LENGTH} events", f"{memory / 1024:,.0f} KiB", ""))
    reach = Reach("`Case.record`: median over bare INSERT", 3, timed.ratio(RECORD, BARE))
    text = table(("an event of a case, under `house`", "least", "median"), rows)
    return Section(
        "unfolding", (text, f"`Case.record` over a bare INSERT: {times(timed.ratio(RECORD, BARE))}."), (reach,)
    )


def _fields(n: int) -> tuple[str, dict[str, Any]]:
    kinds: list[tuple[str, dict[str, Any]]] = [
        (
            "message_received",
            {"author": "ann", "text": "I asked twice for a hot cup and was laughed at.", "abuse": "rude"},
        ),
        ("post_seen", {"post": f"p-{n % 7}", "author": f"a-{n % 5}", "views": 40 * n, "shares": n}),
        ("message_sent", {"text": "Thank you. We are looking into it."}),
        ("step_done", {"step": "listen"}),
    ]
    return kinds[n % len(kinds)]


def _events(count: int) -> list[Event]:
    opening = Event(1, START, "case_opened", {"facts": {"fault": "shared", "loss": "20 USD", "injury": False}})
    return [opening] + [Event(n + 1, START + n * MINUTE, *_fields(n)) for n in range(1, count)]


def _record(policy: Policy, folder: Path) -> Entry:
    store = open_store(folder / "record.db")
    plain = Plain(policy.tree.case.patterns)
    for number in range(ROOM):
        store.create(f"case-{number}", _events(LENGTH))
    cases = [Case.load(policy, f"case-{number}", store, joiner=plain) for number in range(ROOM)]
    made = itertools.count()

    def fresh(_: int) -> tuple[Case, int]:
        n = next(made)
        return cases[n % ROOM], LENGTH + n // ROOM

    def run(what: tuple[Case, int]) -> None:
        case, n = what
        kind, fields = _fields(n)
        case.record(kind, at=moment_of(START + n * MINUTE), **fields)

    return Entry(fresh, run, 1)


def _show(policy: Policy, folder: Path) -> Entry:
    store = open_store(folder / "show.db")
    plain = Plain(policy.tree.case.patterns)
    for number in range(ROOM):
        store.create(f"case-{number}", _events(LENGTH))
    made = itertools.count()

    def run(number: int) -> None:
        case = Case.load(policy, f"case-{number}", store, joiner=plain)
        assert case.facts
        assert case.decision.outcomes

    return Entry(lambda _: next(made) % ROOM, run, 1)


def _rebuild(policy: Policy) -> Entry:
    plain = Plain(policy.tree.case.patterns)
    return Entry(lambda _: _events(LENGTH), lambda events: replayed(policy, plain, events, case="rebuilt"), 1)


def _memory(policy: Policy) -> float:
    """Return what an open case takes in memory, in bytes."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = [Case.of(policy, _events(LENGTH), id=str(number)) for number in range(OPEN)]
    for case in kept:
        assert case.progress.moments
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / OPEN
