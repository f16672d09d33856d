"""
Statements of the path that every append takes, handed to SQLite's driver as SQLAlchemy has written them.

An append waits for the disk about as long as SQLAlchemy takes for a handful of statements, so on SQLite these skip its execution,
not its SQL. On PostgreSQL, where the round trip to the server costs more than either, they are executed as all others are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement


class Prepared:
    """
    A statement that was compiled once; its parameters have names, and every one of them has to be given.

    *on_postgresql* is what is executed there, where that is another.
    """

    def __init__(self, statement: Executable, on_postgresql: Executable | None = None) -> None:
        assert isinstance(statement, ClauseElement)
        self._statement: Final[Executable] = statement if on_postgresql is None else on_postgresql
        self._text: Final = str(statement.compile(dialect=sqlite.dialect(paramstyle="named")))

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Execute the statement and return what it finds."""
        if connection.dialect.name == "sqlite":
            found: Sequence[Sequence[Any]] = driver(connection).execute(self._text, values).fetchall()
            return found
        return connection.execute(self._statement, values).all()

    def run(self, connection: Connection, values: Sequence[Mapping[str, Any]]) -> None:
        """Execute the statement for each row of values."""
        if connection.dialect.name == "sqlite":
            driver(connection).executemany(self._text, values)
        else:
            connection.execute(self._statement, values)


def driver(connection: Connection) -> Any:
    """Return the driver's own connection."""
    return connection.connection.driver_connection
