"""The SQL of a policy gives what the reference gives, in every column, run by the databases themselves."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import duckdb
import postgresql
import psycopg
import pytest
from chooser import Chooser
from psycopg.rows import dict_row
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


# --- the other databases that run here -------------------------------------------------------------------------------

POSTGRES: Final = {**TYPES, "number": "NUMERIC(18, 6)", "list": "TEXT[]", "text": "TEXT", "scale": "TEXT"}
#: How many random policies the slower databases decide, of which so many rows each.
FEW, FEW_ROWS = max(CASES // 400, 4), 12


def in_postgres(connection: psycopg.Connection[Any], columns: Columns, rows: list[Row], query: str) -> list[Row]:
    floats = ("money", "number", "duration") if columns.floats else ()
    kinds = {name: columns.kind(name).kind for name in columns.names}
    declared = "".join(
        f', "{name}" {"DOUBLE PRECISION" if kind in floats else POSTGRES[kind]}' for name, kind in kinds.items()
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("DROP TABLE IF EXISTS incidents")
        cursor.execute(f"CREATE TABLE incidents (id BIGINT{declared})".encode())
        holes = ", %s" * len(columns.names)
        cursor.executemany(
            f"INSERT INTO incidents VALUES (%s{holes})".encode(), [[at, *row.values()] for at, row in enumerate(rows)]
        )
        cursor.execute(f"{query} ORDER BY id".encode())
        return cursor.fetchall()


def sayable(dialect: str, count: int) -> Iterator[tuple[int, Made, Columns, list[Row], dt.date, str]]:
    """Yield random policies that a dialect can say, with their queries."""
    for seed in range(SEED, SEED + count * 3):
        made, columns, rows, as_of = situation(seed)
        try:
            query = sql_of(made.policy, dialect, key=["id"], as_of=as_of)
        except SqlError:
            continue
        yield seed, made, columns, rows[:FEW_ROWS], as_of, query
        count -= 1
        if not count:
            return
    raise AssertionError("too few policies can be said")


def test_postgresql_agrees_with_the_reference(server: postgresql.Server) -> None:
    with psycopg.connect(server.new_database(), autocommit=True, prepare_threshold=None) as connection:
        for seed, made, columns, rows, as_of, query in sayable("postgres", FEW):
            found = in_postgres(connection, columns, rows, query)
            assert not partings(made.policy, rows, found, as_of), f"seed {seed}, {as_of}\n{made.text}"


def test_postgresql_keeps_all_columns_where_no_key_is_named(server: postgresql.Server) -> None:
    query = sql_of(Policy.loads(CORPUS_POLICY), "postgres", as_of=dt.date(2026, 11, 21))
    with (
        psycopg.connect(server.new_database(), autocommit=True) as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        cursor.execute(f"CREATE TABLE incidents AS SELECT 5 AS till, {CORPUS_TYPED}".encode())
        cursor.execute(query.encode())
        (row,) = cursor.fetchall()
    assert (row["till"], row["tone"], row["refund"]) == (5, "calm", "full")


#: On one worker with all that takes Spark, so that Java is started once.
IN_SPARK = pytest.mark.xdist_group("spark")


@pytest.fixture(scope="module")
def interpreted(spark: Any) -> Iterator[Any]:
    """Spark without compiling each query, which takes longer than these few rows."""
    settings = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
    for name, value in settings.items():
        spark.conf.set(name, value)
    yield spark
    for name in settings:
        spark.conf.unset(name)


def spark_type(columns: Columns, name: str) -> Any:
    from pyspark.sql import types

    kind = columns.kind(name).kind
    if columns.floats and kind in ("money", "number", "duration"):
        return types.DoubleType()
    known: dict[str, Any] = {
        "integer": types.LongType(),
        "money": types.DecimalType(18, 4),
        "number": types.DecimalType(18, 6),
        "duration": types.DecimalType(18, 6),
        "boolean": types.BooleanType(),
        "date": types.DateType(),
        "datetime": types.TimestampType(),
        "list": types.ArrayType(types.StringType()),
    }
    return known.get(kind, types.StringType())


def in_spark(spark: Any, columns: Columns, rows: list[Row], query: str) -> list[Row]:
    from pyspark.sql import types

    fields = [types.StructField(name, spark_type(columns, name)) for name in columns.names]
    schema = types.StructType([types.StructField("id", types.LongType()), *fields])

    def held(value: Any) -> Any:
        return value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else value

    values = [[at, *map(held, row.values())] for at, row in enumerate(rows)]
    spark.createDataFrame(values, schema).createOrReplaceTempView("incidents")
    done = spark.sql(query)
    return sorted((dict(zip(done.columns, row, strict=True)) for row in done.collect()), key=lambda row: int(row["id"]))


@pytest.mark.once
@IN_SPARK
def test_spark_agrees_with_the_reference(interpreted: Any) -> None:
    for seed, made, columns, rows, as_of, query in sayable("spark", min(FEW, 5)):
        found = in_spark(interpreted, columns, rows, query)
        assert not partings(made.policy, rows, found, as_of), f"seed {seed}, {as_of}\n{made.text}"


# --- one fixed policy in all of them ---------------------------------------------------------------------------------

CORPUS_TYPED: Final = (
    "'calm' AS tone, CAST(10 AS NUMERIC(18, 4)) AS loss, CAST(3 AS NUMERIC(18, 4)) AS paid, FALSE AS injury, "
    "'it''s' AS note, CAST(ARRAY['listen'] AS TEXT[]) AS tags, DATE '2026-11-01' AS due, 3 AS score"
)
CORPUS_POLICY: Final = """
[policy]
id = "corpus"
currency = "USD"

[facts.tone]
scale = ["calm", "cross", "furious"]
[facts.note]
type = "text"
[facts.tags]
type = "list of text"
[facts.due]
type = "date"
[facts.score]
type = "integer"
assume = 2
[facts.injury]
assume = false

[obligations.call-back]
title = "Call back"

[[rule]]
id = "overpaid"
when = "paid > 1.5 * loss and tone <= cross"
then.refund = "partial"
then.refund_amount = "(paid - loss) / 3"
oblige = ["call-back"]

[[rule]]
id = "small"
when = "loss <= 50 USD and tone = calm and count(tags) >= 1"
then.refund = "full"
then.refund_amount = "loss"

[[rule]]
id = "late"
when = "days_since(due) > 30 or loss / score > 20 USD"
then.refund = "credit"

[[rule]]
id = "noted"
when = "note contains 's' and injury is known"
then.defend = "publicly"

[[rule]]
id = "tagged"
when = "tags contains note"
then.walk_away = "warn"

[[guard]]
id = "not-when-hurt"
never = "refund >= credit and injury"
"""
#: Rows that meet every stage of a query: rules that hold, may hold and disagree, values, guards, assumptions, bad facts.
CORPUS_ROWS: Final[list[Row]] = [
    {"loss": Decimal("10.01"), "paid": Decimal(100), "tone": "calm", "tags": ["listen"], "due": dt.date(2026, 11, 1)},
    {"loss": Decimal("10.01"), "tone": "calm", "tags": ["listen"], "due": dt.date(2026, 11, 1), "note": "it's"},
    {"loss": Decimal("10.01"), "paid": Decimal(3), "tone": "calm", "tags": ["listen"], "injury": True, "note": "it's"},
    {"loss": Decimal(1000), "paid": Decimal(1), "tone": "cross", "score": 0, "tags": [], "due": dt.date(2026, 1, 1)},
    {"loss": Decimal(1000), "paid": Decimal(1), "tone": "cross", "score": 0, "tags": [], "due": dt.date(2026, 11, 1)},
    {"loss": Decimal(1000), "paid": Decimal(1), "tone": "furious"},
    {"tone": "calm"},
    {},
    {"loss": Decimal(-1), "tone": "Calm"},
]


@pytest.mark.parametrize("database", ["duckdb", "postgres", pytest.param("spark", marks=IN_SPARK)])
def test_a_fixed_policy_is_decided_alike_everywhere(database: str, request: pytest.FixtureRequest) -> None:
    policy, as_of = Policy.loads(CORPUS_POLICY), dt.date(2026, 11, 21)
    columns = Columns.of(policy, floats=False)
    rows = [{name: row.get(name) for name in columns.names} for row in CORPUS_ROWS]
    query = sql_of(policy, database, key=["id"], as_of=as_of)
    if database == "duckdb":
        found = in_duckdb(request.getfixturevalue("duck"), columns, rows, query)
    elif database == "spark":
        found = in_spark(request.getfixturevalue("interpreted"), columns, rows, query)
    else:
        url = request.getfixturevalue("server").new_database()
        with psycopg.connect(url, autocommit=True) as connection:
            found = in_postgres(connection, columns, rows, query)
    assert not partings(policy, rows, found, as_of)
    said = {(row["refund.status"], row["refund.rule"]) for row in found}
    assert {("decided", "overpaid"), ("unsettled", None), ("guard", None), (None, None)} <= said


# --- what was, or nearly was, wrong once -----------------------------------------------------------------------------

RECKONED: Final = """
[policy]
id = "reckoned"

[[rule]]
id = "long"
when = "exchange.hours_open > 599880 s"
then.defend = "privately"

[[rule]]
id = "more"
when = "paid > 1.5 * loss"
then.refund = "full"
then.refund_amount = "(paid - loss) / 3"
"""


@pytest.mark.parametrize("floats", [False, True])
def test_many_digits_are_reckoned_exactly(duck: duckdb.DuckDBPyConnection, floats: bool) -> None:
    """Up to the last of fifteen; casts to a narrow decimal had run over."""
    policy, as_of = Policy.loads(RECKONED), dt.date(2026, 11, 21)
    columns = Columns.of(policy, floats=floats)
    amounts = ("99999999998.99", "99999999998.9999", "66666666666.66", "66666666665.9999", "0.01", "0.0001")
    rows = [
        {"loss": columns.number(Decimal(a)), "paid": columns.number(Decimal(b)), "exchange.hours_open": None}
        for a in amounts
        for b in amounts
    ]
    rows = [{name: row[name] for name in columns.names} for row in rows]
    found = in_duckdb(duck, columns, rows, sql_of(policy, "duckdb", key=["id"], as_of=as_of))
    assert not partings(policy, rows, found, as_of)


def test_what_no_column_can_be_held_to_is_marked(duck: duckdb.DuckDBPyConnection) -> None:
    """166 h 38 min is 166.6333… hours: what lies within a millionth of an hour is not decided; nor what is too large to reckon with."""
    query = sql_of(Policy.loads(RECKONED), "duckdb", key=["id"])
    duck.execute('CREATE OR REPLACE TABLE incidents (id INT, loss DOUBLE, paid DOUBLE, "exchange.hours_open" DOUBLE)')
    hours = (166.633333, 166.6333335, 166.633334)
    duck.executemany("INSERT INTO incidents VALUES (?, 1, 1, ?)", list(enumerate(hours)))
    duck.execute("INSERT INTO incidents VALUES (3, 1e12, 1, 1), (4, 0.00001, 1, 1)")
    found = duck.execute(f"SELECT id, defend, problems FROM ({query}) ORDER BY id").fetchall()
    assert found == [
        (0, "refer", None),
        (1, None, "exchange.hours_open"),
        (2, "privately", None),
        (3, None, "loss"),
        (4, None, "loss"),
    ]


COUNTED: Final = """
[policy]
id = "counted"

[decisions.marks]
outcomes = "text"
hit_policy = "collect count"
default = "history.refunds_90d"

[[rule]]
id = "rude"
when = "abuse >= rude"
then.marks = "tone"

[[rule]]
id = "dear"
when = "loss > 10 USD"
then.marks = "price"
"""


@pytest.mark.parametrize("database", ["duckdb", "postgres"])
def test_a_default_stands_beside_a_count(database: str, request: pytest.FixtureRequest) -> None:
    """A number beside texts that are counted, and one that waits for its fact: it had been refused."""
    policy, as_of = Policy.loads(COUNTED), dt.date(2026, 11, 21)
    columns = Columns.of(policy, floats=False)
    tones, losses, refunds = ("none", "hostile", None), (Decimal(5), Decimal(50), None), (7, None)
    drawn = [{"abuse": a, "loss": b, "history.refunds_90d": c} for a in tones for b in losses for c in refunds]
    rows = [{name: row[name] for name in columns.names} for row in drawn]
    query = sql_of(policy, database, key=["id"], as_of=as_of)
    if database == "duckdb":
        found = in_duckdb(request.getfixturevalue("duck"), columns, rows, query)
    else:
        url = request.getfixturevalue("server").new_database()
        with psycopg.connect(url, autocommit=True) as connection:
            found = in_postgres(connection, columns, rows, query)
    assert not partings(policy, rows, found, as_of)
    assert {row["marks"] for row in found} == {None, 1, 2, 7}


def test_what_is_always_null_has_its_type(duck: duckdb.DuckDBPyConnection) -> None:
    """No rule decides on insurance, and none has a reason: the columns had been whole numbers."""
    query = sql_of(Policy.loads(CORPUS_POLICY), "duckdb", key=["id"], reasons=True)
    duck.execute(f"CREATE OR REPLACE TABLE incidents AS SELECT 5 AS id, {CORPUS_TYPED}")
    types = dict(duck.execute(f"SELECT column_name, column_type FROM (DESCRIBE {query})").fetchall())
    assert {types[name] for name in ("insurance.rule", "refund.because", "refund.rule")} == {"VARCHAR"}
    assert types["insurance.insurance_lines"] == "VARCHAR[]"


def test_a_broken_promise_is_marked(duck: duckdb.DuckDBPyConnection) -> None:
    """A fact that was said to be given, and is NULL, is no missing fact but a bad row."""
    query = sql_of(Policy.loads(RECKONED), "duckdb", key=["id"], given=["loss"], without=["exchange.hours_open"])
    duck.execute("CREATE OR REPLACE TABLE incidents AS SELECT 1 AS id, NULL::DOUBLE AS loss, 2.0 AS paid")
    assert duck.execute(f"SELECT refund, problems FROM ({query})").fetchall() == [(None, "loss")]
