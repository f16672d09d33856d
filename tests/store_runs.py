"""
Processes that record into one store, and die at any moment; by hand:

    python tests/store_runs.py kill cases.db --kills 200
    python tests/store_runs.py share postgresql://user@host/database

Prints what was found as a line of JSON, and exits with 1 if something was lost, doubled, or does not hold. The processes are forked
off one that has everything imported, so that most of a short life is spent recording.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import attrs

from evenhand.engine.cases.event import Event
from evenhand.engine.cases.store import (
    CaseExists,
    ClaimLost,
    LedgerRow,
    Message,
    StoreBusy,
    Timer,
    VersionConflict,
    open_store,
)
from evenhand.engine.cases.store.store import Store

#: A moment that no timer of these runs comes to.
FAR = 10**13
#: Workers that record at the same time, and cases that they record in, in each round of `kill`.
WORKERS = 2
CASES = 4
#: A worker is killed after it has told of one to so many events, and up to so many seconds.
MOST_HEARD = 12
SPACING = 0.02


def record(store: Store, case: str, key: str, **more: Any) -> int:
    """Record an event, and beside it how many there are by now; again from the start whenever another was quicker."""
    while True:
        try:
            version = store.head(case).version
            count = version + 1
            return store.append(
                case,
                version,
                [Event(0, count, "counted", {"key": key}, key)],
                ledger=[LedgerRow("step", "count", 0, about={"count": count})],
                timers=[Timer("count", FAR + count)],
                outbox=[Message(key, "counted", 0, {"count": count})],
                **more,
            ).version
        except (VersionConflict, StoreBusy):
            continue


def wrong(store: Store, case: str, acknowledged: Counter[str]) -> list[str]:
    """Say what is lost, doubled or out of step in a case."""
    events = store.events(case)
    version = store.head(case).version
    keys = Counter(event.key for event in events)
    found = [f"{case}: lost {key}" for key in acknowledged if key not in keys]
    found += [f"{case}: doubled {key}" for key, times in keys.items() if times > 1]
    found += [f"{case}: {event.key} says {event.raw}" for event in events if event.raw != {"key": event.key}]
    found += [f"{case}: event {fault.seq}: {fault.problem}" for fault in store.verify(case)]
    replayed = [LedgerRow("step", "count", 0, about={"count": len(events)})] if events else []
    if list(store.ledger(case)) != replayed or len(events) != version:
        found.append(f"{case}: {len(events)} events, version {version}, ledger {store.ledger(case)}")
    if [timer.due_at for timer in store.timers(case) if timer.name == "count"] != ([FAR + version] if events else []):
        found.append(f"{case}: timers {store.timers(case)}")
    if Counter(posted.message.key for posted in store.outbox(case=case)) != keys:
        found.append(f"{case}: the outbox has other keys than the log")
    return found


# --- killed at any moment --------------------------------------------------------------------------------------------


def kill(place: str, kills: int, seed: int) -> dict[str, Any]:
    """Let workers record until they are killed, time and again, and look at what is there after each time."""
    choose = random.Random(seed)
    with open_store(place) as store:  # so that what is imported late is imported before the forks
        store.create("warm")
        record(store, "warm", "warm")
    acknowledged: dict[str, Counter[str]] = {}
    problems: list[str] = []
    killed = silent = between = 0
    while killed < kills:
        cases = [f"round-{killed // WORKERS // 5}/{n}" for n in range(CASES)]
        workers = [_fork(partial(_work, place, cases)) for _ in range(WORKERS)]
        heard = [b"" for _ in workers]
        if choose.random() < 0.95:  # else it may be killed while it opens the store
            heard = [_until(pipe, choose.randint(1, MOST_HEARD)) for _, pipe in workers]
        # Each at a moment of its own, somewhere between two events that it would have recorded.
        for pid, _ in workers:
            time.sleep(choose.uniform(0, SPACING))
            os.kill(pid, signal.SIGKILL)
        killed += len(workers)
        for (pid, pipe), text in zip(workers, heard, strict=True):
            os.waitpid(pid, 0)
            lines = (text + _rest(pipe)).decode().splitlines()
            silent += not lines
            between += bool(lines)
            for line in lines:
                case, key = line.split("\t")
                acknowledged.setdefault(case, Counter())[key] += 1
        with open_store(place) as store:
            for case in cases:
                if store.exists(case):
                    problems += wrong(store, case, acknowledged.get(case, Counter()))
    with open_store(place) as store:
        recorded = 0
        for head in store.cases():
            recorded += head.version if head.case != "warm" else 0
            problems += wrong(store, head.case, acknowledged.get(head.case, Counter()))
    told = sum(count.total() for count in acknowledged.values())
    return {
        "kills": killed,
        "before the first event": silent,
        "among acknowledged events": between,
        "acknowledged": told,
        "recorded": recorded,
        "wrong": problems,
    }


def _work(place: str, cases: list[str], pipe: int) -> None:
    """Record for ever, and say so through the pipe after each event that is recorded; now and then, the same once more."""
    with open_store(place) as store:
        while True:
            for case in cases:
                key = f"{os.getpid()}-{time.monotonic_ns()}"
                if not store.exists(case):
                    with suppress(CaseExists):  # the other worker has made it meanwhile
                        store.create(case)
                record(store, case, key)
                os.write(pipe, f"{case}\t{key}\n".encode())
                if key.endswith("7"):
                    record(store, case, key)


def _fork(work: Callable[[int], None]) -> tuple[int, int]:
    """Start a process, and return its number and the pipe that it writes to."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.close(reading)
        work(writing)
    except BaseException as problem:  # noqa: BLE001 -- it must not go on as its parent
        os.write(writing, f"failed\t{type(problem).__name__}: {problem}\n".replace("\n", " ").encode() + b"\n")
        os._exit(1)
    os._exit(0)


def _until(pipe: int, lines: int) -> bytes:
    """Read what a process writes until it has told of so many events."""
    text = b""
    while text.count(b"\n") < lines and select.select([pipe], [], [], 60)[0] and (more := os.read(pipe, 1 << 16)):
        text += more
    return text


def _rest(pipe: int) -> bytes:
    """Read what a process has written until its end."""
    text = b""
    while select.select([pipe], [], [], 60)[0] and (more := os.read(pipe, 1 << 16)):
        text += more
    os.close(pipe)
    return text


# --- many at the same cases ------------------------------------------------------------------------------------------


@attrs.frozen
class Size:
    """How much is recorded by how many, in how many cases, with how many timers due."""

    workers: int = 8
    cases: int = 50
    events: int = 50
    timers: int = 4


def share(place: str, size: Size) -> dict[str, Any]:
    """Let processes record in the same cases and run the same timers; count what became of each event and timer."""
    with open_store(place) as store:
        for n in range(size.cases):
            store.create(f"case-{n}", timers=[Timer(f"t-{m}", 1, "fires") for m in range(size.timers)])
    began = time.monotonic()
    workers = [_fork(partial(_share, place, number, size)) for number in range(size.workers)]
    told = [_rest(pipe).decode() for _, pipe in workers]
    ended = [os.waitpid(pid, 0)[1] for pid, _ in workers]
    seconds = time.monotonic() - began
    acknowledged: dict[str, Counter[str]] = {}
    for line in "".join(told).splitlines():
        case, key = line.split("\t")
        acknowledged.setdefault(case, Counter())[key] += 1
    problems = [f"a worker ended with {code}: {text[-300:]}" for code, text in zip(ended, told, strict=True) if code]
    fired = recorded = 0
    with open_store(place) as store:
        for head in store.cases():
            recorded += head.version
            problems += wrong(store, head.case, acknowledged[head.case])
            times = Counter(event.key.split("/")[0] for event in store.events(head.case) if event.key.startswith("t-"))
            fired += len(times)
            problems += [f"{head.case}: {name} fired {count} times" for name, count in times.items() if count != 1]
            states = {timer.state for timer in store.timers(head.case) if timer.kind == "fires"}
            if states != {"done"} or len(times) != size.timers:
                problems.append(f"{head.case}: {len(times)} timers fired, states {states}")
    expected = size.workers * size.events + size.cases * size.timers
    if recorded != expected:
        problems.append(f"{recorded} events were recorded, not {expected}")
    return {"events": recorded, "timers fired": fired, "seconds": round(seconds, 1), "wrong": problems}


def _share(place: str, number: int, size: Size, pipe: int) -> None:
    """Record in random cases; in between, claim timers, drop every third claim, and fire the others."""
    choose = random.Random(number)
    with open_store(place, patience=30) as store:
        left, claimed = size.events, 0
        while True:
            if left:
                left -= 1
                case, key = f"case-{choose.randrange(size.cases)}", f"w-{number}/{left}"
                record(store, case, key)
                os.write(pipe, f"{case}\t{key}\n".encode())
            claim = store.claim_due(_now(), f"worker-{number}", 300)
            if claim is None and not left:
                if not any(timer.state == "waiting" for timer in _fires(store, size)):
                    return
                time.sleep(0.05)
            if claim is None or claim.timer.kind != "fires":
                continue
            claimed += 1
            if claimed % 3 == 0:
                time.sleep(choose.choice([0, 0.4]))  # as if it had died, or had been slow
                if choose.random() < 0.5:
                    continue
            # The key is another each time: what keeps the timer from firing twice is its claim alone.
            key = f"{claim.timer.name}/{number}/{time.monotonic_ns()}"
            try:
                record(store, claim.case, key, done=claim)
                os.write(pipe, f"{claim.case}\t{key}\n".encode())
            except ClaimLost:
                continue


def _fires(store: Store, size: Size) -> list[Timer]:
    return [timer for n in range(size.cases) for timer in store.timers(f"case-{n}") if timer.kind == "fires"]


def _now() -> int:
    return time.time_ns() // 1_000_000


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Record from many processes that die at any moment.")
    parser.add_argument("what", choices=["kill", "share"])
    parser.add_argument("place")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=50, help="events of each worker that shares")
    options = parser.parse_args()
    if options.what == "kill":
        found = kill(options.place, options.kills, options.seed)
    else:
        found = share(options.place, Size(events=options.events))
    print(json.dumps(found))
    return bool(found["wrong"])


if __name__ == "__main__":
    sys.exit(main())
