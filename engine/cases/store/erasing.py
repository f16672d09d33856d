"""
Erasing personal data on request.

The fields of events and their salts are removed; what binds each event to the others stays, so the chain still proves that nothing
else was changed. That something was erased is an event itself. Kinds, moments and keys of events stay, and the id of the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, Text, bindparam, case as case_of, cast, delete, literal_column, or_, update

from ..event import Event
from . import log, rows
from .chain import commitment
from .errors import StoreError, VersionConflict
from .records import Anew, Appended
from .tables import EVENTS, LEDGER, OUTBOX, TIMERS
from .verifying import ERASED, spans

_ERASE: Final = (
    update(EVENTS)
    .where(EVENTS.c.case_number == bindparam("of_case"), EVENTS.c.seq == bindparam("of_seq"))
    .values(payload=None, salt=None, committed=bindparam("new_committed"))
)


def erase(
    connection: Connection, case: str, at: int, *, events: Iterable[int] | None, reason: str, anew: Anew | None = None
) -> Appended:
    """Remove the fields of some events, or of all that is known of a case, and put anew what stands beside the log."""
    head = log.head_row(connection, case, lock=True)
    if anew is not None and anew.version != head.version:
        raise VersionConflict(case, expected=anew.version, current=head.version)
    found = log.event_rows(connection, head.number)
    wanted = set(range(1, head.version + 1)) if events is None else set(events)
    unknown = sorted(wanted - {row.seq for row in found})
    if unknown:
        raise StoreError(f"case `{case}` has no event number {unknown[0]}")
    gone = [row for row in found if row.seq in wanted and row.payload is not None and row.kind != ERASED]
    for row in gone:
        assert row.salt is not None and row.payload is not None
        committed = commitment(row.salt, row.payload)
        connection.execute(_ERASE, {"of_case": head.number, "of_seq": row.seq, "new_committed": committed})
    left = _erase_beside(connection, head.number, None if events is None else sorted(wanted), anew)
    if not gone and not left:
        return Appended(head.version, (), repeated=True)
    raw = {"events": spans([row.seq for row in gone]), "reason": reason, **({"whole": True} if events is None else {})}
    status = anew.status if anew is not None else None
    added = log.add_events(connection, head, head.version, [Event(0, at, ERASED, raw)], status=status, policy=None)
    if anew is not None:
        _drop_beside(connection, head.number)
        rows.put_ledger(connection, head.number, anew.ledger)
        rows.put_timers(connection, head.number, anew.timers)
    return added


def _erase_beside(connection: Connection, number: int, seqs: Sequence[int] | None, anew: Anew | None) -> int:
    """
    Remove what stands beside the log: the messages that *anew* names, or those of the events *seqs*; of a whole case all of them,
    with ledger and timers.

    A message keeps its place and how its delivery stands. Its key may name a promise, and what kept it from being taken may
    repeat what it said: they go as well.
    """
    of_case = (OUTBOX.c.case_number == number) & OUTBOX.c.body.is_not(None)
    if seqs is not None:
        came = [(OUTBOX.c.first_seq <= seq) & (OUTBOX.c.last_seq >= seq) for seq in seqs]
        of_case &= OUTBOX.c.key.in_(anew.messages) if anew is not None else or_(literal_column("1") == 0, *came)
    waiting = update(OUTBOX).where(of_case, OUTBOX.c.state == literal_column("'waiting'"))
    connection.execute(waiting.values(state="failed", claims=OUTBOX.c.claims + 1))
    failed = OUTBOX.c.state == literal_column("'failed'")
    note = case_of((failed & (OUTBOX.c.sent_at.is_(None)), "erased before it was delivered"), else_="")
    key = literal_column("'erased/'").concat(cast(OUTBOX.c.number, Text))
    left = connection.execute(update(OUTBOX).where(of_case).values(body=None, key=key, problem=note)).rowcount
    return left + (_drop_beside(connection, number) if seqs is None else 0)


def _drop_beside(connection: Connection, number: int) -> int:
    """Take out the ledger and the timers of a case."""
    return sum(connection.execute(delete(t).where(t.c.case_number == number)).rowcount for t in (LEDGER, TIMERS))
