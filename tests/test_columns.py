"""The columns reading as callers meet it: any table in, one Arrow table out, and what is wrong in words."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from evenhand import FactError, Policy, PolicyError
from evenhand.engine.columns import Columns, TableError, answer_schema
from evenhand.engine.columns.library import ColumnsMissingError, library
from evenhand.engine.columns.readiness import LOOP

POLICY = """
[policy]
id = "desk"
effective = 2026-01-01

[facts.opened]
type = "date"
ask = "When was it opened?"

[decisions.payout]
outcomes = "money"
values = { share = "number" }

[[rule]]
id = "gone-viral"
when = "virality.views >= 10_000"
then.refund = "full"
then.refund_amount = "loss"
because = "They leave disarmed."
oblige = ["write-it-down"]

[[rule]]
id = "rude"
when = "abuse >= hostile"
then.refund = "deny"
because = "We stand by our people."

[[rule]]
id = "small"
when = "loss <= 75 USD"
then.refund = "partial"
then.refund_amount = "10 USD"
because = "It costs less than the argument."

[[rule]]
id = "half"
when = "loss > 100 USD"
then.payout = "loss * 0.5"
then.share = "0.5"
because = "Half is fair."

[obligations.write-it-down]
title = "Write it down"
"""
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True, params=["compiled", "one by one"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decide every table both by the compiled loop and, as few rows are, without it."""
    monkeypatch.setattr(LOOP, "is_wanted", request.param == "compiled")
    monkeypatch.setattr(LOOP, "_spent", 0.0)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(POLICY)


CASES: dict[str, list[Any]] = {
    "abuse": ["none", "hostile", None, "none"],
    "loss": [Decimal("12.30"), Decimal("99.00"), Decimal("300.00"), None],
    "virality.views": [12_000, 5, 3, None],
}


def table() -> Any:
    types = {"abuse": pa.string(), "loss": pa.decimal128(12, 2), "virality.views": pa.int64()}
    return pa.table({name: pa.array(CASES[name], types[name]) for name in CASES})


def test_a_table_is_decided_row_by_row(policy: Policy) -> None:
    answers = policy.decide_table(table(), as_of=NOON)
    assert answers.schema == answer_schema(policy)
    rows = answers.to_pylist()
    assert [row["refund"] for row in rows] == ["full", "deny", "refer", "refer"]
    assert [row["refund.status"] for row in rows] == ["decided", "decided", "unsettled", "unsettled"]
    assert [row["refund.rule"] for row in rows] == ["gone-viral", "rude", None, None]
    assert [row["refund.refund_amount"] for row in rows] == [Decimal("12.30"), None, None, None]
    assert [row["refund.missing"] for row in rows] == [[], [], ["abuse"], ["loss", "virality.views"]]
    assert [row["payout"] for row in rows] == [None, None, Decimal("150.00"), None]
    assert [row["payout.share"] for row in rows] == [None, None, Decimal("0.5"), None]
    assert [row["obligations"] for row in rows] == [["write-it-down"], [], [], []]
    assert [row["problems"] for row in rows] == [None] * 4


def test_the_codes_name_the_verdicts(policy: Policy) -> None:
    answers = Columns(policy).decide(table(), as_of=NOON)
    verdicts = [answers.verdicts["refund"][code] for code in answers.codes["refund"]]
    assert [verdict.canonical for verdict in verdicts] == ["full", "deny", "refer", "refer"]
    assert (answers.rows, answers.bad, answers.codes["refund"].dtype) == (4, (), "int32")
    assert verdicts[0].canonical_values == {}, "the value is computed from the facts, and stands in the table"


def test_in_detail_all_that_took_part_is_told(policy: Policy) -> None:
    answers = Columns(policy).decide(table(), as_of=NOON).table(detail=True)
    assert answers.schema == answer_schema(policy, detail=True)
    row = answers.to_pylist()[2]
    assert row["refund.possible"] == ["deny"]
    assert row["refund.rules"] == ["rude"]
    assert row["breaches"] == row["possible_breaches"] == row["assumed"] == []


def test_rows_with_mistakes_are_told_apart_from_the_others(policy: Policy) -> None:
    bad = table().set_column(0, "abuse", pa.array(["none", "hostel", "nun", "none"]))
    answers = Columns(policy).decide(bad, as_of=NOON)
    assert [row.row for row in answers.bad] == [1, 2]
    assert answers.codes["refund"].tolist()[1:3] == [-1, -1]
    rows = answers.table().to_pylist()
    assert "did you mean `hostile`?" in rows[1]["problems"]
    assert {value for name, value in rows[1].items() if name != "problems"} == {None}
    assert rows[0]["refund"] == "full"


def test_mistakes_are_raised_with_the_row_unless_they_are_to_be_nulls(policy: Policy) -> None:
    bad = table().set_column(0, "abuse", pa.array(["none", "hostel", "nun", "none"]))
    with pytest.raises(FactError, match=r"row 1: abuse: off-scale.*\nrow 2: abuse: off-scale"):
        policy.decide_table(bad, as_of=NOON)
    assert policy.decide_table(bad, as_of=NOON, on_error="null")["refund"].to_pylist()[1] is None
    with pytest.raises(TableError, match="on_error is"):
        policy.decide_table(bad, on_error="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads_decide_nothing(policy: Policy, threads: int) -> None:
    with pytest.raises(TableError, match=f"1 or more, or None for one on each processor: not {threads}"):
        policy.decide_table(table(), as_of=NOON, threads=threads)


def test_columns_that_are_no_facts_are_told_all_at_once(policy: Policy) -> None:
    wrong = pa.table({"virallity.views": [1], "abuse": ["none"], "customer": ["Ann"]})
    with pytest.raises(FactError, match=r"did you mean `virality.views`\?(.|\n)*unknown fact `customer`"):
        policy.decide_table(wrong)
    right = wrong.rename_columns(["virality.views", "abuse", "customer"])
    assert policy.decide_table(right, ignore=["customer"], as_of=NOON).num_rows == 1
    kept = policy.decide_table(right, keep=["customer", "abuse"], as_of=NOON)
    assert kept.column_names[:3] == ["customer", "abuse", "refund"]
    assert kept["customer"].to_pylist() == ["Ann"]


def test_what_cannot_be_kept_is_said(policy: Policy) -> None:
    with pytest.raises(TableError, match="no column `client` to keep"):
        policy.decide_table(table(), keep=["client"])
    clashing = table().append_column("refund", pa.array(["full"] * 4))
    with pytest.raises(TableError, match="has a column `refund` already"):
        policy.decide_table(clashing, keep=["refund"])


def test_a_fact_that_comes_twice_is_an_error(policy: Policy) -> None:
    group = pa.array([{"views": 1}] * 4)
    with pytest.raises(FactError, match=r"`virality.views` is stated twice"):
        policy.decide_table(table().append_column("virality", group))
    twice = pa.table([pa.array([1]), pa.array([2])], names=["loss", "loss"])
    with pytest.raises(FactError, match="`loss` is stated twice"):
        policy.decide_table(twice)


@pytest.mark.parametrize("length", [3, 20])
def test_lists_are_told_apart_by_their_items(length: int) -> None:
    policy = Policy.loads(
        """
        [policy]
        id = "p"
        [[rule]]
        id = "listened"
        when = "exchange.steps_done contains \\"listen\\""
        then.refund = "deny"
        because = "b"
        """
    )
    rows = [
        ["thank", "listen"],
        ["thank"],
        None,
        [],
        ["thank", "propose"],
        ["listen"] * length,
        ["a"] * length,
        ["listen", "thank"],
    ]
    steps = pa.array([["listen"], *rows], pa.list_(pa.string())).slice(1)
    expected = [policy.decide({} if row is None else {"exchange.steps_done": row}).refund.rule for row in rows]
    answers = policy.decide_table(pa.table({"exchange.steps_done": steps}))
    assert answers["refund.rule"].to_pylist() == [None if rule is None else rule.id for rule in expected]
    assert answers["refund.missing"].to_pylist()[2] == ["exchange.steps_done"]


def test_a_struct_column_is_a_group_of_facts(policy: Policy) -> None:
    group = pa.array([{"views": 12_000}, None, {"views": None}, {"views": 1}])
    answers = policy.decide_table(pa.table({"virality": group}), as_of=NOON)
    assert answers["refund.rule"].to_pylist() == ["gone-viral", None, None, None]


@pytest.mark.parametrize("source", ["pandas", "polars", "duckdb", "batch", "stream", "reader"])
def test_anything_that_speaks_arrow_is_a_table(policy: Policy, source: str) -> None:
    whole = table()
    with duckdb.connect() as database:
        handed: Any = {
            "pandas": lambda: pd.DataFrame(CASES)[lambda frame: frame.index >= 0].sort_index(ascending=True),
            "polars": lambda: pl.DataFrame(CASES, schema_overrides={"loss": pl.Decimal(12, 2)}),
            "duckdb": lambda: database.from_arrow(whole),
            "batch": lambda: whole.to_batches()[0],
            "stream": lambda: whole,
            "reader": lambda: whole.to_reader(max_chunksize=1),
        }[source]()
        answers = policy.decide_table(handed, as_of=NOON)
    assert answers["refund"].to_pylist() == ["full", "deny", "refer", "refer"]
    assert answers["payout"].to_pylist() == [None, None, Decimal("150.00"), None]


def test_what_does_not_speak_arrow_is_said(policy: Policy) -> None:
    with pytest.raises(TableError, match="not dict"):
        policy.decide_table({"loss": [1]})


def test_each_row_may_have_a_moment_of_its_own(policy: Policy) -> None:
    days = pa.array([dt.date(2025, 12, 31), dt.date(2026, 1, 1), None])
    rows = pa.table({"loss": [5, 5, 5], "virality.views": [1, 1, 1], "abuse": ["none"] * 3, "decided on": days})
    answers = policy.decide_table(rows, as_of="decided on", on_error="null")
    assert answers["refund.status"].to_pylist() == ["not-in-force", "decided", None]
    assert "as_of" in answers["problems"].to_pylist()[2]
    with pytest.raises(TableError, match=r"there is no column `decidet on`.*did you mean `decided on`\?"):
        policy.decide_table(rows, as_of="decidet on")
    with pytest.raises(TableError, match="holds int64, not dates"):
        policy.decide_table(rows, as_of="loss", ignore=["decided on"])


def test_a_moment_may_be_a_fact_as_well(policy: Policy) -> None:
    rows = pa.table({"opened": pa.array([dt.date(2025, 12, 31)])})
    assert policy.decide_table(rows, as_of="opened")["refund.status"].to_pylist() == ["not-in-force"]


def test_a_default_beside_a_count_is_a_whole_number() -> None:
    """Found in tables: a default of half a rule was null there, and `true` could not be written at all."""
    counting = """
    [policy]
    id = "p"
    [decisions.points]
    outcomes = "number"
    hit_policy = "collect count"
    default = {}
    [[rule]]
    id = "a"
    when = "virality.views >= 2"
    then.points = "1.5"
    because = "b"
    """
    with pytest.raises(PolicyError, match="`points` takes a whole number, and this gives a number"):
        Policy.loads(counting.format("0.5"))
    policy = Policy.loads(counting.format("0"))
    answers = policy.decide_table(pa.table({"virality.views": [1, 3]}))
    assert answers["points"].to_pylist() == [0, 1]
    assert [policy.decide({"virality.views": views}).points.outcome for views in (1, 3)] == [0, 1]


@pytest.mark.parametrize("given", ["0.5", "virality.views / 2", "virality.views * 50 %"])
def test_a_fraction_where_a_whole_number_is_declared_is_found_when_the_policy_is_loaded(given: str) -> None:
    with pytest.raises(PolicyError, match=r"`points` takes a whole number(.|\n)*`bonus` takes a whole number"):
        Policy.loads(
            f"""
            [policy]
            id = "p"
            [decisions.points]
            outcomes = "integer"
            values = {{ bonus = "integer" }}
            [[rule]]
            id = "a"
            when = "virality.views >= 2"
            then = {{ points = "{given}", bonus = "{given}" }}
            because = "b"
            """
        )


def test_no_rows_make_a_table_without_rows(policy: Policy) -> None:
    for none in (table().slice(0, 0), pa.table({})):
        answers = policy.decide_table(none)
        assert (answers.num_rows, answers.schema) == (0, answer_schema(policy))
    assert Columns(policy).decide(table().slice(0, 0)).table(detail=True).num_rows == 0


def test_nanoseconds_are_cut_downwards() -> None:
    policy = Policy.loads(
        """
        [policy]
        id = "p"
        [facts.seen]
        type = "datetime"
        ask = "When?"
        [[rule]]
        id = "early"
        when = "seen < 1970-01-01T00:00:00Z"
        then.refund = "deny"
        because = "b"
        """
    )
    seen = pa.array([-1, 0, 999], pa.timestamp("ns"))
    assert policy.decide_table(pa.table({"seen": seen}))["refund"].to_pylist() == ["deny", "refer", "refer"]


def test_without_the_extra_the_message_names_it() -> None:
    with pytest.raises(ColumnsMissingError, match=r"need no_such_library: install `evenhand\[columns\]`"):
        library("no_such_library")


def test_deciding_one_incident_imports_no_arrow() -> None:
    program = (
        "import sys, evenhand; evenhand.Policy.load('house').decide({'abuse': 'rude'}); "
        "sys.exit(any(name in sys.modules for name in ('pyarrow', 'numba', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_value_that_rivals_compute_and_the_winner_states_is_in_the_table() -> None:
    """Found on random tables: the winner's constant was taken for a value that nobody has."""
    policy = Policy.loads(
        """
        [policy]
        id = "p"
        [[rule]]
        id = "may-hold"
        when = "abuse = none"
        then = { refund = "full", refund_amount = "loss" }
        because = "b"
        [[rule]]
        id = "holds"
        when = "loss >= 1 USD"
        then = { refund = "full", refund_amount = "50 USD" }
        because = "b"
        """
    )
    answers = policy.decide_table(pa.table({"loss": [50, 60]}))
    assert answers["refund.refund_amount"].to_pylist() == [Decimal("50.00"), None]
    assert answers["refund.missing"].to_pylist() == [[], ["abuse"]]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_amounts_may_be_texts_of_every_kind(policy: Policy, kind: Any) -> None:
    """Found on random tables: Arrow takes no rows out of a column of views."""
    losses = pa.array(["12.30 USD", "0.5", None, "12.30 USD"]).cast(kind)
    rows = pa.table({"loss": losses, "virality.views": [10_000] * 4})
    answers = policy.decide_table(rows, as_of=NOON)
    assert answers["refund.refund_amount"].to_pylist() == [Decimal("12.30"), Decimal("0.50"), None, Decimal("12.30")]
