"""The SQL of a policy gives what the reference gives, in every column, run by the databases themselves."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from typing import Any, Final

import duckdb
import pytest
from chooser import Chooser
from random_policies import Made, make_policy
from sql_rows import MOMENTS, Columns, Row, expected, parting

from evenhand import Policy
from evenhand.engine.sql import SqlError, sql_of

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
#: Rows that each random policy decides; each counts as a case.
ROWS: Final = 30
TYPES: Final = {
    "integer": "BIGINT",
    "money": "DECIMAL(18, 4)",
    "number": "DECIMAL(18, 6)",
    "duration": "DECIMAL(18, 6)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "list": "VARCHAR[]",
}


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        yield connection


def sql_type(columns: Columns, name: str) -> str:
    kind = columns.kind(name).kind
    return "DOUBLE" if columns.floats and kind in ("money", "number", "duration") else TYPES.get(kind, "VARCHAR")


def in_duckdb(duck: duckdb.DuckDBPyConnection, columns: Columns, rows: list[Row], query: str) -> list[dict[str, Any]]:
    declared = "".join(f', "{name}" {sql_type(columns, name)}' for name in columns.names)
    duck.execute(f"CREATE OR REPLACE TABLE incidents (id BIGINT{declared})")
    holes = ", ?" * len(columns.names)
    duck.executemany(f"INSERT INTO incidents VALUES (?{holes})", [[at, *row.values()] for at, row in enumerate(rows)])
    done = duck.execute(f"{query} ORDER BY id")
    names = [column[0] for column in done.description or ()]
    return [dict(zip(names, row, strict=True)) for row in done.fetchall()]


def partings(policy: Policy, rows: list[Row], found: list[dict[str, Any]], as_of: dt.date) -> list[str]:
    assert [row["id"] for row in found] == list(range(len(rows)))
    pairs = zip(rows, found, strict=True)
    return [f"{row}: {said}" for row, answer in pairs if (said := parting(expected(policy, row, as_of), answer))]


def situation(seed: int) -> tuple[Made, Columns, list[Row], dt.date]:
    choose = Chooser.seeded(seed)
    made = make_policy(choose)
    columns = Columns.of(made.policy, floats=choose.chance(30))
    as_of = choose.pick(MOMENTS)
    return made, columns, [columns.row(choose, made.kinds) for _ in range(ROWS)], as_of


@pytest.mark.parametrize("shard", range(4))
def test_duckdb_agrees_with_the_reference(shard: int, duck: duckdb.DuckDBPyConnection) -> None:
    """On every verdict, rule, value, missing fact, duty, red line and bad row, for all that DuckDB can say."""
    count = max(CASES // ROWS // 4 // 5, 2)
    refused = 0
    for seed in range(SEED + shard * 100_000, SEED + shard * 100_000 + count):
        made, columns, rows, as_of = situation(seed)
        try:
            query = sql_of(made.policy, "duckdb", key=["id"], as_of=as_of)
        except SqlError:
            refused += 1
            continue
        found = in_duckdb(duck, columns, rows, query)
        assert not partings(made.policy, rows, found, as_of), f"seed {seed}, {as_of}\n{made.text}"
    assert refused <= count // 2
