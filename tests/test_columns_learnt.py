"""What the columns reading learns about a policy is learnt once, and no more than is needed."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from evenhand import Policy
from evenhand.engine.columns import Columns
from evenhand.engine.columns.readiness import LOOP
from evenhand.engine.columns.shown import Shown
from evenhand.engine.columns.signatures import Signatures

POLICY = """
[policy]
id = "till"

[[rule]]
id = "large"
when = "loss > 100 USD"
then.refund = "partial"
then.refund_amount = "loss * 0.5"

[[rule]]
id = "known-here"
when = "loss > 10 USD"
then.refund = "full"
then.refund_amount = "loss + 0 USD * history.refunds_90d"

[[rule]]
id = "threats"
when = "abuse >= threatening and legal.filed and verified and injury and virality.views > 3"
then.defend = "publicly"
"""
#: Facts that no rule on refunds asks for.
ELSEWHERE = {"legal.filed": True, "verified": True, "injury": False, "virality.views": 9, "abuse": "none"}


@pytest.fixture
def learnt(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bytes]]:
    """Have the loop decide, and note what it learns, and for how many rows it asks the index."""
    monkeypatch.setattr(LOOP, "is_wanted", True)
    found: list[tuple[int, bytes]] = []
    learn = Signatures.learn

    def noting(self: Signatures, decision: int, key: bytes, judge: Any) -> bool:
        found.append((decision, key))

        def judged() -> Any:
            pytest.fail("a row was read to learn what follows from its signature")

        return learn(self, decision, key, judged)

    monkeypatch.setattr(Signatures, "learn", noting)
    return found


def rows(loss: float | None, refunds: int | None) -> list[dict[str, Any]]:
    """Return a row for each choice of facts that may be missing elsewhere."""
    masks = itertools.product([True, False], repeat=len(ELSEWHERE))
    return [
        {name: value if kept else None for (name, value), kept in zip(ELSEWHERE.items(), mask, strict=True)}
        | {"loss": loss, "history.refunds_90d": refunds}
        for mask in masks
    ]


def test_a_computed_value_asks_for_its_own_facts_alone(learnt: list[tuple[int, bytes]]) -> None:
    policy = Policy.loads(POLICY)
    refund = list(policy.tree.decisions).index("refund")
    listed = [*rows(400.0, 2), *rows(40.0, 2), *rows(40.0, None), *rows(None, 2)]
    answers = Columns(policy).decide(pa.Table.from_pylist(listed))
    # Two verdicts wait for something, a missing number of refunds and a missing loss, whatever else is missing beside it.
    assert len([decision for decision, _ in learnt if decision == refund]) <= 4
    assert len(set(learnt)) == len(learnt)
    table = answers.table()
    expected = [policy.decide({name: value for name, value in row.items() if value is not None}) for row in listed]
    amounts = [one["refund"].values.get("refund_amount") for one in expected]
    assert table["refund.missing"].to_pylist() == [list(one["refund"].missing) for one in expected]
    assert table["refund.refund_amount"].to_pylist() == [None if one is None else one.amount for one in amounts]


def test_what_is_learnt_stays_known_when_the_table_grows(learnt: list[tuple[int, bytes]]) -> None:
    facts = "\n".join(f'[facts.f{n}]\ntype = "boolean"\nask = "f{n}?"' for n in range(14))
    tests = " and ".join(f"f{n}" for n in range(14))
    text = f'[policy]\nid = "wide"\n{facts}\n[[rule]]\nid = "all"\nwhen = "{tests}"\nthen.refund = "full"\n'
    columns = Columns(Policy.loads(text))
    listed = [
        {f"f{n}": None if number >> n & 1 else True for n in range(14)} for number in range(1, 1 << 14)
    ]  # each row has a signature of its own, more than the first table has places for
    batches = [pa.Table.from_pylist(listed[start : start + 2_000]) for start in range(0, len(listed), 2_000)]
    first = [columns.decide(batch).table()["refund.missing"].to_pylist() for batch in batches]
    count = len(learnt)
    assert count == len(listed)
    assert [columns.decide(batch).table()["refund.missing"].to_pylist() for batch in batches] == first
    assert len(learnt) == count
    assert [len(missing) for lists in first for missing in lists] == [
        sum(value is None for value in row.values()) for row in listed
    ]


def test_what_things_show_is_made_once() -> None:
    made: list[int] = []

    def make(things: Any) -> Any:
        made.extend(things)
        return pa.array([10 * thing for thing in things])

    shown, things = Shown(), [1, 2]
    assert shown.upto("tens", things, make).to_pylist() == [10, 20]
    assert shown.upto("tens", [*things, 3], make).to_pylist() == [10, 20, 30]
    assert shown.upto("tens", [*things, 3], make).to_pylist() == [10, 20, 30]
    assert made == [1, 2, 3]
    assert shown.upto("others", [7], make).to_pylist() == [70]


def test_a_number_is_asked_for_once_for_each_thing_that_is_met() -> None:
    asked: list[str] = []

    def number(thing: str) -> int:
        asked.append(thing)
        return len(thing)

    shown, things = Shown(), ["one", "three", "seven", "to"]
    codes = [np.array(listed, np.int32) for listed in ([0, -1, 2, 0], [3, 2], [], [-1])]
    assert shown.numbers("lengths", things[:3], codes[0], number).tolist() == [3, -1, 5, 3]
    assert shown.numbers("lengths", things, codes[1], number).tolist() == [2, 5]
    assert shown.numbers("lengths", things, codes[2], number).tolist() == []
    assert shown.numbers("lengths", things, codes[3], number).tolist() == [-1]
    assert asked == ["one", "seven", "to"]
