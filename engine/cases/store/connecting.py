"""From a path or a URL to connections that keep what they confirm."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from .errors import DriverMissing, StoreError
from .prepared import driver

_SCHEMES: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_HELP: Final = "name a file, or postgresql://USER@HOST/DATABASE"


def engine_for(place: str | Path, *, patience: float, create: bool) -> Engine:
    """
    Return an engine for a SQLite file or a PostgreSQL database; nothing is connected yet.

    *patience* is how many seconds a statement waits for others' locks. Without *create*, a file has to be there.
    """
    url = _url(place)
    if url.drivername == "sqlite":
        _check_file(Path(str(url.database)), create=create)
        return _sqlite(url, patience)
    return _postgresql(url, patience)


def _url(place: str | Path) -> URL:
    if isinstance(place, Path) or "://" not in place:
        return URL.create("sqlite", database=str(place))
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        raise StoreError("this is no address of a store", help=_HELP) from None
    if url.drivername not in _SCHEMES:
        raise StoreError(f"a store cannot be kept in `{url.drivername}`", help=_HELP)
    if url.drivername == "sqlite" and url.query:
        raise StoreError("the address of a file has no options", help=_HELP)
    return url.set(drivername=_SCHEMES[url.drivername])


def _check_file(path: Path, *, create: bool) -> None:
    if str(path) in {"", ".", "None", ":memory:"}:
        raise StoreError("a store has to be kept in a file", help=_HELP)
    if path.is_dir():
        raise StoreError(f"`{path}` is a folder", help="name a file")
    if not path.parent.is_dir():
        raise StoreError(f"there is no folder `{path.parent}`", help="make it, or name another file")
    if not create and not path.exists():
        raise StoreError(f"there is no file `{path}`", help="name the file that the cases are kept in")


def _sqlite(url: URL, patience: float) -> Engine:
    # The driver's own transactions are off (isolation_level): `_begin` says when one begins, and of which kind.
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": patience, "isolation_level": None}, pool_timeout=patience
    )
    event.listen(engine, "connect", _make_durable)
    event.listen(engine, "begin", _begin)
    return engine


def _make_durable(connection: Any, _record: object) -> None:
    """A commit returns when it is on the disk (synchronous, fullfsync); what was removed is overwritten (secure_delete)."""
    try:
        if _pragma(connection, "journal_mode") != "wal":
            _switch_to_wal(connection)
        for pragma in ("synchronous = full", "fullfsync = on", "foreign_keys = on", "secure_delete = on"):
            connection.execute(f"pragma {pragma}").close()
    except BaseException:
        connection.close()
        raise


def _pragma(connection: Any, pragma: str) -> Any:
    return connection.execute(f"pragma {pragma}").fetchone()[0]


def _switch_to_wal(connection: Any, *, tries: int = 50) -> None:
    """SQLite does not wait for others here, as it does elsewhere. Where a file system has no WAL, its older journal serves."""
    import sqlite3

    for left in reversed(range(tries)):
        try:
            _pragma(connection, "journal_mode = wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not left:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    # INVARIANT: who is going to write says so at once; two readers that both turned writers would lock each other out.
    reads = connection.get_execution_options().get("reads", False)
    driver(connection).execute("begin" if reads else "begin immediate").close()


def _postgresql(url: URL, patience: float) -> Engine:
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_timeout=patience,
            connect_args={"connect_timeout": max(2, round(patience))} if "connect_timeout" not in url.query else {},
        )
    except ImportError:
        raise DriverMissing("PostgreSQL needs the driver psycopg", help="install `evenhand[postgres]`") from None
    milliseconds = max(1, round(patience * 1000))

    def prepare(connection: Any, _record: object) -> None:
        before, connection.autocommit = connection.autocommit, True
        connection.execute("select set_config('lock_timeout', %s, false)", [str(milliseconds)])
        connection.execute(
            "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"
        )
        connection.autocommit = before

    event.listen(engine, "connect", prepare)
    return engine
