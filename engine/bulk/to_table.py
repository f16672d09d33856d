"""Outputs that are tables of databases: each filled in one transaction once all is decided, so that it is there whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from .as_text import cells, joined
from .databases import DUCKDB, duckdb_file, engine_for, first_line, quoted, sqlalchemy
from .errors import BulkError, Stopped
from .places import Place

#: Rows that a database is handed at once.
_ROWS: Final = 10_000


class Target(Protocol):
    """The table that a job makes."""

    def exists(self) -> bool:
        """
        Whether there is a table of that name.

        Raises:
            BulkError: If the database cannot be reached.
        """
        ...

    def fill(self, parts: Sequence[Path]) -> None:
        """
        Make the table from files of Parquet, in place of one of that name; can be done again.

        Raises:
            Stopped: If the database refuses it.
        """
        ...


def target_of(place: Place) -> Target:
    """Return the table that a place names."""
    return _DuckTarget(place) if place.name.startswith(DUCKDB) else _SqlTarget(place)


def table_schema(schema: Any) -> Any:
    """
    Return the schema in which rows wait for their database: a type that not all databases have becomes text, as in a cell of CSV.

    >>> table_schema(pa.schema([("rules", pa.list_(pa.string())), ("loss", pa.decimal128(38, 2))])).types
    [DataType(string), Decimal128Type(decimal128(38, 2))]
    """
    return pa.schema([field if _is_common(field.type) else field.with_type(pa.string()) for field in schema])


def for_table(table: Any, schema: Any) -> Any:
    """Return a table in the schema in which it waits for its database; one that has it already costs nothing."""
    columns = [
        column if column.type == field.type else joined(cells, column)
        for field, column in zip(schema, table.columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _is_common(kind: Any) -> bool:
    types = pa.types
    scalars = (types.is_string, types.is_boolean, types.is_integer, types.is_floating, types.is_decimal)
    return any(is_one(kind) for is_one in (*scalars, types.is_date32, types.is_timestamp))


class _DuckTarget:
    """A table in a file of DuckDB, which is made where there is none."""

    def __init__(self, place: Place) -> None:
        self._file, self._table = duckdb_file(place), place.table

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        import duckdb

        try:
            connection = duckdb.connect(self._file)
        except duckdb.Error as error:
            raise BulkError(f"`{self._file}` cannot be opened", help=first_line(error)) from None
        try:
            yield connection
        finally:
            connection.close()

    def exists(self) -> bool:
        """Whether there is a table of that name."""
        import duckdb

        if not Path(self._file).exists():
            return False
        query = f"SELECT 1 FROM {quoted(self._table)} LIMIT 0"  # noqa: S608 because the name is quoted
        with self._connected() as connection:
            try:
                connection.execute(query)
            except duckdb.CatalogException:
                return False
        return True

    def fill(self, parts: Sequence[Path]) -> None:
        """Make the table."""
        import duckdb

        query = f"CREATE OR REPLACE TABLE {quoted(self._table)} AS SELECT * FROM read_parquet(?)"  # noqa: S608 because the name is quoted
        with self._connected() as connection:
            try:
                connection.execute(query, [[str(part) for part in parts]])
            except duckdb.Error as error:
                raise _refused(self._table, error) from None


class _SqlTarget:
    """A table by way of SQLAlchemy."""

    def __init__(self, place: Place) -> None:
        self._sql = sqlalchemy("writing to a database")
        self._table = place.table
        self._schema, _, self._name = place.table.rpartition(".")
        self._is_sqlite = place.name.startswith("sqlite")
        # SQLite's driver would leave the making of a table outside the transaction.
        options = {"connect_args": {"isolation_level": None}} if self._is_sqlite else {}
        self._engine = engine_for(place, **options)
        if self._is_sqlite:
            self._sql.event.listen(self._engine, "begin", lambda opened: opened.exec_driver_sql("BEGIN"))

    def exists(self) -> bool:
        """Whether there is a table of that name."""
        try:
            with self._engine.connect() as connection:
                found: bool = self._sql.inspect(connection).has_table(self._name, schema=self._schema or None)
        except self._sql.exc.SQLAlchemyError as error:
            raise BulkError("the database cannot be reached", help=first_line(error)) from None
        return found

    def fill(self, parts: Sequence[Path]) -> None:
        """Make the table."""
        with pq.ParquetFile(parts[0]) as first:
            fields = list(first.schema_arrow)
        columns = [self._sql.Column(field.name, self._type(field.type)) for field in fields]
        table = self._sql.Table(self._name, self._sql.MetaData(), *columns, schema=self._schema or None)
        try:
            with self._engine.begin() as connection:
                table.drop(connection, checkfirst=True)
                table.create(connection)
                for batch in _batches(parts):
                    connection.execute(self._insert(table), self._rows(batch))
        except self._sql.exc.SQLAlchemyError as error:
            raise _refused(self._table, error) from None

    def _insert(self, table: Any) -> Any:
        """Return the statement by which rows go in as they are; a column may be called in a way that no parameter can be."""
        quoting = self._engine.dialect.identifier_preparer
        names = ", ".join(quoting.quote_identifier(column.name) for column in table.columns).replace(":", r"\:")
        values = ", ".join(f":c{number}" for number in range(len(table.columns)))
        return self._sql.text(f"INSERT INTO {quoting.format_table(table)} ({names}) VALUES ({values})")  # noqa: S608 because names are quoted

    def _type(self, kind: Any) -> Any:
        sql, types = self._sql, pa.types
        if types.is_decimal(kind):
            return sql.Numeric(kind.precision, kind.scale)
        if types.is_timestamp(kind):
            return sql.DateTime(timezone=kind.tz is not None)
        simple = (
            (types.is_boolean, sql.Boolean),
            (types.is_integer, sql.BigInteger),
            (types.is_floating, sql.Double),
            (types.is_date32, sql.Date),
        )
        return next((type_() for is_one, type_ in simple if is_one(kind)), sql.Text())

    def _rows(self, batch: Any) -> list[dict[str, Any]]:
        columns = [column.to_pylist() for column in batch.columns]
        if self._is_sqlite:  # which has neither decimals nor moments, and keeps what it can of their digits
            columns = [[_plain(value) for value in column] for column in columns]
        names = [f"c{number}" for number in range(len(columns))]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _batches(parts: Sequence[Path]) -> Iterator[Any]:
    for part in parts:
        with pq.ParquetFile(part) as file:
            yield from file.iter_batches(_ROWS)


def _plain(value: object) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _refused(table: str, error: Exception) -> Stopped:
    said = first_line(error)
    return Stopped(f"the table `{table}` cannot be written: {said}", help="all is decided; go on with --resume")
