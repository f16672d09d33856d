"""
Cases as lines of JSON, to be kept elsewhere or taken into another store, with the chain as it is.

A case is a line with its head, then a line for each event, ledger row, timer and message. Nothing is taken in unless the
chain holds. The chain is about the events alone: what stands beside the log is for whoever knows the policy to check.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any, Final

import attrs
from sqlalchemy import Connection, insert, select

from ..event import Event
from . import log, rows
from .chain import written
from .errors import CaseExists, StoreError
from .log import CaseRow, EventRow
from .outbox import message_values
from .records import LedgerRow, Message, Timer
from .tables import CASES, EVENTS, OUTBOX
from .texts import checked_id, checked_moment, one_of
from .verifying import faults

#: The version of the layout of the lines.
FORMAT: Final = 1
#: The longest line that is read, in characters.
LONGEST: Final = 4_000_000

_OUTBOX_NAMES: Final = ("state", "tries", "next_at", "problem", "sent_at", "first_seq", "last_seq")


# --- out -------------------------------------------------------------------------------------------------------------


def exported(connection: Connection, case: str) -> list[str]:
    """Return a case as lines."""
    head = log.head_row(connection, case)
    of_case = select(OUTBOX).where(OUTBOX.c.case_number == head.number).order_by(OUTBOX.c.number)
    tables: list[dict[str, Any]] = [_head_table(head)]
    tables += ({"event": _event_table(row)} for row in log.event_rows(connection, head.number))
    tables += ({"ledger": attrs.asdict(row)} for row in rows.ledger_of(connection, head.number))
    tables += ({"timer": attrs.asdict(timer)} for timer in rows.timers_of(connection, head.number))
    for row in connection.execute(of_case):
        message = {name: getattr(row, name) for name in ("key", "kind", "at", *_OUTBOX_NAMES)}
        tables.append({"message": {**message, "body": None if row.body is None else json.loads(row.body)}})
    return [json.dumps(table, separators=(",", ":")) for table in tables]


def _head_table(head: CaseRow) -> dict[str, Any]:
    return {
        "case": head.id,
        "format": FORMAT,
        "version": head.version,
        "hash": head.hash.hex(),
        "status": head.status,
        "policy": head.policy,
        "last_at": head.last_at,
    }


def _event_table(row: EventRow) -> dict[str, Any]:
    table: dict[str, Any] = {"seq": row.seq, "at": row.at, "kind": row.kind, "key": row.key, "hash": row.hash.hex()}
    if row.payload is not None and row.salt is not None:
        return {**table, "fields": json.loads(row.payload), "salt": row.salt.hex()}
    return {**table, "committed": (row.committed or b"").hex()}


# --- in --------------------------------------------------------------------------------------------------------------


@attrs.define
class Arriving:
    """A case as its lines tell it, from the line of number *line* on."""

    head: CaseRow
    line: int
    events: list[EventRow] = attrs.field(factory=list)
    ledger: list[LedgerRow] = attrs.field(factory=list)
    timers: list[Timer] = attrs.field(factory=list)
    messages: list[dict[str, Any]] = attrs.field(factory=list)

    @property
    def log(self) -> tuple[Event, ...]:
        """The events, in the order of recording."""
        return tuple(map(log.event_of, sorted(self.events, key=attrgetter("seq"))))


def arriving(lines: Iterable[str]) -> Iterator[Arriving]:
    """
    Yield the cases that *lines* tell of.

    Raises:
        StoreError: If a line is not as it was written, or a chain does not hold.
    """
    for incoming in _cases(lines):
        for fault in faults(incoming.head, incoming.events):
            place = f"event {fault.seq}" if fault.seq else "the case"
            where = f"line {incoming.line}: the chain of case `{incoming.head.id}` does not hold at {place}"
            raise StoreError(f"{where}: {fault.problem}")
        yield incoming


def take_in(connection: Connection, cases: Iterable[Arriving]) -> tuple[str, ...]:
    """Record cases, and return their ids."""
    return tuple(_taken_in(connection, incoming) for incoming in cases)


def _taken_in(connection: Connection, incoming: Arriving) -> str:
    try:
        return _add(connection, incoming)
    except OverflowError:  # SQLite's driver says so by itself, others say it as databases do
        raise StoreError(f"line {incoming.line}: a number of the case is too large to be kept") from None


def _cases(lines: Iterable[str]) -> Iterator[Arriving]:
    incoming: Arriving | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            table = _table(line)
            if "case" in table:
                if incoming is not None:
                    yield incoming
                incoming = Arriving(_head_from(table), number)
            elif incoming is None:
                raise StoreError("it belongs to no case")
            else:
                _take(incoming, table)
        except StoreError as problem:
            raise StoreError(f"line {number}: {problem.message}", help=problem.help) from None
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise StoreError(f"line {number}: it is not as it was written ({str(problem)[:100]})") from None
    if incoming is not None:
        yield incoming


def _table(line: str) -> dict[str, Any]:
    if len(line) > LONGEST:
        raise StoreError(f"it is longer than {LONGEST:_} characters")
    try:
        table = json.loads(line)
    except (ValueError, RecursionError):
        raise StoreError("it is not JSON") from None
    if not isinstance(table, dict):
        raise StoreError("it is not a JSON object")
    return table


def _head_from(table: dict[str, Any]) -> CaseRow:
    if table["format"] != FORMAT:
        raise StoreError(f"its format is {str(table['format'])[:20]}, and only {FORMAT} is known")
    return CaseRow(
        0,
        checked_id(table["case"], "the id of the case"),
        int(table["version"]),
        bytes.fromhex(table["hash"]),
        one_of(table["status"], ("open", "monitored", "closed"), "the status"),
        checked_id(table["policy"], "the policy", empty=True),
        None if table["last_at"] is None else checked_moment(table["last_at"], "the last moment"),
    )


def _take(incoming: Arriving, table: dict[str, Any]) -> None:
    match table:
        case {"event": dict(event)}:
            incoming.events.append(_event_from(event))
        case {"ledger": dict(row)}:
            incoming.ledger.append(LedgerRow(**row))
            rows.ledger_values(0, incoming.ledger[-1])
        case {"timer": dict(timer)}:
            incoming.timers.append(Timer(**timer))
            rows.timer_values(0, incoming.timers[-1])
        case {"message": dict(message)}:
            incoming.messages.append(message)
        case _:
            raise StoreError("it is neither a case nor a part of one")


def _event_from(event: dict[str, Any]) -> EventRow:
    erased = "committed" in event
    return EventRow(
        0,
        int(event["seq"]),
        checked_moment(event["at"], "the moment of the event"),
        checked_id(event["kind"], "the kind of the event"),
        checked_id(event["key"], "the key of the event", empty=True),
        None if erased else written(event["fields"]),
        None if erased else bytes.fromhex(event["salt"]),
        bytes.fromhex(event["committed"]) if erased else None,
        bytes.fromhex(event["hash"]),
    )


def _add(connection: Connection, incoming: Arriving) -> str:
    case = incoming.head.id
    if log.has_case(connection, case):
        raise CaseExists(case)
    values = incoming.head._asdict() | {"last_at": max((row.at for row in incoming.events), default=None)}
    del values["number"]
    connection.execute(insert(CASES), values)
    number = log.head_row(connection, case).number
    if incoming.events:
        connection.execute(insert(EVENTS), [row._replace(case_number=number)._asdict() for row in incoming.events])
    rows.put_ledger(connection, number, incoming.ledger)
    rows.put_timers(connection, number, incoming.timers)
    for message in incoming.messages:
        connection.execute(insert(OUTBOX), _message_from(number, message, incoming.line))
    return case


def _message_from(number: int, table: dict[str, Any], line: int) -> dict[str, Any]:
    try:
        message = Message(table["key"], table["kind"], table["at"], table["body"] or {})
        values = message_values(number, message) | {name: table[name] for name in _OUTBOX_NAMES}
    except (KeyError, TypeError) as problem:
        raise StoreError(f"line {line}: a message of the case is not as it was written ({problem})") from None
    return values | ({"body": None} if table["body"] is None else {})
