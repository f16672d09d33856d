"""Duties of tables where there are many, and where several rules bring the same one."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from evenhand import Policy
from evenhand.engine.columns import Columns
from evenhand.engine.columns.readiness import LOOP

RULES = 90
SHARED = ["log-it", "tell-them", "call-back"]
FACTS = [f"f{n}" for n in range(12)]


def wide_policy(choose: random.Random) -> Policy:
    """Return a policy of more duties than a word has bits; rules with and without outcomes, some duties brought by several."""
    lines = ['[policy]\nid = "wide"']
    lines += [f'[facts.{name}]\ntype = "boolean"\nask = "{name}?"' for name in FACTS]
    duties = [*SHARED, *(f"duty-{rule}" for rule in range(RULES))]
    lines += [f'[obligations.{duty}]\ntitle = "{duty}"' for duty in duties]
    for rule in range(RULES):
        test = " and ".join(choose.choice(["", "not "]) + name for name in choose.sample(FACTS, choose.randint(2, 4)))
        lines.append(f'[[rule]]\nid = "r{rule}"\nwhen = "{test}"')
        if rule % 3:
            lines.append(f'then.refund = "{choose.choice(["deny", "full"])}"')
        else:
            lines.append(f'then.defend = "{choose.choice(["no", "publicly"])}"' if rule % 2 else "")
        duties = [f"duty-{rule}", *choose.sample(SHARED, choose.randint(0, 2))]
        choose.shuffle(duties)
        lines.append(f"oblige = {duties}".replace("'", '"'))
    return Policy.loads("\n".join(lines))


@pytest.mark.parametrize("seed", range(4))
def test_more_duties_than_a_word_has_bits_are_told_in_the_order_of_the_rules(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOOP, "is_wanted", True)
    choose = random.Random(seed)
    policy = wide_policy(choose)
    rows = [{name: choose.choice([True, False, False, None]) for name in FACTS} for _ in range(300)]
    table = Columns(policy).decide(pa.Table.from_pylist(rows)).table(detail=True)
    told = 0
    for at, row in enumerate(rows):
        expected = policy.decide({name: value for name, value in row.items() if value is not None})
        assert tuple(table["obligations"][at].as_py()) == tuple(one.id for one in expected.obligations)
        assert tuple(table["possible_obligations"][at].as_py()) == tuple(expected.judgement.possible_obligations)
        told += len(expected.obligations)
    assert told
