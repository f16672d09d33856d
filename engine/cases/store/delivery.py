"""Delivering what the outbox holds: claim a message, hand it to a sink, write down how it went."""

from __future__ import annotations

import time
from functools import partial
from typing import Final

import attrs

from . import outbox
from .database import Database
from .records import Posted
from .sinks import Sink, SinkError

#: Milliseconds until the second try; each wait is twice the one before, up to the longest.
FIRST_WAIT: Final = 30_000
LONGEST_WAIT: Final = 6 * 3_600_000


@attrs.frozen
class Delivered:
    """How deliveries went: the keys of messages that left, that are to be tried again, and that were given up."""

    sent: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


@attrs.frozen
class Round:
    """How a round of deliveries is made: at most *limit* messages, each under a lease, and given up after *most* tries."""

    worker: str = "outbox"
    lease: int = 120_000
    limit: int = 100
    most: int = 10


def deliver(database: Database, sink: Sink, now: int, round_: Round) -> Delivered:
    """Deliver messages that are ready at *now*; while sinks take their time, the clock goes on from there."""
    began = time.monotonic()
    sent: list[str] = []
    again: list[str] = []
    given_up: list[str] = []

    def clock() -> int:
        return now + round((time.monotonic() - began) * 1000)

    for _ in range(round_.limit):
        at = clock()
        taken = database.write(partial(outbox.take, now=at, worker=round_.worker, lease=round_.lease))
        if taken is None:
            break
        problem = _try(sink, taken.posted, at, round_.most)
        key, tries, then = taken.posted.key, taken.posted.tries, clock()
        if not problem:
            sent.append(key)
            outcome = outbox.Outcome("sent", then, sent_at=then)
        elif tries < round_.most:
            again.append(key)
            outcome = outbox.Outcome("waiting", then + wait_after(tries), problem)
        else:
            given_up.append(key)
            outcome = outbox.Outcome("failed", then, problem)
        database.write(partial(outbox.settle, taken=taken, outcome=outcome))
    return Delivered(tuple(sent), tuple(again), tuple(given_up))


def _try(sink: Sink, posted: Posted, now: int, most: int) -> str:
    """Hand a message to the sink, and return what went wrong, in a few words, or nothing."""
    if posted.tries > most:
        return "no try came to an end: the process may have died of it"
    try:
        sink.deliver(posted, now)
    except SinkError as problem:
        return str(problem) or "the sink did not take it"
    return ""


def wait_after(tries: int) -> int:
    """
    Return how many milliseconds to wait after so many tries.

    >>> [wait_after(tries) // 1000 for tries in (1, 2, 3, 20)]
    [30, 60, 120, 21600]
    """
    return min(FIRST_WAIT << min(tries - 1, 40), LONGEST_WAIT)
