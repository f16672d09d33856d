"""The store: what is recorded of every case, in a SQLite file or a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection

from ..event import Event
from . import claims, log, outbox as mail, rows
from .appending import Batch, append, create
from .connecting import engine_for
from .database import Database
from .delivery import Delivered, Round, deliver
from .erasing import erase
from .migrations import migrate
from .records import Anew, Appended, Claim, Fault, Head, LedgerRow, Message, MessageState, Posted, Timer
from .sinks import Sink
from .transfer import Arriving, arriving, exported, take_in
from .verifying import faults


class Store:
    """
    Cases, each with an append-only log, a ledger, timers and an outbox; `evenhand.engine.cases.store.open_store` makes one.

    Every method is one transaction. When a method that records returns, what it recorded is on the disk. A store may be shared
    among threads; each process opens its own. Moments are milliseconds since 1970 in UTC and come from the caller.
    """

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    # --- the log -----------------------------------------------------------------------------------------------------

    def create(
        self,
        case: str,
        events: Sequence[Event] = (),
        *,
        ledger: Sequence[LedgerRow] = (),
        timers: Sequence[Timer] = (),
        outbox: Sequence[Message] = (),
        status: str = "open",
        policy: str = "",
    ) -> Appended:
        """
        Begin a case, with its first events if there are some.

        Raises:
            CaseExists: If there is one of this id, unless it has these very events under their keys.
        """
        batch = Batch(tuple(events), tuple(ledger), tuple(timers), tuple(outbox))
        return self._database.write(lambda connection: create(connection, case, batch, status, policy))

    def append(
        self,
        case: str,
        expected_version: int,
        events: Sequence[Event],
        *,
        ledger: Sequence[LedgerRow] = (),
        timers: Sequence[Timer] = (),
        outbox: Sequence[Message] = (),
        status: str | None = None,
        policy: str | None = None,
        done: Claim | None = None,
    ) -> Appended:
        """
        Record events, and the new state of every row that changed with them, all or nothing.

        Events that were recorded before, under their keys, are not recorded again, nor is anything that comes with them.
        *done* is the timer that caused the append.

        Raises:
            VersionConflict: If the case does not stand at *expected_version*; read its new events, and try again.
            KeyReused: If another event was recorded under one of the keys.
            CaseUnknown: If there is no such case.
            ClaimLost: If *done* is no longer the caller's.
            OutcomeUnknown: If the connection was lost; append the same again.
        """
        batch = Batch(tuple(events), tuple(ledger), tuple(timers), tuple(outbox), status, policy, done)
        return self._database.write(lambda connection: append(connection, case, expected_version, batch))

    def head(self, case: str) -> Head:
        """Return where a case stands."""
        return self._database.read(lambda connection: log.head_of(log.head_row(connection, case)))

    def exists(self, case: str) -> bool:
        """Whether there is such a case."""
        return self._database.read(lambda connection: log.has_case(connection, case))

    def cases(self, *, status: str | None = None, overdue_at: int | None = None) -> tuple[Head, ...]:
        """Return where cases stand, by id: all, those of one status, those with something open that was due before a moment."""
        return self._database.read(lambda connection: log.heads(connection, status=status, overdue_at=overdue_at))

    def events(self, case: str, *, after: int = 0) -> tuple[Event, ...]:
        """Return the events of a case in the order of recording; those after number *after*."""

        def work(connection: Connection) -> tuple[Event, ...]:
            found = log.event_rows(connection, log.head_row(connection, case).number, after)
            return tuple(log.event_of(row) for row in found)

        return self._database.read(work)

    # --- ledger and timers -------------------------------------------------------------------------------------------

    def ledger(self, case: str) -> tuple[LedgerRow, ...]:
        """Return what is or was owed in a case, first opened first."""
        return self._database.read(lambda it: rows.ledger_of(it, log.head_row(it, case).number))

    def timers(self, case: str) -> tuple[Timer, ...]:
        """Return the timers of a case, in whatever state, first due first."""
        return self._database.read(lambda it: rows.timers_of(it, log.head_row(it, case).number))

    def next_due(self) -> int | None:
        """Return when the next timer is due; None if none waits."""
        return self._database.read(claims.next_due)

    def claim_due(self, now: int, worker: str, lease: int) -> Claim | None:
        """
        Take a timer that is due at *now*: for *lease* milliseconds it is this worker's alone.

        Hand the claim to `append` with the events that the timer causes, or to `done` if it causes none.
        """
        return self._database.write(lambda connection: claims.claim_due(connection, now, worker, lease))

    def done(self, claim: Claim) -> None:
        """
        Say that a timer has been seen to, where it causes no event.

        Raises:
            ClaimLost: If it is no longer the caller's.
        """
        self._database.write(lambda connection: claims.settle(connection, claim))

    # --- the outbox --------------------------------------------------------------------------------------------------

    def outbox(self, *, case: str | None = None, state: MessageState | None = None) -> tuple[Posted, ...]:
        """Return messages with how their delivery stands; `state="failed"` are those that were given up."""
        return self._database.read(lambda connection: mail.messages(connection, case=case, state=state))

    def requeue(self, case: str, key: str, now: int) -> bool:
        """Let a message that was given up be tried anew; False if there is none such."""
        return self._database.write(lambda connection: mail.requeue(connection, case, key, now))

    def deliver(
        self,
        sink: Sink,
        now: int,
        *,
        worker: str = "outbox",
        lease: int = 120_000,
        limit: int = 100,
        most: int = 10,
    ) -> Delivered:
        """
        Deliver messages that are ready at *now* to a sink, at least once each, under keys that never change.

        What a sink does not take is tried again later, with growing waits, and given up after *most* tries; `outbox` lists what was
        given up. *lease* is in milliseconds and has to be longer than the sink's own timeout.
        """
        return deliver(self._database, sink, now, Round(worker, lease, limit, most))

    # --- the chain ---------------------------------------------------------------------------------------------------

    def verify(self, case: str, *, known: Head | None = None) -> tuple[Fault, ...]:
        """
        Return what does not hold in the log of a case; nothing, if it is as it was recorded.

        *known* is where the case stood once, as `head` said then, kept elsewhere.
        """

        def work(connection: Connection) -> tuple[Fault, ...]:
            head = log.head_row(connection, case)
            return tuple(faults(head, log.event_rows(connection, head.number), known=known))

        return self._database.read(work)

    def erase(
        self, case: str, at: int, *, events: Iterable[int] | None = None, reason: str = "", anew: Anew | None = None
    ) -> Appended:
        """
        Remove the fields of some events by their numbers, or of all events together with ledger, timers and messages.

        The chain still proves that nothing else was changed. An event of the kind `data_erased` says what was removed, and when.
        The store does not know what follows from events: *anew* is what stands beside the log from now on, instead of all that
        stood there; `evenhand.engine.cases.erasing.erase` hands it in.

        Raises:
            VersionConflict: If *anew* was made of another version of the case.
        """
        wanted = None if events is None else tuple(events)
        appended = self._database.write(lambda it: erase(it, case, at, events=wanted, reason=reason, anew=anew))
        self._database.forget()
        return appended

    def export(self, case: str) -> Sequence[str]:
        """Return a case as lines of JSON, with its chain; `import_cases` takes them in."""
        return self._database.read(lambda connection: exported(connection, case))

    def import_cases(
        self, lines: Iterable[str], *, checked: Callable[[Arriving], Arriving] | None = None
    ) -> tuple[str, ...]:
        """
        Take in the cases that exported lines tell of, all or none, and return their ids.

        The chain proves the events alone. What stands beside them is taken as it stands, unless *checked* says otherwise of each case;
        `evenhand.engine.cases.arriving.take_in` makes it anew from the log.

        Raises:
            StoreError: If a line is not as it was written, or a chain does not hold.
            CaseExists: If one of the cases is there already.
        """
        cases = [checked(case) if checked is not None else case for case in arriving(lines)]
        return self._database.write(lambda connection: take_in(connection, cases))


def open_store(place: str | Path, *, patience: float = 5.0, create: bool = True) -> Store:
    """Open a store, as `evenhand.engine.cases.store.open_store` says."""
    database = Database(engine_for(place, patience=patience, create=create))
    try:
        database.prepare(migrate)
    except BaseException:
        database.close()
        raise
    return Store(database)
