"""The solver's terms mean what the reference reading says, on random policies and random incidents."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from solver_reading import by_solver, solved_policy
from strategies import INCIDENTS, Situations, situations

from evenhand import FactError, Policy
from evenhand.engine.force import is_in_force, ordinal
from evenhand.engine.interpret import interpret
from evenhand.engine.truth import State, form_truth, is_value
from evenhand.rules.tree import PolicyTree

pytest.importorskip("z3")

from evenhand.engine.solve import Encoder, Outcomes, Point, asking, outcomes_of
from evenhand.engine.solve.incidents import equations

#: How many incidents are compared; each takes the solver a while.
CASES = int(os.environ.get("EVENHAND_CASES", "20000")) // 10
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))


class Solved:
    """A policy in the solver, and what is to be compared."""

    def __init__(self, tree: PolicyTree) -> None:
        self.tree = tree
        self.encoder = Encoder(tree, optional=tree.facts)
        self.truths = [(rule, self.encoder.form(rule.form)) for rule in tree.rules]
        self.decisions = [outcomes_of(self.encoder, spec) for spec in tree.decisions.values()]
        self.solver = self.encoder.z3.Solver()
        self.solver.set("timeout", 2_000)
        self.solver.set("max_memory", 2_000)
        self.solver.add(self.encoder.axioms)

    def differences(self, point: Point) -> list[str]:
        z3 = self.encoder.z3
        self.solver.push()
        self.solver.add(equations(self.encoder, point))
        checked = self.solver.check()
        model = self.solver.model() if checked == z3.sat else None
        self.solver.pop()
        if model is None:
            return [] if checked == z3.unknown else ["the incident is impossible"]

        def holds(term: Any) -> bool:
            return bool(z3.is_true(model.eval(term, model_completion=True)))

        state = State.of(self.tree.facts, point.known, ordinal(point.as_of))
        found = []
        for rule, truth in self.truths:
            expected = form_truth(rule.form, state)
            certain, possible = holds(truth.certain), holds(truth.possible)
            if (certain, possible) != (expected is True, expected is not False):
                found.append(f"{rule.id}: {expected} != {certain, possible}")
        judgement = interpret(self.tree, point.known, point.as_of)
        for outcomes in self.decisions:
            verdict = judgement.verdicts[outcomes.spec.id]
            if verdict.status in ("decided", "no-rule"):
                found += self.verdict_differences(outcomes, verdict, holds)
        return found

    @staticmethod
    def verdict_differences(outcomes: Outcomes, verdict: Any, holds: Any) -> list[str]:
        id_ = outcomes.spec.id
        if (verdict.status == "no-rule") > holds(outcomes.nobody):
            return [f"{id_}: somebody decides"]
        if outcomes.spec.collects or verdict.rule is None:
            return []
        if outcomes.spec.hit_policy == "priority" and not all(
            type(rule.outcomes[id_]).__name__ == "Constant" for rule in outcomes.rules
        ):
            return []
        winners = [rule.id for rule in outcomes.rules if holds(outcomes.wins[rule.id])]
        return [] if verdict.rule.id in winners and len(winners) == 1 else [f"{id_}: {verdict.rule.id} != {winners}"]


def test_the_solver_agrees_with_the_reference() -> None:
    """On whether each rule certainly or possibly holds, on who wins, and on nobody; for facts given and facts missing."""
    compared = 0

    @seed(SEED)
    @settings(
        max_examples=max(CASES // INCIDENTS, 1),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(situations())
    def agrees(found: Situations) -> None:
        nonlocal compared
        policy = found.made.policy
        solved = Solved(policy.tree)
        if solved.encoder.opened:  # because of what the solver knows nothing of, it can say nothing
            return
        for facts, as_of in found.incidents:
            try:
                known = policy.read(facts)
            except FactError:
                continue
            if is_in_force(policy.tree, as_of) and all(map(is_value, known.values())):
                compared += 1
                differences = solved.differences(Point(known, as_of))
                assert not differences, f"{differences}\n{facts}\n{as_of}\n{found.made.text}"

    agrees()
    assert compared


#: Policies of which the solver once said something else than the reference reading, with an incident each.
TOLD: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a fact named as the day of the decision": (
        "[facts.today]\ntype = 'integer'\n[facts.born]\ntype = 'date'\n",
        "days_since(born) > 3 and today < 5",
        {"today": 4, "born": "2026-11-01"},
    ),
    "the last evening of the calendar": (
        "[facts.at]\ntype = 'datetime'\n",
        "at >= 2026-11-21T10:00:00Z",
        {"at": "9999-12-31T23:00:00Z"},
    ),
}


@pytest.mark.parametrize("what", TOLD)
def test_the_solver_knows_what_is_the_case(what: str) -> None:
    facts, condition, given_facts = TOLD[what]
    text = f'[policy]\nid = "told"\n{facts}[[rule]]\nid = "one"\nwhen = "{condition}"\nthen.refund = "full"\n'
    policy = Policy.loads(text)
    assert not solved_policy(policy).encoder.opened
    day = dt.date(2026, 11, 21)
    assert by_solver(policy, given_facts, day).verdicts["refund"].outcome == "full"
    for name in given_facts:
        others = {fact: value for fact, value in given_facts.items() if fact != name}
        assert by_solver(policy, others, day) == interpret(policy.tree, policy.read(others), day)


@pytest.mark.parametrize(
    ("outcomes", "expression", "facts"),
    [
        ("number", "1 / paces", {"paces": 0}),
        ("duration", "wait * 90_000_000_000_000_000", {"wait": "1 h"}),
        ("datetime", "seen + 90_000_000h", {"seen": "2026-01-01T00:00:00Z"}),
        ("number", "paces", {}),
    ],
)
def test_an_outcome_without_a_value_wins_nothing(outcomes: str, expression: str, facts: dict[str, object]) -> None:
    text = f"""
[policy]
id = "told"
[facts]
paces = {{ type = "number" }}
wait = {{ type = "duration" }}
seen = {{ type = "datetime" }}
[decisions.size]
outcomes = "{outcomes}"
[[rule]]
id = "one"
then.size = "{expression}"
"""
    policy = Policy.loads(text)
    assert by_solver(policy, facts, dt.date(2026, 11, 21)).verdicts["size"].outcome == "refer"


def test_rules_of_which_one_has_no_outcome_yet_do_not_agree() -> None:
    """Under `any`, a rule whose outcome waits for a fact keeps the others from deciding."""
    text = """
[policy]
id = "told"
[facts.born]
type = "date"
[decisions.call_on]
outcomes = "date"
hit_policy = "any"
[[rule]]
id = "one"
then.call_on = 2026-11-21
[[rule]]
id = "two"
then.call_on = "born"
"""
    policy = Policy.loads(text)
    day = dt.date(2026, 11, 21)
    found = [by_solver(policy, facts, day).verdicts["call_on"].status for facts in ({}, {"born": "2026-11-21"})]
    assert found == ["unsettled", "decided"]
    assert by_solver(policy, {"born": "2026-11-20"}, day).verdicts["call_on"].status == "conflict"


def test_a_solver_gives_up_before_it_has_taken_all_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_MEMORY", 150)
    monkeypatch.setattr(asking, "PATIENCE", 60_000)
    encoder = Encoder(Policy.load("house").tree, frozenset())
    solver, z3 = asking.new_solver(encoder), encoder.z3
    one, other = z3.BitVecs("one other", 900)
    solver.add(one * other == 12345678901234567891, z3.UGT(one, 1), z3.UGT(other, 1))
    assert (str(solver.check()), solver.reason_unknown()) == ("unknown", "max. memory exceeded")
