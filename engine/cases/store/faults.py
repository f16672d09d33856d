"""What a database says when something goes wrong, in the store's own words."""

from __future__ import annotations

import sqlite3
from typing import Final, TypeAlias

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError as PoolTimeout

from .errors import OutcomeUnknown, StoreBusy, StoreError

_Rows: TypeAlias = "tuple[tuple[str, str, str], ...]"

#: What SQLite's errors mean, by the first words of their names that fit.
_SQLITE: Final[_Rows] = (
    ("SQLITE_BUSY", "another process keeps the store locked", "try again, or end the other process"),
    ("SQLITE_LOCKED", "another connection keeps the store locked", "try again"),
    ("SQLITE_FULL", "the disk is full", "make room, and try again"),
    ("SQLITE_READONLY", "the store can only be read", "make the file and its folder writable"),
    ("SQLITE_NOTADB", "the file is not a store", "name the file that the cases are kept in"),
    ("SQLITE_CORRUPT", "the store is damaged", "restore it from a backup"),
    ("SQLITE_CANTOPEN", "the file cannot be opened", "see that the file and its folder can be read and written"),
    ("SQLITE_IOERR", "the disk failed", "see whether it is full or damaged, and try again"),
    ("SQLITE_TOOBIG", "the text is too long for the store", "keep large things elsewhere"),
)
#: The same by PostgreSQL's codes.
_POSTGRESQL: Final[_Rows] = (
    ("55P03", "another process keeps the case locked", "try again"),
    ("40", "the database has put another process first", "try again"),
    ("53100", "the server's disk is full", "make room, and try again"),
    ("53300", "the server takes no more connections", "try again, or raise max_connections"),
    ("53", "the server is short of memory or disk", "see its log"),
    ("25006", "the server can only be read", "connect to the primary server"),
    ("28", "the server does not let us in", "see user and password in the address"),
    ("3D000", "there is no such database", "make it with createdb"),
    ("42501", "the user lacks a privilege", "let it create and change tables in this database"),
    ("57P0", "the server is going down or starting up", "try again in a moment"),
    ("57014", "the server has ended the statement", "raise statement_timeout"),
    ("08", "the connection to the server was lost", "try again in a moment"),
)
_BUSY: Final = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40"})


#: What may come out of the database: SQLAlchemy's errors, and those of SQLite's driver, which is also used by itself.
DATABASE_ERRORS: Final = (SQLAlchemyError, sqlite3.Error)


def described(error: SQLAlchemyError | sqlite3.Error) -> StoreError:
    """Return an error of the database in the store's own words."""
    if isinstance(error, PoolTimeout):
        return StoreBusy("every connection of this process is in use", help="try again, or use fewer threads")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code, rows = getattr(cause, "sqlite_errorname", ""), _SQLITE
    else:
        code, rows = getattr(cause, "sqlstate", None) or "", _POSTGRESQL
    for beginning, message, help_ in rows:
        if code.startswith(beginning):
            return (StoreBusy if beginning in _BUSY else StoreError)(message, help=help_)
    if was_lost(error) or (isinstance(error, OperationalError | InterfaceError) and not code):
        return StoreError(f"the server cannot be reached ({_words(cause)})", help="see that it runs, and the address")
    return StoreError(f"the database refused ({_words(cause)})", help="see that nobody else has changed its tables")


def _words(error: BaseException | None) -> str:
    """Return the database's own words, one line of them; a server that does not let us in says no more than that."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return " ".join(first.rpartition("FATAL:")[2].split()).removeprefix("connection failed: ")[:200]


def was_lost(error: Exception) -> bool:
    """Whether the connection is gone."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def unknown_outcome() -> OutcomeUnknown:
    """Return what is to be said when the connection went while the database was confirming."""
    return OutcomeUnknown(
        "the connection was lost before the server confirmed; the events may have been recorded or not",
        help="append the same events again: under their keys they are recorded once",
    )
