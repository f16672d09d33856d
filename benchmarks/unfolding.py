"""What following an incident costs: recording an event, reading a case back, making its state anew, keeping many in memory."""

import gc
import itertools
import random
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from evenhand import Policy
from evenhand.engine.cases.case import Case
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.passing import replayed
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.store import open_store
from evenhand.engine.cases.store.store import Store
from evenhand.rules.moments import moment_of

from .report import Reach, Section, micros, number, table, times
from .store import BARE, START, bare_insert
from .timing import Entry, Race, race

LENGTH = 100  # events of a case
ROOM = 50  # cases that are recorded in
ROUNDS = 300
MANY = 10_000  # cases that are open at the same time
MINUTE = 60_000

RECORD, SHOW, REBUILD = (
    f"`Case.record` in a case of {LENGTH} events, on the disk",
    f"read a case of {LENGTH} events back, with its facts and decision",
    f"make the state of {LENGTH} events anew",
)


def measure() -> Section:
    """Record, read back and rebuild in turns, each in stores of its own; then the same among ten thousand open cases."""
    policy = Policy.load("house")
    with tempfile.TemporaryDirectory() as folder:
        entries = {
            BARE: bare_insert(Path(folder), BARE),
            RECORD: _record(policy, Path(folder)),
            SHOW: _show(policy, Path(folder)),
            REBUILD: _rebuild(policy),
        }
        timed = race(entries, rounds=ROUNDS, repeats=1)
        rows, among = million(policy, Path(folder))
    alone = _table(f"{ROOM} open cases under `house`", timed)
    reaches = (
        Reach("`Case.record`: median over bare INSERT", 3, timed.ratio(RECORD, BARE)),
        Reach(f"`Case.record`, {MANY:,} open cases: median over bare INSERT", 3, among.ratio(RECORD, BARE)),
    )
    return Section(
        "unfolding", (alone, _table(f"{MANY:,} open cases", among), table((f"{MANY:,} cases", ""), rows)), reaches
    )


def _table(title: str, timed: Race[str]) -> str:
    rows = [
        (name, micros(found.least), micros(found.median), times(timed.ratio(name, BARE)))
        for name, found in timed.timings.items()
    ]
    return table((title, "least", "median", "over bare"), rows)


# --- events ------------------------------------------------------------------------------------------------------------


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


def _events(case: int) -> list[Event]:
    """Return the log of a case; each case is about another loss, so that none is decided as another was."""
    facts = {"fault": "shared", "loss": f"{20 + case // 100}.{case % 100:02} USD", "injury": False}
    opening = Event(1, START, "case_opened", {"facts": facts})
    return [opening] + [Event(n + 1, START + n * MINUTE, *_fields(n)) for n in range(1, LENGTH)]


# --- a few cases -------------------------------------------------------------------------------------------------------


def _record(policy: Policy, folder: Path) -> Entry:
    store, plain = open_store(folder / "record.db"), Plain(policy.tree.case.patterns)
    for number_ in range(ROOM):
        store.create(f"case-{number_}", _events(number_))
    cases = [Case.load(policy, f"case-{n}", store, joiner=plain) for n in range(ROOM)]
    assert all(case.progress.moments for case in cases)  # which makes their states, before the clock runs
    return _recording(cases)


def _recording(cases: list[Case]) -> Entry:
    made = itertools.count()

    def fresh(_: int) -> tuple[Case, int]:
        n = next(made)
        return cases[n % len(cases)], LENGTH + n // len(cases)

    def run(what: tuple[Case, int]) -> None:
        case, n = what
        kind, fields = _fields(n)
        case.record(kind, at=moment_of(START + n * MINUTE), **fields)

    return Entry(fresh, run, 1)


def _show(policy: Policy, folder: Path) -> Entry:
    store = open_store(folder / "show.db")
    for number_ in range(ROUNDS + 1):
        store.create(f"case-{number_}", _events(1_000 + number_))
    made = itertools.count()
    return Entry(lambda _: f"case-{next(made)}", partial(_shown, policy, store, Plain(policy.tree.case.patterns)), 1)


def _shown(policy: Policy, store: Store, plain: Plain, id_: str) -> None:
    case = Case.load(policy, id_, store, joiner=plain)
    assert case.facts
    assert case.decision.outcomes


def _rebuild(policy: Policy) -> Entry:
    plain, made = Plain(policy.tree.case.patterns), itertools.count(5_000)
    return Entry(lambda _: _events(next(made)), lambda events: replayed(policy, plain, events, case="rebuilt"), 1)


# --- ten thousand ------------------------------------------------------------------------------------------------------


def million(
    policy: Policy, folder: Path, many: int = MANY, rounds: int = ROUNDS
) -> tuple[list[tuple[str, str]], Race[str]]:
    """Fill a store, open every case in it, and record, read back and rebuild among them."""
    path, plain = folder / "million.db", Plain(policy.tree.case.patterns)
    store = open_store(path)
    filled = _seconds(lambda: [store.create(f"case-{n}", _events(n)) for n in range(many)])
    before, cases = _resident(), list[Case]()

    def open_all() -> None:
        for n in range(many):
            case = Case.load(policy, f"case-{n}", store, joiner=plain)
            assert case.progress.moments
            cases.append(case)

    opened = _seconds(open_all)
    held = _resident() - before
    store.close()
    shutil.copy(path, folder / "bare.db")  # so that the bare rows go into as large a file
    gc.freeze()  # what is kept would be looked through by each collection of the race
    random.Random(1).shuffle(cases)
    made = itertools.count()
    draw = random.Random(2)
    timed = race(
        {
            BARE: _bare(folder / "bare.db", many),
            RECORD: _recording(cases),
            SHOW: Entry(lambda _: f"case-{draw.randrange(many)}", partial(_shown, policy, store, plain), 1),
            REBUILD: Entry(
                lambda _: _events(many + next(made)), lambda events: replayed(policy, plain, events, case="rebuilt"), 1
            ),
        },
        rounds=rounds,
        repeats=1,
    )
    gc.unfreeze()
    rows = [
        (f"fill the store: {many * LENGTH:,} events, {LENGTH} at a time", f"{number(filled)} s"),
        ("the file", f"{path.stat().st_size / 1e6:,.0f} MB"),
        ("open every case, with its state", f"{number(opened)} s"),
        ("memory of all", f"{held / 1e6:,.0f} MB"),
        ("of it, one case", f"{held / many / 1024:,.0f} KiB"),
    ]
    return rows, timed


def _resident() -> int:
    """Return the bytes that the process has in memory; where the system does not say, the most that it ever had."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _bare(path: Path, many: int) -> Entry:
    """The rows that `bare_insert` writes, into random cases of a full store."""
    few = bare_insert(path.parent, "of a full store")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma synchronous = full")
    draw, made = random.Random(3), itertools.count(LENGTH + 1)

    def fresh(turn: int) -> tuple[Any, ...]:
        _, _, *rest = few.fresh(turn)
        return 1 + draw.randrange(many), next(made), *rest

    def run(row: tuple[Any, ...]) -> None:
        connection.execute("begin immediate")
        connection.execute("insert into case_events values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute("commit")

    return Entry(fresh, run, 1)
