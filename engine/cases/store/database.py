"""Work on the database, one transaction at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine

from .errors import StoreError
from .faults import DATABASE_ERRORS, described, unknown_outcome, was_lost

Result = TypeVar("Result")
Work = Callable[[Connection], Result]


class Database:
    """
    Runs work within a transaction; safe to share among threads, not with a process forked off later.

    Errors of the database come out as `StoreError`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine: Final = engine
        # What is read in one go is of one moment, on PostgreSQL by this level, on SQLite by nature.
        one_moment = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
        self._reads: Final = engine.execution_options(reads=True, **one_moment)

    def prepare(self, migrate: Callable[[Engine], None]) -> None:
        """Run *migrate* on the engine; nothing stays open if it fails."""
        try:
            migrate(self.engine)
        except DATABASE_ERRORS as error:
            self.engine.dispose()
            raise described(error) from None
        except StoreError:
            self.engine.dispose()
            raise

    def read(self, work: Work[Result]) -> Result:
        """Run *work*, which changes nothing; a second time, if the connection was lost meanwhile."""
        try:
            return self._read(work)
        except DATABASE_ERRORS as error:
            if not was_lost(error):
                raise described(error) from None
        try:
            return self._read(work)
        except DATABASE_ERRORS as error:
            raise described(error) from None

    def _read(self, work: Work[Result]) -> Result:
        with self._reads.connect() as connection, connection.begin():
            return work(connection)

    def write(self, work: Work[Result]) -> Result:
        """
        Run *work* and have all of it on the disk, or nothing.

        Raises:
            OutcomeUnknown: If the connection was lost while the database was confirming.
        """
        confirming = False
        try:
            with self.engine.connect() as connection, connection.begin():
                result = work(connection)
                confirming = True
        except DATABASE_ERRORS as error:
            if confirming and was_lost(error):
                raise unknown_outcome() from None
            raise described(error) from None
        return result

    def forget(self) -> None:
        """
        Remove what the journal of a SQLite file still has of things that were erased.

        While somebody else is reading, the journal stays; it is written over by later records, or by the next call.
        """
        if self.engine.dialect.name == "sqlite":
            raw = self.engine.raw_connection()
            try:
                raw.cursor().execute("pragma wal_checkpoint(truncate)").fetchall()
            except sqlite3.Error as error:
                raise described(error) from None
            finally:
                raw.close()

    def close(self) -> None:
        """Close every connection that is not in use."""
        try:
            self.engine.dispose()
        except DATABASE_ERRORS as error:  # pragma: no cover -- a driver that cannot even close
            raise StoreError("the store could not be closed") from error
