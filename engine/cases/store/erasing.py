"""
Erasing personal data on request.

The fields of events and their salts are removed; what binds each event to the others stays, so the chain still proves that nothing
else was changed. That something was erased is an event itself. Kinds, moments and keys of events stay, and the id of the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, literal_column, or_, update

from ..event import Event
from . import log
from .chain import commitment
from .errors import StoreError
from .records import Appended
from .tables import EVENTS, LEDGER, OUTBOX, TIMERS
from .verifying import ERASED, spans

_ERASE: Final = (
    update(EVENTS)
    .where(EVENTS.c.case_number == bindparam("of_case"), EVENTS.c.seq == bindparam("of_seq"))
    .values(payload=None, salt=None, committed=bindparam("new_committed"))
)


def erase(connection: Connection, case: str, at: int, *, events: Iterable[int] | None, reason: str) -> Appended:
    """Remove the fields of some events, or of all that is known of a case."""
    head = log.head_row(connection, case, lock=True)
    rows = log.event_rows(connection, head.number)
    wanted = set(range(1, head.version + 1)) if events is None else set(events)
    unknown = sorted(wanted - {row.seq for row in rows})
    if unknown:
        raise StoreError(f"case `{case}` has no event number {unknown[0]}")
    gone = [row for row in rows if row.seq in wanted and row.payload is not None and row.kind != ERASED]
    for row in gone:
        assert row.salt is not None and row.payload is not None
        committed = commitment(row.salt, row.payload)
        connection.execute(_ERASE, {"of_case": head.number, "of_seq": row.seq, "new_committed": committed})
    left = _erase_beside(connection, head.number, None if events is None else sorted(wanted))
    if not gone and not left:
        return Appended(head.version, (), repeated=True)
    told = Event(0, at, ERASED, {"events": spans([row.seq for row in gone]), "reason": reason})
    return log.add_events(connection, head, head.version, [told], status=None, policy=None)


def _erase_beside(connection: Connection, number: int, seqs: Sequence[int] | None) -> int:
    """Remove what stands beside the log: messages of the events *seqs*; of a whole case, ledger and timers as well."""
    of_case = OUTBOX.c.case_number == number
    if seqs is not None:
        of_case &= or_(
            literal_column("1") == 0, *((OUTBOX.c.first_seq <= seq) & (OUTBOX.c.last_seq >= seq) for seq in seqs)
        )
    waiting = update(OUTBOX).where(of_case, OUTBOX.c.state == literal_column("'waiting'"))
    note = "erased before it was delivered"
    connection.execute(waiting.values(state="failed", problem=note, claims=OUTBOX.c.claims + 1))
    left = connection.execute(update(OUTBOX).where(of_case, OUTBOX.c.body.is_not(None)).values(body=None)).rowcount
    if seqs is None:
        for table in (LEDGER, TIMERS):
            left += connection.execute(delete(table).where(table.c.case_number == number)).rowcount
    return left
