"""
What is printed for each dialect, as files to read, and that each dialect's grammar takes it.

BigQuery and Snowflake do not run here, so this is all that holds them. The files in tests/golden/sql are never edited by hand:
`UPDATE_GOLDEN=1 pytest tests/test_sql_golden.py` writes them anew, and their diff is reviewed.
"""

from __future__ import annotations

import datetime as dt
import os
from importlib.metadata import version
from pathlib import Path

import pytest
import sqlglot
from chooser import Chooser
from random_policies import make_policy
from test_sql_agree import CORPUS_POLICY

from evenhand import Policy
from evenhand.engine.sql import DIALECTS, SqlError, sql_of

GOLDEN = Path(__file__).parent / "golden" / "sql"
#: The release whose layout the files have; others break lines elsewhere.
PRINTED_BY = "30."


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_printed_query_is_as_reviewed(dialect: str) -> None:
    if not version("sqlglot").startswith(PRINTED_BY):
        pytest.skip(f"the files were printed by sqlglot {PRINTED_BY}x, and this is {version('sqlglot')}")
    text = sql_of(Policy.loads(CORPUS_POLICY), dialect, key=["id"], as_of=dt.date(2026, 11, 21), reasons=True)
    file = GOLDEN / f"corpus.{dialect}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.once
@pytest.mark.parametrize("dialect", ["bigquery", "snowflake"])
def test_the_grammar_takes_what_is_printed(dialect: str) -> None:
    """Read and printed again, it stays the same; so for random policies as well."""
    queries = [sql_of(Policy.loads(CORPUS_POLICY), dialect)]
    for seed in range(8):
        try:
            queries.append(sql_of(make_policy(Chooser.seeded(seed)).policy, dialect, as_of="opened_at"))
        except SqlError:
            continue
    assert len(queries) > 3
    for query in queries:
        once = sqlglot.parse_one(query, read=dialect).sql(dialect)
        assert sqlglot.parse_one(once, read=dialect).sql(dialect) == once
