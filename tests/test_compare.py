"""Whether two policies decide alike: proofs of equality are never contradicted, and a difference is a real one."""

from __future__ import annotations

import copy
import datetime as dt
import os
from typing import Any

import pytest
from chooser import Chooser
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
from random_policies import Made, Maker, loaded
from strategies import incidents

from evenhand import FactError, Policy
from evenhand.engine.truth import is_value

pytest.importorskip("z3")

from evenhand.engine.proofs.compare import decided_alike, difference
from evenhand.engine.proofs.ground import Answer
from evenhand.engine.solve import Point

#: How many pairs of policies are compared; each takes the solver a while.
PAIRS = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 100, 3)
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
BASE = """
[policy]
id = "cafe"
[decisions.refund]
default = "deny"
[[rule]]
id = "hostile"
when = "abuse >= hostile"
then.refund = "deny"
[[rule]]
id = "small"
when = "loss <= 50 USD"
then.refund = "full"
[[rule]]
id = "middle"
when = "loss <= 75 USD"
then.refund = "partial"
"""


def compared(old: str, new: str) -> Point | Answer:
    return difference(Policy.loads(old).tree, Policy.loads(new).tree)


def edited(before: str, after: str) -> str:
    assert before in BASE
    return BASE.replace(before, after)


# --- what is equal ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('id = "cafe"', 'id = "other"'),
        ("abuse >= hostile", "not (abuse < hostile)"),
        ("abuse >= hostile", "abuse = hostile or abuse > hostile"),
        ("loss <= 75 USD", "loss <= 75 USD and abuse < hostile"),
        ("loss <= 75 USD", "loss <= 75 USD and loss > 50 USD"),
        ("loss <= 75 USD", "loss + 5 USD <= 80 USD"),
    ],
)
def test_equal_policies_are_proved_equal(before: str, after: str) -> None:
    """A test that earlier rules make needless changes nothing on incidents with all facts given."""
    old, new = Policy.loads(BASE).tree, Policy.loads(edited(before, after)).tree
    assert difference(old, new, missing=False) is Answer.NONE


def test_rules_of_one_outcome_may_change_places() -> None:
    text = edited('then.refund = "partial"', 'then.refund = "full"')
    one, other = (
        text[text.index('[[rule]]\nid = "small"') : text.index('[[rule]]\nid = "middle"')],
        text[text.index('[[rule]]\nid = "middle"') :],
    )
    assert compared(text, text.replace(one + other, other + one)) is Answer.NONE


def test_a_missing_fact_can_tell_policies_apart() -> None:
    """The second rule asks for a fact that the first asked for: only an incident without it shows the difference."""
    new = edited("loss <= 75 USD", "loss <= 75 USD and abuse < hostile")
    found = compared(BASE, new)
    assert found is Answer.NONE or (isinstance(found, Point) and "abuse" not in found.known)
    told_apart = edited("loss <= 75 USD", "loss <= 75 USD and (abuse < hostile or injury or not injury)")
    assert difference(Policy.loads(BASE).tree, Policy.loads(told_apart).tree, missing=False) is Answer.NONE


# --- what is different -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("loss <= 75 USD", "loss < 75 USD"),
        ("loss <= 75 USD", "loss <= 75.01 USD"),
        ("abuse >= hostile", "abuse > hostile"),
        ('then.refund = "partial"', 'then.refund = "full"'),
        ('default = "deny"\n', ""),
        ('default = "deny"', 'default = "replace"'),
        ('default = "deny"', 'default = "deny"\nhit_policy = "unique"'),
        ('then.refund = "partial"', 'then.refund = "partial"\nthen.refund_amount = "loss * 50%"'),
        ('then.refund = "partial"', 'then.refund = "partial"\noblige = ["call"]\n[obligations.call]\ntitle = "Call"'),
        ('id = "cafe"', 'id = "cafe"\neffective = 2026-11-01'),
        ('id = "cafe"', 'id = "cafe"\nexpires = 2026-11-01T12:00:00Z'),
        (
            '[[rule]]\nid = "small"',
            '[[guard]]\nid = "line"\nnever = "refund = full and loss > 40 USD"\n[[rule]]\nid = "small"',
        ),
        ("loss <= 75 USD", "loss <= 75 USD and abuse is known"),
    ],
)
def test_a_difference_is_found_and_is_real(before: str, after: str) -> None:
    old, new = Policy.loads(BASE).tree, Policy.loads(edited(before, after)).tree
    for one, other in ((old, new), (new, old)):
        found = difference(one, other)
        assert isinstance(found, Point), (before, after)
        assert not decided_alike(one, other, found)


def test_another_deadline_is_a_difference() -> None:
    text = BASE.replace('then.refund = "full"', 'then.refund = "full"\noblige = ["call"]')
    text += '[obligations.call]\ntitle = "Call"\nwithin = "4h"\n'
    found = compared(text, text.replace("4h", "5h"))
    assert isinstance(found, Point)
    assert compared(text, text.replace('"Call"', '"Call them"')) is Answer.NONE


def test_no_time_proves_nothing() -> None:
    new = Policy.loads(edited("loss <= 75 USD", "loss < 75 USD")).tree
    assert difference(Policy.loads(BASE).tree, new, budget=0) is Answer.UNKNOWN


# --- random policies -------------------------------------------------------------------------------------------------


def changed(choose: Chooser, maker: Maker, table: dict[str, Any]) -> dict[str, Any]:
    """Return a policy with one or two random changes."""
    found = copy.deepcopy(table)
    for _ in range(choose.number(1, 2)):
        rules = found["rule"]
        rule = choose.pick(rules) if rules else {}
        match choose.number(0, 9):
            case 0 | 1 if rule:
                rule["when"] = maker.conditions.toml(2)
            case 2 if rule:
                rule.pop("unless", None)
            case 3 if len(rules) > 1:
                rules.remove(rule)
            case 4 if len(rules) > 1:
                rules.insert(0, rules.pop())
            case 5 if rule.get("then"):
                rule["then"] = maker.consequences([name for name in rule["then"] if name in maker.decided])
            case 6:
                decision = choose.pick(tuple(found["decisions"]))
                found["decisions"][decision]["default"] = maker.outcome(decision)
            case 7 if found.get("guard"):
                found["guard"].pop()
            case 8 if rule.get("when"):
                rule["when"] = [rule["when"], maker.conditions.toml(1)]
            case _ if rule:
                rule["unless"] = maker.conditions.toml(1)
    return found


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Made, Made, list[Any]]:
    choose = Chooser.drawing(draw)
    maker = Maker(choose)
    table, chosen = maker.table()
    old = Made(loaded(table), table, chosen)
    other = changed(choose, maker, table)
    return old, Made(loaded(other), other, chosen), list(incidents(choose, chosen, 30))


def test_random_policies_are_told_apart_or_proved_equal() -> None:
    """No incident tells apart what is proved equal; what is shown as a difference is one."""
    answers = {"different": 0, Answer.NONE: 0, Answer.UNKNOWN: 0}

    @seed(SEED)
    @settings(
        max_examples=PAIRS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(pairs())
    def holds(found: tuple[Made, Made, list[Any]]) -> None:
        old, new, tried = found
        said = difference(old.policy.tree, new.policy.tree, budget=20)
        answers["different" if isinstance(said, Point) else said] += 1
        text = f"\n{old.text}\n\n=====\n\n{new.text}"
        if isinstance(said, Point):
            assert not decided_alike(old.policy.tree, new.policy.tree, said), f"{said}{text}"
            return
        for facts, as_of in tried:
            try:
                known = old.policy.read(facts)
            except FactError:
                continue
            if said is Answer.NONE and all(map(is_value, known.values())):
                day = as_of if isinstance(as_of, dt.date) else dt.date(2026, 11, 21)
                assert decided_alike(old.policy.tree, new.policy.tree, Point(known, day)), f"{facts}\n{as_of}{text}"

    holds()
    assert answers["different"]
    assert answers[Answer.UNKNOWN] <= PAIRS * 0.12 + 1, answers
