"""`policy sql` prints a query that runs, and says what cannot be written."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest
import sqlglot
from commands import run

from evenhand import Policy
from evenhand.cli.sql import DIALECTS as OFFERED
from evenhand.engine.sql import DIALECTS, SqlMissingError, sql_of

PACKS = sorted(path.stem for path in (Path(__file__).parents[1] / "policies").glob("*.toml"))
NASTY = r"""
[policy]
id = "nasty"

[facts.note]
type = "text"

[[rule]]
id      = "a"
title   = "*/ DROP TABLE incidents; /* -- \n; '"
when    = "note = 'it''s */ -- ; \\'"
then.refund = "full"
because = "it's */ \\ 'so'"
"""


def test_the_dialects_offered_are_those_that_there_are() -> None:
    assert OFFERED == DIALECTS


def test_a_query_decides_a_table() -> None:
    ran = run("sql", "house", "--dialect", "duckdb", "--table", "t", "--key", "id", "--as-of", "2026-11-21")
    assert ran.code == 0
    facts = Policy.load("house").tree
    with duckdb.connect() as duck:
        columns = ", ".join(f'NULL AS "{n}"' for n in facts.asked - {"abuse", "fault", "verified"})
        duck.execute(
            f"CREATE TABLE t AS SELECT 7 AS id, 'violent' AS abuse, 'customer' AS fault, TRUE AS verified, {columns}"
        )
        row = duck.execute(f"SELECT id, walk_away, problems FROM ({ran.out})").fetchall()
    assert row == [(7, "ban", None)]


def test_the_library_writes_what_the_command_prints() -> None:
    ran = run("sql", "ground-rules", "--dialect", "spark", "--key", "id", "--without", "injury", "--reasons")
    policy = Policy.load("ground-rules")
    assert ran.out == policy.sql("spark", key=["id"], without=["injury"], reasons=True)
    with pytest.raises(ValueError, match="no dialect 'mysql': it is one of duckdb"):
        policy.sql("mysql")


def test_the_missing_library_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("sqlglot", "evenhand.engine.sql."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(SqlMissingError, match=r"evenhand\[columns\]"):
        Policy.load("ground-rules").sql("duckdb")


@pytest.mark.once
@pytest.mark.parametrize("pack", PACKS)
def test_every_pack_can_be_said_in_duckdb(pack: str) -> None:
    assert sql_of(Policy.load(pack), "duckdb", key=["id"]).startswith("WITH _facts")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_several_columns_need_is_named_once(dialect: str) -> None:
    """So that people can read it: what was written out wherever it was needed came to 20,000 lines."""
    text = Policy.load("house").sql(dialect, key=["id"])
    assert text.count("\n") < 5_000
    assert len(text) < 200_000
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ") and "/*" in line]
    assert len(lines) == len(set(lines))


@pytest.mark.once
@pytest.mark.parametrize("dialect", DIALECTS[1:])
def test_a_pack_can_be_said_in_every_dialect(dialect: str) -> None:
    """And what is printed is what the dialect's own grammar reads, as far as sqlglot knows it."""
    tree = sqlglot.parse_one(sql_of(Policy.load("ground-rules"), dialect, key=["id"]), read=dialect)
    assert isinstance(tree, sqlglot.exp.Query)
    assert tree.named_selects[0] == "id"


def test_titles_and_texts_stay_what_they_are() -> None:
    """Nothing in a policy ends a comment or a text."""
    policy = Policy.loads(NASTY)
    note = "it's */ -- ; \\"
    query = sql_of(policy, "duckdb", key=["id"], reasons=True)
    with duckdb.connect() as duck:
        duck.execute("CREATE TABLE incidents (id INT, note VARCHAR)")
        duck.execute("INSERT INTO incidents VALUES (1, ?), (2, 'x')", [note])
        found = duck.execute(f'SELECT refund, "refund.because" FROM ({query}) ORDER BY id').fetchall()
    assert found == [("full", "it's */ \\ 'so'"), ("refer", None)]


def test_what_a_dialect_cannot_say_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "cafe.toml"
    file.write_text(
        """[policy]
id = "cafe"

[facts.note]
type = "text"

[[rule]]
id   = "first"
when = "note matches '^a+b'"
then.refund = "full"
then.refund_amount = "10 USD / history.refunds_90d"
"""
    )
    ran = run("sql", file, "--dialect", "postgres")
    assert ran.code == 1
    assert not ran.out
    assert "rule `first` has no exact form in PostgreSQL" in ran.err
    assert "`refund_amount`" in ran.err
    assert ran.err.count("cafe.toml:7") == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--table", "a; drop"), "is no name of a table"),
        (("--key", "refund"), "twice"),
        (("--without", "abus"), "Did you mean 'abuse'?"),
        (("--as-of", "2026-11-21", "--as-of-column", "day"), "give one of them"),
    ],
)
def test_wrong_usage_is_told(options: tuple[str, ...], said: str) -> None:
    ran = run("sql", "house", "--dialect", "duckdb", *options)
    assert ran.code == 2
    assert said in " ".join(ran.err.split())
