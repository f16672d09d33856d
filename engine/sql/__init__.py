"""Policies as SQL: decided where the data already is, with the meaning of the reference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from .refusals import SqlError

if TYPE_CHECKING:
    from ..policy import Policy

#: The dialects that policies can be written in.
DIALECTS: Final = ("duckdb", "spark", "postgres", "bigquery", "snowflake")


class SqlMissingError(ImportError):
    """The library that writes SQL is not installed."""


def sql_of(
    policy: Policy,
    dialect: str,
    *,
    table: str = "incidents",
    key: Iterable[str] = (),
    columns: Mapping[str, str] | None = None,
    without: Iterable[str] = (),
    given: Iterable[str] = (),
    checked: Iterable[str] = (),
    as_of: dt.date | str | None = None,
    reasons: bool = False,
) -> str:
    """
    Return one query that decides every row of a table as the policy does.

    The columns are named after the facts; *columns* names others, and *without* lists facts that the table does not have, which
    are then missing. NULL is a missing fact; those in *given* are promised never to be, and a row that breaks the promise is
    marked. Those that are *checked* hold nothing that no reading would take (an enumeration, a constraint of the table), and are not
    looked at again. *key* are the columns that the answer keeps; all, where none are named. *as_of* is a day, a moment, or the column
    that has it; now unless said otherwise. With *reasons* the owner's reason stands beside each outcome.

    Raises:
        SqlError: If the dialect cannot say all of it; every reason at once.
        SqlMissingError: If sqlglot is not installed.

    >>> from evenhand import Policy
    >>> print(sql_of(Policy.load("house"), "duckdb", key=["id"])[:14])
    WITH _facts /*
    """
    if dialect not in DIALECTS:
        raise ValueError(f"there is no dialect {dialect!r}: it is one of {', '.join(DIALECTS)}")
    try:
        from .write import written
    except ImportError as missing:
        if missing.name is None or not missing.name.startswith("sqlglot"):
            raise
        raise SqlMissingError("writing SQL takes sqlglot: install evenhand[columns]") from None
    return written(
        policy,
        dialect,
        table=table,
        key=key,
        columns=columns,
        without=without,
        given=given,
        checked=checked,
        as_of=as_of,
        reasons=reasons,
    )


__all__ = ["DIALECTS", "SqlError", "SqlMissingError", "sql_of"]
