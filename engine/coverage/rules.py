"""Which rules and red lines the owner's cases put to work, and which no case has ever reached."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ...rules.tree import Guard, Rule
from ..policy import Policy
from ..trials import Trial, matching_rules, winning_rules


@attrs.frozen
class RuleCoverage:
    """A rule with the tests in which it won something, and those in which it only matched; *is_own* where no pack brought it."""

    rule: Rule
    won_in: tuple[str, ...]
    matched_in: tuple[str, ...]
    is_own: bool


@attrs.frozen
class GuardCoverage:
    """A red line with the tests in which it was broken."""

    guard: Guard
    broken_in: tuple[str, ...]
    is_own: bool


def rules_reached(
    policy: Policy, trials: Iterable[Trial]
) -> tuple[tuple[RuleCoverage, ...], tuple[GuardCoverage, ...]]:
    """Return each rule and each red line of a policy with the trials that reach it."""
    tree = policy.tree
    own = own_document(policy)
    won: dict[str, list[str]] = {rule.id: [] for rule in tree.rules}
    matched: dict[str, list[str]] = {rule.id: [] for rule in tree.rules}
    broken: dict[str, list[str]] = {guard.id: [] for guard in tree.guards}
    for trial in trials:
        name, winners = trial.case.name, winning_rules(trial.decision)
        for id_ in winners:
            won[id_].append(name)
        for rule in matching_rules(trial.decision, tree.rules):
            if rule.id not in winners:
                matched[rule.id].append(name)
        for breach in trial.decision.breaches:
            broken[breach.guard.id].append(name)
    rules = (
        RuleCoverage(rule, tuple(won[rule.id]), tuple(matched[rule.id]), rule.origin.document == own)
        for rule in tree.rules
    )
    guards = (GuardCoverage(guard, tuple(broken[guard.id]), guard.origin.document == own) for guard in tree.guards)
    return tuple(rules), tuple(guards)


def own_document(policy: Policy) -> str:
    """Return the name of the file that is the policy's own, not one that it extends."""
    return next(iter(policy.documents), "")
