"""What the store of cases costs on SQLite: an append beside a bare INSERT of the same rows, and a million events."""

import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evenhand.engine.cases.event import Event
from evenhand.engine.cases.store import LedgerRow, Message, Timer, open_store
from evenhand.engine.cases.store.store import Store

from .report import Reach, Section, micros, number, table, times
from .timing import Entry, race

START = 1_795_168_800_000
CASES, EVENTS = 10_000, 1_000_000
BATCH = 20  # events of an append, while the million is recorded
ROOM = 100  # cases that are recorded in for the comparison

BARE, BARE_HEAD, PLAIN, KEYED, ALL = (
    "bare INSERT of the event",
    "the same, and UPDATE of the case",
    "`append`, one event",
    "`append`, one event with a key",
    "`append`, one event with a key, ledger row, timer and message",
)


def measure() -> Section:
    """Time single appends beside bare inserts, then fill a store."""
    with tempfile.TemporaryDirectory() as folder:
        compared, reaches = single(Path(folder))
        filled = million(Path(folder))
    return Section("store", (compared, filled), reaches)


# --- one event ---------------------------------------------------------------------------------------------------------


def single(folder: Path, rounds: int = 800) -> tuple[str, tuple[Reach, ...]]:
    """Append and insert in turns, each into a file of its own, every time waiting for the disk."""
    entries = {name: bare_insert(folder, name) for name in (BARE, BARE_HEAD)} | {
        name: _append(folder, name) for name in (PLAIN, KEYED, ALL)
    }
    timed = race(entries, rounds=rounds, repeats=1)  # one by one: the disk has its moods
    rows = [
        (name, micros(timed[name].least), micros(timed[name].median), times(timed.ratio(name, BARE)))
        for name in entries
    ]
    reaches = tuple(Reach(f"{name}: median over bare INSERT", 3, timed.ratio(name, BARE)) for name in (PLAIN, KEYED))
    return table(("one transaction, on the disk when it returns", "least", "median", "over bare"), rows), reaches


def _append(folder: Path, name: str) -> Entry:
    store = open_store(folder / f"{abs(hash(name))}.db")
    versions = [store.create(f"case-{n}").version for n in range(ROOM)]
    made = iter(range(10**9))

    def run(event: tuple[int, Event, dict[str, Any]]) -> None:
        case, given, more = event
        versions[case] = store.append(f"case-{case}", versions[case], [given], **more).version

    def fresh(_: int) -> tuple[int, Event, dict[str, Any]]:
        n = next(made)
        more: dict[str, Any] = {}
        if name == ALL:
            more["ledger"] = [LedgerRow("duty", f"duty-{n}", START, START + n)]
            more["timers"] = [Timer(f"duty-{n}", START + n, "duty")]
            more["outbox"] = [Message(f"duty-{n}", "duty", START, {"duty": f"duty-{n}"})]
        return n % ROOM, _event(n, keyed=name != PLAIN), more

    return Entry(fresh, run, 1)


def bare_insert(folder: Path, name: str) -> Entry:
    """The same rows into the same tables, by the driver alone, all of them made beforehand."""
    path = folder / f"{abs(hash(name))}.db"
    with open_store(path) as store:
        for n in range(ROOM):
            store.create(f"case-{n}")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma synchronous = full")
    made = iter(range(10**9))

    def run(row: tuple[Any, ...]) -> None:
        connection.execute("begin immediate")
        connection.execute("insert into case_events values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        if name == BARE_HEAD:
            connection.execute("update cases set version = ?, hash = ? where number = ?", (row[1], row[8], row[0]))
        connection.execute("commit")

    def fresh(_: int) -> tuple[Any, ...]:
        from evenhand.engine.cases.store.chain import written

        n = next(made)
        event = _event(n, keyed=True)
        salt, hash_ = os.urandom(16), os.urandom(32)
        return (
            1 + n % ROOM,
            1 + n // ROOM,
            event.at,
            event.kind,
            event.key,
            written(event.raw),
            salt,
            None,
            hash_,
        )

    return Entry(fresh, run, 1)


def _event(n: int, *, keyed: bool) -> Event:
    fields = {
        "author": f"customer-{n % 977}",
        "channel": "social",
        "text": "I asked twice for a hot cup and was laughed at. I shall not come back, and I shall tell everybody.",
        "abuse": "rude",
    }
    return Event(0, START + n * 1000, "message_received", fields, f"message-{n}" if keyed else "")


# --- a million ---------------------------------------------------------------------------------------------------------


def million(folder: Path) -> str:
    """Fill a store with cases that grow side by side, then use it."""
    path = folder / "million.db"
    with open_store(path) as store:
        for case in range(CASES):
            store.create(f"case-{case}")
        started, n = time.perf_counter(), 0
        for turn in range(EVENTS // CASES // BATCH):
            for case in range(CASES):
                store.append(f"case-{case}", turn * BATCH, [_event(n + i, keyed=True) for i in range(BATCH)])
                n += BATCH
        seconds = time.perf_counter() - started
        rows = [
            (f"record {EVENTS:,} events in {CASES:,} cases, {BATCH} at a time", f"{number(seconds)} s"),
            ("of it, one event", micros(seconds / EVENTS)),
            ("file", f"{path.stat().st_size / 1e6:,.0f} MB"),
            ("of it, one event", f"{path.stat().st_size / EVENTS:,.0f} bytes"),
            *_uses(store),
        ]
    return table(("a store of a million events", ""), rows)


def _uses(store: Store) -> list[tuple[str, str]]:
    """Time what is done all day, in cases drawn at random."""
    draw = random.Random(1)

    def once(act: Callable[[str], object], repeats: int) -> str:
        taken = []
        for _ in range(repeats):
            case = f"case-{draw.randrange(CASES)}"
            start = time.perf_counter()
            act(case)
            taken.append(time.perf_counter() - start)
        return micros(statistics.median(taken))

    def append(case: str) -> None:
        store.append(case, store.head(case).version, [_event(draw.randrange(10**9), keyed=True)])

    length = EVENTS // CASES
    return [
        ("`head`, then `append` of one event, median", once(append, 1000)),
        (f"`events` of a case of {length}, median", once(store.events, 1000)),
        (f"`verify` of a case of {length}, median", once(store.verify, 1000)),
        (f"`cases`, all {CASES:,}", once(lambda _: store.cases(), 3)),
    ]
