"""One append: events, and everything that changes with them, all or nothing."""

from __future__ import annotations

import attrs
from sqlalchemy import Connection

from ..event import Event
from . import claims, log, outbox, rows
from .errors import CaseExists
from .records import Appended, Claim, LedgerRow, Message, Timer


@attrs.frozen
class Batch:
    """What is recorded together; *done* is the timer that caused it."""

    events: tuple[Event, ...]
    ledger: tuple[LedgerRow, ...] = ()
    timers: tuple[Timer, ...] = ()
    outbox: tuple[Message, ...] = ()
    status: str | None = None
    policy: str | None = None
    done: Claim | None = None


def create(connection: Connection, case: str, batch: Batch, status: str, policy: str) -> Appended:
    """Make a case and record its first events, unless they are there already under their keys."""
    try:
        log.add_case(connection, case, status, policy)
    except CaseExists:
        known = log.recorded(connection, log.head_row(connection, case), 0, batch.events)
        if known is None:
            raise
        return known
    return append(connection, case, 0, batch)


def append(connection: Connection, case: str, expected: int, batch: Batch) -> Appended:
    """Record a batch in a case that stands at version *expected*."""
    # INVARIANT: the row of the case is locked first, so that of several appends to a case each sees what the one before did.
    head = log.head_row(connection, case, lock=True)
    known = log.recorded(connection, head, expected, batch.events)
    if known is not None:
        if batch.done is not None:
            claims.settle_if_held(connection, batch.done, head.number)
        return known
    appended = log.add_events(connection, head, expected, batch.events, status=batch.status, policy=batch.policy)
    if batch.done is not None:
        claims.settle(connection, batch.done, number=head.number)
    rows.put_ledger(connection, head.number, batch.ledger)
    rows.put_timers(connection, head.number, batch.timers)
    outbox.post(connection, head.number, batch.outbox, expected + 1, appended.version)
    return appended
