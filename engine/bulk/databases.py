"""Tables of databases: DuckDB by itself, every other one through SQLAlchemy; read in one sweep, larger than memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from .chunks import Chunk, Source
from .columnar import ROWS, Columnar, numbered
from .errors import BulkError, ExtraMissing, Stopped, meant
from .json_lines import Gathered
from .places import Place

DUCKDB: Final = "duckdb://"


def open_table(place: Place, *, rows: int = ROWS) -> Source:
    """
    Open a table.

    Raises:
        BulkError: If there is no such database or table.
    """
    if place.name.startswith(DUCKDB):
        return _DuckTable(place, rows=rows)
    return _SqlTable(place, rows=rows)


class _DuckTable(Columnar):
    """A table in a file of DuckDB, in the order in which its rows were inserted."""

    def __init__(self, place: Place, *, rows: int) -> None:
        import duckdb

        file = duckdb_file(place)
        if not Path(file).is_file():
            raise BulkError(f"there is no file `{file}`", help="write duckdb:///shop.db#claims")
        try:
            self._connection: Any = duckdb.connect(file, read_only=True)
        except duckdb.Error as error:
            raise BulkError(f"`{file}` cannot be opened", help=first_line(error)) from None
        self._query = f"SELECT * FROM {quoted(place.table)}"  # noqa: S608 because the name is quoted
        try:
            schema = self._reader(1).schema
            query = f"SELECT count(*) FROM ({self._query})"  # noqa: S608 because the name is quoted
            counted = self._connection.execute(query).fetchall()
        except duckdb.Error:
            known = [row[0] for row in self._connection.execute("SHOW TABLES").fetchall()]
            self._connection.close()
            raise no_table(place, known) from None
        super().__init__(schema, counted[0][0])
        self._rows = rows

    def _reader(self, rows: int) -> Any:
        relation = self._connection.sql(self._query)
        return (
            relation.to_arrow_reader(rows)
            if hasattr(relation, "to_arrow_reader")
            else relation.fetch_arrow_reader(rows)
        )

    def chunks(self, after: int, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Yield the rows behind the row *after*."""
        batches = self._reader(self._rows)
        picked = (batch.select(list(columns)) if columns is not None else batch for batch in batches)
        yield from numbered(picked, 0, after)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()


class _SqlTable:
    """A table by way of SQLAlchemy, in the order of its primary key; without one, in the order that the database gives."""

    is_open = False
    is_text = False
    size = 0

    def __init__(self, place: Place, *, rows: int) -> None:
        sql = sqlalchemy("reading a database")
        if place.name.startswith("sqlite:///") and not Path(place.name.removeprefix("sqlite:///")).is_file():
            raise BulkError(f"there is no file `{place.name.removeprefix('sqlite:///')}`", help="check its name")
        try:
            self._engine = engine_for(place)
            schema, _, name = place.table.rpartition(".")
            self._table = sql.Table(name, sql.MetaData(), schema=schema or None, autoload_with=self._engine)
            with self._engine.connect() as connection:
                self.total = connection.execute(sql.select(sql.func.count()).select_from(self._table)).scalar_one()
        except sql.exc.NoSuchTableError:
            known = sql.inspect(self._engine).get_table_names()
            raise no_table(place, known) from None
        except sql.exc.SQLAlchemyError as error:
            raise BulkError("the database cannot be read", help=first_line(error)) from None
        self.names: Sequence[str] = [column.name for column in self._table.columns]
        self._rows = rows
        self._sql: Any = sql

    def schema(self) -> Any:
        """Return the schema: what is kept of a database is kept as text."""
        return pa.schema([(name, pa.string()) for name in self.names])

    def read(self) -> int:
        """Return 0: the rows are counted."""
        return 0

    def chunks(self, after: int, columns: Sequence[str] | None) -> Iterator[Chunk]:
        """Yield the rows behind the row *after*."""
        wanted = list(columns) if columns is not None else list(self.names)
        query = self._sql.select(*(self._table.c[name] for name in wanted)).order_by(*self._table.primary_key.columns)
        if after and not self._table.primary_key.columns:
            # A database may hand out such rows in another order each time: some would be decided twice, and others never.
            why = f"`{self._table.name}` has no primary key, so nobody can tell which of its rows were decided"
            raise Stopped(why, help="begin again with --overwrite")
        if after:
            query = query.offset(after)
        try:
            with self._engine.connect() as connection:
                found = connection.execution_options(yield_per=min(self._rows, 10_000)).execute(query)
                yield from self._gathered(enumerate(found, after + 1), wanted)
        except self._sql.exc.SQLAlchemyError as error:
            raise Stopped("the database went away", help=first_line(error)) from None

    def _gathered(self, found: Iterator[tuple[int, Any]], names: list[str]) -> Iterator[Chunk]:
        gathered = Gathered()
        for number, row in found:
            values = dict(zip(names, row, strict=True))
            if gathered.size >= self._rows or not gathered.takes(values):
                yield gathered.chunk(number - 1)
                gathered = Gathered()
                gathered.takes(values)
            gathered.add(number, values)
        if gathered.size:
            yield gathered.chunk(gathered.last)

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()


def duckdb_file(place: Place) -> str:
    """Return the file that a URL of DuckDB names; a relative one after three slashes, as in `duckdb:///shop.db`."""
    file = place.name.removeprefix(DUCKDB)
    return file[1:] if file.startswith("//") else file.removeprefix("/")


def sqlalchemy(what: str) -> Any:
    """
    Return SQLAlchemy, which *what* needs.

    Raises:
        ExtraMissing: If it is not installed.
    """
    try:
        import sqlalchemy as found
        import sqlalchemy.exc
    except ImportError:
        help_ = "pip install 'evenhand[cases]', or 'evenhand[postgres]'"
        raise ExtraMissing(f"{what} needs SQLAlchemy", help=help_) from None
    return found


def engine_for(place: Place, **options: Any) -> Any:
    """
    Return SQLAlchemy's engine for the database of a place.

    Raises:
        BulkError: If the URL means nothing.
        ExtraMissing: If the driver is not installed.
    """
    sql = sqlalchemy("a database")
    try:
        return sql.create_engine(_with_driver(place.name), poolclass=sql.NullPool, **options)
    except ImportError as error:
        raise ExtraMissing(f"the driver {error.name} is not installed", help="install it") from None
    except sql.exc.SQLAlchemyError as error:
        raise BulkError("this is no URL of a database", help=first_line(error)) from None


def _with_driver(url: str) -> str:
    """Return a URL that names the driver which the extra brings."""
    for short in ("postgresql://", "postgres://"):
        if url.startswith(short):
            return f"postgresql+psycopg://{url.removeprefix(short)}"
    return url


def no_table(place: Place, known: Sequence[str]) -> BulkError:
    """Return the error of a table that is not there."""
    return BulkError(f"there is no table `{place.table}`", help=meant(place.table, known))


def quoted(name: str) -> str:
    """Return the name of a table in quotes, that of its schema apart."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def first_line(error: Exception) -> str:
    """Return what a database says, in one line."""
    return str(error).partition("\n")[0][:200]
