"""Outputs that are tables of databases: the rows that a file would have, there whole or not at all, and never over another table."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import postgresql
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sql
from bulk_files import ROWS, bad_rows, run, write_rows

from evenhand import Policy
from evenhand.engine.bulk import BulkError
from evenhand.engine.bulk.errors import Stopped
from evenhand.engine.bulk.to_table import _SqlTarget

POLICY = """
[policy]
id = "desk"
[decisions.pause]
outcomes = "duration"
[decisions.back]
outcomes = "date"
[[rule]]
id = "small"
when = "loss <= 75 USD"
then.refund = "full"
then.refund_amount = "loss"
then.pause = "90m"
then.back = 2026-11-30
oblige = ["call"]
[[rule]]
id = "rest"
when = "loss > 75 USD"
then.refund = "deny"
[obligations.call]
title = "Call them back"
"""


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a database; what stands beside it goes to a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    if request.param == "postgresql":
        server: postgresql.Server = request.getfixturevalue("server")
        return server.new_database()
    return f"{request.param}:///{tmp_path}/shop.db"


def rows_in(url: str, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table in order, as its database gives them."""
    query = f'SELECT * FROM "{table}" ORDER BY "row"'
    if url.startswith("duckdb"):
        with duckdb.connect(url.removeprefix("duckdb:///")) as connection:
            found: list[dict[str, Any]] = pa.table(connection.sql(query)).to_pylist()
            return found
    engine = sql.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sql.NullPool)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(sql.text(query)).mappings()]


def incidents(folder: Path) -> Path:
    """Write incidents of every kind of column that may be kept, one of which cannot be decided."""
    table = pa.table(
        {
            "id": [1, 2, 3, 4],
            "it's: odd": ["a\nb", None, "'", "ü"],
            "when": pa.array([dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)] * 4, pa.timestamp("us", "UTC")),
            "day": [dt.date(2026, 11, 21), None, None, None],
            "seen": [True, None, False, True],
            "loss": ["4.50 USD", "100.10", "none of it", None],
        }
    )
    pq.write_table(table, folder / "in.parquet")
    return folder / "in.parquet"


KEPT = ("id", "it's: odd", "when", "day", "seen")


def test_a_table_has_the_rows_that_a_file_has(shop: str, tmp_path: Path) -> None:
    policy, source = Policy.loads(POLICY), incidents(tmp_path)
    options: dict[str, Any] = {"keep": KEPT, "ignore_unknown": True}
    summary = run(source, f"{shop}#decided", policy, **options, rows=2)
    run(source, tmp_path / "out.parquet", policy, **options)
    assert (summary.decided, summary.bad, summary.output) == (3, 1, f"{shop}#decided")
    rows, expected = rows_in(shop, "decided"), pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [[*row] for row in rows] == [[*row] for row in expected]
    first = rows[0]
    assert Decimal(str(first["refund.refund_amount"])) == Decimal("4.5")
    assert (first["row"], first["refund"], first["refund.rule"], first["pause"]) == (1, "full", "small", "5400s")
    assert (first["obligations"], str(first["back"]), str(first["day"])) == ("call", "2026-11-30", "2026-11-21")
    for found, wanted in zip(rows, expected, strict=True):
        for name in ("row", "id", "it's: odd", "refund", "refund.status", "refund.rule", "pause.status"):
            assert found[name] == wanted[name], name
    (bad,) = [json.loads(line) for line in (tmp_path / "decided.bad.jsonl").read_text().splitlines()]
    assert bad["row"] == 3
    assert not (tmp_path / "decided.part").exists()


def test_a_table_that_is_there_is_never_written_over_unasked(shop: str, tmp_path: Path) -> None:
    policy, source = Policy.loads(POLICY), write_rows(tmp_path / "in.csv", ROWS[:3])
    options: dict[str, Any] = {"ignore_unknown": True}
    run(source, f"{shop}#decided", policy, **options)
    with pytest.raises(BulkError, match=r"#decided` is there already.*--overwrite"):
        run(source, f"{shop}#decided", policy, **options)
    write_rows(source, ROWS[:1])
    run(source, f"{shop}#decided", policy, **options, overwrite=True)
    assert len(rows_in(shop, "decided")) == 1
    with pytest.raises(BulkError, match="the output is the input"):
        run(f"{shop}#decided", f"{shop}#decided", policy, **options, overwrite=True)
    assert len(rows_in(shop, "decided")) == 1


@pytest.mark.parametrize("shop", ["sqlite", "postgresql"], indirect=True)
def test_a_database_that_refuses_gets_the_table_later(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is decided again, and until then the older table stands as it was."""
    policy, source = Policy.loads(POLICY), write_rows(tmp_path / "in.csv", ROWS[:3])
    run(source, f"{shop}#decided", policy, ignore_unknown=True)
    write_rows(source, ROWS[:2])
    with monkeypatch.context() as broken:
        broken.setattr(_SqlTarget, "_rows", _with_a_column_too_many(_SqlTarget._rows))
        with pytest.raises(Stopped, match=r"`decided` cannot be written.*all is decided; go on with --resume"):
            run(source, f"{shop}#decided", policy, ignore_unknown=True, overwrite=True)
    assert len(rows_in(shop, "decided")) == 3
    assert run(source, f"{shop}#decided", policy, ignore_unknown=True, resume=True).rows == 2
    assert len(rows_in(shop, "decided")) == 2
    assert not bad_rows(tmp_path / "decided")


def _with_a_column_too_many(rows: Callable[..., list[dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
    """Hand over rows of which the last has a value that no column of a database takes."""

    def broken(target: _SqlTarget, batch: Any) -> list[dict[str, Any]]:
        found = rows(target, batch)
        return [*found[:-1], {**found[-1], "c0": {"no": "number"}}]

    return broken


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("sqlite:////nowhere/at/all.db#t", "cannot be reached"),
        ("duckdb:////nowhere/at/all.db#t", "cannot be"),
        ("postgresql://127.0.0.1:1/none#t", "cannot be reached"),
        ("oracle+nothing://x#t", "this is no URL of a database"),
    ],
)
def test_a_database_that_is_not_there(place: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = write_rows(tmp_path / "in.csv", ROWS[:1])
    with pytest.raises(BulkError, match=said):
        run(source, place, Policy.loads(POLICY), ignore_unknown=True)
