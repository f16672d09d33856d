"""Verdicts are what DMN's hit policies define; with facts missing they promise nothing that a fact could still change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest
import written_policy
from chooser import Chooser
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings, strategies as st
from random_incidents import make_moment
from random_policies import Made, make_policy
from reduction import Failure, Situation
from strategies import situation
from written_evaluator import World, completions, nodes, partly_known, single_tests
from written_policy import Written

from evenhand import FactError, Judgement, Policy, Verdict
from evenhand.engine.force import is_in_force, ordinal
from evenhand.engine.interpret import interpret
from evenhand.rules.tree import Expression, FactRef, PolicyTree

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
INCIDENTS = 10
#: How many ways to settle what is open are tried for one incident.
TRIED = 24


def cases(*, settled: bool) -> st.SearchStrategy[tuple[Made, list[Situation]]]:
    @st.composite
    def drawn(draw: st.DrawFn) -> tuple[Made, list[Situation]]:
        choose = Chooser.drawing(draw)
        made = make_policy(choose)
        if not settled:
            return made, [situation(choose, made.kinds) for _ in range(INCIDENTS)]
        return made, [
            ({k.name: choose.pick(k.values) for k in made.kinds}, make_moment(choose)) for _ in range(INCIDENTS)
        ]

    return drawn()


# --- every fact given ------------------------------------------------------------------------------------------------


def wrong_when_settled(policy: Policy, incidents: Sequence[Situation]) -> str:
    """Return where a judgement on settled facts is not what brute force makes of them."""
    facts, as_of = incidents[-1]
    known, tree = policy.read(facts), policy.tree
    if not is_in_force(tree, as_of):
        return ""
    partly = partly_known(tree.facts, known, ordinal(as_of))
    if tree.asked & partly.open.keys():
        return ""
    return "\n".join(_unlike(tree, interpret(tree, known, as_of), partly.world))


def _unlike(tree: PolicyTree, judgement: Judgement, world: World) -> Iterator[str]:
    written = written_policy.decide(tree, world)
    broken = [guard for guard, found in written_policy.breaches(tree, written, world) if found is not False]
    found = {breach.guard.id for breach in judgement.breaches}
    if not {guard.id for guard in broken} <= found:
        yield f"broken: {[guard.id for guard in broken]}, found: {found}"
    withheld = {name for breach in judgement.breaches for name in breach.guard.decisions}
    for name, verdict in judgement.verdicts.items():
        expected = written[name]
        if name in withheld:
            if verdict.status != "guard" or (expected.status == "decided" and verdict.possible != (expected.outcome,)):
                yield f"{name}: {_told(verdict)}, though a red line is broken"
        elif not _is(verdict, expected):
            yield f"{name}: {_told(verdict)}, though {expected}"
    made = {name: expected for name, expected in written.items() if name not in withheld}
    if set(judgement.obligations) != written_policy.duties(tree, made, world):
        yield f"duties: {judgement.obligations}, though {written_policy.duties(tree, made, world)}"


def _is(verdict: Verdict, expected: Written) -> bool:
    """Whether a verdict is the one expected: outcome, rules, values."""
    if verdict.status != expected.status or expected.status != "decided":
        return verdict.status == expected.status
    return (
        verdict.canonical == expected.outcome
        and {rule.id for rule in verdict.rules} == set(expected.rules)
        and verdict.canonical_values == expected.values
        and verdict.unsettled == expected.unsettled
    )


def _told(verdict: Verdict) -> str:
    rules = [rule.id for rule in verdict.rules]
    return f"{verdict.status} {verdict.canonical} {rules} {dict(verdict.canonical_values)} possible {verdict.possible}"


# --- facts missing or uncertain --------------------------------------------------------------------------------------


def wrong_when_open(policy: Policy, incidents: Sequence[Situation]) -> str:
    """Return what a judgement says for certain although some value of an open fact makes it otherwise."""
    facts, as_of = incidents[-1]
    tree = policy.tree
    if not is_in_force(tree, as_of):
        return ""
    try:
        known = policy.read(facts)
    except FactError:
        return ""
    judgement = interpret(tree, known, as_of)
    partly = partly_known(tree.facts, known, ordinal(as_of))
    stated = [*(rule.condition for rule in tree.rules), *(guard.condition for guard in tree.guards)]
    tests = [test for condition in stated for test in single_tests(condition)]
    also = {node.name for one in _expressions(tree) for node in nodes(one) if isinstance(node, FactRef)}
    for world in completions(tests, partly, most=TRIED, also=also):
        wrong = "\n".join(_overclaimed(tree, judgement, world, also & partly.open.keys()))
        if wrong:
            return f"{wrong}\nwith {world.values}"
    return ""


def _expressions(tree: PolicyTree) -> Iterator[Expression]:
    yield from (spec.default for spec in tree.decisions.values() if spec.default is not None)
    for rule in tree.rules:
        yield from (*rule.outcomes.values(), *rule.values.values())


def _overclaimed(tree: PolicyTree, judgement: Judgement, world: World, open_: set[str]) -> Iterator[str]:
    written = written_policy.decide(tree, world)
    withheld = {name for breach in judgement.breaches for name in breach.guard.decisions}
    for name, verdict in judgement.verdicts.items():
        if not _admits(verdict, written[name], open_, withheld=name in withheld):
            yield f"{name}: {_told(verdict)}, though it may become {written[name]}"
    for guard, broken in written_policy.breaches(tree, written, world):
        found = [breach for breach in judgement.breaches if breach.guard is guard]
        if (broken and not found) or (broken is False and found and found[0].certain):
            yield f"{guard.id}: {found}, though it may be {broken}"
    made = {name: expected for name, expected in written.items() if name not in withheld}
    due = written_policy.duties(tree, made, world)
    if not set(judgement.obligations) <= due:
        yield f"duties {set(judgement.obligations)} are certain, though they may be {due}"
    if not due <= {*judgement.obligations, *judgement.possible_obligations}:
        yield f"duties {judgement.obligations} and perhaps {judgement.possible_obligations}, though they may be {due}"


def _admits(verdict: Verdict, written: Written, open_: set[str], *, withheld: bool) -> bool:
    """Whether a verdict leaves room for what brute force says once the open facts are settled."""
    if written.status == "undefined":
        return True
    if verdict.status == "decided":
        return (
            (written.status, written.outcome) == ("decided", verdict.canonical)
            and all(written.values.get(name) == value for name, value in verdict.canonical_values.items())
            and written.values.keys() <= {*verdict.canonical_values, *verdict.unsettled}
        )
    if verdict.status in ("no-rule", "conflict"):
        return written.status == verdict.status
    if withheld or verdict.spec.collects or written.status != "decided" or open_:
        return True
    return written.outcome in verdict.possible


# --- the properties --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settled", [True, False], ids=["settled", "open"])
def test_verdicts_are_what_the_hit_policies_define(settled: bool) -> None:
    """With every fact given they are what brute force finds; with facts open they say nothing that a value belies."""
    check = wrong_when_settled if settled else wrong_when_open

    @seed(SEED)
    @settings(
        max_examples=max(CASES // INCIDENTS // 4, 1),
        deadline=None,
        database=None,
        phases=[Phase.generate],  # because a failure is made small here
        verbosity=Verbosity.quiet,  # because it is shown here as well
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(cases(settled=settled))
    def as_defined(case: tuple[Made, list[Situation]]) -> None:
        made, incidents = case
        for incident in incidents:
            if check(made.policy, [incident]):
                pytest.fail(Failure(made.table, (incident,)).report(check))

    as_defined()
