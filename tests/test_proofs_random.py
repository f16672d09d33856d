"""Proofs about random policies hold on random incidents: gaps hold exactly what nobody decides, dead rules never win."""

from __future__ import annotations

import os

import pytest
from boxes import lies_in
from hypothesis import HealthCheck, Phase, given, seed, settings
from strategies import Situations, situations

from evenhand import FactError, Policy
from evenhand.engine.force import is_in_force, ordinal
from evenhand.engine.interpret import interpret
from evenhand.engine.truth import State, form_truth, is_value
from evenhand.rules.given import Knowledge

pytest.importorskip("z3")

from evenhand.engine.proofs import Finding, verify

#: How many policies are verified; each takes the solver a while.
POLICIES = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 500, 1)
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))


class Proved:
    """What was found in a policy, in the form in which incidents can contradict it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.found = verify(policy, budget=20)
        self.gaps = {f.decision: f for f in self.found if f.code == "uncovered-incident"}
        self.settled = not any(f.code == "not-proved" for f in self.found)
        self.never = {f.rules[0] for f in self.found if f.code == "unreachable-rule"}
        self.shadowed = {(f.decision, f.rules[0]) for f in self.found if f.code == "shadowed-rule"}
        self.crossed = {f.rules[0] for f in self.found if f.code == "breakable-guard"}

    def check(self, known: dict[str, Knowledge], as_of: object) -> list[str]:
        tree = self.policy.tree
        state = State.of(tree.facts, known, ordinal(as_of))  # type: ignore[arg-type]
        judgement = interpret(tree, known, as_of)  # type: ignore[arg-type]
        is_complete = all(name in known for name in tree.asked)
        wrong = [f"{rule.id} holds" for rule in tree.rules if rule.id in self.never and form_truth(rule.form, state)]
        for name, verdict in judgement.verdicts.items():
            withheld = verdict.status == "guard" and not verdict.rules and not verdict.possible
            nobody = withheld or verdict.status == "no-rule"
            wrong += self.gap_is_wrong(name, nobody, state, is_complete=is_complete)
            if is_complete and verdict.status == "decided" and verdict.rule is not None:
                wrong += [f"{verdict.rule.id} wins" for key in ("", name) if (key, verdict.rule.id) in self.shadowed]
        if is_complete and self.settled:
            broken = {breach.guard.id for breach in judgement.breaches if breach.certain}
            wrong += [f"{id_} is broken" for id_ in broken - self.crossed]
        return wrong

    def gap_is_wrong(self, decision: str, nobody: bool, state: State, *, is_complete: bool) -> list[str]:
        spec = self.policy.tree.decisions[decision]
        if spec.default is not None or not any(decision in rule.outcomes for rule in self.policy.tree.rules):
            return []
        gap: Finding | None = self.gaps.get(decision)
        inside = gap is not None and any(lies_in(box, state) for box in gap.region)
        if inside and not nobody:
            return [f"{decision} is decided in its gap"]
        complete = gap.is_exact if gap is not None else self.settled
        return [f"{decision} is open outside its gap"] if nobody and not inside and is_complete and complete else []


def test_what_is_proved_holds_of_random_incidents() -> None:
    compared = 0

    @seed(SEED)
    @settings(
        max_examples=POLICIES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(situations())
    def holds(found: Situations) -> None:
        nonlocal compared
        policy = found.made.policy
        proved = Proved(policy)
        for facts, as_of in found.incidents:
            try:
                known = policy.read(facts)
            except FactError:
                continue
            if is_in_force(policy.tree, as_of) and all(map(is_value, known.values())):
                compared += 1
                wrong = proved.check(known, as_of)
                assert not wrong, f"{wrong}\n{facts}\n{as_of}\n{found.made.text}"

    holds()
    assert compared
