"""The normal form says what was written: the same with every fact settled, and no less than Kleene and no more than the truth otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pytest
import tomli_w
from chooser import Chooser
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings, strategies as st
from random_conditions import Outcomes
from random_facts import Kind
from random_incidents import Facts, make_incident, make_moment
from random_policies import BUILT_IN, Ground, loaded
from reduction import Failure, Situation
from written_evaluator import exact, facts_of, holds, kleene, partly_known

from evenhand import AnyOf, Policy
from evenhand.engine.force import ordinal
from evenhand.engine.truth import State, form_truth
from evenhand.rules import tree
from evenhand.rules.given import Currencies, Knowledge, read_given
from evenhand.rules.types import Fact

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
#: Conditions of one policy are tried on so many incidents.
INCIDENTS = 8
SHARDS = 2
#: How many ways to settle the open facts are tried on one condition.
TRIED = 60


@attrs.frozen
class Written:
    """Conditions as written beside their normal forms, over facts of one policy; in red lines outcomes are facts as well."""

    policy: Policy
    table: dict[str, Any]
    kinds: tuple[Kind, ...]

    def __repr__(self) -> str:
        return f"Written:\n{tomli_w.dumps(self.table)}"


def make_written(choose: Chooser) -> Written:
    ground = Ground.make(choose, most=5)
    conditions = ground.conditions()
    terms: dict[str, Any] = {}
    table = {**ground.tables(), "terms": terms}
    for index in range(choose.number(1, 8)):
        terms[f"term_{index}"] = conditions.toml(choose.number(1, 3))
        conditions.terms.append(f"term_{index}")
    decisions = [Outcomes(name, words) for name, words in choose.some(tuple(BUILT_IN.items()), 1, 2)]
    over = attrs.evolve(conditions, decisions=decisions)
    table["guard"] = [
        {"id": f"guard-{index}", "never": f"{over.outcome_test(decisions[0])} and {over.part(2)}"} for index in range(2)
    ]
    return Written(loaded(table), table, ground.kinds)


def make_facts(choose: Chooser, written: Written) -> Facts:
    """Return a random incident, with outcomes as further facts."""
    found = make_incident(choose, written.kinds)
    for name, words in BUILT_IN.items():
        if choose.chance(80):
            found[name] = choose.pick(words) if choose.chance(60) else AnyOf(*choose.some(words, 2, 3))
    return found


def known_of(policy: Policy, facts: Facts) -> dict[str, Knowledge]:
    """Return what is known of facts and outcomes."""
    outcomes = {name: Fact(name, policy.tree.decisions[name].type) for name in BUILT_IN}
    given = {name: value for name, value in facts.items() if name not in outcomes}
    decided = {name: value for name, value in facts.items() if name in outcomes}
    return {**policy.read(given), **read_given(decided, outcomes, Currencies("USD"))}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Written, list[Situation]]:
    choose = Chooser.drawing(draw)
    written = make_written(choose)
    return written, [(make_facts(choose, written), make_moment(choose)) for _ in range(INCIDENTS)]


def problems(policy: Policy, incidents: Sequence[Situation]) -> str:
    """Return each condition of a policy whose normal form says something else than what was written."""
    facts, as_of = incidents[-1]
    outcomes = {name: Fact(name, spec.type) for name, spec in policy.tree.decisions.items()}
    vocabulary, known = {**policy.tree.facts, **outcomes}, known_of(policy, facts)
    stated: list[tree.Term | tree.Guard] = [*policy.tree.terms.values(), *policy.tree.guards]
    found = [(one.text, problem(one.condition, one.form, vocabulary, known, ordinal(as_of))) for one in stated]
    return "\n".join(f"{text}: {wrong}" for text, wrong in found if wrong)


def problem(
    condition: tree.Condition,
    form: tree.NormalForm,
    facts: Mapping[str, Fact],
    known: Mapping[str, Knowledge],
    today: int,
) -> str:
    """Return how the normal form says something else than what was written, empty where it does not."""
    found = form_truth(form, State.of(facts, known, today))
    partly = partly_known(facts, known, today)
    if not facts_of(condition) & partly.open.keys():
        written = holds(condition, partly.world)
        return "" if found is written else f"with every fact settled: written {written}, normal form {found}"
    by_kleene = kleene(condition, partly)
    if by_kleene is not None and found is not by_kleene:
        return f"Kleene says {by_kleene}, the normal form {found}"
    if found is not None and (others := exact(condition, partly, most=TRIED) - {found}):
        return f"the normal form says {found}, but a value makes it {others}"
    return ""


@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_normal_form_lies_between_kleene_and_the_truth(shard: int) -> None:
    """With all facts settled it is what was written; with facts missing or uncertain it lies between the two ends."""

    @seed(SEED + shard)
    @settings(
        max_examples=max(CASES // INCIDENTS // SHARDS // 6, 1),  # a policy has about six conditions
        deadline=None,
        database=None,
        phases=[Phase.generate],  # because a failure is made small here
        verbosity=Verbosity.quiet,  # because it is shown here as well
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(cases())
    def lies_between(case: tuple[Written, list[Situation]]) -> None:
        written, incidents = case
        for incident in incidents:
            if problems(written.policy, [incident]):
                pytest.fail(Failure(written.table, (incident,)).report(problems))

    lies_between()
