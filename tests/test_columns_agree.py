"""The compiled loop gives what the loop over rows gives, bit for bit, on random policies and random tables."""

from __future__ import annotations

import os
from typing import Any

import pyarrow as pa
import pytest
import tomli_w
from chooser import Chooser
from random_columns import make_table
from random_incidents import MOMENTS
from random_policies import make_policy

from evenhand import FactError, Policy
from evenhand.engine.columns import Answers, Columns
from evenhand.engine.columns.moments import moments_of
from evenhand.engine.columns.plain import decide_plainly
from evenhand.engine.columns.readiness import LOOP
from evenhand.engine.columns.reading import facts_in

#: How many rows are decided in all, and from where the random numbers start.
CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
SHARDS = 4
ROWS = 60


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the loop decide, however few the rows."""
    monkeypatch.setattr(LOOP, "is_wanted", True)


def plainly(policy: Policy, table: Any, as_of: Any) -> Answers:
    ignored = (as_of,) if isinstance(as_of, str) else ()
    return decide_plainly(policy, facts_in(table, policy.tree.facts, ignore=ignored), moments_of(table, as_of))


def difference(expected: Answers, found: Answers) -> str:
    """Return where two answers to one table part, empty where they do not."""
    if expected.bad != found.bad:
        return f"bad rows: {expected.bad} != {found.bad}"
    for name, codes in expected.codes.items():
        for row, (one, other) in enumerate(zip(codes, found.codes[name], strict=True)):
            verdict: Any = expected.verdicts[name][one] if one >= 0 else None
            twin: Any = found.verdicts[name][other] if other >= 0 else None
            if verdict != twin or (verdict and list(verdict.canonical_values) != list(twin.canonical_values)):
                return f"row {row}: {name}: {verdict} != {twin}"
    table, twin_table = expected.table(detail=True), found.table(detail=True)
    for column in table.column_names:
        for row, (value, other) in enumerate(
            zip(table[column].to_pylist(), twin_table[column].to_pylist(), strict=True)
        ):
            if value != other:
                return f"row {row}: {column}: {value!r} != {other!r}"
    return "" if table.equals(twin_table) else "tables differ"


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_kernel_agrees_with_the_loop_over_rows(shard: int) -> None:
    """On every verdict, value, duty, red line and missing fact, and on what is wrong with a row; batch after batch."""
    choose = Chooser.seeded(SEED + shard)
    for _ in range(max(CASES // (3 * ROWS) // SHARDS, 1)):
        made = make_policy(choose)
        columns = Columns(made.policy, threads=choose.number(1, 2))
        for batch in range(3):
            table = make_table(choose, made.policy, made.kinds, ROWS)
            as_of: Any = choose.pick(MOMENTS)
            if choose.chance(30):
                moments = [choose.pick((*MOMENTS[:4], None)) for _ in range(ROWS)]
                table = table.append_column("decided", pa.array(moments, pa.date32()))
                as_of = "decided"
            found = columns.decide(table, as_of=as_of)
            parting = difference(plainly(made.policy, table, as_of), found)
            assert not parting, f"{parting}\nbatch {batch}\n{table.schema}\n{tomli_w.dumps(made.table)}"


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_loop_over_rows_agrees_with_deciding_each(shard: int) -> None:
    choose = Chooser.seeded(SEED + 100 + shard)
    for _ in range(max(CASES // ROWS // SHARDS // 4, 1)):
        made = make_policy(choose)
        table = make_table(choose, made.policy, made.kinds, ROWS)
        as_of = choose.pick(MOMENTS)
        answers = plainly(made.policy, table, as_of)
        bad = {row.row: row.diagnostics for row in answers.bad}
        for row, facts in enumerate(facts_in(table, made.policy.tree.facts)):
            if row in bad:
                with pytest.raises(FactError) as found:
                    made.policy.decide(facts, as_of=as_of)
                assert bad[row] == found.value.diagnostics
                continue
            judgement = made.policy.decide(facts, as_of=as_of).judgement
            for name, verdict in judgement.verdicts.items():
                kept = answers.verdicts[name][answers.codes[name][row]]
                assert (kept.canonical, kept.status, kept.rule, kept.missing, kept.possible, kept.unsettled) == (
                    verdict.canonical,
                    verdict.status,
                    verdict.rule,
                    verdict.missing,
                    verdict.possible,
                    verdict.unsettled,
                )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_verdict_that_a_red_line_withheld_is_not_that_of_its_signature(
    order: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules say the same of both rows, and the red line binds only one of them."""
    monkeypatch.setattr(LOOP, "is_wanted", True)
    policy = Policy.loads("""
[policy]
id = "line"
[facts.sent]
type = "date"
[[rule]]
id = "listened"
when = "exchange.steps_done contains 'listen'"
then.refund = "partial"
[[guard]]
id = "day"
never = "refund = full or sent != 2026-11-21"
""")
    table = pa.table({"sent": ["2026-11-01", "2026-11-21"], "exchange.steps_done": pa.array([None, None], pa.string())})
    table = table.take(list(order))
    assert not difference(plainly(policy, table, None), Columns(policy).decide(table))
