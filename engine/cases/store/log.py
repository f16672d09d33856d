"""The log: cases and their events, which are only ever added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from sys import intern
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, exists, insert, literal_column, select, update
from sqlalchemy.exc import IntegrityError

from ..event import Event
from .chain import START, commitment, link, new_salt, written
from .errors import CaseExists, CaseUnknown, KeyReused, StoreError, VersionConflict
from .prepared import Prepared
from .records import Appended, Head
from .tables import CASES, EVENTS, LEDGER
from .texts import checked_id, checked_moment

_OF_ID: Final = select(CASES).where(CASES.c.id == bindparam("case"))
_HEAD: Final = Prepared(_OF_ID)
_LOCKED_HEAD: Final = Prepared(_OF_ID.with_for_update(key_share=True))
_MOVE_HEAD: Final = Prepared(
    update(CASES)
    .where(CASES.c.number == bindparam("case_number"))
    .values({name: bindparam(f"new_{name}") for name in ("version", "hash", "status", "policy", "last_at")})
)
#: Said in the words of the index on keys, which SQLite otherwise does not use.
_HAS_KEY: Final = EVENTS.c.key != literal_column("''")
_OF_KEY: Final = Prepared(
    select(EVENTS).where(EVENTS.c.case_number == bindparam("case_number"), EVENTS.c.key == bindparam("key"), _HAS_KEY)
)
_OF_KEYS: Final = select(EVENTS).where(
    EVENTS.c.case_number == bindparam("case_number"), EVENTS.c.key.in_(bindparam("keys", expanding=True)), _HAS_KEY
)
_FROM: Final = Prepared(
    select(EVENTS)
    .where(EVENTS.c.case_number == bindparam("case_number"), EVENTS.c.seq > bindparam("after"))
    .order_by(EVENTS.c.seq)
)
_ADD_EVENTS: Final = Prepared(insert(EVENTS))


class CaseRow(NamedTuple):
    """A row of the table of cases."""

    number: int
    id: str
    version: int
    hash: bytes
    status: str
    policy: str
    last_at: int | None


class EventRow(NamedTuple):
    """A row of the log; `committed` is there only where payload and salt were erased."""

    case_number: int
    seq: int
    at: int
    kind: str
    key: str
    payload: str | None
    salt: bytes | None
    committed: bytes | None
    hash: bytes


# --- cases -----------------------------------------------------------------------------------------------------------


def head_row(connection: Connection, case: str, *, lock: bool = False) -> CaseRow:
    """Return the row of a case; with *lock*, others wait until the transaction ends."""
    found = (_LOCKED_HEAD if lock else _HEAD).rows(connection, {"case": checked_id(case, "the id of the case")})
    if not found:
        raise CaseUnknown(case)
    return CaseRow(*found[0])


def head_of(row: CaseRow) -> Head:
    """Return a row of a case as what callers get."""
    return Head(row.id, row.version, row.hash.hex(), row.status, row.policy, row.last_at)


def has_case(connection: Connection, case: str) -> bool:
    """Whether there is such a case."""
    return bool(_HEAD.rows(connection, {"case": checked_id(case, "the id of the case")}))


def add_case(connection: Connection, case: str, status: str, policy: str) -> None:
    """Make a case without events."""
    values = {
        "id": checked_id(case, "the id of the case"),
        "version": 0,
        "hash": START,
        "status": checked_id(status, "the status"),
        "policy": checked_id(policy, "the policy", empty=True),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(CASES), values)
    except IntegrityError:
        raise CaseExists(case) from None


def heads(connection: Connection, *, status: str | None, overdue_at: int | None) -> tuple[Head, ...]:
    """Return the cases by id: all, or those of one status, or those that owe something which was due before a moment."""
    wanted = select(CASES).order_by(CASES.c.id)
    if status is not None:
        wanted = wanted.where(CASES.c.status == status)
    if overdue_at is not None:
        late = (LEDGER.c.state == literal_column("'open'")) & (
            LEDGER.c.due_at < checked_moment(overdue_at, "the moment")
        )
        wanted = wanted.where(exists().where(LEDGER.c.case_number == CASES.c.number, late))
    return tuple(head_of(CaseRow(*row)) for row in connection.execute(wanted))


# --- events ----------------------------------------------------------------------------------------------------------


def event_of(row: EventRow) -> Event:
    """Return a row of the log as an event."""
    raw = {} if row.payload is None else json.loads(row.payload)
    # The same few names and kinds come with every event; each is held once.
    fields = {intern(name): value for name, value in raw.items()}
    return Event(row.seq, row.at, intern(row.kind), fields, row.key, erased=row.payload is None)


def event_rows(connection: Connection, number: int, after: int = 0) -> list[EventRow]:
    """Return the rows of the events of a case after the one of number *after*, in the order of recording."""
    return [EventRow(*row) for row in _FROM.rows(connection, {"case_number": number, "after": after})]


def recorded(connection: Connection, head: CaseRow, expected: int, events: Sequence[Event]) -> Appended | None:
    """
    Return what an earlier append has led to, if it recorded these events under their keys; else None.

    What was recorded under a key is compared by kind and fields, not by moment: a repeat may have been stamped anew.
    """
    keys = [checked_id(event.key, "the key of the event") for event in events if event.key]
    if not keys:
        return None
    if len(set(keys)) < len(keys):
        raise StoreError("two events that come together have the same key", help="give each event a key of its own")
    rows = {row.key: row for row in _under(connection, head.number, keys)}
    for event in events:
        row = rows.get(event.key)
        if row is not None and (row.kind != event.kind or row.payload not in (None, written(event.raw))):
            raise KeyReused(head.id, event.key, row.seq)
    if not rows:
        return None
    if len(rows) < len(keys):  # another append recorded some of them: whoever asks has not read that yet
        if head.version != expected:
            raise VersionConflict(head.id, expected=expected, current=head.version)
        key = next(key for key in keys if key in rows)
        raise KeyReused(head.id, key, rows[key].seq)
    return Appended(head.version, tuple(event_of(rows[key]) for key in keys), repeated=True)


def _under(connection: Connection, number: int, keys: Sequence[str]) -> list[EventRow]:
    """Return the rows of the events that have one of these keys."""
    if len(keys) == 1:
        return [EventRow(*row) for row in _OF_KEY.rows(connection, {"case_number": number, "key": keys[0]})]
    return [EventRow(*row) for row in connection.execute(_OF_KEYS, {"case_number": number, "keys": keys})]


def add_events(
    connection: Connection,
    head: CaseRow,
    expected: int,
    events: Sequence[Event],
    *,
    status: str | None,
    policy: str | None,
) -> Appended:
    """Add events to a case that stands at version *expected*, and move its head."""
    if head.version != expected:
        raise VersionConflict(head.id, expected=expected, current=head.version)
    rows = _chained(head, events)
    if rows:
        _ADD_EVENTS.run(connection, rows)
    moments = [event.at for event in events] + ([] if head.last_at is None else [head.last_at])
    moved = {
        "case_number": head.number,
        "new_version": expected + len(rows),
        "new_hash": rows[-1]["hash"] if rows else head.hash,
        "new_status": head.status if status is None else checked_id(status, "the status"),
        "new_policy": head.policy if policy is None else checked_id(policy, "the policy", empty=True),
        "new_last_at": max(moments, default=None),
    }
    _MOVE_HEAD.run(connection, [moved])
    taken = tuple(Event(expected + n, e.at, e.kind, e.raw, e.key) for n, e in enumerate(events, 1))
    return Appended(expected + len(rows), taken)


def _chained(head: CaseRow, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Make rows of events, each tied to the one before."""
    rows: list[dict[str, Any]] = []
    before: bytes = head.hash
    for seq, event in enumerate(events, head.version + 1):
        at, kind = checked_moment(event.at, "the moment of the event"), checked_id(event.kind, "the kind of the event")
        key = checked_id(event.key, "the key of the event", empty=True)
        payload, salt = written(event.raw), new_salt()
        before = link(before, head.id, (seq, at, kind, key), commitment(salt, payload))
        rows.append(
            {
                "case_number": head.number,
                "seq": seq,
                "at": at,
                "kind": kind,
                "key": key,
                "payload": payload,
                "salt": salt,
                "committed": None,
                "hash": before,
            }
        )
    return rows
