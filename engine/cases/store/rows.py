"""The rows beside the log, ledger and timers: each append hands in the new state of those that changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Executable, Row, Table, bindparam, delete, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from .chain import written
from .prepared import Prepared
from .records import LedgerRow, Timer
from .tables import LEDGER, TIMERS
from .texts import checked_id, checked_moment, checked_name, one_of

_LEDGER_OF: Final = (
    select(LEDGER)
    .where(LEDGER.c.case_number == bindparam("case_number"))
    .order_by(LEDGER.c.opened_at, LEDGER.c.kind, LEDGER.c.id)
)
_TIMERS_OF: Final = (
    select(TIMERS).where(TIMERS.c.case_number == bindparam("case_number")).order_by(TIMERS.c.due_at, TIMERS.c.name)
)


def _puts(table: Table) -> Prepared:
    """Return the statement that adds a row or replaces the one of its key; a claim on it ends."""
    return Prepared(_put(table, sqlite.insert), _put(table, postgresql.insert))


def _put(table: Table, insert: Callable[..., Any]) -> Executable:
    statement = insert(table)
    key = [column.name for column in table.primary_key]
    changes = {
        column.name: table.c.claims + literal_column("1")
        if column.name == "claims"
        else statement.excluded[column.name]
        for column in table.c
        if column.name not in key
    }
    done: Executable = statement.on_conflict_do_update(index_elements=key, set_=changes)
    return done


_PUT_LEDGER: Final = _puts(LEDGER)
_PUT_TIMERS: Final = _puts(TIMERS)
_DROP_LEDGER: Final = delete(LEDGER).where(
    LEDGER.c.case_number == bindparam("of_case"),
    LEDGER.c.kind == bindparam("of_kind"),
    LEDGER.c.id == bindparam("of_id"),
)


def put_ledger(connection: Connection, number: int, rows: Sequence[LedgerRow]) -> None:
    """Write down the new state of rows of a case's ledger, and take out those that are gone."""
    kept = [ledger_values(number, row) for row in rows if row.state != "gone"]
    if kept:
        _PUT_LEDGER.run(connection, kept)
    for row in rows:
        if row.state == "gone":
            connection.execute(_DROP_LEDGER, {"of_case": number, "of_kind": row.kind, "of_id": row.id})


def ledger_values(number: int, row: LedgerRow) -> dict[str, Any]:
    """Check a row of a ledger, and return what it is written with."""
    return {
        "case_number": number,
        "kind": one_of(row.kind, ("duty", "promise", "step"), "the kind of a ledger row"),
        "id": checked_name(row.id, "the id of a ledger row"),
        "opened_at": checked_moment(row.opened_at, "the opening of a ledger row"),
        "due_at": None if row.due_at is None else checked_moment(row.due_at, "the due time of a ledger row"),
        "state": one_of(row.state, ("open", "done", "breached", "withdrawn"), "the state of a ledger row"),
        "closed_at": None if row.closed_at is None else checked_moment(row.closed_at, "the closing of a ledger row"),
        "about": written(row.about),
    }


def ledger_of(connection: Connection, number: int) -> tuple[LedgerRow, ...]:
    """Return the ledger of a case, first opened first."""
    return tuple(
        LedgerRow(row.kind, row.id, row.opened_at, row.due_at, row.state, row.closed_at, json.loads(row.about))
        for row in connection.execute(_LEDGER_OF, {"case_number": number})
    )


def put_timers(connection: Connection, number: int, timers: Sequence[Timer]) -> None:
    """Write down the new state of timers of a case."""
    if timers:
        _PUT_TIMERS.run(connection, [timer_values(number, timer) for timer in timers])


def timer_values(number: int, timer: Timer) -> dict[str, Any]:
    """Check a timer, and return what its row is written with."""
    return {
        "case_number": number,
        "name": checked_name(timer.name, "the name of a timer"),
        "due_at": checked_moment(timer.due_at, "the due time of a timer"),
        "kind": checked_id(timer.kind, "the kind of a timer", empty=True),
        "state": one_of(timer.state, ("waiting", "done", "cancelled"), "the state of a timer"),
        "about": written(timer.about),
        "claims": 0,
        "claimed_by": "",
        "claimed_at": None,
        "claimed_until": None,
    }


def timer_of(row: Row[Any]) -> Timer:
    """Return a row of the timers as what callers get."""
    return Timer(row.name, row.due_at, row.kind, row.state, json.loads(row.about))


def timers_of(connection: Connection, number: int) -> tuple[Timer, ...]:
    """Return the timers of a case, in whatever state, first due first."""
    return tuple(timer_of(row) for row in connection.execute(_TIMERS_OF, {"case_number": number}))
